"""The seasonal model with weather: made effects are found, taken out, and put back whole."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_air import ahead_of, made_record
from numpy.typing import NDArray

from forecast.models.air_seasonal import AirSeasonal
from forecast.models.air_weather import AirWeather
from forecast.models.past_dates import Dates
from forecast.models.pooled import shipped_air
from forecast.models.registry import weather_model
from forecast.models.shared_draws import nation_draws, share_draws
from forecast.models.weather_effect import MIN_WEATHER_DAYS, ridge_effect, weather_days

WINDS = -0.15
DAMP = 0.2


def made_weather(
    index: pd.DatetimeIndex, seed: int, *, drift: NDArray[np.float64] | float = 0.0
) -> pd.DataFrame:
    """Wind and humidity with a season and a memory of some days; ``drift`` is added to the wind."""
    rng = np.random.default_rng(seed)
    noise = np.zeros((len(index), 2))
    shocks = rng.standard_normal(noise.shape)
    for t in range(1, len(index)):
        noise[t] = 0.6 * noise[t - 1] + 0.8 * shocks[t]
    season = np.cos(2 * np.pi * index.day_of_year.to_numpy() / 365.25)
    return pd.DataFrame(
        {"pressure": 1010 + 8 * season + 3 * (noise[:, 0] + drift), "rh": 60 - 10 * season + 12 * noise[:, 1]},
        index=index,
    )  # fmt: skip


def effect_of(weather: pd.DataFrame) -> NDArray[np.float64]:
    """The made effect on ln C: departures from the season times known coefficients."""
    season = np.cos(2 * np.pi * weather.index.day_of_year.to_numpy() / 365.25)
    pressure = (weather["pressure"].to_numpy() - 1010 - 8 * season) / 3
    damp = (weather["rh"].to_numpy() - 60 + 10 * season) / 12
    return WINDS * pressure + DAMP * damp


def made_pair(
    seed: int, *, years: float = 3.0, items: tuple[str, ...] = ("pm25",)
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A record and its weather."""
    record = made_record(seed, years=years, items=items, noise=0.25, phi=0.3)
    weather = made_weather(pd.DatetimeIndex(record.index), seed + 1000)
    return record.mul(np.exp(effect_of(weather)), axis=0), weather


def drawn(model: AirSeasonal, record: pd.DataFrame, days: int = 90, paths: int = 30) -> np.ndarray:
    """Paths of the days after a record."""
    fitted = model.fit(record)
    return fitted.sample(ahead_of(record, days), paths, np.random.default_rng(7)).values


def test_a_ridge_without_noise_gives_the_coefficients() -> None:
    """y = 3 + 2·a − b exactly: the weakest ridge, 1e-4 of the days, takes 1e-4 off."""
    rng = np.random.default_rng(1)
    x = rng.standard_normal((400, 2))
    found = ridge_effect(x, 3.0 + x @ [2.0, -1.0], np.ones((400, 1)))
    assert found == pytest.approx([2.0, -1.0], rel=5e-4)


def test_a_ridge_explains_little_of_noise() -> None:
    """Thirty useless columns with a memory of five days: less than half of what plain ones take."""
    rng = np.random.default_rng(2)
    x = np.cumsum(rng.standard_normal((605, 30)), axis=0)
    x = x[5:] - x[:-5]
    ridge, plain = [], []
    for _ in range(5):
        y = np.convolve(rng.standard_normal(604), np.ones(5), mode="valid")
        ridge.append((x @ ridge_effect(x, y, np.ones((600, 1)))).var() / y.var())
        plain.append((x @ np.linalg.lstsq(x, y, rcond=None)[0]).var() / y.var())
    assert np.mean(ridge) < 0.5 * np.mean(plain)


def test_columns_that_stand_still_explain_nothing() -> None:
    """What the columns beside them hold already has a coefficient of 0."""
    y = np.random.default_rng(3).standard_normal(50)
    assert ridge_effect(np.ones((50, 2)), y, np.ones((50, 1))).tolist() == [0.0, 0.0]


