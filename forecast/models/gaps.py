"""Gaps in a table of innovations, filled from other days so that items stay together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["fill_gaps"]

#: Of up to so many series the pattern of what is missing is looked at, day by day.
_FEW_SERIES = 12
#: Steps from which one that lacks items is filled, of which the most alike is taken.
_CANDIDATES = 10
#: With fewer steps that have all that is missing, items are filled apart.
_FEWEST_DONORS = 30


def fill_gaps(
    innovations: NDArray[np.float32],
    rng: np.random.Generator,
    *,
    year: float = 365.25,
    window: int = 45,
) -> NDArray[np.float32]:
    """Innovations (step, item) with gaps filled from random steps of the same season.

    All that a step lacks is taken from one other step, so that items stay together; of some
    candidates it is the one most alike in what both have. Items are filled apart where no step has
    all that is missing, or where there are many series.

    Args:
        innovations: NaN where missing; every item has at least one.
        rng: random generator.
        year: length of a year in steps.
        window: a candidate is at most so many present steps away in the order of the season, and
            at most an eighth of a year.
    """
    filled = innovations.copy()
    missing = ~np.isfinite(innovations)
    if not missing.any():
        return filled
    season = np.arange(len(innovations), dtype=np.float64) % year
    items = np.arange(innovations.shape[1])
    apart = [items[i : i + 1] for i in items]
    if len(items) > _FEW_SERIES:
        for some in apart:
            _fill(
                filled, innovations, np.flatnonzero(missing[:, some[0]]), some, season, window, rng
            )
        return filled
    pattern = missing @ (1 << items)
    for code in np.unique(pattern[pattern > 0]):
        steps = np.flatnonzero(pattern == code)
        lacking = items[missing[steps[0]]]
        whole = int((~missing[:, lacking].any(axis=1)).sum())
        together = whole >= min(_FEWEST_DONORS, int((~missing).sum(axis=0)[lacking].min()))
        for some in [lacking] if together else [apart[i] for i in lacking]:
            _fill(filled, innovations, steps, some, season, window, rng)
    return filled


def _fill(
    filled: NDArray[np.float32],
    innovations: NDArray[np.float32],
    steps: NDArray[np.int64],
    items: NDArray[np.int64],
    season: NDArray[np.float64],
    window: int,
    rng: np.random.Generator,
) -> None:
    """Fill ``items`` of ``steps`` from steps that have all of them."""
    present = np.flatnonzero(np.isfinite(innovations[:, items]).all(axis=1))
    order = present[np.argsort(season[present], kind="stable")]
    reach = max(min(window, len(order) // 8), 1)
    place = np.searchsorted(season[order], season[steps])
    away = rng.integers(-reach, reach + 1, size=(len(steps), _CANDIDATES))
    donors = order[(place[:, None] + away) % len(order)]
    if innovations.shape[1] <= _FEW_SERIES:
        apart = innovations[donors] - innovations[steps][:, None]
        both = np.isfinite(apart)
        # The mean over what both have; without anything in common any candidate serves.
        far = np.where(both, apart, 0.0).astype(np.float64)
        distance = (far**2).sum(axis=2) / np.maximum(both.sum(axis=2), 1)
        best = donors[np.arange(len(steps)), np.argmin(distance, axis=1)]
    else:
        best = donors[:, 0]
    filled[np.ix_(steps, items)] = innovations[np.ix_(best, items)]
