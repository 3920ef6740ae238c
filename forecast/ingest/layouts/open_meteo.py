"""Weather of Open-Meteo, days or hours, one place a file; the file's name is the place.

From JSON the reader makes ``time,temperature_2m_mean(°C),…,latitude,longitude,timezone``; the CSV form
has two lines with the coordinates above its own header ``time,temperature_2m (°C),…``. The unit is read
from each header, since a request may ask for any. The zone is in ``utc_offset_seconds`` or
``timezone``: days of UTC+8 are local days, days of GMT run from 08:00 to 08:00 (flag ``utc_day``), hours
of either are put in local time; other zones are refused.

Hours become days by :mod:`forecast.ingest.readers.met_hours`. Rain, radiation, sunshine and gusts are those of
the hour before the stamp, the rest are of the moment of the stamp. ``snow_depth`` is a depth of snow,
no water equivalent, and ``et0`` no evaporation that took place: both are left out. What a
forecast says of the weather is not a reading: a file from a folder or with a name that
says ``forecast`` is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import InputError
from forecast.ingest.files.cells import numbers, times
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.parsed import Layout, Notes, Parsed, Request
from forecast.ingest.readers.met_days import (
    END_OF_DAY,
    END_OF_UTC_DAY,
    UTC_DAY,
    MetColumn,
    read_met_days,
    weather_rows,
)
from forecast.ingest.readers.met_hours import DayRule, days_of_hours, direction
from forecast.ingest.readers.units import Conversion, conversion, known_units, split_header
from forecast.ingest.readers.weather_hours import wind_parts
from forecast.standards.items import ITEMS

__all__ = ["DAILY_ITEMS", "LAYOUT"]

#: Name of a daily column → the weather item.
DAILY_ITEMS = {
    "temperature_2m_mean": "temp_mean", "temperature_2m_max": "temp_max",
    "temperature_2m_min": "temp_min", "dew_point_2m_mean": "dew_point",
    "dewpoint_2m_mean": "dew_point", "relative_humidity_2m_mean": "rh",
    "surface_pressure_mean": "pressure", "pressure_msl_mean": "pressure_sea",
    "precipitation_sum": "precip", "wind_speed_10m_mean": "wind_speed",
    "windspeed_10m_mean": "wind_speed", "wind_gusts_10m_max": "wind_gust",
    "windgusts_10m_max": "wind_gust", "wind_direction_10m_dominant": "wind_dir",
    "winddirection_10m_dominant": "wind_dir", "shortwave_radiation_sum": "radiation",
    "cloud_cover_mean": "cloud", "cloudcover_mean": "cloud", "sunshine_duration": "sunshine",
    "visibility_mean": "visibility",
}  # fmt: skip

#: Name of an hourly column → the item whose unit it has; items of the days follow in ``_RULES``.
_HOURLY = {
    "temperature_2m": "temp_mean", "dew_point_2m": "dew_point", "dewpoint_2m": "dew_point",
    "relative_humidity_2m": "rh", "relativehumidity_2m": "rh", "surface_pressure": "pressure",
    "pressure_msl": "pressure_sea", "precipitation": "precip", "wind_speed_10m": "wind_speed",
    "windspeed_10m": "wind_speed", "wind_gusts_10m": "wind_gust", "windgusts_10m": "wind_gust",
    "wind_direction_10m": "wind_dir", "winddirection_10m": "wind_dir",
    "shortwave_radiation": "radiation", "cloud_cover": "cloud", "cloudcover": "cloud",
    "sunshine_duration": "sunshine", "boundary_layer_height": "blh", "visibility": "visibility",
}  # fmt: skip

_RULES = {
    "temp_mean": DayRule("temp_mean", "mean"),
    "temp_max": DayRule("temp_mean", "max"),
    "temp_min": DayRule("temp_mean", "min"),
    "dew_point": DayRule("dew_point", "mean"),
    "rh": DayRule("rh", "mean"),
    "pressure": DayRule("pressure", "mean"),
    "pressure_sea": DayRule("pressure_sea", "mean"),
    "precip": DayRule("precip", "sum", ends=True),
    "wind_speed": DayRule("wind_speed", "mean"),
    "wind_gust": DayRule("wind_gust", "max", ends=True),
    "wind_u": DayRule("wind_u", "mean"),
    "wind_v": DayRule("wind_v", "mean"),
    "radiation": DayRule("radiation", "sum", ends=True),
    "cloud": DayRule("cloud", "mean"),
    "sunshine": DayRule("sunshine", "sum", ends=True),
    "blh": DayRule("blh", "mean"),
    "visibility": DayRule("visibility", "mean"),
}

_ABOUT = frozenset(
    ["time", "latitude", "longitude", "elevation", "timezone", "timezone_abbreviation",
     "utc_offset_seconds", "generationtime_ms", "location_id"]
)  # fmt: skip

#: An hour's mean of 1 W/m² is 0.0036 MJ/m².
_WATTS = Conversion(times=36, over=10_000)

_FORECAST = re.compile(r"forecast|预报", re.IGNORECASE)
_MARKS = re.compile("[,;\t]")
_SECONDS = re.compile(r"-?[0-9]{1,5}")
_EAST = 8 * 3600
_ZONES = {"asia/shanghai": _EAST, "asia/chongqing": _EAST, "asia/urumqi": 6 * 3600,
          "asia/hong_kong": _EAST, "asia/macau": _EAST, "asia/taipei": _EAST, "gmt": 0, "utc": 0,
          "etc/utc": 0, "gmt+8": _EAST}  # fmt: skip


def _name(column: str) -> str:
    return split_header(column)[0].strip().lower()


def _is_header(cells: Sequence[str]) -> bool:
    names = [_name(cell) for cell in cells if cell]
    # Both forms spell at least one variable in the service's own way, height included.
    own = {name for name in (*DAILY_ITEMS, *_HOURLY) if "_" in name}
    return bool(names) and names[0] == "time" and bool(own & set(names))


def _apart(cells: Iterable[str]) -> list[str]:
    """Return the cells of a line above the table: one that is narrower holds the rest in its last."""
    return [part.strip() for cell in cells for part in _MARKS.split(cell)]


def _matches(lines: Sequence[Sequence[str]]) -> bool:
    if _is_header(lines[0]):
        return True
    top = {cell.lower() for cell in _apart(lines[0])}
    return {"latitude", "longitude", "utc_offset_seconds"} <= top and any(
        _is_header(line) for line in lines[1:6]
    )


def _parse(sheet: Sheet, request: Request) -> Parsed:
    where = [sheet.path.stem, *(part.name for part in list(sheet.path.parents)[:2])]
    if any(_FORECAST.search(name) for name in where):
        raise InputError(
            f"{sheet.path} is a forecast of the weather, not a reading.",
            "Give the file of the archive instead; if it is one, keep it under a name and in a "
            "folder without the word forecast.",
        )
    notes = Notes()
    body, about, above = _body(sheet, notes)
    offset = _offset(sheet, about)
    moments, why = times(body["time"], last_year=request.last_year)
    moments = moments.astype("datetime64[s]")
    undated = np.isnat(moments)
    notes.problem(
        list(body.index[undated]), "time", list(body["time"][undated]), list(why[undated])
    )
    kept, moments = body[~undated], moments[~undated]
    hourly = bool(body["time"].str.contains(":", regex=False).any())
    columns = _columns(sheet, body, _HOURLY if hourly else DAILY_ITEMS, hourly=hourly)
    if not columns:
        raise InputError(
            f"{sheet.path} has no {'hourly' if hourly else 'daily'} variable of weather that is known.",
            "Ask the service for variables such as temperature_2m and precipitation.",
        )
    used = {one.column for one in columns}
    ignored = tuple(c for c in body.columns if c not in used and _name(c) not in _ABOUT)
    make = _from_hours if hourly else _from_days
    rows = make(sheet, kept, moments, columns, request, offset, notes)
    places = pd.DataFrame(
        {
            "region": [request.region],
            "place": [request.region],
            "place_kind": ["cell"],
            "longitude": [_one(about, "longitude")],
            "latitude": [_one(about, "latitude")],
        }
    )
    read = len(body) + len(sheet.ragged) - above
    return Parsed({"met_daily": rows}, notes, read, ignored, places)


def _body(sheet: Sheet, notes: Notes) -> tuple[pd.DataFrame, dict[str, str], int]:
    """Return the data lines, what is said about the place, and how many ragged lines say it."""
    cells = sheet.cells
    line = next(
        int(label)
        for label, row in zip(cells.index[:8], cells.head(8).to_numpy(dtype=object), strict=False)
        if _is_header([str(cell) for cell in row])
    )
    body = sheet.named() if line == cells.index[0] else sheet.named(line)
    body = body.rename(columns={body.columns[0]: "time"})
    about = {
        _name(column): next((cell for cell in body[column] if cell), "")
        for column in body.columns
        if _name(column) in _ABOUT and column != "time"
    }
    top = cells[cells.index < line]
    if len(top) >= 2:
        names, values = _apart(top.iloc[0]), _apart(top.iloc[1])
        about |= {name.lower(): value for name, value in zip(names, values, strict=False) if name}
    above = {number for number in sheet.ragged if number < line}
    later = {number: fields for number, fields in sheet.ragged.items() if number not in above}
    notes.problem(
        list(later), "", [""] * len(later),
        [f"{fields} fields where the header has {body.shape[1]}" for fields in later.values()],
    )  # fmt: skip
    return body, about, len(above)


def _offset(sheet: Sheet, about: dict[str, str]) -> int:
    """Return the zone of the file as seconds east of UTC: 0 or 28800."""
    stated = about.get("utc_offset_seconds", "")
    zone = about.get("timezone", "")
    offset = int(stated) if _SECONDS.fullmatch(stated) else _ZONES.get(zone.lower())
    if offset in (0, _EAST):
        return offset
    said = f"is in the zone {zone or stated}" if zone or stated else "does not say its zone of time"
    raise InputError(
        f"{sheet.path} {said}, so its days can't be told.",
        "Ask the service again with timezone=Asia/Shanghai and keep the whole answer.",
    )


def _one(about: dict[str, str], name: str) -> float:
    return float(numbers(pd.Series([about.get(name, "")], dtype="str")).values[0])


def _columns(
    sheet: Sheet, body: pd.DataFrame, known: dict[str, str], *, hourly: bool
) -> list[MetColumn]:
    found: dict[str, MetColumn] = {}
    for column in body.columns:
        item = known.get(_name(column))
        if item is None:
            continue
        unit = split_header(column)[1]
        way = conversion(unit, ITEMS[item].unit)
        if hourly and item == "radiation" and unit.replace(" ", "") in ("W/m²", "W/m2"):
            way = _WATTS
        if way is None:
            raise InputError(
                f"{sheet.path}: column {column} {'is in ' + unit if unit else 'has no unit'}; "
                f"{ITEMS[item].en} can be read in {', '.join(known_units(item))}.",
                "Ask the service again in metric units and keep the whole answer.",
            )
        if item in found:
            raise InputError(
                f"{sheet.path} has two columns of {ITEMS[item].en}: {found[item].column} and "
                f"{column}.",
                "Ask the service for one model at a time.",
            )
        found[item] = MetColumn(column, item, way)
    return list(found.values())


def _from_days(
    sheet: Sheet,
    body: pd.DataFrame,
    moments: NDArray[np.datetime64],
    columns: list[MetColumn],
    request: Request,
    offset: int,
    notes: Notes,
) -> pd.DataFrame:
    region = pd.Series(request.region, index=body.index, dtype="str")
    return read_met_days(
        sheet.path, body, notes, region=region, place=region, place_kind="cell",
        date=moments.astype("datetime64[D]"), columns=columns, flag="" if offset else UTC_DAY,
        known_after=END_OF_DAY if offset else END_OF_UTC_DAY,
    )  # fmt: skip


def _from_hours(
    sheet: Sheet,
    body: pd.DataFrame,
    moments: NDArray[np.datetime64],
    columns: list[MetColumn],
    request: Request,
    offset: int,
    notes: Notes,
) -> pd.DataFrame:
    local = (moments + np.timedelta64(_EAST - offset, "s")).astype("datetime64[s]")
    values: dict[str, NDArray[np.float64]] = {}
    usable = np.ones(len(body), bool)
    for one in columns:
        read = numbers(body[one.column])
        notes.problem(
            list(body.index[read.bad]), one.column, list(body[one.column][read.bad]),
            "not a number; row set aside",
        )  # fmt: skip
        usable &= ~read.bad
        values[one.item] = one.convert(read.values)
    whole = local == local.astype("datetime64[h]").astype("datetime64[s]")
    notes.problem(
        list(body.index[~whole & usable]), "time", list(body["time"][~whole & usable]),
        "not a time on the hour",
    )  # fmt: skip
    again = pd.Series(local).duplicated().to_numpy(bool) & whole & usable
    notes.problem(
        list(body.index[again]), "time", list(body["time"][again]), "a second row of this hour"
    )
    usable &= whole & ~again
    if {"wind_speed", "wind_dir"} <= set(values):
        values["wind_u"], values["wind_v"] = wind_parts(values["wind_speed"], values["wind_dir"])
    rules = {item: rule for item, rule in _RULES.items() if rule.column in values}
    used = {item: found[usable] for item, found in values.items()}
    days = days_of_hours(np.zeros(int(usable.sum()), np.int64), local[usable], used, rules)
    if {"wind_u", "wind_v"} <= set(days):
        days["wind_dir"] = direction(days["wind_u"].to_numpy(), days["wind_v"].to_numpy())
    # A day has the line of its first hour.
    first = pd.Series(body.index[usable]).groupby(local[usable].astype("datetime64[D]")).min()
    lines = first.reindex(days["date"].to_numpy().astype("datetime64[D]"))
    days.index = pd.Index(lines.fillna(first.min() if len(first) else 0).astype("int64"))
    names = {one.item: one.column for one in columns}
    wind = names.get("wind_dir", "")
    temperature = names.get("temp_mean", "")
    names |= dict.fromkeys(("temp_max", "temp_min"), temperature) | dict.fromkeys(
        ("wind_u", "wind_v"), wind
    )
    return weather_rows(
        sheet.path,
        days.assign(region=request.region, place=request.region),
        notes,
        {item: names[item] for item in days.columns if item in names},
        place_kind="cell",
        flag=np.full(len(days), "", dtype="<U1"),
        known_after=END_OF_DAY,
    )


LAYOUT = Layout(
    name="open_meteo",
    tables=("met_daily",),
    description="weather of Open-Meteo: time,temperature_2m_mean(°C),…,latitude,longitude,timezone",
    matches=_matches,
    parse=_parse,
    region_from_name=True,
)
