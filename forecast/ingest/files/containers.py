"""The sheets of a file: archives and workbooks opened, everything else by what its bytes say."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from forecast.errors import InputError
from forecast.ingest.files.bounds import check_cells
from forecast.ingest.files.delimited import read_delimited
from forecast.ingest.files.grid import Grid
from forecast.ingest.files.json_tables import read_json
from forecast.ingest.files.markup_tables import is_markup, read_markup
from forecast.ingest.files.sheet import SUFFIXES, Sheet, read_bytes
from forecast.zip_bounds import running_size

__all__ = ["PassedOverError", "read_sheet", "read_sheets"]

_ZIP, _GZIP, _OLE, _PARQUET = b"PK", b"\x1f\x8b", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PAR1"

#: The beginning of an XLS workbook without the container around it.
_BARE_BIFF = re.compile(rb"\x09[\x00\x02\x04\x08][\x04-\x10]\x00")

#: A content that unpacks to more than this [bytes], or that is large and packed tighter than any
#: table of readings, is a trap or damaged: it would fill the memory.
_MOST_BYTES = 2 << 30
_LARGE = 200 << 20
_MOST_RATIO = 400

#: Archives around an archive that is still opened.
_MOST_DEPTH = 1

#: How a part is loaded: its name, and the reading of its cells.
_Part = tuple[str, Callable[[], Grid]]


class PassedOverError(InputError):
    """A part of a file that is left out and named; ``part`` is its name."""

    def __init__(self, message: str, cure: str, part: str) -> None:
        super().__init__(message, cure)
        self.part = part


def read_sheets(path: Path, data: bytes | None = None) -> Iterator[Sheet]:
    """Read the tables of a file one after the other: each member of an archive, each worksheet.

    Reads CSV and TXT in UTF-8, UTF-16 with its mark, GB18030 and Latin-1, plain or gzipped; ZIP, and
    one ZIP inside it; XLSX, XLSM, XLS, and HTML under the ending of a workbook; Parquet; JSON.
    The content decides, the ending only where the content leaves it open. Members that are no
    tables and blank worksheets are left out; a hidden worksheet is named after the others.

    Args:
        path: the file.
        data: its content where it was read already.

    Raises:
        InputError: missing, unreadable, empty, or no table. Where that befalls one part, asking
            the same iterator again gives the next part.
        PassedOverError: in the turn of a hidden worksheet.
    """
    data = read_bytes(path) if data is None else data
    sha256 = hashlib.sha256(data).hexdigest()
    content = data

    def sheet(part: _Part) -> Sheet:
        name, read = part
        grid = read()
        if grid.cells.empty:
            raise _empty(_where(str(path), name))
        check_cells(_where(str(path), name), grid)
        return Sheet(
            path, content, sha256, grid.encoding, grid.cells, dict(grid.ragged), name,
            grid.worksheet, grid.aside,
        )  # fmt: skip

    # A map goes on after an error in one of its parts, which a generator would not.
    return map(sheet, _filled(str(path), _parts(str(path), path.name, data)))


def read_sheet(path: Path, data: bytes | None = None) -> Sheet:
    """Read the only table of a file, or the first of several; see ``read_sheets``.

    Raises:
        InputError: missing, unreadable, empty, or no table.
    """
    return next(read_sheets(path, data))


def _empty(where: str) -> InputError:
    return InputError(f"{where} is empty.", "Export it again from its source.")


def _where(path: str, part: str) -> str:
    return f"{path}/{part}" if part else path


def _filled(where: str, parts: Iterator[_Part]) -> Iterator[_Part]:
    """Yield the parts, or say that there are none."""
    part = None
    for part in parts:
        yield part
    if part is None:
        raise _empty(where)


def _parts(where: str, name: str, data: bytes, *, depth: int = 0) -> Iterator[_Part]:
    """Yield the parts of a content that lies in ``depth`` archives; the name tells its ending."""
    lower = name.lower()
    if data[:2] == _GZIP:
        data = _gunzipped(where, data)
        lower = lower.removesuffix(".gz")
    if not data.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        raise _empty(where)
    if data[:2] == _ZIP and data[2:4] in (b"\x03\x04", b"\x05\x06", b"\x07\x08"):
        yield from _zipped(where, lower, data, depth)
    elif data[:8] == _OLE or _BARE_BIFF.match(data):
        yield from _workbook(where, data)
    elif data[:4] == _PARQUET:
        # Slow to import, and few files are of this kind.
        from forecast.ingest.files.parquet_tables import read_parquet

        yield "", lambda: read_parquet(where, data)
    elif is_markup(data):
        yield from _numbered(read_markup(where, data))
    elif (start := _json_start(data)) and (lower.endswith((".json", ".jsonl")) or start == "{"):
        for key, grid in read_json(where, data):
            yield key, lambda grid=grid: grid  # type: ignore[misc]
    elif lower.endswith((".json", ".jsonl")):
        raise InputError(
            f"{where} is not JSON, as its ending says.", "Download it again from its source."
        )
    else:
        yield "", lambda: read_delimited(where, data)


def _json_start(data: bytes) -> str:
    """Return the bracket with which a text begins, or nothing."""
    head = data[:4096]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        head = head.replace(b"\x00", b"")[2:]
    found = re.match(rb"(?:\xef\xbb\xbf)?\s*([\[{])", head)
    return "" if found is None else found[1].decode()


def _numbered(readers: list[Callable[[], Grid]]) -> Iterator[_Part]:
    for number, read in enumerate(readers, start=1):
        yield (f"table {number}" if len(readers) > 1 else ""), read


def _workbook(where: str, data: bytes) -> Iterator[_Part]:
    from forecast.ingest.files.spreadsheets import read_workbook

    hidden: list[str] = []
    grids = list(read_workbook(where, data, hidden))
    for grid in grids:
        yield (grid.worksheet if len(grids) > 1 else ""), lambda grid=grid: grid  # type: ignore[misc]
    for name in hidden if grids else ():
        yield name, lambda name=name: _passed_over(where, name)  # type: ignore[misc]


def _passed_over(where: str, name: str) -> Grid:
    raise PassedOverError(
        f"{where}/{name} is a hidden worksheet and was passed over.",
        "Show it in Excel and save the workbook if its readings are wanted.",
        name,
    )


def _guard(where: str, packed: int, unpacked: int) -> None:
    if unpacked > _MOST_BYTES or (unpacked > _LARGE and unpacked > _MOST_RATIO * packed):
        raise InputError(
            f"{where} unpacks to more than {unpacked >> 20} MB, which no table of readings needs.",
            "Unpack it yourself and look at it, or split it.",
        )


def _gunzipped(where: str, data: bytes) -> bytes:
    """Return the content of a gzip file, of all its members."""
    pieces: list[bytes] = []
    size = 0
    rest = data
    try:
        # What follows the last member as zeros is padding of a tape or a disk.
        while rest.strip(b"\x00"):
            unpacker = zlib.decompressobj(wbits=31)
            while not unpacker.eof:
                piece = unpacker.decompress(rest, 1 << 24)
                size += len(piece)
                _guard(where, len(data), size)
                pieces.append(piece)
                rest = unpacker.unconsumed_tail
                if not piece and not rest and not unpacker.eof:
                    raise EOFError
            rest = unpacker.unused_data
    except (zlib.error, EOFError) as error:
        raise InputError(
            f"{where} is a damaged gzip file.", "Copy or download it again."
        ) from error
    return b"".join(pieces)


def _zipped(where: str, lower: str, data: bytes, depth: int) -> Iterator[_Part]:
    """Yield the parts of an archive, or of the workbook that it is."""
    named_book = lower.endswith((".xlsx", ".xlsm"))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            names = {member.filename for member in members}
            book = named_book or "[Content_Types].xml" in names
            # The library that reads workbooks unpacks all there is, whatever the directory says.
            for size in running_size(archive) if book else ():
                _guard(where, len(data), size)
    except InputError:
        raise
    # A damaged directory fails in many ways.
    except Exception as error:
        raise InputError(
            f"{where} is not a readable {'XLSX workbook' if named_book else 'ZIP archive'}.",
            "Save it again as XLSX or CSV (UTF-8)." if named_book else "Copy or download it again.",
        ) from error
    if book:
        yield from _workbook(where, data)
        return
    if depth > _MOST_DEPTH:
        raise InputError(
            f"{where} is an archive inside an archive inside another.", "Unpack it first."
        )
    found = False
    for member in members:
        name = _member_name(member)
        if _is_table(member, name):
            found = True
            yield from _member(where, name, data, member, depth)
    if not found:
        raise InputError(
            f"{where} holds no table.", "It needs a CSV, TXT, XLSX, XLS, JSON or Parquet file."
        )


def _member_name(member: zipfile.ZipInfo) -> str:
    """Return the name in an archive; those packed under Chinese Windows are in GBK."""
    name = member.filename
    if not member.flag_bits & 0x800:
        try:
            raw = name.encode("cp437")
        except UnicodeEncodeError:
            return name
        for encoding in ("utf-8", "gb18030"):
            try:
                return raw.decode(encoding)
            except UnicodeDecodeError:
                continue
    return name


def _is_table(member: zipfile.ZipInfo, name: str) -> bool:
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if member.is_dir() or not parts:
        return False
    if any(part == "__MACOSX" or part.startswith((".", "~$")) for part in parts):
        return False
    return parts[-1].lower().endswith(SUFFIXES) and member.file_size > 0


def _member(
    where: str, name: str, data: bytes, member: zipfile.ZipInfo, depth: int
) -> Iterator[_Part]:
    """Yield the parts of one member; what is wrong with it is said when it is loaded."""
    inside = f"{where}/{name}"
    try:
        content = _unpacked(inside, data, member)
        for part, read in _parts(inside, name, content, depth=depth + 1):
            yield _where(name, part), read
    except InputError as error:
        problem = error

        def fail() -> Grid:
            raise problem

        yield name, fail


def _unpacked(where: str, data: bytes, member: zipfile.ZipInfo) -> bytes:
    if member.flag_bits & 1:
        raise InputError(
            f"{where} is encrypted.", "Unpack the archive with its password and give the files."
        )
    _guard(where, max(member.compress_size, 1), member.file_size)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return archive.read(member)
    # A damaged member fails in many ways, an unknown method of packing among them.
    except Exception as error:
        raise InputError(
            f"{where} can't be unpacked.", "Copy or download the archive again."
        ) from error
