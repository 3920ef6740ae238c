"""Seasonal Mann-Kendall test and Sen's seasonal slope: each calendar month compared with itself.

Hirsch, Slack and Smith (1982), doi:10.1029/WR018i001p00107: S of the test is the sum of the S of
the calendar months, the slope the median of the slopes between years of one calendar month. With
serial dependence the months of a year lean together; Hirsch and Slack (1984),
doi:10.1029/WR020i006p00727, add the covariances of their S (estimated after Dietz and Killeen
1981). Bounds of the slope: Gilbert (1987), Statistical Methods for Environmental Pollution
Monitoring, 16.4 and 17.4. Homogeneity of the months: van Belle and Hughes (1984),
doi:10.1029/WR020i001p00127.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import InputError, UsageError
from forecast.trend.conclusion import short_record
from forecast.trend.months import monthly_means
from forecast.trend.pairs import stretches
from forecast.trend.wording import number_text, p_text, span_text

__all__ = ["FEWEST_YEARS_FOR_COVARIANCE", "SeasonalKendall", "seasonal_mann_kendall"]

#: Hirsch and Slack found their covariance good from ten years on.
FEWEST_YEARS_FOR_COVARIANCE = 10
#: A test needs a pair in at least this many calendar months times two years; below it says little.
_FEWEST_PAIRS = 6


@dataclass(frozen=True)
class SeasonalKendall:
    """Result of the test.

    Attributes:
        s: pairs of one calendar month that rise less pairs that fall.
        tau: s over the number of such pairs, -1 to 1.
        variance: of s without a trend, ties included; ``covariance`` is the part of it that comes
            from serial dependence (0 where that was not asked for, never below 0).
        z: s over its standard deviation, 1 taken off |s| for continuity where no dependence is
            allowed for.
        p_value: two-sided, from the normal distribution.
        direction: 1 rise, -1 fall, 0 neither at ``level``, or no conclusion.
        level: significance level.
        slope: Sen's seasonal slope [unit per year]; ``lower`` and ``upper`` hold it with the
            probability 1 - level, NaN where the pairs are too few.
        homogeneity_p: p of "all calendar months have the same trend"; NaN with ties or gaps that
            leave a month without variance.
        n: values; ``years`` calendar years and ``months`` calendar months that they lie in.
        serial_dependence: whether the covariances entered.
        breaks: first days of a new basis; pairs across them were not made.
        first, last: first and last month.
        conclusive: whether the record is long enough for a conclusion
            (:func:`~forecast.trend.conclusion.short_record`); the numbers stand either way.
        reason_zh, reason_en: why not; empty where it is.
    """

    s: int
    tau: float
    variance: float
    covariance: float
    z: float
    p_value: float
    direction: int
    level: float
    slope: float
    lower: float
    upper: float
    homogeneity_p: float
    n: int
    years: int
    months: int
    serial_dependence: bool
    breaks: tuple[dt.date, ...]
    first: pd.Timestamp
    last: pd.Timestamp
    conclusive: bool
    reason_zh: str
    reason_en: str

    @property
    def words_zh(self) -> str:
        """The result and what it rests on, in Chinese."""
        trend = {1: "显著上升", -1: "显著下降", 0: "无显著趋势"}[self.direction]
        span = span_text(pd.DatetimeIndex([self.first, self.last]), lang="zh")
        said = [
            "季节性 Mann–Kendall："
            + (
                f"{trend}（{p_text(self.p_value)}，水平 {self.level:g}），"
                if self.conclusive
                else f"{self.reason_zh}，"
            )
            + f"季节 Sen 斜率 {number_text(self.slope)}/年"
            f"（{number_text(self.lower)} 至 {number_text(self.upper)}）",
            f"{span} 共 {self.n} 个月值",
            "计入序列相关（Hirsch–Slack）" if self.serial_dependence else "未计序列相关",
        ]
        if self.serial_dependence and self.years < FEWEST_YEARS_FOR_COVARIANCE:
            said.append(f"不足 {FEWEST_YEARS_FOR_COVARIANCE} 年，相关订正不稳")
        if self.homogeneity_p < self.level:
            said.append(f"各月趋势不一致（{p_text(self.homogeneity_p)}）")
        return "；".join(said)

    @property
    def words_en(self) -> str:
        """The result and what it rests on, in English."""
        trend = {1: "a rise", -1: "a fall", 0: "no significant trend"}[self.direction]
        span = span_text(pd.DatetimeIndex([self.first, self.last]), lang="en")
        said = [
            "seasonal Mann-Kendall: "
            + (f"{trend} ({p_text(self.p_value)}, level {self.level:g}), " if self.conclusive
               else f"{self.reason_en}, ")
            +
            f"Sen's seasonal slope {number_text(self.slope)} a year "
            f"({number_text(self.lower)} to {number_text(self.upper)})",
            f"{self.n} monthly values from {span}",
            "serial dependence allowed for (Hirsch and Slack)" if self.serial_dependence
            else "serial dependence not allowed for",
        ]  # fmt: skip
        if self.serial_dependence and self.years < FEWEST_YEARS_FOR_COVARIANCE:
            said.append(
                f"fewer than {FEWEST_YEARS_FOR_COVARIANCE} years: that correction is unsteady"
            )
        if self.homogeneity_p < self.level:
            said.append(f"calendar months differ in their trend ({p_text(self.homogeneity_p)})")
        return "; ".join(said)


def seasonal_mann_kendall(
    monthly_series: pd.Series,
    *,
    serial_dependence: bool = True,
    breaks: Sequence[dt.date] = (),
    level: float = 0.05,
) -> SeasonalKendall:
    """Test a monthly series, season left in, for a rise or a fall.

    Args:
        monthly_series: values by time (DatetimeIndex) [unit]; NaN is missing. Readings closer than
            a month are averaged first.
        serial_dependence: add the covariances between calendar months.
        breaks: first days of a new basis; values on two sides of one are never compared. The
            covariances are then those of each stretch.
        level: significance level.

    Raises:
        InputError: too few pairs of years of one calendar month. UsageError: the level is no
        probability.

    Two years' months that all fall by one, twelve pairs; variance 12 × 2·1·9/18:

    >>> months = pd.date_range("2020-01-01", periods=24, freq="MS")
    >>> found = seasonal_mann_kendall(
    ...     pd.Series(-(np.arange(24) // 12.0), index=months), serial_dependence=False)
    >>> found.s, found.variance, found.slope, round(found.z, 3)
    (-12, 12.0, -1.0, -3.175)
    """
    if not 0 < level < 1:
        raise UsageError(f"The level must lie between 0 and 1, got {level}.", "Write such as 0.05.")
    monthly = monthly_means(monthly_series)
    index = pd.DatetimeIndex(monthly.index)
    part = stretches(index, breaks)
    years = index.year.to_numpy()
    s, pairs, own, whole = 0, 0, np.zeros(12), 0.0
    by_month = np.zeros(12)
    slopes: list[NDArray[np.float64]] = []
    for stretch in np.unique(part[part >= 0]):
        inside = part == stretch
        grid = np.full((years.max() - years.min() + 1, 12), np.nan)
        grid[years[inside] - years.min(), index.month.to_numpy()[inside] - 1] = monthly[inside]
        grid = grid[np.isfinite(grid).any(axis=1)]
        at = np.unique(years[inside & monthly.notna().to_numpy()])
        signs = _signs(grid)
        upper = np.triu_indices(len(grid), k=1)
        known = np.isfinite(grid)
        both = known[upper[0]] & known[upper[1]]
        scores = signs[upper].sum(axis=0)
        s += int(scores.sum())
        pairs += int(both.sum())
        by_month += scores
        gamma = _covariance(grid, signs)
        own += np.diag(gamma)
        whole += float(gamma.sum())
        gap = (at[upper[1]] - at[upper[0]])[:, None]
        slopes.append(((grid[upper[1]] - grid[upper[0]]) / gap)[both])
    if pairs < _FEWEST_PAIRS:
        raise InputError(
            f"A seasonal trend test needs {_FEWEST_PAIRS} pairs of years of one calendar month, "
            f"and there are {pairs}.",
            "Give a longer record.",
        )
    plain = float(own.sum())
    # A negative sum of covariances would sharpen the test on the strength of its own noise.
    covariance = max(0.0, whole - plain) if serial_dependence else 0.0
    variance = plain + covariance
    z = 0.0
    if variance > 0:
        z = (s if serial_dependence else s - math.copysign(1, s) * (s != 0)) / math.sqrt(variance)
    p = 2 * NormalDist().cdf(-abs(z)) if variance > 0 else 1.0
    ordered = np.sort(np.concatenate(slopes))
    zh, en = short_record(monthly, part)
    low, high = _slope_bounds(ordered, math.sqrt(variance), level)
    return SeasonalKendall(
        s=s, tau=s / pairs, variance=variance, covariance=covariance, z=float(z), p_value=p,
        direction=int(np.sign(s)) if p <= level and not zh else 0, level=level,
        slope=float(np.median(ordered)), lower=low, upper=high,
        homogeneity_p=_homogeneity(by_month, own), n=int(monthly[part >= 0].notna().sum()),
        years=len(np.unique(years)), months=int((own > 0).sum()),
        serial_dependence=serial_dependence, breaks=tuple(sorted(breaks)), first=index[0],
        last=index[-1], conclusive=not zh, reason_zh=zh, reason_en=en,
    )  # fmt: skip


def _signs(grid: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sign of x[j] - x[i] of each calendar month, shape (i, j, month); 0 where one is missing."""
    with np.errstate(invalid="ignore"):
        return np.nan_to_num(np.sign(grid[None, :, :] - grid[:, None, :]))


def _covariance(grid: NDArray[np.float64], signs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Covariances of the scores of the calendar months, shape (month, month).

    cov = [K + 4 Σ R_g R_h - n (n_g + 1)(n_h + 1)] / 3 with K the number of pairs of years in which
    both rise or both fall less the number in which they go apart, and R the ranks, a missing value
    taking the middle one. On the diagonal this is the variance corrected for ties.
    """
    n = len(grid)
    count = np.isfinite(grid).sum(axis=0)
    # signs[i, j] is the sign of x[j] - x[i]: summed over i it tells how many lie below x[j].
    ranks = (count + 1 + signs.sum(axis=0)) / 2
    upper = np.triu_indices(n, k=1)
    together = signs[upper].T @ signs[upper]
    product = 4 * ranks.T @ ranks - n * np.outer(count + 1, count + 1)
    return np.asarray((together + product) / 3)


def _slope_bounds(
    ordered: NDArray[np.float64], deviation: float, level: float
) -> tuple[float, float]:
    """Slopes at the ranks (N - c) / 2 and (N + c) / 2 + 1, c = z σ(S), interpolated (Gilbert)."""
    reach = NormalDist().inv_cdf(1 - level / 2) * deviation
    n = len(ordered)
    low, high = (n - reach) / 2, (n + reach) / 2 + 1
    if low < 1 or high > n:
        return float("nan"), float("nan")
    ranks = np.arange(1, n + 1)
    return float(np.interp(low, ranks, ordered)), float(np.interp(high, ranks, ordered))


def _homogeneity(scores: NDArray[np.float64], variances: NDArray[np.float64]) -> float:
    """P of a spread of the months' z as wide or wider, chi-square with months - 1 degrees."""
    from scipy.stats import chi2

    used = variances > 0
    if used.sum() < 2:
        return float("nan")
    z = scores[used] / np.sqrt(variances[used])
    return float(chi2.sf(float(np.sum((z - z.mean()) ** 2)), int(used.sum()) - 1))
