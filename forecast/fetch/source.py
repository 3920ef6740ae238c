"""What a source is: its arguments, what it is asked for, and how its files are recognised."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from forecast.errors import UsageError
from forecast.fetch.client import Client
from forecast.fetch.transfer import TooLargeError, unpacked

__all__ = [
    "Argument",
    "Download",
    "NothingInside",
    "Request",
    "Source",
    "Unusable",
    "file_name",
    "header_of",
    "json_of",
    "months",
    "refuse_other_columns",
    "refuse_too_many",
    "row_of",
    "text_of",
    "years",
]


#: A text that lies packed at its source may unpack to so much; a location's day has tens of kB
#: [byte].
_LARGEST = 1 << 26

#: A year of hourly files is 8,784 [files].
_MOST_FILES = 10_000

#: The sources' JSON has five levels.
_DEEPEST = 50


class Unusable(Exception):  # noqa: N818
    """What came is not what the source used to give; the text says why.

    ``data`` is what came, where the one who catches this can't know it.
    """

    def __init__(self, reason: str, data: bytes = b"") -> None:
        super().__init__(reason)
        self.data = data


class NothingInside(Exception):  # noqa: N818
    """What came is in order and has no reading in it; the text says so."""


@dataclass(frozen=True)
class Request:
    """What a source is asked for; what it does not take is empty.

    Attributes:
        base_url: where the source is, without a slash at its end.
        now: the moment of asking, in the workspace's zone.
        timezone: that zone's name.
        start, end: first and last day wanted.
        place: the place's name in the workspace.
        latitude, longitude: where it is [°].
        location: number of a location (OpenAQ).
        station: number of a weather station (NOAA).
        site: number of a gauge or sampling site (USGS).
        what: which of the source's kinds of files.
        days: days ahead of a weather forecast.
        checksums: True where a ``.sha256`` lies beside each file.
        key: the secret of the environment.
    """

    base_url: str
    now: datetime
    timezone: str = "Asia/Shanghai"
    start: date | None = None
    end: date | None = None
    place: str = ""
    latitude: float = float("nan")
    longitude: float = float("nan")
    location: int = 0
    station: str = ""
    site: str = ""
    what: str = ""
    days: int = 0
    checksums: bool = False
    key: str = field(default="", repr=False)

    @property
    def today(self) -> date:
        """The day of asking, in the workspace's zone."""
        return self.now.date()

    @property
    def period(self) -> tuple[date, date]:
        """First and last day of a request that has both."""
        if self.start is None or self.end is None:
            raise UsageError("A period is needed.", "Give --from and --to.")
        return self.start, self.end

    def settled(self, last: date, days: int) -> bool:
        """Return whether ``last`` is so long ago that its source no longer changes it."""
        return last < self.today - timedelta(days=days)


@dataclass(frozen=True)
class Download:
    """One file that is wanted.

    Attributes:
        name: path within the source's folder; its stem is the place where the layout wants that.
        url: where it is, without keys.
        check: raises Unusable or NothingInside after a look at the content.
        final: True where the source will not change it any more.
        scope: whose readings they are; with ``start`` and ``end`` it finds the copies of a source
            that does not answer.
        start, end: the days in it.
        region: the region to read it under, where its name can't say it.
        collect: asks for it in several requests, where one does not do.
        essence: what matters of the content; two answers with the same essence are the same.
        unpack: the files within an archive.
        md5: checksum from the source's list of files, in hex.
        checksum_url: where its SHA-256 lies.
    """

    name: str
    url: str
    check: Callable[[bytes], None] = field(repr=False)
    final: bool = False
    scope: str = ""
    start: date | None = None
    end: date | None = None
    region: str = ""
    collect: Callable[[Client], bytes] | None = field(default=None, repr=False)
    essence: Callable[[bytes], bytes] = field(default=bytes, repr=False)
    unpack: Callable[[bytes], dict[str, bytes]] | None = field(default=None, repr=False)
    md5: str = ""
    checksum_url: str = ""


@dataclass(frozen=True)
class Argument:
    """One argument of a source: its name in ``fetch``, its option, whether it must be given."""

    name: str
    option: str
    required: bool
    zh: str
    en: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """A public source.

    Attributes:
        name: its word on the command line.
        title: what it gives, in Chinese and English.
        layouts: the ingest layouts that read its files; empty where they are not readings.
        arguments: what it takes beside ``base_url``.
        base_url: the official address.
        plan: the files that a request is about; may ask the source.
        scope: whose readings a request is about.
        terms: licence and limits in one line.
        gap: least time between two requests [s].
        largest: what one of its files may be at most, as it is sent and unpacked [byte]. Several
            times what it ever was; a source out of order is cut off there.
        key_variable: the environment variable of its key; empty where it needs none.
    """

    name: str
    title: tuple[str, str]
    layouts: tuple[str, ...]
    arguments: tuple[Argument, ...]
    base_url: str
    plan: Callable[[Client, Request], list[Download]] = field(repr=False)
    scope: Callable[[Request], str] = field(repr=False)
    terms: str
    gap: float = 1.0
    largest: int = 1 << 25
    key_variable: str = ""

    @property
    def folder(self) -> str:
        """Its folder under ``data/raw``."""
        return self.name.replace("-", "_")

    @property
    def dated(self) -> bool:
        """Whether it is asked for a period."""
        return any(argument.name == "start" for argument in self.arguments)

    def to_dict(self) -> dict[str, Any]:
        """Return what it is and takes as plain values, for ``--json``."""
        return {
            "name": self.name,
            "title": {"zh": self.title[0], "en": self.title[1]},
            "options": [
                {"option": one.option, "required": one.required, "zh": one.zh, "en": one.en}
                for one in self.arguments
            ],
            "layouts": list(self.layouts),
            "base_url": self.base_url,
            "key_variable": self.key_variable,
            "terms": self.terms,
        }


