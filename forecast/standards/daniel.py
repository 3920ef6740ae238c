"""Daniel's test: Spearman's rank correlation with time (HJ 663 annex B and the water method).

rs = 1 - 6 Σd² / (N³ - N); a trend is significant when |rs| >= Wp. Critical values: from memory. For
an N without a tabled value the exact distribution over all orders is used up to 15, a t
approximation beyond.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["CRITICAL_VALUES", "SpearmanTrend", "critical_value", "spearman_trend"]

#: Wp at 0.05 and 0.01 by number of values.
CRITICAL_VALUES: dict[int, tuple[float, float]] = {
    5: (0.900, 1.000), 6: (0.829, 0.943), 7: (0.714, 0.893), 8: (0.643, 0.833),
    9: (0.600, 0.783), 10: (0.564, 0.746), 12: (0.506, 0.712), 14: (0.456, 0.645),
    16: (0.425, 0.601), 18: (0.399, 0.564), 20: (0.377, 0.534), 22: (0.359, 0.508),
    24: (0.343, 0.485), 26: (0.329, 0.465), 28: (0.317, 0.448), 30: (0.306, 0.432),
}  # fmt: skip

#: The method asks for five years or more.
FEWEST = 5
#: The exact distribution takes 2 ** N states; beyond this it is slow and t is good to 0.01.
_MOST_EXACT = 15


@dataclass(frozen=True)
class SpearmanTrend:
    """Result of the test.

    Attributes:
        rs: rank correlation with time, -1 to 1; NaN with fewer than five values.
        critical: value that |rs| must reach at ``level``.
        level: significance level, 0.05 or 0.01.
        significant: whether it does.
        direction: 1 rise, -1 fall, 0 not significant.
        n: number of values.
    """

    rs: float
    critical: float
    level: float
    significant: bool
    direction: int
    n: int


def spearman_trend(values: ArrayLike, *, level: float = 0.05) -> SpearmanTrend:
    """Test a yearly series for a trend; NaN years are left out.

    With ties, ranks are averaged and rs is the correlation of the ranks (equal to the formula
    where there are none).

    Args:
        values: (year,) in order of time.
        level: 0.05 or 0.01.

    >>> found = spearman_trend([50, 46, 43, 39, 35])
    >>> found.rs, found.direction
    (-1.0, -1)
    """
    array = np.asarray(values, dtype=np.float64)
    array = array[~np.isnan(array)]
    n = len(array)
    if n < FEWEST:
        return SpearmanTrend(math.nan, math.nan, level, False, 0, n)
    ranks = _ranks(array)
    if len(np.unique(array)) == n:
        d = ranks - np.arange(1.0, n + 1)
        rs = 1.0 - 6.0 * float(d @ d) / (n**3 - n)
    elif len(np.unique(array)) == 1:
        rs = 0.0
    else:
        rs = float(np.corrcoef(ranks, np.arange(n))[0, 1])
    critical = critical_value(n, level)
    # Tabled values have three decimals; rs is compared with as many.
    significant = round(abs(rs), 3) >= critical
    direction = 0 if not significant else (1 if rs > 0 else -1)
    return SpearmanTrend(rs, critical, level, significant, direction, n)


def critical_value(n: int, level: float = 0.05) -> float:
    """Critical |rs| for ``n`` values: tabled where it is, else computed to three decimals.

    The table is one-sided, as are the values computed in its place.

    Raises:
        ValueError: fewer than five values, or a level other than 0.05 and 0.01.
    """
    if level not in (0.05, 0.01):
        raise ValueError(f"level must be 0.05 or 0.01, got {level}")
    if n < FEWEST:
        raise ValueError(f"the test needs {FEWEST} values, got {n}")
    if n in CRITICAL_VALUES:
        return CRITICAL_VALUES[n][0 if level == 0.05 else 1]
    return exact_critical_value(n, level) if n <= _MOST_EXACT else _t_critical_value(n, level)


@cache
def exact_critical_value(n: int, level: float) -> float:
    """Least rs with P(rs or more) <= ``level`` when all orders of ``n`` values are equally likely.

    >>> exact_critical_value(7, 0.05)
    0.714
    """
    most = n * (n * n - 1) // 3
    # For each set of ranks given to the first years: how many orders have each sum of d².
    counts = {0: np.zeros(most + 1, dtype=np.int64)}
    counts[0][0] = 1
    for year in range(n):
        after: dict[int, NDArray[np.int64]] = {}
        for used, ways in counts.items():
            for rank in range(n):
                if used >> rank & 1:
                    continue
                shift = (year - rank) ** 2
                into = after.setdefault(used | 1 << rank, np.zeros(most + 1, dtype=np.int64))
                into[shift:] += ways[: most + 1 - shift]
        counts = after
    reached = np.cumsum(counts[2**n - 1]) / math.factorial(n)
    # Sums of d² are even; rs falls by 12 / (n³ - n) from one to the next.
    sums = np.arange(0, most + 1, 2)
    within = sums[reached[sums] <= level]
    return round(1.0 - 6.0 * float(within[-1]) / (n**3 - n), 3) if len(within) else 1.0


def _t_critical_value(n: int, level: float) -> float:
    """rs whose t with n - 2 degrees of freedom is significant one-sided at ``level``."""
    z, v = NormalDist().inv_cdf(1.0 - level), n - 2
    # Cornish and Fisher's expansion of the quantile of t.
    t = z + (z**3 + z) / (4 * v) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v * v)
    return round(t / math.sqrt(v + t * t), 3)


def _ranks(array: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 1, ties averaged."""
    _, position, count = np.unique(array, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2.0)[position])
