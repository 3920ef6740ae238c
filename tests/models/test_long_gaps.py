"""Long gaps are filled from the same season of other years, in stretches, without chance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from forecast.models.long_gaps import from_other_years
from forecast.models.past_dates import run_shifts


def table(days: int, items: int = 3, seed: int = 1) -> NDArray[np.float32]:
    """Every value another one, so that it tells where it came from."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((days, items)).astype(np.float32)


def came_from(filled: NDArray[np.float32], source: NDArray[np.float32]) -> NDArray[np.int64]:
    """For each value of a column, the day of ``source`` that has it."""
    order = np.argsort(source)
    found: NDArray[np.int64] = order[np.searchsorted(source[order], filled)]
    return found


def test_a_whole_table_is_handed_back() -> None:
    whole = table(800)
    whole[5:20, 1] = np.nan
    filled, own = from_other_years(whole)
    assert filled is whole and own.tolist() == [800, 800, 800]


def test_an_item_that_came_later_is_taken_in_stretches_of_the_same_season() -> None:
    full = table(1461)
    late = full.copy()
    late[:924, 2] = np.nan
    filled, own = from_other_years(late)
    np.testing.assert_array_equal(filled[:, :2], full[:, :2])
    np.testing.assert_array_equal(filled[924:, 2], full[924:, 2])
    days = came_from(filled[:924, 2], full[924:, 2]) + 924
    apart = days - np.arange(924)
    # 33 stretches of 28 days, each of days in a row, near the same date of another year.
    assert (np.diff(apart).reshape(-1)[np.arange(1, 924) % 28 != 0] == 0).all()
    beside = np.abs(apart - np.round(apart / 365.25) * 365.25)
    assert beside.max() <= 14.5 and (apart > 300).all()
    assert own.tolist() == [1461, 1461, 1461 - 924]


def test_of_like_dates_the_stretch_in_which_the_others_ran_alike_is_taken() -> None:
    full = table(1100)
    full[800:828, :2] = full[800 - 365 : 828 - 365, :2] + 0.01
    late = full.copy()
    late[435:463, 2] = np.nan
    late = late[15:]  # The stretch begins with a block.
    filled, _ = from_other_years(late)
    np.testing.assert_array_equal(filled[420:448, 2], full[800:828, 2])


def test_a_place_with_a_short_record_in_a_longer_table_keeps_its_days_together() -> None:
    own_days = table(420, 6)
    long = np.full((1120, 6), np.nan, dtype=np.float32)
    long[700:] = own_days
    filled, own = from_other_years(long)
    assert np.isfinite(filled).all()
    days = came_from(filled[:700, 0], own_days[:, 0])
    np.testing.assert_array_equal(filled[:700], own_days[days])
    # The same date of the nearest year that is there.
    assert set((days + 700 - np.arange(700)).tolist()) == {365, 730}
    assert own.tolist() == [420] * 6


def test_what_no_other_year_has_stays_missing() -> None:
    short = table(300)
    short[:84, 0] = np.nan
    filled, own = from_other_years(short)
    np.testing.assert_array_equal(filled, short)
    assert own.tolist() == [300, 300, 300]


@settings(max_examples=40, deadline=None)
@given(
    days=st.integers(60, 900),
    gaps=st.lists(
        st.tuples(st.integers(0, 850), st.integers(1, 400), st.integers(0, 2)), max_size=5
    ),
    seed=st.integers(0, 99),
)
def test_what_is_there_stays_and_what_is_added_is_of_the_record(
    days: int, gaps: list[tuple[int, int, int]], seed: int
) -> None:
    made = table(days, seed=seed)
    for begin, length, item in gaps:
        made[begin : begin + length, item] = np.nan
    filled, own = from_other_years(made)
    there = np.isfinite(made)
    np.testing.assert_array_equal(filled[there], made[there])
    for item in range(3):
        new = np.isfinite(filled[:, item]) & ~there[:, item]
        assert np.isin(filled[new, item], made[:, item]).all()
        assert int(new.sum()) <= days - own[item] <= int((~there[:, item]).sum())
    again, _ = from_other_years(made)
    np.testing.assert_array_equal(again, filled)


def test_seasons_that_the_record_does_not_hold_count_its_own_years() -> None:
    """The variance added to runs of K years goes with 1/K; years of an item count for that item."""
    units = np.random.default_rng(2).standard_normal((20_000, 2)).astype(np.float32)
    record = table(1461, 2)
    every = run_shifts(units, record)
    np.testing.assert_array_equal(every, run_shifts(units, record, np.array([1461, 1461])))
    some = run_shifts(units, record, np.array([1461, 487]))
    np.testing.assert_allclose(some[:, 0], every[:, 0])
    ratio = some[:, 1].var() / every[:, 1].var()
    assert ratio == pytest.approx(3.0, rel=1e-3)
