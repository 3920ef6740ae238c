"""The day, month, year or week that a file's own name says, for tables whose times lack the year."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath

from forecast.ingest.files.cells import FIRST_YEAR
from forecast.ingest.files.sheet import Sheet, stem

__all__ = ["Period", "monday", "period_named", "week_named", "without_week"]

#: 2020-05-10, 20200510, 2021-04, 202104, 2021年4月, 2021.
_PERIOD = re.compile(
    r"(?<![0-9])(?P<year>(?:19|20)[0-9]{2})"
    r"(?:(?:[-_.年](?P<month>[0-9]{1,2})(?![0-9])|(?P<month2>[0-9]{2}))"
    r"(?:[-_.月](?P<day>[0-9]{1,2})(?![0-9])|(?P<day2>[0-9]{2}))?)?(?![0-9])"
)

#: What makes a year in a name another thing: the year of an edition (v2020, 2018年新版), a number
#: of a report, the end of a time that began before.
_NOT_BEFORE = re.compile(
    r"(?:(?<![a-z])(?:v|ver|version|no|nr|id)|版本?|编号|序号|文号|报告号|批次|截至|截止|至|到)[\s.:：#_-]*$",
    re.IGNORECASE,
)
_NOT_AFTER = re.compile(r"\s*年?\s*(?:[新旧]|修订|试行)*版")

#: Several months, 2021年1-6月 or 3月至5月: no time that a single reading could have.
_MONTHS = re.compile(r"[0-9]{1,2}\s*月?\s*[-—–~～至到]\s*[0-9]{1,2}\s*月")

#: 2018年第5周, 2018年05期, 2018W05, 2018-W05, 2018_week5.
_WEEK = re.compile(
    r"(?<![0-9])(?P<year>(?:19|20)[0-9]{2})(?:\s*年\s*第?\s*(?P<week>[0-9]{1,2})\s*[周期]"
    r"|[-_ ]?(?:w|week)[-_ ]?(?P<week2>[0-9]{1,2}))(?![0-9])",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Period:
    """The first and the last day that a name stands for."""

    first: date
    last: date


def period_named(sheet: Sheet, *, last_year: int) -> Period | None:
    """Return the day, month or year in the name of the part, of the file, or of their folder.

    The nearest name that holds one decides: the part (worksheet, member of an archive), its
    folders, the file, the folder it lies in. A name with two different years, or with several
    months, says none; the year of an edition or a number of a report is no time.

    Args:
        sheet: the table.
        last_year: later years are no years.
    """
    for name in _names(sheet):
        if _MONTHS.search(name):
            return None
        found = [
            _period(match, last_year)
            for match in _PERIOD.finditer(name)
            if not _NOT_BEFORE.search(name[: match.start()])
            and not _NOT_AFTER.match(name[match.end() :])
        ]
        periods = [period for period in found if period is not None]
        if len({(p.first.year, p.last.year) for p in periods}) > 1:
            return None
        if periods:
            # The most exact of several: 2021_断面_2021-04.
            return min(periods, key=lambda p: p.last - p.first)
    return None


def week_named(sheet: Sheet, *, last_year: int) -> date | None:
    """Return the Monday of the week in the name of the part or the file, or None.

    >>> from pathlib import Path
    >>> import pandas as pd
    >>> week_named(Sheet(Path("2018年第05期.csv"), b"", "", "", pd.DataFrame(), {}), last_year=2025)
    datetime.date(2018, 1, 29)
    """
    for name in _names(sheet):
        found = _WEEK.search(name)
        if found is not None:
            year = int(found["year"])
            if FIRST_YEAR <= year <= last_year:
                return monday(year, int(found["week"] or found["week2"]))
    return None


def without_week(name: str) -> str:
    """Return a name without the week in it.

    >>> without_week("福建_2018年第5周"), without_week("2018W05")
    ('福建', '')
    """
    return _WEEK.sub("", name).strip(" _-·.()")


def monday(year: int, week: int) -> date | None:
    """Return the Monday of ISO week ``week`` of ``year``; None where there is no such week.

    >>> monday(2014, 2), monday(2014, 53)
    (datetime.date(2014, 1, 6), None)
    """
    try:
        return date.fromisocalendar(year, week, 1)
    except ValueError:
        return None


def _names(sheet: Sheet) -> list[str]:
    """Return the names that may say when, the nearest first."""
    part = PurePosixPath(sheet.part.replace("\\", "/"))
    inside = [
        stem(sheet.path.with_name(part.name)) if part.name else "",
        *reversed(part.parts[:-1]),
    ]
    return [name for name in (*inside, stem(sheet.path), sheet.path.parent.name) if name]


def _period(match: re.Match[str], last_year: int) -> Period | None:
    year = int(match["year"])
    month = int(match["month"] or match["month2"] or 0)
    day = int(match["day"] or match["day2"] or 0)
    if not FIRST_YEAR <= year <= last_year:
        return None
    if not month and not day:
        return Period(date(year, 1, 1), date(year, 12, 31))
    try:
        if day:
            return Period(date(year, month, day), date(year, month, day))
        last = calendar.monthrange(year, month)[1]
        return Period(date(year, month, 1), date(year, month, last))
    # A thirteenth month or a 31st of April: the digits mean something else.
    except ValueError:
        return None
