"""What targets over several years need of earlier years: attainment of class II, and the basis."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from forecast.projection.result import IndicatorResult
from forecast.standards.items import AIR_ITEMS
from forecast.standards.limits import PERCENTILES, item_attains

__all__ = ["class_ii_history", "year_bases"]


def class_ii_history(results: Sequence[IndicatorResult], standard: str) -> dict[int, float]:
    """How many of the six items were over class II in each earlier year.

    Args:
        results: the indicators of one city with their ``history`` of judged values.
        standard: token of the standard whose limits count.

    Returns:
        Year → number of items, for years in which all ten means and percentiles are known.
    """
    past = {r.indicator: r.history for r in results}
    needed = {
        item: tuple(
            name
            for name in (f"{item}_annual_mean", f"{item}_p{PERCENTILES[item]}")
            if item not in ("co", "o3_8h") or not name.endswith("_mean")
        )
        for item in AIR_ITEMS
    }
    tables = [past.get(name, {}) for names in needed.values() for name in names]
    years = sorted(set.intersection(*(set(t) for t in tables)))
    return {
        year: float(
            sum(
                not bool(item_attains(item, past[names[0]][year], past[names[-1]][year], standard))
                for item, names in needed.items()
            )
        )
        for year in years
    }


def year_bases(readings: pd.DataFrame) -> dict[int, str]:
    """The measurement basis of each year of one place; ``mixed`` where a year has two.

    Args:
        readings: columns ``date`` and ``basis`` (``standard_state`` or ``actual``).
    """
    found = readings.loc[readings["basis"].isin(["standard_state", "actual"]), ["date", "basis"]]
    by_year = found.groupby(found["date"].dt.year)["basis"].unique()
    return {int(str(y)): str(b[0]) if len(b) == 1 else "mixed" for y, b in by_year.items()}
