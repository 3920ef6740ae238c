"""Days of a year as arrays, and which versions of the rules they are judged by."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.projection.settings import Settings
from forecast.standards.items import AIR_ITEMS
from forecast.standards.versions import aqi_standard_on, limits_standard_on, resolve

__all__ = [
    "BY_AQI",
    "calendar_days",
    "dust_matrix",
    "matrix",
    "other_versions",
    "standard_label",
    "wide",
]

#: Indicators that count days by their AQI; the others are concentrations.
BY_AQI = frozenset({"good_day_ratio", "good_days", "heavy_days"})


def wide(readings: pd.DataFrame) -> pd.DataFrame:
    """Return readings of one place as days × items, NaN where there is none.

    Args:
        readings: columns ``date``, ``item``, ``value``; one value a day and item.
    """
    # Direct indexing: a pivot table takes ten times as long, and this is done for every city.
    known = readings["value"].notna().to_numpy(bool)
    column = pd.Index(AIR_ITEMS).get_indexer(pd.Index(readings["item"]))
    known = known & (column >= 0)
    dates = readings["date"].to_numpy()[known]
    days, row = np.unique(dates, return_inverse=True)
    table = np.full((len(days), len(AIR_ITEMS)), np.nan)
    # Of two values of a day and item the first stays.
    cell, first = np.unique(row * len(AIR_ITEMS) + column[known], return_index=True)
    table.flat[cell] = readings["value"].to_numpy(np.float64)[known][first]
    columns = pd.Index(list(AIR_ITEMS), name="item")
    return pd.DataFrame(table, index=pd.DatetimeIndex(days, name="date"), columns=columns)


def calendar_days(first: date, last: date) -> NDArray[np.datetime64]:
    return np.arange(np.datetime64(first), np.datetime64(last) + 1, dtype="datetime64[D]")


def matrix(history: pd.DataFrame, days: NDArray[np.datetime64]) -> NDArray[np.float64]:
    return history.reindex(pd.DatetimeIndex(days)).to_numpy(dtype=np.float64)


def dust_matrix(dust: pd.DataFrame | None, days: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    """Which values of ``days`` are taken out of the means as dust, bool (day, item).

    Args:
        dust: columns ``date`` and ``item`` of one city; None or empty where no day is known.
    """
    out = np.zeros((len(days), len(AIR_ITEMS)), dtype=np.bool_)
    if dust is None or dust.empty:
        return out
    dates = dust["date"].to_numpy("datetime64[D]")
    for column, item in enumerate(AIR_ITEMS):
        out[:, column] = np.isin(days, dates[(dust["item"] == item).to_numpy(bool)])
    return out


def standard_label(name: str, settings: Settings) -> str:
    if name in BY_AQI:
        if settings.standard:
            return resolve(settings.standard).aqi or ""
        tokens = dict.fromkeys(
            [aqi_standard_on(settings.first_day), aqi_standard_on(settings.last_day)]
        )
        return "+".join(str(t) for t in tokens)
    if settings.standard:
        return resolve(settings.standard).limits or ""
    return str(limits_standard_on(settings.last_day))


def other_versions(settings: Settings) -> list[str]:
    current = set(standard_label("good_day_ratio", settings).split("+"))
    both = ["HJ 633-2012", "HJ 633-2026"]
    return both if len(current) > 1 else [t for t in both if t not in current]
