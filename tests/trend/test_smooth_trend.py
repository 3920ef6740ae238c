"""The smooth trend: what the spline must give, its steps, its band, and what may not change it."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.errors import InputError, UsageError
from forecast.trend import BASIS_CHANGE, smooth_trend
from forecast.trend.resampling import sieve_noise

T = np.arange(84)
INDEX = pd.date_range("2015-01-01", periods=84, freq="MS")
SEASON = 10 * np.cos(2 * np.pi * T / 12)


def made(curve: np.ndarray, seed: int = 1, noise: float = 1.0, rho: float = 0.0) -> pd.Series:
    rng = np.random.default_rng(seed)
    rest = rng.normal(size=len(curve))
    for i in range(1, len(rest)):
        rest[i] = rho * rest[i - 1] + np.sqrt(1 - rho * rho) * rest[i]
    season = np.resize(SEASON, len(curve))
    index = pd.date_range("2015-01-01", periods=len(curve), freq="MS")
    return pd.Series(curve + season + noise * rest, index=index)


def test_a_line_with_a_season_and_a_step_comes_back_whole() -> None:
    """No noise: a line has no roughness, so every penalty gives it, with no band."""
    line = 60 - 0.2 * T - 6.0 * (pd.Timestamp("2018-09-01") <= INDEX)
    found = smooth_trend(made(line, noise=0.0), breaks=[BASIS_CHANGE])
    assert found.curve["estimate"].to_numpy() == pytest.approx(line, abs=1e-6)
    assert (found.curve["upper"] - found.curve["lower"]).max() < 1e-6
    assert found.steps[0].size == pytest.approx(-6.0, abs=1e-6)
    assert found.values.to_numpy() == pytest.approx(line, abs=1e-6)
    assert found.change("2015-01", "2021-12")[0] == pytest.approx(-0.2 * 83 - 6.0, abs=1e-6)


def test_a_change_of_the_season_is_no_trend() -> None:
    """A winter peak that halves within seven years leaves the level where it is."""
    y = pd.Series(30 + SEASON * (1 - T / 166), index=INDEX)
    found = smooth_trend(y)
    assert np.ptp(found.curve["estimate"].to_numpy()) < 1e-6


def test_a_bend_is_followed_and_the_band_holds_it() -> None:
    bend = 60 - 25 * (1 - np.exp(-T / 25))
    found = smooth_trend(made(bend, noise=1.5, rho=0.3))
    held = (found.curve["lower"] <= bend) & (bend <= found.curve["upper"])
    assert held.mean() > 0.9
    assert np.abs(found.curve["estimate"] - bend).max() < 2.0
    assert 2.5 < found.degrees < 12
    change, low, high = found.change("2015-01-01", "2021-12-01")
    assert low < bend[-1] - bend[0] < high and low < change < high


def test_the_band_holds_the_truth_as_often_as_it_says() -> None:
    """15 records: 84 months each, with memory; about 94 % of the months lie in the 95 % band."""
    bend = 60 - 25 * (1 - np.exp(-T / 25))
    held = []
    for seed in range(15):
        curve = smooth_trend(made(bend, seed, 2.0, 0.3), resamples=100).curve
        held.append(((curve["lower"] <= bend) & (bend <= curve["upper"])).mean())
    assert 0.86 < np.mean(held) <= 1.0


def test_missing_months_are_not_filled_and_still_have_a_curve() -> None:
    y = made(60 - 0.2 * T)
    y.iloc[[10, 40, 41]] = np.nan
    found = smooth_trend(y)
    assert (found.n, found.missing) == (81, 3)
    assert found.values.isna().sum() == 3
    assert found.curve.notna().all().all()
    assert "不补" in found.words_zh and "not filled" in found.words_en
    assert smooth_trend(y, deseason=False).missing == 3


def test_noise_drawn_again_has_the_variance_and_memory_of_the_noise() -> None:
    """About a fitted line: σ 2 and ρ 0.5 are recovered from residuals that show less of both."""
    rng, n = np.random.default_rng(5), 400
    e = np.zeros(n)
    for i in range(1, n):
        e[i] = 0.5 * e[i - 1] + np.sqrt(0.75) * rng.normal()
    x = np.vander(np.arange(n) / n, 2)
    hat = x @ np.linalg.pinv(x)
    draws, rho = sieve_noise(5 + 2 * e, hat, np.arange(n), 300, rng)
    assert rho == pytest.approx(0.5, abs=0.1)
    assert draws.std() == pytest.approx(2.0, abs=0.25)
    lagged = np.corrcoef(draws[:, 1:].ravel(), draws[:, :-1].ravel())[0, 1]
    assert lagged == pytest.approx(rho, abs=0.03)
    assert sieve_noise(x @ [3.0, 1.0], hat, np.arange(n), 2, rng)[0] == pytest.approx(0.0)


@settings(max_examples=8)
@given(st.integers(0, 2**16), st.floats(0.1, 20.0), st.floats(-50.0, 50.0))
def test_scale_shift_and_order_of_rows(seed: int, scale: float, shift: float) -> None:
    y = made(60 - 0.2 * T[:60], seed)
    plain = smooth_trend(y, resamples=100).curve.to_numpy()
    moved = smooth_trend(y * scale + shift, resamples=100).curve.to_numpy()
    assert moved == pytest.approx(plain * scale + shift, abs=1e-6 * (1 + scale))
    mixed = smooth_trend(y.sample(frac=1, random_state=seed), resamples=100)
    assert (mixed.curve.to_numpy() == plain).all()


@settings(max_examples=5)
@given(st.integers(0, 2**16))
def test_time_turned_round_turns_the_curve_round(seed: int) -> None:
    """Without a season and a break; the record begins in January and ends in December."""
    y = made(60 - 0.2 * T[:60], seed)
    back = pd.Series(y.to_numpy()[::-1], index=y.index)
    plain, turned = (smooth_trend(s, deseason=False).curve["estimate"] for s in (y, back))
    assert turned.to_numpy() == pytest.approx(plain.to_numpy()[::-1], abs=1e-6)


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"level": 95}, UsageError, "between 0 and 1"),
        ({"resamples": 5}, UsageError, "do not give a band"),
        ({"breaks": [dt.date(2021, 11, 1)]}, InputError, "either side"),
    ],
)
def test_options_without_a_meaning_are_refused(
    options: dict[str, object], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        smooth_trend(made(60 - 0.2 * T), **options)  # type: ignore[arg-type]


def test_records_too_thin_for_a_curve_are_refused() -> None:
    with pytest.raises(InputError, match="24 months with a value, and there are 23"):
        smooth_trend(made(60 - 0.2 * T[:23]))
    y = made(60 - 0.2 * T)
    y[y.index.month == 4] = np.nan
    with pytest.raises(InputError, match="No April"):
        smooth_trend(y)
    with pytest.raises(UsageError, match="2031-01 lies outside"):
        smooth_trend(made(60 - 0.2 * T)).change("2015-01", "2031-01")
