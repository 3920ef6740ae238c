"""The manifest of a run: what went in, what was asked, what made it, what came out."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from forecast import __version__

__all__ = ["MANIFEST_VERSION", "file_sha256", "run_id", "to_json", "versions", "write_result"]

#: Version of the manifest's own form.
MANIFEST_VERSION = 1

_MADE_BY = ("numpy", "pandas", "pyarrow", "matplotlib", "pydantic", "joblib")


def to_json(data: Any) -> str:
    """Return ``data`` as JSON text: UTF-8 as is, indented, no NaN, one line break at the end."""
    return json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


#: From so many entries on a result is written a line an entry: indented it is a third larger, and
#: takes minutes.
_MANY_ENTRIES = 5000


def write_result(result: Mapping[str, Any], path: Path) -> None:
    """Write a result as JSON: indented like all files, a large one with one line an entry.

    The content is the same in both forms; a large one is never held as one text.
    """
    if len(result["projections"]) < _MANY_ENTRIES:
        path.write_text(to_json(result), encoding="utf-8", newline="\n")
        return
    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for at, (name, value) in enumerate(result.items()):
            file.write(f"{',' if at else '{'}\n{encode(name)}:")
            if isinstance(value, list) and value:
                for k, one in enumerate(value):
                    file.write(f"{',' if k else '['}\n{encode(one)}")
                file.write("\n]")
            else:
                file.write(encode(value))
        file.write("\n}\n")


def versions() -> dict[str, str]:
    """Versions of everything that matters for the numbers."""
    return {"python": platform.python_version(), "forecast": __version__, **_libraries()}


@cache
def _libraries() -> dict[str, str]:
    """Looked for on the disk, among all that is installed, once in a process."""
    return {name: metadata.version(name) for name in _MADE_BY}


def run_id(as_of: str, request: Mapping[str, Any], fingerprint: str, config_sha256: str) -> str:
    """Return the name of a run, made from its inputs: same inputs, same name.

    ``fingerprint`` is the hash of the tables' content, ``request`` what was asked.
    """
    told = to_json(
        {
            "request": dict(sorted(request.items())),
            "tables": fingerprint,
            "config": config_sha256,
            "forecast": __version__,
        }
    )
    return f"{as_of.replace('-', '')}-{hashlib.sha256(told.encode('utf-8')).hexdigest()[:12]}"


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
