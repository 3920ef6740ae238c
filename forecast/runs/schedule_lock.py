"""One scheduled run at a time in a workspace, and words on who it is."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import filelock

from forecast.disk import drop, write_file
from forecast.errors import ForecastError, WorkspaceError
from forecast.workspace import Workspace

__all__ = ["BusyError", "scheduled_alone"]

#: How long another one is waited for [s].
_PATIENCE = 1.0


class BusyError(WorkspaceError):
    """Another scheduled run holds the workspace."""


@contextmanager
def scheduled_alone(
    workspace: Workspace, now: datetime, *, patience: float = _PATIENCE
) -> Iterator[str]:
    """Hold the workspace for scheduled runs; the lock ends with the process, however it ends.

    Yields:
        Who held it and ended without saying so, as after a power cut; else an empty text.

    Raises:
        BusyError: another one holds it; the message says who.
        WorkspaceError: the reports can't be written, or their disk knows no locks.
    """
    folder = workspace.reports
    holder = folder / ".schedule.pid"
    lock = filelock.FileLock(folder / ".schedule.lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=patience)
    except filelock.Timeout as error:
        raise BusyError(
            f"Another scheduled run holds {workspace.root}: {_words(holder) or 'who is not known'}.",
            "Nothing is to be done if it still works; else end that process.",
        ) from error
    except (OSError, NotImplementedError) as error:
        why = getattr(error, "strerror", None) or error
        raise WorkspaceError(
            f"{folder} can't be locked for a scheduled run ({why}).",
            "Check that you may write to it and that its disk knows file locks.",
        ) from error
    try:
        left = _words(holder)
        _say_who(holder, now)
        yield left
    finally:
        drop(holder)
        lock.release()


def _say_who(holder: Path, now: datetime) -> None:
    told = f"process {os.getpid()} on {socket.gethostname()} since {now:%Y-%m-%d %H:%M:%S %z}\n"
    try:
        write_file(holder, told.encode())
    except ForecastError:
        # The lock itself is held; only the words are missing.
        drop(holder)


def _words(holder: Path) -> str:
    try:
        return holder.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
