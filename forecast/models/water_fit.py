"""All sections of water items fitted at once: one rung of the ladder of models.

    y(t) = A(t)·θ_s + own season + level + year effect + what outlasts a month + month

θ_s holds the mean, the season and the effects of hydrology. Its prior is what the **other**
sections of the region say of it (and, of the season, a panel of sections), so that a section with
few samples looks like its neighbours and one with many like itself; nobody's own values are in
its own prior. Scatter is shrunk in the same way. A month far from what the rest of the record
says counts less (weights of a t distribution).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from forecast.models.water_censored import below_moments, sites_below
from forecast.models.water_figures import ItemFigures
from forecast.models.water_filter import chunks, left_out
from forecast.models.water_process import season_of
from forecast.models.water_readings import (
    Fitted,
    Members,
    Readings,
    Rung,
    SeriesFigures,
    reading_noise,
    sizes_of,
    space_of,
)

__all__ = ["alike", "fit_rung"]

#: Degrees of freedom of the weights of months; see Lange, Little and Taylor (1989). With 5 the
#: forecasts of real sections were worse than with 20: much of what looks wild comes again.
_DEGREES = 20.0
#: Standard deviation of the mean of a region's sections around the middle of its values, in those
#: of sections around their region.
_MEAN_SD = 3.0
#: Expected sizes of the effects of hydrology common to sections, as parts of the scatter, by the
#: order of :func:`forecast.models.water_hydrology.effects_of`; those of a section around them are
#: half as large. A judgement: no panel of sections with flow is at hand.
_EFFECT_SD = {"": (), "flow": (0.7, 0.25, 0.3, 0.3), "proxy": (0.5, 0.5, 0.5)}
_OWN_SHARE = 0.5
#: Standardised values further out count as this far when scatter is estimated.
_FAR = 6.0
#: What a month says of the scatter and the drift, beside one of a normal series: 2/(kurtosis − 1),
#: with the kurtosis of 5 to 15 that departures of real sections have.
_PER_MONTH = 0.25
#: Factors of a section's drift that are tried, and the standard deviation of their logarithm.
_DRIFTS = (0.25, 0.5, 1.0, 2.0, 3.0)
_DRIFT_SD = 0.8
_ROUNDS = 3
#: Steps that the sites of values below a limit take in a round; the first round begins far off.
_SITE_STEPS = (6, 3, 3)
#: Before the sections have spoken, the prior of θ is wider by this factor in variance.
_OPEN = 100.0


def fit_rung(
    readings: Readings, figures: Sequence[ItemFigures], members: Members, rung: Rung
) -> Fitted:
    """Fit one rung to all series of some groups; a group borrows nothing from another.

    Args:
        readings: the series; each has at least one value.
        figures: what a panel says of the item of each group.
        members: series of each group; every series is in one.
        rung: the parts it has.
    """
    n_series, n_months = readings.seen.shape
    own = SeriesFigures.of(figures, members, n_series)
    scale = np.ones(n_series)
    counts = readings.seen.sum(axis=1)
    spread = np.hypot(own.fast_sd, own.white_sd)
    n_effects = readings.effects.shape[2]
    expected = spread[:, None] * np.array(_EFFECT_SD[rung.effects][:n_effects])
    start = np.concatenate(
        [_middle(readings, own.season, members)[:, None], own.season, 0.0 * expected], axis=1
    )
    sd = np.concatenate(
        [_MEAN_SD * own.offset_sd[:, None], np.tile(own.season_sd[:, None], 4), expected], axis=1
    )
    prior = sd[:, :, None] ** 2 * np.eye(sd.shape[1])
    own_effect = _OWN_SHARE * expected
    sizes, white = sizes_of(own, rung, scale, counts)
    below = np.isfinite(readings.limits) & readings.seen
    values = np.where(
        below, np.where(below, readings.limits, 0.0) - spread[:, None], readings.values
    )
    noise = np.where(below, spread[:, None] ** 2, white[:, None])
    fitted = Fitted(
        readings, rung, sizes, white, values, noise, start, prior, own_effect,
        np.zeros((n_series, 0)), np.zeros((n_series, 0, 0)),
        np.full((n_series, n_months), np.nan), scale, own.scale_degrees + _PER_MONTH * counts,
    )  # fmt: skip
    together = np.zeros(len(members))
    for number, steps in enumerate(_SITE_STEPS):
        fitted = _shared(fitted, sd, start, members, together)
        fitted = _weighed(fitted, below, steps)
        if number < len(_SITE_STEPS) - 1:
            z = np.clip(np.where(readings.seen, fitted.innovations, 0.0), -_FAR, _FAR)
            total = own.scale_degrees + _PER_MONTH * (z**2).sum(axis=1)
            moved = total / (own.scale_degrees + _PER_MONTH * counts)
            scale = scale * np.sqrt(moved)
            together = alike(fitted, members)
            if number == 0:
                drift = _drift(fitted)
            sizes, white = sizes_of(own, rung, scale, counts, drift)
            noise = np.where(below, fitted.noise, fitted.noise - fitted.white[:, None])
            noise = np.where(below, noise, np.maximum(noise, 0.0) + white[:, None])
            fitted = replace(
                fitted, sizes=sizes, white=white, noise=noise, scale=scale,
                own_effect=scale[:, None] * own_effect,
            )  # fmt: skip
    return fitted


def _drift(fitted: Fitted) -> NDArray[np.float64]:
    """How much the level and the years of each section move, over what is usual; (series,).

    Mean of ln of the factors of a grid, weighted with the likelihood of each and a normal prior:
    a short record stays near 1.
    """
    seen = fitted.readings.seen
    log = np.zeros((len(_DRIFTS), len(seen)))
    noise = reading_noise(fitted)
    for row, factor_of in enumerate(_DRIFTS):
        sizes = replace(
            fitted.sizes, level=fitted.sizes.level * factor_of, year=fitted.sizes.year * factor_of
        )
        moved = replace(fitted, sizes=sizes)
        for rows in chunks(np.arange(len(seen))):
            made = space_of(moved, rows).run(fitted.values[rows], noise[rows], seen[rows])
            log[row, rows] = made.log_likelihood()
        log[row] *= _PER_MONTH
        log[row] -= 0.5 * (np.log(factor_of) / _DRIFT_SD) ** 2
    weight = np.exp(log - log.max(axis=0))
    usual = np.log(np.array(_DRIFTS))
    factors: NDArray[np.float64] = np.exp(
        (weight * usual[:, None]).sum(axis=0) / weight.sum(axis=0)
    )
    return factors


def _middle(
    readings: Readings, season: NDArray[np.float64], members: Members
) -> NDArray[np.float64]:
    """Middle of the middles of a group's sections, without the season of the panel, (series,)."""
    out = np.empty(len(season))
    terms = season_of(readings.months)
    for rows in members:
        usual = terms @ season[rows[0]]
        held = np.where(readings.seen[rows], readings.values[rows] - usual, np.nan)
        out[rows] = np.median(np.nanmedian(held, axis=1))
    return out


