"""Mappings of users' own tables: what they read, what they refuse."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from forecast.errors import ContradictionError, InputError
from forecast.ingest.files.containers import read_sheet
from forecast.ingest.mapping.load import load_mapping, load_mappings, mapped_layout, read_mapping
from forecast.ingest.parsed import Parsed, Request

_DAILY = """
table = "air_daily"
[match]
header = ["日期", "城市", "PM2.5(ug/m3)", "CO(ug/m3)"]
[region]
column = "城市"
[time]
columns = ["日期"]
[items.pm25]
column = "PM2.5(ug/m3)"
unit = "µg/m³"
[items.co]
column = "CO(ug/m3)"
unit = "ug/m3"
"""


def _read(toml: str, text: str, name: str = "甲市.csv") -> Parsed:
    layout = mapped_layout(read_mapping(toml, name="own", where="own.toml"))
    sheet = read_sheet(Path(name), text.encode("utf-8"))
    assert layout.matches(sheet.head)
    return layout.parse(sheet, Request(Path(name).stem, 2027))


def _values(parsed: Parsed, table: str) -> list[tuple[str, str, str, float]]:
    rows = parsed.tables[table]
    time = "date" if "date" in rows else "time"
    return [
        (str(r[time]), str(r["place"]), str(r["item"]), float(r["value"]))
        for _, r in rows.sort_values(["row", "item"]).iterrows()
    ]


def test_days_of_cities_in_other_units() -> None:
    text = "日期,城市,PM2.5(ug/m3),CO(ug/m3)\n2020/1/2,甲市,35,850\n2020/1/3,甲市,--,900\n"
    parsed = _read(_DAILY, text)
    assert _values(parsed, "air_daily") == [
        ("2020-01-02 00:00:00", "甲市", "co", 0.85),
        ("2020-01-02 00:00:00", "甲市", "pm25", 35.0),
        ("2020-01-03 00:00:00", "甲市", "co", 0.9),
    ]
    rows = parsed.tables["air_daily"]
    assert set(rows["place_kind"]) == {"city"} and set(rows["basis"]) == {"actual"}
    assert parsed.rows_read == 2 and parsed.notes.missing == 1


def test_bad_cells_and_dates_are_set_aside_by_row() -> None:
    text = (
        "日期,城市,PM2.5(ug/m3),CO(ug/m3)\n2020-13-01,甲市,35,850\n2020-01-02,,35,850\n"
        "2020-01-03,甲市,abc,850\n2020-01-04,甲市,35,850\n2020-01-04,甲市,36,850\n"
    )
    parsed = _read(_DAILY, text)
    assert parsed.notes.quarantine()["row"].tolist() == [2, 3, 4, 6]
    assert set(parsed.tables["air_daily"]["row"]) == {5}
    assert parsed.rows_read == 5


def test_a_wrong_unit_in_the_mapping_is_noticed() -> None:
    toml = _DAILY.replace('unit = "ug/m3"', 'unit = "mg/m3"')
    days = pd.date_range("2020-01-01", periods=40).strftime("%Y-%m-%d")
    rows = "".join(f"{day},甲市,35,850\n" for day in days)
    with pytest.raises(ContradictionError, match="CO"):
        _read(toml, f"日期,城市,PM2.5(ug/m3),CO(ug/m3)\n{rows}")


@pytest.mark.parametrize("label", ["end", "start"])
def test_hours_of_stations_at_either_end_of_the_hour(label: str) -> None:
    toml = f"""
table = "air_hourly"
[match]
header = ["站点", "日期", "小时", "臭氧", "二氧化硫"]
[place]
column = "站点"
[time]
columns = ["日期", "小时"]
hour_label = "{label}"
[items.o3_1h]
column = "臭氧"
unit = "mg/m³"
[items.so2]
column = "二氧化硫"
unit = "µg/m³"
"""
    parsed = _read(
        toml,
        "站点,日期,小时,臭氧,二氧化硫\n东站,2020-01-01,23时,0.06,5\n东站,2020-01-01,24,0.05,\n",
    )
    rows = parsed.tables["air_hourly"]
    first = "2020-01-01 23:00" if label == "end" else "2020-01-02 00:00"
    assert rows["time"].tolist()[0] == pd.Timestamp(first)
    assert rows["o3_1h"].tolist() == [60.0, 50.0]
    assert rows["region"].tolist() == ["甲市", "甲市"] and set(rows["place_kind"]) == {"station"}


def test_hours_in_a_long_table_with_units_a_line() -> None:
    toml = """
