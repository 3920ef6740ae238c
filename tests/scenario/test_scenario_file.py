"""Scenario files and cuts of the command line: what is read, and the sentence for what is not."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from forecast.errors import InputError, UsageError
from forecast.scenario.inventory import Inventory
from forecast.scenario.pollutants import POLLUTANTS, SECTORS
from forecast.scenario.scenario_file import (
    load_scenario,
    parse_cut,
    scenario_of_cuts,
    scenario_of_text,
    with_cuts,
)
from forecast.scenario.scenario_model import (
    Compliance,
    InventoryChoice,
    InventoryRow,
    Measure,
    NoFactor,
    PastChange,
    Scenario,
)
from forecast.scenario.scenario_template import new_scenario

_TEXT = """
name = "试验"
region = "衡水"
[inventory]
year = 2020
ranges = { NOx = [-20, 20] }
[growth]
transport = 2
[[measures]]
name = "柴油车"
sector = "transport"
pollutants = ["氮氧化物"]
cut = "4000 t"
start = 2025-01-01
full = 2025-12-31
shape = "linear"
season = [11, 12]
compliance = 0.9
"""


def test_a_file_is_read_with_its_defaults(tmp_path: Path) -> None:
    """Chinese names, a byte-order mark, a bare number as compliance."""
    path = tmp_path / "试验.toml"
    path.write_text(_TEXT, encoding="utf-8-sig")
    scenario = load_scenario(path)
    (measure,) = scenario.measures
    assert measure.pollutants == ["NOx"]
    assert (measure.amount.value, measure.amount.unit) == (4000.0, "t")
    assert (measure.compliance.low, measure.compliance.high) == (0.9, 0.9)
    assert measure.scope == "city"
    assert scenario.growth == {"transport": 2.0}
    assert scenario.inventory.ranges == {"NOx": (-20.0, 20.0)}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('cut = "4000 t"', 'cut = "4000"', "has no unit, so it could be %, t or 10⁴ t"),
        ('cut = "4000 t"', "cut = 4000", "has no unit, so it could be %, t or 10⁴ t"),
        ('cut = "4000 t"', 'cut = "120%"', "over 100 % of the emission"),
        ('cut = "4000 t"', 'cut = "0 %"', "cut = '0 %' changes nothing; leave the measure out"),
        ('cut = "4000 t"', 'rise = "0.0%"', "rise = '0.0%' changes nothing; leave the measure out"),
        ('cut = "4000 t"', 'cut = "-3%"', "negative cut, which would be growth"),
        ('cut = "4000 t"', 'cut = "4000 t"\nrise = "3%"', "either cut or rise"),
        ('cut = "4000 t"', 'rise = "80%"', "over 50 %"),
        ('cut = "4000 t"', "", "either cut or rise"),
        ("ranges", "rangs", r"\[inventory\] rangs is not a known key"),
        (
            "season",
            "saison",
            r"\[\[measures\]\] 1 saison is not a known key. Allowed here: against",
        ),
        ("[growth]", "[grwth]", "grwth is not a known key"),
        ('"linear"', '"line"', r"\[\[measures\]\] 1 shape = 'line' is not allowed"),
        ('shape = "linear"', 'shape = "step"', "acts in full from start"),
        ("full = 2025-12-31", "full = 2024-12-31", "full is before start"),
        ("full = 2025-12-31", "", "needs full"),
        ("start = 2025-01-01", "", r"\[\[measures\]\] 1 start is missing"),
        ("start = 2025-01-01", 'start = "spring"', r"\[\[measures\]\] 1 start = 'spring'"),
        ("[11, 12]", '"winter"', "'winter' is not allowed"),
        ("[11, 12]", "[13]", "each month of the season once"),
        ("[11, 12]", "[11, 11]", "each month of the season once"),
        ('["氮氧化物"]', '["CO2"]', "'CO2' is no pollutant"),
        ('["氮氧化物"]', '["NOx", "VOC"]', "tonnes are of one pollutant"),
        ('["氮氧化物"]', '["NOx", "nox"]', "listed twice"),
        ("compliance = 0.9", "compliance = { mean = 0.2 }", "mean must lie between low and high"),
        ("compliance = 0.9", "compliance = 1.5", "less than or equal to 1"),
        ("transport = 2", "transport = 200", "less than or equal to 30"),
        ("[-20, 20]", "[20, -20]", "from below 0 to above 0"),
        ("[-20, 20]", "[20]", "needs two numbers"),
        ("year = 2020", "year = 202", "greater than or equal to 1990"),
        ("year = 2020", "months = { transport = [1] }", "twelve weights"),
        ('name = "试验"', "name = 试验", "is not valid TOML"),
        ('region = "衡水"', "", "region is missing"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_key(old: str, new: str, said: str) -> None:
    """One sentence and what to do, for each way to get it wrong."""
    assert old in _TEXT
    with pytest.raises(InputError, match=said) as caught:
        scenario_of_text(_TEXT.replace(old, new, 1), "试验.toml")
    assert caught.value.message.startswith("试验.toml")
    assert caught.value.cure


def test_duplicates_are_refused() -> None:
    """The same name, and the same cut under another name."""
    block = _TEXT[_TEXT.index("[[measures]]") :]
    with pytest.raises(InputError, match="two measures are named '柴油车'"):
        scenario_of_text(_TEXT + block, "a.toml")
    with pytest.raises(InputError, match="are the same cut of NOx, listed twice"):
        scenario_of_text(_TEXT + block.replace("柴油车", "另一个"), "a.toml")


def test_files_that_can_not_be_read_are_said(tmp_path: Path) -> None:
    """Missing, and not UTF-8."""
    with pytest.raises(InputError, match="no scenario file"):
        load_scenario(tmp_path / "none.toml")
    path = tmp_path / "gbk.toml"
    path.write_bytes(_TEXT.encode("gbk"))
    with pytest.raises(InputError, match="is not UTF-8"):
        load_scenario(path)


def test_water_tables_are_checked_by_the_water_response() -> None:
    """A source of a section that is not described stops the file."""
    text = _TEXT + '[[water_sources]]\nsection="甲"\nname="厂"\nkind="point"\nload={cod=3.0}\n'
    with pytest.raises(InputError, match=r"a.toml: '厂' belongs to the section '甲'"):
        scenario_of_text(text, "a.toml")
    (section,) = scenario_of_text(text + '[[water_sections]]\nname="甲"\n', "a.toml").water()
    assert section.sources[0].loads == {"cod": 3.0}


@pytest.mark.parametrize(
    ("text", "sector", "pollutants", "value", "unit"),
    [
        ("SO2=20%", "all", ["SO2"], 20.0, "%"),
        ("NOx=4000t", "all", ["NOx"], 4000.0, "t"),
        ("氮氧化物=0.4万吨", "all", ["NOx"], 4000.0, "t"),
        ("industry:VOC=30%", "industry", ["VOC"], 30.0, "%"),
        ("工业：VOC＝30％", "工业", ["VOC"], 30.0, "%"),
        ("industry=30%", "industry", list(POLLUTANTS), 30.0, "%"),
        ("all=10%", "all", list(POLLUTANTS), 10.0, "%"),
    ],
)
def test_cuts_of_the_command_line_are_read(
    text: str, sector: str, pollutants: list[str], value: float, unit: str
) -> None:
    """Exactly what is typed is cut, from the day given."""
    found = parse_cut(text, start=date(2025, 7, 1), scope="region")
    assert (found.sector, found.pollutants) == (sector, pollutants)
    assert (found.amount.value, found.amount.unit) == (value, unit)
    assert (found.start, found.scope, found.compliance.low) == (date(2025, 7, 1), "region", 1.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SO2", "is not a cut"),
        ("SO2=20", "has no unit"),
        ("SO2=-20%", "negative cut"),
        ("SO2=120%", "over 100 %"),
        ("SO2=0%", "changes nothing"),
        ("industry:VOC=0 t", "changes nothing"),
        ("industry:CO2=20%", "'CO2' is no pollutant"),
        ("industry=2000 t", "tonnes are of one pollutant"),
        ("=20%", "is not a cut"),
    ],
)
def test_wrong_cuts_of_the_command_line_are_wrong_usage(text: str, said: str) -> None:
    """Exit code 2, with the text that was typed."""
    with pytest.raises(UsageError, match=said) as caught:
        parse_cut(text, start=date(2025, 7, 1))
    assert caught.value.cure
    assert caught.value.message.startswith("--cut")


def test_cuts_are_added_to_a_file_once() -> None:
    """The same twice is refused."""
    both = scenario_of_cuts(["SO2=20%", "NOx=4000t"], region="衡水", start=date(2025, 7, 1))
    assert [m.pollutants for m in both.measures] == [["SO2"], ["NOx"]]
    added = with_cuts(scenario_of_text(_TEXT, "a"), ["SO2=20%"], start=date(2025, 7, 1))
    assert len(added.measures) == 2
    with pytest.raises(UsageError, match="named"):
        scenario_of_cuts(["SO2=20%", "SO2=20%"], region="衡水", start=date(2025, 7, 1))


def test_a_new_file_loads_and_names_the_sectors() -> None:
    """Without anything, and with an inventory whose sectors have names of their own."""
    assert scenario_of_text(new_scenario("衡水", 2025), "new.toml").measures == []
    made = Inventory.of(
        "衡水", 2020, {"柴油车": {"NOx": 9000.0}, "工业": {"NOx": 1.0}}, source="自编"
    )
    text = new_scenario('衡"水', 2025, inventory=made)
    loaded = scenario_of_text(text, "new.toml")
    assert (loaded.region, loaded.inventory.year, loaded.inventory.source) == (
        '衡"水',
        2020,
        "自编",
    )
    assert "柴油车: NOx 9,000" in text


def test_the_comments_of_a_new_file_work_as_they_stand() -> None:
    """Uncommenting the examples gives a file that loads."""
    text = new_scenario("衡水", 2025)
    lines = []
    for line in text.splitlines():
        bare = line.removeprefix("# ")
        key = bare.split("=")[0].strip()
        example = bare.startswith("[[") or (
            line.startswith("# ")
            and key.replace(".", "").replace("_", "").isascii()
            and "=" in bare
            and " " not in key
        )
        lines.append(bare if example else line)
    loaded = scenario_of_text("\n".join(lines), "new.toml")
    assert [m.sector for m in loaded.measures] == ["industry"]
    assert loaded.emissions[0].tonnes == 9000.0
    assert loaded.growth == {"all": 0.0, "transport": 2.0}
    assert loaded.inventory.ranges["NH3"] == (-54.0, 48.0)
    assert loaded.water()[0].name == "断面甲"


_PAGE = (Path(__file__).parents[2] / "docs" / "scenario_files.md").read_text(encoding="utf-8")


def test_the_example_of_the_page_loads() -> None:
    """What is shown works."""
    (text,) = re.findall(r"^```toml\n(.*?)^```$", _PAGE, flags=re.MULTILINE | re.DOTALL)
    scenario = scenario_of_text(text, "page.toml")
    assert [m.amount.value for m in scenario.measures] == [1200.0, 30.0]
    assert scenario.measures[1].season == "heating"


def test_every_key_stands_on_the_page() -> None:
    """Nothing that a file may hold is undocumented."""
    models = (Scenario, InventoryChoice, InventoryRow, Measure, NoFactor, PastChange, Compliance)
    for model in models:
        for key in model.model_fields:
            assert f"`{key}`" in _PAGE, f"{model.__name__}.{key}"
    for word in (*POLLUTANTS, *SECTORS):
        assert f"`{word}`" in _PAGE
