"""Chart 10's page of targets: where each stands, where it may end, what is left, which way it goes.

A verdict is a word with a mark of its own beside its colour, so that a print in black and white
reads the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from forecast.charts.chart import Chart
from forecast.charts.fonts import chart_fonts
from forecast.charts.style import BLACK, GREY, LINES, Footer, Lang, bilingual, canvas, wrap
from forecast.charts.words import VERDICTS, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["TREND_RULE", "ScoreRow", "ScoreboardData", "Tendency", "scoreboard"]

_WIDTH = 12.4  # [inch]
_HEAD = 0.46  # [inch] column heads
_PAD = 0.13  # [inch] above and below the text of a row
_POINTS_PER_INCH = 72.0
_SIZE, _SECOND = 8.8, 7.4  # [pt] the first language, the other under it
#: Half-width cells to an em: a Latin letter takes a little more than half of one.
_CELLS_PER_EM = 1.86
_BAR = 0.62  # [inch] bar of a probability
_MOST_ROWS = 22

#: Marks of the verdicts: one that is good is filled, one that is not points down or crosses.
_MARKS: dict[str, str] = {
    "MET": "✓", "LIKELY": "●", "AT_RISK": "▲", "UNLIKELY": "▼", "NOT_MET": "×",
}  # fmt: skip
_OTHER_MARK = "○"

#: When an arrow points up or down.
TREND_RULE: tuple[str, str] = (
    "趋势：各满年年值的 Theil–Sen 斜率，95 %秩区间不含零时为 ↗ 或 ↘，含零为 →，年数不足以给出区间时为 —；"
    "2018年9月空气监测状态改变，其前后的年份不相比较",
    "trend: Theil–Sen slope of the values of full years; ↗ or ↘ where its 95 % rank interval "
    "excludes zero, → where not, — where the years are too few for one; years before and after the "
    "change of the state of measurement of air in September 2018 are not compared",
)


class Tendency(NamedTuple):
    """Slope a year with its bounds, as numbers [unit of the indicator]; NaN where there is none."""

    slope: float
    lower: float
    upper: float
    decimals: int = 1

    @property
    def arrow(self) -> str:
        """``↗`` or ``↘`` where the interval excludes zero, ``→`` where not, ``—`` without one.

        >>> Tendency(-2.0, -3.0, -1.0).arrow, Tendency(1.0, -1.0, 2.0).arrow
        ('↘', '→')
        """
        if not all(math.isfinite(v) for v in self):
            return "—"
        if self.lower > 0:
            return "↗"
        return "↘" if self.upper < 0 else "→"


@dataclass(frozen=True)
class ScoreRow:
    """One target, ready to be printed; pairs are (Chinese, English).

    Attributes:
        domain: 环境空气, air and the like.
        place: where; empty for the region itself.
        name, target: the indicator, and what is asked of it.
        level: firm, stretch and the like in words; empty for neither.
        to_date: what was observed, with ``unit``.
        unit: of the values.
        median, interval: forecast of the year and its 90 % interval; empty without one.
        probability: that the target is met; None where none can be given.
        verdict: one of ``VERDICTS``; empty for an indicator without a target.
        budget: what is left, or why the target can't be judged; empty where nothing is counted.
        tendency: slope over the years; None where there is none to give.
    """

    domain: tuple[str, str]
    name: tuple[str, str]
    target: tuple[str, str]
    to_date: str
    unit: tuple[str, str]
    median: str = ""
    interval: str = ""
    probability: float | None = None
    verdict: str = ""
    place: tuple[str, str] = ("", "")
    level: tuple[str, str] = ("", "")
    budget: tuple[str, str] = ("", "")
    tendency: Tendency | None = None


@dataclass(frozen=True)
class ScoreboardData:
    """What the page shows: a region, its targets in the order printed, remarks under the table."""

    region_zh: str
    year: int
    rows: tuple[ScoreRow, ...]
    footer: Footer
    region_en: str = ""
    remarks: tuple[tuple[str, str], ...] = ()
    rows_per_page: int = _MOST_ROWS
    name: str = "scoreboard"


class _Column(NamedTuple):
    """Head in two languages, left edge and width [inch], alignment."""

    zh: str
    en: str
    left: float
    width: float
    align: str = "left"


_COLUMNS = (
    _Column("指标", "indicator", 0.0, 2.1),
    _Column("目标", "target", 2.15, 1.4),
    _Column("至今", "to date", 3.58, 0.95),
    _Column("全年预测（90 %区间）", "forecast (90 % interval)", 4.56, 1.62),
    _Column("达标概率", "P(met)", 6.22, 1.12),
    _Column("判定", "verdict", 7.36, 1.34),
    _Column("余量（或不能判定的原因）", "what is left, or why not judged", 8.78, 2.14),
    _Column("趋势（每年）", "trend a year", 10.96, 0.94),
)


def scoreboard(
    data: ScoreboardData, *, lang: Lang = "both", only_packaged: bool | None = None
) -> tuple[Chart, ...]:
    """Draw the targets of one region, one chart for each ``rows_per_page`` of them.

    A region without any target gets one page that says so.

    Args:
        data: what is shown.
        lang: language of the texts.
        only_packaged: draw with the packaged font alone; None follows the environment.

    Raises:
        ValueError: a verdict that is not known, or fewer than one row a page.
    """
    if data.rows_per_page < 1:
        raise ValueError(f"rows_per_page must be at least 1, got {data.rows_per_page}")
    unknown = sorted({r.verdict for r in data.rows} - set(VERDICTS) - {""})
    if unknown:
        raise ValueError(f"verdicts {unknown} are not known")
    step = data.rows_per_page
    pages = [data.rows[k : k + step] for k in range(0, len(data.rows), step)] or [()]
    with chart_fonts(only_packaged):
        return tuple(_page(data, rows, k, len(pages), lang) for k, rows in enumerate(pages, 1))


def _table(rows: Sequence[ScoreRow]) -> pd.DataFrame:
    """One row a target, as printed and with the numbers behind the bar and the arrow."""
    none = Tendency(math.nan, math.nan, math.nan)
    columns = {
        "domain": [r.domain[1] for r in rows],
        "place": [r.place[0] for r in rows],
        "indicator_zh": [r.name[0] for r in rows],
        "indicator_en": [r.name[1] for r in rows],
        "level": [r.level[1] for r in rows],
        "target": [r.target[0] for r in rows],
        "unit": [r.unit[0] for r in rows],
        "to_date": [r.to_date for r in rows],
        "forecast_median": [r.median for r in rows],
        "forecast_90": [r.interval for r in rows],
        "probability": [math.nan if r.probability is None else r.probability for r in rows],
        "verdict": [r.verdict for r in rows],
        "left": [r.budget[0] for r in rows],
        "trend": [(r.tendency or none).arrow for r in rows],
        "slope_per_year": [(r.tendency or none).slope for r in rows],
        "slope_low": [(r.tendency or none).lower for r in rows],
        "slope_high": [(r.tendency or none).upper for r in rows],
    }
    return pd.DataFrame(columns)


class _Text(NamedTuple):
    """A line of a cell: its text and whether it is the second language."""

    text: str
    second: bool


def _lines(pair: tuple[str, str], width: float, lang: Lang) -> list[_Text]:
    """The lines of a cell of ``width`` [inch]: Chinese, then English smaller under it."""
    zh, en = pair
    shown = {"zh": [zh or en], "en": [en or zh], "both": list(dict.fromkeys([zh, en]))}[lang]
    out = []
    for k, text in enumerate(t for t in shown if t):
        size = _SECOND if k else _SIZE
        room = int(width * _POINTS_PER_INCH / size * _CELLS_PER_EM)
        out += [_Text(part, bool(k)) for part in wrap(text, room)]
    return out


def _height(lines: Sequence[_Text]) -> float:
    return sum((_SECOND if t.second else _SIZE) * 1.42 for t in lines) / _POINTS_PER_INCH


def _cells(row: ScoreRow, lang: Lang) -> list[list[_Text]]:
    """The lines of each column; those of probability and verdict are drawn, not written."""
    name = (
        f"{row.name[0]}{f'（{row.place[0]}）' if row.place[0] else ''}",
        f"{row.name[1]}{f', {row.place[1]}' if row.place[1] else ''}",
    )
    target = (
        f"{row.target[0]}{f'（{row.level[0]}）' if row.level[0] else ''}",
        f"{row.target[1]}{f' ({row.level[1]})' if row.level[1] else ''}",
    )
    ahead = f"{row.median} ({row.interval})" if row.interval else row.median or "—"
    told = row.tendency
    slope = ("", "")
    if told is not None and told.arrow in "↗↘":
        text = f"{told.slope:+.{told.decimals}f}"
        slope = (text, text)
    to_date = (_with(row.to_date, row.unit[0]), _with(row.to_date, row.unit[1]))
    columns = [name, target, to_date, (ahead, ahead), ("", ""), ("", ""), row.budget, slope]
    return [
        _lines(pair, column.width - (0.32 if column.zh.startswith("趋势") else 0.05), lang)
        for pair, column in zip(columns, _COLUMNS, strict=True)
    ]


def _with(value: str, unit: str) -> str:
    return value if not unit or value in ("", "—") else f"{value} {unit}"


def _page(
    data: ScoreboardData, rows: Sequence[ScoreRow], page: int, pages: int, lang: Lang
) -> Chart:
    part_zh, part_en = (f"（{page}/{pages}）", f" ({page}/{pages})") if pages > 1 else ("", "")
    title_zh = f"{data.region_zh} {data.year}年目标一览{part_zh}"
    title_en = f"{data.region_en or data.region_zh}: scoreboard of targets, {data.year}{part_en}"
    cells = [_cells(row, lang) for row in rows]
    heights = [max(0.26, *(_height(c) for c in row)) + 2 * _PAD for row in cells]
    groups = sum(_opens_group(rows, k) for k in range(len(rows))) * 0.3
    notes = [
        part
        for text in _pairs([*data.remarks, TREND_RULE], lang)
        for part in wrap(text, int((_WIDTH - 0.5) * _POINTS_PER_INCH / 7.6 * _CELLS_PER_EM))
    ]
    foot = 0.16 * len(notes) + 0.2
    body = _HEAD + sum(heights) + groups + (0.0 if rows else 0.8)
    bare = canvas(_WIDTH, 1.0, title_zh, title_en, data.footer, lang)
    frame = 1.0 - (bare.top - bare.bottom)
    sheet = canvas(_WIDTH, frame + body + foot, title_zh, title_en, data.footer, lang)
    width, height = sheet.right - sheet.left, sheet.top - sheet.bottom
    axes = sheet.figure.add_axes(sheet.box(sheet.left, sheet.bottom, width, height))
    axes.set_xlim(0, width)
    axes.set_ylim(-height, 0)
    axes.axis("off")
    _heads(axes, lang)
    y = -_HEAD
    for k, (row, own, tall) in enumerate(zip(rows, cells, heights, strict=True)):
        if _opens_group(rows, k):
            axes.text(0, y - 0.16, bilingual(*row.domain, lang), fontsize=9.6, color=LINES["blue"],
                      va="center", gid="group")  # fmt: skip
            y -= 0.3
        _row(axes, row, own, y, tall, lang)
        y -= tall
        axes.plot([0, width], [y, y], color="#e2e2e2", lw=0.7)
    if not rows:
        text = bilingual("本年没有适用于该地区的目标", "no target applies to this region in this year",
                         lang)  # fmt: skip
        axes.text(width / 2, y - 0.4, text, fontsize=11, color=LINES["red"], ha="center",
                  va="center", gid="empty")  # fmt: skip
    for k, text in enumerate(notes):
        axes.text(0, -height + foot - 0.2 - 0.16 * k, text, fontsize=7.6, color=GREY, va="center",
                  gid="note")  # fmt: skip
    name = data.name if pages == 1 else f"{data.name}_{page}"
    return Chart(sheet.figure, _table(rows), name, title_zh, title_en)


def _opens_group(rows: Sequence[ScoreRow], k: int) -> bool:
    return k == 0 or rows[k].domain != rows[k - 1].domain


def _pairs(pairs: Sequence[tuple[str, str]], lang: Lang) -> list[str]:
    if lang == "both":
        return [t for pair in pairs for t in pair]
    return [bilingual(zh, en, lang) for zh, en in pairs]


def _heads(axes: Axes, lang: Lang) -> None:
    for column in _COLUMNS:
        text = bilingual(column.zh, column.en, lang, separator="\n")
        axes.text(column.left, 0.07 - _HEAD, text, fontsize=8.2, color=GREY, va="bottom",
                  linespacing=1.25, gid="head")  # fmt: skip
    last = _COLUMNS[-1]
    axes.plot([0, last.left + last.width], [-_HEAD, -_HEAD], color=GREY, lw=0.9)


def _row(
    axes: Axes, row: ScoreRow, cells: list[list[_Text]], top: float, tall: float, lang: Lang
) -> None:
    middle = top - tall / 2
    for column, lines in zip(_COLUMNS, cells, strict=True):
        y = middle + _height(lines) / 2
        left = column.left + (0.3 if column.zh.startswith("趋势") else 0.0)
        for line in lines:
            size = _SECOND if line.second else _SIZE
            axes.text(left, y - size * 0.71 / _POINTS_PER_INCH, line.text, fontsize=size,
                      color=GREY if line.second else BLACK, va="center", gid="cell")  # fmt: skip
            y -= size * 1.42 / _POINTS_PER_INCH
    arrow = row.tendency.arrow if row.tendency else "—"
    trend = _COLUMNS[-1]
    axes.text(trend.left, middle, arrow, fontsize=12, color=BLACK, va="center", gid="arrow")
    _probability(axes, row, middle)
    if row.verdict:
        verdict = VERDICTS[row.verdict]
        mark = _MARKS.get(row.verdict, _OTHER_MARK)
        word = bilingual(verdict.zh, verdict.en, lang, separator="\n")
        box = {"facecolor": verdict.fill, "edgecolor": "none", "boxstyle": "round,pad=0.3"}
        axes.text(_COLUMNS[5].left + 0.06, middle, f"{mark} {word}", fontsize=8.4 if lang != "both" else 7.8,
                  color=verdict.ink, va="center", bbox=box, linespacing=1.2, gid="verdict")  # fmt: skip


def _probability(axes: Axes, row: ScoreRow, middle: float) -> None:
    from matplotlib.patches import Rectangle

    left = _COLUMNS[4].left
    if row.probability is None:
        axes.text(left, middle, "—", fontsize=_SIZE, color=GREY, va="center", gid="cell")
        return
    for width, colour in ((1.0, "#e8e8e8"), (row.probability, _fill(row))):
        axes.add_patch(
            Rectangle(
                (left, middle - 0.055), _BAR * width, 0.11, facecolor=colour, edgecolor="none"
            )
        )
    axes.text(left + _BAR + 0.06, middle, percent(row.probability), fontsize=_SIZE, color=BLACK,
              va="center", gid="cell")  # fmt: skip


def _fill(row: ScoreRow) -> str:
    return VERDICTS[row.verdict].fill if row.verdict else LINES["blue"]