def test_a_made_effect_is_recovered() -> None:
    """The effect of each day is that which was made: slope 1, error under a fifth of its sd of 0.25.

    Six coefficients from 1,100 days of noise 0.25 that lasts: 0.25·√(6·1.9/1100) = 0.025 at least.
    """
    record, weather = made_pair(3, items=("pm25", "o3_8h"))
    model = AirWeather(weather=weather).fit(record)
    assert list(model.effects.columns) == ["pm25", "o3_8h"]
    truth = effect_of(weather)
    for item in model.items:
        found = model.effects[item].to_numpy()
        assert np.polyfit(truth, found, 1)[0] == pytest.approx(1.0, abs=0.08)
        assert np.std(found - truth) < 0.05


def test_regressors_are_named_quantities_with_their_memory() -> None:
    """Two wind components and their speed, rain and whether it rained: five, each thrice."""
    index = pd.date_range("2015-01-01", periods=400)
    rng = np.random.default_rng(4)
    table = pd.DataFrame(rng.gamma(1.0, 2.0, (400, 3)), index, ["wind_u", "wind_v", "precip"])
    table["precip"] = table["precip"].where(table["precip"] > 2.0, 0.0)
    days = index.to_numpy().astype("datetime64[D]")
    found = weather_days(table, days)
    assert found.values.shape == (400, 15)
    assert found.known.all()
    today, before, earlier = np.split(found.values, 3, axis=1)
    assert today.std(axis=0) == pytest.approx(np.ones(5), abs=0.01)
    assert np.array_equal(before[1:], today[:-1])
    assert earlier[5] == pytest.approx((today[3] + today[2]) / 2)


def test_an_odd_year_shifts_the_forecast_less() -> None:
    """A last year windier by 0.45 deviations takes off ln C; with weather a third of that shift.

    The same record with an ordinary last year says what the shift is.
    """
    shifts: dict[str, list[float]] = {"with": [], "without": []}
    for seed in range(3):
        plain = made_record(seed, years=4, noise=0.25, phi=0.3)
        index = pd.DatetimeIndex(plain.index)
        long = pd.date_range(index[0] - pd.Timedelta(days=2000), index[-1])
        days = ahead_of(plain, 365)
        said: dict[str, list[float]] = {"with": [], "without": []}
        for drift in (0.45, 0.0):
            odd = np.where(np.arange(len(long)) >= len(long) - 365, drift, 0.0)
            weather = made_weather(long, seed + 50, drift=odd)
            record = plain.mul(np.exp(effect_of(weather.loc[index])), axis=0)
            for name, model in (("with", AirWeather(weather=weather)), ("without", AirSeasonal())):
                said[name].append(sum(model.fit(record).explain(days)["pm25"].values()))
        for name, (with_drift, ordinary) in said.items():
            shifts[name].append(with_drift - ordinary)
    assert np.mean(shifts["without"]) < -0.03
    assert abs(np.mean(shifts["with"])) < np.mean(np.abs(shifts["without"])) / 3


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([np.nan, 0.0, 1e4]))
def test_weather_after_the_last_reading_changes_nothing(seed: int, odd: float) -> None:
    """Whatever came later, or is forecast, or is not there: the same paths."""
    record, weather = made_pair(6, years=1.2)
    rng = np.random.default_rng(seed)
    later = pd.date_range(record.index[-1] + pd.Timedelta(days=1), periods=60)
    table = pd.DataFrame(rng.normal(900, 300, (60, 2)), later, list(weather.columns))
    table = table.where(rng.random((60, 2)) < 0.7, odd)
    after = pd.concat([weather, table]).sample(frac=1.0, random_state=seed)
    assert np.array_equal(
        drawn(AirWeather(weather=weather), record), drawn(AirWeather(weather=after), record)
    )


def test_days_without_weather_keep_their_reading() -> None:
    """Every third day unknown: its effect is missing, the others' is found, all is drawn."""
    record, weather = made_pair(7)
    unknown = np.arange(len(weather)) % 3 == 0
    for holes in (weather[~unknown], weather.mask(np.stack([unknown] * 2, axis=1))):
        model = AirWeather(weather=holes).fit(record)
        effects = model.effects["pm25"]
        assert (effects.isna().to_numpy() == unknown).all()
        truth = effect_of(weather)[~unknown]
        assert np.corrcoef(truth, effects.dropna())[0, 1] > 0.97
        values = model.sample(ahead_of(record, 90), 30, np.random.default_rng(7)).values
        assert np.isfinite(values).all() and (values > 0).all()


