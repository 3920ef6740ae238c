"""Scores of forecasts as pure functions on arrays, and what is left of them when years are few.

All scores are negatively oriented: less is better. Functions that end in one number per forecast
leave NaN as NaN; the mean is taken by who calls.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecast.projection.hindcast_scores import crps_ensemble, crps_point, pit

__all__ = [
    "Difference",
    "bias",
    "block_means",
    "brier",
    "coverage",
    "crps_ensemble",
    "crps_point",
    "crps_quantiles",
    "effective_cases",
    "interval",
    "is_surely_below",
    "log_score",
    "paired_difference",
    "pinball",
    "pit",
    "pit_counts",
    "year_interval",
]

#: Correlation taken for the misses of two places in one year: a year, of however many places,
#: counts as at most four cases. It only weighs the past against a prior; no interval uses it.
_SAME_YEAR = 0.25

#: Below so many years nothing shows that something is better.
_FEWEST_YEARS = 5


def pinball(quantiles: ArrayLike, levels: ArrayLike, truth: ArrayLike) -> NDArray[np.float64]:
    """Quantile loss, in the unit of the values: (y - q) a where y ≥ q, else (q - y)(1 - a).

    Twice its mean over many even levels is nearly the CRPS. Koenker and Bassett 1978, doi
    10.2307/1913643.

    Args:
        quantiles: shape (…, level).
        levels: a of each, shape (level,), in (0, 1).
        truth: shape (…).

    Returns:
        The loss of each quantile, shape (…, level).

    >>> pinball([2.0, 4.0], [0.1, 0.9], 3.0).round(3).tolist()
    [0.1, 0.1]
    """
    a = np.asarray(levels, dtype=np.float64)
    over = np.asarray(truth, dtype=np.float64)[..., None] - np.asarray(quantiles, dtype=np.float64)
    return np.asarray(np.where(over >= 0.0, over * a, over * (a - 1.0)))


def crps_quantiles(
    quantiles: ArrayLike, levels: ArrayLike, truth: ArrayLike
) -> NDArray[np.float64]:
    """CRPS from quantiles at even levels: twice their mean quantile loss, in the unit of the values.

    Arguments as for :func:`pinball`. It differs a little from the CRPS of the paths that the
    quantiles were taken from: compare it with its own kind.

    >>> crps_quantiles([1.0, 2.0, 3.0], [0.25, 0.5, 0.75], 2.0).round(4).item()
    0.3333
    """
    return np.asarray(2.0 * pinball(quantiles, levels, truth).mean(axis=-1))


def brier(probability: ArrayLike, event: ArrayLike) -> NDArray[np.float64]:
    """Squared difference of a stated probability and what came (0 or 1). Brier 1950.

    >>> brier([0.7, 0.2], [1, 0]).round(3).tolist()
    [0.09, 0.04]
    """
    p = np.asarray(probability, dtype=np.float64)
    return np.asarray((p - np.asarray(event, dtype=np.float64)) ** 2)


def log_score(
    probability: ArrayLike, event: ArrayLike, *, clip: ArrayLike = 0.001
) -> NDArray[np.float64]:
    """Negative natural log of the probability that was given to what came.

    Args:
        probability, event: as for :func:`brier`.
        clip: probabilities are held within ``clip`` and 1 - ``clip``; 1/(2N) for the share of N
            paths, since a share of 0 in N paths is no certainty.

    >>> log_score([0.5, 1.0], [1, 0], clip=0.01).round(3).tolist()
    [0.693, 4.605]
    """
    edge = np.asarray(clip, dtype=np.float64)
    p = np.clip(np.asarray(probability, dtype=np.float64), edge, 1.0 - edge)
    came = np.asarray(event, dtype=np.float64)
    return np.asarray(-(came * np.log(p) + (1.0 - came) * np.log1p(-p)))


def coverage(low: ArrayLike, high: ArrayLike, truth: ArrayLike) -> NDArray[np.float64]:
    """1 where ``low`` ≤ truth ≤ ``high``, else 0; NaN where one of them is missing.

    >>> coverage([1.0, 1.0], [2.0, 2.0], [2.0, 2.5]).tolist()
    [1.0, 0.0]
    """
    below, above, came = (np.asarray(v, dtype=np.float64) for v in (low, high, truth))
    inside = ((below <= came) & (came <= above)).astype(np.float64)
    return np.asarray(np.where(np.isfinite(below + above + came), inside, np.nan))


def bias(forecast: ArrayLike, truth: ArrayLike) -> NDArray[np.float64]:
    """Forecast less truth: above 0 the forecast was too high."""
    return np.asarray(forecast, dtype=np.float64) - np.asarray(truth, dtype=np.float64)


def pit_counts(values: ArrayLike, *, bins: int = 10) -> NDArray[np.int64]:
    """Number of PIT values in each of ``bins`` equal parts of [0, 1]; NaN is left out.

    >>> pit_counts([0.05, 0.15, 0.95, 1.0], bins=10).tolist()
    [1, 1, 0, 0, 0, 0, 0, 0, 0, 2]
    """
    array = np.asarray(values, dtype=np.float64)
    array = array[np.isfinite(array)]
    return np.histogram(array, bins=bins, range=(0.0, 1.0))[0].astype(np.int64)


def block_means(
    values: ArrayLike,
    years: ArrayLike,
    regions: ArrayLike,
    rng: np.random.Generator,
    *,
    n: int = 1000,
    crossed: bool = True,
) -> NDArray[np.float64]:
    """Bootstrap the means of ``values`` by blocks of years and regions.

    Forecasts of one year miss the same weather and the same policy, those of one region the same
    things every year: single rows are not independent, and 45 cities in 4 years are not 180 years.

    Args:
        values: shape (row,) or (row, column); NaN is left out of its column.
        years, regions: block of each row, shape (row,).
        rng: generator of the resampling.
        n: resamples.
        crossed: years and regions are drawn each on its own and a row counts by the product of
            its two counts (Owen 2007, doi 10.1214/07-AOAS122: wide enough where both are many; of
            few years it is too narrow, see :func:`year_interval`); otherwise blocks of one region
            in one year are drawn, which takes regions of one year as independent.

    Returns:
        Means of each resample, shape (n,) or (n, column); NaN where a resample holds no row.
    """
    table = np.asarray(values, dtype=np.float64)
    flat = table.ndim == 1
    table = table[:, None] if flat else table
    _, year = np.unique(np.asarray(years), return_inverse=True)
    _, region = np.unique(np.asarray(regions), return_inverse=True)
    shape = (int(year.max(initial=-1)) + 1, int(region.max(initial=-1)) + 1)
    out = np.full((n, table.shape[1]), np.nan)
    if not len(table):
        return out[:, 0] if flat else out
    if crossed:
        weights = [rng.multinomial(k, np.full(k, 1.0 / k), size=n).astype(float) for k in shape]
    else:
        cell = np.unique(year * shape[1] + region)
        k = len(cell)
        drawn = rng.multinomial(k, np.full(k, 1.0 / k), size=n).astype(float)
    for column in range(table.shape[1]):
        good = np.isfinite(table[:, column])
        sums, counts = np.zeros(shape), np.zeros(shape)
        np.add.at(sums, (year[good], region[good]), table[good, column])
        np.add.at(counts, (year[good], region[good]), 1.0)
        if crossed:
            total = ((weights[0] @ sums) * weights[1]).sum(axis=1)
            size = ((weights[0] @ counts) * weights[1]).sum(axis=1)
        else:
            total, size = drawn @ sums.ravel()[cell], drawn @ counts.ravel()[cell]
        np.divide(total, size, out=out[:, column], where=size > 0)
    return out[:, 0] if flat else out


def effective_cases(years: ArrayLike, places: ArrayLike) -> float:
    """Count how many independent cases forecasts of these years and places are worth.

    n places of one year count as n / (1 + (n - 1) r), the size of a sample with the correlation r
    between any two (Kish 1965, design effect), r = 0.25; forecasts of one place and year from
    several origins as one case, since they miss the same.

    >>> effective_cases([2015, 2015, 2016], ["a", "a", "a"])
    2.0
    """
    pairs = {(str(y), str(p)) for y, p in zip(np.asarray(years), np.asarray(places), strict=True)}
    _, count = np.unique([year for year, _ in pairs], return_counts=True)
    return float((count / (1.0 + (count - 1) * _SAME_YEAR)).sum())


def interval(draws: ArrayLike, *, level: float = 0.9) -> tuple[float, float]:
    """Central interval of bootstrap draws; NaN where there are none, or all are alike.

    Draws that are all alike come from a single block, which says nothing of uncertainty.
    """
    array = np.asarray(draws, dtype=np.float64)
    array = array[np.isfinite(array)]
    if not len(array) or float(np.ptp(array)) <= 1e-12 * float(np.abs(array).max()):
        return float("nan"), float("nan")
    low, high = np.quantile(array, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return float(low), float(high)


def year_interval(
    values: ArrayLike, years: ArrayLike, *, level: float = 0.9
) -> tuple[float, float]:
    """Student's t interval of the mean of ``values`` with the years as blocks.

    k years have k - 1 degrees of freedom, so that five years give the wide interval that five
    years are worth. A year weighs by its number of rows, its error is sum(values - mean); in
    years of equal size that is the t interval of their means (Cochran 1977, Sampling Techniques,
    6.3: ratio estimate of clusters).

    Args:
        values: shape (row,), finite.
        years: block of each row, shape (row,).
        level: of the interval.

    Returns:
        Lower and upper end; NaN below two years.

    >>> [round(v, 3) for v in year_interval([1.0, 2.0, 3.0], [2019, 2020, 2021], level=0.9)]
    [0.314, 3.686]
    """
    from scipy.special import stdtrit

    array = np.asarray(values, dtype=np.float64)
    kinds, year = np.unique(np.asarray(years), return_inverse=True)
    k = len(kinds)
    if k < 2:
        return float("nan"), float("nan")
    mean = float(array.mean())
    off = np.bincount(year, weights=array - mean, minlength=k)
    error = float(np.sqrt(k / (k - 1) * (off**2).sum())) / len(array)
    half = float(stdtrit(k - 1, (1.0 + level) / 2.0)) * error
    return mean - half, mean + half


@dataclass(frozen=True)
class Difference:
    """Mean of paired differences, its interval, and the share of resamples below 0."""

    mean: float
    low: float
    high: float
    below: float
    n: int


def paired_difference(
    ours: ArrayLike,
    theirs: ArrayLike,
    years: ArrayLike,
    regions: ArrayLike,
    rng: np.random.Generator,
    *,
    n: int = 1000,
    level: float = 0.9,
    crossed: bool = True,
) -> Difference:
    """Scores of ours less theirs on the same rows, with an interval over years and regions.

    Below 0 ours are better. The interval is that of the block bootstrap, each end moved out to
    that of :func:`year_interval` where it lies further: the bootstrap of k blocks takes the
    variance of their mean (k - 1) / k too small and knows no t. One year alone has the bootstrap
    of its regions only. Rows where one of the two is missing are left out; other arguments as for
    :func:`block_means`.
    """
    gap = np.asarray(ours, dtype=np.float64) - np.asarray(theirs, dtype=np.float64)
    good = np.isfinite(gap)
    if not good.any():
        return Difference(*(float("nan"),) * 4, 0)
    gap, year = gap[good], np.asarray(years)[good]
    draws = block_means(gap, year, np.asarray(regions)[good], rng, n=n, crossed=crossed)
    known = draws[np.isfinite(draws)]
    low, high = interval(draws, level=level)
    below, above = year_interval(gap, year, level=level)
    if np.isfinite(low) and np.isfinite(below):
        low, high = min(low, below), max(high, above)
    return Difference(float(gap.mean()), low, high, float((known < 0.0).mean()), len(gap))


def is_surely_below(found: Difference, n_years: int) -> bool:
    """Whether ours are surely better: the interval lies below 0 and years are five or more.

    Of two equal models one is so in about one case of twenty with an interval of 90 %. Fewer than
    five years say little whatever the interval: neighbouring years are not independent.
    """
    return bool(n_years >= _FEWEST_YEARS and found.high < 0.0)
