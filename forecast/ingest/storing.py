"""Sheets that were read into the tables: raw copies and quarantine first, then all at one moment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from forecast.disk import drop
from forecast.ingest.quarantine import write_quarantine
from forecast.ingest.raw import keep_raw
from forecast.ingest.reading import Read
from forecast.ingest.received import Receipt, note_receipts, raw_name
from forecast.ingest.touched import Touched
from forecast.store import Writer
from forecast.tables import TABLES
from forecast.workspace import Workspace

__all__ = ["CHECKS_PENDING", "DAYS_PENDING", "STATION_LIST", "store_sheets"]

#: The layout whose files say which point belongs to which city.
STATION_LIST = "station_list"

#: Status of a file whose hours or points are stored and whose days are not made yet.
DAYS_PENDING = "days_pending"

#: Status of a file that is stored and that the quality rules have not looked at yet.
CHECKS_PENDING = "checks_pending"


def store_sheets(
    ws: Workspace,
    batch: Sequence[Read],
    received: pd.Timestamp,
    touched: Touched,
    *,
    again: bool = False,
) -> None:
    """Store a batch of sheets, fill in the counts of their reports and note what they touched.

    Args:
        ws: the workspace.
        batch: the sheets, in order of receipt.
        received: from when their corrections are known.
        touched: gathers what is new or corrected.
        again: True where sheets that are in the tables are taken in once more.

    Raises:
        WorkspaceError: the tables can't be written; they are as before.
    """
    with ws.store.writer() as writer:
        stored = writer.read("files")[["file_id", "layout", "region"]]
        there = set(stored.itertuples(index=False, name=None))
        fresh = []
        for one in batch:
            if one.key in there and not again:
                # Another command read it while this one was parsing.
                one.report.status = "already_read"
            else:
                fresh.append(one)
        kept: dict[str, Receipt] = {}
        for one in fresh:
            region = one.given.region or None
            one.report.raw = keep_raw(ws, one.sheet, one.layout, region, one.received)
            kept[raw_name(ws, one.report.raw)] = Receipt(one.received, one.sheet.sha256, one.given)
            if len(one.quarantine):
                one.report.quarantine = write_quarantine(ws, one.sheet, one.quarantine)
        note_receipts(ws, kept)
        touched.files.update(one.sheet.file_id for one in fresh)
        _add(writer, fresh, received, touched)
        named = [_named_places(one) for one in fresh if one.parsed.places is not None]
        if named:
            places = pd.concat(named, ignore_index=True)
            if "role" in places:
                # Joined to lists with roles, places without one have an empty one, no missing one.
                places["role"] = places["role"].fillna("")
            writer.upsert("sites", places.drop_duplicates())
            for source in {one.layout.name for one in fresh if one.parsed.places is not None}:
                touched.add("sites", source, set())
        if fresh:
            rows = _file_rows(ws, fresh, received)
            if again:
                _settle_quarantine(ws, writer, rows)
            writer.upsert("files", rows)


def _named_places(one: Read) -> pd.DataFrame:
    places = pd.DataFrame(one.parsed.places)
    if "name" not in places:
        places = places.assign(name=places["place"])
    return places.assign(source=one.layout.name)


def _add(writer: Writer, fresh: Sequence[Read], received: pd.Timestamp, touched: Touched) -> None:
    by_table: dict[str, list[tuple[Read, pd.DataFrame]]] = {}
    for one in fresh:
        for table, rows in one.parsed.tables.items():
            if len(rows):
                by_table.setdefault(table, []).append((one, rows))
    for table, reads in by_table.items():
        spec = TABLES[table]
        names = set(spec.schema.names)
        parts = []
        for one, rows in reads:
            origin = {"source": one.layout.name, "file_id": one.sheet.file_id}
            whole = rows.assign(**origin)
            # Lists of points and sections say no line of theirs.
            parts.append(whole[[column for column in whole if column in names]])
            # The rows are in the tables from here on; a batch of a month need not hold them twice.
            one.parsed.tables[table] = rows.iloc[:0]
        whole = pd.concat(parts, ignore_index=True)
        del parts
        if not spec.readings:
            new = writer.upsert(table, whole)
            reads[-1][0].report.new += new
            continue
        outcome = writer.merge(table, whole, received)
        counts = outcome.groupby(["file_id", "outcome"], observed=True).size()
        changed = (outcome["outcome"] != "unchanged").to_numpy(bool)
        if table != "air_hourly" and changed.any() and "region" in whole:
            # The outcome comes by partition; of the sources that changed all regions are looked at.
            files = set(outcome["file_id"][changed])
            mine = whole[whole["file_id"].isin(files)]
            for source, regions in mine.groupby("source")["region"]:
                touched.add(table, str(source), set(regions.unique()))
        for one, _ in reads:
            for word in ("new", "corrected", "unchanged"):
                count = int(counts.get((one.sheet.file_id, word), 0))
                setattr(one.report, word, getattr(one.report, word) + count)


def _settle_quarantine(ws: Workspace, writer: Writer, fresh: pd.DataFrame) -> None:
    """Let what is set aside of a content be what its last reading set aside, by whatever layout."""
    stored = writer.read("files")
    older = stored["file_id"].isin(fresh["file_id"]) & (stored["rows_quarantined"] > 0)
    if older.any():
        writer.upsert("files", stored[older].assign(rows_quarantined=0))
    for file_id in fresh.loc[fresh["rows_quarantined"] == 0, "file_id"]:
        drop(ws.processed / "quarantine" / f"{file_id}.csv")


def _file_rows(ws: Workspace, fresh: Sequence[Read], received: pd.Timestamp) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "file_id": [one.sheet.file_id for one in fresh],
            "sha256": [one.sheet.sha256 for one in fresh],
            "path": [_relative(ws, one.report.raw) for one in fresh],
            "name": [one.sheet.path.name for one in fresh],
            "part": [one.sheet.part for one in fresh],
            "layout": [one.layout.name for one in fresh],
            "region": [one.region for one in fresh],
            "size": [len(one.sheet.data) for one in fresh],
            "ingested_at": [received] * len(fresh),
            "rows_read": [one.report.rows_read for one in fresh],
            "rows_kept": [one.report.rows_kept for one in fresh],
            "rows_quarantined": [one.report.quarantined for one in fresh],
            "status": [
                DAYS_PENDING
                if "air_hourly" in one.parsed.tables or one.layout.name == STATION_LIST
                else CHECKS_PENDING
                for one in fresh
            ],
        }
    )


def _relative(ws: Workspace, path: Path | None) -> str:
    return "" if path is None else path.relative_to(ws.root).as_posix()
