"""What was delivered under which name, so that an older content that comes again is noticed.

A content that was read before changes nothing, under whatever name it comes. It is another matter
where a different content has come in since under its path: then the source has gone back to what
it said first, and that is a correction with a receipt of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from forecast.ingest.files.sheet import stem
from forecast.ingest.received import Receipt

__all__ = ["Deliveries"]


class Deliveries:
    """The last content of each file that was taken in, and of each name.

    Args:
        receipts: path under ``data/raw`` → its receipt.
        refused: path and SHA-256 of a file that was refused → when that was first.
    """

    def __init__(
        self,
        receipts: Mapping[str, Receipt],
        refused: Mapping[tuple[str, str], pd.Timestamp] | None = None,
    ) -> None:
        self.receipts = receipts
        self._refused = refused or {}
        self._of_origin: dict[str, str] = {}
        self._of_slot: dict[tuple[str, str], str] = {}
        self._slots: dict[str, set[tuple[str, str]]] = {}
        self._last: dict[str, Receipt] = {}
        for path, one in sorted(receipts.items(), key=lambda item: item[1].place):
            if one.pending:
                continue
            slot = _slot(path)
            self._of_slot[slot] = one.sha256
            self._slots.setdefault(one.sha256, set()).add(slot)
            self._last[one.sha256] = one
            if one.origin:
                self._of_origin[one.origin] = one.sha256

    def replaced(self, content: str, inside: str, path: Path, *, alone: bool) -> bool:
        """Return whether another content has come in since this one, in its own place.

        Args:
            content: SHA-256 of a content that was read before.
            inside: its path under ``data/raw``; empty for a file elsewhere.
            path: the file.
            alone: False where the same command was given another file of this name: then the two
                stand side by side, and none goes back to the other.
        """
        if inside:
            return self._of_slot.get(_slot(inside), content) != content
        last = self._of_origin.get(str(path.resolve()))
        if last is not None:
            return last != content
        named = stem(path)
        slots = [slot for slot in self._slots.get(content, ()) if slot[1] == named]
        return alone and bool(slots) and all(self._of_slot[slot] != content for slot in slots)

    def first_refused(self, path: Path, content: str) -> pd.Timestamp | None:
        """Return when this content was refused first, None where it was not."""
        return self._refused.get((str(path.resolve()), content))

    def of(self, content: str) -> Receipt | None:
        """Return the last receipt of a content, None where it has none."""
        return self._last.get(content)


def _slot(path: str) -> tuple[str, str]:
    """Return folder and name without copy mark: one file of the source, in all its states."""
    folder, _, _ = path.rpartition("/")
    return folder, stem(Path(path))
