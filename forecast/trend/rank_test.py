"""Mann-Kendall test for a rise or a fall, exact for few values, with ties and serial dependence.

Mann (1945), doi:10.2307/1907187; Kendall (1975), Rank Correlation Methods. S is the number of
pairs that rise less the number that fall. The correction for serial dependence is that of Hamed
and Rao (1998), doi:10.1016/S0022-1694(97)00125-X. The official test of yearly means in China is
Spearman's (:mod:`forecast.standards.daniel`); this one is for series of any kind.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecast.errors import InputError, UsageError
from forecast.targets.annual_slope import inversion_counts
from forecast.trend.conclusion import FEWEST_YEARS_TO_CONCLUDE
from forecast.trend.wording import number_text, p_text

__all__ = ["MannKendall", "mann_kendall"]

#: Up to here p is exact; beyond, the normal approximation is good to 0.001.
_MOST_EXACT = 40
#: Lags whose autocorrelation is further from 0 than 95 % of white noise enter the correction.
_NOTABLE = 0.05


@dataclass(frozen=True)
class MannKendall:
    """Result of the test.

    Attributes:
        s: pairs that rise less pairs that fall.
        tau: Kendall's tau-b, -1 to 1; NaN for a constant series.
        variance: of S without a trend, ties (and serial dependence) included.
        z: S over its standard deviation, 1 taken off |S| for continuity; 0 for a constant series.
        p_value: two-sided.
        direction: 1 rise, -1 fall, 0 neither at the level asked, or the test can't decide.
        n: values; NaN were left out.
        exact: p is from the distribution over all orders, not from the normal one.
        inflation: factor by which serial dependence widened the variance, at least 1.
        level: significance level of ``direction``.
        conclusive: whether the test can decide: five values or more, whose steepest order would
            have p at or below the level. Of three values even a steady fall has p = 0.33.
        reason_zh, reason_en: why it can't; empty where it can.
    """

    s: int
    tau: float
    variance: float
    z: float
    p_value: float
    direction: int
    n: int
    exact: bool
    inflation: float
    level: float = 0.05
    conclusive: bool = True
    reason_zh: str = ""
    reason_en: str = ""

    @property
    def words_zh(self) -> str:
        """The result and what it rests on, in Chinese."""
        trend = {1: "显著上升", -1: "显著下降", 0: "无显著趋势"}[self.direction]
        how = "精确分布" if self.exact else "正态近似"
        serial = f"，序列相关使方差放大 {self.inflation:.2f} 倍" if self.inflation > 1 else ""
        return (
            "Mann–Kendall："
            + (
                f"{trend}（{p_text(self.p_value)}，{how}，水平 {self.level:g}），"
                if self.conclusive
                else f"{self.reason_zh}，"
            )
            + f"S = {self.s}，τ = {number_text(self.tau)}；{self.n} 个值{serial}"
        )

    @property
    def words_en(self) -> str:
        """The result and what it rests on, in English."""
        trend = {1: "a rise", -1: "a fall", 0: "no significant trend"}[self.direction]
        how = "exact" if self.exact else "normal approximation"
        serial = (
            f", variance widened {self.inflation:.2f} times by serial dependence"
            if self.inflation > 1
            else ""
        )
        return (
            "Mann-Kendall: "
            + (
                f"{trend} ({p_text(self.p_value)}, {how}, level {self.level:g}), "
                if self.conclusive
                else f"{self.reason_en}, "
            )
            + f"S = {self.s}, tau = {number_text(self.tau)}; {self.n} values{serial}"
        )


def mann_kendall(
    values: ArrayLike,
    *,
    level: float = 0.05,
    autocorrelation: Literal["none", "hamed_rao"] = "none",
) -> MannKendall:
    """Test values in order of time for a monotonic trend.

    Args:
        values: shape (time,) in order of time; NaN is left out.
        level: significance level of ``direction``, two-sided.
        autocorrelation: ``hamed_rao`` widens the variance by the notable autocorrelation of the
            ranks of the detrended values; the series then has to be evenly spaced. A factor
            below 1 is not used: estimated dependence never makes the test sharper.

    Raises:
        InputError: fewer than three values.
        UsageError: an unknown option.

    Ten pairs of five falling values all fall; one order in 120 does so, and one rises:

    >>> found = mann_kendall([50.0, 46.0, 43.0, 39.0, 35.0])
    >>> found.s, found.tau, round(found.p_value, 4), found.direction
    (-10, -1.0, 0.0167, -1)
    """
    if autocorrelation not in ("none", "hamed_rao"):
        raise UsageError(
            f"The autocorrelation option can't be {autocorrelation!r}.", "Write none or hamed_rao."
        )
    if not 0 < level < 1:
        raise UsageError(f"The level must lie between 0 and 1, got {level}.", "Write such as 0.05.")
    x = np.asarray(values, dtype=np.float64).ravel()
    x = x[~np.isnan(x)]
    n = len(x)
    if n < 3:
        raise InputError(
            f"A trend test needs three values, and there {'is' if n == 1 else 'are'} {n}.",
            "Give a longer record.",
        )
    first, second = np.triu_indices(n, k=1)
    s = int(np.sign(x[second] - x[first]).sum())
    ties = tuple(sorted(int(t) for t in np.unique(x, return_counts=True)[1] if t > 1))
    pairs = n * (n - 1) // 2
    untied = pairs - sum(t * (t - 1) // 2 for t in ties)
    variance = (n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)) / 18
    inflation = _inflation(x) if autocorrelation == "hamed_rao" and untied else 1.0
    variance *= inflation
    if untied == 0:
        zh, en = _undecided(n, 0.0, level)
        return MannKendall(0, math.nan, 0.0, 0.0, 1.0, 0, n, True, 1.0, level, not zh, zh, en)
    z = (s - np.sign(s)) / math.sqrt(variance)
    exact = n <= _MOST_EXACT and autocorrelation == "none"
    p = _exact_p(n, ties, s) if exact else 2 * NormalDist().cdf(-abs(z))
    zh, en = _undecided(n, _exact_p(n, ties, untied) if exact else 0.0, level)
    return MannKendall(
        s=s, tau=s / math.sqrt(pairs * untied), variance=variance, z=float(z), p_value=p,
        direction=int(np.sign(s)) if p <= level and not zh else 0, n=n, exact=exact,
        inflation=inflation, level=level, conclusive=not zh, reason_zh=zh, reason_en=en,
    )  # fmt: skip


def _undecided(n: int, least: float, level: float) -> tuple[str, str]:
    """Why n values whose steepest order has p = ``least`` can't decide; empty where they can."""
    if n < FEWEST_YEARS_TO_CONCLUDE:
        return (
            f"少于 {FEWEST_YEARS_TO_CONCLUDE} 个值，检验无法判断",
            f"the test can't decide with fewer than {FEWEST_YEARS_TO_CONCLUDE} values",
        )
    if least > level:
        return (
            f"这些值的 p 不会小于 {least:.3f}，检验无法判断",
            f"the test can't decide, as p of these values can't fall below {least:.3f}",
        )
    return "", ""


