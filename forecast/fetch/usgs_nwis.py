"""USGS: daily flow of a gauge (NWIS, RDB), water samples of USGS and of the Water Quality Portal (CSV).

Daily values: waterservices.usgs.gov, which the agency means to switch off in early 2027. Samples:
api.waterdata.usgs.gov/samples-data (columns of WQX 3.0), and the portal of USGS, EPA and others in
the columns of WQX 2.2, which has no USGS samples newer than 11 March 2024
(doi-usgs.github.io/dataRetrieval/articles/Status.html).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from urllib.parse import urlencode

from forecast.errors import UsageError
from forecast.fetch.client import Client
from forecast.fetch.source import (
    Argument,
    Download,
    NothingInside,
    Request,
    Source,
    Unusable,
    file_name,
    header_of,
    refuse_other_columns,
    text_of,
    years,
)

__all__ = ["NWIS"]

_FLOW, _SAMPLES, _PORTAL = "flow", "samples", "portal"

#: Each kind has a server of its own.
_SERVERS = {
    _FLOW: "https://waterservices.usgs.gov",
    _SAMPLES: "https://api.waterdata.usgs.gov",
    _PORTAL: "https://www.waterqualitydata.us",
}

#: Discharge, daily mean: parameter 00060, statistic 00003.
_COLUMN = re.compile(r"(\w+_)?00060_00003")

_COLUMNS = {
    _SAMPLES: (
        "Location_Identifier", "Activity_StartDate", "Result_Characteristic", "Result_Measure",
        "Result_MeasureUnit", "Result_ResultDetectionCondition",
    ),
    _PORTAL: (
        "MonitoringLocationIdentifier", "ActivityStartDate", "CharacteristicName",
        "ResultMeasureValue", "ResultMeasure/MeasureUnitCode", "ResultDetectionConditionText",
    ),
}  # fmt: skip

#: Provisional values are approved within about half a year; some take longer.
_SETTLED_DAYS = 400


def _scope(request: Request) -> str:
    return f"{request.what or _FLOW} {request.site}"


def _plan(client: Client, request: Request) -> list[Download]:
    """One file a calendar year."""
    if not re.fullmatch(r"\d{8,15}", request.site):
        raise UsageError(
            f"{request.site} is not a USGS site.", "Give its 8 to 15 digits, such as 01491000."
        )
    what = request.what or _FLOW
    return [_download(request, what, start, end) for start, end in years(*request.period)]


def _download(request: Request, what: str, start: date, end: date) -> Download:
    # The registry's address stands for all three servers; a given one is taken as it is.
    base = _SERVERS[what] if request.base_url == NWIS.base_url else request.base_url
    path, fields = _query(request.site, what, start, end)
    url = f"{base}/{path}?{urlencode(fields)}"
    ending = "rdb" if what == _FLOW else "csv"
    return Download(
        name=f"{what}/{request.site}/{start.year}/{file_name(request.place or request.site)}.{ending}",
        url=url,
        check=_check_flow if what == _FLOW else _checks(what),
        final=request.settled(end, _SETTLED_DAYS),
        scope=_scope(request),
        start=start,
        end=end,
        region=request.place,
        collect=lambda client: client.get(url),
        essence=_essence,
    )


def _query(site: str, what: str, start: date, end: date) -> tuple[str, dict[str, str]]:
    """Return path and fields of a request to the server of ``what``."""
    if what == _FLOW:
        return "nwis/dv/", {
            "format": "rdb",
            "sites": site,
            "startDT": str(start),
            "endDT": str(end),
            "parameterCd": "00060",
            "statCd": "00003",
        }
    if what == _SAMPLES:
        return "samples-data/results/fullphyschem", {
            "mimeType": "text/csv",
            "monitoringLocationIdentifier": f"USGS-{site}",
            "activityMediaName": "Water",
            "activityStartDateLower": str(start),
            "activityStartDateUpper": str(end),
        }
    return "data/Result/search", {
        "siteid": f"USGS-{site}",
        "startDateLo": f"{start:%m-%d-%Y}",
        "startDateHi": f"{end:%m-%d-%Y}",
        "sampleMedia": "Water",
        "mimeType": "csv",
        "zip": "no",
    }


def _essence(data: bytes) -> bytes:
    """Leave out the comment lines: they say when the answer was made."""
    return b"\n".join(line for line in data.splitlines() if not line.startswith(b"#"))


def _check_flow(data: bytes) -> None:
    text = text_of(data)
    table = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    if not table:
        raise NothingInside("the gauge has no daily flow in this period")
    refuse_other_columns(table, ("agency_cd", "site_no", "datetime"), delimiter="\t")
    if not any(_COLUMN.fullmatch(name) for name in header_of(table, "\t")):
        raise Unusable("no column of daily mean discharge (00060_00003)")
    if len(table.splitlines()) < 3:
        raise NothingInside("the gauge has no daily flow in this period")


def _checks(what: str) -> Callable[[bytes], None]:
    return lambda data: refuse_other_columns(text_of(data), _COLUMNS[what])


NWIS = Source(
    name="usgs-nwis",
    title=("日流量与水样(USGS)", "daily flow and water samples (USGS)"),
    layouts=("usgs_nwis",),
    arguments=(
        Argument("site", "--site", True, "USGS 站号", "USGS site"),
        Argument(
            "what", "--what", False, "flow 日流量(默认)、samples 水样、portal 水质门户",
            "flow (default), samples, or portal", (_FLOW, _SAMPLES, _PORTAL),
        ),
        Argument("place", "--place", False, "地区名称", "region to file it under"),
        Argument("start", "--from", True, "起始日", "first day"),
        Argument("end", "--to", False, "截止日(默认昨天)", "last day (yesterday)"),
    ),
    base_url=_SERVERS[_FLOW],
    plan=_plan,
    scope=_scope,
    # A year of a much sampled site may have tens of MB in the long rows of the water quality services.
    largest=1 << 26,
    terms="public domain; name the U.S. Geological Survey; values marked P are provisional",
)  # fmt: skip
