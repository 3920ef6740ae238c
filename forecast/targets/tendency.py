"""Verdicts that need more than one year: directions without a number, changes on a base year.

A direction is judged on annual values, so on few of them. Its rules say what they need, and where
the years do not suffice for a conclusion the verdict is INCONCLUSIVE with the reason.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from forecast.targets.annual_slope import AnnualSlopes, annual_slopes, fewest_years
from forecast.targets.comparators import clip_probability, lower_is_better
from forecast.targets.each_year import each_year, first_rise
from forecast.targets.evidence import Evidence, Judgement, Thresholds
from forecast.targets.held import asks_stability, keep, stable
from forecast.targets.model import CURBING_TOKENS, Target
from forecast.targets.numeric import conclude, insufficient, numeric
from forecast.targets.wording import percent, words
from forecast.targets.year_series import YearSeries, known_past, year_series

__all__ = [
    "MIN_TREND_YEARS",
    "asks_stability",
    "change",
    "keep",
    "not_decrease",
    "stable",
    "trend",
]

#: Fewer annual values than this never carry a trend (two points always have a sign).
MIN_TREND_YEARS = 3

_EPS = 1e-9
#: Share of the paths without a conclusion from which on the year is expected to end without one.
_MOSTLY = 0.5

_RULE_ZH = {
    "DOWN_EACH_YEAR": "逐年相比，每年都须低于上一年",
    "UP_EACH_YEAR": "逐年相比，每年都须高于上一年",
    "DOWN": "年值的 Theil–Sen 斜率须小于 0，且末年须低于首年",
    "IMPROVE": "年值的 Theil–Sen 斜率须朝好的方向，且末年须好于首年",
}
_RULE_EN = {
    "DOWN_EACH_YEAR": "every year must lie below the one before",
    "UP_EACH_YEAR": "every year must lie above the one before",
    "DOWN": "the Theil-Sen slope of the annual values must be below 0 and the last year below the "
    "first",
    "IMPROVE": "the Theil-Sen slope of the annual values must point to the better side and the "
    "last year be better than the first",
}


def trend(target: Target, evidence: Evidence, limits: Thresholds) -> Judgement:
    """A direction without a number.

    * The curbing tokens (``CURB_GROWTH`` ...) are met if the upper bound of the interval of the
      Theil-Sen slope is at most 0, not met if the lower bound is above 0, else INCONCLUSIVE.
    * ``DOWN`` and ``IMPROVE`` are met if both the slope and the last year against the first point
      the right way, not met if neither does, else INCONCLUSIVE; whether the values fell in every
      single year is reported beside it.
    * ``DOWN_EACH_YEAR`` and ``UP_EACH_YEAR`` compare year with year and name the first breach.

    While the year is open each path ends it in its own way and the rule is applied to each: the
    probability is the share of paths that end as met, so it holds the uncertainty of the slope
    (the interval, on every path) and of the last year (the paths). Where at least half of them
    end without a conclusion the verdict is INCONCLUSIVE, the probability of "met" beside it.
    What no possible rest of the year can change is decided at once. Fewer than three years are
    INCONCLUSIVE; values on different measurement bases are never compared. A figure that people
    entered for the year is final, as it is for a number. The rule is part of the reason.
    """
    if not evidence.sufficient and target.computable:
        return insufficient(target, evidence)
    year = evidence.year if evidence.year is not None else target.year
    series = None if year is None else year_series(target, evidence, year)
    if series is None or len(series.years) < MIN_TREND_YEARS:
        return _too_few(target, evidence, limits, series)
    if target.token in ("DOWN_EACH_YEAR", "UP_EACH_YEAR"):
        rule = (_RULE_ZH[target.token], _RULE_EN[target.token])
        return each_year(target, series, evidence, limits, rule)
    slopes = _slopes(series, limits)
    if slopes.n < MIN_TREND_YEARS or len(series.comparable) < 2:
        return _not_comparable(target, series)
    rule = _rule(target, limits)
    curbing = target.token in CURBING_TOKENS
    if curbing and not np.isfinite(slopes.coverage):
        return _no_interval(target, series, slopes, limits)
    facts = _slope_said(target, series, slopes, limits)
    if not curbing:
        facts = _both(facts, _endpoint_said(target, series), _monotone_said(target, series))
    said, notes = series.said(target), series.notes(target)
    lead = (
        f"{target.label_zh}：{said[0]}；{facts[0]}",
        f"{target.label_en}: {said[1]}; {facts[1]}",
    )
    tail = (f"（规则：{rule[0]}）{notes[0]}。", f" (rule: {rule[1]}){notes[1]}.")
    outcome = _outcome(target, series, slopes)
    decided = int(outcome[0]) if series.final else _decided(target, series, evidence, limits)
    if decided is not None:
        verdict, p = {1: ("MET", 1.0), 0: ("INCONCLUSIVE", None), -1: ("NOT_MET", 0.0)}[decided]
        end_zh, end_en = _DECIDED[decided]
        if not series.final:
            end_zh = f"今年余下时间无论如何，结论都是{end_zh}"
            end_en = f"whatever the rest of the year brings, {end_en}"
        return Judgement(
            verdict, p, f"{lead[0]}；{end_zh}{tail[0]}", f"{lead[1]}; {end_en}{tail[1]}"
        )
    met, open_, failed = (np.count_nonzero(outcome == k) / outcome.size for k in (1, 0, -1))
    if open_ >= _MOSTLY:
        p = clip_probability(float(met), outcome.size)
        return Judgement(
            "INCONCLUSIVE",
            p,
            f"{lead[0]}；{outcome.size} 条模拟路径中判为达标 {percent(p)}、未达标 {_share(failed, outcome)}、"
            f"不能下结论 {_share(open_, outcome)}，年底多半不能下结论{tail[0]}",
            f"{lead[1]}; of {outcome.size} paths {percent(p)} end as met, "
            f"{_share(failed, outcome)} as not met and {_share(open_, outcome)} without a "
            f"conclusion, so the year will more likely than not end without one{tail[1]}",
        )
    verdict, p, end_zh, end_en = conclude(target, outcome == 1, limits)
    if open_ > 0:
        end_zh += f"，另有 {_share(open_, outcome)} 的路径不能下结论"
        end_en += f", and {_share(open_, outcome)} of the paths end without a conclusion"
    return Judgement(verdict, p, f"{lead[0]}；{end_zh}{tail[0]}", f"{lead[1]}; {end_en}{tail[1]}")


_DECIDED = {
    1: ("达标", "the target is met"),
    0: ("不能下结论", "nothing can be concluded"),
    -1: ("未达标", "the target is not met"),
}


def _rule(target: Target, limits: Thresholds) -> tuple[str, str]:
    if target.token not in CURBING_TOKENS:
        return _RULE_ZH[target.token], _RULE_EN[target.token]
    level = f"{100 * limits.trend_level:g}"
    return (
        f"年值的 Theil–Sen 斜率的 {level}% 区间，上限不大于 0 为达标，下限大于 0 为未达标，其余不能下结论",
        f"the {level} % interval of the Theil-Sen slope of the annual values: met if its upper "
        "bound is at most 0, not met if its lower bound is above 0, else no conclusion",
    )


def _sign(target: Target) -> float:
    """1 where a fall is asked for, -1 for a rise: "improve" turns with the indicator."""
    rises = target.token == "IMPROVE" and not lower_is_better(target.indicator, target.comparator)
    return -1.0 if rises else 1.0


def _slopes(series: YearSeries, limits: Thresholds) -> AnnualSlopes:
    return annual_slopes(series.years, series.table, level=limits.trend_level, bases=series.bases)


def _outcome(target: Target, series: YearSeries, slopes: AnnualSlopes) -> NDArray[np.int8]:
    """What the rule says of each path: 1 met, 0 no conclusion, -1 not met."""
    if target.token in CURBING_TOKENS:
        met = slopes.upper <= _EPS
        failed = slopes.lower > _EPS
        return met.astype(np.int8) - failed.astype(np.int8)
    sign = _sign(target)
    falls = slopes.slope * sign < -_EPS
    lower = (series.table[:, -1] - series.table[:, series.comparable[0]]) * sign < -_EPS
    return falls.astype(np.int8) + lower.astype(np.int8) - np.int8(1)


def _decided(
    target: Target, series: YearSeries, evidence: Evidence, limits: Thresholds
) -> int | None:
    """What the rule says already: it does not turn between the smallest and the largest value."""
    if evidence.bounds is None:
        return None
    ends = [series.with_last(b) for b in evidence.bounds]
    low, high = (int(_outcome(target, e, _slopes(e, limits))[0]) for e in ends)
    return low if low == high else None


def _share(share: float, outcome: NDArray[np.int8]) -> str:
    return percent(clip_probability(float(share), outcome.size)) if share else "0%"


def _signed(value: float) -> str:
    """With its sign, three digits; what rounds away prints as 0, and infinity as a word."""
    text = f"{value:+.3g}"
    return "0" if text in ("+0", "-0") else text.replace("+inf", "∞")


def _number(value: float, target: Target) -> str:
    bare = words(target).is_class or target.unit in ("-", "index")
    return f"{_signed(value)} {'' if bare else target.unit}".rstrip()


def _slope_said(
    target: Target, series: YearSeries, slopes: AnnualSlopes, limits: Thresholds
) -> tuple[str, str]:
    slope, lower, upper = (float(np.median(a)) for a in (slopes.slope, slopes.lower, slopes.upper))
    level = f"{100 * limits.trend_level:g}"
    if np.isfinite(slopes.coverage):
        inside_zh = f"{level}% 区间 {_signed(lower)} 至 {_signed(upper)}"
        inside_en = f"{level} % interval {_signed(lower)} to {_signed(upper)}"
        if not series.final:
            inside_zh, inside_en = (
                f"{inside_zh}，均取路径中位数",
                f"{inside_en}, medians over paths",
            )
    elif len(set(series.bases)) > 1:
        inside_zh = f"不同监测状态下的 {slopes.n} 个年值给不出 {level}% 区间"
        inside_en = f"{slopes.n} values on different bases give no {level} % interval"
    else:
        needed = fewest_years(limits.trend_level)
        inside_zh = f"{slopes.n} 个年值给不出 {level}% 区间，需要 {needed} 个"
        inside_en = f"{slopes.n} values give no {level} % interval, which takes {needed}"
    name_zh, name_en = ("", "") if series.final else ("中位数", "median ")
    return (
        f"斜率{name_zh}为每年 {_number(slope, target)}（{inside_zh}）",
        f"the {name_en}slope is {_number(slope, target)} a year ({inside_en})",
    )


def _endpoint_said(target: Target, series: YearSeries) -> tuple[str, str]:
    at = series.comparable[0]
    first = int(series.years[at])
    step = series.table[:, -1] - series.table[:, at]
    side_zh, side_en = ("低于", "below") if _sign(target) > 0 else ("高于", "above")
    if series.final:
        return (
            f"{series.year} 年比 {first} 年变化 {_number(float(step[0]), target)}",
            f"{series.year} against {first} is {_number(float(step[0]), target)}",
        )
    share = clip_probability(float(np.mean(step * _sign(target) < -_EPS)), step.size)
    return (
        f"{series.year} 年{side_zh} {first} 年的概率 {percent(share)}",
        f"the probability of {series.year} {side_en} {first} is {percent(share)}",
    )


def _monotone_said(target: Target, series: YearSeries) -> tuple[str, str]:
    """The stricter reading, on its own: did it move the right way in every year?"""
    way_zh, way_en = ("逐年下降", "fall") if _sign(target) > 0 else ("逐年上升", "rise")
    broken, share = first_rise(series, _sign(target))
    if broken is not None:
        return (
            f"并非{way_zh}（{broken} 年首次不满足）",
            f"no {way_en} in every year ({broken} is the first without)",
        )
    if series.final:
        return f"{way_zh}", f"a {way_en} in every year"
    p = percent(clip_probability(share, len(series.table)))
    return f"{way_zh}的概率 {p}", f"the probability of a {way_en} in every year is {p}"


def _both(*said: tuple[str, str]) -> tuple[str, str]:
    return "，".join(zh for zh, _ in said), ", ".join(en for _, en in said)


def _too_few(
    target: Target, evidence: Evidence, limits: Thresholds, series: YearSeries | None
) -> Judgement:
    """Fewer than three values, or none of the year judged."""
    w = words(target)
    year = evidence.year if evidence.year is not None else target.year
    past = (
        series.past
        if series is not None
        else ()
        if year is None
        else known_past(target, evidence, year)
    )
    if series is None and len(past) >= MIN_TREND_YEARS:
        return insufficient(target, evidence)
    known = len(past) + (1 if series is not None else 0)
    rule_zh, rule_en = _rule(target, limits)
    have_zh = f"（已有 {'、'.join(f'{y} 年 {w.zh(v)}' for y, v in past)}）" if past else ""
    have_en = f" (known: {', '.join(f'{w.en(v)} in {y}' for y, v in past)})" if past else ""
    return Judgement(
        "INCONCLUSIVE",
        None,
        f"{target.label_zh}是趋势目标（{rule_zh}），至少需要 {MIN_TREND_YEARS} 个年值，"
        f"现有 {known} 个{have_zh}，不能下结论。",
        f"{target.label_en} is a trend target ({rule_en}); it needs {MIN_TREND_YEARS} annual "
        f"values and there {'is' if known == 1 else 'are'} {known}{have_en}, so nothing can be "
        "concluded.",
    )


def _not_comparable(target: Target, series: YearSeries) -> Judgement:
    said, notes = series.said(target), series.notes(target)
    n = len(series.comparable)
    return Judgement(
        "INCONCLUSIVE",
        None,
        f"{target.label_zh}：{said[0]}；与 {series.year} 年监测状态相同的年值只有 {n} 个，"
        f"可比的年值不足 {MIN_TREND_YEARS} 个，不能下结论{notes[0]}。",
        f"{target.label_en}: {said[1]}; {n} of them {'is' if n == 1 else 'are'} on the measurement "
        f"basis of {series.year} and fewer than {MIN_TREND_YEARS} can be compared, so nothing can "
        f"be concluded{notes[1]}.",
    )


def _no_interval(
    target: Target, series: YearSeries, slopes: AnnualSlopes, limits: Thresholds
) -> Judgement:
    """Too few values for the interval that the rule asks for."""
    said, notes = series.said(target), series.notes(target)
    facts = _slope_said(target, series, slopes, limits)
    rule_zh, rule_en = _rule(target, limits)
    return Judgement(
        "INCONCLUSIVE",
        None,
        f"{target.label_zh}：{said[0]}；{facts[0]}，不能下结论（规则：{rule_zh}）{notes[0]}。",
        f"{target.label_en}: {said[1]}; {facts[1]}, so nothing can be concluded (rule: {rule_en})"
        f"{notes[1]}.",
    )


def not_decrease(target: Target, evidence: Evidence, limits: Thresholds) -> Judgement:
    """Not below the base year; without a baseline there is nothing to compare with."""
    base = None if target.base_year is None else evidence.history.get(target.base_year)
    if base is None:
        named_zh = f"（{target.base_year} 年）" if target.base_year else ""
        named_en = f" ({target.base_year})" if target.base_year else ""
        return Judgement(
            "NO_BASELINE",
            None,
            f"{target.label_zh}要求不低于基准{named_zh}，但规划没有给出基准值，不能判定。",
            f"{target.label_en} must not fall below its baseline{named_en}, which the plan does not "
            "give, so it can't be judged.",
        )
    lower = lower_is_better(target.indicator, target.comparator or ">=")
    numbered = target.model_copy(
        update={"value": base, "comparator": "<=" if lower else ">=", "token": ""}
    )
    return numeric(numbered, evidence, limits)


def change(target: Target, evidence: Evidence, limits: Thresholds) -> Judgement:
    """A percentage against a base year.

    ``observed`` is the percentage itself where it was published; else it is worked out from the
    ``levels`` of the quantity: ``100 * (value / base - 1)``, with the sign turned for a reduction.
    """
    if evidence.observed is not None or evidence.samples is not None:
        return numeric(target, evidence, limits)
    year = evidence.year if evidence.year is not None else target.year
    base = None if target.base_year is None else evidence.levels.get(target.base_year)
    if target.base_year is None or base is None or base == 0:
        if target.base_year is None:
            zh, en = "规划未写明基准年", "the plan does not name a base year"
        else:
            zh = f"没有基准年 {target.base_year} 年的数值"
            en = f"there is no usable value of the base year {target.base_year}"
        return Judgement(
            "NO_BASELINE",
            None,
            f"{target.label_zh}是相对基准年的变化，{zh}，也没有录入变化幅度，不能判定。",
            f"{target.label_en} is a change against a base year; {en} and no change was entered, so "
            "it can't be judged.",
        )
    now = None if year is None else evidence.levels.get(year)
    sign = -100.0 if target.change == "reduction" else 100.0
    if now is None and evidence.level_samples is not None and not evidence.year_over:
        # Each path ends the year in its own way, so the change has a probability.
        paths = np.asarray(np.round(sign * (evidence.level_samples / base - 1.0), 2))
        open_ = target.model_copy(update={"data": "readings"})
        return numeric(open_, replace(evidence, samples=paths, sufficient=True), limits)
    if now is None:
        return insufficient(target, evidence)
    percent_change = sign * (now / base - 1.0)
    judged = Evidence(
        observed=round(percent_change, 2), year=year, year_over=evidence.year_over,
        as_of=evidence.as_of,
    )  # fmt: skip
    return numeric(target, judged, limits)
