"""Which answers and failures are worth another try, and what the others mean."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime

import httpx

from forecast.fetch.answers import AccessRefused, NotThere, SourceUnavailable, seconds_asked

__all__ = ["LONGEST_WAIT", "Passing", "is_worth_another_try", "judge"]

#: Answers that may be better the next time (RFC 9110, RFC 6585).
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})

#: A wait that a source asks for is kept up to this long, else the source counts as unavailable [s].
LONGEST_WAIT = 300.0

_DAY = 86400.0


class Passing(Exception):  # noqa: N818
    """A failure that the next try may not have, unless ``again`` is False.

    ``wait`` is what the source asked for [s].
    """

    def __init__(self, reason: str, wait: float | None = None, *, again: bool = True) -> None:
        super().__init__(reason)
        self.wait = wait
        self.again = again


def is_worth_another_try(error: BaseException) -> bool:
    """Return whether a try that ended so may be followed by another."""
    if isinstance(error, Passing):
        return error.again
    return isinstance(error, httpx.TransportError)


def judge(response: httpx.Response, host: str, now: datetime, said: Callable[[], str]) -> None:
    """Raise where an answer's status says that there is no content.

    Args:
        response: the answer; its body is read only for the reason in it.
        host: who answered.
        now: the moment, for waits that are given as a date.
        said: returns the reason in the source's own words, fit to be shown.

    Raises:
        Passing: the next try may fare better.
        SourceUnavailable: it would not.
    """
    status = response.status_code
    if status in (200, 206, 304, 416):
        return
    reason = said()
    told = f": {reason}" if reason else ""
    if status in (404, 410):
        raise NotThere(f"{host} has no such file ({status}{told}).")
    if status in (401, 403):
        raise AccessRefused(
            f"{host} refused access ({status}{told}).",
            "Check the key in the environment, or ask the source for access.",
            lasting=True,
        )
    if status in _PASSING:
        wait = seconds_asked(response.headers.get("Retry-After", ""), now)
        what = "too many requests" if status == 429 else "busy or out of order"
        if wait is not None and wait > LONGEST_WAIT:
            shown = f"{math.ceil(wait / 60)} minutes" if wait <= _DAY else "more than a day"
            raise SourceUnavailable(
                f"{host} asks to wait {shown} ({what}, {status}).",
                "Run the same command again after that.",
                lasting=True,
            )
        raise Passing(f"{what} ({status}{told})", wait)
    if 300 <= status < 400:
        raise SourceUnavailable(
            f"{host} points to another address ({status}).",
            "Look up where the source has moved to and give that as the base URL.",
            lasting=True,
        )
    raise SourceUnavailable(
        f"{host} did not accept the request ({status}{told}).",
        "Check the place, the numbers and the dates.",
    )
