"""A server on loopback that sends raw bytes slowly, or without end."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

__all__ = ["Dripping"]


class Dripping:
    """Answers every request with ``head`` and then with ``piece`` for ever.

    Args:
        head: what comes at once: status line and headers, or a beginning of them.
        piece: what follows again and again.
        pause: between two pieces [s].
    """

    def __init__(self, head: bytes, piece: bytes, pause: float = 0.0) -> None:
        self.asked = 0
        self.sent = 0
        self._head, self._piece, self._pause = head, piece, pause
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._over = False
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Dripping:
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        self._socket.close()

    def _serve(self) -> None:
        while not self._over:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                self.asked += 1
                try:
                    for piece in self._pieces():
                        connection.sendall(piece)
                        self.sent += len(piece)
                except OSError:
                    continue

    def _pieces(self) -> Iterator[bytes]:
        yield self._head
        while not self._over:
            yield self._piece
            time.sleep(self._pause)
