"""A server on loopback that stands for a public source and can be told to fail."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

__all__ = ["HTML", "Failure", "Made", "SourceServer"]

HTML = b"<!DOCTYPE html><html><body>Service temporarily unavailable</body></html>"


@dataclass(frozen=True)
class Failure:
    """How one answer goes wrong.

    Attributes:
        status: instead of 200.
        headers: added.
        body: instead of the file's.
        cut: bytes after which the connection is closed, the announced length being right.
        pause: silence before the answer [s].
        etag: instead of the file's, as after a change.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    cut: int | None = None
    pause: float = 0.0
    etag: str | None = None


@dataclass
class Made:
    """A file of the source.

    Attributes:
        body: its content.
        etag: its validator; empty for a service that makes each answer anew.
        ranges: True where parts are sent.
        headers: added.
    """

    body: bytes
    etag: str = ""
    ranges: bool = True
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def file(cls, body: bytes, **headers: str) -> Made:
        """Return a file with an ETag, as a plain file server has it."""
        return cls(body, f'"{hashlib.md5(body).hexdigest()}"', headers=dict(headers))


@dataclass(frozen=True)
class Seen:
    """A request that came."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is what some tests are about."""


class SourceServer:
    """Serves ``files`` (path → what lies there) and fails as told; keeps what was asked."""

    def __init__(self) -> None:
        self.files: dict[str, Made | Callable[[dict[str, str]], bytes]] = {}
        self.seen: list[Seen] = []
        self._failures: list[tuple[str, Failure]] = []
        self._always: Failure | None = None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer._answer(self)

            def log_message(self, *_: object) -> None:
                return

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def fail(self, *failures: Failure, at: str = "") -> None:
        """Let the next answers to paths that contain ``at`` go wrong, one after the other."""
        self._failures += [(at, failure) for failure in failures]

    def break_down(self, failure: Failure | None) -> None:
        """Let all answers go wrong, until called with None."""
        self._always = failure

    def paths(self) -> list[str]:
        """Return the paths asked so far and forget them."""
        paths = [seen.path for seen in self.seen]
        self.seen.clear()
        return paths

    def _failing(self, path: str) -> Failure:
        for at, (part, failure) in enumerate(self._failures):
            if part in path:
                del self._failures[at]
                return failure
        return self._always or Failure()

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        path = unquote(parts.path)
        headers = {name.lower(): value for name, value in handler.headers.items()}
        self.seen.append(Seen(path, query, headers))
        failure = self._failing(path)
        if failure.pause:
            time.sleep(failure.pause)
        made = self.files.get(path)
        if callable(made):
            made = Made(made(query), ranges=False)
        if failure.status != 200 or (made is None and failure.body is None):
            status = failure.status if failure.status != 200 else 404
            self._send(handler, status, failure.headers, failure.body or b"", failure)
            return
        made = made or Made(b"")
        body = made.body if failure.body is None else failure.body
        etag = made.etag if failure.etag is None else failure.etag
        answer = {**made.headers, **failure.headers}
        if etag:
            answer["ETag"] = etag
        if etag and headers.get("if-none-match") == etag:
            self._send(handler, 304, answer, b"", failure)
            return
        begun = headers.get("range", "")
        if begun and made.ranges and headers.get("if-range") in (None, etag):
            first = int(begun.removeprefix("bytes=").split("-")[0])
            if first >= len(body):
                answer["Content-Range"] = f"bytes */{len(body)}"
                self._send(handler, 416, answer, b"", failure)
                return
            answer["Content-Range"] = f"bytes {first}-{len(body) - 1}/{len(body)}"
            self._send(handler, 206, answer, body[first:], failure)
            return
        self._send(handler, 200, answer, body, failure)

    @staticmethod
    def _send(
        handler: BaseHTTPRequestHandler,
        status: int,
        headers: dict[str, str],
        body: bytes,
        failure: Failure,
    ) -> None:
        try:
            handler.send_response(status)
            for name, value in headers.items():
                handler.send_header(name, value)
            if status != 304:
                handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            if failure.cut is not None:
                handler.wfile.write(body[: failure.cut])
                handler.wfile.flush()
                handler.close_connection = True
                return
            handler.wfile.write(body)
        except OSError:
            # The client did not wait.
            handler.close_connection = True
