"""Learned parameters: the same draws for every package, evidence that moves them the right way."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.errors import InputError, UsageError
from forecast.projection.panel import Panel
from forecast.runs.scenario_learning import PRIOR_DRAWS, LearnedAir, learn_air
from forecast.scenario.ozone import REGIMES
from forecast.scenario.scenario_file import scenario_of_text
from forecast.scenario.scenario_model import Scenario
from forecast.targets.applied import Applied

_MEASURE = '[[measures]]\nname = "减"\npollutants = ["SO2"]\ncut = "30%"\nstart = 2025-01-01\n'


def _panel(last: float = 80.0, no2: tuple[float, float] | None = None) -> Panel:
    """PM2.5 of 100 in 2014 and of ``last`` in 2017, NO2 by half-year."""
    days = pd.date_range("2014-01-01", "2017-12-31")
    noise = np.exp(0.1 * np.random.default_rng(2).standard_normal(len(days)))
    fall = 1 + (last / 100 - 1) * (days.year.to_numpy() - 2014) / 3
    frame = {"region": "衡水市", "place": "衡水", "place_kind": "city", "date": days, "basis": ""}
    parts = [pd.DataFrame({**frame, "item": "pm25", "value": 100 * fall * noise})]
    if no2 is not None:
        warm = days.month.isin(range(4, 10))
        parts.append(pd.DataFrame({**frame, "item": "no2", "value": np.where(warm, *no2)}))
    return Panel(pd.concat(parts, ignore_index=True), pd.DataFrame({"region": []}), Applied(()))


def _learn(
    text: str = "",
    *,
    panel: Panel | None = None,
    n: int = 1000,
    seed: int = 1,
    folder: Path | None = None,
) -> LearnedAir:
    scenario = scenario_of_text(f'name = "a"\nregion = "衡水市"\n{text}', "a.toml")
    return learn_air(
        _panel() if panel is None else panel, "衡水市", "衡水", scenario, None, n=n, seed=seed,
        as_of=date(2017, 12, 31), folder=folder,
    )  # fmt: skip


_EMPTY = Panel(
    _panel().air.iloc[:0], pd.DataFrame({"region": []}), Applied(())
)  # fmt: skip


def test_the_same_draws_whatever_package_is_asked() -> None:
    """Measures, name and growth change nothing, a second time neither; the seed does."""
    one, other = _learn(), _learn(f"[growth]\nall = 2.0\n{_MEASURE}")
    again, elsewhere = _learn(), _learn(seed=2)
    for name in ("pm25", "sectors", "ozone", "rollback"):
        a, b, c = (getattr(x.draws, name) for x in (one, other, again))
        for field in a.__dataclass_fields__:
            assert np.array_equal(getattr(a, field), getattr(b, field)), f"{name}.{field}"
            assert np.array_equal(getattr(a, field), getattr(c, field)), f"{name}.{field}"
    assert one.draws.n == 1000 and one.prior.n == PRIOR_DRAWS
    assert not np.array_equal(one.draws.pm25.discrepancy, elsewhere.draws.pm25.discrepancy)


def test_a_record_that_fell_more_raises_the_discrepancy() -> None:
    """And one that hardly fell lowers it; the size of what is left is reported."""
    more, less = _learn(panel=_panel(50.0)), _learn(panel=_panel(97.0))
    before = np.median(more.prior.pm25.discrepancy)
    assert np.median(more.draws.pm25.discrepancy) > 1.1 * before
    assert np.median(less.draws.pm25.discrepancy) < 0.9 * before
    for one in (more, less):
        assert one.weights is not None
        assert one.told_learning["effective_size"] == pytest.approx(
            one.weights.effective_size, abs=0.1
        )
        assert 200 < one.weights.effective_size < PRIOR_DRAWS
    (row,) = [r for r in more.told_learning["rows"] if r["parameter"] == "delta"]
    assert row["median"] > row["prior_median"] and row["low"] > row["prior_low"]
    assert "the hindcast of 2014 to 2017" in more.told_learning["sentences"][0]["en"]
    assert "2014—2017 年回溯" in more.told_learning["sentences"][0]["zh"]


def test_weights_are_those_of_the_likelihood() -> None:
    """The log weights differ as the squares of the evidence do."""
    found = _learn()
    (one,) = found.hindcast.evidence
    assert found.weights is not None
    w = found.weights.values
    square = ((one.predicted - one.observed) / one.sd) ** 2
    ratio = np.log(w[:50]) - np.log(w[50:100])
    assert ratio == pytest.approx(-0.5 * (square[:50] - square[50:100]))


def test_a_record_far_out_is_warned_of() -> None:
    """PM2.5 to a quarter under small cuts: too few draws are left, and the prior stands."""
    tiny = "".join(
        f'[[past_changes]]\npollutant = "{p}"\nfrom_year = 2014\nto_year = 2017\nchange_percent = -20\n'
        for p in ("SO2", "NOx", "NH3", "VOC", "PM25")
    )
    found = _learn(tiny, panel=_panel(25.0))
    assert {f.rule for f in found.findings} == {"not_learned"}
    assert "do not explain the record" in found.findings[0].en
    assert found.weights is None
    assert found.effective_size is not None
    assert found.effective_size < 50.0
    assert found.told_learning["rows"] == []
    # Nothing of the prior is lost: every draw differs, and they are those of no evidence at all.
    assert len(np.unique(found.index)) == found.draws.n
    assert (found.draws.pm25.discrepancy == _learn(panel=_EMPTY).draws.pm25.discrepancy).all()
    assert all(f.kind == "warning" and f.zh and f.en for f in found.findings)
    assert any("effective sample" in s["en"] for s in found.told_learning["sentences"][1:])
    assert not _learn().findings
    fixed = _learn(tiny + "[response]\noverrides.delta = 1.2\n", panel=_panel(25.0))
    assert "discrepancy" not in {f.rule for f in fixed.findings}


def test_without_a_record_the_priors_stand() -> None:
    """The reason is told, nothing is weighed, each draw stands at most once."""
    found = _learn(panel=_EMPTY)
    assert found.weights is None and not found.findings
    assert found.told_learning["effective_size"] is None and not found.told_learning["rows"]
    assert not found.told["hindcast"]["done"]
    delta = found.draws.pm25.discrepancy
    assert len(np.unique(delta)) == 1000 and np.isin(delta, found.prior.pm25.discrepancy).all()


def test_own_numbers_are_taken_and_printed_as_such() -> None:
    """A number fixes, a range spreads; both have the grade user and the others keep theirs."""
    text = "[response]\noverrides = { L = 0.5, S = [0.30, 0.34] }\n"
    found = _learn(text, panel=_EMPTY)
    assert (found.draws.pm25.local == 0.5).all()
    assert np.quantile(found.prior.pm25.inorganic, [0.1, 0.9]) == pytest.approx(
        [0.3, 0.34], abs=0.004
    )
    rows = {r["parameter"]: r for r in found.defaults}
    assert {p for p, r in rows.items() if r["grade"] == "user"} == {"L", "S"}
    assert (rows["S"]["q10"], rows["S"]["q90"]) == (
        pytest.approx(0.3, abs=1e-3),
        pytest.approx(0.34, abs=1e-3),
    )
    assert rows["L"]["source"] == "情景文件 scenario file"
    plain = {r["parameter"]: r for r in _learn(panel=_EMPTY).defaults}
    assert plain.keys() == rows.keys() and plain["e_nox_warm"] == rows["e_nox_warm"]
    assert {"delta", "o3_amplitude", "pm10_dust", "sector_scale"} <= rows.keys()
    assert all(r["zh"] and r["en"] and r["source"] for r in rows.values())


def test_the_elasticity_of_so2_stands_higher_in_2013() -> None:
    """A small e_so2 of today predicts a smaller fall of the record as well."""
    small = _learn("[response]\noverrides.e_so2 = 0.03\n").hindcast.rows()[0]
    large = _learn("[response]\noverrides.e_so2 = 0.20\n").hindcast.rows()[0]
    assert large["median"] < small["median"] - 0.05


def test_regimes_of_the_users_own() -> None:
    """Drawn as given, told with the grade user; the other season keeps the table's."""
    found = _learn("[response]\nregimes.warm = [0.1, 0.2, 0.7]\n", panel=_EMPTY, n=PRIOR_DRAWS)
    warm, cold = found.regimes
    assert [warm[r] for r in REGIMES] == [0.1, 0.2, 0.7] and warm["grade"] == "user"
    assert [cold[r] for r in REGIMES] == [0.85, 0.1, 0.05] and cold["grade"] == "judgement"
    shares = np.bincount(found.draws.ozone.regime[0], minlength=3) / PRIOR_DRAWS
    assert shares == pytest.approx([0.1, 0.2, 0.7], abs=0.02)


