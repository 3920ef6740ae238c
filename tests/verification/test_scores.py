"""Scores against another library, by hand, and in their invariances."""

from __future__ import annotations

import numpy as np
import pytest
import scoringrules as sr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from forecast.verification.scores import (
    block_means,
    brier,
    coverage,
    crps_ensemble,
    crps_point,
    interval,
    is_surely_below,
    log_score,
    paired_difference,
    pinball,
    pit,
    pit_counts,
    year_interval,
)

MEMBERS = hnp.arrays(
    np.float64, st.tuples(st.integers(1, 5), st.integers(1, 40)), elements=st.floats(-1e3, 1e3)
)


@given(MEMBERS, st.floats(-1e3, 1e3))
def test_crps_is_that_of_scoringrules(members: np.ndarray, truth: float) -> None:
    came = np.full(len(members), truth)
    theirs = sr.crps_ensemble(came, members, estimator="nrg")
    assert crps_ensemble(members, came) == pytest.approx(np.asarray(theirs), abs=1e-8)


@given(MEMBERS, st.floats(-1e3, 1e3), st.floats(-50, 50), st.floats(0.1, 10))
def test_crps_moves_and_scales_with_its_values(
    members: np.ndarray, truth: float, shift: float, scale: float
) -> None:
    came = np.full(len(members), truth)
    plain = crps_ensemble(members, came)
    assert crps_ensemble(members[:, ::-1], came) == pytest.approx(plain, abs=1e-9)
    assert crps_ensemble(members * scale + shift, came * scale + shift) == pytest.approx(
        plain * scale, abs=1e-6
    )


def test_crps_of_one_member_is_its_absolute_error_and_of_a_normal_law_the_known_formula() -> None:
    assert crps_ensemble([[7.0]], [4.5]).tolist() == crps_point(7.0, [4.5]).tolist() == [2.5]
    rng = np.random.default_rng(4)
    # The CRPS of N(0, 1) at 0 is (sqrt(2) - 1) / sqrt(pi).
    assert crps_ensemble(rng.standard_normal(200_000), 0.0) == pytest.approx(
        (np.sqrt(2) - 1) / np.sqrt(np.pi), abs=0.003
    )
    assert np.isnan(crps_ensemble([1.0, np.nan], 1.0))
    assert np.isnan(crps_ensemble(np.zeros(0), 1.0))


def test_pinball_and_brier_are_those_of_scoringrules() -> None:
    rng = np.random.default_rng(1)
    q, y, levels = rng.normal(size=(20, 3)), rng.normal(size=20), np.array([0.1, 0.5, 0.9])
    theirs = np.stack([sr.quantile_score(y, q[:, k], levels[k]) for k in range(3)], axis=1)
    assert pinball(q, levels, y) == pytest.approx(theirs)
    p, event = rng.random(20), rng.integers(0, 2, 20)
    assert brier(p, event) == pytest.approx(np.asarray(sr.brier_score(event, p)))


def test_twice_the_mean_pinball_of_many_levels_is_nearly_the_crps() -> None:
    members = np.sort(np.random.default_rng(2).normal(30, 5, 20_000))
    levels = np.arange(1, 1000) / 1000
    loss = 2 * pinball(np.quantile(members, levels), levels, 36.0).mean()
    assert loss == pytest.approx(crps_ensemble(members, 36.0).item(), rel=0.01)


def test_log_score_by_hand_and_clipped() -> None:
    assert log_score([0.25, 0.25], [1, 0]).tolist() == pytest.approx([np.log(4), np.log(4 / 3)])
    assert log_score([0.0], [1], clip=1 / 2000).item() == pytest.approx(np.log(2000))
    assert log_score([1.0], [1], clip=0.01).item() == pytest.approx(-np.log(0.99))


def test_coverage_takes_its_ends_in_and_leaves_missing_missing() -> None:
    low, high = np.array([1.0, 1.0, 1.0, np.nan]), np.array([2.0, 2.0, 2.0, 2.0])
    found = coverage(low, high, np.array([1.0, 2.0, 2.1, 1.5]))
    assert found[:3].tolist() == [1.0, 1.0, 0.0]
    assert np.isnan(found[3])


def test_pit_is_uniform_for_a_truth_drawn_as_the_members_are_for_counts_too() -> None:
    rng = np.random.default_rng(7)
    drawn = rng.poisson(0.7, size=(20_000, 20))  # zeros and ones: nearly all ties
    values = pit(drawn[:, :-1], drawn[:, -1], rng.random(20_000))
    counts = pit_counts(values, bins=10)
    assert counts.sum() == 20_000
    # Six standard deviations of a binomial count with n = 20000 and p = 0.1.
    assert np.abs(counts - 2000).max() < 6 * np.sqrt(20_000 * 0.1 * 0.9)
    assert np.isnan(pit([1.0, 2.0], np.nan, 0.5))


