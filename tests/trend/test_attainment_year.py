"""The year a limit is kept from: arithmetic by hand, intervals, horizons, changing limits."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.errors import UsageError
from forecast.trend import TheilSen, attainment_year, theil_sen


def line(start: float, slope: float, noise: float = 0.0, months: int = 85, seed: int = 1,
         **options: object) -> TheilSen:  # fmt: skip
    index = pd.date_range("2014-01-01", periods=months, freq="MS")
    days = (index - index[0]).days.to_numpy()
    rest = noise * np.random.default_rng(seed).normal(size=months)
    y = pd.Series(start + slope / 365 * days + rest, index=index)
    return theil_sen(y, deseason=False, **options)  # type: ignore[arg-type]


def test_the_year_by_hand() -> None:
    """60 on 2014-01-01, -3 in 365 days. The mean of 2022 stands at the mean of its twelve firsts.

    That is day 2922 + 166.67 of the line: 60 - 3 · 3088.67 / 365 = 34.614; 2021: 37.614.
    """
    trend = line(60.0, -3.0)
    found = attainment_year(trend, 35.0)
    assert (found.year, found.first, found.last) == (2022, 2022, 2022)
    assert attainment_year(trend, 34.62).year == 2022
    assert attainment_year(trend, 34.60).year == 2023
    assert attainment_year(trend, 37.62).year == 2021
    assert (found.horizon, found.first_year, found.within) == (2031, 2014, True)
    assert found.probability == 1.0


def test_beyond_the_horizon_is_said_and_not_a_year() -> None:
    found = attainment_year(line(60.0, -3.0, 2.0), 20.0, horizon=2025)
    assert (found.year, found.first, found.last, found.within) == (None, None, None, False)
    assert "not kept within the horizon" in found.words_en
    assert "2025 年前不能达到限值 20" in found.words_zh
    rising = attainment_year(line(60.0, 1.0, 1.0), 35.0)
    assert rising.year is None and rising.probability < 0.01


def test_an_open_upper_bound() -> None:
    """A slope hardly told from zero: a year, and no last year within the horizon."""
    found = attainment_year(line(38.0, -0.55, 5.0, months=61, seed=11), 34.0, horizon=2026)
    assert found.first is not None and found.last is None
    assert "to after 2026" in found.words_en and "2026 年以后" in found.words_zh


def test_kept_all_along_and_higher_is_better() -> None:
    assert attainment_year(line(30.0, -1.0), 35.0).year == 2014
    ratio = line(70.0, 2.0)
    found = attainment_year(ratio, 85.0, better="higher")
    assert found.year == 2022  # 70 + 2 · 3088.67 / 365 = 86.9; 2021: 84.9
    assert attainment_year(ratio, 85.0).year is None


def test_a_limit_that_tightens_counts_to_the_horizon() -> None:
    """35 to 2030 and 25 from 2031: 2022 keeps the first, 2026 the second already: kept from 2022.

    With a slower fall 2031 fails, so that the limit is kept only from when 25 is.
    """
    limits = {2012: 35.0, 2031: 25.0}
    assert attainment_year(line(60.0, -3.0), limits, horizon=2035).year == 2022
    slow = attainment_year(line(45.0, -1.0), limits, horizon=2040)
    # 2033: 45 - (6940 + 166.67) / 365 = 25.53; 2034: 24.53.
    assert slow.year == 2034
    assert "35 (to 2030), 25 (to 2040)" in slow.words_en
    with pytest.raises(UsageError, match="No limit is named for 2014"):
        attainment_year(line(45.0, -1.0), {2020: 35.0})


def test_single_years_need_longer_than_the_line() -> None:
    """Years 3 above and below the line in turn: at the crossing half of them fail."""
    index = pd.date_range("2013-01-01", periods=96, freq="MS")
    days = (index - index[0]).days.to_numpy()
    swing = np.where(index.year % 2 == 0, 3.0, -3.0)
    trend = theil_sen(pd.Series(60 - 2 / 365 * days + swing, index=index), deseason=False)
    found = attainment_year(trend, 35.0, horizon=2035)
    assert found.year is not None and found.likely_year is not None
    assert found.likely_year > found.year
    assert found.scatter == pytest.approx(3 * np.sqrt(8 / 6), rel=0.1)
    short = attainment_year(line(60.0, -3.0, months=40), 35.0)
    assert np.isnan(short.scatter) and short.likely_year is None
    assert "too few whole years" in short.words_en and "整年不足" in short.words_zh


def test_after_a_break_the_new_level_counts() -> None:
    index = pd.date_range("2014-01-01", periods=84, freq="MS")
    days = (index - index[0]).days.to_numpy()
    after = np.asarray(pd.Timestamp("2018-09-01") <= index)
    y = pd.Series(50 - 2 / 365 * days - 8 * after, index=index)
    found = attainment_year(
        theil_sen(y, deseason=False, breaks=[dt.date(2018, 9, 1)]), 30.9, horizon=2030
    )
    # 42 - 2 · (1826 + 166.5) / 365 = 31.1 in 2019 and 29.1 in 2020.
    assert (found.year, found.first_year) == (2020, 2018)


@settings(max_examples=20)
@given(st.integers(0, 2**16), st.floats(0.1, 10.0), st.floats(-30.0, 30.0))
def test_scaled_and_mirrored_records_have_the_same_years(
    seed: int, scale: float, shift: float
) -> None:
    plain = attainment_year(line(60, -3, 3.0, seed=seed, resamples=100), 40.0)
    index = pd.date_range("2014-01-01", periods=85, freq="MS")
    days = (index - index[0]).days.to_numpy()
    y = 60 - 3 / 365 * days + 3.0 * np.random.default_rng(seed).normal(size=85)
    mirrored = theil_sen(pd.Series(-scale * y + shift, index=index), deseason=False, resamples=100)
    found = attainment_year(mirrored, -scale * 40.0 + shift, better="higher")
    assert (found.year, found.first, found.last) == (plain.year, plain.first, plain.last)
    assert plain.first is not None and plain.year is not None and plain.last is not None
    assert plain.first <= plain.year <= plain.last


def test_questions_without_a_meaning_are_refused() -> None:
    trend = line(60.0, -3.0)
    with pytest.raises(UsageError, match="before the end of the record"):
        attainment_year(trend, 35.0, horizon=2015)
    with pytest.raises(UsageError, match="lower or higher"):
        attainment_year(trend, 35.0, better="up")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="between 0 and 1"):
        attainment_year(trend, 35.0, level=2)
