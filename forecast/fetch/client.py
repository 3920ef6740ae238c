"""A polite HTTP client: one request at a time, retries, resumed downloads, checksums."""

from __future__ import annotations

import functools
import math
import re
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
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
from forecast.fetch.answers import SourceUnavailable, seconds_asked, what_failed, what_was_said
from forecast.fetch.deadline import Watch
from forecast.fetch.judging import LONGEST_WAIT, Passing, is_worth_another_try, judge
from forecast.fetch.redaction import Redaction
from forecast.fetch.transfer import (
    Arriving,
    MismatchError,
    TooLargeError,
    announced,
    decoded,
    gathered,
    note_of,
    refuse_wrong_checksum,
)

__all__ = ["Answer", "Client"]

#: First and longest pause of the back-off; it doubles from try to try [s].
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0

#: One try may last so many times the longest silence, so that a trickle holds up no night.
_PATIENCE = 20.0

#: A try that ran out of time is followed by another where this much came and is kept [byte].
_WORTH_GOING_ON = 1 << 20

#: The reason on an error page is waited for so long at most [s].
_REASON_TIME = 10.0

#: So many redirects are followed (as many as browsers do).
_MOST_HOPS = 20

#: A file is at most so large, as it is sent and unpacked, unless its source says more [byte].
_LARGEST = 1 << 25

_T = TypeVar("_T")


