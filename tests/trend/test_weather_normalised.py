"""Weather normalisation: a made city whose weather effect and trend are known; rmweather's example."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.errors import InputError, UsageError
from forecast.trend.weather_lines import fit_weather_lines
from forecast.trend.weather_model import WeatherSettings, fit_weather_model
from forecast.trend.weather_normalised import WeatherNormalised, weather_normalise
from forecast.trend.weather_rows import weather_rows
from forecast.trend.weather_scores import hold_out, model_scores, next_year_means

SLOPE, WIND, NOISE, SPREAD, CALM = -0.08, -0.6, 0.2, 0.35, -0.25
QUICK = {"trees": 40, "resamples": 40, "refits": 0, "validation": "none"}


def alike(rho: float, n: int, rng: np.random.Generator) -> np.ndarray:
    """Stationary noise of variance 1 whose neighbours have the correlation ρ."""
    shocks = rng.normal(size=n)
    made = np.empty(n)
    made[0] = shocks[0]
    for at in range(1, n):
        made[at] = rho * made[at - 1] + np.sqrt(1 - rho * rho) * shocks[at]
    return made


def made_city(
    years: int = 4, slope: float = SLOPE, calm: float = CALM, seed: int = 3
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Daily PM2.5, weather, and the truth: ln C = season + slope t - 0.6 ln wind + noise.

    The last year has less wind by ``calm`` on the scale of the logarithm.
    """
    rng = np.random.default_rng(seed)
    days = pd.date_range("2016-01-01", f"{2015 + years}-12-31", freq="D")
    n = len(days)
    t = np.arange(n) / 365.25
    season = np.cos(2 * np.pi * t)
    ln_wind = SPREAD * alike(0.5, n, rng)
    ln_wind[days.year == days.year[-1]] += calm
    weather = pd.DataFrame(
        {"wind": 2.5 * np.exp(ln_wind), "temp_mean": 14 - 13 * season + 4 * alike(0.8, n, rng)},
        index=days,
    )
    level = 50 * np.exp(slope * t + 0.35 * season)
    # E exp(b x) = exp(b² σ² / 2); normal weather is that of all years, the calm one among them.
    noise = np.exp(NOISE**2 / 2)
    normal = np.exp((WIND * SPREAD) ** 2 / 2) * (years - 1 + np.exp(WIND * calm)) / years
    truth = pd.DataFrame(
        {"normal": level * normal * noise, "modelled": level * np.exp(WIND * ln_wind) * noise},
        index=days,
    )
    daily = level * np.exp(WIND * ln_wind + NOISE * alike(0.3, n, rng))
    return pd.DataFrame({"pm25": daily}, index=days), weather, truth


@pytest.fixture(scope="module")
def city() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    return made_city()


@pytest.fixture(scope="module")
def found(city: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]) -> WeatherNormalised:
    return weather_normalise(city[0], city[1], "pm25", trees=60, resamples=60, refits=5)


def test_the_split_recovers_emissions_and_weather(
    city: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame], found: WeatherNormalised
) -> None:
    years = city[2].groupby(city[2].index.year).mean()
    for first in (2018, 2016):
        change = found.change(2019, first)
        emissions = years["normal"][2019] - years["normal"][first]
        weather = years["modelled"][2019] - years["modelled"][first] - emissions
        assert change.emissions == pytest.approx(emissions, abs=1.2)
        assert change.weather == pytest.approx(weather, abs=1.0)
        assert change.emissions < 0 < change.weather
        low, high = change.emissions_interval
        assert low < change.emissions < high


def test_a_calm_year_is_not_taken_for_more_emissions() -> None:
    """No trend, and a year of a quarter less wind: the rise is all weather."""
    daily, weather, truth = made_city(slope=0.0, calm=-0.35, seed=11)
    change = weather_normalise(daily, weather, "pm25", **QUICK).change(2019, 2018)  # type: ignore[arg-type]
    rise = truth["modelled"].groupby(truth.index.year).mean().diff()[2019]
    assert rise > 6
    assert change.weather == pytest.approx(rise, abs=1.5)
    # The noise of two years alone moves their means by 1.1 (standard deviation).
    assert change.emissions == pytest.approx(0.0, abs=2.3)


def test_lines_beside_a_trend_find_the_effect_of_the_weather() -> None:
    """ln C = 3 + 0.2 t - 0.5 u, without noise, and u rising with t: -0.5 is found all the same."""
    days = pd.date_range("2017-01-01", "2019-12-31", freq="D")
    t = np.arange(len(days)) / 365.25
    u = np.random.default_rng(2).normal(size=len(days)) + t
    rows = weather_rows(
        pd.Series(np.exp(3 + 0.2 * t - 0.5 * u), index=days), pd.DataFrame({"u": u}, index=days)
    )
    lines = fit_weather_lines(rows, np.log(rows.y), np.ones(len(days)))
    at = [lines.effect(days[:1], np.array([[v]]))[0] for v in (0.0, 1.0, 2.0, 99.0)]
    assert np.diff(at)[:2] == pytest.approx([-0.5, -0.5], abs=0.01)
    # Beyond the record the effect is that of its end.
    assert at[3] == pytest.approx(lines.effect(days[:1], np.array([[u.max()]]))[0])


