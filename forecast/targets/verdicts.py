"""From a target and its evidence to a verdict with a reason in words; pure functions.

A probability comes from paths, so it is held within [1/(2N), 1 - 1/(2N)]; only a finished year or
arithmetic (no possible rest of the year changes the answer) gives exactly 0 or 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from forecast.targets import entered, tendency
from forecast.targets.beside import beside, conditional
from forecast.targets.comparators import break_even, decimals_of, lower_is_better
from forecast.targets.evidence import Evidence, Judgement, Thresholds
from forecast.targets.model import Target
from forecast.targets.monthly_rules import asks_months, by_months
from forecast.targets.numeric import finite_samples, gap, numeric, so_far
from forecast.targets.wording import words

__all__ = ["judge"]


def judge(target: Target, evidence: Evidence, thresholds: Thresholds | None = None) -> Judgement:
    """Judge ``target`` on ``evidence``.

    Values in ``evidence`` are already rounded as the rule asks (a path is rounded before it is
    compared, design of the projection), so 29.1 µg/m³ rounds to 29 and meets 29.

    Args:
        target: what is asked.
        evidence: what is known; see :class:`~forecast.targets.evidence.Evidence`.
        thresholds: probabilities that part LIKELY, AT_RISK and UNLIKELY.

    Returns:
        The verdict with its probability, reason (zh, en), margin and break-even value.
    """
    limits = thresholds or Thresholds()
    unknown = conditional(target, evidence)
    found = unknown or _judge(target, evidence, limits)
    told = ("", "") if unknown else beside(target, evidence, found)
    zh, en = (words + more for words, more in zip(told, evidence.remarks, strict=True))
    # Labels are written in lower case so that they fit inside a sentence; some begin one.
    sentence = found.reason_en[:1].upper() + found.reason_en[1:]
    return replace(found, reason_zh=found.reason_zh + zh, reason_en=sentence + en)


def _judge(target: Target, evidence: Evidence, limits: Thresholds) -> Judgement:
    if target.token == "NO_TASK":
        return entered.no_task(target, evidence)
    if target.pending:
        return _pending(target, evidence, limits)
    special: dict[str, Callable[[Target, Evidence], Judgement]] = {
        "qualitative": entered.qualitative,
        "milestone": entered.milestone,
        "rank": entered.rank,
        "ledger": entered.ledger,
    }
    if target.kind in special:
        return special[target.kind](target, evidence)
    if target.kind == "trend":
        return tendency.trend(target, evidence, limits)
    if target.token == "NOT_DECREASE" and target.value is None:
        return tendency.not_decrease(target, evidence, limits)
    if asks_months(target, evidence):
        return by_months(target, evidence, limits)
    if tendency.asks_stability(target):
        return tendency.stable(target, evidence, limits)
    if target.value is None:
        return entered.qualitative(target, evidence)
    if target.kind == "change":
        return tendency.change(target, evidence, limits)
    if target.kind in ("keep", "range"):
        return tendency.keep(target, evidence, limits)
    return numeric(target, evidence, limits)


def _pending(target: Target, evidence: Evidence, limits: Thresholds) -> Judgement:
    """The number is set by somebody else: the forecast is shown, the verdict waits."""
    w = words(target)
    so_far_zh, so_far_en = so_far(target, evidence)
    who_zh, who_en = {
        "ASSIGNED_BY_CITY": ("市级下达", "the city"),
        "ASSIGNED_BY_PROVINCE_CITY": ("省、市下达", "the province and the city"),
    }.get(target.token, ("上级下达", "a higher authority"))
    zh = f"{target.label_zh}的目标值由{who_zh}，规划未给出数字，尚未录入"
    en = f"the number for {target.label_en} is set by {who_en} and has not been entered"
    if so_far_zh:
        zh, en = f"{zh}；{so_far_zh}", f"{en}; it is {so_far_en}"
    samples = finite_samples(evidence)
    if not evidence.sufficient or evidence.year_over or samples.size == 0:
        return Judgement("TARGET_PENDING", None, f"{zh}。", f"{en}.")
    lower = lower_is_better(target.indicator, target.comparator)
    value = break_even(samples, lower, limits.break_even, decimals_of(target.indicator))
    share = f"{100 * limits.break_even:g}%"
    zh = f"{zh}；若目标值为{gap(w.zh(value))}，达标概率为 {share}"
    en = f"{en}; {w.en(value)} is reached with probability {limits.break_even:g}"
    return Judgement(
        "TARGET_PENDING",
        None,
        f"{zh}。",
        f"{en}.",
        break_even={"probability": limits.break_even, "value": value},
    )
