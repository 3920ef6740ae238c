"""Windows, flow normalisation, walls, periods, blocks and bridges against arithmetic of their own."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_river import made_arrays, made_record

from forecast.errors import UsageError
from forecast.trend import wrtds
from forecast.trend.wrtds.bootstrap import draw_blocks, likelihood_words, p_value
from forecast.trend.wrtds.kalman import _Bridge
from forecast.trend.wrtds.periods import flow_window, period, segments
from forecast.trend.wrtds.settings import Settings
from forecast.trend.wrtds.windows import edges, slice_weights

SAMPLES, FLOW = made_record(years=12)


@pytest.fixture(scope="module")
def fitted() -> wrtds.Wrtds:
    return wrtds.fit(SAMPLES, FLOW)


def _day(text: str) -> np.datetime64:
    return np.datetime64(text, "D")


def _weights_by_loop(t: float, log_q: float, chosen: Settings) -> np.ndarray:
    """The windows as the papers tell them, sample by sample."""
    samples = made_arrays()
    low, high = edges(samples)
    years, flow, season = chosen.window_years, chosen.window_log_q, chosen.window_season
    edge = min(t - low, high - t)
    if edge <= years:
        years = 2 * years - edge
    while True:
        weights = []
        for at in range(len(samples)):
            away = abs(samples.t[at] - t)
            part = min(away - np.floor(away), np.ceil(away) - away)
            product = 1.0
            for d, h in ((away, years), (abs(samples.log_q[at] - log_q), flow), (part, season)):
                product *= (1 - (d / h) ** 3) ** 3 if d < h else 0.0
            weights.append(product)
        w = np.array(weights)
        enough = (w > 0).sum() >= chosen.min_observations
        if enough and (w[samples.uncensored] > 0).sum() >= chosen.min_uncensored:
            return w / w[w > 0].mean()
        years, flow = years * 1.1, flow * 1.1
        season = min(season * 1.1, 0.5) if chosen.window_season <= 0.5 else season


@pytest.mark.parametrize("season", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("t", [1999.5, 2001.0, 2006.4375, 2014.0])
def test_windows_grow_as_told(t: float, season: float) -> None:
    """Inside, at both edges and beyond them; narrow, whole and wide seasons."""
    chosen = Settings(window_years=3.0, window_season=season)
    samples = made_arrays()
    flows = np.array([-3.0, 1.0, 2.2, 6.0])
    ours = slice_weights(samples, t, flows, chosen, edges(samples))
    for at, log_q in enumerate(flows):
        np.testing.assert_allclose(ours[at], _weights_by_loop(t, log_q, chosen), atol=1e-12)


def test_edges_are_water_years() -> None:
    """A record from December 2000 to May 2012 lies between October 2000 and October 2012."""
    samples = made_arrays()
    inside = (samples.day >= _day("2000-12-01")) & (samples.day < _day("2012-06-01"))
    assert edges(samples.take(inside)) == (2000.75, 2012.75)
    autumn = (samples.day >= _day("2001-01-01")) & (samples.day < _day("2011-12-31"))
    part = samples.take(autumn)
    assert str(part.day[-1])[5:7] in {"10", "11", "12"}
    assert edges(part) == (2000.75, 2012.75)


def test_flow_normalisation_by_hand(fitted: wrtds.Wrtds) -> None:
    """The mean over the flows that the day of the year had, each looked up in the surface; 28 and
    29 February share theirs, so they have 15 in 12 years."""
    flow, surface = fitted.flow, fitted._sides.surfaces[0]
    daily = fitted.daily.set_index("date")
    for text, number in (("2004-02-29", 15), ("2003-02-28", 15), ("2007-07-04", 12)):
        at = int(np.flatnonzero(flow.day == _day(text))[0])
        same = flow.season_day == flow.season_day[at]
        assert same.sum() == number
        conc = surface.at(flow.log_q[same], np.full(number, flow.t[at]))[2]
        assert daily.loc[text, "fn_conc"] == pytest.approx(conc.mean(), rel=1e-12)
        flux = (conc * flow.q[same] * 86.4).mean()
        assert daily.loc[text, "fn_flux"] == pytest.approx(flux, rel=1e-12)


def test_annual_means_are_means_of_days(fitted: wrtds.Wrtds) -> None:
    """Water years, a winter across the turn of the year, calendar years: complete ones alone."""
    daily = fitted.daily.set_index("date")
    annual = fitted.annual().set_index("year")
    assert annual.index.tolist() == list(range(2001, 2013))
    year = daily.loc["2004-10-01":"2005-09-30"]
    for name in ("conc", "flux", "fn_conc", "fn_flux"):
        assert annual[name][2005] == pytest.approx(year[name].mean(), rel=1e-12)
    winter = fitted.annual(12, 3).set_index("year")
    assert winter["conc"][2005] == pytest.approx(
        daily.loc["2004-12-01":"2005-02-28", "conc"].mean()
    )
    assert fitted.annual(1, 12)["year"].tolist() == list(range(2001, 2012))


def test_a_known_trend_is_found() -> None:
    """ln C that rises by 0.05 a year at every flow: 9 years make e^0.45 − 1 = 57 %, which a
    regression on 18 samples a year with noise of 0.2 hits within 10 points."""
    samples, flow = made_record(years=12, per_year=18, trend=0.05)
    change = wrtds.fit(samples, flow).change(2002, 2011)
    assert change.conc_change_percent == pytest.approx(100 * np.expm1(0.45), abs=10.0)
    assert change.flux_change_percent == pytest.approx(100 * np.expm1(0.45), abs=12.0)


def test_change_has_two_parts_with_moving_flow(fitted: wrtds.Wrtds) -> None:
    change = fitted.change(2003, 2010, window_side=2)
    assert change.conc_cqtc == fitted.change(2003, 2010).conc_change
    assert change.conc_cqtc + change.conc_qtc == pytest.approx(change.conc_change, rel=1e-12)
    assert change.flux_cqtc + change.flux_qtc == pytest.approx(change.flux_change, rel=1e-12)
    assert change.flux_qtc != 0.0


def test_a_wall_keeps_the_sides_apart() -> None:
    """A step by half on one day: with the wall the years beside it are those of their own side."""
    samples, flow = made_record(years=12, per_year=24, trend=0.0, noise=0.05)
    after = samples["date"] > "2006-09-30"
    for name in ("conc_low", "conc_high"):
        samples[name] = samples[name].where(~after, 0.5 * samples[name])
    walled = wrtds.fit(samples, flow, wall="2006-09-30")
    change = walled.change(2006, 2007)
    assert change.conc_change_percent == pytest.approx(-50.0, abs=4.0)
    assert abs(wrtds.fit(samples, flow).change(2006, 2007).conc_change_percent) < 20.0
    annual = walled.annual().set_index("year")["fn_conc"]
    assert annual[2006] == pytest.approx(change.conc.first, rel=1e-12)
    assert annual[2007] == pytest.approx(change.conc.last, rel=1e-12)
    surface = walled.surface
    before = surface.year < 2006.7
    np.testing.assert_array_equal(
        surface.conc[:, before], walled._sides.surfaces[0].whole().conc[:, before]
    )


def test_flow_break_normalises_each_side_to_its_own_flows() -> None:
    """Twice the flow after a dam: without the break half of the normalised flux is the past's."""
    flow = FLOW.assign(q=FLOW["q"].where(FLOW["date"] <= "2006-09-30", 2.0 * FLOW["q"]))
    broken = wrtds.fit(SAMPLES, flow, flow_break="2006-09-30")
    change = broken.change(2003, 2010)
    assert change.flux_qtc > 0.3 * change.flux.first
    used = broken.daily.set_index("date")["fn_flux"]
    assert used.loc["2002-10-01":"2003-09-30"].mean() * 365.25 == pytest.approx(change.flux.first)
    assert used.loc["2009-10-01":"2010-09-30"].mean() * 365.25 == pytest.approx(change.flux.last)
    with pytest.raises(UsageError, match="flow_break 1980-01-01 is not within"):
        wrtds.fit(SAMPLES, flow, flow_break="1980-01-01").change(2003, 2010)


