"""The pages of a run: one with everything on it, or of many regions an overview and a page of each."""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from html import unescape
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from forecast.charts.fonts import missing_glyphs, subset_woff
from forecast.disk import write_file
from forecast.processes import spread, uncollected
from forecast.projection.air import AirProjection
from forecast.region_names import normalise_region
from forecast.report.air_figures import TRACKED, calendar_of, tracker_data
from forecast.report.change_words import change_fragment
from forecast.report.chart_choice import many_regions
from forecast.report.light_tracker import light_calendar, light_tracker
from forecast.report.overview_page import OverviewLine, overview_line, overview_text
from forecast.report.page import PageChart, PageContext, page_text, write_page
from forecast.report.page_names import page_names
from forecast.report.page_templates import page_templates
from forecast.report.region_results import RegionResult, by_region, warnings_by_region
from forecast.report.scoreboard import rows_of
from forecast.shell_words import as_word
from forecast.standards.indicators import indicator

__all__ = ["write_run_pages"]

#: Regions whose pages one worker writes at a time: enough to make up for handing them over.
_BATCH = 25
#: Charts that the command draws of a city with air, and of a region with sections alone.
_AIR_CHARTS = ("target_tracker", "bad_day_budget", "aqi_calendar")
_WATER_CHARTS = ("section_tiles",)


def write_run_pages(
    context: PageContext,
    folder: Path,
    *,
    air: Sequence[AirProjection] = (),
    changed: Mapping[str, Any] | None = None,
    charted: Collection[str] = (),
    jobs: int = 1,
    progress: Callable[[str, int, int], None] | None = None,
) -> None:
    """Write ``index.html``, and of more than 40 regions ``regions/<name>.html`` of each.

    The pages are the same whatever ``jobs`` is.

    Args:
        context: of the whole run, with the charts of the regions that are ``charted``.
        folder: of the run.
        air: the cities with what their charts draw.
        changed: the object of ``changes.json``; None: there is no earlier run.
        charted: normalised names of the regions with full charts.
        jobs: number of processes.
        progress: called with the stage, pages done and in all.
    """
    parts = by_region(context.result)
    cities: dict[str, list[AirProjection]] = {}
    for city in air:
        key = normalise_region(city.region)
        if city.tracks is not None and key not in charted:
            cities.setdefault(key, []).append(city)
    if not many_regions(context.result):
        write_page(_on_one_page(context, parts, cities), folder / "index.html")
        return
    files = page_names(part.name for part in parts)
    remarks = warnings_by_region(context.warnings, (part.name for part in parts))
    moves = _by_region(changed)
    jobs_of = _jobs(context, parts, files, cities, remarks[0], changed, moves, charted)
    lines: list[OverviewLine] = []
    characters: set[str] = set()
    for written in _in_batches(jobs_of, folder / "regions", jobs):
        for line, used in written:
            lines.append(line)
            characters |= used
        if progress:
            progress("pages", len(lines), len(parts))
    _write_style(folder / "regions" / "page.css", characters)
    write_file(folder / "index.html", overview_text(context, lines, remarks).encode())


def _on_one_page(
    context: PageContext,
    parts: Sequence[RegionResult],
    cities: Mapping[str, Sequence[AirProjection]],
) -> PageContext:
    """The page of few regions, with light drawings of those that have no full charts."""
    own = [part for part in parts if part.key in cities]
    light = [c for part in own for city in cities[part.key] for c in _light(part, city)]
    commands = {part.key: _commands(part) for part in own}
    return replace(context, charts=(*context.charts, *light), commands=commands)


@dataclass(frozen=True)
class _Job:
    """What the page of one region is written from; it goes to another process."""

    part: RegionResult
    file: str
    context: PageContext
    cities: tuple[AirProjection, ...]
    charted: bool
    moved: float | None


def _jobs(
    context: PageContext,
    parts: Sequence[RegionResult],
    files: Mapping[str, str],
    cities: Mapping[str, Sequence[AirProjection]],
    remarks: Mapping[str, Sequence[tuple[str, str]]],
    changed: Mapping[str, Any] | None,
    moves: Mapping[str, list[dict[str, Any]]],
    charted: Collection[str],
) -> Iterator[_Job]:
    charts: dict[str, list[PageChart]] = {}
    for chart in context.charts:
        own = replace(chart, csv_name=f"../{chart.csv_name}" if chart.csv_name else "")
        charts.setdefault(normalise_region(chart.region), []).append(own)
    for part in parts:
        rows = moves.get(part.key, [])
        told = "" if changed is None else change_fragment({**changed, "rows": rows})
        yield _Job(
            part,
            files[part.name],
            PageContext(
                workspace=f"{context.workspace} · {part.name}",
                result=part.result,
                charts=tuple(charts.get(part.key, ())),
                notices=context.notices,
                warnings=tuple(remarks.get(part.key, ())),
                reference=tuple(part.result["reference"]),
                method=context.method,
                changes=told,
                stylesheet="page.css",
                home="../index.html",
                base="../",
                commands={part.key: _commands(part)},
            ),
            # What is drawn goes along, the samples behind it don't.
            tuple(replace(c, results=[], paths=None) for c in cities.get(part.key, ())),
            part.key in charted,
            _moved(rows) if changed is not None else None,
        )


