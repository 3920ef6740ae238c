"""The appendix: targets that nothing answers, completeness of every item, where it comes from."""

from __future__ import annotations

from typing import Any

from forecast.report.chapters.facts import ReviewFacts, printed_cell
from forecast.report.document import Block, Cell, Chapter, Column, Section, TableBlock, cell, say
from forecast.report.words import Pair, indicator_text

__all__ = ["appendix_chapter"]


def appendix_chapter(facts: ReviewFacts) -> Chapter:
    """Write the appendix."""
    blocks: list[Block] = [*_completeness(facts)]
    if facts.unanswered:
        blocks += _unanswered(facts)
    blocks += _provenance(facts)
    return Chapter("appendix", Pair("附录", "Appendix"), tuple(blocks))


def _unanswered(facts: ReviewFacts) -> list[Block]:
    rows = facts.unanswered
    count = cell(len(rows))
    table = TableBlock(
        "unanswered",
        Pair("尚无数据评价的目标", "Targets that nothing answers yet"),
        (
            Column(Pair("目标", "target"), align="left", weight=3.0),
            Column(Pair("要求", "asked"), weight=1.6),
            Column(Pair("结论", "verdict"), weight=1.2),
            Column(Pair("原因", "reason"), align="left", weight=4.0),
        ),
        (
            *(
                (
                    printed_cell(r.label if r.label.zh else r.name),
                    printed_cell(r.target),
                    Cell(r.verdict_text, r.verdict),
                    printed_cell(r.reason),
                )
                for r in rows
            ),
            (
                Cell(Pair("合计（项）", "number of targets")),
                count, printed_cell(""), printed_cell(""),
            ),
        ),
    )  # fmt: skip
    return [
        Section(Pair("待填报的目标", "Targets waiting for a figure")),
        say(
            "另有{n}项目标没有监测数据、尚未填报、待下达或不适用（见<table:unanswered>），本报告不作评价。",
            "{n} further targets have no readings, no entered figure, no number yet, or do not apply "
            "(<table:unanswered>); this report does not judge them.",
            n=count,
        ),
        table,
    ]


def _completeness(facts: ReviewFacts) -> list[Block]:
    whole = [e for e in facts.water if e["indicator"] == "share_class_iii"]
    sections = [e for e in facts.water if e["indicator"] == "section_class"]
    rows = [_counted(e, facts.year) for e in (*facts.air, *(whole or sections))]
    if not rows:
        return []
    table = TableBlock(
        "completeness",
        Pair("数据有效性", "Completeness of the readings"),
        (
            Column(Pair("指标", "indicator"), align="left", weight=2.4),
            Column(Pair("对象", "place"), align="left", weight=1.6),
            Column(Pair("有效", "valid")),
            Column(Pair("应有", "expected")),
            Column(Pair("有效率", "share"), Pair("%", "%")),
            Column(Pair("最后数据日", "last day"), weight=1.3),
        ),
        tuple(rows),
        (
            Pair(
                "空气以天计，断面以月计，断面比例以断面计；“应有”为评价时段内应有的数量。",
                "Air in days, sections in months, shares in sections; expected within the period.",
            ),
        ),
    )
    return [Section(Pair("数据有效性", "Completeness")), table]


def _counted(entry: dict[str, Any], year: int) -> tuple[Cell, ...]:
    seen = entry["observed"]
    valid, expected = seen.get("n_valid") or 0, seen.get("n_expected") or 0
    share = 100.0 * valid / expected if expected else None
    place = "全部断面" if entry["place"] == "all" else str(entry["place"])
    place_en = "all sections" if entry["place"] == "all" else str(entry["place"])
    return (
        printed_cell(indicator_text(str(entry["indicator"]))),
        printed_cell(Pair(place, place_en)),
        cell(int(valid)),
        cell(int(expected)),
        cell(None if share is None else round(share, 1), decimals=1),
        printed_cell(min(str(seen.get("last_day") or ""), f"{year}-12-31")),
    )


def _provenance(facts: ReviewFacts) -> list[Block]:
    run = facts.run
    rows = (
        (Pair("运行编号", "run"), str(run["id"])),
        (Pair("数据截止日", "as of"), str(run["as_of"])),
        (Pair("随机种子", "seed"), str(run["seed"])),
        (Pair("软件版本", "version"), str(run["version"])),
        (Pair("配置文件校验码", "configuration, SHA-256"), str(run["config_sha256"])[:16]),
    )
    files = cell(len(run["inputs"]))
    table = TableBlock(
        "provenance",
        Pair("本报告的来历", "Where this report comes from"),
        (
            Column(Pair("项目", "what"), align="left", weight=1.5),
            Column(Pair("内容", "value"), align="left", weight=3.0),
        ),
        (
            *((printed_cell(k), printed_cell(v)) for k, v in rows),
            (printed_cell(Pair("输入文件数", "input files")), files),
        ),
    )
    return [
        Section(Pair("报告来历", "Provenance")),
        say(
            "同一工作区、同一数据和配置可重复得到本报告（见<table:provenance>）。",
            "The same readings and configuration give the same report (<table:provenance>).",
        ),
        table,
    ]
