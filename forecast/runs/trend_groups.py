"""Trends of one item by station, by season and by calendar month."""

from __future__ import annotations

import math

import pandas as pd

from forecast.errors import InputError
from forecast.report.review_days import CityDays
from forecast.report.review_figures import ReviewRequest
from forecast.report.trend_answers import TrendPart, numbers_of
from forecast.report.trend_series import bases_of, basis_changes, daily_values
from forecast.runs.trend_subjects import CAPTURE
from forecast.trend.annual import annual_theil_sen
from forecast.trend.months import monthly_means
from forecast.trend.table import theil_sen_groups

__all__ = ["BY", "grouped_trends"]

BY: tuple[str, ...] = ("station", "season", "month")
_SEASONS = {12: "冬 winter", 1: "冬 winter", 2: "冬 winter", 3: "春 spring", 4: "春 spring",
            5: "春 spring", 6: "夏 summer", 7: "夏 summer", 8: "夏 summer", 9: "秋 autumn",
            10: "秋 autumn", 11: "秋 autumn"}  # fmt: skip


def grouped_trends(
    city: CityDays, asked: ReviewRequest, item: str, by: str
) -> tuple[list[TrendPart], pd.DataFrame]:
    """Theil-Sen slopes of the stations, seasons or calendar months of one item.

    Stations have the season taken off; of a season the months are compared as they are, and a
    calendar month is a value a year, with the exact interval of ranks.

    Raises:
        InputError: no station has daily values, or the item was never measured.
    """
    if by == "month":
        return _by_month(city, item)
    breaks = basis_changes(city)
    if by == "station":
        stations = asked.stations(city, range(city.years[0], city.years[-1] + 1))
        if not stations:
            raise InputError(
                f"There are no daily values of single stations of {city.place}.",
                "Take in hourly or daily readings of its stations: forecast ingest <folder>.",
            )
        days = {s.place: daily_values(s, item) for s in stations if s.history[item].notna().any()}
        start, end = city.history.index[0], city.history.index[-1]
        series = {n: v[(v.index >= start) & (v.index <= end)] for n, v in days.items()}
        found = theil_sen_groups(
            {n: v for n, v in series.items() if v.notna().any()},
            breaks=breaks,
            data_capture=CAPTURE,
        )
    else:
        months = monthly_means(daily_values(city, item), data_capture=CAPTURE, spacing="1D")
        labels = pd.Series(
            [_SEASONS[m] for m in pd.DatetimeIndex(months.index).month], months.index
        )
        found = theil_sen_groups(months, by=labels, deseason=False, breaks=breaks)
    parts, rows = [], []
    for name, trend in found.trends.items():
        parts.append(TrendPart(by, f"{name}：{trend.words_zh}", f"{name}: {trend.words_en}", trend))
        rows.append({by: name, **_flat(trend), "reason": ""})
    for name, (zh, en) in found.refused.items():
        parts.append(TrendPart(by, f"{name}：{zh}", f"{name}: {en}"))
        rows.append({by: name, "reason": en})
    return parts, pd.DataFrame(rows)


def _flat(found: object) -> dict[str, object]:
    """The plain numbers of a result."""
    return {k: v for k, v in numbers_of(found).items() if not isinstance(v, list | dict)}


def _by_month(city: CityDays, item: str) -> tuple[list[TrendPart], pd.DataFrame]:
    months = monthly_means(daily_values(city, item), data_capture=CAPTURE, spacing="1D").dropna()
    breaks = basis_changes(city)
    parts, rows = [], []
    for m in range(1, 13):
        own = months[pd.DatetimeIndex(months.index).month == m]
        values = {int(d.year): float(v) for d, v in own.items()}  # type: ignore[attr-defined]
        zh, en = f"{m}月", f"{pd.Timestamp(2000, m, 1):%B}"
        if len(values) < 2:
            parts.append(TrendPart("month", f"{zh}：年数不足", f"{en}: too few years"))
            rows.append({"month": m, "reason": "too few years"})
            continue
        # A change of basis inside the year of a month puts that month on one side or the other.
        bases = {y: f"part {sum(pd.Timestamp(d) <= pd.Timestamp(y, m, 1) for d in breaks)}"
                 for y in bases_of(list(values), breaks)}  # fmt: skip
        found = annual_theil_sen(values, bases=bases)
        known = not math.isnan(found.slope)
        parts.append(TrendPart("month", f"{zh}：{found.words_zh}", f"{en}: {found.words_en}",
                               found if known else None))  # fmt: skip
        rows.append({"month": m, **_flat(found), "reason": found.reason_en})
    return parts, pd.DataFrame(rows)
