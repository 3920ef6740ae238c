"""Chance of a bad day in normal weather: what good days owe to the weather rests on it.

Values of single days count here, not means: a mean has no bad tail. All six items are drawn
together, each day with the weather **and** the residuals of one other day of the season, so that
what goes together on a day stays together, and the AQI of each draw is that of the standard.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from forecast.errors import InputError, UsageError
from forecast.standards.aqi import GOOD_AQI, daily_aqi
from forecast.standards.items import AIR_ITEMS
from forecast.standards.versions import resolve
from forecast.trend.resampling import SEED
from forecast.trend.weather_draws import draw_donors, draw_scaled
from forecast.trend.weather_model import Method, Scale, WeatherSettings, fit_weather_model
from forecast.trend.weather_rows import weather_rows

__all__ = ["normal_bad_days"]


def normal_bad_days(
    daily: pd.DataFrame,
    weather: pd.DataFrame,
    *,
    rng: np.random.Generator | None = None,
    standard: str | None = None,
    method: Method = "forest",
    scale: Scale = "log",
    trees: int = 100,
    weather_items: tuple[str, ...] | None = None,
    window: int = 30,
    resamples: int = 100,
) -> pd.Series:
    """Chance of a bad day (AQI above 100) in normal weather, for each day of the record.

    Args:
        daily: days (DatetimeIndex) × the six items [µg/m³, CO mg/m³]; NaN is missing.
        weather: days × weather items.
        rng: draws weather and seeds trees; None: a generator of the fixed seed.
        standard: HJ 633 (or GB 3095) token for all days; None: each day by the rule in force.
        method, scale, trees, weather_items, window, resamples: as for
            :func:`~forecast.trend.weather_normalised.weather_normalise`; the trend is carried.

    Returns:
        Share of the draws with AQI above 100, by day from the first to the last of ``daily``, 0 to
        1; ``normal_bad`` of :func:`forecast.trend.explain_good_days`.

    Raises:
        InputError: an item is missing, or too few days have all six and the weather.
        UsageError: a setting without a meaning, or scikit-learn is not installed.
    """
    absent = [i for i in AIR_ITEMS if i not in daily.columns or daily[i].isna().all()]
    if absent:
        raise InputError(
            f"The chance of a bad day needs all six items, and {absent[0]} has no value.",
            "Give the item, or normalise single items.",
        )
    if resamples < 20:
        raise UsageError(f"{resamples} draws give no chance.", "Ask for 20 or more.")
    settings = WeatherSettings(method, "carried", scale, trees, window)
    token = None if standard is None else resolve(standard).aqi
    streams = (np.random.default_rng(SEED) if rng is None else rng).spawn(len(AIR_ITEMS) + 1)
    # Days that lack one item are left out of all, so that one donor serves the six of them.
    whole = daily[list(AIR_ITEMS)].dropna()
    of_item = [weather_rows(whole[item], weather, weather_items) for item in AIR_ITEMS]
    calendar = pd.date_range(daily.index.min().normalize(), daily.index.max().normalize())
    of_item = [replace(rows, calendar=calendar) for rows in of_item]
    donors = draw_donors(of_item[0], calendar, window, resamples, streams[0])
    drawn = np.empty((*donors.shape, len(AIR_ITEMS)))
    for k, rows in enumerate(of_item):
        model = fit_weather_model(rows, settings, streams[k + 1])
        scaled = draw_scaled(model, calendar, donors) + model.residual[donors]
        drawn[..., k] = np.exp(scaled) if scale == "log" else np.clip(scaled, 0.0, None)
    dates = calendar.to_numpy().astype("datetime64[D]")
    bad = daily_aqi(drawn, dates, AIR_ITEMS, token).aqi > GOOD_AQI
    return pd.Series(bad.mean(axis=0), index=calendar, name="normal_bad")
