"""Quantiles between quantiles, their CRPS, outcomes of targets, reliability and drift."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri

from forecast.projection.summary import QUANTILES
from forecast.runs.register_entries import CLASS_COLUMNS
from forecast.verification.scores import crps_ensemble
from forecast.verification.verify_drift import drift_sentence, drift_table
from forecast.verification.verify_rows import past_share, pit_of, quantiles_at, scored_rows
from forecast.verification.verify_targets import judged_events, reliability_table, target_scores

LEVELS = np.array([float(q) for q in QUANTILES])
NAN = float("nan")


def forecasts(n: int = 1, **changes: Any) -> pd.DataFrame:
    """Rows as the register gives them, standard normal around 40 with the spread 4."""
    base: dict[str, Any] = {
        "block": 1, "run": "r", "as_of": pd.Timestamp("2023-06-30"), "region": "甲", "place": "甲",
        "place_kind": "city", "indicator": "pm25_annual_mean", "unit": "µg/m³", "year": 2023,
        "run_standard": "by date", "model": "seasonal", "n_paths": 2000.0, "mean": 40.0,
        **{f"q{a:g}": 40.0 + 4.0 * float(ndtri(a)) for a in LEVELS}, **dict.fromkeys(CLASS_COLUMNS, NAN),
        "persistence": 44.0, "ytd_ratio": 43.0, "ytd_plus_rest": 42.0, "climatology": 46.0,
        "climatology_lowest": 36.0, "climatology_highest": 56.0, "climatology_years": NAN,
        "lead_months": 6, "truth": 42.0, "official": True, "over": True,
    }  # fmt: skip
    table = pd.DataFrame([base] * n)
    for name, values in changes.items():
        table[name] = values
    return table


def test_between_its_quantiles_a_normal_distribution_is_itself() -> None:
    at = np.array([0.01, 0.07, 0.33, 0.5, 0.66, 0.99])
    found = quantiles_at(ndtri(LEVELS)[None, :], LEVELS, at)
    assert found[0] == pytest.approx(ndtri(at), abs=1e-12)


@given(st.lists(st.floats(-100, 100), min_size=9, max_size=9))
def test_known_levels_are_kept_and_order_holds(values: list[float]) -> None:
    known = np.sort(np.array(values))[None, :]
    assert (quantiles_at(known, LEVELS, LEVELS) == known).all()
    fine = quantiles_at(known, LEVELS, np.arange(1, 1000) / 1000)
    assert (np.diff(fine[0]) >= -1e-9).all()


def test_crps_from_nine_quantiles_is_that_of_the_normal_distribution() -> None:
    truth = np.array([30.0, 38.0, 40.0, 42.0, 55.0])
    rows = scored_rows(forecasts(5, truth=truth))
    z = (truth - 40.0) / 4.0
    # Gneiting and Raftery 2007: σ (z (2Φ(z) - 1) + 2φ(z) - 1/√π).
    from scipy.stats import norm

    exact = 4.0 * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi))
    assert rows["crps"].to_numpy() == pytest.approx(exact, rel=2e-3, abs=2e-3)
    assert rows["pit"].to_numpy() == pytest.approx(norm.cdf(z), abs=2e-3)
    assert rows["lead_months"].tolist() == [6] * 5


def test_skewed_paths_lose_little_by_their_nine_quantiles() -> None:
    rng = np.random.default_rng(4)
    paths = np.exp(rng.normal(2.0, 0.5, 2000))
    truths = np.exp(rng.normal(2.0, 0.5, 200))
    quantiles = {f"q{a:g}": float(np.quantile(paths, a)) for a in LEVELS}
    rows = scored_rows(forecasts(200, truth=truths, **quantiles))
    exact = crps_ensemble(paths, truths[:, None].ravel()[:, None])
    assert rows["crps"].mean() == pytest.approx(float(np.mean(exact)), rel=0.01)


def test_a_class_is_scored_by_its_own_probabilities() -> None:
    classes = dict(zip(CLASS_COLUMNS, (0.0, 0.5, 0.5, 0.0, 0.0, 0.0), strict=True))
    rows = scored_rows(forecasts(indicator="section_class", truth=2.0, **classes))
    assert rows["crps"].item() == pytest.approx(0.25)


def test_past_years_are_taken_as_kept_or_from_three_numbers() -> None:
    kept = scored_rows(forecasts(climatology_years=[[36.0, 46.0, 56.0]]))
    assert kept["climatology_crps"].item() == pytest.approx(crps_ensemble([36.0, 46.0, 56.0], 42.0))
    three = scored_rows(forecasts())["climatology_crps"].item()
    even = np.linspace(36.25, 55.75, 40)
    assert three == pytest.approx(float(crps_ensemble(even, 42.0)), abs=0.02)
    two = forecasts(2, climatology_years=[[30.0, 35.4, 35.6], NAN])
    assert past_share(two, "pm25_annual_mean", "<=", 46.0).tolist() == pytest.approx([1.0, 0.525])
    assert past_share(two, "pm25_annual_mean", "<=", 35.0)[0] == pytest.approx(2 / 3)
    alone = forecasts(2, climatology_lowest=NAN, climatology=[46.0, NAN])
    assert past_share(alone, "pm25_annual_mean", "<=", 46.0).tolist() == pytest.approx(
        [1.0, NAN], nan_ok=True
    )


def test_the_middle_is_the_level_of_a_count_that_many_paths_share() -> None:
    found = pit_of(np.zeros((1, 9)), LEVELS, np.zeros(1))
    assert found.item() == pytest.approx(0.5, abs=0.01)


def target(**changes: Any) -> dict[str, Any]:
    return {
        "entry": 0, "id": "t", "plan": "p", "kind": "threshold", "level": "firm", "comparator": "<=",
        "value": 42.0, "token": "", "target_unit": "µg/m³", "target_year": 2023, "binding": "binding",
        "probability": 0.7, "verdict": "AT_RISK",
    } | changes  # fmt: skip


def verdicts(*rows: dict[str, Any]) -> pd.DataFrame:
    columns = ["region", "place", "indicator", "year", "run_standard", "id", "comparator", "value",
               "verdict"]  # fmt: skip
    base = {"region": "甲", "place": "甲", "indicator": "pm25_annual_mean", "year": 2023,
            "run_standard": "by date", "id": "t", "comparator": "<=", "value": "42.0"}  # fmt: skip
    return pd.DataFrame([base | r for r in rows], columns=columns)


def test_the_last_word_on_the_same_target_counts() -> None:
    table = forecasts(truth=99.0)
    met = judged_events(table, pd.DataFrame([target()]), verdicts({"verdict": "MET"}))
    assert met["came"].tolist() == [1.0]
    short = judged_events(
        table, pd.DataFrame([target()]), verdicts({"verdict": "INSUFFICIENT_DATA"})
    )
    assert short["came"].isna().all()


def test_a_target_that_has_changed_is_judged_on_what_it_said() -> None:
    said = pd.DataFrame([target(value=v) for v in (41.0, 42.0)])
    # 42.4 is judged as 42: it meets 42 and misses 41; the plan asks for 40 today.
    found = judged_events(
        forecasts(truth=42.4), said, verdicts({"value": "40.0", "verdict": "NOT_MET"})
    )
    assert found["came"].tolist() == [0.0, 1.0]
    assert found["persistence"].tolist() == [0.0, 0.0]
    words = pd.DataFrame([target(kind="trend", value=NAN, token="DOWN")])
    assert judged_events(forecasts(), words, verdicts())["came"].isna().all()
    unofficial = judged_events(forecasts(official=False), said, verdicts())
    assert unofficial["came"].isna().all()


def test_a_class_is_compared_as_a_class() -> None:
    table = forecasts(indicator="section_class", unit="class", truth=4.0, persistence=3.0)
    said = pd.DataFrame([target(value=NAN, token="III")])
    found = judged_events(table, said, verdicts())
    assert (found["came"].item(), found["persistence"].item()) == (0.0, 1.0)


def test_what_arithmetic_had_decided_is_counted_apart() -> None:
    said = pd.DataFrame(
        [
            target(),
            target(probability=1.0, verdict="MET"),
            target(probability=0.0, verdict="NOT_MET"),
        ]
    )
    events = judged_events(forecasts(), said, verdicts({"verdict": "MET"}))
    row = target_scores(events, []).iloc[0]
    assert (row["n"], row["decided"], row["decided_wrong"]) == (1, 2, 1)
    assert row["brier"] == pytest.approx(0.09)
    assert reliability_table(events)["n"].sum() == 1


def test_forecasts_of_one_year_are_one_case_in_the_bounds() -> None:
    n = 200
    table = forecasts(n)
    said = pd.DataFrame([target(entry=k, probability=0.75) for k in range(n)])
    events = judged_events(table, said, verdicts({"verdict": "NOT_MET"}))
    row = reliability_table(events).iloc[7]
    assert (row["n"], row["cases"], row["came"]) == (200, 1, 0)
    # As 200 independent ones they would be a scandal; as one case they are nothing unusual.
    assert row["share"] < row["low"]
    assert row["low_cases"] <= row["share"] <= row["high_cases"]


def scored(
    years: range,
    shift: float,
    *,
    places: int = 1,
    days: int = 1,
    seed: int = 1,
    common: bool = True,
) -> pd.DataFrame:
    """Monthly forecasts N(40, 4²); truths of a year lie off by ``shift`` spreads and a year's chance."""
    rng = np.random.default_rng(seed)
    rows = []
    for year in years:
        odd = rng.standard_normal(places) if not common else np.full(places, rng.standard_normal())
        for place, off in enumerate(shift + odd):
            rows += [
                {
                    "region": "甲", "place": f"p{place}", "indicator": "pm25_annual_mean",
                    "unit": "µg/m³", "year": year, "lead_months": 12 - month, "mean": 40.0,
                    "truth": 40.0 + 4.0 * off, "pit": float(ndtr(off)),
                    "origin": pd.Timestamp(year, month + 1, 1) + pd.Timedelta(days=day),
                }
                for month in range(12)
                for day in range(days)
            ]  # fmt: skip
    return pd.DataFrame(rows)


