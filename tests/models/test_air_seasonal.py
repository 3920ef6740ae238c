"""The seasonal air model: known truths, invariances, gaps, and calibration on made cities."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from forecast.models import AirSeasonal
from forecast.models.air_seasonal import MIN_DAYS
from forecast.models.pooled import AirPooled, shipped_air
from forecast.standards.items import AIR_ITEMS

LEVELS = np.array([12.0, 35.0, 80.0, 45.0, 0.9, 95.0])
SEASON = np.array([0.4, 0.3, 0.3, 0.4, 0.3, -0.4])


def made_city(
    seed: int, *, years: float = 3.0, year_sd: float = 0.0, first: str = "2013-01-01"
) -> pd.DataFrame:
    """Six items with season, common weather of two days' memory, and a shock for each year."""
    rng = np.random.default_rng(seed)
    days = np.datetime64(first, "D") + np.arange(round(years * 365.25))
    n = len(days)
    weather = np.zeros((n, 6))
    step = 0.35 * (0.6 * rng.standard_normal((n, 1)) + 0.8 * rng.standard_normal((n, 6)))
    for t in range(1, n):
        weather[t] = 0.5 * weather[t - 1] + step[t]
    shock = year_sd * rng.standard_normal((round(years) + 2, 6))
    year = (days.astype("datetime64[Y]") - days[0].astype("datetime64[Y]")).astype(int)
    angle = 2 * np.pi * (np.arange(n) % 365.25) / 365.25
    logs = np.log(LEVELS) + SEASON * np.cos(angle)[:, None] + weather + shock[year]
    return pd.DataFrame(np.exp(logs), index=pd.DatetimeIndex(days), columns=list(AIR_ITEMS))


def year_ahead(
    history: pd.DataFrame,
    *,
    n_paths: int = 200,
    seed: int = 1,
    days: int = 365,
    pooled: AirPooled | None = None,
) -> tuple[AirSeasonal, NDArray[np.float32]]:
    """Paths of the days after ``history``."""
    model = AirSeasonal("made", pooled=pooled).fit(history)
    assert model.last_day is not None
    ahead = model.last_day + np.arange(1, days + 1)
    return model, model.sample(ahead, n_paths, np.random.default_rng(seed)).values


def trendless() -> AirPooled:
    """The shipped figures without the trends of real cities: made cities have none."""
    pooled = shipped_air()
    priors = {item: replace(p, trend=(0.0, p.trend[1])) for item, p in pooled.priors.items()}
    return replace(pooled, priors=priors)


def test_paths_hold_what_was_asked_for() -> None:
    """Shape, type, items, places, times and the name of the model are those of the request."""
    model = AirSeasonal("made").fit(made_city(1))
    days = np.arange("2016-02-01", "2016-03-01", dtype="datetime64[D]")
    paths = model.sample(days, 7, np.random.default_rng(0))
    assert paths.values.shape == (7, 29, 6)
    assert paths.values.dtype == np.float32
    assert paths.items == AIR_ITEMS
    assert paths.places == ("made",) * 6
    assert (paths.times == days).all()
    assert paths.model == "seasonal"


def test_a_known_city_is_forecast() -> None:
    """The median annual mean of a stationary city is within 10 % of its long-run mean."""
    history = made_city(5, years=4)
    _, values = year_ahead(history, pooled=trendless())
    median = np.median(values.mean(axis=1), axis=0)
    assert np.all(np.abs(median / history.mean().to_numpy() - 1) < 0.1)


def test_season_and_weekly_noise_are_kept() -> None:
    """January is above July for PM2.5 and below for ozone, and days scatter as in the past."""
    history = made_city(6)
    _, values = year_ahead(history)
    month = (np.datetime64("2016-01-01") + np.arange(365)).astype("datetime64[M]").astype(int) % 12
    january, july = values[:, month == 0].mean((0, 1)), values[:, month == 6].mean((0, 1))
    assert january[3] > 1.5 * july[3]
    assert january[5] < july[5] / 1.5
    past = np.log(history.to_numpy()).std(axis=0)
    assert np.all(np.abs(np.log(values).std(axis=1).mean(axis=0) / past - 1) < 0.15)


def test_items_move_together_as_in_the_past() -> None:
    """Correlation of PM2.5 and PM10 of the same day survives."""
    history = made_city(7)
    logs = np.log(history.to_numpy())
    _, values = year_ahead(history)
    drawn = np.log(values[:20]).reshape(-1, 6)
    past = np.corrcoef(logs, rowvar=False)[2, 3]
    assert np.corrcoef(drawn, rowvar=False)[2, 3] == pytest.approx(past, abs=0.08)


