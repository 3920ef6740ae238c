"""Layouts of weather, each on a faithfully made file with its traps."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.errors import ContradictionError, InputError
from forecast.ingest.files.containers import read_sheet
from forecast.ingest.files.sheet import stem
from forecast.ingest.layouts import met_daily_zh, met_province_daily, open_meteo
from forecast.ingest.parsed import Layout, Notes, Parsed, Request
from forecast.ingest.readers.checks import RANGES
from forecast.ingest.readers.weather_hours import weather_tables
from forecast.ingest.readers.weather_ranges import DAY_WEATHER, HOUR_WEATHER
from forecast.standards.items import ITEMS

_ALL = (met_daily_zh.LAYOUT, met_province_daily.LAYOUT, open_meteo.LAYOUT)


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


def _value(parsed: Parsed, day: str, item: str, place: str | None = None) -> float:
    rows = parsed.tables["met_daily"]
    found = rows[(rows["date"] == pd.Timestamp(day)) & (rows["item"] == item)]
    if place is not None:
        found = found[found["place"] == place]
    assert len(found) == 1, found
    return float(found["value"].iloc[0])


def test_every_item_of_weather_has_a_range() -> None:
    known = {code for code, item in ITEMS.items() if item.domain == "met"}
    assert set(DAY_WEATHER) == set(HOUR_WEATHER) == known
    assert all(RANGES[item] == ends for item, ends in HOUR_WEATHER.items())


def test_an_hour_and_a_day_differ_where_a_mean_or_a_sum_does() -> None:
    """What is summed is larger in a day than in an hour, a mean is milder; all else is one range."""
    differ = {item for item, ends in HOUR_WEATHER.items() if DAY_WEATHER[item] != ends}
    assert differ == {"temp_mean", "precip", "radiation", "sunshine", "evaporation"}
    # Zhengzhou, 20 July 2021: 201.9 mm in an hour, 624.1 mm in the day.
    assert HOUR_WEATHER["precip"][1] > 201.9
    assert DAY_WEATHER["precip"][1] > 624.1 > HOUR_WEATHER["precip"][1]


def test_hours_that_can_be_true_and_a_day_of_them_that_cannot() -> None:
    notes = Notes()
    hours = pd.DataFrame(
        {
            "region": "甲市", "place": "甲站", "precip": 0.0,
            "time": pd.date_range("2021-07-20 01:00", periods=24, freq="h"),
            "temp_mean": [55.0] * 23 + [61.0],
        },
        index=range(2, 26),
    )  # fmt: skip
    names = {"temp_mean": "TEMP", "precip": "RAIN"}
    days = weather_tables(hours, notes, names=names, time="time")["met_daily"]
    assert days[["item", "value"]].to_numpy().tolist() == [["precip", 0.0]]
    aside = notes.quarantine()
    assert aside[["row", "column", "value"]].to_numpy().tolist() == [
        [2, "TEMP", "55"], [25, "TEMP", "61"],
    ]  # fmt: skip
    for rows in weather_tables(hours.iloc[:0], Notes(), names=names, time="time").values():
        assert rows.empty


# --- met_daily_zh -------------------------------------------------------------------------------

_ZH = [
    "参考地名", "经度(lon)", "纬度(lat)", "日期(UTC)", "地面气压(hPa)", "平均气温2m(℃)", "最高气温2m(℃)",
    "最低气温2m(℃)", "降水量(mm)", "蒸发量(mm)", "风速10m(m/s)", "经向风速(V,m/s)", "纬向风速(U,m/s)",
    "总云量(tcc)", "总太阳辐射度(down,J/m2)", "日照时数(峰值,h)", "雷暴概率(TT,K)",
]  # fmt: skip


def _zh_row(day: str, **changed: object) -> list[object]:
    row = dict(
        zip(
            _ZH,
            ["乙区", 116.5, 40.5, day, 969.5, -6.34, -1.69, -12.19, 0.0, -0.1414, 1.66, -0.11, 0.85,
             0.05, 8891648, 2.47, 19.0],
            strict=True,
        )
    )  # fmt: skip
    return list((row | changed).values())


def test_chinese_weather_reads_units_signs_and_the_day_of_utc() -> None:
    parsed = _read(met_daily_zh.LAYOUT, _csv([_ZH, _zh_row("20150101"), _zh_row("20150102")]))
    assert _value(parsed, "2015-01-01", "temp_mean") == -6.34
    assert _value(parsed, "2015-01-01", "radiation") == pytest.approx(8.891648)
    assert _value(parsed, "2015-01-01", "cloud") == pytest.approx(5.0)
    assert _value(parsed, "2015-01-01", "wind_v") == -0.11
    assert _value(parsed, "2015-01-01", "wind_u") == 0.85
    assert _value(parsed, "2015-01-01", "evaporation") == 0.1414
    rows = parsed.tables["met_daily"]
    # 2.47 h is 8.89 MJ/m² at 1 kW/m²: no duration of sunshine.
    assert "sunshine" not in set(rows["item"])
    assert any(column.startswith("日照时数(峰值,h)") for column in parsed.ignored)
    assert set(rows["flag"]) == {"utc_day"}
    assert rows["known_from"].min() == pd.Timestamp("2015-01-02 07:59:59")
    assert parsed.places is not None
    assert parsed.places[["region", "place_kind", "longitude"]].values.tolist() == [
        ["乙区", "cell", 116.5]
    ]
    assert parsed.rows_read == parsed.rows_kept == 2


def test_chinese_weather_takes_a_given_region_and_an_export_programs_column() -> None:
    header = [*_ZH, "数据调用时间:"]
    data = _csv([header, [*_zh_row("20150101"), "某软件"], [*_zh_row("20150102"), ""]])
    sheet = read_sheet(Path("x.csv"), data)
    parsed = met_daily_zh.LAYOUT.parse(sheet, Request("甲市", 2027, region_given=True))
    rows = parsed.tables["met_daily"]
    assert set(rows["region"]) == {"甲市"} and set(rows["place"]) == {"乙区"}
    assert "数据调用时间:" in parsed.ignored


def test_kelvin_and_pascal_in_the_header_are_converted() -> None:
    header = ["日期", "站名", "平均气温(K)", "本站气压(Pa)", "相对湿度(%)"]
    parsed = _read(met_daily_zh.LAYOUT, _csv([header, ["2015-01-01", "丙站", 283.15, 101325, 50]]))
    assert _value(parsed, "2015-01-01", "temp_mean") == 10.0
    assert _value(parsed, "2015-01-01", "pressure") == 1013.25
    assert set(parsed.tables["met_daily"]["flag"]) == {""}
    assert set(parsed.tables["met_daily"]["place_kind"]) == {"station"}


@pytest.mark.parametrize("unit", ["", "(mmHg)"])
def test_a_header_without_a_readable_unit_is_refused(unit: str) -> None:
    header = ["日期", "平均气温(℃)", f"本站气压{unit}", "相对湿度(%)"]
    with pytest.raises(InputError, match="本站气压"):
        _read(met_daily_zh.LAYOUT, _csv([header, ["2015-01-01", 10, 1013, 50]]))


def test_a_column_nobody_knows_is_another_layout() -> None:
    header = ["日期", "平均气温(℃)", "本站气压(hPa)", "相对湿度(%)", "PM2.5"]
    sheet = read_sheet(Path("甲市.csv"), _csv([header, ["2015-01-01", 10, 1013, 50, 35]]))
    assert not met_daily_zh.LAYOUT.matches(sheet.head)


@pytest.mark.parametrize(
    ("column", "value"),
    [("平均气温2m(℃)", 280.0), ("地面气压(hPa)", 96950.0), ("总云量(tcc)", 55.0)],
)
def test_values_that_contradict_their_unit_stop_the_file(column: str, value: float) -> None:
    days = [(date(2015, 1, 1) + timedelta(n)).isoformat() for n in range(40)]
    data = _csv([_ZH, *(_zh_row(day, **{column: value}) for day in days)])
    with pytest.raises(ContradictionError):
        _read(met_daily_zh.LAYOUT, data)


def test_what_cannot_be_read_is_set_aside_and_counted() -> None:
    rows = [
        _zh_row("20150101"),
        _zh_row("20150101"),
        _zh_row("20150101", **{"降水量(mm)": 9}),
        _zh_row("20150230"),
        _zh_row("20150103", **{"平均气温2m(℃)": "abc"}),
        _zh_row("20150104", **{"平均气温2m(℃)": 77}),
    ]
    parsed = _read(met_daily_zh.LAYOUT, _csv([_ZH, *rows]))
    found = parsed.notes.quarantine()
    assert parsed.notes.duplicates == 1
    assert found["row"].tolist() == [4, 5, 6, 7]
    kept = parsed.tables["met_daily"]
    assert sorted(set(kept["row"])) == [2, 7]
    assert "temp_mean" not in set(kept[kept["row"] == 7]["item"])
    assert set(kept[kept["row"] == 2]["flag"]) == {"utc_day conflicting"}


def test_the_real_cell_gives_every_day(real_data: Path) -> None:
    sheet = read_sheet(real_data / "met" / "beijing_yanqing_met_daily.csv.gz")
    assert [one.name for one in _ALL if one.matches(sheet.head)] == ["met_daily_zh"]
    parsed = met_daily_zh.LAYOUT.parse(sheet, Request("x", 2027))
    rows = parsed.tables["met_daily"]
    assert parsed.rows_read == parsed.rows_kept == 3653
    assert rows["item"].nunique() == 17 and parsed.notes.quarantine().empty
    assert rows["date"].min() == pd.Timestamp("2015-01-01")
    assert rows["date"].max() == pd.Timestamp("2024-12-31")


# --- met_province_daily -------------------------------------------------------------------------

_PROVINCE = "province,date,pm25,pm10,so2,no2,co,o3_24h,wind_u_ms,wind_v_ms,temp_k,rh_pct,psfc_pa"


def test_provinces_give_weather_and_never_a_models_pollutants() -> None:
    line = "甲省,2013-01-01,73.8,105.4,42.5,69.2,1.6,16.2,5.579,-0.041,276.585,63.681,102374.96"
    parsed = _read(met_province_daily.LAYOUT, f"{_PROVINCE}\n{line}\n".encode())
    assert set(parsed.tables) == {"met_daily"}
    assert _value(parsed, "2013-01-01", "temp_mean") == 3.435
    assert _value(parsed, "2013-01-01", "pressure") == pytest.approx(1023.7496)
    # The speed of a mean wind is not the mean speed.
    assert "wind_speed" not in set(parsed.tables["met_daily"]["item"])
    assert "pm25: reanalysis, not a reading" in parsed.ignored


def test_the_real_provinces(real_data: Path) -> None:
    sheet = read_sheet(real_data / "met" / "province_daily_air_met_2013_2018.csv.gz")
    parsed = met_province_daily.LAYOUT.parse(sheet, Request("x", 2027))
    assert parsed.rows_kept == 39438 and parsed.tables["met_daily"]["region"].nunique() == 18


# --- open_meteo ---------------------------------------------------------------------------------


def _meteo(daily: dict[str, list[object]], units: dict[str, str], **other: object) -> bytes:
    about = {"latitude": 37.75, "longitude": 115.6, "utc_offset_seconds": 28800,
             "timezone": "Asia/Shanghai"}  # fmt: skip
    return json.dumps(about | other | {"daily_units": units, "daily": daily}).encode()


def test_open_meteo_days() -> None:
    data = _meteo(
        {"time": ["2024-01-01", "2024-01-02"], "temperature_2m_mean": [1.5, None],
         "wind_speed_10m_mean": [18.0, 36.0], "sunshine_duration": [3600.0, 0.0],
         "et0_fao_evapotranspiration": [1.0, 1.1]},
        {"time": "iso8601", "temperature_2m_mean": "°C", "wind_speed_10m_mean": "km/h",
         "sunshine_duration": "s", "et0_fao_evapotranspiration": "mm"},
    )  # fmt: skip
    parsed = _read(open_meteo.LAYOUT, data, "衡水.json")
    assert _value(parsed, "2024-01-01", "wind_speed") == 5.0
    assert _value(parsed, "2024-01-01", "sunshine") == 1.0
    rows = parsed.tables["met_daily"]
    assert set(rows["region"]) == {"衡水"} and set(rows["flag"]) == {""}
    assert set(rows["item"]) == {"temp_mean", "wind_speed", "sunshine"}
    assert parsed.notes.missing == 1
    assert parsed.places is not None and parsed.places["latitude"].tolist() == [37.75]


def test_open_meteo_days_of_gmt_are_marked_and_other_zones_refused() -> None:
    daily: dict[str, list[object]] = {"time": ["2024-01-01"], "temperature_2m_mean": [1.5]}
    units = {"time": "iso8601", "temperature_2m_mean": "°C"}
    gmt = _meteo(daily, units, utc_offset_seconds=0, timezone="GMT")
    rows = _read(open_meteo.LAYOUT, gmt).tables["met_daily"]
    assert rows["flag"].tolist() == ["utc_day"]
    assert rows["known_from"].tolist() == [pd.Timestamp("2024-01-02 07:59:59")]
    other = _meteo(daily, units, utc_offset_seconds=3600, timezone="Europe/Paris")
    with pytest.raises(InputError, match="Europe/Paris"):
        _read(open_meteo.LAYOUT, other)


def test_open_meteo_refuses_a_unit_without_an_exact_way_and_a_forecast() -> None:
    daily: dict[str, list[object]] = {"time": ["2024-01-01"], "wind_speed_10m_mean": [1.5]}
    with pytest.raises(InputError, match="octas"):
        _read(open_meteo.LAYOUT, _meteo(daily, {"wind_speed_10m_mean": "octas"}))
    good = _meteo(daily, {"wind_speed_10m_mean": "m/s"})
    with pytest.raises(InputError, match="is a forecast"):
        _read(open_meteo.LAYOUT, good, "forecast/衡水.json")


def test_open_meteo_hours_become_days() -> None:
    start = datetime.fromisoformat("2024-01-01")
    stamps = [(start + timedelta(hours=n)).isoformat(timespec="minutes") for n in range(49)]
    hourly = {
        "time": stamps,
        "temperature_2m": [float(n % 24) for n in range(49)],
        # 1 mm in the hour before 00:00 of the second day: it fell on the first.
        "precipitation": [1.0 if n == 24 else 0.0 for n in range(49)],
        "shortwave_radiation": [100.0] * 49,
        "wind_speed_10m": [2.0] * 49,
        "wind_direction_10m": [350.0 if n % 2 else 10.0 for n in range(49)],
    }
    units = {"temperature_2m": "°C", "precipitation": "mm", "shortwave_radiation": "W/m²",
             "wind_speed_10m": "m/s", "wind_direction_10m": "°"}  # fmt: skip
    data = json.dumps(
        {"latitude": 1.0, "longitude": 2.0, "utc_offset_seconds": 28800,
         "timezone": "Asia/Shanghai", "hourly_units": units, "hourly": hourly}
    ).encode()  # fmt: skip
    parsed = _read(open_meteo.LAYOUT, data, "衡水.json")
    assert _value(parsed, "2024-01-01", "temp_mean") == 11.5
    assert _value(parsed, "2024-01-01", "temp_max") == 23.0
    assert _value(parsed, "2024-01-01", "precip") == 1.0
    assert _value(parsed, "2024-01-02", "precip") == 0.0
    # 24 hours of 100 W/m² are 8.64 MJ/m².
    assert _value(parsed, "2024-01-02", "radiation") == pytest.approx(8.64)
    # The mean of 350° and 10° is north, not south.
    assert _value(parsed, "2024-01-01", "wind_dir") % 360 == pytest.approx(0.0, abs=1e-6)
    assert _value(parsed, "2024-01-01", "wind_v") == pytest.approx(-2 * np.cos(np.deg2rad(10)))
    assert parsed.tables["met_daily"]["date"].max() == pd.Timestamp("2024-01-02")


def test_open_meteo_day_with_too_few_hours_is_left_out() -> None:
    stamps = [f"2024-01-01T{hour:02d}:00" for hour in range(19)]
    data = json.dumps(
        {"utc_offset_seconds": 28800, "hourly_units": {"temperature_2m": "°C"},
         "hourly": {"time": stamps, "temperature_2m": [1.0] * 19}}
    ).encode()  # fmt: skip
    sheet = read_sheet(Path("衡水.json"), data)
    parsed = open_meteo.LAYOUT.parse(sheet, Request("衡水", 2027))
    assert parsed.tables["met_daily"].empty


def test_open_meteo_csv_with_its_two_lines_above() -> None:
    lines = [
        "latitude,longitude,elevation,utc_offset_seconds,timezone,timezone_abbreviation",
        "37.75,115.6,25.0,28800,Asia/Shanghai,GMT+8",
        "",
        "time,temperature_2m_mean (°C),temperature_2m_max (°C),temperature_2m_min (°C),"
        "precipitation_sum (mm),wind_speed_10m_mean (m/s)",
        *[f"2024-01-{day:02d},1.5,4.0,-2.0,0.0,2.5" for day in range(1, 11)],
    ]
    parsed = _read(open_meteo.LAYOUT, "\n".join(lines).encode())
    assert parsed.rows_kept == parsed.rows_read == 10
    assert _value(parsed, "2024-01-10", "temp_min") == -2.0
    assert parsed.places is not None and parsed.places["longitude"].tolist() == [115.6]
