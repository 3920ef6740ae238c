"""The tidy tables: the only module that reads or writes their files.

``data/processed/<table>/year=YYYY/part-<hash>.parquet`` holds the rows and
``data/processed/manifest.json`` lists the files that are alive. A writer adds files, then replaces
the manifest, then drops what is no longer listed; so a table changes at one moment or not at all,
and a reader never takes a lock.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from forecast.disk import write_file
from forecast.errors import WorkspaceError
from forecast.part_files import drop_unlisted, no_rows, parquet, part_rows, schema_of, to_frame
from forecast.partitions import (
    LastPart,
    by_partition,
    check_paths,
    content_hash,
    folder_of,
    in_order,
    joined,
    missing,
    outdated,
    plain,
    typed,
)
from forecast.partitions import partitions as parted
from forecast.revisions import SOURCE_PRIORITY, merge_readings, speaking
from forecast.table_lock import locked
from forecast.tables import SCHEMAS, TABLES, Table

__all__ = ["FORMAT_VERSION", "SCHEMAS", "SOURCE_PRIORITY", "Store", "Writer"]

#: Version of the folder layout; a higher one in a manifest means a newer program wrote it. Version 1
#: knew no months: its hours lie in parts of a year, which the first writer that comes cuts anew.
FORMAT_VERSION = 2

#: Tables about the readings, with times of receipt in them; they are no part of what is said.
_ABOUT = {"files", "quality_flags"}

_LARGE = "air_hourly"  # The part of it written last stays in memory: days are made of it next.

Moment = str | date | pd.Timestamp
Regions = Iterable[str] | None


class Store:
    """The tables under one ``data/processed`` folder.

    Args:
        processed: the folder; made when first written.
        lock_timeout: how long a writer waits for another writer [s].
        notify: called with one sentence when a writer has to wait; default: to standard error.
    """

    def __init__(
        self,
        processed: Path,
        *,
        lock_timeout: float = 600.0,
        notify: Callable[[str], None] | None = None,
    ) -> None:
        self.processed = Path(processed)
        self.lock_timeout = lock_timeout
        self.notify = notify
        self._last = LastPart()

    @property
    def manifest_path(self) -> Path:
        """The file that lists the live parts."""
        return self.processed / "manifest.json"

    def manifest(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Return the live parts: table → partition → ``path``, ``rows``, ``content``.

        Raises:
            WorkspaceError: the manifest is unreadable or of a newer format.
        """
        try:
            stored = json.loads(self.manifest_path.read_text(encoding="utf-8"))
            version, tables = stored["format_version"], stored["tables"]
            if readable := version in range(1, FORMAT_VERSION + 1):
                check_paths(tables)
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise WorkspaceError(
                f"{self.manifest_path} is damaged and the tables can't be read.",
                "Move data/processed away and ingest data/raw again; the raw files are untouched.",
            ) from error
        if not readable:
            raise WorkspaceError(
                f"{self.manifest_path} has format {version}; this program reads {FORMAT_VERSION}.",
                "Update the program, or move data/processed away and ingest data/raw again.",
            )
        return tables  # type: ignore[no-any-return]

    def read(
        self,
        table: str,
        *,
        columns: Sequence[str] | None = None,
        regions: Iterable[str] | None = None,
        years: Iterable[int] | None = None,
        partitions: Iterable[str] | None = None,
        categories: bool = False,
    ) -> pd.DataFrame:
        """Return the rows of ``table``, every version of every value, in the table's order.

        Args:
            table: a name of ``SCHEMAS``.
            columns: which columns; default all.
            regions: keep these names of ``region``, exactly as stored; default all.
            years: keep the partitions of these years; default all.
            partitions: keep these partitions (``2023-01`` of a table by month); default all.
            categories: True where text columns are wanted as categories, for large tables.

        Returns:
            A frame with the types of the schema, empty but typed where there is nothing.

        Raises:
            KeyError: no such table.
            WorkspaceError: a part is missing or damaged.
        """
        spec = TABLES[table]
        wanted = None if years is None else {str(year) for year in years}
        chosen = None if partitions is None else set(partitions)
        named = None if regions is None else sorted(set(regions))
        for attempt in range(5):
            parts = self.manifest().get(table, {})
            try:
                paths = [
                    part["path"]
                    for year, part in sorted(parts.items())
                    if wanted is None or not spec.year_of or year[:4] in wanted
                    if chosen is None or year in chosen
                ]
                if categories and named is None and self._last.holds(paths):
                    return self._last.rows(columns)
                loaded = [self._part(spec, path, columns, named, categories) for path in paths]
                break
            except FileNotFoundError as error:
                # A writer replaced the manifest and dropped the part between our two reads.
                if attempt == 4:
                    raise missing(table, error) from error
                time.sleep(0.05)
        if not loaded:
            return no_rows(spec, columns, categories)
        schema = schema_of(spec, spec.schema.names if columns is None else columns, categories)
        whole = pa.concat_tables([schema.empty_table(), *loaded]).unify_dictionaries()
        return to_frame(whole)

    def _part(
        self,
        spec: Table,
        path: str,
        columns: Sequence[str] | None,
        regions: list[str] | None,
        categories: bool = False,
    ) -> pa.Table:
        """Return one stored part with the columns asked for, of the regions asked for."""
        file = self.processed / path
        try:
            return part_rows(spec, file, columns, regions, categories)
        except FileNotFoundError:
            raise
        except (OSError, pa.ArrowException) as error:
            raise WorkspaceError(
                f"{file} is damaged and can't be read.",
                "Move data/processed away and ingest data/raw again; the raw files are untouched.",
            ) from error

    def files(self) -> pd.DataFrame:
        """Return the files that were taken in, one row each."""
        return self.read("files")

    def air_daily(self, as_of: Moment | None = None, regions: Regions = None) -> pd.DataFrame:
        """Return the daily air values known at the end of ``as_of``: one a place, day and item."""
        return self._resolved("air_daily", as_of, regions)

    def water_samples(self, as_of: Moment | None = None, regions: Regions = None) -> pd.DataFrame:
        """Return the water samples known at the end of ``as_of``: one a place, time and item."""
        return self._resolved("water_samples", as_of, regions)

    def met_daily(self, as_of: Moment | None = None, regions: Regions = None) -> pd.DataFrame:
        """Return the daily weather known at the end of ``as_of``: one a place, day and item."""
        return self._resolved("met_daily", as_of, regions)

    def flow_daily(self, as_of: Moment | None = None) -> pd.DataFrame:
        """Return the daily flow known at the end of ``as_of``: one a place, day and item."""
        return self._resolved("flow_daily", as_of, None)

    def yearly_values(self, as_of: Moment | None = None, regions: Regions = None) -> pd.DataFrame:
        """Return the annual values known at the end of ``as_of``, one a place, year and origin."""
        return self._resolved("yearly_values", as_of, regions)

    def _resolved(self, table: str, as_of: Moment | None, regions: Regions) -> pd.DataFrame:
        """Return what speaks for each key: known in time, best source, latest version.

        Rows come by year, then in the order of the table.
        """
        rows = self.read(table, regions=regions)
        if as_of is not None:
            day_after = pd.Timestamp(as_of).normalize() + pd.Timedelta(days=1)
            rows = rows[rows["known_from"] < day_after]
        return speaking(rows, list(TABLES[table].key), SOURCE_PRIORITY)

    def fingerprint(self, tables: Iterable[str] | None = None) -> str:
        """Return a SHA-256 over what the tables say (default: all but ``files``, ``quality_flags``).

        It does not depend on the order or the time in which the files were read, nor on the
        version of the Parquet writer; a correction, which is known from its receipt, changes it.
        """
        names = sorted(set(SCHEMAS) - _ABOUT if tables is None else tables)
        manifest = self.manifest()
        digest = hashlib.sha256()
        for name in names:
            for year, part in sorted(manifest.get(name, {}).items()):
                digest.update(f"{name}/{year}:{part['content']}\n".encode())
        return digest.hexdigest()

    @contextmanager
    def writer(self) -> Iterator[Writer]:
        """Open a change of the tables: all of it is stored when the block ends, or none.

        Raises:
            WorkspaceError: another writer holds the tables for longer than ``lock_timeout``, or
                the disk is full. The tables are as before.
        """
        with self.held():
            writer = Writer(self)
            yield writer
            writer.commit()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep writers away until the block ends, for what lies beside the tables.

        Raises:
            WorkspaceError: another writer holds the tables for longer than ``lock_timeout``.
        """
        lock = locked(self.processed, self.lock_timeout, self.notify)
        try:
            yield
        finally:
            lock.release()

    def upsert(self, table: str, rows: pd.DataFrame) -> int:
        """Add ``rows``; a row with the key of a stored one replaces it. Return how many were new."""
        with self.writer() as writer:
            return writer.upsert(table, rows)


class Writer:
    """A change under way; made by ``Store.writer`` and used only inside its block."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._manifest = store.manifest()
        self._staged: dict[tuple[str, str], pd.DataFrame] = {}
        self._sweep()
        self._cut_anew()

    def read(self, table: str, year: str = "") -> pd.DataFrame:
        """Return the rows of one partition as this change has left them."""
        staged = self._staged.get((table, year))
        if staged is not None:
            return plain(staged)
        part = self._manifest.get(table, {}).get(year)
        if part is None:
            return no_rows(TABLES[table])
        try:
            return to_frame(self._store._part(TABLES[table], part["path"], None, None))
        except FileNotFoundError as error:
            raise missing(table, error) from error

    def upsert(self, table: str, rows: pd.DataFrame) -> int:
        """Add ``rows``; a row with the key of a stored one replaces it. Return how many were new.

        A missing column is filled with the empty value of its type.
        """
        spec = TABLES[table]
        new = 0
        for year, incoming in parted(spec, typed(spec, rows)):
            stored = self.read(table, year)
            whole = pd.concat([stored, incoming], ignore_index=True)
            whole = whole.drop_duplicates(list(spec.key), keep="last")
            new += len(whole) - len(stored)
            self._staged[table, year] = whole
        return new

    def merge(
        self,
        table: str,
        rows: pd.DataFrame | Sequence[pd.DataFrame],
        received: pd.Timestamp,
        *,
        whole: bool = False,
    ) -> pd.DataFrame:
        """Add readings as ``revisions.merge_readings`` says it: differing values are corrections.

        Args:
            table: a table of readings.
            rows: readings in the order of receipt, ``known_from`` their own time; frame or frames.
            received: the moment of receipt, from which corrections are known.
            whole: True where rows say all that there is, so that an empty value takes one back.

        Returns:
            One row for each of ``rows``: ``file_id``, ``outcome`` and ``silent``.
        """
        spec = TABLES[table]
        if table == _LARGE:
            self._store._last = LastPart()
        outcomes = []
        for year, parts in by_partition(spec, rows).items():
            incoming, stored = joined(parts), self.read(table, year)
            parts.clear()
            merged, outcome = merge_readings(
                stored,
                incoming if stored.empty else plain(incoming),
                key=list(spec.key),
                values=list(spec.values),
                received=received,
                whole=whole,
            )
            if (outcome["outcome"] != "unchanged").any():
                self._staged[table, year] = merged
            outcomes.append(outcome)
        columns = ["file_id", "outcome", "silent"]
        return joined(outcomes) if outcomes else pd.DataFrame(columns=columns)

    def append(self, table: str, rows: pd.DataFrame) -> None:
        """Add ``rows`` as they are: later versions of stored readings, such as a rejection."""
        spec = TABLES[table]
        for year, incoming in parted(spec, typed(spec, rows)):
            whole = pd.concat([self.read(table, year), incoming], ignore_index=True)
            self._staged[table, year] = whole

    def replace(self, table: str, rows: pd.DataFrame, year: str = "") -> None:
        """Put ``rows`` in place of all that a partition (an undated table's only one) holds."""
        self._staged[table, year] = typed(TABLES[table], rows)

    def partitions(self, table: str) -> list[str]:
        """Return the names of the partitions of ``table`` as this change has left them."""
        staged = {year for name, year in self._staged if name == table}
        return sorted(staged | set(self._manifest.get(table, {})))

    def commit(self) -> None:
        """Store what was changed so far: write the staged partitions, then the manifest, then drop what it no longer lists."""
        if not self._staged:
            return
        tables = {name: dict(parts) for name, parts in self._manifest.items()}
        # Hashing and compressing leave the interpreter free for each other.
        with ThreadPoolExecutor(max_workers=1) as pool:
            for (name, year), frame in sorted(self._staged.items(), key=lambda staged: staged[0]):
                spec = TABLES[name]
                ordered = in_order(spec, frame)
                content = pool.submit(content_hash, spec, ordered)
                data = parquet(spec, ordered)
                part = f"part-{hashlib.sha256(data).hexdigest()[:16]}.parquet"
                path = f"{folder_of(spec, year)}/{part}"
                write_file(self._store.processed / path, data)
                if name == _LARGE:
                    self._store._last = LastPart(path, ordered)
                tables.setdefault(name, {})[year] = {
                    "path": path, "rows": len(ordered), "content": content.result(),
                }  # fmt: skip
        text = json.dumps(
            {"format_version": FORMAT_VERSION, "tables": tables},
            ensure_ascii=False, indent=1, sort_keys=True,
        )  # fmt: skip
        write_file(self._store.manifest_path, text.encode())
        self._manifest = tables
        self._staged.clear()
        self._sweep()

    def _cut_anew(self) -> None:
        """Bring what an earlier version wrote into the partitions of this one, as a change of its own."""
        for name, part in outdated(self._manifest):
            self.append(name, self.read(name, part))
            self._manifest[name].pop(part)
        self.commit()

    def _sweep(self) -> None:
        """Drop files that no manifest lists: those replaced, and those of a writer that died."""
        live = {part["path"] for parts in self._manifest.values() for part in parts.values()}
        drop_unlisted(self._store.processed, live)
