"""Weighted regression of ln C at many points at once: closed form, Newton where values are censored."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.trend.wrtds.censored import Limits, maximise
from forecast.trend.wrtds.records import Samples

__all__ = ["estimate"]

Floats = NDArray[np.float64]

#: Below this share of the largest eigenvalue (columns scaled to 1) a direction counts as not
#: determined by the samples.
_UNDETERMINED = 1e-12

#: Places of the products xi·xj in a row of 15.
_UPPER = np.triu_indices(5)


def estimate(samples: Samples, t: float, log_q: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """ln C expected and its standard deviation at the points of one time slice.

    ln C = β0 + β1 (T − t) + β2 ln Q + β3 sin 2πT + β4 cos 2πT + ε, ε ~ N(0, σ²), by weighted
    maximum likelihood; σ² has no correction for the number of coefficients.

    Args:
        t: decimal year of the slice. log_q: ln flow of the points, shape (point,).
        weights: shape (point, sample).

    Returns:
        y_hat and se, shape (point,); NaN where the likelihood has no maximum.
    """
    used = np.asarray(weights.any(axis=0))
    chosen, weights = samples.take(used), weights[:, used]
    middle = float(chosen.log_q.mean())
    x = _design(chosen.t, chosen.log_q - middle, t)
    x0 = _design(np.full(len(log_q), t), log_q - middle, t)
    clear = chosen.uncensored
    # A start for values between or below limits: the middle of an interval, the limit itself.
    y = np.where(np.isfinite(chosen.low), 0.5 * (chosen.low + chosen.high), chosen.high)
    level = float(y.mean())
    beta, left, variance = _least_squares(x, y - level, weights)
    y_hat = level + np.einsum("pj,pj->p", x0, beta)
    se = np.sqrt(variance)
    if clear.all():
        return y_hat, se
    open_ = (weights[:, ~clear] > 0.0).any(axis=1)
    if not open_.any():
        return y_hat, se
    fitted = (y[None, :] - left)[open_]
    w = weights[open_]
    limits = Limits(
        x=x[~clear],
        low=chosen.low[None, ~clear] - fitted[:, ~clear],
        high=chosen.high[None, ~clear] - fitted[:, ~clear],
        weights=w[:, ~clear],
    )
    shift, sigma = maximise(x[clear], left[open_][:, clear], w[:, clear], limits, se[open_])
    y_hat[open_] += np.einsum("pj,pj->p", x0[open_], shift)
    se[open_] = sigma
    return y_hat, se


def _design(t: Floats, log_q: Floats, centre: float) -> Floats:
    """Rows of 1, time from the centre, ln flow, sine and cosine of the season: (row, 5)."""
    angle = 2.0 * np.pi * t
    return np.column_stack([np.ones_like(t), t - centre, log_q, np.sin(angle), np.cos(angle)])


def _least_squares(x: Floats, y: Floats, w: Floats) -> tuple[Floats, Floats, Floats]:
    """Coefficients (point, 5), residuals (point, sample) and Σwr²/Σw (point,)."""
    products = np.einsum("pi,ij->pj", w, x[:, _UPPER[0]] * x[:, _UPPER[1]])
    normal = np.empty((len(w), 5, 5))
    normal[:, _UPPER[0], _UPPER[1]] = products
    normal[:, _UPPER[1], _UPPER[0]] = products
    inverse = _inverse(normal)
    beta = np.einsum("pjk,pk->pj", inverse, np.einsum("pi,ij->pj", w, x * y[:, None]))
    residual = y - np.einsum("ij,pj->pi", x, beta)
    # One step of refinement brings back what the normal equations lost to rounding.
    step = np.einsum("pjk,pk->pj", inverse, np.einsum("pi,ij->pj", w * residual, x))
    beta = beta + step
    residual = residual - np.einsum("ij,pj->pi", x, step)
    return beta, residual, np.einsum("pi,pi->p", w, residual * residual) / w.sum(axis=1)


def _inverse(normal: Floats) -> Floats:
    """Inverse of each matrix; directions that the samples do not determine are left out."""
    scale = np.sqrt(np.einsum("pjj->pj", normal))
    scale = np.where(scale > 0.0, scale, 1.0)
    both = scale[:, :, None] * scale[:, None, :]
    values, vectors = np.linalg.eigh(normal / both)
    good = values > _UNDETERMINED * values[:, -1:]
    inverted = np.where(good, 1.0 / np.where(good, values, 1.0), 0.0)
    return np.asarray(np.einsum("pij,pj,pkj->pik", vectors, inverted, vectors) / both)
