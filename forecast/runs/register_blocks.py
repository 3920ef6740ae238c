"""The lines of the register: one a run, each carrying the hash of the line before it.

A line is one JSON object in ASCII. It begins with ``sha256``, the hash of the rest of its bytes; the
rest holds the number of the block, the hash of the block before (``prev``), who the run is, and
its entries by region, each deflated and in base64. A line that was torn by a crash or a full disk
is no block: it is left where it stands and the next one begins on a line of its own.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forecast.errors import WorkspaceError
from forecast.workspace import Workspace

__all__ = [
    "FIRST",
    "FORM",
    "Block",
    "Line",
    "block_line",
    "lines_of",
    "packed",
    "read_head",
    "register_files",
    "register_folder",
    "register_lines",
    "unpacked",
]

_MONTH = re.compile(r"\d{4}-\d{2}\.jsonl")

#: Version of the form of a block; a reader refuses a later one.
FORM = 1

#: What stands for the hash of the block before the first.
FIRST = "0" * 64

_HEAD, _HASH = b'{"sha256":"', 64
_BODY = len(_HEAD) + _HASH + 2  # the hash is followed by a quote and a comma
#: Entries of one region and run are far smaller; more is no register of ours [bytes].
_MOST = 256 * 1024 * 1024


@dataclass(frozen=True)
class Block:
    """One run in the register.

    Attributes:
        number: 1 for the first run, without a gap.
        sha256: hash of the block.
        prev: hash of the block before, :data:`FIRST` for the first.
        run: what the register holds of the run (``id, as_of, created, year, seed, version, standard,
            config_sha256``; ``projection_sha256``, the hash of its ``projection.json``; ``registered``,
            the moment it was put in, where that was later than its making).
        regions: region → its entries, packed.
        entries: number of entries.
        short_range: the outlook of the next days, packed; empty where the run had none.
    """

    number: int
    sha256: str
    prev: str
    run: dict[str, Any]
    regions: dict[str, str]
    entries: int
    short_range: str = ""


@dataclass(frozen=True)
class Line:
    """A line of a file: where it stands, and its block; None where it is none (torn, altered)."""

    path: Path
    at: int
    block: Block | None


def block_line(
    number: int,
    prev: str,
    run: dict[str, Any],
    regions: dict[str, str],
    entries: int,
    short_range: str = "",
) -> tuple[bytes, str]:
    """Write a block; return the line with its line break, and its hash."""
    more = {"short_range": short_range} if short_range else {}
    body = json.dumps(
        {"form": FORM, "n": number, "prev": prev, "run": run, "entries": entries, "regions": regions,
         **more},
        ensure_ascii=True, allow_nan=False, separators=(",", ":"),
    ).encode("ascii")[1:]  # fmt: skip
    digest = hashlib.sha256(body).hexdigest()
    return _HEAD + digest.encode("ascii") + b'",' + body + b"\n", digest


def lines_of(path: Path, *, heads_only: bool = False) -> Iterator[Line]:
    """Read the lines of a file, in order; empty ones are left out.

    Args:
        path: one file of the register.
        heads_only: leave the entries away (the hash is checked all the same).

    Raises:
        WorkspaceError: the file can't be read, or a later version of the program wrote it.
    """
    try:
        with path.open("rb") as file:
            for at, line in enumerate(file, start=1):
                if line.strip():
                    yield Line(path, at, _block(line, path, heads_only))
    except OSError as error:
        raise WorkspaceError(
            f"{path} can't be read ({error.strerror or error}).", "Check its permissions."
        ) from error


def _block(line: bytes, path: Path, heads_only: bool) -> Block | None:
    body = line[_BODY:-1]
    if not line.endswith(b"\n") or not line.startswith(_HEAD):
        return None
    digest = line[len(_HEAD) : len(_HEAD) + _HASH]
    if hashlib.sha256(body).hexdigest().encode("ascii") != digest:
        return None
    try:
        told = json.loads(b"{" + body)
        form = int(told["form"])
        if form > FORM:
            raise WorkspaceError(
                f"{path} was written by a later version of forecast (form {form}).",
                "Update the program; the register is as it was.",
            )
        return Block(
            int(told["n"]), digest.decode("ascii"), str(told["prev"]), dict(told["run"]),
            {} if heads_only else dict(told["regions"]), int(told["entries"]),
            "" if heads_only else str(told.get("short_range", "")),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError):
        return None


def packed(data: Any) -> str:
    """Deflate ``data`` as JSON and write it in base64."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode("utf-8", "surrogatepass"), 6)).decode("ascii")


def unpacked(text: str) -> Any:
    """Inverse of :func:`packed`.

    Raises:
        ValueError: it is none of ours.
    """
    try:
        reader = zlib.decompressobj()
        data = reader.decompress(base64.b64decode(text, validate=True), _MOST)
    except zlib.error as error:
        raise ValueError(f"entries can't be inflated ({error})") from error
    if not reader.eof:
        raise ValueError("entries are cut off or larger than any of a run")
    return json.loads(data.decode("utf-8", "surrogatepass"))


def register_folder(workspace: Workspace) -> Path:
    """Where the register of a workspace lies."""
    return workspace.reports / "register"


def register_files(folder: Path) -> list[Path]:
    """Its files, one a month, in the order of the months; empty without a register.

    Raises:
        WorkspaceError: the folder can't be read.
    """
    try:
        return sorted(p for p in folder.iterdir() if _MONTH.fullmatch(p.name))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise WorkspaceError(
            f"{folder} can't be read ({error.strerror or error}).", "Check its permissions."
        ) from error


def register_lines(folder: Path, *, heads_only: bool = False) -> Iterator[Line]:
    """All its lines, in order; see :func:`lines_of`."""
    for path in register_files(folder):
        yield from lines_of(path, heads_only=heads_only)


def read_head(folder: Path) -> tuple[int, str] | None:
    """Number and hash of the last block as ``head.json`` has them; None where it can't be read."""
    try:
        told = json.loads((folder / "head.json").read_text(encoding="utf-8"))
        return int(told["n"]), str(told["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
