"""Scenarios on a workspace: the same paths as a run, forward, backward and two levers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.api import Workspace
from forecast.errors import ForecastError, InputError, UsageError
from forecast.projection.air_paths import untouched_days
from forecast.runs.request import Request
from forecast.runs.scenario_answer import Answer
from forecast.runs.scenario_packages import asked_packages, named_scenario
from forecast.runs.scenario_setting import open_setting
from forecast.scenario.packages import PACKAGES
from forecast.standards.items import AIR_ITEMS

_PATHS = 200
_ALL = ("SO2=20%", "NOx=20%", "VOC=20%", "NH3=20%", "PM25=20%", "PM10=20%", "CO=20%")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory, _made_sample: Path) -> Workspace:
    """The built-in sample, shared by tests that leave it as it is."""
    return Workspace(shutil.copytree(_made_sample, tmp_path_factory.mktemp("cuts") / "sample"))


@pytest.fixture(scope="module")
def example(sample: Workspace) -> Answer:
    """The answer of the sample's own scenario."""
    return sample.scenario("示例减排", paths=_PATHS)


def test_the_baseline_has_the_probabilities_of_the_run(
    air_with_cuts: Workspace, no_charts: None
) -> None:
    """The paths are those of ``forecast run``: every target has the same probability, to the bit."""
    run = air_with_cuts.run(paths=_PATHS)
    answer = air_with_cuts.scenario(cuts=["NOx=10%"], paths=_PATHS)
    asked = {
        t["id"]: t["probability"]
        for e in run.result["projections"]
        for t in e["targets"]
        if e["domain"] == "air" and t["probability"] is not None
    }
    base = answer.targets[answer.targets["package"] == ""].set_index("id")["probability"]
    shared = sorted(set(base.index) & set(asked))
    assert len(shared) >= 6
    assert [base[i] for i in shared] == [asked[i] for i in shared]


def test_a_run_takes_up_the_scenario_files(air_with_cuts: Workspace, no_charts: None) -> None:
    """A run holds the same answer as the command; a wrong file is named and left out."""
    wrong = air_with_cuts.root / "scenarios" / "错.toml"
    wrong.write_text('name = "x"\nregion = "衡水"\nmeasure = 1\n', encoding="utf-8")
    run = air_with_cuts.run(paths=_PATHS)
    (told,) = run.result["scenarios"]
    said = " ".join(w["en"] for w in run.result["warnings"])
    assert "measure is not a known key" in said
    assert {p["name"]: p["answered"] for p in told["packages"]} == {
        "示例:区域各项排放减两成": True,
        "衡水“十四五”规划措施": False,
    }
    alone = air_with_cuts.scenario("示例减排", paths=_PATHS)
    rows = [r for r in told["rows"] if r["package"] == "示例:区域各项排放减两成"]
    assert json.loads(json.dumps(rows)) == [r for r in alone.told["rows"] if r["package"]]


def test_a_changed_scenario_file_makes_another_run(
    air_with_cuts: Workspace, no_charts: None
) -> None:
    """The name of a run says which scenario files it held."""
    first = air_with_cuts.run(paths=100)
    file = air_with_cuts.root / "scenarios" / "示例减排.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('"20%"', '"25%"'), encoding="utf-8")
    second = air_with_cuts.run(paths=100)
    file.write_text(text, encoding="utf-8")
    again = air_with_cuts.run(paths=100)
    assert second.run_id != first.run_id
    assert (again.run_id, again.new) == (first.run_id, False)


def test_a_cut_of_everything_lowers_every_path(sample: Workspace) -> None:
    """Paired on the same paths: PM2.5 falls on every path, its chance does not fall."""
    answer = sample.scenario(cuts=_ALL, scope="region", paths=_PATHS)
    indicators = answer.indicators.set_index(["package", "indicator"])
    name = answer.packages[0].name
    row = indicators.loc[(name, "pm25_annual_mean")]
    assert row["change_share_worse"] == 0.0
    assert row["change_high"] <= 0.0 < -row["change_mean"]
    targets = answer.targets[answer.targets["package"] == name]
    pm25 = targets[targets["indicator"] == "pm25_annual_mean"]
    assert (pm25["change"] >= 0.0).all()
    # PM2.5 and ozone stand together.
    assert (name, "o3_8h_p90") in indicators.index


