"""Calibration of a drawn year: any plausible goal is met exactly, order is kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.sample.air import draw_shape
from forecast.sample.calibration import YearGoal, calibrate_year
from forecast.standards.air_assessment import assess_year
from forecast.standards.items import AIR_ITEMS
from forecast.standards.rounding import round_half_even


def _days(year: int) -> np.ndarray:
    return np.arange(np.datetime64(f"{year}-01-01"), np.datetime64(f"{year + 1}-01-01"))


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    share=st.floats(0.0, 1.0),
    year=st.sampled_from([2015, 2016, 2020, 2023]),
)
def test_a_goal_between_the_published_ones_is_met(seed: int, share: float, year: int) -> None:
    """Whatever days are drawn, the four figures come out as asked."""
    goal = YearGoal(
        year=year,
        pm25=round(99 - 47 * share),
        good=round(120 + 118 * share),
        heavy=round(57 * (15 / 57) ** share),
        composite=round(9.08 * (5.18 / 9.08) ** share, 2),
        so2=38 - 26 * share,
        no2=44 - 13 * share,
        co=3.6 - 2.0 * share,
    )
    days = _days(year)
    values = calibrate_year(draw_shape(np.random.default_rng(seed), days), goal)
    found = assess_year(values, days, AIR_ITEMS, year, standard="HJ 633-2012").values
    assert found["pm25_annual_mean"][0] == goal.pm25
    assert found["good_days"][0] == goal.good
    assert found["heavy_days"][0] == goal.heavy
    assert float(round_half_even(found["composite_index"][0], 2)) == goal.composite


def test_days_keep_their_order() -> None:
    """PM2.5 before and after calibration is ranked alike but for the days at the band limits."""
    shape = draw_shape(np.random.default_rng(3), _days(2020))
    goal = YearGoal(2020, 52, 238, 15, 5.18, 12.0, 31.0, 1.6)
    values = calibrate_year(shape, goal)
    column = AIR_ITEMS.index("pm25")
    before = np.argsort(np.argsort(shape[:, column]))
    after = np.argsort(np.argsort(values[:, column]))
    assert np.corrcoef(before, after)[0, 1] > 0.98


def test_a_goal_that_contradicts_itself_is_refused() -> None:
    """An index of 2 with a PM2.5 mean of 99 can't be: PM2.5 alone gives 2.83."""
    shape = draw_shape(np.random.default_rng(0), _days(2015))
    with pytest.raises(RuntimeError, match="composite index"):
        calibrate_year(shape, YearGoal(2015, 99, 120, 57, 2.0, 38.0, 44.0, 3.6))


def test_shape_has_no_level_of_its_own() -> None:
    """A drawn year is positive and its mean is near 1 for every item."""
    shape = draw_shape(np.random.default_rng(11), _days(2019))
    assert shape.shape == (365, len(AIR_ITEMS))
    assert (shape > 0).all()
    assert np.all((shape.mean(axis=0) > 0.8) & (shape.mean(axis=0) < 1.5))
