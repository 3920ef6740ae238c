"""Daniel's test of annual values, the trend test of the Chinese method, in its own words.

The test and its critical values are those of :mod:`forecast.standards.daniel` (Spearman's rank
correlation with time, |rs| compared with Wp). This module keeps what the number rests on beside
it: the years, the gaps, the bases, and what the direction means for the indicator.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from forecast.errors import UsageError
from forecast.standards.daniel import CRITICAL_VALUES, FEWEST, spearman_trend

__all__ = ["DanielTest", "daniel_test"]


@dataclass(frozen=True)
class DanielTest:
    """Result of the test.

    Attributes:
        rs: rank correlation with time, -1 to 1; NaN with fewer than five years on one basis.
        critical: Wp, the value that |rs| must reach; ``tabled``: it is one of the table of the
            method, else it was computed from the distribution of rs.
        level: significance level, 0.05 or 0.01.
        direction: 1 rise, -1 fall, 0 not significant.
        better: which way is better for the indicator, ``lower`` or ``higher``.
        n, first_year, last_year: the years tested.
        missing: years between them without a value.
        basis: the basis of the years tested, empty where none was named.
        left_out: years on another basis, not tested.
    """

    rs: float
    critical: float
    tabled: bool
    level: float
    direction: int
    better: Literal["lower", "higher"]
    n: int
    first_year: int
    last_year: int
    missing: tuple[int, ...]
    basis: str
    left_out: tuple[int, ...]

    @property
    def significant(self) -> bool:
        """Whether |rs| reaches the critical value."""
        return self.direction != 0

    @property
    def verdict_zh(self) -> str:
        """显著上升 and its like, with what that means for the environment."""
        if math.isnan(self.rs):
            return "年数不足，不作检验"
        if not self.direction:
            return "变化趋势不显著"
        good = (self.direction < 0) == (self.better == "lower")
        return f"显著{'上升' if self.direction > 0 else '下降'}（{'好转' if good else '变差'}）"

    @property
    def verdict_en(self) -> str:
        """The same in English."""
        if math.isnan(self.rs):
            return "too few years for the test"
        if not self.direction:
            return "no significant trend"
        good = (self.direction < 0) == (self.better == "lower")
        way = "rise" if self.direction > 0 else "fall"
        return f"significant {way} ({'better' if good else 'worse'})"

    @property
    def words_zh(self) -> str:
        """The result and what it rests on, in Chinese."""
        said = [f"Daniel 趋势检验（Spearman 秩相关）：{self.verdict_zh}"]
        span = f"{self.first_year}—{self.last_year} 年 {self.n} 个年值"
        if math.isnan(self.rs):
            said.append(f"{span}，至少需要 {FEWEST} 个")
        else:
            source = "查表" if self.tabled else "由 rs 的分布计算"
            said.append(
                f"rs = {self.rs:.3f}，N = {self.n}，临界值 Wp = {self.critical:.3f}"
                f"（α = {self.level:g}，单侧，{source}）"
            )
            said.append(span)
        if self.missing:
            said.append("缺 " + "、".join(map(str, self.missing)) + " 年")
        if self.left_out:
            said.append("监测状态不同的 " + "、".join(map(str, self.left_out)) + " 年不参加检验")
        return "；".join(said)

    @property
    def words_en(self) -> str:
        """The result and what it rests on, in English."""
        said = [f"Daniel's test (Spearman's rank correlation): {self.verdict_en}"]
        span = f"{self.n} annual values from {self.first_year} to {self.last_year}"
        if math.isnan(self.rs):
            said.append(f"{span}; it takes {FEWEST}")
        else:
            source = "tabled" if self.tabled else "computed from the distribution of rs"
            said.append(
                f"rs = {self.rs:.3f}, N = {self.n}, critical value Wp = {self.critical:.3f} "
                f"(level {self.level:g}, one-sided, {source})"
            )
            said.append(span)
        if self.missing:
            said.append("no value in " + ", ".join(map(str, self.missing)))
        if self.left_out:
            said.append("left out, on another basis: " + ", ".join(map(str, self.left_out)))
        return "; ".join(said)


def daniel_test(
    values: Mapping[int, float],
    *,
    level: float = 0.05,
    better: Literal["lower", "higher"] = "lower",
    bases: Mapping[int, str] | None = None,
) -> DanielTest:
    """Test annual values for a trend by the rank correlation of the Chinese method.

    A step between two bases is no trend, and ranks can't tell the two apart: only the years on
    the basis of the last year with a value are tested.

    Args:
        values: year → value [unit], in any order; NaN is missing.
        level: 0.05 or 0.01.
        better: which way is better for the indicator.
        bases: year → basis of measurement, where it changed.

    Raises:
        UsageError: no value, or a level or direction that the method does not have.

    >>> found = daniel_test({2016: 50, 2017: 46, 2018: 43, 2019: 39, 2020: 35, 2021: 36})
    >>> round(found.rs, 3), found.critical, found.verdict_en
    (-0.943, 0.829, 'significant fall (better)')
    """
    if level not in (0.05, 0.01):
        raise UsageError(
            f"The test has no critical values for the level {level:g}.", "Write 0.05 or 0.01."
        )
    if better not in ("lower", "higher"):
        raise UsageError(f"Better can't be {better!r}.", "Write lower or higher.")
    known = {int(y): float(v) for y, v in sorted(values.items()) if math.isfinite(v)}
    if not known:
        raise UsageError("There is no annual value to test.", "Give one value a year.")
    labels = bases or {}
    basis = labels.get(max(known), "")
    used = {y: v for y, v in known.items() if labels.get(y, "") == basis}
    found = spearman_trend(list(used.values()), level=level)
    first, last = min(used), max(used)
    return DanielTest(
        rs=found.rs, critical=found.critical, tabled=found.n in CRITICAL_VALUES, level=level,
        direction=found.direction, better=better, n=found.n, first_year=first, last_year=last,
        missing=tuple(y for y in range(first, last + 1) if y not in known), basis=basis,
        left_out=tuple(y for y in known if y not in used),
    )  # fmt: skip
