"""What came in when, and what a person said beside it: ``data/raw/received.csv``.

A raw file alone does not say when it was received, nor the region or the layout that was given by
hand. One line a file keeps that beside the raw files, so that the tables can be rebuilt from
``data/raw`` with every correction in its turn. ``turn`` is the order of all of them, also within a
moment. A line is ``pending`` from its writing to the moment at which the tables have its readings:
one whose tables never followed, because the command was stopped, is of no receipt.
"""

from __future__ import annotations

import csv
import io
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from forecast.disk import drop, write_file
from forecast.errors import WorkspaceError
from forecast.workspace import Workspace

__all__ = [
    "RECEIVED", "Given", "Receipt", "note_receipts", "raw_name", "receipts", "settle_receipts",
]  # fmt: skip

#: Name of the plain file under ``data/raw``.
RECEIVED = "received.csv"

_COLUMNS = ["received", "path", "sha256", "region", "layout", "estimate_from_index"]
#: Columns that ledgers of earlier programs lack.
_ADDED = ["turn", "origin", "pending"]
_UNFINISHED = f".{RECEIVED}.*.tmp"
_FORM = "%Y-%m-%d %H:%M:%S"

#: What tells one state of the list from another: the file is replaced, never written into.
_Stamp = tuple[int, int, int]

#: The list as it was last read or written, of a few workspaces: after ten years of a file an hour
#: it has ninety thousand lines, and an ingest asks for it five times.
_READ: OrderedDict[Path, tuple[_Stamp, dict[str, Receipt]]] = OrderedDict()
_MOST_READ = 3


@dataclass(frozen=True)
class Given:
    """What a person gave with a file; empty where nothing was given.

    Attributes:
        region: instead of the name that the file says.
        layout: instead of the one detected.
        estimate_from_index: True where concentrations were wanted from index points.
    """

    region: str = ""
    layout: str = ""
    estimate_from_index: bool = False


@dataclass(frozen=True)
class Receipt:
    """When a content came in, and what was given with it.

    Attributes:
        received: the moment.
        sha256: of the content.
        given: what a person said beside it.
        turn: its place in the order of all receipts, from 1; given when it is put on record.
        origin: the file that was taken in; empty for one that lay under ``data/raw``.
        pending: True while the tables do not have its readings.
    """

    received: pd.Timestamp
    sha256: str
    given: Given
    turn: int = 0
    origin: str = ""
    pending: bool = False

    @property
    def place(self) -> tuple[pd.Timestamp, int]:
        """What receipts are ordered by."""
        return self.received, self.turn


def receipts(ws: Workspace) -> dict[str, Receipt]:
    """Return path under ``data/raw`` (with ``/``) → its receipt, in their order.

    Raises:
        WorkspaceError: the plain file can't be read.
    """
    return _followed(ws, _on_record(ws))


def _stamp(path: Path) -> _Stamp | None:
    try:
        told = path.stat()
    except OSError:
        return None
    return told.st_ino, told.st_mtime_ns, told.st_size


def _remember(path: Path, stamp: _Stamp | None, found: dict[str, Receipt]) -> None:
    if stamp is None:
        return
    _READ[path] = (stamp, found)
    _READ.move_to_end(path)
    while len(_READ) > _MOST_READ:
        _READ.popitem(last=False)


def _on_record(ws: Workspace) -> dict[str, Receipt]:
    path = ws.raw / RECEIVED
    stamp = _stamp(path)
    if stamp is not None and path in _READ and _READ[path][0] == stamp:
        return dict(_READ[path][1])
    found = _parsed(path)
    _remember(path, stamp, found)
    return dict(found)


