"""The report as a Word document in the habits of a Chinese government report, or in a user's own.

Headings, captions and mentions are numbered by Word's own lists and fields, so that they stay right
when the text is edited; what they show is filled in, so that they are right before.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from forecast.disk import write_file
from forecast.report.document import Document, Language, numbering
from forecast.report.word_body import Numbers, chapters, finding_runs
from forecast.report.word_cover import contents, cover, foot_of_page, notices
from forecast.report.word_markup import NAMESPACES, Setting
from forecast.report.word_numbering import add_lists, number_properties, numbered_styles
from forecast.report.word_package import (
    describe,
    empty_file,
    numbering_of,
    open_package,
    packed,
    update_on_opening,
)
from forecast.report.word_pages import (
    Piece,
    own_section,
    place,
    section_of,
    text_area,
    turn_with_text,
)
from forecast.report.word_styles import HEADING_IDS, add_fonts, add_styles, style_ids
from forecast.report.word_template import (
    ContentPlace,
    content_place,
    fill,
    has_contents,
    open_template,
)

__all__ = ["write_word"]

#: Margins from which on a large chart may use half of them [mm].
_WIDE_MARGIN = 24.0

_HEADINGS = ("heading1", "heading2")


def write_word(
    document: Document, path: Path, lang: Language, *, template: Path | None = None
) -> None:
    """Write a report as .docx; the same document gives the same bytes.

    Without a template the file has a cover, a list of contents and the layout of GB/T 9704-2012.
    With one, its styles, heads, feet and page set-up hold; a style that it lacks is ours. The text
    goes where a paragraph is ``{{正文}}`` or ``{{content}}``, else to the end; ``{{标题}}``,
    ``{{副标题}}``, ``{{地区}}``, ``{{年份}}``, ``{{单位}}``, ``{{日期}}``, ``{{运行}}`` (title,
    subtitle, region, year, organisation, date, run) are filled in anywhere. Cover and contents are
    ours only where the template has no text before the report's.

    Args:
        document: what is written.
        path: the file; it is replaced as a whole.
        lang: ``zh`` or ``en``.
        template: a .docx or .dotx of the user's.

    Raises:
        UsageError: there is no such template, or python-docx is not installed.
        InputError: the template can't be used, or has a placeholder that stands for nothing.
        WorkspaceError: the file could not be written; what was there is unchanged.
        ValueError: a text mentions a table or figure that the document has not.
    """
    if template is None:
        file = open_package(empty_file())
        _write_own(file, document, lang)
    else:
        file = open_template(template)
        fill(file, document, lang, template)
        _write_into(file, document, lang, content_place(file, template))
    if has_contents(file):
        update_on_opening(file.settings.element)
    describe(file.core_properties, document, lang)
    write_file(path, packed(file, document.written))


def _write_own(file: Any, document: Document, lang: Language) -> None:
    """Cover, contents and text, each with pages of its own."""
    from docx.oxml import parse_xml

    body = file.element.body
    setting, numbers, counted = _prepare(file, document, lang, parse_xml(own_section()))
    head = _part(file, "header", notices(document, setting, "header")) if document.notices else ""
    foot = _part(file, "footer", foot_of_page(setting))
    front = "upperRoman" if lang == "zh" else "lowerRoman"
    body.remove(body[-1])
    for xml, section in (
        (cover(document, setting), own_section()),
        (contents(document, setting, counted), own_section(head, foot, numbers=front)),
    ):
        body.extend(list(parse_xml(f"<w:body {NAMESPACES}>{xml}</w:body>")))
        body[-1].pPr.append(parse_xml(section))
    last = parse_xml(own_section(numbers="decimal"))
    body.append(last)
    pieces = turn_with_text(chapters(document, setting, numbers, _adder(file)))
    place(last, last, pieces, setting.style("note"), begins_section=True)


def _write_into(file: Any, document: Document, lang: Language, there: ContentPlace) -> None:
    """The text where a template has room for it."""
    from docx.oxml.ns import qn

    body = file.element.body
    section = section_of(body, there.anchor)
    setting, numbers, counted = _prepare(file, document, lang, section)
    if document.notices:
        _notices_in_heads(file, notices(document, setting, "header", bold=True))
    pieces = turn_with_text(chapters(document, setting, numbers, _adder(file)))
    if there.has_cover:
        front = notices(document, setting, "notice")
    else:
        front = cover(document, setting)
        if not has_contents(file):
            front += contents(document, setting, counted)
        # The text begins a page, as it does without a template.
        if pieces:
            first = pieces[0]
            xml = first.xml.replace("<w:keepNext/>", "<w:keepNext/><w:pageBreakBefore/>", 1)
            pieces[0] = Piece(xml, first.kind, first.characters, first.sideways)
    if front:
        pieces.insert(0, Piece(front, "block"))
    begins = _begins_section(there.anchor)
    place(there.anchor, section, pieces, setting.style("note"), begins_section=begins)
    if there.is_placeholder and there.anchor.find(f"{qn('w:pPr')}/{qn('w:sectPr')}") is None:
        body.remove(there.anchor)


def _prepare(
    file: Any, document: Document, lang: Language, section: Any
) -> tuple[Setting, Numbers, tuple[bool, bool]]:
    """Add styles, lists and fonts; return what the writers share, and which headings we count."""
    from docx.oxml.ns import qn

    styles = file.styles.element
    there = style_ids(styles)
    # Sections are counted within chapters: where a template counts chapters itself, it counts both.
    foreign = numbered_styles(styles, there)
    ours = () if "heading1" in foreign else tuple(k for k in _HEADINGS if k not in foreign)
    bound = {_HEADINGS.index(k): HEADING_IDS[k] for k in ours if k not in there}
    indent = lang == "zh" and "finding" not in there
    runs = finding_runs(document)
    lists = add_lists(numbering_of(file.part), lang, runs, bound, indent=indent)
    properties = {k: number_properties(lists.headings, _HEADINGS.index(k)) for k in ours}
    ids = add_styles(styles, lang, {k: p for k, p in properties.items() if k not in there})
    _add_fonts(file)
    by_hand = {k: p for k, p in properties.items() if k in there}
    area = text_area(section)
    marks = [int(e.get(qn("w:id"), "0")) for e in file.element.iter(qn("w:bookmarkStart"))]
    setting = Setting(
        lang, numbering(document), ids, area.width, area.height, area.turned,
        count(max(marks, default=0) + 1), count(_last_drawing(file) + 1), _beside(section),
    )  # fmt: skip
    return setting, Numbers(by_hand, lists.findings), ("heading1" in ours, "heading2" in ours)


def _beside(section: Any) -> tuple[int, int]:
    """Half of each margin [twips], where a page has margins wide enough to be cut."""
    margins = (section.left_margin, section.right_margin)
    if any(m is None or m.mm < _WIDE_MARGIN for m in margins):
        return (0, 0)
    return int(margins[0].twips // 2), int(margins[1].twips // 2)


def _adder(file: Any) -> Callable[[bytes], str]:
    """Return what puts an image into the file and gives the id of its relationship."""

    def add(png: bytes) -> str:
        return str(file.part.get_or_add_image(io.BytesIO(png))[0])

    return add


def _part(file: Any, kind: str, xml: str) -> str:
    """Add a head or foot of pages to the file; return the id of its relationship."""
    from docx.oxml import parse_xml

    add = file.part.add_header_part if kind == "header" else file.part.add_footer_part
    part, relation = add()
    root = part.element
    for child in list(root):
        root.remove(child)
    root.extend(list(parse_xml(f"<w:body {NAMESPACES}>{xml}</w:body>")))
    return str(relation)


def _notices_in_heads(file: Any, xml: str) -> None:
    """Add the lines that must not be missed to every head of a template; where pages lack one, make it."""
    from docx.opc.constants import RELATIONSHIP_TYPE
    from docx.oxml import parse_xml
    from docx.oxml.ns import qn

    for relation in file.part.rels.values():
        if relation.reltype == RELATIONSHIP_TYPE.HEADER:
            made = list(parse_xml(f"<w:body {NAMESPACES}>{xml}</w:body>"))
            relation.target_part.element.extend(made)
    both_sides = file.settings.element.find(qn("w:evenAndOddHeaders")) is not None
    inherited: set[str] = set()
    for section in file.element.body.iter(qn("w:sectPr")):
        own = {r.get(qn("w:type"), "default") for r in section.findall(qn("w:headerReference"))}
        asked = {"default"}
        asked |= {"first"} if section.find(qn("w:titlePg")) is not None else set()
        asked |= {"even"} if both_sides else set()
        for kind in sorted(asked - own - inherited):
            relation = _part(file, "header", xml)
            section.insert(
                0,
                parse_xml(f'<w:headerReference {NAMESPACES} w:type="{kind}" r:id="{relation}"/>'),
            )
        inherited |= own | asked


def _add_fonts(file: Any) -> None:
    """Name our faces in the file's list of fonts, with what stands in for each."""
    from docx.opc.constants import RELATIONSHIP_TYPE

    for relation in file.part.rels.values():
        if relation.reltype == RELATIONSHIP_TYPE.FONT_TABLE:
            part = relation.target_part
            part._blob = add_fonts(part.blob)


def _begins_section(anchor: Any) -> bool:
    """Whether nothing that is seen stands before ``anchor`` in its section."""
    from docx.oxml.ns import qn

    for before in anchor.itersiblings(preceding=True):
        if before.find(f"{qn('w:pPr')}/{qn('w:sectPr')}") is not None:
            return True
        if before.tag in (qn("w:p"), qn("w:tbl"), qn("w:sdt")):
            return False
    return True


def _last_drawing(file: Any) -> int:
    """Highest number of a drawing in the text, heads and feet."""
    from docx.opc.constants import RELATIONSHIP_TYPE
    from docx.oxml.ns import qn

    roots = [file.element] + [
        r.target_part.element
        for r in file.part.rels.values()
        if r.reltype in (RELATIONSHIP_TYPE.HEADER, RELATIONSHIP_TYPE.FOOTER)
    ]
    used = [e.get("id", "0") for root in roots for e in root.iter(qn("wp:docPr"))]
    return max((int(n) for n in used if n.isdigit()), default=0)
