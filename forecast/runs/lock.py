"""One run at a time in a workspace, and one writer of whatever else has a lock of its own."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import filelock

from forecast.disk import drop, make_folder, sweep, write_cure
from forecast.errors import WorkspaceError
from forecast.table_lock import acquire, say_waiting
from forecast.workspace import Workspace

__all__ = ["alone", "held"]

#: How long a run waits for another one of the same workspace [s].
_LOCK_TIMEOUT = 3600.0

#: Says in ``reports`` who holds the workspace. The lock itself can't be read on Windows.
_HOLDER = ".lock.pid"


@contextmanager
def held(
    file: Path,
    patience: float,
    busy: str,
    *,
    what: str = "",
    tell: Callable[[], None] | None = None,
) -> Iterator[None]:
    """Hold a lock file whose folder is made if need be; another process waits.

    The system gives the lock back however its holder ends, so that of a dead process is free.

    Args:
        file: the lock.
        patience: how long to wait [s].
        busy: what is said after that.
        what: what its folder is called where it can't be written.
        tell: called once where the wait is more than a moment.

    Raises:
        WorkspaceError: another process holds it for too long, or the folder can't be written.
    """
    lock = filelock.FileLock(file)
    try:
        make_folder(file.parent)
        acquire(lock, patience, tell or (lambda: None))
    except filelock.Timeout as error:
        raise WorkspaceError(
            busy, "Look whether it still works; end it, then run again."
        ) from error
    except OSError as error:
        raise WorkspaceError(
            f"{what}{file.parent} can't be written ({error.strerror or error}).", write_cure(error)
        ) from error
    except NotImplementedError as error:
        raise WorkspaceError(
            f"{what}{file.parent} is on a disk that knows no file locks.", "Use another disk."
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def alone(workspace: Workspace) -> Iterator[None]:
    """Hold the workspace's run lock; a second run waits, and says for whom if that takes longer.

    What writers that were killed left among the reports is removed.

    Raises:
        WorkspaceError: another run holds it for too long, or the reports can't be written.
    """
    busy = f"Another run has held {workspace.root} for more than an hour."
    holder = workspace.reports / _HOLDER
    with held(
        workspace.reports / ".lock", _LOCK_TIMEOUT, busy, tell=lambda: _tell(workspace, holder)
    ):
        _sign(holder)
        sweep(workspace.reports)
        try:
            yield
        finally:
            drop(holder)


def _sign(holder: Path) -> None:
    """Put on record who holds the workspace; the lock is held without these words too."""
    told = {
        "pid": os.getpid(), "host": socket.gethostname(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }  # fmt: skip
    try:
        holder.write_text(json.dumps(told) + "\n", encoding="utf-8")
    except OSError:
        drop(holder)


def _tell(workspace: Workspace, holder: Path) -> None:
    zh, en = "另一个命令", "Another command"
    try:
        told = json.loads(holder.read_text(encoding="utf-8"))
        since = datetime.fromisoformat(told["since"]).astimezone(workspace.timezone)
        zh += f"(进程{int(told['pid'])},主机{told['host']},始于{since:%Y-%m-%d %H:%M:%S})"
        en += f" (process {int(told['pid'])} on {told['host']} since {since:%Y-%m-%d %H:%M:%S})"
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        zh += "(不知是谁)"
        en += " (it is not known which)"
    say_waiting(
        f"{zh}正占用工作区{workspace.root},等待其结束。",
        f"{en} holds the workspace {workspace.root}; waiting for it to end.",
        workspace.config.workspace.lang,
    )
