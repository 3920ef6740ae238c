"""Chart 3, the day calendar of the AQI: one cell a day, coloured by its level."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.charts.cell_texts import CellText, draw_cell_texts
from forecast.charts.chart import Chart
from forecast.charts.fonts import chart_fonts
from forecast.charts.level_panel import draw_counts, draw_legend, level_counts
from forecast.charts.style import (
    AQI_COLOURS,
    AQI_INK,
    AQI_LEVELS_ZH,
    BLACK,
    GREY,
    Canvas,
    Footer,
    Lang,
    canvas,
)
from forecast.charts.words import item_mark

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["AqiCalendarData", "OtherVersion", "aqi_calendar"]

_CELL = 0.285  # [inch] side of a day's cell
_SMALL = 0.098  # [inch] the same under the other version
_TILE_WIDTH, _TILE_HEIGHT = 7 * _CELL + 0.22, 6 * _CELL + 0.45
_GRID_WIDTH, _GRID_HEIGHT = 4 * _TILE_WIDTH, 3 * _TILE_HEIGHT
_WIDTH = _GRID_WIDTH + 3.5
_HEIGHT = _GRID_HEIGHT + 1.35
_STRIP = 1.4  # [inch] the strip under the other version


@dataclass(frozen=True)
class OtherVersion:
    """The same days under another version of the standard.

    Attributes:
        standard: its token.
        level: AQI level 1 to 6, 0 where the day is invalid, shape (day,) beside the main dates.
    """

    standard: str
    level: NDArray[np.int8]


@dataclass(frozen=True)
class AqiCalendarData:
    """What one calendar shows.

    Attributes:
        place_zh, place_en: the place; ``place_en`` may be empty.
        year: the year drawn.
        dates: days, datetime64[D], shape (day,); days of ``year`` that are absent up to
            ``last_day`` are missing, days after it are still to come.
        level: AQI level 1 to 6, 0 where the day is missing or invalid, shape (day,).
        primary: primary pollutant of each day, item codes joined by ``+``, empty when none.
        dust: whether the day is a dust day, shape (day,); None where it is not known.
        last_day: last day of the data.
        standard: token of the rules that made the levels.
        last_year: days per level of the year before, shape (7,), element 0 the invalid days.
        mean_3y: mean days per level of the three years before, shape (7,).
        other: the same days under the other version of the standard.
        same_period: whether ``last_year`` and ``mean_3y`` count up to the same day of the year.
        footer: what stands under the chart.
        name: stem of the saved files.
    """

    place_zh: str
    year: int
    dates: NDArray[np.datetime64]
    level: NDArray[np.int8]
    primary: tuple[str, ...]
    last_day: np.datetime64
    standard: str
    footer: Footer
    place_en: str = ""
    dust: NDArray[np.bool_] | None = None
    last_year: NDArray[Any] | None = None
    mean_3y: NDArray[Any] | None = None
    other: OtherVersion | None = None
    same_period: bool = True
    name: str = "aqi_calendar"


def aqi_calendar(
    data: AqiCalendarData, *, lang: Lang = "both", only_packaged: bool | None = None
) -> Chart:
    """Draw the calendar of one place and year.

    Args:
        data: what is shown.
        lang: language of the texts.
        only_packaged: draw with the packaged font alone; None follows the environment.

    Raises:
        ValueError: arrays of different length, levels outside 0 to 6, or days outside the year.
    """
    table = _table(data)
    with chart_fonts(only_packaged):
        return _draw(data, table, lang)


def _table(data: AqiCalendarData) -> pd.DataFrame:
    """One row a day of the year: status, level, primary pollutant, dust, the other version."""
    n = data.dates.size
    dust = np.zeros(n, dtype=bool) if data.dust is None else data.dust
    other = None if data.other is None else data.other.level
    for what, size in (
        ("level", data.level.size),
        ("primary", len(data.primary)),
        ("dust", dust.size),
        ("other.level", n if other is None else other.size),
    ):
        if size != n:
            raise ValueError(f"{what} has {size} days, dates have {n}")
    for levels in (data.level, other):
        if levels is not None and n and not np.isin(levels, np.arange(7)).all():
            raise ValueError("AQI levels must be 0 to 6")
    dates = data.dates.astype("datetime64[D]")
    first = np.datetime64(f"{data.year}-01-01")
    days = np.arange(first, np.datetime64(f"{data.year + 1}-01-01"))
    at = (dates - first).astype(int)
    if not np.isin(at, np.arange(days.size)).all():
        raise ValueError(f"days must be in {data.year}, got {dates.min()} to {dates.max()}")
    table = pd.DataFrame({"date": days})
    level = np.zeros(days.size, dtype=np.int8)
    level[at] = data.level
    come = days > data.last_day.astype("datetime64[D]")
    table["status"] = np.select([come, level > 0], ["to come", "observed"], "missing")
    table["level"] = np.where(come, 0, level)
    table["level_zh"] = [AQI_LEVELS_ZH[k] if k else "" for k in table["level"]]
    primary = np.full(days.size, "", dtype=object)
    primary[at] = np.array(data.primary, dtype=object)
    table["primary"] = primary
    sandy = np.zeros(days.size, dtype=bool)
    sandy[at] = dust
    table["dust"] = sandy
    table["standard"] = data.standard
    if data.other is not None and other is not None:
        second = np.zeros(days.size, dtype=np.int8)
        second[at] = other
        table["level_other"] = np.where(come, 0, second)
        table["standard_other"] = data.other.standard
    return table


def _draw(data: AqiCalendarData, table: pd.DataFrame, lang: Lang) -> Chart:
    title_zh = f"{data.place_zh} {data.year}年逐日空气质量日历（{data.standard}）"
    title_en = f"{data.place_en or data.place_zh}: daily AQI levels {data.year} ({data.standard})"
    second = data.other is not None
    height = _HEIGHT + (_STRIP if second else 0.0)
    sheet = canvas(_WIDTH, height, title_zh, title_en, data.footer, lang)
    months = _axes(sheet, sheet.left, sheet.top - _GRID_HEIGHT, _GRID_WIDTH, _GRID_HEIGHT)
    texts: list[CellText] = []
    for m, days in enumerate(_by_month(table), 1):
        column, row = (m - 1) % 4, (m - 1) // 4
        origin = (column * _TILE_WIDTH, _GRID_HEIGHT - row * _TILE_HEIGHT)
        _month(months, days, m, origin, _CELL, lang, texts)
    draw_cell_texts(months, texts)
    panel_left = sheet.left + _GRID_WIDTH + 0.15
    width = sheet.right - panel_left
    panel = _axes(sheet, panel_left, sheet.top - _GRID_HEIGHT, width, _GRID_HEIGHT)
    past = (data.last_year, data.mean_3y)
    y = draw_counts(
        panel, data.year, level_counts(table), past, (width, _GRID_HEIGHT), lang,
        same_period=data.same_period,
    )  # fmt: skip
    draw_legend(panel, y, bool(table["dust"].any()), lang)
    if data.other is not None:
        strip = _axes(sheet, sheet.left, sheet.bottom, sheet.right - sheet.left, _STRIP)
        _other_version(strip, data.other, table, lang)
    return Chart(sheet.figure, table, data.name, title_zh, title_en)


def _axes(sheet: Canvas, left: float, bottom: float, width: float, height: float) -> Axes:
    """Axes whose data units are inches, without frame."""
    axes = sheet.figure.add_axes(sheet.box(left, bottom, width, height))
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)
    axes.axis("off")
    return axes


def _month(
    axes: Axes,
    days: pd.DataFrame,
    month: int,
    origin: tuple[float, float],
    cell: float,
    lang: Lang,
    texts: list[CellText],
) -> None:
    """Draw ``days``, a month, from its upper left corner [inch] on; ``texts`` takes its words."""
    left, top = origin
    name = f"{month}月" if lang != "en" else calendar.month_abbr[month]
    if lang == "both":
        name = f"{month}月  {calendar.month_abbr[month]}"
    axes.text(left, top, name, fontsize=10, color=BLACK, va="top", gid="month")
    heads = "一二三四五六日" if lang != "en" else "MTWTFSS"
    for k, head in enumerate(heads):
        axes.text(left + (k + 0.5) * cell, top - 0.21, head, fontsize=7, color=GREY, ha="center",
                  va="top", gid="weekday")  # fmt: skip
    corners = _corners(days, left, top - 0.35, cell)
    _cells(axes, days, corners, cell, "level")
    ticks: list[list[tuple[float, float]]] = []
    inks: list[str] = []
    gaps: list[list[tuple[float, float]]] = []
    dust: list[tuple[float, float]] = []
    columns = ("level", "primary", "status", "dust")
    shown = zip(corners, *(days[column].tolist() for column in columns), strict=True)
    for number, ((x, y), level, primary, status, dusty) in enumerate(shown, 1):
        ink = AQI_INK[level]
        texts.append(CellText(x + 0.025, y + cell - 0.033, str(number), 5.6, ink, "corner"))
        if level:
            mark = item_mark(primary)
            texts.append(CellText(x + cell / 2, y + cell * 0.39, mark, 6.8, ink))
        elif status == "missing":
            gaps.append([(x + cell * 0.35, y + cell * 0.38), (x + cell * 0.65, y + cell * 0.38)])
        for k in range(max(level - 2, 0)):
            ticks.append([(x + 0.035 + 0.058 * k, y + 0.03), (x + 0.075 + 0.058 * k, y + 0.03)])
            inks.append(ink)
        if dusty:
            dust.append((x + cell - 0.05, y + cell - 0.05))
    from matplotlib.collections import LineCollection

    for lines, colours, width in ((ticks, inks, 1.5), (gaps, GREY, 0.9)):
        if lines:
            axes.add_collection(
                LineCollection(lines, colors=colours, linewidths=width, clip_on=False),
                autolim=False,
            )
    if dust:
        axes.plot(*zip(*dust, strict=True), ls="", marker="o", ms=3.4, color="#6b3e12", mec="white",
                  mew=0.5)  # fmt: skip


def _by_month(table: pd.DataFrame) -> list[pd.DataFrame]:
    """The rows of each month; the table has all days of the year in order."""
    lengths = table["date"].dt.month.value_counts(sort=False).sort_index()
    ends = np.cumsum(lengths.to_numpy())
    return [table.iloc[end - size : end] for end, size in zip(ends, lengths, strict=True)]


def _corners(days: pd.DataFrame, left: float, top: float, cell: float) -> list[tuple[float, float]]:
    """Lower left corner of each day's cell; weeks begin on Monday."""
    start = int(days["date"].iloc[0].weekday())
    places = [divmod(start + k, 7) for k in range(len(days))]
    return [(left + column * cell, top - (row + 1) * cell) for row, column in places]


