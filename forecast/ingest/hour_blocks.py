"""The stored hours of one source as dense arrays of whole days, a month at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.revisions import SUPERSEDED
from forecast.store import Store
from forecast.tables import HOUR_ITEMS

__all__ = ["HourBlock", "hour_blocks", "months_of"]

_HOUR = np.timedelta64(3600, "s")

_COLUMNS = [
    "source", "region", "place", "place_kind", "time", *HOUR_ITEMS, "version", "known_from",
    "flag", "file_id", "row",
]  # fmt: skip


@dataclass(frozen=True)
class HourBlock:
    """The hours of one source in whole days.

    Attributes:
        source: the layout they were read from.
        region, place, place_kind: of each place, shape ``(place,)``.
        days: shape ``(day,)``, datetime64[s] at 00:00.
        values: 1-hour means [µg/m³; CO mg/m³], shape ``(place, day, 24, item)`` with the items of
            ``HOUR_ITEMS``; slot 0 ends at 01:00, slot 23 at 00:00 of the next day. In memory the
            items lie one after the other.
        version: of each place's last row.
        file_id, row: of the first row of each place's day, shape ``(place, day)``.
    """

    source: str
    region: NDArray[np.object_]
    place: NDArray[np.object_]
    place_kind: NDArray[np.object_]
    days: NDArray[np.datetime64]
    values: NDArray[np.float64]
    version: NDArray[np.object_]
    file_id: NDArray[np.object_]
    row: NDArray[np.int32]


def months_of(store: Store, files: set[str] | None) -> dict[str, set[str]]:
    """Return source → months of days that the hours of these files (None: of all) belong to."""
    found: dict[str, set[str]] = {}
    for month in sorted(store.manifest().get("air_hourly", {})):
        rows = store.read(
            "air_hourly", columns=["source", "file_id"], partitions=[month], categories=True
        )
        if files is not None:
            rows = rows[rows["file_id"].isin(files)]
        for source in rows["source"].unique():
            found.setdefault(str(source), set()).add(month)
    return found


def hour_blocks(store: Store, source: str, months: set[str]) -> Iterator[HourBlock]:
    """Yield the hours of ``source`` month by month, whole days each."""
    for month in sorted(months):
        rows = store.read("air_hourly", columns=_COLUMNS, partitions=[month], categories=True)
        mine = (rows["source"] == source).to_numpy(bool)
        if not mine.all():
            rows = rows[mine]
        if len(rows):
            yield _dense(rows, source, np.datetime64(month, "M"))


def _dense(rows: pd.DataFrame, source: str, month: np.datetime64) -> HourBlock:
    start = month.astype("datetime64[s]")
    days = np.arange(
        month.astype("datetime64[D]"), (month + 1).astype("datetime64[D]"), dtype="datetime64[D]"
    )
    # A time within an hour belongs to that hour.
    slot = -(-(rows["time"].to_numpy("datetime64[s]") - start) // _HOUR) - 1
    codes, firsts = _places(rows)
    hour = codes * 24 * len(days) + slot
    if np.bincount(hour).max() > 1:
        # Corrections: of each hour the version known last, put last.
        counts = ~rows["flag"].str.contains(SUPERSEDED, regex=False).to_numpy(bool)
        if not counts.all():
            rows, slot, hour = rows[counts], slot[counts], hour[counts]
        order = np.lexsort((rows["known_from"].to_numpy("datetime64[s]"), hour))
        last = order[np.append(np.diff(hour[order]) != 0, True)]
        last.sort()
        rows, slot = rows.iloc[last], slot[last]
        codes, firsts = _places(rows)
    shape = (len(firsts), 24 * len(days))
    where = codes * shape[1] + slot
    values = np.full((len(HOUR_ITEMS), shape[0] * shape[1]), np.nan)
    for of_item, item in zip(values, HOUR_ITEMS, strict=True):
        of_item[where] = rows[item].to_numpy(np.float64)
    at = np.full(shape[0] * shape[1], len(rows), dtype=np.int32)
    at[where] = np.arange(len(rows), dtype=np.int32)
    first = at.reshape(len(firsts), len(days), 24).min(axis=2)
    of_day = rows.iloc[np.where(first < len(rows), first, 0).ravel()]
    empty = first == len(rows)
    file_id = of_day["file_id"].to_numpy(dtype=object).reshape(first.shape)
    row = of_day["row"].to_numpy(np.int32).reshape(first.shape)
    named = rows.iloc[firsts]
    return HourBlock(
        source=source,
        region=named["region"].to_numpy(dtype=object),
        place=named["place"].to_numpy(dtype=object),
        place_kind=named["place_kind"].to_numpy(dtype=object),
        days=days.astype("datetime64[s]"),
        values=np.moveaxis(values.reshape(-1, len(firsts), len(days), 24), 0, -1),
        version=named["version"].to_numpy(dtype=object),
        file_id=np.where(empty, "", file_id),
        row=np.where(empty, np.int32(0), row).astype(np.int32),
    )


def _places(rows: pd.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the number of each row's place, and the first row of each place."""
    region = rows["region"].cat.codes.to_numpy().astype(np.int64)
    place = rows["place"].cat.codes.to_numpy().astype(np.int64)
    codes, found = pd.factorize(region * (place.max() + 1) + place)
    firsts = np.empty(len(found), dtype=np.int64)
    firsts[codes[::-1]] = np.arange(len(codes))[::-1]
    return codes.astype(np.int64), firsts
