"""Small panels side by side on one sheet: where each stands, its title, and the legend of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forecast.charts.style import BLACK, GREY, LINES, Canvas, Lang, bilingual

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "GAP",
    "SERIES",
    "Series",
    "draw_legend",
    "panel_sheet_height",
    "panels_on",
    "series_style",
]

#: Colours, marks and strokes of the series of a chart, in order: told apart in print without
#: colour too.
SERIES: tuple[tuple[str, str, str], ...] = (
    (LINES["blue"], "o", "-"), (LINES["red"], "s", "-"), (LINES["green"], "^", "-"),
    (LINES["purple"], "D", "-"), (LINES["orange"], "v", "-"), (LINES["sky"], "P", "-"),
    (BLACK, "X", "-"), (GREY, "*", "-"),
)  # fmt: skip

GAP = 0.62  # [inch] left of a panel, for the labels of its axis
_GAP_Y = 0.86  # [inch] above a panel, for its title and the axis of the one above
_LEGEND_COLUMNS = 3
_LEGEND_ROW = 0.24  # [inch]


@dataclass(frozen=True)
class Series:
    """A line of the legend: its label and its look."""

    label: str
    colour: str
    mark: str
    stroke: str


def series_style(k: int) -> tuple[str, str, str]:
    """Colour, mark and stroke of the k-th series; they repeat with a dashed stroke."""
    colour, mark, stroke = SERIES[k % len(SERIES)]
    return colour, mark, stroke if k < len(SERIES) else "--"


def panel_sheet_height(
    n: int, columns: int, panel: float, *, frame: float, legend: int = 0
) -> float:
    """Height of a sheet [inch] with ``n`` panels of height ``panel``.

    Args:
        n: number of panels.
        columns: panels in a row.
        panel: height of one [inch].
        frame: what title and footer take [inch].
        legend: entries of the legend.
    """
    rows = -(-n // columns)
    return rows * (panel + _GAP_Y) + -(-legend // _LEGEND_COLUMNS) * _LEGEND_ROW + frame


def panels_on(
    sheet: Canvas,
    titles: Sequence[tuple[str, str]],
    columns: int,
    panel: float,
    lang: Lang,
    *,
    gap: float = GAP,
) -> list[Axes]:
    """Put one axes for each title on the sheet, row by row from the top; returns them in order.

    Args:
        sheet: the canvas.
        titles: (Chinese, English) of each panel.
        columns: panels in a row.
        panel: height of a panel [inch].
        lang: language of the titles.
        gap: room left of each panel [inch].
    """
    width = (sheet.right - sheet.left - 0.2 - columns * gap) / columns
    out = []
    for k, (zh, en) in enumerate(titles):
        row, column = divmod(k, columns)
        left = sheet.left + gap + column * (width + gap)
        top = sheet.top - 0.42 - row * (panel + _GAP_Y)
        axes = sheet.figure.add_axes(sheet.box(left, top - panel, width, panel))
        text = bilingual(zh, en, lang, separator="\n")
        axes.set_title(
            text, fontsize=9.0, color=BLACK, loc="left", pad=6, linespacing=1.3, gid="panel-title"
        )
        axes.tick_params(labelsize=8.0, colors=GREY, length=3)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        for side in ("left", "bottom"):
            axes.spines[side].set_color("#b0b0b0")
        out.append(axes)
    return out


def draw_legend(sheet: Canvas, series: Sequence[Series]) -> None:
    """Write the legend along the lower edge of the sheet, above its footer."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=s.colour, marker=s.mark, ls=s.stroke, lw=1.5, ms=5, label=s.label)
        for s in series
    ]
    across, up = sheet.figure.get_size_inches()
    legend = sheet.figure.legend(
        handles=handles, loc="lower left", ncols=min(_LEGEND_COLUMNS, max(1, len(handles))), frameon=False,
        bbox_to_anchor=(sheet.left / across, sheet.bottom / up), fontsize=8.5, borderpad=0,
        handlelength=2.6, columnspacing=1.6,
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_color(BLACK)
