"""What limits a package on water, on a workspace: domain, confidence, origin, what is missing."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from forecast.api import Workspace
from forecast.errors import InputError
from forecast.runs.request import Request
from forecast.runs.scenario_answer import answer
from forecast.runs.scenario_packages import (
    AskedPackage,
    NamedScenario,
    asked_packages,
    check_package,
)
from forecast.runs.scenario_setting import ScenarioSetting, open_setting
from forecast.scenario.scenario_file import load_scenario

_PATHS = 200
_FILE = """
name = "{name}"
region = "衡水"
[[water_sections]]
name = "示例断面08"
flow_m3s = {flow}
[[water_sources]]
section = "示例断面08"
name = "污水厂"
kind = "point"
load = {{ cod = 2700.0, nh3n = 330.0, tp = 30.0 }}
distance_km = 4.0
[[water_sources]]
section = "示例断面08"
name = "农田"
kind = "farmland"
load = {{ cod = 2100.0, nh3n = 60.0, tp = 20.0 }}
distance_km = 4.0
[[measures]]
name = "提标改造"
sector = "{sector}"
pollutants = ["NH3N"]
{change}
start = {start}
compliance = {compliance}
{more}
"""


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory, _made_sample: Path) -> Workspace:
    """The built-in sample, shared by tests that leave it as it is."""
    return Workspace(shutil.copytree(_made_sample, tmp_path_factory.mktemp("limits") / "sample"))


@pytest.fixture(scope="module")
def setting(sample: Workspace) -> ScenarioSetting:
    return open_setting(sample._inner, Request(paths=_PATHS))


def _write(folder: Path, **given: object) -> Path:
    full = {"name": "提标", "flow": 12.0, "sector": "point", "change": 'cut = "80%"', "start": "2025-07-01",
            "compliance": 1.0, "more": "", **given}  # fmt: skip
    file = folder / f"{full['name']}.toml"
    file.write_text(_FILE.format(**full), encoding="utf-8")
    return file


def _package(setting: ScenarioSetting, file: Path) -> AskedPackage:
    return asked_packages(setting, [NamedScenario(load_scenario(file), str(file))])[0]


def test_limits_of_water_are_said_once(tmp_path: Path, setting: ScenarioSetting) -> None:
    """80 % of the works is an extrapolation, nothing is checked, a balance that does not close and the
    refusal that follows are one sentence, no livestock stands above, 2015 is not known."""
    names = {
        "深": {},
        "大": {"flow": 2000.0},
        "畜": {"sector": "livestock"},
        "旧": {"more": "against = 2015"},
    }
    packages = [_package(setting, _write(tmp_path, name=n, **given)) for n, given in names.items()]
    told = answer(setting, packages).told
    own = {n: [f for f in told["findings"] if f["package"] == n] for n in names}
    (deep,) = [f for f in own["深"] if f["rule"] == "extrapolation"]
    assert "NH3-N of point sources above 示例断面08 (0.20)" in deep["en"]
    (low,) = [f for f in own["深"] if f["rule"] == "unchecked"]
    assert low["kind"] == "confidence"
    assert [f["rule"] for f in own["大"] if "not closed for NH3-N" in f["en"]] == ["balance"]
    assert "no_effect" in {f["rule"] for f in own["畜"]}
    for found in own.values():
        assert len({f["zh"] for f in found}) == len(found)
    assert {p["name"] for p in told["packages"] if not p["answered"]} == {"旧"}
    (why,) = told["not_quantified"]
    assert "loads of ammonia nitrogen in 2015" in why["en"]


def test_growth_beyond_every_response_is_refused(tmp_path: Path, setting: ScenarioSetting) -> None:
    """198 t more on 330 t are 1.6 of the load."""
    file = _write(tmp_path, change='rise = "198 t"')
    with pytest.raises(InputError, match=r"outside 0–1.5.*\(1.60\)"):
        check_package(_package(setting, file))


@pytest.mark.parametrize(
    ("change", "compliance", "largest"),
    [
        # 0.6 of the load over the cut; of 90 % that may be put into effect in full, all of it.
        ('cut = "20%"', "1.0", 3.0),
        ('cut = "80%"', "1.0", 0.75),
        ('cut = "99 t"', "1.0", 2.0),
        ('cut = "90%"', "{ mean = 0.3, low = 0.0, high = 1.0, concentration = 4.0 }", 1 / 0.9),
    ],
)
def test_the_largest_scale_leaves_0_4_of_a_kind(
    change: str, compliance: str, largest: float, tmp_path: Path, setting: ScenarioSetting
) -> None:
    """Or, where little of a cut is put into effect, all of it on the draw that does most."""
    package = _package(setting, _write(tmp_path, change=change, compliance=compliance))
    assert package.largest() == pytest.approx(largest)


def test_the_scale_leaves_what_the_record_holds(tmp_path: Path, setting: ScenarioSetting) -> None:
    """Half of 40 % stands at the origin: 0.6/0.8 of the load are left at λ = 1, 0.4/0.8 at 2."""
    origin = setting.water_known
    start, full = origin - timedelta(days=9), origin + timedelta(days=10)
    more = f'shape = "linear"\nfull = {full}'
    package = _package(setting, _write(tmp_path, change='cut = "40%"', start=start, more=more))
    for scale, left in ((0.5, 0.7 / 0.8), (1.0, 0.6 / 0.8), (2.0, 0.4 / 0.8)):
        rows = package.load_multipliers(scale)
        assert [r.low for r in rows] == pytest.approx([left])
    assert package.largest() == pytest.approx(0.6 / 0.25)
    assert package.water(0.0) == {}
    factors = {s: package.water(s)["示例断面08"] for s in (1.0, 2.0)}
    at = factors[1.0].items.index("nh3n")
    share = package.responses["示例断面08"].shares["nh3n"].values[:, -1, 0]
    one, two = (f.values[:, -1, at] for f in factors.values())
    # By December nearly all has arrived, and what is held goes out of the ratio.
    assert two / one == pytest.approx((1.0 - 0.6 * share) / (1.0 - 0.4 * share), abs=0.02)


def test_a_measure_that_stands_changes_nothing(tmp_path: Path, setting: ScenarioSetting) -> None:
    """Warm months of two years held it: no month moves, none rises."""
    file = _write(tmp_path, start="2022-10-01", more='season = "warm"', change='cut = "40%"')
    factors = _package(setting, file).water()["示例断面08"]
    assert factors.values.max() <= 1.0 + 1e-6
    assert factors.values.min() > 1.0 - 1e-3
