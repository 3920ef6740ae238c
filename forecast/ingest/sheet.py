"""One source file as text cells: encoding, delimiter and line numbers, nothing of its meaning."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import re
import warnings
import zlib
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import pandas as pd

from forecast.errors import InputError

__all__ = [
    "SUFFIXES",
    "Sheet",
    "content_id",
    "read_bytes",
    "read_sheet",
    "received_before",
    "stem",
    "text_table",
]

#: What looks like a table, longest first.
SUFFIXES = (".csv.gz", ".txt.gz", ".csv", ".txt", ".xlsx")

#: The mark on a raw copy whose name was taken by another content: its receipt and its hash.
_COPY = re.compile(r"\.(?:(?P<received>[0-9]{14})-)?[0-9a-f]{8}$")

#: A line of data that goes over more lines of text than this has a quotation mark too many.
_MOST_LINES = 10


@dataclass(frozen=True)
class Sheet:
    """The cells of one file.

    Attributes:
        path: where it was read from.
        data: its content as it is on disk.
        sha256: hash of its content.
        encoding: how its text was decoded.
        cells: one row a line, text without blanks around it; the index is the line, from 1.
        ragged: lines whose number of fields differs from the first line's: line → fields.
    """

    path: Path
    data: bytes = field(repr=False)
    sha256: str
    encoding: str
    cells: pd.DataFrame
    ragged: dict[int, int]

    @property
    def first(self) -> tuple[str, ...]:
        """The cells of the first line that is not blank, without blank ones at its end."""
        cells = list(self.cells.iloc[0])
        while len(cells) > 1 and not cells[-1]:
            cells.pop()
        return tuple(cells)

    @property
    def head(self) -> list[list[str]]:
        """What tells the layout: ``first``, then the first 21 lines as they are."""
        lines = [list(row) for row in self.cells.head(21).itertuples(index=False)]
        return [list(self.first), *lines]

    @property
    def file_id(self) -> str:
        """The name of this content in the tables."""
        return self.sha256[:16]

    def named(self) -> pd.DataFrame:
        """Return the lines below the header, with the header's names as columns.

        Raises:
            InputError: two columns have the same name, or one with values has none.
        """
        names = [name for name in self.first if name]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InputError(
                f"{self.path} has more than one column {twice[0]}.", "Rename or remove one of them."
            )
        width = len(self.first)
        beyond = self.cells.iloc[1:, width:]
        filled = beyond.index[(beyond != "").any(axis=1)]
        if len(filled):
            raise InputError(
                f"{self.path}, row {filled[0]} has a value in a column without a name.",
                "Name the column in the first line, or remove it.",
            )
        body = self.cells.iloc[1:, :width].copy()
        body.columns = pd.Index(self.first)
        return body


def stem(path: Path) -> str:
    """Return the file's name without folder, endings and copy mark: ``北京.csv.gz`` → ``北京``."""
    return _COPY.sub("", _bare(path)).strip()


def received_before(path: Path) -> str:
    """Return the receipt in the copy mark of a raw file, ``YYYYMMDDhhmmss``; empty without one."""
    mark = _COPY.search(_bare(path))
    return "" if mark is None else mark["received"] or ""


def _bare(path: Path) -> str:
    """Return the file's name without its ending."""
    name = path.name
    ending = next((s for s in SUFFIXES if name.lower().endswith(s)), path.suffix)
    return name[: len(name) - len(ending)]


def content_id(data: bytes) -> str:
    """Return the name of a content in the tables: the first 16 hex digits of its SHA-256."""
    return hashlib.sha256(data).hexdigest()[:16]


