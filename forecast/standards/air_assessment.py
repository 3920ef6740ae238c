"""Annual assessment of city air (HJ 663): means, percentiles, ratios, counts, composite index.

Everything is returned unrounded, with the number of valid days it rests on and whether that is
enough: at least 324 daily means and 27 in every month (February 25), GB 3095 Table 4 (verified for
SO2, NO2, PM10, PM2.5; from memory for CO and O3). Counts of days and the good-day ratio, for which
no rule was found, need 324 days with an AQI wherever they lie (our own choice).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecast.errors import InputError
from forecast.standards.air_statistics import ItemDays, percentile
from forecast.standards.aqi import GOOD_AQI, HEAVY_AQI, daily_aqi
from forecast.standards.day_edges import masks_of
from forecast.standards.indicators import INDICATORS
from forecast.standards.items import AIR_ITEMS
from forecast.standards.limits import PERCENTILES, air_limit
from forecast.standards.rounding import ratio_percent, round_half_even
from forecast.standards.versions import limits_standard_on, resolve

__all__ = [
    "AIR_INDICATORS",
    "COMPOSITE_PARTS",
    "AirYear",
    "assess_year",
    "composite_index",
    "exceed_multiple",
    "percentile",
    "three_year_mean",
]

#: Names of the air indicators, in the order in which they are reported.
AIR_INDICATORS: tuple[str, ...] = tuple(i.name for i in INDICATORS.values() if i.domain == "air")

#: The statistic of each item that enters the composite index, and the averaging of its limit.
COMPOSITE_PARTS: dict[str, tuple[str, str]] = {
    "so2": ("so2_annual_mean", "year"),
    "no2": ("no2_annual_mean", "year"),
    "pm10": ("pm10_annual_mean", "year"),
    "pm25": ("pm25_annual_mean", "year"),
    "co": ("co_p95", "24h"),
    "o3_8h": ("o3_8h_p90", "8h"),
}

#: Days a year, a month and February must have (GB 3095 Table 4).
YEAR_DAYS, MONTH_DAYS, FEBRUARY_DAYS = 324, 27, 25

_PM = ("pm10", "pm25")
_COUNTS = {"good_days", "heavy_days", "good_day_ratio"}


@dataclass(frozen=True)
class AirYear:
    """Indicators of one place over one year (or the part of it from ``first`` to ``last``).

    Attributes:
        year: the year.
        standard: the token asked for, None when each day went by the rules of its date.
        limits: GB 3095 token by which the year is judged.
        values: per indicator, float64 (path,), unrounded [unit of the indicator], NaN where it
            can't be computed.
        n_valid: per indicator, int64 (path,), days used.
        valid: per indicator, bool (path,), whether the days are enough.
        n_expected: calendar days of the period.
        first, last: first and last day of the period.
    """

    year: int
    standard: str | None
    limits: str
    values: dict[str, NDArray[np.float64]]
    n_valid: dict[str, NDArray[np.int64]]
    valid: dict[str, NDArray[np.bool_]]
    n_expected: int
    first: np.datetime64
    last: np.datetime64


def assess_year(
    values: ArrayLike,
    dates: ArrayLike,
    items: tuple[str, ...],
    year: int,
    *,
    standard: str | None = None,
    denominator: str = "valid",
    dust_removed: NDArray[np.bool_] | None = None,
    first: date | str | np.datetime64 | None = None,
    last: date | str | np.datetime64 | None = None,
    partial: bool = False,
    weights: Mapping[str, float] | None = None,
    composite_standard: str | None = None,
    drawn_from: int = 0,
    names: Collection[str] = AIR_INDICATORS,
) -> AirYear:
    """Compute every annual air indicator of one place.

    Args:
        values: (path, day, item) or (day, item) daily values, NaN missing [µg/m³, CO mg/m³].
        dates: (day,) datetime64, each day once; days outside the period are left out.
        items: code of each column, of the six AQI items.
        year: the year assessed.
        standard: token under which all days are judged; None: each day by the rules of its date.
        denominator: good_day_ratio over ``valid`` days or ``calendar`` days of the period.
        dust_removed: bool (day,) or (day, item): dust days, whose PM10 and PM2.5 leave the
            concentrations and the composite index and stay in the day counts (verified, bulletin
            of 2021-07). They are not held against the days a year must have (from memory).
        first, last: another period than 1 January to 31 December (it may cross the year). The
            324 days are then scaled with its length, the month rule holds for its whole months.
        partial: the year to date: no rule on the number of days; the period ends with the data
            unless ``last`` is given.
        weights: weight of each item in the composite index, 1 by default.
        composite_standard: token of its limits. Default: ``standard`` where given, else the 2012
            limits, also after 2026-03-01 (secondary: official values of 2026 are reproduced so).
        drawn_from: the paths agree on the days before this position; saves time, changes nothing.
        names: indicators that are wanted; of the others nothing need be there.

    Raises:
        InputError: a date occurs twice. ValueError: shapes or options do not fit.
    """
    if denominator not in ("valid", "calendar"):
        raise ValueError(f"denominator must be 'valid' or 'calendar', got {denominator!r}")
    array = np.asarray(values)
    if array.ndim == 2:
        array = array[None]
    days = np.asarray(dates, dtype="datetime64[D]")
    items = tuple(items)
    if array.ndim != 3 or array.shape[1:] != (len(days), len(items)):
        raise ValueError(
            f"values must have shape (path, {len(days)}, {len(items)}), got {array.shape}"
        )
    given = array
    array, days, dust, start, end = _period(
        array, days, items, year, dust_removed, first, last, partial
    )
    same = drawn_from if array is given and drawn_from < array.shape[1] else 0
    n_paths, n_expected = len(array), int((end - start).astype(int)) + 1
    enough = _Sufficiency(days, start, end, partial)

    result: dict[str, NDArray[np.float64]] = {}
    n_valid: dict[str, NDArray[np.int64]] = {}
    valid: dict[str, NDArray[np.bool_]] = {}
    wanted = set(names)
    if "composite_index" in wanted:
        wanted |= {name for name, _ in COMPOSITE_PARTS.values()}
    of_item = {
        item: [n for n in (f"{item}_p{q}", f"{item}_annual_mean") if n in INDICATORS]
        for item, q in PERCENTILES.items()
    }
    asked = {item for item, own in of_item.items() if wanted.intersection(own)}
    columns = {
        item: ItemDays(array[:, :, k], same, dust[:, k])
        for k, item in enumerate(items)
        if item in asked or wanted & _COUNTS
    }
    present = [columns[item].present() for item in items if item in asked]
    sufficient = dict(zip((i for i in items if i in asked), enough.of_each(present), strict=True))
    for item, own in of_item.items():
        if item not in asked:
            continue
        if item in columns:
            mean, part, count = columns[item].statistics(PERCENTILES[item])
            met = np.broadcast_to(sufficient[item], (n_paths,)) & (count > 0)
        else:
            mean = part = np.full(n_paths, np.nan)
            count, met = np.zeros(n_paths, np.int64), np.zeros(n_paths, np.bool_)
        for name, number in zip(own, (part, mean), strict=False):
            result[name], n_valid[name], valid[name] = number, count, met

    if wanted & _COUNTS:
        series = [columns[item].ahead for item in items if item in AIR_ITEMS]
        n_counted, n_good, n_heavy = _day_counts(array, series, days, items, dust, standard, same)
        day_rule = enough.in_all(n_counted) & (n_counted > 0)
        nothing = np.where(n_counted > 0, 0.0, np.nan)
        result["good_days"] = np.asarray(n_good + nothing)
        result["heavy_days"] = np.asarray(n_heavy + nothing)
        below = n_counted if denominator == "valid" else np.full(n_paths, n_expected)
        result["good_day_ratio"] = ratio_percent(n_good, below) + nothing
        for name in _COUNTS:
            n_valid[name], valid[name] = n_counted, day_rule

    if "composite_index" in wanted:
        parts = [name for name, _ in COMPOSITE_PARTS.values()]
        result["composite_index"] = composite_index(
            {item: result[name] for item, (name, _) in COMPOSITE_PARTS.items()},
            composite_standard or standard or "GB 3095-2012",
            weights=weights,
        )
        n_valid["composite_index"] = np.minimum.reduce([n_valid[name] for name in parts])
        valid["composite_index"] = np.logical_and.reduce([valid[name] for name in parts])

    limits = limits_standard_on(end) if standard is None else resolve(standard).limits
    return AirYear(
        year, standard, limits,
        {name: result[name] for name in AIR_INDICATORS if name in result}, n_valid, valid, n_expected, start, end,
    )  # fmt: skip


def composite_index(
    concentrations: Mapping[str, ArrayLike],
    standard: str = "GB 3095-2012",
    *,
    weights: Mapping[str, float] | None = None,
) -> NDArray[np.float64]:
    """Composite index: the sum over the six items of weight x concentration / limit, unrounded.

    环办监测〔2018〕19号 (secondary): annual or monthly means of SO2, NO2, PM10, PM2.5 over their
    annual limits, the 95th percentile of CO over 4, the 90th of O3 8-hour over 160. The single
    indices are not rounded before they are added; the total is printed with two decimals (two
    published examples). Equal weights; the limits of 2012 unless another token is given.

    >>> figures = dict(so2=6, no2=12, pm10=51, pm25=19, co=0.9, o3_8h=137)
    >>> round_half_even(float(composite_index(figures)), 2)
    2.75
    """
    total: NDArray[np.float64] = np.zeros(())
    for item, (_, averaging) in COMPOSITE_PARTS.items():
        weight = 1.0 if weights is None else weights.get(item, 1.0)
        share = np.asarray(concentrations[item], dtype=np.float64) / air_limit(
            item, averaging, standard
        )
        total = total + weight * share
    return total


def three_year_mean(values: ArrayLike) -> NDArray[np.float64]:
    """Mean of every three consecutive annual values, (…, year) → (…, year - 2); NaN passes.

    HJ 663-2026 announces such a mean for attainment; its details were not seen (secondary).
    """
    array = np.asarray(values, dtype=np.float64)
    return (array[..., :-2] + array[..., 1:-1] + array[..., 2:]) / 3.0


def exceed_multiple(values: ArrayLike, limit: float) -> NDArray[np.float64]:
    """Exceed multiple (C - S) / S of HJ 663, two decimals; 0 where the limit is not exceeded."""
    over = (np.asarray(values, dtype=np.float64) - limit) / limit
    return np.asarray(round_half_even(np.where(over < 0, 0.0, over), 2))


def _period(
    array: NDArray[np.float64],
    days: NDArray[np.datetime64],
    items: tuple[str, ...],
    year: int,
    dust_removed: NDArray[np.bool_] | None,
    first: date | str | np.datetime64 | None,
    last: date | str | np.datetime64 | None,
    partial: bool,
) -> tuple[
    NDArray[np.float64], NDArray[np.datetime64], NDArray[np.bool_], np.datetime64, np.datetime64
]:
    """Values, days and dust flags (day, item) of the period, in order, and its two ends."""
    start, end = np.array(
        [
            f"{year:04d}-01-01" if first is None else first,
            f"{year:04d}-12-31" if last is None else last,
        ],
        dtype="datetime64[D]",
    )
    dust = np.zeros((len(days), len(items)), dtype=np.bool_)
    if dust_removed is not None:
        flags = np.asarray(dust_removed, dtype=np.bool_)
        dust |= flags[:, None] if flags.ndim == 1 else flags
        dust &= np.array([item in _PM for item in items], dtype=np.bool_)
    chosen = np.flatnonzero((days >= start) & (days <= end))
    chosen = chosen[np.argsort(days[chosen], kind="stable")]
    inside = days[chosen]
    twice = inside[1:][inside[1:] == inside[:-1]]
    if len(twice):
        raise InputError(
            f"The day {twice[0]} occurs more than once.", "Keep one row for each day of a place."
        )
    if partial and last is None and len(inside):
        end = inside[-1]
    whole = len(chosen) == len(days) and bool((np.diff(chosen) == 1).all())
    return array if whole else array[:, chosen], inside, dust[chosen], start, end


class _Sufficiency:
    """The rule on the number of days, for the days of one period."""

    def __init__(
        self,
        days: NDArray[np.datetime64],
        start: np.datetime64,
        end: np.datetime64,
        partial: bool,
    ) -> None:
        self.partial = partial
        edges, self.needed, self.total = _month_rule(start, end)
        # The days of month m are days[edges[m]:edges[m + 1]].
        self.edges = np.searchsorted(days, edges)

    def of_each(self, present: list[NDArray[np.bool_]]) -> list[NDArray[np.bool_]]:
        """Whether the days ``present`` of each item, (path, day), are enough, bool (path,)."""
        if any(len(one) > 1 for one in present):
            return [self(one) for one in present]
        return list(self(np.concatenate(present))[:, None]) if present else []

    def in_all(self, count: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether so many days are enough wherever they lie, of the same shape."""
        return np.asarray(count >= (1 if self.partial else self.total))

    def __call__(self, present: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Whether the days ``present`` (path, day) are enough, bool (path,)."""
        if self.partial:
            return np.asarray(present.any(axis=1))
        running = np.zeros((len(present), present.shape[1] + 1), dtype=np.int32)
        np.cumsum(present, axis=1, out=running[:, 1:])
        by_month = np.diff(running[:, self.edges], axis=1)
        return np.asarray((running[:, -1] >= self.total) & (by_month >= self.needed).all(axis=1))


@lru_cache(maxsize=64)
def _month_rule(
    start: np.datetime64, end: np.datetime64
) -> tuple[NDArray[np.datetime64], NDArray[np.int64], int]:
    """First day of each month and the day after the period, days a month must have, and all must."""
    months = np.arange(
        start.astype("datetime64[M]"), end.astype("datetime64[M]") + np.timedelta64(1, "M")
    )
    opens = months.astype("datetime64[D]")
    closes = (months + np.timedelta64(1, "M")).astype("datetime64[D]") - np.timedelta64(1, "D")
    february = months.astype(int) % 12 == 1
    whole = (opens >= start) & (closes <= end)
    needed = np.where(whole, np.where(february, FEBRUARY_DAYS, MONTH_DAYS), 0)
    length = int((end - start).astype(int)) + 1
    total = YEAR_DAYS if length in (365, 366) else -(-YEAR_DAYS * length // 365)
    return np.append(opens, end + np.timedelta64(1, "D")), needed, total


def _times(present: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Days on which it holds, of (path, day), int64 (path,)."""
    # Sums of small integers are several times as fast as those of truth values.
    return np.asarray(present.view(np.int8).sum(axis=1, dtype=np.int16), dtype=np.int64)


def _day_counts(
    array: NDArray[Any],
    columns: list[NDArray[Any]],
    days: NDArray[np.datetime64],
    items: tuple[str, ...],
    dust: NDArray[np.bool_],
    standard: str | None,
    same: int,
) -> list[NDArray[np.int64]]:
    """Number of days that count, of good and of heavy days, each int64 (path,).

    ``columns`` are the days of each AQI item from ``same`` on, (path, day).
    """
    if same:
        first = array[:1, :same]
        own = [first[:, :, k] for k, item in enumerate(items) if item in AIR_ITEMS]
        seen = _day_counts(first, own, days[:same], items, dust[:same], standard, 0)
        array, days, dust = array[:, same:], days[same:], dust[same:]
        ahead = _day_counts(array, columns, days, items, dust, standard, 0)
        return [one + other for one, other in zip(seen, ahead, strict=True)]
    if array.dtype in (np.float32, np.float64) and items == AIR_ITEMS and array.size:
        found = masks_of(columns, days, standard, dust if dust.any() else None)
        if found is not None:
            return [_times(one) for one in found]
    chosen = [column for column, item in enumerate(items) if item in AIR_ITEMS]
    used = array if len(chosen) == len(items) else array[:, :, chosen]
    flags: NDArray[np.bool_] | tuple[str, ...] = ()
    if dust.any():
        flags = dust[:, chosen] & np.isnan(used)
    result = daily_aqi(
        used, days, tuple(items[column] for column in chosen), standard, not_monitored=flags
    )
    counted = result.complete & (result.aqi >= 0)
    good, heavy = result.aqi <= GOOD_AQI, result.aqi > HEAVY_AQI
    return [_times(one) for one in (counted, counted & good, counted & heavy)]
