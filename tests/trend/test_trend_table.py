"""Several series at once, and the table of a review."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from forecast.errors import InputError, UsageError
from forecast.trend import (
    BASIS_CHANGE,
    TREND_COLUMNS,
    annual_theil_sen,
    mann_kendall,
    seasonal_mann_kendall,
    theil_sen,
    theil_sen_groups,
    trend_table,
)
from forecast.trend.wording import dates_text, number_text, p_text

INDEX = pd.date_range("2015-01-01", periods=73, freq="MS")


def made(slope: float, seed: int = 1) -> pd.Series:
    t = np.arange(73)
    season = 6 * np.cos(2 * np.pi * t / 12)
    noise = np.random.default_rng(seed).normal(0, 1, 73)
    return pd.Series(40 + slope * t / 12 + season + noise, index=INDEX)


SERIES = {"pm25": made(-3.0), "o3_8h": made(1.0, 2), "no2": made(0.0, 3)}


def test_each_row_is_the_series_alone() -> None:
    table = trend_table(SERIES, breaks=[BASIS_CHANGE])
    assert table.columns.tolist() == list(TREND_COLUMNS)
    assert table.index.tolist() == list(SERIES) and table.index.name == "series"
    for name, series in SERIES.items():
        alone = theil_sen(series, breaks=[BASIS_CHANGE])
        kendall = seasonal_mann_kendall(series, breaks=[BASIS_CHANGE])
        row = table.loc[name]
        assert (row["slope"], row["lower"], row["upper"]) == (alone.slope, *alone.interval)
        assert (row["step"], row["p_value"]) == (alone.steps[0].size, alone.p_value)
        assert (row["kendall_p"], row["seasonal_slope"]) == (kendall.p_value, kendall.slope)
        assert row["words_en"] == f"{alone.words_en}; {kendall.words_en}"
        assert row["reason_zh"] == row["reason_en"] == ""


def test_the_order_of_series_and_of_rows_changes_no_number() -> None:
    plain = trend_table(SERIES)
    mixed = {n: s.sample(frac=1, random_state=4) for n, s in reversed(SERIES.items())}
    pd.testing.assert_frame_equal(trend_table(mixed).loc[list(SERIES)], plain)
    columns = trend_table(pd.DataFrame(SERIES))
    pd.testing.assert_frame_equal(columns, plain)


def test_a_series_without_a_trend_keeps_its_row_and_says_why() -> None:
    april = made(-1.0)
    april[april.index.month == 4] = np.nan
    series = {
        "fine": SERIES["pm25"], "never": SERIES["pm25"] * np.nan, "short": SERIES["pm25"][:20],
        "one": SERIES["pm25"][:1], "no april": april,
    }  # fmt: skip
    table = trend_table(series)
    assert table["slope"].notna().tolist() == [True, False, False, False, False]
    assert table["n"].tolist() == [73, 0, 20, 1, 67]
    assert "没有可用的监测值" in table.loc["never", "reason_zh"]
    assert "no reading" in table.loc["never", "reason_en"]
    assert "只有 20 个月，去季节需要 25 个月" in table.loc["short", "reason_zh"]
    assert "the series has 1." in table.loc["one", "reason_en"]
    assert "4 月各年均无值" in table.loc["no april", "reason_zh"]
    grouped = theil_sen_groups(series)
    assert list(grouped.trends) == ["fine"] and len(grouped.refused) == 4
    assert "a trend of 1 series" in grouped.words_en and "short" in grouped.words_zh
    left_in = trend_table({"short": SERIES["pm25"][:8]}, deseason=False)
    assert "只有 8 个月有值" in left_in.loc["short", "reason_zh"]
    parted = trend_table({"a": made(0.0)[:14]}, deseason=False, breaks=[dt.date(2015, 8, 15)])
    assert np.isfinite(parted.loc["a", "slope"])
    assert np.isnan(parted.loc["a", "kendall_p"])


def test_a_third_of_the_months_missing_is_told() -> None:
    series = made(-3.0)
    gone = np.random.default_rng(5).choice(np.arange(1, 72), 29, replace=False)
    series.iloc[gone] = np.nan
    row = trend_table({"pm25": series}).loc["pm25"]
    assert row["missing"] == 29 == len(row["filled"].split())
    assert row["slope_unfilled"] != row["slope"]
    assert "等 29 个月" in row["words_zh"] and "and 23 more" in row["words_en"]


def test_readings_by_label() -> None:
    """Daily readings: the weekend falls, the week does not."""
    days = pd.date_range("2018-01-01", "2021-12-31")
    weekend = days.day_of_week >= 5
    years = (days - days[0]).days.to_numpy() / 365
    readings = pd.Series(30 - 4 * years * weekend, index=days)
    labels = pd.Series(np.where(weekend, "weekend", "week"), index=days)
    found = theil_sen_groups(readings, by=labels, deseason=False).trends
    assert list(found) == ["week", "weekend"]
    assert found["week"].slope == pytest.approx(0, abs=1e-9)
    assert found["weekend"].slope == pytest.approx(-4, abs=0.05)
    with pytest.raises(InputError, match="labels do not stand"):
        theil_sen_groups(readings, by=labels.iloc[1:])
    with pytest.raises(InputError, match="one series of readings"):
        theil_sen_groups(SERIES, by=labels)
    assert list(theil_sen_groups(SERIES["pm25"].rename("pm25")).trends) == ["pm25"]


def test_options_without_a_meaning_are_no_reason_of_a_series() -> None:
    with pytest.raises(UsageError, match="between 0 and 1"):
        trend_table(SERIES, level=95)


def test_words_of_the_other_tests() -> None:
    """Every result says what it rests on, in both languages."""
    test = mann_kendall([50.0, 46.0, 43.0, 39.0, 35.0])
    assert test.words_zh == (
        "Mann–Kendall：显著下降（p = 0.017，精确分布，水平 0.05），S = -10，τ = -1.00；5 个值"
    )
    assert "a fall (p = 0.017, exact" in test.words_en
    annual = annual_theil_sen({2019: 42, 2020: 40, 2021: 39, 2022: 35, 2023: 34})
    assert annual.interval == (annual.lower, annual.upper)
    assert "5 annual values from 2019 to 2023" in annual.words_en
    assert "实际概率 98.3%" in annual.words_zh
    short = annual_theil_sen({2015: 90.0, 2020: 52.0}, bases={2015: "a", 2020: "b"})
    assert short.words_en.endswith(short.reason_en) and "监测状态" in short.words_zh


def test_numbers_in_words() -> None:
    assert [number_text(v) for v in (0.0, 1234.5, -0.0012345)] == ["0", "+1230", "-0.00123"]
    assert p_text(float("nan")) == "p = —"
    assert dates_text(list(INDEX[:2]), lang="en") == "2015-01, 2015-02"


def test_stars_are_openairs() -> None:
    assert theil_sen(SERIES["pm25"]).stars == "***"
    assert theil_sen(SERIES["no2"]).stars == ""