def alike(fitted: Fitted, members: Members) -> NDArray[np.float64]:
    """Mean correlation of the innovations of two sections in the same month, 0 to 1, (group,)."""
    every = fitted.readings.seen
    z = np.clip(np.where(every, fitted.innovations, 0.0), -_FAR, _FAR)
    out = np.zeros(len(members))
    for k, rows in enumerate(members):
        seen, own = every[rows], z[rows]
        products = (own.sum(axis=0) ** 2 - (own**2).sum(axis=0)).sum()
        n = seen.sum(axis=0)
        pairs = (n * (n - 1)).sum()
        if pairs:
            usual = max((own**2).sum() / seen.sum(), 1e-9)
            out[k] = np.clip(products / pairs / usual, 0.0, 1.0)
    return out


def _shared(
    fitted: Fitted,
    sd: NDArray[np.float64],
    start: NDArray[np.float64],
    members: Members,
    together: NDArray[np.float64],
) -> Fitted:
    """The prior of θ of each section from the other sections.

    What the months of a section say of θ (weight and pull) is what a filter with a wide prior ends
    with, less that prior; the section's own departures from θ are then put back between them.
    Sections that move together say less than as many independent ones: their sum counts
    1/(1 + (S − 1)·r), r being the mean correlation of their departures.

    Args:
        sd: of θ around ``start`` before any section has spoken, (series, term).
        together: mean correlation of each group.
    """
    seen = fitted.readings.seen
    n_series, size = fitted.mean.shape
    weight, pull = np.zeros((n_series, size, size)), np.zeros((n_series, size))
    noise = reading_noise(fitted)
    one = np.eye(size)
    for rows in chunks(np.arange(n_series)):
        wide = _OPEN * sd[rows, :, None] ** 2 * one
        space = space_of(fitted, rows, start[rows], wide)
        made = space.run(fitted.values[rows], noise[rows], seen[rows])
        own = space.own.T[:, :, None] * one
        precision = np.linalg.inv(made.covariance[:size, :size].transpose(2, 0, 1))
        apart = made.state[:size].T - start[rows]
        told = precision - np.linalg.inv(wide + own)
        # Woodbury: X'(D + X C X')⁻¹ = (1 + X'D⁻¹X C)⁻¹ X'D⁻¹, with C of the own departures.
        back = np.linalg.inv(one + told @ own)
        weight[rows] = back @ told
        pull[rows] = np.einsum("sij,sj->si", back, np.einsum("sij,sj->si", precision, apart))
    mean, variance = np.empty_like(start), np.empty_like(weight)
    for rows, r in zip(members, together, strict=True):
        counted = 1.0 / (1.0 + (len(rows) - 1) * r)
        rest = weight[rows].sum(axis=0) - weight[rows]
        spread = np.linalg.inv(counted * rest + np.diag(1.0 / sd[rows[0]] ** 2))
        moved = counted * (pull[rows].sum(axis=0) - pull[rows])
        mean[rows] = start[rows] + np.einsum("sij,sj->si", spread, moved)
        variance[rows] = (spread + spread.swapaxes(1, 2)) / 2.0
    return replace(fitted, mean=mean, variance=variance)


