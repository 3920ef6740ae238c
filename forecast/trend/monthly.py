"""The Theil-Sen slope of a monthly series, with bounds from a block bootstrap.

The recipe is that of the R package openair 3.1.0 (functions of R. Wilcox): days since 1970-01-01
of the first of each month, the median of all pairwise slopes times 365, the median of the
remainders as the intercept, and 599 resamples of (month, value) pairs in overlapping blocks of
round(n^(1/3)) months. Blocks are the default here: neighbouring months are alike, and resampling
them one by one makes the bounds too narrow.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import InputError, UsageError
from forecast.trend.months import deseasonalise as without_season
from forecast.trend.months import monthly_means

__all__ = ["FEWEST", "TheilSen", "theil_sen"]

#: A year of the slopes [days], as openair has it.
_YEAR = 365.0
#: Resamples; 599 makes the ranks of the 95 % bounds whole numbers (Wilcox).
_RESAMPLES = 599
#: Fewer months than a year's do not tell how much a month's luck moves the slope.
FEWEST = 12
#: Pair weights held at once, so that long records stay within some 50 MB.
_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class TheilSen:
    """A monthly trend and what it rests on.

    Attributes:
        slope, lower, upper: estimate and bounds [unit per 365 days].
        percent, percent_lower, percent_upper: the same in % of the start of each line per 365
            days; NaN where the line starts at or below zero.
        intercept: value of the line at 1970-01-01 [unit].
        p_value: two-sided, from the resamples; 0 means that none of them crossed zero.
        level: probability that the bounds are to hold.
        n: months in the slope; ``missing`` months had no value.
        filled: months whose value was made from the same calendar month of other years.
        slope_unfilled: the slope with the filled months left out [unit per 365 days].
        block: length of the resampled blocks [months]; 1 = each month on its own.
        resamples: their number.
        breaks: first days of a new basis; only months on the same side of them were compared.
        values: the monthly series that the slope was taken of [unit].
    """

    slope: float
    lower: float
    upper: float
    percent: float
    percent_lower: float
    percent_upper: float
    intercept: float
    p_value: float
    level: float
    n: int
    missing: int
    filled: tuple[pd.Timestamp, ...]
    slope_unfilled: float
    block: int
    resamples: int
    deseasonalised: bool
    breaks: tuple[dt.date, ...]
    values: pd.Series = field(repr=False, compare=False)

    def line(self, bound: str = "estimate") -> pd.Series:
        """The fitted line (``estimate``, ``lower`` or ``upper``) at each month [unit].

        Between two breaks it has the slope of the whole and a level of its own.
        """
        slopes = {"estimate": self.slope, "lower": self.lower, "upper": self.upper}
        if bound not in slopes:
            raise ValueError(f"bound must be one of {', '.join(slopes)}, got {bound!r}")
        x, y = _days(self.values.index), self.values.to_numpy(dtype=np.float64)
        part = _parts(self.values.index, self.breaks)
        out = np.full(len(y), np.nan)
        for own in (part == p for p in np.unique(part)):
            if np.isfinite(y[own]).any():
                rest = y[own] - slopes[bound] / _YEAR * x[own]
                out[own] = np.nanmedian(rest) + slopes[bound] / _YEAR * x[own]
        return pd.Series(out, index=self.values.index, name=self.values.name)


def theil_sen(
    readings: pd.Series,
    rng: np.random.Generator,
    *,
    deseasonalise: bool = True,
    autocorrelated: bool = True,
    data_capture: float = 0.0,
    spacing: str | None = None,
    breaks: Sequence[dt.date] = (),
    level: float = 0.95,
    resamples: int = _RESAMPLES,
) -> TheilSen:
    """Fit the trend of hourly, daily or monthly readings of one item at one place.

    Args:
        readings: values by time (DatetimeIndex) [unit]; NaN is missing.
        rng: draws the resamples; nothing else is random.
        deseasonalise: take the season off first (robust STL, missing months filled); else
            missing months are left out.
        autocorrelated: resample blocks of round(n^(1/3)) months instead of single ones.
        data_capture, spacing: which months count, see
            :func:`~forecast.trend.months.monthly_means`.
        breaks: first days of a new basis or place of measurement (such as 2018-09-01). A step
            there is no trend: months on different sides are never compared.
        level: probability that the bounds are to hold.
        resamples: number of bootstrap samples.

    Raises:
        InputError: too few months, or a calendar month without any value.
        UsageError: a level, a number of resamples or a data capture without a meaning.

    >>> months = pd.date_range("2015-01-01", periods=61, freq="MS")
    >>> falling = pd.Series(40.0 - 2.0 * np.arange(61) / 12, index=months)
    >>> found = theil_sen(falling, np.random.default_rng(1), deseasonalise=False)
    >>> round(found.slope, 3), round(found.percent, 2), found.n, found.block
    (-1.999, -5.0, 61, 4)
    """
    if not 0 < level < 1:
        raise UsageError(f"The level must lie between 0 and 1, got {level}.", "Write such as 0.95.")
    if resamples < 100:
        raise UsageError(
            f"{resamples} resamples do not give bounds.", "Ask for 100 or more; 599 is the rule."
        )
    monthly = monthly_means(readings, data_capture=data_capture, spacing=spacing)
    filled: tuple[pd.Timestamp, ...] = ()
    if deseasonalise:
        found = without_season(monthly)
        filled, series = found.filled, found.values
    else:
        series = monthly
    x, y = _days(series.index), series.to_numpy(dtype=np.float64)
    part = _parts(series.index, breaks)
    known = np.isfinite(y)
    pairs = _Pairs(x[known], y[known], part[known])
    compared = len(np.unique(np.concatenate([pairs.first, pairs.second])))
    if compared < FEWEST:
        raise InputError(
            f"A monthly trend needs {FEWEST} months to compare, and there are {compared}.",
            "Give a longer record" + (" on one side of the break." if len(breaks) else "."),
        )
    slope = pairs.median()
    n = int(known.sum())
    block = max(1, round(n ** (1 / 3))) if autocorrelated else 1
    drawn = np.sort(pairs.resampled(_block_counts(n, block, resamples, rng)))
    drawn = drawn[np.isfinite(drawn)]
    tail = round(round((1 - level) / 2 * len(drawn), 9))  # 1 - 0.95 is a hair above 0.05
    lower, upper = float(drawn[tail]), float(drawn[len(drawn) - tail - 1])
    below = (np.count_nonzero(drawn < 0) + 0.5 * np.count_nonzero(drawn == 0)) / len(drawn)
    kept = known & ~series.index.isin(list(filled))
    unfilled = _Pairs(x[kept], y[kept], part[kept]).median() if filled else slope
    percents = [_percent(s, x[known], y[known], part[known]) for s in (slope, lower, upper)]
    return TheilSen(
        slope=_YEAR * slope, lower=_YEAR * lower, upper=_YEAR * upper,
        percent=percents[0], percent_lower=percents[1], percent_upper=percents[2],
        intercept=float(np.median(y[known] - slope * x[known])),
        p_value=float(2 * min(below, 1 - below)),
        level=level, n=n, missing=int((~known).sum()), filled=filled,
        slope_unfilled=_YEAR * unfilled, block=block, resamples=len(drawn),
        deseasonalised=deseasonalise, breaks=tuple(breaks), values=series,
    )  # fmt: skip


class _Pairs:
    """Slopes of all pairs of months, sorted once; a resample only changes their weights."""

    def __init__(
        self, x: NDArray[np.float64], y: NDArray[np.float64], part: NDArray[np.int64]
    ) -> None:
        first, second = np.triu_indices(len(x), k=1)
        same = part[first] == part[second]
        first, second = first[same], second[same]
        slopes = (y[second] - y[first]) / (x[second] - x[first])
        order = np.argsort(slopes, kind="stable")
        self.slopes: NDArray[np.float64] = slopes[order]
        self.first, self.second = first[order], second[order]

    def median(self) -> float:
        return float(np.median(self.slopes)) if self.slopes.size else float("nan")

    def resampled(self, counts: NDArray[np.int32]) -> NDArray[np.float64]:
        """Median slope of each resample, given how often it holds each month.

        A month drawn a times and another drawn b times make a × b pairs of the same slope, and a
        month has no slope with itself.
        """
        return np.concatenate([self._some(part) for part in self._chunks(counts)])

    def _chunks(self, counts: NDArray[np.int32]) -> Iterator[NDArray[np.int32]]:
        rows = max(1, _AT_ONCE // max(1, self.slopes.size))
        for start in range(0, len(counts), rows):
            yield counts[start : start + rows]

    def _some(self, counts: NDArray[np.int32]) -> NDArray[np.float64]:
        reached = np.cumsum(counts[:, self.first] * counts[:, self.second], axis=1, dtype=np.int64)
        total = reached[:, -1]
        out = np.full(len(counts), np.nan)
        for row in np.flatnonzero(total > 0):
            low = np.searchsorted(reached[row], (total[row] + 1) // 2)
            high = np.searchsorted(reached[row], total[row] // 2 + 1)
            out[row] = (self.slopes[low] + self.slopes[high]) / 2
        return out


def _block_counts(n: int, block: int, times: int, rng: np.random.Generator) -> NDArray[np.int32]:
    """How often each of ``n`` months is drawn: overlapping blocks, cut off after ``n`` months."""
    starts = rng.integers(0, n - block + 1, size=(times, -(-n // block)))
    drawn = (starts[:, :, None] + np.arange(block)).reshape(times, -1)[:, :n]
    flat = (drawn + n * np.arange(times)[:, None]).ravel()
    return np.bincount(flat, minlength=n * times).reshape(times, n).astype(np.int32)


def _days(index: pd.Index) -> NDArray[np.float64]:
    return index.to_numpy().astype("datetime64[D]").astype(np.float64)


def _parts(index: pd.Index, breaks: Sequence[dt.date]) -> NDArray[np.int64]:
    """Number of the stretch between two breaks that each month lies in.

    A month that a break cuts in two lies in none: it gets a number of its own.
    """
    months = index.to_numpy().astype("datetime64[M]")
    out = np.zeros(len(months), dtype=np.int64)
    for at, day in enumerate(sorted(breaks)):
        first = np.datetime64(day, "M")
        out += 2 * (months >= first)
        if day.day > 1:
            out[months == first] = -1 - at
    return out


def _percent(
    slope: float, x: NDArray[np.float64], y: NDArray[np.float64], part: NDArray[np.int64]
) -> float:
    """Change of the line from first to last month in % of its start, per 365 days."""
    own = part == part[0]
    start = float(np.median(y[own] - slope * x[own]) + slope * x[0])
    return 100.0 * _YEAR * slope / start if start > 0 else float("nan")
