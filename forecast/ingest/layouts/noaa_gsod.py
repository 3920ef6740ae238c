"""Global Summary of the Day (NOAA): one line a station and day, in US units.

``"STATION","DATE","LATITUDE",…,"TEMP","TEMP_ATTRIBUTES","DEWP",…,"PRCP","PRCP_ATTRIBUTES","SNDP","FRSHTT"``.
The days are days of UTC (flag ``utc_day``). °F, knots, inches and miles become °C, m/s, mm and km by
definition. "No value" is 9999.9, 999.9 or 99.99, by column.

* The station's pressure has four digits of which the first is cut off at 1000 hPa and above: 23.4 is
  1023.4. No station is above 150 hPa otherwise.
* The letter beside the rain says what it was summed from. H and I mean that no amount was reported
  (traces seen, or nothing heard): the 0.00 there is no measurement and counts as missing. A, B, C and
  E cover 6 to 18 hours: kept with the flag ``part_of_day``. D, F and G cover the day.
* The deepest snow and the signs of fog, rain and hail are not used.

Place is the station's number; its name and coordinates go to the sites. The region is the name that
the file gives, unless a person names one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecast.ingest.files.cells import numbers, times
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.parsed import Layout, Notes, Parsed, Request, ragged_rows
from forecast.ingest.readers.met_days import END_OF_UTC_DAY, UTC_DAY, MetColumn, read_met_days
from forecast.ingest.readers.units import SAME, Conversion, conversion

__all__ = ["LAYOUT", "noaa_places"]


def _way(unit: str, wanted: str) -> Conversion:
    return conversion(unit, wanted) or SAME


_FAHRENHEIT = _way("°F", "°C")
_KNOTS = _way("kn", "m/s")

_COLUMNS = (
    MetColumn("TEMP", "temp_mean", _FAHRENHEIT, (9999.9,)),
    MetColumn("MAX", "temp_max", _FAHRENHEIT, (9999.9,)),
    MetColumn("MIN", "temp_min", _FAHRENHEIT, (9999.9,)),
    MetColumn("DEWP", "dew_point", _FAHRENHEIT, (9999.9,)),
    MetColumn("SLP", "pressure_sea", SAME, (9999.9,)),
    MetColumn("STP", "pressure", SAME, (9999.9, 999.9)),
    MetColumn("VISIB", "visibility", _way("mile", "km"), (999.9,)),
    MetColumn("WDSP", "wind_speed", _KNOTS, (999.9,)),
    MetColumn("GUST", "wind_gust", _KNOTS, (999.9,)),
    MetColumn("PRCP", "precip", _way("inch", "mm"), (99.99,)),
)
_ABOUT = {"STATION", "DATE", "LATITUDE", "LONGITUDE", "ELEVATION", "NAME"}
_UNUSED = ("MXSPD", "SNDP", "FRSHTT")
_ATTRIBUTES = {f"{one.column}_ATTRIBUTES" for one in _COLUMNS}

#: Letters of PRCP_ATTRIBUTES: no amount was reported; the reports cover a part of the day.
_NO_AMOUNT, _PART = ("H", "I"), ("A", "B", "C", "E")


def _matches(lines: Sequence[Sequence[str]]) -> bool:
    header = {cell.upper() for cell in lines[0]}
    return (
        {"STATION", "DATE", "TEMP", "MAX", "MIN", "PRCP"} <= header
        and len(header) == len(lines[0])
        and header <= {*_ABOUT, *_UNUSED, *_ATTRIBUTES, *(one.column for one in _COLUMNS)}
    )


def _parse(sheet: Sheet, request: Request) -> Parsed:
    notes = Notes()
    ragged_rows(sheet, notes)
    whole = sheet.named()
    whole.columns = whole.columns.str.upper()
    nameless = (whole["STATION"] == "").to_numpy(bool)
    notes.problem(list(whole.index[nameless]), "STATION", [""] * int(nameless.sum()), "no station")
    date, why = times(whole["DATE"], last_year=request.last_year)
    undated = np.isnat(date) & ~nameless
    notes.problem(
        list(whole.index[undated]), "DATE", list(whole["DATE"][undated]), list(why[undated])
    )
    usable = ~nameless & ~undated
    body = whole[usable].copy()
    letter = body.get("PRCP_ATTRIBUTES", pd.Series("", index=body.index, dtype="str"))
    body["PRCP"] = body["PRCP"].mask(letter.isin(_NO_AMOUNT), "")
    if "STP" in body:
        body["STP"] = _restored(body["STP"])
    places = noaa_places(body, request)
    rows = read_met_days(
        sheet.path, body, notes, region=places["region"], place=places["place"],
        place_kind="station", date=date[usable].astype("datetime64[D]"),
        columns=[one for one in _COLUMNS if one.column in body], flag=UTC_DAY,
        known_after=END_OF_UTC_DAY,
    )  # fmt: skip
    part = set(body.index[letter.isin(_PART)])
    partly = (rows["item"] == "precip") & rows["row"].isin(part)
    rows["flag"] = rows["flag"].mask(partly, rows["flag"] + " part_of_day")
    ignored = tuple(c for c in _UNUSED if c in whole)
    return Parsed(
        {"met_daily": rows},
        notes,
        len(whole) + len(sheet.ragged),
        ignored,
        places.drop_duplicates(["region", "place"], ignore_index=True),
    )


def _restored(text: pd.Series[str]) -> pd.Series[str]:
    """Give station pressures below 150 hPa their thousand back."""
    values = numbers(text).values
    cut = values < 150
    return text.mask(cut, pd.Series([f"{v + 1000:.1f}" for v in values], index=text.index))


def noaa_places(body: pd.DataFrame, request: Request) -> pd.DataFrame:
    """Return the stations of lines with ``STATION, NAME, LATITUDE, LONGITUDE``, one row a line."""
    blank = pd.Series("", index=body.index, dtype="str")
    name = body.get("NAME", blank)
    region = name.where(name != "", body["STATION"])
    if request.region_given:
        region = pd.Series(request.region, index=body.index, dtype="str")
    return pd.DataFrame(
        {
            "region": region,
            "place": body["STATION"],
            "place_kind": "station",
            "name": name.where(name != "", body["STATION"]),
            "longitude": numbers(body.get("LONGITUDE", blank)).values,
            "latitude": numbers(body.get("LATITUDE", blank)).values,
        },
        index=body.index,
    )


LAYOUT = Layout(
    name="noaa_gsod",
    tables=("met_daily",),
    description="NOAA Global Summary of the Day: STATION,DATE,LATITUDE,…,TEMP,DEWP,SLP,…,PRCP,…",
    matches=_matches,
    parse=_parse,
    region_fills=True,
)
