"""The raw files that the workspace keeps: their names and their order."""

from __future__ import annotations

import glob
import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from forecast.disk import drop, write_file
from forecast.errors import InputError
from forecast.ingest.files.sheet import SUFFIXES, Sheet, received_before, stem
from forecast.ingest.parsed import Layout
from forecast.ingest.received import Receipt, raw_name
from forecast.workspace import Workspace

__all__ = ["keep_raw", "marked", "turn"]


def turn(
    path: Path, inside: str, known: Mapping[str, Receipt]
) -> tuple[str, int, Path, str, str, str]:
    """Return what files of a folder are sorted by: under ``data/raw`` by receipt, then by name.

    ``inside`` is the name under ``data/raw``, empty for a file elsewhere.
    """
    mark = received_before(path)
    moment, at = (mark if inside else ""), 0
    if inside in known:
        moment, at = f"{known[inside].received:%Y%m%d%H%M%S}", known[inside].turn
    return moment, at, path.parent, stem(path), mark, path.name


def marked(path: Path, now: pd.Timestamp) -> pd.Timestamp:
    """Return the receipt in the copy mark of a file, ``now`` where there is none or it is later."""
    mark = received_before(path)
    moment = pd.to_datetime(mark, format="%Y%m%d%H%M%S", errors="coerce") if mark else pd.NaT
    return now if pd.isna(moment) or moment > now else moment


def keep_raw(
    ws: Workspace,
    sheet: Sheet,
    layout: Layout,
    region: str | None,
    received: pd.Timestamp,
    *,
    anew: bool = False,
) -> Path:
    """Return where the raw file lies in the workspace, after copying it there if need be.

    Args:
        ws: the workspace.
        sheet: the file, or one sheet of it.
        layout: its layout, the name of the folder.
        region: the region that a person gave for it; None where none was given.
        received: when it came in, for the mark of a copy whose name is taken.
        anew: True where the content was there before and something else since: a copy more tells it.
    """
    inside = raw_name(ws, sheet.path)
    if inside:
        return ws.raw / inside
    name = sheet.path.name
    suffix = next((s for s in SUFFIXES if name.lower().endswith(s)), sheet.path.suffix)
    bare = name[: len(name) - len(suffix)]
    folder = ws.raw / layout.name
    if region is not None and region != stem(sheet.path):
        # The region was given by hand: the copy carries it, so that one content under two regions
        # is kept twice and a person sees which is which.
        plain = re.sub(r'[<>:"/\\|?*\x00-\x1f]', "_", region)
        if layout.region_from_name and not layout.folder_tells and not sheet.part:
            bare = plain
        else:
            folder /= plain
    if layout.folder_tells and sheet.path.parent.name:
        folder /= sheet.path.parent.name
    mark = f"-{sheet.sha256[:8]}{suffix}"
    dated = folder / f"{bare}.{received:%Y%m%d%H%M%S}{mark}"
    earlier = sorted(folder.glob(f"*{glob.escape(mark)}")) if folder.is_dir() else []
    copies = [copy for copy in earlier if copy.name[: -len(mark) - 15] == bare]
    for target in (dated,) if anew else (folder / f"{bare}{suffix}", *copies, dated):
        if not target.exists():
            for rest in folder.glob(f".{glob.escape(target.name)}.*.tmp"):
                # Of a writer that was killed; there is but one at a time.
                drop(rest)
            write_file(target, sheet.data)
            return target
        if target.read_bytes() == sheet.data:
            return target
    raise InputError(
        f"{folder} holds a damaged copy of {name}.", f"Remove {target} and run the command again."
    )
