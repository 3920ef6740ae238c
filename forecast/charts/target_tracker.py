"""Chart 1, the target tracker: where a cumulative indicator stands and where it may end.

The observed line runs from 1 January to the last day; earlier years lie grey behind it; the fan
holds 50, 80 and 95 % of the simulated futures of the same cumulative indicator.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.charts.chart import Chart
from forecast.charts.fonts import chart_fonts
from forecast.charts.line_labels import Label, end_labels
from forecast.charts.style import BLACK, GREY, LINES, Footer, Lang, bilingual, canvas
from forecast.charts.tracker_panel import (
    Card,
    Fact,
    against_plan,
    draw_panel,
    panel_height,
    panel_lines,
)
from forecast.charts.words import COMPARATORS, LEVELS
from forecast.standards.indicators import Indicator, indicator

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["FAN_COLUMNS", "TargetLine", "TargetTrackerData", "target_tracker"]

#: Columns of the fan: the day and the quantiles of the cumulative indicator on that day.
FAN_COLUMNS: tuple[str, ...] = ("date", "q025", "q10", "q25", "q50", "q75", "q90", "q975")

_WIDTH, _HEIGHT = 11.0, 6.2  # [inch]
_PANEL = 2.75  # [inch] the box with the targets
_LABELS = 0.95  # [inch] the margin for labels at the end of lines
_FRAME = 1.75  # [inch] title and footer

#: Nested bands of the fan: lower and upper column, colour, share of the futures inside [%].
_BANDS = (
    ("q025", "q975", "#d6e6f4", 95),
    ("q10", "q90", "#a9cbe6", 80),
    ("q25", "q75", "#74acd5", 50),
)


@dataclass(frozen=True)
class TargetLine:
    """One target of the chart: its two labels, value, comparator and what was found.

    ``probability`` is None where none can be given; ``level`` is firm, stretch or single.
    """

    label_zh: str
    label_en: str
    value: float
    comparator: str
    probability: float | None
    verdict: str
    level: str = "single"


@dataclass(frozen=True)
class TargetTrackerData:
    """What one target tracker shows.

    Attributes:
        place_zh, place_en: the place; ``place_en`` may be empty.
        indicator: name of the indicator, such as ``good_day_ratio`` or ``pm25_annual_mean``.
        year: the year on the x axis.
        dates: observed days, datetime64[D], shape (day,), ascending, all in ``year``.
        observed: indicator from 1 January to each day [unit of the indicator], shape (day,).
        valid: whether the day has a valid value, shape (day,); None means that the days on which
            ``observed`` is finite are. Days without one are drawn as gaps of the line.
        earlier: year → cumulative indicator from 1 January of that year, one value a day.
        fan: columns ``FAN_COLUMNS``, days after the last observed one; None when nothing is left.
        targets: lines across the chart, most important first.
        plan_path: planned cumulative value, one value a day of ``year``; None without a plan path.
        budget_zh, budget_en: what is left, in words; empty when there is none.
        note_zh, note_en: why there is no fan or no line, in words; empty where both are drawn.
        footer: what stands under the chart.
        name: stem of the saved files.
    """

    place_zh: str
    indicator: str
    year: int
    dates: NDArray[np.datetime64]
    observed: NDArray[np.float64]
    footer: Footer
    place_en: str = ""
    valid: NDArray[np.bool_] | None = None
    earlier: dict[int, NDArray[np.float64]] = field(default_factory=dict)
    fan: pd.DataFrame | None = None
    targets: tuple[TargetLine, ...] = ()
    plan_path: NDArray[np.float64] | None = None
    budget_zh: str = ""
    budget_en: str = ""
    note_zh: str = ""
    note_en: str = ""
    name: str = "target_tracker"


def target_tracker(
    data: TargetTrackerData, *, lang: Lang = "both", only_packaged: bool | None = None
) -> Chart:
    """Draw the target tracker of one place and one cumulative indicator.

    Args:
        data: what is shown.
        lang: language of the texts.
        only_packaged: draw with the packaged font alone; None follows the environment.

    Raises:
        ValueError: arrays of different length, days outside the year, or a fan that lacks a column.
    """
    table = _table(data)
    with chart_fonts(only_packaged):
        return _draw(data, table, lang)


def _table(data: TargetTrackerData) -> pd.DataFrame:
    """One row a day of the year: observed, valid, fan, plan path, earlier years, targets."""
    dates = data.dates.astype("datetime64[D]")
    year = np.datetime64(str(data.year), "Y")
    if dates.shape != data.observed.shape:
        raise ValueError(f"{dates.size} dates for {data.observed.size} observed values")
    if data.valid is not None and data.valid.shape != dates.shape:
        raise ValueError(f"valid has shape {data.valid.shape}, dates {dates.shape}")
    if dates.size and not (dates.astype("datetime64[Y]") == year).all():
        raise ValueError(f"observed days must be in {data.year}, got {dates[0]} to {dates[-1]}")
    days = np.arange(year, year + 1, dtype="datetime64[D]")
    table = pd.DataFrame({"date": days})
    seen = (dates - days[0]).astype(int)
    valid = np.isfinite(data.observed) if data.valid is None else data.valid
    observed = np.full(days.size, np.nan)
    observed[seen] = np.where(valid, data.observed, np.nan)
    table["observed"] = observed
    last = int(seen.max()) if seen.size else -1
    table["missing"] = (np.arange(days.size) <= last) & np.isnan(observed)
    if data.fan is not None:
        lacking = [c for c in FAN_COLUMNS if c not in data.fan.columns]
        if lacking:
            raise ValueError(f"the fan lacks the columns {lacking}")
        at = (data.fan["date"].to_numpy().astype("datetime64[D]") - days[0]).astype(int)
        for column in FAN_COLUMNS[1:]:
            values = np.full(days.size, np.nan)
            values[at] = data.fan[column].to_numpy(dtype=np.float64)
            table[column] = values
    if data.plan_path is not None:
        table["plan_path"] = _by_day(data.plan_path, days.size, "plan_path")
    for past in sorted(data.earlier):
        length = 366 if calendar.isleap(past) else 365
        values = np.asarray(data.earlier[past], dtype=np.float64)
        if values.size > length:
            raise ValueError(f"{values.size} values for {past}, which has {length} days")
        table[f"year_{past}"] = _aligned(values, past, data.year)
    for k, target in enumerate(data.targets, start=1):
        table[f"target_{k}"] = target.value
    return table


def _by_day(values: NDArray[np.float64], n_days: int, what: str) -> NDArray[np.float64]:
    if values.size != n_days:
        raise ValueError(f"{what} must have {n_days} values, one a day, got {values.size}")
    return np.asarray(values, dtype=np.float64)


def _aligned(values: NDArray[np.float64], past: int, year: int) -> NDArray[np.float64]:
    """Put the days of ``past`` under the same month and day of ``year``."""
    length = 366 if calendar.isleap(past) else 365
    full = np.full(length, np.nan)
    full[: values.size] = values
    leap_day = 59  # index of 29 February
    if calendar.isleap(past) and not calendar.isleap(year):
        return np.delete(full, leap_day)
    if calendar.isleap(year) and not calendar.isleap(past):
        return np.insert(full, leap_day, full[leap_day - 1])
    return full


def _draw(data: TargetTrackerData, table: pd.DataFrame, lang: Lang) -> Chart:
    known = indicator(data.indicator)
    title_zh = f"{data.place_zh} {data.year}年{known.zh}目标进度"
    title_en = f"{data.place_en or data.place_zh}: {known.en} {data.year}, on the way to the target"
    lines = panel_lines(_cards(data), _facts(data, table, known, lang), _PANEL, lang)
    height = max(_HEIGHT, panel_height(lines) + _FRAME)
    sheet = canvas(_WIDTH, height, title_zh, title_en, data.footer, lang)
    left, right = sheet.left + 0.62, sheet.right - _PANEL - 0.2 - _LABELS
    low_edge, top_edge = sheet.bottom + 0.3, sheet.top - 0.5
    axes = sheet.figure.add_axes(sheet.box(left, low_edge, right - left, top_edge - low_edge))
    axes.set_xlim(-0.5, len(table) - 0.5)
    axes.set_ylim(*_limits(table, known.unit))
    labels = _curves(axes, data, table, lang)
    if not table["observed"].notna().any():
        text = bilingual("没有可累计的监测值", "nothing observed to add up", lang, separator="\n")
        axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center",
                  fontsize=10.5, color=LINES["red"], gid="empty")  # fmt: skip
    _axis(axes, data, known, lang)
    end_labels(axes, labels, top_edge - low_edge)
    if labels:
        _legends(axes, top_edge - low_edge)
    draw_panel(sheet, lines, _PANEL)
    return Chart(sheet.figure, table, data.name, title_zh, title_en)


def _legends(axes: Axes, height: float) -> None:
    """Two rows over the plot: what is drawn of this year's future, then the rest."""
    handles, names = axes.get_legend_handles_labels()
    found = dict(zip(names, handles, strict=True))
    fan = [n for n in names if n.endswith("%") or "median" in n or "中位" in n]
    rows = [row for row in ([n for n in names if n not in fan], fan) if row]
    for k, row in enumerate(rows):
        legend = axes.legend(
            [found[n] for n in row], row, loc="lower left", frameon=False, fontsize=8.5,
            bbox_to_anchor=(-0.01, 1.0 + 0.21 * k / height), ncols=len(row), handlelength=1.8,
            columnspacing=1.4, borderaxespad=0.1, borderpad=0.2,
        )  # fmt: skip
        if k + 1 < len(rows):  # the axes keep only the last legend made
            axes.add_artist(legend)