def test_two_sets_of_thresholds_widen_the_mixture() -> None:
    """HCHO/NO2 of 2.1 is VOC-limited by one pair and NOx-limited by the other; by hand from the votes."""
    found = _learn("[response]\nhcho_no2.warm = 2.1\n", panel=_EMPTY)
    base = np.array([0.5, 0.3, 0.2])
    votes = [base * np.array([0.65, 0.25, 0.10]), base * np.array([0.10, 0.25, 0.65])]
    want = np.mean([v / v.sum() for v in votes], axis=0)
    warm = found.regimes[0]
    assert [warm[r] for r in REGIMES] == pytest.approx(want.tolist(), abs=1e-4)
    assert warm["grade"] == "judgement" and "HCHO/NO2 2.1" in warm["source"]
    assert found.regimes[1]["grade"] == "judgement" and "HCHO" not in found.regimes[1]["source"]


def test_no2_of_the_record_or_of_the_file() -> None:
    """The same means either way; a record without them is refused with the cure."""
    panel = _panel(no2=(30.0, 55.0))
    record = _learn("[response]\nno2_from_record = true\n", panel=panel)
    file = _learn("[response]\nno2 = { warm = 30, cold = 55 }\n", panel=panel)
    assert record.regimes == file.regimes
    assert record.regimes[0]["limited"] > 0.2 and "NO2 30 µg/m³" in record.regimes[0]["source"]
    with pytest.raises(InputError, match=r"the last year of 衡水 has 0 days") as caught:
        _learn("[response]\nno2_from_record = true\n")
    assert "no2 = { warm" in caught.value.cure


