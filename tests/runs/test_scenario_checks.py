"""What stands beside an answer: rises asked of the draws, models named, confidence capped, maps warned."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from forecast.api import Workspace
from forecast.errors import UsageError
from forecast.runs.scenario_checks import differing_models

_PATHS = 300
_ASKED: dict[str, Any] = {"paths": _PATHS, "start": "2025-07-01", "scope": "region"}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory, _made_sample: Path) -> Workspace:
    """The built-in sample, shared by tests that leave it as it is."""
    return Workspace(shutil.copytree(_made_sample, tmp_path_factory.mktemp("checks") / "sample"))


def _said(told: dict[str, Any], rule: str) -> list[dict[str, Any]]:
    return [f for f in told["findings"] if f["rule"] == rule]


def test_a_trace_of_voc_silences_nothing(sample: Workspace) -> None:
    """PM2.5 of the winter rises all the same, and both probabilities are in the sentences."""
    for cuts in (["NOx=20%"], ["NOx=20%", "VOC=0.1%"], ["NOx=20%", "NH3=5%"], ["NOx=55%"]):
        told = sample.scenario(cuts=cuts, **_ASKED).told
        (nitrate,) = _said(told, "winter_nitrate")
        assert "rises with probability" in nitrate["en"]
        assert "升高的概率" in nitrate["zh"]
        (ozone,) = _said(told, "ozone_may_rise")
        assert "October to March (NOx-saturated with probability" in ozone["en"]
        assert "90th percentile" in ozone["en"]


def test_a_cut_of_everything_else_is_not_warned_of(sample: Workspace) -> None:
    """SO2 and primary particles: neither nitrate nor ozone rises."""
    told = sample.scenario(cuts=["SO2=20%", "PM25=20%"], **_ASKED).told
    assert not _said(told, "winter_nitrate")
    assert not _said(told, "ozone_may_rise")


def test_the_variance_adds_up(sample: Workspace) -> None:
    """First-order shares and their interaction are all of it; no inventory, no share of one."""
    told = sample.scenario(cuts=["NOx=40%"], **_ASKED).told
    rows = [r["variance_shares"] for r in told["rows"] if r.get("variance_shares")]
    assert len(rows) == 3
    for shares in rows:
        assert set(shares) == {
            "weather", "sensitivity", "inventory", "discrepancy", "interaction",
        }  # fmt: skip
        assert shares["inventory"] == 0.0
        assert sum(shares.values()) == pytest.approx(1.0, abs=0.1)


def test_two_models_side_by_side_are_said(tmp_path: Path, sample: Workspace) -> None:
    """Each package names its model; the one by sectors shows what components would give."""
    files = []
    for name, what in (("行业", 'sector = "industry"'), ("组分", 'pollutants = ["SO2"]')):
        file = tmp_path / f"{name}.toml"
        file.write_text(
            f'name = "{name}"\nregion = "衡水"\n[[measures]]\nname = "m"\n{what}\ncut = "50%"\n'
            'scope = "region"\nstart = 2025-07-01\n',
            encoding="utf-8",
        )
        files.append(file)
    told = sample.scenario(*files, paths=_PATHS).told
    models = {p["name"]: p["pm25_model"] for p in told["packages"]}
    assert models == {"行业": "sectors", "组分": "components"}
    (unlike,) = _said(told, "unlike_models")
    assert (unlike["package"], unlike["kind"]) == ("", "warning")
    (both,) = _said(told, "pm25_by_sectors")
    mean = next(
        r["mean"]
        for r in told["rows"]
        if r["package"] == "行业" and r.get("indicator") == "pm25_annual_mean" and "mean" in r
    )
    assert both["package"] == "行业"
    assert f"{mean:.1f} µg/m³" in both["en"]
    capped = {f["package"]: f["en"] for f in _said(told, "unchecked")}
    assert "sector model" in capped["行业"]
    assert "sector model" not in capped["组分"]
    assert differing_models({"a": "sectors", "b": "sectors"}) is None


def test_a_heating_measure_meets_the_shares_of_the_year(tmp_path: Path, sample: Workspace) -> None:
    """The published range of the winter stands with the answer."""
    file = tmp_path / "取暖.toml"
    file.write_text(
        'name = "取暖"\nregion = "衡水"\n[[measures]]\nname = "清洁取暖"\nsector = "residential"\n'
        'cut = "100%"\nseason = "heating"\nscope = "region"\nstart = 2025-11-15\n',
        encoding="utf-8",
    )
    told = sample.scenario(file, paths=_PATHS).told
    (found,) = _said(told, "season_by_sectors")
    assert "51 to 94 %" in found["en"]
    assert "51 %—94 %" in found["zh"]


def test_a_borrowed_hindcast_lifts_no_cap(real_data: Path, tmp_path: Path) -> None:
    """A record checked with the nation's emissions: confidence stays low and says why."""
    workspace = Workspace.create(tmp_path / "W")
    workspace.ingest([real_data / "air" / "city_daily_o3_8h" / "济南.csv"])
    told = workspace.scenario(cuts=["NOx=20%"], scope="region", paths=200, as_of="2016-08-31").told
    assert told["hindcast"]["done"]
    (capped,) = _said(told, "unchecked")
    assert "nation's emissions" in capped["en"]
    assert "全国排放变化" in capped["zh"]
    inside = told["hindcast"]["rows"][0]["inside"]
    assert ("misses its 80 % interval" in capped["en"]) is not inside


def test_a_map_keeps_its_warnings(sample: Workspace) -> None:
    """NOx alone at the edge of the map is warned of, with where on the map it is."""
    told = sample.lever_map("NOx", "VOC", paths=_PATHS, steps=2, most=80).told
    assert {f["package"] for f in told["findings"]} == {""}
    for rule in ("extrapolation", "winter_nitrate", "ozone_may_rise"):
        places = [f["en"] for f in _said(told, rule)]
        assert places, rule
        assert all(en.startswith("On the map at ") for en in places)
    assert any("NOx −40 %, VOC unchanged" in f["en"] for f in _said(told, "winter_nitrate"))
    assert not any("VOC −80 %, " in f["en"] for f in _said(told, "winter_nitrate"))


def test_most_beyond_the_domain_is_extrapolated_or_refused(sample: Workspace) -> None:
    """20 % may be taken three times; five times leaves nothing, twenty times is refused."""
    target = ["hengshui-2025-pm25-firm"]
    cuts = ["SO2=20%", "PM25=20%"]
    far = sample.solve_scenario(
        cuts=cuts, targets=target, most=5.0, probability=0.995, **_ASKED
    ).told
    (row,) = far["solutions"]
    assert row["trusted"] == pytest.approx(3.0)
    said = row["sentences"][-1]["en"] if row["scale"] is None else row["sentences"][0]["en"]
    if row["scale"] is None:
        assert "extrapolated from 3.00 times on" in " ".join(s["en"] for s in row["sentences"])
    else:
        assert ("extrapolated" in said) is (row["scale"] > 3.0)
        assert bool(_said(far, "extrapolation")) is (row["scale"] > 3.0)
    with pytest.raises(UsageError, match=r"nothing is left to cut .* at 5\.00 times"):
        sample.solve_scenario(cuts=cuts, targets=target, most=20.0, **_ASKED)
