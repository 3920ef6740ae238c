"""What is there: places, items, period and counts by year."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from forecast.errors import InputError
from forecast.ingest.points import with_cities
from forecast.standards.hours import DAY_ITEMS
from forecast.tables import SCHEMAS, TABLES
from forecast.workspace import Workspace

__all__ = ["coverage", "regions_named"]

#: Domain → table; a place is told by ``place``, where the table has one, else by ``region`` alone.
_TABLES = {
    "air": "air_daily",
    "station": "station_daily",
    "water": "water_samples",
    "met": "met_daily",
    "flow": "flow_daily",
    "emission": "emissions",
    "yearly": "yearly_values",
}

_KEY = ["region", "place", "item"]
_NAMES = ["domain", *_KEY, "first", "last", "n"]


def coverage(ws: Workspace) -> pd.DataFrame:
    """Return what the tables hold, one row a place and item, across sources and versions.

    A reading that several sources have, or that was corrected, counts once; one that was rejected
    counts until it is decided otherwise. Points of the network stand in domain ``station``, cities
    in ``air``; one that is known by its code alone has the region that the list of stations gives it.
    ``item`` is the indicator in domain ``yearly`` and the pollutant in ``emission``.

    Returns:
        Columns ``domain, region, place, item, first, last, n`` and one column of counts for each
        year (named by the year as text); empty with the first seven where there is nothing.
    """
    parts = [
        part.assign(domain=domain)
        for domain, table in _TABLES.items()
        if not (part := _counts(ws, table)).empty
    ]
    if not parts:
        return pd.DataFrame(columns=_NAMES)
    whole = pd.concat(parts, ignore_index=True)
    years_there = sorted(set(whole.columns) - set(_NAMES))
    whole[years_there] = whole[years_there].fillna(0).astype(int)
    ordered: pd.DataFrame = whole[[*_NAMES, *years_there]]
    return ordered


def regions_named(ws: Workspace, region: str) -> list[str]:
    """Return the names under which the tables hold a region, given with or without 市 and the like.

    Raises:
        InputError: there are no readings of it.
    """
    # Slow to import, and only asked for where a region is named.
    from forecast.region_names import normalise_region

    found = {*coverage(ws)["region"], *ws.store.read("quality_flags", columns=["region"])["region"]}
    names = sorted(str(name) for name in found if name)
    wanted = normalise_region(ws.config.regions.aliases.get(region, region))
    mine = [name for name in names if normalise_region(name) == wanted]
    if not mine:
        listed = f"{', '.join(names[:20])}{' …' if len(names) > 20 else ''}"
        raise InputError(
            f"There are no readings of the region {region}.",
            f"Regions with readings: {listed}."
            if names
            else "Take files in first: forecast ingest <folder>.",
        )
    return mine


def _counts(ws: Workspace, table: str) -> pd.DataFrame:
    rows = _readings(ws, table)
    if rows.empty:
        return rows
    rows = rows.drop_duplicates()
    summary = rows.groupby(_KEY)["when"].agg(first="min", last="max", n="size")
    years = rows["when"].dt.year.astype(str).rename("year")
    counts = rows.assign(year=years).pivot_table(
        index=_KEY, columns="year", values="when", aggfunc="size", fill_value=0
    )
    counted: pd.DataFrame = summary.join(counts).reset_index()
    return counted


def _readings(ws: Workspace, table: str) -> pd.DataFrame:
    """Return ``region, place, item, when`` of every reading."""
    spec = TABLES[table]
    time = spec.year_of
    if table == "station_daily":
        wide = ws.store.read(table, columns=["region", "place", time, *DAY_ITEMS])
        wide = with_cities(wide, ws.store.read("sites"))
        rows = wide.melt(["region", "place", time], list(DAY_ITEMS), var_name="item").dropna()
    elif table == "emissions":
        rows = ws.store.read(table, columns=["region", time, "sector", "pollutant"])
        rows = rows.rename(columns={"sector": "place", "pollutant": "item"})
    else:
        item = "indicator" if table == "yearly_values" else "item"
        rows = ws.store.read(table, columns=["region", "place", time, item])
        rows = rows.rename(columns={item: "item"})
    if not pa.types.is_timestamp(SCHEMAS[table].field(time).type):
        rows[time] = pd.to_datetime(rows[time].astype(str) + "-12-31")
    named: pd.DataFrame = rows.rename(columns={time: "when"})[[*_KEY, "when"]]
    return named
