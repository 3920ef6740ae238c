"""Hours of the stations of one city, as pm25.in gave them; the file's name is the city.

``Date,Hour,WatchPoint,AQI,Level,PrimaryPollution,PM2.5,PM10,CO,NO2,O3_1h,O3_8h,SO2``: ``20200402`` and
``08``, the end of the hour. Missing is the text ``NaN``. A station may come several times an hour, and
a closed one keeps its last time for years. Its name may carry notes: ``(对照点)`` marks a control
point, ``(181124启用)`` or ``(启用181031)`` the day from which it counts, ``停用`` the day it closed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.ingest.files.cells import numbers, times
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.parsed import Layout, Notes, Parsed, Request, ragged_rows
from forecast.ingest.readers.hourly import hour_rows, read_lines, stale
from forecast.ingest.readers.stated_units import check_stated_units

__all__ = ["LAYOUT", "point_role"]

_ITEMS = {
    "pm2.5": "pm25",
    "pm10": "pm10",
    "co": "co",
    "no2": "no2",
    "o3_1h": "o3_1h",
    "so2": "so2",
}
_NEEDED = {"date", "hour", "watchpoint"}
_IGNORED = ("aqi", "level", "primarypollution", "o3_8h")
_CONTROL = re.compile(r"对照点|清洁对照")
_OPENED = re.compile(r"\((?:([0-9]{6})启用|启用([0-9]{6}))\)")
_CLOSED = re.compile(r"\((?:([0-9]{6})停用|停用([0-9]{6}))\)")


def point_role(name: str) -> str:
    """Return the role that the name of a point tells.

    >>> point_role("定陵(对照点)"), point_role("万寿西宫")
    ('control', 'evaluation')
    """
    return "control" if _CONTROL.search(name) else "evaluation"


def _matches(lines: Sequence[Sequence[str]]) -> bool:
    header = [cell.lower() for cell in lines[0]]
    return (
        _NEEDED.issubset(header)
        and {*_NEEDED, *_ITEMS, *_IGNORED}.issuperset(header)
        and len(set(header) & set(_ITEMS)) >= 2
        and len(set(header)) == len(header)
    )


def _parse(sheet: Sheet, request: Request) -> Parsed:
    notes = Notes()
    ragged_rows(sheet, notes)
    body = sheet.named()
    body.columns = body.columns.str.lower()
    items = {column: item for column, item in _ITEMS.items() if column in body}
    body = body[~body.index.isin(check_stated_units(sheet, items))]
    region = pd.Series(request.region, index=body.index, dtype="str")
    place = body["watchpoint"]
    moments, why = _ends(body, request)
    old = stale(place, moments)
    notes.problem(
        list(body.index[old]), "date", list(body["date"][old] + " " + body["hour"][old]),
        "the station repeats an old reading; the lines around it are of another day",
    )  # fmt: skip
    frame = read_lines(
        body,
        notes,
        region=region,
        place=place,
        moments=moments,
        why=why,
        time="date",
        columns=items,
        usable=~old,
    )
    rows = hour_rows(
        sheet.path,
        frame,
        notes,
        names={item: column for column, item in items.items()},
        time="date",
        version="realtime",
    )
    return Parsed(
        {"air_hourly": rows},
        notes,
        len(body) + len(sheet.ragged),
        tuple(c for c in sheet.first if c.lower() in _IGNORED),
        _points(request.region, place),
    )


def _ends(body: pd.DataFrame, request: Request) -> tuple[NDArray[np.datetime64], pd.Series[str]]:
    """Return the end of the hour of each line, and why there is none."""
    days, why = times(body["date"], last_year=request.last_year)
    hours = numbers(body["hour"]).values
    fine = (hours >= 0) & (hours <= 24) & (hours == np.round(hours))
    days = days.astype("datetime64[s]")
    # A date that carries a time of its own beside the hour says two things.
    plain = days == days.astype("datetime64[D]")
    why = why.mask((why == "") & ~plain, "the date has a time of its own")
    why = why.mask((why == "") & ~fine, "not an hour from 0 to 24")
    ends = days + np.where(fine, hours, 0).astype("timedelta64[h]")
    ends[(why != "").to_numpy(bool)] = np.datetime64("NaT", "s")
    return ends, why


def _points(region: str, place: pd.Series[str]) -> pd.DataFrame:
    names = sorted(set(place) - {""})
    return pd.DataFrame(
        {
            "region": region,
            "place": pd.Series(names, dtype="str"),
            "place_kind": "station",
            "name": pd.Series(names, dtype="str"),
            "role": pd.Series([point_role(name) for name in names], dtype="str"),
            "valid_from": _noted(names, _OPENED),
            "valid_to": _noted(names, _CLOSED),
        }
    )


def _noted(names: list[str], pattern: re.Pattern[str]) -> pd.Series[pd.Timestamp]:
    """Return the days (``yymmdd`` in brackets) that the names carry; NaT where there is none."""
    found = [pattern.search(name) for name in names]
    text = ["" if one is None else one[1] or one[2] for one in found]
    return pd.Series(pd.to_datetime(pd.Series(text), format="%y%m%d", errors="coerce")).astype(
        "datetime64[s]"
    )


LAYOUT = Layout(
    name="station_hourly",
    tables=("air_hourly",),
    description="hours of a city's stations: Date,Hour,WatchPoint,AQI,Level,…,PM2.5,…,SO2",
    matches=_matches,
    parse=_parse,
    region_from_name=True,
)
