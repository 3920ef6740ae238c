"""Annual assessment of air: known values, the rules on days, dust, denominators, precision."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.errors import InputError
from forecast.standards.air_assessment import (
    AIR_INDICATORS,
    assess_year,
    composite_index,
    exceed_multiple,
    percentile,
)
from forecast.standards.items import AIR_ITEMS
from forecast.standards.limits import air_limit, attains, indicator_limit, item_attains
from forecast.standards.rounding import round_half_even

NAN = float("nan")
PM10, PM25, CO, O3 = (AIR_ITEMS.index(item) for item in ("pm10", "pm25", "co", "o3_8h"))


def days_of(year: int) -> np.ndarray:
    return np.arange(f"{year}-01-01", f"{year + 1}-01-01", dtype="datetime64[D]")


def steady(year: int, **changes: float) -> np.ndarray:
    """A year in which every day is good and the same."""
    day = {"so2": 6.0, "no2": 12.0, "pm10": 51.0, "pm25": 19.0, "co": 0.9, "o3_8h": 137.0} | changes
    return np.tile([day[item] for item in AIR_ITEMS], (len(days_of(year)), 1))


def drawn(seed: int, n_paths: int = 3, n_days: int = 365) -> np.ndarray:
    values = np.random.default_rng(seed).gamma(3.0, 20.0, (n_paths, n_days, 6))
    values[..., CO] /= 40.0
    return np.round(values, 1)


def test_a_steady_year_has_the_published_index() -> None:
    """Puning 2025 printed 2.75 for these six figures."""
    found = assess_year(steady(2025), days_of(2025), AIR_ITEMS, 2025)
    assert set(found.values) == set(AIR_INDICATORS)
    assert round_half_even(found.values["composite_index"][0], 2) == 2.75
    assert found.values["pm25_annual_mean"].tolist() == [19.0]
    assert found.values["good_day_ratio"].tolist() == [100.0]
    assert found.values["heavy_days"].tolist() == [0.0]
    assert found.n_expected == 365
    assert all(valid.all() for valid in found.valid.values())
    assert found.limits == "GB 3095-2012"


@pytest.mark.parametrize(
    ("standard", "expected"), [(None, 2.75), ("GB 3095-2012", 2.75), ("HJ 633-2026", 2.96)]
)
def test_index_keeps_the_limits_of_2012_unless_told(standard: str | None, expected: float) -> None:
    found = assess_year(steady(2027), days_of(2027), AIR_ITEMS, 2027, standard=standard)
    assert round_half_even(found.values["composite_index"][0], 2) == expected


def test_single_indices_are_not_rounded_before_they_are_added() -> None:
    """21/35 + 39/70 + 9/60 + 15/40 + 192/160 + 0.7/4 = 3.06; rounded parts would give 3.07."""
    figures = {"pm25": 21, "pm10": 39, "so2": 9, "no2": 15, "o3_8h": 192, "co": 0.7}
    assert round_half_even(composite_index(figures).item(), 2) == 3.06


def test_statistics_agree_with_numpy() -> None:
    values = drawn(1)
    found = assess_year(values, days_of(2025), AIR_ITEMS, 2025)
    for name, item, q in (("so2_p98", 0, 98), ("pm25_p95", PM25, 95), ("o3_8h_p90", O3, 90)):
        assert found.values[name] == pytest.approx(np.percentile(values[..., item], q, axis=1))
    assert found.values["no2_annual_mean"] == pytest.approx(values[..., 1].mean(axis=1))


@settings(max_examples=40)
@given(st.lists(st.integers(0, 500), min_size=1, max_size=60), st.sampled_from([90, 95, 98]))
def test_percentile_is_the_formula_in_fractions(values: list[int], per_cent: int) -> None:
    ordered = sorted(values)
    k = 1 + (len(values) - 1) * Fraction(per_cent, 100)
    s = int(k)
    upper = ordered[min(s, len(values) - 1)]
    exact = ordered[s - 1] + (upper - ordered[s - 1]) * (k - s)
    assert percentile(values, per_cent).item() == pytest.approx(float(exact), rel=1e-13)


def test_gaps_are_left_out_whether_shared_by_the_paths_or_not() -> None:
    values = drawn(2)
    values[:, 10:14, PM25] = NAN
    values[1, 200, PM25] = NAN
    found = assess_year(values, days_of(2025), AIR_ITEMS, 2025)
    for path in range(3):
        series = values[path, :, PM25]
        kept = series[~np.isnan(series)]
        assert found.values["pm25_annual_mean"][path] == pytest.approx(kept.mean())
        assert found.values["pm25_p95"][path] == pytest.approx(np.percentile(kept, 95))
        assert found.n_valid["pm25_annual_mean"][path] == len(kept)
        alone = assess_year(values[path], days_of(2025), AIR_ITEMS, 2025)
        for name in AIR_INDICATORS:
            assert alone.values[name][0] == pytest.approx(found.values[name][path], nan_ok=True)


def test_days_a_year_must_have() -> None:
    values, days = steady(2025), days_of(2025)
    values[:41, PM25] = NAN
    assert not assess_year(values, days, AIR_ITEMS, 2025).valid["pm25_annual_mean"][0]
    values = steady(2025)
    for month in range(1, 13):
        first = np.searchsorted(days, np.datetime64(f"2025-{month:02d}-01"))
        values[first : first + 3, PM25] = NAN  # 329 days, February 25, April 27
    found = assess_year(values, days, AIR_ITEMS, 2025)
    assert found.n_valid["pm25_annual_mean"].tolist() == [329]
    assert found.valid["pm25_annual_mean"].all()
    assert found.valid["good_day_ratio"].all()
    values[45, PM25] = NAN  # February 24
    found = assess_year(values, days, AIR_ITEMS, 2025)
    assert not found.valid["pm25_annual_mean"].any()
    assert not found.valid["composite_index"].any()
    # Day counts have no rule on months; 328 days with an AQI are enough.
    assert found.valid["good_day_ratio"].all()
    values[46:51, PM25] = NAN
    found = assess_year(values, days, AIR_ITEMS, 2025)
    assert found.n_valid["good_day_ratio"].tolist() == [323]
    assert not found.valid["good_day_ratio"].any()
    assert found.valid["so2_p98"].all()


def test_year_to_date_has_no_rule_on_days() -> None:
    found = assess_year(steady(2025)[:40], days_of(2025)[:40], AIR_ITEMS, 2025, partial=True)
    assert found.n_expected == 40
    assert found.valid["pm25_annual_mean"].all()
    whole = assess_year(steady(2025)[:40], days_of(2025)[:40], AIR_ITEMS, 2025)
    assert not whole.valid["pm25_annual_mean"].any()
    assert whole.n_expected == 365


def test_good_days_need_all_six_items() -> None:
    values = steady(2025)
    values[:20, CO] = NAN
    values[100, PM25] = 160.0
    values[101, PM25] = 80.0
    days = days_of(2025)
    found = assess_year(values, days, AIR_ITEMS, 2025)
    assert found.values["good_days"].tolist() == [343.0]
    assert found.values["heavy_days"].tolist() == [1.0]
    assert found.n_valid["good_day_ratio"].tolist() == [345]
    assert found.values["good_day_ratio"][0] == pytest.approx(100 * 343 / 345)
    calendar = assess_year(values, days, AIR_ITEMS, 2025, denominator="calendar")
    assert calendar.values["good_day_ratio"][0] == pytest.approx(100 * 343 / 365)
    five = [i for i, item in enumerate(AIR_ITEMS) if item != "co"]
    names = tuple(AIR_ITEMS[i] for i in five)
    without = assess_year(values[:, five], days, names, 2025)
    assert np.isnan(without.values["good_day_ratio"][0])
    assert np.isnan(without.values["composite_index"][0])
    assert not without.valid["good_days"].any()


def test_each_day_of_2026_goes_by_its_own_rule() -> None:
    values, days = steady(2026, pm25=70.0), days_of(2026)
    assert assess_year(values, days, AIR_ITEMS, 2026).values["good_days"].tolist() == [59.0]
    for token, good in (("HJ 633-2012", 365.0), ("HJ 633-2026", 0.0)):
        found = assess_year(values, days, AIR_ITEMS, 2026, standard=token)
        assert found.values["good_days"].tolist() == [good]


def test_dust_leaves_concentrations_and_stays_in_ratios() -> None:
    values, days = steady(2025), days_of(2025)
    dust = np.zeros(365, dtype=bool)
    dust[90:95] = True
    values[90:95, [PM10, PM25]] = (700.0, 90.0)
    kept = assess_year(values, days, AIR_ITEMS, 2025)
    removed = assess_year(values, days, AIR_ITEMS, 2025, dust_removed=dust)
    assert removed.values["pm10_annual_mean"].tolist() == [51.0]
    assert removed.n_valid["pm10_annual_mean"].tolist() == [360]
    assert kept.values["pm10_annual_mean"][0] > 51.0
    assert removed.values["composite_index"][0] < kept.values["composite_index"][0]
    for name in ("good_days", "heavy_days", "good_day_ratio"):
        assert removed.values[name] == kept.values[name]
    assert removed.values["heavy_days"].tolist() == [5.0]
    only_pm10 = np.zeros((365, 6), dtype=bool)
    only_pm10[90:95, PM10] = True
    partly = assess_year(values, days, AIR_ITEMS, 2025, dust_removed=only_pm10)
    assert partly.values["pm25_annual_mean"] == kept.values["pm25_annual_mean"]


@pytest.mark.parametrize("year", [2025, 2027])
def test_day_whose_particles_were_removed_still_counts(year: int) -> None:
    values, days = steady(year), days_of(year)
    dust = np.zeros(365, dtype=bool)
    dust[90:140] = True
    values[90:140, [PM10, PM25]] = NAN
    found = assess_year(values, days, AIR_ITEMS, year, dust_removed=dust)
    assert found.n_valid["good_days"].tolist() == [365]
    assert found.n_valid["pm25_annual_mean"].tolist() == [315]
    assert found.valid["pm25_annual_mean"].all()
    assert assess_year(values, days, AIR_ITEMS, year).n_valid["good_days"].tolist() == [315]


def test_winter_across_the_year() -> None:
    days = np.arange("2024-10-01", "2025-04-01", dtype="datetime64[D]")
    values = np.tile(steady(2025)[0], (len(days), 1))
    found = assess_year(values, days, AIR_ITEMS, 2024, first="2024-10-01", last="2025-03-31")
    assert found.n_expected == 182
    assert found.valid["pm25_annual_mean"].all()
    values[61:63] = NAN
    values[64:67] = NAN  # December 26
    found = assess_year(values, days, AIR_ITEMS, 2024, first="2024-10-01", last="2025-03-31")
    assert not found.valid["pm25_annual_mean"].any()


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1))
def test_single_precision_judges_alike(seed: int) -> None:
    """float32 paths must not lose a tie that the readings have in decimals."""
    values = drawn(seed, 1)
    one = assess_year(values, days_of(2025), AIR_ITEMS, 2025).values
    other = assess_year(values.astype(np.float32), days_of(2025), AIR_ITEMS, 2025).values
    for name in AIR_INDICATORS:
        assert round_half_even(one[name], 1) == pytest.approx(round_half_even(other[name], 1))


def test_order_of_days_and_items_does_not_matter() -> None:
    values, days = drawn(5), days_of(2025)
    whole = assess_year(values, days, AIR_ITEMS, 2025)
    rng = np.random.default_rng(5)
    order, turn = rng.permutation(365), rng.permutation(6)
    other = assess_year(
        values[:, order][..., turn], days[order], tuple(AIR_ITEMS[i] for i in turn), 2025
    )
    for name in AIR_INDICATORS:
        assert other.values[name] == pytest.approx(whole.values[name])


def test_wrong_calls() -> None:
    days = days_of(2025)
    with pytest.raises(InputError, match="2025-01-02 occurs more than once"):
        assess_year(steady(2025)[:2], days[[1, 1]], AIR_ITEMS, 2025)
    with pytest.raises(ValueError, match="denominator"):
        assess_year(steady(2025), days, AIR_ITEMS, 2025, denominator="all")
    with pytest.raises(ValueError, match="shape"):
        assess_year(steady(2025), days[:-1], AIR_ITEMS, 2025)


def test_no_day_of_the_year() -> None:
    found = assess_year(steady(2025), days_of(2025), AIR_ITEMS, 2024)
    assert all(np.isnan(value[0]) for value in found.values.values())
    assert not any(valid[0] for valid in found.valid.values())
    assert found.n_expected == 366


@pytest.mark.parametrize(
    ("name", "limits"),
    [
        ("pm25_annual_mean", (35, 30, 25)), ("pm10_annual_mean", (70, 60, 50)),
        ("no2_annual_mean", (40, 40, 30)), ("so2_annual_mean", (60, 60, 20)),
        ("co_p95", (4, 4, 4)), ("o3_8h_p90", (160, 160, 160)), ("pm25_p95", (75, 60, 50)),
        ("pm10_p95", (150, 120, 100)), ("so2_p98", (150, 150, 50)), ("no2_p98", (80, 80, 50)),
        ("good_day_ratio", (None, None, None)), ("composite_index", (None, None, None)),
    ],
)  # fmt: skip
def test_limits_of_three_phases(name: str, limits: tuple[float | None, ...]) -> None:
    tokens = ("GB 3095-2012", "GB 3095-2026", "GB 3095-2026 final")
    assert tuple(indicator_limit(name, token) for token in tokens) == limits


def test_attainment_of_an_item_needs_mean_and_percentile() -> None:
    assert bool(item_attains("pm25", 35.4, 75.4, "GB 3095-2012"))
    assert not bool(item_attains("pm25", 35.6, 70, "GB 3095-2012"))
    assert not bool(item_attains("pm25", 30, 76, "GB 3095-2012"))
    assert bool(item_attains("o3_8h", NAN, 160.5, "GB 3095-2012"))
    assert bool(attains("pm25_annual_mean", 30.5, "GB 3095-2026"))
    assert not bool(attains("pm25_annual_mean", 30.6, "GB 3095-2026"))
    assert not bool(attains("pm25_annual_mean", NAN, "GB 3095-2026"))
    assert air_limit("pm10", "year", "GB 3095-2012", 1) == 40
    with pytest.raises(KeyError):
        air_limit("co", "year", "GB 3095-2012")
    with pytest.raises(KeyError):
        attains("good_days", 300, "GB 3095-2012")


def test_exceed_multiple() -> None:
    assert exceed_multiple([52.5, 35.0, 20.0], 35.0).tolist() == [0.5, 0.0, 0.0]
