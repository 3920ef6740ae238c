"""Which layout a file has, judged by its content, never by its name or folder.

A new layout is one module and one line in ``LAYOUTS``.
"""

from __future__ import annotations

from pathlib import Path

from forecast.errors import InputError, UsageError
from forecast.ingest import (
    city_day_header,
    city_day_headerless,
    long_tidy,
    section_readings,
    weekly_sections,
    yearly_values,
)
from forecast.ingest.parsed import Layout
from forecast.ingest.sheet import Sheet, read_sheet

__all__ = ["LAYOUTS", "detect", "layout_named", "layout_of"]

LAYOUTS: dict[str, Layout] = {
    module.LAYOUT.name: module.LAYOUT
    for module in (
        city_day_header,
        city_day_headerless,
        long_tidy,
        weekly_sections,
        section_readings,
        yearly_values,
    )
}

_SHOWN = 120


def detect(path: Path) -> Layout:
    """Return the layout of the file at ``path``.

    Raises:
        InputError: the file can't be read, or its layout is unknown.
    """
    return layout_of(read_sheet(path))


def layout_of(sheet: Sheet) -> Layout:
    """Return the layout of ``sheet``.

    Raises:
        InputError: none fits; the message shows the first line.
    """
    lines = sheet.head
    for layout in LAYOUTS.values():
        if layout.matches(lines):
            return layout
    names = [cell for cell in sheet.first if cell and not cell[0].isdigit()]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(
            f"{sheet.path} has more than one column {twice[0]}.", "Rename or remove one of them."
        )
    first = "".join(c if c.isprintable() else "·" for c in ",".join(lines[0]))
    if len(first) > _SHOWN:
        first = first[:_SHOWN] + "…"
    raise InputError(
        f"{sheet.path} has a layout that is not known; its first line is: {first}",
        "Known layouts are: " + "; ".join(layout.description for layout in LAYOUTS.values()) + ".",
    )


def layout_named(name: str) -> Layout:
    """Return the layout called ``name``.

    Raises:
        UsageError: there is none.
    """
    try:
        return LAYOUTS[name]
    except KeyError:
        raise UsageError(
            f"There is no source called {name}.", f"Known sources: {', '.join(LAYOUTS)}."
        ) from None