def _cells(
    axes: Axes, days: pd.DataFrame, corners: list[tuple[float, float]], cell: float, column: str
) -> None:
    """Fill the cells by level; days to come are hatched, missing ones stay open."""
    from matplotlib.collections import PolyCollection

    squares = [[(x, y), (x + cell, y), (x + cell, y + cell), (x, y + cell)] for x, y in corners]
    come = (days["status"] == "to come").to_numpy()
    past = [s for s, later in zip(squares, come, strict=True) if not later]
    colours = [AQI_COLOURS[k] for k in days.loc[~come, column]]
    line = 0.6 if cell > 0.2 else 0.3
    axes.add_collection(
        PolyCollection(
            past, facecolors=colours, edgecolors="#8c8c8c", linewidths=line, clip_on=False
        ),
        autolim=False,
    )
    ahead = [s for s, later in zip(squares, come, strict=True) if later]
    if ahead:
        axes.add_collection(
            PolyCollection(ahead, facecolors="#fafafa", edgecolors="#d3d3d3", linewidths=line,
                           hatch="////" if cell > 0.2 else None, clip_on=False),
            autolim=False,
        )  # fmt: skip


def _other_version(axes: Axes, other: OtherVersion, table: pd.DataFrame, lang: Lang) -> None:
    """Draw the same days under the other version, small, with its counts."""
    changed = int((table["level"] != table["level_other"]).sum())
    good = (int(level_counts(table, c)[1:3].sum()) for c in ("level", "level_other"))
    before, after = good
    counts = level_counts(table, "level_other")
    zh = (
        f"同日按 {other.standard}：优良 {after} 天（本图 {before} 天），级别改变 {changed} 天（黑点）；"
        + "、".join(f"{AQI_LEVELS_ZH[k]} {counts[k]}" for k in range(1, 7))
    )
    en = f"the same days under {other.standard}: {after} good days ({before} above), {changed} days change level (dots)"
    y = _STRIP - 0.1
    for text, size, colour in ((zh, 8.8, BLACK), (en, 8.0, GREY)):
        if (text is zh and lang == "en") or (text is en and lang == "zh"):
            continue
        axes.text(0, y, text, fontsize=size, color=BLACK if lang == "en" else colour, va="top",
                  gid="strip")  # fmt: skip
        y -= 0.19
    for m, days in enumerate(_by_month(table), 1):
        left = (m - 1) * (7 * _SMALL + 0.22)
        name = calendar.month_abbr[m] if lang == "en" else f"{m}月"
        axes.text(left, y, name, fontsize=6.8, color=GREY, va="top", gid="strip")
        corners = _corners(days, left, y - 0.15, _SMALL)
        _cells(axes, days, corners, _SMALL, "level_other")
        moved = (days["level"] != days["level_other"]).to_numpy()
        at = np.array(corners)[moved] + _SMALL / 2
        axes.plot(at[:, 0], at[:, 1], ls="", marker="o", ms=2.2, mfc=BLACK, mec="white", mew=0.4)
