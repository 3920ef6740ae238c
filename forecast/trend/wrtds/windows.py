"""Weights of the samples about an estimation point: tricube windows that grow until they hold enough."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.errors import InputError
from forecast.trend.wrtds.records import Samples
from forecast.trend.wrtds.settings import Settings

__all__ = ["edges", "slice_weights", "tricube"]

Floats = NDArray[np.float64]

#: Windows grow together by this factor until they hold enough samples.
_GROWTH = 1.1
#: 1.1 to the power of 0, 1, 2 …, multiplied up step by step so that rounding is EGRET's.
_GROWN = np.cumprod(np.concatenate([[1.0], np.full(400, _GROWTH)]))


def tricube(distance: Floats, half_window: Floats | float) -> Floats:
    """(1 − (|d|/h)³)³ within the half window h, 0 from there on.

    >>> tricube(np.array([0.0, 1.0, -3.5, 7.0]), 7.0).round(4).tolist()
    [1.0, 0.9913, 0.6699, 0.0]
    """
    share = np.minimum(np.abs(distance) / half_window, 1.0)
    rest = 1.0 - share * share * share
    return rest * rest * rest


def edges(samples: Samples) -> tuple[float, float]:
    """Decimal years between which the record lies: limits of the water years of the first and
    last sample (October to September), not the dates of the samples themselves.

    A sample of 24 October 1979 begins the record at 1979.75; one of 29 September 2011 ends it at
    2011.75.
    """
    first, last = samples.t[0], samples.t[-1]
    months = samples.day[[0, -1]].astype("datetime64[M]").astype(np.int64) % 12 + 1
    low = np.trunc(first) - 0.25 + (months[0] >= 10)
    high = np.trunc(last) + 0.75 + (months[1] >= 10)
    return float(low), float(high)


def slice_weights(
    samples: Samples, t: float, log_q: Floats, settings: Settings, record: tuple[float, float]
) -> Floats:
    """Weights for all flows of one time slice, shape (point, sample), scaled to a mean of 1 over
    the samples that have any.

    Args:
        t: decimal year of the slice. log_q: ln flow of its points, shape (point,).
        record: edges of the record in decimal years.

    Raises:
        InputError: no window, however wide, holds enough samples.
    """
    away = np.abs(samples.t - t)
    season = np.abs(away - np.rint(away))
    flow = np.abs(samples.log_q[None, :] - log_q[:, None])
    years = settings.window_years
    if settings.edge_adjust:
        edge = min(t - record[0], record[1] - t)
        years = years if edge > years else 2.0 * years - edge
    seasonal = settings.window_season
    # The factor by which the windows must grow before a sample has weight.
    reach = np.maximum(away / years, flow / settings.window_log_q)
    if seasonal <= 0.5:
        reach = np.maximum(reach, np.where(season < 0.5, season / seasonal, np.inf))
    steps = _steps(reach, samples.uncensored, settings)
    grown = _GROWN[steps]
    used = (reach < grown[:, None]).any(axis=0)
    spread = np.minimum(seasonal * grown, 0.5) if seasonal <= 0.5 else np.full(len(grown), seasonal)
    weights = np.zeros_like(flow)
    weights[:, used] = (
        tricube(away[used], (years * grown)[:, None])
        * tricube(flow[:, used], (settings.window_log_q * grown)[:, None])
        * tricube(season[used], spread[:, None])
    )
    count = np.count_nonzero(weights, axis=1)
    return np.asarray(weights / (weights.sum(axis=1) / count)[:, None])


def _steps(reach: Floats, uncensored: NDArray[np.bool_], settings: Settings) -> NDArray[np.int64]:
    """How often the windows of each point grow."""
    need = np.partition(reach, settings.min_observations - 1, axis=1)
    need = need[:, settings.min_observations - 1]
    clear = np.partition(reach[:, uncensored], settings.min_uncensored - 1, axis=1)
    need = np.maximum(need, clear[:, settings.min_uncensored - 1])
    steps = np.searchsorted(_GROWN, need, side="right")
    if (steps >= len(_GROWN)).any():
        raise InputError(
            f"No window about some point of the grid holds {settings.min_observations} samples, "
            f"{settings.min_uncensored} of them above their limits.",
            "Lower min_observations or min_uncensored.",
        )
    return np.asarray(steps, dtype=np.int64)
