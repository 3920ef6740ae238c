"""What the two file forms of the US missions' PM2.5 monitors have in common."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ContradictionError
from forecast.ingest.files.cells import times
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.parsed import Notes, Parsed, ragged_rows
from forecast.ingest.readers.hourly import hour_rows, read_lines

__all__ = ["mission_hours", "mission_times"]

#: The letter of "micro" was lost in some re-saved files; the mass per m³ stays plain.
_UNIT = re.compile(r"(?:[µμuU]|Â?µ|\ufffd|\?)g/m(?:³|3|\^3|\ufffd|\?)", re.IGNORECASE)


def mission_times(
    body: pd.DataFrame, time: str, *, last_year: int
) -> tuple[NDArray[np.datetime64], pd.Series[str]]:
    """Return the stamp of each line, and why there is none.

    A file that a spreadsheet saved again has the day in that computer's own order; there the
    columns of year, month, day and hour decide.
    """
    text = body[time]
    parts = ("Year", "Month", "Day", "Hour")
    odd = (text != "") & ~text.str.match(r"[0-9]{4}[-/]")
    if set(parts).issubset(body) and odd.any():
        whole = body["Year"] + "-" + body["Month"] + "-" + body["Day"] + " " + body["Hour"] + ":00"
        text = text.mask(odd, whole)
    moments, why = times(text, last_year=last_year)
    return moments.astype("datetime64[s]"), why


def mission_hours(
    sheet: Sheet,
    body: pd.DataFrame,
    *,
    ends: NDArray[np.datetime64],
    why: pd.Series[str],
    time: str,
    value: str,
    unit: str,
    ignored: tuple[str, ...],
) -> Parsed:
    """Read the hours of PM2.5 of one or several missions.

    Lines of another parameter or duration go to quarantine; values whose ``QC Name`` is not Valid
    are missing where there is none (-999), else set aside.

    Args:
        sheet: the file.
        body: data lines as text, with the columns ``Site``, ``Parameter``, ``Duration``, ``QC Name``.
        ends: end of the hour of each line.
        why: the reason of each NaT.
        time: the column of the time.
        value: the column of the 1-hour mean.
        unit: the column of the unit.
        ignored: known columns that are not stored.

    Raises:
        ContradictionError: another unit than µg/m³, or the values contradict it.
    """
    notes = Notes()
    ragged_rows(sheet, notes)
    units = body[unit].drop_duplicates()
    other = units[~units.map(lambda cell: _UNIT.fullmatch(cell) is not None).to_numpy(bool)]
    if len(other):
        raise ContradictionError(
            f"{sheet.path}, row {other.index[0]}, column {unit}: the unit is "
            f"{other.iloc[0] or 'blank'}, expected µg/m³.",
            "Download the file again, or read it with a mapping that names its unit.",
        )
    usable = np.ones(len(body), bool)
    lines = body.index.to_numpy()

    def set_aside(where: pd.Series[bool], column: str, reason: str) -> None:
        at = np.flatnonzero(where.to_numpy(bool) & usable)
        notes.problem(list(lines[at]), column, list(body[column].iloc[at]), reason)
        usable[at] = False

    fine = body["Parameter"].str.upper().str.startswith("PM2.5")
    set_aside(~fine, "Parameter", "not PM2.5; row set aside")
    set_aside(
        body["Duration"].str.lower() != "1 hr", "Duration", "not a 1-hour mean; row set aside"
    )
    none = body[value].isin(("", "-999", "-999.0"))
    valid = body["QC Name"].str.lower() == "valid"
    set_aside(~valid & ~none, "QC Name", "the source calls this value not valid; row set aside")
    frame = read_lines(
        body,
        notes,
        region=body["Site"],
        place=body["Site"] + " US mission",
        moments=ends,
        why=why,
        time=time,
        columns={value: "pm25"},
        usable=usable,
    )
    rows = hour_rows(sheet.path, frame, notes, names={"pm25": value}, time=time, version="unknown")
    sites = pd.Series(sorted(set(body["Site"]) - {""}), dtype="str")
    places = pd.DataFrame(
        {
            "region": sites,
            "place": sites + " US mission",
            "place_kind": "station",
            "name": sites + " US mission",
            "role": "other",
        }
    )
    read = len(body) + len(sheet.ragged)
    return Parsed({"air_hourly": rows}, notes, read, ignored, places)
