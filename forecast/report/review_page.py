"""The review as one self-contained HTML file in one language.

It loads nothing: styles, figures, the data of the figures and a font with the page's own
characters stand inside it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any, Final

from forecast.disk import write_file
from forecast.formula_guard import guarded
from forecast.report.document import (
    Cell,
    Chapter,
    Column,
    Document,
    FigureBlock,
    Language,
    Paragraph,
    Section,
    TableBlock,
    in_language,
    numbering,
)
from forecast.report.page_templates import page_templates
from forecast.report.review_layout import (
    NO_ROWS,
    RESERVATION,
    RUN,
    cells_wide,
    colour,
    column_head,
    day_of,
    headings,
    linked,
    noted,
    number_of,
    printable,
)
from forecast.report.svg import Glyphs, inline_svg, page_font
from forecast.report.words import Pair

__all__ = ["review_page_text", "write_review_page"]

#: A table of more columns is set smaller, and scrolls on a telephone.
_WIDE: Final = 8
#: An entry up to this width, in half-width cells, stays on one line.
_SHORT: Final = 10

_SAY: Final[dict[str, Pair]] = {
    "contents": Pair("目录", "Contents"),
    "skip": Pair("跳到正文", "Skip to the text"),
    "run": RUN,
    "reservation": RESERVATION,
    "data": Pair("图中数据（CSV）", "data of the figure (CSV)"),
    "no_rows": NO_ROWS,
}


def write_review_page(document: Document, path: Path, lang: Language) -> None:
    """Write the review to ``path`` as HTML; it appears whole or not at all.

    Raises:
        WorkspaceError: the file can't be written.
    """
    write_file(path, review_page_text(document, lang).encode())


def review_page_text(document: Document, lang: Language) -> str:
    """Return the page as text; it is well-formed XML as well as HTML."""
    glyphs = Glyphs()
    written = _Written(document, lang, glyphs)
    values: dict[str, Any] = {
        "html_lang": "zh-CN" if lang == "zh" else "en",
        "title": written.text(document.title),
        "subtitle": written.text(document.subtitle),
        "organisation": printable(document.organisation),
        "written": day_of(document.written, lang),
        "run_id": printable(document.run_id),
        "notices": [written.text(n) for n in document.notices],
        "chapters": [written.chapter(c, n) for n, c in enumerate(document.chapters, 1)],
        "glyphs": glyphs,
        "say": {name: in_language(pair, lang) for name, pair in _SAY.items()},
        "stop": "" if lang == "zh" else ".",
    }
    template = page_templates("forecast.report").get_template("review.html.j2")
    page: str = template.render(**values, font="")
    return template.render(**values, font=page_font(page))


class _Written:
    """A document's blocks as the template takes them."""

    def __init__(self, document: Document, lang: Language, glyphs: Glyphs) -> None:
        self._document = document
        self._lang = lang
        self._glyphs = glyphs
        self._numbers = numbering(document)

    def text(self, pair: Pair) -> str:
        return printable(in_language(pair, self._lang))

    def linked(self, pair: Pair) -> list[tuple[str, str]]:
        return linked(in_language(pair, self._lang), self._numbers, self._lang)

    def chapter(self, chapter: Chapter, number: int) -> dict[str, Any]:
        title, titles = headings(chapter, number, self._lang)
        blocks = list(self._blocks(chapter, number, titles))
        sections = [(b["id"], b["title"]) for b in blocks if b["kind"] == "section"]
        return {"id": f"chapter-{number}", "title": title, "sections": sections, "blocks": blocks}

    def _blocks(
        self, chapter: Chapter, number: int, titles: Iterator[str]
    ) -> Iterator[dict[str, Any]]:
        findings: list[list[tuple[str, str]]] = []
        sections = 0
        for block in chapter.blocks:
            if isinstance(block, Paragraph) and block.style == "finding":
                findings.append(self.linked(block.text))
                continue
            if findings:
                yield {"kind": "findings", "findings": findings}
                findings = []
            if isinstance(block, Section):
                sections += 1
                name = f"chapter-{number}-{sections}"
                yield {"kind": "section", "id": name, "title": next(titles)}
            elif isinstance(block, Paragraph):
                yield {"kind": block.style, "text": self.linked(block.text)}
            elif isinstance(block, TableBlock):
                yield self._table(block)
            else:
                yield self._figure(block)
        if findings:
            yield {"kind": "findings", "findings": findings}

    def _table(self, block: TableBlock) -> dict[str, Any]:
        heads = [
            {"text": text, "unit": unit, "align": column.align}
            for column in block.columns
            for text, unit in (column_head(column, self._lang),)
        ]
        return {
            "kind": "table",
            "id": f"table-{block.key}",
            "number": number_of(block, self._document, self._lang),
            "caption": self.text(block.caption),
            "heads": heads,
            "wide": len(heads) > _WIDE,
            "rows": [
                [self._cell(c, k, block.columns[k]) for k, c in enumerate(row)]
                for row in block.rows
            ],
            "notes": noted(block.notes, self._numbers, self._lang),
        }

    def _cell(self, cell: Cell, at: int, column: Column) -> dict[str, Any]:
        fill, ink = colour(cell.fill), colour(cell.ink)
        style = [f"background:{fill}"] if fill else []
        style += [f"color:{ink}"] if ink else []
        text = self.text(cell.text)
        return {
            "tag": "th" if at == 0 else "td",
            "align": column.align,
            "strong": cell.strong,
            "style": ";".join(style),
            "short": cells_wide(text) <= _SHORT,
            "text": text,
        }

    def _figure(self, block: FigureBlock) -> dict[str, Any]:
        number = number_of(block, self._document, self._lang)
        caption = self.text(block.caption)
        table = guarded(block.drawing.table).to_csv(index=False, lineterminator="\n")
        return {
            "kind": "figure",
            "id": f"figure-{block.key}",
            "number": number,
            "caption": caption,
            "svg": inline_svg(
                block.drawing.svg, f"{block.key}-", escape(f"{number} {caption}"), self._glyphs
            ),
            "file": f"{block.key}.csv",
            # The byte-order mark tells Excel that the text is UTF-8.
            "csv": base64.b64encode(table.encode("utf-8-sig", "replace")).decode("ascii"),
            "notes": noted(block.notes, self._numbers, self._lang),
        }
