"""The page: well-formed, loads nothing, says everything, stays readable when it is large."""

from __future__ import annotations

import base64
import io
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from types import SimpleNamespace

import pytest
from fontTools.ttLib import TTFont
from matplotlib.figure import Figure

from forecast.charts import Chart, svg_text
from forecast.report import PageChart, PageContext, write_page
from forecast.report.page import page_text
from forecast.report.svg import Glyphs, inline_svg
from forecast.report.words import VERDICTS

NOTICE = ("逐日数据为生成样例", "daily values are generated")


def small_svg(text: str = "Abc") -> str:
    """A figure with a line, a hatch, a clip and some text."""
    import pandas as pd

    figure = Figure(figsize=(2, 1))
    axes = figure.add_subplot()
    axes.bar([0, 1], [1, 2], hatch="//")
    axes.set_title(text)
    return svg_text(Chart(figure, pd.DataFrame(), "made", "图", "chart"))


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


def test_every_verdict_and_both_languages_stand_on_the_page(made: SimpleNamespace) -> None:
    page = page_text(PageContext("样例", made.all_verdicts(), notices=(NOTICE,)))
    words = words_of(page)
    for token, verdict in VERDICTS.items():
        assert token in words and verdict.zh in words and verdict.en in words
    assert NOTICE[0] in words and NOTICE[1] in words
    assert "样本路径中有34 %达标。" in words and "34 % of the paths meet it." in words
    assert "确保·约束性" in words and "firm, binding" in words
    assert "综合指数" in words  # an indicator without a target is there too


def test_page_is_well_formed_and_loads_nothing(made: SimpleNamespace, tmp_path: Path) -> None:
    chart = PageChart("衡水", "衡水", small_svg(), "图一", "chart one", "charts/a b.csv")
    path = tmp_path / "deep" / "index.html"
    write_page(PageContext("样例", made.all_verdicts(), charts=(chart,)), path)
    page = path.read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    root = body_of(page)
    assert root.get("lang") == "zh-CN"
    for element in root.iter():
        for name, value in element.attrib.items():
            if name.rpartition("}")[2] in {"src", "href", "data", "srcset", "poster"}:
                assert value.startswith("#") or value == "charts/a b.csv"
    remote = set(re.findall(r"https?://[^\s\"'<)]+", page))
    assert remote <= {"http://www.w3.org/2000/svg"}  # a name, never fetched
    assert "@import" not in page and set(re.findall(r"url\(([a-z]+):", page)) == {"data"}


def test_text_of_the_user_is_escaped(made: SimpleNamespace) -> None:
    hostile = '<script>alert("x")</script> & 衡水'
    data = made.result(
        [
            made.entry(
                hostile, hostile, "pm25_annual_mean", 40.0, [made.target("LIKELY", quote=hostile)]
            )
        ]
    )
    chart = PageChart(hostile, hostile, small_svg(), hostile, hostile)
    page = page_text(PageContext(hostile, data, charts=(chart,), warnings=((hostile, hostile),)))
    assert "<script>alert" not in page
    assert hostile in words_of(page)


def test_embedded_font_has_every_character_of_the_page(made: SimpleNamespace) -> None:
    page = page_text(PageContext("衡水", made.all_verdicts(), notices=(("罕见字：龘㙍", "rare"),)))
    match = re.search(r"data:font/woff;base64,([A-Za-z0-9+/=]+)", page)
    assert match is not None
    with TTFont(io.BytesIO(base64.b64decode(match[1]))) as font:
        known = set(font.getBestCmap())
    shown = {ord(c) for c in words_of(page) if not c.isspace()}
    assert shown <= known | {ord("龘"), ord("㙍")}


def test_same_context_gives_the_same_page(made: SimpleNamespace) -> None:
    context = PageContext(
        "衡水", made.all_verdicts(), charts=(PageChart("衡水", "衡水", small_svg(), "图", "c"),)
    )
    assert page_text(context) == page_text(context)


