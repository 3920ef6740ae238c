"""Business as usual: how a sector's emission would go on without the measures of a scenario."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from forecast.features.calendar import year_fraction
from forecast.scenario.pollutants import sector_of

__all__ = ["growth_factor", "growth_of", "years_since"]


def growth_of(sector: str, group: str, rates: Mapping[str, float]) -> float:
    """Return the growth of an inventory's row [%/yr]: its own rate, its group's, or that of ``all``."""
    named = {sector_of(name) or name: rate for name, rate in rates.items()}
    return float(rates.get(sector, named.get(group, rates.get("all", 0.0))))


def years_since(days: NDArray[np.datetime64], year: int) -> NDArray[np.float64]:
    """Return the years from the middle of ``year`` to noon of each day.

    >>> years_since(np.array(["2023-07-02"], dtype="datetime64[D]"), 2020).round(2).tolist()
    [3.0]
    """
    whole = days.astype("datetime64[Y]").astype(np.int64) + 1970
    since: NDArray[np.float64] = whole - year - 0.5 + year_fraction(days)
    return since


def growth_factor(rate: float, days: NDArray[np.datetime64], year: int) -> NDArray[np.float64]:
    """Return the projected emission over that of the inventory, for each day [1].

    ``rate`` [%/yr] compounds from the middle of the inventory's year; 0 gives exactly 1.

    >>> growth_factor(2.0, np.array(["2025-07-02"], dtype="datetime64[D]"), 2020).round(4).tolist()
    [1.1041]
    """
    if rate == 0.0:
        return np.ones(len(days))
    factor: NDArray[np.float64] = (1.0 + rate / 100.0) ** years_since(days, year)
    return factor
