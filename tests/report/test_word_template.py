"""A user's own Word file: what holds of it, what is filled in, what is refused."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.enum.section import WD_SECTION
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt

from forecast.errors import ForecastError, InputError, UsageError
from forecast.report.document import (
    Chapter,
    Column,
    Document,
    Section,
    TableBlock,
    cell,
    say,
)
from forecast.report.word_document import write_word
from forecast.report.words import Pair

_NARROW = TableBlock(
    "one", Pair("一表", "One"), (Column(Pair("甲", "a")), Column(Pair("乙", "b"))), ((cell(1), cell(2)),)
)  # fmt: skip
_WIDE = TableBlock(
    "wide", Pair("宽表", "Wide"),
    tuple(Column(Pair("优良天数比率", "Good"), Pair("百分点", "points")) for _ in range(16)),
    (tuple(cell(100.25 + n, decimals=2) for n in range(16)),),
)  # fmt: skip


def _document(*blocks: Any, notice: bool = False) -> Document:
    text = say("见（<table:one>）。", "See (<table:one>).")
    return Document(
        Pair("年度评价报告", "Annual review"), Pair("2024年", "of 2024"), "衡水", 2024,
        "市生态环境局", date(2025, 7, 3), "20250630-3f9a1c",
        (Chapter("c", Pair("总体情况", "Summary"),
                 (Section(Pair("目标", "Targets")), text, _NARROW, *blocks)),),
        (Pair("样例数据", "Sample data"),) if notice else (),
    )  # fmt: skip


def _saved(file: Any, path: Path) -> Path:
    file.save(str(path))
    return path


def _blank() -> Any:
    """A file as a user begins one: empty, with the styles that come with it."""
    return docx.Document()


def _written(
    template: Any, tmp_path: Path, document: Document | None = None, lang: Any = "zh"
) -> Any:
    path = template if isinstance(template, Path) else _saved(template, tmp_path / "t.docx")
    write_word(document or _document(), tmp_path / "out.docx", lang, template=path)
    return docx.Document(str(tmp_path / "out.docx"))


def _texts(file: Any) -> list[str]:
    return [p.text for p in file.paragraphs]


def _edited(path: Path, changes: dict[str, tuple[bytes, bytes]], out: Path) -> Path:
    """Copy a package with bytes replaced in some parts."""
    with zipfile.ZipFile(path) as found, zipfile.ZipFile(out, "w") as made:
        for name in found.namelist():
            old, new = changes.get(name, (b"", b""))
            data = found.read(name)
            made.writestr(name, data.replace(old, new) if old else data)
    return out


def test_the_text_goes_where_it_is_asked_for_and_the_cover_stays(tmp_path: Path) -> None:
    template = _blank()
    template.add_paragraph("某市公文", style="Title")
    template.add_paragraph("{{content}}")
    template.add_paragraph("抄送：各县市区分局")
    file = _written(template, tmp_path)
    texts = _texts(file)
    assert texts[0] == "某市公文"
    assert texts[-1] == "抄送：各县市区分局"
    assert texts.index("总体情况") == 1
    assert not any("{{" in t or "年度评价报告" in t for t in texts)
    assert [[c.text for c in r.cells] for r in file.tables[0].rows] == [["甲", "乙"], ["1", "2"]]


def test_without_a_mark_the_text_is_added_at_the_end(tmp_path: Path) -> None:
    template = _blank()
    template.add_paragraph("前言")
    file = _written(template, tmp_path)
    assert _texts(file)[:2] == ["前言", "总体情况"]
    assert file.element.body[-1].tag == qn("w:sectPr")


def test_an_empty_template_gets_our_cover_and_contents(tmp_path: Path) -> None:
    template = _blank()
    template.sections[0].header.paragraphs[0].text = "某市生态环境局　{{标题}}"
    template.sections[0].left_margin = Mm(50)
    file = _written(template, tmp_path)
    assert file.sections[0].header.paragraphs[0].text == "某市生态环境局　年度评价报告"
    assert file.sections[0].left_margin == pytest.approx(Mm(50), abs=700)
    assert [p.text for p in file.paragraphs if p.style.name == "Title"] == ["年度评价报告"]
    fields = [e.text for e in file.element.body.iter(qn("w:instrText"))]
    assert sum("TOC" in f for f in fields) == 1
    assert file.settings.element.find(qn("w:updateFields")) is not None


def test_placeholders_are_filled_wherever_they_stand_and_however_word_split_them(
    tmp_path: Path,
) -> None:
    template = _blank()
    split = template.add_paragraph("关于")
    for part, bold in (
        ("{", False),
        ("{标", True),
        ("题}", False),
        ("}的报告（", False),
        ("{{ Year }}", True),
        ("）", False),
    ):
        split.add_run(part).bold = bold
    table = template.add_table(1, 2)
    table.rows[0].cells[0].text = "｛｛单位｝｝"
    table.rows[0].cells[1].text = "{{日期}}，{{地区}}，{{副标题}}"
    template.sections[0].footer.paragraphs[0].text = "{{run}}"
    box = parse_xml(
        f'<w:r {nsdecls("w")} xmlns:v="urn:schemas-microsoft-com:vml"><w:pict><v:shape>'
        "<v:textbox><w:txbxContent><w:p><w:r><w:t>{{region}}</w:t></w:r></w:p></w:txbxContent>"
        "</v:textbox></v:shape></w:pict></w:r>"
    )
    holder = template.add_paragraph("框：")
    holder._p.append(box)
    file = _written(template, tmp_path)
    assert file.paragraphs[0].text == "关于年度评价报告的报告（2024）"
    # The look of the run in which it begins.
    assert [r.text for r in file.paragraphs[0].runs if r.bold and r.text] == ["2024"]
    assert [c.text for c in file.tables[0].rows[0].cells] == [
        "市生态环境局",
        "2025年7月3日，衡水，2024年",
    ]
    assert file.sections[0].footer.paragraphs[0].text == "20250630-3f9a1c"
    inside = [
        t.text for e in file.element.body.iter(qn("w:txbxContent")) for t in e.iter(qn("w:t"))
    ]
    assert inside == ["衡水"]


def test_english_placeholders_take_english_texts(tmp_path: Path) -> None:
    template = _blank()
    template.add_paragraph("{{title}} {{subtitle}}, {{date}}, {{organisation}}, {{region}}")
    file = _written(template, tmp_path, lang="en")
    assert _texts(file)[0] == "Annual review of 2024, 3 July 2025, 市生态环境局, 衡水"


@pytest.mark.parametrize("name", ["heading 1", "标题 1"])
def test_a_heading_keeps_the_style_of_the_template_under_either_name(
    name: str, tmp_path: Path
) -> None:
    template = _blank()
    own = template.styles["Heading 1"].element
    own.find(qn("w:name")).set(qn("w:val"), name)
    own.set(qn("w:styleId"), "a1")
    template.add_paragraph("封面")
    file = _written(template, tmp_path)
    heading = next(p for p in file.paragraphs if p.text == "总体情况")
    assert heading._p.pPr.pStyle.val == "a1"
    names = [
        e.find(qn("w:name")).get(qn("w:val")) for e in file.styles.element.findall(qn("w:style"))
    ]
    assert names.count(name) == 1 and {"heading 1", "标题 1"} & set(names) == {name}


def test_styles_of_the_template_win_and_missing_ones_are_ours(tmp_path: Path) -> None:
    template = _blank()
    template.styles["Normal"].font.size = Pt(19)
    body = template.styles.add_style("报告正文", WD_STYLE_TYPE.PARAGRAPH)
    body.font.italic = True
    template.add_paragraph("封面")
    file = _written(template, tmp_path)
    text = next(p for p in file.paragraphs if p.text.startswith("见"))
    assert text.style.name == "报告正文" and text.style.font.italic
    assert file.styles["Normal"].font.size == Pt(19)
    assert file.styles["报告保留意见"].font.size == Pt(12)
    assert file.tables[0].style.name == "报告三线表"


def test_headings_without_number_get_ours_and_numbered_ones_keep_theirs(tmp_path: Path) -> None:
    template = _blank()
    template.add_paragraph("封面")
    plain = _written(template, tmp_path)
    heading = next(p for p in plain.paragraphs if p.text == "总体情况")
    number = heading._p.pPr.numPr
    forms = {
        n.numId: n.find(qn("w:abstractNumId")).get(qn("w:val"))
        for n in plain.part.numbering_part.element.findall(qn("w:num"))
    }
    form = next(
        a for a in plain.part.numbering_part.element.findall(qn("w:abstractNum"))
        if a.get(qn("w:abstractNumId")) == forms[number.numId.val]
    )  # fmt: skip
    assert [e.get(qn("w:val")) for e in form.iter(qn("w:lvlText"))] == ["%1、", "（%2）"]
    order = [e.tag for e in plain.part.numbering_part.element]
    assert order == sorted(order)  # every w:abstractNum before every w:num
    own = template.styles["Heading 1"].element.get_or_add_pPr()
    own.append(parse_xml(f'<w:numPr {nsdecls("w")}><w:numId w:val="1"/></w:numPr>'))
    numbered = _written(template, tmp_path)
    for text in ("总体情况", "目标"):
        there = next(p for p in numbered.paragraphs if p.text == text)
        assert there._p.pPr.numPr is None


def test_a_wide_table_turns_a_page_of_the_template_and_back(tmp_path: Path) -> None:
    template = _blank()
    section = template.sections[0]
    section.header.paragraphs[0].text = "页眉"
    section.page_width, section.page_height = Mm(210), Mm(297)
    section._sectPr.append(OxmlElement("w:titlePg"))
    template.add_paragraph("封面")
    template.add_paragraph("{{正文}}")
    template.add_paragraph("落款")
    file = _written(template, tmp_path, _document(_WIDE))
    sizes = [(round(s.page_width.mm), round(s.page_height.mm)) for s in file.sections]
    assert sizes == [(210, 297), (297, 210), (210, 297)]
    assert [s.header.paragraphs[0].text for s in file.sections] == ["页眉"] * 3
    # Only the first page of all is a first page.
    assert [s.different_first_page_header_footer for s in file.sections] == [True, False, False]


def test_a_wide_table_at_the_end_leaves_no_empty_page(tmp_path: Path) -> None:
    template = _blank()
    template.add_paragraph("封面")
    template.add_paragraph("{{正文}}")
    file = _written(template, tmp_path, _document(_WIDE))
    widths = [s.page_width > s.page_height for s in file.sections]
    assert widths == [False, True]


def test_the_text_in_one_of_several_sections_takes_its_page(tmp_path: Path) -> None:
    template = _blank()
    template.add_paragraph("封面")
    template.add_section(WD_SECTION.NEW_PAGE)
    template.add_paragraph("{{正文}}")
    template.add_section(WD_SECTION.NEW_PAGE)
    template.add_paragraph("附件")
    template.sections[1].left_margin = template.sections[1].right_margin = Mm(20)
    file = _written(template, tmp_path)
    assert len(file.sections) == 3
    middle = file.sections[1]
    area = middle.page_width - middle.left_margin - middle.right_margin
    assert sum(int(c.get(qn("w:w"))) for c in file.tables[0]._tbl.tblGrid) * 635 == pytest.approx(
        area, abs=1300
    )
    assert _texts(file)[0] == "封面" and _texts(file)[-1] == "附件"


def test_notices_are_added_to_every_head_and_before_the_text(tmp_path: Path) -> None:
    template = _blank()
    template.add_paragraph("封面")
    template.add_paragraph("{{正文}}")
    section = template.sections[0]
    section.different_first_page_header_footer = True
    section.header.paragraphs[0].text = "某市生态环境局"
    file = _written(template, tmp_path, _document(notice=True))
    heads = [file.sections[0].header, file.sections[0].first_page_header]
    assert [p.text for p in heads[0].paragraphs] == ["某市生态环境局", "样例数据"]
    assert "样例数据" in [p.text for p in heads[1].paragraphs]
    texts = _texts(file)
    assert texts.index("样例数据") < texts.index("总体情况")


def test_a_template_for_new_documents_becomes_a_document(tmp_path: Path) -> None:
    path = _saved(_blank(), tmp_path / "t.docx")
    made = _edited(
        path, {"[Content_Types].xml": (b"document.main+xml", b"template.main+xml")}, tmp_path / "t.dotx"
    )  # fmt: skip
    file = _written(made, tmp_path)
    assert "总体情况" in _texts(file)


def test_a_list_of_contents_of_the_template_is_not_doubled(tmp_path: Path) -> None:
    template = _blank()
    holder = template.add_paragraph()
    holder._p.append(
        parse_xml(
            f'<w:fldSimple {nsdecls("w")} w:instr=" TOC \\o &quot;1-2&quot; "><w:r><w:t/></w:r></w:fldSimple>'
        )
    )
    file = _written(template, tmp_path)
    assert not any("TOC" in (e.text or "") for e in file.element.body.iter(qn("w:instrText")))
    assert file.settings.element.find(qn("w:updateFields")) is not None


def test_the_same_template_gives_the_same_bytes(tmp_path: Path) -> None:
    template = _saved(_blank(), tmp_path / "t.docx")
    for name in ("a", "b"):
        write_word(_document(notice=True), tmp_path / f"{name}.docx", "zh", template=template)
    assert (tmp_path / "a.docx").read_bytes() == (tmp_path / "b.docx").read_bytes()


def _refused(path: Path, tmp_path: Path, kind: type[ForecastError] = InputError) -> ForecastError:
    out = tmp_path / "out.docx"
    with pytest.raises(kind) as told:
        write_word(_document(), out, "zh", template=path)
    assert not out.exists()
    assert "\n" not in told.value.message and told.value.cure
    return told.value


def test_a_template_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert "no Word template" in _refused(tmp_path / "no.docx", tmp_path, UsageError).message
    assert "no Word template" in _refused(tmp_path, tmp_path, UsageError).message


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old .doc format"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
        (b"{\\rtf1 text}", "not a Word document"),
        (b"", "not a Word document"),
        (b"PK\x03\x04 cut", "not a Word document"),
    ],
)
def test_what_is_no_docx_is_refused_by_what_it_is(data: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "t.docx"
    path.write_bytes(data)
    told = _refused(path, tmp_path)
    assert said in told.message and "t.docx" in told.message


def test_other_packages_and_damaged_ones_are_refused(tmp_path: Path) -> None:
    good = _saved(_blank(), tmp_path / "good.docx")
    cases = {
        "macros": {"[Content_Types].xml": (
            b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
            b"application/vnd.ms-word.document.macroEnabled.main+xml")},
        "strict form": {"_rels/.rels": (b"http://schemas.openxmlformats.org/officeDocument/2006/",
                                        b"http://purl.oclc.org/ooxml/officeDocument/")},
        "not a Word": {"[Content_Types].xml": (b"wordprocessingml.document", b"spreadsheetml.sheet")},
        "damaged": {"word/document.xml": (b"</w:body>", b"")},
    }  # fmt: skip
    told = {
        said: _refused(_edited(good, changes, tmp_path / "bad.docx"), tmp_path).message
        for said, changes in cases.items()
    }
    assert all(said in message for said, message in told.items()), told
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as made:
        made.writestr("a.txt", "text")
    (tmp_path / "zip.docx").write_bytes(other.getvalue())
    assert "not a Word document" in _refused(tmp_path / "zip.docx", tmp_path).message


@pytest.mark.parametrize("name", ["部门", "contents", "", "标题1"])
def test_an_unknown_placeholder_is_named_and_the_known_ones_listed(
    name: str, tmp_path: Path
) -> None:
    template = _blank()
    template.add_table(1, 1).rows[0].cells[0].text = f"由{{{{{name}}}}}编制"
    told = _refused(_saved(template, tmp_path / "t.docx"), tmp_path)
    assert f"{{{{{name}}}}}" in told.message
    assert "{{标题}}" in told.cure and "organisation" in told.cure


def test_the_mark_of_the_text_stands_once_and_by_itself(tmp_path: Path) -> None:
    twice = _blank()
    for _ in range(2):
        twice.add_paragraph("{{正文}}")
    assert "2 places" in _refused(_saved(twice, tmp_path / "t.docx"), tmp_path).message
    beside = _blank()
    beside.add_paragraph("以下为{{正文}}")
    assert "other text" in _refused(_saved(beside, tmp_path / "t.docx"), tmp_path).message
    inside = _blank()
    inside.add_table(1, 1).rows[0].cells[0].text = "{{正文}}"
    assert "table" in _refused(_saved(inside, tmp_path / "t.docx"), tmp_path).message
    head = _blank()
    head.sections[0].header.paragraphs[0].text = "{{content}}"
    assert "header" in _refused(_saved(head, tmp_path / "t.docx"), tmp_path).message


def test_a_mark_in_a_content_control_is_replaced_with_it(tmp_path: Path) -> None:
    template = _blank()
    template.add_paragraph("封面")
    template.element.body[-1].addprevious(
        parse_xml(
            f"<w:sdt {nsdecls('w')}><w:sdtContent><w:p><w:r><w:t>{{{{正文}}}}</w:t></w:r></w:p>"
            "</w:sdtContent></w:sdt>"
        )
    )
    file = _written(template, tmp_path)
    assert _texts(file)[:2] == ["封面", "总体情况"]
    assert file.element.body.find(qn("w:sdt")) is None
