"""Tables of HTML, and of XML spreadsheets of 2003, which many systems export under the ending .xls."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser

from forecast.errors import InputError
from forecast.ingest.files.decoding import decoded
from forecast.ingest.files.grid import Grid, grid_of_rows

__all__ = ["is_markup", "read_markup"]

_ROW = frozenset({"tr", "row"})
_CELL = frozenset({"td", "th", "cell"})
_TABLE = frozenset({"table"})
_BREAK = frozenset({"br", "p", "div"})
_UNSEEN = frozenset({"script", "style"})

#: No table of readings is wider; a cell that says it spans more is damaged.
_MOST_SPAN = 2000
_MOST_CELLS = 5_000_000
_MOST_ROWS = 1_000_000

_START = re.compile(rb"\s*<(!doctype|html|head|body|meta|table|\?xml|workbook|ss:)", re.IGNORECASE)
_INSIDE = re.compile(rb"<(?:\w+:)?(?:table|workbook)[\s>]", re.IGNORECASE)


def is_markup(data: bytes) -> bool:
    """Return whether a text is HTML or XML with a table in it."""
    bare = data.removeprefix(b"\xef\xbb\xbf")
    return _START.match(bare) is not None and _INSIDE.search(bare) is not None


def read_markup(where: str, data: bytes) -> list[Callable[[], Grid]]:
    """Return the tables of two rows and two columns at least.

    A cell that spans columns is followed by blank ones; one that spans rows stands in the first.

    Args:
        where: what to call the text in messages.
        data: its bytes.

    Raises:
        InputError: no text, or no table in it.
    """
    encoding, text = decoded(where, data)
    tables = _Tables()
    try:
        tables.feed(text.decode("utf-8"))
        tables.close()
    except (AssertionError, ValueError, RecursionError) as error:
        raise InputError(
            f"{where} is not readable as HTML.", "Save the table as CSV (UTF-8) or XLSX."
        ) from error
    grids = [grid_of_rows(f"html {encoding}", enumerate(rows, start=1)) for rows in tables.found]
    kept = [grid for grid in grids if grid.cells.shape[0] > 1 and grid.cells.shape[1] > 1]
    if not kept:
        raise InputError(
            f"{where} is a web page without a table of readings.",
            "Save the table as CSV (UTF-8) or XLSX.",
        )
    return [lambda grid=grid: grid for grid in kept]  # type: ignore[misc]


class _Tables(HTMLParser):
    """Gathers the cells of all tables; ``found`` has one list of rows for each."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[list[list[str]]] = []
        self._open: list[list[list[str]]] = []
        self._cell: list[str] | None = None
        self._covered: list[dict[int, int]] = []
        self._at = 0
        self._cells = 0
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        tag = tag.rpartition(":")[2]
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag in _TABLE:
            rows: list[list[str]] = []
            self._finish()
            self._open.append(rows)
            self._covered.append({})
            self.found.append(rows)
        elif tag in _BREAK and self._cell is not None:
            self._cell.append(" ")
        elif self._open and (tag in _ROW or tag in _CELL):
            # Many pages leave the end of a cell out.
            self._finish()
            named = {name.rpartition(":")[2]: value or "" for name, value in attrs}
            if tag in _ROW:
                self._new_row(named)
            else:
                self._new_cell(named)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def _new_row(self, named: dict[str, str]) -> None:
        rows = self._open[-1]
        # The XML form leaves blank rows and cells out and numbers the next.
        if "index" in named:
            rows.extend([] for _ in range(_span(named["index"]) - 1 - len(rows)))
        rows.append([])
        covered = self._covered[-1]
        for column in list(covered):
            covered[column] -= 1
            if covered[column] <= 0:
                del covered[column]

    def _new_cell(self, named: dict[str, str]) -> None:
        if not self._open[-1]:
            self._open[-1].append([])
        row, covered = self._open[-1][-1], self._covered[-1]
        while len(row) in covered:
            row.append("")
        if "index" in named:
            row.extend([""] * (min(_span(named["index"]), _MOST_SPAN) - 1 - len(row)))
        across = min(_span(named.get("colspan", "")) + _more(named, "mergeacross"), _MOST_SPAN)
        down = _span(named.get("rowspan", "")) + _more(named, "mergedown")
        if down > 1:
            covered.update(dict.fromkeys(range(len(row), len(row) + across), down))
        self._cell = []
        self._at = len(row)
        row.extend([""] * across)
        self._cells += across
        if self._cells > _MOST_CELLS or len(row) > _MOST_SPAN:
            raise ValueError

    def handle_data(self, data: str) -> None:
        if self._cell is not None and not self._unseen:
            self._cell.append(data)

    def handle_endtag(self, tag: str) -> None:
        tag = tag.rpartition(":")[2]
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag in _TABLE and self._open:
            self._finish()
            self._open.pop()
            self._covered.pop()
        elif tag in _CELL or tag in _ROW:
            self._finish()

    def close(self) -> None:
        super().close()
        self._finish()

    def _finish(self) -> None:
        if self._cell is not None and self._open and self._open[-1]:
            self._open[-1][-1][self._at] = " ".join("".join(self._cell).split())
        self._cell = None


def _span(text: str) -> int:
    return max(1, min(int(text), _MOST_ROWS)) if re.fullmatch("[0-9]{1,7}", text) else 1


def _more(named: dict[str, str], attribute: str) -> int:
    text = named.get(attribute, "")
    return min(int(text), _MOST_SPAN) if re.fullmatch("[0-9]{1,7}", text) else 0
