"""The annual values that a direction is judged on: past years, and the year of each path."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.targets.evidence import Evidence
from forecast.targets.model import Target, period_years
from forecast.targets.numeric import finite_samples, gap
from forecast.targets.wording import words

__all__ = ["YearSeries", "known_past", "year_series"]

#: Gases went over to 25 °C and particles to actual conditions on 2018-09-01: the values of the
#: years before stand on another basis, and that of 2018 stands on both.
_BASIS_YEAR = 2018
_MIXED = "mixed"
#: Five-year plans end in years that 5 divides.
_PLAN_YEARS = 5


@dataclass(frozen=True)
class YearSeries:
    """Annual values on which a trend target is judged.

    Attributes:
        years: shape (year,), ascending; the last is the year judged.
        table: shape (path, year) [unit]; one row where the year is over.
        bases: measurement basis of each year.
        final: nothing of the last year is open.
        past: the years before, with their values.
    """

    years: NDArray[np.float64]
    table: NDArray[np.float64]
    bases: tuple[str, ...]
    final: bool
    past: tuple[tuple[int, float], ...]

    @property
    def year(self) -> int:
        """The year judged."""
        return int(self.years[-1])

    @property
    def comparable(self) -> tuple[int, ...]:
        """Positions of the years on the basis of the year judged, itself included."""
        return tuple(i for i, b in enumerate(self.bases) if b == self.bases[-1])

    def with_last(self, value: float) -> YearSeries:
        """The same years with one value for the year judged."""
        row = np.append(np.array([v for _, v in self.past], dtype=float), value)
        return YearSeries(self.years, row[None, :], self.bases, self.final, self.past)

    def said(self, target: Target) -> tuple[str, str]:
        """The values in words (zh, en), the year judged by its median."""
        w = words(target)
        last = float(np.median(self.table[:, -1]))
        zh = [f"{y} 年{gap(w.zh(v))}" for y, v in self.past]
        en = [f"{w.en(v)} in {y}" for y, v in self.past]
        zh.append(f"{self.year} 年{'' if self.final else '预计中位数'}{gap(w.zh(last))}")
        en.append(f"{'' if self.final else 'a median forecast of '}{w.en(last)} in {self.year}")
        return "、".join(zh), ", ".join(en)

    def notes(self, target: Target) -> tuple[str, str]:
        """What a reader has to know of the values (zh, en): the statistic and the basis."""
        zh: list[str] = []
        en: list[str] = []
        if target.indicator == "o3_8h_p90":
            zh.append("统计量为 O3 日最大 8 小时平均的第 90 百分位数")
            en.append("the statistic is the 90th percentile of the daily maximum 8-hour mean of O3")
        if len(set(self.bases)) > 1:
            zh.append("监测状态不同的年份（如 2018-09-01 前后）不相比较，其间的台阶不算趋势")
            en.append(
                "years on different measurement bases (such as before and after 2018-09-01) are "
                "not compared, and the step between them is no trend"
            )
        return "".join(f"；{t}" for t in zh), "".join(f"; {t}" for t in en)


def year_series(target: Target, evidence: Evidence, year: int) -> YearSeries | None:
    """The values of ``year`` and of the years it is compared with; None without any for ``year``.

    The first year is the base year of the target, else the year before its period, else the last
    year of the five-year plan before the one that the target's year ends, else the first known.
    """
    samples = finite_samples(evidence)
    entered = not target.computable and evidence.samples is None
    final = (evidence.year_over or entered) and evidence.observed is not None
    if final and evidence.observed is not None:
        samples = np.array([evidence.observed], dtype=float)
    past = known_past(target, evidence, year)
    if samples.size == 0:
        return None
    table = np.column_stack(
        [np.tile(np.array([v for _, v in past], dtype=float), (samples.size, 1)), samples]
    )
    years = [y for y, _ in past] + [year]
    bases = tuple(_basis(target, evidence, y) for y in years)
    return YearSeries(np.array(years, dtype=float), table, bases, final, past)


def known_past(target: Target, evidence: Evidence, year: int) -> tuple[tuple[int, float], ...]:
    """Years before ``year`` that count, with their values."""
    first = _first_year(target)
    return tuple(
        (y, v)
        for y, v in sorted(evidence.history.items())
        if y < year and (first is None or y >= first) and np.isfinite(v)
    )


def _first_year(target: Target) -> int | None:
    span = period_years(target.period)
    if target.base_year is not None:
        return target.base_year
    if span is not None:
        return span[0] - 1
    if target.year is not None and target.year % _PLAN_YEARS == 0:
        return target.year - _PLAN_YEARS
    return None


def _basis(target: Target, evidence: Evidence, year: int) -> str:
    # Words as the tables of readings have them. Counts of days go by the AQI, and so by the same
    # concentrations.
    by_date = "standard_state" if year < _BASIS_YEAR else "actual" if year > _BASIS_YEAR else _MIXED
    measured = target.computable and target.domain == "air"
    found = evidence.bases.get(year, by_date if measured else "")
    # A year on both bases is comparable with no other, not even with another such year.
    return f"{found} {year}" if found == _MIXED else found
