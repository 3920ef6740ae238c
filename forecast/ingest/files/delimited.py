"""Tables of text with a delimiter: quick where quotation marks are simple, careful elsewhere.

A line is a row where no quotation mark reaches over its end. Such text is counted with numpy and
split by Arrow, block by block; other text goes through the ``csv`` module, which knows every case.
Both give the same cells.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

from forecast.errors import InputError
from forecast.ingest.files.bounds import check_text
from forecast.ingest.files.decoding import clean_cell, decoded
from forecast.ingest.files.grid import Grid, clean_column, frame_of, notes_aside

__all__ = ["read_delimited", "records"]

#: A line of data that goes over more lines of text than this has a quotation mark too many.
_MOST_LINES = 10

#: Bytes, and for the careful way rows, that are split at a time.
_BLOCK = 1 << 24
_ROWS = 20_000

#: So many lines tell the delimiter and the width; they lie in so many bytes.
_HEAD = 100
_HEAD_BYTES = 1 << 20

_NEWLINE, _QUOTE = 10, 34
_FIGURE = re.compile(r"[-+.]?[0-9]")


@dataclass
class _Rows:
    """What was split so far: columns of each block, with the line of each row."""

    width: int
    columns: list[list[pa.ChunkedArray]] = field(default_factory=list)
    lines: list[NDArray[np.int64]] = field(default_factory=list)
    ragged: dict[int, int] = field(default_factory=dict)

    def add(self, columns: Sequence[pa.ChunkedArray], lines: NDArray[np.int64]) -> None:
        """Take a block, without its blank rows."""
        columns = [clean_column(column) for column in columns]
        blank = np.ones(len(lines), dtype=bool)
        for column in columns:
            blank &= pc.equal(column, "").to_numpy().astype(bool)
            if not blank.any():
                break
        if blank.any():
            kept = pa.array(~blank)
            columns = [column.filter(kept) for column in columns]
            lines = lines[~blank]
        self.columns.append(list(columns))
        self.lines.append(lines)

    def add_lists(self, rows: Sequence[tuple[int, list[str]]]) -> None:
        """Take rows of ``width`` cells each."""
        if rows:
            cells = zip(*(row for _, row in rows), strict=True)
            columns = [pa.chunked_array([pa.array(c, pa.large_string())]) for c in cells]
            self.add(columns, np.array([line for line, _ in rows], dtype=np.int64))

    def grid(self, encoding: str) -> Grid:
        whole = [
            pa.chunked_array([chunk for block in self.columns for chunk in block[at].chunks])
            for at in range(self.width if self.columns else 0)
        ]
        lines = np.concatenate(self.lines) if self.lines else np.empty(0, np.int64)
        return Grid(encoding, frame_of(whole, lines), dict(sorted(self.ragged.items())))


def read_delimited(where: str, data: bytes) -> Grid:
    """Return the cells of a text with commas, tabs or semicolons between them.

    The width is the most frequent number of fields in the first 100 lines. Lines of prose or
    names before the first line of that width stay, filled up with blanks; any other line of
    another width is ragged.

    Args:
        where: what to call the text in messages.
        data: its bytes, in any encoding that ``decoded`` knows.

    Raises:
        InputError: no text, or quotation marks that don't match.
    """
    encoding, text = decoded(where, data)
    head = text[:_HEAD_BYTES].decode("utf-8", errors="ignore").split("\n")
    if len(text) > _HEAD_BYTES and len(head) > 1:
        head.pop()
    begin, delimiter = _delimiter(head)
    check_text(where, text, delimiter)
    try:
        rows = _quick(text, delimiter, begin)
    except csv.Error:
        # A cell beyond all measure; the careful way says where.
        rows = None
    if rows is None:
        rows = _careful(where, text, delimiter, begin)
    grid = rows.grid(encoding)
    return replace(grid, aside=notes_aside(text, grid.ragged, delimiter)) if grid.ragged else grid


def records(where: str, text: bytes, delimiter: str = "") -> Iterator[tuple[int, list[str]]]:
    """Yield the last line and the fields, as they are, of each record of a text in UTF-8.

    Args:
        where: what to call the text in messages.
        text: UTF-8 with ``\\n`` at the line ends.
        delimiter: of the fields; by default that of which the first line has most.

    Raises:
        InputError: a quotation mark is not closed, or text follows it.
    """
    if not delimiter:
        head = text[:_HEAD_BYTES].decode("utf-8", errors="ignore").splitlines()
        first = next((line for line in head if line.strip()), "")
        delimiter = max(",\t;", key=first.count)
    stream = io.TextIOWrapper(io.BytesIO(text), encoding="utf-8", newline="")
    reader = csv.reader(stream, delimiter=delimiter, strict=True)
    begun = 0
    try:
        for number, fields in enumerate(reader):
            if number and reader.line_num - begun > _MOST_LINES:
                raise csv.Error("a quotation mark is not closed")
            begun = reader.line_num
            yield begun, fields
    except csv.Error as error:
        raise InputError(
            f"{where}, line {begun + 1}: not readable as a table ({error}).",
            "Look for a quotation mark too many there, or save the table as CSV (UTF-8) again.",
        ) from error


def _delimiter(head: Sequence[str]) -> tuple[int, str]:
    """Return the number of lines to pass over, and the delimiter.

    It is the one that stands equally often in the most lines. Excel's own ``sep=;`` says it.
    """
    said = re.fullmatch(r"\s*\"?sep=([,;\t])\"?[,;\t]*\s*", head[0]) if head else None
    if said is not None:
        return 1, said[1]
    bare = [re.sub(r'"[^"]*"', "", line) for line in head if line.strip()][:_HEAD]

    def regular(mark: str) -> tuple[int, int]:
        counts = Counter(count for line in bare if (count := line.count(mark)))
        if not counts:
            return 0, 0
        count, lines = max(counts.items(), key=lambda pair: (pair[1], pair[0]))
        return lines, count

    return 0, max(",\t;", key=regular)


def _width(head: Sequence[list[str]]) -> tuple[int, int]:
    """Return the width of a table and the place of its first line of that width.

    A header with more names than the lines below have cells still tells the width.
    """
    counts = [len(fields) for fields in head]
    tally = Counter(count for count in counts if count > 1) or Counter(counts)
    width = max(tally, key=lambda count: (tally[count], count))
    at = counts.index(width)
    if at:
        above = _filled(head[at - 1])
        if above > width and _has_figures(head[at]) and not _has_figures(head[at - 1]):
            return above, at - 1
    return width, at


def _filled(fields: Sequence[str]) -> int:
    return max((at for at, cell in enumerate(fields, start=1) if cell.strip()), default=0)


def _has_figures(fields: Sequence[str]) -> bool:
    return any(_FIGURE.match(clean_cell(cell)) for cell in fields)


def _preamble(
    head: Sequence[tuple[int, list[str]]], width: int, delimiter: str
) -> tuple[list[tuple[int, list[str]]], dict[int, int]]:
    """Return the lines before the first of the table's width as rows, and those that are none."""
    rows: list[tuple[int, list[str]]] = []
    ragged: dict[int, int] = {}
    above: list[str] = []
    for line, fields in head:
        filled = _filled(fields)
        # Names and their values above the table, such as where and in which zone it was taken.
        named = len(above) == len(fields) and not _has_figures(above)
        above = fields
        if len(fields) != width and filled > 1 and _has_figures(fields) and not named:
            # It could be a row that lost a cell, and then its values stand in wrong columns.
            ragged[line] = len(fields)
            continue
        cells = fields[:filled]
        if filled > width:
            cells[width - 1 :] = [delimiter.join(cells[width - 1 :])]
        rows.append((line, cells + [""] * (width - len(cells))))
    return rows, ragged


