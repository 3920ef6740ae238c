"""The model that draws the air of one place, with what the place shares and what is known of it."""

from __future__ import annotations

import pandas as pd

from forecast.models.air_seasonal import AirSeasonal
from forecast.models.air_weather import AirWeather
from forecast.models.circumstances import Circumstances
from forecast.models.paths import Model
from forecast.models.registry import air_model
from forecast.projection.sharing import Sharing, shared_draws

__all__ = ["WEATHER_ITEMS", "drawing_model"]

#: The items whose forecasts the weather of past days was seen to better out of sample, by 5 % and
#: hardly beyond chance (``benchmarks/air_weather.md``).
WEATHER_ITEMS = ("pm25",)


def drawing_model(
    name: str,
    place: str,
    sharing: Sharing | None,
    circumstances: Circumstances | None,
    weather: pd.DataFrame | None = None,
) -> Model:
    """Return the model called ``name``, not fitted yet.

    Only the default model draws places together and knows of spans, breaks and weather.

    Raises:
        UsageError: no such model, or a library that it needs is not installed.
    """
    if name == AirSeasonal.name:
        shared = None if sharing is None else shared_draws(sharing)
        if weather is not None and len(weather):
            return AirWeather(
                place, weather=weather, items=WEATHER_ITEMS, circumstances=circumstances,
                shared=shared,
            )  # fmt: skip
        return AirSeasonal(place, circumstances=circumstances, shared=shared)
    return air_model(name).make(place, None)
