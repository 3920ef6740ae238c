"""Charts as a report takes them: the vector drawing, the picture and the table behind both."""

from __future__ import annotations

import io
from typing import Any

import matplotlib as mpl

from forecast.charts.chart import Chart, svg_text
from forecast.report.document import Drawing, FigureBlock
from forecast.report.words import Pair

__all__ = ["drawing_of", "figure_block"]

#: Dots per inch of the picture in Word: 160 mm of paper take about 1,150 of them.
_DPI = 180

_PNG: dict[str, Any] = {"compress_level": 2}


def drawing_of(chart: Chart) -> Drawing:
    """Draw a chart as SVG and PNG; the bytes depend on the chart alone."""
    buffer = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "forecast"}):
        chart.figure.savefig(
            buffer, format="png", dpi=_DPI, metadata={"Software": None}, pil_kwargs=_PNG
        )
    width, height = chart.figure.get_size_inches()
    return Drawing(svg_text(chart), buffer.getvalue(), float(width), float(height), chart.table)


def figure_block(chart: Chart, key: str, caption: Pair | None = None) -> FigureBlock:
    """Make the numbered figure of a chart, captioned with its own titles by default."""
    return FigureBlock(key, caption or Pair(chart.title_zh, chart.title_en), drawing_of(chart))
