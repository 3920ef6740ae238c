"""Cells of a user's own table to plain text: times by a form, marks, thousands, decimal commas."""

from __future__ import annotations

import re
from datetime import datetime, time

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.ingest.files.cells import FIRST_YEAR, MISSING, times
from forecast.ingest.mapping.model import EXCEL, Reading

__all__ = ["clock", "moments_by_format", "plain_numbers"]

_CLOCK = re.compile(
    r"(?P<hour>[0-9]{1,2})(?::(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?)?\s*[时点hH]?"
)
#: A longer cell is no time.
_LONGEST = 64
_THOUSANDS = {
    ".": re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?"),
    ",": re.compile(r"[+-]?[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]+)?"),
}


_DAY = np.timedelta64(86400, "s")


def moments_by_format(
    text: pd.Series[str], form: str, last_year: int, *, whole_days: bool = False
) -> tuple[NDArray[np.datetime64], pd.Series[str]]:
    """Return the times of cells of one form, NaT where there is none, and why.

    Args:
        text: the cells.
        form: signs of ``strptime``, hours from 0 to 24; or ``excel``.
        last_year: later years are slips.
        whole_days: True where the cells name days: 24:00 is then the day that ends.

    >>> moments_by_format(pd.Series(["2024 1 31 24"]), "%Y %m %d %H", 2025)[0].astype(str).tolist()
    ['2024-02-01T00:00:00']
    >>> moments_by_format(pd.Series(["45292"]), "excel", 2025)[0].astype(str).tolist()
    ['2024-01-01T00:00:00']
    """
    if form == EXCEL:
        return times(text, last_year=last_year, serial=True, whole_days=whole_days)
    codes, distinct = pd.factorize(text.to_numpy(dtype=object))
    moments = np.full(len(distinct), np.datetime64("NaT", "s"))
    why = np.full(len(distinct), "", dtype=object)
    for at, cell in enumerate(distinct):
        if cell.strip().lower() in MISSING:
            why[at] = "no date"
            continue
        read, ends = _read(cell, form)
        if read is None:
            why[at] = f"not a date of the form {form}"
            continue
        if not FIRST_YEAR <= read.year <= last_year:
            why[at] = f"the year is not within {FIRST_YEAR} to {last_year}"
            continue
        moments[at] = np.datetime64(read, "s") + _DAY * (ends and not whole_days)
    if whole_days:
        moments = moments.astype("datetime64[D]").astype("datetime64[s]")
    return moments[codes], pd.Series(why[codes], index=text.index, dtype="str")


def _read(cell: str, form: str) -> tuple[datetime | None, bool]:
    """Return the time of a cell, and whether it is the 24:00 that ends its day; None if unread."""
    try:
        return datetime.strptime(cell, form), False  # noqa: DTZ007 - local times have no zone here
    except ValueError:
        if "%H" not in form or len(cell) > _LONGEST:
            return None, False
    # An hour of 24 is all that keeps such a cell from being read: 24 anywhere else stays with it.
    for at in range(len(cell) - 1):
        if cell[at : at + 2] != "24":
            continue
        try:
            read = datetime.strptime(f"{cell[:at]}00{cell[at + 2 :]}", form)  # noqa: DTZ007
        except ValueError:
            continue
        return (read, True) if read.time() == time() else (None, False)
    return None, False


def clock(text: pd.Series[str]) -> NDArray[np.timedelta64]:
    """Return times of day (``8``, ``08:00``, ``8时``, ``24``) as time since midnight, else NaT."""
    codes, distinct = pd.factorize(text.to_numpy(dtype=object))
    seconds = np.full(len(distinct), np.timedelta64("NaT", "s"))
    for at, cell in enumerate(distinct):
        found = _CLOCK.fullmatch(cell.strip())
        if found is None:
            continue
        hour, minute, second = (int(found[part] or 0) for part in ("hour", "minute", "second"))
        if hour * 3600 + minute * 60 + second <= 86400 and minute < 60 and second < 60:
            seconds[at] = np.timedelta64(hour * 3600 + minute * 60 + second, "s")
    return seconds[codes]


def plain_numbers(
    text: pd.Series[str], reading: Reading
) -> tuple[pd.Series[str], NDArray[np.bool_]]:
    """Return cells without marks of "no value", thousands and decimal commas; and the wrong ones."""
    marks = MISSING | {mark.strip().lower() for mark in reading.missing}
    codes, distinct = pd.factorize(text.to_numpy(dtype=object))
    plain = np.empty(len(distinct), dtype=object)
    bad = np.zeros(len(distinct), bool)
    thousand = "," if reading.decimal == "." else "."
    for at, cell in enumerate(distinct):
        bare = cell.strip()
        if bare.lower() in marks:
            plain[at] = ""
            continue
        if thousand in bare:
            # 1.234 in a table with decimal commas is a thousand or a slip; only full groups count.
            if _THOUSANDS[reading.decimal].fullmatch(bare):
                bare = bare.replace(thousand, "")
            else:
                bad[at] = True
        if reading.decimal == ",":
            bare = bare.replace(",", ".")
        if reading.zero_is_missing and re.fullmatch(r"[+-]?0+(?:\.0*)?", bare):
            bare = ""
        plain[at] = bare
    cells = pd.Series(plain[codes], index=text.index, dtype="str")
    return cells, bad[codes]
