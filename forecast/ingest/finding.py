"""Which files of the paths given are to be read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from forecast.errors import InputError
from forecast.ingest.files.sheet import SUFFIXES
from forecast.ingest.raw import turn
from forecast.ingest.received import RECEIVED, Receipt, raw_name
from forecast.ingest.report import FileReport, IngestReport
from forecast.workspace import Workspace

__all__ = ["Found", "found_file", "found_files"]

#: Lists of what to do with readings, kept beside them in data/raw.
_LEDGERS = ("target_entries.csv", "quality_decisions.csv", RECEIVED)

#: What a download is called before it is whole, after it was refused, and its index.
_UNFINISHED = (".part", ".rejected", ".index.json", "index.json")


class Found(NamedTuple):
    """A file to read.

    Attributes:
        path: as it was given or found.
        real: its path without links.
        inside: its name under ``data/raw``, with ``/``; empty for one elsewhere.
        told: what the system said of it when its folder was searched; None for one given by name.
    """

    path: Path
    real: str
    inside: str
    told: os.stat_result | None = None


def found_file(ws: Workspace, path: Path) -> Found:
    """Return a file that was given by name."""
    return Found(path, str(path.resolve()), raw_name(ws, path))


def found_files(
    ws: Workspace,
    paths: Iterable[Path | str],
    report: IngestReport,
    known: Mapping[str, Receipt],
) -> list[Found]:
    """Return the files to read, in order; note the missing and the skipped in ``report``.

    Folders are searched with all that is in them. Files under ``data/raw`` come by their receipt
    (``known``), so that a correction comes after what it corrects.
    """
    found: dict[Path, Found] = {}
    for given in paths:
        path = Path(given)
        if path.is_dir():
            every = _below(ws, path, [f.resolve() for f in (ws.processed, ws.models, ws.reports)])
            for file in sorted(every, key=lambda file: turn(file.path, file.inside, known)):
                if file.inside and file.path.name in _LEDGERS:
                    continue
                why = _not_a_table(file.path)
                if why:
                    report.skipped.append((file.path, why))
                else:
                    found.setdefault(file.path, file)
        elif path.is_file():
            found.setdefault(path, found_file(ws, path))
        else:
            error = InputError(f"{path} does not exist.", "Check the path.")
            report.files.append(FileReport.refused(path, error))
    return list(found.values())


def _below(ws: Workspace, folder: Path, own: Iterable[Path]) -> Iterator[Found]:
    """Yield the files under ``folder`` that are not under ``own``; linked folders are not entered."""
    real = folder.resolve()
    passed = any(real.is_relative_to(one) for one in own)
    raw = ws.raw.resolve()
    within = real.relative_to(raw).as_posix() if real.is_relative_to(raw) else None
    front, start = "" if within == "." else f"{within}/", str(real / "_")[:-1]
    try:
        with os.scandir(folder) as listed:
            entries = list(listed)
    except (PermissionError, FileNotFoundError):
        return
    for entry in entries:
        path = folder / entry.name
        if entry.is_symlink():
            target = path.resolve()
            if path.is_file() and not any(target.is_relative_to(one) for one in own):
                yield Found(path, str(target), raw_name(ws, path), path.stat())
        elif entry.is_dir(follow_symlinks=False):
            yield from _below(ws, path, own)
        elif not passed and entry.is_file(follow_symlinks=False):
            inside = "" if within is None else front + entry.name
            yield Found(path, start + entry.name, inside, _told(entry))


def _told(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except OSError:
        return None


def _not_a_table(path: Path) -> str:
    """Return why a file of a folder is passed over, or an empty text."""
    name = path.name.lower()
    if name.startswith((".", "~$")):
        return "hidden file"
    if name.endswith(_UNFINISHED):
        return "part of a download"
    if not name.endswith(SUFFIXES):
        return "not a table (CSV, TXT, XLSX, XLS, Parquet, JSON, ZIP or GZ)"
    if name.endswith(".txt"):
        try:
            with path.open("rb") as file:
                head = file.read(4096)
        except OSError:
            return ""
        if max(head.count(mark) for mark in (b",", b"\t", b";")) < 2:
            return "a text, not a table"
    return ""