def _careful(where: str, text: bytes, delimiter: str, begin: int) -> _Rows:
    """Split by the rules of the ``csv`` module."""
    source = (
        (line, fields)
        for line, fields in records(where, text, delimiter)
        if line > begin and any(cell.strip() for cell in fields)
    )
    head = list(islice(source, _HEAD))
    if not head:
        return _Rows(0)
    width, at = _width([fields for _, fields in head])
    rows = _Rows(width)
    first, rows.ragged = _preamble(head[:at], width, delimiter)
    rows.add_lists(first)
    batch: list[tuple[int, list[str]]] = []
    for line, fields in chain(head[at:], source):
        # Blank cells at the end come from spreadsheets and mean nothing.
        if len(fields) > width and _filled(fields) <= width:
            del fields[width:]
        if len(fields) != width:
            rows.ragged[line] = len(fields)
            continue
        batch.append((line, fields))
        if len(batch) == _ROWS:
            rows.add_lists(batch)
            batch.clear()
    rows.add_lists(batch)
    return rows


def _quick(text: bytes, delimiter: str, begin: int) -> _Rows | None:
    """Split line by line; None where that would not be right."""
    rows: _Rows | None = None
    line = 1
    for block in _blocks(text):
        counted = _count(block, ord(delimiter))
        if counted is None:
            return None
        skip = max(0, begin - line + 1)
        if rows is None:
            head = _head(block, counted, delimiter, skip)
            if head:
                width, at = _width([fields for _, fields in head])
                rows = _Rows(width)
                first, ragged = _preamble(head[:at], width, delimiter)
                rows.add_lists([(line + number, fields) for number, fields in first])
                rows.ragged.update({line + number: fields for number, fields in ragged.items()})
                skip = head[at][0]
        if rows is not None and not _split(rows, block, counted, delimiter, line, skip):
            return None
        line += len(counted.ends)
    return rows or _Rows(0)


