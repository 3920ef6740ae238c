"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from forecast.errors import WorkspaceError

__all__ = [
    "drop", "is_full", "make_folder", "sweep", "sync_folder", "sync_tree", "write_cure", "write_file",
]  # fmt: skip

#: A file that is being written is whole within seconds; one this old [s] has lost its writer.
_LEFT = 600.0

#: From so many files on, so many at once are made durable: a country has thousands.
_MANY_FILES, _SYNCED_AT_ONCE = 500, 8

#: Names under which :func:`write_file` writes.
_UNFINISHED = re.compile(r"\..+\.[0-9a-f]{12}\.tmp", re.DOTALL)


def write_file(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write ``data`` to ``path`` at one moment: a reader sees the old file or the new one.

    Args:
        path, data: where and what.
        durable: whether it outlasts a power cut. Not needed for what can be made again and is
            found damaged by whoever reads it; waiting for the disk takes longer than writing.

    Raises:
        WorkspaceError: the disk is full or the folder can't be written; the old file is intact
            and nothing is left behind.
    """
    temporary = path.parent / f".{path.name}.{uuid.uuid4().hex[:12]}.tmp"
    renamed = False
    try:
        make_folder(path.parent)
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        _replace(temporary, path)
        renamed = True
        if durable:
            sync_folder(path.parent)
    except OSError as error:
        drop(temporary)
        what = (
            "was replaced, but may not outlast a power cut"
            if renamed
            else "could not be written and what was there is unchanged"
        )
        raise WorkspaceError(
            f"The disk is full: {path} {what}."
            if is_full(error)
            else f"{path} {what} ({error.strerror or error}).",
            write_cure(error),
        ) from error
    except BaseException:
        drop(temporary)
        raise


def is_full(error: OSError) -> bool:
    """Return whether there was no room, on the disk or in one's share of it."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def write_cure(error: OSError) -> str:
    """Return what to do about something that could not be written."""
    if is_full(error):
        return "Free some space and run the same command again."
    if error.errno == errno.EROFS:
        return "Its disk can only be read: make it writable, then run the same command again."
    if error.errno == errno.EIO:
        return "The disk may be failing: look at it, then run the same command again."
    return "Check that it is in a folder that exists and that you may write to it."


def make_folder(folder: Path) -> None:
    """Make a folder and those above it where they are missing, and make their names durable.

    Raises:
        OSError: it can't be made.
    """
    new = []
    for place in (folder, *folder.parents):
        if place.is_dir():
            break
        new.append(place)
    if new:
        folder.mkdir(parents=True, exist_ok=True)
    for place in reversed(new):
        sync_folder(place.parent)


def drop(path: Path) -> None:
    """Remove a file if that is possible; Windows keeps one that a reader has open."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return


def sweep(folder: Path) -> None:
    """Remove what writers that were killed left in ``folder``; who still writes is left alone.

    For folders in which several may write at a time; where a lock keeps all but one away, whoever
    holds it may drop every temporary file.
    """
    for path in folder.glob(".*.tmp"):
        # A file of someone else's in a folder of one's own choice is left alone.
        if _UNFINISHED.fullmatch(path.name) is None:
            continue
        try:
            age = time.time() - path.stat().st_mtime
        except OSError:
            continue
        if age > _LEFT:
            drop(path)


def _replace(source: Path, target: Path) -> None:
    """Rename over ``target``, trying again while a reader on Windows holds it open."""
    for pause in (0.01, 0.05, 0.1, 0.2, 0.5):
        try:
            source.replace(target)
            return
        except PermissionError:
            time.sleep(pause)
    source.replace(target)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable; Windows has no such call and needs none.

    Raises:
        OSError: the system can't.
    """
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(folder: Path) -> None:
    """Make every file and every name below ``folder`` durable, before it gets its own name.

    Raises:
        OSError: the disk is full or broken.
    """
    tree = list(os.walk(folder, topdown=False))
    files = [Path(place, name) for place, _, names in tree for name in names]
    if len(files) < _MANY_FILES:
        for path in files:
            _sync_file(path)
    else:
        # A disk takes several in the time of one, where it is asked for them at once.
        with ThreadPoolExecutor(_SYNCED_AT_ONCE) as pool:
            for _ in pool.map(_sync_file, files):
                pass
    for place, _, _ in tree:
        sync_folder(Path(place))


def _sync_file(path: Path) -> None:
    # Windows writes out only what is open for writing.
    with path.open("r+b") as file:
        os.fsync(file.fileno())
