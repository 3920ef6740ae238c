"""Units, emissions, yearbooks and winter targets, each on a faithfully made file with its traps."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.errors import InputError
from forecast.ingest.files.containers import read_sheet
from forecast.ingest.files.sheet import stem
from forecast.ingest.layouts import emission_inventory, winter_targets, yearbook
from forecast.ingest.parsed import Layout, Parsed, Request
from forecast.ingest.readers.units import conversion, plain_unit, split_header

_ALL = (emission_inventory.LAYOUT, yearbook.LAYOUT, winter_targets.LAYOUT)


def _csv(rows: Sequence[Sequence[object]], *, quote_all: bool = False) -> bytes:
    out = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
    csv.writer(out, lineterminator="\n", quoting=quoting).writerows(rows)
    return out.getvalue().encode("utf-8")


def _read(layout: Layout, data: bytes, name: str = "甲市.csv", **request: bool) -> Parsed:
    """Read ``data`` by ``layout``; no other layout of this file may take it."""
    sheet = read_sheet(Path(name), data)
    assert [one.name for one in _ALL if one.matches(sheet.head)] == [layout.name]
    return layout.parse(sheet, Request(stem(Path(name)), 2027, **request))


# --- units --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "wanted", "value", "expected"),
    [
        ("°F", "°C", 212.0, 100.0), ("°F", "°C", -40.0, -40.0), ("K", "°C", 273.15, 0.0),
        ("kn", "m/s", 3600.0, 1852.0), ("inch", "mm", 1.0, 25.4), ("mile", "km", 1.0, 1.609344),
        ("Pa", "hPa", 101325.0, 1013.25), ("J/m2", "MJ/m²", 3.6e6, 3.6), ("km/h", "m/s", 36.0, 10.0),
        ("ft³/s", "m³/s", 1.0, 0.3048**3), ("万吨", "t", 1.5, 15000.0), ("Gg", "t", 1.0, 1000.0),
        ("ug/m3", "mg/m³", 850.0, 0.85), ("mg/m3", "mg/L", 12.0, 0.012), ("mS/m", "µS/cm", 45.0, 450.0),
    ],
)  # fmt: skip
def test_units_are_converted_by_definition(
    unit: str, wanted: str, value: float, expected: float
) -> None:
    way = conversion(unit, wanted)
    assert way is not None
    assert way(np.array([value]))[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("unit", "wanted"),
    [("ppb", "µg/m³"), ("ppm", "mg/m³"), ("µg/m³", "mg/L"), ("mmHg", "hPa"), ("", "°C"), ("t", "µg/m³")],
)  # fmt: skip
def test_what_is_no_definition_is_not_converted(unit: str, wanted: str) -> None:
    assert conversion(unit, wanted) is None


def test_case_tells_tonnes_from_milligrams() -> None:
    assert plain_unit("Mg") == "t"
    assert plain_unit("mg") == ""
    assert plain_unit("Mt") == "Tg"


def test_a_comma_in_the_brackets_belongs_to_the_name() -> None:
    assert split_header("经向风速(V,m/s)") == ("经向风速(V)", "m/s")
    assert split_header("积雪深度(mm of water equivalent)")[1] == "mm of water equivalent"


# --- emissions ----------------------------------------------------------------------------------


def _emitted(parsed: Parsed) -> dict[tuple[str, int, str, str], float]:
    rows = parsed.tables["emissions"]
    key = rows[["region", "year", "sector", "pollutant"]].itertuples(index=False, name=None)
    return dict(zip(key, rows["value"], strict=True))


def test_emissions_long_with_a_unit_in_the_header() -> None:
    data = "年份,地区,行业,污染物,排放量(万吨)\n2020,甲市,工业,二氧化硫,1.5\n2020年,甲市,交通,NOx,0.2\n"
    found = _emitted(_read(emission_inventory.LAYOUT, data.encode()))
    assert found[("甲市", 2020, "industry", "so2")] == 15000
    assert found[("甲市", 2020, "transport", "nox")] == pytest.approx(2000)


def test_emissions_with_a_unit_a_line() -> None:
    data = (
        "year,province,city,sector,species,emission,unit\n2020,P,C,power,PM2.5,1.5,kt\n"
        "2020,P,C,industry,VOCs,7,t\n2020,P,C,industry,SO2,7,µg/m³\n2020,P,C,industry,Kr,7,t\n"
    )
    parsed = _read(emission_inventory.LAYOUT, data.encode())
    assert _emitted(parsed) == {
        ("C", 2020, "power", "pm25"): 1500,
        ("C", 2020, "industry", "voc"): 7,
    }
    assert parsed.notes.quarantine()["row"].tolist() == [4, 5]
    assert parsed.rows_read == 4


def test_emissions_wide() -> None:
    data = (
        "年份,地区,行业,SO2(吨),NOx(吨),PM2.5(t)\n2020,甲市,电力,10,20,--\n2020,甲市,水泥,1,2,3\n"
    )
    found = _emitted(_read(emission_inventory.LAYOUT, data.encode()))
    assert len(found) == 5 and found[("甲市", 2020, "水泥", "pm25")] == 3


def test_emissions_without_a_unit_are_refused() -> None:
    data = b"year,region,sector,SO2,NOx\n2020,A,power,10,20\n"
    with pytest.raises(InputError, match="does not say its unit"):
        _read(emission_inventory.LAYOUT, data)


def test_concentrations_are_no_emissions() -> None:
    for text in (
        "年份,城市,SO2(µg/m³),NOx(µg/m³)\n2020,甲市,10,20\n",
        "year,city,SO2,NO2\n2020,A,10,20\n",
    ):
        sheet = read_sheet(Path("x.csv"), text.encode())
        assert not emission_inventory.LAYOUT.matches(sheet.head)


# --- yearbook -----------------------------------------------------------------------------------

_PM25 = "可吸入细颗粒物年平均浓度\r\n(微克/立方米)\r\nAnnual Mean Concentration\r\nof PM2.5(ug/m3)"
_GOOD = (
    "空气质量达到及好于二级的天数\r\n(天)\r\nDays of Air Quality Equal to or Above Grade II (day)"
)
_YEARBOOK = [
    ["2-30 主要城市空气质量指标(2018年)", "", "", "", ""],
    ["城    市", _PM25, "二氧化硫年平均浓度\r\n(毫克/立方米)", _GOOD, "臭氧年平均浓度(微克/立方米)"],
    ["河  北", "", "", "", ""],
    ["  石家庄市", "72", "0.023", "151", "9"],
    ["  唐  山  市", "60", "0.034", "205", "9"],
    ["北  京", "51", "…", "227", "9"],
    ["注:数据来自环境部门", "", "", "", ""],
]  # fmt: skip


def test_a_yearbook_sheet() -> None:
    rows = [row if row[1:3] != ["51", "…"] else [row[0], "51", "--", *row[3:]] for row in _YEARBOOK]
    parsed = _read(yearbook.LAYOUT, _csv(rows), "第三篇.csv")
    table = parsed.tables["yearly_values"]
    found = {(r.region, r.indicator): r.value for r in table.itertuples()}
    assert found == {
        ("石家庄市", "pm25_annual_mean"): 72, ("唐山市", "pm25_annual_mean"): 60,
        ("北京", "pm25_annual_mean"): 51, ("石家庄市", "so2_annual_mean"): 23,
        ("唐山市", "so2_annual_mean"): 34, ("石家庄市", "good_days"): 151,
        ("唐山市", "good_days"): 205, ("北京", "good_days"): 227,
    }  # fmt: skip
    assert set(table["year"]) == {2018}
    assert set(table["known_from"]) == {pd.Timestamp("2018-12-31 23:59:59")}
    # Rows of provinces and notes hold no data; ozone has no annual mean by the rules.
    assert parsed.rows_read == 3 and parsed.notes.missing == 1
    assert any("臭氧" in column for column in parsed.ignored)


def test_the_edition_of_a_yearbook_is_not_the_year_of_its_figures() -> None:
    rows = [["主要城市空气质量指标", "", "", "", ""], *_YEARBOOK[1:5]]
    with pytest.raises(InputError, match="only the edition"):
        _read(yearbook.LAYOUT, _csv(rows), "中国城市统计年鉴2019.csv")
    parsed = _read(yearbook.LAYOUT, _csv(rows), "中国城市统计年鉴2019_2018年.csv")
    assert set(parsed.tables["yearly_values"]["year"]) == {2018}


def test_a_yearbook_column_without_a_unit_is_left_out() -> None:
    header = ["城市", "PM2.5年平均浓度(微克/立方米)", "PM10年平均浓度", "SO2年均浓度(μg/m3)"]
    rows = [["2018年空气质量", "", "", ""], header, ["甲市", "40", "80", "12"]]
    parsed = _read(yearbook.LAYOUT, _csv(rows))
    assert set(parsed.tables["yearly_values"]["indicator"]) == {
        "pm25_annual_mean",
        "so2_annual_mean",
    }
    assert any(column.endswith("no unit") for column in parsed.ignored)


# --- winter targets -----------------------------------------------------------------------------


def test_winter_targets_are_refused_with_the_way_in() -> None:
    header = (
        "CityMEE,keyRegionZH,PM25_target,Heavy_Pollution_Target,target_period,base_period,CityZH,"
        "CityEN,Province,base_PM25,keyRegion2018,2019Q4,2019Q1"
    )
    line = "（甲市）,某地区,67.0,6.0,2020Q4,2019Q4,（甲）,sub-city region,,,2+26,,"
    with pytest.raises(InputError, match=r"2020Q4") as refused:
        _read(winter_targets.LAYOUT, f"{header}\n{line}\n".encode())
    assert "forecast target import" in refused.value.cure
