"""Daily means of provinces from a reanalysis of pollution and weather.

``province,date,pm25,pm10,so2,no2,co,o3_24h,wind_u_ms,wind_v_ms,temp_k,rh_pct,psfc_pa``: the units are
in the names (K, Pa). The pollutants are a model's, no readings, and are left out. The speed of the
wind is not worked out from the two mean components: the speed of a mean wind is less than the
mean of the speeds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecast.ingest.files.cells import times
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.parsed import Layout, Notes, Parsed, Request, ragged_rows
from forecast.ingest.readers.met_days import MetColumn, read_met_days
from forecast.ingest.readers.units import Conversion

__all__ = ["LAYOUT"]

_COLUMNS = (
    MetColumn("wind_u_ms", "wind_u"),
    MetColumn("wind_v_ms", "wind_v"),
    MetColumn("temp_k", "temp_mean", Conversion(before=-273.15)),
    MetColumn("rh_pct", "rh"),
    MetColumn("psfc_pa", "pressure", Conversion(over=100)),
)
_POLLUTANTS = ("pm25", "pm10", "so2", "no2", "co", "o3_24h")


def _matches(lines: Sequence[Sequence[str]]) -> bool:
    header = [cell.lower() for cell in lines[0]]
    ours = {one.column for one in _COLUMNS}
    return (
        {"province", "date"}.issubset(header)
        and len(set(header)) == len(header)
        and bool(ours & set(header))
        and {"province", "date", *ours, *_POLLUTANTS}.issuperset(header)
    )


def _parse(sheet: Sheet, request: Request) -> Parsed:
    notes = Notes()
    ragged_rows(sheet, notes)
    body = sheet.named()
    body.columns = pd.Index([str(column).lower() for column in body.columns])
    nameless = (body["province"] == "").to_numpy(bool)
    notes.problem(list(body.index[nameless]), "province", [""] * int(nameless.sum()), "no province")
    date, why = times(body["date"], last_year=request.last_year, whole_days=True)
    undated = np.isnat(date) & ~nameless
    notes.problem(
        list(body.index[undated]), "date", list(body["date"][undated]), list(why[undated])
    )
    usable = ~undated & ~nameless
    kept = body[usable]
    rows = read_met_days(
        sheet.path, kept, notes, region=kept["province"], place=kept["province"],
        place_kind="province", date=date[usable].astype("datetime64[D]"),
        columns=[one for one in _COLUMNS if one.column in body],
    )  # fmt: skip
    provinces = body["province"][~nameless].drop_duplicates()
    places = pd.DataFrame({"region": provinces, "place": provinces, "place_kind": "province"})
    return Parsed(
        {"met_daily": rows},
        notes,
        len(body) + len(sheet.ragged),
        tuple(f"{column}: reanalysis, not a reading" for column in _POLLUTANTS if column in body),
        places,
    )


LAYOUT = Layout(
    name="met_province_daily",
    tables=("met_daily",),
    description="weather of provinces: province,date,…,wind_u_ms,wind_v_ms,temp_k,rh_pct,psfc_pa",
    matches=_matches,
    parse=_parse,
)
