"""The mean of a day of one item: level, trend, season, weekend, holidays, and a seasonal scale.

ln C is fitted by ridge regression towards figures pooled over many cities; old years count less,
exceptional spans count little, and a break of the record is a step of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from forecast.features.calendar import harmonics, is_weekend
from forecast.features.holidays import HOLIDAY_TERMS, holiday_terms
from forecast.models.circumstances import Circumstances
from forecast.models.pooled import HARMONICS, ItemPrior

__all__ = ["COLUMNS", "PARTS", "Mean", "calendar_columns", "fit_mean", "future_design", "scale_of"]

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


def fit_mean(
    days: NDArray[np.datetime64],
    values: NDArray[np.float64],
    item: str,
    prior: ItemPrior,
    inflation: float,
    circumstances: Circumstances,
    calendar: NDArray[np.float64],
) -> tuple[Mean, NDArray[np.float64]]:
    """Fit one item.

    Args:
        days: every day of the record, in order.
        values: readings [unit of the item], NaN where missing.
        item: its code.
        prior: what many cities say of it.
        inflation: long-run variance over variance of one day.
        circumstances: spans and breaks of the place.
        calendar: :func:`calendar_columns` of the days.

    Returns:
        The mean, and standardised residuals, NaN where missing.
    """
    valid = np.isfinite(values)
    floor = _FLOOR * float(np.median(values[valid & (values > 0.0)]))
    logs = np.log(np.maximum(values, floor), where=valid, out=np.full(len(values), np.nan))
    centre = float(logs[valid].mean())
    design, means, sds = _past_design(days, valid, item, prior, circumstances, calendar)
    weights = 0.5 ** ((days[-1] - days).astype(np.float64) / _YEAR / _HALF_LIFE_YEARS)
    weights *= circumstances.weights(days, item)
    x, y, w = design[valid], logs[valid] - centre, weights[valid]
    gram, moment = x.T @ (w[:, None] * x), x.T @ (w * y)
    precision = 1.0 / sds**2
    noise = prior.scale**2
    for _ in range(2):
        inverse = np.linalg.inv(gram / (noise * inflation) + np.diag(precision))
        beta = inverse @ (moment / (noise * inflation) + precision * means)
        error = y - x @ beta
        # A short record knows its scatter badly: the pooled scale counts as 20 days.
        noise = (float((w * error**2).sum()) + 20.0 * prior.scale**2) / (float(w.sum()) + 20.0)
        noise = max(noise, 1e-6)
    covariance = inverse[:COLUMNS, :COLUMNS]
    # Triangular, so that a draw moves the same columns the same way at every place.
    symmetric = (covariance + covariance.T) / 2.0 + 1e-12 * np.eye(COLUMNS)
    root = np.asarray(np.linalg.cholesky(symmetric), dtype=np.float64)
    season = calendar[valid][:, :2]
    scale = _fit_scale(season, error, w, prior)
    residuals = np.full(len(values), np.nan)
    residuals[valid] = error / scale_of(scale, season)
    mean = Mean(
        centre=centre,
        coefficients=beta[:COLUMNS],
        root=root,
        scale=scale,
        cap=_CAP * float(values[valid].max()),
        floor=floor,
    )
    return mean, residuals


def calendar_columns(days: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Columns season, weekend and holidays of each day; the first two are the first harmonic.

    Read-only, since places with a record of the same days share them.
    """
    return _calendar_of(days.astype("datetime64[D]").tobytes())


@lru_cache(maxsize=8)
def _calendar_of(told: bytes) -> NDArray[np.float64]:
    days = np.frombuffer(told, dtype="datetime64[D]")
    columns = np.column_stack([harmonics(days, HARMONICS), is_weekend(days), holiday_terms(days)])
    columns.flags.writeable = False
    return columns


def _past_design(
    days: NDArray[np.datetime64],
    valid: NDArray[np.bool_],
    item: str,
    prior: ItemPrior,
    circumstances: Circumstances,
    calendar: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Columns of the mean over past days, with prior means and standard deviations."""
    years = (days - days[-1]).astype(np.float64) / _YEAR
    columns = [np.column_stack([np.maximum(years, -_TREND_YEARS), np.ones(len(days)), calendar])]
    means = [prior.trend[0], 0.0, *prior.season[0], prior.weekend[0], *prior.holidays[0]]
    sds = [prior.trend[1], 10.0, *prior.season[1], prior.weekend[1], *prior.holidays[1]]
    for one in circumstances.breaks_of(item):
        before = int((valid & (days < one.day)).sum())
        if min(before, int(valid.sum()) - before) >= _BREAK_SIDE_DAYS:
            # Zero after the break: the level is that of the present footing.
            columns.append(np.where(days < one.day, -1.0, 0.0)[:, None])
            means.append(one.step[0])
            sds.append(one.step[1])
    knots = np.arange(0.0, -years[0], _KNOT_YEARS)
    columns.append(-np.clip((-years[:, None] - knots) / _KNOT_YEARS, 0.0, 1.0))
    means.extend([0.0] * len(knots))
    sds.extend([prior.level_sd * np.sqrt(_KNOT_YEARS)] * len(knots))
    return np.concatenate(columns, axis=1), np.array(means), np.array(sds)


def _fit_scale(
    season: NDArray[np.float64],
    error: NDArray[np.float64],
    weights: NDArray[np.float64],
    prior: ItemPrior,
) -> NDArray[np.float64]:
    """Log scale of the residual: constant, cos, sin; the last two shrunk to the pooled season."""
    size = np.log(np.maximum(np.abs(error), 1e-3))
    design = np.column_stack([np.ones(len(size)), season])
    # Variance of ln|z| is about 1.2; serial dependence leaves about a fifth of the days.
    penalty = np.diag([0.0, 1.0 / 0.1**2, 1.0 / 0.1**2])
    target = np.array([0.0, *prior.scale_season]) * np.diag(penalty)
    w = weights * 0.2 / 1.2
    beta = np.linalg.solve(
        design.T @ (w[:, None] * design) + penalty, design.T @ (w * size) + target
    )
    unit = error / np.exp(season @ beta[1:])
    beta[0] = 0.5 * np.log(max(float(np.average(unit**2, weights=weights)), 1e-6))
    fitted: NDArray[np.float64] = beta
    return fitted
