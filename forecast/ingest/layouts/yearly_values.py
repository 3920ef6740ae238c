"""Annual values that a person entered or copied from a bulletin: one row a region, indicator, year.

``region,indicator,year,value,unit,source,date`` or the same in Chinese
(``地区,指标,年份,数值,单位,来源,日期``), with an optional ``place``; CSV or XLSX. A value is known
from its date, or, where that is blank, from the end of its year.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecast.ingest.files.cells import numbers, times
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.parsed import Layout, Notes, Parsed, Request, ragged_rows
from forecast.ingest.readers.checks import outside_indicator
from forecast.standards.indicators import INDICATORS, indicator

__all__ = ["LAYOUT"]

_NAMES = {
    "地区": "region", "区域": "region", "城市": "region", "断面": "place", "点位": "place",
    "指标": "indicator", "年份": "year", "年": "year", "数值": "value", "值": "value",
    "单位": "unit", "来源": "source", "日期": "date",
}  # fmt: skip
_NEEDED = ("region", "indicator", "year", "value")
_KNOWN = {*_NEEDED, "unit", "source", "date", "place"}
_CHINESE = {known.zh: name for name, known in INDICATORS.items()}


def _header(cells: Sequence[str]) -> list[str]:
    return [_NAMES.get(cell, cell.lower()) for cell in cells]


def _matches(lines: Sequence[Sequence[str]]) -> bool:
    header = _header(lines[0])
    return (
        set(_NEEDED).issubset(header)
        and _KNOWN.issuperset(header)
        and len(set(header)) == len(header)
    )


def _parse(sheet: Sheet, request: Request) -> Parsed:
    notes = Notes()
    ragged_rows(sheet, notes)
    own = dict(zip(_header(sheet.first), sheet.first, strict=True))
    body = sheet.named()
    body.columns = pd.Index(_header(sheet.first))
    for optional in ("unit", "source", "date", "place"):
        if optional not in body:
            body[optional] = ""
    body["indicator"] = body["indicator"].replace(_CHINESE)
    value, year = numbers(body["value"]), numbers(body["year"].str.removesuffix("年"))
    date, why_date = times(body["date"], last_year=request.last_year)
    why = pd.Series("", index=body.index, dtype="str")
    column = why.copy()

    def refuse(where: np.ndarray, name: str, reason: pd.Series[str] | str) -> None:
        new = where & (why == "").to_numpy(bool)
        why[new] = reason if isinstance(reason, str) else reason[new]
        column[new] = name

    units = body["indicator"].map(_unit)
    whole = (year.values >= 1949) & (year.values <= request.last_year) & (year.values % 1 == 0)
    refuse((body["region"] == "").to_numpy(bool), "region", "no region")
    refuse((units == "?").to_numpy(bool), "indicator", "no such indicator")
    refuse(~whole, "year", "not a year")
    refuse(value.bad, "value", "not a number")
    refuse(value.missing, "value", "no value")
    stated = body["unit"].str.replace("μ", "µ").str.replace("m3", "m³")
    other = ((stated != "") & (stated != units)).to_numpy(bool)
    refuse(other, "unit", "another unit; expected " + units)
    for name in sorted(set(body["indicator"][units != "?"])):
        beyond = outside_indicator(name, indicator(name).unit, value.values)
        mine = (body["indicator"] == name).to_numpy(bool)
        refuse(mine & beyond, "value", f"outside what {name} can be")
    refuse(np.isnat(date) & (why_date != "no date").to_numpy(bool), "date", why_date)
    bad = (why != "").to_numpy(bool)
    for name in sorted(set(column[bad])):
        here = (column == name).to_numpy(bool) & bad
        notes.problem(
            list(body.index[here]), own.get(name, name), list(body[name][here]), list(why[here])
        )

    kept = body[~bad]
    years = year.values[~bad].astype(np.int32)
    ends = np.array([f"{y:04d}-12-31T23:59:59" for y in years], dtype="datetime64[s]")
    entered = date[~bad]
    known = np.where(np.isnat(entered), ends, entered + np.timedelta64(86399, "s"))
    rows = pd.DataFrame(
        {
            "region": kept["region"],
            "place": kept["place"].where(kept["place"] != "", kept["region"]),
            "indicator": kept["indicator"],
            "year": years,
            "value": value.values[~bad],
            "unit": units[~bad],
            "origin": kept["source"],
            "date": entered,
            "version": "unknown",
            "flag": "",
            "known_from": known,
            "row": kept.index.to_numpy(np.int32),
        }
    )
    key = ["region", "place", "indicator", "year", "origin"]
    later = rows.duplicated(key).to_numpy(bool)
    same = rows.duplicated([*key, "value"]).to_numpy(bool)
    notes.duplicates += int((later & same).sum())
    again = rows[later & ~same]
    notes.problem(
        list(again.index), own["value"], [f"{v:g}" for v in again["value"]],
        "a second value of this region, indicator and year from the same source",
    )  # fmt: skip
    rows = rows[~later].reset_index(drop=True)
    return Parsed({"yearly_values": rows}, notes, len(body) + len(sheet.ragged))


def _unit(name: str) -> str:
    try:
        return indicator(name).unit
    except KeyError:
        return "?"


LAYOUT = Layout(
    name="yearly_values",
    tables=("yearly_values",),
    description="annual values: region,indicator,year,value,unit,source,date",
    matches=_matches,
    parse=_parse,
)
