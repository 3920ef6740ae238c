"""The look common to all charts: colours, marks for black-and-white print, title and footer.

Charts are laid out in inches: ``canvas`` draws title and footer and returns what is left of the
figure, so that text keeps its size whatever the figure's height.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from forecast.standards.aqi import LEVELS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "AQI_COLOURS",
    "AQI_INK",
    "AQI_LEVELS_EN",
    "AQI_LEVELS_ZH",
    "BLACK",
    "CLASS_COLOURS",
    "CLASS_INK",
    "GREY",
    "LINES",
    "Canvas",
    "Footer",
    "Lang",
    "bilingual",
    "canvas",
    "footer_lines",
    "wrap",
]

Lang = Literal["zh", "en", "both"]

#: Official colours of AQI levels 1 to 6 as hex; element 0 is an unknown level.
AQI_COLOURS: tuple[str, ...] = ("#ffffff", *("#{:02x}{:02x}{:02x}".format(*x.rgb) for x in LEVELS))

#: Ink that stays readable on each of them.
AQI_INK: tuple[str, ...] = (
    "#555555", "#0b2e0b", "#3a3a00", "#2b1500", "#ffffff", "#ffffff", "#ffffff",
)  # fmt: skip

AQI_LEVELS_ZH: tuple[str, ...] = ("无效", "优", "良", "轻度", "中度", "重度", "严重")
AQI_LEVELS_EN: tuple[str, ...] = (
    "invalid", "excellent", "good", "light", "moderate", "heavy", "severe",
)  # fmt: skip

#: Water classes Ⅰ to 劣Ⅴ in the colours that bulletins use (from memory: no text fixes the RGB);
#: the class letter is printed in every tile, so colour never stands alone.
CLASS_COLOURS: tuple[str, ...] = (
    "#ffffff", "#bfe6ff", "#4aa8e8", "#57c84d", "#ffe650", "#ff9a2e", "#e03c31",
)  # fmt: skip
CLASS_INK: tuple[str, ...] = (
    "#555555", "#0b2d4d", "#06213a", "#0b2e0b", "#3a3300", "#2b1500", "#ffffff",
)  # fmt: skip

#: Lines that colour-blind readers can tell apart (Okabe and Ito's set, 2008).
LINES: dict[str, str] = {
    "blue": "#0072b2",
    "orange": "#e69f00",
    "green": "#009e73",
    "red": "#d55e00",
    "purple": "#cc79a7",
    "sky": "#56b4e9",
}
BLACK = "#1d1d1d"
GREY = "#6a6a6a"

_TITLE_SIZE = 15.0
_SUBTITLE_SIZE = 10.0
_FOOTER_SIZE = 7.8
_POINTS_PER_INCH = 72.0
_SIDE = 0.25  # [inch] margin left and right of title and footer


@dataclass(frozen=True)
class Footer:
    """What stands under every chart.

    Attributes:
        period: first and last day of the data, such as ``2025-01-01/2025-06-30``.
        n_valid, n_expected: valid and expected days (or samples) of that period.
        standard: token of the rules used.
        run_id: the run that drew the chart; empty outside a run.
        dust_zh, dust_en: how dust days are treated; empty where it has no meaning.
        notices: lines that must not be missed, as (Chinese, English).
        unit_zh, unit_en: what is counted in ``n_valid`` and ``n_expected``.
    """

    period: str
    n_valid: int
    n_expected: int
    standard: str
    run_id: str = ""
    dust_zh: str = ""
    dust_en: str = ""
    notices: tuple[tuple[str, str], ...] = ()
    unit_zh: str = "天"
    unit_en: str = "days"


@dataclass(frozen=True)
class Canvas:
    """The part of a figure left for its content [inch from the lower left corner]."""

    figure: Figure
    left: float
    bottom: float
    right: float
    top: float

    def box(
        self, left: float, bottom: float, width: float, height: float
    ) -> tuple[float, float, float, float]:
        """Turn inches from the lower left corner into the fractions ``add_axes`` takes."""
        across, up = self.figure.get_size_inches()
        return left / across, bottom / up, width / across, height / up


def bilingual(zh: str, en: str, lang: Lang, *, separator: str = " ") -> str:
    """Return the text in the language asked for, or both with ``separator`` between.

    >>> bilingual("优", "excellent", "both")
    '优 excellent'
    """
    if lang == "zh":
        return zh or en
    if lang == "en":
        return en or zh
    return separator.join(dict.fromkeys(t for t in (zh, en) if t))


def wrap(text: str, width: int) -> list[str]:
    """Break ``text`` into lines of at most ``width`` half-width cells.

    A Chinese character takes two cells and may be followed by a break; Latin words stay whole.
    """
    lines: list[str] = []
    line, used = "", 0
    for piece in _pieces(text):
        cells = sum(2 if ord(c) > 0x2E7F else 1 for c in piece)
        if used and used + cells > width:
            lines.append(line.rstrip())
            line, used = "", 0
            if not piece.strip():
                continue
        line += piece
        used += cells
    if line.strip():
        lines.append(line.rstrip())
    return lines


def _pieces(text: str) -> list[str]:
    """Split where a line may break: around wide characters and after spaces."""
    pieces: list[str] = []
    word = ""
    for c in text:
        if ord(c) > 0x2E7F:
            # Closing punctuation must not open a line: it stays with what it closes.
            if c in "，。；：、）」！？":
                if word:
                    word += c
                elif pieces:
                    pieces[-1] += c
                else:
                    pieces.append(c)
                continue
            if word:
                pieces.append(word)
                word = ""
            pieces.append(c)
        elif c in ",.;:)!?" and not word and pieces and ord(pieces[-1][-1]) > 0x2E7F:
            pieces[-1] += c
        else:
            word += c
            if c == " ":
                pieces.append(word)
                word = ""
    if word:
        pieces.append(word)
    return pieces


def footer_lines(footer: Footer, lang: Lang) -> list[tuple[str, bool]]:
    """Return the footer's lines, each with whether it is a notice."""
    period = footer.period.replace("/", " – ")
    count = f"{footer.n_valid}/{footer.n_expected}"
    zh = [
        f"数据时段 {period}",
        f"有效/应有 {count} {footer.unit_zh}",
        f"标准 {footer.standard}",
        footer.dust_zh,
        f"运行 {footer.run_id}" if footer.run_id else "",
    ]
    en = [
        f"Data {period}",
        f"valid/expected {count} {footer.unit_en}",
        f"standard {footer.standard}",
        footer.dust_en,
        f"run {footer.run_id}" if footer.run_id else "",
    ]
    lines: list[tuple[str, bool]] = []
    if lang != "en":
        lines.append(("　".join(t for t in zh if t), False))
    if lang != "zh":
        lines.append((" · ".join(t for t in en if t), False))
    lines += [(bilingual(z, e, lang, separator=" / "), True) for z, e in footer.notices]
    return lines


