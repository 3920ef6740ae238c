"""The page of a run: one self-contained HTML file in Chinese and English.

It loads nothing: styles, figures and a font with the page's own characters stand inside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from forecast.disk import write_file
from forecast.region_names import normalise_region
from forecast.report.ahead import explained_of, group_rows, later_rows
from forecast.report.page_templates import page_templates
from forecast.report.scenario_page import ScenarioFigure, scenario_section
from forecast.report.scoreboard import (
    UNJUDGED,
    Region,
    Row,
    printed_forecast,
    printed_official,
    regions_of,
    rows_of,
    verdict_counts,
)
from forecast.report.section_cards import card_regions
from forecast.report.short_range_page import short_range_fragment
from forecast.report.svg import Glyphs, inline_svg, page_font
from forecast.report.words import (
    BASELINES,
    BINDINGS,
    DOMAINS,
    DUST,
    LEVELS,
    VERDICTS,
    Pair,
    indicator_text,
    target_text,
)

__all__ = ["PageChart", "PageContext", "page_text", "write_page"]

#: Up to this many rows every region stands open on the page; beyond it they are folded.
_OPEN_ROWS = 60


@dataclass(frozen=True)
class PageChart:
    """One chart of the page: where it belongs, its SVG, titles, and the name of its table's file.

    ``csv_name`` is a path relative to the page; empty when the table is not saved. ``part`` is
    ``scenario`` for a chart of the section of scenarios, ``light`` for a drawing that stands on the
    page as it is, else empty.
    """

    region: str
    place: str
    svg: str
    title_zh: str
    title_en: str
    csv_name: str = ""
    part: str = ""


@dataclass(frozen=True)
class PageContext:
    """What a page is written from.

    Attributes:
        workspace: name of the workspace.
        result: the object of ``projection.json``.
        charts: charts in the order shown.
        notices: lines that must not be missed, as (Chinese, English), such as that daily values
            are generated.
        warnings: remarks on the data, as (Chinese, English).
        reference: targets of other years, for reference: ``region``, ``place``, ``indicator``,
            ``label_zh``, ``label_en``, ``comparator``, ``value``, ``unit``, ``year``, ``level``,
            ``binding``, ``quote``.
        method: remarks on the method, as (Chinese, English).
        changes: what changed since the run before, as HTML of our own; empty where there is none.
        stylesheet: path of the style sheet that several pages share, relative to the page; empty:
            styles and font stand inside the page.
        home: path of the page of all regions; empty where this is it.
        base: path of the run's folder relative to the page, with a slash at its end, or empty.
        commands: normalised region → what draws the charts that it has light drawings of.
    """

    workspace: str
    result: dict[str, Any]
    charts: tuple[PageChart, ...] = ()
    notices: tuple[tuple[str, str], ...] = ()
    warnings: tuple[tuple[str, str], ...] = ()
    reference: tuple[dict[str, Any], ...] = ()
    method: tuple[tuple[str, str], ...] = field(default=())
    changes: str = ""
    stylesheet: str = ""
    home: str = ""
    base: str = ""
    commands: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def write_page(context: PageContext, path: Path) -> None:
    """Write the page to ``path``; it appears whole or not at all."""
    write_file(path, page_text(context).encode())


def page_text(context: PageContext, rows: list[Row] | None = None) -> str:
    """Return the page as text; it is well-formed XML as well as HTML.

    ``rows`` are those of its result, where they are at hand.
    """
    rows = rows_of(context.result) if rows is None else rows
    judged = [row for row in rows if row.verdict]
    regions = regions_of(rows)
    glyphs = Glyphs()
    values: dict[str, Any] = {
        "context": context,
        "run": context.result.get("run", {}),
        "period": ", ".join(dict.fromkeys(row.period for row in rows)),
        "standards": ", ".join(dict.fromkeys(row.standard for row in rows if row.standard)),
        "regions": regions,
        "overview": _overview(regions),
        "counts": verdict_counts(judged),
        "n_targets": len(judged),
        "verdicts": VERDICTS,
        "domains": DOMAINS,
        "folded": sum(len(r.rows) for r in regions) > _OPEN_ROWS and len(regions) > 1,
        "places": _places(context, regions, glyphs),
        "scenarios": _scenarios(context, glyphs),
        "short_range": short_range_fragment(context.result.get("short_range"), base=context.base),
        "glyphs": glyphs,
        "unjudged": [row for row in judged if row.verdict in UNJUDGED],
        "water": card_regions(context.result),
        "groups": group_rows(context.result),
        "later": dict(zip(("years", "rows"), later_rows(context.result), strict=True)),
        "explained": explained_of(context.result),
        "baselines": _baselines(context.result),
        "alternatives": _alternatives(context.result),
        "reference": _reference(context.reference),
    }
    template = page_templates("forecast.report").get_template("index.html.j2")
    page: str = template.render(**values, font="")
    if context.stylesheet:
        return page
    return template.render(**values, font=page_font(page))


def _scenarios(context: PageContext, glyphs: Glyphs) -> list[dict[str, Any]]:
    """The answers of the run's scenarios, each with its own charts."""
    charts = [c for c in context.charts if c.part == "scenario"]
    return [
        scenario_section(
            told,
            [
                ScenarioFigure(c.svg, Pair(c.title_zh, c.title_en), c.csv_name)
                for c in charts
                if (c.region, c.place) == (told["region"], told["place"])
            ],
            glyphs,
            number=number,
        )
        for number, told in enumerate(context.result.get("scenarios", []), 1)
    ]