_TOO_SLOW = "it sends too slowly"


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
        timeout: longest silence of the source [s]; a try as a whole lasts twenty times as long.
        largest: what one file may be, as it is sent and unpacked [byte].
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
        largest: int = _LARGEST,
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
        self._timeout = timeout
        self._largest = largest
        self._now = now
        self._redaction = Redaction(secrets)
        self._watch = Watch()
        self._begun = self._earliest = -math.inf
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

    def shown(self, text: str) -> str:
        """Return words of the source in a line, short and without the secrets."""
        return self._redaction.shown(text)

    def without_secrets(self, data: bytes) -> bytes:
        """Return a content that may echo a secret without it."""
        return self._redaction.data(data)

    def get(
        self, url: str, *, key: Mapping[str, str] | None = None, largest: int | None = None
    ) -> bytes:
        """Return what lies at ``url``, unpacked.

        Args:
            url: the address.
            key: headers with a secret; with them no redirect to another address is followed.
            largest: what it may be at most [byte]; by default what a file may be.

        Raises:
            SourceUnavailable: no usable answer after all tries.
        """
        most = self._largest if largest is None else largest

        def once() -> bytes:
            with self._asked(url, key or {}, follow=key is None) as response:
                if response.status_code != 200:
                    raise Passing(f"the answer {response.status_code} was not expected")
                wire = b"".join(self._coming(response, most))
                encoding = Arriving.of(url, response.headers).encoding
            try:
                return decoded(wire, encoding, most)
            except MismatchError as error:
                raise Passing(str(error)) from error

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
        try:
            return self._tried(
                lambda: self._download(url, part, etag, last_modified, expected), url
            )
        except SourceUnavailable:
            if Arriving.begun(note_of(part), part, url) is None:
                self.discard(part)
            raise

    @staticmethod
    def discard(part: Path) -> None:
        """Remove a part that is no longer needed."""
        drop(part)
        drop(note_of(part))

    def _download(
        self, url: str, part: Path, etag: str, last_modified: str, expected: Mapping[str, str]
    ) -> Answer:
        begun = Arriving.begun(note_of(part), part, url)
        if begun is not None:
            headers = {"Range": f"bytes={begun.have}-", "If-Range": begun.validator}
        else:
            headers = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        try:
            with self._asked(url, headers, follow=True) as response:
                status = response.status_code
                if status == 304 and begun is None and any(headers.values()):
                    return Answer(b"", unchanged=True, etag=etag, last_modified=last_modified)
                resumed = begun is not None and status in (206, 416)
                if begun is not None and resumed:
                    arriving = begun
                    self._refuse_other_part(begun, part, response)
                elif status == 200:
                    arriving = Arriving.of(url, response.headers)
                    drop(part)
                    write_file(note_of(part), arriving.to_json())
                else:
                    raise Passing(f"the answer {status} was not expected")
                if status != 416:
                    # As it comes: a chunk size would hold back what a cut then loses.
                    gathered(self._coming(response, self._largest, arriving.have), part)
                told = httpx.Headers() if resumed else response.headers
            wire = part.read_bytes() if part.is_file() else b""
            arriving.refuse_wrong_size(len(wire))
            refuse_wrong_checksum(wire, told, expected)
            data = decoded(wire, arriving.encoding, self._largest)
        except (MismatchError, TooLargeError) as error:
            self.discard(part)
            if isinstance(error, TooLargeError):
                raise
            raise Passing(str(error)) from error
        except Passing as error:
            now = Arriving.begun(note_of(part), part, url)
            had = begun.have if begun is not None else 0
            if not error.again and now is not None and now.have - had >= _WORTH_GOING_ON:
                raise Passing(str(error)) from error
            raise
        return Answer(data, False, resumed, arriving.etag, arriving.last_modified)

    def _refuse_other_part(self, begun: Arriving, part: Path, response: httpx.Response) -> None:
        """Start anew where the answer does not continue the part that is here."""
        told = response.headers.get("Content-Range", "")
        if response.status_code == 416:
            # All bytes are here: the program was ended before the file was finished.
            total = re.fullmatch(r"bytes \*/([0-9]{1,18})", told)
            fits = total is not None and int(total[1]) == begun.have
        else:
            fits = begun.continued_by(told)
        if not fits:
            self.discard(part)
            raise Passing("the source sent another part than was asked for")

    @contextmanager
    def _asked(
        self, url: str, headers: Mapping[str, str], *, follow: bool
    ) -> Iterator[httpx.Response]:
        """Send one request when it is polite to do so; judge the answer's status."""
        wait = self._earliest - self._clock()
        if wait > 0:
            self._sleep(wait)
        # What an older index holds, or a source gave as its mark, may not fit into a header.
        sent = {k: v for k, v in headers.items() if v and v.isascii() and v.isprintable()}
        self._begun = self._clock()
        try:
            with (
                self._watch.limited(_PATIENCE * self._timeout),
                closing(self._sent(url, sent, follow=follow)) as response,
            ):
                self._earliest = self._clock() + self._gap
                self._heed_allowance(response)
                judge(response, _host(url), self._now(), lambda: self._said(response))
                yield response
        except (httpx.TransportError, httpx.StreamError) as error:
            if self._watch.ran_out:
                raise Passing(_TOO_SLOW, again=False) from error
            raise
        finally:
            self._earliest = max(self._earliest, self._clock() + self._gap)

    def _sent(self, url: str, headers: Mapping[str, str], *, follow: bool) -> httpx.Response:
        """Return the answer with its body to come; redirects are followed, their bodies left."""
        request = self._http.build_request(
            "GET", url, headers=headers, extensions={"trace": self._watch.notice}
        )
        for _ in range(_MOST_HOPS + 1):
            response = self._http.send(request, stream=True, follow_redirects=False)
            if not follow or response.next_request is None:
                return response
            response.close()
            request = response.next_request
        raise SourceUnavailable(
            f"{_host(url)} points from one address to the next without end.",
            "Look up where the source has moved to and give that as the base URL.",
            lasting=True,
        )

    def _coming(self, response: httpx.Response, most: int, have: int = 0) -> Iterator[bytes]:
        """Pass on what arrives until it is too much or takes too long; what is here stays.

        Args:
            response: the answer.
            most: what the whole may be at most, as it is sent [byte].
            have: how much of it is here already [byte].
        """
        size = have
        if size + max(announced(response.headers), 0) > most:
            raise TooLargeError(most)
        for chunk in response.iter_raw():
            size += len(chunk)
            if size > most:
                raise TooLargeError(most)
            yield chunk
            if self._clock() - self._begun > _PATIENCE * self._timeout:
                raise Passing(_TOO_SLOW, again=False)
        if self._watch.ran_out:
            # A connection that was shut looks like the end of a file without a length.
            raise Passing(_TOO_SLOW, again=False)

    def _heed_allowance(self, response: httpx.Response) -> None:
        """Pause where the source says that the allowance is used up."""
        if response.headers.get("X-RateLimit-Remaining", "").strip() != "0":
            return
        pause = seconds_asked(response.headers.get("X-RateLimit-Reset", ""), self._now())
        # Some sources give a moment in epoch seconds; that is not a wait, their 429 will tell it.
        if pause is not None and pause <= LONGEST_WAIT:
            self._earliest = self._clock() + max(pause, self._gap)

    def _said(self, response: httpx.Response) -> str:
        with self._watch.limited(min(self._timeout, _REASON_TIME)):
            return self.shown(what_was_said(response))

    def _tried(self, once: Callable[[], _T], url: str) -> _T:
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._attempts),
            wait=self._pause,
            sleep=self._sleep,
            retry=tenacity.retry_if_exception(is_worth_another_try),
            reraise=True,
        )
        try:
            return retrying(once)
        except TooLargeError as error:
            raise SourceUnavailable(
                f"{_host(url)} sends {error}, far more than such a file holds; it was not taken.",
                "Look whether the source has changed, or fetch it by hand.",
                lasting=True,
            ) from error
        except Passing as error:
            why, cause = str(error), error.__cause__
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            why, cause = what_failed(error), error
        tries = retrying.statistics.get("attempt_number", self._attempts)
        tried = "once" if tries == 1 else f"{tries} times"
        raise SourceUnavailable(
            f"{_host(url)} could not be used: {why}; tried {tried}.",
            "Check the connection, or try again later.",
            lasting=True,
        ) from cause

    def _pause(self, state: tenacity.RetryCallState) -> float:
        """Return the pause before the next try: what the source asked for, else the back-off."""
        error = state.outcome.exception() if state.outcome is not None else None
        if isinstance(error, Passing) and error.wait is not None:
            return error.wait
        longest = min(_FIRST_PAUSE * 2.0 ** (state.attempt_number - 1), _LONGEST_PAUSE)
        return float(longest * self._rng.uniform(0.5, 1.0))


@functools.cache
def _trusted() -> ssl.SSLContext:
    """Return the certificates that are trusted; to read them takes a tenth of a second."""
    return httpx.create_ssl_context()


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]
