"""Reliability: isotonic fits by hand and by another library, exact parts, honest bounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.verification.reliability import corp, probability_bins, track_record

PAIRS = st.lists(
    st.tuples(st.sampled_from([k / 20 for k in range(21)]), st.integers(0, 1)), min_size=1,
    max_size=80,
)  # fmt: skip


def test_the_fit_pools_what_came_against_the_order() -> None:
    # Stated 0.2, 0.4, 0.6; came 1 of 2, 0 of 2, 2 of 2: the first two are pooled to 1 of 4.
    found = corp([0.2, 0.2, 0.4, 0.4, 0.6, 0.6], [1, 0, 0, 0, 1, 1])
    assert found.stated.tolist() == [0.2, 0.4, 0.6]
    assert found.came.tolist() == pytest.approx([0.25, 0.25, 1.0])
    assert found.count.tolist() == [2, 2, 2]
    # Base rate 1/2; calibrated score (3 x 0.0625 + 0.5625) / 6 = 0.125.
    assert (found.unc, found.dsc) == pytest.approx((0.25, 0.125))
    assert found.score == pytest.approx((0.64 + 0.04 + 2 * 0.16 + 2 * 0.16) / 6)
    assert found.mcb == pytest.approx(found.score - 0.125)


@settings(max_examples=40)
@given(PAIRS)
def test_the_parts_add_up_and_are_not_negative(pairs: list[tuple[float, int]]) -> None:
    p, event = (np.array(v, dtype=float) for v in zip(*pairs, strict=True))
    found = corp(p, event)
    assert found.mcb - found.dsc + found.unc == pytest.approx(found.score, abs=1e-12)
    assert found.mcb >= -1e-12
    assert found.dsc >= -1e-12
    assert (np.diff(found.came) >= -1e-12).all()
    assert int(found.count.sum()) == found.n == len(pairs)


@settings(max_examples=40)
@given(PAIRS)
def test_the_fit_is_that_of_scikit_learn(pairs: list[tuple[float, int]]) -> None:
    isotonic = pytest.importorskip("sklearn.isotonic")
    p, event = (np.array(v, dtype=float) for v in zip(*pairs, strict=True))
    theirs = isotonic.IsotonicRegression().fit(p, event).predict(np.unique(p))
    assert corp(p, event).came == pytest.approx(theirs, abs=1e-9)


def test_bounds_hold_honest_forecasts_and_not_overconfident_ones() -> None:
    rng = np.random.default_rng(5)
    honest, bold = [], []
    for _ in range(40):
        true = rng.random(300)
        came = rng.random(300) < true
        honest.append(corp(true, came, rng, n=200).inside)
        bold.append(corp(np.where(true > 0.5, 0.98, 0.02), came, rng, n=200).inside)
    # Pointwise bounds of 90 %: on average nine tenths of an honest forecast's fit lie inside.
    assert 0.84 <= np.mean(honest) <= 0.96
    assert np.mean(bold) < 0.2


def test_nothing_in_nothing_out() -> None:
    found = corp([np.nan], [1.0])
    assert found.n == 0
    assert np.isnan(found.score)
    assert np.isnan(found.inside)


def test_bins_count_each_forecast_once_at_the_edges_too() -> None:
    p = np.array([0.0, 0.1, 0.3, 0.7, 0.7, 1.0, np.nan])  # 0.3 and 0.7 are no exact floats
    table = probability_bins(p, [0, 0, 1, 1, 0, 1, 1])
    assert table["n"].tolist() == [1, 1, 0, 1, 0, 0, 0, 2, 0, 1]
    assert table["came"].tolist() == [0, 0, 0, 1, 0, 0, 0, 1, 0, 1]
    assert table.loc[7, "share"] == 0.5
    assert table.loc[[2, 4, 5, 6, 8], "share"].isna().all()


def test_the_range_of_a_bin_is_the_binomial_one() -> None:
    # 100 forecasts of 0.65: the 5th and 95th percentile of Bin(100, 0.65) are 57 and 73.
    row = probability_bins(np.full(100, 0.65), np.arange(100) < 60).loc[6]
    assert (row["low"], row["high"]) == (0.57, 0.73)


def test_a_few_earlier_forecasts_are_no_record() -> None:
    bins = probability_bins(np.r_[np.full(9, 0.15), np.full(12, 1.0)], np.ones(21))
    assert track_record(bins, 0.12) == ("", "")
    assert track_record(bins, 0.55) == ("", "")
    zh, en = track_record(bins, 1.0)
    assert en == "of 12 forecasts that said 90 to 100 %, 100 % came true"
    assert "12次" in zh
