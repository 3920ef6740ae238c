"""Normal weather: for each day, the weather of days of the same season in all years of the record.

The weather of a day is drawn whole, so that its items stay together, from the days within ± N days
of the same day of the year (in the R package deweather N is 30 as well): no July gets the weather
of January. Date, day of the year and weekday stay those of the day itself.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.trend.weather_model import WeatherModel
from forecast.trend.weather_rows import WeatherRows, circular_gap

__all__ = ["draw_donors", "draw_scaled"]

#: Rows that the trees are asked for at once.
_CHUNK = 200_000


def draw_donors(
    rows: WeatherRows, calendar: pd.DatetimeIndex, window: int, times: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Positions in ``rows`` of the days whose weather each day gets, (resample, day).

    Every day of the year draws its own donors, all years in equal parts but for gaps. A season in
    which the record has no day at all within the window takes the nearest days there are.
    """
    of_year = rows.days.day_of_year.to_numpy().astype(np.int64)
    wanted = calendar.day_of_year.to_numpy().astype(np.int64)
    donors = np.empty((times, len(calendar)), dtype=np.int64)
    for day in range(1, 367):
        own = np.flatnonzero(wanted == day)
        gap = circular_gap(of_year, day)
        pool = np.flatnonzero(gap <= max(window, int(gap.min())))
        donors[:, own] = pool[rng.integers(0, len(pool), size=(times, len(own)))]
    return donors


def draw_scaled(
    model: WeatherModel, calendar: pd.DatetimeIndex, donors: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Predictions in the weather of the donors, (resample, day), on the scale of the model."""
    times, n = donors.shape
    found = np.empty((times, n))
    step = max(1, _CHUNK // n)
    for first in range(0, times, step):
        some = donors[first : first + step]
        days = calendar[np.tile(np.arange(n), len(some))]
        found[first : first + step] = model.scaled(days, model.rows.x[some.ravel()]).reshape(-1, n)
    return found
