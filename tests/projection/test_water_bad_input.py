"""Sections with two names, classes without items, items without a class, moves, dry months."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from forecast.projection.judging import entries_of
from forecast.projection.panel import Panel, water_results
from forecast.projection.result import IndicatorResult
from forecast.projection.section_shares import SectionSet
from forecast.projection.settings import Settings
from forecast.projection.water import WaterProjection, project_water
from forecast.projection.water_facts import Declared, place_facts, with_drawn_classes
from forecast.projection.water_names import same_section, section_names
from forecast.standards.items import ITEMS
from forecast.targets.applied import Applied
from forecast.targets.model import Plan, Target

OVER = Settings(date(2024, 12, 31), 2024, n_paths=50)
LEVELS = {"ph": 7.5, "do": 8.0, "codmn": 3.0, "nh3n": 0.3}


def samples(
    place: str,
    first: str,
    last: str,
    levels: dict[str, float] | None = None,
    *,
    water_type: str = "river",
    river: str = "",
    censored: bool = False,
    seed: int = 3,
) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = []
    for day in pd.date_range(first, last, freq="MS") + pd.Timedelta(days=4, hours=8):
        for item, level in (levels or LEVELS).items():
            noise = 0.0 if item == "class_published" else 0.05 * rng.standard_normal()
            rows.append(
                {"region": "城", "place": place, "place_kind": "section", "time": day, "item": item,
                 "value": level * (1 + noise), "censored": censored and item == "nh3n",
                 "water_type": water_type, "river": river, "file_id": "f"}
            )  # fmt: skip
    return pd.DataFrame(rows)


def water(
    *frames: pd.DataFrame,
    settings: Settings = OVER,
    declared: Declared | None = None,
    sets: tuple[SectionSet, ...] = (),
    plan: Plan | None = None,
    draw: bool = False,
) -> WaterProjection:
    air = pd.DataFrame(columns=["region", "place", "place_kind", "date", "item", "value", "basis"])
    panel = Panel(
        air, pd.concat(frames, ignore_index=True), Applied((plan,) if plan else ()),
        section_sets={"城": sets}, declared={"城": declared} if declared else {},
    )  # fmt: skip
    (found,) = water_results(panel, settings, draw=draw)
    return found


def by_place(found: WaterProjection) -> dict[tuple[str, str], IndicatorResult]:
    return {(r.place, r.indicator): r for r in found.results}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("蚌埠闸上(蚌埠闸)", "蚌埠闸", True),
        ("蚌埠闸上（蚌埠闸）", "蚌埠闸上", True),
        ("枧潭桥", "枧潭桥断面", True),
        ("三 岔口", "三岔口", True),
        ("出境(上)", "出境(下)", False),
        ("石头埠(老)", "石头埠", False),
        ("临淮乡（湖库）", "临淮乡", False),
        ("滏阳河", "滏阳新河", False),
    ],
)
def test_names_of_one_section(one: str, other: str, same: bool) -> None:
    assert same_section(one, other) is same
    assert same_section(other, one) is same


def test_a_renamed_section_keeps_its_history_and_it_is_said() -> None:
    found = water(samples("蚌埠闸", "2020-01-01", "2022-12-01"),
                  samples("蚌埠闸上(蚌埠闸)", "2023-01-01", "2024-12-01"))  # fmt: skip
    results = by_place(found)
    (place,) = {p for p, i in results if i == "section_class"}
    assert place == "蚌埠闸上(蚌埠闸)"
    assert {2020, 2021, 2022, 2023} <= set(results[place, "section_class"].history)
    assert "同一断面" in found.warnings[0][0] and "one section" in found.warnings[0][1]
    assert "蚌埠闸" in results[place, "section_class"].remarks[0]


def test_values_that_contradict_keep_two_names_apart() -> None:
    found = water(samples("蚌埠闸", "2023-01-01", "2024-12-01"),
                  samples("蚌埠闸上(蚌埠闸)", "2023-01-01", "2024-12-01", seed=4))  # fmt: skip
    assert {r.place for r in found.results if r.indicator == "section_class"} == {
        "蚌埠闸", "蚌埠闸上(蚌埠闸)",
    }  # fmt: skip
    assert "仍按不同断面处理" in found.warnings[0][0]


def test_an_old_position_is_another_section_and_it_is_said() -> None:
    found = water(samples("石头埠(老)", "2022-01-01", "2023-06-01"),
                  samples("石头埠", "2023-07-01", "2024-12-01"))  # fmt: skip
    results = by_place(found)
    assert set(results["石头埠", "section_class"].history) == set()
    assert "旧点位" in found.warnings[0][0] and "old position" in found.warnings[0][1]


def test_the_same_values_under_two_names_count_once() -> None:
    once = samples("闸上", "2024-01-01", "2024-12-01")
    both = pd.concat([once, once.assign(place="闸上断面")], ignore_index=True)
    names = section_names(both)
    renamed = names.rename(both)
    assert len(renamed) == len(once)
    assert len(set(renamed["place"])) == 1


def test_a_declared_alias_joins_names_that_have_nothing_in_common() -> None:
    apart = section_names(
        pd.concat([samples("甲", "2022-01-01", "2022-12-01"), samples("乙", "2023-01-01", "2024-12-01")])
    )  # fmt: skip
    assert not apart.kept
    found = water(samples("甲", "2022-01-01", "2022-12-01"),
                  samples("乙", "2023-01-01", "2024-12-01"),
                  declared=Declared(aliases={"甲": "乙"}))  # fmt: skip
    assert {r.place for r in found.results if r.indicator == "section_class"} == {"乙"}


def test_a_list_finds_its_sections_under_their_other_names() -> None:
    group = SectionSet("国省考断面", ("蚌埠闸", "枧潭桥"))
    found = water(samples("蚌埠闸上(蚌埠闸)", "2024-01-01", "2024-12-01"),
                  samples("枧潭桥断面", "2024-01-01", "2024-12-01"), sets=(group,))  # fmt: skip
    share = by_place(found)["国省考断面", "share_class_iii"]
    assert (share.observed.n_valid, share.observed.n_expected) == (2, 2)


def test_a_class_without_items_is_judged_by_classes_and_says_so() -> None:
    found = water(samples("公布", "2022-01-01", "2024-12-01", {"class_published": 4.0}))
    result = by_place(found)["公布", "section_class"]
    assert result.observed.value == 4.0 and result.observed.n_valid == 12
    assert result.sufficient and result.history == {2022: 4.0, 2023: 4.0}
    assert "只有公布的类别" in result.remarks[0] and "Only classes" in result.remarks[1]
    assert found.tiles is not None and set(found.tiles.months[0]) == {4}


def test_classes_alone_are_carried_on_by_a_model_of_classes() -> None:
    settings = Settings(date(2024, 9, 30), 2024, n_paths=20)
    frame = samples("公布", "2022-01-01", "2024-09-01", {"class_published": 4.0})
    result = by_place(water(frame, settings=settings, draw=True))["公布", "section_class"]
    # Nine months of twelve are published as IV: no drawn month can move the middle one.
    assert result.sufficient and result.samples is not None
    assert set(result.samples.tolist()) == {4.0}
    assert result.monthly is not None and result.monthly.drawn is not None
    assert result.monthly.drawn.shape == (20, 12)


def test_classes_of_a_section_that_fell_silent_are_not_carried_on() -> None:
    settings = Settings(date(2024, 9, 30), 2024, n_paths=20)
    silent = samples("公布", "2022-01-01", "2024-02-01", {"class_published": 4.0})
    other = samples("另一", "2022-01-01", "2024-09-01", {"class_published": 3.0})
    result = by_place(water(silent, other, settings=settings, draw=True))["公布", "section_class"]
    assert not result.sufficient and result.reason[0]


def test_the_middle_class_is_the_worse_of_two() -> None:
    classes = [2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3]
    frame = samples("公布", "2024-01-01", "2024-12-01", {"class_published": 1.0})
    result = by_place(water(frame.assign(value=np.array(classes, dtype=float))))
    assert result["公布", "section_class"].observed.value == 3.0


def test_drawn_classes_of_an_ordinal_model_give_paths() -> None:
    frame = samples("公布", "2022-01-01", "2024-08-01", {"class_published": 3.0})
    settings = Settings(date(2024, 8, 31), 2024, n_paths=2)
    drawn = np.array([[3.0] * 12, [5.0] * 12])
    facts = with_drawn_classes(place_facts(frame, settings, Declared()), {"公布": drawn})
    empty = pd.DataFrame(
        index=pd.DatetimeIndex([]), columns=pd.MultiIndex.from_arrays([[], []], names=["place", "item"])
    )  # fmt: skip
    found = project_water("城", empty, settings, drawn=None, key={}, facts=facts)
    result = by_place(found)["公布", "section_class"]
    # Eight months are published as III; four of V can't move the middle one.
    assert result.samples is not None and result.samples.tolist() == [3.0, 3.0]
    assert result.monthly is not None and result.monthly.drawn is not None
    assert result.monthly.drawn[1].tolist() == [3.0] * 8 + [5.0] * 4


def test_items_that_decide_no_class_are_kept_and_named() -> None:
    found = by_place(water(samples("总氮", "2024-01-01", "2024-12-01", {"tn": 1.2})))
    result = found["总氮", "section_class"]
    assert not result.sufficient
    assert "没有参与定类的监测项目" in result.reason[0]
    assert found["总氮", "tn_mean"].observed.value == pytest.approx(1.2, rel=0.1)


def test_all_values_below_detection_are_said() -> None:
    frame = samples("检出", "2023-01-01", "2024-12-01", {**LEVELS, "nh3n": 0.025}, censored=True)
    result = by_place(water(frame))["检出", "nh3n_mean"]
    assert "全部低于检出限" in result.remarks[0] and "below detection" in result.remarks[1]
    assert result.observed.value == pytest.approx(0.0125, rel=0.1)


def test_one_sample_a_year_is_too_little_and_stays_visible() -> None:
    yearly = pd.concat([samples("稀", f"{y}-06-01", f"{y}-06-01") for y in range(2018, 2025)])
    result = by_place(water(yearly))["稀", "section_class"]
    assert not result.sufficient and result.observed.n_valid == 1
    assert "最多有1个月" in result.reason[0] and "1 months" in result.reason[1]


def test_a_section_that_moved_is_not_compared_with_its_past() -> None:
    frame = samples("迁", "2019-01-01", "2024-12-01")
    found = water(frame, declared=Declared(moved={"迁": date(2022, 7, 1)}))
    result = by_place(found)["迁", "section_class"]
    assert set(result.history) == {2023}
    assert "2022-07-01" in result.remarks[0] and "moved" in result.remarks[1]
    recent = water(frame, declared=Declared(moved={"迁": date(2024, 3, 1)}))
    assert recent.cards[0].worsening is None


def test_dry_months_are_counted_and_never_filled() -> None:
    frame = samples("河", "2023-01-01", "2024-07-01")
    dry = tuple(date(2024, m, 1) for m in range(8, 13))
    found = water(frame, declared=Declared(dry={"河": dry}))
    result = by_place(found)["河", "section_class"]
    assert not result.sufficient and "断流5个月" in result.reason[0]
    assert found.cards[0].dry_months == (8, 9, 10, 11, 12)
    share = by_place(found)["all", "share_class_iii"]
    assert not share.sufficient


def target(place: str, **more: object) -> Target:
    return Target.model_validate(
        {"id": "p-c", "domain": "water", "indicator": "section_class", "label_zh": "水质类别",
         "label_en": "class", "kind": "threshold", "comparator": "<=", "value": 3, "unit": "class",
         "year": 2024, "place": place, "plan": "p", "region": "城", **more}
    )  # fmt: skip


def test_a_place_of_the_plan_is_found_by_the_water_and_points_of_a_lake_are_averaged() -> None:
    """TP 0.02 and 0.08: each alone is II and IV; their mean 0.05 is III."""
    asked = target("大湖")
    plan = Plan(id="p", title="规划", region="城", target=(asked,))
    lake = {**LEVELS, "tp": 0.02}
    found = water(
        samples("东点", "2024-01-01", "2024-12-01", lake, water_type="lake", river="大湖"),
        samples("西点", "2024-01-01", "2024-12-01", {**lake, "tp": 0.079}, water_type="lake",
                river="大湖"),
        plan=plan,
    )  # fmt: skip
    results = by_place(found)
    assert results["东点", "section_class"].observed.value == 2
    assert results["西点", "section_class"].observed.value == 4
    assert results["大湖", "section_class"].observed.value == 3
    entries = entries_of(found.results, [asked], OVER, Applied((plan,)))
    ((entry, judged),) = [(e, t) for e in entries for t in e["targets"]]
    assert entry["place"] == "大湖" and judged["verdict"] == "MET"
    assert "东点、西点" in judged["reason"] and "averaged" in judged["reason_en"]


def test_of_several_river_sections_the_worst_answers() -> None:
    asked = target("出境断面")
    plan = Plan(id="p", title="规划", region="城", target=(asked,))
    found = water(
        samples("一号", "2024-01-01", "2024-12-01"),
        samples("二号", "2024-01-01", "2024-12-01", {**LEVELS, "codmn": 8.0}),
        plan=plan, sets=(SectionSet("出境断面", ("一号", "二号")), SectionSet("国考", ("一号",))),
    )  # fmt: skip
    results = by_place(found)
    assert results["出境断面", "section_class"].observed.value == 4
    # A set that only explains a name is no list that shares are counted over.
    assert ("出境断面", "share_class_iii") not in results
    assert results["国考", "share_class_iii"].observed.value == 100.0


def test_a_place_nobody_knows_is_answered_with_a_cure() -> None:
    asked = target("不明断面")
    plan = Plan(id="p", title="规划", region="城", target=(asked,))
    found = water(samples("一号", "2024-01-01", "2024-12-01"), plan=plan)
    entries = entries_of(found.results, [asked], OVER, Applied((plan,)))
    (judged,) = [t for e in entries for t in e["targets"]]
    assert judged["verdict"] == "INSUFFICIENT_DATA"
    assert "断面集合" in judged["reason"] and "section set" in judged["reason_en"]


def test_every_measured_item_survives_as_a_result() -> None:
    levels = {**LEVELS, "tp": 0.1, "tn": 1.0, "nickel": 0.01, "so4": 30.0}
    found = by_place(water(samples("全", "2024-01-01", "2024-12-01", levels)))
    for item in levels:
        assert ("全", f"{item}_mean") in found, ITEMS[item].en


def daily(place: str, last: str, level: float, late: float) -> pd.DataFrame:
    """A section with a sample every day; the days of the last month have another CODMn."""
    days = pd.date_range("2023-01-01", last) + pd.Timedelta(hours=8)
    rng = np.random.default_rng(2)
    rows = []
    for day in days:
        now = late if str(day)[:7] == last[:7] else level
        for item, value in (LEVELS | {"codmn": now}).items():
            rows.append(
                {"region": "城", "place": place, "place_kind": "section", "time": day, "item": item,
                 "value": value * np.exp(0.05 * rng.standard_normal()), "censored": False,
                 "water_type": "river", "river": "", "file_id": "f"}
            )  # fmt: skip
    return pd.DataFrame(rows)


def test_three_days_of_a_month_with_many_samples_are_no_month() -> None:
    settings = Settings(date(2024, 6, 3), 2024, n_paths=400)
    found = water(daily("日测", "2024-06-03", 4.0, 10.0), settings=settings, draw=True)
    result = by_place(found)["日测", "codmn_mean"]
    (card,) = found.cards
    assert result.observed.n_valid == 5 and result.samples is not None
    assert (card.n_months, card.months_left) == (5, 7)
    # As a whole month of 10 it would add 0.5 to a year of 4; three days say less, but not nothing.
    calm = water(daily("日测", "2024-06-03", 4.0, 4.0), settings=settings, draw=True)
    before = by_place(calm)["日测", "codmn_mean"].samples
    assert before is not None
    assert np.median(before) == pytest.approx(4.0, rel=0.05)
    assert np.median(before) + 0.1 < np.median(result.samples)
    assert np.ptp(np.quantile(result.samples, [0.05, 0.95])) > 0.1


def test_what_the_month_under_way_has_shown_reaches_the_months_after() -> None:
    """A monthly section that jumped in its newest sample is drawn higher from then on."""
    settings = Settings(date(2024, 6, 10), 2024, n_paths=400)
    frame = samples("月测", "2020-01-01", "2024-06-01")
    newest = (frame["time"] >= "2024-06-01") & (frame["item"] == "codmn")
    jumped = frame.assign(value=frame["value"].where(~newest, 9.0))
    usual, moved = (
        by_place(water(f, settings=settings, draw=True))["月测", "codmn_mean"]
        for f in (frame, jumped)
    )
    assert usual.samples is not None and moved.samples is not None
    # The sample itself adds (9 - 3)/12 = 0.5; the months after it follow in part.
    assert np.median(moved.samples) > np.median(usual.samples) + 0.55


def test_a_month_with_its_one_sample_is_known_before_it_is_over() -> None:
    settings = Settings(date(2024, 6, 10), 2024, n_paths=50)
    frame = samples("月测", "2022-01-01", "2024-06-01")
    found = water(frame, settings=settings, draw=True)
    assert by_place(found)["月测", "codmn_mean"].observed.n_valid == 6
    (card,) = found.cards
    # The month under way is no month ahead where its sample is there.
    assert [str(one.month)[5:7] for one in card.ahead] == ["07", "08", "09", "10", "11", "12"]


def test_a_section_whose_items_ended_goes_on_by_its_published_classes() -> None:
    settings = Settings(date(2024, 9, 30), 2024, n_paths=60)
    items = samples("转为公布", "2019-01-01", "2021-12-01")
    classes = samples("转为公布", "2021-01-01", "2024-09-01", {"class_published": 2.0})
    result = by_place(water(items, classes, settings=settings, draw=True))[
        "转为公布", "section_class"
    ]
    assert result.observed.n_valid == 9 and result.observed.value == 2.0
    assert result.sufficient and result.samples is not None and set(result.samples) == {2.0}


def test_one_sample_a_year_never_makes_a_year() -> None:
    settings = Settings(date(2024, 6, 30), 2024, n_paths=20)
    every = samples("一年一次", "2018-01-01", "2024-06-01")
    yearly = every[every["time"].dt.month == 5]
    usual = samples("月测", "2020-01-01", "2024-06-01")
    found = by_place(water(yearly, usual, settings=settings, draw=True))
    rare = found["一年一次", "section_class"]
    assert not rare.sufficient and "最多监测1个月" in rare.reason[0]
    assert found["月测", "section_class"].sufficient


def test_a_year_of_nothing_but_limits_is_no_history() -> None:
    """Half of an old limit is no value that a finer method could improve on."""
    frame = samples("检出", "2022-01-01", "2024-12-01")
    old = (frame["time"].dt.year == 2022) & (frame["item"] == "nh3n")
    frame.loc[old, "censored"] = True
    frame.loc[old, "value"] = 2.0
    result = by_place(water(frame))["检出", "nh3n_mean"]
    assert sorted(result.history) == [2023]
    assert "2022年全部低于检出限" in result.remarks[0] and "2022" in result.remarks[1]
