"""An answer of the scenario engine as HTML: a section of a run's page, or a page of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from forecast.charts.chart import Chart, svg_text
from forecast.disk import write_file
from forecast.report.document import (
    Block,
    Cell,
    Column,
    Paragraph,
    TableBlock,
    resolved,
)
from forecast.report.figure_parts import Notices
from forecast.report.page_templates import page_templates
from forecast.report.scenario_figure import scenario_notices
from forecast.report.scenario_parts import (
    CHART,
    CONDITIONAL,
    DECIDED,
    finding_sentences,
    scenario_parts,
)
from forecast.report.scenario_told import Told, decided_lines
from forecast.report.svg import Glyphs, inline_svg, page_font
from forecast.report.words import Pair

__all__ = ["ScenarioFigure", "scenario_page_text", "scenario_section", "write_scenario_page"]


@dataclass(frozen=True)
class ScenarioFigure:
    """One chart of an answer: its SVG, its titles, and the file of its table beside the page."""

    svg: str
    title: Pair
    csv_name: str = ""


def scenario_section(
    told: Told, figures: Sequence[ScenarioFigure], glyphs: Glyphs, *, number: int = 1
) -> dict[str, Any]:
    """What ``scenario.html.j2`` takes for one answer.

    Args:
        told: the answer.
        figures: its charts.
        glyphs: takes the glyph outlines of the charts, to be written once on the page.
        number: tells several answers of one page apart.
    """
    parts = scenario_parts(told)
    shown = []
    for part in parts:
        if part.name == DECIDED:
            continue  # said in sentences above everything else
        blocks = [_block(b) for b in part.blocks]
        if part.name == CHART:
            blocks = [_figure(f, f"s{number}-{k}-", glyphs) for k, f in enumerate(figures)]
        if blocks:
            # One table under its own heading needs no second one, but for who hears the page.
            alone = len(blocks) == 1 and not part.folded
            shown.append(
                {"title": part.title, "blocks": blocks, "folded": part.folded, "alone": alone}
            )
    return {
        "id": f"scenario-{number}",
        "title": _title(told),
        "conditional": CONDITIONAL,
        "decided": decided_lines(told),
        "findings": [_plain(p.text) for p in finding_sentences(parts)],
        "parts": shown,
    }


def _title(told: Told) -> Pair:
    place, year = told["place"], told["year"]
    return Pair(f"{place}{year}年减排情景", f"{place}: emission-cut scenarios, {year}")


def _plain(text: Pair) -> Pair:
    """A sentence without its mentions of tables: on the page they stand right below."""
    return Pair(resolved(text.zh, {}, "zh"), resolved(text.en, {}, "en"))


def _figure(figure: ScenarioFigure, prefix: str, glyphs: Glyphs) -> dict[str, Any]:
    label = escape(f"{figure.title.zh} / {figure.title.en}", quote=True)
    return {
        "kind": "figure", "svg": inline_svg(figure.svg, prefix, label, glyphs),
        "title": figure.title, "csv_name": figure.csv_name,
    }  # fmt: skip


def _block(block: Block) -> dict[str, Any]:
    if isinstance(block, Paragraph):
        return {"kind": "text", "style": block.style, "text": _plain(block.text)}
    if not isinstance(block, TableBlock):
        raise TypeError(f"a part of an answer holds tables and paragraphs, not {type(block)}")
    return {
        "kind": "table",
        "caption": block.caption,
        "heads": [{"text": c.head, "unit": c.unit, "align": c.align} for c in block.columns],
        "rows": _rows(block),
        "notes": [_plain(n) for n in block.notes],
    }


def _rows(block: TableBlock) -> list[dict[str, Any]]:
    """Rows whose first entries are alike share one head."""
    firsts = [row[0].text for row in block.rows]
    out = []
    for k, row in enumerate(block.rows):
        begins = k == 0 or firsts[k] != firsts[k - 1]
        span = next((n for n in range(k, len(firsts)) if firsts[n] != firsts[k]), len(firsts)) - k
        cells = [_cell(c, col) for c, col in zip(row, block.columns, strict=True)]
        if not row[0].fill:
            head = {"head": True, "text": row[0].text, "span": span}
            cells = [head, *cells[1:]] if begins else cells[1:]
        out.append({"cells": cells, "begins": begins and k > 0 and span > 1})
    return out


def _cell(cell: Cell, column: Column) -> dict[str, Any]:
    style = [f"background:{cell.fill}"] if cell.fill else []
    style += [f"color:{cell.ink}"] if cell.ink else []
    return {
        "head": False, "text": cell.text, "align": column.align, "strong": cell.strong,
        "style": ";".join(style),
    }  # fmt: skip


def scenario_page_text(told: Told, charts: Sequence[Chart] = (), notices: Notices = ()) -> str:
    """Return the page of one answer; it is well-formed XML as well as HTML and loads nothing.

    Args:
        told: the answer.
        charts: as :func:`forecast.report.scenario_figure.scenario_charts` draws them; the CSV of
            each stands beside the page, as ``save`` writes it.
        notices: lines that must not be missed, as (Chinese, English).
    """
    glyphs = Glyphs()
    figures = [
        ScenarioFigure(svg_text(c), Pair(c.title_zh, c.title_en), f"{c.name}.csv") for c in charts
    ]
    values: dict[str, Any] = {
        "told": told, "title": _title(told), "glyphs": glyphs,
        "notices": scenario_notices(told, notices),
        "scenarios": [scenario_section(told, figures, glyphs)],
    }  # fmt: skip
    template = page_templates("forecast.report").get_template("scenario_page.html.j2")
    page: str = template.render(**values, font="")
    return template.render(**values, font=page_font(page))


def write_scenario_page(
    told: Told, charts: Sequence[Chart], path: Path, notices: Notices = ()
) -> None:
    """Write the page of one answer to ``path``; it appears whole or not at all.

    Raises:
        WorkspaceError: the file can't be written.
    """
    write_file(path, scenario_page_text(told, charts, notices).encode())
