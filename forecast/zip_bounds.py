"""How far a ZIP may unpack before it is taken for a trap."""

from __future__ import annotations

import copy
import io
import zipfile
import zlib
from collections.abc import Iterator

__all__ = ["MOST_BYTES", "running_size", "unpacks_too_far"]

#: A content that unpacks to more than this [bytes], or that is large and packed tighter than any
#: table or document, would fill the memory.
MOST_BYTES = 2 << 30
_LARGE = 200 << 20
_MOST_RATIO = 400

_CHUNK = 1 << 20


def running_size(archive: zipfile.ZipFile) -> Iterator[int]:
    """Unpack every member, keep nothing, and yield the bytes so far.

    What a member says of its size is not believed: a library that unpacks it may not stop there.

    Raises:
        zipfile.BadZipFile: a member is damaged or lies about itself.
    """
    total = 0
    for info in archive.infolist():
        unbounded = copy.copy(info)
        unbounded.file_size = MOST_BYTES << 8
        with archive.open(unbounded) as member:
            while chunk := member.read(_CHUNK):
                total += len(chunk)
                yield total


def unpacks_too_far(data: bytes) -> bool:
    """Return whether a ZIP unpacks to more than any workbook or document needs.

    False for what is no ZIP or a damaged one: its reader says so.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for size in running_size(archive):
                if size > MOST_BYTES or (size > _LARGE and size > _MOST_RATIO * len(data)):
                    return True
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError):  # fmt: skip
        return False
    return False
