"""The chapter on surface water: shares of classes, every section, what limits it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from forecast.charts.style import CLASS_COLOURS, CLASS_INK
from forecast.region_names import normalise_region
from forecast.report.chapters.facts import ReviewFacts, printed_cell
from forecast.report.document import (
    Block,
    Cell,
    Chapter,
    Column,
    Section,
    TableBlock,
    cell,
    say,
)
from forecast.report.scoreboard import printed_forecast, printed_official
from forecast.report.words import Pair, class_text, indicator_text, percent
from forecast.standards.indicators import class_number
from forecast.standards.items import ITEMS

__all__ = ["water_chapter"]

_SHARES = ("share_class_iii", "share_inferior_v")
_TYPES = {"river": Pair("河流", "river"), "lake": Pair("湖库", "lake")}


def water_chapter(facts: ReviewFacts) -> Chapter | None:
    """Write the chapter; None where the region has no samples of water."""
    if not facts.water:
        return None
    blocks: list[Block] = [*_shares(facts), *_sections(facts)]
    found = facts.draw("section_tiles")
    if isinstance(found, Pair):
        blocks.append(say(found.zh, found.en, style="note"))
    else:
        blocks += found
    blocks += _history(facts)
    blocks += _others(facts)
    return Chapter("water", Pair("地表水环境质量", "Surface water"), tuple(blocks))


def _place(entry: dict[str, Any]) -> Pair:
    if entry["place"] == "all":
        return Pair("全部断面", "all sections")
    return Pair(str(entry["place"]), str(entry["place"]))


def _shares(facts: ReviewFacts) -> list[Block]:
    entries = [e for e in facts.water if e["indicator"] in _SHARES]
    if not entries:
        return []
    rows = []
    for entry in entries:
        name, unit = str(entry["indicator"]), str(entry["unit"])
        before = _of_year(facts, entry, facts.year - 1)
        quantiles = (entry.get("forecast") or {}).get("quantiles") or {}
        rows.append(
            (
                printed_cell(indicator_text(name)),
                printed_cell(_place(entry)),
                printed_cell(
                    printed_official(entry["observed"], unit, name),
                    entry["observed"]["value_official"],
                ),
                cell(int(entry["observed"]["n_valid"] or 0)),
                cell(before, decimals=1),
                *(
                    printed_cell(
                        printed_forecast(quantiles[q], unit, name) if q in quantiles else "",
                        quantiles.get(q),
                    )
                    for q in ("0.5", "0.05", "0.95")
                ),
            )
        )
    table = TableBlock(
        "class_shares",
        Pair("断面水质类别比例", "Shares of sections by class"),
        (
            Column(Pair("指标", "indicator"), align="left", weight=2.4),
            Column(Pair("断面清单", "sections"), weight=1.3),
            Column(facts.period if facts.over else Pair("至今", "to date"), Pair("%", "%")),
            Column(Pair("参评断面", "assessed"), Pair("个", "number")),
            Column(Pair(f"{facts.year - 1}年全年", f"{facts.year - 1}"), Pair("%", "%")),
            Column(Pair("年末中位数", "median"), Pair("%", "%")),
            Column(Pair("5%分位", "5 %"), Pair("%", "%")),
            Column(Pair("95%分位", "95 %"), Pair("%", "%")),
        ),
        tuple(rows),
    )
    first = rows[0]
    blocks: list[Block] = [
        Section(Pair("总体情况", "In general")),
        say(
            f"{facts.period.zh}，{facts.name}{{n}}个参评断面的{{name}}为{{v}}%（见<table:class_shares>）。",
            f"{facts.period.en}: {{name}} of the {{n}} assessed sections of {facts.name} is {{v}} "
            "% (<table:class_shares>).",
            n=first[3], name=first[0], v=first[2],
        ),
        table,
    ]  # fmt: skip
    return blocks


def _of_year(facts: ReviewFacts, entry: dict[str, Any], year: int) -> float | None:
    """Official value of the same indicator and place in another year, None where there is none."""
    found = _assessed(facts, str(entry["indicator"]), str(entry["place"]))
    own = found.loc[found["year"] == year, "value_official"]
    if own.empty or own.iloc[0] is None or pd.isna(own.iloc[0]):
        return None
    return float(own.iloc[0])


def _assessed(facts: ReviewFacts, indicator: str, place: str) -> pd.DataFrame:
    table = facts.assessed
    return table[(table["indicator"] == indicator) & (table["place"].astype(str) == place)]


def _class_cell(value: Any) -> Cell:
    number = class_number(str(value)) if value else None
    if not number:
        return printed_cell("")
    text = class_text(number)
    return Cell(Pair(text, text), text, fill=CLASS_COLOURS[number], ink=CLASS_INK[number])


def _cards(facts: ReviewFacts) -> list[dict[str, Any]]:
    wanted = normalise_region(facts.region)
    return [
        row
        for region in facts.result.get("water", [])
        if normalise_region(str(region["region"])) == wanted
        for row in region["sections"]
    ]


def _sections(facts: ReviewFacts) -> list[Block]:
    cards = _cards(facts)
    if not cards:
        return []
    chance = any(c.get("p_target") is not None for c in cards)
    rows = []
    for card in cards:
        item = card.get("limiting")
        about = ITEMS[str(item)] if item else None
        value, limit = card.get("value"), card.get("limit")
        before = _assessed(facts, "section_class", str(card["section"]))
        last = before.loc[before["year"] == facts.year - 1, "value_official"]
        row = [
            printed_cell(str(card["section"])),
            printed_cell(_TYPES.get(str(card.get("water_type")), Pair("", ""))),
            _class_cell(card.get("class_to_date")),
            _class_cell(last.iloc[0] if not last.empty else None),
            printed_cell(class_text(card.get("target_class"))),
            printed_cell(Pair(about.zh, about.en) if about else ""),
            printed_cell("" if value is None else f"{value:.3g}", value),
            printed_cell("" if limit is None else f"{limit:g}", limit),
            cell(None if card.get("n_months") is None else int(card["n_months"])),
        ]
        if chance:
            row.append(printed_cell(percent(card.get("p_target")), card.get("p_target")))
        rows.append(tuple(row))
    columns = [
        Column(Pair("断面", "section"), align="left", weight=_name_weight(cards)),
        Column(Pair("水体", "water"), weight=0.8),
        Column(facts.period if facts.over else Pair("至今类别", "to date")),
        Column(Pair(f"{facts.year - 1}年", f"{facts.year - 1}"), weight=0.8),
        Column(Pair("要求", "asked"), weight=0.8),
        Column(Pair("限制项目", "limiting item"), weight=1.5),
        Column(Pair("均值", "mean"), Pair("mg/L", "mg/L")),
        Column(Pair("限值", "limit"), Pair("mg/L", "mg/L")),
        Column(Pair("监测月数", "months")),
    ]
    if chance:
        columns.append(Column(Pair("达标概率", "P")))
    table = TableBlock(
        "sections",
        Pair(f"{facts.year}年各断面水质", f"Sections of {facts.year}"),
        tuple(columns), tuple(rows),
        (
            Pair(
                "“要求”未在规划或配置中给出的断面按Ⅲ类评价；“限制项目”为离要求类别限值最近或超过最多的项目（pH 无单位）。",
                "Where no class is asked, III is taken; the limiting item is the one nearest its "
                "limit or furthest over it (pH has no unit).",
            ),
        ),
    )  # fmt: skip
    missed = [r for r, c in zip(rows, cards, strict=True) if _over(c)]
    blocks: list[Block] = [Section(Pair("各断面情况", "Section by section"))]
    if missed:
        zh = "；".join(f"{{s{k}}}为{{c{k}}}类（{{i{k}}}）" for k in range(len(missed)))
        en = "; ".join(f"{{s{k}}} class {{c{k}}} ({{i{k}}})" for k in range(len(missed)))
        told = {
            key: c
            for k, row in enumerate(missed)
            for key, c in ((f"s{k}", row[0]), (f"c{k}", row[2]), (f"i{k}", row[5]))
        }
        blocks.append(
            say(
                f"未达到要求类别的断面：{zh}；括号内为限制项目（见<table:sections>）。",
                f"Sections worse than the class asked: {en}; the limiting item in brackets "
                "(<table:sections>).",
                style="body",
                **told,
            )
        )
    else:
        blocks.append(
            say(
                "有类别的断面均达到要求的类别（见<table:sections>）。",
                "Every section that has a class attains the one asked (<table:sections>).",
            )
        )
    blocks.append(table)
    return blocks


def _name_weight(cards: list[dict[str, Any]]) -> float:
    """Share of the width for names: long ones need more, or they break into many lines."""
    longest = max(len(str(card["section"])) for card in cards)
    return min(max(2.0, longest / 4), 5.0)


def _over(card: dict[str, Any]) -> bool:
    now = class_number(str(card["class_to_date"])) if card.get("class_to_date") else None
    return bool(now and now > (class_number(str(card["target_class"])) or 3))


def _history(facts: ReviewFacts) -> list[Block]:
    """Shares of the years that have the same list of sections as this one, like for like."""
    for entry in facts.water:
        if entry["indicator"] != "share_class_iii":
            continue
        common = [a for a in entry.get("alternatives", []) if a["kind"] == "common_sections"]
        if not common:
            continue
        told = common[0]
        years = {**told["years"], str(facts.year): told["observed"]["value_official"]}
        rows = tuple(
            (cell(str(y)), cell(None if v is None else round(float(v), 1), decimals=1))
            for y, v in years.items()
        )
        table = TableBlock(
            "common_sections",
            Pair("可比口径Ⅰ—Ⅲ类断面比例", "Share at class III or better, like for like"),
            (Column(Pair("年份", "year")), Column(Pair("比例", "share"), Pair("%", "%"))),
            rows,
            (Pair(str(told["note"]), str(told["note_en"])),),
        )
        return [
            Section(Pair("多年变化", "Over the years")),
            say(
                "各年断面清单不同，比例不能直接比较；下表（<table:common_sections>）只计各年均有类别的断面。",
                "The lists of sections differ, so their shares are no series; the table "
                "(<table:common_sections>) counts only sections with a class in every year.",
            ),
            table,
        ]
    return []


def _others(facts: ReviewFacts) -> list[Block]:
    """Indices of the city, lakes, drinking sources and whatever else was judged."""
    names = ("cwqi", "tli", "source_compliance")
    rows = []
    for entry in facts.water:
        if entry["indicator"] not in names:
            continue
        name, unit = str(entry["indicator"]), str(entry["unit"])
        rows.append(
            (
                printed_cell(indicator_text(name)),
                printed_cell(_place(entry)),
                printed_cell(
                    printed_official(entry["observed"], unit, name),
                    entry["observed"]["value_official"],
                ),
            )
        )
    if not rows:
        return []
    table = TableBlock(
        "water_indices",
        Pair("水质指数、营养状态与饮用水源", "Indices, trophic state and drinking sources"),
        (
            Column(Pair("指标", "indicator"), align="left", weight=2.5),
            Column(Pair("对象", "place"), align="left", weight=1.8),
            Column(Pair("实况", "value")),
        ),
        tuple(rows),
    )
    return [
        say(
            "水质指数、营养状态和饮用水源评价见表（<table:water_indices>）。",
            "Indices, trophic state and drinking sources are listed (<table:water_indices>).",
        ),
        table,
    ]
