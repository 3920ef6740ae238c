"""How often the truth lay inside the stated intervals: one panel an indicator, a row a model."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from forecast.charts.chart import Chart
from forecast.charts.fonts import chart_fonts
from forecast.charts.small_panels import panel_sheet_height, panels_on
from forecast.charts.style import BLACK, GREY, LINES, Footer, Lang, bilingual, canvas

__all__ = ["CoverageData", "CoveragePanel", "CoverageRow", "coverage_by_model"]

_WIDTH, _COLUMNS, _FRAME, _ROW, _NAMES = 11.0, 3, 1.4, 0.3, 1.6  # [inch], but for the columns
#: Stated coverage [%] with the mark and colour of what was found.
_BANDS = ((50, "o", LINES["blue"]), (80, "s", LINES["green"]), (90, "D", LINES["red"]))


@dataclass(frozen=True)
class CoverageRow:
    """One model: its names and the share of truths inside the 50, 80 and 90 % intervals [%]."""

    label_zh: str
    label_en: str
    inside: tuple[float, float, float]
    n: int


@dataclass(frozen=True)
class CoveragePanel:
    """One indicator with its models."""

    title_zh: str
    title_en: str
    rows: tuple[CoverageRow, ...]


@dataclass(frozen=True)
class CoverageData:
    """What the chart shows."""

    panels: tuple[CoveragePanel, ...]
    footer: Footer
    name: str = "coverage_by_model"


def coverage_by_model(
    data: CoverageData, *, lang: Lang = "both", only_packaged: bool | None = None
) -> Chart:
    """Draw the share of truths inside the stated intervals; marks belong on the lines of 50, 80, 90.

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


def _draw(data: CoverageData, lang: Lang) -> Chart:
    title_zh = "实际值落在预测区间内的比例(竖线为应有比例)"
    title_en = "Share of truths inside the stated intervals (vertical lines: as stated)"
    columns = min(_COLUMNS, len(data.panels))
    panel = _ROW * (max(len(p.rows) for p in data.panels) + 1.2)
    height = panel_sheet_height(len(data.panels), columns, panel, frame=_FRAME)
    sheet = canvas(_WIDTH, height, title_zh, title_en, data.footer, lang)
    titles = [(p.title_zh, p.title_en) for p in data.panels]
    every = panels_on(sheet, titles, columns, panel, lang, gap=_NAMES)
    rows = []
    for axes, shown in zip(every, data.panels, strict=True):
        for k, (band, mark, colour) in enumerate(_BANDS):
            axes.axvline(band, color=colour, lw=0.9, ls="--", alpha=0.7)
            axes.plot(
                [r.inside[k] for r in shown.rows], [at + 0.16 * (k - 1) for at in range(len(shown.rows))],
                color=colour,
                marker=mark, ls="", ms=5, clip_on=False, zorder=3,
            )  # fmt: skip
        names = [
            bilingual(r.label_zh, r.label_en, "zh" if lang == "both" else lang) for r in shown.rows
        ]
        axes.set_yticks(range(len(names)), names, fontsize=8.0, color=BLACK)
        axes.set_ylim(len(names) - 0.3, -0.9)
        axes.set_xlim(0, 100)
        axes.set_xticks([0, 25, 50, 80, 90, 100], ["0", "25", "50", "80", "90 %", ""])
        axes.grid(axis="y", color="#eeeeee", lw=0.7)
        axes.set_axisbelow(True)
        for k, (band, mark, colour) in enumerate(_BANDS):
            axes.text(
                2 + 27 * k, -0.62, f"{_GLYPHS[mark]} {band} %", color=colour, fontsize=8.0,
                va="center", gid="band",
            )  # fmt: skip
        for at, r in enumerate(shown.rows):
            axes.text(104, at, f"{r.n}", color=GREY, fontsize=7.5, va="center", gid="count")
            rows.append(
                {
                    "indicator_zh": shown.title_zh, "indicator_en": shown.title_en,
                    "model_zh": r.label_zh, "model_en": r.label_en, "n": r.n,
                    **{f"inside_{b}": v for (b, _, _), v in zip(_BANDS, r.inside, strict=True)},
                }
            )  # fmt: skip
    return Chart(sheet.figure, pd.DataFrame(rows), data.name, title_zh, title_en)


_GLYPHS = {"o": "●", "s": "■", "D": "◆"}
