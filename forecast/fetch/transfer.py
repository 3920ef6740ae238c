"""One file on its way: what its part belongs to, how large it will be, what its checksum is."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["Arriving", "MismatchError", "decoded", "refuse_wrong_checksum"]


class MismatchError(Exception):
    """What arrived is not what the source said it would send."""


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
        length = headers.get("Content-Length", "")
        return cls(
            url,
            headers.get("ETag", ""),
            headers.get("Last-Modified", ""),
            headers.get("Content-Encoding", "").lower().replace("identity", ""),
            int(length) if length.isdigit() else -1,
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
        return self.etag if self.etag and not self.etag.startswith("W/") else self.last_modified

    def continued_by(self, content_range: str) -> bool:
        """Return whether ``Content-Range`` begins where the part ends, in a file of this size."""
        told = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", content_range.strip())
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


def decoded(wire: bytes, encoding: str) -> bytes:
    """Return what was sent packed as ``encoding``.

    Raises:
        MismatchError: it can't be unpacked.
    """
    if not encoding:
        return wire
    if encoding not in ("gzip", "x-gzip"):
        raise MismatchError(f"the content is packed as {encoding}, which was not asked for")
    try:
        return zlib.decompress(wire, wbits=31)
    except zlib.error as error:
        raise MismatchError("the content is damaged (gzip)") from error


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
