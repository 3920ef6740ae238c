"""A polite HTTP client: one request at a time, retries, resumed downloads, checksums."""

from __future__ import annotations

import errno
import functools
import math
import re
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import urlsplit

import httpx
import numpy as np
import tenacity

from forecast.disk import drop, write_file
from forecast.errors import WorkspaceError
from forecast.fetch.answers import (
    AccessRefused,
    NotThere,
    SourceUnavailable,
    seconds_asked,
    what_failed,
    what_was_said,
)
from forecast.fetch.transfer import Arriving, MismatchError, decoded, refuse_wrong_checksum

__all__ = ["Answer", "Client"]

#: Answers that may be better the next time (RFC 9110, RFC 6585).
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})

#: A wait that a source asks for is kept up to this long, else the source counts as unavailable [s].
_LONGEST_WAIT = 300.0

#: First and longest pause of the back-off; it doubles from try to try [s].
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0

#: One try may last so many times the longest silence, so that a trickle holds up no night.
_PATIENCE = 20.0

_T = TypeVar("_T")


class _Passing(Exception):  # noqa: N818
    """A failure that the next try may not have; ``wait`` is what the source asked for [s]."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


_WORTH_ANOTHER_TRY = (_Passing, httpx.TransportError, httpx.DecodingError)


@dataclass(frozen=True)
class Answer:
    """What a source answered.

    Attributes:
        data: the content; empty where nothing has changed.
        unchanged: True where the source said that what we have is the latest.
        resumed: True where a part from before was completed.
        etag, last_modified: what to ask with the next time.
    """

    data: bytes = field(repr=False)
    unchanged: bool = False
    resumed: bool = False
    etag: str = ""
    last_modified: str = ""


class Client:
    """Asks one source, one request after another.

    Args:
        gap: least time between two requests [s].
        rng: jitter of the pauses between tries.
        attempts: how often one request is tried.
        timeout: longest silence of the source [s].
        sleep, clock, now: the clock; tests pass their own.
        secrets: texts that never enter a message.
    """

    def __init__(
        self,
        *,
        gap: float,
        rng: np.random.Generator,
        attempts: int = 5,
        timeout: float = 60.0,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        secrets: tuple[str, ...] = (),
    ) -> None:
        self._gap = gap
        self._rng = rng
        self._attempts = attempts
        self._sleep = sleep
        self._clock = clock
        self._longest_try = _PATIENCE * timeout
        self._now = now
        self._secrets = tuple(secret for secret in secrets if secret)
        self._earliest = -math.inf
        try:
            self._http = httpx.Client(
                verify=_trusted(),
                timeout=httpx.Timeout(timeout, connect=min(timeout, 15.0)),
                headers={"User-Agent": "forecast", "Accept-Encoding": "gzip"},
                limits=httpx.Limits(max_connections=1),
            )
        except (ImportError, ValueError, OSError, httpx.InvalidURL) as error:
            raise SourceUnavailable(
                "The proxy or the certificates that the environment names can't be used.",
                "Check HTTPS_PROXY, ALL_PROXY and SSL_CERT_FILE.",
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def redacted(self, text: str) -> str:
        """Return ``text`` without the secrets."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def without_secrets(self, data: bytes) -> bytes:
        """Return a content that may echo a secret without it."""
        for secret in self._secrets:
            data = data.replace(secret.encode(), b"***")
        return data

    def get(self, url: str, *, key: Mapping[str, str] | None = None) -> bytes:
        """Return what lies at ``url``, unpacked.

        Args:
            url: the address.
            key: headers with a secret; with them no redirect to another address is followed.

        Raises:
            SourceUnavailable: no usable answer after all tries.
        """

        def once() -> bytes:
            with self._asked(url, key or {}, follow=key is None) as response:
                return b"".join(self._in_time(response.iter_bytes()))

        return self._tried(once, url)

    def download(
        self,
        url: str,
        part: Path,
        *,
        etag: str = "",
        last_modified: str = "",
        md5: str = "",
        sha256: str = "",
    ) -> Answer:
        """Return the file at ``url``, going on where an earlier try or run stopped.

        What arrives is gathered in ``part``, which stays there until ``discard``.

        Args:
            url: the address.
            part: where to gather; the same name with ``.json`` says what it is a part of.
            etag, last_modified: of the copy that we have; an unchanged file is not sent again.
            md5, sha256: checksum of the file as it is sent, in hex; empty where not known.

        Raises:
            SourceUnavailable: no usable answer after all tries; the part stays.
            WorkspaceError: the part can't be written.
        """
        expected = {"md5": md5, "sha256": sha256}
        return self._tried(lambda: self._download(url, part, etag, last_modified, expected), url)

    @staticmethod
    def discard(part: Path) -> None:
        """Remove a part that is no longer needed."""
        drop(part)
        drop(_note(part))

    def _download(
        self, url: str, part: Path, etag: str, last_modified: str, expected: Mapping[str, str]
    ) -> Answer:
        begun = Arriving.begun(_note(part), part, url)
        if begun is not None:
            headers = {"Range": f"bytes={begun.have}-", "If-Range": begun.validator}
        else:
            headers = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        with self._asked(url, headers, follow=True) as response:
            status = response.status_code
            if status == 304:
                return Answer(b"", unchanged=True, etag=etag, last_modified=last_modified)
            resumed = begun is not None and status in (206, 416)
            if begun is not None and resumed:
                arriving = begun
                self._refuse_other_part(begun, part, response)
            elif status == 200:
                arriving = Arriving.of(url, response.headers)
                drop(part)
                write_file(_note(part), arriving.to_json())
            else:
                raise _Passing(f"the answer {status} was not expected")
            if status != 416:
                # As it comes: a chunk size would hold back what a cut then loses.
                _gathered(self._in_time(response.iter_raw()), part)
            told = httpx.Headers() if resumed else response.headers
        try:
            wire = part.read_bytes() if part.is_file() else b""
            arriving.refuse_wrong_size(len(wire))
            refuse_wrong_checksum(wire, told, expected)
            data = decoded(wire, arriving.encoding)
        except MismatchError as error:
            self.discard(part)
            raise _Passing(str(error)) from error
        return Answer(
            data, resumed=resumed, etag=arriving.etag, last_modified=arriving.last_modified
        )

    def _refuse_other_part(self, begun: Arriving, part: Path, response: httpx.Response) -> None:
        """Start anew where the answer does not continue the part that is here."""
        told = response.headers.get("Content-Range", "")
        if response.status_code == 416:
            # All bytes are here: the program was ended before the file was finished.
            total = re.fullmatch(r"bytes \*/(\d+)", told)
            fits = total is not None and int(total[1]) == begun.have
        else:
            fits = begun.continued_by(told)
        if not fits:
            self.discard(part)
            raise _Passing("the source sent another part than was asked for")

    @contextmanager
    def _asked(
        self, url: str, headers: Mapping[str, str], *, follow: bool
    ) -> Iterator[httpx.Response]:
        """Send one request when it is polite to do so; judge the answer's status."""
        wait = self._earliest - self._clock()
        if wait > 0:
            self._sleep(wait)
        sent = {name: value for name, value in headers.items() if value}
        try:
            with self._http.stream("GET", url, headers=sent, follow_redirects=follow) as response:
                self._earliest = self._clock() + self._gap
                self._heed_allowance(response)
                self._judge(response, url)
                yield response
        finally:
            self._earliest = max(self._earliest, self._clock() + self._gap)

    def _in_time(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Pass on what arrives until the try has lasted too long; what is here stays."""
        begun = self._clock()
        for chunk in chunks:
            yield chunk
            if self._clock() - begun > self._longest_try:
                raise _Passing("it sends too slowly")

    def _heed_allowance(self, response: httpx.Response) -> None:
        """Pause where the source says that the allowance is used up."""
        if response.headers.get("X-RateLimit-Remaining", "").strip() != "0":
            return
        pause = seconds_asked(response.headers.get("X-RateLimit-Reset", ""), self._now())
        # Some sources give a moment in epoch seconds; that is not a wait, their 429 will tell it.
        if pause is not None and pause <= _LONGEST_WAIT:
            self._earliest = self._clock() + max(pause, self._gap)

    def _judge(self, response: httpx.Response, url: str) -> None:
        status, host = response.status_code, _host(url)
        if status in (200, 206, 304, 416):
            return
        said = self.redacted(what_was_said(response))
        told = f": {said}" if said else ""
        if status in (404, 410):
            raise NotThere(f"{host} has no such file ({status}{told}).")
        if status in (401, 403):
            raise AccessRefused(
                f"{host} refused access ({status}{told}).",
                "Check the key in the environment, or ask the source for access.",
                lasting=True,
            )
        if status in _PASSING:
            wait = seconds_asked(response.headers.get("Retry-After", ""), self._now())
            what = "too many requests" if status == 429 else "busy or out of order"
            if wait is not None and wait > _LONGEST_WAIT:
                raise SourceUnavailable(
                    f"{host} asks to wait {math.ceil(wait / 60)} minutes ({what}, {status}).",
                    "Run the same command again after that.",
                    lasting=True,
                )
            raise _Passing(f"{what} ({status}{told})", wait)
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

    def _tried(self, once: Callable[[], _T], url: str) -> _T:
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._attempts),
            wait=self._pause,
            sleep=self._sleep,
            retry=tenacity.retry_if_exception_type(_WORTH_ANOTHER_TRY),
            reraise=True,
        )
        try:
            return retrying(once)
        except _Passing as error:
            why, cause = str(error), error.__cause__
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            why, cause = what_failed(error), error
        raise SourceUnavailable(
            f"{_host(url)} could not be used: {why}; tried {self._attempts} times.",
            "Check the connection, or try again later.",
            lasting=True,
        ) from cause

    def _pause(self, state: tenacity.RetryCallState) -> float:
        """Return the pause before the next try: what the source asked for, else the back-off."""
        error = state.outcome.exception() if state.outcome is not None else None
        if isinstance(error, _Passing) and error.wait is not None:
            return error.wait
        longest = min(_FIRST_PAUSE * 2.0 ** (state.attempt_number - 1), _LONGEST_PAUSE)
        return float(longest * self._rng.uniform(0.5, 1.0))


@functools.cache
def _trusted() -> ssl.SSLContext:
    """Return the certificates that are trusted; to read them takes a tenth of a second."""
    return httpx.create_ssl_context()


def _note(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]


def _gathered(chunks: Iterable[bytes], part: Path) -> None:
    """Append what arrives to ``part``, as it is on the way."""
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        with part.open("ab") as file:
            for chunk in chunks:
                file.write(chunk)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise WorkspaceError(
                f"The disk is full: {part} could not be written to its end.",
                "Free some space and run the same command again; it goes on where it stopped.",
            ) from error
        raise WorkspaceError(
            f"{part} could not be written ({error.strerror or error}).",
            "Check that the folder exists and that you may write to it.",
        ) from error
