"""When a record is long enough for a conclusion on its trend, and what is said where it is not.

A rule of this package, not of a standard: five years. It is what the exact interval of annual
values needs for 95 % (:mod:`forecast.trend.annual`) and what Daniel's test asks for. With three or
four values of each calendar month the season is not known well enough to be taken off. PM2.5 of 14
Chinese cities from 2013-12 to 2020-11, windows half a year apart: of 36 to 48 months 10 of 222
slopes whose interval left zero out went against Sen's seasonal slope, and 6 of 246 pairs of
neighbouring windows had such slopes of opposite signs; of 60 or 72 months none of 59 and 53 did.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.trend.wording import number_text

__all__ = [
    "FEWEST_MONTHS_OF_A_STRETCH",
    "FEWEST_MONTHS_TO_CONCLUDE",
    "FEWEST_YEARS_TO_CONCLUDE",
    "NO_CONCLUSION",
    "opposite_signs",
    "short_record",
]

#: Annual values on which a conclusion can rest; months: as many times twelve.
FEWEST_YEARS_TO_CONCLUDE = 5
FEWEST_MONTHS_TO_CONCLUDE = 12 * FEWEST_YEARS_TO_CONCLUDE
#: Months of a stretch between two breaks from which it counts: below two years a season and a
#: slope can't be told apart.
FEWEST_MONTHS_OF_A_STRETCH = 24
#: Share of the months that must have a value, as of the days of a month in a review.
_MEASURED = 0.75

#: What stands in place of a direction and its significance: Chinese, English.
NO_CONCLUSION: tuple[str, str] = (
    f"不足{FEWEST_YEARS_TO_CONCLUDE}年，不作趋势结论",
    "fewer than five years: no conclusion",
)
_GAPS: tuple[str, str] = (
    f"有值的月份不足{FEWEST_YEARS_TO_CONCLUDE}年的四分之三，不作趋势结论",
    "fewer months with a value than three quarters of five years: no conclusion",
)
_OPPOSITE: tuple[str, str] = (
    "斜率 {one} 与季节 Sen 斜率 {other} 方向相反",
    "the slope {one} and Sen's seasonal slope {other} differ in sign",
)


def short_record(monthly: pd.Series, part: NDArray[np.int64] | None = None) -> tuple[str, str]:
    """Why a monthly record is too short for a conclusion, in Chinese and English.

    Five years, 60 months from the first to the last, three quarters of them with a value. Where
    the basis changed the stretches are added up, those under two years left out. A series of some
    calendar months alone (a season) counts those months: five summers are 15.

    Args:
        monthly: every month from first to last [unit]; NaN is missing.
        part: number of the stretch of each month, shape (month,), below 0 for none; None: one.

    Returns:
        Two empty texts where the record is long enough.

    >>> months = pd.date_range("2020-01-01", periods=60, freq="MS")
    >>> whole = pd.Series(np.arange(60.0), index=months)
    >>> short_record(whole), short_record(whole[1:])[0]
    (('', ''), '不足5年，不作趋势结论')
    """
    known = monthly.notna().to_numpy()
    calendar = pd.DatetimeIndex(monthly.index).month.to_numpy()
    inside = np.isin(calendar, calendar[known])
    own = np.zeros(len(known), dtype=np.int64) if part is None else part
    kinds = len(np.unique(calendar[known])) or 12
    span = measured = 0
    for stretch in np.unique(own[own >= 0]):
        at = np.flatnonzero(known & (own == stretch))
        if not at.size:
            continue
        length = int(inside[at[0] : at[-1] + 1].sum())
        if 12 * length >= FEWEST_MONTHS_OF_A_STRETCH * kinds:
            span, measured = span + length, measured + at.size
    wanted = FEWEST_YEARS_TO_CONCLUDE * kinds
    if span < wanted:
        return NO_CONCLUSION
    return _GAPS if measured < _MEASURED * wanted else ("", "")


def opposite_signs(slope: float, seasonal: float) -> tuple[str, str]:
    """Say that two slopes of one record go opposite ways, in Chinese and English; else nothing.

    Args:
        slope: Theil-Sen slope [unit per 365 days].
        seasonal: Sen's seasonal slope of the same months [unit per year].

    >>> opposite_signs(2.7, 0.9), opposite_signs(2.7, -0.92)[1]
    (('', ''), "the slope +2.70 and Sen's seasonal slope -0.920 differ in sign")
    """
    if not slope * seasonal < 0:
        return "", ""
    texts = {"one": number_text(slope), "other": number_text(seasonal)}
    zh, en = _OPPOSITE
    return zh.format(**texts), en.format(**texts)
