"""A year under packages: the short way gives what the official assessment of changed paths gives."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenario_fakes import LEVELS, days_of, noisy

from forecast.projection.scenario_years import ScenarioYear
from forecast.scenario.apply import apply_factors
from forecast.standards.air_assessment import AIR_INDICATORS, assess_year
from forecast.standards.items import AIR_ITEMS


def drawn_factors(n: int, n_days: int, seed: int, items: int = 6) -> SimpleNamespace:
    rng = np.random.default_rng(seed)
    values = np.ones((n, n_days, 6), dtype=np.float32)
    start = int(rng.integers(0, n_days))
    chosen = rng.permutation(6)[:items]
    values[:, start:, chosen] = rng.uniform(0.2, 1.3, (n, 1, items))
    background = rng.uniform(0, 0.3, (n, 1, 6)) * LEVELS
    return SimpleNamespace(values=values, background=background.astype(np.float32))


@given(
    seed=st.integers(0, 10_000),
    year=st.sampled_from([2024, 2025, 2026, 2027]),
    standard=st.sampled_from([None, "HJ 633-2012", "HJ 633-2026"]),
    denominator=st.sampled_from(["valid", "calendar"]),
    items=st.integers(1, 6),
)
def test_the_short_way_is_the_long_way(
    seed: int, year: int, standard: str | None, denominator: str, items: int
) -> None:
    """Every indicator of every path, to the last bit, with gaps, dust, fireworks and observed days."""
    days = days_of(year)
    rng = np.random.default_rng(seed)
    values = noisy(year, 6, seed)
    first = int(rng.integers(0, len(days)))
    values[:, :first] = values[0, :first]
    values[:, 5] = np.nan
    values[:, 20, 3] = np.nan
    dust = np.zeros((len(days), 6), dtype=bool)
    dust[[20, 30, 300], 2:4] = True
    untouched = np.zeros(len(days), dtype=bool)
    untouched[[310, 311]] = True
    options = {"standard": standard, "denominator": denominator, "dust_removed": dust}
    made = ScenarioYear(values, days, year, first_day=days[first], untouched=untouched, **options)
    cut = drawn_factors(6, len(days), seed, items)
    changed = apply_factors(values, days, cut, first_day=days[first], untouched=untouched)
    long = assess_year(changed, days, AIR_ITEMS, year, **options)
    short = made.assess(cut)
    for name in AIR_INDICATORS:
        np.testing.assert_array_equal(short.values[name], long.values[name], err_msg=name)
        np.testing.assert_array_equal(short.valid[name], long.valid[name], err_msg=name)


def test_days_at_the_very_edges_of_the_index() -> None:
    """Half a unit around every node of the index under both versions: the look-up decides."""
    days = days_of(2026)
    nodes = {"so2": (150, 800), "no2": (80, 280), "pm10": (120, 150, 350, 420), "co": (4, 24),
             "pm25": (60, 75, 150), "o3_8h": (160, 265, 800)}  # fmt: skip
    values = np.empty((300, len(days), 6), dtype=np.float32)
    values[:] = (10, 20, 30, 20, 0.5, 60)
    rng = np.random.default_rng(4)
    for k, item in enumerate(AIR_ITEMS):
        scale = 0.1 if item == "co" else 1.0
        for j, node in enumerate(nodes[item]):
            for day in (60 * k + 10 * j, 10 * k + j):
                values[:, day, k] = node + scale * rng.integers(-150, 151, 300) / 100.0
                values[:9, day, k] = node + scale * 0.5
    half = SimpleNamespace(
        values=np.full((1, len(days), 6), np.float32(0.5)),
        background=np.zeros((1, 1, 6), np.float32),
    )
    # Half of the double is the same float, ties at .5 included.
    grown = (2 * values).astype(np.float32)
    short = ScenarioYear(grown, days, 2026, first_day=days[0]).assess(half)
    changed = apply_factors(grown, days, half, first_day=days[0])
    long = assess_year(changed, days, AIR_ITEMS, 2026)
    assert changed.tobytes() == values.tobytes()
    assert len(np.unique(long.values["good_days"])) > 5
    for name in ("good_days", "heavy_days", "good_day_ratio"):
        np.testing.assert_array_equal(short.values[name], long.values[name], err_msg=name)


def test_nothing_cut_is_the_baseline() -> None:
    days = days_of(2025)
    made = ScenarioYear(noisy(2025, 4), days, 2025, first_day=days[10])
    same = SimpleNamespace(
        values=np.ones((4, 365, 6), np.float32), background=np.zeros((1, 1, 6), np.float32)
    )
    early = drawn_factors(4, 365, 3)
    early.values[:, 10:] = 1.0
    for factors in (None, same, early):
        found = made.assess(factors)
        for name in AIR_INDICATORS:
            assert found.values[name].tobytes() == made.baseline.values[name].tobytes()


def test_only_what_is_asked_is_worked_out() -> None:
    days = days_of(2025)
    made = ScenarioYear(noisy(2025, 4), days, 2025, first_day=days[0])
    cut = drawn_factors(4, 365, 8)
    whole, part = made.assess(cut), made.assess(cut, ["o3_8h_p90", "good_days"])
    for name in ("o3_8h_p90", "good_days"):
        np.testing.assert_array_equal(part.values[name], whole.values[name])
    for name in ("pm25_annual_mean", "good_day_ratio"):
        assert np.isnan(part.values[name]).all()
    index = made.assess(cut, ["composite_index"]).values["composite_index"]
    np.testing.assert_array_equal(index, whole.values["composite_index"])


def test_a_year_that_is_over_does_not_change() -> None:
    days = days_of(2025)
    made = ScenarioYear(noisy(2025, 4), days, 2025, first_day=days[-1] + 1)
    found = made.assess(drawn_factors(4, 365, 3))
    for name in AIR_INDICATORS:
        assert found.values[name].tobytes() == made.baseline.values[name].tobytes()


def test_many_paths_are_worked_on_in_parts() -> None:
    """600 paths are more than one part; each path is the same as when it stands alone."""
    days = days_of(2025)
    values = noisy(2025, 600)
    cut = drawn_factors(600, 365, 5)
    found = ScenarioYear(values, days, 2025, first_day=days[0]).assess(cut)
    for path in (0, 255, 256, 599):
        own = SimpleNamespace(
            values=cut.values[[path]], background=cut.background[[path]]
        )  # fmt: skip
        alone = ScenarioYear(values[[path]], days, 2025, first_day=days[0]).assess(own)
        for name in AIR_INDICATORS:
            assert found.values[name][path] == alone.values[name][0]


def test_gaps_on_some_paths_only_go_the_long_way() -> None:
    days = days_of(2025)
    values = noisy(2025, 4)
    values[2, 100, 1] = np.nan
    made = ScenarioYear(values, days, 2025, first_day=days[0])
    cut = drawn_factors(4, 365, 2)
    changed = apply_factors(values, days, cut, first_day=days[0])
    long = assess_year(changed, days, AIR_ITEMS, 2025)
    found = made.assess(cut)
    for name in AIR_INDICATORS:
        np.testing.assert_array_equal(found.values[name], long.values[name])


def test_what_does_not_fit_is_refused() -> None:
    days = days_of(2025)
    values = noisy(2025, 4)
    with pytest.raises(ValueError, match="must have shape"):
        ScenarioYear(values[:, :10], days, 2025, first_day=days[0])
    with pytest.raises(ValueError, match="of 2024"):
        ScenarioYear(values, days, 2024, first_day=days[0])
    with pytest.raises(ValueError, match="in order"):
        ScenarioYear(values, days[::-1], 2025, first_day=days[0])
    with pytest.raises(ValueError, match="do not fit"):
        ScenarioYear(values, days, 2025, first_day=days[0]).assess(drawn_factors(3, 365, 1))
