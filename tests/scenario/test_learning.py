"""Importance weights: against an exact posterior, and the reading of model runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from forecast.errors import InputError, UsageError
from forecast.scenario.air_response import draw_air
from forecast.scenario.learning import (
    Evidence,
    ModelRun,
    Weights,
    component_evidence,
    importance_weights,
    learned,
    model_run_evidence,
    read_model_runs,
    resampled_index,
    run_prediction,
)
from forecast.scenario.pm25_components import annual_ratio


def test_too_few_draws_teach_nothing() -> None:
    """An effective sample of one: the prior comes back whole, with a warning; at 60 it is learned."""
    rng = np.random.default_rng(8)
    draws = draw_air("全国", 1000, rng)
    far = Evidence("far", np.linspace(0.0, 1.0, 1000), 0.5, 1e-5)
    after, weights = learned(draws, [far], 1000, rng)
    assert not weights.usable
    assert weights.effective_size < 3
    assert sorted(after.pm25.discrepancy) == sorted(draws.pm25.discrepancy)
    assert "do not explain the record" in weights.warnings[0][1]
    near = Evidence("near", np.linspace(0.0, 1.0, 1000), 0.5, 0.025)
    after, weights = learned(draws, [near], 1000, rng)
    # A normal likelihood of sd s on n even draws leaves n·2·√π·s.
    assert weights.effective_size == pytest.approx(2000 * np.sqrt(np.pi) * 0.025, rel=0.01)
    assert weights.usable
    assert len(np.unique(after.pm25.discrepancy)) < 300


def test_weights_give_the_exact_normal_posterior() -> None:
    """Prior N(0, 1), observed 1 with sd 1: posterior N(0.5, 0.5)."""
    prior = np.random.default_rng(1).standard_normal(200_000)
    w = importance_weights([Evidence("made", prior, 1.0, 1.0)])
    mean = float((w.values * prior).sum())
    assert mean == pytest.approx(0.5, abs=0.01)
    assert float((w.values * (prior - mean) ** 2).sum()) == pytest.approx(0.5, abs=0.01)
    assert w.values.sum() == pytest.approx(1.0) and not w.warnings


def test_pieces_of_evidence_multiply() -> None:
    """Two observations of 1 with sd 1: posterior mean 2/3."""
    prior = np.random.default_rng(2).standard_normal(200_000)
    w = importance_weights([Evidence("a", prior, 1.0, 1.0), Evidence("b", prior, 1.0, 1.0)])
    assert float((w.values * prior).sum()) == pytest.approx(2 / 3, abs=0.01)


def test_the_effective_size_counts_what_is_left() -> None:
    """Half of the draws impossible: half are left; far out: a warning in both languages."""
    half = np.array([0.0] * 500 + [100.0] * 500)
    assert importance_weights([Evidence("a", half, 0.0, 1.0)]).effective_size == pytest.approx(500)
    far = importance_weights(
        [Evidence("a", np.random.default_rng(3).standard_normal(4000), 6.0, 0.05)]
    )
    assert far.effective_size < 200
    assert "有效样本" in far.warnings[0][0] and "effective sample" in far.warnings[0][1]


def test_resampling_keeps_the_proportions() -> None:
    """Systematic: every draw stands floor(n·w) or ceil(n·w) times."""
    w = np.random.default_rng(4).dirichlet(np.ones(30))
    index = resampled_index(Weights(w, 10.0), 1000, np.random.default_rng(5))
    counts = np.bincount(index, minlength=30)
    assert (counts >= np.floor(1000 * w)).all() and (counts <= np.ceil(1000 * w)).all()
    assert (np.diff(index) < 0).any()


def test_a_record_that_fell_more_moves_the_discrepancy() -> None:
    """δ rises; far beyond it the record is not explained."""
    draws = draw_air("全国", 4000, np.random.default_rng(6))
    delta = draws.pm25.discrepancy
    fell = annual_ratio({"SO2": 0.5, "PM25": 0.3}, draws.pm25)
    after, weights = learned(
        draws, [Evidence("record", fell, 0.62, 0.03)], 2000, np.random.default_rng(7)
    )
    assert after.n == 2000
    assert np.median(after.pm25.discrepancy) > 1.1 * np.median(delta)
    assert weights.effective_size > 200
    out = importance_weights([Evidence("record", fell, 0.30, 0.01)], discrepancy=delta)
    assert any("do not explain" in en for _, en in out.warnings)


def test_a_model_run_teaches_its_parameter() -> None:
    """Primary dust only: C' = 1 - P·c with δ fixed at 1, so P is learned."""
    draws = draw_air("华北", 6000, np.random.default_rng(8), overrides={"delta": 1.0})
    run = ModelRun("made", {"PM25": 0.5}, 0.85, sd=0.01)
    after, _ = learned(draws, model_run_evidence([run], draws), 4000, np.random.default_rng(9))
    assert np.mean(after.pm25.primary) == pytest.approx(0.30, abs=0.02)
    assert np.std(after.pm25.primary) < 0.03


