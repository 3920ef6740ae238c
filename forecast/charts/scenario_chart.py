"""Chart 9, packages of measures: PM2.5, ozone and good days with their chances, and how much is needed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from forecast.charts.chart import Chart
from forecast.charts.fonts import chart_fonts
from forecast.charts.review_style import frame_height
from forecast.charts.scenario_panels import (
    Bar,
    Panel,
    ResponseCurve,
    draw_bars,
    draw_chances,
    draw_curves,
)
from forecast.charts.style import BLACK, GREY, LINES, Canvas, Footer, Lang, canvas, wrap

__all__ = ["Bar", "Package", "Panel", "ResponseCurve", "ScenarioChartData", "scenario_chart"]

#: The two indicators that are never shown one without the other.
TOGETHER = ("pm25_annual_mean", "o3_8h_p90")

CONDITIONAL = (
    "情景是条件估计：清单、执行率和响应如所假定时才成立，不是因果证明",
    "a scenario is a conditional estimate: it holds if inventory, compliance and responses are as "
    "assumed; it proves no cause",
)

NO_CURVE = (
    "没有求解所需削减量，不画响应曲线", "no cut was solved for: no response curve",
)  # fmt: skip

_WIDTH = 11.0  # [inch], as all below
_NAMES, _BARS, _DOTS, _GAP = 1.75, 2.0, 0.72, 0.2
_ROW, _HEAD = 0.52, 0.55  # a row is at least so high
#: A line of a name and of its details with the cells that fit; most lines.
_NAME_LINE, _NAME_CELLS, _NAME_LINES = 0.17, 25, 2
_DETAIL_LINE, _DETAIL_CELLS, _DETAIL_LINES = 0.13, 31, 3
_CURVES, _LEGEND, _AXIS = 2.3, 0.36, 0.62
_NOTES = 3.9
_NOTE_SIZE, _NOTE_STEP = 8.4, 0.175


@dataclass(frozen=True)
class Package:
    """What one row is called; ``detail`` says what is cut (zh, en)."""

    name_zh: str
    name_en: str
    detail_zh: str = ""
    detail_en: str = ""


@dataclass(frozen=True)
class ScenarioChartData:
    """What the chart shows.

    Attributes:
        place_zh, place_en: the place; ``place_en`` may be empty.
        year: the year judged.
        packages: the rows, the baseline first.
        panels: indicators, among them PM2.5 and ozone.
        curves: chances against the size of a cut; empty where none was asked for.
        footer: what stands under the chart.
        interval: probability that the intervals hold.
        source_zh, source_en: where the responses are from and how uncertain they are.
        notes: what a reader has to know besides (zh, en): warnings of the validity domain, targets
            that are decided.
        name: stem of the saved files.
    """

    place_zh: str
    year: int
    packages: tuple[Package, ...]
    panels: tuple[Panel, ...]
    footer: Footer
    source_zh: str
    source_en: str
    place_en: str = ""
    curves: tuple[ResponseCurve, ...] = ()
    interval: float = 0.9
    notes: tuple[tuple[str, str], ...] = ()
    name: str = "scenario"


def scenario_chart(
    data: ScenarioChartData, *, lang: Lang = "both", only_packaged: bool | None = None
) -> Chart:
    """Draw packages side by side, and the chance of a target against the size of a cut.

    Args:
        data: what is shown.
        lang: language of the texts.
        only_packaged: draw with the packaged font alone; None follows the environment.

    Raises:
        ValueError: PM2.5 or ozone has no panel, or a panel lacks the bar of a package.
    """
    names = [p.indicator for p in data.panels]
    if any(t not in names for t in TOGETHER):
        raise ValueError(f"PM2.5 and ozone are shown together; panels are {names}")
    if not data.packages:
        raise ValueError("there is no package to draw")
    for panel in data.panels:
        if panel.bars and len(panel.bars) != len(data.packages):
            raise ValueError(
                f"{panel.indicator} has {len(panel.bars)} bars for {len(data.packages)} packages"
            )
    with chart_fonts(only_packaged):
        return _draw(data, lang)


def _draw(data: ScenarioChartData, lang: Lang) -> Chart:
    title_zh = f"{data.place_zh}{data.year}年减排情景"
    title_en = f"{data.place_en or data.place_zh}: emission scenarios, {data.year}"
    notes = _notes(data, _NOTES if data.curves else _WIDTH - 0.6, lang)
    blocks = -(-len(data.panels) // 3)
    names = [_name_lines(package, lang) for package in data.packages]
    row = max(_ROW, *(0.12 + _NAME_LINE * len(n) + _DETAIL_LINE * len(d) for n, d in names))
    rows = _HEAD + row * len(data.packages) + 0.35
    legend = _LEGEND * len(data.curves) * (1.0 if lang == "both" else 0.6)
    curves = _CURVES + legend + _AXIS if data.curves else 0.0
    below = max(curves, 0.35 + _NOTE_STEP * len(notes)) + 0.15
    height = blocks * rows + below + frame_height(data.footer, lang, _WIDTH) + 0.1
    sheet = canvas(_WIDTH, height, title_zh, title_en, data.footer, lang)
    for block in range(blocks):
        top = sheet.top - block * rows - _HEAD
        _block(sheet, names, data.panels[3 * block : 3 * block + 3], top, row, lang)
    under = sheet.top - blocks * rows
    _lower(sheet, data, notes, under, legend, lang)
    return Chart(sheet.figure, _table(data), data.name, title_zh, title_en)


def _block(
    sheet: Canvas,
    names: list[tuple[list[str], list[str]]],
    panels: tuple[Panel, ...],
    top: float,
    row: float,
    lang: Lang,
) -> None:
    """Names at the left, then bars and chances of up to three indicators."""
    tall = row * len(names)
    across, up = sheet.figure.get_size_inches()
    for k, (name, detail) in enumerate(names):
        y = top - k * row - 0.09
        sheet.figure.text(sheet.left / across, y / up, "\n".join(name), fontsize=9.4, color=BLACK,
                          va="top", linespacing=1.15, gid="name")  # fmt: skip
        if detail:
            y -= _NAME_LINE * len(name) + 0.02
            sheet.figure.text(sheet.left / across, y / up, "\n".join(detail), fontsize=7.2,
                              color=GREY, va="top", linespacing=1.15, gid="name")  # fmt: skip
    left = sheet.left + _NAMES
    for panel in panels:
        bars = sheet.figure.add_axes(sheet.box(left, top - tall, _BARS, tall))
        draw_bars(bars, panel, lang)
        left += _BARS + 0.12
        dots = sheet.figure.add_axes(sheet.box(left, top - tall, _DOTS, tall))
        draw_chances(dots, panel, lang)
        left += _DOTS + _GAP


def _name_lines(package: Package, lang: Lang) -> tuple[list[str], list[str]]:
    """Lines of a package's name and of what it cuts; what does not fit ends in an ellipsis."""
    name = package.name_en if lang == "en" else package.name_zh
    detail = package.detail_en if lang == "en" else package.detail_zh
    return (
        _fit(name or package.name_zh, _NAME_CELLS, _NAME_LINES),
        _fit(detail, _DETAIL_CELLS, _DETAIL_LINES),
    )


