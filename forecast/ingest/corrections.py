"""Readings that their own source gave again with another value: what was, what is, since when."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from forecast.ingest.points import with_cities
from forecast.ingest.station_days import FROM_POINTS
from forecast.revisions import counting
from forecast.store import Store
from forecast.tables import SCHEMAS, TABLES

__all__ = ["corrections", "counted"]

_COLUMNS = [
    "table", "source", "region", "place", "item", "when", "old", "new", "file", "known_from",
]  # fmt: skip
_SERIES = ["table", "source", "region", "place", "item"]

#: What names a place and an item in tables that call them otherwise.
_PLACE = {"emissions": "sector"}
_ITEM = {"emissions": "pollutant", "yearly_values": "indicator"}


def corrections(store: Store) -> pd.DataFrame:
    """Return every correction of a stored reading, one row each, in the order of receipt.

    A value that comes where none was is no correction, one that vanishes is. Days that are made of
    hours or of points follow them as these come in and are not listed; the hours and points are.

    Returns:
        ``table, source, region, place, item, when`` (the reading's own time), ``old, new`` (in the
        unit of the item; NaN where it was withdrawn), ``file`` (that brought the new value) and
        ``known_from``.
    """
    found = []
    of_hours: set[str] = set()
    for month in sorted(store.manifest().get("air_hourly", {})):
        brief = store.read(
            "air_hourly", columns=["source", "time", "known_from"], partitions=[month],
            categories=True,
        )  # fmt: skip
        of_hours |= set(brief["source"].cat.categories)
        # Hours are many, and few months of them have a value that became known later.
        if (brief["known_from"] != brief["time"]).any():
            found.append(_changed("air_hourly", store.read("air_hourly", partitions=[month])))
    for table, spec in TABLES.items():
        if spec.readings and table not in ("air_hourly", "station_daily"):
            rows = store.read(table)
            if table == "air_daily":
                made = rows["flag"].str.contains(FROM_POINTS, regex=False).astype(bool)
                rows = rows[~rows["source"].isin(of_hours) & ~made]
            found.append(_changed(table, rows))
    found = [part for part in found if len(part)]
    if not found:
        return pd.DataFrame(columns=_COLUMNS)
    files = store.files().drop_duplicates("file_id").set_index("file_id")["name"]
    whole = pd.concat(found, ignore_index=True)
    whole["file"] = files.reindex(whole["file_id"]).fillna("").to_numpy()
    whole = with_cities(whole, store.read("sites"))
    return whole.sort_values(["known_from", *_SERIES, "when"], kind="stable", ignore_index=True)[
        _COLUMNS
    ]


def counted(found: pd.DataFrame) -> pd.DataFrame:
    """Return corrections by place and item: ``…, n, first, last`` of the readings, ``known_from``.

    ``known_from`` is when the last of them came in.
    """
    return (
        found.groupby(_SERIES, sort=True)
        .agg(
            n=("when", "size"), first=("when", "min"), last=("when", "max"),
            known_from=("known_from", "max"),
        )
        .reset_index()
    )  # fmt: skip


def _changed(table: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the versions whose value differs from the one before, with that value."""
    spec = TABLES[table]
    key = list(spec.key)
    rows = counting(rows)
    rows = rows[rows.duplicated(key, keep=False)]
    if rows.empty:
        return pd.DataFrame()
    rows = rows.sort_values("known_from", kind="stable")
    before = rows.groupby(key, sort=False)[list(spec.values)].shift()
    return pd.concat(_of_values(table, rows, before, spec.values), ignore_index=True)


def _of_values(
    table: str, rows: pd.DataFrame, before: pd.DataFrame, values: Sequence[str]
) -> list[pd.DataFrame]:
    spec = TABLES[table]
    parts = []
    for value in values:
        old, new = (frame[value].to_numpy(np.float64) for frame in (before, rows))
        # The first version of a reading has nothing before it.
        other = ~np.isnan(old) & (old != new)
        mine = rows[other]
        when = mine[spec.year_of]
        if not pa.types.is_timestamp(SCHEMAS[table].field(spec.year_of).type):
            when = pd.to_datetime(when.astype(str) + "-12-31")
        item = mine[_ITEM.get(table, "item")] if len(values) == 1 else value
        parts.append(
            pd.DataFrame(
                {
                    "table": table,
                    "source": mine["source"],
                    "region": mine["region"],
                    "place": mine[_PLACE.get(table, "place")],
                    "item": item,
                    "when": when.astype("datetime64[s]"),
                    "old": old[other],
                    "new": new[other],
                    "file_id": mine["file_id"],
                    "known_from": mine["known_from"],
                }
            )
        )
    return parts
