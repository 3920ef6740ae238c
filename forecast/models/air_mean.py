"""The mean of a day of one item: level, trend, season, weekend, holidays, and a seasonal scale.

ln C is fitted by ridge regression towards figures pooled over many cities; old years count less,
exceptional spans count little, and a break of the record is a step of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from forecast.features.calendar import harmonics, is_weekend
from forecast.features.holidays import HOLIDAY_TERMS, holiday_terms
from forecast.models.circumstances import Break, Circumstances
from forecast.models.pooled import HARMONICS, ItemPrior

__all__ = ["COLUMNS", "PARTS", "Mean", "calendar_columns", "fit_means", "future_design", "scale_of"]

_YEAR = 365.25
#: Readings below this part of the median are set to it: a log of 0 would rule the fit.
_FLOOR = 0.02
#: No drawn value exceeds this multiple of the highest reading.
_CAP = 3.0
#: The trend of a year is this part of the trend of the year before, beyond the origin.
_DAMPING = 0.8
#: The trend is that of the last years; before, the drifting level takes the changes up [years].
_TREND_YEARS = 3.0
#: Length of a piece of the drifting level [years].
_KNOT_YEARS = 0.5
#: Weight of old years in everything: half after so many years.
_HALF_LIFE_YEARS = 5.0
#: A break is a term of its own where the record has so many days on both sides.
_BREAK_SIDE_DAYS = 90

#: The columns of :func:`future_design` that belong together.
PARTS: dict[str, slice] = {
    "trend": slice(0, 1),
    "level": slice(1, 2),
    "season": slice(2, 2 + 2 * HARMONICS),
    "calendar": slice(2 + 2 * HARMONICS, 3 + 2 * HARMONICS + len(HOLIDAY_TERMS)),
}
#: Columns of :func:`future_design`.
COLUMNS = 3 + 2 * HARMONICS + len(HOLIDAY_TERMS)


@dataclass(frozen=True)
class Mean:
    """Fitted mean of ln C of one item.

    Attributes:
        centre: what was taken off ln C before the fit.
        coefficients: of the columns of :func:`future_design`.
        root: factor of their covariance, shape (column, column).
        scale: of :func:`scale_of`.
        cap, floor: no drawn value lies outside [unit of the item].
    """

    centre: float
    coefficients: NDArray[np.float64]
    root: NDArray[np.float64]
    scale: NDArray[np.float64]
    cap: float
    floor: float


def future_design(days: NDArray[np.datetime64], ahead: NDArray[np.int64]) -> NDArray[np.float64]:
    """Columns trend (damped), level, season, weekend and holidays of days ``ahead`` of the last."""
    years = ahead / _YEAR
    rate = -np.log(_DAMPING)
    damped = (1.0 - np.exp(-rate * years)) / rate
    return np.column_stack([damped, np.ones(len(days)), calendar_columns(days)])


def scale_of(beta: NDArray[np.float64], season: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard deviation of the residual of ln C at the given place in the year."""
    scale: NDArray[np.float64] = np.exp(beta[0] + np.clip(season @ beta[1:], -1.0, 1.0))
    return scale


