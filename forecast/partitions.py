"""Rows of a table as its parts on disk hold them: types, partitions, and the hash of the content."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pandas.api.types import union_categoricals

from forecast.errors import WorkspaceError
from forecast.tables import SCHEMAS, TABLES, Table

__all__ = [
    "LastPart", "by_partition", "check_paths", "coded", "coded_from", "content_hash", "folder_of",
    "in_order", "joined", "missing", "numbered", "outdated", "partitions", "plain", "typed",
]  # fmt: skip

#: Columns that say where a row came from, not what it says: left out of the content hash, so that
#: the same readings give the same fingerprint in whatever order their files were read.
_ORIGIN_COLUMNS = ("file_id", "row")

#: The name of a part under the folder of all tables.
#: Where a part lies under the folder of the tables.
PART = re.compile(r"[a-z_]+(?:/year=[^/\\]+)?(?:/month=[^/\\]+)?/part-[0-9a-f]{16}\.parquet")


@cache
def _dtypes(table: str) -> Mapping[Any, Any]:
    """Return the types that the columns of ``table`` have in a frame."""
    return dict(SCHEMAS[table].empty_table().to_pandas().dtypes.items())


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
    unknown = sorted(set(rows.columns) - set(spec.schema.names))
    if unknown:
        raise KeyError(f"table {spec.name} has no column {', '.join(unknown)}")
    wanted = _dtypes(spec.name)
    columns: dict[str, Any] = {}
    others: dict[str, Any] = {}
    for field in spec.schema:
        if field.name not in rows:
            if pa.types.is_string(field.type):
                columns[field.name] = pd.Series([""] * len(rows), dtype="str")
            else:
                others[field.name] = pd.Series([None] * len(rows), dtype="object")
            continue
        column = rows[field.name].reset_index(drop=True)
        right = column.dtype == wanted[field.name]
        (columns if right else others)[field.name] = column
    if others:
        schema = pa.schema([spec.schema.field(name) for name in others])
        table = pa.Table.from_pandas(pd.DataFrame(others), schema=schema, preserve_index=False)
        columns |= dict(table.to_pandas().items())
    return pd.DataFrame({name: columns[name] for name in spec.schema.names}, copy=False)


def _is_typed(spec: Table, rows: pd.DataFrame) -> bool:
    if len(rows.columns) != len(spec.schema) or set(rows.columns) != set(spec.schema.names):
        return False
    wanted, found = _dtypes(spec.name), dict(rows.dtypes.items())
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


def coded_from(words: NDArray[np.object_], at: NDArray[np.integer[Any]]) -> pd.Categorical:
    """Return the column ``words[at]`` as categories in their order; ``words`` may repeat."""
    codes, distinct = pd.factorize(words, sort=True)
    return coded([str(word) for word in distinct], codes[at])


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
    return pd.DataFrame(columns, copy=False)


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


def outdated(tables: Mapping[str, Iterable[str]]) -> list[tuple[str, str]]:
    """Return the partitions (table, name) that an earlier version cut in another way than this one.

    >>> outdated({"air_hourly": ["2023", "2024-01"], "air_daily": ["2023"], "sites": [""]})
    [('air_hourly', '2023')]
    """
    found = []
    for table, names in sorted(tables.items()):
        if spec := TABLES.get(table):
            length = 7 if spec.by_month else 4 if spec.year_of else 0
            found += [(table, name) for name in sorted(names) if len(name) != length]
    return found


def missing(table: str, error: FileNotFoundError) -> WorkspaceError:
    """Return the error of a part that a manifest names and that is not there."""
    return WorkspaceError(
        f"A part of table {table} is missing: {error.filename or error}.",
        "Move data/processed away and ingest data/raw again.",
    )


def check_paths(tables: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
    """Look whether every part that a manifest names lies where parts of its table lie.

    Raises:
        ValueError: one leads elsewhere.
    """
    for table, parts in tables.items():
        for part in parts.values():
            path = str(part["path"])
            if not PART.fullmatch(path) or path.split("/")[0] != table:
                raise ValueError(f"{path} is no part of table {table}")


def numbered(rows: pd.DataFrame, columns: Sequence[str]) -> NDArray[np.int64] | None:
    """Return a number for each row that orders the rows as these columns do, equal where they are.

    None where a column is neither of categories in the order of their words nor of times, or where
    the numbers would be many times as many as the rows; large tables of readings are dense.
    """
    numbers, most = np.zeros(len(rows), dtype=np.int64), 1
    if not len(rows):
        return numbers
    for name in columns:
        column = rows[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            if not column.cat.categories.is_monotonic_increasing:
                return None
            codes = column.cat.codes.to_numpy()
            n = len(column.cat.categories)
        elif column.dtype.kind == "M":
            seconds = column.to_numpy("datetime64[s]").astype(np.int64)
            seconds -= seconds.min()
            # Times lie whole hours or so apart.
            step = max(int(np.gcd.reduce(seconds)), 1)
            codes, n = seconds // step, int(seconds.max()) // step + 1
        else:
            return None
        most *= n
        if most > 16 * len(rows) + 1024 or codes.min() < 0:
            return None
        if n > 1:
            numbers = numbers * n + codes
    return numbers


def in_order(spec: Table, rows: pd.DataFrame) -> pd.DataFrame:
    """Return ``rows`` in the order of the table, equal ones as they came."""
    if len(rows) < 2:
        return rows.reset_index(drop=True)
    numbers = numbered(rows, spec.order)
    if numbers is None:
        return rows.sort_values([*spec.order], kind="stable", ignore_index=True)
    ordered: pd.DataFrame = rows.take(np.argsort(numbers, kind="stable"))
    return ordered.reset_index(drop=True)


class LastPart:
    """The rows of a part as they were just written, for one who asks for them at once.

    A part's name has the hash of its bytes in it, so what is held can't grow old.

    Args:
        path: the part's file, as the manifest names it.
        rows: its rows in their order, text as categories; with plain text it is not held.
    """

    def __init__(self, path: str = "", rows: pd.DataFrame | None = None) -> None:
        texts = [] if rows is None else [dtype == "str" for dtype in rows.dtypes]
        self._path = "" if any(texts) else path
        self._rows = None if any(texts) else rows

    def holds(self, paths: Sequence[str]) -> bool:
        """Return whether these are the parts, in number one, that are held."""
        return self._rows is not None and list(paths) == [self._path]

    def rows(self, columns: Sequence[str] | None) -> pd.DataFrame:
        """Return these columns (None: all), not to be changed in place."""
        held = pd.DataFrame() if self._rows is None else self._rows
        return held.copy(deep=False) if columns is None else held[list(columns)]


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
            codes, distinct = _distinct(filled)
            digest.update("\x1f".join(map(str, distinct)).encode())
            digest.update(np.asarray(codes, dtype="<i4").tobytes())
        elif pa.types.is_timestamp(field.type):
            digest.update(column.to_numpy("datetime64[s]").astype("<i8").tobytes())
        else:
            digest.update(column.to_numpy("<f8", na_value=float("nan")).tobytes())
    return digest.hexdigest()


def _distinct(column: pd.Series[Any]) -> tuple[NDArray[np.integer[Any]], Sequence[Any]]:
    """Return which word of the distinct ones, in order of appearance, each cell has."""
    if isinstance(column.dtype, pd.CategoricalDtype) and len(column.cat.categories) == 1:
        return np.zeros(len(column), dtype=np.int32), list(column.cat.categories[: len(column)])
    codes, distinct = pd.factorize(column)
    return codes, list(distinct)
