"""Scores of past forecasts of water classes and items, by horizon, beside the plain rules.

The score of a class is the ranked probability score over the ordered classes I to worse than V;
the Brier score and the reliability are those of class III or better, the cut that targets use.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from forecast.projection.water_hindcasts import PROBABILITIES
from forecast.verification.reliability import Corp, corp
from forecast.verification.scores import brier, coverage, paired_difference

__all__ = [
    "CUT",
    "class_differences",
    "class_reliability",
    "class_score_table",
    "item_coverage",
    "rps",
    "same_cases",
    "scored_classes",
]

#: Class III: the worst one that is good.
CUT = 3

_CASE = ["place", "origin", "horizon"]
_BANDS = {50: ("q25", "q75"), 80: ("q10", "q90"), 90: ("q05", "q95")}


def rps(probabilities: ArrayLike, truth: ArrayLike) -> NDArray[np.float64]:
    """Ranked probability score: sum over the cuts of (P(class ≤ k) - 1{truth ≤ k})².

    Epstein 1969, without the division by the number of cuts: a class stated with certainty and
    missed by n classes costs n.

    Args:
        probabilities: shape (…, class).
        truth: the class that came, 1 to the number of classes, shape (…).

    >>> rps([0.0, 0.5, 0.5, 0.0, 0.0, 0.0], 2).item()
    0.25
    >>> rps([1.0, 0.0, 0.0], 3).item()
    2.0
    """
    stated = np.cumsum(np.asarray(probabilities, dtype=np.float64), axis=-1)[..., :-1]
    came = np.asarray(truth)[..., None] <= np.arange(1, stated.shape[-1] + 1)
    return np.asarray(((stated - came) ** 2).sum(axis=-1))


def same_cases(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the cases (section, origin, horizon) that every model of the table has."""
    models = rows["model"].nunique()
    shared = rows.groupby(_CASE)["model"].transform("nunique") == models
    return rows[shared].reset_index(drop=True)


def scored_classes(rows: pd.DataFrame) -> pd.DataFrame:
    """Add ``rps``, ``p_good`` (class III or better), ``good``, ``brier`` and ``year`` to rows.

    Args:
        rows: of :func:`forecast.projection.water_hindcasts.water_hindcasts`.
    """
    stated = rows[list(PROBABILITIES)].to_numpy(np.float64)
    truth = rows["truth"].to_numpy(np.int64)
    p_good = stated[:, :CUT].sum(axis=1)
    good = (truth <= CUT).astype(np.float64)
    return rows.assign(
        rps=rps(stated, truth), p_good=p_good, good=good, brier=brier(p_good, good),
        year=rows["target"].str.slice(0, 4).astype(int),
    )  # fmt: skip


def class_score_table(scored: pd.DataFrame) -> pd.DataFrame:
    """Means by horizon and model.

    Returns:
        ``horizon, model, n, sections, rps, brier, mcb, dsc, unc, right`` (the likeliest class
        came); horizons as they first occur in months, the year last.
    """
    out = []
    for (horizon, model), group in scored.groupby(["horizon", "model"], sort=False):
        parts = corp(group["p_good"], group["good"])
        likely = group[list(PROBABILITIES)].to_numpy(np.float64).argmax(axis=1) + 1
        out.append(
            {
                "horizon": horizon, "model": model, "n": len(group),
                "sections": group["place"].nunique(), "rps": group["rps"].mean(),
                "brier": group["brier"].mean(), "mcb": parts.mcb, "dsc": parts.dsc,
                "unc": parts.unc, "right": float((likely == group["truth"]).mean()),
            }
        )  # fmt: skip
    table = pd.DataFrame(out)
    return _in_order(table, "rps")


def _in_order(table: pd.DataFrame, then: str) -> pd.DataFrame:
    months = pd.to_numeric(table["horizon"], errors="coerce").fillna(np.inf)
    ordered = table.assign(_months=months).sort_values(["_months", then], kind="stable")
    return ordered.drop(columns="_months").reset_index(drop=True)


def class_differences(
    scored: pd.DataFrame,
    ours: str,
    others: Sequence[str],
    rng: np.random.Generator,
    *,
    score: str = "rps",
    n: int = 1000,
    level: float = 0.9,
) -> pd.DataFrame:
    """Scores of ``ours`` less those of ``others`` by horizon, same cases, intervals from blocks.

    Blocks are sections and years of the target, crossed, never narrower than the t interval of
    the years; see :func:`forecast.verification.scores.paired_difference`.

    Returns:
        ``horizon, other, n, n_years, ours, theirs, difference, low, high, skill`` with ``skill``
        the part of the other's score that is saved.
    """
    out = []
    for horizon, group in scored.groupby("horizon", sort=False):
        wide = group.pivot_table(index=[*_CASE, "year"], columns="model", values=score)
        for other in others:
            if ours not in wide or other not in wide:
                continue
            both = wide[[ours, other]].dropna()
            years = both.index.get_level_values("year").to_numpy()
            places = both.index.get_level_values("place").to_numpy()
            found = paired_difference(both[ours], both[other], years, places, rng, n=n, level=level)
            mine, theirs = float(both[ours].mean()), float(both[other].mean())
            out.append(
                {
                    "horizon": horizon, "other": other, "n": len(both),
                    "n_years": len(np.unique(years)), "ours": mine, "theirs": theirs,
                    "difference": found.mean, "low": found.low, "high": found.high,
                    "skill": 1.0 - mine / theirs if theirs > 0.0 else float("nan"),
                }
            )  # fmt: skip
    return _in_order(pd.DataFrame(out), "other")


def class_reliability(
    scored: pd.DataFrame, model: str, rng: np.random.Generator | None = None
) -> dict[str, Corp]:
    """CORP reliability of P(class III or better) of one model, by horizon."""
    own = scored[scored["model"] == model]
    return {
        str(horizon): corp(group["p_good"], group["good"], rng)
        for horizon, group in own.groupby("horizon", sort=False)
    }


def item_coverage(items: pd.DataFrame, *, by: Sequence[str] = ("horizon",)) -> pd.DataFrame:
    """Shares of truths inside the central 50, 80 and 90 % intervals of items.

    Args:
        items: rows of :func:`forecast.projection.water_hindcasts.water_hindcasts`.
        by: columns of the table beside ``model`` and ``item``.

    Returns:
        ``model, item, …, n, cover50, cover80, cover90, crps``; shares 0 to 1.
    """
    table = items.assign(
        **{
            f"cover{band}": coverage(items[low], items[high], items["truth"])
            for band, (low, high) in _BANDS.items()
        }
    )
    keys = ["model", "item", *by]
    grouped = table.groupby(keys, sort=False)
    out = grouped[[f"cover{band}" for band in _BANDS] + ["crps"]].mean()
    out.insert(0, "n", grouped.size())
    found = out.reset_index()
    if "horizon" not in found:
        return found.sort_values(keys, kind="stable", ignore_index=True)
    return _in_order(found.sort_values(keys, kind="stable"), "item")
