"""The plain panel model in arrays: one masked fit for all series (a place's item) at once.

For series s and day t, with t in years from the last day of the panel,

    ln C = a_s + b_s·t + season_s(t) + weekend_s + σ_s(t)·z,    z_t = φ_s·z_{t-1} + e_t.

``b`` comes from ridge regression over the whole record and is shrunk to the mean of region and
nation by empirical Bayes; then ``a`` is an exponentially weighted mean with a half-life of one
year; σ is one annual harmonic of the size of residuals. Method after Morris 1983 (JASA 78, 47)
for the shrinkage; the slope's standard error is from means of whole years, since days of a year
are not independent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.features.calendar import harmonics, is_weekend
from forecast.models.pooled import HARMONICS

__all__ = [
    "MeanFit",
    "SlopeFit",
    "autoregression",
    "panel_design",
    "past_error",
    "scale_of",
    "season_scale",
    "seasonal_means",
    "shrink_slopes",
    "slopes",
]

Floats = NDArray[np.float64]

_YEAR = 365.25
#: Half-life of the weight of a day in the level [years]; 2 and 4 did worse on measured cities.
HALF_LIFE_YEARS = 1.0
#: Ridge of harmonics and weekend, in days of readings.
_RIDGE_DAYS = 5.0
#: A year counts in the standard error of a slope if it has so many readings.
_BLOCK_DAYS = 90
#: A series that never changes has this scale, not 0.
_SMALLEST_SCALE = 1e-6
_MOST_PHI = 0.95


@dataclass(frozen=True)
class SlopeFit:
    """Slopes of all series and what is known of their errors, each of shape (series,).

    Attributes:
        slope: trend of ln C [1/year]; 0 where the record is too short for one.
        leverage: variance of the slope over variance of the residual mean of a year; infinite
            where there are fewer than three.
        block_square: sum of squared residual means of years.
        freedom: years less two, at least 0.
    """

    slope: Floats
    leverage: Floats
    block_square: Floats
    freedom: Floats


@dataclass(frozen=True)
class MeanFit:
    """Mean of ln C of all series.

    Attributes:
        coefficients: constant (at t = 0), slope, harmonics, weekend; shape (column, series).
        residuals: ln C less the mean, shape (day, series), NaN where missing.
    """

    coefficients: Floats
    residuals: Floats


def panel_design(days: NDArray[np.datetime64], end: np.datetime64) -> Floats:
    """Columns 1, t [years from ``end``], harmonics and weekend of ``days``."""
    return np.column_stack(
        [
            np.ones(len(days)),
            (days - end).astype(np.float64) / _YEAR,
            harmonics(days, HARMONICS),
            is_weekend(days).astype(np.float64),
        ]
    )


def slopes(logs: Floats, design: Floats) -> SlopeFit:
    """Slope of each series by masked ridge over the whole record.

    Args:
        logs: ln C, shape (day, series), NaN where missing.
        design: columns of :func:`panel_design`, the last day last.
    """
    mask = np.isfinite(logs)
    beta = _ridge(np.where(mask, logs, 0.0), mask, design)
    residuals = np.where(mask, logs - design @ beta, 0.0)
    # Years are counted back from the last day, so that the last one is whole.
    number = np.floor(-design[:, 1] + 0.5 / _YEAR).astype(np.int64)
    blocks = (number[:, None] == np.arange(number.max() + 1)).astype(np.float64)
    count = blocks.T @ mask
    used = count >= _BLOCK_DAYS
    share = np.where(used, 1.0 / np.maximum(count, 1.0), 0.0)
    mean = (blocks.T @ residuals) * share
    time = (blocks.T @ (mask * design[:, 1:2])) * share
    years = used.sum(axis=0)
    centre = time.sum(axis=0) / np.maximum(years, 1)
    spread = np.where(used, (time - centre) ** 2, 0.0).sum(axis=0)
    enough = (years >= 3) & (spread > 0.0)
    leverage = np.where(enough, 1.0 / np.where(spread > 0.0, spread, 1.0), np.inf)
    return SlopeFit(
        slope=np.where(enough, beta[1], 0.0),
        leverage=leverage,
        block_square=np.where(enough, (mean**2).sum(axis=0), 0.0),
        freedom=np.where(enough, years - 2.0, 0.0),
    )


def shrink_slopes(
    fit: SlopeFit,
    regions: NDArray[np.int64],
    *,
    prior: tuple[float, float, float],
    prior_weight: float = 8.0,
) -> Floats:
    """Slopes of one item's series, shrunk to the mean of the region, and that to the nation's.

    Args:
        fit: slopes of the series of one item.
        regions: number of the region of each series, from 0.
        prior: national mean slope, standard deviation of slopes between places, and standard
            deviation of a year's residual mean, as pooled over many cities.
        prior_weight: series that the pooled figures count as; the panel's own have one each.

    Returns:
        Shrunk slopes, shape (series,): that of a series without one is its region's.
    """
    mean0, sd0, block0 = prior
    known = np.isfinite(fit.leverage)
    n = float(known.sum())
    block = (float(fit.block_square.sum()) + prior_weight * block0**2) / (
        float(fit.freedom.sum()) + prior_weight
    )
    error = np.where(known, block * np.where(known, fit.leverage, 0.0), np.inf)
    typical = float(error[known].mean()) if n else block
    # Moments of the panel, with the pooled figures as so many more series.
    total = _moment(fit.slope, known, np.zeros_like(regions), typical, sd0**2, prior_weight)
    precision = 1.0 / (total + error)
    steady = prior_weight / (total + typical)
    nation = (float(precision @ fit.slope) + steady * mean0) / (float(precision.sum()) + steady)
    if len(np.unique(regions)) < 2:
        kept = total / (total + error)
        return kept * fit.slope + (1.0 - kept) * nation
    inside = _moment(fit.slope, known, regions, typical, total / 2.0, prior_weight)
    inside = min(max(inside, 0.1 * total), 0.9 * total)
    precision = 1.0 / (inside + error)
    n_regions = int(regions.max()) + 1
    sums = np.bincount(regions, precision * fit.slope, n_regions)
    weights = np.bincount(regions, precision, n_regions)
    steady = 1.0 / (total - inside)
    region = (sums + steady * nation) / (weights + steady)
    kept = inside / (inside + error)
    shrunk: Floats = kept * fit.slope + (1.0 - kept) * region[regions]
    return shrunk


def seasonal_means(logs: Floats, design: Floats, slope: Floats) -> MeanFit:
    """Means of all series with their slopes given.

    Season and weekend are a masked ridge over the whole record; the constant is the mean of what
    is left, with weights that halve every :data:`HALF_LIFE_YEARS`.

    Args:
        logs: ln C, shape (day, series), NaN where missing; each series has a reading.
        design: columns of :func:`panel_design`.
        slope: shape (series,).
    """
    mask = np.isfinite(logs)
    level = logs - design[:, 1:2] * slope
    rest = np.delete(design, 1, axis=1)
    beta = _ridge(np.where(mask, level, 0.0), mask, rest)
    left = np.where(mask, level - rest[:, 1:] @ beta[1:], 0.0)
    weight = 0.5 ** ((design[-1, 1] - design[:, 1]) / HALF_LIFE_YEARS)
    constant = (weight @ left) / np.maximum(weight @ mask, 1e-12)
    residuals = np.where(mask, left - constant, np.nan)
    return MeanFit(np.vstack([constant, slope, beta[1:]]), residuals)


def season_scale(residuals: Floats, design: Floats) -> Floats:
    """Standard deviation of residuals as 1, cos and sin of the year, shape (3, series).

    The harmonic is that of the absolute residual, held within 0.8 of its constant so that the
    scale stays positive; the size is such that standardised residuals have mean square 1.
    """
    mask = np.isfinite(residuals)
    columns = design[:, [0, 2, 3]]
    beta = _ridge(np.abs(np.where(mask, residuals, 0.0)), mask, columns)
    constant = np.maximum(beta[0], _SMALLEST_SCALE)
    length = np.hypot(beta[1], beta[2])
    held = np.minimum(1.0, 0.8 * constant / np.maximum(length, 1e-12))
    shape = np.vstack([constant, beta[1:] * held])
    unit = np.where(mask, residuals, 0.0) / (columns @ shape)
    size = np.sqrt((unit**2).sum(axis=0) / np.maximum(mask.sum(axis=0), 1))
    scale: Floats = shape * np.maximum(size, _SMALLEST_SCALE / constant)
    return scale


def scale_of(scale: Floats, design: Floats) -> Floats:
    """Standard deviation of the residual on the days of ``design``, shape (day, series)."""
    sd: Floats = design[:, [0, 2, 3]] @ scale
    return sd


def autoregression(unit: Floats) -> tuple[Floats, Floats]:
    """AR(1) coefficient of each series, and the innovations.

    Args:
        unit: standardised residuals, shape (day, series), NaN where missing.

    Returns:
        φ, shape (series,), in [0, 0.95], from pairs of days that are both present; and
        e_t = z_t - φ·z_{t-1}, NaN where either is missing.
    """
    before, after = unit[:-1], unit[1:]
    both = np.isfinite(before) & np.isfinite(after)
    b, a = np.where(both, before, 0.0), np.where(both, after, 0.0)
    square = np.sqrt((b**2).sum(axis=0) * (a**2).sum(axis=0))
    phi = np.clip((a * b).sum(axis=0) / np.maximum(square, 1e-12), 0.0, _MOST_PHI)
    innovations = np.full(unit.shape, np.nan)
    innovations[1:] = after - phi * before
    return phi, innovations


def past_error(logs: Floats, mean: Floats, scale: Floats, phi: Floats) -> tuple[Floats, Floats]:
    """Error of the mean of a past period, and the part of its variance that AR(1) explains.

    To first order, the error of ln of the mean concentration is the mean of the daily errors of
    ln C, weighted by the expected concentration.

    Args:
        logs: ln C of the period, shape (day, series), NaN where missing.
        mean: expected ln C, same shape.
        scale: standard deviation of the residual, same shape.
        phi: AR(1) coefficients, shape (series,).

    Returns:
        Error and variance, each of shape (series,).
    """
    mask = np.isfinite(logs)
    weight = np.where(mask, np.exp(mean - mean.max(axis=0)), 0.0)
    weight /= np.maximum(weight.sum(axis=0), 1e-12)
    error = (weight * np.where(mask, logs - mean, 0.0)).sum(axis=0)
    white = (weight**2 * scale**2).sum(axis=0)
    return error, white * (1.0 + phi) / (1.0 - phi)


def _moment(
    slope: Floats,
    known: NDArray[np.bool_],
    groups: NDArray[np.int64],
    typical: float,
    prior: float,
    prior_weight: float,
) -> float:
    """Variance of slopes within groups, less that of their errors, steadied by a prior variance."""
    count = np.bincount(groups[known], minlength=int(groups.max(initial=0)) + 1)
    sums = np.bincount(groups[known], slope[known], len(count))
    mean = sums / np.maximum(count, 1)
    square = float(((slope - mean[groups])[known] ** 2).sum())
    freedom = float(count.sum() - (count > 0).sum())
    found = square - freedom * typical + prior_weight * prior
    return max(found / (freedom + prior_weight), 1e-8)


def _ridge(filled: Floats, mask: NDArray[np.bool_], design: Floats) -> Floats:
    """Coefficients (column, series) over the readings of each series.

    All but the constant (and the trend, which has the same name for every series) are shrunk to
    0 by a few days' worth of readings; readings that are missing are 0 in ``filled``.
    """
    n_columns = design.shape[1]
    pairs = design[:, :, None] * design[:, None, :]
    gram = pairs.reshape(len(design), -1).T @ mask.astype(np.float64)
    gram = gram.T.reshape(-1, n_columns, n_columns)
    penalty = np.full(n_columns, _RIDGE_DAYS)
    penalty[0] = 1e-6
    gram += np.diag(penalty)
    moment = (design.T @ filled).T
    beta: Floats = np.asarray(np.linalg.solve(gram, moment[:, :, None]), dtype=np.float64)
    return beta[:, :, 0].T
