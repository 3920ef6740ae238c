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
    values = readings["value"].to_numpy(np.float64, na_value=np.nan)
    code, names = pd.factorize(readings["item"])
    column = np.append(pd.Index(AIR_ITEMS).get_indexer(pd.Index(names)), -1)[code]
    known = np.flatnonzero(~np.isnan(values) & (column >= 0))
    # Backwards, so that of two values of a day and item the first stays.
    known = known[::-1]
    dates, values, column = readings["date"].to_numpy()[known], values[known], column[known]
    if len(dates) and (dates == dates.astype("datetime64[D]")).all():
        # Whole days are told by their number, without sorting them.
        ordinal = dates.astype("datetime64[D]").astype(np.int64)
        first = ordinal.min()
        there = np.bincount(ordinal - first) > 0
        days = (np.flatnonzero(there) + first).astype("datetime64[D]").astype(dates.dtype)
        row = (np.cumsum(there) - 1)[ordinal - first]
    else:
        days, row = np.unique(dates, return_inverse=True)
    table = np.full((len(days), len(AIR_ITEMS)), np.nan)
    table[row, column] = values
    columns = pd.Index(list(AIR_ITEMS), name="item")
    return pd.DataFrame(table, index=pd.DatetimeIndex(days, name="date"), columns=columns)


def calendar_days(first: date, last: date) -> NDArray[np.datetime64]:
    return np.arange(np.datetime64(first), np.datetime64(last) + 1, dtype="datetime64[D]")


def matrix(history: pd.DataFrame, days: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Readings of ``days``, (day, item), of days × items; NaN where there are none."""
    values = history.to_numpy(dtype=np.float64)
    out = np.full((len(days), values.shape[1]), np.nan)
    if not len(values) or not len(days):
        return out
    if not history.index.is_monotonic_increasing:
        return history.reindex(pd.DatetimeIndex(days)).to_numpy(dtype=np.float64)
    wanted = days.astype(history.index.to_numpy().dtype)
    at = np.minimum(history.index.to_numpy().searchsorted(wanted), len(values) - 1)
    hit = history.index.to_numpy()[at] == wanted
    out[hit] = values[at[hit]]
    return out


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
