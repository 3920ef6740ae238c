"""Monthly means of readings, and the same without their season.

The steps and their settings are those of the R package openair 3.1.0 (Carslaw and Ropkins 2012,
doi:10.1016/j.envsoft.2011.09.008), measured on its own example to 1e-12: first the mean of each
month, then missing months from a straight line per calendar month, then STL (Cleveland et al.
1990, J. Off. Stat. 6, 3) with a seasonal window of 11 years and local lines, made robust; what is
left without the season is trend plus remainder. For some even numbers of months R's own robust
STL takes a wrong median of the residuals (its slope then differs by up to 0.2 % on the example);
statsmodels, which is used here, follows the definition for every number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import InputError, UsageError

__all__ = ["FEWEST_MONTHS", "Deseasonalised", "deseasonalise", "fill_months", "monthly_means"]

#: STL needs more than two whole years to tell a season from a trend.
FEWEST_MONTHS = 25

_PERIOD = 12
#: Spans of the local lines [values]: season (same month over the years), trend, low-pass.
_SEASONAL, _TREND, _LOW_PASS = 11, 21, 13
#: Every how many values a local line is fitted: a tenth of the span, rounded up, as R does.
_JUMPS = (2, 3, 2)
_INNER, _OUTER = 1, 15


@dataclass(frozen=True)
class Deseasonalised:
    """A monthly series without its season.

    Attributes:
        values: trend plus remainder of every month from the first to the last [unit].
        season: what was taken off [unit].
        filled: months that had no value and were filled from a line through the same calendar
            month of the other years.
    """

    values: pd.Series
    season: pd.Series
    filled: tuple[pd.Timestamp, ...]


def monthly_means(
    readings: pd.Series, *, data_capture: float = 0.0, spacing: str | None = None
) -> pd.Series:
    """Mean of every month from the first to the last that has one.

    Args:
        readings: values by time (DatetimeIndex or PeriodIndex, any order) [unit]; NaN is missing.
        data_capture: share of the readings of a month that must be there, 0 to 1; below it the
            month is missing. 0 asks for one reading.
        spacing: time between readings (``1h``, ``1D``); None = the most frequent one found.

    Returns:
        Means [unit] by first day of the month; a month without enough readings is NaN.

    Raises:
        InputError: the index holds no times, a time occurs twice, or nothing was measured.
        UsageError: ``data_capture`` is not a share.

    >>> days = pd.date_range("2024-01-01", "2024-03-31")
    >>> seen = pd.Series([1.0] * 31 + [np.nan] * 29 + [3.0] * 31, index=days)
    >>> monthly_means(seen, data_capture=0.75).tolist()
    [1.0, nan, 3.0]
    """
    if not 0 <= data_capture <= 1:
        raise UsageError(
            f"The data capture must be a share between 0 and 1, got {data_capture}.",
            "Write 0.75 for three quarters of the readings of a month.",
        )
    if isinstance(readings.index, pd.PeriodIndex):
        readings = readings.set_axis(readings.index.to_timestamp())
    if not isinstance(readings.index, pd.DatetimeIndex):
        raise InputError(
            f"A trend needs readings by time, got an index of {readings.index.dtype}.",
            "Give the series a DatetimeIndex.",
        )
    if readings.index.tz is not None:
        # A month is a month of the local calendar, whatever the offset.
        readings = readings.set_axis(readings.index.tz_localize(None))
    if readings.index.has_duplicates:
        twice = readings.index[readings.index.duplicated()][0]
        raise InputError(
            f"The time {twice} occurs more than once in the readings of one series.",
            "Give one place and one item at a time.",
        )
    seen = readings.dropna().astype(np.float64).sort_index()
    if seen.empty:
        raise InputError(
            "There is no reading to take monthly means of.", "Check the place, item and period."
        )
    months = seen.index.to_numpy().astype("datetime64[M]")
    grid = np.arange(months[0], months[-1] + 1)
    at = (months - grid[0]).astype(np.int64)
    count = np.bincount(at, minlength=len(grid))
    with np.errstate(invalid="ignore"):
        means = np.bincount(at, weights=seen.to_numpy(), minlength=len(grid)) / count
    if data_capture > 0:
        step = _spacing(pd.DatetimeIndex(readings.index), spacing)
        starts = grid.astype("datetime64[ns]")
        ends = (grid + 1).astype("datetime64[ns]")
        expected = (ends - starts) / step
        means[count < data_capture * expected - 1e-9] = np.nan
    kept = np.flatnonzero(np.isfinite(means))
    if not kept.size:
        raise InputError(
            f"No month has {100 * data_capture:g} % of its readings.",
            "Ask for a smaller data capture or check the period.",
        )
    means, grid = means[kept[0] : kept[-1] + 1], grid[kept[0] : kept[-1] + 1]
    return pd.Series(
        means, index=pd.DatetimeIndex(grid.astype("datetime64[s]")), name=readings.name
    )


def _spacing(index: pd.DatetimeIndex, spacing: str | None) -> np.timedelta64:
    if spacing is not None:
        try:
            step = pd.Timedelta(spacing)
        except ValueError:
            step = pd.Timedelta(0)
        if not step > pd.Timedelta(0):
            raise UsageError(
                f"The spacing of the readings can't be {spacing!r}.", "Write such as 1h or 1D."
            )
        return step.to_timedelta64()
    gaps = np.diff(np.sort(index.to_numpy()).astype("datetime64[ns]"))
    if not gaps.size:
        return np.timedelta64(1, "D")
    lengths, times = np.unique(gaps, return_counts=True)
    return np.timedelta64(lengths[np.argmax(times)])


def fill_months(monthly: pd.Series) -> pd.Series:
    """Fill missing months from a least-squares line through the same calendar month.

    The line runs over the number of the month in the series; a calendar month with one value
    takes that value.

    Args:
        monthly: one value a month without a break in the months [unit]; NaN is missing.

    Raises:
        InputError: a calendar month has no value at all, or a month is left out of the index.

    >>> months = pd.date_range("2020-01-01", periods=37, freq="MS")
    >>> straight = pd.Series(np.arange(37.0), index=months)
    >>> float(fill_months(straight.where(straight != 24.0)).iloc[24])
    24.0
    """
    y = _whole(monthly)
    gaps = np.flatnonzero(np.isnan(y))
    if not gaps.size:
        return monthly.astype(np.float64)
    number = np.arange(1.0, len(y) + 1)
    calendar = (np.arange(len(y)) + monthly.index[0].month - 1) % _PERIOD
    out = y.copy()
    for month in np.unique(calendar[gaps]):
        own = calendar == month
        known = own & np.isfinite(y)
        if not known.any():
            raise InputError(
                f"No {pd.Timestamp(2000, int(month) + 1, 1):%B} has a value, so the season of "
                "that month is not known.",
                "Give a longer record, or ask for the trend without taking the season off.",
            )
        x, z = number[known], y[known]
        middle, level = x.mean(), z.mean()
        spread = float(np.sum((x - middle) ** 2))
        slope = float(np.sum((x - middle) * (z - level))) / spread if spread > 0 else 0.0
        wanted = own & np.isnan(y)
        out[wanted] = level + slope * (number[wanted] - middle)
    return pd.Series(out, index=monthly.index, name=monthly.name)


def deseasonalise(monthly: pd.Series) -> Deseasonalised:
    """Take the season off a monthly series by robust STL, gaps filled first.

    Args:
        monthly: one value a month without a break in the months [unit]; NaN is missing.

    Raises:
        InputError: fewer than 25 months, or a calendar month without a value.
        UsageError: statsmodels is not installed.
    """
    y = _whole(monthly)
    if len(y) < FEWEST_MONTHS:
        raise InputError(
            f"Taking the season off needs {FEWEST_MONTHS} months, and the series has {len(y)}.",
            "Give a longer record, or ask for the trend without taking the season off.",
        )
    try:
        from statsmodels.tsa.seasonal import STL
    except ImportError as missing:
        raise UsageError(
            "Taking the season off needs the library statsmodels, which is not installed.",
            "Install it with: pip install statsmodels",
        ) from missing
    whole = fill_months(monthly)
    parts = STL(
        whole.to_numpy(), period=_PERIOD, seasonal=_SEASONAL, trend=_TREND, low_pass=_LOW_PASS,
        robust=True, seasonal_jump=_JUMPS[0], trend_jump=_JUMPS[1], low_pass_jump=_JUMPS[2],
    ).fit(inner_iter=_INNER, outer_iter=_OUTER)  # fmt: skip
    index = pd.DatetimeIndex(monthly.index)
    gaps = np.flatnonzero(np.isnan(y))
    return Deseasonalised(
        values=pd.Series(parts.trend + parts.resid, index=index, name=monthly.name),
        season=pd.Series(parts.seasonal, index=index, name=monthly.name),
        filled=tuple(index[gaps]),
    )


def _whole(monthly: pd.Series) -> NDArray[np.float64]:
    """Values of a series that has every month from its first to its last."""
    if not isinstance(monthly.index, pd.DatetimeIndex) or monthly.empty:
        raise InputError("A monthly series needs one value a month.", "Take monthly means first.")
    months = monthly.index.to_numpy().astype("datetime64[M]").astype(np.int64)
    if np.any(np.diff(months) != 1):
        raise InputError(
            "A monthly series must hold every month from its first to its last, a missing one as "
            "NaN.",
            "Take monthly means of the readings first.",
        )
    return monthly.to_numpy(dtype=np.float64)
