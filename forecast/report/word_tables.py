"""Three-line tables: caption above, a head that repeats, rows that stay whole, notes below."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from forecast.report.document import Cell, Column, Language, TableBlock, in_language
from forecast.report.word_markup import (
    Setting,
    attribute,
    bookmark,
    cleaned,
    complex_field,
    paragraph,
    said,
    words,
)
from forecast.report.word_styles import TABLE_SIZES

__all__ = ["TableFit", "caption", "fit", "notes", "table"]

#: A table of no more rows stays on one page; a longer one breaks between rows.
_WHOLE = 12

#: What a column is at least wide enough for [em]: the longest piece that can't be broken, and of
#: Chinese text, which breaks anywhere, so many characters of an entry and of a head.
_ENTRY, _HEAD = 5.0, 3.0
#: A column without a weight of its own asks for no more than this [em].
_NATURAL = 14.0

#: What the margins of a cell take of its width, and a little to spare [twips].
_MARGINS = 130

_WIDE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f“”‘’—…Ⅰ-Ⅻ①-⑳]")
#: Widths of some characters of Times New Roman [em]; capitals are taken for 0.76, the rest for 0.5.
_LATIN = dict.fromkeys(".,:;/|il ", 0.28) | dict.fromkeys("-()[]frtIJ", 0.38) | {
    "%": 0.84, "m": 0.78, "w": 0.73, "M": 0.9, "W": 0.95, "µ": 0.58, "+": 0.57, "³": 0.3, "²": 0.3,
    "≤": 0.55, "≥": 0.55, "±": 0.55, "–": 0.5,
}  # fmt: skip
_PIECES = re.compile(f"{_WIDE.pattern}|[^\\s{_WIDE.pattern[1:-1]}]+")

_ALIGN = {"left": "left", "centre": "center", "right": "right"}


@dataclass(frozen=True)
class TableFit:
    """How a table is set: size of its text [half-points], widths of its columns [twips], sideways."""

    size: int
    widths: tuple[int, ...]
    sideways: bool


def fit(block: TableBlock, setting: Setting) -> TableFit:
    """Choose size and widths: 五号 upright, else 小五 upright, else the same on a page turned."""
    least = [_least(c, at, block, setting.lang) for at, c in enumerate(block.columns)]
    shares = _shares(block, setting.lang)
    for room, sideways in ((setting.width, False), (setting.wide, True)):
        for size in TABLE_SIZES:
            needed = [round(em * size * 10) + _MARGINS for em in least]
            if sum(needed) <= room:
                return TableFit(size, _widths(needed, shares, room), sideways)
    return TableFit(TABLE_SIZES[-1], _widths(needed, shares, setting.wide), sideways=True)


def caption(kind: str, key: str, text: str, setting: Setting, *, keep_next: bool) -> str:
    """Return a caption whose number is a field, 表1 or Table 1, and what mentions of it show."""
    label, gap = {
        ("table", "zh"): ("表", "\u3000"), ("figure", "zh"): ("图", "\u3000"),
        ("table", "en"): ("Table", ". "), ("figure", "en"): ("Figure", ". "),
    }[kind, setting.lang]  # fmt: skip
    number = setting.numbers[f"{kind}:{key}"]
    head = words(label + ("" if setting.lang == "zh" else " "), setting.lang)
    counted = complex_field(f"SEQ {label} \\* ARABIC", words(str(number), setting.lang))
    inner = bookmark(f"{kind}:{key}", setting, head + counted)
    return paragraph(
        setting.style("caption"), inner + words(gap + text, setting.lang), keep_next=keep_next
    )


def notes(texts: Sequence[str], setting: Setting) -> str:
    """Return the small print under a table or figure; several remarks are numbered."""
    if not texts:
        return ""
    lead, gap = ("注：", "") if setting.lang == "zh" else ("Note: ", " ")
    if len(texts) > 1:
        lead = lead if setting.lang == "zh" else "Notes: "
        texts = [f"{n}.{gap}{text}" for n, text in enumerate(texts, 1)]
    return "".join(
        paragraph(
            setting.style("note"),
            (words(lead, setting.lang) if not at else "") + said(text, setting),
            keep_next=at < len(texts) - 1,
            extra=_remark(at, len(texts)),
        )
        for at, text in enumerate(texts)
    )


def _remark(at: int, of: int) -> str:
    """Remarks begin below each other, behind the word that leads the first, and end with a gap."""
    first = (
        'w:hanging="360" w:hangingChars="200"' if not at else 'w:firstLine="0" w:firstLineChars="0"'
    )
    after = 160 if at == of - 1 else 0
    return (
        f'<w:spacing w:before="{60 if not at else 0}" w:after="{after}"/>'
        f'<w:ind w:left="360" w:leftChars="200" {first}/>'
    )


def table(block: TableBlock, how: TableFit, setting: Setting) -> str:
    """Return a table with its caption and its notes."""
    lang = setting.lang
    small = [in_language(n, lang) for n in block.notes]
    title = in_language(block.caption, lang)
    last = len(block.rows) - 1
    rows = [
        _row(
            [
                _cell(cell, column, width, setting, how, keep_next=_keeps(at, last, bool(small)))
                for cell, column, width in zip(row, block.columns, how.widths, strict=True)
            ]
        )
        for at, row in enumerate(block.rows)
    ]
    if not rows:
        nothing = "无数据" if lang == "zh" else "no data"
        rows = [_row([_spanning(nothing, how, setting)])]
    grid = "".join(f'<w:gridCol w:w="{w}"/>' for w in how.widths)
    return (
        caption("table", block.key, title, setting, keep_next=True)
        + f'<w:tbl><w:tblPr><w:tblStyle w:val="{setting.style("table")}"/>'
        + f'<w:tblW w:w="{sum(how.widths)}" w:type="dxa"/><w:jc w:val="center"/>'
        + '<w:tblLayout w:type="fixed"/>'
        + '<w:tblLook w:val="0020" w:firstRow="1" w:lastRow="0" w:firstColumn="0"'
        + ' w:lastColumn="0" w:noHBand="1" w:noVBand="1"/>'
        + f"<w:tblCaption w:val={attribute(title)}/></w:tblPr><w:tblGrid>{grid}</w:tblGrid>"
        + _row(
            [_head(c, w, setting, how) for c, w in zip(block.columns, how.widths, strict=True)],
            head=True,
        )
        + "".join(rows)
        + "</w:tbl>"
        + (notes(small, setting) or _gap(setting))
    )


def _keeps(at: int, last: int, has_notes: bool) -> bool:
    """Whether a row stays with the next: short tables whole, long ones not broken at their ends."""
    if at == last:
        return has_notes
    return last < _WHOLE or at < 2 or at == last - 1


def _row(cells: Sequence[str], *, head: bool = False) -> str:
    repeated = "<w:tblHeader/>" if head else ""
    return f"<w:tr><w:trPr><w:cantSplit/>{repeated}</w:trPr>{''.join(cells)}</w:tr>"


def _head(column: Column, width: int, setting: Setting, how: TableFit) -> str:
    text = _even(cleaned(in_language(column.head, setting.lang)), width, how.size)
    unit = in_language(column.unit, setting.lang)
    if unit:
        text += f"\n（{unit}）" if setting.lang == "zh" else f"\n({unit})"
    return _box(
        _sized(words(text, setting.lang), how, TABLE_SIZES[0]), width, "bottom",
        style=setting.style("table_head"), align=_ALIGN[column.align], keep_next=True,
    )  # fmt: skip


def _even(head: str, width: int, size: int) -> str:
    """Break a head of Chinese characters into lines of one length: 水质|目标, not 水质目|标."""
    room = (width - _MARGINS) // (size * 10)
    if len(head) <= room or room < 1 or not all(_WIDE.match(c) for c in head):
        return head
    lines = -(-len(head) // room)
    long = -(-len(head) // lines)
    return "\n".join(head[at : at + long] for at in range(0, len(head), long))


def _cell(
    entry: Cell, column: Column, width: int, setting: Setting, how: TableFit, *, keep_next: bool
) -> str:
    text = in_language(entry.text, setting.lang)
    runs = words(text, setting.lang, bold=entry.strong, ink=_hex(entry.ink))
    return _box(
        _sized(runs, how, TABLE_SIZES[0]), width, "center", fill=_hex(entry.fill),
        style=setting.style("table_text"), align=_ALIGN[column.align], keep_next=keep_next,
    )  # fmt: skip


def _spanning(text: str, how: TableFit, setting: Setting) -> str:
    return _box(
        words(text, setting.lang), sum(how.widths), "center", span=len(how.widths),
        style=setting.style("table_text"), align="center", keep_next=False,
    )  # fmt: skip


def _box(
    runs: str,
    width: int,
    upright: str,
    *,
    style: str,
    align: str,
    keep_next: bool,
    fill: str = "",
    span: int = 1,
) -> str:
    spans = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
    shade = f'<w:shd w:val="clear" w:color="auto" w:fill="{fill}"/>' if fill else ""
    inner = paragraph(style, runs, keep_next=keep_next, extra=f'<w:jc w:val="{align}"/>')
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{spans}{shade}'
        f'<w:vAlign w:val="{upright}"/></w:tcPr>{inner}</w:tc>'
    )


def _sized(runs: str, how: TableFit, usual: int) -> str:
    """Set runs smaller than the style does, where the table asks for it."""
    if how.size == usual:
        return runs
    size = f'<w:sz w:val="{how.size}"/><w:szCs w:val="{how.size}"/>'
    # The size stands behind weight and colour and before a lowered figure.
    runs = re.sub(
        r"<w:rPr>(.*?)(<w:vertAlign [^>]*>)?</w:rPr>",
        lambda m: f"<w:rPr>{m[1]}{size}{m[2] or ''}</w:rPr>",
        runs,
    )
    return runs.replace("<w:r><w:t", f"<w:r><w:rPr>{size}</w:rPr><w:t")


def _gap(setting: Setting) -> str:
    """What keeps a table without notes from the text below."""
    return paragraph(
        setting.style("note"),
        extra='<w:spacing w:before="0" w:after="0" w:line="160" w:lineRule="exact"/>',
    )


def _hex(colour: str) -> str:
    found = re.fullmatch("#?([0-9a-fA-F]{6})", colour)
    if colour and not found:
        raise ValueError(f"{colour} is not a colour of six hex digits")
    return found[1].upper() if found else ""


def _em(text: str) -> float:
    """Width of a text on one line [em]: of Chinese characters one each, of others as in Times."""
    return sum(1.0 if _WIDE.match(c) else _LATIN.get(c, 0.76 if c.isupper() else 0.5) for c in text)


def _texts(at: int, block: TableBlock, lang: Language) -> list[str]:
    return [cleaned(in_language(row[at].text, lang)) for row in block.rows]


def _least(column: Column, at: int, block: TableBlock, lang: Language) -> float:
    """The narrowest a column may be [em]."""
    head = in_language(column.head, lang)
    unit = in_language(column.unit, lang)
    out = max(min(_em(head), _HEAD), _pieces(head), _em(unit) + (2.0 if unit else 0.0))
    for text in _texts(at, block, lang):
        out = max(out, _pieces(text), min(_em(text), _ENTRY))
    # No piece of text, such as an address, takes the page from the other columns.
    return min(out, 2.0 * _NATURAL)


def _pieces(text: str) -> float:
    return max((_em(p) for p in _PIECES.findall(text)), default=0.0)


def _shares(block: TableBlock, lang: Language) -> list[float]:
    """What each column asks of the width: its weight, or its longest entry where all weigh alike."""
    weights = [c.weight for c in block.columns]
    if len(set(weights)) > 1:
        return weights
    return [
        max(
            min(max((_em(t) for t in _texts(at, block, lang)), default=0.0), _NATURAL),
            min(_em(in_language(column.head, lang)), 6.0),
            2.0,
        )
        for at, column in enumerate(block.columns)
    ]


def _widths(needed: Sequence[int], shares: Sequence[float], room: int) -> tuple[int, ...]:
    """Divide the room by shares, none getting less than it needs; the sum is the room."""
    total = sum(needed)
    if total >= room:
        out = _cut(needed, room)
    else:
        open_ = set(range(len(needed)))
        out = list(needed)
        while open_:
            left = room - sum(out[i] for i in range(len(out)) if i not in open_)
            whole = sum(shares[i] for i in open_)
            short = {i for i in open_ if left * shares[i] / whole < needed[i]}
            if not short:
                for i in open_:
                    out[i] = int(left * shares[i] / whole)
                break
            for i in short:
                out[i] = needed[i]
            open_ -= short
    out[-1] += room - sum(out)
    return tuple(out)


def _cut(needed: Sequence[int], room: int) -> list[int]:
    """Shorten the widest columns to one width, until all fit: a long name breaks, numbers do not."""
    out, narrow = list(needed), sorted(needed)
    for at, limit in enumerate(narrow):
        rest = len(narrow) - at
        if sum(narrow[:at]) + limit * rest > room:
            most = (room - sum(narrow[:at])) // rest
            return [min(n, most) for n in out]
    return out
