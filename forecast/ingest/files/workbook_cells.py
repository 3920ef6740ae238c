"""What a workbook's cells hold beside their values: formulas without a result, errors, counts of days.

A formula that a program wrote has no value until Excel has worked it out, and an error is none; the
library gives both as blank cells, and a blank cell is a missing value. Their text is put back, so
that they are seen.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from xml.etree import ElementTree as ET

import numpy as np

__all__ = ["days_of_serials", "has_epoch_1904", "moment_of_serial", "texts_without_value"]

_CELL = re.compile(rb"<(?:\w+:)?c\s([^>]*[^/>])>(.*?)</(?:\w+:)?c>", re.DOTALL)
_REFERENCE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{1,3})([0-9]{1,7})["']""")
_TYPE = re.compile(rb"""\bt\s*=\s*["'](\w+)["']""")
_FORMULA = re.compile(rb"<(?:\w+:)?f\b[^>]*?(?:/>|>(.*?)</(?:\w+:)?f>)", re.DOTALL)
_VALUE = re.compile(rb"<(?:\w+:)?v\b[^>]*>([^<]+)</")
_SUSPECT = re.compile(rb"""<(?:\w+:)?f[\s>/]|\bt\s*=\s*["']e["']""")

#: A column of days under one of these names, in the header or a line of the first.
_DATE_NAME = re.compile(
    r"(?:(?:监测|采样|数据|观测|统计|发布)?(?:日期|时间)(?:时间)?|date|time|datetime|timestamp|"
    r"timepoint|sampling ?date)",
    re.IGNORECASE,
)
_SERIAL = re.compile(r"[2-7][0-9]{4}(?:\.[0-9]{1,12})?")
_HEAD = 21

#: The first day of routine networks of this country, and the year 2100, as Excel counts days from
#: 1899-12-30.
_FROM, _TO = 29_221, 73_051
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - local times have no zone here
_EPOCH_1904 = datetime(1904, 1, 1)  # noqa: DTZ001


def texts_without_value(data: bytes) -> dict[str, dict[tuple[int, int], str]]:
    """Return worksheet → (row, column), from 0 → the text of each formula without a result
    (``=E2-10``) and of each error (``#N/A``).

    Args:
        data: content of an XLSX workbook.
    """
    found: dict[str, dict[tuple[int, int], str]] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        for name, member in _worksheets(book).items():
            xml = book.read(member)
            if _SUSPECT.search(xml):
                cells = _without_value(xml)
                if cells:
                    found[name] = cells
    return found


def has_epoch_1904(data: bytes) -> bool:
    """Return whether an XLSX workbook counts its days from 1904."""
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        head = book.read("xl/workbook.xml") if "xl/workbook.xml" in book.namelist() else b""
    return re.search(rb"""date1904\s*=\s*["'](?:1|true)["']""", head) is not None


def days_of_serials(rows: Sequence[Sequence[str]], *, epoch_1904: bool = False) -> dict[int, int]:
    """Return column → header row (from 0) of the columns that are days as Excel counts them.

    Such a column has a name that says date or time, and below it nothing but numbers that are days
    from 1980 to 2099.

    Args:
        rows: cells of a worksheet as text.
        epoch_1904: True where the workbook counts from 1904.

    >>> days_of_serials([["日期", "PM2.5"], ["45292", "35"], ["45293", "36"]])
    {0: 0}
    >>> days_of_serials([["日期", "PM2.5"], ["45292", "35"], ["合计", "36"]])
    {}
    """
    shift = 1462 if epoch_1904 else 0
    found: dict[int, int] = {}
    for at, row in enumerate(rows[:_HEAD]):
        for column, cell in enumerate(row):
            if column in found or not _DATE_NAME.fullmatch(cell.strip()):
                continue
            below = [line[column] for line in rows[at + 1 :] if column < len(line) and line[column]]
            if below and all(
                _SERIAL.fullmatch(one) and _FROM <= float(one) + shift < _TO for one in below
            ):
                found[column] = at
    return found


def moment_of_serial(cell: str, *, epoch_1904: bool = False) -> datetime:
    """Return the time that a count of days stands for, to the second.

    >>> moment_of_serial("45292.5")
    datetime.datetime(2024, 1, 1, 12, 0)
    """
    seconds = int(np.round(float(cell) * 86400))
    return (_EPOCH_1904 if epoch_1904 else _EPOCH) + timedelta(seconds=seconds)


def _worksheets(book: zipfile.ZipFile) -> dict[str, str]:
    """Return the member of each worksheet by its name."""
    try:
        workbook = ET.fromstring(book.read("xl/workbook.xml"))
        relations = ET.fromstring(book.read("xl/_rels/workbook.xml.rels"))
    except (KeyError, ET.ParseError):
        # Laid out in another way: what the library reads is all there is.
        return {}
    targets = {one.get("Id", ""): one.get("Target", "") for one in relations}
    members = set(book.namelist())
    found = {}
    for sheet in workbook.iter():
        if not sheet.tag.endswith("}sheet"):
            continue
        # The name spaces of the two kinds of this form differ.
        relation = next((text for key, text in sheet.items() if key.endswith("}id")), "")
        target = targets.get(relation, "")
        member = posixpath.normpath(posixpath.join("xl", target)).lstrip("/")
        if target.startswith("/"):
            member = target.lstrip("/")
        if member in members:
            found[sheet.get("name", "")] = member
    return found


def _without_value(xml: bytes) -> dict[tuple[int, int], str]:
    found: dict[tuple[int, int], str] = {}
    for cell in _CELL.finditer(xml):
        kind = _TYPE.search(cell[1])
        formula = _FORMULA.search(cell[2])
        value = _VALUE.search(cell[2])
        said = b"" if kind is None else kind[1]
        if said == b"e":
            text = b"#ERR" if value is None else value[1]
        elif formula is not None and value is None and said not in (b"str", b"s", b"inlineStr"):
            # A formula whose result is an empty text says so by its type.
            text = b"=" + (formula[1] or b"")
        else:
            continue
        place = _REFERENCE.search(cell[1])
        if place is None:
            continue
        column = 0
        for letter in place[1].upper():
            column = column * 26 + letter - 64
        found[int(place[2]) - 1, column - 1] = text.decode("utf-8", errors="replace")
    return found
