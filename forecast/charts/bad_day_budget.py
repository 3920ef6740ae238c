"""Chart 2, the budget of bad days: what is left of the year's allowance, month by month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.charts.budget_panel import Fact, draw_words
from forecast.charts.budget_spending import spending_words, spent_on
from forecast.charts.chart import Chart
from forecast.charts.fonts import chart_fonts
from forecast.charts.review_style import (
    ITEM_FILL,
    ITEM_INK,
    ITEM_NAMES,
    draw_months,
    frame_height,
    month_starts,
)
from forecast.charts.style import BLACK, GREY, LINES, Footer, Lang, bilingual, canvas
from forecast.standards.items import AIR_ITEMS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["AHEAD_COLUMNS", "BadDayBudgetData", "bad_day_budget", "spent_on"]

Stroke = str | tuple[float, tuple[float, ...]]

#: Columns of a forecast: the day, and the bad days that are left at its end in 10, 50 and 90 % of
#: the futures or fewer.
AHEAD_COLUMNS: tuple[str, ...] = ("date", "low", "middle", "high")

_WIDTH, _HEIGHT = 11.0, 5.5  # [inch], the height without title and footer
_SIDE = 2.75  # [inch] the column of words
_BARS = 1.75  # [inch] height of the monthly bars


@dataclass(frozen=True)
class BadDayBudgetData:
    """What the budget of one place and year shows.

    Attributes:
        place_zh, place_en: the place; ``place_en`` may be empty.
        year: the year on the x axis.
        state: each day from 1 January to the last day with data: 1 bad (AQI above 100), 0 good,
            -1 missing or invalid, int8 of shape (day,).
        primary: leading items of each of these days, joined by ``+``, empty where none leads.
        allowed: bad days that the target leaves in the year; None without a target.
        target_zh, target_en: the target in words; empty without one.
        expected: mean share of bad days of each day of the year in earlier years, shape (days of
            the year,); None where no earlier year is full enough.
        expected_years: the years behind it.
        ahead: ``AHEAD_COLUMNS`` of the days to come; None without a forecast.
        footer: what stands under the chart.
        name: stem of the saved files.
    """

    place_zh: str
    year: int
    state: NDArray[np.int8]
    primary: tuple[str, ...]
    footer: Footer
    allowed: int | None = None
    target_zh: str = ""
    target_en: str = ""
    place_en: str = ""
    expected: NDArray[np.float64] | None = None
    expected_years: tuple[int, ...] = ()
    ahead: pd.DataFrame | None = None
    name: str = "bad_day_budget"


def bad_day_budget(
    data: BadDayBudgetData, *, lang: Lang = "both", only_packaged: bool | None = None
) -> Chart:
    """Draw the bad days left of the year's allowance, and the bad days of each month below.

    Without a target the line counts the bad days so far instead, and the chart says so.

    Args:
        data: what is shown.
        lang: language of the texts.
        only_packaged: draw with the packaged font alone; None follows the environment.

    Raises:
        ValueError: arrays whose lengths don't fit the year, or a forecast that lacks a column.
    """
    table = _table(data)
    with chart_fonts(only_packaged):
        return _draw(data, table, lang)


def _table(data: BadDayBudgetData) -> pd.DataFrame:
    """One row a day: state, leaders, bad days used and left, the same as expected, the forecast."""
    year = np.datetime64(str(data.year), "Y")
    days = np.arange(year, year + 1, dtype="datetime64[D]")
    n, seen = days.size, data.state.size
    if seen > n or len(data.primary) != seen:
        raise ValueError(f"{seen} states and {len(data.primary)} leaders for a year of {n} days")
    if not np.isin(data.state, (-1, 0, 1)).all():
        raise ValueError("states must be 1 (bad), 0 (good) or -1 (missing)")
    if data.expected is not None and data.expected.shape != (n,):
        raise ValueError(f"expected has shape {data.expected.shape}, the year {n} days")
    table = pd.DataFrame({"date": days})
    state = np.full(n, -1, dtype=np.int64)
    state[:seen] = data.state
    table["status"] = np.select(
        [np.arange(n) >= seen, state == 1, state == 0], ["to come", "bad", "good"], "missing"
    )
    table["primary"] = [*data.primary, *[""] * (n - seen)]
    used = np.cumsum(state == 1).astype(np.float64)
    used[seen:] = np.nan
    table["used"] = used
    expected = _expected(data)
    if expected is not None:
        table["expected_used"] = np.cumsum(expected)
        rest = np.full(n, np.nan)
        so_far = used[seen - 1] if seen else 0.0
        rest[max(seen - 1, 0) :] = (
            so_far + np.r_[0.0 if seen else expected[0], np.cumsum(expected[max(seen, 1) :])]
        )
        table["used_if_as_before"] = rest
    if data.allowed is not None:
        for column in ("used", "expected_used", "used_if_as_before"):
            if column in table:
                left = data.allowed - table[column]
                table[column.replace("used", "left", 1)] = left
    if data.ahead is not None:
        lacking = [c for c in AHEAD_COLUMNS if c not in data.ahead.columns]
        if lacking:
            raise ValueError(f"the forecast lacks the columns {lacking}")
        if data.allowed is None:
            raise ValueError("a forecast of what is left needs an allowance")
        at = (data.ahead["date"].to_numpy().astype("datetime64[D]") - days[0]).astype(int)
        for column in AHEAD_COLUMNS[1:]:
            values = np.full(n, np.nan)
            values[at] = data.ahead[column].to_numpy(dtype=np.float64)
            table[f"forecast_{column}"] = values
    return table


def _expected(data: BadDayBudgetData) -> NDArray[np.float64] | None:
    """Expected bad days of each day; a missing day expects none, since it can't count any."""
    if data.expected is None:
        return None
    expected = data.expected.copy()
    expected[: data.state.size][data.state == -1] = 0.0
    return expected


