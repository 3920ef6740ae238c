"""The plain panel model: exact cases, shrinkage, invariances, calibration on made panels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_air import ahead_of, made_record

from forecast.models import panel_batch
from forecast.models.panel import PanelModel, fit_panel, season_positions
from forecast.models.panel_batch import fit_batch, past_errors
from forecast.models.panel_figures import PanelFigures, PanelItem, shipped_panel
from forecast.models.panel_fit import (
    SlopeFit,
    autoregression,
    panel_design,
    past_error,
    scale_of,
    season_scale,
    seasonal_means,
    shrink_slopes,
    slopes,
)
from forecast.standards.items import AIR_ITEMS

DAYS = np.arange("2014-01-01", "2019-01-01", dtype="datetime64[D]")
DESIGN = panel_design(DAYS, DAYS[-1])
#: Made cities have no trend, and years that differ by 6 %.
LEVEL = PanelFigures({"pm25": PanelItem(0.0, 0.02, 0.06, 0.06, 0.08)})


def spread_of_year(model: PanelModel, record: pd.DataFrame, n_paths: int = 300) -> np.ndarray:
    """Means of the year ahead, shape (path, item)."""
    drawn = model.sample(ahead_of(record, 365), n_paths, np.random.default_rng(1))
    means: np.ndarray = drawn.values.mean(axis=1)
    return means


def test_a_record_without_noise_gives_its_coefficients_back() -> None:
    """Constant, slope, harmonics and weekend of two series, one with a third of its days.

    The ridge of five days pulls harmonics by 5 parts in 900 and more where days are missing.
    """
    truth = np.array([[3.0, -0.08, 0.4, -0.1, 0.05, 0.03, 0.0, 0.02, -0.04]] * 2).T
    truth[:, 1] *= -0.5
    logs = DESIGN @ truth
    logs[np.random.default_rng(0).random(len(DAYS)) < 0.67, 1] = np.nan
    fit = slopes(logs, DESIGN)
    np.testing.assert_allclose(fit.slope, truth[1], atol=0.002)
    mean = seasonal_means(logs, DESIGN, truth[1])
    np.testing.assert_allclose(mean.coefficients, truth, atol=0.012)
    assert np.nanmax(np.abs(mean.residuals)) < 0.02
    assert (np.isnan(mean.residuals) == np.isnan(logs)).all()


def test_the_level_is_that_of_the_last_year_more_than_of_others() -> None:
    """A step of 0.2 one year before the end: half of the weight lies after it, nearly 0.52 with
    the four years before cut off at the start of the record (1/2 over 1 - 2^-5)."""
    logs = np.where(np.arange(len(DAYS)) < len(DAYS) - 365, 3.0, 3.2)[:, None]
    mean = seasonal_means(logs, DESIGN, np.zeros(1))
    assert mean.coefficients[0, 0] == pytest.approx(3.0 + 0.2 * 0.5 / (1 - 2**-5), abs=0.004)


def test_the_error_of_a_slope_is_that_of_means_of_years() -> None:
    """Five years: the leverage is 1/(4+1+0+1+4), and the scatter that of alternating years."""
    year = (DAYS - DAYS[-1]).astype(int) // -365
    logs = 3.0 + 0.1 * np.where(year[:, None] % 2 == 0, 1.0, -1.0)
    fit = slopes(logs, DESIGN)
    assert fit.leverage[0] == pytest.approx(0.1, rel=0.01)
    # Means 0.1, -0.1, 0.1, -0.1, 0.1 about their mean 0.02: squares sum to 0.048.
    assert fit.block_square[0] == pytest.approx(0.048, rel=0.05)
    assert fit.freedom[0] == 3
    short = slopes(logs[-600:], panel_design(DAYS[-600:], DAYS[-1]))
    assert (short.slope[0], short.leverage[0], short.freedom[0]) == (0.0, np.inf, 0.0)


def made_slopes(values: list[float], leverage: float, square: float = 0.01) -> SlopeFit:
    """Slopes with equal errors; an infinite leverage says that there is none."""
    n = len(values)
    known = np.isfinite(leverage)
    return SlopeFit(
        np.array(values), np.full(n, leverage), np.full(n, square * known), np.full(n, 3.0 * known)
    )


def test_slopes_without_error_are_kept_and_those_without_record_are_the_mean() -> None:
    """The two ends of empirical Bayes, with and without regions."""
    prior = (-0.05, 0.03, 0.07)
    one_region = np.zeros(3, dtype=np.int64)
    sure = shrink_slopes(made_slopes([-0.1, 0.0, 0.1], 1e-9), one_region, prior=prior)
    np.testing.assert_allclose(sure, [-0.1, 0.0, 0.1], atol=1e-6)
    unknown = shrink_slopes(made_slopes([0.0] * 3, np.inf), one_region, prior=prior)
    np.testing.assert_allclose(unknown, -0.05)
    regions = shrink_slopes(made_slopes([0.0] * 3, np.inf), np.array([0, 1, 1]), prior=prior)
    np.testing.assert_allclose(regions, -0.05)


def test_one_place_alone_is_shrunk_by_the_pooled_figures() -> None:
    """By hand, with figures that count as 8 places: one slope of 0.04 with error 0.03.

    Scatter of years: (0.0108 + 8·0.06²)/(3 + 8) = 0.0036; error² = 0.0036·0.25 = 0.0009. Spread
    0.03² = 0.0009. Weights are equal, so the mean is (0.04 + 8·(-0.05))/9 = -0.04, and the slope
    is kept by a half: 0.0.
    """
    fit = SlopeFit(np.array([0.04]), np.array([0.25]), np.array([0.0108]), np.array([3.0]))
    shrunk = shrink_slopes(fit, np.zeros(1, dtype=np.int64), prior=(-0.05, 0.03, 0.06))
    assert shrunk[0] == pytest.approx(0.0, abs=1e-9)


@settings(max_examples=40)
@given(
    st.lists(st.floats(-0.3, 0.3), min_size=2, max_size=12),
    st.floats(1e-3, 10.0),
    st.integers(1, 4),
)
def test_shrunk_slopes_lie_between_their_own_and_the_others(
    values: list[float], leverage: float, n_regions: int
) -> None:
    """No slope leaves the range of slopes and pooled mean; their order in a region is kept."""
    regions = np.arange(len(values)) % n_regions
    shrunk = shrink_slopes(made_slopes(values, leverage), regions, prior=(-0.05, 0.03, 0.07))
    assert shrunk.min() >= min(*values, -0.05) - 1e-12
    assert shrunk.max() <= max(*values, -0.05) + 1e-12
    for region in range(n_regions):
        own = regions == region
        assert (np.diff(shrunk[own][np.argsort(np.array(values)[own])]) >= -1e-12).all()


def test_regions_keep_slopes_of_their_own() -> None:
    """Two regions that differ: their series are drawn to their region more than to the nation."""
    values = [-0.10, -0.12, -0.08, 0.10, 0.12, 0.08]
    fit = made_slopes(values, 0.3, square=0.05)
    apart = shrink_slopes(fit, np.array([0, 0, 0, 1, 1, 1]), prior=(0.0, 0.05, 0.1))
    together = shrink_slopes(fit, np.zeros(6, dtype=np.int64), prior=(0.0, 0.05, 0.1))
    assert apart[:3].max() < together[:3].max() < 0
    assert np.ptp(apart[:3]) < np.ptp(together[:3])


def test_the_scale_follows_the_season_and_standardises() -> None:
    """Noise that is 0.5 in winter and 0.2 in summer is seen so; mean square of z is 1."""
    rng = np.random.default_rng(1)
    sd = 0.35 + 0.15 * DESIGN[:, 2]
    residuals = (sd * rng.standard_normal(len(DAYS)))[:, None]
    scale = season_scale(residuals, DESIGN)
    found = scale_of(scale, DESIGN)[:, 0]
    np.testing.assert_allclose(found, sd, rtol=0.15)
    assert np.mean((residuals[:, 0] / found) ** 2) == pytest.approx(1.0, abs=1e-9)
    constant = season_scale(np.zeros((len(DAYS), 1)), DESIGN)
    assert (scale_of(constant, DESIGN) > 0).all()


def test_autoregression_of_a_known_process() -> None:
    """φ = 0.7 from 1,800 days is right within 0.05; innovations are what drove it, gaps aside."""
    rng = np.random.default_rng(2)
    shocks = rng.standard_normal(len(DAYS))
    z = np.zeros(len(DAYS))
    for t in range(1, len(DAYS)):
        z[t] = 0.7 * z[t - 1] + np.sqrt(1 - 0.49) * shocks[t]
    z[100:110] = np.nan
    phi, innovations = autoregression(z[:, None])
    assert phi[0] == pytest.approx(0.7, abs=0.05)
    known = z[1:] - phi[0] * z[:-1]
    np.testing.assert_array_equal(innovations[1:, 0], known)
    assert np.isnan(innovations[[0, 100, 110], 0]).all()
    # Stationary variance of what such innovations drive: var(e)/(1 - φ²) = var(z).
    assert np.nanvar(innovations) / (1 - phi[0] ** 2) == pytest.approx(np.nanvar(z), rel=0.02)


def test_past_errors_by_hand() -> None:
    """Two days of 4 and 1 µg/m³ expected, 0.1 and -0.2 off: weights 0.8, 0.2; error 0.04.

    White variance 0.8²·0.3² + 0.2²·0.1² = 0.058; with φ = 0.5 three times that.
    """
    mean = np.log([[4.0], [1.0], [9.0]])
    logs = mean + np.array([[0.1], [-0.2], [np.nan]])
    scale = np.array([[0.3], [0.1], [0.2]])
    error, variance = past_error(logs, mean, scale, np.array([0.5]))
    assert error[0] == pytest.approx(0.8 * 0.1 - 0.2 * 0.2)
    assert variance[0] == pytest.approx(3 * 0.058)


def test_drawn_dates_are_of_the_season_and_equally_likely() -> None:
    """Three years of record: 90 or 91 dates of each for a day in the middle, none beyond 45."""
    positions = season_positions(1096, 200, 40_000, np.random.default_rng(0))
    assert positions.shape == (200, 40_000)
    apart = (1096 + 150 - positions[150]) % 365.25
    assert np.minimum(apart, 365.25 - apart).max() <= 45.0
    counts = np.bincount(positions[150])
    counts = counts[counts > 0]
    assert 270 <= len(counts) <= 273
    # 147 expected each; P(beyond 5 standard deviations of 12) is below 1e-6 a date.
    assert abs(counts - 40_000 / len(counts)).max() < 60
    # A record of half a year has no summer: any day will do.
    short = season_positions(80, 200, 50, np.random.default_rng(0))
    assert short.min() >= 0 and short.max() < 80


def test_residuals_of_paths_have_the_variance_and_memory_of_the_past() -> None:
    """Stationary standard deviation and lag-1 correlation of ln C on drawn days."""
    record = made_record(1, years=5, noise=0.3, phi=0.6)
    model = PanelModel("made", figures=LEVEL, slow=False).fit(record)
    drawn = np.log(
        model.sample(ahead_of(record, 400), 400, np.random.default_rng(2)).values[:, 50:]
    )
    residual = drawn[:, :, 0] - drawn[:, :, 0].mean(axis=0)
    assert residual.std() == pytest.approx(0.3, rel=0.05)
    lagged = np.mean(residual[:, 1:] * residual[:, :-1]) / residual.var()
    assert lagged == pytest.approx(0.6, abs=0.05)


def test_paths_start_from_the_present_state() -> None:
    """Five days at three times the mean: tomorrow is high by φ of it, in half a year nothing is."""
    record = made_record(2, years=4, phi=0.6)
    hazy = record.copy()
    hazy.iloc[-5:] *= 3.0
    median = [
        np.median(
            PanelModel("made", figures=LEVEL)
            .fit(r)
            .sample(ahead_of(r, 200), 400, np.random.default_rng(3))
            .values[:, :, 0],
            axis=0,
        )
        for r in (record, hazy)
    ]
    ratio = median[1] / median[0]
    assert ratio[0] == pytest.approx(3.0**0.6, rel=0.15)
    assert ratio[150:].mean() == pytest.approx(1.0, abs=0.05)


def test_items_share_their_dates() -> None:
    """Correlation of the noise of two items of the same day survives."""
    record = made_record(3, years=4, items=("pm25", "pm10"), common=0.8, season=0.0)
    model = PanelModel("made", slow=False).fit(record)
    drawn = np.log(model.sample(ahead_of(record, 365), 50, np.random.default_rng(0)).values)
    drawn -= drawn.mean(axis=0)
    assert np.corrcoef(drawn.reshape(-1, 2).T)[0, 1] == pytest.approx(0.8, abs=0.05)


def test_the_slow_error_has_the_size_that_was_pooled() -> None:
    """Log means of a year spread by τ and by AR(1) noise, and by more in the second year."""
    record = made_record(4, years=1.5, noise=0.1)
    figures = PanelFigures({"pm25": PanelItem(0.0, 0.02, 0.06, 0.15, 0.3)})
    model = PanelModel("made", figures=figures).fit(record)
    drawn = model.sample(ahead_of(record, 730), 4000, np.random.default_rng(0)).values[:, :, 0]
    first = np.log(drawn[:, :365].mean(axis=1)).std()
    second = np.log(drawn[:, 365:].mean(axis=1)).std()
    # 0.15 at day 183, rising to 0.3 at day 548: about 0.169 on average over the first year.
    assert first == pytest.approx(0.17, rel=0.08)
    assert second == pytest.approx(0.30, rel=0.08)


def shocked_panel(n: int, year_sd: float, *, years: int = 6) -> dict[str, pd.DataFrame]:
    """Places whose years differ by shocks of their own."""
    panel = {}
    rng = np.random.default_rng(7)
    for k in range(n):
        record = made_record(100 + k, years=years)
        number = np.arange(len(record)) // 365
        shocks = year_sd * rng.standard_normal(number.max() + 1)
        panel[f"p{k}"] = record.mul(np.exp(shocks[number]), axis=0)
    return panel


def test_a_panel_finds_its_slow_error_and_covers() -> None:
    """Years that differ by 12 % in 40 places: τ is found, and 90 % intervals hold the truth.

    The level is known to about 0.1 and the slope adds to it, so that year-ahead errors are larger
    than the shocks. P(X <= 29 or X >= 41) < 0.002 for X binomial (40, 0.9); 40 of 40 would be
    P = 0.015 and is let pass.
    """
    panel = shocked_panel(40, 0.12)
    known = {place: record.iloc[:-365] for place, record in panel.items()}
    tau = fit_batch(known, figures=LEVEL).tau["pm25"][0]
    assert 0.11 < tau < 0.21
    hits = 0
    models = fit_panel(known, figures=LEVEL)
    for place, record in panel.items():
        low, high = np.quantile(spread_of_year(models[place], known[place]), [0.05, 0.95])
        hits += int(low <= float(record["pm25"].iloc[-365:].mean()) <= high)
    assert hits >= 30


def test_a_quiet_panel_is_surer_than_its_figures_and_one_place_is_not() -> None:
    """40 places without shocks bring τ down; one place has too few errors to say so."""
    figures = PanelFigures({"pm25": PanelItem(0.0, 0.02, 0.06, 0.2, 0.3)})
    panel = {f"p{k}": made_record(200 + k, years=5) for k in range(40)}
    many = fit_batch(panel, figures=figures).tau["pm25"]
    alone = fit_batch({"p0": panel["p0"]}, figures=figures).tau["pm25"]
    assert many[0] < 0.12 < 0.18 < alone[0] < 0.2
    assert many[1] / many[0] == pytest.approx(1.5)


def test_the_trend_of_the_panel_reaches_a_young_place() -> None:
    """Nine places fall by 12 % a year; pooled figures that say 0 count as eight more places.

    A tenth with one year of record has no slope of its own: 9/17 of -0.12 is expected of it.
    """
    panel = {f"p{k}": made_record(300 + k, years=5, trend=-0.12) for k in range(9)}
    young = made_record(400, years=5, trend=-0.12).iloc[-365:]
    batch = fit_batch({**panel, "young": young}, figures=LEVEL)
    slope = batch.coefficients[1, batch.places["young"].columns[0]]
    alone = fit_batch({"young": young}, figures=LEVEL)
    assert slope == pytest.approx(-0.12 * 9 / 17, abs=0.01)
    assert alone.coefficients[1, 0] == pytest.approx(0.0, abs=1e-9)


def test_order_of_places_and_size_of_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same paths whoever comes first and however many are worked on at a time."""
    panel = {f"p{k}": made_record(500 + k, years=3, items=("pm25", "no2")) for k in range(5)}
    panel["p3"] = panel["p3"].iloc[:-40]
    turned = dict(reversed(panel.items()))
    regions = {place: "ab"[k % 2] for k, place in enumerate(panel)}
    one = fit_panel(panel, regions=regions)
    monkeypatch.setattr(panel_batch, "_BLOCK", 1)
    other = fit_panel(turned, regions=regions)
    for place, record in panel.items():
        paths = [
            m[place].sample(ahead_of(record, 30), 20, np.random.default_rng(1)).values
            for m in (one, other)
        ]
        np.testing.assert_allclose(paths[0], paths[1], rtol=1e-5)


