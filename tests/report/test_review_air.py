"""What the review's charts of days are made from: levels, dust, budgets, months, means, ranks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.charts.annual_trend import trend_words
from forecast.errors import InputError
from forecast.report.review_air import (
    budget_data,
    calendar_data,
    expected_bad_days,
    month_bars,
    shares_data,
)
from forecast.report.review_cycles import city_hours, group_means, variation_data
from forecast.report.review_days import CityDays, year_days
from forecast.report.review_ranking import place_year, ranking_data
from forecast.report.review_trend import trend_data
from forecast.standards.items import AIR_ITEMS
from forecast.targets.model import Target

#: A day whose composite index is 2.75 and whose AQI is good (so2, no2, pm10, pm25, co, o3_8h).
GOOD = (6.0, 12.0, 51.0, 19.0, 0.9, 137.0)
NO_DUST = pd.DataFrame(
    {"region": pd.Series(dtype=str), "date": pd.Series(dtype="datetime64[s]"), "item": pd.Series(dtype=str)}
)  # fmt: skip


def record(
    first: str,
    last: str,
    day: tuple[float, ...] = GOOD,
    *,
    dust: pd.DataFrame = NO_DUST,
    basis: str = "actual",
    place: str = "甲",
    standard: str | None = None,
    **changes: Any,
) -> CityDays:
    """The same day from ``first`` to ``last``; ``d2024_01_05={"pm25": 200.0}`` changes one."""
    index = pd.date_range(first, last)
    history = pd.DataFrame([day] * len(index), index=index, columns=list(AIR_ITEMS))
    for name, values in changes.items():
        for item, value in values.items():
            history.loc[pd.Timestamp(name[1:].replace("_", "-")), item] = value
    return CityDays(place, place, history, dust, pd.Series(basis, index=index), standard)


def dust_on(*days: str) -> pd.DataFrame:
    return pd.DataFrame({"region": "甲", "date": pd.to_datetime(list(days)), "item": "pm10"})


def ratio_target(value: float, **changes: Any) -> Target:
    given: dict[str, Any] = {
        "id": "t-good", "domain": "air", "indicator": "good_day_ratio", "label_zh": "优良天数比率",
        "label_en": "good-day ratio", "kind": "threshold", "comparator": ">=", "unit": "%",
        "year": 2025,
    }  # fmt: skip
    return Target(**{**given, "value": value, **changes})


def test_days_of_a_year_end_where_asked() -> None:
    assert len(year_days(2024)) == 366 and len(year_days(2025)) == 365
    assert str(year_days(2023, np.datetime64("2024-02-29"))[-1]) == "2023-02-28"
    assert str(year_days(2020, np.datetime64("2024-02-29"))[-1]) == "2020-02-29"


def test_a_day_is_caused_by_dust_only_if_it_were_good_without() -> None:
    """PM10 of 700 by dust: bad. With ozone of 200 beside it the day is bad anyway."""
    city = record(
        "2025-04-01", "2025-04-04",
        dust=dust_on("2025-04-01", "2025-04-02", "2025-04-03"),
        d2025_04_01={"pm10": 500.0}, d2025_04_02={"pm10": 500.0, "o3_8h": 200.0},
        d2025_04_03={"pm10": np.nan}, d2025_04_04={"pm10": 500.0},
    )  # fmt: skip
    found = city.aqi(year_days(2025)[90:94], 2025)
    assert found.bad.tolist() == [True, True, False, True]
    assert found.dust_caused.tolist() == [True, False, False, False]
    # The value taken out by the source is not missing: the day counts by its other items.
    assert found.valid.all()
    assert found.leaders()[0] == "pm10"


def test_a_year_of_two_rules_is_compared_by_the_rules_of_the_same_day() -> None:
    """PM2.5 of 70 is AQI 93 (2012) and above 100 (2026, from 1 March)."""
    city = record("2025-02-28", "2025-03-01", (6.0, 12.0, 51.0, 70.0, 0.9, 100.0))
    days = np.array(["2025-02-28", "2025-03-01"], dtype="datetime64[D]")
    assert city.aqi(days, 2025).level.tolist() == [2, 2]
    assert city.aqi(days, 2026).level.tolist() == [2, 3]
    assert city.aqi(days, 2027).level.tolist() == [3, 3]
    assert city.aqi_standard(2026) == "HJ 633-2012+HJ 633-2026"


def test_a_year_without_values_is_refused_with_the_years_there_are() -> None:
    city = record("2023-05-01", "2025-02-01")
    with pytest.raises(InputError, match=r"甲 in 2019\..*2023 to 2025"):
        city.last_day(2019)


def test_an_incomplete_day_is_missing_and_never_good() -> None:
    city = record("2025-01-01", "2025-01-31", d2025_01_05={"co": np.nan})
    data = budget_data(city, 2025, [], ())
    assert data.state[4] == -1 and (np.delete(data.state, 4) == 0).all()
    assert shares_data(city, 2025, [], ()).months[0].levels.tolist() == [1, 0, 30, 0, 0, 0, 0]


# The budget


def test_the_allowance_is_that_of_the_valid_days_and_the_days_to_come() -> None:
    """87.4 % of 365 needs 320 good days, so 45 may be bad; of 355 it needs 311, so 44."""
    whole = record("2025-01-01", "2025-12-31")
    data = budget_data(whole, 2025, [ratio_target(87.4)], ())
    assert data.allowed == 45 and data.footer.n_valid == 365
    assert data.target_zh == "优良天数比率 ≥ 87.4 %"
    half = record("2025-01-01", "2025-06-30")
    assert budget_data(half, 2025, [ratio_target(87.4)], ()).allowed == 45
    gone = {f"d2025_03_{k:02d}": {"pm25": np.nan} for k in range(1, 11)}
    assert budget_data(record("2025-01-01", "2025-06-30", **gone), 2025, [ratio_target(87.4)], ()).allowed == 44  # fmt: skip
    days = ratio_target(300.0, indicator="good_days", unit="days", label_zh="优良天数")
    assert budget_data(half, 2025, [days], ()).allowed == 65
    assert budget_data(half, 2025, [], (), percent=80.0).allowed == 73
    assert budget_data(half, 2025, [], ()).allowed is None


def test_bad_days_expected_are_the_mean_of_full_years() -> None:
    """New Year was bad in 2021 and 2023, not in 2022 and 2024; 2020 has too few days."""
    city = record(
        "2020-06-01", "2025-01-02", d2021_01_01={"pm25": 300.0}, d2023_01_01={"pm25": 300.0},
        d2024_02_29={"pm25": 300.0},
    )  # fmt: skip
    expected, years = expected_bad_days(city, 2025)
    assert years == (2021, 2022, 2023, 2024)
    assert expected is not None and expected.shape == (365,)
    assert expected[0] == 0.5 and expected[1:].sum() == 0.0
    # In a leap year the one known 29 February counts.
    ahead = record("2024-01-01", "2028-01-02", d2024_02_29={"pm25": 300.0})
    expected, years = expected_bad_days(ahead, 2028)
    assert expected is not None and expected.shape == (366,) and expected[59] == 1.0
    assert expected_bad_days(record("2025-01-01", "2025-03-01"), 2025) == (None, ())


def test_one_month_of_data_makes_every_chart() -> None:
    city = record("2025-01-01", "2025-01-31")
    data = shares_data(city, 2025, [], ())
    assert [m.to_come for m in data.months] == [0, *(28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)]
    assert budget_data(city, 2025, [ratio_target(90.0)], ()).expected is None
    assert calendar_data(city, 2025, ()).last_year is None
    trend = trend_data(city, 2025, ())
    assert {p.trend.note_en for p in trend.panels if p.trend} == {
        "no year with enough days: no slope"
    }
    variation = variation_data(city, 2025, None, ())
    assert variation.before == () and variation.rows[0][1].to_come == tuple(range(1, 12))
    assert ranking_data([city], 2025, {}, ()).places[0].enough  # scaled with its length


def test_months_by_leading_item_and_dust() -> None:
    """Two bad days in April: one by dust, one that ozone and PM2.5 lead together."""
    city = record(
        "2024-01-01", "2024-12-31", dust=dust_on("2024-04-01"), d2024_04_01={"pm10": 500.0},
        d2024_04_02={"o3_8h": 215.0, "pm25": 115.0},
    )  # fmt: skip
    days = year_days(2024)
    bars = month_bars(city.aqi(days, 2024), city.dust(days), 2024)
    assert sum(int(b.levels.sum()) for b in bars) == 366
    assert bars[3].led.tolist() == [0, 0, 1, 0.5, 0, 0.5]
    assert bars[3].led_dust.tolist() == [0, 0, 1, 0, 0, 0]
    assert sum(b.led.sum() for b in bars) == 2


def test_places_are_sorted_by_their_good_days() -> None:
    bad = {f"d2025_01_{k:02d}": {"pm25": 200.0} for k in range(1, 6)}
    city = record("2025-01-01", "2025-01-31", **bad)
    clean = record("2025-01-01", "2025-01-31", place="乙")
    silent = record("2024-01-01", "2024-12-31", place="丙")
    data = shares_data(city, 2025, [silent, city, clean], ())
    assert [b.label_zh for b in data.places] == ["乙", "甲", "丙"]
    assert data.places[2].levels[1:].sum() == 0


def test_the_calendar_counts_earlier_years_to_the_same_day() -> None:
    city = record("2022-01-01", "2025-03-31", d2024_03_01={"pm25": 200.0}, d2024_04_01={"pm25": 200.0})  # fmt: skip
    data = calendar_data(city, 2025, ())
    assert data.last_year is not None and data.last_year.tolist() == [0, 0, 90, 0, 0, 1, 0]
    assert data.mean_3y is not None and data.mean_3y[5] == pytest.approx(1 / 3)
    assert data.other is not None and data.other.standard == "HJ 633-2026"


# Trends


def falling(first: str, last: str, a_year: float) -> CityDays:
    city = record(first, last, (20.0, 30.0, 90.0, 60.0, 1.0, 150.0))
    years = (city.history.index - pd.Timestamp(first)).days.to_numpy() / 365.0
    for item in ("pm25", "pm10", "no2"):
        city.history[item] += a_year * years
    return city


def test_the_slope_of_a_straight_record_is_its_own() -> None:
    """2 µg/m³ less every 365 days, from monthly means; printed values keep the decimals of 2024."""
    data = trend_data(falling("2017-01-01", "2024-12-31", -2.0), 2024, ())
    pm25 = data.panels[0]
    assert pm25.indicator == "pm25_annual_mean" and pm25.trend is not None
    assert pm25.trend.slope == pytest.approx(-2.0, abs=0.01) and pm25.trend.n == 96
    assert pm25.trend.of == "months" and pm25.trend.filled == 0
    assert pm25.values[0] == 59.0  # 60 less half a year's fall
    assert pm25.limits == (35.0,) * 8
    ozone = data.panels[2]
    assert ozone.trend is not None and (ozone.trend.slope, ozone.trend.of) == (0.0, "years")
    assert ozone.trend.n == 8 and ozone.values == (150.0,) * 8


def test_four_years_have_bounds_and_no_conclusion() -> None:
    """The same straight fall over 48 months: the numbers stand, a note takes the direction's place."""
    data = trend_data(falling("2021-01-01", "2024-12-31", -2.0), 2024, ())
    pm25, ozone = data.panels[0].trend, data.panels[2].trend
    assert pm25 is not None and pm25.upper < 0 and not pm25.conclusive
    assert (pm25.note_zh, pm25.note_en) == (
        "不足5年，不作趋势结论", "fewer than five years: no conclusion",
    )  # fmt: skip
    assert ozone is not None and not ozone.conclusive and ozone.note_zh
    words = trend_words(pm25, "µg/m³", "zh")
    assert words[-1] == "不足5年，不作趋势结论" and words[1].startswith("95 %区间 -2.0")
    longer = trend_data(falling("2020-01-01", "2024-12-31", -2.0), 2024, ()).panels
    assert all(p.trend is not None and p.trend.conclusive for p in longer)
    assert longer[0].trend is not None and not longer[0].trend.note_zh


