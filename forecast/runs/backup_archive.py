"""The file of a backup: a ZIP whose last member lists every other with its SHA-256.

A file that this program did not write may be anything, so nothing of it is believed before it was
checked: names that lead elsewhere, links, members that unpack to more than they say, members that
nobody lists.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import BinaryIO

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from forecast.errors import InputError
from forecast.store import Store

__all__ = [
    "BACKUP_VERSION", "LISTING", "TABLES_FOLDER", "Listing", "Member", "OpenBackup", "fits",
    "open_backup",
]  # fmt: skip

#: Version of the form of a backup; a higher one was written by a newer program.
BACKUP_VERSION = 1

#: Name of the last member, which lists the others.
LISTING = "backup.json"

#: The folder of the tables in a workspace.
TABLES_FOLDER = "data/processed"

#: The most that the list may be [bytes]: two million files.
_MOST_LISTED = 512 << 20

#: A backup larger than this [bytes] that is packed tighter than any workspace is a trap; the same
#: figures as for the archives that are taken in.
_LARGE = 200 << 20
_MOST_RATIO = 400

_CHUNK = 1 << 20

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

#: Names that are devices on Windows, whatever follows a dot.
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)


class Member(BaseModel):
    """One file of a backup.

    Attributes:
        path: its name, relative to the workspace, with ``/``.
        size: [bytes].
        sha256: of its bytes.
        modified: time of its last change [ns since 1970, UTC].
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    path: str
    size: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    modified: int = Field(ge=-(1 << 62), le=1 << 62)


