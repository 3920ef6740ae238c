"""A few annual values: exact intervals by hand, by simulation, and in words where there is none."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.errors import UsageError
from forecast.targets.annual_slope import annual_slopes, fewest_years, inversion_counts
from forecast.trend import annual_theil_sen


def test_the_interval_of_five_years_by_hand() -> None:
    """Ten slopes of 42, 40, 39, 35, 34. 1 of 120 orders has no inversion, 4 have one: at 95 % the
    bounds are the extremes (holding 118/120), at 90 % the second slopes (holding 110/120).
    Slopes: -2, -1.5, -2.33, -2, -1, -2.5, -2, -4, -2.5, -1; median -2."""
    values = dict(zip(range(2019, 2024), (42.0, 40.0, 39.0, 35.0, 34.0), strict=True))
    wide, narrow = annual_theil_sen(values), annual_theil_sen(values, level=0.9)
    assert wide.slope == narrow.slope == -2.0
    assert (wide.lower, wide.upper) == (-4.0, -1.0)
    assert (narrow.lower, narrow.upper) == (-2.5, -1.0)
    assert (wide.coverage, narrow.coverage) == pytest.approx((118 / 120, 110 / 120))
    assert (wide.reason_zh, wide.reason_en) == ("", "")


def test_percent_is_of_the_line_in_the_first_year() -> None:
    """The line through 42, 40, 39, 35, 34 with slope -2 starts at the median 42 of v + 2 t."""
    found = annual_theil_sen({2019: 42, 2020: 40, 2021: 39, 2022: 35, 2023: 34})
    assert found.percent == pytest.approx(-100 * 2 / 42)
    assert np.isnan(annual_theil_sen({2019: -4, 2020: -3, 2021: -2}).percent)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({2020: 50.0}, "no two annual values"),
        ({2015: 90.0, 2020: 52.0}, "2 annual values give no interval of 95 %; it takes 5"),
        ({2018: 1.0, 2019: 2.0, 2020: 2.5, 2021: 4.0}, "4 annual values give no interval"),
    ],
)
def test_few_years_give_no_interval_and_say_so(values: dict[int, float], words: str) -> None:
    found = annual_theil_sen(values)
    assert np.isnan([found.lower, found.upper, found.coverage, found.percent_upper]).all()
    assert words in found.reason_en and found.reason_zh
    assert np.isnan(found.slope) == (len(values) == 1)


@pytest.mark.parametrize(("level", "years"), [(0.6, 3), (0.9, 4), (0.95, 5), (0.98, 5), (0.99, 6)])
def test_fewest_years_of_a_level(level: float, years: int) -> None:
    """The range of all slopes of n years holds with 1 - 2/n!: 2/3, 11/12, 59/60, 359/360."""
    assert fewest_years(level) == years


def test_a_step_of_the_basis_is_not_a_slope() -> None:
    """Rising by 1 on either side of a fall by 30: the slope is 1; the mixed year has no partner."""
    values = {2014: 60, 2015: 61, 2016: 62, 2017: 63, 2018: 45, 2019: 33, 2020: 34, 2021: 35}
    bases = {
        y: "standard_state" if y < 2018 else "mixed" if y == 2018 else "actual" for y in values
    }
    found = annual_theil_sen(values, bases=bases, level=0.9)
    assert (found.slope, found.lower, found.upper) == (1.0, 1.0, 1.0)
    assert (found.n, found.n_compared) == (8, 7)
    assert found.bases == ("standard_state", "mixed", "actual")
    assert annual_theil_sen(values, level=0.9).slope < -3
    alone = annual_theil_sen({2018: 1, 2019: 2, 2020: 3, 2021: 3}, bases={2018: "mixed"})
    assert alone.n_compared == 3
    assert "on different bases" in alone.reason_en and "不同状态" in alone.reason_zh


@pytest.mark.parametrize("sizes", [(3,), (5,), (3, 2), (2, 2, 2)])
def test_inversions_are_counted_over_all_orders(sizes: tuple[int, ...]) -> None:
    counts = {0: 1}
    for n in sizes:
        after: dict[int, int] = {}
        for order in permutations(range(n)):
            bad = sum(order[i] > order[j] for i in range(n) for j in range(i + 1, n))
            for k, ways in counts.items():
                after[k + bad] = after.get(k + bad, 0) + ways
        counts = after
    assert inversion_counts(sizes) == tuple(counts[k] for k in sorted(counts))


@pytest.mark.parametrize(
    ("bases", "draw"),
    [
        (None, "normal"),
        (None, "standard_cauchy"),
        (["a"] * 4 + ["b"] * 4, "normal"),
    ],
)
def test_the_interval_holds_as_often_as_it_says(bases: list[str] | None, draw: str) -> None:
    """Simulated truth, slope -1.5: 4,000 series of eight unevenly spaced years."""
    n = 4000
    years = np.array([2010, 2011, 2013, 2014, 2015, 2018, 2019, 2021.0])
    noise = getattr(np.random.default_rng(11), draw)(size=(n, 8))
    found = annual_slopes(years, 50 - 1.5 * years + noise, level=0.9, bases=bases)
    share = np.mean((found.lower <= -1.5) & (found.upper >= -1.5))
    assert 0.9 <= found.coverage < 0.97
    assert share == pytest.approx(found.coverage, abs=4 * np.sqrt(0.09 / n))


def test_rounded_values_make_the_interval_no_narrower_than_it_says() -> None:
    rng = np.random.default_rng(4)
    years = np.arange(6.0)
    values = np.round(rng.normal(35.0, 1.0, (4000, 6)))
    found = annual_slopes(years, values, level=0.9)
    assert np.mean((found.lower <= 0) & (found.upper >= 0)) >= found.coverage - 0.01


@given(
    st.lists(st.floats(-100, 100), min_size=5, max_size=9),
    st.floats(0.01, 50.0), st.floats(-1e3, 1e3), st.floats(-20.0, 20.0),
)  # fmt: skip
def test_slope_and_bounds_scale_shift_and_tilt(
    values: list[float], scale: float, shift: float, tilt: float
) -> None:
    years = np.arange(2015, 2015 + len(values))
    plain = annual_theil_sen(dict(zip(years, values, strict=True)))
    moved = annual_theil_sen(
        {int(y): scale * v + shift + tilt * (y - 2015) for y, v in zip(years, values, strict=True)}
    )
    for name in ("slope", "lower", "upper"):
        expected = scale * getattr(plain, name) + tilt
        assert getattr(moved, name) == pytest.approx(expected, abs=1e-6 * (1 + scale))
    assert plain.lower <= plain.slope <= plain.upper


@given(st.lists(st.floats(-100, 100), min_size=4, max_size=8), st.floats(0, 100))
def test_a_higher_last_year_never_lowers_slope_or_bounds(values: list[float], more: float) -> None:
    years = np.arange(len(values), dtype=float)
    raised = [*values[:-1], values[-1] + more]
    before, after = (annual_slopes(years, [v]) for v in (values, raised))
    for name in ("slope", "lower", "upper"):
        assert getattr(after, name)[0] >= getattr(before, name)[0] - 1e-12


def test_paths_are_judged_one_by_one() -> None:
    table = np.random.default_rng(2).normal(size=(7, 6))
    together = annual_slopes(np.arange(6.0), table)
    for row, slope in zip(table, together.slope, strict=True):
        assert annual_slopes(np.arange(6.0), [row]).slope[0] == slope


def test_settings_without_a_meaning_are_refused() -> None:
    with pytest.raises(UsageError):
        annual_theil_sen({2020: 1.0, 2021: 2.0}, level=95)
    with pytest.raises(UsageError, match="no annual value"):
        annual_theil_sen({2020: float("nan")})
    for years, values, bases in (
        ([2020, 2020, 2021], [[1, 2, 3]], None),
        ([2020, 2021], [[1, 2, 3]], None),
        ([2020, 2021], [[1, 2]], ["a"]),
    ):
        with pytest.raises(ValueError, match=r"ascending|shape|bases"):
            annual_slopes(years, values, bases=bases)
