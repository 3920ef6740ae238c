"""From hours to days: when a daily mean or a maximum 8-hour mean is valid (GB 3095 Table 4).

A reading is labelled with the end of its hour (verified: 16:00 is 15 to 16 h), so 00:00 is hour 24
of the day before. 24-hour mean: at least 20 hours (verified). 8-hour mean: at least 6 (verified).
Daily maximum 8-hour O3: at least 14 valid 8-hour means among those ending at 08 to 24 h (14 and the
exception secondary, the hours from memory); with fewer, the maximum is kept only if it exceeds the
limit. Daily maximum 1-hour O3: at least 20 hours (from memory).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecast.standards.air_assessment import FEBRUARY_DAYS, MONTH_DAYS, YEAR_DAYS
from forecast.standards.items import AIR_ITEMS

__all__ = [
    "DAY_ITEMS",
    "annual_valid",
    "daily_mean",
    "days_of_hours",
    "eight_hour_means",
    "hours_of_day",
    "max_1h",
    "max_8h",
    "max_of_8h_means",
]

#: What hours make of a day: the six items of the AQI and the highest hour of ozone.
DAY_ITEMS: tuple[str, ...] = (*AIR_ITEMS, "o3_1h")

HOURS_OF_DAY = 20
HOURS_OF_8H = 6
MEANS_OF_DAY = 14
#: O3 maximum 8-hour limit of class 2 [µg/m³], the same in every version.
O3_8H_LIMIT = 160.0
#: The first 8-hour mean of a day ends at 08:00.
_FIRST_END = 8

#: Places whose days are made together.
_PLACES = 64


def hours_of_day(times: ArrayLike) -> tuple[NDArray[np.datetime64], NDArray[np.int64]]:
    """Return the day of each hour and its number in it, 1 to 24.

    Args:
        times: ends of the hours, datetime64, local time, any shape; NaT gives NaT and 0. A moment
            within an hour belongs to that hour.

    >>> day, slot = hours_of_day(["2022-01-02T00:00", "2022-01-02T01:00"])
    >>> day.astype(str).tolist(), slot.tolist()
    (['2022-01-01', '2022-01-02'], [24, 1])
    """
    moments = np.asarray(times, dtype="datetime64[s]") - np.timedelta64(1, "s")
    day = moments.astype("datetime64[D]")
    slot = (moments - day).astype(np.int64) // 3600 + 1
    return day, np.where(np.isnat(moments), 0, slot)


def days_of_hours(
    hours: ArrayLike, items: tuple[str, ...], limit: float = O3_8H_LIMIT
) -> NDArray[np.float64]:
    """Return the daily values of (..., 24, item) hourly ones, (..., 7) in the order of DAY_ITEMS.

    Args:
        hours: 1-hour means [µg/m³, CO mg/m³], NaN missing; hour 1 is 00 to 01 h.
        items: code of each column: so2, no2, pm10, pm25, co and o3_1h, in any order; an absent
            one gives NaN.
        limit: O3 8-hour limit above which a maximum from too few means is kept [µg/m³].
    """
    array = np.asarray(hours, dtype=np.float64)
    if array.ndim < 2 or array.shape[-2:] != (24, len(items)):
        raise ValueError(f"hours must have shape (..., 24, {len(items)}), got {array.shape}")
    result = np.full((*array.shape[:-2], len(DAY_ITEMS)), np.nan)
    if array.ndim == 2:
        _fill_days(result, array, items, limit)
    else:
        # A few places at a time stay in the processor's cache.
        for first in range(0, len(array), _PLACES):
            some = slice(first, first + _PLACES)
            _fill_days(result[some], array[some], items, limit)
    return result


def daily_mean(hours: ArrayLike) -> NDArray[np.float64]:
    """Mean of (..., 24) hourly values; NaN where fewer than 20 are there.

    Hour 1 of the last axis is 00 to 01 h: a reading is labelled with the end of its hour.
    """
    return _mean(np.asarray(hours, dtype=np.float64), HOURS_OF_DAY, 24)[..., 0]


def max_1h(hours: ArrayLike) -> NDArray[np.float64]:
    """Highest of (..., 24) hourly values; NaN where fewer than 20 are there.

    >>> max_1h([80.0] * 19 + [190.0] + [float("nan")] * 4).item()
    190.0
    """
    array = np.asarray(hours, dtype=np.float64)
    there = ~np.isnan(array)
    highest = np.where(there, array, -np.inf).max(axis=-1, initial=-np.inf)
    return np.where(there.sum(axis=-1) >= HOURS_OF_DAY, highest, np.nan)


def eight_hour_means(hours: ArrayLike) -> NDArray[np.float64]:
    """Running 8-hour means of (..., 24) hours ending at 08 to 24 h, (..., 17); NaN below 6 hours."""
    array = np.asarray(hours, dtype=np.float64)
    return _mean(array, HOURS_OF_8H, _FIRST_END)


def max_of_8h_means(means: ArrayLike, limit: float = O3_8H_LIMIT) -> NDArray[np.float64]:
    """Daily maximum of (..., window) 8-hour means, NaN where not valid.

    >>> max_of_8h_means([150.0] * 13), max_of_8h_means([170.0] * 13)
    (array(nan), array(170.))
    """
    array = np.asarray(means, dtype=np.float64)
    there = ~np.isnan(array)
    highest = np.where(there, array, -np.inf).max(axis=-1, initial=-np.inf)
    kept = (there.sum(axis=-1) >= MEANS_OF_DAY) | (highest > limit)
    return np.where(kept, highest, np.nan)


def max_8h(hours: ArrayLike, limit: float = O3_8H_LIMIT) -> NDArray[np.float64]:
    """Daily maximum 8-hour mean of (..., 24) hourly O3 [µg/m³], NaN where not valid."""
    return max_of_8h_means(eight_hour_means(hours), limit)


def annual_valid(n_by_month: Iterable[int]) -> bool:
    """Whether the daily means of twelve months are enough for a year: 324, and 27 (25) a month.

    >>> annual_valid([27, 25] + [27] * 9 + [29]), annual_valid([31, 24] + [30] * 10)
    (True, False)
    """
    counts = list(n_by_month)
    if len(counts) != 12:
        raise ValueError(f"a year has 12 months, got {len(counts)}")
    needed = [FEBRUARY_DAYS if month == 1 else MONTH_DAYS for month in range(12)]
    return sum(counts) >= YEAR_DAYS and all(
        n >= least for n, least in zip(counts, needed, strict=True)
    )


def _fill_days(
    result: NDArray[np.float64], hours: NDArray[np.float64], items: tuple[str, ...], limit: float
) -> None:
    means = _mean(np.moveaxis(hours, -2, -1), HOURS_OF_DAY, 24)[..., 0]
    for at, item in enumerate(DAY_ITEMS):
        if item in items and item != "o3_1h":
            result[..., at] = means[..., items.index(item)]
    if "o3_1h" in items:
        ozone = hours[..., items.index("o3_1h")]
        result[..., DAY_ITEMS.index("o3_8h")] = max_8h(ozone, limit)
        result[..., DAY_ITEMS.index("o3_1h")] = max_1h(ozone)


def _mean(values: NDArray[np.float64], fewest: int, window: int) -> NDArray[np.float64]:
    """Return the running means of (..., hour) over ``window`` hours; NaN from fewer values.

    The values are added in the order of their hours, so a mean is the same in whatever shape.
    """
    # Hours first: each sum runs over whole rows of memory.
    filled = np.array(np.moveaxis(values, -1, 0), order="C")
    there = ~np.isnan(filled)
    filled[~there] = 0.0
    n = len(filled) - window + 1
    count = np.zeros((n, *filled.shape[1:]), dtype=np.int8)
    total = np.zeros(count.shape)
    for hour in range(window):
        count += there[hour : hour + n]
        total += filled[hour : hour + n]
    mean = np.full(count.shape, np.nan)
    np.divide(total, count, out=mean, where=count >= fewest)
    return np.moveaxis(mean, 0, -1)
