"""Slow error, serial dependence, and the pooling of past errors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from forecast.models.gaps import fill_gaps
from forecast.models.panel_priors import estimate_priors
from forecast.models.past_dates import Dates, draw_dates, draw_positions, run_shifts
from forecast.models.pooled import AirPooled, shipped_air
from forecast.models.pooling import (
    LEAD_PERIODS,
    LEAD_WINDOWS,
    added_sd,
    error_correlation,
    hindcast,
    slow_error,
    slow_error_by_record,
)
from forecast.models.residuals import filter_residuals, forward_blocks, run_forward, two_part_filter
from forecast.models.slow_error import (
    PERSISTENCE,
    correlation_factor,
    slow_growth,
    slow_links,
    slow_units,
)


def test_slow_growth_is_linear_between_and_a_root_beyond() -> None:
    """0.1 at 50 days, 0.2 at 150, so 0.15 at 100 and 0.4 at 600."""
    found = slow_growth(((50.0, 0.1), (150.0, 0.2)), np.array([1, 50, 100, 150, 600]))
    np.testing.assert_allclose(found, [0.1, 0.1, 0.15, 0.2, 0.4])
    assert slow_growth((), np.array([1, 2])).tolist() == [0.0, 0.0]


def test_slow_units_have_unit_variance_the_correlation_asked_for_and_an_end() -> None:
    """10 000 draws: variance 1, correlation 0.8 between PM10 and PM2.5 if so pooled, |u| <= 4."""
    base = shipped_air()
    pooled = AirPooled(
        base.priors, base.slow_sd, (("pm10", "pm25"), np.array([[1, 0.8], [0.8, 1]]))
    )
    factor = correlation_factor(pooled, ("pm10", "pm25", "so2"))
    drawn = slow_units(factor, 20_000, 6.0, np.random.default_rng(1))[:, 0]
    np.testing.assert_allclose(drawn.std(axis=0), 1.0, atol=0.04)
    correlation = np.corrcoef(drawn, rowvar=False)
    assert correlation[0, 1] == pytest.approx(0.8, abs=0.03)
    assert correlation[0, 2] == pytest.approx(0.0, abs=0.03)
    assert np.abs(drawn).max() <= 4.0
    with pytest.raises(ValueError, match="above 2"):
        slow_units(factor, 3, 2.0, np.random.default_rng(1))


def test_the_filter_of_one_autoregression_is_known() -> None:
    """With no slow part and hardly any white part, innovations are z(t) - φ z(t - 1)."""
    filt = two_part_filter(np.array([[1e-9], [0.98]]), np.array([[30.0], [2.0]]))
    z = np.array([[1.0], [0.5], [-0.3], [2.0]])
    innovations, _ = filter_residuals(z, filt)
    expected = z[1:] - filt.phi[1] * z[:-1]
    np.testing.assert_allclose(innovations[1:], expected, atol=0.05)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.02, 0.3), st.floats(0.2, 0.6))
def test_running_the_innovations_forward_gives_the_residuals_back(
    seed: int, slow: float, fast: float
) -> None:
    """Filter and recursion are inverse to each other."""
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((40, 2))
    filt = two_part_filter(np.array([[slow] * 2, [fast] * 2]), np.array([[40.0] * 2, [2.0] * 2]))
    innovations, _ = filter_residuals(z, filt)
    again = run_forward(innovations[:, :, None].astype(np.float32), np.zeros((2, 2)), filt)
    np.testing.assert_allclose(again[..., 0], z, atol=2e-5)


def test_many_series_are_filtered_as_one_by_one_with_gaps() -> None:
    """Twenty series together and each alone: the same innovations and the same state."""
    rng = np.random.default_rng(5)
    z = rng.standard_normal((300, 20))
    z[rng.random(z.shape) < 0.2] = np.nan
    filt = two_part_filter(np.array([[0.1] * 20, [0.5] * 20]), np.array([[40.0] * 20, [2.0] * 20]))
    innovations, state = filter_residuals(z, filt)
    assert np.array_equal(np.isnan(innovations), np.isnan(z))
    for i in range(20):
        one = two_part_filter(np.array([[0.1], [0.5]]), np.array([[40.0], [2.0]]))
        alone, last = filter_residuals(z[:, [i]], one)
        # One by one the filter is taken as steady a little before it is.
        np.testing.assert_allclose(innovations[:, [i]], alone, atol=2e-3)
        np.testing.assert_allclose(state[:, [i]], last, atol=2e-3)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 40), st.integers(1, 17), st.integers(0, 1000))
def test_blocks_carry_residuals_on_as_day_by_day(n_days: int, size: int, seed: int) -> None:
    """Products over blocks of any length give the recursion, scaled, plus what the draws add."""
    rng = np.random.default_rng(seed)
    filt = two_part_filter(np.array([[0.2, 0.1], [0.6, 0.5]]), np.array([[40.0, 25.0], [2.0, 3.0]]))
    steps = rng.standard_normal((2, n_days, 5)).astype(np.float32)
    state = rng.standard_normal((2, 2))
    loads, scale = rng.standard_normal((2, n_days, 3)), rng.uniform(0.2, 2.0, (2, n_days))
    draws = rng.standard_normal((2, 3, 5)).astype(np.float32)
    plain = run_forward(steps.swapaxes(0, 1), state, filt).swapaxes(0, 1)
    expected = plain * scale[:, :, None] + loads @ draws
    carried = np.repeat(state.T[:, :, None], 5, axis=2)
    found, done = [], 0
    for block in forward_blocks(filt, loads, scale, size):
        days = block.shape[1] - 2
        given_rows = np.concatenate([draws, carried, steps[:, done : done + days]], axis=1)
        after = block @ given_rows
        found.append(after[:, :days])
        carried, done = after[:, days:], done + days
    assert done == n_days
    np.testing.assert_allclose(np.concatenate(found, axis=1), expected, rtol=1e-4, atol=1e-4)


def test_a_gap_lets_the_state_fade_and_gives_no_innovation() -> None:
    """Missing days have no innovation; the state after them is nearer to 0."""
    filt = two_part_filter(np.array([[0.2], [0.6]]), np.array([[40.0], [2.0]]))
    z = np.full((12, 1), 2.0)
    _, before = filter_residuals(z[:6], filt)
    z[6:] = np.nan
    innovations, after = filter_residuals(z, filt)
    assert np.isnan(innovations[6:]).all()
    assert 0 < after.sum() < before.sum()


@settings(max_examples=30, deadline=None)
@given(st.integers(61, 1500), st.integers(1, 800), st.integers(0, 1000))
def test_positions_are_past_days(n_past: int, n_future: int, seed: int) -> None:
    """Every drawn day is a day of the record."""
    found = draw_positions(n_past, n_future, 4, np.random.default_rng(seed))
    assert found.shape == (4, n_future)
    assert found.min() >= 0
    assert found.max() < n_past


def test_positions_keep_the_season_and_run_through_days() -> None:
    """With three years of record nearly all days are within 20 days of the season, in runs."""
    n_past = 1096
    found = draw_positions(n_past, 365, 50, np.random.default_rng(1))
    season = (found - n_past - np.arange(365)) % 365.25
    apart = np.minimum(season, 365.25 - season)
    assert (apart <= 22).mean() > 0.97
    assert (np.diff(found, axis=1) == 1).mean() > 0.93
    # All three years are used.
    assert set((found // 366).ravel().tolist()) == {0, 1, 2}


def _by_day(shifts: NDArray[np.float32], dates: Dates) -> NDArray[np.float32]:
    """Shifts of runs, put on the days of the runs."""
    return shifts[dates.run]


@pytest.mark.parametrize("years", [1, 2, 3])
def test_a_short_record_has_as_many_seasons_as_a_long_one(years: int) -> None:
    """Quarter means of drawn white noise spread as those of new white noise do, 1/sqrt(90).

    Over 30 records: one may by chance be calmer than noise is on average.
    """
    means, spread = [], []
    for seed in range(30):
        rng = np.random.default_rng([years, seed])
        table = rng.standard_normal((round(365.25 * years), 1)).astype(np.float32)
        found = draw_dates(len(table), 90, 200, 1, rng)
        spread.append(table[found.positions].mean(axis=1).var())
        shifted = table[found.positions] + _by_day(run_shifts(found.units, table), found)
        means.append(shifted.mean(axis=1).var())
    assert np.sqrt(90 * np.mean(means)) == pytest.approx(1.0, abs=0.15)
    assert np.mean(spread) < np.mean(means)


def test_shifts_are_level_within_a_run_and_common_to_linked_items() -> None:
    """A shift changes only where a run starts; items that go together are shifted together."""
    rng = np.random.default_rng(2)
    table = np.repeat(rng.standard_normal((500, 1)), 2, axis=1).astype(np.float32)
    found = draw_dates(500, 120, 20, 2, rng)
    shifts = _by_day(run_shifts(found.units, table), found)
    inside = np.diff(found.positions, axis=1) == 1
    assert np.all(np.diff(shifts, axis=1)[inside] == 0.0)
    assert np.any(np.diff(shifts, axis=1)[~inside] != 0.0)
    np.testing.assert_allclose(shifts[..., 0], shifts[..., 1], atol=1e-5)


def test_gaps_are_filled_from_the_same_item_and_season() -> None:
    """A value that only winters have fills winter gaps."""
    day = np.arange(1096)
    winter = np.cos(2 * np.pi * day / 365.25) > 0
    table = np.where(winter, 5.0, -5.0)[:, None].astype(np.float32).repeat(2, axis=1)
    table[:, 1] += 100.0
    holes = table.copy()
    holes[::7] = np.nan
    filled = fill_gaps(holes, np.random.default_rng(0), window=5)
    assert np.isfinite(filled).all()
    assert (filled == table).mean() > 0.98
    assert np.array_equal(filled[1::7], table[1::7])


def test_added_sd_is_what_errors_have_beyond_the_paths() -> None:
    """Errors of sd 0.13 against paths of sd 0.05 need sqrt(0.13² - 0.05²) = 0.12."""
    error = 0.13 * np.random.default_rng(3).standard_normal(20_000)
    found = added_sd(error, np.full(20_000, 0.05**2))
    assert found == pytest.approx(0.12, abs=0.004)
    assert added_sd(error, np.full(20_000, 0.5**2)) < 1e-6


def test_slow_error_of_each_period_has_the_size_found() -> None:
    """Sizes of the periods, at their middles; a floor under them; no way back in year two."""
    rng = np.random.default_rng(4)
    rows = []
    for (first, last), sd in zip(LEAD_PERIODS, (0.14, 0.12, 0.01, 0.2), strict=True):
        rows += [("pm25", first, last, e, 0.0) for e in sd * rng.standard_normal(4000)]
    errors = pd.DataFrame(rows, columns=["item", "first", "last", "error", "variance"])
    points = dict(slow_error(errors)["pm25"])
    np.testing.assert_allclose(list(points), [45.0, 136.5, 273.5, 548.0], atol=1.0)
    np.testing.assert_allclose(list(points.values()), [0.14, 0.12, 0.10, 0.2], rtol=0.05)


def test_slow_error_keeps_its_variance_between_periods_and_links_them_weakly() -> None:
    """Unit variance at every lead; far leads nearly independent, near ones the same."""
    leads = np.arange(1, 366)
    links = slow_links([45.0, 136.0, 273.5], leads)
    units = slow_units(np.eye(1), 20_000, 8.0, np.random.default_rng(1), n_anchors=3)
    drawn = np.einsum("dk,pki->pd", links, units)
    np.testing.assert_allclose(drawn.std(axis=0), 1.0, atol=0.04)
    linked = np.corrcoef(drawn[:, [0, 20, 135, 364]], rowvar=False)[0]
    np.testing.assert_allclose(linked, [1, 1, PERSISTENCE, PERSISTENCE**2], atol=0.04)


def test_slow_error_is_that_of_records_of_the_same_length() -> None:
    """Errors of 0.3, 0.2 and 0.15 with one, two and more years; lengths between lie between."""
    rng = np.random.default_rng(5)
    rows = []
    for years, sd in ((1.2, 0.3), (2.0, 0.2), (4.5, 0.15)):
        for first, last in LEAD_WINDOWS:
            drawn = sd * rng.standard_normal(4000)
            rows += [("pm25", first, last, e, 0.0, years) for e in drawn]
    columns = ["item", "first", "last", "error", "variance", "years"]
    long, short = slow_error_by_record(pd.DataFrame(rows, columns=columns))
    base = shipped_air()
    pooled = AirPooled(base.priors, long, base.correlation, slow_short=short)
    at_lead = [pooled.slow_points("pm25", years)[0][1] for years in (0.5, 1.0, 1.5, 2.0, 3.0, 9.0)]
    np.testing.assert_allclose(at_lead, [0.3, 0.3, 0.25, 0.2, 0.15, 0.15], rtol=0.06)
    assert pooled.slow_points("new", 9.0) == pooled.slow_points("pm25", 9.0)


def test_a_short_record_is_never_the_surer_one() -> None:
    """Calm years of short records do not make them surer; few cases take the shorter's error."""
    rng = np.random.default_rng(6)
    rows = []
    for years, sd, n in ((1.0, 0.1, 500), (2.0, 0.2, 500), (5.0, 0.5, 5)):
        for first, last in LEAD_WINDOWS:
            rows += [("co", first, last, e, 0.0, years) for e in sd * rng.standard_normal(n)]
    columns = ["item", "first", "last", "error", "variance", "years"]
    long, short = slow_error_by_record(pd.DataFrame(rows, columns=columns))
    assert long["co"][0] == short[2]["co"][0]
    assert short[1]["co"][0][1] >= short[2]["co"][0][1]
    assert short[2]["co"][0][1] == pytest.approx(0.2, rel=0.1)


