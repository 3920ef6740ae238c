"""Names of the sheets of a review's workbook."""

from __future__ import annotations

import re
from typing import Final

from forecast.report.document import Document, FigureBlock, Language, TableBlock, in_language
from forecast.report.review_layout import number_of, printable
from forecast.report.words import Pair

__all__ = ["CONTENTS", "block_key", "sheet_names"]

#: The first sheet.
CONTENTS: Final = Pair("目录", "Contents")

#: What Excel takes as the name of a sheet: 31 characters, none of these, no apostrophe at the ends.
_LONGEST: Final = 31
_FORBIDDEN = re.compile(r"[\[\]:*?/\\]")


def sheet_names(document: Document, lang: Language) -> dict[str, str]:
    """Return the sheet of every table and figure, by ``table:key`` and ``figure:key``.

    A name is the number and as much of the caption as Excel takes; no two are alike.
    """
    taken = {in_language(CONTENTS, lang).casefold(), "history"}
    names: dict[str, str] = {}
    blocks: list[TableBlock | FigureBlock] = [*document.tables(), *document.figures()]
    for block in blocks:
        number = number_of(block, document, lang)
        caption = printable(in_language(block.caption, lang))
        text = _FORBIDDEN.sub(" ", f"{number} {caption}").replace("\n", " ")
        name = _shortened(" ".join(text.split()), _LONGEST)
        count = 2
        while name.casefold() in taken:
            tail = f" {count}"
            name = _shortened(text, _LONGEST - len(tail)) + tail
            count += 1
        taken.add(name.casefold())
        names[block_key(block)] = name
    return names


def _shortened(text: str, longest: int) -> str:
    """Cut where Excel cuts, which counts UTF-16 units, but no English word and no bracket in two."""
    if len(text.encode("utf-16-le")) // 2 > longest:
        while len(text.encode("utf-16-le")) // 2 > longest:
            text = text[:-1]
        if text[-1].isascii() and " " in text[longest // 2 :]:
            text = text.rsplit(" ", 1)[0]
        for opening, closing in ("（）", "()", "《》", "“”"):
            if text.rfind(opening) > text.rfind(closing):
                text = text[: text.rfind(opening)]
    return text.strip(" '")


def block_key(block: TableBlock | FigureBlock) -> str:
    """Return ``table:key`` or ``figure:key``, as mentions name a block."""
    return f"{'table' if isinstance(block, TableBlock) else 'figure'}:{block.key}"
