"""Workbooks (XLSX, XLSM, XLS) as grids, one for each worksheet that is seen and not blank."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, TypeVar

from forecast.errors import InputError
from forecast.ingest.files.grid import Grid, grid_of_rows
from forecast.ingest.files.workbook_cells import (
    days_of_serials,
    has_epoch_1904,
    moment_of_serial,
    texts_without_value,
)

__all__ = ["cell_text", "read_workbook"]

_T = TypeVar("_T")

#: The key with which Excel encrypts workbooks that are only protected against changes.
_OPEN_KEY = "VelvetSweatshop"

#: A worksheet is held as a whole, from its first to its last cell.
_MOST_CELLS = 30_000_000

_CELL = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{0,9})([0-9]{0,19})["']""")


def read_workbook(where: str, data: bytes, hidden: list[str] | None = None) -> Iterator[Grid]:
    """Yield the grid of each worksheet; hidden and blank ones are left out.

    Numbers come as the shortest text that means the same value, whole ones without a point; dates
    and times in ISO form; formulas as their stored result, or as their text (``=E2-10``) where none
    is stored. A column of counts of days under a name of dates is read as dates.

    Args:
        where: what to call the workbook in messages.
        data: its content.
        hidden: takes the names of the hidden worksheets.

    Raises:
        InputError: damaged, protected by a password, or too large.
    """
    zipped = data[:2] == b"PK"
    if not zipped and _is_encrypted(data):
        data = _opened(where, data)
        zipped = data[:2] == b"PK"
    kind = "XLSX" if zipped else "XLS"
    aside: list[str] = [] if hidden is None else hidden
    sheets = _safely(where, kind, lambda: (_xlsx if zipped else _xls)(where, data, aside))
    for name, read in sheets:
        rows = _safely(where, kind, read)
        # A lone cell far below makes a million blank rows; they cost no more than a look.
        text = [
            (line, [cell_text(value) for value in row])
            for line, row in enumerate(rows, start=1)
            if any(value is not None and value != "" for value in row)
        ]
        if zipped:
            _date_serials(data, text)
        grid = grid_of_rows(kind.lower(), text, worksheet=name)
        if not grid.cells.empty:
            yield grid


#: Worksheets by name, with the reading of their rows.
_Sheets = Sequence[tuple[str, Callable[[], Sequence[Sequence[object]]]]]


def _date_serials(data: bytes, text: list[tuple[int, list[str]]]) -> None:
    """Write columns of counts of days as dates, in place."""
    columns = days_of_serials([cells for _, cells in text])
    early = has_epoch_1904(data) if columns else False
    if early:
        columns = days_of_serials([cells for _, cells in text], epoch_1904=True)
    for column, header in columns.items():
        for _, cells in text[header + 1 :]:
            if column < len(cells) and cells[column]:
                cells[column] = cell_text(moment_of_serial(cells[column], epoch_1904=early))


def _xlsx(where: str, data: bytes, hidden: list[str]) -> _Sheets:
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    _check_extent(where, data)
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    unread = texts_without_value(data)

    def reader(name: str) -> Callable[[], Sequence[Sequence[object]]]:
        def rows() -> Sequence[Sequence[object]]:
            cells = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            found: list[list[object]] = [list(row) for row in cells] if name in unread else []
            for (row, column), text in unread.get(name, {}).items():
                if row < len(found) and column < len(found[row]):
                    found[row][column] = text
            return found or cells

        return rows

    hidden += [
        sheet.name
        for sheet in book.sheets_metadata
        if sheet.visible != SheetVisibleEnum.Visible and sheet.typ == SheetTypeEnum.WorkSheet
    ]
    return [
        (sheet.name, reader(sheet.name))
        for sheet in book.sheets_metadata
        if sheet.visible == SheetVisibleEnum.Visible and sheet.typ == SheetTypeEnum.WorkSheet
    ]


