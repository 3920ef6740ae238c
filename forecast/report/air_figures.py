"""The air charts of a run: what a projection holds, put into the charts' own terms."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from forecast.charts.aqi_calendar import AqiCalendarData, OtherVersion, aqi_calendar
from forecast.charts.bad_day_budget import AHEAD_COLUMNS, BadDayBudgetData, bad_day_budget
from forecast.charts.target_tracker import TargetLine, TargetTrackerData, target_tracker
from forecast.projection.air import AirProjection
from forecast.projection.air_tracks import AirTracks
from forecast.region_names import normalise_region
from forecast.report.figure_parts import ChartJob, Notices, entry_of, footer_of, stem
from forecast.standards.items import AIR_ITEMS

__all__ = [
    "TRACKED", "air_jobs", "budget_ahead", "calendar_of", "target_lines", "tracker_data",
]  # fmt: skip

TRACKED = ("good_day_ratio", "pm25_annual_mean")


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


def target_lines(entry: dict[str, Any]) -> tuple[TargetLine, ...]:
    """The targets of an entry that are numbers, as lines of a tracker."""
    return tuple(
        TargetLine(
            t["label_zh"], t["label_en"], float(t["value"]), t["comparator"], t["probability"],
            t["verdict"], t["level"],
        )
        for t in entry["targets"]
        if isinstance(t["value"], int | float)
    )  # fmt: skip


def air_jobs(
    air: AirProjection,
    tracks: AirTracks,
    entries: list[dict[str, Any]],
    run_id: str,
    notices: Notices,
    budget: BadDayBudgetData | None = None,
) -> list[ChartJob]:
    """Return what draws the trackers, the budget of bad days and the calendar of one city.

    ``budget`` is what was observed of the budget; the days ahead are added to it.
    """
    jobs: list[ChartJob] = []
    region = normalise_region(air.region)
    for name in TRACKED:
        entry = entry_of(entries, air.region, air.place, name)
        if entry is None or not np.isfinite(tracks.cumulative[name]).any():
            continue
        data = tracker_data(air, tracks, entry, name, run_id, notices)
        jobs.append((region, air.place, lambda data=data: [target_tracker(data)]))  # type: ignore[misc]
    judged = bool((tracks.aqi >= 0).any())
    if budget is not None and judged:
        shown = replace(budget, ahead=budget_ahead(tracks, budget.allowed))
        jobs.append((region, air.place, lambda: [bad_day_budget(shown)]))
    entry = entry_of(entries, air.region, air.place, "good_day_ratio")
    if entry is not None and judged:
        calendar = calendar_of(air, tracks, entry, run_id, notices)
        jobs.append((region, air.place, lambda: [aqi_calendar(calendar)]))
    return jobs


def tracker_data(
    air: AirProjection,
    tracks: AirTracks,
    entry: dict[str, Any],
    name: str,
    run_id: str,
    notices: Notices,
) -> TargetTrackerData:
    """Make the data of the tracker of indicator ``name`` of one city, of which ``entry`` tells."""
    line = tracks.line(name)
    seen = np.isfinite(line)
    fan = None
    ahead = tracks.ahead(name)
    if ahead is not None and entry["forecast"] is not None:
        fan = pd.DataFrame({"date": ahead[0].astype("datetime64[s]")} | ahead[1])
    budget = _budget_words(entry)
    note = _note(entry, fan is not None)
    return TargetTrackerData(
        place_zh=air.place,
        indicator=name,
        year=int(entry["year"]),
        dates=tracks.days[seen],
        observed=line[seen],
        valid=tracks.valid[name][seen],
        footer=footer_of(entry, run_id, notices, ("天", "days")),
        earlier=tracks.lines_before(name),
        fan=fan,
        targets=target_lines(entry),
        plan_path=_plan_path(tracks, name, entry),
        budget_zh=budget[0],
        budget_en=budget[1],
        note_zh=note[0],
        note_en=note[1],
        name=stem("target_tracker", air.region, air.place, name),
    )


def _note(entry: dict[str, Any], drawn: bool) -> tuple[str, str]:
    """Why there is no fan; empty where there is one."""
    if drawn:
        return ("", "")
    zh, en = entry["reason"], entry["reason_en"]
    if entry["as_of"] >= f"{entry['year']}-12-31":
        return (
            f"该年已结束，只有实测，没有预测{'；' if zh else ''}{zh}",
            f"the year is over: observed, no forecast{'; ' if en else ''}{en}",
        )
    return (f"没有预测：{zh or '数据不足'}", f"no forecast: {en or 'too few readings'}")


def budget_ahead(tracks: AirTracks, allowed: int | None) -> pd.DataFrame | None:
    """Bad days left at the end of each day to come, for the budget; None without a forecast.

    Every day drawn has all six items, so the days that count are known on each day ahead and the
    quantiles of the cumulative ratio are those of the bad days, turned round.
    """
    ahead = tracks.ahead("good_day_ratio")
    if ahead is None or allowed is None:
        return None
    days, fan = ahead
    counted = int(tracks.valid["good_day_ratio"].sum()) + np.arange(1, len(days) + 1)
    columns = {
        column: allowed - counted * (1.0 - fan[quantile] / 100.0)
        for column, quantile in zip(AHEAD_COLUMNS[1:], ("q10", "q50", "q90"), strict=True)
    }
    return pd.DataFrame({"date": days.astype("datetime64[s]")} | columns)


def _plan_path(
    tracks: AirTracks, name: str, entry: dict[str, Any]
) -> np.ndarray[Any, np.dtype[np.float64]] | None:
    """The usual course of the year, moved so that it ends at the first target (时序进度).

    The mean of the earlier years' cumulative lines; a ratio is shifted, a concentration scaled.
    """
    aims = [t for t in entry["targets"] if isinstance(t["value"], int | float)]
    n = len(tracks.days)
    lines = [np.r_[line, line[-1:]][:n] for line in tracks.lines_before(name).values()]
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


def calendar_of(
    air: AirProjection,
    tracks: AirTracks,
    entry: dict[str, Any],
    run_id: str,
    notices: Notices,
) -> AqiCalendarData:
    """Make the data of the calendar of one city; there is a day with an AQI."""
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
        footer=footer_of(entry, run_id, notices, ("天", "days")),
        last_year=tracks.level_counts.get(year - 1),
        mean_3y=np.mean(before, axis=0) if len(before) == 3 else None,
        other=OtherVersion(tracks.other_standard, _levels(tracks.other_aqi[shown])),
        name=stem("aqi_calendar", air.region, air.place),
    )