def test_a_panel_of_one_is_the_place_alone() -> None:
    """Both ways to fit are one."""
    record = made_record(6, years=3)
    paths = [
        m.sample(ahead_of(record, 30), 20, np.random.default_rng(1)).values
        for m in (PanelModel("x").fit(record), fit_panel({"x": record})["x"])
    ]
    np.testing.assert_array_equal(paths[0], paths[1])


@pytest.mark.parametrize("factor", [0.001, 1000.0])
def test_units_scale_paths(factor: float) -> None:
    """Readings in other units give the same paths in those units."""
    record = made_record(7, years=2)
    paths = [
        PanelModel("x").fit(r).sample(ahead_of(r, 60), 30, np.random.default_rng(1)).values
        for r in (record, record * factor)
    ]
    np.testing.assert_allclose(paths[1], paths[0] * factor, rtol=1e-4)


def test_the_future_does_not_leak_into_past_errors() -> None:
    """Errors of the year after an origin change with that year, and not with later readings."""
    record = made_record(8, years=5)
    origin = np.datetime64("2016-12-31")
    plain = past_errors({"x": record}, origin)
    later = record.copy()
    later.loc["2018-01-01":] *= 5.0
    pd.testing.assert_frame_equal(past_errors({"x": later}, origin), plain)
    within = record.copy()
    within.loc["2017-01-01":"2017-12-31"] *= np.exp(0.3)
    found = past_errors({"x": within}, origin)
    assert found["error"][0] == pytest.approx(plain["error"][0] + 0.3, abs=1e-4)
    assert len(past_errors({"x": record}, np.datetime64("2014-06-30"))) == 0
    assert len(past_errors({"x": record}, np.datetime64("2030-01-01"))) == 0