def test_block_means_are_the_mean_of_blocks_and_know_that_years_are_few() -> None:
    rng = np.random.default_rng(3)
    years = np.repeat([2015, 2016, 2017, 2018], 45)
    places = np.tile(np.arange(45), 4)
    common = rng.normal(size=4)
    values = np.repeat(common, 45) + 0.1 * rng.normal(size=180)
    crossed = block_means(values, years, places, np.random.default_rng(0), n=4000)
    single = block_means(values, years, places, np.random.default_rng(0), n=4000, crossed=False)
    assert crossed.mean() == pytest.approx(values.mean(), abs=0.05)
    # The error common to a year does not average out over its 45 places.
    assert crossed.std() == pytest.approx(common.std() / 2, rel=0.1)
    assert single.std() < 0.3 * crossed.std()


def test_block_means_of_one_block_say_nothing() -> None:
    draws = block_means([1.0, 2.0], [2019, 2019], ["a", "a"], np.random.default_rng(0), n=50)
    assert draws.tolist() == [1.5] * 50
    assert all(np.isnan(interval(draws)))
    assert np.isnan(block_means(np.zeros(0), [], [], np.random.default_rng(0), n=3)).all()


def test_block_means_leave_a_missing_value_out_of_its_column() -> None:
    table = np.array([[1.0, np.nan], [1.0, 5.0], [1.0, 5.0]])
    draws = block_means(table, [1, 2, 3], [1, 2, 3], np.random.default_rng(0), n=200, crossed=False)
    assert np.nanmin(draws[:, 1]) == np.nanmax(draws[:, 1]) == 5.0
    assert set(draws[:, 0]) == {1.0}


def test_ninety_per_cent_intervals_of_a_difference_hold_the_truth_about_as_often() -> None:
    # Twelve years with an error of their own and six regions: the mean difference is 0.
    rng = np.random.default_rng(11)
    years, regions = np.repeat(np.arange(12), 6), np.tile(np.arange(6), 12)
    held = 0
    for _ in range(300):
        theirs = rng.normal(size=72)
        gap = rng.normal(size=12)[years] + 0.5 * rng.normal(size=72)
        found = paired_difference(theirs + gap, theirs, years, regions, rng, n=300)
        held += found.low <= 0.0 <= found.high
    # Nominal 270; the wider of two intervals lies a little above it.
    assert 250 <= held <= 292


def test_a_paired_difference_takes_only_pairs() -> None:
    found = paired_difference(
        [1.0, 2.0, np.nan], [2.0, np.nan, 1.0], [1, 2, 3], [1, 2, 3], np.random.default_rng(0)
    )
    assert (found.mean, found.n) == (-1.0, 1)
    assert paired_difference([np.nan], [1.0], [1], [1], np.random.default_rng(0)).n == 0


def test_the_t_interval_of_years_is_that_of_the_book() -> None:
    """t of 4 degrees at 95 % is 2.132 (any table); means 1 to 5 have the variance 2.5."""
    low, high = year_interval([1.0, 2.0, 3.0, 4.0, 5.0], [1, 2, 3, 4, 5])
    half = 2.131847 * np.sqrt(2.5 / 5)
    assert (low, high) == (pytest.approx(3.0 - half, abs=1e-5), pytest.approx(3.0 + half, abs=1e-5))
    # Rows of a year add nothing where they are alike.
    twice = year_interval(np.repeat([1.0, 2.0, 3.0, 4.0, 5.0], 7), np.repeat(range(5), 7))
    assert twice == pytest.approx((low, high))
    assert all(np.isnan(year_interval([1.0, 2.0], [2019, 2019])))


def test_two_equal_models_are_told_apart_as_rarely_as_the_interval_says() -> None:
    """Five years with an error of their own: 5 % of 600 are 30, three standard errors are 16."""
    rng = np.random.default_rng(8)
    years, regions = np.repeat(np.arange(5), 6), np.tile(np.arange(6), 5)
    better = narrow = 0
    for _ in range(600):
        gap = rng.normal(size=5)[years] + 0.5 * rng.normal(size=30)
        found = paired_difference(gap, np.zeros(30), years, regions, rng, n=200)
        better += is_surely_below(found, 5)
        narrow += interval(block_means(gap, years, regions, rng, n=200))[1] < 0.0
    assert better <= 46
    assert narrow > better + 10  # what the bootstrap alone says of five years


def test_surely_below_needs_five_years_and_an_interval() -> None:
    rng = np.random.default_rng(0)
    ours = np.array([1.0, 1.1, 0.9, 1.0, 1.05, 0.95])
    years, regions = [1, 2, 3, 4, 5, 5], ["a", "b", "a", "b", "a", "b"]
    found = paired_difference(ours, 2.0 * np.ones(6), years, regions, rng, n=200)
    assert is_surely_below(found, 5)
    assert not is_surely_below(found, 4)
    alike = paired_difference(np.ones(6), 2 * np.ones(6), years, regions, rng, n=200)
    assert not is_surely_below(alike, 5)  # no interval at all
