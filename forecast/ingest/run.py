"""Files and folders into the tables: the one way in for readings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path

import pandas as pd

from forecast.errors import UsageError
from forecast.ingest.ahead import read_ahead
from forecast.ingest.asked import Asked, Known
from forecast.ingest.deliveries import Deliveries
from forecast.ingest.detect import layout_named
from forecast.ingest.edge_days import join_edge_days
from forecast.ingest.files.sheet import stem
from forecast.ingest.finding import found_files
from forecast.ingest.hour_days import make_days
from forecast.ingest.hour_rules import HourRules
from forecast.ingest.layouts import aqicn_index
from forecast.ingest.mapping.load import load_mappings, mapped_layout
from forecast.ingest.one_region import OneRegion
from forecast.ingest.parsed import Layout
from forecast.ingest.points import unmatched_controls
from forecast.ingest.quality_log import log_findings
from forecast.ingest.raw_hashes import RawHashes
from forecast.ingest.reading import Prepared, Read, read_file
from forecast.ingest.receipt import received_at
from forecast.ingest.received import receipts, settle_receipts
from forecast.ingest.report import FileReport, IngestReport
from forecast.ingest.retry import note_refused, refusals, to_retry
from forecast.ingest.station_days import make_city_days
from forecast.ingest.storing import store_sheets
from forecast.ingest.touched import Touched
from forecast.workspace import Workspace

__all__ = ["ingest_paths"]

#: Rows of long tables that are stored together, so that a folder is quick and memory bounded.
_BATCH = 600_000

#: The most rows that wait for the end of their month: hours go by whole months.
_MOST = 2_000_000

Progress = Callable[[int, int, Path], None]


def ingest_paths(
    ws: Workspace,
    paths: Iterable[Path | str],
    *,
    source: str | None = None,
    region: str | None = None,
    layout: Layout | None = None,
    estimate_from_index: bool = False,
    retry_quarantine: bool = False,
    dry_run: bool = False,
    now: datetime | None = None,
    progress: Progress | None = None,
) -> IngestReport:
    """Read files, or all tables of folders, into the tables of ``ws``.

    Each sheet is taken in whole or refused whole; what one file does wrong stops no other. A copy
    of each file taken in stays under ``data/raw``; what was set aside is listed in
    ``data/processed/quarantine/<file_id>.csv``. Reading a file again changes nothing. Read again
    from ``data/raw``, each file comes in the order of its receipt, as it came then: corrections,
    days and decisions follow in their turn.
    At the end days are made from the hours that came in, city days from those of points, and the
    quality rules look at what is new.

    Args:
        ws: the workspace.
        paths: files and folders; folders are searched with all that is in them.
        source: name of the layout, where it should not be detected.
        region: region of files that have no column for it, instead of the file's name; of two files
            that say different things of one reading, the second is refused.
        layout: a layout that is not built in, such as that of a mapping.
        estimate_from_index: also estimate concentrations from index points, flagged as such; of a
            file that was read before the estimates alone are added.
        retry_quarantine: read again the files of which something was set aside or refused; with
            ``paths``, those among them.
        dry_run: read and check only, write nothing.
        now: the moment of receipt, from which corrections are known; default the clock. Without a
            zone it is local time of the workspace.
        progress: called with (files done, files in all, file) before each file.

    Raises:
        UsageError: no such source.
        InputError: a mapping of the workspace is wrong.
        WorkspaceError: the tables can't be written; they are as before, or as after some files.
    """
    if region is not None and not region.strip():
        raise UsageError("--region is blank.", "Give the name of the region, or leave it out.")
    own = [mapped_layout(mapping) for mapping in load_mappings(ws.root / "mappings")]
    forced = layout if source is None else _named(source, own)
    report = IngestReport(dry_run=dry_run)
    if not dry_run:
        settle_receipts(ws)
    told = receipts(ws)
    wanted = list(paths)
    hashes = RawHashes(ws)
    searched = found = found_files(ws, wanted, report, told)
    if retry_quarantine and layout is not aqicn_index.ESTIMATES:
        found = to_retry(ws, found, report, told, named=bool(wanted))
        report.nothing_aside = not wanted and not found and not report.files
    names = Counter(stem(file.path) for file in found)
    asked = Asked(
        forced,
        own,
        region,
        received_at(ws, now),
        estimate_from_index=estimate_from_index,
        again=retry_quarantine,
        dry_run=dry_run,
        deliveries=Deliveries(told, refusals(ws) if retry_quarantine else None),
        twice=frozenset(name for name, n in names.items() if n > 1),
    )
    known = Known(ws.store.files())
    batch: list[Read] = []
    unestimated: list[Path] = []
    under_one = OneRegion(ws) if region is not None else None
    touched = Touched()
    moment = asked.received

    def flush() -> None:
        if batch:
            store_sheets(ws, batch, moment, touched, again=retry_quarantine)
            batch.clear()

    def close(until: pd.Timestamp | None) -> None:
        """Make days and look at what came in, before what was received later comes."""
        rules = HourRules(ws.store.read("sites"))
        days, touched.months = make_days(ws, moment, rules.see)
        touched.looks = rules.finish()
        report.days += days + make_city_days(ws, moment) + join_edge_days(ws, moment)
        report.flags += log_findings(ws, touched, moment, until=until)

    for number, file in enumerate(read_ahead(found, asked, known, hashes)):
        if progress is not None:
            progress(number, len(found), file.path)
        for one in read_file(ws, file, known):
            if isinstance(one, FileReport):
                report.files.append(one)
                if under_one is not None and one.status == "already_read":
                    under_one.read_before(file.content, str(file.path))
                if _lacks_estimates(one, file, asked):
                    unestimated.append(file.path)
                continue
            other = None if under_one is None else under_one.refusal(one)
            if other is not None:
                known_of = {"layout": one.layout.name, "part": one.sheet.part}
                report.files.append(FileReport.refused(file.path, other, **known_of))
                continue
            report.files.append(one.report)
            if dry_run:
                continue
            if batch and _full(batch, one):
                flush()
                if moment != one.received:
                    close(one.received)
                    touched = Touched()
            moment = one.received
            batch.append(one)
    flush()
    if not dry_run:
        note_refused(ws, report, asked.received, found)
        close(None)
        if touched.regions.get("sites"):
            strays = unmatched_controls(ws.store.read("sites"))
            report.strays = [" ".join(cells) for cells in strays.itertuples(index=False)]
        hashes.keep(searched, [path for path in map(Path, wanted) if path.is_dir()])
    report.outdated = _outdated(ws, own)
    if unestimated:
        more = ingest_paths(
            ws, unestimated, layout=aqicn_index.ESTIMATES, region=region, dry_run=dry_run,
            estimate_from_index=True, retry_quarantine=True, now=now,
        )  # fmt: skip
        done = {file.path for file in more.read}
        report.files = [file for file in report.files if file.path not in done]
        report.join(more)
    return report


def _outdated(ws: Workspace, own: Sequence[Layout]) -> tuple[str, ...]:
    """Return the mappings that read files of the tables in an earlier state."""
    if not own:
        return ()
    files = ws.store.read("files", columns=["layout", "mapping"])
    marks = files["layout"].map({layout.name: layout.mark for layout in own})
    return tuple(sorted(files["layout"][marks.notna() & (marks != files["mapping"])].unique()))


def _lacks_estimates(report: FileReport, file: Prepared, asked: Asked) -> bool:
    """Return whether a file was read before without the estimates that are now asked for."""
    if not asked.estimate_from_index or asked.again or report.status != "already_read":
        return False
    known = [one for one in asked.deliveries.receipts.values() if one.sha256 == file.content]
    estimated = any(one.given.estimate_from_index for one in known)
    return report.layout == aqicn_index.LAYOUT.name and not estimated


def _named(source: str, own: Sequence[Layout]) -> Layout:
    for layout in own:
        if layout.name == source:
            return layout
    return layout_named(source)


def _full(batch: Sequence[Read], coming: Read) -> bool:
    """Return whether the batch is stored before ``coming`` joins it."""
    if batch[-1].received != coming.received:
        return True
    rows = sum(len(rows) for read in batch for rows in read.parsed.tables.values())
    if rows >= _MOST:
        return True
    month = _month(coming)
    return rows >= _BATCH and (month == (0, 0) or month != _month(batch[-1]))


def _month(read: Read) -> tuple[int, int]:
    """Return the month in which the hours of a sheet end; the same for all sheets without hours."""
    hours = read.parsed.tables.get("air_hourly")
    if hours is None or hours.empty:
        return 0, 0
    last = pd.Timestamp(hours["time"].max())
    return last.year, last.month
