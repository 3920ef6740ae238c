"""What the days up to an origin say of the days after it: regressors of the short-range model.

All quantities are standardised departures of ln C from the mean of the day
(:mod:`forecast.models.air_mean`), so that a missing one is best stood for by 0, the normal day.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEADS", "OWN_TERMS", "carried_forward", "origin_terms", "targets_of"]

#: Days ahead that are forecast.
LEADS = 7

#: Terms of the item's own past, after the last days of all items.
OWN_TERMS = ("yesterday", "week", "month", "high", "winter", "summer", "one")

#: The part of a departure above this is a term of its own, and no more than so much of it counts: a
#: very high day says little more than a high one [standard deviations].
_HIGH, _MOST_HIGH = 1.0, 2.0

#: What is left after a day of a departure whose successor is not measured (autocorrelation of
#: daily departures of PM2.5 at one day, about 0.6 on real cities).
_KEPT = 0.6


def carried_forward(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Departures (day, item) with gaps stood for by the last known one, fading to 0.

    >>> carried_forward(np.array([[1.0], [np.nan], [np.nan]])).ravel().round(2).tolist()
    [1.0, 0.6, 0.36]
    """
    day = np.arange(len(values))[:, None]
    known = np.isfinite(values)
    last = np.maximum.accumulate(np.where(known, day, -1), axis=0)
    held = np.take_along_axis(np.where(known, values, 0.0), np.maximum(last, 0), axis=0)
    filled: NDArray[np.float64] = np.where(last >= 0, held * _KEPT ** (day - last), 0.0)
    return filled


def _back(values: NDArray[np.float64], days: int) -> NDArray[np.float64]:
    """Values (day, …) of so many days before; 0 before the record."""
    padded = np.concatenate([np.zeros((days, *values.shape[1:])), values])
    return padded[: len(values)]


def _mean_back(values: NDArray[np.float64], first: int, last: int) -> NDArray[np.float64]:
    """Mean over what is known of the days ``first`` to ``last`` back, drawn to 0 where few are."""
    known = np.isfinite(values)
    total = np.cumsum(np.where(known, values, 0.0), axis=0)
    count = np.cumsum(known, axis=0, dtype=np.float64)
    width = last - first + 1
    sums = _back(total, first) - _back(total, last + 1)
    counts = _back(count, first) - _back(count, last + 1)
    # Half the days have to be there for the mean to count in full.
    mean: NDArray[np.float64] = sums / np.maximum(counts, width / 2.0)
    return mean


def origin_terms(
    departures: NDArray[np.float64], season: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Regressors at the end of each day.

    Args:
        departures: standardised departures (day, item), NaN where missing.
        season: first annual harmonic of each day, cos and sin, (day, 2).

    Returns:
        Shape (item, day, term): the last day of every item, then :data:`OWN_TERMS` of the item.
    """
    now = carried_forward(departures)
    n_days, n_items = now.shape
    yesterday = _back(now, 1)
    week = _mean_back(departures, 2, 6)
    month = _mean_back(departures, 7, 34)
    own = np.stack(
        [
            yesterday, week, month, np.clip(now - _HIGH, 0.0, _MOST_HIGH),
            now * season[:, :1], now * season[:, 1:2], np.ones_like(now),
        ],
        axis=2,
    )  # fmt: skip
    shared = np.broadcast_to(now, (n_items, n_days, n_items))
    return np.concatenate([shared, own.transpose(1, 0, 2)], axis=2)


def targets_of(departures: NDArray[np.float64], leads: int = LEADS) -> NDArray[np.float64]:
    """Departures 1 to ``leads`` days after each day, (day, lead, item); NaN beyond the record."""
    n_days, n_items = departures.shape
    padded = np.concatenate([departures, np.full((leads, n_items), np.nan)])
    return np.stack([padded[h : h + n_days] for h in range(1, leads + 1)], axis=1)
