"""What targets over several years take from the projection of one city."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from forecast.projection.result import IndicatorResult, Observed
from forecast.projection.tendencies import class_ii_history, year_bases

#: Limits of class II, GB 3095-2012: an even year at each of them attains.
LIMITS = {
    "so2_annual_mean": 60.0, "so2_p98": 150.0, "no2_annual_mean": 40.0, "no2_p98": 80.0,
    "pm10_annual_mean": 70.0, "pm10_p95": 150.0, "pm25_annual_mean": 35.0, "pm25_p95": 75.0,
    "co_p95": 4.0, "o3_8h_p90": 160.0,
}  # fmt: skip


def city(history: dict[str, dict[int, float]]) -> list[IndicatorResult]:
    empty = IndicatorResult(
        region="甲", place="甲", place_kind="city", point_set="", domain="air", indicator="",
        unit="", period="2020", standard="", dust=None, basis=None,
        observed=Observed(None, None, 0, 0, None),
    )  # fmt: skip
    return [replace(empty, indicator=n, history=h) for n, h in history.items()]


def test_items_over_class_ii_are_counted_once_for_mean_and_percentile() -> None:
    at = {n: {2018: v, 2019: v} for n, v in LIMITS.items()}
    assert class_ii_history(city(at), "GB 3095-2012") == {2018: 0.0, 2019: 0.0}
    at["pm25_annual_mean"][2019], at["pm25_p95"][2019] = 36.0, 76.0
    at["o3_8h_p90"][2019] = 161.0
    assert class_ii_history(city(at), "GB 3095-2012") == {2018: 0.0, 2019: 2.0}
    assert class_ii_history(city(at), "GB 3095-2026")[2018] >= 1.0  # PM2.5 35 is over 30


def test_a_year_without_all_ten_figures_is_left_out() -> None:
    at = {n: {2018: v, 2019: v} for n, v in LIMITS.items()}
    del at["co_p95"][2019]
    assert list(class_ii_history(city(at), "GB 3095-2012")) == [2018]
    del at["no2_p98"]
    assert class_ii_history(city(at), "GB 3095-2012") == {}


def test_the_basis_of_a_year_is_that_of_its_readings() -> None:
    days = pd.to_datetime(["2017-05-01", "2018-08-31", "2018-09-01", "2019-01-01", "2020-01-01"])
    basis = ["standard_state", "standard_state", "actual", "actual", ""]
    found = year_bases(pd.DataFrame({"date": days, "basis": basis}))
    assert found == {2017: "standard_state", 2018: "mixed", 2019: "actual"}
