"""Which past days to forecast from: years with start months, or days themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta

from forecast.errors import UsageError

__all__ = ["START_MONTHS", "days_before", "named_origins", "start_months"]

#: Months that forecasts start in unless others are named.
START_MONTHS: tuple[int, ...] = (1, 4, 7, 10)

_RANGE = re.compile(r"(\d{4})\s*\.\.\s*(\d{4})")
_YEAR = re.compile(r"\d{4}")
_FIRST_YEAR, _LAST_YEAR = 1980, 2100


def start_months(text: str | None) -> tuple[int, ...]:
    """Return the months of ``text`` (``1,4,7,10``), ascending; the quarters where it is None.

    Raises:
        UsageError: not months.
    """
    if text is None:
        return START_MONTHS
    parts = [p.strip() for p in text.split(",")]
    if not all(p.isdigit() and 1 <= int(p) <= 12 for p in parts):
        raise UsageError(
            f"--months {text} is not a list of months.", "Write it such as 1,4,7,10, each 1 to 12."
        )
    return tuple(sorted({int(p) for p in parts}))


def days_before(years: Iterable[int], months: Iterable[int]) -> tuple[date, ...]:
    """Return the last day before each start month of each year, ascending.

    >>> [str(d) for d in days_before([2019], [1, 4])]
    ['2018-12-31', '2019-03-31']
    """
    chosen = tuple(months)
    return tuple(sorted({date(y, m, 1) - timedelta(days=1) for y in years for m in chosen}))


def named_origins(text: str, months: str | None) -> tuple[date, ...]:
    """Return the origins of ``--origins``: ``2015..2019``, ``2016,2018``, or days.

    Years stand for the years that are forecast, from the first day of each start month; a day is
    the last day that may be used.

    Raises:
        UsageError: neither years nor days, years of no readings, or months beside days.

    >>> [str(d) for d in named_origins("2018..2019", "1")]
    ['2017-12-31', '2018-12-31']
    >>> [str(d) for d in named_origins("2019-06-30", None)]
    ['2019-06-30']
    """
    years: list[int] = []
    days: list[date] = []
    for part in (p.strip() for p in text.split(",")):
        span = _RANGE.fullmatch(part)
        if span:
            first, last = int(span[1]), int(span[2])
            if first > last:
                raise UsageError(f"--origins {part} runs backwards.", f"Write {last}..{first}.")
            years += range(first, last + 1)
        elif _YEAR.fullmatch(part):
            years.append(int(part))
        else:
            try:
                days.append(date.fromisoformat(part))
            except ValueError as error:
                raise UsageError(
                    f"--origins {part} is neither a year, a span of years nor a day.",
                    "Write it as 2015..2019, 2016,2018 or 2019-06-30.",
                ) from error
    wrong = [y for y in (*years, *(d.year for d in days)) if not _FIRST_YEAR <= y <= _LAST_YEAR]
    if wrong:
        raise UsageError(
            f"--origins: {wrong[0]} is not a year of readings.", "Give one such as 2019."
        )
    if days and not years and months is not None:
        raise UsageError(
            "--months has no meaning beside days of --origins.", "Leave it out, or give years."
        )
    return tuple(sorted({*days, *days_before(years, start_months(months))}))
