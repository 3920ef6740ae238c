"""Rules of the targets without a number: growth curbed, keeps falling, year by year, stably."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.targets import Evidence, Judgement, Target, Thresholds, find_plan, judge, load_plans
from forecast.targets.held import asks_stability, stable
from forecast.targets.year_series import year_series


def target(plan: str, target_id: str) -> Target:
    found = find_plan(load_plans(), plan).find(target_id)
    assert found is not None, target_id
    return found


CURB = target("beita", "beita-2025-o3-8h-p90")  # 有效遏制臭氧浓度增长趋势, 2021-2025
DOWN = target("hengshui", "hengshui-2025-o3-8h-p90")  # 力争持续下降
FIRES = target("zhangjiajie", "zhangjiajie-2025-straw-fire-hot-spots")  # 逐年减少
CO = target("hengshui", "hengshui-2025-co-p95")  # 稳定达标, 4 mg/m³
LEVEL = [150.0, 146.0, 144.0, 149.0, 145.0]


def given_years(values: list[float], last: int = 2024) -> dict[int, float]:
    return dict(zip(range(last - len(values) + 1, last + 1), values, strict=True))


def asked(
    of: Target, history: dict[int, float], *, limits: Thresholds | None = None, **fields: Any
) -> Judgement:
    if "samples" in fields:
        fields["samples"] = np.array(fields["samples"], dtype=float)
    elif "observed" in fields:
        fields.setdefault("year_over", True)
    return judge(of, Evidence(**{"year": 2025, "history": history, **fields}), limits)


# Growth curbed


@pytest.mark.parametrize(
    ("values", "last", "verdict"),
    [
        # Five years 142…150 in a row and 152: all 15 slopes are 2, so is the interval.
        ([142.0, 144.0, 146.0, 148.0, 150.0], 152.0, "NOT_MET"),
        ([150.0, 148.0, 146.0, 144.0, 142.0], 140.0, "MET"),
        ([150.0] * 5, 150.0, "MET"),
        # One jump either way is no trend.
        ([150.0, 146.0, 152.0, 147.0, 151.0], 149.0, "INCONCLUSIVE"),
    ],
)
def test_growth_is_curbed_shown_or_open_when_the_year_is_over(
    values: list[float], last: float, verdict: str
) -> None:
    found = asked(CURB, given_years(values), observed=last)
    assert found.verdict == verdict
    assert found.probability == {"MET": 1.0, "NOT_MET": 0.0, "INCONCLUSIVE": None}[verdict]
    assert "第 90 百分位数" in found.reason_zh and "90th percentile" in found.reason_en
    assert "90% 区间" in found.reason_zh and "90 % interval" in found.reason_en


def test_the_bounds_of_the_interval_decide_and_not_the_slope() -> None:
    """2020-2025: 150, 149, 147, 148, 146, x. Of the 720 orders of six years 14 have at most two
    inversions and 29 at most three, so 90 % takes the third slope from either end (692/720).
    x = 145: sorted -2, -2, -1.5, -1.5, six times -1, twice -0.67, -0.5, -0.5, +1, so -1.5 to -0.5.
    x = 148: the last year's are -0.4, -0.25, +0.33, 0, +2; third from the top is +0.33."""
    history = given_years([150.0, 149.0, 147.0, 148.0, 146.0])
    met = asked(CURB, history, observed=145.0)
    assert met.verdict == "MET"
    assert "90% 区间 -1.5 至 -0.5" in met.reason_zh
    open_ = asked(CURB, history, observed=148.0)
    assert open_.verdict == "INCONCLUSIVE"
    assert "不能下结论" in open_.reason_zh


def test_the_probability_is_the_share_of_paths_that_end_as_met() -> None:
    """145 ends as met and 148 as open (above), 149 likewise: 3 of 4 are LIKELY's edge and 1 of 4
    leaves most of the paths without a conclusion."""
    history = given_years([150.0, 149.0, 147.0, 148.0, 146.0])
    three = asked(CURB, history, samples=[145.0, 145.0, 145.0, 148.0])
    assert (three.verdict, three.probability) == ("AT_RISK", 0.75)
    assert "另有 25.0% 的路径不能下结论" in three.reason_zh
    one = asked(CURB, history, samples=[145.0, 148.0, 148.0, 148.0])
    assert (one.verdict, one.probability) == ("INCONCLUSIVE", 0.25)
    assert "不能下结论 75.0%" in one.reason_zh and "without a conclusion" in one.reason_en
    assert "未达标 0%" in one.reason_zh