def test_observed_days_and_a_zero_cut_keep_their_bits(sample: Workspace) -> None:
    """A cut of nothing is the baseline on every path; days before the start are never touched."""
    setting = open_setting(sample._inner, Request(paths=_PATHS))
    year = setting.air_year
    (package,) = asked_packages(setting, [named_scenario(sample._inner, "示例减排")])
    assert package.cuts(0.0) == []
    cuts = package.whole[0]
    before = cuts.days < np.datetime64("2025-09-01")
    assert not cuts.values[:, before].any()
    assert cuts.values[:, ~before].any()
    assert year.baseline.values["pm25_annual_mean"].shape == (_PATHS,)
    # Half the year is observed: no path differs there.
    observed = setting.air.values[:, : setting.air.first] if setting.air else np.empty(0)
    assert np.ptp(observed, axis=0).max() == 0.0


def test_dust_and_fireworks_stay_as_they_are() -> None:
    """By the rule: the two days of the Spring Festival of 2026, and PM10 without its PM2.5."""
    days = np.array(["2026-02-16", "2026-02-17", "2026-02-18", "2026-04-01"], dtype="datetime64[D]")
    calm = np.full((2, 4, len(AIR_ITEMS)), 20.0, dtype=np.float32)
    calm[1, 3, AIR_ITEMS.index("pm10")] = 200.0
    found = untouched_days(calm, days)
    assert found.tolist() == [[True, True, False, False], [True, True, False, True]]


def test_the_inverse_fed_forward_gives_what_was_asked(sample: Workspace) -> None:
    """P at the scale that was found is the asked one within its Monte-Carlo error, on the same and
    on other paths."""
    cuts = ["SO2=10%", "NOx=10%", "VOC=10%", "PM25=10%", "NH3=10%"]
    asked = {"paths": 2000, "start": "2025-07-01", "scope": "region"}
    solved = sample.solve_scenario(cuts=cuts, targets=["hengshui-2025-pm25-firm"], **asked)
    (row,) = solved.told["solutions"]
    assert row["scale"] is not None
    scaled = [f"{c.split('=')[0]}={10 * row['scale']:.10g}%" for c in cuts]
    errors = []
    for seed in (None, 7):
        again = sample.scenario(cuts=scaled, seed=seed, **asked)
        found = again.targets[
            (again.targets["package"] != "") & (again.targets["id"] == "hengshui-2025-pm25-firm")
        ]
        errors.append(abs(float(found["probability"].iloc[0]) - 0.8))
    error = float(np.sqrt(0.8 * 0.2 / 2000))
    assert errors[0] < 0.5 * error
    # Two samples of 2,000 paths: their difference has 1.4 errors; four of these are never seen.
    assert errors[1] < 4 * np.sqrt(2) * error


def test_what_is_out_of_reach_is_said(sample: Workspace) -> None:
    """Not reachable: the largest P inside the domain, no scale, no tonnes."""
    solved = sample.solve_scenario(
        cuts=["CO=10%"], targets=["hengshui-2025-good-day-ratio-stretch"], paths=_PATHS,
        probability=0.99,
    )  # fmt: skip
    (row,) = solved.told["solutions"]
    assert row["scale"] is None
    assert row["tonnes"] == []
    assert row["most"] < 0.99
    assert any("not reachable inside the valid domain" in s["en"] for s in row["sentences"])


def test_two_levers_make_a_map(sample: Workspace) -> None:
    """No cut of either is the baseline; more VOC never lowers the chance of good days."""
    made = sample.lever_map("NOx", "VOC", paths=_PATHS, steps=2, most=40)
    base = sample.scenario(cuts=["NOx=10%"], paths=_PATHS).targets
    ratio = base[(base["package"] == "") & (base["id"] == made.found.target.id)]
    assert made.found.chances[0, 0] == ratio["probability"].iloc[0]
    assert (np.diff(made.found.chances, axis=1) >= 0.0).all()
    assert made.table.shape == (9, 6)


@pytest.mark.parametrize("name", PACKAGES)
def test_the_plans_own_scenarios_run(sample: Workspace, name: str) -> None:
    """Every lever is answered or named with what is missing; the file may be tried elsewhere."""
    answer = sample.scenario(name, region="衡水", paths=100)
    told = answer.told
    scenario = named_scenario(sample._inner, name).scenario
    named = {row["measure"] for row in told["not_quantified"]}
    assert {lever.lever for lever in scenario.not_quantifiable} <= named
    assert len([r for r in told["rows"] if r["package"] == ""]) > 10
    if name != "hengshui":
        assert any(f["rule"] == "foreign" for f in told["findings"])
    assert {"conditional", "untouched_days"} <= {f["rule"] for f in told["findings"]}


