"""A report before it has a format: chapters of paragraphs, tables and figures in two languages.

The writers of HTML, Word, workbook and PDF take the same ``Document``, so that a number stands once
and reads alike everywhere. A paragraph is written by ``say`` from the cells of the tables beside
it; it has no number of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import pandas as pd

from forecast.report.words import Pair

__all__ = [
    "Block",
    "Cell",
    "Chapter",
    "Column",
    "Document",
    "Drawing",
    "FigureBlock",
    "Language",
    "Paragraph",
    "Section",
    "TableBlock",
    "cell",
    "in_language",
    "numbering",
    "resolved",
    "say",
]

Language = Literal["zh", "en"]

#: How a paragraph is set: running text, a finding of the summary, a reservation that must not be
#: missed, a small remark.
Style = Literal["body", "finding", "reservation", "note"]

#: A mention of a table or figure inside a text: ``<table:targets>`` becomes 表3 or Table 3.
_MENTION = re.compile(r"<(table|figure):([a-z0-9_]+)>")
#: A mention stands in brackets of its own, so that it can go where its block has gone.
_BRACKETS = re.compile(
    r"（[^（）]*<(?:table|figure):[^（）]*）|\s?\([^()]*<(?:table|figure):[^()]*\)"
)

#: The place of a cell in a text.
_NAMED = re.compile(r"\{([a-z][a-z0-9_]*)\}")

_WORDS: dict[str, Pair] = {"table": Pair("表", "Table "), "figure": Pair("图", "Figure ")}


@dataclass(frozen=True)
class Cell:
    """One entry of a table: how it is printed, and the value behind it.

    Attributes:
        text: as printed, in Chinese and English.
        value: the number or text a workbook holds; None where there is none.
        decimals: places that the number is shown with; None for a text.
        strong: set in bold.
        fill, ink: background and text colour as hex; empty for none. A colour never stands alone:
            ``text`` says the same.
    """

    text: Pair
    value: float | int | str | date | None = None
    decimals: int | None = None
    strong: bool = False
    fill: str = ""
    ink: str = ""


@dataclass(frozen=True)
class Column:
    """Head of a column: its words, its unit, how its entries are aligned, its share of the width."""

    head: Pair
    unit: Pair = field(default=Pair("", ""))
    align: Literal["left", "centre", "right"] = "centre"
    weight: float = 1.0


@dataclass(frozen=True)
class TableBlock:
    """A numbered table with its caption above.

    Attributes:
        key: unique in the document, lower-case ASCII; the sheet of the workbook is named after it.
        caption: without number.
        columns, rows: every row has one cell a column.
        notes: small print under the table.
    """

    key: str
    caption: Pair
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[Pair, ...] = ()

    def __post_init__(self) -> None:
        wrong = [n for n, row in enumerate(self.rows, 1) if len(row) != len(self.columns)]
        if wrong:
            raise ValueError(f"table {self.key}: row {wrong[0]} has not {len(self.columns)} cells")


@dataclass(frozen=True)
class Drawing:
    """A chart as drawn: ``svg`` as text, ``png`` as bytes, its size [inch] and the table it shows.

    Where no format takes pictures, ``png`` is empty.
    """

    svg: str
    png: bytes
    width: float
    height: float
    table: pd.DataFrame


@dataclass(frozen=True)
class FigureBlock:
    """A numbered figure with its caption below; ``key`` as in ``TableBlock``."""

    key: str
    caption: Pair
    drawing: Drawing
    notes: tuple[Pair, ...] = ()


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; ``cells`` are the entries of tables whose numbers it repeats."""

    text: Pair
    style: Style = "body"
    cells: tuple[Cell, ...] = ()


@dataclass(frozen=True)
class Section:
    """A heading of the second level inside a chapter; what follows stands under it."""

    title: Pair


Block = Section | Paragraph | TableBlock | FigureBlock


