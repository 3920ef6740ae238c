"""Cells of one table as a frame of text, however they were stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from forecast.ingest.files.decoding import clean_cell

__all__ = ["Grid", "clean_column", "frame_of", "grid_of_rows", "notes_aside"]

#: What ``clean_cell`` changes inside a cell, in the syntax of RE2.
_CHANGED = "[\uff01-\uff5e\u3000\ufeff]|<U\\+"

#: Lines at each end of a text that may be notes, bytes in which they lie, and bytes of a note.
_NOTES, _ENDS, _NOTE_BYTES = 12, 1 << 20, 600


@dataclass(frozen=True)
class Grid:
    """The cells of one table.

    Attributes:
        encoding: how they were decoded: that of the text, or ``xlsx`` and its like.
        cells: one row a line, columns from 0; the index is the line, from 1.
        ragged: lines of another width, which are not in ``cells``: line → fields.
        worksheet: the name of the worksheet in its workbook, else empty.
        aside: what stands in ragged lines at the head and the end of a text: line → text.
    """

    encoding: str
    cells: pd.DataFrame
    ragged: Mapping[int, int] = field(default_factory=dict)
    worksheet: str = ""
    aside: Mapping[int, str] = field(default_factory=dict)


def clean_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of text as ``clean_cell`` leaves each cell."""
    column = pc.utf8_trim_whitespace(column)
    if not pc.any(pc.match_substring_regex(column, _CHANGED)).as_py():
        return column
    chunks = []
    for chunk in column.chunks:
        coded = chunk.dictionary_encode()
        words = pa.array([clean_cell(word) for word in coded.dictionary.to_pylist()], chunk.type)
        chunks.append(words.take(coded.indices))
    return pa.chunked_array(chunks, column.type)


def notes_aside(text: bytes, ragged: Mapping[int, int], delimiter: str) -> dict[int, str]:
    """Return what stands in the ragged lines among the first and the last of a text: its notes.

    Args:
        text: UTF-8 with ``\\n`` at the line ends.
        ragged: lines of another width.
        delimiter: that of the fields.
    """
    last = text.rstrip(b"\n").count(b"\n") + 1
    first = text[:_ENDS].split(b"\n", _NOTES)[:_NOTES]
    ends = text[-_ENDS:].rstrip(b"\n").rsplit(b"\n", _NOTES)[-_NOTES:]
    lines = dict(enumerate(first, start=1))
    lines.update(enumerate(ends, start=last - len(ends) + 1))
    return {
        line: clean_cell(
            lines[line][:_NOTE_BYTES].decode("utf-8", errors="ignore").strip(delimiter)
        )
        for line in ragged
        if line in lines
    }


def frame_of(columns: Sequence[pa.ChunkedArray], lines: Iterable[int]) -> pd.DataFrame:
    """Return columns of text as the frame of a grid.

    Args:
        columns: large strings without nulls, of equal length.
        lines: the label of each row.
    """
    index = pd.Index(np.asarray(lines, dtype=np.int64))
    dtype = pd.Series([], dtype="str").dtype
    arrays: dict[int, object] = {}
    for at, column in enumerate(columns):
        whole = pa.chunked_array([column.combine_chunks()]) if column.num_chunks > 1 else column
        if isinstance(dtype, pd.StringDtype) and dtype.storage == "pyarrow":
            arrays[at] = pd.array(whole, dtype=dtype)
        else:
            # Equal cells share one object here.
            arrays[at] = whole.to_pandas().to_numpy(dtype=object)
    frame = pd.DataFrame(arrays, index=index, copy=False)
    frame.columns = pd.RangeIndex(len(columns))
    return frame


def grid_of_rows(
    encoding: str,
    rows: Iterable[tuple[int, Sequence[str]]],
    *,
    width: int | None = None,
    worksheet: str = "",
) -> Grid:
    """Return cells that came row by row; blank rows and blank columns at the end are left out.

    Args:
        encoding: see ``Grid``.
        rows: label and cells of each row; shorter rows end in blanks.
        width: the number of cells that a row must have, where there is one; rows with other
            numbers are ragged.
        worksheet: see ``Grid``.
    """
    labels: list[int] = []
    kept: list[list[str]] = []
    ragged: dict[int, int] = {}
    for label, row in rows:
        cells = [clean_cell(cell) for cell in row]
        if not any(cells):
            continue
        while width is not None and len(cells) > width and not cells[-1]:
            cells.pop()
        if width is not None and len(cells) != width:
            ragged[label] = len(cells)
            continue
        labels.append(label)
        kept.append(cells)
    filled = max((_filled(cells) for cells in kept), default=0) if width is None else width
    columns = [
        pa.chunked_array([_texts([cells[at] if at < len(cells) else "" for cells in kept])])
        for at in range(filled)
    ]
    return Grid(encoding, frame_of(columns, labels), ragged, worksheet)


def _filled(cells: Sequence[str]) -> int:
    """Return the number of cells up to the last that is not blank."""
    return next((at for at in range(len(cells), 0, -1) if cells[at - 1]), 0)


def _texts(cells: list[str]) -> pa.Array:
    try:
        return pa.array(cells, pa.large_string())
    except UnicodeEncodeError:
        # Half a character, as a damaged escape of JSON gives it.
        whole = [cell.encode("utf-8", errors="replace").decode("utf-8") for cell in cells]
        return pa.array(whole, pa.large_string())