def test_paths_that_show_growth_count_against_it() -> None:
    rising = given_years([142.0, 144.0, 146.0, 148.0, 150.0])
    found = asked(CURB, rising, samples=[152.0] * 9 + [100.0])
    assert found.verdict == "UNLIKELY"
    assert found.probability == 1 / 20  # 1/(2N): none of ten paths ends as met


def test_three_values_give_no_interval_of_90_percent() -> None:
    found = asked(CURB, given_years([150.0, 140.0]), observed=130.0)
    assert (found.verdict, found.probability) == ("INCONCLUSIVE", None)
    assert "3 个年值给不出 90% 区间，需要 4 个" in found.reason_zh
    assert "3 values give no 90 % interval, which takes 4" in found.reason_en
    # The range of three slopes holds with 2/3, so an interval of 60 % is there.
    loose = asked(
        CURB, given_years([150.0, 140.0]), observed=130.0, limits=Thresholds(trend_level=0.6)
    )
    assert loose.verdict == "MET"


@pytest.mark.parametrize("history", [{}, {2024: 150.0}])
def test_one_or_two_values_conclude_nothing(history: dict[int, float]) -> None:
    found = asked(CURB, history, observed=150.0)
    assert (found.verdict, found.probability) == ("INCONCLUSIVE", None)
    assert "至少需要 3 个年值" in found.reason_zh


def test_arithmetic_may_decide_a_trend_before_the_year_is_over() -> None:
    days = CURB.model_copy(update={"indicator": "heavy_days", "unit": "days"})
    rising = given_years([1.0, 2.0, 3.0, 4.0, 5.0])
    found = asked(days, rising, samples=[9.0] * 4, bounds=(8.0, 200.0))
    assert (found.verdict, found.probability) == ("NOT_MET", 0.0)
    assert "今年余下时间无论如何" in found.reason_zh and "whatever the rest" in found.reason_en
    open_ = asked(days, rising, samples=[9.0] * 4, bounds=(0.0, 200.0))
    assert open_.probability == 1 / 8
    falling = days.model_copy(update={"token": "DOWN"})
    past = given_years([9.0, 8.0, 7.0, 6.0, 5.0])
    assert asked(falling, past, samples=[3.0] * 4, bounds=(2.0, 4.0)).verdict == "MET"
    assert asked(falling, past, samples=[3.0] * 4, bounds=(2.0, float("inf"))).probability == 7 / 8


@given(
    st.lists(st.integers(120, 180), min_size=4, max_size=7),
    st.lists(st.integers(120, 180), min_size=1, max_size=20),
    st.integers(1, 30),
)
def test_higher_paths_never_raise_the_probability(
    history: list[int], samples: list[int], more: int
) -> None:
    for of in (CURB.model_copy(update={"period": "", "base_year": 2010}), DOWN):
        past = given_years([float(v) for v in history])
        low = asked(of, past, samples=samples)
        high = asked(of, past, samples=[s + more for s in samples])
        assert low.probability is not None and high.probability is not None
        assert high.probability <= low.probability


def test_a_flat_truth_is_rarely_called_growth() -> None:
    """Years that only scatter: at 90 % either false conclusion has 2.8 % (20 of 720 orders)."""
    rng = np.random.default_rng(6)
    verdicts = [
        asked(CURB, given_years(list(row[:5])), observed=row[5]).verdict
        for row in rng.normal(150.0, 8.0, (1500, 6))
    ]
    expected = 20 / 720
    for word in ("MET", "NOT_MET"):
        share = verdicts.count(word) / 1500
        assert share == pytest.approx(expected, abs=4 * np.sqrt(expected / 1500))


# Which years, on which basis


def test_the_first_year_is_the_base_the_period_or_the_plan_before() -> None:
    history = given_years([float(v) for v in range(100, 111)])  # 2014 to 2024
    evidence = Evidence(observed=90.0, year=2025, year_over=True, history=history)

    def first(of: Target) -> int:
        series = year_series(of, evidence, 2025)
        assert series is not None
        return int(series.years[0])

    assert first(CURB) == 2020  # the year before 2021-2025
    assert first(CURB.model_copy(update={"base_year": 2017})) == 2017
    assert first(DOWN) == 2020  # neither period nor base: the five-year plan before 2025
    undated = DOWN.model_copy(update={"year": 2027})
    assert first(undated) == 2014


