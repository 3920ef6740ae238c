"""Panels of the scenario chart: bars of one indicator with their chances, and the response curves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast.charts.small_panels import series_style
from forecast.charts.style import BLACK, GREY, LINES, Lang, bilingual
from forecast.charts.words import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Bar", "Panel", "ResponseCurve", "draw_bars", "draw_chances", "draw_curves"]

#: Bars of the packages, and of the year without one.
_FILL, _BASE = "#9cc3de", "#d9d9d9"


@dataclass(frozen=True)
class Bar:
    """One indicator under one package.

    Attributes:
        mean, low, high: mean and interval over paths and draws [unit of the panel].
        change: mean of package less baseline, path by path; NaN for the baseline.
        change_low, change_high: interval of that difference; NaN where not known.
        probability, error: chance of the panel's target and its Monte-Carlo standard error; NaN
            without a target.
    """

    mean: float
    low: float
    high: float
    change: float = math.nan
    change_low: float = math.nan
    change_high: float = math.nan
    probability: float = math.nan
    error: float = math.nan


@dataclass(frozen=True)
class Panel:
    """One indicator under all packages.

    Attributes:
        indicator: its name.
        title_zh, title_en, unit, unit_en: what stands above; ``unit_en`` where it has another word.
        better: ``lower`` or ``higher``.
        bars: one a package, the baseline first; empty where the indicator is not forecast.
        target: value of the target, NaN without one.
        comparator: how it is compared.
        decimals: of the printed means.
        missing_zh, missing_en: why there are no bars.
    """

    indicator: str
    title_zh: str
    title_en: str
    unit: str
    better: str
    bars: tuple[Bar, ...]
    target: float = math.nan
    comparator: str = ""
    decimals: int = 1
    unit_en: str = ""
    missing_zh: str = "没有这一指标的预测"
    missing_en: str = "this indicator is not forecast"


@dataclass(frozen=True)
class ResponseCurve:
    """Chance of a target against the size of the cut.

    Attributes:
        label_zh, label_en: what is cut, and for which target.
        cuts: size of the cut [% of the package as written], ascending, shape (level,).
        chances: probability at each, shape (level,).
        asked: probability that is looked for.
        at: cut at which it is reached [%]; None: not within the domain.
        low, high: Monte-Carlo interval of ``at``; ``inf`` is beyond the domain.
    """

    label_zh: str
    label_en: str
    cuts: tuple[float, ...]
    chances: tuple[float, ...]
    asked: float = 0.8
    at: float | None = None
    low: float = math.nan
    high: float = math.nan


def draw_bars(axes: Axes, panel: Panel, lang: Lang) -> None:
    """Bars from zero with their intervals; mean and change are written beside each."""
    n = len(panel.bars)
    _plain(axes, max(n, 1))
    unit, unit_en = (f" ({u})" if u else "" for u in (panel.unit, panel.unit_en or panel.unit))
    title = bilingual(panel.title_zh + unit, panel.title_en + unit_en, lang, separator="\n")
    axes.set_title(title, fontsize=8.8, color=BLACK, loc="left", pad=6, linespacing=1.3,
                   gid="panel-title")  # fmt: skip
    if not n:
        axes.set_xticks([])
        axes.text(0.02, 0.5, bilingual(panel.missing_zh, panel.missing_en, lang, separator="\n"),
                  transform=axes.transAxes, fontsize=8.2, color=LINES["red"], va="center",
                  gid="missing")  # fmt: skip
        return
    top = max(b.high for b in panel.bars)
    if math.isfinite(panel.target):
        top = max(top, panel.target)
    axes.set_xlim(0.0, top * 1.04 if top > 0 else 1.0)
    for row, bar in enumerate(panel.bars):
        axes.barh(row - 0.14, bar.mean, height=0.34, color=_FILL if row else _BASE, edgecolor=GREY,
                  lw=0.6, zorder=2)  # fmt: skip
        axes.plot([bar.low, bar.high], [row - 0.14] * 2, color=BLACK, lw=1.3, zorder=4)
        for end in (bar.low, bar.high):
            axes.plot([end] * 2, [row - 0.24, row - 0.04], color=BLACK, lw=1.3, zorder=4)
        axes.text(0.0, row + 0.32, _printed(bar, panel, lang), fontsize=7.8, color=_ink(bar, panel),
                  va="center", gid="value")  # fmt: skip
    if math.isfinite(panel.target):
        axes.axvline(panel.target, color=LINES["red"], lw=1.2, ls=(0, (4, 2)), zorder=3)


def _printed(bar: Bar, panel: Panel, lang: Lang) -> str:
    d = panel.decimals
    text = f"{bar.mean:.{d}f}"
    if not math.isfinite(bar.change):
        return text
    text += f"  {_signed(bar.change, d)}"
    if math.isfinite(bar.change_low) and math.isfinite(bar.change_high):
        text += f" [{_signed(bar.change_low, d)}, {_signed(bar.change_high, d)}]"
    if _worse(bar, panel):
        text += " " + ("变差" if lang != "en" else "worse")
    return text


def _signed(value: float, decimals: int) -> str:
    rounded = round(value, decimals) + 0.0
    return f"{rounded:+.{decimals}f}" if rounded else f"{rounded:.{decimals}f}"


def _worse(bar: Bar, panel: Panel) -> bool:
    moved = round(bar.change, panel.decimals)
    return moved > 0 if panel.better == "lower" else moved < 0


def _ink(bar: Bar, panel: Panel) -> str:
    worse = math.isfinite(bar.change) and _worse(bar, panel)
    return LINES["red"] if worse else BLACK


def draw_chances(axes: Axes, panel: Panel, lang: Lang) -> None:
    """One dot a package: the chance of the panel's target, with twice its Monte-Carlo error."""
    n = len(panel.bars)
    _plain(axes, max(n, 1))
    axes.set_xlim(-8, 108)
    axes.set_xticks([0, 50, 100], ["0", "50", "100"])
    sign = {"<=": "≤", ">=": "≥", "==": "="}.get(panel.comparator, "")
    head = bilingual("概率 %", "P %", lang, separator="\n")
    if math.isfinite(panel.target):
        head = f"P({sign}{panel.target:g}) %"
    axes.set_title(head, fontsize=8.0, color=GREY, loc="left", pad=6, linespacing=1.3,
                   gid="panel-title")  # fmt: skip
    if not any(math.isfinite(b.probability) for b in panel.bars):
        axes.text(0.5, 0.5, bilingual("无目标", "no target", lang, separator="\n"),
                  transform=axes.transAxes, fontsize=7.8, color=GREY, ha="center", va="center",
                  gid="missing")  # fmt: skip
        return
    axes.axvline(80, color="#c9c9c9", lw=0.8, ls=":", zorder=1)
    for row, bar in enumerate(panel.bars):
        if not math.isfinite(bar.probability):
            continue
        p, wide = 100 * bar.probability, 200 * (bar.error if math.isfinite(bar.error) else 0.0)
        axes.plot([max(p - wide, 0), min(p + wide, 100)], [row - 0.14] * 2, color=GREY, lw=1.1)
        axes.plot([p], [row - 0.14], marker="o", ms=6.5, mec=BLACK, mew=0.9,
                  mfc=LINES["blue"] if row else "white", zorder=4)  # fmt: skip
        axes.text(50, row + 0.32, percent(bar.probability), fontsize=7.8, color=BLACK, ha="center",
                  va="center", gid="value")  # fmt: skip


