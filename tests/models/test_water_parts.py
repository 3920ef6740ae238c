"""Parts of the water ladder against closed forms, brute force and known values."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

from forecast.models.water_censored import below_moments, sites_below
from forecast.models.water_choice import choose, normal_crps
from forecast.models.water_drawing import blended, driven, shared_draws, whole_table
from forecast.models.water_figures import ItemFigures, WaterFigures, shipped_figures
from forecast.models.water_hydrology import effects_of, hydrology_of
from forecast.models.water_process import (
    Sizes,
    covariance,
    factor,
    season_of,
    solve_lower,
    window_moments,
)
from forecast.models.water_scale import ItemScale, oxygen_saturation
from forecast.models.water_walls import Wall, spans_of

MONTHS = np.arange("2015-03", "2018-03", dtype="datetime64[M]")


def sizes(n: int = 1, **some: float) -> Sizes:
    """Sizes of ``n`` series, the same for all."""
    usual = {
        "offset": 0.6, "own_season": 0.2, "level": 0.3, "year": 0.1, "fast": 0.3,
        "fast_months": 1.5, "slope": 0.0,
    }  # fmt: skip
    return Sizes(**{k: np.full(n, v) for k, v in {**usual, **some}.items()})


def test_covariance_by_hand() -> None:
    """The level keeps 0.8 after a year, the year effect ends with the year, a break parts both."""
    two = np.array(["2016-12", "2017-12"], dtype="datetime64[M]")
    none = {"own_season": 0.0, "fast": 0.0, "offset": 0.0, "year": 0.0}
    level = covariance(two, sizes(**{**none, "level": 2.0}))[0]
    np.testing.assert_allclose(level, [[4.0, 3.2], [3.2, 4.0]])
    pair = np.array(["2016-12", "2017-01"], dtype="datetime64[M]")
    year = covariance(pair, sizes(**{**none, "level": 0.0, "year": 1.0}))[0]
    np.testing.assert_allclose(year, np.eye(2))
    parted = covariance(pair, sizes(own_season=0.0, fast=0.0), np.array([[0, 1]]))[0]
    assert parted[0, 1] == 0.0
    season = covariance(
        pair, sizes(**{**none, "level": 0.0, "own_season": 1.0}), np.array([[0, 1]])
    )
    assert season[0, 0, 1] == pytest.approx(season_of(pair)[0] @ season_of(pair)[1])


def test_one_factor_holds_every_past_forecast() -> None:
    """Mean and variance of a window are those of conditioning on the months up to the origin."""
    rng = np.random.default_rng(1)
    seen = np.ones((1, len(MONTHS)), dtype=bool)
    seen[0, [4, 11, 20]] = False
    latent = covariance(MONTHS, sizes())
    whole = latent[0] + 0.04 * np.eye(len(MONTHS))
    lower = factor(latent, np.full(seen.shape, 0.04), seen)
    y = np.where(seen, rng.standard_normal(seen.shape), 0.0)
    z = solve_lower(lower, y[:, :, None])[:, :, 0]
    mean, variance, held = window_moments(lower, z, seen, 2, 5)
    origin = 17
    past = np.flatnonzero(seen[0, : origin + 1])
    ahead = np.array([t for t in range(origin + 2, origin + 6) if seen[0, t]])
    assert len(ahead) == held[0, origin] == 3
    gain = np.linalg.solve(whole[np.ix_(past, past)], whole[np.ix_(past, ahead)]).T
    left = whole[np.ix_(ahead, ahead)] - gain @ whole[np.ix_(past, ahead)]
    assert mean[0, origin] == pytest.approx((gain @ y[0, past]).mean())
    assert variance[0, origin] == pytest.approx(left.mean())


def test_moments_below_a_limit_are_those_of_scipy() -> None:
    """Truncated normal, also far in the tail where Φ underflows."""
    mean, variance, limit = np.array([0.3, 1.0]), np.array([0.5, 2.0]), np.array([0.1, -4.0])
    found = below_moments(mean, variance, limit)
    for i in range(2):
        sd = np.sqrt(variance[i])
        exact = stats.truncnorm(-np.inf, (limit[i] - mean[i]) / sd, mean[i], sd)
        assert found[0][i] == pytest.approx(exact.mean(), rel=1e-6)
        assert found[1][i] == pytest.approx(exact.var(), rel=1e-4)
    far = below_moments(np.array([0.0]), np.array([1.0]), np.array([-40.0]))
    assert far[0][0] == pytest.approx(-40.025, abs=1e-3)


def test_one_value_below_its_limit_is_exact() -> None:
    """A site brings the mean and variance of prior × Φ, by numerical integration."""
    prior_mean, prior_variance, white, limit = 0.4, 0.7, 0.2, -0.3

    def density(f: float) -> float:
        return float(
            stats.norm.pdf(f, prior_mean, np.sqrt(prior_variance))
            * stats.norm.cdf((limit - f) / np.sqrt(white))
        )

    total, first, second = (
        integrate.quad(lambda f, k=k: f**k * density(f), -8, 8)[0] for k in range(3)
    )
    one = np.ones((1, 1))
    site, noise = -1.0 * one, 5.0 * one
    for _ in range(40):
        site, noise = sites_below(
            prior_mean * one, prior_variance * one, limit * one, white * one, site, noise
        )
    variance = 1.0 / (1.0 / prior_variance + 1.0 / noise[0, 0])
    mean = variance * (prior_mean / prior_variance + site[0, 0] / noise[0, 0])
    assert mean == pytest.approx(first / total, abs=1e-6)
    assert variance == pytest.approx(second / total - (first / total) ** 2, abs=1e-6)


def test_crps_of_a_normal_is_the_integral() -> None:
    """∫ (F(x) − 1[x ≥ y])² dx."""
    error, sd = 0.8, 1.7
    lower = integrate.quad(lambda x: stats.norm.cdf(x / sd) ** 2, -30, error)[0]
    upper = integrate.quad(lambda x: stats.norm.sf(x / sd) ** 2, error, 30)[0]
    assert normal_crps(np.array(error), np.array(sd**2)) == pytest.approx(lower + upper, rel=1e-6)


def test_three_lucky_cases_do_not_decide() -> None:
    """A section's own scores are drawn to those of its item; a long record keeps its own choice."""
    base = np.full((20, 6), 1.0)
    flow = base * 1.1
    flow[0], flow[1] = 0.97, 0.7
    counts = np.array([60, 240, *[120] * 18])
    scores = {"0": base * 1.05, "1": base, "2": flow}
    rungs, gain = choose(scores, counts, np.ones(20, dtype=bool))
    assert rungs[0] == "1"
    assert rungs[1] == "2"
    assert gain[1] < 0.0
    without, _ = choose(scores, counts, np.zeros(20, dtype=bool))
    assert set(without) == {"1"}
    few, _ = choose(scores, np.full(20, 23), np.ones(20, dtype=bool))
    assert set(few) == {"0"}