def fit_means(
    days: NDArray[np.datetime64],
    values: NDArray[np.float64],
    items: Sequence[str],
    priors: Sequence[ItemPrior],
    inflation: NDArray[np.float64],
    circumstances: Circumstances,
) -> tuple[list[Mean], NDArray[np.float64]]:
    """Fit all items of one place; what they have in common is worked out once.

    Args:
        days: every day of the record, in order.
        values: readings [unit of the item], NaN where missing, shape (day, item); of each item one
            or more are above 0.
        items: their codes.
        priors: what many cities say of each.
        inflation: long-run variance over variance of one day, shape (item,).
        circumstances: spans and breaks of the place.

    Returns:
        The mean of each item, and standardised residuals, shape (day, item), NaN where missing.
    """
    valid = np.isfinite(values)
    floors = [_FLOOR * float(np.median(own[own > 0.0])) for own in values.T]
    logs = np.log(np.maximum(values, floors), where=valid, out=np.zeros(values.shape))
    centres = logs.sum(axis=0) / valid.sum(axis=0)
    logs = np.where(valid, logs - centres, 0.0)
    decay = 0.5 ** ((days[-1] - days).astype(np.float64) / _YEAR / _HALF_LIFE_YEARS)
    counted = np.stack([circumstances.weights(days, item) for item in items], axis=1)
    weights = np.where(valid, decay[:, None] * counted, 0.0)
    shared = _shared_design(days)
    breaks = [_breaks_inside(days, valid[:, i], circumstances, x) for i, x in enumerate(items)]
    errors = np.empty(values.shape)
    fitted: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
    grams: dict[tuple[np.datetime64, ...], tuple[NDArray[np.float64], NDArray[np.float64]]] = {}
    for i, own in enumerate(breaks):
        stepped = tuple(one.day for one in own)
        if stepped not in grams:
            # Zero after a break: the level is that of the present footing.
            steps = [np.where(days < day, -1.0, 0.0) for day in stepped]
            design = np.column_stack([shared, *steps])
            grams[stepped] = design, design.T @ (decay[:, None] * design)
        design, gram = grams[stepped]
        beta, covariance, errors[:, i] = _ridge(
            design, _gram_with(design, gram, decay, weights[:, i]), logs[:, i], weights[:, i],
            _expected(priors[i], own, shared.shape[1] - COLUMNS), float(inflation[i]), priors[i],
        )  # fmt: skip
        fitted.append((beta[:COLUMNS], covariance[:COLUMNS, :COLUMNS]))
    season = shared[:, 2:4]
    scales = _fit_scales(season, errors, weights, priors)
    residuals = np.full(values.shape, np.nan)
    means = []
    for i, (beta, covariance) in enumerate(fitted):
        # Triangular, so that a draw moves the same columns the same way at every place.
        symmetric = (covariance + covariance.T) / 2.0 + 1e-12 * np.eye(COLUMNS)
        root = np.asarray(np.linalg.cholesky(symmetric), dtype=np.float64)
        residuals[:, i] = errors[:, i] / scale_of(scales[i], season)
        cap = _CAP * float(np.nanmax(values[:, i]))
        means.append(Mean(float(centres[i]), beta, root, scales[i], cap, floors[i]))
    residuals[~valid] = np.nan
    return means, residuals


