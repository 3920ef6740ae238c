"""Long gaps of a table of innovations, filled from the same season of other years.

An item that began years after the others, a place whose record is shorter than that of its group, or a
station that was out for months lacks whole stretches. Single random days in their place would make a
season of one random table that all paths share, without runs of like days. A stretch of some weeks
is taken as a whole instead: of all years in which it is there, within a fortnight of the same date, it is the
one in which what else was measured ran most alike.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["from_other_years"]

#: Days of a stretch that is taken as a whole, the mean length of a run of past dates.
_STRETCH = 28
#: A stretch comes from at most so many days beside the same date.
_BESIDE = 14
#: Share of the days that a stretch must have to be taken.
_ENOUGH = 0.8


def from_other_years(
    innovations: NDArray[np.float32], *, year: float = 365.25
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Fill the stretches that an item lacks altogether; what is scattered stays missing.

    Nothing is random: the same record gives the same table.

    Args:
        innovations: shape (day, item), NaN where missing.
        year: length of a year in days.

    Returns:
        The table, the same array where there is no such stretch; and for each item how many days are
        its own, missing ones among them, shape (item,).
    """
    n_days, n_items = innovations.shape
    own = np.full(n_items, n_days, dtype=np.int64)
    there = np.isfinite(innovations)
    n_whole = n_days // _STRETCH
    whole = there[: n_whole * _STRETCH].reshape(n_whole, _STRETCH, n_items)
    empty: NDArray[np.bool_] = np.logical_not(np.any(whole, axis=1))
    if not empty.any():
        return innovations, own
    filled = innovations.copy()
    shifts = _shifts(n_days, year)
    for block in np.flatnonzero(empty.any(axis=1)):
        lacking = np.flatnonzero(empty[block])
        at = np.arange(block * _STRETCH, (block + 1) * _STRETCH)
        # Together where they can be, so that the items of a day stay together; else one by one.
        found = [(lacking, _source(innovations, there, at, lacking, shifts))]
        if found[0][1] is None and len(lacking) > 1:
            one_by_one = np.split(lacking, len(lacking))
            found = [(one, _source(innovations, there, at, one, shifts)) for one in one_by_one]
        for some, source in found:
            if source is not None:
                filled[at[:, None], some] = innovations[source[:, None], some]
                own[some] -= _STRETCH
    return filled, own


def _shifts(n_days: int, year: float) -> NDArray[np.int64]:
    """Days to look back or ahead: near years first, the same date first."""
    most = int(n_days // year) + 1
    years = [k for n in range(1, most + 1) for k in (n, -n)]
    beside = [b for n in range(_BESIDE + 1) for b in ((n, -n) if n else (0,))]
    return np.array([round(k * year) + b for b in beside for k in years], dtype=np.int64)


def _source(
    innovations: NDArray[np.float32],
    there: NDArray[np.bool_],
    at: NDArray[np.int64],
    items: NDArray[np.int64],
    shifts: NDArray[np.int64],
) -> NDArray[np.int64] | None:
    """The days that a stretch of ``items`` is taken from, None where there are none."""
    inside = (at[0] + shifts >= 0) & (at[-1] + shifts < len(innovations))
    days = at + shifts[inside][:, None]
    enough = there[days[:, :, None], items].mean(axis=1).min(axis=1, initial=1.0) >= _ENOUGH
    days = days[enough]
    if not len(days):
        return None
    apart = innovations[days].astype(np.float64) - innovations[at]
    both = np.isfinite(apart)
    n = both.sum(axis=(1, 2))
    # With nothing else measured all are alike, and the first is the same date of the next year.
    distance = np.where(both, apart**2, 0.0).sum(axis=(1, 2)) / np.maximum(n, 1)
    distance[n < n.max(initial=0) / 2] = np.inf
    return np.asarray(days[int(np.argmin(distance))])
