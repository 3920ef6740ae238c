"""Chart 8, cities or stations in order of their composite index, beside last year and target."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from forecast.charts.chart import Chart
from forecast.charts.fonts import chart_fonts
from forecast.charts.review_style import ITEM_NAMES, frame_height
from forecast.charts.style import BLACK, GREY, LINES, Canvas, Footer, Lang, bilingual, canvas
from forecast.standards.rounding import round_half_even

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["RULE", "CityRankingData", "RankedPlace", "change", "city_ranking", "ranks"]

#: One row of the table.
Row = dict[Hashable, Any]

_WIDTH = 14.0  # [inch]
_ROW = 0.3
_HEAD = 0.86
_NAME = 2.05  # [inch] room for rank and name
_DOTS = 2.05  # [inch] width of a dot panel
_GAP = 0.28
#: How the places are ranked and compared, printed under every ranking.
RULE: tuple[str, str] = (
    "名次按综合指数（保留两位小数）由小到大，相同者并列，其后名次顺延；变化由印出的数字算得，天数不足的往年不比；主要污染物为单项指数最大者",
    "ranked by the composite index (two decimals), smallest first; equal ones share a rank and the "
    "next ranks are skipped; changes are those of the printed numbers, none with years of too few days; main item: largest single index",
)
#: Columns of the table beside the dots: field, Chinese and English head, width [inch].
_COLUMNS: tuple[tuple[str, str, str, float], ...] = (
    ("pm25", "PM2.5\nµg/m³", "PM2.5\nµg/m³", 0.6),
    ("pm25_change", "同比\n%", "vs last\nyear %", 0.62),
    ("pm25_change_3y", "比三年\n均值%", "vs 3-yr\nmean %", 0.66),
    ("good", "优良率\n%", "good\ndays %", 0.62),
    ("good_change", "同比\n百分点", "vs last\nyear pt", 0.62),
    ("good_change_3y", "比三年均\n值百分点", "vs 3-yr\nmean pt", 0.72),
    ("heavy", "重污染\n天数", "heavy\ndays", 0.58),
    ("heavy_change", "同比\n天", "vs last\nyear", 0.56),
    ("index", "综合\n指数", "index", 0.52),
    ("index_change", "同比\n%", "vs last\nyear %", 0.62),
    ("main", "主要\n污染物", "main\nitem", 0.62),
)


@dataclass(frozen=True)
class RankedPlace:
    """One city or station; NaN where a number is not known.

    Attributes:
        name_zh, name_en: the place; ``name_en`` may be empty.
        pm25, pm25_last, pm25_mean3: mean of the period, of the same period a year before, and mean
            of the three years before [µg/m³].
        good, good_last, good_mean3: good-day ratio of the same periods [%].
        heavy, heavy_last: heavily polluted days.
        index, index_last: composite index.
        main: code of the item with the largest single index; empty without one.
        enough: whether the days are enough for an official value; else the place has no rank.
        pm25_target, good_target: what a plan asks; NaN without a target.
        highlighted: the place that the chart is for.
        n_valid: valid days.
    """

    name_zh: str
    pm25: float
    good: float
    heavy: float
    index: float
    enough: bool
    name_en: str = ""
    pm25_last: float = math.nan
    pm25_mean3: float = math.nan
    good_last: float = math.nan
    good_mean3: float = math.nan
    heavy_last: float = math.nan
    index_last: float = math.nan
    main: str = ""
    pm25_target: float = math.nan
    good_target: float = math.nan
    highlighted: bool = False
    n_valid: int = 0


@dataclass(frozen=True)
class CityRankingData:
    """What the chart shows.

    Attributes:
        title_zh, title_en: what the places are, such as ``衡水等15个城市``.
        year: this year.
        period_zh, period_en: part of the year compared, empty for whole years.
        places: in any order.
        footer: what stands under the chart.
        pm25_decimals: places of a printed PM2.5 mean under the version in force.
        places_per_page: more go on further charts.
        name: stem of the saved files.
    """

    title_zh: str
    title_en: str
    year: int
    places: tuple[RankedPlace, ...]
    footer: Footer
    period_zh: str = ""
    period_en: str = ""
    pm25_decimals: int = 1
    places_per_page: int = 50
    name: str = "city_ranking"


def ranks(index: ArrayLike, enough: ArrayLike) -> NDArray[np.int64]:
    """Rank of each place by its composite index, 1 the cleanest; 0 without a rank.

    The index is taken with its two decimals (GB/T 8170). Equal ones share the better rank and the
    ranks after them are skipped; a place without enough days or without an index has none.

    >>> ranks([4.251, 3.8, 4.249, 5.0, 3.0], [True, True, True, True, False]).tolist()
    [2, 1, 2, 4, 0]
    """
    values = np.asarray(round_half_even(np.asarray(index, dtype=np.float64), 2))
    known = np.isfinite(values) & np.asarray(enough, dtype=bool)
    return np.array(
        [1 + int((values[known] < v - 1e-9).sum()) if k else 0 for v, k in zip(values, known, strict=True)],
        dtype=np.int64,
    )  # fmt: skip


def change(now: float, before: float, decimals: int, *, relative: bool) -> float:
    """Change between two numbers as printed with ``decimals``: in % of the first, or plain.

    >>> change(38.04, 42.0, 1, relative=True), change(80.0, 78.4, 1, relative=False)
    (-9.5, 1.6)
    """
    a, b = (float(round_half_even(v, decimals)) for v in (now, before))
    if not (math.isfinite(a) and math.isfinite(b)) or (relative and b <= 0):
        return math.nan
    return float(
        round_half_even(100.0 * (a - b) / b, 1) if relative else round_half_even(a - b, decimals)
    )


def city_ranking(
    data: CityRankingData, *, lang: Lang = "both", only_packaged: bool | None = None
) -> tuple[Chart, ...]:
    """Draw the places in order of their index, one chart for each ``places_per_page`` of them.

    Args:
        data: what is shown.
        lang: language of the texts.
        only_packaged: draw with the packaged font alone; None follows the environment.

    Raises:
        ValueError: there is no place.
    """
    if not data.places:
        raise ValueError("there is no place to rank")
    table = _table(data)
    step = data.places_per_page
    pages = [table.iloc[k : k + step] for k in range(0, len(table), step)]
    with chart_fonts(only_packaged):
        return tuple(
            _page(data, table, page, (k, len(pages)), lang) for k, page in enumerate(pages, 1)
        )


def _table(data: CityRankingData) -> pd.DataFrame:
    """One row a place in the order drawn: rank, values as printed, changes, main item."""
    rank = ranks([p.index for p in data.places], [p.enough for p in data.places])
    rows = []
    pm25 = data.pm25_decimals
    for p, r in zip(data.places, rank, strict=True):
        rows.append(
            {
                "rank": int(r), "place": p.name_zh, "place_en": p.name_en,
                "pm25": round_half_even(p.pm25, pm25),
                "pm25_last": round_half_even(p.pm25_last, pm25),
                "pm25_mean3": round_half_even(p.pm25_mean3, pm25),
                "pm25_change": change(p.pm25, p.pm25_last, pm25, relative=True),
                "pm25_change_3y": change(p.pm25, p.pm25_mean3, pm25, relative=True),
                "pm25_target": p.pm25_target,
                "good": round_half_even(p.good, 1), "good_last": round_half_even(p.good_last, 1),
                "good_mean3": round_half_even(p.good_mean3, 1),
                "good_change": change(p.good, p.good_last, 1, relative=False),
                "good_change_3y": change(p.good, p.good_mean3, 1, relative=False),
                "good_target": p.good_target,
                "heavy": p.heavy, "heavy_last": p.heavy_last,
                "heavy_change": change(p.heavy, p.heavy_last, 0, relative=False),
                "index": round_half_even(p.index, 2), "index_last": round_half_even(p.index_last, 2),
                "index_change": change(p.index, p.index_last, 2, relative=True),
                "main": p.main, "n_valid": p.n_valid, "enough_days": p.enough,
                "highlighted": p.highlighted,
            }
        )  # fmt: skip
    table = pd.DataFrame(rows)
    # Places without a rank come last; of equal ones, the order of their names.
    last = table["rank"].where(table["rank"] > 0, len(table) + 1)
    order = sorted(
        range(len(table)), key=lambda k: (int(last.iloc[k]), str(table["place"].iloc[k]))
    )
    return table.iloc[order].reset_index(drop=True)


def _page(
    data: CityRankingData, whole: pd.DataFrame, page: pd.DataFrame, at: tuple[int, int], lang: Lang
) -> Chart:
    number, pages = at
    part = f" ({number}/{pages})" if pages > 1 else ""
    title_zh = f"{data.title_zh}{data.year}年{data.period_zh}空气质量排名与同比{part}"
    period = f" {data.period_en}" if data.period_en else ""
    title_en = f"{data.title_en}: rank by composite index, {data.year}{period}{part}"
    rule = [RULE[0]] if lang == "zh" else [RULE[1]] if lang == "en" else list(RULE)
    under = 0.75 + 0.17 * len(rule)
    head = _HEAD - 0.25 * (lang != "both")
    height = head + _ROW * len(page) + under + frame_height(data.footer, lang, _WIDTH)
    sheet = canvas(_WIDTH, height, title_zh, title_en, data.footer, lang)
    top = sheet.top - head
    floor = top - _ROW * len(page)
    rows = page.to_dict("records")
    _names(sheet, rows, top, lang)
    left = sheet.left + _NAME
    for field, zh, en, unit, better in (
        ("pm25", "PM2.5", "PM2.5", "µg/m³", "lower"),
        ("good", "优良天数比率", "good-day ratio", "%", "higher"),
    ):
        axes = sheet.figure.add_axes(sheet.box(left, floor, _DOTS, top - floor))
        title = bilingual(f"{zh}（{unit}）", f"{en} ({unit})", lang, separator="\n")
        _dots(axes, rows, field, whole, title, better)
        left += _DOTS + _GAP
    _columns(sheet, rows, left, top, lang, data.pm25_decimals)
    _legend(sheet, data, rows, lang, 0.17 * len(rule))
    for k, text in enumerate(reversed(rule)):
        sheet.figure.text(sheet.left / _WIDTH, (sheet.bottom + 0.04 + 0.17 * k) / height, text,
                          fontsize=7.8, color=GREY, va="bottom", gid="rule")  # fmt: skip
    name = data.name if pages == 1 else f"{data.name}_{number}"
    return Chart(sheet.figure, page.reset_index(drop=True), name, title_zh, title_en)


def _names(sheet: Canvas, rows: list[Row], top: float, lang: Lang) -> None:
    axes = _sheet_axes(sheet)
    for k, row in enumerate(rows):
        y = top - (k + 0.5) * _ROW
        rank = str(row["rank"]) if row["rank"] else "—"
        name = str(row["place_en"] if lang == "en" and row["place_en"] else row["place"])
        weight = LINES["blue"] if row["highlighted"] else BLACK
        axes.text(sheet.left + 0.3, y, rank, fontsize=9.6, color=weight, ha="right", va="center",
                  gid="name")  # fmt: skip
        axes.text(sheet.left + 0.45, y, _fit(name, 22), fontsize=9.6, color=weight, va="center",
                  gid="name")  # fmt: skip
        if row["highlighted"]:
            axes.axhspan(
                y - _ROW / 2, y + _ROW / 2, xmin=0.01, xmax=0.99, color="#eef5fb", zorder=-2
            )
    head = bilingual("名次", "rank", lang, separator="\n")
    axes.text(sheet.left + 0.02, top + 0.08, head, fontsize=8.2, color=GREY, va="bottom", gid="head",
              linespacing=1.25)  # fmt: skip


def _sheet_axes(sheet: Canvas) -> Axes:
    """Axes over the whole figure, in inches, behind the others."""
    across, up = sheet.figure.get_size_inches()
    axes = sheet.figure.add_axes((0, 0, 1, 1), zorder=-1)
    axes.set_xlim(0, across)
    axes.set_ylim(0, up)
    axes.axis("off")
    return axes


def _fit(text: str, cells: int) -> str:
    used = 0
    for k, c in enumerate(text):
        used += 2 if ord(c) > 0x2E7F else 1
        if used > cells:
            return text[: k - 1] + "…"
    return text


def _dots(
    axes: Axes,
    rows: list[Row],
    field: str,
    whole: pd.DataFrame,
    title: str,
    better: str,
) -> None:
    """One row a place: last year open, this year filled, the target a tick."""
    axes.patch.set_alpha(0.0)
    n = len(rows)
    axes.set_ylim(n - 0.5, -0.5)
    values = whole[[field, f"{field}_last", f"{field}_target"]].to_numpy(dtype=np.float64)
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    room = max(0.08 * (high - low), 0.03 * abs(high), 0.5)
    axes.set_xlim(max(low - room, 0.0), min(high + room, 101.0) if field == "good" else high + room)
    axes.set_yticks(range(n), [""] * n)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labelsize=8.0, colors=GREY, top=False)
    axes.grid(axis="x", color="#e4e4e4", lw=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.set_title(title, fontsize=8.8, color=BLACK, loc="left", pad=6, linespacing=1.3,
                   gid="panel-title")  # fmt: skip
    for y, row in enumerate(rows):
        axes.axhline(y, color="#efefef", lw=0.7, zorder=0)
        now, last, target = (float(row[k]) for k in (field, f"{field}_last", f"{field}_target"))
        if math.isfinite(now) and math.isfinite(last):
            gained = now < last if better == "lower" else now > last
            axes.plot([last, now], [y, y], color=LINES["green"] if gained else LINES["red"], lw=1.6,
                      ls="-" if gained else (0, (2, 1)), zorder=2)  # fmt: skip
        if math.isfinite(last):
            axes.plot([last], [y], marker="o", ms=6.4, mfc="white", mec=GREY, mew=1.3, zorder=3)
        if math.isfinite(now):
            face = LINES["blue"] if row["enough_days"] else "#bcd5e8"
            axes.plot([now], [y], marker="o", ms=6.4, color=face, zorder=4)
        else:
            axes.text(0.02, y, "×", transform=axes.get_yaxis_transform(), fontsize=9,
                      color=LINES["red"], va="center")  # fmt: skip
        if math.isfinite(target):
            axes.plot([target], [y], marker="|", ms=15, mew=2.2, color=BLACK, zorder=5)


def _columns(
    sheet: Canvas, rows: list[Row], left: float, top: float, lang: Lang, pm25: int
) -> None:
    axes = _sheet_axes(sheet)
    x = left
    for field, zh, en, width in _COLUMNS:
        x += width
        above = top + 0.08
        if lang != "zh":
            size = 8.2 if lang == "en" else 6.6
            axes.text(x, above, en, fontsize=size, color=GREY, ha="right", va="bottom", gid="head",
                      linespacing=1.2)  # fmt: skip
            above += 0.27
        if lang != "en":
            axes.text(x, above, zh, fontsize=8.2, color=GREY, ha="right", va="bottom", gid="head",
                      linespacing=1.25)  # fmt: skip
        for k, row in enumerate(rows):
            y = top - (k + 0.5) * _ROW
            shown = _cell(field, row[field], pm25)
            axes.text(x, y, shown, fontsize=9.2, color=BLACK, ha="right", va="center", gid="cell")
    for k in range(len(rows) + 1):
        y = top - k * _ROW
        axes.plot([left + 0.1, x + 0.05], [y, y], color="#dcdcdc" if k else "#8c8c8c", lw=0.7)


def _cell(field: str, value: Any, pm25: int) -> str:
    if field == "main":
        return ITEM_NAMES.get(str(value), "—")
    number = float(value)
    if not math.isfinite(number):
        return "—"
    decimals = {"index": 2, "heavy": 0, "heavy_change": 0, "pm25": pm25}.get(field, 1)
    if "change" in field:
        return f"{number:+.{decimals}f}" if number else f"{0:.{decimals}f}"
    return f"{number:.{decimals}f}"


def _legend(sheet: Canvas, data: CityRankingData, rows: list[Row], lang: Lang, lift: float) -> None:
    from matplotlib.lines import Line2D

    def mark(label: tuple[str, str], **look: Any) -> Line2D:
        return Line2D([], [], label=bilingual(*label, lang), **look)

    year = data.year
    handles = [
        mark((str(year), str(year)), ls="", marker="o", ms=6.4, color=LINES["blue"]),
        mark((str(year - 1), str(year - 1)), ls="", marker="o", ms=6.4, mfc="white", mec=GREY,
             mew=1.3),
        mark(("改善", "better"), color=LINES["green"], lw=1.6),
        mark(("变差", "worse"), color=LINES["red"], lw=1.6, ls=(0, (2, 1))),
    ]  # fmt: skip
    if any(math.isfinite(float(r[k])) for r in rows for k in ("pm25_target", "good_target")):
        handles.append(mark(("目标", "target"), ls="", marker="|", ms=11, mew=2.2, color=BLACK))
    if not all(r["enough_days"] for r in rows):
        handles.append(mark(("天数不足，不排名", "too few days, no rank"), ls="", marker="o", ms=6.4,
                            color="#bcd5e8"))  # fmt: skip
    across, up = sheet.figure.get_size_inches()
    legend = sheet.figure.legend(
        handles=handles, loc="lower left", ncols=len(handles), frameon=False, fontsize=8.5,
        bbox_to_anchor=(sheet.left / across, (sheet.bottom + 0.1 + lift) / up), borderpad=0,
        handlelength=1.8, columnspacing=1.6,
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_gid("legend")
