"""What stands beside a probability, and the tables on what lies ahead."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from types import SimpleNamespace
from typing import Any

import pytest

from forecast.report import PageContext
from forecast.report.ahead import explained_of, group_rows, later_rows
from forecast.report.beside import record_text, rules_text
from forecast.report.page import page_text
from forecast.report.words import budget_text

REST = {
    "days": 184, "median": 38.5, "low": 33.0, "high": 44.04, "past_lowest": 36.0,
    "past_highest": 47.0, "past_years": 5,
}  # fmt: skip
EXPLAIN: dict[str, Any] = {
    "kind": "mean", "unit": "µg/m³", "rest": REST, "so_far": {"days": 181, "mean": 40.1},
    "year": 39.3, "text": "余下184天预计平均38.5。", "text_en": "The 184 days left.",
    "parts": {"typical": 40.0, "added": {"season": -2.0, "state": 0.01, "trend": 0.0, "calendar": 0.5},
              "factors": {}},
    "last_year": {"year": 2024, "value": 41.0, "so_far": 44.2, "rest": 38.0, "change": -1.7,
                  "from_so_far": -2.0, "from_rest": 0.3, "from_gaps": 0.0},
}  # fmt: skip


def outlook() -> dict[str, Any]:
    quantiles = {q: 30.0 + 10 * float(q) for q in ("0.05", "0.5", "0.95")}
    return {
        "model": "seasonal", "n_paths": 500, "horizon": 2027, "reason": "", "reason_en": "",
        "years": [{"year": y, "standard": "", "mean": 35.0, "quantiles": quantiles, "targets": []}
                  for y in (2026, 2027)],
        "attainment": [
            {"id": "t", "label_zh": "", "label_en": "", "level": "firm", "comparator": "<=",
             "value": 35.0, "unit": "µg/m³", "binding": "binding", "target_year": 2027,
             "by_year": {"2026": 0.4, "2027": 0.999}, "first": {"2026": 0.3}, "never": 0.2,
             "low": 2026, "median": 2027, "high": None, "text": "2027年起持续达标",
             "text_en": "lastingly from 2027"},
        ],
    }  # fmt: skip


GROUP: dict[str, Any] = {
    "group": "衡水各县", "members": ["枣强县", "武邑县"], "missing": [],
    "indicator": "air_items_over_class_ii", "comparator": "==", "value": 0.0, "n_paths": 2000,
    "single": {"枣强县": 0.6, "武邑县": 0.5}, "probability": 0.42, "independent": 0.3,
    "expected": 1.1, "counts": {}, "reason": "按同一未来抽样", "reason_en": "one and the same future",
}  # fmt: skip


def words_of(page: str) -> str:
    root = ET.fromstring(page.partition("<!DOCTYPE html>")[2].strip())
    return " ".join("".join(root.itertext()).split())


def shown(value: Any) -> str:
    return f"{value:.1f}"


def test_rules_are_told_by_their_answer(made: SimpleNamespace) -> None:
    """A mean is judged rounded: 37.4 is 37 and meets 37, 37.6 is 38 and does not."""
    entry = made.entry(
        "衡水", "衡水", "pm25_annual_mean", 40.0, [],
        baselines={"persistence": 37.4, "ytd_ratio": 37.6, "ytd_plus_rest": None,
                   "climatology": 41.0, "climatology_lowest": 36.0, "climatology_highest": 44.0},
    )  # fmt: skip
    found = rules_text(entry, made.target("AT_RISK"), shown)
    yes, no = found.en.split("; ")
    assert yes == "Plain rules: would be met: as last year 37.4"
    assert "37.6" in no and "41.0 (36.0 – 44.0)" in no
    assert found.zh.startswith("简单推算：会达标的：同去年 37.4；不会达标的：")


def test_a_target_in_words_or_decided_has_no_rules(made: SimpleNamespace) -> None:
    entry = made.entry("衡水", "衡水", "o3_8h_p90", 180.0, [])
    falling = made.target("AT_RISK", value="DOWN", comparator="")
    assert rules_text(entry, falling, shown).zh == ""
    entry = made.entry("衡水", "衡水", "pm25_annual_mean", 40.0, [])
    assert rules_text(entry, made.target("NOT_MET"), shown).zh == ""
    bare = made.entry("衡水", "衡水", "pm25_annual_mean", 40.0, [], baselines={})
    assert rules_text(bare, made.target("AT_RISK"), shown).en == ""


def test_a_class_is_compared_as_a_class(made: SimpleNamespace) -> None:
    entry = made.entry(
        "衡水", "断面", "section_class", 3.0, [], baselines={"persistence": 4.0, "ytd_ratio": 3.0}
    )
    asked = made.target("AT_RISK", value="III", unit="class", comparator="<=")
    found = rules_text(entry, asked, shown)
    assert "would be met: last year scaled by the change so far 3.0" in found.en
    assert "would not: as last year 4.0" in found.en


def test_the_record_is_told_where_there_is_one(made: SimpleNamespace) -> None:
    record = {"text": "以往214次", "text_en": "of 214 forecasts"}
    assert record_text(made.target("AT_RISK", record=record)).en == "of 214 forecasts"
    assert record_text(made.target("AT_RISK")).zh == ""


def test_needed_forecast_and_past_stand_together() -> None:
    budget = {"kind": "rest_mean", "exact": 31.2, "days_left": 184, "unit": "µg/m³", "rest": REST}
    found = budget_text(budget)
    assert found.zh == (
        "余下 184 天均值须 ≤ 31.2 µg/m³；预测 38.5（33.0 – 44.0）；往年同期 36.0 – 47.0"
    )
    assert found.en.endswith("; forecast 38.5 (33.0 – 44.0); past years 36.0 – 47.0")
    days = {
        "kind": "heavy_days", "allowed": 15, "used": 6, "left": 9,
        "rest": {**REST, "median": 3.0, "low": 1.0, "high": 8.0, "past_years": 0},
    }  # fmt: skip
    assert budget_text(days).en == "heavy days 6 used of 15, 9 left; forecast 3 (1 – 8)"


def test_parts_of_means_are_printed_with_their_signs(made: SimpleNamespace) -> None:
    entry = made.entry("衡水", "衡水", "pm25_annual_mean", 39.3, [made.target("AT_RISK")])
    (place,) = explained_of(made.result([{**entry, "explain": EXPLAIN}]))
    ((_, cells),) = place.means
    assert cells[:5] == ("40.0", "−2.0", "0.0", "0.0", "+0.5")
    assert cells[5:] == ("38.5 (33.0 – 44.0)", "40.1", "39.3", "−1.7")
    assert place.texts[0][1].zh == EXPLAIN["text"]


def test_good_days_are_not_told_twice(made: SimpleNamespace) -> None:
    days = {"kind": "days", "rest": REST, "so_far": {}, "text": "超标天", "text_en": "bad days"}
    entries = [
        {**made.entry("衡水", "衡水", name, 300.0, []), "explain": days}
        for name in ("good_day_ratio", "good_days", "heavy_days")
    ]
    (place,) = explained_of(made.result(entries))
    assert len(place.texts) == 2


def test_later_years_have_a_column_each(made: SimpleNamespace) -> None:
    entry = made.entry("衡水", "衡水", "pm25_annual_mean", 39.3, [made.target("AT_RISK")])
    years, (row,) = later_rows(made.result([{**entry, "outlook": outlook()}]))
    assert years == [2026, 2027]
    assert row.cells == (("40 %", "35.0 (30.5 – 39.5)"), (">99 %", "35.0 (30.5 – 39.5)"))
    assert row.target.en == "≤ 35 µg/m³ (2027)"
    assert later_rows(made.result([{**entry, "outlook": None}])) == ([], [])


def test_groups_are_told_with_what_independence_would_say(made: SimpleNamespace) -> None:
    data = {**made.result([]), "groups": [GROUP]}
    (row,) = group_rows(data)
    assert (row.probability, row.independent, row.expected) == ("42 %", "30 %", "1.1 / 2")
    assert row.missing == "—"
    lost = {**GROUP, "missing": ["武邑县"], "probability": None, "independent": None,
            "expected": None}  # fmt: skip
    (row,) = group_rows({"groups": [lost]})
    assert (row.probability, row.missing, row.expected) == ("—", "武邑县", "—")
    mean = {**GROUP, "indicator": "pm25_annual_mean", "comparator": "<=", "value": 35.0}
    (row,) = group_rows({"groups": [mean]})
    assert row.target.en == "≤ 35 µg/m³"


@pytest.mark.parametrize("full", [True, False])
def test_the_page_shows_what_there_is(made: SimpleNamespace, full: bool) -> None:
    record = {"text": "以往214次", "text_en": "of 214 forecasts"}
    target = made.target("AT_RISK", **({"record": record} if full else {}))
    entry = made.entry("衡水", "衡水", "pm25_annual_mean", 39.3, [target])
    data = made.result([entry])
    if full:
        data["projections"][0] |= {"explain": EXPLAIN, "outlook": outlook()}
        data["groups"] = [GROUP]
    words = words_of(page_text(PageContext("衡水", data)))
    parts = (
        "of 214 forecasts", "The 184 days left.", "lastingly from 2027", "衡水各县",
        "全部达标的概率", "Later years", "What moves the forecasts",
    )  # fmt: skip
    assert [p in words for p in parts] == [full] * len(parts)
    assert "Plain rules: would not: as last year 40.1" in words
