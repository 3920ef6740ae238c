"""Parquet files as grids of text."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from forecast.errors import InputError
from forecast.ingest.files.grid import Grid, clean_column, frame_of

__all__ = ["read_parquet"]

#: More cells than this don't fit into memory as text.
_MOST_CELLS = 400_000_000


def read_parquet(where: str, data: bytes) -> Grid:
    """Return a Parquet file as text: the names in line 1, the rows below.

    Numbers come as the shortest text that means the same value, times in ISO form (without
    midnight where a column has nothing else), missing values blank, nested values with dots in
    their names or, where they are lists, as JSON.

    Args:
        where: what to call the file in messages.
        data: its content.

    Raises:
        InputError: damaged or too large.
    """
    try:
        source = pq.ParquetFile(pa.BufferReader(data))
        if source.metadata.num_rows * max(1, source.metadata.num_columns) > _MOST_CELLS:
            raise InputError(
                f"{where} has {source.metadata.num_rows} rows of {source.metadata.num_columns} "
                f"columns, which is more than can be read at once.",
                "Split it by year.",
            )
        table = source.read(use_threads=False)
        while any(pa.types.is_struct(column.type) for column in table.schema):
            table = table.flatten()
        columns = [_texts(column) for column in table.columns]
    except (pa.ArrowException, OSError, ValueError, RecursionError, OverflowError) as error:
        raise InputError(
            f"{where} is not a readable Parquet file.", "Copy or download it again."
        ) from error
    names = [pa.array([name], pa.large_string()) for name in table.column_names]
    whole = [
        clean_column(pa.chunked_array([name, *column.chunks], pa.large_string()))
        for name, column in zip(names, columns, strict=True)
    ]
    blank = np.ones(table.num_rows + 1, dtype=bool)
    for column in whole:
        blank &= pc.equal(column, "").to_numpy().astype(bool)
    kept = pa.array(~blank)
    lines = np.arange(1, table.num_rows + 2)[~blank]
    return Grid("parquet", frame_of([column.filter(kept) for column in whole], lines))


def _texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_null(kind):
        column = pa.chunked_array([pa.array([""] * len(column), pa.large_string())])
    elif pa.types.is_timestamp(kind):
        column = _moments(column)
    elif pa.types.is_floating(kind):
        column = pc.if_else(pc.is_nan(column), None, column).cast(pa.large_string())
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        column = pa.chunked_array(
            [pa.array([_decoded(value) for value in column.to_pylist()], pa.large_string())]
        )
    elif pa.types.is_nested(kind):
        column = pa.chunked_array(
            [pa.array([_json(value) for value in column.to_pylist()], pa.large_string())]
        )
    else:
        column = column.cast(pa.large_string())
    return pc.fill_null(column, "")


def _moments(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return times as text; those with a zone with its offset."""
    zone = column.type.tz
    form = "%Y-%m-%dT%H:%M:%S%z" if zone else "%Y-%m-%d %H:%M:%S"
    text = pc.strftime(column.cast(pa.timestamp("s", zone), safe=False), format=form)
    midnight = pc.all(pc.ends_with(text, " 00:00:00")).as_py()
    if midnight and not zone:
        text = pc.utf8_slice_codeunits(text, 0, -9)
    return text.cast(pa.large_string())


def _decoded(value: Any) -> str | None:
    return None if value is None else bytes(value).decode("utf-8", errors="replace")


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, default=str)
