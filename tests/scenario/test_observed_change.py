"""The observed change of a record: ratios by hand, weather taken off, years that are whole, breaks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.errors import InputError
from forecast.models.circumstances import Break, Circumstances
from forecast.scenario.observed_change import observed_change, whole_years

_NO_BREAKS = Circumstances(spans=(), breaks=())


def _made(
    first: int, last: int, *, seed: int = 1, fall: float = 0.0
) -> tuple[pd.Series, pd.DataFrame]:
    """ln C = season - fall a year - 0.4 × windiness + noise; the last year is windy on purpose."""
    rng = np.random.default_rng(seed)
    days = pd.date_range(f"{first}-01-01", f"{last}-12-31")
    angle = 2 * np.pi * days.day_of_year.to_numpy() / 365.25
    wind = rng.standard_normal(len(days)) + np.where(days.year == last, 0.4, 0.0)
    temp = -12 * np.cos(angle) + 3 * rng.standard_normal(len(days))
    years = days.year.to_numpy() - first
    log = (
        4 + 0.4 * np.cos(angle) - fall * years - 0.4 * wind + 0.15 * rng.standard_normal(len(days))
    )
    weather = pd.DataFrame({"wind_v": wind, "temp_mean": temp}, index=days)
    return pd.Series(np.exp(log), index=days, name="pm25"), weather


def test_the_plain_ratio_is_that_of_the_annual_means() -> None:
    """By hand: 60 for half of the days and 40 for the other, then 45 all year: 45/50."""
    days = pd.date_range("2015-01-01", "2016-12-31")
    values = pd.Series(np.where(np.arange(len(days)) % 2 == 0, 60.0, 40.0), index=days)
    values[days.year == 2016] = 45.0
    found = observed_change(values, 2015, 2016)
    mean = (183 * 60 + 182 * 40) / 365
    assert found.ratio == pytest.approx(45.0 / mean)
    assert found.plain == found.ratio and not found.weather_adjusted


def test_the_weather_is_taken_off() -> None:
    """Emissions fell by 25 %; a windy last year makes it look like a third and more."""
    values, weather = _made(2014, 2017, fall=-np.log(0.75) / 3)
    found = observed_change(values, 2014, 2017, weather=weather)
    assert found.weather_adjusted
    assert found.ratio == pytest.approx(0.75, abs=0.02)
    assert found.plain < 0.68
    bare = observed_change(values, 2014, 2017)
    assert bare.ratio == pytest.approx(found.plain) and bare.sd > found.sd


def test_the_error_holds_what_it_promises() -> None:
    """60 made cities of which nothing changed: 90 % inside 1.645 sd, within binomial bounds."""
    inside = 0
    for seed in range(60):
        values, weather = _made(2014, 2016, seed=seed)
        found = observed_change(values, 2014, 2016, weather=weather)
        inside += abs(np.log(found.ratio)) <= 1.645 * found.sd
    assert 0.78 <= inside / 60 <= 1.0


def test_a_gap_in_winter_is_no_fall() -> None:
    """A first year without half of its January days: the season is taken off with the weather."""
    values, weather = _made(2014, 2016)
    days = pd.DatetimeIndex(values.index)
    lost = (days.year == 2016) & days.month.isin([1, 2, 12]) & (days.day > 16)
    found = observed_change(values[~lost], 2014, 2016, weather=weather)
    assert found.ratio == pytest.approx(1.0, abs=0.04)


@given(st.floats(0.1, 10.0))
def test_units_do_not_matter(factor: float) -> None:
    """A record in other units has the same ratio."""
    values, _ = _made(2014, 2015)
    one = observed_change(values * 20, 2014, 2015)
    other = observed_change(values * 20 * factor, 2014, 2015)
    assert other.ratio == pytest.approx(one.ratio)
    assert other.sd == pytest.approx(one.sd, rel=1e-6)


def test_what_makes_a_year_whole() -> None:
    """300 days, 15 in each month; values of 0 and the first lockdown do not count."""
    days = pd.date_range("2017-01-01", "2020-12-31")
    values = pd.Series(50.0, index=days)
    assert whole_years(values) == [2017, 2018, 2019]
    assert whole_years(values, _NO_BREAKS) == [2017, 2018, 2019, 2020]
    values[(days.year == 2017) & (days.month == 1) & (days.day > 14)] = np.nan
    values[(days.year == 2018) & (days.day_of_year > 299)] = 0.0
    assert whole_years(values) == [2019]


def test_a_break_between_the_years_widens_the_error() -> None:
    """The step expected of it is taken off, its error is added in squares."""
    values, _ = _made(2014, 2016)
    bare = observed_change(values, 2014, 2016, circumstances=_NO_BREAKS)
    moved = Break(np.datetime64("2015-06-01"), (-0.1, 0.2), ("pm25",))
    other = Break(np.datetime64("2015-06-01"), (-0.1, 0.2), ("so2",))
    about = Circumstances(spans=(), breaks=(moved, other))
    found = observed_change(values, 2014, 2016, circumstances=about)
    assert found.breaks == (np.datetime64("2015-06-01"),) and not bare.breaks
    assert found.sd == pytest.approx(np.hypot(bare.sd, 0.2))
    assert found.ratio == pytest.approx(bare.ratio * np.exp(0.1))


def test_a_year_that_is_not_whole_is_refused() -> None:
    """The sentence says which years are."""
    values, _ = _made(2014, 2015)
    with pytest.raises(InputError, match="2016") as caught:
        observed_change(values, 2014, 2016)
    assert "2014, 2015" in caught.value.cure


def test_weather_of_other_years_is_none() -> None:
    """Too few days with both: the plain ratio."""
    values, weather = _made(2014, 2016)
    found = observed_change(values, 2014, 2016, weather=weather[weather.index.year < 2016])
    assert not found.weather_adjusted