def test_the_pooled_trend_is_believed_less_after_its_panel() -> None:
    """A year of record ending in 2016 gets the whole of the pooled trend, in 2023 about half."""
    record = made_record(9, years=1, first="2016-01-01")
    late = made_record(9, years=1, first="2022-11-19")
    slope = [fit_batch({"x": r}).coefficients[1, 0] for r in (record, late)]
    assert slope[0] == pytest.approx(shipped_panel().item("pm25").trend)
    assert slope[1] / slope[0] == pytest.approx(0.5, abs=0.01)


def test_no_place_and_no_reading() -> None:
    """Nothing in, nothing out; a place without readings beside one with."""
    assert fit_panel({}) == {}
    record = made_record(10, years=1)
    empty = record * np.nan
    assert fit_panel({"e": empty})["e"].items == ()
    both = fit_panel({"e": empty, "x": record, "n": record.iloc[:0]})
    assert [m.items for m in both.values()] == [(), ("pm25",), ()]
    assert both["n"].last_day is None


def test_the_shipped_table_is_whole() -> None:
    """Every item, plausible sizes; an item that was not pooled gets the figures of PM2.5."""
    figures = shipped_panel()
    assert set(figures.by_item) == set(AIR_ITEMS)
    for figure in figures.by_item.values():
        assert -0.3 < figure.trend < 0.1
        assert 0 < figure.trend_sd < 0.2
        assert 0.02 < figure.year_sd < 0.3
        assert 0.04 <= figure.tau <= figure.tau_second < 0.5
    assert figures.item("nickel") == figures.item("pm25")
    with pytest.raises(ValueError, match="tau must be above 0, got 0"):
        replace(figures.item("pm25"), tau=0.0)
