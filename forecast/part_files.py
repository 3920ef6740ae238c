"""The files of the tables: read and checked, made, and dropped when no manifest lists them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from forecast.disk import drop
from forecast.row_groups import GROUP_ROWS, SOUGHT, rows_of
from forecast.tables import TABLES, Table

__all__ = [
    "check_bytes",
    "drop_unlisted",
    "no_rows",
    "parquet",
    "part_rows",
    "schema_of",
    "to_frame",
]

#: Parts that were found to be what their names say: device, number, time of change and size.
_SOUND: set[tuple[int, int, int, int]] = set()

#: Parts up to this size [bytes] are kept as they were read, so many at a time: one command asks
#: for the list of files nine times.
_SMALL, _KEPT = 128 << 10, 8


#: Rows up to which one thread makes a frame sooner than several that have to be woken.
_FEW = 10_000

#: Frames without rows that are kept, by table, columns and form.
_KEPT_EMPTY = 64


def to_frame(rows: pa.Table) -> pd.DataFrame:
    """Return stored rows as a frame."""
    frame: pd.DataFrame = rows.to_pandas(use_threads=len(rows) > _FEW)
    return frame


def no_rows(
    spec: Table, columns: Sequence[str] | None = None, categories: bool = False
) -> pd.DataFrame:
    """Return a typed frame without rows, one's own: most tables of most workspaces hold nothing."""
    return _no_rows(spec.name, None if columns is None else tuple(columns), categories).copy()


@lru_cache(maxsize=_KEPT_EMPTY)
def _no_rows(table: str, columns: tuple[str, ...] | None, categories: bool) -> pd.DataFrame:
    spec = TABLES[table]
    names = spec.schema.names if columns is None else columns
    return to_frame(schema_of(spec, names, categories).empty_table())


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


def part_rows(
    spec: Table,
    path: Path,
    columns: Sequence[str] | None,
    regions: list[str] | None,
    categories: bool,
) -> pa.Table:
    """Return the rows of a file with the columns asked for, of the regions asked for.

    Columns that this program has and the one that wrote the file had not are empty.

    Raises:
        OSError: the bytes are not those that were written: their hash is in the file's name.
    """
    names = list(spec.schema.names if columns is None else columns)
    load = names if regions is None or "region" in names else [*names, "region"]
    texts = [f.name for f in spec.schema if pa.types.is_string(f.type)]
    state = check_bytes(path)
    if state[3] <= _SMALL:
        part = _small(path, state, tuple(texts) if categories else None)
        there = set(part.column_names)
        part = part.select([name for name in load if name in there])
    else:
        with pq.ParquetFile(path, read_dictionary=texts if categories else None) as file:
            there = set(file.schema_arrow.names)
            part = rows_of(file, [name for name in load if name in there], regions)
    for name in [name for name in load if name not in there]:
        type_ = spec.schema.field(name).type
        empty = pa.scalar("" if pa.types.is_string(type_) else None, type_)
        part = part.append_column(name, pa.repeat(empty, len(part)))
    if regions is not None and not _all_of(part["region"], regions):
        part = part.filter(pc.is_in(part["region"], pa.array(regions, pa.string())))
    # Parquet knows no whole seconds and hands back milliseconds.
    return part.select(names).cast(schema_of(spec, names, categories))


def _all_of(column: pa.ChunkedArray, regions: list[str]) -> bool:
    """Whether no other region can be in it; plain where its words are told apart already."""
    if not pa.types.is_dictionary(column.type):
        return False
    told = {word for chunk in column.chunks for word in chunk.dictionary.to_pylist()}
    return told <= set(regions)


@lru_cache(maxsize=_KEPT)
def _small(path: Path, state: tuple[int, ...], coded: tuple[str, ...] | None) -> pa.Table:
    """Return all of a part, whose ``state`` says that it is the file that was read before."""
    with pq.ParquetFile(path, read_dictionary=list(coded) if coded else None) as file:
        # Handing columns to threads would take longer than reading them.
        return file.read(use_threads=False)


def check_bytes(path: Path) -> tuple[int, int, int, int]:
    """Look once in a process whether a part is what its name says; Parquet itself would not notice.

    Returns device, number, time of change and size, as of then.

    Raises:
        OSError: it is not, or it is not there.
    """
    told = path.stat()
    state = (told.st_dev, told.st_ino, told.st_mtime_ns, told.st_size)
    if state in _SOUND:
        return state
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if not found.startswith(path.stem.removeprefix("part-")):
        raise OSError("its bytes are not those that were written")
    _SOUND.add(state)
    return state


def parquet(spec: Table, rows: pd.DataFrame) -> bytes:
    """Return typed rows as the bytes of a Parquet file, the same for text and for categories."""
    text = pa.dictionary(pa.int32(), pa.string())
    coded = {name for name, dtype in rows.dtypes.items() if isinstance(dtype, pd.CategoricalDtype)}
    schema = pa.schema([(f.name, text if f.name in coded else f.type) for f in spec.schema])
    table = pa.Table.from_pandas(rows, schema=schema, preserve_index=False)
    # No Python object: writing to one would wait for the interpreter, column by column.
    buffer = pa.BufferOutputStream()
    # Times and lines hardly repeat; rows are looked for by region alone.
    repeating = [
        f.name for f in spec.schema if pa.types.is_string(f.type) or pa.types.is_floating(f.type)
    ]
    pq.write_table(
        table.replace_schema_metadata(None), buffer, compression="zstd", use_dictionary=repeating,
        write_statistics=[SOUGHT] if SOUGHT in spec.schema.names else False, store_schema=False,
        row_group_size=GROUP_ROWS,
    )  # fmt: skip
    data: bytes = buffer.getvalue().to_pybytes()
    return data


def drop_unlisted(processed: Path, live: Collection[str]) -> None:
    """Drop parts that are not ``live``, by their paths below ``processed``, and unfinished files."""
    for table in TABLES:
        for folder, _, names in os.walk(processed / table):
            within = Path(folder).relative_to(processed).as_posix()
            for name in names:
                part = name.startswith("part-") and name.endswith(".parquet")
                unfinished = name.startswith(".") and name.endswith(".tmp")
                if unfinished or (part and f"{within}/{name}" not in live):
                    drop(Path(folder, name))
    for path in processed.glob(".*.tmp"):
        drop(path)
