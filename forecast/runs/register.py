"""The register: what every run said, kept for good, so that it can be scored when the truth is in.

``reports/register/2026-11.jsonl`` holds the runs of a month, one line each
(:mod:`forecast.runs.register_blocks`). Files are only ever added to. Each block carries the hash of
the one before, so a block that is altered or missing in the middle is noticed; ``head.json`` names
the last block, so that lost ones at the end are noticed too. The chain tells of accidents and of
careless hands; who may write the folder can make a new chain: keep the hash of ``forecast verify``
elsewhere where that matters.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from forecast.disk import drop, write_cure, write_file
from forecast.errors import WorkspaceError
from forecast.region_names import normalise_region
from forecast.runs.lock import held
from forecast.runs.register_blocks import (
    FIRST,
    Block,
    Line,
    block_line,
    lines_of,
    read_head,
    register_files,
    register_folder,
    register_lines,
)
from forecast.runs.register_check import Check, Fault, check_register, is_set_back, moment_of_run
from forecast.runs.register_entries import Tables, packed_entries, told_run
from forecast.runs.register_short_range import Outlooks, packed_short_range
from forecast.workspace import Workspace

__all__ = [
    "Check",
    "Fault",
    "Receipt",
    "append_run",
    "check_register",
    "read_outlooks",
    "read_register",
    "read_said",
    "registered_regions",
]

#: How long a run waits for another one that is writing [s].
_WAIT = 300.0


@dataclass(frozen=True)
class Receipt:
    """Where a run stands in the register; ``new`` is False if it stood already.

    ``after`` is the moment of the run before where that lies ahead of this one's: a clock was set.
    """

    number: int
    sha256: str
    new: bool
    after: datetime | None = None


def append_run(
    workspace: Workspace,
    result: Mapping[str, Any],
    *,
    projection_sha256: str = "",
    registered: datetime | None = None,
) -> Receipt:
    """Put a run into the register, once: the same run again changes nothing.

    The block is on the disk when this returns. Killed at any moment, the register is as before or
    has the run; call it again for a run that may be missing.

    Args:
        workspace: whose register.
        result: the object of ``projection.json``.
        projection_sha256: hash of that file, by which a later change of it is noticed.
        registered: now, where the run was made earlier and is put in from its stored result.

    Raises:
        WorkspaceError: the folder can't be written, the disk is full, or another process holds it.
    """
    folder = register_folder(workspace)
    more = {
        "projection_sha256": projection_sha256,
        "registered": registered.isoformat(timespec="seconds") if registered else "",
    }
    run = told_run({**result["run"], **{name: value for name, value in more.items() if value}})
    known = date.fromisoformat(str(run["as_of"])).strftime("%Y-%m")
    month = max(datetime.fromisoformat(str(run["created"])).strftime("%Y-%m"), known)
    with _alone(folder):
        for rest in folder.glob(".*.tmp"):
            # Of a writer that was killed; there is but one at a time.
            drop(rest)
        files = register_files(folder)
        # No run stands in a month before its own readings.
        for path in (p for p in files if p.stem >= known):
            for line in lines_of(path, heads_only=True):
                if line.block is not None and line.block.run.get("id") == run["id"]:
                    return Receipt(line.block.number, line.block.sha256, new=False)
        number, prev, before = _end(folder, files)
        regions, entries = packed_entries(result["projections"])
        ahead = packed_short_range(result.get("short_range"))
        text, digest = block_line(number + 1, prev, run, regions, entries, ahead)
        # A clock that was turned back must not put a block before older ones.
        name = max(month, files[-1].stem) if files else month
        _add(folder / f"{name}.jsonl", text)
        write_file(folder / "head.json", _head(number + 1, digest))
    after = None if before is None else moment_of_run(before)
    return Receipt(number + 1, digest, True, after if is_set_back(run, after) else None)


def read_register(workspace: Workspace, region: str | None = None) -> pd.DataFrame:
    """Return everything that was said, one row an entry of a run, in the order it was said.

    Args:
        workspace: whose register.
        region: only this region, with or without 市 and the like.

    Returns:
        ``block, run, as_of, created, registered, version, run_standard, seed`` of the run
        (``registered``: when it was put in, where that was later than its making); ``region, place,
        place_kind, point_set, domain, indicator, unit, period, standard, dust, basis, year`` of the
        entry; ``model, n_paths, mean`` and a column a quantile (``q0.025`` …), NaN where nothing
        was drawn; ``class_1`` to ``class_6``; ``observed, n_valid, n_expected, last_day``; the plain
        rules, with ``climatology_years`` a list where the run kept it. Empty without a register.

    Raises:
        WorkspaceError: a file can't be read.
    """
    return read_said(workspace, region)[0]


def read_said(
    workspace: Workspace,
    region: str | None = None,
    *,
    indicator: str | None = None,
    chosen: Callable[[Mapping[str, Any]], bool] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the table of forecasts of :func:`read_register` and that of the targets on them.

    Args:
        workspace, region: as for :func:`read_register`.
        indicator: only this one.
        chosen: takes the ``run`` of a block and says whether it is wanted.

    Returns:
        The forecasts, and one row a target: ``entry`` (row of the forecasts), ``id, plan, kind, level,
        comparator, value, token, target_unit, target_year, binding, probability, verdict``.

    Raises:
        WorkspaceError: a file can't be read, or a block that is whole can't be understood.
    """
    wanted = None if region is None else _wanted(workspace, region)
    tables = Tables()
    for line in register_lines(register_folder(workspace)):
        block = line.block
        if block is None or (chosen is not None and not chosen(block.run)):
            continue
        names = [n for n in block.regions if wanted is None or normalise_region(n) == wanted]
        try:
            tables.add(block, names, indicator=indicator)
        except ValueError as error:
            raise _unreadable(line, error) from error
    return tables.forecasts(), tables.targets()


