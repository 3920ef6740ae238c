"""A workspace in one file, which is there whole and checked or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import time
import uuid
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from forecast import __version__
from forecast.disk import drop, is_full, sync_folder
from forecast.errors import UsageError, WorkspaceError
from forecast.runs.backup_archive import (
    BACKUP_VERSION,
    LISTING,
    Listing,
    Member,
    open_backup,
)
from forecast.runs.backup_contents import Contents, Entry, backup_contents, saved_folders
from forecast.runs.lock import alone
from forecast.runs.manifest import file_sha256
from forecast.store import Store
from forecast.table_lock import locked
from forecast.workspace import Workspace

__all__ = ["Saved", "back_up", "check_backup"]

Words = tuple[str, str]

#: Files that are packed already.
_PACKED = {
    ".parquet", ".zip", ".gz", ".xlsx", ".xlsm", ".docx", ".pdf", ".png", ".jpg", ".jpeg", ".woff2",
}  # fmt: skip

#: The same for every member, so that the same files give the same bytes; the true times are listed.
_TIME = (1980, 1, 1, 0, 0, 0)

#: Name of a backup that is being written; one that nobody writes to for this long [s] is left over.
_UNFINISHED = ".forecast-backup-"
_LEFT = 600.0

_CHUNK = 1 << 20

#: The most damaged raw files that are named.
_NAMED = 5


@dataclass(frozen=True)
class Saved:
    """A backup that was read to its end.

    Attributes:
        file: where it is.
        sha256: of the file; kept elsewhere, it tells whether the file was altered since.
        size: of the file [bytes].
        listing: what it says of itself.
        remarks: what was left out or looks wrong, in words (zh, en).
        whole: False where a raw file is not what came in.
    """

    file: Path
    sha256: str
    size: int
    listing: Listing
    remarks: tuple[Words, ...] = ()
    whole: bool = True


def back_up(
    workspace: Workspace,
    target: Path,
    *,
    runs: bool = False,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Saved:
    """Write the workspace into one file, read it back, then give it its name.

    Tables, settings, plans, lists and the register are copied while no run and no ingest may change
    them; raw files, which never change, after that. Killed at any moment, or on a full disk, there
    is no file of the name.

    Args:
        workspace: what is saved.
        target: a file ending in ``.zip`` that is not there yet, or a folder that is.
        runs: also the folders of runs and of answers on scenarios.
        clock: gives the time of the backup.

    Raises:
        UsageError: the target is there already, or lies among the files that are saved.
        WorkspaceError: something can't be read or written, or a part of a table is damaged.
    """
    created = clock().astimezone(workspace.timezone)
    file = _target(workspace, target, created)
    _sweep(file.parent)
    aside = file.with_name(f"{_UNFINISHED}{uuid.uuid4().hex[:12]}.tmp")
    try:
        contents, listing, wrong = _write(workspace, aside, created, runs)
        with open_backup(aside) as opened:
            opened.check()
        size, sha256 = aside.stat().st_size, file_sha256(aside)
        _name(aside, file)
    except OSError as error:
        full = is_full(error)
        raise WorkspaceError(
            f"The backup {file} could not be written ({_why(error, aside)}); there is none.",
            "Free some space, or choose another place."
            if full
            else "Check the place it is written to, and that every file of the workspace can be read.",
        ) from error
    finally:
        drop(aside)
    remarks = [*contents.left_out, *wrong]
    if file.stat().st_dev == workspace.root.stat().st_dev:
        remarks.append(
            (
                "备份与工作区在同一块磁盘上:请另存一份到别处",
                "the backup is on the same disk as the workspace: keep a copy elsewhere",
            )
        )
    return Saved(file, sha256, size, listing, tuple(remarks), whole=not wrong)


def _why(error: OSError, aside: Path) -> str:
    """What the system said, with the file it is about where that is one of the workspace."""
    said = error.strerror or str(error)
    named = error.filename is not None and Path(error.filename) != aside
    return f"{said}: {error.filename}" if named else said


def check_backup(file: Path) -> Saved:
    """Read a backup to its end: every hash, and the fingerprint of the tables.

    Raises:
        InputError: it is no backup, damaged, or of a newer program.
    """
    with open_backup(file) as opened:
        opened.check()
        return Saved(file, file_sha256(file), file.stat().st_size, opened.listing)


def _target(workspace: Workspace, target: Path, created: datetime) -> Path:
    target = target.expanduser().absolute()
    if target.is_dir():
        target /= f"{workspace.root.name or 'workspace'}-{created:%Y%m%d-%H%M%S}.zip"
    elif target.suffix.lower() != ".zip" or not target.parent.is_dir():
        raise UsageError(
            f"{target} is no folder, and no file ending in .zip in a folder that is there.",
            "Give an existing folder, or such as /mnt/backup/hengshui.zip.",
        )
    if os.path.lexists(target):
        raise UsageError(
            f"{target} is there already; a backup replaces no file.", "Choose another name."
        )
    place = target.parent.resolve()
    for folder in saved_folders(workspace):
        if place.is_relative_to(folder.resolve()):
            raise UsageError(
                f"{target} lies in {folder}, which the backup saves.",
                "Choose a place outside of it, best on another disk.",
            )
    return target


def _sweep(folder: Path) -> None:
    """Remove what backups that were killed left in a folder."""
    for path in folder.glob(f"{_UNFINISHED}*.tmp"):
        try:
            if time.time() - path.stat().st_mtime > _LEFT:
                drop(path)
        except OSError:
            continue


def _write(
    workspace: Workspace, aside: Path, created: datetime, runs: bool
) -> tuple[Contents, Listing, list[Words]]:
    members: list[Member] = []
    with aside.open("xb") as out:
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            with alone(workspace):
                store = workspace.store
                lock = locked(workspace.processed, store.lock_timeout, store.notify)
                try:
                    contents = backup_contents(workspace, runs=runs)
                    received = _received(store)
                    fingerprint = store.fingerprint()
                    members += [_add(archive, entry) for entry in contents.changing]
                finally:
                    lock.release()
            _check_parts(contents, members)
            members += [_add_raw(archive, entry) for entry in contents.raw]
            listing = Listing(
                format_version=BACKUP_VERSION, program=__version__,
                created=created.isoformat(timespec="seconds"), workspace=workspace.root.name,
                runs=runs, tables_sha256=fingerprint, members=members,
            )  # fmt: skip
            text = json.dumps(listing.model_dump(), ensure_ascii=False, indent=1) + "\n"
            with archive.open(_info(LISTING, len(text)), "w") as member:
                member.write(text.encode())
        out.flush()
        os.fsync(out.fileno())
    return contents, listing, _altered(members, received)


def _add(archive: zipfile.ZipFile, entry: Entry) -> Member:
    """Copy one file into the archive, piece by piece."""
    digest, size = hashlib.sha256(), 0
    with entry.file.open("rb") as source:
        told = os.fstat(source.fileno())
        with archive.open(_info(entry.name, told.st_size), "w") as member:
            while chunk := source.read(_CHUNK):
                size += len(chunk)
                digest.update(chunk)
                member.write(chunk)
    return Member(
        path=entry.name, size=size, sha256=digest.hexdigest(), modified=told.st_mtime_ns
    )  # fmt: skip


def _add_raw(archive: zipfile.ZipFile, entry: Entry) -> Member:
    before = entry.file.stat()
    member = _add(archive, entry)
    after = entry.file.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise WorkspaceError(
            f"{entry.file} changed while it was copied; there is no backup.",
            "Run the command again when nobody writes to data/raw.",
        )
    return member


def _info(name: str, size: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _TIME)
    packed = PurePosixPath(name).suffix.lower() in _PACKED
    info.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
    info.external_attr = 0o100644 << 16
    # The same on Windows, where it would be another; and sizes beyond two gigabytes are allowed for.
    info.create_system = 3
    info.file_size = size
    return info


def _check_parts(contents: Contents, members: Sequence[Member]) -> None:
    """Look whether the parts of the tables are what their names say, the hash of their bytes."""
    there = {member.path: member for member in members}
    for name in sorted(contents.tables):
        said = PurePosixPath(name).stem.removeprefix("part-")
        if name not in there or not there[name].sha256.startswith(said):
            fault = "is damaged" if name in there else "is missing"
            raise WorkspaceError(
                f"{name} {fault}; there is no backup of tables that can't be read.",
                "Move data/processed away and ingest data/raw again, then make the backup.",
            )


def _received(store: Store) -> dict[str, set[str]]:
    """Raw files by name, with the hashes of what came in under it."""
    files = store.files()[["path", "sha256"]]
    found: dict[str, set[str]] = {}
    for path, sha256 in files[files["path"] != ""].itertuples(index=False):
        found.setdefault(str(path), set()).add(str(sha256))
    return found


def _altered(members: Iterable[Member], received: dict[str, set[str]]) -> list[Words]:
    """Raw files that are not what came in: a disk that forgets, or a hand."""
    there = {member.path: member.sha256 for member in members}
    wrong = sorted(p for p, known in received.items() if p in there and there[p] not in known)
    lost = sorted(p for p in received if p not in there)
    said = []
    for names, zh, en in (
        (wrong, "原始文件与读入时不同", "raw files are not what was taken in"),
        (lost, "原始文件已不存在", "raw files are gone"),
    ):
        if names:
            shown = ", ".join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")
            said.append((f"{len(names)}个{zh}:{shown}", f"{len(names)} {en}: {shown}"))
    return said


def _name(aside: Path, file: Path) -> None:
    """Give a whole file its name; one that came there meanwhile is not replaced."""
    taken = WorkspaceError(
        f"{file} came there meanwhile; a backup replaces no file.", "Choose another name."
    )
    if os.name == "nt":
        try:
            aside.rename(file)
        except FileExistsError as error:
            raise taken from error
        return
    try:
        os.link(aside, file)
    except FileExistsError as error:
        raise taken from error
    except OSError as error:
        # A disk without hard links, as of a camera card or a share.
        if file.exists():
            raise taken from error
        aside.rename(file)
    sync_folder(file.parent)
