"""Hours of the national network, one line a point and hour.

``timepoint,stationcode,longitude,latitude,area,positionname,primarypollutant,aqi,pm10,pm10_24h,…``.
``timepoint`` is the end of the hour, so 00:00 belongs to the day before. The place is the code of the
point (``1001A``), as in the wide archives; its name, its city and its coordinates go to the list of
sites, and ``(对照点)`` in the name makes it a control point. The ``*_24h`` and 8-hour columns follow
from the hours and are not stored. A PM2.5 of 0 beside a normal PM10 is kept and flagged.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecast.ingest.files.cells import numbers, times
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.layouts.station_hourly import point_role
from forecast.ingest.parsed import Layout, Notes, Parsed, Request, ragged_rows
from forecast.ingest.readers.hourly import hour_rows, read_lines, stale
from forecast.ingest.readers.stated_units import check_stated_units

__all__ = ["LAYOUT"]

_ITEMS = {
    "pm10": "pm10",
    "pm2_5": "pm25",
    "o3": "o3_1h",
    "no2": "no2",
    "so2": "so2",
    "co": "co",
}
_NEEDED = {"timepoint", "stationcode", "area", "positionname"}
_COORDINATES = ("longitude", "latitude")
_IGNORED = (
    "primarypollutant", "aqi", "quality", "pm10_24h", "pm2_5_24h", "o3_24h", "o3_8h", "o3_8h_24h",
    "no2_24h", "so2_24h", "co_24h",
)  # fmt: skip

#: PM10 [µg/m³] beside which a PM2.5 of 0 is no measurement: the means differ by a factor of two.
_NORMAL_PM10 = 10.0


def _matches(lines: Sequence[Sequence[str]]) -> bool:
    header = [cell.lower() for cell in lines[0]]
    return (
        _NEEDED.issubset(header)
        and len(set(header) & set(_ITEMS)) >= 2
        and {*_NEEDED, *_ITEMS, *_COORDINATES, *_IGNORED}.issuperset(header)
        and len(set(header)) == len(header)
    )


def _parse(sheet: Sheet, request: Request) -> Parsed:
    notes = Notes()
    ragged_rows(sheet, notes)
    body = sheet.named()
    body.columns = body.columns.str.lower()
    items = {column: item for column, item in _ITEMS.items() if column in body}
    body = body[~body.index.isin(check_stated_units(sheet, items))]
    moments, why = times(body["timepoint"], last_year=request.last_year)
    moments = moments.astype("datetime64[s]")
    old = stale(body["stationcode"], moments)
    notes.problem(
        list(body.index[old]), "timepoint", list(body["timepoint"][old]),
        "the station repeats an old reading; the lines around it are of another day",
    )  # fmt: skip
    frame = read_lines(
        body,
        notes,
        region=body["area"],
        place=body["stationcode"],
        moments=moments,
        why=why,
        time="timepoint",
        columns=items,
        usable=~old,
    )
    flag = None
    if {"pm25", "pm10"}.issubset(frame.columns):
        zero = (frame["pm25"] == 0) & (frame["pm10"] >= _NORMAL_PM10)
        flag = np.where(zero.to_numpy(bool), "suspect_zero", "")
    rows = hour_rows(
        sheet.path,
        frame,
        notes,
        names={item: column for column, item in items.items()},
        time="timepoint",
        version="realtime",
        flag=flag,
    )
    return Parsed(
        {"air_hourly": rows},
        notes,
        len(body) + len(sheet.ragged),
        tuple(c for c in sheet.first if c.lower() in _IGNORED),
        _points(body),
    )


def _points(body: pd.DataFrame) -> pd.DataFrame:
    named = body[(body["area"] != "") & (body["stationcode"] != "")]
    one = named.drop_duplicates(["area", "stationcode"])
    points = pd.DataFrame(
        {
            "region": one["area"],
            "place": one["stationcode"],
            "place_kind": "station",
            "name": one["positionname"],
            "role": pd.Series(
                [point_role(name) for name in one["positionname"]], index=one.index, dtype="str"
            ),
        }
    )
    for column, (low, high) in (("longitude", (70, 140)), ("latitude", (3, 55))):
        if column in one:
            values = numbers(one[column]).values
            # Points without coordinates have 0 or nothing.
            points[column] = np.where((values >= low) & (values <= high), values, np.nan)
    return points.reset_index(drop=True)


LAYOUT = Layout(
    name="national_hourly_long",
    tables=("air_hourly",),
    description="hours of the national network: timepoint,stationcode,…,area,positionname,…,pm2_5,…",
    matches=_matches,
    parse=_parse,
)
