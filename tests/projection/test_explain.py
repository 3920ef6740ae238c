"""What moved a forecast: parts that add up, and sentences that say it."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.models.air_seasonal import AirSeasonal
from forecast.projection.air import project_air
from forecast.projection.explain import PARTS_OF_REST, split_parts
from forecast.projection.explained_words import days_words, mean_words
from forecast.projection.result import IndicatorResult
from forecast.projection.settings import Settings
from forecast.standards.items import AIR_ITEMS

LEVELS = dict(zip(AIR_ITEMS, (10.0, 30.0, 70.0, 40.0, 0.8, 95.0), strict=True))


def readings(first: str, last: str, *, winter: float = 0.5, noise: float = 0.3) -> pd.DataFrame:
    """A made city: a winter high (ozone in summer), noise shared by the items."""
    rng = np.random.default_rng(11)
    days = pd.date_range(first, last)
    season = np.cos(2 * np.pi * (days.day_of_year.to_numpy() - 15) / 365.25)
    shared = noise * rng.standard_normal(len(days))
    rows = []
    for item, level in LEVELS.items():
        swing = -winter if item == "o3_8h" else winter
        value = level * np.exp(swing * season + shared)
        rows.append(pd.DataFrame({"date": days, "item": item, "value": value.round(2)}))
    return pd.concat(rows, ignore_index=True).assign(basis="actual")


@pytest.fixture(scope="module")
def results() -> dict[str, IndicatorResult]:
    settings = Settings(date(2022, 6, 30), 2022, n_paths=300)
    found = project_air("城", "城", readings("2018-01-01", "2022-06-30"), settings, tracks=False)
    return {r.indicator: r for r in found.results}


logs_ = st.floats(-1.0, 1.0)


@given(st.floats(0.1, 500.0), logs_, logs_, logs_, logs_)
def test_parts_add_up_and_multiply_to_the_rest(
    rest: float, season: float, state: float, trend: float, calendar: float
) -> None:
    logs = dict(zip(PARTS_OF_REST, (season, state, trend, calendar), strict=True))
    typical, added = split_parts(rest, logs)
    assert typical + sum(added.values()) == pytest.approx(rest, rel=1e-9)
    assert typical * np.exp(sum(logs.values())) == pytest.approx(rest, rel=1e-9)
    for part, log in logs.items():
        assert np.sign(added[part]) == np.sign(log)


def test_parts_by_hand() -> None:
    """Doubled by the season, halved by the trend: the same size with both signs, and no change."""
    two = float(np.log(2.0))
    typical, added = split_parts(
        30.0, {"season": two, "state": 0.0, "trend": -two, "calendar": 0.0}
    )
    assert typical == pytest.approx(30.0)
    assert added["season"] == pytest.approx(30.0 * two)
    assert added["trend"] == pytest.approx(-30.0 * two)


def test_every_mean_adds_up_on_real_paths(results: dict[str, IndicatorResult]) -> None:
    for item in ("pm25", "pm10", "so2", "no2"):
        result = results[f"{item}_annual_mean"]
        told = result.explain
        assert told is not None and result.samples is not None
        parts, rest = told["parts"], told["rest"]["median"]
        assert parts["typical"] + sum(parts["added"].values()) == pytest.approx(rest, rel=1e-8)
        assert float(np.prod(list(parts["factors"].values()))) == pytest.approx(rest, rel=1e-8)
        # 181 days so far and 184 to come make the median of the year.
        year = (181 * told["so_far"]["mean"] + 184 * rest) / 365
        assert year == pytest.approx(told["year"], rel=1e-8)
        assert year == pytest.approx(float(np.median(result.samples)), rel=1e-8)
        before = told["last_year"]
        moved = before["from_so_far"] + before["from_rest"] + before["from_gaps"]
        assert moved == pytest.approx(before["change"], abs=1e-6)
        assert before["change"] == pytest.approx(told["year"] - before["value"], abs=1e-6)


def test_last_years_parts_are_those_of_the_readings(results: dict[str, IndicatorResult]) -> None:
    """181/365 of the gap of the two first halves, 184/365 of that of the second ones."""
    made = readings("2018-01-01", "2022-06-30")
    own = made[made["item"] == "pm25"].set_index("date")["value"]
    told = results["pm25_annual_mean"].explain
    assert told is not None
    before = told["last_year"]
    first = own["2022-01-01":"2022-06-30"].mean() - own["2021-01-01":"2021-06-30"].mean()
    second = told["rest"]["median"] - own["2021-07-01":"2021-12-31"].mean()
    assert before["value"] == pytest.approx(own["2021"].mean(), rel=1e-8)
    assert before["from_so_far"] == pytest.approx(181 / 365 * first, abs=1e-6)
    assert before["from_rest"] == pytest.approx(184 / 365 * second, abs=1e-6)
    assert before["from_gaps"] == pytest.approx(0.0, abs=1e-6)


def test_past_rests_are_those_of_the_readings(results: dict[str, IndicatorResult]) -> None:
    made = readings("2018-01-01", "2022-06-30")
    own = made[made["item"] == "pm25"].set_index("date")["value"]
    halves = [own[f"{y}-07-01" : f"{y}-12-31"].mean() for y in range(2018, 2022)]
    rest = results["pm25_annual_mean"].rest
    assert rest is not None
    assert rest["past_years"] == 4
    assert rest["past_lowest"] == pytest.approx(min(halves), rel=1e-8)
    assert rest["past_highest"] == pytest.approx(max(halves), rel=1e-8)


def test_bad_days_so_far_and_to_come_make_the_ratio(results: dict[str, IndicatorResult]) -> None:
    result = results["good_day_ratio"]
    told = result.explain
    assert told is not None and result.samples is not None
    expected = told["rest"]["expected"]
    bad = told["so_far"]["bad"]
    assert 100 * (365 - bad - expected) / 365 == pytest.approx(result.samples.mean(), abs=1e-6)
    assert sum(told["by_item"].values()) == pytest.approx(expected, rel=1e-6)
    assert sum(told["by_month"].values()) == pytest.approx(expected, rel=1e-6)
    assert sum(told["so_far"]["by_item"].values()) == pytest.approx(bad)
    assert set(told["by_month"]) <= {"7", "8", "9", "10", "11", "12"}


def test_the_item_that_is_always_over_leads() -> None:
    made = readings("2019-01-01", "2022-06-30", noise=0.1)
    high = made["item"] == "no2"
    made.loc[high, "value"] = made.loc[high, "value"] * 5
    settings = Settings(date(2022, 6, 30), 2022, n_paths=60)
    found = project_air("城", "城", made, settings, tracks=False)
    told = next(r for r in found.results if r.indicator == "good_day_ratio").explain
    assert told is not None
    assert next(iter(told["by_item"])) == "no2"
    assert "二氧化氮" in told["text"] and "NO2" in told["text_en"]


def test_the_parts_of_the_model_are_what_it_draws() -> None:
    """Without noise there is nothing but the parts: they give the drawn days back."""
    days = pd.date_range("2018-01-01", "2021-12-31")
    season = 0.4 * np.cos(2 * np.pi * (days.day_of_year.to_numpy() - 15) / 365.25)
    rng = np.random.default_rng(2)
    value = 40 * np.exp(season + 0.02 * rng.standard_normal(len(days)))
    model = AirSeasonal("城").fit(pd.DataFrame({"pm25": value}, index=days))
    ahead = np.arange(np.datetime64("2022-01-01"), np.datetime64("2023-01-01"))
    whole = model.explain(ahead)["pm25"]
    assert set(whole) == {"level", "trend", "season", "calendar", "state"}
    paths = np.log(model.sample(ahead, 2000, np.random.default_rng(5)).values[:, :, 0])
    assert sum(whole.values()) == pytest.approx(float(np.median(paths.mean(axis=1))), abs=0.02)
    assert np.exp(whole["level"]) == pytest.approx(40.0, rel=0.05)
    january = model.explain(ahead[:31])["pm25"]
    july = model.explain(ahead[181:212])["pm25"]
    assert january["season"] == pytest.approx(0.4, abs=0.08)
    assert july["season"] == pytest.approx(-0.4, abs=0.08)


def test_a_departure_of_recent_days_fades() -> None:
    days = pd.date_range("2018-01-01", "2021-12-31")
    rng = np.random.default_rng(3)
    value = 40 * np.exp(0.3 * rng.standard_normal(len(days)))
    value[-10:] = 120.0
    model = AirSeasonal("城").fit(pd.DataFrame({"pm25": value}, index=days))
    first = np.datetime64("2022-01-01")
    state = [model.explain(np.array([first + k]))["pm25"]["state"] for k in (0, 5, 30, 200)]
    assert state[0] > 0.1
    assert state == sorted(state, reverse=True)
    assert abs(state[-1]) < 0.02


def test_explain_asks_for_days_ahead() -> None:
    made = readings("2020-01-01", "2021-12-31")
    history = made.pivot_table(index="date", columns="item", values="value")
    model = AirSeasonal("城").fit(history)
    with pytest.raises(ValueError, match="2021-12-31"):
        model.explain(np.array(["2021-12-31"], dtype="datetime64[D]"))
    with pytest.raises(ValueError, match="after"):
        model.explain(np.array([], dtype="datetime64[D]"))


def test_sentences_of_a_mean() -> None:
    told = {
        "unit": "µg/m³",
        "rest": {"days": 184, "median": 38.5, "low": 33.0, "high": 44.0,
                 "past_lowest": 36.0, "past_highest": 47.0, "past_years": 5},
        "so_far": {"days": 181, "mean": 40.1},
        "parts": {"typical": 40.0, "added": {"season": -2.0, "state": 0.04, "trend": 0.5}},
        "last_year": {"year": 2024, "value": 41.0, "so_far": 44.2, "rest": 38.0, "change": -1.8,
                      "from_so_far": -2.03, "from_rest": 0.25, "from_gaps": 0.0},
    }  # fmt: skip
    zh, en = mean_words(told, "2025-07-01")
    assert "比去年同期低4.1 → 全年−2.0" in zh and "往年同期余下时段36.0至47.0(5年)" in zh
    assert "4.1 lower than a year before: −2.0 on the year" in en
    assert "the season left −2.0" in en and "recent days" not in en
    assert "together −1.8 against last year (41.0)" in en
    first = {**told, "last_year": None, "parts": None, "rest": {**told["rest"], "past_years": 0}}
    zh, en = mean_words(first, "2025-07-01")
    assert "去年没有可比的数据" in zh and "no last year" in en and "往年" not in zh


def test_sentences_of_days() -> None:
    told = {
        "bound": 200,
        "rest": {"days": 92, "expected": 3.7, "low": 0, "high": 10,
                 "past_lowest": 3, "past_highest": 28, "past_years": 5},
        "so_far": {"days": 273, "bad": 2, "by_item": {"pm25": 1.5, "pm10": 0.5}},
        "by_item": {"pm25": 3.7},
        "by_month": {"11": 1.2, "12": 2.5},
    }  # fmt: skip
    zh, en = days_words(told)
    assert "今年以来273个有效日中有2个重污染天" in zh and "12月2.5" in zh
    assert "So far 2 heavily polluted days in 273 valid days" in en and "Dec 2.5" in en


def test_one_year_of_readings_has_no_last_year_to_compare() -> None:
    settings = Settings(date(2022, 6, 30), 2022, n_paths=60)
    found = project_air("城", "城", readings("2021-07-01", "2022-06-30"), settings, tracks=False)
    told = next(r for r in found.results if r.indicator == "pm25_annual_mean").explain
    assert told is not None
    assert told["last_year"] is None
    assert told["rest"]["past_years"] == 0 and told["rest"]["past_lowest"] is None
    assert "去年没有可比的数据" in told["text"]


def test_other_models_tell_the_year_without_the_parts() -> None:
    settings = Settings(date(2022, 6, 30), 2022, n_paths=20, model="past_years")
    found = project_air("城", "城", readings("2018-01-01", "2022-06-30"), settings, tracks=False)
    told = next(r for r in found.results if r.indicator == "pm25_annual_mean").explain
    assert told is not None
    assert told["parts"] is None and told["last_year"] is not None
