"""The plans' own measures: read, quoted, run, and written into new files."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from forecast.errors import UsageError
from forecast.scenario.cut_drawing import cuts_of, tonnes_by_sector
from forecast.scenario.inventory import Inventory
from forecast.scenario.inventory_choice import inventory_for
from forecast.scenario.measures import quantify
from forecast.scenario.packages import PACKAGES, load_package, package_for, package_text
from forecast.scenario.scenario_file import scenario_of_text
from forecast.scenario.scenario_template import new_scenario
from forecast.scenario.water_measures import water_cuts_of

_YEAR = np.arange("2025-01-01", "2026-01-01", dtype="datetime64[D]")
_HERE = Path(__file__).parents[2]


def test_tonnes_are_those_of_the_plans() -> None:
    """Read off the plans: 衡水 4,000 and 2,300 t, 安康 800 and 660 t, 北塔 40 and 30 t."""
    found = {
        name: {m.pollutants[0]: m.amount.value for m in load_package(name).measures}
        for name in PACKAGES
    }
    assert found == {
        "ankang": {"NOx": 800.0, "VOC": 660.0, "COD": 3895.0, "NH3N": 190.0},
        "beita": {"NOx": 40.0, "VOC": 30.0, "COD": 250.0, "NH3N": 10.0},
        "hengshui": {"NOx": 4000.0, "VOC": 2300.0, "COD": 11300.0, "NH3N": 460.0},
        "qiandongnan": {},
        "zhangjiajie": {},
    }


def test_every_shipped_file_is_listed_and_says_where_it_is_from() -> None:
    """Quotes, years, reasons; nothing without a factor is left out in silence."""
    folder = _HERE / "forecast" / "scenario" / "packages"
    assert tuple(sorted(p.stem for p in folder.glob("*.toml"))) == PACKAGES
    for name in PACKAGES:
        scenario = load_package(name)
        assert scenario.source
        assert all(m.quote and m.source and m.grade == "secondary" for m in scenario.measures)
        assert len(scenario.not_quantifiable) >= 8
        assert all(x.quote and x.reason and x.reason_en for x in scenario.not_quantifiable)


def test_quotes_are_verbatim(real_data: Path) -> None:
    """Each quote is one of the list of the plans' figures, with the number it carries."""
    with (real_data.parent / "plans" / "plan_figures.csv").open(encoding="utf-8-sig") as file:
        quotes = {row["quote_zh"] for row in csv.DictReader(file)}
    for name in PACKAGES:
        scenario = load_package(name)
        parts = [*scenario.measures, *scenario.emissions, *scenario.past_changes]
        assert {p.quote for p in parts} | {x.quote for x in scenario.not_quantifiable} <= quotes
        for measure in scenario.measures:
            assert f"{measure.amount.value:g}" in measure.quote


def test_a_plan_without_an_inventory_says_what_is_missing() -> None:
    """Four measures, two of the air: two sentences, no cut, no error."""
    scenario = load_package("hengshui")
    missing = quantify(scenario, None).missing
    assert [gone.measure for gone in missing] == ["氮氧化物减排", "挥发性有机物减排"]
    assert cuts_of(scenario, None, _YEAR, 3, np.random.default_rng(1)) == []
    water, gone = water_cuts_of(scenario, (), _YEAR, 3, np.random.default_rng(1))
    assert water.cuts == ()
    assert [one.measure for one in gone] == ["化学需氧量减排", "氨氮减排"]
    assert "[[water_sources]]" in gone[0].en


def test_a_plan_with_an_inventory_runs() -> None:
    """In full effect 4,000 of 40,000 t of NOx are a tenth, times the compliance."""
    inventory = Inventory.of(
        "衡水", 2020, {"industry": {"NOx": 20000.0, "VOC": 23000.0}, "transport": {"NOx": 20000.0}}
    )
    (made,) = cuts_of(load_package("hengshui"), inventory, _YEAR, 500, np.random.default_rng(1))
    assert float(made.of("NOx")[:, -1].mean()) == pytest.approx(0.085, rel=0.05)
    assert float(made.of("VOC")[:, -1].mean()) == pytest.approx(0.085, rel=0.15)
    table = tonnes_by_sector(load_package("hengshui"), inventory, 2026)
    assert table.groupby("pollutant")["cut_t"].sum().to_dict() == pytest.approx(
        {"NOx": 0.85 * 4000.0, "VOC": 0.85 * 2300.0}
    )


@pytest.mark.parametrize("name", PACKAGES)
def test_all_five_run_without_an_inventory(name: str) -> None:
    """Nothing to cut is an answer."""
    assert cuts_of(load_package(name), None, _YEAR, 2, np.random.default_rng(1)) == []


def test_the_totals_of_a_plan_are_an_inventory() -> None:
    """张家界 prints its SO2 and NOx of 2020."""
    found = inventory_for(load_package("zhangjiajie"), None)
    assert found is not None
    assert (found.year, found.total("SO2"), found.total("NOx")) == (2020, 11280.0, 6700.0)


def test_past_changes_are_for_the_hindcast() -> None:
    """衡水, 2015 to 2020: SO2 −65.4 %, NOx −36.2 %."""
    past = {p.pollutant: p for p in load_package("hengshui").past_changes}
    assert (past["SO2"].change_percent, past["NOx"].change_percent) == (-65.4, -36.2)
    assert (past["SO2"].from_year, past["SO2"].to_year) == (2015, 2020)


def test_packages_are_found_by_region() -> None:
    """In any form of the name; a city without one has none."""
    found = package_for("黔东南苗族侗族自治州")
    assert found is not None
    assert found.region == "黔东南州"
    assert package_for("保定") is None
    with pytest.raises(UsageError, match="No scenario named 'x'"):
        package_text("x")


@pytest.mark.parametrize("name", PACKAGES)
def test_a_new_file_holds_the_package_whole(name: str) -> None:
    """What is written is what was read."""
    package = load_package(name)
    text = new_scenario(package.region, 2025, package=package)
    assert scenario_of_text(text, "new.toml") == package
