"""One file on its way: what its part belongs to, how large it will be, what its checksum is."""

from __future__ import annotations

import base64
import binascii
import errno
import gzip
import hashlib
import io
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from forecast.errors import WorkspaceError

__all__ = [
    "Arriving",
    "MismatchError",
    "TooLargeError",
    "announced",
    "decoded",
    "gathered",
    "note_of",
    "refuse_wrong_checksum",
    "unpacked",
]


class MismatchError(Exception):
    """What arrived is not what the source said it would send."""


class TooLargeError(Exception):
    """What arrives, or unpacks, is larger than a file of this source can be."""

    def __init__(self, most: int) -> None:
        super().__init__(f"more than {most / 2**20:.3g} MB")


@dataclass(frozen=True)
class Arriving:
    """A file of which a part may be here.

    Attributes:
        url: where it comes from.
        etag, last_modified: which state of the file this is.
        encoding: how it is packed for the way, such as ``gzip``; empty where it is not.
        size: its size on the way [byte]; -1 where the source does not say.
        have: how much of it is here [byte].
    """

    url: str
    etag: str = ""
    last_modified: str = ""
    encoding: str = ""
    size: int = -1
    have: int = 0

    @classmethod
    def of(cls, url: str, headers: Mapping[str, str]) -> Arriving:
        """Return the file that an answer with these headers begins to send."""
        return cls(
            url,
            _sendable(headers.get("ETag", "")),
            _sendable(headers.get("Last-Modified", "")),
            headers.get("Content-Encoding", "").lower().replace("identity", ""),
            announced(headers),
        )

    @classmethod
    def begun(cls, note: Path, part: Path, url: str) -> Arriving | None:
        """Return the file of which ``part`` is a beginning, or None where it can't be gone on with.

        Without a validator a file could change between two halves, so such a part is not used.
        """
        try:
            told = json.loads(note.read_text(encoding="utf-8"))
            begun = cls(**{**told, "have": part.stat().st_size})
        except (OSError, ValueError, TypeError):
            return None
        if begun.url != url or begun.have == 0 or not begun.validator:
            return None
        return begun

    @property
    def validator(self) -> str:
        """What goes into ``If-Range``: a strong ETag, else the date (RFC 9110, 13.1.5)."""
        strong = self.etag and not self.etag.startswith("W/")
        return _sendable(self.etag if strong else self.last_modified)

    def continued_by(self, content_range: str) -> bool:
        """Return whether ``Content-Range`` begins where the part ends, in a file of this size."""
        number = r"([0-9]{1,18})"
        told = re.fullmatch(rf"bytes {number}-{number}/([0-9]{{1,18}}|\*)", content_range.strip())
        if told is None or int(told[1]) != self.have:
            return False
        return told[3] == "*" or self.size < 0 or int(told[3]) == self.size

    def refuse_wrong_size(self, size: int) -> None:
        """Raise where ``size`` [byte] is not the size that the source announced.

        Raises:
            MismatchError: it is not.
        """
        if self.size >= 0 and size != self.size:
            raise MismatchError(f"{size} bytes arrived where {self.size} were announced")

    def to_json(self) -> bytes:
        """Return the note that lies beside the part."""
        told = asdict(self)
        del told["have"]
        return json.dumps(told).encode()


def announced(headers: Mapping[str, str]) -> int:
    """Return the size on the way that an answer's headers tell [byte]; -1 where they do not."""
    length = headers.get("Content-Length", "")
    return int(length) if re.fullmatch(r"[0-9]{1,18}", length) else -1


def note_of(part: Path) -> Path:
    """Return where the note on a part lies."""
    return part.with_name(f"{part.name}.json")


def gathered(chunks: Iterable[bytes], part: Path) -> None:
    """Append what arrives to ``part``, as it is on the way.

    Raises:
        WorkspaceError: the part can't be written.
    """
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        with part.open("ab") as file:
            for chunk in chunks:
                file.write(chunk)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise WorkspaceError(
                f"The disk is full: {part} could not be written to its end.",
                "Free some space and run the same command again; it goes on where it stopped.",
            ) from error
        raise WorkspaceError(
            f"{part} could not be written ({error.strerror or error}).",
            "Check that the folder exists and that you may write to it.",
        ) from error


def decoded(wire: bytes, encoding: str, most: int) -> bytes:
    """Return what was sent packed as ``encoding``.

    Args:
        wire: as it was sent.
        encoding: how it is packed; empty where it is not.
        most: what it may be at most [byte].

    Raises:
        MismatchError: it can't be unpacked.
        TooLargeError: it is larger.
    """
    if encoding not in ("", "gzip", "x-gzip"):
        raise MismatchError(f"the content is packed as {encoding}, which was not asked for")
    if not encoding:
        return wire
    try:
        return unpacked(wire, most)
    except ValueError as error:
        raise MismatchError("the content is damaged (gzip)") from error


def unpacked(wire: bytes, most: int) -> bytes:
    """Return the content of a gzip file, which a thousandth of its size may hold.

    Args:
        wire: the file.
        most: what it may be at most [byte]; no more than that is unpacked.

    Raises:
        ValueError: it is damaged or cut off.
        TooLargeError: it is larger.
    """
    if not wire:
        raise ValueError("nothing to unpack")
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(wire)) as file:
            data = file.read(most + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError("damaged") from error
    if len(data) > most:
        raise TooLargeError(most)
    return data


def refuse_wrong_checksum(
    wire: bytes, headers: Mapping[str, str], expected: Mapping[str, str]
) -> None:
    """Raise where the content lacks a checksum that the source or its list of files gives.

    Args:
        wire: the whole file as it was sent.
        headers: of an answer that sent all of it; empty where it came in parts.
        expected: algorithm → checksum in hex, empty where not known.

    Raises:
        MismatchError: one differs.
    """
    for kind, wanted in (*expected.items(), *_told(headers)):
        if not wanted:
            continue
        found = hashlib.new(kind, wire, usedforsecurity=False).hexdigest()
        if found != wanted.lower():
            raise MismatchError(f"its {kind.upper()} is not the one that the source gives")


def _told(headers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the checksums in headers: Content-MD5 (RFC 1864), Repr-Digest (RFC 9530), Amazon S3's."""
    yield "md5", _hex(headers.get("Content-MD5", ""))
    yield "sha256", _hex(headers.get("x-amz-checksum-sha256", ""))
    digest = re.search(r"sha-256=:([^:]+):", headers.get("Repr-Digest", ""))
    yield "sha256", _hex(digest[1] if digest else "")


def _hex(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).hex()
    except (binascii.Error, ValueError):
        return ""


def _sendable(validator: str) -> str:
    """Return what can be sent back in a header, else nothing."""
    return validator if validator.isascii() and validator.isprintable() else ""
