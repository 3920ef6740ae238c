"""What is saved where paths share their first days, or where only edges are compared, is only time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from forecast.standards.air_assessment import AIR_INDICATORS, assess_year
from forecast.standards.aqi import GOOD_AQI, HEAVY_AQI, daily_aqi
from forecast.standards.day_edges import day_masks, edges_by_day, judged_days
from forecast.standards.items import AIR_ITEMS

SCALE = np.array([60.0, 60.0, 150.0, 90.0, 3.0, 160.0], dtype=np.float32)


def year_paths(seed: int, first: int, year: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Paths that share the days before ``first``, some of them missing, and dust days among them."""
    rng = np.random.default_rng(seed)
    n = 366 if year % 4 == 0 else 365
    values = (SCALE * rng.lognormal(0.0, 0.6, (7, n, 6))).astype(np.float32)
    values = np.round(values, 1) if seed % 2 else values
    values[:, :first] = values[:1, :first]
    values[:, :first][np.broadcast_to(rng.random((first, 6)) < 0.04, (7, first, 6))] = np.nan
    dust = np.zeros((n, 6), dtype=np.bool_)
    dust[:first, 2:4] = rng.random((first, 2)) < 0.03
    if seed % 5 == 0:
        values[:, first:, 1] = np.nan
    return values, dust


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    first=st.integers(0, 365),
    year=st.sampled_from([2025, 2026, 2028]),
    standard=st.sampled_from([None, "HJ 633-2012", "HJ 633-2026"]),
)
def test_a_year_is_the_same_whether_its_shared_days_are_named_or_not(
    seed: int, first: int, year: int, standard: str | None
) -> None:
    values, dust = year_paths(seed, first, year)
    days = np.arange(f"{year}-01-01", f"{year + 1}-01-01", dtype="datetime64[D]")
    options = {"standard": standard, "dust_removed": dust if seed % 3 else None}
    plain = assess_year(values, days, AIR_ITEMS, year, **options)
    quick = assess_year(values, days, AIR_ITEMS, year, drawn_from=first, **options)
    # In twice the precision nothing is compared with an edge.
    slow = assess_year(np.round(values.astype(np.float64), 5), days, AIR_ITEMS, year, **options)
    for name in AIR_INDICATORS:
        assert np.array_equal(quick.values[name], plain.values[name], equal_nan=True), name
        assert np.array_equal(quick.valid[name], plain.valid[name]), name
        assert np.array_equal(quick.n_valid[name], plain.n_valid[name]), name
        assert np.allclose(plain.values[name], slow.values[name], rtol=2e-5, equal_nan=True), name
    for name in ("good_days", "heavy_days", "good_day_ratio"):
        assert np.array_equal(plain.values[name], slow.values[name], equal_nan=True), name


@pytest.mark.parametrize("token", ["HJ 633-2012", "HJ 633-2026"])
def test_edges_count_the_days_that_the_index_counts(token: str) -> None:
    edges = np.stack(edges_by_day(np.array(["2025-01-01"], "datetime64[D]"), token))[:, 0]
    rows = []
    for k in range(len(AIR_ITEMS)):
        for edge in edges[:, k][np.isfinite(edges[:, k])]:
            for value in (
                np.nextafter(edge, np.float32(0)),
                edge,
                np.nextafter(edge, np.float32(9e9)),
            ):
                row = np.zeros(6, dtype=np.float32)
                row[k] = value
                rows.append(row)
    rng = np.random.default_rng(3)
    many = (SCALE * rng.lognormal(0.3, 1.2, (4000, 6))).astype(np.float32)
    many[rng.random(many.shape) < 0.02] = np.nan
    values = np.concatenate([np.array(rows), many, np.round(many), np.round(many * 2) / 2])[:, None]
    days = np.array(["2025-01-01"], "datetime64[D]")
    found = daily_aqi(values, days, AIR_ITEMS, token)
    counted = found.complete & (found.aqi >= 0)
    masks = day_masks(values, days, token)
    assert masks is not None
    assert np.array_equal(masks[0], counted)
    assert np.array_equal(masks[1], counted & (found.aqi <= GOOD_AQI))
    assert np.array_equal(masks[2], counted & (found.aqi > HEAVY_AQI))
    assert 0.05 < masks[2].mean() < masks[0].mean() < 1.0


def test_a_concentration_below_zero_is_refused_as_ever() -> None:
    values = np.full((2, 365, 6), 10.0, dtype=np.float32)
    values[1, 300, 2] = -3.0
    days = np.arange("2025-01-01", "2026-01-01", dtype="datetime64[D]")
    with pytest.raises(ValueError, match="below 0"):
        assess_year(values, days, AIR_ITEMS, 2025, drawn_from=100)


def test_a_concentration_that_rounds_to_zero_is_judged_by_the_look_up() -> None:
    values = np.full((1, 3, 6), [10.0, 10.0, 40.0, 20.0, 0.5, 60.0])
    values[0, :, 1] = -0.3, 10.0, np.nan
    values[0, 1, 0] = 500.0
    days = np.arange("2025-01-01", "2025-01-04", dtype="datetime64[D]")
    assert day_masks(values, days, None) is None
    counted, good, heavy = judged_days(values, days, None)
    aqi = daily_aqi(values, days, AIR_ITEMS)
    assert counted[0].tolist() == aqi.complete[0].tolist() == [True, True, False]
    assert good[0].tolist() == [True, False, False]
    assert not heavy.any()
    with pytest.raises(ValueError, match="below 0"):
        judged_days(values - 5.0, days, None)


def test_only_the_indicators_asked_for_are_computed() -> None:
    values, _ = year_paths(1, 200, 2025)
    days = np.arange("2025-01-01", "2026-01-01", dtype="datetime64[D]")
    whole = assess_year(values, days, AIR_ITEMS, 2025)
    few = assess_year(values, days, AIR_ITEMS, 2025, names=("good_days",))
    assert set(few.values) == {"good_days", "heavy_days", "good_day_ratio"}
    for name in few.values:
        assert np.array_equal(few.values[name], whole.values[name]), name
