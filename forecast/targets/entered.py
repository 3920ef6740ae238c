"""Verdicts on what people enter: works, tonnage ledgers, ranks, and wording without a number."""

from __future__ import annotations

from forecast.targets.comparators import margin, meets
from forecast.targets.evidence import Evidence, Judgement
from forecast.targets.model import Target
from forecast.targets.numeric import year_of
from forecast.targets.wording import words

__all__ = ["ledger", "milestone", "no_task", "qualitative", "rank"]


def no_task(target: Target, evidence: Evidence) -> Judgement:
    """The plan prints the row and sets no task: the observed figure is only reported."""
    w = words(target)
    seen = evidence.observed
    zh = "" if seen is None else f"；实际为 {w.zh(seen)}"
    en = "" if seen is None else f"; it was {w.en(seen)}"
    return Judgement(
        "NOT_APPLICABLE",
        None,
        f"{target.label_zh}：规划写明无任务，不作判定{zh}。",
        f"{target.label_en}: the plan sets no task here, so it is not judged{en}.",
    )


def qualitative(target: Target, evidence: Evidence) -> Judgement:
    """Words without a number: shown, never judged."""
    quote_zh = f"（原文：“{target.quote}”）" if target.quote else ""
    return Judgement(
        "NOT_APPLICABLE",
        None,
        f"{target.label_zh}只有文字要求{quote_zh}，没有可计算的数值，不作判定。",
        f"{target.label_en} is a demand in words without a number, so it is not judged.",
    )


def milestone(target: Target, evidence: Evidence) -> Judgement:
    """Works, surveys and rules: done or not by a date, as entered; never a forecast."""
    year = str(target.year) if target.year is not None else year_of(target, evidence)
    if evidence.done is True:
        return Judgement(
            "MET",
            1.0,
            f"{target.label_zh}已录入为完成（期限 {year} 年）。",
            f"{target.label_en} is entered as done (due {year}).",
        )
    if evidence.done is False and evidence.year_over:
        return Judgement(
            "NOT_MET",
            0.0,
            f"{target.label_zh}期限为 {year} 年，录入为未完成。",
            f"{target.label_en} was due in {year} and is entered as not done.",
        )
    if evidence.done is False:
        return Judgement(
            "INCONCLUSIVE",
            None,
            f"{target.label_zh}录入为尚未完成，期限 {year} 年未到；工程类任务不作概率预测。",
            f"{target.label_en} is entered as not done yet and is due in {year}; works are not "
            "forecast.",
        )
    return Judgement(
        "INSUFFICIENT_DATA",
        None,
        f"{target.label_zh}（期限 {year} 年）尚未录入完成与否。",
        f"{target.label_en} (due {year}): nobody has entered whether it is done.",
    )


def ledger(target: Target, evidence: Evidence) -> Judgement:
    """Tonnes: the sum of the entered lines against the plan's figure.

    A percentage can't be had from tonnes without a base inventory, so it gives NO_BASELINE.
    """
    year = year_of(target, evidence)
    w = words(target)
    if target.value is None or target.unit.startswith("%"):
        return Judgement(
            "NO_BASELINE",
            None,
            f"{target.label_zh}以百分比计，没有基准年排放总量，不能由吨数换算。",
            f"{target.label_en} is a percentage; without a base inventory tonnes can't be turned "
            "into it.",
        )
    if evidence.ledger is None:
        return Judgement(
            "INSUFFICIENT_DATA",
            None,
            f"{target.label_zh}：目标为 {w.zh(target.value)}（{year} 年），台账还没有录入任何一行。",
            f"For {target.label_en} the plan asks for {w.en(target.value)} by {year}; no line of the "
            "ledger has been entered.",
        )
    total, lines = evidence.ledger
    met = bool(meets(total, target.comparator, target.value, target.tolerance or 0.0))
    sums_zh = f"台账 {lines} 行合计 {w.zh(total)}，目标为 {w.zh(target.value)}（{year} 年）"
    sums_en = (
        f"the {lines} ledger line{'s add' if lines != 1 else ' adds'} up to {w.en(total)} "
        f"of {w.en(target.value)} due by {year}"
    )
    gap = margin(total, target.comparator, target.value)
    # A sum of cuts only grows, so a target reached early stays reached.
    if met and (target.comparator == ">=" or evidence.year_over):
        verdict, p, zh, en = "MET", 1.0, "已达标", "met"
    elif evidence.year_over:
        verdict, p, zh, en = "NOT_MET", 0.0, "未达标", "not met"
    else:
        verdict, p, zh, en = (
            "INCONCLUSIVE", None, "期限未到，台账不作概率预测", "it is not due yet and ledgers are not forecast",
        )  # fmt: skip
    return Judgement(
        verdict,
        p,
        f"{target.label_zh}：{sums_zh}，{zh}。",
        f"{target.label_en}: {sums_en}; {en}.",
        margin=gap,
    )


def rank(target: Target, evidence: Evidence) -> Judgement:
    """A place among peers: needs the peers' values, which own readings don't hold.

    ``observed`` is the own value of the ranked quantity and ``peers`` those of the others (lower
    is better, as for the composite indices that rankings rest on), or ``observed`` is the rank
    itself as published when ``peers`` is empty.
    """
    year = year_of(target, evidence)
    w = words(target)
    if target.value is None or evidence.peers is None or evidence.observed is None:
        return Judgement(
            "NEEDS_PEERS",
            None,
            f"{target.label_zh}是排名目标，只有本地数据无法判定，需录入参评各地的数值或公布的名次。",
            f"{target.label_en} is a rank and can't be judged on own data; enter the peers' values "
            "or the published rank.",
        )
    others = [v for v in evidence.peers.values() if v < evidence.observed]
    place = evidence.observed if not evidence.peers else 1.0 + len(others)
    met = bool(meets(place, "<=", target.value, target.tolerance or 0.0))
    aim_zh, aim_en = w.aim()
    among_zh = f"（参评 {len(evidence.peers) + 1} 地）" if evidence.peers else ""
    among_en = f" of {len(evidence.peers) + 1}" if evidence.peers else ""
    if not evidence.year_over:
        return Judgement(
            "INCONCLUSIVE",
            None,
            f"{year} 年{target.label_zh}目前{w.zh(place)}{among_zh}，目标{aim_zh}；年度未结束，名次不作预测。",
            f"{target.label_en} in {year} is {w.en(place)}{among_en} so far against {aim_en}; the "
            "year is not over and ranks are not forecast.",
            margin=margin(place, "<=", target.value),
        )
    return Judgement(
        "MET" if met else "NOT_MET",
        1.0 if met else 0.0,
        f"{year} 年{target.label_zh}{w.zh(place)}{among_zh}，目标{aim_zh}，{'达标' if met else '未达标'}。",
        f"{target.label_en} in {year} was {w.en(place)}{among_en} against {aim_en}: "
        f"{'met' if met else 'not met'}.",
        margin=margin(place, "<=", target.value),
    )