def test_a_column_that_is_often_missing_costs_no_days() -> None:
    """Humidity on two days of three is left out; pressure alone speaks on every day."""
    record, weather = made_pair(7)
    unknown = np.arange(len(weather)) % 3 == 0
    some = AirWeather(weather=weather.assign(rh=weather["rh"].mask(unknown))).fit(record)
    alone = AirWeather(weather=weather[["pressure"]]).fit(record)
    assert not some.effects["pm25"].isna().any()
    pd.testing.assert_frame_equal(some.effects, alone.effects)


def test_gaps_of_readings_and_weather_are_drawn_over() -> None:
    """A year of neither and a month without readings still give possible air."""
    record, weather = made_pair(8, years=4, items=("pm25", "so2"))
    record.loc["2015-03":"2016-02"] = np.nan
    record.loc["2016-06", "so2"] = np.nan
    weather = weather.drop(weather.loc["2015-03":"2016-02"].index)
    values = drawn(AirWeather(weather=weather), record, 200)
    assert np.isfinite(values).all()
    assert (values <= 3.001 * record.max().to_numpy()).all()


@pytest.mark.parametrize("kind", ["none", "short", "constant", "visibility", "later", "missing"])
def test_without_usable_weather_it_is_the_seasonal_model(kind: str) -> None:
    """Not one bit differs, whatever the reason; the paths keep the model's own name."""
    record, weather = made_pair(9, items=("pm25", "co"))
    table = {
        "none": weather.iloc[:0],
        "short": weather.iloc[: MIN_WEATHER_DAYS - 1],
        "constant": weather * 0.0 + 5.0,
        "visibility": weather[["rh"]].rename(columns={"rh": "visibility"}),
        "later": weather.set_axis(weather.index + pd.Timedelta(days=3000)),
        "missing": weather * np.nan,
    }[kind]
    model = AirWeather("here", weather=table)
    assert np.array_equal(drawn(model, record), drawn(AirSeasonal("here"), record))
    assert model.effects.empty
    days = ahead_of(record, 2)
    assert model.sample(days, 2, np.random.default_rng(0)).model == "seasonal_weather"


def test_same_generator_same_paths_and_nothing_global() -> None:
    """Paths follow from record, weather and generator; neither table is changed."""
    record, weather = made_pair(10, years=1.5, items=("pm25", "co"))
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    kept = record.copy(), weather.copy()
    one = drawn(AirWeather(weather=weather), record)
    again = drawn(AirWeather(weather=weather), record.iloc[::-1].iloc[::-1])
    assert np.array_equal(one, again)
    assert not np.array_equal(one, drawn(AirSeasonal(), record))
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    pd.testing.assert_frame_equal(record, kept[0])
    pd.testing.assert_frame_equal(weather, kept[1])


def test_a_model_can_be_fitted_again() -> None:
    """Nothing of the first record is left in the second."""
    record, weather = made_pair(11, years=1.5)
    other, _ = made_pair(12, years=0.3)
    model = AirWeather(weather=weather).fit(record)
    assert np.array_equal(drawn(model, other), drawn(AirSeasonal(), other))
    empty = model.fit(record * np.nan)
    assert (empty.items, empty.last_day) == ((), None)


def test_drawn_days_scatter_as_days_did() -> None:
    """The weather that was taken out comes back: the scatter within a year is that of the record."""
    record, weather = made_pair(13, years=4)
    day = np.cos(2 * np.pi * record.index.day_of_year.to_numpy() / 365.25)
    truth = float((np.log(record["pm25"]) - 0.4 * day).std())
    values = np.log(drawn(AirWeather(weather=weather), record, 365, 100)[:, :, 0])
    ahead = np.cos(2 * np.pi * np.arange(1, 366) / 365.25)
    within = (values - 0.4 * ahead - values.mean(axis=1, keepdims=True)).std()
    assert within == pytest.approx(truth, rel=0.06)


def test_the_effect_of_the_drawn_date_itself_comes_back() -> None:
    """A date drawn twice brings the same effect, all items at once, less a smooth season."""
    record, weather = made_pair(14, items=("pm25", "co"))
    model = AirWeather(weather=weather).fit(record)
    dates = Dates(np.zeros((1, 5), np.int32), np.zeros(1, np.int64), np.zeros((1, 2), np.float32))
    beside = model._beside(dates, np.random.default_rng(0))
    assert len(beside) == 2
    for item, (effects, shifts) in zip(model.items, beside, strict=True):
        assert np.corrcoef(effects, model.effects[item])[0, 1] > 0.99
        assert abs(float(effects.mean())) < 1e-3
        assert (shifts == 0).all()


