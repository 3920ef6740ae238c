"""The frontier of two levers as maps: chance of the target, and what PM2.5 and ozone do beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.charts.chart import Chart
from forecast.charts.fonts import chart_fonts
from forecast.charts.review_style import frame_height
from forecast.charts.style import BLACK, GREY, LINES, Footer, Lang, bilingual, canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ScenarioMapData", "scenario_map"]

_WIDTH, _SIDE, _LEFT, _GAP = 11.0, 2.85, 0.5, 0.6  # [inch]
_HEAD, _UNDER = 0.55, 0.85


@dataclass(frozen=True)
class ScenarioMapData:
    """What the maps show.

    Attributes:
        place_zh, place_en: the place; ``place_en`` may be empty.
        year: the year judged.
        target_zh, target_en: the target in words.
        first_zh, first_en, second_zh, second_en: the levers, across and upright.
        first, second: their cuts [%], ascending, shapes (a,) and (b,).
        chances: probability of the target, (a, b).
        pm25_change, o3_change: mean change against no cut, (a, b) [µg/m³].
        asked: probability whose frontier is drawn.
        footer: what stands under the chart.
        name: stem of the saved files.
    """

    place_zh: str
    year: int
    target_zh: str
    target_en: str
    first: NDArray[np.float64]
    second: NDArray[np.float64]
    chances: NDArray[np.float64]
    pm25_change: NDArray[np.float64]
    o3_change: NDArray[np.float64]
    footer: Footer
    first_zh: str = "NOx 削减 %"
    first_en: str = "NOx cut %"
    second_zh: str = "VOC 削减 %"
    second_en: str = "VOC cut %"
    place_en: str = ""
    asked: float = 0.8
    name: str = "scenario_map"


def scenario_map(
    data: ScenarioMapData, *, lang: Lang = "both", only_packaged: bool | None = None
) -> Chart:
    """Draw the chance of a target over two levers, with the changes of PM2.5 and ozone.

    Every cell carries its number, so the maps read without colour; the thick line encloses the
    cells in which the probability is at least as asked.

    Args:
        data: what is shown.
        lang: language of the texts.
        only_packaged: draw with the packaged font alone; None follows the environment.

    Raises:
        ValueError: a table whose shape is not that of the two levers.
    """
    shape = (len(data.first), len(data.second))
    for name in ("chances", "pm25_change", "o3_change"):
        if getattr(data, name).shape != shape:
            raise ValueError(f"{name} has shape {getattr(data, name).shape}, the levers {shape}")
    with chart_fonts(only_packaged):
        return _draw(data, lang)


def _draw(data: ScenarioMapData, lang: Lang) -> Chart:
    title_zh = f"{data.place_zh}{data.year}年两项削减与达标概率：{data.target_zh}"
    title_en = (
        f"{data.place_en or data.place_zh}: two levers and the probability of {data.target_en}, "
        f"{data.year}"
    )
    height = _HEAD + _SIDE + _UNDER + frame_height(data.footer, lang, _WIDTH)
    sheet = canvas(_WIDTH, height, title_zh, title_en, data.footer, lang)
    bottom = sheet.top - _HEAD - _SIDE
    maps = (
        (100 * data.chances, "达标概率 %", "P(target) %", "chance"),
        (data.pm25_change, "PM2.5年均变化 µg/m³", "PM2.5 annual mean, change µg/m³", "change"),
        (data.o3_change, "O3-8h第90百分位变化 µg/m³", "O3-8h p90, change µg/m³", "change"),
    )
    for k, (values, zh, en, kind) in enumerate(maps):
        left = sheet.left + _LEFT + k * (_SIDE + _GAP)
        axes = sheet.figure.add_axes(sheet.box(left, bottom, _SIDE, _SIDE))
        axes.set_title(bilingual(zh, en, lang, separator="\n"), fontsize=8.8, color=BLACK, loc="left",
                       pad=6, linespacing=1.3, gid="panel-title")  # fmt: skip
        _cells(axes, values, kind)
        _labels(axes, data, lang, upright=k == 0)
        if kind == "chance":
            _border(axes, data.chances >= data.asked - 1e-12)
    across, up = sheet.figure.get_size_inches()
    reached = bool((data.chances >= data.asked - 1e-12).any())
    asked = f"{100 * data.asked:g} %"
    words = (
        (f"粗线内概率不低于 {asked}；不给最优，最优取决于费用",
         f"inside the thick line P is {asked} or more; no optimum is named, it would need costs")
        if reached
        else (f"图中没有一格达到 {asked}", f"no cell reaches {asked}")
    )  # fmt: skip
    sheet.figure.text((sheet.left + 0.05) / across, (sheet.bottom + 0.02) / up,
                      bilingual(*words, lang, separator=" / "), fontsize=8.2, color=GREY, va="bottom",
                      gid="rule")  # fmt: skip
    table = pd.DataFrame(
        {
            "first_percent": np.repeat(data.first, len(data.second)),
            "second_percent": np.tile(data.second, len(data.first)),
            "probability": data.chances.ravel(), "pm25_change": data.pm25_change.ravel(),
            "o3_change": data.o3_change.ravel(),
        }
    )  # fmt: skip
    return Chart(sheet.figure, table, data.name, title_zh, title_en)


def _cells(axes: Axes, values: NDArray[np.float64], kind: str) -> None:
    """One square a pair of cuts, its number in it; a rise is red and carries its plus."""
    from matplotlib.colors import LinearSegmentedColormap

    if kind == "chance":
        low, high = 0.0, 100.0
        colours = LinearSegmentedColormap.from_list("chance", ["#ffffff", "#5aa2d0"])
    else:
        high = max(float(np.abs(values).max()), 1e-9)
        low = -high
        colours = LinearSegmentedColormap.from_list("change", ["#7fc6ad", "#ffffff", "#e99a6a"])
    # Drawn as shapes, not as a picture: a page that holds the SVG stays well-formed.
    edges = (np.arange(n + 1) - 0.5 for n in values.shape)
    axes.pcolormesh(*edges, values.T, cmap=colours, vmin=low, vmax=high)
    size = min(8.2, 62.0 / max(values.shape))
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            shown = round(float(values[i, j]), 1) + 0.0
            text = _percent(shown) if kind == "chance" else f"{shown:+.1f}" if shown else "0.0"
            rises = kind == "change" and shown > 0
            axes.text(i, j, text, fontsize=size, color=LINES["red"] if rises else BLACK, ha="center",
                      va="center", gid="cell")  # fmt: skip


def _percent(value: float) -> str:
    """A chance in per cent; what is not certain never reads 0 or 100."""
    return "<1" if value < 1 else ">99" if value > 99 else f"{value:.0f}"


def _labels(axes: Axes, data: ScenarioMapData, lang: Lang, *, upright: bool) -> None:
    axes.set_xticks(range(len(data.first)), [f"{v:g}" for v in data.first])
    axes.set_yticks(range(len(data.second)), [f"{v:g}" for v in data.second])
    axes.tick_params(labelsize=7.8, colors=GREY, length=2)
    axes.set_xlabel(bilingual(data.first_zh, data.first_en, lang), fontsize=8.4, labelpad=2)
    if upright:
        label = bilingual(data.second_zh, data.second_en, lang)
        axes.set_ylabel(label, fontsize=8.4, labelpad=4)
    for side in axes.spines.values():
        side.set_color("#b0b0b0")


def _border(axes: Axes, inside: NDArray[np.bool_]) -> None:
    """A thick line around the cells of ``inside`` (a, b)."""
    across, up = inside.shape
    for i in range(across):
        for j in range(up):
            if i + 1 < across and inside[i, j] != inside[i + 1, j]:
                axes.plot([i + 0.5] * 2, [j - 0.5, j + 0.5], color=BLACK, lw=2.4)
            if j + 1 < up and inside[i, j] != inside[i, j + 1]:
                axes.plot([i - 0.5, i + 0.5], [j + 0.5] * 2, color=BLACK, lw=2.4)
