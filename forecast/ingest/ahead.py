"""The next files read from disk while the last one is checked and stored."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from forecast.ingest.asked import Asked, Known
from forecast.ingest.reading import Prepared, prepare
from forecast.workspace import Workspace

__all__ = ["read_ahead"]

#: Files up to this size [bytes] are read before their turn, so many at a time.
_SMALL, _WAITING = 16 << 20, 3


def read_ahead(
    ws: Workspace, paths: Sequence[Path], asked: Asked, known: Known
) -> Iterator[Prepared]:
    """Yield the files in their order, each read from disk; small ones come ahead on two threads."""
    waiting: deque[Future[Prepared] | Path] = deque()
    with ThreadPoolExecutor(max_workers=2) as pool:
        for path in paths:
            waiting.append(pool.submit(prepare, ws, path, asked, known) if _small(path) else path)
            if len(waiting) > _WAITING:
                yield _ready(ws, waiting.popleft(), asked, known)
        while waiting:
            yield _ready(ws, waiting.popleft(), asked, known)


def _small(path: Path) -> bool:
    try:
        return path.stat().st_size <= _SMALL
    except OSError:
        return False


def _ready(ws: Workspace, one: Future[Prepared] | Path, asked: Asked, known: Known) -> Prepared:
    return prepare(ws, one, asked, known) if isinstance(one, Path) else one.result()
