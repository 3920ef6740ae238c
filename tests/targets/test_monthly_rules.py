"""Rules on months, conditional targets and what stands beside a verdict, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.targets import Evidence, Judgement, Target, Thresholds, judge
from forecast.targets.beside import independent_probability
from forecast.targets.evidence import Chances, MonthlyValues

TARGET = Target.model_validate(
    {"id": "p-class", "domain": "water", "indicator": "section_class", "label_zh": "出境断面水质",
     "label_en": "outflow section", "kind": "threshold", "comparator": "<=", "value": 2,
     "unit": "class", "year": 2025, "strength": "稳定", "place": "出境断面"}
)  # fmt: skip
TP = ("总磷", "TP")


def months(*classes: float, drawn: list[list[float]] | None = None) -> MonthlyValues:
    seen = np.full(12, np.nan)
    seen[: len(classes)] = classes
    table = None
    if drawn is not None:
        table = np.repeat(seen[None], len(drawn), axis=0)
        table[:, len(classes) :] = drawn
    leads = tuple(TP if c > 2 else ("", "") for c in np.nan_to_num(seen))
    return MonthlyValues(seen, table, 12 - len(classes), leads)


def over(*classes: float, observed: float = 2.0, limits: Thresholds | None = None) -> Judgement:
    return judge(
        TARGET,
        Evidence(observed=observed, year=2025, year_over=True, monthly=months(*classes)),
        limits,
    )


def test_all_months_is_the_default_and_is_named_with_its_grade() -> None:
    found = over(*[2.0] * 11, 3.0)
    assert found.verdict == "NOT_MET"
    assert "all_months" in found.reason_zh and "本系统的理解" in found.reason_zh
    assert "our own reading" in found.reason_en
    # The month over, its class and what drove it.
    assert "已评 12 个月，其中 1 个月超标：12月III类（总磷）" in found.reason_zh
    assert "month 12: class III (TP)" in found.reason_en


@pytest.mark.parametrize(
    ("rule", "share", "bad", "verdict"),
    [
        ("annual_mean", 80.0, 5, "MET"),
        ("share_of_months", 80.0, 2, "MET"),  # 10/12 = 83.3
        ("share_of_months", 80.0, 3, "NOT_MET"),  # 9/12 = 75.0
        ("share_of_months", 83.3, 2, "MET"),  # one decimal, as every share
        ("share_of_months", 83.4, 2, "NOT_MET"),
        ("all_months", 80.0, 0, "MET"),
        ("all_months", 80.0, 1, "NOT_MET"),
    ],
)
def test_named_rules_by_hand(rule: str, share: float, bad: int, verdict: str) -> None:
    limits = Thresholds(month_rule=rule, month_share=share)
    assert over(*[2.0] * (12 - bad), *[3.0] * bad, limits=limits).verdict == verdict


def test_every_rule_asks_for_the_year_as_well() -> None:
    for rule in ("all_months", "annual_mean", "share_of_months"):
        found = over(*[2.0] * 12, observed=3.0, limits=Thresholds(month_rule=rule))
        assert found.verdict == "NOT_MET"


def test_a_target_may_name_its_own_rule() -> None:
    own = TARGET.model_copy(update={"month_rule": "share_of_months", "month_share": 75.0})
    evidence = Evidence(
        observed=2.0, year=2025, year_over=True, monthly=months(*[2.0] * 9, *[3.0] * 3)
    )
    assert judge(own, evidence).verdict == "MET"
    assert judge(TARGET, evidence).verdict == "NOT_MET"


def test_months_not_assessed_leave_the_denominator() -> None:
    """Eight months, one over: 7/8 = 87.5 %."""
    limits = Thresholds(month_rule="share_of_months", month_share=87.5)
    assert over(*[2.0] * 7, 3.0, limits=limits).verdict == "MET"


def test_probability_needs_the_year_and_the_months_on_the_same_path() -> None:
    """Four paths: year and months hold on the first alone."""
    drawn = [[2.0], [3.0], [2.0], [3.0]]
    evidence = Evidence(
        observed=2.0, samples=np.array([2.0, 2.0, 3.0, 3.0]), year=2025,
        monthly=months(*[2.0] * 11, drawn=drawn),
    )  # fmt: skip
    found = judge(TARGET, evidence)
    assert found.probability == 0.25
    # By the other rules: the year alone 2 of 4; 80 % of months 2 of 4.
    assert found.reason_zh.count("50.0%") == 2


def test_one_month_over_decides_all_months_at_once() -> None:
    evidence = Evidence(
        observed=2.0, samples=np.full(4, 2.0), year=2025,
        monthly=months(2.0, 3.0, drawn=[[2.0] * 10] * 4),
    )  # fmt: skip
    found = judge(TARGET, evidence)
    assert (found.verdict, found.probability) == ("NOT_MET", 0.0)
    # A share of months can still be met.
    share = judge(TARGET, evidence, Thresholds(month_rule="share_of_months"))
    assert share.verdict == "LIKELY"
    lost = Evidence(
        observed=2.0, samples=np.full(4, 2.0), year=2025,
        monthly=months(3.0, 3.0, 3.0, drawn=[[2.0] * 9] * 4),
    )  # fmt: skip
    # At best 9 of 12 = 75 %.
    assert judge(TARGET, lost, Thresholds(month_rule="share_of_months")).probability == 0.0


def test_a_level_to_keep_asks_for_the_years_before_too() -> None:
    keep = TARGET.model_copy(update={"kind": "keep", "period": "2023-2025"})
    fine = Evidence(
        observed=2.0, year=2025, year_over=True, monthly=months(*[2.0] * 12),
        history={2023: 2.0, 2024: 2.0},
    )  # fmt: skip
    assert judge(keep, fine).verdict == "MET"
    broken = Evidence(
        observed=2.0, year=2025, year_over=True, monthly=months(*[2.0] * 12),
        history={2023: 3.0, 2024: 2.0},
    )  # fmt: skip
    found = judge(keep, broken)
    assert found.verdict == "NOT_MET" and "2023" in found.reason_zh


def test_without_the_word_stable_months_over_are_only_reported() -> None:
    plain = TARGET.model_copy(update={"strength": ""})
    evidence = Evidence(observed=2.0, year=2025, year_over=True, monthly=months(*[2.0] * 11, 3.0))
    found = judge(plain, evidence)
    assert found.verdict == "MET"
    assert "逐月看，已评 12 个月，其中 1 个月超标" in found.reason_zh
    assert "By month" in found.reason_en


def test_an_insufficient_year_stays_insufficient() -> None:
    evidence = Evidence(
        sufficient=False, insufficient_reason=("月数不足", "too few months"), year=2025,
        monthly=months(2.0),
    )  # fmt: skip
    assert judge(TARGET, evidence).verdict == "INSUFFICIENT_DATA"


@pytest.mark.parametrize("fields", [{"month_rule": "sometimes"}, {"month_share": 0.0}])
def test_a_rule_that_does_not_exist_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="month_"):
        Thresholds(**fields)  # type: ignore[arg-type]


CANAL = Target.model_validate(
    {"id": "p-canal", "domain": "water", "indicator": "grand_canal_flow", "kind": "milestone",
     "label_zh": "大运河全线有水", "label_en": "canal flowing", "token": "ACHIEVE", "year": 2025,
     "condition": "正常来水年份", "condition_indicator": "normal_inflow_year"}
)  # fmt: skip


def test_a_condition_that_nobody_entered_is_unknown() -> None:
    found = judge(CANAL, Evidence(year=2025, done=True))
    assert (found.verdict, found.probability) == ("INCONCLUSIVE", None)
    assert "条件未知" in found.reason_zh and "normal_inflow_year" in found.reason_zh
    assert "condition unknown" in found.reason_en


def test_a_condition_that_did_not_hold_asks_for_nothing() -> None:
    assert judge(CANAL, Evidence(year=2025, condition=False)).verdict == "NOT_APPLICABLE"


def test_a_condition_that_held_leaves_the_target_as_it_is() -> None:
    assert judge(CANAL, Evidence(year=2025, condition=True, done=True)).verdict == "MET"


SHARE = Target.model_validate(
    {"id": "p-share", "domain": "water", "indicator": "share_class_iii", "kind": "threshold",
     "label_zh": "优良比例", "label_en": "share", "comparator": ">=", "value": 69.2, "unit": "%",
     "year": 2025}
)  # fmt: skip


def test_the_independent_answer_stands_behind_the_reason_of_an_open_year() -> None:
    chances = Chances(np.array([61.5, 69.2, 76.9]), np.array([0.7, 0.2, 0.1]))
    assert independent_probability(SHARE, chances, 100) == pytest.approx(0.3)
    open_ = Evidence(
        observed=69.2, samples=np.array([61.5, 69.2] * 50), year=2025, independent=chances
    )
    found = judge(SHARE, open_)
    assert found.probability == 0.5
    assert "30.0%" in found.reason_zh and "30.0%" in found.reason_en
    done = Evidence(observed=69.2, year=2025, year_over=True, independent=chances)
    assert "互不相关" not in judge(SHARE, done).reason_zh


def test_remarks_follow_the_reason_in_both_languages() -> None:
    evidence = Evidence(
        observed=100.0, year=2025, year_over=True, remarks=("另有说明。", " A note.")
    )
    found = judge(SHARE, evidence)
    assert found.reason_zh.endswith("。另有说明。")
    assert found.reason_en.endswith(". A note.")


def test_a_change_of_an_index_against_its_base_year() -> None:
    """CWQI 4.0 in 2020: 3.6 is 10 % lower; on paths 3.4 and 3.8 it is half and half."""
    change = Target.model_validate(
        {"id": "p-cwqi", "domain": "water", "indicator": "cwqi_change", "data": "entered",
         "kind": "change", "change": "signed", "of": "cwqi", "base_year": 2020, "unit": "%",
         "label_zh": "水质指数变化", "label_en": "change of the index", "comparator": "<=",
         "value": -8, "year": 2025}
    )  # fmt: skip
    over_ = judge(change, Evidence(year=2025, year_over=True, levels={2020: 4.0, 2025: 3.6}))
    assert (over_.verdict, over_.margin) == ("MET", 2.0)
    open_ = judge(
        change,
        Evidence(year=2025, levels={2020: 4.0}, level_samples=np.array([3.4, 3.8] * 10)),
    )
    assert open_.probability == 0.5
    assert judge(change, Evidence(year=2025, levels={2025: 3.6})).verdict == "NO_BASELINE"


def test_the_state_of_a_river_is_said_in_words() -> None:
    state = Target.model_validate(
        {"id": "p-state", "domain": "water", "indicator": "water_state", "kind": "threshold",
         "label_zh": "汉江水质", "label_en": "the Hanjiang", "comparator": "<=", "value": 1,
         "unit": "state", "year": 2025}
    )  # fmt: skip
    found = judge(state, Evidence(observed=2.0, year=2025, year_over=True))
    assert found.verdict == "NOT_MET"
    assert "为良好" in found.reason_zh and "excellent" in found.reason_en