def test_predictions_of_each_kind_of_run() -> None:
    """By season, by sector, of ozone, of the city alone."""
    draws = draw_air("华北", 200, np.random.default_rng(10))
    annual, warm, cold = (
        run_prediction(ModelRun("r", {"NOx": 0.2}, 1.0, season=s), draws)
        for s in ("annual", "warm", "cold")
    )
    weight = draws.pm25.cold_weight
    assert annual == pytest.approx((1 - weight) * warm + weight * cold)
    sector = run_prediction(ModelRun("r", {"industry": 1.0}), draws)
    assert np.median(sector) == pytest.approx(0.675, abs=0.03)
    city = run_prediction(ModelRun("r", {"industry": 1.0}, scope="city"), draws)
    assert (city > sector).all()
    ozone = run_prediction(
        ModelRun("r", {"VOC": 0.5}, item="o3_8h", season="warm", level=100.0), draws
    )
    assert (ozone < 1).all() and np.median(ozone) > 0.85


def test_shares_of_filters_are_evidence() -> None:
    """Measured inorganic share of 0.33."""
    draws = draw_air("华东", 4000, np.random.default_rng(11))
    after, _ = learned(
        draws,
        component_evidence({"inorganic": (0.33, 0.01)}, draws),
        2000,
        np.random.default_rng(12),
    )
    assert np.mean(after.pm25.inorganic) == pytest.approx(0.33, abs=0.01)
    with pytest.raises(UsageError):
        component_evidence({"soot": (0.1, 0.1)}, draws)


def test_a_table_of_runs_is_read(tmp_path: Path) -> None:
    """Defaults where a cell is empty."""
    path = tmp_path / "runs.csv"
    path.write_text(
        "name,item,season,response,sd,level,cut_NOx,cut_VOC,cut_industry\n"
        "a,pm25,cold,1.02,0.03,,0.3,,\n"
        "b,o3_8h,warm,0.97,,120,,0.4,\n"
        ",,,0.88,,,,,0.5\n",
        encoding="utf-8-sig",
    )
    runs = read_model_runs(path)
    assert [r.name for r in runs] == ["a", "b", "runs.csv:4"]
    assert runs[0] == ModelRun("a", {"NOx": 0.3}, 1.02, season="cold", sd=0.03)
    assert runs[1].cuts == {"VOC": 0.4} and runs[1].level == 120 and runs[1].sd == 0.02
    assert runs[2].season == "annual" and runs[2].cuts == {"industry": 0.5}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("response,cut_NOx,nonsense\n0.9,0.1,1\n", "nonsense"),
        ("response,cut_NOx\n,0.1\n", "runs.csv:2"),
        ("response,cut_NOx\n0.9,ten\n", "runs.csv:2"),
        ("response,cut_moon\n0.9,0.1\n", "moon"),
        ("response,cut_NOx,cut_industry\n0.9,0.1,0.2\n", "NOx, industry"),
        ("response,cut_NOx\n0.9,1.4\n", "1.4"),
        ("response,cut_NOx,season\n0.9,0.1,spring\n", "spring"),
        ("response,cut_NOx,item\n0.9,0.1,o3_8h\n", "season"),
        ("response,cut_NOx,item,season\n0.9,0.1,o3_8h,warm\n", "level"),
        ("response,cut_NOx,scope\n0.9,0.1,world\n", "world"),
        ("response,cut_industry,season\n0.9,0.1,cold\n", "sectors by season"),
        ("response,cut_NOx,sd\n0.9,0.1,-1\n", "error"),
    ],
)
def test_a_table_that_cannot_be_used(tmp_path: Path, text: str, said: str) -> None:
    """One clear sentence, with the place where there is one."""
    path = tmp_path / "runs.csv"
    path.write_text(text, encoding="utf-8")
    draws = draw_air("华北", 5, np.random.default_rng(1))
    with pytest.raises(InputError, match=said):
        model_run_evidence(read_model_runs(path), draws)


def test_evidence_that_does_not_fit() -> None:
    """None at all, different numbers of draws, no error."""
    with pytest.raises(UsageError):
        importance_weights([])
    with pytest.raises(UsageError):
        importance_weights(
            [Evidence("a", np.zeros(3), 0.0, 1.0), Evidence("b", np.zeros(4), 0.0, 1.0)]
        )
    with pytest.raises(InputError):
        Evidence("a", np.zeros(3), 0.0, 0.0)
    draws = draw_air("华北", 5, np.random.default_rng(1))
    with pytest.raises(UsageError):
        learned(draws, [Evidence("a", np.zeros(3), 0.0, 1.0)], 5, np.random.default_rng(1))
    with pytest.raises(UsageError):
        resampled_index(Weights(np.ones(3) / 3, 3.0), 0, np.random.default_rng(1))
