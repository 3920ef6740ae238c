"""Reliability diagrams: of what was said with 70 %, did 70 % come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.charts.chart import Chart
from forecast.charts.fonts import chart_fonts
from forecast.charts.small_panels import panel_sheet_height, panels_on
from forecast.charts.style import BLACK, GREY, LINES, Footer, Lang, bilingual, canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ReliabilityData", "ReliabilityPanel", "reliability_diagram"]

_WIDTH, _PANEL, _COLUMNS, _FRAME = 11.0, 2.9, 3, 1.5  # [inch], but for the columns


@dataclass(frozen=True)
class ReliabilityPanel:
    """One indicator: the fit of what came on what was stated, its bounds, bins, scores.

    Attributes:
        title_zh, title_en: names.
        stated: distinct probabilities, ascending, shape (level,).
        came: isotonic fit of what came, shape (level,).
        low, high: where the fit lies if what is stated is true, shape (level,).
        bin_stated, bin_share, bin_count: mean of what was said, share that came and number of
            forecasts in bins of ten per cent; NaN where a bin is empty.
        mcb, dsc, unc: parts of the Brier score.
    """

    title_zh: str
    title_en: str
    stated: tuple[float, ...]
    came: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    bin_stated: tuple[float, ...]
    bin_share: tuple[float, ...]
    bin_count: tuple[int, ...]
    mcb: float
    dsc: float
    unc: float


@dataclass(frozen=True)
class ReliabilityData:
    """What the chart shows: the model it is of, one panel an indicator."""

    model_zh: str
    model_en: str
    panels: tuple[ReliabilityPanel, ...]
    footer: Footer
    name: str = "reliability_diagram"


def reliability_diagram(
    data: ReliabilityData, *, lang: Lang = "both", only_packaged: bool | None = None
) -> Chart:
    """Draw stated probabilities against what came: the isotonic fit, its bounds, and plain bins.

    Args:
        data: what is shown.
        lang: language of the texts.
        only_packaged: draw with the packaged font alone; None follows the environment.

    Raises:
        ValueError: no panel.
    """
    if not data.panels:
        raise ValueError("there is no indicator to draw")
    with chart_fonts(only_packaged):
        return _draw(data, lang)


def _draw(data: ReliabilityData, lang: Lang) -> Chart:
    title_zh = f"预测概率是否兑现:{data.model_zh}"
    title_en = f"Did stated probabilities come true: {data.model_en}"
    columns = min(_COLUMNS, len(data.panels))
    height = panel_sheet_height(len(data.panels), columns, _PANEL, frame=_FRAME)
    sheet = canvas(_WIDTH, height, title_zh, title_en, data.footer, lang)
    every = panels_on(sheet, [(p.title_zh, p.title_en) for p in data.panels], columns, _PANEL, lang)
    rows = []
    for axes, panel in zip(every, data.panels, strict=True):
        _panel(axes, panel, lang)
        rows += [
            {
                "model_en": data.model_en, "indicator_zh": panel.title_zh,
                "indicator_en": panel.title_en, "kind": "isotonic", "stated": s, "came": c,
                "low": a, "high": b, "n": "",
            }
            for s, c, a, b in zip(panel.stated, panel.came, panel.low, panel.high, strict=True)
        ]  # fmt: skip
        rows += [
            {
                "model_en": data.model_en, "indicator_zh": panel.title_zh,
                "indicator_en": panel.title_en, "kind": "bin", "stated": s, "came": c,
                "low": np.nan, "high": np.nan, "n": n,
            }
            for s, c, n in zip(panel.bin_stated, panel.bin_share, panel.bin_count, strict=True)
            if n
        ]  # fmt: skip
    return Chart(sheet.figure, pd.DataFrame(rows), data.name, title_zh, title_en)


def _panel(axes: Axes, panel: ReliabilityPanel, lang: Lang) -> None:
    axes.plot([0, 1], [0, 1], color=GREY, lw=0.9, ls="--", zorder=2)
    low, high = np.asarray(panel.low, float), np.asarray(panel.high, float)
    if np.isfinite(low).any():
        axes.fill_between(panel.stated, low, high, color="#dcdcdc", lw=0, zorder=1)
    axes.plot(panel.stated, panel.came, color=LINES["red"], lw=1.8, zorder=4)
    counts = np.asarray(panel.bin_count, float)
    sizes = 12.0 + 110.0 * counts / max(1.0, counts.max(initial=1.0))
    some = counts > 0
    axes.scatter(
        np.asarray(panel.bin_stated)[some], np.asarray(panel.bin_share)[some], s=sizes[some],
        facecolor="#74acd5", edgecolor=LINES["blue"], lw=0.8, zorder=3, alpha=0.85,
    )  # fmt: skip
    axes.set_xlim(-0.03, 1.03)
    axes.set_ylim(-0.03, 1.03)
    ticks = [0, 0.25, 0.5, 0.75, 1]
    axes.set_xticks(ticks, ["0", "25", "50", "75", "100 %"])
    axes.set_yticks(ticks, ["0", "25", "50", "75", "100 %"])
    one = "zh" if lang == "both" else lang
    axes.set_xlabel(bilingual("预测概率", "stated", one), fontsize=8.0, color=GREY, labelpad=1)
    axes.set_ylabel(bilingual("实际比例", "came", one), fontsize=8.0, color=GREY, labelpad=1)
    n = int(counts.sum())
    said = bilingual(f"{n}次判断", f"{n} events", one)
    text = f"{said}\nMCB {panel.mcb:.3f}\nDSC {panel.dsc:.3f}\nUNC {panel.unc:.3f}"
    axes.text(
        1.0, 0.0, text, ha="right", va="bottom", fontsize=7.8, color=BLACK, gid="parts", zorder=5,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1.5},
    )  # fmt: skip
    axes.grid(color="#eeeeee", lw=0.7)
    axes.set_axisbelow(True)
