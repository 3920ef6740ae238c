"""One trend of a workspace: what it says, what it refuses, what it writes; real cities as well."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecast.api import Workspace
from forecast.errors import ForecastError, InputError, UsageError
from forecast.runs.trends import METHODS, save_trend
from forecast.standards.items import AIR_ITEMS
from forecast.trend import seasonal_mann_kendall, theil_sen


def city_rows(
    days: pd.DatetimeIndex, values: np.ndarray, item: str = "pm25", **more: Any
) -> pd.DataFrame:
    days = days.as_unit("s")
    given: dict[str, Any] = {
        "region": "云溪", "place": "云溪", "place_kind": "city", "date": days, "item": item,
        "value": values, "basis": "actual", "source": "made", "version": "unknown", "flag": "",
        "known_from": days + pd.Timedelta(seconds=86399), "file_id": "f",
        "row": range(1, len(days) + 1),
    }  # fmt: skip
    return pd.DataFrame({**given, **more})


def fall(first: str, last: str, a_year: float = -2.0) -> tuple[pd.DatetimeIndex, np.ndarray]:
    """A straight fall with a season of its own, no chance in it."""
    days = pd.date_range(first, last)
    t = (days - days[0]).days.to_numpy() / 365.0
    return days, 60 + a_year * t + 12 * np.cos(2 * np.pi * days.day_of_year.to_numpy() / 365.25)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Seven years of PM2.5 that falls by 2 a year; 40 % of 2021 is missing; NO2 of one month."""
    opened = Workspace.create(tmp_path_factory.mktemp("trends") / "W")
    store = opened._inner.store
    days, values = fall("2018-01-01", "2024-12-31")
    gone = (days >= "2021-03-01") & (days < "2021-07-25")
    store.upsert("air_daily", city_rows(days[~gone], values[~gone]))
    store.upsert("air_daily", city_rows(days[:31], np.full(31, 30.0), "no2"))
    return opened


