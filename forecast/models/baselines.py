"""Plain rules that every projection is printed beside, and must beat.

Each takes the readings of one place and a function that turns the readings of a period into an
indicator, so one rule serves every indicator. None of them can be mistaken for a model: they
repeat last year, scale it, or put past years behind this year's readings.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "IndicatorFunction",
    "PlainRules",
    "climatology",
    "persistence",
    "ytd_plus_rest",
    "ytd_ratio",
]

#: Part of the days of a year that a rule needs.
_ENOUGH = 0.75
#: Readings (day, item) and their days (day,) to the value of an indicator, NaN if there is none.
IndicatorFunction = Callable[[NDArray[np.float64], NDArray[np.datetime64]], float]


class PlainRules:
    """The rules for one record and period; which readings stand for which days is found once.

    Args:
        values: readings (day, item), NaN where missing.
        days: day of each row; any order, gaps allowed.
        start, end: first and last day of the period that is to be forecast.
        origin: the last day that may be used.
    """

    def __init__(
        self,
        values: NDArray[np.float64],
        days: NDArray[np.datetime64],
        *,
        start: np.datetime64,
        end: np.datetime64,
        origin: np.datetime64,
    ) -> None:
        order = np.argsort(days, kind="stable")
        self._values, self._days = values[order], days[order].astype("datetime64[D]")
        self._period = np.arange(start.astype("datetime64[D]"), end.astype("datetime64[D]") + 1)
        self._seen = self._period <= origin
        self._known: dict[int, NDArray[np.float64]] = {}
        self._years: dict[int, _Readings] = {}

    def persistence(self, indicator: IndicatorFunction) -> float:
        """The indicator of the same period a year earlier, see :func:`persistence`."""
        return self._last_year.value(indicator)

    def ytd_ratio(self, indicator: IndicatorFunction) -> float:
        """Last year's value scaled by the year to date, see :func:`ytd_ratio`."""
        whole = self.persistence(indicator)
        if not self._seen.any():
            return whole
        now, then = self._to_date
        value, before = now.value(indicator), then.value(indicator)
        return whole * value / before if before != 0.0 else float("nan")

    def ytd_plus_rest(self, indicator: IndicatorFunction) -> float:
        """This year to date, then last year's rest, see :func:`ytd_plus_rest`."""
        return self._joined(indicator, 1)

    def climatology(
        self, indicator: IndicatorFunction, *, enough: float = _ENOUGH
    ) -> NDArray[np.float64]:
        """This year to date, then each past year's rest, newest first, see :func:`climatology`."""
        found = [
            self._joined(indicator, back)
            for back, share in enumerate(self._shares, start=1)
            if share >= enough
        ]
        return np.array([value for value in found if np.isfinite(value)])

    @cached_property
    def _last_year(self) -> _Readings:
        days = np.unique(_earlier(self._period, 1))
        return _Readings(self._rows(days), days)

    @cached_property
    def _to_date(self) -> tuple[_Readings, _Readings]:
        seen = self._period[self._seen]
        before = np.unique(_earlier(seen, 1))
        return _Readings(self._so_far, seen), _Readings(self._rows(before), before)

    @cached_property
    def _shares(self) -> list[float]:
        """Of one year back, two … : the least share of days that an item has in that year's rest."""
        monitored = np.isfinite(self._values).any(axis=0)
        last = self._period[-1].astype("datetime64[Y]")
        oldest = (self._days[0] if len(self._days) else self._period[0]).astype("datetime64[Y]")
        shares = []
        for back in range(1, int((last - oldest).astype(int)) + 1):
            rows = self._rest(back)[:, monitored]
            shares.append(float(np.isfinite(rows).mean(axis=0).min()) if rows.size else -1.0)
        return shares

    def _rest(self, back: int) -> NDArray[np.float64]:
        """Readings of the days after the origin, ``back`` years earlier."""
        if back not in self._known:
            self._known[back] = self._rows(_earlier(self._period[~self._seen], back))
        return self._known[back]

    def _joined(self, indicator: IndicatorFunction, back: int) -> float:
        if back not in self._years:
            rest = self._rest(back)
            if len(rest) and not np.isfinite(rest).any():
                self._years[back] = _Readings(rest, self._period[~self._seen])
            else:
                self._years[back] = _Readings(np.concatenate([self._so_far, rest]), self._period)
        return self._years[back].value(indicator)

    @cached_property
    def _so_far(self) -> NDArray[np.float64]:
        return self._rows(self._period[self._seen])

    def _rows(self, wanted: NDArray[np.datetime64]) -> NDArray[np.float64]:
        """Readings of the days ``wanted``, NaN where there are none."""
        out = np.full((len(wanted), self._values.shape[1]), np.nan)
        if len(self._days) == 0 or len(wanted) == 0:
            return out
        place = np.minimum(np.searchsorted(self._days, wanted), len(self._days) - 1)
        hit = self._days[place] == wanted
        out[hit] = self._values[place[hit]]
        return out


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
    return PlainRules(values, days, start=start, end=end, origin=end).persistence(indicator)


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
    return PlainRules(values, days, start=start, end=end, origin=origin).ytd_ratio(indicator)


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
    return PlainRules(values, days, start=start, end=end, origin=origin).ytd_plus_rest(indicator)


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
    rules = PlainRules(values, days, start=start, end=end, origin=origin)
    return rules.climatology(indicator, enough=enough)


def _earlier(days: NDArray[np.datetime64], years: int) -> NDArray[np.datetime64]:
    """The same day of the month ``years`` earlier; 29 February becomes the 28th if need be."""
    months = days.astype("datetime64[M]")
    day = (days - months.astype("datetime64[D]")).astype(np.int64)
    target = months - 12 * years
    length = ((target + 1).astype("datetime64[D]") - target.astype("datetime64[D]")).astype(int)
    moved: NDArray[np.datetime64] = target.astype("datetime64[D]") + np.minimum(day, length - 1)
    return moved


class _Readings:
    """Readings (day, item) of a period and its days (day,)."""

    def __init__(self, rows: NDArray[np.float64], days: NDArray[np.datetime64]) -> None:
        self._rows, self._days = rows, days
        self._empty = not np.isfinite(rows).any()

    def value(self, indicator: IndicatorFunction) -> float:
        """The indicator of the period, NaN where there is no reading."""
        return float("nan") if self._empty else float(indicator(self._rows, self._days))
