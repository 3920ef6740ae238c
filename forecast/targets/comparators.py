"""Comparing values with a target: exact, vectorised, and without floating-point surprises."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecast.standards.indicators import indicator

__all__ = [
    "break_even",
    "clip_probability",
    "decided_by_bounds",
    "decimals_of",
    "lower_is_better",
    "margin",
    "meets",
]

#: Judged values are decimals with at most four places, so this only absorbs binary representation.
_EPS = 1e-9


def meets(
    values: ArrayLike, comparator: str, target: float, tolerance: float = 0.0
) -> NDArray[np.bool_]:
    """Whether each of ``values`` (already rounded as the rule asks) meets the target.

    Example: 9 of 13 sections is 69.2 % after rounding and meets 69.2; 8 of 13 (61.5) doesn't.

    >>> meets([69.2, 61.5], ">=", 69.2).tolist()
    [True, False]
    """
    x = np.asarray(values, dtype=float)
    room = tolerance + _EPS
    if comparator == "<=":
        return np.asarray(x <= target + room)
    if comparator == ">=":
        return np.asarray(x >= target - room)
    if comparator == "==":
        return np.asarray(np.abs(x - target) <= room)
    raise ValueError(f"comparator must be <=, >= or ==, got {comparator!r}")


def lower_is_better(name: str, comparator: str = "") -> bool:
    """Direction of an indicator; for a name of the plan's own the comparator decides."""
    try:
        return indicator(name).better == "lower"
    except KeyError:
        return comparator != ">="


def decimals_of(name: str) -> int | None:
    """Decimals a judged value keeps; None for classes and for names of the plan's own."""
    try:
        return indicator(name).judged_decimals
    except KeyError:
        return None


def decided_by_bounds(
    bounds: tuple[float, float], comparator: str, target: float, tolerance: float = 0.0
) -> bool | None:
    """True or False when every value between ``bounds`` meets or fails, None while it is open.

    >>> decided_by_bounds((41.0, 60.0), "<=", 37), decided_by_bounds((0.0, 3.0), "<=", 0)
    (False, None)
    """
    low, high = bounds
    if comparator == "==":
        if low > target + tolerance + _EPS or high < target - tolerance - _EPS:
            return False
        both = bool(meets([low, high], comparator, target, tolerance).all())
        return True if both else None
    worst, best = (high, low) if comparator == "<=" else (low, high)
    if bool(meets(worst, comparator, target, tolerance)):
        return True
    if not bool(meets(best, comparator, target, tolerance)):
        return False
    return None


def clip_probability(share: float, n: int) -> float:
    """Hold a share of ``n`` paths within [1/(2n), 1 - 1/(2n)]: simulation never proves 0 or 1.

    >>> clip_probability(1.0, 2000), clip_probability(0.25, 4)
    (0.99975, 0.25)
    """
    edge = 1.0 / (2 * n)
    return min(max(share, edge), 1.0 - edge)


def break_even(
    samples: NDArray[np.float64], lower_better: bool, probability: float, decimals: int | None
) -> float:
    """The strictest number that is met in at least ``probability`` of the paths.

    The result lies on the indicator's own resolution, rounded to the lenient side.

    >>> import numpy as np
    >>> break_even(np.arange(70.0, 80.0), False, 0.8, 1)
    72.0
    """
    n = len(samples)
    k = max(1, math.ceil(probability * n - 1e-9))
    order = np.sort(np.asarray(samples, dtype=float))
    value = float(order[k - 1] if lower_better else order[n - k])
    scale = 10 ** (decimals if decimals is not None else 0)
    if decimals is None and not value.is_integer():
        return value
    on_grid = value * scale
    nearest = round(on_grid)
    if abs(on_grid - nearest) > 1e-6:
        nearest = math.ceil(on_grid) if lower_better else math.floor(on_grid)
    return float(nearest / scale)


def margin(value: float, comparator: str, target: float) -> float:
    """Distance to the target, positive on the good side; for ``==`` minus the distance."""
    gap = {"<=": target - value, ">=": value - target}.get(comparator, -abs(value - target))
    return round(gap, 9) + 0.0