def _weighed(fitted: Fitted, below: NDArray[np.bool_], steps: int) -> Fitted:
    """Weights of months and sites of values below their limit, and the innovations that follow.

    Sites take ``steps`` steps, weights one, or two in a series with values below a limit.
    """
    readings = fitted.readings
    work = _Weights(fitted, below)
    for rows in chunks(np.arange(len(below))):
        work.step(rows, weigh=True)
    hidden = np.flatnonzero(below.any(axis=1))
    for step in range(1, steps):
        for rows in chunks(hidden):
            work.step(rows, weigh=step == steps - 1)
    innovations = np.full(below.shape, np.nan)
    state, covariance = [], []
    for rows in chunks(np.arange(len(below))):
        seen, count = readings.seen[rows], work.noise[rows]
        made = space_of(fitted, rows).run(work.values[rows], count + work.lost[rows], seen)
        said = work.values[rows] - made.error.T
        own = made.variance.T - count + fitted.white[rows, None]
        apart = (work.reading[rows] - said) / np.sqrt(np.maximum(own, 1e-12))
        innovations[rows] = np.where(seen, apart, np.nan)
        state.append(made.state.T)
        covariance.append(made.covariance.transpose(2, 0, 1))
    return replace(
        fitted, values=work.values, noise=work.noise, innovations=innovations,
        state=np.concatenate(state), covariance=np.concatenate(covariance),
    )  # fmt: skip


class _Weights:
    """Values, sites and the variances they count with, step by step."""

    def __init__(self, fitted: Fitted, below: NDArray[np.bool_]) -> None:
        self.fitted, self.below = fitted, below
        self.values, self.noise = fitted.values.copy(), fitted.noise.copy()
        self.reading = fitted.readings.values.copy()
        self.lost = reading_noise(fitted) - fitted.noise

    def step(self, rows: NDArray[np.int64], *, weigh: bool) -> None:
        """One step of some series; ``weigh``: months far from what the others say count less."""
        fitted, seen, hidden = self.fitted, self.fitted.readings.seen[rows], self.below[rows]
        white, lost = fitted.white[rows, None], self.lost[rows]
        held, count = self.values[rows], self.noise[rows]
        space = space_of(fitted, rows)
        rest, variance = left_out(space, space.run(held, count + lost, seen, gains=True))
        if hidden.any():
            at = np.nonzero(hidden)
            own, white_at = count[at], np.broadcast_to(white, count.shape)[at]
            mean = held[at] - rest[at]
            cavity = np.maximum(variance[at] - own - lost[at], 1e-6 * white_at)
            limit = fitted.readings.limits[rows][at]
            site, held_noise = sites_below(mean, cavity, limit, white_at, held[at], own)
            expected = self.reading[rows]
            expected[at] = below_moments(mean, cavity + white_at, limit)[0]
            self.reading[rows] = expected
        if weigh:
            nominal = np.maximum(variance - count + white, 1e-12)
            weight = np.minimum((_DEGREES + 1.0) / (_DEGREES + rest**2 / nominal), 1.0)
            count = np.where(hidden, count, white + (1.0 / weight - 1.0) * nominal)
        if hidden.any():
            held[at], count[at] = site, held_noise
        self.values[rows], self.noise[rows] = held, count
