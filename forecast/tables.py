"""The schemas of the tidy tables: columns, types, keys and order, in one place.

Times are local times of the workspace without a zone, to the second. Every table of readings ends
with the same columns of provenance:

========== ====================================================================================
source     name of the layout the row was read from
version    ``unknown``, ``realtime``, ``audited`` or ``generated``
flag       empty, or words parted by spaces: ``conflicting``, ``suspect_spike``, ``suspect_zero``,
           ``capped`` (AQI cut off by its source), ``dust_removed`` (AQI without the dust),
           ``estimate`` (from index points), ``maintenance``, ``date_approximate``, ``utc_day``,
           ``day_20_20`` (day of 20:00 to 20:00), ``part_of_day``, ``from_hours``,
           ``from_points``, ``superseded`` (came after an audited value), ``rejected``
known_from the moment from which the value was known: its own time, or the receipt of a correction
file_id    the row of ``files`` it came from (first 16 hex digits of the content's SHA-256)
row        line in that file, from 1
========== ====================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from forecast.standards.hours import DAY_ITEMS

__all__ = ["DAY_ITEMS", "HOUR_ITEMS", "SCHEMAS", "TABLES", "Table"]

#: The columns of values of ``air_hourly``, 1-hour means [µg/m³; CO mg/m³].
HOUR_ITEMS: tuple[str, ...] = ("so2", "no2", "pm10", "pm25", "co", "o3_1h")

_TEXT = pa.string()
_TIME = pa.timestamp("s")


@dataclass(frozen=True)
class Table:
    """One tidy table.

    Attributes:
        name: folder under ``data/processed`` and word of every call.
        schema: columns and types.
        key: columns that name a row; a reading has several versions of one key.
        order: columns by which its files are sorted.
        year_of: the time or year column that picks the partition; empty for one undated part.
        readings: True where corrections are kept beside the value they correct.
        by_month: True where the partition is a month of that year, not the whole year.
        values: the columns that a correction changes.
        end_stamped: True where the time is the end of an hour, so that 00:00 belongs to the day, and
            to the partition, before.
    """

    name: str
    schema: pa.Schema
    key: tuple[str, ...]
    order: tuple[str, ...]
    year_of: str = ""
    readings: bool = False
    by_month: bool = False
    values: tuple[str, ...] = ("value",)
    end_stamped: bool = False


_PROVENANCE = [
    ("source", _TEXT),
    ("version", _TEXT),
    ("flag", _TEXT),
    ("known_from", _TIME),
    ("file_id", _TEXT),
    ("row", pa.int32()),
]
_PLACE = [("region", _TEXT), ("place", _TEXT)]


def _readings(name: str, time: str, described: list[tuple[str, pa.DataType]]) -> Table:
    """Return a table of readings at ``time``, with the columns ``described`` of its own."""
    columns = [*_PLACE, *described, (time, _TIME), ("item", _TEXT), ("value", pa.float64())]
    extra = [("censored", pa.bool_())] if name == "water_samples" else []
    basis = [("basis", _TEXT)] if name.startswith("air") else []
    return Table(
        name=name,
        schema=pa.schema(columns + extra + basis + _PROVENANCE),
        key=("source", "region", "place", time, "item"),
        order=("region", "place", "item", time, "source", "known_from"),
        year_of=time,
        readings=True,
    )


_ALL = (
    # One row a place and hour, one column an item: a year of the national network has 15 million.
    # ``time`` is the end of the hour: 00:00 belongs to the day before.
    Table(
        name="air_hourly",
        schema=pa.schema(
            [
                *_PLACE,
                ("place_kind", _TEXT),
                ("time", _TIME),
                *[(item, pa.float64()) for item in HOUR_ITEMS],
                ("basis", _TEXT),
                *_PROVENANCE,
            ]
        ),
        key=("source", "region", "place", "time"),
        order=("region", "place", "time", "source", "known_from"),
        year_of="time",
        by_month=True,
        readings=True,
        values=HOUR_ITEMS,
        end_stamped=True,
    ),
    # Days of single points, made from their hours; the city's own days are in ``air_daily``.
    Table(
        name="station_daily",
        schema=pa.schema(
            [
                *_PLACE,
                ("date", _TIME),
                *[(item, pa.float64()) for item in DAY_ITEMS],
                ("hours", pa.int32()),
                ("basis", _TEXT),
                *_PROVENANCE,
            ]
        ),
        key=("source", "region", "place", "date"),
        order=("region", "place", "date", "source", "known_from"),
        year_of="date",
        by_month=True,
        readings=True,
        values=DAY_ITEMS,
    ),
    _readings("air_daily", "date", [("place_kind", _TEXT)]),
    _readings(
        "water_samples",
        "time",
        [("place_kind", _TEXT), ("basin", _TEXT), ("river", _TEXT), ("water_type", _TEXT)],
    ),
    _readings("met_daily", "date", [("place_kind", _TEXT)]),
    # Hours of weather of the first and the last day of a file that lacks some of them: the next
    # file may have the others, so that the day can be made of both.
    Table(
        name="met_edges",
        schema=pa.schema(
            [
                *_PLACE,
                ("place_kind", _TEXT),
                ("date", _TIME),
                ("time", _TIME),
                ("item", _TEXT),
                ("value", pa.float64()),
                ("source", _TEXT),
                ("file_id", _TEXT),
                ("row", pa.int32()),
            ]
        ),
        key=("source", "region", "place", "time", "item"),
        order=("region", "place", "item", "time", "source"),
    ),
    _readings("flow_daily", "date", [("place_kind", _TEXT)]),
    Table(
        name="emissions",
        schema=pa.schema(
            [
                ("region", _TEXT),
                ("year", pa.int32()),
                ("sector", _TEXT),
                ("pollutant", _TEXT),
                ("value", pa.float64()),
                *_PROVENANCE,
            ]
        ),
        key=("source", "region", "year", "sector", "pollutant"),
        order=("region", "year", "sector", "pollutant", "source", "known_from"),
        year_of="year",
        readings=True,
    ),
    # Days whose PM10 or PM2.5 the authority took out of the means because of dust from afar.
    Table(
        name="dust_days",
        schema=pa.schema([("region", _TEXT), ("date", _TIME), ("item", _TEXT), *_PROVENANCE]),
        key=("source", "region", "date", "item"),
        order=("region", "date", "item", "source"),
        year_of="date",
    ),
    Table(
        name="quality_flags",
        schema=pa.schema(
            [
                ("flag_id", _TEXT),
                ("table", _TEXT),
                ("source", _TEXT),
                *_PLACE,
                ("item", _TEXT),
                ("first", _TIME),
                ("last", _TIME),
                ("rule", _TEXT),
                ("detail", _TEXT),
                ("n", pa.int64()),
                ("raised", _TIME),
                ("status", _TEXT),
                ("decided", _TIME),
                ("decided_by", _TEXT),
                ("reason", _TEXT),
            ]
        ),
        key=("flag_id",),
        order=("table", "region", "place", "item", "first", "rule", "flag_id"),
    ),
    Table(
        name="sites",
        schema=pa.schema(
            [
                *_PLACE,
                ("place_kind", _TEXT),
                ("name", _TEXT),
                ("role", _TEXT),
                ("longitude", pa.float64()),
                ("latitude", pa.float64()),
                ("valid_from", _TIME),
                ("valid_to", _TIME),
                ("source", _TEXT),
            ]
        ),
        key=("source", "region", "place", "place_kind", "valid_from"),
        order=("region", "place", "place_kind", "valid_from", "source"),
    ),
    Table(
        name="section_sets",
        schema=pa.schema(
            [
                ("name", _TEXT),
                ("region", _TEXT),
                ("section", _TEXT),
                ("valid_from", _TIME),
                ("valid_to", _TIME),
                ("source", _TEXT),
            ]
        ),
        key=("name", "region", "section", "valid_from"),
        order=("name", "region", "section", "valid_from"),
    ),
    Table(
        name="yearly_values",
        schema=pa.schema(
            [
                *_PLACE,
                ("indicator", _TEXT),
                ("year", pa.int32()),
                ("value", pa.float64()),
                ("unit", _TEXT),
                ("origin", _TEXT),
                ("date", _TIME),
                *_PROVENANCE,
            ]
        ),
        key=("source", "region", "place", "indicator", "year", "origin"),
        order=("region", "place", "indicator", "year", "origin", "known_from"),
        year_of="year",
        readings=True,
    ),
    Table(
        name="target_entries",
        schema=pa.schema(
            [
                ("plan", _TEXT),
                ("kind", _TEXT),
                ("target_id", _TEXT),
                *_PLACE,
                ("indicator", _TEXT),
                ("year", pa.int32()),
                ("value", pa.float64()),
                ("text", _TEXT),
                ("unit", _TEXT),
                ("origin", _TEXT),
                ("date", _TIME),
                ("note", _TEXT),
                ("recorded", _TIME),
            ]
        ),
        key=(
            "plan",
            "kind",
            "target_id",
            "region",
            "place",
            "indicator",
            "year",
            "date",
            "recorded",
        ),
        order=("plan", "kind", "target_id", "region", "place", "indicator", "year", "recorded"),
    ),
    Table(
        name="files",
        schema=pa.schema(
            [
                ("file_id", _TEXT),
                ("sha256", _TEXT),
                ("path", _TEXT),
                ("name", _TEXT),
                ("part", _TEXT),
                ("layout", _TEXT),
                ("region", _TEXT),
                ("size", pa.int64()),
                ("ingested_at", _TIME),
                ("rows_read", pa.int64()),
                ("rows_kept", pa.int64()),
                ("rows_quarantined", pa.int64()),
                ("status", _TEXT),
                # What tells the settings of the mapping apart that read it; empty for other layouts.
                ("mapping", _TEXT),
            ]
        ),
        key=("file_id", "layout", "region"),
        order=("file_id", "layout", "region"),
    ),
)

TABLES: dict[str, Table] = {table.name: table for table in _ALL}

#: The pyarrow schema of each table.
SCHEMAS: dict[str, pa.Schema] = {table.name: table.schema for table in _ALL}