@pytest.mark.parametrize(
    ("span", "side", "record", "window"),
    [
        (("1980-10-01", "1981-09-30"), 7, ("1970-10-01", "2017-09-30"), ("1973-10-01", "1988-09-30")),
        (("2016-10-01", "2017-09-30"), 7, ("1970-10-01", "2017-09-30"), ("2002-10-01", "2017-09-30")),
        (("1983-02-01", "1984-01-31"), 7, ("1970-10-01", "2017-09-30"), ("1976-02-01", "1991-01-31")),
        (("1980-02-01", "1981-01-31"), 50, ("1970-10-01", "2017-09-30"), ("1970-10-01", "2017-09-30")),
        (("1984-03-01", "1984-02-29"), 1, ("1970-10-01", "2017-09-30"), ("1983-03-01", "1985-03-01")),
    ],
)  # fmt: skip
def test_flows_of_a_year(
    span: tuple[str, str], side: int, record: tuple[str, str], window: tuple[str, str]
) -> None:
    """The windows of EGRET's own tests; 29 February moves on to 1 March."""
    found = flow_window(*map(_day, span), side, *map(_day, record))
    assert found == tuple(map(_day, window))


def test_segments_cover_every_day_once() -> None:
    days = FLOW["date"].to_numpy().astype("datetime64[D]")
    chosen = Settings(window_side=2, flow_break=_day("2005-03-15"))
    parts = segments(days, chosen, _day("2000-10-01"), _day("2012-09-30"))
    assert parts[0].first == _day("2000-10-01") and parts[-1].last == days[-1]
    for one, other in pairwise(parts):
        assert other.first == one.last + 1
    assert all(p.flow_last <= _day("2005-03-15") for p in parts if p.last <= _day("2005-03-15"))


