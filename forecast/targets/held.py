"""Levels that have to hold in more than one year: those to keep, and "stably attains"."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from forecast.standards.limits import indicator_limit
from forecast.targets.comparators import meets
from forecast.targets.evidence import Evidence, Judgement, Thresholds
from forecast.targets.model import Target, period_years
from forecast.targets.numeric import numeric
from forecast.targets.wording import words

__all__ = ["asks_stability", "keep", "stable"]

#: Kinds in which 稳定 means "attains year after year"; a level to keep asks for it by itself.
_STABLE_KINDS = frozenset({"threshold", "grade", "eliminate"})


Judge = Callable[[Target, Evidence, Thresholds], Judgement]


def keep(
    target: Target, evidence: Evidence, limits: Thresholds, judge_year: Judge = numeric
) -> Judgement:
    """A level that every year of the period holds; the first breach decides it.

    ``judge_year`` judges the year itself, by its number unless another rule is asked.
    """
    span = period_years(target.period)
    year = evidence.year if evidence.year is not None else target.year
    if target.value is None or span is None or year is None:
        return judge_year(target, evidence, limits)
    asked_zh = f"须在 {target.period} 年每年"
    asked_en = f"in every year of {target.period}"
    tail = (f"{target.period} 年须每年守住", f"it has to hold in every year of {target.period}")
    before = range(span[0], year)
    asked = (asked_zh, asked_en)
    return _held(target, target.value, evidence, limits, before, asked, tail, judge_year)


def asks_stability(target: Target) -> bool:
    """Whether the plan says 稳定达标 (or the like) of a level that readings answer."""
    return (
        "稳定" in target.strength
        and target.kind in _STABLE_KINDS
        and target.computable
        and _numbered(target).value is not None
    )


def _numbered(target: Target) -> Target:
    """The target with the limit of its standard where the plan gives no number."""
    if target.value is not None or not target.standard:
        return target
    limit = indicator_limit(target.indicator, target.standard)
    if limit is None:
        return target
    return target.model_copy(update={"value": limit, "comparator": "<="})


def stable(target: Target, evidence: Evidence, limits: Thresholds) -> Judgement:
    """ "Stably attains": within the limit in each of the last ``limits.stable_years`` years.

    Neither the plans nor the standards say how many years: three are our own reading, and the
    reason says so. A target without a number is judged on the class II limit of its standard.
    While the year is open the probability is that of the year itself; an earlier year over the
    limit has decided the target, and one without a figure leaves it open.
    """
    year = evidence.year if evidence.year is not None else target.year
    target = _numbered(target)
    n = limits.stable_years
    if target.value is None or year is None or n == 1:
        return numeric(target, evidence, limits)
    first = year - n + 1
    asked_zh = f"须在 {first}–{year} 年每年"
    asked_en = f"in each of the {n} years {first} to {year}"
    tail = (
        f"“稳定达标”按最近 {n} 年每年达标判定（规划与标准未规定年数，此为本系统的理解）",
        f"'stably' is read as each of the last {n} years (our reading: neither plan nor standard "
        "names a number)",
    )
    before = range(first, year)
    return _held(target, target.value, evidence, limits, before, (asked_zh, asked_en), tail)


def _held(
    target: Target,
    value: float,
    evidence: Evidence,
    limits: Thresholds,
    before: Sequence[int],
    asked: tuple[str, str],
    tail: tuple[str, str],
    judge_year: Judge = numeric,
) -> Judgement:
    """Judge the year by its number, the years ``before`` it by their figures."""
    w = words(target)
    aim_zh, aim_en = w.aim()
    room = target.tolerance or 0.0
    past = {y: v for y, v in sorted(evidence.history.items()) if y in before}
    for y, v in past.items():
        if not bool(meets(v, target.comparator, value, room)):
            return Judgement(
                "NOT_MET",
                0.0,
                f"{target.label_zh}{asked[0]}{aim_zh}，{y} 年为 {w.zh(v)}，首次未守住，未达标；{tail[0]}。",
                f"{target.label_en} has to be {aim_en} {asked[1]}; {y} was {w.en(v)}, the first "
                f"breach: not met; {tail[1]}.",
            )
    now = judge_year(target, evidence, limits)
    missing = [y for y in before if y not in past]
    gaps_zh = f"{'、'.join(map(str, missing))} 年没有数值" if missing else ""
    gaps_en = f"there is no figure for {', '.join(map(str, missing))}" if missing else ""
    tail_zh = f"；{tail[0]}" + (f"，{gaps_zh}" if gaps_zh else "")
    tail_en = f"; {tail[1]}" + (f", and {gaps_en}" if gaps_en else "")
    if missing and now.probability is not None and 0 < now.probability < 1:
        tail_zh += "，概率未计入这些年份"
        tail_en += "; the probability leaves those years out"
    unknown = now.verdict == "MET" and bool(missing)
    if unknown:
        tail_zh, tail_en = f"{tail_zh}，不能判定", f"{tail_en}, so it can't be judged"
    return Judgement(
        "INSUFFICIENT_DATA" if unknown else now.verdict,
        None if unknown else now.probability,
        f"{now.reason_zh[:-1]}{tail_zh}。",
        f"{now.reason_en[:-1]}{tail_en}.",
        None if unknown else now.break_even,
        now.margin,
    )
