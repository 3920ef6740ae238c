"""Rules on hourly readings of one place: range, stuck, spike, PM2.5 against PM10, unit.

The figures are judgement, set on four years of hourly readings of eight Beijing stations (2013-03
to 2017-02, 1.6 million values); the number that each rule finds there stands beside it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.quality.findings import findings, joined, no_findings, runs
from forecast.quality.hour_grid import HourGrid
from forecast.standards.hours import hours_of_day
from forecast.tables import HOUR_ITEMS

__all__ = [
    "BELIEVED",
    "STEPS",
    "STUCK_HOURS",
    "pm_order",
    "range_",
    "spike",
    "stuck",
    "unit",
    "zero_pm25",
]

#: Lowest and highest hourly value that passes without a look [µg/m³, CO mg/m³]: the largest of the
#: Beijing record are 411, 273, 999, 999, 10 and 1071. Fireworks and sand storms come to be looked at
#: together with dead instruments. 25 values are outside.
BELIEVED: dict[str, tuple[float, float]] = {
    "so2": (0, 1000), "no2": (0, 400), "pm10": (0, 3000), "pm25": (0, 900), "co": (0, 20),
    "o3_1h": (0, 450),
}  # fmt: skip

#: The step in which values are printed [µg/m³, CO mg/m³].
STEPS: dict[str, float] = {item: 0.1 if item == "co" else 1.0 for item in HOUR_ITEMS}

#: (level, hours): up to this many steps a value must stay for so many hours to count as stuck. A
#: value near the detection limit repeats for days in clean air; the longest natural stays were 199
#: hours up to 3 steps (SO2 of 1 to 3), 41 up to 6 (CO 0.4), 17 up to 10, 15 up to 20 (CO), 13 up to
#: 50 (CO) and 7 above. Found beyond: 0.19 % of values, three quarters O3 at one figure for days.
STUCK_HOURS: tuple[tuple[float, int], ...] = (
    (3.0, 168), (6.0, 48), (10.0, 24), (20.0, 18), (50.0, 14), (np.inf, 10),
)  # fmt: skip

#: Hours for which all six items together must stay: one is chance, four are a repeated message.
_FROZEN_HOURS = 4

#: A spike is over three times all its neighbours of two hours and by so much above them
#: [µg/m³, CO mg/m³]. 108 of 1.6 million values are.
_SPIKE_FACTOR = 3.0
_SPIKE_EXCESS: dict[str, float] = {
    "so2": 50, "no2": 60, "pm10": 150, "pm25": 75, "co": 2, "o3_1h": 100,
}  # fmt: skip

#: PM2.5 is over PM10 where it exceeds it by a fifth and by 10 µg/m³ for three hours or more.
_ORDER_FACTOR, _ORDER_EXCESS, _ORDER_HOURS = 1.2, 10.0, 3

#: Normal PM10 beside which a PM2.5 of zero can't be true [µg/m³].
_NORMAL_PM10 = 20.0

#: The mean of a day this many times the place's usual one is a slip of 1000; sand storms reach 30.
_UNIT_FACTOR = 200.0
_UNIT_HOURS, _UNIT_DAYS = 12, 10


def range_(grid: HourGrid) -> pd.DataFrame:
    """Values that are not impossible but beyond what is believed without a look."""
    parts = []
    for item, x in grid.by_item.items():
        low, high = BELIEVED[item]
        place, first, last, n = runs((x < low) | (x > high), gap=24)
        detail = []
        for p, a, b in zip(place, first, last, strict=True):
            part = x[p, a : b + 1]
            part = part[(part < low) | (part > high)]
            detail.append(
                f"{part.min():g}至{part.max():g}，超出{low:g}至{high:g}|"
                f"{part.min():g} to {part.max():g}, outside {low:g} to {high:g}"
            )
        parts.append(_found(grid, place, item, first, last, "range", detail, n))
    return joined(parts)


def stuck(grid: HourGrid) -> pd.DataFrame:
    """One value for longer than air stays, or all six items the same for hours.

    How long depends on the value in steps of its resolution, see ``STUCK_HOURS``. Where a place
    prints an item in steps of ten (CO in whole numbers), the step is taken as it is. A missing hour
    ends a stay.
    """
    parts = []
    levels = np.array([level for level, _ in STUCK_HOURS])
    needed = np.array([hours for _, hours in STUCK_HOURS])
    n_hours = len(grid.hours)
    if n_hours < 2:
        return no_findings()
    frozen = np.ones((len(grid.place), n_hours - 1), dtype=np.bool_)
    for item, x in grid.by_item.items():
        same = x[:, 1:] == x[:, :-1]
        frozen &= same
        place, first, last, n = _long_runs(same, int(needed.min()) - 1)
        n += 1
        value = x[place, first]
        found_at, of = np.unique(place, return_inverse=True)
        steps = np.abs(value) / _step(x[found_at], item)[of]
        found = n >= needed[np.searchsorted(levels, np.round(steps, 6))]
        detail = [
            f"连续{k}小时均为{v:g}|{v:g} for {k} hours in a row"
            for k, v in zip(n[found], value[found], strict=True)
        ]
        parts.append(
            _found(
                grid, place[found], item, first[found], last[found] + 1, "stuck", detail, n[found]
            )
        )
    place, first, last, n = _long_runs(frozen, _FROZEN_HOURS - 1)
    n += 1
    detail = [
        f"六项指标连续{k}小时完全相同|all six items the same for {k} hours in a row" for k in n
    ]
    parts.append(_found(grid, place, "", first, last + 1, "stuck", detail, n * len(HOUR_ITEMS)))
    return joined(parts)


def spike(grid: HourGrid) -> pd.DataFrame:
    """One hour far above the hours around it: a jump that returns at once.

    At least the hours just before and after must be there. A front takes hours to pass, a
    calibration or a lightning stroke one.
    """
    parts = []
    for item, x in grid.by_item.items():
        if x.shape[1] < 3:
            continue
        # A jump up is rare; what comes after it is looked at there alone.
        place, hour = np.nonzero(x[:, 1:-1] > x[:, :-2] + _SPIKE_EXCESS[item])
        hour = hour + 1
        there = ~np.isnan(x[place, hour + 1])
        place, hour = place[there], hour[there]
        around = np.fmax.reduce([_at(x, place, hour + away) for away in (-2, -1, 1, 2)])
        value = x[place, hour]
        kept = (value > _SPIKE_FACTOR * around) & (value > around + _SPIKE_EXCESS[item])
        place, hour, value, around = place[kept], hour[kept], value[kept], around[kept]
        detail = [
            f"{v:g}，前后各两小时不高于{a:g}|{v:g}, two hours on both sides at most {a:g}"
            for v, a in zip(value, around, strict=True)
        ]
        parts.append(
            _found(grid, place, item, hour, hour, "spike", detail, np.ones(len(place), np.int64))
        )
    return joined(parts)


def pm_order(grid: HourGrid) -> pd.DataFrame:
    """PM2.5, a part of PM10, above it for hours, beyond rounding and noise.

    In the Beijing record of 2013 to 2017 2.0 % of the hours are; in readings of seven cities of
    2020, when both came from instruments of one make, none. Stretches within a day are one finding.
    """
    pm25, pm10 = grid.by_item["pm25"], grid.by_item["pm10"]
    place, first, last, n = runs((pm25 > _ORDER_FACTOR * pm10) & (pm25 > pm10 + _ORDER_EXCESS))
    lasting = np.zeros((pm25.shape[0], pm25.shape[1] + 1), dtype=np.int8)
    long = n >= _ORDER_HOURS
    lasting[place[long], first[long]] += 1
    lasting[place[long], last[long] + 1] -= 1
    place, first, last, n = runs(np.cumsum(lasting[:, :-1], axis=1, dtype=np.int8) > 0, gap=24)
    excess = pm25 - pm10
    detail = []
    for p, a, b in zip(place, first, last, strict=True):
        most = np.nanmax(excess[p, a : b + 1])
        detail.append(f"PM2.5高于PM10，最多{most:g} µg/m³|PM2.5 above PM10 by up to {most:g} µg/m³")
    return _found(grid, place, "pm25", first, last, "pm_order", detail, n)


def zero_pm25(grid: HourGrid) -> pd.DataFrame:
    """PM2.5 of zero beside normal PM10: a missing value written as a number."""
    pm25, pm10 = grid.by_item["pm25"], grid.by_item["pm10"]
    place, first, last, n = runs((pm25 == 0) & (pm10 >= _NORMAL_PM10), gap=24)
    detail = [
        f"PM2.5为0，PM10不低于{_NORMAL_PM10:g}|PM2.5 is 0 beside PM10 of {_NORMAL_PM10:g} or more"
    ] * len(place)
    return _found(grid, place, "pm25", first, last, "contradiction", detail, n)


def unit(grid: HourGrid) -> pd.DataFrame:
    """Days whose mean is hundreds of times the place's usual: µg and mg exchanged.

    Days with at least 12 hours count, of places with at least 10 such days; the rarer of the two
    levels is the finding. None in the Beijing record.
    """
    day, _ = hours_of_day(grid.hours)
    days, starts = np.unique(day, return_index=True)
    if not len(days):
        return no_findings()
    ends = np.r_[starts[1:], len(day)]
    parts = []
    for item, x in grid.by_item.items():
        there = ~np.isnan(x)
        count = np.add.reduceat(there, starts, axis=1, dtype=np.int64)
        total = np.add.reduceat(np.where(there, x, 0.0), starts, axis=1)
        mean = np.full(count.shape, np.nan)
        np.divide(total, count, out=mean, where=(count >= _UNIT_HOURS) & (total > 0))
        usual = _median(mean)[:, None]
        ratio = mean / usual
        for factor, mask in (
            ("1000", ratio > _UNIT_FACTOR), ("1/1000", ratio < 1 / _UNIT_FACTOR),
        ):  # fmt: skip
            place, first, last, _ = runs(mask, gap=2)
            n = [int(count[p, a : b + 1].sum()) for p, a, b in zip(place, first, last, strict=True)]
            detail = [
                f"日均值约为该点平时的{factor}倍（{mean[p, a]:g}，平时{usual[p, 0]:g}）|"
                f"daily means about {factor} times the usual ({mean[p, a]:g}, usually "
                f"{usual[p, 0]:g})"
                for p, a in zip(place, first, strict=True)
            ]
            parts.append(
                _found(grid, place, item, starts[first], ends[last] - 1, "unit", detail, n)
            )
    return joined(parts)


def _found(
    grid: HourGrid,
    place: NDArray[np.int64],
    item: str,
    first: NDArray[np.int64],
    last: NDArray[np.int64],
    rule: str,
    detail: list[str],
    n: NDArray[np.int64] | list[int],
) -> pd.DataFrame:
    return findings(
        grid.region[place], grid.place[place], item, grid.hours[first], grid.hours[last], rule,
        detail, n,
    )  # fmt: skip


def _long_runs(
    mask: NDArray[np.bool_], least: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the stretches of ``runs`` that have ``least`` columns or more."""
    # Columns at which so many True begin, doubled step by step: most rows have none.
    begins, length = mask, 1
    while length < least and begins.shape[1]:
        step = min(length, least - length)
        begins, length = begins[:, :-step] & begins[:, step:], length + step
    rows = np.flatnonzero(begins.any(axis=1))
    place, first, last, n = runs(mask[rows])
    long = n >= least
    return rows[place[long]], first[long], last[long], n[long]


def _at(
    x: NDArray[np.float64], place: NDArray[np.int64], hour: NDArray[np.int64]
) -> NDArray[np.float64]:
    inside = (hour >= 0) & (hour < x.shape[1])
    return np.where(inside, x[place, np.clip(hour, 0, x.shape[1] - 1)], np.nan)


def _step(x: NDArray[np.float64], item: str) -> NDArray[np.float64]:
    """The step of each place: ten times the usual where every value is a multiple of that."""
    coarse = 10 * STEPS[item]
    rest = np.abs(x - coarse * np.round(x / coarse))
    whole = ((rest < 1e-6) | np.isnan(x)).all(axis=1)
    return np.where(whole, coarse, STEPS[item])


def _median(mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """Median of each row, NaN left out; NaN below ten values."""
    ordered = np.sort(mean, axis=1)
    n = (~np.isnan(mean)).sum(axis=1)
    rows = np.arange(len(mean))
    low = ordered[rows, np.maximum(n - 1, 0) // 2]
    high = ordered[rows, np.minimum(n // 2, mean.shape[1] - 1)]
    return np.where(n >= _UNIT_DAYS, (low + high) / 2, np.nan)
