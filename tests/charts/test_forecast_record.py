"""The forecast record: what was said and what came, drawn as given, words apart, in both languages."""

from __future__ import annotations

import dataclasses
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from figure_texts import drawn_texts
from matplotlib.backends.backend_agg import FigureCanvasAgg

from forecast.charts import Chart, Footer, save
from forecast.charts.fonts import missing_glyphs
from forecast.charts.forecast_record import ForecastRecordData, RecordPanel, forecast_record
from forecast.charts.style import Lang

LANGS: tuple[Lang, ...] = ("zh", "en", "both")


def panel(
    years: range = range(2021, 2026), a_year: int = 12, title: str = "优良天数比率", **more: object
) -> RecordPanel:
    """Forecasts that narrow over each year around 70; the last year is open."""
    days = np.concatenate(
        [
            pd.date_range(f"{y}-01-01", f"{y}-12-20", periods=a_year).to_numpy("datetime64[D]")
            for y in years
        ]
    )
    of = np.repeat(np.array(list(years), dtype=np.int64), a_year)
    width = np.tile(np.linspace(10.0, 1.0, a_year), len(years))
    middle = 70.0 + (of - 2023)
    quantiles = middle[:, None] + width[:, None] * np.array([-1.6, -0.7, 0.0, 0.7, 1.6])
    truth = np.where(of == years[-1], np.nan, middle + 2.0)
    values = {
        "title_zh": title, "title_en": "good-air-day ratio", "unit": "%", "dates": days, "years": of,
        "quantiles": quantiles, "truth": truth, "target": np.full(len(of), 75.0),
    }  # fmt: skip
    return RecordPanel(**{**values, **more})  # type: ignore[arg-type]


@pytest.fixture
def record(footer: Footer) -> ForecastRecordData:
    six = tuple(panel(title=f"指标{k}") for k in range(6))
    return ForecastRecordData("衡水", six, footer, place_en="Hengshui")


def words(chart: Chart) -> str:
    return "\n".join(t.get_text() for t in drawn_texts(chart.figure))


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(("panels", "a_year"), [(6, 12), (1, 365), (2, 1)])
def test_words_lie_inside_and_apart(
    record: ForecastRecordData, lang: Lang, panels: int, a_year: int
) -> None:
    shown = tuple(panel(a_year=a_year) for _ in range(panels))
    chart = forecast_record(dataclasses.replace(record, panels=shown), lang=lang)
    agg = FigureCanvasAgg(chart.figure)
    chart.figure.draw_without_rendering()  # only then does a legend know where its words are
    renderer = agg.get_renderer()
    width = agg.get_width_height()[0]
    boxes = [(t, t.get_window_extent(renderer)) for t in drawn_texts(chart.figure)]
    for one, box in boxes:
        assert box.x0 >= -1, one.get_text()
        assert box.x1 <= width + 1, one.get_text()
    for (one, a), (two, b) in combinations(boxes, 2):
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        up = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert across < 2 or up < 2, (one.get_text(), two.get_text())
    assert missing_glyphs(words(chart)) == set()


def test_the_table_and_the_count_say_what_lay_inside(footer: Footer) -> None:
    # Half-width of the 90 % interval: 16 in January, 1.6 in December; the truth is 2 off.
    chart = forecast_record(ForecastRecordData("衡水", (panel(),), footer), lang="en")
    width = 1.6 * np.linspace(10.0, 1.0, 12)
    inside = int((width >= 2.0).sum()) * 4
    assert f"{inside} of 48 inside 90 %" in words(chart)
    told = chart.table[chart.table["inside_90"] == "1"]
    assert len(told) == inside
    assert (chart.table["inside_90"] == "").sum() == 12
    (axes,) = chart.figure.axes
    crosses = [len(line.get_xdata()) for line in axes.lines if line.get_marker() == "x"]  # type: ignore[arg-type]
    assert sum(crosses) == 48 - inside


def test_a_year_that_is_not_over_has_no_truth(footer: Footer) -> None:
    chart = forecast_record(
        ForecastRecordData("衡水", (panel(range(2025, 2026)),), footer), lang="zh"
    )
    said = words(chart)
    assert "未到期" in said
    assert "尚无结果" in said
    assert "2025-04" in said
    (axes,) = chart.figure.axes
    assert not [line for line in axes.lines if line.get_color() == "#1d1d1d"]


def test_days_of_a_year_are_bands_and_months_are_bars(footer: Footer) -> None:
    few = forecast_record(ForecastRecordData("衡水", (panel(),), footer))
    many = forecast_record(ForecastRecordData("衡水", (panel(a_year=200),), footer))
    kinds = [[type(c).__name__ for c in chart.figure.axes[0].collections] for chart in (few, many)]
    assert set(kinds[0]) == {"LineCollection"}
    assert "LineCollection" not in kinds[1]


def test_a_hostile_name_is_drawn_as_it_is(footer: Footer) -> None:
    chart = forecast_record(
        ForecastRecordData(r"$\frac{a$ 市", (panel(title="$x_$ <b>"),), footer), lang="zh"
    )
    FigureCanvasAgg(chart.figure).draw()
    assert r"$" in words(chart)


def test_what_can_not_be_drawn_is_refused(footer: Footer) -> None:
    with pytest.raises(ValueError, match="no indicator"):
        forecast_record(ForecastRecordData("衡水", (), footer))
    with pytest.raises(ValueError, match="60 dates"):
        forecast_record(ForecastRecordData("衡水", (panel(truth=np.zeros(3)),), footer))


def test_files_are_the_same_bytes_every_time(record: ForecastRecordData, tmp_path: Path) -> None:
    first = save(forecast_record(record), tmp_path / "a")
    second = save(forecast_record(record), tmp_path / "b")
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]
