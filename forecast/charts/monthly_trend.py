"""One trend of monthly means: slope, smooth curve, breaks, filled months, and the words on them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.charts.chart import Chart
from forecast.charts.fonts import chart_fonts
from forecast.charts.review_style import frame_height
from forecast.charts.style import BLACK, GREY, LINES, Footer, Lang, bilingual, canvas, wrap

__all__ = ["MonthlyTrendData", "monthly_trend"]

_WIDTH, _PANEL, _LEFT = 11.6, 3.6, 0.62  # [inch]
_LINE, _CELLS = 0.18, 190  # [inch] a line of words, and half-width cells of one


@dataclass(frozen=True)
class MonthlyTrendData:
    """What the chart shows: one item at one place.

    Attributes:
        place_zh: the place; ``item_zh``, ``item_en`` and ``unit`` of the item.
        table: by first day of the month: ``mean`` as observed (NaN missing), ``deseasonalised``,
            ``filled`` (bool: made from other years), ``line``, ``line_lower``, ``line_upper`` of the
            slope, ``smooth``, ``smooth_lower``, ``smooth_upper`` [unit]; columns may be all NaN.
        turns: month of each break point with its bounds.
        basis: first days of a new state of measurement.
        words: lines on the results, (Chinese, English).
    """

    place_zh: str
    item_zh: str
    item_en: str
    unit: str
    table: pd.DataFrame
    footer: Footer
    turns: tuple[tuple[pd.Timestamp, pd.Timestamp, pd.Timestamp], ...] = ()
    basis: tuple[pd.Timestamp, ...] = ()
    words: tuple[tuple[str, str], ...] = ()
    place_en: str = ""
    name: str = "trend"


def monthly_trend(
    data: MonthlyTrendData, *, lang: Lang = "both", only_packaged: bool | None = None
) -> Chart:
    """Draw monthly means, without their season too, with the slope, the curve and the breaks.

    Args:
        data: what is shown.
        lang: language of the texts.
        only_packaged: draw with the packaged font alone; None follows the environment.

    Raises:
        ValueError: no month has a value.
    """
    if data.table.empty or not data.table["mean"].notna().any():
        raise ValueError("there is no month to draw")
    with chart_fonts(only_packaged):
        return _draw(data, lang)


def _draw(data: MonthlyTrendData, lang: Lang) -> Chart:
    months = pd.DatetimeIndex(data.table.index)
    title_zh = f"{data.place_zh} {months[0]:%Y-%m}—{months[-1]:%Y-%m} {data.item_zh}月均值趋势"
    title_en = (
        f"{data.place_en or data.place_zh}: trend of monthly means of {data.item_en}, "
        f"{months[0]:%Y-%m} to {months[-1]:%Y-%m}"
    )
    texts = [zh for zh, _ in data.words if lang != "en"] + [
        en for _, en in data.words if lang != "zh"
    ]
    lines = [line for text in texts for line in wrap(text, _CELLS)]
    height = frame_height(data.footer, lang, _WIDTH) + _LINE * len(lines) + _PANEL + 1.15
    sheet = canvas(_WIDTH, height, title_zh, title_en, data.footer, lang)
    top = sheet.top - 0.02
    for line in lines:
        sheet.figure.text(sheet.left / _WIDTH, top / height, line, size=8.6, color=BLACK, va="top",
                          gid="change")  # fmt: skip
        top -= _LINE
    top -= 0.6
    axes = sheet.figure.add_axes(
        sheet.box(sheet.left + _LEFT, top - _PANEL, sheet.right - sheet.left - _LEFT, _PANEL)
    )
    table = data.table
    x = _position(months) + 1 / 24
    mean = table["mean"].to_numpy(dtype=np.float64)
    axes.plot(x, mean, color="#b5b5b5", lw=0.8, marker=".", ms=3, zorder=2,
              label=bilingual("月均值", "monthly mean", lang))  # fmt: skip
    plain = table["deseasonalised"].to_numpy(dtype=np.float64)
    filled = table["filled"].to_numpy(dtype=np.bool_)
    if np.isfinite(plain).any():
        axes.plot(x, plain, color=LINES["sky"], lw=0.9, marker="o", ms=3.4, zorder=3,
                  label=bilingual("去季节", "season taken off", lang))  # fmt: skip
        if filled.any():
            axes.plot(x[filled], plain[filled], ls="", marker="o", ms=5, mfc="white", mec=BLACK,
                      zorder=5, label=bilingual("补齐的月", "filled month", lang))  # fmt: skip
    low, high = (table[f"smooth_{b}"].to_numpy(dtype=np.float64) for b in ("lower", "upper"))
    if np.isfinite(low).any():
        axes.fill_between(x, low, high, color=LINES["green"], alpha=0.18, lw=0, zorder=1)
        axes.plot(x, table["smooth"].to_numpy(dtype=np.float64), color=LINES["green"], lw=2.0,
                  zorder=4, label=bilingual("平滑趋势及区间", "smooth trend, band", lang))  # fmt: skip
    _slope(axes, data, x, lang)
    for k, (month, first, last) in enumerate(data.turns):
        at, left, right = _position(pd.DatetimeIndex([month, first, last]))
        axes.axvspan(left, right, color=LINES["purple"], alpha=0.15, lw=0, zorder=0)
        axes.axvline(at, color=LINES["purple"], lw=1.3, ls="-.", zorder=1,
                     label=None if k else bilingual("突变点及区间", "break, interval", lang))  # fmt: skip
    for k, day in enumerate(data.basis):
        axes.axvline(float(_position(pd.DatetimeIndex([day]))[0]), color=GREY, lw=0.9,
                     ls=(0, (4, 3)), zorder=1,
                     label=None if k else bilingual("监测状态改变", "basis changed", lang))  # fmt: skip
    named = months[months.month == 1] if len(months) > 30 else months[months.month % 3 == 1]
    if not len(named):
        named = months
    named = named[:: 1 + len(named) // 16]
    shape = "%Y" if len(months) > 30 else "%Y-%m"
    axes.set_xticks(_position(named), labels=[m.strftime(shape) for m in named])
    axes.set_xlim(x[0] - 0.08, x[-1] + 0.08)
    lowest, most = float(np.nanmin(mean)), float(np.nanmax(mean))
    # pH stands on no zero; concentrations do.
    axes.set_ylim(0 if lowest >= 0 and lowest < 0.5 * most else None, None)
    axes.set_ylabel(f"{bilingual(data.item_zh, data.item_en, lang)}  {data.unit}", fontsize=8.5,
                    color=BLACK)  # fmt: skip
    axes.grid(color="#ececec", lw=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8.2, colors=GREY, length=3)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.legend(
        loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=4, frameon=False, fontsize=8.5,
        borderpad=0.2, handlelength=2.4, columnspacing=1.4,
    )  # fmt: skip
    return Chart(sheet.figure, _table(data), data.name, title_zh, title_en)


def _slope(axes: object, data: MonthlyTrendData, x: NDArray[np.float64], lang: Lang) -> None:
    """The line of the slope, broken at each change of basis, and its bounds."""
    from matplotlib.axes import Axes

    assert isinstance(axes, Axes)
    table = data.table
    if not table["line"].notna().any():
        return
    cuts = [0, *(int(table.index.searchsorted(d)) for d in data.basis), len(table)]
    labelled = False
    for start, end in itertools.pairwise(cuts):
        for column, width, stroke in (
            ("line", 2.2, "-"),
            ("line_lower", 1.0, "--"),
            ("line_upper", 1.0, "--"),
        ):
            values = table[column].to_numpy(dtype=np.float64)[start:end]
            if not np.isfinite(values).any():
                continue
            words = None
            if column == "line" and not labelled:
                words, labelled = (
                    bilingual("Theil–Sen斜率及区间", "Theil–Sen slope, interval", lang),
                    True,
                )
            axes.plot(x[start:end], values, color=LINES["red"], lw=width, ls=stroke, zorder=6,
                      label=words)  # fmt: skip


def _table(data: MonthlyTrendData) -> pd.DataFrame:
    table = data.table.copy()
    table.insert(0, "month", pd.DatetimeIndex(table.index).strftime("%Y-%m"))
    table.insert(1, "unit", data.unit)
    table["break_point"] = table.index.isin([t[0] for t in data.turns])
    return table.reset_index(drop=True)


def _position(days: pd.DatetimeIndex) -> NDArray[np.float64]:
    """Days as years with a fraction; the first of January is whole."""
    part = (days.day_of_year.to_numpy() - 1) / 365.25
    return np.asarray(days.year.to_numpy() + part, dtype=np.float64)
