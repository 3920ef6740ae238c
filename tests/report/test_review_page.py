"""The review as a page: whole, well-formed, loading nothing, every entry and link in it."""

from __future__ import annotations

import base64
import csv
import io
import re
import xml.etree.ElementTree as ET
from datetime import date
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont
from hypothesis import given
from hypothesis import strategies as st
from made_review import (
    CLEAN,
    NOTICE,
    both,
    drawing,
    long_table,
    printed,
    review,
    targets,
    wide_table,
)

from forecast.errors import WorkspaceError
from forecast.report.document import (
    Chapter,
    Column,
    Document,
    FigureBlock,
    Language,
    Section,
    TableBlock,
    in_language,
    numbering,
    resolved,
)
from forecast.report.review_layout import column_head, headings, linked, numeral, printable
from forecast.report.review_page import review_page_text, write_review_page
from forecast.report.words import Pair


def tree(page: str) -> ET.Element:
    return ET.fromstring(page.partition("<!DOCTYPE html>")[2].strip())


def name_of(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def words_of(element: ET.Element) -> str:
    return "".join(element.itertext())


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_printed_entry_stands_in_a_cell(lang: Language) -> None:
    document = review(long_table(), wide_table())
    root = tree(review_page_text(document, lang))
    cells = [words_of(e) for e in root.iter() if name_of(e) == "td" or e.get("scope") == "row"]
    found = [c for c in cells if c not in {"无数据", "no data"}]
    assert found == printed(document, lang)
    assert root.get("lang") == {"zh": "zh-CN", "en": "en"}[lang]


def test_captions_and_mentions_carry_the_same_numbers() -> None:
    document = review(long_table(3), wide_table())
    root = tree(review_page_text(document, "zh"))
    captions = [words_of(e) for e in root.iter("p") if e.get("class") == "caption"]
    assert captions == [
        "表1 主要目标完成情况",
        "表2 存疑数据",
        "表3 断面[类别]:甲/乙*?",
        "表4 名次",
    ]
    words = " ".join(words_of(root).split())
    assert "年均浓度为40.5µg/m³（见表1）。" in words and "没有的不提。" in words
    assert "图1 天数" in words and "见图1。" in words and "注：含沙尘日（见图1）" in words


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_link_has_its_place_and_ids_are_unique(lang: Language) -> None:
    root = tree(review_page_text(review(FigureBlock("more", both("又一幅"), drawing())), lang))
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    links = [e.get("href", "") for e in root.iter() if e.get("href")]
    links += [f"#{e.get('aria-labelledby')}" for e in root.iter() if e.get("aria-labelledby")]
    here = {link for link in links if link.startswith("#")}
    assert {link[1:] for link in here} <= set(ids)
    assert {"#table-targets", "#figure-bars", "#chapter-1", "#chapter-2-1"} <= here


def test_page_loads_nothing_and_needs_no_script() -> None:
    page = review_page_text(review(), "zh")
    root = tree(page)
    for element in root.iter():
        assert name_of(element) not in {"script", "link", "iframe", "img", "object"}
        for attribute, value in element.attrib.items():
            if attribute.rpartition("}")[2] in {"src", "href", "data"}:
                assert value.startswith(("#", "data:text/csv"))
    assert set(re.findall(r"https?://[^\s\"'<)]+", page)) <= {"http://www.w3.org/2000/svg"}
    assert "@import" not in page and set(re.findall(r"url\(([a-z]+):", page)) == {"data"}


def test_data_of_a_figure_can_be_taken_from_the_page() -> None:
    root = tree(review_page_text(review(), "en"))
    (link,) = [e for e in root.iter("a") if e.get("class") == "data"]
    head, _, text = link.get("href", "").partition(",")
    data = base64.b64decode(text)
    assert head == "data:text/csv;charset=utf-8;base64" and data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    assert rows[0] == ["date", "pm25_ugm3", "days", "item", "dust"]
    assert rows[1][:3] == ["2024-01-01", "35.5", "1"] and rows[2][1] == ""
    assert link.get("download") == "bars.csv"


def test_text_of_the_data_stays_text() -> None:
    page = review_page_text(review(), "zh")
    root = tree(page)
    assert CLEAN in words_of(root) and "<b>&amp;" not in page.replace("&lt;b&gt;", "")
    assert "\x00" not in page and "\x1b" not in page


def test_tables_and_figures_speak_to_a_screen_reader() -> None:
    root = tree(review_page_text(review(), "zh"))
    table = next(e for e in root.iter("table"))
    assert {e.get("scope") for e in table.iter("th")} == {"col", "row"}
    (figure,) = [e for e in root.iter() if name_of(e) == "svg" and e.get("role") == "img"]
    assert figure.get("aria-label") == "图1 天数"
    heads = [words_of(e) for e in table.iter("th") if e.get("scope") == "col"]
    assert heads == ["指标", "实绩 （µg/m³）", "同比 （%）", "天数 （天）", "结论"]
    (filled,) = [e for e in table.iter("td") if e.get("style")]
    assert filled.get("style") == "background:#c0392b;color:#ffffff" and filled.text == "较难达标"


def test_notices_stand_at_the_top_and_empty_tables_say_so() -> None:
    words = words_of(tree(review_page_text(review(), "en")))
    assert words.index(NOTICE.en) < words.index("Contents") < words.index("The mean is")
    assert "no data" in words


def test_embedded_font_has_the_characters_of_the_page() -> None:
    page = review_page_text(review(), "zh")
    match = re.search(r"data:font/woff;base64,([A-Za-z0-9+/=]+)", page)
    assert match is not None
    with TTFont(io.BytesIO(base64.b64decode(match[1]))) as font:
        known = set(font.getBestCmap())
    assert {ord(c) for c in "衡水市评价报告较难达标µ³（）、表图"} <= known


def test_same_review_is_the_same_page(tmp_path: Path) -> None:
    path = tmp_path / "new" / "review.html"
    write_review_page(review(), path, "zh")
    assert path.read_text(encoding="utf-8") == review_page_text(review(), "zh")


def test_a_page_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(WorkspaceError, match="could not be written"):
        write_review_page(review(), tmp_path / "file" / "review.html", "zh")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_review_without_chapters_is_a_page() -> None:
    document = Document(both("空"), both(""), "衡水", 2024, "", date(2025, 1, 1), "", ())
    words = words_of(tree(review_page_text(document, "zh")))
    assert "2025年1月1日" in words and "目录" not in words


@pytest.mark.parametrize(
    ("number", "words"),
    [(1, "一"), (9, "九"), (10, "十"), (11, "十一"), (20, "二十"), (45, "四十五")],
)
def test_headings_count_as_in_chinese(number: int, words: str) -> None:
    assert numeral(number) == words
    chapter = Chapter(
        "a", Pair("空气", "Air"), (Section(Pair("甲", "a")), Section(Pair("乙", "b")))
    )
    title, sections = headings(chapter, number, "zh")
    assert title == f"{words}、空气" and list(sections) == ["（一）甲", "（二）乙"]
    title, sections = headings(chapter, number, "en")
    assert title == f"{number}  Air" and list(sections) == [f"{number}.1  a", f"{number}.2  b"]


def test_a_unit_is_not_borrowed_from_the_other_language() -> None:
    column = Column(Pair("天数", "days"), Pair("天", ""))
    assert column_head(column, "zh") == ("天数", "（天）")
    assert column_head(column, "en") == ("days", "")


_WORDS = st.text("ab表1（）()、见<>", max_size=12).filter(lambda t: "<" not in t)


@given(
    st.lists(st.tuples(_WORDS, st.sampled_from(["table:a", "figure:b", "table:gone"])), max_size=4)
)
def test_pieces_of_a_text_are_the_resolved_text(parts: list[tuple[str, str]]) -> None:
    text = "".join(f"{words}（见<{key}>、<table:a>）" for words, key in parts)
    numbers = {"table:a": 1, "figure:b": 12}
    try:
        whole = resolved(text, numbers, "zh")
    except ValueError:
        return  # brackets inside brackets: the mention stands outside of any
    pieces = linked(text, numbers, "zh")
    assert "".join(words for words, _ in pieces) == whole
    assert {key for _, key in pieces} <= {"", "table:a", "figure:b"}


@given(st.text())
def test_what_is_printed_is_well_formed(text: str) -> None:
    from html import escape

    assert ET.fromstring(f"<a>{escape(printable(text))}</a>") is not None


def test_numbers_follow_the_order_of_the_document() -> None:
    document = review(long_table(1))
    assert numbering(document)["table:sections"] == 3
    table = TableBlock("t", both("x"), targets().columns, targets().rows)
    assert in_language(table.caption, "en") == "x"
