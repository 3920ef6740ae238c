"""Chart 9 and the map of two levers, drawn from an answer of the scenario engine alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from forecast.charts.chart import Chart
from forecast.charts.scenario_chart import Package, ScenarioChartData, scenario_chart
from forecast.charts.scenario_data import curve_of, levers_of, panels_of
from forecast.charts.scenario_map import ScenarioMapData, scenario_map
from forecast.charts.style import Footer, Lang
from forecast.report.figure_parts import ChartJob, Notices, stem
from forecast.report.scenario_told import (
    Told,
    answered_names,
    asked_text,
    cut_details,
    lever_text,
    no_values,
    package_name,
    target_rows,
)
from forecast.report.words import Pair
from forecast.sample import NOTICE

__all__ = ["scenario_charts", "scenario_jobs", "scenario_notices"]

#: Response curves that one chart holds; the tables have all.
_MOST_CURVES = 4


def scenario_notices(told: Told, notices: Notices = ()) -> Notices:
    """The lines that must not be missed: those given, and that the readings are a sample's."""
    sample = (NOTICE["zh"], NOTICE["en"])
    return (*notices, sample) if told["sample"] and sample not in notices else notices


def scenario_charts(told: Told, lang: Lang = "both", notices: Notices = ()) -> list[Chart]:
    """Draw an answer: the packages side by side, and the map where two levers were tried.

    Args:
        told: one answer, also read back from JSON.
        lang: language of the texts.
        notices: lines that must not be missed, as (Chinese, English).

    Returns:
        The charts; none where nothing of the air was worked out.
    """
    charts = []
    if not no_values(told) and not (told.get("map") and not answered_names(told)):
        charts.append(scenario_chart(_chart_data(told, notices), lang=lang))
    if told.get("map"):
        charts.append(scenario_map(_map_data(told, notices), lang=lang))
    return charts


def scenario_jobs(answers: Sequence[Told], notices: Notices = ()) -> list[ChartJob]:
    """What draws the charts of a run's answers, one job an answer."""
    return [
        (str(told["region"]), str(told["place"]), partial(scenario_charts, told, "both", notices))
        for told in answers
    ]


def _chart_data(told: Told, notices: Notices) -> ScenarioChartData:
    packages = []
    names = answered_names(told)
    for name in ("", *names):
        said, cut = package_name(told, name), cut_details(told, name) if name else Pair("", "")
        packages.append(Package(said.zh, said.en, cut.zh, cut.en))
    curves = []
    for found in told["solutions"][:_MOST_CURVES]:
        package = package_name(told, str(found["package"]))
        curves.append(
            curve_of(
                found, f"{package.zh}，{found['label_zh']}", f"{package.en}, {found['label_en']}"
            )
        )
    source = _source(told)
    interval = float(told["interval"])
    return ScenarioChartData(
        str(told["place"]), int(told["year"]), tuple(packages),
        panels_of(told["rows"], names, interval=interval), _footer(told, notices),
        source.zh, source.en, curves=tuple(curves), interval=interval, notes=_notes(told),
        name=stem("scenario", str(told["region"]), str(told["place"])),
    )  # fmt: skip


def _notes(told: Told) -> tuple[tuple[str, str], ...]:
    """Warnings and what caps the confidence; targets that are decided stand first."""
    decided = sum(
        1 for r in told["rows"] if r["kind"] == "target" and not r["package"] and r["decided"]
    )
    out = []
    if decided:
        out.append(
            (f"{decided} 个目标已成定局，有无减排结论不变",
             f"targets decided with or without the cuts: {decided}")
        )  # fmt: skip
    for found in told["findings"]:
        if found["kind"] in ("refusal", "warning", "confidence"):
            whose = package_name(told, found["package"]) if found["package"] else Pair("", "")
            out.append(
                (f"{whose.zh}：{found['zh']}" if whose.zh else found["zh"],
                 f"{whose.en}: {found['en']}" if whose.en else found["en"])
            )  # fmt: skip
    return tuple(out)


def _source(told: Told) -> Pair:
    """Where the responses are from, and whether the record of the place has checked them."""
    checked, size = bool(told["hindcast"]["done"]), told["learning"]["effective_size"]
    if not checked:
        return Pair("先验分布（逐项标明依据等级），未经本地记录检验",
                    "priors with a grade of evidence each, not checked on the record")  # fmt: skip
    inside = [bool(r["inside"]) for r in told["hindcast"]["rows"]]
    share = f"{sum(inside)}/{len(inside)}"
    learned = size is not None
    return Pair(
        f"先验分布{'经本地记录修正' if learned else ''}；回溯检验 {share} 在 80 %区间内",
        f"priors{' corrected by the record' if learned else ''}; hindcasts: {share} inside 80 %",
    )


def _footer(told: Told, notices: Notices) -> Footer:
    year, as_of, first = int(told["year"]), str(told["as_of"]), str(told["first_day"])
    begin = f"{year}-01-01"
    paths = int(told["n_paths"])
    return Footer(
        period=f"{begin}/{as_of}" if as_of > begin else as_of,
        n_valid=paths, n_expected=paths, standard=str(told["standard"]),
        run_id=str(told["run_id"] or ""), dust_zh=f"自 {first} 起为模拟，此前为实测",
        dust_en=f"drawn from {first} on, observed before",
        notices=scenario_notices(told, notices), unit_zh="条样本路径", unit_en="paths",
    )  # fmt: skip


def _map_data(told: Told, notices: Notices) -> ScenarioMapData:
    found: Mapping[str, Any] = told["map"]
    rows = next((r for r in target_rows(told) if r[0]["id"] == found["target"]), None)
    asked = asked_text(rows[0]) if rows else Pair("", "")
    across, upright = (lever_text(str(lever)) for lever in found["levers"])
    first, second, tables = levers_of(found["rows"])
    return ScenarioMapData(
        str(told["place"]), int(told["year"]), f"{found['label_zh']} {asked.zh}".strip(),
        f"{found['label_en']} {asked.en}".strip(), first, second, tables["probability"],
        tables["pm25_change"], tables["o3_change"], _footer(told, notices),
        f"{across.zh} 削减 %", f"{across.en} cut %", f"{upright.zh} 削减 %", f"{upright.en} cut %",
        asked=float(found["asked"]),
        name=stem("scenario_map", str(told["region"]), str(told["place"])),
    )  # fmt: skip
