"""Run a command as a process of its own and measure it with all that it starts.

As a program this file is the command ``forecast`` whose progress bar writes into a file when which
stage came on, so that the seconds of the stages are those of the real command:

    python benchmarks/nation_process.py STAGES_FILE run --workspace DIR ...
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from soak_machine import descendants

__all__ = ["Measured", "forecast_command", "measured"]

#: Seconds between two looks at the processes.
_EVERY = 0.1
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
#: The shares of pages are added up anew when the resident sizes have grown by this factor.
_GROWN = 1.03


@dataclass(frozen=True)
class Measured:
    """What a process and all that it started took.

    Attributes:
        code: exit code.
        wall: from start to end [s].
        cpu: processor time of all of them [s].
        resident: greatest sum of their resident sizes, shared pages counted in each [MiB].
        memory: greatest sum of their proportional sizes, a shared page counted once [MiB].
        most: greatest number of processes at one time.
        stages: stage → seconds, in order, where the command told them.
        said: the end of what it wrote to standard error.
    """

    code: int
    wall: float
    cpu: float
    resident: float
    memory: float
    most: int
    stages: dict[str, float] = field(default_factory=dict)
    said: str = ""


def _resident(pid: int) -> int:
    with contextlib.suppress(OSError, IndexError, ValueError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    return 0


def _proportional(pid: int) -> int:
    with contextlib.suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def _processor(pid: int) -> float:
    with contextlib.suppress(OSError, IndexError, ValueError):
        # The name of the program, in brackets, may hold blanks.
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / _TICKS
    return 0.0


def measured(command: Sequence[str], *, stages: Path | None = None) -> Measured:
    """Run ``command`` to its end and return what it took.

    Args:
        command: program and arguments.
        stages: file that the command leaves its stages in.
    """
    used: dict[int, float] = {}
    resident = memory = 0
    looked_at = most = 0
    with tempfile.TemporaryFile() as errors:
        begun = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
        while True:
            pids = [process.pid, *descendants(process.pid)]
            sizes = sum(map(_resident, pids))
            resident, most = max(resident, sizes), max(most, len(pids))
            if sizes > _GROWN * looked_at:
                looked_at, memory = sizes, max(memory, sum(map(_proportional, pids)))
            for pid in pids:
                used[pid] = max(used.get(pid, 0.0), _processor(pid))
            ended, status, usage = os.wait4(process.pid, os.WNOHANG)
            if ended:
                break
            time.sleep(_EVERY)
        wall = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        said = errors.read().decode("utf-8", "replace")[-2000:]
    # Children that were waited for are in its own account; workers that were not are in ours.
    cpu = max(usage.ru_utime + usage.ru_stime, sum(used.values()))
    told = {} if stages is None or not stages.exists() else json.loads(stages.read_text())
    if told:
        told["rest"] = max(wall - sum(told.values()), 0.0)
    mib = 1024.0**2
    return Measured(
        process.returncode, wall, cpu, resident / mib, max(memory, 0) / mib, most, told, said
    )


def forecast_command(*arguments: str, stages: Path | None = None) -> list[str]:
    """Return the words that start ``forecast`` with this interpreter, telling its stages if asked."""
    if stages is None:
        return [sys.executable, "-m", "forecast", *arguments]
    return [sys.executable, str(Path(__file__).resolve()), str(stages), *arguments]


class _Watch:
    """Adds up seconds by stage, from calls that say how much of one is done.

    A stage is told of before a part of it (none done yet) or after it; what went before counts to
    the stage told of before, or to this one.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.seconds: dict[str, float] = {}
        self.stage, self.since = "readings", time.perf_counter()

    def __call__(self, stage: str, done: int, total: int) -> None:
        now = time.perf_counter()
        if done > 0:
            self.stage = stage
        self.seconds[self.stage] = self.seconds.get(self.stage, 0.0) + now - self.since
        self.stage, self.since = stage, now
        self.file.write_text(json.dumps(self.seconds), encoding="utf-8")


def _main() -> None:
    from forecast import terminal

    watch = _Watch(Path(sys.argv[1]))

    @contextlib.contextmanager
    def bar(lang: str, *, quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
        yield watch

    terminal.progress_bar = bar  # type: ignore[assignment]
    from forecast.cli import main

    if sys.argv[2:3] == ["run"]:
        from forecast.runs import execute

        ask = execute.question_of

        def question(*given: Any, **named: Any) -> Any:
            found = ask(*given, **named)
            watch("readings", 1, 1)
            return found

        execute.question_of = question
    main(sys.argv[2:])


if __name__ == "__main__":
    _main()
