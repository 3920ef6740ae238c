"""The charts of a run: what a projection holds, put into the charts' own terms and drawn."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecast.charts.aqi_calendar import AqiCalendarData, OtherVersion, aqi_calendar
from forecast.charts.chart import Chart, save
from forecast.charts.section_tiles import (
    SectionRow,
    SectionTilesData,
    ShareTarget,
    section_tiles,
)
from forecast.charts.style import Footer
from forecast.charts.target_tracker import TargetLine, TargetTrackerData, target_tracker
from forecast.projection.air import AirProjection
from forecast.projection.air_tracks import AirTracks
from forecast.projection.panel import PanelProjection
from forecast.projection.water import WaterProjection
from forecast.region_names import normalise_region
from forecast.report.page import PageChart
from forecast.standards.items import AIR_ITEMS

__all__ = ["draw_figures"]

_TRACKED = ("good_day_ratio", "pm25_annual_mean")

_DUST = {
    "kept": ("优良天数、重污染天数含沙尘日", "day counts keep dust days"),
    "removed_where_known": ("浓度扣除已知的沙尘日", "concentrations without known dust days"),
}


def draw_figures(
    projection: PanelProjection,
    result: dict[str, Any],
    folder: Path,
    progress: Callable[[str, int, int], None] | None,
    notices: tuple[tuple[str, str], ...] = (),
    jobs: int = 1,
) -> tuple[list[PageChart], list[str]]:
    """Draw every chart of a run into ``folder``: SVG and PNG, the drawn table as CSV beside.

    The charts do not depend on ``jobs``, the number of processes.

    Returns:
        The charts for the page and the names of their files.
    """
    entries = result["projections"]
    run_id = str(result["run"]["id"])
    made: list[tuple[str, str, Callable[[], list[Chart]]]] = []
    for air in projection.air:
        if air.tracks is None:
            continue
        made.extend(_air_jobs(air, air.tracks, entries, run_id, notices))
    for water in projection.water:
        if water.tiles is None:
            continue
        made.append(_water_job(water, entries, run_id, result["run"]["as_of"], notices))
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


def _stem(*parts: str) -> str:
    """A file name that every system takes."""
    return re.sub(r'[\s<>:"/\\|?*#%]+', "_", "-".join(parts)).strip("._") or "chart"


def _find(
    entries: list[dict[str, Any]], region: str, place: str, indicator: str
) -> dict[str, Any] | None:
    return next(
        (
            e
            for e in entries
            if e["region"] == region and e["place"] == place and e["indicator"] == indicator
        ),
        None,
    )


def _footer(
    entry: dict[str, Any], run_id: str, notices: tuple[tuple[str, str], ...], unit: tuple[str, str]
) -> Footer:
    observed = entry["observed"]
    dust = _DUST.get(str(entry["dust"]), ("", ""))
    return Footer(
        period=f"{entry['year']}-01-01/{observed['last_day'] or entry['as_of']}",
        n_valid=observed["n_valid"],
        n_expected=observed["n_expected"],
        standard=entry["standard"],
        run_id=run_id,
        dust_zh=dust[0],
        dust_en=dust[1],
        notices=notices,
        unit_zh=unit[0],
        unit_en=unit[1],
    )


def _budget_words(entry: dict[str, Any]) -> tuple[str, str]:
    for target in entry["targets"]:
        budget = target.get("budget")
        if not budget:
            continue
        if budget["kind"] == "bad_days":
            left, allowed = budget["exact"]["left"], budget["exact"]["allowed"]
            if left < 0:
                return (
                    f"全年允许{allowed}个污染天,已用{budget['used']}天,超出{-left}天",
                    f"{budget['used']} bad days, {-left} more than the {allowed} allowed",
                )
            return (
                f"全年允许{allowed}个污染天,已用{budget['used']}天,还剩{left}天",
                f"{budget['used']} of {allowed} bad days used, {left} left",
            )
        if budget["kind"] == "rest_mean" and budget["exact"] is not None:
            if budget["exact"] <= 0:
                return ("余下各日即使为零也不能达标", "out of reach even if the rest were zero")
            return (
                f"余下{budget['days_left']}天平均不得超过{budget['exact']:.1f} {budget['unit']}",
                f"the remaining {budget['days_left']} days may average {budget['exact']:.1f} "
                f"{budget['unit']}",
            )
    return ("", "")


def _lines(entry: dict[str, Any]) -> tuple[TargetLine, ...]:
    return tuple(
        TargetLine(
            t["label_zh"], t["label_en"], float(t["value"]), t["comparator"], t["probability"],
            t["verdict"], t["level"],
        )
        for t in entry["targets"]
        if isinstance(t["value"], int | float)
    )  # fmt: skip


def _air_jobs(
    air: AirProjection,
    tracks: AirTracks,
    entries: list[dict[str, Any]],
    run_id: str,
    notices: tuple[tuple[str, str], ...],
) -> list[tuple[str, str, Callable[[], list[Chart]]]]:
    jobs: list[tuple[str, str, Callable[[], list[Chart]]]] = []
    region = normalise_region(air.region)
    for name in _TRACKED:
        entry = _find(entries, air.region, air.place, name)
        if entry is None or not np.isfinite(tracks.cumulative[name]).any():
            continue
        data = _tracker_data(air, tracks, entry, name, run_id, notices)
        jobs.append((region, air.place, lambda data=data: [target_tracker(data)]))  # type: ignore[misc]
    entry = _find(entries, air.region, air.place, "good_day_ratio")
    if entry is not None and (tracks.aqi >= 0).any():
        calendar = _calendar_data(air, tracks, entry, run_id, notices)
        jobs.append((region, air.place, lambda: [aqi_calendar(calendar)]))
    return jobs


def _tracker_data(
    air: AirProjection,
    tracks: AirTracks,
    entry: dict[str, Any],
    name: str,
    run_id: str,
    notices: tuple[tuple[str, str], ...],
) -> TargetTrackerData:
    line = tracks.cumulative[name]
    seen = np.isfinite(line)
    fan = None
    if name in tracks.fan and entry["forecast"] is not None:
        columns = tracks.fan[name]
        ahead = np.isfinite(columns["q50"])
        fan = pd.DataFrame(
            {"date": tracks.days[ahead].astype("datetime64[s]")}
            | {label: values[ahead] for label, values in columns.items()}
        )
    budget = _budget_words(entry)
    return TargetTrackerData(
        place_zh=air.place,
        indicator=name,
        year=int(entry["year"]),
        dates=tracks.days[seen],
        observed=line[seen],
        valid=tracks.valid[name][seen],
        footer=_footer(entry, run_id, notices, ("天", "days")),
        earlier=tracks.earlier[name],
        fan=fan,
        targets=_lines(entry),
        plan_path=_plan_path(tracks, name, entry),
        budget_zh=budget[0],
        budget_en=budget[1],
        name=_stem("target_tracker", air.region, air.place, name),
    )


def _plan_path(
    tracks: AirTracks, name: str, entry: dict[str, Any]
) -> np.ndarray[Any, np.dtype[np.float64]] | None:
    """The usual course of the year, moved so that it ends at the first target (时序进度).

    The mean of the earlier years' cumulative lines; a ratio is shifted, a concentration scaled.
    """
    aims = [t for t in entry["targets"] if isinstance(t["value"], int | float)]
    n = len(tracks.days)
    lines = [np.r_[line, line[-1:]][:n] for line in tracks.earlier[name].values()]
    if not aims or len(lines) < 2:
        return None
    usual = np.mean(np.vstack(lines), axis=0)
    aim = float(aims[0]["value"])
    if not np.isfinite(usual[-1]) or usual[-1] <= 0:
        return None
    if name == "good_day_ratio":
        return np.asarray(np.clip(usual + aim - usual[-1], 0.0, 100.0))
    return np.asarray(usual * aim / usual[-1])


def _levels(aqi: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.int8]]:
    """AQI → level 1 to 6, 0 where there is none."""
    level = np.searchsorted(np.array([50, 100, 150, 200, 300]), aqi, side="left") + 1
    return np.where(aqi >= 0, level, 0).astype(np.int8)


def _calendar_data(
    air: AirProjection,
    tracks: AirTracks,
    entry: dict[str, Any],
    run_id: str,
    notices: tuple[tuple[str, str], ...],
) -> AqiCalendarData:
    seen = tracks.aqi >= 0
    last = tracks.days[seen][-1]
    shown = tracks.days <= last
    primary = tuple(
        "+".join(item for item, led in zip(AIR_ITEMS, row, strict=True) if led)
        for row in tracks.primary[shown]
    )
    year = int(entry["year"])
    before = [tracks.level_counts[y] for y in range(year - 3, year) if y in tracks.level_counts]
    return AqiCalendarData(
        place_zh=air.place,
        year=year,
        dates=tracks.days[shown],
        level=_levels(tracks.aqi[shown]),
        primary=primary,
        last_day=last,
        standard=entry["standard"],
        footer=_footer(entry, run_id, notices, ("天", "days")),
        last_year=tracks.level_counts.get(year - 1),
        mean_3y=np.mean(before, axis=0) if len(before) == 3 else None,
        other=OtherVersion(tracks.other_standard, _levels(tracks.other_aqi[shown])),
        name=_stem("aqi_calendar", air.region, air.place),
    )


def _water_job(
    water: WaterProjection,
    entries: list[dict[str, Any]],
    run_id: str,
    as_of: str,
    notices: tuple[tuple[str, str], ...],
) -> tuple[str, str, Callable[[], list[Chart]]]:
    tiles = water.tiles
    if tiles is None:
        raise ValueError("no tiles to draw")
    by_place = {
        e["place"]: e
        for e in entries
        if e["region"] == water.region and e["indicator"] == "section_class"
    }
    rows = []
    for at, section in enumerate(tiles.sections):
        entry = by_place[section]
        target = next((t for t in entry["targets"]), None)
        classes = (entry["forecast"] or {}).get("classes", {})
        likely = 1 + int(np.argmax(list(classes.values()))) if classes else 0
        wanted = _class_of(target)
        rows.append(
            SectionRow(
                name_zh=section,
                classes=tiles.months[at].astype(np.int8),
                to_date=int(tiles.to_date[at]),
                forecast=likely,
                target=wanted or 3,
                probability=target["probability"]
                if wanted and target
                else _held(tiles.p_iii[at], entry),
                limiting=(tiles.limiting[at],) if tiles.limiting[at] else (),
                verdict=target["verdict"] if target else "",
            )
        )
    share = next(
        e for e in entries if e["region"] == water.region and e["indicator"] == "share_class_iii"
    )
    quantiles = (share["forecast"] or {}).get("quantiles")
    data = SectionTilesData(
        region_zh=water.region,
        year=int(share["year"]),
        last_day=np.datetime64(date.fromisoformat(share["observed"]["last_day"] or as_of)),
        rows=tuple(rows),
        footer=_footer(share, run_id, notices, ("个断面", "sections")),
        share_to_date=share["observed"]["value"],
        share_forecast=(quantiles["0.05"], quantiles["0.5"], quantiles["0.95"])
        if quantiles
        else None,
        share_targets=tuple(
            ShareTarget(
                t["label_zh"], t["label_en"], t["comparator"], float(t["value"]),
                t["probability"], t["verdict"],
            )
            for t in share["targets"]
            if isinstance(t["value"], int | float)
        ),
        name=_stem("section_tiles", water.region),
    )  # fmt: skip
    return normalise_region(water.region), water.region, lambda: list(section_tiles(data))


def _class_of(target: dict[str, Any] | None) -> int:
    from forecast.standards.indicators import class_number

    return (class_number(str(target["value"])) or 0) if target else 0


def _held(value: float, entry: dict[str, Any]) -> float | None:
    """A probability from paths, held off 0 and 1 by half a path."""
    if not np.isfinite(value):
        return None
    step = 1 / (2 * entry["forecast"]["n_paths"])
    return float(np.clip(value, step, 1 - step))
