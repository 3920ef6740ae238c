"""GB/T 8170 against exact decimals, and the numbers that are printed and judged."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.standards.judgement import compare, judged_value, official_decimals, official_value
from forecast.standards.rounding import ratio_percent, round_half_even, round_keep_significant


def exact(text: str, decimals: int) -> float:
    return float(Decimal(text).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN))


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        (0.25, 1, 0.2), (0.35, 1, 0.4), (4.15, 1, 4.2), (21.05, 1, 21.0), (7.995, 2, 8.0),
        (2.5, 0, 2.0), (3.5, 0, 4.0), (0.5, 0, 0.0), (290660.5, 0, 290660.0), (1.005, 2, 1.0),
        (1.015, 2, 1.02), (0.4546, 0, 0.0), (-2.5, 0, -2.0), (-0.35, 1, -0.4), (30.5, 0, 30.0),
    ],
)  # fmt: skip
def test_known_values(value: float, decimals: int, expected: float) -> None:
    assert round_half_even(value, decimals) == expected
    assert round_half_even(np.array([value]), decimals).tolist() == [expected]


@given(st.integers(0, 10_000_000), st.integers(0, 3), st.integers(1, 3))
def test_agrees_with_exact_decimals(whole: int, decimals: int, more: int) -> None:
    text = str(Decimal(whole).scaleb(-(decimals + more)))
    assert round_half_even(float(text), decimals) == exact(text, decimals)


@given(st.integers(0, 99_999), st.integers(0, 1))
def test_float32_is_the_decimal_it_stands_for(whole: int, decimals: int) -> None:
    text = str(Decimal(whole).scaleb(-(decimals + 1)))
    assert round_half_even(np.array([text], np.float32), decimals).item() == exact(text, decimals)


@given(st.integers(1, 10_000), st.integers(1, 400))
def test_mean_of_integers(total: int, days: int) -> None:
    """A mean that is a tie in fractions is a tie in floats, whatever its sixteenth digit."""
    noise = total / days * (1 + 4e-16)
    assert round_half_even(noise, 1) == round(10 * Fraction(total, days)) / 10


def test_nan_and_shape_pass() -> None:
    found = round_half_even(np.array([[np.nan, 1.5], [2.5, -0.2]]))
    assert np.isnan(found[0, 0])
    assert found[0, 1] == 2.0
    assert found[1].tolist() == [2.0, 0.0]
    assert not np.signbit(found[1, 1])
    assert isinstance(round_half_even(2.5), float)
    assert np.isnan(round_half_even(float("nan"), 1))


def test_large_numbers_are_not_ties() -> None:
    assert round_half_even(123456789.4) == 123456789.0
    assert round_half_even(987654321.6) == 987654322.0


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [(0.00005, 3, 0.00005), (0.00045, 3, 0.0004), (0.000096, 3, 0.0001), (0.2006, 3, 0.201),
     (0.0, 3, 0.0), (0.4, 0, 0.4), (0.0006, 3, 0.001)],
)  # fmt: skip
def test_one_significant_digit_is_kept(value: float, decimals: int, expected: float) -> None:
    assert round_keep_significant(value, decimals) == expected


@given(st.lists(st.floats(1e-7, 10), min_size=1, max_size=20), st.integers(0, 4))
def test_water_rounding_never_gives_zero(values: list[float], decimals: int) -> None:
    found = round_keep_significant(np.array(values), decimals)
    assert (found > 0).all()
    assert found.shape == (len(values),)


@given(st.integers(1, 366), st.data())
def test_ratio_is_exact_to_one_decimal(days: int, data: st.DataObject) -> None:
    good = data.draw(st.integers(0, days))
    tenths = Decimal(1000 * good) / Decimal(days)
    assert round_half_even(ratio_percent(good, days), 1) == exact(str(tenths / 10), 1)


def test_ratio_of_nothing_is_nan() -> None:
    assert np.isnan(ratio_percent(0, 0))
    assert ratio_percent([1, 0], [2, 0]).tolist()[0] == 50.0


@pytest.mark.parametrize(
    ("name", "standard", "decimals"),
    [
        ("pm25_annual_mean", "GB 3095-2012", 0), ("pm25_annual_mean", "GB 3095-2026", 1),
        ("co_p95", "HJ 633-2012", 1), ("co_p95", "HJ 633-2026", 2), ("good_day_ratio", None, 1),
        ("good_day_ratio", "GB 3095-2026", 1), ("composite_index", "GB 3095-2026", 2),
        ("heavy_days", "GB 3095-2026", 0), ("section_class", None, None), ("tp_mean", None, 3),
        ("do_mean", None, 1), ("cwqi", None, 4),
    ],
)  # fmt: skip
def test_printed_decimals(name: str, standard: str | None, decimals: int | None) -> None:
    assert official_decimals(name, standard) == decimals


def test_printed_and_judged_values_differ_since_2026() -> None:
    assert official_value("pm25_annual_mean", 30.549, "GB 3095-2026") == 30.5
    assert judged_value("pm25_annual_mean", 30.549) == 31.0
    assert official_value("section_class", 3.0) == 3.0
    assert judged_value("hg_mean", 0.000004) == 0.000004


def test_comparisons() -> None:
    values = np.array([29.0, 30.0, 31.0, np.nan])
    assert compare(values, "<=", 30).tolist() == [True, True, False, False]
    assert compare(values, "≥", 30).tolist() == [False, True, True, False]
    assert compare(values, "<", 30).tolist() == [True, False, False, False]
    assert compare(values, ">", 30).tolist() == [False, False, True, False]
    assert compare([0.1 + 0.2], "==", 0.3).tolist() == [True]
    with pytest.raises(ValueError, match="unknown comparator"):
        compare(values, "near", 30)
