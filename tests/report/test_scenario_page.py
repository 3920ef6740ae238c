"""A scenario's answer as HTML: said in both languages, decided first, PM2.5 never without ozone."""

from __future__ import annotations

import base64
import io
import json
import re
import xml.etree.ElementTree as ET
from importlib import resources
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest
from fontTools.ttLib import TTFont
from made_scenario import told

from forecast.charts.chart import svg_text
from forecast.charts.fonts import ONLY_PACKAGED_VARIABLE
from forecast.report import PageChart, PageContext
from forecast.report.document import Paragraph, TableBlock
from forecast.report.page import page_text
from forecast.report.scenario_figure import scenario_charts, scenario_jobs, scenario_notices
from forecast.report.scenario_page import scenario_page_text, write_scenario_page
from forecast.report.scenario_parts import scenario_parts
from forecast.report.scenario_told import (
    cut_details,
    decided_lines,
    grade_text,
    lever_text,
    sector_text,
    span_cell,
    target_rows,
    target_span,
)
from forecast.sample import NOTICE


@pytest.fixture(autouse=True)
def _packaged_font_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ONLY_PACKAGED_VARIABLE, "1")


def body_of(page: str) -> ET.Element:
    return ET.fromstring(page.partition("<!DOCTYPE html>")[2].strip())


def words_of(page: str) -> str:
    """All text that a reader may see."""
    root = body_of(page)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.rpartition("}")[2] in {"style", "script"}:
                child.text = ""
    return " ".join("".join(root.itertext()).split())


def tables_of(answer: dict[str, Any]) -> dict[str, TableBlock]:
    return {b.key: b for p in scenario_parts(answer) for b in p.blocks if isinstance(b, TableBlock)}


def bare(answer: dict[str, Any]) -> dict[str, Any]:
    """The least that the engine may tell: nothing of the air, nothing learned, nobody asked."""
    return answer | {
        "rows": [], "water": [], "left_out": [], "findings": [], "tonnes": [], "solutions": [],
        "not_quantified": [], "regimes": [], "defaults": [], "map": None,
        "hindcast": {"done": False, "sentences": [], "rows": []},
        "learning": {"effective_size": None, "sentences": [], "rows": []},
    }  # fmt: skip


def test_the_page_is_well_formed_loads_nothing_and_has_its_font(tmp_path: Path) -> None:
    answer = told()
    path = tmp_path / "deep" / "index.html"
    charts = scenario_charts(answer)
    write_scenario_page(answer, charts, path)
    page = path.read_text(encoding="utf-8")
    root = body_of(page)
    for element in root.iter():
        for name, value in element.attrib.items():
            if name.rpartition("}")[2] in {"src", "href", "data", "srcset", "poster"}:
                assert value.startswith("#") or value in {f"{c.name}.csv" for c in charts}
    assert set(re.findall(r"url\(([a-z]+):", page)) == {"data"}
    match = re.search(r"data:font/woff;base64,([A-Za-z0-9+/=]+)", page)
    assert match is not None
    with TTFont(io.BytesIO(base64.b64decode(match[1]))) as font:
        known = set(font.getBestCmap())
    assert {ord(c) for c in words_of(page) if not c.isspace()} <= known
    assert page == scenario_page_text(answer, scenario_charts(answer))


def test_what_is_decided_comes_first_and_nothing_is_promised() -> None:
    words = words_of(scenario_page_text(told()))
    (decided,) = decided_lines(told())
    assert "低于 1 %" in decided.zh and "below 1 %" in decided.en
    assert words.index(decided.zh) < words.index("达标概率（条件估计）")
    assert words.index("条件估计") < words.index(decided.zh)
    assert words.count("conditional estimate") >= 4
    assert not re.search(r"\bwill\b|将(?!来)", words)


def test_warnings_are_rows_notes_are_small_and_missing_measures_are_named() -> None:
    answer = told()
    page = body_of(scenario_page_text(answer))
    rows = [" ".join("".join(r.itertext()).split()) for r in page.iter("tr")]
    notes = [" ".join("".join(p.itertext()).split()) for p in page.iter("p")
             if p.get("class") == "note"]  # fmt: skip
    for found in answer["findings"]:
        where = notes if found["kind"] == "note" else rows
        assert any(found["zh"] in text and found["en"] in text for text in where), found["rule"]
    for found in answer["not_quantified"]:
        assert any(found["measure"] in text and found["zh"] in text for text in rows)


