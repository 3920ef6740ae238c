"""City days with a Chinese header, one file a city (aqistudy and its kin).

``日期,AQI,AQI级别|质量等级,PM2.5,PM10,SO2,CO,NO2,O3_8h,排名``: the official daily AQI and the true
daily maximum of the 8-hour O3. No city column as a rule: the file's name is the city. 0 means
"no value".
"""

from __future__ import annotations

from collections.abc import Sequence

from forecast.errors import InputError
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.parsed import Layout, Parsed, Request
from forecast.ingest.readers.daily import read_days

__all__ = ["LAYOUT"]

_ITEMS = {
    "aqi": "aqi_published",
    "pm2.5": "pm25",
    "pm10": "pm10",
    "so2": "so2",
    "no2": "no2",
    "co": "co",
    "o3_8h": "o3_8h",
    "o3-8h": "o3_8h",
    "o3": "o3_8h",
    "臭氧8小时": "o3_8h",
}
_DAY = "日期"
_CITY = "城市"
_REMARK = "备注"
#: Known and not stored: the level and the leading item follow from the values.
_IGNORED = ("aqi级别", "质量等级", "排名", "当天aqi排名", "首要污染物", _REMARK)


def _matches(lines: Sequence[Sequence[str]]) -> bool:
    header = [cell.lower() for cell in lines[0]]
    items = [_ITEMS[cell] for cell in header if cell in _ITEMS]
    # A column nobody knows may change what the others mean, so it makes another layout.
    known = {*_ITEMS, *_IGNORED, _DAY, _CITY}
    return (
        _DAY in header
        and "aqi" in header
        and len(items) >= 3
        and len(set(items)) == len(items)
        and known.issuperset(header)
    )


def _parse(sheet: Sheet, request: Request) -> Parsed:
    body = sheet.named()
    if request.region_given and _CITY in body:
        raise InputError(
            f"{sheet.path} names its cities in column {_CITY}, so --region can't apply.",
            "Leave --region out for this file.",
        )
    version = None
    if _REMARK in body:
        made = body[_REMARK].str.contains("生成", regex=False)
        version = made.map({True: "generated", False: "unknown"})
    return read_days(
        sheet,
        body,
        request,
        region=body.get(_CITY),
        day=_DAY,
        items={c: _ITEMS[c.lower()] for c in sheet.first if c.lower() in _ITEMS},
        zero_is_missing=True,
        version=version,
        ignored=tuple(c for c in sheet.first if c.lower() in _IGNORED),
    )


LAYOUT = Layout(
    name="city_day_header",
    tables=("air_daily",),
    description="city days with header 日期,AQI,AQI级别,PM2.5,PM10,SO2,CO,NO2,O3_8h",
    matches=_matches,
    parse=_parse,
    region_from_name=True,
)
