"""The slow error that is added to other models' paths."""

from __future__ import annotations

import numpy as np
import pytest
from made_air import made_record

from forecast.models.dispersed import Dispersed, redisperse
from forecast.models.past_years import PastYears
from forecast.models.paths import Paths
from forecast.models.pooled import shipped_air
from forecast.models.slow_error import slow_growth

ORIGIN = np.datetime64("2016-12-31")


def flat(n_paths: int, n_days: int, items: tuple[str, ...], level: float = 40.0) -> Paths:
    """Paths that are all the same."""
    values = np.full((n_paths, n_days, len(items)), level, dtype=np.float32)
    return Paths(values, ORIGIN + np.arange(1, n_days + 1), items, ("x",) * len(items), "flat")


def test_the_spread_added_is_the_slow_error_of_the_seasonal_model() -> None:
    """Standard deviation of ln C at each lead, by item and length of record; median unmoved."""
    pooled = shipped_air()
    items = ("pm25", "so2")
    spread = redisperse(
        flat(8_000, 400, items), ORIGIN, pooled, [4.0, 1.0], np.random.default_rng(1)
    )
    logs = np.log(spread.values / 40.0)
    leads = np.arange(1, 401)
    for i, (item, years) in enumerate(zip(items, (4.0, 1.0), strict=True)):
        wanted = slow_growth(pooled.slow_points(item, years), leads)
        # Tails are cut at 4 standard deviations, which takes a percent or two.
        np.testing.assert_allclose(logs[:, :, i].std(axis=0), wanted, rtol=0.06)
    # Four standard errors of a median: 4 · 1.25 · 0.2 / sqrt(8000).
    assert np.abs(np.median(logs, axis=0)).max() < 0.012


def test_items_and_neighbouring_days_move_together() -> None:
    """The pooled correlation of PM2.5 and PM10 is in the added error; a week keeps nearly all."""
    pooled = shipped_air()
    names, matrix = pooled.correlation
    wanted = matrix[names.index("pm25"), names.index("pm10")]
    spread = redisperse(
        flat(8_000, 30, ("pm25", "pm10")), ORIGIN, pooled, [4.0, 4.0], np.random.default_rng(2)
    )
    logs = np.log(spread.values)
    assert np.corrcoef(logs[:, 10].T)[0, 1] == pytest.approx(wanted, abs=0.03)
    assert np.corrcoef(logs[:, 0, 0], logs[:, 7, 0])[0, 1] > 0.98


def test_what_stays_as_it_was() -> None:
    """Days, items, places, name, shape, type; a value of 0; the paths that were passed."""
    paths = flat(50, 10, ("pm25",), level=0.0)
    before = paths.values.copy()
    spread = redisperse(paths, ORIGIN, shipped_air(), [2.0], np.random.default_rng(0))
    assert (spread.values == 0.0).all() and spread.values.dtype == np.float32
    assert spread.values is not paths.values and np.array_equal(paths.values, before)
    assert (spread.items, spread.places, spread.model) == (paths.items, paths.places, "flat")
    none = flat(50, 0, ("pm25",))
    assert redisperse(none, ORIGIN, shipped_air(), [2.0], np.random.default_rng(0)) is none


def test_a_cap_is_kept() -> None:
    """No value passes the cap that is given."""
    spread = redisperse(
        flat(500, 5, ("so2",)), ORIGIN, shipped_air(), [1.0], np.random.default_rng(0),
        caps=np.array([41.0]),
    )  # fmt: skip
    assert spread.values.max() == np.float32(41.0)


def test_wrong_days_and_lengths_are_refused() -> None:
    paths = flat(5, 5, ("pm25",))
    with pytest.raises(ValueError, match="after the origin, 2017-01-01"):
        redisperse(paths, ORIGIN + 1, shipped_air(), [2.0], np.random.default_rng(0))
    with pytest.raises(ValueError, match="2 lengths of record for 1 items"):
        redisperse(paths, ORIGIN, shipped_air(), [2.0, 2.0], np.random.default_rng(0))


def test_the_wrapped_model_draws_what_it_draws_alone() -> None:
    """The slow error is drawn after the model: what is added is all that differs."""
    record = made_record(1, years=3, items=("pm25", "no2"))
    days = record.index[-1].to_datetime64().astype("datetime64[D]") + np.arange(1, 100)
    alone = PastYears("x").fit(record).sample(days, 40, np.random.default_rng(5))
    model = Dispersed(PastYears("x")).fit(record)
    both = model.sample(days, 40, np.random.default_rng(5))
    rng = np.random.default_rng(5)
    PastYears("x").fit(record).sample(days, 40, rng)
    years = record.notna().sum().to_numpy() / 365.25
    again = redisperse(alone, days[0] - 1, shipped_air(), years, rng)
    np.testing.assert_allclose(both.values, again.values, rtol=1e-6)
    assert (model.name, model.items) == ("past_years", ("pm25", "no2"))


def test_a_model_that_was_fitted_with_others_is_adopted() -> None:
    """Adopting a fitted model is the same as fitting it here."""
    record = made_record(2, years=2)
    days = record.index[-1].to_datetime64().astype("datetime64[D]") + np.arange(1, 20)
    draws = [
        m.sample(days, 10, np.random.default_rng(0)).values
        for m in (
            Dispersed(PastYears("x")).fit(record),
            Dispersed(PastYears("x").fit(record)).adopt(record),
        )
    ]
    assert np.array_equal(draws[0], draws[1])
