"""Shares of sections by hand: rounding, denominators, lists that change, sections that depend."""

from __future__ import annotations

import itertools
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from forecast.projection.common_sections import with_common_sections
from forecast.projection.judging import entries_of
from forecast.projection.result import IndicatorResult, Observed
from forecast.projection.section_shares import SectionSet, SetMembers, section_shares
from forecast.projection.settings import Settings
from forecast.projection.water_independent import chances_summary, independent_share
from forecast.standards.rounding import round_half_even
from forecast.targets.applied import Applied
from forecast.targets.model import Plan, Target

OVER = Settings(date(2025, 12, 31), 2025)
OPEN = Settings(date(2025, 8, 31), 2025, n_paths=4)


def section(
    name: str,
    value: float | None,
    *,
    samples: list[float] | None = None,
    history: dict[int, float] | None = None,
    sufficient: bool = True,
    bounds: tuple[float, float] | None = None,
    months: int = 12,
) -> IndicatorResult:
    drawn = None if samples is None else np.array(samples, dtype=float)
    return IndicatorResult(
        region="城", place=name, place_kind="section", point_set="", domain="water",
        indicator="section_class", unit="class", period="2025", standard="GB 3838-2002", dust=None,
        basis=None, observed=Observed(value, None, months, 12, None), samples=drawn, judged=drawn,
        observed_judged=value, sufficient=sufficient, history=history or {}, bounds=bounds,
        counts={"n_valid": months},
    )  # fmt: skip


def shares(
    results: list[IndicatorResult],
    settings: Settings = OVER,
    *,
    group: SectionSet | None = None,
    others: tuple[SectionSet, ...] = (),
    own: dict[str, int] | None = None,
) -> dict[str, IndicatorResult]:
    listed = group or SectionSet("国省考断面", tuple(r.place for r in results))
    of = SetMembers(listed, {r.place: r for r in results}, others, own)
    found = section_shares("城", of, settings, "m")
    return {r.indicator: with_common_sections(r, of, settings) for r in found}


def target(indicator: str, comparator: str, value: float, **more: object) -> Target:
    unit = "%" if "share" in indicator else "sections"
    return Target.model_validate(
        {
            "id": "p-t", "domain": "water", "indicator": indicator, "label_zh": "断面比例",
            "label_en": "share", "kind": "threshold", "comparator": comparator, "value": value,
            "unit": unit, "year": 2025, **more,
        }
    )  # fmt: skip


def judged(result: IndicatorResult, of: Target, settings: Settings = OVER) -> dict[str, object]:
    plan = Plan(id="p", title="规划", region="城")
    asked = of.model_copy(update={"plan": "p", "region": "城"})
    (entry,) = entries_of([result], [asked], settings, Applied((plan,)))
    found: dict[str, object] = entry["targets"][0]
    return found


def names(n: int) -> list[str]:
    return [f"断{k}" for k in range(n)]


@pytest.mark.parametrize(
    ("good", "silent", "official", "verdict"),
    [
        (9, 0, 69.2, "MET"),  # 9/13 = 69.23
        (8, 0, 61.5, "NOT_MET"),  # 8/13 = 61.54
        (8, 1, 66.7, "NOT_MET"),  # one dry: 8/12
        (9, 1, 75.0, "MET"),  # one dry: 9/12
    ],
)
def test_thirteen_sections_by_hand(good: int, silent: int, official: float, verdict: str) -> None:
    results = [section(n, 3.0 if k < good else 4.0) for k, n in enumerate(names(13 - silent))]
    group = SectionSet("国省考断面", tuple(names(13)))
    found = shares(results, group=group)["share_class_iii"]
    assert found.observed.value_official == official
    assert (found.observed.n_valid, found.observed.n_expected) == (13 - silent, 13)
    answer = judged(found, target("share_class_iii", ">=", 69.2))
    assert answer["verdict"] == verdict
    assert f"13个断面中{13 - silent}个参评" in str(answer["reason"])
    if silent:
        # The rule of the denominator is said, with the share over the whole list.
        assert "退出分母" in str(answer["reason"])
        assert f"{100 * good / 13:.1f}%" in str(answer["reason"])


def test_one_section_worse_than_v_fails_the_count_of_zero() -> None:
    results = [section(n, c) for n, c in zip(names(5), (2, 3, 3, 6, 1), strict=True)]
    found = shares(results)
    assert found["inferior_v_sections"].observed.value == 1
    assert found["share_inferior_v"].observed.value_official == 20.0
    for name in ("inferior_v_sections", "share_inferior_v"):
        answer = judged(found[name], target(name, "<=", 0, kind="eliminate"))
        assert answer["verdict"] == "NOT_MET"
        assert "断3" in str(answer["reason"])


def test_meeting_its_own_class_is_another_indicator_than_class_iii() -> None:
    """2020 in Hengshui: ten of ten met their own class and eight of ten were III or better."""
    results = [section(n, 3.0 if k < 8 else 4.0) for k, n in enumerate(names(10))]
    own = {n: 3 if k < 8 else 5 for k, n in enumerate(names(10))}
    found = shares(results, own=own)
    assert found["share_class_iii"].observed.value_official == 80.0
    assert found["share_own_class"].observed.value_official == 100.0
    assert found["sections_meeting_own_class"].observed.value_official == 10
    del own["断9"]
    assert "share_own_class" not in shares(results, own=own)