def _made_panel() -> dict[str, pd.DataFrame]:
    """Four cities, 1 600 days, PM2.5 falling by 10 % a year, AR(1) noise of time constant 2 days."""
    days = pd.date_range("2014-01-01", periods=1600)
    t = np.arange(1600)
    panel = {}
    for city in range(4):
        rng = np.random.default_rng(50 + city)
        noise = np.zeros(1600)
        step = 0.4 * np.sqrt(1 - np.exp(-1.0)) * rng.standard_normal(1600)
        for day in range(1, 1600):
            noise[day] = np.exp(-0.5) * noise[day - 1] + step[day]
        logs = np.log(50.0) - 0.1 * t / 365.25 + 0.4 * np.cos(2 * np.pi * t / 365.25) + noise
        panel[f"city{city}"] = pd.DataFrame({"pm25": np.exp(logs)}, index=days)
    return panel


def test_priors_of_a_made_panel_are_what_it_was_made_of() -> None:
    """Season 0.4, scatter 0.4, two days' memory, a falling trend."""
    prior = estimate_priors(_made_panel(), ["pm25", "no2"])
    assert set(prior) == {"pm25"}
    assert prior["pm25"].season[0][0] == pytest.approx(0.4, abs=0.05)
    assert prior["pm25"].scale == pytest.approx(0.4, abs=0.04)
    assert prior["pm25"].fast_days == pytest.approx(2.0, abs=0.8)
    assert prior["pm25"].trend[0] == pytest.approx(-0.08, abs=0.02)


