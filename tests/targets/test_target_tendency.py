"""Verdicts over several years, and on what people enter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from forecast.targets import Evidence, Target, find_plan, judge, load_plans


def target(plan: str, target_id: str) -> Target:
    found = find_plan(load_plans(), plan).find(target_id)
    assert found is not None, target_id
    return found


def evidence(**fields: Any) -> Evidence:
    if "samples" in fields:
        fields["samples"] = np.array(fields["samples"], dtype=float)
    return Evidence(**{"year": 2025, **fields})


OZONE = target("ankang", "ankang-2025-o3-8h-p90")  # 增长趋势得到有效遏制
FALLING = target("hengshui", "hengshui-2025-o3-8h-p90")  # 力争持续下降
FIRES = target("zhangjiajie", "zhangjiajie-2025-straw-fire-hot-spots")  # 逐年减少
NICKEL = target("zhangjiajie", "zhangjiajie-2025-nickel-mean")
KEEP_SHARE = target("ankang", "ankang-2025-share-class-iii")  # 保持100%


@pytest.mark.parametrize("token_target", [OZONE, FALLING])
@pytest.mark.parametrize("history", [{}, {2024: 150.0}])
def test_a_trend_needs_three_years(token_target: Target, history: dict[int, float]) -> None:
    found = judge(token_target, evidence(samples=[140.0] * 5, history=history))
    assert (found.verdict, found.probability) == ("INCONCLUSIVE", None)
    assert "至少需要 3 个年值" in found.reason_zh and "Theil" in found.reason_en


def test_growth_is_curbed_by_a_slope_not_above_zero() -> None:
    history = {2022: 150.0, 2023: 150.0, 2024: 150.0}
    flat = judge(OZONE, evidence(samples=[150.0] * 100, history=history))
    assert flat.verdict == "LIKELY"
    # A flat series curbs growth but does not fall.
    assert judge(FALLING, evidence(samples=[150.0] * 100, history=history)).verdict == "UNLIKELY"


def test_the_trend_probability_is_the_share_of_paths_with_the_right_slope() -> None:
    """Pairs 160-150, x-160, (x-150)/2: for x = 152 slopes are 10, -8, 1; for 140: 10, -20, -5."""
    found = judge(
        FALLING, evidence(samples=[152.0, 140.0, 140.0, 140.0], history={2023: 150.0, 2024: 160.0})
    )
    assert found.probability == 0.75
    assert "小于 0" in found.reason_zh and "below 0" in found.reason_en


def test_a_finished_trend_is_met_or_not() -> None:
    history = {2023: 150.0, 2024: 148.0}
    assert (
        judge(FALLING, evidence(observed=146.0, year_over=True, history=history)).verdict == "MET"
    )
    found = judge(FALLING, evidence(observed=160.0, year_over=True, history=history))
    assert (found.verdict, found.probability) == ("NOT_MET", 0.0)
    assert "160 µg/m³" in found.reason_zh


def test_improving_follows_the_direction_of_the_indicator() -> None:
    history = {2012: 0.255, 2020: 0.0228, 2023: 0.02, 2024: 0.019}
    better = judge(NICKEL, evidence(samples=[0.018] * 50, history=history))
    worse = judge(NICKEL, evidence(samples=[0.03] * 50, history=history))
    assert better.verdict == "LIKELY"
    # Only the plan period and the year before it count: 2020, 2023, 2024, 2025.
    assert "2012" not in better.reason_zh
    assert worse.probability is not None and worse.probability < 0.5


def test_falling_each_year_names_the_first_year_that_does_not() -> None:
    history = {2020: 90.0, 2021: 70.0, 2022: 75.0, 2023: 60.0, 2024: 50.0}
    found = judge(FIRES, evidence(observed=40.0, year_over=True, history=history))
    assert (found.verdict, found.probability) == ("NOT_MET", 0.0)
    assert "2022 年首次不满足" in found.reason_zh and "2022" in found.reason_en
    history[2022] = 65.0
    assert judge(FIRES, evidence(observed=40.0, year_over=True, history=history)).verdict == "MET"
    assert (
        judge(FIRES, evidence(observed=50.0, year_over=True, history=history)).verdict == "NOT_MET"
    )


def test_rising_each_year_is_the_mirror() -> None:
    share = target("hengshui", "hengshui-2025-clean-bus-taxi-share")
    history = {2023: 40.0, 2024: 50.0}
    assert judge(share, evidence(observed=60.0, year_over=True, history=history)).verdict == "MET"
    assert (
        judge(share, evidence(observed=45.0, year_over=True, history=history)).verdict == "NOT_MET"
    )


def test_keep_is_broken_by_any_year_of_the_period() -> None:
    found = judge(
        KEEP_SHARE, evidence(observed=100.0, year_over=True, history={2023: 100.0, 2024: 97.6})
    )
    assert (found.verdict, found.probability) == ("NOT_MET", 0.0)
    assert "2024 年为 97.6%" in found.reason_zh and "first breach" in found.reason_en


def test_keep_is_met_only_with_every_year_known() -> None:
    whole = {2023: 100.0, 2024: 100.0}
    assert (
        judge(KEEP_SHARE, evidence(observed=100.0, year_over=True, history=whole)).verdict == "MET"
    )
    found = judge(KEEP_SHARE, evidence(observed=100.0, year_over=True, history={2024: 100.0}))
    assert found.verdict == "INSUFFICIENT_DATA"
    assert "2023" in found.reason_zh and "2023" in found.reason_en


def test_keep_before_the_end_of_its_year_has_a_probability() -> None:
    found = judge(
        KEEP_SHARE, evidence(samples=[100.0] * 3 + [94.7], history={2023: 100.0, 2024: 100.0})
    )
    assert (found.verdict, found.probability) == ("AT_RISK", 0.75)
    before = {2015: 50.0}  # years before the period are no breach
    assert judge(KEEP_SHARE, evidence(samples=[100.0] * 4, history=before)).verdict == "LIKELY"


def test_keep_of_an_earlier_year_looks_back_only() -> None:
    found = judge(KEEP_SHARE, Evidence(observed=100.0, year=2023, year_over=True))
    assert found.verdict == "MET"


def test_a_range_holds_from_below_and_above() -> None:
    low = target("hengshui", "hengshui-2025-lake-inflow-lower")
    high = target("hengshui", "hengshui-2025-lake-inflow-upper")
    years = dict.fromkeys(range(2021, 2025), 4000.0)
    for inflow, verdicts in ((4000.0, ("MET", "MET")), (2900.0, ("NOT_MET", "MET")),
                             (5100.0, ("MET", "NOT_MET"))):  # fmt: skip
        seen = tuple(
            judge(t, evidence(observed=inflow, year_over=True, history=years)).verdict
            for t in (low, high)
        )
        assert seen == verdicts


# Changes against a base year


def test_a_published_change_is_compared_as_it_stands() -> None:
    cod = target("hengshui", "hengshui-2020-cod-emission-reduction")
    assert judge(cod, evidence(observed=25.4, year=2020, year_over=True)).margin == 2.8
    signed = target("beita", "beita-2020-nh3n-emission-change")
    assert judge(signed, evidence(observed=-10.0, year=2020, year_over=True)).verdict == "MET"
    assert judge(signed, evidence(observed=-9.9, year=2020, year_over=True)).verdict == "NOT_MET"


def test_a_change_is_worked_out_from_the_quantity() -> None:
    """Zhangjiajie's COD: 16,090 t in 2020 after a fall of 16.4 % from 2015, so 19,246 t then."""
    cod = target("beita", "beita-2020-cod-emission-change")
    levels = {2015: 19246.0, 2020: 16090.0}
    found = judge(cod, evidence(year=2020, year_over=True, levels=levels))
    assert found.verdict == "MET"
    assert "-16.4%" in found.reason_en
    cut = target("hengshui", "hengshui-2020-cod-emission-reduction")
    assert judge(cut, evidence(year=2020, year_over=True, levels=levels)).verdict == "NOT_MET"


