"""Finished runs beside the register: those it lacks, those that no longer say what it says.

A register that was deleted begins anew with the next run. The results under ``reports`` know what
was said before: the runs that are missing are named, and put in again when that is asked for, each
marked with the moment of it, since a stored result is no proof of when it was made.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from forecast.errors import ForecastError
from forecast.runs.manifest import file_sha256
from forecast.runs.register import append_run
from forecast.runs.register_blocks import (
    Block,
    register_files,
    register_folder,
    register_lines,
    unpacked,
)
from forecast.runs.register_entries import packed_entries
from forecast.runs.stored_run import is_as_written, read_run
from forecast.workspace import Workspace

__all__ = ["Beside", "RegisteredAgain", "register_again", "runs_beside", "unregistered"]

#: Names of runs: the as-of day and twelve hex digits.
_RUN = re.compile(r"[0-9]{8}-[0-9a-f]{12}")
#: A line of the register begins with a hash, two numbers and the name of its run.
_NAME, _WITHIN = re.compile(rb'"run":\{"id":"([^"\\]*)"'), 1000
_WHOLE = ("index.html", "manifest.json", "projection.json")


@dataclass(frozen=True)
class Beside:
    """Names of finished runs that the register lacks, and of those that differ from its line."""

    missing: tuple[str, ...] = ()
    altered: tuple[str, ...] = ()


@dataclass(frozen=True)
class RegisteredAgain:
    """Names of the runs that were put in, and of those that were not, with the reason."""

    runs: tuple[str, ...]
    refused: dict[str, ForecastError]


def unregistered(workspace: Workspace) -> tuple[str, ...]:
    """Return the names of finished runs that no line of the register begins with.

    Lines are not checked: quick enough for every morning.

    Raises:
        WorkspaceError: the register can't be read.
    """
    stored = [folder.name for folder in _finished(workspace)]
    if not stored:
        return ()
    oldest = f"{stored[0][:4]}-{stored[0][4:6]}"
    known: set[str] = set()
    for path in register_files(register_folder(workspace)):
        # No run stands in a month before its own readings.
        if path.stem >= oldest:
            with path.open("rb") as file:
                known.update(
                    found[1].decode("ascii", "replace")
                    for line in file
                    if (found := _NAME.search(line, 0, _WITHIN))
                )
    return tuple(name for name in stored if name not in known)


def runs_beside(workspace: Workspace, known: Mapping[str, str]) -> Beside:
    """Compare the finished runs under ``reports`` with the register.

    Args:
        workspace: whose runs.
        known: name of each registered run → hash of its ``projection.json``, empty where it is not
            on record (``runs`` of :class:`forecast.runs.register.Check`).
    """
    missing, altered, unlike = [], [], {}
    for folder in _finished(workspace):
        name = folder.name
        if name not in known:
            missing.append(name)
        elif not is_as_written(folder):
            altered.append(name)
        elif known[name] and file_sha256(folder / "projection.json") != known[name]:
            unlike[name] = folder
    # One that was made anew has another time in it, and says the same.
    for line in register_lines(register_folder(workspace)) if unlike else ():
        block = line.block
        place = None if block is None else unlike.get(str(block.run.get("id")))
        if block is not None and place is not None and not _says(block, place):
            altered.append(place.name)
    return Beside(tuple(missing), tuple(sorted(altered)))


def register_again(workspace: Workspace, now: datetime) -> RegisteredAgain:
    """Put the finished runs that the register lacks into it, in the order in which they were made.

    Each is marked as registered at ``now``. Only results that are as they were written are taken.

    Raises:
        WorkspaceError: the register can't be read or written.
    """
    lacking = [workspace.reports / name for name in unregistered(workspace)]
    done: list[str] = []
    refused: dict[str, ForecastError] = {}
    for folder in sorted(lacking, key=_made):
        try:
            stored = read_run(folder)
        except ForecastError as error:
            refused[folder.name] = error
            continue
        append_run(workspace, stored.result, projection_sha256=stored.sha256, registered=now)
        done.append(folder.name)
    return RegisteredAgain(tuple(done), refused)


def _finished(workspace: Workspace) -> Iterator[Path]:
    """Folders of finished runs, by name."""
    if not workspace.reports.is_dir():
        return
    for folder in sorted(workspace.reports.iterdir()):
        if _RUN.fullmatch(folder.name) and all((folder / one).is_file() for one in _WHOLE):
            yield folder


def _made(folder: Path) -> tuple[str, str]:
    try:
        run = json.loads((folder / "manifest.json").read_bytes())["run"]
        return str(run["created"]), folder.name
    except (OSError, ValueError, KeyError, TypeError):
        return "", folder.name


def _says(block: Block, folder: Path) -> bool:
    """Whether a stored result says what stands in its line."""
    try:
        regions, _ = packed_entries(read_run(folder).result["projections"])
    except (ForecastError, KeyError, TypeError):
        return False
    return regions.keys() == block.regions.keys() and all(
        unpacked(text) == unpacked(block.regions[region]) for region, text in regions.items()
    )