def test_every_default_stands_folded_with_its_grade_and_source() -> None:
    answer = told()
    page = body_of(scenario_page_text(answer))
    (folded,) = [d for d in page.iter("details") if d.get("class") == "others"]
    assert folded.get("open") is None
    text = " ".join("".join(folded.itertext()).split())
    for row in answer["defaults"]:
        assert row["parameter"] in text
        assert " ".join(str(row["source"]).split()) in text
        assert grade_text(row["grade"]).zh in text
    for row in answer["regimes"]:
        assert f"{row['saturated']:.2f}" in text


def test_pm25_and_ozone_share_a_table_and_what_gets_worse_is_marked() -> None:
    answer = told()
    table = tables_of(answer)["scenario_pair"]
    assert [c.head.en for c in table.columns[1::4]] == ["PM2.5", "O3-8h"]
    assert len(table.rows) == 3
    alone = table.rows[2]
    assert alone[0].text.en == "NOx alone"
    assert alone[6].text.en.startswith("+") and alone[6].ink
    assert not table.rows[1][2].ink  # PM2.5 falls under the plan
    # Where ozone can't be drawn its place says so; it never vanishes.
    without = told()
    without["rows"] = [r for r in without["rows"] if r["indicator"] != "o3_8h_p90"]
    pair = tables_of(without)["scenario_pair"]
    assert [c.text.en for c in pair.rows[1][5:]] == ["—"] * 4


def test_the_numbers_of_the_tables_are_those_told() -> None:
    answer = told()
    table = tables_of(answer)["scenario_targets"]
    rows = [r for own in target_rows(answer) for r in own]
    assert len(table.rows) == len(rows) == 12
    for row, cells in zip(rows, table.rows, strict=True):
        assert cells[2].value == row["probability"]
        assert cells[3].value == pytest.approx(100 * row["error"])
        assert cells[7].value == row["regimes"].get("saturated")
    # By hand: 90 % of a normal lie within 1.645 standard errors.
    low, high = target_span(answer, {"change": 0.10, "change_error": 0.01})
    assert low == pytest.approx(8.355, abs=1e-3)
    assert high == pytest.approx(11.645, abs=1e-3)
    assert target_span(answer, {"change": None, "change_error": None}) == (None, None)
    past = tables_of(answer)["scenario_hindcast"].rows[0]
    # 0.59, 0.72, 0.84 and 0.67 of the first year's mean.
    assert [c.text.en for c in past[2:5]] == ["-28", "-41 to -16", "-33"]


def test_an_end_beyond_the_domain_is_said() -> None:
    assert span_cell(1.0, None, 2, signed=False).text == ("1.00 至 范围外", "1.00 to beyond")
    assert span_cell(-0.04, 0.0, 1).text.en == "0.0 to 0.0"
    assert span_cell(None, None, 1).text.zh == "—"


def test_what_a_package_cuts_is_summed_over_sectors() -> None:
    """2,100 t of industry and 1,900 t of transport are 4,000 t of NOx; without tonnes a percentage."""
    answer = told()
    assert cut_details(answer, "规划措施").en == "NOx -4000 t, VOC -2300 t, SO2 -450 t"
    assert cut_details(answer, "仅减氮").zh == "移动源NOx -35 %（按全年）"
    row = {"scope": "region", "sector": "residential", "group": "residential", "emission_t": None,
           "cut_t": None, "cut_percent": 30.0, "package": "x"}  # fmt: skip
    names = ("SO2", "NOx", "NH3", "VOC", "PM25", "PM10", "CO")
    answer["tonnes"] = [{**row, "pollutant": p} for p in names]
    answer["packages"].append(
        {"name": "x", "name_en": "", "file": "", "note": "", "start": "2025-11-15"}
    )
    assert (
        cut_details(answer, "x").zh == "区域：居民生活全部污染物 -30 %（按全年）；自 2025-11-15 起"
    )
    assert (
        cut_details(answer, "x").en
        == "region: residential all pollutants -30 % of the year; from 2025-11-15"
    )
    assert sector_text({"sector": "total", "group": "other"}).en == "all sectors"
    assert lever_text("industry").zh == "工业" and lever_text("PM25").zh == "PM2.5"


