"""“稳定” of a class or an index within one year: rules on months, named, with the year beside them.

Neither the plans nor the standards say what "stably" means within a year, so the rule has a name,
can be chosen (``Thresholds.month_rule``, or ``month_rule`` of a target) and is part of the reason.
The default asks for the year and for every assessed month; its grade is "our own reading".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.standards.rounding import ratio_percent, round_half_even
from forecast.targets.comparators import clip_probability, decided_by_bounds, meets
from forecast.targets.evidence import MONTH_RULES, Evidence, Judgement, MonthlyValues, Thresholds
from forecast.targets.held import keep
from forecast.targets.model import Target
from forecast.targets.numeric import conclude, gap, insufficient, numeric, so_far, year_of
from forecast.targets.wording import percent, words

__all__ = ["asks_months", "by_months", "months_over", "months_over_words"]

#: Kinds whose 稳定 is read within the year; a rank or a yearly figure has no months.
_KINDS = frozenset({"threshold", "keep", "eliminate"})


def asks_months(target: Target, evidence: Evidence) -> bool:
    """Whether a rule on months decides ``target``: the plan says 稳定, or the target names a rule."""
    return (
        evidence.monthly is not None
        and target.value is not None
        and target.computable
        and target.kind in _KINDS
        and ("稳定" in target.strength or target.month_rule != "")
    )


@dataclass(frozen=True)
class _Rule:
    """A rule by name, and the share of months [%] that it asks for."""

    name: str
    share: float

    @property
    def said(self) -> tuple[str, str]:
        return {
            "all_months": (
                "年均值与每个参评月均须达标（all_months）",
                "the year and every assessed month (all_months)",
            ),
            "annual_mean": ("只看年均值（annual_mean）", "the year's mean alone (annual_mean)"),
            "share_of_months": (
                f"年均值达标且至少 {self.share:g}% 的参评月达标（share_of_months）",
                f"the year and at least {self.share:g}% of the assessed months (share_of_months)",
            ),
        }[self.name]

    def holds(self, target: Target, months: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether the months (..., month) hold, shape (...,); NaN months are not assessed."""
        there, good = _counts(target, months)
        if self.name == "annual_mean":
            return np.ones(there.shape, dtype=np.bool_)
        if self.name == "all_months":
            return np.asarray((good == there) & (there > 0))
        share = np.asarray(round_half_even(ratio_percent(good, there), 1))
        return np.asarray(share >= self.share - 1e-9)

    def lost(self, target: Target, months: MonthlyValues) -> bool:
        """Whether no possible rest of the year can make the months hold."""
        if self.name == "annual_mean":
            return False
        there, good = (int(n) for n in _counts(target, months.seen))
        if self.name == "all_months":
            return good < there
        best = round_half_even(ratio_percent(good + months.left, there + months.left), 1)
        return bool(there + months.left > 0 and best < self.share - 1e-9)