def test_periods() -> None:
    assert (period(2004, 12, 3).first, period(2004, 12, 3).last) == (
        _day("2003-12-01"), _day("2004-02-29")
    )  # fmt: skip
    assert (period(2004, 1, 12).first, period(2004, 6, 4).last) == (
        _day("2004-01-01"), _day("2004-09-30")
    )  # fmt: skip


def test_blocks_keep_runs_together() -> None:
    """As many samples as before, in order, from the record, with runs of neighbours."""
    samples = made_arrays()
    drawn = draw_blocks(samples, 200, np.random.default_rng(1))
    assert len(drawn) == len(samples)
    assert (np.diff(drawn.day.astype(np.int64)) >= 0).all()
    assert set(drawn.t) <= set(samples.t)
    assert len(set(drawn.t)) < 0.9 * len(samples)
    # A block of 200 days holds some ten samples: most of the drawn have their old neighbour next.
    place = np.searchsorted(samples.t, np.unique(drawn.t))
    assert (np.diff(place) == 1).mean() > 0.7
    again = draw_blocks(samples, 200, np.random.default_rng(1))
    np.testing.assert_array_equal(drawn.t, again.t)


def test_bootstrap_brackets_the_change(fitted: wrtds.Wrtds) -> None:
    found = fitted.bootstrap_change(2003, 2010, 20, rng=np.random.default_rng(4))
    low, high = found.conc.interval(0.5)
    wide_low, wide_high = found.conc.interval(0.9)
    assert wide_low <= low < high <= wide_high
    assert wide_low < found.change.conc_change < wide_high
    assert np.isfinite(found.flux.percent_replicates).all()
    with pytest.raises(UsageError, match="level must lie between"):
        found.conc.interval(1.0)
    with pytest.raises(UsageError, match="Blocks of 3000 days are more than half"):
        fitted.bootstrap_change(2003, 2010, 20, 3000, rng=np.random.default_rng(4))


@given(st.lists(st.floats(-1.0, 1.0), min_size=3, max_size=40, unique=True))
def test_p_value_is_symmetric_and_possible(values: list[float]) -> None:
    draws = np.array(values)
    assert 2.0 / (len(draws) + 1) - 1e-12 <= p_value(draws) <= 1.0
    assert p_value(draws) == pytest.approx(p_value(-draws), abs=1e-9)


@pytest.mark.parametrize(
    ("likelihood", "words"),
    [(0.05, "highly unlikely"), (0.0501, "very unlikely"), (0.33, "unlikely"),
     (0.34, "about as likely as not"), (0.9, "likely"), (0.95, "very likely"),
     (0.951, "highly likely")],
)  # fmt: skip
def test_words_of_likelihood(likelihood: float, words: str) -> None:
    assert likelihood_words(likelihood) == words


def test_bridge_has_the_conditional_distribution() -> None:
    """Mean and covariance of an AR(1) given four of its days, from the full covariance matrix."""
    places, days, rho = np.array([0, 3, 4, 9]), 10, 0.8
    known = np.array([0.0, 1.5, -0.5, 0.0])
    full = rho ** np.abs(np.subtract.outer(np.arange(days), np.arange(days)))
    rest = np.setdiff1d(np.arange(days), places)
    solve = full[np.ix_(rest, places)] @ np.linalg.inv(full[np.ix_(places, places)])
    mean = solve @ known
    cov = full[np.ix_(rest, rest)] - solve @ full[np.ix_(places, rest)]
    bridge, rng = _Bridge(places, days, rho), np.random.default_rng(8)
    draws = np.array([bridge.draw(known, rng) for _ in range(20_000)])
    np.testing.assert_allclose(draws[:, places], np.tile(known, (len(draws), 1)), atol=1e-12)
    np.testing.assert_allclose(draws[:, rest].mean(axis=0), mean, atol=0.03)
    np.testing.assert_allclose(np.cov(draws[:, rest].T), cov, atol=0.03)


def test_estimates_far_above_all_samples_are_called_out() -> None:
    """Flows that no sample has seen: the surface is stretched there, and it is said."""
    flow = FLOW.assign(q=FLOW["q"].where(FLOW.index != 2000, 1e9))
    found = wrtds.fit(SAMPLES, flow)
    assert not any("times the highest sample" in note for note in found.notes)
    assert len(found.daily) == len(flow)
    assert any("On 1 days the estimate is above 10 times" in note for note in found.notes)


def test_public_names() -> None:
    assert sorted(wrtds.__all__) == [
        "BootstrapChange", "Change", "ChangeBounds", "ChangeParts", "Surface", "Wrtds", "fit",
    ]  # fmt: skip
    table = wrtds.fit(SAMPLES, FLOW).daily
    assert table.columns.tolist() == [
        "date", "conc", "flux", "fn_conc", "fn_flux", "y_hat", "se", "q",
    ]  # fmt: skip
    assert isinstance(table["date"].iloc[0], pd.Timestamp)
