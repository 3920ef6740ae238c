"""The weekly bulletin of the national automatic water stations: pH, DO, CODMn, NH3-N and class.

``basin,section,section_id,river,year,week,week_exact,date_monday,seg_desc_in_year,…``: one row a
section and week, dated by the Monday. Where ``week_exact`` is False the Monday is right within two
weeks and two bulletins may share it; then the newer of the two (lower ``seg_desc_in_year``) is dated a
week on, or, where that week is taken, the older a week back, so that no value is lost; such rows
are flagged ``date_approximate``. A bulletin is known from the end of its week, never before the
end of the one the source gives. Rows without a Monday are known by their order alone and go to
quarantine. 0 is below detection.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.ingest.files.cells import numbers, times
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.parsed import Layout, Notes, Parsed, Request, ragged_rows
from forecast.ingest.readers.samples import read_items, water_type

__all__ = ["LAYOUT"]

_ITEMS = {"ph": "ph", "do_mgl": "do", "codmn_mgl": "codmn", "nh3n_mgl": "nh3n"}
_NEEDED = {"section_id", "river", "date_monday"}

#: A bulletin is out when its week is: Sunday, 23:59:59.
_END_OF_WEEK = np.timedelta64(7 * 86400 - 1, "s")


def _matches(lines: Sequence[Sequence[str]]) -> bool:
    header = set(lines[0])
    return _NEEDED.issubset(header) and bool(header & set(_ITEMS))


def _parse(sheet: Sheet, request: Request) -> Parsed:
    notes = Notes()
    ragged_rows(sheet, notes)
    body = sheet.named()
    nameless = (body["section_id"] == "").to_numpy(bool)
    notes.problem(
        list(body.index[nameless]), "section_id", [""] * int(nameless.sum()), "no section"
    )
    monday, why = times(body["date_monday"], last_year=request.last_year)
    undated = np.isnat(monday) & ~nameless
    reason = why.mask(why == "no date", "no date: only the order of the bulletins is known")
    notes.problem(
        list(body.index[undated]), "date_monday", list(body["date_monday"][undated]),
        list(reason[undated]),
    )  # fmt: skip
    usable = ~undated & ~nameless
    lines = body[usable]
    approximate = np.zeros(len(lines), bool)
    if "week_exact" in lines:
        approximate = (lines["week_exact"].str.lower() == "false").to_numpy(bool)
    stated = monday[usable]
    monday = _apart(lines, stated, approximate)
    described = pd.DataFrame(
        {
            "region": request.region,
            "place": lines["section_id"],
            "basin": lines.get("basin", ""),
            "river": lines["river"],
            "water_type": water_type(lines["river"], lines["section_id"], [lines["section_id"]]),
            "time": monday,
            "known_from": np.maximum(monday, stated) + _END_OF_WEEK,
            "version": "unknown",
            "flag": np.where(approximate, "date_approximate", ""),
        },
        index=lines.index,
    )
    items = {column: item for column, item in _ITEMS.items() if column in body}
    rows = read_items(
        sheet,
        described,
        body,
        items,
        notes,
        key=["place", "time"],
        class_column=next((c for c in ("class", "class_num") if c in body), ""),
    )
    stored = {*items, *_NEEDED, "basin", "class", "class_num", "week_exact"}
    ignored = tuple(column for column in body.columns if column not in stored)
    places = pd.DataFrame({"region": request.region, "place": body["section_id"][~nameless]})
    places = places.drop_duplicates().assign(place_kind="section")
    return Parsed({"water_samples": rows}, notes, len(body) + len(sheet.ragged), ignored, places)


def _apart(
    lines: pd.DataFrame, monday: NDArray[np.datetime64], approximate: NDArray[np.bool_]
) -> NDArray[np.datetime64]:
    """Part two approximate bulletins of one Monday: the newer a week on, else the older a week back.

    A week that another bulletin holds is never taken; then the pair stays, and the second of the
    two goes to quarantine like any double.
    """
    if "seg_desc_in_year" not in lines or not approximate.any():
        return monday
    section = lines["section_id"].to_numpy()
    age = numbers(lines["seg_desc_in_year"]).values
    frame = pd.DataFrame({"section": section, "monday": monday, "age": age})
    pairs = frame.groupby(["section", "monday"])["age"]
    paired = approximate & (pairs.transform("size") == 2).to_numpy(bool)
    newest = (pairs.rank(ascending=False) == 2).to_numpy(bool)
    oldest = (pairs.rank(ascending=False) == 1).to_numpy(bool)
    # First the newer of each pair, then, where it had no room, the older.
    for mover, step in ((newest, 7), (oldest, -7)):
        there = pd.MultiIndex.from_arrays([section, monday])
        double = there.duplicated(keep=False)
        move = paired & mover & double
        wanted = np.where(move, monday + np.timedelta64(step, "D"), monday)
        target = pd.MultiIndex.from_arrays([section, wanted])
        free = ~target.isin(there) & ~target.duplicated(keep=False)
        monday = np.where(move & free, wanted, monday)
    return monday


LAYOUT = Layout(
    name="weekly_sections",
    tables=("water_samples",),
    description="weekly sections: basin,section,section_id,river,…,date_monday,…,ph,do_mgl,…",
    matches=_matches,
    parse=_parse,
    region_from_name=True,
)
