"""Which targets hold for a region and a year, and which section list is meant."""

from __future__ import annotations

import datetime as dt

import pytest

from forecast.errors import TargetError
from forecast.region_names import normalise_region
from forecast.targets import (
    Plan,
    applying_targets,
    find_plan,
    load_plans,
    section_list,
    section_set_mismatch,
)


@pytest.fixture(scope="module")
def plans() -> tuple[Plan, ...]:
    return load_plans()


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("衡水市", "衡水"), ("衡水", "衡水"), (" 衡水 市 ", "衡水"), ("阿克苏地区", "阿克苏"),
        ("黔东南州", "黔东南"), ("黔东南苗族侗族自治州", "黔东南"), ("恩施土家族苗族自治州", "恩施"),
        ("伊犁哈萨克自治州", "伊犁"), ("海西蒙古族藏族自治州", "海西"), ("锡林郭勒盟", "锡林郭勒"),
        ("杭州市", "杭州"), ("杭州", "杭州"), ("邵阳市北塔区", "邵阳市北塔区"), ("邵阳市", "邵阳"),
        ("克孜勒苏柯尔克孜自治州", "克孜勒苏"), ("Beita", "Beita"),
    ],
)  # fmt: skip
def test_region_names_meet_in_one_form(name: str, bare: str) -> None:
    assert normalise_region(name) == bare
    assert normalise_region(bare) == bare


@pytest.mark.parametrize("region", ["衡水市", "衡水", "Hengshui"])
def test_the_plan_is_found_by_either_form(plans: tuple[Plan, ...], region: str) -> None:
    applying, reference = applying_targets(plans, region, 2025)
    assert {t.plan for t in applying} == {"hengshui"}
    assert {t.year for t in applying} == {2025}
    assert {t.year for t in reference} == {2020, 2022, 2023, 2024, 2035}


def test_a_district_is_not_its_city(plans: tuple[Plan, ...]) -> None:
    applying, _ = applying_targets(plans, "邵阳", 2025)
    assert {t.plan for t in applying} == {"national"}
    applying, _ = applying_targets(plans, "邵阳市北塔区", 2025)
    assert {t.plan for t in applying} == {"beita"}


def test_a_place_without_a_plan_gets_the_national_limits(plans: tuple[Plan, ...]) -> None:
    applying, reference = applying_targets(plans, "上海", 2016)
    assert len(applying) == 11
    assert reference == []
    assert {t.year for t in applying} == {2016}
    assert {t.region for t in applying} == {"上海"}


def test_a_year_the_plan_does_not_name_gets_both(plans: tuple[Plan, ...]) -> None:
    """In 2023 Hengshui's lake has to keep its class; the air is judged by the national limits."""
    applying, reference = applying_targets(plans, "衡水市", 2023)
    assert "hengshui-2025-section-class" in {t.id for t in applying}
    assert "national-2012-pm25" in {t.id for t in applying}
    assert "hengshui-2025-pm25-firm" in {t.id for t in reference}


def test_milestones_alone_do_not_hide_the_national_limits(plans: tuple[Plan, ...]) -> None:
    applying, _ = applying_targets(plans, "张家界市", 2022)
    kinds = {t.kind for t in applying if t.plan == "zhangjiajie" and t.year == 2022}
    assert kinds == {"milestone"}
    assert "national-2012-pm25" in {t.id for t in applying}


def test_a_named_plan_stays_with_its_region(plans: tuple[Plan, ...]) -> None:
    applying, _ = applying_targets(plans, "衡水", 2025, plan="hengshui")
    assert {t.plan for t in applying} == {"hengshui"}
    elsewhere, _ = applying_targets(plans, "上海", 2025, plan="hengshui")
    assert {t.plan for t in elsewhere} == {"national"}
    national, _ = applying_targets(plans, "衡水", 2025, plan="national")
    assert {t.plan for t in national} == {"national"}
    with pytest.raises(TargetError, match="no plan called 'shanghai'"):
        applying_targets(plans, "上海", 2025, plan="shanghai")


def test_a_workspace_alias_leads_to_the_plan(plans: tuple[Plan, ...]) -> None:
    applying, _ = applying_targets(plans, "桃城", 2025, aliases={"桃城": "衡水市"})
    assert {t.plan for t in applying} == {"hengshui"}


def test_no_target_both_applies_and_is_for_reference(plans: tuple[Plan, ...]) -> None:
    for plan in plans:
        for year in range(2019, 2036):
            applying, reference = applying_targets(plans, plan.region or "上海", year)
            own = [t for t in applying if t.plan == plan.id]
            if plan.region:
                assert len(own) + len(reference) == len(plan.target)


def test_ten_sections_of_2020_never_answer_thirteen_of_2025(plans: tuple[Plan, ...]) -> None:
    plan = find_plan(plans, "hengshui")
    target = plan.find("hengshui-2025-share-class-iii")
    assert target is not None
    clash = section_set_mismatch(target, plan, 10, dt.date(2020, 12, 31))
    assert clash is not None
    assert "10" in clash[0] and "13" in clash[0] and "13" in clash[1]
    assert section_set_mismatch(target, plan, 13, dt.date(2025, 6, 30)) is None
    assert section_set_mismatch(target, plan, 10, dt.date(2025, 6, 30)) is not None
    assert section_set_mismatch(target, plan, 13, dt.date(2020, 6, 30)) is not None


def test_a_target_without_a_list_has_no_mismatch(plans: tuple[Plan, ...]) -> None:
    plan = find_plan(plans, "ankang")
    share = plan.find("ankang-2025-share-class-iii")
    pm25 = plan.find("ankang-2025-pm25")
    assert share is not None and pm25 is not None
    # Ankang does not say how many sections it has, so no number can contradict it.
    assert section_set_mismatch(share, plan, 7, dt.date(2025, 6, 30)) is None
    assert section_set_mismatch(pm25, plan, 1, dt.date(2025, 6, 30)) is None


def test_all_sections_never_stand_for_outflow_sections(plans: tuple[Plan, ...]) -> None:
    plan = find_plan(plans, "qiandongnan")
    outflow = plan.find("qiandongnan-2025-share-class-iii-outflow")
    assert outflow is not None and outflow.section_set == "主要河流出境断面"
    day = dt.date(2025, 6, 30)
    clash, remark = section_list(outflow, plan, "all", 8, day)
    assert clash is not None and remark == ("", "")
    assert "主要河流出境断面" in clash[0] and "[[section_sets]]" in clash[1]
    # Declared under the plan's name it answers, with nothing to say of it.
    assert section_list(outflow, plan, "主要河流出境断面", 3, day) == (None, ("", ""))


def test_all_sections_stand_for_an_undeclared_list_with_a_remark(plans: tuple[Plan, ...]) -> None:
    plan = find_plan(plans, "ankang")
    share = plan.find("ankang-2025-share-class-iii")
    assert share is not None and share.section_set
    clash, remark = section_list(share, plan, "all", 7, dt.date(2025, 6, 30))
    assert clash is None
    assert share.section_set in remark[0] and "not declared" in remark[1]
