"""The next seven days as people see them: page, terminal, file; both languages, no certainty."""

from __future__ import annotations

import csv
import io
import re
import xml.etree.ElementTree as ET
from collections import Counter
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_outlook import CLEAN, EPISODE, SEVERE, UNSURE, made_city, made_section, made_week
from rich.cells import cell_len
from rich.console import Console

from forecast.report.alert_words import episode_over_words, episode_words
from forecast.report.page import PageContext, page_text
from forecast.report.short_range_page import short_range_fragment
from forecast.report.short_range_table import air_table, outlook_files, water_table, write_outlook
from forecast.report.short_range_terminal import render_outlook, say_outlook
from forecast.report.short_range_words import (
    city_sentence,
    fill_and_ink,
    open_percent,
    section_names,
    span_text,
    spans,
    water_sentence,
    weather_text,
)


def told(*air: dict[str, Any], water: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {"air": list(air), "water": list(water)}


def silent(region: str) -> dict[str, Any]:
    return {
        "region": region, "place": region, "place_kind": "city", "days": [],
        "reason": {"zh": "没有可用的监测值", "en": "no usable reading"},
    }  # fmt: skip


def classes_of(fragment: str) -> Counter[str]:
    """How many elements carry each class; the fragment is well-formed."""
    return Counter(
        name for e in ET.fromstring(fragment).iter() for name in (e.get("class") or "").split()
    )


def words_of(fragment: str, lang: str) -> str:
    """The text that a reader of one language sees."""
    root = ET.fromstring(fragment)
    other = {"zh": "en", "en": "zh"}[lang]
    for parent in list(root.iter()):
        for child in list(parent):
            if child.get("lang") == other:
                child.text = ""
    return " ".join("".join(root.itertext()).split())


@given(p=st.floats(0.0, 1.0))
def test_nothing_to_come_is_certain(p: float) -> None:
    shown = open_percent(p)
    assert shown not in ("0 %", "100 %", "—")
    assert (shown == "<1 %") == (p < 0.01) and (shown == ">99 %") == (p > 0.99)


@given(
    days=st.lists(st.dates(date(2025, 12, 20), date(2026, 1, 20)), max_size=12),
    gap=st.integers(0, 2),
)
def test_spells_hold_every_day_and_lie_apart(days: list[date], gap: int) -> None:
    found = spans(days, gap=gap)
    assert all(any(a <= day <= b for a, b in found) for day in days)
    assert all((later[0] - earlier[1]).days > 1 + gap for earlier, later in pairwise(found))
    assert {edge for pair in found for edge in pair} <= set(days)


def test_an_episode_is_said_with_its_days_odds_and_leading_item() -> None:
    said = city_sentence(made_week())
    assert said.zh == (
        "1月7日至9日可能出现中度及以上污染,概率最高90 %(1月8日),首要污染物PM2.5;"
        "重度及以上污染概率最高70 %(1月8日)。"
    )
    assert said.en == (
        "Moderate or worse pollution is likely on 7 to 9 January: probability up to 90 % (8 January), "
        "led by PM2.5; heavy or worse pollution up to 70 % (8 January)."
    )


@pytest.mark.parametrize(
    ("odds", "zh", "en"),
    [
        ((CLEAN,), "不太可能出现中度及以上污染:概率最高2 %(1月6日)", "is unlikely"),
        ((CLEAN, (0.1, 0.5, 0.15, 0.2, 0.05, 0.0)), "不能排除中度及以上污染:概率最高25 %(1月7日)", "can't be ruled out"),
        ((UNSURE, CLEAN, UNSURE), "1月6日、1月8日可能出现轻度及以上污染,概率最高60 %", "likely on 6 January and 8 January"),
        ((EPISODE,), "1月6日可能出现中度及以上污染,概率最高62 %", "likely on 6 January: probability up to 62 %"),
        (((0.0, 0.0, 0.0, 0.0, 0.0, 1.0),), "概率最高>99 %", ">99 %"),
        (((1.0, 0.0, 0.0, 0.0, 0.0, 0.0),), "概率最高<1 %", "<1 %"),
    ],
)  # fmt: skip
def test_a_sentence_is_as_strong_as_the_odds(odds: tuple[Any, ...], zh: str, en: str) -> None:
    said = city_sentence(made_city(*odds))
    assert zh in said.zh and en in said.en


@pytest.mark.parametrize("odds", [(CLEAN,), (UNSURE,), (EPISODE, SEVERE)])
def test_an_aqi_without_an_item_is_nowhere_an_all_clear(odds: tuple[Any, ...]) -> None:
    """In every sentence, beside the table of a terminal, in the file and in alerts."""
    zh, en = "未计入O3,AQI偏低", "without O3, so the AQI is too low"
    entry = made_city(*odds, items_missing=["o3_8h"])
    said = city_sentence(entry)
    assert said.zh.endswith(f";{zh}。") and said.en.endswith(f"; {en}.")
    assert "不太可能" not in said.zh and "unlikely" not in said.en
    assert zh not in city_sentence(made_city(*odds)).zh
    out = io.StringIO()
    render_outlook(told(entry), "zh", Console(file=out, width=160))
    assert f"注意:{zh}(监测值不足)" in out.getvalue()
    assert set(air_table([entry])["items_missing"]) == {"o3_8h"}
    rows = csv.DictReader(
        io.StringIO(outlook_files(told(entry))["short_range.csv"].decode("utf-8-sig"))
    )
    assert {row["未计入项目 items_missing"] for row in rows} == {"O3"}
    for words in (
        episode_words(entry, entry["days"], "light", worse=False),
        episode_over_words(entry, date(2026, 1, 6), date(2026, 1, 7), "light", 0.1),
    ):
        assert zh in words[0] and en in words[1]


def test_a_spell_over_the_turn_of_the_year_names_both_months() -> None:
    assert span_text(date(2025, 12, 31), date(2026, 1, 2)).zh == "12月31日至1月2日"
    assert span_text(date(2025, 12, 31), date(2026, 1, 2)).en == "31 December to 2 January"


def test_weather_is_said_as_used() -> None:
    entry = made_week()
    assert weather_text(entry).zh == "天气:未用预报"
    for day in entry["days"][:3]:
        day["weather"] = "forecast"
    assert weather_text(entry).en == "weather: a forecast was used for 3 days"


@pytest.mark.parametrize("number", range(7))
def test_text_on_every_level_is_readable(number: int) -> None:
    """Contrast as WCAG 2.1 computes it, at least 4.5 : 1."""

    def light(colour: str) -> float:
        parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted(light(c) for c in fill_and_ink(number))
    assert (high + 0.05) / (low + 0.05) >= 4.5


def test_a_city_stands_open_with_its_days_named_without_colour() -> None:
    fragment = short_range_fragment(told(made_week(), water=(made_section(),)))
    count = classes_of(fragment)
    assert count["day"] == 7 and "week-of" not in count
    zh, en = words_of(fragment, "zh"), words_of(fragment, "en")
    for word in ("未来七天", "1月8日 周四", "重度污染", "AQI 310", "282–344", "首要 PM2.5", "中度+ 90 %",
                 "依据截至2026-01-05的监测值 · 天气:未用预报", "断面甲", "60 %", "总磷、化学需氧量"):  # fmt: skip
        assert word in zh
    for word in ("Next seven days", "Thu 8 Jan", "heavily polluted", "led by PM2.5", "moderate+90 %",
                 "next sampling", "TP, COD"):  # fmt: skip
        assert word in en
    assert not re.search(r"[\u4e00-\u9fff]", en.replace("衡水", "").replace("断面甲", ""))


def test_many_cities_are_folded_the_worst_first() -> None:
    names = [f"城{k:02d}" for k in range(29)]
    air = [made_city(*[CLEAN] * 7, region=name) for name in names]
    fragment = short_range_fragment(told(*air, made_week(region="霾城"), silent("停测城")))
    count = classes_of(fragment)
    assert count["week-of"] == 31 and count["weeks"] == 2 and count["day"] == 30 * 7
    root = ET.fromstring(fragment)
    table = next(e for e in root.iter("table") if e.get("class") == "weeks")
    rows = list(table.iter("tr"))[1:]
    assert len(rows) == 12
    assert "".join(rows[0].itertext()).startswith("霾城")
    assert "没有可用的监测值" in words_of(fragment, "zh")


def test_the_table_of_many_cities_says_whose_aqi_is_too_low() -> None:
    air = [made_city(*[CLEAN] * 7, region=f"城{k}") for k in range(4)]
    air.append(made_city(*[CLEAN] * 7, region="缺项城", items_missing=["o3_8h", "co"]))
    root = ET.fromstring(short_range_fragment(told(*air)))
    table = next(e for e in root.iter("table") if e.get("class") == "weeks")
    heads = ["".join(th.itertext()) for th in table.iter("th") if th.get("scope") == "row"]
    assert [head for head in heads if "偏低" in head or "too low" in head] == [
        "缺项城未计入O3、CO,AQI偏低 without O3, CO, so the AQI is too low"
    ]


def test_the_page_has_the_section_below_the_scoreboard_and_escapes_names() -> None:
    hostile = '<script>alert("x")</script>&'
    result = {
        "run": {"id": "a", "as_of": "2026-01-05"}, "projections": [],
        "short_range": told(made_week(region=hostile), water=(made_section(place=hostile),)),
    }  # fmt: skip
    page = page_text(PageContext("样例", result))
    ET.fromstring(page.partition("<!DOCTYPE html>")[2].strip())
    assert "<script>alert" not in page
    assert page.index('id="scoreboard"') < page.index('id="short-range"')
    assert ".day .level" in page


def test_a_result_without_an_outlook_has_no_section() -> None:
    assert short_range_fragment(None) == "" == short_range_fragment(told())
    result = {"run": {"id": "a", "as_of": "2026-01-05"}, "projections": []}
    page = page_text(PageContext("样例", result))
    assert "short-range" not in page and ".day .level" not in page


def test_sections_are_named_by_their_odds() -> None:
    one, two, three = (made_section(p, place=f"断面{k}") for k, p in enumerate((0.6, 0.3, 0.02)))
    said = water_sentence([one, two, three])
    assert said.zh == "3个断面中有1个较可能劣于其考核类别:断面0(劣于Ⅲ类概率60 %);另有1个不能排除。"
    assert said.en.startswith("Of 3 sections 1 is likely to be worse than the class asked: 断面0")
    assert water_sentence([three]).zh == "1个断面中没有较可能劣于其考核类别的。"
    assert water_sentence([]).en == "No section's class can be told."
    assert section_names([one, made_section(region="沧州")]) == ["衡水 断面0", "沧州 断面甲"]


@pytest.mark.parametrize(("lang", "width"), [("zh", 80), ("en", 110)])
def test_a_terminal_shows_every_day_within_its_width(lang: Any, width: int) -> None:
    raw = io.StringIO()
    console = Console(file=raw, width=width, force_terminal=False)
    render_outlook(
        told(made_week(), water=(made_section(), made_section(0.3, place="断面乙"))), lang, console
    )
    lines = raw.getvalue().splitlines()
    rows = [line for line in lines if re.search(r"\d+ \(\d+-\d+\)", line)]
    assert len(rows) == 7
    assert all(cell_len(line) <= width for line in rows)
    assert any("断面乙" in line and "30 %" in line for line in lines)


def test_fewer_days_are_shown_when_asked() -> None:
    raw = io.StringIO()
    render_outlook(told(made_week()), "zh", Console(file=raw, width=100), days=2)
    assert raw.getvalue().count("周") == 2


def test_a_chinese_windows_console_can_print_it() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="cp936", newline="\n")
    console = Console(file=stream, width=100, force_terminal=False)
    outlook = told(made_week(), silent("停测城"), water=(made_section(),))
    for lang in ("zh", "en"):
        say_outlook(outlook, lang, console)  # type: ignore[arg-type]
        render_outlook(outlook, lang, console)  # type: ignore[arg-type]
    stream.flush()
    text = raw.getvalue().decode("cp936")
    assert "重度污染" in text and "heavily polluted" in text and "?" not in text


