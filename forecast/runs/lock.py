"""One run at a time in a workspace, and one writer of whatever else has a lock of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from forecast.errors import WorkspaceError
from forecast.workspace import Workspace

__all__ = ["alone", "held"]

#: How long a run waits for another one of the same workspace [s].
_LOCK_TIMEOUT = 3600.0


@contextmanager
def held(file: Path, patience: float, busy: str, *, what: str = "") -> Iterator[None]:
    """Hold a lock file whose folder is made if need be; another process waits.

    Args:
        file: the lock.
        patience: how long to wait [s].
        busy: what is said after that.
        what: what its folder is called where it can't be written.

    Raises:
        WorkspaceError: another process holds it for too long, or the folder can't be written.
    """
    lock = filelock.FileLock(file)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=patience)
    except filelock.Timeout as error:
        raise WorkspaceError(
            busy, "Look whether it still works; end it, then run again."
        ) from error
    except OSError as error:
        raise WorkspaceError(
            f"{what}{file.parent} can't be written ({error.strerror or error}).",
            "Check that it is a folder and that you may write to it.",
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def alone(workspace: Workspace) -> Iterator[None]:
    """Hold the workspace's run lock; a second run waits.

    Raises:
        WorkspaceError: another run holds it for too long, or the reports can't be written.
    """
    busy = f"Another run has held {workspace.root} for more than an hour."
    with held(workspace.reports / ".lock", _LOCK_TIMEOUT, busy):
        yield
