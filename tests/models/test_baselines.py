"""Plain rules on hand-made years."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from forecast.models.baselines import (
    climatology,
    persistence,
    ytd_plus_rest,
    ytd_ratio,
)

START, END = np.datetime64("2016-01-01"), np.datetime64("2016-12-31")
DAYS = np.arange("2014-01-01", "2016-07-01", dtype="datetime64[D]")
ORIGIN = np.datetime64("2016-06-30")


def mean(values: NDArray[np.float64], days: NDArray[np.datetime64]) -> float:
    """Mean of the first item."""
    assert len(values) == len(days)
    return float(np.nanmean(values[:, 0]))


def by_half_year() -> NDArray[np.float64]:
    """2014: 90 all year; 2015: 60 then 40; 2016 to June: 30."""
    values = np.full((len(DAYS), 1), 90.0)
    values[np.datetime64("2015-01-01") <= DAYS] = 60.0
    values[np.datetime64("2015-07-01") <= DAYS] = 40.0
    values[np.datetime64("2016-01-01") <= DAYS] = 30.0
    return values


def test_persistence_is_last_year() -> None:
    """181 days of 60 and 184 of 40."""
    expected = (181 * 60 + 184 * 40) / 365
    assert persistence(by_half_year(), DAYS, mean, start=START, end=END) == pytest.approx(expected)


def test_ytd_ratio_scales_last_year() -> None:
    """Half of last year so far gives half of last year."""
    whole = (181 * 60 + 184 * 40) / 365
    found = ytd_ratio(by_half_year(), DAYS, mean, start=START, end=END, origin=ORIGIN)
    assert found == pytest.approx(whole / 2)


def test_ytd_plus_rest_joins() -> None:
    """182 days of 30 (a leap year) and 184 of last year's 40."""
    found = ytd_plus_rest(by_half_year(), DAYS, mean, start=START, end=END, origin=ORIGIN)
    assert found == pytest.approx((182 * 30 + 184 * 40) / 366)


def test_climatology_has_one_member_a_past_year() -> None:
    """2015 and 2014 behind this year's half, newest first."""
    found = climatology(by_half_year(), DAYS, mean, start=START, end=END, origin=ORIGIN)
    expected = [(182 * 30 + 184 * 40) / 366, (182 * 30 + 184 * 90) / 366]
    np.testing.assert_allclose(found, expected)


def test_nothing_observed_falls_back_on_last_year() -> None:
    """From 1 January the ratio rule is persistence."""
    values, before = by_half_year(), np.datetime64("2015-12-31")
    past = before >= DAYS
    whole = persistence(values[past], DAYS[past], mean, start=START, end=END)
    assert ytd_ratio(
        values[past], DAYS[past], mean, start=START, end=END, origin=before
    ) == pytest.approx(whole)


def test_no_last_year_gives_no_number() -> None:
    """NaN, and no member, never a guess."""
    days = np.arange("2016-01-01", "2016-07-01", dtype="datetime64[D]")
    values = np.full((len(days), 1), 30.0)
    assert np.isnan(persistence(values, days, mean, start=START, end=END))
    assert np.isnan(ytd_ratio(values, days, mean, start=START, end=END, origin=ORIGIN))
    assert np.isnan(ytd_plus_rest(values, days, mean, start=START, end=END, origin=ORIGIN))
    found = climatology(values, days, mean, start=START, end=END, origin=ORIGIN)
    assert found.shape == (0,)


def test_a_period_across_the_year_and_any_row_order() -> None:
    """A winter half year from October to March, with shuffled rows."""
    order = np.random.default_rng(1).permutation(len(DAYS))
    found = persistence(
        by_half_year()[order], DAYS[order], mean,
        start=np.datetime64("2016-10-01"), end=np.datetime64("2017-03-31"),
    )  # fmt: skip
    # The winter before has a 29 February, which no day of the coming one stands for.
    assert found == pytest.approx((92 * 40 + 90 * 30) / 182)
