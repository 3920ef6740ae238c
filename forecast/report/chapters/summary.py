"""The first chapter: what was reached, what is projected, what is at risk."""

from __future__ import annotations

from forecast.report.chapters.facts import ReviewFacts, printed_cell
from forecast.report.chapters.key_indicators import key_rows, key_sentence, key_table
from forecast.report.chapters.targets import target_cells
from forecast.report.document import Block, Cell, Chapter, Paragraph, say
from forecast.report.scoreboard import UNJUDGED, Row, printed_official
from forecast.report.words import Pair, indicator_text

__all__ = ["summary_chapter"]

_TOLD = ("pm25_annual_mean", "o3_8h_p90", "good_day_ratio", "heavy_days", "composite_index")
_MOST = 6


def summary_chapter(facts: ReviewFacts) -> Chapter:
    """Write the chapter: a sentence for each key indicator and each target with a forecast."""
    blocks: list[Block] = [_notice(n) for n in facts.notices]
    rows = key_rows(facts)
    if rows:
        found = [key_sentence(r, facts) for r in rows if r.name in _TOLD]
        told = [t for t in found if t is not None]
        if told:
            blocks.append(
                say(
                    f"{facts.period.zh}，{facts.name}环境空气主要指标及与上年同期的比较如下（<table:key_indicators>）：",
                    f"The key indicators of air of {facts.name}, {facts.period.en}, beside last year "
                    "(<table:key_indicators>):",
                )
            )
        else:
            blocks.append(
                say(
                    f"{facts.period.zh}，{facts.name}各主要指标的有效天数不足或没有监测，不列数值，也不与上年比较（<table:key_indicators>）。",
                    f"{facts.name}, {facts.period.en}: too few valid days, or none, of every key "
                    "indicator, so none is given or compared (<table:key_indicators>).",
                    style="reservation",
                )
            )
        blocks += told
        blocks.append(key_table(facts, rows))
    elif facts.city is None:
        blocks.append(
            say(
                f"{facts.name}没有城市环境空气日均数据，空气部分从略。",
                f"There are no daily city values of air of {facts.name}; air is left out.",
                style="reservation",
            )
        )
    else:
        blocks.append(
            say(
                f"{facts.name}{facts.year}年没有城市环境空气日均数据。",
                f"There are no daily city values of air of {facts.name} in {facts.year}.",
                style="reservation",
            )
        )
    blocks += _water(facts)
    blocks += _targets(facts)
    return Chapter("summary", Pair("摘要", "Summary"), tuple(blocks))


def _notice(text: Pair) -> Paragraph:
    return Paragraph(text, "reservation")


def _water(facts: ReviewFacts) -> list[Block]:
    entry = facts.entry("share_class_iii")
    if entry is None or entry["observed"]["value_official"] is None:
        return []
    name = "share_class_iii"
    value = printed_cell(printed_official(entry["observed"], str(entry["unit"]), name))
    count = Cell(Pair(*(str(entry["observed"]["n_valid"]),) * 2), entry["observed"]["n_valid"])
    label = indicator_text(name)
    return [
        say(
            f"地表水：{{n}}个参评断面的{label.zh}为{{v}}%（<table:class_shares>）。",
            f"Surface water: {label.en} of the {{n}} assessed sections is {{v}} % "
            "(<table:class_shares>).",
            style="finding", n=count, v=value,
        )
    ]  # fmt: skip


def _targets(facts: ReviewFacts) -> list[Block]:
    """What readings say of binding targets, and what is at risk."""
    judged = facts.judged
    if not judged:
        return [
            say(
                f"没有适用于{facts.name}{facts.year}年且可评价的目标。",
                f"No target that could be judged applies to {facts.name} in {facts.year}.",
                style="finding",
            )
        ]
    answered = [r for r in judged if r.verdict not in UNJUDGED]
    if not answered:
        return [
            say(
                "适用的目标因数据不足等原因均不能评价（<table:targets>）。",
                "None of the targets that apply can be judged, mostly for lack of data "
                "(<table:targets>).",
                style="finding",
            )
        ]
    projected = [r for r in judged if r.probability is not None]
    missed = [r for r in judged if r.verdict == "NOT_MET"]
    risk = [r for r in projected if r.verdict in ("UNLIKELY", "AT_RISK")]
    out: list[Block] = []
    for rows, zh, en in (
        (missed, "未达标：", "Missed: "),
        (risk, "有风险：", "At risk: "),
    ):
        if rows:
            out.append(_list(facts, rows[:_MOST], len(rows), zh, en))
    if not missed and not risk:
        out.append(
            say(
                "可评价的目标中没有未达标或存在风险的（<table:verdict_counts>）。",
                "Of the targets that can be judged none is missed or at risk "
                "(<table:verdict_counts>).",
                style="finding",
            )
        )
    return out


def _list(facts: ReviewFacts, rows: list[Row], number: int, zh: str, en: str) -> Block:
    named: dict[str, Cell] = {}
    word = Pair("目标", "target") if facts.plan is not None else Pair("限值", "limit")
    parts_zh, parts_en = [], []
    for k, row in enumerate(rows):
        cells = target_cells(row, facts)
        named |= {f"i{k}": cells[0], f"t{k}": cells[2], f"v{k}": cells[7]}
        text_zh, text_en = f"{{i{k}}}（{word.zh}{{t{k}}}；{{v{k}}}", f"{{i{k}}} ({{t{k}}}; {{v{k}}}"
        if facts.city is None or row.place != facts.city.place:
            named[f"w{k}"] = cells[1]
            text_zh = f"{{w{k}}}{text_zh}"
            text_en = f"{{i{k}}} of {{w{k}}} ({{t{k}}}; {{v{k}}}"
        if row.probability is not None and not facts.over:
            named[f"p{k}"] = cells[6]
            text_zh += f"，概率{{p{k}}}"
            text_en += f", probability {{p{k}}}"
        parts_zh.append(text_zh + "）")
        parts_en.append(text_en + ")")
    more = number - len(rows)
    return say(
        zh + "；".join(parts_zh) + ("等" if more else "") + "（<table:targets>）。",
        en + "; ".join(parts_en) + (" and others" if more else "") + " (<table:targets>).",
        style="finding",
        **named,
    )