def test_after_a_run_the_cities_most_at_risk_are_told() -> None:
    raw = io.StringIO()
    air = [made_city(*[CLEAN] * 7, region=f"城{k}") for k in range(8)]
    say_outlook(told(*air, made_week(region="霾城")), "zh", Console(file=raw, width=60))
    lines = raw.getvalue().splitlines()
    # A sentence is one line, however long: the terminal breaks it.
    assert lines[1].startswith("  霾城: 1月7日至9日可能出现") and len(lines) == 7
    assert lines[-1] == "  其余4个城市风险较低,见 forecast outlook。"
    say_outlook(None, "zh", Console(file=raw))
    assert raw.getvalue().splitlines() == lines


def test_cities_that_were_not_named_are_no_low_risk_if_that_is_not_known() -> None:
    """Of the ten that are left two lack an item and one has no day."""
    air = [made_city(*[CLEAN] * 7, region=f"城{k:02d}") for k in range(12)]
    lacking = [
        made_city((1, 0, 0, 0, 0, 0), region=f"缺{k}", items_missing=["o3_8h"]) for k in "ab"
    ]
    said = {}
    for lang in ("zh", "en"):
        raw = io.StringIO()
        outlook = told(*air, *lacking, silent("停测城"))
        say_outlook(outlook, lang, Console(file=raw, width=100))  # type: ignore[arg-type]
        said[lang] = raw.getvalue().splitlines()[6:]
    assert said["zh"] == [
        "  其余7个城市风险较低,见 forecast outlook。",
        "  另有2个城市监测项目不全,AQI偏低,风险未定,见 forecast outlook。",
        "  另有1个城市无法给出逐日预报,见 forecast outlook。",
    ]
    assert [line.split(":")[0] for line in said["en"]] == [
        "  7 more cities with less risk", "  2 more without all six items",
        "  no daily outlook of 1 more",
    ]  # fmt: skip