table = "air_hourly"
[match]
header = ["时间", "站点", "因子", "浓度", "单位"]
[place]
column = "站点"
[time]
columns = ["时间"]
hour_label = "end"
[long]
item = "因子"
value = "浓度"
unit = "单位"
[items.pm25]
name = "细颗粒物"
unit = "µg/m³"
[items.co]
name = "一氧化碳"
unit = "mg/m³"
"""
    lines = [
        "时间,站点,因子,浓度,单位",
        "2020-01-01 01:00,东站,细颗粒物,35,μg/m3",
        "2020-01-01 01:00,东站,一氧化碳,0.8,mg/m3",
        "2020-01-01 01:00,东站,一氧化碳,0.8,mg/m3",
        "2020-01-01 01:00,东站,一氧化碳,0.9,mg/m3",
        "2020-01-01 02:00,东站,一氧化碳,800,ug/m3",
        "2020-01-01 02:00,东站,噪声,50,dB",
    ]
    parsed = _read(toml, "\n".join(lines))
    rows = parsed.tables["air_hourly"]
    assert rows[["pm25", "co"]].values.tolist() == [[35.0, 0.8]]
    assert parsed.notes.duplicates == 1
    assert parsed.notes.quarantine()[["row", "value"]].values.tolist() == [[5, "0.9"], [6, "ug/m3"]]


def test_days_in_a_long_table() -> None:
    toml = """
table = "air_daily"
[match]
header = ["day", "name", "what", "v"]
[region]
value = "甲市"
[place]
column = "name"
[time]
columns = ["day"]
[long]
item = "what"
value = "v"
[items.pm25]
name = "PM2.5"
unit = "µg/m³"
[items.pm10]
name = "PM10"
unit = "µg/m³"
"""
    text = "day,name,what,v\n2020-01-01,东站,pm2.5,35\n2020-01-01,东站,PM10,60\n"
    parsed = _read(toml, text)
    assert _values(parsed, "air_daily") == [
        ("2020-01-01 00:00:00", "东站", "pm25", 35.0),
        ("2020-01-01 00:00:00", "东站", "pm10", 60.0),
    ]
    rows = parsed.tables["air_daily"]
    assert set(rows["region"]) == {"甲市"} and set(rows["place_kind"]) == {"station"}


def test_decimal_commas_marks_zeros_and_versions() -> None:
    toml = """
table = "met_daily"
[match]
header = ["Datum", "Temp", "Regen"]
[time]
columns = ["Datum"]
format = "%d.%m.%Y"
[read]
missing = ["fehlt"]
decimal = ","
version = "audited"
[items.temp_mean]
column = "Temp"
unit = "K"
[items.pressure]
column = "Regen"
unit = "hPa"
"""
    text = (
        "Datum;Temp;Regen\n02.01.2020;283,15;1.013,25\n03.01.2020;fehlt;1.01\n04.01.2020;1,0;990\n"
    )
    parsed = _read(toml, text)
    assert _values(parsed, "met_daily")[:2] == [
        ("2020-01-02 00:00:00", "甲市", "pressure", 1013.25),
        ("2020-01-02 00:00:00", "甲市", "temp_mean", 10.0),
    ]
    # 1.01 is no group of thousands; 1 K is no weather.
    assert parsed.notes.quarantine()[["row", "value"]].values.tolist() == [
        [3, "1.01"],
        [4, "-272.15"],
    ]
    assert set(parsed.tables["met_daily"]["version"]) == {"audited"}


def test_water_samples_with_limits_of_detection() -> None:
    toml = """
table = "water_samples"
[match]
header = ["断面", "河流", "采样时间", "氨氮", "总磷", "类别"]
[region]
value = "甲市"
[place]
column = "断面"
[river]
column = "河流"
[time]
columns = ["采样时间"]
[items.nh3n]
column = "氨氮"
unit = "µg/L"
[items.tp]
column = "总磷"
unit = "mg/L"
[items.class_published]
column = "类别"
unit = "类别"
"""
    parsed = _read(
        toml, "断面,河流,采样时间,氨氮,总磷,类别\n入湖口,大河,2020年1月2日,25L,0.05,Ⅱ类\n"
    )
    rows = parsed.tables["water_samples"].set_index("item")
    assert rows.loc["nh3n", "value"] == 0.025 and bool(rows.loc["nh3n", "censored"])
    assert rows.loc["class_published", "value"] == 2
    assert set(rows["known_from"]) == {pd.Timestamp("2020-01-02 23:59:59")}


def test_flow_in_cubic_feet_and_hours_of_utc() -> None:
    flow = """
