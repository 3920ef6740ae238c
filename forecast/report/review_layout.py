"""What the written forms of a review share: numbers of headings and captions, links, clean texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Final

from forecast.report.document import (
    Chapter,
    Column,
    Document,
    FigureBlock,
    Language,
    Section,
    TableBlock,
    in_language,
    numbering,
    resolved,
)
from forecast.report.words import Pair

__all__ = [
    "NO_ROWS",
    "RESERVATION",
    "RUN",
    "caption_of",
    "cells_wide",
    "colour",
    "column_head",
    "day_of",
    "headings",
    "linked",
    "noted",
    "number_of",
    "numeral",
    "printable",
]

#: What a table without rows says.
NO_ROWS: Final = Pair("无数据", "no data")
#: What a reservation begins with, and what the run is called.
RESERVATION: Final = Pair("保留意见：", "Reservation: ")
RUN: Final = Pair("预测运行编号 ", "Forecast run ")

_DIGITS = "零一二三四五六七八九"
_MENTION = re.compile(r"<((?:table|figure):[a-z0-9_]+)>")
#: Around a mention while it is resolved; no printable text holds them.
_OPEN, _BETWEEN, _CLOSE = "\x01", "\x02", "\x03"
_LINKED = re.compile(f"{_OPEN}([^{_BETWEEN}]*){_BETWEEN}([^{_CLOSE}]*){_CLOSE}")
#: What XML 1.0 forbids, and characters without a look: they come from broken files only.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]"
)
_HEX = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")


def printable(text: str) -> str:
    """Return ``text`` without control characters, which no format may hold.

    >>> printable("衡\\x00水")
    '衡水'
    """
    return _UNPRINTABLE.sub("", text)


def numeral(number: int) -> str:
    """Return a Chinese numeral below a hundred, as headings count.

    >>> numeral(3), numeral(10), numeral(21)
    ('三', '十', '二十一')
    """
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else "十" if tens == 1 else f"{_DIGITS[tens]}十"
    return head + (_DIGITS[ones] if ones or not tens else "")


def headings(chapter: Chapter, number: int, lang: Language) -> tuple[str, Iterator[str]]:
    """Return the title of the chapter and those of its sections, with their numbers.

    Chinese: 一、 and （一）; English: 1 and 1.1.
    """
    title = printable(in_language(chapter.title, lang))
    sections = [
        printable(in_language(b.title, lang)) for b in chapter.blocks if isinstance(b, Section)
    ]
    if lang == "zh":
        return f"{numeral(number)}、{title}", (
            f"（{numeral(k)}）{text}" for k, text in enumerate(sections, 1)
        )
    return f"{number}  {title}", (f"{number}.{k}  {text}" for k, text in enumerate(sections, 1))


def number_of(block: TableBlock | FigureBlock, document: Document, lang: Language) -> str:
    """Return 表3 or Figure 2, as mentions print it."""
    kind = "table" if isinstance(block, TableBlock) else "figure"
    return resolved(f"<{kind}:{block.key}>", numbering(document), lang)


def linked(text: str, numbers: dict[str, int], lang: Language) -> list[tuple[str, str]]:
    """Split a text at its mentions: pieces of (text, key), the key empty for plain words.

    The pieces put together are what ``resolved`` returns.

    Raises:
        ValueError: as ``resolved``.

    >>> linked("达标（见<table:a>）。", {"table:a": 1}, "zh")
    [('达标（见', ''), ('表1', 'table:a'), ('）。', '')]
    """
    marked = _MENTION.sub(
        lambda m: f"{_OPEN}{m[1]}{_BETWEEN}{m[0]}{_CLOSE}", printable(text)
    )  # fmt: skip
    text = resolved(marked, numbers, lang)
    pieces: list[tuple[str, str]] = []
    at = 0
    for match in _LINKED.finditer(text):
        pieces += [(text[at : match.start()], ""), (match[2], match[1])]
        at = match.end()
    pieces.append((text[at:], ""))
    return [(piece, key) for piece, key in pieces if piece]


def noted(
    notes: tuple[Pair, ...], numbers: dict[str, int], lang: Language
) -> list[list[tuple[str, str]]]:
    """Return the pieces of the small print under a block; several remarks are numbered.

    >>> noted((Pair("甲", "a"), Pair("乙", "b")), {}, "zh")
    [[('注：1.', ''), ('甲', '')], [('2.', ''), ('乙', '')]]
    """
    lines = [linked(in_language(note, lang), numbers, lang) for note in notes]
    if len(lines) == 1:
        return [[(in_language(Pair("注：", "Note: "), lang), ""), *lines[0]]]
    gap = "" if lang == "zh" else " "
    lead = in_language(Pair("注：", "Notes: "), lang)
    return [[(f"{lead if n == 1 else ''}{n}.{gap}", ""), *line] for n, line in enumerate(lines, 1)]


def caption_of(block: TableBlock | FigureBlock, document: Document, lang: Language) -> str:
    """Return a caption with its number: 表3　… or Table 3. …"""
    gap = "　" if lang == "zh" else ". "
    caption = printable(in_language(block.caption, lang))
    return f"{number_of(block, document, lang)}{gap}{caption}"


def column_head(column: Column, lang: Language) -> tuple[str, str]:
    """Return the words of a column and its unit in brackets; a unit is never borrowed.

    What counts as 天 in Chinese may need no unit in English, so an empty one stays empty.
    """
    unit = printable(column.unit.zh if lang == "zh" else column.unit.en)
    bracketed = (f"（{unit}）" if lang == "zh" else f"({unit})") if unit else ""
    return printable(in_language(column.head, lang)), bracketed


def day_of(day: date, lang: Language) -> str:
    """Return a date as a report writes it.

    >>> day_of(date(2025, 7, 3), "zh"), day_of(date(2025, 7, 3), "en")
    ('2025年7月3日', '3 July 2025')
    """
    if lang == "zh":
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


#: Not from ``strftime``, which follows the machine's language.
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def colour(text: str) -> str:
    """Return a colour if it is one in hex, else nothing.

    >>> colour("#c0392b"), colour("red; x: y")
    ('#c0392b', '')
    """
    return text if _HEX.fullmatch(text) else ""


def cells_wide(text: str) -> int:
    """Return the width of the longest line in half-width cells; a Chinese character takes two.

    >>> cells_wide("优良天数\\n(d)")
    8
    """
    return max(
        (sum(2 if ord(c) > 0x2E7F else 1 for c in line) for line in text.split("\n")), default=0
    )