def monthly_bad_days(table: pd.DataFrame) -> NDArray[np.float64]:
    """Bad days of each month by leading item, shape (12, six items); two leaders count half each."""
    counts = np.zeros((12, len(AIR_ITEMS)))
    bad = table[table["status"] == "bad"]
    for month, primary in zip(bad["date"].dt.month, bad["primary"], strict=True):
        items = [AIR_ITEMS.index(i) for i in str(primary).split("+") if i]
        for item in items:
            counts[int(month) - 1, item] += 1.0 / len(items)
    return counts


def _draw(data: BadDayBudgetData, table: pd.DataFrame, lang: Lang) -> Chart:
    title_zh = f"{data.place_zh} {data.year}年污染天预算"
    title_en = f"{data.place_en or data.place_zh}: budget of bad days {data.year}"
    if data.allowed is None:
        title_zh = f"{data.place_zh} {data.year}年累计污染天（无目标）"
        title_en = f"{data.place_en or data.place_zh}: bad days of {data.year}, no target"
    height = _HEIGHT + frame_height(data.footer, lang, _WIDTH)
    sheet = canvas(_WIDTH, height, title_zh, title_en, data.footer, lang)
    left, right = sheet.left + 0.62, sheet.right - _SIDE - 0.25
    low = sheet.bottom + 0.28
    bars = sheet.figure.add_axes(sheet.box(left, low, right - left, _BARS))
    floor = low + _BARS + 0.45
    line = sheet.figure.add_axes(sheet.box(left, floor, right - left, sheet.top - 0.32 - floor))
    marks = _line(line, data, table, lang)
    counts = monthly_bad_days(table)
    _bars(bars, data, table, counts, lang)
    for axes in (line, bars):
        draw_months(axes, data.year, lang)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        axes.tick_params(axis="y", labelsize=9)
        axes.grid(axis="y", color="#e4e4e4", lw=0.7)
        axes.set_axisbelow(True)
    draw_words(
        sheet, _facts(data, table, marks), counts.sum(axis=0), data.expected_years, lang,
        width=_SIDE, lowest=_BARS + 0.5,
        counted=bool(table["status"].isin(["bad", "good"]).any()),
    )  # fmt: skip
    return Chart(sheet.figure, table, data.name, title_zh, title_en)


