"""Stacking: who gets the weight, what the average is, and what it must never see."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri

from forecast.projection.hindcast_rows import LEVELS, QUANTILE_COLUMNS
from forecast.verification.scores import crps_quantiles
from forecast.verification.stacking import stacked, stacking_effect, stacking_weights

Make = Callable[..., pd.DataFrame]
_Q = list(QUANTILE_COLUMNS)
_P = ["p_m10", "p_m5", "p_0", "p_p5"]


def moved(rows: pd.DataFrame, by: float | np.ndarray, name: str) -> pd.DataFrame:
    """The forecasts of ``rows`` moved by ``by``, with scores and probabilities to match."""
    out = rows.assign(model=name, mean=rows["mean"] + by)
    for column in _Q:
        out[column] = rows[column] + by
    for label in _P:
        out[label] = ndtr(ndtri(rows[label]) - by / 4.0)
    out["pit"] = ndtr(ndtri(rows["pit"]) - by / 4.0)
    return out.assign(crps=crps_quantiles(out[_Q].to_numpy(float), LEVELS, out["truth"]))


@pytest.fixture
def halves(made_rows: Make) -> pd.DataFrame:
    """Two models that are off by the same amount to opposite sides, in turn: their mean is right."""
    rows = made_rows(spread=0.5, width=2.0)
    off = 6.0 * np.where(np.arange(len(rows)) % 4 < 2, 1.0, -1.0)
    return pd.concat([moved(rows, off, "one"), moved(rows, -off, "two")], ignore_index=True)


def test_the_better_of_two_models_gets_the_weight(made_rows: Make) -> None:
    good = made_rows(model="good")
    rows = pd.concat([good, moved(good, 6.0, "bad")], ignore_index=True)
    after = stacked(rows, ["bad", "good"])
    first = after["year"] == 2000
    assert (after.loc[first, ["w_good", "w_bad"]] == 0.5).all(axis=None)
    assert (after.loc[first, "n_training"] == 0).all()
    assert (after.loc[~first, "w_good"] > 0.8).all()
    assert after.loc[~first, "w_good"].mean() > 0.92
    table = stacking_effect(rows, ["bad", "good"], rng=np.random.default_rng(0), n_boot=300)
    whole = table[table["start_month"].isna()].set_index("other")
    assert whole.loc["bad", "high"] < 0.0
    assert abs(whole.loc["good", "difference"]) < 0.02 * whole.loc["good", "crps_other"]
    assert not whole["kept"].any()  # no better than the good one alone
    assert whole["weight"].sum() == pytest.approx(1.0)


def test_two_halves_make_a_whole(halves: pd.DataFrame) -> None:
    after = stacked(halves, ["one", "two"])
    assert after["w_one"].to_numpy() == pytest.approx(0.5, abs=0.06)
    table = stacking_effect(halves, ["one", "two"], rng=np.random.default_rng(0), n_boot=300)
    whole = table[table["start_month"].isna()].set_index("other")
    assert whole["kept"].all()
    # Each alone is off by three of its own spreads: CRPS near 6 - 2/√π; the mean of both is N with
    # the right centre and spread: 2/√π.
    assert whole["crps_other"].to_numpy() == pytest.approx(6.0 - 2 / np.sqrt(np.pi), abs=0.15)
    assert whole["crps"].to_numpy() == pytest.approx(2 / np.sqrt(np.pi), abs=0.08)
    assert whole["cover90"].to_numpy() == pytest.approx(0.9, abs=0.05)
    assert (whole["brier"] < whole["brier_other"]).all()
    months = table[table["start_month"].notna()]
    assert sorted(months["start_month"]) == [1, 1, 7, 7]
    assert months["kept"].all()


def test_weights_are_the_minimum_of_a_fine_grid() -> None:
    rng = np.random.default_rng(2)
    truth = rng.normal(0.0, 1.0, 80)
    z = np.asarray(ndtri(LEVELS))
    centres = [0.8 * truth, truth + rng.normal(1.0, 0.3, 80), rng.normal(0, 1, 80)]
    widths = (0.7, 0.4, 1.0)
    quantiles = np.stack([c[:, None] + s * z for c, s in zip(centres, widths, strict=True)])
    found = stacking_weights(quantiles, truth)

    def score(w: np.ndarray) -> float:
        return float(crps_quantiles(np.tensordot(w, quantiles, 1), LEVELS, truth).mean())

    grid = [
        np.array([a, b, 1.0 - a - b])
        for a in np.arange(0, 1.0001, 0.02) for b in np.arange(0, 1.0001 - a, 0.02)
    ]  # fmt: skip
    best = min(grid, key=score)
    assert score(found) <= score(best) + 1e-6
    assert found == pytest.approx(best, abs=0.03)
    # A heavy penalty leaves the centre.
    middle = np.array([0.2, 0.3, 0.5])
    assert stacking_weights(quantiles, truth, centre=middle, penalty=1e4) == pytest.approx(
        middle, abs=1e-3
    )


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), k=st.integers(1, 5), penalty=st.sampled_from([0.0, 0.1, 2.0]))
def test_weights_are_shares_and_never_worse_than_equal_ones(
    seed: int, k: int, penalty: float
) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, 2, 15)
    quantiles = np.sort(rng.normal(0, 2, (k, 15, 25)), axis=2)
    levels = np.arange(1, 26) / 26
    w = stacking_weights(quantiles, truth, levels=levels, penalty=penalty)
    assert w.min() >= 0.0
    assert w.sum() == pytest.approx(1.0)

    def score(v: np.ndarray) -> float:
        return float(crps_quantiles(np.tensordot(v, quantiles, 1), levels, truth).mean())

    equal = np.full(k, 1.0 / k)
    assert score(w) <= score(equal) + 1e-9
    if penalty == 0.0:
        assert score(w) <= min(score(e) for e in np.eye(k)) + 1e-9


def test_weights_of_rows_sum_to_one_and_the_average_is_by_level(halves: pd.DataFrame) -> None:
    after = stacked(halves, ["one", "two"], name="both")
    assert (after["w_one"] + after["w_two"]).to_numpy() == pytest.approx(1.0)
    assert set(after["model"]) == {"both"}
    assert len(after) == len(halves) / 2
    case = after.iloc[50]
    same = halves[(halves["place"] == case["place"]) & (halves["origin"] == case["origin"])]
    one, two = (same[same["model"] == m].iloc[0] for m in ("one", "two"))
    for column in ("q01", "q50", "q99", "mean", "sd"):
        wanted = case["w_one"] * one[column] + case["w_two"] * two[column]
        assert case[column] == pytest.approx(wanted)
    assert case["seconds"] == pytest.approx(1.0)
    # Normal laws of one width: the averaged probability is that of the averaged law.
    wanted = ndtr((40.0 * 0.95 - case["mean"]) / 2.0)
    assert case["p_m5"] == pytest.approx(wanted, abs=0.02)


@settings(max_examples=5, deadline=None)
@given(year=st.integers(2001, 2004), seed=st.integers(0, 99))
def test_nothing_is_learnt_from_its_own_year_or_a_later_one(
    made_rows: Make, year: int, seed: int
) -> None:
    years = range(2000, 2005)
    good = made_rows(years=years, places=5, model="one", shift=0.4)
    rows = pd.concat([good, moved(good, 1.5, "two")], ignore_index=True)
    other = made_rows(years=years, places=5, model="one", shift=-5.0, seed=seed)
    late = (good["year"] >= year).to_numpy()
    truth = np.where(late, other["truth"], good["truth"])
    changed = rows.assign(truth=np.tile(truth, 2), pit=0.5, crps=0.0)
    columns = [*_Q, *_P, "w_one", "w_two", "n_training"]
    first, second = (stacked(r, ["one", "two"]) for r in (rows, changed))
    until = first["year"] <= year
    pd.testing.assert_frame_equal(first.loc[until, columns], second.loc[until, columns])


def test_a_case_that_one_model_lacks_is_left_out_and_a_model_alone_is_no_stack(
    halves: pd.DataFrame,
) -> None:
    fewer = halves.drop(index=0)
    assert len(stacked(fewer, ["one", "two"])) == len(halves) / 2 - 1
    assert stacked(halves, ["one"]).empty
    assert stacking_effect(halves, ["one"], rng=np.random.default_rng(0)).empty
    # A third model knows another indicator only.
    third = halves[halves["model"] == "one"].assign(model="three", indicator="so2_annual_mean")
    more = pd.concat([halves, third], ignore_index=True)
    after = stacked(more, ["one", "two", "three"])
    assert set(after["indicator"]) == {"pm25_annual_mean"}
    assert after["w_three"].isna().all()
    table = stacking_effect(more, ["one", "two", "three"], rng=np.random.default_rng(0), n_boot=50)
    assert set(table["other"]) == {"one", "two"}


def test_weights_may_come_from_other_places(halves: pd.DataFrame) -> None:
    few, many = halves[halves["place"] == "p00"], halves[halves["place"] != "p00"]
    after = stacked(few, ["one", "two"], training=many)
    assert after["n_training"].max() == 11 * 2 * 11
    assert (stacked(few, ["one", "two"], training=many[many["model"] == "one"])).empty


def test_sure_only_where_all_that_count_are(halves: pd.DataFrame) -> None:
    rows = halves.copy()
    rows["p_m10"] = 0.0
    rows["p_p5"] = np.where(rows["model"] == "one", 1.0, 0.5)
    after = stacked(rows, ["one", "two"])
    assert (after["p_m10"] == 0.0).all()
    assert after["p_p5"].between(0.5, 1.0, inclusive="neither").all()


def test_settings_without_a_meaning_are_refused(halves: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="penalty -1"):
        stacked(halves, ["one", "two"], penalty=-1.0)
    with pytest.raises(ValueError, match="fewest 0"):
        stacked(halves, ["one", "two"], fewest=0)
