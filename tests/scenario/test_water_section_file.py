"""Sections read from TOML, and every way to write one wrongly."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import pytest
from water_made import section

from forecast.errors import InputError
from forecast.scenario.water_section_file import read_water_sections
from forecast.scenario.water_sections import WaterInflow, WaterSection, WaterSource

_TEXT = """
[[water_sections]]
name = "桥头"
flow_m3s = [4, 5, 6, 8, 12, 20, 40, 38, 20, 10, 6, 4]
velocity_ms = 0.3
observed_mgl = { codmn = 5.2 }

[[water_inflows]]
section = "桥头"
name = "上游"
flow_share = 0.8
distance_km = 20
concentration_mgl = { cod = 12, nh3n = 0.4 }

[[water_sources]]
section = "桥头"
name = "污水厂"
kind = "point"
load = { cod = 0.1, nh3n = 0.006 }
unit = "万吨/年"
distance_km = 12.5
"""


def test_a_section_is_read_with_its_inflows_and_sources() -> None:
    (made,) = read_water_sections(tomllib.loads(_TEXT))
    assert made.flow == (4, 5, 6, 8, 12, 20, 40, 38, 20, 10, 6, 4)
    assert made.sources == (WaterSource("污水厂", "point", {"cod": 1000.0, "nh3n": 60.0}, 12.5),)
    assert made.inflows[0].flow_share == 0.8
    assert made.items() == ("codmn", "cod", "nh3n")
    assert made.load_item("codmn") == "cod"


def test_a_file_without_sections_has_none() -> None:
    assert read_water_sections({}) == ()
    assert read_water_sections({"measures": []}, others=True) == ()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("kind =", "colour = 1\nkind =", "unknown key 'colour'"),
        ("velocity_ms = 0.3", "velocity_ms = [0.1, 0.2]", "velocity has 2 values"),
        ("velocity_ms = 0.3", "velocity_ms = 0.0", "velocity is 0"),
        ("flow_share = 0.8", 'flow_share = "much"', "flow_share is 'much'"),
        ("flow_share = 0.8", "flow_share = 1.8", "flow_share is 1.8"),
        ("flow_share = 0.8", "flow_share = 0.8\nflow_m3s = 3", "either its flow or its share"),
        ('"point"', '"works"', "kind 'works'"),
        ("nh3n = 0.006", "nh3n = -1", "load of nh3n is -1"),
        ("nh3n = 0.006", "zinc = 1", "item 'zinc'"),
        ("万吨/年", "lb/d", "unit 'lb/d'"),
        ('"污水厂"', '"上游"', "are called '上游'"),
        ("[[water_sources]]\nsection = \"桥头\"", "[[water_sources]]\nsection = \"桥尾\"", "'桥尾'"),
        ("[[water_sources]]", "[[water_source]]", "table 'water_source'"),
        ("[[water_inflows]]", '[[water_sections]]\nname = "桥头"\n[[water_inflows]]', "twice"),
        ("codmn = 5.2", "codmn = 0", "observed codmn is 0"),
        ("distance_km = 12.5", "distance_km = nan", "distance is nan"),
    ],
)  # fmt: skip
def test_one_sentence_says_what_is_wrong_and_where(old: str, new: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        read_water_sections(tomllib.loads(_TEXT.replace(old, new)), file="water.toml")
    assert refused.value.message.startswith("water.toml: ")
    assert said in refused.value.message
    assert refused.value.cure


def test_a_missing_key_is_named() -> None:
    with pytest.raises(InputError, match="lacks the key 'kind'"):
        read_water_sections(tomllib.loads(_TEXT.replace('kind = "point"', "")))
    with pytest.raises(InputError, match="is not a list of tables"):
        read_water_sections({"water_sections": {"name": "桥头"}})


def test_what_can_t_be_is_refused_in_python_too() -> None:
    with pytest.raises(InputError, match="residence time is given for a river"):
        section(residence=1.0)
    with pytest.raises(InputError, match="has no flow"):
        section(flow=None, inflows=(WaterInflow("上游", {"cod": 10.0}, flow=4.0),))
    with pytest.raises(InputError, match=r"add up to 1\.20"):
        section(inflows=tuple(WaterInflow(n, {"cod": 10.0}, flow_share=0.6) for n in ("甲", "乙")))
    with pytest.raises(InputError, match="has no load"):
        WaterSource("空", "point", {})
    with pytest.raises(InputError, match="water_type is 'pond'"):
        WaterSection("塘", water_type="pond")
    assert replace(section(), gated=True).gated
