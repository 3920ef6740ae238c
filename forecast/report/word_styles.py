"""The styles of a Chinese government report, and where a file already has its own.

Faces and margins follow the layout of official documents, GB/T 9704-2012: titles in 小标宋 of size
二号, headings in 黑体 and 楷体 of size 三号, text in 仿宋, A4 with margins of 37, 35, 28 and 26 mm.
The text is one size smaller than there (四号): a report of numbers, not a letter; tables are 五号.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from forecast.report.document import Language
from forecast.report.word_markup import NAMESPACES

__all__ = ["HEADING_IDS", "TABLE_SIZES", "add_fonts", "add_styles", "own_styles", "style_ids"]

_LATIN = "Times New Roman"
#: Face → what stands in where it is not installed: the first three did not come with every system.
_FACES: dict[str, str] = {
    "方正小标宋简体": "宋体", "仿宋_GB2312": "仿宋", "楷体_GB2312": "楷体", "黑体": "SimHei",
    "宋体": "SimSun",
}  # fmt: skip
_TITLE, _TEXT, _SECOND, _FIRST, _PLAIN = _FACES

#: Sizes [half-points] by their Chinese names.
_SIZE = {"二号": 44, "三号": 32, "四号": 28, "小四": 24, "五号": 21, "小五": 18}

#: Sizes of the text of tables [half-points], the one that is tried first leading: 五号, 小五.
TABLE_SIZES: tuple[int, int] = (_SIZE["五号"], _SIZE["小五"])

#: Colour of what must not be missed; the words say so too.
_ALERT = "9C1C1C"

#: Right edge of the text on A4 with margins of 28 and 26 mm [twips].
_EDGE = 8844


@dataclass(frozen=True)
class _Style:
    """One style: how the writer calls it, its id and names where it is ours, how it is set.

    ``names`` are the Chinese and the English one; both the name Word itself writes where the style
    is built in. ``aliases`` are names that other programs write it under. ``settings`` are the
    properties in Chinese and in English; ``{numbering}`` stands where a heading's number goes.
    """

    key: str
    style_id: str
    names: tuple[str, str]
    settings: tuple[str, str]
    aliases: tuple[str, ...] = ()
    based_on: str = "normal"
    follows: str = ""
    kind: str = "paragraph"

    @property
    def is_own(self) -> bool:
        """Whether Word does not know it by itself."""
        return self.names[0] != self.names[1]

    def xml(self, lang: Language, ids: Mapping[str, str], numbering: str) -> str:
        """Return its definition; ``ids`` are those of the styles that it may refer to."""
        marks = ' w:customStyle="1"' if self.is_own else ""
        marks += ' w:default="1"' if self.key in {"normal", "plain_table"} else ""
        based = ids.get(self.based_on) if self.based_on != self.key else None
        return (
            f'<w:style {NAMESPACES} w:type="{self.kind}"{marks} w:styleId="{self.style_id}">'
            f'<w:name w:val="{self.names[lang == "en"]}"/>'
            + (f'<w:basedOn w:val="{based}"/>' if based else "")
            + (f'<w:next w:val="{ids[self.follows]}"/>' if self.follows else "")
            + "<w:qFormat/>"
            + self.settings[lang == "en"].replace("{numbering}", numbering)
            + "</w:style>"
        )


def _face(face: str, size: str, *, bold: bool = False, ink: str = "") -> str:
    faces = f'w:ascii="{_LATIN}" w:hAnsi="{_LATIN}" w:cs="{_LATIN}" w:eastAsia="{face}"'
    return f"<w:rPr><w:rFonts {faces}/>{_weight(size, bold, ink)}</w:rPr>"


def _size(size: str, *, bold: bool = False, ink: str = "") -> str:
    """Size and weight alone: the face is that of the style it is based on."""
    return f"<w:rPr>{_weight(size, bold, ink)}</w:rPr>"


def _weight(size: str, bold: bool, ink: str) -> str:
    half = _SIZE[size]
    return (
        ("<w:b/><w:bCs/>" if bold else '<w:b w:val="0"/><w:bCs w:val="0"/>')
        + (f'<w:color w:val="{ink}"/>' if ink else "")
        + f'<w:sz w:val="{half}"/><w:szCs w:val="{half}"/>'
    )


def _set(
    align: str = "both",
    *,
    before: int = 0,
    after: int = 0,
    line: int = 240,
    first: int = 0,
    left: int = 0,
    right: int = 0,
    lead: str = "",
    level: int | None = None,
) -> str:
    """Properties of a paragraph: spacing, ``left`` and ``right`` [twips], ``first`` line [twips, two characters].

    ``lead`` holds what stands before the spacing in the order of the schema.
    """
    characters = 200 if first else 0
    outline = "" if level is None else f'<w:outlineLvl w:val="{level}"/>'
    return (
        f'<w:pPr>{lead}<w:spacing w:before="{before}" w:after="{after}" w:line="{line}"'
        f' w:lineRule="auto"/><w:ind w:left="{left}" w:right="{right}" w:firstLine="{first}"'
        f' w:firstLineChars="{characters}"/><w:jc w:val="{align}"/>{outline}</w:pPr>'
    )


_TIGHT = "<w:keepNext/><w:keepLines/>"
_HALF = 360  # one and a half lines, in 240ths
_BAR = (
    f'<w:pBdr><w:left w:val="single" w:sz="36" w:space="8" w:color="{_ALERT}"/></w:pBdr>'
    '<w:shd w:val="clear" w:color="auto" w:fill="F6EFEE"/>'
)
_BOX = "<w:pBdr>{}</w:pBdr>".format(
    "".join(
        f'<w:{side} w:val="single" w:sz="8" w:space="6" w:color="{_ALERT}"/>'
        for side in ("top", "left", "bottom", "right")
    )
)
_RULE = '<w:pBdr><w:bottom w:val="single" w:sz="4" w:space="2" w:color="808080"/></w:pBdr>'
_DOTS = f'<w:tabs><w:tab w:val="right" w:leader="dot" w:pos="{_EDGE}"/></w:tabs>'


def _pair(chinese: str, english: str | None = None) -> tuple[str, str]:
    return chinese, chinese if english is None else english


def _three_lines() -> str:
    thick, thin = 12, 6  # eighths of a point
    return (
        "<w:tblPr><w:tblBorders>"
        f'<w:top w:val="single" w:sz="{thick}" w:space="0" w:color="000000"/>'
        f'<w:bottom w:val="single" w:sz="{thick}" w:space="0" w:color="000000"/></w:tblBorders>'
        '<w:tblCellMar><w:left w:w="57" w:type="dxa"/><w:right w:w="57" w:type="dxa"/></w:tblCellMar>'
        '</w:tblPr><w:tblStylePr w:type="firstRow"><w:tcPr><w:tcBorders>'
        f'<w:bottom w:val="single" w:sz="{thin}" w:space="0" w:color="000000"/>'
        "</w:tcBorders></w:tcPr></w:tblStylePr>"
    )


_STYLES: tuple[_Style, ...] = (
    _Style(
        "normal", "Normal", ("Normal", "Normal"),
        _pair(_set(line=_HALF) + _face(_TEXT, "四号"), _set(line=_HALF) + _face(_PLAIN, "小四")),
        ("正文",),
    ),
    _Style(
        "plain_table", "TableNormal", ("Normal Table", "Normal Table"),
        _pair(
            '<w:tblPr><w:tblInd w:w="0" w:type="dxa"/><w:tblCellMar>'
            '<w:top w:w="0" w:type="dxa"/><w:left w:w="108" w:type="dxa"/>'
            '<w:bottom w:w="0" w:type="dxa"/><w:right w:w="108" w:type="dxa"/></w:tblCellMar></w:tblPr>'
        ),
        ("普通表格",), based_on="", kind="table",
    ),
    _Style(
        "body", "ReportBody", ("报告正文", "Report Body"),
        _pair(
            '<w:pPr><w:ind w:firstLine="560" w:firstLineChars="200"/></w:pPr>',
            '<w:pPr><w:spacing w:after="120"/></w:pPr>',
        ),
    ),
    _Style(
        "heading1", "Heading1", ("heading 1", "heading 1"),
        _pair(
            _set("left", before=240, after=120, line=_HALF, lead=_TIGHT + "{numbering}", level=0)
            + _face(_FIRST, "三号"),
            _set("left", before=320, after=120, lead=_TIGHT + "{numbering}", level=0)
            + _face(_FIRST, "三号", bold=True),
        ),
        ("标题 1", "标题1"), follows="body",
    ),
    _Style(
        "heading2", "Heading2", ("heading 2", "heading 2"),
        _pair(
            _set("left", before=120, after=60, line=_HALF, lead=_TIGHT + "{numbering}", level=1)
            + _face(_SECOND, "三号"),
            _set("left", before=240, after=100, lead=_TIGHT + "{numbering}", level=1)
            + _face(_FIRST, "四号", bold=True),
        ),
        ("标题 2", "标题2"), follows="body",
    ),
    _Style(
        "title", "Title", ("Title", "Title"),
        _pair(
            _set("center", before=3000, after=240, line=_HALF) + _face(_TITLE, "二号"),
            _set("center", before=3000, after=240, line=300) + _face(_TITLE, "二号", bold=True),
        ),
        ("标题",), follows="subtitle",
    ),
    _Style(
        "subtitle", "Subtitle", ("Subtitle", "Subtitle"),
        _pair(_set("center", after=480, line=_HALF) + _face(_SECOND, "三号")),
        ("副标题",), follows="body",
    ),
    _Style(
        "cover", "ReportCover", ("报告封面", "Report Cover"),
        _pair(_set("center", line=_HALF) + _size("三号")),
    ),
    _Style(
        "cover_note", "ReportCoverNote", ("报告封面小字", "Report Cover Note"),
        _pair(_set("center", line=_HALF) + _size("小五")),
    ),
    _Style(
        "notice", "ReportNotice", ("报告提示", "Report Notice"),
        _pair(
            _set("center", before=240, after=240, line=300, left=140, right=140, lead=_BOX)
            + _face(_FIRST, "小四", ink=_ALERT)
        ),
    ),
    _Style(
        "contents", "TOCHeading", ("TOC Heading", "TOC Heading"),
        _pair(
            _set("center", before=120, after=240, line=_HALF) + _face(_FIRST, "三号"),
            _set("center", before=120, after=240, line=_HALF) + _face(_FIRST, "三号", bold=True),
        ),
        ("TOC 标题",), follows="body",
    ),
    _Style(
        "contents1", "TOC1", ("toc 1", "toc 1"),
        _pair(_set("left", before=60, line=_HALF, lead=_DOTS) + _size("小四")), ("目录 1",),
    ),
    _Style(
        "contents2", "TOC2", ("toc 2", "toc 2"),
        _pair(_set("left", line=_HALF, left=420, lead=_DOTS) + _size("小四")), ("目录 2",),
    ),
    _Style(
        "finding", "ReportFinding", ("报告要点", "Report Finding"),
        _pair(
            '<w:pPr><w:ind w:firstLine="560" w:firstLineChars="200"/></w:pPr>',
            '<w:pPr><w:spacing w:after="120"/></w:pPr>',
        ),
    ),
    _Style(
        "reservation", "ReportReservation", ("报告保留意见", "Report Reservation"),
        _pair(
            _set(before=120, after=120, line=320, left=240, lead="<w:keepLines/>" + _BAR)
            + _size("小四")
        ),
    ),
    _Style(
        "note", "ReportNote", ("报告附注", "Report Note"),
        _pair(_set(before=40, after=40, line=280) + _size("小五")),
    ),
    _Style(
        "caption", "Caption", ("caption", "caption"),
        _pair(
            _set("center", before=120, after=80, line=280, lead="<w:keepLines/>")
            + _face(_FIRST, "小四"),
            _set("center", before=120, after=80, line=280, lead="<w:keepLines/>")
            + _face(_FIRST, "五号", bold=True),
        ),
        ("题注",), follows="body",
    ),
    _Style(
        "table_head", "ReportTableHead", ("报告表头", "Report Table Head"),
        _pair(
            _set("center", before=40, after=40) + _face(_FIRST, "五号"),
            _set("center", before=40, after=40) + _face(_FIRST, "五号", bold=True),
        ),
    ),
    _Style(
        "table_text", "ReportTableText", ("报告表文", "Report Table Text"),
        _pair(
            _set("center", before=30, after=30) + _face(_PLAIN, "五号"),
        ),
    ),
    _Style(
        "figure", "ReportFigure", ("报告插图", "Report Figure"),
        _pair(_set("center", before=160, lead="<w:keepNext/>") + _size("五号")), follows="caption",
    ),
    _Style(
        "header", "Header", ("header", "header"),
        _pair(_set("center", lead=_RULE) + _face(_FIRST, "小五", ink=_ALERT)), ("页眉",),
    ),
    _Style(
        "footer", "Footer", ("footer", "footer"),
        _pair(_set("center") + _face(_PLAIN, "四号"), _set("center") + _face(_PLAIN, "五号")),
        ("页脚",),
    ),
    _Style(
        "table", "ReportTable", ("报告三线表", "Report Three-Line Table"), _pair(_three_lines()),
        based_on="plain_table", kind="table",
    ),
)  # fmt: skip

#: Key of a heading's style → its id where it is ours.
HEADING_IDS: dict[str, str] = {
    s.key: s.style_id for s in _STYLES if s.key in {"heading1", "heading2"}
}

_DEFAULTS = (
    "<w:docDefaults><w:rPrDefault><w:rPr>"
    f'<w:rFonts w:ascii="{_LATIN}" w:hAnsi="{_LATIN}" w:cs="{_LATIN}" w:eastAsia="{_PLAIN}"/>'
    '<w:lang w:val="en-US" w:eastAsia="zh-CN" w:bidi="ar-SA"/>'
    "</w:rPr></w:rPrDefault><w:pPrDefault/></w:docDefaults>"
)


def own_styles() -> str:
    """Return an empty list of styles with our defaults; ``add_styles`` fills it."""
    return f"<w:styles {NAMESPACES}>{_DEFAULTS}</w:styles>"


def style_ids(styles: Any) -> dict[str, str]:
    """Return the ids of those of our styles that a file has, by name in Chinese or English or by id.

    Args:
        styles: the ``w:styles`` element of the file.
    """
    from docx.oxml.ns import qn

    by_name: dict[tuple[str, str], str] = {}
    by_id: dict[tuple[str, str], str] = {}
    for style in styles.findall(qn("w:style")):
        kind, own = style.get(qn("w:type"), "paragraph"), style.get(qn("w:styleId"), "")
        by_id.setdefault((kind, own), own)
        for tag in ("w:name", "w:aliases"):
            found = style.find(qn(tag))
            for name in ("" if found is None else found.get(qn("w:val"), "")).split(","):
                by_name.setdefault((kind, name.strip().casefold()), own)
    out = {}
    for style in _STYLES:
        names = (*style.names, *style.aliases)
        named = [by_name.get((style.kind, n.casefold())) for n in names]
        found_id = next((n for n in named if n), None) or by_id.get((style.kind, style.style_id))
        if found_id:
            out[style.key] = found_id
    return out


def add_styles(styles: Any, lang: Language, numbering: Mapping[str, str]) -> dict[str, str]:
    """Add what a file lacks of our styles; its own stay as they are.

    Args:
        styles: the ``w:styles`` element of the file.
        lang: language of the names and of how they are set.
        numbering: key of a heading's style → its ``w:numPr``.

    Returns:
        The id of every style by key.
    """
    from docx.oxml import parse_xml

    there = style_ids(styles)
    ids = {s.key: there.get(s.key, s.style_id) for s in _STYLES}
    for style in _STYLES:
        if style.key not in there:
            styles.append(parse_xml(style.xml(lang, ids, numbering.get(style.key, ""))))
    return ids


def add_fonts(table: bytes | None) -> bytes:
    """Return the list of fonts of a file with our faces and what stands in for each."""
    from docx.opc.oxml import serialize_part_xml
    from docx.oxml import parse_xml
    from docx.oxml.ns import qn

    fonts = parse_xml(table or f"<w:fonts {NAMESPACES}/>".encode())
    there = {f.get(qn("w:name")) for f in fonts}
    for face, other in _FACES.items():
        if face not in there:
            fonts.append(
                parse_xml(
                    f'<w:font {NAMESPACES} w:name="{face}"><w:altName w:val="{other}"/>'
                    '<w:charset w:val="86"/><w:family w:val="auto"/><w:pitch w:val="variable"/>'
                    "</w:font>"
                )
            )
    return serialize_part_xml(fonts)
