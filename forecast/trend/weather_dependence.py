"""How an item depends on one weather item, season by season: the departure from what is usual then.

A partial dependence puts every value of the weather item on every day: 28 °C on a day of January.
Where the model draws lines that is a guess far outside of the record (in 保定 it said 1400 µg/m³ of
PM2.5 at 28 °C). Here a day keeps its season: the weather item is what is usual on that day of the
year, plus a departure, and the departure is what is moved.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import UsageError
from forecast.trend.weather_normalised import WeatherNormalised
from forecast.trend.weather_rows import circular_gap

__all__ = ["seasonal_dependence"]

#: Rows over which the expected value is averaged.
_ROWS = 500
#: Days on either side that make what is usual on a day of the year, widened until there are enough.
_WINDOW, _FEWEST = 15, 30


def seasonal_dependence(found: WeatherNormalised, item: str, *, points: int = 20) -> pd.DataFrame:
    """Expected value with one weather item at a departure from its season, all else as it was.

    With s(d) the mean of the weather item within 15 days of the day of the year d and a a
    departure, effect(a) = mean over days of P(x with s(d) + a, kept within the record's range).

    Args:
        found: an item in normal weather.
        item: a weather item of its model.
        points: departures at equal shares of those of the record, from 1 to 99 %.

    Returns:
        ``departure`` [unit of the weather item], ``effect``: mean over up to 500 days spread over
        the record [unit of the item].

    Raises:
        UsageError: the model has no such item, or no point is asked for.
    """
    rows = found.model.rows
    if item not in rows.items:
        raise UsageError(
            f"The model has no weather item {item}.", f"It has {', '.join(rows.items)}."
        )
    if points < 2:
        raise UsageError(f"{points} points draw no line.", "Ask for two or more.")
    at = rows.items.index(item)
    own = rows.x[:, at]
    usual = _usual(rows.days, own)[rows.days.day_of_year.to_numpy() - 1]
    departures = np.unique(np.quantile(own - usual, np.linspace(0.01, 0.99, points)))
    some = np.unique(np.linspace(0, len(rows.days) - 1, _ROWS).astype(np.int64))
    effects = []
    for departure in departures:
        x = rows.x[some].copy()
        x[:, at] = np.clip(usual[some] + departure, own.min(), own.max())
        effects.append(float(found.model.predict(rows.days[some], x).mean()))
    return pd.DataFrame({"departure": departures, "effect": effects})


def _usual(days: pd.DatetimeIndex, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of the values about each day of the year, (366,)."""
    of_year = days.day_of_year.to_numpy().astype(np.int64)
    usual = np.empty(366)
    for day in range(1, 367):
        gap, reach = circular_gap(of_year, day), _WINDOW
        while np.count_nonzero(gap <= reach) < _FEWEST:
            reach *= 2
        usual[day - 1] = values[gap <= reach].mean()
    return usual