class Listing(BaseModel):
    """What a backup says of itself.

    Attributes:
        format_version: ``BACKUP_VERSION`` of the program that wrote it.
        program: its version.
        created: when, with the zone.
        workspace: name of the folder that was saved.
        runs: whether the folders of runs are in it.
        tables_sha256: fingerprint of the tables.
        members: the files, in the order of the archive.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    format_version: int
    program: str
    created: str
    workspace: str
    runs: bool
    tables_sha256: str
    members: list[Member]

    @property
    def size(self) -> int:
        """All of it unpacked [bytes]."""
        return sum(member.size for member in self.members)


@dataclass(frozen=True)
class OpenBackup:
    """A backup whose names and sizes are checked; what the members hold is checked as it is read."""

    path: Path
    listing: Listing
    _archive: zipfile.ZipFile

    def copy(self, member: Member, to: BinaryIO | None = None) -> None:
        """Read a member to its end, into ``to`` if given; never more than the list says.

        Raises:
            InputError: it is damaged, or not what the list says.
        """
        digest, left = hashlib.sha256(), member.size
        for chunk in self._chunks(member):
            left -= len(chunk)
            if left < 0:
                break
            digest.update(chunk)
            if to is not None:
                to.write(chunk)
        if left or digest.hexdigest() != member.sha256:
            raise _damaged(self.path, f"{member.path} in it is not what was saved")

    def _chunks(self, member: Member) -> Iterator[bytes]:
        """Yield what a member holds, piece by piece."""
        try:
            with self._archive.open(member.path) as source:
                while chunk := source.read(_CHUNK):
                    yield chunk
        except _UNREADABLE as error:
            raise _damaged(self.path, f"{member.path} in it can't be read") from error

    def check(self) -> None:
        """Read every member, and compare the fingerprint of the tables with that of the list.

        Raises:
            InputError: a member is damaged, or not what the list says.
        """
        with tempfile.TemporaryDirectory() as folder:
            for member in self.listing.members:
                if member.path == f"{TABLES_FOLDER}/manifest.json":
                    with (Path(folder) / "manifest.json").open("wb") as out:
                        self.copy(member, out)
                else:
                    self.copy(member)
            self.check_tables(Path(folder))

    def check_tables(self, processed: Path) -> None:
        """Compare the tables under a folder, by what their manifest says, with the list.

        Raises:
            InputError: they say something else.
        """
        if Store(processed).fingerprint() != self.listing.tables_sha256:
            raise _damaged(self.path, "the tables in it are not those that were saved")


#: What zipfile raises for a damaged, encrypted or foreign member, or the disk it lies on.
_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, KeyError,
    OSError,
)  # fmt: skip


@contextmanager
def open_backup(path: Path) -> Iterator[OpenBackup]:
    """Open a backup after checking its list against its members.

    Raises:
        InputError: there is no such file, it is no backup, damaged, of a newer program, or hostile.
    """
    try:
        archive = zipfile.ZipFile(path)
    except OSError as error:
        raise InputError(
            f"{path} can't be read ({error.strerror or error}).", "Check its name."
        ) from error
    except _UNREADABLE as error:
        raise _damaged(path, "it is no ZIP file, or its end is missing") from error
    with archive:
        members = archive.infolist()
        listing = _listing(path, archive, members)
        _check_members(path, listing, members)
        yield OpenBackup(path, listing, archive)


def _listing(path: Path, archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> Listing:
    if not members or members[-1].filename != LISTING or members[-1].file_size > _MOST_LISTED:
        raise _damaged(path, f"its last member is not {LISTING}")
    try:
        with archive.open(members[-1]) as file:
            text = file.read(_MOST_LISTED + 1)
    except _UNREADABLE as error:
        raise _damaged(path, f"{LISTING} in it can't be read") from error
    try:
        version = _Version.model_validate_json(text).format_version
        if version == BACKUP_VERSION:
            return Listing.model_validate_json(text)
    except ValidationError as error:
        raise _damaged(path, f"{LISTING} in it is not the list of a backup") from error
    raise InputError(
        f"{path} has format {version}; this program reads {BACKUP_VERSION}.",
        "Update the program, then restore.",
    )


class _Version(BaseModel):
    format_version: int


def _check_members(path: Path, listing: Listing, members: list[zipfile.ZipInfo]) -> None:
    names = [member.path for member in listing.members]
    if names != [one.filename for one in members[:-1]] or len(set(names)) != len(names):
        raise _damaged(path, "its members are not those of its list")
    for member, one in zip(listing.members, members, strict=False):
        if not fits(member.path, windows=os.name == "nt"):
            raise InputError(
                f"{path} has a member {member.path!r}, which is no name within a workspace.",
                "No backup of this program has one: nothing of the file was used.",
            )
        kind = stat.S_IFMT(one.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise InputError(
                f"{path}: {member.path} is a link or a device.",
                "No backup of this program has one: nothing of the file was used.",
            )
        if one.file_size != member.size:
            raise _damaged(path, f"{member.path} in it has another size than was saved")
    packed = path.stat().st_size
    overlap = sum(one.compress_size for one in members) > packed
    if overlap or (listing.size > _LARGE and listing.size > _MOST_RATIO * packed):
        raise InputError(
            f"{path} would unpack to {listing.size:,} bytes from {packed:,}.",
            "No workspace packs like this: nothing of the file was used.",
        )


def fits(name: str, *, windows: bool) -> bool:
    """Return whether a name of a member stays below the folder it is unpacked in.

    >>> fits("data/raw/空气 2024.csv", windows=True), fits("../x", windows=False)
    (True, False)
    >>> fits("a/con.csv", windows=False), fits("a/con.csv", windows=True)
    (True, False)
    """
    parts = name.split("/")
    if "\\" in name or _CONTROL.search(name) or PureWindowsPath(name).drive:
        return False
    if any(part in ("", ".", "..") for part in parts):
        return False
    if not windows:
        return True
    return not any(
        set(part) & set('<>:"|?*') or part[-1] in ". " or _DEVICES.fullmatch(part) for part in parts
    )


def _damaged(path: Path, what: str) -> InputError:
    return InputError(
        f"{path} is no backup that can be used: {what}.",
        "Take another copy of it, or an earlier backup.",
    )