def _xls(where: str, data: bytes, hidden: list[str]) -> _Sheets:
    # The faster library ends the whole process on some damaged files of this form.
    import xlrd  # type: ignore[import-untyped]

    book = xlrd.open_workbook(
        file_contents=data, logfile=io.StringIO(), ragged_rows=True, on_demand=False
    )

    def value(cell: Any) -> object:
        if cell.ctype == xlrd.XL_CELL_NUMBER or cell.ctype == xlrd.XL_CELL_TEXT:
            return cell.value
        if cell.ctype == xlrd.XL_CELL_BOOLEAN:
            return bool(cell.value)
        if cell.ctype == xlrd.XL_CELL_ERROR:
            return xlrd.error_text_from_code.get(cell.value, "#ERR")
        if cell.ctype == xlrd.XL_CELL_DATE:
            try:
                moment = xlrd.xldate.xldate_as_datetime(cell.value, book.datemode)
            except (ValueError, OverflowError):
                return cell.value
            return moment.time() if 0 <= cell.value < 1 else moment
        return None

    def reader(sheet: Any) -> Callable[[], Sequence[Sequence[object]]]:
        return lambda: [[value(cell) for cell in sheet.row(at)] for at in range(sheet.nrows)]

    hidden += [sheet.name for sheet in book.sheets() if sheet.visibility != 0]
    return [(sheet.name, reader(sheet)) for sheet in book.sheets() if sheet.visibility == 0]


def _safely(where: str, kind: str, read: Callable[[], _T]) -> _T:
    """Return what ``read`` does, with every failure as one sentence."""
    try:
        return read()
    except (InputError, KeyboardInterrupt, SystemExit, MemoryError):
        raise
    # A damaged workbook fails in as many ways as there are parts in it, and a failure inside the
    # library that was not foreseen there is no Exception.
    except BaseException as error:
        raise InputError(
            f"{where} is not a readable {kind} workbook.",
            "Save it again as XLSX or CSV (UTF-8).",
        ) from error


def cell_text(value: object) -> str:
    """Return a value of a cell as text.

    >>> [cell_text(v) for v in (0.1, 12.0, 1e16, True, None, date(2020, 5, 1))]
    ['0.1', '12', '1e+16', 'TRUE', '', '2020-05-01']
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        # A day's fraction is not exact, and 8:00 may be stored a moment before.
        second = value.replace(microsecond=0) + timedelta(seconds=value.microsecond >= 500_000)
        return second.isoformat(" ").removesuffix(" 00:00:00")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        hours, rest = divmod(round(value.total_seconds()), 3600)
        return f"{hours:02}:{rest // 60:02}:{rest % 60:02}"
    return str(value)


def _check_size(where: str, cells: int) -> None:
    if cells > _MOST_CELLS:
        raise InputError(
            f"{where} has a worksheet of {cells} cells, most of them blank.",
            "Delete what stands far below or beside the table, or save the table as CSV (UTF-8).",
        )


def _check_extent(where: str, data: bytes) -> None:
    """Refuse a lone cell far away before the library makes room for all cells up to it."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            for name in book.namelist():
                if "worksheets/" not in name or not name.endswith(".xml"):
                    continue
                columns, rows = 0, 0
                for column, row in _CELL.findall(book.read(name)):
                    columns = max(columns, _column(column))
                    rows = max(rows, int(row or 0))
                _check_size(where, columns * rows)
    except InputError:
        raise
    except Exception as error:
        raise InputError(
            f"{where} is not a readable XLSX workbook.", "Save it again as XLSX or CSV (UTF-8)."
        ) from error


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _is_encrypted(data: bytes) -> bool:
    import msoffcrypto  # type: ignore[import-untyped]

    try:
        return bool(msoffcrypto.OfficeFile(io.BytesIO(data)).is_encrypted())
    # What can't be told here fails below with its own sentence.
    except Exception:
        return False


def _opened(where: str, data: bytes) -> bytes:
    """Return an encrypted workbook decrypted, if the key that everyone has opens it."""
    import msoffcrypto

    plain = io.BytesIO()
    try:
        book = msoffcrypto.OfficeFile(io.BytesIO(data))
        book.load_key(password=_OPEN_KEY)
        book.decrypt(plain)
    except Exception as error:
        raise InputError(
            f"{where} is protected by a password.",
            "Open it with the password and save it without one.",
        ) from error
    return plain.getvalue()
