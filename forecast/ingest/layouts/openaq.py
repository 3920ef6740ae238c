"""Hours from OpenAQ: the daily files of its archive, and the answers of its API (version 3).

Archive: ``location_id,sensors_id,location,datetime,lat,lon,parameter,units,value``, one line a value.
API: ``value, parameter.name, parameter.units, period.datetimeTo.local, …``, one line a value of one
sensor; it does not name the station, so the place is the region.

Stamps are the end of the period (docs.openaq.org, "Dates, times and timezones": time-ending) and
carry their zone; they are turned to +08:00. A value that is not of one whole hour is set aside. The
unit stands on each line: µg/m³, and mg/m³ turned exactly; a gas in ppm or ppb goes to quarantine,
because its mass depends on a temperature and a pressure that the file does not say.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.ingest.files.cells import numbers, times
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.parsed import Layout, Notes, Parsed, Request, ragged_rows
from forecast.ingest.readers.checks import check_ranges_hold, outside
from forecast.ingest.readers.hourly import hour_rows
from forecast.ingest.readers.repeats import keep_first

__all__ = ["LAYOUT"]

_ITEMS = {"pm25": "pm25", "pm10": "pm10", "so2": "so2", "no2": "no2", "co": "co", "o3": "o3_1h"}
_ARCHIVE = {
    "location": "place", "datetime": "time", "parameter": "parameter", "units": "units",
    "value": "value", "lat": "latitude", "lon": "longitude",
}  # fmt: skip
_API = {
    "period.datetimeto.local": "time", "parameter.name": "parameter", "parameter.units": "units",
    "value": "value", "coordinates.latitude": "latitude", "coordinates.longitude": "longitude",
    "period.interval": "interval",
}  # fmt: skip
_ZONED = r".*[0-9](?:Z|[+-][0-9]{2}:?[0-9]{2})"
_MICRO = frozenset(["µg/m³", "μg/m³", "ug/m3", "µg/m3", "μg/m3", "ug/m³"])
_MILLI = frozenset(["mg/m³", "mg/m3"])


def _names(header: Sequence[str]) -> dict[str, str]:
    """Return column → what it is; empty where the header is neither form."""
    lower = [cell.lower() for cell in header]
    for form, needed in (
        (_ARCHIVE, {"location_id", "location", "datetime", "parameter", "units", "value"}),
        (_API, {"value", "parameter.name", "parameter.units", "period.datetimeto.local"}),
    ):
        if needed.issubset(lower) and len(set(lower)) == len(lower):
            return {c: form[c.lower()] for c in header if c.lower() in form}
    return {}


def _matches(lines: Sequence[Sequence[str]]) -> bool:
    return bool(_names(lines[0]))


def _parse(sheet: Sheet, request: Request) -> Parsed:
    notes = Notes()
    ragged_rows(sheet, notes)
    names = _names(sheet.first)
    column = {meaning: name for name, meaning in names.items()}
    body = sheet.named()
    if "place" not in column:
        body["place"] = request.region
        column["place"] = "place"
    moments, why = _local(body[column["time"]], request)
    usable = np.ones(len(body), bool)

    def set_aside(where: NDArray[np.bool_], name: str, reason: str | pd.Series[str]) -> None:
        at = np.flatnonzero(where & usable)
        said = reason if isinstance(reason, str) else list(reason.iloc[at])
        notes.problem(list(body.index[at]), name, list(body[name].iloc[at]), said)
        usable[at] = False

    parameter = body[column["parameter"]].str.lower()
    known = parameter.isin(list(_ITEMS)).to_numpy(bool)
    # Weather and particle counts of the same stations are no readings of this table.
    passed_over = tuple(f"parameter {p}" for p in sorted(set(parameter[~known]) - {""}))
    set_aside((parameter == "").to_numpy(bool), column["parameter"], "no parameter")
    usable &= known
    set_aside((body[column["place"]] == "").to_numpy(bool), column["place"], "no place")
    set_aside(np.isnat(moments), column["time"], why)
    whole = moments.astype("datetime64[h]").astype("datetime64[s]") == moments
    set_aside(~whole, column["time"], "not a value of a whole hour; row set aside")
    if "interval" in column:
        hourly = body[column["interval"]].isin(("01:00:00", "1:00:00")).to_numpy(bool)
        set_aside(~hourly, column["interval"], "not a 1-hour mean; row set aside")
    read = numbers(body[column["value"]])
    set_aside(read.bad, column["value"], "not a number; row set aside")
    values, unfit = _in_units(parameter, body[column["units"]], read.values)
    set_aside(unfit != "", column["units"], pd.Series(unfit, index=body.index, dtype="str"))
    gone = np.isnan(values) & usable
    notes.missing += int(gone.sum())
    usable &= ~gone
    long = pd.DataFrame(
        {
            "region": request.region,
            "place": body[column["place"]].to_numpy(),
            "item": parameter.map(_ITEMS).to_numpy(),
            "time": moments,
            "value": values,
        },
        index=body.index,
    )[usable]
    rows = _wide(sheet, long, notes, column)
    return Parsed(
        {"air_hourly": rows},
        notes,
        len(body) + len(sheet.ragged),
        tuple(c for c in sheet.first if c not in names) + passed_over,
        _places(request.region, body, column),
    )


def _local(text: pd.Series[str], request: Request) -> tuple[NDArray[np.datetime64], pd.Series[str]]:
    """Return times at +08:00 of stamps with a zone, and why there is none."""
    moments, why = times(text, last_year=request.last_year, convert_zones=True)
    local = moments.astype("datetime64[s]")
    zoned = text.str.fullmatch(_ZONED)
    why = why.mask((why == "") & ~zoned, "the time has no zone")
    local[(why != "").to_numpy(bool)] = np.datetime64("NaT", "s")
    return local, why


def _in_units(
    parameter: pd.Series[str], units: pd.Series[str], values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
    """Return the values [µg/m³; CO mg/m³] and why a unit can't be used, empty where it can."""
    plain = units.str.replace(" ", "", regex=False).str.lower()
    micro, milli = plain.isin(_MICRO).to_numpy(bool), plain.isin(_MILLI).to_numpy(bool)
    co = (parameter == "co").to_numpy(bool)
    turned = np.where(co & micro, values / 1000, np.where(~co & milli, values * 1000, values))
    mixing = plain.isin(("ppm", "ppb")).to_numpy(bool)
    why = np.select(
        [micro | milli, mixing],
        ["", "a mixing ratio has no mass without temperature and pressure; row set aside"],
        default="not a unit that is known here; row set aside",
    )
    return turned, why


