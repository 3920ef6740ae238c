"""Serial dependence of daily residuals.

A standardised residual is the sum of a slow part (weeks to months), a weather part (days), and
a white part. The steady Kalman filter of that sum turns past residuals into innovations and a
state; driven by innovations of past dates, the same recursion draws futures that start from
the present state.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from forecast.models.pooled import ItemPrior

__all__ = [
    "Dependence",
    "dependence",
    "filter_residuals",
    "forward_blocks",
    "run_forward",
    "two_part_filter",
]

#: Up to so many series are filtered one by one.
_FEW_SERIES = 12
#: A filter this close to its steady variance is taken to have reached it.
_STEADY = 1e-4


@dataclass(frozen=True)
class Dependence:
    """Two autoregressive parts of each item's residual, rows: slow, fast; shape (2, item).

    Attributes:
        phi: what is left of a part after one day.
        gain: share of an innovation that enters the part, in a record without gaps.
        inflation: long-run variance over variance of one day, shape (item,).
        share: share of the variance in each part.
        white: the share that has no memory, shape (item,).
        steady: covariance of the state before a day in a record without gaps: of the slow part, of
            the fast one, of both; shape (3, item).
    """

    phi: NDArray[np.float64]
    gain: NDArray[np.float64]
    inflation: NDArray[np.float64]
    share: NDArray[np.float64]
    white: NDArray[np.float64]
    steady: NDArray[np.float64]


@lru_cache(maxsize=64)
def dependence(priors: tuple[ItemPrior, ...]) -> Dependence:
    """Dependence of the items whose pooled figures are given."""
    return two_part_filter(
        np.array([[p.slow_share for p in priors], [p.fast_share for p in priors]]),
        np.array([[p.slow_days for p in priors], [p.fast_days for p in priors]]),
    )


def two_part_filter(share: NDArray[np.float64], times: NDArray[np.float64]) -> Dependence:
    """Steady filter of residuals of unit variance (iterated Riccati equation).

    Args:
        share: share of the variance in the slow and the fast part, shape (2, item).
        times: time constants of the parts [steps], shape (2, item).
    """
    phi = np.exp(-1.0 / times)
    white = np.maximum(1.0 - share.sum(axis=0), 0.02)
    seen = np.ones(share.shape[1])
    state = np.stack([*share, np.zeros(share.shape[1])])  # predicted covariance
    for _ in range(400):
        gain, state = _stepped(state, phi, share, white, seen)[1:]
    inflation = (share * (1.0 + phi) / (1.0 - phi)).sum(axis=0) + white
    return Dependence(phi, gain, inflation, share, white, state)


def _stepped(
    state: NDArray[np.float64],
    phi: NDArray[np.float64],
    share: NDArray[np.float64],
    white: NDArray[np.float64],
    seen: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Variance of a day's innovation, the gains, and the covariance predicted for the next day."""
    a, b, c = state
    total = a + b + 2.0 * c + white
    gain = np.stack([(a + c) / total, (b + c) / total])
    kept = gain * seen
    noise = share * (1.0 - phi**2)
    following = np.stack(
        [
            phi[0] ** 2 * (a - kept[0] ** 2 * total) + noise[0],
            phi[1] ** 2 * (b - kept[1] ** 2 * total) + noise[1],
            phi[0] * phi[1] * (c - kept[0] * kept[1] * total),
        ]
    )
    return total, gain, following


