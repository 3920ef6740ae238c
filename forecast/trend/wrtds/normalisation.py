"""Flow normalisation: the mean over all flows that the same day of the year has had."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.trend.wrtds.records import Flow
from forecast.trend.wrtds.surface import Grid, LazySurface

__all__ = ["KG_PER_DAY", "Normaliser"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: mg/L · m³/s → kg/day.
KG_PER_DAY = 86.4
_SEASON_DAYS = 367


class Normaliser:
    """Concentration and flux as they would be had each day all flows of its day of the year.

    For a day with time t the normalised concentration is the mean of C(q, t) over the flows q of
    that day of the year. C is linear in ln q between two levels of the grid, so that mean is a
    fixed sum over the levels for each day of the year: V (day of year, level), made once.
    """

    def __init__(self, grid: Grid, flow: Flow, used: Bools) -> None:
        level, up = grid.level(flow.log_q[used])
        day, q = flow.season_day[used], flow.q[used] * KG_PER_DAY
        self._conc = _level_sums(day, level, up, np.ones(len(q)), len(grid.log_q))
        self._flux = _level_sums(day, level, up, q, len(grid.log_q))
        count = self._conc.sum(axis=1, keepdims=True)
        with np.errstate(invalid="ignore"):
            self._conc, self._flux = self._conc / count, self._flux / count

    def normalise(self, surface: LazySurface, t: Floats, season_day: Ints) -> tuple[Floats, Floats]:
        """Normalised concentration [mg/L] and flux [kg/day] of days, (day,)."""
        before, on = surface.grid.slice(t)
        slices = np.union1d(before, before + 1)
        # (slice, level) of the slices needed only.
        conc = surface.values(slices)[2].T[slices]
        place = np.searchsorted(slices, before)
        found = []
        for mean in (self._conc, self._flux):
            early = _weighted(mean[season_day], conc[place])
            late = _weighted(mean[season_day], conc[place + 1])
            found.append(early * (1.0 - on) + late * on)
        return found[0], found[1]


def _level_sums(day: Ints, level: Ints, up: Floats, size: Floats, levels: int) -> Floats:
    """Sums of ``size``, shared between the levels below and above, (day of year, level)."""
    key = day * levels + level
    low = np.bincount(key, size * (1.0 - up), minlength=_SEASON_DAYS * levels)
    high = np.bincount(key + 1, size * up, minlength=_SEASON_DAYS * levels)
    return np.asarray((low + high).reshape(_SEASON_DAYS, levels))


def _weighted(weights: Floats, values: Floats) -> Floats:
    """Row sums of weights · values in which a value without weight may be missing."""
    missing = np.isnan(values)
    total = np.einsum("dl,dl->d", weights, np.where(missing, 0.0, values))
    return np.where((missing & (weights != 0.0)).any(axis=1), np.nan, total)
