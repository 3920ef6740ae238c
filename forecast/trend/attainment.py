"""The year from which a trend line keeps a limit, with an interval, or "not within the horizon".

The line of a Theil-Sen slope is carried on as it is: the answer says when the limit would be kept
if the pace of the record went on, not that it will. Each resample of the slope carries its own
line, so the interval holds what the record leaves open of slope and level. A single year lies
above or below its line by the luck of its weather; ``likely_year`` allows for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import UsageError
from forecast.trend.monthly import TheilSen
from forecast.trend.wording import number_text

__all__ = ["Attainment", "attainment_year"]

_YEAR = 365.0
#: Years after the record that are looked at where no horizon is named.
_AHEAD = 10
#: Whole years from which the scatter of single years about the line can be told.
_FEWEST_YEARS = 4
#: From here on a year is called likely, as in the verdicts on targets.
_LIKELY = 0.8


@dataclass(frozen=True)
class Attainment:
    """From when on a limit is kept.

    Attributes:
        year: first year from which the line keeps the limit up to the horizon; None = not within
            the horizon.
        first, last: bounds of that year; None = that bound is beyond the horizon.
        likely_year: first year from which single years keep the limit with a probability of 0.8
            or more up to the horizon; None = none within it, or the record has fewer than four
            whole years (``scatter`` is then NaN).
        probability: share of the resampled lines that keep the limit in the horizon's year.
        limits: limit of every year looked at [unit].
        better: which side of the limit is kept, ``lower`` or ``higher``.
        first_year, horizon: the years looked at.
        last_data: last month of the record.
        level: probability that the bounds are to hold.
        slope: the slope carried on [unit per 365 days].
        scatter: standard deviation of whole years about the line [unit].
        resamples: number of lines.
        conclusive: whether the record of the slope is long enough for a conclusion;
            ``reason_zh``, ``reason_en``: why not.
    """

    year: int | None
    first: int | None
    last: int | None
    likely_year: int | None
    probability: float
    limits: Mapping[int, float]
    better: Literal["lower", "higher"]
    first_year: int
    horizon: int
    last_data: pd.Timestamp
    level: float
    slope: float
    scatter: float
    resamples: int
    conclusive: bool = True
    reason_zh: str = ""
    reason_en: str = ""

    @property
    def within(self) -> bool:
        """Whether the line keeps the limit within the horizon."""
        return self.year is not None

    @property
    def words_zh(self) -> str:
        """The answer and what it rests on, in Chinese."""

        def named(year: int | None) -> str:
            return f"{self.horizon} 年以后" if year is None else f"{year} 年"

        limit = _limits_text(self.limits, "zh")
        share = f"{100 * self.level:g}% 区间 {named(self.first)}至 {named(self.last)}"
        if self.year is None:
            head = f"按现有趋势，{self.horizon} 年前不能达到限值 {limit}（{share}）"
        else:
            head = f"按现有趋势，{self.year} 年起达到限值 {limit}（{share}）"
        single = (
            "整年不足，未估计单年波动"
            if np.isnan(self.scatter)
            else f"计入单年波动（标准差 {number_text(self.scatter).lstrip('+')}），"
            + (f"{self.likely_year} 年起单年达标概率不低于 80%" if self.likely_year is not None
               else f"{self.horizon} 年前单年达标概率达不到 80%")
        )  # fmt: skip
        return (
            f"{head}；{single}；以 {number_text(self.slope)}/年外推，数据止于 "
            f"{self.last_data:%Y-%m}，{self.resamples} 条重抽样直线；不是预测，减排力度变化时不成立"
            + ("" if self.conclusive else f"；{self.reason_zh}")
        )

    @property
    def words_en(self) -> str:
        """The answer and what it rests on, in English."""

        def named(year: int | None) -> str:
            return f"after {self.horizon}" if year is None else str(year)

        limit = _limits_text(self.limits, "en")
        share = f"{100 * self.level:g} % interval {named(self.first)} to {named(self.last)}"
        if self.year is None:
            head = f"at the present pace the limit {limit} is not kept within the horizon, "
            head += f"{self.horizon} ({share})"
        else:
            head = f"at the present pace the limit {limit} is kept from {self.year} on ({share})"
        single = (
            "too few whole years to tell how far single years stray"
            if np.isnan(self.scatter)
            else "with the scatter of single years (standard deviation "
            f"{number_text(self.scatter).lstrip('+')}) "
            + (f"each year from {self.likely_year} on keeps it with 80 % or more"
               if self.likely_year is not None
               else f"no year up to {self.horizon} keeps it with 80 % and stays there")
        )  # fmt: skip
        return (
            f"{head}; {single}; {number_text(self.slope)} a year carried on from "
            f"{self.last_data:%Y-%m}, {self.resamples} resampled lines; no forecast, it ends when "
            "the measures change" + ("" if self.conclusive else f"; {self.reason_en}")
        )


def attainment_year(
    trend: TheilSen,
    limit: float | Mapping[int, float],
    *,
    better: Literal["lower", "higher"] = "lower",
    horizon: int | None = None,
    level: float | None = None,
) -> Attainment:
    """Find the year from which the line of a trend keeps a limit up to the horizon.

    Args:
        trend: a slope with its resamples; after its last break, where it has any.
        limit: limit of the annual mean [unit]; or year → limit where the standard changes, each
            year taking that of the last year named before it.
        better: ``lower``: values up to the limit keep it; ``higher``: values from it on.
        horizon: last year looked at; None = ten years after the record.
        level: probability that the bounds are to hold; None = that of the trend.

    Raises:
        UsageError: the horizon lies before the end of the record, a level or direction without a
            meaning, or no limit for the first year.

    40 in 2015 falling by 2 a year passes 31 in the middle of 2019 and keeps it from 2020 on:

    >>> from forecast.trend.monthly import theil_sen
    >>> months = pd.date_range("2015-01-01", periods=49, freq="MS")
    >>> days = (months - months[0]).days.to_numpy()
    >>> line = theil_sen(pd.Series(40.0 - 2.0 / 365 * days, index=months), deseason=False)
    >>> found = attainment_year(line, 30.9)
    >>> found.year, found.first, found.last, attainment_year(line, 1.0).year
    (2020, 2020, 2020, None)
    """
    last = trend.values.index[-1]
    horizon = last.year + _AHEAD if horizon is None else horizon
    level = trend.level if level is None else level
    if horizon < last.year:
        raise UsageError(
            f"The horizon {horizon} lies before the end of the record, {last:%Y-%m}.",
            "Name a year to come.",
        )
    if better not in ("lower", "higher"):
        raise UsageError(f"Better can't be {better!r}.", "Write lower or higher.")
    if not 0 < level < 1:
        raise UsageError(f"The level must lie between 0 and 1, got {level}.", "Write such as 0.95.")
    passed = [pd.Timestamp(day) for day in trend.breaks if pd.Timestamp(day) <= last]
    first_year = max([trend.values.index[0], *passed]).year
    years = np.arange(first_year, horizon + 1)
    limits = _limits(limit, years)
    sign = 1.0 if better == "lower" else -1.0
    # Monthly means stand at the first of their months, so a year's mean is the line at the mean of
    # those twelve days.
    starts = (years[:, None] - 1970) * 12 + np.arange(12)
    middle = starts.astype("datetime64[M]").astype("datetime64[D]").astype(np.float64).mean(axis=1)
    line = trend.line()
    own = float(line.iloc[-1]) - trend.slope / _YEAR * _day(last)
    estimate = own + trend.slope / _YEAR * middle
    kept = np.isfinite(trend.slope_draws) & np.isfinite(trend.level_draws)
    lines = trend.level_draws[kept, None] + trend.slope_draws[kept, None] / _YEAR * middle[None, :]
    bound = np.array(list(limits.values()))
    tolerance = 1e-9 * np.maximum(1.0, np.abs(bound))
    year = _from(sign * (estimate - bound) <= tolerance, years)
    drawn = np.array([_from(sign * (row - bound) <= tolerance, years) or np.inf for row in lines])
    tail = (1 - level) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail], method="inverted_cdf")
    off = _year_departures(trend.values - line)
    likely = None
    if off.size:
        share = np.mean(
            [(sign * (lines + e - bound) <= tolerance).mean(axis=0) for e in off], axis=0
        )
        likely = _from(share >= _LIKELY, years)
    return Attainment(
        year=year, first=_finite(low), last=_finite(high), likely_year=likely,
        probability=float((sign * (lines[:, -1] - bound[-1]) <= tolerance[-1]).mean()),
        limits=limits, better=better, first_year=first_year, horizon=horizon, last_data=last,
        level=level, slope=trend.slope, resamples=len(lines),
        scatter=float(np.sqrt(np.mean(off**2))) if off.size else float("nan"),
        conclusive=trend.conclusive, reason_zh=trend.reason_zh, reason_en=trend.reason_en,
    )  # fmt: skip


def _limits(limit: float | Mapping[int, float], years: NDArray[np.int64]) -> dict[int, float]:
    if not isinstance(limit, Mapping):
        return {int(y): float(limit) for y in years}
    named = sorted(limit)
    if not named or named[0] > years[0]:
        raise UsageError(
            f"No limit is named for {years[0]}, the first year of the line.",
            "Name one for that year or an earlier one.",
        )
    return {int(y): float(limit[max(n for n in named if n <= y)]) for y in years}


def _limits_text(limits: Mapping[int, float], lang: str) -> str:
    """One limit, or every limit with the last year it holds for."""
    named = [
        (value, year) for year, value in limits.items() if limits.get(year + 1, np.nan) != value
    ]
    if len(named) == 1:
        return f"{named[0][0]:g}"
    if lang == "zh":
        return "、".join(f"{value:g}（至 {year} 年）" for value, year in named)
    return ", ".join(f"{value:g} (to {year})" for value, year in named)


def _from(keeps: NDArray[np.bool_], years: NDArray[np.int64]) -> int | None:
    """First year from which all are kept; None where the last one is not."""
    failing = np.flatnonzero(~keeps)
    if not failing.size:
        return int(years[0])
    at = int(failing[-1]) + 1
    return int(years[at]) if at < len(years) else None


def _year_departures(rest: pd.Series) -> NDArray[np.float64]:
    """Means of whole calendar years about the line, about zero, widened for the line's two."""
    by_year = rest.groupby(pd.DatetimeIndex(rest.index).year).agg(["mean", "count"])
    whole = by_year.loc[by_year["count"] == 12, "mean"].to_numpy(dtype=np.float64)
    n = len(whole)
    if n < _FEWEST_YEARS:
        return np.empty(0)
    return np.asarray((whole - whole.mean()) * np.sqrt(n / (n - 2)))


def _finite(year: float) -> int | None:
    return int(year) if np.isfinite(year) else None


def _day(month: pd.Timestamp) -> float:
    return float(month.to_datetime64().astype("datetime64[D]").astype(np.int64))
