"""Stacking of class probabilities by RPS: weights by hand, nothing from the future, ranks kept."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.projection.water_hindcasts import PROBABILITIES
from forecast.projection.water_stacking import (
    horizon_of,
    pool_classes,
    remargined,
    rps_weights,
    shipped_weights,
    stack_weights,
    stacked_classes,
)


def _rows(n: int = 400, seed: int = 1) -> pd.DataFrame:
    """Two models of months from 2014 on: ``items`` knows the class, ``ordinal`` the base rates."""
    rng = np.random.default_rng(seed)
    origins = pd.date_range("2014-01-01", periods=n // 20, freq="MS")
    parts = []
    for origin in origins:
        truth = rng.integers(2, 5, size=20)
        sharp = np.full((20, 6), 0.02)
        sharp[np.arange(20), truth - 1] = 0.9
        flat = np.tile([0.01, 0.33, 0.33, 0.31, 0.01, 0.01], (20, 1))
        for model, stated in (("items", sharp), ("ordinal", flat)):
            part = pd.DataFrame(stated, columns=list(PROBABILITIES))
            part["model"], part["origin"], part["horizon"] = model, origin, "3"
            part["place"] = [f"s{k}" for k in range(20)]
            part["target"] = str((origin + pd.DateOffset(months=3)).date())[:7]
            part["left"], part["truth"] = 1, truth
            parts.append(part)
    return pd.concat(parts, ignore_index=True)


def test_two_errors_that_cancel_share_the_weight() -> None:
    # Class II came each time; one says I with a half too much, the other III: the mean is best.
    low = np.tile([0.5, 0.5, 0.0], (4, 1))
    high = np.tile([0.0, 0.5, 0.5], (4, 1))
    # Errors of F1, F2: (0.5, 0) and (0, -0.5): the sum of squares is least at equal weights.
    found = rps_weights(np.stack([low, high]), np.full(4, 2))
    assert found == pytest.approx([0.5, 0.5], abs=1e-6)


def test_weights_follow_from_the_quadratic_form() -> None:
    # Errors (0.2) and (-0.6) of one cut: w 0.2 - (1 - w) 0.6 = 0 at w = 0.75.
    stated = np.array([[[0.2, 0.8]], [[0.4, 0.6]]])
    truth = np.array([2])
    assert rps_weights(stated, truth) == pytest.approx([1.0, 0.0], abs=1e-6)
    two = np.array([[[0.8, 0.2]], [[0.4, 0.6]]])
    # Class 2 came: errors 0.8 and 0.4 have one sign, the smaller takes all.
    assert rps_weights(two, truth) == pytest.approx([0.0, 1.0], abs=1e-6)
    mixed = np.array([[[0.8, 0.2], [0.4, 0.6]], [[0.2, 0.8], [0.8, 0.2]]])
    # Cases of class 1 and 2: errors (-0.2, 0.4) and (-0.8, 0.8); w(0.6, -0.4) + (-0.8, 0.8).
    assert rps_weights(mixed, np.array([1, 2])) == pytest.approx([1.0, 0.0], abs=1e-6)


@given(st.integers(0, 2**31), st.integers(1, 5), st.integers(1, 30))
def test_weights_are_never_negative_and_sum_to_one(seed: int, k: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    stated = rng.dirichlet(np.ones(6), size=(k, n))
    truth = rng.integers(1, 7, size=n)
    found = rps_weights(stated, truth)
    assert (found >= 0.0).all()
    assert found.sum() == pytest.approx(1.0)
    # No single model and no equal average is better on the cases themselves.
    below = np.cumsum(stated, axis=2)[:, :, :-1]
    came = truth[:, None] <= np.arange(1, 6)

    def score(w: np.ndarray) -> float:
        return float(((np.tensordot(w, below, 1) - came) ** 2).sum(axis=1).mean())

    others = [*np.eye(k), np.full(k, 1.0 / k)]
    assert score(found) <= min(map(score, others)) + 1e-4


def test_a_penalty_keeps_weights_near_the_middle() -> None:
    sure = np.eye(6)[[1, 2, 3]]
    stated, truth = np.stack([sure, sure[::-1]]), np.array([2, 3, 4])
    free = rps_weights(stated, truth)
    held = rps_weights(stated, truth, penalty=100.0)
    assert free == pytest.approx([1.0, 0.0], abs=1e-6)
    assert held == pytest.approx([0.5, 0.5], abs=0.02)


def test_the_better_model_gets_the_weight_and_only_after_it_has_shown() -> None:
    rows = _rows()
    table = stacked_classes(rows, ("items", "ordinal"))
    first = table[table["origin"] == table["origin"].min()]
    assert first["w_items"].tolist() == pytest.approx([0.75] * 20)  # 0.6 to 0.2
    assert (first["n_training"] == 0).all()
    last = table[table["origin"] == table["origin"].max()]
    assert (last["w_items"] > 0.9).all()
    assert np.allclose(table[list(PROBABILITIES)].sum(axis=1), 1.0)


def test_weights_of_an_origin_use_only_targets_that_had_ended() -> None:
    rows = _rows()
    at = np.datetime64("2014-12", "M")
    changed = rows.copy()
    later = changed["target"] > "2014-12"
    changed.loc[later, "truth"] = 6
    first = stack_weights(rows, ("items", "ordinal"), until=at)
    second = stack_weights(changed, ("items", "ordinal"), until=at)
    pd.testing.assert_frame_equal(first, second)
    # Targets up to 2014-12: origins January to September.
    assert set(first["n"]) == {9 * 20}
    ours = stacked_classes(rows, ("items", "ordinal"))
    theirs = stacked_classes(changed, ("items", "ordinal"))
    until = ours["origin"] <= "2014-12-01"
    assert np.array_equal(
        ours.loc[until, list(PROBABILITIES)], theirs.loc[until, list(PROBABILITIES)]
    )


def test_a_year_ends_in_december() -> None:
    rows = _rows()
    rows["horizon"], rows["left"], rows["target"] = "year", 12, "2014"
    november = stack_weights(rows, ("items", "ordinal"), until=np.datetime64("2014-11", "M"))
    december = stack_weights(rows, ("items", "ordinal"), until=np.datetime64("2014-12", "M"))
    assert set(november["n"]) == {0}
    assert set(december["n"]) == {400}
    assert set(december["horizon"]) == {"year_early"}


def test_parts_of_the_year() -> None:
    assert [horizon_of("year", n) for n in (12, 9, 8, 5, 4, 1)] == [
        "year_early", "year_early", "year_middle", "year_middle", "year_late", "year_late",
    ]  # fmt: skip
    assert horizon_of("12", 1) == "12"


def test_weights_between_leads_are_linear() -> None:
    weights = {"1": {"a": 1.0, "b": 0.0}, "3": {"a": 0.0, "b": 1.0}}
    first, second = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])
    stated = {"a": first, "b": second}
    assert pool_classes(stated, lead=1, weights=weights).tolist() == [1.0, 0.0, 0.0]
    assert pool_classes(stated, lead=2, weights=weights).tolist() == [0.5, 0.0, 0.5]
    assert pool_classes(stated, lead=9, weights=weights).tolist() == [0.0, 0.0, 1.0]


def test_where_a_model_is_silent_the_others_stand_in() -> None:
    weights = {"1": {"a": 0.5, "b": 0.5}}
    stated = {"a": np.array([[0.2, 0.8], [np.nan, np.nan]]), "b": np.array([[0.4, 0.6]] * 2)}
    found = pool_classes(stated, lead=1, weights=weights)
    assert found == pytest.approx(np.array([[0.3, 0.7], [0.4, 0.6]]))
    none = pool_classes({"a": np.full((1, 2), np.nan)}, lead=1, weights=weights)
    assert np.isnan(none).all()


def test_what_can_not_be_pooled_is_said() -> None:
    with pytest.raises(ValueError, match="either lead"):
        pool_classes({"items": np.ones(6) / 6})
    with pytest.raises(ValueError, match="no weight"):
        pool_classes({"other": np.ones(6) / 6}, lead=1)


def test_the_weights_of_the_package_are_whole() -> None:
    shipped = shipped_weights()
    assert set(shipped) == {"items", "classes"}
    for published, table in shipped.items():
        assert {"1", "3", "6", "12", "year_early", "year_middle", "year_late"} == set(table)
        for horizon, own in table.items():
            assert sum(own.values()) == pytest.approx(1.0, abs=0.003), (published, horizon)
            assert min(own.values()) >= 0.0
            assert ("items" in own) == (published == "items")
    stated = {"ordinal": np.full(6, 1 / 6), "frequencies": np.full(6, 1 / 6)}
    assert pool_classes(stated, lead=4) == pytest.approx(np.full(6, 1 / 6))
    assert pool_classes(stated, left=2) == pytest.approx(np.full(6, 1 / 6))


def test_new_margins_keep_the_ranks() -> None:
    classes = np.array([[2, 2], [3, 3], [2, 2], [4, 4]], dtype=np.int8)
    stated = np.array([[0.5, 0.0, 0.5, 0.0, 0.0, 0.0], [0.0, 0.75, 0.0, 0.0, 0.0, 0.25]])
    found = remargined(classes, stated, np.random.default_rng(1))
    assert found[:, 0].tolist() == [1, 3, 1, 3]
    assert found[:, 1].tolist() == [2, 2, 2, 6]


def test_ties_go_by_the_value_that_decides() -> None:
    classes = np.full((4, 1), 3, dtype=np.int8)
    order = np.array([[0.6], [0.9], [0.7], [0.8]])
    stated = np.array([[0.0, 0.5, 0.5, 0.0, 0.0, 0.0]])
    found = remargined(classes, stated, np.random.default_rng(1), order=order)
    assert found[:, 0].tolist() == [2, 3, 2, 3]


@given(st.integers(0, 2**31))
def test_new_margins_come_out_as_stated(seed: int) -> None:
    rng = np.random.default_rng(seed)
    classes = rng.integers(1, 7, size=(600, 3)).astype(np.int8)
    stated = rng.dirichlet(np.ones(6), size=3)
    found = remargined(classes, stated, rng)
    share = np.stack([(found == k + 1).mean(axis=0) for k in range(6)], axis=1)
    assert np.abs(share - stated).max() <= 1.01 / 600
    worse = np.argsort(classes[:, 0], kind="stable")
    assert (np.diff(found[worse, 0].astype(int))[np.diff(classes[worse, 0]) > 0] >= 0).all()


def test_a_section_without_a_class_or_probabilities_is_left_alone() -> None:
    classes = np.array([[0, 2], [3, 3]], dtype=np.int8)
    stated = np.array([[1.0, 0, 0, 0, 0, 0], [np.nan] * 6])
    found = remargined(classes, stated, np.random.default_rng(1))
    assert np.array_equal(found, classes)
