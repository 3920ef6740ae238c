"""Chart 7, shares of the AQI levels by month and place, and what leads the days that are not good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.charts.chart import Chart
from forecast.charts.fonts import chart_fonts
from forecast.charts.line_labels import spread
from forecast.charts.review_style import ITEM_FILL, ITEM_INK, ITEM_NAMES, frame_height, month_name
from forecast.charts.style import (
    AQI_COLOURS,
    AQI_INK,
    AQI_LEVELS_EN,
    AQI_LEVELS_ZH,
    BLACK,
    GREY,
    LINES,
    Canvas,
    Footer,
    Lang,
    bilingual,
    canvas,
)
from forecast.standards.items import AIR_ITEMS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["LEVEL_LETTERS", "LevelBar", "LevelSharesData", "level_shares", "shares"]

#: One letter a level, printed in every segment that has room: colour never stands alone.
LEVEL_LETTERS: dict[str, tuple[str, ...]] = {
    "zh": ("缺", "优", "良", "轻", "中", "重", "严"),
    "en": ("–", "E", "G", "L", "M", "H", "S"),
}

_WIDTH = 12.0  # [inch]
_BARS, _LEADERS, _PLACE_ROW = 3.5, 1.75, 0.27  # [inch]
_MOST_PLACES = 40
_BAR = 0.78  # width of a month's bar, in months
_YEAR_X = 12.35  # where the year's bar stands, in months


@dataclass(frozen=True)
class LevelBar:
    """The days of a month, a year or a place.

    Attributes:
        label_zh, label_en: its name.
        levels: days of levels 0 (missing or invalid, up to the last day) to 6, shape (7,).
        led: days over 100 that each of the six items leads, shape (6,); two leaders count half.
        led_dust: the part of ``led`` that dust caused, shape (6,).
        to_come: days after the last one.
    """

    label_zh: str
    label_en: str
    levels: NDArray[np.int64]
    led: NDArray[np.float64]
    led_dust: NDArray[np.float64]
    to_come: int = 0


@dataclass(frozen=True)
class LevelSharesData:
    """What the chart shows.

    Attributes:
        place_zh, place_en: the place; ``place_en`` may be empty.
        year: the year.
        months: one bar a month, January to December.
        places: one bar a city or station beside it, in the order drawn; may be empty.
        places_zh, places_en: what the places are (县区、点位).
        dust_known: whether dust days are on record at all.
        footer: what stands under the chart.
        name: stem of the saved files.
    """

    place_zh: str
    year: int
    months: tuple[LevelBar, ...]
    footer: Footer
    place_en: str = ""
    places: tuple[LevelBar, ...] = ()
    places_zh: str = "点位"
    places_en: str = "places"
    dust_known: bool = False
    name: str = "level_shares"


def shares(levels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of levels 1 to 6 in the valid days [%], shape (6,); NaN without a valid day.

    >>> shares(np.array([3, 1, 2, 1, 0, 0, 0])).tolist()
    [25.0, 50.0, 25.0, 0.0, 0.0, 0.0]
    """
    valid = int(levels[1:].sum())
    if not valid:
        return np.full(6, np.nan)
    return np.asarray(100.0 * levels[1:] / valid)


def whole_year(months: tuple[LevelBar, ...]) -> LevelBar:
    """Return the sum of the months."""
    return LevelBar(
        "全年", "year", np.sum([m.levels for m in months], axis=0),
        np.sum([m.led for m in months], axis=0), np.sum([m.led_dust for m in months], axis=0),
        sum(m.to_come for m in months),
    )  # fmt: skip


def level_shares(
    data: LevelSharesData, *, lang: Lang = "both", only_packaged: bool | None = None
) -> Chart:
    """Draw the shares of the levels, month by month and for the year, and the leading items.

    Args:
        data: what is shown.
        lang: language of the texts.
        only_packaged: draw with the packaged font alone; None follows the environment.

    Raises:
        ValueError: not twelve months, or counts of another shape or below zero.
    """
    if len(data.months) != 12:
        raise ValueError(f"{len(data.months)} months were given, a year has 12")
    for bar in (*data.months, *data.places):
        if bar.levels.shape != (7,) or bar.levels.min() < 0:
            raise ValueError(f"{bar.label_en}: levels must be seven counts of days")
        if bar.led.shape != (6,) or bar.led_dust.shape != (6,):
            raise ValueError(f"{bar.label_en}: leaders must be six numbers of days")
        if (bar.led_dust > bar.led + 1e-9).any():
            raise ValueError(f"{bar.label_en}: more days by dust than days")
    with chart_fonts(only_packaged):
        return _draw(data, lang)


