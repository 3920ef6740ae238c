"""Maximum likelihood with values below a limit or between two, by Newton at many points at once.

With h = 1/σ and γ = β/σ the log-likelihood is concave (Olsen 1978, Econometrica 46:1211):

    uncensored   ln h − ½ (h y − x·γ)²
    below U      ln Φ(h U − x·γ)
    between      ln [Φ(h U − x·γ) − Φ(h L − x·γ)]

so Newton with step halving finds its one maximum from anywhere. y, L and U are residuals from a
start of least squares, which keeps the sums well scaled. It is the likelihood of ``survreg`` with
``Surv(type = "interval2")`` and a Gaussian.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Limits", "maximise"]

Floats = NDArray[np.float64]

#: The last step is below this, in units of its own standard error; the error after it is its square.
_CONVERGED = 1e-9
_ITERATIONS = 200
_HALVINGS = 60
#: Where σ falls to this share of the start the likelihood grows without bound.
_COLLAPSED = 1e-7
#: Below this share of the curvature of measured values the likelihood has no maximum nearby.
_FLAT = 1e-8
_HALF_LOG_2PI = 0.5 * np.log(2.0 * np.pi)


@dataclass(frozen=True)
class Limits:
    """Censored samples: design (sample, 5), residual bounds and weights (point, sample)."""

    x: Floats
    low: Floats
    high: Floats
    weights: Floats

    def take(self, at: NDArray[np.int64]) -> Limits:
        """The same samples at some of the points."""
        return Limits(self.x, self.low[at], self.high[at], self.weights[at])


def maximise(
    x: Floats, residual: Floats, weights: Floats, limits: Limits, sigma: Floats
) -> tuple[Floats, Floats]:
    """Shift of the coefficients from the start (point, 5) and σ (point,).

    Args:
        x: design of the uncensored samples (sample, 5). residual, weights: theirs (point, sample).
        sigma: start (point,).

    Returns:
        NaN at points whose likelihood has no maximum (all censored, or the few uncensored ones fit
        exactly while all limits hold).
    """
    points = len(sigma)
    count = weights.sum(axis=1)
    square = _squares(x, residual, weights)
    theta = np.zeros((points, 6))
    theta[:, 0] = 1.0 / np.maximum(sigma, 1e-12)
    start = theta[:, 0].copy()
    done = np.zeros(points, dtype=bool)
    live = np.arange(points)
    value = np.full(points, -np.inf)
    value[live], *_ = _likelihood(theta[live], count[live], square[live], limits.take(live))
    for _ in range(_ITERATIONS):
        if not len(live):
            break
        part = limits.take(live)
        value[live], gradient, curvature = _likelihood(
            theta[live], count[live], square[live], part, derivatives=True
        )
        step = _solve(curvature, gradient)
        decrement = np.einsum("pj,pj->p", step, gradient)
        theta[live], value[live] = _advance(
            theta[live], step, value[live], count[live], square[live], part
        )
        small = np.abs(decrement) <= _CONVERGED**2
        lost = theta[live, 0] * _COLLAPSED > start[live]
        found = np.flatnonzero(small & ~lost)
        if len(found):
            rows = live[found]
            flat = _flat(theta[rows], curvature[found], count[rows], square[rows], part.take(found))
            done[rows[~flat]] = True
        live = live[~(small | lost)]
    sigma_found = np.where(done, 1.0 / theta[:, 0], np.nan)
    return theta[:, 1:] * sigma_found[:, None], sigma_found


def _flat(
    theta: Floats, curvature: Floats, count: Floats, square: Floats, limits: Limits
) -> NDArray[np.bool_]:
    """Whether the likelihood still rises towards infinity, ever more slowly, in some direction.

    There the curvature is nothing beside what it would be if the limits were values; directions
    that the design does not determine at all are left out of this.
    """
    total = count + limits.weights.sum(axis=1)
    full = square + _squares(limits.x, limits.high, limits.weights)
    full[:, 0, 0] += total / theta[:, 0] ** 2
    scale = np.sqrt(np.maximum(np.einsum("pjj->pj", full), 1e-300))
    both = scale[:, :, None] * scale[:, None, :]
    values, vectors = np.linalg.eigh(full / both)
    good = values > 1e-12 * values[:, -1:]
    turn = vectors * np.where(good, 1.0 / np.sqrt(np.where(good, values, 1.0)), 0.0)[:, None, :]
    share = np.einsum("pji,pjk,pkl->pil", turn, curvature / both, turn)
    share += np.eye(6) * ~good[:, None, :]
    return np.asarray(np.linalg.eigvalsh(share)[:, 0] < _FLAT)


def _squares(x: Floats, residual: Floats, weights: Floats) -> Floats:
    """Σ w z zᵀ of z = (residual, −x) at each point, (point, 6, 6)."""
    square = np.empty((len(weights), 6, 6))
    weighted = weights * residual
    square[:, 0, 0] = np.einsum("pi,pi->p", weighted, residual)
    square[:, 0, 1:] = square[:, 1:, 0] = -np.einsum("pi,ij->pj", weighted, x)
    products = x[:, :, None] * x[:, None, :]
    square[:, 1:, 1:] = np.einsum("pi,ik->pk", weights, products.reshape(len(x), 25)).reshape(
        -1, 5, 5
    )
    return square


def _advance(
    theta: Floats, step: Floats, value: Floats, count: Floats, square: Floats, limits: Limits
) -> tuple[Floats, Floats]:
    """The first of the whole step, its half, quarter … that does not lower the likelihood."""
    share = np.ones(len(theta))
    found, at = theta.copy(), value.copy()
    open_ = np.arange(len(theta))
    # Rounding alone may lower the value by this much at the maximum.
    slack = 1e-12 * (1.0 + np.abs(value))
    for _ in range(_HALVINGS):
        trial = theta[open_] + share[open_, None] * step[open_]
        new = np.full(len(open_), -np.inf)
        allowed = np.flatnonzero(trial[:, 0] > 0.0)
        if len(allowed):
            rows = open_[allowed]
            new[allowed], *_ = _likelihood(
                trial[allowed], count[rows], square[rows], limits.take(rows)
            )
        good = new >= value[open_] - slack[open_]
        found[open_[good]], at[open_[good]] = trial[good], new[good]
        open_ = open_[~good]
        if not len(open_):
            break
        share[open_] *= 0.5
    return found, at


def _solve(curvature: Floats, gradient: Floats) -> Floats:
    """Newton steps; a little is added to the diagonal so that a flat direction is no fault."""
    scale = np.sqrt(np.maximum(np.einsum("pjj->pj", curvature), 1e-300))
    scaled = curvature / (scale[:, :, None] * scale[:, None, :])
    scaled += 1e-13 * np.eye(6)
    step = np.linalg.solve(scaled, (gradient / scale)[:, :, None])[:, :, 0]
    return np.asarray(step / scale)


def _likelihood(
    theta: Floats, count: Floats, square: Floats, limits: Limits, *, derivatives: bool = False
) -> tuple[Floats, Floats, Floats]:
    """Log-likelihood (point,), gradient (point, 6) and minus the second derivatives (point, 6, 6)."""
    h = theta[:, 0]
    pull = np.einsum("pij,pj->pi", square, theta)
    value = count * np.log(h) - 0.5 * np.einsum("pi,pi->p", theta, pull)
    line = np.einsum("ij,pj->pi", limits.x, theta[:, 1:])
    upper = h[:, None] * limits.high - line
    between = np.isfinite(limits.low)
    low = np.where(between, limits.low, 0.0)
    lower = np.where(between, h[:, None] * low - line, -np.inf)
    log_mass = _log_mass(lower, upper)
    value = value + np.einsum("pi,pi->p", limits.weights, log_mass)
    if not derivatives:
        return value, theta, square
    w = limits.weights
    above = np.exp(-0.5 * upper * upper - _HALF_LOG_2PI - log_mass)
    below = np.exp(-0.5 * lower * lower - _HALF_LOG_2PI - log_mass)
    finite = np.where(between, lower, 0.0)
    uu = above * (upper + above)
    ll = below * (below - finite)
    ul = -above * below
    slope = above - below
    gradient = -pull
    gradient[:, 0] += count / h
    gradient[:, 0] += np.einsum("pi,pi->p", w, limits.high * above - low * below)
    gradient[:, 1:] -= np.einsum("pi,ij->pj", w * slope, limits.x)
    curvature = square.copy()
    curvature[:, 0, 0] += count / (h * h)
    high = limits.high
    curvature[:, 0, 0] += np.einsum(
        "pi,pi->p", w, high * high * uu + low * low * ll + 2.0 * high * low * ul
    )
    cross = -np.einsum("pi,ij->pj", w * (high * uu + low * ll + (high + low) * ul), limits.x)
    curvature[:, 0, 1:] += cross
    curvature[:, 1:, 0] += cross
    both = (limits.x[:, :, None] * limits.x[:, None, :]).reshape(-1, 25)
    curvature[:, 1:, 1:] += np.einsum("pi,ik->pk", w * (uu + ll + 2.0 * ul), both).reshape(-1, 5, 5)
    return value, gradient, curvature


def _log_mass(lower: Floats, upper: Floats) -> Floats:
    """ln [Φ(upper) − Φ(lower)], exact in both tails."""
    from scipy.special import log_ndtr

    right = lower > 0.0
    a = np.where(right, -upper, lower)
    b = np.where(right, -lower, upper)
    top = np.asarray(log_ndtr(b))
    ratio = np.asarray(log_ndtr(a)) - top
    with np.errstate(divide="ignore"):
        return np.asarray(top + np.log(-np.expm1(np.minimum(ratio, 0.0))))