def test_a_suburb_is_nearer_to_nox_limited() -> None:
    """In the warm half-year alone."""
    town, plain = _learn("[response]\nsuburban = true\n", panel=_EMPTY), _learn(panel=_EMPTY)
    assert town.regimes[0]["limited"] > plain.regimes[0]["limited"]
    assert town.regimes[1] == plain.regimes[1]


def test_measured_shares_move_the_shares() -> None:
    """And are named among what was learned from."""
    found = _learn("[response]\ncomponents.primary = [0.30, 0.01]\n", panel=_EMPTY)
    assert np.mean(found.draws.pm25.primary) == pytest.approx(0.30, abs=0.01)
    assert np.mean(found.prior.pm25.primary) > 0.36
    assert "measured shares" in found.told_learning["sentences"][0]["en"]


def test_runs_of_a_model_move_what_they_speak_of(tmp_path: Path) -> None:
    """PM2.5 answers less, and ozone that rises with NOx cuts is saturated."""
    (tmp_path / "runs.csv").write_text(
        "name,item,season,response,sd,level,cut_NOx,cut_PM25\n"
        "a,pm25,annual,0.95,0.02,,,0.3\n"
        "b,o3_8h,warm,1.05,0.02,130,0.3,\n",
        encoding="utf-8",
    )
    found = _learn('[response]\nmodel_runs = "runs.csv"\n', panel=_EMPTY, folder=tmp_path)
    plain = _learn(panel=_EMPTY)
    assert np.median(found.draws.pm25.discrepancy) < np.median(found.prior.pm25.discrepancy)
    assert found.regimes[0]["saturated"] > plain.regimes[0]["saturated"] + 0.2
    shares = np.bincount(found.draws.ozone.regime[0], minlength=3) / found.draws.n
    assert [found.regimes[0][r] for r in REGIMES] == pytest.approx(shares.tolist(), abs=0.01)
    said = " ".join(s["en"] for s in found.told_learning["sentences"])
    assert "2 runs of a model" in said and "sector model of PM2.5 learns nothing" in said
    with pytest.raises(InputError, match="can't be read"):
        _learn('[response]\nmodel_runs = "none.csv"\n', panel=_EMPTY, folder=tmp_path)


def test_runs_by_sector_teach_the_sector_model(tmp_path: Path) -> None:
    """Industry halved takes more than the share expected."""
    (tmp_path / "runs.csv").write_text(
        "response,sd,cut_industry\n0.80,0.01,0.5\n", encoding="utf-8"
    )
    found = _learn('[response]\nmodel_runs = "runs.csv"\n', panel=_EMPTY, folder=tmp_path)
    place = found.draws.sectors
    assert np.median(place.shares[:, 1]) > np.median(found.prior.sectors.shares[:, 1])
    assert "sector model" not in str(found.told_learning["sentences"])


def test_what_is_told_is_plain_json() -> None:
    """No NaN, nothing of numpy; the keys of the answer."""
    told = _learn("[response]\noverrides.L = 0.5\ncomponents.primary = [0.3, 0.05]\n").told
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert set(told) == {"hindcast", "learning", "regimes", "defaults"}
    assert set(told["learning"]) == {"effective_size", "sentences", "rows"}
    assert set(told["defaults"][0]) == {
        "parameter", "zh", "en", "distribution", "q10", "median", "q90", "grade", "source",
    }  # fmt: skip


def test_uptake_is_off_unless_asked_for() -> None:
    """Nought in the draws and in the table."""
    off, on = _learn(panel=_EMPTY), _learn("[response]\nuptake = true\n", panel=_EMPTY)
    assert not off.draws.ozone.uptake.any() and on.draws.ozone.uptake.any()
    rows = {r["parameter"]: r for r in off.defaults}
    assert rows["o3_uptake"]["q90"] == 0.0


def test_a_place_that_is_not_known() -> None:
    """The sentence of the regions of defaults."""
    with pytest.raises(UsageError, match="not among those whose defaults"):
        learn_air(
            _EMPTY, "月球市", "月球", Scenario(name="a", region="月球市"), None, n=5, seed=1,
            as_of=date(2017, 12, 31),
        )  # fmt: skip
