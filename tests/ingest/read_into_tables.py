"""A made file of flow or samples: written, read by its layout alone, and checked against the tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from forecast.ingest.detect import LAYOUTS
from forecast.ingest.files.containers import read_sheet
from forecast.ingest.files.sheet import stem
from forecast.ingest.parsed import Layout, Parsed, Request
from forecast.partitions import typed
from forecast.tables import TABLES

__all__ = ["read", "reasons", "write"]


def read(layout: Layout, path: Path, *, region: str | None = None) -> Parsed:
    """Return what ``layout`` makes of the file, after checking that its rows fit the tables."""
    sheet = read_sheet(path)
    assert layout.matches(sheet.head)
    others = [o.name for o in LAYOUTS.values() if o.name != layout.name and o.matches(sheet.head)]
    assert not others
    name = stem(path) if region is None else region
    parsed = layout.parse(sheet, Request(name, 2026, region_given=region is not None))
    for table, rows in parsed.tables.items():
        typed(TABLES[table], rows)
    assert parsed.places is not None
    typed(TABLES["sites"], parsed.places)
    return parsed


def write(path: Path, lines: Sequence[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def reasons(parsed: Parsed) -> dict[int, str]:
    """Return what was set aside: line → reason."""
    found = parsed.notes.quarantine()
    return {int(r.row): str(r.reason) for r in found.itertuples()}
