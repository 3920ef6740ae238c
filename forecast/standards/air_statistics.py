"""Mean and percentile of the days of a year (HJ 663 annex A), of many paths at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["percentile", "statistics"]


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


def statistics(
    series: NDArray[np.float64], per_cent: int, same: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Mean, percentile and number of the values of each row of (path, day), NaN left out.

    Args:
        series: float32 or float64 (path, day).
        per_cent: of the percentile.
        same: the rows agree on the days before this position; of those only the highest can be
            the percentile, so the rest is looked at once.
    """
    if same:
        ahead = series[:, same:]
        missing = np.isnan(ahead)
        if ahead.size and not missing.any():
            return _joined_statistics(series[0, :same], ahead, per_cent)
        if missing.all():
            mean, part, count = statistics(series[:1, :same], per_cent)
            n = len(series)
            return np.repeat(mean, n), np.repeat(part, n), np.repeat(count, n)
    missing = np.isnan(series)
    if missing.any():
        # Days observed are the same on every path: a day missing on all of them just drops out.
        series = np.ascontiguousarray(series[:, ~missing.all(axis=0)])
        missing = np.isnan(series)
    n_paths, n_days = series.shape
    if n_days == 0:
        empty = np.full(n_paths, np.nan)
        return empty, empty.copy(), np.zeros(n_paths, dtype=np.int64)
    if not missing.any():
        count = np.full(n_paths, n_days, dtype=np.int64)
        low, rest = divmod((n_days - 1) * per_cent, 100)
        high = min(low + 1, n_days - 1)
        ordered = np.partition(series, (low, high), axis=1)
        below, above = ordered[:, low], ordered[:, high]
        fraction: NDArray[np.float64] | float = rest / 100.0
        mean = series.mean(axis=1, dtype=np.float64)
    else:
        count = n_days - missing.sum(axis=1, dtype=np.int64)
        ordered = np.sort(series, axis=1)
        steps = np.maximum(count - 1, 0) * per_cent
        lows = steps // 100
        rows = np.arange(n_paths)
        below = ordered[rows, lows]
        above = ordered[rows, np.minimum(lows + 1, np.maximum(count - 1, 0))]
        fraction = steps % 100 / 100.0
        total = np.where(missing, 0.0, series).sum(axis=1, dtype=np.float64)
        mean = np.full(n_paths, np.nan)
        np.divide(total, count, out=mean, where=count > 0)
    return (*_as_read(mean, below, above, fraction, series.dtype == np.float32), count)


def _joined_statistics(
    seen: NDArray[np.float64], ahead: NDArray[np.float64], per_cent: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """The statistics of days that all rows share, (day,), and days of each, (path, day)."""
    seen = np.sort(seen[~np.isnan(seen)])
    n_days = len(seen) + ahead.shape[1]
    low, rest = divmod((n_days - 1) * per_cent, 100)
    high = min(low + 1, n_days - 1)
    # The k highest of all days are among the k highest of those shared and the days of a row.
    left_out = max(0, len(seen) - (n_days - low))
    top = np.broadcast_to(seen[left_out:], (len(ahead), len(seen) - left_out))
    few = np.concatenate([top, ahead], axis=1)
    low, high = low - left_out, high - left_out
    few.partition((low, high), axis=1)
    total = seen.sum(dtype=np.float64) + ahead.sum(axis=1, dtype=np.float64)
    count = np.full(len(ahead), n_days, dtype=np.int64)
    narrow = ahead.dtype == np.float32
    return (*_as_read(total / n_days, few[:, low], few[:, high], rest / 100.0, narrow), count)


def _as_read(
    mean: NDArray[np.float64],
    below: NDArray[np.float64],
    above: NDArray[np.float64],
    fraction: NDArray[np.float64] | float,
    narrow: bool,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and percentile between two order statistics, float64."""
    smaller, larger = below.astype(np.float64), above.astype(np.float64)
    if narrow:
        # float32 can't hold 1.1; back to the decimals a reading has, else ties are no longer ties.
        smaller, larger, mean = np.round(smaller, 4), np.round(larger, 4), np.round(mean, 6)
    return mean, smaller + (larger - smaller) * fraction
