"""Which columns of a table hold its dates and times, and how they are written."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.ingest.files.cells import MISSING, times
from forecast.ingest.mapping.cells import clock, moments_by_format
from forecast.ingest.mapping.model import EXCEL

__all__ = ["ProposedTime", "proposed_time"]

#: Forms beside those that are read anyway. Pairs that differ in the order of day and month can't be
#: told apart where no day is above 12.
_FORMS = (
    "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y",
    "%Y%m%d%H", "%Y-%m-%d %H", "%Y/%m/%d %H", "%Y年%m月%d日%H时", "%Y年%m月%d日 %H时",
    "%Y%m%d%H%M", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M", "%d.%m.%Y %H:%M", "%d-%b-%Y", "%b %d %Y",
    "%d %b %Y", "%y-%m-%d", "%Y.%m.%d %H:%M",
)  # fmt: skip
_SWAPPED = {"%m/%d/%Y": "%d/%m/%Y", "%m/%d/%y": "%d/%m/%y", "%d-%m-%Y": "%m-%d-%Y",
            "%m/%d/%Y %H:%M": "%d/%m/%Y %H:%M"}  # fmt: skip

#: Forms of months without a day, read under the name of a date alone.
_MONTHS = ("%Y-%m", "%Y/%m", "%Y.%m", "%Y年%m月", "%Y%m")

#: Share of the cells that has to be readable.
_MOST = 0.9


@dataclass(frozen=True)
class ProposedTime:
    """The columns of the time.

    Attributes:
        columns: in the order in which a mapping joins them.
        format: form of ``strptime``; empty where the usual forms are read.
        hours: True where the lines are of hours.
        ends: True where an hour 24 shows that stamps are ends of hours.
        ambiguous: True where day and month could be exchanged.
        months: True where the cells name months without a day.
    """

    columns: tuple[str, ...]
    format: str = ""
    hours: bool = False
    ends: bool = False
    ambiguous: bool = False
    months: bool = False


def proposed_time(body: pd.DataFrame, roles: dict[str, str], last_year: int) -> ProposedTime | None:
    """Return the columns of the time of a table, or None where no column holds dates.

    Args:
        body: the data lines as text.
        roles: role → column, as the names tell.
        last_year: later years are slips.
    """
    candidates = [roles["date"]] if "date" in roles else []
    candidates += [str(c) for c in body.columns if c and str(c) not in candidates]
    for column in candidates[:30]:
        if column not in roles.values() or column == roles.get("date"):
            found = _one(body, column, roles, last_year)
            if found is not None:
                return found
    return _parts(body, roles, last_year)


def _readable(moments: NDArray[np.datetime64], text: pd.Series[str]) -> bool:
    there = ~text.str.lower().isin(MISSING).to_numpy(bool)
    return bool(there.any()) and float((~np.isnat(moments))[there].mean()) >= _MOST


def _one(
    body: pd.DataFrame, column: str, roles: dict[str, str], last_year: int
) -> ProposedTime | None:
    text = body[column]
    moments, _ = times(text, last_year=last_year)
    form, ambiguous = "", False
    if not _readable(moments, text):
        # Numbers are dates only under a name that says so.
        forms = (*_FORMS, EXCEL, *_MONTHS) if column == roles.get("date") else _FORMS
        for form in forms:
            moments, _ = moments_by_format(text, form, last_year)
            if _readable(moments, text):
                break
        else:
            return None
        other = _SWAPPED.get(form)
        if other is not None:
            ambiguous = _readable(moments_by_format(text, other, last_year)[0], text)
    seconds = moments[~np.isnat(moments)].astype("datetime64[s]")
    in_day = bool((seconds != seconds.astype("datetime64[D]")).any())
    if "hour" in roles and not in_day and not form:
        hours = clock(body[roles["hour"]])
        if (~np.isnat(hours)).mean() >= _MOST:
            last = bool((hours == np.timedelta64(86400, "s")).any())
            return ProposedTime((column, roles["hour"]), hours=True, ends=last)
    last = bool(text.str.contains(r"[T\s]24:00", regex=True).any())
    return ProposedTime(
        (column,), form, hours=in_day, ends=last, ambiguous=ambiguous, months=form in _MONTHS
    )


def _parts(body: pd.DataFrame, roles: dict[str, str], last_year: int) -> ProposedTime | None:
    """Return year, month, day and perhaps hour in columns of their own."""
    day = roles.get("monthday")
    if day is None:
        day = next((str(c) for c in body.columns if re.fullmatch(r"day", str(c), re.I)), None)
    if not {"year", "month"} <= set(roles):
        return None
    columns = [roles["year"], roles["month"], *([day] if day else [])]
    form = "%Y %m %d" if day else "%Y %m"
    if day and "hour" in roles:
        columns.append(roles["hour"])
        form += " %H"
    text = body[columns[0]]
    for column in columns[1:]:
        text = text + " " + body[column]
    moments, _ = moments_by_format(text, form, last_year)
    if not _readable(moments, text):
        return None
    hours = bool(day) and "hour" in roles
    ends = hours and bool((body[roles["hour"]].str.strip() == "24").any())
    return ProposedTime(tuple(columns), form, hours=hours, ends=ends, months=not day)
