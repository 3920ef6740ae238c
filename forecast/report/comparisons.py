"""Comparison of one city with itself: 同比, 环比 and the mean of three years, as tidy tables.

Every printed number is rounded once by the standard; a change is that of the printed numbers, so
that a reader can check it: concentrations and the composite index in percent, ratios in percentage
points, counts in days. A number without enough days is not printed and nothing is compared with it.
Earlier periods are judged by the AQI rules of the period they are compared with. Grade of the
practice: ratios in points and concentrations in percent, 同比 and 同比三年均值 as in published
bulletins (Sichuan, 2024-09); the days a month needs are those of GB 3095 Table 4 (verified), used
for the days with an AQI as well (our own choice).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.report.comparison_periods import (
    AQI_COUNTS,
    COMPARED,
    Numbers,
    Status,
    compared,
    crosses,
    mean_of,
    one_rule_year,
    period_numbers,
    printed_decimals,
)
from forecast.report.review_days import CityDays, year_days
from forecast.standards.indicators import indicator

__all__ = ["Span", "as_day", "change_unit", "month_comparison", "periods_of", "year_comparison"]

_MEAN_YEARS = 3


@dataclass(frozen=True)
class Span:
    """A month or quarter of a year.

    Attributes:
        key: ``01`` to ``12`` or ``Q1`` to ``Q4``.
        days: datetime64[D], up to the last day there is.
        whole: whether the period is over.
    """

    key: str
    days: NDArray[np.datetime64]
    whole: bool

    @property
    def quarter(self) -> bool:
        """Whether it is a quarter."""
        return self.key.startswith("Q")


def as_day(day: np.datetime64 | date) -> np.datetime64:
    """A day as numpy has it.

    >>> as_day(date(2025, 6, 30))
    np.datetime64('2025-06-30')
    """
    return np.datetime64(str(day)[:10], "D")


def change_unit(name: str) -> str:
    """Unit in which ``name`` changes: ``%``, ``points`` or ``days``.

    >>> change_unit("co_p95"), change_unit("good_day_ratio"), change_unit("heavy_days")
    ('%', 'points', 'days')
    """
    return {"%": "points", "days": "days"}.get(indicator(name).unit, "%")


def periods_of(year: int, last: np.datetime64 | date) -> list[Span]:
    """Months of ``year`` up to ``last``, each quarter after its months.

    >>> [s.key for s in periods_of(2025, date(2025, 4, 10))]
    ['01', '02', '03', 'Q1', '04', 'Q2']
    """
    end = as_day(last)
    out: list[Span] = []
    for month in range(1, 13):
        if np.datetime64(f"{year}-{month:02d}-01") > end:
            break
        out.append(_span(f"{month:02d}", year, month, 1, end))
        if month % 3 == 0 or np.datetime64(f"{year}-{month:02d}", "M") == end.astype("datetime64[M]"):  # fmt: skip
            first = 3 * ((month - 1) // 3) + 1
            out.append(_span(f"Q{(month + 2) // 3}", year, first, 3, end))
    return out


def _span(key: str, year: int, month: int, length: int, end: np.datetime64) -> Span:
    start = np.datetime64(f"{year}-{month:02d}", "M")
    whole = np.arange(
        start.astype("datetime64[D]"), (start + length).astype("datetime64[D]"), dtype="datetime64[D]"
    )  # fmt: skip
    return Span(key, whole[whole <= end], bool(whole[-1] <= end))


def _year_before(days: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    """The same days a year earlier; the end of February stands for its own."""
    year = int(str(days[0])[:4]) - 1
    first = np.datetime64(f"{year}{str(days[0])[4:]}")
    whole_month = (days[-1] + 1).astype("datetime64[M]") != days[-1].astype("datetime64[M]")
    if whole_month:
        last = (np.datetime64(f"{year}{str(days[-1])[4:7]}", "M") + 1).astype("datetime64[D]") - 1
    else:
        last = year_days(year, days[-1])[-1]
    return np.arange(first, last + 1)


def month_comparison(city: CityDays, year: int, last: np.datetime64 | date) -> pd.DataFrame:
    """Months and quarters of a year with 同比 (the same days a year before) and 环比 (period before).

    A period that is not over is compared with the same days of last year and not with the period
    before.

    Args:
        city: the record.
        year: the year shown.
        last: its last day.

    Returns:
        One row a period and indicator: ``period, first, last, whole, n_valid, n_days, indicator,
        decimals, value, status, last_year, year_change, year_status, year_crosses, previous,
        previous_change, previous_status, previous_crosses, previous_recomputed``. Numbers are as
        printed, NaN with the reason in the status; ``crosses`` says that the state of measurement
        differs (2018-09).
    """
    end = as_day(last)
    decimals = printed_decimals(city, end)
    rows = []
    for span in periods_of(year, end):
        now = period_numbers(city, span.days, year, rule="month")
        then = period_numbers(city, _year_before(span.days), year, rule="month")
        before, mixed, recomputed = _previous(city, span)
        for name in COMPARED:
            places = decimals[name]
            value, state = now.printed(name, places), now.status(name)
            base = then.printed(name, places)
            change, why = compared(name, value, state, base, then.status(name), places)
            row = {
                "period": span.key, "first": span.days[0], "last": span.days[-1],
                "whole": span.whole, "n_valid": now.n_valid, "n_days": now.n_days,
                "indicator": name, "decimals": places, "value": value, "status": state,
                "last_year": base, "year_change": change, "year_status": why,
                "year_crosses": crosses(now, then),
            }  # fmt: skip
            previous = before.printed(name, places)
            step, reason = compared(name, value, state, previous, before.status(name), places)
            if not span.whole:
                step, reason = math.nan, "part"
            elif mixed and name in AQI_COUNTS and not reason:
                step, reason = math.nan, "rules"
            rows.append(
                row
                | {
                    "previous": previous, "previous_change": step, "previous_status": reason,
                    "previous_crosses": crosses(now, before),
                    "previous_recomputed": recomputed and name in AQI_COUNTS,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def _previous(city: CityDays, span: Span) -> tuple[Numbers, bool, bool]:
    """The period before under the rules of ``span``; whether ``span`` mixes rules; whether the
    rules of its own days were others."""
    length = 3 if span.quarter else 1
    start = span.days[0].astype("datetime64[M]")
    days = np.arange(
        (start - length).astype("datetime64[D]"), start.astype("datetime64[D]"),
        dtype="datetime64[D]",
    )  # fmt: skip
    rules, own = one_rule_year(city, span.days), one_rule_year(city, days)
    year = int(str(days[-1])[:4])
    numbers = period_numbers(city, days, year if rules is None else rules, rule="month")
    return numbers, rules is None, rules is not None and rules != own


def year_comparison(city: CityDays, year: int, last: np.datetime64 | date) -> pd.DataFrame:
    """The year to ``last`` beside the same days of the three years before and their mean.

    The mean is that of the three unrounded numbers, rounded once; heavily polluted days keep one
    decimal in it. It is there only where all three years have enough days.

    Returns:
        One row an indicator: ``indicator, decimals, value, status``, ``value_1 … value_3`` and
        ``status_1 … status_3`` (one, two, three years before), ``year_change, year_status,
        year_crosses, mean, mean_decimals, mean_status, mean_change, mean_change_status,
        mean_crosses, n_valid, n_days``.
    """
    end = as_day(last)
    decimals = printed_decimals(city, end)
    now = period_numbers(city, year_days(year, end), year, rule="year")
    past = [
        period_numbers(city, year_days(year - back, end), year, rule="year")
        for back in range(1, _MEAN_YEARS + 1)
    ]
    rows = []
    for name in COMPARED:
        places = decimals[name]
        value, state = now.printed(name, places), now.status(name)
        row: dict[str, object] = {
            "indicator": name, "decimals": places, "value": value, "status": state,
            "n_valid": now.n_valid, "n_days": now.n_days,
        }  # fmt: skip
        for back, numbers in enumerate(past, 1):
            row[f"value_{back}"] = numbers.printed(name, places)
            row[f"status_{back}"] = numbers.status(name)
        change, why = compared(
            name, value, state, past[0].printed(name, places), past[0].status(name), places
        )
        mean_places = 1 if name == "heavy_days" else places
        mean, mean_state = mean_of(name, past, mean_places)
        step: float
        reason: Status
        step, reason = compared(name, value, state, mean, mean_state, mean_places)
        rows.append(
            row
            | {
                "year_change": change, "year_status": why, "year_crosses": crosses(now, past[0]),
                "mean": mean, "mean_decimals": mean_places, "mean_status": mean_state,
                "mean_change": step, "mean_change_status": reason,
                "mean_crosses": crosses(now, *past),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)
