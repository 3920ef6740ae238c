"""Serial dependence of daily residuals, and past dates from which future ones are drawn.

A standardised residual is the sum of a slow part (weeks to months), a weather part (days), and
a white part. The steady Kalman filter of that sum turns past residuals into innovations and a
state; driven by innovations of past dates, the same recursion draws futures that start from
the present state. All items take the innovations of the same past date, in unbroken runs of
days, so that weather and chemistry stay together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from forecast.models.pooled import ItemPrior

__all__ = [
    "Dates",
    "Dependence",
    "dependence",
    "draw_dates",
    "draw_positions",
    "filter_residuals",
    "run_forward",
    "run_shifts",
    "two_part_filter",
]

#: Up to so many series are filtered one by one.
_FEW_SERIES = 12
#: A filter this close to its steady variance is taken to have reached it.
_STEADY = 1e-4
#: Mean length of an unbroken run of past days [days].
MEAN_RUN = 30.0
#: Part of the variance of run means that is missing with one year of record: not all of it, since
#: runs are moved within the season (seen in the spread of period means of drawn paths).
_MISSING = 0.6


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


def draw_positions(
    n_past: int,
    n_future: int,
    n_paths: int,
    rng: np.random.Generator,
    *,
    year: float = 365.25,
    mean_run: float = MEAN_RUN,
    window: int = 20,
) -> NDArray[np.int64]:
    """Past days whose innovations future days take.

    Each path walks through past years in runs of days of geometric length; a run starts in a
    random past year at the same time of the year, moved by up to ``window`` days.

    Args:
        n_past: number of days in the record, the last being the day before the first to draw.
        n_future: number of days to draw.
        n_paths: number of paths.
        rng: random generator.
        year: length of a year in steps: 365.25 for days, 12 for months.
        mean_run: mean length of a run [steps].
        window: most steps by which a run is moved within the season.

    Returns:
        Indices into the record, shape (path, day). A record shorter than a year has no past day
        of the same season for part of the year: there any past day serves.
    """
    starts = rng.random((n_paths, n_future)) < 1.0 / mean_run
    starts[:, 0] = True
    ahead = np.arange(1, n_future + 1)
    fewest = np.ceil(ahead / year)
    most = np.floor((n_past - 1 + ahead) / year)
    choices = np.maximum(most - fewest + 1, 0)
    chance = rng.random((n_paths, n_future))
    moved = rng.integers(-window, window + 1, size=(n_paths, n_future))
    past = rng.integers(0, n_past, size=(n_paths, n_future))
    # What is drawn for a day counts where a run starts there; every path starts with one.
    at = np.flatnonzero(starts)
    day = at % n_future
    years = fewest[day] + np.floor(chance.ravel()[at] * choices[day])
    shift = np.rint(years * year).astype(np.int64) - moved.ravel()[at]
    # Where no past year has the season, a run starts on any past day.
    shift = np.where(choices[day] > 0, shift, ahead[day] + n_past - 1 - past.ravel()[at])
    lengths = np.diff(at, append=starts.size)
    position = n_past - 1 + ahead - np.repeat(shift, lengths).reshape(starts.shape)
    # A run that leaves the record goes on a year earlier or later, or anywhere in a short one.
    span = round(year) if n_past > year else n_past
    position = np.where(position >= n_past, position - span, position)
    position = np.where(position < 0, position + span, position)
    result: NDArray[np.int64] = np.mod(position, n_past)
    return result


@dataclass(frozen=True)
class Dates:
    """Past days drawn for future ones, in unbroken runs.

    Attributes:
        positions: indices into the record, shape (path, day).
        run: number of the run of each day within its path, shape (path, day).
        units: standard normal draws of each run, shape (path, run, item).
    """

    positions: NDArray[np.int64]
    run: NDArray[np.int64]
    units: NDArray[np.float32]


def draw_dates(
    n_past: int,
    n_future: int,
    n_paths: int,
    n_items: int,
    rng: np.random.Generator,
    *,
    year: float = 365.25,
    mean_run: float = MEAN_RUN,
) -> Dates:
    """Draw past days as :func:`draw_positions` does, with a normal draw of each run and item."""
    positions = draw_positions(n_past, n_future, n_paths, rng, year=year, mean_run=mean_run)
    run = np.zeros(positions.shape, dtype=np.int64)
    np.cumsum(np.diff(positions, axis=1) != 1, axis=1, out=run[:, 1:])
    units = rng.standard_normal((n_paths, int(run.max()) + 1, n_items), dtype=np.float32)
    return Dates(positions, run, units)


def run_shifts(
    units: NDArray[np.float32],
    innovations: NDArray[np.float32],
    *,
    year: float = 365.25,
    mean_run: float = MEAN_RUN,
) -> NDArray[np.float32]:
    """What the mean of each drawn run could have been in a year that the record does not hold.

    Runs of the same season of K years have (K - 1)/K of the variance that run means have over
    many years; with one year nearly all futures would have the very same season. The part that
    is missing is added: one vector a run, with the covariance of innovations over items.

    Args:
        units: standard normal draws, shape (path, run, item).
        innovations: the table they are added to, without gaps, shape (past day, item).
        year: length of a year in steps.
        mean_run: mean length of a run [steps].

    Returns:
        Shape (path, run, item), to be added to the innovations of each run.
    """
    years = max(len(innovations) / year, 1.0)
    covariance = np.atleast_2d(np.cov(innovations.astype(np.float64), rowvar=False))
    # Days lie in runs of twice the mean length, since long runs hold more of them.
    values, vectors = np.linalg.eigh(covariance * (_MISSING / (2.0 * mean_run * years)))
    root = (vectors * np.sqrt(np.maximum(values, 0.0))).astype(np.float32)
    shifts: NDArray[np.float32] = units @ root.T
    return shifts
