"""Which items cost how many good days, and what a gain or a loss between two years is made of.

A day counts when all six items are there (dust days without particles excepted) and is bad when
its AQI is above 100. Every bad day is 1, shared in one of two ways, stated with the result:
``primary``: among its primary pollutants, the items with the largest IAQI; ``exceeding``: among
all items whose IAQI is above 100. Items that share a day take equal parts. The parts are fractions
of whole numbers and add up to the total without a remainder.

Dust, holidays and weather look at the same days from other sides: each view adds up by itself, and
parts of different views are not to be added.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import InputError, UsageError
from forecast.features.holidays import HOLIDAY_TERMS, holiday_terms
from forecast.standards.aqi import GOOD_AQI, daily_aqi
from forecast.standards.items import AIR_ITEMS
from forecast.standards.versions import AQI_2012, AQI_2026, resolve
from forecast.trend.good_days_words import SPLITS, change_words, year_words

__all__ = ["HOLIDAYS", "SPLITS", "GoodDaysChange", "GoodDaysYear", "explain_good_days",
           "good_days_by_standard", "good_days_change"]  # fmt: skip

Split = Literal["primary", "exceeding"]
#: Holidays of the calendar; heating is a season and no holiday.
HOLIDAYS: tuple[str, ...] = tuple(t for t in HOLIDAY_TERMS if t not in ("heating", "fireworks"))

_PM = ("pm10", "pm25")


@dataclass(frozen=True)
class GoodDaysYear:
    """Bad days of one year and what they are made of. All counts of days.

    Attributes:
        year, standard, split: the year, the HJ 633 token (``by date``: each day by the rule in
            force), the rule by which a day is shared.
        until: month and day of the last day counted, (12, 31) for the whole year.
        valid, good, bad: days that count, and their two parts; ``expected`` days of the period.
        incomplete: days with a value that do not count, since an item is missing.
        never_measured: items without a single value; no day can count while there is one.
        by_item: item → its share of the bad days; the shares add up to ``bad``.
        exceeding: item → days on which it is above its limit, alone or not.
        alone: item → days on which no other item is: good days but for this one.
        by_month: bad days of the months 1 to 12.
        dust: bad days named as dust; ``dust_alone`` those of them that only PM10 or PM2.5 make
            bad. None where no dust days were given.
        dust_days: dust days that count, good or bad; None likewise.
        holidays: holiday → bad days in it; ``holiday_days`` the days in it that count.
        normal_bad: bad days to be expected of the valid days in normal weather; None where no
            weather-normalised table was given. ``bad - normal_bad`` is the weather's part.
    """

    year: int
    standard: str
    split: Split
    until: tuple[int, int]
    valid: int
    good: int
    bad: int
    expected: int
    incomplete: int
    never_measured: tuple[str, ...]
    by_item: Mapping[str, Fraction]
    exceeding: Mapping[str, int]
    alone: Mapping[str, int]
    by_month: tuple[int, ...]
    dust: int | None
    dust_alone: int | None
    dust_days: int | None
    holidays: Mapping[str, int]
    holiday_days: Mapping[str, int]
    normal_bad: float | None

    @property
    def ratio(self) -> float:
        """Good days in % of the valid ones, unrounded; NaN without any."""
        return 100.0 * self.good / self.valid if self.valid else float("nan")

    @property
    def weather(self) -> float | None:
        """Bad days that the weather added (or, below 0, spared)."""
        return None if self.normal_bad is None else self.bad - self.normal_bad

    def table(self) -> pd.DataFrame:
        """One row for each item that cost a day, most first, then the total.

        Columns: item, days, share_percent, exceeding, alone.
        """
        order = sorted(self.by_item, key=lambda i: -self.by_item[i])
        kept = [i for i in order if self.by_item[i] or self.exceeding[i]]
        rows = [
            {"item": i, "days": float(self.by_item[i]),
             "share_percent": 100.0 * float(self.by_item[i]) / self.bad if self.bad else 0.0,
             "exceeding": self.exceeding[i], "alone": self.alone[i]}
            for i in kept
        ]  # fmt: skip
        total = {"item": "total", "days": float(self.bad),
                 "share_percent": 100.0 if self.bad else 0.0,
                 "exceeding": sum(self.exceeding.values()),
                 "alone": sum(self.alone.values())}  # fmt: skip
        return pd.DataFrame([*rows, total])

    @property
    def words_zh(self) -> str:
        """The year in Chinese, with what the counts rest on."""
        return year_words(self, "zh")

    @property
    def words_en(self) -> str:
        """The year in English, with what the counts rest on."""
        return year_words(self, "en")


@dataclass(frozen=True)
class GoodDaysChange:
    """Good days gained (above 0) or lost between two years, in four views that each add up.

    Attributes:
        first, last: the two years.
        good: good days of the last year less those of the first.
        by_item: item → good days gained through it; with ``valid`` (days that count more or
            fewer) they add up to ``good``.
        valid: days that count in the last year less those in the first.
        by_dust: ``dust`` and ``other`` bad days fewer; None where dust is not known of both.
        by_holiday: each holiday and ``other``, bad days fewer.
        by_weather: ``weather`` and ``rest``, bad days fewer; None without normalised tables.
    """

    first: GoodDaysYear
    last: GoodDaysYear
    good: int
    by_item: Mapping[str, Fraction]
    valid: int
    by_dust: Mapping[str, int] | None
    by_holiday: Mapping[str, int]
    by_weather: Mapping[str, float] | None

    def table(self) -> pd.DataFrame:
        """Columns: view, part, days; the parts of a view and ``valid_days`` add up to ``total``."""
        views: dict[str, Mapping[str, Fraction | int | float] | None] = {
            "item": self.by_item, "dust": self.by_dust, "holiday": self.by_holiday,
            "weather": self.by_weather,
        }  # fmt: skip
        rows = []
        for view, parts in views.items():
            if parts is None:
                continue
            rows += [(view, part, float(v)) for part, v in parts.items() if v or view != "item"]
            rows += [(view, "valid_days", float(self.valid)), (view, "total", float(self.good))]
        return pd.DataFrame(rows, columns=["view", "part", "days"])

    @property
    def words_zh(self) -> str:
        """The change in Chinese."""
        return change_words(self, "zh")

    @property
    def words_en(self) -> str:
        """The change in English."""
        return change_words(self, "en")


def explain_good_days(
    daily: pd.DataFrame,
    year: int,
    *,
    standard: str | None = None,
    split: Split = "primary",
    until: tuple[int, int] = (12, 31),
    dust: pd.Series | None = None,
    normal_bad: pd.Series | None = None,
) -> GoodDaysYear:
    """Tell what the bad days of one year at one place are made of.

    Args:
        daily: days (DatetimeIndex) × items; daily means and the 8-hour maximum of O3 [µg/m³, CO
            mg/m³]; NaN is missing. Items other than the six are left aside.
        year: the year.
        standard: HJ 633 (or GB 3095) token for all days; None: each day by the rule in force.
        split: how a bad day is shared, see :data:`SPLITS`.
        until: month and day of the last day counted, for a year to date beside the same part of
            another.
        dust: by day, whether it was a dust day. On such a day missing PM10 and PM2.5 (taken out
            by the source) are not held against the day.
        normal_bad: by day, chance that it would be bad in normal weather, 0 to 1: the column of
            a weather-normalised table (the share of its resamples above the limits).

    Raises:
        InputError: no day of the year, a day twice, values below 0, or a chance that is none.
        UsageError: the split or the standard is not known.

    Two bad days: O3 alone, and PM2.5 with PM10 level, which share it.

    >>> days = pd.date_range("2024-01-01", periods=3)
    >>> rows = [[4, 30, 60, 35, 0.8, 90], [4, 30, 60, 35, 0.8, 190], [4, 30, 250, 115, 0.8, 90]]
    >>> found = explain_good_days(
    ...     pd.DataFrame(rows, index=days, columns=list(AIR_ITEMS)), 2024)
    >>> found.good, found.bad, {i: str(d) for i, d in found.by_item.items() if d}
    (1, 2, {'pm10': '1/2', 'pm25': '1/2', 'o3_8h': '1'})
    """
    if split not in SPLITS:
        raise UsageError(f"The split can't be {split!r}.", "Write primary or exceeding.")
    rows, last_day = _of_year(daily, year, until)
    days = rows.index.to_numpy().astype("datetime64[D]")
    items = tuple(i for i in AIR_ITEMS if i in rows.columns)
    values = rows[list(items)].to_numpy(dtype=np.float64)
    dusty = _by_day(dust, rows.index, "dust days")
    removed = np.zeros(values.shape, dtype=np.bool_)
    if dusty is not None:
        removed = (dusty > 0)[:, None] & np.isnan(values) & np.isin(items, _PM)
    token = None if standard is None else resolve(standard).aqi
    try:
        found = daily_aqi(values, days, items, token, not_monitored=removed)
    except ValueError as error:
        raise InputError(
            f"The AQI of {year} can't be computed: {error}.", "Correct the readings first."
        ) from error
    valid = found.complete & (found.aqi >= 0)
    bad = valid & (found.aqi > GOOD_AQI)
    above = (found.iaqi > GOOD_AQI) & bad[:, None]
    sharing = found.primary & bad[:, None] if split == "primary" else above
    by_item = _shared(sharing, items)
    only = above & (above.sum(axis=1) == 1)[:, None]
    months = pd.DatetimeIndex(rows.index).month.to_numpy()
    at_holiday = _holidays(days)
    normal = _by_day(normal_bad, rows.index, "chances of a bad day")
    if normal is not None and (np.any(normal < 0) or np.any(normal > 1)):
        raise InputError(
            "A chance of a bad day lies outside 0 to 1.", "Give shares of resamples, not percent."
        )
    if normal is not None and np.isnan(normal[valid]).any():
        raise InputError(
            f"{int(np.isnan(normal[valid]).sum())} valid days of {year} have no chance of a bad "
            "day in normal weather.",
            "Give one for every valid day of the year, or none at all.",
        )
    dust_bad = None if dusty is None else bad & (dusty > 0)
    particles = ~above[:, [i not in _PM for i in items]].any(axis=1)
    return GoodDaysYear(
        year=year, standard="by date" if token is None else token, split=split,
        valid=int(valid.sum()), good=int((valid & ~bad).sum()), bad=int(bad.sum()),
        until=until, expected=int(last_day.day_of_year),
        incomplete=int((~valid & np.isfinite(values).any(axis=1)).sum()),
        never_measured=tuple(
            i for i in AIR_ITEMS if i not in items or np.isnan(values[:, items.index(i)]).all()
        ),
        by_item=by_item, exceeding=_counts(above, items), alone=_counts(only, items),
        by_month=tuple(int((bad & (months == m)).sum()) for m in range(1, 13)),
        dust=None if dust_bad is None else int(dust_bad.sum()),
        dust_alone=None if dust_bad is None else int((dust_bad & particles).sum()),
        dust_days=None if dusty is None else int((valid & (dusty > 0)).sum()),
        holidays={name: int((bad & own).sum()) for name, own in at_holiday.items()},
        holiday_days={name: int((valid & own).sum()) for name, own in at_holiday.items()},
        normal_bad=None if normal is None else float(normal[valid].sum()),
    )  # fmt: skip


def good_days_by_standard(
    daily: pd.DataFrame,
    year: int,
    *,
    split: Split = "primary",
    until: tuple[int, int] = (12, 31),
    dust: pd.Series | None = None,
    normal_bad: Mapping[str, pd.Series] | None = None,
) -> dict[str, GoodDaysYear]:
    """Explain one year under HJ 633-2012 and HJ 633-2026, side by side.

    Args:
        daily, year, split, until, dust: as for :func:`explain_good_days`.
        normal_bad: token → chances under that standard; what is normal depends on its limits.
    """
    return {
        token: explain_good_days(
            daily, year, standard=token, split=split, until=until, dust=dust,
            normal_bad=(normal_bad or {}).get(token),
        )
        for token in (AQI_2012, AQI_2026)
    }  # fmt: skip


def good_days_change(first: GoodDaysYear, last: GoodDaysYear) -> GoodDaysChange:
    """Share the good days gained or lost between two years among their causes.

    Raises:
        UsageError: the years were explained under different standards or splits, or up to
            different days.
    """
    for name in ("standard", "split", "until"):
        if getattr(first, name) != getattr(last, name):
            raise UsageError(
                f"{first.year} and {last.year} were explained under a different {name}: "
                f"{getattr(first, name)} and {getattr(last, name)}.",
                f"Explain both under one {name}.",
            )
    fewer = first.bad - last.bad
    by_dust = by_weather = None
    if first.dust is not None and last.dust is not None:
        dust = first.dust - last.dust
        by_dust = {"dust": dust, "other": fewer - dust}
    by_holiday = {name: first.holidays[name] - last.holidays[name] for name in first.holidays}
    by_holiday["other"] = fewer - sum(by_holiday.values())
    if first.weather is not None and last.weather is not None:
        weather = first.weather - last.weather
        by_weather = {"weather": weather, "rest": fewer - weather}
    return GoodDaysChange(
        first=first, last=last, good=last.good - first.good,
        by_item={i: first.by_item[i] - last.by_item[i] for i in AIR_ITEMS},
        valid=last.valid - first.valid, by_dust=by_dust, by_holiday=by_holiday,
        by_weather=by_weather,
    )  # fmt: skip


def _of_year(
    daily: pd.DataFrame, year: int, until: tuple[int, int]
) -> tuple[pd.DataFrame, pd.Timestamp]:
    """Rows of the period in order of time, and the last day of it."""
    try:
        last = pd.Timestamp(year, *until)
    except ValueError as error:
        raise UsageError(
            f"There is no day {until[0]}-{until[1]} in {year}.", "Name a month and a day of it."
        ) from error
    if not isinstance(daily.index, pd.DatetimeIndex):
        raise InputError(
            f"Good days need a table by day, got an index of {daily.index.dtype}.",
            "Give the table a DatetimeIndex.",
        )
    days = daily.index.normalize()
    chosen = (days.year == year) & (days <= last)
    rows = daily[chosen].set_axis(days[chosen]).sort_index()
    if rows.empty or not any(i in rows.columns for i in AIR_ITEMS):
        raise InputError(
            f"There is no daily value of {year} to count days of.", "Check the place and the year."
        )
    if rows.index.has_duplicates:
        twice = rows.index[rows.index.duplicated()][0]
        raise InputError(
            f"The day {twice:%Y-%m-%d} occurs more than once.",
            "Keep one row for each day of a place.",
        )
    return rows, last


def _by_day(given: pd.Series | None, index: pd.Index, what: str) -> NDArray[np.float64] | None:
    """Values of a daily series at the days of the table; a day that is not there is NaN."""
    if given is None:
        return None
    if not isinstance(given.index, pd.DatetimeIndex) or given.index.has_duplicates:
        raise InputError(f"The {what} need one value a day.", "Give a series with each day once.")
    series = given.set_axis(given.index.normalize())
    return np.asarray(series.astype(np.float64).reindex(index), dtype=np.float64)


def _shared(sharing: NDArray[np.bool_], items: tuple[str, ...]) -> dict[str, Fraction]:
    """Share of each item in days that each count 1, exact."""
    among = sharing.sum(axis=1)
    shares = {item: Fraction(0) for item in AIR_ITEMS}
    for k, item in enumerate(items):
        sizes, days = np.unique(among[sharing[:, k]], return_counts=True)
        shares[item] = sum(
            (Fraction(int(d), int(s)) for s, d in zip(sizes, days, strict=True)), Fraction(0)
        )
    return shares


def _counts(days: NDArray[np.bool_], items: tuple[str, ...]) -> dict[str, int]:
    return {i: int(days[:, items.index(i)].sum()) if i in items else 0 for i in AIR_ITEMS}


def _holidays(days: NDArray[np.datetime64]) -> dict[str, NDArray[np.bool_]]:
    """Days of each holiday; a day of two belongs to the first."""
    terms = holiday_terms(days)
    taken = np.zeros(len(days), dtype=np.bool_)
    found = {}
    for name in HOLIDAYS:
        # The pause about Spring Festival comes and goes: its days are those at half or more.
        own = (terms[:, HOLIDAY_TERMS.index(name)] >= 0.5) & ~taken
        found[name] = own
        taken |= own
    return found
