"""The panel beside the AQI calendar: days per level, and what the marks mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.charts.style import (
    AQI_COLOURS,
    AQI_LEVELS_EN,
    AQI_LEVELS_ZH,
    BLACK,
    GREY,
    Lang,
    bilingual,
    wrap,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Patch

__all__ = ["draw_counts", "draw_legend", "level_counts"]


def level_counts(table: pd.DataFrame, column: str = "level") -> NDArray[np.int64]:
    """Count the days of levels 0 (missing) to 6 up to the last day, shape (7,)."""
    past = table.loc[table["status"] != "to come", column].to_numpy(dtype=np.int64)
    return np.bincount(past, minlength=7)


def draw_counts(
    axes: Axes,
    year: int,
    now: NDArray[np.int64],
    past: tuple[NDArray[Any] | None, NDArray[Any] | None],
    size: tuple[float, float],
    lang: Lang,
    *,
    same_period: bool,
) -> float:
    """Write days per level: this year, the year before, the mean of three; return the new y.

    Args:
        axes: axes in inches.
        year: this year.
        now: days per level of this year, shape (7,), element 0 the invalid days.
        past: the same of the year before and the mean of the three years before.
        size: width and height of the panel [inch].
        lang: language of the texts.
        same_period: whether ``past`` counts up to the same day of the year.
    """
    last_year, mean_3y = past
    width, y = size
    columns: list[tuple[str, str, NDArray[np.float64]]] = [
        (str(year), str(year), now.astype(np.float64))
    ]
    if last_year is not None:
        columns.append((str(year - 1), str(year - 1), last_year.astype(np.float64)))
    if mean_3y is not None:
        columns.append(("前三年均值", "3-yr mean", mean_3y.astype(np.float64)))
    head = bilingual("各级别天数", "days per level", lang, separator="  ")
    axes.text(0, y, head, fontsize=10, color=BLACK, va="top", gid="panel")
    if len(columns) > 1 and same_period:
        note = bilingual("均至同一日", "all to the same day of the year", lang, separator=" ")
        axes.text(0, y - 0.21, note, fontsize=7.6, color=GREY, va="top", gid="panel")
    y -= 0.42
    rights = [width - 0.05 - 0.7 * k for k in range(len(columns))][::-1]
    for x, (zh, en, _) in zip(rights, columns, strict=True):
        axes.text(x, y, en if lang == "en" else zh, fontsize=8, color=GREY, ha="right", va="top",
                  gid="panel")  # fmt: skip
    y -= 0.22
    most = max(max(float(values[1:].max()) for _, _, values in columns), 1.0)
    for level in (1, 2, 3, 4, 5, 6, 0):
        name = bilingual(AQI_LEVELS_ZH[level], AQI_LEVELS_EN[level], lang)
        axes.add_patch(_swatch(0, y - 0.17, AQI_COLOURS[level]))
        axes.text(0.24, y - 0.09, name, fontsize=8.8, color=BLACK, va="center", gid="panel")
        for x, (_, _, values), k in zip(rights, columns, range(3), strict=False):
            shown = (
                f"{values[level]:.0f}"
                if float(values[level]).is_integer()
                else f"{values[level]:.1f}"
            )
            axes.text(x, y - 0.09, shown, fontsize=10 if k == 0 else 8.8,
                      color=BLACK if k == 0 else GREY, ha="right", va="center", gid="panel")  # fmt: skip
        for k, (_, _, values) in enumerate(columns):
            fill = (AQI_COLOURS[level], "#9a9a9a", "#cfcfcf")[k]
            axes.barh(y - 0.225 - 0.05 * k, (width - 0.05) * float(values[level]) / most, left=0,
                      height=0.045, color=fill, ec="#8c8c8c", lw=0.3)  # fmt: skip
        y -= 0.43
    return _sums(axes, [values for _, _, values in columns], rights, y, lang)


def _sums(
    axes: Axes, columns: list[NDArray[np.float64]], rights: list[float], y: float, lang: Lang
) -> float:
    """Write good days, good-day ratio of the valid days, heavy days."""
    valid = [float(values[1:].sum()) for values in columns]
    good = [float(values[1:3].sum()) for values in columns]
    heavy = [float(values[5:].sum()) for values in columns]
    ratio = [100 * g / v if v else np.nan for g, v in zip(good, valid, strict=True)]
    rows = (
        ("优良天数", "good", good, 0),
        ("优良率 %", "good %", ratio, 1),
        ("重度及以上", "heavy+", heavy, 0),
    )
    axes.plot([0, rights[-1]], [y, y], color="#b5b5b5", lw=0.8)
    y -= 0.07
    for zh, en, values, decimals in rows:
        name = bilingual(zh, en, lang)
        axes.text(0, y - 0.09, name, fontsize=8.8, color=BLACK, va="center", gid="panel")
        for k, (x, value) in enumerate(zip(rights, values, strict=True)):
            text = (
                "—"
                if np.isnan(value)
                else f"{value:.{max(decimals, 0 if value.is_integer() else 1)}f}"
            )
            axes.text(x, y - 0.09, text, fontsize=10 if k == 0 else 8.8,
                      color=BLACK if k == 0 else GREY, ha="right", va="center", gid="panel")  # fmt: skip
        y -= 0.23
    return y - 0.08


def _swatch(x: float, y: float, colour: str) -> Patch:
    from matplotlib.patches import Rectangle

    return Rectangle((x, y), 0.17, 0.17, facecolor=colour, edgecolor="#8c8c8c", linewidth=0.6)


def draw_legend(axes: Axes, y: float, dust: bool, lang: Lang) -> None:
    """Explain the marks in the cells."""
    zh = [
        "格内为首要污染物（2.5即PM2.5，10即PM10）",
        "格底横线1至4条：轻度至严重",
        "白格短横：缺测或无效；斜线：尚未到",
    ]
    en = [
        "in the cell: primary pollutant",
        "1 to 4 bars: light to severe",
        "white with dash: missing or invalid; hatched: to come",
    ]
    if dust:
        zh.append("右上圆点：沙尘日")
        en.append("corner dot: dust day")
    pairs = [t for pair in zip(zh, en, strict=True) for t in pair]
    lines = {"zh": zh, "en": en, "both": pairs}[lang]
    for text in lines:
        for part in wrap(text, 52):
            axes.text(0, y, part, fontsize=7.4, color=GREY, va="top", gid="panel")
            y -= 0.148
