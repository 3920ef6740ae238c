"""What the record says: the change of a city's PM2.5 between two years in equal weather.

The logarithm of the daily mean is fitted by least squares on the year, the season and the weather of
the day and the days before (departures from the weather's own season, with a slope that changes
over the year). What season and weather alone make of the two years is then taken off the ratio of
their annual means::

    ratio = (mean of the last / mean of the first) / (m_last / m_first)
    m_k   = mean of exp(season + weather) over the days of year k that have a value

So missing days, days of dust taken out and a mild winter do not count as a change of emissions. The error is
that of monthly means of what the fit leaves: neighbouring days are alike, a month counts as one
draw. Without weather the plain ratio of means is taken; its months scatter with their weather, so its error is
wider.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import InputError
from forecast.models.circumstances import Circumstances
from forecast.models.weather_effect import weather_days
from forecast.scenario.priors import FloatArray

__all__ = [
    "ADJUSTED_SD",
    "ENOUGH_DAYS",
    "PLAIN_SD",
    "ObservedChange",
    "observed_change",
    "whole_years",
]

#: Days with a value that make a year whole, and days that each of its months needs: a year without
#: its January says nothing of a mean that winter makes.
ENOUGH_DAYS, ENOUGH_OF_MONTH = 300, 15
#: Days of a span that counts less than this (the first lockdown) are no part of a comparison.
_COUNTS = 0.5
#: No daily mean of PM2.5 is below this for its logarithm [µg/m³].
_LEAST = 1.0
#: Least error of a logarithm (``benchmarks/scenario_record.py``, 24 cities, 2014 to 2017). Plain means: root
#: mean square distance of the plain from the adjusted ratio; adjusted: that of two forms of the
#: adjustment.
PLAIN_SD, ADJUSTED_SD = 0.05, 0.025
#: Harmonics of the year in the season of ln C.
_SEASON = 3
#: Months of a year: the error of an annual mean is that of twelve draws.
_MONTHS = 12


@dataclass(frozen=True)
class ObservedChange:
    """A change between two years.

    Attributes:
        first_year, last_year: the years.
        ratio: mean of the last by that of the first, in equal weather where there is weather [1].
        sd: standard error of its logarithm, with that of known breaks between the years.
        plain: ratio of the plain annual means [1].
        weather_adjusted: whether the weather has been taken off.
        breaks: days between the years on which the footing of the readings changed.
    """

    first_year: int
    last_year: int
    ratio: float
    sd: float
    plain: float
    weather_adjusted: bool
    breaks: tuple[np.datetime64, ...] = ()


def _usable(values: pd.Series, circumstances: Circumstances) -> pd.Series:
    """Days above 0 that lie in no exceptional span."""
    known = values[values > 0].dropna().sort_index()
    days = known.index.to_numpy().astype("datetime64[D]")
    kept: pd.Series = known[circumstances.weights(days, "pm25") >= _COUNTS]
    return kept


def whole_years(values: pd.Series, circumstances: Circumstances | None = None) -> list[int]:
    """Years whose mean can be compared: 300 days with a value, 15 in each month.

    Args:
        values: daily PM2.5 [µg/m³] by day; NaN missing.
        circumstances: spans that count less: their days do not count here; None: those that
            everybody shares (the lockdown of 2020).
    """
    known = _usable(values, circumstances or Circumstances())
    months = known.groupby(pd.DatetimeIndex(known.index).to_period("M")).size()
    full = months[months >= ENOUGH_OF_MONTH]
    own = full.groupby(pd.PeriodIndex(full.index).year)
    return [int(y) for y, m in own if len(m) == _MONTHS and m.sum() >= ENOUGH_DAYS]


def observed_change(
    values: pd.Series,
    first_year: int,
    last_year: int,
    *,
    weather: pd.DataFrame | None = None,
    circumstances: Circumstances | None = None,
) -> ObservedChange:
    """Compare two years of a daily record.

    Args:
        values: daily PM2.5 [µg/m³] by day (DatetimeIndex); NaN missing, known dust days taken out.
        first_year, last_year: the years.
        weather: days × weather items; None or too little of it: plain annual means.
        circumstances: spans that count less, and breaks between the years: the step expected of a
            break is taken off and its error added.

    Raises:
        InputError: a year has too few days.

    >>> days = pd.date_range("2014-01-01", "2015-12-31")
    >>> made = pd.Series(np.where(days.year == 2014, 50.0, 40.0), index=days)
    >>> round(observed_change(made, 2014, 2015).ratio, 6)
    0.8
    """
    about = circumstances or Circumstances()
    have = whole_years(values, about)
    for year in (first_year, last_year):
        if year not in have:
            raise InputError(
                f"The record of PM2.5 has too few days in {year} to be compared.",
                f"A year needs {ENOUGH_DAYS} days, {ENOUGH_OF_MONTH} in each month; such years: "
                f"{', '.join(map(str, have)) or 'none'}.",
            )
    known = _usable(values, about)
    index = pd.DatetimeIndex(known.index)
    known = known[(index.year >= first_year) & (index.year <= last_year)]
    drivers = _drivers(known, weather, (first_year, last_year))
    if drivers is not None:
        known, drivers = known[drivers[1]], (drivers[0][drivers[1]], drivers[1])
    years = pd.DatetimeIndex(known.index).year.to_numpy()
    part, left = _fitted(known, years, None if drivers is None else drivers[0])
    c = known.to_numpy(dtype=np.float64)
    ends = [years == y for y in (first_year, last_year)]
    first, last = (float(c[own].mean()) for own in ends)
    made = [float(np.exp(part[own]).mean()) for own in ends] if drivers is not None else [1.0, 1.0]
    month = pd.DatetimeIndex(known.index).to_period("M")
    scatter = float(pd.Series(left).groupby(month).mean().std())
    least = PLAIN_SD if drivers is None else ADJUSTED_SD
    error = max(scatter * float(np.sqrt(2.0 / _MONTHS)), least)
    between = [
        b
        for b in about.breaks_of("pm25")
        if np.datetime64(f"{first_year}-01-01") < b.day <= np.datetime64(f"{last_year}-12-31")
    ]
    step = sum(b.step[0] for b in between)
    whole = float(np.sqrt(error**2 + sum(b.step[1] ** 2 for b in between)))
    plain = last / first
    return ObservedChange(
        first_year, last_year, plain / (made[1] / made[0]) * float(np.exp(-step)), whole, plain,
        drivers is not None, tuple(b.day for b in between),
    )  # fmt: skip


def _drivers(
    known: pd.Series, weather: pd.DataFrame | None, ends: tuple[int, int]
) -> tuple[FloatArray, NDArray[np.bool_]] | None:
    """Regressors of the days with a value, and which of these days have weather."""
    if weather is None or weather.empty:
        return None
    days = known.index.to_numpy().astype("datetime64[D]")
    span = np.arange(days[0], days[-1] + 1)
    made = weather_days(weather, span)
    at = (days - days[0]).astype(np.int64)
    have = made.known[at]
    years = pd.DatetimeIndex(known.index).year.to_numpy()
    enough = all((have & (years == y)).sum() >= ENOUGH_DAYS for y in ends)
    if not made.values.shape[1] or not enough:
        return None
    return made.values[at], have


def _fitted(
    known: pd.Series, years: NDArray[np.int64], drivers: FloatArray | None
) -> tuple[FloatArray, FloatArray]:
    """Season and weather of ln C as fitted, (day,), and what the fit leaves, (day,)."""
    when = pd.DatetimeIndex(known.index)
    angle = 2.0 * np.pi * when.day_of_year.to_numpy() / 365.25
    parts = [
        np.column_stack([f(k * angle) for k in range(1, _SEASON + 1) for f in (np.cos, np.sin)])
    ]
    if drivers is not None:
        parts += [drivers, drivers * np.cos(angle)[:, None]]
    moving = np.hstack(parts)
    dummies = (years[:, None] == np.unique(years)).astype(np.float64)
    y = np.log(np.maximum(known.to_numpy(dtype=np.float64), _LEAST))
    design = np.hstack([dummies, moving])
    fit = np.linalg.lstsq(design, y, rcond=None)[0]
    part: FloatArray = moving @ fit[dummies.shape[1] :]
    left: FloatArray = y - design @ fit
    return part, left
