"""Text cells to numbers and times, whole columns at once; what can't be read is said, not guessed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["FIRST_YEAR", "MISSING", "Numbers", "numbers", "times"]

#: How the sources write that there is no value.
MISSING = frozenset(
    ["", "-", "--", "—", "——", "－", "*", "/", "na", "n/a", "nan", "null", "none", "-999", "-999.0",
     "-9999", "-99", "停测", "缺测"]
)  # fmt: skip

#: No routine network of this country is older; an earlier year is a slip of the pen.
FIRST_YEAR = 1980

_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?"
_DAY = (
    r"(?P<year>[0-9]{4})(?:(?P<part>[-/.年])(?P<month>[0-9]{1,2})(?:[-/.月])(?P<day>[0-9]{1,2})日?"
    r"|(?P<month2>[0-9]{2})(?P<day2>[0-9]{2}))"
    r"(?:[T ]+(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.0+)?)?)?"
)


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


def numbers(text: pd.Series[str]) -> Numbers:
    """Read a column of numbers.

    >>> read = numbers(pd.Series(["1.5", "--", "0.02L", "abc"]))
    >>> read.values.tolist(), read.bad.tolist()
    ([1.5, nan, 0.02, nan], [False, False, False, True])
    """
    # Columns repeat few distinct cells, so each is read once.
    codes, distinct = pd.factorize(text.to_numpy(dtype=object))
    cells = pd.Series(distinct, dtype="str")
    missing = cells.str.lower().isin(MISSING).to_numpy(bool)
    below = cells.str.fullmatch(rf"<\s*{_NUMBER}|{_NUMBER}\s*[Ll]").to_numpy(bool)
    bare = cells.str.replace(r"[<Ll\s]", "", regex=True)
    readable = cells.str.fullmatch(_NUMBER).to_numpy(bool) | below
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


def times(text: pd.Series[str], *, last_year: int) -> tuple[NDArray[np.datetime64], pd.Series[str]]:
    """Read a column of days or times: ``2015-01-31``, ``2015/1/31``, ``20150131``,
    ``2015年1月31日``, each with or without ``08:00``.

    Args:
        text: the cells.
        last_year: later years are slips of the pen.

    Returns:
        Times to the second, NaT where there is none; and why, empty where there is one.
    """
    codes, distinct = pd.factorize(text.to_numpy(dtype=object))
    cells = pd.Series(distinct, dtype="str")
    parts = cells.str.extract(f"^{_DAY}$")
    known = cells.str.fullmatch(_DAY).to_numpy(bool)

    def part(name: str, other: str = "") -> pd.Series[int]:
        column = parts[name]
        if other:
            column = column.where(column.notna(), parts[other])
        return column.where(column.notna(), "0").astype("int64")

    fields = pd.DataFrame(
        {
            "year": part("year"),
            "month": part("month", "month2"),
            "day": part("day", "day2"),
            "hour": part("hour"),
            "minute": part("minute"),
            "second": part("second"),
        }
    )
    # 24:00 is the midnight that ends a day.
    midnight = (fields["hour"] == 24) & (fields["minute"] == 0) & (fields["second"] == 0)
    fields.loc[midnight, "hour"] = 0
    moments = pd.to_datetime(fields, errors="coerce").to_numpy("datetime64[s]")
    moments = moments + midnight.to_numpy().astype("timedelta64[D]").astype("timedelta64[s]")
    on_clock = (fields["hour"] < 24) & (fields["minute"] < 60) & (fields["second"] < 60)
    exists = ~np.isnat(moments) & known & on_clock.to_numpy()
    year = fields["year"].to_numpy()
    inside = (year >= FIRST_YEAR) & (year <= last_year)
    why = np.select(
        [cells.str.lower().isin(MISSING).to_numpy(bool), ~known, ~exists, ~inside],
        ["no date", "not a date", "this date does not exist",
         f"the year is not within {FIRST_YEAR} to {last_year}"],
        default="",
    )  # fmt: skip
    moments[why != ""] = np.datetime64("NaT", "s")
    return moments[codes], pd.Series(why[codes], index=text.index, dtype="str")
