"""The schemas of the tidy tables: columns, types, keys and order, in one place.

Times are local times of the workspace without a zone, to the second. Every table of readings ends
with the same columns of provenance:

========== ====================================================================================
source     name of the layout the row was read from
version    ``unknown``, ``realtime``, ``audited`` or ``generated``
flag       empty, or words parted by spaces: ``conflicting``, ``suspect_spike``, ``maintenance``,
           ``date_approximate``, ``rejected``
known_from the moment from which the value was known: its own time, or the receipt of a correction
file_id    the row of ``files`` it came from (first 16 hex digits of the content's SHA-256)
row        line in that file, from 1
========== ====================================================================================
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

__all__ = ["SCHEMAS", "TABLES", "Table", "by_year", "content_hash", "typed"]

#: Columns that say where a row came from, not what it says: left out of the content hash, so that
#: the same readings give the same fingerprint in whatever order their files were read.
_ORIGIN_COLUMNS = ("file_id", "row")

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
    """

    name: str
    schema: pa.Schema
    key: tuple[str, ...]
    order: tuple[str, ...]
    year_of: str = ""
    readings: bool = False


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
    _readings("air_daily", "date", [("place_kind", _TEXT)]),
    _readings(
        "water_samples",
        "time",
        [("place_kind", _TEXT), ("basin", _TEXT), ("river", _TEXT), ("water_type", _TEXT)],
    ),
    _readings("met_daily", "date", [("place_kind", _TEXT)]),
    Table(
        name="sites",
        schema=pa.schema(
            [
                *_PLACE,
                ("place_kind", _TEXT),
                ("name", _TEXT),
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
                ("layout", _TEXT),
                ("region", _TEXT),
                ("size", pa.int64()),
                ("ingested_at", _TIME),
                ("rows_read", pa.int64()),
                ("rows_kept", pa.int64()),
                ("rows_quarantined", pa.int64()),
                ("status", _TEXT),
            ]
        ),
        key=("file_id", "layout", "region"),
        order=("file_id", "layout", "region"),
    ),
)

TABLES: dict[str, Table] = {table.name: table for table in _ALL}

#: The pyarrow schema of each table.
SCHEMAS: dict[str, pa.Schema] = {table.name: table.schema for table in _ALL}


def typed(spec: Table, rows: pd.DataFrame) -> pd.DataFrame:
    """Return ``rows`` with exactly the columns and types of the schema.

    A missing column is filled with the empty value of its type.

    Raises:
        KeyError: a column that the table does not have.
    """
    columns: dict[str, Any] = {}
    for field in spec.schema:
        if field.name in rows:
            columns[field.name] = rows[field.name].reset_index(drop=True)
        elif pa.types.is_string(field.type):
            columns[field.name] = pd.Series([""] * len(rows), dtype="str")
        else:
            columns[field.name] = pd.Series([None] * len(rows), dtype="object")
    unknown = sorted(set(rows.columns) - set(spec.schema.names))
    if unknown:
        raise KeyError(f"table {spec.name} has no column {', '.join(unknown)}")
    table = pa.Table.from_pandas(pd.DataFrame(columns), schema=spec.schema, preserve_index=False)
    frame: pd.DataFrame = table.to_pandas()
    return frame


def by_year(spec: Table, rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Part ``rows`` into the partitions of the table: four digits of the year, or one empty name."""
    if not spec.year_of:
        yield "", rows
        return
    column = rows[spec.year_of]
    years = (
        column.dt.year if pa.types.is_timestamp(spec.schema.field(spec.year_of).type) else column
    )
    for year, part in rows.groupby(years.to_numpy(), sort=True):
        yield f"{int(str(year)):04d}", part.reset_index(drop=True)


def content_hash(spec: Table, rows: pd.DataFrame) -> str:
    """Return a SHA-256 of the values alone: same rows, same hash, under any library version."""
    digest = hashlib.sha256()
    for field in spec.schema:
        if field.name in _ORIGIN_COLUMNS:
            continue
        column = rows[field.name]
        digest.update(field.name.encode())
        if pa.types.is_string(field.type):
            cells = column.fillna("\x00").to_numpy(dtype=object)
            digest.update("\x1f".join(cells.tolist()).encode())
        elif pa.types.is_timestamp(field.type):
            digest.update(column.to_numpy("datetime64[s]").astype("<i8").tobytes())
        else:
            digest.update(column.to_numpy("<f8", na_value=float("nan")).tobytes())
    return digest.hexdigest()
