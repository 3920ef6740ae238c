"""From an unrounded indicator to the number that is printed and the number that is judged.

Printed: the evaluation decimals of HJ 663-2013 (from memory); since 2026-03-01 statistics of air
items keep one decimal more (third party; the ministry prints PM2.5 so since 2025). Judged: whole
µg/m³, CO 0.1 mg/m³ under both (third party for 2026), ratios one decimal, the composite index two.
"""

from __future__ import annotations

from typing import Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecast.standards.indicators import Indicator, indicator
from forecast.standards.rounding import round_half_even, round_keep_significant
from forecast.standards.versions import resolve

__all__ = ["Comparator", "compare", "judged_value", "official_decimals", "official_value"]

Comparator = Literal["<=", "<", ">=", ">", "=="]

_SAME = {"≤": "<=", "≥": ">=", "=": "==", "＜": "<", "＞": ">", "=<": "<=", "=>": ">="}


def official_decimals(name: str, standard: str | None = None) -> int | None:
    """Decimals a printed value of indicator ``name`` keeps; None for a class.

    >>> official_decimals("pm25_annual_mean"), official_decimals("co_p95", "HJ 663-2026")
    (0, 2)
    """
    what = indicator(name)
    decimals = what.judged_decimals
    concentration = what.domain == "air" and what.unit in ("µg/m³", "mg/m³")
    if decimals is not None and concentration and standard is not None:
        return decimals + (resolve(standard).phase != "2012")
    return decimals


@overload
def official_value(name: str, values: float, standard: str | None = None) -> float: ...
@overload
def official_value(
    name: str, values: ArrayLike, standard: str | None = None
) -> NDArray[np.float64]: ...
def official_value(
    name: str, values: ArrayLike, standard: str | None = None
) -> float | NDArray[np.float64]:
    """Round ``values`` of indicator ``name`` as the standard in force prints them; NaN passes."""
    return _rounded(indicator(name), values, official_decimals(name, standard))


@overload
def judged_value(name: str, values: float) -> float: ...
@overload
def judged_value(name: str, values: ArrayLike) -> NDArray[np.float64]: ...
def judged_value(name: str, values: ArrayLike) -> float | NDArray[np.float64]:
    """Round ``values`` of indicator ``name`` as they are compared with a limit or a target.

    >>> judged_value("pm25_annual_mean", 30.5), judged_value("co_p95", 4.05)
    (30.0, 4.0)
    """
    return _rounded(indicator(name), values, indicator(name).judged_decimals)


def _rounded(
    what: Indicator, values: ArrayLike, decimals: int | None
) -> float | NDArray[np.float64]:
    if decimals is None:
        array = np.asarray(values, dtype=np.float64)
        return float(array) if array.ndim == 0 else array
    if what.domain == "water" and what.name.endswith("_mean"):
        return round_keep_significant(values, decimals)
    return round_half_even(values, decimals)


def compare(values: ArrayLike, comparator: str, target: float) -> NDArray[np.bool_]:
    """Say for each value whether ``value comparator target`` holds; NaN never does.

    Values are compared as given: round them with :func:`judged_value` first. Equality is taken
    within 1e-9, so that a rounded float equals the decimal it stands for.

    Raises:
        ValueError: an unknown comparator.
    """
    array = np.asarray(values, dtype=np.float64)
    sign = _SAME.get(comparator, comparator)
    equal = np.isclose(array, target, rtol=1e-9, atol=1e-12)
    if sign == "<=":
        return np.asarray((array < target) | equal)
    if sign == ">=":
        return np.asarray((array > target) | equal)
    if sign == "<":
        return np.asarray((array < target) & ~equal)
    if sign == ">":
        return np.asarray((array > target) & ~equal)
    if sign == "==":
        return np.asarray(equal)
    raise ValueError(f"unknown comparator {comparator!r}; use one of <=, <, >=, >, ==")
