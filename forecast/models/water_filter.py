"""Kalman filter and smoother of many monthly series at once.

The parts of a series (mean, season and effects of hydrology; offset, trend, level, effect of the
year, what outlasts a month) are a state of eight numbers or so. One pass over the months gives
the likelihood, the forecast of every month from those before it, and, backwards, what each month is
expected to be by all others (Durbin and Koopman 2012, chapter 4). It states what a covariance
matrix over all months would, in time that grows with the months and not with their cube; series
lie along the last axis, so that one step serves all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.models.water_process import DAMPING, Sizes, season_of

__all__ = ["KEPT", "Pass", "StateSpace", "chunks", "left_out"]

#: Part of the level that is left after a month.
KEPT = float(DAMPING ** (1.0 / 12.0))
#: Series that are filtered together: their states then stay in the cache of a core.
_CHUNK = 768


def chunks(rows: NDArray[np.int64], times: int = 1) -> Iterator[NDArray[np.int64]]:
    """``rows`` in runs that are filtered together, each of them ``times`` times."""
    step = max(1, _CHUNK // times)
    for at in range(0, len(rows), step):
        yield rows[at : at + step]


@dataclass(frozen=True)
class Pass:
    """What a pass over the months found.

    Attributes:
        error: reading less forecast from the months before, (month, series), 0 where not seen.
        variance: of the forecast of the reading, (month, series), 1 where not seen.
        gain: of the filter, (month, state, series); empty unless asked for.
        state, covariance: after the last month, (state, series), (state, state, series).
    """

    error: NDArray[np.float64]
    variance: NDArray[np.float64]
    gain: NDArray[np.float64]
    state: NDArray[np.float64]
    covariance: NDArray[np.float64]

    def log_likelihood(self) -> NDArray[np.float64]:
        """Of each series, without constants, (series,)."""
        squares = self.error**2 / self.variance
        return -0.5 * _added(np.log(self.variance) + squares)


class StateSpace:
    """State-space form of some series.

    Args:
        months: months of the rows, without gaps.
        sizes: of the parts, one value a series; the offset, the season and the effects of a
            section around those of its region are added to the prior of the terms.
        effects: regressors (series, month, effect).
        own_effect: standard deviations of a section's own effects, (series, effect).
        mean, variance: prior of mean, season and effects, (series, term), (series, term, term).
        spans: number of the span between breaks, (series, month): level, year, offset and trend
            start anew with each. None without a break.
        zero: month from which a trend counts; the last one if None.

    Attributes:
        n_terms: mean, four of the season, effects: the first numbers of the state.
        slope, offset, level, fast, year: place of the part in the state, -1 without it.
        varying: places whose part of a reading changes from month to month; of the others (the
            mean and what comes after the trend) a reading shows the number itself.
        size: numbers of the state.
        observed: what of the state a reading shows, (month, state) or (month, state, series).
        new_year: whether the month after each is of another year, (month - 1,).
        walls: whether a break lies between a month and the next, (series, month - 1), or None.
        own: variance of the section's own part of each term, (term, series).
        fading: places of what fades; phi, new: what is left of it after a month, and the variance
            that comes anew, (part, series).
        spread: covariance before the first month, (state, state, series).
    """

    def __init__(
        self,
        months: NDArray[np.datetime64],
        sizes: Sizes,
        effects: NDArray[np.float64],
        own_effect: NDArray[np.float64],
        mean: NDArray[np.float64],
        variance: NDArray[np.float64],
        spans: NDArray[np.int64] | None = None,
        zero: np.datetime64 | None = None,
    ) -> None:
        number = months.astype("datetime64[M]").astype(np.int64)
        n_series, self.n_terms = mean.shape
        self.sizes = sizes
        self.walls = None if spans is None else np.diff(spans, axis=1) != 0
        names = ["slope"] if sizes.slope.any() else []
        self.varying = slice(1, self.n_terms + len(names))
        names += ["offset"] if spans is not None else []
        names += ["level"] if sizes.level.any() else []
        names += ["fast", "year"]
        at = {name: self.n_terms + i for i, name in enumerate(names)}
        self.offset, self.slope = at.get("offset", -1), at.get("slope", -1)
        self.level, self.fast, self.year = at.get("level", -1), at["fast"], at["year"]
        self.size = self.n_terms + len(names)
        self.new_year = np.diff(number // 12) != 0
        fixed = np.concatenate([np.ones((len(months), 1)), season_of(months)], axis=1)
        shown = np.ones((len(months), self.size))
        shown[:, :5] = fixed
        if self.slope >= 0:
            first = months[-1] if zero is None else zero
            shown[:, self.slope] = (number - int(first.astype(np.int64))) / 12.0
        if effects.shape[2]:
            shown = np.repeat(shown[:, :, None], n_series, axis=2)
            shown[:, 5 : self.n_terms] = effects.transpose(1, 2, 0)
        self.observed = shown
        self.start = np.zeros((self.size, n_series))
        self.start[: self.n_terms] = mean.T
        own = np.zeros((self.n_terms, n_series))
        own[0] = 0.0 if spans is not None else sizes.offset**2
        own[1:5] = sizes.own_season**2
        own[5:] = own_effect.T**2
        self.own = own
        self.spread = np.zeros((self.size, self.size, n_series))
        self.spread[: self.n_terms, : self.n_terms] = variance.transpose(1, 2, 0)
        terms = np.arange(self.n_terms)
        self.spread[terms, terms] += own
        for name, place in at.items():
            self.spread[place, place] = getattr(sizes, name) ** 2
        # Level and what outlasts a month lie side by side, so that one step fades both.
        first = self.level if self.level >= 0 else self.fast
        self.fading = slice(first, self.fast + 1)
        faded = [np.full(n_series, KEPT)] if self.level >= 0 else []
        self.phi = np.stack([*faded, np.exp(-1.0 / sizes.fast_months)])
        sized = [sizes.level] if self.level >= 0 else []
        self.new = np.stack([*sized, sizes.fast]) ** 2 * (1.0 - self.phi**2)

    def run(
        self,
        values: NDArray[np.float64],
        noise: NDArray[np.float64],
        seen: NDArray[np.bool_],
        *,
        gains: bool = False,
    ) -> Pass:
        """Filter readings (series, month) with noise of variance ``noise``."""
        n_series, n_months = values.shape
        error = np.empty((n_months, n_series))
        variance = np.empty_like(error)
        gain = np.empty((n_months if gains else 0, self.size, n_series))
        both = np.zeros((self.size, self.size + 1, n_series))
        for t, after, own in self.steps(values, noise, seen, error, variance):
            both = after
            if gains:
                gain[t] = own
        return Pass(
            np.where(seen.T, error, 0.0), np.where(seen.T, variance, 1.0), gain,
            both[:, -1], both[:, :-1],
        )  # fmt: skip

    def steps(
        self,
        values: NDArray[np.float64],
        noise: NDArray[np.float64],
        seen: NDArray[np.bool_],
        error: NDArray[np.float64],
        variance: NDArray[np.float64],
    ) -> Iterator[tuple[int, NDArray[np.float64], NDArray[np.float64]]]:
        """Filter month by month: its number, covariance and state after it, and the gain.

        The state is the last column beside the covariance, (state, state + 1, series): both take
        the same steps. ``error`` and ``variance`` (month, series) are written. The arrays change
        with the next step.
        """
        both = np.concatenate([self.spread, self.start[:, None]], axis=1)
        work = np.empty_like(both)
        readings = np.ascontiguousarray(values.T)
        spread = np.ascontiguousarray(noise.T)
        weight = np.ascontiguousarray(seen.T).astype(np.float64)
        ones, varying = both[self.varying.stop :], both[self.varying]
        for t, shown in enumerate(self.observed):
            if t:
                self.on(t, both)
            if shown.ndim == 1:
                shown = shown[:, None]
            # Sums over the state are added part by part, not by a matrix product: a series then
            # has the same bits whatever others are filtered with it.
            along = ones.sum(axis=0)
            along += both[0]
            along += (varying * shown[self.varying, None]).sum(axis=0)
            np.add(_added(shown * along[:-1]), spread[t], out=variance[t])
            np.subtract(readings[t], along[-1], out=error[t])
            along[-1] = -error[t]
            gain = along[:-1] * (weight[t] / variance[t])
            np.multiply(gain[:, None], along, out=work)
            both -= work
            yield t, both, gain

    def on(self, t: int, both: NDArray[np.float64]) -> None:
        """From the month before ``t`` to ``t``, covariance and state; changed in place."""
        at, phi = self.fading, self.phi
        both[at] *= phi[:, None]
        both[:, at] *= phi
        for place, new in zip(range(at.start, at.stop), self.new, strict=True):
            both[place, place] += new
        for place, rows in self._anew(t):
            both[place, :, rows] = 0.0
            both[:, place, rows] = 0.0
            both[place, place, rows] = self.spread[place, place, rows]

    def back(self, t: int, both: NDArray[np.float64]) -> None:
        """What the months from ``t`` on say, as they say it of ``t - 1``; changed in place.

        Precision with the pull as last column, (state, state + 1, series).
        """
        for place, rows in self._anew(t):
            both[place, :, rows] = 0.0
            both[:, place, rows] = 0.0
        both[self.fading] *= self.phi[:, None]
        both[:, self.fading] *= self.phi

    def carried(self, t: int, vectors: NDArray[np.float64]) -> None:
        """What of (…, state, series) is left from the month before ``t`` to ``t``; in place."""
        vectors[..., self.fading, :] *= self.phi
        for place, rows in self._anew(t):
            vectors[..., place, rows] = 0.0

    def _anew(self, t: int) -> Iterator[tuple[int, slice | NDArray[np.int64]]]:
        """Places of the state, and their series, that start anew with month ``t``."""
        if self.new_year[t - 1]:
            yield self.year, slice(None)
        if self.walls is not None and self.walls[:, t - 1].any():
            rows = np.flatnonzero(self.walls[:, t - 1])
            for place in (self.slope, self.offset, self.level, self.year):
                if place >= 0:
                    yield place, rows


def _added(parts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of (part, series) over the parts, one after the other.

    A single column would be summed in pairs: a series has the same bits alone as among others.
    """
    return np.asarray(parts.sum(axis=0) if parts.shape[1] > 1 else parts.cumsum(axis=0)[-1])


