"""Chart of the next days: the AQI with its ranges, and the odds of each level, day by day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.charts.chart import Chart
from forecast.charts.fonts import chart_fonts
from forecast.charts.level_shares import LEVEL_LETTERS
from forecast.charts.review_style import ITEM_NAMES, frame_height, month_name
from forecast.charts.style import (
    AQI_COLOURS,
    AQI_INK,
    AQI_LEVELS_EN,
    AQI_LEVELS_ZH,
    BLACK,
    GREY,
    Footer,
    Lang,
    bilingual,
    canvas,
)
from forecast.standards.aqi import LEVELS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["OutlookDay", "ShortRangeData", "short_range_chart"]

_WIDTH = 9.0  # [inch]
_AQI, _ODDS, _BETWEEN, _DAYS = 2.3, 2.3, 0.3, 0.45  # [inch] panels, gap, names of the days
_LEFT, _RIGHT = 0.75, 1.45  # [inch]
_BAR = 0.76  # width of a day's bar, in days
_ENDS = ("0.025", "0.1", "0.5", "0.9", "0.975")
_WEEKDAYS = ("一二三四五六日", ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"))


@dataclass(frozen=True)
class OutlookDay:
    """One day ahead.

    Attributes:
        day: the date.
        odds: probability of levels 1 to 6, they add up to 1.
        aqi: quantiles of the AQI, those of 0.025, 0.1, 0.5, 0.9 and 0.975 at least.
        leading: code of the item likeliest to lead, empty where none does.
    """

    day: date
    odds: tuple[float, ...]
    aqi: Mapping[str, float]
    leading: str = ""


@dataclass(frozen=True)
class ShortRangeData:
    """What the chart shows.

    Attributes:
        place_zh, place_en: the place; ``place_en`` may be empty.
        days: the days ahead, in order.
        footer: what stands under the chart.
        name: stem of the saved files.
    """

    place_zh: str
    days: tuple[OutlookDay, ...]
    footer: Footer
    place_en: str = ""
    name: str = "short_range"


def short_range_chart(
    data: ShortRangeData, *, lang: Lang = "both", only_packaged: bool | None = None
) -> Chart:
    """Draw the days ahead of one city.

    Args:
        data: what is shown.
        lang: language of the texts.
        only_packaged: draw with the packaged font alone; None follows the environment.

    Raises:
        ValueError: no day, odds that are no probabilities of six levels, or a quantile that lacks.
    """
    if not data.days:
        raise ValueError("there is no day to draw")
    for one in data.days:
        odds = np.asarray(one.odds, dtype=np.float64)
        if odds.shape != (6,) or (odds < 0.0).any() or abs(odds.sum() - 1.0) > 1e-6:
            raise ValueError(f"{one.day}: odds must be six probabilities that add up to 1")
        if missing := [q for q in _ENDS if q not in one.aqi]:
            raise ValueError(f"{one.day}: the quantiles {missing} of the AQI are missing")
    with chart_fonts(only_packaged):
        return _draw(data, lang)


def _table(data: ShortRangeData) -> pd.DataFrame:
    """One row a day: quantiles of the AQI, odds of the levels, the leading item."""
    return pd.DataFrame(
        [
            {
                "date": one.day.isoformat(),
                **{f"aqi_q{q}": value for q, value in one.aqi.items()},
                **{f"p_level_{k}": p for k, p in enumerate(one.odds, start=1)},
                "leading": one.leading,
            }
            for one in data.days
        ]
    )


def _draw(data: ShortRangeData, lang: Lang) -> Chart:
    place = data.place_en or data.place_zh
    title_zh = f"{data.place_zh} 未来{len(data.days)}天AQI与各级别概率"
    title_en = f"{place}: AQI and odds of its levels, next {len(data.days)} days"
    height = frame_height(data.footer, lang, _WIDTH) + _AQI + _BETWEEN + _ODDS + _DAYS + 0.1
    sheet = canvas(_WIDTH, height, title_zh, title_en, data.footer, lang)
    left, width = sheet.left + _LEFT, sheet.right - sheet.left - _LEFT - _RIGHT
    top = sheet.top - 0.1
    upper = sheet.figure.add_axes(sheet.box(left, top - _AQI, width, _AQI))
    lower = sheet.figure.add_axes(sheet.box(left, top - _AQI - _BETWEEN - _ODDS, width, _ODDS))
    for axes in (upper, lower):
        axes.set_xlim(-0.55, len(data.days) - 0.45)
        axes.tick_params(axis="x", length=0)
        axes.tick_params(axis="y", labelsize=8.5)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    _ranges(upper, data, lang)
    _odds(lower, data, lang)
    return Chart(sheet.figure, _table(data), data.name, title_zh, title_en)


def _ranges(axes: Axes, data: ShortRangeData, lang: Lang) -> None:
    """Median, 80 % (thick) and 95 % (thin) of the AQI, before the limits of the levels."""
    highest = max(float(one.aqi["0.975"]) for one in data.days)
    edge = max(160.0, 1.08 * highest)
    axes.set_ylim(0, edge)
    axes.set_ylabel("AQI", fontsize=9.0, color=BLACK)
    axes.set_xticks([])
    right = len(data.days) - 0.42
    low = 0
    for level in LEVELS:
        top = min(float(level.highest), edge)
        if low >= edge:
            break
        axes.axhspan(low, top, color=AQI_COLOURS[level.number], alpha=0.13, lw=0, zorder=0)
        axes.axhline(low, color="#b5b5b5", lw=0.6, zorder=1)
        if (top - low) / edge * _AQI > 0.14:
            name = bilingual(AQI_LEVELS_ZH[level.number], AQI_LEVELS_EN[level.number], lang)
            axes.text(right, (low + top) / 2, name, fontsize=8.0, color=GREY, va="center",
                      gid="level")  # fmt: skip
        low = level.highest
    for x, one in enumerate(data.days):
        far, near, middle, upto, beyond = (float(one.aqi[q]) for q in _ENDS)
        axes.plot([x, x], [far, beyond], color=BLACK, lw=1.0, zorder=3, solid_capstyle="butt")
        axes.plot([x, x], [near, upto], color=BLACK, lw=4.2, zorder=3, solid_capstyle="butt")
        axes.plot([x], [middle], marker="o", ms=7.5, color="white", mec=BLACK, mew=1.4, zorder=4)
        axes.text(x + 0.13, middle, f"{middle:.0f}", fontsize=8.6, color=BLACK, va="center",
                  gid="median", zorder=5)  # fmt: skip
    note = bilingual(
        "圆点为中位数,粗线80 %、细线95 %区间", "dot: median; thick 80 %, thin 95 %", lang
    )
    axes.text(0.005, 0.985, note, transform=axes.transAxes, fontsize=7.6, color=GREY, va="top",
              gid="note")  # fmt: skip


def _odds(axes: Axes, data: ShortRangeData, lang: Lang) -> None:
    """Stacked odds of the levels, with a letter where there is room: colour never stands alone."""
    letters = LEVEL_LETTERS["en" if lang == "en" else "zh"]
    axes.set_ylim(0, 100)
    axes.set_yticks([0, 25, 50, 75, 100])
    axes.set_ylabel(bilingual("概率(%)", "probability (%)", lang, separator="\n"), fontsize=9.0,
                    color=BLACK)  # fmt: skip
    axes.set_xticks(range(len(data.days)), [_name(one, lang) for one in data.days], fontsize=8.4)
    for x, one in enumerate(data.days):
        base = 0.0
        for level, p in enumerate(one.odds, start=1):
            part = 100.0 * p
            if part <= 0.0:
                continue
            axes.bar(x, part, width=_BAR, bottom=base, color=AQI_COLOURS[level],
                     edgecolor="#5a5a5a", lw=0.5)  # fmt: skip
            if part / 100.0 * _ODDS > 0.12:
                text = f"{letters[level]} {min(max(part, 1.0), 99.0):.0f}"
                axes.text(x, base + part / 2, text, fontsize=7.2, color=AQI_INK[level], ha="center",
                          va="center_baseline", gid="odds")  # fmt: skip
            base += part
    right = len(data.days) - 0.42
    for k in range(1, 7):
        name = bilingual(AQI_LEVELS_ZH[k], AQI_LEVELS_EN[k], lang)
        y = 6.0 + 14.5 * (k - 1)
        axes.plot([right + 0.06], [y], marker="s", ms=8, color=AQI_COLOURS[k], mec="#5a5a5a", mew=0.5,
                  clip_on=False)  # fmt: skip
        axes.text(right + 0.2, y, name, fontsize=7.8, color=BLACK, va="center",
                  gid="legend")  # fmt: skip


def _name(one: OutlookDay, lang: Lang) -> str:
    """Date, weekday and leading item of a day."""
    at = one.day.weekday()
    en = lang == "en"
    month, day = month_name(one.day.month, lang), one.day.day
    when = f"{_WEEKDAYS[1][at]} {day} {month}" if en else f"{month}{day}日 周{_WEEKDAYS[0][at]}"
    return f"{when}\n{ITEM_NAMES.get(one.leading, one.leading) or '—'}"
