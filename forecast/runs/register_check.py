"""The chain of the register gone through: what is missing, altered, or was made by a wrong clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from forecast.runs.register_blocks import (
    FIRST,
    Line,
    read_head,
    register_folder,
    register_lines,
)
from forecast.workspace import Workspace

__all__ = ["Check", "Fault", "check_register", "is_set_back", "moment_of_run"]

#: A clock that is kept right is set by less.
_SET = timedelta(minutes=1)


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
        set_back: runs whose time lies before that of the run before them: a clock was set.
        later: runs that were registered later, from their stored results.
        runs: name of each run → hash of its ``projection.json``, empty where it is not on record.
    """

    blocks: int
    first: date | None
    last: date | None
    sha256: str
    torn: int
    faults: tuple[Fault, ...]
    set_back: tuple[Fault, ...] = ()
    later: int = 0
    runs: Mapping[str, str] = field(default_factory=dict, repr=False)


def check_register(workspace: Workspace) -> Check:
    """Go through the whole chain and say what is missing or altered.

    Raises:
        WorkspaceError: a file can't be read.
    """
    folder = register_folder(workspace)
    faults: list[Fault] = []
    loose: list[Line] = []
    torn = blocks = number = 0
    prev = FIRST
    days: list[str] = []
    runs: dict[str, str] = {}
    set_back: list[Fault] = []
    later, clock = 0, None
    for line in register_lines(folder, heads_only=True):
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
        runs[str(block.run.get("id"))] = str(block.run.get("projection_sha256", ""))
        later += "registered" in block.run
        if is_set_back(block.run, clock):
            set_back.append(_set_back(line, str(block.run.get("id"))))
        clock = moment_of_run(block.run) or clock
        days.append(str(block.run.get("as_of")))
        blocks, number, prev = blocks + 1, block.number, block.sha256
    head = read_head(folder)
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
        tuple(set_back), later, runs,
    )  # fmt: skip


def moment_of_run(run: Mapping[str, Any]) -> datetime | None:
    """When a run was put in: as a rule when it was made; None where it does not say."""
    try:
        moment = datetime.fromisoformat(str(run.get("registered") or run.get("created")))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def is_set_back(run: Mapping[str, Any], before: datetime | None) -> bool:
    """Whether the clock went back from one run to the next, by more than one is set day by day."""
    moment = moment_of_run(run)
    return moment is not None and before is not None and before - moment > _SET


def _set_back(line: Line, run: str) -> Fault:
    return Fault(
        line.path.name, line.at, f"运行{run}的时刻早于前一次运行:时钟被调过,它是否在到期前作出无法确定",
        f"the run {run} says a time before that of the run before it: a clock was set, and whether "
        "it was made in time is not certain",
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