def read_bytes(path: Path) -> bytes:
    """Return the content of a file.

    Raises:
        InputError: it is missing or can't be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist.", "Check the path.") from error
    except OSError as error:
        raise InputError(
            f"{path} can't be read ({error.strerror or error}).", "Check its permissions."
        ) from error


def read_sheet(path: Path, data: bytes | None = None) -> Sheet:
    """Read a CSV (plain or gzipped, UTF-8 with or without BOM, UTF-16 with BOM, GB18030) or XLSX.

    Args:
        path: the file.
        data: its content where it was read already.

    Raises:
        InputError: missing, unreadable, empty, or not a table of text.
    """
    data = read_bytes(path) if data is None else data
    sha256 = hashlib.sha256(data).hexdigest()
    if path.name.lower().endswith(".xlsx"):
        encoding, lines = "xlsx", _workbook(path, data)
    else:
        encoding, lines = _text(path, data)
    if not lines:
        raise InputError(f"{path} is empty.", "Export it again from its source.")
    width = len(lines[0][1])
    rows, numbers, ragged = [], [], {}
    for number, fields in lines:
        # Blank cells at the end come from spreadsheets and mean nothing.
        while len(fields) > width and not fields[-1]:
            fields.pop()
        if len(fields) != width:
            ragged[number] = len(fields)
        else:
            rows.append(fields)
            numbers.append(number)
    cells = pd.DataFrame(rows, index=numbers, columns=range(width), dtype="str")
    return Sheet(path, data, sha256, encoding, cells, ragged)


def text_table(name: str, data: bytes) -> pd.DataFrame:
    """Return a CSV as text cells as they are; a short row ends in blanks, blank rows stay.

    Args:
        name: what to call it in messages.
        data: its content.

    Raises:
        InputError: empty, not text, a column twice, or a row longer than the header.
    """
    path = Path(name)
    if data[:4] == b"PK\x03\x04" or data[:2] == b"\x1f\x8b":
        raise InputError(f"{path} is not a text file.", "Save the table as CSV (UTF-8).")
    records = [(line, fields) for line, fields in _records(path, data)[1] if fields]
    while records and not any(cell.strip() for cell in records[0][1]):
        records.pop(0)
    if not records:
        raise InputError(f"{path} is empty.", "It needs a header line and at least one row.")
    header = [cell.strip() for cell in records[0][1]]
    rows = [fields for _, fields in records[1:]]
    while len(header) > 1 and not header[-1] and not any(any(f[len(header) - 1 :]) for f in rows):
        header.pop()
    names = [cell or f"Unnamed: {at}" for at, cell in enumerate(header)]
    twice = sorted({cell for cell in names if names.count(cell) > 1})
    if twice:
        raise InputError(
            f"{path} has more than one column {twice[0]}.", "Rename or remove one of them."
        )
    for line, fields in records[1:]:
        if any(fields[len(names) :]):
            raise InputError(
                f"{path}, line {line}: {len(fields)} cells where the header has {len(names)}.",
                "Every row needs as many cells as the header.",
            )
        fields[:] = [*fields[: len(names)], *[""] * (len(names) - len(fields))]
    return pd.DataFrame(rows, columns=names, dtype="str")


def _text(path: Path, data: bytes) -> tuple[str, list[tuple[int, list[str]]]]:
    encoding, records = _records(path, data)
    for _, cells in records:
        cells[:] = [cell.strip().strip("\ufeff\u3000") for cell in cells]
    return encoding, [(line, cells) for line, cells in records if any(cells)]


def _records(path: Path, data: bytes) -> tuple[str, list[tuple[int, list[str]]]]:
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(
                f"{path} is a damaged gzip file.", "Copy or download it again."
            ) from error
    encoding, text = _decoded(path, data)
    if "\x00" in text:
        raise InputError(f"{path} is not a text file.", "Save the table as CSV (UTF-8) or XLSX.")
    head = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",\t;", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lines: list[tuple[int, list[str]]] = []
    begun = 0
    try:
        for fields in reader:
            if lines and reader.line_num - begun > _MOST_LINES:
                raise csv.Error("a quotation mark is not closed")
            begun = reader.line_num
            lines.append((begun, fields))
    except csv.Error as error:
        raise InputError(
            f"{path}, line {begun + 1}: not readable as a table ({error}).",
            "Look for a quotation mark too many there, or save the table as CSV (UTF-8) again.",
        ) from error
    return encoding, lines


def _decoded(path: Path, data: bytes) -> tuple[str, str]:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        order = ["utf-16"]
    else:
        order = ["utf-8-sig", "gb18030"]
    for encoding in order:
        try:
            return encoding, data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InputError(
        f"{path} is neither UTF-8 nor GB18030 text.", "Save the table as CSV (UTF-8) or XLSX."
    )


def _workbook(path: Path, data: bytes) -> list[tuple[int, list[str]]]:
    """Return the cells of the first sheet as text; dates as ISO, whole numbers without a point."""
    import openpyxl  # slow to import, and few files are workbooks

    try:
        with warnings.catch_warnings():
            # Workbooks of other programs lack styles; that changes no value.
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            rows = [[_cell(value) for value in row] for row in book.worksheets[0].values]
            book.close()
    # A damaged workbook fails in as many ways as there are parts in it: zip, XML, styles, links.
    except Exception as error:
        raise InputError(
            f"{path} is not a readable XLSX workbook.", "Save it again as XLSX or CSV (UTF-8)."
        ) from error
    width = max((len(row) for row in rows), default=0)
    padded = [row + [""] * (width - len(row)) for row in rows]
    lines = [(number, row) for number, row in enumerate(padded, start=1) if any(row)]
    while lines and not any(row[-1] for _, row in lines):
        for _, row in lines:
            row.pop()
    return lines


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(" ").removesuffix(" 00:00:00")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value).strip()