def test_hindcasts_use_the_past_only() -> None:
    """Errors do not change when the paths' own future is made another; truth alone does."""
    panel = {"city0": _made_panel()["city0"]}
    origin = np.datetime64("2016-03-31")
    base = hindcast(panel, shipped_air(), [origin], n_paths=30)
    doubled = panel["city0"].copy()
    doubled.loc["2016-04-01":] *= 2.0
    other = hindcast({"city0": doubled}, shipped_air(), [origin], n_paths=30)
    np.testing.assert_allclose(other["error"] - base["error"], np.log(2.0), atol=1e-6)
    np.testing.assert_allclose(other["variance"], base["variance"])
    assert set(base["last"]) == {90, 182, 365, 730}


def test_error_correlation_counts_its_cases() -> None:
    """Two items with the same errors have correlation 1 over their common cases."""
    rows = [
        (p, o, i, 1, 365, float(p + o))
        for p in range(3)
        for o in range(4)
        for i in ("pm10", "pm25")
    ]
    errors = pd.DataFrame(rows, columns=["place", "origin", "item", "first", "last", "error"])
    matrix, cases = error_correlation(errors, ["pm10", "pm25", "co"])
    assert matrix[0, 1] == pytest.approx(1.0)
    assert cases[0, 1] == 12
    assert cases[0, 2] == 0


