"""Chart 5, observed against weather-normalised: what the weather did, and what is left without it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.charts.chart import Chart
from forecast.charts.fonts import chart_fonts
from forecast.charts.review_style import frame_height
from forecast.charts.style import BLACK, GREY, LINES, Canvas, Footer, Lang, bilingual, canvas, wrap
from forecast.trend.weather_change import WeatherChange

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Comparison", "WeatherNormalisedData", "change_line", "weather_normalised"]

_WIDTH, _MONTHS, _BELOW = 11.6, 2.7, 1.9  # [inch] sheet; heights of the panels
_LEFT, _BETWEEN = 0.62, 1.0  # [inch] room for the labels of an axis; between two panels
_LINE, _CELLS = 0.175, 192  # [inch] a line of words, and half-width cells of one

#: Parts of a change: name in the rounded split, Chinese, English, colour, hatch.
_PARTS = (
    ("weather", "气象", "weather", LINES["sky"], "///"),
    ("emissions", "排放等", "emissions", LINES["orange"], ""),
    ("remainder", "未解释", "unexplained", "#c8c8c8", "..."),
)


@dataclass(frozen=True)
class Comparison:
    """The year drawn against an earlier one.

    Attributes:
        first, last: the years.
        why_zh, why_en: what the earlier one is, such as 上年 or 规划基准年.
        change: the split; None where it can't be made.
        reason_zh, reason_en: why it can't.
    """

    first: int
    last: int
    why_zh: str
    why_en: str
    change: WeatherChange | None
    reason_zh: str = ""
    reason_en: str = ""


@dataclass(frozen=True)
class WeatherNormalisedData:
    """What the chart shows: one item at one place.

    Attributes:
        place_zh: the place; ``item_zh``, ``item_en`` and ``unit`` of the item.
        year: the year that is compared.
        monthly: by first day of the month: ``observed``, ``days`` with a value, ``normalised``,
            ``lower``, ``upper`` [unit].
        yearly: by year, over the days that have value and weather: ``days``, ``observed``,
            ``normalised`` [unit].
        level: probability of the band [%]; NaN without one.
        comparisons: against last year, and a plan's base year.
        score_zh, score_en: how well the model does on days held out, and its bias.
        basis_zh, basis_en: model, weather, what normal means.
        breaks: first days of a new state of measurement.
    """

    place_zh: str
    item_zh: str
    item_en: str
    unit: str
    year: int
    monthly: pd.DataFrame
    yearly: pd.DataFrame
    level: float
    comparisons: tuple[Comparison, ...]
    score_zh: str
    score_en: str
    basis_zh: str
    basis_en: str
    footer: Footer
    breaks: tuple[pd.Timestamp, ...] = ()
    place_en: str = ""
    name: str = "weather_normalised"
    decimals: int = field(default=1)


def weather_normalised(
    data: WeatherNormalisedData, *, lang: Lang = "both", only_packaged: bool | None = None
) -> Chart:
    """Draw monthly means as observed and in normal weather, annual ones, and the split.

    Args:
        data: what is shown.
        lang: language of the texts.
        only_packaged: draw with the packaged font alone; None follows the environment.

    Raises:
        ValueError: there is no month or no year.
    """
    if data.monthly.empty or data.yearly.empty:
        raise ValueError("there is no month or no year to draw")
    with chart_fonts(only_packaged):
        return _draw(data, lang)


def change_line(one: Comparison, decimals: int = 1) -> tuple[str, str]:
    """The split in one line, Chinese and English: parts as rounded, so that they add up.

    >>> found = WeatherChange("PM2.5", "µg/m³", 2023, 2024, (12, 31), 365, 366, 40.0, 38.9, -3.1,
    ...     1.8, 0.2, (-4.0, -2.2), (1.0, 2.6), 0.9)
    >>> print(change_line(Comparison(2023, 2024, "上年", "last year", found))[0])
    2024年与上年（2023年）比：PM2.5 −1.1 µg/m³，其中气象 +1.8，排放等 −3.1，未解释 +0.2
    """
    head_zh, head_en = _heads(one)
    if one.change is None:
        return f"{head_zh}：{one.reason_zh}", f"{head_en}: {one.reason_en}"
    parts = one.change.rounded(decimals)
    said = {name: signed(value, decimals) for name, value in parts.items()}
    total = f"{one.change.name} {said['observed']} {one.change.unit}"
    zh = "，".join(f"{zh} {said[name]}" for name, zh, *_ in _PARTS)
    en = ", ".join(f"{en} {said[name]}" for name, _, en, *_ in _PARTS)
    return f"{head_zh}：{total}，其中{zh}", f"{head_en}: {total}; {en}"


def _heads(one: Comparison) -> tuple[str, str]:
    """``2024年与上年（2023年）比`` and the same in English."""
    zh, en = f"{one.last}年", ""
    if one.change is not None and one.change.until != (12, 31):
        month, day = one.change.until
        zh, en = f"{one.last}年1月1日至{month}月{day}日", f" (to {month:02d}-{day:02d})"
    return (
        f"{zh}与{one.why_zh}（{one.first}年）{'同期' if en else ''}比",
        f"{one.last}{en} against {one.why_en} ({one.first})",
    )


def signed(value: float, decimals: int) -> str:
    """A number with its sign, a true minus; nothing before zero.

    >>> signed(-3.14, 1), signed(0.04, 1)
    ('−3.1', '0.0')
    """
    text = f"{value:+.{decimals}f}"
    return text[1:] if not float(text) else text.replace("-", "−")


def _table(data: WeatherNormalisedData) -> pd.DataFrame:
    """One row a month, a year and a part of each change; ``kind`` says which."""
    rows: list[dict[str, object]] = []
    for month, row in data.monthly.iterrows():
        rows.append(
            {"kind": "month", "period": f"{month:%Y-%m}", "days": int(row["days"]),
             "observed": row["observed"], "normalised": row["normalised"],
             "lower": row["lower"], "upper": row["upper"]}
        )  # fmt: skip
    for year, row in data.yearly.iterrows():
        rows.append(
            {"kind": "year", "period": f"{year}", "days": int(row["days"]),
             "observed": row["observed"], "normalised": row["normalised"]}
        )  # fmt: skip
    for one in data.comparisons:
        if one.change is None:
            continue
        spans = {"weather": one.change.weather_interval, "emissions": one.change.emissions_interval}
        for part, value in one.change.rounded(data.decimals).items():
            low, high = spans.get(part, (math.nan, math.nan))
            rows.append(
                {"kind": "change", "period": f"{one.first} to {one.last}", "part": part,
                 "change": value, "lower": low, "upper": high}
            )  # fmt: skip
    table = pd.DataFrame(rows)
    table.insert(0, "item", data.item_en)
    table.insert(1, "unit", data.unit)
    return table


def _draw(data: WeatherNormalisedData, lang: Lang) -> Chart:
    first, last = data.monthly.index[0], data.monthly.index[-1]
    span = f"{first:%Y-%m}—{last:%Y-%m}"
    title_zh = f"{data.place_zh} {span} {data.item_zh}气象归一化趋势"
    title_en = (
        f"{data.place_en or data.place_zh}: {data.item_en} observed and in normal weather, "
        f"{first:%Y-%m} to {last:%Y-%m}"
    )
    above = _lines([change_line(one, data.decimals) for one in data.comparisons], lang)
    below = _lines([(data.score_zh, data.score_en), (data.basis_zh, data.basis_en)], lang)
    bars = max(1, len(data.comparisons))
    height = (
        frame_height(data.footer, lang, _WIDTH) + _LINE * (len(above) + len(below)) + 0.42
        + _MONTHS + 0.62 + 0.2 * (lang == "both") + max(_BELOW, 0.95 * bars) + 0.55
    )  # fmt: skip
    sheet = canvas(_WIDTH, height, title_zh, title_en, data.footer, lang)
    top = _write(sheet, above, sheet.top - 0.02, BLACK, 9.0, "change") - 0.36
    axes = sheet.figure.add_axes(
        sheet.box(sheet.left + _LEFT, top - _MONTHS, sheet.right - sheet.left - _LEFT, _MONTHS)
    )
    _months(axes, data, lang)
    top -= _MONTHS + 0.62 + 0.2 * (lang == "both")
    low = _LINE * len(below) + sheet.bottom + 0.45
    half = (sheet.right - sheet.left - _LEFT - _BETWEEN) * 0.44
    years = sheet.figure.add_axes(sheet.box(sheet.left + _LEFT, low, half, top - low))
    _years(years, data, lang)
    left = sheet.left + _LEFT + half + _BETWEEN + (0.35 if lang != "zh" else 0)
    split = sheet.figure.add_axes(sheet.box(left, low, sheet.right - left - 0.1, top - low))
    _split(split, data, lang)
    _write(sheet, below, sheet.bottom + _LINE * len(below), GREY, 8.0, "basis")
    return Chart(sheet.figure, _table(data), data.name, title_zh, title_en)


def _lines(pairs: list[tuple[str, str]], lang: Lang) -> list[str]:
    """Texts in the language asked for, broken into lines: Chinese first, then English."""
    chosen = [zh for zh, _ in pairs if lang != "en"] + [en for _, en in pairs if lang != "zh"]
    return [line for text in chosen for line in wrap(text, _CELLS)]


def _write(sheet: Canvas, lines: list[str], top: float, ink: str, size: float, mark: str) -> float:
    """Write lines downwards from ``top`` [inch]; return where they end."""
    width, height = sheet.figure.get_size_inches()
    for line in lines:
        sheet.figure.text(
            sheet.left / width, top / height, line, size=size, color=ink, va="top", gid=mark
        )
        top -= _LINE
    return top


def _clean(axes: Axes, title: str) -> None:
    axes.set_title(title, fontsize=9.0, color=BLACK, loc="left", pad=6, linespacing=1.3)
    axes.tick_params(labelsize=8.0, colors=GREY, length=3)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color("#b0b0b0")


def _months(axes: Axes, data: WeatherNormalisedData, lang: Lang) -> None:
    table = data.monthly
    months = pd.DatetimeIndex(table.index)
    middle = _position(months) + 1 / 24
    observed = table["observed"].to_numpy(dtype=np.float64)
    axes.plot(middle, observed, color=GREY, lw=0.9, marker="o", ms=2.6,
              label=bilingual("监测月均值", "observed monthly mean", lang))  # fmt: skip
    axes.plot(middle, table["normalised"].to_numpy(dtype=np.float64), color=LINES["blue"], lw=2.4,
              label=bilingual("气象归一化", "in normal weather", lang), zorder=4)  # fmt: skip
    lower = table["lower"].to_numpy(dtype=np.float64)
    if np.isfinite(lower).any():
        axes.fill_between(
            middle, lower, table["upper"].to_numpy(dtype=np.float64), color=LINES["sky"],
            alpha=0.35, lw=0, zorder=3,
            label=bilingual(f"{data.level:g} %区间", f"{data.level:g} % interval", lang),
        )  # fmt: skip
    for k, day in enumerate(data.breaks):
        axes.axvline(
            float(_position(pd.DatetimeIndex([day]))[0]), color=GREY, lw=0.9, ls=(0, (4, 3)), zorder=1,
            label=None if k else bilingual("监测状态改变", "basis of measurement changed", lang),
        )  # fmt: skip
    axes.set_xlim(middle[0] - 0.07, middle[-1] + 0.07)
    axes.set_ylim(0, 1.06 * float(np.nanmax(np.r_[observed, table["normalised"], table["upper"]])))
    named = months[months.month == 1] if len(months) > 30 else months[months.month % 3 == 1]
    named = named[:: 1 + len(named) // 16]
    shape = "%Y" if len(months) > 30 else "%Y-%m"
    axes.set_xticks(_position(named), labels=[m.strftime(shape) for m in named])
    axes.grid(axis="both", color="#ececec", lw=0.7)
    axes.set_ylabel(f"{data.item_en}  {data.unit}", fontsize=8.5, color=BLACK)
    _clean(axes, "")
    axes.legend(
        loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=4, frameon=False, fontsize=8.5,
        borderpad=0.2, handlelength=2.2, columnspacing=1.4,
    )  # fmt: skip


def _position(days: pd.DatetimeIndex) -> NDArray[np.float64]:
    """Days as years with a fraction; the first of January is whole."""
    part = (days.day_of_year.to_numpy() - 1) / 365.25
    return np.asarray(days.year.to_numpy() + part, dtype=np.float64)


def _years(axes: Axes, data: WeatherNormalisedData, lang: Lang) -> None:
    from matplotlib.ticker import MaxNLocator

    table = data.yearly
    years: NDArray[np.float64] = table.index.to_numpy(dtype=np.float64)
    observed, normal = (table[c].to_numpy(dtype=np.float64) for c in ("observed", "normalised"))
    axes.vlines(years, observed, normal, color="#b0b0b0", lw=1.0, zorder=2)
    axes.plot(years, observed, ls="-", lw=0.9, marker="o", ms=5, mfc="white", color=GREY, zorder=3,
              label=bilingual("监测", "observed", lang))  # fmt: skip
    axes.plot(years, normal, lw=2.2, marker="s", ms=5, color=LINES["blue"], zorder=4,
              label=bilingual("归一化", "normal weather", lang))  # fmt: skip
    reach = max(0.6, 0.08 * (years[-1] - years[0]))
    axes.set_xlim(years[0] - reach, years[-1] + reach)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=7))
    top = float(np.r_[observed, normal].max())
    # Room for the legend above the points.
    axes.set_ylim(0, 1.32 * top)
    axes.grid(axis="y", color="#ececec", lw=0.7)
    axes.set_ylabel(data.unit, fontsize=8.5, color=BLACK)
    axes.legend(loc="upper right", ncols=2, frameon=False, fontsize=8.0, borderpad=0.1)
    title = bilingual(
        "年均值（有值且有气象的日）", "annual means, days with value and weather", lang,
        separator="\n",
    )  # fmt: skip
    _clean(axes, title)


def _split(axes: Axes, data: WeatherNormalisedData, lang: Lang) -> None:
    """Bars of the parts of each change, the split in words where there is none."""
    drawn = [one for one in data.comparisons if one.change is not None]
    title = bilingual("变化分解", "what the change is made of", lang, separator="\n")
    if not drawn:
        _clean(axes, title)
        axes.set_axis_off()
        said = [bilingual(o.reason_zh, o.reason_en, lang, separator="\n") for o in data.comparisons]
        text = "\n".join(line for part in "\n".join(said).split("\n") for line in wrap(part, 62))
        axes.text(0.0, 0.9, text, transform=axes.transAxes, ha="left", va="top", fontsize=9.0,
                  color=LINES["red"], linespacing=1.5, gid="reason")  # fmt: skip
        return
    at, names, spots = 0.0, [], []
    reach = [0.0]
    for one in drawn:
        assert one.change is not None
        parts = one.change.rounded(data.decimals)
        spans = {"weather": one.change.weather_interval, "emissions": one.change.emissions_interval}
        head = bilingual(*_short(one), lang)
        total = signed(parts["observed"], data.decimals)
        axes.text(0.0, at, f"{head}  {total} {data.unit}", transform=axes.get_yaxis_transform(),
                  ha="left", va="center", fontsize=8.6, color=BLACK, gid="head", zorder=5,
                  bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5})  # fmt: skip
        for name, zh, en, colour, hatch in _PARTS:
            at -= 1.0
            value, (low, high) = parts[name], spans.get(name, (math.nan, math.nan))
            axes.barh(at, value, height=0.66, color=colour, hatch=hatch, edgecolor="white", lw=0,
                      zorder=3)  # fmt: skip
            if math.isfinite(low):
                axes.plot([low, high], [at, at], color=BLACK, lw=1.1, marker="|", ms=5, zorder=4)
            reach += [value] + [v for v in (low, high) if math.isfinite(v)]
            names.append(bilingual(zh, en, lang))
            spots.append((at, value, low, high))
        at -= 1.25
    _label_bars(axes, spots, names, reach, data.decimals)
    axes.set_ylim(at + 0.6, 0.75)
    axes.set_xlabel(data.unit, fontsize=8.5, color=BLACK)
    _clean(axes, title)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _short(one: Comparison) -> tuple[str, str]:
    return f"比{one.why_zh}（{one.first}）", f"against {one.why_en} ({one.first})"


def _label_bars(
    axes: Axes,
    spots: list[tuple[float, float, float, float]],
    names: list[str],
    reach: list[float],
    decimals: int,
) -> None:
    """Names at the left, numbers with their bounds in a column of their own at the right."""
    low, high = min(reach), max(reach)
    span = (high - low) or 1.0
    axes.set_xlim(low - 0.06 * span, high + 0.62 * span)
    axes.set_yticks([s[0] for s in spots], labels=names, fontsize=8.4)
    for label in axes.get_yticklabels():
        label.set_color(BLACK)
    for at, value, below, above in spots:
        text = signed(value, decimals)
        if math.isfinite(below):
            text += f"  [{signed(below, decimals)}, {signed(above, decimals)}]"
        axes.text(high + 0.06 * span, at, text, va="center", ha="left", fontsize=8.4, color=BLACK,
                  gid="number")  # fmt: skip
    axes.axvline(0.0, color=GREY, lw=0.9, zorder=2)
    axes.grid(axis="x", color="#ececec", lw=0.7)
