"""UCM and SARIMAX: state spaces against statsmodels' own simulation, and known processes."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from made_air import ahead_of, made_record

from forecast.models.item_by_item import Regressors
from forecast.models.sarimax import Sarimax
from forecast.models.state_space import (
    ItemStates,
    error_correlation_root,
    item_states,
    simulate_items,
)
from forecast.models.ucm import UnobservedComponents

pytest.importorskip("statsmodels", reason="the models need statsmodels")


def ar1(phi: float, *, sd: float = 1.0, start: float = 0.0, errors: np.ndarray | None = None):
    """An AR(1) of known shock, state and past errors."""
    return ItemStates(
        design=np.array([1.0]),
        transition=np.array([[phi]]),
        shock=np.array([[sd]]),
        mean=np.array([start]),
        root=np.array([[0.0]]),
        coefficients=np.array([2.0]),
        errors=np.zeros(100) if errors is None else errors,
    )


def test_an_autoregression_has_its_stationary_variance_and_forgets_its_start() -> None:
    """sd²/(1 - φ²) after many days; φ^k of the start on day k; 2 for the regressor of ones."""
    drawn = simulate_items(
        [ar1(0.8, sd=0.6, start=3.0)], [np.ones((120, 1))], 20_000, np.random.default_rng(0)
    )[:, :, 0]
    assert drawn[:, 0].std() == 0.0 and drawn[0, 0] == np.float32(5.0)
    assert drawn[:, 5].mean() == pytest.approx(2.0 + 3.0 * 0.8**5, abs=0.03)
    assert drawn[:, -1].var() == pytest.approx(0.36 / (1 - 0.64), rel=0.03)
    lagged = np.corrcoef(drawn[:, -1], drawn[:, -3])[0, 1]
    assert lagged == pytest.approx(0.64, abs=0.02)


def test_shocks_of_items_are_correlated_as_their_past_errors() -> None:
    """Errors with correlation 0.7 give draws with it; too few common days give none."""
    rng = np.random.default_rng(1)
    errors = rng.multivariate_normal([0, 0], [[1, 0.7], [0.7, 1]], size=3000)
    items = [ar1(0.5, errors=errors[:, 0]), ar1(0.5, errors=errors[:, 1])]
    root = error_correlation_root(items)
    np.testing.assert_allclose(root @ root.T, np.corrcoef(errors.T), atol=0.01)
    drawn = simulate_items(items, [np.ones((30, 1))] * 2, 20_000, np.random.default_rng(2))
    assert np.corrcoef(drawn[:, -1].T)[0, 1] == pytest.approx(0.7, abs=0.03)
    few = errors[:, 1].copy()
    few[50:] = np.nan
    apart = error_correlation_root([items[0], ar1(0.5, errors=few)])
    np.testing.assert_allclose(apart @ apart.T, np.eye(2), atol=1e-9)


@pytest.mark.parametrize("kind", ["sarimax", "ucm"])
def test_the_state_space_is_the_engines(kind: str) -> None:
    """Driven by the same shocks from the same state, statsmodels draws the same days."""
    record = made_record(3, years=2.0, phi=0.6)
    logs = np.log(record["pm25"].to_numpy())
    logs[200:240] = np.nan
    days = record.index.to_numpy().astype("datetime64[D]")
    shape = Regressors(days, trend=kind == "sarimax", constant=kind == "sarimax")
    columns, future = shape.columns(days), shape.columns(ahead_of(record, 40))
    from statsmodels.tsa.statespace import sarimax, structural

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if kind == "sarimax":
            model = sarimax.SARIMAX(logs, exog=columns, order=(1, 0, 1))
        else:
            model = structural.UnobservedComponents(
                logs, level="rwalk", autoregressive=1, exog=columns
            )
        result = model.fit(disp=0, maxiter=30, cov_type="none")
        n = model.ssm.k_posdef
        shocks = np.random.default_rng(4).standard_normal((40, n))
        root = np.sqrt(np.diag(model.ssm["state_cov"]))
        wanted = result.simulate(
            40, anchor="end", exog=future, state_shocks=shocks * root,
            measurement_shocks=np.zeros((40, 1)), initial_state=result.predicted_state[:, -1],
        )  # fmt: skip
    state = item_states(result, columns.shape[1])
    found, at = [], state.mean
    for day in range(40):
        found.append(float(state.design @ at + future[day] @ state.coefficients))
        at = state.transition @ at + state.shock @ shocks[day]
    np.testing.assert_allclose(found, wanted, rtol=1e-8)
    errors = state.errors[np.isfinite(state.errors)][50:]
    assert errors.std() == pytest.approx(1.0, abs=0.1)
    assert np.isnan(state.errors[200:240]).all()


def test_sarimax_finds_a_known_process() -> None:
    """AR 0.6, a fall of 10 % a year and a season of 0.4 come out of four years."""
    record = made_record(5, years=4, phi=0.6, trend=-0.1, season=0.4)
    model = Sarimax("x").fit(record)
    state = model._states[0]
    drawn = np.log(model.sample(ahead_of(record, 365), 500, np.random.default_rng(0)).values)
    assert state.transition[0, 0] == pytest.approx(0.6, abs=0.12)
    # Columns: weekend, cos 1, sin 1, ..., trend, one.
    assert state.coefficients[1] == pytest.approx(0.4, abs=0.08)
    assert state.coefficients[-2] == pytest.approx(-0.1, abs=0.04)
    expected = np.log(45.0) - 0.1 * 4.5
    assert drawn.mean() == pytest.approx(expected, abs=0.1)


def test_ucm_walks_on_from_the_present_level() -> None:
    """A record that stepped up by 0.5 half a year ago goes on there, and spreads with the lead."""
    record = made_record(6, years=4, season=0.0, noise=0.2)
    record.iloc[-180:] *= np.exp(0.5)
    model = UnobservedComponents("x").fit(record)
    drawn = np.log(
        model.sample(ahead_of(record, 365), 500, np.random.default_rng(0)).values[:, :, 0]
    )
    assert drawn[:, 30:].mean() == pytest.approx(np.log(45.0) + 0.5, abs=0.15)
    assert drawn[:, -30:].mean(axis=1).std() > 1.2 * drawn[:, 30:60].mean(axis=1).std()


def test_items_of_a_day_keep_their_correlation() -> None:
    """Two items with 80 % of their noise in common."""
    record = made_record(7, years=2, items=("pm25", "pm10"), common=0.8, season=0.0)
    model = Sarimax("x").fit(record)
    drawn = np.log(model.sample(ahead_of(record, 200), 60, np.random.default_rng(0)).values)
    drawn -= drawn.mean(axis=0)
    assert np.corrcoef(drawn.reshape(-1, 2).T)[0, 1] == pytest.approx(0.8, abs=0.06)


@pytest.mark.parametrize(("n_days", "n_columns"), [(1000, 9), (500, 8), (300, 4), (200, 2)])
def test_regressors_that_a_short_record_cannot_tell_are_left_out(
    n_days: int, n_columns: int
) -> None:
    """Weekend and constant always; harmonics and a trend as the record grows."""
    days = np.datetime64("2014-01-01") + np.arange(n_days)
    shape = Regressors(days)
    assert shape.columns(days).shape == (n_days, n_columns)
    assert shape.columns(days[-1:] + 365).shape == (1, n_columns)
    if n_columns == 9:
        assert shape.columns(days[-1:] + 487)[0, -2] == pytest.approx(487 / 365.25)
