"""Validity of daily values, and Daniel's test."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.standards.city_mean import city_means, in_force, service_days
from forecast.standards.daniel import (
    CRITICAL_VALUES,
    critical_value,
    exact_critical_value,
    spearman_trend,
)
from forecast.standards.hours import (
    DAY_ITEMS,
    annual_valid,
    daily_mean,
    days_of_hours,
    eight_hour_means,
    hours_of_day,
    max_1h,
    max_8h,
)

NAN = float("nan")


def test_maximum_eight_hour_mean_by_hand() -> None:
    hours = np.full(24, 40.0)
    hours[12:20] = 120.0
    assert max_8h(hours).item() == 120.0
    assert eight_hour_means(hours).shape == (17,)
    # Hours 1 to 8 end at 08:00: the first of the seventeen means.
    early = np.r_[np.full(8, 90.0), np.full(16, 10.0)]
    assert eight_hour_means(early)[0] == 90.0


def test_eight_hour_mean_needs_six_hours() -> None:
    hours = np.full(24, 50.0)
    hours[:3] = NAN
    means = eight_hour_means(hours)
    assert np.isnan(means[0])
    assert means[1] == 50.0
    assert max_8h(hours).item() == 50.0
    hours[8:14] = NAN
    assert np.isnan(max_8h(hours).item())
    hours[14:] = 200.0
    assert max_8h(hours).item() == 200.0
    assert np.isnan(max_8h(np.full(24, NAN)).item())


@given(st.lists(st.floats(0, 300), min_size=24, max_size=24))
def test_maximum_lies_between_mean_and_highest_hour(hours: list[float]) -> None:
    assert max_8h(hours).item() <= max(hours) + 1e-9
    assert daily_mean(hours).item() == pytest.approx(np.mean(hours))


def test_daily_mean_of_many_days() -> None:
    days = np.ones((3, 24))
    days[1, :4] = NAN
    days[2, :5] = NAN
    assert daily_mean(days).tolist()[:2] == [1.0, 1.0]
    assert np.isnan(daily_mean(days)[2])


def test_hour_zero_is_the_last_of_the_day_before() -> None:
    day, slot = hours_of_day(
        np.array(["2022-01-02T00:00", "2022-01-02T01:00", "2022-01-01T23:00", "2022-01-02T08:05",
                  "NaT"], dtype="datetime64[s]")
    )  # fmt: skip
    assert day[:4].astype(str).tolist() == ["2022-01-01", "2022-01-02", "2022-01-01", "2022-01-02"]
    assert slot.tolist() == [24, 1, 23, 9, 0]
    assert np.isnat(day[4])


def test_highest_hour_needs_twenty() -> None:
    hours = np.full((2, 24), 60.0)
    hours[:, 15] = 210.0
    hours[0, :4] = NAN
    hours[1, :5] = NAN
    assert max_1h(hours)[0] == 210.0
    assert np.isnan(max_1h(hours)[1])


def test_days_of_many_places_and_items_by_hand() -> None:
    items = ("pm25", "o3_1h", "co")
    hours = np.full((2, 1, 24, 3), 40.0)
    hours[0, 0, 12:20, 1] = 120.0
    hours[0, 0, :3, 0] = NAN
    hours[1, 0, 5:10, 0] = NAN
    hours[:, :, :12, 2] = 1.0
    hours[:, :, 12:, 2] = 2.0
    days = days_of_hours(hours, items)
    assert days.shape == (2, 1, len(DAY_ITEMS))
    first = dict(zip(DAY_ITEMS, days[0, 0].tolist(), strict=True))
    assert (first["pm25"], first["o3_8h"], first["o3_1h"], first["co"]) == (40.0, 120.0, 120.0, 1.5)
    assert np.isnan(first["so2"])
    assert np.isnan(days[1, 0, DAY_ITEMS.index("pm25")])
    with pytest.raises(ValueError, match=r"\(\.\.\., 24, 2\)"):
        days_of_hours(hours, ("pm25", "co"))


def test_days_are_the_same_for_one_place_and_for_many() -> None:
    rng = np.random.default_rng(3)
    items = ("so2", "no2", "pm10", "pm25", "co", "o3_1h")
    hours = rng.gamma(2.0, 40.0, (150, 2, 24, 6))
    hours[rng.random(hours.shape) < 0.1] = NAN
    together = days_of_hours(hours, items)
    assert 0.05 < np.isnan(together).mean() < 0.9
    # In whatever order the numbers lie in memory.
    apart = np.moveaxis(np.ascontiguousarray(np.moveaxis(hours, -1, 0)), 0, -1)
    np.testing.assert_array_equal(days_of_hours(apart, items), together)
    for place in (0, 63, 64, 149):
        np.testing.assert_array_equal(days_of_hours(hours[place], items), together[place])
    valid = (~np.isnan(hours[..., 3])).sum(axis=2) >= 20
    pm25 = together[..., DAY_ITEMS.index("pm25")]
    np.testing.assert_array_equal(np.isnan(pm25), ~valid)
    np.testing.assert_allclose(pm25[valid], np.nanmean(hours[..., 3], axis=2)[valid], rtol=1e-12)


def test_city_is_the_mean_of_its_evaluation_points() -> None:
    # Two cities; a control point, a point that closes, and 3 of 4 valid (75 %) against 2 of 3.
    values = np.array([[30.0, 30], [50, 50], [40, NAN], [NAN, 40], [5, 5], [70, 70], [90, NAN]])
    city = [0, 0, 0, 0, 0, 1, 1]
    days = np.array(["2020-05-01", "2020-05-02"], dtype="datetime64[D]")
    roles = ["evaluation"] * 4 + ["control"] + ["evaluation", ""]
    counted = in_force(days, roles, ["NaT"] * 7, ["NaT"] * 6 + ["2020-05-01"])
    found = city_means(values, city, counted)
    assert found.values.tolist() == [[40.0, 40.0], [80.0, 70.0]]
    assert found.n_in_force.tolist() == [[4, 4], [2, 1]]
    assert found.n_valid.tolist() == [[3, 3], [2, 1]]
    # Were the closed point still counted, half of the city would be missing.
    still = in_force(days, roles, ["NaT"] * 7, ["NaT"] * 7)
    assert np.isnan(city_means(values, city, still).values[1, 1])
    # A city of control points alone has no value, nor one whose points are all shut.
    assert np.isnan(city_means(values, city, roles == np.array("control")).values[1]).all()


def test_city_hours_take_the_same_rule_and_any_further_axes() -> None:
    rng = np.random.default_rng(3)
    hours = rng.integers(10, 90, (6, 5, 24, 2)).astype(np.float64)
    city = np.array([0, 1, 0, 1, 0, 1])
    found = city_means(hours, city, np.ones(6, dtype=bool), n_cities=3)
    assert found.values.shape == (3, 5, 24, 2)
    np.testing.assert_allclose(found.values[0], hours[city == 0].mean(axis=0))
    assert np.isnan(found.values[2]).all()
    # The maximum of the city's hours is never above the mean of the points' maxima.
    of_hours = max_8h(np.moveaxis(found.values[:2], 2, -1))
    of_points = city_means(max_8h(np.moveaxis(hours, 2, -1)), city, np.ones(6, dtype=bool)).values
    assert (of_hours <= of_points + 1e-9).all()
    with pytest.raises(ValueError, match="one city a station"):
        city_means(hours, [0, 1], np.ones(6, dtype=bool))


def test_a_point_that_fell_silent_is_closed_and_one_that_is_late_is_not() -> None:
    days = np.arange("2020-01-01", "2020-04-01", dtype="datetime64[D]")
    there = np.zeros((4, len(days)), dtype=bool)
    there[0, 10:] = True
    there[1, :30] = True
    there[2, : len(days) - 20] = True
    first, last = service_days(there, days)
    assert first[:3].astype(str).tolist() == ["2020-01-11", "2020-01-01", "2020-01-01"]
    assert [str(d) for d in last] == ["NaT", "2020-01-30", "NaT", "2019-12-31"]
    counted = in_force(days, ["evaluation"] * 4, first, last)
    assert counted[:, 20].tolist() == [True, True, True, False]
    assert counted[:, 40].tolist() == [True, False, True, False]


def test_year_has_twelve_months() -> None:
    with pytest.raises(ValueError, match="12 months"):
        annual_valid([30] * 11)
    assert not annual_valid([31, 28, 31, 26] + [31] * 8)


@pytest.mark.parametrize("n", [5, 6, 7, 8, 9])
def test_tabled_values_are_the_exact_ones(n: int) -> None:
    assert CRITICAL_VALUES[n] == (exact_critical_value(n, 0.05), exact_critical_value(n, 0.01))


def test_values_between_the_tabled_ones() -> None:
    # 11 and 13 are exact (0.536 and 0.484 in published tables of one-sided values).
    assert critical_value(11) == 0.536
    assert critical_value(13) == 0.484
    assert CRITICAL_VALUES[18][0] < critical_value(17) < CRITICAL_VALUES[16][0]
    assert critical_value(31, 0.01) < CRITICAL_VALUES[30][1]
    with pytest.raises(ValueError, match="5 values"):
        critical_value(4)
    with pytest.raises(ValueError, match=r"0\.05 or 0\.01"):
        critical_value(8, 0.1)


def test_trend_with_ties_gaps_and_too_few_years() -> None:
    assert math.isnan(spearman_trend([5, 4, 3, 2]).rs)
    gap = spearman_trend([50, NAN, 46, 43, 39, 35])
    assert (gap.rs, gap.n, gap.direction) == (-1.0, 5, -1)
    assert spearman_trend([3, 3, 3, 3, 3]).rs == 0.0
    tied = spearman_trend([1, 2, 2, 3, 4])
    assert tied.rs == pytest.approx(np.corrcoef([1, 2.5, 2.5, 4, 5], range(5))[0, 1])
    strict = spearman_trend([30, 31, 33, 34, 38, 36], level=0.01)
    assert (strict.critical, strict.significant) == (0.943, True)


@given(st.lists(st.integers(0, 10_000), min_size=5, max_size=12, unique=True))
def test_reversing_time_reverses_the_trend(values: list[int]) -> None:
    assert spearman_trend(values).rs == pytest.approx(-spearman_trend(values[::-1]).rs)
    assert spearman_trend(values).rs == pytest.approx(spearman_trend([v**3 for v in values]).rs)