def read_outlooks(
    workspace: Workspace,
    region: str | None = None,
    *,
    chosen: Callable[[Mapping[str, Any]], bool] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what was said of the next days: of cities, and of sections.

    Blocks of runs that had no such outlook add nothing.

    Args:
        workspace, region, chosen: as for :func:`read_said`.

    Returns:
        The tables of :class:`forecast.runs.register_short_range.Outlooks`.

    Raises:
        WorkspaceError: a file can't be read, or a block that is whole can't be understood.
    """
    wanted = None if region is None else _wanted(workspace, region)
    found = Outlooks(None if wanted is None else lambda name: normalise_region(name) == wanted)
    for line in register_lines(register_folder(workspace)):
        block = line.block
        if block is None or (chosen is not None and not chosen(block.run)):
            continue
        try:
            found.add(block)
        except ValueError as error:
            raise _unreadable(line, error) from error
    return found.cities(), found.sections()


def registered_regions(workspace: Workspace) -> list[str]:
    """Return the names of the regions that runs have said something of, sorted.

    Raises:
        WorkspaceError: a file can't be read.
    """
    lines = register_lines(register_folder(workspace))
    return sorted({name for line in lines if line.block is not None for name in line.block.regions})


def _unreadable(line: Line, error: ValueError) -> WorkspaceError:
    return WorkspaceError(
        f"{line.path}, line {line.at}: the forecasts can't be read ({error}).",
        "Put the file back from a backup.",
    )


def _wanted(workspace: Workspace, region: str) -> str:
    return normalise_region(workspace.config.regions.aliases.get(region, region))


def _end(folder: Path, files: list[Path]) -> tuple[int, str, dict[str, Any] | None]:
    """Number and hash of the last block, and its run.

    Number and hash are what the head says where the files end before it.
    """
    last: Block | None = None
    for path in reversed(files):
        for line in lines_of(path, heads_only=True):
            last = line.block or last
        if last is not None:
            break
    found = (0, FIRST) if last is None else (last.number, last.sha256)
    head = read_head(folder)
    # After a loss the chain goes on behind the gap, which stays visible.
    ends = head if head is not None and head[0] > found[0] else found
    return (*ends, None if last is None else last.run)


def _head(number: int, digest: str) -> bytes:
    return (json.dumps({"n": number, "sha256": digest}) + "\n").encode("ascii")


def _add(path: Path, line: bytes) -> None:
    """Write a line at the end of a file; it is on the disk when this returns."""
    try:
        if not path.exists():
            write_file(path, b"")
        with path.open("r+b") as file:
            end = file.seek(0, os.SEEK_END)
            if end:
                file.seek(end - 1)
                if file.read(1) != b"\n":
                    line = b"\n" + line  # what was torn there stays, on a line of its own
            file.seek(end)
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise WorkspaceError(
            f"The register {path} could not be written ({error.strerror or error}); what it held "
            "is as it was.",
            f"{write_cure(error)} It is added when the run is run again.",
        ) from error


def _alone(folder: Path) -> AbstractContextManager[None]:
    busy = f"Another process has held the register {folder} for five minutes."
    return held(folder / ".lock", _WAIT, busy, what="The register ")
