"""The chapter of reservations: what the numbers do not say."""

from __future__ import annotations

from forecast.report.chapters.facts import ReviewFacts
from forecast.report.document import (
    Block,
    Chapter,
    Paragraph,
    Section,
    say,
)
from forecast.report.words import Pair

__all__ = ["reservations_chapter"]

#: More remarks than these are counted, the rest stands on the page of the run.
_MOST = 25


def reservations_chapter(facts: ReviewFacts) -> Chapter:
    """Write the chapter."""
    blocks: list[Block] = [Paragraph(n, "reservation") for n in facts.notices]
    blocks += _standing(facts)
    blocks += _remarks(facts)
    return Chapter(
        "reservations", Pair("保留意见与说明", "Reservations and remarks"), tuple(blocks)
    )


def _standing(facts: ReviewFacts) -> list[Block]:
    out: list[Block] = [Section(Pair("使用本报告须知", "How to read this report"))]
    if not facts.over and facts.judged:
        out.append(
            say(
                "达标概率是对未来的判断，不是承诺：它假定今后的气象与往年相当、排放按近年趋势变化，不含尚未实施的措施。",
                "A probability is a judgement on the future, no promise: it takes the weather of "
                "past years and recent trends, and no measures yet to come.",
            )
        )
    tokens = {str(e.get("standard") or "") for e in facts.air}
    if facts.year == 2026 or any("+" in t for t in tokens):
        out.append(
            say(
                "2026年3月1日起执行新标准：本年逐日按当日有效的标准评价，主管部门如何计算跨标准年度的优良天数尚未见文。",
                "New standards hold from 1 March 2026: each day is judged by the rule of that day; "
                "how the authority counts such a year has not been published.",
                style="reservation",
            )
        )
    if facts.city is not None:
        out.append(
            say(
                "本报告由监测数据自动计算，正式对外发布的数值以主管部门审核结果为准。",
                "The numbers are computed from readings; published figures are those that the "
                "authority has audited.",
            )
        )
    return out


def _remarks(facts: ReviewFacts) -> list[Block]:
    if not facts.warnings:
        return []
    shown = facts.warnings[:_MOST]
    out: list[Block] = [Section(Pair("数据与方法的提示", "Remarks on data and method"))]
    out += [Paragraph(w, "note") for w in shown]
    rest = len(facts.warnings) - len(shown)
    if rest:
        out.append(
            say(
                f"另有{rest}条提示，见运行页。",
                f"{rest} further remarks stand on the page of the run.",
                style="note",
            )
        )
    return out
