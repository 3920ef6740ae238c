"""Normal weather by day: donors of the season, and chances of a bad day that good days rest on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.errors import InputError, UsageError
from forecast.trend import explain_good_days
from forecast.trend.weather_bad_days import normal_bad_days
from forecast.trend.weather_change import WeatherChange
from forecast.trend.weather_draws import draw_donors
from forecast.trend.weather_normalised import weather_normalise
from forecast.trend.weather_rows import circular_gap, weather_rows


def still_year(calm: float = -0.3) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Three years of six items that wind alone moves; the last has less of it."""
    rng = np.random.default_rng(8)
    days = pd.date_range("2017-01-01", "2019-12-31", freq="D")
    ln_wind = 0.4 * rng.normal(size=len(days))
    ln_wind[days.year == 2019] += calm
    season = np.cos(2 * np.pi * np.arange(len(days)) / 365.25)
    common = np.exp(0.3 * season - 0.8 * ln_wind + 0.2 * rng.normal(size=len(days)))
    daily = pd.DataFrame(
        {"so2": 8 * common, "no2": 30 * common, "pm10": 75 * common, "pm25": 42 * common,
         "co": 0.7 * common, "o3_8h": 90 - 40 * season + 5 * rng.normal(size=len(days))},
        index=days,
    )  # fmt: skip
    return daily, pd.DataFrame({"wind": np.exp(ln_wind)}, index=days)


@pytest.fixture(scope="module")
def still() -> tuple[pd.DataFrame, pd.DataFrame]:
    return still_year()


def test_the_chance_of_a_bad_day_explains_good_days(
    still: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    daily, weather = still
    chance = normal_bad_days(daily, weather, trees=30, resamples=40, standard="HJ 633-2012")
    assert chance.between(0, 1).all()
    assert len(chance) == len(daily)
    years = {
        y: explain_good_days(daily, y, standard="HJ 633-2012", normal_bad=chance)
        for y in (2017, 2018, 2019)
    }
    # Over the record the chances add up to the bad days there were; the calm year had more.
    total = sum(year.bad for year in years.values())
    assert chance.sum() == pytest.approx(total, rel=0.1)
    weather_days = years[2019].weather
    assert weather_days is not None and weather_days > 0.15 * years[2019].bad
    for year in (2017, 2018):
        assert years[year].weather is not None and years[year].weather < 0


def test_a_stricter_standard_gives_more_bad_days_and_missing_days_have_a_chance(
    still: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    daily, weather = still[0].copy(), still[1]
    daily.loc["2018-05-01":"2018-05-20", "co"] = np.nan
    daily.loc["2018-06-01":"2018-06-20", "pm25"] = np.nan
    chances = [
        normal_bad_days(daily, weather, trees=30, resamples=20, standard=token,
                        rng=np.random.default_rng(1))
        for token in ("HJ 633-2012", "HJ 633-2026")
    ]  # fmt: skip
    assert chances[0].notna().all()
    assert (chances[1] >= chances[0]).all()
    assert chances[1].sum() > chances[0].sum() + 5


def test_the_chance_needs_six_items_and_some_draws(
    still: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    daily, weather = still
    with pytest.raises(InputError, match="all six items, and co has no value"):
        normal_bad_days(daily.assign(co=np.nan), weather)
    with pytest.raises(InputError, match="and o3_8h has no value"):
        normal_bad_days(daily.drop(columns="o3_8h"), weather)
    with pytest.raises(UsageError, match="5 draws"):
        normal_bad_days(daily, weather, resamples=5)


def test_the_chance_of_one_item_against_a_limit_by_day(
    still: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    daily, weather = still
    found = weather_normalise(
        daily, weather, "pm25", trees=30, resamples=40, refits=0, validation="none"
    )
    limits = pd.Series(75.0, index=daily.index[:-1])
    chance = found.chance_above(limits)
    assert np.isnan(chance.iloc[-1])
    assert chance[:-1].equals(found.chance_above(75.0)[:-1])
    # The draws have the spread of days, which the normalised means have not.
    assert found.chance_above(75.0).sum() == pytest.approx((daily["pm25"] > 75).sum(), rel=0.15)
    assert (found.daily["normalised"] > 75).sum() < 0.3 * (daily["pm25"] > 75).sum()


@given(window=st.integers(7, 60), seed=st.integers(0, 99))
@settings(max_examples=15)
def test_donors_are_of_the_season(window: int, seed: int) -> None:
    daily, weather = _DAILY
    rows = weather_rows(daily, weather)
    donors = draw_donors(rows, rows.calendar, window, 20, np.random.default_rng(seed))
    assert donors.shape == (20, len(rows.calendar))
    own = rows.calendar.day_of_year.to_numpy().astype(np.int64)
    of_donors = rows.days.day_of_year.to_numpy().astype(np.int64)[donors]
    gap = circular_gap(of_donors, np.broadcast_to(own, donors.shape))
    assert gap.max() <= window
    # The turn of the year is no wall, and all years serve.
    assert (of_donors[:, own == 1] > 300).any()
    assert set(np.unique(rows.days.year[donors.ravel()])) == {2017, 2018, 2019}


_DAILY = (
    pd.Series(20.0, index=pd.date_range("2017-01-01", "2019-12-31", freq="D")),
    pd.DataFrame({"wind": 1.0}, index=pd.date_range("2017-01-01", "2019-12-31", freq="D")),
)

_PART = st.floats(-80, 80)


@given(emissions=_PART, weather=_PART, remainder=_PART, decimals=st.integers(0, 3))
def test_printed_parts_add_up(
    emissions: float, weather: float, remainder: float, decimals: int
) -> None:
    none = (float("nan"), float("nan"))
    change = WeatherChange(
        name="PM2.5", unit="µg/m³", first=2020, last=2025, until=(12, 31), days_first=366,
        days_last=365, mean_first=40.0, mean_last=38.0, emissions=emissions, weather=weather,
        remainder=remainder, emissions_interval=none, weather_interval=none, level=0.9,
    )  # fmt: skip
    part = change.rounded(decimals)
    total = part["weather"] + part["emissions"] + part["remainder"]
    assert total == pytest.approx(part["observed"], abs=1e-9)
    assert abs(part["remainder"] - remainder) <= 2 * 10.0**-decimals
    assert "interval" not in change.words_en and "-0.0 " not in change.words_en
