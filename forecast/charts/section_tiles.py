"""Chart 10, water sections: class of every section and month, with the year's class beside it."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.charts.chart import Chart
from forecast.charts.fonts import chart_fonts
from forecast.charts.style import (
    BLACK,
    CLASS_COLOURS,
    CLASS_INK,
    GREY,
    LINES,
    Canvas,
    Footer,
    Lang,
    bilingual,
    canvas,
)
from forecast.charts.words import COMPARATORS, VERDICTS, class_label, percent
from forecast.standards.items import ITEMS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["SectionRow", "SectionTilesData", "ShareTarget", "section_tiles"]

_ROW = 0.25  # [inch] height of one section
_TILE = 0.36  # [inch] width of one month
_NAME = 2.35  # [inch] room for the section's name
_HEAD = 0.46  # [inch] column heads
_WIDTH = 11.6
#: Left edges of the columns right of the months [inch from the tiles' left edge of the sheet].
_MONTHS = _NAME + 0.1
_TO_DATE = _MONTHS + 12 * _TILE + 0.16
_YEAR_END = _TO_DATE + 0.52
_TARGET = _YEAR_END + 0.52
_P_BAR = _TARGET + 0.56
_LIMITING = _P_BAR + 1.36


@dataclass(frozen=True)
class SectionRow:
    """One section of the tiles.

    Attributes:
        name_zh, name_en: the section; ``name_en`` may be empty.
        classes: class 1 to 6 of each month, 0 where missing or withheld, int8 of shape (12,).
        to_date: class of the year to date, 0 when it can't be stated.
        forecast: class that is most likely for the whole year, 0 when there is no forecast.
        target: class the section must reach, 0 when it has none.
        probability: probability that the year's class is the target or better; None without one.
        limiting: codes of the items that decide the class to date, worst first.
        verdict: one of the verdicts, empty when the section has no target.
    """

    name_zh: str
    classes: NDArray[np.int8]
    name_en: str = ""
    to_date: int = 0
    forecast: int = 0
    target: int = 0
    probability: float | None = None
    limiting: tuple[str, ...] = ()
    verdict: str = ""


@dataclass(frozen=True)
class ShareTarget:
    """A target for the share of sections: labels, comparator, value [%], probability, verdict."""

    label_zh: str
    label_en: str
    comparator: str
    value: float
    probability: float | None
    verdict: str


@dataclass(frozen=True)
class SectionTilesData:
    """What the section tiles of one region show.

    Attributes:
        region_zh, region_en: the region; ``region_en`` may be empty.
        year: the year drawn.
        last_day: last day with data; later months are still to come.
        rows: the sections, in the order drawn.
        share_to_date: share of sections at class III or better, year to date [%].
        share_forecast: 5, 50 and 95 % quantiles of the year's share [%]; None without a forecast.
        share_targets: the targets of the share at class III or better.
        rows_per_page: sections on one figure; more go on further ones.
        footer: what stands under the chart.
        name: stem of the saved files.
    """

    region_zh: str
    year: int
    last_day: np.datetime64
    rows: tuple[SectionRow, ...]
    footer: Footer
    region_en: str = ""
    share_to_date: float | None = None
    share_forecast: tuple[float, float, float] | None = None
    share_targets: tuple[ShareTarget, ...] = ()
    rows_per_page: int = 60
    name: str = "section_tiles"


def section_tiles(
    data: SectionTilesData, *, lang: Lang = "both", only_packaged: bool | None = None
) -> tuple[Chart, ...]:
    """Draw the sections of one region, one chart for each ``rows_per_page`` of them.

    Args:
        data: what is shown.
        lang: language of the texts.
        only_packaged: draw with the packaged font alone; None follows the environment.

    Raises:
        ValueError: no sections, or classes that are not 12 numbers from 0 to 6.
    """
    if not data.rows:
        raise ValueError(f"no sections to draw for {data.region_zh}")
    for row in data.rows:
        if row.classes.shape != (12,) or not (0 <= row.classes.min() <= row.classes.max() <= 6):
            raise ValueError(f"{row.name_zh}: classes must be 12 numbers from 0 to 6")
    step = data.rows_per_page
    pages = [data.rows[k : k + step] for k in range(0, len(data.rows), step)]
    with chart_fonts(only_packaged):
        return tuple(_page(data, rows, k, len(pages), lang) for k, rows in enumerate(pages, 1))


def monthly_share(rows: tuple[SectionRow, ...]) -> NDArray[np.float64]:
    """Share of sections at class III or better in each month [%], NaN without any, shape (12,)."""
    classes = np.array([row.classes for row in rows])
    known = (classes > 0).sum(axis=0)
    fit = ((classes > 0) & (classes <= 3)).sum(axis=0)
    return np.where(known > 0, 100 * fit / np.maximum(known, 1), np.nan)


def _table(rows: tuple[SectionRow, ...]) -> pd.DataFrame:
    """One row a section: classes by month, class to date, forecast, target, probability."""
    table = pd.DataFrame({"section": [row.name_zh for row in rows]})
    for m in range(12):
        table[f"month_{m + 1:02d}"] = [class_label(int(row.classes[m])) for row in rows]
    table["class_to_date"] = [class_label(row.to_date) for row in rows]
    table["class_forecast"] = [class_label(row.forecast) for row in rows]
    table["class_target"] = [class_label(row.target) for row in rows]
    table["probability"] = [row.probability for row in rows]
    table["verdict"] = [row.verdict for row in rows]
    table["limiting_items"] = ["+".join(row.limiting) for row in rows]
    return table


def _page(
    data: SectionTilesData, rows: tuple[SectionRow, ...], page: int, pages: int, lang: Lang
) -> Chart:
    part_zh, part_en = (f"（{page}/{pages}）", f" ({page}/{pages})") if pages > 1 else ("", "")
    title_zh = f"{data.region_zh} {data.year}年断面水质类别{part_zh}"
    place = data.region_en or data.region_zh
    title_en = f"{place}: water class by section and month, {data.year}{part_en}"
    told = data.share_to_date is not None or data.share_forecast is not None
    share = 0.5 + 0.26 * len(data.share_targets) if told else 0.0
    height = 0.95 + share + _HEAD + _ROW * (len(rows) + 1) + 0.7
    sheet = canvas(_WIDTH, height, title_zh, title_en, data.footer, lang)
    if told:
        _share_box(sheet, data, share, lang)
    axes = sheet.figure.add_axes(
        sheet.box(
            sheet.left, sheet.bottom, sheet.right - sheet.left, sheet.top - share - sheet.bottom
        )
    )
    axes.set_xlim(0, sheet.right - sheet.left)
    axes.set_ylim(sheet.bottom - sheet.top + share, 0)
    axes.axis("off")
    ahead = any(row.forecast for row in data.rows)
    _heads(axes, data.rows, lang)
    month = int(str(data.last_day)[5:7]) if str(data.last_day)[:4] == str(data.year) else 12
    for k, row in enumerate(rows):
        _section(axes, row, -_HEAD - (k + 1) * _ROW, month, lang, ahead=ahead)
    _share_row(axes, monthly_share(rows), -_HEAD - (len(rows) + 1) * _ROW - 0.03, month, lang)
    name = data.name if pages == 1 else f"{data.name}_{page}"
    return Chart(sheet.figure, _table(rows), name, title_zh, title_en)


def _heads(axes: Axes, rows: tuple[SectionRow, ...], lang: Lang) -> None:
    """Write the heads; a column in which no section has anything gets none."""
    ahead = any(row.forecast for row in rows)
    judged = any(row.probability is not None or row.verdict for row in rows)
    limiting = ("全年定类项目", "decides the year") if ahead else ("定类项目", "limiting items")
    for m in range(1, 13):
        x = _MONTHS + (m - 0.5) * _TILE
        text = calendar.month_abbr[m] if lang == "en" else f"{m}月"
        axes.text(x, 0.06 - _HEAD, text, fontsize=8.8, color=GREY, ha="center", va="bottom")
    for x, zh, en, shown in (
        (_TO_DATE + _TILE / 2, "至今", "to date", True),
        (_YEAR_END + _TILE / 2, "年末", "year end", ahead),
        (_TARGET + _TILE / 2, "目标", "target", any(row.target for row in rows)),
        (_P_BAR, "达标概率", "P(target)", judged),
        (_LIMITING, *limiting, True),
    ):
        if not shown:
            continue
        text = bilingual(zh, en, lang, separator="\n")
        axes.text(x, 0.06 - _HEAD, text, fontsize=8.2, color=GREY,
                  ha="center" if x < _P_BAR else "left", va="bottom", linespacing=1.25,
                  gid="head")  # fmt: skip


def _tile(axes: Axes, x: float, y: float, number: int, *, thick: bool = False) -> None:
    """Draw one class; an unknown one stays open with a dash."""
    from matplotlib.patches import Rectangle

    edge = BLACK if thick else "white"
    axes.add_patch(
        Rectangle((x, y), _TILE, _ROW, facecolor=CLASS_COLOURS[number],
                  edgecolor=edge if number else "#bdbdbd", linewidth=0.9, zorder=3 if thick else 2)
    )  # fmt: skip
    axes.text(x + _TILE / 2, y + _ROW * 0.48, class_label(number) or "–", fontsize=8.4,
              color=CLASS_INK[number], ha="center", va="center", zorder=4)  # fmt: skip


def _section(axes: Axes, row: SectionRow, y: float, month: int, lang: Lang, *, ahead: bool) -> None:
    from matplotlib.patches import Rectangle

    name = _fit(bilingual(row.name_zh, row.name_en, lang, separator="  "), 38)
    middle = y + _ROW * 0.48
    axes.text(_NAME, middle, name, fontsize=8.8, color=BLACK, ha="right", va="center", gid="name")
    for m in range(12):
        x = _MONTHS + m * _TILE
        if m + 1 > month:
            axes.add_patch(
                Rectangle((x, y), _TILE, _ROW, facecolor="#fafafa", edgecolor="#d3d3d3",
                          hatch="////", linewidth=0.5)
            )  # fmt: skip
        else:
            _tile(axes, x, y, int(row.classes[m]))
    _tile(axes, _TO_DATE, y, row.to_date)
    if ahead:
        _tile(axes, _YEAR_END, y, row.forecast)
    if row.target:
        axes.text(_TARGET + _TILE / 2, middle, class_label(row.target), fontsize=8.8,
                  color=BLACK, ha="center", va="center")  # fmt: skip
    if row.probability is not None:
        fill = VERDICTS[row.verdict].fill if row.verdict in VERDICTS else LINES["blue"]
        bar = 0.78
        axes.barh(middle, bar, left=_P_BAR, height=0.11, color="#e8e8e8")
        axes.barh(middle, bar * row.probability, left=_P_BAR, height=0.11, color=fill)
        axes.text(_P_BAR + bar + 0.06, middle, percent(row.probability), fontsize=8.4,
                  color=BLACK, va="center")  # fmt: skip
    elif row.verdict:
        verdict = VERDICTS[row.verdict]
        axes.text(_P_BAR, middle, verdict.en if lang == "en" else verdict.zh, fontsize=8.2,
                  color=GREY, va="center")  # fmt: skip
    text = "、".join(_item_name(code, lang) for code in row.limiting[:2])
    axes.text(_LIMITING, middle, _fit(text, 30), fontsize=8.2, color=BLACK, va="center",
              gid="limiting")  # fmt: skip


def _item_name(code: str, lang: Lang) -> str:
    item = ITEMS.get(code)
    if item is None:
        return code
    return item.en if lang == "en" else item.zh


def _fit(text: str, cells: int) -> str:
    """Cut ``text`` to ``cells`` half-width cells, with an ellipsis when something is lost."""
    used = 0
    for k, c in enumerate(text):
        used += 2 if ord(c) > 0x2E7F else 1
        if used > cells:
            return text[: k - 1] + "…"
    return text


def _share_row(axes: Axes, share: NDArray[np.float64], y: float, month: int, lang: Lang) -> None:
    """Write the share of sections at class III or better under each month."""
    name = bilingual("Ⅰ～Ⅲ类比例 %", "share of class I–III", lang, separator="  ")
    axes.text(_NAME, y + _ROW * 0.45, name, fontsize=8.4, color=GREY, ha="right", va="center")
    for m in range(month):
        text = "–" if np.isnan(share[m]) else f"{share[m]:.0f}"
        axes.text(_MONTHS + (m + 0.5) * _TILE, y + _ROW * 0.45, text, fontsize=8.4, color=BLACK,
                  ha="center", va="center")  # fmt: skip


def _share_box(sheet: Canvas, data: SectionTilesData, height: float, lang: Lang) -> None:
    """Draw the share of class I to III: bar to date, forecast range, targets with probability."""
    width = sheet.right - sheet.left
    axes = sheet.figure.add_axes(sheet.box(sheet.left, sheet.top - height, width, height))
    axes.set_xlim(0, width)
    axes.set_ylim(-height, 0)
    axes.axis("off")
    left, bar, y = _MONTHS, 12 * _TILE, -0.26
    name = bilingual("Ⅰ～Ⅲ类断面比例", "share at class I–III", lang, separator="\n")
    axes.text(_NAME, y, name, fontsize=9.4, color=BLACK, ha="right", va="center")
    axes.barh(y, bar, left=left, height=0.2, color="#eeeeee")
    if data.share_to_date is not None:
        axes.barh(y, bar * data.share_to_date / 100, left=left, height=0.2, color=CLASS_COLOURS[2])
    if data.share_forecast is not None:
        low, middle, high = (left + bar * v / 100 for v in data.share_forecast)
        axes.plot([low, high], [y, y], color=BLACK, lw=1.6, solid_capstyle="butt")
        axes.plot([middle], [y], marker="D", ms=5, color=BLACK)
    for target in data.share_targets:
        x = left + bar * target.value / 100
        axes.plot([x, x], [y - 0.17, y + 0.17], color=LINES["red"], lw=2)
    axes.text(left + bar + 0.16, y, "  ".join(_share_facts(data, lang)), fontsize=8.8, color=BLACK,
              va="center", gid="share")  # fmt: skip
    for k, target in enumerate(data.share_targets):
        verdict = VERDICTS[target.verdict]
        label = bilingual(target.label_zh, target.label_en, lang, separator="  ")
        sign = COMPARATORS.get(target.comparator, target.comparator)
        word = bilingual(verdict.zh, verdict.en, lang)
        text = f"{label}  {sign} {target.value:.1f} %   P {percent(target.probability)}   {word}"
        axes.text(left, y - 0.34 - 0.24 * k, text, fontsize=8.8, color=BLACK, va="center",
                  gid="share")  # fmt: skip


def _share_facts(data: SectionTilesData, lang: Lang) -> list[str]:
    facts: list[str] = []
    if data.share_to_date is not None:
        facts.append(f"{bilingual('至今', 'to date', lang)} {data.share_to_date:.1f} %")
    if data.share_forecast is not None:
        low, middle, high = data.share_forecast
        word = bilingual("年末", "year end", lang)
        facts.append(f"{word} {middle:.1f} % ({low:.1f}–{high:.1f})")
    return facts
