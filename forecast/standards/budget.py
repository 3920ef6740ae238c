"""What is left: the budget of bad days, days and ratios, the mean allowed for the rest of a year.

Each in two forms. Exact: 100 g / N must reach the target. Rounded: the ratio with its one decimal
must, which can save a day (N = 365, target 87.4: 320 good days exactly, 319 rounded). Computed in
whole numbers; the target is taken as the decimal number it prints as.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecast.standards.rounding import ratio_percent

__all__ = [
    "DayBudget",
    "bad_day_budget",
    "count_budget",
    "days_to_ratio",
    "good_days_needed",
    "mean_allowed",
    "ratio_to_days",
]


@dataclass(frozen=True)
class DayBudget:
    """Days allowed, used and left, int64 of the shape of the inputs; left < 0: already missed."""

    allowed: NDArray[np.int64]
    used: NDArray[np.int64]
    left: NDArray[np.int64]


def good_days_needed(
    n_days: ArrayLike, target: float, *, rounded: bool = False, decimals: int = 1
) -> NDArray[np.int64]:
    """Fewest good days out of ``n_days`` with which the ratio is at least ``target`` [%].

    Args:
        n_days: days of the denominator (valid or calendar days), any shape.
        target: ratio [%].
        rounded: whether the ratio is rounded half to even to ``decimals`` before it is compared.

    Returns:
        int64 of the shape of ``n_days``; above ``n_days`` when the target can't be reached.

    >>> good_days_needed(365, 87.4).item(), good_days_needed(365, 87.4, rounded=True).item()
    (320, 319)
    """
    days = np.asarray(n_days, dtype=np.int64)
    need, beyond = _least(_exact(target), decimals) if rounded else (_exact(target), False)
    # Smallest g with 100 g / N >= need, or > need where the tie falls the other way.
    top = days * need.numerator
    bottom = 100 * need.denominator
    if beyond:
        return np.asarray(top // bottom + 1)
    return np.asarray(np.maximum(-(-top // bottom), 0))


def bad_day_budget(
    n_days: ArrayLike,
    target: float,
    bad_so_far: ArrayLike,
    *,
    rounded: bool = False,
    decimals: int = 1,
) -> DayBudget:
    """Budget of bad days of a year of ``n_days`` under a good-day ratio of ``target`` [%].

    allowed = N - smallest g that reaches the target; left = allowed - bad days so far.
    """
    days = np.asarray(n_days, dtype=np.int64)
    allowed = days - good_days_needed(days, target, rounded=rounded, decimals=decimals)
    return _budget(allowed, bad_so_far)


def count_budget(most: float, used: ArrayLike) -> DayBudget:
    """Budget under a cap on a number of days (heavy_days at most ``most``)."""
    whole = _exact(most)
    return _budget(np.asarray(whole.numerator // whole.denominator, dtype=np.int64), used)


def days_to_ratio(days: ArrayLike, n_days: ArrayLike) -> NDArray[np.float64]:
    """Ratio [%], unrounded, of ``days`` in a denominator of ``n_days``."""
    return np.asarray(ratio_percent(days, n_days))


def ratio_to_days(
    ratio: float, n_days: ArrayLike, *, rounded: bool = True, decimals: int = 1
) -> NDArray[np.int64]:
    """Fewest days out of ``n_days`` that print as at least ``ratio`` [%]."""
    return good_days_needed(n_days, ratio, rounded=rounded, decimals=decimals)


def mean_allowed(
    n_obs: ArrayLike,
    sum_obs: ArrayLike,
    n_left: ArrayLike,
    target: float,
    *,
    rounded: bool = False,
    decimals: int = 0,
) -> NDArray[np.float64]:
    """Highest mean of the days that are left with which an annual mean is at most ``target``.

    Args:
        n_obs: valid days so far.
        sum_obs: sum of their daily means [unit x days].
        n_left: days still to come.
        target: annual mean [unit].
        rounded: whether the mean is rounded half to even to ``decimals`` before it is compared,
            which leaves room of half a last digit (the tie itself only to an even target).

    Returns:
        float64 [unit], NaN where no day is left; below 0 when the target can't be met any more.

    >>> mean_allowed(100, 4000.0, 300, 35.0).round(2).item()
    33.33
    >>> mean_allowed(0, 0.0, 365, 30, rounded=True).item()
    30.5
    """
    most = _exact(target)
    if rounded:
        unit = Fraction(1, 10**decimals)
        most = (most // unit + Fraction(1, 2)) * unit
    cap = float(most)
    n, total, left = (np.asarray(x, dtype=np.float64) for x in (n_obs, sum_obs, n_left))
    room = cap * (n + left) - total
    result = np.full(np.broadcast_shapes(room.shape, left.shape), np.nan)
    np.divide(room, left, out=result, where=np.broadcast_to(left > 0, result.shape))
    return result


def _exact(number: float) -> Fraction:
    """The decimal number that ``number`` prints as."""
    return Fraction(str(number))


def _least(target: Fraction, decimals: int) -> tuple[Fraction, bool]:
    """Bound that an unrounded number must reach for its rounding to be at least ``target``.

    The second value says whether the bound itself is too little (its tie goes down to even).
    """
    unit = Fraction(1, 10**decimals)
    steps = -(-target // unit)
    return (steps - Fraction(1, 2)) * unit, steps % 2 == 1


def _budget(allowed: NDArray[np.int64], used: ArrayLike) -> DayBudget:
    spent = np.asarray(used, dtype=np.int64)
    shape = np.broadcast_shapes(allowed.shape, spent.shape)
    return DayBudget(
        np.broadcast_to(allowed, shape), np.broadcast_to(spent, shape), np.asarray(allowed - spent)
    )
