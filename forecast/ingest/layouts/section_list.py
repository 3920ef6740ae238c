"""Lists of the sections over which a share is counted, with the days between which they count.

``断面集,城市,断面,启用日期,停用日期`` or ``name,region,section,valid_from,valid_to``: one line a section of
a named set. A plan's share of sections is that of its own set, and sets change between plans.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.ingest.files.sheet import Sheet
from forecast.ingest.parsed import Layout, Notes, Parsed, Request, ragged_rows
from forecast.ingest.readers.validity import valid_between

__all__ = ["LAYOUT"]

_NAMES = {
    "断面集": "name", "断面集名称": "name", "集合": "name", "name": "name", "set": "name",
    "城市": "region", "地区": "region", "区域": "region", "region": "region", "city": "region",
    "断面": "section", "断面名称": "section", "section": "section",
    "启用日期": "valid_from", "开始日期": "valid_from", "validfrom": "valid_from",
    "停用日期": "valid_to", "结束日期": "valid_to", "validto": "valid_to",
    "备注": "note", "note": "note",
}  # fmt: skip

#: What stands for no first and no last day.
_ALWAYS = pd.Timestamp("1678-01-01"), pd.Timestamp("2262-01-01")


def _header(cells: Sequence[str]) -> list[str]:
    return [_NAMES.get(re.sub(r"[\s_]", "", cell).lower(), "") for cell in cells]


def _matches(lines: Sequence[Sequence[str]]) -> bool:
    header = _header(lines[0])
    return (
        {"name", "region", "section"}.issubset(header)
        and "" not in header
        and len(set(header)) == len(header)
    )


def _parse(sheet: Sheet, request: Request) -> Parsed:
    notes = Notes()
    ragged_rows(sheet, notes)
    own = dict(zip(_header(sheet.first), sheet.first, strict=True))
    body = sheet.named()
    nameless = np.zeros(len(body), bool)
    for part in ("name", "region", "section"):
        blank = (body[own[part]] == "").to_numpy(bool) & ~nameless
        notes.problem(list(body.index[blank]), own[part], [""] * int(blank.sum()), "blank")
        nameless |= blank
    since, until, bad = valid_between(
        body, own.get("valid_from", ""), own.get("valid_to", ""), request.last_year, notes,
        ~nameless,
    )  # fmt: skip
    rows = pd.DataFrame(
        {
            "name": body[own["name"]],
            "region": body[own["region"]],
            "section": body[own["section"]],
            "valid_from": since,
            "valid_to": until,
            "row": body.index.to_numpy(np.int32),
        }
    )[~(nameless | bad)]
    key = ["name", "region", "section"]
    same = rows.duplicated([*key, "valid_from", "valid_to"]).to_numpy(bool)
    notes.duplicates += int(same.sum())
    rows = rows[~same]
    overlapping = _overlapping(rows, key)
    notes.problem(
        list(rows.index[overlapping]), own["section"], list(rows["section"][overlapping]),
        "a second row of this section in this set for the same days; the first is kept",
    )  # fmt: skip
    rows = rows[~overlapping].reset_index(drop=True)
    places = rows[["region", "section"]].rename(columns={"section": "place"}).drop_duplicates()
    places = places.assign(place_kind="section")
    ignored = (own["note"],) if "note" in own else ()
    rows_read = len(body) + len(sheet.ragged)
    return Parsed({"section_sets": rows}, notes, rows_read, ignored, places)


def _overlapping(rows: pd.DataFrame, key: list[str]) -> NDArray[np.bool_]:
    """Return which rows share a day with an earlier line of their section that is kept."""
    begin = rows["valid_from"].fillna(_ALWAYS[0]).to_numpy()
    end = rows["valid_to"].fillna(_ALWAYS[1]).to_numpy()
    late = np.zeros(len(rows), bool)
    again = rows.duplicated(key, keep=False).to_numpy(bool)
    number = rows.groupby(key, sort=False).ngroup().to_numpy()
    kept: dict[int, list[int]] = {}
    for at in np.flatnonzero(again):
        others = kept.setdefault(int(number[at]), [])
        late[at] = any(begin[at] <= end[o] and begin[o] <= end[at] for o in others)
        if not late[at]:
            others.append(int(at))
    return late


LAYOUT = Layout(
    name="section_list",
    tables=("section_sets",),
    description="section sets: 断面集,城市,断面,启用日期,停用日期 or name,region,section,valid_from,valid_to",
    matches=_matches,
    parse=_parse,
)