def _table(data: LevelSharesData) -> pd.DataFrame:
    """One row a bar: days and shares of the levels, days of the leading items, those by dust."""
    rows = []
    groups = [("month", b) for b in data.months] + [("year", whole_year(data.months))]
    for kind, bar in groups + [("place", b) for b in data.places]:
        share = shares(bar.levels)
        row: dict[str, object] = {"kind": kind, "label": bar.label_zh, "label_en": bar.label_en,
               "valid_days": int(bar.levels[1:].sum()), "missing_days": int(bar.levels[0]),
               "days_to_come": bar.to_come}  # fmt: skip
        row |= {f"days_level_{k}": int(bar.levels[k]) for k in range(1, 7)}
        row |= {f"share_level_{k}": share[k - 1] for k in range(1, 7)}
        for k, item in enumerate(AIR_ITEMS):
            row[f"led_by_{item}"] = float(bar.led[k])
            row[f"led_by_{item}_dust"] = float(bar.led_dust[k])
        rows.append(row)
    return pd.DataFrame(rows)


def _draw(data: LevelSharesData, lang: Lang) -> Chart:
    title_zh = f"{data.place_zh} {data.year}年各级别天数比例与首要污染物"
    place = data.place_en or data.place_zh
    title_en = f"{place}: AQI levels and leading pollutants {data.year}"
    places = data.places[:_MOST_PLACES]
    under = len(places) * _PLACE_ROW + 0.7 if places else 0.0
    frame = 0.3 + frame_height(data.footer, lang, _WIDTH)
    height = frame + _BARS + 0.55 + _LEADERS + 0.35 + under
    sheet = canvas(_WIDTH, height, title_zh, title_en, data.footer, lang)
    left = sheet.left + 0.66
    width = sheet.right - left
    year = whole_year(data.months)
    top = sheet.top - 0.3
    bars = sheet.figure.add_axes(sheet.box(left, top - _BARS, width, _BARS))
    _levels(bars, data, year, lang)
    floor = top - _BARS - 0.55 - _LEADERS
    led = sheet.figure.add_axes(sheet.box(left, floor, width, _LEADERS))
    _leaders(led, data, year, lang)
    if places:
        _places(sheet, data, places, sheet.bottom + 0.05, under, lang)
    return Chart(sheet.figure, _table(data), data.name, title_zh, title_en)


def _letters(lang: Lang) -> tuple[str, ...]:
    return LEVEL_LETTERS["en" if lang == "en" else "zh"]


def _frame(axes: Axes, lang: Lang) -> None:
    """Twelve months, the year, and room for words at its right."""
    axes.set_xlim(-0.5, 15.6)
    axes.set_xticks([*range(12), _YEAR_X])
    names = [month_name(m, lang) for m in range(1, 13)]
    axes.set_xticklabels([*names, "year" if lang == "en" else "全年"], fontsize=9.0)
    axes.tick_params(axis="x", length=0)
    axes.tick_params(axis="y", labelsize=8.5)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_bounds(-0.5, _YEAR_X + 0.5)
    axes.set_axisbelow(True)


def _levels(axes: Axes, data: LevelSharesData, year: LevelBar, lang: Lang) -> None:
    letters = _letters(lang)
    axes.set_ylim(0, 100)
    _frame(axes, lang)
    axes.set_ylabel(bilingual("占有效天数（%）", "share of valid days (%)", lang, separator="\n"),
                    fontsize=9.0, color=BLACK)  # fmt: skip
    for x, bar in zip([*range(12), _YEAR_X], [*data.months, year], strict=True):
        share = shares(bar.levels)
        if np.isnan(share).any():
            come = bar.to_come > 0 and not bar.levels[0]
            axes.bar(x, 100, width=_BAR, facecolor="#fafafa" if come else "white",
                     edgecolor="#c8c8c8", lw=0.7, hatch="////" if come else None,
                     ls="-" if come else "--")  # fmt: skip
            if not come:
                word = bilingual("无有效日", "no valid day", "en" if lang == "en" else "zh")
                axes.text(x, 50, word, fontsize=8.0, color=LINES["red"], rotation=90, ha="center",
                          va="center", gid="count")  # fmt: skip
            continue
        base = 0.0
        middles: list[tuple[int, float]] = []
        for level in range(1, 7):
            part = float(share[level - 1])
            if not part:
                continue
            axes.bar(x, part, width=_BAR, bottom=base, color=AQI_COLOURS[level],
                     edgecolor="#5a5a5a", lw=0.5)  # fmt: skip
            if part / 100 * _BARS > 0.095:
                text = f"{letters[level]} {bar.levels[level]}"
                axes.text(x, base + part / 2, text, fontsize=6.6, color=AQI_INK[level], ha="center",
                          va="center_baseline", gid="count")  # fmt: skip
            middles.append((level, base + part / 2))
            base += part
        if bar.levels[0]:
            word = "missing" if lang == "en" else "缺"
            text = f"{word} {bar.levels[0]}"
            axes.text(x, 100.8, text, fontsize=7.0, color=LINES["red"], ha="center", va="bottom",
                      gid="count")  # fmt: skip
        if bar is year:
            _year_words(axes, bar, share, middles, lang)


