"""Steps at a change of basis beside a slope or a curve."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.errors import InputError, UsageError
from forecast.trend import BASIS_CHANGE, basis_step, theil_sen
from forecast.trend.pairs import stretches, weighted_medians
from forecast.trend.steps import GAS_STEP_PERCENT, step_heights

INDEX = pd.date_range("2014-01-01", periods=96, freq="MS")
AFTER = np.asarray(pd.Timestamp("2018-09-01") <= INDEX)
DAYS = (INDEX - INDEX[0]).days.to_numpy()


def made(step: float, slope: float, seed: int = 1, noise: float = 1.0) -> pd.Series:
    season = 12 * np.cos(2 * np.pi * np.arange(96) / 12)
    rest = np.random.default_rng(seed).normal(0, noise, 96)
    return pd.Series(50 + slope / 365 * DAYS + step * AFTER + season + rest, index=INDEX)


def test_a_step_on_a_straight_line_is_found_exactly() -> None:
    """No season, no noise: slope -2 a year, step -5, 10.7 % of the line just before it."""
    y = pd.Series(50 - 2 / 365 * DAYS - 5 * AFTER, index=INDEX)
    found = theil_sen(y, deseason=False, breaks=[BASIS_CHANGE])
    step = found.steps[0]
    assert found.slope == pytest.approx(-2, abs=1e-9)
    assert (step.size, *step.interval) == pytest.approx((-5, -5, -5), abs=1e-9)
    before = 50 - 2 / 365 * (pd.Timestamp("2018-09-01") - INDEX[0]).days
    assert step.percent == pytest.approx(-500 / before)
    assert (step.before, step.after) == (56, 40)
    assert found.line().iloc[-1] == pytest.approx(y.iloc[-1])


def test_a_season_does_not_hide_the_step() -> None:
    found = theil_sen(made(-5.0, -2.0), breaks=[BASIS_CHANGE])
    assert found.slope == pytest.approx(-2.0, abs=0.5)
    assert found.steps[0].size == pytest.approx(-5.0, abs=1.5)
    low, high = found.steps[0].interval
    assert low < -5.0 < high < 0
    assert "2018-09-01" in found.words_en and "台阶" in found.words_zh


def test_filled_months_do_not_stand_on_the_other_basis() -> None:
    """Flat at 50, then at 40: a missing month before the step is filled with 50, not between."""
    y = pd.Series(np.where(AFTER, 40.0, 50.0), index=INDEX)
    y.iloc[[20, 80]] = np.nan
    found = theil_sen(y, breaks=[BASIS_CHANGE])
    assert found.values.iloc[20] == pytest.approx(50.0, abs=1e-6)
    assert found.values.iloc[80] == pytest.approx(40.0, abs=1e-6)
    assert found.filled == (INDEX[20], INDEX[80])


def test_heights_are_the_difference_of_calendar_months_less_the_slope() -> None:
    y = made(7.0, 3.0, noise=0.0)
    heights = step_heights(y, [BASIS_CHANGE])
    assert heights[~AFTER].eq(0).all()
    assert heights[AFTER].to_numpy() == pytest.approx(np.full(40, 7.0), abs=1e-6)
    assert step_heights(y, []).eq(0).all()


def test_a_side_of_two_months_has_no_step_but_a_slope() -> None:
    found = theil_sen(made(0.0, -2.0), deseason=False, breaks=[dt.date(2021, 11, 1)])
    assert np.isnan(found.steps[0].size)
    assert "it takes 3" in found.steps[0].words_en and "各需 3 个月" in found.steps[0].words_zh
    assert np.isfinite(found.slope)


@pytest.mark.parametrize("around", ["line", "smooth"])
def test_the_step_of_a_gas_beside_what_the_reference_state_makes(around: str) -> None:
    """273.15 / 298.15 - 1 = -8.385 %; a record with that step agrees, one with twice it does not."""
    assert abs(GAS_STEP_PERCENT + 8.385) < 5e-4
    level = 40 + 4 * np.cos(2 * np.pi * np.arange(96) / 12)
    noise = np.random.default_rng(4).normal(0, 0.8, 96)
    for factor, agrees in ((0.916, True), (0.70, False)):
        y = pd.Series((level + noise) * np.where(AFTER, factor, 1.0), index=INDEX)
        found = basis_step(y, around=around, item="no2")  # type: ignore[arg-type]
        assert found.agrees is agrees
        assert ("inside" if agrees else "outside") in found.words_en
    assert basis_step(y, around=around, item="pm25").agrees is None  # type: ignore[arg-type]
    assert np.isnan(basis_step(y, dt.date(2017, 1, 1), item="no2").expected_percent)


def test_options_without_a_meaning_are_refused() -> None:
    with pytest.raises(UsageError, match="line or smooth"):
        basis_step(made(0, 0), around="curve")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="named twice"):
        theil_sen(made(0, 0), breaks=[BASIS_CHANGE, BASIS_CHANGE])
    with pytest.raises(InputError, match="either side"):
        basis_step(made(0, 0), dt.date(2021, 11, 1))


def test_months_between_breaks() -> None:
    """A break inside a month takes that month out; the stretches count on."""
    index = pd.date_range("2020-01-01", periods=6, freq="MS")
    parts = stretches(index, [dt.date(2020, 5, 1), dt.date(2020, 3, 15)])
    assert parts.tolist() == [0, 0, -1, 1, 2, 2]


@settings(max_examples=20)
@given(st.integers(0, 2**16), st.floats(0.1, 20.0), st.floats(-40.0, 40.0))
def test_steps_scale_and_do_not_shift(seed: int, scale: float, shift: float) -> None:
    y = made(-3.0, -1.0, seed)
    plain = theil_sen(y, deseason=False, breaks=[BASIS_CHANGE], resamples=100)
    moved = theil_sen(y * scale + shift, deseason=False, breaks=[BASIS_CHANGE], resamples=100)
    for name in ("size", "lower", "upper"):
        expected = scale * getattr(plain.steps[0], name)
        assert getattr(moved.steps[0], name) == pytest.approx(expected, abs=1e-7 * (1 + scale))


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(0, 4)), min_size=1, max_size=12))
def test_a_weighted_median_is_that_of_the_values_written_out(pairs: list[tuple[int, int]]) -> None:
    values = np.array([[float(v) for v, _ in pairs]])
    counts = np.array([[c for _, c in pairs]], dtype=np.int32)
    written = np.repeat(values[0], counts[0])
    found = weighted_medians(values, counts)[0]
    assert (found == np.median(written)) if written.size else np.isnan(found)
