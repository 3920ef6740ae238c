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
    refuse_other_columns,
    refuse_too_many,
    text_of,
    years,
)

__all__ = ["ARCHIVE"]

_COLUMNS = ("location_id", "sensors_id", "datetime", "lat", "lon", "parameter", "units", "value")

#: The archive is renewed every 72 hours; a day is left to settle for a week.
_SETTLED_DAYS = 7

_KEY = re.compile(r"location-(?P<location>[0-9]{1,18})-(?P<day>[0-9]{8})\.csv\.gz$")

#: A year has 366 files, and a page holds 1,000, where a mirror does not choose fewer; more
#: pages than this are a fault of the source.
_MOST_PAGES = 50

#: One page; a thousand files take less than 1 MB [byte].
_LARGEST_LIST = 1 << 23


def _scope(request: Request) -> str:
    return f"location {request.location}"


def _plan(client: Client, request: Request) -> list[Download]:
    start, end = request.period
    refuse_too_many((end - start).days + 1)
    found: dict[date, Download] = {}
    for first, last in years(start, end):
        prefix = f"records/csv.gz/locationid={request.location}/year={first.year}/"
        if first.month == last.month:
            prefix += f"month={first:%m}/"
        for path, md5 in _listed(client, request.base_url, prefix):
            told = _KEY.search(path)
            day = _day(told["day"]) if told else None
            if told is None or day is None or int(told["location"]) != request.location:
                continue
            if not first <= day <= last:
                continue
            found[day] = Download(
                name=f"{request.location}/{day.year}/{_name(request, day, told[0])}",
                url=f"{request.base_url}/{path}",
                check=lambda data: refuse_other_columns(text_of(data), _COLUMNS),
                final=request.settled(day, _SETTLED_DAYS),
                scope=_scope(request),
                start=day,
                end=day,
                region=request.place,
                md5=md5,
            )
    if not found:
        raise NotThere(
            f"OpenAQ's archive has no file of location {request.location} from {start} to {end}.",
            "Look up the location's number and its period on explore.openaq.org.",
        )
    return list(found.values())


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _name(request: Request, day: date, name: str) -> str:
    return f"{day:%m%d}/{file_name(request.place)}.csv.gz" if request.place else name


def _listed(client: Client, base: str, prefix: str) -> list[tuple[str, str]]:
    """Return path and MD5 of all files under ``prefix``; MD5 is empty where it is not known."""
    found: list[tuple[str, str]] = []
    tokens = [""]
    while len(tokens) <= _MOST_PAGES:
        fields = {"list-type": "2", "prefix": prefix}
        if tokens[-1]:
            fields["continuation-token"] = tokens[-1]
        root = _list_of(client.get(f"{base}/?{urlencode(fields)}", largest=_LARGEST_LIST))
        for one in root.iterfind("{*}Contents"):
            path = one.findtext("{*}Key", "")
            etag = one.findtext("{*}ETag", "").strip('"')
            if path.startswith(prefix):
                found.append((path, etag if re.fullmatch(r"[0-9a-f]{32}", etag) else ""))
        token = root.findtext("{*}NextContinuationToken", "")
        if not token:
            return found
        if token in tokens:
            raise Unusable("its pages go round in a circle")
        tokens.append(token)
    raise Unusable(f"it has more than {_MOST_PAGES} pages for a year")


def _list_of(body: bytes) -> ET.Element:
    try:
        root = ET.fromstring(body)
    except (ET.ParseError, ValueError, LookupError) as error:
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
