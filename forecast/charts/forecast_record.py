"""The forecast record: what was said of each year while it ran, and what came in the end.

One panel an indicator. Each forecast stands at the day it was made from: its median and its intervals
of 50 and 90 %; the value that came is a line across its year. A truth outside the 90 % is crossed.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.charts.chart import Chart
from forecast.charts.fonts import chart_fonts
from forecast.charts.small_panels import panel_sheet_height, panels_on
from forecast.charts.style import BLACK, GREY, LINES, Canvas, Footer, Lang, bilingual, canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["QUANTILES", "ForecastRecordData", "RecordPanel", "forecast_record"]

#: Columns of ``RecordPanel.quantiles``.
QUANTILES: tuple[str, ...] = ("q05", "q25", "q50", "q75", "q95")

_WIDTH = 11.0  # [inch]
_PANEL = 2.0  # [inch]
_FRAME = 1.95  # [inch] title, legend and footer
_COLUMNS = 2
_GAP = 0.72  # [inch] left of a panel

#: Up to so many forecasts of a year stand each for itself; more are drawn as bands.
_FEW = 26

_BAND90, _BAND50 = "#d6e6f4", "#74acd5"


@dataclass(frozen=True)
class RecordPanel:
    """What was said of one indicator of one place.

    Attributes:
        title_zh, title_en: what the panel shows.
        unit: of the values; ``unit_zh`` where Chinese has a word of its own.
        dates: day each forecast was made from, datetime64[D], shape (forecast,).
        years: year each is about, shape (forecast,).
        quantiles: columns :data:`QUANTILES`, shape (forecast, 5).
        truth: what came, shape (forecast,); NaN where the year is not over.
        target: number asked for at the time, shape (forecast,), NaN without one; None for none.
    """

    title_zh: str
    title_en: str
    unit: str
    dates: NDArray[np.datetime64]
    years: NDArray[np.int64]
    quantiles: NDArray[np.float64]
    truth: NDArray[np.float64]
    target: NDArray[np.float64] | None = None
    unit_zh: str = ""


@dataclass(frozen=True)
class ForecastRecordData:
    """What the chart shows: the place, its panels, the footer, the stem of the files."""

    place_zh: str
    panels: tuple[RecordPanel, ...]
    footer: Footer
    place_en: str = ""
    name: str = "forecast_record"


def forecast_record(
    data: ForecastRecordData, *, lang: Lang = "both", only_packaged: bool | None = None
) -> Chart:
    """Draw the forecast record of one place.

    Args:
        data: what is shown.
        lang: language of the texts.
        only_packaged: draw with the packaged font alone; None follows the environment.

    Raises:
        ValueError: no panel, a panel without forecasts, or arrays of different length.
    """
    if not data.panels:
        raise ValueError("there is no indicator to draw")
    for panel in data.panels:
        n = len(panel.dates)
        shapes = {len(panel.years), len(panel.truth), len(panel.quantiles)}
        shapes |= set() if panel.target is None else {len(panel.target)}
        if not n or shapes != {n} or panel.quantiles.shape != (n, len(QUANTILES)):
            raise ValueError(f"{panel.title_en}: {n} dates for arrays of lengths {sorted(shapes)}")
    with chart_fonts(only_packaged):
        return _draw(data, lang)


def _draw(data: ForecastRecordData, lang: Lang) -> Chart:
    zh, en = data.place_zh, data.place_en or data.place_zh
    title_zh, title_en = (
        f"{zh} 预测履历：当时怎么说，后来怎样",
        f"{en}: what was said and what came",
    )
    columns = min(_COLUMNS, len(data.panels))
    height = panel_sheet_height(len(data.panels), columns, _PANEL, frame=_FRAME)
    sheet = canvas(_WIDTH, height, title_zh, title_en, data.footer, lang)
    titles = [_titles(p) for p in data.panels]
    for axes, panel in zip(
        panels_on(sheet, titles, columns, _PANEL, lang, gap=_GAP), data.panels, strict=True
    ):
        _panel(axes, panel, lang)
    _legend(sheet, data, lang)
    return Chart(sheet.figure, _table(data), data.name, title_zh, title_en)


def _titles(panel: RecordPanel) -> tuple[str, str]:
    """Name and unit, then how often the truth lay inside."""
    known = np.isfinite(panel.truth)
    n, inside = int(known.sum()), int(_inside(panel)[known].sum())
    bare = panel.unit in ("", "-", "class")
    head_zh = panel.title_zh + ("" if bare else f" [{panel.unit_zh or panel.unit}]")
    head_en = panel.title_en + ("" if bare else f" [{panel.unit}]")
    if not n:
        return f"{head_zh}　尚无结果", f"{head_en}, nothing came yet"
    return f"{head_zh}　90 %区间含{inside}/{n}次", f"{head_en}, {inside} of {n} inside 90 %"


def _inside(panel: RecordPanel) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        return (panel.quantiles[:, 0] <= panel.truth) & (panel.truth <= panel.quantiles[:, -1])


def _panel(axes: Axes, panel: RecordPanel, lang: Lang) -> None:
    days = panel.dates.astype("datetime64[D]").astype(float)
    for year in np.unique(panel.years):
        own = np.flatnonzero(panel.years == year)
        own = own[np.argsort(days[own], kind="stable")]
        _said(axes, days[own], panel.quantiles[own])
        truth = panel.truth[own][0]
        ends = np.array([f"{year}-01-01", f"{year}-12-31"], dtype="datetime64[D]").astype(float)
        if np.isfinite(truth):
            axes.plot(ends, [truth, truth], color=BLACK, lw=2.0, zorder=6, solid_capstyle="butt")
            missed = own[~_inside(panel)[own]]
            axes.plot(
                days[missed], np.full(len(missed), truth), ls="", marker="x", ms=5.5, mew=1.5,
                color=LINES["red"], zorder=7,
            )  # fmt: skip
        else:
            middle = float(np.median(panel.quantiles[own, 2]))
            text = bilingual("未到期", "open", "zh" if lang == "both" else lang)
            axes.annotate(
                text, (days[own][-1], middle), xytext=(7, 0), textcoords="offset points",
                fontsize=8.0, color=GREY, va="center", gid="open",
            )  # fmt: skip
        if panel.target is not None:
            asked = panel.target[own]
            axes.plot(
                ends, np.full(2, asked[-1]), color=LINES["red"], lw=1.2, ls="--", zorder=4
            )  # NaN draws nothing
    _axis(axes, panel)


def _said(axes: Axes, days: NDArray[np.float64], quantiles: NDArray[np.float64]) -> None:
    low, lower, middle, upper, high = quantiles.T
    if len(days) > _FEW:
        axes.fill_between(days, low, high, color=_BAND90, lw=0, zorder=1)
        axes.fill_between(days, lower, upper, color=_BAND50, lw=0, zorder=2)
        axes.plot(days, middle, color=LINES["blue"], lw=1.3, zorder=5)
        return
    axes.vlines(days, low, high, color="#a9cbe6", lw=2.2, zorder=1)
    axes.vlines(days, lower, upper, color=_BAND50, lw=4.6, zorder=2)
    axes.plot(
        days, middle, color=LINES["blue"], ls="", marker="o", ms=3.6, mec="white", mew=0.5, zorder=5
    )


def _axis(axes: Axes, panel: RecordPanel) -> None:
    first = min(int(panel.years.min()), int(str(panel.dates.min())[:4]))
    last = int(panel.years.max())
    starts = np.array([f"{y}-01-01" for y in range(first, last + 2)], dtype="datetime64[D]")
    edges = starts.astype(float)
    begin = min(float(panel.dates.min().astype("datetime64[D]").astype(float)), edges[-2])
    left = max(edges[0], begin - 20.0) if last > first else edges[0]
    axes.set_xlim(left - 6.0, edges[-1] + 12.0)
    for edge in edges[1:-1]:
        axes.axvline(edge, color="#dddddd", lw=0.8, zorder=0)
    if last == first:
        at = np.array([f"{first}-{m:02d}-01" for m in (1, 4, 7, 10)], dtype="datetime64[D]")
        axes.set_xticks(at.astype(float), [f"{first}-{m:02d}" for m in (1, 4, 7, 10)])
    else:
        step = -(-len(edges) // 13)
        middles = [(a + b) / 2 for a, b in pairwise(edges)]
        shown = [(x, str(first + k)) for k, x in enumerate(middles) if k % step == 0 and x > left]
        axes.set_xticks([x for x, _ in shown], [text for _, text in shown])
        axes.tick_params(axis="x", length=0)
    values = [panel.quantiles.ravel(), panel.truth]
    if panel.target is not None:
        values.append(panel.target)
    every = np.concatenate(values)
    every = every[np.isfinite(every)]
    low, high = float(every.min()), float(every.max())
    room = max(0.07 * (high - low), 1e-3 * max(abs(high), 1e-9))
    axes.set_ylim(low - room, high + room)
    axes.grid(axis="y", color="#eeeeee", lw=0.7)
    axes.set_axisbelow(True)


def _legend(sheet: Canvas, data: ForecastRecordData, lang: Lang) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    def word(zh: str, en: str) -> str:
        return bilingual(zh, en, lang)

    handles: list[Line2D | Patch] = [
        Line2D([], [], color=LINES["blue"], marker="o", ms=4, lw=1.3, label=word("预测中位数", "median")),
        Patch(color=_BAND50, label=word("50 %区间", "50 % interval")),
        Patch(color=_BAND90, label=word("90 %区间", "90 % interval")),
        Line2D([], [], color=BLACK, lw=2.0, label=word("实际值", "what came")),
        Line2D([], [], color=LINES["red"], marker="x", mew=1.5, ls="", label=word("落在90 %之外", "outside 90 %")),
    ]  # fmt: skip
    if any(p.target is not None and np.isfinite(p.target).any() for p in data.panels):
        handles.append(
            Line2D([], [], color=LINES["red"], lw=1.2, ls="--", label=word("目标", "target"))
        )
    across, up = sheet.figure.get_size_inches()
    legend = sheet.figure.legend(
        handles=handles, loc="lower left", ncols=len(handles), frameon=False, fontsize=8.3,
        bbox_to_anchor=(sheet.left / across, sheet.bottom / up), borderpad=0, handlelength=1.8,
        columnspacing=1.3, handletextpad=0.5,
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_color(BLACK)


def _table(data: ForecastRecordData) -> pd.DataFrame:
    parts = []
    for panel in data.panels:
        known = np.isfinite(panel.truth)
        parts.append(
            pd.DataFrame(
                {
                    "place": data.place_zh, "indicator_zh": panel.title_zh,
                    "indicator_en": panel.title_en, "unit": panel.unit,
                    "as_of": panel.dates.astype("datetime64[D]").astype(str), "year": panel.years,
                    **{name: panel.quantiles[:, k] for k, name in enumerate(QUANTILES)},
                    "truth": panel.truth,
                    "inside_90": np.where(known, np.where(_inside(panel), "1", "0"), ""),
                    "target": np.full(len(known), np.nan) if panel.target is None else panel.target,
                }
            )
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)
