"""Move a drawn year to its annual figures, exactly, and as little as possible.

A year has a PM2.5 mean, a number of good days (AQI at most 100), a number of heavy days (AQI over
200) and a composite index. The steps, each of them monotone within an item, so that a day that
was worse than another stays so unless it has to change its AQI band:

1. PM2.5 keeps its ranks and takes log-normal quantiles with the mean and the heavy days wished.
2. O3 = c·x: c from the number of good days, with the other items where they are.
3. Whole numbers for the six annual values, near the wished ones, whose composite index is right.
4. Days are ranked by AQI; the best are held at or under 100, the worst over 200, the rest between.
5. Within these bounds each item is scaled and rounded to whole readings until its annual value is
   the wished one: a sum for means, two equal neighbours in the ranking for a percentile.

The index of a concentration comes from ``forecast.standards``; no rule is repeated here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import product
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from forecast.standards.air_assessment import COMPOSITE_PARTS, percentile
from forecast.standards.aqi import GOOD_AQI, HEAVY_AQI, daily_aqi
from forecast.standards.items import AIR_ITEMS
from forecast.standards.limits import PERCENTILES, air_limit
from forecast.standards.rounding import round_half_even

__all__ = ["STANDARD", "YearGoal", "calibrate_year"]

Array = NDArray[np.float64]

#: The whole record is judged by the rule that was in force while its figures were published.
STANDARD = "HJ 633-2012"

#: Items that enter the composite index by a percentile [%]; the others enter by their mean.
_RANKED = {
    item: PERCENTILES[item] for item, (name, _) in COMPOSITE_PARTS.items() if "_mean" not in name
}
#: Readings are whole numbers, CO has one decimal.
_STEPS = {item: 0.1 if item == "co" else 1.0 for item in AIR_ITEMS}
_SO2, _NO2, _PM10, _PM25, _CO, _O3 = range(len(AIR_ITEMS))
#: PM2.5 is part of PM10: what PM10 has at least on top of it [µg/m³].
_COARSE = 2.0


@dataclass(frozen=True)
class YearGoal:
    """Annual figures of one year.

    ``pm25`` [µg/m³], ``good`` and ``heavy`` [days] and ``composite`` [-] are met exactly; ``so2``,
    ``no2`` [µg/m³, annual means] and ``co`` [mg/m³, 95th percentile] are met nearly. PM10 and O3
    follow from the composite index and the good days.
    """

    year: int
    pm25: int
    good: int
    heavy: int
    composite: float
    so2: float
    no2: float
    co: float


def _bisect(function: Callable[[float], float], low: float, high: float) -> float:
    """Return x in [low, high] where the rising ``function`` passes 0 (the end if it does not)."""
    for _ in range(60):
        middle = 0.5 * (low + high)
        if function(middle) > 0.0:
            high = middle
        else:
            low = middle
    return low


def _last_within(index: int) -> Array:
    """Return the largest reading of each item whose IAQI is at most ``index``, shape (item,)."""
    limits = np.empty(len(AIR_ITEMS))
    for column, item in enumerate(AIR_ITEMS):
        ladder = np.zeros((1000, len(AIR_ITEMS)))
        ladder[:, column] = np.arange(1000) * _STEPS[item]
        days = np.full(1000, np.datetime64("2015-01-01"))
        iaqi = daily_aqi(ladder, days, AIR_ITEMS, STANDARD).iaqi[:, column]
        limits[column] = ladder[np.flatnonzero((iaqi >= 0) & (iaqi <= index))[-1], column]
    return limits


def _shape_pm25(shape: Array, goal: YearGoal, heavy_limit: float) -> Array:
    """Step 1: the days keep their ranks and take the quantiles of a log-normal year.

    Its mean is M = exp(m + s²/2) and a share h of its days lies over L: (ln L - m)/s = z(1 - h).
    Without m this is s²/2 - z·s + ln(L/M) = 0, whose smaller root is the wanted s.
    """
    normal = NormalDist()
    days = len(shape)
    z = normal.inv_cdf(1.0 - goal.heavy / days)
    over = np.log((heavy_limit + 0.5) / goal.pm25)
    spread = z - np.sqrt(max(z * z - 2.0 * over, 0.0))
    quantiles = np.array([normal.inv_cdf((k + 0.5) / days) for k in range(days)])
    year = np.empty(days)
    year[np.argsort(shape, kind="stable")] = np.exp(spread * quantiles)
    return np.asarray(year * (goal.pm25 / year.mean()))


@cache
def _limits() -> Array:
    """Return the limits of the composite index [µg/m³, CO mg/m³], shape (item,)."""
    limits = [air_limit(item, COMPOSITE_PARTS[item][1], STANDARD) for item in AIR_ITEMS]
    return np.array(limits, dtype=np.float64)


def _percentile(column: Array, item: str) -> float:
    return float(percentile(column, _RANKED[item]))


def _level_of(values: Array) -> Array:
    """Return the six annual values that enter the composite index, shape (item,)."""
    return np.array(
        [
            _percentile(values[:, k], item) if item in _RANKED else values[:, k].mean()
            for k, item in enumerate(AIR_ITEMS)
        ]
    )


def _scale_o3(values: Array, shape: Array, goal: YearGoal, good: Array) -> float:
    """Step 2: the factor on ``shape`` that leaves the wished number of good days."""
    others = (np.delete(values, _O3, axis=1) > np.delete(good, _O3) + 0.5).any(axis=1)

    def surplus(scale: float) -> float:
        bad = others | (shape * scale > good[_O3] + 0.5)
        return float(bad.sum()) - (len(shape) - goal.good) - 0.5

    return _bisect(surplus, 60.0, 160.0)


def _first_guess(shape: Array, goal: YearGoal, good: Array, heavy: Array) -> Array:
    """Steps 1 and 2: real-valued readings near all figures, shape (day, item)."""
    values = shape.copy()
    values[:, _PM25] = _shape_pm25(shape[:, _PM25], goal, heavy[_PM25])
    for column, mean in ((_SO2, goal.so2), (_NO2, goal.no2)):
        values[:, column] *= mean / shape[:, column].mean()
    values[:, _CO] *= goal.co / _percentile(shape[:, _CO], "co")
    coarse = shape[:, _PM10] * np.sqrt(shape[:, _PM10] / shape[:, _PM25])
    coarse *= goal.pm25 / coarse.mean()
    share = 0.7
    for _ in range(8):
        values[:, _PM10] = values[:, _PM25] + share * coarse
        values[:, _O3] = shape[:, _O3] * _scale_o3(values, shape[:, _O3], goal, good)
        levels = _level_of(values)
        levels[_PM10] = 0.0
        rest = (goal.composite - float(np.sum(levels / _limits()))) * _limits()[_PM10]
        share = max(rest / goal.pm25 - 1.0, 0.2)
    return values


def _whole_levels(wished: Array, goal: YearGoal) -> Array:
    """Step 3: the nearest whole annual values with the right composite index, shape (item,).

    Right means right however it is worked out: from the values as they are, and from the six
    single indices rounded to two decimals.
    """
    steps = np.array([_STEPS[item] for item in AIR_ITEMS])
    base = np.rint(wished / steps)
    base[_PM25] = goal.pm25
    ranges = [range(-2, 3), range(-2, 3), range(-4, 5), range(1), range(-2, 3), range(-3, 4)]
    moves = np.array(list(product(*ranges)), dtype=np.float64)
    levels = (base + moves) * steps
    single = levels / _limits()
    exact = np.abs(single.sum(axis=1) - goal.composite) < 0.004
    printed = np.abs(round_half_even(single, 2).sum(axis=1) - goal.composite) < 0.001
    cost = np.sum(((levels - wished) / wished) ** 2, axis=1)
    fits = exact & printed
    if not fits.any():
        raise RuntimeError(
            f"no whole annual values of {goal.year} near {np.round(wished, 1).tolist()} have the "
            f"composite index {goal.composite:g}"
        )
    return np.asarray(levels[np.argmin(np.where(fits, cost, np.inf))])


def _bands(values: Array, goal: YearGoal, good: Array, heavy: Array) -> tuple[Array, Array]:
    """Step 4: lower and upper bound of every reading, each of shape (day, item)."""
    steps = np.array([_STEPS[item] for item in AIR_ITEMS])
    days = np.full(len(values), np.datetime64(f"{goal.year}-01-01"))
    result = daily_aqi(np.rint(values / steps) * steps, days, AIR_ITEMS, STANDARD)
    order = np.lexsort((values[:, _PM25], (values / good).max(axis=1), result.aqi))
    lead = np.argmax(values / good, axis=1)
    low = np.broadcast_to(steps, values.shape).copy()
    high = np.full(values.shape, np.inf)
    best = order[: goal.good]
    worst = order[len(order) - goal.heavy :]
    middle = order[goal.good : len(order) - goal.heavy]
    lead[worst] = np.argmax(values[worst] / heavy, axis=1)
    high[best] = good
    high[middle] = heavy
    low[middle, lead[middle]] = good[lead[middle]] + steps[lead[middle]]
    low[worst, lead[worst]] = heavy[lead[worst]] + steps[lead[worst]]
    return low, high


def _snap(column: Array, scale: float, low: Array, high: Array, step: float) -> Array:
    return np.asarray(np.clip(np.rint(column * scale / step) * step, low, high))


def _fit_mean(column: Array, low: Array, high: Array, mean: float, step: float) -> Array:
    """Step 5 for a mean: whole readings within the bounds whose sum is ``mean`` × days."""
    total = round(mean * len(column) / step)

    def units(scale: float) -> float:
        return float(np.rint(_snap(column, scale, low, high, step) / step).sum())

    fitted = _snap(column, _bisect(lambda s: units(s) - total - 0.5, 0.3, 3.0), low, high, step)
    missing = round(total - np.rint(fitted / step).sum())
    room = np.flatnonzero(fitted + step <= high)
    if missing > len(room):
        raise RuntimeError(f"a mean of {mean:g} does not fit the bounds of its days")
    # One step each, spread over the ranking of the days so that no season gets them all.
    chosen = room[np.argsort(column[room], kind="stable")]
    fitted[chosen[np.linspace(0, len(room) - 1, missing).astype(int)]] += step
    return fitted


def _fit_percentile(
    column: Array, low: Array, high: Array, level: float, item: str, step: float
) -> Array:
    """Step 5 for a percentile: the two readings it lies between are both ``level``.

    Percentile of HJ 663: position k = 1 + (n - 1)·p in the ascending order, linear between.
    """
    first = (len(column) - 1) * _RANKED[item] // 100

    def surplus(scale: float) -> float:
        return float(np.sort(_snap(column, scale, low, high, step))[first]) - level - step / 2

    fitted = _snap(column, _bisect(surplus, 0.3, 3.0), low, high, step)
    fitted[np.argsort(fitted, kind="stable")[first : first + 2]] = level
    return fitted


def calibrate_year(shape: Array, goal: YearGoal) -> Array:
    """Return readings of one year that meet ``goal``.

    Args:
        shape: positive relative values of the year's days, shape (day, item), order ``AIR_ITEMS``.
        goal: the annual figures.

    Returns:
        Readings [µg/m³, CO mg/m³], whole numbers (CO: one decimal), shape (day, item).
    """
    good, heavy = _last_within(GOOD_AQI), _last_within(HEAVY_AQI)
    guess = _first_guess(shape, goal, good, heavy)
    levels = _whole_levels(_level_of(guess), goal)
    low, high = _bands(guess, goal, good, heavy)
    values = np.empty_like(guess)
    for column in (_SO2, _NO2, _PM25, _PM10, _CO, _O3):
        item = AIR_ITEMS[column]
        if column == _PM10:
            low[:, _PM10] = np.maximum(low[:, _PM10], values[:, _PM25] + _COARSE)
        bounds = (guess[:, column], low[:, column], high[:, column], levels[column])
        if item in _RANKED:
            values[:, column] = _fit_percentile(*bounds, item, _STEPS[item])
        else:
            values[:, column] = _fit_mean(*bounds, _STEPS[item])
    values = np.round(values, 1)
    if np.any((values < low - 0.01) | (values > high + 0.01)):
        raise RuntimeError(f"the annual values of {goal.year} leave no room for its AQI bands")
    return np.asarray(values)