table = "flow_daily"
[match]
header = ["date", "q"]
[region]
value = "甲市"
[place]
value = "大桥"
[time]
columns = ["date"]
[items.flow]
column = "q"
unit = "cfs"
"""
    parsed = _read(flow, "date,q\n2020-01-01,1000\n")
    assert _values(parsed, "flow_daily") == [("2020-01-01 00:00:00", "大桥", "flow", 28.316846592)]
    utc = """
table = "air_hourly"
[match]
header = ["t", "pm25"]
[time]
columns = ["t"]
hour_label = "end"
zone = "utc"
[items.pm25]
column = "pm25"
unit = "µg/m³"
"""
    rows = _read(utc, "t,pm25\n2020-01-01T16:00:00,35\n").tables["air_hourly"]
    assert rows["time"].tolist() == [pd.Timestamp("2020-01-02")]


def test_a_header_below_a_title_is_found() -> None:
    text = "某市日报,,,\n单位:微克,,,\n日期,城市,PM2.5(ug/m3),CO(ug/m3)\n2020-01-02,甲市,35,850\n"
    parsed = _read(_DAILY, text)
    assert set(parsed.tables["air_daily"]["row"]) == {4}
    pinned = _DAILY.replace("[match]", "[match]\nheader_line = 2")
    with pytest.raises(InputError, match="row 3"):
        _read(pinned, text)


def test_another_header_does_not_match() -> None:
    layout = mapped_layout(read_mapping(_DAILY, name="own", where="own.toml"))
    for header in (
        "日期,城市,PM2.5(ug/m3)",
        "日期,城市,PM2.5(ug/m3),CO(mg/m3)",
        "日期,城市,CO(ug/m3),PM2.5(ug/m3)",
    ):
        sheet = read_sheet(Path("x.csv"), f"{header}\n2020-01-01,甲市,1,1\n".encode())
        assert not layout.matches(sheet.head)


def test_an_unconfirmed_mapping_reads_nothing() -> None:
    with pytest.raises(InputError, match="not confirmed"):
        _read(
            "confirmed = false\n" + _DAILY,
            "日期,城市,PM2.5(ug/m3),CO(ug/m3)\n2020-01-02,甲市,35,850\n",
        )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('columns = ["日期"]', 'columns = ["日期"]\nhuor_label = "end"'), "no setting time.huor_label"),
        (('columns = ["日期"]', 'columns = ["时间"]'), "时间 is not in match.header"),
        (('unit = "ug/m3"', 'unit = "ppb"'), "no exact way from ppb"),
        (("[items.co]", "[items.temp_mean]"), "no such item"),
        (('columns = ["日期"]', 'columns = ["日期"]\nhour_label = "end"'), "means nothing"),
        (('columns = ["日期"]', 'columns = ["日期"]\nzone = "utc"'), "local days"),
        (('column = "CO(ug/m3)"', 'column = "PM2.5(ug/m3)"'), "used twice"),
        (('table = "air_daily"', 'table = "air_daily"\n[read]\nmissing = ["--"]'), "missing anyway"),
        (('table = "air_daily"', ""), "table is missing"),
        (('table = "air_daily"', "table = air_daily"), "not valid TOML"),
        (('columns = ["日期"]', 'columns = ["日期"]\nformat = "ISO"'), "needs signs"),
        (("[region]\n", '[region]\nvalue = "甲市"\n'), "either column or value"),
    ],
)  # fmt: skip
def test_a_wrong_mapping_says_what_is_wrong(change: tuple[str, str], said: str) -> None:
    with pytest.raises(InputError, match=r"own\.toml") as wrong:
        read_mapping(_DAILY.replace(*change), name="own", where="own.toml")
    assert said in str(wrong.value)


def test_mappings_of_a_folder(tmp_path: Path) -> None:
    assert load_mappings(tmp_path / "none") == []
    (tmp_path / "b.toml").write_text(_DAILY, encoding="utf-8")
    (tmp_path / "a.toml").write_bytes(b"\xef\xbb\xbf" + _DAILY.replace("CO(", "co2(").encode())
    found = load_mappings(tmp_path)
    assert [one.name for one in found] == ["a", "b"]
    assert mapped_layout(found[0]).name == "mapping_a"
    (tmp_path / "c.toml").write_text(_DAILY, encoding="utf-8")
    # Which of two with one header is meant is said with the file.
    assert [one.name for one in load_mappings(tmp_path)] == ["a", "b", "c"]
    (tmp_path / "c.toml").write_text(f'name = "b"\n{_DAILY}', encoding="utf-8")
    with pytest.raises(InputError, match="another mapping called b"):
        load_mappings(tmp_path)
    (tmp_path / "c.toml").write_bytes("名".encode("gb18030"))
    with pytest.raises(InputError, match="not UTF-8"):
        load_mappings(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        load_mapping(tmp_path / "d.toml")
