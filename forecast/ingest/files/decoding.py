"""The bytes of a text file as UTF-8: which encoding it has, told from the bytes alone."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from itertools import islice

from forecast.errors import InputError

__all__ = ["clean_cell", "decoded"]

_BOM = codecs.BOM_UTF8

#: Text is decoded in pieces, so that a large file is not in memory once more as characters.
_PIECE = 1 << 22

#: So many runs of bytes above 127 are enough to tell two encodings apart.
_RUNS = 50_000

_HIGH = re.compile(rb"[\x80-\xff]+")

#: What only GB18030 writes with single high bytes: four-byte characters such as µ and ³, and the
#: squared units ㎎ to ㏕ (second byte a letter).
_GB_SINGLES = re.compile(rb"[\x81-\xfe][0-9][\x81-\xfe][0-9]|\xa9[\x49-\x55]")

_CONTROLS = re.compile(rb"[\x01-\x08\x0e-\x19\x1b-\x1f\x7f]")

_ESCAPE = re.compile(r"<U\+([0-9A-Fa-f]{4,8})>")

#: Full-width ASCII (U+FF01 to FF5E) and the ideographic space.
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}


def clean_cell(cell: str) -> str:
    """Return a cell without blanks around it, full-width ASCII as ASCII, R's escapes undone.

    >>> clean_cell("　ＰＭ２．５（日均） "), clean_cell("<U+5317><U+4EAC>")
    ('PM2.5(日均)', '北京')
    """
    if "<U+" in cell:
        cell = _ESCAPE.sub(_character, cell)
    if not cell.isascii():
        cell = cell.translate(_WIDE).strip("\ufeff")
    return cell.strip()


def _character(escape: re.Match[str]) -> str:
    code = int(escape[1], 16)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        return escape[0]
    return chr(code)


def decoded(where: str, data: bytes) -> tuple[str, bytes]:
    """Return the name of the encoding, and the text as UTF-8 with line ends ``\\n`` and no BOM.

    UTF-8 and UTF-16 (by its byte order mark) are certain. Of the rest, Chinese text has bytes above
    127 in pairs and Western text has them alone (``µ``, ``³``, ``°``): that tells GB18030 from
    Latin-1, since nearly every text is valid in both.

    Args:
        where: what to call the text in messages.
        data: its bytes.

    Raises:
        InputError: it is no text, or its bytes are damaged.
    """
    if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        encoding = "utf-16"
    elif data.isascii() or _valid(data):
        encoding = "utf-8"
    else:
        encoding = _one_of_two(where, data)
    if encoding != "utf-8":
        try:
            data = b"".join(_recoded(data, encoding))
        except UnicodeError as error:
            raise _no_text(where) from error
    if b"\x00" in data:
        raise InputError(f"{where} is not a text file.", "Save the table as CSV (UTF-8) or XLSX.")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    # The mark that ended files under DOS, and byte order marks of files put together.
    return encoding, data.replace(_BOM, b"").rstrip(b"\x1a")


def _no_text(where: str) -> InputError:
    return InputError(
        f"{where} is neither UTF-8 nor GB18030 text.", "Save the table as CSV (UTF-8) or XLSX."
    )


def _valid(data: bytes) -> bool:
    try:
        for _ in _pieces(data, "utf-8"):
            pass
    except UnicodeDecodeError:
        return False
    return True


def _pieces(data: bytes, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)()
    for start in range(0, len(data), _PIECE):
        yield decoder.decode(data[start : start + _PIECE])
    yield decoder.decode(b"", final=True)


def _recoded(data: bytes, encoding: str) -> Iterator[bytes]:
    for piece in _pieces(data, encoding):
        yield piece.encode("utf-8")


def _one_of_two(where: str, data: bytes) -> str:
    """Return GB18030 or Latin-1 for bytes that are not UTF-8."""
    text = data.decode("utf-8", errors="replace")
    bad = text.count("\ufffd")
    good = len(text) - len(text.encode("ascii", errors="ignore")) - bad
    if good > bad:
        # GB18030 would read it without a complaint, as other characters.
        line = text[: text.index("\ufffd")].count("\n") + 1
        raise InputError(
            f"{where} is UTF-8 text with damaged bytes; the first are in line {line}.",
            "Copy it from its source again, or correct that line.",
        )
    del text
    evidence = [len(run[0]) for run in islice(_HIGH.finditer(_GB_SINGLES.sub(b"", data)), _RUNS)]
    alone = sum(length == 1 for length in evidence)
    if 2 * alone > len(evidence):
        if _CONTROLS.search(data) or sum(evidence) > len(data) / 5:
            raise _no_text(where)
        return "cp1252" if re.search(rb"[\x80-\x9f]", data) else "latin-1"
    return "gb18030"