def _by_region(changed: Mapping[str, Any] | None) -> dict[str, list[dict[str, Any]]]:
    """Rows of the changes by normalised region; those on none stand on the overview alone."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in (changed or {}).get("rows", ()):
        if "region" in row:
            found.setdefault(normalise_region(str(row["region"])), []).append(row)
    return found


def _moved(rows: Sequence[Mapping[str, Any]]) -> float | None:
    """The largest move of a probability, in points."""
    moves = [100.0 * float(row["change"]) for row in rows if row["kind"] == "probability"]
    return max(moves, key=abs, default=None)


def _commands(part: RegionResult) -> tuple[str, ...]:
    """The commands that draw the full charts of a region."""
    entries = part.result["projections"]
    domains = {str(entry["domain"]) for entry in entries}
    year = int(entries[0]["year"]) if entries else None
    names = (*(_AIR_CHARTS if "air" in domains else ()),
             *(_WATER_CHARTS if "water" in domains else ()))  # fmt: skip
    when = "" if year is None else f" --year {year}"
    return tuple(f"forecast chart {name} --region {as_word(part.name)}{when}" for name in names)


def _in_batches(
    made: Iterator[_Job], folder: Path, jobs: int
) -> Iterator[list[tuple[OverviewLine, set[str]]]]:
    batches = iter(lambda: list(islice(made, _BATCH)), [])
    with closing(spread(partial(_write_batch, folder=folder), batches, jobs)) as written:
        yield from written


def _write_batch(batch: Sequence[_Job], folder: Path) -> list[tuple[OverviewLine, set[str]]]:
    """Write the pages of some regions; return their lines of the overview, and what they spell."""
    folder.mkdir(parents=True, exist_ok=True)
    with uncollected():
        return [_write_one(job, folder) for job in batch]


def _write_one(job: _Job, folder: Path) -> tuple[OverviewLine, set[str]]:
    """Write the page of a region; return its line of the overview, and what it spells."""
    light = [c for city in job.cities for c in _light(job.part, city)]
    context = replace(job.context, charts=(*job.context.charts, *light))
    rows = rows_of(job.part.result)
    text = page_text(context, rows)
    # The run's folder is built aside and made durable as a whole.
    (folder / job.file).write_text(text, encoding="utf-8", newline="\n")
    line = overview_line(job.part, job.file, charted=job.charted, moved=job.moved, rows=rows)
    return line, set(unescape(text))


def _light(part: RegionResult, city: AirProjection) -> list[PageChart]:
    """Light drawings of one city: the trackers and the calendar."""
    tracks, place = city.tracks, city.place
    if tracks is None:
        return []
    own = {
        e["indicator"]: e
        for e in part.result["projections"]
        if (e["region"], e["place"]) == (city.region, place)
    }
    drawn = []
    for name in TRACKED:
        entry = own.get(name)
        if entry is None or not np.isfinite(tracks.cumulative[name]).any():
            continue
        tracker = tracker_data(city, tracks, entry, name, "", ())
        about = indicator(name)
        drawn.append(
            PageChart(
                city.region, place, light_tracker(tracker),
                f"{place} {tracker.year}年{about.zh}目标进度:黑线为实测累计,灰线为往年,蓝线为预测中位数,色带含"
                "50 %、80 %、95 %的可能,虚线为目标",
                f"{about.en} on the way to the target: black to date, grey earlier years, blue the "
                "median with 50, 80 and 95 % of the futures, dashed the target", part="light",
            )
        )  # fmt: skip
        if name == "good_day_ratio" and (tracks.aqi >= 0).any():
            days = calendar_of(city, tracks, entry, "", ())
            drawn.append(
                PageChart(
                    city.region, place, light_calendar(days), f"{place} {days.year}年逐日AQI级别",
                    "AQI level of each day, a column a week", part="light",
                )
            )  # fmt: skip
    return drawn


def _write_style(path: Path, characters: Collection[str]) -> None:
    """Write the style sheet of all pages of regions, with a font of the characters they have.

    The font stands inside the sheet: browsers refuse a font file beside a page read from a disk.
    """
    template = page_templates("forecast.report").get_template("region_pages.css.j2")
    spelled = {c for c in characters if c.isprintable()}
    spelled -= missing_glyphs("".join(spelled))
    font = base64.b64encode(subset_woff(sorted(spelled))).decode("ascii")
    write_file(path, str(template.render(font=font)).encode())
