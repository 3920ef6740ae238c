"""The chapter on ambient air: levels and leading items, the calendar, cycles, trends, weather."""

from __future__ import annotations

from forecast.report.chapters.air_causes import good_days_blocks, weather_blocks
from forecast.report.chapters.air_tables import level_blocks, trend_blocks
from forecast.report.chapters.facts import ReviewFacts, printed_cell
from forecast.report.document import Block, Chapter, Column, Paragraph, Section, TableBlock, say
from forecast.report.scoreboard import printed_official
from forecast.report.words import DUST, Pair, indicator_text

__all__ = ["air_chapter"]

#: Sections of the chapter: the words, what is said before the figures, and the charts drawn.
_SECTIONS: tuple[tuple[Pair, Pair, tuple[str, ...]], ...] = (
    (
        Pair("空气质量级别与首要污染物", "Levels and leading items"),
        Pair(
            "各月六个级别的天数及超标日的首要污染物见{mentions}。",
            "Days of each month by level, and what leads the days over the limit: {mentions}.",
        ),
        ("level_shares", "aqi_calendar"),
    ),
    (
        Pair("时间变化规律", "Variation in time"),
        Pair("本年与前三年平均的时间变化见{mentions}。", "This year beside the mean of three years: {mentions}."),
        ("time_variation",),
    ),
    (
        Pair("多年变化趋势", "Trends"),
        Pair(
            "六项指标的逐年数值、限值和趋势斜率（Theil–Sen，区间按块自助法）见{mentions}。",
            "The six indicators by year with limits and slopes (Theil–Sen, block bootstrap): {mentions}.",
        ),
        ("annual_trend",),
    ),
)  # fmt: skip


def air_chapter(facts: ReviewFacts) -> Chapter | None:
    """Write the chapter; None where the region has no daily values of air of the year."""
    if facts.city is None or facts.year not in facts.city.years:
        return None
    blocks: list[Block] = []
    for title, words, names in _SECTIONS:
        head, *figures = _drawn(facts, title, words, names)
        blocks.append(head)
        if "level_shares" in names:
            blocks += level_blocks(facts, facts.city)
        if "annual_trend" in names:
            blocks += trend_blocks(facts, facts.city)
        blocks += figures
        if "level_shares" in names:
            blocks.append(Section(Pair("优良天数变化的原因", "Why the good days changed")))
            blocks += good_days_blocks(facts, facts.city)
    blocks.append(Section(Pair("扣除气象影响后的变化", "With the weather taken out")))
    blocks += weather_blocks(facts, facts.city)
    blocks += _versions(facts)
    return Chapter("air", Pair("环境空气质量", "Ambient air"), tuple(blocks))


def _drawn(facts: ReviewFacts, title: Pair, words: Pair, names: tuple[str, ...]) -> list[Block]:
    """A heading, a sentence that mentions the figures, the figures; or why there are none."""
    figures: list[Block] = []
    without: list[Block] = []
    mentions = []
    for name in names:
        found = facts.draw(name)
        if isinstance(found, Pair):
            without.append(Paragraph(found, "note"))
            continue
        figures += found
        mentions += [f"<figure:{f.key}>" for f in found]
    out: list[Block] = [Section(title)]
    if mentions:
        zh = words.zh.replace("见{mentions}", "见下图（{mentions}）")
        out.append(
            say(
                zh.replace("{mentions}", "、".join(mentions)),
                words.en.replace(": {mentions}", " ({mentions})").replace(
                    "{mentions}", ", ".join(mentions)
                ),
            )
        )
    return [*out, *figures, *without]


def _versions(facts: ReviewFacts) -> list[Block]:
    """The same days under the other versions of the standards, side by side."""
    rows = []
    for entry in facts.air:
        name, unit = str(entry["indicator"]), str(entry["unit"])
        for other in entry.get("alternatives", []):
            if "kind" in other:
                continue
            treated = DUST.get(str(other.get("dust")), Pair("", ""))
            same = other.get("dust") == entry.get("dust")
            rows.append(
                (
                    printed_cell(indicator_text(name)),
                    printed_cell(str(entry["standard"])),
                    printed_cell(printed_official(entry["observed"], unit, name)),
                    printed_cell(str(other.get("standard") or entry["standard"])),
                    printed_cell(printed_official(other["observed"], unit, name)),
                    printed_cell(Pair("", "") if same else treated),
                )
            )
    if not rows:
        return []
    table = TableBlock(
        "versions",
        Pair("不同标准版本或沙尘处理下的数值", "The same days under other rules"),
        (
            Column(Pair("指标", "indicator"), align="left", weight=2.0),
            Column(Pair("采用标准", "rules used"), weight=1.6),
            Column(Pair("数值", "value")),
            Column(Pair("另一标准", "other rules"), weight=1.6),
            Column(Pair("数值", "value")),
            Column(Pair("沙尘处理", "dust"), weight=2.0),
        ),
        tuple(rows),
    )
    return [
        Section(Pair("不同标准版本对照", "Under other versions of the standards")),
        say(
            "同一批监测数据按另一版标准或另一种沙尘处理得到的数值列于下表（<table:versions>）。",
            "What the same readings give under other rules is listed (<table:versions>).",
        ),
        table,
    ]
