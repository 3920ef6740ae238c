"""One run at a time in a workspace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import filelock

from forecast.errors import WorkspaceError
from forecast.workspace import Workspace

__all__ = ["alone"]

#: How long a run waits for another one of the same workspace [s].
_LOCK_TIMEOUT = 3600.0


@contextmanager
def alone(workspace: Workspace) -> Iterator[None]:
    """Hold the workspace's run lock; a second run waits.

    Raises:
        WorkspaceError: another run holds it for too long, or the reports can't be written.
    """
    lock = filelock.FileLock(workspace.reports / ".lock")
    try:
        workspace.reports.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=_LOCK_TIMEOUT)
    except filelock.Timeout as error:
        raise WorkspaceError(
            f"Another run has held {workspace.root} for more than an hour.",
            "Look whether it still works; end it, then run again.",
        ) from error
    except OSError as error:
        raise WorkspaceError(
            f"{workspace.reports} can't be written ({error.strerror or error}).",
            "Check that it is a folder and that you may write to it.",
        ) from error
    try:
        yield
    finally:
        lock.release()
