"""The sample city: published figures met exactly, nothing missing, everything marked as made."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.ingest.detect import detect
from forecast.sample import NOTICE, PUBLISHED, write_sample
from forecast.standards.air_assessment import AirYear, assess_year
from forecast.standards.aqi import LEVELS, daily_aqi
from forecast.standards.items import AIR_ITEMS
from forecast.standards.rounding import round_half_even
from forecast.standards.water_class import section_class
from forecast.standards.water_period import assess_section_period

_COLUMNS = {
    "so2": "SO2",
    "no2": "NO2",
    "pm10": "PM10",
    "pm25": "PM2.5",
    "co": "CO",
    "o3_8h": "O3_8h",
}
_WATER = {"ph": "ph", "do": "do_mgl", "codmn": "codmn_mgl", "nh3n": "nh3n_mgl", "tp": "tp_mgl"}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_sample(tmp_path_factory.mktemp("raw"))


@pytest.fixture(scope="module")
def air(files: list[Path]) -> pd.DataFrame:
    table = pd.read_csv(next(path for path in files if path.name == "衡水.csv"), encoding="utf-8")
    table["日期"] = pd.to_datetime(table["日期"])
    return table


@pytest.fixture(scope="module")
def sections(files: list[Path]) -> pd.DataFrame:
    table = pd.read_csv(
        next(path for path in files if path.parent.name == "water"), na_values=["*"]
    )
    table["time"] = pd.to_datetime(table["time"])
    return table


def _values(air: pd.DataFrame) -> np.ndarray:
    return air[[_COLUMNS[item] for item in AIR_ITEMS]].to_numpy(dtype=np.float64)


def _assess(air: pd.DataFrame, year: int, *, partial: bool = False) -> AirYear:
    days = air["日期"].to_numpy().astype("datetime64[D]")
    return assess_year(_values(air), days, AIR_ITEMS, year, standard="HJ 633-2012", partial=partial)


@pytest.mark.parametrize(
    ("year", "pm25", "good", "ratio", "heavy", "composite"),
    [(2015, 99.0, 120, 32.9, 57, 9.08), (2020, 52.0, 238, 65.0, 15, 5.18)],
)
def test_published_years_are_met_exactly(
    air: pd.DataFrame,
    year: int,
    pm25: float,
    good: int,
    ratio: float,
    heavy: int,
    composite: float,
) -> None:
    """The four figures of the plan, computed by the official rules from the daily file."""
    found = _assess(air, year)
    assert found.values["pm25_annual_mean"][0] == pm25
    assert found.values["good_days"][0] == good
    assert found.values["heavy_days"][0] == heavy
    assert float(round_half_even(found.values["good_day_ratio"][0], 1)) == ratio
    assert float(round_half_even(found.values["composite_index"][0], 2)) == composite
    assert all(found.valid[name][0] for name in found.valid)


def test_the_index_is_the_same_when_single_indices_are_rounded_first(air: pd.DataFrame) -> None:
    """9.08 and 5.18 hold for both ways in which the sum is printed (limits of GB 3095-2012)."""
    for year, total in ((2015, 9.08), (2020, 5.18)):
        part = air[air["日期"].dt.year == year]
        single = [
            part["SO2"].mean() / 60, part["NO2"].mean() / 40, part["PM10"].mean() / 70,
            part["PM2.5"].mean() / 35, part["CO"].quantile(0.95) / 4, part["O3_8h"].quantile(0.9) / 160,
        ]  # fmt: skip
        assert round(float(round_half_even(np.array(single), 2).sum()), 2) == total
        assert round(float(sum(single)), 2) == total


def test_every_published_figure_is_one_of_those_tested() -> None:
    """The table of the module is the plan's: four figures of the air, two of the water."""
    assert {(f.indicator, f.year): f.value for f in PUBLISHED} == {
        ("pm25_annual_mean", 2015): 99, ("pm25_annual_mean", 2020): 52,
        ("good_days", 2015): 120, ("good_days", 2020): 238,
        ("heavy_days", 2015): 57, ("heavy_days", 2020): 15,
        ("composite_index", 2015): 9.08, ("composite_index", 2020): 5.18,
        ("share_class_iii", 2020): 80, ("share_inferior_v", 2020): 0,
    }  # fmt: skip
    assert all(f"{f.value:g}" in f.quote or f.value == 0 for f in PUBLISHED)


