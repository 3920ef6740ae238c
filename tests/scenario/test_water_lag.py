"""The first-order approach against its closed form."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.scenario.water_lag import arrived_cuts, month_years

_MONTHS = np.arange("2025-01", "2035-01", dtype="datetime64[M]")
_YEARS = month_years(_MONTHS)


def test_months_have_their_own_length() -> None:
    assert _YEARS[1] == 28 / 365.25
    assert month_years(np.array(["2028-02"], dtype="datetime64[M]"))[0] == 29 / 365.25
    assert _YEARS[:12].sum() == pytest.approx(365 / 365.25)


def test_a_step_arrives_as_one_minus_exp() -> None:
    """The mean of 0.4·(1 − e^(−t/τ)) over each month, by its integral."""
    tau = 3.0
    end = np.cumsum(_YEARS)
    start = end - _YEARS
    truth = 0.4 * (1.0 + tau * (np.exp(-end / tau) - np.exp(-start / tau)) / _YEARS)
    made = arrived_cuts(np.full((1, len(_MONTHS)), 0.4), _YEARS, tau)
    np.testing.assert_allclose(made[0], truth, rtol=1e-10)


def test_nothing_arrives_before_anything_is_cut() -> None:
    made = np.zeros((2, len(_MONTHS)))
    made[1, 30:] = 0.5
    arrived = arrived_cuts(made, _YEARS, np.array([6.5, 6.5]))
    assert (arrived[0] == 0.0).all()
    assert (arrived[1, :30] == 0.0).all()
    assert (arrived[1, 30:] > 0.0).all()


def test_without_a_lag_the_cut_is_there_at_once() -> None:
    made = np.random.default_rng(1).uniform(-0.2, 1.0, (3, len(_MONTHS)))
    np.testing.assert_array_equal(arrived_cuts(made, _YEARS, 0.0), made)


def test_a_cut_that_ends_is_given_back() -> None:
    made = np.full((1, len(_MONTHS)), 0.5)
    made[:, 12:] = 0.0
    arrived = arrived_cuts(made, _YEARS, 0.5)[0]
    assert arrived[11] > 0.35
    assert arrived[12] > arrived[24] > arrived[60]
    assert arrived[-1] < 1e-6


@given(
    cut=st.floats(0.0, 1.0), short=st.floats(0.0, 10.0), more=st.floats(0.0, 10.0),
    start=st.integers(0, 100),
)  # fmt: skip
def test_a_longer_lag_brings_less_and_never_more_than_was_cut(
    cut: float, short: float, more: float, start: int
) -> None:
    made = np.zeros((2, len(_MONTHS)))
    made[:, start:] = cut
    arrived = arrived_cuts(made, _YEARS, np.array([short, short + more]))
    assert (arrived[1] <= arrived[0] + 1e-12).all()
    assert arrived.min() >= 0.0 and arrived.max() <= cut + 1e-12
    assert (np.diff(arrived, axis=1) >= -1e-12).all()
