"""The scenario chart and the map of two levers: numbers as given, ozone never hidden, words apart."""

from __future__ import annotations

import dataclasses
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from figure_texts import drawn_texts
from matplotlib.backends.backend_agg import FigureCanvasAgg

from forecast.charts import Chart, Footer, save
from forecast.charts.fonts import missing_glyphs
from forecast.charts.scenario_chart import (
    Bar,
    Package,
    Panel,
    ResponseCurve,
    ScenarioChartData,
    scenario_chart,
)
from forecast.charts.scenario_data import chosen_target, curve_of, levers_of, panels_of
from forecast.charts.scenario_map import ScenarioMapData, scenario_map
from forecast.charts.style import LINES, Lang

LANGS: tuple[Lang, ...] = ("zh", "en", "both")


def words(chart: Chart) -> str:
    return "\n".join(t.get_text() for t in drawn_texts(chart.figure))


@pytest.fixture
def scenario(footer: Footer) -> ScenarioChartData:
    packages = (
        Package("无情景", "No package"),
        Package("方案A：规划措施", "A: measures of the plan", "NOx −4000 t，VOC −2300 t",
                "NOx -4,000 t, VOC -2,300 t"),
        Package("方案B：仅NOx", "B: NOx alone"),
    )  # fmt: skip
    pm25 = (
        Bar(42.3, 38.1, 47.0, probability=0.12, error=0.007),
        Bar(38.6, 33.0, 44.0, -3.7, -6.2, -1.1, 0.63, 0.011),
        Bar(42.5, 38.0, 47.5, 0.2, -0.8, 1.4, 0.0003, 0.0004),
    )
    ozone = (
        Bar(170.0, 155.0, 188.0),
        Bar(168.2, 150.0, 187.0, -1.8, -5.0, 1.2),
        Bar(173.1, 156.0, 192.0, 3.1, -2.0, 7.0),
    )
    x = np.linspace(0, 40, 41)
    return ScenarioChartData(
        "衡水", 2025, packages,
        (Panel("pm25_annual_mean", "PM2.5年均浓度", "PM2.5 annual mean", "µg/m³", "lower", pm25, 40,
               "<="),
         Panel("o3_8h_p90", "O3-8h第90百分位", "O3-8h 90th percentile", "µg/m³", "lower", ozone),
         Panel("good_days", "优良天数", "good-air days", "天", "higher", (), 280, ">=", 0, "days",
               "六项不全", "not all six items")),
        footer, "文献先验（华北），未经本市回报检验", "priors from the literature, no hindcast",
        "Hengshui",
        (ResponseCurve("全部措施", "all measures", tuple(x), tuple(1 - np.exp(-x / 20)), 0.8, 32.2,
                       29.0, float("inf")),
         ResponseCurve("仅NOx", "NOx alone", tuple(x), tuple(0.1 + x / 200), 0.8)),
        notes=(("冷季单独减氮，硝酸盐可能上升", "NOx alone in the cold season: nitrate may rise"),),
    )  # fmt: skip


@pytest.fixture
def levers(footer: Footer) -> ScenarioMapData:
    a, b = np.array([0.0, 10, 20]), np.array([0.0, 20, 40, 60])
    grid_a, grid_b = np.meshgrid(a, b, indexing="ij")
    return ScenarioMapData(
        "衡水", 2025, "优良天数 ≥ 280", "good days ≥ 280", a, b, grid_b / 60 * 0.998 + 0.001,
        -0.1 * grid_a - 0.02 * grid_b, 0.2 * grid_a - 0.05 * grid_b, footer, place_en="Hengshui",
    )  # fmt: skip


@pytest.mark.parametrize("lang", LANGS)
def test_every_glyph_is_there_and_no_words_overlap(
    scenario: ScenarioChartData, levers: ScenarioMapData, lang: Lang
) -> None:
    for chart in (scenario_chart(scenario, lang=lang), scenario_map(levers, lang=lang)):
        renderer = FigureCanvasAgg(chart.figure).get_renderer()
        chart.figure.draw_without_rendering()
        assert missing_glyphs(words(chart)) == set()
        width, height = chart.figure.canvas.get_width_height()
        boxes = [(t, t.get_window_extent(renderer)) for t in drawn_texts(chart.figure)]
        for one, box in boxes:
            assert box.x0 >= -1, one.get_text()
            assert box.y0 >= -1, one.get_text()
            assert box.x1 <= width + 1, one.get_text()
            assert box.y1 <= height + 1, one.get_text()
        for (one, a), (two, b) in combinations(boxes, 2):
            across = min(a.x1, b.x1) - max(a.x0, b.x0)
            up = min(a.y1, b.y1) - max(a.y0, b.y0)
            assert across < 2 or up < 2, (one.get_text(), two.get_text())