def test_a_plan_with_an_inventory_is_quantified(tmp_path: Path, sample: Workspace) -> None:
    """Hengshui's tonnes become percent with emissions: 4,000 t of 40,000 t, built up over five years.

    By mid-2025 nine tenths of the ramp are in the record: what is left is a tenth of 10 % at most.
    """
    text = (sample.root / "scenarios" / "衡水.toml").read_text(encoding="utf-8")
    rows = "".join(
        f'\n[[emissions]]\nyear = 2023\npollutant = "{p}"\namount = "{t} t"\n'
        for p, t in (("NOx", 40_000), ("VOC", 23_000))
    )
    file = tmp_path / "清单.toml"
    file.write_text(text + rows, encoding="utf-8")
    answer = sample.scenario(file, paths=_PATHS, start=None)
    assert answer.answered
    tonnes = answer.tonnes.set_index("pollutant")
    assert 0.0 < tonnes.loc["NOx", "cut_t"] < 400.0
    assert {r["measure"] for r in answer.told["not_quantified"]} >= {"化学需氧量减排", "氨氮减排"}
    graded = {r["parameter"]: r["grade"] for r in answer.told["defaults"]}
    assert graded["inventory_NOx"] == "verified"


def test_every_default_stands_with_its_grade(example: Answer) -> None:
    """Nothing behind an answer is without a grade of evidence and a source."""
    told = example.told
    assert len(told["defaults"]) > 25
    assert all(row["grade"] and row["source"] for row in told["defaults"])
    names = {row["parameter"] for row in told["defaults"]}
    assert {"P", "L", "delta", "compliance", "untouched_dust"} <= names
    # Without an inventory no error of one enters.
    assert not any(name.startswith("inventory") for name in names)
    assert all(row["grade"] and row["source"] for row in told["regimes"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("NOx=120%", "over 100 %"),
        ("NOx=20", "no unit"),
        ("碳=20%", "no sector"),
        ("smelters:NOx=20%", "no sector"),
        ("NOx", "is not a cut"),
    ],
)
def test_a_wrong_cut_is_one_sentence(sample: Workspace, text: str, said: str) -> None:
    """What is wrong, and what to write instead."""
    with pytest.raises(ForecastError) as caught:
        sample.scenario(cuts=[text], paths=100)
    assert said in str(caught.value)
    assert caught.value.cure


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('cut = "20%"\nstart = 2026-02-01', "after 2025-12-31"),
        ('cut = "100%"\nstart = 2025-08-01\nsector = "mining"', "no sector"),
        ('cut = "2200万吨"\nstart = 2025-08-01', "nation"),
        (
            'cut = "4万吨"\nstart = 2025-08-01\n[[emissions]]\nyear = 2023\npollutant = "NOx"\n'
            'amount = "4000 t"',
            "over 100 %",
        ),
        ('rise = "60%"\nstart = 2025-08-01', "over 50 %"),
    ],
)
def test_a_wrong_file_is_one_sentence(
    tmp_path: Path, sample: Workspace, lines: str, said: str
) -> None:
    """The file, the measure, what is wrong."""
    file = tmp_path / "坏.toml"
    file.write_text(
        f'name = "坏"\nregion = "衡水"\n[[measures]]\nname = "m"\npollutants = ["NOx"]\n{lines}\n',
        encoding="utf-8",
    )
    with pytest.raises(ForecastError) as caught:
        sample.scenario(file, paths=100)
    assert said in str(caught.value)
    assert "坏.toml" in str(caught.value)


def test_nox_alone_in_winter_and_an_old_inventory_are_warned_of(
    tmp_path: Path, sample: Workspace
) -> None:
    """Both warnings stand beside the answer, and confidence is capped."""
    file = tmp_path / "冬.toml"
    file.write_text(
        'name = "冬"\nregion = "衡水"\n[[emissions]]\nyear = 2014\npollutant = "NOx"\n'
        'amount = "40000 t"\n[[measures]]\nname = "m"\npollutants = ["NOx"]\ncut = "20%"\n'
        "start = 2025-11-01\n",
        encoding="utf-8",
    )
    told = sample.scenario(file, paths=_PATHS).told
    rules = {f["rule"]: f["en"] for f in told["findings"]}
    assert "nitrate may rise" in rules["winter_nitrate"]
    assert "11 years" in rules["old_inventory"]
    assert rules["unchecked"].startswith("Confidence: low")
    assert "city_only" in rules


