"""Daily weather under Chinese headers with units, as exports of reanalysis cells and stations have.

``参考地名,经度(lon),纬度(lat),日期(UTC),地面气压(hPa),平均气温2m(℃),…,"经向风速(V,m/s)",…``. The unit is read
from each header and turned into that of the item; a header without a unit, or with one that has no
exact way to it, refuses the file. Four traps of the reanalysis exports:

* ``日期(UTC)``: the day runs from 08:00 to 08:00 of local time (flag ``utc_day``); it is known from
  its end.
* Cloud covers carry their short names (``tcc``) instead of a unit; these are shares from 0 to 1 by
  definition of the reanalysis.
* Fluxes are positive downwards, so evaporation is negative; it is stored positive. A column of
  either sign is no evaporation by that rule and is left out.
* ``日照时数(峰值,h)`` are the hours that the day's radiation would last at 1 kW/m²: the radiation
  again, no duration of sunshine.

A column ``数据调用时间`` that an export program adds, with its own name in the second cell, is left
out, and so are columns that no model uses. Dates may be integers such as ``20150101``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecast.errors import ContradictionError, InputError
from forecast.ingest.files.cells import numbers, times
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.parsed import Layout, Notes, Parsed, Request, ragged_rows
from forecast.ingest.readers.met_days import (
    END_OF_DAY,
    END_OF_UTC_DAY,
    UTC_DAY,
    MetColumn,
    read_met_days,
)
from forecast.ingest.readers.units import Conversion, conversion, known_units, split_header
from forecast.standards.items import ITEMS

__all__ = ["LAYOUT"]

_ITEMS = {
    "平均气温": "temp_mean", "气温": "temp_mean", "日平均气温": "temp_mean",
    "最高气温": "temp_max", "日最高气温": "temp_max", "最低气温": "temp_min",
    "日最低气温": "temp_min", "露点温度": "dew_point", "地表温度": "surface_temp",
    "相对湿度": "rh", "平均相对湿度": "rh", "地面气压": "pressure", "本站气压": "pressure",
    "平均本站气压": "pressure", "海平面气压": "pressure_sea", "降水量": "precip",
    "日降水量": "precip", "积雪深度": "snow_depth", "风速": "wind_speed",
    "平均风速": "wind_speed", "最大阵风风速": "wind_gust", "风向": "wind_dir",
    "纬向风速(u)": "wind_u", "经向风速(v)": "wind_v", "总太阳辐射度(down)": "radiation",
    "总辐射": "radiation", "太阳总辐射": "radiation", "总云量(tcc)": "cloud", "总云量": "cloud",
    "日照时数": "sunshine", "边界层高度": "blh", "蒸发量": "evaporation", "能见度": "visibility",
}  # fmt: skip

#: Columns that are known and that nothing here uses, and the one that is not what it seems.
_UNUSED = frozenset(
    ["降雪量", "潜在蒸发量", "平均阵风风速", "低层云量(lcc)", "中层云量(mcc)", "高层云量(hcc)",
     "净太阳辐射度(net)", "直接辐射", "日照时数(峰值)", "紫外强度", "径流", "地表径流", "地下径流",
     "雷暴概率(tt)", "最大雷暴概率(tt)", "k指数", "对流可用位能", "数据调用时间:", "数据调用时间",
     "海拔", "海拔高度", "序号"]
)  # fmt: skip

_PLACE = ("参考地名", "地名", "站名", "站点", "站点名称", "城市", "地区")
_DATE = re.compile(r"^(?:日期|时间)(?:\((?P<zone>[^()]*)\))?$")
_AT_HEIGHT = re.compile(r"(?:2|10)m$")
_LONGITUDE, _LATITUDE = re.compile(r"^经度(?:\(.*\))?$"), re.compile(r"^纬度(?:\(.*\))?$")
_LOCAL = {"", "北京时间", "bjt", "lst", "utc+8", "gmt+8", "当地时间"}


def _name(column: str) -> str:
    """Return a header's name without its unit and the height of the sensor, in lower case."""
    name, _ = split_header(column)
    return _AT_HEIGHT.sub("", name.replace("，", ",").lower().strip())


def _known(column: str) -> bool:
    bare = column.strip()
    return (
        _name(bare) in _ITEMS
        or _name(bare) in _UNUSED
        or bare in _PLACE
        or any(pattern.match(bare) for pattern in (_DATE, _LONGITUDE, _LATITUDE))
    )


def _matches(lines: Sequence[Sequence[str]]) -> bool:
    header = list(lines[0])
    items = [_ITEMS[_name(cell)] for cell in header if _name(cell) in _ITEMS]
    return (
        sum(bool(_DATE.match(cell)) for cell in header) == 1
        # A temperature makes it weather; with two further items no other table has them all.
        and len(set(items)) >= 3
        and bool({"temp_mean", "temp_max", "temp_min"} & set(items))
        and all(_known(cell) for cell in header if cell)
    )


