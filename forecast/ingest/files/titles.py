"""Titles above the header of a table: lines of words that are taken off where a layout is looked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from forecast.ingest.files.sheet import Sheet

__all__ = ["titles_of", "untitled"]

#: Lines above the header that may be titles, and cells of one.
_MOST_TITLES, _MOST_CELLS = 5, 2

#: A number, a date or a time: what is never a title.
_VALUE = re.compile(r"[-+.,:/<>0-9年月日时分秒 ]+")


def untitled(sheet: Sheet) -> Iterator[Sheet]:
    """Yield the table without its first line, without its first two …, as long as these are titles.

    A title is a line with one cell of words, or two as where the unit stands at the right. What the
    titles say stays in ``aside``, so that a unit stated there is seen.
    """
    titles: dict[int, str] = {}
    for line, row in zip(sheet.cells.index[:_MOST_TITLES], sheet.head[1:], strict=False):
        filled = [str(cell) for cell in row if cell]
        if len(filled) > _MOST_CELLS or any(_VALUE.fullmatch(cell) for cell in filled):
            return
        titles[int(line)] = " ".join(filled)
        below = sheet.cells.iloc[len(titles) :]
        if below.empty:
            return
        yield replace(sheet, cells=below, aside={**sheet.aside, **titles})


def titles_of(sheet: Sheet) -> dict[int, str]:
    """Return what stands above the first line of a table: line → text."""
    first = int(sheet.cells.index[0])
    return {line: text for line, text in sheet.aside.items() if line < first}
