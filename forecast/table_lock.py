"""The lock of the tables: one writer at a time; and how a command that waits for a lock says so."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import filelock

from forecast.errors import WorkspaceError

__all__ = ["acquire", "locked", "say_waiting", "set_waiting"]

#: A command that waits says so after this time [s].
_PATIENCE = 3.0


@dataclass(frozen=True)
class _Waiting:
    """How a waiting command speaks: ``lang`` is None where nobody chose a language."""

    lang: Literal["zh", "en"] | None = None
    quiet: bool = False


_WAITING: ContextVar[_Waiting] = ContextVar("waiting")


def set_waiting(*, lang: Literal["zh", "en"] | None = None, quiet: bool = False) -> None:
    """Choose how commands of this process say that they wait; by default in their own language.

    Args:
        lang: the language, whatever the workspace says; None leaves that to the workspace.
        quiet: True where nothing is to be said.
    """
    _WAITING.set(_Waiting(lang, quiet))


def say_waiting(zh: str, en: str, lang: Literal["zh", "en"] = "en") -> None:
    """Say on standard error that this command waits, unless that is not wanted.

    Args:
        zh, en: the sentence.
        lang: the language where nobody chose one.
    """
    how = _WAITING.get(_Waiting())
    if not how.quiet:
        print(zh if (how.lang or lang) == "zh" else en, file=sys.stderr, flush=True)


def acquire(lock: filelock.BaseFileLock, timeout: float, tell: Callable[[], None]) -> None:
    """Acquire a lock; ``tell`` is called once if that takes more than a moment.

    The system gives a lock back however its holder ends, so one of a dead process is free at once.

    Raises:
        filelock.Timeout: another process holds it for longer than ``timeout`` [s].
        OSError: the lock file can't be written.
    """
    first = min(_PATIENCE, timeout)
    try:
        lock.acquire(timeout=first)
    except filelock.Timeout:
        if timeout <= first:
            raise
        tell()
        lock.acquire(timeout=timeout - first)


def locked(
    processed: Path, timeout: float, notify: Callable[[str], None] | None = None
) -> filelock.BaseFileLock:
    """Return the lock of the tables under ``processed``, held; the folder is made if need be.

    Args:
        processed: the folder of the tables.
        timeout: how long another writer is waited for [s].
        notify: called with one sentence when this one has to wait; None: to standard error.

    Raises:
        WorkspaceError: another writer holds it for longer than ``timeout``, or the folder can't be
            written.
    """
    lock = filelock.FileLock(processed / ".lock")
    zh = "另一个命令正在写数据表,等待其完成。"
    en = "Another command is writing the tables; waiting for it to finish."

    def tell() -> None:
        if notify is None:
            say_waiting(zh, en)
        else:
            notify(en)

    try:
        processed.mkdir(parents=True, exist_ok=True)
        acquire(lock, timeout, tell)
    except filelock.Timeout as error:
        raise WorkspaceError(
            f"Another command has been writing {processed} for more than {timeout:g} s.",
            "Wait for it to finish, then run this command again.",
        ) from error
    except (OSError, NotImplementedError) as error:
        raise WorkspaceError(
            f"{processed} can't be written ({getattr(error, 'strerror', None) or error}).",
            "Check that it is a folder and that you may write to it; the tables are as before.",
        ) from error
    return lock
