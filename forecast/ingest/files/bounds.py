"""Bounds of a table: what is wider or longer is damaged or a trap, and would fill the memory."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from forecast.errors import InputError
from forecast.ingest.files.grid import Grid

__all__ = ["LONGEST_CELL", "MOST_COLUMNS", "check_cells", "check_text"]

#: Columns of a worksheet; the widest table of readings, all points of the country, has an eighth.
MOST_COLUMNS = 16_384

#: Characters of a cell; the same as the limit of Python's ``csv``, four times that of a worksheet.
LONGEST_CELL = 131_072

#: The first lines, which tell the width, lie in so many bytes.
_FIRST = 1 << 24

#: A wider grid comes from a text whose lines were looked at.
_NARROW = 256


def check_text(where: str, text: bytes, delimiter: str) -> None:
    """Look whether a text with delimiters stays within bounds.

    Args:
        where: what to call it in messages.
        text: UTF-8 with ``\\n`` at the line ends.
        delimiter: between its fields.

    Raises:
        InputError: too many columns, or a cell that is too long.
    """
    mark = delimiter.encode()
    columns = 1 + max(line.count(mark) for line in text[:_FIRST].split(b"\n"))
    if columns > MOST_COLUMNS:
        raise InputError(
            f"{where} has {columns} columns; no table of readings has more than {MOST_COLUMNS}.",
            "Look at the file: it is damaged, or it must be turned so that times are lines.",
        )
    ends = np.append(np.flatnonzero(np.frombuffer(text, np.uint8) == 10), len(text))
    starts = np.concatenate([[0], ends[:-1] + 1])
    for at in np.flatnonzero(ends - starts > LONGEST_CELL):
        longest = max(map(len, text[starts[at] : ends[at]].split(mark)))
        if longest > LONGEST_CELL:
            raise _too_long(f"{where}, line {at + 1}", longest)


def check_cells(where: str, grid: Grid) -> None:
    """Look whether the cells of a grid stay within bounds.

    Raises:
        InputError: a cell is too long.
    """
    if grid.cells.shape[1] > _NARROW:
        return
    for at in range(grid.cells.shape[1]):
        column = pa.array(grid.cells.iloc[:, at].array, type=pa.large_string())
        # A cell is no longer than its column: most files are small, and few columns are measured.
        if column.nbytes <= LONGEST_CELL:
            continue
        longest = pc.max(pc.utf8_length(column)).as_py()
        if longest > LONGEST_CELL:
            raise _too_long(where, longest)


def _too_long(where: str, longest: int) -> InputError:
    return InputError(
        f"{where}: not readable as a table (a cell of {longest} characters).",
        "Look for a quotation mark too many there, or save the table as CSV (UTF-8) again.",
    )
