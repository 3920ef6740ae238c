"""The words that every trend result shares: numbers, p values, months, gap rules."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence

import pandas as pd

__all__ = ["GAP_RULES", "dates_text", "number_text", "p_text", "span_text"]

#: What was done with missing months, by the token that results carry: Chinese, English.
GAP_RULES: dict[str, tuple[str, str]] = {
    "none": ("无缺测月", "no month is missing"),
    "line_per_calendar_month": (
        "缺测月由同一日历月的最小二乘直线补齐",
        "missing months are filled from a least-squares line through the same calendar month",
    ),
    "left_out": ("缺测月不参与计算", "missing months are left out"),
}
#: So many months are named in words; the result itself lists all.
_NAMED = 6


def number_text(value: float) -> str:
    """Three significant figures and a sign: ``+0.297``, ``-13.1``, ``—`` for no number.

    >>> number_text(-9.4753), number_text(0.29708), number_text(float("nan"))
    ('-9.48', '+0.297', '—')
    """
    if not math.isfinite(value):
        return "—"
    if value == 0:
        return "0"
    digits = 2 - math.floor(math.log10(abs(value)))
    return f"{round(value, digits):+.{max(0, digits)}f}"


def p_text(p: float, resamples: int = 0) -> str:
    """``p = 0.034``, or ``p < …`` where the number of resamples or the print allows no more.

    >>> p_text(0.0344), p_text(0.0, 599), p_text(1e-9)
    ('p = 0.034', 'p < 0.0033', 'p < 0.001')
    """
    if math.isnan(p):
        return "p = —"
    if resamples and p < 2 / (resamples + 1):
        return f"p < {2 / (resamples + 1):.4f}"
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def dates_text(dates: Sequence[pd.Timestamp | dt.date], *, lang: str) -> str:
    """Months by name, the first few of many."""
    named = ("、" if lang == "zh" else ", ").join(f"{d:%Y-%m}" for d in dates[:_NAMED])
    more = len(dates) - _NAMED
    if more <= 0:
        return named
    return f"{named} 等 {len(dates)} 个月" if lang == "zh" else f"{named} and {more} more"


def span_text(index: pd.Index, *, lang: str) -> str:
    """First and last month of a series."""
    first, last = index[0], index[-1]
    return f"{first:%Y-%m} 至 {last:%Y-%m}" if lang == "zh" else f"{first:%Y-%m} to {last:%Y-%m}"
