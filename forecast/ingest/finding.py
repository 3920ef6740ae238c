"""Which files of the paths given are to be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from forecast.errors import InputError
from forecast.ingest.files.sheet import SUFFIXES
from forecast.ingest.raw import turn
from forecast.ingest.received import RECEIVED, Receipt
from forecast.ingest.report import FileReport, IngestReport
from forecast.workspace import Workspace

__all__ = ["found_files"]

#: Lists of what to do with readings, kept beside them in data/raw.
_LEDGERS = ("target_entries.csv", "quality_decisions.csv", RECEIVED)

#: What a download is called before it is whole, after it was refused, and its index.
_UNFINISHED = (".part", ".rejected", ".index.json", "index.json")


def found_files(
    ws: Workspace,
    paths: Iterable[Path | str],
    report: IngestReport,
    known: Mapping[str, Receipt],
) -> list[Path]:
    """Return the files to read, in order; note the missing and the skipped in ``report``.

    Folders are searched with all that is in them. Files under ``data/raw`` come by their receipt
    (``known``), so that a correction comes after what it corrects.
    """
    found: dict[Path, None] = {}
    own = [folder.resolve() for folder in (ws.processed, ws.models, ws.reports)]

    def order(file: Path) -> tuple[str, int, Path, str, str, str]:
        return turn(ws, file, known)

    for given in paths:
        path = Path(given)
        if path.is_dir():
            for file in sorted((p for p in path.rglob("*") if p.is_file()), key=order):
                resolved = file.resolve()
                if any(resolved.is_relative_to(folder) for folder in own):
                    continue
                if resolved.is_relative_to(ws.raw.resolve()) and file.name in _LEDGERS:
                    continue
                why = _not_a_table(file)
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
