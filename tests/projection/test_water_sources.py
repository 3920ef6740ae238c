"""Drinking sources by number and volume, natural background, groundwater points, by hand."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from forecast.projection.groundwater_points import groundwater_results
from forecast.projection.judging import entries_of
from forecast.projection.result import IndicatorResult
from forecast.projection.settings import Settings
from forecast.projection.water_record import Facts, SectionRecord
from forecast.projection.water_sources import source_results
from forecast.targets.applied import Applied
from forecast.targets.model import Plan, Target

OVER = Settings(date(2025, 12, 31), 2025)
OPEN = Settings(date(2025, 8, 31), 2025, n_paths=4)


def place(
    name: str,
    values: dict[str, float | list[float]],
    *,
    kind: str = "source",
    water_type: str = "river",
    background: tuple[str, ...] = (),
    own_class: int | None = None,
    months: int = 12,
    drawn: bool = False,
) -> SectionRecord:
    items = tuple(values)
    table = np.full((12, len(items)), np.nan)
    for j, value in enumerate(values.values()):
        table[:months, j] = value if isinstance(value, float) else value[:months]
    joined = None
    if drawn:
        joined = np.repeat(table[None], 4, axis=0)
        joined[:, months:] = np.nanmean(table, axis=0)
    facts = Facts(
        kind=kind, water_type=water_type, last=date(2025, months, 5), background=background,
        own_class=own_class,
    )  # fmt: skip
    return SectionRecord(name, items, table, joined, {}, np.full_like(table, np.nan), facts)


def named(results: list[IndicatorResult]) -> dict[str, IndicatorResult]:
    return {r.indicator: r for r in results}


GOOD: dict[str, float | list[float]] = {"codmn": 3.0, "nh3n": 0.3, "tp": 0.05, "intake": 100.0}


def test_by_number_and_by_volume() -> None:
    """Two of three sources comply; of 12 x (100 + 100 + 300) the third loses one month of 300."""
    over_once = [0.25] + [0.05] * 11
    records = [
        place("甲", GOOD), place("乙", GOOD), place("丙", {**GOOD, "tp": over_once, "intake": 300.0}),
    ]  # fmt: skip
    found = named(source_results("城", records, OVER, ""))["source_compliance"]
    assert found.observed.value_official == 66.7
    (volume,) = [a for a in found.alternatives if a["kind"] == "by_volume"]
    assert volume["observed"]["value_official"] == pytest.approx(95.0)
    assert "丙（总磷1月）" in found.remarks[0] and "TP in month 1" in found.remarks[1]


def test_cod_and_tn_do_not_decide_a_source_and_nickel_does() -> None:
    records = [
        place("甲", {**GOOD, "cod": 60.0, "tn": 5.0}),
        place("乙", {**GOOD, "nickel": 0.0228}),
    ]
    found = named(source_results("城", records, OVER, ""))
    assert found["source_compliance"].observed.value_official == 50.0
    assert "乙（镍" in found["source_compliance"].remarks[0]


def test_a_source_by_volume_needs_volumes_and_says_so() -> None:
    found = named(source_results("城", [place("甲", {"codmn": 3.0})], OVER, ""))
    result = found["source_compliance"]
    assert not [a for a in result.alternatives if a["kind"] == "by_volume"]
    assert "不能按水量计算" in result.remarks[0] and "not by volume" in result.remarks[1]


def test_declared_natural_background_stands_beside() -> None:
    well = place("井水", {"f": 1.6, "fe": 0.1}, water_type="groundwater", background=("f",))
    found = named(source_results("城", [well], OVER, ""))
    main = found["source_compliance"]
    assert main.observed.value_official == 0.0
    (less,) = [a for a in main.alternatives if a["kind"] == "without_natural_background"]
    assert less["observed"]["value_official"] == 100.0
    assert found["source_exceedances_human"].observed.value_official == 0
    # Class of groundwater sources leaves the background out: iron 0.1 is class I.
    assert found["groundwater_source_class"].observed.value == 1


def test_one_month_over_decides_keep_100_while_the_year_is_open() -> None:
    records = [
        place("甲", GOOD, months=8, drawn=True),
        place("乙", {**GOOD, "tp": [0.25] + [0.05] * 11}, months=8, drawn=True),
    ]
    found = named(source_results("城", records, OPEN, "m"))["source_compliance"]
    assert found.bounds == (0.0, 50.0)
    asked = Target.model_validate(
        {"id": "p-s", "domain": "water", "indicator": "source_compliance", "label_zh": "水源达标率",
         "label_en": "compliance", "kind": "threshold", "comparator": ">=", "value": 100,
         "unit": "%", "year": 2025, "plan": "p", "region": "城"}
    )  # fmt: skip
    (entry,) = entries_of([found], [asked], OPEN, Applied((Plan(id="p", title="规", region="城"),)))
    assert entry["place_kind"] == "source"
    assert entry["targets"][0]["verdict"] == "NOT_MET"


def test_groundwater_class_v_with_and_without_background() -> None:
    """Hardness 800 is class V; fluoride 2.5 is too, but declared as background."""
    points = [
        place("井0", {"hardness": 800.0}, kind="groundwater", water_type="groundwater"),
        place("井1", {"f": 2.5, "hardness": 300.0}, kind="groundwater", water_type="groundwater",
              background=("f",)),
        place("井2", {"hardness": 300.0}, kind="groundwater", water_type="groundwater"),
        place("井3", {"hardness": 300.0}, kind="groundwater", water_type="groundwater"),
    ]  # fmt: skip
    found = named(groundwater_results("城", points, OVER, ""))
    share = found["groundwater_class_v_share"]
    assert share.observed.value_official == 50.0
    (less,) = [a for a in share.alternatives if a["kind"] == "without_natural_background"]
    assert less["observed"]["value_official"] == 25.0
    assert "扣除天然背景超标后为25%" in share.remarks[0]
    assert found["groundwater_points_compliant"].observed.value_official == 3
    assert "本系统的理解" in found["groundwater_points_compliant"].remarks[0]


def test_a_point_is_held_to_the_class_declared_for_it() -> None:
    points = [
        place("井", {"hardness": 500.0}, kind="groundwater", water_type="groundwater", own_class=3)
    ]
    found = named(groundwater_results("城", points, OVER, ""))["groundwater_points_compliant"]
    assert found.observed.value_official == 0
    assert "本系统的理解" not in found.remarks[0]


def test_a_point_with_published_classes_alone_counts() -> None:
    months = np.full(12, np.nan)
    months[5] = 5.0
    facts = Facts(kind="groundwater", water_type="groundwater", published=months)
    empty = np.full((12, 0), np.nan)
    record = SectionRecord("井", (), empty, None, {}, empty, facts)
    found = named(groundwater_results("城", [record], OVER, ""))["groundwater_class_v_share"]
    assert found.observed.value_official == 100.0


def test_nothing_is_answered_without_places() -> None:
    assert source_results("城", [], OVER, "") == []
    assert groundwater_results("城", [], OVER, "") == []
