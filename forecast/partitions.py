"""Rows of a table as its parts on disk hold them: types, partitions, and the hash of the content."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pandas.api.types import union_categoricals

from forecast.tables import SCHEMAS, Table

__all__ = [
    "by_partition", "coded", "content_hash", "folder_of", "joined", "parquet", "partitions", "plain",
    "schema_of", "typed",
]  # fmt: skip

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

    A missing column is filled with the empty value of its type. Text may be categories where no
    column is missing; it stays so.

    Raises:
        KeyError: a column that the table does not have.
    """
    if _is_typed(spec, rows):
        known: pd.DataFrame = rows[spec.schema.names].reset_index(drop=True)
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


def _is_typed(spec: Table, rows: pd.DataFrame) -> bool:
    if len(rows.columns) != len(spec.schema) or set(rows.columns) != set(spec.schema.names):
        return False
    wanted, found = _dtypes(spec.name), rows.dtypes
    return all(
        found[field.name] == wanted[field.name]
        or (pa.types.is_string(field.type) and isinstance(found[field.name], pd.CategoricalDtype))
        for field in spec.schema
    )


@lru_cache(maxsize=64)
def _words(words: tuple[str, ...]) -> pd.CategoricalDtype:
    return pd.CategoricalDtype(pd.Index(words, dtype="str"))


def coded(words: Sequence[str], at: NDArray[np.integer[Any]]) -> pd.Categorical:
    """Return the column ``words[at]`` as categories: text of large tables that hardly varies."""
    return pd.Categorical.from_codes(at, dtype=_words(tuple(words)))


def plain(rows: pd.DataFrame) -> pd.DataFrame:
    """Return ``rows`` with text where they have categories."""
    texts = {
        name: "str" for name, dtype in rows.dtypes.items() if isinstance(dtype, pd.CategoricalDtype)
    }
    return rows.astype(texts) if texts else rows


def joined(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return frames of the same columns below each other; categories stay, in order of their words.

    Text in one frame and categories in another become text.
    """
    columns: dict[str, Any] = {}
    for name in frames[0].columns:
        parts = [frame[name] for frame in frames]
        if all(isinstance(part.dtype, pd.CategoricalDtype) for part in parts):
            columns[name] = union_categoricals(parts, sort_categories=True)
            continue
        if any(isinstance(part.dtype, pd.CategoricalDtype) for part in parts):
            parts = [part.astype("str") for part in parts]
        columns[name] = (
            parts[0].reset_index(drop=True)
            if len(parts) == 1
            else pd.concat(parts, ignore_index=True)
        )
    return pd.DataFrame(columns)


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
    else:
        times = column.to_numpy("datetime64[s]") - np.timedelta64(int(spec.end_stamped), "s")
        months = times.astype("datetime64[M]").astype(np.int64)
        numbers = (months // 12 + 1970) * 100 + (months % 12 + 1 if spec.by_month else 0)
    single = len(numbers) > 0 and numbers.min() == numbers.max()
    for number in numbers[:1] if single else np.unique(numbers):
        part = rows if single else rows[numbers == number]
        year, month = divmod(int(number), 100)
        yield f"{year:04d}-{month:02d}" if month else f"{year:04d}", part.reset_index(drop=True)


def by_partition(
    spec: Table, rows: pd.DataFrame | Sequence[pd.DataFrame]
) -> dict[str, list[pd.DataFrame]]:
    """Return partition → its rows of each frame, typed, the partitions in their order.

    Frames that are of the schema's types already are parted one by one, which spares a copy of all
    rows; others are typed together.
    """
    frames = [rows] if isinstance(rows, pd.DataFrame) else rows
    found: dict[str, list[pd.DataFrame]] = {}
    ready = all(_is_typed(spec, frame) for frame in frames)
    whole = frames if ready else [typed(spec, pd.concat(frames, ignore_index=True))]
    for frame in whole:
        for partition, part in partitions(spec, frame[spec.schema.names]):
            found.setdefault(partition, []).append(part)
    return dict(sorted(found.items()))


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
            filled = column.fillna("\x00") if column.hasnans else column
            codes, distinct = pd.factorize(filled)
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


def parquet(spec: Table, rows: pd.DataFrame) -> bytes:
    """Return typed rows as the bytes of a Parquet file, the same for text and for categories."""
    text = pa.dictionary(pa.int32(), pa.string())
    schema = pa.schema(
        [
            (f.name, text if isinstance(rows.dtypes[f.name], pd.CategoricalDtype) else f.type)
            for f in spec.schema
        ]
    )
    table = pa.Table.from_pandas(rows, schema=schema, preserve_index=False)
    buffer = io.BytesIO()
    # Times and lines hardly repeat, and nothing looks for rows by the ranges of a part.
    repeating = [
        f.name for f in spec.schema if pa.types.is_string(f.type) or pa.types.is_floating(f.type)
    ]
    pq.write_table(
        table.replace_schema_metadata(None), buffer, compression="zstd", use_dictionary=repeating,
        write_statistics=False, store_schema=False,
    )  # fmt: skip
    return buffer.getvalue()