def test_what_a_day_lacks_comes_from_one_day_that_is_like_it() -> None:
    rng = np.random.default_rng(8)
    shared = rng.standard_normal(1200)
    whole = np.stack([shared, 0.9 * shared + 0.1 * rng.standard_normal(1200), -shared], axis=1)
    holes = whole.astype(np.float32)
    days = rng.random(1200) < 0.3
    holes[days] = np.nan
    single = rng.random(1200) < 0.3
    holes[single, 1] = np.nan
    filled = fill_gaps(holes, np.random.default_rng(9))
    assert np.isfinite(filled).all()
    kept = np.isfinite(holes)
    np.testing.assert_array_equal(filled[kept], holes[kept])
    # Days without a reading take all items of one day; a lone item fits those that are there.
    assert days.sum() > 300
    np.testing.assert_array_equal(filled[days, 0], -filled[days, 2])
    alone = single & ~days
    assert np.corrcoef(filled[alone, 0], filled[alone, 1])[0, 1] > 0.9
    again = fill_gaps(holes, np.random.default_rng(9))
    np.testing.assert_array_equal(filled, again)


def test_where_steps_were_left_out_the_season_is_that_of_the_steps() -> None:
    """Days 90 to 270 of the first year are left out; what is filled is of its own season."""
    steps = np.setdiff1d(np.arange(1461), range(90, 270))
    table = np.column_stack([steps, steps, np.zeros(len(steps))]).astype(np.float32)
    holes = np.random.default_rng(4).random(len(steps)) < 0.1
    table[holes, 0] = np.nan
    table[:, 2] = np.random.default_rng(5).standard_normal(len(steps))
    season = steps[holes] % 365.25
    for numbers, most in ((steps, 46.0), (None, 183.0)):
        filled = fill_gaps(table, np.random.default_rng(6), window=20, steps=numbers)
        apart = np.abs(filled[holes, 0] % 365.25 - season)
        off = np.minimum(apart, 365.25 - apart)
        assert off.max() <= most
        assert (off.max() > 46.0) == (numbers is None)


