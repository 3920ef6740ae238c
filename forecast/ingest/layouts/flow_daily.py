"""Plain tables of daily flow: one row a gauge and day, the unit in the header.

``站名,日期,流量(m3/s)`` with an optional ``水位(m)``, or ``station,date,flow(m3/s)``; a region of its own
in ``城市`` or ``region``. Water levels are known and not stored. A flow without a unit is refused:
cubic metres, litres and cubic feet a second all occur.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import pandas as pd

from forecast.errors import InputError
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.parsed import Layout, Notes, Parsed, Request, ragged_rows
from forecast.ingest.readers.discharge import flow_factor, read_flow

__all__ = ["LAYOUT"]

_NAMES = {
    "站名": "place", "站点": "place", "水文站": "place", "测站": "place", "测站名称": "place",
    "水文站名": "place", "station": "place", "gauge": "place", "site": "place",
    "日期": "day", "时间": "day", "date": "day",
    "城市": "region", "地区": "region", "region": "region", "city": "region",
    "流量": "flow", "日均流量": "flow", "平均流量": "flow", "日平均流量": "flow",
    "flow": "flow", "discharge": "flow", "streamflow": "flow", "q": "flow",
    "水位": "level", "日均水位": "level", "平均水位": "level", "level": "level", "stage": "level",
    "站码": "code", "测站编码": "code", "station_code": "code",
    "河流": "river", "河名": "river", "河流名称": "river", "river": "river",
    "水系": "basin", "流域": "basin", "basin": "basin", "备注": "note", "note": "note",
}  # fmt: skip

_COLUMN = re.compile(r"(?P<name>[^()\[\]]*?)\s*(?:[(\[](?P<unit>[^()\[\]]*)[)\]])?")
_SUFFIX = re.compile(r"(?P<name>.*)_(?P<unit>m3s|m3/s|m3_s|cms|cfs)", re.IGNORECASE)


def _columns(cells: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return meaning → (column, unit); empty where a column is unknown or a meaning occurs twice."""
    found: dict[str, tuple[str, str]] = {}
    for cell in cells:
        match = _COLUMN.fullmatch(unicodedata.normalize("NFKC", cell).strip())
        suffix = _SUFFIX.fullmatch(match["name"]) if match is not None else None
        if match is None:
            return {}
        name = match["name"].lower()
        unit = match["unit"] or ""
        if suffix is not None and not unit:
            name = suffix["name"].lower()
            unit = "ft3/s" if suffix["unit"].lower() == "cfs" else "m3/s"
        meaning = _NAMES.get(name)
        if meaning is None or meaning in found:
            return {}
        found[meaning] = (cell, unit)
    return found


def _matches(lines: Sequence[Sequence[str]]) -> bool:
    return {"place", "day", "flow"}.issubset(_columns(lines[0]))


def _parse(sheet: Sheet, request: Request) -> Parsed:
    columns = _columns(sheet.first)
    name, unit = columns["flow"]
    factor = flow_factor(unit)
    if factor is None:
        said = f"has the unit {unit}, which is none of flow" if unit else "does not say its unit"
        raise InputError(
            f"{sheet.path}: column {name} {said}.",
            "Write the unit into the header, such as 流量(m3/s), flow(L/s) or flow(ft3/s).",
        )
    notes = Notes()
    ragged_rows(sheet, notes)
    body = sheet.named()
    place = body[columns["place"][0]]
    region = pd.Series(request.region, index=body.index, dtype="str")
    if "region" in columns:
        own = body[columns["region"][0]]
        region = own.where(own != "", request.region if request.region_given else "")
    rows = read_flow(
        body, request, notes, region=region, place=place, day=columns["day"][0], flow=name,
        factor=factor,
    )  # fmt: skip
    there = ((place != "") & (region != "")).to_numpy(bool)
    places = pd.DataFrame({"region": region[there], "place": place[there]}).drop_duplicates()
    ignored = tuple(
        column for meaning, (column, _) in columns.items()
        if meaning not in ("place", "day", "flow", "region")
    )  # fmt: skip
    rows_read = len(body) + len(sheet.ragged)
    places = places.assign(place_kind="gauge")
    return Parsed({"flow_daily": rows}, notes, rows_read, ignored, places)


LAYOUT = Layout(
    name="flow_daily",
    tables=("flow_daily",),
    description="daily flow: 站名,日期,流量(m3/s) or station,date,flow(m3/s)",
    matches=_matches,
    parse=_parse,
    region_from_name=True,
)
