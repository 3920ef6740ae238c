"""One source file as text cells: encoding, delimiter and line numbers, nothing of its meaning."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd

from forecast.errors import InputError
from forecast.ingest.files.decoding import decoded
from forecast.ingest.files.delimited import records

__all__ = [
    "SUFFIXES",
    "Sheet",
    "content_id",
    "read_bytes",
    "received_before",
    "stem",
    "text_table",
]

#: What looks like a table, longest first.
SUFFIXES = (
    ".jsonl.gz", ".json.gz", ".parquet", ".csv.gz", ".txt.gz", ".tsv.gz", ".rdb.gz", ".jsonl",
    ".json", ".xlsx", ".xlsm", ".csv", ".txt", ".tsv", ".rdb", ".xls", ".zip",
)  # fmt: skip

#: Those of one word; years of daily files are told apart each morning.
_SINGLE = frozenset(suffix for suffix in SUFFIXES if suffix.count(".") == 1)

#: The mark on a raw copy whose name was taken by another content: its receipt and its hash.
_COPY = re.compile(r"\.(?:(?P<received>[0-9]{14})-)?[0-9a-f]{8}$")


@dataclass(frozen=True)
class Sheet:
    """The cells of one table: a file's only one, a worksheet, or a member of an archive.

    Attributes:
        path: the file it was read from.
        data: the file's content as it is on disk.
        sha256: hash of the file's content.
        encoding: how its text was decoded.
        cells: one row a line, text without blanks around it; the index is the line, from 1.
        ragged: lines whose number of fields differs from the table's: line → fields.
        part: which table of the file it is: the member's name in its archive, the worksheet's
            name, or both with ``/`` between; empty where the file is one table.
        worksheet: the worksheet's name, also where it is the only one; else empty.
        aside: what stands in ragged lines at the head and the end of a text: line → text.
    """

    path: Path
    data: bytes = field(repr=False)
    sha256: str
    encoding: str
    cells: pd.DataFrame
    ragged: dict[int, int]
    part: str = ""
    worksheet: str = ""
    aside: Mapping[int, str] = field(default_factory=dict)

    @cached_property
    def first(self) -> tuple[str, ...]:
        """The cells of the first line that is not blank, without blank ones at its end."""
        cells = list(self._top[0])
        while len(cells) > 1 and not cells[-1]:
            cells.pop()
        return tuple(cells)

    @cached_property
    def head(self) -> list[list[str]]:
        """What tells the layout: ``first``, then the first 21 lines as they are."""
        return [list(self.first), *(list(line) for line in self._top)]

    @cached_property
    def _top(self) -> list[tuple[str, ...]]:
        """The cells of the first 21 lines."""
        columns = (column.tolist() for _, column in self.cells.iloc[:21].items())
        return list(zip(*columns, strict=True))

    @property
    def file_id(self) -> str:
        """The name of this content in the tables; parts of one file differ in it."""
        if not self.part:
            return self.sha256[:16]
        return hashlib.sha256(f"{self.sha256}\0{self.part}".encode()).hexdigest()[:16]

    @property
    def where(self) -> str:
        """The file and, where it has several tables, which of them; for messages."""
        return f"{self.path}/{self.part}" if self.part else str(self.path)

    def named(self, header: int | None = None) -> pd.DataFrame:
        """Return the lines below the header, with the header's names as columns.

        Args:
            header: the line of the header; default the first.

        Raises:
            InputError: two columns have the same name, or one with values has none.
        """
        at = 0 if header is None else list(self.cells.index).index(header)
        head = list(self.cells.iloc[at])
        while len(head) > 1 and not head[-1]:
            head.pop()
        names = [name for name in head if name]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InputError(
                f"{self.where} has more than one column {twice[0]}.",
                "Rename or remove one of them.",
            )
        width = len(head)
        for column in range(width, self.cells.shape[1]):
            beyond = self.cells[column].iloc[at + 1 :]
            filled = beyond.index[(beyond != "").to_numpy(bool)]
            if len(filled):
                raise InputError(
                    f"{self.where}, row {filled[0]} has a value in a column without a name.",
                    "Name the column in its header line, or remove it.",
                )
        body = self.cells.iloc[at + 1 :, :width].copy()
        body.columns = pd.Index(head)
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
    lower = name.lower()
    dot = lower.rfind(".")
    if lower[dot:] in _SINGLE:
        return name[:dot]
    ending = next((s for s in SUFFIXES if lower.endswith(s)), path.suffix)
    return name[: len(name) - len(ending)]


def content_id(data: bytes, part: str = "") -> str:
    """Return the name of a content, or of one part of it, in the tables.

    It is the first 16 hex digits of the SHA-256 of the content; for a part of that of the
    content's SHA-256 in hex, a zero byte and the part's name in UTF-8.
    """
    digest = hashlib.sha256(data).hexdigest()
    if part:
        digest = hashlib.sha256(f"{digest}\0{part}".encode()).hexdigest()
    return digest[:16]


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
    text = decoded(str(path), data)[1]
    lines = [(line, fields) for line, fields in records(str(path), text) if fields]
    while lines and not any(cell.strip() for cell in lines[0][1]):
        lines.pop(0)
    if not lines:
        raise InputError(f"{path} is empty.", "It needs a header line and at least one row.")
    header = [cell.strip() for cell in lines[0][1]]
    rows = [fields for _, fields in lines[1:]]
    while len(header) > 1 and not header[-1] and not any(any(f[len(header) - 1 :]) for f in rows):
        header.pop()
    names = [cell or f"Unnamed: {at}" for at, cell in enumerate(header)]
    twice = sorted({cell for cell in names if names.count(cell) > 1})
    if twice:
        raise InputError(
            f"{path} has more than one column {twice[0]}.", "Rename or remove one of them."
        )
    for line, fields in lines[1:]:
        if any(fields[len(names) :]):
            raise InputError(
                f"{path}, line {line}: {len(fields)} cells where the header has {len(names)}.",
                "Every row needs as many cells as the header.",
            )
        fields[:] = [*fields[: len(names)], *[""] * (len(names) - len(fields))]
    return pd.DataFrame(rows, columns=names, dtype="str")
