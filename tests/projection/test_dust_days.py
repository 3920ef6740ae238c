"""Dust days leave the concentrations and stay in the counts; both results are there."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecast.projection.air import AirProjection, project_air
from forecast.projection.days import dust_matrix
from forecast.projection.observed import assess
from forecast.projection.panel import Panel
from forecast.projection.result import IndicatorResult
from forecast.projection.settings import Settings
from forecast.standards.items import AIR_ITEMS
from forecast.targets.applied import Applied

DUST = ["2021-03-15", "2021-03-16", "2021-04-01"]


def clean_year(years: tuple[int, ...] = (2021,)) -> pd.DataFrame:
    """PM10 60 and PM2.5 30 on every day, on the three dust days PM10 600 and PM2.5 120."""
    level = {"so2": 10.0, "no2": 30.0, "pm10": 60.0, "pm25": 30.0, "co": 0.8, "o3_8h": 90.0}
    days = pd.date_range(f"{years[0]}-01-01", f"{years[-1]}-12-31").as_unit("s")
    rows = pd.concat(
        [
            pd.DataFrame({"date": days, "item": item, "value": value, "basis": "actual"})
            for item, value in level.items()
        ],
        ignore_index=True,
    )
    stormy = rows["date"].isin(pd.to_datetime(DUST))
    rows.loc[stormy & (rows["item"] == "pm10"), "value"] = 600.0
    rows.loc[stormy & (rows["item"] == "pm25"), "value"] = 120.0
    return rows


def dust(*items: str, region: str = "城北") -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"region": region, "date": pd.Timestamp(day), "item": item}
            for day in DUST
            for item in items
        ]
    )


def named(found: AirProjection) -> dict[str, IndicatorResult]:
    return {r.indicator: r for r in found.results}


def other(result: IndicatorResult, treatment: str) -> dict[str, Any]:
    (entry,) = [a for a in result.alternatives if "dust_days" in a and a["dust"] == treatment]
    return entry


WHOLE = Settings(date(2021, 12, 31), 2021)


def test_means_by_hand_with_and_without_three_dust_days() -> None:
    found = named(project_air("城北", "城北", clean_year(), WHOLE, dust=dust("pm10", "pm25")))
    pm10, pm25 = found["pm10_annual_mean"], found["pm25_annual_mean"]
    assert (pm10.observed.value, pm10.observed.n_valid, pm10.dust) == (
        60.0, 362, "removed_where_known",
    )  # fmt: skip
    assert pm10.sufficient
    # (362 × 60 + 3 × 600) / 365 and (362 × 30 + 3 × 120) / 365
    assert other(pm10, "kept")["observed"] == {"value": 64.43835616, "value_official": 64.0}
    assert other(pm25, "kept")["observed"]["value"] == pytest.approx(11220 / 365)
    assert other(pm10, "kept")["dust_days"] == {"with_value": 3, "without_value": 0}
    # 10/60 + 30/40 + 60/70 + 30/35 + 0.8/4 + 90/160 against the same with the kept means.
    composite = found["composite_index"]
    assert composite.observed.value == pytest.approx(3.39345238, abs=1e-6)
    kept = 10 / 60 + 0.75 + 64.43835616 / 70 + (11220 / 365) / 35 + 0.2 + 90 / 160
    assert other(composite, "kept")["observed"]["value"] == pytest.approx(kept)


def test_counts_of_days_keep_dust_and_the_other_way_stands_beside() -> None:
    found = named(project_air("城北", "城北", clean_year(), WHOLE, dust=dust("pm10", "pm25")))
    ratio, heavy = found["good_day_ratio"], found["heavy_days"]
    assert (heavy.observed.value, heavy.dust) == (3.0, "kept")
    assert other(heavy, "removed_where_known")["observed"]["value"] == 0.0
    assert ratio.observed.value == pytest.approx(100 * 362 / 365)
    assert other(ratio, "removed_where_known")["observed"]["value"] == 100.0
    assert ratio.observed.n_valid == 365


def test_only_what_a_dust_day_touches_has_another_result() -> None:
    found = named(project_air("城北", "城北", clean_year(), WHOLE, dust=dust("pm10")))
    touched = {n for n, r in found.items() if any("dust_days" in a for a in r.alternatives)}
    assert touched == {
        "pm10_annual_mean", "pm10_p95", "composite_index", "good_day_ratio", "good_days",
        "heavy_days", "air_items_over_class_ii",
    } & set(found)  # fmt: skip
    assert found["pm25_annual_mean"].observed.n_valid == 365


def test_days_that_no_source_has_a_value_for_are_not_held_against_the_year() -> None:
    rows = clean_year()
    bare = rows[~(rows["date"].isin(pd.to_datetime(DUST)) & rows["item"].isin(["pm10", "pm25"]))]
    found = named(project_air("城北", "城北", bare, WHOLE, dust=dust("pm10", "pm25")))
    mean, ratio = found["pm10_annual_mean"], found["good_day_ratio"]
    assert (mean.observed.value, mean.sufficient) == (60.0, True)
    assert not any("dust_days" in a for a in mean.alternatives)
    # The AQI of such a day is that of the four other items, and the day counts.
    assert (ratio.observed.n_valid, ratio.observed.value) == (365, 100.0)
    unknown = named(project_air("城北", "城北", bare, WHOLE))
    assert unknown["good_day_ratio"].observed.n_valid == 362


def test_a_value_of_another_source_is_the_kept_one() -> None:
    rows = clean_year()
    stormy = rows["date"].isin(pd.to_datetime(DUST[1:])) & rows["item"].isin(["pm10", "pm25"])
    found = named(project_air("城北", "城北", rows[~stormy], WHOLE, dust=dust("pm10", "pm25")))
    entry = other(found["pm10_annual_mean"], "kept")
    assert entry["dust_days"] == {"with_value": 1, "without_value": 2}
    assert entry["observed"]["value"] == pytest.approx((362 * 60 + 600) / 363)


def varied(years: tuple[int, ...]) -> pd.DataFrame:
    rows = clean_year(years)
    noise = np.exp(0.3 * np.random.default_rng(4).standard_normal(len(rows)))
    return rows.assign(value=np.round(rows["value"] * noise, 1))


def test_without_a_dust_day_nothing_changes() -> None:
    rows = varied((2019, 2020, 2021))
    settings = Settings(date(2021, 8, 31), 2021, n_paths=60)
    plain = project_air("城北", "城北", rows, settings)
    for none in (dust("pm10").head(0), dust("pm10").assign(date=pd.Timestamp("2030-03-01"))):
        same = project_air("城北", "城北", rows, settings, dust=none)
        for a, b in zip(plain.results, same.results, strict=True):
            assert (a.observed, a.alternatives, a.baselines, a.history, a.bounds) == (
                b.observed, b.alternatives, b.baselines, b.history, b.bounds,
            )  # fmt: skip
            np.testing.assert_array_equal(a.samples, b.samples)


def test_a_forecast_has_both_and_the_record_of_earlier_years_is_without_dust() -> None:
    rows = varied((2019, 2020, 2021, 2022))
    settings = Settings(date(2022, 8, 31), 2022, n_paths=60)
    days = dust("pm10", "pm25")
    this_year = days.assign(date=days["date"] + pd.DateOffset(years=1))
    rows.loc[rows["date"].isin(this_year["date"]) & (rows["item"] == "pm10"), "value"] = 900.0
    found = project_air("城北", "城北", rows, settings, dust=pd.concat([days, this_year]))
    pm10 = named(found)["pm10_annual_mean"]
    entry = other(pm10, "kept")
    assert pm10.samples is not None
    assert entry["forecast"]["mean"] > pm10.samples.mean() + 5
    assert entry["forecast"]["n_paths"] == 60
    plain = named(project_air("城北", "城北", rows, settings))["pm10_annual_mean"]
    assert plain.samples is not None
    assert entry["forecast"]["mean"] == pytest.approx(plain.samples.mean())
    assert pm10.history[2021] < plain.history[2021]
    assert pm10.history[2020] == plain.history[2020]
    assert pm10.baselines["persistence"] < plain.baselines["persistence"]
    ratio, before = named(found)["good_day_ratio"], None
    before = named(project_air("城北", "城北", rows, settings))["good_day_ratio"]
    assert (ratio.observed, ratio.baselines) == (before.observed, before.baselines)
    assert found.tracks is not None
    at = int((np.datetime64("2022-04-01") - found.tracks.days[0]).astype(int))
    assert not found.tracks.valid["pm25_annual_mean"][at]
    assert found.tracks.valid["good_day_ratio"][at]


def test_only_pm_days_of_the_period_are_marked() -> None:
    days = np.arange("2021-03-14", "2021-03-18", dtype="datetime64[D]")
    marked = dust_matrix(dust("pm25"), days)
    assert marked[:, AIR_ITEMS.index("pm25")].tolist() == [False, True, True, False]
    assert marked.sum() == 2
    assert not dust_matrix(None, days).any()


def panel(**more: Any) -> Panel:
    rows = clean_year().assign(region="城北市", place="城北市", place_kind="city")
    station = rows.assign(place="某站", place_kind="station", value=rows["value"] * 2)
    water = pd.DataFrame(
        {c: pd.Series(dtype=t) for c, t in
         {"region": "str", "place": "str", "time": "datetime64[s]", "item": "str",
          "value": "float64", "water_type": "str"}.items()}
    )  # fmt: skip
    return Panel(pd.concat([rows, station], ignore_index=True), water, Applied(()), **more)


def test_stations_are_not_assessed_and_columns_of_dust_come_only_with_dust() -> None:
    asked: dict[str, Any] = {"standard": None, "denominator": "valid"}
    plain = assess(panel(), date(2021, 12, 31), 2021, **asked).table
    assert set(plain["place"]) == {"城北市"}
    assert "dust" not in plain
    # The list names the region without 市.
    both = assess(panel(dust_days=dust("pm10")), date(2021, 12, 31), 2021, **asked).table
    row = both.set_index("indicator").loc["pm10_annual_mean"]
    assert row["value"] == 60.0
    assert row["value_other"] == pytest.approx(64.43835616)
    assert (row["dust"], row["dust_other"]) == ("removed_where_known", "kept")
    assert both["value_other"].notna().sum() < len(both)
