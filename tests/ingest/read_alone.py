"""A made file of one layout: written, read by that layout alone, and what was set aside."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from forecast.ingest.detect import LAYOUTS
from forecast.ingest.files.containers import read_sheet
from forecast.ingest.files.sheet import stem
from forecast.ingest.parsed import Layout, Parsed, Request

__all__ = ["hours", "parse", "reasons", "write"]


def write(folder: Path, name: str, *lines: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
    return path


def parse(path: Path, layout: Layout, **request: str | bool) -> Parsed:
    """Read ``path``; no layout but ``layout`` takes it for its own."""
    sheet = read_sheet(path)
    assert [one.name for one in LAYOUTS.values() if one.matches(sheet.head)] == [layout.name]
    region = str(request.get("region", stem(path)))
    return layout.parse(sheet, Request(region, 2027, region_given="region" in request))


def hours(parsed: Parsed) -> pd.DataFrame:
    return parsed.tables["air_hourly"]


def reasons(parsed: Parsed) -> list[tuple[int, str, str]]:
    found = parsed.notes.quarantine()
    return list(
        zip(found["row"].tolist(), found["column"].tolist(), found["value"].tolist(), strict=True)
    )
