"""Emission inventories: year, region, sector, pollutant, tonnes; long, or a column a pollutant.

``年份,地区,行业,污染物,排放量(吨)`` or ``year,region,sector,pollutant,emission,unit``, and the wide form
``year,region,sector,SO2(t),NOx(t),…``. The unit stands in the header or in a column of its own; t, kg,
kt, Gg, Tg, 吨, 千吨 and 万吨 become tonnes. Without a unit the file is refused.

The five sectors of the national inventories are written in one way (``power``, ``industry``,
``residential``, ``transport``, ``agriculture``), and a total as ``total``; other sectors stay as the
source writes them. Pollutants are ``so2 nox pm25 pm10 voc nh3 co bc oc co2`` for air and ``cod nh3n tn
tp`` for water. Where a file has a province and a city, the city is the region.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import InputError
from forecast.ingest.files.cells import numbers
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.parsed import Layout, Notes, Parsed, Request, ragged_rows
from forecast.ingest.readers.repeats import keep_first
from forecast.ingest.readers.units import conversion, split_header

__all__ = ["LAYOUT", "POLLUTANTS", "SECTORS"]

#: Spellings of sectors → the name in the table.
SECTORS: dict[str, str] = {
    "power": "power", "电力": "power", "电厂": "power", "电力行业": "power", "energy": "power",
    "industry": "industry", "industrial": "industry", "工业": "industry", "工业源": "industry",
    "residential": "residential", "民用": "residential", "居民": "residential",
    "生活": "residential", "生活源": "residential", "domestic": "residential",
    "transport": "transport", "transportation": "transport", "交通": "transport",
    "移动源": "transport", "交通源": "transport", "agriculture": "agriculture",
    "agricultural": "agriculture", "农业": "agriculture", "农业源": "agriculture",
    "total": "total", "合计": "total", "总计": "total", "全部": "total", "all": "total",
}  # fmt: skip

#: Spellings of pollutants, without blanks, dots and signs → the code in the table.
POLLUTANTS: dict[str, str] = {
    "so2": "so2", "二氧化硫": "so2", "nox": "nox", "氮氧化物": "nox", "pm25": "pm25",
    "细颗粒物": "pm25", "pm10": "pm10", "可吸入颗粒物": "pm10", "voc": "voc", "vocs": "voc",
    "nmvoc": "voc", "挥发性有机物": "voc", "nh3": "nh3", "氨": "nh3", "co": "co",
    "一氧化碳": "co", "bc": "bc", "黑碳": "bc", "oc": "oc", "有机碳": "oc", "co2": "co2",
    "二氧化碳": "co2", "cod": "cod", "codcr": "cod", "化学需氧量": "cod", "nh3n": "nh3n",
    "氨氮": "nh3n", "tn": "tn", "总氮": "tn", "tp": "tp", "总磷": "tp",
}  # fmt: skip

_NAMES = {
    "年份": "year", "年": "year", "年度": "year", "year": "year",
    "地区": "region", "区域": "region", "region": "region", "area": "region",
    "城市": "city", "city": "city", "市": "city",
    "省份": "province", "省": "province", "province": "province",
    "行业": "sector", "部门": "sector", "源类": "sector", "排放源": "sector", "sector": "sector",
    "污染物": "pollutant", "pollutant": "pollutant", "species": "pollutant",
    "排放量": "value", "emission": "value", "emissions": "value", "value": "value",
    "单位": "unit", "unit": "unit", "来源": "source", "source": "source", "备注": "note",
    "note": "note",
}  # fmt: skip
_KEY = ("year", "region", "sector", "pollutant")

#: Most that is believed of one line [t]: the country's CO2 is near 1.2 · 10¹⁰ t a year.
_MOST = 2e10


def _pollutant(name: str) -> str:
    return POLLUTANTS.get(
        re.sub(r"[\s._₂₃\-]", "", name.replace("₂", "2").replace("₃", "3")).lower(), ""
    )


def _roles(header: Sequence[str]) -> dict[str, str] | None:
    """Return column → what it is (a pollutant's code with ``@`` before it), None for another table."""
    roles = {}
    for cell in header:
        name, unit = split_header(cell)
        role = _NAMES.get(name.strip().lower())
        code = "" if role else _pollutant(name)
        if role is None and not code:
            return None
        # A pollutant in µg/m³ is a concentration.
        if code and unit and conversion(unit, "t") is None:
            return None
        roles[cell] = role or f"@{code}"
    return roles


def _matches(lines: Sequence[Sequence[str]]) -> bool:
    roles = _roles([cell for cell in lines[0] if cell])
    if roles is None or len(roles) != len(lines[0]):
        return False
    found = list(roles.values())
    wide = any(role.startswith("@") for role in found)
    long = {"pollutant", "value"} <= set(found)
    # A wide table without sector or unit could hold concentrations.
    emitted = "sector" in found or "unit" in found or any(
        conversion(split_header(cell)[1], "t") for cell, role in roles.items() if role[0] == "@"
    )  # fmt: skip
    return (
        "year" in found
        and bool({"region", "city", "province"} & set(found))
        and wide != long
        and (long or emitted)
        and len(set(found)) == len(found)
    )


def _parse(sheet: Sheet, request: Request) -> Parsed:
    notes = Notes()
    ragged_rows(sheet, notes)
    body = sheet.named()
    roles = _roles(sheet.first) or {}
    own = {role: column for column, role in roles.items()}
    wide = [column for column, role in roles.items() if role.startswith("@")]
    region_column = next(own[r] for r in ("city", "region", "province") if r in own)
    year = numbers(body[own["year"]].str.removesuffix("年")).values
    fine = (year >= 1949) & (year <= request.last_year) & (year % 1 == 0)
    notes.problem(
        list(body.index[~fine]), own["year"], list(body[own["year"]][~fine]), "not a year"
    )
    nameless = (body[region_column] == "").to_numpy(bool) & fine
    notes.problem(
        list(body.index[nameless]), region_column, [""] * int(nameless.sum()), "no region"
    )
    usable = fine & ~nameless
    kept = body[usable]
    blank = pd.Series("total", index=kept.index, dtype="str")
    sector = kept[own["sector"]].map(_sector).astype("str") if "sector" in own else blank
    parts = []
    for column in wide or [own["value"]]:
        code = roles[column][1:] if wide else ""
        factor = _factors(sheet, column, kept, own, notes)
        read = numbers(kept[column])
        bad = read.bad | read.censored | (read.values < 0) | (read.values * factor > _MOST)
        notes.problem(
            list(kept.index[bad]), column, list(kept[column][bad]), "not an amount of emissions"
        )
        notes.missing += int(read.missing.sum())
        part = pd.DataFrame(
            {
                "region": kept[region_column],
                "year": year[usable].astype(np.int32),
                "sector": sector,
                "pollutant": code if wide else kept[own["pollutant"]].map(_pollutant).astype("str"),
                "value": read.values * factor,
            }
        )
        unknown = (part["pollutant"] == "").to_numpy(bool)
        if unknown.any():
            name = own["pollutant"]
            notes.problem(
                list(kept.index[unknown]), name, list(kept[name][unknown]), "not a known pollutant"
            )
        parts.append(part[~bad & ~read.missing & ~unknown & ~np.isnan(part["value"].to_numpy())])
    rows = pd.concat(parts)
    ends = pd.to_datetime(rows["year"].astype(str) + "-12-31 23:59:59")
    rows["known_from"] = ends.to_numpy("datetime64[s]")
    rows, contradicted = keep_first(
        rows, [*_KEY, "known_from"], ["value"], notes, column=own["year"], shown="%Y", what="year"
    )
    rows = rows.assign(
        version="unknown",
        flag=np.where(contradicted, "conflicting", ""),
        row=rows.index.to_numpy(np.int32),
    ).reset_index(drop=True)
    ignored = tuple(own[role] for role in ("source", "note") if role in own)
    if "province" in own and own["province"] != region_column:
        ignored += (own["province"],)
    return Parsed({"emissions": rows}, notes, len(body) + len(sheet.ragged), ignored)


def _sector(name: str) -> str:
    return SECTORS.get(name.strip().lower(), name.strip() or "total")


def _factors(
    sheet: Sheet, column: str, body: pd.DataFrame, own: dict[str, str], notes: Notes
) -> NDArray[np.float64]:
    """Return the factor to tonnes of each line; NaN where its own unit isn't one."""
    unit = split_header(column)[1]
    if unit:
        way = conversion(unit, "t")
        if way is None:
            raise InputError(
                f"{sheet.path}: column {column} is in {unit}, which is no unit of emissions.",
                "Convert it to tonnes and write (t) behind its name.",
            )
        return way(np.ones(len(body)))
    if "unit" not in own:
        raise InputError(
            f"{sheet.path}: column {column} does not say its unit.",
            "Write it into the header, such as 排放量(吨) or SO2(kt), or add a column unit.",
        )
    text = body[own["unit"]]
    ways = {said: conversion(said, "t") for said in set(text)}
    wrong = text.map({said: way is None for said, way in ways.items()}).to_numpy(bool)
    notes.problem(
        list(body.index[wrong]), own["unit"], list(text[wrong]),
        "not a unit of emissions (t, kt, 万吨 …); row set aside",
    )  # fmt: skip
    factors = {
        said: float("nan") if way is None else float(way(np.ones(1))[0])
        for said, way in ways.items()
    }
    return text.map(factors).to_numpy(np.float64)


LAYOUT = Layout(
    name="emission_inventory",
    tables=("emissions",),
    description="emissions: year,region,sector,pollutant,emission(t), or one column a pollutant",
    matches=_matches,
    parse=_parse,
)
