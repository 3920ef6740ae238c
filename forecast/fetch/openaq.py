"""OpenAQ's service, version 3: hourly means of the sensors of a location.

Addresses, pages and allowance: docs.openaq.org (60 requests a minute, 2,000 an hour for a key).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from forecast.fetch.answers import AccessRefused, NotThere
from forecast.fetch.client import Client
from forecast.fetch.source import (
    Argument,
    Download,
    NothingInside,
    Request,
    Source,
    Unusable,
    file_name,
    json_of,
    months,
    refuse_too_many,
)

__all__ = ["ARGUMENTS", "SERVICE"]

#: What is asked for; sensors of other kinds (counts of particles, temperature …) are passed over.
_PARAMETERS = ("pm25", "pm10", "so2", "no2", "co", "o3")

_PAGE = 1000

#: A month of hours fits on one page; more pages than this are a fault of the source.
_MOST_PAGES = 20

#: A page of 1,000 hours has about 1 MB [byte].
_LARGEST = 1 << 24

#: Names of files end at 255 bytes on most systems, and a character may take three.
_LONGEST_NAME = 60

_SETTLED_DAYS = 30

_KEY_VARIABLE = "OPENAQ_API_KEY"


def _scope(request: Request) -> str:
    return f"location {request.location}"


def _key(request: Request) -> dict[str, str]:
    if not request.key:
        raise AccessRefused(
            "OpenAQ's service needs a key.",
            f"Register at explore.openaq.org and set the environment variable {_KEY_VARIABLE}, or "
            "use openaq-archive, which needs none.",
            lasting=True,
        )
    if not request.key.isascii() or not request.key.isprintable():
        raise AccessRefused(
            f"What the environment variable {_KEY_VARIABLE} holds is not a key.",
            "Set it to the key as explore.openaq.org shows it.",
            lasting=True,
        )
    return {"X-API-Key": request.key}


def _results(data: bytes) -> list[dict[str, Any]]:
    try:
        told = json_of(data)
    except Unusable as error:
        raise Unusable(str(error), data) from error
    results = told.get("results") if isinstance(told, dict) else None
    if not isinstance(results, list) or not all(isinstance(one, dict) for one in results):
        raise Unusable("no list of results", data)
    return results


def _plan(client: Client, request: Request) -> list[Download]:
    """One file a sensor and calendar month."""
    key = _key(request)
    start, end = request.period
    told = _results(client.get(f"{request.base_url}/v3/locations/{request.location}", key=key))
    if not told:
        raise NotThere(
            f"OpenAQ has no location {request.location}.",
            "Look up its number on explore.openaq.org.",
        )
    location = told[0]
    sensors = _sensors(location)
    refuse_too_many(len(sensors) * len(months(start, end)))
    called = str(location.get("locality") or location.get("name") or request.location)
    name = request.place or client.shown(called)[:_LONGEST_NAME]
    zone = ZoneInfo(request.timezone)
    found = []
    for sensor, parameter in sensors:
        for first, last in months(start, end):
            fields = {
                "datetime_from": _moment(first, zone),
                "datetime_to": _moment(last + timedelta(days=1), zone),
                "limit": str(_PAGE),
            }
            url = f"{request.base_url}/v3/sensors/{sensor}/hours?{urlencode(fields, safe=':')}"
            found.append(
                Download(
                    name=f"{request.location}/{sensor}-{parameter}/{first:%Y-%m}/{file_name(name)}.json",
                    url=url,
                    check=_check,
                    final=request.settled(last, _SETTLED_DAYS),
                    scope=_scope(request),
                    start=first,
                    end=last,
                    region=request.place if file_name(name) != name else "",
                    collect=_collector(url, key, location, sensor),
                )
            )
    if not found:
        raise NotThere(
            f"OpenAQ's location {request.location} has no sensor of {', '.join(_PARAMETERS)}.",
            "Choose another location.",
        )
    return found


def _sensors(location: dict[str, Any]) -> list[tuple[int, str]]:
    """Return number and parameter of the sensors that are asked for."""
    told = location.get("sensors") or []
    if not isinstance(told, list):
        raise Unusable("no list of sensors")
    found: dict[int, str] = {}
    for one in told:
        parameter = one.get("parameter") if isinstance(one, dict) else None
        name = parameter.get("name") if isinstance(parameter, dict) else None
        if name in _PARAMETERS:
            if not isinstance(one.get("id"), int):
                raise Unusable("a sensor without a number")
            found[one["id"]] = str(name)
    return list(found.items())


def _moment(day: date, zone: ZoneInfo) -> str:
    """Return the beginning of a local day with its offset from UTC turned into Z."""
    local = datetime.combine(day, time(), zone)
    return local.astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%M:%SZ")


def _collector(
    url: str, key: dict[str, str], location: dict[str, Any], sensor: int
) -> Callable[[Client], bytes]:
    """Return what gathers all pages into one list of flat objects."""
    coordinates = location.get("coordinates")
    if not isinstance(coordinates, dict):
        coordinates = {}
    around = {
        "location.id": location.get("id"),
        "location.name": location.get("name"),
        "location.timezone": location.get("timezone"),
        "coordinates.latitude": coordinates.get("latitude"),
        "coordinates.longitude": coordinates.get("longitude"),
        "sensor.id": sensor,
    }

    def collect(client: Client) -> bytes:
        rows: list[dict[str, Any]] = []
        before: list[dict[str, Any]] = []
        for page in range(1, _MOST_PAGES + 1):
            results = _results(client.get(f"{url}&page={page}", key=key))
            if results and results == before:
                raise Unusable("it sends the same page again and again")
            rows += [{**around, **_flat(one)} for one in results]
            if len(results) < _PAGE:
                return client.without_secrets(json.dumps(rows, ensure_ascii=False).encode())
            before = results
        raise Unusable(f"it has more than {_MOST_PAGES} pages for a month")

    return collect


def _flat(one: dict[str, Any], before: str = "") -> dict[str, Any]:
    """Return the object without nesting, names joined by points; what is empty is left out.

    >>> _flat({"value": 3.1, "period": {"datetimeTo": {"local": "2024-01-01T01:00:00+08:00"}}})
    {'value': 3.1, 'period.datetimeTo.local': '2024-01-01T01:00:00+08:00'}
    """
    flat: dict[str, Any] = {}
    for name, value in one.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{before}{name}.")
        elif value is not None and not isinstance(value, list):
            flat[f"{before}{name}"] = value
    return flat


def _check(data: bytes) -> None:
    rows = json_of(data)
    if not rows:
        raise NothingInside("OpenAQ has no hours of this sensor in this month")
    for name in ("value", "parameter.name", "parameter.units", "period.datetimeTo.local"):
        if name not in rows[0]:
            raise Unusable(f"no {name} in the results")


#: What both ways to OpenAQ take.
ARGUMENTS = (
    Argument("location", "--location", True, "OpenAQ 站点编号", "OpenAQ's number of the location"),
    Argument("place", "--place", False, "地区名称", "region to file it under"),
    Argument("start", "--from", True, "起始日", "first day"),
    Argument("end", "--to", False, "截止日(默认昨天)", "last day (yesterday)"),
)

SERVICE = Source(
    name="openaq",
    title=("OpenAQ 小时均值(需密钥)", "OpenAQ's hourly means (needs a key)"),
    layouts=("openaq",),
    arguments=ARGUMENTS,
    base_url="https://api.openaq.org",
    plan=_plan,
    scope=_scope,
    terms=(
        "licence of each provider, mostly CC BY 4.0; name OpenAQ and the provider; 60 requests a "
        "minute and 2,000 an hour for a key"
    ),
    largest=_LARGEST,
    key_variable=_KEY_VARIABLE,
)
