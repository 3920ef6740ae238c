"""Samples and daily flow as arrays: checked, sorted, on one decimal year; what was left out is said."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import InputError, UsageError

__all__ = ["DECIMAL_YEARS", "Flow", "Samples", "decimal_years", "leap_year_days", "read_records"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Days = NDArray[np.datetime64]

#: How a day becomes a decimal year. ``leap_year``: its number in a year of 366 days less one half,
#: over 366, as in the records that EGRET ships. ``calendar``: noon of the day in its own year, as
#: EGRET computes it for files read today. They differ by at most 0.0027 year.
DECIMAL_YEARS = ("leap_year", "calendar")

#: Names of days shown in a message before it says how many more there are.
_SHOWN = 3
#: Days without a sample from which on it is said.
_LONG_SPAN = 731


@dataclass(frozen=True)
class Samples:
    """Samples in order of time, shape (sample,).

    Attributes:
        day: date of the sample.
        t: decimal year. log_q: ln of the day's mean flow [m³/s].
        low, high: ln of the bounds of the concentration [mg/L]; ``low`` is -inf below a limit.
    """

    day: Days
    t: Floats
    log_q: Floats
    low: Floats
    high: Floats

    @property
    def uncensored(self) -> Bools:
        """Whether both bounds are one value."""
        return np.asarray(self.low == self.high)

    def __len__(self) -> int:
        return len(self.t)

    def take(self, at: Ints | Bools) -> Samples:
        """The samples at these places, in that order."""
        return Samples(self.day[at], self.t[at], self.log_q[at], self.low[at], self.high[at])


@dataclass(frozen=True)
class Flow:
    """Daily mean flow without gaps, shape (day,).

    Attributes:
        day: date. t: decimal year. q: flow [m³/s]. log_q: ln q.
        season_day: number of the day in a leap year, 1 to 366; 29 February counts with the 28th.
    """

    day: Days
    t: Floats
    q: Floats
    log_q: Floats
    season_day: Ints

    def __len__(self) -> int:
        return len(self.t)


def leap_year_days(days: Days) -> Ints:
    """Number of each day in a year of 366 days: 1 March is day 61 in every year.

    >>> leap_year_days(np.array(["2001-02-28", "2001-03-01", "2004-03-01"], "datetime64[D]"))
    array([59, 61, 61])
    """
    year = days.astype("datetime64[Y]")
    number = (days.astype("datetime64[D]") - year.astype("datetime64[D]")).astype(np.int64) + 1
    return np.asarray(np.where((number > 59) & (_year_lengths(year) == 365), number + 1, number))


def _year_lengths(years: Days) -> Ints:
    start = years.astype("datetime64[D]")
    end = (years + np.timedelta64(1, "Y")).astype("datetime64[D]")
    return np.asarray((end - start).astype(np.int64))


def decimal_years(days: Days, convention: str = "leap_year") -> Floats:
    """Decimal year of each day by one of ``DECIMAL_YEARS``.

    >>> decimal_years(np.array(["1979-10-01"], "datetime64[D]")).tolist()
    [1979.75]
    """
    year = days.astype("datetime64[Y]")
    whole = year.astype(np.int64) + 1970.0
    if convention == "leap_year":
        return np.asarray(whole + (leap_year_days(days) - 0.5) / 366.0)
    number = (days.astype("datetime64[D]") - year.astype("datetime64[D]")).astype(np.int64)
    return np.asarray(whole + (number + 0.5) / _year_lengths(year))


def read_records(
    samples: pd.DataFrame, flow: pd.DataFrame, decimal_year: str = "leap_year"
) -> tuple[Samples, Flow, list[str]]:
    """Samples with the flow of their day, the flow, and sentences on what was not taken as it is.

    Raises:
        UsageError: a column is missing or the convention unknown.
        InputError: a date or number can't be used (each with its place and what to do).
    """
    if decimal_year not in DECIMAL_YEARS:
        raise UsageError(
            f"decimal_year is {decimal_year!r}.", f"Use one of {', '.join(DECIMAL_YEARS)}."
        )
    river = _read_flow(flow, decimal_year)
    day, low, high, notes = _read_samples(samples)
    first, last = river.day[0], river.day[-1]
    inside = (day >= first) & (day <= last)
    if not inside.any():
        raise InputError(
            f"No sample ({day[0]} to {day[-1]}) lies within the flow record ({first} to {last}).",
            "Give daily flow for the years of the samples.",
        )
    for left, where in ((day < first, f"before the flow record begins on {first}"),
                        (day > last, f"after the flow record ends on {last}")):  # fmt: skip
        if left.any():
            notes.append(f"{int(left.sum())} samples left out ({where}): {_listed(day[left])}.")
    if day[-1] > last:
        notes.append(f"Nothing is estimated after {last}, where the flow record ends.")
    day, low, high = day[inside], low[inside], high[inside]
    notes += _thin_spans(day, first, last)
    at = (day - first).astype(np.int64)
    found = Samples(day, river.t[at], river.log_q[at], low, high)
    return found, river, notes


def _thin_spans(day: Days, first: np.datetime64, last: np.datetime64) -> list[str]:
    """Sentences on years of flow without samples."""
    ends = np.concatenate([[first], day, [last]])
    steps = np.diff(ends).astype(np.int64)
    said = []
    for at in np.flatnonzero(steps > _LONG_SPAN):
        years = steps[at] / 365.25
        inner = 0 < at < len(steps) - 1
        rest = "interpolated" if inner else "extrapolated, which is not advised beyond a year"
        said.append(
            f"No sample for {years:.1f} years from {ends[at]} to {ends[at + 1]}; estimates there "
            f"are {rest}."
        )
    return said


def _read_flow(table: pd.DataFrame, decimal_year: str) -> Flow:
    day = _dates(table, "flow")
    q = _numbers(table, "q", "flow")
    order = np.argsort(day, kind="stable")
    day, q = day[order], q[order]
    if not len(day):
        raise InputError("The flow record is empty.", "Give one row a day: date, q [m³/s].")
    twice = day[1:][day[1:] == day[:-1]]
    if len(twice):
        raise InputError(
            f"The flow record has more than one row for {_listed(np.unique(twice))}.",
            "Keep one daily mean for each day.",
        )
    if not np.isfinite(q).all():
        bad = ~np.isfinite(q)
        raise InputError(
            f"The flow record has no value on {int(bad.sum())} days: {_listed(day[bad])}.",
            "Fill them from a neighbouring gauge or by interpolation; daily flow has no gaps.",
        )
    steps = np.diff(day).astype(np.int64)
    if (steps > 1).any():
        missing = int((steps - 1).sum())
        gaps = day[:-1][steps > 1] + np.timedelta64(1, "D")
        raise InputError(
            f"The flow record has gaps, {missing} days in all, from {_listed(gaps)}.",
            "Fill them from a neighbouring gauge or by interpolation; daily flow has no gaps.",
        )
    if (q <= 0.0).any():
        bad = q <= 0.0
        raise InputError(
            f"Flow is zero or negative on {int(bad.sum())} days: {_listed(day[bad])}.",
            "The method needs ln q: correct negative values; for days without flow add 0.1 % of "
            "the mean flow to every day (what EGRET does) and say so beside the result.",
        )
    season_day = leap_year_days(day)
    season_day = np.where(season_day == 60, 59, season_day)
    return Flow(day, decimal_years(day, decimal_year), q, np.log(q), season_day)


def _read_samples(table: pd.DataFrame) -> tuple[Days, Floats, Floats, list[str]]:
    day = _dates(table, "samples")
    low = _numbers(table, "conc_low", "samples")
    high = _numbers(table, "conc_high", "samples")
    if not len(day):
        raise InputError("There is no sample.", "Give rows of date, conc_low, conc_high [mg/L].")
    notes: list[str] = []
    _refuse(~np.isfinite(high), day, "conc_high is missing or not finite",
            "Give the value, or the detection limit of a value below it.")  # fmt: skip
    _refuse(high <= 0.0, day, "the concentration is zero or negative",
            "If zero stands for a value not detected, leave conc_low missing and give the "
            "detection limit as conc_high.")  # fmt: skip
    _refuse(np.isinf(low) | (low < 0.0), day, "conc_low is negative or not finite",
            "Leave conc_low missing for a value below the detection limit.")  # fmt: skip
    _refuse(low > high, day, "conc_low is above conc_high", "Exchange them or correct the row.")
    zero = low == 0.0
    if zero.any():
        notes.append(
            f"conc_low = 0 beside a conc_high above 0 is read as below that limit: {_listed(day[zero])}."
        )
    low = np.where(zero | np.isnan(low), 0.0, low)
    order = np.lexsort((high, low, day))
    day, low, high = day[order], low[order], high[order]
    again = day[1:][day[1:] == day[:-1]]
    if len(again):
        notes.append(
            f"{len(np.unique(again))} days have more than one sample; all are used: "
            f"{_listed(np.unique(again))}."
        )
    with np.errstate(divide="ignore"):
        return day, np.log(low), np.log(high), notes


def _refuse(bad: Bools, day: Days, what: str, cure: str) -> None:
    if bad.any():
        count = int(bad.sum())
        raise InputError(f"In {count} of {len(bad)} samples {what}: {_listed(day[bad])}.", cure)


def _column(table: pd.DataFrame, name: str, which: str) -> pd.Series:
    if not isinstance(table, pd.DataFrame):
        raise UsageError(
            f"The table of {which} is a {type(table).__name__}.", "Give a pandas DataFrame."
        )
    if name not in table:
        wanted = "date, q" if which == "flow" else "date, conc_low, conc_high"
        raise UsageError(f"The table of {which} has no column {name}.", f"It needs {wanted}.")
    return table[name]


def _dates(table: pd.DataFrame, which: str) -> Days:
    column = _column(table, "date", which)
    try:
        read = pd.to_datetime(column)
    except (ValueError, TypeError) as reason:
        raise InputError(
            f"The table of {which} has a date that can't be read: {reason}.",
            "Write dates as 2024-05-31.",
        ) from None
    if read.isna().any():
        count = int(read.isna().sum())
        raise InputError(f"The table of {which} has {count} rows without a date.",
                         "Give each row its date, or remove it.")  # fmt: skip
    if read.dt.tz is not None:
        read = read.dt.tz_localize(None)
    return read.to_numpy().astype("datetime64[D]")


def _numbers(table: pd.DataFrame, name: str, which: str) -> Floats:
    column = _column(table, name, which)
    read = pd.to_numeric(column, errors="coerce")
    bad = read.isna() & column.notna()
    if bad.any():
        raise InputError(
            f"The table of {which} has {name} = {column[bad].iloc[0]!r}, which is no number.",
            "Write plain numbers; for a value below a limit leave conc_low missing and give the "
            "limit as conc_high.",
        )
    return read.to_numpy(dtype=np.float64, na_value=np.nan)


def _listed(days: Days) -> str:
    shown = ", ".join(str(d) for d in days[:_SHOWN])
    more = len(days) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
