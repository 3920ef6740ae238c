"""Moving blocks of months: what serial dependence leaves of the number of months.

Künsch (1989), doi:10.1214/aos/1176347265: overlapping blocks are drawn with replacement, so that
neighbours stay neighbours. Their length is round(n^(1/3)), as in the R package openair.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["SEED", "block_counts", "block_length", "block_positions", "bounds", "sieve_noise",
           "two_sided"]  # fmt: skip

#: Seed of the resamples where no generator is given, so that a slope asked for twice has the same
#: bounds twice; openair's is 2 as well.
SEED = 2

#: Correlations of neighbouring months tried; dependence against the sign is not believed.
_RHOS = np.arange(0.0, 0.91, 0.05)


def block_length(n: int) -> int:
    """Months in a block of a record of ``n`` months.

    >>> block_length(89), block_length(130)
    (4, 5)
    """
    return max(1, round(float(np.cbrt(n))))


def block_positions(n: int, block: int, times: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Positions drawn, shape (times, n): overlapping blocks, cut off after ``n`` months."""
    starts = rng.integers(0, n - block + 1, size=(times, -(-n // block)))
    drawn: NDArray[np.int64] = (starts[:, :, None] + np.arange(block)).reshape(times, -1)[:, :n]
    return drawn


def block_counts(n: int, block: int, times: int, rng: np.random.Generator) -> NDArray[np.int32]:
    """How often each of ``n`` months is drawn, shape (times, n)."""
    drawn = block_positions(n, block, times, rng)
    flat = (drawn + n * np.arange(times)[:, None]).ravel()
    return np.bincount(flat, minlength=n * times).reshape(times, n).astype(np.int32)


def bounds(draws: NDArray[np.float64], level: float) -> tuple[float, float]:
    """Order statistics at ranks round(t n) + 1 and n - round(t n), t half of what lies outside.

    NaN are left out; both bounds are NaN where nothing else was drawn.
    """
    kept = np.sort(draws[~np.isnan(draws)])
    if not kept.size:
        return float("nan"), float("nan")
    tail = round(round((1 - level) / 2 * len(kept), 9))  # 1 - 0.95 is a hair above 0.05
    return float(kept[tail]), float(kept[len(kept) - tail - 1])


def two_sided(draws: NDArray[np.float64]) -> float:
    """Twice the smaller share of the draws on one side of zero, a draw of zero half on each."""
    kept = draws[~np.isnan(draws)]
    if not kept.size:
        return float("nan")
    below = (np.count_nonzero(kept < 0) + 0.5 * np.count_nonzero(kept == 0)) / len(kept)
    return float(2 * min(below, 1 - below))


def sieve_noise(
    y: NDArray[np.float64],
    fitted: NDArray[np.float64],
    months: NDArray[np.int64],
    times: int,
    rng: np.random.Generator,
    *,
    correlated: bool = True,
) -> tuple[NDArray[np.float64], float]:
    """Noise like that about a linear fit, by an autoregressive sieve of one lag.

    Bühlmann (1997), Bernoulli 3, 123. Residuals r = M y, M = I - A, are calmer and less alike than
    the noise itself, the more so the more a fit bends. With R the correlations ρ^|i-j| of the
    noise, their covariance is σ² M R M': ρ is the one that gives the lag-one ratio found, and σ²
    follows from their sum of squares. The shocks drawn are those of the residuals, scaled.

    Args:
        y: values, (month,) [unit]; ``fitted`` is A, (month, month).
        months: number of each of them, gaps allowed.
        times: number of draws.
        rng: draws the shocks.
        correlated: False takes ρ for 0.

    Returns:
        Draws (times, month) [unit] and ρ.
    """
    rest = np.eye(len(y)) - fitted
    r = rest @ y
    squares = float(r @ r)
    apart = np.abs(months[:, None] - months)
    neighbours = np.flatnonzero(np.diff(months) == 1)
    if squares <= 1e-18 * max(1.0, float(y @ y)):
        return np.zeros((times, len(y))), 0.0
    found = float(r[neighbours] @ r[neighbours + 1]) / squares
    # tr(M R M') and the sum over neighbours are sums over ρ to the power of the months apart.
    own = np.bincount(apart.ravel(), weights=(rest.T @ rest).ravel())
    beside = np.bincount(apart.ravel(), weights=(rest[neighbours].T @ rest[neighbours + 1]).ravel())
    best, variance, missed = 0.0, 0.0, np.inf
    for rho in _RHOS if correlated else _RHOS[:1]:
        powers = rho ** np.arange(len(own))
        whole = float(own @ powers)
        ratio = float(beside @ powers) / whole
        if abs(ratio - found) < missed:
            best, variance, missed = float(rho), squares / whole, abs(ratio - found)
    shocks = (r[1:] - best * r[:-1])[np.diff(months) == 1] if best else r
    shocks = (shocks - shocks.mean()) / shocks.std()
    span = int(months[-1] - months[0]) + 1
    drawn = shocks[rng.integers(0, len(shocks), size=(times, span))]
    noise = np.empty_like(drawn)
    noise[:, 0] = drawn[:, 0]
    for t in range(1, span):
        noise[:, t] = best * noise[:, t - 1] + np.sqrt(1 - best * best) * drawn[:, t]
    return np.sqrt(variance) * noise[:, months - months[0]], best
