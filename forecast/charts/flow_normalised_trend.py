"""Flow-normalised trend of items of sections: annual means as they were, and without the flow."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from forecast.charts.chart import Chart
from forecast.charts.fonts import chart_fonts
from forecast.charts.small_panels import Series, draw_legend, panel_sheet_height, panels_on
from forecast.charts.style import BLACK, GREY, LINES, Footer, Lang, bilingual, canvas, wrap

__all__ = ["FlowNormalisedData", "FlowNormalisedPanel", "flow_normalised_trend"]

_WIDTH, _PANEL, _COLUMNS, _FRAME = 11.0, 2.2, 2, 1.75  # [inch], but for the columns
_WORDS_CELLS = 74


@dataclass(frozen=True)
class FlowNormalisedPanel:
    """One item of one section.

    Attributes:
        title_zh, title_en: section and item.
        years: years drawn, ascending.
        conc: mean of the days' estimated concentrations of each year [mg/L].
        normalised: the same with the flows of all years on every day [mg/L].
        change_zh, change_en: what changed between the first and the last year, in words.
    """

    title_zh: str
    title_en: str
    years: tuple[int, ...]
    conc: tuple[float, ...]
    normalised: tuple[float, ...]
    change_zh: str
    change_en: str


@dataclass(frozen=True)
class FlowNormalisedData:
    """What the chart shows: the region and its panels."""

    region_zh: str
    region_en: str
    panels: tuple[FlowNormalisedPanel, ...]
    footer: Footer
    name: str = "flow_normalised_trend"


def flow_normalised_trend(
    data: FlowNormalisedData, *, lang: Lang = "both", only_packaged: bool | None = None
) -> Chart:
    """Draw annual mean concentrations and, as a line, what is left of them without the flow.

    Args:
        data: what is shown.
        lang: language of the texts.
        only_packaged: draw with the packaged font alone; None follows the environment.

    Raises:
        ValueError: no panel, or one whose years and values differ in number.
    """
    if not data.panels:
        raise ValueError("there is no section to draw")
    for panel in data.panels:
        if len({len(panel.years), len(panel.conc), len(panel.normalised)}) != 1:
            raise ValueError(f"{panel.title_en}: years and values differ in number")
    with chart_fonts(only_packaged):
        return _draw(data, lang)


def _draw(data: FlowNormalisedData, lang: Lang) -> Chart:
    from matplotlib.ticker import MaxNLocator

    title_zh = f"{data.region_zh} 流量归一化浓度趋势"
    title_en = f"{data.region_en or data.region_zh}: concentrations with the effect of flow removed"
    looks = [
        Series(bilingual("年均浓度", "annual mean", lang), GREY, "o", ""),
        Series(
            bilingual("流量归一化(去除来水丰枯)", "flow-normalised", lang), LINES["red"], "", "-"
        ),
    ]
    columns = min(_COLUMNS, len(data.panels))
    height = panel_sheet_height(
        len(data.panels), columns, _PANEL + 0.45, frame=_FRAME, legend=len(looks)
    )
    sheet = canvas(_WIDTH, height, title_zh, title_en, data.footer, lang)
    titles = [(p.title_zh, p.title_en) for p in data.panels]
    every = panels_on(sheet, titles, columns, _PANEL + 0.45, lang)
    rows = []
    for axes, panel in zip(every, data.panels, strict=True):
        axes.plot(panel.years, panel.conc, color=GREY, marker="o", ls="", ms=4.5, zorder=2)
        axes.plot(panel.years, panel.normalised, color=LINES["red"], lw=1.9, zorder=3)
        highest = max(*panel.conc, *panel.normalised)
        # Room above the points for two lines of words.
        axes.set_ylim(0.0, 1.42 * highest)
        axes.set_ylabel("mg/L", fontsize=8.0, color=GREY)
        axes.grid(axis="y", color="#e8e8e8", lw=0.7)
        axes.set_axisbelow(True)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        texts = [t for t in (panel.change_zh, panel.change_en) if t]
        if lang != "both":
            texts = [bilingual(panel.change_zh, panel.change_en, lang)]
        words = "\n".join(
            line for text in texts for line in wrap(text, _WORDS_CELLS * 2 // columns)
        )
        axes.text(
            0.01, 0.98, words, transform=axes.transAxes, ha="left", va="top", fontsize=8.0,
            color=BLACK, linespacing=1.4, gid="change",
        )  # fmt: skip
        rows += [
            {
                "section_item_zh": panel.title_zh, "section_item_en": panel.title_en, "year": year,
                "conc_mg_l": conc, "flow_normalised_mg_l": normalised,
            }
            for year, conc, normalised in zip(
                panel.years, panel.conc, panel.normalised, strict=True
            )
        ]  # fmt: skip
    draw_legend(sheet, looks)
    return Chart(sheet.figure, pd.DataFrame(rows), data.name, title_zh, title_en)