def test_limits_are_those_at_the_end_of_each_year() -> None:
    data = trend_data(falling("2024-01-01", "2031-12-31", -1.0), 2031, ())
    assert data.panels[0].limits == (35.0, 35.0, 30.0, 30.0, 30.0, 30.0, 30.0, 25.0)
    assert data.panels[0].values[0] == 59.5  # one version for all: one decimal as printed now


def test_a_change_of_the_basis_is_no_trend() -> None:
    """A step of -20 on 1 September 2018 and nothing else: the slope is zero."""
    city = record("2015-01-01", "2022-12-31")
    later = city.history.index >= "2018-09-01"
    city.history.loc[later, "pm25"] = 10.0
    city.history.loc[~later, "pm25"] = 30.0
    city.basis[~later] = "standard_state"
    panel = trend_data(city, 2022, ()).panels[0]
    assert panel.trend is not None and panel.trend.slope == pytest.approx(0.0, abs=1e-9)
    assert len(panel.trend.segments) == 2
    assert panel.breaks[0] == pytest.approx(2018.17, abs=0.01)


def test_an_item_that_was_never_measured_has_no_trend() -> None:
    city = record("2021-01-01", "2024-12-31")
    city.history["co"] = np.nan
    panel = next(p for p in trend_data(city, 2024, ()).panels if p.indicator == "co_p95")
    assert panel.trend is None and np.isnan(panel.values).all()


