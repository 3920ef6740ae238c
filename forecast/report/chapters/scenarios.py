"""The chapter on emission-cut scenarios: what packages of measures would change, and how sure that is."""

from __future__ import annotations

from forecast.region_names import normalise_region
from forecast.report.chapters.facts import ReviewFacts
from forecast.report.document import Block, Chapter, Paragraph, Section, TableBlock, say
from forecast.report.drawing import figure_block
from forecast.report.scenario_figure import scenario_charts
from forecast.report.scenario_parts import (
    CHART,
    CONDITIONAL,
    DECIDED,
    finding_sentences,
    scenario_parts,
)
from forecast.report.scenario_told import Told
from forecast.report.words import Pair

__all__ = ["scenarios_chapter"]


def scenarios_chapter(facts: ReviewFacts) -> Chapter | None:
    """Write the chapter; None where the run has no scenario of this region and year."""
    wanted = normalise_region(facts.region)
    answers = [
        told
        for told in facts.result.get("scenarios", [])
        if normalise_region(str(told["region"])) == wanted and int(told["year"]) == facts.year
    ]
    if not answers:
        return None
    blocks: list[Block] = []
    for number, told in enumerate(answers, 1):
        blocks += _answer(facts, told, "" if number == 1 else f"_{number}")
    return Chapter("scenarios", Pair("减排情景分析", "Emission-cut scenarios"), tuple(blocks))


def _answer(facts: ReviewFacts, told: Told, key: str) -> list[Block]:
    parts = scenario_parts(told, key)
    blocks: list[Block] = [Paragraph(CONDITIONAL, "reservation"), _intro(told, key)]
    decided = next((b for p in parts if p.name == DECIDED for b in p.blocks), None)
    if isinstance(decided, TableBlock):
        blocks.append(
            say(
                f"下列目标已成定局，所列减排不改变结论（见<table:{decided.key}>）。",
                "Some targets are decided: the cuts listed don't change the answer "
                f"(<table:{decided.key}>).",
            )
        )
    blocks += finding_sentences(parts)
    notices = tuple((n.zh, n.en) for n in facts.notices)
    for part in parts:
        own: list[Block] = list(part.blocks)
        if part.name == CHART:
            charts = scenario_charts(told, facts.asked.lang, notices)
            own = [
                figure_block(
                    c, f"scenario{key}" if n == 1 else f"scenario{key}_map", picture=facts.pictures
                )
                for n, c in enumerate(charts, 1)
            ]
        if own:
            blocks += [Section(part.title), *own]
    return blocks


def _intro(told: Told, key: str) -> Paragraph:
    """What was asked and on which paths; every date and number stands in the table of the facts."""
    place, first = told["place"], told["first_day"]
    return say(
        f"情景从{first}起改变样本路径，此前为实测；各方案与“无情景”用同一组样本路径和同一组参数逐条比较"
        f"（方案见<table:scenario_packages{key}>，计算条件见<table:scenario_facts{key}>）。PM2.5与臭氧始终并列，"
        "臭氧升高时同样列出。",
        f"The packages change the paths of {place} from {first} on; days before it are observed. All "
        f"packages meet the same paths and the same draws (<table:scenario_packages{key}>, "
        f"<table:scenario_facts{key}>). PM2.5 and ozone always stand together, also where ozone rises.",
    )
