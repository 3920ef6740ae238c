"""Values below limits and between two: the fit is the maximum of the likelihood, found otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from made_river import made_arrays, made_record
from scipy.optimize import minimize
from scipy.special import log_ndtr

from forecast.errors import InputError
from forecast.trend import wrtds
from forecast.trend.wrtds.records import Samples
from forecast.trend.wrtds.regression import estimate
from forecast.trend.wrtds.settings import Settings
from forecast.trend.wrtds.windows import edges, slice_weights


def _maximum(samples: Samples, t: float, log_q: float, weights: Any) -> tuple[float, float]:
    """y_hat and se by a general optimiser on the likelihood in (β, ln σ)."""
    used = weights > 0.0
    w, low, high = weights[used], samples.low[used], samples.high[used]
    clear = samples.uncensored[used]
    between = np.isfinite(low) & ~clear
    below = ~np.isfinite(low)
    angle = 2.0 * np.pi * samples.t[used]
    x = np.column_stack([np.ones_like(angle), (samples.t[used] - t) / 7.0,
                         samples.log_q[used] - log_q, np.sin(angle), np.cos(angle)])  # fmt: skip

    def loss(p: Any) -> float:
        line, sigma = x @ p[1:], np.exp(p[0])
        top = (high - line) / sigma
        total = w[clear] @ (-p[0] - 0.5 * top[clear] ** 2) + w[below] @ log_ndtr(top[below])
        if between.any():
            b, a = log_ndtr(top[between]), log_ndtr((low[between] - line[between]) / sigma)
            total += w[between] @ (b + np.log(-np.expm1(np.minimum(a - b, -1e-300))))
        return float(-total)

    root = np.sqrt(w)
    start = np.linalg.lstsq(x * root[:, None], high * root, rcond=None)[0]
    best = np.concatenate([[-0.5], start])
    for _ in range(3):
        best = minimize(loss, best, method="BFGS", jac="3-point", options={"gtol": 1e-10}).x
    angle0 = 2.0 * np.pi * t
    place = np.array([1.0, 0.0, 0.0, np.sin(angle0), np.cos(angle0)])
    return float(place @ best[1:]), float(np.exp(best[0]))


@pytest.mark.parametrize("between", [False, True])
@pytest.mark.parametrize("share", [0.1, 0.45, 0.7])
def test_fit_is_the_maximum_of_the_likelihood(share: float, between: bool) -> None:
    """Early and in the middle, at low, usual and high flow."""
    samples = made_arrays(censored=share, between=between)
    settings = Settings(min_observations=80, min_uncensored=30)
    for t in (2000.0, 2006.3125):
        flows = np.array([-1.0, 1.5, 4.0])
        weights = slice_weights(samples, t, flows, settings, edges(samples))
        y_hat, se = estimate(samples, t, flows, weights)
        for at, log_q in enumerate(flows):
            expected = _maximum(samples, t, log_q, weights[at])
            assert (y_hat[at], se[at]) == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_a_window_with_limits_alone_grows_until_it_has_values() -> None:
    """The first years hold no value at all: the windows there reach beyond them, and the answer is
    still the maximum of its likelihood."""
    samples = made_arrays(censored=0.2)
    early = samples.t < 2006.0
    low = np.where(early, -np.inf, samples.low)
    samples = Samples(samples.day, samples.t, samples.log_q, low, samples.high)
    settings = Settings(window_years=3.0, min_observations=40, min_uncensored=20)
    weights = slice_weights(samples, 2001.0, np.array([1.0]), settings, (2000.0, 2013.0))
    assert (weights[0, samples.uncensored] > 0.0).sum() >= 20
    y_hat, se = estimate(samples, 2001.0, np.array([1.0]), weights)
    expected = _maximum(samples, 2001.0, 1.0, weights[0])
    assert (y_hat[0], se[0]) == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_where_no_maximum_exists_nothing_is_said() -> None:
    """Limits alone, or one value that any σ however small fits: no number, no warning."""
    samples = made_arrays(n=120)
    flows, weights = np.array([1.0]), np.ones((1, 120))
    nothing = Samples(samples.day, samples.t, samples.log_q, np.full(120, -np.inf), samples.high)
    assert np.isnan(estimate(nothing, 2005.0, flows, weights)).all()
    low = np.full(120, -np.inf)
    low[60] = samples.high[60] = samples.high.min() - 3.0
    one = Samples(samples.day, samples.t, samples.log_q, low, samples.high)
    assert np.isnan(estimate(one, 2005.0, flows, weights)).all()


def test_one_value_among_intervals_has_a_maximum() -> None:
    """Intervals that the value does not explain keep σ away from 0."""
    samples = made_arrays(n=150)
    low, high = samples.high - 0.25, samples.high + 0.25
    low[75] = high[75] = samples.high[75]
    one = Samples(samples.day, samples.t, samples.log_q, low, high)
    weights = np.ones((1, 150))
    y_hat, se = estimate(one, 2005.0, np.array([1.0]), weights)
    expected = _maximum(one, 2005.0, 1.0, weights[0])
    assert (y_hat[0], se[0]) == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_narrow_intervals_are_values() -> None:
    """An interval of a thousandth about a value gives the answer of the value."""
    samples = made_arrays(n=150)
    near = Samples(samples.day, samples.t, samples.log_q, samples.high - 5e-4, samples.high + 5e-4)
    flows, weights = np.array([0.5, 2.0]), np.ones((2, 150))
    wide = np.array(estimate(near, 2005.0, flows, weights))
    exact = np.array(estimate(samples, 2005.0, flows, weights))
    np.testing.assert_allclose(wide, exact, atol=1e-5)


def test_a_heavily_censored_record_comes_near_its_truth() -> None:
    """45 % below the limit: the normalised change is that of the same record without limits, which
    half the limit in place of the value is far from."""
    samples, flow = made_record(years=12, per_year=18, trend=0.05)
    whole = wrtds.fit(samples, flow).change(2002, 2011)
    limit = samples["conc_high"].quantile(0.45)
    below = samples["conc_high"] < limit
    cut = samples.assign(
        conc_low=samples["conc_low"].mask(below), conc_high=samples["conc_high"].mask(below, limit)
    )
    found = wrtds.fit(cut, flow)
    change = found.change(2002, 2011)
    assert "Limits or intervals among the samples: 97 of 216." in found.notes
    assert change.conc_change == pytest.approx(whole.conc_change, rel=0.15)


def test_too_few_values_above_limits_are_refused() -> None:
    samples, flow = made_record(years=12)
    samples.loc[samples.index[40:], "conc_low"] = np.nan
    with pytest.raises(InputError, match=r"40 of 144 samples are measured values.*more than 50"):
        wrtds.fit(samples, flow)


def test_kalman_draws_limits_below_them() -> None:
    """The filled value of a censored day is a mean of draws below its limit."""
    samples, flow = made_record(years=12)
    cut = samples.copy()
    rows = cut.index[10:130:3]
    cut.loc[rows, "conc_low"] = np.nan
    filled = wrtds.fit(cut, flow).kalman(np.random.default_rng(5), draws=30).set_index("date")
    at = cut.loc[rows, "date"]
    assert (filled.loc[at, "conc"].to_numpy() < cut.loc[rows, "conc_high"].to_numpy()).all()
