"""The slow error: how far a whole year can lie from what the model expects.

Daily noise averages out over a year; the error of an annual mean is decided by what does not:
weather of the whole year, emissions, drift of instruments. Its size is taken from past
year-ahead errors of this very model on many cities, less what the paths explain without it.
Each path gets a vector over items for each period of the lead, with the correlation seen between
items and the heavy tails of a t distribution, of the size that errors of that period had. Periods
are weakly linked: a bad winter is in part made up for in the mean of a year, but not in its good
days, and a quarter that remains has an error of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forecast.models.pooled import AirPooled

__all__ = ["PERSISTENCE", "correlation_factor", "slow_growth", "slow_links", "slow_units"]

#: No draw of the t distribution lies further out than this many standard deviations.
_MOST = 4.0
#: Correlation of the slow errors of one period and the next. On the panel, errors of
#: periods give those of whole years with 0 to 0.45, by item and length of record.
PERSISTENCE = 0.3


def slow_growth(
    points: Sequence[tuple[float, float]], leads: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Standard deviation of the slow error of ln C at each lead.

    Args:
        points: pairs (lead [days], standard deviation), sorted by lead.
        leads: days after the last reading, from 1.

    Returns:
        Shape of ``leads``: linear between the points, level before the first and, after the
        last, growing with the square root of the lead as a drift does.
    """
    if not points:
        return np.zeros(len(leads))
    at = np.array([p[0] for p in points])
    sd = np.array([p[1] for p in points])
    inside = np.interp(leads.astype(np.float64), at, sd)
    beyond = np.maximum(leads / at[-1], 1.0)
    grown: NDArray[np.float64] = inside * np.sqrt(beyond)
    return grown


def slow_links(anchors: Sequence[float], leads: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weights (lead, anchor) that carry unit draws at ``anchors`` to unit draws at each lead.

    Linear between the anchors, level outside them, and scaled so that the variance stays 1.
    """
    at = np.asarray(anchors, dtype=np.float64)
    weights = np.stack(
        [np.interp(leads.astype(np.float64), at, unit) for unit in np.eye(len(at))], axis=1
    )
    steps = np.abs(np.subtract.outer(np.arange(len(at)), np.arange(len(at))))
    variance = np.einsum("dk,kl,dl->d", weights, PERSISTENCE**steps, weights)
    scaled: NDArray[np.float64] = weights / np.sqrt(variance)[:, None]
    return scaled


def correlation_factor(pooled: AirPooled, items: Sequence[str]) -> NDArray[np.float64]:
    """Root R (item, item) with R·Rᵀ the correlation of slow errors of ``items``.

    Draws that several places have in common go through the rows of one root over all items: roots
    over other items are turned against each other.

    An item that was not pooled is independent of the others.
    """
    names, matrix = pooled.correlation
    place = {name: i for i, name in enumerate(names)}
    full = np.eye(len(items))
    for a, first in enumerate(items):
        for b, second in enumerate(items):
            if a != b and first in place and second in place:
                full[a, b] = matrix[place[first], place[second]]
    values, vectors = np.linalg.eigh((full + full.T) / 2.0)
    # A table of rounded correlations may miss being positive definite by a little.
    root = vectors * np.sqrt(np.maximum(values, 1e-6))
    root /= np.sqrt((root**2).sum(axis=1, keepdims=True))
    factor: NDArray[np.float64] = root
    return factor


def slow_units(
    factor: NDArray[np.float64],
    n_paths: int,
    degrees: float,
    rng: np.random.Generator,
    *,
    n_anchors: int = 1,
    common: NDArray[np.float64] | None = None,
    common_share: float = 0.0,
    tail: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Draws of the slow error in units of its standard deviation, shape (path, anchor, item).

    Multivariate t scaled to unit variance; one chi-square a path, so bad years are bad for all
    items at once. An anchor and the next have the correlation ``PERSISTENCE``.

    Args:
        factor: of the correlation of items, shape (item, normal of an item); rows of it for some.
        n_paths: number of paths.
        degrees: of the t distribution.
        rng: random generator of this place.
        n_anchors: number of periods.
        common: draws of variance ``common_share`` that other places have too, shape
            (path, anchor, normal of an item).
        common_share: share of the variance that is common.
        tail: factor of each path that all places have in common, shape (path,); drawn when None.

    Raises:
        ValueError: no finite variance.
    """
    if degrees <= 2.0:
        raise ValueError(f"degrees must be above 2 for a finite variance, got {degrees}")
    normal = rng.standard_normal((n_paths, n_anchors, factor.shape[1]))
    if common is not None:
        normal *= np.sqrt(1.0 - common_share)
        normal += common
    normal = normal @ factor.T
    for k in range(1, n_anchors):
        normal[:, k] *= np.sqrt(1.0 - PERSISTENCE**2)
        normal[:, k] += PERSISTENCE * normal[:, k - 1]
    if tail is None:
        tail = np.sqrt((degrees - 2.0) / rng.chisquare(degrees, size=n_paths))
    drawn: NDArray[np.float64] = np.clip(normal * tail[:, None, None], -_MOST, _MOST)
    return drawn
