"""City days of PM2.5 gathered from several sources: ``city,date,pm25,source``.

``source`` says of each line where it was gathered; gaps between the sources stay gaps.
"""

from __future__ import annotations

from collections.abc import Sequence

from forecast.ingest.files.sheet import Sheet
from forecast.ingest.parsed import Layout, Parsed, Request
from forecast.ingest.readers.daily import read_days

__all__ = ["LAYOUT"]

_HEADER = {"city", "date", "pm25", "source"}


def _matches(lines: Sequence[Sequence[str]]) -> bool:
    return len(lines[0]) == len(_HEADER) and {cell.lower() for cell in lines[0]} == _HEADER


def _parse(sheet: Sheet, request: Request) -> Parsed:
    body = sheet.named()
    body.columns = body.columns.str.lower()
    return read_days(
        sheet,
        body,
        request,
        region=body["city"],
        day="date",
        items={"pm25": "pm25"},
        # A daily mean of 0 does not occur; some of the sources write it for "no value".
        zero_is_missing=True,
        ignored=("source",),
    )


LAYOUT = Layout(
    name="pm25_daily",
    tables=("air_daily",),
    description="city days of PM2.5 from several sources: city,date,pm25,source",
    matches=_matches,
    parse=_parse,
)
