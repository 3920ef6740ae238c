"""From a table with one column an item and one row a day to tidy readings of air."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.ingest.files.cells import numbers, times
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.parsed import Notes, Parsed, Request, ragged_rows
from forecast.ingest.readers.checks import check_air_columns, outside, spikes
from forecast.ingest.readers.repeats import keep_first
from forecast.ingest.readers.shifts import odd_days
from forecast.ingest.readers.stated_units import check_stated_units

__all__ = ["BASIS_CHANGE", "read_days"]

#: From this day concentrations are reported at actual conditions instead of the standard state of
#: 0 °C (amendment to GB 3095-2012, MEE announcement 2018 No. 29; grade: secondary).
BASIS_CHANGE = np.datetime64("2018-09-01", "s")

_END_OF_DAY = np.timedelta64(86399, "s")


def read_days(
    sheet: Sheet,
    body: pd.DataFrame,
    request: Request,
    *,
    region: pd.Series[str] | None,
    day: str,
    items: dict[str, str],
    zero_is_missing: bool,
    version: pd.Series[str] | None = None,
    ignored: tuple[str, ...] = (),
    aqi_cap: float | None = None,
) -> Parsed:
    """Read daily values of cities.

    A row whose day or a number can't be read, and the second row of a day with other values, go
    to quarantine whole; a value that can't be true goes alone.

    Args:
        sheet: the file.
        body: its data lines as text; the index is the line.
        request: region by name, latest year.
        region: region of each line; None: the one of ``request``.
        day: the column of the day.
        items: column → item code.
        zero_is_missing: True where the source writes 0 for "no value".
        version: ``unknown``, ``realtime`` or other of each line; default unknown.
        ignored: known columns that are not stored.
        aqi_cap: where the source cuts the published AQI off: values there get the flag ``capped``.

    Raises:
        ContradictionError: a column can't be what its header says, or the table says another unit.
    """
    notes = Notes()
    ragged_rows(sheet, notes)
    of_units = check_stated_units(sheet, items)
    if of_units:
        fine = ~body.index.isin(of_units)
        body = body[fine]
        region = None if region is None else region[fine]
        version = None if version is None else version[fine]
    rows_read = len(body) + len(sheet.ragged)
    if region is None:
        region = pd.Series(request.region, index=body.index, dtype="str")
    nameless = (region == "").to_numpy(bool)
    notes.problem(list(body.index[nameless]), "", [""] * int(nameless.sum()), "no city")

    moments, why = times(body[day], last_year=request.last_year, whole_days=True)
    undated = np.isnat(moments) & ~nameless
    if undated.any():
        notes.problem(list(body.index[undated]), day, list(body[day][undated]), list(why[undated]))
    usable = ~undated & ~nameless
    values: dict[str, NDArray[np.float64]] = {}
    for column, item in items.items():
        read = numbers(body[column])
        if (bad := read.bad & usable).any():
            notes.problem(
                list(body.index[bad]), column, list(body[column][bad]),
                "not a number; row set aside",
            )  # fmt: skip
        usable &= ~read.bad
        values[item] = read.values
    frame = pd.DataFrame(values, index=body.index)[usable]
    frame.insert(0, "region", region[usable])
    frame.insert(1, "date", moments[usable])
    frame.insert(2, "version", "unknown" if version is None else version[usable])

    if zero_is_missing:
        codes = list(items.values())
        frame[codes] = frame[codes].mask(frame[codes] == 0)
    frame, conflicting = keep_first(
        frame, ["region", "date"], list(items.values()), notes, column=day, shown="%Y-%m-%d",
        what="day",
    )  # fmt: skip
    names = {item: column for column, item in items.items()}
    places = pd.factorize(frame["region"])[0]
    quarter = frame["date"].dt.year.to_numpy() * 4 + frame["date"].dt.quarter.to_numpy()
    groups = pd.factorize(places * np.int64(100_000) + quarter)[0].astype(np.int64)
    kept = {item: frame[item].to_numpy(np.float64) for item in names}
    check_air_columns(sheet.path, kept, names, groups)
    odd = odd_days(places.astype(np.int64), frame["date"].to_numpy("datetime64[D]"), kept)
    if (odd != "").any():
        at = frame.index[odd != ""]
        notes.problem(
            list(at), "", list(body[day][at]), [f"{why}; row set aside" for why in odd[odd != ""]]
        )
        frame, conflicting, places = (x[odd == ""] for x in (frame, conflicting, places))
        kept = {item: found[odd == ""] for item, found in kept.items()}

    parts: list[tuple[str, NDArray[np.bool_], NDArray[np.str_]]] = []
    days = frame["date"].to_numpy("datetime64[D]").astype(np.int64)
    for item, found in kept.items():
        if (wrong := outside(item, found)).any():
            notes.problem(
                list(frame.index[wrong]), names[item], [f"{v:g}" for v in found[wrong]],
                f"outside what {item} can be; the rest of the row is kept",
            )  # fmt: skip
        there = ~wrong & ~np.isnan(found)
        notes.missing += int(np.isnan(found).sum())
        flag = np.where(conflicting[there], "conflicting", "")
        alone = spikes(places[there].astype(np.int64), days[there], found[there])
        flag = _flagged(flag, alone, "suspect_spike")
        if item == "aqi_published" and aqi_cap is not None:
            flag = _flagged(flag, found[there] >= aqi_cap, "capped")
        parts.append((item, there, flag))
    rows = _tidy(frame, kept, parts)
    names_of_places = region[~nameless].drop_duplicates()
    cities = pd.DataFrame(
        {"region": names_of_places, "place": names_of_places, "place_kind": "city"}
    )
    return Parsed({"air_daily": rows}, notes, rows_read, ignored, cities)


def _flagged(flag: NDArray[np.str_], where: NDArray[np.bool_], word: str) -> NDArray[np.str_]:
    """Add ``word`` to the flags ``where`` it applies."""
    return np.where(where, np.strings.strip(np.strings.add(flag, f" {word}")), flag)


def _tidy(
    frame: pd.DataFrame,
    values: dict[str, NDArray[np.float64]],
    parts: list[tuple[str, NDArray[np.bool_], NDArray[np.str_]]],
) -> pd.DataFrame:
    """Return the rows of all items, one item below the other; a part is item, its rows and flags."""
    at = np.concatenate([np.flatnonzero(there) for _, there, _ in parts])
    sizes = [int(there.sum()) for _, there, _ in parts]
    date = frame["date"].to_numpy("datetime64[s]")[at]
    region = frame["region"].take(at).reset_index(drop=True)
    return pd.DataFrame(
        {
            "region": region,
            "place": region,
            "place_kind": "city",
            "date": date,
            "item": np.repeat([item for item, _, _ in parts], sizes),
            "value": np.concatenate([values[item][there] for item, there, _ in parts]),
            "basis": np.where(date < BASIS_CHANGE, "standard_state", "actual"),
            "version": frame["version"].take(at).reset_index(drop=True),
            "flag": np.concatenate([flag for _, _, flag in parts]),
            "known_from": date + _END_OF_DAY,
            "row": frame.index.to_numpy(np.int32)[at],
        }
    )
