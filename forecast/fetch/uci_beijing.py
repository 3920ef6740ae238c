"""UCI Machine Learning Repository: hourly air and weather of Beijing and of five cities.

Beijing Multi-Site Air Quality (doi:10.24432/C5RK5G), PM2.5 Data of Five Chinese Cities
(doi:10.24432/C52K58). The first is a zip in a zip; only the CSV files in it are kept.
"""

from __future__ import annotations

import io
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

from forecast.fetch.client import Client
from forecast.fetch.source import (
    Argument,
    Download,
    Request,
    Source,
    Unusable,
    file_name,
    refuse_other_columns,
    text_of,
)

__all__ = ["UCI"]

_BEIJING, _FIVE = "beijing", "five-cities"

_ZIPS = {
    _BEIJING: "static/public/501/beijing+multi+site+air+quality+data.zip",
    _FIVE: "static/public/394/pm2+5+data+of+five+chinese+cities.zip",
}

#: The readings in each zip; the rest are descriptions and a scratch table.
_MEMBERS = {
    _BEIJING: re.compile(r"PRSA_Data_\w+_\d{8}-\d{8}\.csv"),
    _FIVE: re.compile(r"\w+PM\d{8}_\d{8}\.csv"),
}

_COLUMNS = {
    _BEIJING: ("year", "month", "day", "hour", "PM2.5", "CO", "station"),
    _FIVE: ("year", "month", "day", "hour", "cbwd", "Iws"),
}

#: What a zip may unpack to, with those in it [byte]; the larger one's files have 32 MB.
_LARGEST = 1 << 28

#: What a zip may be [byte]: twice what the larger one unpacks to.
_LARGEST_ZIP = 1 << 26

#: A zip in a zip, no more: one that holds itself has no end.
_DEEPEST = 1

#: What the zip file module raises where bytes are not what they should be; RuntimeError: a member
#: with a password.
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, RuntimeError,
    ValueError,
)  # fmt: skip


def _scope(request: Request) -> str:
    return request.what or _BEIJING


def _plan(client: Client, request: Request) -> list[Download]:
    what = request.what or _BEIJING
    return [
        Download(
            name=f"{what}.zip",
            url=f"{request.base_url}/{_ZIPS[what]}",
            check=_checks(what),
            final=True,
            scope=_scope(request),
            unpack=lambda data: {f"{what}/{name}": text for name, text in _members(data, what)},
        )
    ]


def _checks(what: str) -> Callable[[bytes], None]:
    def check(data: bytes) -> None:
        members = list(_members(data, what))
        if not members:
            raise Unusable("the zip has none of the files it used to have")
        for name, text in members:
            try:
                refuse_other_columns(text_of(text), _COLUMNS[what])
            except Unusable as error:
                raise Unusable(f"{name}: {error}") from error

    return check


def _members(data: bytes, what: str) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the files of readings, also of those in a zip within."""
    if data[:2] != b"PK":
        text_of(data)
        raise Unusable("not a zip")
    try:
        yield from _within(data, what, [_LARGEST], 0)
    except _DAMAGED as error:
        raise Unusable("a damaged zip") from error


def _within(data: bytes, what: str, left: list[int], depth: int) -> Iterator[tuple[str, bytes]]:
    """Yield the members of a zip; ``left`` holds what all zips together may still unpack to."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for member in archive.infolist():
            name = PurePosixPath(member.filename).name
            inner = name.lower().endswith(".zip") and depth < _DEEPEST
            if not inner and not _MEMBERS[what].fullmatch(name):
                continue
            # The zip file module reads no more than a member's size in the list.
            left[0] -= member.file_size
            if left[0] < 0:
                raise Unusable("the zip is far larger than it used to be")
            if inner:
                yield from _within(archive.read(member), what, left, depth + 1)
            else:
                yield file_name(name), archive.read(member)


UCI = Source(
    name="uci-beijing",
    title=("北京12站、五城市小时值(UCI)", "hourly readings of Beijing and five cities (UCI)"),
    layouts=("uci_beijing", "uci_cities"),
    arguments=(
        Argument(
            "what", "--what", False, "beijing 北京12站(默认)或 five-cities 五城市",
            "beijing (default, 12 stations) or five-cities", (_BEIJING, _FIVE),
        ),
    ),
    base_url="https://archive.ics.uci.edu",
    plan=_plan,
    scope=_scope,
    largest=_LARGEST_ZIP,
    terms="CC BY 4.0; name the authors and the UCI Machine Learning Repository",
)  # fmt: skip
