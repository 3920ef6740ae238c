"""The Theil-Sen slope of a monthly series, with bounds from a block bootstrap.

The recipe is that of the R package openair 3.1.0 (functions of R. Wilcox): days since 1970-01-01
of the first of each month, the median of all pairwise slopes times 365, the median of the
remainders as the intercept, and 599 resamples of (month, value) pairs in overlapping blocks of
round(n^(1/3)) months. Blocks are the default here: neighbouring months are alike, and resampling
them one by one makes the bounds too narrow. Steps at a change of basis are estimated beside the slope.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import InputError, UsageError
from forecast.trend.conclusion import short_record
from forecast.trend.months import deseasonalise, monthly_means
from forecast.trend.pairs import PairSlopes, day_numbers, stretches
from forecast.trend.resampling import SEED, block_counts, block_length, bounds, two_sided
from forecast.trend.steps import Step, step_heights, steps_between
from forecast.trend.wording import GAP_RULES, dates_text, number_text, p_text, span_text

__all__ = ["FEWEST", "TheilSen", "theil_sen"]

#: A year of the slopes [days], as openair has it.
_YEAR = 365.0
#: Resamples; 599 makes the ranks of the 95 % bounds whole numbers (Wilcox).
_RESAMPLES = 599
#: Fewer months than a year's do not tell how much a month's luck moves the slope.
FEWEST = 12


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
        gap_rule: what was done with them: ``none`` missing, ``line_per_calendar_month``,
            ``left_out``.
        filled: months whose value was made from the same calendar month of other years.
        slope_unfilled: the slope with the filled months left out [unit per 365 days].
        block: length of the resampled blocks [months]; 1 = each month on its own.
        resamples: their number.
        breaks: first days of a new basis; only months on the same side of them were compared.
        steps: the change of level at each break, estimated beside the slope.
        conclusive: whether the record is long enough for a conclusion
            (:func:`~forecast.trend.conclusion.short_record`); the numbers stand either way.
        reason_zh, reason_en: why not; empty where it is.
        values: the monthly series that the slope was taken of [unit].
        slope_draws: slopes of the resamples, shape (resample,) [unit per 365 days].
        level_draws: values at 1970-01-01 of their lines after the last break, shape (resample,)
            [unit].
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
    gap_rule: str
    filled: tuple[pd.Timestamp, ...]
    slope_unfilled: float
    block: int
    resamples: int
    deseasonalised: bool
    breaks: tuple[dt.date, ...]
    steps: tuple[Step, ...]
    conclusive: bool
    reason_zh: str
    reason_en: str
    values: pd.Series = field(repr=False, compare=False)
    slope_draws: NDArray[np.float64] = field(repr=False, compare=False)
    level_draws: NDArray[np.float64] = field(repr=False, compare=False)

    @property
    def interval(self) -> tuple[float, float]:
        """Bounds of the slope [unit per 365 days]."""
        return self.lower, self.upper

    @property
    def stars(self) -> str:
        """Mark of significance as openair prints it: *** 0.001, ** 0.01, * 0.05, + 0.1.

        Empty for a record that allows no conclusion.
        """
        if not self.conclusive:
            return ""
        marks = ((0.001, "***"), (0.01, "**"), (0.05, "*"), (0.1, "+"))
        return next((mark for limit, mark in marks if self.p_value < limit), "")

    @property
    def words_zh(self) -> str:
        """The slope and what it rests on, in Chinese."""
        season = "已去季节（稳健 STL）" if self.deseasonalised else "未去季节"
        tested = f"，{p_text(self.p_value, self.resamples)}" if self.conclusive else ""
        said = [
            f"每 365 天 {number_text(self.slope)}"
            f"（{100 * self.level:g}% 区间 {number_text(self.lower)} 至 {number_text(self.upper)}"
            f"{tested}），{number_text(self.percent)}%/年"
            + ("" if self.conclusive else f"，{self.reason_zh}"),
            f"{span_text(self.values.index, lang='zh')} 共 {self.n} 个月，{season}",
            GAP_RULES[self.gap_rule][0]
            + (f"（{dates_text(self.filled, lang='zh')}，不补时斜率 "
               f"{number_text(self.slope_unfilled)}）" if self.filled else ""),
            f"区间来自 {self.resamples} 次重抽样，每块 {self.block} 个月",
        ]  # fmt: skip
        return "；".join(said + [step.words_zh for step in self.steps])

    @property
    def words_en(self) -> str:
        """The slope and what it rests on, in English."""
        season = "season taken off (robust STL)" if self.deseasonalised else "season left in"
        tested = f", {p_text(self.p_value, self.resamples)}" if self.conclusive else ""
        said = [
            f"{number_text(self.slope)} per 365 days ({100 * self.level:g} % interval "
            f"{number_text(self.lower)} to {number_text(self.upper)}{tested}), "
            f"{number_text(self.percent)} % a year"
            + ("" if self.conclusive else f", {self.reason_en}"),
            f"{self.n} months from {span_text(self.values.index, lang='en')}, {season}",
            GAP_RULES[self.gap_rule][1]
            + (f" ({dates_text(self.filled, lang='en')}; without them the slope is "
               f"{number_text(self.slope_unfilled)})" if self.filled else ""),
            f"bounds from {self.resamples} resamples in blocks of {self.block} months",
        ]  # fmt: skip
        return "; ".join(said + [step.words_en for step in self.steps])

    def line(self, bound: str = "estimate") -> pd.Series:
        """The fitted line (``estimate``, ``lower`` or ``upper``) at each month [unit].

        Between two breaks it has the slope of the whole and a level of its own.
        """
        slopes = {"estimate": self.slope, "lower": self.lower, "upper": self.upper}
        if bound not in slopes:
            raise ValueError(f"bound must be one of {', '.join(slopes)}, got {bound!r}")
        x, y = day_numbers(self.values.index), self.values.to_numpy(dtype=np.float64)
        part = stretches(self.values.index, self.breaks)
        out = np.full(len(y), np.nan)
        for own in (part == p for p in np.unique(part)):
            if np.isfinite(y[own]).any():
                rest = y[own] - slopes[bound] / _YEAR * x[own]
                out[own] = np.nanmedian(rest) + slopes[bound] / _YEAR * x[own]
        return pd.Series(out, index=self.values.index, name=self.values.name)


def theil_sen(
    monthly_series: pd.Series,
    deseason: bool = True,
    *,
    rng: np.random.Generator | None = None,
    autocorrelated: bool = True,
    data_capture: float = 0.0,
    spacing: str | None = None,
    breaks: Sequence[dt.date] = (),
    level: float = 0.95,
    resamples: int = _RESAMPLES,
) -> TheilSen:
    """Fit the trend of monthly means (or of hourly or daily readings) of one item at one place.

    Args:
        monthly_series: values by time (DatetimeIndex, any order) [unit]; NaN is missing. Readings
            closer than a month are averaged first.
        deseason: take the season off first (robust STL, missing months filled); else missing
            months are left out.
        rng: draws the resamples; nothing else is random. None: a generator of the fixed seed
            :data:`~forecast.trend.resampling.SEED`.
        autocorrelated: resample blocks of round(n^(1/3)) months instead of single ones.
        data_capture, spacing: which months count, see
            :func:`~forecast.trend.months.monthly_means`.
        breaks: first days of a new basis or place of measurement (such as 2018-09-01). A step
            there is no trend: months on different sides are never compared, and the step is
            estimated beside the slope. The season is taken off the series without the steps.
        level: probability that the bounds are to hold.
        resamples: number of bootstrap samples.

    Raises:
        InputError: too few months, or a calendar month without any value.
        UsageError: a level, a number of resamples, a data capture or a break without a meaning.

    >>> months = pd.date_range("2015-01-01", periods=61, freq="MS")
    >>> falling = pd.Series(40.0 - 2.0 * np.arange(61) / 12, index=months)
    >>> found = theil_sen(falling, deseason=False)
    >>> round(found.slope, 3), round(found.percent, 2), found.n, found.block
    (-1.999, -5.0, 61, 4)
    """
    _check(level, resamples, breaks)
    rng = np.random.default_rng(SEED) if rng is None else rng
    monthly = monthly_means(monthly_series, data_capture=data_capture, spacing=spacing)
    filled: tuple[pd.Timestamp, ...] = ()
    if deseason:
        # A step would bend the season and the filled months: it is off while they are made.
        steps = step_heights(monthly, breaks)
        found = deseasonalise(monthly - steps)
        filled, series = found.filled, found.values + steps
    else:
        series = monthly
    x, y = day_numbers(series.index), series.to_numpy(dtype=np.float64)
    part = stretches(series.index, breaks)
    known = np.isfinite(y)
    pairs = PairSlopes(x[known], y[known], part[known])
    compared = pairs.months()
    if compared < FEWEST:
        raise InputError(
            f"A monthly trend needs {FEWEST} months to compare, and there are {compared}.",
            "Give a longer record" + (" on one side of the break." if len(breaks) else "."),
        )
    slope = pairs.median()
    n = int(known.sum())
    block = block_length(n) if autocorrelated else 1
    counts = block_counts(n, block, resamples, rng)
    drawn = pairs.resampled(counts)
    lower, upper = bounds(drawn, level)
    kept = known & ~series.index.isin(list(filled))
    unfilled = PairSlopes(x[kept], y[kept], part[kept]).median() if filled else slope
    percents = [_percent(s, x[known], y[known], part[known]) for s in (slope, lower, upper)]
    steps_found, last_levels = steps_between(
        x[known], y[known], part[known], breaks, slope, drawn, counts, level
    )
    missing = int(monthly.isna().sum())
    zh, en = short_record(monthly, part)
    rule = "none" if not missing else "line_per_calendar_month" if deseason else "left_out"
    return TheilSen(
        slope=_YEAR * slope, lower=_YEAR * lower, upper=_YEAR * upper,
        percent=percents[0], percent_lower=percents[1], percent_upper=percents[2],
        intercept=float(np.median(y[known] - slope * x[known])),
        p_value=two_sided(drawn), level=level, n=n, missing=int((~known).sum()), gap_rule=rule,
        filled=filled, slope_unfilled=_YEAR * unfilled, block=block,
        resamples=int(np.isfinite(drawn).sum()), deseasonalised=deseason,
        breaks=tuple(sorted(breaks)), steps=steps_found, conclusive=not zh, reason_zh=zh,
        reason_en=en, values=series,
        slope_draws=_YEAR * drawn, level_draws=last_levels,
    )  # fmt: skip


def _check(level: float, resamples: int, breaks: Sequence[dt.date]) -> None:
    if not 0 < level < 1:
        raise UsageError(f"The level must lie between 0 and 1, got {level}.", "Write such as 0.95.")
    if resamples < 100:
        raise UsageError(
            f"{resamples} resamples do not give bounds.", "Ask for 100 or more; 599 is the rule."
        )
    if len(set(breaks)) != len(breaks):
        raise UsageError("A break is named twice.", "Name each first day of a new basis once.")


def _percent(
    slope: float, x: NDArray[np.float64], y: NDArray[np.float64], part: NDArray[np.int64]
) -> float:
    """Change of the line from first to last month in % of its start, per 365 days."""
    own = part == part[0]
    start = float(np.median(y[own] - slope * x[own]) + slope * x[0])
    return 100.0 * _YEAR * slope / start if start > 0 else float("nan")
