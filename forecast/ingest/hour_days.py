"""From hours to days and from points to cities, by the law, for every month that new hours touch.

Days are made from the table of hours alone, so a corrected or rejected hour, or a new list of
stations, changes the days that it should, as a correction with its own receipt.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.ingest.covered import covered_times, places_now, said_since
from forecast.ingest.hour_blocks import HourBlock, hour_blocks, months_of
from forecast.ingest.points import STATION_LIST, points_of
from forecast.ingest.readers.daily import BASIS_CHANGE
from forecast.ingest.storing import CHECKS_PENDING, DAYS_PENDING
from forecast.partitions import coded, coded_from, joined, plain
from forecast.revisions import last_versions
from forecast.standards.city_mean import city_means, in_force
from forecast.standards.hours import DAY_ITEMS, days_of_hours
from forecast.store import Writer
from forecast.tables import HOUR_ITEMS, TABLES
from forecast.workspace import Workspace

__all__ = ["make_days", "rebuild_days"]

_END_OF_DAY = np.timedelta64(86399, "s")
_HOUR = np.timedelta64(3600, "s")

#: Flag of a day that is taken back; ``rejected`` lets its source be silent.
_WITHDRAWN = "withdrawn rejected"


def make_days(
    ws: Workspace, received: pd.Timestamp, see: Callable[[HourBlock], None] | None = None
) -> tuple[int, dict[str, set[str]]]:
    """Make the days of all hours that came in since days were made last.

    Args:
        ws: the workspace.
        received: from when changed days are known.
        see: called with each block of hours that days are made of.

    Returns:
        How many values of days changed, and the months looked at of each source.

    Raises:
        WorkspaceError: the tables can't be written; the days are made next time.
    """
    files = ws.store.files()
    pending = files[files["status"] == DAYS_PENDING]
    if pending.empty:
        return 0, {}
    with ws.store.writer() as writer:
        listed = bool((pending["layout"] == STATION_LIST).any())
        months = months_of(ws.store, None if listed else set(pending["file_id"]))
        changed = rebuild_days(ws, writer, months, received, see=see)
        writer.upsert("files", pending.assign(status=CHECKS_PENDING))
    return changed, months


def rebuild_days(
    ws: Workspace,
    writer: Writer,
    months: dict[str, set[str]],
    received: pd.Timestamp,
    *,
    flags: pd.DataFrame | None = None,
    see: Callable[[HourBlock], None] | None = None,
) -> int:
    """Make the days of the months (``2023-01``) of each source again; return how many changed.

    Args:
        ws: the workspace.
        writer: the change under way.
        months: source → months.
        received: from when changed days are known.
        flags: the quality flags as they stand; default as stored.
        see: called with each block of hours, with those that were rejected still in it.
    """
    sites = writer.read("sites")
    flags = writer.read("quality_flags") if flags is None else flags
    rejected = flags[(flags["status"] == "rejected") & (flags["table"] == "air_hourly")]
    cities: list[pd.DataFrame] = []
    changed = 0
    for source, touched in months.items():
        for block in hour_blocks(ws.store, source, touched):
            if see is not None:
                see(block)
            block = _without(ws, block, rejected[rejected["source"] == source])
            stations, days_of_cities = _days(block, sites)
            month = str(block.days[0].astype("datetime64[M]"))
            before = writer.read("station_daily", month)
            stations = _and_withdrawn("station_daily", before[before["source"] == source], stations)
            if len(stations):
                outcome = writer.merge("station_daily", stations, received, whole=True)
                changed += int((outcome["outcome"] != "unchanged").sum())
            before = writer.read("air_daily", month[:4])
            before = before[
                (before["source"] == source)
                & (before["date"] >= block.days[0])
                & (before["date"] <= block.days[-1])
            ]
            cities.append(_and_withdrawn("air_daily", before, days_of_cities))
    # The table of city days is parted by years: one merge for all months.
    whole = joined(cities) if cities else pd.DataFrame()
    if len(whole):
        outcome = writer.merge("air_daily", whole, received, whole=True)
        changed += int((outcome["outcome"] != "unchanged").sum())
    return changed


def _and_withdrawn(table: str, stored: pd.DataFrame, made: pd.DataFrame) -> pd.DataFrame:
    """Return ``made`` and, without a value, the days that are stored and can no longer be made.

    A day that had too many of its hours rejected, or whose points belong to another city by now,
    is silent from then on.
    """
    if stored.empty:
        return made
    key, values = list(TABLES[table].key), list(TABLES[table].values)
    made = plain(made)
    last = last_versions(stored, key)
    last = last[last[values].notna().any(axis=1)]
    gone = ~pd.MultiIndex.from_frame(last[key]).isin(pd.MultiIndex.from_frame(made[key]))
    if not gone.any():
        return made
    silent = last[gone].assign(flag=_WITHDRAWN, **dict.fromkeys(values, np.nan))
    silent["known_from"] = silent["date"] + _END_OF_DAY
    if "hours" in silent:
        silent["hours"] = 0
    return pd.concat([made, silent[made.columns]], ignore_index=True)


def _without(ws: Workspace, block: HourBlock, rejected: pd.DataFrame) -> HourBlock:
    """Return the block with the hours blank that a person rejected."""
    ends = (block.days[:, None] + np.arange(1, 25) * _HOUR)[None]
    rejected = rejected[(rejected["first"] <= ends.max()) & (rejected["last"] >= ends.min())]
    if rejected.empty:
        return block
    values = block.values.copy()
    month = str(block.days[0].astype("datetime64[M]"))
    rows = ws.store.read("air_hourly", regions=rejected["region"].unique(), partitions=[month])
    rows = rows[(rows["source"] == block.source) & rows["place"].isin(rejected["place"])]
    places = places_now(ws)
    for flag in rejected.to_dict("records"):
        mine = rows[(rows["region"] == flag["region"]) & (rows["place"] == flag["place"])]
        since = said_since(mine, "air_hourly", str(flag["item"]), places)
        # A time within an hour belongs to that hour.
        times = covered_times(flag, since).ceil("h").to_numpy("datetime64[s]")
        place = (block.region == flag["region"]) & (block.place == flag["place"])
        where = place[:, None, None] & np.isin(ends, times)
        item = slice(None) if flag["item"] == "" else HOUR_ITEMS.index(str(flag["item"]))
        values[where, item] = np.nan
    return replace(block, values=values)


def _days(block: HourBlock, sites: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the days of the points (wide) and of the cities (long)."""
    values = days_of_hours(block.values, HOUR_ITEMS)
    counts = (~np.isnan(block.values)).sum(axis=2, dtype=np.int8).max(axis=2)
    is_city = block.place_kind == "city"
    stations = _station_rows(block, values, counts, ~is_city)
    parts = [_city_rows(block, block.place[is_city], values[is_city], np.flatnonzero(is_city))]
    points = points_of(sites, block.source, block.region, block.place, np.flatnonzero(~is_city))
    if len(points):
        at = points["at"].to_numpy(np.int64)
        dates = [points[c].to_numpy("datetime64[D]") for c in ("valid_from", "valid_to")]
        counted = in_force(block.days, points["role"].to_numpy(dtype=str), *dates)
        # A source keeps the names of points that were closed years ago: one without dates counts
        # in the months in which it has a reading.
        silent = (counts[at] == 0).all(axis=1)
        counted &= ~(silent & np.isnat(dates[0]) & np.isnat(dates[1]))[:, None]
        city, names = pd.factorize(points["city"], sort=True)
        means = city_means(values[at], city, counted, n_cities=len(names)).values
        firsts = at[np.unique(city, return_index=True)[1]]
        parts.append(_city_rows(block, names.to_numpy(dtype=object), means, firsts))
    return stations, joined(parts)


