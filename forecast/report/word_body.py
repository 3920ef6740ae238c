"""The chapters of a report as pieces of a Word file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from forecast.report.document import (
    Chapter,
    Document,
    Paragraph,
    Section,
    TableBlock,
    in_language,
)
from forecast.report.word_cover import place_of_heading
from forecast.report.word_figures import figure
from forecast.report.word_markup import Setting, paragraph, said, words
from forecast.report.word_numbering import number_properties
from forecast.report.word_pages import Piece
from forecast.report.word_tables import fit, table

__all__ = ["Numbers", "chapters", "finding_runs"]

#: A finding begins with what it is about, to this sign at the latest so far on.
_LEAD = {"zh": ("：", 24), "en": (": ", 60)}


@dataclass(frozen=True)
class Numbers:
    """How headings and findings are counted.

    Attributes:
        headings: key of a heading's style → what numbers a paragraph of it by hand; empty where the
            style does, or where a template leaves headings without number.
        findings: ids of the lists of the runs of findings, in order.
    """

    headings: Mapping[str, str]
    findings: tuple[int, ...]


def finding_runs(document: Document) -> int:
    """Return how many runs of findings the document has: those under one heading count on."""
    return sum(1 for _ in _runs(document))


def chapters(
    document: Document, setting: Setting, numbers: Numbers, add: Callable[[bytes], str]
) -> list[Piece]:
    """Return the text of the report.

    Args:
        document: what is written.
        setting: styles, text area, language.
        numbers: of headings and findings.
        add: puts an image into the file and returns the id of its relationship.

    Raises:
        ValueError: a text mentions a table or figure that the document has not.
    """
    lists = dict(zip(_runs(document), numbers.findings, strict=True))
    return [
        piece
        for at, chapter in enumerate(document.chapters, 1)
        for piece in _chapter(at, chapter, setting, numbers, lists, add)
    ]


def _chapter(
    at: int,
    chapter: Chapter,
    setting: Setting,
    numbers: Numbers,
    lists: Mapping[tuple[int, int], int],
    add: Callable[[bytes], str],
) -> Iterator[Piece]:
    title = in_language(chapter.title, setting.lang)
    yield _heading("heading1", place_of_heading(at, None), title, setting, numbers)
    section = 0
    for block in chapter.blocks:
        if isinstance(block, Section):
            section += 1
            title = in_language(block.title, setting.lang)
            yield _heading("heading2", place_of_heading(at, section), title, setting, numbers)
        elif isinstance(block, Paragraph):
            listed = lists.get((at, section)) if block.style == "finding" else None
            text = in_language(block.text, setting.lang)
            yield Piece(_text(block, text, setting, listed), "text", len(text))
        elif isinstance(block, TableBlock):
            how = fit(block, setting)
            yield Piece(table(block, how, setting), "block", sideways=how.sideways)
        else:
            yield Piece(figure(block, setting, add), "block")


def _heading(key: str, mark: str, title: str, setting: Setting, numbers: Numbers) -> Piece:
    number = next(setting.ids)
    inner = (
        f'<w:bookmarkStart w:id="{number}" w:name="{mark}"/>{words(title, setting.lang)}'
        f'<w:bookmarkEnd w:id="{number}"/>'
    )
    by_hand = numbers.headings.get(key, "")
    # A template's style may not say so, and a heading never stands alone at the foot of a page.
    return Piece(paragraph(setting.style(key), inner, keep_next=True, extra=by_hand), "heading")


def _text(block: Paragraph, text: str, setting: Setting, listed: int | None) -> str:
    lang, style = setting.lang, setting.style(block.style)
    if block.style == "reservation":
        lead = words("保留意见：" if lang == "zh" else "Reservation: ", lang, bold=True)
        return paragraph(style, lead + said(text, setting))
    if block.style == "finding":
        sign, furthest = _LEAD[lang]
        head, found, rest = text.partition(sign)
        # A mention is a field of its own and stays out of the bold lead.
        if not found or len(head) > furthest or "<" in head:
            head, rest = "", text
        else:
            head += sign
        extra = "" if listed is None else number_properties(listed)
        return paragraph(style, said(head, setting, bold=True) + said(rest, setting), extra=extra)
    return paragraph(style, said(text, setting))


def _findings(chapter: Chapter) -> dict[int, int]:
    """Section of a chapter → how many findings it has; 0 is what stands before the first."""
    out: dict[int, int] = {}
    section = 0
    for block in chapter.blocks:
        if isinstance(block, Section):
            section += 1
        elif isinstance(block, Paragraph) and block.style == "finding":
            out[section] = out.get(section, 0) + 1
    return out


def _runs(document: Document) -> Iterator[tuple[int, int]]:
    """Chapter and section of every run of findings; one alone is not counted, so has no list."""
    for at, chapter in enumerate(document.chapters, 1):
        for section, n in _findings(chapter).items():
            if n > 1:
                yield at, section
