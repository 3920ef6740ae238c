"""Hours of PM2.5 and weather of five cities from 2010 to 2015 (UCI), and the older file of Beijing.

``No,year,month,day,hour,season,PM_Dongsi,…,PM_US Post,DEWP,HUMI,PRES,TEMP,cbwd,Iws,precipitation,Iprec``:
one column ``PM_…`` a station; and ``No,year,month,day,hour,pm2.5,DEWP,TEMP,PRES,cbwd,Iws,Is,Ir`` of the
US mission in Beijing. The city stands in the file's name only, and is called by its Chinese name, so
that it is one with other sources. Missing is ``NA``.

``cbwd`` has four points and ``cv`` for calm and variable air, too coarse for the parts of the wind.
``Iws`` adds up the speed [m/s] while the direction lasts, so the speed of an hour is its growth.
``Iprec``, ``Is`` and ``Ir`` add up too and are not stored. The hour is taken as its end, like that of
the stations' own network (grade: assumed).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.ingest.files.sheet import Sheet
from forecast.ingest.layouts.uci_beijing import BEIJING, CLOCK_COLUMNS, hour_of_columns
from forecast.ingest.parsed import Layout, Notes, Parsed, Request, ragged_rows
from forecast.ingest.readers.hourly import HOUR, hour_rows, read_lines
from forecast.ingest.readers.weather_hours import joined_weather, weather_tables

__all__ = ["LAYOUT", "speed_of_sums"]

_WEATHER = {
    "DEWP": "dew_point",
    "HUMI": "rh",
    "PRES": "pressure",
    "TEMP": "temp_mean",
    "precipitation": "precip",
}
_SUM, _DIRECTION = "Iws", "cbwd"
_IGNORED = ("No", "season", "Iprec", "Is", "Ir")
_STATION = re.compile(r"PM_(.+)")
_ONE = "pm2.5"
_MISSION = "US Post"
_CITY = re.compile(r"^([A-Za-z]+?)_?PM_?[0-9]{8}")
_NAMES = {
    "Beijing": BEIJING, "Chengdu": "成都", "Guangzhou": "广州", "Shanghai": "上海", "Shenyang": "沈阳",
}  # fmt: skip


def _stations(header: Sequence[str]) -> dict[str, str]:
    """Return column → station of the columns of PM2.5."""
    found = {c: m[1].strip() for c in header if (m := _STATION.fullmatch(c)) is not None}
    if _ONE in header:
        found[_ONE] = _MISSION
    return found


def _matches(lines: Sequence[Sequence[str]]) -> bool:
    header = lines[0]
    stations = _stations(header)
    known = {*stations, *_WEATHER, _SUM, _DIRECTION, *CLOCK_COLUMNS, *_IGNORED}
    return (
        bool(stations)
        and {*CLOCK_COLUMNS, "DEWP", "TEMP", "PRES", _SUM, _DIRECTION}.issubset(header)
        and known.issuperset(header)
        and len(set(header)) == len(header)
    )


def _region(request: Request, header: Sequence[str]) -> str:
    if request.region_given:
        return request.region
    named = _CITY.match(request.region)
    if named is not None:
        return _NAMES.get(named[1].capitalize(), named[1])
    return BEIJING if _ONE in header else request.region


def _parse(sheet: Sheet, request: Request) -> Parsed:
    notes = Notes()
    ragged_rows(sheet, notes)
    body = sheet.named()
    stations = _stations(sheet.first)
    region = _region(request, sheet.first)
    city = pd.Series(region, index=body.index, dtype="str")
    moments, why = hour_of_columns(body, last_year=request.last_year)
    weather = {column: item for column, item in _WEATHER.items() if column in body}
    frame = read_lines(
        body,
        notes,
        region=city,
        place=city,
        moments=moments,
        why=why,
        time="hour",
        columns={**{column: column for column in stations}, _SUM: _SUM, **weather},
    )
    key = ["region", "place", "time"]
    parts = []
    for column, station in stations.items():
        mine = frame[[*key, column]].rename(columns={column: "pm25"})
        notes.missing += int(mine["pm25"].isna().sum())
        mine = mine[mine["pm25"].notna()].assign(place=station)
        parts.append(
            hour_rows(
                sheet.path, mine, notes, names={"pm25": column}, time="hour", version="unknown"
            )
        )
    met = frame[[*key, *weather.values()]].copy()
    met["wind_speed"] = speed_of_sums(
        frame[_SUM].to_numpy(np.float64),
        body[_DIRECTION].loc[frame.index],
        frame["time"].to_numpy("datetime64[s]"),
    )
    met = met[~met.duplicated(key)]
    names = {item: column for column, item in weather.items()} | {"wind_speed": _SUM}
    of_days = weather_tables(met, notes, names=names, time="hour", place_kind="city")
    places = pd.DataFrame(
        {
            "region": region,
            "place": [region, *stations.values()],
            "place_kind": ["city", *["station"] * len(stations)],
            "name": [region, *stations.values()],
            "role": ["", *["other" if s == _MISSION else "evaluation" for s in stations.values()]],
        }
    )
    return Parsed(
        {"air_hourly": pd.concat(parts, ignore_index=True), **of_days},
        notes,
        len(body) + len(sheet.ragged),
        tuple(c for c in sheet.first if c in _IGNORED),
        places,
    )


def speed_of_sums(
    sums: NDArray[np.float64], direction: pd.Series[str], ends: NDArray[np.datetime64]
) -> NDArray[np.float64]:
    """Return the wind speed [m/s] of each hour from sums that start anew with each direction.

    The first hour, and one after a gap, may be in the middle of a sum, so it has no speed.

    Args:
        sums: summed speed, shape ``(hour,)``.
        direction: its direction.
        ends: end of the hours, in the order of the file.

    >>> ends = np.datetime64("2010-01-01T00", "s") + np.arange(4) * np.timedelta64(3600, "s")
    >>> direction = pd.Series(["NW", "NW", "NW", "cv"])
    >>> speed_of_sums(np.array([1.79, 4.92, 6.71, 0.89]), direction, ends).round(2).tolist()
    [nan, 3.13, 1.79, 0.89]
    """
    if not len(sums):
        return sums
    cells = direction.to_numpy(dtype=object)
    follows = np.zeros(len(sums), bool)
    follows[1:] = (ends[1:] - ends[:-1] == HOUR) & ~np.isnan(sums[:-1])
    before = np.concatenate([[np.nan], sums[:-1]])
    same = np.concatenate([[False], cells[1:] == cells[:-1]])
    goes_on = same & (sums >= before)
    return np.where(follows, np.where(goes_on, sums - before, sums), np.nan)


LAYOUT = Layout(
    name="uci_cities",
    tables=("air_hourly", "met_daily", "met_edges"),
    description="PM2.5 and weather of five cities, hours: No,year,month,day,hour,season,PM_…,cbwd,Iws,…",
    matches=_matches,
    parse=_parse,
    region_from_name=True,
    joins_days=joined_weather,
)
