"""Mann-Kendall: figures of another tool, exact probabilities by hand, and invariances."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau

from forecast.errors import InputError, UsageError
from forecast.trend import mann_kendall

#: An AR(1) series of 60 values with a rise.
MEMORY = [
    0.0, 0.02, 0.34, -0.03, -0.87, -0.92, -1.49, -0.76, 0.96, 0.17, -0.43, 0.33, 0.66, 0.62,
    -0.43, -0.16, 0.74, -0.75, -0.75, -2.19, -2.43, -3.12, -1.92, -2.22, -0.86, -0.15, -0.05,
    -2.32, -1.7, -0.82, -0.13, -1.35, -1.02, -1.31, -1.31, 0.57, -0.17, 0.17, 1.31, 0.52, 0.53,
    0.77, 0.87, -0.34, 0.23, 1.87, -0.04, 1.22, 1.25, 0.51, 2.72, 2.81, 0.92, 1.06, 1.66, 1.26,
    1.9, 1.54, 2.07, 3.16,
]  # fmt: skip


def test_pymannkendall_gives_the_same_with_ties() -> None:
    """pymannkendall 1.4.3, original_test: s 72, var 326, z 3.9323263069."""
    found = mann_kendall([5, 5, 6, 7, 7, 7, 6, 8, 9, 9, 8, 10, 12, 11])
    assert (found.s, found.variance) == (72, 326.0)
    assert found.z == pytest.approx(3.9323263069, abs=1e-9)


def test_pymannkendall_gives_the_same_with_serial_dependence() -> None:
    """original_test: z 4.5223, p 6.1166e-6; hamed_rao_modification_test: var 80123.10, p 0.01225."""
    plain = mann_kendall(MEMORY)
    assert (plain.s, plain.exact) == (710, False)
    assert plain.z == pytest.approx(4.522318913814166, abs=1e-12)
    assert plain.p_value == pytest.approx(6.116580927972848e-06, rel=1e-9)
    wider = mann_kendall(MEMORY, autocorrelation="hamed_rao", level=0.01)
    assert wider.variance == pytest.approx(80123.10146582645, rel=1e-12)
    assert wider.p_value == pytest.approx(0.012253203050925476, rel=1e-9)
    assert (plain.direction, wider.direction) == (1, 0)


def test_alternating_values_do_not_sharpen_the_test() -> None:
    """Negative dependence would shrink the variance; it is not used."""
    found = mann_kendall([1, 9, 2, 8, 3, 9, 2, 8, 1, 9, 2, 9], autocorrelation="hamed_rao")
    assert found.inflation == 1.0


@pytest.mark.parametrize("values", [[3, 1, 2, 5], [2, 1, 2, 4], [1, 1, 2, 2], [4, 4, 4, 1, 2]])
def test_p_is_the_share_of_all_orders(values: list[int]) -> None:
    found = mann_kendall(values)
    scores = [mann_kendall(list(order)).s for order in permutations(values)]
    assert found.p_value == pytest.approx(np.mean([abs(s) >= abs(found.s) for s in scores]))
    assert found.exact


@given(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=30, unique=True))
def test_scipy_agrees_without_ties(values: list[float]) -> None:
    theirs = kendalltau(np.arange(len(values)), values, method="exact")
    ours = mann_kendall(values)
    assert ours.tau == pytest.approx(theirs.statistic)
    assert ours.p_value == pytest.approx(theirs.pvalue, rel=1e-9)


@given(st.lists(st.integers(0, 4), min_size=3, max_size=12))
def test_reversing_time_and_stretching_values(values: list[int]) -> None:
    plain, back = mann_kendall(values), mann_kendall(values[::-1])
    stretched = mann_kendall([v**3 - 7 for v in values])
    assert (back.s, back.p_value) == (-plain.s, plain.p_value)
    assert (stretched.s, stretched.p_value) == (plain.s, plain.p_value)
    if len(set(values)) > 1:
        theirs = kendalltau(np.arange(len(values)), values, method="asymptotic")
        assert plain.tau == pytest.approx(theirs.statistic)


def test_the_normal_form_takes_over_smoothly() -> None:
    rng = np.random.default_rng(1)
    rise = rng.normal(size=41) + 0.03 * np.arange(41)
    inside, beyond = mann_kendall(rise[:40]), mann_kendall(rise)
    assert inside.exact and not beyond.exact
    approximate = kendalltau(np.arange(40), rise[:40], method="asymptotic").pvalue
    assert inside.p_value == pytest.approx(approximate, abs=0.01)


def test_gaps_are_left_out_and_a_constant_series_shows_nothing() -> None:
    assert mann_kendall([5, np.nan, 4, 3]).p_value == mann_kendall([5, 4, 3]).p_value
    flat = mann_kendall([3.0] * 8, autocorrelation="hamed_rao")
    assert (flat.s, flat.p_value, flat.direction) == (0, 1.0, 0)
    assert np.isnan(flat.tau)


@pytest.mark.parametrize(
    ("values", "level", "decides", "words"),
    [
        # A steady fall of 3, 4, 5 values has p = 2/3!, 2/4!, 2/5!.
        ([3, 2, 1], 0.05, False, "fewer than 5 values"),
        ([4, 3, 2, 1], 0.1, False, "fewer than 5 values"),
        ([5, 4, 3, 2, 1], 0.05, True, "a fall (p = 0.017"),
        ([5, 4, 3, 2, 1], 0.01, False, "can't fall below 0.017"),
        # 5! / (3! 2!) = 10 orders, one of which falls and one rises all the way.
        ([2, 2, 1, 1, 1], 0.05, False, "can't fall below 0.200"),
        ([5, 1, 4, 2, 3], 0.05, True, "no significant trend"),
        ([7, 7, 7, 7, 7], 0.05, True, "no significant trend"),
        ([7, 7, 7, 7], 0.05, False, "can't decide"),
    ],
)
def test_values_that_can_not_decide_are_no_absence_of_a_trend(
    values: list[int], level: float, decides: bool, words: str
) -> None:
    found = mann_kendall(values, level=level)
    assert (found.conclusive, not found.reason_zh) == (decides, decides)
    assert words in found.words_en and ("检验无法判断" in found.words_zh) is not decides
    if not decides:
        assert found.direction == 0 and "significant" not in found.words_en
        assert "显著" not in found.words_zh and f"S = {found.s}" in found.words_zh


def test_what_can_not_be_tested_is_refused() -> None:
    with pytest.raises(InputError, match="three values, and there are 2"):
        mann_kendall([1.0, 2.0, np.nan])
    with pytest.raises(UsageError, match="none or hamed_rao"):
        mann_kendall([1, 2, 3], autocorrelation="yes")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"0\.05"):
        mann_kendall([1, 2, 3], level=5)
