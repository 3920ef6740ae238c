"""The rung of each section and item, by rolling origin on its own record.

Every month of the record is an origin; the score is the CRPS of the normal forecast of single
months 1, 3, 6 and 12 ahead and of the mean of the next 3 and 12, on the scale of the model. What
a section's own past says of a rung is shrunk towards what its item's sections say together, so
that three lucky cases do not decide.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from forecast.models.water_filter import chunks
from forecast.models.water_readings import SHORT, Fitted, reading_noise, space_of
from forecast.models.water_windows import window_forecasts

__all__ = ["FEWEST_FLOW", "FEWEST_LEVEL", "choose", "past_scores"]

#: Values below which a series stays with the climatology, and flow is not tried.
FEWEST_LEVEL = SHORT
FEWEST_FLOW = 60
#: First and last lead of the windows that are scored [months].
WINDOWS = ((1, 1), (3, 3), (6, 6), (12, 12), (1, 3), (1, 12))
#: Months of record before the first origin.
_BURN_IN = 12
#: Years of record with which a section's own scores weigh as much as those of all sections.
_YEARS = 5.0
#: Another rung has to lower the score by this part to be taken instead of season and damped level:
#: on real sections with two to four years the choice between near equals cost more than it gave.
_COST = 0.02
#: Part of the months of a window that need a reading.
_HELD = 0.8


def normal_crps(error: NDArray[np.float64], variance: NDArray[np.float64]) -> NDArray[np.float64]:
    """CRPS of a normal forecast (Gneiting and Raftery 2007, equation 21), same shapes.

    >>> normal_crps(np.array([0.0, 1.0]), np.array([1.0, 1.0])).round(4).tolist()
    [0.2337, 0.6024]
    """
    from scipy.special import ndtr

    sd = np.sqrt(variance)
    u = error / sd
    density = np.exp(-0.5 * u**2) / np.sqrt(2.0 * np.pi)
    score: NDArray[np.float64] = sd * (
        u * (2.0 * ndtr(u) - 1.0) + 2.0 * density - 1.0 / np.sqrt(np.pi)
    )
    return score


def past_scores(fitted: Fitted) -> NDArray[np.float64]:
    """Mean CRPS of each window over origins, shape (series, window); NaN without a case.

    Values below their limit are not scored as truth.
    """
    readings = fitted.readings
    n_series, n_months = readings.seen.shape
    out = np.full((n_series, len(WINDOWS)), np.nan)
    real = readings.seen & ~np.isfinite(readings.limits)
    noise = reading_noise(fitted)
    begun = np.cumsum(readings.seen, axis=1)
    for rows in chunks(np.arange(n_series)):
        some = real[rows]
        mean, variance = window_forecasts(
            space_of(fitted, rows), fitted.values[rows], noise[rows], readings.seen[rows], some,
            WINDOWS, _BURN_IN - 1,
        )  # fmt: skip
        shape = (len(rows), n_months + 1)
        total, count = np.zeros(shape), np.zeros(shape, dtype=np.int64)
        np.cumsum(np.where(some, readings.values[rows], 0.0), axis=1, out=total[:, 1:])
        np.cumsum(some, axis=1, out=count[:, 1:])
        for k, (first, last) in enumerate(WINDOWS):
            if n_months <= last:
                continue
            origins = np.arange(n_months - last)
            held = count[:, origins + last + 1] - count[:, origins + first]
            came = total[:, origins + last + 1] - total[:, origins + first]
            error = came / np.maximum(held, 1) - mean[k][:, origins]
            usable = (held >= _HELD * (last - first + 1)) & (begun[rows][:, origins] >= _BURN_IN)
            spread = np.maximum(variance[k][:, origins], 1e-12)
            score = np.where(usable, normal_crps(error, spread), 0.0)
            n = usable.sum(axis=1)
            out[rows, k] = np.where(n > 0, score.sum(axis=1) / np.maximum(n, 1), np.nan)
    return out


def choose(
    scores: Mapping[str, NDArray[np.float64]],
    counts: NDArray[np.int64],
    with_flow: NDArray[np.bool_],
) -> tuple[list[str], NDArray[np.float64]]:
    """Rung of each series.

    Args:
        scores: rung → scores (series, window) of :func:`past_scores`; compared with rung 1, or with the
            first where it is not among them.
        counts: values of each series.
        with_flow: whether a series has the flow that the rungs of flow need.

    Returns:
        The rung of each series, and its shrunk score over that of rung 1, less one, shape (series,).
    """
    base = scores["1"] if "1" in scores else next(iter(scores.values()))
    years = counts / 12.0
    names = list(scores)
    gains = np.zeros((len(names), len(counts)))
    costs = np.zeros_like(gains)
    for row, name in enumerate(names):
        ratio = np.log(np.maximum(scores[name], 1e-9) / np.maximum(base, 1e-9))
        held = np.isfinite(ratio)
        own = np.where(held, ratio, 0.0).sum(axis=1) / np.maximum(held.sum(axis=1), 1)
        weight = np.where(held.any(axis=1), years, 0.0)
        # The sections together are shrunk towards no difference as a section is towards them.
        together = (weight * own).sum() / (weight.sum() + _YEARS)
        gains[row] = (_YEARS * together + weight * own) / (_YEARS + weight)
        costs[row] = 0.0 if name == "1" else _COST
        if name != "0":
            costs[row, counts < FEWEST_LEVEL] = np.inf
        if name.startswith("2"):
            costs[row, ~(with_flow & (counts >= FEWEST_FLOW))] = np.inf
    best = np.argmin(gains + costs, axis=0)
    return [names[b] for b in best], np.expm1(gains[best, np.arange(len(counts))])
