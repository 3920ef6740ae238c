"""Rules on series of single values (days of cities, samples of sections): range, spike, unit, stuck."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.quality.findings import findings, joined, no_findings

__all__ = [
    "Series",
    "alone",
    "range_of",
    "repeated",
    "series_of",
    "spikes_of",
    "stuck_days",
    "units_of",
]

#: A value is alone where it is this many times the median of its neighbours.
SPIKE_FACTOR = 8.0
#: Neighbours: three readings before and after; at least four of them.
_NEIGHBOURS, _ENOUGH = 3, 4

#: A stretch of at least this many readings, each so many times the usual of the place.
_UNIT_LOW, _UNIT_HIGH, _UNIT_READINGS, _UNIT_RECORD = 300.0, 3000.0, 5, 30

#: (level, days): up to so many steps a daily value must stay for so many days to count as stuck.
#: The longest natural stays in 15 cities of 2013 to 2017 were 14 days up to 10 steps (CO), 6 up to
#: 20 (CO, SO2) and 4 above.
_STUCK_DAYS: tuple[tuple[float, int], ...] = ((10.0, 21), (20.0, 10), (np.inf, 7))


@dataclass(frozen=True)
class Series:
    """Readings of one table in the order of place, item and time.

    Attributes:
        region, place, item: (row,).
        time: datetime64[s] (row,).
        value: (row,) [unit of the item].
        code: number of the series (place and item) of each row.
    """

    region: NDArray[np.object_]
    place: NDArray[np.object_]
    item: NDArray[np.object_]
    time: NDArray[np.datetime64]
    value: NDArray[np.float64]
    code: NDArray[np.int64]

    def neighbour(self, shift: int) -> NDArray[np.int64]:
        """Position of the reading ``shift`` rows on in the same series, -1 where there is none."""
        at = np.arange(len(self.value)) + shift
        inside = (at >= 0) & (at < len(self.value))
        other = np.where(inside, at, 0)
        return np.where(inside & (self.code[other] == self.code), other, -1)


def series_of(rows: pd.DataFrame, time: str) -> Series:
    """Return long rows (``region, place, item, value`` and the column ``time``) as series."""
    rows = rows[rows["value"].notna().to_numpy(bool)]
    key = [rows[c].to_numpy(dtype=object) for c in ("region", "place", "item")]
    codes = [pd.factorize(k, sort=True)[0].astype(np.int64) for k in key]
    code = np.zeros(len(rows), dtype=np.int64)
    for part in codes:
        code = code * (int(part.max(initial=0)) + 1) + part
    moments = rows[time].to_numpy("datetime64[s]")
    order = np.lexsort((moments, code))
    return Series(
        key[0][order], key[1][order], key[2][order], moments[order],
        rows["value"].to_numpy(np.float64)[order], code[order],
    )  # fmt: skip


def stretches(
    series: Series, mask: NDArray[np.bool_], gap: np.timedelta64
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """First and last row and number of the rows of ``mask`` that lie within ``gap`` of each other."""
    at = np.flatnonzero(mask)
    if not len(at):
        return at, at, at
    apart = (series.time[at][1:] - series.time[at][:-1]) > gap
    starts = np.flatnonzero(np.r_[True, apart | (series.code[at][1:] != series.code[at][:-1])])
    ends = np.r_[starts[1:], len(at)]
    return at[starts], at[ends - 1], ends - starts


def range_of(
    series: Series, believed: Mapping[str, tuple[float, float]], gap: np.timedelta64
) -> pd.DataFrame:
    """Values beyond what is ``believed`` without a look (item → lowest, highest)."""
    low = np.full(len(series.value), -np.inf)
    high = np.full(len(series.value), np.inf)
    for item, (least, most) in believed.items():
        own = series.item == item
        low[own], high[own] = least, most
    mask = (series.value < low) | (series.value > high)
    first, last, n = stretches(series, mask, gap)
    detail = []
    for a, b in zip(first, last, strict=True):
        part = series.value[a : b + 1][mask[a : b + 1]]
        detail.append(
            f"{part.min():g}至{part.max():g}，超出{low[a]:g}至{high[a]:g}|"
            f"{part.min():g} to {part.max():g}, outside {low[a]:g} to {high[a]:g}"
        )
    return found(series, first, last, "range", detail, n)


def alone(
    series: Series, *, reach: np.timedelta64, factor: float = SPIKE_FACTOR
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which values are over ``factor`` times the median of their neighbours, and that median.

    Neighbours are the three readings before and after within ``reach``, at least four of them.
    """
    around = np.full((2 * _NEIGHBOURS, len(series.value)), np.nan)
    shifts = [s for s in range(-_NEIGHBOURS, _NEIGHBOURS + 1) if s]
    for slot, shift in enumerate(shifts):
        at = series.neighbour(shift)
        near = (at >= 0) & (np.abs(series.time[at] - series.time) <= reach)
        around[slot] = np.where(near, series.value[at], np.nan)
    ordered = np.sort(around, axis=0)
    count = (~np.isnan(around)).sum(axis=0)
    column = np.arange(len(series.value))
    low = ordered[np.maximum(count - 1, 0) // 2, column]
    high = ordered[np.minimum(count // 2, 2 * _NEIGHBOURS - 1), column]
    median = np.where(count >= _ENOUGH, (low + high) / 2, np.nan)
    return (median > 0) & (series.value > factor * median), median


def spikes_of(
    series: Series, excess: Mapping[str, float], *, reach: np.timedelta64
) -> pd.DataFrame:
    """Values that stand alone and are so much above their neighbours (item → excess)."""
    mask, median = alone(series, reach=reach)
    least = np.full(len(series.value), np.inf)
    for item, amount in excess.items():
        least[series.item == item] = amount
    at = np.flatnonzero(mask)
    at = at[series.value[at] > median[at] + least[at]]
    detail = [
        f"{v:g}，前后中位数{m:g}|{v:g}, median of the readings around it {m:g}"
        for v, m in zip(series.value[at], median[at], strict=True)
    ]
    return found(series, at, at, "spike", detail, np.ones(len(at), dtype=np.int64))


def units_of(series: Series, gap: np.timedelta64) -> pd.DataFrame:
    """Stretches of readings about a thousand times, or a thousandth of, the place's usual.

    A stretch has at least five readings in a row and the series at least thirty; zeros, which
    stand for values below detection, are left out.
    """
    n_series = int(series.code.max(initial=-1)) + 1
    if not n_series:
        return no_findings()
    positive = series.value > 0
    frame = pd.Series(np.where(positive, series.value, np.nan)).groupby(series.code)
    usual = frame.transform("median").to_numpy(np.float64)
    enough = frame.transform("count").to_numpy(np.float64) >= _UNIT_RECORD
    ratio = np.where(positive & enough, series.value / np.where(usual > 0, usual, np.nan), np.nan)
    parts = []
    for factor, mask in (
        ("1000", (ratio >= _UNIT_LOW) & (ratio <= _UNIT_HIGH)),
        ("1/1000", (ratio <= 1 / _UNIT_LOW) & (ratio >= 1 / _UNIT_HIGH)),
    ):
        first, last, n = stretches(series, mask, gap)
        # Every reading from the first to the last is of the stretch: none with the usual level.
        whole = (n >= _UNIT_READINGS) & (last - first + 1 == n)
        first, last, n = first[whole], last[whole], n[whole]
        detail = [
            f"连续{k}个值约为该点平时的{factor}倍（{series.value[a]:g}，平时{usual[a]:g}）|"
            f"{k} readings in a row about {factor} times the usual ({series.value[a]:g}, usually "
            f"{usual[a]:g})"
            for a, k in zip(first, n, strict=True)
        ]
        parts.append(found(series, first, last, "unit", detail, n))
    return joined(parts)


def stuck_days(series: Series, steps: Mapping[str, float]) -> pd.DataFrame:
    """One daily value for longer than air stays; ``steps`` is item → step of its print."""
    day = series.time.astype("datetime64[D]").astype(np.int64)
    before = series.neighbour(-1)
    same = (before >= 0) & (day[before] == day - 1) & (series.value[before] == series.value)
    same &= np.isin(series.item, list(steps))
    starts = np.flatnonzero(~same)
    n = np.diff(np.r_[starts, len(same)])
    size = np.array([steps.get(str(i), 1.0) for i in series.item[starts]])
    level = np.round(np.abs(series.value[starts]) / size, 6)
    limits = np.array([limit for limit, _ in _STUCK_DAYS])
    needed = np.array([days for _, days in _STUCK_DAYS])
    long = n >= needed[np.searchsorted(limits, level)]
    first, n = starts[long], n[long]
    detail = [
        f"连续{k}天均为{v:g}|{v:g} on {k} days in a row"
        for k, v in zip(n, series.value[first], strict=True)
    ]
    return found(series, first, first + n - 1, "stuck", detail, n)


def repeated(
    region: NDArray[np.object_],
    place: NDArray[np.object_],
    time: NDArray[np.datetime64],
    values: NDArray[np.float64],
    *,
    fewest_items: int,
    fewest: int,
    reach: np.timedelta64,
) -> pd.DataFrame:
    """Whole readings that say the same in every item ``fewest`` times in a row.

    Args:
        region, place, time: (row,), by place and time.
        values: (row, item), NaN missing; the same items must be there.
        fewest_items: items that a reading must have at least.
        fewest: so many equal readings are a finding.
        reach: a longer pause ends the stretch.
    """
    if len(time) < 2:
        return no_findings()
    n_items = (~np.isnan(values)).sum(axis=1)
    equal = ((values[1:] == values[:-1]) | (np.isnan(values[1:]) & np.isnan(values[:-1]))).all(
        axis=1
    )
    equal &= (n_items[1:] >= fewest_items) & (time[1:] - time[:-1] <= reach)
    equal &= (region[1:] == region[:-1]) & (place[1:] == place[:-1])
    starts = np.flatnonzero(np.r_[True, ~equal])
    n = np.diff(np.r_[starts, len(time)])
    long = n >= fewest
    first, n = starts[long], n[long]
    detail = [
        f"连续{k}次读数各项完全相同|the same values of all items {k} times in a row" for k in n
    ]
    return findings(
        region[first], place[first], "", time[first], time[first + n - 1], "stuck", detail,
        n * n_items[first],
    )  # fmt: skip


def found(
    series: Series,
    first: NDArray[np.int64],
    last: NDArray[np.int64],
    rule: str,
    detail: list[str],
    n: NDArray[np.int64],
) -> pd.DataFrame:
    """Findings of the rows ``first`` to ``last`` of ``series``."""
    return findings(
        series.region[first], series.place[first], series.item[first], series.time[first],
        series.time[last], rule, detail, n,
    )  # fmt: skip