@pytest.fixture(scope="module")
def sample(made_plain: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace(shutil.copytree(made_plain, tmp_path_factory.mktemp("trends") / "S"))


def test_the_slope_is_that_of_the_months_and_the_filled_ones_are_named(made: Workspace) -> None:
    answer = made.trend("pm25")
    parts = {p.method: p for p in answer.parts}
    slope = parts["theil_sen"].found
    assert slope.slope == pytest.approx(-2.0, abs=0.1)
    assert [f"{m:%Y-%m}" for m in slope.filled] == [
        "2021-03", "2021-04", "2021-05", "2021-06", "2021-07",
    ]  # fmt: skip
    words = "\n".join(answer.words("zh"))
    assert "缺测月由同一日历月的最小二乘直线补齐" in words and "不补时斜率" in words
    assert "显著下降（好转）" in words and "按 BIC 有 0 个突变点" in words
    # 52 in the middle of 2022, 48 of 2024; 35 is passed in the second half of 2030, 30 holds from
    # 2026 and 25 from 2031 on.
    assert parts["attainment"].found.year is None
    assert "2034 年前不能达到限值" in words
    assert answer.as_json()["methods"][0]["result"]["filled"][0] == "2021-03-01"


def test_the_numbers_are_those_of_the_methods(made: Workspace) -> None:
    """The command and the functions of ``forecast.trend`` say the same of the same months."""
    answer = made.trend("pm25", methods=("theil_sen", "seasonal_mann_kendall"))
    table = answer.table
    months = pd.Series(table["mean"].to_numpy(), index=pd.to_datetime(table["month"]))
    assert answer.parts[0].found.interval == theil_sen(months).interval
    assert answer.parts[1].found.p_value == seasonal_mann_kendall(months).p_value
    assert table["filled"].sum() == 5 and table.loc[table["filled"], "mean"].isna().all()


def test_a_period_and_a_horizon_are_kept(made: Workspace) -> None:
    answer = made.trend(
        "pm25_annual_mean", first="2018-03", last="2023", methods=("attainment",), horizon=2045
    )
    assert "2018-03-01 至 2023-12-31" in answer.title_zh
    assert answer.parts[0].found.horizon == 2045
    with pytest.raises(UsageError, match="lies after --to 2019"):
        made.trend("pm25", first="2022", last="2019")
    with pytest.raises(UsageError, match="Write 2015, 2015-03 or 2015-03-01"):
        made.trend("pm25", first="March")
    with pytest.raises(InputError, match="The values are of 2018-01-01 to 2024-12-31"):
        made.trend("pm25", first="2025")


@pytest.mark.parametrize(
    ("name", "options", "error", "said"),
    [
        ("pm1", {}, UsageError, "no item or indicator called pm1. Items of air: so2"),
        ("so2", {}, InputError, r"SO2 was never measured in 云溪. Items with values: no2, pm25"),
        (
            "no2",
            {},
            InputError,
            r"of NO2 in 云溪, 2018-01-01 to 2018-01-31: taking the season off needs 25 months, and the "
            r"series has 1\. Give",
        ),
        ("no2", {"deseason": False}, InputError, "needs 12 months"),
        ("pm25", {"region": "石埠"}, ForecastError, "no readings of the region 石埠"),
        ("pm25", {"methods": ("mean",)}, UsageError, "Methods: theil_sen, seasonal_mann_kendall"),
        ("pm25", {"methods": ("weather",)}, InputError, "no daily weather of 云溪"),
        ("pm25", {"methods": ("weather",), "model": "lines"}, UsageError, "forest, boosting"),
        ("pm25", {"model": "xx"}, UsageError, "no model xx of the weather. Models: forest, boost"),
        (None, {"model": "xx"}, UsageError, "no model xx"),
        ("pm25", {"model": "boosting"}, UsageError, "Add --method weather"),
        (
            "pm25",
            {"last": "2022-11", "methods": ("attainment",)},
            InputError,
            r"No year of attainment|no year of attainment is worked out \(fewer than five years",
        ),
        ("pm25", {"by": "wind"}, UsageError, "station, season, month"),
        ("pm25", {"by": "station"}, InputError, "no daily values of single stations"),
        ("pm25", {"by": "season", "methods": ("daniel",)}, UsageError, "theil_sen alone"),
        ("pm25", {"place": "西门断面"}, UsageError, "--place is of water sections"),
        ("good_days", {}, InputError, "no value of good_days in 云溪"),
        ("good_days", {"by": "season"}, UsageError, "one item of air"),
        ("codmn", {}, InputError, "never measured"),
        (None, {"methods": ("daniel",)}, UsageError, "its own methods"),
        (None, {"last": "2018-01-10"}, InputError, "no trend of any item"),
    ],
)
def test_what_can_not_be_answered_says_why(
    made: Workspace, name: str | None, options: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        made.trend(name, **options)


def test_without_a_name_all_six_items_stand_in_a_table(made: Workspace) -> None:
    answer = made.trend()
    table = answer.table.set_index("item")
    assert list(table.index) == list(AIR_ITEMS)
    assert table.loc["pm25", "slope"] == pytest.approx(-2.0, abs=0.1)
    assert "never measured" in table.loc["so2", "reason_en"] and table.loc["no2", "reason_en"]
    assert len(answer.parts) == 6 and sum(p.refused for p in answer.parts) == 5
    json.dumps(answer.as_json(), allow_nan=False)


def test_under_five_years_there_are_numbers_and_no_conclusion(made: Workspace) -> None:
    """59 months of a steady fall by 2 a year: the slope is told, its sign is not made a finding."""
    every = tuple(m for m in METHODS if m != "weather")
    short = made.trend("pm25", last="2022-11", methods=every)
    parts = {p.method: p for p in short.parts}
    assert parts["theil_sen"].found.slope == pytest.approx(-2.0, abs=0.15)
    assert parts["theil_sen"].found.upper < 0
    for language, said in (("zh", "不足5年，不作趋势结论"), ("en", "fewer than five years: no")):
        words = short.words(language)[1:]
        assert sum(said in line for line in words) >= 5
        assert not any(
            w in line for line in words for w in ("显著", "significant", "a fall", "p <")
        )
    assert parts["breaks"].refused and "needs 60" not in parts["breaks"].words_en
    assert "break points need 60 months" in parts["breaks"].words_en
    assert all(p.refused for p in short.parts if p.method == "attainment")
    told = {m["method"]: m for m in short.as_json()["methods"]}
    assert told["theil_sen"]["conclusive"] is False and told["theil_sen"]["result"]["p_value"] == 0
    assert told["mann_kendall"]["result"]["direction"] == 0
    longer = made.trend("pm25", last="2022-12", methods=every)
    assert longer.as_json()["methods"][0]["conclusive"] is True
    assert "显著下降" in longer.words("zh")[2]


def test_the_table_of_items_names_them_and_says_where_nothing_is_concluded(
    made: Workspace,
) -> None:
    answer = made.trend(last="2021-06")
    row = answer.table.set_index("item").loc["pm25"]
    assert row["conclusive"] is False and row["significance"] == "" and row["upper"] < 0
    english, chinese = answer.words("en"), answer.words("zh")
    assert [line.split(":")[0] for line in english[1:]] == [
        "SO2", "NO2", "PM10", "PM2.5", "CO", "O3-8h",
    ]  # fmt: skip
    assert chinese[1].startswith("二氧化硫：") and chinese[4].startswith("PM2.5：")


def test_a_real_record_whose_methods_disagree_has_no_conclusion(
    real_data: Path, tmp_path: Path
) -> None:
    """太原, 42 months: up by 2.70 (0.51 to 6.04) without its season, down by 0.92 within months."""
    opened = Workspace.create(tmp_path / "W")
    opened.ingest([real_data / "air" / "city_daily_o3_8h" / "太原.csv"])
    answer = opened.trend("pm25", methods=("theil_sen", "seasonal_mann_kendall", "breaks"))
    slope, seasonal, breaks = answer.parts
    assert slope.found.slope == pytest.approx(2.70, abs=0.005)
    assert slope.found.interval == pytest.approx((0.51, 6.04), abs=0.01)
    assert seasonal.found.slope == pytest.approx(-0.92, abs=0.005)
    assert "斜率 +2.70 与季节 Sen 斜率 -0.919 方向相反，不足5年，不作趋势结论" in slope.words_zh
    assert "p =" not in slope.words_zh and breaks.refused


def test_the_day_on_which_it_is_asked_changes_nothing(
    made: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = made.trend("pm25", by="season").as_json()
    monkeypatch.setattr(pd.Timestamp, "today", None)
    monkeypatch.setattr(pd.Timestamp, "now", None)
    assert made.trend("pm25", by="season").as_json() == before


def test_seasons_and_months_have_slopes_of_their_own(made: Workspace) -> None:
    seasons = made.trend("pm25", by="season").table
    assert sorted(seasons["season"]) == ["冬 winter", "夏 summer", "春 spring", "秋 autumn"]
    months = made.trend("pm25", by="month").table
    assert months["month"].tolist() == list(range(1, 13))
    assert months["slope"].between(-2.3, -1.7).all()
    assert months["n"].tolist() == [7, 7, 6, 6, 6, 6, 6, 7, 7, 7, 7, 7]


def test_a_declared_break_is_a_step(tmp_path: Path) -> None:
    opened = Workspace.create(tmp_path / "W")
    days, values = fall("2016-01-01", "2023-12-31", 0.0)
    values = values - np.where(days >= "2020-01-01", 15.0, 0.0)
    opened._inner.store.upsert("air_daily", city_rows(days, values))
    config = opened.root / "forecast.toml"
    text = config.read_text(encoding="utf-8")
    config.write_text(
        text + '\n[[breaks]]\nday = 2020-01-01\nregion = "云溪"\nreason = "moved"\n',
        encoding="utf-8",
    )
    slope = Workspace(opened.root).trend("pm25", methods=("theil_sen",)).parts[0].found
    assert slope.slope == pytest.approx(0.0, abs=0.05)
    assert slope.steps[0].size == pytest.approx(-15.0, abs=0.5)


def test_the_sample_has_the_step_of_2018_and_the_target_of_its_plan(sample: Workspace) -> None:
    answer = sample.trend("pm25", methods=("theil_sen", "attainment"))
    assert answer.parts[0].found.breaks[0].isoformat() == "2018-09-01"
    words = "\n".join(answer.words("en"))
    assert "target of the plan (2025)" in words and "class II limit" in words
    assert "not measurements" in words.splitlines()[1]
    ratio = sample.trend("good_day_ratio")
    assert [p.method for p in ratio.parts] == ["theil_sen", "mann_kendall", "daniel"]
    assert "显著上升（好转）" in ratio.parts[2].words_zh
    with pytest.raises(UsageError, match="one number a year, and smooth needs months"):
        sample.trend("good_day_ratio", methods=("smooth",))


def test_a_section_of_the_sample(sample: Workspace) -> None:
    with pytest.raises(UsageError, match="Name one with --place: 示例断面01"):
        sample.trend("nh3n")
    with pytest.raises(UsageError, match="no section 西门 with NH3-N"):
        sample.trend("nh3n", place="西门")
    answer = sample.trend("do", place="示例断面03", methods=("seasonal_mann_kendall", "attainment"))
    assert answer.place == "示例断面03" and answer.parts[1].found.better == "higher"
    assert answer.parts[1].found.limits[2019] == 5.0  # class III asks for 5 mg/L of oxygen
    with pytest.raises(UsageError, match="weather is of the air of a city"):
        sample.trend("do", place="示例断面03", methods=("weather",))


def test_files_hold_what_was_said(sample: Workspace, tmp_path: Path) -> None:
    answer = sample.trend("pm25")
    files = save_trend(answer, tmp_path, ("png", "svg", "pdf"))
    assert [f.name for f in files] == [
        "trend-pm25-衡水.json", "trend-pm25-衡水.csv", "monthly_trend-pm25-衡水.png",
        "monthly_trend-pm25-衡水.svg", "monthly_trend-pm25-衡水.pdf", "monthly_trend-pm25-衡水.csv",
    ]  # fmt: skip
    told = json.loads(files[0].read_text(encoding="utf-8"))
    assert [m["method"] for m in told["methods"]][:2] == ["theil_sen", "seasonal_mann_kendall"]
    assert set(METHODS) >= {m["method"] for m in told["methods"]}
    table = pd.read_csv(files[1])
    assert len(table) == 126 and table["mean"].notna().all()
    assert files[1].read_bytes().startswith(b"\xef\xbb\xbf")


def test_a_real_city_in_normal_weather(real_data: Path, tmp_path: Path) -> None:
    """济南, with the weather of its province to 2018: the split of 2018, partial dependence."""
    opened = Workspace.create(tmp_path / "W")
    air = pd.read_csv(real_data / "air" / "city_daily_long_2013_2020.csv.gz")
    met = pd.read_csv(real_data / "met" / "province_daily_air_met_2013_2018.csv.gz")
    air[(air["city"] == "济南") & (air["date"] >= "2016")].to_csv(tmp_path / "air.csv", index=False)
    met = met[(met["province"] == "山东省") & (met["date"] >= "2016")].assign(province="济南")
    met.to_csv(tmp_path / "met.csv", index=False)
    opened.ingest([tmp_path / "air.csv", tmp_path / "met.csv"])
    answer = opened.trend("pm25", methods=("theil_sen", "weather"))
    slope, change, score, basis = answer.parts
    assert slope.found.breaks[0].isoformat() == "2018-09-01"
    assert (change.found.first, change.found.last) == (2017, 2018)
    parts = change.found.rounded()
    assert parts["observed"] == pytest.approx(
        parts["weather"] + parts["emissions"] + parts["remainder"]
    )
    assert parts["observed"] < -5  # 2018 was cleaner than 2017 by more than 5 µg/m³
    assert "earlier days alone used" in score.words_en and "eastward wind" in basis.words_en
    dependence = answer.tables["partial_dependence"]
    # No value of the weather makes a month of PM2.5 that the city never had.
    months = answer.tables["normalised_months"]["observed"]
    assert dependence["effect"].between(0, months.max()).all()
    assert [c.name for c in answer.charts("en")] == [
        "monthly_trend-pm25-济南", "weather_normalised-济南-pm25-2018",
        "partial_dependence-济南-pm25",
    ]  # fmt: skip
