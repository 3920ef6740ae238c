"""Tables of ranks by level, by improvement, and of the lagging list."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from forecast.charts.review_style import ITEM_NAMES
from forecast.report.comparison_cells import (
    BASIS_NOTE,
    CHANGE_NOTE,
    NAMES,
    change_cell,
    number_cell,
)
from forecast.report.comparison_ranking import RANKED
from forecast.report.document import Cell, Column, TableBlock, cell
from forecast.report.words import Pair
from forecast.standards.rounding import round_half_even

__all__ = ["RankedKind", "improvement_table", "lagging_table", "level_table"]

_SIGNS = {"<=": "≤", ">=": "≥"}
_TIES = Pair(
    "名次按印出（修约后）的数值排列，数值相同者并列，其后名次顺延；有效天数不足或无数据的不排名，列于末尾。"
    "综合指数名次另须有AQI的天数足够。",
    "Ranks go by the printed (rounded) values; equal ones share a rank and the next ranks are "
    "skipped. Places with too few days or no data have no rank and stand last; a rank by the index "
    "also needs enough days with an AQI.",
)
_IMPROVEMENT = Pair(
    "改善名次按同比变化排列：综合指数、PM2.5由降幅最大到升幅最大，优良天数比率由升幅最大到降幅最大；两年有一年天数不足的不排名。",
    "Improvement ranks go by the change on the same days of last year: index and PM2.5 from the "
    "largest fall, the good-day ratio from the largest rise; no rank where either year has too few days.",
)


@dataclass(frozen=True)
class RankedKind:
    """What is ranked: ``key`` of its tables, its word, and how its numbers come about.

    Attributes:
        key: ``cities``, ``counties``, ``stations`` or ``zones``.
        word: as in 城市, cities.
        title: of the section.
        note: how a number of it comes about; empty where it is the place's own.
    """

    key: str
    word: Pair
    title: Pair
    note: Pair = field(default=Pair("", ""))


def _name(row: Mapping[Hashable, Any], own: str) -> Cell:
    name = str(row["name"])
    return cell(name, strong=bool(own) and name == own)


def _rank(value: int, **look: Any) -> Cell:
    return cell(int(value), **look) if value else cell(None)


def level_table(kind: RankedKind, ranking: pd.DataFrame, period: Pair, own: str) -> TableBlock:
    rows = []
    for row in ranking.to_dict("records"):
        cells = [_name(row, own)]
        for what in RANKED:
            cells.append(number_cell(row[what], row[f"{what}_decimals"], row[f"{what}_status"]))
            cells.append(_rank(row[f"{what}_rank"], strong=str(row["name"]) == own))
        cells.append(
            number_cell(row["heavy_days"], row["decimals_heavy_days"], row["heavy_days_status"])
        )
        cells.append(cell(ITEM_NAMES.get(str(row["main"]), "—")))
        cells.append(
            cell(
                int(row["n_valid"]),
                zh=f"{row['n_valid']}/{row['n_days']}",
                en=f"{row['n_valid']}/{row['n_days']}",
            )
        )
        rows.append(tuple(cells))
    counted: list[Cell] = [cell("ranked", zh="参加排名", en="ranked")]
    for what in RANKED:
        counted += [cell(None), cell(int((ranking[f"{what}_rank"] > 0).sum()))]
    rows.append((*counted, cell(None), cell(None), cell(None)))
    notes = [_TIES, *([kind.note] if kind.note.zh else []), *_absent(ranking)]
    return TableBlock(
        f"level_{kind.key}",
        Pair(f"{period.zh}{kind.word.zh}空气质量水平排名", f"Ranks of {kind.word.en} by level, {period.en}"),
        (
            Column(kind.word, align="left", weight=1.6),
            Column(Pair("综合指数", "index"), weight=0.9), Column(Pair("名次", "rank"), weight=0.7),
            Column(Pair("PM2.5", "PM2.5"), Pair("µg/m³", "µg/m³"), weight=0.9),
            Column(Pair("名次", "rank"), weight=0.7),
            Column(Pair("优良天数比率", "good-day ratio"), Pair("%", "%"), weight=1.0),
            Column(Pair("名次", "rank"), weight=0.7),
            Column(Pair("重污染天数", "heavy days"), Pair("天", "days"), weight=0.9),
            Column(Pair("主要污染物", "main item"), weight=0.9),
            Column(Pair("有效/日历天数", "valid/days"), weight=1.1),
        ),
        tuple(rows), tuple(notes),
    )  # fmt: skip


def _absent(ranking: pd.DataFrame) -> list[Pair]:
    """Members of zones that have no record."""
    if "missing" not in ranking:
        return []
    short = [
        (str(r["name"]), str(r["missing"])) for r in ranking.to_dict("records") if r["missing"]
    ]
    return [
        Pair(
            "没有记录的成员：" + "；".join(f"{zone}的{names}" for zone, names in short) + "。",
            "Members without a record: " + "; ".join(f"{n} of {z}" for z, n in short) + ".",
        )
    ][: len(short)]


def improvement_table(
    kind: RankedKind, ranking: pd.DataFrame, period: Pair, own: str
) -> TableBlock:
    rows = []
    marked = False
    for row in ranking.to_dict("records"):
        cells = [_name(row, own)]
        for what in RANKED:
            status = row[f"{what}_change_status"]
            marked |= bool(row["crosses"]) and not status
            cells.append(
                number_cell(
                    row[f"{what}_last"], row[f"{what}_decimals"], row[f"{what}_last_status"]
                )
            )
            cells.append(change_cell(row[f"{what}_change"], 1, status, bool(row["crosses"])))
            cells.append(_rank(row[f"{what}_improvement"], strong=str(row["name"]) == own))
        rows.append(tuple(cells))
    counted: list[Cell] = [cell("ranked", zh="参加排名", en="ranked")]
    for what in RANKED:
        counted += [cell(None), cell(None), cell(int((ranking[f"{what}_improvement"] > 0).sum()))]
    columns = [Column(kind.word, align="left", weight=1.6)]
    for what, unit, change in (
        ("composite_index", "", "%"), ("pm25_annual_mean", "µg/m³", "%"), ("good_day_ratio", "%", ""),
    ):  # fmt: skip
        short = {"composite_index": Pair("综合指数", "index")}.get(what, NAMES[what])
        columns += [
            Column(
                Pair(f"上年{short.zh}", f"{short.en}, year before"), Pair(unit, unit), weight=1.0
            ),
            Column(
                Pair("同比", "change"), Pair(change or "百分点", change or "points"), weight=0.9
            ),
            Column(Pair("名次", "rank"), weight=0.7),
        ]
    return TableBlock(
        f"improvement_{kind.key}",
        Pair(f"{period.zh}{kind.word.zh}空气质量改善排名", f"Ranks of {kind.word.en} by improvement, {period.en}"),
        tuple(columns), (*rows, tuple(counted)),
        (_IMPROVEMENT, CHANGE_NOTE, *([BASIS_NOTE] if marked else [])),
    )  # fmt: skip


def _missed(row: Mapping[Hashable, Any]) -> Pair:
    zh, en = [], []
    for target in row["missed"]:
        name = target.indicator
        words = NAMES[name]
        level = {"stretch": Pair("力争", "stretch "), "firm": Pair("确保", "firm ")}.get(target.level, Pair("", ""))  # fmt: skip
        places = int(row[f"decimals_{name}"])
        shown = number_cell(
            round_half_even(float(row[f"known_{name}"]), places), places, ""
        ).text.zh
        sign = _SIGNS[target.comparator]
        zh.append(f"{words.zh} {shown}（{level.zh}目标{sign}{target.value:g}）")
        en.append(f"{words.en} {shown} ({level.en}target {sign} {target.value:g})")
    return Pair("，".join(zh) or "—", ", ".join(en) or "—")


def lagging_table(
    kind: RankedKind,
    behind: pd.DataFrame,
    period: Pair,
    whole: bool,
    own: str,
    number: int | None,
) -> TableBlock:
    yes = cell("last", zh="末位", en="last")
    rows = []
    for row in behind.to_dict("records"):
        missed = _missed(row)
        worse = [NAMES[n] for n in row["worse"]]
        rows.append(
            (
                _name(row, own),
                _rank(row["composite_index_rank"]),
                yes if row["low_level"] else cell(None),
                _rank(row["composite_index_improvement"]),
                yes if row["low_improvement"] else cell(None),
                cell("worse", zh="、".join(w.zh for w in worse), en=", ".join(w.en for w in worse)) if worse else cell(None),
                cell("missed", zh=missed.zh, en=missed.en) if row["missed"] else cell(None),
            )
        )  # fmt: skip
    many = (
        Pair("末位为参加排名的最后三个或最后十分之一（取多者，不超过一半）", "The last are three or a tenth of those ranked, whichever is more, and at most half")
        if number is None
        else Pair(f"末位为参加排名的最后{number}个", f"The last are {number} of those ranked")
    )  # fmt: skip
    return TableBlock(
        f"lagging_{kind.key}",
        Pair(f"{period.zh}落后名单与变差、未达目标的{kind.word.zh}", f"Lagging list of {kind.word.en}, with those that got worse or miss a target, {period.en}"),
        (
            Column(kind.word, align="left", weight=1.4),
            Column(Pair("水平名次", "rank by level"), weight=0.8),
            Column(Pair("水平", "level"), weight=0.6),
            Column(Pair("改善名次", "rank by improvement"), weight=0.8),
            Column(Pair("改善", "improvement"), weight=0.6),
            Column(Pair("同比变差的指标", "worse than last year"), align="left", weight=2.2),
            Column(Pair("未达目标" if whole else "至今未达目标", "target missed" if whole else "target missed so far"), align="left", weight=2.4),
        ),
        tuple(rows),
        (
            Pair(
                f"名次按综合指数。{many.zh}，并列于界上的都列入，并列第一的不列；六项污染物均达到二级标准的不列为末位，不递补。"
                "比上年同期变差或未达目标的另行列出。",
                f"Ranks are by the composite index. {many.en}; all that tie on the border are named, the "
                "first never. A place whose six items are all within class II is not named as one of the "
                "last, and nobody takes its turn. Places that got worse or miss a target are named besides.",
            ),
        ),
    )  # fmt: skip
