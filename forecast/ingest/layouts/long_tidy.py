"""City days of many cities in one tidy table with English names.

``city,date,pm25,pm10,so2,no2,co,o3_max1h,o3_24h``: ``o3_max1h`` is the daily maximum of the 1-hour
O3 and ``o3_24h`` the daily mean; neither is the 8-hour O3 of the standard. Blank means "no value".
"""

from __future__ import annotations

from collections.abc import Sequence

from forecast.ingest.files.sheet import Sheet
from forecast.ingest.parsed import Layout, Parsed, Request
from forecast.ingest.readers.daily import read_days

__all__ = ["LAYOUT"]

_ITEMS = {
    "pm25": "pm25",
    "pm10": "pm10",
    "so2": "so2",
    "no2": "no2",
    "co": "co",
    "o3_8h": "o3_8h",
    "o3_max1h": "o3_1h",
    "o3_24h": "o3_24h",
}


def _matches(lines: Sequence[Sequence[str]]) -> bool:
    header = list(lines[0])
    # One item alone is too little to tell this table from others that start the same way.
    return (
        {"city", "date"}.issubset(header)
        and len(set(header)) == len(header)
        and len(set(header) & set(_ITEMS)) >= 2
        and {"city", "date", *_ITEMS}.issuperset(header)
    )


def _parse(sheet: Sheet, request: Request) -> Parsed:
    body = sheet.named()
    return read_days(
        sheet,
        body,
        request,
        region=body["city"],
        day="date",
        items={column: _ITEMS[column] for column in body.columns if column in _ITEMS},
        # 0 is not in use here for "no value", but no item is truly 0 over a whole day either.
        zero_is_missing=True,
    )


LAYOUT = Layout(
    name="long_tidy",
    tables=("air_daily",),
    description="city days in one table: city,date,pm25,pm10,so2,no2,co,o3_max1h,o3_24h",
    matches=_matches,
    parse=_parse,
)