def _wide(sheet: Sheet, long: pd.DataFrame, notes: Notes, column: dict[str, str]) -> pd.DataFrame:
    """Return one row a place and hour of one row a value."""
    key = ["region", "place", "item", "time"]
    long, contradicted = keep_first(
        long, key, ["value"], notes, column=column["time"], shown="%Y-%m-%d %H:%M",
        what="hour and item",
    )  # fmt: skip
    wrong = np.zeros(len(long), bool)
    found = long["value"].to_numpy(np.float64)
    for item in map(str, long["item"].unique()):
        mine = (long["item"] == item).to_numpy(bool)
        check_ranges_hold(sheet.path, f"{column['value']} of {item}", item, found[mine])
        wrong |= mine & outside(item, found)
    notes.problem(
        list(long.index[wrong]), column["value"], [f"{v:g}" for v in found[wrong]],
        [f"outside what {item} can be" for item in long["item"][wrong]],
    )  # fmt: skip
    long, contradicted = long[~wrong], contradicted[~wrong]
    items = [item for item in _ITEMS.values() if (long["item"] == item).any()]
    number = long.groupby(["region", "place", "time"], sort=False).ngroup().to_numpy()
    firsts = ~long.duplicated(["region", "place", "time"]).to_numpy(bool)
    frame = long.loc[firsts, ["region", "place", "time"]].copy()
    for item in items:
        mine = (long["item"] == item).to_numpy(bool)
        values = np.full(len(frame), np.nan)
        values[number[mine]] = long["value"].to_numpy(np.float64)[mine]
        frame[item] = values
    flag = np.full(len(frame), "", dtype="<U11")
    flag[number[contradicted]] = "conflicting"
    return hour_rows(
        sheet.path,
        frame,
        notes,
        names={item: f"{column['value']} of {item}" for item in items},
        time=column["time"],
        version="unknown",
        flag=flag,
    )


def _places(region: str, body: pd.DataFrame, column: dict[str, str]) -> pd.DataFrame:
    one = body[body[column["place"]] != ""].drop_duplicates(column["place"])
    places = pd.DataFrame(
        {
            "region": region,
            "place": one[column["place"]],
            "place_kind": "station",
            "name": one[column["place"]],
            "role": "other",
        }
    )
    for name, low, high in (("longitude", -180, 180), ("latitude", -90, 90)):
        if name in column:
            values = numbers(one[column[name]]).values
            places[name] = np.where((values >= low) & (values <= high), values, np.nan)
    return places.reset_index(drop=True)


LAYOUT = Layout(
    name="openaq",
    tables=("air_hourly",),
    description="OpenAQ: location_id,…,datetime,…,parameter,units,value, or measurements of its API",
    matches=_matches,
    parse=_parse,
    region_from_name=True,
)
