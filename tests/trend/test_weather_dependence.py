"""Dependence on one weather item off its season: a made city whose effect is known by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast.errors import UsageError
from forecast.trend import WeatherNormalised, seasonal_dependence, weather_normalise


@pytest.fixture(scope="module")
def found() -> WeatherNormalised:
    """ln C = 3.5 + 0.6 season - 0.2 wind; temperature goes with the season and does nothing."""
    rng = np.random.default_rng(5)
    days = pd.date_range("2017-01-01", "2019-12-31")
    season = np.cos(2 * np.pi * days.day_of_year.to_numpy() / 365.25)
    wind = 2.5 + rng.normal(0.0, 0.7, len(days))
    daily = np.exp(3.5 + 0.6 * season - 0.2 * wind + 0.05 * rng.normal(size=len(days)))
    weather = pd.DataFrame(
        {"wind": wind, "temp": 14 - 14 * season + rng.normal(0.0, 2.0, len(days))}, index=days
    )
    return weather_normalise(
        pd.DataFrame({"pm25": daily}, index=days), weather, "pm25", trees=30, resamples=20, refits=0,
        validation="none",
    )  # fmt: skip


def test_a_departure_of_the_wind_has_the_effect_it_was_given(found: WeatherNormalised) -> None:
    table = seasonal_dependence(found, "wind")
    assert list(table.columns) == ["departure", "effect"] and len(table) == 20
    inner = table[table["departure"].abs() < 1.0]
    slope = np.polyfit(inner["departure"], np.log(inner["effect"]), 1)[0]
    assert slope == pytest.approx(-0.2, abs=0.03)


def test_no_day_gets_the_temperature_of_another_season(found: WeatherNormalised) -> None:
    """28 °C in January would be a guess; departures stay within some degrees, the line flat."""
    table = seasonal_dependence(found, "temp")
    assert table["departure"].abs().max() < 10.0
    assert table["effect"].max() / table["effect"].min() < 1.25
    observed = found.daily["observed"].mean()
    middle = np.interp(0.0, table["departure"], table["effect"])
    assert middle == pytest.approx(observed, rel=0.05)


def test_an_item_that_is_not_there_and_too_few_points_are_refused(found: WeatherNormalised) -> None:
    with pytest.raises(UsageError, match="no weather item rain"):
        seasonal_dependence(found, "rain")
    with pytest.raises(UsageError, match="draw no line"):
        seasonal_dependence(found, "wind", points=1)
