"""What the files of searched folders hold, by size and times, so that old ones need no reading.

A folder is searched every morning, and nearly all that lies in it was read long ago. The hash of a
file's content counts as known while its size, its number on the disk, and both times of its last
change, of the content and of the record that the system itself keeps of it, are what they were. A
content that was changed and given its old time again is noticed by the second of them, which no
program sets. A file that was changed within the last moments is read again next time: a second
change might bear the same times. Where the system keeps no such record (Windows), every file is
read. The list is a help and no more: without it, or with one that is damaged, files are read.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from forecast.disk import write_file
from forecast.errors import WorkspaceError
from forecast.ingest.finding import Found
from forecast.workspace import Workspace

__all__ = ["RawHashes"]

#: Name of the list under ``data/processed``; its first line.
_NAME, _HEAD = "raw_hashes.tsv", "forecast raw hashes 1"

#: Windows tells when a file was made instead of when its record changed.
_TELLS = os.name != "nt"

#: The coarsest steps in which disks keep times are of 2 s [ns].
_SETTLED = 3_000_000_000


class RawHashes:
    """The hashes that are known of the files under the folders of an ingest.

    Args:
        ws: the workspace; the list is read when it is first asked for.
    """

    def __init__(self, ws: Workspace) -> None:
        self._path = ws.processed / _NAME
        self._raw = ws.raw.resolve()
        self._lines: dict[str, str] | None = None
        self._changed = False

    @property
    def _known(self) -> dict[str, str]:
        """Name → hash and state."""
        if self._lines is None:
            self._lines = _listed(self._path)
        return self._lines

    def of(self, file: Found) -> str:
        """Return the SHA-256 of a file that is as it was when it was read; else an empty text."""
        state = _state(file.told)
        if not state:
            return ""
        content, _, known = self._known.get(_name(file), "").partition("\t")
        return content if known == state else ""

    def note(self, file: Found, content: str) -> None:
        """Note the SHA-256 of what was just read of a file, unless it changed about then."""
        state = _state(file.told)
        if not state or file.told is None or any(sign in _name(file) for sign in "\t\n"):
            return
        if file.told.st_ctime_ns > time.time_ns() - _SETTLED:
            return
        try:
            if _state(file.path.stat()) != state:
                return
        except OSError:
            return
        line = f"{content}\t{state}"
        if self._known.get(_name(file)) != line:
            self._known[_name(file)] = line
            self._changed = True

    def keep(self, found: Sequence[Found], folders: Iterable[Path]) -> None:
        """Write the list where it changed, without files of these folders that are gone.

        A list that can't be written is made again next time.
        """
        if not self._changed:
            return
        there = {_name(file) for file in found}
        searched = tuple(str(folder.resolve() / "_")[:-1] for folder in folders)
        lines = {
            name: line
            for name, line in self._known.items()
            if name in there or not str(self._raw / name).startswith(searched)
        }
        text = "\n".join([_HEAD, *(f"{line}\t{name}" for name, line in sorted(lines.items()))])
        with contextlib.suppress(WorkspaceError):
            write_file(self._path, (text + "\n").encode("utf-8", "surrogateescape"))


def _name(file: Found) -> str:
    """Return the name under ``data/raw``, else the whole path."""
    return file.inside or file.real


def _state(told: os.stat_result | None) -> str:
    """Return what tells one state of a file from another; empty where the system can't."""
    if told is None or not _TELLS:
        return ""
    return f"{told.st_size} {told.st_mtime_ns} {told.st_ctime_ns} {told.st_ino}"


def _listed(path: Path) -> dict[str, str]:
    try:
        head, *lines = path.read_bytes().decode("utf-8", "surrogateescape").split("\n")
    except OSError:
        return {}
    if head != _HEAD:
        return {}
    # What is damaged matches no file, or gives a hash that no content has.
    split = (line.rsplit("\t", 1) for line in lines)
    return {cells[1]: cells[0] for cells in split if len(cells) == 2}