def test_a_steady_large_miss_is_a_drift_and_is_said() -> None:
    table = drift_table(scored(range(2010, 2013), 3.0, seed=2))
    row = table[table["window"] == 36].iloc[0].to_dict()
    assert row["drift"]
    assert row["hopeful"] > 8.0
    zh, en = drift_sentence(row)
    assert "偏乐观" in zh
    assert "too hopeful" in en
    assert "beyond what 3 years can do by chance" in en


def test_one_odd_year_is_no_drift_however_many_days_and_places_say_so() -> None:
    rows = scored(range(2010, 2011), 1.2, places=30, days=5, seed=8)
    row = drift_table(rows).iloc[0].to_dict()
    assert (row["n"], row["years"]) == (360, 1)
    assert not row["drift"]
    assert "within what 1 year can do by chance" in drift_sentence(row)[1]


@pytest.mark.parametrize("common", [True, False])
def test_right_forecasts_are_said_to_drift_in_one_case_of_twenty_or_fewer(common: bool) -> None:
    said = [
        bool(
            drift_table(scored(range(2010, 2013), 0.0, places=2, seed=s, common=common))[
                "drift"
            ].any()
        )
        for s in range(200)
    ]
    # Binomial: 19 or more of 200 at 5 % happen in less than one case of a hundred.
    assert sum(said) <= 18


def test_more_is_better_turns_the_side() -> None:
    rows = scored(range(2010, 2013), 3.0).assign(indicator="good_days", unit="days")
    table = drift_table(rows)
    assert (table["hopeful"] < 0).all()
    assert "偏悲观" in drift_sentence(table.iloc[0].to_dict())[0]
