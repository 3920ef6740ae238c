"""The terminal table and the words: widths, languages, consoles that lack characters."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from forecast.report import render_table
from forecast.report.scoreboard import regions_of, rows_of, verdict_counts
from forecast.report.terminal import summary_line
from forecast.report.words import (
    VERDICTS,
    budget_text,
    class_text,
    indicator_text,
    target_text,
)


def printed(data: dict[str, Any], lang: str, width: int = 120, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="\n")
    console = Console(file=stream, width=width, force_terminal=False)
    render_table(data, lang, console)  # type: ignore[arg-type]
    stream.flush()
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize("width", [80, 120])
def test_chinese_never_runs_over_the_edge(made: SimpleNamespace, width: int) -> None:
    lines = printed(made.all_verdicts(), "zh", width).splitlines()
    assert len(lines) > 13
    assert all(cell_len(line) <= width for line in lines)


def test_columns_stand_under_each_other(made: SimpleNamespace) -> None:
    data = made.result([
        made.entry("衡水", "衡水", "pm25_annual_mean", 41.2, [made.target("LIKELY")]),
        made.entry("衡水", "A", "co_p95", 1.8, [made.target("UNLIKELY", value=4.0)]),
    ])  # fmt: skip
    lines = printed(data, "zh").splitlines()
    heads = next(line for line in lines if "对象" in line)
    rows = [line for line in lines if "达标" in line and "目标：" not in line]
    at = cell_len(heads[: heads.index("指标")])
    for row in rows:
        name = "PM2.5年均浓度" if "PM2.5" in row else "CO第95百分位"
        assert cell_len(row[: row.index(name)]) == at


def test_both_languages_name_every_verdict(made: SimpleNamespace) -> None:
    zh, en = printed(made.all_verdicts(), "zh", 140), printed(made.all_verdicts(), "en", 140)
    for verdict in VERDICTS.values():
        assert verdict.zh in zh and verdict.en in en
    assert "PM2.5 annual mean" in en and "PM2.5年均浓度" in zh
    assert summary_line(made.all_verdicts(), "en").startswith("11 targets: Unlikely 1 · At risk 1")


def test_a_chinese_windows_console_can_print_it(made: SimpleNamespace) -> None:
    text = printed(made.all_verdicts(), "zh", encoding="cp936")
    assert "μg/m3" in text and "较难达标" in text and "?" not in text


def test_an_assessment_without_targets_lists_the_indicators(made: SimpleNamespace) -> None:
    data = made.result([made.entry("衡水", "衡水", "good_day_ratio", 72.0, [], forecast=None)])
    text = printed(data, "zh")
    assert "优良天数比率" in text and "72.0 %" in text and "175/181" in text
    assert "没有目标" in text
    assert "1 places, 1 indicators, no targets." in printed(data, "en")


def test_rows_print_values_by_their_rule(made: SimpleNamespace) -> None:
    pm, share, water, empty = rows_of(made.result([
        made.entry("衡水", "衡水", "pm25_annual_mean", 41.2, [made.target("AT_RISK")]),
        made.entry("衡水", "衡水", "good_day_ratio", 72.0, [made.target("LIKELY", comparator=">=", value=75.0)]),
        made.entry("衡水", "断面", "section_class", 3.0, [made.target("LIKELY", value="III")]),
        made.entry("衡水", "衡水", "heavy_days", 3.0, [], forecast=None,
              observed={"value": None, "value_official": None, "n_valid": 0, "n_expected": 0}),
    ]))  # fmt: skip
    assert (pm.target.zh, pm.median, pm.interval) == ("≤ 37 µg/m³", "41.2", "34.6 – 47.8")
    assert (share.target.zh, share.observed, share.median) == ("≥ 75.0 %", "72.0", "72.0")
    assert (water.target.zh, water.target.en) == ("Ⅲ类或更好", "class Ⅲ or better")
    assert (water.observed, water.median, water.interval) == ("Ⅲ", "Ⅲ", "Ⅰ – Ⅴ")
    assert (empty.observed, empty.median, empty.verdict) == ("—", "—", "")


def test_counts_follow_the_order_of_urgency(made: SimpleNamespace) -> None:
    assert list(verdict_counts(rows_of(made.all_verdicts()))) == list(VERDICTS)


def test_a_2026_value_keeps_its_further_decimal(made: SimpleNamespace) -> None:
    (row,) = rows_of(made.result([
        made.entry("衡水", "衡水", "pm25_annual_mean", 28.4, [made.target("LIKELY")],
              observed={"value": 28.437, "value_official": 28.4, "n_valid": 1, "n_expected": 1})
    ]))  # fmt: skip
    assert row.observed == "28.4"


def test_budgets_are_put_in_words() -> None:
    days = {
        "kind": "bad_days", "used": 62, "valid_days": 359, "days_left": 184,
        "exact": {"allowed": 89, "left": 27}, "rounded": {"allowed": 90, "left": 28},
    }  # fmt: skip
    assert budget_text(days).zh == "超标天已用 62/89，还剩 27 天（按修约后比率 28）"
    over = {"kind": "heavy_days", "allowed": 3, "used": 5, "left": -2, "days_left": 10}
    assert budget_text(over) == (
        "重污染天已用 5/3，超出 2 天",
        "heavy days 5 used of 3, exceeded by 2",
    )
    rest = {"kind": "rest_mean", "exact": 26.91, "rounded": 27.9, "unit": "µg/m³", "days_left": 184}
    assert budget_text(rest).en == "the remaining 184 days may average 26.9 µg/m³"
    assert budget_text({**rest, "exact": -1.0}).zh == "余下时段均值已无空间"
    assert (
        budget_text({"kind": "sections", "sections": 13, "may_fail": 4}).en
        == "at most 4 of 13 sections may fail"
    )
    assert budget_text(None) == ("", "")


def test_targets_without_a_number_keep_the_words_of_the_plan() -> None:
    assert target_text({"value": "ASSIGNED", "comparator": ""}, "%", 1).zh == "以下达任务为准"
    assert (
        target_text({"value": "SOMETHING_NEW", "comparator": ""}, "t", None).en == "SOMETHING_NEW"
    )
    assert target_text({"value": 0, "comparator": "=="}, "days", 0).zh == "= 0 天"
    assert target_text({"value": 37.5, "comparator": "<="}, "µg/m³", 0).zh == "≤ 37.5 µg/m³"
    assert target_text({"value": None, "comparator": ""}, "t", None) == ("—", "—")


def test_an_indicator_of_a_plans_own_goes_by_its_label() -> None:
    assert (
        indicator_text("straw_use", {"label_zh": "秸秆利用率", "label_en": "straw use"}).zh
        == "秸秆利用率"
    )
    assert indicator_text("nh3n_mean").zh == "氨氮年均值"
    assert class_text("劣V") == "劣Ⅴ" and class_text(0) == "—"


def test_regions_meet_under_both_forms_of_their_name(made: SimpleNamespace) -> None:
    rows = rows_of(
        made.result(
            [
                made.entry("衡水", "衡水", "pm25_annual_mean", 40.0, [made.target("LIKELY")]),
                made.entry("衡水市", "all", "share_class_iii", 60.0, [made.target("UNLIKELY")]),
            ]
        )
    )
    (region,) = regions_of(rows)
    assert region.name == "衡水"
    assert [row.place for row in region.rows] == ["全部断面 all sections", "衡水"]


def test_targets_nobody_entered_a_figure_for_are_counted_not_listed(made: SimpleNamespace) -> None:
    data = made.all_verdicts()
    for entry in data["projections"]:
        if entry["targets"] and entry["targets"][0]["verdict"] == "INSUFFICIENT_DATA":
            entry["place_kind"] = "entered"
    text = printed(data, "zh")
    assert "另有 1 个目标" in text and text.count("数据不足") == 1  # in the line that sums up
    assert "1 further targets" in printed(data, "en", 140)
