"""Sentences on ranks and on the lagging list; every number is a cell of the tables beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from forecast.report.comparison_blocks import period_words
from forecast.report.comparison_cells import Clauses, is_number, joined, size
from forecast.report.comparison_rank_blocks import (
    RankedKind,
    improvement_table,
    lagging_table,
    level_table,
)
from forecast.report.comparison_ranking import lagging
from forecast.report.comparison_words import MOVES, direction, spoken_unit
from forecast.report.document import Block, Cell, Paragraph, Section, TableBlock, cell
from forecast.report.words import Pair
from forecast.targets.model import Target

__all__ = ["ranking_sections"]


def ranking_sections(
    kind: RankedKind,
    ranking: pd.DataFrame,
    year: int,
    last: np.datetime64,
    *,
    own: str = "",
    targets: Mapping[str, Sequence[Target]] | None = None,
    number: int | None = None,
) -> list[Block]:
    """The section on one kind of places: level, improvement, lagging list, and what they say.

    Args:
        kind: what is ranked.
        ranking: of ``place_ranking`` or ``zone_ranking``.
        year, last: the period.
        own: name of the place that the report is on, set in bold and told of.
        targets: region → what is judged there.
        number: how many are the last ones; None: three or a tenth, at most half.
    """
    word = kind.word
    blocks: list[Block] = [Section(kind.title)]
    if len(ranking) < 2:
        text = Pair(
            f"参加比较的{word.zh}不足两个，不作排名。",
            f"There are fewer than two {word.en} to compare: no ranks.",
        )
        return [*blocks, Paragraph(text)]
    period = period_words(year, last)
    level = level_table(kind, ranking, period, own)
    improvement = improvement_table(kind, ranking, period, own)
    whole = str(last)[5:10] == "12-31"
    behind = lagging(ranking, targets or {}, number=number)
    ranked = int((ranking["composite_index_rank"] > 0).sum())
    blocks += [_level_text(kind, ranking, level, own), level]
    blocks += [_improvement_text(kind, ranking, improvement, own), improvement]
    blocks.append(_lagging_text(kind, behind, whole, ranked))
    if len(behind):
        blocks.append(lagging_table(kind, behind, period, whole, own, number))
    return blocks


def _own_row(table: TableBlock, own: str) -> tuple[Cell, ...] | None:
    return next((r for r in table.rows if own and r[0].value == own), None)


def _tied(ranking: pd.DataFrame, column: str, rank: int) -> bool:
    return int((ranking[column] == rank).sum()) > 1


def _level_text(kind: RankedKind, ranking: pd.DataFrame, table: TableBlock, own: str) -> Paragraph:
    ranks = ranking["composite_index_rank"]
    ranked = ranking[ranks > 0]
    word, see = kind.word, table.key
    clauses = Clauses()
    if len(ranked) < 2:
        text = Pair(
            f"综合指数可排名的{word.zh}不足两个，各数值列于下表（<table:{see}>）。",
            f"Fewer than two {word.en} have an index that can be ranked; their numbers are listed (<table:{see}>).",
        )
        return Paragraph(text, "reservation")
    count = table.rows[-1][2]
    by_name = {str(r[0].value): r for r in table.rows[:-1]}
    if ranked["composite_index_rank"].max() == 1:
        clauses.add(
            f"参加排名的{{n}}个{word.zh}综合指数均为{{v}}，名次并列（见<table:{see}>）",
            f"the {{n}} {word.en} ranked have the same composite index of {{v}} and share one rank (<table:{see}>)",
            n=count, v=by_name[str(ranked["name"].iloc[0])][1],
        )  # fmt: skip
        return clauses.paragraph()
    for worst, zh, en in ((False, "最小", "smallest"), (True, "最大", "largest")):
        rank = ranked["composite_index_rank"].max() if worst else 1
        own_names = [
            by_name[str(n)] for n in ranked.loc[ranked["composite_index_rank"] == rank, "name"]
        ]
        names_zh, names_en, cells = joined([r[0] for r in own_names])
        head_zh = "" if worst else f"参加排名的{{n}}个{word.zh}中，"
        head_en = "" if worst else f"of the {{n}} {word.en} ranked, "
        clauses.add(
            f"{head_zh}综合指数{zh}的为{names_zh}（{{v}}）", f"{head_en}{names_en} {'has' if len(own_names) == 1 else 'have'} the {en} composite index ({{v}})",
            v=own_names[0][1], **cells, **({} if worst else {"n": count}),
        )  # fmt: skip
    mine = _own_row(table, own)
    if mine is not None:
        if mine[2].value:
            tie = _tied(ranking, "composite_index_rank", int(mine[2].text.zh))
            clauses.add(
                f"{{name}}为{{v}}，列第{{r}}位{'（并列）' if tie else ''}",
                f"{{name}} has {{v}}, rank {{r}}{' (shared)' if tie else ''}",
                name=mine[0], v=mine[1], r=mine[2],
            )  # fmt: skip
        else:
            clauses.add("{name}有效天数不足或无数据，不参加排名", "{name} has too few days or no data and no rank", name=mine[0])  # fmt: skip
    clauses.zh[-1] += f"（见<table:{see}>）"
    clauses.en[-1] += f" (<table:{see}>)"
    return clauses.paragraph()


def _improvement_text(
    kind: RankedKind, ranking: pd.DataFrame, table: TableBlock, own: str
) -> Paragraph:
    see, word = table.key, kind.word
    clauses = Clauses()
    rows = table.rows[:-1]
    known = [r for r in rows if is_number(r[2])]
    if not known:
        text = Pair(
            f"没有两年天数都足够的{word.zh}，综合指数不作改善排名（见<table:{see}>）。",
            f"No place has enough days in both years: no ranks of improvement by the composite index (<table:{see}>).",
        )
        return Paragraph(text, "reservation")
    for test, zh, en in MOVES:
        found = [r for r in known if test(float(r[2].value))]  # type: ignore[arg-type]
        if found:
            names_zh, names_en, cells = joined([r[0] for r in found])
            clauses.add(f"综合指数同比{zh}的{word.zh}：{names_zh}", f"composite index {en} on the year before: {names_en}", **cells)  # fmt: skip
    mine = _own_row(table, own)
    if mine is not None and is_number(mine[2]) and mine[3].value:
        way = direction(mine[2], "composite_index")
        tie = _tied(ranking, "composite_index_improvement", int(mine[3].text.zh))
        moved = f"{way.zh}{{by}}{spoken_unit('composite_index').zh}" if mine[2].value else "持平"
        moved_en = f"{way.en} by {{by}}%" if mine[2].value else "unchanged"
        clauses.add(
            f"{{name}}{moved}，改善名次第{{r}}位{'（并列）' if tie else ''}",
            f"{{name}} is {moved_en}, rank of improvement {{r}}{' (shared)' if tie else ''}",
            name=mine[0], r=mine[3], **({"by": size(mine[2])} if mine[2].value else {}),
        )  # fmt: skip
    clauses.zh[-1] += f"（见<table:{see}>）"
    clauses.en[-1] += f" (<table:{see}>)"
    return clauses.paragraph()


def _lagging_text(kind: RankedKind, behind: pd.DataFrame, whole: bool, ranked: int) -> Paragraph:
    if behind.empty:
        who = kind.word
        if ranked < 2:
            return Paragraph(Pair("参加排名的不足两个，没有末位可言。", "Fewer than two are ranked, so none is last."))  # fmt: skip
        text = Pair(
            f"没有{who.zh}列入落后名单：末位者六项污染物均达到二级标准或并列第一，且没有变差或未达目标的。",
            f"No {who.en} are on the lagging list: the last ones are within class II in all six items "
            "or share the first rank, and none got worse or misses a target.",
        )
        return Paragraph(text)
    clauses = Clauses()
    for mask, zh, en in (
        (behind["low_level"], "水平居末位", "last by level"),
        (behind["low_improvement"], "改善居末位", "last by improvement"),
        (behind["worse"].map(len) > 0, "有指标同比变差", "worse than last year in some number"),
        (behind["missed"].map(len) > 0, "未达目标" if whole else "至今未达目标",
         "target missed" if whole else "target missed so far"),
    ):  # fmt: skip
        names = [cell(str(n)) for n in behind.loc[mask, "name"]]
        if names:
            names_zh, names_en, cells = joined(names)
            clauses.add(f"{zh}的：{names_zh}", f"{en}: {names_en}", **cells)
    clauses.open(
        f"落后名单与变差、未达目标的{kind.word.zh}（见<table:lagging_{kind.key}>）：",
        f"lagging list (<table:lagging_{kind.key}>): ",
    )
    return clauses.paragraph()
