"""Verdicts that need more than one year: trends, levels to keep, changes against a base year."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from forecast.targets.comparators import lower_is_better, meets, theil_sen_slope
from forecast.targets.evidence import Evidence, Judgement, Thresholds
from forecast.targets.model import CURBING_TOKENS, Target, period_years
from forecast.targets.numeric import conclude, finite_samples, insufficient, numeric
from forecast.targets.wording import words

__all__ = ["MIN_TREND_YEARS", "change", "keep", "not_decrease", "trend"]

#: Fewer annual values than this never carry a trend (two points always have a sign).
MIN_TREND_YEARS = 3

_RULE_ZH = {
    "DOWN_EACH_YEAR": "逐年相比，每年都须低于上一年",
    "UP_EACH_YEAR": "逐年相比，每年都须高于上一年",
    "DOWN": "年值的 Theil–Sen 斜率须小于 0",
    "IMPROVE": "年值的 Theil–Sen 斜率须朝好的方向",
}
_RULE_EN = {
    "DOWN_EACH_YEAR": "every year must lie below the one before",
    "UP_EACH_YEAR": "every year must lie above the one before",
    "DOWN": "the Theil-Sen slope of the annual values must be below 0",
    "IMPROVE": "the Theil-Sen slope of the annual values must point to the better side",
}
_CURB_ZH = "年值的 Theil–Sen 斜率不得大于 0"
_CURB_EN = "the Theil-Sen slope of the annual values must not exceed 0"


def trend(target: Target, evidence: Evidence, limits: Thresholds) -> Judgement:
    """A direction without a number.

    ``DOWN_EACH_YEAR`` compares year with year; ``DOWN`` asks for a Theil-Sen slope below 0 and the
    curbing tokens for one not above 0, over the past years and the year of each path. Fewer than
    three years are INCONCLUSIVE. A figure that people entered for the year is final, as it is for
    a number. The rule used is part of the reason.
    """
    if not evidence.sufficient and target.computable:
        return insufficient(target, evidence)
    w = words(target)
    year = evidence.year if evidence.year is not None else target.year
    past = _past(target, evidence, year)
    rule_zh = _RULE_ZH.get(target.token, _CURB_ZH)
    rule_en = _RULE_EN.get(target.token, _CURB_EN)
    samples = finite_samples(evidence)
    entered = not target.computable and evidence.samples is None
    final = (evidence.year_over or entered) and evidence.observed is not None
    if final and evidence.observed is not None:
        samples = np.array([evidence.observed], dtype=float)
    if samples.size == 0 and len(past) >= MIN_TREND_YEARS:
        return insufficient(target, evidence)
    known = len(past) + (1 if samples.size else 0)
    series_zh = "、".join(f"{y} 年 {w.zh(v)}" for y, v in past)
    series_en = ", ".join(f"{w.en(v)} in {y}" for y, v in past)
    if known < MIN_TREND_YEARS or samples.size == 0 or year is None:
        have_zh = f"（已有 {series_zh}）" if past else ""
        have_en = f" (known: {series_en})" if past else ""
        return Judgement(
            "INCONCLUSIVE",
            None,
            f"{target.label_zh}是趋势目标（{rule_zh}），至少需要 {MIN_TREND_YEARS} 个年值，"
            f"现有 {known} 个{have_zh}，不能下结论。",
            f"{target.label_en} is a trend target ({rule_en}); it needs {MIN_TREND_YEARS} annual "
            f"values and there are {known}{have_en}, so nothing can be concluded.",
        )
    years = np.array([y for y, _ in past] + [year], dtype=float)
    table = np.column_stack(
        [np.tile(np.array([v for _, v in past], dtype=float), (samples.size, 1)), samples]
    )
    if target.token in ("DOWN_EACH_YEAR", "UP_EACH_YEAR"):
        return _each_year(target, limits, years, table, (series_zh, series_en), final)
    slopes = theil_sen_slope(years, table)
    # "Improve" turns with the indicator; falling and curbing tokens mean the number itself.
    rises = target.token == "IMPROVE" and not lower_is_better(target.indicator, target.comparator)
    sign = -1.0 if rises else 1.0
    hits = slopes <= 1e-9 if target.token in CURBING_TOKENS else slopes * sign < -1e-9
    slope = float(np.median(slopes))
    per_zh = f"为每年 {slope:+.3g} {'' if w.is_class else target.unit}".rstrip()
    per_en = f"{slope:+.3g} {'' if w.is_class else target.unit}".rstrip() + " a year"
    lead_zh = f"{target.label_zh}：{series_zh}，{year} 年{_mid(samples, w.zh, final, '预计中位数')}"
    lead_en = (
        f"{target.label_en}: {series_en}, {_mid(samples, w.en, final, 'median forecast')} in {year}"
    )
    if final:
        met = bool(hits[0])
        return Judgement(
            "MET" if met else "NOT_MET",
            1.0 if met else 0.0,
            f"{lead_zh}；斜率{per_zh}（{rule_zh}），{'达标' if met else '未达标'}。",
            f"{lead_en}; the slope is {per_en} ({rule_en}): {'met' if met else 'not met'}.",
        )
    verdict, p, end_zh, end_en = conclude(target, hits, limits)
    return Judgement(
        verdict,
        p,
        f"{lead_zh}；斜率中位数{per_zh}（{rule_zh}），{end_zh}。",
        f"{lead_en}; the median slope is {per_en} ({rule_en}); {end_en}.",
    )


def _mid(
    samples: NDArray[np.float64], text: Callable[[float], str], final: bool, prefix: str
) -> str:
    return f"{'' if final else prefix} {text(float(np.median(samples)))}".strip()


def _past(target: Target, evidence: Evidence, year: int | None) -> list[tuple[int, float]]:
    """Annual values before ``year``, from the base year or the year before the period on."""
    first = target.base_year
    span = period_years(target.period)
    if first is None and span is not None:
        first = span[0] - 1
    return [
        (y, v)
        for y, v in sorted(evidence.history.items())
        if (year is None or y < year) and (first is None or y >= first) and np.isfinite(v)
    ]


def _each_year(
    target: Target,
    limits: Thresholds,
    years: NDArray[np.float64],
    table: NDArray[np.float64],
    series: tuple[str, str],
    final: bool,
) -> Judgement:
    up = target.token == "UP_EACH_YEAR"
    steps = np.diff(table, axis=1) * (-1.0 if up else 1.0)
    falls = steps < -1e-9
    rule_zh, rule_en = _RULE_ZH[target.token], _RULE_EN[target.token]
    breaches = np.flatnonzero(~falls[0, :-1])
    if breaches.size:
        bad = int(years[breaches[0] + 1])
        return Judgement(
            "NOT_MET",
            0.0,
            f"{target.label_zh}：{series[0]}；{rule_zh}，{bad} 年首次不满足，未达标。",
            f"{target.label_en}: {series[1]}; {rule_en}, and {bad} is the first year that does not: "
            "not met.",
        )
    hits = falls[:, -1]
    known = set(years.astype(int).tolist())
    unknown = [y for y in range(min(known), max(known)) if y not in known]
    if final and bool(hits[0]) and unknown:
        gaps = ", ".join(map(str, unknown))
        return Judgement(
            "INSUFFICIENT_DATA",
            None,
            f"{target.label_zh}：{series[0]}；{rule_zh}，而 {'、'.join(map(str, unknown))} 年没有数值，不能判定。",
            f"{target.label_en}: {series[1]}; {rule_en}, and there is no figure for {gaps}, so it "
            "can't be judged.",
        )
    if final:
        met = bool(hits[0])
        return Judgement(
            "MET" if met else "NOT_MET",
            1.0 if met else 0.0,
            f"{target.label_zh}：{series[0]}，{int(years[-1])} 年 {words(target).zh(float(table[0, -1]))}；"
            f"{rule_zh}，{'达标' if met else '未达标'}。",
            f"{target.label_en}: {series[1]}, {words(target).en(float(table[0, -1]))} in "
            f"{int(years[-1])}; {rule_en}: {'met' if met else 'not met'}.",
        )
    verdict, p, end_zh, end_en = conclude(target, hits, limits)
    return Judgement(
        verdict,
        p,
        f"{target.label_zh}：{series[0]}；{rule_zh}，{end_zh}。",
        f"{target.label_en}: {series[1]}; {rule_en}; {end_en}.",
    )


def keep(target: Target, evidence: Evidence, limits: Thresholds) -> Judgement:
    """A level that every year of the period holds; the first breach decides it."""
    span = period_years(target.period)
    year = evidence.year if evidence.year is not None else target.year
    if target.value is None or span is None or year is None:
        return numeric(target, evidence, limits)
    w = words(target)
    aim_zh, aim_en = w.aim()
    room = target.tolerance or 0.0
    past = {y: v for y, v in sorted(evidence.history.items()) if span[0] <= y < year}
    for y, v in past.items():
        if not bool(meets(v, target.comparator, target.value, room)):
            return Judgement(
                "NOT_MET",
                0.0,
                f"{target.label_zh}须在 {target.period} 年每年{aim_zh}，{y} 年为 {w.zh(v)}，首次未守住，未达标。",
                f"{target.label_en} has to be {aim_en} in every year of {target.period}; {y} was "
                f"{w.en(v)}, the first breach: not met.",
            )
    now = numeric(target, evidence, limits)
    missing = [y for y in range(span[0], year) if y not in past]
    gaps_zh = f"{'、'.join(map(str, missing))} 年没有数值" if missing else ""
    gaps_en = f"no figure for {', '.join(map(str, missing))}" if missing else ""
    if now.verdict == "MET" and missing:
        return Judgement(
            "INSUFFICIENT_DATA",
            None,
            f"{now.reason_zh[:-1]}；但目标要求 {target.period} 年每年守住，而{gaps_zh}。",
            f"{now.reason_en[:-1]}; but every year of {target.period} counts and there is {gaps_en}.",
            margin=now.margin,
        )
    tail_zh = f"；{target.period} 年须每年守住" + (f"，{gaps_zh}" if gaps_zh else "")
    tail_en = f"; it has to hold in every year of {target.period}" + (
        f", and there is {gaps_en}" if gaps_en else ""
    )
    return Judgement(
        now.verdict,
        now.probability,
        f"{now.reason_zh[:-1]}{tail_zh}。",
        f"{now.reason_en[:-1]}{tail_en}.",
        now.break_even,
        now.margin,
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
    if now is None:
        return insufficient(target, evidence)
    percent_change = 100.0 * (now / base - 1.0)
    if target.change == "reduction":
        percent_change = -percent_change
    judged = Evidence(
        observed=round(percent_change, 2), year=year, year_over=evidence.year_over,
        as_of=evidence.as_of,
    )  # fmt: skip
    return numeric(target, judged, limits)