@dataclass(frozen=True)
class Chapter:
    """A chapter: the name by which a user's list of chapters chooses it, its title, its blocks."""

    name: str
    title: Pair
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """A whole report.

    Attributes:
        title, subtitle: of the cover, such as 衡水市生态环境质量年度评价报告 and 2024年.
        region, year: what it is about.
        organisation: who hands it in; empty where the workspace names nobody.
        written: the day it was written.
        run_id: the run it rests on.
        notices: lines that must not be missed, on the cover and in the head of every page.
        chapters: in the order printed.
    """

    title: Pair
    subtitle: Pair
    region: str
    year: int
    organisation: str
    written: date
    run_id: str
    chapters: tuple[Chapter, ...]
    notices: tuple[Pair, ...] = ()

    def __post_init__(self) -> None:
        keys = [b.key for b in self.blocks() if isinstance(b, TableBlock | FigureBlock)]
        twice = sorted({k for k in keys if keys.count(k) > 1})
        if twice:
            raise ValueError(f"{twice[0]} is the key of two tables or figures")

    def blocks(self) -> Iterator[Block]:
        """All blocks in order."""
        for chapter in self.chapters:
            yield from chapter.blocks

    def tables(self) -> list[TableBlock]:
        """The tables in order."""
        return [b for b in self.blocks() if isinstance(b, TableBlock)]

    def figures(self) -> list[FigureBlock]:
        """The figures in order."""
        return [b for b in self.blocks() if isinstance(b, FigureBlock)]


def cell(
    value: float | int | str | date | None,
    *,
    decimals: int | None = None,
    zh: str | None = None,
    en: str | None = None,
    signed: bool = False,
    missing: str = "—",
    strong: bool = False,
    fill: str = "",
    ink: str = "",
) -> Cell:
    """Make a cell; a number is printed with ``decimals`` places.

    The value must have been rounded by the rule that holds for it: ``decimals`` only says how many
    places are shown.

    Args:
        value: None and NaN are printed as ``missing``.
        decimals: places; None for texts and whole numbers.
        zh, en: what to print instead.
        signed: whether a number above zero carries a plus.

    >>> cell(-3.0, decimals=1, signed=True).text.zh
    '-3.0'
    """
    if isinstance(value, float) and value != value:
        value = None
    if value is None:
        text = missing
    elif isinstance(value, str | date):
        text = str(value)
    else:
        places = decimals or 0
        number = float(value)
        if round(number, places) == 0:
            number = 0.0  # never a minus before nothing
        text = f"{number:+.{places}f}" if signed and number else f"{number:.{places}f}"
    printed = Pair(text if zh is None else zh, text if en is None else en)
    return Cell(printed, value, decimals, strong, fill, ink)


def say(zh: str, en: str, *, style: Style = "body", **cells: Cell) -> Paragraph:
    """Write a paragraph: ``{name}`` is the printed text of the cell given under that name.

    A numbered block is mentioned in brackets: ``（见<table:key>）`` and ``(<table:key>)``.

    Raises:
        ValueError: a cell is given and named in neither text.

    >>> say("优良率{r}%。", "{r} %.", r=cell(81.25, decimals=1)).text.en
    '81.2 %.'
    """
    for name in cells:
        if not any(f"{{{name}}}" in text for text in (zh, en)):
            raise ValueError(f"{name} is given and nowhere written: {zh}")

    def told(text: str, lang: int) -> str:
        # Braces of other names belong to the data, such as the name of a place.
        return _NAMED.sub(lambda m: cells[m[1]].text[lang] if m[1] in cells else m[0], text)

    return Paragraph(Pair(told(zh, 0), told(en, 1)), style, tuple(cells.values()))


def in_language(pair: Pair | tuple[str, str], lang: Language) -> str:
    """Return one of the two texts; the other where it is empty."""
    return (pair[0] or pair[1]) if lang == "zh" else (pair[1] or pair[0])


def numbering(document: Document) -> dict[str, int]:
    """Return the number of every table and figure by ``table:key`` and ``figure:key``."""
    found = {f"table:{t.key}": n for n, t in enumerate(document.tables(), 1)}
    return found | {f"figure:{f.key}": n for n, f in enumerate(document.figures(), 1)}


def resolved(text: str, numbers: dict[str, int], lang: Language) -> str:
    """Put 表3 or Table 3 in place of a mention.

    Brackets that mention a block the document has not (a user left its chapter out) are dropped.

    Raises:
        ValueError: such a mention stands outside brackets.

    >>> resolved("达标（见<table:a>、<figure:b>）。", {"table:a": 1, "figure:b": 2}, "zh")
    '达标（见表1、图2）。'
    >>> resolved("attained (<table:a>).", {}, "en")
    'attained.'
    """

    def bracketed(match: re.Match[str]) -> str:
        return match[0] if all(f"{k}:{n}" in numbers for k, n in _MENTION.findall(match[0])) else ""

    def number(match: re.Match[str]) -> str:
        key = f"{match[1]}:{match[2]}"
        if key not in numbers:
            raise ValueError(f"the document has no {key}, and it is mentioned outside brackets")
        return f"{in_language(_WORDS[match[1]], lang)}{numbers[key]}"

    return _MENTION.sub(number, _BRACKETS.sub(bracketed, text))
