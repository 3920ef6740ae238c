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
import re
from collections.abc import Callable, Iterator, Mapping
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
from forecast.runs.register_blocks import FIRST, Block, Line, block_line, lines_of
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
]

_MONTH = re.compile(r"\d{4}-\d{2}\.jsonl")
#: How long a run waits for another one that is writing [s].
_WAIT = 300.0


@dataclass(frozen=True)
class Receipt:
    """Where a run stands in the register; ``new`` is False if it stood already."""

    number: int
    sha256: str
    new: bool


@dataclass(frozen=True)
class Fault:
    """One thing wrong with the register: where (file and line, 0 for none) and what, in words."""

    where: str
    at: int
    zh: str
    en: str


@dataclass(frozen=True)
class Check:
    """The state of the register.

    Attributes:
        blocks: blocks that are whole.
        first, last: as-of dates of the earliest and the latest forecast, None without any.
        sha256: hash of the last block; with ``blocks`` it stands for all that was said so far.
        torn: lines that a crash or a full disk cut off; nothing that stood was lost by them.
        faults: blocks that are missing or altered; empty where all is well.
    """

    blocks: int
    first: date | None
    last: date | None
    sha256: str
    torn: int
    faults: tuple[Fault, ...]


def append_run(workspace: Workspace, result: Mapping[str, Any]) -> Receipt:
    """Put a run into the register, once: the same run again changes nothing.

    The block is on the disk when this returns. Killed at any moment, the register is as before or
    has the run; call it again for a run that may be missing.

    Args:
        workspace: whose register.
        result: the object of ``projection.json``.

    Raises:
        WorkspaceError: the folder can't be written, the disk is full, or another process holds it.
    """
    folder = _folder(workspace)
    run = told_run(result["run"])
    known = date.fromisoformat(str(run["as_of"])).strftime("%Y-%m")
    month = max(datetime.fromisoformat(str(run["created"])).strftime("%Y-%m"), known)
    with _alone(folder):
        for rest in folder.glob(".*.tmp"):
            # Of a writer that was killed; there is but one at a time.
            drop(rest)
        files = _files(folder)
        # No run stands in a month before its own readings.
        for path in (p for p in files if p.stem >= known):
            for line in lines_of(path, heads_only=True):
                if line.block is not None and line.block.run.get("id") == run["id"]:
                    return Receipt(line.block.number, line.block.sha256, new=False)
        number, prev = _end(folder, files)
        regions, entries = packed_entries(result["projections"])
        ahead = packed_short_range(result.get("short_range"))
        text, digest = block_line(number + 1, prev, run, regions, entries, ahead)
        # A clock that was turned back must not put a block before older ones.
        name = max(month, files[-1].stem) if files else month
        _add(folder / f"{name}.jsonl", text)
        write_file(folder / "head.json", _head(number + 1, digest))
    return Receipt(number + 1, digest, new=True)