def test_the_files_open_in_excel_and_hold_what_was_said(tmp_path: Path) -> None:
    outlook = told(made_week(region="=cmd()"), silent("停测城"), water=(made_section(),))
    files = write_outlook(outlook, tmp_path)
    assert [f.name for f in files] == ["short_range.csv", "short_range_water.csv"]
    assert all(f.read_bytes().startswith(b"\xef\xbb\xbf") for f in files)
    rows = list(csv.DictReader(io.StringIO(files[0].read_text(encoding="utf-8-sig"))))
    assert len(rows) == 7 and rows[0]["地区 region"] == "'=cmd()"
    third = rows[2]
    assert third["日期 date"] == "2026-01-08" and third["级别名称 level_zh"] == "重度污染"
    assert third["首要污染物 leading"] == "PM2.5"
    assert float(third["中度及以上概率 p_moderate"]) == 0.9
    water = next(csv.DictReader(io.StringIO(files[1].read_text(encoding="utf-8-sig"))))
    assert (
        water["劣于考核类别概率 p_worse"] == "0.6" and water["可能的定类项目 deciding"] == "TP+COD"
    )
    assert outlook_files(None) == {}


def test_tables_keep_the_odds_as_numbers() -> None:
    table = air_table([made_city(SEVERE, CLEAN), silent("停测城")])
    assert len(table) == 2 and table["date"].dtype.kind == "M"
    levels = table.filter(like="p_level_").sum(axis=1)
    assert levels.tolist() == pytest.approx([1.0, 1.0])
    assert table["pm25_median"].tolist() == [75.0, 75.0]
    assert air_table([]).empty and water_table([]).empty
