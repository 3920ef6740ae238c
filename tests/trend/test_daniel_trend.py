"""Daniel's test on annual values: arithmetic by hand, bases, words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.errors import UsageError
from forecast.trend import daniel_test


def test_seven_years_by_hand() -> None:
    """Ranks 7 6 5 3 4 2 1 against 1…7: Σd² = 36+16+4+1+1+16+36 = 110; rs = 1 - 660/336."""
    found = daniel_test(dict(zip(range(2015, 2022), [70, 66, 60, 51, 52, 45, 40], strict=True)))
    assert found.rs == pytest.approx(1 - 660 / 336)
    assert (found.critical, found.tabled, found.n) == (0.714, True, 7)
    assert found.significant and found.verdict_zh == "显著下降（好转）"
    assert "Wp = 0.714" in found.words_zh and "N = 7" in found.words_en


def test_a_rise_is_better_for_good_days_and_worse_for_a_concentration() -> None:
    rising = {2018 + k: 80.0 + k for k in range(6)}
    assert daniel_test(rising, better="higher").verdict_en == "significant rise (better)"
    assert daniel_test(rising).verdict_zh == "显著上升（变差）"


def test_years_on_another_basis_are_left_out_and_named() -> None:
    values = {2014: 90, 2015: 80, 2016: 85, 2017: 70, 2018: 66,
              2019: 50, 2020: 52, 2021: 49, 2022: 51, 2023: 50.5}  # fmt: skip
    bases = {y: "standard" if y < 2018 else "mixed" if y == 2018 else "actual" for y in values}
    found = daniel_test(values, bases=bases)
    assert daniel_test(values).significant
    assert (found.n, found.left_out, found.direction) == (5, (2014, 2015, 2016, 2017, 2018), 0)
    assert "2018" in found.words_zh and "another basis" in found.words_en


def test_gaps_and_short_records_are_said() -> None:
    found = daniel_test({2016: 5, 2018: 4, 2019: float("nan"), 2020: 3})
    assert np.isnan(found.rs) and found.missing == (2017, 2019)
    assert "it takes 5" in found.words_en and "至少需要 5 个" in found.words_zh
    beyond = daniel_test({y: -float(y) for y in range(2000, 2017)})
    assert (beyond.n, beyond.tabled, beyond.direction) == (17, False, -1)
    assert "computed" in beyond.words_en


@given(st.permutations(list(range(2012, 2022))), st.floats(0.1, 9.0), st.floats(-50.0, 50.0))
def test_order_scale_shift_and_reversal(order: list[int], scale: float, shift: float) -> None:
    values = {y: float((37 * y) % 23) for y in order}
    plain = daniel_test(dict(sorted(values.items())))
    assert daniel_test(values) == plain
    moved = daniel_test({y: scale * v + shift for y, v in values.items()})
    assert (moved.rs, moved.direction) == (plain.rs, plain.direction)
    back = daniel_test({4033 - y: v for y, v in values.items()})
    assert back.rs == pytest.approx(-plain.rs)


def test_what_the_method_does_not_have_is_refused() -> None:
    with pytest.raises(UsageError, match=r"0\.05 or 0\.01"):
        daniel_test({2020: 1.0}, level=0.1)
    with pytest.raises(UsageError, match="lower or higher"):
        daniel_test({2020: 1.0}, better="up")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="no annual value"):
        daniel_test({2020: float("nan")})
