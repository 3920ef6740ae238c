"""Draws of months to come that keep what moves together: sections, items, hydrology.

A month ahead is driven by one vector over all series. Part of it is the vector of innovations of
one past month, taken in whole years of the same season, with the hydrology of that very month;
the rest is a random sum of all past vectors, which has the same covariance and is not bound to
the few years of the record. So a drought or a flood reaches every river that it used to reach.

Which past months are taken and how they are summed is drawn once for all series; what is a series'
own is drawn from a stream of its name. So a series has the same paths whatever others are drawn with
it, and what they share stays shared.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from forecast.models.gaps import fill_gaps
from forecast.models.past_dates import draw_positions

__all__ = ["Shared", "blended", "driven", "own_stream", "shared_draws", "whole_table"]

#: Years of record that make past months count as much as random sums of them.
_YEARS = 6.0
#: Degrees of freedom with which standardised innovations are brought to unit variance.
_UNIT_MONTHS = 12.0
#: Months of record with which covariances over series count half.
_FEWEST_TOGETHER = 12.0


def own_stream(root: int, *names: str) -> np.random.Generator:
    """Generator that belongs to ``names`` under ``root``, whatever else is drawn."""
    told = hashlib.sha256("\x1f".join(names).encode("utf-8")).digest()
    words = [int.from_bytes(told[at : at + 4], "little") for at in range(0, 16, 4)]
    return np.random.default_rng(np.random.SeedSequence([root, *words]))


@dataclass(frozen=True)
class Shared:
    """What the months ahead of all series have in common.

    Attributes:
        positions: past month of each month ahead, shape (path, month).
        mixing: weights of all past months in the random sums, (past month, month x path).
        weights: of the past month, of the random sum, and of what is a series' own.
    """

    positions: NDArray[np.int64]
    mixing: NDArray[np.float32]
    weights: tuple[float, float, float]


@lru_cache(maxsize=2)
def shared_draws(root: int, n_past: int, n_ahead: int, n_paths: int) -> Shared:
    """Draw what is common to all series; the arrays are read by many and never written."""
    rng = own_stream(root, "shared")
    positions = draw_positions(n_past, n_ahead, n_paths, rng, year=12.0, mean_run=12.0, window=1)
    mixing = rng.standard_normal((n_past, n_ahead * n_paths), dtype=np.float32)
    years = n_past / 12.0
    together = n_past / (n_past + _FEWEST_TOGETHER)
    past = years / (years + _YEARS) * together
    # Vectors of one season of K years lie around their mean, with (K − 1)/K of the variance.
    summed = together - past + past / max(years, 1.0)
    whole, part, own = np.sqrt([past, summed / n_past, 1.0 - together])
    return Shared(positions, mixing, (float(whole), float(part), float(own)))


def whole_table(innovations: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float32]:
    """Innovations (month, series) of one place with unit variance and without gaps.

    Args:
        innovations: in standard deviations, NaN where there is no value.
        rng: random generator of the place.
    """
    held = np.isfinite(innovations)
    squares = np.where(held, innovations, 0.0) ** 2
    unit = (squares.sum(axis=0) + _UNIT_MONTHS) / (held.sum(axis=0) + _UNIT_MONTHS)
    table = (innovations / np.sqrt(unit)).astype(np.float32)
    # A series without any innovation would have nothing to fill its gaps from.
    bare = ~held.any(axis=0)
    table[:, bare] = rng.standard_normal((len(table), int(bare.sum())), dtype=np.float32)
    return fill_gaps(table, rng, year=12.0, window=2)


def driven(
    shared: Shared, table: NDArray[np.float32], own: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Vectors that drive the months ahead, (series, month, path), of unit variance.

    Args:
        shared: what is common to all series.
        table: past innovations without gaps, (past month, series).
        own: standard normal draws of each series, (series, month, path).
    """
    whole, part, alone = (np.float32(w) for w in shared.weights)
    past = np.ascontiguousarray(table.T)
    drawn: NDArray[np.float32] = past[:, shared.positions.T]
    drawn *= whole
    # One product a series: sums of float32 are then the same whatever others are drawn.
    for k, row in enumerate(past):
        summed = (row * part) @ shared.mixing
        drawn[k] += summed.reshape(drawn.shape[1:])
    drawn += alone * own
    return drawn


def blended(
    departures: NDArray[np.float64], positions: NDArray[np.int64], root: int
) -> NDArray[np.float32]:
    """Hydrology of months ahead: that of past months, tied to the present where it is known.

    Args:
        departures: of one quantity, shape (month, series), NaN where not known; months without any
            are filled from the same season of other years.
        positions: past months of the months ahead, shape (path, month).
        root: of the random streams; two series with the same departures get the same paths.

    Returns:
        Shape (series, month, path): the past month's departure, plus what is left of the
        difference between the present and the month before the past one (an autoregression
        with the persistence that the departures have from month to month).
    """
    n_past, n_series = departures.shape
    out = np.zeros((n_series, positions.shape[1], len(positions)), dtype=np.float32)
    made: dict[bytes, int] = {}
    lead = np.arange(1, positions.shape[1] + 1)
    for k, own in enumerate(departures.T):
        known = np.isfinite(own)
        if not known.any():
            continue
        told = own.tobytes()
        if told in made:
            out[k] = out[made[told]]
            continue
        made[told] = k
        rng = own_stream(root, "hydrology", hashlib.sha256(told).hexdigest())
        table = fill_gaps(own[:, None].astype(np.float32), rng, year=12.0, window=2)[:, 0]
        both = known[1:] & known[:-1]
        square = float((own[:-1][both] ** 2).sum())
        product = float((own[1:][both] * own[:-1][both]).sum())
        persistence = min(max(product / max(square, 1e-9), 0.0), 0.95)
        out[k] = table[positions.T]
        if known[-1]:
            gap = own[-1] - table[(positions[:, 0] - 1) % n_past]
            kept = (persistence**lead).astype(np.float32)
            out[k] += kept[:, None] * gap.astype(np.float32)
    return out
