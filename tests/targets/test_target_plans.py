"""The built-in plans: every figure of the collected table is there, with its quote."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from forecast.standards.indicators import class_number
from forecast.targets import Plan, Target, load_plans
from forecast.targets.model import ASSIGNED, History, period_years

FIGURES = Path(__file__).parents[3] / "shared" / "plans" / "plan_figures.csv"
PLAN_OF = {
    "张": "zhangjiajie",
    "北": "beita",
    "黔": "qiandongnan",
    "安": "ankang",
    "衡": "hengshui",
}
DOMAINS = ("air", "water", "emission")


@pytest.fixture(scope="module")
def plans() -> dict[str, Plan]:
    return {p.id: p for p in load_plans()}


@pytest.fixture(scope="module")
def figures() -> list[dict[str, str]]:
    if not FIGURES.is_file():
        pytest.skip("the table of plan figures is not here")
    with FIGURES.open(encoding="utf-8-sig", newline="") as file:
        return [r for r in csv.DictReader(file) if r["domain"] in DOMAINS]


def number(text: str) -> float | None:
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return float(text)
    as_class = class_number(text) if text.strip("IV") == "" and text else None
    return None if as_class is None else float(as_class)


def last_year(text: str) -> int | None:
    span = period_years(text)
    return span[1] if span else (int(text) if text else None)


def same_target(row: dict[str, str], target: Target) -> bool:
    if (row["quote_zh"], row["indicator_zh"]) != (target.quote, target.label_zh):
        return False
    if row["domain"] != target.domain or last_year(row["year"]) != target.year:
        return False
    figure = number(row["value"])
    # A figure may be printed as a word (全部消除) and judged as a number (0), never the reverse.
    return figure is None or figure == target.value


def test_the_table_holds_284_targets(figures: list[dict[str, str]]) -> None:
    assert sum(r["kind"] == "target" for r in figures) == 284


def test_every_target_row_is_one_target(
    plans: dict[str, Plan], figures: list[dict[str, str]]
) -> None:
    left = {pid: list(p.target) for pid, p in plans.items()}
    for row in (r for r in figures if r["kind"] == "target"):
        mine = left[PLAN_OF[row["plan"][0]]]
        place = row["station_or_section"]
        found = [t for t in mine if same_target(row, t)]
        # Two rows may share quote, indicator, year and value; then the place parts them.
        exact = [t for t in found if place and place in (t.scope, t.place)]
        assert found, f"no target for {row['indicator_zh']} {row['year']} {row['value']}"
        mine.remove((exact or found)[0])
    assert [t.id for pid in PLAN_OF.values() for t in left[pid]] == []


def test_unknown_numbers_stay_tokens(plans: dict[str, Plan], figures: list[dict[str, str]]) -> None:
    rows = [r for r in figures if r["value"].startswith("ASSIGNED")]
    pending = [t for pid in PLAN_OF.values() for t in plans[pid].target if t.pending]
    assert len(rows) == 20
    # Hengshui leaves six more numbers to the province or the state without a token in the table.
    assert len(pending) == len(rows) + 6
    assert all(t.value is None and t.token in ASSIGNED for t in pending)


def test_binding_is_what_the_table_says(
    plans: dict[str, Plan], figures: list[dict[str, str]]
) -> None:
    said = Counter(r["binding"] for r in figures if r["kind"] == "target")
    built = Counter(t.binding for pid in PLAN_OF.values() for t in plans[pid].target)
    assert built == said


def same_history(row: dict[str, str], history: History) -> bool:
    if (row["quote_zh"], row["indicator_zh"]) != (history.quote, history.label_zh):
        return False
    span = period_years(row["year"])
    when = history.period == row["year"] if span else history.year == int(row["year"])
    figure = number(row["value"])
    return when and row["kind"] == history.kind and (figure is None or figure == history.value)


def test_every_observed_figure_is_history(
    plans: dict[str, Plan], figures: list[dict[str, str]]
) -> None:
    rows = [r for r in figures if r["kind"] != "target"]
    assert len(rows) == sum(len(plans[pid].history) for pid in PLAN_OF.values()) == 197
    for row in rows:
        mine = plans[PLAN_OF[row["plan"][0]]].history
        assert any(same_history(row, h) for h in mine), row["indicator_zh"]


def test_hengshui_targets_of_2025(plans: dict[str, Plan]) -> None:
    """The figures that the plan's own text prints, firm and stretch apart."""
    found = {
        (t.indicator, t.level): (t.comparator, t.value, t.binding)
        for t in plans["hengshui"].target
        if t.year == 2025 and t.indicator in ("pm25_annual_mean", "good_day_ratio")
    }
    assert found == {
        ("pm25_annual_mean", "firm"): ("<=", 37, "binding"),
        ("pm25_annual_mean", "stretch"): ("<=", 35, "expected"),
        ("good_day_ratio", "firm"): (">=", 75, "binding"),
        ("good_day_ratio", "stretch"): (">=", 80, "expected"),
    }
    share = plans["hengshui"].find("hengshui-2025-share-class-iii")
    assert share is not None and (share.value, share.section_set) == (69.2, "国省考断面")
    assert [s.n for s in plans["hengshui"].section_set] == [10, 13]


