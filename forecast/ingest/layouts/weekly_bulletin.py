"""The weekly bulletin of the automatic water stations in the forms in which it was published.

``水系,点位名称,河流名称,pH,DO(mg/l),CODMn(mg/l),NH3-N(mg/l),本周水质`` has no date: its rows can be
dated only where the file's name says the week (``2018年第5周``), else all go to quarantine and the
sections alone are noted. The form of the provinces has ``年`` and ``周``, with ``断面情况``, ``上周水质``
and ``主要污染指标``; the public API has ``pointLocation,riverName,drainage,ph,DO,CODMn,NH3N,
thisWeekWaterQuality,year,week`` in the same units (mg/L). A week is dated by the Monday of the ISO week,
as the dated bulletins of 2013 to 2016 are, and known when it is over. 0 is below detection.

The bulletins drift: basins run together in one cell (``巢湖流域滇池流域``), names are spelt in two
ways (``北京古北口``, ``北京密云古北口``). Both are noted and kept as written.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.ingest.files.cells import numbers
from forecast.ingest.files.file_dates import monday, week_named, without_week
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.parsed import Layout, Notes, Parsed, Request, ragged_rows
from forecast.ingest.readers.samples import read_items, water_type
from forecast.ingest.readers.water_columns import WaterColumn, scaled, water_column

__all__ = ["LAYOUT"]

_NAMES = {
    "水系": "basin", "流域": "basin", "drainage": "basin",
    "点位名称": "section", "点位": "section", "断面名称": "section", "pointlocation": "section",
    "河流名称": "river", "河流": "river", "rivername": "river",
    "断面情况": "about", "fracturesurface": "about",
    "年": "year", "年份": "year", "year": "year",
    "周": "week", "周数": "week", "周次": "week", "week": "week",
    "本周水质": "class", "本周水质类别": "class", "thisweekwaterquality": "class",
    "上周水质": "class before", "上周水质类别": "class before",
    "preweekwaterquality": "class before",
    "主要污染指标": "main items", "polluteindex": "main items",
    "序号": "number",
}  # fmt: skip

#: The API's names for the items; its values are those of the bulletin, in mg/L.
_OF_API = {name: WaterColumn(item, Decimal(1)) for name, item in
           {"ph": "ph", "do": "do", "codmn": "codmn", "nh3n": "nh3n"}.items()}  # fmt: skip

#: Items that a province prints without their unit.
_NO_UNIT = {"总氮", "总磷", "tn", "tp"}

#: A bulletin is out when its week is: Sunday, 23:59:59.
_END_OF_WEEK = np.timedelta64(7 * 86400 - 1, "s")

#: Parts of a name in which neighbours on one river differ.
_SIDES = frozenset("东南西北中上下左右前后内外出入新老大小口一二三四五六七八九十0123456789")

#: Among more names than this, spellings are not compared.
_MOST_NAMES = 1000


def _meaning(cell: str) -> str:
    return _NAMES.get(unicodedata.normalize("NFKC", cell).replace(" ", "").lower(), "")


def _items(header: Sequence[str]) -> dict[str, WaterColumn]:
    """Return column → item of the columns that hold one."""
    api = "pointlocation" in {cell.lower() for cell in header}
    found = {cell: _OF_API.get(cell.lower()) if api else water_column(cell) for cell in header}
    return {cell: known for cell, known in found.items() if known is not None}


def _matches(lines: Sequence[Sequence[str]]) -> bool:
    header = list(lines[0])
    items = _items(header)
    meanings = [_meaning(cell) for cell in header if cell not in items]
    known = [meaning for meaning in meanings if meaning]
    unknown = [
        c for c in header if c not in items and not _meaning(c) and c.lower() not in _NO_UNIT
    ]
    return (
        {"section", "class"}.issubset(known)
        and len(set(known)) == len(known)
        and len({found.item for found in items.values()}) == len(items) >= 2
        and not unknown
    )


def _parse(sheet: Sheet, request: Request) -> Parsed:
    notes = Notes()
    ragged_rows(sheet, notes)
    body = sheet.named()
    items = _items(sheet.first)
    own = {_meaning(cell): cell for cell in sheet.first if cell not in items and _meaning(cell)}
    blank = pd.Series("", index=body.index, dtype="str")
    section, river, basin = (
        body[own[name]] if name in own else blank for name in ("section", "river", "basin")
    )
    nameless = (section == "").to_numpy(bool)
    notes.problem(
        list(body.index[nameless]), own["section"], [""] * int(nameless.sum()), "no section"
    )
    begun, why = _mondays(sheet, body, own, request.last_year)
    undated = np.isnat(begun) & ~nameless
    notes.problem(
        list(body.index[undated]), own.get("week", ""), list(section[undated]), list(why[undated])
    )
    _note_names(basin, section, river, own, notes)

    region = _region(request, basin)
    usable = ~undated & ~nameless
    used = body[usable].copy()
    for column, known in items.items():
        used[column] = scaled(used[column], known.factor)
    described = pd.DataFrame(
        {
            "region": region[usable],
            "place": section[usable],
            "basin": basin[usable],
            "river": river[usable],
            "water_type": water_type(river[usable], section[usable], [section[usable]]),
            "time": begun[usable],
            "known_from": begun[usable] + _END_OF_WEEK,
            "version": "unknown",
            "flag": "",
        },
        index=used.index,
    )
    rows = read_items(
        sheet,
        described,
        used,
        {column: known.item for column, known in items.items()},
        notes,
        key=["region", "place", "time"],
        class_column=own["class"],
    )
    stored = {own[m] for m in ("section", "river", "basin", "year", "week", "class") if m in own}
    ignored = tuple(
        f"{column} (its unit is not said)" if column.lower() in _NO_UNIT else str(column)
        for column in body.columns
        if column not in stored and column not in items
    )
    places = pd.DataFrame({"region": region[~nameless], "place": section[~nameless]})
    places = places.drop_duplicates().assign(place_kind="section")
    return Parsed({"water_samples": rows}, notes, len(body) + len(sheet.ragged), ignored, places)


def _region(request: Request, basin: pd.Series[str]) -> pd.Series[str]:
    """Return the region of each line: the file's name without the week in it, else the basin."""
    name = request.region if request.region_given else without_week(request.region)
    if name:
        return pd.Series(name, index=basin.index, dtype="str")
    return basin.mask(basin == "", request.region)


