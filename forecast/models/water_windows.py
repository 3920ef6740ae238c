"""What every month of a record, as origin, would have said of the means of months after it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forecast.models.water_filter import StateSpace

__all__ = ["window_forecasts"]


def window_forecasts(
    space: StateSpace,
    values: NDArray[np.float64],
    noise: NDArray[np.float64],
    seen: NDArray[np.bool_],
    counted: NDArray[np.bool_],
    windows: Sequence[tuple[int, int]],
    first_origin: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and variance of the forecast of the mean over the readings of each window.

    A window (first, last) of the origin o has the months o + first … o + last; its mean is that of
    the months with a counted reading, their noise included.

    Args:
        space: of the series.
        values, noise, seen: readings, their variance, and whether they are there, (series, month).
        counted: readings that are in the means.
        windows: first and last lead [months].
        first_origin: origins before it are left out.

    Returns:
        Each of shape (window, series, origin); 0 and 0 for a window without a reading, one that
        reaches beyond the record, or an early origin.
    """
    n_series, n_months = values.shape
    shape = (len(windows), n_months, n_series)
    weights, variance = np.zeros((n_months, len(windows), space.size, n_series)), np.zeros(shape)
    there = np.ascontiguousarray(counted.T).astype(np.float64)
    spread = np.ascontiguousarray(noise.T)
    for k, (first, last) in enumerate(windows):
        if n_months > last:
            own = _weights(space, there, spread, first, last)
            weights[: n_months - last, k], variance[k, : n_months - last] = own
    mean = np.zeros(shape)
    error, total = np.empty((n_months, n_series)), np.empty((n_months, n_series))
    work = np.empty((space.size, space.size + 1, n_series))
    for t, both, _ in space.steps(values, noise, seen, error, total):
        if t < first_origin or t >= n_months - 1:
            continue
        for k, weight in enumerate(weights[t]):
            if t >= n_months - windows[k][1]:
                continue
            np.multiply(both, weight[:, None], out=work)
            told = work.sum(axis=0)
            mean[k, t] = told[-1]
            variance[k, t] += (weight * told[:-1]).sum(axis=0)
    return mean.swapaxes(1, 2), variance.swapaxes(1, 2)


def _weights(
    space: StateSpace,
    there: NDArray[np.float64],
    noise: NDArray[np.float64],
    first: int,
    last: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What a window takes of the state at its origin, and the variance of what comes after it.

    From its last month back: what a month adds to a part, and what of the part began in it.

    Returns:
        Shapes (origin, state, series) and (origin, series).
    """
    n = len(there) - last
    total = np.zeros((n, there.shape[1]))
    for lead in range(first, last + 1):
        total += there[lead : lead + n]
    per = 1.0 / np.maximum(total, 1.0)
    weight = np.zeros((n, space.size, there.shape[1]))
    variance = np.zeros_like(total)
    begun = [space.level, space.offset, space.slope, space.year]
    for lead in range(last, 0, -1):
        months = slice(lead, lead + n)
        if lead >= first:
            part = there[months] * per
            shown = space.observed[months]
            for place in range(space.size):
                weight[:, place] += part * shown[:, place].reshape(n, -1)
            variance += part**2 * noise[months]
        wall = None if space.walls is None else space.walls.T[lead - 1 : lead - 1 + n]
        year = space.new_year[lead - 1 : lead - 1 + n, None]
        for k, place in enumerate(range(space.fading.start, space.fading.stop)):
            new = space.new[k]
            if wall is not None and place == space.level:
                new = np.where(wall, space.spread[place, place], new)
            variance += weight[:, place] ** 2 * new
            weight[:, place] *= space.phi[k]
        for place in begun:
            anew = year if place == space.year else None
            if wall is not None:
                anew = wall if anew is None else wall | anew
            if place < 0 or anew is None:
                continue
            if place != space.level:
                variance += np.where(anew, weight[:, place] ** 2 * space.spread[place, place], 0.0)
            weight[:, place] = np.where(anew, 0.0, weight[:, place])
    return weight, variance
