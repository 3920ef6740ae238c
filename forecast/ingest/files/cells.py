"""Text cells to numbers and times, whole columns at once; what can't be read is said, not guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from forecast.ingest.files.decoding import clean_cell
from forecast.ingest.files.grid import frame_of
from forecast.ingest.files.plain_cells import MISSING, NUMBER, plain_numbers, plain_times

__all__ = ["FIRST_YEAR", "MISSING", "Numbers", "numbers", "times"]

#: No routine network of this country is older; an earlier year is a slip of the pen.
FIRST_YEAR = 1980

#: No number, day or time of a table has more signs: a longer cell is text, and is not looked into.
_LONGEST = 64

#: Local time of all readings, ahead of UTC [s].
_LOCAL = 8 * 3600

_EXPONENT = r"(?:[eE][+-]?[0-9]{1,3})?"
#: Groups of three digits: told from a decimal comma by a second group or by the point.
_GROUPED = r"[+-]?[1-9][0-9]{0,2}(?:(?:,[0-9]{3}){2,}(?:\.[0-9]*)?|,[0-9]{3}\.[0-9]*)"
_ONE_GROUP = r"[+-]?[1-9][0-9]{0,2},[0-9]{3}"
_WITH_COMMA = (
    rf"[+-]?[0-9]{{1,3}}(?:\.[0-9]{{3}})+,[0-9]*|[+-]?(?:[0-9]+(?:,[0-9]+)?|,[0-9]+){_EXPONENT}"
)

_CLOCK = (
    r"(?:(?:[T ]+)(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.0+)?)?"
    r"(?: ?(?P<half>[AaPp][Mm]))?"
    r"(?P<zone>Z| ?[+-][0-9]{2}:?[0-9]{2})?)?"
)
_DAY = (
    r"(?P<year>[0-9]{4})(?:(?P<part>[-/.年])(?P<month>[0-9]{1,2})(?:[-/.月])(?P<day>[0-9]{1,2})日?"
    r"|(?P<month2>[0-9]{2})(?P<day2>[0-9]{2}))"
)
_HOUR = re.compile(r"(?<=[日T ])\s*(?P<hour>[0-9]{1,2})时(?:(?P<minute>[0-9]{1,2})分)?$")
_NO_YEAR = r"(?P<month>[0-9]{1,2})[-/.月](?P<day>[0-9]{1,2})日?"
_YEAR_ELSEWHERE = (
    r"(?P<a>[0-9]{1,2})(?P<mark>[/-])(?P<b>[0-9]{1,2})(?P<mark2>[/-])(?P<c>[0-9]{4}|[0-9]{2})"
)
_SERIAL = r"[2-7][0-9]{4}(?:\.[0-9]+)?|80000"

_NO_DATE, _NOT_A_DATE, _NOT_REAL = "no date", "not a date", "this date does not exist"
_A_SERIAL = (
    "not a date but a number as Excel counts days; format the column as dates in Excel, or read the "
    'file by a mapping with format = "excel"'
)
_UNSURE = "the order of day, month and year is not certain"
_OTHER_ZONE = "the time is of another zone than +08:00"


@dataclass(frozen=True)
class Numbers:
    """A column of numbers, shape ``(row,)`` each.

    Attributes:
        values: the numbers, NaN where missing or unreadable.
        missing: the cell says that there is no value.
        bad: the cell can't be read.
        censored: the cell says "below" (``<0.02`` or ``0.02L``); the value is the limit.
    """

    values: NDArray[np.float64]
    missing: NDArray[np.bool_]
    bad: NDArray[np.bool_]
    censored: NDArray[np.bool_]


def numbers(text: pd.Series[str], *, decimal_comma: bool = False) -> Numbers:
    """Read a column of numbers.

    A comma between groups of three digits is read where it can be nothing else (``1,234.5``,
    ``1,234,567``) and then, as ``1,234``, in the rest of the column; elsewhere it could be a
    decimal comma, and the cell is bad. So is a number with a unit behind it.

    Args:
        text: the cells.
        decimal_comma: True where the source writes ``1.234,5`` for 1234.5.

    >>> read = numbers(pd.Series(["1.5", "--", "0.02L", "abc", "１２", "12 mg/L"]))
    >>> read.values.tolist(), read.bad.tolist()
    ([1.5, nan, 0.02, nan, 12.0, nan], [False, False, False, True, False, True])
    >>> numbers(pd.Series(["1,234.5", "1,234"])).values.tolist()
    [1234.5, 1234.0]
    >>> numbers(pd.Series(["1,234", "7"])).bad.tolist()
    [True, False]
    >>> numbers(pd.Series(["1.234,5", "0,7"]), decimal_comma=True).values.tolist()
    [1234.5, 0.7]
    """
    codes, words = _distinct(text)
    if not decimal_comma and (quick := plain_numbers(words)) is not None:
        never = np.zeros(len(codes), dtype=bool)
        return Numbers(quick[0][codes], quick[1][codes], bad=never, censored=never.copy())
    cells = pd.Series(words, dtype="str")
    missing = cells.str.lower().isin(MISSING).to_numpy(bool)
    if decimal_comma:
        comma = cells.str.fullmatch(_WITH_COMMA)
        plain = cells.str.replace(".", "", regex=False).str.replace(",", ".", regex=False)
        cells = plain.where(comma, cells.where(~cells.str.fullmatch(NUMBER), "?"))
    else:
        grouped = cells.str.fullmatch(_GROUPED)
        if grouped.any():
            grouped |= cells.str.fullmatch(_ONE_GROUP)
            cells = cells.str.replace(",", "", regex=False).where(grouped, cells)
    below = cells.str.fullmatch(rf"<\s*{NUMBER}|{NUMBER}\s*[Ll]").to_numpy(bool)
    bare = cells.str.replace(r"[<Ll\s]", "", regex=True)
    readable = cells.str.fullmatch(NUMBER).to_numpy(bool) | below
    values = np.full(len(cells), np.nan)
    good = readable & ~missing
    values[good] = [float(cell) for cell in bare[good]]
    endless = np.isinf(values)
    values[endless] = np.nan
    readable &= ~endless
    return Numbers(
        values=values[codes],
        missing=missing[codes],
        bad=(~readable & ~missing)[codes],
        censored=below[codes],
    )


def _distinct(text: pd.Series[str]) -> tuple[NDArray[np.intp], list[str]]:
    """Return the place of each cell among the distinct ones; columns repeat few."""
    codes, distinct = pd.factorize(text)
    words = [_short(clean_cell(str(cell))) for cell in distinct]
    if len(codes) and codes.min() < 0:
        # A cell without text at all; sheets have none, other tables may.
        codes = np.where(codes < 0, len(words), codes)
        words.append("")
    return codes, words


def _short(cell: str) -> str:
    return cell if len(cell) <= _LONGEST else "?"


def times(
    text: pd.Series[str],
    *,
    last_year: int,
    year: int | None = None,
    order: Literal["", "mdy", "dmy", "ymd"] = "",
    serial: bool = False,
    convert_zones: bool = False,
    whole_days: bool = False,
) -> tuple[NDArray[np.datetime64], pd.Series[str]]:
    """Read a column of days or times: ``2015-01-31``, ``2015/1/31``, ``20150131``,
    ``2015年1月31日``, each with or without ``08:00``, ``8时``, ``08:00 AM`` or ``T08:00:00+08:00``.

    ``1/31/15`` and ``31/1/2015`` are read where the whole column allows one order of day, month
    and year only.

    Args:
        text: the cells.
        last_year: later years are slips of the pen.
        year: the year of cells without one, such as ``05-10 08:05``; None: they are no dates.
        order: that of ``1/2/15``, where the source is known to have it.
        serial: True where a bare number of 20000 to 80000 is Excel's count of days.
        convert_zones: True where times of other zones are to be moved to +08:00, all others being
            taken as of +08:00; by default they are refused.
        whole_days: True where the cells name days: the time of day is read and left out, so that
            24:00 is the day that ends and not the next one.

    Returns:
        Times to the second, NaT where there is none; and why, empty where there is one.

    >>> [str(t) for t in times(pd.Series(["2013-01-01 12:30 AM"]), last_year=2020)[0]]
    ['2013-01-01T00:30:00']
    >>> found, why = times(pd.Series(["7/2/25", "7/13/25", "3/7/25"]), last_year=2025)
    >>> [str(t)[:10] for t in found]
    ['2025-07-02', '2025-07-13', '2025-03-07']
    >>> times(pd.Series(["7/2/25"]), last_year=2025)[1].tolist()
    ['the order of day, month and year is not certain']
    """
    codes, words = _distinct(text)
    plain = plain_times(words)
    if plain is not None:
        moments, missing = plain
        if whole_days:
            moments = moments.astype("datetime64[D]").astype("datetime64[s]")
        why = np.where(missing, _NO_DATE, "").astype(object)
    else:
        moments, why = _rare_times(
            pd.Series(words, dtype="str"), last_year=last_year, year=year, order=order,
            serial=serial, convert_zones=convert_zones, whole_days=whole_days,
        )  # fmt: skip
    found = moments.astype("datetime64[Y]").astype(np.int64) + 1970
    outside = ~np.isnat(moments) & (why == "") & ((found < FIRST_YEAR) | (found > last_year))
    why[outside] = f"the year is not within {FIRST_YEAR} to {last_year}"
    moments[why != ""] = np.datetime64("NaT", "s")
    return moments[codes], pd.Series(why[codes], index=text.index, dtype="str")


def _rare_times(
    cells: pd.Series[str],
    *,
    last_year: int,
    year: int | None,
    order: str,
    serial: bool,
    convert_zones: bool,
    whole_days: bool,
) -> tuple[NDArray[np.datetime64], NDArray[np.object_]]:
    """Return times and why there is none, of distinct cells in any form; see ``times``."""
    if cells.str.endswith(("时", "分")).any():
        cells = cells.str.replace(_HOUR, _with_colon, regex=True)
    count = len(cells)
    moments = np.full(count, np.datetime64("NaT", "s"))
    why = np.full(count, _NOT_A_DATE, dtype=object)
    why[cells.str.lower().isin(MISSING).to_numpy(bool)] = _NO_DATE

    clock = _Clock(cells, whole_days)
    for pattern, given in ((_DAY, None), (_NO_YEAR, year)):
        if pattern is _NO_YEAR and (given is None or not (why == _NOT_A_DATE).any()):
            continue
        parts = _parts(cells, pattern)
        if pattern is _DAY:
            years = _whole(parts["year"])
            # One of the two forms matched; the other's parts are blank.
            months, days = (_whole(parts[name] + parts[f"{name}2"]) for name in ("month", "day"))
            known = (parts["year"] != "").to_numpy(bool)
        else:
            years = np.full(count, given, dtype=np.int64)
            months, days = _whole(parts["month"]), _whole(parts["day"])
            known = (parts["month"] != "").to_numpy(bool)
        _fill(moments, why, known, _days(years, months, days), clock, parts)
    if (why == _NOT_A_DATE).any():
        _elsewhere(cells, moments, why, clock, order, last_year)
    if serial:
        numbered = cells.str.fullmatch(_SERIAL).to_numpy(bool)
        seconds = np.round(cells[numbered].astype("float64").to_numpy() * 86400).astype(np.int64)
        if whole_days:
            seconds -= seconds % 86400
        moments[numbered] = np.datetime64("1899-12-30", "s") + seconds.astype("timedelta64[s]")
        why[numbered] = ""
    elif (why == _NOT_A_DATE).any():
        numbered = cells.str.fullmatch(_SERIAL).to_numpy(bool)
        why[numbered & (why == _NOT_A_DATE)] = _A_SERIAL

    other = ~np.isnat(moments) & clock.zoned & (clock.offset != _LOCAL)
    if convert_zones:
        moments[other] += (_LOCAL - clock.offset[other]).astype("timedelta64[s]")
    else:
        why[other] = _OTHER_ZONE
    return moments, why


def _with_colon(hour: re.Match[str]) -> str:
    return f" {hour['hour']}:{hour['minute'] or '0':0>2}"


class _Clock:
    """The time of day of each cell [s], and its zone [s ahead of UTC], filled form by form."""

    def __init__(self, cells: pd.Series[str], whole_days: bool) -> None:
        self.whole_days = whole_days
        self.zoned = np.zeros(len(cells), dtype=bool)
        self.offset = np.zeros(len(cells), dtype=np.int64)

    def seconds(self, parts: pd.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the time of day, and whether there is such a time."""
        hour, minute, second = (_whole(parts[name]) for name in ("hour", "minute", "second"))
        half = parts["half"].str.lower().to_numpy(dtype=object)
        twelve = half != ""
        real = np.where(twelve, (hour >= 1) & (hour <= 12), hour < 24)
        hour = np.where(twelve, hour % 12 + 12 * (half == "pm"), hour)
        # 24:00 is the midnight that ends a day.
        real |= (hour == 24) & (minute == 0) & (second == 0) & ~twelve
        real &= (minute < 60) & (second < 60)
        zone = parts["zone"]
        zoned = (zone != "").to_numpy(bool)
        self.zoned |= zoned
        sign = np.where(zone.str.contains("-", regex=False).to_numpy(bool), -1, 1)
        digits = zone.str.replace(r"[Z: +-]", "", regex=True)
        hours, minutes = _whole(digits.str.slice(0, 2)), _whole(digits.str.slice(2, 4))
        self.offset = np.where(zoned, sign * (hours * 3600 + minutes * 60), self.offset)
        real &= (hours <= 14) & (minutes < 60)
        if self.whole_days:
            return np.zeros(len(parts), dtype=np.int64), real
        return hour * 3600 + minute * 60 + second, real


