"""Tables of the chapter on air: days by level, what leads the bad days, slopes over the years."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from forecast.charts.annual_trend import AnnualPanel
from forecast.charts.style import AQI_COLOURS, AQI_INK
from forecast.report.chapters.facts import ReviewFacts, printed_cell
from forecast.report.document import Block, Cell, Column, TableBlock, cell, say
from forecast.report.review_days import AqiDays, CityDays, year_days
from forecast.report.review_ranking import place_year
from forecast.report.review_trend import trend_data
from forecast.report.words import UNIT_ZH, Pair, indicator_text
from forecast.standards.indicators import indicator
from forecast.standards.items import AIR_ITEMS, ITEMS

__all__ = ["level_blocks", "trend_blocks"]

_LEVELS = (
    Pair("优", "excellent"), Pair("良", "good"), Pair("轻度污染", "light pollution"),
    Pair("中度污染", "moderate pollution"), Pair("重度污染", "heavy pollution"),
    Pair("严重污染", "severe pollution"),
)  # fmt: skip
_GOOD = 2


def level_blocks(facts: ReviewFacts, city: CityDays) -> list[Block]:
    """Days of each level this year and in the same days of last year, and the leading items."""
    last = city.last_day(facts.year)
    now = city.aqi(year_days(facts.year, last), facts.year)
    before = city.aqi(year_days(facts.year - 1, last), facts.year)
    levels = _levels(facts, now, before)
    enough = [
        place_year(city, year, last, facts.year).enough_days
        for year in (facts.year, facts.year - 1)
    ]
    blocks: list[Block] = [_said(levels, now, enough), levels]
    if now.bad.any() or before.bad.any():
        blocks += _leaders(facts, now, before)
    return blocks


def _count(days: AqiDays, level: int) -> int:
    return int((days.level == level).sum())


def _levels(facts: ReviewFacts, now: AqiDays, before: AqiDays) -> TableBlock:
    known = bool(before.valid.any())

    def row(label: Cell, this: int, past: int, *, share: bool = True) -> tuple[Cell, ...]:
        valid = int(now.valid.sum())
        part = 100.0 * this / valid if valid and share else math.nan
        return (
            label, cell(this), cell(round(part, 1) if math.isfinite(part) else None, decimals=1),
            cell(past if known else None), cell(this - past if known else None, signed=True),
        )  # fmt: skip

    rows = [
        row(
            Cell(text, text.en, fill=AQI_COLOURS[k], ink=AQI_INK[k]),
            _count(now, k), _count(before, k),
        )
        for k, text in enumerate(_LEVELS, start=1)
    ]  # fmt: skip
    good, past = (int((d.valid & ~d.bad).sum()) for d in (now, before))
    rows.append(row(Cell(Pair("优良天数", "good days")), good, past))
    rows.append(
        row(Cell(Pair("超标天数", "days over 100")), int(now.bad.sum()), int(before.bad.sum()))
    )
    rows.append(
        row(
            Cell(Pair("有效天数", "valid days")), int(now.valid.sum()), int(before.valid.sum()),
            share=False,
        )
    )  # fmt: skip
    rows.append(
        row(
            Cell(Pair("无效天数", "invalid days")), int((~now.valid).sum()),
            int((~before.valid).sum()), share=False,
        )
    )  # fmt: skip
    days = Pair("天", "days")
    return TableBlock(
        "levels",
        Pair("空气质量各级别天数", "Days by AQI level"),
        (
            Column(Pair("级别", "level"), align="left", weight=1.8),
            Column(Pair("本年" if facts.over else "本年至今", "this year"), days),
            Column(Pair("占有效天数", "share of valid"), Pair("%", "%")),
            Column(Pair("上年" if facts.over else "上年同期", "last year"), days),
            Column(Pair("增减", "change"), days),
        ),
        tuple(rows),
        (
            Pair(
                "逐日按当日有效的标准评价，上年同日按本年的标准重新评价；缺测的日子为无效天，不计入优良。",
                "Each day by the rule in force, the same day of last year by that rule too; a day with "
                "an item missing is invalid, never good.",
            ),
        ),
    )  # fmt: skip


def _said(levels: TableBlock, now: AqiDays, enough: list[bool]) -> Block:
    """The days in words; ``enough``: whether this year and last have the days that a ratio needs."""
    rows = {str(r[0].text.en): r for r in levels.rows}
    good, bad, valid = (rows[k] for k in ("good days", "days over 100", "valid days"))
    if not now.valid.any():
        return say(
            "没有一天的六项指标齐全，无法评价优良天数（<table:levels>）。",
            "No day has all six items, so good days can't be counted (<table:levels>).",
            style="reservation",
        )
    zh = "{v}个有效天中，优良{g}天（{s}%），超标{b}天（<table:levels>）"
    en = "Of {v} valid days {g} were good ({s} %), {b} were over 100 (<table:levels>)"
    cells = {"v": valid[1], "g": good[1], "s": good[2], "b": bad[1]}
    if not enough[0]:
        zh += "；有效天数不足，仅供参考"
        en += "; too few valid days, for reference alone"
    change = good[4].value
    if isinstance(change, int) and change and all(enough):
        by = cell(abs(change))
        cells["d"] = by
        zh += "；优良天数比上年同期" + ("增加{d}天" if change > 0 else "减少{d}天")
        en += "; {d} good days " + ("more" if change > 0 else "fewer") + " than last year"
    return say(zh + "。", en + ".", style="body", **cells)


def _leaders(facts: ReviewFacts, now: AqiDays, before: AqiDays) -> list[Block]:
    """Bad days by leading item; items that lead together share the day."""
    mine, past = _led(now), _led(before)
    known = bool(before.valid.any())
    items = [i for i in AIR_ITEMS if mine[i] or past[i]]
    items.sort(key=lambda i: (-mine[i], AIR_ITEMS.index(i)))
    rows = tuple(
        (
            Cell(Pair(ITEMS[i].zh, ITEMS[i].en), i),
            cell(_tenth(mine[i]), decimals=1),
            cell(_tenth(past[i]) if known else None, decimals=1),
            cell(_tenth(mine[i] - past[i]) if known else None, decimals=1, signed=True),
        )
        for i in items
    )
    days = Pair("天", "days")
    table = TableBlock(
        "leaders",
        Pair("超标日首要污染物", "What leads the days over 100"),
        (
            Column(Pair("首要污染物", "item"), align="left", weight=1.8),
            Column(Pair("本年" if facts.over else "本年至今", "this year"), days),
            Column(Pair("上年" if facts.over else "上年同期", "last year"), days),
            Column(Pair("增减", "change"), days),
        ),
        rows,
        (
            Pair(
                "两项并列首要污染物的日子各计半天。",
                "A day that two items lead together counts half for each.",
            ),
        ),
    )  # fmt: skip
    if not now.bad.any():
        first: Block = say(
            "本年没有超标日，上年超标日的首要污染物列于下表（<table:leaders>）。",
            "No day of this year was over 100; what led those of last year is listed "
            "(<table:leaders>).",
        )
    else:
        first = say(
            "超标日的首要污染物以{i}最多，为{n}天（<table:leaders>）。",
            "{i} led most of the days over 100: {n} (<table:leaders>).",
            i=rows[0][0], n=rows[0][1],
        )  # fmt: skip
    return [first, table]


def _led(days: AqiDays) -> dict[str, Fraction]:
    found = dict.fromkeys(AIR_ITEMS, Fraction(0))
    for row in days.primary[days.bad]:
        led = np.flatnonzero(row)
        for k in led:
            found[AIR_ITEMS[int(k)]] += Fraction(1, led.size)
    return found


def _tenth(value: Fraction) -> float:
    return float(round(value, 1))


def trend_blocks(facts: ReviewFacts, city: CityDays) -> list[Block]:
    """Slopes of the six indicators, and a sentence on those whose interval leaves nought out."""
    panels = trend_data(city, facts.year, ()).panels
    rows = [row for p in panels if (row := _slope(p)) is not None]
    if not rows:
        return []
    table = TableBlock(
        "trends",
        Pair("六项指标的趋势", "Trends of the six indicators"),
        (
            Column(Pair("指标", "indicator"), align="left", weight=2.2),
            Column(Pair("单位", "unit"), weight=1.3),
            Column(Pair("斜率", "slope"), weight=1.0),
            Column(Pair("95%区间", "95 % interval"), weight=1.8),
            Column(Pair("每年", "a year"), Pair("%", "%")),
            Column(Pair("样本", "values"), weight=1.2),
            Column(Pair("补值月数", "months filled"), weight=1.0),
            Column(Pair("方向", "direction"), weight=1.2),
        ),
        tuple(rows),
        (
            Pair(
                "斜率为 Theil–Sen 估计：均值类指标用去季节的月均值，区间按块自助法；百分位数用年值，区间按秩。"
                "区间包含零的写“不显著”；监测状态改变处作台阶，不计入斜率。",
                "Theil–Sen slopes: of monthly means without their season for means (block bootstrap), "
                "of annual values for percentiles (rank interval). Not significant where the interval "
                "holds zero; a change of the state of measurement is a step, no part of a slope.",
            ),
        ),
    )  # fmt: skip
    told = [r for r in rows if r[7].value in ("up", "down")]
    if not any(r[7].value for r in rows):
        text = say(
            "记录不足或各法结论不一，不能判断趋势，原因列于表中（<table:trends>）。",
            "No trend can be told: too short a record, or methods that disagree; the reasons stand "
            "in the table (<table:trends>).",
        )
    elif not told:
        text = say(
            "年份足够的指标，趋势区间均包含零，没有显著趋势（<table:trends>）。",
            "No trend is significant: every interval that can be given holds zero "
            "(<table:trends>).",
        )
    else:
        zh = "；".join(f"{{i{k}}}{{w{k}}}，每年{{s{k}}}{_unit(r)[0]}" for k, r in enumerate(told))
        en = "; ".join(f"{{i{k}}} {{w{k}}}, {{s{k}}} {_unit(r)[1]}" for k, r in enumerate(told))
        cells = {
            key: c
            for k, r in enumerate(told)
            for key, c in ((f"i{k}", r[0]), (f"s{k}", r[2]), (f"w{k}", r[7]))
        }
        text = say(
            f"区间不含零的趋势：{zh}（<table:trends>）。",
            f"Trends whose interval excludes zero: {en} (<table:trends>).",
            style="body",
            **cells,
        )
    return [text, table]


def _unit(row: tuple[Cell, ...]) -> tuple[str, str]:
    return row[1].text.zh.removesuffix("/年"), row[1].text.en


def _slope(panel: AnnualPanel) -> tuple[Cell, ...] | None:
    line = panel.trend
    if line is None:
        return None
    unit = indicator(panel.indicator).unit
    places = 3 if unit == "mg/m³" else 2
    bounded = math.isfinite(line.lower) and math.isfinite(line.upper)
    words = Pair("不显著", "not significant")
    way = "flat"
    if not math.isfinite(line.slope) or not bounded or not line.conclusive:
        way = ""
        words = Pair(line.note_zh or "年份不足", line.note_en or "too few years")
    elif line.lower > 0:
        words, way = Pair("上升", "rises"), "up"
    elif line.upper < 0:
        words, way = Pair("下降", "falls"), "down"
    counted = Pair(
        f"{line.n}{'个月' if line.of == 'months' else '年'}",
        f"{line.n} {'months' if line.of == 'months' else 'years'}",
    )
    span = f"{line.lower:+.{places}f} – {line.upper:+.{places}f}" if bounded else ""
    return (
        printed_cell(indicator_text(panel.indicator)),
        printed_cell(Pair(f"{UNIT_ZH.get(unit, unit)}/年", f"{unit} a year")),
        cell(line.slope, decimals=places, signed=True),
        printed_cell(span),
        cell(line.percent, decimals=1, signed=True),
        printed_cell(counted, line.n),
        cell(line.filled if line.of == "months" else None),
        Cell(words, way or None),
    )
