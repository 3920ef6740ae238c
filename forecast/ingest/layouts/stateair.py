"""Hours of PM2.5 of the US missions in China to 2017 (StateAir).

Two lines of text and a blank one, then ``Site,Parameter,Date (LST),Year,Month,Day,Hour,Value,Unit,
Duration,QC Name`` in Latin-1. Missing is -999 with the QC name ``Missing``.

The stamp is the start of the hour, so an hour is added. Nobody says so, but the files do: a year goes
from 00:00 to 23:00, where the later form, which stamps the end, goes from 01:00 to 00:00 of the next
year. And the highest value of Beijing, the fireworks of 2012-01-23, stands at 00:00 here and at 01:00
in the city's own data, which stamp the end (grade: inferred).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from forecast.ingest.files.sheet import Sheet
from forecast.ingest.parsed import Layout, Parsed, Request
from forecast.ingest.readers.hourly import HOUR
from forecast.ingest.readers.us_missions import mission_hours, mission_times

__all__ = ["LAYOUT"]

_TIME = "Date (LST)"
_COLUMNS = {"Site", "Parameter", _TIME, "Value", "Unit", "Duration", "QC Name"}
_IGNORED = ("Year", "Month", "Day", "Hour")


def _is_header(line: Sequence[str]) -> bool:
    cells = {cell for cell in line if cell}
    return _COLUMNS.issubset(cells) and {*_COLUMNS, *_IGNORED}.issuperset(cells)


def _matches(lines: Sequence[Sequence[str]]) -> bool:
    return any(_is_header(line) for line in lines)


def _parse(sheet: Sheet, request: Request) -> Parsed:
    header = next(
        line
        for line, row in zip(
            sheet.cells.index, sheet.cells.head(22).itertuples(index=False), strict=False
        )
        if _is_header(row)
    )
    body = sheet.named(header=int(header))
    moments, why = mission_times(body, _TIME, last_year=request.last_year)
    parsed = mission_hours(
        sheet,
        body,
        ends=moments + HOUR,
        why=why,
        time=_TIME,
        value="Value",
        unit="Unit",
        ignored=_IGNORED,
    )
    above = sheet.cells.loc[: int(header) - 1]
    # A note fills one cell or a few; a line that fills them all is a reading out of its place.
    full = np.all((above != "").to_numpy(bool), axis=1)
    lost = above.index[np.asarray(full, dtype=bool)]
    parsed.notes.problem(list(lost), "", [""] * len(lost), "stands above the header line")
    return replace(parsed, rows_read=parsed.rows_read + len(lost))


LAYOUT = Layout(
    name="stateair",
    tables=("air_hourly",),
    description="hours of PM2.5 of US missions: Site,Parameter,Date (LST),…,Value,Unit,…,QC Name",
    matches=_matches,
    parse=_parse,
)