def test_a_year_with_gaps_is_filled_by_months_and_said() -> None:
    city = falling("2018-01-01", "2024-12-31", -2.0)
    city.history.loc["2020-03", :] = np.nan
    panel = trend_data(city, 2024, ()).panels[0]
    assert panel.trend is not None and panel.trend.filled == 1
    assert panel.enough == (True, True, False, True, True, True, True)


# Variation in time


@given(st.lists(st.floats(0, 500), min_size=2, max_size=30))
def test_one_value_a_block_gives_the_plain_interval(values: list[float]) -> None:
    """mean ± t·s/√n."""
    from scipy.stats import t

    x = np.array(values)
    found = group_means(x, np.zeros(len(x), np.int64), np.arange(len(x)), 1)
    half = t.ppf(0.975, len(x) - 1) * x.std(ddof=1) / np.sqrt(len(x))
    assert found.mean[0] == pytest.approx(x.mean())
    assert found.upper[0] - found.mean[0] == pytest.approx(half, abs=1e-9)


def test_values_alike_within_a_block_count_once() -> None:
    """Ten equal values in each of two blocks say no more than one: the same bounds as two values."""
    x = np.repeat([1.0, 3.0], 10)
    block = np.repeat([0, 1], 10)
    many = group_means(x, np.zeros(20, np.int64), block, 1)
    two = group_means(np.array([1.0, 3.0]), np.zeros(2, np.int64), np.array([0, 1]), 1)
    assert many.upper[0] == pytest.approx(two.upper[0])
    alone = group_means(np.ones(5), np.zeros(5, np.int64), np.zeros(5, np.int64), 2)
    assert alone.mean[0] == 1.0 and np.isnan(alone.upper[0]) and alone.n.tolist() == [5, 0]


