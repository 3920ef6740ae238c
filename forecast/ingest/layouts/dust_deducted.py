"""Official export of city days with dust from afar taken out (扣沙).

``城市,城市编码,日期,SO2,NO2,PM10,CO,O3_8h,PM2.5,AQI,首要污染物,空气质量级别,等级,更新时间``. The values were
checked by the authority, so their version is ``audited``. An em dash stands for a value that was
taken out: where the four gases are there and PM10 or PM2.5 is a dash, the day is one of the dust
days of that item. Some updates publish the AQI with the dust and others without; on a dust day an AQI that is no
more than that of the gases alone is flagged ``dust_removed``. A dust day is known from the update
time of its line.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecast.ingest.files.cells import times
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.parsed import Layout, Parsed, Request
from forecast.ingest.readers.daily import read_days
from forecast.standards.aqi import daily_aqi

__all__ = ["LAYOUT"]

_ITEMS = {
    "so2": "so2",
    "no2": "no2",
    "pm10": "pm10",
    "co": "co",
    "o3_8h": "o3_8h",
    "pm2.5": "pm25",
    "aqi": "aqi_published",
}
_GASES = ("so2", "no2", "co", "o3_8h")
_CITY, _DAY, _UPDATED = "城市", "日期", "更新时间"
_IGNORED = ("城市编码", "首要污染物", "空气质量级别", "等级")
_REMOVED = frozenset(["—", "——", "–", "-", "--"])


def _matches(lines: Sequence[Sequence[str]]) -> bool:
    header = [cell.lower() for cell in lines[0]]
    known = {*_ITEMS, *_IGNORED, _CITY, _DAY, _UPDATED}
    return (
        {*_ITEMS, _CITY, _DAY, "城市编码", _UPDATED}.issubset(header)
        and known.issuperset(header)
        and len(set(header)) == len(header)
    )


def _parse(sheet: Sheet, request: Request) -> Parsed:
    body = sheet.named()
    body.columns = body.columns.str.lower()
    parsed = read_days(
        sheet,
        body,
        request,
        region=body[_CITY],
        day=_DAY,
        items=_ITEMS,
        zero_is_missing=True,
        version=pd.Series("audited", index=body.index, dtype="str"),
        ignored=tuple(c for c in sheet.first if c in _IGNORED),
    )
    air = parsed.tables["air_daily"]
    dust = _dust_days(air, body, request)
    parsed.tables["dust_days"] = dust
    _mark_aqi(air, dust["row"])
    return parsed


def _mark_aqi(air: pd.DataFrame, lines: pd.Series[int]) -> None:
    """Flag the AQIs on the dust days' ``lines`` that say nothing of the PM taken out."""
    on_days = air[air["row"].isin(lines)]
    table = on_days.pivot_table(index="row", columns="item", values="value")
    if "aqi_published" not in table:
        return
    dates = on_days.drop_duplicates("row").set_index("row")["date"].loc[table.index]
    gases = daily_aqi(
        table[list(_GASES)].to_numpy(),
        dates.to_numpy("datetime64[D]"),
        _GASES,
        not_monitored=("pm10", "pm25"),
    ).aqi
    without = table.index[table["aqi_published"].to_numpy() <= gases + 1]
    hit = air["row"].isin(without) & (air["item"] == "aqi_published")
    air.loc[hit, "flag"] = (air.loc[hit, "flag"] + " dust_removed").str.strip()


def _dust_days(air: pd.DataFrame, body: pd.DataFrame, request: Request) -> pd.DataFrame:
    """Return ``region, date, item`` of the days whose PM was taken out."""
    there = air[air["item"].isin(_GASES)].drop_duplicates(["row", "item"])
    complete = there.groupby("row").size()
    lines = complete.index[complete == len(_GASES)]
    days = there.drop_duplicates("row").set_index("row").loc[lines]
    updated, _ = times(body.loc[lines, _UPDATED], last_year=request.last_year)
    own = days["known_from"].to_numpy("datetime64[s]")
    known = np.where(np.isnat(updated), own, np.maximum(updated.astype("datetime64[s]"), own))
    parts = []
    for column, item in (("pm10", "pm10"), ("pm2.5", "pm25")):
        removed = body.loc[lines, column].isin(_REMOVED).to_numpy(bool)
        parts.append(
            pd.DataFrame(
                {
                    "region": days["region"].to_numpy()[removed],
                    "date": days["date"].to_numpy("datetime64[s]")[removed],
                    "item": item,
                    "version": "audited",
                    "flag": "",
                    "known_from": known[removed],
                    "row": lines.to_numpy(np.int32)[removed],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


LAYOUT = Layout(
    name="dust_deducted",
    tables=("air_daily", "dust_days"),
    description="official city days with dust removed: 城市,城市编码,日期,SO2,…,AQI,…,更新时间",
    matches=_matches,
    parse=_parse,
)
