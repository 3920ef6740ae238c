"""One section's water over the next few readings: damped persistence with past changes drawn whole.

On the scale of the item (ln C; oxygen, pH and temperature as they are) the expected value ``k`` readings on goes
back from the last one to the mean of the last ones at a rate fitted to the section's own past; what that missed
after past readings, all items and all of the next readings at once, is added. A week is short
against the season of water, so none is fitted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from forecast.models.gaps import fill_gaps
from forecast.models.water_scale import PLAIN

__all__ = ["FEWEST_READINGS", "WaterShortRange"]

#: A section needs so many readings of an item: fewer show no errors to draw from.
FEWEST_READINGS = 20
#: Half-life of a reading in the mean that values go back to [readings].
_MEAN_HALF_LIFE = 20.0
#: What is left of a departure after one reading, before the section's own past is asked, and how
#: many readings that counts for.
_KEPT, _PRIOR_READINGS = 0.85, 20.0
#: Old errors count less: half after so many readings.
_ERROR_HALF_LIFE = 45.0
#: No drawn concentration is further from those seen than this factor.
_CAP = 3.0


@dataclass
class WaterShortRange:
    """Readings to come of one section, one after another in the rhythm of the record.

    Args:
        leads: readings ahead.

    Attributes:
        items: the items that had enough readings, after :meth:`fit`.
    """

    leads: int = 7
    items: tuple[str, ...] = ()

    def fit(self, values: NDArray[np.float64], items: tuple[str, ...]) -> Self:
        """Fit.

        Args:
            values: readings (reading, item) in even steps, the last row the latest, NaN where
                missing [mg/L; pH without unit; °C].
            items: code of each column.
        """
        good = np.isfinite(values) & (values > 0.0)
        enough = good.sum(axis=0) >= FEWEST_READINGS
        self.items = tuple(i for i, e in zip(items, enough, strict=True) if e)
        if not self.items:
            return self
        table = np.where(good, values, np.nan)[:, enough]
        self._plain = np.array([i in PLAIN for i in self.items])
        self._low = np.nanmin(table, axis=0) / _CAP
        self._high = np.nanmax(table, axis=0) * _CAP
        for k, item in enumerate(self.items):
            if item in PLAIN:
                self._low[k], self._high[k] = PLAIN[item]
        scaled = np.where(self._plain, table, np.log(table))
        held, mean = _held(scaled), _running_mean(scaled)
        ahead = np.arange(1, self.leads + 1)
        padded = np.concatenate([scaled, np.full((self.leads, len(self.items)), np.nan)])
        targets = np.stack([padded[h : h + len(scaled)] for h in ahead], axis=1)
        apart = (held - mean)[:, None, :]
        change = targets - mean[:, None, :]
        used = np.isfinite(change) & np.isfinite(apart)
        x, y = np.where(used, apart, 0.0), np.where(used, change, 0.0)
        weight = (x**2).sum(axis=0)
        prior = _PRIOR_READINGS * np.maximum(
            (x**2).sum(axis=0) / np.maximum(used.sum(axis=0), 1), 1e-9
        )
        first = _KEPT ** ahead[:, None]
        self._kept = np.clip(((x * y).sum(axis=0) + prior * first) / (weight + prior), 0.0, 1.0)
        self._expected = mean[-1] + self._kept * (held[-1] - mean[-1])
        self._errors = np.where(used, change - self._kept * apart, np.nan)
        return self

    def sample(self, n_paths: int, rng: np.random.Generator) -> NDArray[np.float32]:
        """Draw the next readings, (path, lead, item), in the units of the readings.

        Args:
            n_paths: number of paths.
            rng: random generator; the same state gives the same paths.
        """
        flat = self._errors.reshape(len(self._errors), -1)
        at = np.flatnonzero(np.isfinite(flat).mean(axis=1) >= 0.5)
        if not len(at):
            return np.zeros((n_paths, 0, 0), dtype=np.float32)
        table = flat[at].astype(np.float32)
        if not np.isfinite(table).all():
            # Nothing is taken over from a column without any error.
            table[:, ~np.isfinite(table).any(axis=0)] = 0.0
            table = fill_gaps(table, rng)
        age = (len(flat) - 1 - at).astype(np.float64)
        weights = np.cumsum(0.5 ** (age / _ERROR_HALF_LIFE))
        steps = (rng.random() + np.arange(n_paths)) / n_paths
        drawn = np.searchsorted(weights / weights[-1], steps).clip(max=len(at) - 1)
        errors = table[drawn].reshape(n_paths, self.leads, len(self.items)).astype(np.float64)
        values = self._expected + errors
        values = np.where(self._plain, values, np.exp(np.where(self._plain, 0.0, values)))
        return np.clip(values, self._low, self._high).astype(np.float32)


def _held(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values (reading, item) with gaps stood for by the last known one; NaN before the first."""
    known = np.isfinite(values)
    row = np.arange(len(values))[:, None]
    last = np.maximum.accumulate(np.where(known, row, -1), axis=0)
    held = np.take_along_axis(values, np.maximum(last, 0), axis=0)
    return np.where(last >= 0, held, np.nan)


def _running_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of the readings so far, (reading, item), old ones counting less; NaN before the first."""
    kept = 0.5 ** (1.0 / _MEAN_HALF_LIFE)
    total, count = np.zeros(values.shape[1]), np.zeros(values.shape[1])
    out = np.full(values.shape, np.nan)
    for k, row in enumerate(values):
        known = np.isfinite(row)
        total = total * kept + np.where(known, row, 0.0)
        count = count * kept + known
        np.divide(total, count, out=out[k], where=count > 0.0)
    return out
