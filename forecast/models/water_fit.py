"""All sections of one water item fitted at once: one rung of the ladder of models.

    y(t) = A(t)·θ_s + own season + level + year effect + what outlasts a month + month

θ_s holds the mean, the season and the effects of hydrology. Its prior is what the **other**
sections of the region say of it (and, of the season, a panel of sections), so that a section with
few samples looks like its neighbours and one with many like itself; nobody's own values are in
its own prior. Scatter is shrunk in the same way. A month far from what the rest of the record
says counts less (weights of a t distribution).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from forecast.models.water_censored import below_moments, sites_below
from forecast.models.water_figures import ItemFigures
from forecast.models.water_process import factor, season_of, solve_lower
from forecast.models.water_readings import (
    Fitted,
    Readings,
    Rung,
    batches,
    design,
    latent_covariance,
    reading_noise,
    sizes_of,
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
_SITE_STEPS = 8


def fit_rung(readings: Readings, figures: ItemFigures, rung: Rung) -> Fitted:
    """Fit one rung to all series of an item.

    Args:
        readings: the series; each has at least one value.
        figures: what a panel says of the item.
        rung: the parts it has.
    """
    n_series, n_months = readings.seen.shape
    scale = np.ones(n_series)
    counts = readings.seen.sum(axis=1)
    terms = design(readings.months, readings.effects)
    spread = float(np.hypot(figures.fast_sd, figures.white_sd))
    n_effects = readings.effects.shape[2]
    expected = spread * np.array(_EFFECT_SD[rung.effects][:n_effects])
    middle = _middle(readings, np.array(figures.season))
    start = np.array([middle, *figures.season, *([0.0] * n_effects)])
    sd = [_MEAN_SD * figures.offset_sd, *([figures.season_sd] * 4), *expected]
    prior = np.diag(1.0 / np.array(sd) ** 2)
    own_effect = _OWN_SHARE * expected
    empty = np.zeros((n_series, 0, 0))
    sizes, white = sizes_of(figures, rung, scale, counts)
    below = np.isfinite(readings.limits) & readings.seen
    values = np.where(below, np.where(below, readings.limits, 0.0) - spread, readings.values)
    noise = np.where(below, spread**2, white[:, None])
    fitted = Fitted(
        readings, rung, sizes, white, values, noise,
        np.tile(start, (n_series, 1)), np.tile(np.linalg.inv(prior), (n_series, 1, 1)),
        np.outer(scale, own_effect),
        empty, np.zeros((n_series, n_months)), np.full((n_series, n_months), np.nan), scale,
        figures.scale_degrees + _PER_MONTH * counts,
    )  # fmt: skip
    together = 0.0
    for number in range(_ROUNDS):
        fitted = _shared(fitted, terms, prior, start, together)
        fitted = _weighed(fitted, terms, below)
        if number < _ROUNDS - 1:
            z = np.clip(np.where(readings.seen, fitted.innovations, 0.0), -_FAR, _FAR)
            n = _PER_MONTH * counts
            total = figures.scale_degrees + _PER_MONTH * (z**2).sum(axis=1)
            moved = total / (figures.scale_degrees + n)
            scale = scale * np.sqrt(moved)
            together = alike(fitted)
            if number == 0:
                drift = _drift(fitted, terms)
            sizes, white = sizes_of(figures, rung, scale, counts, drift)
            noise = np.where(below, fitted.noise, fitted.noise - fitted.white[:, None])
            noise = np.where(below, noise, np.maximum(noise, 0.0) + white[:, None])
            fitted = replace(
                fitted, sizes=sizes, white=white, noise=noise, scale=scale,
                own_effect=np.outer(scale, own_effect),
            )  # fmt: skip
    return fitted


def _drift(fitted: Fitted, terms: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much the level and the years of each section move, over what is usual; (series,).

    Mean of ln of the factors of a grid, weighted with the likelihood of each and a normal prior:
    a short record stays near 1.
    """
    readings = fitted.readings
    n_series, n_months = readings.seen.shape
    log = np.zeros((len(_DRIFTS), n_series))
    noise = reading_noise(fitted)
    centre = np.einsum("smi,si->sm", terms, fitted.mean)
    for row, factor_of in enumerate(_DRIFTS):
        sizes = replace(
            fitted.sizes, level=fitted.sizes.level * factor_of, year=fitted.sizes.year * factor_of
        )
        moved = replace(fitted, sizes=sizes)
        for rows in batches(n_series, n_months):
            latent = latent_covariance(moved, rows, terms)
            latent += terms[rows] @ fitted.variance[rows] @ terms[rows].swapaxes(1, 2)
            lower = factor(latent, noise[rows], readings.seen[rows])
            right = np.where(readings.seen[rows], fitted.values[rows] - centre[rows], 0.0)
            z = solve_lower(lower, right[:, :, None])[:, :, 0]
            log[row, rows] = -np.log(np.einsum("smm->sm", lower)).sum(axis=1)
            log[row, rows] -= 0.5 * (z**2).sum(axis=1)
        log[row] *= _PER_MONTH
        log[row] -= 0.5 * (np.log(factor_of) / _DRIFT_SD) ** 2
    weight = np.exp(log - log.max(axis=0))
    usual = np.log(np.array(_DRIFTS))
    factors: NDArray[np.float64] = np.exp(
        (weight * usual[:, None]).sum(axis=0) / weight.sum(axis=0)
    )
    return factors