def _mondays(
    sheet: Sheet, body: pd.DataFrame, own: dict[str, str], last_year: int
) -> tuple[NDArray[np.datetime64], pd.Series[str]]:
    """Return the Monday of each line's week, NaT where there is none, and why."""
    begun = np.full(len(body), np.datetime64("NaT", "s"))
    if "year" not in own or "week" not in own:
        named = week_named(sheet, last_year=last_year)
        if named is not None:
            begun[:] = np.datetime64(named.isoformat(), "s")
        reason = "no date: neither a year and week column nor the file's name (2018年第5周) says it"
        return begun, pd.Series(reason, index=body.index, dtype="str")
    year = numbers(body[own["year"]].str.removesuffix("年")).values
    week = numbers(body[own["week"]].str.replace(r"[第周]", "", regex=True)).values
    for pair in set(zip(year, week, strict=True)):
        whole = all(number == np.floor(number) for number in pair)
        # NaN is equal to nothing, itself included.
        if not whole or not 1980 <= pair[0] <= last_year or not 1 <= pair[1] <= 53:
            continue
        found = monday(int(pair[0]), int(pair[1]))
        if found is not None:
            begun[(year == pair[0]) & (week == pair[1])] = np.datetime64(found.isoformat(), "s")
    cells = body[own["year"]] + " / " + body[own["week"]]
    return begun, "no such week: " + cells


def _note_names(
    basin: pd.Series[str],
    section: pd.Series[str],
    river: pd.Series[str],
    own: dict[str, str],
    notes: Notes,
) -> None:
    """Note basins that run together, and names that may be two spellings of one section."""
    merged = (basin.str.count("流域") > 1).to_numpy(bool)
    notes.problem(
        list(basin.index[merged]), own.get("basin", ""), list(basin[merged]),
        "two basins in one cell; kept as written",
    )  # fmt: skip
    for _, names in section.groupby(river.to_numpy()):
        counts = names[names != ""].value_counts()
        if len(counts) > _MOST_NAMES:
            continue
        usual = [str(name) for name in counts.index]
        for at, rarer in enumerate(usual):
            like = next((name for name in usual[:at] if _alike(name, rarer)), "")
            if like:
                first = int(names.index[(names == rarer).to_numpy(bool)][0])
                notes.problem(
                    [first], own["section"], [rarer],
                    f"perhaps another spelling of {like}; kept apart as written",
                )  # fmt: skip


def _alike(one: str, other: str) -> bool:
    """Whether two names may be spellings of one section.

    The shorter is in the longer with characters left out, or they differ in one character that tells
    no two neighbours apart.

    >>> _alike("北京古北口", "北京密云古北口"), _alike("江苏徐州小红圈", "苏州徐州小红圈")
    (True, False)
    >>> _alike("黑龙江同江", "黑龙同江"), _alike("昆明滇池南", "昆明滇池北")
    (True, False)
    """
    short, long = sorted((one, other), key=len)
    if len(short) < 4:
        return False
    if len(short) == len(long):
        apart = [(a, b) for a, b in zip(short, long, strict=True) if a != b]
        return len(apart) == 1 and not _SIDES.intersection(apart[0])
    rest = iter(long)
    left_out = [c for c in long if c not in short]
    inside = all(c in rest for c in short)
    return inside and len(long) - len(short) <= 2 and not _SIDES.intersection(left_out)


LAYOUT = Layout(
    name="weekly_bulletin",
    tables=("water_samples",),
    description="weekly bulletin: 水系,点位名称,…,pH,DO(mg/l),…,本周水质, or pointLocation,…,year,week",
    matches=_matches,
    parse=_parse,
    region_from_name=True,
    folder_tells=True,
)