def test_items_that_were_never_there_together_are_filled_apart() -> None:
    rng = np.random.default_rng(10)
    holes = rng.standard_normal((400, 2)).astype(np.float32)
    holes[:200, 0] = np.nan
    holes[200:, 1] = np.nan
    holes[190:210] = np.nan
    filled = fill_gaps(holes, np.random.default_rng(11))
    assert np.isfinite(filled).all()
    assert set(filled[:200, 0].tolist()) <= set(holes[210:, 0].tolist())
    assert set(filled[200:, 1].tolist()) <= set(holes[:190, 1].tolist())


@pytest.mark.parametrize("gaps", ["none", "random", "blocks", "every second"])
def test_innovations_have_the_steady_variance_with_gaps_too(gaps: str) -> None:
    """A made residual of two parts and noise; its steady innovations have the sd of the filter."""
    share, days = np.array([[0.15], [0.55]]), np.array([[40.0], [2.0]])
    filt = two_part_filter(share, days)
    expected = float(np.sqrt(filt.steady[:2].sum() + 2 * filt.steady[2, 0] + filt.white[0]))
    rng = np.random.default_rng(12)
    n = 40_000
    phi = filt.phi[:, 0]
    parts = np.sqrt(share[:, 0]) * rng.standard_normal(2)
    z = np.empty(n)
    for at in range(n):
        z[at] = parts.sum() + np.sqrt(filt.white[0]) * rng.standard_normal()
        parts = phi * parts + np.sqrt(share[:, 0] * (1 - phi**2)) * rng.standard_normal(2)
    holes = z.copy()
    if gaps == "random":
        holes[rng.random(n) < 0.4] = np.nan
    elif gaps == "blocks":
        holes[np.arange(n) % 60 < 24] = np.nan
    elif gaps == "every second":
        holes[::2] = np.nan
    innovations, _ = filter_residuals(holes[:, None], filt)
    assert np.nanstd(innovations) == pytest.approx(expected, rel=0.02)
