"""The data lines of a sheet by a mapping: the header found, names and times read, numbers plain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import InputError
from forecast.ingest.files.cells import times
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.mapping.cells import clock, moments_by_format, plain_numbers
from forecast.ingest.mapping.model import HEAD_LINES, Mapping, Where
from forecast.ingest.parsed import Notes, Request
from forecast.ingest.readers.hourly import HOUR
from forecast.ingest.readers.units import conversion, converted_text
from forecast.standards.items import ITEMS

__all__ = ["Lines", "body_of", "named_and_dated", "names_of", "plain_cells", "same_header"]

#: UTC+8 all the year round.
_EAST = np.timedelta64(8 * 3600, "s")

_DAY = np.timedelta64(86400, "s")


@dataclass(frozen=True)
class Lines:
    """Data lines whose names and times were read.

    Attributes:
        body: their cells; the index is the line.
        region, place: of each line.
        moment: of each line, shape ``(line,)``, local time, none missing.
    """

    body: pd.DataFrame
    region: pd.Series[str]
    place: pd.Series[str]
    moment: NDArray[np.datetime64]

    def where(self, keep: NDArray[np.bool_]) -> Lines:
        """Return the lines of ``keep``."""
        if keep.all():
            return self
        return Lines(self.body[keep], self.region[keep], self.place[keep], self.moment[keep])


def same_header(cells: Sequence[str], header: Sequence[str]) -> bool:
    """Return whether a line of cells is the header, blank cells at its end and case left aside."""
    line = [cell.strip().casefold() for cell in cells]
    wanted = [cell.strip().casefold() for cell in header]
    while line and not line[-1]:
        line.pop()
    while wanted and not wanted[-1]:
        wanted.pop()
    return line == wanted


def _header_line(sheet: Sheet, mapping: Mapping) -> int:
    """Return the line of the header in ``sheet``.

    Raises:
        InputError: it isn't among the first lines, or not where the mapping says.
    """
    if mapping.match is None:
        return int(sheet.cells.index[0])
    for line, row in zip(
        sheet.cells.index[:HEAD_LINES],
        sheet.cells.head(HEAD_LINES).to_numpy(dtype=object),
        strict=True,
    ):
        if same_header([str(cell) for cell in row], mapping.match.header):
            stated = mapping.match.header_line
            if stated not in (None, int(line)):
                raise InputError(
                    f"{sheet.path} has its header in row {line}, the mapping {mapping.name} says "
                    f"row {stated}.",
                    "Remove header_line from the mapping, or correct it.",
                )
            return int(line)
    raise InputError(
        f"{sheet.path} does not have the header of the mapping {mapping.name}.",
        "Compare match.header with the file, or write a mapping anew with `forecast map FILE`.",
    )


def body_of(sheet: Sheet, mapping: Mapping) -> pd.DataFrame:
    line = _header_line(sheet, mapping)
    body = sheet.named() if line == sheet.cells.index[0] else sheet.named(line)
    if mapping.match is not None:
        # The case of a header may differ from the mapping's; its names are those that are used.
        body.columns = pd.Index([cell.strip() for cell in mapping.match.header][: body.shape[1]])
    missing = [column for column in mapping.columns if column not in body]
    if missing:
        raise InputError(
            f"{sheet.path} has no column {missing[0]}, which the mapping {mapping.name} needs.",
            "Correct the mapping, or the query.",
        )
    return body


def named_and_dated(body: pd.DataFrame, mapping: Mapping, request: Request, notes: Notes) -> Lines:
    """Read names and times; lines without them go to quarantine."""
    region = names_of(body, mapping.region, request.region)
    if request.region_given:
        region = pd.Series(request.region, index=body.index, dtype="str")
    place = region if mapping.place is None else names_of(body, mapping.place, "")
    nameless = ((region == "") | (place == "")).to_numpy(bool)
    notes.problem(list(body.index[nameless]), "", [""] * int(nameless.sum()), "no region or place")
    moment, why, shown = _moments(body, mapping, request.last_year)
    undated = np.isnat(moment) & ~nameless
    notes.problem(
        list(body.index[undated]), mapping.time.columns[0], list(shown[undated]), list(why[undated])
    )
    keep = ~nameless & ~undated
    return Lines(body[keep], region[keep], place[keep], moment[keep])


def names_of(body: pd.DataFrame, where: Where | None, fall_back: str) -> pd.Series[str]:
    if where is not None and where.column is not None:
        column: pd.Series[str] = body[where.column]
        return column
    value = fall_back if where is None or where.value is None else where.value
    return pd.Series(value, index=body.index, dtype="str")


def _moments(
    body: pd.DataFrame, mapping: Mapping, last_year: int
) -> tuple[NDArray[np.datetime64], pd.Series[str], pd.Series[str]]:
    """Return local times (ends of hours), why there is none, and the cells as they are."""
    time = mapping.time
    shown = body[time.columns[0]]
    for column in time.columns[1:]:
        shown = shown + " " + body[column]
    # A day stamped 24:00 is the one that ends, an hour so stamped ends at the next day's 00:00.
    days = mapping.table not in ("air_hourly", "water_samples")
    if time.format is not None:
        moment, why = moments_by_format(shown, time.format, last_year, whole_days=days)
    else:
        two = len(time.columns) == 2
        moment, why = times(body[time.columns[0]], last_year=last_year, whole_days=days and not two)
        moment = moment.astype("datetime64[s]")
        if len(time.columns) == 2:
            after = clock(body[time.columns[1]])
            of_day = moment != moment.astype("datetime64[D]")
            why = why.mask((why == "") & of_day, "the date has a time of its own")
            why = why.mask((why == "") & np.isnat(after), "not an hour or a time of day")
            moment = moment + (after % _DAY if days else after)
            moment[(why != "").to_numpy(bool)] = np.datetime64("NaT", "s")
    if time.hour_label == "start":
        moment = moment + HOUR
    if time.zone == "utc" and mapping.table != "met_daily":
        moment = moment + _EAST
    return moment, why, shown


def plain_cells(lines: Lines, mapping: Mapping, items: dict[str, str], notes: Notes) -> Lines:
    """Return the lines with item cells as plain numbers in the items' units.

    Lines with a cell that is no number by the mapping's rules go to quarantine. Published classes
    stay as they are written.
    """
    body = lines.body.copy()
    keep = np.ones(len(body), bool)
    for column, item in items.items():
        if item == "class_published":
            continue
        text, bad = plain_numbers(body[column], mapping.read)
        notes.problem(
            list(body.index[bad]), column, list(body[column][bad]), "not a number; row set aside"
        )
        keep &= ~bad
        way = conversion(mapping.items[item].unit, ITEMS[item].unit)
        # The mapping was refused if there were none.
        body[column] = text if way is None else converted_text(text, way)
    return replace(lines, body=body).where(keep)
