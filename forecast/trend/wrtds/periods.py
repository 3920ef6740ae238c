"""Periods of analysis, and the flows that each of them is normalised to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.errors import UsageError
from forecast.trend.wrtds.settings import Settings

__all__ = ["Period", "Segment", "check_months", "flow_window", "period", "segments"]

Days = NDArray[np.datetime64]
_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class Period:
    """The months of one year of analysis, named by the calendar year in which they end."""

    first: np.datetime64
    last: np.datetime64


@dataclass(frozen=True)
class Segment:
    """Days (first to last) and the flows they are normalised to (flow_first to flow_last)."""

    first: np.datetime64
    last: np.datetime64
    flow_first: np.datetime64
    flow_last: np.datetime64


def check_months(start_month: int, months: int) -> None:
    """Refuse months that do not exist.

    Raises:
        UsageError: the months or their number can't be.
    """
    whole = start_month == int(start_month) and months == int(months)
    if not (whole and 1 <= start_month <= 12 and 1 <= months <= 12):
        raise UsageError(
            f"start_month is {start_month} and months {months}.",
            "Use whole numbers from 1 to 12; 10 and 12 are the water year, 1 and 12 the calendar year.",
        )


def period(year: int, start_month: int = 10, months: int = 12) -> Period:
    """First and last day of the period that ends in a calendar year.

    >>> period(1985)
    Period(first=np.datetime64('1984-10-01'), last=np.datetime64('1985-09-30'))
    """
    check_months(start_month, months)
    begins = year - 1 if start_month + months - 1 > 12 else year
    start = np.datetime64(f"{begins:04d}-{start_month:02d}", "M")
    end = start + np.timedelta64(months, "M")
    return Period(start.astype("datetime64[D]"), end.astype("datetime64[D]") - _DAY)


def _add_years(day: np.datetime64, years: int) -> np.datetime64:
    """The same day of another year; 29 February becomes 1 March where there is none."""
    month = day.astype("datetime64[M]")
    other = (month + np.timedelta64(12 * years, "M")).astype("datetime64[D]")
    return np.datetime64(other + (day - month.astype("datetime64[D]")), "D")


def flow_window(
    first: np.datetime64,
    last: np.datetime64,
    side: int,
    earliest: np.datetime64,
    latest: np.datetime64,
) -> tuple[np.datetime64, np.datetime64]:
    """Flows of a year: ``side`` years before and after it; at an end of the record as many years
    (2·side + 1) counted from that end.

    >>> flow_window(*(np.datetime64(d) for d in ("1984-10-01", "1985-09-30")), 7,
    ...             *(np.datetime64(d) for d in ("1979-10-01", "2011-09-30")))
    (np.datetime64('1979-10-01'), np.datetime64('1994-09-30'))
    """
    start, end = _add_years(first, -side), _add_years(last, side)
    early, late = start < earliest, end > latest
    if early:
        end = _add_years(earliest, 2 * side + 1) - _DAY
    if late:
        start = _add_years(latest, -(2 * side + 1)) + _DAY
    return max(start, earliest), min(end, latest)


def segments(
    days: Days, settings: Settings, first: np.datetime64, last: np.datetime64
) -> list[Segment]:
    """What each day from ``first`` to ``last`` is normalised to, in order of time.

    With stationary flow that is the record (or its side of ``flow_break``), for all days of it;
    with moving flow each year has its own window.
    """
    found = []
    for begin, end in _sides(days, settings):
        if settings.window_side == 0:
            found.append(Segment(begin, end, begin, end))
            continue
        start, stop = max(first, begin), min(last, end)
        while start < stop:
            following = _add_years(start, 1)
            until = min(following - _DAY, stop)
            window = flow_window(start, until, settings.window_side, begin, end)
            found.append(Segment(start, until, *window))
            start = following
    return found


def _sides(days: Days, settings: Settings) -> list[tuple[np.datetime64, np.datetime64]]:
    first, last, split = days[0], days[-1], settings.flow_break
    if split is None:
        return [(first, last)]
    if not first <= split < last:
        raise UsageError(
            f"flow_break {split} is not within the flow record ({first} to {last}).",
            "Give the last day of the old regime.",
        )
    return [(first, split), (split + _DAY, last)]
