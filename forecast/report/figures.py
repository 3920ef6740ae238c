"""The charts of a run, drawn by as many processes as asked for, and saved with their tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from forecast.charts.chart import Chart, save
from forecast.projection.flow_trends import FlowTrend
from forecast.projection.panel import PanelProjection
from forecast.report.air_figures import air_jobs
from forecast.report.figure_parts import ChartJob, Notices
from forecast.report.page import PageChart
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
) -> tuple[list[PageChart], list[str]]:
    """Draw every chart of a run into ``folder``: SVG and PNG, the drawn table as CSV beside.

    ``flow`` holds the flow-normalised trends of sections by region.

    The charts do not depend on ``jobs``, the number of processes.

    Returns:
        The charts for the page and the names of their files.
    """
    entries = result["projections"]
    run_id = str(result["run"]["id"])
    made: list[ChartJob] = []
    for air in projection.air:
        if air.tracks is None:
            continue
        made.extend(air_jobs(air, air.tracks, entries, run_id, notices))
    for water in projection.water:
        if water.tiles is None:
            continue
        made.append(tiles_job(water, entries, run_id, result["run"]["as_of"], notices))
    for region, trends in (flow or {}).items():
        made.append(flow_job(region, trends, run_id, notices))
    from joblib import Parallel, delayed

    out: list[PageChart] = []
    names: list[str] = []
    drawn = Parallel(n_jobs=jobs, return_as="generator")(
        delayed(_draw)(region, place, draw, folder) for region, place, draw in made
    )
    for at, charts in enumerate(drawn, start=1):
        out.extend(charts)
        names.extend(Path(chart.csv_name).stem for chart in charts)
        if progress:
            progress("charts", at, len(made))
    return out, names


def _draw(
    region: str, place: str, draw: Callable[[], list[Chart]], folder: Path
) -> list[PageChart]:
    """Draw and save the charts of one place."""
    out = []
    for chart in draw():
        written = save(chart, folder, ("svg", "png"))
        drawing = next(p for p in written if p.suffix == ".svg")
        out.append(
            PageChart(
                region=region, place=place, svg=drawing.read_text(encoding="utf-8"),
                title_zh=chart.title_zh, title_en=chart.title_en,
                csv_name=f"charts/{chart.name}.csv",
            )
        )  # fmt: skip
    return out
