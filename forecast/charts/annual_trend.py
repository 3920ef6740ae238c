"""Chart 4, annual indicators over the years, with the limits of their time and their slopes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.charts.chart import Chart
from forecast.charts.fonts import chart_fonts
from forecast.charts.review_style import frame_height
from forecast.charts.small_panels import Series, draw_legend, panel_sheet_height, panels_on
from forecast.charts.style import BLACK, GREY, LINES, Canvas, Footer, Lang, bilingual, canvas, wrap
from forecast.standards.indicators import indicator

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["AnnualPanel", "AnnualTrendData", "TrendLine", "annual_trend"]

_WIDTH, _PANEL, _COLUMNS, _FRAME = 11.6, 2.05, 3, 0.25  # [inch], but for the columns
_WORDS, _LINE = 0.62, 0.15  # [inch] room for the words on a slope: least, and of each line
_CELLS = 52


@dataclass(frozen=True)
class TrendLine:
    """A Theil-Sen slope.

    Attributes:
        slope, lower, upper: estimate and bounds [unit per year]; bounds NaN where there are none.
        n: values it rests on; ``of`` says whether ``months`` or ``years``.
        filled: months whose value was made from other years.
        segments: straight lines to draw: first and last year, value at each.
        percent: slope in % a year; NaN where it has no meaning.
        level: probability of the bounds [%].
        note_zh, note_en: why there are no bounds, no slope, or no conclusion; empty where there are.
        conclusive: whether the record allows a conclusion on a trend; bounds are given either way.
    """

    slope: float
    lower: float
    upper: float
    n: int
    of: str
    filled: int = 0
    segments: tuple[tuple[float, float, float, float], ...] = ()
    percent: float = math.nan
    level: float = 95.0
    note_zh: str = ""
    note_en: str = ""
    conclusive: bool = True


@dataclass(frozen=True)
class AnnualPanel:
    """One indicator over the years.

    Attributes:
        indicator: its name, such as ``pm25_annual_mean``.
        years: every year from the first to the last.
        values: value as printed, NaN where missing [unit of the indicator].
        enough: whether the days of that year are enough for an official value.
        limits: limit in force at the end of that year; NaN without one.
        standards: token of that limit.
        breaks: where the state of measurement changed, on an axis whose whole numbers are mid-years.
        trend: the slope; None where the item was never measured.
    """

    indicator: str
    years: tuple[int, ...]
    values: tuple[float, ...]
    enough: tuple[bool, ...]
    limits: tuple[float, ...]
    standards: tuple[str, ...]
    trend: TrendLine | None = None
    breaks: tuple[float, ...] = ()


@dataclass(frozen=True)
class AnnualTrendData:
    """What the chart shows: a place and its indicators."""

    place_zh: str
    panels: tuple[AnnualPanel, ...]
    footer: Footer
    place_en: str = ""
    name: str = "annual_trend"


def annual_trend(
    data: AnnualTrendData, *, lang: Lang = "both", only_packaged: bool | None = None
) -> Chart:
    """Draw annual values, the limit of each year and the slope in words.

    Args:
        data: what is shown.
        lang: language of the texts.
        only_packaged: draw with the packaged font alone; None follows the environment.

    Raises:
        ValueError: no panel, or one whose years and values differ in number.
    """
    if not data.panels:
        raise ValueError("there is no indicator to draw")
    for panel in data.panels:
        sizes = {len(panel.years), len(panel.values), len(panel.enough), len(panel.limits),
                 len(panel.standards)}  # fmt: skip
        if sizes != {len(panel.years)} or not panel.years:
            raise ValueError(f"{panel.indicator}: years and values differ in number")
    with chart_fonts(only_packaged):
        return _draw(data, lang)


def _table(data: AnnualTrendData) -> pd.DataFrame:
    """One row an indicator and year."""
    rows = []
    for panel in data.panels:
        trend = panel.trend
        for k, year in enumerate(panel.years):
            rows.append(
                {
                    "indicator": panel.indicator, "unit": indicator(panel.indicator).unit,
                    "year": year, "value": panel.values[k], "enough_days": panel.enough[k],
                    "limit": panel.limits[k], "standard": panel.standards[k],
                    "slope_per_year": trend.slope if trend else math.nan,
                    "slope_low": trend.lower if trend else math.nan,
                    "slope_high": trend.upper if trend else math.nan,
                    "slope_n": trend.n if trend else 0, "slope_of": trend.of if trend else "",
                    "slope_conclusive": trend.conclusive if trend else False,
                    "months_filled": trend.filled if trend else 0,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def _draw(data: AnnualTrendData, lang: Lang) -> Chart:
    first = min(p.years[0] for p in data.panels)
    last = max(p.years[-1] for p in data.panels)
    span = f"{first}–{last}" if last > first else f"{first}"
    title_zh = f"{data.place_zh} {span}年主要污染物年评价指标变化"
    title_en = f"{data.place_en or data.place_zh}: annual indicators {span}, limits and trends"
    columns = min(_COLUMNS, len(data.panels))
    room = max([_WORDS, *(_LINE * len(_said(p, lang)) for p in data.panels)])
    panel = _PANEL + room
    looks = [
        Series(bilingual("年值", "annual value", lang), LINES["blue"], "o", "-"),
        Series(bilingual("二级限值", "class II limit", lang), LINES["red"], "", "--"),
        Series(bilingual("Theil–Sen斜率", "Theil–Sen slope", lang), BLACK, "", ":"),
    ]
    frame = _FRAME + frame_height(data.footer, lang, _WIDTH)
    height = panel_sheet_height(len(data.panels), columns, panel, frame=frame, legend=4)
    sheet = canvas(_WIDTH, height, title_zh, title_en, data.footer, lang)
    titles = []
    for p in data.panels:
        about = indicator(p.indicator)
        titles.append((about.zh, about.en))
    every = panels_on(sheet, titles, columns, panel, lang)
    for axes, one in zip(every, data.panels, strict=True):
        _panel(axes, one, (first, last), room, lang)
    draw_legend(sheet, looks)
    _more_marks(sheet, lang)
    return Chart(sheet.figure, _table(data), data.name, title_zh, title_en)


def _more_marks(sheet: Canvas, lang: Lang) -> None:
    """Write the second row of the legend: marks of years and of the basis of measurement."""
    from matplotlib.lines import Line2D

    across, up = sheet.figure.get_size_inches()
    handles = [
        Line2D([], [], ls="", marker="o", mfc="white", mec=LINES["blue"], ms=5.5,
               label=bilingual("天数不足，不作正式评价", "too few days", lang)),
        Line2D([], [], ls="", marker="x", mec=LINES["red"], ms=5.5,
               label=bilingual("该年无数据", "no data in that year", lang)),
        Line2D([], [], color=GREY, lw=0.9, ls=(0, (4, 3)),
               label=bilingual("监测状态改变", "basis of measurement changed", lang)),
    ]  # fmt: skip
    sheet.figure.legend(
        handles=handles, loc="lower left", ncols=3, frameon=False, fontsize=8.5, borderpad=0,
        bbox_to_anchor=(sheet.left / across, (sheet.bottom + 0.24) / up), handlelength=2.6,
        columnspacing=1.6,
    )  # fmt: skip


def _panel(axes: Axes, panel: AnnualPanel, span: tuple[int, int], room: float, lang: Lang) -> None:
    from matplotlib.ticker import MaxNLocator

    years = np.array(panel.years, dtype=float)
    values = np.array(panel.values, dtype=float)
    enough = np.array(panel.enough, dtype=bool)
    known = np.isfinite(values)
    axes.set_xlim(span[0] - 0.6, span[1] + 0.6)
    if span[1] - span[0] < 6:
        axes.set_xticks(range(span[0], span[1] + 1))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=7))
    axes.grid(axis="y", color="#ececec", lw=0.7)
    axes.set_axisbelow(True)
    about = indicator(panel.indicator)
    axes.set_ylabel(about.unit, fontsize=8.5, color=BLACK)
    limits = np.array(panel.limits, dtype=float)
    shown = np.r_[values[known], limits[np.isfinite(limits)]]
    if panel.trend is not None:
        shown = np.r_[shown, [v for s in panel.trend.segments for v in (s[2], s[3])]]
    top = float(shown.max()) if shown.size else 1.0
    # The upper part is for the words on the slope.
    axes.set_ylim(0, top * 1.1 * (_PANEL + room) / _PANEL)
    if not known.any():
        text = bilingual("没有这个项目的数据", "this item was never measured", lang, separator="\n")
        axes.text(0.5, 0.45, text, transform=axes.transAxes, ha="center", va="center",
                  fontsize=9.5, color=LINES["red"], gid="change")  # fmt: skip
    full = known & enough
    # A part of a year is no point of the line: its season would be read as a change.
    axes.plot(years, np.where(full, values, np.nan), color=LINES["blue"], lw=1.2, zorder=4)
    axes.plot(years[full], values[full], ls="", marker="o", ms=5.5, color=LINES["blue"], zorder=5)
    part = known & ~enough
    axes.plot(years[part], values[part], ls="", marker="o", ms=5.5, mfc="white",
              mec=LINES["blue"], mew=1.3, zorder=5)  # fmt: skip
    gone = ~known
    if known.any() and gone.any():
        axes.plot(years[gone], np.full(gone.sum(), 0.03), ls="", marker="x", ms=5.5,
                  color=LINES["red"], transform=axes.get_xaxis_transform(), zorder=5)  # fmt: skip
    _limits(axes, panel, limits, top)
    for year in panel.breaks:
        axes.axvline(
            year, 0, _PANEL / (_PANEL + room), color=GREY, lw=0.9, ls=(0, (4, 3)), zorder=1
        )
    if panel.trend is not None:
        for x0, x1, y0, y1 in panel.trend.segments:
            axes.plot([x0, x1], [y0, y1], color=BLACK, lw=1.5, ls=":", zorder=6)
        words = "\n".join(_said(panel, lang))
        axes.text(0.015, 0.99, words, transform=axes.transAxes, ha="left", va="top", fontsize=7.6,
                  color=BLACK, linespacing=1.35, gid="change")  # fmt: skip


def _limits(axes: Axes, panel: AnnualPanel, limits: np.ndarray, top: float) -> None:
    """Draw the limit of each year as a line that steps; write it at each of its heights."""
    edges = np.append(np.array(panel.years) - 0.5, panel.years[-1] + 0.5)
    if not np.isfinite(limits).any():
        return
    axes.stairs(limits, edges, baseline=None, color=LINES["red"], lw=1.4, ls="--", zorder=3)
    values = np.array(panel.values, dtype=float)
    starts = [k for k in range(len(limits)) if k == 0 or limits[k] != limits[k - 1]]
    for k, end in zip(starts, [*starts[1:], len(limits)], strict=True):
        if not np.isfinite(limits[k]):
            continue
        # Where the values are furthest from the line there is room for its number.
        apart = np.abs(values[k:end] - limits[k])
        for cut in panel.breaks:
            apart[np.abs(np.array(panel.years[k:end]) - cut) < 0.6] = np.nan
        at = k + int(np.nanargmax(apart)) if np.isfinite(apart).any() else k
        above = not values[at] > limits[k]
        axes.text(panel.years[at], limits[k] + (0.012 if above else -0.02) * top, f"{limits[k]:g}",
                  fontsize=7.6, color=LINES["red"], va="bottom" if above else "top", ha="center",
                  gid="limit")  # fmt: skip


def _said(panel: AnnualPanel, lang: Lang) -> list[str]:
    if panel.trend is None:
        return []
    return trend_words(panel.trend, indicator(panel.indicator).unit, lang)


def trend_words(trend: TrendLine, unit: str, lang: Lang) -> list[str]:
    """The slope, its interval and what it rests on, in lines.

    >>> line = TrendLine(-2.0, -3.0, -1.0, 9, "years", percent=-4.0)
    >>> trend_words(line, "µg/m³", "en")
    ['-2.0 µg/m³ a year (-4.0 %)', '95 % interval -3.0 to -1.0; 9 years']
    """
    if not math.isfinite(trend.slope):
        zh, en = [trend.note_zh], [trend.note_en]
    else:
        digits = 2 if unit == "mg/m³" or abs(trend.slope) < 0.1 else 1
        slope, low, high = (f"{v:+.{digits}f}" for v in (trend.slope, trend.lower, trend.upper))
        share, share_en = "", ""
        if math.isfinite(trend.percent):
            share, share_en = f"（{trend.percent:+.1f} %）", f" ({trend.percent:+.1f} %)"
        many = f"{trend.n}个{'月' if trend.of == 'months' else '年值'}"
        many_en = f"{trend.n} {trend.of}"
        if trend.filled:
            many, many_en = (
                f"{many}（补{trend.filled}个）",
                f"{many_en} ({trend.filled} filled)",
            )
        inside, inside_en = [], []
        if math.isfinite(trend.lower):
            inside = [f"{trend.level:g} %区间 {low} 至 {high}；{many}"]
            inside_en = [f"{trend.level:g} % interval {low} to {high}; {many_en}"]
        if trend.note_zh:
            inside, inside_en = [*inside, trend.note_zh], [*inside_en, trend.note_en]
        zh, en = (
            [f"每年 {slope} {unit}{share}", *inside],
            [f"{slope} {unit} a year{share_en}", *inside_en],
        )
    texts = {"zh": zh, "en": en, "both": [*zh, *en]}[lang]
    return [line for text in texts for line in wrap(text, _CELLS)]