def canvas(
    width: float, height: float, title_zh: str, title_en: str, footer: Footer, lang: Lang
) -> Canvas:
    """Make a figure of ``width`` × ``height`` [inch] with its title and footer drawn."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), facecolor="white")
    top = height - 0.2
    title = title_en if lang == "en" else title_zh
    figure.text(
        _SIDE / width, top / height, title, size=_TITLE_SIZE, color=BLACK, va="top", gid="title"
    )
    top -= 1.5 * _TITLE_SIZE / _POINTS_PER_INCH
    if lang == "both":
        figure.text(
            _SIDE / width, top / height, title_en, size=_SUBTITLE_SIZE, color=GREY, va="top",
            gid="subtitle",
        )  # fmt: skip
        top -= 1.6 * _SUBTITLE_SIZE / _POINTS_PER_INCH
    step = 1.5 * _FOOTER_SIZE / _POINTS_PER_INCH
    room = int((width - 2 * _SIDE) * _POINTS_PER_INCH / _FOOTER_SIZE * 2)
    lines = [
        (part, notice) for text, notice in footer_lines(footer, lang) for part in wrap(text, room)
    ]
    bottom = 0.12 + step * len(lines)
    for k, (text, notice) in enumerate(lines):
        colour = LINES["red"] if notice else GREY
        figure.text(
            _SIDE / width, (bottom - step * (k + 1)) / height, text, size=_FOOTER_SIZE,
            color=colour, va="bottom", gid="footer",
        )  # fmt: skip
    return Canvas(figure, _SIDE, bottom + 0.08, width - _SIDE, top - 0.05)