def test_weekdays_and_months_are_those_of_the_calendar() -> None:
    """Saturdays of 2024 at 80, the rest at 20; December at 60."""
    city = record("2021-01-01", "2024-12-31")
    index = pd.DatetimeIndex(city.history.index)
    city.history["pm25"] = np.where(index.day_of_week == 5, 80.0, 20.0)
    city.history.loc[index.month == 12, "pm25"] = 60.0
    data = variation_data(city, 2024, None, ())
    weekday, month = data.rows[0]
    assert weekday.cycle == "weekday" and np.argmax(weekday.now.mean) == 5
    assert month.now.mean[11] == 60.0 and month.to_come == ()
    assert weekday.now.n.tolist() == [53, 53, 52, 52, 52, 52, 52]  # 2024 began on a Monday
    assert data.before == (2021, 2022, 2023)
    assert data.footer.notices[-1][1].startswith("no hourly readings")


def test_half_a_year_is_compared_with_the_same_half() -> None:
    """The second half of every year is 100 µg/m³ higher: it must not enter the weekdays' mean."""
    city = record("2022-01-01", "2025-06-30")
    index = pd.DatetimeIndex(city.history.index)
    city.history["pm25"] = np.where(index.month > 6, 120.0, 20.0)
    weekday, month = variation_data(city, 2025, None, ()).rows[0]
    assert weekday.before is not None and (weekday.before.mean == 20.0).all()
    assert month.before is not None and month.before.mean[11] == 120.0