def test_drivers_keep_what_moves_together() -> None:
    """Unit variance, the correlation of two series, and blocks of whole years."""
    rng = np.random.default_rng(2)
    common = rng.standard_normal((120, 1))
    past = np.sqrt(0.8) * common + np.sqrt(0.2) * rng.standard_normal((120, 4))
    past[rng.random(past.shape) < 0.2] = np.nan
    shared = shared_draws(3, 120, 12, 4000)
    own = rng.standard_normal((4, 12, 4000), dtype=np.float32)
    drawn = driven(shared, whole_table(past, rng), own)
    assert drawn.shape == (4, 12, 4000)
    assert drawn.std() == pytest.approx(1.0, abs=0.12)
    correlation = np.corrcoef(drawn.reshape(4, -1))
    assert 0.35 < correlation[np.triu_indices(4, 1)].mean() < 0.8
    steps = np.diff(shared.positions, axis=1)
    assert np.mean(steps == 1) > 0.85


def test_hydrology_goes_from_the_present_to_past_years() -> None:
    """The first month ahead is near the present, the last has the spread of the record."""
    rng = np.random.default_rng(4)
    x = np.zeros(240)
    for t in range(1, 240):
        x[t] = 0.9 * x[t - 1] + np.sqrt(1 - 0.81) * rng.standard_normal()
    x[-1] = 2.5
    positions = shared_draws(4, 240, 12, 1000).positions
    first, twin = blended(np.stack([x, x], axis=1), positions, 4)
    np.testing.assert_array_equal(first, twin)
    assert first[0].mean() == pytest.approx(2.1, abs=0.35)
    assert first[0].std() < 0.7 * first[-1].std()
    ended = x.copy()
    ended[-24:] = np.nan
    unknown = blended(ended[:, None], positions, 4)[0]
    assert abs(unknown[0].mean()) < 0.6
    assert np.isfinite(unknown).all()


