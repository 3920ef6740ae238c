"""Water platform, weekly bulletin and lists: made files in the exact form of each, with its traps."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from forecast.errors import ContradictionError, InputError
from forecast.ingest.detect import LAYOUTS
from forecast.ingest.files.containers import read_sheet
from forecast.ingest.files.sheet import Sheet, stem
from forecast.ingest.layouts import section_list, station_list, water_platform, weekly_bulletin
from forecast.ingest.parsed import Layout, Parsed, Request
from forecast.ingest.readers.water_columns import water_column
from forecast.partitions import typed
from forecast.tables import TABLES

PLATFORM = (
    "省份,流域,断面名称,监测时间,水质类别,水温(℃),pH(无量纲),溶解氧(mg/L),电导率(μS/cm),浊度(NTU),"
    "高锰酸盐指数(mg/L),氨氮(mg/L),总磷(mg/L),总氮(mg/L),叶绿素α(mg/L),藻密度(cells/L),站点情况"
)
TAIL = "12.9,7.91,10.87,614.3,11.6,0.50,0.190,0.005,8.49,*,*"
SPAN = "<span data-toggle='tooltip' data-placement='right' title='{}'>{}</span>"


def read(layout: Layout, path: Path, *, region: str | None = None, last_year: int = 2026) -> Parsed:
    """Return what ``layout`` makes of the file, after checking that its rows fit the tables."""
    sheet = read_sheet(path)
    return read_cells(layout, sheet, region=region, last_year=last_year)


def read_cells(
    layout: Layout, sheet: Sheet, *, region: str | None = None, last_year: int = 2026
) -> Parsed:
    assert layout.matches(sheet.head)
    others = [o.name for o in LAYOUTS.values() if o.name != layout.name and o.matches(sheet.head)]
    assert not others
    name = stem(sheet.path) if region is None else region
    parsed = layout.parse(sheet, Request(name, last_year, region_given=region is not None))
    for table, rows in parsed.tables.items():
        spec = TABLES[table]
        typed(spec, rows if "row" in spec.schema.names else rows.drop(columns="row"))
    if parsed.places is not None:
        typed(TABLES["sites"], parsed.places)
    return parsed


def write(path: Path, lines: Sequence[str], encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


def reasons(parsed: Parsed) -> dict[tuple[int, str], str]:
    """Return what was set aside: line and column → reason."""
    found = parsed.notes.quarantine()
    return {(int(r.row), str(r.column)): str(r.reason) for r in found.itertuples()}


def snapshot(path: Path, rows: Sequence[Sequence[str | None]]) -> Path:
    """Write a snapshot of the platform as its site gives it."""
    head = []
    for name in PLATFORM.split(","):
        bare, _, unit = name.partition("(")
        head.append(f"{bare}<br/><span class='unit'>({unit}</span>" if unit else bare)
    body = {"result": 1, "total": 1, "records": len(rows), "thead": head, "tbody": rows}
    path.write_text(json.dumps(body, ensure_ascii=False), encoding="utf-8")
    return path


def station(
    section: str, time: str | None, *, state: str = "正常", klass: str = "Ⅱ", ph: str | None = None
) -> list[str | None]:
    name = SPAN.format("所在地市:某市&#10;所属河流:某河", section)
    raw = [SPAN.format(f"原始值：{v}", s) for v, s in (("17.67623", "17.7"), ("7.4266", "7.43"),
           ("9.71731", "9.72"), ("644.3566", "644.4"), ("7.78868", "7.8"), ("0.4975", "0.50"),
           ("0.23", "0.230"))]  # fmt: skip
    if ph is not None:
        raw[1] = ph
    filtered = SPAN.format("极值过滤", "--")
    return ["某省", "某流域", name, time, klass, *raw, filtered, "--", "*", "*", state]


def test_snapshot_takes_raw_values_city_and_the_year_of_its_name(tmp_path: Path) -> None:
    path = snapshot(
        tmp_path / "2020-05-10.json",
        [
            station("甲(旧甲)", "05-10 08:05", state="维护", klass=""),
            station("乙", "05-10 08:00", klass="劣五类"),
            station("丙", None, state="停站"),
            station("丁", "05-11 08:00"),
            station("戊", "01-03 04:00"),
            station("己", "05-09 20:00", klass="6"),
            station("庚", "05-10 08:00", klass="Ⅱ类", ph="坏"),
        ],
    )
    parsed = read(water_platform.LAYOUT, path)
    water = parsed.tables["water_samples"]
    first = water[water["place"] == "甲(旧甲)"].set_index("item")
    assert first.loc["water_temp", "value"] == 17.67623
    assert first.loc["conductivity", "value"] == 644.3566
    assert set(first["flag"]) == {"maintenance"}
    assert first["time"].unique().tolist() == [pd.Timestamp("2020-05-10 08:05")]
    assert set(zip(water["region"], water["river"], strict=True)) == {("某市", "某河")}
    assert {"tp", "tn", "chla", "algae"}.isdisjoint(water["item"])
    published = water[water["item"] == "class_published"].set_index("place")["value"]
    assert published.to_dict() == {"乙": 6, "己": 6}
    said = reasons(parsed)
    # Row 1 is the header; the line of 丁 would lie after the snapshot, so it is a year old.
    assert "停站" in said[4, "站点情况"]
    assert said[5, "监测时间"].startswith("stale") and said[6, "监测时间"].startswith("stale")
    assert "extreme value" in said[2, "总磷(mg/L)"]
    assert said[8, "pH(无量纲)"].startswith("not a number")
    assert parsed.places is not None
    assert set(parsed.places["place"]) == {"甲(旧甲)", "乙", "丙", "丁", "戊", "己", "庚"}
    assert parsed.rows_read == 7


@pytest.mark.parametrize(
    ("name", "cell", "time"),
    [
        ("甲_2021-04.csv", "04-01 04:00", "2021-04-01 04:00"),
        ("2021-04/甲.csv", "04-30 20:00", "2021-04-30 20:00"),
        ("甲_202104.csv", "05-01 00:00", "2021-05-01 00:00"),
        # What would come after the month is of the year before, here just before it began.
        ("甲_2021-01.csv", "12-31 20:00", "2020-12-31 20:00"),
        ("甲_2021-12.csv", "01-01 00:00", "2022-01-01 00:00"),
        ("甲_2021.csv", "01-01 00:00", "2021-01-01 00:00"),
        ("2021年4月_甲.csv", "04-01 04:00", "2021-04-01 04:00"),
        ("甲_2020-02-29.csv", "02-29 04:00", "2020-02-29 04:00"),
        ("甲_2021-03.csv", "02-28 20:00", "2021-02-28 20:00"),
        ("甲.csv", "2019-04-01 04:00", "2019-04-01 04:00"),
    ],
)  # fmt: skip
def test_year_comes_from_the_nearest_name(tmp_path: Path, name: str, cell: str, time: str) -> None:
    path = write(tmp_path / name, [PLATFORM, f"某省,某流域,甲,{cell},Ⅱ,{TAIL},正常"])
    water = read(water_platform.LAYOUT, path).tables["water_samples"]
    assert set(water["time"]) == {pd.Timestamp(time)} == set(water["known_from"])
    assert set(water["region"]) == {"某省"}


@pytest.mark.parametrize("name", ["甲.csv", "26#大桥.csv", "甲_2020-2021.csv", "甲_2099-01.csv"])
def test_year_nowhere_is_refused_with_a_cure(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "in" / name, [PLATFORM, f"某省,某流域,甲,04-01 04:00,Ⅱ,{TAIL},正常"])
    with pytest.raises(InputError, match="has no year") as refused:
        read(water_platform.LAYOUT, path)
    assert "file's name" in refused.value.cure


def test_year_in_the_name_of_a_part(tmp_path: Path) -> None:
    path = write(
        tmp_path / "in" / "甲.csv", [PLATFORM, f"某省,某流域,甲,04-01 04:00,Ⅱ,{TAIL},正常"]
    )
    sheet = read_sheet(path)
    part = Sheet(path, sheet.data, sheet.sha256, sheet.encoding, sheet.cells, {},
                 "某省/某流域/甲/2021-04/甲.csv")  # fmt: skip
    water = read_cells(water_platform.LAYOUT, part).tables["water_samples"]
    assert set(water["time"]) == {pd.Timestamp("2021-04-01 04:00")}


def test_section_table_repeats_states_and_days_that_do_not_exist(tmp_path: Path) -> None:
    line = f"某省,某流域,甲,04-01 04:00,Ⅱ,{TAIL},正常"
    path = write(
        tmp_path / "甲_2021-04.csv",
        [
            PLATFORM, line, line,
            f"某省,某流域,甲,*,*,{','.join(['--'] * 9)},*,*,维护",
            f"某省,某流域,甲,04-31 04:00,Ⅱ,{TAIL},正常",
            f"某省,某流域,甲,04-02 04:00,Ⅱ,{TAIL},校准",
            f"某省,某流域,甲,04-03 04:00,★,{TAIL.replace('0.190', '0')},正常",
            line.replace("7.91", "7.99"),
        ],
    )  # fmt: skip
    parsed = read(water_platform.LAYOUT, path, region="某市")
    water = parsed.tables["water_samples"]
    assert parsed.notes.duplicates == 1
    assert set(water["region"]) == {"某市"}
    assert water[water["item"] == "ph"]["row"].tolist() == [2, 6, 7]
    assert water[water["censored"]][["item", "row"]].to_numpy().tolist() == [["nh3n", 7]]
    said = reasons(parsed)
    assert said[4, "监测时间"] == "no date"
    assert "does not exist" in said[5, "监测时间"]
    assert "the row is kept" in said[6, "站点情况"]
    assert "not a class" in said[7, "水质类别"]
    assert "a second row" in said[8, ""]
    assert set(water[water["row"] == 2]["flag"]) == {"conflicting"}


def test_units_in_headers_are_converted_exactly_or_refused(tmp_path: Path) -> None:
    header = PLATFORM.replace("叶绿素α(mg/L)", "叶绿素a(μg/L)").replace("(μS/cm)", "(mS/m)")
    tail = TAIL.replace("614.3", "61.43").replace("*,*", "5.1,万")
    path = write(tmp_path / "甲_2021-04.csv", [header, f"某省,某流域,甲,04-01 04:00,Ⅱ,{tail},正常"])
    parsed = read(water_platform.LAYOUT, path)
    assert parsed.tables["water_samples"].empty
    path = write(tmp_path / "甲_2021-04.csv",
                 [header, f"某省,某流域,甲,04-01 04:00,Ⅱ,{tail.replace('万', '*')},正常"])  # fmt: skip
    water = read(water_platform.LAYOUT, path).tables["water_samples"].set_index("item")["value"]
    assert water["chla"] == 0.0051
    assert water["conductivity"] == 614.3
    for other in ("总磷(NTU)", "总磷", "溶解氧(%)", "未知项(mg/L)"):
        path = write(tmp_path / "x.csv", [PLATFORM.replace("总磷(mg/L)", other), "某省"])
        assert not water_platform.LAYOUT.matches(read_sheet(path).head)
    assert water_column("水温(K)") is None
    assert water_column("pH") is not None


def test_real_snapshot_and_tables(real_data: Path) -> None:
    folder = real_data / "water" / "raw"
    parsed = read(water_platform.LAYOUT, folder / "2020-05-10.json")
    assert (parsed.rows_read, parsed.rows_kept) == (98, 75)
    water = parsed.tables["water_samples"]
    gubeikou = water[water["place"] == "古北口"].set_index("item")
    assert gubeikou.loc["water_temp", "value"] == 17.67623
    assert (gubeikou["region"].iloc[0], gubeikou["river"].iloc[0]) == ("密云区", "潮河")
    assert "tp" not in gubeikou.index
    said = parsed.notes.quarantine()["reason"]
    assert said.str.contains("停站").sum() == 22
    assert said.str.contains("extreme value").sum() == 13

    month = read(water_platform.LAYOUT, folder / "古北口_2021-04.csv")
    assert (month.rows_read, month.rows_kept, month.notes.duplicates) == (28, 26, 1)
    rows = month.tables["water_samples"]
    codmn = rows[(rows["item"] == "codmn") & (rows["time"] == "2021-04-01 04:00")]
    assert codmn["value"].tolist() == [0.5]
    with pytest.raises(InputError, match="has no year"):
        read(water_platform.LAYOUT, folder / "hebei_26#大桥.csv")


BULLETIN = "水系,点位名称,河流名称,pH,DO(mg/l),CODMn(mg/l),NH3-N(mg/l),本周水质"
PROVINCE = (
    "水系,点位名称,断面情况,年,周,pH,DO(mg/L),CODmn(mg/L),TP(mg/L),NH3-N(mg/L),总氮,"
    "上周水质,本周水质,主要污染指标"
)


def test_bulletin_without_a_date_names_its_sections_only(tmp_path: Path) -> None:
    lines = [
        BULLETIN,
        "某流域,某省某湖裕口,某湖,7.09,10,5.7,0.33,3",
        "某流域,某省湖滨,某湖,6.94,12,5.4,0.4,★",
    ]
    path = write(tmp_path / "bulletins.csv", lines, "utf-8-sig")
    parsed = read(weekly_bulletin.LAYOUT, path)
    assert parsed.tables["water_samples"].empty
    assert set(reasons(parsed).values()) == {
        "no date: neither a year and week column nor the file's name (2018年第5周) says it"
    }
    assert parsed.places is not None and len(parsed.places) == 2
    dated = read(weekly_bulletin.LAYOUT, write(tmp_path / "2018年第5周.csv", lines))
    water = dated.tables["water_samples"]
    assert set(water["time"]) == {pd.Timestamp("2018-01-29")}
    assert set(water["region"]) == {"某流域"}
    assert set(water["water_type"]) == {"lake"}


def test_bulletin_of_a_province(tmp_path: Path) -> None:
    lines = [
        PROVINCE,
        "某江,某江口甲断面,某县（界）,2014,2,7.1,8,0,0.05,0.3,1.2,Ⅱ,Ⅲ类,无",
        "某江,某江口甲断面,某县　界,2014年,第3周,7.2,8.5,2.1,0.06,0.2,1.1,Ⅲ,6,氨氮",
        "某江,某江口甲断面,,2014,53,7.2,8.5,2.1,0.06,0.2,1.1,Ⅲ,Ⅱ,无",
        "某江,某江口甲断面,,2014,4.5,7.2,8.5,2.1,0.06,0.2,1.1,Ⅲ,Ⅱ,无",
        "某江,,,2014,4,7.2,8.5,2.1,0.06,0.2,1.1,Ⅲ,Ⅱ,无",
        "某江,某江口甲断面,,2014,5,7.2,8.5,2.1,０．０６,0.2,1.1,Ⅲ,★,无",
    ]
    parsed = read(weekly_bulletin.LAYOUT, write(tmp_path / "某省.csv", lines))
    water = parsed.tables["water_samples"]
    assert set(water["region"]) == {"某省"}
    assert sorted(set(water["time"].dt.strftime("%m-%d"))) == ["01-06", "01-13", "01-27"]
    # A bulletin is out when its week is.
    assert water["known_from"].min() == pd.Timestamp("2014-01-12 23:59:59")
    assert "tn" not in set(water["item"])
    assert "总氮 (its unit is not said)" in parsed.ignored
    zero = water[water["censored"]]
    assert zero[["item", "value", "row"]].to_numpy().tolist() == [["codmn", 0.0, 2]]
    published = water[water["item"] == "class_published"]["value"].tolist()
    assert published == [3, 6]
    said = reasons(parsed)
    assert said[4, "周"] == "no such week: 2014 / 53"
    assert said[5, "周"] == "no such week: 2014 / 4.5"
    assert said[6, "点位名称"] == "no section"
    assert "not a class" in said[7, "本周水质"]


def test_bulletin_of_the_public_api(tmp_path: Path) -> None:
    one = {
        "fractureSurface": "某县界", "DO": "8.1", "NH3N": "0.2", "CODMn": "2.5", "drainage": "某流域",
        "pointLocation": "某省甲断面", "ph": "8.64", "riverName": "某河",
        "preWeekWaterQuality": "Ⅲ", "thisWeekWaterQuality": "Ⅲ", "polluteIndex": "无",
        "year": "2014", "week": "47",
    }  # fmt: skip
    path = tmp_path / "全国.json"
    path.write_text(json.dumps([one, one], ensure_ascii=False), encoding="utf-8")
    parsed = read(weekly_bulletin.LAYOUT, path)
    water = parsed.tables["water_samples"].set_index("item")["value"]
    assert water.to_dict() == {"do": 8.1, "nh3n": 0.2, "codmn": 2.5, "ph": 8.64, "class_published": 3}  # fmt: skip
    assert set(parsed.tables["water_samples"]["time"]) == {pd.Timestamp("2014-11-17")}
    assert parsed.notes.duplicates == 1


def test_bulletin_names_that_drift_are_noted_and_kept(tmp_path: Path) -> None:
    lines = [
        BULLETIN.replace("水系", "年,周,水系"),
        "2014,1,海河流域,北京古北口,潮河,7,8,2,0.2,2",
        "2014,2,海河流域,北京古北口,潮河,7,8,2,0.2,2",
        "2014,3,巢湖流域滇池流域,北京密云古北口,潮河,7,8,2,0.2,2",
        "2014,3,海河流域,北京古北东,潮河,7,8,2,0.2,2",
        "2014,3,松花江流域,黑龙同江,松花江,7,8,2,0.2,2",
        "2014,4,松花江流域,黑龙江同江,松花江,7,8,2,0.2,2",
        "2014,5,松花江流域,黑龙江同江,松花江,7,8,2,0.2,2",
    ]
    parsed = read(weekly_bulletin.LAYOUT, write(tmp_path / "a.csv", lines))
    assert set(parsed.tables["water_samples"]["place"]) == {
        "北京古北口", "北京密云古北口", "北京古北东", "黑龙同江", "黑龙江同江",
    }  # fmt: skip
    said = reasons(parsed)
    assert set(said) == {(4, "水系"), (4, "点位名称"), (6, "点位名称")}
    assert "北京古北口" in said[4, "点位名称"]
    assert "two basins" in said[4, "水系"]


def test_station_list_roles_coordinates_and_days(tmp_path: Path) -> None:
    lines = [
        "监测点编码,监测点名称,城市,经度,纬度,对照点,点位类型,启用日期,停用日期",
        "1001A,甲站,某市,116.366,39.8673,N,,,",
        "1002A,乙站（旧）,某市,116.17,40.2865,Y,,2013-01-01,2020-12-31",
        "1003A,丙站,某市,0,0,否,背景点,,至今",
        "1004A,丁站,某市,116.1,95.2,N,,,",
        "1005A,戊站,某市,116.1,39.2,也许,,,",
        "1006A,己站,某市,116.1,39.2,N,,2015-01-01,2014-01-01",
        ",庚站,某市,116.1,39.2,N,,,",
        "1001A,甲站,某市,116.366,39.8673,N,,,",
        "1001A,甲站,某市,116.4,39.8673,N,,,",
        "1008A,辛站,某市,116.4,39.8,,,,",
    ]
    parsed = read(station_list.LAYOUT, write(tmp_path / "stations.csv", lines))
    sites = parsed.tables["sites"].set_index("place")
    assert sites["role"].to_dict() == {
        "1001A": "evaluation", "1002A": "control", "1003A": "other", "1004A": "evaluation",
        "1008A": "",
    }  # fmt: skip
    assert sites.loc["1002A", "valid_to"] == pd.Timestamp("2020-12-31")
    assert sites.loc["1002A", "name"] == "乙站(旧)"
    assert sites["longitude"].notna().to_dict()["1003A"] is False
    assert sites["latitude"].isna().to_dict()["1004A"] is True
    assert parsed.notes.duplicates == 1
    assert {row for row, _ in reasons(parsed)} == {5, 6, 7, 8, 10}
    assert parsed.places is not None and set(parsed.places["place_kind"]) == {"station"}


def test_station_list_in_english_and_with_exchanged_coordinates(tmp_path: Path) -> None:
    lines = ["code,name,city,lon,lat,control", "A1,First,X,116.4,39.9,N", "A2,B,X,116.2,39.8,Y"]
    parsed = read(station_list.LAYOUT, write(tmp_path / "s.csv", lines))
    assert parsed.tables["sites"]["role"].tolist() == ["evaluation", "control"]
    swapped = ["code,name,city,lat,lon,control", *lines[1:]]
    with pytest.raises(ContradictionError, match="can't be a latitude"):
        read(station_list.LAYOUT, write(tmp_path / "t.csv", swapped))


@pytest.mark.parametrize(
    "header",
    ["断面集,城市,断面,启用日期,停用日期", "name,region,section,valid_from,valid_to"],
)
def test_section_list(tmp_path: Path, header: str) -> None:
    lines = [
        header,
        "国考,某市,甲断面,2016-01-01,2020-12-31",
        "国考,某市,甲断面,2021-01-01,",
        "国考,某市,乙断面(旧乙),2021/1/1,长期",
        "国考,某市,甲断面,2020-06-01,2022-01-01",
        "国考,某市,甲断面,2021-01-01,",
        "国考,,丙断面,2021-01-01,",
        "国考,某市,丁断面,明年,",
        "国考,某市,戊断面,2021-01-01,2020-01-01",
    ]
    parsed = read(section_list.LAYOUT, write(tmp_path / "sets.csv", lines))
    sets = parsed.tables["section_sets"]
    # Line 5 overlaps line 2; line 3 follows it and stays.
    assert sets["row"].tolist() == [2, 3, 4]
    assert sets["section"].tolist() == ["甲断面", "甲断面", "乙断面(旧乙)"]
    assert sets["valid_to"].isna().tolist() == [False, True, True]
    assert parsed.notes.duplicates == 1
    said = reasons(parsed)
    assert {row for row, _ in said} == {5, 7, 8, 9}
    assert parsed.rows_read == 8


@pytest.mark.parametrize(
    ("header", "item", "factor"),
    [
        ("镍(mg/L)", "nickel", "1"),
        ("铁(μg/L)", "fe", "0.001"),
        ("总硬度（mg/L）", "hardness", "1"),
        ("透明度(cm)", "secchi", "0.01"),
    ],
)
def test_every_item_of_water_goes_by_its_chinese_name_with_its_unit(
    header: str, item: str, factor: str
) -> None:
    found = water_column(header)
    assert found is not None
    assert (found.item, str(found.factor)) == (item, factor)
    assert water_column(header.replace("(", "（").split("（")[0]) is None