def test_hours_belong_to_the_hour_that_ends() -> None:
    """00:00 is hour 24 of the day before; the mean of two points where the city has no row."""
    times = pd.date_range("2024-01-01 01:00", "2024-01-29 00:00", freq="h")
    rows = pd.DataFrame(
        {"place": np.repeat(["a", "b"], len(times)), "place_kind": "station",
         "time": [*times, *times], "o3_1h": 50.0}
    )  # fmt: skip
    rows["pm25"] = np.where(rows["time"].dt.hour == 0, 100.0, 10.0) + np.where(rows["place"] == "a", 0, 4)  # fmt: skip
    hours = city_hours(rows)
    assert len(hours) == 28 * 24
    city = record("2024-01-01", "2024-01-28")
    panel = variation_data(city, 2024, hours, ()).rows[0][0]
    assert panel.cycle == "hour" and panel.now.n.tolist() == [28] * 24
    assert panel.now.mean[23] == 102.0 and panel.now.mean[0] == 12.0


# Ranks


def test_composite_index_main_item_and_rank_by_hand() -> None:
    """6/60 + 12/40 + 51/70 + 19/35 + 0.9/4 + 137/160 = 2.75; ozone has the largest part."""
    one = record("2022-01-01", "2025-12-31")
    more = record("2022-01-01", "2025-12-31", (12.0, 24.0, 102.0, 38.0, 1.8, 274.0), place="乙")
    found = place_year(one, 2025, np.datetime64("2025-12-31"), 2025)
    assert round(found.index, 2) == 2.75 and found.main == "o3_8h" and found.enough
    assert found.good == 100.0 and found.heavy == 0
    data = ranking_data([more, one], 2025, {"甲": [ratio_target(90.0)]}, (), only="甲")
    assert data.title_zh == "甲等2个城市" and data.period_zh == ""
    first = next(p for p in data.places if p.name_zh == "甲")
    assert first.highlighted and first.good_target == 90.0 and first.pm25_mean3 == 19.0
    assert next(p for p in data.places if p.name_zh == "乙").index == pytest.approx(5.50, abs=0.01)


def test_a_part_of_a_year_is_compared_with_the_same_part() -> None:
    city = record("2024-01-01", "2025-06-30")
    city.history.loc["2024-07":, "pm25"] = 200.0
    city.history.loc["2025":, "pm25"] = 19.0
    data = ranking_data([city], 2025, {}, ())
    assert data.period_zh == "1月1日至6月30日"
    (place,) = data.places
    assert place.pm25_last == 19.0 and place.good_last == 100.0 and place.enough
    assert np.isnan(place.pm25_mean3)  # 2022 and 2023 were not measured


def test_years_of_too_few_days_are_not_compared_with() -> None:
    city = record("2024-12-01", "2025-12-31")
    (place,) = ranking_data([city], 2025, {}, ()).places
    assert np.isnan([place.pm25_last, place.good_last, place.heavy_last, place.index_last]).all()


def test_a_city_with_gaps_has_numbers_and_no_rank() -> None:
    city = record("2025-01-01", "2025-12-31")
    city.history.loc["2025-05", "pm10"] = np.nan
    (place,) = ranking_data([city], 2025, {}, ()).places
    assert not place.enough and place.pm25 == 19.0


def test_no_city_with_the_year_is_refused() -> None:
    with pytest.raises(InputError, match="2025 to 2025"):
        ranking_data([record("2025-01-01", "2025-02-01")], 2020, {}, ())
