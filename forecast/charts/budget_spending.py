"""When a budget of bad days is spent: observed, by the forecast, or as in earlier years."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

__all__ = ["Spending", "spending_words", "spent_on"]

Words = tuple[str, str]


class Spending(NamedTuple):
    """The day that is marked, whether it was observed, and what is said, as (zh, en)."""

    day: pd.Timestamp | None
    observed: bool
    words: list[Words]


def spent_on(left: pd.Series, dates: pd.Series) -> pd.Timestamp | None:
    """First day at whose end no bad day is left, None where some always are; NaN is passed over.

    >>> days = pd.Series(pd.date_range("2025-01-01", periods=3))
    >>> str(spent_on(pd.Series([2.0, 0.0, -1.0]), days))[:10]
    '2025-01-02'
    """
    # A hair above zero is the rounding of a sum of shares.
    at = np.flatnonzero(left.to_numpy(dtype=np.float64) <= 1e-9)
    return pd.Timestamp(dates.iloc[int(at[0])]) if at.size else None


def spending_words(table: pd.DataFrame) -> Spending:
    """Find the day on which nothing is left, and say it.

    Args:
        table: one row a day with ``date``, ``status``, ``left`` and, where they are known,
            ``forecast_low``, ``forecast_middle`` and ``left_if_as_before``.
    """
    day = spent_on(table["left"], table["date"])
    if day is not None:
        return Spending(day, True, [_on("已于", "spent on", day)])
    ahead = table[table["status"] == "to come"]
    if "forecast_middle" in table:
        heads = ("预测中位数", "median of the forecast: spent on")
        ends = ("预测中位数：年末还剩", "median of the forecast, left on 31 Dec:")
        day, more = spent_on(ahead["forecast_middle"], ahead["date"]), _early(ahead)
        left = table["forecast_middle"].iloc[-1]
    elif "left_if_as_before" in table:
        heads = ("余下如往年平均，将于", "if the rest is as in earlier years, spent on")
        ends = ("余下如往年平均，年末还剩", "left on 31 Dec if the rest is as in earlier years:")
        day, more = spent_on(ahead["left_if_as_before"], ahead["date"]), []
        left = table["left_if_as_before"].iloc[-1]
    else:
        return Spending(None, False, [])
    if day is not None:
        return Spending(day, False, [_on(*heads, day), *more])
    if not np.isfinite(left) or ahead.empty:
        return Spending(None, False, [])
    return Spending(None, False, [(f"{ends[0]} {left:.0f} 天", f"{ends[1]} {left:.0f}"), *more])


def _on(zh: str, en: str, day: pd.Timestamp) -> Words:
    return (f"▼ {zh}{day.month}月{day.day}日用完", f"▼ {en} {day:%d} {day.month_name()[:3]}")


def _early(ahead: pd.DataFrame) -> list[Words]:
    """When it is spent in the tenth of the futures that spend it first."""
    day = spent_on(ahead["forecast_low"], ahead["date"])
    if day is None:
        return [("九成情形下年内用不完", "not spent in nine tenths of the futures")]
    return [
        (f"一成情形下{day.month}月{day.day}日前已用完",
         f"in a tenth of the futures spent by {day:%d} {day.month_name()[:3]}")
    ]  # fmt: skip
