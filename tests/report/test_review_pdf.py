"""The review as PDF: pages, texts, links, the same bytes twice, nothing of the data read as markup."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_review import CLEAN, both, drawing, long_table, printed, review, targets, wide_table

from forecast.charts.fonts import missing_glyphs, packaged_font
from forecast.errors import ForecastError, UsageError, WorkspaceError
from forecast.report.document import (
    Cell,
    Chapter,
    Column,
    Document,
    Drawing,
    FigureBlock,
    Language,
    TableBlock,
    cell,
)
from forecast.report.review_pdf import review_pdf_bytes, write_review_pdf
from forecast.report.review_pdf_tables import ACROSS, UPRIGHT, column_widths, table_size

typst = pytest.importorskip("typst", reason="typst is not installed")


def pages(pdf: bytes) -> list[tuple[float, float]]:
    """Width and height of every page [point]; typst writes them uncompressed."""
    found = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]", pdf)
    assert len(found) == int(re.findall(rb"/Type\s*/Pages\s*/Count (\d+)", pdf)[0])
    return [(float(w), float(h)) for w, h in found]


@pytest.fixture
def given_to_typst(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the template is given; nothing is set."""
    told: list[dict[str, Any]] = []

    def compile_(files: dict[str, bytes], **options: Any) -> bytes:
        assert options["ignore_system_fonts"] is True
        told.append(json.loads(files["document.json"]))
        return b"%PDF"

    monkeypatch.setattr(typst, "compile", compile_)
    return told


def texts_of(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for part in parts for text in texts_of(part)]


def test_same_review_is_the_same_bytes_of_its_own_date(tmp_path: Path) -> None:
    paths = [tmp_path / "a.pdf", tmp_path / "deep" / "b.pdf"]
    for path in paths:
        write_review_pdf(review(), path, "zh")
    one, two = (path.read_bytes() for path in paths)
    assert one == two and one.startswith(b"%PDF-")
    assert re.findall(rb"/CreationDate\s*\(([^)]*)\)", one) == [b"D:20250703000000Z"]


def test_pages_are_a4_and_a_wide_table_lies_across() -> None:
    sizes = pages(review_pdf_bytes(review(), "zh"))
    assert set(sizes) == {(595.2756, 841.8898)}
    sizes = pages(review_pdf_bytes(review(wide_table(22)), "zh"))
    assert sizes.count((841.8898, 595.2756)) == 1
    assert len(pages(review_pdf_bytes(review(long_table(200)), "zh"))) >= 8


def test_only_the_packaged_fonts_are_used() -> None:
    names = set(
        re.findall(rb"/FontName\s*/\w{6}\+([\w-]+?)(?=[/\s])", review_pdf_bytes(review(), "zh"))
    )
    assert names == {b"NotoSerifSC-Regular", b"NotoSansSC-Regular"}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_entry_reaches_the_paper(lang: Language, tmp_path: Path) -> None:
    program = shutil.which("pdftotext")
    if program is None:
        pytest.skip("pdftotext is not on the path")
    document = review(long_table(200), wide_table(22))
    path = tmp_path / "review.pdf"
    write_review_pdf(document, path, lang)
    done = subprocess.run(
        [program, "-raw", "-enc", "UTF-8", str(path), "-"], capture_output=True, check=True
    )
    words = re.sub(r"\s+", "", done.stdout.decode("utf-8"))
    for text in printed(document, lang):
        assert re.sub(r"\s+", "", text) in words
    caption = {"zh": "表1主要目标完成情况", "en": "Table1.Targets"}[lang]
    mention = {"zh": "没有的不提。", "en": "Whatisabsentisnotsaid."}[lang]
    head = {"zh": "断面类别", "en": "sectionclass"}[lang]
    assert caption in words and mention in words
    # The head of the long table stands on each of its pages, the notice on all but none of them.
    assert words.count(head) >= 6
    count = len(pages(path.read_bytes()))
    notice = {"zh": "逐日数据为生成的样例", "en": "dailyvaluesaregenerated"}[lang]
    assert words.count(notice) == count
    assert all(f"—{n}—" in words for n in range(1, count))


def test_links_and_bookmarks_lead_somewhere() -> None:
    pdf = review_pdf_bytes(review(), "zh")
    # Three mentions and four lines of the contents.
    assert len(re.findall(rb"/Subtype\s*/Link", pdf)) == 7
    assert b"/Outlines" in pdf and b"/Lang(zh-CN)" in pdf


def test_characters_without_a_glyph_are_marked_and_named(
    given_to_typst: list[dict[str, Any]],
) -> None:
    review_pdf_bytes(review(TableBlock("rare", both("𝟓与😀"), (Column(both("甲\x00")),), ())), "zh")
    (told,) = given_to_typst
    caption = told["chapters"][1]["blocks"][-1]["caption"]
    assert caption == "表3　5与〓" and told["absent"] == "〓：排版字体缺少的字（U+1F600）。"
    shown = "".join(texts_of({k: v for k, v in told.items() if k != "svg"}))
    assert not missing_glyphs(shown.replace("\u200b", ""))
    serif = packaged_font().with_name("NotoSerifSC-Regular.otf")
    assert not missing_glyphs(shown.replace("\u200b", ""), serif)
    assert not re.search("[\x00-\x08\x0b-\x1f]", shown)


