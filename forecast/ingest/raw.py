"""The raw files that the workspace keeps: their names, their order and their receipt."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from forecast.disk import write_file
from forecast.errors import InputError
from forecast.ingest.parsed import Layout
from forecast.ingest.sheet import SUFFIXES, Sheet, received_before, stem
from forecast.workspace import Workspace

__all__ = ["keep_raw", "receipt", "turn"]


def turn(path: Path) -> tuple[Path, str, str, str]:
    """Return what files of a folder are sorted by: of one name, by receipt."""
    return path.parent, stem(path), received_before(path), path.name


def receipt(ws: Workspace, path: Path, now: pd.Timestamp) -> pd.Timestamp:
    """Return when a file was received: for a marked copy under ``data/raw`` the first time."""
    mark = received_before(path)
    if not mark or not path.resolve().is_relative_to(ws.raw.resolve()):
        return now
    moment = pd.to_datetime(mark, format="%Y%m%d%H%M%S", errors="coerce")
    return now if pd.isna(moment) or moment > now else moment


def keep_raw(
    ws: Workspace, sheet: Sheet, layout: Layout, region: str, received: pd.Timestamp
) -> Path:
    """Return where the raw file lies in the workspace, after copying it there if need be."""
    here = sheet.path.resolve()
    raw = ws.raw.resolve()
    if here.is_relative_to(raw):
        return ws.raw / here.relative_to(raw)
    name = sheet.path.name
    suffix = next((s for s in SUFFIXES if name.lower().endswith(s)), sheet.path.suffix)
    bare = name[: len(name) - len(suffix)]
    if layout.region_from_name and region != stem(sheet.path):
        # The region was given by hand: the copy carries it, so that the raw folder alone can
        # rebuild the tables.
        bare = re.sub(r'[<>:"/\\|?*\x00-\x1f]', "_", region)
    folder = ws.raw / layout.name
    mark = f"-{sheet.sha256[:8]}{suffix}"
    marked = folder / f"{bare}.{received:%Y%m%d%H%M%S}{mark}"
    earlier = sorted(folder.glob(f"*{mark}")) if folder.is_dir() else []
    copies = [copy for copy in earlier if copy.name[: -len(mark) - 15] == bare]
    for target in (folder / f"{bare}{suffix}", *copies, marked):
        if not target.exists():
            write_file(target, sheet.data)
            return target
        if target.read_bytes() == sheet.data:
            return target
    raise InputError(
        f"{folder} holds a damaged copy of {name}.", f"Remove {target} and run the command again."
    )