def _counts(
    target: Target, months: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Months assessed and months that meet, of (..., month)."""
    there = np.isfinite(months)
    good = meets(months, target.comparator, _value(target), target.tolerance or 0.0) & there
    return there.sum(axis=-1, dtype=np.int64), good.sum(axis=-1, dtype=np.int64)


def _value(target: Target) -> float:
    if target.value is None:
        raise ValueError(f"target {target.id} has no number")
    return target.value


def _rules(target: Target, limits: Thresholds) -> tuple[_Rule, tuple[_Rule, ...]]:
    """The rule that counts, and the other two."""
    share = target.month_share if target.month_share is not None else limits.month_share
    chosen = target.month_rule or limits.month_rule
    return _Rule(chosen, share), tuple(_Rule(n, share) for n in MONTH_RULES if n != chosen)


def months_over(target: Target, months: MonthlyValues) -> list[int]:
    """The observed months (1 to 12) that miss the target."""
    good = meets(months.seen, target.comparator, _value(target), target.tolerance or 0.0)
    return [int(m) + 1 for m in np.flatnonzero(np.isfinite(months.seen) & ~good)]


def months_over_words(target: Target, months: MonthlyValues) -> tuple[str, str]:
    """How many months were assessed and which of them missed, with what drove them (zh, en)."""
    w = words(target)
    n = int(np.isfinite(months.seen).sum())
    over = months_over(target, months)
    if not over:
        return f"已评 {n} 个月，均达标", f"{n} months assessed, none over"
    zh, en = [], []
    for month in over:
        lead = months.leads[month - 1] if months.leads else ("", "")
        value = float(months.seen[month - 1])
        zh.append(f"{month}月{w.zh(value)}{f'（{lead[0]}）' if lead[0] else ''}")
        en.append(f"{month}: {w.en(value)}{f' ({lead[1]})' if lead[1] else ''}")
    return (
        f"已评 {n} 个月，其中 {len(over)} 个月超标：{'、'.join(zh)}",
        f"{n} months assessed, {len(over)} of them over (month {'; '.join(en)})",
    )


def by_months(target: Target, evidence: Evidence, limits: Thresholds) -> Judgement:
    """Judge ``target`` by its rule on months; a level to keep asks for the earlier years as well."""
    if target.kind == "keep":
        return keep(target, evidence, limits, _year)
    return _year(target, evidence, limits)


def _year(target: Target, evidence: Evidence, limits: Thresholds) -> Judgement:
    """The year of ``evidence`` by the rule, with what the other rules would say."""
    months = evidence.monthly
    if months is None or not evidence.sufficient:
        return numeric(target, evidence, limits)
    rule, others = _rules(target, limits)
    w, year = words(target), year_of(target, evidence)
    aim_zh, aim_en = w.aim()
    over_zh, over_en = months_over_words(target, months)
    said_zh, said_en = rule.said
    tail_zh = f"；“稳定”按{said_zh}判定，规划与标准未规定，为本系统的理解，可改；{over_zh}"
    tail_en = (
        f"; 'stably' is read as {said_en}, our own reading where plan and standard name none, and "
        f"can be changed; {over_en}"
    )
    if target.kind == "keep":
        tail_zh, tail_en = (
            f"{tail_zh}；以往年份只看年均值",
            f"{tail_en}; earlier years by their mean",
        )
    now_zh, now_en = so_far(target, evidence)
    lead_zh = f"{year} 年{target.label_zh}{now_zh}，目标{aim_zh}"
    lead_en = f"{target.label_en} in {year}{f' is {now_en}' if now_en else ''}; target {aim_en}"
    if evidence.year_over:
        if evidence.observed is None:
            return insufficient(target, evidence)
        met = bool(_annual(target, np.array([evidence.observed]))[0])
        met = met and bool(rule.holds(target, months.seen))
        more = _others_final(target, evidence, months, others)
        return Judgement(
            "MET" if met else "NOT_MET",
            1.0 if met else 0.0,
            f"{year} 年{target.label_zh}年均为{gap(w.zh(evidence.observed))}，目标{aim_zh}，"
            f"{'达标' if met else '未达标'}{tail_zh}{more[0]}。",
            f"{target.label_en} of the year {year} was {w.en(evidence.observed)}; target {aim_en}: "
            f"{'met' if met else 'not met'}{tail_en}{more[1]}.",
        )
    bounds = evidence.bounds
    annual_lost = (
        bounds is not None
        and decided_by_bounds(bounds, target.comparator, _value(target), target.tolerance or 0.0)
        is False
    )
    if rule.lost(target, months) or annual_lost:
        return Judgement(
            "NOT_MET",
            0.0,
            f"{lead_zh}，今年余下月份无论如何都不可能达标{tail_zh}。",
            f"{lead_en}: out of reach whatever the rest of the year brings{tail_en}.",
        )
    if evidence.samples is None or months.drawn is None:
        return insufficient(target, evidence)
    kept = np.isfinite(evidence.samples)
    if not kept.any():
        return insufficient(target, evidence)
    annual = _annual(target, np.asarray(evidence.samples, dtype=float)[kept])
    drawn = months.drawn[kept]
    hits = annual & rule.holds(target, drawn)
    verdict, p, end_zh, end_en = conclude(target, hits, limits)
    shares = [
        clip_probability(float(np.mean(annual & o.holds(target, drawn))), int(kept.sum()))
        for o in others
    ]
    more_zh = "、".join(
        f"{o.said[0]}的概率 {percent(s)}" for o, s in zip(others, shares, strict=True)
    )
    more_en = ", ".join(
        f"{percent(s)} for {o.said[1]}" for o, s in zip(others, shares, strict=True)
    )
    return Judgement(
        verdict, p,
        f"{lead_zh}，{end_zh}{tail_zh}；换用其他规则：{more_zh}。",
        f"{lead_en}: {end_en}{tail_en}; by the other rules: {more_en}.",
    )  # fmt: skip


def _annual(target: Target, values: NDArray[np.float64]) -> NDArray[np.bool_]:
    return meets(values, target.comparator, _value(target), target.tolerance or 0.0)


def _others_final(
    target: Target, evidence: Evidence, months: MonthlyValues, others: tuple[_Rule, ...]
) -> tuple[str, str]:
    zh, en = [], []
    for other in others:
        met = bool(_annual(target, np.array([evidence.observed], dtype=float))[0])
        met = met and bool(other.holds(target, months.seen))
        zh.append(f"{other.said[0]}{'达标' if met else '未达标'}")
        en.append(f"{'met' if met else 'not met'} for {other.said[1]}")
    return f"；换用其他规则：{'、'.join(zh)}", f"; by the other rules: {', '.join(en)}"