def test_the_joint_share_and_the_independent_one_by_hand() -> None:
    """Two sections, each good on half of the paths and always together: joint 1/2, apart 1/4."""
    pair = [section(n, 3.0, samples=[3, 3, 4, 4]) for n in names(2)]
    found = shares(pair, OPEN)["share_class_iii"]
    answer = judged(found, target("share_class_iii", ">=", 100), OPEN)
    assert answer["probability"] == 0.5
    assert "25.0%" in str(answer["reason"]) and "25.0%" in str(answer["reason_en"])
    (other,) = [a for a in found.alternatives if a["kind"] == "independent_sections"]
    assert other["distribution"] == {"0": 0.25, "50": 0.5, "100": 0.25}
    assert other["forecast"]["mean"] == 50.0


def test_a_single_section_has_no_independent_answer() -> None:
    found = shares([section("断", 3.0, samples=[3, 3, 4, 4])], OPEN)["share_class_iii"]
    assert found.independent is None
    assert not [a for a in found.alternatives if a["kind"] == "independent_sections"]


@given(st.lists(st.lists(st.sampled_from([1.0, 4.0, np.nan]), min_size=4, max_size=4),
                min_size=1, max_size=5))  # fmt: skip
def test_the_convolution_is_the_sum_over_all_combinations(rows: list[list[float]]) -> None:
    classes = np.array(rows)
    expected: dict[float, float] = {}
    for combination in itertools.product(range(4), repeat=len(rows)):
        picked = classes[np.arange(len(rows)), list(combination)]
        there = np.isfinite(picked)
        if there.any():
            share = round_half_even(100 * float((picked[there] <= 3).sum()) / int(there.sum()), 1)
            expected[share] = expected.get(share, 0.0) + 4.0 ** -len(rows)
    found = independent_share(classes, 1, 3)
    total = sum(expected.values())
    got = dict(zip(found.values.tolist(), found.probabilities.tolist(), strict=True))
    assert {k for k, v in got.items() if v > 0} == set(expected)
    for value, weight in expected.items():
        assert got[value] == pytest.approx(weight / total)


def test_the_summary_of_a_distribution_has_the_quantiles_of_its_values() -> None:
    chances = independent_share(np.array([[1.0, 4.0], [1.0, 4.0]]), 1, 3)
    told = chances_summary(chances, 100, "m")
    assert (told["quantiles"]["0.05"], told["quantiles"]["0.5"], told["quantiles"]["0.95"]) == (
        0.0, 50.0, 100.0,
    )  # fmt: skip


def test_a_changed_list_is_no_series_and_the_common_sections_are_one() -> None:
    old = SectionSet("国省考断面", tuple(names(3)), None, date(2020, 12, 31))
    new = SectionSet("国省考断面", tuple(names(4)), date(2021, 1, 1))
    past = [{2019: 4.0, 2024: 3.0}, {2019: 3.0, 2024: 3.0}, {2019: 3.0, 2024: 4.0}, {2024: 3.0}]
    results = [section(n, 3.0, history=h) for n, h in zip(names(4), past, strict=True)]
    found = shares(results, group=new, others=(old,))["share_class_iii"]
    assert found.history == {2024: 75.0}
    assert "2019年的断面清单" in found.remarks[0] and "2019" in found.remarks[1]
    (common,) = [a for a in found.alternatives if a["kind"] == "common_sections"]
    assert common["sections"] == names(3)
    assert common["years"] == {"2019": 66.7, "2024": 66.7}
    assert common["observed"]["value_official"] == 100.0


def test_without_a_list_years_with_other_sections_are_flagged() -> None:
    results = [section("甲", 3.0, history={2023: 3.0, 2024: 3.0}),
               section("乙", 3.0, history={2024: 4.0})]  # fmt: skip
    found = shares(results, group=SectionSet("all"))["share_class_iii"]
    assert found.history == {2024: 50.0}
    assert "2023年的断面清单" in found.remarks[0]


def test_a_section_that_can_t_recover_decides_keep_100_before_the_year_ends() -> None:
    results = [
        section("断0", 2.0, samples=[2, 2, 2, 2], bounds=(1.0, 6.0), months=8),
        section("断1", 4.0, samples=[4, 4, 4, 4], bounds=(4.0, 6.0), months=8),
    ]
    found = shares(results, OPEN)["share_class_iii"]
    assert found.bounds == (0.0, 50.0)
    answer = judged(found, target("share_class_iii", ">=", 100), OPEN)
    assert (answer["verdict"], answer["probability"]) == ("NOT_MET", 0.0)
    # With too few months it may still leave the denominator, so nothing is decided.
    results[1] = section("断1", 4.0, samples=[4, 4, 4, 4], bounds=(4.0, 6.0), months=7)
    assert shares(results, OPEN)["share_class_iii"].bounds == (0.0, 100.0)


def test_sections_likely_to_fail_are_named_with_their_probability() -> None:
    results = [section("稳", 2.0, samples=[2, 2, 2, 2]), section("险", 3.0, samples=[3, 4, 4, 4])]
    found = shares(results, OPEN)["share_class_iii"]
    assert "险（75%）" in found.remarks[0] and "险 (75%)" in found.remarks[1]
    assert "稳" not in found.remarks[0]


def test_an_insufficient_section_is_not_counted_at_year_end() -> None:
    results = [section("甲", 3.0), section("乙", 6.0, sufficient=False, months=5)]
    found = shares(results)["share_inferior_v"]
    assert found.observed.value == 0.0 and found.observed.n_valid == 1
    assert "乙可评月数不足" in found.detail[0]


def shape(values: NDArray[np.float64]) -> tuple[int, ...]:
    return values.shape


def test_joint_samples_keep_the_shape_of_paths() -> None:
    results = [section(n, 3.0, samples=[3, 4, np.nan, np.nan]) for n in names(2)]
    found = shares(results, OPEN)["share_class_iii"]
    assert found.samples is not None and shape(found.samples) == (4,)
    np.testing.assert_array_equal(found.samples, [100.0, 0.0, np.nan, np.nan])
