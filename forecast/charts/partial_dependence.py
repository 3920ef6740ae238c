"""What a weather model makes of each weather item, all else as it was."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from forecast.charts.chart import Chart
from forecast.charts.fonts import chart_fonts
from forecast.charts.review_style import frame_height
from forecast.charts.small_panels import panel_sheet_height, panels_on
from forecast.charts.style import BLACK, LINES, Footer, Lang, bilingual, canvas

__all__ = ["PartialDependenceData", "partial_dependence"]

_WIDTH, _PANEL, _COLUMNS = 11.6, 1.55, 4  # [inch], but for the columns


@dataclass(frozen=True)
class PartialDependenceData:
    """What the chart shows.

    Attributes:
        place_zh: the place; ``item`` and ``unit`` of what is modelled.
        table: ``weather_item``, ``name_zh``, ``name_en``, ``weather_unit``, ``departure``
            from the season, ``effect`` (expected value there) [unit], ``range``.
    """

    place_zh: str
    item: str
    unit: str
    table: pd.DataFrame
    footer: Footer
    place_en: str = ""
    name: str = "partial_dependence"


def partial_dependence(
    data: PartialDependenceData, *, lang: Lang = "both", only_packaged: bool | None = None
) -> Chart:
    """Draw a small panel for each weather item, the one that moves most first.

    Args:
        data: what is shown.
        lang: language of the texts.
        only_packaged: draw with the packaged font alone; None follows the environment.

    Raises:
        ValueError: there is no weather item.
    """
    if data.table.empty:
        raise ValueError("there is no weather item to draw")
    with chart_fonts(only_packaged):
        return _draw(data, lang)


def _draw(data: PartialDependenceData, lang: Lang) -> Chart:
    ordered = data.table.sort_values("range", ascending=False, kind="stable")
    names = list(dict.fromkeys(ordered["weather_item"]))
    parts = {n: data.table[data.table["weather_item"] == n] for n in names}
    title_zh = f"{data.place_zh} {data.item}对各气象要素的偏依赖（偏离常年同期，其他条件不变）"
    title_en = f"{data.place_en or data.place_zh}: {data.item} with each weather item off its season, all else as it was"
    columns = min(_COLUMNS, len(names))
    frame = frame_height(data.footer, lang, _WIDTH) + 0.35
    height = panel_sheet_height(len(names), columns, _PANEL, frame=frame)
    sheet = canvas(_WIDTH, height, title_zh, title_en, data.footer, lang)
    titles = []
    for name in names:
        row = parts[name].iloc[0]
        unit = f"  [{row['weather_unit']}]" if row["weather_unit"] else ""
        zh, en = f"{row['name_zh']}{unit}", f"{row['name_en']}{unit}"
        titles.append((zh, "" if lang == "both" else en))
    low, high = float(data.table["effect"].min()), float(data.table["effect"].max())
    room = 0.08 * ((high - low) or 1.0)
    for axes, name in zip(panels_on(sheet, titles, columns, _PANEL, lang), names, strict=True):
        own = parts[name]
        axes.plot(own["departure"], own["effect"], color=LINES["blue"], lw=1.8)
        axes.plot(own["departure"], [low - 0.6 * room] * len(own), ls="", marker="|", ms=5,
                  color=LINES["orange"])  # fmt: skip
        # One scale for all: a flat line is an item that does little.
        axes.set_ylim(low - room, high + room)
        axes.set_ylabel(data.unit, fontsize=8.0, color=BLACK)
        axes.grid(color="#ececec", lw=0.7)
    sheet.figure.text(
        sheet.left / _WIDTH, (sheet.bottom + 0.05) / height,
        bilingual("横轴为该要素与常年同日（前后15天）均值之差；短竖线为其等份分位（1%至99%）",
                  "x: departure of the weather item from its mean about that day of the year; ticks: "
                  "equal shares of the record, 1 to 99 %", lang, separator="  "),
        fontsize=8.2, color=BLACK,
    )  # fmt: skip
    return Chart(sheet.figure, data.table.reset_index(drop=True), data.name, title_zh, title_en)
