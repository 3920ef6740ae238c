"""What is on record of the last scheduled run, so that a day has one run and a killed one is seen."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from forecast.disk import write_file
from forecast.workspace import Workspace

__all__ = ["STOPPED", "Memory", "moment_of", "read_memory", "write_memory"]

#: Exit code of a run that was told to stop.
STOPPED = 130

_NAME = ".schedule.json"


@dataclass(frozen=True)
class Memory:
    """The last scheduled run.

    Attributes:
        slot: the moment it was due.
        tries: how often a run for this slot was begun, this one included.
        started, ended: its moments; ``ended`` is None while it runs, and if it was killed.
        exit_code: what it ended in; None as ``ended``.
    """

    slot: datetime
    tries: int
    started: datetime
    ended: datetime | None = None
    exit_code: int | None = None

    @property
    def good(self) -> bool:
        """Whether there was a run, if only in part."""
        return self.exit_code in (0, 4)

    @property
    def stopped(self) -> bool:
        """Whether it was told to stop."""
        return self.exit_code == STOPPED


def moment_of(value: object) -> datetime | None:
    """Return the moment written in ``value`` in UTC, None where there is none."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        return moment.astimezone(UTC) if moment is not None and moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def read_memory(workspace: Workspace) -> Memory | None:
    """Return what is on record; None where nothing is or it can't be read."""
    try:
        told: Any = json.loads((workspace.reports / _NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(told, dict):
        return None
    slot, started = moment_of(told.get("slot")), moment_of(told.get("started"))
    tries, code = told.get("tries"), told.get("exit_code")
    if slot is None or started is None or not isinstance(tries, int):
        return None
    return Memory(
        slot, tries, started, moment_of(told.get("ended")), code if isinstance(code, int) else None
    )


def write_memory(workspace: Workspace, memory: Memory) -> None:
    """Put ``memory`` on record, at one moment.

    Raises:
        WorkspaceError: it can't be written.
    """
    told = {
        "slot": memory.slot.isoformat(),
        "tries": memory.tries,
        "started": memory.started.isoformat(),
        "ended": None if memory.ended is None else memory.ended.isoformat(),
        "exit_code": memory.exit_code,
    }
    write_file(workspace.reports / _NAME, (json.dumps(told, indent=1) + "\n").encode())
