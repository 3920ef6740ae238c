"""City days under a header that lacks the column of the rank, so that six names stand one too far.

``日期,质量等级,AQI,PM2.5,PM10,SO2,NO2,CO,O3,城市``. The site's own table has the rank of the city after
the AQI; whoever copied it left out that name. What is called PM2.5 is the rank, PM10 is PM2.5, SO2
is PM10, CO is SO2 and O3 is CO; NO2 is right, and O3 itself is lost. The names alone can't tell:
the values do. A mean of CO in whole numbers beside an "O3" of a few tenths is impossible in any
unit, and the AQI must agree with the items that the columns truly hold.

The site cuts the AQI off at 300; such a value is flagged ``capped``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from forecast.errors import ContradictionError
from forecast.ingest.files.cells import numbers
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.parsed import Layout, Parsed, Request
from forecast.ingest.readers.daily import read_days
from forecast.standards.aqi import daily_aqi

__all__ = ["AQI_CAP", "LAYOUT"]

#: The highest AQI this site shows, in words and in figures the end of 重度污染.
AQI_CAP = 300.0

#: The name in the header → what the column holds.
_HOLDS = {
    "aqi": "aqi_published",
    "pm10": "pm25",
    "so2": "pm10",
    "no2": "no2",
    "co": "so2",
    "o3": "co",
}
_DAY = "日期"
_CITY = "城市"
_LEVELS = ("质量等级", "aqi级别")
_RANK = "pm2.5"

#: Days whose AQI may be below that of their items: slips of the site, not of the header.
_MOST_ODD = 0.05

#: Fewer days than this can't be compared with their AQI.
_ENOUGH = 10


def _matches(lines: Sequence[Sequence[str]]) -> bool:
    header = [cell.lower() for cell in lines[0]]
    known = {*_HOLDS, _RANK, _DAY, _CITY, *_LEVELS}
    if not {*_HOLDS, _RANK, _DAY}.issubset(header) or not known.issuperset(header):
        return False
    if len(set(header)) != len(header):
        return False
    rows = [line for line in lines[2:] if len(line) >= len(header)]
    cells = {
        name: pd.Series([row[header.index(name)] for row in rows], dtype="str")
        for name in ("co", "o3", _RANK)
    }
    read = {name: numbers(column).values for name, column in cells.items()}
    co, o3 = (read[name][~np.isnan(read[name])] for name in ("co", "o3"))
    if not len(co) or not len(o3):
        return False
    rank = read[_RANK][~np.isnan(read[_RANK])]
    # SO2 in whole µg/m³ under the name of CO, CO in tenths of mg/m³ under the name of O3.
    return bool(
        (co == np.round(co)).all()
        and (o3 != np.round(o3)).any()
        and 0.1 <= np.median(o3) < 5
        and o3.max() < 20
        and co.max() < 500
        and (rank == np.round(rank)).all()
    )


def _parse(sheet: Sheet, request: Request) -> Parsed:
    body = sheet.named()
    items = {c: _HOLDS[c.lower()] for c in sheet.first if c.lower() in _HOLDS}
    _confirm(sheet.path, body, items)
    rank = next(c for c in sheet.first if c.lower() == _RANK)
    ignored = [c for c in sheet.first if c.lower() in _LEVELS]
    ignored.append(f"{rank} (the header is shifted: this column holds the rank of the city)")
    return read_days(
        sheet,
        body,
        request,
        region=body.get(_CITY),
        day=_DAY,
        items=items,
        zero_is_missing=True,
        ignored=tuple(ignored),
        aqi_cap=AQI_CAP,
    )


def _confirm(path: Path, body: pd.DataFrame, items: dict[str, str]) -> None:
    """Stop where the AQI is below what the items of the day alone would give."""
    read = {item: numbers(body[column]).values for column, item in items.items()}
    five = ("so2", "no2", "pm10", "pm25", "co")
    values = np.column_stack([read[item] for item in five])
    aqi = read["aqi_published"]
    usable = ~np.isnan(aqi) & (aqi > 0) & (values > 0).all(axis=1) & (aqi < AQI_CAP)
    if usable.sum() < _ENOUGH:
        return
    # Of the two rules the older has the higher limits of PM, so it never blames a day wrongly.
    least = daily_aqi(
        values[usable], None, five, "HJ 633-2012", not_monitored=("o3_8h",)
    ).aqi.astype(np.float64)
    odd = (least > aqi[usable] + 1).mean()
    if odd > _MOST_ODD:
        raise ContradictionError(
            f"{path}: the columns look shifted by one, but on {odd:.0%} of the days the AQI is "
            "below that of the items they would then hold.",
            "Compare the header with the source's own page and correct it.",
        )


LAYOUT = Layout(
    name="shifted_header",
    tables=("air_daily",),
    description="city days 日期,质量等级,AQI,PM2.5,PM10,SO2,NO2,CO,O3,城市 whose names stand one too far",
    matches=_matches,
    parse=_parse,
    region_from_name=True,
)