def filter_residuals(
    residuals: NDArray[np.float64], dep: Dependence
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Innovations of standardised residuals and the state after the last day.

    After a gap less is known of the state, and an innovation is larger for that alone. It is
    brought to the variance that it has in a record without gaps, as the days drawn from it have
    none.

    Args:
        residuals: shape (day, item), NaN where missing; every day of the span has a row.
        dep: the two parts.

    Returns:
        Innovations (day, item), NaN where the residual is, and the state predicted for the day
        after the last, shape (2, item).
    """
    if residuals.shape[1] <= _FEW_SERIES:
        pairs = [_filter_one(residuals[:, i], dep, i) for i in range(residuals.shape[1])]
        return np.stack([p[0] for p in pairs], axis=1), np.stack([p[1] for p in pairs], axis=1)
    missing = ~np.isfinite(residuals)
    out = np.where(missing, 0.0, residuals)
    seen = (~missing).astype(np.float64)
    steady = dep.steady[0] + dep.steady[1] + 2.0 * dep.steady[2] + dep.white
    state = dep.steady
    slow, fast = np.zeros_like(dep.phi)
    for day in range(len(out)):
        total, gain, state = _stepped(state, dep.phi, dep.share, dep.white, seen[day])
        innovation = (out[day] - slow - fast) * seen[day]
        slow = dep.phi[0] * (slow + gain[0] * innovation)
        fast = dep.phi[1] * (fast + gain[1] * innovation)
        out[day] = innovation * np.sqrt(steady / total)
    out[missing] = np.nan
    return out, np.stack([slow, fast])


def _filter_one(
    residuals: NDArray[np.float64], dep: Dependence, at: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The same for one series: plain numbers are quicker than arrays of a few."""
    slow_phi, fast_phi = dep.phi[:, at].tolist()
    slow_gain, fast_gain = dep.gain[:, at].tolist()
    slow_noise, fast_noise = (dep.share[:, at] * (1.0 - dep.phi[:, at] ** 2)).tolist()
    white = float(dep.white[at])
    steady = dep.steady[:, at].tolist()
    steady_total = steady[0] + steady[1] + 2.0 * steady[2] + white
    a, b, c = steady
    slow = fast = 0.0
    is_steady = True
    values = residuals.tolist()
    ends = [*np.flatnonzero(np.isnan(residuals)).tolist(), len(values)]
    out: list[float] = []
    for end in ends:
        # Days with a reading, until the filter has forgotten the gap before them.
        while len(out) < end and not is_steady:
            innovation = values[len(out)] - slow - fast
            total = a + b + 2.0 * c + white
            own_slow, own_fast = (a + c) / total, (b + c) / total
            out.append(innovation * (steady_total / total) ** 0.5)
            slow = (slow + own_slow * innovation) * slow_phi
            fast = (fast + own_fast * innovation) * fast_phi
            a = slow_phi * slow_phi * (a - own_slow * own_slow * total) + slow_noise
            b = fast_phi * fast_phi * (b - own_fast * own_fast * total) + fast_noise
            c = slow_phi * fast_phi * (c - own_slow * own_fast * total)
            is_steady = abs(total - steady_total) < _STEADY * steady_total
        if is_steady:
            a, b, c = steady
            for value in values[len(out) : end]:
                innovation = value - slow - fast
                out.append(innovation)
                slow = (slow + slow_gain * innovation) * slow_phi
                fast = (fast + fast_gain * innovation) * fast_phi
        if end < len(values):
            out.append(float("nan"))
            slow *= slow_phi
            fast *= fast_phi
            a = slow_phi * slow_phi * a + slow_noise
            b = fast_phi * fast_phi * b + fast_noise
            c *= slow_phi * fast_phi
            is_steady = False
    return np.array(out), np.array([slow, fast])


def run_forward(
    innovations: NDArray[np.float32],
    state: NDArray[np.float64],
    dep: Dependence,
    out: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Residuals that follow from ``state`` and future innovations, both (day, item, path).

    The paths of a day lie together, so that each step works on memory that does. They are written
    into ``out`` if it is given.
    """
    shape = innovations.shape[1:]

    def spread(part: NDArray[np.float64]) -> NDArray[np.float32]:
        return np.broadcast_to(part.astype(np.float32)[:, None], shape).copy()

    phi = [spread(part) for part in dep.phi]
    driven = [spread(p * g) for p, g in zip(dep.phi, dep.gain, strict=True)]
    slow, fast = (spread(part) for part in state)
    out = np.empty_like(innovations) if out is None else out
    entering = np.empty(shape, dtype=np.float32)
    for day, step in enumerate(innovations):
        np.add(slow, fast, out=out[day])
        out[day] += step
        slow *= phi[0]
        slow += np.multiply(step, driven[0], out=entering)
        fast *= phi[1]
        fast += np.multiply(step, driven[1], out=entering)
    return out


def forward_blocks(
    dep: Dependence, loads: NDArray[np.float64], scale: NDArray[np.float64], size: int
) -> list[NDArray[np.float32]]:
    """Matrices that carry residuals on over blocks of days, and add the mean to them.

    :func:`run_forward` over a block is linear: one product an item does the same for all paths.

    Args:
        dep: the two parts.
        loads: what a draw adds to each day, shape (item, day, draw).
        scale: what a residual of each day is multiplied by, shape (item, day).
        size: days of a block; the last may have fewer.

    Returns:
        For each block the matrix of each item. Its columns are the draws, the two parts of the state
        before the block, and the innovations of its days; its rows are its days, then the state
        after them.
    """
    n_days, n_draws = loads.shape[1:]
    kept = dep.phi.T[:, :, None] ** np.arange(size + 1)
    response = dep.gain.T[:, :, None] * kept
    after = response.sum(axis=1)
    after[:, 0] = 1.0
    lag = np.subtract.outer(np.arange(size), np.arange(size))
    serial = np.where(lag >= 0, after[:, np.maximum(lag, 0)], 0.0)
    blocks = []
    for first in range(0, n_days, size):
        some = slice(first, min(first + size, n_days))
        n = some.stop - first
        own = np.zeros((len(loads), n + 2, n_draws + 2 + n))
        sd = scale[:, some, None]
        own[:, :n, :n_draws] = loads[:, some]
        own[:, :n, n_draws : n_draws + 2] = sd * kept[:, :, :n].swapaxes(1, 2)
        own[:, :n, n_draws + 2 :] = sd * serial[:, :n, :n]
        own[:, [n, n + 1], [n_draws, n_draws + 1]] = kept[:, :, n]
        own[:, n:, n_draws + 2 :] = response[:, :, n - np.arange(n)]
        blocks.append(own.astype(np.float32))
    return blocks
