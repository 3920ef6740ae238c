"""Slopes of all pairs of months, and their medians when months are drawn again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["CUT", "PairSlopes", "day_numbers", "stretches", "weighted_medians"]

#: Pair weights held at once, so that long records stay within some 50 MB.
_AT_ONCE = 4_000_000

#: A month cut in two by a break has a number up to this; whole stretches count from 0.
CUT = -1


class PairSlopes:
    """Slopes of the pairs of months on one side of every break, sorted once.

    A resample only changes their weights.
    """

    def __init__(
        self, x: NDArray[np.float64], y: NDArray[np.float64], part: NDArray[np.int64]
    ) -> None:
        """Take days (month,), values (month,) [unit] and stretches (month,), none missing."""
        first, second = np.triu_indices(len(x), k=1)
        same = part[first] == part[second]
        first, second = first[same], second[same]
        slopes = (y[second] - y[first]) / (x[second] - x[first])
        order = np.argsort(slopes, kind="stable")
        self.slopes: NDArray[np.float64] = slopes[order]
        self.first, self.second = first[order], second[order]

    def months(self) -> int:
        """Number of months that have another one to be compared with."""
        return len(np.unique(np.concatenate([self.first, self.second])))

    def median(self) -> float:
        """Median slope [unit per day]; NaN without a pair."""
        return float(np.median(self.slopes)) if self.slopes.size else float("nan")

    def resampled(self, counts: NDArray[np.int32]) -> NDArray[np.float64]:
        """Median slope of each resample, shape (resample,), from counts (resample, month).

        A month drawn a times and another drawn b times make a × b pairs of the same slope, and a
        month has no slope with itself.
        """
        return np.concatenate([self._some(part) for part in self._chunks(counts)])

    def _chunks(self, counts: NDArray[np.int32]) -> Iterator[NDArray[np.int32]]:
        rows = max(1, _AT_ONCE // max(1, self.slopes.size))
        for start in range(0, len(counts), rows):
            yield counts[start : start + rows]

    def _some(self, counts: NDArray[np.int32]) -> NDArray[np.float64]:
        reached = np.cumsum(counts[:, self.first] * counts[:, self.second], axis=1, dtype=np.int64)
        total = reached[:, -1]
        out = np.full(len(counts), np.nan)
        for row in np.flatnonzero(total > 0):
            low = np.searchsorted(reached[row], (total[row] + 1) // 2)
            high = np.searchsorted(reached[row], total[row] // 2 + 1)
            out[row] = (self.slopes[low] + self.slopes[high]) / 2
        return out


def weighted_medians(values: NDArray[np.float64], counts: NDArray[np.int32]) -> NDArray[np.float64]:
    """Median of each row of ``values`` (row, month), each taken ``counts`` times; NaN for none.

    >>> weighted_medians(np.array([[3.0, 1.0, 9.0]]), np.array([[1, 3, 2]], dtype=np.int32))
    array([2.])
    """
    order = np.argsort(values, axis=1, kind="stable")
    ordered = np.take_along_axis(values, order, axis=1)
    reached = np.cumsum(np.take_along_axis(counts, order, axis=1), axis=1, dtype=np.int64)
    total = reached[:, -1]
    rows = np.arange(len(values))
    # The first value whose running count reaches the middle, from below and from above.
    low = (reached < ((total + 1) // 2)[:, None]).sum(axis=1)
    high = (reached < (total // 2 + 1)[:, None]).sum(axis=1)
    last = values.shape[1] - 1
    middle = (ordered[rows, np.minimum(low, last)] + ordered[rows, np.minimum(high, last)]) / 2
    return np.where(total > 0, middle, np.nan)


def day_numbers(index: pd.Index) -> NDArray[np.float64]:
    """Days since 1970-01-01, shape (month,)."""
    return index.to_numpy().astype("datetime64[D]").astype(np.float64)


def stretches(index: pd.Index, breaks: Sequence[dt.date]) -> NDArray[np.int64]:
    """Number of the stretch between two breaks that each month lies in, from 0.

    A month that a break cuts in two lies in none: it gets a number of its own, below 0.
    """
    months = index.to_numpy().astype("datetime64[M]")
    out = np.zeros(len(months), dtype=np.int64)
    cut = np.zeros(len(months), dtype=np.int64)
    for at, day in enumerate(sorted(breaks)):
        first = np.datetime64(day, "M")
        if day.day > 1:
            cut[months == first] = CUT - at
        out += months >= first
    return np.where(cut < 0, cut, out)