def test_departures_of_flow_have_no_season_and_are_whose_they_are() -> None:
    """ln of a seasonal flow is a departure of 0 on average in every season; a dry month is low."""
    rng = np.random.default_rng(5)
    months = np.arange("2005-01", "2015-01", dtype="datetime64[M]")
    season = 1.5 * season_of(months)[:, 0]
    flow = np.exp(2.0 + season + 0.5 * rng.standard_normal(120))
    flow[7] = 0.0
    table = pd.DataFrame(
        {("A", "flow"): flow, ("", "precip"): rng.gamma(2.0, 30.0, 120)},
        index=pd.DatetimeIndex(months.astype("datetime64[ns]")),
    )
    found = hydrology_of(table, months, ["A", "B"])
    assert found.with_flow.tolist() == [True, False]
    x = found.flow[:, 0]
    assert x[7] == -4.0
    assert abs(np.corrcoef(x, season)[0, 1]) < 0.15
    assert np.isfinite(found.departures("proxy")[:, 1]).all()
    effects = effects_of(found.departures("flow"), season_of(months), "flow")
    np.testing.assert_allclose(effects[5, 0, 1], x[5] ** 2 - 1.0)
    assert hydrology_of(None, months, ["A"]).departures("proxy").shape == (120, 1, 0)


def test_oxygen_is_bounded_by_what_water_holds() -> None:
    """Saturation at 10, 25, 30 °C (tables of USGS at 760 mmHg: 11.29, 8.26, 7.56 mg/L)."""
    found = oxygen_saturation(np.array([10.0, 25.0, 30.0]))
    np.testing.assert_allclose(found, [11.29, 8.26, 7.56], atol=0.006)
    columns = [("A", "do"), ("A", "water_temp"), ("B", "do")]
    table = np.array([[8.0, 25.0, 7.0], [11.0, np.nan, 9.0], [9.0, 12.0, 8.0], [9.5, 10.0, 7.5]])
    scale = ItemScale.of(columns, table)
    assert scale.names(columns) == ["do_deficit", "water_temp", "do"]
    months = np.arange("2020-05", "2020-09", dtype="datetime64[M]")
    y = scale.forward(table, months)
    assert y[0, 0] == pytest.approx(0.263, abs=0.01)
    assert np.isfinite(y[1, 0])
    back = scale.back(y[None].astype(np.float32)[:, [0, 2, 3]])
    np.testing.assert_allclose(back[0], table[[0, 2, 3]], rtol=1e-5)


def test_a_break_starts_in_its_month_or_the_next() -> None:
    """A move by the 15th is a new level from that month on."""
    months = np.arange("2020-03", "2020-06", dtype="datetime64[M]")
    early = Wall(np.datetime64("2020-04-15"), items=("tp",))
    late = Wall(np.datetime64("2020-04-16"))
    assert spans_of([early], [("A", "tp"), ("A", "do")], months).tolist() == [[0, 1, 1], [0, 0, 0]]
    assert spans_of([late], [("A", "tp")], months).tolist() == [[0, 0, 1]]


def test_shipped_figures_are_whole() -> None:
    """Every pooled item and `other` have sane figures that survive being written and read."""
    figures = shipped_figures()
    assert {"codmn", "nh3n", "do", "ph", "tp", "tn", "water_temp", "do_deficit", "other"} == set(
        figures.items
    )
    for own in figures.items.values():
        assert ItemFigures.from_quantities(own.quantities()) == own
        assert min(own.fast_sd, own.offset_sd, own.season_sd, own.scale_degrees) > 0.0
    assert figures.of("zinc") == figures.of("other")
    assert WaterFigures({"other": figures.of("other")}).of("do") == figures.of("other")
    # Winter water holds more oxygen; warm months come in July and August.
    assert figures.of("do").season[0] > 1.0
    assert figures.of("water_temp").season[0] < -5.0
