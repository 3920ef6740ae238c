"""The mean left for a class, by hand and against the rounding itself; margins of items."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from forecast.projection.settings import Settings
from forecast.projection.water_cards import beside_words, rest_words, section_card
from forecast.projection.water_classes import section_results
from forecast.projection.water_margins import item_margins, mean_left, nearest
from forecast.projection.water_record import Facts, SectionRecord
from forecast.standards.rounding import round_half_even

SEPTEMBER = Settings(date(2025, 8, 31), 2025, n_paths=2)


def record(
    values: dict[str, list[float]],
    *,
    water_type: str = "river",
    last_year: dict[str, list[float]] | None = None,
    drawn: dict[str, float] | None = None,
) -> SectionRecord:
    """Months from January on of made items; ``drawn`` fills the rest of the year on two paths."""
    items = tuple(values)

    def table(of: dict[str, list[float]]) -> np.ndarray:
        out = np.full((12, len(items)), np.nan)
        for j, item in enumerate(items):
            months = of.get(item, [])
            out[: len(months), j] = months
        return out

    seen = table(values)
    joined = None
    if drawn is not None:
        joined = np.repeat(seen[None], 2, axis=0)
        for j, item in enumerate(items):
            joined[:, :, j] = np.where(np.isfinite(seen[:, j]), seen[:, j], drawn[item])
    return SectionRecord(
        "断面", items, seen, joined, {}, table(last_year or {}),
        Facts(water_type=water_type, last=date(2025, 8, 5)),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("n", "total", "left", "limit", "decimals", "least", "exact", "rounded"),
    [
        # CODMn 6 with one decimal: a mean of up to 6.05 rounds to 6.0 (tie to even).
        (8, 8 * 6.5, 4, 6.0, 1, False, 5.0, 5.15),
        # TP 0.2 with three decimals: (12 x 0.2005 - 8 x 0.195) / 4.
        (8, 8 * 0.195, 4, 0.2, 3, False, 0.21, 0.2115),
        # NH3-N 1.0 with two decimals: (12 x 1.005 - 11 x 1.1) / 1 = -0.04: out of reach.
        (11, 11 * 1.1, 1, 1.0, 2, False, -0.1, -0.04),
        # DO at least 5: (12 x 4.95 - 8 x 4.8) / 4 = 5.25; 4.95 itself rounds to 5.0 (tie: 4.9|5.0).
        (8, 8 * 4.8, 4, 5.0, 1, True, 5.4, 5.25),
        # An odd last digit of the limit: 0.15 with two decimals, 0.155 rounds to 0.16.
        (0, 0.0, 12, 0.15, 2, False, 0.15, 0.154),
    ],
)
def test_the_mean_left_by_hand(
    n: int, total: float, left: int, limit: float, decimals: int, least: bool, exact: float,
    rounded: float,
) -> None:  # fmt: skip
    found = mean_left(n, total, left, limit, decimals, least=least)
    assert found.exact == pytest.approx(exact)
    assert found.rounded == pytest.approx(rounded)
    assert found.reachable is (rounded >= 0)


@given(
    n=st.integers(1, 11),
    hundredths=st.integers(1, 900),
    limit=st.sampled_from([2.0, 4.0, 6.0, 10.0, 15.0]),
)
def test_the_mean_allowed_meets_and_a_little_more_does_not(
    n: int, hundredths: int, limit: float
) -> None:
    left = 12 - n
    total = n * hundredths / 100
    found = mean_left(n, total, left, limit, 1, least=False)
    assume(found.reachable)
    assert round_half_even((total + left * found.rounded) / 12, 1) <= limit
    assert round_half_even((total + left * (found.rounded + 0.02)) / 12, 1) > limit


def test_margins_are_counted_against_the_limit_of_the_class() -> None:
    values = {"ph": [7.5] * 8, "do": [7.0] * 8, "codmn": [5.4] * 8, "nh3n": [0.4] * 8}
    margins = {m.item: m for m in item_margins(record(values), 3, SEPTEMBER)}
    assert set(margins) == {"do", "codmn", "nh3n"}
    assert (margins["codmn"].limit, margins["codmn"].margin) == (6.0, 0.6)
    assert margins["codmn"].percent == pytest.approx(10.0)
    assert (margins["do"].margin, margins["nh3n"].margin) == (2.0, 0.6)
    closest = nearest(tuple(margins.values()))
    assert closest is not None and closest.item == "codmn"
    assert closest.rest is not None and closest.rest.months_left == 4


def test_lake_limits_go_by_the_attribute_and_never_by_the_name() -> None:
    """TP 0.08 is class II in a river and IV in a lake; a section called 某湖 may be either."""
    values = {"ph": [7.5] * 12, "do": [8.0] * 12, "codmn": [2.0] * 12, "nh3n": [0.1] * 12,
              "tp": [0.08] * 12}  # fmt: skip
    over = Settings(date(2025, 12, 31), 2025)
    for water_type, expected in (("river", 2.0), ("lake", 4.0)):
        own = record(values, water_type=water_type)
        found = section_results("城", own, over, "").section_class
        assert found.observed.value == expected
        limits = {m.item: m.limit for m in item_margins(own, 3, over)}
        assert limits["tp"] == {"river": 0.2, "lake": 0.05}[water_type]


def test_the_card_counts_months_and_compares_the_same_months_of_last_year() -> None:
    values = {"ph": [7.0] * 8, "do": [8.0] * 8, "codmn": [3.0] * 8, "nh3n": [0.5] * 8}
    before = {"ph": [7.0] * 12, "do": [8.0] * 12, "codmn": [2.4] * 8 + [9.0] * 4,
              "nh3n": [0.5] * 12}  # fmt: skip
    own = record(values, last_year=before, drawn={"ph": 7.0, "do": 8.0, "codmn": 3.0, "nh3n": 0.5})
    card = section_card(own, section_results("城", own, SEPTEMBER, "m"), SEPTEMBER)
    assert (card.n_months, card.of_months, card.months_left) == (8, 8, 4)
    # CWQI over the same months: 3/6 + 0.5/1 + 5/8 against 2.4/6 + 0.5/1 + 5/8.
    assert card.index == pytest.approx(1.625) and card.index_before == pytest.approx(1.525)
    assert card.worsening is True and card.change == pytest.approx(100 * 0.1 / 1.525)
    assert card.p_class is not None and card.p_class[1] == 1.0
    words = beside_words([card])
    assert "1个断面中1个水质指数变差：断面(+6.6%)" in words[0]
    assert "1 got worse" in words[1]


def test_what_is_left_is_said_in_words() -> None:
    values = {"ph": [7.0] * 8, "do": [8.0] * 8, "codmn": [20.0] * 8, "nh3n": [0.5] * 8}
    margins = {m.item: m for m in item_margins(record(values), 3, SEPTEMBER)}
    assert "即使为0也达不到III类" in rest_words(margins["codmn"], 3)[0]
    assert "out of reach" in rest_words(margins["codmn"], 3)[1]
    assert margins["codmn"].months_over == tuple(range(1, 9))
    # NH3-N 0.5 over eight months leaves (12 x 1.005 - 4) / 4 = 2.015 for class III.
    assert "不超过2.015 mg/L即达III类" in rest_words(margins["nh3n"], 3)[0]


def test_arithmetic_decides_a_class_before_the_year_ends() -> None:
    """CODMn 20 over eight months is at least 13.3 over twelve: class V at best."""
    values = {"ph": [7.0] * 8, "do": [8.0] * 8, "codmn": [20.0] * 8, "nh3n": [0.5] * 8}
    own = record(values, drawn={"ph": 7.0, "do": 8.0, "codmn": 1.0, "nh3n": 0.5})
    found = section_results("城", own, SEPTEMBER, "m").section_class
    assert found.bounds == (5.0, 6.0)