def test_the_parts_add_up_exactly(
    city: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame], found: WeatherNormalised
) -> None:
    change = found.change(2019, 2016)
    assert change.emissions + change.weather + change.remainder == change.observed
    means = city[0]["pm25"].groupby(city[0].index.year).mean()
    assert change.observed == pytest.approx(means[2019] - means[2016], abs=1e-10)
    part = change.rounded(1)
    printed = round(part["weather"] + part["emissions"] + part["remainder"], 9)
    assert printed == part["observed"]
    assert f"{part['remainder']:+.1f}" in change.words_en


def test_a_year_to_date_counts_the_same_days(found: WeatherNormalised) -> None:
    change = found.change(2019, 2018, until=(6, 30))
    assert (change.days_first, change.days_last) == (181, 181)
    own = found.daily["observed"]
    expected = own["2019-01-01":"2019-06-30"].mean() - own["2018-01-01":"2018-06-30"].mean()
    assert change.observed == pytest.approx(expected)
    assert "6 月 30 日" in change.words_zh and "to 06-30" in change.words_en
    with pytest.raises(UsageError, match="no day 2-30"):
        found.change(2019, 2018, until=(2, 30))
    with pytest.raises(InputError, match="2021 has 0 of 365"):
        found.change(2021, 2018)


def test_the_normal_series_is_near_the_truth(
    city: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame], found: WeatherNormalised
) -> None:
    truth = city[2]["normal"].resample("MS").mean()
    monthly = found.monthly
    assert list(monthly.columns) == ["observed", "days", "normalised", "lower", "upper"]
    missed = monthly["normalised"] / truth - 1
    assert abs(missed.mean()) < 0.03
    assert missed.abs().mean() < 0.06
    # Most of what the observed months stray from the truth is gone.
    assert missed.std() < 0.7 * (monthly["observed"] / truth - 1).std()
    assert (monthly["lower"] < monthly["normalised"]).all()
    held = (monthly["lower"] <= truth) & (truth <= monthly["upper"])
    assert held.mean() > 0.7


def test_bias_is_observed_less_predicted_and_shown_by_year(found: WeatherNormalised) -> None:
    kept = found.daily.dropna()
    missed = kept["observed"] - kept["modelled"]
    assert found.scores["bias"]["left_out"] == pytest.approx(missed.mean())
    assert found.by_year["bias"][2017] == pytest.approx(missed[missed.index.year == 2017].mean())
    assert list(found.by_year.index) == [2016, 2017, 2018, 2019]
    assert found.held_out is not None
    gap = found.held_out.observed - found.held_out.predicted
    assert found.scores["bias"]["held_out"] == pytest.approx(gap)


def test_scores_by_hand_of_a_perfect_and_a_constant_record() -> None:
    values = np.array([1.0, 2.0, 3.0])
    assert model_scores(values, values) == {
        "n": 3.0, "r2": 1.0, "rmse": 0.0, "mae": 0.0, "bias": 0.0, "nmb": 0.0,
    }  # fmt: skip
    assert np.isnan(model_scores(np.ones(3), np.ones(3))["r2"])
    assert np.isnan(model_scores(np.empty(0), np.empty(0))["rmse"])


def test_what_is_held_out_is_not_looked_at(
    city: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame],
) -> None:
    daily, weather, _ = city
    settings = WeatherSettings(trees=30)
    other = daily.copy()
    other.loc["2019-01-01":] *= 5.0
    held = [
        hold_out(weather_rows(d["pm25"], weather), settings, "time", np.random.default_rng(4))
        for d in (daily, other)
    ]
    assert held[0] is not None and held[1] is not None
    assert (held[0].first, held[0].last) == (pd.Timestamp(2019, 1, 1), pd.Timestamp(2019, 12, 31))
    pd.testing.assert_series_equal(held[0].predictions, held[1].predictions)
    assert held[1].observed == pytest.approx(5 * held[0].observed)
    assert held[0].persistence == pytest.approx(daily.loc["2018", "pm25"].mean())


