"""The next files read from disk while the last one is checked and stored."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from forecast.ingest.asked import Asked, Known
from forecast.ingest.finding import Found
from forecast.ingest.raw_hashes import RawHashes
from forecast.ingest.reading import Prepared, prepare

__all__ = ["read_ahead"]

#: Files up to this size [bytes] are read before their turn, so many at a time.
_SMALL, _WAITING = 16 << 20, 3


def read_ahead(
    files: Sequence[Found], asked: Asked, known: Known, hashes: RawHashes
) -> Iterator[Prepared]:
    """Yield the files in their order, each read from disk; small ones come ahead on two threads.

    A file whose content is known by its hash is looked at in its turn, and mostly not read.
    """
    waiting: deque[Future[Prepared] | Found] = deque()

    def ready() -> Prepared:
        one = waiting.popleft()
        return prepare(one, asked, known, hashes) if isinstance(one, Found) else one.result()

    with ThreadPoolExecutor(max_workers=2) as pool:
        for file in files:
            ahead = (asked.again or not hashes.of(file)) and _small(file)
            waiting.append(pool.submit(prepare, file, asked, known, hashes) if ahead else file)
            if len(waiting) > _WAITING:
                yield ready()
        while waiting:
            yield ready()


def _small(file: Found) -> bool:
    try:
        told = file.told or file.path.stat()
    except OSError:
        return False
    return told.st_size <= _SMALL
