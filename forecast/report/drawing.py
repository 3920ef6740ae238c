"""Charts as a report takes them: the vector drawing, the picture and the table behind both."""

from __future__ import annotations

from forecast.charts.chart import Chart, png_bytes, svg_text
from forecast.report.document import Drawing, FigureBlock
from forecast.report.words import Pair

__all__ = ["drawing_of", "figure_block"]

#: Dots per inch of the picture in Word: 160 mm of paper take about 1,150 of them.
_DPI = 180


def drawing_of(chart: Chart, *, picture: bool = True) -> Drawing:
    """Draw a chart as SVG and, where a ``picture`` is wanted, as PNG; the bytes depend on the
    chart alone."""
    width, height = chart.figure.get_size_inches()
    png = png_bytes(chart, _DPI) if picture else b""
    return Drawing(svg_text(chart), png, float(width), float(height), chart.table)


def figure_block(
    chart: Chart, key: str, caption: Pair | None = None, *, picture: bool = True
) -> FigureBlock:
    """Make the numbered figure of a chart, captioned with its own titles by default."""
    words = caption or Pair(chart.title_zh, chart.title_en)
    return FigureBlock(key, words, drawing_of(chart, picture=picture))
