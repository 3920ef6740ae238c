"""The end of a try that lasts too long, whatever it waits for: headers, a body, an error page."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

__all__ = ["Watch"]


class Watch:
    """Shuts the connection of one client when a try's time is over.

    The timeouts of the HTTP library begin anew with each byte, so that a source which drips keeps
    a request open for days. A connection that is shut ends every wait on it at once.
    """

    def __init__(self) -> None:
        self._stream: Any = None
        #: Whether the time of the present or last try was over before it ended.
        self.ran_out = False

    def notice(self, event: str, info: Mapping[str, Any]) -> None:
        """Learn of a new connection; this is the ``trace`` extension of a request."""
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            self._stream = info.get("return_value")
            if self.ran_out:
                self._shut()

    @contextmanager
    def limited(self, seconds: float) -> Iterator[None]:
        """Let what is within last no longer than ``seconds`` [s]."""
        self.ran_out = False
        timer = threading.Timer(seconds, self._end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _end(self) -> None:
        self.ran_out = True
        self._shut()

    def _shut(self) -> None:
        # A connection that is closed already has nothing to shut. The plain socket's method: that
        # of a TLS socket takes its state away from the one who reads.
        with suppress(OSError, AttributeError, TypeError):
            socket.socket.shutdown(self._stream.get_extra_info("socket"), socket.SHUT_RDWR)