def test_what_is_at_risk_stands_first(made: SimpleNamespace) -> None:
    entries = [
        made.entry("衡水", "衡水", "pm25_annual_mean", 41.2, [
            made.target("LIKELY", id="c", reason="第三"), made.target("UNLIKELY", id="b", reason="第二", probability=0.1),
            made.target("UNLIKELY", id="a", reason="第一", probability=0.01)])
    ]  # fmt: skip
    words = words_of(page_text(PageContext("衡水", made.result(entries))))
    assert words.index("第一") < words.index("第二") < words.index("第三")


def test_600_targets_are_folded_and_stay_small(made: SimpleNamespace) -> None:
    verdicts = list(VERDICTS)
    entries = []
    for k in range(600):
        region = f"第{k % 15}市"
        entries.append(
            made.entry(region, f"第{k}号断面", "section_class", 3.0,
                  [made.target(verdicts[k % 11], id=f"t{k}", value="III", unit="class")])
        )  # fmt: skip
    page = page_text(PageContext("十五城市", made.result(entries)))
    assert len(page.encode()) < 2_000_000
    folded = [d for d in body_of(page).iter("details") if d.get("class") == "region"]
    assert len(folded) == 15 and all(d.get("open") is None for d in folded)
    table = next(t for t in body_of(page).iter("table") if t.get("class") == "overview")
    counts = [int(td.text or "0") for td in table.iter("td") if (td.text or "").isdigit()]
    assert sum(counts) == 600


def test_a_small_run_stands_open(made: SimpleNamespace) -> None:
    page = body_of(page_text(PageContext("衡水", made.all_verdicts())))
    regions = [d for d in page.iter("details") if d.get("class") == "region"]
    assert [d.get("open") for d in regions] == ["open"]


def test_reference_targets_pending_values_and_warnings_are_listed(made: SimpleNamespace) -> None:
    data = made.result([
        made.entry("衡水", "衡水", "share_class_iii", 60.0,
              [made.target("TARGET_PENDING", value="ASSIGNED", comparator="", probability=None)])
    ])  # fmt: skip
    reference = {
        "region": "衡水", "place": "", "indicator": "pm25_annual_mean", "label_zh": "远景目标",
        "label_en": "outlook", "comparator": "<=", "value": 25, "unit": "µg/m³", "year": 2035,
        "level": "single", "binding": "expected", "quote": "「根本好转」",
    }  # fmt: skip
    words = words_of(page_text(PageContext(
        "衡水", data, reference=(reference,), warnings=(("缺测6天", "6 days missing"),),
        method=(("季节模型", "seasonal model"),),
    )))  # fmt: skip
    for part in ("以下达任务为准", "as assigned", "远景目标", "≤ 25 µg/m³", "2035", "缺测6天",
                 "6 days missing", "seasonal model", "ab" * 32, "20150101"):  # fmt: skip
        assert part in words


def test_an_empty_run_still_has_a_page(made: SimpleNamespace) -> None:
    assert "没有适用的目标" in words_of(page_text(PageContext("空", made.result([]))))


def test_chart_of_a_region_meets_the_rows_under_its_full_name(made: SimpleNamespace) -> None:
    data = made.result([made.entry("衡水市", "衡水市", "composite_index", 4.0, [])])
    chart = PageChart("衡水", "衡水", small_svg(), "图", "chart")
    page = page_text(PageContext("衡水", data, charts=(chart,)))
    assert page.count("<summary><b>衡水</b>") == 2 and "<b>衡水市</b>" not in page


@pytest.mark.parametrize("text", ["Abc", "优良天数 75 %"])
def test_inlined_figures_do_not_clash(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from forecast.charts.fonts import chart_fonts

    glyphs = Glyphs()
    with chart_fonts(only_packaged=True):
        original = small_svg(text)
    one, two = (inline_svg(original, p, "label", glyphs) for p in ("a-", "b-"))
    whole = f"<div>{glyphs.svg()}{one}{two}</div>"
    root = ET.fromstring(whole)
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    wanted = set(re.findall(r'href="#([^"]+)"', whole)) | set(re.findall(r"url\(#([^)]+)\)", whole))
    assert wanted and wanted <= set(ids)
    assert len(one) < 0.8 * len(original)
    kept = len(list(ET.fromstring(original).iter("{http://www.w3.org/2000/svg}use")))
    assert len(list(ET.fromstring(one).iter("{http://www.w3.org/2000/svg}use"))) == kept