def test_the_carried_trend_beats_the_forest_and_last_year_where_air_gets_better() -> None:
    daily, weather, _ = made_city(years=5, slope=-0.12, calm=-0.1)
    rows = weather_rows(daily["pm25"], weather)
    missed = {}
    for name, settings in (
        ("ours", WeatherSettings(trees=30)),
        ("forest", WeatherSettings(trend="in_trees", scale="linear", trees=30)),
    ):
        table = next_year_means(rows, (2019, 2020), settings, np.random.default_rng(1))
        missed[name] = (table["observed"] - table["predicted"]).abs().mean()
        missed["last"] = (table["observed"] - table["persistence"]).abs().mean()
    assert missed["ours"] < 0.8 * missed["forest"]
    assert missed["ours"] < 0.8 * missed["last"]


def test_the_trend_goes_on_from_the_last_year_with_half_the_slope() -> None:
    """ln C = 4 - 0.1 t without weather or season: level 4 - 0.1 (t_end - 0.5), slope -0.05."""
    days = pd.date_range("2014-01-01", "2019-12-31", freq="D")
    t = np.arange(len(days)) / 365.25
    # A wind that tells nothing of time.
    wind = np.random.default_rng(0).normal(size=len(days))
    rows = weather_rows(
        pd.Series(np.exp(4 - 0.1 * t), index=days), pd.DataFrame({"wind": wind}, index=days)
    )
    model = fit_weather_model(rows, WeatherSettings(trees=60), np.random.default_rng(1))
    ahead = model.trend_at(pd.DatetimeIndex(["2020-12-31"]))[0]
    assert model.slope == pytest.approx(-0.05, abs=0.003)
    assert ahead == pytest.approx(4 - 0.1 * (t[-1] - 0.5) - 0.05 * 1.5, abs=0.02)
    inside = model.trend_at(days[400:-400])
    assert inside == pytest.approx(4 - 0.1 * t[400:-400], abs=0.02)


def test_the_same_seed_gives_the_same_result() -> None:
    daily, weather, _ = made_city(years=2)

    def made(seed: int, step: int = 1) -> WeatherNormalised:
        return weather_normalise(
            daily[::step], weather[::step], "pm25", rng=np.random.default_rng(seed), trees=30,
            resamples=20, refits=2,
        )  # fmt: skip

    # Rows in another order are the same record.
    first, again, other = made(5), made(5, -1), made(6)
    pd.testing.assert_frame_equal(first.daily, again.daily)
    pd.testing.assert_frame_equal(first.scores, again.scores)
    assert np.array_equal(first.draws, again.draws)
    assert not np.array_equal(first.draws, other.draws)


def test_days_without_weather_are_left_out_and_counted(
    city: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame],
) -> None:
    daily, weather, _ = city[0].copy(), city[1].copy(), city[2]
    weather.loc["2017-03-01":"2017-03-31", "wind"] = np.nan
    weather = weather.drop(weather.loc["2018-07-01":"2018-07-20"].index)
    daily.loc["2018-07-11":"2018-07-30", "pm25"] = np.nan
    found = weather_normalise(daily, weather, "pm25", **QUICK)  # type: ignore[arg-type]
    rows = found.model.rows
    assert (rows.no_value, rows.no_weather, len(rows.days)) == (20, 31 + 10, 1461 - 61)
    table = found.daily
    assert len(table) == 1461
    assert table["normalised"].notna().all()
    assert table["modelled"].isna().sum() == 61
    assert table.loc["2017-03-10", "observed"] == daily.loc["2017-03-10", "pm25"]
    assert found.change(2018, 2017).days_last == 365 - 30
    assert found.monthly["days"]["2018-07-01"] == 11
    assert found.monthly["lower"].isna().all()
    assert "20 days without a value and 41 without weather are not filled" in found.words_en
    assert "缺监测值 20 天、缺气象 41 天" in found.words_zh
    assert "no days were held out" in found.words_en and "未做留出检验" in found.words_zh


def test_a_constant_series_has_no_weather_in_it(
    city: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame],
) -> None:
    daily = city[0].assign(pm25=30.0)
    found = weather_normalise(daily, city[1], "pm25", trees=30, resamples=20, refits=2)
    assert found.daily["normalised"].to_numpy() == pytest.approx(30.0)
    change = found.change(2019, 2018)
    assert (change.weather, change.emissions, change.remainder) == pytest.approx(
        (0, 0, 0), abs=1e-9
    )
    assert np.isnan(found.scores["r2"]["left_out"])
    assert "R² —" in found.words_en
    assert found.chance_above(75.0).max() == 0.0


def test_the_effect_of_wind_and_of_nothing(found: WeatherNormalised) -> None:
    wind = found.partial_dependence("wind", points=7)
    assert (np.diff(wind["effect"]) < 1.0).all()
    assert wind["effect"].iloc[0] > 1.5 * wind["effect"].iloc[-1]
    with pytest.raises(UsageError, match="no weather item rain"):
        found.partial_dependence("rain")


