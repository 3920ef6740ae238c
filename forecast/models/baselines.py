"""Plain rules that every projection is printed beside, and must beat.

Each takes the readings of one place and a function that turns the readings of a period into an
indicator, so one rule serves every indicator. None of them can be mistaken for a model: they
repeat last year, scale it, or put past years behind this year's readings.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "IndicatorFunction",
    "climatology",
    "persistence",
    "ytd_plus_rest",
    "ytd_ratio",
]

#: Part of the days of a year that a rule needs.
_ENOUGH = 0.75
#: Readings (day, item) and their days (day,) to the value of an indicator, NaN if there is none.
IndicatorFunction = Callable[[NDArray[np.float64], NDArray[np.datetime64]], float]


def persistence(
    values: NDArray[np.float64],
    days: NDArray[np.datetime64],
    indicator: IndicatorFunction,
    *,
    start: np.datetime64,
    end: np.datetime64,
) -> float:
    """The indicator of the same period a year earlier.

    Args:
        values: readings (day, item), NaN where missing.
        days: day of each row; any order, gaps allowed.
        indicator: the rule.
        start, end: first and last day of the period that is to be forecast.

    Returns:
        The value, NaN where that period has no reading.

    >>> days = np.arange("2014-01-01", "2016-01-01", dtype="datetime64[D]")
    >>> values = np.where(days < np.datetime64("2015-01-01"), 60.0, 50.0)[:, None]
    >>> mean = lambda v, d: float(np.nanmean(v))
    >>> first, last = np.datetime64("2016-01-01"), np.datetime64("2016-12-31")
    >>> persistence(values, days, mean, start=first, end=last)
    50.0
    """
    period = _period(start, end)
    past = _earlier(period, 1)
    return _value(_rows(values, days, np.unique(past)), np.unique(past), indicator)


def ytd_ratio(
    values: NDArray[np.float64],
    days: NDArray[np.datetime64],
    indicator: IndicatorFunction,
    *,
    start: np.datetime64,
    end: np.datetime64,
    origin: np.datetime64,
) -> float:
    """Last year's value times this year to date over last year to the same date.

    With nothing observed yet of the period it is :func:`persistence`; NaN where last year to
    date is 0 or missing. Arguments as there, with ``origin`` the last day that may be used.
    """
    whole = persistence(values, days, indicator, start=start, end=end)
    seen = _period(start, min(origin, end))
    if len(seen) == 0:
        return whole
    before = np.unique(_earlier(seen, 1))
    now = _value(_rows(values, days, seen), seen, indicator)
    then = _value(_rows(values, days, before), before, indicator)
    return whole * now / then if then != 0.0 else float("nan")


def ytd_plus_rest(
    values: NDArray[np.float64],
    days: NDArray[np.datetime64],
    indicator: IndicatorFunction,
    *,
    start: np.datetime64,
    end: np.datetime64,
    origin: np.datetime64,
) -> float:
    """The indicator of this year's days up to ``origin`` and last year's days after it.

    Arguments as for :func:`ytd_ratio`. NaN where last year has no reading after that date.
    """
    return _joined(values, days, indicator, _period(start, end), origin, 1)


def climatology(
    values: NDArray[np.float64],
    days: NDArray[np.datetime64],
    indicator: IndicatorFunction,
    *,
    start: np.datetime64,
    end: np.datetime64,
    origin: np.datetime64,
    enough: float = _ENOUGH,
) -> NDArray[np.float64]:
    """One value a past year: this year's days up to ``origin``, then that year's days.

    Arguments as for :func:`ytd_ratio`; a past year counts if at least ``enough`` of its days
    have a reading in every item that the record has at all.

    Returns:
        Shape (year,), newest first; empty where no past year serves.
    """
    period = _period(start, end)
    rest = period[period > origin]
    monitored = np.isfinite(values).any(axis=0)
    found = []
    oldest = days.min().astype("datetime64[Y]") if len(days) else period[0].astype("datetime64[Y]")
    for back in range(1, int((period[-1].astype("datetime64[Y]") - oldest).astype(int)) + 1):
        rows = _rows(values, days, _earlier(rest, back))[:, monitored]
        if rows.size and float(np.isfinite(rows).mean(axis=0).min()) >= enough:
            value = _joined(values, days, indicator, period, origin, back)
            if np.isfinite(value):
                found.append(value)
    return np.array(found)


def _period(start: np.datetime64, end: np.datetime64) -> NDArray[np.datetime64]:
    first, last = start.astype("datetime64[D]"), end.astype("datetime64[D]")
    return np.arange(first, last + 1)


def _earlier(days: NDArray[np.datetime64], years: int) -> NDArray[np.datetime64]:
    """The same day of the month ``years`` earlier; 29 February becomes the 28th if need be."""
    months = days.astype("datetime64[M]")
    day = (days - months.astype("datetime64[D]")).astype(np.int64)
    target = months - 12 * years
    length = ((target + 1).astype("datetime64[D]") - target.astype("datetime64[D]")).astype(int)
    moved: NDArray[np.datetime64] = target.astype("datetime64[D]") + np.minimum(day, length - 1)
    return moved


def _rows(
    values: NDArray[np.float64], days: NDArray[np.datetime64], wanted: NDArray[np.datetime64]
) -> NDArray[np.float64]:
    """Readings of the days ``wanted``, NaN where there are none."""
    out = np.full((len(wanted), values.shape[1]), np.nan)
    if len(days) == 0 or len(wanted) == 0:
        return out
    order = np.argsort(days)
    ordered = days[order].astype("datetime64[D]")
    place = np.minimum(np.searchsorted(ordered, wanted), len(ordered) - 1)
    hit = ordered[place] == wanted
    out[hit] = values[order[place[hit]]]
    return out


def _joined(
    values: NDArray[np.float64],
    days: NDArray[np.datetime64],
    indicator: IndicatorFunction,
    period: NDArray[np.datetime64],
    origin: np.datetime64,
    back: int,
) -> float:
    seen = period <= origin
    rest = _rows(values, days, _earlier(period[~seen], back))
    if len(rest) and not np.isfinite(rest).any():
        return float("nan")
    return _value(np.concatenate([_rows(values, days, period[seen]), rest]), period, indicator)


def _value(
    rows: NDArray[np.float64], days: NDArray[np.datetime64], indicator: IndicatorFunction
) -> float:
    if not np.isfinite(rows).any():
        return float("nan")
    return float(indicator(rows, days))
