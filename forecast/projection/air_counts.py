"""Counts of a year of air: days so far and left, what arithmetic still allows, items over class II."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.projection.days import BY_AQI
from forecast.standards.air_assessment import AirYear
from forecast.standards.items import AIR_ITEMS
from forecast.standards.judgement import judged_value
from forecast.standards.limits import PERCENTILES, item_attains

__all__ = ["bounds", "counts", "items_over"]


def counts(name: str, to_date: AirYear, left: int) -> dict[str, float]:
    """What budgets need of indicator ``name``: valid days, days left, good and heavy days, sums."""
    n_valid = int(to_date.n_valid[name][0])
    out: dict[str, float] = {"n_valid": n_valid, "n_left": left}
    if name in BY_AQI:
        out["good"] = float(np.nan_to_num(to_date.values["good_days"][0]))
        out["heavy"] = float(np.nan_to_num(to_date.values["heavy_days"][0]))
    if name.endswith("_annual_mean") and n_valid:
        out["sum"] = float(to_date.values[name][0]) * n_valid
    return out


def bounds(name: str, to_date: AirYear, left: int) -> tuple[float, float] | None:
    """Smallest and largest final value that arithmetic still allows, rounded for judgement.

    Args:
        name: the indicator; None is returned for one that arithmetic says nothing about.
        to_date: the year so far.
        left: days that are still to come.
    """
    total = int(to_date.n_valid[name][0]) + left
    if total == 0:
        return None
    known = counts(name, to_date, left)
    if name == "good_day_ratio":
        low, high = 100 * known["good"] / total, 100 * (known["good"] + left) / total
    elif name == "good_days":
        low, high = known["good"], known["good"] + left
    elif name == "heavy_days":
        low, high = known["heavy"], known["heavy"] + left
    elif name.endswith("_annual_mean"):
        low, high = known.get("sum", 0.0) / total, np.inf
    else:
        return None
    rounded = judged_value(name, np.array([low, high if np.isfinite(high) else 0.0]))
    return float(rounded[0]), float(rounded[1]) if np.isfinite(high) else float("inf")


def items_over(year: AirYear, standard: str) -> dict[str, NDArray[np.bool_]]:
    """Item → whether it is over class II, shape (path,) (HJ 663: mean and percentile both)."""
    return {
        item: ~item_attains(
            item,
            year.values.get(f"{item}_annual_mean", 0.0),
            year.values[f"{item}_p{PERCENTILES[item]}"],
            standard,
        )
        for item in AIR_ITEMS
    }
