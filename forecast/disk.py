"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import time
import uuid
from pathlib import Path

from forecast.errors import WorkspaceError

__all__ = ["drop", "sweep", "write_file"]

#: A file that is being written is whole within seconds; one this old [s] has lost its writer.
_LEFT = 600.0


def write_file(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` at one moment: a reader sees the old file or the new one.

    Raises:
        WorkspaceError: the disk is full or the folder can't be written; the old file is intact
            and nothing is left behind.
    """
    temporary = path.parent / f".{path.name}.{uuid.uuid4().hex[:12]}.tmp"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        drop(temporary)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise WorkspaceError(
                f"The disk is full: {path} could not be written and what was there is unchanged.",
                "Free some space and run the same command again.",
            ) from error
        raise WorkspaceError(
            f"{path} could not be written ({error.strerror or error}); what was there is unchanged.",
            "Check that the folder exists and that you may write to it.",
        ) from error
    except BaseException:
        drop(temporary)
        raise


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


def _sync_folder(folder: Path) -> None:
    """Make the new name itself durable; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
