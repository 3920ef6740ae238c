"""Times of records that are older than the networks of this country, such as gauges abroad."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.ingest.files.cells import FIRST_YEAR, times

__all__ = ["OLDEST_YEAR", "long_times"]

#: The oldest daily flows in public archives are of the first half of the 19th century.
OLDEST_YEAR = 1800

#: The calendar repeats after 400 years, which are this many days.
_CYCLE_YEARS, _CYCLE = 400, np.timedelta64(146_097, "D").astype("timedelta64[s]")


def long_times(
    text: pd.Series[str], *, last_year: int, whole_days: bool = False
) -> tuple[NDArray[np.datetime64], pd.Series[str]]:
    """Read a column of days or times as ``cells.times`` does, from ``OLDEST_YEAR`` on.

    >>> moments, _ = long_times(pd.Series(["1979-10-01", "2011-09-30", "1066-10-14"]), last_year=2025)
    >>> moments.astype("datetime64[D]").astype(str).tolist()
    ['1979-10-01', '2011-09-30', 'NaT']
    """
    moments, why = times(text, last_year=last_year, whole_days=whole_days)
    year = pd.to_numeric(text.str.extract(r"^([0-9]{4})")[0], errors="coerce")
    old = ((year >= OLDEST_YEAR) & (year < FIRST_YEAR)).to_numpy(bool)
    if not old.any():
        return moments, why
    cells = text[old]
    later = (year[old] + _CYCLE_YEARS).astype("int64").astype("str") + cells.str.slice(4)
    last = FIRST_YEAR + _CYCLE_YEARS
    read, reason = times(later, last_year=last, whole_days=whole_days)
    moments, why = moments.copy(), why.copy()
    moments[old] = read - _CYCLE
    why[old] = reason
    return moments, why