def test_the_present_state_matters_for_days_only() -> None:
    """After a hazy week tomorrow is hazy too, and half a year later nothing of it is left."""
    history = made_city(8)
    hazy = history.copy()
    hazy.iloc[-5:] *= 2.5
    _, plain = year_ahead(history, n_paths=400)
    _, after = year_ahead(hazy, n_paths=400)
    ratio = np.median(after[:, :, 3], axis=0) / np.median(plain[:, :, 3], axis=0)
    assert ratio[0] > 1.3
    assert abs(ratio[180:].mean() - 1) < 0.08


def test_coverage_on_made_cities_is_within_binomial_bounds() -> None:
    """90 % intervals of annual means of cities with year shocks cover as they should.

    60 cities, of which 6 items share the weather; the slow error is that of real cities, so
    coverage may be above but not below: P(X <= 46) < 0.001 for X binomial (60, 0.9).
    """
    hits = np.zeros(6)
    for seed in range(60):
        record = made_city(100 + seed, years=4, year_sd=0.06)
        truth = record.iloc[-365:].mean().to_numpy()
        _, values = year_ahead(record.iloc[:-365], n_paths=100, seed=seed, pooled=trendless())
        low, high = np.quantile(values.mean(axis=1), [0.05, 0.95], axis=0)
        hits += (truth >= low) & (truth <= high)
    assert np.all(hits > 46)
    # Not so wide that the answer says nothing.
    assert hits.sum() < 6 * 60


def test_same_generator_same_paths_and_another_one_others() -> None:
    """Paths are a function of history, days, number and generator, and of nothing else."""
    history = made_city(9, years=2)
    _, one = year_ahead(history, n_paths=20, seed=3)
    _, again = year_ahead(history, n_paths=20, seed=3)
    _, other = year_ahead(history, n_paths=20, seed=4)
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_row_order_does_not_matter(seed: int) -> None:
    """Shuffled rows give the same paths."""
    history = made_city(10, years=1.5)
    order = np.random.default_rng(seed).permutation(len(history))
    _, one = year_ahead(history, n_paths=5)
    _, other = year_ahead(history.iloc[order], n_paths=5)
    assert np.array_equal(one, other)


@settings(max_examples=5, deadline=None)
@given(st.sampled_from([0.001, 0.1, 10.0, 1000.0]))
def test_units_scale_paths(factor: float) -> None:
    """Readings in other units give the same paths in those units."""
    history = made_city(11, years=1.5)
    _, one = year_ahead(history, n_paths=20)
    _, other = year_ahead(history * factor, n_paths=20)
    np.testing.assert_allclose(other, one * factor, rtol=2e-4)


def test_days_may_be_asked_for_in_any_order_and_part() -> None:
    """A day's values do not depend on which other days before the last one were asked for."""
    model = AirSeasonal().fit(made_city(12, years=2))
    assert model.last_day is not None
    ahead = model.last_day + np.arange(1, 61)
    whole = model.sample(ahead, 10, np.random.default_rng(1)).values
    part = model.sample(ahead[[59, 10]], 10, np.random.default_rng(1)).values
    assert np.array_equal(part, whole[:, [59, 10]])


def test_a_day_already_seen_is_refused() -> None:
    """What was observed is never drawn."""
    model = AirSeasonal().fit(made_city(13, years=1))
    assert model.last_day is not None
    with pytest.raises(ValueError, match="after the last reading"):
        model.sample(np.array([model.last_day]), 5, np.random.default_rng(0))


def test_a_day_twice_is_refused() -> None:
    """Two rows for a day can't both be right."""
    history = made_city(14, years=1)
    with pytest.raises(ValueError, match="twice"):
        AirSeasonal().fit(pd.concat([history, history.iloc[:1]]))


