"""Sentences on one city compared with itself; every number is a cell of the tables beside them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd

from forecast.report.comparison_blocks import month_tables, period_words, year_table
from forecast.report.comparison_cells import (
    BASIS_NOTE,
    UNITS,
    Clauses,
    is_number,
    joined,
    size,
)
from forecast.report.comparison_periods import COMPARED
from forecast.report.comparisons import as_day, change_unit, month_comparison, year_comparison
from forecast.report.document import Block, Cell, Paragraph, Section, TableBlock, cell
from forecast.report.review_days import CityDays
from forecast.report.words import Pair

__all__ = ["MOVES", "city_sections", "direction", "spoken_unit"]

#: Indicators that running text speaks of.
_TOLD = ("pm25_annual_mean", "o3_8h_p90", "good_day_ratio", "heavy_days", "composite_index")
_COLUMN = {name: at for at, name in enumerate(COMPARED, 1)}
#: Which changes a list of names is made of, and what they are called.
MOVES: tuple[tuple[Callable[[float], bool], str, str], ...] = (
    (lambda v: v < 0, "下降", "down"),
    (lambda v: v > 0, "上升", "up"),
    (lambda v: v == 0, "持平", "unchanged"),
)


def city_sections(city: CityDays, year: int, last: np.datetime64 | date) -> list[Block]:
    """The sections on one city: the year beside last year and three, then months and quarters."""
    end = as_day(last)
    whole = year_comparison(city, year, end)
    table = year_table(city, whole, year, end)
    frame = month_comparison(city, year, end)
    # A year that is in its first month has no period to compare with the one before.
    tables = [t for t in month_tables(city, frame, year, end) if t.rows]
    blocks: list[Block] = [
        Section(Pair("同比与三年均值", "Beside last year and the mean of three"))
    ]
    blocks += _year_text(city, period_words(year, end), whole, table)
    blocks += [table, Section(Pair("各月、季同比与环比", "Months and quarters"))]
    blocks += [*_month_text(tables), *tables]
    return blocks


def _year_text(
    city: CityDays, period: Pair, frame: pd.DataFrame, table: TableBlock
) -> list[Paragraph]:
    rows = {str(r[0].value): r for r in table.rows}
    against_last, against_mean = Clauses(), Clauses()
    without = []
    for name in _TOLD:
        _tell(name, rows[name], against_last, against_mean)
        if not is_number(rows[name][5]):
            without.append(rows[name][0])
    out = []
    if against_last:
        against_last.open(
            "{place}{period}，", "{place}, {period} (<table:comparison_year>): ",
            place=cell(city.place), period=cell(period.zh, zh=period.zh, en=period.en),
        )  # fmt: skip
        against_last.zh[-1] += "（见<table:comparison_year>）"
        out.append(against_last.paragraph())
    if against_mean:
        against_mean.open(
            "与前三年同期均值相比，",
            "against the mean of the same days of the three years before, ",
        )
        out.append(against_mean.paragraph())
    elif against_last:
        out.append(
            Paragraph(
                Pair(
                    "前三年同期的数据不全或天数不足，没有三年均值可比。",
                    "The same days of the three years before are not all on record with enough "
                    "days: there is no mean to compare with.",
                )
            )
        )
    if without:
        zh, en, cells = joined(without)
        clause = Clauses()
        clause.add(
            f"{zh}本期无数据或有效天数不足，不印数字、不作比较",
            f"no number and no comparison, for want of valid days: {en}",
            **cells,
        )
        out.append(clause.paragraph("reservation"))
    shown = (frame["year_crosses"] & (frame["year_status"] == "")) | (
        frame["mean_crosses"] & (frame["mean_change_status"] == "")
    )
    if shown.any():
        out.append(Paragraph(BASIS_NOTE, "reservation"))
    return out


def _tell(name: str, row: tuple[Cell, ...], against_last: Clauses, against_mean: Clauses) -> None:
    """Add what a row of the table of years says to the two sentences."""
    label, _, _, _, before, now, change, mean, step, _ = row
    if not is_number(now):
        return
    unit, moved = UNITS[name], spoken_unit(name)
    gap = " " if unit.en and unit.en != "%" else ""
    told = {"label": label, "now": now}
    zh, en = f"{{label}}为{{now}}{unit.zh}", f"{{label}} {{now}}{gap}{unit.en}"
    if not is_number(change):
        against_last.add(
            f"{zh}，上年同期无可比数据", f"{en}, with nothing of a year before to compare", **told
        )
    elif not change.value:
        against_last.add(f"{zh}，与上年同期持平", f"{en}, the same as a year before", **told)
    else:
        way = direction(change, name)
        against_last.add(
            f"{zh}，比上年同期的{{before}}{unit.zh}{way.zh}{{by}}{moved.zh}",
            f"{en}, {way.en} by {{by}}{moved.en} from {{before}}{gap}{unit.en} a year before",
            **told, before=before, by=size(change),
        )  # fmt: skip
    if not is_number(step):
        return
    if step.value:
        way = direction(step, name)
        against_mean.add(
            f"{{label}}比{{mean}}{unit.zh}{way.zh}{{by}}{moved.zh}",
            f"{{label}} is {way.en} by {{by}}{moved.en} from {{mean}}{gap}{unit.en}",
            label=label, mean=mean, by=size(step),
        )  # fmt: skip
    else:
        against_mean.add(
            f"{{label}}与{{mean}}{unit.zh}持平", f"{{label}} equals {{mean}}{gap}{unit.en}",
            label=label, mean=mean,
        )  # fmt: skip


def direction(changed: Cell, name: str) -> Pair:
    """Whether a number rose or fell, without a judgement."""
    rises = isinstance(changed.value, int | float) and changed.value > 0
    if change_unit(name) == "days":
        return Pair("增加", "up") if rises else Pair("减少", "down")
    return Pair("上升", "up") if rises else Pair("下降", "down")


def spoken_unit(name: str) -> Pair:
    """Unit of a change in running text."""
    return {
        "%": Pair("%", "%"), "points": Pair("个百分点", " percentage points"), "days": Pair("天", " days"),
    }[change_unit(name)]  # fmt: skip


def _month_text(tables: list[TableBlock]) -> list[Paragraph]:
    """Highest and lowest months of the index; months in which PM2.5 rose, fell or stayed."""
    values, years, *_ = tables
    months = [r for r in values.rows if not str(r[0].value).startswith("Q")]
    at = _COLUMN["composite_index"]
    known = [r for r in months if is_number(r[at])]
    opening = Clauses()
    if len(known) > 1:
        numbers = [float(r[at].value) for r in known]  # type: ignore[arg-type]
        for extreme, zh, en in (
            (max(numbers), "最高", "highest"),
            (min(numbers), "最低", "lowest"),
        ):
            own = [r for r, v in zip(known, numbers, strict=True) if v == extreme]
            if len(own) == len(known):
                opening.add(
                    "各月综合指数均为{v}", "the composite index is {v} in every month", v=own[0][at]
                )
                break
            names_zh, names_en, cells = joined([r[0] for r in own])
            opening.add(f"综合指数{zh}的是{names_zh}（{{v}}）", f"the composite index is {en} in {names_en} ({{v}})", v=own[0][at], **cells)  # fmt: skip
    moved = [r for r in years.rows if not str(r[0].value).startswith("Q")]
    column = _COLUMN["pm25_annual_mean"]
    for test, zh, en in MOVES:
        own = [r for r in moved if is_number(r[column]) and test(float(r[column].value))]  # type: ignore[arg-type]
        if own:
            names_zh, names_en, cells = joined([r[0] for r in own])
            opening.add(f"PM2.5同比{zh}的月份：{names_zh}", f"PM2.5 {en} on the year before in {names_en}", **cells)  # fmt: skip
    if not opening:
        return [
            Paragraph(
                Pair("有效天数足够的月份不足两个，各月之间不作文字比较。",
                     "Fewer than two months have enough days, so months are not compared in words."),
                "reservation",
            )
        ]  # fmt: skip
    named = [f"<table:{t.key}>" for t in tables]
    opening.zh[-1] += f"（见{'、'.join(named)}）"
    opening.en[-1] += f" ({', '.join(named)})"
    return [opening.paragraph()]
