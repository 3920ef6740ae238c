"""What was fetched before: ``data/raw/<source>`` with an index of what lies there.

A content once fetched is never changed. A later state of the same file lies beside it, marked with
its receipt as in ``forecast.ingest.raw``, so that the raw folder alone can rebuild the tables. A
source that goes back to an earlier state has it written once more, under the later receipt.
"""

from __future__ import annotations

import glob
import hashlib
import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from forecast.disk import write_file
from forecast.fetch.source import Download

__all__ = ["Cache", "Entry", "Piece"]

_FORMAT = 1

#: The index is written after so many files, and at the end. What it lacks after a sudden end is
#: asked for again; a content that lies there already is not written twice.
_SAVE_EVERY = 20


@dataclass(frozen=True)
class Piece:
    """One file on disk: path within the source's folder, hash and size [byte]."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Entry:
    """What is known of one file of a source.

    Attributes:
        url: where it came from, without keys.
        pieces: the files on disk; more than one where an archive was unpacked.
        key: hash of what matters of the content, without the moment of the answer and the like.
        etag, last_modified: to ask whether it has changed.
        fetched: when this content came.
        checked: when the source last confirmed it.
        final: True where the source will not change it any more.
        scope, start, end: whose readings they are and of which days.
        region: the region to read it under, where its name can't say it.
        rejected: why the last content was refused; it lies beside, with the ending ``.rejected``.
    """

    url: str
    pieces: tuple[Piece, ...] = ()
    key: str = ""
    etag: str = ""
    last_modified: str = ""
    fetched: str = ""
    checked: str = ""
    final: bool = False
    scope: str = ""
    start: str = ""
    end: str = ""
    region: str = ""
    rejected: str = ""


class Cache:
    """The folder of one source.

    Args:
        folder: ``data/raw/<source>``.
        now: the moment of this fetch, with its zone.
    """

    def __init__(self, folder: Path, now: datetime) -> None:
        self.folder = folder
        self._now = now.replace(microsecond=0)
        self._index = folder / ".index.json"
        self._entries = _read(self._index)
        self._unsaved = 0

    def __enter__(self) -> Cache:
        return self

    def __exit__(self, *_: object) -> None:
        if self._unsaved:
            self.save()

    @property
    def entries(self) -> dict[str, Entry]:
        """Name → entry, in the order of first fetching."""
        return dict(self._entries)

    def copies(self, name: str) -> list[Path]:
        """Return the files of ``name`` that lie here undamaged; empty where one is not."""
        entry = self._entries.get(name)
        found = []
        for piece in entry.pieces if entry else ():
            path = self.folder / piece.path
            try:
                whole = path.stat().st_size == piece.size and _sha256(path) == piece.sha256
            except OSError:
                whole = False
            if not whole:
                return []
            found.append(path)
        return found

    def age_days(self, name: str) -> float:
        """Return how long ago the source last confirmed ``name`` [day]."""
        try:
            then = datetime.fromisoformat(self._entries[name].checked)
            return max(0.0, (self._now - then).total_seconds() / 86400)
        except (KeyError, ValueError, TypeError):
            return float("nan")

    def part(self, name: str) -> Path:
        """Return where a file is gathered while it arrives."""
        path = self.folder / name
        return path.with_name(f".{path.name}.part")

    def confirm(self, download: Download, *, etag: str = "", last_modified: str = "") -> None:
        """Note that the source still has the content that lies here, and how to ask for it."""
        entry = self._entries[download.name]
        self._put(
            download.name,
            replace(
                entry,
                url=download.url,
                etag=etag,
                last_modified=last_modified,
                checked=self._now.isoformat(),
                final=download.final,
                scope=download.scope,
                start=download.start.isoformat() if download.start else "",
                end=download.end.isoformat() if download.end else "",
                region=download.region,
                rejected="",
            ),
        )

    def keep(
        self,
        download: Download,
        pieces: dict[str, bytes],
        *,
        key: str,
        etag: str = "",
        last_modified: str = "",
    ) -> list[Path]:
        """Write a new content, then note it; returns its files.

        Args:
            download: what it is.
            pieces: name within the folder → content.
            key: hash of what matters of it.
            etag, last_modified: to ask with the next time.

        Raises:
            WorkspaceError: it can't be written; what was there is unchanged.
        """
        written, noted = [], []
        entry = self._entries.get(download.name)
        last = {self.folder / piece.path for piece in entry.pieces} if entry else set()
        for name, data in pieces.items():
            path = self._place(name, data, last)
            written.append(path)
            noted.append(
                Piece(
                    path.relative_to(self.folder).as_posix(),
                    hashlib.sha256(data).hexdigest(),
                    len(data),
                )
            )
        self._entries[download.name] = Entry(
            download.url, tuple(noted), key, fetched=self._now.isoformat()
        )
        self.confirm(download, etag=etag, last_modified=last_modified)
        return written

    def reject(self, download: Download, data: bytes, reason: str) -> Path:
        """Put a content aside as ``.rejected`` and note why; the older copy stays in use.

        Only the last one is kept: a service that dates its answers would fill the folder.
        """
        path = self.folder / f"{download.name}.rejected"
        write_file(path, data)
        entry = self._entries.get(download.name, Entry(download.url))
        self._put(download.name, replace(entry, rejected=reason))
        return path

    def save(self) -> None:
        """Write the index at one moment.

        Raises:
            WorkspaceError: it can't be written; the old one is intact.
        """
        told = {
            "format": _FORMAT,
            "files": {name: asdict(entry) for name, entry in self._entries.items()},
        }
        write_file(self._index, json.dumps(told, ensure_ascii=False, indent=1).encode())
        self._unsaved = 0

    def _put(self, name: str, entry: Entry) -> None:
        self._entries[name] = entry
        self._unsaved += 1
        if self._unsaved >= _SAVE_EVERY:
            self.save()

    def _place(self, name: str, data: bytes, last: set[Path]) -> Path:
        """Write ``data`` under its name, or under a marked one where another content has it.

        What lies there already is written again only where another state came in between, which
        ``last``, the files of the state before this one, tells.
        """
        plain = self.folder / name
        stem, suffix = _split(plain.name)
        digest = hashlib.sha256(data).hexdigest()[:8]
        beside = sorted(plain.parent.glob(f"{glob.escape(stem)}.*-????????{suffix}"))
        states = {path for path in (plain, *beside) if path in last}
        for path in (plain, *(path for path in beside if path.name.endswith(f"-{digest}{suffix}"))):
            if path.is_file() and path.read_bytes() == data and (not states or path in states):
                return path
        marked = plain.with_name(f"{stem}.{self._now:%Y%m%d%H%M%S}-{digest}{suffix}")
        target = marked if plain.exists() else plain
        write_file(target, data)
        return target


def _split(name: str) -> tuple[str, str]:
    """Split a file's name before its ending: ``a.csv.gz`` → ``a``, ``.csv.gz``.

    >>> _split("location-2178-20220503.csv.gz")
    ('location-2178-20220503', '.csv.gz')
    """
    packed = name.lower().endswith((".csv.gz", ".txt.gz", ".json.gz"))
    suffix = "".join(Path(name).suffixes[-2:]) if packed else Path(name).suffix
    return name[: len(name) - len(suffix)], suffix


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(index: Path) -> dict[str, Entry]:
    """Return the entries; none where the index is missing or damaged, then all is asked for anew."""
    try:
        told = json.loads(index.read_text(encoding="utf-8"))
        return {name: _entry(entry) for name, entry in told["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _entry(told: dict[str, Any]) -> Entry:
    return Entry(**{**told, "pieces": tuple(Piece(**piece) for piece in told["pieces"])})