def _year_words(
    axes: Axes,
    year: LevelBar,
    share: NDArray[np.float64],
    middles: list[tuple[int, float]],
    lang: Lang,
) -> None:
    """Name every level of the year beside its segment, with days and share; it is the legend."""
    gap = 100 * 0.185 / _BARS
    places = spread([y for _, y in middles], gap, gap / 2, 100 - gap / 2)
    edge = _YEAR_X + _BAR / 2
    for (level, y), at in zip(middles, places, strict=True):
        axes.plot([edge, edge + 0.16, edge + 0.24], [y, at, at], color=GREY, lw=0.7)
        name = bilingual(AQI_LEVELS_ZH[level], AQI_LEVELS_EN[level], lang)
        text = f"{name} {year.levels[level]} ({share[level - 1]:.1f} %)"
        axes.text(edge + 0.3, at, text, fontsize=8.4, color=BLACK, va="center", gid="end-label")


def _leaders(axes: Axes, data: LevelSharesData, year: LevelBar, lang: Lang) -> None:
    """Bars of the days over 100 by leading item; what dust caused is hatched."""
    from matplotlib.patches import Patch
    from matplotlib.ticker import MaxNLocator

    _frame(axes, lang)
    every = np.array([bar.led for bar in data.months])
    top = max(float(every.sum(axis=1).max()), 3.0) * 1.16
    axes.set_ylim(0, top)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    for y in MaxNLocator(nbins=6, integer=True).tick_values(0, top):
        axes.hlines(y, -0.5, 11.5, color="#ececec", lw=0.7, zorder=0)
    axes.set_ylim(0, top)
    axes.set_ylabel(bilingual("污染天（天）", "days over 100 (days)", lang, separator="\n"),
                    fontsize=9.0, color=BLACK)  # fmt: skip
    for x, bar in zip(range(12), data.months, strict=True):
        base = 0.0
        for k, item in enumerate(AIR_ITEMS):
            for days, hatch in ((bar.led[k] - bar.led_dust[k], None), (bar.led_dust[k], "//////")):
                if days <= 1e-9:
                    continue
                axes.bar(x, days, width=_BAR, bottom=base, facecolor=ITEM_FILL[item],
                         edgecolor="#3a3a3a" if hatch else "white", lw=0.5, hatch=hatch)  # fmt: skip
                if days / top * _LEADERS > 0.1:
                    axes.text(x, base + days / 2, f"{ITEM_NAMES[item]} {_days(days)}", fontsize=6.2,
                              color=ITEM_INK[item], ha="center", va="center_baseline",
                              gid="count",
                              bbox=_patch(ITEM_FILL[item]) if hatch else None)  # fmt: skip
                base += days
        if bar.levels[1:].any():
            axes.text(x, base + 0.02 * top, f"{round(base)}", fontsize=7.8, color=BLACK, ha="center",
                      va="bottom", gid="total")  # fmt: skip
        elif bar.levels[0]:
            word = "gap" if lang == "en" else "缺"
            axes.text(x, 0.03 * top, word, fontsize=7.4, color=LINES["red"], ha="center",
                      va="bottom", gid="total")  # fmt: skip
    total = float(year.led.sum())
    order = [k for k in np.argsort(-year.led) if year.led[k] > 0]
    handles = [
        Patch(facecolor=ITEM_FILL[AIR_ITEMS[k]], edgecolor="#8c8c8c", lw=0.5,
              label=f"{ITEM_NAMES[AIR_ITEMS[k]]}  {_days(year.led[k])}  "
                    f"({100 * year.led[k] / total:.1f} %)")
        for k in order
    ]  # fmt: skip
    if year.led_dust.any():
        text = bilingual("其中沙尘所致", "of these by dust", lang)
        handles.append(Patch(facecolor="white", edgecolor="#3a3a3a", lw=0.5, hatch="//////",
                             label=f"{text}  {_days(float(year.led_dust.sum()))}"))  # fmt: skip
    head = bilingual("全年首要污染物（天）", "leading items, year", "en" if lang == "en" else "zh")
    if not handles:
        head = bilingual("全年没有污染天", "no day over 100", lang, separator="\n")
        if not year.levels[1:].any():
            head = bilingual("没有有效日", "no valid day", lang, separator="\n")
    legend = axes.legend(handles=handles, title=head, loc="upper left", bbox_to_anchor=(0.742, 1.06),
                         frameon=False, fontsize=8.0, title_fontsize=8.4, handlelength=1.5,
                         handleheight=0.9, labelspacing=0.35, alignment="left")  # fmt: skip
    for text_ in legend.get_texts():
        text_.set_gid("legend")
    if not data.dust_known:
        note = bilingual(
            "沙尘日未标出：没有记录", "dust days not marked: none on record", lang, separator="\n"
        )
        axes.text(0.752, 0.04, note, transform=axes.transAxes, fontsize=7.4, color=GREY, va="bottom",
                  gid="panel", linespacing=1.3)  # fmt: skip


