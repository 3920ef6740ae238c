"""A workspace out of a backup: checked, unpacked aside, opened, and only then in its place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import filelock

from forecast.disk import drop, is_full, sync_folder
from forecast.errors import InputError, UsageError, WorkspaceError
from forecast.runs.backup_archive import Listing, OpenBackup, open_backup
from forecast.tables import TABLES
from forecast.workspace import Workspace

__all__ = ["Restored", "restore"]

#: Room that is left beside the files [bytes].
_SPARE = 64 << 20

_FOLDERS = ("data/raw", "data/processed", "models", "reports")


@dataclass(frozen=True)
class Restored:
    """A workspace that came out of a backup: its folder, what the backup says, rows by table."""

    root: Path
    listing: Listing
    rows: dict[str, int]


def restore(file: Path, to: Path) -> Restored:
    """Unpack a backup into an empty folder and open the workspace in it.

    The files are unpacked beside the folder, every hash is compared, the tables are opened, their
    fingerprint is compared with that of the day of the backup; then all of it gets its name in one
    step. Killed before, or on a full disk, there is nothing of the name, and the same command can
    be given again.

    Args:
        file: the backup.
        to: a folder that is empty or not there.

    Raises:
        InputError: the backup is damaged, hostile, or of a newer program.
        UsageError: the folder holds something.
        WorkspaceError: it can't be written, or has too little room.
    """
    root = to.expanduser().absolute()
    with open_backup(file.expanduser()) as opened:
        _check_empty(root)
        try:
            with _aside(root) as aside:
                _room(root, opened.listing)
                _unpack(opened, aside)
                rows = _opened(opened, aside)
                if root.exists():
                    root.rmdir()
                aside.rename(root)
                sync_folder(root.parent)
        except OSError as error:
            full = is_full(error)
            raise WorkspaceError(
                f"{root} can't be written ({error.strerror or error}); nothing was restored.",
                "Free some space, then give the command again."
                if full
                else "Choose a new folder in one that you may write to.",
            ) from error
        return Restored(root.resolve(), opened.listing, rows)


def _check_empty(root: Path) -> None:
    if os.path.lexists(root) and (root.is_symlink() or not root.is_dir()):
        raise UsageError(f"{root} is no folder.", "Give a folder that is empty or not there.")
    if root.is_dir():
        inside = sorted(p.name for p in root.iterdir())
        if inside:
            raise UsageError(
                f"{root} is not empty: it holds {inside[0]}.",
                "Give a folder that is empty or not there; what is in use is never replaced.",
            )
        if os.path.ismount(root):
            raise UsageError(
                f"{root} is a whole disk, which can't appear in one step.",
                f"Give a folder in it, such as {root / 'workspace'}.",
            )


@contextmanager
def _aside(root: Path) -> Iterator[Path]:
    """Give a folder beside the one wanted; what a restore that was killed left in it is removed."""
    root.parent.mkdir(parents=True, exist_ok=True)
    aside = root.with_name(f".{root.name}.restoring")
    locked = root.with_name(f".{root.name}.restoring.lock")
    lock = filelock.FileLock(locked)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        raise WorkspaceError(
            f"Another command is restoring into {root}.", "Wait for it, or choose another folder."
        ) from error
    try:
        if aside.exists():
            shutil.rmtree(aside)
        aside.mkdir()
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        lock.release()
        drop(locked)


def _room(root: Path, listing: Listing) -> None:
    free = shutil.disk_usage(root.parent).free
    if listing.size + _SPARE > free:
        raise WorkspaceError(
            f"{root.parent} has room for {free:,} bytes and the backup needs {listing.size:,}; "
            "nothing was restored.",
            "Free some space, or restore to another disk.",
        )


def _unpack(opened: OpenBackup, aside: Path) -> None:
    for folder in _FOLDERS:
        (aside / folder).mkdir(parents=True)
    for member in opened.listing.members:
        path = aside.joinpath(*member.path.split("/"))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            out = path.open("xb")
        except (FileExistsError, NotADirectoryError) as error:
            raise InputError(
                f"{opened.path}: {member.path} and another member have one name on this disk.",
                "Restore it on a system that tells capital letters apart.",
            ) from error
        with out:
            opened.copy(member, out)
            out.flush()
            os.fsync(out.fileno())
        os.utime(path, ns=(member.modified, member.modified))
    for folder, _, _ in os.walk(aside, topdown=False):
        sync_folder(Path(folder))


def _opened(opened: OpenBackup, aside: Path) -> dict[str, int]:
    """Open the workspace aside; return the rows of its tables."""
    store = Workspace.open(aside).store
    rows: dict[str, int] = {}
    for table, parts in sorted(store.manifest().items()):
        if table not in TABLES:
            raise InputError(
                f"{opened.path} has a table {table}, which this program does not know.",
                "Update the program, then restore.",
            )
        first = TABLES[table].schema.names[:1]
        for name, part in sorted(parts.items()):
            found = len(store.read(table, columns=first, partitions=[name]))
            if found != part["rows"]:
                raise InputError(
                    f"{opened.path}: table {table} {name} has {found} rows instead of "
                    f"{part['rows']}.",
                    "Take an earlier backup.",
                )
            rows[table] = rows.get(table, 0) + found
    opened.check_tables(store.processed)
    return rows
