"""The tables as they stood at one moment, for as long as a run takes."""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from pathlib import Path

import filelock

from forecast.disk import write_cure
from forecast.errors import WorkspaceError
from forecast.store import Store
from forecast.workspace import Workspace

__all__ = ["steady"]

#: Begins the name of a folder of tables that are being read.
_READING = ".reading-"

_LOCK = ".lock"

#: How often a writer may come between the list of the parts and their links.
_TRIES = 5


@contextmanager
def steady(workspace: Workspace) -> Iterator[Workspace]:
    """Yield the workspace with its tables as they stand now, whatever is taken in meanwhile.

    Parts of tables are never written into, so a second name keeps each of them readable after a
    writer has dropped it: nothing is copied, unless the disk knows no second names.

    Raises:
        WorkspaceError: a part is missing, or the folder can't be written.
    """
    store = workspace.store
    folder = store.processed / f"{_READING}{uuid.uuid4().hex[:12]}"
    lock = filelock.FileLock(folder / _LOCK)
    try:
        _sweep(store.processed)
        folder.mkdir(parents=True)
        lock.acquire(timeout=0)
        _lay(store, folder)
    except OSError as error:
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)
        raise WorkspaceError(
            f"{store.processed} can't be written ({error.strerror or error}).", write_cure(error)
        ) from error
    except BaseException:
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)
        raise
    then = copy(workspace)
    then.__dict__["store"] = Store(folder, lock_timeout=store.lock_timeout, notify=store.notify)
    try:
        yield then
    finally:
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)


def _lay(store: Store, folder: Path) -> None:
    """Give every live part a second name in ``folder``, and put their list beside them."""
    for attempt in range(_TRIES):
        store.manifest()  # says what is wrong with it
        if not store.manifest_path.exists():
            return
        text = store.manifest_path.read_bytes()
        (folder / "manifest.json").write_bytes(text)
        try:
            for parts in Store(folder).manifest().values():
                for part in parts.values():
                    _link(store.processed / part["path"], folder / part["path"])
            return
        except FileNotFoundError as error:
            # A writer replaced the manifest and dropped the part between our two reads.
            if attempt == _TRIES - 1 or store.manifest_path.read_bytes() == text:
                raise WorkspaceError(
                    f"A part of the tables is missing: {error.filename}.",
                    "Move data/processed away and ingest data/raw again.",
                ) from error
            time.sleep(0.05)


def _link(part: Path, name: Path) -> None:
    if name.exists():
        return
    name.parent.mkdir(parents=True, exist_ok=True)
    try:
        name.hardlink_to(part)
    except FileNotFoundError:
        raise
    except (OSError, NotImplementedError):
        shutil.copyfile(part, name)


def _sweep(processed: Path) -> None:
    """Remove what readers that were killed left."""
    for folder in processed.glob(f"{_READING}*"):
        lock = filelock.FileLock(folder / _LOCK)
        try:
            lock.acquire(timeout=0)
        except (filelock.Timeout, OSError):
            continue
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)
