"""The place of a day in its year and week."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.features import day_of_year, harmonics, is_weekend, year_fraction

DATES = st.dates(date(1950, 1, 1), date(2100, 12, 31))


def _array(*days: date) -> np.ndarray:
    return np.array(days, dtype="datetime64[D]")


@given(DATES)
def test_agrees_with_the_standard_library(day: date) -> None:
    """Day of the year and weekend are those of `datetime`."""
    assert day_of_year(_array(day))[0] == day.timetuple().tm_yday - 1
    assert bool(is_weekend(_array(day))[0]) == (day.isoweekday() >= 6)


@given(DATES)
def test_the_year_goes_from_0_to_1_also_in_leap_years(day: date) -> None:
    """Fractions lie inside (0, 1) and grow by a day's part from one day to the next."""
    one, two = year_fraction(_array(day, day + timedelta(days=1)))
    assert 0 < one < 1
    if (day + timedelta(days=1)).year == day.year:
        assert 1 / 366.01 < two - one < 1 / 364.99


def test_harmonics_are_orthogonal_over_a_year() -> None:
    """Columns of a leap year have no mean, half unit variance, and no correlation."""
    days = np.arange("2016-01-01", "2017-01-01", dtype="datetime64[D]")
    columns = harmonics(days, 3)
    assert columns.shape == (366, 6)
    np.testing.assert_allclose(columns.T @ columns / 366, 0.5 * np.eye(6), atol=1e-12)
    np.testing.assert_allclose(columns.mean(axis=0), 0.0, atol=1e-12)
    assert harmonics(days, 0).shape == (366, 0)


def test_a_negative_number_of_harmonics_is_refused() -> None:
    """It has no meaning."""
    with pytest.raises(ValueError, match="at least 0"):
        harmonics(_array(date(2016, 1, 1)), -1)