def _patch(colour: str) -> dict[str, object]:
    """A plain ground under a number on a hatched segment."""
    return {"facecolor": colour, "edgecolor": "none", "boxstyle": "square,pad=0.08"}


def _days(value: float) -> str:
    return f"{value:.0f}" if abs(value - round(value)) < 1e-9 else f"{value:.1f}"


def _named(bar: LevelBar, lang: Lang) -> str:
    """Name of a place; one with more than a tenth of its days invalid carries their number."""
    name = bar.label_en if lang == "en" and bar.label_en else bar.label_zh
    valid, every = int(bar.levels[1:].sum()), int(bar.levels.sum())
    if not valid or valid >= 0.9 * every:
        return name
    return f"{name} {valid}/{every}{'d' if lang == 'en' else '天'}"


def _places(
    sheet: Canvas,
    data: LevelSharesData,
    places: tuple[LevelBar, ...],
    bottom: float,
    height: float,
    lang: Lang,
) -> None:
    """Horizontal bars of the year, one a place."""
    name_room = 1.75
    left = sheet.left + name_room
    axes = sheet.figure.add_axes(
        sheet.box(left, bottom + 0.25, sheet.right - left - 0.95, height - 0.65)
    )
    axes.set_xlim(0, 100)
    axes.set_ylim(len(places) - 0.5, -0.5)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", length=0, labelsize=8.6)
    axes.tick_params(axis="x", labelsize=8.0)
    axes.set_yticks(range(len(places)), [_named(p, lang) for p in places])
    head = bilingual(
        f"各{data.places_zh}占有效天数（%）", f"{data.places_en}: share of valid days (%)", lang
    )
    axes.set_title(head, fontsize=9.0, color=BLACK, loc="left", pad=5, gid="panel-title")
    letters = _letters(lang)
    across = 9.0
    for y, bar in enumerate(places):
        share = shares(bar.levels)
        base = 0.0
        if np.isnan(share).any():
            word = bilingual("无有效日", "no valid day", lang)
            axes.text(1, y, word, fontsize=8.0, color=LINES["red"], va="center", gid="count")
            continue
        for level in range(1, 7):
            part = float(share[level - 1])
            axes.barh(y, part, left=base, height=0.78, color=AQI_COLOURS[level],
                      edgecolor="#5a5a5a", lw=0.5)  # fmt: skip
            text = f"{letters[level]} {bar.levels[level]}"
            if part / 100 * across > 0.085 * len(text) + 0.05:
                axes.text(base + part / 2, y, text, fontsize=6.8, color=AQI_INK[level], ha="center",
                          va="center_baseline", gid="count")  # fmt: skip
            base += part
        good = float(share[:2].sum())
        note = bilingual(f"优良 {good:.1f} %", f"good {good:.1f} %", "en" if lang == "en" else "zh")
        axes.text(100.8, y, note, fontsize=8.0, color=BLACK, va="center", gid="count")
    if len(data.places) > len(places):
        rest = len(data.places) - len(places)
        text = bilingual(f"另有{rest}个见数据表", f"{rest} more in the table", lang)
        axes.text(100, len(places) - 0.35, text, fontsize=7.8, color=GREY, ha="right", va="top")
