"""Workbooks of Excel 97 to 2003, made byte by byte: no kept library writes them.

Records are those of [MS-XLS], the container that of [MS-CFB], the encryption the RC4 of
[MS-OFFCRYPTO] 2.3.6.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence

__all__ = ["workbook"]

_SECTOR = 512
_END, _FREE, _TABLE = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
_NOT_CRYPTED = {0x0809, 0x002F}


def _record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _rc4(key: bytes, data: bytes) -> bytes:
    state, j = list(range(256)), 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    out, i, j = bytearray(), 0, 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(out)


def _sheet(rows: Sequence[Sequence[object]]) -> bytes:
    out = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0x0DBB, 0x07CC, 0, 6))
    for r, row in enumerate(rows):
        for c, value in enumerate(row):
            if isinstance(value, str) and value:
                text = value.encode("utf-16-le")
                head = struct.pack("<HHHHB", r, c, 0, len(value), 1)
                out += _record(0x0204, head + text)
            elif isinstance(value, (int, float)):
                out += _record(0x0203, struct.pack("<HHHd", r, c, 0, value))
    # A record nobody knows: below 4096 bytes a stream would lie elsewhere in the container.
    out += _record(0x08FF, bytes(4096))
    return out + _record(0x000A, b"")


def _globals(sheets: Sequence[tuple[str, bytes]], protection: bytes, start: int) -> bytes:
    out = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0x0DBB, 0x07CC, 0, 6)) + protection
    for name, body in sheets:
        text = struct.pack("<BB", len(name), 1) + name.encode("utf-16-le")
        out += _record(0x0085, struct.pack("<IBB", start, 0, 0) + text)
        start += len(body)
    return out + _record(0x000A, b"")


def _protected(password: str) -> tuple[bytes, bytes]:
    """Return the record that says how it is encrypted, and the key."""
    salt, verifier = bytes(range(16)), bytes(range(100, 116))
    first = hashlib.md5(password.encode("utf-16-le")).digest()[:5]
    key = hashlib.md5((first + salt) * 16).digest()[:5]
    both = _rc4(_block_key(key, 0), verifier + hashlib.md5(verifier).digest())
    return _record(0x002F, struct.pack("<HHH", 1, 1, 1) + salt + both), key


def _block_key(key: bytes, block: int) -> bytes:
    return hashlib.md5(key + struct.pack("<I", block)).digest()[:16]


def _encrypted(stream: bytes, key: bytes) -> bytes:
    blocks = range(len(stream) // 1024 + 1)
    pad = b"".join(_rc4(_block_key(key, block), bytes(1024)) for block in blocks)
    out, at = bytearray(stream), 0
    while at < len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        # The heads of records stay plain, and so does the place of a sheet in the stream.
        first = at + 4 + (4 if kind == 0x0085 else 0)
        if kind not in _NOT_CRYPTED:
            for here in range(first, at + 4 + size):
                out[here] ^= pad[here]
        at += 4 + size
    return bytes(out)


def _container(stream: bytes) -> bytes:
    """Put the stream ``Workbook`` into a compound file."""
    size = len(stream)
    stream = stream.ljust(-(-size // _SECTOR) * _SECTOR, b"\0")
    count = len(stream) // _SECTOR
    table = [_TABLE, _END, *range(3, count + 2), _END]
    table += [_FREE] * (_SECTOR // 4 - len(table))
    head = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16)
    head += struct.pack("<HHHHHHIIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 0, 0, 1, 1, 0, 4096,
                        _END, 0, _END, 0)  # fmt: skip
    head += struct.pack("<I", 0) + struct.pack("<I", _FREE) * 108

    def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
        text = (name + "\0").encode("utf-16-le")
        out = text.ljust(64, b"\0") + struct.pack("<HBB", len(text), kind, 1)
        out += struct.pack("<III", _FREE, _FREE, child) + bytes(16 + 4 + 16)
        return out + struct.pack("<IQ", start, size)

    folder = entry("Root Entry", 5, 1, _END, 0) + entry("Workbook", 2, _FREE, 2, size)
    folder += bytes(256)
    return head + struct.pack(f"<{len(table)}I", *table) + folder + stream


def workbook(sheets: dict[str, Sequence[Sequence[object]]], password: str = "") -> bytes:
    """Return a workbook of text and numbers, encrypted where there is a password."""
    bodies = [(name, _sheet(rows)) for name, rows in sheets.items()]
    protection, key = _protected(password) if password else (b"", b"")
    start = len(_globals(bodies, protection, 0))
    stream = _globals(bodies, protection, start) + b"".join(body for _, body in bodies)
    return _container(_encrypted(stream, key) if password else stream)