def _station_rows(
    block: HourBlock,
    values: NDArray[np.float64],
    counts: NDArray[np.int8],
    chosen: NDArray[np.bool_],
) -> pd.DataFrame:
    there = chosen[:, None] & ~np.isnan(values).all(axis=2)
    place, day = np.nonzero(there)
    date = block.days[day]
    return pd.DataFrame(
        {
            "region": coded_from(block.region, place),
            "place": coded_from(block.place, place),
            "date": date,
            **{item: values[place, day, n] for n, item in enumerate(DAY_ITEMS)},
            "hours": counts[place, day].astype(np.int32),
            **_origin(block, place, day, date),
        }
    )


def _city_rows(
    block: HourBlock,
    names: NDArray[np.object_],
    values: NDArray[np.float64],
    at: NDArray[np.int64],
) -> pd.DataFrame:
    """Return city days, long; ``values`` is (city, day, item), ``at`` a place of each city."""
    city, day, item = np.nonzero(~np.isnan(values))
    date = block.days[day]
    return pd.DataFrame(
        {
            "region": coded_from(names, city),
            "place": coded_from(names, city),
            "place_kind": coded(["city"], np.zeros(len(date), dtype=np.int8)),
            "date": date,
            "item": coded(DAY_ITEMS, item),
            "value": values[city, day, item],
            **_origin(block, at[city], day, date),
        }
    )


def _origin(
    block: HourBlock, place: NDArray[np.int64], day: NDArray[np.int64], date: NDArray[np.datetime64]
) -> dict[str, object]:
    same = np.zeros(len(date), dtype=np.int8)
    return {
        "basis": coded(["standard_state", "actual"], (date >= BASIS_CHANGE).astype(np.int8)),
        "source": coded([block.source], same),
        "version": coded_from(block.version, place),
        "flag": coded([""], same),
        "known_from": date + _END_OF_DAY,
        "file_id": coded_from(block.file_id.ravel(), place * len(block.days) + day),
        "row": block.row[place, day],
    }
