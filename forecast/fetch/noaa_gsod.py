"""NOAA's Global Surface Summary of the Day: one CSV a station and year.

Columns and units: ncei.noaa.gov/data/global-summary-of-the-day/doc/readme.txt.
"""

from __future__ import annotations

from collections.abc import Callable

from forecast.errors import UsageError
from forecast.fetch.client import Client
from forecast.fetch.source import (
    Argument,
    Download,
    Request,
    Source,
    Unusable,
    file_name,
    header_of,
    refuse_other_columns,
    row_of,
    text_of,
    years,
)

__all__ = ["GSOD"]

_COLUMNS = (
    "STATION", "DATE", "LATITUDE", "LONGITUDE", "TEMP", "DEWP", "SLP", "STP", "VISIB", "WDSP",
    "MXSPD", "GUST", "MAX", "MIN", "PRCP",
)  # fmt: skip

#: Late reports change a year for some months.
_SETTLED_DAYS = 120


def _scope(request: Request) -> str:
    return f"station {request.station}"


def _plan(client: Client, request: Request) -> list[Download]:
    """One file a calendar year, whole: the source cuts none."""
    station = request.station
    if not (len(station) == 11 and station.isalnum() and station.isascii()):
        raise UsageError(
            f"{station} is not a station of NOAA's daily summaries.",
            "Give its eleven characters, such as 54702099999.",
        )
    place = request.place or station
    return [
        Download(
            name=f"{station}/{end.year}/{file_name(place)}.csv",
            url=f"{request.base_url}/{end.year}/{station}.csv",
            check=_checks(station),
            final=request.settled(end.replace(month=12, day=31), _SETTLED_DAYS),
            scope=_scope(request),
            start=start,
            end=end,
            region=request.place,
        )
        for start, end in years(*request.period)
    ]


def _checks(station: str) -> Callable[[bytes], None]:
    def check(data: bytes) -> None:
        text = text_of(data)
        refuse_other_columns(text, _COLUMNS)
        at = [name.casefold() for name in header_of(text)].index("station")
        there = "".join(row_of(text, 1)[at : at + 1])
        if there != station:
            raise Unusable(f"the file is of station {there}")

    return check


GSOD = Source(
    name="noaa-gsod",
    title=("逐日地面气象站摘要(NOAA GSOD)", "daily summaries of weather stations (NOAA GSOD)"),
    layouts=("noaa_gsod",),
    arguments=(
        Argument("station", "--station", True, "站号(11位)", "station, eleven characters"),
        Argument("place", "--place", False, "地区名称", "region to file it under"),
        Argument(
            "start", "--from", True, "起始日(按整年下载)", "first day (whole years are fetched)"
        ),
        Argument("end", "--to", False, "截止日(默认昨天)", "last day (yesterday)"),
    ),
    base_url="https://www.ncei.noaa.gov/data/global-summary-of-the-day/access",
    plan=_plan,
    scope=_scope,
    terms=(
        "open; of stations outside the USA for research, education and other non-commercial use "
        "(WMO Resolution 40); name NOAA NCEI"
    ),
)
