"""Data of the review's charts that look ahead: tracker, scoreboard, and what a fan adds to others."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.charts.bad_day_budget import BadDayBudgetData
from forecast.charts.scoreboard import ScoreboardData
from forecast.charts.section_tiles import SectionTilesData
from forecast.charts.target_tracker import TargetTrackerData
from forecast.errors import InputError
from forecast.projection.air_tracks import AirTracks
from forecast.projection.panel import PanelProjection
from forecast.region_names import normalise_region
from forecast.report.air_figures import TRACKED, budget_ahead, target_lines, tracker_data
from forecast.report.figure_parts import entry_of, stem
from forecast.report.review_air import never_measured, unmeasured
from forecast.report.review_days import CityDays, Notices, footer_for, year_days
from forecast.report.scoreboard_figure import histories_of, scoreboard_data, scoreboard_regions
from forecast.report.water_figures import tiles_of
from forecast.standards.indicators import indicator
from forecast.standards.items import AIR_ITEMS

__all__ = ["board_data", "projected_tiles", "trackers", "with_ahead"]

#: Days that an earlier year needs to stand in a tracker, as in a run.
_ENOUGH_DAYS = 300


def _tracks(projection: PanelProjection, city: CityDays) -> AirTracks | None:
    return next(
        (a.tracks for a in projection.air if (a.region, a.place) == (city.region, city.place)), None
    )


def with_ahead(
    data: BadDayBudgetData, projection: PanelProjection | None, city: CityDays
) -> BadDayBudgetData:
    """Add the days ahead to a budget of bad days, where the projection draws any."""
    tracks = None if projection is None else _tracks(projection, city)
    if tracks is None:
        return data
    ahead = budget_ahead(tracks, data.allowed)
    if ahead is None or ahead["date"].iloc[0].year != data.year:
        return data
    return replace(data, ahead=ahead)


def trackers(
    projection: PanelProjection, city: CityDays, year: int, notices: Notices
) -> list[TargetTrackerData]:
    """Make the data of the target trackers of one city: good-day ratio and PM2.5.

    An indicator that can't be computed gets a chart that says why.

    Raises:
        InputError: there is no value of the year.
    """
    city.last_day(year)
    tracks = _tracks(projection, city)
    out = []
    for name in TRACKED:
        entry = entry_of(projection.entries, city.region, city.place, name)
        if tracks is None or entry is None or not np.isfinite(tracks.cumulative[name]).any():
            out.append(_bare(city, name, year, entry, notices))
            continue
        aside = next(a for a in projection.air if a.tracks is tracks)
        data = tracker_data(aside, tracks, entry, name, "", notices)
        out.append(replace(data, name=stem("target_tracker", city.region, name, str(year))))
    return out


def _bare(
    city: CityDays, name: str, year: int, entry: dict[str, Any] | None, notices: Notices
) -> TargetTrackerData:
    """A tracker without a projection behind it: what was observed, and why there is no more."""
    days = year_days(year, city.last_day(year))
    gone = never_measured(city, days)
    needed = tuple(i for i in gone if name == "good_day_ratio" or i == "PM2.5")
    items = "、".join(needed)
    zh, en = f"{year}年没有{items}数据", f"no reading of {', '.join(needed)} in {year}"
    if not needed:
        zh = (entry or {}).get("reason") or f"{year}年没有六项齐全的日子"
        en = (entry or {}).get("reason_en") or f"no day of {year} has all six items"
    about = indicator(name)
    note = (f"{zh}，无法计算{about.zh}", f"{en}: no {about.en}")
    line, earlier = np.full(len(days), np.nan), {}
    if name == "pm25_annual_mean" and "PM2.5" not in gone:
        line = _mean_to_date(city, days)
        whole = {y: _mean_to_date(city, year_days(y)) for y in range(year - 5, year)}
        earlier = {y: v for y, v in whole.items() if np.isfinite(v).sum() > _ENOUGH_DAYS}
        note = _beside_the_fan(gone, entry)
    valid = np.isfinite(line)
    kind = "counts" if name == "good_day_ratio" else "means"
    return TargetTrackerData(
        place_zh=city.place, indicator=name, year=year, dates=days, observed=line, valid=valid,
        earlier=earlier,
        targets=() if entry is None else target_lines(entry),
        footer=footer_for(
            city, (days[0], days[-1]), (int(valid.sum()), len(days)), city.aqi_standard(year),
            kind, notices,
        ),
        note_zh=note[0], note_en=note[1],
        name=stem("target_tracker", city.region, name, str(year)),
    )  # fmt: skip


def _beside_the_fan(gone: tuple[str, ...], entry: dict[str, Any] | None) -> tuple[str, str]:
    """Say why there is no fan, and what is projected all the same."""
    zh = f"{'、'.join(gone) or '部分项目'}没有数据，本图不画预测带"
    en = f"no reading of {', '.join(gone) or 'some items'}: no fan in this chart"
    ahead = None if entry is None else entry["forecast"]
    if ahead is not None:
        low, middle, high = (f"{ahead['quantiles'][q]:.1f}" for q in ("0.05", "0.5", "0.95"))
        zh += f"；全年预测{middle}，90 %区间{low} – {high}"
        en += f"; the year is projected at {middle}, 90 % range {low} – {high}"
    return zh, en


def _mean_to_date(city: CityDays, days: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Mean of PM2.5 from 1 January to each day, NaN on days without a value or with dust."""
    column = AIR_ITEMS.index("pm25")
    values = np.where(city.dust(days)[:, column], np.nan, city.values(days)[:, column])
    known = np.isfinite(values)
    mean = np.nancumsum(values) / np.maximum(np.cumsum(known), 1)
    return np.asarray(np.where(known, mean, np.nan))


def board_data(
    projection: PanelProjection,
    region: str,
    year: int,
    as_of: date,
    notices: Notices,
    city: CityDays | None = None,
) -> ScoreboardData:
    """Make the data of the scoreboard of one region outside a run; ``city`` is its daily record.

    Raises:
        InputError: there is nothing of that region in that year.
    """
    result = {"projections": projection.entries}
    if normalise_region(region) not in scoreboard_regions(result):
        raise InputError(
            f"Nothing can be said of {region} in {year}.",
            "See with `forecast status` what the workspace holds.",
        )
    said = () if city is None else unmeasured(city, year)
    key = normalise_region(region)
    histories = histories_of(projection, {key}).get(key, {})
    return scoreboard_data(histories, result, region, year, as_of, notices, remarks=said)


def projected_tiles(
    projection: PanelProjection, year: int, as_of: date, notices: Notices
) -> list[SectionTilesData]:
    """Make the data of the section tiles with what is projected of each section."""
    return [
        replace(data, name=stem("section_tiles", water.region, str(year)))
        for water in projection.water
        if water.tiles is not None
        for data in [tiles_of(water, projection.entries, "", as_of.isoformat(), notices)]
    ]
