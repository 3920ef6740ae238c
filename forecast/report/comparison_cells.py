"""Cells, heads and notes that the tables of comparisons share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from forecast.report.comparison_periods import Status
from forecast.report.document import Cell, Paragraph, cell, say
from forecast.report.review_days import CityDays, dust_words
from forecast.report.words import Pair

__all__ = [
    "BASIS_NOTE",
    "CHANGE_NOTE",
    "CHANGE_UNITS",
    "NAMES",
    "STATUS_WORDS",
    "UNITS",
    "Clauses",
    "change_cell",
    "is_number",
    "joined",
    "number_cell",
    "rules_note",
    "size",
]

#: Short names of what is compared.
NAMES: dict[str, Pair] = {
    "pm25_annual_mean": Pair("PM2.5", "PM2.5"),
    "pm10_annual_mean": Pair("PM10", "PM10"),
    "no2_annual_mean": Pair("NO2", "NO2"),
    "so2_annual_mean": Pair("SO2", "SO2"),
    "co_p95": Pair("CO第95百分位", "CO, 95th percentile"),
    "o3_8h_p90": Pair("O3-8h第90百分位", "O3-8h, 90th percentile"),
    "good_day_ratio": Pair("优良天数比率", "good-day ratio"),
    "heavy_days": Pair("重度及以上污染天数", "heavy-or-worse days"),
    "composite_index": Pair("综合指数", "composite index"),
}
_MICRO = Pair("µg/m³", "µg/m³")
UNITS: dict[str, Pair] = {
    "pm25_annual_mean": _MICRO, "pm10_annual_mean": _MICRO, "no2_annual_mean": _MICRO,
    "so2_annual_mean": _MICRO, "co_p95": Pair("mg/m³", "mg/m³"), "o3_8h_p90": _MICRO,
    "good_day_ratio": Pair("%", "%"), "heavy_days": Pair("天", "days"),
    "composite_index": Pair("", ""),
}  # fmt: skip
CHANGE_UNITS: dict[str, Pair] = {
    "%": Pair("%", "%"), "points": Pair("百分点", "points"), "days": Pair("天", "days"),
}  # fmt: skip

#: What stands in a cell in place of a number.
STATUS_WORDS: dict[Status, Pair] = {
    "none": Pair("无数据", "no data"),
    "few": Pair("天数不足", "too few days"),
    "own": Pair("—", "—"),
    "no_base": Pair("基期无数据", "no base data"),
    "few_base": Pair("基期天数不足", "base: too few days"),
    "zero": Pair("基期为零", "base is zero"),
    "rules": Pair("规则不同", "rules differ"),
    "part": Pair("未满期", "not over"),
}

#: Stands after a change between readings that were not taken in the same state.
_MARK = "※"

#: Names that a sentence lists; the table beside it has all of them.
_MOST_NAMES = 12

CHANGE_NOTE = Pair(
    "变化由表中印出（修约后）的数字算得：浓度和综合指数为百分比，比率为百分点，天数为天；正值为上升，负值为下降。",
    "Changes are worked out from the printed (rounded) numbers: concentrations and the composite "
    "index in percent, ratios in percentage points, days in days; plus is a rise, minus a fall.",
)
BASIS_NOTE = Pair(
    f"{_MARK} 两个时段的监测状态不同：2018年9月起气态污染物由标准状态改为参比状态，颗粒物改为实际状态，变化中含有口径改变的影响。",
    f"{_MARK} The two periods were not measured in the same state: from September 2018 gases are at "
    "reference and particles at actual conditions instead of the standard state, so the change "
    "holds an effect of the definition.",
)


def number_cell(value: float, decimals: int, status: Status, **look: Any) -> Cell:
    """A printed number, or in words why there is none.

    >>> number_cell(float("nan"), 0, "few").text.zh
    '天数不足'
    """
    if status:
        words = STATUS_WORDS[status]
        return cell(None, zh=words.zh, en=words.en)
    return cell(value, decimals=decimals, **look)


def change_cell(change: float, decimals: int, status: Status, marked: bool = False) -> Cell:
    """A change with its sign, marked where the state of measurement differs; or why there is none.

    >>> change_cell(1.6, 1, "").text.zh, change_cell(0.0, 1, "", True).text.zh
    ('+1.6', '0.0※')
    """
    if status:
        return number_cell(change, decimals, status)
    made = cell(change, decimals=decimals, signed=True)
    if not marked or made.value is None:
        return made
    return replace(made, text=Pair(made.text.zh + _MARK, made.text.en + _MARK))


def size(changed: Cell) -> Cell:
    """The size of a change as running text writes it beside 上升 or 下降: without sign or mark.

    >>> size(change_cell(-9.5, 1, "", True)).text.zh
    '9.5'
    """
    if not isinstance(changed.value, int | float):
        return changed
    text = changed.text.zh.lstrip("+-").removesuffix(_MARK)
    return replace(changed, text=Pair(text, text), value=abs(changed.value))


def is_number(found: Cell) -> bool:
    """Whether a cell prints a number."""
    return isinstance(found.value, int | float) and math.isfinite(found.value)


def rules_note(city: CityDays, year: int, limits: str) -> Pair:
    """Under which rules the numbers stand and how dust days are treated."""
    dust = dust_words(city, "both")
    ratio_zh, ratio_en = (
        ("有效天数", "valid days") if city.denominator == "valid" else ("日历天数", "calendar days")
    )
    token = city.aqi_standard(year)
    zh, en = "", ""
    if "+" in token and city.standard is None:
        zh = "；本年规则于3月1日变更，各日按往年同月日同一规则比较"
        en = "; the rules change on 1 March of this year: each day goes by those of its month and day"
    return Pair(
        f"{token}、{limits}，往年数据按本年规则重算{zh}；优良天数比率以{ratio_zh}为分母；{dust[0]}。",
        f"{token}, {limits}; earlier periods are recomputed under the rules of this year{en}; the "
        f"good-day ratio is over {ratio_en}; {dust[1]}.",
    )


class Clauses:
    """Text that repeats cells, clause by clause; names from the data go through cells as well."""

    def __init__(self) -> None:
        self.zh: list[str] = []
        self.en: list[str] = []
        self.cells: dict[str, Cell] = {}

    def add(self, zh: str, en: str, **cells: Cell) -> None:
        """Add a clause; ``{name}`` is the printed text of the cell given under that name."""
        tag = f"c{len(self.zh)}"
        renamed = {name: f"{{{tag}{name}}}" for name in cells}
        self.zh.append(zh.format(**renamed))
        self.en.append(en.format(**renamed))
        self.cells |= {f"{tag}{name}": found for name, found in cells.items()}

    def open(self, zh: str, en: str, **cells: Cell) -> None:
        """Put words before the first clause."""
        renamed = {name: f"{{o{name}}}" for name in cells}
        self.zh[0] = zh.format(**renamed) + self.zh[0]
        self.en[0] = en.format(**renamed) + self.en[0]
        self.cells |= {f"o{name}": found for name, found in cells.items()}

    def __bool__(self) -> bool:
        return bool(self.zh)

    def paragraph(self, style: Any = "body") -> Paragraph:
        """All clauses as one sentence."""
        en = "; ".join(self.en)
        en = en if en.startswith("{") else en[:1].upper() + en[1:]
        return say("；".join(self.zh) + "。", en + ".", style=style, **self.cells)


def joined(names: Sequence[Cell], prefix: str = "n") -> tuple[str, str, dict[str, Cell]]:
    """A list of names for a text: its two templates and the cells they use; long lists are cut.

    >>> joined([cell("甲"), cell("乙")])[:2]
    ('{n0}、{n1}', '{n0}, {n1}')
    """
    keys = [f"{prefix}{k}" for k in range(min(len(names), _MOST_NAMES))]
    fields = [f"{{{k}}}" for k in keys]
    cut = len(names) > len(keys)
    return (
        "、".join(fields) + ("等" if cut else ""),
        ", ".join(fields) + (" and others" if cut else ""),
        dict(zip(keys, names, strict=False)),
    )
