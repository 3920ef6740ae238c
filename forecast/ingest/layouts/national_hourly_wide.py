"""The wide archives of the national network: one line an hour and type, one column a point or city.

``china_sites_YYYYMMDD.csv``: ``date,hour,type,1001A,1002A,…``; ``china_cities_YYYYMMDD.csv``:
``date,hour,type,北京,天津,…``. ``type`` is AQI, PM2.5, PM2.5_24h, … CO_24h; the 1-hour values of the
six items are stored, all else follows from them. ``hour`` 0 is 00:00 of ``date``, the end of the
last hour of the day before. Blank means "no value"; hours may be absent; columns come and go over
the years. The files carry no city of a point: the list of stations says it.

A year has 365 files of 600,000 cells, so a file is read as bytes: the lines that are needed, cell
by cell as one column of numbers. What can't be read so goes the slow way, cell by cell as text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pc
from numpy.typing import NDArray

from forecast.ingest.files.cells import FIRST_YEAR, numbers, times
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.parsed import Layout, Notes, Parsed, Request, ragged_rows
from forecast.ingest.readers.checks import check_pm_order, check_ranges_hold, outside
from forecast.ingest.readers.daily import BASIS_CHANGE
from forecast.partitions import coded
from forecast.tables import HOUR_ITEMS

__all__ = ["CITIES", "LAYOUTS", "SITES"]

_TYPES = {"SO2": "so2", "NO2": "no2", "PM10": "pm10", "PM2.5": "pm25", "CO": "co", "O3": "o3_1h"}
_KNOWN = {*_TYPES, *(f"{t}_24h" for t in _TYPES), "AQI", "O3_8h", "O3_8h_24h"}
_LEAD = ("date", "hour", "type")
_PLAIN_DATE = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})", re.ASCII)
_POINT = re.compile(r"[0-9]{3,4}[A-Z]")
_BOM = b"\xef\xbb\xbf"
_APART = bytes.maketrans(b",", b"\n")
_NAMES = {item: type_ for type_, item in _TYPES.items()}


@dataclass(frozen=True)
class _Lines:
    """The lines of 1-hour values: ``values`` (line, place), with what each line is."""

    places: tuple[str, ...]
    date: list[str]
    hour: list[str]
    type: list[str]
    number: NDArray[np.int64]
    values: NDArray[np.float64]


def _header(cells: Sequence[str]) -> str:
    """Return ``sites`` or ``cities``, or an empty text where the header is neither."""
    if len(cells) < 4 or tuple(c.lower() for c in cells[:3]) != _LEAD:
        return ""
    places = [cell for cell in cells[3:] if cell]
    points = sum(bool(_POINT.fullmatch(cell)) for cell in places)
    if points > len(places) / 2:
        return "sites"
    return "" if any(any(ch.isdigit() for ch in c) for c in places) else "cities"


def _matches(kind: str) -> Callable[[Sequence[Sequence[str]]], bool]:
    def matches(lines: Sequence[Sequence[str]]) -> bool:
        return (
            _header(lines[0]) == kind
            and len(lines) > 2
            and all(line[2] in _KNOWN for line in lines[2:])
        )

    return matches


@lru_cache(maxsize=16)
def _header_of(line: bytes) -> str:
    """Return what ``_header`` says of the first line of a file; the files of a year repeat it."""
    try:
        return _header([cell.strip() for cell in line.decode("utf-8").split(",")])
    except UnicodeDecodeError:
        return ""


def _matches_bytes(kind: str) -> Callable[[bytes], bool]:
    def matches(data: bytes) -> bool:
        head = data[:64].removeprefix(_BOM).lower()
        if not head.startswith(b"date,hour,type,"):
            return False
        end = data.find(b"\n")
        return end > 0 and _header_of(data[:end].removeprefix(_BOM)) == kind

    return matches


def _parse_bytes(kind: str) -> Callable[[Path, bytes, Request], Parsed | None]:
    def parse(path: Path, data: bytes, request: Request) -> Parsed | None:
        if b"\r" in data:
            data = data.replace(b"\r", b"")
        lines = data.removeprefix(_BOM).split(b"\n")
        header = lines[0].decode("utf-8").split(",")
        if b'"' in lines[0] or len(set(header)) != len(header) or "" in header:
            return None
        width = len(header)
        wanted: list[bytes] = []
        date, hour, types, numbers_of_lines = [], [], [], []
        read = 0
        for at, line in enumerate(lines[1:], start=2):
            if not line:
                continue
            read += 1
            lead = line[:48].split(b",", 3)
            if len(lead) < 4 or line.count(b",") != width - 1:
                return None
            word = lead[2].decode("ascii", "replace")
            if word not in _TYPES:
                if word not in _KNOWN:
                    return None
                continue
            date.append(lead[0].decode("ascii", "replace"))
            hour.append(lead[1].decode("ascii", "replace"))
            types.append(word)
            numbers_of_lines.append(at)
            wanted.append(line.split(b",", 3)[3])
        if not wanted:
            return None
        values = _one_column(wanted)
        if values is None or len(values) != len(wanted) * (width - 3):
            return None
        return _parsed(
            path,
            kind,
            _Lines(
                tuple(header[3:]), date, hour, types, np.array(numbers_of_lines),
                values.reshape(len(wanted), width - 3),
            ),
            request,
            Notes(),
            read,
        )  # fmt: skip

    return parse


def _one_column(lines: list[bytes]) -> NDArray[np.float64] | None:
    """Return the cells of all lines, one after the other; None where one is not a plain number."""
    cells = b"v\n" + b"\n".join(lines).translate(_APART) + b"\n"
    try:
        column = pc.read_csv(
            pa.py_buffer(cells),
            read_options=pc.ReadOptions(use_threads=False, block_size=len(cells) + 1),
            parse_options=pc.ParseOptions(ignore_empty_lines=False, quote_char=False),
            convert_options=pc.ConvertOptions(column_types={"v": pa.float64()}, null_values=[""]),
        )["v"]
    except pa.ArrowInvalid:
        return None
    values: NDArray[np.float64] = column.to_numpy()
    # A word such as inf or nan is no reading; the slow way says which cell it was.
    odd = np.isinf(values).any() or np.isnan(values).sum() != column.null_count
    return None if odd else values


def _parse(kind: str) -> Callable[[Sheet, Request], Parsed]:
    def parse(sheet: Sheet, request: Request) -> Parsed:
        notes = Notes()
        ragged_rows(sheet, notes)
        body = sheet.named()
        body.columns = [*_LEAD, *body.columns[3:]]
        read = len(body) + len(sheet.ragged)
        unknown = ~body["type"].isin(_KNOWN).to_numpy(bool)
        notes.problem(
            list(body.index[unknown]), "type", list(body["type"][unknown]), "not a known type"
        )
        body = body[body["type"].isin(_TYPES)]
        places = tuple(body.columns[3:])
        flat = body[list(places)].to_numpy(dtype=object).ravel()
        cells = numbers(pd.Series(flat, dtype="str"))
        at, column = np.divmod(np.flatnonzero(cells.bad), len(places))
        for line, where in zip(at, column, strict=True):
            notes.problem(
                [body.index[line]], places[where], [flat[line * len(places) + where]],
                "not a number; the rest of the line is kept",
            )  # fmt: skip
        return _parsed(
            sheet.path,
            kind,
            _Lines(
                places, list(body["date"]), list(body["hour"]), list(body["type"]),
                body.index.to_numpy(np.int64), cells.values.reshape(len(body), len(places)),
            ),
            request,
            notes,
            read,
        )  # fmt: skip

    return parse


def _parsed(
    path: Path, kind: str, lines: _Lines, request: Request, notes: Notes, read: int
) -> Parsed:
    """Put the lines of one hour beside each other: one row a place and hour."""
    moments, usable = _moments(lines, request, notes)
    items = np.array([HOUR_ITEMS.index(_TYPES[t]) for t in lines.type], dtype=np.int64)
    hours, slot = np.unique(moments[usable], return_inverse=True)
    shape = (len(hours), len(HOUR_ITEMS), len(lines.places))
    values = np.full(shape, np.nan)
    first = np.full(len(hours), np.iinfo(np.int64).max)
    seen = np.zeros(shape[:2], dtype=np.int64)
    for line, where in zip(np.flatnonzero(usable), slot, strict=True):
        item = items[line]
        row = lines.values[line]
        first[where] = min(first[where], lines.number[line])
        if seen[where, item]:
            same = np.array_equal(values[where, item], row, equal_nan=True)
            if same:
                notes.duplicates += 1
            else:
                notes.problem(
                    [int(lines.number[line])], "type", [lines.type[line]],
                    "a second line of this hour and type with other values; "
                    f"the first is row {seen[where, item]}",
                )  # fmt: skip
            continue
        seen[where, item] = lines.number[line]
        values[where, item] = row
    _check(path, values)
    for number, item in enumerate(HOUR_ITEMS):
        wrong = outside(item, values[:, number])
        for hour, place in zip(*np.nonzero(wrong), strict=True):
            notes.problem(
                [int(seen[hour, number])], lines.places[place],
                [f"{values[hour, number, place]:g}"],
                f"outside what {item} can be; the rest of the line is kept",
            )  # fmt: skip
        values[:, number][wrong] = np.nan
    notes.missing += int(np.isnan(values).sum())
    rows = _rows(kind, lines.places, hours, values, first)
    place = np.array(lines.places)
    places = pd.DataFrame(
        {
            "region": place if kind == "cities" else "",
            "place": place,
            "place_kind": "city" if kind == "cities" else "station",
        }
    )
    return Parsed({"air_hourly": rows}, notes, read, ("AQI", "*_24h", "O3_8h"), places)


def _moments(
    lines: _Lines, request: Request, notes: Notes
) -> tuple[NDArray[np.datetime64], NDArray[np.bool_]]:
    """Return the end of each line's hour, and which lines have one."""
    # A file has one or two dates and 24 hours: each is read once.
    dates = list(dict.fromkeys(lines.date))
    found, reasons = _dates(dates, request.last_year)
    at_date = np.array([dates.index(cell) for cell in lines.date], dtype=np.int64)
    days, why = found[at_date], [reasons[at] for at in at_date]
    hour = np.array([float(c) if c.isascii() and c.isdigit() else -1 for c in lines.hour])
    there = (hour >= 0) & (hour <= 24)
    usable = ~np.isnat(days) & there
    for at in np.flatnonzero(~usable):
        dated = not np.isnat(days[at])
        notes.problem(
            [int(lines.number[at])], "hour" if dated else "date",
            [lines.hour[at] if dated else lines.date[at]],
            "not an hour from 0 to 24" if dated else why[at],
        )  # fmt: skip
    hours = np.where(there, hour, 0).astype("timedelta64[h]").astype("timedelta64[s]")
    return days.astype("datetime64[D]").astype("datetime64[s]") + hours, usable


