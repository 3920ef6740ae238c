"""Draws of months to come that keep what moves together: sections, items, hydrology.

A month ahead is driven by one vector over all series. Part of it is the vector of innovations of
one past month, taken in whole years of the same season, with the hydrology of that very month;
the rest is a random sum of all past vectors, which has the same covariance and is not bound to
the few years of the record. So a drought or a flood reaches every river that it used to reach.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.models.gaps import fill_gaps
from forecast.models.residuals import draw_positions

__all__ = ["Drivers", "blended"]

#: Years of record that make past months count as much as random sums of them.
_YEARS = 6.0
#: Degrees of freedom with which standardised innovations are brought to unit variance.
_UNIT_MONTHS = 12.0
#: Months of record with which covariances over series count half.
_FEWEST_TOGETHER = 12.0


class Drivers:
    """Vectors that drive months ahead, drawn from past innovations.

    Args:
        innovations: of the record in standard deviations, shape (month, series), NaN where there
            is no value.
        n_ahead: months to draw.
        n_paths: paths to draw.
        rng: random generator.

    Attributes:
        positions: past month of each month ahead, shape (path, month).
    """

    def __init__(
        self,
        innovations: NDArray[np.float64],
        n_ahead: int,
        n_paths: int,
        rng: np.random.Generator,
    ) -> None:
        n_past = len(innovations)
        self._rng = rng
        self.positions = draw_positions(
            n_past, n_ahead, n_paths, rng, year=12.0, mean_run=12.0, window=1
        )
        held = np.isfinite(innovations)
        squares = np.where(held, innovations, 0.0) ** 2
        unit = (squares.sum(axis=0) + _UNIT_MONTHS) / (held.sum(axis=0) + _UNIT_MONTHS)
        pool = (innovations / np.sqrt(unit)).astype(np.float32)
        # A series without any innovation would have nothing to fill its gaps from.
        bare = ~held.any(axis=0)
        pool[:, bare] = rng.standard_normal((n_past, int(bare.sum())), dtype=np.float32)
        self._pool = fill_gaps(pool, rng, year=12.0, window=2)
        years = n_past / 12.0
        together = n_past / (n_past + _FEWEST_TOGETHER)
        past = years / (years + _YEARS) * together
        # Vectors of one season of K years lie around their mean, with (K − 1)/K of the variance.
        summed = together - past + past / max(years, 1.0)
        self._weights = np.sqrt([past, summed, 1.0 - together]).astype(np.float32)

    def draw(self, start: int, stop: int) -> NDArray[np.float32]:
        """Vectors of the paths ``start`` to ``stop``, shape (path, month, series), unit variance."""
        positions = self.positions[start:stop]
        n_past, n_series = self._pool.shape
        whole, summed, own = self._weights
        drawn: NDArray[np.float32] = whole * self._pool[positions]
        mixing = self._rng.standard_normal((*positions.shape, n_past), dtype=np.float32)
        drawn += (summed / np.float32(np.sqrt(n_past))) * (mixing @ self._pool)
        drawn += own * self._rng.standard_normal((*positions.shape, n_series), dtype=np.float32)
        return drawn


def blended(
    departures: NDArray[np.float64], positions: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Hydrology of months ahead: that of past months, tied to the present where it is known.

    Args:
        departures: shape (month, series, quantity), NaN where not known; months without any are
            filled from the same season of other years.
        positions: past months of the months ahead, shape (path, month).
        rng: random generator.

    Returns:
        Shape (path, month, series, quantity): the past month's departure, plus what is left of
        the difference between the present and the month before the past one (an autoregression
        with the persistence that the departures have from month to month).
    """
    n_past, n_series, n_quantities = departures.shape
    flat = departures.reshape(n_past, -1)
    known = np.isfinite(flat).any(axis=0)
    table = np.zeros((n_past, flat.shape[1]), dtype=np.float32)
    if known.any():
        table[:, known] = fill_gaps(flat[:, known].astype(np.float32), rng, year=12.0, window=2)
    both = np.isfinite(flat[1:]) & np.isfinite(flat[:-1])
    product = np.where(both, np.nan_to_num(flat[1:]) * np.nan_to_num(flat[:-1]), 0.0).sum(axis=0)
    square = np.where(both, np.nan_to_num(flat[:-1]) ** 2, 0.0).sum(axis=0)
    persistence = np.clip(product / np.maximum(square, 1e-9), 0.0, 0.95)
    present = np.isfinite(flat[-1])
    drawn = table[positions]
    before = table[(positions[:, 0] - 1) % n_past]
    gap = np.where(present, np.nan_to_num(flat[-1]) - before, 0.0)
    lead = np.arange(1, positions.shape[1] + 1)
    kept = (persistence[None, :] ** lead[:, None]).astype(np.float32)
    drawn = drawn + gap[:, None, :].astype(np.float32) * kept[None]
    result: NDArray[np.float32] = drawn.reshape(*positions.shape, n_series, n_quantities)
    return result
