"""Files that were refused or partly set aside, so that a new mapping can take what it reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from forecast.disk import write_file
from forecast.errors import InputError
from forecast.ingest.report import FileReport, IngestReport
from forecast.workspace import Workspace

__all__ = ["note_refused", "refused_files", "to_retry"]

_COLUMNS = ["path", "part", "layout", "reason", "cure", "refused_at"]


def _list(ws: Workspace) -> Path:
    return ws.processed / "quarantine" / "refused.csv"


def refused_files(ws: Workspace) -> pd.DataFrame:
    """Return the files that were refused and not taken in since: path, part, reason, cure, time."""
    path = _list(ws)
    if not path.exists():
        return pd.DataFrame({column: pd.Series(dtype="str") for column in _COLUMNS})
    table = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8-sig")
    return table.reindex(columns=_COLUMNS, fill_value="")


def note_refused(ws: Workspace, report: IngestReport, received: pd.Timestamp) -> None:
    """Bring the list of refused files up to date with what ``report`` says of its files."""
    before = refused_files(ws)
    seen = {str(file.path.resolve()) for file in report.files}
    rows = [
        {
            "path": str(file.path.resolve()), "part": file.part, "layout": file.layout,
            "reason": file.reason, "cure": file.cure, "refused_at": str(received),
        }
        for file in report.files
        if file.status == "refused" and file.path.exists()
    ]  # fmt: skip
    kept = before[~before["path"].isin(seen)]
    after = pd.concat([kept, pd.DataFrame(rows, columns=_COLUMNS)], ignore_index=True)
    if after.empty and before.empty:
        return
    text = after.to_csv(index=False, lineterminator="\r\n")
    write_file(_list(ws), text.encode("utf-8-sig"))


def to_retry(ws: Workspace, found: Sequence[Path], report: IngestReport) -> list[Path]:
    """Return the files to read again: refused, or with something set aside.

    Args:
        ws: the workspace.
        found: the files that a person named; empty: all that are on record.
        report: where files that are gone are noted.
    """
    if found:
        return list(found)
    files = ws.store.files()
    aside = files[(files["rows_quarantined"] > 0) & (files["path"] != "")]
    paths = [ws.root / path for path in sorted(set(aside["path"]))]
    paths += [Path(path) for path in sorted(set(refused_files(ws)["path"]))]
    result = []
    for path in dict.fromkeys(paths):
        if path.is_file():
            result.append(path)
        else:
            error = InputError(
                f"{path} is no longer there.", "Give the file again where it is now."
            )
            report.files.append(FileReport.refused(path, error))
    return result