def _exact_p(n: int, ties: tuple[int, ...], s: int) -> float:
    """P(|S| or more) when all orders are equally likely: S = untied pairs - 2 × inversions."""
    counts = inversion_counts((n,), ties)
    few = (len(counts) - 1 - abs(s)) // 2
    reached = list(accumulate(counts))
    return min(1.0, 2 * reached[few] / reached[-1])


def _inflation(x: NDArray[np.float64]) -> float:
    n = len(x)
    number = np.arange(1.0, n + 1)
    first, second = np.triu_indices(n, k=1)
    slope = float(np.median((x[second] - x[first]) / (second - first)))
    ranks = _ranks(x - slope * number)
    ranks = ranks - ranks.mean()
    whole = float(ranks @ ranks)
    if whole == 0:
        return 1.0
    rho = np.correlate(ranks, ranks, mode="full")[n:] / whole
    notable = np.abs(rho) > NormalDist().inv_cdf(1 - _NOTABLE / 2) / math.sqrt(n)
    lag = np.arange(1, n)
    weights = (n - lag) * (n - lag - 1.0) * (n - lag - 2.0)
    factor = 1 + 2 / (n * (n - 1.0) * (n - 2.0)) * float(np.sum((weights * rho)[notable]))
    return max(1.0, factor)


def _ranks(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 1, ties averaged."""
    _, position, count = np.unique(x, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2.0)[position])
