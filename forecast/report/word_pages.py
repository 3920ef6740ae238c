"""Page set-up: A4 upright, and a page turned on its side for what is too wide."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal

from forecast.report.word_markup import NAMESPACES, paragraph

__all__ = ["Piece", "TextArea", "own_section", "place", "section_of", "text_area", "turn_with_text"]

#: A4 and its margins after GB/T 9704-2012 [twips]: top 37, bottom 35, left 28, right 26 mm.
_A4 = (11906, 16838)
_MARGINS = {"top": 2098, "right": 1474, "bottom": 1984, "left": 1588, "header": 1134,
            "footer": 1417, "gutter": 0}  # fmt: skip

#: Foot of a turned page: its margin below is the narrow one [twips].
_TURNED_FOOT = 700

#: So many characters of text at most turn with a table that follows them.
_TEXT = 600


@dataclass(frozen=True)
class Piece:
    """A part of the text that is not parted by a change of page: its markup and what it is.

    Attributes:
        xml: one or more paragraphs or tables.
        kind: a heading or text goes with a wide table that it introduces.
        characters: length of a text.
        sideways: whether it needs a page turned on its side.
    """

    xml: str
    kind: Literal["heading", "text", "block"]
    characters: int = 0
    sideways: bool = False


@dataclass(frozen=True)
class TextArea:
    """Text area of a page [twips]; ``turned`` is its width when the page is turned."""

    width: int
    height: int
    turned: int


def own_section(head: str = "", foot: str = "", *, numbers: str = "", start: int | None = 1) -> str:
    """Return the set-up of a section of A4 pages.

    Args:
        head, foot: relationship ids of the head and foot of its pages; empty for none.
        numbers: how pages are counted: ``decimal``, ``upperRoman``, ``lowerRoman``.
        start: number of its first page.
    """
    used = "".join(
        f'<w:{kind}Reference w:type="default" r:id="{i}"/>'
        for kind, i in (("header", head), ("footer", foot))
        if i
    )
    margins = " ".join(f'w:{side}="{size}"' for side, size in _MARGINS.items())
    first = "" if start is None else f' w:start="{start}"'
    counted = f'<w:pgNumType w:fmt="{numbers}"{first}/>' if numbers else ""
    return (
        f'<w:sectPr {NAMESPACES}>{used}<w:type w:val="nextPage"/>'
        f'<w:pgSz w:w="{_A4[0]}" w:h="{_A4[1]}"/><w:pgMar {margins}/>{counted}'
        '<w:cols w:space="425"/></w:sectPr>'
    )


def section_of(body: Any, anchor: Any) -> Any:
    """Return the ``w:sectPr`` that holds for ``anchor``, a child of the body; None: for its end."""
    from docx.oxml import parse_xml
    from docx.oxml.ns import qn

    at = anchor
    while at is not None:
        if at.tag == qn("w:sectPr"):
            return at
        found = at.find(f"{qn('w:pPr')}/{qn('w:sectPr')}")
        if found is not None:
            return found
        at = at.getnext()
    last = body.find(qn("w:sectPr"))
    if last is None:
        last = parse_xml(own_section())
        body.append(last)
    return last


def text_area(section: Any) -> TextArea:
    """Return the text area of the pages of a section, that of one of its columns."""
    wide, high, margins = _measures(section)
    across = margins["left"] + margins["right"] + margins["gutter"]
    down = abs(margins["top"]) + abs(margins["bottom"])
    columns, gap = _columns(section)
    return TextArea(
        max((wide - across - gap * (columns - 1)) // columns, 2000),
        max(high - down, 4000),
        max(high - down, wide - across),
    )


def turn_with_text(pieces: Sequence[Piece]) -> list[Piece]:
    """Turn the heading and the short text that introduce a wide table with it.

    A heading is never left alone on the page before; where nothing but text lies between the table
    and another block, the text stays upright.
    """
    out = list(pieces)
    for at, piece in enumerate(pieces):
        if not piece.sideways:
            continue
        first, room = at, _TEXT
        while first and out[first - 1].kind == "text" and room >= out[first - 1].characters:
            first -= 1
            room -= out[first].characters
        if not first or out[first - 1].kind != "heading":
            continue
        while first and out[first - 1].kind == "heading":
            first -= 1
        for n in range(first, at):
            out[n] = Piece(out[n].xml, out[n].kind, out[n].characters, True)
    return out


def place(
    anchor: Any, section: Any, pieces: Sequence[Piece], small: str, *, begins_section: bool
) -> None:
    """Put the text before ``anchor``, with a section of its own for what lies sideways.

    Args:
        anchor: a child of the body; it stays.
        section: the ``w:sectPr`` that holds there.
        pieces: the text.
        small: id of the style of the paragraphs that end a section.
        begins_section: whether nothing stands before the text in its section.
    """
    from docx.oxml import parse_xml

    sideways, used, written = False, False, not begins_section
    for piece in pieces:
        if piece.sideways != sideways:
            if written:
                anchor.addprevious(_end(section, small, turned=sideways, later=used))
                used = True
            sideways = piece.sideways
        for made in list(parse_xml(f"<w:body {NAMESPACES}>{piece.xml}</w:body>")):
            anchor.addprevious(made)
        written = True
    follows = _text_follows(anchor, section)
    if sideways and follows:
        anchor.addprevious(_end(section, small, turned=True, later=used))
        used, sideways = True, False
    if used:
        _continue(section)
    if sideways:
        _turn(section)


def _end(section: Any, small: str, *, turned: bool, later: bool) -> Any:
    """A paragraph too low to be seen that ends a section set up like ``section``."""
    from docx.oxml import parse_xml
    from docx.oxml.ns import qn

    line = '<w:spacing w:before="0" w:after="0" w:line="20" w:lineRule="exact"/>'
    made = parse_xml(f"<w:body {NAMESPACES}>{paragraph(small, extra=line)}</w:body>")[0]
    own = deepcopy(section)
    if later:
        _continue(own)
    if turned:
        _turn(own)
    made.find(qn("w:pPr")).append(own)
    return made


def _text_follows(anchor: Any, section: Any) -> bool:
    """Whether anything stands between the text and the end of its section."""
    from docx.oxml.ns import qn

    at = anchor
    while at is not None and at is not section:
        if at.tag != qn("w:p") or any(t.text for t in at.iter(qn("w:t"))):
            return True
        if at.find(f"{qn('w:pPr')}/{qn('w:sectPr')}") is section:
            return False
        at = at.getnext()
    return False


def _continue(section: Any) -> None:
    """Let a section go on where the one before it ended."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    counted = section.find(qn("w:pgNumType"))
    if counted is not None:
        counted.attrib.pop(qn("w:start"), None)
    first = section.find(qn("w:titlePg"))
    if first is not None:
        section.remove(first)
    kind = section.find(qn("w:type"))
    if kind is None:
        kind = OxmlElement("w:type")
        section.find(qn("w:pgSz")).addprevious(kind)
    kind.set(qn("w:val"), "nextPage")


