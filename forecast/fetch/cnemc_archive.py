"""Public archives of the national hourly air readings that CNEMC publishes.

Two layouts: one wide CSV a day (``china_sites_YYYYMMDD.csv``, ``china_cities_YYYYMMDD.csv``), and
one long CSV an hour (``Archive/YYYY-MM-DD/YYYY-MM-DDTHH.csv``). The archives are private ones and
move; the base URL is an argument.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from forecast.fetch.client import Client
from forecast.fetch.source import (
    Argument,
    Download,
    Request,
    Source,
    Unusable,
    header_of,
    refuse_other_columns,
    refuse_too_many,
    row_of,
    text_of,
)

__all__ = ["CNEMC"]

_SITES, _CITIES, _HOURS = "sites", "cities", "hours"

#: The daily files lie here by default (quotsoft.net/air names the addresses) …
_DAILY = "https://quotsoft.net/air/data"

#: … and the hourly ones in the repository HeQinWill/CNEMC.
_HOURLY = "https://raw.githubusercontent.com/HeQinWill/CNEMC/main"

_LONG = (
    "timepoint", "stationcode", "area", "positionname", "pm10", "pm2_5", "o3", "no2", "so2", "co",
)  # fmt: skip

#: The last hours of a day are filled in the next day.
_SETTLED_DAYS = 2


def _scope(request: Request) -> str:
    return request.what or _SITES


def _plan(client: Client, request: Request) -> list[Download]:
    start, end = request.period
    what = request.what or _SITES
    days_asked = (end - start).days + 1
    refuse_too_many(days_asked * 24 if what == _HOURS else days_asked)
    if what == _HOURS:
        return [_hour(request, hour) for hour in _hours(start, end, request.now)]
    days = [start + timedelta(days=at) for at in range(days_asked)]
    return [_day(request, what, day) for day in days]


def _hours(start: date, end: date, now: datetime) -> list[datetime]:
    """Return the stamps of the hours of a period: 01 of the first day to 00 after the last.

    >>> stamps = _hours(date(2022, 1, 2), date(2022, 1, 2), datetime(2022, 2, 1))
    >>> str(stamps[0]), str(stamps[-1]), len(stamps)
    ('2022-01-02 01:00:00', '2022-01-03 00:00:00', 24)
    """
    first = datetime.combine(start, time(1))
    last = datetime.combine(end + timedelta(days=1), time())
    count = int((min(last, now.replace(tzinfo=None)) - first) / timedelta(hours=1)) + 1
    return [first + timedelta(hours=at) for at in range(max(count, 0))]


def _day(request: Request, what: str, day: date) -> Download:
    name = f"china_{what}_{day:%Y%m%d}.csv"
    return _download(request, f"{what}/{day.year}/{name}", name, day, _wide(day, what))


def _hour(request: Request, hour: datetime) -> Download:
    name = f"{hour:%Y-%m-%d}/{hour:%Y-%m-%dT%H}.csv"
    # Hour 00 belongs to the day before.
    day = (hour - timedelta(hours=1)).date()
    return _download(request, f"{_HOURS}/{name}", f"Archive/{name}", day, _long(hour))


def _download(
    request: Request, name: str, path: str, day: date, check: Callable[[bytes], None]
) -> Download:
    base = request.base_url
    if base == _DAILY and request.what == _HOURS:
        base = _HOURLY
    url = f"{base}/{path}"
    return Download(
        name=name,
        url=url,
        check=check,
        final=request.settled(day, _SETTLED_DAYS),
        scope=_scope(request),
        start=day,
        end=day,
        checksum_url=f"{url}.sha256" if request.checksums else "",
    )


def _wide(day: date, what: str) -> Callable[[bytes], None]:
    def check(data: bytes) -> None:
        text = text_of(data)
        header = header_of(text)
        if [name.casefold() for name in header[:3]] != ["date", "hour", "type"] or len(header) < 4:
            raise Unusable(f"the first line is not date,hour,type,…: {','.join(header)}")
        codes = sum(name[:-1].isdigit() and name[-1:].isalpha() for name in header[3:])
        if (what == _SITES) != (codes > len(header[3:]) / 2):
            raise Unusable(f"its columns are not {what}")
        refuse_other_columns(text, header[:3])
        first = "".join(row_of(text, 1)[:1]).replace("-", "")
        if first != f"{day:%Y%m%d}":
            raise Unusable(f"it is of {first} where {day:%Y%m%d} was asked for")

    return check


def _long(hour: datetime) -> Callable[[bytes], None]:
    def check(data: bytes) -> None:
        text = text_of(data)
        refuse_other_columns(text, _LONG)
        header = [name.casefold() for name in header_of(text)]
        at = header.index("timepoint")
        first = "".join(row_of(text, 1)[at : at + 1])
        if first.replace(" ", "T")[:13] != f"{hour:%Y-%m-%dT%H}":
            raise Unusable(f"it is of {first} where {hour:%Y-%m-%dT%H} was asked for")

    return check


CNEMC = Source(
    name="cnemc-archive",
    title=("全国空气质量小时值存档", "archives of the national hourly air readings"),
    layouts=("national_sites_wide", "national_cities_wide", "national_hourly_long"),
    arguments=(
        Argument(
            "what", "--what", False, "sites 站点(默认)、cities 城市、hours 逐时文件",
            "sites (default), cities, or hours (one file an hour)", (_SITES, _CITIES, _HOURS),
        ),
        Argument("start", "--from", True, "起始日", "first day"),
        Argument("end", "--to", False, "截止日(默认昨天)", "last day (yesterday)"),
        Argument(
            "checksums", "--checksums", False, "每个文件旁有 .sha256 校验文件",
            "a .sha256 lies beside each file",
        ),
    ),
    base_url=_DAILY,
    plan=_plan,
    scope=_scope,
    terms=(
        "published by the China National Environmental Monitoring Centre, real-time and not "
        "audited; private archives without a licence of their own: look, keep few, name both"
    ),
)  # fmt: skip
