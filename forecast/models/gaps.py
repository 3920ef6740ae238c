"""Gaps in a table of innovations, filled from other days so that items stay together."""

from __future__ import annotations

from dataclasses import dataclass

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
    steps: NDArray[np.int64] | None = None,
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
        steps: the number of each step, ascending, where some were left out; None: all are there.
    """
    filled = innovations.copy()
    missing = ~np.isfinite(innovations)
    if not missing.any():
        return filled
    numbers = np.arange(len(innovations)) if steps is None else steps
    season = numbers.astype(np.float64) % year
    donors = _Donors(innovations, missing, season, np.argsort(season, kind="stable"), window)
    items = np.arange(innovations.shape[1])
    apart = [items[i : i + 1] for i in items]
    if len(items) > _FEW_SERIES:
        for some in apart:
            rows = np.flatnonzero(missing[:, some[0]])
            if len(rows):
                _put(filled, innovations, rows, some, donors.first(rows, some, rng))
        return filled
    pattern = missing @ (1 << items)
    counts = len(missing) - missing.sum(axis=0)
    by_code = np.argsort(pattern, kind="stable")
    codes, begins = np.unique(pattern[by_code], return_index=True)
    for code, rows in zip(codes, np.split(by_code, begins[1:]), strict=True):
        if code == 0:
            continue
        lacking = np.flatnonzero(missing[rows[0]])
        whole = int((~missing[:, lacking].any(axis=1)).sum())
        together = whole >= min(_FEWEST_DONORS, int(counts[lacking].min()))
        for some in [lacking] if together else [apart[i] for i in lacking]:
            _put(filled, innovations, rows, some, donors.alike(rows, some, rng))
    return filled


def _put(
    filled: NDArray[np.float32],
    innovations: NDArray[np.float32],
    steps: NDArray[np.int64],
    items: NDArray[np.int64],
    donors: NDArray[np.int64],
) -> None:
    filled[steps[:, None], items] = innovations[donors[:, None], items]


@dataclass(frozen=True)
class _Donors:
    """Steps that others are filled from.

    Attributes:
        innovations, missing: shape (step, item).
        season: place of each step in the year.
        order: steps in the order of the season.
        window: as for :func:`fill_gaps`.
    """

    innovations: NDArray[np.float32]
    missing: NDArray[np.bool_]
    season: NDArray[np.float64]
    order: NDArray[np.int64]
    window: int

    def alike(
        self, steps: NDArray[np.int64], items: NDArray[np.int64], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """For each step, of some drawn steps that have all of ``items`` the one most like it."""
        drawn = self._drawn(steps, items, rng)
        apart = self.innovations[drawn] - self.innovations[steps][:, None]
        both = np.isfinite(apart)
        # The mean over what both have; without anything in common any candidate serves.
        far = np.where(both, apart, 0.0).astype(np.float64)
        distance = (far**2).sum(axis=2) / np.maximum(both.sum(axis=2), 1)
        return np.asarray(drawn[np.arange(len(steps)), np.argmin(distance, axis=1)])

    def first(
        self, steps: NDArray[np.int64], items: NDArray[np.int64], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """For each step the first drawn one that has all of ``items``."""
        return np.asarray(self._drawn(steps, items, rng)[:, 0])

    def _drawn(
        self, steps: NDArray[np.int64], items: NDArray[np.int64], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        lacking = self.missing[self.order][:, items].any(axis=1)
        order = self.order[~lacking]
        reach = max(min(self.window, len(order) // 8), 1)
        place = np.searchsorted(self.season[order], self.season[steps])
        away = rng.integers(-reach, reach + 1, size=(len(steps), _CANDIDATES))
        return np.asarray(order[(place[:, None] + away) % len(order)])
