"""Hours of PM2.5 of the US missions from 2017 on (AirNow, Department of State).

``Site,Parameter,Date (LT),Year,Month,Day,Hour,NowCast Conc.,AQI,AQI Category,Raw Conc.,Conc. Unit,
Duration,QC Name``. The clock has 12 hours and the stamp is the end of the hour: the first line of a
year is 01:00 AM, the last 12:00 AM of the next. ``Raw Conc.`` is the 1-hour mean; ``NowCast Conc.`` is a
weighted mean over twelve hours and no reading. Missing is -999.
"""

from __future__ import annotations

from collections.abc import Sequence

from forecast.ingest.files.sheet import Sheet
from forecast.ingest.parsed import Layout, Parsed, Request
from forecast.ingest.readers.us_missions import mission_hours, mission_times

__all__ = ["LAYOUT"]

_TIME = "Date (LT)"
_COLUMNS = {"Site", "Parameter", _TIME, "Raw Conc.", "Conc. Unit", "Duration", "QC Name"}
_IGNORED = ("Year", "Month", "Day", "Hour", "NowCast Conc.", "AQI", "AQI Category")


def _matches(lines: Sequence[Sequence[str]]) -> bool:
    cells = set(lines[0])
    return _COLUMNS.issubset(cells) and {*_COLUMNS, *_IGNORED}.issuperset(cells)


def _parse(sheet: Sheet, request: Request) -> Parsed:
    body = sheet.named()
    moments, why = mission_times(body, _TIME, last_year=request.last_year)
    return mission_hours(
        sheet,
        body,
        ends=moments,
        why=why,
        time=_TIME,
        value="Raw Conc.",
        unit="Conc. Unit",
        ignored=tuple(c for c in sheet.first if c in _IGNORED),
    )


LAYOUT = Layout(
    name="airnow",
    tables=("air_hourly",),
    description="hours of PM2.5 of US missions: Site,Parameter,Date (LT),…,Raw Conc.,…,QC Name",
    matches=_matches,
    parse=_parse,
)