def test_a_year_that_is_over_can_not_be_changed(sample: Workspace) -> None:
    """One sentence with the cure."""
    with pytest.raises(ForecastError, match="2024 is over"):
        sample.scenario(cuts=["NOx=10%"], year=2024)


def test_a_new_file_never_replaces_one(sample_workspace: Workspace) -> None:
    """It is refused unless asked for; the file written loads as it is."""
    with pytest.raises(UsageError, match="is there already"):
        sample_workspace.new_scenario()
    path = sample_workspace.new_scenario(out=sample_workspace.root / "新.toml")
    assert named_scenario(sample_workspace._inner, str(path)).scenario.region == "衡水"
    assert sample_workspace.new_scenario(overwrite=True).name == "衡水.toml"


def test_the_region_of_a_file_has_to_be_there(sample: Workspace) -> None:
    """Without ``region`` a file of another city is refused; a name without a file says so."""
    with pytest.raises(ForecastError, match="no readings of the region 张家界"):
        sample.scenario("zhangjiajie")
    with pytest.raises(InputError, match="no scenario file 没有"):
        sample.scenario("没有")


def test_the_order_and_company_of_packages_change_nothing(
    sample: Workspace, example: Answer
) -> None:
    """A package has the same answer alone, first or last: common random numbers."""
    alone = example.targets
    both = sample.scenario("hengshui", "示例减排", paths=_PATHS).targets
    name = "示例:区域各项排放减两成"
    pd.testing.assert_frame_equal(
        alone[alone["package"] == name].reset_index(drop=True),
        both[both["package"] == name].reset_index(drop=True),
    )


def test_threads_change_nothing(sample: Workspace, example: Answer) -> None:
    """One thread and three give the same rows."""
    three = sample.scenario("示例减排", paths=_PATHS, jobs=3).told["rows"]
    assert example.told["rows"] == three


def test_a_real_city_answers(real_data: Path, tmp_path: Path) -> None:
    """A real record: a regional cut helps PM2.5, the hindcast stands with the answer."""
    workspace = Workspace.create(tmp_path / "W")
    workspace.ingest([real_data / "air" / "city_daily_o3_8h" / "北京.csv"])
    answer = workspace.scenario(cuts=_ALL, scope="region", paths=_PATHS, as_of="2016-08-31")
    told = answer.told
    change = answer.indicators.set_index(["package", "indicator"])["change_mean"]
    assert change[(answer.packages[0].name, "pm25_annual_mean")] < 0.0
    assert told["hindcast"]["sentences"]
    assert len(told["hindcast"]["rows"]) == int(told["hindcast"]["done"])


def test_a_prior_moves_the_chance_the_right_way(tmp_path: Path, sample: Workspace) -> None:
    """A larger discrepancy δ, and a larger share of primary particles, make a cut do more."""
    chances = {}
    for name, value in (("delta", 0.7), ("delta", 1.6), ("P", 0.25), ("P", 0.55)):
        file = tmp_path / f"{name}{value}.toml"
        cuts = "".join(
            f'[[measures]]\nname = "{p}"\npollutants = ["{p}"]\ncut = "30%"\nscope = "region"\n'
            "start = 2025-07-01\n"
            for p in ("SO2", "PM25")
        )
        file.write_text(
            f'name = "s"\nregion = "衡水"\n[response.overrides]\n{name} = {value}\n{cuts}',
            encoding="utf-8",
        )
        answer = sample.scenario(file, paths=_PATHS)
        own = answer.targets[answer.targets["package"] == "s"].set_index("id")
        chances[name, value] = own.loc["hengshui-2025-pm25-firm", "probability"]
        grades = {r["parameter"]: r["grade"] for r in answer.told["defaults"]}
        assert grades[name] == "user"
    assert chances["delta", 1.6] > chances["delta", 0.7]
    assert chances["P", 0.55] > chances["P", 0.25]