def test_the_change_of_basis_in_2018_is_no_trend() -> None:
    """Rising by 2 a year on either side of a step of -30."""
    of = CURB.model_copy(update={"year": 2023, "period": "2015-2023"})
    history = {2014: 150.0, 2015: 152.0, 2016: 154.0, 2017: 156.0, 2018: 145.0,
               2019: 126.0, 2020: 128.0, 2021: 130.0, 2022: 132.0}  # fmt: skip
    found = asked(of, history, observed=134.0, year=2023)
    assert found.verdict == "NOT_MET"
    assert "斜率为每年 +2 µg/m³（90% 区间 +2 至 +2）" in found.reason_zh
    assert (
        "台阶不算趋势" in found.reason_zh and "the step between them is no trend" in found.reason_en
    )
    one_basis = dict.fromkeys([*history, 2023], "actual")
    other = asked(of, history, observed=134.0, year=2023, bases=one_basis)
    assert other.verdict in ("MET", "INCONCLUSIVE") and "台阶" not in other.reason_zh


def test_too_few_years_on_one_basis_conclude_nothing() -> None:
    of = DOWN.model_copy(update={"year": 2019, "base_year": 2016})
    history = {2016: 150.0, 2017: 148.0, 2018: 140.0}
    found = asked(of, history, observed=120.0, year=2019)
    assert (found.verdict, found.probability) == ("INCONCLUSIVE", None)
    assert "与 2019 年监测状态相同的年值只有 1 个" in found.reason_zh
    # Figures that people enter carry no basis of the readings.
    entered = of.model_copy(update={"data": "entered", "indicator": "ozone_days"})
    assert asked(entered, history, observed=120.0, year=2019).verdict == "MET"


def test_two_years_on_both_bases_are_not_compared_with_each_other() -> None:
    history = {2020: 150.0, 2021: 149.0, 2022: 148.0}
    evidence = Evidence(
        observed=147.0, year=2023, year_over=True, history=history,
        bases={2020: "mixed", 2021: "mixed", 2022: "actual", 2023: "actual"},
    )  # fmt: skip
    series = year_series(DOWN, evidence, 2023)
    assert series is not None
    assert series.bases == ("mixed 2020", "mixed 2021", "actual", "actual")
    assert series.comparable == (2, 3)


# Keeps falling: slope and endpoint, and the monotone reading beside them


def test_a_rebound_above_the_first_year_is_no_fall_whatever_the_slope() -> None:
    """160, 150, 140, 130, 165: the median slope is about -10, the last year the highest."""
    found = asked(DOWN, given_years([160.0, 150.0, 140.0, 130.0]), observed=165.0)
    assert (found.verdict, found.probability) == ("INCONCLUSIVE", None)
    assert "2025 年比 2021 年变化 +5 µg/m³" in found.reason_zh
    assert "并非逐年下降（2025 年首次不满足）" in found.reason_zh


def test_endpoint_and_monotone_test_are_reported_apart() -> None:
    """Below 160 in all four paths, below 2024's 150 in three: slopes -5 or less in all."""
    history = given_years([160.0, 155.0, 150.0])
    found = asked(DOWN, history, samples=[145.0, 146.0, 140.0, 151.0])
    assert found.probability == 7 / 8
    assert "2025 年低于 2022 年的概率 87.5%" in found.reason_zh
    assert "逐年下降的概率 75.0%" in found.reason_zh
    assert "a fall in every year is 75.0%" in found.reason_en
    once = asked(DOWN, given_years([150.0, 155.0, 149.0]), observed=140.0)
    assert once.verdict == "MET"
    assert "并非逐年下降（2023 年首次不满足）" in once.reason_zh
    whole = asked(DOWN, history, observed=140.0)
    assert "，逐年下降；" in whole.reason_zh


def test_improving_upwards_is_the_mirror() -> None:
    days = DOWN.model_copy(update={"indicator": "good_days", "unit": "days", "token": "IMPROVE"})
    history = given_years([300.0, 305.0, 310.0])
    found = asked(days, history, samples=[315.0] * 3 + [290.0])
    assert found.probability == 0.75
    assert "2025 年高于 2022 年的概率 75.0%" in found.reason_zh
    assert asked(days, history, observed=290.0).verdict == "INCONCLUSIVE"
    assert asked(days, given_years([310.0, 305.0, 300.0]), observed=290.0).verdict == "NOT_MET"


# Each year


