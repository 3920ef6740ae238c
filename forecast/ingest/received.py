"""What came in when, and what a person said beside it: ``data/raw/received.csv``.

A raw file alone does not say when it was received, nor the region or the layout that was given by
hand. One line a file keeps that beside the raw files, so that the tables can be rebuilt from
``data/raw`` with every correction in its turn.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from forecast.disk import drop, write_file
from forecast.errors import WorkspaceError
from forecast.workspace import Workspace

__all__ = ["RECEIVED", "Given", "Receipt", "note_receipts", "raw_name", "receipts"]

#: Name of the plain file under ``data/raw``.
RECEIVED = "received.csv"

_COLUMNS = ["received", "path", "sha256", "region", "layout", "estimate_from_index"]
_FORM = "%Y-%m-%d %H:%M:%S"


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
    """When a content first came in, and what was given with it."""

    received: pd.Timestamp
    sha256: str
    given: Given


def receipts(ws: Workspace) -> dict[str, Receipt]:
    """Return path under ``data/raw`` (with ``/``) → its receipt.

    Raises:
        WorkspaceError: the plain file can't be read.
    """
    path = ws.raw / RECEIVED
    try:
        text = path.read_text(encoding="utf-8-sig")
        table = pd.read_csv(io.StringIO(text), dtype="str", keep_default_na=False)[_COLUMNS]
        moments = pd.to_datetime(table["received"], format=_FORM)
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
        )
        for line, moment in zip(table.to_dict("records"), moments, strict=True)
    }


def note_receipts(ws: Workspace, fresh: Mapping[str, Receipt]) -> None:
    """Put receipts on record; a content that was there keeps its first moment.

    Raises:
        WorkspaceError: the plain file can't be read or written; it is as before.
    """
    before = receipts(ws)
    after = dict(before)
    for path, one in fresh.items():
        known = before.get(path)
        first = known is not None and known.sha256 == one.sha256
        moment = known.received if known is not None and first else one.received
        after[path] = Receipt(moment, one.sha256, one.given)
    if after == before:
        return
    lines = [
        {
            "received": f"{one.received:{_FORM}}", "path": path, "sha256": one.sha256,
            "region": one.given.region, "layout": one.given.layout,
            "estimate_from_index": "yes" if one.given.estimate_from_index else "",
        }
        for path, one in sorted(after.items(), key=lambda item: (item[1].received, item[0]))
    ]  # fmt: skip
    text = pd.DataFrame(lines, columns=_COLUMNS).to_csv(index=False, lineterminator="\n")
    for rest in ws.raw.glob(f".{RECEIVED}.*.tmp"):
        # Of a writer that was killed; there is but one at a time.
        drop(rest)
    write_file(ws.raw / RECEIVED, text.encode("utf-8-sig"))


def raw_name(ws: Workspace, path: Path) -> str:
    """Return the name of a file under ``data/raw``, with ``/``; empty for one elsewhere."""
    here, raw = path.resolve(), ws.raw.resolve()
    return here.relative_to(raw).as_posix() if here.is_relative_to(raw) else ""
