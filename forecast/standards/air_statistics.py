"""Mean and percentile of the days of a year (HJ 663 annex A), of many paths at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["ItemDays", "percentile", "statistics"]

#: Mean, percentile and number of values, each (path,).
Statistics = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]


def percentile(values: ArrayLike, per_cent: int) -> NDArray[np.float64]:
    """Percentile along the last axis, NaN left out: the k-th smallest, k = 1 + (n - 1) p.

    HJ 663 annex A (secondary): linear between the order statistics, the same as numpy's "linear".

    >>> percentile([10, 20, 30, 40], 90).item()
    37.0
    """
    array = np.asarray(values)
    if array.dtype != np.float32:
        array = array.astype(np.float64)
    _, part, _ = statistics(array.reshape(-1, array.shape[-1]), per_cent)
    return part.reshape(array.shape[:-1])


def statistics(series: NDArray[np.float64], per_cent: int) -> Statistics:
    """Mean, percentile and number of the values of each row of (path, day), NaN left out.

    Args:
        series: float32 or float64 (path, day).
        per_cent: of the percentile.
    """
    missing = np.isnan(series)
    if missing.any():
        # Days observed are the same on every path: a day missing on all of them just drops out.
        series = np.ascontiguousarray(series[:, ~missing.all(axis=0)])
        missing = np.isnan(series)
    if not missing.any():
        return _whole_statistics(np.zeros(0, dtype=series.dtype), series, per_cent)
    n_paths, n_days = series.shape
    count = n_days - missing.sum(axis=1, dtype=np.int64)
    ordered = np.sort(series, axis=1)
    steps = np.maximum(count - 1, 0) * per_cent
    lows = steps // 100
    rows = np.arange(n_paths)
    below = ordered[rows, lows]
    above = ordered[rows, np.minimum(lows + 1, np.maximum(count - 1, 0))]
    total = np.where(missing, 0.0, series).sum(axis=1, dtype=np.float64)
    mean = np.full(n_paths, np.nan)
    np.divide(total, count, out=mean, where=count > 0)
    return (*_as_read(mean, below, above, steps % 100 / 100.0), count)


class ItemDays:
    """The days of one item: those on which all paths agree are looked at once.

    Args:
        values: float32 or float64 (path, day), NaN missing.
        same: the paths agree on the days before this position.
        dusty: bool (day,), values that are left out.

    Attributes:
        ahead: (path, day) from that position on, the days of a path side by side.
    """

    def __init__(self, values: NDArray[Any], same: int, dusty: NDArray[np.bool_]) -> None:
        self._seen: NDArray[Any] = values[:1, :same].ravel()
        self.ahead: NDArray[Any] = np.ascontiguousarray(values[:, same:])
        self._dusty = dusty
        # The lowest is NaN where one is.
        self._gaps = bool(self.ahead.size and np.isnan(self.ahead.min()))
        self._empty = self._gaps and bool(np.isnan(self.ahead).all())

    def present(self) -> NDArray[np.bool_]:
        """Days that have a value or are left out, (path, day); one row where all are alike."""
        ahead = np.isnan(self.ahead[:1] if self._empty or not self._gaps else self.ahead)
        seen = np.broadcast_to(np.isnan(self._seen), (len(ahead), len(self._seen)))
        return np.asarray(~np.concatenate([seen, ahead], axis=1) | self._dusty)

    def statistics(self, per_cent: int) -> Statistics:
        """Return the :func:`statistics` of the values that are not left out."""
        seen, ahead, gaps, empty = self._seen, self.ahead, self._gaps, self._empty
        if self._dusty.any():
            seen, ahead = seen[~self._dusty[: len(seen)]], ahead[:, ~self._dusty[len(seen) :]]
            gaps = gaps and bool(np.isnan(ahead).any())
            empty = not ahead.shape[1] or (gaps and bool(np.isnan(ahead).all()))
        if len(ahead) == 1 and not len(seen):
            return _whole_statistics(seen, ahead[:, ~np.isnan(ahead[0])], per_cent)
        if not gaps and not (empty and len(seen)):
            return _whole_statistics(seen[~np.isnan(seen)], ahead, per_cent)
        if len(seen) and empty:
            n = len(ahead)
            mean, part, count = statistics(seen[None], per_cent)
            return np.repeat(mean, n), np.repeat(part, n), np.repeat(count, n)
        shared = np.broadcast_to(seen, (len(ahead), len(seen)))
        return statistics(np.concatenate([shared, ahead], axis=1), per_cent)


def _whole_statistics(
    seen: NDArray[np.float64], ahead: NDArray[np.float64], per_cent: int
) -> Statistics:
    """The statistics of days (day,) that all rows share and of those of each, nothing missing."""
    n_paths, n_days = len(ahead), len(seen) + ahead.shape[1]
    count = np.full(n_paths, n_days, dtype=np.int64)
    if n_days == 0:
        return np.full(n_paths, np.nan), np.full(n_paths, np.nan), count
    low, rest = divmod((n_days - 1) * per_cent, 100)
    high = min(low + 1, n_days - 1)
    total = ahead.sum(axis=1, dtype=np.float64)
    if len(seen):
        seen = np.sort(seen)
        total += seen.sum(dtype=np.float64)
    # The k highest of all days are among the k highest of those shared and the days of a row.
    left_out = max(0, len(seen) - (n_days - low))
    kept = len(seen) - left_out
    few = np.empty((n_paths, kept + ahead.shape[1]), dtype=ahead.dtype)
    few[:, :kept], few[:, kept:] = seen[left_out:], ahead
    # To sort takes less than to choose two places: it is done on many numbers at a time.
    few.sort(axis=1)
    low, high = low - left_out, high - left_out
    return (*_as_read(total / n_days, few[:, low], few[:, high], rest / 100.0), count)


def _as_read(
    mean: NDArray[np.float64],
    below: NDArray[np.float64],
    above: NDArray[np.float64],
    fraction: NDArray[np.float64] | float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and percentile between two order statistics, float64."""
    smaller, larger = below.astype(np.float64), above.astype(np.float64)
    if below.dtype == np.float32:
        # float32 can't hold 1.1; back to the decimals a reading has, else ties are no longer ties.
        smaller, larger, mean = np.round(smaller, 4), np.round(larger, 4), np.round(mean, 6)
    return mean, smaller + (larger - smaller) * fraction
