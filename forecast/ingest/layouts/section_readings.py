"""Readings of the national automatic water stations, every four hours or as snapshots.

``province,basin,city,river,section,time,class,class_num,status,water_temp_c,ph,do_mgl,…``. The
region is the city; where the source leaves it blank, the one given with ``--region``, else the
province. Rows of stopped stations
(停站) repeat an old reading and go to quarantine; rows under maintenance (维护) are kept and flagged.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecast.ingest.files.cells import times
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.parsed import Layout, Notes, Parsed, Request, ragged_rows
from forecast.ingest.readers.samples import read_items, water_type

__all__ = ["LAYOUT"]

_ITEMS = {
    "water_temp_c": "water_temp",
    "ph": "ph",
    "do_mgl": "do",
    "cond_uscm": "conductivity",
    "turb_ntu": "turbidity",
    "codmn_mgl": "codmn",
    "nh3n_mgl": "nh3n",
    "tp_mgl": "tp",
    "tn_mgl": "tn",
    "chla_mgl": "chla",
    "algae_cells": "algae",
}
_NEEDED = {"province", "city", "section", "time"}


def _matches(lines: Sequence[Sequence[str]]) -> bool:
    header = set(lines[0])
    return _NEEDED.issubset(header) and bool(header & set(_ITEMS))


def _parse(sheet: Sheet, request: Request) -> Parsed:
    notes = Notes()
    ragged_rows(sheet, notes)
    body = sheet.named()
    for optional in ("basin", "river", "status", "src"):
        if optional not in body:
            body[optional] = ""
    moments, why = times(body["time"], last_year=request.last_year)
    fallback = request.region if request.region_given else body["province"]
    region = body["city"].where(body["city"] != "", fallback)
    nameless = ((body["section"] == "") | (region == "")).to_numpy(bool)
    stopped = (body["status"] == "停站").to_numpy(bool) & ~nameless
    undated = np.isnat(moments) & ~nameless & ~stopped
    stale = "the station is stopped (停站); its values are old"
    for where, column, reason in (
        (nameless, "section", ["no section or no region"] * len(body)),
        (stopped, "status", [stale] * len(body)),
        (undated, "time", list(why)),
    ):
        at = np.flatnonzero(where)
        cells = body[column].to_numpy()
        notes.problem(list(body.index[at]), column, list(cells[at]), [reason[i] for i in at])
    usable = ~(nameless | stopped | undated)
    used, moments = body[usable], moments[usable]
    described = pd.DataFrame(
        {
            "region": region[usable],
            "place": used["section"],
            "basin": used["basin"],
            "river": used["river"],
            "water_type": water_type(
                used["river"], used["section"], [region[usable], used["section"]]
            ),
            "time": moments,
            "known_from": moments,
            "version": np.where(used["src"] == "generated", "generated", "unknown"),
            "flag": np.where(used["status"] == "维护", "maintenance", ""),
        },
        index=used.index,
    )
    items = {column: item for column, item in _ITEMS.items() if column in body}
    rows = read_items(
        sheet,
        described,
        body,
        items,
        notes,
        key=["region", "place", "time"],
        class_column=next((c for c in ("class", "class_num") if c in body), ""),
    )
    stored = {*items, *_NEEDED, "basin", "river", "status", "src", "class", "class_num"}
    ignored = tuple(column for column in body.columns if column not in stored)
    places = pd.DataFrame({"region": region[~nameless], "place": body["section"][~nameless]})
    places = places.drop_duplicates().assign(place_kind="section")
    return Parsed({"water_samples": rows}, notes, len(body) + len(sheet.ragged), ignored, places)


LAYOUT = Layout(
    name="section_readings",
    tables=("water_samples",),
    description="section readings: province,basin,city,river,section,time,class,…,ph,do_mgl,…",
    matches=_matches,
    parse=_parse,
    region_fills=True,
)
