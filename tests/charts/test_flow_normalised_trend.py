"""The chart of flow-normalised trends."""

from __future__ import annotations

import dataclasses

import pytest
from matplotlib.text import Text

from forecast.charts.flow_normalised_trend import (
    FlowNormalisedData,
    FlowNormalisedPanel,
    flow_normalised_trend,
)
from forecast.charts.fonts import missing_glyphs
from forecast.charts.style import Footer, Lang

_PANEL = FlowNormalisedPanel(
    "断面甲 总磷", "TP, gauge 甲", (2019, 2020, 2021), (0.2, 0.1, 0.3), (0.2, 0.19, 0.18),
    "2019→2021年 -0.02 mg/L(-10 %,90 %区间 -0.05~+0.01),可能下降",
    "2019 to 2021: -0.02 mg/L (-10 %, 90 % range -0.05 to +0.01), likely down",
)  # fmt: skip
_DATA = FlowNormalisedData(
    "甲", "", (_PANEL, _PANEL, _PANEL), Footer("2019-01-01/2021-12-31", 30, 36, "WRTDS")
)


def test_the_table_is_what_is_drawn() -> None:
    chart = flow_normalised_trend(dataclasses.replace(_DATA, panels=(_PANEL,)))
    axes = chart.figure.axes[0]
    assert list(chart.table["year"]) == [2019, 2020, 2021]
    assert list(axes.lines[0].get_ydata()) == list(chart.table["conc_mg_l"]) == [0.2, 0.1, 0.3]
    assert list(axes.lines[1].get_ydata()) == list(chart.table["flow_normalised_mg_l"])
    assert axes.get_ylim()[0] == 0.0


@pytest.mark.parametrize("lang", ["zh", "en", "both"])
def test_words_stand_above_the_points_in_glyphs_that_exist(lang: Lang) -> None:
    chart = flow_normalised_trend(_DATA, lang=lang, only_packaged=True)
    chart.figure.draw_without_rendering()
    texts = [t for t in chart.figure.findobj(Text) if t.get_text().strip()]
    assert missing_glyphs("".join(t.get_text() for t in texts)) == set()
    words = [t for t in texts if t.get_gid() == "change"]
    assert len(words) == 3
    for text, axes in zip(words, chart.figure.axes, strict=True):
        highest = axes.transData.transform((0.0, 0.3))[1]
        assert text.get_window_extent().y0 > highest


def test_nothing_to_draw_and_ragged_panels_are_refused() -> None:
    with pytest.raises(ValueError, match="no section"):
        flow_normalised_trend(dataclasses.replace(_DATA, panels=()))
    ragged = dataclasses.replace(_PANEL, years=(2019, 2020))
    with pytest.raises(ValueError, match="differ in number"):
        flow_normalised_trend(dataclasses.replace(_DATA, panels=(ragged,)))
