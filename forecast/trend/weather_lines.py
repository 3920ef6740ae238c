"""The larger part of the weather's effect: broken lines, fitted together with a broken trend.

Trees shrink: the mean of a leaf is nearer to the mean of all than its days are. A year of calm
then looks like one of more emissions, by a quarter of the weather's effect in made records. Lines
do not, and fitted beside the trend they take nothing from it (Frisch and Waugh 1933,
doi:10.2307/1907330). The trees that follow have what lines cannot say.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.features.calendar import harmonics
from forecast.trend.weather_rows import WeatherRows

__all__ = ["WeatherLines", "fit_weather_lines"]

#: Shares of the days at which the line of a weather item may bend.
_BENDS = (0.2, 0.4, 0.6, 0.8)
#: Penalty on the coefficients of standardised columns, per day: it only matters where columns say
#: nearly the same.
_RIDGE = 1e-3
_HARMONICS = 2
_YEAR = 365.0


@dataclass(frozen=True)
class WeatherLines:
    """Fitted lines.

    Attributes:
        low, high: range of each weather item in the record, (item,); beyond it the effect is that
            of its end.
        centre: median of each item, (item,); ``bends``: where its line bends, (item, bend).
        coefficients: of the columns, (column,).
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    centre: NDArray[np.float64]
    bends: NDArray[np.float64]
    coefficients: NDArray[np.float64]

    def effect(self, days: pd.DatetimeIndex, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Effect of season, weekday and weather ``x`` (day, item), (day,)."""
        found: NDArray[np.float64] = self.columns(days, x) @ self.coefficients
        return found

    def columns(self, days: pd.DatetimeIndex, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Season, weekday, and for each item its line, its bends and its line by season."""
        season = harmonics(days.to_numpy().astype("datetime64[D]"), _HARMONICS)
        weekday = days.day_of_week.to_numpy()[:, None] == np.arange(1, 7)
        kept = np.clip(x, self.low, self.high)
        parts = [season, weekday.astype(np.float64)]
        for k in range(x.shape[1]):
            line = kept[:, k, None] - self.centre[k]
            bent = np.clip(kept[:, k, None] - self.bends[k], 0.0, None)
            parts += [line, bent, line * season[:, :2]]
        return np.hstack(parts)


def fit_weather_lines(
    rows: WeatherRows, z: NDArray[np.float64], own: NDArray[np.float64]
) -> WeatherLines:
    """Fit lines of season, weekday and weather beside a trend that bends once a year.

    Args:
        rows: complete days.
        z: what is to be explained, (day,).
        own: weight of each day, (day,).
    """
    drawn = own > 0
    some = rows.x[drawn]
    bends = np.quantile(some, _BENDS, axis=0).T
    lines = WeatherLines(
        some.min(axis=0), some.max(axis=0), np.median(some, axis=0), bends, np.empty(0)
    )
    columns = lines.columns(rows.days, rows.x)
    spread = columns[drawn].std(axis=0)
    spread[spread < 1e-9] = np.inf  # a column that is the same on all days says nothing
    back = np.asarray((rows.days - rows.days[-1]).days, dtype=np.float64) / _YEAR
    years = np.arange(-np.floor(-back[0]), 0.0)
    trend = np.column_stack([np.ones(len(back)), back, np.clip(back[:, None] - years, 0.0, None)])
    weight = np.sqrt(own)[:, None]
    design = np.hstack([weight * columns / spread, weight * trend])
    penalty = np.zeros((len(spread), design.shape[1]))
    np.fill_diagonal(penalty, np.sqrt(_RIDGE * own.sum()))
    wanted = np.concatenate([weight[:, 0] * z, np.zeros(len(spread))])
    solved = np.linalg.lstsq(np.vstack([design, penalty]), wanted, rcond=None)[0]
    return WeatherLines(lines.low, lines.high, lines.centre, bends, solved[: len(spread)] / spread)
