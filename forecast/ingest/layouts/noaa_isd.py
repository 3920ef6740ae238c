"""Integrated Surface Database (NOAA, ``global-hourly``): reports of a station with packed fields.

``"STATION","DATE","SOURCE",…,"REPORT_TYPE",…,"WND","CIG","VIS","TMP","DEW","SLP",…,"AA1",…``. ``WND`` is
``160,1,N,0031,1``: direction, quality, type, speed in tenths of m/s, quality; ``TMP`` is ``+0056,1``
in tenths of °C; nines mean "no value". Values of quality 3 and 7 (erroneous) are dropped, those of
quality 2 and 6 (suspect) are kept. ``DATE`` is UTC and becomes local time.

A day has the hours 00:00 to 23:00 of local time, of each hour the report nearest to it, a synoptic
one (FM-12) first, none further than 20 minutes. It needs 20 hours; or 6 of the 8 synoptic hours 02,
05, … 23 (75 %), and then its means are those of the synoptic hours alone, so that a station that
reports more by day is not too warm. The day's highest and lowest temperature come from 20 hours or more
and carry the flag ``from_hours``, since the true extremes fall between two reports.

Rain is the sum of the four 6-hour amounts that end at 02, 08, 14 and 20 o'clock: the day of surface
observation in China, from 20:00 to 20:00 (flag ``day_20_20``).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.ingest.files.cells import times
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.layouts.noaa_gsod import noaa_places
from forecast.ingest.parsed import Layout, Notes, Parsed, Request, ragged_rows
from forecast.ingest.readers.met_days import END_OF_DAY, weather_rows
from forecast.ingest.readers.met_hours import LEAST_HOURS, direction
from forecast.ingest.readers.weather_edges import edge_hours
from forecast.ingest.readers.weather_hours import wind_parts

__all__ = ["LAYOUT"]

#: Item → column, place of its value and of its quality among the parts, "no value", divisor.
_FIELDS: dict[str, tuple[str, int, int, str, float]] = {
    "temp_mean": ("TMP", 0, 1, "9999", 10),
    "dew_point": ("DEW", 0, 1, "9999", 10),
    "pressure_sea": ("SLP", 0, 1, "99999", 10),
    "visibility": ("VIS", 0, 1, "999999", 1000),
    "wind_speed": ("WND", 3, 4, "9999", 10),
    "wind_from": ("WND", 0, 1, "999", 1),
}
_MEANS = ("temp_mean", "dew_point", "pressure_sea", "visibility", "wind_speed", "wind_u", "wind_v")
_NEEDED = {"STATION", "DATE", "TMP", "WND"}
_ERRONEOUS = ("3", "7")

#: Reports that are sums of a day or a month, not of an hour.
_SUMMARIES = ("SOD", "SOM", "SY-SOD")

_EAST = np.timedelta64(8 * 3600, "s")
_SYNOPTIC = np.array([2, 5, 8, 11, 14, 17, 20, 23])
_LEAST_SYNOPTIC = 6
_NEAR = 20 * 60


def _matches(lines: Sequence[Sequence[str]]) -> bool:
    header = [cell.upper() for cell in lines[0]]
    return (
        set(header) >= _NEEDED
        and len(set(header)) == len(header)
        and bool({"REPORT_TYPE", "DEW", "SLP"} & set(header))
        # The packed form tells it from a table that merely has these names.
        and any(row[header.index("TMP")].count(",") == 1 for row in lines[2:] if len(row) > 1)
    )


def _parse(sheet: Sheet, request: Request) -> Parsed:
    notes = Notes()
    ragged_rows(sheet, notes)
    whole = sheet.named()
    whole.columns = whole.columns.str.upper()
    nameless = (whole["STATION"] == "").to_numpy(bool)
    notes.problem(list(whole.index[nameless]), "STATION", [""] * int(nameless.sum()), "no station")
    moment, why = times(whole["DATE"], last_year=request.last_year)
    undated = np.isnat(moment) & ~nameless
    notes.problem(
        list(whole.index[undated]), "DATE", list(whole["DATE"][undated]), list(why[undated])
    )
    keep = ~nameless & ~undated
    body = whole[keep]
    local = (moment[keep].astype("datetime64[s]") + _EAST).astype("datetime64[s]")
    values, names = _values(body, notes)
    places = noaa_places(body, request)
    number, stations = pd.factorize(places["place"])
    reports = pd.DataFrame({"place": number, "time": local, **values}, index=body.index)
    kind = body.get("REPORT_TYPE", pd.Series("", index=body.index, dtype="str")).str.strip()
    hours = _on_the_hour(reports[~kind.isin(_SUMMARIES).to_numpy(bool)], kind, list(values))
    known = places.drop_duplicates("place").set_index("place")
    hours = hours.assign(
        region=known["region"].reindex(stations[hours["place"]]).to_numpy(),
        place=stations[hours["place"]].to_numpy(),
    )
    rows = _rows(sheet.path, hours, notes, names)
    stamps = hours["hour"].to_numpy().astype("datetime64[h]").astype("datetime64[s]")
    stamped = hours.assign(
        time=stamps, date=stamps.astype("datetime64[D]").astype("datetime64[s]"), row=hours["line"]
    )
    edges = edge_hours(stamped, list(values), place_kind="station")
    used = {"STATION", "DATE", "NAME", "LATITUDE", "LONGITUDE", "REPORT_TYPE", *names.values()}
    return Parsed(
        {"met_daily": rows, "met_edges": edges},
        notes,
        len(whole) + len(sheet.ragged),
        tuple(column for column in whole.columns if column and column not in used),
        places.drop_duplicates(["region", "place"], ignore_index=True),
    )


def _rows(path: Path, hours: pd.DataFrame, notes: Notes, names: dict[str, str]) -> pd.DataFrame:
    """Return the rows of ``met_daily`` of one report an hour."""
    days = _days(hours, [item for item in _MEANS if item in hours])
    flags = dict.fromkeys(names, "") | {
        "temp_max": "from_hours", "temp_min": "from_hours", "precip": "day_20_20",
    }  # fmt: skip
    there = {item: column for item, column in names.items() if item in days}
    return weather_rows(
        path, days, notes, there, place_kind="station", flag=flags, known_after=END_OF_DAY
    )


def _joined(hours: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of ``met_daily`` of hours from several files."""
    seconds = hours["time"].to_numpy("datetime64[s]").astype(np.int64)
    frame = hours.assign(hour=seconds // 3600, line=hours["row"])
    items = [*(item for item in _MEANS if item in frame), "temp_max", "temp_min", "precip"]
    items += ["wind_dir"] if {"wind_u", "wind_v"} <= set(frame) else []
    if "temp_mean" not in frame:
        frame["temp_mean"] = np.nan
    return _rows(Path("two files"), frame, Notes(), {item: item for item in items})


def _values(
    body: pd.DataFrame, notes: Notes
) -> tuple[dict[str, NDArray[np.float64]], dict[str, str]]:
    """Return the values of the packed fields by item, and the column of each item of a day."""
    values: dict[str, NDArray[np.float64]] = {}
    names: dict[str, str] = {}
    for item, (column, at, quality, none, divisor) in _FIELDS.items():
        if column not in body:
            continue
        values[item], bad = _packed(body[column], at, quality, none, divisor)
        notes.problem(
            list(body.index[bad]), column, list(body[column][bad]),
            "not a packed field; the rest of the row is kept",
        )  # fmt: skip
        names[item] = column
    if {"wind_speed", "wind_from"} <= set(values):
        values["wind_u"], values["wind_v"] = wind_parts(values["wind_speed"], values["wind_from"])
        names |= dict.fromkeys(("wind_u", "wind_v", "wind_dir"), "WND")
    values.pop("wind_from", None)
    names.pop("wind_from", None)
    names |= dict.fromkeys(("temp_max", "temp_min"), "TMP")
    if "AA1" in body:
        values["precip"] = _six_hours(body["AA1"])
        names["precip"] = "AA1"
    return values, names


def _packed(
    text: pd.Series[str], at: int, quality: int, none: str, divisor: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return one value of a packed field, and where a cell isn't one."""
    codes, distinct = pd.factorize(text.to_numpy(dtype=object))
    values, bad = np.full(len(distinct), np.nan), np.zeros(len(distinct), bool)
    for number, cell in enumerate(distinct):
        parts = cell.split(",")
        if not cell:
            continue
        if len(parts) <= max(at, quality):
            bad[number] = True
            continue
        digits = parts[at].strip()
        if digits.lstrip("+-") == none or parts[quality].strip() in _ERRONEOUS:
            continue
        if not digits.lstrip("+-").isascii() or not digits.lstrip("+-").isdigit():
            bad[number] = True
            continue
        values[number] = int(digits) / divisor
    return values[codes], bad[codes]


def _six_hours(text: pd.Series[str]) -> NDArray[np.float64]:
    """Return amounts of rain over six hours [mm]; NaN for other periods and where there is none."""
    period, _ = _packed(text, 0, 3, "99", 1)
    depth, _ = _packed(text, 1, 3, "9999", 10)
    return np.where(period == 6, depth, np.nan)


def _on_the_hour(reports: pd.DataFrame, kind: pd.Series[str], items: list[str]) -> pd.DataFrame:
    """Return one report for each station and hour: synoptic ones first, then the nearest."""
    seconds = reports["time"].to_numpy("datetime64[s]").astype(np.int64)
    hour = (seconds + 1800) // 3600
    away = np.abs(seconds - hour * 3600)
    hours = reports.assign(
        hour=hour, away=away, other=(kind.reindex(reports.index) != "FM-12").to_numpy(), line=reports.index
    )[away <= _NEAR]  # fmt: skip
    hours = hours.sort_values(["place", "hour", "other", "away", "line"], kind="stable")
    # What the first report of an hour lacks, the next one may have.
    first: pd.DataFrame = hours.groupby(["place", "hour"])[[*items, "line"]].first()
    return first.reset_index()


def _days(hours: pd.DataFrame, means: list[str]) -> pd.DataFrame:
    """Return ``place, date`` and one column an item for each day; the index is its first line."""
    clock = (hours["hour"] % 24).to_numpy()
    hours = hours.assign(day=hours["hour"] // 24)
    key = ["region", "place", "day"]
    every = hours.groupby(key)[means]
    some = hours[np.isin(clock, _SYNOPTIC)].groupby(key)[means]
    enough = every.count() >= LEAST_HOURS
    synoptic = some.mean().where(some.count() >= _LEAST_SYNOPTIC)
    days = every.mean().where(enough)
    days = days.fillna(synoptic.reindex(days.index))
    temperature = hours.groupby(key)["temp_mean"]
    days["temp_max"] = temperature.max().where(enough["temp_mean"])
    days["temp_min"] = temperature.min().where(enough["temp_mean"])
    if {"wind_u", "wind_v"} <= set(days):
        days["wind_dir"] = direction(days["wind_u"].to_numpy(), days["wind_v"].to_numpy())
    if "precip" in hours:
        # The amount that ends at 20:00 closes the day; the one at 02:00 began the evening before.
        rain = (
            hours[np.isin(clock, (2, 8, 14, 20))].dropna(subset=["precip"]).groupby(key)["precip"]
        )
        days["precip"] = rain.sum().where(rain.count() == 4).reindex(days.index)
    days["line"] = hours.groupby(key)["line"].min()
    days = days.reset_index()
    days["date"] = days["day"].to_numpy().astype("datetime64[D]").astype("datetime64[s]")
    return days.drop(columns="day").set_index(pd.Index(days["line"].astype("int64"), name=None))


LAYOUT = Layout(
    name="noaa_isd",
    tables=("met_daily", "met_edges"),
    description="NOAA global-hourly: STATION,DATE,…,REPORT_TYPE,…,WND,CIG,VIS,TMP,DEW,SLP,…",
    matches=_matches,
    parse=_parse,
    region_fills=True,
    joins_days=_joined,
)
