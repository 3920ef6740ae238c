"""The charts of a run, drawn by as many processes as asked for, and saved with their tables."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from forecast.charts.bad_day_budget import BadDayBudgetData
from forecast.charts.chart import Chart, save
from forecast.charts.scoreboard import scoreboard
from forecast.errors import InputError
from forecast.processes import spread, uncollected
from forecast.projection.flow_trends import FlowTrend
from forecast.projection.panel import Panel, PanelProjection
from forecast.region_names import normalise_region
from forecast.report.air_figures import air_jobs
from forecast.report.figure_parts import ChartJob, Notices, stem
from forecast.report.page import PageChart
from forecast.report.region_results import by_region, standard_of
from forecast.report.review_air import air_targets, budget_data, unmeasured
from forecast.report.review_days import CityDays, cities_of
from forecast.report.scenario_figure import scenario_jobs
from forecast.report.scoreboard_figure import histories_of, scoreboard_data
from forecast.report.short_range_figure import outlook_jobs
from forecast.report.water_figures import flow_job, tiles_job

__all__ = ["draw_figures"]


def draw_figures(
    projection: PanelProjection,
    result: dict[str, Any],
    folder: Path,
    progress: Callable[[str, int, int], None] | None,
    notices: Notices = (),
    jobs: int = 1,
    flow: Mapping[str, list[FlowTrend]] | None = None,
    panel: Panel | None = None,
    regions: Collection[str] | None = None,
) -> tuple[list[PageChart], list[str]]:
    """Draw every chart of a run into ``folder``: SVG and PNG, the drawn table as CSV beside.

    ``flow`` holds the flow-normalised trends of sections by region, ``panel`` the readings behind
    the projection; without it no budget of bad days is drawn. ``regions`` are the normalised names
    of those drawn, None for all; the next days are drawn of the cities most at risk, whichever.

    The charts do not depend on ``jobs``, the number of processes.

    Returns:
        The charts for the page and the names of their files.
    """
    run_id = str(result["run"]["id"])

    def wanted(region: str) -> bool:
        return regions is None or normalise_region(region) in regions

    parts = {p.key: p.result for p in by_region(result) if wanted(p.key)}
    cities = {} if panel is None else _cities(panel, wanted)
    made = _scoreboards(projection, parts, notices, cities)
    made.extend(outlook_jobs(result.get("short_range"), run_id, notices))
    budgets = {} if panel is None else _budgets(panel, result, run_id, notices, cities)
    for air in projection.air:
        key = normalise_region(air.region)
        if air.tracks is not None and key in parts:
            entries = parts[key]["projections"]
            made.extend(air_jobs(air, air.tracks, entries, run_id, notices, budgets.get(key)))
    for water in projection.water:
        key = normalise_region(water.region)
        if water.tiles is not None and key in parts:
            entries = parts[key]["projections"]
            made.append(tiles_job(water, entries, run_id, result["run"]["as_of"], notices))
    for region, trends in (flow or {}).items():
        if wanted(region):
            made.append(flow_job(region, trends, run_id, notices))
    made.extend(scenario_jobs(result.get("scenarios", ()), notices))
    out: list[PageChart] = []
    names: list[str] = []
    with closing(spread(partial(_draw, folder=folder), made, jobs)) as drawn:
        for at, charts in enumerate(drawn, start=1):
            out.extend(charts)
            names.extend(Path(chart.csv_name).stem for chart in charts)
            if progress:
                progress("charts", at, len(made))
    return out, names


def _cities(panel: Panel, wanted: Callable[[str], bool]) -> dict[str, CityDays]:
    """The daily records of the cities that are drawn, by date, by normalised region."""
    names = [r for r in panel.air["region"].unique() if wanted(str(r))]
    own = replace(panel, air=panel.air[panel.air["region"].isin(names)])
    return {normalise_region(c.region): c for c in cities_of(own, None)}


def _scoreboards(
    projection: PanelProjection,
    parts: Mapping[str, dict[str, Any]],
    notices: Notices,
    cities: Mapping[str, CityDays],
) -> list[ChartJob]:
    """One scoreboard a region, before its other charts."""
    jobs: list[ChartJob] = []
    histories = histories_of(projection, parts)
    for region, part in parts.items():
        run = part["run"]
        as_of = date.fromisoformat(run["as_of"])
        year = int(run.get("year") or as_of.year)
        if not part["projections"]:
            continue
        data = scoreboard_data(
            histories.get(region, {}), part, region, year, as_of, notices, run_id=str(run["id"]),
            remarks=unmeasured(cities[region], year) if region in cities else (),
        )  # fmt: skip
        if data.rows:
            jobs.append((region, region, lambda data=data: list(scoreboard(data))))  # type: ignore[misc]
    return jobs


def _budgets(
    panel: Panel,
    result: dict[str, Any],
    run_id: str,
    notices: Notices,
    cities: Mapping[str, CityDays],
) -> dict[str, BadDayBudgetData]:
    """What was observed of the budget of bad days, by normalised region."""
    run = result["run"]
    year = int(run.get("year") or run["as_of"][:4])
    standard = standard_of(run)
    return {
        key: data
        for key, c in cities.items()
        if (data := _budget(panel, replace(c, standard=standard), year, run_id, notices))
        is not None
    }


def _budget(
    panel: Panel, city: CityDays, year: int, run_id: str, notices: Notices
) -> BadDayBudgetData | None:
    try:
        data = budget_data(city, year, air_targets(panel, city.region, year), notices)
    except InputError:
        return None  # no reading of that year: the page says so in words
    return replace(data, name=stem("bad_day_budget", city.region, city.place),
                   footer=replace(data.footer, run_id=run_id))  # fmt: skip


def _one_by_one(draw: Callable[[], list[Chart]]) -> Iterator[Chart]:
    """The charts of one place, each of which is gone before the next place is drawn.

    A figure is tens of thousands of objects that know each other: to look among them for what is
    no longer needed, again and again while they are made, is a tenth of the work.
    """
    with uncollected():
        yield from draw()


def _draw(job: tuple[str, str, Callable[[], list[Chart]]], folder: Path) -> list[PageChart]:
    """Draw and save the charts of one place."""
    region, place, draw = job
    out = []
    for chart in _one_by_one(draw):
        written = save(chart, folder, ("svg", "png"))
        drawing = next(p for p in written if p.suffix == ".svg")
        out.append(
            PageChart(
                region=region, place=place, svg=drawing.read_text(encoding="utf-8"),
                title_zh=chart.title_zh, title_en=chart.title_en,
                csv_name=f"charts/{chart.name}.csv",
                part="scenario" if chart.name.startswith("scenario-") else "",
            )
        )  # fmt: skip
    return out