def test_every_day_and_item_is_there(air: pd.DataFrame) -> None:
    """3,834 days in order, all six items above 0, whole numbers but for CO with one decimal."""
    expected = pd.date_range("2015-01-01", "2025-06-30", freq="D")
    assert air["日期"].tolist() == expected.tolist()
    assert list(air.columns) == [
        "日期", "AQI", "质量等级", "PM2.5", "PM10", "SO2", "CO", "NO2", "O3_8h", "备注",
    ]  # fmt: skip
    assert (air["备注"] == "生成样例").all()
    values = _values(air)
    assert np.isfinite(values).all() and (values > 0).all()
    whole = np.delete(values, AIR_ITEMS.index("co"), axis=1)
    assert (whole == np.rint(whole)).all()
    co = values[:, AIR_ITEMS.index("co")]
    assert np.allclose(co * 10, np.rint(co * 10)) and np.any(co != np.rint(co))
    assert (air["PM10"] > air["PM2.5"]).all()


def test_aqi_and_level_belong_to_the_readings(air: pd.DataFrame) -> None:
    """The printed AQI and level are those of HJ 633-2012."""
    days = air["日期"].to_numpy().astype("datetime64[D]")
    found = daily_aqi(_values(air), days, AIR_ITEMS, "HJ 633-2012")
    assert found.aqi.tolist() == air["AQI"].tolist()
    assert [LEVELS[level - 1].zh_class for level in found.level] == air["质量等级"].tolist()


def test_the_course_after_2015_is_plausible(air: pd.DataFrame) -> None:
    """PM falls, ozone's summer peak has risen, 2021 to 2024 lie where they are meant to."""
    years = {year: _assess(air, year).values for year in range(2015, 2025)}
    pm25 = [years[year]["pm25_annual_mean"][0] for year in years]
    assert all(later <= earlier for earlier, later in pairwise(pm25))
    assert 47 <= years[2021]["pm25_annual_mean"][0] <= 51
    assert 40 <= years[2024]["pm25_annual_mean"][0] <= 43
    for year in range(2021, 2025):
        assert 65 <= years[year]["good_day_ratio"][0] <= 72
    ozone = [years[year]["o3_8h_p90"][0] for year in years]
    assert min(ozone) >= 150 and max(ozone) <= 210
    assert np.mean(ozone[5:]) > ozone[0]


def test_2025_is_open(air: pd.DataFrame) -> None:
    """Half a year that decides neither 37 µg/m³ nor 75 % of good days."""
    half = _assess(air, 2025, partial=True).values
    assert 35 <= half["pm25_annual_mean"][0] <= 41
    good = half["good_days"][0]
    assert good + 184 >= 0.75 * 365 and good < 0.75 * 365
    assert 70 <= half["good_day_ratio"][0] <= 76


def test_season_persistence_and_dependence(air: pd.DataFrame) -> None:
    """Winter PM, summer ozone, memory from day to day, items that move together."""
    by_month = air.groupby(air["日期"].dt.month)[["PM2.5", "O3_8h", "SO2"]].mean()
    assert by_month.loc[[12, 1], "PM2.5"].min() > 1.8 * by_month.loc[[5, 6, 7, 8], "PM2.5"].max()
    assert by_month["O3_8h"].idxmax() in (5, 6, 7) and by_month["O3_8h"].idxmin() in (12, 1)
    logs = np.log(air.set_index("日期")[["PM2.5", "PM10", "CO", "O3_8h"]])
    rest = logs - logs.groupby([logs.index.year, logs.index.month]).transform("mean")
    for column in rest:
        assert 0.25 < rest[column].autocorr(1) < 0.75
    assert rest["PM2.5"].corr(rest["PM10"]) > 0.8
    winter = rest[rest.index.month.isin([12, 1])]
    summer = rest[rest.index.month.isin([6, 7])]
    assert (
        winter["PM2.5"].corr(winter["O3_8h"]) < -0.2 < 0.2 < summer["PM2.5"].corr(summer["O3_8h"])
    )


