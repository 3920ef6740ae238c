"""One file: its sheets, their layouts, their tidy rows, and what is to be said about each."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from forecast.errors import ForecastError, InputError
from forecast.ingest.asked import Asked, Known, as_before, delivered
from forecast.ingest.detect import LAYOUTS, recognised
from forecast.ingest.files.containers import PassedOverError, read_sheets
from forecast.ingest.files.sheet import Sheet, read_bytes, stem
from forecast.ingest.finding import Found
from forecast.ingest.not_yet import without_days_to_come
from forecast.ingest.parsed import Layout, Parsed, Request
from forecast.ingest.quarantine import write_quarantine
from forecast.ingest.raw_hashes import RawHashes
from forecast.ingest.received import Given
from forecast.ingest.region_names import name_remark
from forecast.ingest.report import FileReport
from forecast.tables import TABLES
from forecast.workspace import Workspace

__all__ = ["Prepared", "Read", "prepare", "read_file"]

#: Worksheets that nobody named.
_UNNAMED = re.compile(r"(?:sheet|table|工作表|表)\s*[0-9]*", re.IGNORECASE)


@dataclass
class Read:
    """A sheet that was read and checked and is not stored yet; its cells are let go.

    ``supersedes`` has layout and region of earlier readings by mappings that are changed or gone,
    ``renamed`` of those under a doubtful name of a file, which a person has put right by now.
    """

    sheet: Sheet
    layout: Layout
    region: str
    parsed: Parsed
    report: FileReport
    received: pd.Timestamp
    quarantine: pd.DataFrame = field(default_factory=pd.DataFrame)
    given: Given = field(default_factory=Given)
    since: pd.Timestamp | None = None
    supersedes: tuple[tuple[str, str], ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        """What names it in the table of files."""
        return self.sheet.file_id, self.layout.name, self.region


@dataclass(frozen=True)
class Prepared:
    """A file as it lies on disk, with what can be told of it without the files before it.

    Attributes:
        path: the file.
        asked: what is asked of it.
        received: when it came in.
        since: an earlier reading of this content is none of this receipt; None where any counts.
        data, content: its bytes and their SHA-256; of a file that was read before and is as it was,
            no bytes.
        fast: what a layout for large files makes of it, None where there is none.
        error: why it can't be read, None where it can.
    """

    path: Path
    asked: Asked
    received: pd.Timestamp
    since: pd.Timestamp | None = None
    data: bytes = field(default=b"", repr=False)
    content: str = ""
    fast: tuple[Sheet, Layout, Parsed] | None = field(default=None, repr=False)
    error: ForecastError | None = None


def prepare(file: Found, asked: Asked, known: Known, hashes: RawHashes) -> Prepared:
    """Return a file read from disk, and parsed where its layout takes bytes; writes nothing.

    A file that is as it was and that was read before is not read again.
    """
    path, asked = file.path, as_before(file, asked)
    received = asked.received
    try:
        content = "" if asked.again else hashes.of(file)
        if content:
            received, since = delivered(file, content, asked, known)
            if _read_before(path, content, asked, known, since) is not None:
                return Prepared(path, asked, received, since, content=content)
        data = read_bytes(path)
        content = hashlib.sha256(data).hexdigest()
        hashes.note(file, content)
        received, since = delivered(file, content, asked, known)
        done = _read_before(path, content, asked, known, since) is not None
        fast = None if done else _fast(path, data, content, asked)
    except ForecastError as error:
        return Prepared(path, asked, received, error=error)
    return Prepared(path, asked, received, since, data, content, fast)


def read_file(ws: Workspace, file: Prepared, known: Known) -> Iterator[Read | FileReport]:
    """Read and check the sheets of one file, one after the other.

    A workbook or an archive is taken in as far as its sheets are known; of the others each is named
    with its reason. Where no sheet is known, the file is refused for the first one's reason.
    """
    path, asked = file.path, file.asked
    if file.error is not None:
        yield FileReport.refused(path, file.error)
        return
    before = _read_before(path, file.content, asked, known, file.since)
    if before is not None:
        yield FileReport(path, "already_read", layout=before)
        return
    if file.fast is not None:
        yield _checked(ws, *file.fast, file, known)
        return
    try:
        sheets = read_sheets(path, file.data)
    except ForecastError as error:
        yield FileReport.refused(path, error)
        return
    done, others = 0, []
    under_one: dict[str, tuple[str, pd.DataFrame]] = {}
    while True:
        try:
            sheet = next(sheets, None)
        except ForecastError as error:
            # The next call gives the next part.
            part = error.part if isinstance(error, PassedOverError) else ""
            others.append(FileReport.refused(path, error, part=part))
            continue
        if sheet is None:
            break
        one = _one(ws, sheet, file, known)
        if isinstance(one, Read) and sheet.part and asked.region is not None:
            one = _unless_other(one, under_one)
        if isinstance(one, FileReport) and one.status == "refused" and sheet.part:
            others.append(one)
            continue
        done += 1
        yield one
    for one in others:
        # A page of notes beside the tables is no fault of the file.
        aside = done and one.part and not one.layout
        yield replace(one, status="skipped") if aside else one


def _unless_other(read: Read, before: dict[str, tuple[str, pd.DataFrame]]) -> Read | FileReport:
    """Return the sheet, or a refusal where it contradicts an earlier one under the region given.

    Tables of several cities in one archive, given one name, would pass for corrections of each
    other. ``before`` gathers table → part and values.
    """
    for table, rows in read.parsed.tables.items():
        spec = TABLES[table]
        key = [name for name in spec.key if name != "source" and name in rows]
        values = [name for name in spec.values if name in rows]
        if not spec.readings or rows.empty or not values:
            continue
        mine = rows[[*key, *values]].drop_duplicates(key)
        earlier = before.get(table)
        if earlier is not None:
            both = mine.merge(earlier[1], on=key, suffixes=("", " before"))
            for name in values:
                apart = both[name].notna() & (both[name] != both[f"{name} before"])
                if apart.any():
                    error = InputError(
                        f"{read.sheet.where} and {earlier[0]} give different values for the same "
                        f"time, so they can't both be {read.region}.",
                        "Leave --region out, or unpack the file and give each table its region.",
                    )
                    return FileReport.refused(
                        read.sheet.path, error, layout=read.layout.name, part=read.sheet.part
                    )
            mine = pd.concat([earlier[1], mine]).drop_duplicates(key)
        before[table] = (read.sheet.part, mine)
    return read


def _fast(
    path: Path, data: bytes, content: str, asked: Asked
) -> tuple[Sheet, Layout, Parsed] | None:
    """Return what a layout for large files makes of the bytes, or None."""
    for layout in LAYOUTS.values():
        if layout.matches_bytes is None or layout.parse_bytes is None:
            continue
        if asked.layout not in (None, layout) or not layout.matches_bytes(data):
            continue
        _, request = _request(path, "", layout, asked, asked.received)
        parsed = layout.parse_bytes(path, data, request)
        if parsed is not None:
            sheet = Sheet(path, data, content, "utf-8", pd.DataFrame(), {})
            return sheet, layout, parsed
    return None


def _one(ws: Workspace, sheet: Sheet, file: Prepared, known: Known) -> Read | FileReport:
    layout_name, asked, received = "", file.asked, file.received
    try:
        layout_name = "" if asked.layout is None else asked.layout.name
        layout, sheet = recognised(sheet, asked.tried, wanted=asked.layout)
        layout_name = layout.name
        label, request = _request(sheet.path, sheet.part, layout, asked, received)
        if layout.region_from_name and asked.region is None:
            _refuse_second_name(sheet, layout, label, known)
        parsed = layout.parse(sheet, request)
    except ForecastError as error:
        return FileReport.refused(sheet.path, error, layout=layout_name, part=sheet.part)
    return _checked(ws, sheet, layout, parsed, file, known)


def _checked(
    ws: Workspace,
    sheet: Sheet,
    layout: Layout,
    parsed: Parsed,
    file: Prepared,
    known: Known,
) -> Read | FileReport:
    """Return the sheet with its report, ready to be stored; a refusal where nothing is usable."""
    asked = file.asked
    without_days_to_come(layout, parsed, file.received)
    quarantine = parsed.notes.quarantine()
    counts: dict[str, Any] = {
        "layout": layout.name,
        "part": sheet.part,
        "rows_read": parsed.rows_read,
        "quarantined": len(quarantine),
    }
    if all(rows.empty for rows in parsed.tables.values()):
        listed = len(quarantine) > 0 and not asked.dry_run
        return FileReport.refused(
            sheet.path,
            _nothing_usable(sheet, parsed, quarantine),
            **counts,
            quarantine=write_quarantine(ws, sheet, quarantine) if listed else None,
        )
    label = _label(sheet.path, sheet.part, layout, asked.region)
    received = file.received
    supersedes = tuple(
        (name, region)
        for part, name, region in known.outlived(sheet.sha256, asked)
        # Under two regions it was read twice, and each reading stands for itself.
        if part == sheet.part and (not label or not region or region == label)
    )
    if supersedes:
        received = asked.received
    renamed = _renamed(sheet, layout, label, asked, known)
    by_name = bool(label) and asked.region is None
    remark = name_remark(label) if by_name else ""
    flagged = sum(
        int((rows["flag"] != "").sum()) for rows in parsed.tables.values() if "flag" in rows
    )
    report = FileReport(
        path=sheet.path,
        status="read",
        **counts,
        rows_kept=parsed.rows_kept,
        missing=parsed.notes.missing,
        duplicates=parsed.notes.duplicates,
        flagged=flagged,
        ignored=parsed.ignored,
        region=label,
        region_of_name=by_name,
        remarks=(remark,) if remark else (),
    )
    for name, region in supersedes:
        known.forget(sheet.sha256, sheet.part, name, region)
    known.add(sheet.sha256, sheet.part, layout.name, label, received, layout.mark)
    light = replace(sheet, cells=pd.DataFrame())
    return Read(
        light, layout, label, parsed, report, received, quarantine, asked.given, file.since,
        supersedes, renamed,
    )  # fmt: skip


def _read_before(
    path: Path, content: str, asked: Asked, known: Known, since: pd.Timestamp | None
) -> str | None:
    """Return the layout under which this content and region were read before, or None.

    It spares the reading of the cells: a folder of years is told apart from one new day at once.
    """
    if asked.again:
        return None
    if known.outlived(content, asked):
        return None
    own: Mapping[str, Layout] = {layout.name: layout for layout in asked.own}
    for part, name, label in sorted(known.of(content, since)):
        layout = own.get(name) or LAYOUTS.get(name)
        if layout is None or (asked.layout is not None and asked.layout.name != name):
            continue
        if label == _label(path, part, layout, asked.region):
            return name
    return None


def _name(path: Path, part: str) -> str:
    """Return the name that tells the region: of the worksheet or member, else of the file."""
    named = stem(Path(part.replace("\\", "/").rsplit("/", 1)[-1])) if part else ""
    return stem(path) if not named or _UNNAMED.fullmatch(named) else named


def _label(path: Path, part: str, layout: Layout, region: str | None) -> str:
    """Return the region under which a sheet is known; empty where its own column says it."""
    if region is not None:
        return region.strip()
    return _name(path, part) if layout.region_from_name else ""


def _request(
    path: Path, part: str, layout: Layout, asked: Asked, received: pd.Timestamp
) -> tuple[str, Request]:
    """Return the region under which the file is known, and what its layout needs."""
    last_year = max(received.year, datetime.now().astimezone().year) + 1
    if asked.region is not None and not (layout.region_from_name or layout.region_fills):
        raise InputError(
            f"{path} names its regions in its own column, so --region can't apply.",
            "Leave --region out for this file.",
        )
    name = _name(path, part) if asked.region is None else asked.region.strip()
    if not name and layout.region_from_name:
        raise InputError(f"{path} has no name to tell its region by.", "Give it with --region.")
    request = Request(
        name,
        last_year,
        region_given=asked.region is not None,
        estimate_from_index=asked.estimate_from_index,
    )
    return _label(path, part, layout, asked.region), request


def _refuse_second_name(sheet: Sheet, layout: Layout, label: str, known: Known) -> None:
    """Refuse a content that was read as another region: one of the two names is wrong."""
    for part, name, other in known.of(sheet.sha256):
        if part == sheet.part and name == layout.name and other != label:
            raise InputError(
                f"{sheet.path} has the same content as the file already read as region {other}.",
                f'If it really belongs to {label}, give --region "{label}".',
            )


def _renamed(
    sheet: Sheet, layout: Layout, label: str, asked: Asked, known: Known
) -> tuple[tuple[str, str], ...]:
    """Return the readings of this content under a doubtful name, where a person names the region."""
    if asked.region is None or not layout.region_from_name:
        return ()
    receipts = asked.deliveries.receipts.values()
    given = {one.given.region for one in receipts if one.sha256 == sheet.sha256}
    return tuple(
        (name, region)
        for part, name, region in sorted(known.of(sheet.sha256))
        if part == sheet.part and name == layout.name
        if region not in (label, *given) and name_remark(region)
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