def test_numbers_stand_as_given(scenario: ScenarioChartData) -> None:
    said = words(scenario_chart(scenario, lang="en"))
    for text in ("42.3", "38.6  -3.7 [-6.2, -1.1]", "173.1  +3.1 [-2.0, +7.0] worse", "63 %", "<1 %",
                 "P(≤40) %", "no target", "not all six items", "80 % at 32 %",
                 "80 % not reached (at most 30 %)", "conditional estimate",
                 "priors from the literature", "nitrate may rise"):  # fmt: skip
        assert text.replace("\n", " ") in said.replace("\n", " "), text


def test_what_gets_worse_is_red(scenario: ScenarioChartData) -> None:
    chart = scenario_chart(scenario, lang="zh")
    red = [t.get_text() for t in drawn_texts(chart.figure)
           if t.get_gid() == "value" and t.get_color() == LINES["red"]]  # fmt: skip
    assert len(red) == 2
    assert all(text.endswith("变差") for text in red)


def test_ozone_is_never_left_out(scenario: ScenarioChartData) -> None:
    for gone in (0, 1):
        panels = tuple(p for k, p in enumerate(scenario.panels) if k != gone)
        with pytest.raises(ValueError, match="together"):
            scenario_chart(dataclasses.replace(scenario, panels=panels))


def test_table_holds_bars_and_curves(scenario: ScenarioChartData, tmp_path: Path) -> None:
    chart = scenario_chart(scenario)
    table = chart.table
    assert (table["kind"] == "package").sum() == 6
    assert (table["kind"] == "curve").sum() == 82
    row = table[(table["package_en"] == "B: NOx alone") & (table["indicator"] == "o3_8h_p90")]
    assert row["change"].item() == 3.1
    files = save(chart, tmp_path, ("svg", "png"))
    assert [f.suffix for f in files] == [".svg", ".png", ".csv"]
    again = save(scenario_chart(scenario), tmp_path / "again", ("svg",))
    assert files[0].read_bytes() == again[0].read_bytes()


def test_without_a_curve_or_a_forecast_there_are_words(scenario: ScenarioChartData) -> None:
    bare = dataclasses.replace(scenario, curves=())
    assert "没有求解所需削减量" in words(scenario_chart(bare, lang="zh"))
    with pytest.raises(ValueError, match="no package"):
        scenario_chart(dataclasses.replace(scenario, packages=()))
    short = dataclasses.replace(scenario, packages=scenario.packages[:2])
    with pytest.raises(ValueError, match="3 bars for 2 packages"):
        scenario_chart(short)


def test_more_than_three_indicators_go_in_rows(scenario: ScenarioChartData) -> None:
    panels = (*scenario.panels, *(dataclasses.replace(p) for p in scenario.panels[:2]))
    tall = scenario_chart(dataclasses.replace(scenario, panels=panels), lang="en")
    low = scenario_chart(scenario, lang="en")
    assert tall.figure.get_size_inches()[1] > low.figure.get_size_inches()[1] + 1


def test_map_numbers_border_and_certainty(levers: ScenarioMapData) -> None:
    chart = scenario_map(levers, lang="en")
    cells = [t.get_text() for t in drawn_texts(chart.figure) if t.get_gid() == "cell"]
    assert len(cells) == 36
    assert "<1" in cells
    assert ">99" in cells
    assert "0.0" in cells
    red = [t.get_text() for t in drawn_texts(chart.figure)
           if t.get_gid() == "cell" and t.get_color() == LINES["red"]]  # fmt: skip
    assert red
    assert all(text.startswith("+") for text in red)
    assert chart.table["probability"].to_numpy() == pytest.approx(levers.chances.ravel())
    assert "inside the thick line" in words(chart)
    never = dataclasses.replace(levers, chances=levers.chances * 0.5)
    assert "no cell reaches 80 %" in words(scenario_map(never, lang="en"))
    with pytest.raises(ValueError, match="o3_change has shape"):
        scenario_map(dataclasses.replace(levers, o3_change=levers.o3_change[:2]))