def _dates(cells: list[str], last_year: int) -> tuple[NDArray[np.datetime64], list[str]]:
    """Return the days that cells name, and why one names none."""
    days = np.full(len(cells), np.datetime64("NaT", "s"))
    reasons = [""] * len(cells)
    for at, cell in enumerate(cells):
        plain = _PLAIN_DATE.fullmatch(cell)
        try:
            day = date(int(plain[1]), int(plain[2]), int(plain[3])) if plain else None
        except ValueError:
            day = None
        if day is not None and FIRST_YEAR <= day.year <= last_year:
            days[at] = np.datetime64(day, "s")
            continue
        read, why = times(pd.Series([cell], dtype="str"), last_year=last_year)
        days[at], reasons[at] = read[0], str(why.iloc[0])
    return days, reasons


def _check(path: Path, values: NDArray[np.float64]) -> None:
    for number, item in enumerate(HOUR_ITEMS):
        check_ranges_hold(path, _NAMES[item], item, values[:, number].ravel())
    pm10, pm25 = (values[:, HOUR_ITEMS.index(item)].ravel() for item in ("pm10", "pm25"))
    check_pm_order(path, pm10, pm25, "PM10", "PM2.5")


def _rows(
    kind: str,
    places: tuple[str, ...],
    hours: NDArray[np.datetime64],
    values: NDArray[np.float64],
    first: NDArray[np.int64],
) -> pd.DataFrame:
    by_place = values.transpose(2, 0, 1).reshape(-1, len(HOUR_ITEMS))
    there = np.flatnonzero(~np.isnan(by_place).all(axis=1))
    at, hour = np.divmod(there, len(hours))
    time = hours[hour]
    place = coded(list(places), at)
    constant = np.zeros(len(there), dtype=np.int8)
    of_city = kind == "cities"
    return pd.DataFrame(
        {
            "region": place if of_city else coded([""], constant),
            "place": place,
            "place_kind": coded(["city" if of_city else "station"], constant),
            "time": time,
            **{item: by_place[there, number] for number, item in enumerate(HOUR_ITEMS)},
            "basis": coded(["standard_state", "actual"], (time >= BASIS_CHANGE).astype(np.int8)),
            "version": coded(["realtime"], constant),
            "flag": coded([""], constant),
            "known_from": time,
            "row": first[hour].astype(np.int32),
        },
        copy=False,
    )


def _layout(kind: str, of: str) -> Layout:
    return Layout(
        name=f"national_{kind}_wide",
        tables=("air_hourly",),
        description=f"national hourly archive, one column a {of}: date,hour,type,…",
        matches=_matches(kind),
        parse=_parse(kind),
        matches_bytes=_matches_bytes(kind),
        parse_bytes=_parse_bytes(kind),
    )


SITES = _layout("sites", "monitoring point")
CITIES = _layout("cities", "city")
LAYOUTS = (SITES, CITIES)