def test_sections_are_thirteen_made_ones(sections: pd.DataFrame) -> None:
    """Ten from 2019 and thirteen from 2021, one sample a month, names nobody takes for real."""
    assert sections["section"].nunique() == 13
    assert sections["section"].str.startswith("示例").all()
    assert sections["river"].str.startswith("示例").all()
    assert (sections["src"] == "generated").all()
    month = sections["time"].dt.to_period("M")
    assert not pd.DataFrame({"section": sections["section"], "month": month}).duplicated().any()
    assert month.nunique() == 78 and str(month.max()) == "2025-06"
    counts = sections.groupby(month)["section"].nunique()
    assert (counts[counts.index.year < 2021] == 10).all()
    assert (counts[counts.index.year >= 2021] == 13).all()
    assert sections.columns[:4].tolist() == ["province", "basin", "city", "river"]
    assert sections.loc[sections["section"] == "示例湖心", "chla_mgl"].notna().all()


def _year_classes(sections: pd.DataFrame, year: int) -> dict[str, int]:
    """Class of each section over a year, by the official way from its monthly samples."""
    part = sections[sections["time"].dt.year == year]
    found = {}
    for name, rows in part.groupby("section"):
        kind = "lake" if "湖" in str(name) else "river"
        values = rows[list(_WATER.values())].to_numpy(dtype=np.float64)
        found[str(name)] = int(assess_section_period(values, tuple(_WATER), kind).classes[0])
    return found


def test_water_of_2020_is_as_published(sections: pd.DataFrame) -> None:
    """Eight of ten sections at class III or better, none worse than V, the lake at III."""
    classes = _year_classes(sections, 2020)
    assert len(classes) == 10
    assert sum(grade <= 3 for grade in classes.values()) == 8
    assert max(classes.values()) <= 5
    assert classes["示例湖心"] == 3


def test_water_since_2023_is_near_the_target(sections: pd.DataFrame) -> None:
    """Nine of thirteen are asked for: the record stays close to that, with none worse than V."""
    for year in (2023, 2024):
        classes = _year_classes(sections, year)
        assert 8 <= sum(grade <= 3 for grade in classes.values()) <= 11
        assert max(classes.values()) <= 5


def test_seasons_of_the_water(sections: pd.DataFrame) -> None:
    """CODMn and TP peak in summer, NH3-N in winter, oxygen is lowest in summer."""
    means = sections.groupby(sections["time"].dt.month)[list(_WATER.values())].mean()
    assert means["codmn_mgl"].idxmax() in (7, 8) and means["tp_mgl"].idxmax() in (7, 8)
    assert means["nh3n_mgl"].idxmax() in (1, 2) and means["do_mgl"].idxmin() in (7, 8)


def test_published_class_belongs_to_the_sample(sections: pd.DataFrame) -> None:
    """The class column is what the rule gives for the values of its row."""
    kinds = np.where(sections["section"].str.contains("湖"), "lake", "river")
    classes, _ = section_class(sections[list(_WATER.values())].to_numpy(), tuple(_WATER), kinds)
    assert classes.tolist() == sections["class_num"].tolist()


def test_the_readers_know_the_files(files: list[Path]) -> None:
    """Both tables have a layout that the ingestion reads; the notice is no table."""
    assert [detect(path).name for path in files[1:]] == ["city_day_header", "section_readings"]
    assert files[0].suffix == ".md"


def test_the_notice_lies_beside_the_files(files: list[Path]) -> None:
    """A reader of the folder sees in both languages that nothing was measured."""
    text = next(path for path in files if "GENERATED" in path.name).read_text(encoding="utf-8")
    assert NOTICE["zh"] in text and NOTICE["en"] in text
    assert all(figure.quote in text for figure in PUBLISHED)


def test_same_seed_same_bytes_other_seed_other_days(tmp_path: Path, files: list[Path]) -> None:
    """The record depends on its seed alone, and the published figures do not depend on it."""
    again = write_sample(tmp_path / "again")
    assert [path.name for path in again] == [path.name for path in files]
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(again, files, strict=True))
    other = write_sample(tmp_path / "other", seed=1)
    assert other[1].read_bytes() != files[1].read_bytes()
    table = pd.read_csv(other[1], parse_dates=["日期"], encoding="utf-8")
    found = _assess(table, 2020).values
    assert (found["good_days"][0], found["heavy_days"][0]) == (238, 15)
    assert found["pm25_annual_mean"][0] == 52.0
