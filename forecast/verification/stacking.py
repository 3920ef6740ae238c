"""Stacking: one forecast from those of several models, with weights from years that were over.

The quantiles of the models are averaged level by level (Vincentization; Ratcliff 1979, doi
10.1037/0033-2909.86.3.446; Lichtendahl, Grushka-Cockayne and Winkler 2013, doi
10.1287/mnsc.1120.1667): the average is as sharp as its parts, where a mixture of distributions is
wider than any. The weights, at least 0 and 1 in all, minimise the mean quantile loss of the
average, which is convex in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.projection.hindcast_rows import LEVELS, QUANTILE_COLUMNS, THRESHOLDS
from forecast.verification.recalibration import FEWEST
from forecast.verification.scores import (
    brier,
    coverage,
    crps_quantiles,
    effective_cases,
    is_surely_below,
    paired_difference,
    pit,
)
from forecast.verification.tables import BANDS, event_rows, same_rows, with_columns

__all__ = ["PENALTY", "STACKED", "stacked", "stacking_effect", "stacking_weights"]

#: Name of the model that the average of models goes by.
STACKED = "stacked"

#: Share of the CRPS that one unit of |w - centre|² costs where there is one effective case. With
#: four cases, a year of many places, one of two models has to be better by some 6 % to get all.
PENALTY = 0.5

_LEAST_WEIGHT = 1e-4

_CASE = ["region", "place", "origin", "indicator"]
_EFFECT: tuple[str, ...] = (
    "indicator", "start_month", "other", "weight", "n", "n_years", "crps", "crps_other",
    "difference", "low", "high", "cover50", "cover90", "brier", "brier_other", "kept",
)  # fmt: skip


def stacking_weights(
    quantiles: NDArray[np.float64],
    truth: NDArray[np.float64],
    *,
    levels: NDArray[np.float64] = LEVELS,
    centre: NDArray[np.float64] | None = None,
    penalty: float = 0.0,
) -> NDArray[np.float64]:
    """Weights of the quantile average with the least CRPS.

    Args:
        quantiles: shape (model, case, level).
        truth: what came, shape (case,).
        levels: shape (level,).
        centre: weights that the penalty draws to; default all alike.
        penalty: times |w - centre|², as a share of the CRPS at ``centre``.

    Returns:
        Shape (model,), each at least 0, 1 in all.

    >>> import numpy as np
    >>> good, bad = np.full((20, 1), 5.0), np.full((20, 1), 9.0)
    >>> found = stacking_weights(np.stack([good, bad]), np.full(20, 5.0), levels=np.array([0.5]))
    >>> found.round(6).tolist()
    [1.0, 0.0]
    """
    from scipy.optimize import minimize

    k = len(quantiles)
    middle = np.full(k, 1.0 / k) if centre is None else np.asarray(centre, dtype=np.float64)

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        gap = truth[:, None] - np.tensordot(w, quantiles, 1)
        side = levels - (gap < 0.0)
        slope = -2.0 * np.tensordot(quantiles, side, 2) / gap.size
        return 2.0 * float((gap * side).mean()), slope

    scale = loss(middle)[0]
    if k == 1 or not scale > 0.0:
        return middle

    def aim(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        value, slope = loss(w)
        off = w - middle
        return value / scale + penalty * float(off @ off), slope / scale + 2.0 * penalty * off

    # The loss has corners, so a search may stop early: it starts from the middle and from each
    # model alone, and the best of all that was found is taken.
    found = [middle, *np.eye(k)]
    best = sorted(found, key=lambda w: aim(w)[0])[:2]
    for start in [middle, *best]:
        done = minimize(
            aim, start, jac=True, method="SLSQP", bounds=[(0.0, 1.0)] * k,
            constraints={"type": "eq", "fun": lambda w: w.sum() - 1.0, "jac": np.ones_like},
            options={"maxiter": 100, "ftol": 1e-9},
        )  # fmt: skip
        # A weight of rounding errors is none: a model with one has a say in what is certain.
        w = np.where(done.x > _LEAST_WEIGHT, done.x, 0.0)
        if np.isfinite(w).all() and w.sum() > 0.0:
            found.append(w / w.sum())
    return np.asarray(min(found, key=lambda w: aim(w)[0]))


@dataclass(frozen=True)
class _Cases:
    """One indicator's forecasts by several models, the same cases in the same order for each."""

    models: tuple[str, ...]
    rows: tuple[pd.DataFrame, ...]
    quantiles: NDArray[np.float64]  # (model, case, level)

    @classmethod
    def of(cls, rows: pd.DataFrame, models: tuple[str, ...]) -> _Cases:
        tables = tuple(rows[rows["model"] == m].sort_values(_CASE, kind="stable") for m in models)
        values = [t[list(QUANTILE_COLUMNS)].to_numpy(np.float64) for t in tables]
        return cls(models, tables, np.stack(values))

    def column(self, name: str) -> NDArray[np.float64]:
        return np.stack([t[name].to_numpy(np.float64) for t in self.rows])

    def weights(
        self, chosen: NDArray[np.bool_], centre: NDArray[np.float64], penalty: float
    ) -> NDArray[np.float64]:
        """Weights from the cases ``chosen``, drawn to ``centre``."""
        if not chosen.any():
            return centre
        first = self.rows[0][chosen]
        site = first["region"].astype(str) + "\x1f" + first["place"].astype(str)
        cost = penalty / effective_cases(first["year"], site)
        some = slice(1, None, 4)  # levels 0.02, 0.06 … 0.98 weigh the models as all 99 do
        return stacking_weights(
            self.quantiles[:, chosen][:, :, some], first["truth"].to_numpy(np.float64),
            levels=LEVELS[some], centre=centre, penalty=cost,
        )  # fmt: skip


