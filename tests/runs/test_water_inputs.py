"""What the configuration says of sections."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

from forecast.configuration import Config
from forecast.runs.water_inputs import (
    declared_places,
    surroundings,
    unmatched_sections,
    with_declared_kinds,
)
from forecast.store import Store

_SECTIONS = [
    {
        "region": "甲河市", "name": "大桥", "other_names": ["老大桥"], "kind": "section",
        "water_type": "lake", "own_class": "II", "moved": date(2020, 5, 1),
        "background": ["f"],
        # February has 15 of 28 days, March none, April 15 of 30: not more than half.
        "dry": [
            {"first": date(2021, 1, 1), "last": date(2021, 2, 15)},
            {"first": date(2021, 4, 1), "last": date(2021, 4, 15)},
        ],
    },
    {"region": "甲河", "name": "水源", "kind": "source"},
    {"region": "乙河市", "name": "大桥"},
]  # fmt: skip
_CONFIG = Config.model_validate({"sections": _SECTIONS})


def test_declarations_come_under_the_plain_name_of_their_region() -> None:
    found = declared_places(_CONFIG)
    assert sorted(found) == ["乙河", "甲河"]
    assert found["甲河"].dry == {"大桥": (date(2021, 1, 1), date(2021, 2, 1))}
    assert found["甲河"].moved == {"大桥": date(2020, 5, 1)}
    assert found["甲河"].own_class == {"大桥": 2}
    assert found["甲河"].background == {"大桥": ("f",)}
    assert found["甲河"].aliases == {"老大桥": "大桥"}
    assert found["乙河"].own_class == {} and found["乙河"].dry == {}


def test_a_declared_kind_and_water_type_win_in_their_own_region_alone() -> None:
    samples = pd.DataFrame(
        {
            "region": ["甲河", "甲河", "甲河", "乙河"],
            "place": ["大桥断面", "老大桥", "水源", "大桥"],
            "place_kind": "section",
            "water_type": "river",
        }
    )
    got = with_declared_kinds(samples, _CONFIG)
    assert list(got["water_type"]) == ["lake", "lake", "river", "river"]
    assert list(got["place_kind"]) == ["section", "section", "source", "section"]
    # What was handed in stays as it was; without a declaration nothing is copied.
    assert set(samples["water_type"]) == {"river"}
    assert with_declared_kinds(samples, Config()) is samples


def test_a_name_that_no_sample_carries_is_told() -> None:
    samples = pd.DataFrame({"region": ["甲河"], "place": ["大桥断面"]})
    breaks = [{"day": date(2020, 1, 1), "region": "甲河市", "section": "大侨"}]
    config = Config.model_validate({"sections": _SECTIONS[:2], "breaks": breaks})
    told = unmatched_sections(config, samples)
    assert [zh.split("「")[1].split("」")[0] for zh, _ in told] == ["水源", "大侨"]
    assert "[[breaks]]" in told[1][1]


def test_breaks_and_moves_become_walls_of_their_section(tmp_path: Path) -> None:
    breaks = [
        {"day": date(2021, 3, 1), "region": "甲河市", "section": "水源", "items": ["tp"]},
        {"day": date(2022, 3, 1), "region": "甲河市", "items": ["pm25"]},
    ]
    config = Config.model_validate({"sections": _SECTIONS, "breaks": breaks})
    around = surroundings(Store(tmp_path), config, date(2023, 1, 1))
    found = [(str(w.day), w.region, w.section, w.items) for w in around.walls]
    # A break of the air is none of the water; a moved section is another water.
    assert found == [
        ("2021-03-01", "甲河", "水源", ("tp",)),
        ("2020-05-01", "甲河", "大桥", ()),
    ]
    assert around.flow.empty and around.rain.empty