def test_a_change_without_a_base_has_no_baseline() -> None:
    intensity = target("ankang", "ankang-2025-co2-intensity-reduction")
    found = judge(intensity, evidence(levels={2024: 1.0}))
    assert (found.verdict, found.probability) == ("NO_BASELINE", None)
    assert "2020" in found.reason_zh
    inks = target("hengshui", "hengshui-2025-solvent-ink-share-reduction")
    assert "未写明基准年" in judge(inks, evidence()).reason_zh
    zero = judge(intensity, evidence(levels={2020: 0.0, 2025: 1.0}))
    assert zero.verdict == "NO_BASELINE"


def test_not_decrease_needs_its_baseline() -> None:
    forest = Target.model_validate({
        "id": "f", "domain": "water", "indicator": "forest_cover", "label_zh": "森林覆盖率",
        "label_en": "forest cover", "kind": "threshold", "comparator": ">=", "data": "entered",
        "token": "NOT_DECREASE", "unit": "%", "year": 2025, "base_year": 2020,
    })  # fmt: skip
    assert judge(forest, evidence(observed=68.0)).verdict == "NO_BASELINE"
    base = {2020: 67.98}
    assert judge(forest, evidence(observed=67.98, year_over=True, history=base)).verdict == "MET"
    assert judge(forest, evidence(observed=67.9, year_over=True, history=base)).verdict == "NOT_MET"


def test_no_task_is_reported_and_not_judged() -> None:
    so2 = target("beita", "beita-2020-so2-emission-change")
    found = judge(so2, evidence(observed=-16.0, year=2020, year_over=True))
    assert (found.verdict, found.probability) == ("NOT_APPLICABLE", None)
    assert "-16%" in found.reason_zh


# What people enter