def _line(
    axes: Axes, data: BadDayBudgetData, table: pd.DataFrame, lang: Lang
) -> list[tuple[str, str]]:
    """Draw the line of days left (or used); return what its marks mean, as (zh, en)."""
    kind = "used" if data.allowed is None else "left"
    x = np.arange(len(table))
    seen = table[kind].to_numpy(dtype=np.float64, copy=True)
    missing = (table["status"] == "missing").to_numpy()
    # Each day is a step of its own, so that a missing one is a gap.
    edges = np.stack([x - 0.5, x + 0.5, np.full(len(x), np.nan)], axis=1).ravel()
    y = np.where(missing, np.nan, seen)
    axes.plot(edges, np.repeat(y, 3), color=BLACK, lw=2.2, zorder=6, solid_capstyle="butt")
    joints = np.flatnonzero(np.isfinite(y[1:]) & np.isfinite(y[:-1]) & (y[1:] != y[:-1]))
    axes.vlines(joints + 0.5, y[joints + 1], y[joints], color=BLACK, lw=2.2, zorder=6)
    word = ("剩余", "left") if kind == "left" else ("已发生", "so far")
    handles: list[tuple[Stroke, str, float, tuple[str, str]]] = [("-", BLACK, 2.2, word)]
    if data.expected is not None:
        y = table[f"expected_{kind}"].to_numpy()
        axes.plot(x, y, color=GREY, lw=1.3, ls=(0, (1, 1.6)), zorder=4)
        handles.append(((0, (1, 1.6)), GREY, 1.3, ("往年平均进度", "mean of earlier years")))
        if data.ahead is None and (table["status"] == "to come").any():
            rest = table[f"{kind}_if_as_before"].to_numpy()
            axes.plot(x, rest, color=LINES["blue"], lw=1.6, ls="--", zorder=5)
            handles.append(("--", LINES["blue"], 1.6, ("余下按往年平均", "rest as in the mean")))
    if data.ahead is not None:
        low, middle, high = (table[f"forecast_{c}"] for c in AHEAD_COLUMNS[1:])
        axes.fill_between(x, low, high, color="#c3dcf0", lw=0, zorder=2)
        axes.plot(x, middle, color=LINES["blue"], lw=1.8, zorder=5)
        handles.append(("-", LINES["blue"], 1.8, ("预测中位数与80 %区间", "median and 80 % range")))
    marks: list[tuple[str, str]] = []
    if data.allowed is not None:
        axes.axhline(0.0, color=LINES["red"], lw=1.3, zorder=3)
        spending = spending_words(table)
        marks = spending.words
        if spending.day is not None:
            at = int((spending.day - pd.Timestamp(table["date"].iloc[0])).days)
            colour = LINES["red"] if spending.observed else LINES["blue"]
            axes.plot([at], [0.0], marker="v", ms=9, color=colour, mec="white", mew=0.8, zorder=8)
    gaps = x[missing]
    if gaps.size:
        axes.vlines(gaps, 0.0, 0.025, transform=axes.get_xaxis_transform(), color=LINES["red"],
                    lw=1.4, zorder=7)  # fmt: skip
        handles.append(("|", LINES["red"], 1.4, ("缺测或无效日", "missing day")))
    _legend(axes, handles, lang)
    _y_range(axes, data, table)
    zh, en = ("剩余污染天（天）", "bad days left (days)")
    if kind == "used":
        zh, en = ("累计污染天（天）", "bad days so far (days)")
    axes.set_ylabel(bilingual(zh, en, lang, separator="\n"), fontsize=9.0, color=BLACK)
    return marks


def _y_range(axes: Axes, data: BadDayBudgetData, table: pd.DataFrame) -> None:
    """Keep every line in sight, with zero and the allowance, and room above and below."""
    names = ("used",) if data.allowed is None else ("left",)
    columns = [c for c in table if str(c).startswith((*names, "expected_" + names[0], "forecast_"))]
    values = table[columns].to_numpy(dtype=np.float64)
    finite = values[np.isfinite(values)]
    low = min(0.0, float(finite.min())) if finite.size else 0.0
    high = max(float(data.allowed or 0), float(finite.max()) if finite.size else 0.0, 4.0)
    room = 0.05 * (high - low)
    axes.set_ylim(low - room, high + 1.5 * room)


