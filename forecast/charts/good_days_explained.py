"""Good days explained: which item cost how many, and what was gained or lost against another year."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.charts.chart import Chart
from forecast.charts.fonts import chart_fonts
from forecast.charts.review_style import ITEM_FILL, ITEM_NAMES, frame_height
from forecast.charts.style import BLACK, GREY, LINES, Footer, Lang, bilingual, canvas
from forecast.trend.good_days_explained import GoodDaysChange, GoodDaysYear
from forecast.trend.good_days_words import days_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PARTS", "VIEWS", "ExplainedStandard", "GoodDaysExplainedData", "good_days_explained"]

_WIDTH, _GAP, _ROW = 11.6, 1.35, 0.2  # [inch] sheet, room for names left of a panel, a bar
_HEAD, _TITLE = 0.38, 0.42  # [inch] room above a column, and above the panel under it
_LEGEND = 0.3  # [inch]

#: Ways of looking at the same gain or loss; each adds up by itself.
VIEWS: dict[str, tuple[str, str]] = {
    "item": ("按项目", "by item"), "dust": ("按沙尘", "by dust"),
    "holiday": ("按节假日", "by holiday"), "weather": ("按气象", "by weather"),
}  # fmt: skip
#: Parts of these ways.
PARTS: dict[str, tuple[str, str]] = {
    "valid_days": ("有效天数增减", "valid days"), "dust": ("沙尘日", "dust days"),
    "other": ("其他日", "other days"), "spring_festival": ("春节前后", "Spring Festival"),
    "qingming": ("清明", "Qingming"), "national_day": ("国庆", "National Day"),
    "weather": ("气象", "weather"), "rest": ("其余（排放等）", "rest (emissions …)"),
    **{i: (n, n) for i, n in ITEM_NAMES.items()},
}  # fmt: skip


@dataclass(frozen=True)
class ExplainedStandard:
    """One year under one version of the standard.

    Attributes:
        token: such as ``HJ 633-2012``.
        year: the year drawn; ``before`` the year it is compared with, None where there is none.
        change: what was gained or lost between them; None likewise.
        reason_zh, reason_en: why there is no comparison.
    """

    token: str
    year: GoodDaysYear
    before: GoodDaysYear | None = None
    change: GoodDaysChange | None = None
    reason_zh: str = ""
    reason_en: str = ""


@dataclass(frozen=True)
class GoodDaysExplainedData:
    """What the chart shows: one place and year under each version of the standard."""

    place_zh: str
    year: int
    columns: tuple[ExplainedStandard, ...]
    footer: Footer
    place_en: str = ""
    name: str = "good_days_explained"


def good_days_explained(
    data: GoodDaysExplainedData, *, lang: Lang = "both", only_packaged: bool | None = None
) -> Chart:
    """Draw the bad days by item, and the good days gained or lost by cause, a column a standard.

    Args:
        data: what is shown.
        lang: language of the texts.
        only_packaged: draw with the packaged font alone; None follows the environment.

    Raises:
        ValueError: there is no standard.
    """
    if not data.columns:
        raise ValueError("there is no version of the standard to draw")
    with chart_fonts(only_packaged):
        return _draw(data, lang)


def _table(data: GoodDaysExplainedData) -> pd.DataFrame:
    """Rows ``kind`` = year (items of a year) and change (parts of each view), by standard."""
    parts = []
    for column in data.columns:
        for one in (column.year, column.before):
            if one is not None:
                table = one.table().rename(columns={"item": "part"})
                table.insert(0, "year", one.year)
                table["view"] = "item"
                table["valid_days"], table["good_days"] = one.valid, one.good
                parts.append(table.assign(kind="year", standard=column.token))
        if column.change is not None:
            table = column.change.table()
            table.insert(0, "year", column.change.last.year)
            parts.append(
                table.assign(kind="change", standard=column.token,
                             against=column.change.first.year)
            )  # fmt: skip
    found = pd.concat(parts, ignore_index=True)
    first = ["standard", "kind", "year", "view", "part", "days"]
    return found[[*first, *(c for c in found.columns if c not in first)]]


def _draw(data: GoodDaysExplainedData, lang: Lang) -> Chart:
    title_zh = f"{data.place_zh} {data.year}年优良天数解释"
    title_en = f"{data.place_en or data.place_zh}: good days {data.year} explained"
    items = _items(data)
    lines = max(len(_rows(c, lang)) for c in data.columns)
    upper = 2 * _ROW * max(1, len(items)) + 0.1
    lower = max(1.2, _ROW * lines)
    extra = 0.18 * (lang == "both")
    height = (
        frame_height(data.footer, lang, _WIDTH) + _HEAD + 2 * extra + upper + 0.35 + _TITLE
        + lower + 0.5 + _LEGEND
    )  # fmt: skip
    sheet = canvas(_WIDTH, height, title_zh, title_en, data.footer, lang)
    n = len(data.columns)
    gap = _GAP + {"zh": 0.0, "en": 0.2, "both": 0.75}[lang]
    width = (sheet.right - sheet.left - n * gap - 0.15) / n
    # One scale for all columns: a bar of one length is one number of days everywhere.
    most = max((float(v) for c in data.columns for y in (c.year, c.before) if y is not None
                for v in y.by_item.values()), default=0.0)  # fmt: skip
    moves = [r[2] for c in data.columns for r in _rows(c, lang) if r[2] is not None]
    reach = (min([0.0, *moves]), max([0.0, *moves]))
    for k, column in enumerate(data.columns):
        left = sheet.left + gap + k * (width + gap)
        top = sheet.top - _HEAD - extra
        axes = sheet.figure.add_axes(sheet.box(left, top - upper, width, upper))
        _year_bars(axes, column, items, most, lang)
        top -= upper + 0.35 + _TITLE + extra
        axes = sheet.figure.add_axes(sheet.box(left, top - lower, width, lower))
        _change_bars(axes, column, reach, lines, lang)
    _legend(sheet.figure, data, (sheet.left, sheet.bottom), lang)
    return Chart(sheet.figure, _table(data), data.name, title_zh, title_en)


def _items(data: GoodDaysExplainedData) -> list[str]:
    """Items that cost a day in any year or standard, the costliest first."""
    years = [y for c in data.columns for y in (c.year, c.before) if y is not None]
    total = {i: sum(float(y.by_item[i]) for y in years) for i in ITEM_FILL}
    return sorted((i for i in total if total[i]), key=lambda i: -total[i])


def _clean(axes: Axes) -> None:
    axes.tick_params(labelsize=8.2, colors=GREY, length=0)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color("#b0b0b0")
    axes.grid(axis="x", color="#ececec", lw=0.7)


def _title(axes: Axes, zh: str, en: str, lang: Lang) -> None:
    axes.set_title(
        bilingual(zh, en, lang, separator="\n"), fontsize=9.0, color=BLACK, loc="left", pad=6,
        linespacing=1.35, gid="panel-title", x=-_names_part(axes),
    )  # fmt: skip


def _names_part(axes: Axes) -> float:
    """Room for names left of the panel, as a part of its width: titles begin there."""
    box = axes.get_position()
    figure = axes.get_figure()
    across = float(figure.get_figwidth()) if figure is not None else _WIDTH  # type: ignore[union-attr]
    return 0.95 / (box.width * across)


def _year_bars(
    axes: Axes, column: ExplainedStandard, items: list[str], most: float, lang: Lang
) -> None:
    year, before = column.year, column.before
    zh = f"{column.token}：{year.year}年有效{year.valid}天，优良{year.good}，超标{year.bad}"
    en = f"{column.token}: {year.year} {year.valid} valid days, {year.good} good, {year.bad} bad"
    if before is not None:
        zh += f"（{before.year}年{before.valid}、{before.good}、{before.bad}）"
        en += f" ({before.year}: {before.valid}, {before.good}, {before.bad})"
    _title(axes, zh, en, lang)
    _clean(axes)
    if not items:
        said = ("没有能判定的日", "no day can be judged") if not year.valid else (
            "没有超标日", "no bad day")  # fmt: skip
        axes.set_axis_off()
        axes.text(0.0, 0.5, bilingual(*said, lang), transform=axes.transAxes, fontsize=9.5,
                  color=GREY, gid="none")  # fmt: skip
        return
    at = -np.arange(len(items), dtype=float)
    for k, item in enumerate(items):
        days = float(year.by_item[item])
        axes.barh(at[k] + 0.19, days, 0.34, color=ITEM_FILL[item], edgecolor=BLACK, lw=0.5,
                  zorder=3)  # fmt: skip
        _number(axes, days, at[k] + 0.19, days_text(year.by_item[item]), BLACK)
        if before is not None:
            days = float(before.by_item[item])
            axes.barh(at[k] - 0.19, days, 0.34, color="white", edgecolor=GREY, lw=0.8,
                      hatch="////", zorder=3)  # fmt: skip
            _number(axes, days, at[k] - 0.19, days_text(before.by_item[item]), GREY)
    axes.set_yticks(at, labels=[ITEM_NAMES[i] for i in items])
    for label in axes.get_yticklabels():
        label.set_color(BLACK)
    axes.set_ylim(at[-1] - 0.55, 0.55)
    axes.set_xlim(0, 1.12 * max(most, 1.0))


def _number(axes: Axes, x: float, y: float, text: str, ink: str) -> None:
    axes.annotate(text, (x, y), xytext=(4, 0), textcoords="offset points", va="center", ha="left",
                  fontsize=8.0, color=ink, gid="number")  # fmt: skip


def _rows(column: ExplainedStandard, lang: Lang) -> list[tuple[str, str, float | None]]:
    """Lines of the lower panel: kind (head, part), name, days; a head has no days."""
    change = column.change
    if change is None:
        return []
    rows: list[tuple[str, str, float | None]] = []
    table = change.table()
    for view in VIEWS:
        own = table[(table["view"] == view) & (table["part"] != "total")]
        if own.empty:
            continue
        rows.append(("head", bilingual(*VIEWS[view], lang), None))
        for part, days in zip(own["part"], own["days"], strict=True):
            rows.append(("part", bilingual(*PARTS[str(part)], lang), float(days)))
    return rows


def _change_bars(
    axes: Axes, column: ExplainedStandard, reach: tuple[float, float], lines: int, lang: Lang
) -> None:
    _clean(axes)
    change = column.change
    if change is None:
        _title(axes, "与上年比较", "against the year before", lang)
        axes.set_axis_off()
        said = bilingual(column.reason_zh, column.reason_en, lang, separator="\n")
        axes.text(0.0, 0.85, said, transform=axes.transAxes, fontsize=9.0, color=LINES["red"],
                  va="top", gid="reason")  # fmt: skip
        return
    total = days_text(change.good, sign=True).replace("-", "−")
    _title(
        axes, f"比{change.first.year}年优良 {total} 天，其中（各种分法各自加总）",
        f"good days {total} against {change.first.year}; each way adds up by itself", lang,
    )  # fmt: skip
    span = (reach[1] - reach[0]) or 1.0
    axes.set_xlim(reach[0] - 0.16 * span, reach[1] + 0.16 * span)
    axes.axvline(0.0, color=GREY, lw=0.9, zorder=2)
    ticks, names = [], []
    for k, (kind, name, days) in enumerate(_rows(column, lang)):
        ticks.append(-float(k))
        names.append(name)
        if kind == "head" or days is None:
            continue
        gained = days >= 0
        axes.barh(-k, days, 0.66, color=LINES["blue"] if gained else LINES["orange"],
                  hatch="" if gained else "///", edgecolor="white", lw=0, zorder=3)  # fmt: skip
        text = days_text(round(days, 6), sign=True).replace("-", "−")
        axes.annotate(
            text, (days, -k), xytext=(4 if gained else -4, 0), textcoords="offset points",
            va="center", ha="left" if gained else "right", fontsize=8.0, color=BLACK, gid="number",
        )  # fmt: skip
    axes.set_yticks(ticks, labels=names)
    for label, (kind, _, _) in zip(axes.get_yticklabels(), _rows(column, lang), strict=True):
        label.set_color(GREY if kind == "head" else BLACK)
    axes.set_ylim(-lines + 0.4, 0.6)
    axes.set_xlabel(bilingual("天", "days", lang), fontsize=8.5, color=BLACK)


def _legend(
    figure: object, data: GoodDaysExplainedData, at: tuple[float, float], lang: Lang
) -> None:
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    assert isinstance(figure, Figure)
    handles = [
        Patch(facecolor=LINES["blue"], label=bilingual("优良天增加", "good days gained", lang)),
        Patch(facecolor=LINES["orange"], hatch="///", edgecolor="white",
              label=bilingual("优良天减少", "good days lost", lang)),
    ]  # fmt: skip
    if any(c.before is not None for c in data.columns):
        year = next(c.before.year for c in data.columns if c.before is not None)
        handles.insert(0, Patch(facecolor="white", edgecolor=GREY, hatch="////", label=f"{year}"))
    handles.insert(
        0, Patch(facecolor=GREY, edgecolor=BLACK, lw=0.5,
                 label=bilingual(f"{data.year}（按项目着色）", f"{data.year} (colour: item)", lang))
    )  # fmt: skip
    across, up = figure.get_size_inches()
    figure.legend(
        handles=handles, loc="lower left", ncols=4, frameon=False, fontsize=8.5, borderpad=0,
        bbox_to_anchor=(at[0] / across, at[1] / up), handlelength=1.8, columnspacing=1.6,
    )  # fmt: skip