def _blocks(text: bytes) -> Iterator[bytes]:
    """Yield the text in pieces of whole lines."""
    start = 0
    while start < len(text):
        end = text.find(b"\n", min(start + _BLOCK, len(text)))
        end = len(text) if end < 0 else end + 1
        yield text if end - start == len(text) else text[start:end]
        start = end


@dataclass(frozen=True)
class _Counted:
    """The lines of a block, shape ``(line,)``: first byte, newline, fields; and the delimiters."""

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    fields: NDArray[np.int64]
    marks: NDArray[np.int64]


def _count(block: bytes, delimiter: int) -> _Counted | None:
    """Count the fields of each line; None where a quotation mark is not a simple one."""
    codes = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero(codes == _NEWLINE)
    if not block.endswith(b"\n"):
        ends = np.append(ends, len(block))
    starts = np.concatenate([[0], ends[:-1] + 1])
    marks = np.flatnonzero(codes == delimiter)
    if b'"' in block:
        quotes = np.flatnonzero(codes == _QUOTE)
        opening, closing = quotes[0::2], quotes[1::2]
        if len(opening) != len(closing):
            return None
        edges = np.array([_NEWLINE, delimiter], np.uint8)
        before = np.where(opening == 0, _NEWLINE, codes[opening - 1])
        last = closing == len(block) - 1
        after = np.where(last, _NEWLINE, codes[np.where(last, 0, closing + 1)])
        same_line = np.searchsorted(ends, opening) == np.searchsorted(ends, closing)
        if not (np.isin(before, edges) & np.isin(after, edges) & same_line).all():
            return None
        marks = marks[np.searchsorted(quotes, marks) % 2 == 0]
    fields = np.searchsorted(marks, ends) - np.searchsorted(marks, starts) + 1
    return _Counted(starts, ends, fields, marks)


def _fields(line: bytes, delimiter: str) -> list[str]:
    return next(csv.reader([line.decode("utf-8")], delimiter=delimiter), [])


def _head(
    block: bytes, counted: _Counted, delimiter: str, skip: int
) -> list[tuple[int, list[str]]]:
    """Return place and fields of the first lines of a block that are not blank."""
    head: list[tuple[int, list[str]]] = []
    for at in range(skip, len(counted.ends)):
        fields = _fields(block[counted.starts[at] : counted.ends[at]], delimiter)
        if any(cell.strip() for cell in fields):
            head.append((at, fields))
            if len(head) == _HEAD:
                break
    return head


def _split(
    rows: _Rows, block: bytes, counted: _Counted, delimiter: str, line: int, skip: int
) -> bool:
    """Split the lines of a block from ``skip`` on; False where Arrow sees other rows."""
    ends = counted.ends.copy()
    good = counted.fields == rows.width
    good &= counted.ends > counted.starts
    good[:skip] = False
    other = np.flatnonzero(~good[skip:]) + skip
    for at in other:
        fields = _fields(block[counted.starts[at] : counted.ends[at]], delimiter)
        filled = _filled(fields)
        if filled == 0:
            continue
        if len(fields) > rows.width >= filled:
            first = int(np.searchsorted(counted.marks, counted.starts[at]))
            ends[at] = counted.marks[first + rows.width - 1]
            good[at] = True
        else:
            rows.ragged[line + int(at)] = len(fields)
    kept = np.flatnonzero(good)
    if len(kept) == 0:
        return True
    if len(kept) < len(good) or (ends != counted.ends).any():
        block = _lines_of(block, counted, ends, kept)
    columns = _arrow(block, rows.width, delimiter)
    if columns is None or (len(columns[0]) != len(kept)):
        return False
    rows.add(columns, kept + line)
    return True


def _lines_of(
    block: bytes, counted: _Counted, ends: NDArray[np.int64], kept: NDArray[np.int64]
) -> bytes:
    """Return the lines at ``kept``, each up to its end in ``ends``."""
    # Lines that follow each other and are whole are copied together.
    cut = ends[kept] != counted.ends[kept]
    breaks = np.flatnonzero((np.diff(kept) > 1) | cut[:-1]) + 1
    firsts = kept[np.concatenate([[0], breaks])]
    lasts = kept[np.concatenate([breaks - 1, [len(kept) - 1]])]
    slices = zip(counted.starts[firsts], ends[lasts], strict=True)
    return b"\n".join(block[start:end] for start, end in slices) + b"\n"


def _arrow(block: bytes, width: int, delimiter: str) -> list[pa.ChunkedArray] | None:
    names = [str(at) for at in range(width)]
    try:
        table = pa_csv.read_csv(
            pa.BufferReader(block),
            read_options=pa_csv.ReadOptions(
                use_threads=False, block_size=len(block) + 1, column_names=names
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=delimiter,
                quote_char='"' if b'"' in block else False,
                ignore_empty_lines=False,
            ),
            convert_options=pa_csv.ConvertOptions(
                check_utf8=False,
                column_types=dict.fromkeys(names, pa.large_string()),
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        return None
    return list(table.columns)