def _legend(
    axes: Axes, handles: list[tuple[Stroke, str, float, tuple[str, str]]], lang: Lang
) -> None:
    from matplotlib.lines import Line2D

    drawn = []
    for stroke, colour, width, (zh, en) in handles:
        label = bilingual(zh, en, lang)
        if stroke == "|":
            one = Line2D([], [], color=colour, marker="|", ls="", ms=8, mew=1.6, label=label)
        else:
            one = Line2D([], [], color=colour, lw=width, ls=stroke, label=label)
        drawn.append(one)
    legend = axes.legend(
        handles=drawn, loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=len(drawn),
        frameon=False, fontsize=8.2 if lang != "both" else 7.4, handlelength=1.8,
        columnspacing=1.1, borderaxespad=0.1,
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_gid("legend")


def _bars(
    axes: Axes,
    data: BadDayBudgetData,
    table: pd.DataFrame,
    counts: NDArray[np.float64],
    lang: Lang,
) -> None:
    """Bars of the bad days of each month by leading item; beside them what earlier years had."""
    starts = month_starts(data.year)
    middle = (starts[:-1] + starts[1:]) / 2 - 0.5
    usual = _expected(data)
    expected = np.zeros(12) if usual is None else np.add.reduceat(usual, starts[:-1])
    top = max(float(counts.sum(axis=1).max()), float(expected.max()), 4.0) * 1.18
    axes.set_ylim(0, top)
    for m in range(12):
        base = 0.0
        for k, item in enumerate(AIR_ITEMS):
            days = float(counts[m, k])
            if not days:
                continue
            axes.bar(middle[m] - 4.8, days, width=14.5, bottom=base, color=ITEM_FILL[item],
                     edgecolor="white", lw=0.6, zorder=3)  # fmt: skip
            if days / top * _BARS > 0.14:
                axes.text(middle[m] - 4.8, base + days / 2, ITEM_NAMES[item], fontsize=5.8,
                          color=ITEM_INK[item], ha="center", va="center", zorder=4)  # fmt: skip
            base += days
        past = table["status"].iloc[starts[m] : starts[m + 1]]
        if (past == "to come").all():
            pass
        elif not past.isin(["bad", "good"]).any():
            axes.text(middle[m] - 4.8, 0.02 * top, bilingual("缺", "gap", "en" if lang == "en" else "zh"),
                      fontsize=7.4, color=LINES["red"], ha="center", va="bottom")  # fmt: skip
        else:
            axes.text(middle[m] - 4.8, base + 0.015 * top, f"{base:.0f}", fontsize=8.0, color=BLACK,
                      ha="center", va="bottom", gid="count")  # fmt: skip
        if data.expected is not None:
            axes.bar(middle[m] + 7.4, expected[m], width=7.0, color="white", edgecolor=GREY, lw=0.9,
                     hatch="....", zorder=3)  # fmt: skip
    axes.set_ylabel(
        bilingual("每月污染天（天）", "bad days (days)", lang, separator="\n"), fontsize=9.0
    )


def _facts(data: BadDayBudgetData, table: pd.DataFrame, marks: list[tuple[str, str]]) -> list[Fact]:
    """Lines of the right column: size, colour, Chinese, English."""
    seen = table[table["status"] != "to come"]
    used = int((seen["status"] == "bad").sum())
    gone = int((seen["status"] == "missing").sum())
    facts: list[Fact] = []
    if data.allowed is None:
        facts.append((9.6, LINES["red"], "本年没有优良天数目标，只画已发生的污染天",
                      "no good-day target of this year: the bad days so far are drawn"))  # fmt: skip
        facts.append(
            (10.5, BLACK, f"至今污染 {used} 天", f"{used} bad days so far")
            if gone < len(seen)
            else (10.5, LINES["red"], "没有有效日，污染天数无法统计", "no valid day to count")
        )
    else:
        left = data.allowed - used
        facts.append((9.6, LINES["red"], data.target_zh, data.target_en))
        facts.append((10.5, BLACK, f"全年允许 {data.allowed} 天，已用 {used} 天",
                      f"{data.allowed} bad days allowed, {used} used"))  # fmt: skip
        facts.append(
            (12.5, BLACK, f"还剩 {left} 天", f"{left} left")
            if left >= 0
            else (12.5, LINES["red"], f"超出 {-left} 天", f"{-left} more than allowed")
        )
        facts += [(9.2, LINES["blue"] if left > 0 else LINES["red"], zh, en) for zh, en in marks]
    if data.expected is not None and len(seen):
        usual = float(table["expected_used"].iloc[len(seen) - 1])
        facts.append(
            (
                9.0,
                GREY,
                f"往年同日平均 {usual:.1f} 天",
                f"{usual:.1f} on the same days of earlier years",
            )
        )
    if gone:
        facts.append(
            (9.0, GREY, f"缺测或无效 {gone} 天，未计入", f"{gone} days missing, not counted")
        )
    if len(seen):
        last = str(seen["date"].iloc[-1])[:10]
        facts.append((9.0, GREY, f"最后数据日 {last}", f"last data {last}"))
    return facts
