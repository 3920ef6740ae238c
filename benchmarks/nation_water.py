"""Monthly samples of the water sections of a made nation: nine items, basins that rain together.

Of each item the logarithm (pH: the value) is the sum of the level of the section, a straight trend,
a harmonic of the year, an effect of the year, what the month brought to the basin and to the
section, and the scatter of one sample. Nothing is measured; the levels are such that about nine in
ten sections are at class III or better, as the national network has it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["BASINS", "WATER_ITEMS", "Sections", "draw_water"]

Floats = NDArray[np.float64]

BASINS = tuple(f"流域{n:02d}" for n in range(1, 11))

#: Part of a month's departure that is left in the next month; part of its variance that the basin
#: has in common.
_MEMORY, _SHARED = 0.4, 0.45
#: Chance that a month has no sample, that one item lacks in a sample, and that a section is a lake.
_NO_SAMPLE, _NO_ITEM, _LAKE = 0.02, 0.005, 0.06


@dataclass(frozen=True)
class _Kind:
    """One item.

    Attributes:
        level: median of the sections [mg/L].
        between: standard deviation of the logarithm between sections.
        trend: change of the logarithm a year.
        season: half the distance of summer and winter in the logarithm; above 0 is high in summer.
        spread: standard deviation of the logarithm of one sample.
        digits: digits behind the point.
        limit: detection limit; below it the value is 0 and censored.
    """

    level: float
    between: float
    trend: float
    season: float
    spread: float
    digits: int
    limit: float = 0.0


_KINDS = {
    "ph": _Kind(7.8, 0.03, 0.0, 0.01, 0.025, 1),
    "do": _Kind(8.8, 0.08, 0.003, -0.22, 0.10, 2),
    "codmn": _Kind(3.0, 0.35, -0.012, 0.15, 0.20, 2, 0.5),
    "cod": _Kind(12.0, 0.30, -0.012, 0.10, 0.22, 1, 4.0),
    "bod5": _Kind(1.8, 0.35, -0.015, 0.05, 0.25, 1, 0.5),
    "nh3n": _Kind(0.18, 0.75, -0.05, -0.35, 0.45, 3, 0.025),
    "tp": _Kind(0.065, 0.50, -0.03, 0.15, 0.30, 3, 0.01),
    "tn": _Kind(2.2, 0.45, -0.01, -0.12, 0.20, 2, 0.05),
    "f": _Kind(0.35, 0.35, 0.0, 0.0, 0.18, 2, 0.05),
}
WATER_ITEMS: tuple[str, ...] = tuple(_KINDS)
#: How much dirt moves the items together; oxygen is lower where there is more of it.
_DIRT = {"ph": 0.0, "do": -0.7, "f": 0.2}
#: Lakes hold their phosphorus back, and their limit is lower.
_LAKE_TP = np.log(0.35)


@dataclass(frozen=True)
class Sections:
    """Samples of sections.

    Attributes:
        values: 0 where below detection, NaN where missing, shape (section, month, item) [mg/L].
        censored: whether below detection, same shape.
        day: day of the month of each sample, shape (section, month).
        lake: whether a lake, shape (section,).
    """

    values: Floats
    censored: NDArray[np.bool_]
    day: NDArray[np.int64]
    lake: NDArray[np.bool_]


def _kept(shocks: Floats) -> Floats:
    """Departures of unit variance with memory from month to month, along the first axis."""
    state = shocks.copy()
    for month in range(1, len(shocks)):
        state[month] = _MEMORY * state[month - 1] + np.sqrt(1.0 - _MEMORY**2) * shocks[month]
    return state


def draw_water(seed: int, basins: NDArray[np.int64], n_months: int) -> Sections:
    """Draw samples from a January on; each section is the same whatever others are drawn.

    Args:
        seed: seed of the nation.
        basins: number of the basin of each section, shape (section,).
        n_months: number of months.
    """
    kinds = list(_KINDS.values())
    month = np.arange(n_months)
    phase = np.cos(2.0 * np.pi * (month % 12 - 6.5) / 12.0)
    shape = (n_months, len(kinds))
    rain = {
        basin: _kept(np.random.default_rng([seed, 3, basin]).standard_normal(shape))
        for basin in sorted({int(b) for b in basins})
    }
    values = np.empty((len(basins), *shape))
    censored = np.empty(values.shape, dtype=bool)
    days = np.empty((len(basins), n_months), dtype=np.int64)
    lakes = np.empty(len(basins), dtype=bool)
    weight = np.array([_DIRT.get(item, 0.7) for item in WATER_ITEMS])
    level = np.log([kind.level for kind in kinds])
    between = np.array([kind.between for kind in kinds])
    limit = np.array([kind.limit for kind in kinds])
    spread = np.array([kind.spread for kind in kinds])
    for at, basin in enumerate(basins):
        rng = np.random.default_rng([seed, 4, at])
        lakes[at] = rng.random() < _LAKE
        dirt = weight * rng.standard_normal()
        own = level + between * (dirt + np.sqrt(1.0 - weight**2) * rng.standard_normal(len(kinds)))
        if lakes[at]:
            own[WATER_ITEMS.index("tp")] += _LAKE_TP
        slope = np.array([kind.trend for kind in kinds]) + 0.3 * spread * 0.2 * rng.standard_normal(
            len(kinds)
        )
        season = np.array([kind.season for kind in kinds]) * np.exp(
            0.3 * rng.standard_normal(len(kinds))
        )
        effect = 0.25 * spread * rng.standard_normal((n_months // 12 + 1, len(kinds)))
        departures = np.sqrt(_SHARED) * rain[int(basin)] + np.sqrt(1.0 - _SHARED) * _kept(
            rng.standard_normal(shape)
        )
        drawn = np.exp(
            own
            + slope * (month / 12.0)[:, None]
            + season * phase[:, None]
            + effect[month // 12]
            + spread * (0.8 * departures + 0.6 * rng.standard_normal(shape))
        )
        below = drawn < limit
        for column, kind in enumerate(kinds):
            drawn[:, column] = np.round(drawn[:, column], kind.digits)
        drawn[below] = 0.0
        gone = rng.random(shape) < _NO_ITEM
        gone |= (rng.random(n_months) < _NO_SAMPLE)[:, None]
        drawn[gone] = np.nan
        values[at], censored[at] = drawn, below & ~gone
        days[at] = rng.integers(1, 11, n_months)
    return Sections(values, censored, days, lakes)