def read_register(workspace: Workspace, region: str | None = None) -> pd.DataFrame:
    """Return everything that was said, one row an entry of a run, in the order it was said.

    Args:
        workspace: whose register.
        region: only this region, with or without 市 and the like.

    Returns:
        ``block, run, as_of, created, version, run_standard, seed`` of the run; ``region, place,
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
    for line in _lines(_folder(workspace)):
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
    for line in _lines(_folder(workspace)):
        block = line.block
        if block is None or (chosen is not None and not chosen(block.run)):
            continue
        try:
            found.add(block)
        except ValueError as error:
            raise _unreadable(line, error) from error
    return found.cities(), found.sections()


def _unreadable(line: Line, error: ValueError) -> WorkspaceError:
    return WorkspaceError(
        f"{line.path}, line {line.at}: the forecasts can't be read ({error}).",
        "Put the file back from a backup.",
    )


def check_register(workspace: Workspace) -> Check:
    """Go through the whole chain and say what is missing or altered.

    Raises:
        WorkspaceError: a file can't be read.
    """
    folder = _folder(workspace)
    faults: list[Fault] = []
    loose: list[Line] = []
    torn = blocks = number = 0
    prev = FIRST
    days: list[str] = []
    runs: set[str] = set()
    for line in _lines(folder, heads_only=True):
        block = line.block
        if block is None:
            loose.append(line)
            continue
        if block.number == number + 1 and block.prev == prev:
            # Nothing is missing between: what is loose there never was a block.
            torn += len(loose)
        else:
            faults.extend(_altered(loose) or [_missing(line, number)])
        loose = []
        if str(block.run.get("id")) in runs:
            faults.append(_twice(line, str(block.run.get("id"))))
        runs.add(str(block.run.get("id")))
        days.append(str(block.run.get("as_of")))
        blocks, number, prev = blocks + 1, block.number, block.sha256
    head = _read_head(folder)
    if head is not None and head[0] > number:
        faults.extend(_altered(loose))
        faults.append(
            Fault(
                "head.json", 0, f"登记簿末尾缺少{_numbers(number + 1, head[0])[0]}",
                f"{_numbers(number + 1, head[0])[1]} at the end of the register is missing",
            )
        )  # fmt: skip
    else:
        torn += len(loose)
    if head is None and blocks:
        faults.append(
            Fault("head.json", 0, "缺少head.json,末尾是否丢失无法判断",
                  "head.json is missing: whether runs at the end were lost can't be told")
        )  # fmt: skip
    days.sort()
    return Check(
        blocks, date.fromisoformat(days[0]) if days else None,
        date.fromisoformat(days[-1]) if days else None, prev, torn, tuple(faults),
    )  # fmt: skip


def _altered(lines: list[Line]) -> list[Fault]:
    return [
        Fault(line.path.name, line.at, "内容被改动或损坏,哈希不符",
              "the line was altered or is damaged: its hash does not hold")
        for line in lines
    ]  # fmt: skip


def _numbers(first: int, last: int) -> tuple[str, str]:
    """Some runs by their numbers (zh, en)."""
    if first == last:
        return f"第{first}次运行", f"run {first}"
    return f"第{first}至{last}次运行", f"each of the runs {first} to {last}"


def _missing(line: Line, number: int) -> Fault:
    assert line.block is not None
    if line.block.number > number + 1:
        return Fault(
            line.path.name, line.at, f"缺少{_numbers(number + 1, line.block.number - 1)[0]}",
            f"{_numbers(number + 1, line.block.number - 1)[1]} before this line is missing",
        )  # fmt: skip
    return Fault(
        line.path.name,
        line.at,
        "与前一行的哈希链不相接",
        "the line does not follow the one before it",
    )


def _twice(line: Line, run: str) -> Fault:
    return Fault(line.path.name, line.at, f"运行{run}出现两次", f"the run {run} stands twice")


def _folder(workspace: Workspace) -> Path:
    return workspace.reports / "register"


def _wanted(workspace: Workspace, region: str) -> str:
    return normalise_region(workspace.config.regions.aliases.get(region, region))


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(p for p in folder.iterdir() if _MONTH.fullmatch(p.name))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise WorkspaceError(
            f"{folder} can't be read ({error.strerror or error}).", "Check its permissions."
        ) from error


def _lines(folder: Path, *, heads_only: bool = False) -> Iterator[Line]:
    for path in _files(folder):
        yield from lines_of(path, heads_only=heads_only)


def _end(folder: Path, files: list[Path]) -> tuple[int, str]:
    """Number and hash of the last block; what the head says where the files end before it."""
    last: Block | None = None
    for path in reversed(files):
        for line in lines_of(path, heads_only=True):
            last = line.block or last
        if last is not None:
            break
    found = (0, FIRST) if last is None else (last.number, last.sha256)
    head = _read_head(folder)
    # After a loss the chain goes on behind the gap, which stays visible.
    return head if head is not None and head[0] > found[0] else found


def _head(number: int, digest: str) -> bytes:
    return (json.dumps({"n": number, "sha256": digest}) + "\n").encode("ascii")


def _read_head(folder: Path) -> tuple[int, str] | None:
    try:
        told = json.loads((folder / "head.json").read_text(encoding="utf-8"))
        return int(told["n"]), str(told["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


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
