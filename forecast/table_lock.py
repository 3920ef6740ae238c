"""The lock of the tables: one writer at a time, and a waiting one says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import filelock

from forecast.errors import WorkspaceError

__all__ = ["locked"]

#: A writer that waits says so after this time [s].
_PATIENCE = 3.0


def locked(processed: Path, timeout: float, notify: Callable[[str], None]) -> filelock.BaseFileLock:
    """Return the lock of the tables under ``processed``, held; the folder is made if need be.

    Raises:
        WorkspaceError: another writer holds it for longer than ``timeout`` [s], or the folder
            can't be written.
    """
    lock = filelock.FileLock(processed / ".lock")
    first = min(_PATIENCE, timeout)
    try:
        processed.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=first)
        except filelock.Timeout:
            if timeout <= first:
                raise
            notify("Another command is writing the tables; waiting for it to finish.")
            lock.acquire(timeout=timeout - first)
    except filelock.Timeout as error:
        raise WorkspaceError(
            f"Another command has been writing {processed} for more than {timeout:g} s.",
            "Wait for it to finish, then run this command again.",
        ) from error
    except OSError as error:
        raise WorkspaceError(
            f"{processed} can't be written ({error.strerror or error}).",
            "Check that it is a folder and that you may write to it; the tables are as before.",
        ) from error
    return lock
