"""Draw a made daily air record with the seasons and the persistence of the North China Plain.

The record has no levels of its own: ``calibration`` moves each year to its figures. Here only
the shape is made: the season of each item, the spread of its days, the memory from day to day and
what the items do together (one stagnant day raises all but ozone in winter; sun raises ozone).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.standards.items import AIR_ITEMS

__all__ = ["draw_shape"]

Array = NDArray[np.float64]

#: Level of each month relative to the year, January to December. Rounded, from what is common
#: knowledge of cities of the plain: coal heating in winter, photochemistry from May to September,
#: dust in March to May.
_MONTHS: dict[str, tuple[float, ...]] = {
    "so2": (1.75, 1.40, 1.10, 0.85, 0.72, 0.62, 0.50, 0.50, 0.65, 0.90, 1.20, 1.70),
    "no2": (1.45, 1.10, 1.05, 0.85, 0.75, 0.68, 0.62, 0.68, 0.92, 1.20, 1.30, 1.45),
    "pm10": (1.45, 1.20, 1.20, 1.05, 0.88, 0.72, 0.62, 0.60, 0.75, 1.00, 1.15, 1.45),
    "pm25": (1.70, 1.30, 1.00, 0.78, 0.64, 0.62, 0.66, 0.62, 0.70, 0.98, 1.25, 1.70),
    "co": (1.60, 1.30, 1.00, 0.80, 0.75, 0.78, 0.82, 0.85, 0.88, 0.95, 1.15, 1.60),
    "o3_8h": (0.45, 0.65, 0.90, 1.15, 1.40, 1.55, 1.40, 1.25, 1.15, 0.80, 0.55, 0.40),
}

#: Standard deviation of the logarithm of a day about its month, in winter and in summer.
_SPREAD: dict[str, tuple[float, float]] = {
    "so2": (0.42, 0.32),
    "no2": (0.38, 0.28),
    "pm10": (0.52, 0.34),
    "pm25": (0.62, 0.38),
    "co": (0.40, 0.24),
    "o3_8h": (0.42, 0.25),
}

#: Correlation of the items (order of AIR_ITEMS) within a month, in winter and in summer.
_WINTER = (
    (1.00, 0.75, 0.66, 0.63, 0.66, -0.40),
    (0.75, 1.00, 0.76, 0.75, 0.80, -0.47),
    (0.66, 0.76, 1.00, 0.94, 0.84, -0.45),
    (0.63, 0.75, 0.94, 1.00, 0.88, -0.48),
    (0.66, 0.80, 0.84, 0.88, 1.00, -0.55),
    (-0.40, -0.47, -0.45, -0.48, -0.55, 1.00),
)
_SUMMER = (
    (1.00, 0.55, 0.55, 0.40, 0.48, 0.42),
    (0.55, 1.00, 0.40, 0.36, 0.55, 0.16),
    (0.55, 0.40, 1.00, 0.86, 0.48, 0.50),
    (0.40, 0.36, 0.86, 1.00, 0.60, 0.45),
    (0.48, 0.55, 0.48, 0.60, 1.00, 0.15),
    (0.42, 0.16, 0.50, 0.45, 0.15, 1.00),
)

#: What is left of a day's departure on the next day: weather systems pass in two to five days.
_MEMORY = 0.55

#: Dust comes on a few days of spring: how many a year on average, and its factor on PM10.
_DUST_DAYS = 3.0
_DUST_FACTOR = (1.5, 2.3)


def _winterness(days: NDArray[np.datetime64]) -> Array:
    """Return 1 in mid January, 0 in mid July, smooth between. Shape (day,)."""
    years = days.astype("datetime64[Y]")
    phase = (days - years.astype("datetime64[D]")).astype(np.float64) - 15.0
    return np.asarray(0.5 + 0.5 * np.cos(2.0 * np.pi * phase / 365.25))


def _season(days: NDArray[np.datetime64]) -> Array:
    """Return the month levels of every item, joined by straight lines from mid-month to mid-month.

    Shape (day, item).
    """
    years = days.astype("datetime64[Y]")
    place = (days - years.astype("datetime64[D]")).astype(np.float64) / 30.44 - 0.5
    grid = np.arange(-1, 13)
    columns = [
        np.interp(place, grid, (_MONTHS[item][-1], *_MONTHS[item], _MONTHS[item][0]))
        for item in AIR_ITEMS
    ]
    return np.stack(columns, axis=-1)


def _latent(rng: np.random.Generator, winter: Array) -> Array:
    """Return unit-variance departures with memory and season-bound correlation, (day, item)."""
    cold = np.linalg.cholesky(np.array(_WINTER))
    warm = np.linalg.cholesky(np.array(_SUMMER))
    mix = winter[:, None, None] * cold + (1.0 - winter[:, None, None]) * warm
    mix /= np.linalg.norm(mix, axis=-1, keepdims=True)
    shocks = np.einsum("dij,dj->di", mix, rng.standard_normal((len(winter), len(AIR_ITEMS))))
    state = np.empty_like(shocks)
    state[0] = shocks[0]
    fresh = np.sqrt(1.0 - _MEMORY**2)
    for day in range(1, len(shocks)):
        state[day] = _MEMORY * state[day - 1] + fresh * shocks[day]
    return np.asarray(state)


def draw_shape(rng: np.random.Generator, days: NDArray[np.datetime64]) -> Array:
    """Draw the shape of a daily record of the six items.

    Args:
        rng: the source of all randomness.
        days: consecutive days, datetime64[D], shape (day,).

    Returns:
        Positive values relative to the level of their year [-], shape (day, item) in the order
        of ``AIR_ITEMS``.
    """
    winter = _winterness(days)
    spread = np.array([_SPREAD[item] for item in AIR_ITEMS])
    sigma = winter[:, None] * spread[:, 0] + (1.0 - winter[:, None]) * spread[:, 1]
    values = _season(days) * np.exp(sigma * _latent(rng, winter))
    month = days.astype("datetime64[M]").astype(np.int64) % 12 + 1
    spring = (month >= 3) & (month <= 5)
    dusty = spring & (rng.random(len(days)) < _DUST_DAYS / 92.0)
    factor = rng.uniform(*_DUST_FACTOR, size=len(days))
    values[:, AIR_ITEMS.index("pm10")] *= np.where(dusty, factor, 1.0)
    return np.asarray(values)
