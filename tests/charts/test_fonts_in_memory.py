"""Fonts read into memory while a chart is drawn: the same pictures, and files again after it."""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib import font_manager
from matplotlib.figure import Figure

from forecast.charts.chart import Chart, png_bytes, save, svg_text
from forecast.charts.fonts import chart_fonts, packaged_font
from forecast.charts.fonts_in_memory import fonts_in_memory


@pytest.fixture(scope="module")
def chart() -> Chart:
    with chart_fonts(only_packaged=True):
        figure = Figure(figsize=(3, 1))
        axes = figure.add_axes((0.2, 0.3, 0.7, 0.6))
        axes.plot([0, 31], [35.0, 28.5], label="PM2.5 细颗粒物")
        axes.legend()
        figure.text(0.1, 0.05, "空气质量 AVATAR 0123", rotation=5)
    return Chart(figure, pd.DataFrame({"day": [0, 31]}), "tiny", "空气", "Air")


def _opened() -> object:
    """The file that matplotlib reads the packaged font from now."""
    return font_manager.get_font([str(packaged_font())]).fname


def test_pictures_are_the_same_from_memory_and_from_the_file(chart: Chart) -> None:
    drawn = {}
    for form in ("svg", "png"):
        buffer = io.BytesIO()
        with mpl.rc_context({"svg.hashsalt": "forecast", "svg.fonttype": "path"}):
            about = {"Date": None, "Creator": None} if form == "svg" else {"Software": None}
            chart.figure.savefig(
                buffer, format=form, dpi=150, metadata=about,
                **({"pil_kwargs": {"compress_level": 2}} if form == "png" else {}),
            )  # fmt: skip
        drawn[form] = buffer.getvalue()
    assert svg_text(chart).encode() == drawn["svg"]
    assert png_bytes(chart, 150) == drawn["png"]


def test_the_file_is_read_outside_the_block_and_not_in_it() -> None:
    path = str(packaged_font())
    assert _opened() == path
    with fonts_in_memory():
        inside = _opened()
        with fonts_in_memory():
            assert _opened() is inside
        assert isinstance(inside, io.BytesIO)
        assert inside.getbuffer() == packaged_font().read_bytes()
    assert _opened() == path
    with pytest.raises(ZeroDivisionError), fonts_in_memory():
        raise ZeroDivisionError
    assert _opened() == path


def test_a_document_embeds_the_font_of_the_file(chart: Chart, tmp_path: Path) -> None:
    written = save(chart, tmp_path, ("svg", "png", "pdf"))
    assert [p.suffix for p in written] == [".svg", ".png", ".pdf", ".csv"]
    assert written[1].read_bytes() == png_bytes(chart, 150)
    assert b"NotoSansSC" in written[2].read_bytes()


def test_another_way_of_opening_fonts_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def opens(*files: object) -> str:
        return "own way"

    monkeypatch.setattr(font_manager, "_get_font", opens)
    with fonts_in_memory():
        assert font_manager._get_font is opens
    monkeypatch.delattr(font_manager, "_get_font")
    with fonts_in_memory():
        assert not hasattr(font_manager, "_get_font")
