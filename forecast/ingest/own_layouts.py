"""Layouts of one's own: a mapping proposed, written and used, for files and for databases."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from forecast.disk import write_file
from forecast.errors import ForecastError, InputError, UsageError
from forecast.ingest.detect import built_in
from forecast.ingest.files.containers import read_sheets
from forecast.ingest.files.sheet import Sheet, stem
from forecast.ingest.mapping.database import read_database
from forecast.ingest.mapping.load import load_mapping, mapped_layout, read_mapping
from forecast.ingest.mapping.model import Mapping
from forecast.ingest.mapping.propose import propose
from forecast.ingest.receipt import received_at
from forecast.ingest.report import IngestReport
from forecast.ingest.run import ingest_paths
from forecast.shell_words import as_word
from forecast.workspace import Workspace

__all__ = ["MAPPINGS", "Proposed", "ingest_mapped", "map_file"]

#: The folder of the mappings in a workspace.
MAPPINGS = "mappings"


@dataclass(frozen=True)
class Proposed:
    """A mapping that was proposed and written.

    Attributes:
        path: where it was written.
        text: the mapping as TOML with comments.
        confirmed: False where a question must be answered in the file before it reads anything.
        notes: what was found and what has to be checked, ``zh|en``.
        preview: the first ten rows as the mapping reads them.
    """

    path: Path
    text: str
    confirmed: bool
    notes: tuple[str, ...]
    preview: pd.DataFrame

    def to_dict(self) -> dict[str, Any]:
        """Return the proposal as plain values, for ``--json``."""
        return {
            "path": str(self.path),
            "confirmed": self.confirmed,
            "mapping": self.text,
            "notes": list(self.notes),
            "preview": json.loads(self.preview.to_json(orient="records", date_format="iso")),
        }


def map_file(
    ws: Workspace,
    file: Path,
    *,
    sheet: str | None = None,
    name: str | None = None,
    out: Path | None = None,
    overwrite: bool = False,
) -> Proposed:
    """Propose a mapping for the layout of a file and write it.

    Args:
        ws: the workspace.
        file: the file.
        sheet: which worksheet or member; default the first whose layout is not known.
        name: of the mapping; default the file's name.
        out: where to write it; default ``mappings/<name>.toml`` in the workspace, where files of
            this layout find it by themselves.
        overwrite: True where a file that is there may be replaced.

    Raises:
        InputError: the file is not a table of readings, or its layout is known already.
        UsageError: there is such a mapping, or no such sheet.
    """
    chosen = _unknown_sheet(file, sheet)
    called = _plain(name or stem(file) or "mapping")
    proposal = propose(chosen, name=called, last_year=received_at(ws, None).year + 1)
    path = out if out is not None else ws.root / MAPPINGS / f"{called}.toml"
    if path.exists() and not overwrite:
        raise UsageError(
            f"{path} exists already.", "Give another --name, or --overwrite to replace it."
        )
    write_file(path, proposal.text.encode())
    return Proposed(
        path, proposal.text, proposal.mapping.confirmed, proposal.notes, proposal.preview
    )


def ingest_mapped(
    ws: Workspace, paths: Sequence[Path], mapping_file: Path, **options: Any
) -> IngestReport:
    """Take files, or the result of a query, into the tables by a mapping, and keep the mapping.

    The result of a query is first written under ``data/raw``, so that the tables can be rebuilt
    without the database.

    Args:
        ws: the workspace.
        paths: files and folders; none where the mapping names a database.
        mapping_file: the mapping.
        **options: further arguments of ``ingest_paths``.

    Raises:
        InputError: the mapping is wrong, or the database can't be read.
        UsageError: files beside a database, or neither.
    """
    mapping = load_mapping(mapping_file)
    files = list(paths)
    header: Sequence[str] | None = None
    if mapping.database is not None:
        if files:
            raise UsageError(
                f"The mapping {mapping.name} reads a database, so no file can be given.",
                "Leave the files out, or remove [database] from the mapping.",
            )
        sheet = read_database(mapping.database, name=mapping.name)
        header = sheet.first
        _refuse_without_columns(mapping, header)
        files = [_snapshot(ws, mapping, sheet, dry_run=bool(options.get("dry_run")))]
    elif not files and not options.get("retry_quarantine"):
        raise UsageError("No file or folder is given.", "Give one: forecast ingest <folder>.")
    layout = mapped_layout(mapping)
    if mapping.match is None:
        layout = replace(layout, matches=lambda lines: True)
    if not options.get("dry_run"):
        _keep(ws, mapping, mapping_file, header)
    try:
        return ingest_paths(ws, files, layout=layout, **options)
    finally:
        if options.get("dry_run") and mapping.database is not None:
            _drop_place(ws, files[0])


def _refuse_without_columns(mapping: Mapping, header: Sequence[str]) -> None:
    """Refuse the result of a query before anything of it is kept."""
    missing = [column for column in mapping.columns if column not in header]
    if missing:
        raise InputError(
            f"The query of the mapping {mapping.name} gives no column {missing[0]}, which the mapping "
            f"needs; it gives {', '.join(header)}.",
            "Correct the query or the mapping.",
        )


def _drop_place(ws: Workspace, file: Path) -> None:
    """Remove the result of a query that was looked at outside of the workspace, with its folder."""
    if not file.is_relative_to(ws.root):
        file.unlink(missing_ok=True)
        file.parent.rmdir()


def _unknown_sheet(file: Path, wanted: str | None) -> Sheet:
    """Return the sheet to map: the one asked for, else the first of no known layout."""
    known: list[str] = []
    names: list[str] = []
    sheets = read_sheets(file)
    while True:
        try:
            sheet = next(sheets, None)
        except ForecastError:
            if wanted is None and not names:
                raise
            continue
        if sheet is None:
            break
        names.append(sheet.part)
        found = built_in(sheet)
        layout = None if found is None else found[0]
        if wanted in (sheet.part, sheet.worksheet) and wanted:
            return sheet
        if wanted is None and layout is None:
            return sheet
        known.append("" if layout is None else layout.name)
    if wanted is not None:
        raise UsageError(
            f"{file} has no sheet {wanted}.", f"It has: {', '.join(n or '(one)' for n in names)}."
        )
    raise InputError(
        f"{file} has the known layout {known[0]}, so it needs no mapping.",
        f"Take it in: forecast ingest {as_word(file)}.",
    )


def _plain(name: str) -> str:
    """Return a name that every file system takes."""
    return re.sub(r'[<>:"/\\|?*\x00-\x1f]', "_", name).strip(" .") or "mapping"


def _snapshot(ws: Workspace, mapping: Mapping, sheet: Sheet, *, dry_run: bool) -> Path:
    """Return the file that holds the result of a query; a result that is there is not written."""
    name = _plain(mapping.name)
    folder = ws.raw / f"mapping_{name}"
    mark = f"-{sheet.sha256[:8]}.csv"
    earlier = sorted(folder.glob(f"{name}.*{mark}")) if folder.is_dir() else []
    if earlier and earlier[0].read_bytes() == sheet.data:
        return earlier[0]
    path = folder / f"{name}.{received_at(ws, None):%Y%m%d%H%M%S}{mark}"
    if dry_run:
        # Nothing may be written to the workspace: the result is looked at from a place of its own.
        import tempfile

        path = Path(tempfile.mkdtemp(prefix="forecast-")) / f"{name}.csv"
    write_file(path, sheet.data)
    return path


def _keep(
    ws: Workspace, mapping: Mapping, mapping_file: Path, header: Sequence[str] | None
) -> None:
    """Put a mapping into the workspace, so that the next file of its layout finds it.

    A mapping of this name that is there is brought up to date; one that reads something else stays,
    and nothing is written.
    """
    folder = ws.root / MAPPINGS
    path = folder / f"{_plain(mapping.name)}.toml"
    for there in sorted(folder.glob("*.toml")):
        other = load_mapping(there)
        if other.name != mapping.name or there.resolve() == mapping_file.resolve():
            continue
        _refuse_other(mapping, mapping_file, other, there)
        path = there
    if mapping_file.resolve().is_relative_to(folder.resolve()):
        path = mapping_file
    text = mapping_file.read_text(encoding="utf-8-sig")
    if mapping.match is None and header is not None:
        cells = ", ".join(json.dumps(cell, ensure_ascii=False) for cell in header)
        text = f"{text.rstrip()}\n\n[match]\nheader = [{cells}]\n"
    elif path == mapping_file:
        return
    if path.exists() and path.read_text(encoding="utf-8-sig") == text:
        return
    # What does not read as a mapping would stop every command that looks at the folder.
    read_mapping(text, name=mapping.name, where=str(mapping_file))
    write_file(path, text.encode())


def _refuse_other(mapping: Mapping, file: Path, other: Mapping, there: Path) -> None:
    """Refuse a mapping that has the name of one for other files."""
    headers = [one.match.header for one in (mapping, other) if one.match is not None]
    if (
        mapping.table != other.table
        or mapping.read.version != other.read.version
        or len(set(headers)) > 1
    ):
        raise UsageError(
            f"{file} is called {mapping.name}, and so is {there}, which reads other files.",
            'Give it a name of its own: a line name = "…" at its beginning, or another file name.',
        )
