"""Data of the chart of time variation: means by hour, weekday and month, with their bounds."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.charts.time_variation import CYCLES, CyclePanel, GroupMeans, TimeVariationData
from forecast.report.figure_parts import stem
from forecast.report.review_days import CityDays, Notices, footer_for, year_days
from forecast.standards.hours import hours_of_day
from forecast.standards.items import AIR_ITEMS
from forecast.standards.versions import limits_standard_on, resolve

__all__ = ["city_hours", "group_means", "variation_data"]

#: Probability of the bounds.
LEVEL = 0.95
#: Days of one block: neighbouring days are alike, so their mean is what varies freely.
BLOCK_DAYS = 7

#: Name of the daily and of the hourly item of each row, and how they are called.
_ROWS = (
    ("pm25", "pm25", "PM2.5", "PM2.5", "PM2.5小时值", "PM2.5 hourly"),
    ("o3_8h", "o3_1h", "O3-8h", "O3-8h", "O3小时值", "O3 hourly"),
)
_YEARS_BEFORE = 3
#: Share of the days of the same part of the year that an earlier year needs to be compared with.
_FULL = 0.75


def group_means(
    values: NDArray[np.float64],
    group: NDArray[np.int64],
    block: NDArray[np.int64],
    n_groups: int,
    *,
    level: float = LEVEL,
) -> GroupMeans:
    """Mean of each group with bounds that allow for the likeness of neighbouring values.

    The bounds are mean ± t·s with s² = k/(k−1) · Σ (Sb − m·nb)² / n², over the k blocks of a group
    with sums Sb and numbers nb, and t of k−1 degrees of freedom: the variance of a ratio of block
    sums (Cochran 1977, Sampling Techniques, 2.11). Values of one block may depend on each other
    as they like; with one value a block it is the plain interval of a mean.

    Args:
        values: shape (value,), NaN is left out [unit].
        group: 0 to ``n_groups`` - 1, shape (value,).
        block: number of the block of each value, shape (value,).
        n_groups: number of groups.
        level: probability of the bounds.

    Two blocks of one value, 1 and 3: mean 2, s = 1, t(0.975, 1) = 12.706:

    >>> found = group_means(np.array([1.0, 3.0]), np.zeros(2, int), np.array([0, 1]), 1)
    >>> found.mean.tolist(), round(float(found.upper[0]), 3)
    ([2.0], 14.706)
    """
    from scipy.stats import t as student

    mean, half = np.full(n_groups, np.nan), np.full(n_groups, np.nan)
    count = np.zeros(n_groups, dtype=np.int64)
    seen = np.isfinite(values)
    for g in range(n_groups):
        own = seen & (group == g)
        n = int(own.sum())
        count[g] = n
        if not n:
            continue
        x = values[own]
        m = float(x.mean())
        mean[g] = m
        _, at = np.unique(block[own], return_inverse=True)
        k = int(at.max()) + 1
        if k > 1:
            rest = np.bincount(at, weights=x - m)
            s = np.sqrt(k / (k - 1) * float(rest @ rest)) / n
            half[g] = s * float(student.ppf(0.5 + level / 2, k - 1))
    return GroupMeans(mean, mean - half, mean + half, count)


def variation_data(
    city: CityDays, year: int, hours: pd.DataFrame | None, notices: Notices
) -> TimeVariationData:
    """Make the data of the time variation.

    Args:
        city: the daily record.
        year: this year; of the three years before it, those with three quarters of the days stand
            beside it. Hours and weekdays compare the same part of the year, months whole years.
        hours: columns ``time`` (end of the hour), ``pm25``, ``o3_1h`` of the city; None or empty
            where there are no hourly readings, then the hour of the day is left out.
        notices: lines that must not be missed.

    Raises:
        InputError: there is no value of the year.
    """
    last = city.last_day(year)
    days = year_days(year, last)
    before = tuple(y for y in range(year - _YEARS_BEFORE, year) if _full(city, y, last))
    whole = np.concatenate([days[:0], *(year_days(y) for y in before)])
    same = np.concatenate([days[:0], *(year_days(y, last) for y in before)])
    hourly = hours is not None and not hours.empty
    rows = []
    for item, hour_item, zh, en, hour_zh, hour_en in _ROWS:
        unit = "µg/m³"
        row = []
        if hourly and hours is not None:
            now, then = (_by_hour(hours, hour_item, ys) for ys in (days, same))
            row.append(CyclePanel(hour_zh, hour_en, unit, "hour", now, then if before else None))
        for cycle in ("weekday", "month"):
            past = whole if cycle == "month" else same
            groups = [_by_day(city, item, d, cycle) for d in (days, past)]
            come: tuple[int, ...] = ()
            if cycle == "month":
                come = tuple(range(int(str(last)[5:7]), 12))
            row.append(
                CyclePanel(zh, en, unit, cycle, groups[0], groups[1] if before else None, come)
            )
        rows.append(tuple(row))
    more: Notices = ()
    if not hourly:
        more = (
            ("没有小时数据，小时变化未画", "no hourly readings: the hours of the day are left out"),
        )
    if before and len(days) < len(year_days(year)):
        more = (
            *more,
            ("小时、星期与往年同期比较", "hours and weekdays: the same part of earlier years"),
        )
    standard = resolve(city.standard).limits if city.standard else limits_standard_on(str(last))
    seen = city.values(days)[:, AIR_ITEMS.index("pm25")]
    return TimeVariationData(
        place_zh=city.place, year=year, before=before, rows=tuple(rows), level=100 * LEVEL,
        footer=footer_for(
            city, (days[0], last), (int(np.isfinite(seen).sum()), len(days)), standard, "means",
            (*notices, *more),
        ),
        name=stem("time_variation", city.region, str(year)),
    )  # fmt: skip


def _by_day(city: CityDays, item: str, days: NDArray[np.datetime64], cycle: str) -> GroupMeans:
    """Means of daily values by weekday or month; a block is a week, cut at the end of a month."""
    column = AIR_ITEMS.index(item)
    values = city.values(days)[:, column]
    if len(days):
        values = np.where(city.dust(days)[:, column], np.nan, values)
    number = days.astype(np.int64)
    # 1970-01-01 was a Thursday.
    group = (number + 3) % 7
    block = (number + 3) // 7
    if cycle == "month":
        months = days.astype("datetime64[M]").astype(np.int64)
        group = months % 12
        in_month = (days - days.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64)
        block = months * 5 + np.minimum(in_month // BLOCK_DAYS, 4)
    return group_means(values, group, block, CYCLES[cycle][2])


def _full(city: CityDays, year: int, last: np.datetime64) -> bool:
    """Whether ``year`` has enough days up to the month and day of ``last`` to be compared with."""
    known = np.isfinite(city.values(year_days(year, last))).any(axis=1)
    return bool(known.mean() >= _FULL)


def _by_hour(hours: pd.DataFrame, item: str, days: NDArray[np.datetime64]) -> GroupMeans:
    """Means by hour of the day, 1 to 24 (the hour that ends then), of ``days``; a block is a week."""
    day, number = hours_of_day(hours["time"].to_numpy("datetime64[s]"))
    day = day.astype("datetime64[D]")
    own = np.isin(day, days)
    block = (day[own].astype(np.int64) + 3) // 7
    values = hours[item].to_numpy(dtype=np.float64)[own]
    return group_means(values, np.asarray(number[own] - 1, dtype=np.int64), block, 24)


def city_hours(rows: pd.DataFrame) -> pd.DataFrame:
    """Hourly PM2.5 and O3 of one city: its own rows, else the mean of its points.

    Args:
        rows: rows of ``air_hourly`` of one region, one a place and hour; control points left out.

    Returns:
        Columns ``time``, ``pm25``, ``o3_1h``, one row an hour.
    """
    own = rows[rows["place_kind"] == "city"]
    chosen = own if not own.empty else rows
    means = chosen.groupby("time")[["pm25", "o3_1h"]].mean()
    return means.reset_index()
