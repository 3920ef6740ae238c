"""Charts of the annual review: tables that arithmetic by hand gives, words apart, nothing hidden."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from figure_texts import drawn_texts
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from forecast.charts import Chart, Footer, save
from forecast.charts.annual_trend import (
    AnnualPanel,
    AnnualTrendData,
    TrendLine,
    annual_trend,
)
from forecast.charts.bad_day_budget import BadDayBudgetData, bad_day_budget, monthly_bad_days
from forecast.charts.city_ranking import (
    RULE,
    CityRankingData,
    RankedPlace,
    change,
    city_ranking,
    ranks,
)
from forecast.charts.fonts import missing_glyphs
from forecast.charts.level_shares import LevelBar, LevelSharesData, level_shares, shares
from forecast.charts.review_style import frame_height, month_starts
from forecast.charts.style import AQI_COLOURS, Lang, canvas
from forecast.charts.time_variation import (
    CyclePanel,
    GroupMeans,
    TimeVariationData,
    time_variation,
)

LANGS: tuple[Lang, ...] = ("zh", "en", "both")
NAN = float("nan")


def words_of(chart: Chart) -> str:
    return "\n".join(t.get_text() for t in drawn_texts(chart.figure))


@pytest.fixture(scope="module")
def budget(footer: Footer) -> BadDayBudgetData:
    """To 31 March 2025: bad on 1, 2 January (PM2.5), 1 March (two leaders); 10 January missing."""
    state = np.zeros(90, dtype=np.int8)
    state[[0, 1, 59]] = 1
    state[9] = -1
    primary = [""] * 90
    primary[0] = primary[1] = "pm25"
    primary[59] = "pm10+o3_8h"
    return BadDayBudgetData(
        place_zh="衡水", place_en="Hengshui", year=2025, state=state, primary=tuple(primary),
        footer=footer, allowed=10, target_zh="优良天数比率 ≥ 97 %（确保）",
        target_en="good-day ratio ≥ 97 % (firm)", expected=np.full(365, 0.1),
        expected_years=(2022, 2023, 2024),
    )  # fmt: skip


@pytest.fixture(scope="module")
def trend(footer: Footer) -> AnnualTrendData:
    years = tuple(range(2018, 2029))
    limits = tuple(35.0 if y < 2026 else 30.0 for y in years)
    standards = tuple("GB 3095-2012" if y < 2026 else "GB 3095-2026" for y in years)
    values = (60.0, 58.0, NAN, 52.0, 50.0, 47.0, 44.0, 41.0, 39.0, 36.0, 33.0)
    enough = (True, True, False, *(True,) * 7, False)
    line = TrendLine(-2.6, -3.0, -2.1, 120, "months", 2, ((2018, 2028, 60, 33),), -4.3)
    panel = AnnualPanel(
        "pm25_annual_mean", years, values, enough, limits, standards, line, (2018.2,)
    )
    short = dataclasses.replace(
        panel, indicator="o3_8h_p90", values=(NAN,) * 10 + (160.0,), limits=(160.0,) * 11, breaks=(),
        trend=TrendLine(NAN, NAN, NAN, 1, "years", note_zh="只有1个年份天数足够，没有斜率",
                        note_en="one year with enough days: no slope"),
    )  # fmt: skip
    never = dataclasses.replace(
        panel, indicator="co_p95", values=(NAN,) * 11, limits=(4.0,) * 11, trend=None, breaks=()
    )
    return AnnualTrendData("衡水", (panel, short, never, panel), footer, "Hengshui")


def means(n: int, base: float, gone: int | None = None) -> GroupMeans:
    mean = base + np.arange(n, dtype=float)
    count = np.full(n, 20)
    if gone is not None:
        mean[gone], count[gone] = NAN, 0
    return GroupMeans(mean, mean - 5, mean + 5, count)


@pytest.fixture(scope="module")
def variation(footer: Footer) -> TimeVariationData:
    rows = [
        (
            CyclePanel(zh, zh, "µg/m³", "hour", means(24, 40), means(24, 45)),
            CyclePanel(zh, zh, "µg/m³", "weekday", means(7, 40), means(7, 45)),
            CyclePanel(zh, zh, "µg/m³", "month", means(12, 40, 1), means(12, 45), (10, 11)),
        )
        for zh in ("PM2.5", "O3-8h")
    ]
    return TimeVariationData(
        "衡水", 2025, (2022, 2023, 2024), tuple(rows), footer, place_en="Hengshui"
    )


def bar(name: str, levels: list[int], led: list[float], dust: list[float] | None = None, come: int = 0) -> LevelBar:  # fmt: skip
    return LevelBar(
        f"{name}月", name, np.array(levels), np.array(led, dtype=float),
        np.array(dust or [0.0] * 6), come,
    )  # fmt: skip


@pytest.fixture(scope="module")
def share_data(footer: Footer) -> LevelSharesData:
    """Nine months with every level, one without a valid day, two to come; dust in March."""
    months = []
    for m in range(1, 13):
        if m == 9:
            months.append(bar("9", [30, 0, 0, 0, 0, 0, 0], [0.0] * 6))
        elif m > 10:
            months.append(bar(str(m), [0] * 7, [0.0] * 6, come=30))
        else:
            dust = [0.0, 0, 4.0, 0, 0, 0] if m == 3 else None
            months.append(bar(str(m), [2, 5, 10, 6, 4, 2, 1], [0, 0, 5, 6.5, 0, 1.5], dust))
    places = tuple(
        bar(str(k), [2, 50 + k, 200, 60, 30, 10, 5], [0, 0, 5, 90, 0, 10]) for k in range(5)
    )
    return LevelSharesData(
        "衡水", 2025, tuple(months), footer, place_en="Hengshui", places=places, dust_known=True
    )


@pytest.fixture(scope="module")
def ranking(footer: Footer) -> CityRankingData:
    places = tuple(
        RankedPlace(
            f"城市{k}", 30.0 + k, 80.0 - k, float(k), 4.0 + 0.1 * (k // 2), k != 3, f"City {k}",
            pm25_last=33.0, pm25_mean3=36.0, good_last=79.0, good_mean3=NAN, heavy_last=2.0,
            index_last=4.2, main="o3_8h", pm25_target=35.0 if k % 2 else NAN, good_target=75.0,
            highlighted=k == 2, n_valid=360,
        )
        for k in range(6)
    )  # fmt: skip
    return CityRankingData("衡水等6个城市", "Hengshui and 5 more cities", 2025, places, footer)


@pytest.fixture(scope="module")
def draw(
    budget: BadDayBudgetData,
    trend: AnnualTrendData,
    variation: TimeVariationData,
    share_data: LevelSharesData,
    ranking: CityRankingData,
) -> Callable[[Lang], list[Chart]]:
    """Draw all five in one language."""
    return lambda lang: [
        bad_day_budget(budget, lang=lang),
        annual_trend(trend, lang=lang),
        time_variation(variation, lang=lang),
        level_shares(share_data, lang=lang),
        *city_ranking(ranking, lang=lang),
    ]


@pytest.fixture(scope="module")
def drawn(draw: Callable[[Lang], list[Chart]]) -> Callable[[Lang], list[Chart]]:
    """The charts in one language, drawn once for all tests that look at them."""
    return cache(draw)


def assert_apart(figure: Figure) -> None:
    """No text lies over another or is cut by the edge of the sheet."""
    figure.draw_without_rendering()
    width, height = figure.get_size_inches() * figure.dpi
    boxes = [(t.get_text(), t.get_window_extent().extents) for t in drawn_texts(figure)]
    for text, (x0, y0, x1, y1) in boxes:
        assert x0 >= -1 and y0 >= -1 and x1 <= width + 1 and y1 <= height + 1, text
    for (one, a), (two, b) in combinations(boxes, 2):
        across = min(a[2], b[2]) - max(a[0], b[0])
        up = min(a[3], b[3]) - max(a[1], b[1])
        # Line boxes carry head room: a touch of some pixels is no overlap of ink.
        assert across <= 2 or up <= 4, (one, two)


@pytest.mark.parametrize("lang", LANGS)
def test_glyphs_are_there_and_texts_apart(drawn: Callable[[Lang], list[Chart]], lang: Lang) -> None:
    for chart in drawn(lang):
        assert missing_glyphs(words_of(chart)) == set()
        assert {n for t in drawn_texts(chart.figure) for n in t.get_fontfamily()} == {
            "Noto Sans SC"
        }
        assert_apart(chart.figure)


def test_english_shows_no_chinese_word(drawn: Callable[[Lang], list[Chart]]) -> None:
    for chart in drawn("en"):
        own = [t.get_text() for t in drawn_texts(chart.figure) if t.get_gid() != "name"]
        assert not any("\u4e00" <= c <= "\u9fff" for c in "".join(own)), own
    for chart in drawn("both"):
        assert {chart.title_zh, chart.title_en} <= {t.get_text() for t in drawn_texts(chart.figure)}


def test_three_formats_and_a_table_the_same_bytes_each_time(
    drawn: Callable[[Lang], list[Chart]], budget: BadDayBudgetData, tmp_path: Path
) -> None:
    for run, again in (("one", drawn("zh")), ("two", [bad_day_budget(budget, lang="zh")])):
        for chart in again:
            save(chart, tmp_path / run, ("svg", "png", "pdf"), dpi=40)
    names = sorted(p.name for p in (tmp_path / "one").iterdir())
    stems = ("bad_day_budget", "annual_trend", "time_variation", "level_shares", "city_ranking")
    assert names == sorted(f"{s}.{e}" for s in stems for e in ("svg", "png", "pdf", "csv"))
    for path in (tmp_path / "two").iterdir():
        assert path.read_bytes() == (tmp_path / "one" / path.name).read_bytes()


@pytest.mark.parametrize("lang", LANGS)
def test_the_room_of_the_frame_is_what_the_canvas_takes(footer: Footer, lang: Lang) -> None:
    sheet = canvas(9.0, 6.0, "题", "title", footer, lang)
    assert frame_height(footer, lang, 9.0) == pytest.approx(
        6.0 - (sheet.top - sheet.bottom), abs=1e-3
    )


# The budget of bad days


def test_budget_counts_by_hand(budget: BadDayBudgetData) -> None:
    """Ten allowed, one used each day in January and March: 10 - 2 = 8, then 7 left."""
    table = bad_day_budget(budget).table.set_index("date")
    assert table.loc["2025-01-01", "left"] == 9
    assert table.loc["2025-01-31", "left"] == 8
    assert table.loc["2025-03-31", "left"] == 7 and np.isnan(table.loc["2025-04-01", "left"])
    assert table.loc["2025-01-10", "status"] == "missing"
    assert (table["status"] == "to come").sum() == 275
    # 0.1 bad days a day that is not missing: 8.9 by 31 March; the rest of the year takes 27.5.
    assert table.loc["2025-03-31", "expected_used"] == pytest.approx(8.9)
    assert table.loc["2025-12-31", "used_if_as_before"] == pytest.approx(3 + 27.5)


def test_budget_says_when_it_would_be_spent(budget: BadDayBudgetData) -> None:
    """Seven are left and a tenth goes each day: spent 70 days after 31 March, on 9 June."""
    chart = bad_day_budget(budget, lang="zh")
    words = words_of(chart)
    assert "将于6月9日用完" in words and "还剩 7 天" in words and "缺测或无效 1 天" in words
    over = dataclasses.replace(budget, allowed=2)
    words = words_of(bad_day_budget(over, lang="en"))
    assert "▼ spent on 02 Jan" in words and "1 more than allowed" in words


def test_two_leaders_count_half_each(budget: BadDayBudgetData) -> None:
    counts = monthly_bad_days(bad_day_budget(budget).table)
    assert counts.shape == (12, 6)
    assert counts[0].tolist() == [0, 0, 0, 2, 0, 0]  # January: PM2.5 twice
    assert counts[2].tolist() == [0, 0, 0.5, 0, 0, 0.5]
    assert counts.sum() == 3


def test_a_missing_day_is_a_gap_of_the_line(budget: BadDayBudgetData) -> None:
    line = bad_day_budget(budget).figure.axes[1].lines[0]
    y = np.asarray(line.get_ydata(), dtype=float)[::3]
    assert np.isnan(y[9]) and np.isnan(y[90:]).all() and np.isfinite(np.delete(y[:90], 9)).all()


def test_a_forecast_takes_the_place_of_the_mean_rest(budget: BadDayBudgetData) -> None:
    days = pd.date_range("2025-04-01", "2025-12-31")
    middle = 7.0 - np.arange(275) * 0.05
    ahead = pd.DataFrame({"date": days, "low": middle - 3, "middle": middle, "high": middle + 3})
    chart = bad_day_budget(dataclasses.replace(budget, ahead=ahead), lang="zh")
    # 7 / 0.05 = 140 days after 1 April.
    assert "预测中位数8月19日用完" in words_of(chart)
    assert chart.table["forecast_middle"].notna().sum() == 275


def test_no_target_no_bad_day_and_all_bad_are_said(budget: BadDayBudgetData) -> None:
    none = dataclasses.replace(budget, allowed=None, target_zh="", target_en="")
    chart = bad_day_budget(none, lang="both")
    assert "没有优良天数目标" in words_of(chart) and "无目标" in chart.title_zh
    assert_apart(chart.figure)
    clean = dataclasses.replace(budget, state=np.zeros(90, np.int8), primary=("",) * 90)
    assert "尚无污染天" in words_of(bad_day_budget(clean))
    bad = dataclasses.replace(
        budget, year=2024, state=np.ones(366, np.int8), primary=("pm25",) * 366,
        expected=np.full(366, 0.2),
    )  # fmt: skip
    chart = bad_day_budget(bad, lang="zh")
    assert "超出 356 天" in words_of(chart) and len(chart.table) == 366
    assert_apart(chart.figure)
    empty = dataclasses.replace(budget, state=budget.state[:0], primary=(), expected=None)
    assert bad_day_budget(empty).table["status"].eq("to come").all()


@pytest.mark.parametrize(
    ("change_", "message"),
    [
        ({"state": np.zeros(400, np.int8)}, "for a year of 365 days"),
        ({"state": np.full(90, 2, np.int8)}, "states must be"),
        ({"expected": np.zeros(366)}, "expected has shape"),
        ({"ahead": pd.DataFrame({"date": []})}, "lacks the columns"),
    ],
)
def test_a_budget_that_contradicts_itself_is_refused(
    budget: BadDayBudgetData, change_: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        bad_day_budget(dataclasses.replace(budget, **change_))


def test_months_start_where_the_calendar_says() -> None:
    assert month_starts(2024).tolist()[:4] == [0, 31, 60, 91] and month_starts(2024)[-1] == 366
    assert month_starts(2025).tolist()[:4] == [0, 31, 59, 90]


# Annual indicators


def test_limit_lines_step_where_the_standard_changed(trend: AnnualTrendData) -> None:
    chart = annual_trend(trend)
    axes = chart.figure.axes[0]
    (stairs,) = [p for p in axes.patches if type(p).__name__ == "StepPatch"]
    values, edges, _ = stairs.get_data()
    assert values.tolist() == [35.0] * 8 + [30.0] * 3
    assert edges[0] == 2017.5 and edges[8] == 2025.5
    labels = [t.get_text() for t in axes.texts if t.get_gid() == "limit"]
    assert labels == ["35", "30"]
    own = chart.table[chart.table["indicator"] == "pm25_annual_mean"].iloc[:11]
    assert own["limit"].tolist() == [35.0] * 8 + [30.0] * 3
    assert own["standard"].iloc[-1] == "GB 3095-2026"


def test_a_year_without_values_is_a_cross_and_a_short_one_open(trend: AnnualTrendData) -> None:
    axes = annual_trend(trend).figure.axes[0]
    crosses = [x for x in axes.lines if x.get_marker() == "x"]
    assert crosses[0].get_xdata().tolist() == [2020.0]
    hollow = [x for x in axes.lines if x.get_marker() == "o" and x.get_markerfacecolor() == "white"]
    assert hollow[0].get_xdata().tolist() == [2028.0]
    joined = np.asarray(axes.lines[0].get_ydata(), dtype=float)
    assert np.isnan(joined[[2, 10]]).all() and np.isfinite(np.delete(joined, [2, 10])).all()


def test_slopes_are_told_with_what_they_rest_on(trend: AnnualTrendData) -> None:
    words = words_of(annual_trend(trend, lang="zh"))
    assert "每年 -2.6 µg/m³（-4.3 %）" in words
    assert "95 %区间 -3.0 至 -2.1；120个月（补2个）" in words
    assert "只有1个年份天数足够，没有斜率" in words and "没有这个项目的数据" in words


def test_a_slope_without_a_conclusion_keeps_its_bounds_and_says_so(
    trend: AnnualTrendData,
) -> None:
    line = TrendLine(-2.6, -3.0, -2.1, 42, "months", 2, ((2018, 2028, 60, 33),), -4.3, 95.0,
                     "不足5年，不作趋势结论", "fewer than five years: no conclusion", False)  # fmt: skip
    short = dataclasses.replace(trend.panels[0], trend=line)
    chart = annual_trend(dataclasses.replace(trend, panels=(short, *trend.panels[1:])))
    words = words_of(chart)
    assert "95 %区间 -3.0 至 -2.1" in words and "不足5年，不作趋势结论" in words
    assert "fewer than five years: no conclusion" in words
    told = chart.table.drop_duplicates("indicator").set_index("indicator")["slope_conclusive"]
    assert not told["pm25_annual_mean"] and chart.table["slope_low"].min() == -3.0
    assert_apart(chart.figure)


def test_an_annual_panel_that_contradicts_itself_is_refused(trend: AnnualTrendData) -> None:
    with pytest.raises(ValueError, match="no indicator"):
        annual_trend(dataclasses.replace(trend, panels=()))
    ragged = dataclasses.replace(trend.panels[0], values=(1.0,))
    with pytest.raises(ValueError, match="differ in number"):
        annual_trend(dataclasses.replace(trend, panels=(ragged,)))


def test_one_year_of_one_item_is_drawn(trend: AnnualTrendData) -> None:
    one = AnnualPanel("pm25_annual_mean", (2024,), (40.0,), (True,), (35.0,), ("GB 3095-2012",))
    chart = annual_trend(dataclasses.replace(trend, panels=(one,)))
    assert chart.title_zh == "衡水 2024年主要污染物年评价指标变化" and len(chart.table) == 1
    assert_apart(chart.figure)


# Variation in time


def test_variation_tells_missing_from_to_come(variation: TimeVariationData) -> None:
    chart = time_variation(variation)
    months = chart.table[
        (chart.table["cycle"] == "month") & (chart.table["period"] == "2025") & (chart.table["item"] == "PM2.5")
    ]  # fmt: skip
    assert months["status"].tolist() == (
        ["observed", "missing"] + ["observed"] * 8 + ["to come"] * 2
    )
    axes = chart.figure.axes[2]
    crosses = [x for x in axes.lines if x.get_marker() == "x"]
    assert crosses[0].get_xdata().tolist() == [2.0]
    assert len(chart.table) == 2 * 2 * (24 + 7 + 12)


def test_without_hours_there_are_two_columns(variation: TimeVariationData) -> None:
    bare = dataclasses.replace(variation, rows=tuple(row[1:] for row in variation.rows), before=())
    bare = dataclasses.replace(
        bare,
        rows=tuple(tuple(dataclasses.replace(p, before=None) for p in row) for row in bare.rows),
    )
    chart = time_variation(bare, lang="zh")
    assert chart.title_zh == "衡水 2025年浓度的星期、月份变化" and len(chart.figure.axes) == 4
    assert "平均" not in words_of(chart)
    assert_apart(chart.figure)


def test_nothing_measured_is_said_and_wrong_shapes_refused(variation: TimeVariationData) -> None:
    empty = GroupMeans(*(np.full(7, NAN) for _ in range(3)), np.zeros(7, np.int64))
    panel = CyclePanel("O3-8h", "O3-8h", "µg/m³", "weekday", empty)
    chart = time_variation(dataclasses.replace(variation, rows=((panel,),)), lang="zh")
    assert "没有数据" in words_of(chart)
    wrong = dataclasses.replace(panel, cycle="month")
    with pytest.raises(ValueError, match="needs 12 means"):
        time_variation(dataclasses.replace(variation, rows=((wrong,),)))
    with pytest.raises(ValueError, match="nothing to draw"):
        time_variation(dataclasses.replace(variation, rows=()))
    with pytest.raises(ValueError, match="same cycles"):
        time_variation(dataclasses.replace(variation, rows=(variation.rows[0], (panel,))))


# Shares of levels


@given(hnp.arrays(np.int64, 7, elements=st.integers(0, 366)))
def test_shares_add_to_100_and_never_count_missing_days(levels: np.ndarray) -> None:
    found = shares(levels)
    if levels[1:].sum() == 0:
        assert np.isnan(found).all()
        return
    assert found.sum() == pytest.approx(100.0)
    more = levels.copy()
    more[0] += 100
    assert (shares(more) == found).all()


def test_shares_of_the_year_are_those_of_its_days(share_data: LevelSharesData) -> None:
    """Nine months of 5, 10, 6, 4, 2, 1 days: 45, 90, 54, 36, 18, 9 of 252."""
    table = level_shares(share_data).table
    year = table[table["kind"] == "year"].iloc[0]
    assert [year[f"days_level_{k}"] for k in range(1, 7)] == [45, 90, 54, 36, 18, 9]
    assert year["valid_days"] == 252 and year["missing_days"] == 2 * 9 + 30
    assert year["share_level_1"] == pytest.approx(100 * 45 / 252)
    assert year["led_by_pm25"] == 58.5 and year["led_by_pm10_dust"] == 4.0
    assert year["days_to_come"] == 60
    assert (table["kind"] == "place").sum() == 5


def test_segments_have_the_official_colours_and_a_letter(share_data: LevelSharesData) -> None:
    axes = level_shares(share_data, lang="zh").figure.axes[0]
    january = [p for p in axes.patches if abs(p.get_x() + p.get_width() / 2) < 1e-6]
    assert [to_hex(p.get_facecolor()) for p in january] == list(AQI_COLOURS[1:])
    assert sum(p.get_height() for p in january) == pytest.approx(100.0)
    letters = [t.get_text() for t in axes.texts if abs(t.get_position()[0]) < 1e-6]
    assert letters == ["优 5", "良 10", "轻 6", "中 4", "重 2", "严 1", "缺 2"]


def test_dust_is_hatched_and_a_month_without_valid_days_stays_open(
    share_data: LevelSharesData,
) -> None:
    chart = level_shares(share_data, lang="zh")
    hatched = [p for p in chart.figure.axes[1].patches if p.get_hatch()]
    assert [p.get_height() for p in hatched] == [4.0]
    assert hatched[0].get_x() + hatched[0].get_width() / 2 == pytest.approx(2.0)  # March
    september = [
        p for p in chart.figure.axes[0].patches if abs(p.get_x() + p.get_width() / 2 - 8) < 1e-6
    ]
    assert [to_hex(p.get_facecolor()) for p in september] == ["#ffffff"]
    words = words_of(chart)
    assert "无有效日" in words and "其中沙尘所致  4" in words


def test_a_year_of_good_days_and_an_empty_one(share_data: LevelSharesData) -> None:
    good = tuple(bar(str(m), [0, 20, 10, 0, 0, 0, 0], [0.0] * 6) for m in range(1, 13))
    chart = level_shares(dataclasses.replace(share_data, months=good, places=(), dust_known=False))
    assert "全年没有污染天" in words_of(chart) and "没有记录" in words_of(chart)
    assert_apart(chart.figure)
    none = tuple(bar(str(m), [30, 0, 0, 0, 0, 0, 0], [0.0] * 6) for m in range(1, 13))
    chart = level_shares(dataclasses.replace(share_data, months=none, places=()))
    assert "没有有效日" in words_of(chart)
    bad = tuple(bar(str(m), [0, 0, 0, 0, 0, 0, 30], [0, 0, 0, 30.0, 0, 0]) for m in range(1, 13))
    chart = level_shares(dataclasses.replace(share_data, months=bad, places=()), lang="en")
    assert "severe 360 (100.0 %)" in words_of(chart)
    assert_apart(chart.figure)


def test_shares_that_contradict_themselves_are_refused(share_data: LevelSharesData) -> None:
    with pytest.raises(ValueError, match="a year has 12"):
        level_shares(dataclasses.replace(share_data, months=share_data.months[:3]))
    wrong = bar("1", [0, 1, 1, 0, 0, 0, -1], [0.0] * 6)
    with pytest.raises(ValueError, match="seven counts"):
        level_shares(dataclasses.replace(share_data, months=(wrong, *share_data.months[1:])))
    wrong = bar("1", [0, 1, 1, 1, 0, 0, 0], [0, 0, 1.0, 0, 0, 0], [0, 0, 2.0, 0, 0, 0])
    with pytest.raises(ValueError, match="by dust"):
        level_shares(dataclasses.replace(share_data, months=(wrong, *share_data.months[1:])))


# Ranks


def test_equal_indices_share_a_rank_and_the_next_is_skipped() -> None:
    """4.005 prints as 4.00 (half to even) and so shares the first place; 3 has too few days."""
    found = ranks([4.0, 4.005, 4.5, 3.9, NAN], [True, True, True, False, True])
    assert found.tolist() == [1, 1, 3, 0, 0]


@given(st.lists(st.floats(1, 12), min_size=1, max_size=20), st.randoms())
def test_ranks_do_not_depend_on_the_order(index: list[float], random: Any) -> None:
    order = list(range(len(index)))
    random.shuffle(order)
    found = ranks(index, [True] * len(index))
    moved = ranks([index[k] for k in order], [True] * len(index))
    assert moved.tolist() == [found[k] for k in order]
    assert found.min() == 1 and found.max() <= len(index)


def test_changes_are_those_of_the_printed_numbers() -> None:
    """38.04 and 42.04 print as 38.0 and 42.0: (38 - 42) / 42 = -9.5 %."""
    assert change(38.04, 42.04, 1, relative=True) == -9.5
    assert change(72.94, 65.37, 1, relative=False) == 7.5  # 72.9 - 65.4
    assert np.isnan(change(1.0, NAN, 1, relative=True))
    assert np.isnan(change(1.0, 0.0, 1, relative=True))


def test_the_ranking_is_sorted_and_its_table_by_hand(ranking: CityRankingData) -> None:
    (chart,) = city_ranking(ranking)
    table = chart.table
    assert table["place"].tolist() == ["城市0", "城市1", "城市2", "城市4", "城市5", "城市3"]
    assert table["rank"].tolist() == [1, 1, 3, 4, 4, 0]
    first = table.iloc[0]
    assert first["pm25_change"] == -9.1 and first["pm25_change_3y"] == -16.7  # 30 of 33, of 36
    assert first["good_change"] == 1.0 and np.isnan(first["good_change_3y"])
    assert first["heavy_change"] == -2.0 and first["index_change"] == -4.8  # 4.00 of 4.20
    assert set(RULE) <= {t.get_text() for t in drawn_texts(chart.figure)}


def test_last_year_is_open_this_year_filled_and_the_target_a_tick(ranking: CityRankingData) -> None:
    axes = city_ranking(ranking)[0].figure.axes[1]
    marks = [(x.get_marker(), x.get_markerfacecolor(), float(x.get_xdata()[0])) for x in axes.lines if x.get_ydata()[0] == 1 and x.get_marker() != "None"]  # fmt: skip
    assert marks[0][:2] == ("o", "white") and marks[0][2] == 33.0
    assert marks[1][0] == "o" and marks[1][2] == 31.0
    assert marks[2][0] == "|" and marks[2][2] == 35.0


def test_a_city_alone_and_a_city_without_data(ranking: CityRankingData) -> None:
    one = dataclasses.replace(ranking, places=ranking.places[:1])
    (chart,) = city_ranking(one)
    assert chart.table["rank"].tolist() == [1]
    assert_apart(chart.figure)
    gone = RankedPlace("空城", NAN, NAN, NAN, NAN, False)
    (chart,) = city_ranking(dataclasses.replace(ranking, places=(gone,)), lang="zh")
    assert chart.table["rank"].tolist() == [0] and "—" in words_of(chart)
    with pytest.raises(ValueError, match="no place"):
        city_ranking(dataclasses.replace(ranking, places=()))


def test_many_places_go_on_pages(ranking: CityRankingData) -> None:
    pages = city_ranking(dataclasses.replace(ranking, places_per_page=4))
    assert [p.name for p in pages] == ["city_ranking_1", "city_ranking_2"]
    assert [len(p.table) for p in pages] == [4, 2]
    assert "(2/2)" in pages[1].title_zh
