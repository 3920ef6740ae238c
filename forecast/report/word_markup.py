"""Pieces of WordprocessingML as text: runs, fields, bookmarks, paragraphs.

All text of a document comes through ``words``, which leaves out what XML does not allow, so that no
name from the data can break the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from xml.sax.saxutils import escape, quoteattr

from forecast.report.document import Language, resolved

__all__ = [
    "NAMESPACES",
    "Setting",
    "attribute",
    "bookmark",
    "cleaned",
    "complex_field",
    "paragraph",
    "said",
    "words",
]

#: The declarations that every piece needs before it can be parsed.
NAMESPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"'
)

#: What XML 1.0 does not allow (control characters, halves of surrogates), and the private area:
#: two of its characters mark the mentions below.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\ue000-\uf8ff]"
)
_OPEN, _CLOSE = "\ue000", "\ue001"

_MENTION = re.compile(r"<(table|figure):([a-z0-9_]+)>")

#: Formulas of the items, set as a printed report sets them: the group after the first is lowered.
_FORMULA = re.compile(
    r"(?<![A-Za-z0-9_])"
    r"(PM(?=2\.5|10)|SO(?=2)|NO(?=[2x])|O(?=3)|NH(?=3)|COD(?=Mn)|BOD(?=5))(2\.5|10|Mn|[235x])"
    r"(?![A-Za-z0-9])"
)

#: In running Chinese text no space stands before a per cent sign, and no line begins with one.
_PER_CENT = re.compile(r"(?<=[0-9]) (?=[%‰])")

#: A number and its unit stay on one line.
_UNIT, _NO_BREAK = re.compile(r"(?<=[0-9]) (?=[%‰°]|[µm]?g/|µg)"), "\u00a0"

#: Signs that Chinese and Latin type share; in a Chinese text they are the Chinese ones.
_SHARED = re.compile("([“”‘’—…·Ⅰ-Ⅻ①-⑳]+)")


@dataclass
class Setting:
    """What the parts of one document share while they are written.

    Attributes:
        lang: language of the texts.
        numbers: of tables and figures, as ``numbering`` gives them.
        styles: key of a style → its id in this file.
        width, height: of the text area [twips].
        wide: width of the text area of a page turned on its side [twips].
        ids: numbers of bookmarks, each used once; drawings have their own.
        beside: how far a large picture may reach into the margins, left and right [twips].
    """

    lang: Language
    numbers: Mapping[str, int]
    styles: Mapping[str, str]
    width: int
    height: int
    wide: int
    ids: Iterator[int]
    drawings: Iterator[int] = field(default_factory=lambda: count(1))
    beside: tuple[int, int] = (0, 0)

    def style(self, key: str) -> str:
        """Id of the style with ``key``."""
        return self.styles[key]


def cleaned(text: str) -> str:
    """Return the text without the characters that an XML file can't hold.

    >>> cleaned("衡\\x0b水\\ud800")
    '衡水'
    """
    return _FORBIDDEN.sub("", text)


def attribute(text: str) -> str:
    """Return the text quoted for an attribute, on one line."""
    return quoteattr(" ".join(cleaned(text).split()))


def words(text: str, lang: Language, *, bold: bool = False, ink: str = "") -> str:
    """Return the runs of a text; a line break stays one, formulas have lowered figures.

    Args:
        text: as printed.
        lang: Chinese texts take the Chinese form of quotation marks and dashes.
        bold: set in bold.
        ink: colour as six hex digits; empty for the style's own.
    """
    out = []
    lines = cleaned(text).replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ").split("\n")
    for at, line in enumerate(lines):
        if at:
            out.append("<w:r><w:br/></w:r>")
        for piece, lowered in _lowered(line):
            parts = _SHARED.split(piece) if lang == "zh" else [piece]
            out.extend(
                _run(part, bold=bold, ink=ink, lowered=lowered, chinese=odd % 2 == 1)
                for odd, part in enumerate(parts)
                if part
            )
    return "".join(out)


def said(text: str, setting: Setting, *, bold: bool = False) -> str:
    """Return the runs of a text with its mentions of tables and figures as fields.

    Raises:
        ValueError: a mention outside brackets of a block that the document has not.
    """
    found: list[str] = []
    if setting.lang == "zh":
        text = _PER_CENT.sub("", text)
    text = _UNIT.sub(_NO_BREAK, text)

    def mark(match: re.Match[str]) -> str:
        key = f"{match[1]}:{match[2]}"
        if key not in setting.numbers:
            return match[0]
        found.append(key)
        return f"{_OPEN}{len(found) - 1}{_CLOSE}"

    # What is left after the known mentions stand aside is the document's to drop or to refuse.
    rest = resolved(_MENTION.sub(mark, cleaned(text)), {}, setting.lang)
    out = []
    for at, piece in enumerate(re.split(f"{_OPEN}([0-9]+){_CLOSE}", rest)):
        if at % 2:
            out.append(_reference(found[int(piece)], setting, bold=bold))
        elif piece:
            out.append(words(piece, setting.lang, bold=bold))
    return "".join(out)


def bookmark(key: str, setting: Setting, inner: str) -> str:
    """Return ``inner`` as the place that mentions of ``key`` refer to."""
    number = next(setting.ids)
    return (
        f'<w:bookmarkStart w:id="{number}" w:name="{_place(key, setting)}"/>{inner}'
        f'<w:bookmarkEnd w:id="{number}"/>'
    )


def complex_field(instruction: str, result: str, *, dirty: bool = False) -> str:
    """Return a field with the runs it shows until it is updated."""
    late = ' w:dirty="true"' if dirty else ""
    return (
        f'<w:r><w:fldChar w:fldCharType="begin"{late}/></w:r>'
        f'<w:r><w:instrText xml:space="preserve"> {escape(instruction)} </w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
        f'{result}<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )


def paragraph(
    style: str,
    inner: str = "",
    *,
    keep_next: bool = False,
    extra: str = "",
) -> str:
    """Return a paragraph.

    Args:
        style: id of its style.
        inner: its runs.
        keep_next: whether it stays on the page of what follows.
        extra: further properties, in the order of the schema.
    """
    keep = "<w:keepNext/>" if keep_next else ""
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{keep}{extra}</w:pPr>{inner}</w:p>'


def _reference(key: str, setting: Setting, *, bold: bool) -> str:
    kind = key.split(":", 1)[0]
    shown = resolved(f"<{key}>", dict(setting.numbers), setting.lang)
    if kind not in {"table", "figure"}:
        raise ValueError(f"{key} is neither a table nor a figure")
    return complex_field(f"REF {_place(key, setting)} \\h", words(shown, setting.lang, bold=bold))


def _place(key: str, setting: Setting) -> str:
    """Name of the bookmark; Word hides those that begin so and takes 40 characters at most."""
    return f"_Ref_{key.split(':', 1)[0]}_{setting.numbers[key]}"


def _lowered(text: str) -> Iterator[tuple[str, bool]]:
    """Pieces of a text, and whether a piece is set below the line."""
    last = 0
    for match in _FORMULA.finditer(text):
        yield text[last : match.start(2)], False
        yield match[2], True
        last = match.end()
    yield text[last:], False


def _run(text: str, *, bold: bool, ink: str, lowered: bool, chinese: bool) -> str:
    properties = (
        ('<w:rFonts w:hint="eastAsia"/>' if chinese else "")
        + ("<w:b/><w:bCs/>" if bold else "")
        + (f'<w:color w:val="{ink}"/>' if ink else "")
        + ('<w:vertAlign w:val="subscript"/>' if lowered else "")
    )
    looks = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return f'<w:r>{looks}<w:t xml:space="preserve">{escape(text)}</w:t></w:r>'
