"""Budgets against counting, and the mean that is left."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.standards.budget import (
    bad_day_budget,
    count_budget,
    days_to_ratio,
    good_days_needed,
    mean_allowed,
    ratio_to_days,
)
from forecast.standards.rounding import round_half_even


@given(st.integers(300, 366), st.integers(500, 1000))
def test_need_is_the_least_that_reaches_the_target(n: int, tenths: int) -> None:
    target = float(Decimal(tenths) / 10)
    ratios = [Decimal(100 * g) / n for g in range(n + 1)]
    exact = next(g for g, ratio in enumerate(ratios) if ratio >= Decimal(str(target)))
    shown = next(g for g in range(n + 1) if round_half_even(100 * g / n, 1) >= target - 1e-9)
    assert good_days_needed(n, target).item() == exact
    assert good_days_needed(n, target, rounded=True).item() == shown
    assert shown <= exact <= shown + 1


def test_arrays_and_overspent_budget() -> None:
    found = bad_day_budget([365, 366], 85.0, [60, 10], rounded=True)
    assert found.allowed.tolist() == [54, 55]
    assert found.left.tolist() == [-6, 45]
    assert found.used.tolist() == [60, 10]


def test_unreachable_target_needs_more_than_all_days() -> None:
    assert good_days_needed(365, 100.1).item() == 366
    assert good_days_needed(365, 0.0).item() == 0
    assert good_days_needed(365, 0.0, rounded=True).item() == 0


def test_cap_on_days() -> None:
    found = count_budget(3, [2, 5])
    assert (found.allowed.tolist(), found.left.tolist()) == ([3, 3], [1, -2])


def test_days_and_ratio_convert_with_the_real_denominator() -> None:
    assert round_half_even(days_to_ratio(359, 366).item(), 1) == 98.1
    assert ratio_to_days(98.1, 366).item() == 359
    assert ratio_to_days(87.4, [365, 366]).tolist() == [319, 320]
    assert ratio_to_days(87.4, [365, 366], rounded=False).tolist() == [320, 320]


def test_mean_allowed_by_hand() -> None:
    # 100 days at 40 and a target of 35 leave (35 * 365 - 4000) / 265.
    assert mean_allowed(100, 4000, 265, 35).item() == pytest.approx(8775 / 265)
    assert mean_allowed(100, 4000, 265, 35, rounded=True).item() == pytest.approx(
        (35.5 * 365 - 4000) / 265
    )
    assert mean_allowed(0, 0, 365, 29.5, rounded=True).item() == 29.5
    assert np.isnan(mean_allowed(365, 9000, 0, 35).item())
    assert mean_allowed(360, 36000, 5, 35).item() < 0


@given(st.integers(1, 364), st.floats(10, 60), st.integers(20, 40))
def test_mean_allowed_just_meets_the_target(n_obs: int, mean: float, target: int) -> None:
    left = 365 - n_obs
    allowed = mean_allowed(n_obs, n_obs * mean, left, target).item()
    assert (n_obs * mean + left * allowed) / 365 == pytest.approx(target)