def left_out(space: StateSpace, made: Pass) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Departure of each month from what all others say, and its variance, (series, month).

    0 and 1 where there is no reading. ``made`` is a pass with its gains.
    """
    n_months, n_series = made.error.shape
    rest, variance = np.zeros((n_months, n_series)), np.ones((n_months, n_series))
    # Precision of what later months say, and what they pull to as its last column.
    both = np.zeros((space.size, space.size + 1, n_series))
    precision, pull = both[:, :-1], both[:, -1]
    work = np.empty_like(precision)
    for t in range(n_months - 1, -1, -1):
        gain, shown = made.gain[t], space.observed[t]
        if shown.ndim == 1:
            shown = shown[:, None]
        used = gain.any(axis=0)
        alone = np.where(used, 1.0 / made.variance[t], 0.0)
        told = (both * gain[:, None]).sum(axis=0)
        along = told[:-1]
        known = alone + _added(gain * along)
        said = made.error[t] * alone - told[-1]
        np.divide(said, known, out=rest[t], where=used)
        np.divide(1.0, known, out=variance[t], where=used)
        pull += shown * said
        # precision - (along h' + h along') + h h' known, as two products of vectors.
        along -= (0.5 * known) * shown
        np.multiply(along[:, None], shown[None], out=work)
        precision -= work
        precision -= work.swapaxes(0, 1)
        if t:
            space.back(t, both)
    return rest.T, variance.T