def made_rows() -> list[dict[str, Any]]:
    """Two indicators of the baseline and of a package, as stored; the stretch target stands first."""
    quantiles = {"0.05": 35.0, "0.95": 45.0}
    change = {"mean": -2.0, "error": 0.1, "low": -4.0, "high": -1.0, "share_worse": 0.0}
    rows: list[dict[str, Any]] = []
    for package, mean in (("", 42.0), ("A", 40.0)):
        for name in ("pm25_annual_mean", "o3_8h_p90"):
            row = {"package": package, "kind": "indicator", "indicator": name, "unit": "µg/m³",
                   "mean": mean, "quantiles": quantiles}  # fmt: skip
            rows.append(row | ({"change": change} if package else {}))
        for key, value, p in (("stretch", 38, 0.2), ("firm", 40, 0.7)):
            rows.append(
                {"package": package, "kind": "target", "id": key, "level": key, "comparator": "<=",
                 "indicator": "pm25_annual_mean", "value": value, "probability": p, "error": 0.01,
                 "decided": ""}
            )  # fmt: skip
    return rows


def test_panels_of_stored_rows() -> None:
    """The firm target leads; an indicator that is not forecast keeps its panel, without bars."""
    panels = panels_of(made_rows(), ["A"])
    assert [p.indicator for p in panels] == ["pm25_annual_mean", "o3_8h_p90", "good_day_ratio"]
    assert panels[0].target == 40
    assert [b.mean for b in panels[0].bars] == [42.0, 40.0]
    assert (panels[0].bars[1].low, panels[0].bars[1].high) == (35.0, 45.0)
    assert panels[0].bars[1].change == -2.0
    assert panels[0].bars[1].probability == 0.7
    assert np.isnan(panels[0].bars[0].change)
    assert np.isnan(panels[1].bars[0].probability)
    assert panels[2].bars == ()
    assert panels_of(made_rows(), ["A", "unknown"])[0].bars == ()


def test_an_open_target_goes_before_a_decided_one() -> None:
    rows = [{**r, "decided": "missed"} if r.get("id") == "firm" else r for r in made_rows()]
    chosen = chosen_target(rows, "pm25_annual_mean")
    assert chosen is not None
    assert chosen["id"] == "stretch"
    assert chosen_target(rows, "o3_8h_p90") is None


def test_curve_of_a_stored_answer() -> None:
    found = {"scales": [0.0, 0.5, 1.0], "chances": [0.1, 0.8, 0.9], "asked": 0.8, "scale": 0.5,
             "low": 0.4, "high": 0.6}  # fmt: skip
    curve = curve_of(found, "全部", "all")
    assert curve.cuts == (0.0, 50.0, 100.0)
    assert (curve.at, curve.low, curve.high) == (50.0, 40.0, 60.0)
    assert curve_of({**found, "high": None}, "全部", "all").high == float("inf")
    never = curve_of({**found, "scale": None, "low": None, "high": None}, "全部", "all")
    assert never.at is None
    assert np.isnan(never.low) and np.isnan(never.high)


def test_levers_of_stored_pairs() -> None:
    """Pairs in any order give the same tables; a pair that is missing is no map."""
    rows = [
        {"first": a, "second": b, "probability": a + b, "pm25_change": -a, "o3_change": None}
        for b in (0.5, 0.0)
        for a in (0.2, 0.0, 0.1)
    ]
    first, second, tables = levers_of(rows)
    assert first.tolist() == [0.0, 10.0, 20.0]
    assert second.tolist() == [0.0, 50.0]
    assert tables["probability"].tolist() == [[0.0, 0.5], [0.1, 0.6], [0.2, 0.7]]
    assert np.isnan(tables["o3_change"]).all()
    for wrong in (rows[:-1], [*rows, rows[0]]):
        with pytest.raises(ValueError, match="3 by 2"):
            levers_of(wrong)


def test_a_long_name_and_its_details_take_lines_of_their_own(scenario: ScenarioChartData) -> None:
    """Rows grow with them; what fits nowhere ends in an ellipsis."""
    long = Package("方案", "Measures of the plan of a city for the years 2021 to 2025 and later",
                   "", "NOx -4000 t, VOC -2300 t, SO2 -450 t, " * 4)  # fmt: skip
    packages = (scenario.packages[0], long, scenario.packages[2])
    tall = scenario_chart(dataclasses.replace(scenario, packages=packages), lang="en")
    plain = scenario_chart(scenario, lang="en")
    assert tall.figure.get_size_inches()[1] > plain.figure.get_size_inches()[1]
    names = [t.get_text() for t in drawn_texts(tall.figure) if t.get_gid() == "name"]
    assert [n.count("\n") for n in names if n.startswith(("Measures", "NOx -"))] == [1, 2]
    assert sum(n.endswith("…") for n in names) == 2