def _parts(cells: pd.Series[str], day: str) -> pd.DataFrame:
    """Return the named parts of a day and the time behind it, blank where there are none."""
    # Arrow's expressions are several times as fast as Python's on columns of distinct times.
    text = pa.array(cells.to_numpy(dtype=object), pa.large_string())
    found = pc.extract_regex(text, f"^(?:{day}){_CLOCK}$")
    columns = [pc.fill_null(pc.struct_field(found, [at]), "") for at in range(len(found.type))]
    parts = frame_of([pa.chunked_array([column]) for column in columns], cells.index)
    parts.columns = pd.Index([part.name for part in found.type])
    return parts


def _whole(text: pd.Series[str]) -> NDArray[np.int64]:
    """Return digits as numbers, 0 where there are none."""
    return np.asarray(text.where(text != "", "0").astype("int64"), dtype=np.int64)


def _days(
    years: NDArray[np.int64], months: NDArray[np.int64], days: NDArray[np.int64]
) -> NDArray[np.datetime64]:
    """Return days, NaT where there is no such day."""
    inside = (months >= 1) & (months <= 12) & (days >= 1) & (years >= 1)
    first = (np.where(inside, years, 1970) - 1970) * 12 + np.where(inside, months, 1) - 1
    start = first.astype("datetime64[M]")
    found = start.astype("datetime64[D]") + (np.where(inside, days, 1) - 1).astype("timedelta64[D]")
    inside &= found.astype("datetime64[M]") == start
    return np.where(inside, found, np.datetime64("NaT", "D"))


