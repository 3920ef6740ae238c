"""Prophet behind the common protocol: its own samples, quiet, and without touching shared state."""

from __future__ import annotations

import logging
import warnings

import numpy as np
import pandas as pd
import pytest
from made_air import ahead_of, made_record

from forecast.models.prophet_model import ProphetPaths

pytest.importorskip("prophet", reason="prophet is not installed")


def test_paths_are_prophets_own_predictive_samples() -> None:
    """The mean over paths is Prophet's forecast on the log scale, fitted by hand with its defaults."""
    from prophet import Prophet

    record = made_record(1, years=2.5)
    model = ProphetPaths("x").fit(record)
    days = ahead_of(record, 90)
    drawn = np.log(model.sample(days, 400, np.random.default_rng(0)).values[:, :, 0])
    logger = logging.getLogger("cmdstanpy")
    logger.disabled = True
    own = Prophet(yearly_seasonality=True, weekly_seasonality=True, daily_seasonality=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Deprecations of pandas inside Prophet.
        own.fit(pd.DataFrame({"ds": record.index, "y": np.log(record["pm25"].to_numpy())}))
        wanted = own.predict(pd.DataFrame({"ds": days}))["yhat"].to_numpy()
    logger.disabled = False
    # 0.3 of daily noise over 20: four standard errors.
    np.testing.assert_allclose(drawn.mean(axis=0), wanted, atol=0.06)


def test_days_and_items_are_independent_as_the_engine_draws_them() -> None:
    """What the docstring says of its weakness is so."""
    record = made_record(2, years=2.5, items=("pm25", "pm10"), common=0.9)
    drawn = np.log(
        ProphetPaths("x")
        .fit(record)
        .sample(ahead_of(record, 60), 300, np.random.default_rng(0))
        .values
    )
    drawn -= drawn.mean(axis=0)
    assert abs(np.corrcoef(drawn[:, 1:, 0].ravel(), drawn[:, :-1, 0].ravel())[0, 1]) < 0.05
    assert abs(np.corrcoef(drawn[:, :, 0].ravel(), drawn[:, :, 1].ravel())[0, 1]) < 0.05


def test_it_keeps_silent_and_leaves_loggers_and_the_global_generator_alone(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Nothing on stdout or stderr; the state of numpy and of the loggers is as before."""
    loggers = [logging.getLogger(name) for name in ("prophet", "cmdstanpy")]
    before = [logger.disabled for logger in loggers]
    np.random.seed(3)  # noqa: NPY002
    expected = np.random.random(3)  # noqa: NPY002
    np.random.seed(3)  # noqa: NPY002
    record = made_record(3, years=1)
    model = ProphetPaths("x").fit(record)
    model.sample(ahead_of(record, 5), 5, np.random.default_rng(0))
    assert np.array_equal(np.random.random(3), expected)  # noqa: NPY002
    assert [logger.disabled for logger in loggers] == before
    out = capfd.readouterr()
    assert (out.out, out.err) == ("", "")
