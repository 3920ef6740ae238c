"""What reading one file gives, and the notes made on the way."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from forecast.ingest.files.sheet import Sheet

__all__ = ["MAPPED", "Layout", "Notes", "Parsed", "Request", "ragged_rows"]


#: What the names of layouts begin with that mappings are.
MAPPED = "mapping_"

#: Signs of a cell that are shown in a list for a person.
_SHOWN = 200

#: What a workbook holds in place of a value.
_EXCEL_ERROR = re.compile(r"#(?:N/A|DIV/0!|VALUE!|REF!|NAME\?|NUM!|NULL!|SPILL!|CALC!|ERR)")


@dataclass(frozen=True)
class Request:
    """What a layout needs beside the cells.

    Attributes:
        region: the region of a file that has no column for it.
        last_year: the latest year a reading may have.
        region_given: True where a person named the region, not the file.
        estimate_from_index: True where a person asked for concentrations from index points.
    """

    region: str
    last_year: int
    region_given: bool = False
    estimate_from_index: bool = False


class Notes:
    """Findings on one file, gathered while it is read."""

    def __init__(self) -> None:
        self._problems: list[pd.DataFrame] = []
        self.missing = 0
        self.duplicates = 0

    def problem(
        self, rows: Sequence[int], column: str, values: Sequence[str], reasons: Sequence[str] | str
    ) -> None:
        """Put cells (or, with ``column`` empty, whole rows) into quarantine."""
        if len(rows) == 0:
            return
        cells = [str(value) for value in values]
        why = [reasons] * len(cells) if isinstance(reasons, str) else list(reasons)
        if any(len(cell) > _SHOWN or cell[:1] in ("=", "#") for cell in cells):
            why = [f"{said}{_hint(cell)}" for said, cell in zip(why, cells, strict=True)]
            cells = [_shown(cell) for cell in cells]
        self._problems.append(
            pd.DataFrame(
                {
                    "row": np.asarray(rows, dtype=np.int64),
                    "column": column,
                    "value": pd.Series(cells, dtype="str"),
                    "reason": pd.Series(why, dtype="str"),
                }
            )
        )

    def quarantine(self) -> pd.DataFrame:
        """Return ``row, column, value, reason`` of everything set aside, by row."""
        if not self._problems:
            return _nothing()
        return pd.concat(self._problems, ignore_index=True).sort_values(
            ["row", "column"], kind="stable", ignore_index=True
        )


@cache
def _nothing() -> pd.DataFrame:
    """The empty list; a file of the year has none, and nobody writes into it."""
    texts = {name: pd.Series(dtype="str") for name in ("column", "value", "reason")}
    return pd.DataFrame({"row": pd.Series(dtype="int64"), **texts})


def _shown(cell: str) -> str:
    return cell if len(cell) <= _SHOWN else f"{cell[:_SHOWN]}… ({len(cell)} signs)"


def _hint(cell: str) -> str:
    """Return what a person has to know of a cell that Excel left without a value."""
    if cell.startswith("="):
        return "; a formula without a stored result: open the file in Excel and save it"
    return "; an error value of Excel" if _EXCEL_ERROR.match(cell) else ""


@dataclass(frozen=True)
class Parsed:
    """The tidy rows of one sheet.

    Attributes:
        tables: table → its rows, without ``source`` and ``file_id``; ``row`` is the line in the
            sheet. Missing columns are filled with the empty value of their type.
        notes: what was set aside and counted.
        rows_read: data lines in the sheet.
        ignored: columns that are known and not stored.
        places: ``region, place, place_kind`` of every place the sheet names, also of those whose
            rows were all set aside; optional ``name, role, longitude, latitude, valid_from,
            valid_to``. None where it names none.
    """

    tables: dict[str, pd.DataFrame]
    notes: Notes
    rows_read: int
    ignored: tuple[str, ...] = ()
    places: pd.DataFrame | None = None

    @property
    def rows_kept(self) -> int:
        """Lines of the sheet of which at least one value was taken."""
        kept: set[int] = set()
        for rows in self.tables.values():
            kept.update(rows["row"].unique().tolist())
        return len(kept)


@dataclass(frozen=True)
class Layout:
    """One source layout.

    Attributes:
        name: its word in ``--source`` and in the ``source`` column.
        tables: where its rows go.
        description: one line for a person.
        matches: whether the first lines (header, then up to 20 more) are of this layout.
        parse: cells → tidy rows.
        region_from_name: True where the file's name says the region.
        region_fills: True where a region given by a person fills blanks of the file's own.
        folder_tells: True where the names of the file and of its folder say what its cells do not,
            such as the year; its raw copy keeps both.
        header_line: the line of the file in which its header stands, where a mapping says it.
        mark: what tells the settings of a mapping apart from its earlier ones; else empty.
        joins_days: for weather, hours that several files have of a day → rows of its day; see
            ``readers.weather_edges``.
        matches_bytes: for large files, whether a file is of this layout, from its bytes.
        parse_bytes: for large files, bytes → tidy rows; None where the file has to be read as text.
    """

    name: str
    tables: tuple[str, ...]
    description: str
    matches: Callable[[Sequence[Sequence[str]]], bool] = field(repr=False)
    parse: Callable[[Sheet, Request], Parsed] = field(repr=False)
    region_from_name: bool = False
    region_fills: bool = False
    folder_tells: bool = False
    header_line: int | None = None
    mark: str = ""
    joins_days: Callable[[pd.DataFrame], pd.DataFrame] | None = field(default=None, repr=False)
    matches_bytes: Callable[[bytes], bool] | None = field(default=None, repr=False)
    parse_bytes: Callable[[Path, bytes, Request], Parsed | None] | None = field(
        default=None, repr=False
    )


def ragged_rows(sheet: Sheet, notes: Notes) -> None:
    """Set aside the lines whose number of fields is not that of the first line."""
    width = sheet.cells.shape[1]
    notes.problem(
        list(sheet.ragged),
        "",
        [sheet.aside.get(line, "") for line in sheet.ragged],
        [f"{count} fields where the first line has {width}" for count in sheet.ragged.values()],
    )
