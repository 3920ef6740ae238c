"""A finished run as it was written: whoever reads one finds what is missing or altered since."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forecast.errors import ForecastError
from forecast.runs.manifest import file_sha256

__all__ = ["StoredRun", "is_as_written", "read_run"]

_RESULT, _MANIFEST = "projection.json", "manifest.json"

_CURE = "Make it anew: forecast run."


@dataclass(frozen=True)
class StoredRun:
    """The object of ``projection.json``, that of ``manifest.json``, and the hash of the former."""

    result: dict[str, Any] = field(repr=False)
    manifest: dict[str, Any] = field(repr=False)
    sha256: str


def read_run(
    folder: Path, *, hook: Callable[[dict[str, Any]], dict[str, Any]] | None = None
) -> StoredRun:
    """Read a finished run; its result has the hash that the manifest tells.

    Args:
        folder: that of the run, under ``reports``.
        hook: takes each JSON object of the result as it is read, and returns what stands for it.

    Raises:
        ForecastError: a part is missing or damaged, or was altered after the run had written it.
    """
    try:
        manifest = _object((folder / _MANIFEST).read_bytes())
        told = _told(manifest)
        data = (folder / _RESULT).read_bytes()
    except (OSError, ValueError) as error:
        raise _unreadable(folder, error) from error
    found = hashlib.sha256(data).hexdigest()
    if found != told:
        raise ForecastError(
            f"The run {folder.name} is not as it was written: its {_RESULT} was altered or is "
            "damaged.",
            _CURE,
        )
    try:
        result = _object(data, hook)
        run = result["run"]
        if not isinstance(run, dict) or not isinstance(run.get("as_of"), str):
            raise ValueError("its as-of date is missing")
    except (ValueError, KeyError) as error:
        raise _unreadable(folder, error) from error
    return StoredRun(result, manifest, found)


def is_as_written(folder: Path) -> bool:
    """Return whether the result of a run has the hash that its manifest tells; it is not parsed."""
    try:
        told = _told(_object((folder / _MANIFEST).read_bytes()))
        return file_sha256(folder / _RESULT) == told
    except (OSError, ValueError):
        return False


def _unreadable(folder: Path, error: Exception) -> ForecastError:
    why = error.strerror if isinstance(error, OSError) else str(error)
    return ForecastError(f"The run {folder.name} can't be read ({why}).", _CURE)


def _object(
    data: bytes, hook: Callable[[dict[str, Any]], dict[str, Any]] | None = None
) -> dict[str, Any]:
    found = json.loads(data, object_hook=hook)
    if not isinstance(found, dict):
        raise ValueError("a file of it holds no JSON object")
    return found


def _told(manifest: dict[str, Any]) -> str:
    """The hash of the result as the manifest has it."""
    try:
        return next(str(o["sha256"]) for o in manifest["outputs"] if o["path"] == _RESULT)
    except (KeyError, TypeError, StopIteration) as error:
        raise ValueError(f"{_MANIFEST} has no hash of {_RESULT}") from error
