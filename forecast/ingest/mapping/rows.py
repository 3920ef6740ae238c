"""From a sheet to tidy rows by a mapping: cells to plain text, then the ways that all layouts share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import InputError
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.mapping.lines import Lines, body_of, named_and_dated, names_of, plain_cells
from forecast.ingest.mapping.model import ItemColumn, Long, Mapping
from forecast.ingest.parsed import Notes, Parsed, Request, ragged_rows
from forecast.ingest.readers.checks import check_pm_order
from forecast.ingest.readers.daily import read_days
from forecast.ingest.readers.discharge import read_flow
from forecast.ingest.readers.hourly import hour_rows, read_lines
from forecast.ingest.readers.met_days import (
    END_OF_DAY,
    END_OF_UTC_DAY,
    UTC_DAY,
    MetColumn,
    read_met_days,
)
from forecast.ingest.readers.samples import read_items, water_type
from forecast.ingest.readers.stated_units import check_stated_units
from forecast.ingest.readers.units import plain_unit
from forecast.partitions import typed
from forecast.tables import TABLES

__all__ = ["read_mapped"]

#: Parts a region from a place where both have to go through as one name.
_AND = "\x1f"


def read_mapped(mapping: Mapping, sheet: Sheet, request: Request) -> Parsed:
    """Read ``sheet`` by ``mapping``.

    Raises:
        InputError: the mapping is not confirmed, or the sheet has another header.
        ContradictionError: a column can't be what the mapping says.
    """
    if not mapping.confirmed:
        raise InputError(
            f"The mapping {mapping.name} is not confirmed, so {sheet.path} was not read by it.",
            "Decide the lines marked with «?» in it and set confirmed = true.",
        )
    notes = Notes()
    ragged_rows(sheet, notes)
    body = body_of(sheet, mapping)
    body = body[~body.index.isin(_units_said(sheet, mapping))]
    lines = named_and_dated(body, mapping, request, notes)
    # The cells go on in the units of the items, whatever the table said of theirs.
    plain = replace(sheet, ragged={}, cells=sheet.cells.iloc[:0], aside={})
    if mapping.long is None:
        items = {one.column: code for code, one in mapping.items.items() if one.column is not None}
        tidy = plain_cells(lines, mapping, items, notes)
        rows = _rows(plain, tidy, mapping, request, items, notes)
    else:
        rows = _long_rows(plain, lines, mapping, mapping.long, request, notes)
    used = set(mapping.columns)
    return Parsed(
        {mapping.table: rows},
        notes,
        len(body) + len(sheet.ragged),
        tuple(column for column in body.columns if column and column not in used),
        pd.DataFrame(
            {"region": lines.region, "place": lines.place, "place_kind": mapping.kind}
        ).drop_duplicates(ignore_index=True),
    )


def _units_said(sheet: Sheet, mapping: Mapping) -> frozenset[int]:
    """Return the lines that are units and no readings.

    Raises:
        ContradictionError: the table says another unit than the mapping.
    """
    if mapping.long is not None:
        return frozenset()
    wide = {one.column: code for code, one in mapping.items.items() if one.column is not None}
    units = {one.column: one.unit for one in mapping.items.values() if one.column is not None}
    return check_stated_units(sheet, wide, units)


def _rows(
    sheet: Sheet,
    lines: Lines,
    mapping: Mapping,
    request: Request,
    items: dict[str, str],
    notes: Notes,
) -> pd.DataFrame:
    """Return the rows of the mapping's table from lines with a column for each item."""
    day = mapping.time.columns[0]
    version = mapping.read.version
    days = pd.Series(
        np.datetime_as_string(lines.moment, unit="D"), index=lines.body.index, dtype="str"
    )
    if mapping.table == "air_daily":
        parsed = read_days(
            sheet, lines.body.assign(**{day: days}), request,
            region=lines.region + _AND + lines.place, day=day, items=items, zero_is_missing=False,
            version=pd.Series(version, index=lines.body.index, dtype="str"),
        )  # fmt: skip
        _take(parsed.notes, notes)
        rows = parsed.tables["air_daily"]
        both = rows["region"].str.split(_AND, n=1, expand=True, regex=False)
        if len(rows):
            rows = rows.assign(region=both[0], place=both[1])
        return rows.assign(place_kind=mapping.kind)
    if mapping.table == "air_hourly":
        why = pd.Series("", index=lines.body.index, dtype="str")
        frame = read_lines(
            lines.body, notes, region=lines.region, place=lines.place, moments=lines.moment,
            why=why, time=day, columns=items,
        )  # fmt: skip
        names = {item: column for column, item in items.items()}
        return hour_rows(
            sheet.path, frame, notes, names=names, time=day, version=version,
            place_kind=mapping.kind,
        )  # fmt: skip
    if mapping.table == "met_daily":
        utc = mapping.time.zone == "utc"
        return read_met_days(
            sheet.path, lines.body, notes, region=lines.region, place=lines.place,
            place_kind=mapping.kind, date=lines.moment.astype("datetime64[D]"),
            columns=[MetColumn(column, item) for column, item in items.items()],
            flag=UTC_DAY if utc else "", known_after=END_OF_UTC_DAY if utc else END_OF_DAY,
        ).assign(version=version)  # fmt: skip
    if mapping.table == "flow_daily":
        (column,) = items
        return read_flow(
            lines.body.assign(**{day: days}), request, notes, region=lines.region,
            place=lines.place, day=day, flow=column, factor=1.0, version=version,
        )  # fmt: skip
    return _samples(sheet, lines, mapping, items, notes)