def _without_an_item(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(co=np.nan)


def _without_a_month(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[(frame.index < "2014-07-01") | (frame.index > "2014-07-31")]


def _one_year(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.iloc[-365:]


def _eighty_days(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.iloc[-80:]


def _constant(frame: pd.DataFrame) -> pd.DataFrame:
    return frame * 0.0 + 7.0


def _with_zeros(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.mask(np.tile(np.arange(len(frame))[:, None] % 50 == 3, 6), 0.0)


def _full_of_holes(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.mask(np.random.default_rng(0).random(frame.shape) < 0.5)


def _items_never_together(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.mask(np.arange(len(frame))[:, None] % 6 != np.arange(6)[None, :])


def _one_wild_day(frame: pd.DataFrame) -> pd.DataFrame:
    wild = frame.copy()
    wild.iloc[200] *= 1000
    return wild


@pytest.mark.parametrize(
    "change",
    [
        _without_an_item, _without_a_month, _one_year, _eighty_days, _constant, _with_zeros,
        _full_of_holes, _items_never_together, _one_wild_day,
    ],
)  # fmt: skip
def test_bad_records_still_give_possible_air(change: object) -> None:
    """Whatever is missing, every drawn value is positive, finite and below the cap."""
    assert callable(change)
    history = change(made_city(15))
    model, values = year_ahead(history, n_paths=50)
    assert model.items
    assert np.isfinite(values).all()
    assert (values > 0).all()
    assert (values <= 3.001 * history[list(model.items)].max().to_numpy()).all()


def test_an_item_with_too_few_days_is_left_out_and_the_others_are_not() -> None:
    """59 valid days are not modelled, 60 are; no item at all gives no columns and no error."""
    history = made_city(16, years=2)
    history.loc[history.index[MIN_DAYS - 1] :, "co"] = np.nan
    history.loc[history.index[MIN_DAYS] :, "so2"] = np.nan
    model, values = year_ahead(history, n_paths=5)
    assert model.items == ("so2", "no2", "pm10", "pm25", "o3_8h")
    assert values.shape[2] == 5
    empty = AirSeasonal().fit(history * np.nan)
    days = np.arange("2020-01-01", "2020-01-03", dtype="datetime64[D]")
    assert empty.items == ()
    assert empty.sample(days, 3, np.random.default_rng(0)).values.shape == (3, 2, 0)


def test_one_year_of_data_is_no_reason_to_be_sure() -> None:
    """The annual mean from one year is about as uncertain as from four, and more without a year."""
    record = made_city(17, years=4)
    spread = {}
    for days in (80, 365, 4 * 365):
        _, values = year_ahead(record.iloc[-days:], n_paths=800)
        spread[days] = np.log(values.mean(axis=1)).std(axis=0)
    assert spread[365].mean() > 0.9 * spread[4 * 365].mean()
    assert spread[80].mean() > 1.2 * spread[4 * 365].mean()
    assert np.all(spread[4 * 365] > 0.03)


def test_the_second_year_is_less_certain_than_the_first() -> None:
    """Spread grows with the lead."""
    _, values = year_ahead(made_city(18), n_paths=300, days=730)
    first = np.log(values[:, :365].mean(axis=1)).std(axis=0)
    second = np.log(values[:, 365:].mean(axis=1)).std(axis=0)
    assert np.all(second > first)


def test_the_change_of_reference_state_is_a_step_and_no_trend() -> None:
    """Gases that step down by 8.4 % on 2018-09-01 and are level otherwise stay level after."""
    history = made_city(19, years=4, first="2016-01-01")
    gases = ["so2", "no2", "co", "o3_8h"]
    history.loc["2018-09-01":, gases] *= 0.916
    _, values = year_ahead(history, n_paths=300)
    recent = history.loc["2019-01-01":].mean().to_numpy()
    ratio = np.median(values.mean(axis=1), axis=0) / recent
    assert np.all(np.abs(ratio[[0, 1, 4, 5]] - 1) < 0.2)


def test_pooled_tables_are_whole() -> None:
    """Every item has its priors, a slow error at each lead, and a correlation matrix."""
    pooled = shipped_air()
    assert set(pooled.priors) == set(AIR_ITEMS) == set(pooled.slow_sd)
    names, matrix = pooled.correlation
    assert set(names) == set(AIR_ITEMS)
    np.testing.assert_allclose(matrix, matrix.T)
    np.testing.assert_allclose(np.diag(matrix), 1.0)
    for prior in pooled.priors.values():
        assert 0 < prior.slow_share + prior.fast_share <= 1
        assert prior.trend[1] > 0
    assert set(pooled.slow_short) == {1, 2}
    for item, points in pooled.slow_sd.items():
        for years in (1, 2):
            shorter = pooled.slow_points(item, years)
            assert all(a >= b for (_, a), (_, b) in zip(shorter, points, strict=True))
        leads = [lead for lead, _ in points]
        assert leads == sorted(leads)
        assert all(0 < sd < 1 for _, sd in points)


def test_the_pooled_trend_fades_after_the_panel() -> None:
    """All of it up to the end of the panel, half three years later."""
    pooled = shipped_air()
    assert pooled.trend_kept(np.datetime64("2016-01-01")) == 1.0
    assert pooled.trend_kept(np.datetime64("2023-11-18")) == pytest.approx(0.5, abs=0.01)