def test_ninety_percent_intervals_hold_on_made_cities() -> None:
    """Means of the next half year lie inside in 45 of 60 cities or more, and not always (0.75 to 1).

    With P = 0.9 fewer than 45 of 60 come once in 4,000 trials; made cities have no slow error, nor
    has the model here.
    """
    inside = 0
    for seed in range(60):
        whole, weather = made_pair(100 + seed, years=3.0)
        record, rest = whole.iloc[:-182], whole.iloc[-182:]
        model = weather_model({"x": weather}).make("x", dispersed=False).fit(record)
        days = rest.index.to_numpy().astype("datetime64[D]")
        means = model.sample(days, 100, np.random.default_rng(seed)).values[:, :, 0].mean(axis=1)
        low, high = np.quantile(means, [0.05, 0.95])
        inside += bool(low <= rest["pm25"].mean() <= high)
    assert inside >= 45


def test_places_of_a_group_share_the_weather_they_draw() -> None:
    """Two places with the same weather and own noise: days of one path move together."""
    start, end = np.datetime64("2017-01-01"), np.datetime64("2017-03-31")
    nation = nation_draws(np.random.default_rng(1), 40, shipped_air())
    shared = share_draws(
        nation, np.random.default_rng(2), first=np.datetime64("2013-06-01"),
        start=start, end=end, n_paths=40, pooled=shipped_air(),
    )  # fmt: skip
    days = np.arange(start, end + 1)
    values = []
    for seed in (1, 2):
        record = made_record(seed, years=3.0, noise=0.1)
        weather = made_weather(pd.DatetimeIndex(record.index), 5)
        record = record.mul(np.exp(effect_of(weather)), axis=0).loc[:"2016-12-31"]
        model = AirWeather(weather=weather, shared=shared).fit(record)
        assert not model.effects.empty
        values.append(np.log(model.sample(days, 40, np.random.default_rng(seed)).values[:, :, 0]))
    assert np.isfinite(values).all()
    one, two = (v - v.mean(axis=1, keepdims=True) for v in values)
    assert np.corrcoef(one.ravel(), two.ravel())[0, 1] > 0.6


def test_odd_weather_tables_are_refused() -> None:
    """A column that is no weather, a day that is there twice."""
    record, weather = made_pair(15, years=1.0)
    with pytest.raises(ValueError, match=r"\['wind'\] are no weather items.*wind_speed"):
        AirWeather(weather=weather.rename(columns={"rh": "wind"})).fit(record)
    with pytest.raises(ValueError, match="weather has a day twice"):
        AirWeather(weather=pd.concat([weather, weather.iloc[:1]])).fit(record)


def test_the_model_of_many_places_travels_and_knows_its_weather() -> None:
    """It can be pickled; a place without weather is forecast without; its hash is of the data."""
    record, weather = made_pair(16, years=1.5)
    model = weather_model({"here": weather, "there": weather * 1.01})
    assert (model.name, model.extra) == ("seasonal_weather", "")
    made = pickle.loads(pickle.dumps(model))
    assert np.array_equal(
        drawn(made.make("here"), record), drawn(AirWeather(weather=weather), record)
    )
    assert np.array_equal(drawn(made.make("nowhere"), record), drawn(AirSeasonal(), record))
    assert model.data == weather_model({"there": weather * 1.01, "here": weather}).data
    assert model.data != weather_model({"here": weather, "there": weather}).data


def test_it_is_scored_beside_the_model_without() -> None:
    """Past forecasts of both on the same rows, through the usual road."""
    from datetime import date

    from forecast.projection.hindcasts import backtest_frames

    record, weather = made_pair(17, years=3.0)
    rows = backtest_frames(
        {"here": record, "there": record}, [date(2015, 12, 31)],
        ["seasonal", weather_model({"here": weather})], ["pm25_annual_mean"], n_paths=60,
    )  # fmt: skip
    assert sorted(rows["model"]) == ["seasonal"] * 2 + ["seasonal_weather"] * 2
    means = rows[rows["place"] == "here"]["mean"]
    assert means.nunique() == 2
