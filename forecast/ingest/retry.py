"""Files that were refused or partly set aside, so that a new mapping can take what it reads."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from forecast.disk import sweep, write_file
from forecast.errors import InputError
from forecast.formula_guard import guarded, unguarded
from forecast.ingest.finding import Found, found_file
from forecast.ingest.received import Receipt, raw_name
from forecast.ingest.report import FileReport, IngestReport
from forecast.messages import in_chinese
from forecast.workspace import Workspace

__all__ = ["note_refused", "refusals", "refused_files", "to_retry"]

_COLUMNS = ["path", "part", "layout", "reason", "cure", "refused_at", "sha256"]


def _list(ws: Workspace) -> Path:
    return ws.processed / "quarantine" / "refused.csv"


def refused_files(ws: Workspace) -> pd.DataFrame:
    """Return the files that were refused and not taken in since.

    Returns:
        ``path, part, layout, reason, cure``, ``refused_at`` (when first, of this content) and
        ``sha256`` of the content.
    """
    path = _list(ws)
    if not path.exists():
        return pd.DataFrame({column: pd.Series(dtype="str") for column in _COLUMNS})
    table = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8-sig")
    return unguarded(table.reindex(columns=_COLUMNS, fill_value=""))


def refusals(ws: Workspace) -> dict[tuple[str, str], pd.Timestamp]:
    """Return path and SHA-256 of each refused file → when it was refused first."""
    table = refused_files(ws)
    moments = pd.to_datetime(table["refused_at"], errors="coerce")
    return {
        (path, content): moment
        for path, content, moment in zip(table["path"], table["sha256"], moments, strict=True)
        if content and not pd.isna(moment)
    }


def note_refused(
    ws: Workspace, report: IngestReport, received: pd.Timestamp, found: Sequence[Found]
) -> None:
    """Bring the list of refused files up to date with what ``report`` says of the files found.

    What a killed command left unfinished beside the list is removed.
    """
    sweep(_list(ws).parent)
    if not _list(ws).exists() and not any(file.status == "refused" for file in report.files):
        return
    before = refused_files(ws)
    real = {file.path: file.real for file in found}
    seen = {real.get(file.path) or str(file.path.resolve()) for file in report.files}
    first = refusals(ws)
    rows = []
    for file in report.files:
        if file.status != "refused" or not file.path.exists():
            continue
        path = real.get(file.path) or str(file.path.resolve())
        content = _content(file.path)
        rows.append(
            {
                "path": path, "part": file.part, "layout": file.layout, "reason": file.reason,
                "cure": file.cure, "refused_at": str(first.get((path, content), received)),
                "sha256": content,
            }
        )  # fmt: skip
    kept = before[~before["path"].isin(seen)]
    after = pd.concat([kept, pd.DataFrame(rows, columns=_COLUMNS)], ignore_index=True)
    if after.empty and before.empty:
        return
    after["原因"], after["办法"] = (
        [in_chinese(text) for text in after[name]] for name in ("reason", "cure")
    )
    text = guarded(after).to_csv(index=False, lineterminator="\r\n")
    write_file(_list(ws), text.encode("utf-8-sig"))


def to_retry(
    ws: Workspace,
    found: Sequence[Found],
    report: IngestReport,
    known: Mapping[str, Receipt],
    *,
    named: bool,
) -> list[Found]:
    """Return the files to read again, in the order of their receipt: refused, or partly set aside.

    Args:
        ws: the workspace.
        found: the files that a person named.
        report: where files that are gone, and those of which nothing was set aside, are noted.
        known: path under ``data/raw`` → its receipt.
        named: True where a person named files: only those among them are returned.
    """
    files = ws.store.files()
    aside = files[(files["rows_quarantined"] > 0) & (files["path"] != "")]
    refused = refused_files(ws)
    if named:
        contents = set(aside["sha256"]) | set(refused["sha256"]) - {""}
        paths = set(refused["path"])
        chosen = []
        for file in found:
            if file.real in paths or _content(file.path) in contents:
                chosen.append(file)
            else:
                report.skipped.append((file.path, "nothing of it was refused or set aside"))
        return chosen
    moments = dict(zip(refused["path"], refused["refused_at"], strict=True))
    places = {
        ws.root / path: (str(moment), known[name].turn if name in known else 0)
        for path, moment in zip(aside["path"], aside["ingested_at"], strict=True)
        for name in [raw_name(ws, ws.root / path)]
    }
    places |= {Path(path): (moment, 0) for path, moment in moments.items()}
    result = []
    for path in sorted(places, key=lambda path: (places[path], path)):
        if path.is_file():
            result.append(found_file(ws, path))
        else:
            error = InputError(
                f"{path} is no longer there.", "Give the file again where it is now."
            )
            report.files.append(FileReport.refused(path, error))
    return result


def _content(path: Path) -> str:
    """Return the SHA-256 of a file; empty where it can't be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
