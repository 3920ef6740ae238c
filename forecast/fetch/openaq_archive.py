"""OpenAQ's archive: one CSV a location and day, in a public bucket.

Layout of the bucket: docs.openaq.org/aws/about. Its list of files carries the MD5 of each (the
ETag of an object that was sent in one piece).
"""

from __future__ import annotations

import re
from datetime import date
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

from forecast.fetch.answers import NotThere
from forecast.fetch.client import Client
from forecast.fetch.openaq import ARGUMENTS
from forecast.fetch.source import (
    Download,
    Request,
    Source,
    Unusable,
    file_name,
    months,
    refuse_other_columns,
    text_of,
)

__all__ = ["ARCHIVE"]

_COLUMNS = ("location_id", "sensors_id", "datetime", "lat", "lon", "parameter", "units", "value")

#: The archive is renewed every 72 hours; a day is left to settle for a week.
_SETTLED_DAYS = 7

_KEY = re.compile(r"location-(?P<location>\d+)-(?P<day>\d{8})\.csv\.gz$")

#: A month has 31 files, and a list holds 1,000; more pages than this are a fault of the source.
_MOST_PAGES = 50


def _scope(request: Request) -> str:
    return f"location {request.location}"


def _plan(client: Client, request: Request) -> list[Download]:
    start, end = request.period
    found = []
    for first, last in months(start, end):
        prefix = f"records/csv.gz/locationid={request.location}/year={first.year}/month={first:%m}/"
        for path, md5 in _listed(client, request.base_url, prefix):
            told = _KEY.search(path)
            if told is None or int(told["location"]) != request.location:
                continue
            day = date.fromisoformat(told["day"])
            if not first <= day <= last:
                continue
            found.append(
                Download(
                    name=f"{request.location}/{day.year}/{_name(request, day, path)}",
                    url=f"{request.base_url}/{path}",
                    check=lambda data: refuse_other_columns(text_of(data), _COLUMNS),
                    final=request.settled(day, _SETTLED_DAYS),
                    scope=_scope(request),
                    start=day,
                    end=day,
                    region=request.place,
                    md5=md5,
                )
            )
    if not found:
        raise NotThere(
            f"OpenAQ's archive has no file of location {request.location} from {start} to {end}.",
            "Look up the location's number and its period on explore.openaq.org.",
        )
    return found


def _name(request: Request, day: date, path: str) -> str:
    if request.place:
        return f"{day:%m%d}/{file_name(request.place)}.csv.gz"
    return path.rsplit("/", 1)[1]


def _listed(client: Client, base: str, prefix: str) -> list[tuple[str, str]]:
    """Return path and MD5 of all files under ``prefix``; MD5 is empty where it is not known."""
    found: list[tuple[str, str]] = []
    token = ""
    for _ in range(_MOST_PAGES):
        fields = {"list-type": "2", "prefix": prefix}
        if token:
            fields["continuation-token"] = token
        root = _list_of(client.get(f"{base}/?{urlencode(fields)}"))
        for one in root.iterfind("{*}Contents"):
            path = one.findtext("{*}Key", "")
            etag = one.findtext("{*}ETag", "").strip('"')
            found.append((path, etag if re.fullmatch(r"[0-9a-f]{32}", etag) else ""))
        token = root.findtext("{*}NextContinuationToken", "")
        if not token:
            break
    return found


def _list_of(body: bytes) -> ET.Element:
    try:
        root = ET.fromstring(body)
    except ET.ParseError as error:
        raise Unusable("not readable as XML, or cut off") from error
    # A web page may well be XML.
    if not root.tag.endswith("ListBucketResult"):
        raise Unusable("a web page instead of data")
    return root


ARCHIVE = Source(
    name="openaq-archive",
    title=("OpenAQ 历史文件", "OpenAQ's archive of hourly and other readings"),
    layouts=("openaq",),
    arguments=ARGUMENTS,
    base_url="https://openaq-data-archive.s3.amazonaws.com",
    plan=_plan,
    scope=_scope,
    terms="licence of each provider, mostly CC BY 4.0; name OpenAQ and the provider; no key",
    gap=0.2,
)