def test_each_year_is_decided_by_the_first_breach_or_by_arithmetic() -> None:
    days = FIRES.model_copy(
        update={"indicator": "heavy_days", "domain": "air", "data": "readings", "unit": "days"}
    )
    history = given_years([9.0, 8.0, 7.0, 6.0, 5.0])
    found = asked(days, history, samples=[4.0, 4.0, 4.0, 6.0])
    assert found.probability == 0.75
    over = asked(days, history, samples=[6.0] * 4, bounds=(5.0, 200.0))
    assert (over.verdict, over.probability) == ("NOT_MET", 0.0)
    sure = asked(days, history, samples=[4.0] * 4, bounds=(4.0, 4.0))
    assert (sure.verdict, sure.probability) == ("MET", 1.0)
    gap = asked(days, {2020: 9.0, 2022: 7.0, 2023: 6.0, 2024: 5.0}, samples=[4.0] * 4)
    assert (gap.verdict, gap.probability) == ("INSUFFICIENT_DATA", None)


def test_each_year_across_the_change_of_basis_can_not_be_judged() -> None:
    of = FIRES.model_copy(
        update={"indicator": "pm25_annual_mean", "domain": "air", "data": "readings",
                "unit": "µg/m³", "year": 2020, "period": "2017-2020"}
    )  # fmt: skip
    history = {2016: 60.0, 2017: 55.0, 2018: 50.0, 2019: 45.0}
    found = asked(of, history, observed=40.0, year=2020)
    assert found.verdict == "INSUFFICIENT_DATA"
    assert "2018、2019 年与上一年的监测状态不同" in found.reason_zh
    # A rise on one basis breaks it all the same; the one across the change does not.
    assert asked(of, {**history, 2017: 61.0}, observed=40.0, year=2020).verdict == "NOT_MET"
    assert asked(of, {**history, 2019: 51.0}, observed=40.0, year=2020).verdict != "NOT_MET"


# Stably attains


def test_stably_asks_for_the_last_three_years_and_says_whose_reading_it_is() -> None:
    assert asks_stability(CO) and not asks_stability(DOWN)

    def found(
        history: dict[int, float], limits: Thresholds | None = None, **fields: Any
    ) -> Judgement:
        return stable(CO, Evidence(year=2025, history=history, **fields), limits or Thresholds())

    over = {"observed": 1.3, "year_over": True}
    kept = found({2023: 1.2, 2024: 4.0}, **over)
    assert (kept.verdict, kept.probability) == ("MET", 1.0)
    assert "最近 3 年" in kept.reason_zh
    assert "此为本系统的理解" in kept.reason_zh and "our reading" in kept.reason_en
    broken = found({2023: 4.1, 2024: 1.0}, **over)
    assert (broken.verdict, broken.probability) == ("NOT_MET", 0.0)
    assert "2023 年为 4.1 mg/m³" in broken.reason_zh
    assert found({2022: 4.1, 2023: 1.0, 2024: 1.0}, **over).verdict == "MET"
    missing = found({2024: 1.0}, **over)
    assert (missing.verdict, missing.probability) == ("INSUFFICIENT_DATA", None)
    assert "2023 年没有数值" in missing.reason_zh
    two = found({2024: 1.0}, Thresholds(stable_years=2), **over)
    assert two.verdict == "MET" and "最近 2 年" in two.reason_zh
    alone = found({}, Thresholds(stable_years=1), **over)
    assert alone.verdict == "MET" and "最近" not in alone.reason_zh


def test_stably_has_the_probability_of_the_open_year() -> None:
    paths = np.array([1.0, 1.0, 1.0, 4.4])
    whole = stable(CO, Evidence(samples=paths, history={2023: 1.0, 2024: 1.0}), Thresholds())
    assert (whole.verdict, whole.probability) == ("AT_RISK", 0.75)
    gap = stable(CO, Evidence(samples=paths, history={2024: 1.0}), Thresholds())
    assert gap.probability == 0.75
    assert "概率未计入这些年份" in gap.reason_zh


def test_stably_without_a_number_takes_the_limit_of_the_standard() -> None:
    """GB 3095-2012, class II: NO2 40 µg/m³ a year."""
    words = CO.model_copy(
        update={"indicator": "no2_annual_mean", "value": None, "comparator": "",
                "token": "STABLE", "unit": "µg/m³"}
    )  # fmt: skip
    assert asks_stability(words)
    history = {2023: 40.0, 2024: 39.0}
    met = stable(words, Evidence(observed=40.0, year_over=True, history=history), Thresholds())
    over = stable(words, Evidence(observed=41.0, year_over=True, history=history), Thresholds())
    assert (met.verdict, over.verdict) == ("MET", "NOT_MET")
    assert "40 µg/m³" in met.reason_zh
    assert not asks_stability(words.model_copy(update={"standard": ""}))


@pytest.mark.parametrize("fields", [{"trend_level": 0.0}, {"trend_level": 95}, {"stable_years": 0}])
def test_thresholds_without_a_meaning_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"trend_level|stable_years"):
        Thresholds(**fields)
