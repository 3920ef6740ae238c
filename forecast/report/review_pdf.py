"""The review as PDF, set by typst with the packaged fonts alone.

The page is that of a Chinese official report: A4 with margins of 37, 35, 28 and 26 mm, a cover, a
list of contents, headings 一、 and （一）, three-line tables, page numbers between dashes.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, time
from importlib import resources
from pathlib import Path
from typing import Any, Final

from forecast.disk import write_file
from forecast.errors import ForecastError, UsageError
from forecast.report.document import (
    Chapter,
    Document,
    FigureBlock,
    Language,
    Paragraph,
    Section,
    TableBlock,
    in_language,
    numbering,
)
from forecast.report.review_layout import (
    NO_ROWS,
    RESERVATION,
    RUN,
    caption_of,
    colour,
    column_head,
    day_of,
    headings,
    linked,
    noted,
    printable,
)
from forecast.report.review_pdf_tables import table_size
from forecast.report.words import Pair

__all__ = ["review_pdf_bytes", "write_review_pdf"]

#: Text is 156 mm wide; a larger figure reaches into the margins, so that its letters stay readable,
#: by this much left and right [mm].
_TEXT: Final = 156.0
_OVER: Final = (14.0, 12.0)
#: Room for a figure above its caption and notes [mm].
_HIGH: Final = 200.0
#: Printed in place of a character that the packaged fonts have not.
_INSTEAD: Final = "〓"
#: A word of this length without a space may be broken after every so many characters, or it would
#: run out of its column.
_LONG: Final = re.compile(r"[!-~]{25,}")
_PIECE: Final = 12
_SOFT: Final = "\u200b"

_SAY: Final[dict[str, Pair]] = {
    "contents": Pair("目　录", "Contents"),
    "reservation": RESERVATION,
    "no_rows": NO_ROWS,
}


def write_review_pdf(document: Document, path: Path, lang: Language) -> None:
    """Write the review to ``path`` as PDF; it appears whole or not at all.

    The same document gives the same bytes on every machine.

    Raises:
        UsageError: typst is not installed.
        WorkspaceError: the file can't be written.
    """
    write_file(path, review_pdf_bytes(document, lang))


def review_pdf_bytes(document: Document, lang: Language) -> bytes:
    """Return the PDF.

    Raises:
        UsageError: typst is not installed.
        ForecastError: a figure can't be set.
    """
    try:
        import typst
    except ImportError as error:
        raise UsageError(
            "A PDF can't be written: the package typst is not installed.",
            "Install it with: pip install typst",
        ) from error
    from forecast.charts.fonts import packaged_font

    template = resources.files("forecast.report") / "templates" / "review.typ"
    told = json.dumps(_Told(document, lang).whole(), ensure_ascii=False)
    # Files that are nowhere on the disk; the stubs of typst know nothing of them.
    files: Any = {"main.typ": template.read_bytes(), "document.json": told.encode()}
    try:
        made = typst.compile(
            files,
            font_paths=[str(packaged_font().parent)],
            ignore_system_fonts=True,
            format="pdf",
            timestamp=int(datetime.combine(document.written, time(), UTC).timestamp()),
        )
    except typst.TypstError as error:
        raise ForecastError(
            f"The PDF of {document.region} {document.year} could not be set: {error}.",
            "Write the report as html or docx, and report this as a fault of the program.",
        ) from error
    return bytes(made)


class _Told:
    """A document as the template reads it."""

    def __init__(self, document: Document, lang: Language) -> None:
        self._document = document
        self._lang: Language = lang
        self._numbers = numbering(document)
        self._absent: dict[str, None] = {}
        self._known = _known_characters()

    def whole(self) -> dict[str, Any]:
        document, lang = self._document, self._lang
        run = in_language(RUN, lang) + document.run_id if document.run_id else ""
        told: dict[str, Any] = {
            "lang": lang,
            "title": self._pair(document.title),
            "subtitle": self._pair(document.subtitle),
            "organisation": self._clean(document.organisation),
            "authors": [self._clean(document.organisation)] if document.organisation else [],
            "written": day_of(document.written, lang),
            "date": [document.written.year, document.written.month, document.written.day],
            "run": self._clean(run),
            "notices": [self._pair(n) for n in document.notices],
            "chapters": [self._chapter(c, n) for n, c in enumerate(document.chapters, 1)],
            "say": {name: in_language(pair, lang) for name, pair in _SAY.items()},
        }
        codes = ", ".join(f"U+{ord(c):04X}" for c in self._absent)
        words = Pair(
            f"{_INSTEAD}：排版字体缺少的字（{codes}）。",
            f"{_INSTEAD}: a character that the fonts of this file have not ({codes}).",
        )
        return {**told, "absent": in_language(words, lang) if codes else ""}

    def _clean(self, text: str) -> str:
        """Keep what the fonts can print; a character they lack is spelt otherwise or marked."""
        out = []
        for c in printable(text):
            if c in self._known or c.isspace():
                out.append(c)
                continue
            other = unicodedata.normalize("NFKC", c)
            if all(o in self._known for o in other):
                out.append(other)
            else:
                self._absent[c] = None
                out.append(_INSTEAD)
        return _LONG.sub(lambda m: _SOFT.join(_pieces(m[0])), "".join(out))

    def _pair(self, pair: Pair) -> str:
        return self._clean(in_language(pair, self._lang))

    def _linked(self, pair: Pair) -> list[tuple[str, str]]:
        return self._labelled(linked(in_language(pair, self._lang), self._numbers, self._lang))

    def _noted(self, notes: tuple[Pair, ...]) -> list[list[tuple[str, str]]]:
        return [self._labelled(n) for n in noted(notes, self._numbers, self._lang)]

    def _labelled(self, pieces: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return [(self._clean(text), key.replace(":", "-")) for text, key in pieces]

    def _chapter(self, chapter: Chapter, number: int) -> dict[str, Any]:
        title, titles = headings(chapter, number, self._lang)
        return {"title": self._clean(title), "blocks": list(self._blocks(chapter, titles))}

    def _blocks(self, chapter: Chapter, titles: Iterator[str]) -> Iterator[dict[str, Any]]:
        findings: list[list[tuple[str, str]]] = []
        for block in chapter.blocks:
            if isinstance(block, Paragraph) and block.style == "finding":
                findings.append(self._linked(block.text))
                continue
            if findings:
                yield {"kind": "findings", "findings": findings}
                findings = []
            if isinstance(block, Section):
                yield {"kind": "section", "title": self._clean(next(titles))}
            elif isinstance(block, Paragraph):
                yield {"kind": block.style, "text": self._linked(block.text)}
            elif isinstance(block, TableBlock):
                yield self._table(block)
            else:
                yield self._figure(block)
        if findings:
            yield {"kind": "findings", "findings": findings}

    def _caption(self, block: TableBlock | FigureBlock) -> str:
        return self._clean(caption_of(block, self._document, self._lang))

    def _table(self, block: TableBlock) -> dict[str, Any]:
        heads = [column_head(c, self._lang) for c in block.columns]
        heads = [(self._clean(words), self._clean(unit)) for words, unit in heads]
        printed = [[self._pair(cell.text) for cell in row] for row in block.rows]
        size = table_size(heads, printed, [c.weight for c in block.columns])
        return {
            "kind": "table",
            "label": f"table-{block.key}",
            "caption": self._caption(block),
            "across": size.across,
            "size": size.size,
            "pad": size.pad,
            "widths": size.widths,
            "sides": [c.align for c in block.columns] or ["centre"],
            "heads": [{"text": words, "unit": unit} for words, unit in heads]
            or [{"text": "", "unit": ""}],
            "rows": [
                [
                    {
                        "text": text,
                        "strong": cell.strong,
                        "fill": colour(cell.fill),
                        "ink": colour(cell.ink),
                    }
                    for cell, text in zip(row, texts, strict=True)
                ]
                for row, texts in zip(block.rows, printed, strict=True)
            ],
            "notes": self._noted(block.notes),
        }

    def _figure(self, block: FigureBlock) -> dict[str, Any]:
        drawing = block.drawing
        natural = drawing.width * 25.4
        over = _OVER if natural > _TEXT else (0.0, 0.0)
        width = min(natural, _TEXT + sum(over), _HIGH * drawing.width / drawing.height)
        return {
            "kind": "figure",
            "label": f"figure-{block.key}",
            "caption": self._caption(block),
            "svg": drawing.svg,
            "width": width,
            "over": over,
            "notes": self._noted(block.notes),
        }


def _pieces(word: str) -> list[str]:
    return [word[k : k + _PIECE] for k in range(0, len(word), _PIECE)]


def _known_characters() -> frozenset[str]:
    """Characters that both packaged fonts can print."""
    from fontTools.ttLib import TTFont
    from pylopdf_fonts_zh_cn import sans_path, serif_path

    found: list[set[int]] = []
    for path in (sans_path(), serif_path()):
        with TTFont(path, lazy=True) as font:
            found.append(set(font.getBestCmap()))
    return frozenset(chr(code) for code in found[0] & found[1])
