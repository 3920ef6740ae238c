"""How good forecasts were by the month they started in: one panel an indicator, a line a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast.charts.chart import Chart
from forecast.charts.fonts import chart_fonts
from forecast.charts.small_panels import (
    Series,
    draw_legend,
    panel_sheet_height,
    panels_on,
    series_style,
)
from forecast.charts.style import GREY, Footer, Lang, bilingual, canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["SkillByMonthData", "SkillLine", "SkillPanel", "skill_by_month"]

_WIDTH, _PANEL, _COLUMNS, _FRAME = 11.0, 2.1, 3, 1.5  # [inch], but for the columns
#: Rules are drawn thin and dashed, apart from the models by more than colour.
_RULE_STROKES = (":", "--", "-.", (0, (5, 1, 1, 1, 1, 1)))


@dataclass(frozen=True)
class SkillLine:
    """One model or rule: its score by start month, and the interval of it.

    Attributes:
        label_zh, label_en: names.
        months: start months, ascending.
        scores: mean CRPS (of a rule: mean absolute error) of each [unit of the panel].
        low, high: interval of each; NaN where there is none.
        rule: whether it is a plain rule.
    """

    label_zh: str
    label_en: str
    months: tuple[int, ...]
    scores: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    rule: bool = False


@dataclass(frozen=True)
class SkillPanel:
    """One indicator: its names, unit and lines."""

    title_zh: str
    title_en: str
    unit_zh: str
    unit_en: str
    lines: tuple[SkillLine, ...]


@dataclass(frozen=True)
class SkillByMonthData:
    """What the chart shows; a line of the same name has the same look in every panel."""

    panels: tuple[SkillPanel, ...]
    footer: Footer
    name: str = "skill_by_month"


def skill_by_month(
    data: SkillByMonthData, *, lang: Lang = "both", only_packaged: bool | None = None
) -> Chart:
    """Draw the mean CRPS of each model by start month, beside the errors of the plain rules.

    Args:
        data: what is shown.
        lang: language of the texts.
        only_packaged: draw with the packaged font alone; None follows the environment.

    Raises:
        ValueError: no panel, or a line whose parts differ in length.
    """
    table = _table(data)
    with chart_fonts(only_packaged):
        return _draw(data, table, lang)


def _table(data: SkillByMonthData) -> pd.DataFrame:
    if not data.panels:
        raise ValueError("there is no indicator to draw")
    rows = []
    for panel in data.panels:
        for line in panel.lines:
            sizes = {len(v) for v in (line.months, line.scores, line.low, line.high)}
            if len(sizes) != 1:
                raise ValueError(f"{line.label_en}: months, scores and intervals differ in length")
            rows += [
                {
                    "indicator_zh": panel.title_zh, "indicator_en": panel.title_en,
                    "unit": panel.unit_en, "line_zh": line.label_zh, "line_en": line.label_en,
                    "start_month": m, "score": s, "low": a, "high": b,
                }
                for m, s, a, b in zip(line.months, line.scores, line.low, line.high, strict=True)
            ]  # fmt: skip
    return pd.DataFrame(rows)


def _draw(data: SkillByMonthData, table: pd.DataFrame, lang: Lang) -> Chart:
    title_zh = "历史回报误差(CRPS,越小越好)按起报月份"
    title_en = "Error of past forecasts (CRPS, less is better) by start month"
    looks = _looks(data, lang)
    columns = min(_COLUMNS, len(data.panels))
    height = panel_sheet_height(len(data.panels), columns, _PANEL, frame=_FRAME, legend=len(looks))
    sheet = canvas(_WIDTH, height, title_zh, title_en, data.footer, lang)
    titles = [
        (_with_unit(p.title_zh, p.unit_zh), _with_unit(p.title_en, p.unit_en)) for p in data.panels
    ]
    every = panels_on(sheet, titles, columns, _PANEL, lang)
    months = sorted({m for p in data.panels for line in p.lines for m in line.months})
    for axes, panel in zip(every, data.panels, strict=True):
        _lines(axes, panel, months, looks)
        words = [
            bilingual(f"{m}月", _MONTHS[m - 1], "zh" if lang == "both" else lang) for m in months
        ]
        axes.set_xticks(range(len(months)), words)
    draw_legend(sheet, list(looks.values()))
    return Chart(sheet.figure, table, data.name, title_zh, title_en)


def _with_unit(title: str, unit: str) -> str:
    return f"{title} [{unit}]" if unit not in ("", "-") else title


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _looks(data: SkillByMonthData, lang: Lang) -> dict[str, Series]:
    """The look of each line by its English name, models first."""
    named = {line.label_en: line for panel in data.panels for line in panel.lines}
    looks = {}
    for k, line in enumerate(v for v in named.values() if not v.rule):
        looks[line.label_en] = Series(
            bilingual(line.label_zh, line.label_en, lang), *series_style(k)
        )
    for k, line in enumerate(v for v in named.values() if v.rule):
        stroke: Any = _RULE_STROKES[k % len(_RULE_STROKES)]
        text = bilingual(line.label_zh, line.label_en, lang)
        looks[line.label_en] = Series(text, GREY, "", stroke)
    return looks


def _lines(axes: Axes, panel: SkillPanel, months: list[int], looks: dict[str, Series]) -> None:
    models = [line for line in panel.lines if not line.rule]
    for line in panel.lines:
        look = looks[line.label_en]
        x = np.array([months.index(m) for m in line.months], dtype=float)
        if not line.rule and len(models) > 1:
            # Marks of several models stand beside each other, so that their intervals show.
            x += (models.index(line) - (len(models) - 1) / 2) * 0.09
        axes.plot(
            x, line.scores, color=look.colour, marker=look.mark, ls=look.stroke,
            lw=1.1 if line.rule else 1.6, ms=4.5, zorder=2 if line.rule else 3,
        )  # fmt: skip
        low, high = np.asarray(line.low, float), np.asarray(line.high, float)
        good = np.isfinite(low) & np.isfinite(high)
        if good.any():
            axes.vlines(x[good], low[good], high[good], color=look.colour, lw=0.9, alpha=0.7)
    axes.set_ylim(bottom=0.0)
    axes.set_xlim(-0.4, len(months) - 0.6)
    axes.grid(axis="y", color="#e8e8e8", lw=0.7)
    axes.set_axisbelow(True)
