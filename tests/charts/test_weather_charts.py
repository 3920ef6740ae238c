"""Charts of normal weather, good days explained and single trends: parts add up, nothing is empty."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from figure_texts import drawn_texts

from forecast.charts import Chart, Footer, save
from forecast.charts.fonts import missing_glyphs
from forecast.charts.good_days_explained import (
    ExplainedStandard,
    GoodDaysExplainedData,
    good_days_explained,
)
from forecast.charts.monthly_trend import MonthlyTrendData, monthly_trend
from forecast.charts.partial_dependence import PartialDependenceData, partial_dependence
from forecast.charts.style import Lang
from forecast.charts.weather_normalised import (
    Comparison,
    WeatherNormalisedData,
    change_line,
    weather_normalised,
)
from forecast.standards.items import AIR_ITEMS
from forecast.trend import GoodDaysYear, WeatherChange, good_days_change

LANGS: tuple[Lang, ...] = ("zh", "en", "both")
NAN = float("nan")


def said(chart: Chart) -> str:
    return "\n".join(t.get_text() for t in drawn_texts(chart.figure))


def split(first: int = 2023, last: int = 2024, **changes: Any) -> WeatherChange:
    values: dict[str, Any] = {
        "name": "PM2.5", "unit": "µg/m³", "first": first, "last": last, "until": (12, 31),
        "days_first": 365, "days_last": 366, "mean_first": 40.0, "mean_last": 38.9,
        "emissions": -3.1, "weather": 1.8, "remainder": 0.2, "emissions_interval": (-4.0, -2.2),
        "weather_interval": (1.0, 2.6), "level": 0.9,
    }  # fmt: skip
    return WeatherChange(**{**values, **changes})


@pytest.fixture(scope="module")
def normal(footer: Footer) -> WeatherNormalisedData:
    months = pd.date_range("2020-01-01", "2024-12-01", freq="MS")
    wave = 40 + 20 * np.cos(2 * np.pi * np.arange(len(months)) / 12)
    observed = wave + np.where(np.arange(len(months)) % 2, 4.0, -4.0)
    observed[7] = NAN
    monthly = pd.DataFrame(
        {"observed": observed, "days": 30, "normalised": wave, "lower": wave - 5, "upper": wave + 5},
        index=months,
    )  # fmt: skip
    yearly = pd.DataFrame(
        {"days": 365, "observed": [44.0, 42.0, 41.0, 40.0, 38.9], "normalised": [45.0, 43, 41, 40, 37]},
        index=range(2020, 2025),
    )  # fmt: skip
    return WeatherNormalisedData(
        "衡水", "PM2.5", "PM2.5", "µg/m³", 2024, monthly, yearly, 90.0,
        (Comparison(2023, 2024, "上年", "last year", split()),
         Comparison(2020, 2024, "规划基准年", "the plan's base year", split(2020, emissions=-9.0))),
        "留出检验（按时间）：R² 0.61，RMSE 11.4，偏差（监测−预测）−1.8 µg/m³",
        "held out in order of time: R² 0.61, RMSE 11.4, bias (observed less predicted) −1.8 µg/m³",
        "随机森林（60棵，趋势单列）；气象：平均气温、平均风速；“排放等”含一切非气象因素",
        "forest (60 trees, trend beside them); weather: mean air temperature, mean wind speed",
        footer, (pd.Timestamp("2022-09-01"),), "Hengshui",
    )  # fmt: skip


def explained_year(year: int, bad: dict[str, int], valid: int = 360) -> GoodDaysYear:
    total = sum(bad.values())
    return GoodDaysYear(
        year=year, standard="HJ 633-2012", split="primary", until=(12, 31), valid=valid,
        good=valid - total, bad=total, expected=365, incomplete=5, never_measured=(),
        by_item={i: Fraction(bad.get(i, 0)) for i in AIR_ITEMS},
        exceeding={i: bad.get(i, 0) for i in AIR_ITEMS}, alone=dict.fromkeys(AIR_ITEMS, 0),
        by_month=(total,) + (0,) * 11, dust=4, dust_alone=2, dust_days=9,
        holidays={"spring_festival": 3, "qingming": 1, "national_day": 0},
        holiday_days={"spring_festival": 18, "qingming": 3, "national_day": 7},
        normal_bad=total - 2.5,
    )  # fmt: skip


@pytest.fixture(scope="module")
def explained(footer: Footer) -> GoodDaysExplainedData:
    before = explained_year(2023, {"pm25": 50, "o3_8h": 40, "pm10": 10}, 355)
    now = explained_year(2024, {"pm25": 38, "o3_8h": 44, "no2": 1})
    change = good_days_change(before, now)
    return GoodDaysExplainedData(
        "衡水", 2024,
        tuple(ExplainedStandard(t, now, before, change) for t in ("HJ 633-2012", "HJ 633-2026")),
        footer, "Hengshui",
    )  # fmt: skip


@pytest.fixture(scope="module")
def single(footer: Footer) -> MonthlyTrendData:
    months = pd.date_range("2016-01-01", "2020-12-01", freq="MS")
    n = len(months)
    line = 60 - 0.3 * np.arange(n)
    mean = line + 15 * np.cos(2 * np.pi * np.arange(n) / 12)
    mean[20] = NAN
    table = pd.DataFrame(
        {"mean": mean, "deseasonalised": line + 1, "line": line, "line_lower": line - 2,
         "line_upper": line + 2, "smooth": line + 0.5, "smooth_lower": line - 3,
         "smooth_upper": line + 4, "filled": np.arange(n) == 20},
        index=months,
    )  # fmt: skip
    turn = tuple(pd.Timestamp(m) for m in ("2019-01", "2018-06", "2019-08"))
    return MonthlyTrendData(
        "衡水", "PM2.5", "PM2.5", "µg/m³", table, footer, (turn,),  # type: ignore[arg-type]
        (pd.Timestamp("2018-09-01"),), (("每 365 天 -3.60", "-3.60 per 365 days"),), "Hengshui",
    )  # fmt: skip


@pytest.fixture(scope="module")
def dependence(footer: Footer) -> PartialDependenceData:
    parts = []
    x = np.linspace(-3, 3, 20)
    for name, zh, en, reach in (
        ("temp_mean", "平均气温", "mean air temperature", 5.0),
        ("wind_speed", "平均风速", "mean wind speed", 20.0),
        ("rh", "相对湿度", "relative humidity", 9.0),
    ):
        part = pd.DataFrame({"departure": x, "effect": 40 + reach * x / 6, "range": reach})
        parts.append(part.assign(weather_item=name, name_zh=zh, name_en=en, weather_unit="m/s"))
    return PartialDependenceData("衡水", "PM2.5", "µg/m³", pd.concat(parts), footer, "Hengshui")


@pytest.fixture(scope="module")
def draw(
    normal: WeatherNormalisedData,
    explained: GoodDaysExplainedData,
    single: MonthlyTrendData,
    dependence: PartialDependenceData,
) -> Callable[[Lang], list[Chart]]:
    return lambda lang: [
        weather_normalised(normal, lang=lang),
        good_days_explained(explained, lang=lang),
        monthly_trend(single, lang=lang),
        partial_dependence(dependence, lang=lang),
    ]


@pytest.fixture(scope="module")
def drawn(draw: Callable[[Lang], list[Chart]]) -> Callable[[Lang], list[Chart]]:
    """The charts in one language, drawn once for all tests that look at them."""
    return cache(draw)


@pytest.mark.parametrize("lang", LANGS)
def test_glyphs_are_there_and_texts_apart(drawn: Callable[[Lang], list[Chart]], lang: Lang) -> None:
    for chart in drawn(lang):
        assert missing_glyphs(said(chart)) == set()
        assert {n for t in drawn_texts(chart.figure) for n in t.get_fontfamily()} == {
            "Noto Sans SC"
        }
        chart.figure.draw_without_rendering()
        width, height = chart.figure.get_size_inches() * chart.figure.dpi
        boxes = [(t.get_text(), t.get_window_extent().extents) for t in drawn_texts(chart.figure)]
        for text, (x0, y0, x1, y1) in boxes:
            assert x0 >= -1 and y0 >= -1 and x1 <= width + 1 and y1 <= height + 1, text
        for (one, a), (two, b) in combinations(boxes, 2):
            across = min(a[2], b[2]) - max(a[0], b[0])
            up = min(a[3], b[3]) - max(a[1], b[1])
            assert across <= 2 or up <= 4, (one, two)


def test_english_shows_no_chinese_word(drawn: Callable[[Lang], list[Chart]]) -> None:
    for chart in drawn("en"):
        assert not any("\u4e00" <= c <= "\u9fff" for c in said(chart)), said(chart)
    for chart in drawn("both"):
        assert {chart.title_zh, chart.title_en} <= {t.get_text() for t in drawn_texts(chart.figure)}


def test_three_formats_and_the_same_bytes_again(
    drawn: Callable[[Lang], list[Chart]], normal: WeatherNormalisedData, tmp_path: Path
) -> None:
    for run, charts in (("one", drawn("zh")), ("two", [weather_normalised(normal, lang="zh")])):
        for chart in charts:
            save(chart, tmp_path / run, ("svg", "png", "pdf"), dpi=40)
    names = sorted(p.name for p in (tmp_path / "one").iterdir())
    stems = ("good_days_explained", "partial_dependence", "trend", "weather_normalised")
    assert names == sorted(f"{s}.{e}" for s in stems for e in ("svg", "png", "pdf", "csv"))
    for path in (tmp_path / "two").iterdir():
        assert path.read_bytes() == (tmp_path / "one" / path.name).read_bytes()


# Normal weather


def test_the_parts_printed_add_up_to_the_change() -> None:
    """1.84 - 3.06 + 0.07 = -1.15: each rounded alone would print -1.2 and parts of -1.2 or -1.1."""
    change = split(weather=1.84, emissions=-3.06, remainder=0.07)
    zh, en = change_line(Comparison(2023, 2024, "上年", "last year", change))
    numbers = [float(w.replace("−", "-")) for w in en.replace(",", "").replace(";", "").split()
               if w[0] in "+−0" and w[-1].isdigit()]  # fmt: skip
    assert len(numbers) == 4
    assert numbers[0] == pytest.approx(sum(numbers[1:]))
    assert "气象 +1.8" in zh and "排放等 −3.1" in zh and "2024年与上年（2023年）比" in zh


def test_a_part_of_a_year_says_to_which_day() -> None:
    zh, en = change_line(Comparison(2023, 2024, "上年", "last year", split(until=(6, 30))))
    assert zh.startswith("2024年1月1日至6月30日与上年（2023年）同期比")
    assert en.startswith("2024 (to 06-30) against last year (2023)")


def test_the_chart_has_the_split_the_score_and_the_bias(normal: WeatherNormalisedData) -> None:
    chart = weather_normalised(normal, lang="zh")
    words = said(chart)
    for text in (
        "气象 +1.8",
        "排放等 −3.1",
        "R² 0.61",
        "偏差（监测−预测）−1.8",
        "规划基准年（2020年）",
    ):
        assert text in words
    table = chart.table
    assert (table["kind"] == "month").sum() == 60 and (table["kind"] == "year").sum() == 5
    for period in ("2023 to 2024", "2020 to 2024"):
        own = table[table["period"] == period].set_index("part")["change"]
        assert own["observed"] == pytest.approx(
            own["weather"] + own["emissions"] + own["remainder"]
        )
    missing = table[table["period"] == "2020-08"].iloc[0]
    assert np.isnan(missing["observed"]) and missing["normalised"] > 0


@pytest.mark.parametrize("lang", LANGS)
def test_no_comparison_is_said_in_words(normal: WeatherNormalisedData, lang: Lang) -> None:
    none = Comparison(2023, 2024, "上年", "last year", None, "2023年天数不足一半，不作分解",
                      "2023 has less than half of its days: no split")  # fmt: skip
    chart = weather_normalised(dataclasses.replace(normal, comparisons=(none,)), lang=lang)
    assert ("不作分解" if lang == "zh" else "no split") in said(chart)
    assert not (chart.table["kind"] == "change").any()


def test_nothing_to_draw_is_refused(
    normal: WeatherNormalisedData, single: MonthlyTrendData, dependence: PartialDependenceData,
    explained: GoodDaysExplainedData,
) -> None:  # fmt: skip
    with pytest.raises(ValueError, match="no month or no year"):
        weather_normalised(dataclasses.replace(normal, monthly=normal.monthly.iloc[:0]))
    with pytest.raises(ValueError, match="no month"):
        monthly_trend(dataclasses.replace(single, table=single.table.iloc[:0]))
    with pytest.raises(ValueError, match="no weather item"):
        partial_dependence(dataclasses.replace(dependence, table=dependence.table.iloc[:0]))
    with pytest.raises(ValueError, match="no version"):
        good_days_explained(dataclasses.replace(explained, columns=()))


# Good days


def test_days_by_item_and_cause_by_hand(explained: GoodDaysExplainedData) -> None:
    """+22 good days: 5 valid days more, 12 by PM2.5, 10 by PM10, 4 lost by O3, 1 by NO2."""
    chart = good_days_explained(explained, lang="zh")
    table = chart.table
    own = table[(table["standard"] == "HJ 633-2012") & (table["kind"] == "change")]
    by_item = own[own["view"] == "item"].set_index("part")["days"]
    assert by_item[["valid_days", "pm25", "pm10", "o3_8h", "no2", "total"]].tolist() == [
        5, 12, 10, -4, -1, 22,
    ]  # fmt: skip
    for _, view in own.groupby("view"):
        parts = view.set_index("part")["days"]
        assert parts.drop("total").sum() == pytest.approx(parts["total"])
    assert "2024年有效360天，优良277，超标83（2023年355、255、100）" in said(chart)
    assert "比2023年优良 +22 天" in said(chart)
    assert set(own["view"]) == {"item", "dust", "holiday", "weather"}


def test_a_first_year_and_a_year_of_good_days_say_so(explained: GoodDaysExplainedData) -> None:
    alone = tuple(
        ExplainedStandard(c.token, explained_year(2024, {}), reason_zh="2023年没有数据，不作比较",
                          reason_en="no values in 2023: no comparison")
        for c in explained.columns
    )  # fmt: skip
    chart = good_days_explained(dataclasses.replace(explained, columns=alone), lang="zh")
    words = said(chart)
    assert words.count("没有超标日") == 2 and words.count("不作比较") == 2
    assert not chart.table.empty


# A single trend


def test_filled_months_breaks_and_the_basis_are_in_the_table(single: MonthlyTrendData) -> None:
    chart = monthly_trend(single, lang="zh")
    table = chart.table.set_index("month")
    assert table["filled"].sum() == 1 and bool(table.loc["2017-09", "filled"])
    assert table.index[table["break_point"]].tolist() == ["2019-01"]
    for text in ("补齐的月", "突变点及区间", "监测状态改变", "每 365 天 -3.60"):
        assert text in said(chart)
    bare = single.table.assign(
        **{c: NAN for c in single.table.columns if c not in ("mean", "filled")}, filled=False
    )
    plain = monthly_trend(dataclasses.replace(single, table=bare, turns=(), basis=()), lang="zh")
    assert "补齐的月" not in said(plain) and "月均值" in said(plain)


def test_the_item_that_moves_most_stands_first(dependence: PartialDependenceData) -> None:
    chart = partial_dependence(dependence, lang="en")
    titles = [a.get_title(loc="left") for a in chart.figure.axes]
    assert [t.split("  ")[0] for t in titles] == [
        "mean wind speed", "relative humidity", "mean air temperature",
    ]  # fmt: skip
    limits = {a.get_ylim() for a in chart.figure.axes}
    assert len(limits) == 1
