"""Monthly means, filled months, and the season taken off."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.errors import InputError, UsageError
from forecast.trend import deseasonalise, fill_months, monthly_means


def months(values: Any, start: str = "2015-01-01") -> pd.Series:
    index = pd.date_range(start, periods=len(values), freq="MS")
    return pd.Series(np.asarray(values, dtype=float), index=index)


def test_a_month_is_the_mean_of_its_readings_and_the_ends_are_cut_to_what_was_measured() -> None:
    index = pd.to_datetime(["2020-01-05", "2020-02-01", "2020-02-29", "2020-04-01", "2020-05-01"])
    found = monthly_means(pd.Series([np.nan, 1.0, 4.0, 7.0, np.nan], index=index))
    assert list(found.index) == list(pd.to_datetime(["2020-02-01", "2020-03-01", "2020-04-01"]))
    assert found.iloc[0] == 2.5 and np.isnan(found.iloc[1]) and found.iloc[2] == 7.0


def test_data_capture_counts_against_the_hours_that_the_month_has() -> None:
    """February 2021 has 672 hours: 504 are three quarters, 503 are not."""
    hours = pd.date_range("2021-02-01", "2021-03-31 23:00", freq="h")
    seen = pd.Series(1.0, index=hours)
    for kept, missing in ((504, False), (503, True)):
        cut = seen.copy()
        cut.iloc[kept:672] = np.nan
        found = monthly_means(cut, data_capture=0.75)
        assert (len(found) == 1) is missing
    # Rows that are absent altogether count as well, and the spacing may be told.
    absent = seen.drop(seen.index[503:672])
    assert len(monthly_means(absent, data_capture=0.75)) == 1
    daily = pd.Series(1.0, index=pd.date_range("2021-02-01", periods=59))
    assert len(monthly_means(daily, data_capture=0.75)) == 2
    with pytest.raises(InputError, match="No month has 75 %"):
        monthly_means(daily, data_capture=0.75, spacing="1h")


def test_the_order_of_rows_and_the_offset_of_the_clock_change_nothing() -> None:
    index = pd.date_range("2020-01-01", periods=120)
    seen = pd.Series(np.arange(120.0), index=index)
    shuffled = seen.sample(frac=1.0, random_state=1)
    pd.testing.assert_series_equal(monthly_means(seen), monthly_means(shuffled))
    local = seen.tz_localize("Asia/Shanghai")
    pd.testing.assert_series_equal(monthly_means(seen), monthly_means(local))
    periods = seen.set_axis(seen.index.to_period("D"))
    pd.testing.assert_series_equal(monthly_means(seen), monthly_means(periods))


@pytest.mark.parametrize(
    ("readings", "words"),
    [
        (pd.Series([1.0, 2.0]), "readings by time"),
        (months([np.nan] * 3), "no reading"),
        (pd.Series([1.0, 2.0], index=pd.to_datetime(["2020-01-01"] * 2)), "more than once"),
    ],
)
def test_readings_that_carry_no_months_are_refused(readings: pd.Series, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        monthly_means(readings)
    assert caught.value.cure


@pytest.mark.parametrize(
    "options", [{"data_capture": 75.0}, {"data_capture": 0.5, "spacing": "hourly"},
                {"data_capture": 0.5, "spacing": "-1h"}],
)  # fmt: skip
def test_options_without_a_meaning_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        monthly_means(months([1.0, 2.0, 3.0]), **options)


def test_a_gap_is_filled_from_the_same_calendar_month_of_other_years() -> None:
    """Januaries 10, 12, missing, 16: the line through them gives 14 whatever July does."""
    y = np.full(48, 50.0)
    y[[0, 12, 24, 36]] = [10.0, 12.0, np.nan, 16.0]
    filled = fill_months(months(y))
    assert filled.iloc[24] == pytest.approx(14.0, abs=1e-12)
    assert filled.drop(filled.index[24]).equals(months(y).drop(filled.index[24]))
    y[[12, 36]] = np.nan
    assert fill_months(months(y)).iloc[24] == 10.0  # one value alone is its own line


def test_a_calendar_month_without_any_value_is_named() -> None:
    y = np.arange(36.0)
    y[[3, 15, 27]] = np.nan
    with pytest.raises(InputError, match="No April"):
        fill_months(months(y))
    with pytest.raises(InputError, match="without taking the season off"):
        deseasonalise(months(y))


def test_a_left_out_month_is_not_a_shorter_series() -> None:
    y = months(np.arange(40.0))
    with pytest.raises(InputError, match="every month"):
        deseasonalise(y.drop(y.index[7]))


def test_two_years_do_not_tell_a_season() -> None:
    with pytest.raises(InputError, match="needs 25 months, and the series has 24"):
        deseasonalise(months(np.arange(24.0)))
    assert len(deseasonalise(months(np.arange(25.0))).values) == 25


def test_a_fixed_season_on_a_line_is_taken_off_whole() -> None:
    t = np.arange(85.0)
    season = 10.0 * np.sin(2 * np.pi * t / 12)
    found = deseasonalise(months(30.0 - 0.1 * t + season))
    np.testing.assert_allclose(found.values, 30.0 - 0.1 * t, atol=1e-6)
    np.testing.assert_allclose(found.season, season, atol=1e-6)
    assert found.filled == ()


def test_filled_months_are_named() -> None:
    t = np.arange(61.0)
    y = months(20.0 + np.cos(2 * np.pi * t / 12))
    y.iloc[[14, 40]] = np.nan
    assert deseasonalise(y).filled == (y.index[14], y.index[40])


@given(st.integers(0, 2**16), st.floats(0.1, 20.0), st.floats(-50.0, 50.0))
def test_the_season_scales_and_shifts_with_the_series(
    seed: int, scale: float, shift: float
) -> None:
    y = months(np.random.default_rng(seed).normal(20.0, 5.0, 37))
    plain, moved = deseasonalise(y).values, deseasonalise(y * scale + shift).values
    np.testing.assert_allclose(moved, plain * scale + shift, atol=1e-6 * (1 + scale))


def test_a_missing_statsmodels_is_said_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("statsmodels"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UsageError, match="pip install statsmodels"):
        deseasonalise(months(np.arange(40.0)))
