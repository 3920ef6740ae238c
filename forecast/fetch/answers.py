"""What a source that gives nothing says, and how that is told.

SourceUnavailable                exit 1  the source gave no answer that can be used
├── NotThere                     exit 1  it has no such file
└── AccessRefused                exit 1  it wants a key, or another one
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from forecast.errors import ForecastError
from forecast.fetch.transfer import MismatchError, TooLargeError, decoded

__all__ = [
    "AccessRefused",
    "NotThere",
    "SourceUnavailable",
    "seconds_asked",
    "what_failed",
    "what_was_said",
]

#: As much of an error page is looked at for the source's own reason [byte].
_REASON = 8192

#: No wait is taken to be longer: some say for ever in hundreds of digits [s].
_FOR_EVER = 366.0 * 86400


class SourceUnavailable(ForecastError):  # noqa: N818 - it is an answer, not a fault
    """The source gave no answer that can be used.

    ``lasting`` is True where the next file of the same source would fare no better.
    """

    def __init__(self, message: str, cure: str = "", *, lasting: bool = False) -> None:
        super().__init__(message, cure)
        self.lasting = lasting


class NotThere(SourceUnavailable):
    """The source has no such file."""


class AccessRefused(SourceUnavailable):
    """The source wants a key, or refuses the one it got."""


def seconds_asked(text: str, now: datetime) -> float | None:
    """Return a wait given in seconds or as a date (RFC 9110, 10.2.3) [s]; None where it is neither."""
    text = text.strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return min(float(text), _FOR_EVER)
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return min(max(0.0, (moment - now).total_seconds()), _FOR_EVER)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def what_was_said(response: httpx.Response) -> str:
    """Return the reason in the source's own words where it answers in JSON, else nothing.

    The words are whole: secrets must be taken out before they are cut.
    """
    wire = b""
    try:
        for chunk in response.iter_raw():
            wire += chunk
            if len(wire) > _REASON:
                return ""
        told = json.loads(decoded(wire, response.headers.get("Content-Encoding", ""), _REASON))
    except (httpx.HTTPError, MismatchError, TooLargeError, ValueError, RecursionError):
        return ""
    if not isinstance(told, dict):
        return ""
    for name in ("reason", "message", "detail", "error"):
        if isinstance(told.get(name), str):
            return str(told[name])
    return ""


def what_failed(error: Exception) -> str:
    """Say in words what failed on the way; the error's own text may hold the address."""
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    if "certificate" in str(error).lower():
        return "its certificate is not trusted here"
    if isinstance(error, httpx.ConnectError):
        return "no connection"
    if isinstance(error, httpx.RemoteProtocolError | httpx.ReadError):
        return "the connection was cut"
    return f"the connection failed ({type(error).__name__})"
