"""A city beside its own past: 同比, 环比, the mean of three years, by hand and on real cities."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from comparison_records import GOOD, printed, record, tables, unsupported_numbers, words
from hypothesis import given
from hypothesis import strategies as st

from forecast.report.comparison_periods import compared, mean_of, one_rule_year, period_numbers
from forecast.report.comparison_words import city_sections
from forecast.report.comparisons import month_comparison, periods_of, year_comparison
from forecast.report.review_days import year_days
from forecast.report.review_ranking import place_year

END = np.datetime64("2024-12-31")


def months_of(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    return frame[frame["indicator"] == name].set_index("period")


def years_of(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.set_index("indicator")


def test_a_change_is_that_of_the_printed_numbers() -> None:
    """41.4 and 44.6 are printed 41 and 45: 100 (41 - 45) / 45 = -8.9, not -7.2."""
    city = record(
        "2023-01-01", "2024-12-31", d2024={"pm25": 41.4}, d2023={"pm25": 44.6}
    )  # fmt: skip
    row = years_of(year_comparison(city, 2024, END)).loc["pm25_annual_mean"]
    assert (row["value"], row["value_1"], row["year_change"]) == (41.0, 45.0, -8.9)


def test_ratios_change_in_points_and_counts_in_days() -> None:
    """37 bad days of 366 are 89.9 % good, 14 of 365 are 96.2: -6.3 points; 5 heavy days more."""
    city = record("2023-01-01", "2024-12-31")
    city.history.loc["2024-01-01":"2024-02-06", "pm25"] = 100.0
    city.history.loc["2024-02-01":"2024-02-05", "pm25"] = 300.0
    city.history.loc["2023-01-01":"2023-01-14", "pm25"] = 100.0
    frame = years_of(year_comparison(city, 2024, END))
    ratio, heavy = frame.loc["good_day_ratio"], frame.loc["heavy_days"]
    assert (ratio["value"], ratio["value_1"], ratio["year_change"]) == (89.9, 96.2, -6.3)
    assert (heavy["value"], heavy["value_1"], heavy["year_change"]) == (5.0, 0.0, 5.0)


def test_the_three_year_mean_is_rounded_once() -> None:
    """40.4, 40.4 and 41.4 are printed 40, 40, 41; their mean is 40.73, so 41 and not 40."""
    city = record("2021-01-01", "2024-12-31", d2021={"pm25": 40.4}, d2022={"pm25": 40.4},
                  d2023={"pm25": 41.4}, d2024={"pm25": 38.0})  # fmt: skip
    row = years_of(year_comparison(city, 2024, END)).loc["pm25_annual_mean"]
    assert [row[f"value_{k}"] for k in (3, 2, 1)] == [40.0, 40.0, 41.0]
    assert (row["mean"], row["mean_change"]) == (41.0, -7.3)


def test_a_mean_of_three_years_needs_all_three() -> None:
    city = record("2022-01-01", "2024-12-31")
    row = years_of(year_comparison(city, 2024, END)).loc["pm25_annual_mean"]
    assert np.isnan(row["mean"]) and row["mean_status"] == "none"
    assert row["mean_change_status"] == "no_base"
    city = record("2021-03-01", "2024-12-31")
    row = years_of(year_comparison(city, 2024, END)).loc["pm25_annual_mean"]
    assert row["mean_status"] == "few" and row["mean_change_status"] == "few_base"


def test_months_stand_beside_the_year_and_the_month_before() -> None:
    """May 30 after 20 in April is +50.0 %; May of last year 40: -25.0 %."""
    city = record("2023-01-01", "2024-12-31", d2023_05={"pm25": 40.0}, d2024_04={"pm25": 20.0},
                  d2024_05={"pm25": 30.0})  # fmt: skip
    may = months_of(month_comparison(city, 2024, END), "pm25_annual_mean").loc["05"]
    assert (may["value"], may["previous_change"], may["year_change"]) == (30.0, 50.0, -25.0)


def test_january_follows_december_and_q1_the_fourth_quarter() -> None:
    city = record("2023-01-01", "2024-12-31", d2023_12={"pm25": 38.0})
    frame = months_of(month_comparison(city, 2024, END), "pm25_annual_mean")
    assert (frame.loc["01", "previous"], frame.loc["01", "previous_change"]) == (38.0, -50.0)
    # (31 + 30) days at 19 and 31 at 38 are 25.4.
    assert (frame.loc["Q1", "previous"], frame.loc["Q1", "previous_change"]) == (25.0, -24.0)


def test_a_quarter_is_the_mean_of_its_days() -> None:
    """31 days of 10, 29 of 40, 31 of 10: 19.56; the mean of months would be 20."""
    city = record("2024-01-01", "2024-12-31", d2024_01={"pm25": 10.0}, d2024_02={"pm25": 40.0},
                  d2024_03={"pm25": 10.0})  # fmt: skip
    numbers = period_numbers(city, year_days(2024)[:91], 2024, rule="month")
    assert numbers.values["pm25_annual_mean"] == pytest.approx((31 * 10 + 29 * 40 + 31 * 10) / 91)


@pytest.mark.parametrize(("gone", "status"), [(3, ""), (4, "few")])
def test_a_month_needs_27_days(gone: int, status: str) -> None:
    """April with 27 valid days is printed, with 26 it is not and nothing is compared with it."""
    city = record("2023-01-01", "2024-12-31")
    city.history.loc["2024-04-01" : f"2024-04-{gone:02d}", "pm25"] = np.nan
    frame = months_of(month_comparison(city, 2024, END), "pm25_annual_mean")
    assert frame.loc["04", "status"] == status and frame.loc["Q2", "status"] == status
    assert frame.loc["05", "previous_status"] == ("few_base" if status else "")
    assert frame.loc["04", "year_status"] == ("own" if status else "")


@pytest.mark.parametrize(("gone", "status"), [(3, ""), (4, "few")])
def test_february_needs_25_days(gone: int, status: str) -> None:
    city = record("2022-01-01", "2023-12-31")
    city.history.loc["2023-02-01" : f"2023-02-{gone:02d}", "no2"] = np.nan
    frame = month_comparison(city, 2023, date(2023, 12, 31))
    assert months_of(frame, "no2_annual_mean").loc["02", "status"] == status
    assert months_of(frame, "good_day_ratio").loc["02", "status"] == status


def test_days_taken_out_as_dust_are_not_missing_and_leave_the_means() -> None:
    """PM10 of 500 on ten days of April: out of the mean, in the counts."""
    days = pd.date_range("2024-04-01", "2024-04-10")
    dust = pd.DataFrame({"region": "甲", "date": days, "item": "pm10"})
    city = record("2023-01-01", "2024-12-31", dust=dust)
    city.history.loc["2024-04-01":"2024-04-10", "pm10"] = 500.0
    frame = month_comparison(city, 2024, END)
    april = months_of(frame, "pm10_annual_mean").loc["04"]
    assert (april["value"], april["status"]) == (51.0, "")
    assert months_of(frame, "good_day_ratio").loc["04", "value"] == 66.7
    notes = " ".join(n.zh for n in tables(city_sections(city, 2024, END))["comparison_year"].notes)
    assert "扣除已知沙尘日" in notes and "比率含沙尘日" in notes


def test_a_month_that_is_not_over_goes_against_the_same_days_of_last_year() -> None:
    """1 to 20 June; last year 30 on these days and 90 after them."""
    city = record("2023-01-01", "2024-06-20", d2023_06={"pm25": 30.0})
    city.history.loc["2023-06-21":"2023-06-30", "pm25"] = 90.0
    frame = months_of(month_comparison(city, 2024, date(2024, 6, 20)), "pm25_annual_mean")
    june = frame.loc["06"]
    assert (june["last_year"], june["n_days"], june["previous_status"]) == (30.0, 20, "part")
    assert frame.index.tolist()[-2:] == ["06", "Q2"] and not frame.loc["Q2", "whole"]


def test_the_end_of_february_stands_for_its_own() -> None:
    """A February of 29 days against one of 28, and the other way round."""
    city = record("2023-01-01", "2025-12-31")
    leap = months_of(month_comparison(city, 2024, END), "good_day_ratio").loc["02"]
    after = months_of(month_comparison(city, 2025, date(2025, 12, 31)), "good_day_ratio").loc["02"]
    assert (leap["n_days"], leap["year_status"]) == (29, "")
    assert (after["n_days"], after["year_status"]) == (28, "")
    assert [s.key for s in periods_of(2024, date(2024, 2, 29))] == ["01", "02", "Q1"]
    assert periods_of(2024, date(2024, 2, 29))[1].whole


def test_history_goes_by_the_rules_of_the_period_it_is_compared_with() -> None:
    """PM2.5 of 70 all the time: good before 2026-03-01 (limit 75) and not after (limit 60)."""
    city = record("2025-01-01", "2026-06-30", (6.0, 12.0, 51.0, 70.0, 0.9, 100.0))
    frame = months_of(month_comparison(city, 2026, date(2026, 6, 30)), "good_day_ratio")
    assert frame["value"].to_dict()["02"] == 100.0 and frame["value"].to_dict()["03"] == 0.0
    # Last year's March under the rules of this one; February once more under those of March.
    assert frame.loc["03", "year_change"] == 0.0
    assert (frame.loc["03", "previous"], frame.loc["03", "previous_change"]) == (0.0, 0.0)
    assert frame.loc["03", "previous_recomputed"] and not frame.loc["04", "previous_recomputed"]
    # January against December, both under the old rules; the mixed quarter against none.
    assert (frame.loc["01", "previous"], frame.loc["01", "previous_change"]) == (100.0, 0.0)
    assert frame.loc["Q1", "previous_status"] == "rules"
    assert frame.loc["Q2", "previous"] == 0.0
    notes = " ".join(
        n.zh for n in tables(city_sections(city, 2026, np.datetime64("2026-06-30")))["comparison_months_previous"].notes
    )  # fmt: skip
    assert "按本期规则重算" in notes and "规则不同" in notes


def test_numbers_of_2026_keep_one_decimal_more() -> None:
    city = record("2025-01-01", "2026-06-30", d2026={"pm25": 30.46})
    row = years_of(year_comparison(city, 2026, date(2026, 6, 30))).loc["pm25_annual_mean"]
    assert (row["value"], row["value_1"], row["decimals"]) == (30.5, 19.0, 1)


def test_a_change_of_the_state_of_measurement_is_marked() -> None:
    """Standard state to August 2018: the year 2018 and 2019 cross it, 2020 does not."""
    city = record("2016-01-01", "2021-12-31")
    city.basis.loc[:"2018-08-31"] = "standard_state"
    crossing = {
        y: bool(years_of(year_comparison(city, y, date(y, 12, 31))).loc["so2_annual_mean", "year_crosses"])
        for y in (2017, 2018, 2019, 2020, 2021)
    }  # fmt: skip
    assert crossing == {2017: False, 2018: True, 2019: True, 2020: False, 2021: False}
    months = months_of(month_comparison(city, 2018, date(2018, 12, 31)), "so2_annual_mean")
    assert months["year_crosses"].to_dict()["08"] is False and months.loc["09", "year_crosses"]
    assert months.loc["09", "previous_crosses"] and not months.loc["10", "previous_crosses"]
    blocks = city_sections(city, 2020, np.datetime64("2020-12-31"))
    table = tables(blocks)["comparison_year"]
    assert printed(table, "so2_annual_mean", 6) == "0.0"
    assert printed(table, "so2_annual_mean", 8) == "0.0※" and "※" in table.notes[-1].zh
    assert "监测状态不同" in words(blocks)


def test_one_rule_year_knows_both_versions() -> None:
    city = record("2025-01-01", "2026-06-30")
    days = np.arange("2026-02-01", "2026-03-01", dtype="datetime64[D]")
    assert one_rule_year(city, days) == 2025
    assert one_rule_year(city, days + 28) == 2027
    assert one_rule_year(city, np.arange("2026-01-01", "2026-04-01", dtype="datetime64[D]")) is None
    fixed = record("2025-01-01", "2026-06-30", standard="HJ 633-2012")
    assert one_rule_year(fixed, days + 28) == 2026


def test_a_base_of_nought_has_no_percent() -> None:
    assert compared("so2_annual_mean", 3.0, "", 0.0, "", 0)[1] == "zero"
    assert compared("heavy_days", 3.0, "", 0.0, "", 0) == (3.0, "")


@given(st.lists(st.integers(1, 400), min_size=3, max_size=3), st.integers(1, 400))
def test_the_mean_of_equal_years_is_their_value(years: list[int], now: int) -> None:
    """Whatever the three, the mean lies between them, and a year equal to it has not changed."""
    cities = [record("2024-01-01", "2024-01-31", (*GOOD[:3], float(v), *GOOD[4:])) for v in years]
    days = year_days(2024)[:31]
    numbers = [period_numbers(c, days, 2024, rule="month") for c in cities]
    mean, status = mean_of("pm25_annual_mean", numbers, 0)
    assert status == "" and min(years) <= mean <= max(years)
    change, _ = compared("pm25_annual_mean", float(now), "", mean, "", 0)
    assert np.sign(change) == np.sign(now - mean) or abs(now - mean) / mean < 5.1e-4


def test_the_year_agrees_with_the_chart_of_ranks() -> None:
    """The same numbers as ``place_year``, from which the chart of ranks is drawn."""
    city = record("2023-01-01", "2024-09-10", d2024_03={"pm25": 90.0}, d2024_02_03={"co": np.nan})
    last = np.datetime64("2024-09-10")
    found = period_numbers(city, year_days(2024, last), 2024, rule="year")
    other = place_year(city, 2024, last, 2024)
    assert found.values["pm25_annual_mean"] == pytest.approx(other.pm25, abs=1e-12)
    assert found.values["good_day_ratio"] == pytest.approx(other.good, abs=1e-12)
    assert found.values["composite_index"] == pytest.approx(other.index, abs=1e-12)
    assert (found.n_valid, found.main) == (other.n_valid, other.main)


# Words


def test_rise_fall_and_no_change_are_told_from_the_cells() -> None:
    city = record("2021-01-01", "2024-12-31", d2024={"pm25": 17.0, "o3_8h": 150.0})
    blocks = city_sections(city, 2024, END)
    zh, en = words(blocks), words(blocks, 1)
    assert "PM2.5为17µg/m³，比上年同期的19µg/m³下降10.5%" in zh
    assert "O3-8h第90百分位为150µg/m³，比上年同期的137µg/m³上升9.5%" in zh
    assert "优良天数比率为100.0%，与上年同期持平" in zh
    assert "PM2.5 17 µg/m³, down by 10.5% from 19 µg/m³ a year before" in en
    assert "明显" not in zh and unsupported_numbers(blocks) == set()


def test_a_first_year_says_that_there_is_nothing_to_compare_with() -> None:
    city = record("2024-01-01", "2024-12-31")
    blocks = city_sections(city, 2024, END)
    assert "上年同期无可比数据" in words(blocks) and "没有三年均值可比" in words(blocks)
    table = tables(blocks)["comparison_year"]
    assert printed(table, "pm25_annual_mean", 4) == "无数据"
    assert printed(table, "pm25_annual_mean", 6) == "基期无数据"


def test_a_year_with_forty_percent_missing_prints_no_number() -> None:
    city = record("2023-01-01", "2024-12-31")
    city.history.loc["2024-03-01":"2024-07-24"] = np.nan
    blocks = city_sections(city, 2024, END)
    table = tables(blocks)["comparison_year"]
    assert printed(table, "pm25_annual_mean", 5) == "天数不足"
    assert printed(table, "pm25_annual_mean", 6) == "—"
    assert printed(table, "pm25_annual_mean", 5, 1) == "too few days"
    assert (
        "PM2.5、O3-8h第90百分位、优良天数比率、重度及以上污染天数、综合指数本期无数据或有效天数不足"
        in words(blocks)
    )
    months = tables(blocks)["comparison_months"]
    assert printed(months, "05", 1) == "无数据" and printed(months, "01", 1) == "19"


def test_an_item_that_was_never_measured_is_said_and_nothing_else_suffers() -> None:
    city = record("2023-01-01", "2024-12-31")
    city.history["co"] = np.nan
    table = tables(city_sections(city, 2024, END))["comparison_year"]
    assert (
        printed(table, "co_p95", 5) == "无数据" and printed(table, "composite_index", 5) == "无数据"
    )
    assert printed(table, "pm25_annual_mean", 5) == "19"


def test_one_month_of_data_is_compared_with_nothing() -> None:
    city = record("2024-01-01", "2024-01-31")
    blocks = city_sections(city, 2024, np.datetime64("2024-01-31"))
    assert "各月之间不作文字比较" in words(blocks)
    assert [str(r[0].value) for r in tables(blocks)["comparison_months"].rows] == ["01", "Q1"]
    assert unsupported_numbers(blocks) == set()


def test_open_periods_have_no_row_of_the_period_before() -> None:
    city = record("2023-01-01", "2024-05-20")
    found = tables(city_sections(city, 2024, np.datetime64("2024-05-20")))
    assert found["comparison_months"].rows[-1][0].text.zh == "二季度（至5月20日）"
    assert found["comparison_months"].rows[-2][0].text.zh == "5月（至20日）"
    keys = [str(r[0].value) for r in found["comparison_months_previous"].rows]
    assert keys == ["01", "02", "03", "Q1", "04"]


def test_months_with_the_same_index_are_named_together() -> None:
    city = record("2023-01-01", "2024-12-31")
    assert "各月综合指数均为2.75" in words(city_sections(city, 2024, END))


def test_real_cities_agree_with_plain_arithmetic(real_data: Path) -> None:
    """Nanning 2016 against 2015 from the file itself: means, percentiles, printed, then changed."""
    from forecast.report.review_days import CityDays
    from forecast.standards.items import AIR_ITEMS

    raw = pd.read_csv(real_data / "air" / "city_daily_o3_8h" / "南宁.csv", encoding="utf-8-sig")
    index = pd.to_datetime(raw["日期"])
    named = dict(zip(AIR_ITEMS, ("SO2", "NO2", "PM10", "PM2.5", "CO", "O3_8h"), strict=True))
    history = pd.DataFrame({i: raw[c].astype(float).to_numpy() for i, c in named.items()}, index=index)  # fmt: skip
    history = history.where(history > 0).sort_index()
    empty = pd.DataFrame({"region": [], "date": pd.to_datetime([]), "item": []})
    city = CityDays("南宁", "南宁", history, empty, pd.Series("", index=index), None)
    frame = years_of(year_comparison(city, 2016, date(2016, 12, 31)))
    pm25 = {y: round(float(history.loc[str(y), "pm25"].mean())) for y in (2015, 2016)}
    assert frame.loc["pm25_annual_mean", "year_change"] == round(100 * (pm25[2016] - pm25[2015]) / pm25[2015], 1)  # fmt: skip
    co = {y: round(float(np.percentile(history.loc[str(y), "co"].dropna(), 95)), 1) for y in (2015, 2016)}  # fmt: skip
    assert frame.loc["co_p95", "value"] == co[2016] and frame.loc["co_p95", "value_1"] == co[2015]
    months = months_of(month_comparison(city, 2016, date(2016, 12, 31)), "pm25_annual_mean")
    plain = {m: round(float(history.loc[f"2016-{m:02d}", "pm25"].mean())) for m in range(1, 13)}
    assert [months.loc[f"{m:02d}", "value"] for m in plain] == list(plain.values())
    assert months.loc["12", "previous_change"] == round(100 * (plain[12] - plain[11]) / plain[11], 1)  # fmt: skip


def test_periods_with_missing_days_are_listed_under_the_table() -> None:
    city = record("2023-01-01", "2024-12-31")
    assert "逐日均有AQI" in tables(city_sections(city, 2024, END))["comparison_months"].notes[1].zh
    city.history.loc["2024-04-01":"2024-04-02", "co"] = np.nan
    city = replace(city)  # what was worked out belongs to the record as it was
    note = tables(city_sections(city, 2024, END))["comparison_months"].notes[1]
    assert note.zh == "有AQI的天数少于日历天数的时段：4月28/30、二季度89/91，其余时段逐日均有。"
    assert "Apr 28/30, Q2 89/91" in note.en
