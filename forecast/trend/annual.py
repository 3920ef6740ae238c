"""The trend of a few annual values: slope, exact interval, and in words where there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from forecast.errors import UsageError
from forecast.targets.annual_slope import annual_slopes, fewest_years, same_basis_pairs
from forecast.trend.conclusion import FEWEST_YEARS_TO_CONCLUDE
from forecast.trend.wording import number_text

__all__ = ["AnnualTrend", "annual_theil_sen"]


@dataclass(frozen=True)
class AnnualTrend:
    """Trend of annual values.

    Attributes:
        slope, lower, upper: median pair slope and its bounds [unit per year]; the bounds are NaN
            where the years are too few, the slope too where no two years can be compared.
        percent, percent_lower, percent_upper: the same in % of the line's value in the first
            year, per year; NaN where that is not above zero.
        level: probability asked of the bounds; ``coverage``: the one that they reach.
        first_year, last_year, n: the years; ``n_compared`` have another one on the same basis.
        bases: the bases found, in order of time; a step between them is no part of the slope.
        reason_zh, reason_en: why there is no interval (or no slope); empty where there is one.
        conclusive: whether there is an interval, of five comparable years or more.
    """

    slope: float
    lower: float
    upper: float
    percent: float
    percent_lower: float
    percent_upper: float
    level: float
    coverage: float
    first_year: int
    last_year: int
    n: int
    n_compared: int
    bases: tuple[str, ...]
    reason_zh: str
    reason_en: str
    conclusive: bool

    @property
    def interval(self) -> tuple[float, float]:
        """Bounds of the slope [unit per year]."""
        return self.lower, self.upper

    @property
    def words_zh(self) -> str:
        """The slope and what it rests on, in Chinese."""
        said = [f"{number_text(self.slope)}/年（{number_text(self.percent)}%/年）"]
        if np.isfinite(self.coverage):
            said[0] += (
                f"，{100 * self.level:g}% 区间 {number_text(self.lower)} 至 "
                f"{number_text(self.upper)}（秩区间，实际概率 {100 * self.coverage:.1f}%）"
            )
        said.append(f"{self.first_year}—{self.last_year} 年 {self.n} 个年值，Theil–Sen")
        if len(self.bases) > 1:
            said.append("监测状态不同的年份不相比较")
        if self.reason_zh:
            said.append(self.reason_zh)
        if np.isfinite(self.slope) and not self.conclusive:
            said.append("不作趋势结论")
        return "；".join(said)

    @property
    def words_en(self) -> str:
        """The slope and what it rests on, in English."""
        said = [f"{number_text(self.slope)} a year ({number_text(self.percent)} % a year)"]
        if np.isfinite(self.coverage):
            said[0] += (
                f", {100 * self.level:g} % interval {number_text(self.lower)} to "
                f"{number_text(self.upper)} (from ranks, holds with {100 * self.coverage:.1f} %)"
            )
        said.append(f"{self.n} annual values from {self.first_year} to {self.last_year}, Theil-Sen")
        if len(self.bases) > 1:
            said.append("years on different bases are not compared")
        if self.reason_en:
            said.append(self.reason_en)
        if np.isfinite(self.slope) and not self.conclusive:
            said.append("no conclusion on a trend")
        return "; ".join(said)


def annual_theil_sen(
    values: Mapping[int, float], *, level: float = 0.95, bases: Mapping[int, str] | None = None
) -> AnnualTrend:
    """Theil-Sen slope of annual values with an exact rank-based interval.

    The interval supposes that years are exchangeable about the line; it needs no normal
    distribution, and five values for 95 % (four for 90 %).

    Args:
        values: year → value [unit]; NaN is left out.
        level: probability that the interval is to hold, in (0, 1).
        bases: year → measurement basis, where it changed (2018-09-01 in China); years without
            one share a basis of their own. Only years of one basis are compared.

    Raises:
        UsageError: there is no value, or the level is no probability.

    >>> found = annual_theil_sen({2019: 42, 2020: 40, 2021: 39, 2022: 35, 2023: 34})
    >>> found.slope, found.lower, round(found.upper, 3), round(found.coverage, 3)
    (-2.0, -4.0, -1.0, 0.983)
    >>> annual_theil_sen({2015: 90.0, 2020: 52.0}).reason_en
    '2 annual values give no interval of 95 %; it takes 5'
    """
    if not 0 < level < 1:
        raise UsageError(f"The level must lie between 0 and 1, got {level}.", "Write such as 0.95.")
    known = {int(y): float(v) for y, v in sorted(values.items()) if np.isfinite(v)}
    if not known:
        raise UsageError("There is no annual value to take a trend of.", "Give one value a year.")
    years = list(known)
    labels = [(bases or {}).get(y, "") for y in years]
    found = annual_slopes(years, [list(known.values())], level=level, bases=labels)
    slope, lower, upper = (float(a[0]) for a in (found.slope, found.lower, found.upper))
    percent, percent_lower, percent_upper = (
        _percent(s, known, labels) for s in (slope, lower, upper)
    )
    zh, en = _why(found.n, found.coverage, level, len(set(labels)) > 1)
    return AnnualTrend(
        slope=slope, lower=lower, upper=upper, percent=percent, percent_lower=percent_lower,
        percent_upper=percent_upper, level=level, coverage=found.coverage, first_year=years[0],
        last_year=years[-1], n=len(years), n_compared=found.n, bases=tuple(dict.fromkeys(labels)),
        reason_zh=zh, reason_en=en,
        conclusive=bool(np.isfinite(found.coverage)) and found.n >= FEWEST_YEARS_TO_CONCLUDE,
    )  # fmt: skip


def _percent(slope: float, known: Mapping[int, float], labels: list[str]) -> float:
    """Slope in % of the line's first year, the line at the median of its own basis."""
    if not np.isfinite(slope):
        return float("nan")
    first, _ = same_basis_pairs(labels)
    basis, start_year = labels[int(first[0])], list(known)[int(first[0])]
    own = [v - slope * (y - start_year) for (y, v), b in zip(known.items(), labels, strict=True)
           if b == basis]  # fmt: skip
    start = float(np.median(own))
    return 100.0 * slope / start if start > 0 else float("nan")


def _why(n: int, coverage: float, level: float, several: bool) -> tuple[str, str]:
    if np.isfinite(coverage):
        return "", ""
    if n == 0:
        return "没有两个年值可比，没有斜率", "no two annual values can be compared, so no slope"
    share = f"{100 * level:g}"
    if several:
        return (
            f"不同状态下的 {n} 个年值给不出 {share}% 区间",
            f"{n} annual values on different bases give no interval of {share} %",
        )
    return (
        f"{n} 个年值给不出 {share}% 区间，需要 {fewest_years(level)} 个",
        f"{n} annual values give no interval of {share} %; it takes {fewest_years(level)}",
    )