def file_name(place: str) -> str:
    """Return ``place`` as a file's name on every system.

    >>> file_name("衡水")
    '衡水'
    >>> file_name("a/b:c")
    'a_b_c'
    """
    name = re.sub(r'[<>:"/\\|?*\x00-\x1f]', "_", place).strip(" .")
    # Names of devices, which Windows keeps for itself.
    return f"{name}_" if re.fullmatch(r"(?i)con|prn|aux|nul|(com|lpt)\d|", name) else name


def years(start: date, end: date) -> list[tuple[date, date]]:
    """Return the calendar years of a period, the first and the last cut to it."""
    return [
        (max(start, date(year, 1, 1)), min(end, date(year, 12, 31)))
        for year in range(start.year, end.year + 1)
    ]


def months(start: date, end: date) -> list[tuple[date, date]]:
    """Return the calendar months of a period, the first and the last cut to it."""
    found = []
    first = start
    while first <= end:
        after = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        found.append((first, min(end, after - timedelta(days=1))))
        first = after
    return found


def text_of(data: bytes) -> str:
    """Return the text of a file, unpacked if need be.

    Raises:
        Unusable: not text, a web page, or damaged.
    """
    if data[:2] == b"\x1f\x8b":
        try:
            data = unpacked(data, _LARGEST)
        except ValueError as error:
            raise Unusable("a damaged gzip file") from error
        except TooLargeError as error:
            raise Unusable(f"a gzip file that unpacks to {error}") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError as error:
            raise Unusable("not a text") from error
    if re.match(r"\s*(<!doctype|<html|<\?xml)", text, flags=re.IGNORECASE):
        raise Unusable("a web page instead of data")
    if not text.strip():
        raise Unusable("an empty file")
    return text


def json_of(data: bytes) -> Any:
    """Return the content of a JSON text.

    Raises:
        Unusable: not JSON, cut off, or nested so deep that no source means it.
    """
    try:
        told = json.loads(text_of(data))
    except ValueError as error:
        raise Unusable("not readable as JSON, or cut off") from error
    except RecursionError as error:
        raise Unusable("JSON that is nested without end") from error
    level, depth = [told], 0
    while level := [
        inner
        for one in level
        if isinstance(one, dict | list)
        for inner in (one.values() if isinstance(one, dict) else one)
        if isinstance(inner, dict | list)
    ]:
        depth += 1
        if depth > _DEEPEST:
            raise Unusable("JSON that is nested without end")
    return told


def header_of(text: str, delimiter: str = ",") -> list[str]:
    """Return the cells of the first line.

    Raises:
        Unusable: it can't be read as cells.
    """
    return row_of(text, 0, delimiter)


def row_of(text: str, line: int, delimiter: str = ",") -> list[str]:
    """Return the cells of a line near the beginning, the first being 0; none where it has none.

    Raises:
        Unusable: it can't be read as cells.
    """
    try:
        rows = csv.reader(io.StringIO(text, newline=None), delimiter=delimiter)
        return [cell.strip() for cell in next(itertools.islice(rows, line, None), [])]
    except csv.Error as error:
        raise Unusable("the first lines can't be read as cells") from error


def refuse_too_many(files: int) -> None:
    """Raise where one fetch would ask for so many files that it runs for days.

    Raises:
        UsageError: it would.
    """
    if files > _MOST_FILES:
        raise UsageError(
            f"The period is {files:,} files of this source, more than {_MOST_FILES:,} in one fetch.",
            "Give a shorter period, then the next one; what is here is not fetched again.",
        )


def refuse_other_columns(text: str, wanted: Iterable[str], delimiter: str = ",") -> None:
    """Raise where a table lacks a column it used to have, has no row, or ends within a row.

    Args:
        text: the table, header first.
        wanted: names of columns, compared without case.
        delimiter: between cells.

    Raises:
        Unusable: a column is missing, or the last row is cut off.
        NothingInside: there is only the header.
    """
    header = header_of(text, delimiter)
    there = {name.casefold() for name in header}
    missing = [name for name in wanted if name.casefold() not in there]
    if missing:
        # Shown in part, once secrets are taken out.
        raise Unusable(f"no column {missing[0]}; the first line is: {','.join(header)}")
    lines = text.rstrip("\r\n")
    begin = max(lines.rfind("\n"), lines.rfind("\r")) + 1
    if begin == 0:
        raise NothingInside("the file has a header and no row")
    try:
        last = next(csv.reader([lines[begin:]], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        raise Unusable("the last row ends within a quoted cell") from error
    if len(last) != len(header):
        raise Unusable(f"the last row has {len(last)} cells where the header has {len(header)}")
