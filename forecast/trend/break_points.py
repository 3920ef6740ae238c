"""Break points of a monthly series: how many, when, how sure, and what changed at each.

Bai and Perron (2003), doi:10.1002/jae.659: for every number of breaks dynamic programming finds
the stretches whose lines (or levels) leave the least squares, none shorter than a share of the
record; the number is that of the least BIC, as in the R package strucchange. Neighbouring months
are alike, which a BIC for independent months takes for breaks: here n is the number of
independent months that carry as much, n (1 - ρ) / (1 + ρ). Intervals come from noise drawn about
the fitted stretches with that dependence and searched again for as many breaks.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import InputError, UsageError
from forecast.trend.conclusion import (
    FEWEST_MONTHS_OF_A_STRETCH,
    FEWEST_MONTHS_TO_CONCLUDE,
    short_record,
)
from forecast.trend.months import deseasonalise, monthly_means
from forecast.trend.resampling import SEED, sieve_noise
from forecast.trend.segments import Stretches, best_stretches, line_costs, projection
from forecast.trend.steps import step_heights
from forecast.trend.wording import GAP_RULES, dates_text, number_text, span_text

__all__ = ["BreakPoint", "BreakPoints", "break_points"]


@dataclass(frozen=True)
class BreakPoint:
    """One break.

    Attributes:
        month: first month of the new stretch; ``first`` and ``last`` bound it.
        jump: level of the new line less that of the old one, at ``month`` [unit].
        slope_before, slope_after: of the lines on either side [unit per year]; 0 for levels.
    """

    month: pd.Timestamp
    first: pd.Timestamp
    last: pd.Timestamp
    jump: float
    slope_before: float
    slope_after: float


@dataclass(frozen=True)
class BreakPoints:
    """The breaks of a series and what they rest on.

    Attributes:
        points: the breaks in order of time; none is an answer too.
        bic: BIC of 0, 1, 2 … breaks; the least decides unless a number was asked for.
        asked: the number asked for, None = by BIC.
        kind: ``line``: level and slope may change; ``level``: the level alone.
        shortest: months in the shortest stretch allowed.
        rho: correlation of neighbouring months about the fit; ``n_effective`` the independent
            months that carry as much as the n months there are.
        level: probability that the intervals of the months are to hold.
        resamples: number of resamples.
        n, gap_rule, filled, deseasonalised: as for the Theil-Sen slope.
        known_breaks: first days of a new basis; their steps were taken off before the search.
        values: the series searched [unit]; ``fitted`` its stretches.
    """

    points: tuple[BreakPoint, ...]
    bic: tuple[float, ...]
    asked: int | None
    kind: Literal["line", "level"]
    shortest: int
    rho: float
    n: int
    n_effective: float
    level: float
    resamples: int
    gap_rule: str
    filled: tuple[pd.Timestamp, ...]
    deseasonalised: bool
    known_breaks: tuple[dt.date, ...]
    values: pd.Series = field(repr=False, compare=False)
    fitted: pd.Series = field(repr=False, compare=False)

    @property
    def words_zh(self) -> str:
        """The breaks and what they rest on, in Chinese."""
        named = "、".join(
            f"{p.month:%Y-%m}（{p.first:%Y-%m} 至 {p.last:%Y-%m}，跃变 {number_text(p.jump)}，"
            f"斜率 {number_text(p.slope_before)} → {number_text(p.slope_after)}/年）"
            for p in self.points
        )
        how = "按 BIC " if self.asked is None else "按指定"
        said = [
            f"{how}有 {len(self.points)} 个突变点" + (f"：{named}" if named else ""),
            f"{span_text(self.values.index, lang='zh')} 共 {self.n} 个月"
            f"（相邻月相关 {self.rho:.2f}，相当于 {self.n_effective:.0f} 个独立月），"
            f"{'已去季节（稳健 STL）' if self.deseasonalised else '未去季节'}",
            GAP_RULES[self.gap_rule][0]
            + (f"（{dates_text(self.filled, lang='zh')}）" if self.filled else ""),
            f"每段至少 {self.shortest} 个月，{'分段直线' if self.kind == 'line' else '分段均值'}，"
            f"{100 * self.level:g}% 区间来自 {self.resamples} 次重抽样",
        ]
        if self.known_breaks:
            days = "、".join(map(str, self.known_breaks))
            said.append(f"{days} 监测状态变化的台阶已先扣除")
        return "；".join(said)

    @property
    def words_en(self) -> str:
        """The breaks and what they rest on, in English."""
        named = ", ".join(
            f"{p.month:%Y-%m} ({p.first:%Y-%m} to {p.last:%Y-%m}, jump {number_text(p.jump)}, "
            f"slope {number_text(p.slope_before)} before and {number_text(p.slope_after)} after, "
            "a year)"
            for p in self.points
        )
        how = "by BIC" if self.asked is None else "as asked"
        said = [
            f"break points {how}: {len(self.points)}" + (f", {named}" if named else ""),
            f"{self.n} months from {span_text(self.values.index, lang='en')} (correlation of "
            f"neighbouring months {self.rho:.2f}, worth {self.n_effective:.0f} independent ones), "
            + ("season taken off (robust STL)" if self.deseasonalised else "season left in"),
            GAP_RULES[self.gap_rule][1]
            + (f" ({dates_text(self.filled, lang='en')})" if self.filled else ""),
            f"stretches of {self.shortest} months or more, "
            f"{'a line' if self.kind == 'line' else 'a level'} each; {100 * self.level:g} % "
            f"intervals from {self.resamples} resamples",
        ]
        if self.known_breaks:
            days = ", ".join(map(str, self.known_breaks))
            said.append(f"the step of the change of basis at {days} was taken off first")
        return "; ".join(said)


def break_points(
    monthly_series: pd.Series,
    deseason: bool = True,
    *,
    rng: np.random.Generator | None = None,
    kind: Literal["line", "level"] = "line",
    number: int | None = None,
    most: int = 5,
    shortest: float = 0.15,
    fewest_months: int = FEWEST_MONTHS_OF_A_STRETCH,
    autocorrelated: bool = True,
    known_breaks: Sequence[dt.date] = (),
    level: float = 0.95,
    resamples: int = 199,
) -> BreakPoints:
    """Find the months at which a monthly series took another course.

    Args:
        monthly_series: values by time (DatetimeIndex, any order) [unit]; NaN is missing. Readings
            closer than a month are averaged first.
        deseason: take the season off first (robust STL, missing months filled); else a missing
            month ends nothing and is left out.
        rng: draws the resamples; None: a generator of the fixed seed.
        kind: ``line`` = level and slope may change at a break, ``level`` = the level alone.
        number: number of breaks; None = the least BIC among 0 to ``most``.
        most: most breaks looked for, cut down to what ``shortest`` leaves room for.
        shortest: share of the record that a stretch has at least (strucchange: h), in (0, 0.5].
        fewest_months: months that a stretch has at least, whatever its share. Below two years a
            slope and the rest of a season can't be told apart.
        autocorrelated: allow for serial dependence in BIC and intervals; False is strucchange's
            BIC.
        known_breaks: first days of a new basis; their steps are taken off first, so that they are
            no news.
        level: probability that the intervals are to hold.
        resamples: number of resamples, 100 or more.

    Raises:
        InputError: fewer than five years
            (:func:`~forecast.trend.conclusion.short_record`), or too few months for two stretches.
        UsageError: an option without a meaning.
    """
    _check(kind, number, most, shortest, fewest_months, level, resamples)
    rng = np.random.default_rng(SEED) if rng is None else rng
    monthly = monthly_means(monthly_series)
    missing = bool(monthly.isna().any())
    if short_record(monthly)[0]:
        raise InputError(
            f"Break points need {FEWEST_MONTHS_TO_CONCLUDE} months, three quarters of them with a "
            f"value, and the record has {len(monthly)}, {int(monthly.notna().sum())} with one.",
            "Give a longer record.",
        )
    series = monthly - step_heights(monthly, known_breaks)
    filled: tuple[pd.Timestamp, ...] = ()
    if deseason:
        found = deseasonalise(series)
        series, filled = found.values, found.filled
    months = np.flatnonzero(series.notna().to_numpy())
    x, y = months / 12.0, series.to_numpy(dtype=np.float64)[months]
    n, k = len(y), 2 if kind == "line" else 1
    least = max(fewest_months, k + 1, math.floor(shortest * n + 1e-9))
    room = n // least - 1
    if room < 1 or n < 2 * (k + 1):
        raise InputError(
            f"{n} months leave no room for two stretches of {least}.",
            "Give a longer record, or ask for shorter stretches.",
        )
    if number is not None and number > room:
        raise UsageError(
            f"{n} months have no room for {number} breaks with stretches of {least} months.",
            f"Ask for {room} or fewer, or for shorter stretches.",
        )
    top = min(most, room) if number is None else number
    options = best_stretches(line_costs(x, y, k), least, top)
    chosen, rho, n_effective, bic = _choose(options, x, y, k, months, rng, autocorrelated, number)
    fit = projection(x, chosen.starts, k)
    centre = fit @ y
    noise, _ = sieve_noise(y, fit, months, resamples, rng, correlated=autocorrelated)
    drawn = np.array(
        [
            best_stretches(line_costs(x, centre + e, k), least, len(chosen.starts) - 1)[-1].starts
            for e in (noise if len(chosen.starts) > 1 else noise[:0])
        ]
    )
    index = pd.DatetimeIndex(series.index)[months]
    points = tuple(
        _point(at, index, x, y, chosen.starts, k, drawn[:, at], level)
        for at in range(1, len(chosen.starts))
    )
    return BreakPoints(
        points=points, bic=bic, asked=number, kind=kind, shortest=least, rho=rho, n=n,
        n_effective=n_effective, level=level, resamples=resamples, filled=filled,
        gap_rule="none" if not missing else "line_per_calendar_month" if deseason else "left_out",
        deseasonalised=deseason, known_breaks=tuple(sorted(known_breaks)), values=series,
        fitted=pd.Series(centre, index=index),
    )  # fmt: skip


def _check(
    kind: str,
    number: int | None,
    most: int,
    shortest: float,
    fewest_months: int,
    level: float,
    resamples: int,
) -> None:
    if kind not in ("line", "level"):
        raise UsageError(f"The kind can't be {kind!r}.", "Write line or level.")
    if (number is not None and number < 0) or most < 1:
        raise UsageError(
            f"The number of breaks can't be {number if number is not None else most}.",
            "Ask for 0 or more, and look for 1 or more.",
        )
    if not 0 < shortest <= 0.5:
        raise UsageError(
            f"The shortest stretch can't be {shortest} of the record.", "Write such as 0.15."
        )
    if fewest_months < 1:
        raise UsageError(
            f"The shortest stretch can't be {fewest_months} months.", "Write such as 24."
        )
    if not 0 < level < 1:
        raise UsageError(f"The level must lie between 0 and 1, got {level}.", "Write such as 0.95.")
    if resamples < 100:
        raise UsageError(f"{resamples} resamples do not give intervals.", "Ask for 100 or more.")


def _choose(
    options: list[Stretches],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    k: int,
    months: NDArray[np.int64],
    rng: np.random.Generator,
    autocorrelated: bool,
    number: int | None,
) -> tuple[Stretches, float, float, tuple[float, ...]]:
    """The division of the least BIC, ρ about it, the independent months, and all BIC.

    Breaks that are not fitted look like dependence, and breaks fitted to chance hide it. ρ is
    that about the most breaks first, then that about the number chosen with it, until they agree.
    """
    n, at, rho = len(y), len(options) - 1, 0.0
    for _ in range(len(options)):
        if autocorrelated:
            _, rho = sieve_noise(y, projection(x, options[at].starts, k), months, 1, rng)
        n_effective = n * (1 - rho) / (1 + rho)
        bic = tuple(_bic(option, n, n_effective, k) for option in options)
        before, at = at, int(np.argmin(bic)) if number is None else number
        if at >= before:
            break
    return options[at], rho, n_effective, bic


def _bic(option: Stretches, n: int, n_effective: float, k: int) -> float:
    """BIC with k coefficients and a month for each stretch, and one variance."""
    if option.squares <= 0:
        return -math.inf
    fit = n_effective * (math.log(option.squares / n) + 1 + math.log(2 * math.pi))
    return fit + math.log(n_effective) * (k + 1) * len(option.starts)


def _point(
    at: int,
    index: pd.DatetimeIndex,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    starts: tuple[int, ...],
    k: int,
    drawn: NDArray[np.int64],
    level: float,
) -> BreakPoint:
    edges = (*starts, len(y))
    here = starts[at]
    lines = []
    for stretch in (slice(edges[at - 1], here), slice(here, edges[at + 1])):
        slope, value = np.polyfit(x[stretch] - x[here], y[stretch], k - 1) if k == 2 else (
            0.0, y[stretch].mean())  # fmt: skip
        lines.append((float(slope), float(value)))
    tail = (1 - level) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail], method="closest_observation").astype(int)
    return BreakPoint(
        month=index[here], first=index[min(low, here)], last=index[max(high, here)],
        jump=lines[1][1] - lines[0][1], slope_before=lines[0][0], slope_after=lines[1][0],
    )  # fmt: skip
