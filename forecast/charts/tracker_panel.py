"""The box beside a target tracker: each target with its probability, then the facts in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from forecast.charts.style import BLACK, GREY, Canvas, Lang, wrap
from forecast.charts.words import VERDICTS, percent

__all__ = ["Card", "Fact", "Line", "against_plan", "draw_panel", "panel_height", "panel_lines"]

_POINTS_PER_INCH = 72.0
_INDENT = 0.08  # [inch]


@dataclass(frozen=True)
class Card:
    """One target: two labels, its value as printed, its line's colour, what was found."""

    label_zh: str
    label_en: str
    value: str
    colour: str
    probability: float | None
    verdict: str


class Fact(NamedTuple):
    """One statement in both languages."""

    zh: str
    en: str


@dataclass(frozen=True)
class Line:
    """One line of the box: its text, size [point], colour, height [inch], verdict, probability."""

    text: str
    size: float
    colour: str
    height: float
    verdict: str = ""
    verdict_text: str = ""
    probability: float | None = None


def against_plan(apart: float, unit: str) -> Fact:
    """Say how far a value is from the plan path (时序进度); ``apart`` in ``unit``.

    >>> against_plan(2.34, "%").en
    '2.3 points above the plan path'
    """
    size = f"{abs(apart):.1f}"
    if float(size) == 0:
        return Fact("与时序进度持平", "on the plan path")
    zh, en = ("高于", "above") if apart > 0 else ("低于", "below")
    points, points_en = ("个百分点", "points") if unit == "%" else (unit, unit)
    return Fact(f"{zh}时序进度 {size} {points}", f"{size} {points_en} {en} the plan path")


def panel_lines(cards: list[Card], facts: list[Fact], width: float, lang: Lang) -> list[Line]:
    """Lay out the box of ``width`` [inch] as lines from the top down."""
    lines: list[Line] = []
    for card in cards:
        lines += _texts(Fact(card.label_zh, card.label_en), 9.4, BLACK, width, lang)
        verdict = VERDICTS[card.verdict]
        word = verdict.en if lang == "en" else verdict.zh
        if lang == "both":
            word = f"{verdict.zh} {verdict.en}"
        beside = len(card.value) * 0.6 * 13 + _cells(word) * 0.5 * 9 + 30 < width * _POINTS_PER_INCH
        lines.append(
            Line(card.value, 13.0, card.colour, 0.29, card.verdict if beside else "", word)
        )
        if not beside:
            lines.append(Line("", 9.0, BLACK, 0.26, card.verdict, word))
        if card.probability is not None:
            lines.append(Line("", 10.5, BLACK, 0.25, card.verdict, "", card.probability))
        lines.append(Line("", 1.0, BLACK, 0.15))
    for fact in facts:
        lines += _texts(fact, 8.8, BLACK, width, lang)
        lines.append(Line("", 1.0, BLACK, 0.03))
    return lines


def _texts(pair: Fact, size: float, colour: str, width: float, lang: Lang) -> list[Line]:
    """Chinese first, English under it, smaller and grey."""
    shown = {"zh": [pair.zh or pair.en], "en": [pair.en or pair.zh], "both": [pair.zh, pair.en]}
    lines: list[Line] = []
    for k, text in enumerate(t for t in shown[lang] if t):
        own = size - 0.8 * k
        # A half-width cell is at most half an em wide; a tenth is kept in reserve.
        room = int((width - _INDENT) * _POINTS_PER_INCH / own * 2 * 0.98)
        height = own * 1.5 / _POINTS_PER_INCH
        lines += [Line(part, own, GREY if k else colour, height) for part in wrap(text, room)]
    return lines


def _cells(text: str) -> int:
    return sum(2 if ord(c) > 0x2E7F else 1 for c in text)


def panel_height(lines: list[Line]) -> float:
    """Height of the box [inch]."""
    return sum(line.height for line in lines)


def draw_panel(sheet: Canvas, lines: list[Line], width: float) -> None:
    """Draw the box at the right edge of ``sheet``, from its top down."""
    height = sheet.top - sheet.bottom
    axes = sheet.figure.add_axes(sheet.box(sheet.right - width, sheet.bottom, width, height))
    axes.set_xlim(0, width)
    axes.set_ylim(-height, 0)
    axes.axis("off")
    y = 0.0
    for line in lines:
        middle = y - line.height / 2
        if line.text:
            axes.text(_INDENT, middle, line.text, fontsize=line.size, color=line.colour,
                      va="center", gid="panel")  # fmt: skip
        if line.verdict and line.verdict_text:
            verdict = VERDICTS[line.verdict]
            box = {"facecolor": verdict.fill, "edgecolor": "none", "boxstyle": "round,pad=0.28"}
            axes.text(width - 0.06, middle, line.verdict_text, fontsize=9.0, color=verdict.ink,
                      va="center", ha="right", gid="panel", bbox=box)  # fmt: skip
        if line.probability is not None:
            fill = VERDICTS[line.verdict].fill
            bar = width - _INDENT - 0.82
            axes.barh(middle, bar, height=0.12, left=_INDENT, color="#e8e8e8")
            axes.barh(middle, bar * line.probability, height=0.12, left=_INDENT, color=fill)
            axes.text(width - 0.06, middle, f"P {percent(line.probability)}", fontsize=line.size,
                      color=BLACK, va="center", ha="right", gid="panel")  # fmt: skip
        y -= line.height
