"""The chart of the next days: odds drawn to scale, words apart, nonsense refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path

import pytest
from figure_texts import drawn_texts
from made_outlook import CLEAN, made_city, made_week
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import Rectangle

from forecast.charts import Footer, save
from forecast.charts.fonts import missing_glyphs
from forecast.charts.short_range import OutlookDay, ShortRangeData, short_range_chart
from forecast.charts.style import Lang
from forecast.report.short_range_figure import outlook_data, outlook_jobs

QUANTILES = {"0.025": 60.0, "0.1": 75.0, "0.5": 100.0, "0.9": 140.0, "0.975": 480.0}


def day(k: int, *odds: float) -> OutlookDay:
    return OutlookDay(date(2026, 1, 6) + timedelta(days=k), odds, QUANTILES, "o3_8h")


@pytest.mark.parametrize("lang", ["zh", "en", "both"])
def test_words_lie_inside_and_apart(lang: Lang) -> None:
    data = outlook_data(
        made_week(region="黔西南布依族苗族自治州"), "20260105-abc", (("样例", "sample"),)
    )
    chart = short_range_chart(data, lang=lang)
    agg = FigureCanvasAgg(chart.figure)
    agg.draw()
    width, renderer = agg.get_width_height()[0], agg.get_renderer()
    boxes = [(t, t.get_window_extent(renderer)) for t in drawn_texts(chart.figure)]
    for one, box in boxes:
        assert box.x0 >= -1 and box.x1 <= width + 1, one.get_text()
    for (one, a), (two, b) in combinations(boxes, 2):
        across, up = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        assert across < 2 or up < 2, (one.get_text(), two.get_text())
    words = "\n".join(t.get_text() for t in drawn_texts(chart.figure))
    assert missing_glyphs(words) == set()
    assert "PM2.5" in words and ("周四" in words) == (lang != "en")


def test_odds_are_stacked_to_a_hundred_and_lettered(footer: Footer) -> None:
    data = ShortRangeData("衡水", (day(0, 0.0, 0.25, 0.5, 0.25, 0.0, 0.0),), footer)
    chart = short_range_chart(data, lang="zh")
    bars = [p for p in chart.figure.axes[1].patches if isinstance(p, Rectangle)]
    assert [(b.get_y(), b.get_height()) for b in bars] == [(0.0, 25.0), (25.0, 50.0), (75.0, 25.0)]
    words = {t.get_text() for t in drawn_texts(chart.figure)}
    assert {"良 25", "轻 50", "中 25"} <= words
    # The thin line of 95 % is inside the panel, also on the worst of days.
    assert chart.figure.axes[0].get_ylim()[1] > 480


def test_the_table_holds_what_is_drawn(footer: Footer, tmp_path: Path) -> None:
    data = ShortRangeData("衡水", (day(0, *CLEAN), day(1, *CLEAN)), footer)
    table = short_range_chart(data).table
    assert table["date"].tolist() == ["2026-01-06", "2026-01-07"]
    assert table.filter(like="p_level_").sum(axis=1).tolist() == pytest.approx([1.0, 1.0])
    assert table.loc[0, "aqi_q0.5"] == 100.0 and table.loc[1, "leading"] == "o3_8h"
    files = save(short_range_chart(data), tmp_path, ("svg",))
    assert files[-1].read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize(
    "odds", [(0.5, 0.4), (0.5, 0.6, 0.0, 0.0, 0.0, 0.0), (1.2, -0.2, 0, 0, 0, 0)]
)
def test_what_is_no_distribution_is_refused(odds: tuple[float, ...], footer: Footer) -> None:
    with pytest.raises(ValueError, match="six probabilities"):
        short_range_chart(ShortRangeData("衡水", (day(0, *odds),), footer))
    with pytest.raises(ValueError, match="no day"):
        short_range_chart(ShortRangeData("衡水", (), footer))
    one = replace(day(0, *CLEAN), aqi={"0.5": 80.0})
    with pytest.raises(ValueError, match=r"0\.025"):
        short_range_chart(ShortRangeData("衡水", (one,), footer))


def test_the_cities_most_at_risk_are_drawn_in_their_order() -> None:
    air = [made_city(*[CLEAN] * 7, region=f"城{k}") for k in range(8)]
    air.append(made_week(region="霾城"))
    air.append({"region": "停测城", "place": "停测城", "days": [], "reason": {"zh": "", "en": ""}})
    jobs = outlook_jobs({"air": air, "water": []}, "run")
    assert [region for region, _, _ in jobs] == ["城0", "城1", "城2", "城3", "城4", "霾城"]
    assert outlook_jobs(None, "run") == []