def _middle(readings: Readings, season: NDArray[np.float64]) -> float:
    """Middle of the sections' middles, without the season of the panel."""
    usual = season_of(readings.months) @ season
    held = np.where(readings.seen, readings.values - usual, np.nan)
    return float(np.median(np.nanmedian(held, axis=1)))


def alike(fitted: Fitted) -> float:
    """Mean correlation of the innovations of two sections in the same month, 0 to 1."""
    seen = fitted.readings.seen
    z = np.clip(np.where(seen, fitted.innovations, 0.0), -_FAR, _FAR)
    products = (z.sum(axis=0) ** 2 - (z**2).sum(axis=0)).sum()
    n = seen.sum(axis=0)
    pairs = (n * (n - 1)).sum()
    if pairs == 0:
        return 0.0
    return float(np.clip(products / pairs / max((z**2).sum() / seen.sum(), 1e-9), 0.0, 1.0))


def _shared(
    fitted: Fitted,
    terms: NDArray[np.float64],
    prior: NDArray[np.float64],
    start: NDArray[np.float64],
    together: float,
) -> Fitted:
    """The prior of θ of each section from the other sections.

    Sections that move together say less than as many independent ones: their sum counts
    1/(1 + (S − 1)·r), r being the mean correlation of their departures.
    """
    readings = fitted.readings
    n_series, n_months = readings.seen.shape
    size = terms.shape[2]
    weight = np.zeros((n_series, size, size))
    pull = np.zeros((n_series, size))
    noise = reading_noise(fitted)
    for rows in batches(n_series, n_months):
        seen = readings.seen[rows]
        lower = factor(latent_covariance(fitted, rows, terms), noise[rows], seen)
        left = terms[rows] * seen[:, :, None]
        right = np.where(seen, fitted.values[rows] - terms[rows] @ start, 0.0)
        solved = solve_lower(lower, np.concatenate([left, right[:, :, None]], axis=2))
        weight[rows] = solved[:, :, :size].swapaxes(1, 2) @ solved[:, :, :size]
        pull[rows] = np.einsum("smi,sm->si", solved[:, :, :size], solved[:, :, size])
    counted = 1.0 / (1.0 + (n_series - 1) * together)
    others = counted * (weight.sum(axis=0) - weight) + prior
    variance = np.linalg.inv(others)
    moved = np.einsum("sij,sj->si", variance, counted * (pull.sum(axis=0) - pull))
    return replace(fitted, mean=start + moved, variance=(variance + variance.swapaxes(1, 2)) / 2.0)


def _weighed(fitted: Fitted, terms: NDArray[np.float64], below: NDArray[np.bool_]) -> Fitted:
    """Weights of months and sites of values below their limit, and the factors that follow."""
    readings = fitted.readings
    n_series, n_months = readings.seen.shape
    values, noise = fitted.values.copy(), fitted.noise.copy()
    lower = np.zeros((n_series, n_months, n_months))
    z = np.zeros((n_series, n_months))
    innovations = np.full((n_series, n_months), np.nan)
    for rows in batches(n_series, n_months):
        some = readings.part(rows)
        seen, hidden = some.seen, below[rows]
        latent = latent_covariance(fitted, rows, terms)
        latent += terms[rows] @ fitted.variance[rows] @ terms[rows].swapaxes(1, 2)
        centre = np.einsum("smi,si->sm", terms[rows], fitted.mean[rows])
        white = fitted.white[rows, None]
        lost = (fitted.mean[rows, 5:] ** 2).sum(axis=1)[:, None] * ~some.known
        held, count = values[rows], noise[rows]
        steps = _SITE_STEPS if hidden.any() else 1
        reading = some.values.copy()
        for step in range(steps + 1):
            chol = factor(latent.copy(), count + lost, seen)
            departures = np.where(seen, held - centre, 0.0)
            solved = solve_lower(chol, departures[:, :, None])[:, :, 0]
            if step == steps:
                break
            rest, variance = _left_out(chol, solved, departures)
            mean = held - rest
            if hidden.any():
                cavity = np.maximum(variance - count - lost, 1e-6 * white)
                limit = np.where(hidden, some.limits, 0.0)
                new = sites_below(mean, cavity, limit, white + 0.0 * cavity, held, count)
                held = np.where(hidden, new[0], held)
                count = np.where(hidden, new[1], count)
                expected = below_moments(mean, cavity + white, limit)[0]
                reading = np.where(hidden, expected, reading)
            if step in (0, steps - 1):
                nominal = np.maximum(variance - count + white, 1e-12)
                weight = np.minimum((_DEGREES + 1.0) / (_DEGREES + rest**2 / nominal), 1.0)
                count = np.where(hidden, count, white + (1.0 / weight - 1.0) * nominal)
        values[rows], noise[rows], lower[rows], z[rows] = held, count, chol, solved
        diagonal = np.einsum("smm->sm", chol)
        said = centre + departures - diagonal * solved
        spread = np.sqrt(np.maximum(diagonal**2 - count + white, 1e-12))
        innovations[rows] = np.where(seen, (reading - said) / spread, np.nan)
    return replace(fitted, values=values, noise=noise, lower=lower, z=z, innovations=innovations)


def _left_out(
    lower: NDArray[np.float64], z: NDArray[np.float64], departures: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Departure of each month from what all others say, and its variance."""
    n = lower.shape[1]
    inverse = solve_lower(lower, np.broadcast_to(np.eye(n), lower.shape))
    precision = np.einsum("sji,sji->si", inverse, inverse)
    pull = np.einsum("sji,sj->si", inverse, z)
    return pull / precision, 1.0 / precision
