"""Tables and sentences of the ranks of water sections and of their shares against last year."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from forecast.charts.words import class_label
from forecast.projection.water_record import SectionRecord
from forecast.report.comparison_blocks import MONTH_NAMES, period_words
from forecast.report.comparison_cells import Clauses, change_cell, is_number, joined, size
from forecast.report.comparison_water import (
    month_shares,
    section_ranking,
    share_changes,
    shared_items,
)
from forecast.report.comparison_words import MOVES
from forecast.report.comparisons import as_day
from forecast.report.document import Block, Cell, Column, Paragraph, Section, TableBlock, cell
from forecast.report.words import Pair
from forecast.standards.items import ITEMS

__all__ = ["section_sections"]

_STATUS: dict[str, Pair] = {
    "own": Pair("—", "—"),
    "none": Pair("基期无类别", "no base class"),
    "no_base": Pair("基期不足", "base too short"),
    "items": Pair("项目不同", "items differ"),
    "sections": Pair("断面不同", "sections differ"),
}
_SHARES = {
    "share_class_iii": Pair("Ⅰ～Ⅲ类断面比例", "sections at class III or better"),
    "share_inferior_v": Pair("劣Ⅴ类断面比例", "sections worse than class V"),
}
#: Sections that a note lists.
_MOST_GAPS = 20
_POINTS = Pair("百分点", "points")
_SAME = Pair(
    "与上年比较取相同的月份、断面和项目。全年须有8个月的监测值，未满年按月数折算；不足的不定类、不排名、不比较，不计入比例。",
    "Compared are the same months, sections and items of both years. A year needs samples of 8 "
    "months, part of a year in proportion; with fewer there is no class, rank or comparison, and the "
    "section leaves the share.",
)


def section_sections(
    records: Sequence[SectionRecord], year: int, last: np.datetime64 | date
) -> list[Block]:
    """The section on water: shares against last year, shares by month, ranks of the sections."""
    end = as_day(last)
    blocks: list[Block] = [Section(Pair("地表水断面", "Water sections"))]
    ranking = section_ranking(records, year, end)
    if ranking.empty or not (ranking["class"] > 0).any():
        text = Pair(
            "没有断面的监测月数足以定类，断面不作同比和排名。",
            "No section has enough months for a class: no comparison and no ranks.",
        )
        return [*blocks, Paragraph(text, "reservation")]
    period = period_words(year, end)
    shares = _share_table(share_changes(ranking), period)
    blocks += [_share_text(shares), shares, _month_table(month_shares(records, year, end), year)]
    if len(ranking) < 2:
        text = Pair("断面只有一个，不作排名。", "There is one section: no ranks.")
        return [*blocks, Paragraph(text)]
    table = _rank_table(ranking, period)
    return [*blocks, _rank_text(ranking, table), table]


def _share(value: float) -> Cell:
    return cell(value, decimals=1)


def _share_table(shares: pd.DataFrame, period: Pair) -> TableBlock:
    rows = []
    for row in shares.to_dict("records"):
        words = _SHARES[str(row["indicator"])]
        rows.append(
            (
                cell(str(row["indicator"]), zh=words.zh, en=words.en), cell(int(row["n"])),
                _share(row["value"]), cell(int(row["n_same"])), _share(row["last_same"]),
                _share(row["value_same"]),
                change_cell(row["change"], 1, "" if row["n_same"] else "no_base"),
            )
        )  # fmt: skip
    return TableBlock(
        "section_shares_change",
        Pair(f"{period.zh}断面类别比例同比", f"Shares of classes against last year, {period.en}"),
        (
            Column(Pair("指标", "share of"), align="left", weight=2.0),
            Column(Pair("有类别的断面", "sections with a class"), Pair("个", "number"), weight=1.0),
            Column(Pair("本期比例", "share"), Pair("%", "%")),
            Column(Pair("两年均有类别的断面", "with a class in both years"), Pair("个", "number"), weight=1.2),
            Column(Pair("其上年比例", "of these, year before"), Pair("%", "%")),
            Column(Pair("其本期比例", "of these, this year"), Pair("%", "%")),
            Column(Pair("同比", "change"), _POINTS),
        ),
        tuple(rows), (_SAME,),
    )  # fmt: skip


def _share_text(table: TableBlock) -> Paragraph:
    clauses = Clauses()
    for label, _, now, n_same, before, here, step in table.rows:
        zh, en = "{label}为{now}%", "share of {label}: {now}%"
        if not is_number(step):
            clauses.add(f"{zh}，上年没有可比的断面", f"{en}, no section of last year to compare", label=label, now=now)  # fmt: skip
            continue
        same_zh = "，{n}个两年均有类别的断面由{before}%"
        same_en = "; of the {n} with a class in both years {before}% a year before"
        told = {"label": label, "now": now, "n": n_same, "before": before}
        if step.value:
            rises = float(step.value) > 0  # type: ignore[arg-type]
            way = ("上升", "up") if rises else ("下降", "down")
            clauses.add(
                f"{zh}{same_zh}{way[0]}{{by}}个百分点至{{here}}%",
                f"{en}{same_en}, {way[1]} by {{by}} points to {{here}}%",
                **told, by=size(step), here=here,
            )  # fmt: skip
        else:
            clauses.add(f"{zh}，{{n}}个两年均有类别的断面与上年的{{before}}%持平", f"{en}{same_en} and now", **told)  # fmt: skip
    clauses.zh[-1] += f"（见<table:{table.key}>）"
    clauses.en[-1] += f" (<table:{table.key}>)"
    return clauses.paragraph()


def _step(value: float, status: str) -> Cell:
    if status:
        words = _STATUS[status]
        return cell(None, zh=words.zh, en=words.en)
    return cell(value, decimals=1, signed=True)


def _month_table(shares: pd.DataFrame, year: int) -> TableBlock:
    rows = []
    for row in shares.to_dict("records"):
        month = int(row["month"])
        rows.append(
            (
                cell(month, zh=f"{month}月", en=MONTH_NAMES[month - 1][:3]),
                cell(int(row["n"])), _share(row["share"]),
                _step(row["year_change"], str(row["year_status"])),
                _step(row["previous_change"], str(row["previous_status"])),
            )
        )  # fmt: skip
    return TableBlock(
        "section_months_change",
        Pair(f"{year}年各月Ⅰ～Ⅲ类断面比例同比与环比", f"Share of sections at class III or better by month of {year}"),
        (
            Column(Pair("月份", "month")), Column(Pair("有类别的断面", "sections with a class"), Pair("个", "number")),
            Column(Pair("Ⅰ～Ⅲ类比例", "class III or better"), Pair("%", "%")),
            Column(Pair("同比", "on the year before"), _POINTS),
            Column(Pair("环比", "on the month before"), _POINTS),
        ),
        tuple(rows),
        (
            Pair(
                "两个月有类别的断面不完全相同的不印变化（断面不同）。",
                "No change is printed where other sections have a class in the two months.",
            ),
        ),
    )  # fmt: skip


def _class(number: int) -> Cell:
    label = class_label(number)
    return cell(label, strong=False) if number else cell(None, zh="月数不足", en="too few months")


def _moved(row: dict[str, object]) -> Cell:
    """Classes gained or lost; no word of degree."""
    now, before = int(str(row["class"])), int(str(row["class_last"]))
    if not now:
        return cell(None)
    if not before:
        return cell(None, zh=_STATUS["no_base"].zh, en=_STATUS["no_base"].en)
    if row["class_status"]:
        words = _STATUS[str(row["class_status"])]
        return cell(None, zh=words.zh, en=words.en)
    steps = before - now
    if not steps:
        return cell(0, zh="不变", en="same")
    n = abs(steps)
    return cell(
        steps,
        zh=f"{'升' if steps > 0 else '降'}{n}类",
        en=f"{'better' if steps > 0 else 'worse'} by {n}",
    )


def _rank_table(ranking: pd.DataFrame, period: Pair) -> TableBlock:
    rows = []
    for raw in ranking.to_dict("records"):
        row = {str(k): v for k, v in raw.items()}
        rank, level, step = (int(row[k]) for k in ("class_rank", "cwqi_rank", "improvement"))
        rows.append(
            (
                cell(str(row["name"])), _class(int(row["class"])), cell(rank) if rank else cell(None),
                cell(row["cwqi"], decimals=4), cell(level) if level else cell(None),
                _class(int(row["class_last"])), _moved(row), cell(row["cwqi_last"], decimals=4),
                _step(row["cwqi_change"], str(row["cwqi_status"])), cell(step) if step else cell(None),
            )
        )  # fmt: skip
    n_ranked = [int((ranking[k] > 0).sum()) for k in ("class_rank", "cwqi_rank", "improvement")]
    dash = cell(None)
    rows.append(
        (cell("ranked", zh="参加排名", en="ranked"), dash, cell(n_ranked[0]), dash, cell(n_ranked[1]),
         dash, dash, dash, dash, cell(n_ranked[2]))
    )  # fmt: skip
    items = shared_items(ranking)
    zh = "、".join(ITEMS[i].zh for i in items) or "无"
    en = ", ".join(ITEMS[i].en for i in items) or "none"
    notes = [
        Pair(
            f"名次由好到差，数值相同者并列，其后名次顺延。CWQI为各断面共有项目（{zh}）的浓度与Ⅲ类限值之比的和，保留四位小数；"
            "改善名次按CWQI同比变化由降幅最大到升幅最大排列。",
            "Ranks run from best to worst; equal ones share a rank and the next are skipped. CWQI: sum of "
            f"concentration over class III limit of the items that every ranked section has ({en}), four "
            "decimals; ranks of improvement go by its change from the largest fall.",
        ),
        _SAME,
    ]
    gaps = ranking[ranking["months"] < ranking["n_months"]].to_dict("records")
    if gaps:
        shown = [f"{r['name']} {r['months']}/{r['n_months']}" for r in gaps[:_MOST_GAPS]]
        more = len(gaps) > len(shown)
        notes.append(
            Pair(
                "监测月数少于应有月数的断面：" + "、".join(shown) + ("等" if more else "") + "。",
                "Sections with fewer months than there are: " + ", ".join(shown) + (" and others." if more else "."),
            )
        )  # fmt: skip
    if ranking["published"].any():
        notes.append(
            Pair(
                "只有公布类别而无浓度的断面，类别取各月类别的中位（两个居中时取较差者），没有CWQI。",
                "Sections of which only classes are published have the middle class of their months (the "
                "worse of two) and no CWQI.",
            )
        )
    return TableBlock(
        "section_ranks",
        Pair(f"{period.zh}断面水平排名与改善排名", f"Ranks of sections by level and by improvement, {period.en}"),
        (
            Column(Pair("断面", "section"), align="left", weight=1.8),
            Column(Pair("类别", "class"), weight=0.8), Column(Pair("类别名次", "rank by class"), weight=0.7),
            Column(Pair("CWQI", "CWQI"), weight=1.0), Column(Pair("CWQI名次", "rank by CWQI"), weight=0.7),
            Column(Pair("上年类别", "class, year before"), weight=0.8),
            Column(Pair("类别变化", "change of class"), weight=0.9),
            Column(Pair("上年CWQI", "CWQI, year before"), weight=1.0),
            Column(Pair("CWQI同比", "change of CWQI"), Pair("%", "%"), weight=0.9),
            Column(Pair("改善名次", "rank by improvement"), weight=0.7),
        ),
        tuple(rows), tuple(notes),
    )  # fmt: skip


def _rank_text(ranking: pd.DataFrame, table: TableBlock) -> Paragraph:
    clauses = Clauses()
    rows = table.rows[:-1]
    ranked = [r for r in rows if r[4].value]
    if len(ranked) > 1:
        ranks = [int(r[4].text.zh) for r in ranked]
        if max(ranks) == 1:
            clauses.add("参加排名的{n}个断面CWQI均为{v}，名次并列", "the {n} sections ranked share a CWQI of {v}", n=table.rows[-1][4], v=ranked[0][3])  # fmt: skip
        else:
            for rank, zh, en in ((1, "最小", "smallest"), (max(ranks), "最大", "largest")):
                own = [r for r, k in zip(ranked, ranks, strict=True) if k == rank]
                names_zh, names_en, cells = joined([r[0] for r in own])
                clauses.add(f"CWQI{zh}的断面为{names_zh}（{{v}}）", f"the CWQI is {en} at {names_en} ({{v}})", v=own[0][3], **cells)  # fmt: skip
    for test, zh, en in MOVES:
        own = [r for r in rows if is_number(r[8]) and test(float(r[8].value))]  # type: ignore[arg-type]
        if own:
            names_zh, names_en, cells = joined([r[0] for r in own])
            clauses.add(f"CWQI同比{zh}：{names_zh}", f"CWQI {en} on the year before: {names_en}", **cells)  # fmt: skip
    worse = [r for r in rows if isinstance(r[6].value, int) and r[6].value < 0]
    if worse:
        names_zh, names_en, cells = joined([r[0] for r in worse])
        clauses.add(f"类别下降的断面：{names_zh}", f"class worse than a year before: {names_en}", **cells)  # fmt: skip
    silent = [r for r in rows if not r[2].value]
    if silent:
        names_zh, names_en, cells = joined([r[0] for r in silent])
        clauses.add(f"监测月数不足、未定类的断面：{names_zh}", f"too few months for a class: {names_en}", **cells)  # fmt: skip
    if not clauses:
        return Paragraph(
            Pair("各断面没有可比的CWQI，只按类别排名（见<table:section_ranks>）。",
                 "No CWQI can be compared; sections are ranked by class alone (<table:section_ranks>).")
        )  # fmt: skip
    clauses.zh[-1] += "（见<table:section_ranks>）"
    clauses.en[-1] += " (<table:section_ranks>)"
    return clauses.paragraph()
