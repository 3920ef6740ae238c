"""Stacking of class probabilities: item model, ordinal model and plain rules, by past RPS.

The probabilities of the models are averaged (a linear pool). The ranked probability score of the
average is a quadratic function of the weights, so the best weights, at least 0 and 1 in all, are
unique where the models differ. They belong to a horizon and are pooled over sections; a forecast
is only ever given weights from past forecasts whose month or year had ended at its origin. The
weights that ship come from the sections of the benchmark ``water_classes``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.models.pooled import read_table
from forecast.projection.water_hindcasts import PROBABILITIES, YEAR

__all__ = [
    "STACK",
    "horizon_of",
    "pool_classes",
    "remargined",
    "rps_weights",
    "shipped_weights",
    "stack_weights",
    "stacked_classes",
]

#: Name of the average of models.
STACK = "stack"
#: Share of the score that one unit of |w - centre|² costs where there is one effective case.
PENALTY = 0.5
#: Correlation taken for the misses of two sections in one month.
_SAME_MONTH = 0.25
#: Weights to begin with, before any past forecast, of months and of years; a rule has the last.
_BEGIN = {"items": 0.6, "ordinal": 0.2, "": 0.2 / 3}
_BEGIN_YEAR = {"items": 0.8, "ordinal": 0.15, "": 0.05 / 3}
#: Past forecasts below which the weights to begin with stand.
_FEWEST = 60
#: Months left from which on a year counts as early, as in the middle; else it is late.
_PARTS_OF_YEAR = ((9, "year_early"), (5, "year_middle"), (1, "year_late"))
_LEAST_WEIGHT = 1e-3


def horizon_of(horizon: str, left: int) -> str:
    """Name under which weights of a horizon are kept: months ahead, or the part of the year.

    >>> horizon_of("3", 1), horizon_of("year", 12), horizon_of("year", 2)
    ('3', 'year_early', 'year_late')
    """
    if horizon != YEAR:
        return horizon
    return next(name for least, name in _PARTS_OF_YEAR if left >= least or least == 1)


def rps_weights(
    probabilities: NDArray[np.float64],
    truth: NDArray[np.int64],
    *,
    centre: NDArray[np.float64] | None = None,
    penalty: float = 0.0,
) -> NDArray[np.float64]:
    """Weights of the average of class probabilities with the least mean RPS.

    Args:
        probabilities: shape (model, case, class).
        truth: class that came, 1 …, shape (case,).
        centre: weights that the penalty draws to; default all alike.
        penalty: times |w - centre|², as a share of the RPS at ``centre``.

    Returns:
        Shape (model,), each at least 0, 1 in all.

    >>> sure = np.eye(6)[[1, 2, 3]]
    >>> rps_weights(np.stack([sure, sure[::-1]]), np.array([2, 3, 4])).round(3).tolist()
    [1.0, 0.0]
    """
    from scipy.optimize import minimize

    k = len(probabilities)
    middle = np.full(k, 1.0 / k) if centre is None else np.asarray(centre, dtype=np.float64)
    below = np.cumsum(probabilities, axis=2)[:, :, :-1].reshape(k, -1)
    cuts = np.arange(1, probabilities.shape[2])
    came = (np.asarray(truth)[:, None] <= cuts).astype(np.float64).ravel()
    # Mean RPS = w'Aw with A from the errors of each model, since the weights sum to 1.
    error = below - came
    square = error @ error.T / max(probabilities.shape[1], 1)
    scale = float(middle @ square @ middle)
    if k == 1 or not scale > 0.0:
        return middle

    def aim(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        off = w - middle
        value = float(w @ square @ w) / scale + penalty * float(off @ off)
        return value, 2.0 * (square @ w) / scale + 2.0 * penalty * off

    found = minimize(
        aim, middle, jac=True, method="SLSQP", bounds=[(0.0, 1.0)] * k,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1.0, "jac": np.ones_like},
        options={"maxiter": 200, "ftol": 1e-12},
    )  # fmt: skip
    w = np.where(found.x > _LEAST_WEIGHT, found.x, 0.0)
    if not np.isfinite(w).all() or not w.sum() > 0.0:
        return middle
    w = w / w.sum()
    return np.asarray(w if aim(w)[0] <= aim(middle)[0] else middle)


def stack_weights(
    rows: pd.DataFrame,
    models: Sequence[str],
    *,
    until: np.datetime64 | None = None,
    penalty: float = PENALTY,
) -> pd.DataFrame:
    """Weights by horizon from past forecasts.

    Args:
        rows: of :func:`forecast.projection.water_hindcasts.water_hindcasts`, all of ``models``.
        models: names; cases that one of them lacks are left out.
        until: month (datetime64[M]); a target that had not ended with it is not used. Default all.
        penalty: what moving away from the weights to begin with costs, see :data:`PENALTY`.

    Returns:
        ``horizon, model, weight, n`` with the names of :func:`horizon_of`.
    """
    table = _wide(rows, models)
    if until is not None:
        table = table[table["ends"].to_numpy() <= until.astype("datetime64[M]").astype(np.int64)]
    out = []
    for name in dict.fromkeys(_horizon_names(rows)):
        own = table[table["kept"] == name]
        weights = _weights_of(own, models, _begin(models, name), penalty)
        out += [
            {"horizon": name, "model": m, "weight": float(w), "n": len(own)}
            for m, w in zip(models, weights, strict=True)
        ]
    return pd.DataFrame(out, columns=["horizon", "model", "weight", "n"])


def stacked_classes(
    rows: pd.DataFrame, models: Sequence[str], *, name: str = STACK, penalty: float = PENALTY
) -> pd.DataFrame:
    """Average past forecasts with the weights that were known at each origin.

    Arguments as for :func:`stack_weights`.

    Returns:
        One row a case with the columns of ``rows`` and ``w_<model>``, ``n_training``.
    """
    table = _wide(rows, models)
    stated = _stated(table, models)
    weights = np.zeros((len(models), len(table)))
    count = np.zeros(len(table), dtype=np.int64)
    origin = table["origin"].to_numpy().astype("datetime64[M]").astype(np.int64)
    ends, kept = table["ends"].to_numpy(), table["kept"].to_numpy()
    for at in np.unique(origin):
        for horizon in np.unique(kept[origin == at]):
            past = (ends <= at) & (kept == horizon)
            now = (origin == at) & (kept == horizon)
            begin = _begin(models, str(horizon))
            weights[:, now] = _weights_of(table[past], models, begin, penalty)[:, None]
            count[now] = int(past.sum())
    pooled = (weights[:, :, None] * stated).sum(axis=0)
    out = table[["place", "origin", "horizon", "target", "left", "truth"]].copy()
    out.insert(0, "model", name)
    out[list(PROBABILITIES)] = pooled
    for m, w in zip(models, weights, strict=True):
        out[f"w_{m}"] = w
    out["n_training"] = count
    return out.reset_index(drop=True)


def _begin(models: Sequence[str], horizon: str) -> NDArray[np.float64]:
    """Weights before any past forecast."""
    table = _BEGIN_YEAR if horizon.startswith(YEAR) else _BEGIN
    named = np.array([table.get(m, table[""]) for m in models])
    return np.asarray(named / named.sum())


def _horizon_names(rows: pd.DataFrame) -> list[str]:
    pairs = rows[["horizon", "left"]].drop_duplicates()
    return [horizon_of(str(h), int(n)) for h, n in pairs.itertuples(index=False)]


def _wide(rows: pd.DataFrame, models: Sequence[str]) -> pd.DataFrame:
    """One row a case that all models have: its head, and p<k>|<model> of each."""
    keys = ["place", "origin", "horizon"]
    wide: pd.DataFrame | None = None
    for model in models:
        own = rows[rows["model"] == model]
        part = own[[*keys, *PROBABILITIES]].rename(
            columns={c: f"{c}|{model}" for c in PROBABILITIES}
        )
        head = own[[*keys, "target", "left", "truth"]]
        wide = head.merge(part, on=keys) if wide is None else wide.merge(part, on=keys)
    if wide is None:
        raise ValueError("no model is named; at least one is expected")
    target = wide["target"].astype(str)
    of_year = target.str.len() == 4
    months = target.where(~of_year, target + "-12").to_numpy().astype("datetime64[M]")
    kept = [horizon_of(str(h), int(n)) for h, n in zip(wide["horizon"], wide["left"], strict=True)]
    return wide.assign(ends=months.astype(np.int64), kept=kept)


def _stated(table: pd.DataFrame, models: Sequence[str]) -> NDArray[np.float64]:
    return np.stack(
        [table[[f"{c}|{m}" for c in PROBABILITIES]].to_numpy(np.float64) for m in models]
    )


def _weights_of(
    table: pd.DataFrame, models: Sequence[str], begin: NDArray[np.float64], penalty: float
) -> NDArray[np.float64]:
    if len(table) < _FEWEST:
        return begin
    # n sections of one month are worth n / (1 + (n - 1) r) cases (Kish 1965, design effect);
    # forecasts of one section and target from several origins are one case.
    cases = table[["place", "target"]].drop_duplicates().groupby("target").size().to_numpy(float)
    effective = float((cases / (1.0 + (cases - 1.0) * _SAME_MONTH)).sum())
    return rps_weights(
        _stated(table, models), table["truth"].to_numpy(np.int64), centre=begin,
        penalty=penalty / effective,
    )  # fmt: skip


@cache
def shipped_weights() -> dict[str, dict[str, dict[str, float]]]:
    """Weights of the package: what is published → horizon → model → weight.

    The first key is ``items`` (item values are there) or ``classes`` (classes only); models are
    ``items``, ``ordinal`` and the references of :mod:`forecast.models.class_references`.
    """
    found: dict[str, dict[str, dict[str, float]]] = {}
    for row in read_table("water_stacking"):
        own = found.setdefault(row["published"], {}).setdefault(row["horizon"], {})
        own[row["model"]] = float(row["weight"])
    return found


def pool_classes(
    stated: Mapping[str, NDArray[np.float64]],
    *,
    lead: int | None = None,
    left: int | None = None,
    weights: Mapping[str, Mapping[str, float]] | None = None,
) -> NDArray[np.float64]:
    """Average class probabilities of several models for one month or one year ahead.

    Args:
        stated: model → P(class = k), (…, class), all of one shape; NaN where a model says nothing,
            there the others' weights stand for it.
        lead: months ahead, for a month; weights are linear in the lead between those estimated.
        left: months of the year not yet over, for a year. One of ``lead`` and ``left`` is given.
        weights: horizon → model → weight; default the shipped ones, ``items`` where that model is
            among ``stated``, else ``classes``.

    Raises:
        ValueError: both or none of ``lead`` and ``left``, or no weight for any of the models.
    """
    if (lead is None) == (left is None):
        raise ValueError("either lead (of a month) or left (of a year) is expected, not both")
    chosen = weights or shipped_weights()["items" if "items" in stated else "classes"]
    if left is not None:
        own = dict(chosen[horizon_of(YEAR, left)])
    else:
        assert lead is not None
        leads = sorted(int(h) for h in chosen if h.isdigit())
        names = {m for h in leads for m in chosen[str(h)]}
        own = {
            m: float(np.interp(lead, leads, [chosen[str(h)].get(m, 0.0) for h in leads]))
            for m in sorted(names)
        }
    models = [m for m in stated if own.get(m, 0.0) > 0.0]
    if not models:
        raise ValueError(f"no weight for any of {sorted(stated)}; weights are for {sorted(own)}")
    table = np.stack([np.asarray(stated[m], dtype=np.float64) for m in models])
    w = np.array([own[m] for m in models]).reshape(-1, *([1] * (table.ndim - 1)))
    there = np.isfinite(table).all(axis=-1, keepdims=True)
    total = (w * there).sum(axis=0)
    pooled = np.where(there, w * table, 0.0).sum(axis=0)
    return np.asarray(np.divide(pooled, total, out=np.full(pooled.shape, np.nan), where=total > 0))


def remargined(
    classes: NDArray[np.int8],
    probabilities: NDArray[np.float64],
    rng: np.random.Generator,
    *,
    order: NDArray[np.float64] | None = None,
) -> NDArray[np.int8]:
    """Joint paths of classes with new probabilities of each section, ranks kept.

    A share of sections needs joint paths, and stacked probabilities have none. Each section's
    paths keep their rank from the best to the worst and are given classes by the new
    probabilities (ensemble copula coupling; Schefzik, Thorarinsdottir and Gneiting 2013, doi
    10.1214/13-STS443).

    Args:
        classes: int8 (path, place), 1 to 6; 0 (none) stays 0 and the section is left as it is.
        probabilities: (place, class), sums 1; NaN leaves a section as it is.
        rng: breaks ties between paths of one class.
        order: (path, place), breaks ties instead, larger is worse: the value that decides.
    """
    n = len(classes)
    out = classes.copy()
    place = (np.arange(n) + 0.5) / max(n, 1)
    ties = rng.random(classes.shape)
    for p in range(classes.shape[1]):
        own = probabilities[p]
        if not np.isfinite(own).all() or (classes[:, p] == 0).any():
            continue
        within = ties[:, p] if order is None else order[:, p]
        rank = np.lexsort((ties[:, p], within, classes[:, p]))
        bounds = np.cumsum(own)[:-1]
        out[rank, p] = 1 + (place[:, None] > bounds).sum(axis=1)
    return out
