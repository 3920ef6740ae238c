"""The report as a Word file: what python-docx and LibreOffice read back."""

from __future__ import annotations

import errno
import re
import shutil
import struct
import subprocess
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import docx
import pandas as pd
import pytest
from docx.oxml.ns import qn
from docx.table import Table
from docx.text.paragraph import Paragraph as Read

from forecast.errors import WorkspaceError
from forecast.report.document import (
    Chapter,
    Column,
    Document,
    Drawing,
    FigureBlock,
    Language,
    Section,
    TableBlock,
    cell,
    in_language,
    numbering,
    say,
)
from forecast.report.word_document import write_word
from forecast.report.words import Pair


def _png(width: int, height: int, shade: int) -> bytes:
    """A grey picture, written by hand."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = b"".join(b"\0" + bytes([shade]) * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )  # fmt: skip


def _figure(key: str, width: float, height: float, shade: int) -> FigureBlock:
    drawing = Drawing("<svg/>", _png(40, 30, shade), width, height, pd.DataFrame({"a": [1.0]}))
    return FigureBlock(
        key, Pair(f"逐月变化<{shade}>", f"Months <{shade}>"), drawing, (Pair("虚线为限值。", "Dashed: the limit."),)
    )  # fmt: skip


_TARGETS = TableBlock(
    "targets", Pair("目标完成情况", "Targets"),
    (
        Column(Pair("指标", "Indicator"), align="left", weight=2.0),
        Column(Pair("实际", "Observed"), Pair("µg/m³", "µg/m³"), "right"),
        Column(Pair("判定", "Verdict")),
    ),
    (
        (cell("PM2.5年均浓度", en="Annual mean of PM2.5"), cell(37),
         cell("达标", en="met", strong=True, fill="#DDEEDD", ink="#225522")),
        (cell("SO2年均浓度", en="Annual mean of SO2"), cell(9), cell("达标", en="met")),
    ),
    (Pair("扣除沙尘日。", "Dust days removed."), Pair("“—”为缺测。", "A dash: missing.")),
)  # fmt: skip

_WIDE = TableBlock(
    "months", Pair("各月情况", "Months"),
    tuple(
        Column(Pair(f"优良天数比率{n}", f"Good-day ratio {n}"), Pair("百分点", "µg/m³"))
        for n in range(14)
    ),
    tuple(tuple(cell(100.0 + m + n, decimals=1) for n in range(14)) for m in range(3)),
)  # fmt: skip

_LONG = TableBlock(
    "ranking", Pair("排名", "Ranking"),
    (Column(Pair("位次", "Rank")), Column(Pair("城市", "City"), align="left")),
    tuple((cell(n), cell(f"第{n}市", en=f"City {n}")) for n in range(1, 61)),
)  # fmt: skip

_NONE = TableBlock(
    "none", Pair("空表", "Empty"), (Column(Pair("甲", "a")), Column(Pair("乙", "b"))), ()
)


def _document(**changes: Any) -> Document:
    first = Chapter(
        "summary", Pair("总体情况", "Summary"),
        (
            say("PM2.5为{v} µg/m³（见<table:targets>、<figure:trend>）。已删的（见<table:gone>）。",
                "PM2.5 is {v} µg/m³ (<table:targets>, <figure:trend>). Gone (<table:gone>).",
                v=_TARGETS.rows[0][1]),
            Section(Pair("主要结论", "Findings")),
            say("颗粒物：为{v}（<table:targets>）。", "Particles: {v} (<table:targets>).",
                style="finding", v=_TARGETS.rows[0][1]),
            say("二氧化硫：为{v}。", "SO2: {v}.", style="finding", v=_TARGETS.rows[1][1]),
            say("样例不是监测数据。", "The sample is not measured.", style="reservation"),
            _TARGETS,
            say("按HJ 663评价。", "After HJ 663.", style="note"),
            _figure("trend", 11.6, 9.2, 90),
        ),
    )  # fmt: skip
    second = Chapter(
        "detail", Pair("分项", "Details"),
        (Section(Pair("各月", "Months")), say("各月（<table:months>）。", "Months (<table:months>)."),
         _WIDE, Section(Pair("排名", "Ranking")), _LONG, _NONE, _figure("tall", 5.0, 30.0, 160)),
    )  # fmt: skip
    return Document(
        **{
            "title": Pair("衡水市年度评价报告", "Annual review of Hengshui"),
            "subtitle": Pair("2024年", "2024"), "region": "衡水", "year": 2024,
            "organisation": "衡水市生态环境局", "written": date(2025, 7, 3),
            "run_id": "20250630-3f9a1c", "chapters": (first, second),
            "notices": (Pair("样例：不是监测数据", "Sample: not measured"),),
        } | changes
    )  # fmt: skip


@pytest.fixture(scope="module", params=["zh", "en"])
def written(request: Any, tmp_path_factory: Any) -> tuple[Language, Path, Any]:
    lang: Language = request.param
    path = tmp_path_factory.mktemp(lang) / "report.docx"
    write_word(_document(), path, lang)
    return lang, path, docx.Document(str(path))


def _blocks(file: Any) -> Iterator[Any]:
    for child in file.element.body:
        if child.tag == qn("w:p"):
            yield Read(child, file)
        elif child.tag == qn("w:tbl"):
            yield Table(child, file)


def _styled(file: Any, name: str) -> list[str]:
    return [p.text for p in file.paragraphs if p.style.name == name]


def test_headings_are_words_own_and_numbered_by_its_lists(written: Any) -> None:
    lang, _, file = written
    titles = ["总体情况", "分项"] if lang == "zh" else ["Summary", "Details"]
    assert _styled(file, "Heading 1") == titles
    assert len(_styled(file, "Heading 2")) == 3
    forms = [
        (level.find(qn("w:pStyle")).get(qn("w:val")), level.find(qn("w:lvlText")).get(qn("w:val")))
        for level in file.part.numbering_part.element.iter(qn("w:lvl"))
        if level.find(qn("w:pStyle")) is not None
    ]
    said = ("%1、", "（%2）") if lang == "zh" else ("%1", "%1.%2")
    assert forms == list(zip(("Heading1", "Heading2"), said, strict=True))
    number = file.styles["Heading 2"].element.find(f"{qn('w:pPr')}/{qn('w:numPr')}")
    assert number.find(qn("w:ilvl")).get(qn("w:val")) == "1"


def test_faces_and_sizes_are_those_of_an_official_document(tmp_path: Path) -> None:
    write_word(_document(), tmp_path / "r.docx", "zh")
    file = docx.Document(str(tmp_path / "r.docx"))

    def look(name: str) -> tuple[str, str, float]:
        fonts = file.styles[name].element.rPr.find(qn("w:rFonts"))
        size = file.styles[name].font.size.pt
        return fonts.get(qn("w:eastAsia")), fonts.get(qn("w:ascii")), size

    assert look("Heading 1") == ("黑体", "Times New Roman", 16.0)
    assert look("Heading 2") == ("楷体_GB2312", "Times New Roman", 16.0)
    assert look("Normal") == ("仿宋_GB2312", "Times New Roman", 14.0)
    assert look("Title") == ("方正小标宋简体", "Times New Roman", 22.0)
    assert look("报告表文") == ("宋体", "Times New Roman", 10.5)
    assert file.styles["Normal"].paragraph_format.line_spacing == 1.5
    body = file.styles["报告正文"].element.find(f"{qn('w:pPr')}/{qn('w:ind')}")
    assert body.get(qn("w:firstLineChars")) == "200"
    for section in file.sections[:1]:
        got = [
            round(getattr(section, f"{s}_margin").mm) for s in ("top", "bottom", "left", "right")
        ]
        assert got == [37, 35, 28, 26]
        assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)
    with zipfile.ZipFile(tmp_path / "r.docx") as parts:
        fonts = parts.read("word/fontTable.xml").decode()
    assert 'w:name="仿宋_GB2312"><w:altName w:val="仿宋"/>' in fonts


def test_captions_are_fields_that_show_the_numbers_of_the_document(written: Any) -> None:
    lang, _, file = written
    document = _document()
    numbers = numbering(document)
    words_of = {"table": ("表", "Table "), "figure": ("图", "Figure ")}
    expected = [
        f"{words_of[kind][lang == 'en']}{numbers[f'{kind}:{b.key}']}"
        f"{'　' if lang == 'zh' else '. '}{in_language(b.caption, lang)}"
        for kind, blocks in (("table", document.tables()), ("figure", document.figures()))
        for b in blocks
    ]
    assert sorted(_styled(file, "Caption")) == sorted(expected)
    fields = [e.text.strip() for e in file.element.body.iter(qn("w:instrText"))]
    assert sum(f.startswith("SEQ ") for f in fields) == len(numbers)
    marks = {e.get(qn("w:name")) for e in file.element.body.iter(qn("w:bookmarkStart"))}
    asked = {f.split()[1] for f in fields if f.startswith(("REF ", "PAGEREF "))}
    assert asked <= marks
    assert {f"_Ref_{k.split(':')[0]}_{n}" for k, n in numbers.items()} <= marks


def test_mentions_show_their_number_and_follow_their_caption(written: Any) -> None:
    lang, _, file = written
    text = next(p for p in file.paragraphs if "PM2.5" in p.text)
    if lang == "zh":
        assert text.text == "PM2.5为37\u00a0µg/m³（见表1、图1）。已删的。"
    else:
        assert text.text == "PM2.5 is 37\u00a0µg/m³ (Table 1, Figure 1). Gone."
    assert [e.text.split()[1] for e in text._p.iter(qn("w:instrText"))] == [
        "_Ref_table_1", "_Ref_figure_1",
    ]  # fmt: skip
    lowered = [r.text for r in text.runs if r.font.subscript]
    assert lowered == ["2.5"]


def test_every_cell_is_printed_in_three_line_tables_whose_head_repeats(written: Any) -> None:
    lang, _, file = written
    document = _document()
    assert len(file.tables) == len(document.tables())
    for made, block in zip(file.tables, document.tables(), strict=True):
        rows = [[c.text for c in r.cells] for r in made.rows]
        head = [in_language(c.head, lang) + in_language(c.unit, lang) for c in block.columns]
        assert [re.sub(r"[\n（）()]", "", h) for h in rows[0]] == head
        shown = [[in_language(c.text, lang) for c in row] for row in block.rows]
        assert rows[1:] == (shown or [["无数据" if lang == "zh" else "no data"] * 2])
        properties = [r._tr.trPr for r in made.rows]
        assert properties[0].find(qn("w:tblHeader")) is not None
        assert all(p.find(qn("w:cantSplit")) is not None for p in properties)
        style = made.style.element
        sides = {e.tag: int(e.get(qn("w:sz"))) for e in style.find(f".//{qn('w:tblBorders')}")}
        assert sides == {qn("w:top"): 12, qn("w:bottom"): 12}
        under = style.find(f"{qn('w:tblStylePr')}//{qn('w:tcBorders')}")
        assert [(e.tag, e.get(qn("w:sz"))) for e in under] == [(qn("w:bottom"), "6")]
        assert made._tbl.tblPr.find(qn("w:tblLook")).get(qn("w:firstRow")) == "1"
        assert not list(made._tbl.iter(qn("w:tcBorders")))
        grid = [int(c.get(qn("w:w"))) for c in made._tbl.tblGrid]
        assert sum(grid) == int(made._tbl.tblPr.find(qn("w:tblW")).get(qn("w:w")))


def test_fill_ink_and_weight_of_a_cell_are_kept(written: Any) -> None:
    _, _, file = written
    entry = file.tables[0].rows[1].cells[2]
    assert entry._tc.tcPr.find(qn("w:shd")).get(qn("w:fill")) == "DDEEDD"
    run = entry.paragraphs[0].runs[0]
    assert (run.bold, str(run.font.color.rgb)) == (True, "225522")
    widths = [int(c.get(qn("w:w"))) for c in file.tables[0]._tbl.tblGrid]
    assert widths[0] == pytest.approx(2 * widths[1], abs=2)  # as their weights


def test_a_caption_stays_with_its_table_and_a_picture_with_its_caption(written: Any) -> None:
    _, _, file = written
    blocks = list(_blocks(file))
    for at, block in enumerate(blocks):
        if isinstance(block, Table):
            before = blocks[at - 1]
            assert before.style.name == "Caption" and before.paragraph_format.keep_with_next
        elif block._p.findall(f".//{qn('w:drawing')}"):
            assert block.paragraph_format.keep_with_next
            assert blocks[at + 1].style.name == "Caption"


def test_pictures_fit_the_page_and_say_what_they_show(written: Any) -> None:
    lang, _, file = written
    shapes = list(file.inline_shapes)
    assert len(shapes) == len(_document().figures())
    for shape, figure in zip(shapes, _document().figures(), strict=True):
        assert round(shape.width.mm) <= 156 + 14 + 13
        assert shape.height.mm < 297 - 37 - 35 - 15
        drawn = figure.drawing
        assert shape.width / shape.height == pytest.approx(drawn.width / drawn.height, rel=1e-3)
        assert shape._inline.docPr.get("descr") == in_language(figure.caption, lang)
    assert round(shapes[0].width.mm) == 183


def test_a_table_too_wide_lies_on_a_turned_page_with_its_heading(written: Any) -> None:
    _, _, file = written
    turned = [s for s in file.sections if s.page_width > s.page_height]
    assert len(turned) == 1
    # Between the breaks before and behind it: heading of chapter and section, text, caption, table.
    at, found = 0, []
    for block in _blocks(file):
        ends = (
            not isinstance(block, Table)
            and block._p.find(f"{qn('w:pPr')}/{qn('w:sectPr')}") is not None
        )
        if file.sections[at]._sectPr is turned[0]._sectPr and not ends:
            found.append("table" if isinstance(block, Table) else block.style.name)
        at += ends
    assert found[:2] == ["Heading 1", "Heading 2"]
    assert found.count("table") == 1
    width = sum(int(c.get(qn("w:w"))) for c in file.tables[1]._tbl.tblGrid)
    area = turned[0].page_width - turned[0].left_margin - turned[0].right_margin
    assert width * 635 == pytest.approx(area, abs=635)


def test_pages_count_from_the_text_on_and_carry_notices(written: Any) -> None:
    lang, _, file = written
    notice = in_language(_document().notices[0], lang)
    formats = [
        (n.get(qn("w:fmt")), n.get(qn("w:start")))
        for n in file.element.body.iter(qn("w:pgNumType"))
    ]
    front = "upperRoman" if lang == "zh" else "lowerRoman"
    assert formats[:2] == [(front, "1"), ("decimal", "1")]
    assert all(start is None for _, start in formats[2:])
    assert not file.sections[0].header.paragraphs[0].text and notice in [
        p.text for p in file.paragraphs
    ]
    for section in list(file.sections)[1:]:
        assert [p.text for p in section.header.paragraphs] == [notice]
        foot = section.footer.paragraphs[0]
        assert foot.text == "— 1 —"
        assert [e.text.strip() for e in foot._p.iter(qn("w:instrText"))] == ["PAGE"]


def test_the_cover_says_who_wrote_it_and_when(written: Any) -> None:
    lang, _, file = written
    texts = [p.text for p in file.paragraphs]
    day = "2025年7月3日" if lang == "zh" else "3 July 2025"
    assert [t for t in texts[:7] if t in {"衡水市生态环境局", day}] == ["衡水市生态环境局", day]
    assert _styled(file, "Title") == [in_language(_document().title, lang)]
    assert any("20250630-3f9a1c" in t for t in texts[:7])


def test_contents_list_every_heading_and_are_filled_on_opening(written: Any) -> None:
    lang, path, file = written
    listed = [p.text.strip() for p in file.paragraphs if p.style.name.startswith("toc ")]
    first = ["一、总体情况", "（一）主要结论"] if lang == "zh" else ["1 Summary", "1.1 Findings"]
    assert len(listed) == 5
    # Links are read apart from the text around them.
    shown = [
        "".join(t.text for t in p._p.iter(qn("w:t"))) for p in file.paragraphs
        if p.style.name.startswith("toc ")
    ]  # fmt: skip
    assert shown[:2] == first
    with zipfile.ZipFile(path) as parts:
        body = parts.read("word/document.xml").decode()
        assert 'w:updateFields w:val="true"' in parts.read("word/settings.xml").decode()
    assert body.count('TOC \\o "1-2"') == 1
    kinds = re.findall(r'fldCharType="(begin|separate|end)"', body)
    assert kinds.count("begin") == kinds.count("separate") == kinds.count("end")
    # The prefix that the choice names must be bound where it stands.
    for choice in re.findall(r"<mc:Choice [^>]*>", body):
        assert "office/word/2012/wordml" in choice and 'Requires="w15"' in choice


def test_reservations_and_findings_stand_out(written: Any) -> None:
    lang, _, file = written
    names = (
        ("报告保留意见", "报告要点") if lang == "zh" else ("Report Reservation", "Report Finding")
    )
    (reserved,) = [p for p in file.paragraphs if p.style.name == names[0]]
    lead = "保留意见：" if lang == "zh" else "Reservation: "
    assert reserved.text.startswith(lead)
    assert "".join(r.text for r in reserved.runs if r.bold) == lead
    assert file.styles[names[0]].element.find(f".//{qn('w:pBdr')}/{qn('w:left')}") is not None
    found = [p for p in file.paragraphs if p.style.name == names[1]]
    assert ["".join(r.text for r in p.runs if r.bold) for p in found] == (
        ["颗粒物：", "二氧化硫："] if lang == "zh" else ["Particles: ", "SO2: "]
    )
    lists = {p._p.pPr.numPr.numId.val for p in found}
    assert len(lists) == 1


def test_every_number_of_the_text_stands_in_a_table(written: Any) -> None:
    lang, _, file = written
    styles = ("报告正文", "报告要点") if lang == "zh" else ("Report Body", "Report Finding")
    said = " ".join(p.text for p in file.paragraphs if p.style.name in styles)
    said = re.sub(r"[表图][0-9]+|(Table|Figure) [0-9]+|PM2\.5|SO2", "", said)
    there = {c.text for t in file.tables for r in t.rows for c in r.cells}
    numbers = re.findall(r"[0-9]+(?:\.[0-9]+)?", said)
    assert numbers and set(numbers) <= there


def test_the_same_document_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_word(_document(), tmp_path / f"{name}.docx", "zh")
    assert (tmp_path / "a.docx").read_bytes() == (tmp_path / "b.docx").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.docx") as parts:
        assert {i.date_time for i in parts.infolist()} == {(2025, 7, 3, 0, 0, 0)}
    about = docx.Document(str(tmp_path / "a.docx")).core_properties
    assert about.created.replace(tzinfo=None) == datetime(2025, 7, 3)  # noqa: DTZ001
    assert about.modified == about.created
    assert (about.title, about.author) == ("衡水市年度评价报告", "衡水市生态环境局")


def test_what_xml_can_not_hold_does_not_break_the_file(tmp_path: Path) -> None:
    bad = "甲\x00\x0b\x1f<&>\"'\ud800\ufffe断面"
    table = TableBlock(
        "t",
        Pair(bad, bad),
        (Column(Pair(bad, bad), Pair(bad, bad)),),
        ((cell(bad),),),
        (Pair(bad, bad),),
    )
    drawing = Drawing("", _png(4, 3, 9), 4.0, 3.0, pd.DataFrame())
    chapter = Chapter(
        "c",
        Pair(bad, bad),
        (Section(Pair(bad, bad)), table, FigureBlock("f", Pair(bad, bad), drawing)),
    )
    made = _document(title=Pair(bad, bad), organisation=bad, chapters=(chapter,), run_id=bad,
                     notices=(Pair(bad, bad),))  # fmt: skip
    write_word(made, tmp_path / "r.docx", "zh")
    file = docx.Document(str(tmp_path / "r.docx"))
    assert file.tables[0].rows[1].cells[0].text == "甲<&>\"'断面"
    assert _styled(file, "Heading 1") == ["甲<&>\"'断面"]


def test_a_mention_outside_brackets_of_what_is_not_there_is_refused(tmp_path: Path) -> None:
    chapter = Chapter("c", Pair("甲", "a"), (say("见<table:gone>。", "See <table:gone>."),))
    with pytest.raises(ValueError, match="no table:gone"):
        write_word(_document(chapters=(chapter,)), tmp_path / "r.docx", "zh")
    assert not list(tmp_path.iterdir())


def test_no_chapter_and_no_notice_still_make_a_file(tmp_path: Path) -> None:
    write_word(_document(chapters=(), notices=(), organisation=""), tmp_path / "r.docx", "en")
    file = docx.Document(str(tmp_path / "r.docx"))
    assert _styled(file, "Title") == ["Annual review of Hengshui"]
    assert not any(p.text for s in file.sections for p in s.header.paragraphs)


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "r.docx"
    path.write_bytes(b"old")

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("forecast.disk.os.fsync", full)
    with pytest.raises(WorkspaceError, match="disk is full"):
        write_word(_document(), path, "zh")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["r.docx"]


def test_a_path_below_a_file_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(WorkspaceError, match="could not be written"):
        write_word(_document(), tmp_path / "file" / "r.docx", "zh")


@pytest.mark.skipif(
    not (shutil.which("soffice") and shutil.which("pdftotext") and shutil.which("pdfimages")),
    reason="LibreOffice and poppler are not installed",
)
def test_libreoffice_shows_every_figure_and_the_pages_of_the_contents(tmp_path: Path) -> None:
    write_word(_document(), tmp_path / "r.docx", "zh")
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    subprocess.run(
        ["soffice", profile, "--headless", "--convert-to", "pdf", "r.docx"],
        cwd=tmp_path, check=True, capture_output=True, timeout=120,
    )  # fmt: skip

    def out(*command: str) -> str:
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True,
                              timeout=60).stdout.decode("utf-8")  # fmt: skip

    text = out("pdftotext", "-layout", "r.pdf", "-")
    pages = text.split("\f")
    assert len([line for line in out("pdfimages", "-list", "r.pdf").splitlines()[2:] if line]) == 2
    # Cover; contents; then the text from page 1 on.
    assert re.search(r"一、总体情况\.+1\n", pages[1])
    detail = next(n for n, page in enumerate(pages) if "各月情况" in page and n > 1)
    assert re.search(rf"二、分项\.+{detail - 1}\n", pages[1])
    assert f"— {detail - 1} —" in re.sub(r"—\s*([0-9]+)\s*—", r"— \1 —", pages[detail])
    assert all("样例：不是监测数据" in page for page in pages[:-1])