def _limits(table: pd.DataFrame, unit: str) -> tuple[float, float]:
    """Choose the y range: the first weeks of a cumulative value swing too far to set it."""
    columns = {c: table[c].to_numpy(dtype=float) for c in table if c not in ("date", "missing")}
    parts = []
    for name, column in columns.items():
        start = 90 if str(name).startswith("year_") else 30
        settled = column[start:]
        parts.append(settled if np.isfinite(settled).any() else column)
    values = np.concatenate(parts)
    values = values[np.isfinite(values)]
    if not values.size:
        values = np.array([0.0, 100.0 if unit == "%" else 1.0])
    low, high = float(values.min()), float(values.max())
    room = max(0.08 * (high - low), 0.02 * abs(high), 0.5)
    low, high = max(low - room, 0.0), high + room
    return (low, min(high, 102.0)) if unit == "%" else (low, high)


def _curves(axes: Axes, data: TargetTrackerData, table: pd.DataFrame, lang: Lang) -> list[Label]:
    """Draw everything inside the plot; return what is to be labelled at its right end."""
    x = np.arange(len(table))
    labels: list[Label] = []
    seen = table["observed"].to_numpy()
    name = bilingual("实测累计", "observed", lang)
    axes.plot(x, seen, color=BLACK, lw=2.2, zorder=6, label=name)
    lone = (
        np.isfinite(seen) & np.isnan(np.r_[np.nan, seen[:-1]]) & np.isnan(np.r_[seen[1:], np.nan])
    )
    axes.plot(x[lone], seen[lone], ls="", marker="o", ms=2.6, color=BLACK, zorder=6)
    for k, past in enumerate(sorted(data.earlier)):
        y = table[f"year_{past}"].to_numpy()
        name = bilingual("往年", "earlier years", lang) if k == 0 else ""
        axes.plot(x, y, color="#8f8f8f", lw=0.8, zorder=4, label=name or None)
        finite = np.flatnonzero(np.isfinite(y))
        if finite.size:
            labels.append(Label(str(past), float(y[finite[-1]]), GREY))
    if data.fan is not None:
        fan = _joined(table)
        middle = fan["q50"]
        name = bilingual("预测中位数", "median", lang)
        axes.plot(x, middle, color=LINES["blue"], lw=1.8, zorder=5, label=name)
        if np.isfinite(middle).any():
            end = float(middle[np.isfinite(middle)][-1])
            word = bilingual("中位", "median", "en" if lang == "en" else "zh")
            labels.append(Label(f"{word} {_number(data, end)}", end, LINES["blue"]))
        for zorder, (low, high, shade, share) in enumerate(_BANDS, start=1):
            axes.fill_between(x, fan[low], fan[high], color=shade, lw=0,
                              zorder=2 + 0.1 * zorder, label=f"{share} %")  # fmt: skip
    if data.plan_path is not None:
        name = bilingual("时序进度", "plan path", lang)
        axes.plot(x, data.plan_path, color=LINES["green"], lw=1.4, ls=(0, (6, 2, 1, 2)), zorder=4,
                  label=name)  # fmt: skip
    for target in data.targets:
        colour, dash = _target_style(target)
        axes.axhline(target.value, color=colour, lw=1.6, ls=dash, zorder=4.5)
        level = LEVELS.get(target.level, LEVELS["single"])
        word = level[1] if lang == "en" else level[0]
        sign = COMPARATORS.get(target.comparator, target.comparator)
        text = f"{word} {sign} {_number(data, target.value)}".strip()
        labels.append(Label(text, target.value, colour))
    gaps = x[table["missing"].to_numpy()]
    if gaps.size:
        # A rug in the axes' own height: the gap is told apart from a line that is flat.
        axes.vlines(gaps, 0.0, 0.022, transform=axes.get_xaxis_transform(), color=LINES["red"],
                    lw=1.6, zorder=7, label=bilingual("缺测日", "missing day", lang))  # fmt: skip
    return labels


