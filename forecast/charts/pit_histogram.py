"""PIT histograms: flat where what came was spread over the forecasts as they stated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast.charts.chart import Chart
from forecast.charts.fonts import chart_fonts
from forecast.charts.small_panels import panel_sheet_height, panels_on
from forecast.charts.style import BLACK, GREY, Footer, Lang, bilingual, canvas

__all__ = ["PitHistogramData", "PitPanel", "pit_histogram"]

_WIDTH, _PANEL, _COLUMNS, _FRAME = 11.0, 1.5, 3, 1.4  # [inch], but for the columns
_LEVEL = 0.9


@dataclass(frozen=True)
class PitPanel:
    """One indicator: its names and the number of PIT values in equal bins of [0, 1]."""

    title_zh: str
    title_en: str
    counts: tuple[int, ...]


@dataclass(frozen=True)
class PitHistogramData:
    """What the chart shows: the model it is of, one panel an indicator."""

    model_zh: str
    model_en: str
    panels: tuple[PitPanel, ...]
    footer: Footer
    name: str = "pit_histogram"


def pit_histogram(
    data: PitHistogramData, *, lang: Lang = "both", only_packaged: bool | None = None
) -> Chart:
    """Draw where what came lay in its forecast, with the 90 % band of a flat histogram.

    The band holds for independent forecasts; places of one year are not, so a bar somewhat
    outside it is no proof. A bulge in the middle is too wide, a bowl too narrow, a slope a bias.

    Args:
        data: what is shown.
        lang: language of the texts.
        only_packaged: draw with the packaged font alone; None follows the environment.

    Raises:
        ValueError: no panel, or one without bins.
    """
    if not data.panels or not all(p.counts for p in data.panels):
        raise ValueError("there is nothing to draw: a panel with bins is needed")
    with chart_fonts(only_packaged):
        return _draw(data, lang)


def _draw(data: PitHistogramData, lang: Lang) -> Chart:
    from scipy.stats import binom

    title_zh = f"实际值在预测分布中的位置(PIT):{data.model_zh}"
    title_en = f"Where what came lay in its forecast (PIT): {data.model_en}"
    columns = min(_COLUMNS, len(data.panels))
    height = panel_sheet_height(len(data.panels), columns, _PANEL, frame=_FRAME)
    sheet = canvas(_WIDTH, height, title_zh, title_en, data.footer, lang)
    every = panels_on(sheet, [(p.title_zh, p.title_en) for p in data.panels], columns, _PANEL, lang)
    rows = []
    for axes, shown in zip(every, data.panels, strict=True):
        bins, n = len(shown.counts), sum(shown.counts)
        low, high = binom.ppf([(1 - _LEVEL) / 2, (1 + _LEVEL) / 2], n, 1 / bins)
        edges = np.arange(bins + 1) / bins
        axes.axhspan(low, high, color="#e4e4e4", lw=0, zorder=1)
        axes.axhline(n / bins, color=GREY, lw=0.9, ls="--", zorder=2)
        axes.bar(
            edges[:-1], shown.counts, width=1 / bins, align="edge", color="#74acd5",
            edgecolor="white", lw=0.8, zorder=3, alpha=0.9,
        )  # fmt: skip
        axes.set_xlim(0, 1)
        axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        text = bilingual(f"{n}次", f"{n} forecasts", "zh" if lang == "both" else lang)
        axes.text(
            0.99, 1.03, text, transform=axes.transAxes, ha="right", va="bottom", fontsize=8.0,
            color=BLACK, gid="count",
        )  # fmt: skip
        rows += [
            {
                "model_en": data.model_en, "indicator_zh": shown.title_zh,
                "indicator_en": shown.title_en, "lower": a, "upper": b, "count": c,
                "expected": n / bins, "low": low, "high": high,
            }
            for a, b, c in zip(edges[:-1], edges[1:], shown.counts, strict=True)
        ]  # fmt: skip
    return Chart(sheet.figure, pd.DataFrame(rows), data.name, title_zh, title_en)
