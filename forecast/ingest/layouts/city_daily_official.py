"""City days with the official AQI, its level and the city's rank, English names.

``city,date,aqi,level,rank,pm25,pm10,no2,so2,co``: official values, no O3 among them. The AQI is cut
off at 300 by the site; such a value is flagged ``capped``.
"""

from __future__ import annotations

from collections.abc import Sequence

from forecast.ingest.files.sheet import Sheet
from forecast.ingest.layouts.shifted_header import AQI_CAP
from forecast.ingest.parsed import Layout, Parsed, Request
from forecast.ingest.readers.daily import read_days

__all__ = ["LAYOUT"]

_ITEMS = {
    "aqi": "aqi_published",
    "pm25": "pm25",
    "pm10": "pm10",
    "no2": "no2",
    "so2": "so2",
    "co": "co",
    "o3_8h": "o3_8h",
}
_NEEDED = {"city", "date", "aqi", "level", "pm25"}
_IGNORED = ("level", "rank")
_LEVELS = {"优", "良", "轻度污染", "中度污染", "重度污染", "严重污染", "", "无"}


def _matches(lines: Sequence[Sequence[str]]) -> bool:
    header = [cell.lower() for cell in lines[0]]
    if not _NEEDED.issubset(header) or not {*_ITEMS, *_IGNORED, "city", "date"}.issuperset(header):
        return False
    if len(set(header)) != len(header):
        return False
    aqi, level = header.index("aqi"), header.index("level")
    rows = [line for line in lines[2:] if len(line) >= len(header)]
    # Means of hourly AQIs have decimals; the official one is a whole number.
    return (
        all(row[level] in _LEVELS for row in rows)
        and any(row[level] for row in rows)
        and not any("." in row[aqi].removesuffix(".0") for row in rows)
    )


def _parse(sheet: Sheet, request: Request) -> Parsed:
    body = sheet.named()
    body.columns = body.columns.str.lower()
    return read_days(
        sheet,
        body,
        request,
        region=body["city"],
        day="date",
        items={column: _ITEMS[column] for column in body.columns if column in _ITEMS},
        zero_is_missing=True,
        ignored=tuple(column for column in body.columns if column in _IGNORED),
        aqi_cap=AQI_CAP,
    )


LAYOUT = Layout(
    name="city_daily_official",
    tables=("air_daily",),
    description="city days with official AQI: city,date,aqi,level,rank,pm25,pm10,no2,so2,co",
    matches=_matches,
    parse=_parse,
)