def _parse(sheet: Sheet, request: Request) -> Parsed:
    notes = Notes()
    ragged_rows(sheet, notes)
    body = sheet.named()
    day = next(column for column in body.columns if _DATE.match(column))
    utc = _is_utc(sheet, day)
    columns, ignored = _columns(sheet, body)
    named = next((column for column in _PLACE if column in body), "")
    place = body[named] if named else pd.Series(request.region, index=body.index, dtype="str")
    nameless = (place == "").to_numpy(bool)
    notes.problem(list(body.index[nameless]), named, [""] * int(nameless.sum()), "no place")
    date, why = times(body[day], last_year=request.last_year, whole_days=True)
    undated = np.isnat(date) & ~nameless
    notes.problem(list(body.index[undated]), day, list(body[day][undated]), list(why[undated]))
    usable = ~undated & ~nameless
    body, place = body[usable], place[usable]
    region = pd.Series(request.region, index=body.index, dtype="str")
    if named and not request.region_given:
        region = place
    cell = any(_name(column) == "总云量(tcc)" for column in body.columns)
    kind = "cell" if cell else "station" if named.startswith("站") else "city"
    rows = read_met_days(
        sheet.path, body, notes, region=region, place=place, place_kind=kind,
        date=date[usable].astype("datetime64[D]"), columns=columns, flag=UTC_DAY if utc else "",
        known_after=END_OF_UTC_DAY if utc else END_OF_DAY,
    )  # fmt: skip
    return Parsed(
        {"met_daily": rows},
        notes,
        len(date) + len(sheet.ragged),
        ignored,
        _places(body, region, place, kind),
    )


def _is_utc(sheet: Sheet, day: str) -> bool:
    match = _DATE.match(day)
    zone = ((match["zone"] if match else "") or "").lower().replace(" ", "")
    if zone in ("utc", "gmt", "世界时"):
        return True
    if zone in _LOCAL:
        return False
    raise InputError(
        f"{sheet.path}: the header {day} names a zone of time that is not known.",
        "Name the column 日期(UTC) or 日期(北京时间).",
    )


def _columns(sheet: Sheet, body: pd.DataFrame) -> tuple[list[MetColumn], tuple[str, ...]]:
    """Return the columns to read and those that are left out, with the reason where it matters."""
    found: dict[str, MetColumn] = {}
    ignored: list[str] = []
    for column in body.columns:
        name = _name(column)
        if name == "日照时数(峰值)":
            ignored.append(f"{column}: radiation again, no duration of sunshine")
        if name in _UNUSED:
            ignored += [] if name == "日照时数(峰值)" else [column]
            continue
        item = _ITEMS.get(name)
        if item is None:
            continue
        if item in found:
            raise InputError(
                f"{sheet.path} has two columns of {ITEMS[item].en}: {found[item].column} and "
                f"{column}.",
                "Remove one of them.",
            )
        convert = _conversion(sheet, column, name, item)
        if item == "evaporation":
            sign = _sign_of_evaporation(body[column])
            if not sign:
                ignored.append(f"{column}: both signs")
                continue
            convert = Conversion(convert.times * sign, convert.over)
        found[item] = MetColumn(column, item, convert, missing=(999999.0, 32766.0))
        if name.endswith("(tcc)") and np.nanmax(numbers(body[column]).values, initial=0) > 1:
            raise ContradictionError(
                f"{sheet.path}: column {column} exceeds 1, so it can't be a share of the sky.",
                "Write its unit into the header, such as 总云量(%).",
            )
    return list(found.values()), tuple(ignored)


def _conversion(sheet: Sheet, column: str, name: str, item: str) -> Conversion:
    unit = "1" if name.endswith("(tcc)") else split_header(column)[1]
    way = conversion(unit, ITEMS[item].unit) if unit else None
    if way is None:
        said = f"is in {unit}" if unit else "does not say its unit"
        raise InputError(
            f"{sheet.path}: column {column} {said}; {ITEMS[item].en} can be read in "
            f"{', '.join(known_units(item))}.",
            "Convert the column, or write its unit in brackets into the header.",
        )
    return way


def _sign_of_evaporation(text: pd.Series[str]) -> int:
    """Return −1 for downward fluxes, +1 for plain evaporation, 0 where neither is clear.

    Dew makes a tenth of days the other way round at most.
    """
    values = numbers(text).values
    values = values[~np.isnan(values) & (values != 0)]
    if not len(values):
        return 1
    share = float((values < 0).mean())
    return -1 if share >= 0.9 else 1 if share <= 0.1 else 0


def _places(
    body: pd.DataFrame, region: pd.Series[str], place: pd.Series[str], kind: str
) -> pd.DataFrame:
    """Return the places with their coordinates, the first of each that can be read."""
    places = pd.DataFrame({"region": region, "place": place, "place_kind": kind})
    for name, pattern in (("longitude", _LONGITUDE), ("latitude", _LATITUDE)):
        column = next((column for column in body.columns if pattern.match(column)), None)
        places[name] = np.nan if column is None else numbers(body[column]).values
    return places.drop_duplicates(["region", "place"], ignore_index=True)


LAYOUT = Layout(
    name="met_daily_zh",
    tables=("met_daily",),
    description="daily weather with units: 参考地名,…,日期(UTC),…,平均气温2m(℃),…,降水量(mm),…",
    matches=_matches,
    parse=_parse,
    region_fills=True,
)