def _joined(table: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
    """Return the fan begun at the last observed value, so that it grows out of the line."""
    fan = {c: table[c].to_numpy(dtype=np.float64, copy=True) for c in FAN_COLUMNS[1:]}
    observed = table["observed"].to_numpy()
    ahead, seen = np.flatnonzero(np.isfinite(fan["q50"])), np.flatnonzero(np.isfinite(observed))
    if ahead.size and seen.size and seen[-1] < ahead[0]:
        gap = np.arange(seen[-1], ahead[0])
        for values in fan.values():
            ends = [observed[seen[-1]], values[ahead[0]]]
            values[gap] = np.interp(gap, [seen[-1], ahead[0]], ends)
    return fan


def _target_style(target: TargetLine) -> tuple[str, str]:
    return (LINES["purple"], "-.") if target.level == "stretch" else (LINES["red"], "--")


def _number(data: TargetTrackerData, value: float) -> str:
    """Print a value of the indicator; one that is judged whole keeps a decimal if it has any."""
    decimals = indicator(data.indicator).judged_decimals or 0
    if decimals == 0 and not float(value).is_integer():
        decimals = 1
    return f"{value:.{decimals}f}"


def _axis(axes: Axes, data: TargetTrackerData, known: Indicator, lang: Lang) -> None:
    starts = [
        int(
            (np.datetime64(f"{data.year}-{m:02d}-01") - np.datetime64(f"{data.year}-01-01")).astype(
                int
            )
        )
        for m in range(1, 13)
    ]
    axes.set_xticks([s - 0.5 for s in starts], labels=[])
    axes.set_xticks([s + 14.5 for s in starts], minor=True)
    names = [f"{m}月" if lang != "en" else calendar.month_abbr[m] for m in range(1, 13)]
    axes.set_xticklabels(names, minor=True, fontsize=9.5)
    axes.tick_params(axis="x", which="minor", length=0)
    axes.tick_params(axis="y", labelsize=9.5)
    axes.grid(axis="both", which="major", color="#e4e4e4", lw=0.7)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    unit = {"-": "", "days": bilingual("天", "days", lang)}.get(known.unit, known.unit)
    tail = f" ({unit})" if unit else ""
    name = bilingual(f"累计{known.zh}", f"cumulative {known.en}", lang, separator="  ")
    axes.set_ylabel(f"{name}{tail}", fontsize=9.5, color=BLACK)


def _cards(data: TargetTrackerData) -> list[Card]:
    """One card a target for the box at the right."""
    known = indicator(data.indicator)
    unit = "" if known.unit == "-" else known.unit
    cards = []
    for target in data.targets:
        sign = COMPARATORS.get(target.comparator, target.comparator)
        cards.append(
            Card(
                label_zh=target.label_zh or known.zh,
                label_en=target.label_en or known.en,
                value=f"{sign} {_number(data, target.value)} {unit}".strip(),
                colour=_target_style(target)[0],
                probability=target.probability,
                verdict=target.verdict,
            )
        )
    return cards


def _facts(
    data: TargetTrackerData, table: pd.DataFrame, known: Indicator, lang: Lang
) -> list[Fact]:
    """What stands under the targets: value to date, year end, budget, last day."""
    unit = "" if known.unit == "-" else known.unit
    facts: list[Fact] = []
    observed = table["observed"].dropna()
    if len(observed):
        value = f"{_number(data, float(observed.iloc[-1]))} {unit}".strip()
        facts.append(Fact(f"实测至今 {value}", f"to date {value}"))
        if data.plan_path is not None and data.fan is not None:
            at = float(data.plan_path[int(observed.index[-1])])
            facts.append(against_plan(float(observed.iloc[-1]) - at, known.unit))
    if data.fan is not None and table["q50"].notna().any():
        end = table[table["q50"].notna()].iloc[-1]
        middle, low, high = (_number(data, float(end[q])) for q in ("q50", "q025", "q975"))
        facts.append(
            Fact(
                f"年末预测 {middle} {unit}，95 %区间 {low} – {high}",
                f"year end {middle} {unit}, 95 % range {low} – {high}",
            )
        )
    facts.append(Fact(data.budget_zh, data.budget_en))
    facts.append(Fact(data.note_zh, data.note_en))
    if not data.targets:
        facts.append(Fact("本年没有这项指标的目标", "no target of this indicator in this year"))
    if len(observed):
        last = str(table.loc[observed.index[-1], "date"])[:10]
        facts.append(Fact(f"最后数据日 {last}", f"last data {last}"))
    return facts
