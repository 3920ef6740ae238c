"""Sheets that were read into the tables: raw copies and quarantine first, then all at one moment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecast.disk import drop
from forecast.ingest.late_rows import Places, merge_late, missing_keys
from forecast.ingest.points import STATION_LIST, unknown_points, with_list
from forecast.ingest.quarantine import write_quarantine
from forecast.ingest.raw import keep_raw
from forecast.ingest.reading import Read
from forecast.ingest.received import (
    Receipt,
    note_receipts,
    raw_name,
    receipts,
    settle_receipts,
)
from forecast.ingest.rereading import outlived, take_anew
from forecast.ingest.touched import Touched
from forecast.partitions import coded, joined, typed
from forecast.store import Writer
from forecast.tables import TABLES
from forecast.workspace import Workspace

__all__ = ["CHECKS_PENDING", "DAYS_PENDING", "store_sheets"]

#: Status of a file whose hours or points are stored and whose days are not made yet.
DAYS_PENDING = "days_pending"

#: Status of a file that is stored and that the quality rules have not looked at yet.
CHECKS_PENDING = "checks_pending"

#: What becomes of a reading → the count of its file's report. What an audited value confirms, and
#: what comes after one, changes no value that counts.
_COUNTED = {
    "new": "new", "corrected": "corrected", "confirmed": "unchanged", "superseded": "unchanged",
    "unchanged": "unchanged",
}  # fmt: skip


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
        stored = writer.read("files")
        there = stored.set_index(["file_id", "layout", "region"])["ingested_at"].to_dict()
        fresh = []
        kept: dict[str, Receipt] = {}
        for one in batch:
            before = there.get(one.key)
            anew = before is not None and one.since is not None and before < one.since
            if before is not None and not again and not anew and not one.supersedes:
                # Another command read it while this one was parsing.
                one.report.status = "already_read"
                continue
            fresh.append(one)
            region = one.given.region or None
            raw = keep_raw(ws, one.sheet, one.layout, region, one.received, anew=anew)
            one.report.raw = raw
            origin = "" if raw_name(ws, one.sheet.path) else str(one.sheet.path.resolve())
            kept[raw_name(ws, raw)] = Receipt(
                one.received, one.sheet.sha256, one.given, origin=origin
            )
            if again and not one.supersedes:
                _leave_what_was_read(ws, one, stored)
            if len(one.quarantine):
                one.report.quarantine = write_quarantine(ws, one.sheet, one.quarantine)
        note_receipts(ws, kept)
        touched.files.update(one.sheet.file_id for one in fresh)
        as_before = [one for one in fresh if not (one.supersedes or one.renamed)]
        changed = [one for one in fresh if one.supersedes or one.renamed]
        _add(ws, writer, as_before, received, touched, Places(ws, stored) if again else None)
        _take_anew(ws, writer, changed, received, touched, stored)
        # Lists of stations were added as such.
        others = [one for one in fresh if one.layout.name != STATION_LIST]
        named = [_named_places(one) for one in others if one.parsed.places is not None]
        if named:
            places = pd.concat(named, ignore_index=True)
            if "role" in places:
                # Joined to lists with roles, places without one have an empty one, no missing one.
                places["role"] = places["role"].fillna("")
            places = places.drop_duplicates()
            if again:
                places = missing_keys("sites", places, writer.read("sites"))
            writer.upsert("sites", places)
        for source in {one.layout.name for one in fresh if one.parsed.places is not None}:
            touched.add("sites", source, set())
        if fresh:
            rows = _file_rows(ws, fresh, received)
            if again:
                _settle_quarantine(ws, writer, rows)
            elif changed:
                mine = rows["file_id"].isin([one.sheet.file_id for one in changed])
                _settle_quarantine(ws, writer, rows[mine])
            writer.upsert("files", rows)
    settle_receipts(ws)


def _take_anew(
    ws: Workspace,
    writer: Writer,
    changed: Sequence[Read],
    received: pd.Timestamp,
    touched: Touched,
    stored: pd.DataFrame,
) -> None:
    """Let sheets whose mapping is another by now replace what it made of them before."""
    if not changed:
        return
    known = receipts(ws)
    for one in changed:
        receipt = known[raw_name(ws, _raw(one))].place
        take_anew(ws, writer, one, receipt, received, Places(ws, stored), touched)
        files = writer.read("files")
        writer.replace("files", files.drop(index=outlived(files, one).index))


def _leave_what_was_read(ws: Workspace, one: Read, stored: pd.DataFrame) -> None:
    """Keep of a sheet that another layout read before the lines alone that it had set aside."""
    other = (stored["file_id"] == one.sheet.file_id) & (stored["layout"] != one.layout.name)
    path = ws.processed / "quarantine" / f"{one.sheet.file_id}.csv"
    if not (other & (stored["rows_kept"] > 0)).any() or not path.exists():
        return
    listed = pd.read_csv(path, usecols=["row"], encoding="utf-8-sig")["row"]
    for table, rows in one.parsed.tables.items():
        if "row" in rows:
            one.parsed.tables[table] = rows[rows["row"].isin(listed)]


def _named_places(one: Read) -> pd.DataFrame:
    places = pd.DataFrame(one.parsed.places)
    if "name" not in places:
        places = places.assign(name=places["place"])
    return places.assign(source=one.layout.name)


def _add(
    ws: Workspace,
    writer: Writer,
    fresh: Sequence[Read],
    received: pd.Timestamp,
    touched: Touched,
    places: Places | None,
) -> None:
    """Add the rows of sheets to the tables; with ``places`` among those that came after them."""
    known = {} if places is None else receipts(ws)
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
            origin: dict[str, Any] = {"source": one.layout.name, "file_id": one.sheet.file_id}
            if isinstance(rows.dtypes.get("place"), pd.CategoricalDtype):
                same = np.zeros(len(rows), dtype=np.int8)
                origin = {name: coded([word], same) for name, word in origin.items()}
            whole = rows.assign(**origin)
            # Lists of points and sections say no line of theirs.
            parts.append(whole[[column for column in whole if column in names]])
            # The rows are in the tables from here on; a batch of a month need not hold them twice.
            one.parsed.tables[table] = rows.iloc[:0]
        if table == "sites":
            reads[-1][0].report.new += _add_lists(writer, parts, again=places is not None)
            continue
        if not spec.readings:
            whole = pd.concat(parts, ignore_index=True)
            if places is not None:
                whole = missing_keys(table, whole, ws.store.read(table))
            new = writer.upsert(table, whole)
            # Hours at the ends of a file are no values of its own, but parts of days.
            reads[-1][0].report.new += 0 if table == "met_edges" else new
            continue
        if places is None:
            outcome = writer.merge(table, parts, received)
        else:
            found = [
                merge_late(writer, table, part, known[raw_name(ws, _raw(one))], places)
                for (one, _), part in zip(reads, parts, strict=True)
            ]
            outcome = joined(found)
        files_at, ids = pd.factorize(outcome["file_id"])
        words_at, words = pd.factorize(outcome["outcome"])
        size = np.bincount(files_at * len(words) + words_at, minlength=len(ids) * len(words))
        counts = dict(zip(((i, w) for i in ids for w in words), size, strict=True))
        silent = dict(zip(ids, np.bincount(files_at, outcome["silent"], len(ids)), strict=True))
        changed = (outcome["outcome"] != "unchanged").to_numpy(bool)
        if table != "air_hourly" and changed.any():
            # The outcome comes by partition; of the files that changed all regions are looked at.
            files = set(outcome["file_id"][changed])
            for (one, _), rows in zip(reads, parts, strict=True):
                if "region" in rows and one.sheet.file_id in files:
                    touched.add(table, one.layout.name, set(rows["region"].unique()))
        for one, _ in reads:
            for word, of in _COUNTED.items():
                count = int(counts.get((one.sheet.file_id, word), 0))
                setattr(one.report, of, getattr(one.report, of) + count)
            one.report.silent += int(silent.get(one.sheet.file_id, 0))


def _raw(one: Read) -> Path:
    return one.sheet.path if one.report.raw is None else one.report.raw


def _add_lists(writer: Writer, lists: Sequence[pd.DataFrame], *, again: bool) -> int:
    """Add lists of stations, the later before the earlier; return how many rows are new.

    A list that is read once more adds the points alone that no list names.
    """
    sites = writer.read("sites")
    key = list(TABLES["sites"].key)
    new = 0
    for points in lists:
        rows = typed(TABLES["sites"], points)
        if again:
            rows = unknown_points(sites, rows)
        known = pd.MultiIndex.from_frame(sites[key])
        new += int((~pd.MultiIndex.from_frame(rows[key]).isin(known)).sum())
        sites = with_list(sites, rows)
    writer.replace("sites", sites)
    return new


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
            "mapping": [one.layout.mark for one in fresh],
        }
    )


def _relative(ws: Workspace, path: Path | None) -> str:
    return "" if path is None else path.relative_to(ws.root).as_posix()
