"""The seasonal Kendall test: another tool's figures, covariances by hand, invariances."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.errors import InputError, UsageError
from forecast.trend import mann_kendall, seasonal_mann_kendall

#: Eight years of whole numbers with many ties.
TIES = [
    2, 2, 9, 9, 8, 5, -2, -5, -10, -7, -9, -6, -1, 4, 7, 9, 9, 4, 1, -6, -9, -9, -9, -6, -1, 5, 10,
    9, 8, 5, -1, -6, -8, -10, -9, -5, -4, 5, 7, 8, 8, 5, -1, -7, -10, -11, -8, -5, -1, 5, 7, 8, 8,
    5, -1, -7, -10, -14, -9, -6, -3, 4, 6, 9, 5, 3, -1, -5, -12, -12, -10, -7, 0, 2, 8, 7, 9, 3,
    -2, -8, -9, -11, -10, -6, -1, 3, 6, 7, 8, 2, -2, -7, -10, -11, -12, -9,
]  # fmt: skip


def months(values: object, start: str = "2010-01-01") -> pd.Series:
    y = np.asarray(values, dtype=float)
    return pd.Series(y, index=pd.date_range(start, periods=len(y), freq="MS"))


def test_pymannkendall_gives_the_same() -> None:
    """pymannkendall 1.4.3: seasonal_test and correlated_seasonal_test, period 12."""
    plain = seasonal_mann_kendall(months(TIES), serial_dependence=False)
    assert (plain.s, plain.slope, plain.direction) == (-121, -0.25, -1)
    assert plain.variance == pytest.approx(676.3333333333333, rel=1e-12)
    assert plain.z == pytest.approx(-4.614247120699347, rel=1e-12)
    assert plain.p_value == pytest.approx(3.9452279385621125e-06, rel=1e-9)
    assert plain.tau == pytest.approx(-0.3601190476190476, rel=1e-12)
    serial = seasonal_mann_kendall(months(TIES))
    assert serial.variance == pytest.approx(2427.0, rel=1e-12)
    assert serial.z == pytest.approx(-2.4561250932792515, rel=1e-12)
    assert serial.p_value == pytest.approx(0.014044425966095675, rel=1e-9)


def test_pymannkendall_gives_the_same_with_gaps() -> None:
    y = months(TIES)
    y.iloc[[5, 30, 31, 77]] = np.nan
    found = seasonal_mann_kendall(y, serial_dependence=False)
    assert (found.s, found.slope, found.n) == (-106, -0.25, 92)
    assert found.variance == pytest.approx(609.3333333333334, rel=1e-12)
    assert found.z == pytest.approx(-4.253650768195251, rel=1e-12)


def test_covariance_of_two_months_by_hand() -> None:
    """Januaries 1 2 3 4 and Februaries 10 30 20 40.

    S 6 and 4, variances 4·3·13/18 = 8.667 each. Pairs that agree less those that do not: 5 - 1 =
    4; ranks 1 2 3 4 and 1 3 2 4: Σ = 1 + 6 + 6 + 16 = 29; covariance (4 + 116 - 100) / 3 = 6.667,
    twice in the sum: 17.333 + 13.333 = 30.667; z = 10 / √30.667 = 1.8058.
    """
    y = months(np.full(48, np.nan))
    y.iloc[0::12], y.iloc[1::12] = [1, 2, 3, 4], [10, 30, 20, 40]
    found = seasonal_mann_kendall(y)
    assert found.s == 10
    assert found.variance == pytest.approx(92 / 3)
    assert found.covariance == pytest.approx(40 / 3)
    assert found.z == pytest.approx(1.8058, abs=5e-5)
    assert found.slope == pytest.approx(np.median([1, 1, 1, 1, 1, 1, 20, 5, 10, -10, 5, 20]))


def test_two_months_that_always_agree_count_as_one() -> None:
    """Equal ranks: the variance of the sum is four times that of one, as of 2 S."""
    y = months(np.full(72, np.nan))
    rank = [3, 1, 2, 5, 4, 6]
    y.iloc[3::12], y.iloc[8::12] = rank, [10 * r for r in rank]
    found, alone = seasonal_mann_kendall(y), mann_kendall(rank)
    assert found.s == 2 * alone.s
    assert found.variance == pytest.approx(4 * alone.variance)


def test_bounds_of_the_slope_by_hand() -> None:
    """Gilbert 17.4: ranks (N - c) / 2 and (N + c) / 2 + 1 among N = 336 sorted slopes."""
    found = seasonal_mann_kendall(months(TIES), serial_dependence=False, level=0.1)
    grid = np.reshape(TIES, (8, 12))
    slopes = np.sort([(grid[j] - grid[i]) / (j - i) for i in range(8) for j in range(i + 1, 8)],
                     axis=None)  # fmt: skip
    c = 1.6448536 * np.sqrt(676.3333333)
    ranks = np.arange(1, 337)
    assert found.lower == pytest.approx(np.interp((336 - c) / 2, ranks, slopes))
    assert found.upper == pytest.approx(np.interp((336 + c) / 2 + 1, ranks, slopes))


def test_a_break_keeps_its_sides_apart() -> None:
    """Rising in both halves, lower after the break: no fall is seen across it."""
    y = months(np.repeat(np.r_[np.arange(6.0), np.arange(6.0) - 20], 12))
    assert seasonal_mann_kendall(y).slope < 0
    parted = seasonal_mann_kendall(y, breaks=[dt.date(2016, 1, 1)])
    assert (parted.direction, parted.slope, parted.tau) == (1, 1.0, 1.0)


def test_opposite_months_are_called_out() -> None:
    y = np.zeros((12, 12))
    y[:, :6], y[:, 6:] = np.arange(12.0)[:, None], -np.arange(12.0)[:, None]
    y += np.random.default_rng(2).normal(0, 0.5, y.shape)
    found = seasonal_mann_kendall(months(y.ravel()), serial_dependence=False)
    assert found.direction == 0 and found.homogeneity_p < 1e-6
    assert "differ in their trend" in found.words_en and "不一致" in found.words_zh


def test_dependence_widens_and_short_records_say_so() -> None:
    rng = np.random.default_rng(3)
    years = np.repeat(rng.normal(size=9), 12)
    found = seasonal_mann_kendall(months(years + 0.1 * rng.normal(size=108)))
    assert found.covariance > found.variance / 2
    assert "unsteady" in found.words_en and "不稳" in found.words_zh
    flat = seasonal_mann_kendall(months(np.full(60, 3.0)))
    assert (flat.s, flat.p_value, flat.direction, flat.slope) == (0, 1.0, 0, 0.0)


@settings(max_examples=25)
@given(st.integers(0, 2**16), st.floats(0.1, 30.0), st.floats(-50.0, 50.0), st.booleans())
def test_invariances(seed: int, scale: float, shift: float, serial: bool) -> None:
    """Scaled, shifted, its years turned round, its rows shuffled."""
    y = np.random.default_rng(seed).normal(size=(7, 12))
    plain = seasonal_mann_kendall(months(y.ravel()), serial_dependence=serial)
    moved = seasonal_mann_kendall(months(y.ravel() * scale + shift), serial_dependence=serial)
    back = seasonal_mann_kendall(months(y[::-1].ravel()), serial_dependence=serial)
    mixed = seasonal_mann_kendall(
        months(y.ravel()).sample(frac=1, random_state=seed), serial_dependence=serial
    )
    assert mixed == plain
    assert (moved.s, moved.p_value) == (plain.s, plain.p_value)
    assert moved.slope == pytest.approx(scale * plain.slope, abs=1e-9)
    assert back.s == -plain.s
    assert back.p_value == pytest.approx(plain.p_value)
    assert back.slope == pytest.approx(-plain.slope)
    assert (back.lower, back.upper) == pytest.approx((-plain.upper, -plain.lower))


def test_what_can_not_be_tested_is_refused() -> None:
    with pytest.raises(InputError, match=r"6 pairs of years .* there are 1"):
        seasonal_mann_kendall(months(np.arange(13.0)))
    with pytest.raises(UsageError, match=r"0\.05"):
        seasonal_mann_kendall(months(TIES), level=5)
