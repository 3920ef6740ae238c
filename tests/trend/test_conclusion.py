"""Which records are long enough for a conclusion: counted by hand; slopes of opposite signs."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest

from forecast.trend import (
    BASIS_CHANGE,
    annual_theil_sen,
    attainment_year,
    seasonal_mann_kendall,
    smooth_trend,
    theil_sen,
    theil_sen_groups,
    trend_table,
)
from forecast.trend.conclusion import NO_CONCLUSION, opposite_signs, short_record
from forecast.trend.table import agreeing


def months(n: int, start: str = "2018-01-01", a_year: float = -2.0) -> pd.Series:
    """A fall with a season and a little chance."""
    t = np.arange(n)
    noise = np.random.default_rng(6).normal(0, 0.5, n)
    values = 60 + a_year * t / 12 + 10 * np.cos(2 * np.pi * t / 12) + noise
    return pd.Series(values, index=pd.date_range(start, periods=n, freq="MS"))


@pytest.mark.parametrize(
    ("n", "gone", "said"),
    [(59, 0, "不足5年"), (60, 0, ""), (60, 15, ""), (60, 16, "四分之三"), (84, 39, ""),
     (84, 40, "四分之三")],
)  # fmt: skip
def test_sixty_months_three_quarters_of_them_measured(n: int, gone: int, said: str) -> None:
    series = months(n)
    series.iloc[2 : 2 + gone] = np.nan
    zh, en = short_record(series)
    assert (said in zh) and bool(zh) == bool(en) == bool(said)


@pytest.mark.parametrize(
    ("day", "long_enough"),
    [
        (dt.date(2020, 1, 1), True),  # 24 and 40 months
        (dt.date(2019, 12, 1), False),  # 23, which do not count, and 41
        (dt.date(2023, 1, 1), True),  # 60 and 4
        (dt.date(2020, 1, 15), True),  # 24, the month cut in two, 39
    ],
)
def test_stretches_under_two_years_do_not_count(day: dt.date, long_enough: bool) -> None:
    found = theil_sen(months(64), False, breaks=[day])
    assert found.conclusive is long_enough


def test_five_summers_are_five_years_and_four_are_not() -> None:
    days = months(72)
    labels = pd.Series(np.where(days.index.month.isin([6, 7, 8]), "summer", "rest"), days.index)
    found = theil_sen_groups(days, by=labels, deseason=False).trends["summer"]
    assert (found.n, found.conclusive) == (18, True)
    four = theil_sen_groups(days[:55], by=labels[:55], deseason=False).trends["summer"]
    five = theil_sen_groups(days[:56], by=labels[:56], deseason=False).trends["summer"]
    assert (four.n, four.conclusive, five.n, five.conclusive) == (14, False, 15, True)


def test_numbers_stand_where_no_conclusion_does() -> None:
    """The month that makes it five years changes words and flags; the slope is much the same."""
    short, whole = theil_sen(months(59)), theil_sen(months(60))
    assert short.slope == pytest.approx(whole.slope, abs=0.1) and short.p_value == 0
    assert (short.conclusive, short.stars, whole.stars) == (False, "", "***")
    assert NO_CONCLUSION[0] in short.words_zh and NO_CONCLUSION[1] in short.words_en
    assert "p <" not in short.words_zh + short.words_en and "p <" in whole.words_en
    assert "conclusion" not in whole.words_en and "结论" not in whole.words_zh
    test = seasonal_mann_kendall(months(59))
    assert test.p_value < 0.05 and (test.direction, test.conclusive) == (0, False)
    assert "下降" not in test.words_zh and "fall" not in test.words_en
    assert seasonal_mann_kendall(months(60)).direction == -1
    assert NO_CONCLUSION[1] in smooth_trend(months(59)).words_en
    assert NO_CONCLUSION[1] not in smooth_trend(months(60)).words_en
    assert attainment_year(short, 50.0).words_zh.endswith(NO_CONCLUSION[0])
    assert attainment_year(whole, 50.0).conclusive


def test_four_years_at_90_percent_have_bounds_and_no_conclusion() -> None:
    four = annual_theil_sen({2018: 5, 2019: 4, 2020: 3, 2021: 2}, level=0.9)
    assert np.isfinite(four.lower) and not four.conclusive
    assert four.words_zh.endswith("不作趋势结论") and four.words_en.endswith("on a trend")
    assert annual_theil_sen({2018: 5, 2019: 4, 2020: 3, 2021: 2, 2022: 1}).conclusive


def test_slopes_that_go_opposite_ways_conclude_nothing() -> None:
    trend, test = theil_sen(months(72)), seasonal_mann_kendall(months(72))
    assert agreeing(trend, test) == (trend, test) and agreeing(trend, None) == (trend, None)
    other = dataclasses.replace(test, slope=0.5)
    slope, kendall = agreeing(trend, other)
    assert kendall is not None and not slope.conclusive and not kendall.conclusive
    assert slope.slope == trend.slope and kendall.direction == 0
    for words in (slope.words_en, kendall.words_en):
        assert "+0.500 differ in sign: no conclusion" in words
    assert opposite_signs(1.0, 0.0) == opposite_signs(float("nan"), 1.0) == ("", "")


def test_the_table_says_so_in_a_column() -> None:
    table = trend_table({"short": months(50), "long": months(130, "2014-01-01")},
                        breaks=[BASIS_CHANGE])  # fmt: skip
    assert table["conclusive"].tolist() == [False, True]
    assert table["significance"].tolist() == ["", "***"]
    assert table["kendall_direction"].tolist() == [0, -1]