def _fill(
    moments: NDArray[np.datetime64],
    why: NDArray[np.object_],
    known: NDArray[np.bool_],
    days: NDArray[np.datetime64],
    clock: _Clock,
    parts: pd.DataFrame,
) -> None:
    """Put day and time of day together where ``known``."""
    seconds, real = clock.seconds(parts)
    real &= ~np.isnat(days)
    taken = known & real
    moments[taken] = days[taken].astype("datetime64[s]") + seconds[taken].astype("timedelta64[s]")
    why[known] = np.where(real[known], "", _NOT_REAL)


def _elsewhere(
    cells: pd.Series[str],
    moments: NDArray[np.datetime64],
    why: NDArray[np.object_],
    clock: _Clock,
    order: str,
    last_year: int,
) -> None:
    """Read days whose year stands last, or has two digits.

    Of the three orders those stay that give a day for every cell of the column that has one in
    any order. A cell is read where all of these that apply to it say the same day.
    """
    parts = _parts(cells, _YEAR_ELSEWHERE)
    known = ((parts["a"] != "") & (parts["mark"] == parts["mark2"])).to_numpy(bool)
    if not known.any():
        return
    a, b, c = (_whole(parts[name]) for name in "abc")
    short = (parts["c"].str.len() == 2).to_numpy(bool)
    first_short = (parts["a"].str.len() == 2).to_numpy(bool)

    def full(years: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.where(years + 2000 <= last_year, years + 2000, years + 1900)

    never = np.full(len(cells), np.datetime64("NaT", "D"))
    last = np.where(short, full(c), c)
    ymd = np.where(short & first_short, _days(full(a), b, c), never)
    readings = {"mdy": _days(last, a, b), "dmy": _days(last, b, a), "ymd": ymd}
    for name, days in readings.items():
        years = days.astype("datetime64[Y]").astype(np.int64) + 1970
        readings[name] = np.where((years >= FIRST_YEAR) & (years <= last_year), days, never)
    if order:
        readings = {order: readings[order]}
    table = np.stack(list(readings.values()))
    table[:, ~known] = never[0]
    valid = ~np.isnat(table)
    possible = valid.any(axis=0)
    whole = valid[:, possible].all(axis=1)
    if whole.any():
        table, valid = table[whole], valid[whole]
    numbers = np.where(valid, table.astype(np.int64), np.iinfo(np.int64).min)
    latest = numbers.max(axis=0)
    earliest = np.where(valid, numbers, np.iinfo(np.int64).max).min(axis=0)
    agreed = possible & (latest == earliest)
    days = np.where(agreed, latest, 0).astype("datetime64[D]")
    _fill(moments, why, known, np.where(agreed, days, never), clock, parts)
    why[known & possible & ~agreed] = _UNSURE