def test_hengshui_history_of_the_indicators(plans: dict[str, Plan]) -> None:
    seen = {
        (h.indicator, h.year): h.value
        for h in plans["hengshui"].history
        if h.domain == "air" and h.year is not None
    }
    assert seen == {
        ("good_days", 2015): 120, ("good_days", 2020): 238,
        ("heavy_days", 2015): 57, ("heavy_days", 2020): 15,
        ("pm25_annual_mean", 2015): 99, ("pm25_annual_mean", 2020): 52,
        ("composite_index", 2015): 9.08, ("composite_index", 2020): 5.18,
    }  # fmt: skip


def test_ankang_eliminates_heavy_days_with_a_real_zero(plans: dict[str, Plan]) -> None:
    target = plans["ankang"].find("ankang-2025-heavy-days")
    assert target is not None
    assert (target.kind, target.value, target.comparator) == ("eliminate", 0, "<=")


@pytest.mark.parametrize(
    ("year", "pm25", "pm10", "so2", "no2", "pm25_p95", "so2_p98"),
    [
        (2016, 35, 70, 60, 40, 75, 150),
        (2025, 35, 70, 60, 40, 75, 150),
        (2026, 30, 60, 60, 40, 60, 150),
        (2030, 30, 60, 60, 40, 60, 150),
        (2031, 25, 50, 20, 30, 50, 50),
    ],
)
def test_national_limits_follow_the_standard_of_the_year(
    plans: dict[str, Plan], year: int, pm25: float, pm10: float, so2: float, no2: float,
    pm25_p95: float, so2_p98: float,
) -> None:  # fmt: skip
    """Class II limits of GB 3095-2012 and of the two phases of GB 3095-2026, tables 1 and 2."""
    limits = {t.indicator: t.value for t in plans["national"].target if t.covers(year)}
    assert limits == {
        "pm25_annual_mean": pm25, "pm10_annual_mean": pm10, "so2_annual_mean": so2,
        "no2_annual_mean": no2, "co_p95": 4, "o3_8h_p90": 160, "pm25_p95": pm25_p95,
        "pm10_p95": {35: 150, 30: 120, 25: 100}[int(pm25)], "so2_p98": so2_p98,
        "no2_p98": {40: 80, 30: 50}[int(no2)], "section_class": 3,
    }  # fmt: skip


def test_national_asks_no_heavy_days_and_no_shares(plans: dict[str, Plan]) -> None:
    names = {t.indicator for t in plans["national"].target}
    assert not names & {"heavy_days", "share_class_iii", "share_inferior_v"}


def test_target_ids_begin_with_their_plan(plans: dict[str, Plan]) -> None:
    for plan in plans.values():
        assert all(t.id.startswith(f"{plan.id}-") for t in plan.target)
        assert all(t.plan == plan.id and t.region == plan.region for t in plan.target)


def test_every_target_reads_in_both_languages(plans: dict[str, Plan]) -> None:
    for target in (t for p in plans.values() for t in p.target):
        assert re.search("[\u4e00-\u9fff]|PM|O3|CO|SO2|NO2", target.label_zh), target.id
        assert target.label_en.isascii(), target.id


def test_one_entered_figure_never_answers_for_two_places(plans: dict[str, Plan]) -> None:
    """A yearly figure belongs to a name; two works or two kinds of towns have two names."""
    pairs = [
        ("zhangjiajie-2023-cement-nox-huaxin", "zhangjiajie-2023-cement-nox-nanfang"),
        ("zhangjiajie-2025-black-odorous-core", "zhangjiajie-2025-black-odorous-county-cities"),
        ("hengshui-2024-black-odorous-core", "hengshui-2024-black-odorous-county-cities"),
        ("hengshui-2025-black-odorous-urban", "hengshui-2025-black-odorous-grand-canal"),
        ("qiandongnan-2025-black-odorous-urban", "qiandongnan-2025-black-odorous-kaili"),
    ]
    for first, second in pairs:
        plan = plans[first.split("-")[0]]
        one, other = plan.find(first), plan.find(second)
        assert one is not None and other is not None
        assert one.indicator != other.indicator
