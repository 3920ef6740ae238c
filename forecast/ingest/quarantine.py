"""What was set aside of a sheet: its lines and cells, with the reason, in a list for a person."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from forecast.disk import write_file
from forecast.formula_guard import guarded
from forecast.ingest.files.sheet import Sheet
from forecast.messages import in_chinese
from forecast.workspace import Workspace

__all__ = ["write_quarantine"]


def write_quarantine(ws: Workspace, sheet: Sheet, quarantine: pd.DataFrame) -> Path:
    """Write what was set aside, with a BOM for Excel: ``file, row, column, value, reason``, 原因."""
    path = ws.processed / "quarantine" / f"{sheet.file_id}.csv"
    table = quarantine.copy()
    table.insert(0, "file", f"{sheet.path.name}/{sheet.part}" if sheet.part else sheet.path.name)
    table["原因"] = table["reason"].map({why: in_chinese(why) for why in table["reason"].unique()})
    text = guarded(table).to_csv(index=False, lineterminator="\r\n")
    write_file(path, text.encode("utf-8-sig"))
    return path