def _parsed(path: Path) -> dict[str, Receipt]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        table = pd.read_csv(io.StringIO(text), dtype="str", keep_default_na=False)
        table = table[_COLUMNS + [name for name in _ADDED if name in table]]
        moments = pd.to_datetime(table["received"], format=_FORM)
        lines = table.reindex(columns=[*_COLUMNS, *_ADDED], fill_value="").to_dict("records")
        turns = [int(line["turn"] or at) for at, line in enumerate(lines, 1)]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError) as error:
        raise WorkspaceError(
            f"{path} can't be read ({error.__class__.__name__}).",
            "It holds when each raw file came in: put back a copy, or move it away.",
        ) from error
    return {
        line["path"]: Receipt(
            moment,
            line["sha256"],
            Given(line["region"], line["layout"], line["estimate_from_index"] == "yes"),
            turn,
            line["origin"],
            line["pending"] == "yes",
        )
        for line, moment, turn in zip(lines, moments, turns, strict=True)
    }


def _followed(ws: Workspace, found: dict[str, Receipt]) -> dict[str, Receipt]:
    """Return the receipts; of those said to be pending the tables are asked."""
    if not any(one.pending for one in found.values()):
        return found
    files = ws.store.files()
    last = files.groupby("sha256")["ingested_at"].max().to_dict()
    return {
        path: replace(
            one,
            pending=one.pending and not (one.sha256 in last and last[one.sha256] >= one.received),
        )
        for path, one in found.items()
    }


def note_receipts(ws: Workspace, fresh: Mapping[str, Receipt]) -> None:
    """Put receipts on record before the tables follow; one that was there keeps its first moment.

    Raises:
        WorkspaceError: the plain file can't be read or written; it is as before.
    """
    before = receipts(ws)
    after = dict(before)
    turn = max((one.turn for one in before.values()), default=0)
    for path, one in fresh.items():
        known = before.get(path)
        if known is not None and known.sha256 == one.sha256 and not known.pending:
            after[path] = replace(known, given=one.given, origin=known.origin or one.origin)
        else:
            turn += 1
            after[path] = replace(one, turn=turn, pending=True)
    if after != before:
        _write(ws, after)


def settle_receipts(ws: Workspace) -> None:
    """Note which files that are said to be pending the tables have by now.

    Also what a stopped command left unfinished beside the list is removed.

    Raises:
        WorkspaceError: the plain file can't be read or written; it is as before, and what it calls
            pending is still found in the tables.
    """
    pending = any(one.pending for one in _on_record(ws).values())
    if not pending and not any(ws.raw.glob(_UNFINISHED)):
        return
    # The list is changed under the lock of the tables alone.
    with ws.store.held():
        before = _on_record(ws)
        after = _followed(ws, before)
        if after != before:
            _write(ws, after)
        for rest in ws.raw.glob(_UNFINISHED):
            # Of a writer that was killed; there is but one at a time.
            drop(rest)


def _write(ws: Workspace, every: Mapping[str, Receipt]) -> None:
    kept = sorted(every.items(), key=lambda item: (item[1].place, item[0]))
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow([*_COLUMNS, *_ADDED])
    lines.writerows(
        [
            one.received.isoformat(" ", "seconds"), path, one.sha256, one.given.region,
            one.given.layout, "yes" if one.given.estimate_from_index else "", one.turn, one.origin,
            "yes" if one.pending else "",
        ]
        for path, one in kept
    )  # fmt: skip
    for rest in ws.raw.glob(_UNFINISHED):
        drop(rest)
    path = ws.raw / RECEIVED
    write_file(path, text.getvalue().encode("utf-8-sig"))
    # As they would be read: to the second.
    found = {
        name: replace(one, received=one.received.floor("s")) if one.received.microsecond else one
        for name, one in kept
    }
    _remember(path, _stamp(path), found)


def raw_name(ws: Workspace, path: Path) -> str:
    """Return the name of a file under ``data/raw``, with ``/``; empty for one elsewhere."""
    here, raw = path.resolve(), ws.raw.resolve()
    return here.relative_to(raw).as_posix() if here.is_relative_to(raw) else ""
