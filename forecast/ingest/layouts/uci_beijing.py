"""Hours of the stations of Beijing from 2013 to 2017, air and weather (UCI, multi-site).

``No,year,month,day,hour,PM2.5,PM10,SO2,NO2,CO,O3,TEMP,PRES,DEWP,RAIN,wd,WSPM,station``, or with one
column ``datetime`` for the four. Missing is ``NA``; CO is in µg/m³ and is turned to mg/m³; the wind has
16 points. Weather becomes daily values. The city is called 北京, so that it is one with other sources;
the stations keep the names of the source.

The hour is taken as its end. The data set does not say so; measured: the 2016 day means of seven of
its stations are nearer to the city's official ones that way on two to three of four telling days
(PM2.5: mean difference 3.1 µg/m³ against 5.9), and its O3 peaks at 16 h, as that of stations whose
stamps are known to be ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ContradictionError
from forecast.ingest.files.cells import times
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.parsed import Layout, Notes, Parsed, Request, ragged_rows
from forecast.ingest.readers.hourly import hour_rows, read_lines
from forecast.ingest.readers.weather_hours import (
    bearing,
    joined_weather,
    weather_tables,
    wind_parts,
)

__all__ = ["BEIJING", "CLOCK_COLUMNS", "LAYOUT", "hour_of_columns"]

_AIR = {
    "PM2.5": "pm25",
    "PM10": "pm10",
    "SO2": "so2",
    "NO2": "no2",
    "CO": "co",
    "O3": "o3_1h",
}
_WEATHER = {
    "TEMP": "temp_mean",
    "PRES": "pressure",
    "DEWP": "dew_point",
    "RAIN": "precip",
    "WSPM": "wind_speed",
}
CLOCK_COLUMNS = ("year", "month", "day", "hour")
_IGNORED = ("No",)

#: The city, as the national sources call it.
BEIJING = "北京"

#: The stations of the data set, all of Beijing. Dingling is the control point of the city.
_STATIONS = frozenset(
    ["Aotizhongxin", "Changping", "Dingling", "Dongsi", "Guanyuan", "Gucheng", "Huairou",
     "Nongzhanguan", "Shunyi", "Tiantan", "Wanliu", "Wanshouxigong"]
)  # fmt: skip
_CONTROL = "Dingling"

#: CO [µg/m³] below which a column or a value must be in another unit: the cleanest air has 50.
_LEAST_CO = 40.0
_ENOUGH = 10


def _matches(lines: Sequence[Sequence[str]]) -> bool:
    header = set(lines[0])
    timed = "datetime" in header or set(CLOCK_COLUMNS).issubset(header)
    known = {*_AIR, *_WEATHER, "wd", "station", "datetime", *CLOCK_COLUMNS, *_IGNORED}
    return (
        timed
        and {"station", "PM2.5", "CO", "TEMP", "wd", "WSPM"}.issubset(header)
        and known.issuperset(header)
        and len(header) == len(lines[0])
    )


def hour_of_columns(
    body: pd.DataFrame, *, last_year: int
) -> tuple[NDArray[np.datetime64], pd.Series[str]]:
    """Return the stamp of each line of ``year, month, day, hour``, and why there is none."""
    text = body["year"] + "-" + body["month"] + "-" + body["day"] + " " + body["hour"] + ":00"
    moments, why = times(text, last_year=last_year)
    return moments.astype("datetime64[s]"), why


def _parse(sheet: Sheet, request: Request) -> Parsed:
    notes = Notes()
    ragged_rows(sheet, notes)
    body = sheet.named()
    if "datetime" in body:
        time = "datetime"
        moments, why = times(body[time], last_year=request.last_year)
        moments = moments.astype("datetime64[s]")
    else:
        time = "hour"
        moments, why = hour_of_columns(body, last_year=request.last_year)
    place = body["station"]
    ours = set(place) - {""} <= _STATIONS
    region = BEIJING if ours and not request.region_given else request.region
    columns = {c: n for c, n in {**_AIR, **_WEATHER}.items() if c in body}
    frame = read_lines(
        body,
        notes,
        region=pd.Series(region, index=body.index, dtype="str"),
        place=place,
        moments=moments,
        why=why,
        time=time,
        columns=columns,
    )
    frame["co"] = _milligrams(sheet.path, frame["co"], notes)
    air = [item for column, item in _AIR.items() if column in columns]
    weather = [item for column, item in _WEATHER.items() if column in columns]
    key = ["region", "place", "time"]
    names = {item: column for column, item in columns.items()}
    hours = hour_rows(
        sheet.path,
        frame[[*key, *air]],
        notes,
        names={item: names[item] for item in air},
        time=time,
        version="unknown",
    )
    met = frame[[*key, *weather]].copy()
    met["wind_u"], met["wind_v"] = wind_parts(
        met["wind_speed"].to_numpy(np.float64), bearing(body["wd"].loc[met.index])
    )
    # Repeats were counted with the air.
    met = met[~met.duplicated(key)]
    of_days = weather_tables(met, notes, names={item: names[item] for item in weather}, time=time)
    names_of_places = pd.Series(sorted(set(place) - {""}), dtype="str")
    places = pd.DataFrame(
        {
            "region": region,
            "place": names_of_places,
            "place_kind": "station",
            "name": names_of_places,
            "role": np.where(names_of_places == _CONTROL, "control", "evaluation"),
        }
    )
    return Parsed(
        {"air_hourly": hours, **of_days},
        notes,
        len(body) + len(sheet.ragged),
        tuple(c for c in sheet.first if c in _IGNORED),
        places,
    )


def _milligrams(path: Path, column: pd.Series[float], notes: Notes) -> NDArray[np.float64]:
    """Return CO [mg/m³] of a column in µg/m³.

    Raises:
        ContradictionError: the column is in mg/m³ already.
    """
    values = column.to_numpy(np.float64).copy()
    there = values[values > 0]
    if len(there) >= _ENOUGH and np.median(there) < _LEAST_CO:
        raise ContradictionError(
            f"{path}: column CO has a median of {np.median(there):g}, but this layout has CO in "
            "µg/m³, where clean air has over 100.",
            "If the file was converted to mg/m³, read it with a mapping that says so.",
        )
    low = (values > 0) & (values < _LEAST_CO)
    notes.problem(
        list(column.index[low]), "CO", [f"{v:g}" for v in values[low]],
        "too low for CO in µg/m³; the rest of the row is kept",
    )  # fmt: skip
    values[low] = np.nan
    return np.asarray(values / 1000.0)


LAYOUT = Layout(
    name="uci_beijing",
    tables=("air_hourly", "met_daily", "met_edges"),
    description="Beijing stations, hours: No,year,month,day,hour,PM2.5,…,TEMP,…,wd,WSPM,station",
    matches=_matches,
    parse=_parse,
    region_fills=True,
    joins_days=joined_weather,
)
