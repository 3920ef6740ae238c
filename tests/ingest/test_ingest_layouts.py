"""Each layout on small files made here: what is read, under which name, from when it is known."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest

from forecast.errors import InputError, UsageError
from forecast.ingest import coverage, ingest_paths
from forecast.ingest.detect import detect, layout_named
from forecast.ingest.files.containers import read_sheet
from forecast.ingest.files.sheet import stem
from forecast.ingest.readers.samples import water_type
from forecast.workspace import Workspace

#: The writer of made files; its class lives with the fixtures.
Writer = Any

HEADERLESS = [
    "乙州,2015-03-01,80,40~120,良,60.5,90.25,20,1.25,30,110,5",
    "乙州,2015-03-02,70,30~100,良,50.5,0,21,1.35,31,0,6",
    "乙州,2018-09-01,60,20~90,良,40.5,70,22,1.45,32,95,7",
]
WEEKLY_HEADER = (
    "basin,section,section_id,river,year,week,week_exact,date_monday,seg_desc_in_year,seq,"
    "ph,do_mgl,codmn_mgl,nh3n_mgl,class_num,class"
)
READINGS_HEADER = (
    "province,basin,city,river,section,time,class,class_num,status,water_temp_c,ph,do_mgl,"
    "cond_uscm,turb_ntu,codmn_mgl,nh3n_mgl,tp_mgl,tn_mgl,chla_mgl,algae_cells,src"
)


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_header_layout(ws: Workspace, city: Writer) -> None:
    rows = city.rows(3)
    rows[1][3] = "0"
    report = ingest_paths(ws, [city(rows, name="兰州.csv")])
    assert report.exit_code == 0
    air = ws.store.air_daily()
    assert set(air["region"]) == {"兰州"} == set(air["place"])
    assert set(air["item"]) == {"aqi_published", "pm25", "pm10", "so2", "co", "no2", "o3_8h"}
    pm25 = air[air["item"] == "pm25"]
    assert pm25["value"].tolist() == [float(rows[0][3]), float(rows[2][3])]
    assert pm25["row"].tolist() == [2, 4]
    first = pm25.iloc[0]
    assert first["known_from"] == pd.Timestamp("2016-01-01 23:59:59")
    assert (first["basis"], first["source"]) == ("standard_state", "city_day_header")
    file = report.files[0]
    assert (file.rows_read, file.rows_kept, file.missing, file.new) == (3, 3, 1, 20)
    assert file.ignored == ("质量等级", "排名")


@pytest.mark.parametrize(
    "header",
    [
        ("日期", "AQI", "AQI级别", "PM2.5", "PM10", "SO2", "CO", "NO2", "O3", "排名"),
        ("日期", "AQI", "质量等级", "PM2.5", "PM10", "SO2", "CO", "NO2", "臭氧8小时", "排名"),
    ],
)
def test_header_names_vary(ws: Workspace, city: Writer, header: tuple[str, ...]) -> None:
    assert ingest_paths(ws, [city(header=header)]).exit_code == 0
    assert "o3_8h" in set(ws.store.air_daily()["item"])


def test_quoted_cells_and_a_city_column(ws: Workspace, city: Writer, tmp_path: Path) -> None:
    rows = [[f'"{cell}"' for cell in row[:-1]] + ['"丙"'] for row in city.rows(2)]
    path = write(tmp_path, "x.csv", city.text(rows, [*city.header[:-1], "城市"]))
    assert ingest_paths(ws, [path]).exit_code == 0
    assert set(ws.store.air_daily()["region"]) == {"丙"}
    refused = ingest_paths(ws, [path], region="丁")
    assert refused.exit_code == 1
    assert "names its cities in column 城市" in refused.message


def test_headerless_layout_never_gives_the_8_hour_ozone(ws: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "whatever.csv"
    path.write_text("\n".join(HEADERLESS), encoding="utf-8-sig")
    assert detect(path).name == "city_day_headerless"
    report = ingest_paths(ws, [path])
    assert report.exit_code == 0
    air = ws.store.air_daily()
    assert set(air["region"]) == {"乙州"}
    assert "o3_8h" not in set(air["item"])
    assert "aqi_published" not in set(air["item"])
    assert air[air["item"] == "o3_1h"]["value"].tolist() == [110, 95]
    assert air[air["item"] == "aqi_hourly_mean"]["value"].tolist() == [80, 70, 60]
    assert air[air["item"] == "pm10"]["value"].tolist() == [90.25, 70]
    assert report.files[0].missing == 2
    # The reference state changed on 1 September 2018.
    assert air[air["item"] == "co"]["basis"].tolist() == ["standard_state"] * 2 + ["actual"]


def test_long_layout_in_gzip(ws: Workspace, tmp_path: Path) -> None:
    text = (
        "city,date,pm25,pm10,so2,no2,co,o3_max1h,o3_24h\n"
        "甲,2014-01-01,61.0,128.0,138.0,65.5,2.539,39.0,\n"
        "乙,2020-11-16,198.94,,21.03,59.56,,,39.83\n"
    )
    path = tmp_path / "long.csv.gz"
    path.write_bytes(gzip.compress(text.encode()))
    assert ingest_paths(ws, [path]).exit_code == 0
    air = ws.store.air_daily().set_index(["region", "item"])["value"]
    assert air["甲", "o3_1h"] == 39.0
    assert air["乙", "o3_24h"] == 39.83
    assert ("乙", "pm10") not in air.index
    assert len(air) == 10


def test_weekly_sections(ws: Workspace, tmp_path: Path) -> None:
    text = "\n".join(
        [
            WEEKLY_HEADER,
            "甲流域,甲断面,甲断面,某河,2014,2,True,2014-01-06,52,1,7.5,8.1,2.5,0.2,2,Ⅱ",
            "甲流域,甲断面,甲断面,某河,2014,3,True,2014-01-13,51,2,7.6,8.2,0,0,2,Ⅱ",
            "甲流域,甲断面,甲断面,某河,2012,,False,,34,3,7.4,8.0,2.0,0.1,2,Ⅱ",
            "乙流域,湖心,湖心,某湖,2014,2,True,2014-01-06,52,1,7.5,8.1,2.5,0.2,6,劣Ⅴ",
        ]
    )
    report = ingest_paths(ws, [write(tmp_path, "某流域.csv", text)])
    assert report.exit_code == 0
    water = ws.store.water_samples()
    assert set(water["region"]) == {"某流域"}
    assert set(water["item"]) == {"ph", "do", "codmn", "nh3n", "class_published"}
    assert dict(water[["place", "water_type"]].drop_duplicates().to_numpy().tolist()) == {
        "甲断面": "river",
        "湖心": "lake",
    }
    second = water[(water["place"] == "甲断面") & (water["time"] == "2014-01-13")]
    below = second.set_index("item")
    assert below.loc["codmn", "value"] == 0
    assert bool(below.loc["codmn", "censored"]) and not bool(below.loc["ph", "censored"])
    # A bulletin is out when its week is.
    assert set(second["known_from"]) == {pd.Timestamp("2014-01-19 23:59:59")}
    assert ws.store.water_samples(as_of="2014-01-18")["time"].max() == pd.Timestamp("2014-01-06")
    assert len(ws.store.water_samples(as_of="2014-01-19")) == len(water)
    lake = water[(water["place"] == "湖心") & (water["item"] == "class_published")]
    assert lake["value"].tolist() == [6]
    quarantine = pd.read_csv(report.files[0].quarantine)
    assert quarantine["row"].tolist() == [4]
    assert quarantine["reason"].str.startswith("no date").all()


def test_two_approximate_bulletins_of_one_monday_are_both_kept(
    ws: Workspace, tmp_path: Path
) -> None:
    def line(monday: str, age: int, ph: float) -> str:
        return f"甲,断面,断面,河,2013,2,False,{monday},{age},1,{ph},8,2,0.2,2,Ⅱ"

    lines = [WEEKLY_HEADER, line("2013-01-07", 52, 7.1), line("2013-01-07", 51, 7.2),
             line("2013-01-21", 50, 7.3), line("2013-01-28", 48, 7.5), line("2013-01-21", 49, 7.4)]  # fmt: skip
    report = ingest_paths(ws, [write(tmp_path, "a.csv", "\n".join(lines))])
    ph = ws.store.water_samples().query("item == 'ph'").sort_values("time")
    # The newer of the first pair moves on; the second pair has no room and keeps one.
    assert ph["value"].tolist() == [7.1, 7.2, 7.3, 7.5]
    assert ph["time"].dt.strftime("%m-%d").tolist() == ["01-07", "01-14", "01-21", "01-28"]
    assert report.files[0].quarantined == 1
    assert set(ph["flag"].str.split().str[0]) == {"date_approximate"}
    stated = pd.Timestamp("2013-01-07") + pd.Timedelta(days=7, seconds=-1)
    assert (ph["known_from"] >= stated).all()


def test_region_of_a_weekly_file_can_be_given(ws: Workspace, tmp_path: Path) -> None:
    text = WEEKLY_HEADER + "\n甲,断面,断面,河,2014,2,True,2014-01-06,52,1,7.1,8,2,0.2,2,Ⅱ\n"
    path = write(tmp_path, "weekly.csv", text)
    report = ingest_paths(ws, [path], region=" 全国 ")
    assert report.exit_code == 0
    assert set(ws.store.water_samples()["region"]) == {"全国"}
    # The copy carries the region, so that data/raw alone can rebuild the tables.
    assert report.files[0].raw is not None
    assert stem(report.files[0].raw) == "全国"


def test_section_readings(ws: Workspace, tmp_path: Path) -> None:
    tail = "15.8,8.29,9.1,380.9,78.8,1.99,0.031,0.104,2.47,,,by_name_csv"
    lines = [
        READINGS_HEADER,
        f"某省,某流域,某市,某河,甲,2021-04-01 04:00,Ⅲ,3.0,正常,{tail}",
        f"某省,某流域,某市,某河,甲,2021-04-01 04:00,Ⅲ,3.0,正常,{tail}",
        f"某省,某流域,,,乙,2021-04-01 12:00,,,维护,{tail}",
        f"某省,某流域,某市,某河,丙,2021-04-01 12:00,Ⅲ,3.0,停站,{tail}",
        f"某省,某流域,某市,某河,甲,2021-04-01 08:00,★,,正常,{tail.replace('0.104', '<0.01')}",
    ]
    report = ingest_paths(ws, [write(tmp_path, "r.csv", "\n".join(lines))])
    assert report.exit_code == 0
    water = ws.store.water_samples()
    assert set(zip(water["region"], water["place"], strict=True)) == {
        ("某市", "甲"),
        ("某省", "乙"),
    }
    assert set(water.query("place == '乙'")["flag"]) == {"maintenance"}
    assert "class_published" not in set(water.query("place == '乙'")["item"])
    censored = water[water["censored"]]
    assert censored[["item", "value"]].to_numpy().tolist() == [["tp", 0.01]]
    assert water["time"].min() == pd.Timestamp("2021-04-01 04:00")
    file = report.files[0]
    assert file.duplicates == 1
    reasons = pd.read_csv(file.quarantine).set_index("row")["reason"]
    assert "停站" in reasons[5]
    assert "not a class" in reasons[6]


def test_blank_city_takes_the_region_given(ws: Workspace, tmp_path: Path) -> None:
    tail = "15.8,8.29,9.1,380.9,78.8,1.99,0.031,0.104,2.47,,,generated"
    lines = [READINGS_HEADER, f"某省,某流域,,,乙,2021-04-01 12:00,Ⅱ,2.0,正常,{tail}"]
    ingest_paths(ws, [write(tmp_path, "r.csv", "\n".join(lines))], region="衡水")
    water = ws.store.water_samples()
    assert set(water["region"]) == {"衡水"}
    assert set(water["version"]) == {"generated"}


def test_yearly_values_as_csv_and_workbook(ws: Workspace, tmp_path: Path) -> None:
    csv = (
        "地区,指标,年份,数值,单位,来源,日期\n"
        "衡水,pm25_annual_mean,2020,52,µg/m³,年报,2021-06-05\n"
        "衡水,优良天数,2020,238,days,年报,\n"
        "衡水,no_such_thing,2020,1,,年报,\n"
        "衡水,heavy_days,20x0,1,,年报,\n"
        "衡水,good_day_ratio,2020,65,days,年报,\n"
        "衡水,pm10_annual_mean,2020,abc,,年报,\n"
    )
    report = ingest_paths(ws, [write(tmp_path, "y.csv", csv)], now=pd.Timestamp(2024, 1, 1))
    assert report.exit_code == 0
    table = ws.store.yearly_values().set_index("indicator")
    assert table["value"].to_dict() == {"pm25_annual_mean": 52, "good_days": 238}
    assert table.loc["pm25_annual_mean", "known_from"] == pd.Timestamp("2021-06-05 23:59:59")
    assert table.loc["good_days", "known_from"] == pd.Timestamp("2020-12-31 23:59:59")
    quarantine = pd.read_csv(report.files[0].quarantine).set_index("row")
    assert quarantine["column"].to_dict() == {4: "指标", 5: "年份", 6: "单位", 7: "数值"}

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["region", "indicator", "year", "value", "unit", "source", "date"])
    sheet.append(
        ["衡水", "pm25_annual_mean", 2021, 49.5, "μg/m3", "公报", pd.Timestamp(2022, 6, 5)]
    )
    book.save(tmp_path / "y.xlsx")
    assert ingest_paths(ws, [tmp_path / "y.xlsx"]).exit_code == 0
    assert sorted(ws.store.yearly_values(as_of="2022-06-05")["value"]) == [49.5, 52, 238]
    assert sorted(ws.store.yearly_values(as_of="2022-06-04")["value"]) == [52, 238]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_encodings_say_the_same(ws: Workspace, city: Writer, encoding: str) -> None:
    path = city(city.rows(5), encoding=encoding)
    assert ingest_paths(ws, [path]).exit_code == 0
    air = ws.store.air_daily()
    assert len(air) == 35
    assert set(air["region"]) == {"甲市"}


@pytest.mark.parametrize(
    "day", ["2016-01-31", "2016/1/31", "20160131", "2016年1月31日", "2016-01-31 00:00:00"]
)
def test_days_in_many_forms(ws: Workspace, city: Writer, day: str) -> None:
    rows = city.rows(1)
    rows[0][0] = day
    ingest_paths(ws, [city(rows)])
    assert set(ws.store.air_daily()["date"]) == {pd.Timestamp("2016-01-31")}


@pytest.mark.parametrize("mark", ["", " ", "NaN", "NA", "--", "—", "*", "-999", "null", "0"])
def test_missing_in_many_forms(ws: Workspace, city: Writer, mark: str) -> None:
    rows = city.rows(2)
    rows[0][3] = mark
    report = ingest_paths(ws, [city(rows)])
    assert report.files[0].missing == 1
    assert report.files[0].quarantined == 0
    assert len(ws.store.air_daily().query("item == 'pm25'")) == 1


@pytest.mark.parametrize(
    "header",
    [
        "city,date,PM1",
        "date,ws,wd,nox,no2,o3,pm10,so2,co,pm25",
        "date,date_end,site,site_name,variable,value,air_temp,atmospheric_pressure,rh,wd,ws",
        "站点,监测日期,项目,结果",
        "x" * 500,
    ],
)
def test_other_layouts_are_refused_with_what_was_seen(tmp_path: Path, header: str) -> None:
    path = write(tmp_path, "甲.csv", header + "\n" + ",".join("1" * (header.count(",") + 1)))
    with pytest.raises(InputError, match="not known") as caught:
        detect(path)
    seen = header.replace(", ", ",")
    assert seen[:100] in caught.value.message
    assert seen[:130] not in caught.value.message or len(seen) < 121
    assert caught.value.cure == f"Have a mapping proposed: forecast map {path}."


def test_the_column_that_keeps_a_file_from_its_layout_is_named(city: Writer) -> None:
    rows = [[*row, "x"] for row in city.rows(3)]
    path = city(rows, header=(*city.header, "说不清"))
    with pytest.raises(InputError, match="Without column 说不清 it would be city_day_header"):
        detect(path)


def test_source_can_be_named(ws: Workspace, city: Writer) -> None:
    path = city(city.rows(2))
    assert ingest_paths(ws, [path], source="long_tidy").exit_code == 1
    assert ingest_paths(ws, [path], source="city_day_header").exit_code == 0
    with pytest.raises(UsageError, match="no source called x"):
        layout_named("x")


def test_line_numbers_count_blank_lines(tmp_path: Path) -> None:
    sheet = read_sheet(write(tmp_path, "a.csv", "a,b\n\n1,2\n,\n3,4\n5\n6,7,\n"))
    assert sheet.cells.index.tolist() == [1, 3, 5, 7]
    assert sheet.ragged == {6: 1}


def test_water_types() -> None:
    section = pd.Series(
        ["大伙房水库", "水库出口", "某入湖口", "湖心", "板桥", "板桥水库", "望湖桥"]
    )
    river = pd.Series(["大辽河", "", "滇池", "", "", "", ""])
    assert water_type(river, section, [section]).tolist() == [
        "lake", "lake", "lake", "lake", "river", "lake", "river",
    ]  # fmt: skip
    # One row with another water's name does not change what the place is.
    same = pd.Series(["断面"] * 3)
    mixed = water_type(pd.Series(["淮河", "淮河", "鄱阳湖"]), same, [same])
    assert mixed.tolist() == ["river"] * 3


def test_coverage(ws: Workspace, city: Writer) -> None:
    assert coverage(ws).empty
    rows = city.rows(10) + city.rows(2, start=pd.Timestamp(2017, 5, 1).date())
    ingest_paths(ws, [city(rows)])
    table = coverage(ws).set_index("item")
    assert table.loc["pm25", "n"] == 12
    assert (table.loc["pm25", "2016"], table.loc["pm25", "2017"]) == (10, 2)
    assert table.loc["pm25", "last"] == pd.Timestamp("2017-05-02")
    assert np.all(table["domain"] == "air")
