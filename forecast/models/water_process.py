"""Monthly water series as Gaussian processes: covariances, forecasts of the past, windows.

The covariance of a series over months is the sum of its parts (level, year, season, what outlasts
a month, what does not). One Cholesky factor of it in the order of time holds every forecast that
could have been made: with K = LLᵀ and z = L⁻¹y, what months 1..o say of month t has the mean
Σ_{j≤o} L_tj z_j and the variance Σ_{o<j≤t} L_tj². So a rolling origin costs no fit of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["DAMPING", "Sizes", "covariance", "factor", "season_of", "solve_lower", "window_moments"]

#: Part of the level that is left after a year.
DAMPING = 0.8
_HARMONICS = 2


@dataclass(frozen=True)
class Sizes:
    """Standard deviations of the parts, each of shape (series,).

    ``level`` is the damped level, ``year`` the effect of a calendar year, ``fast`` what outlasts a
    month with ``fast_months`` [months], ``slope`` that of a straight trend [per year].
    """

    offset: NDArray[np.float64]
    own_season: NDArray[np.float64]
    level: NDArray[np.float64]
    year: NDArray[np.float64]
    fast: NDArray[np.float64]
    fast_months: NDArray[np.float64]
    slope: NDArray[np.float64]

    def part(self, rows: NDArray[np.int64]) -> Sizes:
        """Sizes of some of the series."""
        return Sizes(**{name: value[rows] for name, value in vars(self).items()})


def season_of(months: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Two annual harmonics at the middle of each month, shape (month, 4): cos1, sin1, cos2, sin2."""
    part = (months.astype("datetime64[M]").astype(np.int64) % 12 + 0.5) / 12.0
    angle = 2.0 * np.pi * part[:, None] * np.arange(1, _HARMONICS + 1)
    season: NDArray[np.float64] = np.stack([np.cos(angle), np.sin(angle)], axis=2).reshape(
        len(months), 2 * _HARMONICS
    )
    return season


def covariance(
    months: NDArray[np.datetime64], sizes: Sizes, spans: NDArray[np.int64] | None = None
) -> NDArray[np.float64]:
    """Covariance of the parts that are latent, without what lasts a month alone.

    Args:
        months: months of the rows, shape (month,).
        sizes: of the parts, one value a series.
        spans: number of the span between breaks, shape (series, month); level, year and trend of
            two spans have nothing in common, season has. None where there is no break.

    Returns:
        Shape (series, month, month).
    """
    number = months.astype("datetime64[M]").astype(np.int64)
    apart = np.abs(number[:, None] - number[None, :]).astype(np.float64)
    same_year = (number // 12)[:, None] == (number // 12)[None, :]
    season = season_of(months)
    alike = season @ season.T
    level = np.exp(np.log(DAMPING) / 12.0 * apart)

    def over(size: NDArray[np.float64]) -> NDArray[np.float64]:
        return (size**2)[:, None, None]

    total: NDArray[np.float64] = over(sizes.offset) + over(sizes.level) * level
    total += over(sizes.year) * same_year
    if sizes.slope.any():
        years = (number - number[-1]) / 12.0
        total += over(sizes.slope) * (years[:, None] * years[None, :])
    if spans is not None:
        total *= spans[:, :, None] == spans[:, None, :]
    total += over(sizes.own_season) * alike
    total += over(sizes.fast) * np.exp(-apart / sizes.fast_months[:, None, None])
    return total


def factor(
    latent: NDArray[np.float64], noise: NDArray[np.float64], seen: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Lower Cholesky factors of latent + noise, rows of months not seen being those of 1.

    Args:
        latent: covariance, shape (series, month, month); changed in place.
        noise: variance of the readings, shape (series, month).
        seen: whether there is a reading, shape (series, month).
    """
    latent *= seen[:, :, None]
    latent *= seen[:, None, :]
    rows = np.arange(latent.shape[1])
    latent[:, rows, rows] += np.where(seen, noise, 1.0)
    return np.asarray(np.linalg.cholesky(latent), dtype=np.float64)


def solve_lower(lower: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve L x = right for many factors; shapes (series, month, month), (series, month, column)."""
    from scipy.linalg import solve_triangular
    from scipy.linalg.lapack import dtrtrs

    out = np.empty(right.shape)
    for one, rhs, result in zip(lower, right, out, strict=True):
        # The routine itself: its checked form takes longer than these small systems do. It reads
        # by columns, so a matrix by rows is given as its transpose, upper and to be transposed.
        found, failed = dtrtrs(one.T, rhs, lower=False, trans=True)
        result[...] = (
            solve_triangular(one, rhs, lower=True, check_finite=False) if failed else found
        )
    return out


def window_moments(
    lower: NDArray[np.float64],
    z: NDArray[np.float64],
    seen: NDArray[np.bool_],
    first: int,
    last: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """What each month as origin would have said of the mean of the months ``first`` to ``last`` ahead.

    Args:
        lower: factors in the order of time, shape (series, month, month).
        z: L⁻¹ of the departures, 0 where not seen, shape (series, month).
        seen: whether there is a reading.
        first, last: leads of the window [months].

    Returns:
        Mean and variance of the mean over the readings of the window, and their number, each of
        shape (series, origin) with the origins 0 … months − 1 − last. The window that follows
        origin o has the months o + first … o + last.
    """
    n = lower.shape[1]
    origins = np.arange(n - last)
    cumulated = np.zeros((lower.shape[0], n + 1, n))
    np.cumsum(lower * seen[:, :, None], axis=1, out=cumulated[:, 1:])
    counts = np.zeros((seen.shape[0], n + 1), dtype=np.int64)
    np.cumsum(seen, axis=1, out=counts[:, 1:])
    held = counts[:, origins + last + 1] - counts[:, origins + first]
    weights = cumulated[:, origins + last + 1] - cumulated[:, origins + first]
    known = np.arange(n)[None, :] <= origins[:, None]
    number = np.maximum(held, 1)
    mean = np.einsum("soj,oj,sj->so", weights, known.astype(np.float64), z) / number
    variance = np.einsum("soj,oj->so", weights**2, (~known).astype(np.float64)) / number**2
    return mean, variance, held