def stacked(
    rows: pd.DataFrame,
    models: Sequence[str],
    *,
    name: str = STACKED,
    fewest: int = FEWEST,
    penalty: float = PENALTY,
    training: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Average the models' past forecasts with weights from the years that were over before.

    Weights belong to an indicator and a start month: those of all months together are drawn to
    equal ones, a month's own to those of all months. A forecast of the year Y is made when the
    years before Y are over; nothing of its own year or a later one is used, of whatever place.

    Args:
        rows: past forecasts of all of ``models``; cases that one of them lacks are left out.
        models: names; a model without any forecast of an indicator has no part in it.
        name: ``model`` of the rows returned.
        fewest: past cases below which all models weigh alike.
        penalty: what moving away from equal weights costs, see :data:`PENALTY`.
        training: rows to learn from instead of ``rows``, such as those of other places.

    Returns:
        One row a case with the columns of ``rows``: averaged quantiles, mean and sd, ``crps`` from
        the quantiles, ``pit`` from them with ties halved; probabilities averaged as normal scores
        (exact for normal laws of one width), 0 or 1 only where every model with a weight says so.
        Further ``n_training`` (0: equal weights) and ``w_<model>``. Empty where no indicator has
        two of the models.

    Raises:
        ValueError: ``penalty`` below 0 or ``fewest`` below 1.
    """
    if not penalty >= 0.0 or fewest < 1:
        raise ValueError(f"penalty {penalty} has to be 0 or more and fewest {fewest} at least 1")
    chosen = [m for m in dict.fromkeys(models) if m in set(rows["model"])]
    shared = same_rows(rows[rows["model"].isin(chosen)])
    source = shared if training is None else same_rows(training[training["model"].isin(chosen)])
    parts = []
    for indicator, group in shared.groupby("indicator", sort=True):
        own = tuple(m for m in chosen if m in set(group["model"]))
        taught = source[source["indicator"] == indicator]
        if len(own) < 2 or not set(own) <= set(taught["model"]):
            continue
        cases, past = _Cases.of(group, own), _Cases.of(taught[taught["model"].isin(own)], own)
        parts.append(_average(cases, *_weights(cases, past, fewest, penalty), name))
    extra = ["n_training", *(f"w_{m}" for m in chosen)]
    if not parts:
        return pd.DataFrame(columns=[*rows.columns, *extra])
    table = pd.concat(parts, ignore_index=True)
    return table.reindex(columns=[*rows.columns, *(c for c in extra if c not in rows.columns)])


def _weights(
    cases: _Cases, past: _Cases, fewest: int, penalty: float
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Weights (model, case) of ``cases`` and the number of past cases behind each."""
    k, n = cases.quantiles.shape[:2]
    weights, count = np.full((k, n), 1.0 / k), np.zeros(n, dtype=np.int64)
    years, months = (cases.rows[0][c].to_numpy() for c in ("year", "start_month"))
    old_years, old_months = (past.rows[0][c].to_numpy() for c in ("year", "start_month"))
    good = np.isfinite(past.quantiles).all(axis=(0, 2))
    good &= np.isfinite(past.rows[0]["truth"].to_numpy(np.float64))
    for year in np.unique(years):
        over = good & (old_years < year)
        if over.sum() < fewest:
            continue
        whole = past.weights(over, np.full(k, 1.0 / k), penalty)
        for month in np.unique(months[years == year]):
            at = (years == year) & (months == month)
            weights[:, at] = past.weights(over & (old_months == month), whole, penalty)[:, None]
            count[at] = over.sum()
    return weights, count


def _average(
    cases: _Cases, weights: NDArray[np.float64], count: NDArray[np.int64], name: str
) -> pd.DataFrame:
    quantiles = (weights[:, :, None] * cases.quantiles).sum(axis=0)
    base = cases.rows[0]
    truth = base["truth"].to_numpy(np.float64)
    columns: dict[str, Any] = dict(zip(QUANTILE_COLUMNS, quantiles.T, strict=True))
    for column in ("mean", "sd"):
        columns[column] = (weights * cases.column(column)).sum(axis=0)
    paths = cases.column("n_paths")
    for label in THRESHOLDS:
        columns[f"p_{label}"] = _probability(cases.column(f"p_{label}"), weights, paths)
    columns |= {f"w_{m}": w for m, w in zip(cases.models, weights, strict=True)}
    columns |= {
        "model": np.full(len(base), name, dtype=object),
        "crps": crps_quantiles(quantiles, LEVELS, truth), "pit": pit(quantiles, truth, 0.5),
        "n_paths": paths.min(axis=0), "seconds": cases.column("seconds").sum(axis=0),
        "n_training": count,
    }  # fmt: skip
    return with_columns(base, columns)


def _probability(
    stated: NDArray[np.float64], weights: NDArray[np.float64], paths: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Average (model, case) by normal scores; a share of 0 in N paths counts as 1/(2N)."""
    from scipy.special import ndtr, ndtri

    edge = 0.5 / np.where(paths > 0, paths, 1000.0)
    score = (weights * ndtri(np.clip(stated, edge, 1.0 - edge))).sum(axis=0)
    heard = np.where(weights > 0.0, stated, np.nan)
    out = np.asarray(ndtr(score), dtype=np.float64)
    for sure in (0.0, 1.0):
        out[((heard == sure) | ~(weights > 0.0)).all(axis=0)] = sure
    return out


def stacking_effect(
    rows: pd.DataFrame,
    models: Sequence[str],
    *,
    rng: np.random.Generator,
    fewest: int = FEWEST,
    penalty: float = PENALTY,
    training: pd.DataFrame | None = None,
    n_boot: int = 1000,
    level: float = 0.9,
    crossed: bool = True,
) -> pd.DataFrame:
    """Score the stack out of sample against each of its models, where it had a past to learn from.

    Args:
        rows, models, fewest, penalty, training: as for :func:`stacked`.
        rng, n_boot, level, crossed: of the interval, see ``paired_difference``.

    Returns:
        One row an indicator, start month (missing: all) and other model: its mean ``weight``;
        ``crps`` of the stack and ``crps_other``, both from the 99 quantiles; their mean
        ``difference`` (below 0: the stack is better) with its interval; coverage of the stack's
        50 and 90 % intervals; Brier scores. ``kept``: over all months the stack's CRPS is surely
        lower (interval below 0, five years or more) than that of every one of its models; the
        rows of a month say the same.
    """
    made = stacked(
        rows, models, name=STACKED, fewest=fewest, penalty=penalty, training=training
    )  # fmt: skip
    made = made[made["n_training"] > 0]
    boot: dict[str, Any] = {"n": n_boot, "level": level, "crossed": crossed}
    out: list[dict[str, Any]] = []
    for indicator, ours in made.groupby("indicator", sort=True):
        own = [
            m for m in dict.fromkeys(models) if f"w_{m}" in ours and ours[f"w_{m}"].notna().all()
        ]
        keys = pd.MultiIndex.from_frame(ours[_CASE])
        theirs = {
            m: rows[(rows["model"] == m) & (rows["indicator"] == indicator)]
            .set_index(_CASE, drop=False).reindex(keys).reset_index(drop=True)
            for m in own
        }  # fmt: skip
        ours = ours.reset_index(drop=True)
        everywhere = np.ones(len(ours), dtype=bool)
        whole = [_against(ours, theirs[m], m, everywhere, rng, boot) for m in own]
        kept = all(better for _, better in whole)
        key = {"indicator": indicator, "kept": kept}
        out += [{**key, "start_month": pd.NA, **row} for row, _ in whole]
        months = ours["start_month"].to_numpy()
        for month in np.unique(months):
            out += [
                {**key, "start_month": month}
                | _against(ours, theirs[m], m, months == month, rng, boot)[0]
                for m in own
            ]
    return pd.DataFrame(out, columns=list(_EFFECT)).astype({"start_month": "Int64"})


def _against(
    ours: pd.DataFrame,
    theirs: pd.DataFrame,
    model: str,
    chosen: NDArray[np.bool_],
    rng: np.random.Generator,
    boot: dict[str, Any],
) -> tuple[dict[str, Any], bool]:
    """The stack beside one of its models on the rows ``chosen``, and whether it is surely better."""
    mine, other = ours[chosen], theirs[chosen]
    truth = mine["truth"].to_numpy(np.float64)
    error = crps_quantiles(other[list(QUANTILE_COLUMNS)].to_numpy(np.float64), LEVELS, truth)
    found = paired_difference(mine["crps"], error, mine["year"], mine["region"], rng, **boot)
    years = int(mine["year"].nunique())
    out: dict[str, Any] = {
        "other": model, "weight": mine[f"w_{model}"].mean(), "n": len(mine), "n_years": years,
        "crps": mine["crps"].mean(), "crps_other": error.mean(), "difference": found.mean,
        "low": found.low, "high": found.high,
        **{
            f"cover{band}": coverage(mine[BANDS[band][0]], mine[BANDS[band][1]], truth).mean()
            for band in (50, 90)
        },
    }  # fmt: skip
    for name, table in (("brier", mine), ("brier_other", other)):
        events = event_rows(table)
        scores = brier(events["probability"], events["event"])
        out[name] = float(scores.mean()) if len(scores) else float("nan")
    return out, is_surely_below(found, years)
