"""The words beside the budget of bad days: target, what is used and left, what the bars mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forecast.charts.review_style import ITEM_FILL, ITEM_NAMES
from forecast.charts.style import BLACK, GREY, Canvas, Lang, bilingual, wrap
from forecast.standards.items import AIR_ITEMS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Fact", "draw_words"]

#: One fact: size [pt], colour, Chinese, English.
Fact = tuple[float, str, str, str]

_POINTS_PER_INCH = 72.0
#: Half-width cells to an em: a Latin letter takes a little more than half of one.
_CELLS_PER_EM = 1.86


def draw_words(
    sheet: Canvas,
    facts: Sequence[Fact],
    led: NDArray[np.float64],
    years: tuple[int, ...],
    lang: Lang,
    *,
    width: float,
    lowest: float,
    counted: bool = True,
) -> None:
    """Write the column at the right of the sheet.

    Args:
        sheet: the canvas.
        facts: what stands at the top, in order.
        led: days that each of the six items led, shape (6,).
        years: earlier years behind the dotted bars; empty without them.
        lang: language of the texts.
        width: of the column [inch].
        counted: whether any day is valid.
        lowest: height over the sheet's foot at which the items begin at the latest [inch].
    """
    height = sheet.top - sheet.bottom
    axes = sheet.figure.add_axes(sheet.box(sheet.right - width, sheet.bottom, width, height))
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)
    axes.axis("off")
    y = height - 0.1
    for size, colour, zh, en in facts:
        texts = [bilingual(zh, en, lang)] if lang != "both" else [zh, en]
        for k, text in enumerate(texts):
            second = lang == "both" and k == 1
            points = size * 0.84 if second else size
            for part in wrap(text, int(width * _POINTS_PER_INCH / points * _CELLS_PER_EM)):
                axes.text(0, y, part, fontsize=points, color=GREY if second else colour, va="top",
                          gid="panel")  # fmt: skip
                y -= 1.42 * points / _POINTS_PER_INCH
        y -= 0.09
    _items(axes, min(y, lowest), led, years, lang, counted=counted)


def _items(
    axes: Axes,
    y: float,
    led: NDArray[np.float64],
    years: tuple[int, ...],
    lang: Lang,
    *,
    counted: bool,
) -> None:
    """Name the fills of the bars, with the days of each."""
    head = bilingual("首要污染物（天）", "leading item (days)", lang)
    axes.text(0, y, head, fontsize=8.6, color=BLACK, va="top", gid="panel")
    y -= 0.24
    for k in [int(k) for k in np.argsort(-led, kind="stable") if led[k] > 0]:
        item, days = AIR_ITEMS[k], float(led[k])
        shown = f"{days:.0f}" if abs(days - round(days)) < 1e-9 else f"{days:.1f}"
        _row(axes, y, f"{ITEM_NAMES[item]}  {shown}", ITEM_FILL[item], "#8c8c8c")
        y -= 0.21
    if not led.any():
        zh, en = ("尚无污染天", "no bad day so far") if counted else ("没有有效日", "no valid day")
        text = bilingual(zh, en, lang)
        axes.text(0.0, y, text, fontsize=8.4, color=GREY, va="top", gid="panel")
        y -= 0.21
    if years:
        span = f"{years[0]}–{years[-1]}" if len(years) > 1 else f"{years[0]}"
        text = bilingual(
            f"{span}年同日平均", f"same days, mean {span}", "en" if lang == "en" else "zh"
        )
        _row(axes, y, text, "white", GREY, hatch="....")


def _row(axes: Axes, y: float, text: str, fill: str, edge: str, *, hatch: str = "") -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(
        Rectangle((0, y - 0.15), 0.2, 0.15, facecolor=fill, edgecolor=edge, lw=0.7, hatch=hatch)
    )
    axes.text(0.3, y - 0.075, text, fontsize=8.4, color=BLACK, va="center", gid="panel")
