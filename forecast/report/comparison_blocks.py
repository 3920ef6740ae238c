"""Tables of one city compared with itself, made from the tidy ones of ``comparisons``."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from forecast.report.comparison_cells import (
    BASIS_NOTE,
    CHANGE_NOTE,
    CHANGE_UNITS,
    NAMES,
    UNITS,
    change_cell,
    number_cell,
    rules_note,
)
from forecast.report.comparison_periods import COMPARED
from forecast.report.comparisons import change_unit
from forecast.report.document import Cell, Column, TableBlock, cell
from forecast.report.review_days import CityDays
from forecast.report.words import Pair
from forecast.standards.versions import limits_standard_on, resolve

__all__ = ["MONTH_NAMES", "month_tables", "period_words", "year_table"]

#: Heads of the narrow columns of the months.
_HEADS: dict[str, Pair] = {
    "co_p95": Pair("CO第95百分位", "CO p95"),
    "o3_8h_p90": Pair("O3-8h第90百分位", "O3-8h p90"),
    "good_day_ratio": Pair("优良天数比率", "good-day ratio"),
    "heavy_days": Pair("重污染天数", "heavy days"),
    "composite_index": Pair("综合指数", "index"),
}
MONTH_NAMES: tuple[str, ...] = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_QUARTERS = "一二三四"
_MONTH_DAYS_NOTE = Pair(
    "每月有效日均值不少于27天（2月25天；未满月按天数折算）方可印出，季度须其各月均足；优良天数比率和重污染天数按有AQI的天数同样要求。"
    "月、季的CO、O3为该时段的百分位数。",
    "A number is printed where each month has 27 valid days (February 25; in proportion for a month "
    "that is not over), a quarter where all its months have; ratios and heavy days ask the same of "
    "days with an AQI. CO and O3 of a month or quarter are percentiles of its days.",
)


def period_words(year: int, last: np.datetime64 | date) -> Pair:
    """The part of a year up to ``last``, in words; the whole of it as its number.

    >>> period_words(2025, date(2025, 6, 30)).zh
    '2025年1月1日至6月30日'
    """
    end = pd.Timestamp(last)
    if (end.month, end.day) == (12, 31):
        return Pair(f"{year}年", f"{year}")
    return Pair(
        f"{year}年1月1日至{end.month}月{end.day}日",
        f"1 January to {end.day} {MONTH_NAMES[end.month - 1]} {year}",
    )


def year_table(city: CityDays, frame: pd.DataFrame, year: int, last: np.datetime64) -> TableBlock:
    """The table of the year beside the three before, from ``year_comparison``."""
    period = period_words(year, last)
    rows = []
    marked = False
    for row in frame.to_dict("records"):
        name = str(row["indicator"])
        places = int(row["decimals"])
        unit = CHANGE_UNITS[change_unit(name)]
        mean_places = places if change_unit(name) == "points" else 1
        step_places = {"points": 1, "days": 0, "%": 1}[change_unit(name)]
        marked |= bool(row["mean_crosses"]) and not row["mean_change_status"]
        marked |= bool(row["year_crosses"]) and not row["year_status"]
        rows.append(
            (
                cell(name, zh=NAMES[name].zh, en=NAMES[name].en),
                cell(UNITS[name].zh or "—", en=UNITS[name].en or "—"),
                *(number_cell(row[f"value_{k}"], places, row[f"status_{k}"]) for k in (3, 2, 1)),
                number_cell(row["value"], places, row["status"], strong=True),
                change_cell(row["year_change"], step_places, row["year_status"], row["year_crosses"]),
                number_cell(row["mean"], int(row["mean_decimals"]), row["mean_status"]),
                change_cell(row["mean_change"], mean_places, row["mean_change_status"], row["mean_crosses"]),
                cell(unit.zh, en=unit.en),
            )
        )  # fmt: skip
    n = frame.iloc[0]
    limits = resolve(city.standard).limits if city.standard else limits_standard_on(last)
    notes = [
        CHANGE_NOTE,
        Pair(
            "三年均值为前三年同期未修约值的算术平均，修约一次；三年中有一年天数不足或无数据则不计。"
            f"本期有AQI的天数{int(n['n_valid'])}天，日历天数{int(n['n_days'])}天；"
            "全年须324天、每月27天（2月25天），未满年按天数折算，天数不足的不印数字、不作比较。",
            "The three-year mean is that of the unrounded values of the same days of the three years "
            "before, rounded once; none where a year has too few days or no data. "
            f"Days with an AQI: {int(n['n_valid'])} of {int(n['n_days'])}. A year needs 324 days and "
            "27 in each month (February 25), part of a year in proportion; with fewer no number is "
            "printed and nothing compared.",
        ),
        rules_note(city, year, limits),
        *([BASIS_NOTE] if marked else []),
    ]
    return TableBlock(
        "comparison_year",
        Pair(f"{city.place}{period.zh}同比与三年均值", f"{city.place}, {period.en}: beside last year and the mean of three"),
        (
            Column(Pair("指标", "indicator"), align="left", weight=1.9),
            Column(Pair("单位", "unit"), weight=0.8),
            *(Column(Pair(f"{y}年", str(y)), weight=0.9) for y in range(year - 3, year + 1)),
            Column(Pair("同比", "vs last year"), weight=1.0),
            Column(Pair("三年均值", "3-year mean"), weight=0.9),
            Column(Pair("比三年均值", "vs 3-year mean"), weight=1.0),
            Column(Pair("变化单位", "change in"), weight=0.8),
        ),
        tuple(rows), tuple(notes),
    )  # fmt: skip


def month_tables(
    city: CityDays, frame: pd.DataFrame, year: int, last: np.datetime64
) -> tuple[TableBlock, TableBlock, TableBlock]:
    """Values, 同比 and 环比 of the months and quarters, from ``month_comparison``."""
    limits = resolve(city.standard).limits if city.standard else limits_standard_on(last)
    rules = rules_note(city, year, limits)
    months: dict[str, list[tuple[Cell, ...]]] = {"values": [], "year": [], "previous": []}
    marked = dict.fromkeys(months, False)
    recomputed = False
    gaps: list[tuple[Pair, str]] = []
    for _, own in frame.groupby("period", sort=False):
        by_name = {str(r["indicator"]): r for r in own.to_dict("records")}
        first = by_name[COMPARED[0]]
        name = _period_cell(first)
        strong = str(first["period"]).startswith("Q")
        values, years, steps = [], [], []
        for indicator_name in COMPARED:
            row = by_name[indicator_name]
            places = int(row["decimals"])
            step_places = 0 if change_unit(indicator_name) == "days" else 1
            values.append(number_cell(row["value"], places, row["status"], strong=strong))
            years.append(
                change_cell(
                    row["year_change"], step_places, row["year_status"], bool(row["year_crosses"])
                )
            )
            steps.append(
                change_cell(
                    row["previous_change"],
                    step_places,
                    row["previous_status"],
                    bool(row["previous_crosses"]),
                )
            )
            marked["year"] |= bool(row["year_crosses"]) and not row["year_status"]
            marked["previous"] |= bool(row["previous_crosses"]) and not row["previous_status"]
            recomputed |= bool(row["previous_recomputed"]) and not row["previous_status"]
        if int(first["n_valid"]) < int(first["n_days"]):
            gaps.append((name.text, f"{first['n_valid']}/{first['n_days']}"))
        months["values"].append((name, *values))
        months["year"].append((name, *years))
        if first["whole"]:
            months["previous"].append((name, *steps))
    head = Column(Pair("时段", "period"), align="left", weight=1.3)
    plain = tuple(Column(_HEADS.get(n, NAMES[n]), UNITS[n]) for n in COMPARED)
    changed = tuple(Column(_HEADS.get(n, NAMES[n]), CHANGE_UNITS[change_unit(n)]) for n in COMPARED)
    again = Pair(
        "两月（季）之间AQI规则变更的，上期的优良天数比率和重污染天数按本期规则重算后再比。",
        "Where the AQI rules change between the two, ratio and heavy days of the period before are "
        "recomputed under those of the period.",
    )
    part = Pair(
        "未满的月、季与上年同期同日比较，不作环比。",
        "A period that is not over is compared with the same days of last year, not with the one before.",
    )
    open_period = [part] if not frame["whole"].all() else []
    mixed = (frame["previous_status"] == "rules").any()
    rules_differ = Pair(
        "“规则不同”：该时段内AQI规则变更，与上期没有同一规则可比。",
        "Rules differ: the AQI rules change within the period, so no one version holds for both.",
    )

    def table(
        key: str, zh: str, en: str, columns: tuple[Column, ...], part_of: str, notes: list[Pair]
    ) -> TableBlock:
        return TableBlock(
            key,
            Pair(
                f"{city.place}{year}年各月、季{zh}",
                f"{city.place}, months and quarters of {year}: {en}",
            ),
            columns,
            tuple(months[part_of]),
            (*notes, *([BASIS_NOTE] if marked[part_of] else [])),
        )

    return (
        table("comparison_months", "空气质量", "air quality",
              (head, *plain), "values",
              [_MONTH_DAYS_NOTE, _gaps_note(gaps), rules]),
        table("comparison_months_year", "同比变化", "change on the year before", (head, *changed),
              "year", [CHANGE_NOTE, *open_period]),
        table("comparison_months_previous", "环比变化", "change on the period before",
              (head, *changed), "previous",
              [CHANGE_NOTE, *open_period, *([again] if recomputed else []),
               *([rules_differ] if mixed else [])]),
    )  # fmt: skip


def _gaps_note(gaps: list[tuple[Pair, str]]) -> Pair:
    """Periods with days that have no AQI."""
    if not gaps:
        return Pair("各时段逐日均有AQI。", "Every day of every period has an AQI.")
    return Pair(
        "有AQI的天数少于日历天数的时段：" + "、".join(f"{n.zh}{d}" for n, d in gaps) + "，其余时段逐日均有。",
        "Days with an AQI, of all days, where some are missing: " + ", ".join(f"{n.en} {d}" for n, d in gaps) + ".",
    )  # fmt: skip


def _period_cell(row: dict[Hashable, Any]) -> Cell:
    """Name of a month or quarter; of one that is not over up to which day."""
    key = str(row["period"])
    if key.startswith("Q"):
        n = int(key[1:])
        zh, en = f"{_QUARTERS[n - 1]}季度", f"Q{n}"
    else:
        n = int(key)
        zh, en = f"{n}月", MONTH_NAMES[n - 1][:3]
    last = pd.Timestamp(row["last"])
    if not row["whole"]:
        month_zh, month_en = (
            (f"{last.month}月", f" {MONTH_NAMES[last.month - 1][:3]}")
            if key.startswith("Q")
            else ("", "")
        )
        zh += f"（至{month_zh}{last.day}日）"
        en += f" (to {last.day}{month_en})"
    return cell(key, zh=zh, en=en, strong=key.startswith("Q"))
