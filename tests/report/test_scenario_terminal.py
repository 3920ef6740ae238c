"""A scenario's answer in a terminal: 100 columns, characters of a Chinese console, decided first."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_scenario import told

from forecast.report.scenario_terminal import _lines, scenario_lines


def width(text: str) -> int:
    return sum(2 if ord(c) > 0x2E7F else 1 for c in text)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_lines_fit_and_a_chinese_console_prints_them(lang: str) -> None:
    lines = scenario_lines(told(), lang)  # type: ignore[arg-type]
    assert max(map(width, lines)) <= 100
    for line in lines:
        line.encode("cp936")
    assert not re.search(r"\bwill\b|将", "\n".join(lines))


def test_decided_targets_stand_before_the_tables_and_warnings_after() -> None:
    text = "\n".join(scenario_lines(told(), "zh"))
    order = ["条件估计", "已成定局", "各方案的达标概率", "PM2.5与臭氧", "[警告]", "[注意]", "不能量化",
             "回溯检验", "defaults"]  # fmt: skip
    places = [text.index(word) for word in order]
    assert places == sorted(places)


def test_pm25_and_ozone_stand_in_one_line() -> None:
    answer = told()
    lines = scenario_lines(answer, "en")
    at = lines.index("PM2.5 and ozone (conditional estimates)")
    (row,) = [line for line in lines[at:] if line.startswith("NOx alone") and " to " in line]
    means = {
        r["indicator"]: r["mean"]
        for r in answer["rows"]
        if r["package"] == "仅减氮" and r["kind"] == "indicator"
    }
    assert f" {means['pm25_annual_mean']:.1f} " in row
    assert f" {means['o3_8h_p90']:.1f} " in row


def test_chances_carry_their_errors_and_those_of_the_regimes() -> None:
    answer = told()
    (row,) = [
        r for r in answer["rows"]
        if r["kind"] == "target" and r["package"] == "仅减氮" and r["id"] == "days-2025"
    ]  # fmt: skip
    text = "\n".join(scenario_lines(answer, "en"))
    assert f"{100 * row['probability']:.0f} % ± {100 * row['error']:.1f}" in text
    assert "/".join(f"{100 * p:.0f}" for p in row["regimes"].values()) in text


def test_long_names_wrap_and_many_packages_take_more_tables() -> None:
    answer = told()
    name = "很长的方案名称" * 8
    for at in range(5):
        new = f"{name}{at}"
        answer["packages"].append({"name": new, "name_en": "", "file": "", "note": ""})
        answer["rows"] += [
            {**r, "package": new} for r in answer["rows"] if r["package"] == "规划措施"
        ]
    lines = scenario_lines(answer, "zh")
    assert max(map(width, lines)) <= 100
    assert sum(line.startswith("其他指标") for line in lines) == 2


@given(st.text(alphabet="ab 一二，.", max_size=60), st.integers(2, 30))
def test_wrapped_lines_keep_every_character(text: str, room: int) -> None:
    lines = _lines(text, room)
    assert all(width(line.rstrip("，.")) <= room for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_targets_without_an_answer_are_named_with_the_reason() -> None:
    """A year that can't become valid leaves no chance to print: the reason stands in its place."""
    found = told() | {
        "left_out": [
            {"id": i, "zh": "全年有效天数不足", "en": "the year can't reach enough valid days"}
            for i in ("pm25", "pm10")
        ]
    }
    said = " ".join(scenario_lines(found, "en"))
    assert "can't reach enough valid days (2): pm25、pm10" in said
    assert "全年有效天数不足（2 项）" in " ".join(scenario_lines(found, "zh"))
