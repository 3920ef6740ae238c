"""Verdicts on numbers: hand-made cases, and properties that hold for all."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.targets import (
    VERDICTS,
    Evidence,
    Judgement,
    Target,
    Thresholds,
    find_plan,
    judge,
    load_plans,
)
from forecast.targets.comparators import break_even, decided_by_bounds, meets
from forecast.targets.wording import percent


def target(**fields: Any) -> Target:
    base = {
        "id": "t", "domain": "air", "indicator": "pm25_annual_mean", "label_zh": "PM2.5年均浓度",
        "label_en": "PM2.5 annual mean", "kind": "threshold", "comparator": "<=", "value": 37,
        "unit": "µg/m³", "year": 2025,
    }  # fmt: skip
    return Target.model_validate({**base, **fields})


RATIO = {
    "indicator": "good_day_ratio", "comparator": ">=", "unit": "%", "label_zh": "优良天数比率",
    "label_en": "good-air-day ratio",
}  # fmt: skip
SHARE = {
    "domain": "water", "indicator": "share_class_iii", "comparator": ">=", "value": 69.2,
    "unit": "%", "label_zh": "优良断面比例", "label_en": "share at class III or better",
}  # fmt: skip
CLASS = {
    "domain": "water", "indicator": "section_class", "value": 2, "unit": "class",
    "label_zh": "断面水质类别", "label_en": "section class", "place": "出境断面",
}  # fmt: skip


def over(value: float, **more: Any) -> Evidence:
    return Evidence(observed=value, year_over=True, **more)


def drawn(*values: float, **more: Any) -> Evidence:
    return Evidence(samples=np.array(values, dtype=float), **more)


@pytest.mark.parametrize(
    ("fields", "value", "verdict"),
    [
        ({"value": 29}, 29.0, "MET"),  # 29.1 rounds to 29 before it comes here
        ({"value": 29}, 30.0, "NOT_MET"),
        ({**RATIO, "value": 95}, 95.0, "MET"),
        ({**RATIO, "value": 95}, 94.9, "NOT_MET"),
        ({**RATIO, "value": 75}, 65.0, "NOT_MET"),  # Hengshui 2020: 238 of 366 days
        ({"indicator": "heavy_days", "value": 0, "unit": "days", "kind": "eliminate"}, 0, "MET"),
        ({"indicator": "heavy_days", "value": 0, "unit": "days", "kind": "eliminate"}, 1, "NOT_MET"),
        (SHARE, round(100 * 9 / 13, 1), "MET"),
        (SHARE, round(100 * 8 / 13, 1), "NOT_MET"),
        (SHARE, round(100 * 8 / 12, 1), "NOT_MET"),  # a dry section changes the denominator
        (SHARE, round(100 * 9 / 12, 1), "MET"),
        (CLASS, 1, "MET"),
        (CLASS, 2, "MET"),
        (CLASS, 3, "NOT_MET"),
        ({"indicator": "so2_reduction", "data": "entered", "kind": "change", "change": "reduction",
          "comparator": ">=", "value": 0, "unit": "%"}, 20.09, "MET"),
        ({"indicator": "share_inferior_v", "domain": "water", "kind": "eliminate", "value": 0,
          "unit": "%"}, 7.7, "NOT_MET"),
    ],
)  # fmt: skip
def test_a_finished_year_is_met_or_not(fields: dict[str, Any], value: float, verdict: str) -> None:
    found = judge(target(**fields), over(value))
    assert found.verdict == verdict
    assert found.probability == (1.0 if verdict == "MET" else 0.0)
    assert found.margin is not None
    assert (found.margin >= 0) == (verdict == "MET")


def test_firm_met_and_stretch_missed_are_two_answers() -> None:
    plan = find_plan(load_plans(), "hengshui")
    firm, stretch = plan.find("hengshui-2025-pm25-firm"), plan.find("hengshui-2025-pm25-stretch")
    assert firm is not None and stretch is not None
    assert judge(firm, over(36.0)).verdict == "MET"
    assert judge(stretch, over(36.0)).verdict == "NOT_MET"


def test_the_probability_is_the_share_of_paths() -> None:
    found = judge(target(), drawn(35, 36, 37, 38, observed=40.0, as_of="2025-06-30"))
    assert (found.verdict, found.probability) == ("AT_RISK", 0.75)
    assert found.margin == 0.5  # the median path is 36.5
    assert "37 µg/m³" in found.reason_zh and "75.0%" in found.reason_zh
    assert "截至 2025-06-30" in found.reason_zh and "40 µg/m³" in found.reason_zh
    assert "at most 37 µg/m³" in found.reason_en and "75.0%" in found.reason_en


@pytest.mark.parametrize(
    ("hits", "verdict"), [(100, "LIKELY"), (80, "LIKELY"), (79, "AT_RISK"), (20, "AT_RISK"),
                          (19, "UNLIKELY"), (0, "UNLIKELY")],
)  # fmt: skip
def test_thresholds_part_the_verdicts(hits: int, verdict: str) -> None:
    paths = np.where(np.arange(100) < hits, 30.0, 50.0)
    assert judge(target(), Evidence(samples=paths)).verdict == verdict


def test_thresholds_come_from_the_caller() -> None:
    paths = np.where(np.arange(100) < 60, 30.0, 50.0)
    assert judge(target(), Evidence(samples=paths), Thresholds(0.6, 0.1)).verdict == "LIKELY"
    with pytest.raises(ValueError, match="unlikely < likely"):
        Thresholds(likely=0.2, unlikely=0.8)


@pytest.mark.parametrize(("value", "p"), [(30.0, 1 - 1 / 4000), (50.0, 1 / 4000)])
def test_simulation_never_says_zero_or_one(value: float, p: float) -> None:
    found = judge(target(), Evidence(samples=np.full(2000, value)))
    assert found.probability == p
    assert found.verdict in ("LIKELY", "UNLIKELY")
    assert "概率为 100%" not in found.reason_zh and "概率为 0%" not in found.reason_zh
    assert " 100%" not in found.reason_en and " 0%" not in found.reason_en


@pytest.mark.parametrize(
    ("bounds", "verdict", "p"),
    [((38.0, 60.0), "NOT_MET", 0.0), ((20.0, 37.0), "MET", 1.0), ((20.0, 60.0), "LIKELY", None)],
)
def test_arithmetic_decides_before_the_year_is_over(
    bounds: tuple[float, float], verdict: str, p: float | None
) -> None:
    evidence = drawn(*[30.0] * 20, bounds=bounds, observed=30.0)
    found = judge(target(), evidence)
    assert found.verdict == verdict
    assert found.probability == (p if p is not None else 1 - 1 / 40)


def test_a_heavy_day_ends_a_target_of_none() -> None:
    heavy = target(indicator="heavy_days", kind="eliminate", value=0, unit="days")
    found = judge(heavy, drawn(1, 2, 5, bounds=(1.0, 180.0), observed=1.0))
    assert (found.verdict, found.probability) == ("NOT_MET", 0.0)
    still = judge(heavy, drawn(0, 0, 1, bounds=(0.0, 180.0), observed=0.0))
    assert still.verdict == "AT_RISK"


def test_too_little_data_is_said_with_its_reason() -> None:
    evidence = Evidence(
        observed=30.0, samples=np.full(10, 30.0), sufficient=False,
        insufficient_reason=("有效天数不足", "too few valid days"),
    )  # fmt: skip
    found = judge(target(), evidence)
    assert (found.verdict, found.probability) == ("INSUFFICIENT_DATA", None)
    assert "有效天数不足" in found.reason_zh and "too few valid days" in found.reason_en


@pytest.mark.parametrize("evidence", [Evidence(), Evidence(year_over=True), drawn(np.nan, np.nan)])
def test_nothing_known_is_insufficient(evidence: Evidence) -> None:
    assert judge(target(), evidence).verdict == "INSUFFICIENT_DATA"


def test_paths_that_could_not_be_computed_are_left_out() -> None:
    assert judge(target(), drawn(30, 30, 30, 50, np.nan)).probability == 0.75


# Numbers that somebody else sets


def test_an_assigned_number_is_pending_with_its_break_even() -> None:
    ratio = target(**{**RATIO, "value": None, "token": "ASSIGNED"})
    paths = np.round(np.linspace(70.0, 94.9, 250), 1)
    found = judge(ratio, Evidence(samples=paths, observed=83.0))
    assert (found.verdict, found.probability) == ("TARGET_PENDING", None)
    assert found.break_even == {"probability": 0.8, "value": 75.0}
    assert "75.0%" in found.reason_zh and "75.0% is reached with probability 0.8" in found.reason_en
    assert "83.0%" in found.reason_zh


@pytest.mark.parametrize("token", ["ASSIGNED", "ASSIGNED_BY_CITY", "ASSIGNED_BY_PROVINCE_CITY"])
@pytest.mark.parametrize(
    "evidence", [Evidence(), over(12.0), drawn(12.0), Evidence(sufficient=False)]
)
def test_an_open_number_is_never_met(token: str, evidence: Evidence) -> None:
    pending = target(value=None, token=token)
    assert judge(pending, evidence).verdict == "TARGET_PENDING"


def test_break_even_takes_the_lenient_side_of_the_resolution() -> None:
    low = np.array([30.2, 30.4, 30.6, 30.8, 31.2])
    assert break_even(low, True, 0.8, 0) == 31.0
    assert break_even(low, False, 0.8, 0) == 30.0
    assert break_even(np.array([2.0, 2.0, 3.0, 3.0, 4.0]), True, 0.8, None) == 3.0


# Tolerance and words


def test_basically_says_that_no_tolerance_is_set() -> None:
    heavy = target(
        indicator="heavy_days", kind="eliminate", value=0, unit="days", strength="基本",
        token="BASICALLY_ELIMINATE",
    )  # fmt: skip
    found = judge(heavy, over(1.0))
    assert found.verdict == "NOT_MET"
    assert "未设容差" in found.reason_zh and "no tolerance is set" in found.reason_en
    allowed = judge(heavy.model_copy(update={"tolerance": 2.0}), over(2.0))
    assert allowed.verdict == "MET"
    assert "2 天" in allowed.reason_zh


def test_classes_speak_their_own_words() -> None:
    found = judge(target(**CLASS), drawn(2, 2, 3, 6, observed=2.0))
    assert "达到或优于II类" in found.reason_zh and "class II or better" in found.reason_en
    assert found.margin == -1.0  # the median class is the worse of the two middle ones
    worst = judge(target(**CLASS), over(6.0))
    assert "劣V类" in worst.reason_zh and "worse than class V" in worst.reason_en


def test_grade_two_names_the_items_that_fail() -> None:
    grade = find_plan(load_plans(), "qiandongnan").find("qiandongnan-2025-class-ii")
    assert grade is not None
    assert judge(grade, over(0.0)).verdict == "MET"
    found = judge(grade, over(1.0, detail_zh="臭氧超过二级", detail_en="ozone is over class II"))
    assert found.verdict == "NOT_MET"
    assert "臭氧超过二级" in found.reason_zh and "ozone is over class II" in found.reason_en


@pytest.mark.parametrize(
    ("p", "text"),
    [(0.99975, ">99.9%"), (0.00025, "<0.1%"), (0.9996, ">99.9%"), (0.8, "80.0%"), (1.0, "100%"),
     (0.0, "0%"), (0.0014, "0.1%"), (0.999, "99.9%")],
)  # fmt: skip
def test_probabilities_in_words(p: float, text: str) -> None:
    assert percent(p) == text


# Properties

VALUES = st.lists(st.integers(0, 200), min_size=1, max_size=60)


def check_shape(found: Judgement, n: int) -> None:
    assert found.verdict in VERDICTS
    assert found.reason_zh.endswith("。") and found.reason_zh.count("。") == 1
    assert found.reason_en.endswith(".") and found.reason_en[0].isupper()
    if found.probability is not None and found.verdict not in ("MET", "NOT_MET"):
        assert 1 / (2 * n) <= found.probability <= 1 - 1 / (2 * n)


@given(VALUES, st.integers(0, 200), st.integers(0, 50), st.sampled_from(["<=", ">="]))
@settings(max_examples=150, deadline=None)
def test_an_easier_number_is_never_less_likely(
    values: list[int], aim: int, easier: int, comparator: str
) -> None:
    evidence = drawn(*map(float, values))
    step = easier if comparator == "<=" else -easier
    hard = judge(target(value=aim, comparator=comparator), evidence)
    easy = judge(target(value=aim + step, comparator=comparator), evidence)
    assert hard.probability is not None and easy.probability is not None
    assert easy.probability >= hard.probability
    check_shape(hard, len(values))


@given(VALUES, st.integers(0, 200))
@settings(max_examples=150, deadline=None)
def test_the_verdict_follows_the_printed_probability(values: list[int], aim: int) -> None:
    found = judge(target(value=aim), drawn(*map(float, values)))
    p = found.probability
    assert p is not None
    assert found.verdict == ("LIKELY" if p >= 0.8 else "UNLIKELY" if p < 0.2 else "AT_RISK")


@given(VALUES, st.integers(0, 200), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_paths_does_not_matter(values: list[int], aim: int, random: Any) -> None:
    mixed = list(values)
    random.shuffle(mixed)
    one, two = (judge(target(value=aim), drawn(*map(float, v))) for v in (values, mixed))
    assert one == two


@given(VALUES, st.sampled_from([0.5, 0.8, 0.9]), st.booleans())
@settings(max_examples=150, deadline=None)
def test_break_even_is_reached_and_nothing_stricter_is(
    values: list[int], probability: float, lower: bool
) -> None:
    x = np.array(values, dtype=float)
    v = break_even(x, lower, probability, 0)
    comparator, stricter = ("<=", v - 1) if lower else (">=", v + 1)
    assert meets(x, comparator, v).mean() >= probability - 1e-12
    assert meets(x, comparator, stricter).mean() < probability


@given(st.integers(0, 100), st.integers(0, 100), st.integers(0, 100),
       st.sampled_from(["<=", ">=", "=="]))  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_bounds_decide_only_what_every_value_between_says(
    a: int, b: int, aim: int, comparator: str
) -> None:
    low, high = sorted((a, b))
    every = meets(np.arange(low, high + 1), comparator, float(aim))
    decided = decided_by_bounds((float(low), float(high)), comparator, float(aim))
    expected = True if every.all() else False if not every.any() else None
    assert decided == expected


@given(st.floats(0, 300, allow_nan=False), st.floats(0, 300, allow_nan=False))
@settings(max_examples=100, deadline=None)
def test_decimals_do_not_trip_over_binary(value: float, aim: float) -> None:
    v, a = round(value, 1), round(aim, 1)
    assert bool(meets(v, ">=", a)) == (round(v * 10) >= round(a * 10))


def test_every_target_of_every_plan_is_answered() -> None:
    rng = np.random.default_rng(5)
    for plan in load_plans():
        for t in plan.target:
            decimals = 0 if t.unit in ("class", "days") else 1
            paths = np.clip(np.round(rng.normal(t.value or 3, 2, 64), decimals), 1, None)
            for evidence in (
                Evidence(),
                Evidence(observed=float(paths[0]), samples=paths, year=2025),
                Evidence(observed=float(paths[0]), year=2025, year_over=True),
                Evidence(observed=2.0, samples=paths, year=2025, history={2022: 3.0, 2023: 2.0}),
            ):
                found = judge(t, evidence)
                assert found.verdict in VERDICTS
                assert found.reason_zh.endswith("。"), t.id
                assert found.reason_en.endswith("."), t.id
                assert found.reason_en[0].isupper(), t.id
                assert not re.search(r"\b(None|nan)\b", found.reason_zh + found.reason_en), t.id
                if found.probability in (0.0, 1.0):
                    assert found.verdict in ("MET", "NOT_MET"), t.id


@pytest.mark.parametrize(
    ("hits", "verdict", "printed"),
    [(1600, "LIKELY", "80.0%"), (1599, "AT_RISK", "79.95%"), (1598, "AT_RISK", "79.9%"),
     (400, "AT_RISK", "20.0%"), (399, "UNLIKELY", "19.95%"), (398, "UNLIKELY", "19.9%")],
)  # fmt: skip
def test_a_probability_is_never_printed_as_the_threshold_it_misses(
    hits: int, verdict: str, printed: str
) -> None:
    found = judge(target(), drawn(*([30.0] * hits + [40.0] * (2000 - hits))))
    assert found.verdict == verdict
    assert f"概率为 {printed}，" in found.reason_zh and f"is {printed}, " in found.reason_en


def test_an_open_upper_bound_is_said_in_words() -> None:
    target = next(t for p in load_plans() for t in p.target if t.id == "hengshui-2025-pm25-firm")
    found = judge(
        target, Evidence(observed=52.0, year=2025, bounds=(41.0, float("inf")), samples=None)
    )
    assert found.verdict == "NOT_MET"
    assert found.probability == 0.0
    assert "inf" not in found.reason_zh + found.reason_en
    assert "至少为" in found.reason_zh
    assert "no less than" in found.reason_en
