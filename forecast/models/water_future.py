"""What a fitted record of water says of the months to come."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from forecast.models.water_process import factor, solve_lower
from forecast.models.water_readings import (
    Fitted,
    batches,
    design,
    latent_covariance,
    reading_noise,
)

__all__ = ["future_moments"]


def future_moments(
    fitted: Fitted, ahead: NDArray[np.datetime64], spans_ahead: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """What the record says of months to come, with hydrology as usual.

    Args:
        fitted: a rung.
        ahead: months after the record, in order and without gaps.
        spans_ahead: spans between breaks of these months, shape (series, month); those of the last
            month of the record if None.

    Returns:
        Mean (series, month) and Cholesky factor (series, month, month) of the months ahead;
        mean (series, effect) and variance (series, effect, effect) of the effects of hydrology.
    """
    readings = fitted.readings
    n_series, n_past = readings.seen.shape
    n_ahead = len(ahead)
    months = np.concatenate([readings.months, ahead])
    n_effects = readings.effects.shape[2]
    none = np.zeros((n_series, n_ahead, n_effects))
    effects = np.concatenate([readings.effects, none], axis=1)
    terms = design(months, effects)
    seen = np.concatenate([readings.seen, np.ones((n_series, n_ahead), dtype=bool)], axis=1)
    noise = np.concatenate(
        [reading_noise(fitted), np.repeat(fitted.white[:, None], n_ahead, 1)], axis=1
    )
    spans = readings.spans
    if spans is not None:
        later = np.repeat(spans[:, -1:], n_ahead, axis=1) if spans_ahead is None else spans_ahead
        spans = np.concatenate([spans, later], axis=1)
    whole = replace(fitted, readings=replace(readings, months=months, spans=spans))
    mean = np.empty((n_series, n_ahead))
    root = np.empty((n_series, n_ahead, n_ahead))
    effect = np.empty((n_series, n_effects))
    unsure = np.empty((n_series, n_effects, n_effects))
    for rows in batches(n_series, len(months)):
        latent = latent_covariance(whole, rows, terms)
        prior = fitted.variance[rows]
        latent += terms[rows] @ prior @ terms[rows].swapaxes(1, 2)
        lower = factor(latent, noise[rows], seen[rows])
        centre = np.einsum("smi,si->sm", terms[rows], fitted.mean[rows])
        held = readings.seen[rows]
        departures = np.where(held, fitted.values[rows] - centre[:, :n_past], 0.0)
        past = lower[:, :n_past, :n_past]
        z = solve_lower(past, departures[:, :, None])[:, :, 0]
        mean[rows] = centre[:, n_past:] + np.einsum("smj,sj->sm", lower[:, n_past:, :n_past], z)
        root[rows] = lower[:, n_past:, n_past:]
        if n_effects:
            own = fitted.own_effect[rows] ** 2
            cross = prior[:, 5:] @ terms[rows, :n_past].swapaxes(1, 2)
            cross = cross + own[:, :, None] * effects[rows, :n_past].swapaxes(1, 2)
            solved = solve_lower(past, (cross * held[:, None, :]).swapaxes(1, 2))
            effect[rows] = fitted.mean[rows, 5:] + np.einsum("smk,sm->sk", solved, z)
            before = prior[:, 5:, 5:] + own[:, :, None] * np.eye(n_effects)
            unsure[rows] = before - solved.swapaxes(1, 2) @ solved
    return mean, root, effect, unsure
