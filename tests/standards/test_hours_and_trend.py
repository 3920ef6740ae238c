"""Validity of daily values, and Daniel's test."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.standards.daniel import (
    CRITICAL_VALUES,
    critical_value,
    exact_critical_value,
    spearman_trend,
)
from forecast.standards.hours import annual_valid, daily_mean, eight_hour_means, max_8h

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