_WORKS = """
name = "提标"
region = "衡水"
[[water_sections]]
name = "示例断面08"
flow_m3s = {flow}
[[water_sources]]
section = "示例断面08"
name = "污水厂"
kind = "point"
load = {{ codmn = 900.0, nh3n = 330.0, tp = 30.0 }}
distance_km = 4.0
[[water_sources]]
section = "示例断面08"
name = "农田"
kind = "farmland"
load = {{ codmn = 700.0, nh3n = 60.0, tp = 20.0 }}
distance_km = 4.0
[[measures]]
name = "提标改造"
sector = "point"
pollutants = ["COD", "NH3N", "TP"]
cut = "{cut}"
start = 2025-07-01
compliance = 1.0
"""


def test_a_cut_of_loads_moves_the_class_of_its_section(tmp_path: Path, sample: Workspace) -> None:
    """Means of its items fall, better classes gain; other sections and the air stay as they are."""
    file = tmp_path / "厂.toml"
    file.write_text(_WORKS.format(flow=12.0, cut="80%"), encoding="utf-8")
    told = sample.scenario(file, paths=_PATHS).told
    base, cut = told["sections"]
    assert (base["package"], cut["package"], cut["section"]) == ("", "提标", "示例断面08")
    for item in ("codmn", "nh3n", "tp"):
        assert cut["means"][item] < base["means"][item]
    better = [sum(row["classes"][c] for c in ("I", "II", "III")) for row in (base, cut)]
    assert better[1] >= better[0]
    shares = {
        r["package"]: r["probability"] for r in told["water"] if r["indicator"] == "share_class_iii"
    }
    assert shares["提标"] >= shares[""]
    assert told["rows"] == []
    assert any(f["rule"] == "balance" for f in told["findings"])


def test_a_balance_that_does_not_close_is_said(tmp_path: Path, sample: Workspace) -> None:
    """Ten times the flow: the modelled concentration is far below the observed one."""
    file = tmp_path / "厂.toml"
    file.write_text(_WORKS.format(flow=200.0, cut="80%"), encoding="utf-8")
    told = sample.scenario(file, paths=100).told
    said = " ".join(f["en"] for f in told["findings"])
    assert "balance not closed" in said.lower()


def test_water_without_a_section_says_what_is_missing(tmp_path: Path, sample: Workspace) -> None:
    """A percentage of COD needs what stands above a section."""
    file = tmp_path / "无.toml"
    text = _WORKS.format(flow=12.0, cut="30%")
    file.write_text(text[: text.index("[[water_sections]]")] + text[text.index("[[measures]]") :],
                    encoding="utf-8")  # fmt: skip
    answer = sample.scenario(file, paths=100)
    assert not answer.answered
    assert "[[water_sections]]" in answer.told["not_quantified"][0]["en"]


def test_a_target_on_water_is_solved_for(tmp_path: Path, sample: Workspace) -> None:
    """The share of sections: out of reach by one section alone, or reached, never a traceback."""
    file = tmp_path / "厂.toml"
    file.write_text(_WORKS.format(flow=12.0, cut="50%"), encoding="utf-8")
    solved = sample.solve_scenario(file, targets=["share_class_iii"], paths=_PATHS)
    (row,) = solved.told["solutions"]
    assert row["most"] >= 0.0
    assert row["largest"] <= 2.0 + 1e-9
    assert row["sentences"]


def test_one_file_that_fails_late_leaves_the_others_alone(
    sample_workspace: Workspace, no_charts: None
) -> None:
    """A model of sectors asked of a cut of one pollutant: named, and the other file is answered."""
    bad = sample_workspace.root / "scenarios" / "坏.toml"
    bad.write_text(
        'name = "坏"\nregion = "衡水"\n[response]\npm25_model = "sectors"\n[[measures]]\nname = "m"\n'
        'pollutants = ["NOx"]\ncut = "20%"\nstart = 2025-08-01\n',
        encoding="utf-8",
    )
    run = sample_workspace.run(paths=100)
    (told,) = run.result["scenarios"]
    assert "示例:区域各项排放减两成" in {p["name"] for p in told["packages"]}
    assert any("坏.toml" in w["en"] for w in run.result["warnings"])


def test_water_after_its_last_sample_is_in_no_record(tmp_path: Path, sample: Workspace) -> None:
    """The origin of water is the last sample of the region, whatever the air knows."""
    setting = open_setting(sample._inner, Request(paths=100))
    last = setting.panel.water["time"].max().date()
    assert setting.water_known == min(last, setting.as_of)
