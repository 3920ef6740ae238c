"""Why the air changed: what the good days were gained or lost by, and what the weather did."""

from __future__ import annotations

import math

from forecast.charts.good_days_explained import (
    PARTS,
    VIEWS,
    ExplainedStandard,
    GoodDaysExplainedData,
    good_days_explained,
)
from forecast.charts.weather_normalised import (
    Comparison,
    WeatherNormalisedData,
    weather_normalised,
)
from forecast.errors import InputError
from forecast.report.chapters.facts import ReviewFacts, printed_cell
from forecast.report.document import Block, Cell, Column, Paragraph, TableBlock, cell, say
from forecast.report.drawing import figure_block
from forecast.report.review_days import CityDays
from forecast.report.review_good_days import good_days_data
from forecast.report.review_weather import weather_data
from forecast.report.words import Pair

__all__ = ["good_days_blocks", "weather_blocks"]

_DAYS = Pair("天", "days")


def good_days_blocks(facts: ReviewFacts, city: CityDays) -> list[Block]:
    """The gain or loss of good days against last year, in ways that each add up, with its chart."""
    data = good_days_data(city, facts.asked.panel, facts.year, facts.asked.notices)
    chart = good_days_explained(data, lang=facts.asked.lang)
    figure = figure_block(chart, "good_days_explained", picture=facts.pictures)
    known = [c for c in data.columns if c.change is not None]
    if not known:
        first = data.columns[0]
        why = Pair(first.reason_zh, first.reason_en)
        return [
            Paragraph(Pair(f"{why.zh}（<figure:good_days_explained>）。",
                           f"{why.en} (<figure:good_days_explained>)."), "note"),
            figure,
        ]  # fmt: skip
    table = _change_table(known)
    rules = str((facts.entry("good_day_ratio") or {}).get("standard", ""))
    # In a year of two rules none of the columns is the year's own count: both are told.
    told = [c for c in known if c.token == rules] or known
    said = [_change_said(c, 2 + known.index(c), table) for c in told]
    return [*said, table, figure, *_remarks(data)]


def _remarks(data: GoodDaysExplainedData) -> list[Block]:
    """What the chart's footer says of parts that could not be told apart."""
    shown = [n for n in data.footer.notices if "未分出" in n[0]]
    return [Paragraph(Pair(f"{zh}。", f"{en[:1].upper()}{en[1:]}."), "note") for zh, en in shown]


def _change_table(columns: list[ExplainedStandard]) -> TableBlock:
    days: list[dict[tuple[str, str], float]] = []
    for column in columns:
        if column.change is None:
            raise ValueError("a standard without a comparison has no column")
        found = column.change.table()
        days.append(
            {
                (str(v), str(p)): float(d)
                for v, p, d in found[["view", "part", "days"]].itertuples(index=False)
            }
        )
    there = {key for one in days for key in one}
    parts = [*PARTS, "total"]
    order = sorted(there, key=lambda k: (list(VIEWS).index(k[0]), parts.index(k[1])))
    rows = []
    for view, part in order:
        total = part == "total"
        words = Pair("合计", "all") if total else Pair(*PARTS[part])
        rows.append(
            (
                Cell(Pair(*VIEWS[view])),
                Cell(words, f"{view}:{part}", strong=total),
                *(_days(one.get((view, part), 0.0), total=total) for one in days),
            )
        )
    change = columns[0].change
    if change is None:
        raise ValueError("a standard without a comparison has no column")
    years = (change.first.year, change.last.year)
    return TableBlock(
        "good_days_change",
        Pair(
            f"{years[1]}年优良天数比{years[0]}年同期的增减及其构成",
            f"Good days of {years[1]} against the same part of {years[0]}, and what the change is "
            "made of",
        ),
        (
            Column(Pair("分法", "way"), align="left", weight=1.2),
            Column(Pair("构成", "part"), align="left", weight=1.8),
            *(Column(Pair(c.token, c.token), _DAYS, weight=1.4) for c in columns),
        ),
        tuple(rows),
        (
            Pair(
                "每种分法各自加总为合计，各种分法之间不能相加；超标日由当日首要污染物均分。",
                "Each way adds up by itself; ways are not to be added. A bad day is shared by the "
                "items that lead it.",
            ),
        ),
    )  # fmt: skip


def _days(value: float, *, total: bool) -> Cell:
    whole = float(value).is_integer()
    number: float | int = int(value) if whole else round(value, 1)
    return cell(number, decimals=0 if whole else 1, signed=True, strong=total)


def _change_said(column: ExplainedStandard, at: int, table: TableBlock) -> Block:
    """How many days were gained or lost, and the items and the weather that did it."""
    change = column.change
    if change is None:
        raise ValueError("a standard without a comparison says nothing")
    cells = {str(row[1].value): row[at] for row in table.rows}
    total = cells["item:total"]
    told: dict[str, Cell] = {}
    zh, en = [], []
    for item, gained in sorted(change.by_item.items(), key=lambda i: -abs(i[1])):
        if not gained:
            continue
        told[item] = cells[f"item:{item}"]
        zh.append(f"{PARTS[item][0]} {{{item}}}天")
        en.append(f"{PARTS[item][1]} {{{item}}}")
    valid = cells["item:valid_days"]
    if valid.value:
        told["valid_days"] = valid
        zh.append("有效天数增减 {valid_days}天")
        en.append("valid days {valid_days}")
    by_zh = f"：{'、'.join(zh)}" if zh else ""
    by_en = f": {', '.join(en)}" if en else ""
    head_zh = f"按{column.token}，优良天数与上年同期相比 {{total}}天{by_zh}（<table:good_days_change>、<figure:good_days_explained>）"
    head_en = (
        f"By {column.token} the good days changed by {{total}} against the same part of last year"
        f"{by_en} (<table:good_days_change>, <figure:good_days_explained>)"
    )
    if change.by_weather is not None:
        told["weather"], told["rest"] = cells["weather:weather"], cells["weather:rest"]
        head_zh += "；其中气象影响 {weather}天，排放等其余影响 {rest}天"
        head_en += "; the weather made {weather} of it, emissions and the rest {rest}"
    return say(head_zh + "。", head_en + ".", style="body", total=total, **told)


