"""A city projected: what is observed stays, what is decided is certain, nothing looks ahead."""

from __future__ import annotations

import pickle
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.projection.air import LATE_DAYS, project_air
from forecast.projection.air_drawing import undrawable
from forecast.projection.result import IndicatorResult
from forecast.projection.settings import Settings
from forecast.projection.streams import stream
from forecast.projection.summary import QUANTILES, summarise
from forecast.report.air_figures import air_jobs
from forecast.standards.items import AIR_ITEMS


def readings(first: str, last: str, *, seed: int = 3, pm25: float = 40.0) -> pd.DataFrame:
    """A made city: season, day-to-day noise shared by the items, every day present."""
    rng = np.random.default_rng(seed)
    days = pd.date_range(first, last)
    season = np.cos(2 * np.pi * (days.day_of_year.to_numpy() - 15) / 365.25)
    shared = 0.35 * rng.standard_normal(len(days))
    level = {
        "so2": (10, 0.4), "no2": (30, 0.3), "pm10": (1.8 * pm25, 0.4), "pm25": (pm25, 0.5),
        "co": (0.8, 0.3), "o3_8h": (95, -0.5),
    }  # fmt: skip
    parts = []
    for item in AIR_ITEMS:
        base, swing = level[item]
        value = base * np.exp(swing * season + shared + 0.1 * rng.standard_normal(len(days)))
        parts.append(
            pd.DataFrame(
                {
                    "date": days,
                    "item": item,
                    "value": np.round(value, 1 if item == "co" else 0).clip(0.1),
                    "basis": "actual",
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def named(results: list[IndicatorResult]) -> dict[str, IndicatorResult]:
    return {r.indicator: r for r in results}


def settings(as_of: str, year: int, n_paths: int = 200) -> Settings:
    return Settings(date.fromisoformat(as_of), year, n_paths=n_paths)


@pytest.fixture(scope="module")
def record() -> pd.DataFrame:
    return readings("2019-01-01", "2022-12-31")


def test_every_indicator_of_the_year_is_there(record: pd.DataFrame) -> None:
    found = project_air("城", "城", record, settings("2022-08-31", 2022))
    names = named(found.results)
    assert {"pm25_annual_mean", "good_day_ratio", "heavy_days", "composite_index"} <= set(names)
    for result in names.values():
        assert result.sufficient, result.reason
        assert result.samples is not None
        assert np.isfinite(result.samples).all()
    low, high = np.quantile(names["pm25_annual_mean"].samples, [0.05, 0.95])
    assert low < high


def test_readings_after_the_as_of_date_change_nothing(record: pd.DataFrame) -> None:
    until = record[record["date"] <= "2022-08-31"]
    ahead = project_air("城", "城", record, settings("2022-08-31", 2022))
    blind = project_air("城", "城", until, settings("2022-08-31", 2022))
    for a, b in zip(ahead.results, blind.results, strict=True):
        assert a.indicator == b.indicator
        assert a.observed == b.observed
        np.testing.assert_array_equal(a.samples, b.samples)
        assert a.baselines == b.baselines
        assert a.history == b.history


def test_the_order_of_rows_changes_nothing(record: pd.DataFrame) -> None:
    mixed = record.sample(frac=1.0, random_state=np.random.RandomState(5))
    a = project_air("城", "城", record, settings("2022-10-31", 2022), tracks=False)
    b = project_air("城", "城", mixed, settings("2022-10-31", 2022), tracks=False)
    for x, y in zip(a.results, b.results, strict=True):
        np.testing.assert_array_equal(x.samples, y.samples)


def test_a_year_that_is_over_has_no_forecast_and_the_plain_mean(record: pd.DataFrame) -> None:
    found = named(project_air("城", "城", record, settings("2022-12-31", 2022)).results)
    own = record[(record["item"] == "pm25") & (record["date"].dt.year == 2022)]["value"]
    result = found["pm25_annual_mean"]
    assert result.samples is None
    assert result.observed.value == pytest.approx(own.mean())
    assert result.observed.n_valid == result.observed.n_expected == 365


def test_two_days_before_year_end_little_is_open(record: pd.DataFrame) -> None:
    found = named(project_air("城", "城", record, settings("2022-12-29", 2022)).results)
    result = found["good_days"]
    assert result.samples is not None
    assert result.bounds is not None
    low, high = result.bounds
    assert high - low == 2
    assert result.samples.min() >= low
    assert result.samples.max() <= high


def test_bounds_hold_every_path(record: pd.DataFrame) -> None:
    for result in project_air("城", "城", record, settings("2022-06-30", 2022)).results:
        if result.bounds is None or result.judged is None:
            continue
        assert result.judged.min() >= result.bounds[0], result.indicator
        assert result.judged.max() <= result.bounds[1], result.indicator


def test_a_source_that_is_a_little_late_is_drawn_over_and_said(record: pd.DataFrame) -> None:
    late = record[record["date"] <= "2022-09-20"]
    found = project_air("城", "城", late, settings("2022-09-30", 2022))
    assert named(found.results)["pm25_annual_mean"].samples is not None
    assert any("2022-09-20" in zh and "2022-09-20" in en for zh, en in found.warnings)


def test_a_source_that_fell_silent_is_not_drawn_over(record: pd.DataFrame) -> None:
    gone = record[record["date"] <= "2022-06-30"]
    found = named(project_air("城", "城", gone, settings("2022-09-30", 2022)).results)
    result = found["pm25_annual_mean"]
    assert result.samples is None
    assert not result.sufficient
    assert "2022-06-30" in result.reason[0]
    assert str(LATE_DAYS) in result.reason[1]


def test_an_instrument_that_got_stuck_is_refused_whatever_it_said_before() -> None:
    """59 equal readings at the end are weather, 60 an instrument; a gap does not end the run."""
    days = pd.date_range("2023-01-01", "2024-09-30")
    history = pd.DataFrame(index=days, columns=list(AIR_ITEMS), dtype=float)
    asked = settings("2024-09-30", 2024)
    no2 = 20.0 + np.arange(len(days)) % 7
    history["no2"] = np.where(np.arange(len(days)) < len(days) - 59, no2, 21.5)
    assert undrawable(history, asked, 92) == {}
    history.loc[days[-60], "no2"] = 21.5
    zh, en = undrawable(history, asked, 92)["no2"]
    assert zh == "{}最近60个日监测值(自2024-08-02起)全部为21.5,疑为仪器或录入故障,不能外推"
    assert en.startswith("the last 60 days with a reading of {} (from 2024-08-02 on) all say 21.5:")
    history.loc[days[-10], "no2"] = np.nan
    assert undrawable(history, asked, 92) == {}
    history.loc[days[-61], "no2"] = 21.5
    assert "最近60个日监测值(自2024-08-01起)" in undrawable(history, asked, 92)["no2"][0]
    # A run that ended, and a record that never said anything else.
    history.loc[days[-1], "no2"] = 22.0
    assert undrawable(history, asked, 92) == {}
    history["no2"] = 8.0
    assert f"最近{len(days)}个日监测值(自2023-01-01起)" in undrawable(history, asked, 92)["no2"][0]


def test_a_missing_item_leaves_the_others(record: pd.DataFrame) -> None:
    five = record[record["item"] != "o3_8h"]
    found = named(project_air("城", "城", five, settings("2022-09-30", 2022)).results)
    assert "good_day_ratio" not in found
    assert "o3_8h_p90" not in found
    assert found["pm25_annual_mean"].samples is not None


def test_a_month_without_readings_makes_the_mean_invalid(record: pd.DataFrame) -> None:
    gap = record[~((record["date"] >= "2022-05-01") & (record["date"] <= "2022-05-31"))]
    found = named(project_air("城", "城", gap, settings("2022-09-30", 2022)).results)
    assert not found["pm25_annual_mean"].sufficient
    assert found["pm25_annual_mean"].samples is None
    # 334 days with an AQI are enough for the ratio.
    assert found["good_day_ratio"].sufficient


def test_one_year_of_data_gives_an_answer_wider_than_four(record: pd.DataFrame) -> None:
    short = record[record["date"] >= "2022-01-01"]
    wide = named(project_air("城", "城", short, settings("2022-12-31", 2023, 800)).results)
    long = named(project_air("城", "城", record, settings("2022-12-31", 2023, 800)).results)
    one, four = wide["pm25_annual_mean"].samples, long["pm25_annual_mean"].samples
    assert one is not None
    assert four is not None
    assert np.ptp(np.quantile(one, [0.1, 0.9])) > 0.8 * np.ptp(np.quantile(four, [0.1, 0.9]))


def test_the_fan_begins_where_the_line_ends_and_nests(record: pd.DataFrame) -> None:
    tracks = project_air("城", "城", record, settings("2022-09-30", 2022)).tracks
    assert tracks is not None
    assert set(tracks.fan) == {"good_day_ratio", "pm25_annual_mean"}
    for name in tracks.fan:
        seen = tracks.days[np.isfinite(tracks.line(name))]
        ahead = tracks.ahead(name)
        assert ahead is not None
        assert np.array_equal(np.concatenate([seen, ahead[0]]), tracks.days)
        fan = ahead[1]
        assert (fan["q025"] <= fan["q25"]).all()
        assert (fan["q25"] <= fan["q75"]).all()
        assert (fan["q75"] <= fan["q975"]).all()


def test_a_city_without_one_item_has_the_tracker_of_pm25_and_no_chart_of_days(
    record: pd.DataFrame,
) -> None:
    found = project_air(
        "城", "城", record[record["item"] != "co"], settings("2022-09-30", 2022, 200)
    )
    tracks = found.tracks
    assert tracks is not None and not (tracks.aqi >= 0).any()
    assert tracks.ahead("good_day_ratio") is None
    ahead = tracks.ahead("pm25_annual_mean")
    assert ahead is not None and len(ahead[0]) == 92
    entries = [
        {
            "region": "城", "place": "城", "indicator": name, "year": 2022, "as_of": "2022-09-30",
            "forecast": None, "targets": [], "reason": "", "reason_en": "", "standard": "",
            "dust": "kept", "observed": {"last_day": "2022-09-30", "n_valid": 273, "n_expected": 273},
        }
        for name in ("good_day_ratio", "pm25_annual_mean")
    ]  # fmt: skip
    assert len(air_jobs(found, tracks, entries, "r", [])) == 1


def test_what_the_charts_of_a_city_draw_is_small(record: pd.DataFrame) -> None:
    """A run of all cities of a country keeps the tracks of each: at most 50 kB at new year."""
    tracks = project_air("城", "城", record, settings("2022-01-01", 2022, 200)).tracks
    assert tracks is not None and all(len(years) == 3 for years in tracks.earlier.values())
    lacking = 2 * sum(line[2021].nbytes for line in tracks.earlier.values())  # of five years
    assert len(pickle.dumps(tracks)) + lacking < 50_000
    ends = tracks.lines_before("pm25_annual_mean")[2021][-1]
    own = record[(record["date"].dt.year == 2021) & (record["item"] == "pm25")]["value"].mean()
    assert ends == pytest.approx(own, abs=1e-4)


def test_both_versions_of_the_aqi_rule_in_2026() -> None:
    made = readings("2023-01-01", "2026-06-30")
    found = named(project_air("城", "城", made, settings("2026-06-30", 2026)).results)
    ratio = found["good_day_ratio"]
    assert ratio.standard == "HJ 633-2012+HJ 633-2026"
    tokens = {a["standard"]: a["observed"]["value"] for a in ratio.alternatives}
    assert set(tokens) == {"HJ 633-2012", "HJ 633-2026"}
    # The new nodes are stricter, so the mixed year lies between the two.
    assert ratio.observed.value is not None
    assert tokens["HJ 633-2026"] <= ratio.observed.value <= tokens["HJ 633-2012"]


def test_leap_year_has_366_days() -> None:
    made = readings("2018-01-01", "2020-12-31")
    found = named(project_air("城", "城", made, settings("2020-12-31", 2020)).results)
    assert found["good_day_ratio"].observed.n_expected == 366


def test_streams_belong_to_names_not_to_order() -> None:
    assert stream(1, "air", "甲").random() == stream(1, "air", "甲").random()
    assert stream(1, "air", "甲").random() != stream(1, "air", "乙").random()
    assert stream(1, "air", "甲").random() != stream(2, "air", "甲").random()


@given(st.lists(st.floats(0, 500, allow_nan=False), min_size=1, max_size=60))
def test_summary_quantiles_are_ordered_and_inside(values: list[float]) -> None:
    found = summarise(np.array(values), "m", classes=False)
    ordered = [found["quantiles"][q] for q in QUANTILES]
    assert ordered == sorted(ordered)
    assert min(values) - 1e-6 <= ordered[0] <= ordered[-1] <= max(values) + 1e-6


@given(st.lists(st.integers(1, 6), min_size=1, max_size=60))
def test_class_probabilities_sum_to_one(classes: list[int]) -> None:
    found = summarise(np.array(classes, dtype=float), "m", classes=True)
    assert sum(found["classes"].values()) == pytest.approx(1)
    assert all(float(v).is_integer() for v in found["quantiles"].values())


def test_carbon_monoxide_in_whole_numbers_does_not_stand_still() -> None:
    record = readings("2019-01-01", "2022-08-31")
    co = record["item"] == "co"
    record.loc[co, "value"] = np.where(record.loc[co, "date"] < "2019-06-01", 2.0, 1.0)
    late = co & (record["date"] < "2022-05-01")
    record.loc[late & (record["date"].dt.month == 1), "value"] = 2.0
    names = named(project_air("城", "城", record, settings("2022-08-31", 2022, 60)).results)
    assert names["good_day_ratio"].samples is not None
    # The same in steps of a tenth is an instrument that stands still.
    record.loc[late, "value"] += 0.1
    names = named(project_air("城", "城", record, settings("2022-08-31", 2022, 60)).results)
    assert names["good_day_ratio"].samples is None
