"""A made bureau's folder: hours with a stuck instrument, the list of points, days, water, a workbook."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pandas as pd

__all__ = ["CITY", "STUCK", "hours_file", "write_bureau"]

#: The city of the hours; its two points count, the third is a control point.
CITY = "甲市"

#: PM2.5 of 东站 from the first hour to the last of the second day: 24 times this [µg/m³].
STUCK = 44

_HOURS = "Date,Hour,WatchPoint,AQI,Level,PrimaryPollution,PM2.5,PM10,CO,NO2,O3_1h,O3_8h,SO2"
_POINTS = "监测点编码,监测点名称,城市,经度,纬度,对照点"
_DAYS = "日期,AQI,质量等级,PM2.5,PM10,SO2,CO,NO2,O3_8h"
_WATER = (
    "province,basin,city,river,section,time,class_published,class_numeric,station_status,"
    "water_temp_c,ph,do_mgl,cond_uscm,turbidity_ntu,codmn_mgl,nh3n_mgl,tp_mgl,tn_mgl,"
    "chla_mgl,algae_cells_l,source"
)


def hours_file(folder: Path, *, days: int = 4, name: str = f"{CITY}.csv", more: int = 0) -> Path:
    """Write hours of three points from 2021-03-01 on; ``more`` is added to each PM2.5 of 西站."""
    lines = [_HOURS]
    for n, moment in enumerate(pd.date_range("2021-03-01 01:00", periods=24 * days, freq="h")):
        end = f"{moment:%Y%m%d},{moment:%H}"
        east = STUCK if 24 <= n < 48 else 20 + n * 7 % 13
        for point, pm25 in (("东站", east), ("西站", 30 + n * 5 % 17 + more), ("对照", 5 + n % 3)):
            lines.append(
                f"{end},{point},60,良,无,{pm25},{pm25 + 20 + n % 4},0.{3 + n % 5},{20 + n % 9},"
                f"{50 + n % 21},60,{6 + n % 4}"
            )
    return _write(folder / "小时" / name, "\n".join(lines) + "\n")


def write_bureau(folder: Path) -> Path:
    """Write all files into ``folder`` and return it."""
    hours_file(folder)
    points = [f"{place},{place},{CITY},115.{n},37.{n},{'Y' if place == '对照' else 'N'}"
              for n, place in enumerate(("东站", "西站", "对照"), 1)]  # fmt: skip
    _write(folder / "点位.csv", "\n".join([_POINTS, *points]) + "\n")
    _write(folder / "乙市.csv", "\n".join([_DAYS, *(",".join(row) for row in _days(30))]) + "\n")
    readings = [
        f"某省,某流域,甲市,某河,第{n % 2}断面,2021-04-{1 + n // 2:02d} 08:00,Ⅲ,3.0,正常,15.8,8.2{n % 9},"
        f"9.{n % 8},380.9,78.8,2.{n % 7},0.13,0.104,2.47,,,by_name_csv"
        for n in range(20)
    ]
    _write(folder / "水.csv", "\n".join([_WATER, *readings]) + "\n")
    book = openpyxl.Workbook()
    for row in [_DAYS.split(","), *_days(25, 3)]:
        book.active.append(row)
    book.save(folder / "丙市.xlsx")
    return folder


def _days(n: int, more: int = 0) -> list[list[str]]:
    return [
        [
            f"2021-05-{1 + at:02d}" if at < 31 else "", "60", "良", str(30 + at * 3 % 11 + more),
            str(55 + at * 3 % 17), "8", f"{0.5 + at % 7 / 10:.1f}", str(20 + at % 6), str(70 + at % 30),
        ]
        for at in range(n)
    ]  # fmt: skip


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path