def test_boosted_trees_split_the_change_as_well(
    city: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame],
) -> None:
    years = city[2].groupby(city[2].index.year).mean()
    found = weather_normalise(city[0], city[1], "pm25", method="boosting", **QUICK)  # type: ignore[arg-type]
    change = found.change(2019, 2018)
    assert change.emissions == pytest.approx(years["normal"][2019] - years["normal"][2018], abs=1.5)
    assert "gradient-boosted" in found.words_en and "梯度提升树" in found.words_zh


def test_a_random_split_is_said_to_hide_error(
    city: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame], found: WeatherNormalised
) -> None:
    shuffled = weather_normalise(
        city[0], city[1], "pm25", trees=30, resamples=20, refits=0, validation="random",
        trend="in_trees", name="PM2.5 (city)", unit="ug",
    )  # fmt: skip
    assert "hides the error of a forecast" in shuffled.words_en
    assert "掩盖预测误差" in shuffled.words_zh
    assert shuffled.settings.scale == "linear"
    assert shuffled.words_en.startswith("PM2.5 (city) in normal weather")
    assert "only earlier days used" in found.words_en and "只用此前数据" in found.words_zh
    assert "µg/m³" in found.change(2019, 2018).words_en


def test_a_record_that_cannot_be_normalised_is_refused_with_a_cure() -> None:
    daily, weather, _ = made_city(years=2)
    with pytest.raises(InputError, match=r"needs 600 days .* there are 500") as error:
        weather_normalise(daily[:500], weather, "pm25")
    assert "two years or more" in error.value.cure
    with pytest.raises(InputError, match="no item no2"):
        weather_normalise(daily, weather, "no2")
    with pytest.raises(InputError, match="no item rain"):
        weather_normalise(daily, weather, "pm25", weather_items=("wind", "rain"))
    with pytest.raises(InputError, match="no item at all"):
        weather_normalise(daily, weather[[]], "pm25")
    with pytest.raises(InputError, match="rain has no value from 2016-01-01"):
        weather_normalise(daily, weather.assign(rain=np.nan), "pm25")
    with pytest.raises(InputError, match="2016-01-01 occurs more than once in the weather"):
        weather_normalise(daily, pd.concat([weather[:1], weather]), "pm25")
    with pytest.raises(InputError, match="an index of"):
        weather_normalise(daily.reset_index(drop=True), weather, "pm25")
    with pytest.raises(InputError, match="are no numbers"):
        weather_normalise(daily, weather.assign(wind="calm"), "pm25")
    with pytest.raises(InputError, match="no daily value"):
        weather_normalise(daily * np.nan, weather, "pm25")
    without = daily[daily.index.month != 2]
    with pytest.raises(InputError, match="No February"):
        weather_normalise(without, weather, "pm25")
    zero = daily.copy()
    zero.iloc[9] = 0.0
    with pytest.raises(InputError, match="2016-01-10 is 0, which has no logarithm") as error:
        weather_normalise(zero, weather, "pm25", trees=30)
    assert 'scale="linear"' in error.value.cure


@pytest.mark.parametrize(
    "setting",
    [{"method": "neural"}, {"trend": "none"}, {"scale": "sqrt"}, {"trees": 5}, {"window": 3},
     {"resamples": 5}, {"refits": 1}, {"level": 1.0}, {"validation": "monthly"}],
    ids=lambda s: next(iter(s)),
)  # fmt: skip
def test_settings_without_a_meaning(setting: dict[str, object]) -> None:
    daily, weather, _ = made_city(years=2)
    with pytest.raises(UsageError) as error:
        weather_normalise(daily, weather, "pm25", **{"trees": 30, "resamples": 20, **setting})  # type: ignore[arg-type]
    assert error.value.cure


def test_without_scikit_learn_the_cure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    daily, weather, _ = made_city(years=2)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(UsageError, match="needs scikit-learn") as error:
        weather_normalise(daily, weather, "pm25")
    assert 'pip install "forecast[challengers]"' in error.value.cure


def test_the_published_scores_of_rmweather(real_data: Path) -> None:
    """README of rmweather: R² 0.76, RMSE 16.2 on a random fifth of London's NO2."""
    table = pd.read_csv(
        real_data / "reference" / "rmweather_data_london.csv.gz", encoding="utf-8",
        parse_dates=["date"],
    )  # fmt: skip
    days = table[table["variable"] == "no2"].set_index("date")
    rows = weather_rows(days["value"], days[["air_temp", "atmospheric_pressure", "rh", "wd", "ws"]])
    settings = WeatherSettings(trend="in_trees", scale="linear", trees=50)
    held = hold_out(rows, settings, "random", np.random.default_rng(1))
    assert held is not None
    assert held.scores["r2"] == pytest.approx(0.76, abs=0.03)
    assert held.scores["rmse"] == pytest.approx(16.2, abs=1.0)
