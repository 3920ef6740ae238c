"""The table of key indicators of air: this year, last year, the limit, whether it is attained."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from forecast.report.chapters.facts import ReviewFacts, printed_cell
from forecast.report.comparisons import change_unit, year_comparison
from forecast.report.document import Cell, Column, Paragraph, TableBlock, cell, say
from forecast.report.words import UNIT_ZH, Pair, indicator_text
from forecast.standards.air_assessment import COMPOSITE_PARTS
from forecast.standards.indicators import indicator
from forecast.standards.limits import air_limit
from forecast.standards.versions import limits_standard_on, resolve

__all__ = ["KeyRow", "key_rows", "key_sentence", "key_table"]

_ITEM_OF = {name: (item, averaging) for item, (name, averaging) in COMPOSITE_PARTS.items()}

#: How a change is written in words: the sign is told by the verb.
_UNITS: dict[str, Pair] = {
    "%": Pair("%", " %"),
    "points": Pair("个百分点", " points"),
    "days": Pair("天", " days"),
}


#: Below and above the limit, while the year runs and once it is over.
_STATES: dict[bool, dict[bool, Pair]] = {
    False: {False: Pair("未超过", "below"), True: Pair("超过", "above")},
    True: {False: Pair("达标", "attained"), True: Pair("超标", "over")},
}

#: Units as running Chinese text writes them.
_IN_TEXT: dict[str, str] = {"µg/m³": "微克/立方米", "mg/m³": "毫克/立方米"}


@dataclass(frozen=True)
class KeyRow:
    """One indicator: its name and the cells of the table.

    Attributes:
        name: the indicator.
        value, before, mean: this year, the same days of last year, the mean of three years.
        change, mean_change: against them, in ``change_unit`` of the indicator.
        limit: class II limit in force, a dash where there is none.
        state: attained or over, in words.
    """

    name: str
    value: Cell
    before: Cell
    change: Cell
    mean: Cell
    mean_change: Cell
    limit: Cell
    state: Cell


def key_rows(facts: ReviewFacts) -> list[KeyRow]:
    """Return one row an indicator; none where the region has no daily values of the year."""
    city = facts.city
    if city is None or facts.year not in city.years:
        return []
    last = city.last_day(facts.year)
    token = resolve(city.standard).limits if city.standard else limits_standard_on(str(last))
    rows = []
    for row in year_comparison(city, facts.year, last).to_dict("records"):
        name, places = str(row["indicator"]), int(row["decimals"])
        unit = change_unit(name)
        by = {"%": 1, "points": 1, "days": 0}[unit]
        value = float(row["value"])
        limit = _limit(name, token)
        state = Cell(Pair("—", "—"))
        if limit is not None and math.isfinite(value):
            # Attainment is judged on the decimals that the law names, not on those printed.
            judged = float(np.round(value, indicator(name).judged_decimals or 0))
            entry = facts.entry(name)
            words = _STATES[facts.over][judged > limit]
            if facts.over and (entry is None or entry.get("sufficient") is False):
                words = Pair("数据不足", "too few data")
            state = Cell(words, words.en, strong=judged > limit)
        rows.append(
            KeyRow(
                name, cell(value, decimals=places),
                cell(float(row["value_1"]), decimals=places),
                cell(float(row["year_change"]), decimals=by, signed=True),
                cell(float(row["mean"]), decimals=int(row["mean_decimals"])),
                cell(float(row["mean_change"]), decimals=1 if name == "heavy_days" else by, signed=True),
                printed_cell("" if limit is None else f"{limit:g}", limit), state,
            )
        )  # fmt: skip
    return rows


def _limit(name: str, token: str) -> float | None:
    if name not in _ITEM_OF:
        return None
    return air_limit(*_ITEM_OF[name], token)


def key_table(facts: ReviewFacts, rows: list[KeyRow]) -> TableBlock:
    """The rows as a numbered table."""
    period = Pair(f"{facts.year}年", f"{facts.year}")
    before = Pair(f"{facts.year - 1}年", f"{facts.year - 1}")
    if not facts.whole:
        period = Pair("本年至今", "to date")
        before = Pair("上年同期", "last year, same days")
    return TableBlock(
        "key_indicators",
        Pair("环境空气主要指标及同比", "Key indicators of air, with last year"),
        (
            Column(Pair("指标", "indicator"), align="left", weight=2.6),
            Column(Pair("单位", "unit"), weight=1.1),
            Column(period),
            Column(before),
            Column(Pair("同比", "change"), weight=1.3),
            Column(Pair("前三年同期均值", "mean of 3 years"), weight=1.2),
            Column(Pair("与均值比", "against it"), weight=1.3),
            Column(Pair("二级限值", "class II limit")),
            Column(Pair("年评价", "state") if facts.over else Pair("与限值比", "to the limit")),
        ),
        tuple(
            (
                printed_cell(_name(r.name, facts)),
                printed_cell(_unit(r.name)),
                r.value, r.before, _with_unit(r.name, r.change), r.mean,
                _with_unit(r.name, r.mean_change), r.limit, r.state,
            )
            for r in rows
        ),
        (
            Pair(
                "同比按列示数值计算：浓度和综合指数为百分率，比率为百分点，天数为天；天数不足的数值和与之相比的变化不列（—）。"
                "末列仅就均值或百分位数与年二级限值相比" + ("。" if facts.over else "，年度未结束，不是年评价结论。"),
                "Changes are those of the numbers listed: concentrations and the index in percent, "
                "ratios in points, counts in days; a dash where days are too few. Last column: the mean "
                "or percentile against the annual class II limit"
                + ("." if facts.over else "; the year is not over."),
            ),
        ),
    )  # fmt: skip


def _name(name: str, facts: ReviewFacts) -> Pair:
    """Name of an indicator; a mean of part of a year is no annual mean."""
    words = indicator_text(name)
    if facts.whole:
        return words
    return Pair(words.zh.replace("年均浓度", "平均浓度"), words.en.replace("annual mean", "mean"))


def _unit(name: str) -> Pair:
    unit = indicator(name).unit
    return Pair(UNIT_ZH.get(unit, unit) or "—", unit if unit != "-" else "—")


def _with_unit(name: str, number: Cell) -> Cell:
    if number.value is None:
        return number
    unit = _UNITS[change_unit(name)]
    if number.text.en.lstrip("+-") == "1":
        unit = Pair(unit.zh, unit.en.removesuffix("s"))
    return Cell(
        Pair(number.text.zh + unit.zh, number.text.en + unit.en), number.value, number.decimals
    )


def key_sentence(row: KeyRow, facts: ReviewFacts) -> Paragraph | None:
    """One sentence on an indicator: its value and how it stands to last year; None without value."""
    if row.value.value is None:
        return None
    name, unit = _name(row.name, facts), _unit(row.name)
    zh_unit = "" if unit.zh == "—" else _IN_TEXT.get(unit.zh, unit.zh)
    en_unit = "" if unit.en == "—" else f" {unit.en}"
    head_zh = f"{name.zh}为{{v}}{zh_unit}"
    head_en = f"{name.en[:1].upper()}{name.en[1:]}: {{v}}{en_unit}"
    if not isinstance(row.change.value, int | float):
        return say(
            head_zh + "，上年同期没有可比数值。",
            head_en + "; there is nothing of last year to compare with.",
            style="finding", v=row.value,
        )  # fmt: skip
    if row.change.value == 0:
        return say(
            f"{head_zh}，与上年同期持平。", f"{head_en}, as in the same days of last year.",
            style="finding", v=row.value,
        )  # fmt: skip
    up = row.change.value > 0
    counted = change_unit(row.name) == "days"
    verb = Pair("增加", "more") if counted else Pair("上升", "up")
    if not up:
        verb = Pair("减少", "fewer") if counted else Pair("下降", "down")
    by = _with_unit(row.name, cell(abs(row.change.value), decimals=row.change.decimals))
    return say(
        f"{head_zh}，比上年同期（{{b}}{zh_unit}）{verb.zh}{{d}}。",
        f"{head_en}, {{d}} {verb.en} than the {{b}} of the same days of last year."
        if counted
        else f"{head_en}, {verb.en} by {{d}} from {{b}}{en_unit} in the same days of last year.",
        style="finding", v=row.value, b=row.before, d=by,
    )  # fmt: skip