def calendar_columns(days: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Columns season, weekend and holidays of each day; the first two are the first harmonic."""
    dates = days.astype("datetime64[D]")
    if not len(dates):
        return _of_year(1970)[:0]
    years = [int(str(end.astype("datetime64[Y]"))) for end in (dates.min(), dates.max())]
    table = np.concatenate([_of_year(year) for year in range(years[0], years[1] + 1)])
    first = np.datetime64(f"{years[0]:04d}-01-01", "D")
    return np.asarray(table[(dates - first).astype(np.int64)])


@lru_cache(maxsize=256)
def _of_year(year: int) -> NDArray[np.float64]:
    """Calendar columns of all days of a year; they are asked for again and again."""
    days = np.arange(f"{year:04d}-01-01", f"{year + 1:04d}-01-01", dtype="datetime64[D]")
    columns: NDArray[np.float64] = np.column_stack(
        [harmonics(days, HARMONICS), is_weekend(days), holiday_terms(days)]
    )
    columns.flags.writeable = False
    return columns


@lru_cache(maxsize=8)
def _shared_of(told: bytes) -> NDArray[np.float64]:
    days = np.frombuffer(told, dtype="datetime64[D]")
    years = (days - days[-1]).astype(np.float64) / _YEAR
    trend = np.maximum(years, -_TREND_YEARS)
    knots = np.arange(0.0, -years[0], _KNOT_YEARS)
    level = -np.clip((-years[:, None] - knots) / _KNOT_YEARS, 0.0, 1.0)
    columns = np.column_stack([trend, np.ones(len(days)), calendar_columns(days), level])
    columns.flags.writeable = False
    return columns


def _shared_design(days: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Columns of :func:`future_design` on past days, then the pieces of the drifting level.

    Read-only, since places with a record of the same days share them.
    """
    return _shared_of(days.astype("datetime64[D]").tobytes())


def _breaks_inside(
    days: NDArray[np.datetime64], valid: NDArray[np.bool_], circumstances: Circumstances, item: str
) -> list[Break]:
    """Breaks of an item with enough readings on both sides."""
    found = []
    for one in circumstances.breaks_of(item):
        before = int((valid & (days < one.day)).sum())
        if min(before, int(valid.sum()) - before) >= _BREAK_SIDE_DAYS:
            found.append(one)
    return found


def _expected(
    prior: ItemPrior, breaks: Sequence[Break], n_pieces: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Prior mean and standard deviation of each column: those in common, then the breaks."""
    means = [prior.trend[0], 0.0, *prior.season[0], prior.weekend[0], *prior.holidays[0]]
    sds = [prior.trend[1], 10.0, *prior.season[1], prior.weekend[1], *prior.holidays[1]]
    means += [0.0] * n_pieces + [one.step[0] for one in breaks]
    sds += [prior.level_sd * np.sqrt(_KNOT_YEARS)] * n_pieces + [one.step[1] for one in breaks]
    return np.array(means), np.array(sds)


def _gram_with(
    design: NDArray[np.float64],
    gram: NDArray[np.float64],
    decay: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Products of the columns under ``weights``, from those under ``decay``: few days differ."""
    other = np.flatnonzero(weights != decay)
    if 2 * len(other) > len(decay):
        return np.asarray(design.T @ (weights[:, None] * design))
    some = design[other]
    return np.asarray(gram - some.T @ ((decay - weights)[other, None] * some))


def _ridge(
    design: NDArray[np.float64],
    gram: NDArray[np.float64],
    logs: NDArray[np.float64],
    weights: NDArray[np.float64],
    expected: tuple[NDArray[np.float64], NDArray[np.float64]],
    inflation: float,
    prior: ItemPrior,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Coefficients, their covariance, and what is left of each day's ln C."""
    means, sds = expected
    moment = design.T @ (weights * logs)
    precision = 1.0 / sds**2
    noise = prior.scale**2
    total = float(weights.sum())
    for _ in range(2):
        both = gram / (noise * inflation) + np.diag(precision)
        beta = np.linalg.solve(both, moment / (noise * inflation) + precision * means)
        error = logs - design @ beta
        # A short record knows its scatter badly: the pooled scale counts as 20 days.
        noise = (float(weights @ error**2) + 20.0 * prior.scale**2) / (total + 20.0)
        noise = max(noise, 1e-6)
    return np.asarray(beta, dtype=np.float64), np.asarray(np.linalg.inv(both)), error


def _fit_scales(
    season: NDArray[np.float64],
    errors: NDArray[np.float64],
    weights: NDArray[np.float64],
    priors: Sequence[ItemPrior],
) -> list[NDArray[np.float64]]:
    """Log scale of the residual of each item: constant, cos, sin; the last two shrunk to the pool.

    Args:
        season: the first harmonic, shape (day, 2).
        errors, weights: shape (day, item); a day without a reading has the weight 0.
        priors: what many cities say of each item.
    """
    size = np.log(np.maximum(np.abs(errors), 1e-3))
    design = np.column_stack([np.ones(len(size)), season])
    # Variance of ln|z| is about 1.2; serial dependence leaves about a fifth of the days.
    penalty = np.diag([0.0, 1.0 / 0.1**2, 1.0 / 0.1**2])
    w = weights * 0.2 / 1.2
    squares = (design[:, :, None] * design[:, None, :]).reshape(len(design), -1)
    grams = (w.T @ squares).reshape(-1, 3, 3) + penalty
    moments = (w * size).T @ design
    moments += np.array([[0.0, *p.scale_season] for p in priors]) * np.diag(penalty)
    betas = np.linalg.solve(grams, moments[:, :, None])[:, :, 0]
    unit = errors / np.exp(season @ betas[:, 1:].T)
    mean = (weights * unit**2).sum(axis=0) / weights.sum(axis=0)
    betas[:, 0] = 0.5 * np.log(np.maximum(mean, 1e-6))
    return list(betas)
