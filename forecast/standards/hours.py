"""From hours to days: when a daily mean or a maximum 8-hour mean is valid (GB 3095 Table 4).

24-hour mean: at least 20 hours (verified). 8-hour mean: at least 6 (verified). Daily maximum 8-hour
O3: at least 14 valid 8-hour means among those ending at 08 to 24 h (14 and the exception secondary,
the hours from memory); with fewer, the maximum is kept only if it exceeds the limit.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecast.standards.air_assessment import FEBRUARY_DAYS, MONTH_DAYS, YEAR_DAYS

__all__ = ["annual_valid", "daily_mean", "eight_hour_means", "max_8h", "max_of_8h_means"]

HOURS_OF_DAY = 20
HOURS_OF_8H = 6
MEANS_OF_DAY = 14
#: O3 maximum 8-hour limit of class 2 [µg/m³], the same in every version.
O3_8H_LIMIT = 160.0
#: The first 8-hour mean of a day ends at 08:00.
_FIRST_END = 8


def daily_mean(hours: ArrayLike) -> NDArray[np.float64]:
    """Mean of (..., 24) hourly values; NaN where fewer than 20 are there.

    Hour 1 of the last axis is 00 to 01 h: a reading is labelled with the end of its hour.
    """
    return _mean(np.asarray(hours, dtype=np.float64), HOURS_OF_DAY)


def eight_hour_means(hours: ArrayLike) -> NDArray[np.float64]:
    """Running 8-hour means of (..., 24) hours ending at 08 to 24 h, (..., 17); NaN below 6 hours."""
    array = np.asarray(hours, dtype=np.float64)
    windows = np.lib.stride_tricks.sliding_window_view(array, _FIRST_END, axis=-1)
    return _mean(windows, HOURS_OF_8H)


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


def _mean(values: NDArray[np.float64], fewest: int) -> NDArray[np.float64]:
    there = ~np.isnan(values)
    count = there.sum(axis=-1)
    total = np.where(there, values, 0.0).sum(axis=-1)
    mean = np.full(count.shape, np.nan)
    np.divide(total, count, out=mean, where=count >= fewest)
    return mean