def _turn(section: Any) -> None:
    """Turn the pages of a section by a quarter; text runs over one column there."""
    from docx.oxml.ns import qn

    wide, high, margins = _measures(section)
    size, margin = section.find(qn("w:pgSz")), section.find(qn("w:pgMar"))
    size.set(qn("w:w"), str(max(wide, high)))
    size.set(qn("w:h"), str(min(wide, high)))
    size.set(qn("w:orient"), "landscape")
    if high > wide:
        for side, other in (
            ("top", "left"),
            ("bottom", "right"),
            ("left", "top"),
            ("right", "bottom"),
        ):
            margin.set(qn(f"w:{side}"), str(abs(margins[other])))
        for edge, side in (("header", "left"), ("footer", "right")):
            least = min(margins[edge], max(margins[side] - 500, 300), _TURNED_FOOT)
            margin.set(qn(f"w:{edge}"), str(least))
    columns = section.find(qn("w:cols"))
    if columns is not None:
        columns.attrib.pop(qn("w:num"), None)


def _measures(section: Any) -> tuple[int, int, dict[str, int]]:
    """Size of the page and its margins [twips]; what a file leaves out is ours, and is put in."""
    from docx.oxml import parse_xml
    from docx.oxml.ns import qn

    model = parse_xml(own_section())
    for tag in ("w:pgSz", "w:pgMar"):
        if section.find(qn(tag)) is None:
            made = deepcopy(model.find(qn(tag)))
            size = section.find(qn("w:pgSz"))
            references = [c for c in section if c.tag in (
                qn("w:headerReference"), qn("w:footerReference"), qn("w:footnotePr"),
                qn("w:endnotePr"), qn("w:type"))]  # fmt: skip
            if size is not None:
                size.addnext(made)
            elif references:
                references[-1].addnext(made)
            else:
                section.insert(0, made)
    size, margin = section.find(qn("w:pgSz")), section.find(qn("w:pgMar"))
    read = {side: _twips(margin.get(qn(f"w:{side}")), usual) for side, usual in _MARGINS.items()}
    return (_twips(size.get(qn("w:w")), _A4[0]), _twips(size.get(qn("w:h")), _A4[1]), read)


def _columns(section: Any) -> tuple[int, int]:
    """Number of columns and the gap between them [twips]."""
    from docx.oxml.ns import qn

    found = section.find(qn("w:cols"))
    if found is None:
        return 1, 0
    return max(_twips(found.get(qn("w:num")), 1), 1), _twips(found.get(qn("w:space")), 720)


def _twips(text: str | None, usual: int) -> int:
    """A whole number of a file; some programs write fractions or lengths with a unit."""
    try:
        return round(float(text)) if text is not None else usual
    except ValueError:
        return usual