def _samples(
    sheet: Sheet, lines: Lines, mapping: Mapping, items: dict[str, str], notes: Notes
) -> pd.DataFrame:
    river = names_of(lines.body, mapping.river, "")
    clock = (lines.moment != lines.moment.astype("datetime64[D]")).any()
    described = pd.DataFrame(
        {
            "region": lines.region,
            "place": lines.place,
            "basin": names_of(lines.body, mapping.basin, ""),
            "river": river,
            "water_type": water_type(river, lines.place, [lines.region, lines.place]),
            "time": lines.moment,
            # A sample without a time of day is known when its day is over.
            "known_from": lines.moment if clock else lines.moment + END_OF_DAY,
            "version": mapping.read.version,
            "flag": "",
        },
        index=lines.body.index,
    )
    class_column = next((c for c, item in items.items() if item == "class_published"), "")
    return read_items(
        sheet, described, lines.body,
        {column: item for column, item in items.items() if item != "class_published"},
        notes, key=["region", "place", "time"], class_column=class_column,
    )  # fmt: skip


def _take(found: Notes, notes: Notes) -> None:
    """Add what was found elsewhere to ``notes``."""
    notes.missing += found.missing
    notes.duplicates += found.duplicates
    for column, part in found.quarantine().groupby("column", sort=False):
        notes.problem(list(part["row"]), str(column), list(part["value"]), list(part["reason"]))


def _long_rows(
    sheet: Sheet,
    lines: Lines,
    mapping: Mapping,
    long: Long,
    request: Request,
    notes: Notes,
) -> pd.DataFrame:
    """Return the rows of a table with one line a value; items that are not mapped are left out."""
    codes = {one.name.strip().casefold(): code for code, one in mapping.items.items() if one.name}
    item = lines.body[long.item].str.strip().str.casefold().map(codes).fillna("").astype("str")
    if long.unit is not None:
        wrong = _other_unit(lines.body[long.unit], item, mapping.items)
        notes.problem(
            list(lines.body.index[wrong]), long.unit, list(lines.body[long.unit][wrong]),
            "another unit than the mapping says; row set aside",
        )  # fmt: skip
        item = item.mask(wrong, "")
    tidy = {}
    for code in mapping.items:
        part = lines.where((item == code).to_numpy(bool))
        if len(part.body):
            tidy[code] = plain_cells(part, mapping, {long.value: code}, notes)
    if not tidy:
        return typed(TABLES[mapping.table], pd.DataFrame())
    if mapping.table == "air_hourly":
        return _hours(sheet, tidy, mapping, long, request, notes)
    rows = {
        code: _rows(sheet, part, mapping, request, {long.value: code}, notes)
        for code, part in tidy.items()
    }
    if {"pm10", "pm25"} <= set(rows):
        key = ["region", "place", "date"]
        pairs = rows["pm10"].merge(rows["pm25"], on=key, suffixes=("_10", "_25"))
        check_pm_order(
            sheet.path, pairs["value_10"].to_numpy(np.float64),
            pairs["value_25"].to_numpy(np.float64), "PM10", "PM2.5",
        )  # fmt: skip
    return pd.concat(list(rows.values()), ignore_index=True)


def _other_unit(
    unit: pd.Series[str], item: pd.Series[str], items: dict[str, ItemColumn]
) -> NDArray[np.bool_]:
    """Return where a line of a mapped item says another unit than the mapping."""
    pairs = list(zip(unit.tolist(), item.tolist(), strict=True))
    wrong = {
        (said, code)
        for said, code in set(pairs)
        if code and (plain_unit(said) or said) != (plain_unit(items[code].unit) or items[code].unit)
    }
    return np.array([pair in wrong for pair in pairs], dtype=bool)


def _hours(
    sheet: Sheet,
    tidy: dict[str, Lines],
    mapping: Mapping,
    long: Long,
    request: Request,
    notes: Notes,
) -> pd.DataFrame:
    """Return rows of hours from lines of single values; a row has the line of its first value."""
    values = pd.concat(
        [
            pd.DataFrame(
                {
                    "region": part.region, "place": part.place, "moment": part.moment,
                    "item": code, "text": part.body[long.value], "line": part.body.index,
                }
            )
            for code, part in tidy.items()
        ],
        ignore_index=True,
    ).sort_values("line", kind="stable", ignore_index=True)  # fmt: skip
    hour = ["region", "place", "moment"]
    later = values.duplicated([*hour, "item"]).to_numpy(bool)
    same = values.duplicated([*hour, "item", "text"]).to_numpy(bool)
    notes.duplicates += int((later & same).sum())
    other = values[later & ~same]
    notes.problem(
        list(other["line"]), long.value, list(other["text"]),
        "a second value of this item and hour; the first is kept",
    )  # fmt: skip
    values = values[~later]
    wide = values.set_index([*hour, "item"])["text"].unstack("item").fillna("")  # noqa: PD010
    first = values.groupby(hour)["line"].min().reindex(wide.index)
    body = wide.reset_index().set_index(pd.Index(first.to_numpy(), name=None)).sort_index()
    moment = body["moment"].to_numpy("datetime64[s]")
    day = mapping.time.columns[0]
    cells = body[[code for code in mapping.items if code in body]].copy()
    cells[day] = np.datetime_as_string(moment, unit="m")
    lines = Lines(cells, body["region"].astype("str"), body["place"].astype("str"), moment)
    items = {code: code for code in mapping.items if code in cells}
    return _rows(sheet, lines, mapping, request, items, notes)
