"""Direction of a few annual values: the median slope and its exact interval from ranks.

Theil (1950) and Sen (1968), doi:10.1080/01621459.1968.10480934: the slope is the median of the
slopes of all pairs of years, and an interval runs from one of the sorted slopes to its mirror. If
the years were exchangeable, the number of pairs below the true slope would have the distribution
of the number of inversions of a random order (Kendall 1938, doi:10.1093/biomet/30.1-2.81), which
is known exactly, so that the interval holds for any distribution of the values and any spacing of
the years. Values on different measurement bases are never paired.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["AnnualSlopes", "annual_slopes", "fewest_years", "inversion_counts", "same_basis_pairs"]


@dataclass(frozen=True)
class AnnualSlopes:
    """Slopes of many series over the same years.

    Attributes:
        slope: median of the pair slopes, shape (path,) [unit per year]; NaN without a pair.
        lower, upper: bounds, shape (path,) [unit per year]; NaN where the years are too few for
            an interval of the level asked.
        coverage: probability with which the interval holds the slope, at least the level; NaN
            without an interval.
        n: years that have another year on the same basis.
    """

    slope: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    coverage: float
    n: int


@cache
def inversion_counts(sizes: tuple[int, ...], ties: tuple[int, ...] = ()) -> tuple[int, ...]:
    """How many orders have 0, 1, 2 … inversions, for series ordered each within itself.

    Args:
        sizes: number of values of each series.
        ties: sizes of the groups of equal values; pairs within a group are never inverted.

    The generating function is the product of (1 - q^m) over all m up to each size, divided by the
    same of each group of ties and by (1 - q) for each value that is not tied.

    >>> inversion_counts((4,))
    (1, 3, 5, 6, 5, 3, 1)
    >>> inversion_counts((4,), (2, 2))
    (1, 1, 2, 1, 1)
    """
    most = sum(n * (n - 1) // 2 for n in sizes) - sum(t * (t - 1) // 2 for t in ties)
    counts = [1] + [0] * most
    single = sum(sizes) - sum(ties)
    below = [k for t in ties for k in range(1, t + 1)] + [1] * single
    for m in (m for n in sizes for m in range(1, n + 1)):
        for at in range(most, m - 1, -1):
            counts[at] -= counts[at - m]
    for k in below:
        for at in range(k, most + 1):
            counts[at] += counts[at - k]
    return tuple(counts)


@cache
def _mirror(sizes: tuple[int, ...], level: float) -> tuple[int, float]:
    """Rank (from 1) of the lower bound among the sorted slopes, and the exact coverage.

    Rank 0 means that not even the range of all slopes holds with the level asked.
    """
    counts = inversion_counts(sizes)
    total = sum(counts)
    rank, coverage = 0, float("nan")
    for below, reached in enumerate(accumulate(counts), start=1):
        holds = 1.0 - 2.0 * reached / total
        if holds < level - 1e-12:
            break
        rank, coverage = below, holds
    return rank, coverage


@cache
def fewest_years(level: float) -> int:
    """Fewest values of one basis that give an interval of ``level`` (below 1).

    >>> fewest_years(0.90), fewest_years(0.95)
    (4, 5)
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie in (0, 1), got {level}")
    n = 2
    while _mirror((n,), level)[0] == 0:
        n += 1
    return n


def same_basis_pairs(bases: Sequence[str]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Positions of the earlier and the later year of every pair on one basis."""
    first, second = np.triu_indices(len(bases), k=1)
    labels = np.array([str(b) for b in bases], dtype=object)
    same = np.asarray(labels[first] == labels[second], dtype=bool)
    return first[same], second[same]


def annual_slopes(
    years: ArrayLike,
    values: ArrayLike,
    *,
    level: float = 0.90,
    bases: Sequence[str] | None = None,
) -> AnnualSlopes:
    """Median slope of each series with an exact rank interval.

    Args:
        years: shape (year,), ascending, each once.
        values: shape (path, year) [unit], finite or infinite but not NaN.
        level: probability that the interval is to hold, in (0, 1).
        bases: basis of each year's value, shape (year,); None = one basis. A step between bases
            is no trend: only years of the same basis are compared.

    Raises:
        ValueError: the years are not ascending or the shapes do not fit.

    Four values reach 11/12 with the range of all six slopes, so 90 % but not 95 %:

    >>> found = annual_slopes([2021, 2022, 2023, 2024], [[50.0, 47.0, 45.0, 44.0]])
    >>> found.slope[0], found.lower[0], found.upper[0], round(found.coverage, 4)
    (np.float64(-2.0), np.float64(-3.0), np.float64(-1.0), 0.9167)
    """
    x = np.asarray(years, dtype=np.float64)
    y = np.atleast_2d(np.asarray(values, dtype=np.float64))
    if x.ndim != 1 or y.ndim != 2 or y.shape[1] != x.size:
        raise ValueError(
            f"values need the shape (path, {x.size}) for {x.size} years, got {y.shape}"
        )
    if np.any(np.diff(x) <= 0):
        raise ValueError("years must be ascending, each once")
    if not 0 < level < 1:
        raise ValueError(f"level must lie in (0, 1), got {level}")
    labels = [""] * x.size if bases is None else [str(b) for b in bases]
    if len(labels) != x.size:
        raise ValueError(f"{len(labels)} bases were given for {x.size} years")
    first, second = same_basis_pairs(labels)
    none = np.full(y.shape[0], np.nan)
    sizes = tuple(sorted(n for n in (labels.count(b) for b in set(labels)) if n > 1))
    if first.size == 0:
        return AnnualSlopes(none, none, none, float("nan"), 0)
    slopes = np.sort((y[:, second] - y[:, first]) / (x[second] - x[first]), axis=1)
    slope = np.asarray(np.median(slopes, axis=1))
    rank, coverage = _mirror(sizes, level)
    if rank == 0:
        return AnnualSlopes(slope, none, none, coverage, sum(sizes))
    return AnnualSlopes(slope, slopes[:, rank - 1], slopes[:, -rank], coverage, sum(sizes))
