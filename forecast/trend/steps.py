"""The step of a series at a break, beside one slope for all of it.

On 2018-09-01 the reference state of gases in China went from 0 °C to 25 °C, and particles were
reported at actual conditions instead of standard ones. With one slope b for the whole, the level
of a stretch is the median of y - b x over its months; the step is the difference of the levels on
either side of the break, and its bounds come from the same resamples as those of the slope.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.trend.pairs import PairSlopes, day_numbers, stretches, weighted_medians
from forecast.trend.resampling import bounds, two_sided
from forecast.trend.wording import number_text, p_text

__all__ = ["BASIS_CHANGE", "FEWEST_MONTHS", "GAS_STEP_PERCENT", "Step", "step_heights",
           "steps_between"]  # fmt: skip

#: First day of the new basis of measurement in China.
BASIS_CHANGE = dt.date(2018, 9, 1)
#: What the change of the reference state alone does to a gas: 273.15 K over 298.15 K [%].
GAS_STEP_PERCENT = 100.0 * (273.15 / 298.15 - 1.0)
#: Months with a value that either side needs (the 90 days that the forecast asks for).
FEWEST_MONTHS = 3


@dataclass(frozen=True)
class Step:
    """Change of level at a break.

    Attributes:
        day: first day of the new basis.
        size, lower, upper: step and bounds [unit]; NaN where a side has fewer than three months.
        percent, percent_lower, percent_upper: the same in % of the line just before the break;
            NaN where that is not above zero.
        p_value: two-sided, from the resamples.
        level: probability that the bounds are to hold.
        before, after: months with a value in the stretches on either side.
        resamples: their number.
    """

    day: dt.date
    size: float
    lower: float
    upper: float
    percent: float
    percent_lower: float
    percent_upper: float
    p_value: float
    level: float
    before: int
    after: int
    resamples: int

    @property
    def interval(self) -> tuple[float, float]:
        """Bounds of the step [unit]."""
        return self.lower, self.upper

    @property
    def words_zh(self) -> str:
        """The step and what it rests on, in Chinese."""
        if np.isnan(self.size):
            return (
                f"{self.day} 处的台阶无法估计：之前 {self.before} 个月、之后 {self.after} 个月，"
                f"两侧各需 {FEWEST_MONTHS} 个月"
            )
        return (
            f"{self.day} 处台阶 {number_text(self.size)}"
            f"（{100 * self.level:g}% 区间 {number_text(self.lower)} 至 {number_text(self.upper)}，"
            f"{p_text(self.p_value, self.resamples)}），{number_text(self.percent)}%，"
            f"前后各 {self.before}、{self.after} 个月，不计入趋势"
        )

    @property
    def words_en(self) -> str:
        """The step and what it rests on, in English."""
        if np.isnan(self.size):
            return (
                f"no step at {self.day} can be told from {self.before} months before and "
                f"{self.after} after; it takes {FEWEST_MONTHS} on either side"
            )
        return (
            f"step at {self.day}: {number_text(self.size)} ({100 * self.level:g} % interval "
            f"{number_text(self.lower)} to {number_text(self.upper)}, "
            f"{p_text(self.p_value, self.resamples)}), {number_text(self.percent)} %, from "
            f"{self.before} months before and {self.after} after; no part of the trend"
        )


def steps_between(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    part: NDArray[np.int64],
    breaks: Sequence[dt.date],
    slope: float,
    slopes: NDArray[np.float64],
    counts: NDArray[np.int32],
    level: float,
) -> tuple[tuple[Step, ...], NDArray[np.float64]]:
    """Steps at the breaks, and the levels at x = 0 of the last stretch in each resample.

    Args:
        x, y, part: days, values [unit] and stretches of the months with a value, (month,).
        breaks: first days of a new basis.
        slope: of the whole [unit per day]; ``slopes`` those of the resamples, (resample,).
        counts: how often each resample holds each month, (resample, month).
        level: probability that the bounds are to hold.
    """
    ordered = sorted(breaks)
    sizes = [int((part == k).sum()) for k in range(len(ordered) + 1)]
    levels, draws = [], []
    for k in range(len(ordered) + 1):
        own = part == k
        levels.append(float(np.median(y[own] - slope * x[own])) if own.any() else float("nan"))
        draws.append(
            weighted_medians(y[own] - slopes[:, None] * x[own], counts[:, own])
            if own.any()
            else np.full(len(slopes), np.nan)
        )
    found = []
    for k, day in enumerate(ordered):
        enough = min(sizes[k], sizes[k + 1]) >= FEWEST_MONTHS
        size = levels[k + 1] - levels[k] if enough else float("nan")
        drawn = draws[k + 1] - draws[k] if enough else np.full(len(slopes), np.nan)
        at = float(np.datetime64(day, "D").astype(np.int64))
        before = levels[k] + slope * at
        low, high = bounds(drawn, level)
        shares = [100 * v / before if before > 0 else float("nan") for v in (size, low, high)]
        found.append(
            Step(day, size, low, high, shares[0], shares[1], shares[2], two_sided(drawn), level,
                 sizes[k], sizes[k + 1], int(np.isfinite(drawn).sum()))
        )  # fmt: skip
    last = max((k for k, n in enumerate(sizes) if n), default=0)
    return tuple(found), draws[last]


def step_heights(monthly: pd.Series, breaks: Sequence[dt.date]) -> pd.Series:
    """Sum of the steps up to each month [unit], a first estimate before the season is off.

    Pairs of whole years apart on the same side of every break give a slope that no season
    enters. The step is the median difference of the same calendar month on its two sides, that
    slope taken off; 0 where too little is known.

    Args:
        monthly: one value a month [unit]; NaN is missing.
        breaks: first days of a new basis.
    """
    heights = pd.Series(0.0, index=monthly.index)
    if not breaks:
        return heights
    y, x = monthly.to_numpy(dtype=np.float64), day_numbers(monthly.index)
    part = stretches(monthly.index, breaks)
    calendar = pd.DatetimeIndex(monthly.index).month.to_numpy()
    known = np.isfinite(y)
    # Months of one calendar month and one stretch are compared.
    within = PairSlopes(x[known], y[known], (part * 12 + calendar)[known])
    slope = within.median() if within.slopes.size else 0.0
    for k, day in enumerate(sorted(breaks)):
        old, new = known & (part == k), known & (part == k + 1)
        if min(old.sum(), new.sum()) < FEWEST_MONTHS:
            continue
        first, second = np.flatnonzero(old), np.flatnonzero(new)
        a, b = (m.ravel() for m in np.meshgrid(first, second))
        same = calendar[a] == calendar[b]
        if not same.any():
            continue
        a, b = a[same], b[same]
        jump = float(np.median(y[b] - y[a] - slope * (x[b] - x[a])))
        heights[monthly.index >= pd.Timestamp(day.year, day.month, 1)] += jump
    return heights