def test_mentions_are_links_to_what_is_there(given_to_typst: list[dict[str, Any]]) -> None:
    review_pdf_bytes(review(), "en")
    (told,) = given_to_typst
    findings = told["chapters"][0]["blocks"][0]["findings"]
    assert ["Table 1", "table-targets"] in findings[0]
    assert findings[1] == [["What is absent is not said.", ""]]
    blocks = [b for c in told["chapters"] for b in c["blocks"]]
    labels = [b["label"] for b in blocks if "label" in b]
    assert labels == ["table-targets", "figure-bars", "table-flags"]
    assert blocks[2]["notes"] == [
        [["Note: ", ""], ["Dust days kept (", ""], ["Figure 1", "figure-bars"], [").", ""]]
    ]


def test_a_large_figure_reaches_into_the_margins_but_not_over_the_page(
    given_to_typst: list[dict[str, Any]],
) -> None:
    small = drawing()
    blocks = [
        FigureBlock("large", both("大"), replace(small, width=12.0, height=8.0)),
        FigureBlock("tall", both("高"), replace(small, width=8.0, height=16.0)),
    ]
    review_pdf_bytes(review(*blocks), "zh")
    told = [b for c in given_to_typst[0]["chapters"] for b in c["blocks"] if b["kind"] == "figure"]
    assert [(b["width"], b["over"]) for b in told] == [
        (pytest.approx(101.6), [0.0, 0.0]), (182.0, [14.0, 12.0]), (100.0, [14.0, 12.0]),
    ]  # fmt: skip


def test_odd_reviews_are_set() -> None:
    empty = Document(both("空"), both(""), "衡水", 2024, "", date(2025, 1, 1), "", ())
    assert len(pages(review_pdf_bytes(empty, "zh"))) == 2
    word = "x" * 300
    odd = TableBlock(
        "odd",
        both(word),
        (Column(both(word)), Column(both("a"))),
        ((cell(word), Cell(both("1\n2"), fill="red; x", ink="#12")),),
    )
    assert pages(review_pdf_bytes(review(odd), "en"))
    bare = TableBlock("bare", both(""), (), ())
    hostile = Chapter("x", both(CLEAN), (bare,))
    document = replace(
        empty, title=both(CLEAN), organisation=CLEAN, chapters=(hostile,), notices=(both(CLEAN),)
    )
    assert pages(review_pdf_bytes(document, "zh"))


def test_a_figure_that_cannot_be_set_is_a_plain_error() -> None:
    broken = FigureBlock("broken", both("坏"), Drawing("no svg", b"", 4, 3, drawing().table))
    with pytest.raises(ForecastError, match="could not be set"):
        review_pdf_bytes(review(broken), "zh")


def test_without_typst_the_cure_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(UsageError, match="pip install typst"):
        write_review_pdf(review(), tmp_path / "review.pdf", "zh")
    assert not list(tmp_path.iterdir())


def test_a_pdf_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(WorkspaceError, match="could not be written"):
        write_review_pdf(review(), tmp_path / "file" / "review.pdf", "zh")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_few_columns_stand_upright_in_large_letters() -> None:
    block = targets()
    rows = [[c.text.zh for c in row] for row in block.rows[:1]]
    size = table_size([("指标", "")] * 5, rows, [1.0] * 5)
    assert (size.across, size.size) == (False, 10.5)
    assert sum(size.widths) == pytest.approx(UPRIGHT)


def test_what_cannot_be_broken_decides_the_page() -> None:
    heads = [("composite", "(µg/m³)")] * 22
    size = table_size(heads, [["1234.56"] * 22], [1.0] * 22)
    assert size.across and size.size < 8
    assert sum(size.widths) == pytest.approx(ACROSS)


def test_room_goes_to_what_must_be_broken() -> None:
    long = "样本路径中有三成达标，余下各日须有九成为优良天，方能完成目标"
    size = table_size([("项", ""), ("因", "")], [["12", long * 2]], [5.0, 1.0])
    assert size.widths[0] < 40 < size.widths[1]


@given(
    st.lists(st.tuples(st.floats(1, 200), st.floats(0, 5)), min_size=1, max_size=12),
    st.floats(50, 800),
)
def test_widths_fill_the_room_and_give_what_is_needed(
    columns: list[tuple[float, float]], room: float
) -> None:
    needed = [n for n, _ in columns]
    widths = column_widths(needed, [w for _, w in columns], room)
    assert sum(widths) == pytest.approx(room)
    if sum(needed) <= room:
        assert all(w >= n - 1e-6 for w, n in zip(widths, needed, strict=True))
