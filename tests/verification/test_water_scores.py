"""Scores of water classes against hand values, and what they must not depend on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.projection.water_hindcasts import PROBABILITIES
from forecast.verification.water_scores import (
    class_differences,
    class_reliability,
    class_score_table,
    item_coverage,
    rps,
    same_cases,
    scored_classes,
)


def _row(model: str, place: str, origin: str, stated: list[float], truth: int) -> dict[str, object]:
    return {
        "model": model, "place": place, "origin": pd.Timestamp(origin), "horizon": "1",
        "target": origin[:7], "left": 1, "truth": truth,
    } | dict(zip(PROBABILITIES, stated, strict=True))  # fmt: skip


def test_rps_by_hand() -> None:
    # Cumulative 0.1, 0.4, 0.8, 1, 1; class III came: 0.01 + 0.16 + 0.04.
    assert rps([0.1, 0.3, 0.4, 0.2, 0.0, 0.0], 3).item() == pytest.approx(0.21)


def test_a_class_missed_by_n_costs_n_when_it_was_sure() -> None:
    assert [rps(np.eye(6)[k], 2).item() for k in range(6)] == [1.0, 0.0, 1.0, 2.0, 3.0, 4.0]


@given(st.lists(st.floats(0.01, 1.0), min_size=6, max_size=6), st.integers(1, 6))
def test_rps_is_the_sum_of_brier_scores_and_turns_with_the_order(
    parts: list[float], truth: int
) -> None:
    p = np.array(parts) / sum(parts)
    by_cut = sum((p[:k].sum() - (truth <= k)) ** 2 for k in range(1, 6))
    assert rps(p, truth).item() == pytest.approx(by_cut)
    assert rps(p[::-1], 7 - truth).item() == pytest.approx(by_cut)


@given(st.lists(st.floats(0.01, 1.0), min_size=6, max_size=6), st.integers(0, 2**31))
def test_rps_is_proper(parts: list[float], seed: int) -> None:
    p = np.array(parts) / sum(parts)
    other = np.random.default_rng(seed).dirichlet(np.ones(6))
    honest = sum(p[k - 1] * rps(p, k).item() for k in range(1, 7))
    hedged = sum(p[k - 1] * rps(other, k).item() for k in range(1, 7))
    assert honest <= hedged + 1e-12


def test_good_means_class_iii_or_better() -> None:
    rows = pd.DataFrame(
        [
            _row("m", "a", "2015-01-01", [0.0, 0.2, 0.5, 0.3, 0.0, 0.0], 3),
            _row("m", "b", "2015-01-01", [0.0, 0.2, 0.5, 0.3, 0.0, 0.0], 4),
        ]
    )
    found = scored_classes(rows)
    assert found["p_good"].tolist() == pytest.approx([0.7, 0.7])
    assert found["good"].tolist() == [1.0, 0.0]
    assert found["brier"].tolist() == pytest.approx([0.09, 0.49])
    assert found["year"].tolist() == [2015, 2015]


def test_only_cases_of_every_model_are_compared() -> None:
    sure = [0.0, 1.0, 0.0, 0.0, 0.0, 0.0]
    rows = pd.DataFrame(
        [
            _row("x", "a", "2015-01-01", sure, 2),
            _row("y", "a", "2015-01-01", sure, 3),
            _row("x", "b", "2015-01-01", sure, 2),
        ]
    )
    assert same_cases(rows)["place"].tolist() == ["a", "a"]


def _two_models(n_places: int = 12, years: tuple[int, ...] = (2014, 2015, 2016)) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    rows = []
    for place in range(n_places):
        for year in years:
            for month in (1, 4, 7, 10):
                truth = int(rng.integers(2, 5))
                near = np.full(6, 0.04)
                near[truth - 1] = 0.8
                origin = f"{year}-{month:02d}-01"
                rows.append(_row("near", f"s{place}", origin, near.tolist(), truth))
                rows.append(_row("even", f"s{place}", origin, [1 / 6] * 6, truth))
    return scored_classes(pd.DataFrame(rows))


def test_the_better_model_is_surely_better() -> None:
    scored = _two_models()
    found = class_differences(scored, "near", ["even", "absent"], np.random.default_rng(1))
    assert found["other"].tolist() == ["even"]
    row = found.iloc[0]
    assert row["difference"] == pytest.approx(row["ours"] - row["theirs"])
    assert row["high"] < 0.0
    assert row["low"] < row["difference"] < row["high"]
    assert (row["n"], row["n_years"]) == (144, 3)
    table = class_score_table(scored)
    assert table["model"].tolist() == ["near", "even"]
    assert table["brier"].to_numpy() == pytest.approx(
        (table["mcb"] - table["dsc"] + table["unc"]).to_numpy()
    )


def test_horizons_stand_in_their_order() -> None:
    scored = _two_models(3, (2015,))
    parts = [scored.assign(horizon=h) for h in ("year", "12", "1", "6")]
    table = class_score_table(pd.concat(parts, ignore_index=True))
    assert list(dict.fromkeys(table["horizon"])) == ["1", "6", "12", "year"]


def test_reliability_is_given_by_horizon() -> None:
    found = class_reliability(_two_models(), "near", np.random.default_rng(1))
    assert list(found) == ["1"]
    assert found["1"].n == 144
    assert found["1"].score == pytest.approx(found["1"].mcb - found["1"].dsc + found["1"].unc)


def test_coverage_counts_truths_inside() -> None:
    quantiles = dict(zip(("q05", "q10", "q25", "q50", "q75", "q90", "q95"), range(7), strict=True))
    rows = [
        {"model": "m", "place": "a", "item": "do", "origin": pd.Timestamp("2015-01-01"),
         "horizon": "1", "target": "2015-02", "left": 1, "truth": truth, "crps": 0.5} | quantiles
        for truth in (3.0, 1.5, 0.5, 9.0)
    ]  # fmt: skip
    found = item_coverage(pd.DataFrame(rows)).iloc[0]
    assert found["n"] == 4
    assert (found["cover50"], found["cover80"], found["cover90"]) == (0.25, 0.5, 0.75)
    whole = item_coverage(pd.DataFrame(rows), by=())
    assert list(whole.columns) == ["model", "item", "n", "cover50", "cover80", "cover90", "crps"]
