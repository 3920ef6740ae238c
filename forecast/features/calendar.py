"""What the calendar says of a day: its place in the year, and whether it is a weekend."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["day_of_year", "harmonics", "is_weekend", "year_fraction"]

#: The Unix epoch, 1970-01-01, was a Thursday; days are counted from Monday = 0.
_EPOCH_WEEKDAY = 3


def day_of_year(dates: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Day of the year, 1 January = 0, of each date (same shape).

    >>> day_of_year(np.array(["2016-01-01", "2016-12-31"], dtype="datetime64[D]")).tolist()
    [0, 365]
    """
    days = dates.astype("datetime64[D]")
    start = days.astype("datetime64[Y]").astype("datetime64[D]")
    number: NDArray[np.int64] = (days - start).astype(np.int64)
    return number


def year_fraction(dates: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Part of its calendar year that has gone by at noon of each date, in (0, 1).

    The length of the very year is used, so 31 December is at the same place in leap years.

    >>> year_fraction(np.array(["2015-07-02", "2016-07-01"], dtype="datetime64[D]")).round(3).tolist()
    [0.5, 0.499]
    """
    years = dates.astype("datetime64[Y]")
    start = years.astype("datetime64[D]")
    length = ((years + 1).astype("datetime64[D]") - start).astype(np.float64)
    result: NDArray[np.float64] = (day_of_year(dates) + 0.5) / length
    return result


def harmonics(dates: NDArray[np.datetime64], k: int) -> NDArray[np.float64]:
    """Annual harmonics of each date.

    Args:
        dates: days, shape (day,).
        k: number of harmonics; 0 gives no columns.

    Returns:
        Shape (day, 2k): cos and sin of 2π·j·year fraction for j = 1..k, in the order
        cos 1, sin 1, cos 2, sin 2, ...
    """
    if k < 0:
        raise ValueError(f"k must be at least 0, got {k}")
    angle = 2.0 * np.pi * year_fraction(dates)[:, None] * np.arange(1, k + 1)
    columns = np.empty((len(dates), 2 * k))
    columns[:, 0::2] = np.cos(angle)
    columns[:, 1::2] = np.sin(angle)
    return columns


def is_weekend(dates: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    """Whether each date is a Saturday or Sunday (official working weekends are not known here).

    >>> is_weekend(np.array(["2024-06-07", "2024-06-08"], dtype="datetime64[D]")).tolist()
    [False, True]
    """
    number = dates.astype("datetime64[D]").astype(np.int64)
    weekend: NDArray[np.bool_] = (number + _EPOCH_WEEKDAY) % 7 >= 5
    return weekend