def draw_curves(axes: Axes, curves: Sequence[ResponseCurve], lang: Lang) -> None:
    """Chances against cuts; where a curve reaches what is asked stands its point with the cut."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(labelsize=8.0, colors=GREY)
    axes.set_ylim(-3, 103)
    axes.set_yticks([0, 20, 40, 60, 80, 100])
    axes.grid(color="#ececec", lw=0.7)
    axes.set_axisbelow(True)
    axes.set_ylabel(bilingual("达标概率 %", "P(target) %", lang, separator="\n"), fontsize=8.6)
    axes.set_xlabel(
        bilingual(
            "方案力度 %（100 = 方案原定）", "size of the package, % (100 = as written)", lang
        ),
        fontsize=8.6,
        labelpad=2,
    )
    widest = max(c.cuts[-1] for c in curves)
    axes.set_xlim(0, widest)
    for asked in dict.fromkeys(c.asked for c in curves):
        axes.axhline(100 * asked, color=LINES["red"], lw=0.9, ls=(0, (4, 2)), zorder=2)
    for k, curve in enumerate(curves):
        colour, mark, stroke = series_style(k)
        p = 100 * np.asarray(curve.chances)
        axes.plot(curve.cuts, p, color=colour, ls=stroke, lw=1.9, zorder=3,
                  label=_curve_label(curve, lang))  # fmt: skip
        if curve.at is not None:
            high = min(curve.high, widest) if math.isfinite(curve.low) else curve.at
            low = curve.low if math.isfinite(curve.low) else curve.at
            axes.plot([low, high], [100 * curve.asked] * 2, color=colour, lw=4, alpha=0.35,
                      solid_capstyle="butt", zorder=2)  # fmt: skip
            axes.plot([curve.at], [100 * curve.asked], marker=mark, ms=8, color=colour, mec="white",
                      mew=0.9, zorder=5)  # fmt: skip
    legend = axes.legend(loc="lower left", bbox_to_anchor=(-0.01, 1.0), frameon=False, fontsize=8.0,
                         borderaxespad=0.2, handlelength=2.4, labelspacing=0.35)  # fmt: skip
    for text in legend.get_texts():
        text.set_gid("legend")
        text.set_linespacing(1.3)


def _curve_label(curve: ResponseCurve, lang: Lang) -> str:
    asked = f"{100 * curve.asked:g} %"
    if curve.at is None:
        most = percent(max(curve.chances))
        zh, en = f"有效范围内达不到 {asked}（最高 {most}）", f"{asked} not reached (at most {most})"
    elif curve.at == 0:
        zh, en = f"不加方案已达 {asked}", f"{asked} without the package"
    else:
        zh, en = f"{asked} 在 {curve.at:.0f} % 处", f"{asked} at {curve.at:.0f} %"
    return bilingual(f"{curve.label_zh}：{zh}", f"{curve.label_en}: {en}", lang, separator="\n")


def _plain(axes: Axes, n: int) -> None:
    """A row a package, without marks on the upright axis."""
    axes.set_ylim(n - 0.45, -0.55)
    axes.set_yticks([])
    axes.tick_params(axis="x", labelsize=7.8, colors=GREY, length=3)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    for row in range(n):
        axes.axhline(row + 0.55, color="#e9e9e9", lw=0.7, zorder=0)