def test_a_ledger_adds_up_to_its_tonnes() -> None:
    nox = target("ankang", "ankang-2025-nox-cut")
    assert judge(nox, evidence()).verdict == "INSUFFICIENT_DATA"
    part = judge(nox, evidence(ledger=(300.0, 2)))
    assert (part.verdict, part.probability, part.margin) == ("INCONCLUSIVE", None, -500.0)
    assert "2 行合计 300 吨" in part.reason_zh
    assert judge(nox, evidence(ledger=(800.0, 5))).verdict == "MET"
    short = judge(nox, evidence(ledger=(799.9, 5), year_over=True))
    assert (short.verdict, short.probability) == ("NOT_MET", 0.0)


def test_a_ledger_in_percent_has_no_baseline() -> None:
    nox = target("ankang", "ankang-2025-nox-cut").model_copy(update={"unit": "%"})
    assert judge(nox, evidence(ledger=(300.0, 2))).verdict == "NO_BASELINE"


def test_an_assigned_ledger_is_pending() -> None:
    nox = target("qiandongnan", "qiandongnan-2025-nox-cut")
    found = judge(nox, evidence(ledger=(1.0, 1)))
    assert found.verdict == "TARGET_PENDING"
    assert found.break_even is None


@pytest.mark.parametrize(
    ("done", "over", "verdict"),
    [(True, False, "MET"), (True, True, "MET"), (False, True, "NOT_MET"),
     (False, False, "INCONCLUSIVE"), (None, True, "INSUFFICIENT_DATA"),
     (None, False, "INSUFFICIENT_DATA")],
)  # fmt: skip
def test_works_are_done_or_not(done: bool | None, over: bool, verdict: str) -> None:
    survey = target("zhangjiajie", "zhangjiajie-2022-outfall-survey-main-stems")
    found = judge(survey, evidence(year=2022, done=done, year_over=over))
    assert found.verdict == verdict
    assert "2022" in found.reason_zh


def test_a_rank_needs_peers() -> None:
    rank = target("zhangjiajie", "zhangjiajie-2025-surface-water-rank")
    assert judge(rank, evidence(observed=3.1)).verdict == "NEEDS_PEERS"
    peers = {"甲": 3.5, "乙": 3.2}
    assert judge(rank, evidence(observed=3.1, peers=peers, year_over=True)).verdict == "MET"
    second = judge(rank, evidence(observed=3.3, peers=peers, year_over=True))
    assert second.verdict == "NOT_MET"
    assert "第2名" in second.reason_zh and "rank 2 of 3" in second.reason_en
    assert judge(rank, evidence(observed=3.1, peers=peers)).verdict == "INCONCLUSIVE"


def test_words_without_a_number_are_not_judged() -> None:
    for name in ("hengshui-2025-water-quality-words", "hengshui-2035-air-quality-outlook"):
        found = judge(target("hengshui", name), evidence(observed=1.0, year_over=True))
        assert (found.verdict, found.probability) == ("NOT_APPLICABLE", None)


def test_an_entered_figure_is_final_and_its_absence_is_said() -> None:
    straw = target("qiandongnan", "qiandongnan-2025-straw-utilisation")
    assert judge(straw, evidence(observed=86.01)).margin == 1.01
    found = judge(straw, evidence(sufficient=False))
    assert found.verdict == "INSUFFICIENT_DATA"
    assert "尚未录入 2025 年" in found.reason_zh and "has been entered for 2025" in found.reason_en


def test_an_entered_trend_is_judged_on_the_figure_of_the_year() -> None:
    history = {2021: 10.0, 2022: 9.0, 2023: 8.0, 2024: 7.0}
    assert judge(FIRES, evidence(observed=5.0, history=history)).verdict == "MET"
    assert judge(FIRES, evidence(observed=7.0, history=history)).verdict == "NOT_MET"
    absent = judge(FIRES, evidence(year_over=True, history=history))
    assert absent.verdict == "INSUFFICIENT_DATA"
    assert (
        "尚未录入 2025 年" in absent.reason_zh and "has been entered for 2025" in absent.reason_en
    )


def test_each_year_is_not_met_over_a_year_that_is_unknown() -> None:
    history = {2020: 10.0, 2022: 9.0, 2023: 8.0, 2024: 7.0}
    found = judge(FIRES, evidence(observed=5.0, year_over=True, history=history))
    assert (found.verdict, found.probability) == ("INSUFFICIENT_DATA", None)
    assert "2021 年没有数值" in found.reason_zh and "no figure for 2021" in found.reason_en
    higher = judge(FIRES, evidence(observed=8.0, year_over=True, history=history))
    assert higher.verdict == "NOT_MET"


def test_one_ledger_line_adds_up() -> None:
    nox = target("ankang", "ankang-2025-nox-cut")
    assert "the 1 ledger line adds up to" in judge(nox, evidence(ledger=(3.0, 1))).reason_en
    assert "the 2 ledger lines add up to" in judge(nox, evidence(ledger=(3.0, 2))).reason_en