def _overview(regions: list[Region]) -> list[tuple[str, list[int]]]:
    """Count of every verdict in every region, in the order of ``VERDICTS``."""
    order = sorted(VERDICTS, key=lambda v: VERDICTS[v].order)
    return [(r.name, [dict(r.counts).get(v, 0) for v in order]) for r in regions if r.counts]


@dataclass(frozen=True)
class _Figure:
    """One chart with its SVG made fit to stand among others."""

    svg: str
    title: Pair
    csv_name: str


@dataclass(frozen=True)
class _Place:
    """The charts of one place, its indicators without a target, and what draws more charts."""

    region: str
    place: str
    figures: tuple[_Figure, ...]
    others: tuple[Row, ...]
    commands: tuple[str, ...]


def _places(context: PageContext, regions: list[Region], glyphs: Glyphs) -> list[_Place]:
    """One section for each place that has a chart or an indicator without a target."""
    names: dict[tuple[str, str], tuple[str, str]] = {}
    others: dict[tuple[str, str], list[Row]] = {}
    figures: dict[tuple[str, str], list[_Figure]] = {}

    def key_of(region: str, place: str) -> tuple[str, str]:
        # A chart may call its region 衡水 where the rows say 衡水市.
        key = (normalise_region(region), normalise_region(place))
        names.setdefault(key, (region, place))
        return key

    for k, chart in enumerate(context.charts):
        if chart.part == "scenario":
            continue
        label = escape(f"{chart.title_zh} / {chart.title_en}", quote=True)
        figures.setdefault(key_of(chart.region, chart.place), []).append(
            _Figure(
                chart.svg
                if chart.part == "light"
                else inline_svg(chart.svg, f"c{k}-", label, glyphs),
                Pair(chart.title_zh, chart.title_en),
                chart.csv_name,
            )
        )
    light = {key_of(c.region, c.place) for c in context.charts if c.part == "light"}
    for region in regions:
        for row in region.untargeted:
            others.setdefault(key_of(row.region, row.place), []).append(row)
    return [
        _Place(
            *names[key],
            tuple(figures.get(key, ())),
            tuple(others.get(key, ())),
            context.commands.get(key[0], ()) if key in light else (),
        )
        for key in names
    ]


@dataclass(frozen=True)
class _Baselines:
    """Year-end values by simple rules: the rules, and a row for each place and indicator."""

    rules: tuple[Pair, ...]
    rows: tuple[tuple[str, str, Pair, str, tuple[str, ...]], ...]


def _baselines(result: dict[str, Any]) -> _Baselines:
    found = [e for e in result.get("projections", []) if e.get("baselines")]
    # The values of single past years are for scoring; a reader has their mean and range.
    names = list(
        dict.fromkeys(
            n for e in found for n, v in e["baselines"].items() if not isinstance(v, list)
        )
    )
    rows = []
    for entry in found:
        median = ((entry.get("forecast") or {}).get("quantiles") or {}).get("0.5")
        unit, name = str(entry.get("unit", "")), str(entry["indicator"])
        values = tuple(
            printed_forecast(_middle(entry["baselines"].get(k)), unit, name) for k in names
        )
        shown = printed_forecast(median, unit, name)
        rows.append(
            (str(entry["region"]), str(entry["place"]), indicator_text(name), shown, values)
        )
    return _Baselines(tuple(BASELINES.get(k, Pair(k, k)) for k in names), tuple(rows))


def _middle(value: Any) -> Any:
    """One number of a baseline, which may be a value or a distribution."""
    if not isinstance(value, dict):
        return value
    median = (value.get("quantiles") or {}).get("0.5", value.get("median"))
    return value.get("value", value.get("mean")) if median is None else median


def _alternatives(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Other versions and dust treatments of an indicator, one row each."""
    out: list[dict[str, Any]] = []
    for entry in result.get("projections", []):
        unit, name = str(entry.get("unit", "")), str(entry["indicator"])
        for other in entry.get("alternatives") or []:
            observed = other.get("observed") or {}
            median = ((other.get("forecast") or {}).get("quantiles") or {}).get("0.5")
            dust = DUST.get(str(other.get("dust") or ""), Pair("", ""))
            rule = str(other.get("standard") or "")
            note = Pair(str(other.get("note") or ""), str(other.get("note_en") or ""))
            out.append(
                {
                    "region": entry["region"],
                    "place": entry["place"],
                    "name": indicator_text(name),
                    "main": printed_official((entry.get("observed") or {}), unit, name),
                    "rule": Pair(
                        " ".join(t for t in (rule, dust.zh, note.zh) if t),
                        " ".join(t for t in (rule, dust.en, note.en) if t),
                    ),
                    "value": printed_official(observed, unit, name),
                    "median": printed_forecast(median, unit, name),
                }
            )
    return out


def _reference(targets: tuple[dict[str, Any], ...]) -> list[dict[str, Any]]:
    return [
        {
            "region": str(t.get("region", "")),
            "place": str(t.get("place", "")),
            "year": str(t.get("year") or t.get("period") or ""),
            "name": indicator_text(str(t.get("indicator", "")), t),
            "label": Pair(str(t.get("label_zh", "")), str(t.get("label_en", ""))),
            "target": target_text(t, str(t.get("unit", "")), None),
            "level": Pair(*LEVELS.get(str(t.get("level", "single")), LEVELS["single"])),
            "binding": BINDINGS.get(str(t.get("binding", "unknown")), BINDINGS["unknown"]),
            "quote": str(t.get("quote", "")),
        }
        for t in targets
    ]