def _fit(text: str, cells: int, most: int) -> list[str]:
    lines = wrap(text, cells)
    return lines if len(lines) <= most else [*lines[: most - 1], lines[most - 1].rstrip() + "…"]


def _lower(
    sheet: Canvas,
    data: ScenarioChartData,
    notes: list[tuple[str, str]],
    top: float,
    legend: float,
    lang: Lang,
) -> None:
    """The response curves at the left and the notes beside them; without curves, notes alone."""
    across, up = sheet.figure.get_size_inches()
    x = sheet.left
    if data.curves:
        left = sheet.left + 0.75
        width = sheet.right - left - _NOTES - 0.35
        box = sheet.box(left, top - 0.1 - legend - _CURVES, width, _CURVES)
        draw_curves(sheet.figure.add_axes(box), data.curves, lang)
        x = sheet.right - _NOTES
    for k, (text, colour) in enumerate(notes):
        sheet.figure.text(x / across, (top - 0.2 - _NOTE_STEP * k) / up, text, fontsize=_NOTE_SIZE,
                          color=colour, va="top", gid="note")  # fmt: skip


def _notes(data: ScenarioChartData, width: float, lang: Lang) -> list[tuple[str, str]]:
    """Lines of the notes, ``width`` [inch] wide, with their colour."""
    share = f"{100 * data.interval:g}"
    entries = [
        ((f"横线为{share} %区间；方括号为与基准逐路径之差的{share} %区间；虚线为目标",
          f"bars: {share} % intervals; brackets: {share} % of package less baseline, path by path; "
          "dashed: target"), GREY),
        ((f"响应来源：{data.source_zh}", f"responses: {data.source_en}"), BLACK),
        *((note, LINES["red"]) for note in data.notes),
        (CONDITIONAL, BLACK),
    ]  # fmt: skip
    if not data.curves:
        entries.insert(1, (NO_CURVE, GREY))
    cells = int(width * 72.0 / _NOTE_SIZE * 2 * 0.97)
    out: list[tuple[str, str]] = []
    for (zh, en), colour in entries:
        both = [zh] if lang == "zh" else [en] if lang == "en" else [zh, en]
        for text in dict.fromkeys(t for t in both if t):
            out += [(line, colour) for line in wrap(text, cells)]
        out.append(("", colour))
    return out[:-1]


def _table(data: ScenarioChartData) -> pd.DataFrame:
    """One row a bar, then one a point of a response curve."""
    rows = [
        {
            "kind": "package", "package": package.name_zh, "package_en": package.name_en,
            "indicator": panel.indicator, "unit": panel.unit, "mean": bar.mean, "low": bar.low,
            "high": bar.high, "change": bar.change, "change_low": bar.change_low,
            "change_high": bar.change_high, "target": panel.target,
            "probability": bar.probability, "error": bar.error, "cut_percent": math.nan,
        }
        for panel in data.panels
        for package, bar in zip(data.packages, panel.bars, strict=False)
    ]  # fmt: skip
    rows += [
        {
            "kind": "curve", "package": curve.label_zh, "package_en": curve.label_en,
            "probability": p, "cut_percent": cut,
        }
        for curve in data.curves
        for cut, p in zip(curve.cuts, curve.chances, strict=True)
    ]  # fmt: skip
    return pd.DataFrame(rows)
