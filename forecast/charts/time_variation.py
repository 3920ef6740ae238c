"""Chart 6, variation in time: mean by hour, weekday and month, this year beside earlier ones."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.charts.chart import Chart
from forecast.charts.fonts import chart_fonts
from forecast.charts.review_style import frame_height, month_name
from forecast.charts.small_panels import Series, draw_legend, panel_sheet_height, panels_on
from forecast.charts.style import BLACK, GREY, LINES, Footer, Lang, bilingual, canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["CYCLES", "CyclePanel", "GroupMeans", "TimeVariationData", "time_variation"]

#: What a cycle is called in Chinese and English, and the number of its groups.
CYCLES: dict[str, tuple[str, str, int]] = {
    "hour": ("小时", "hour", 24),
    "weekday": ("星期", "weekday", 7),
    "month": ("月份", "month", 12),
}

_WIDTH, _PANEL, _FRAME = 11.6, 2.1, 0.2  # [inch]


@dataclass(frozen=True)
class GroupMeans:
    """Means of the groups of a cycle: hours 1 to 24, Monday to Sunday, January to December.

    Attributes:
        mean: shape (group,), NaN where nothing was measured [unit].
        lower, upper: bounds of the mean, shape (group,), NaN where there are none [unit].
        n: values in each group, shape (group,).
    """

    mean: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    n: NDArray[np.int64]


@dataclass(frozen=True)
class CyclePanel:
    """One panel.

    Attributes:
        item_zh, item_en: what is averaged, such as ``PM2.5``.
        unit: its unit.
        cycle: ``hour``, ``weekday`` or ``month``.
        now: means of the year.
        before: means of the earlier years; None without them.
        to_come: groups (from 0) that the year has not reached.
    """

    item_zh: str
    item_en: str
    unit: str
    cycle: str
    now: GroupMeans
    before: GroupMeans | None = None
    to_come: tuple[int, ...] = ()


@dataclass(frozen=True)
class TimeVariationData:
    """What the chart shows.

    Attributes:
        place_zh, place_en: the place; ``place_en`` may be empty.
        year: this year.
        before: the earlier years whose mean stands beside it.
        rows: panels row by row; every row has the same cycles.
        level: probability of the bounds [%].
        footer: what stands under the chart.
        name: stem of the saved files.
    """

    place_zh: str
    year: int
    before: tuple[int, ...]
    rows: tuple[tuple[CyclePanel, ...], ...]
    footer: Footer
    place_en: str = ""
    level: float = 95.0
    name: str = "time_variation"


def time_variation(
    data: TimeVariationData, *, lang: Lang = "both", only_packaged: bool | None = None
) -> Chart:
    """Draw the means of every cycle with their bounds, this year and the earlier ones.

    Args:
        data: what is shown.
        lang: language of the texts.
        only_packaged: draw with the packaged font alone; None follows the environment.

    Raises:
        ValueError: no panel, rows of different length, or means that don't fit their cycle.
    """
    if not data.rows or not data.rows[0]:
        raise ValueError("there is nothing to draw")
    if len({tuple(p.cycle for p in row) for row in data.rows}) != 1:
        raise ValueError("every row must have the same cycles")
    for panel in (p for row in data.rows for p in row):
        groups = CYCLES[panel.cycle][2]
        for means in (panel.now, panel.before):
            if means is not None and {
                a.shape for a in (means.mean, means.lower, means.upper, means.n)
            } != {(groups,)}:
                raise ValueError(f"{panel.item_en} by {panel.cycle} needs {groups} means")
    with chart_fonts(only_packaged):
        return _draw(data, lang)


def _rows(data: TimeVariationData) -> Iterator[dict[str, object]]:
    span = f"{data.before[0]}-{data.before[-1]}" if data.before else ""
    for panel in (p for row in data.rows for p in row):
        for period, means in ((str(data.year), panel.now), (span, panel.before)):
            if means is None:
                continue
            for k in range(len(means.mean)):
                come = period == str(data.year) and k in panel.to_come
                yield {
                    "item": panel.item_en, "unit": panel.unit, "cycle": panel.cycle,
                    "group": k + 1, "period": period, "mean": means.mean[k],
                    "lower": means.lower[k], "upper": means.upper[k], "n": int(means.n[k]),
                    "status": "to come" if come else "observed" if means.n[k] else "missing",
                }  # fmt: skip


def _draw(data: TimeVariationData, lang: Lang) -> Chart:
    cycles = [CYCLES[p.cycle] for p in data.rows[0]]
    place = data.place_en or data.place_zh
    words_zh = "、".join(c[0] for c in cycles)
    words_en = ", ".join(c[1] for c in cycles[:-1]) + f" and {cycles[-1][1]}"
    title_zh = f"{data.place_zh} {data.year}年浓度的{words_zh}变化"
    title_en = f"{place}: variation by {words_en if len(cycles) > 1 else cycles[0][1]}, {data.year}"
    looks = [Series(str(data.year), LINES["blue"], "o", "-")]
    if data.before:
        span = (
            f"{data.before[0]}–{data.before[-1]}" if len(data.before) > 1 else str(data.before[0])
        )
        looks.append(Series(bilingual(f"{span}年平均", f"mean {span}", lang), GREY, "s", "--"))
    band = bilingual(
        f"竖线、色带：均值的{data.level:g} %区间", f"bars, bands: {data.level:g} % interval of the mean",
        lang,
    )  # fmt: skip
    looks.append(Series(band, BLACK, "|", ""))
    panels = [p for row in data.rows for p in row]
    columns = len(cycles)
    frame = _FRAME + frame_height(data.footer, lang, _WIDTH)
    height = panel_sheet_height(len(panels), columns, _PANEL, frame=frame, legend=len(looks))
    sheet = canvas(_WIDTH, height, title_zh, title_en, data.footer, lang)
    titles = []
    for panel in panels:
        zh, en, _ = CYCLES[panel.cycle]
        titles.append((f"{panel.item_zh} 按{zh}", f"{panel.item_en} by {en}"))
    axes = panels_on(sheet, titles, columns, _PANEL, lang)
    for one, panel in zip(axes, panels, strict=True):
        _panel(one, panel, lang)
    draw_legend(sheet, looks)
    return Chart(sheet.figure, pd.DataFrame(list(_rows(data))), data.name, title_zh, title_en)


def _panel(axes: Axes, panel: CyclePanel, lang: Lang) -> None:
    groups = CYCLES[panel.cycle][2]
    x = np.arange(1, groups + 1, dtype=np.float64)
    axes.set_ylabel(panel.unit, fontsize=8.5, color=BLACK)
    axes.grid(axis="y", color="#ececec", lw=0.7)
    axes.set_axisbelow(True)
    axes.set_xlim(0.3, groups + 0.7)
    shift = 0.0 if panel.cycle == "hour" else 0.13
    tops = [1e-9]
    for means, colour, mark, stroke, side, face in (
        (panel.before, GREY, "s", "--", shift, GREY),
        (panel.now, LINES["blue"], "o", "-", -shift, LINES["blue"]),
    ):
        if means is None or not np.isfinite(means.mean).any():
            continue
        top = np.where(np.isfinite(means.upper), means.upper, means.mean)
        tops.append(float(np.nanmax(top)))
        if panel.cycle == "hour":
            axes.fill_between(x, means.lower, means.upper, color=colour, alpha=0.18, lw=0, zorder=2)
            axes.plot(x, means.mean, color=colour, ls=stroke, lw=1.5, marker=mark, ms=3.2, mfc=face,
                      zorder=4)  # fmt: skip
        else:
            axes.vlines(x + side, means.lower, means.upper, color=colour, lw=1.6, zorder=3)
            axes.plot(x + side, means.mean, color=colour, ls=stroke, lw=0.9, marker=mark, ms=4.6,
                      mfc=face, zorder=4)  # fmt: skip
    axes.set_ylim(0, 1.08 * max(tops) if len(tops) > 1 else 1.0)
    gone = [k for k in range(groups) if panel.now.n[k] == 0 and k not in panel.to_come]
    if len(gone) == groups:
        text = bilingual("没有数据", "no data", lang, separator="\n")
        axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", fontsize=9.5,
                  color=LINES["red"], gid="empty")  # fmt: skip
    elif gone:
        axes.plot(x[gone], np.full(len(gone), 0.04), ls="", marker="x", ms=5, color=LINES["red"],
                  transform=axes.get_xaxis_transform(), zorder=5)  # fmt: skip
    for k in panel.to_come:
        axes.axvspan(k + 0.5, k + 1.5, facecolor="#fafafa", edgecolor="#dcdcdc", hatch="////", lw=0)
    _ticks(axes, panel.cycle, lang)


def _ticks(axes: Axes, cycle: str, lang: Lang) -> None:
    if cycle == "hour":
        axes.set_xticks([1, 6, 12, 18, 24])
        text = bilingual("时（至该整点的一小时）", "hour ending at", lang)
        axes.set_xlabel(text, fontsize=8.0, color=GREY, labelpad=1)
    elif cycle == "weekday":
        names = list("一二三四五六日") if lang != "en" else [d[:2] for d in calendar.day_abbr]
        axes.set_xticks(range(1, 8), names)
    else:
        names = [str(m) if lang != "en" else month_name(m, lang)[0] for m in range(1, 13)]
        axes.set_xticks(range(1, 13), names)
        axes.set_xlabel(bilingual("月", "month", lang), fontsize=8.0, color=GREY, labelpad=1)