def weather_blocks(facts: ReviewFacts, city: CityDays) -> list[Block]:
    """PM2.5 in normal weather: the split of its change, the score of the model, the chart."""
    try:
        data = weather_data(city, facts.asked.panel, facts.year, facts.asked.notices)
    except InputError as error:
        return [
            Paragraph(
                Pair(
                    "没有逐日气象数据，或与监测值共有的天数不足，气象与排放的贡献未作区分。",
                    f"The weather was not told apart: {error.message}",
                ),
                "note",
            )
        ]
    figure = figure_block(
        weather_normalised(data, lang=facts.asked.lang),
        "weather_normalised",
        picture=facts.pictures,
    )
    table = _split_table(data)
    blocks: list[Block] = []
    for at, one in enumerate(data.comparisons):
        if one.change is not None:
            blocks.append(_split_said(data, one, table.rows[at]))
        else:
            blocks.append(Paragraph(Pair(f"{one.reason_zh}。", f"{one.reason_en}."), "note"))
    if any(c.change is not None for c in data.comparisons):
        blocks.append(table)
    blocks.append(figure)
    blocks.append(
        Paragraph(
            Pair(f"{data.score_zh}。{data.basis_zh}。", f"{data.score_en}. {data.basis_en}."),
            "note",
        )
    )
    return blocks


def _split_table(data: WeatherNormalisedData) -> TableBlock:
    rows: list[tuple[Cell, ...]] = []
    for one in data.comparisons:
        head = Cell(
            Pair(f"{one.first}年（{one.why_zh}）", f"{one.first} ({one.why_en})"), one.first
        )
        if one.change is None:
            rows.append((head, *(printed_cell(""),) * 6))
            continue
        parts = one.change.rounded(data.decimals)
        rows.append(
            (
                head,
                *(
                    cell(parts[k], decimals=data.decimals, signed=True)
                    for k in ("observed", "weather", "emissions", "remainder")
                ),
                _span(one.change.weather_interval, data.decimals),
                _span(one.change.emissions_interval, data.decimals),
            )
        )
    unit = Pair(data.unit, data.unit)
    return TableBlock(
        "weather_split",
        Pair(
            f"{data.item_zh}变化中气象与排放的贡献",
            f"Weather and emissions in the change of {data.item_en}",
        ),
        (
            Column(Pair("比较年", "against"), align="left", weight=1.9),
            Column(Pair("变化", "change"), unit),
            Column(Pair("气象", "weather"), unit),
            Column(Pair("排放等", "emissions"), unit),
            Column(Pair("未解释", "unexplained"), unit),
            Column(Pair("气象区间", "weather interval"), unit, weight=1.5),
            Column(Pair("排放等区间", "emissions interval"), unit, weight=1.5),
        ),
        tuple(rows),
        (
            Pair(
                f"区间为{100 * _level(data):g}%，由重新拟合得到；“排放等”为正常气象下的变化，含一切非气象因素。"
                "变化按有值且有气象的天计算，与公布的均值可能略有出入。",
                f"Intervals of {100 * _level(data):g} % from refits; emissions: the change in normal "
                "weather, whatever else is no weather included. Over days with value and weather, so "
                "the change may differ a little from that of published means.",
            ),
        ),
    )  # fmt: skip


def _level(data: WeatherNormalisedData) -> float:
    return next((c.change.level for c in data.comparisons if c.change is not None), 0.95)


def _span(bounds: tuple[float, float], decimals: int) -> Cell:
    if not all(math.isfinite(b) for b in bounds):
        return printed_cell("")
    return printed_cell(f"{bounds[0]:+.{decimals}f} – {bounds[1]:+.{decimals}f}")


def _split_said(data: WeatherNormalisedData, one: Comparison, row: tuple[Cell, ...]) -> Block:
    unit = "微克/立方米" if data.unit == "µg/m³" else data.unit
    span = "同期" if one.change is not None and one.change.until != (12, 31) else ""
    return say(
        f"与{one.first}年{span}（{one.why_zh}）相比，{data.item_zh}变化 {{o}} {unit}，其中气象 {{w}}，"
        "排放等 {e}，未解释 {r}（<table:weather_split>、<figure:weather_normalised>）。",
        f"Against {'the same part of ' if span else ''}{one.first} ({one.why_en}) {data.item_en} "
        f"changed by {{o}} {data.unit}: weather {{w}}, emissions {{e}}, unexplained {{r}} "
        "(<table:weather_split>, <figure:weather_normalised>).",
        style="body", o=row[1], w=row[2], e=row[3], r=row[4],
    )  # fmt: skip
