"""Rows of a table as its parts on disk hold them: types, partitions, and the hash of the content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from forecast.tables import SCHEMAS, Table

__all__ = ["content_hash", "folder_of", "partitions", "schema_of", "typed"]

#: Columns that say where a row came from, not what it says: left out of the content hash, so that
#: the same readings give the same fingerprint in whatever order their files were read.
_ORIGIN_COLUMNS = ("file_id", "row")


@cache
def _dtypes(table: str) -> pd.Series[Any]:
    """Return the types that the columns of ``table`` have in a frame."""
    dtypes: pd.Series[Any] = SCHEMAS[table].empty_table().to_pandas().dtypes
    return dtypes


def typed(spec: Table, rows: pd.DataFrame) -> pd.DataFrame:
    """Return ``rows`` with exactly the columns and types of the schema.

    A missing column is filled with the empty value of its type.

    Raises:
        KeyError: a column that the table does not have.
    """
    if set(rows.columns) == set(spec.schema.names):
        ordered = rows[spec.schema.names]
        if ordered.dtypes.equals(_dtypes(spec.name)):
            known: pd.DataFrame = ordered.reset_index(drop=True)
            return known
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


def partitions(spec: Table, rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Part ``rows`` into the partitions of the table.

    A partition is named by its year (``2023``), its month (``2023-01``) or, undated, by nothing.
    """
    if not spec.year_of:
        yield "", rows
        return
    column = rows[spec.year_of]
    if not pa.types.is_timestamp(spec.schema.field(spec.year_of).type):
        numbers = column.to_numpy() * 100
    elif spec.by_month:
        if spec.end_stamped:
            column = column - pd.Timedelta(seconds=1)
        numbers = column.dt.year.to_numpy() * 100 + column.dt.month.to_numpy()
    else:
        numbers = column.dt.year.to_numpy() * 100
    for number in np.unique(numbers):
        where = numbers == number
        part = rows if where.all() else rows[where]
        year, month = divmod(int(number), 100)
        yield f"{year:04d}-{month:02d}" if month else f"{year:04d}", part.reset_index(drop=True)


def folder_of(spec: Table, partition: str) -> str:
    """Return the folder of a partition, relative to the folder of all tables.

    >>> from forecast.tables import TABLES
    >>> folder_of(TABLES["air_hourly"], "2023-01"), folder_of(TABLES["files"], "")
    ('air_hourly/year=2023/month=01', 'files')
    """
    if not partition:
        return spec.name
    year, _, month = partition.partition("-")
    return f"{spec.name}/year={year}" + (f"/month={month}" if month else "")


def content_hash(spec: Table, rows: pd.DataFrame) -> str:
    """Return a SHA-256 of the values alone: same rows, same hash, under any library version."""
    digest = hashlib.sha256()
    for field in spec.schema:
        if field.name in _ORIGIN_COLUMNS:
            continue
        column = rows[field.name]
        digest.update(field.name.encode())
        if pa.types.is_string(field.type):
            # Text repeats: each distinct cell once, then which of them stands where.
            codes, distinct = pd.factorize(column.fillna("\x00"))
            digest.update("\x1f".join(map(str, distinct)).encode())
            digest.update(np.asarray(codes, dtype="<i4").tobytes())
        elif pa.types.is_timestamp(field.type):
            digest.update(column.to_numpy("datetime64[s]").astype("<i8").tobytes())
        else:
            digest.update(column.to_numpy("<f8", na_value=float("nan")).tobytes())
    return digest.hexdigest()


def schema_of(spec: Table, names: Sequence[str], categories: bool) -> pa.Schema:
    """Return the schema of these columns, with text as dictionaries where asked for."""
    text = pa.dictionary(pa.int32(), pa.string()) if categories else pa.string()
    return pa.schema(
        [
            (name, text if pa.types.is_string(spec.schema.field(name).type) else
             spec.schema.field(name).type)
            for name in names
        ]
    )  # fmt: skip
