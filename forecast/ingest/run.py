"""Files and folders into the tables: the one way in for readings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd

from forecast.disk import write_file
from forecast.errors import ForecastError, InputError, UsageError
from forecast.ingest.detect import LAYOUTS, layout_named, layout_of
from forecast.ingest.parsed import Layout, Parsed, Request
from forecast.ingest.raw import keep_raw, receipt, turn
from forecast.ingest.report import FileReport, IngestReport
from forecast.ingest.sheet import SUFFIXES, Sheet, content_id, read_bytes, read_sheet, stem
from forecast.store import Writer
from forecast.workspace import Workspace

__all__ = ["ingest_paths"]

#: Files are stored together up to this many values, so that a folder is quick and memory bounded.
_BATCH = 600_000

#: Files read so far: content, layout and region.
Known = set[tuple[str, str, str]]

Progress = Callable[[int, int, Path], None]


@dataclass
class _Read:
    """A file that was read and checked and is not stored yet."""

    sheet: Sheet
    layout: Layout
    region: str
    parsed: Parsed
    report: FileReport
    received: pd.Timestamp

    @property
    def key(self) -> tuple[str, str, str]:
        return self.sheet.file_id, self.layout.name, self.region


def ingest_paths(
    ws: Workspace,
    paths: Iterable[Path | str],
    *,
    source: str | None = None,
    region: str | None = None,
    dry_run: bool = False,
    now: datetime | None = None,
    progress: Progress | None = None,
) -> IngestReport:
    """Read files, or all tables of folders, into the tables of ``ws``.

    Each file is taken in whole or refused whole; what one file does wrong stops no other. A copy of
    each file taken in stays under ``data/raw``; what was set aside is listed in
    ``data/processed/quarantine/<file_id>.csv``. Reading a file again changes nothing. Read again
    from ``data/raw``, a corrected file comes after the one that it corrects, with its old receipt.

    Args:
        ws: the workspace.
        paths: files and folders; folders are searched with all that is in them.
        source: name of the layout, where it should not be detected.
        region: region of files that have no column for it, instead of the file's name.
        dry_run: read and check only, write nothing.
        now: the moment of receipt, from which corrections are known; default the clock. Without a
            zone it is local time of the workspace.
        progress: called with (files done, files in all, file) before each file.

    Raises:
        UsageError: no such source.
        WorkspaceError: the tables can't be written; they are as before, or as after some files.
    """
    forced = None if source is None else layout_named(source)
    if region is not None and not region.strip():
        raise UsageError("--region is blank.", "Give the name of the region, or leave it out.")
    moment = now or datetime.now(ws.timezone)
    if moment.tzinfo is not None:
        moment = moment.astimezone(ws.timezone)
    received = pd.Timestamp(moment.replace(tzinfo=None, microsecond=0))
    report = IngestReport(dry_run=dry_run)
    found = _found(ws, paths, report)
    stored = ws.store.files()
    known: Known = set(zip(stored["file_id"], stored["layout"], stored["region"], strict=True))
    batch: list[_Read] = []
    for number, path in enumerate(found):
        if progress is not None:
            progress(number, len(found), path)
        one = _read(ws, path, forced, region, received, known, dry_run)
        if isinstance(one, FileReport):
            report.files.append(one)
            continue
        known.add(one.key)
        report.files.append(one.report)
        if dry_run:
            continue
        full = sum(len(read.parsed.rows) for read in batch) >= _BATCH
        if batch and (full or batch[-1].received != one.received):
            _store(ws, batch, batch[-1].received)
            batch.clear()
        batch.append(one)
    if batch:
        _store(ws, batch, batch[-1].received)
    return report


def _found(ws: Workspace, paths: Iterable[Path | str], report: IngestReport) -> list[Path]:
    """Return the files to read; note the missing and the skipped in ``report``."""
    found: dict[Path, None] = {}
    own = [folder.resolve() for folder in (ws.processed, ws.models, ws.reports)]
    for given in paths:
        path = Path(given)
        if path.is_dir():
            for file in sorted((p for p in path.rglob("*") if p.is_file()), key=turn):
                why = _not_a_table(file)
                if any(file.resolve().is_relative_to(folder) for folder in own):
                    continue
                if why:
                    report.skipped.append((file, why))
                else:
                    found[file] = None
        elif path.is_file():
            found[path] = None
        else:
            error = InputError(f"{path} does not exist.", "Check the path.")
            report.files.append(FileReport.refused(path, error))
    return list(found)


def _not_a_table(path: Path) -> str:
    """Return why a file of a folder is passed over, or an empty text."""
    name = path.name.lower()
    if name.startswith((".", "~$")):
        return "hidden file"
    if not name.endswith(SUFFIXES):
        return "not a CSV, TXT or XLSX file"
    if name.endswith(".txt"):
        try:
            with path.open("rb") as file:
                head = file.read(4096)
        except OSError:
            return ""
        if max(head.count(mark) for mark in (b",", b"\t", b";")) < 2:
            return "a text, not a table"
    return ""


def _read(
    ws: Workspace,
    path: Path,
    forced: Layout | None,
    region: str | None,
    received: pd.Timestamp,
    known: Known,
    dry_run: bool,
) -> _Read | FileReport:
    """Read and check one file; a report where it is not to be stored."""
    layout_name = ""
    try:
        data = read_bytes(path)
        before = _read_before(path, data, forced, region, known)
        if before is not None:
            return FileReport(path, "already_read", layout=before)
        sheet = read_sheet(path, data)
        layout = forced or layout_of(sheet)
        layout_name = layout.name
        received = receipt(ws, path, received)
        label, request = _request(path, layout, region, received)
        if layout.region_from_name and region is None:
            _refuse_second_name(sheet, layout, label, known)
        if forced is not None:
            _refuse_misfit(sheet, forced)
        parsed = layout.parse(sheet, request)
    except ForecastError as error:
        return FileReport.refused(path, error, layout=layout_name)
    rows, quarantine = parsed.rows, parsed.notes.quarantine()
    if rows.empty:
        listed = len(quarantine) > 0 and not dry_run
        return FileReport.refused(
            path,
            _nothing_usable(sheet, parsed, quarantine),
            layout=layout.name,
            rows_read=parsed.rows_read,
            quarantined=len(quarantine),
            quarantine=_write_quarantine(ws, sheet, quarantine) if listed else None,
        )
    report = FileReport(
        path=path,
        status="read",
        layout=layout.name,
        rows_read=parsed.rows_read,
        rows_kept=int(rows["row"].nunique()),
        quarantined=len(quarantine),
        missing=parsed.notes.missing,
        duplicates=parsed.notes.duplicates,
        flagged=int((rows["flag"] != "").sum()),
        ignored=parsed.ignored,
    )
    return _Read(sheet, layout, label, parsed, report, received)


def _read_before(
    path: Path,
    data: bytes,
    forced: Layout | None,
    region: str | None,
    known: Known,
) -> str | None:
    """Return the layout under which this content and region were read before, or None.

    It spares the reading of the cells: a folder of years is told apart from one new day at once.
    """
    file_id = content_id(data)
    for name in {layout for stored, layout, _ in known if stored == file_id}:
        layout = LAYOUTS.get(name)
        if layout is None or (forced is not None and forced is not layout):
            continue
        if (file_id, name, _label(path, layout, region)) in known:
            return name
    return None


def _label(path: Path, layout: Layout, region: str | None) -> str:
    """Return the region under which a file is known; empty where its own column says it."""
    if region is not None:
        return region.strip()
    return stem(path) if layout.region_from_name else ""


def _request(
    path: Path, layout: Layout, region: str | None, received: pd.Timestamp
) -> tuple[str, Request]:
    """Return the region under which the file is known, and what its layout needs."""
    last_year = max(received.year, datetime.now().astimezone().year) + 1
    if region is not None and not (layout.region_from_name or layout.region_fills):
        raise InputError(
            f"{path} names its regions in its own column, so --region can't apply.",
            "Leave --region out for this file.",
        )
    name = stem(path) if region is None else region.strip()
    if not name and layout.region_from_name:
        raise InputError(f"{path} has no name to tell its region by.", "Give it with --region.")
    request = Request(name, last_year, region_given=region is not None)
    return _label(path, layout, region), request


def _refuse_second_name(sheet: Sheet, layout: Layout, label: str, known: Known) -> None:
    """Refuse a content that was read as another region: one of the two names is wrong."""
    for file_id, name, other in known:
        if file_id == sheet.file_id and name == layout.name and other != label:
            raise InputError(
                f"{sheet.path} has the same content as the file already read as region {other}.",
                f'If it really belongs to {label}, give --region "{label}".',
            )


def _refuse_misfit(sheet: Sheet, layout: Layout) -> None:
    if not layout.matches(sheet.head):
        raise InputError(
            f"{sheet.path} does not have the layout {layout.name} ({layout.description}).",
            "Leave --source out to have the layout detected.",
        )


def _nothing_usable(sheet: Sheet, parsed: Parsed, quarantine: pd.DataFrame) -> InputError:
    if parsed.rows_read == 0:
        return InputError(f"{sheet.path} has a header and no rows.", "Export it again.")
    if quarantine.empty:
        return InputError(
            f"{sheet.path} has {parsed.rows_read} rows and no value in them.", "Export it again."
        )
    first = quarantine.iloc[0]
    where = f", column {first['column']}" if first["column"] else ""
    return InputError(
        f"{sheet.path} has no usable row among {parsed.rows_read}; the first finding is in row "
        f"{first['row']}{where}: {first['reason']}.",
        "Correct the file, or export it again.",
    )


def _store(ws: Workspace, batch: Sequence[_Read], received: pd.Timestamp) -> None:
    """Store a batch: raw copies and quarantine first, then the tables at one moment."""
    with ws.store.writer() as writer:
        there = set(
            writer.read("files")[["file_id", "layout", "region"]].itertuples(index=False, name=None)
        )
        fresh = []
        for one in batch:
            if one.key in there:
                # Another command read it while this one was parsing.
                one.report.status = "already_read"
            else:
                fresh.append(one)
        for one in fresh:
            one.report.raw = keep_raw(ws, one.sheet, one.layout, one.region, one.received)
            quarantine = one.parsed.notes.quarantine()
            if len(quarantine):
                one.report.quarantine = _write_quarantine(ws, one.sheet, quarantine)
        _merge(writer, fresh, received)
        for one in fresh:
            if one.parsed.places is not None:
                places = one.parsed.places.assign(name=one.parsed.places["place"])
                writer.upsert("sites", places.assign(source=one.layout.name))
        if fresh:
            writer.upsert("files", _file_rows(ws, fresh, received))


def _merge(writer: Writer, fresh: Sequence[_Read], received: pd.Timestamp) -> None:
    by_table: dict[str, list[_Read]] = {}
    for one in fresh:
        by_table.setdefault(one.parsed.table, []).append(one)
    for table, reads in by_table.items():
        # The place in the batch stands for the file: with --region one content may come twice.
        rows = pd.concat(
            [
                one.parsed.rows.assign(source=one.layout.name, file_id=one.sheet.file_id)
                for one in reads
            ],
            ignore_index=True,
        )
        outcome = writer.merge(table, rows, received)
        counts = outcome.groupby(["file_id", "outcome"]).size()
        for one in reads:
            for word in ("new", "corrected", "unchanged"):
                setattr(one.report, word, int(counts.get((one.sheet.file_id, word), 0)))


def _file_rows(ws: Workspace, fresh: Sequence[_Read], received: pd.Timestamp) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "file_id": [one.sheet.file_id for one in fresh],
            "sha256": [one.sheet.sha256 for one in fresh],
            "path": [_relative(ws, one.report.raw) for one in fresh],
            "name": [one.sheet.path.name for one in fresh],
            "layout": [one.layout.name for one in fresh],
            "region": [one.region for one in fresh],
            "size": [len(one.sheet.data) for one in fresh],
            "ingested_at": [received] * len(fresh),
            "rows_read": [one.report.rows_read for one in fresh],
            "rows_kept": [one.report.rows_kept for one in fresh],
            "rows_quarantined": [one.report.quarantined for one in fresh],
            "status": ["read"] * len(fresh),
        }
    )


def _relative(ws: Workspace, path: Path | None) -> str:
    return "" if path is None else path.relative_to(ws.root).as_posix()


def _write_quarantine(ws: Workspace, sheet: Sheet, quarantine: pd.DataFrame) -> Path:
    """Write what was set aside, with a BOM for Excel."""
    path = ws.processed / "quarantine" / f"{sheet.file_id}.csv"
    table = quarantine.copy()
    table.insert(0, "file", sheet.path.name)
    write_file(path, table.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig"))
    return path
