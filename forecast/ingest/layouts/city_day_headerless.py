"""City days without a header: city, day, AQI, range, level, PM2.5, PM10, SO2, CO, NO2, O3, rank.

Column 11 is the daily maximum of the **1-hour** O3 and column 3 a mean of hourly AQIs, so neither
may take the place of the 8-hour O3 or of the official AQI. 0 means "no value".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from forecast.ingest.files.sheet import Sheet
from forecast.ingest.parsed import Layout, Parsed, Request
from forecast.ingest.readers.daily import read_days

__all__ = ["LAYOUT"]

_COLUMNS = (
    "city", "date", "aqi", "range", "level", "pm2.5", "pm10", "so2", "co", "no2", "o3", "rank",
)  # fmt: skip
_ITEMS = {
    "aqi": "aqi_hourly_mean",
    "pm2.5": "pm25",
    "pm10": "pm10",
    "so2": "so2",
    "co": "co",
    "no2": "no2",
    "o3": "o3_1h",
}
_LEVELS = {"优", "良", "轻度污染", "中度污染", "重度污染", "严重污染", "", "无"}


def _matches(lines: Sequence[Sequence[str]]) -> bool:
    # The first line may be the damaged one, so any of the first few will do.
    return any(
        len(line) == len(_COLUMNS)
        and re.fullmatch(r"[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}", line[1]) is not None
        and re.fullmatch(r"[0-9.]*~[0-9.]*|", line[3]) is not None
        and line[4] in _LEVELS
        for line in lines
    )


def _parse(sheet: Sheet, request: Request) -> Parsed:
    body = sheet.cells.copy()
    body.columns = list(_COLUMNS)
    return read_days(
        sheet,
        body,
        request,
        region=body["city"],
        day="date",
        items=_ITEMS,
        zero_is_missing=True,
        ignored=("range", "level", "rank"),
    )


LAYOUT = Layout(
    name="city_day_headerless",
    tables=("air_daily",),
    description="city days without header: 城市,日期,AQI,小时范围,级别,PM2.5,…,O3 (1-hour maximum)",
    matches=_matches,
    parse=_parse,
)
