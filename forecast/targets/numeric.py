"""A number against a number: the part of a verdict that every numeric target shares."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.targets.comparators import (
    clip_probability,
    decided_by_bounds,
    lower_is_better,
    margin,
    meets,
)
from forecast.targets.evidence import Evidence, Judgement, Thresholds
from forecast.targets.model import Target
from forecast.targets.wording import percent, words

__all__ = ["conclude", "finite_samples", "gap", "insufficient", "numeric", "so_far", "year_of"]

_VERDICT_ZH = {"LIKELY": "较可能达标", "AT_RISK": "存在风险", "UNLIKELY": "较难达标"}
_VERDICT_EN = {"LIKELY": "likely", "AT_RISK": "at risk", "UNLIKELY": "unlikely"}


def finite_samples(evidence: Evidence) -> NDArray[np.float64]:
    """The paths on which the indicator could be computed, shape (path,)."""
    if evidence.samples is None:
        return np.empty(0)
    x: NDArray[np.float64] = np.asarray(evidence.samples, dtype=float)
    return np.compress(np.isfinite(x), x)


def conclude(
    target: Target, hits: NDArray[np.bool_], limits: Thresholds
) -> tuple[str, float, str, str]:
    """Verdict, probability and the closing words (zh, en) for the share of paths that meet."""
    n = len(hits)
    p = clip_probability(float(np.count_nonzero(hits)) / n, n)
    if p >= limits.likely:
        verdict = "LIKELY"
    elif p < limits.unlikely:
        verdict = "UNLIKELY"
    else:
        verdict = "AT_RISK"
    share = percent(p)
    printed = round(100 * p, 1)
    if any(p < edge and printed >= 100 * edge for edge in (limits.likely, limits.unlikely)):
        share = f"{100 * p:.2f}%"  # never printed as the threshold that it misses
    zh = f"{n} 条模拟路径中的达标概率为 {share}，判为{_VERDICT_ZH[verdict]}"
    en = f"the probability over {n} paths is {share}, {_VERDICT_EN[verdict]}"
    return verdict, p, zh, en


def insufficient(target: Target, evidence: Evidence) -> Judgement:
    """INSUFFICIENT_DATA with the reason of the evidence, or the plain one."""
    year = year_of(target, evidence)
    if target.computable:
        zh, en = evidence.insufficient_reason
        zh = zh or "没有可用的监测数据"
        en = en or "there are no readings to judge it on"
    else:
        # No station measures it, so what is missing is an entry, whatever the readings lack.
        zh = f"由统计或部门数据判定，尚未录入 {year} 年的数值"
        en = f"it is judged on a figure that people enter, and none has been entered for {year}"
    if not target.computable and target.value is not None:
        aim_zh, aim_en = words(target).aim()
        zh, en = f"{zh}（目标{aim_zh}）", f"{en} (target: {aim_en})"
    return Judgement(
        "INSUFFICIENT_DATA", None, f"{target.label_zh}：{zh}。", f"{target.label_en}: {en}."
    )


def year_of(target: Target, evidence: Evidence) -> str:
    """The year that is judged, as text."""
    year = evidence.year if evidence.year is not None else target.year
    return str(year) if year is not None else "–"


def so_far(target: Target, evidence: Evidence) -> tuple[str, str]:
    """The value to date in words (zh, en), empty when nothing was observed."""
    if evidence.observed is None:
        return "", ""
    w = words(target)
    zh_day = f"截至 {evidence.as_of} " if evidence.as_of else "目前"
    en_day = f" to {evidence.as_of}" if evidence.as_of else " to date"
    return f"{zh_day}为{gap(w.zh(evidence.observed))}", f"{w.en(evidence.observed)}{en_day}"


def gap(text: str) -> str:
    """A space before a leading digit, as Chinese typography sets numbers."""
    return f" {text}" if text[:1].isdigit() else text


def _is(value: str) -> str:
    return f" is {value} and" if value else ""


def _detail(evidence: Evidence) -> tuple[str, str]:
    zh = f"（{evidence.detail_zh}）" if evidence.detail_zh else ""
    en = f" ({evidence.detail_en})" if evidence.detail_en else ""
    return zh, en


def _about(target: Target) -> tuple[str, str]:
    if "左右" in target.strength and not target.tolerance:
        return (
            "；原文为“左右”，未设容差，按数值本身判定",
            "; the plan says 'about', no tolerance is set",
        )
    if target.tolerance:
        w = words(target)
        return (
            f"；允许偏差{gap(w.zh(target.tolerance))}",
            f"; a tolerance of {w.en(target.tolerance)} is allowed",
        )
    if target.strength.startswith("基本"):
        return (
            "；原文为“基本”，未设容差，按数值本身判定",
            "; the plan says 'basically', no tolerance is set",
        )
    return "", ""


def numeric(target: Target, evidence: Evidence, limits: Thresholds) -> Judgement:
    """A number against a number: threshold, eliminate, grade, yearly, and the rest of keep."""
    if target.value is None:
        raise ValueError(f"target {target.id} has no number")
    w = words(target)
    value, comparator, room = target.value, target.comparator, target.tolerance or 0.0
    aim_zh, aim_en = w.aim()
    year = year_of(target, evidence)
    about_zh, about_en = _about(target)
    detail_zh, detail_en = _detail(evidence)
    if not evidence.sufficient and target.computable:
        return insufficient(target, evidence)
    # A figure that people enter for a year is the figure of that year.
    entered = not target.computable and evidence.samples is None and evidence.observed is not None
    if evidence.year_over or entered:
        if evidence.observed is None:
            return insufficient(target, evidence)
        met = bool(meets(evidence.observed, comparator, value, room))
        distance = margin(evidence.observed, comparator, value)
        got_zh, got_en = w.zh(evidence.observed), w.en(evidence.observed)
        return Judgement(
            "MET" if met else "NOT_MET",
            1.0 if met else 0.0,
            f"{year} 年{target.label_zh}为{gap(got_zh)}{detail_zh}，目标{aim_zh}，"
            f"{'达标' if met else '未达标'}{about_zh}。",
            f"For {target.label_en} the figure of {year} was {got_en}{detail_en} against a target of "
            f"{aim_en}: "
            f"{'met' if met else 'not met'}{about_en}.",
            margin=distance,
        )
    so_far_zh, so_far_en = so_far(target, evidence)
    samples = finite_samples(evidence)
    if evidence.bounds is not None:
        decided = decided_by_bounds(evidence.bounds, comparator, value, room)
        if decided is not None:
            low, high = evidence.bounds
            range_zh = f"全年只可能在 {w.zh(low)} 至 {w.zh(high)} 之间"
            range_en = f"can only end between {w.en(low)} and {w.en(high)}"
            if np.isinf(high):
                range_zh = f"全年至少为 {w.zh(low)}"
                range_en = f"can end at no less than {w.en(low)}"
            return Judgement(
                "MET" if decided else "NOT_MET",
                1.0 if decided else 0.0,
                f"{year} 年{target.label_zh}{so_far_zh}{detail_zh}，{range_zh}，目标{aim_zh}，"
                f"已{'确定达标' if decided else '不可能达标'}{about_zh}。",
                f"For {target.label_en} in {year} the value{_is(so_far_en)}{detail_en} {range_en}; "
                f"the target of {aim_en} is "
                f"{'certain to be met' if decided else 'out of reach'}{about_en}.",
                margin=None
                if evidence.observed is None
                else margin(evidence.observed, comparator, value),
            )
    if samples.size == 0:
        return insufficient(target, evidence)
    hits = meets(samples, comparator, value, room)
    verdict, p, end_zh, end_en = conclude(target, hits, limits)
    median = _median(
        samples, w.is_class or target.unit == "state", lower_is_better(target.indicator, comparator)
    )
    lead_zh = f"{so_far_zh}，" if so_far_zh else ""
    lead_en = f"the value is {so_far_en} and " if so_far_en else ""
    return Judgement(
        verdict,
        p,
        f"{year} 年{target.label_zh}{lead_zh}预计中位数为{gap(w.zh(median))}{detail_zh}，"
        f"目标{aim_zh}，{end_zh}{about_zh}。",
        f"For {target.label_en} in {year} {lead_en}the median forecast is {w.en(median)}{detail_en}; "
        f"for the target of {aim_en} {end_en}{about_en}.",
        margin=margin(median, comparator, value),
    )


def _median(samples: NDArray[np.float64], is_class: bool, lower_better: bool) -> float:
    """Median path; a class is one of the classes, the worse of two middle ones."""
    if not is_class:
        return float(np.median(samples))
    order = np.sort(samples)
    return float(order[order.size // 2 if lower_better else (order.size - 1) // 2])