def test_an_answer_with_hardly_anything_still_prints() -> None:
    answer = bare(told())
    assert scenario_charts(answer) == []
    words = words_of(scenario_page_text(answer))
    assert "条件估计" in words and "回溯检验：没有结果。" in words
    assert [
        b.style for p in scenario_parts(answer) for b in p.blocks if isinstance(b, Paragraph)
    ] == ["reservation"]
    told_why = bare(told())
    told_why["hindcast"]["sentences"] = [{"zh": "监测仅2年。", "en": "2 years of readings."}]
    assert "监测仅2年。" in words_of(scenario_page_text(told_why))


def test_a_package_that_can_t_be_answered_is_listed_and_not_drawn() -> None:
    answer = told()
    answer["packages"].append({"name": "无清单", "name_en": "no inventory", "file": "", "note": ""})
    words = words_of(scenario_page_text(answer))
    assert "无清单" in words
    table = scenario_charts(answer)[0].table
    assert set(table.loc[table["kind"] == "package", "package"]) == {"基准", "规划措施", "仅减氮"}


def test_what_both_languages_write_alike_shows_in_either() -> None:
    """English alone hides every Chinese text that has a neighbour: heads such as PM2.5 are none."""
    page = body_of(scenario_page_text(told()))
    alike = [s for s in page.iter("span") if s.get("class") == "same"]
    assert {"PM2.5", "O3-8h", "NOx"} <= {s.text for s in alike}
    (pair,) = [t for t in page.iter("table") if "O3-8h" in "".join(t.itertext())[:900]][:1]
    for head in next(pair.iter("thead")).iter("th"):
        assert {s.get("class") for s in head.iter("span")} & {"en", "same"}


def test_text_of_the_user_is_escaped() -> None:
    hostile = '<script>alert("x")</script> & {{ 7 }}'
    answer = told()
    answer["place"] = hostile
    answer["packages"][0]["note"] = hostile
    answer["findings"][0]["zh"] = hostile
    page = scenario_page_text(answer)
    assert "<script>alert" not in page
    words = words_of(page)
    assert words.count(f"{hostile}2025年减排情景") == 2  # head of the file and of the page
    assert words.count(hostile) >= 6


def test_a_stored_answer_is_redrawn_in_any_language() -> None:
    """The object alone gives the charts; the sample is named on each of them."""
    answer = json.loads(json.dumps(told()))
    for lang, word in (("zh", "条件估计"), ("en", "conditional estimate")):
        first, second = scenario_charts(answer, lang)  # type: ignore[arg-type]
        texts = [t.get_text() for t in first.figure.texts]
        assert any(word in t for t in texts)
        assert any(NOTICE[lang] in t.replace("\n", "") for t in texts)
        assert (second.table["probability"] <= 1).all()
    again = scenario_charts(answer, "en")
    assert svg_text(again[0]) == svg_text(scenario_charts(told(), "en")[0])
    assert scenario_notices(answer, ((NOTICE["zh"], NOTICE["en"]),)) == (
        (NOTICE["zh"], NOTICE["en"]),
    )
    assert scenario_notices({**answer, "sample": False}) == ()


def test_the_page_of_a_run_holds_the_section_and_its_charts(made: SimpleNamespace) -> None:
    result = made.all_verdicts() | {"scenarios": [told()]}
    ((region, place, draw),) = scenario_jobs(result["scenarios"])
    drawn = [
        PageChart(
            region, place, svg_text(c), c.title_zh, c.title_en, f"charts/{c.name}.csv", "scenario"
        )
        for c in draw()
    ]
    page = page_text(PageContext("衡水", result, charts=tuple(drawn)))
    (section,) = [s for s in body_of(page).iter("section") if s.get("id") == "scenarios"]
    assert len(list(section.iter("figure"))) == 2
    ids = [e.get("id") for e in body_of(page).iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    without = page_text(PageContext("衡水", made.all_verdicts()))
    assert 'id="scenarios"' not in without and ".conditional" not in without


def test_the_schema_takes_the_answer_and_refuses_a_wrong_one() -> None:
    text = (resources.files("forecast.projection") / "schema.json").read_text(encoding="utf-8")
    schema = json.loads(text)
    own = {**schema["$defs"]["scenario"], "$defs": schema["$defs"]}
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(told(), own)
    jsonschema.validate({k: v for k, v in bare(told()).items() if k != "map"}, own)
    wrong = told()
    wrong["rows"][-1]["probability"] = 1.2
    for bad in (wrong, {k: v for k, v in told().items() if k != "findings"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(bad, own)
