"""From a table with one column an item and one row a sample to tidy readings of water."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.ingest.files.cells import MISSING, numbers
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.parsed import Notes
from forecast.ingest.readers.checks import check_ranges_hold, outside
from forecast.ingest.readers.stated_units import check_stated_units
from forecast.standards.indicators import class_number
from forecast.standards.items import ITEMS

__all__ = ["DESCRIBED", "read_items", "water_type"]

#: Columns that describe a sample, in every frame of ``read_items``.
DESCRIBED = ("region", "place", "basin", "river", "water_type", "time", "known_from", "version")

#: Still waters whose names carry neither 湖 nor 库.
_KNOWN = "滇池|洱海|草海|阳宗海|程海|纳木错|色林错|羊卓雍错|呼伦淖尔|白洋淀|衡水湖"

#: A water that is named: a lake by its ending.
_LAKE_WATER = rf"(?:湖|水库|淀|泊|库区)$|{_KNOWN}"

#: A section that is named after a lake or reservoir, with a part or point of it at the end.
_LAKE_SECTION = (
    rf"水库|湖库|库心|库区|湖心|{_KNOWN}|(?:湖|淀)(?:区|中|[东南西北]{{1,2}}|湖[东南西北]|[0-9]+)?"
    r"(?:[(（].*[)）])?$"
)

#: Inflows, outlets below a dam, towns and bridges that only carry a lake's name.
_BESIDE_LAKE = r"入湖|入库|出湖|下游|上游|湖口|河$|江$|(?:桥|闸)(?:[(（].*)?$"


def water_type(
    river: pd.Series[str], section: pd.Series[str], place: list[pd.Series[str]]
) -> NDArray[np.str_]:
    """Return ``lake`` or ``river`` for each row, one word for each place.

    The rule: a place is a lake where the water that the source names for it (the most frequent
    name, because single rows are mixed up in the bulletins) ends in 湖, 水库, 淀 or 泊, or is a
    known still water such as 滇池 or 洱海; or where the section itself is named after a reservoir
    or a lake (大伙房水库, 西湖湖心), unless its name says that it lies beside it (入湖口, 下游,
    湖口, a bridge or a gate). All else is a river. The limits of the two differ for total
    phosphorus alone (GB 3838 table 1), so a wrong guess shows there and nowhere else.

    Args:
        river: name of the water, may be blank.
        section: name of the section.
        place: the columns that tell places apart.

    >>> river, section = pd.Series(["太湖", "海河", ""]), pd.Series(["拖山", "三岔口", "密云水库"])
    >>> water_type(river, section, [section]).tolist()
    ['lake', 'river', 'lake']
    """
    number = pd.DataFrame(dict(enumerate(place))).groupby(list(range(len(place))), sort=False)
    frame = pd.DataFrame({"place": number.ngroup().to_numpy(), "river": river.to_numpy()})
    counts = frame.value_counts().reset_index(name="n")
    counts = counts.sort_values(["place", "n", "river"], ascending=[True, False, True])
    usual = counts.drop_duplicates("place").set_index("place")["river"]
    named = frame["place"].map(usual).astype("str")
    by_water = named.str.contains(_LAKE_WATER, regex=True).to_numpy(bool)
    name = section.reset_index(drop=True)
    by_name = name.str.contains(_LAKE_SECTION, regex=True).to_numpy(bool)
    beside = name.str.contains(_BESIDE_LAKE, regex=True).to_numpy(bool)
    return np.where(by_water | (by_name & ~beside), "lake", "river")


def read_items(
    sheet: Sheet,
    described: pd.DataFrame,
    body: pd.DataFrame,
    items: dict[str, str],
    notes: Notes,
    *,
    key: list[str],
    class_column: str = "",
) -> pd.DataFrame:
    """Read the item columns of water samples.

    A row with an unreadable number, and a second row of a section's time with other values, go to
    quarantine whole; an exact repeat is counted and left out; a value that can't be true goes
    alone. 0 of a concentration is below detection: value 0, censored.

    Args:
        sheet: the file.
        described: columns of ``DESCRIBED`` and ``flag``, one row a usable line; the index is the line.
        body: the file's data lines as text; the index is the line.
        items: column → item code.
        notes: where findings go.
        key: the columns of ``described`` that name a sample.
        class_column: the column of the published class, if any.

    Raises:
        ContradictionError: a column can't be what its header says.
    """
    check_stated_units(sheet, items)
    body = body.loc[described.index]
    usable = np.ones(len(body), bool)
    values: dict[str, NDArray[np.float64]] = {}
    below: dict[str, NDArray[np.bool_]] = {}
    for column, item in items.items():
        read = numbers(body[column])
        notes.problem(
            list(body.index[read.bad]), column, list(body[column][read.bad]),
            "not a number; row set aside",
        )  # fmt: skip
        usable &= ~read.bad
        values[item] = read.values
        below[item] = read.censored | ((read.values == 0) & (ITEMS[item].unit == "mg/L"))
    if class_column:
        classes, unknown = _classes(body[class_column])
        notes.problem(
            list(body.index[unknown]), class_column, list(body[class_column][unknown]),
            "not a class; the rest of the row is kept",
        )  # fmt: skip
        values["class_published"] = classes
        below["class_published"] = np.zeros(len(body), bool)
    first, contradicted = _first_of_each(described, list(body.index), values, usable, notes, key)
    usable &= first
    described = described.assign(
        flag=np.strings.strip(
            np.strings.add(
                described["flag"].to_numpy(dtype=str), np.where(contradicted, " conflicting", "")
            )
        )
    )

    names = {item: column for column, item in items.items()} | {"class_published": class_column}
    parts = []
    for item, found in values.items():
        check_ranges_hold(sheet.path, names[item], item, found[usable])
        wrong = outside(item, found) & usable
        notes.problem(
            list(body.index[wrong]), names[item], [f"{v:g}" for v in found[wrong]],
            f"outside what {item} can be; the rest of the row is kept",
        )  # fmt: skip
        there = usable & ~wrong & ~np.isnan(found)
        notes.missing += int((usable & np.isnan(found)).sum())
        part = described[there].assign(item=item, value=found[there], censored=below[item][there])
        parts.append(part.assign(row=part.index.to_numpy(np.int32)))
    rows: pd.DataFrame = pd.concat(parts, ignore_index=True)
    rows["place_kind"] = "section"
    return rows


def _classes(text: pd.Series[str]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the class numbers 1 to 6 (NaN where there is none), and where a cell is no class."""
    codes, distinct = pd.factorize(text.to_numpy(dtype=object))
    classes = np.array([class_number(cell) or np.nan for cell in distinct], dtype=np.float64)
    blank = np.array([cell.lower() in MISSING for cell in distinct], dtype=bool)
    return classes[codes], (np.isnan(classes) & ~blank)[codes]


def _first_of_each(
    described: pd.DataFrame,
    lines: list[int],
    values: dict[str, NDArray[np.float64]],
    usable: NDArray[np.bool_],
    notes: Notes,
    key: list[str],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which rows stay as the first of their sample, and which of those are contradicted."""
    keep = np.ones(len(described), bool)
    contradicted = np.zeros(len(described), bool)
    places = np.flatnonzero(usable)
    if not len(places):
        return keep, contradicted
    number = described.iloc[places].groupby(key, sort=False).ngroup().to_numpy()
    _, first = np.unique(number, return_index=True)
    model = places[first[number]]
    later = model != places
    table = np.column_stack(list(values.values()))
    mine, other = table[places], table[model]
    equal = ((mine == other) | (np.isnan(mine) & np.isnan(other))).all(axis=1)
    keep[places[later]] = False
    notes.duplicates += int((later & equal).sum())
    differs = later & ~equal
    notes.problem(
        [lines[at] for at in places[differs]],
        "",
        list(described["place"].iloc[places[differs]]),
        [f"a second row of this section and time with other values; the first is row {lines[at]}"
         for at in model[differs]],
    )  # fmt: skip
    contradicted[model[differs]] = True
    return keep, contradicted
