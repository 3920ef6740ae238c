"""One scheduled run: its steps, what became of them, and the record of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from forecast.configuration import Config
from forecast.errors import ForecastError
from forecast.runs.health import write_health
from forecast.runs.run_log import RunLog, Secrets, secret_values
from forecast.runs.schedule_memory import STOPPED, Memory, read_memory, write_memory
from forecast.runs.schedule_secrets import read_env_file
from forecast.runs.schedule_slots import Daily, tries_so_far
from forecast.runs.schedule_steps import Done, Step, morning, perform
from forecast.workspace import Workspace

__all__ = ["Attempt", "Clock", "Scheduled", "Steps", "attempt", "open_log", "without_configuration"]

#: Makes the steps of a day: workspace, sources, the day in the zone of the schedule.
Steps = Callable[[Workspace, Sequence[str], date], list[Step]]

#: Exit codes of a step that did what it should, in part at least.
_GOOD = (0, 4)


@dataclass(frozen=True)
class Clock:
    """Time, and whether it is time to stop; tests bring their own.

    Attributes:
        now: the moment in UTC.
        wait: waits so many seconds, or less.
        stops: how often it was told to stop: once ends it after the step at work, twice at once.
    """

    now: Callable[[], datetime]
    wait: Callable[[float], None]
    stops: Callable[[], int]


@dataclass(frozen=True)
class Scheduled:
    """A schedule at work.

    Attributes:
        workspace: the workspace.
        daily: when it is due.
        env_file: gives the steps their secrets; None: none.
        fetch: sources pulled first, as the words after ``forecast fetch``.
        steps: makes the steps of a day.
        command: what starts ``forecast``; empty: the interpreter that runs now.
    """

    workspace: Workspace
    daily: Daily
    env_file: Path | None = None
    fetch: tuple[str, ...] = ()
    steps: Steps = morning
    command: tuple[str, ...] = ()


@dataclass(frozen=True)
class Attempt:
    """What became of a scheduled run.

    Attributes:
        slot: the moment it was due; ``next_due`` is the next one.
        tries: how often a run for this slot was begun.
        started, ended: its moments, in UTC.
        exit_code: 0 done; 4 in part; 130 told to stop; else that of the run itself.
        reason: the sentence of the step that failed; empty where none did.
        run_id: the run that stands now; empty where none was made.
        steps: the steps in their order.
    """

    slot: datetime
    tries: int
    started: datetime
    ended: datetime
    next_due: datetime
    exit_code: int
    reason: str
    run_id: str
    steps: tuple[Done, ...]

    @property
    def good(self) -> bool:
        """Whether there was a run, if only in part."""
        return self.exit_code in _GOOD

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "slot": self.slot.isoformat(),
            "tries": self.tries,
            "started": self.started.isoformat(),
            "ended": self.ended.isoformat(),
            "seconds": round((self.ended - self.started).total_seconds(), 3),
            "next_due": self.next_due.isoformat(),
            "exit_code": self.exit_code,
            "reason": self.reason,
            "run": self.run_id,
            "steps": [
                {"step": s.name, "exit_code": s.exit_code, "seconds": s.seconds, "said": s.said}
                for s in self.steps
            ],
        }


def open_log(
    workspace: Workspace, now: Callable[[], datetime], variables: dict[str, str] | None = None
) -> RunLog:
    """Return the log of a workspace.

    Args:
        workspace: the workspace.
        now: the clock.
        variables: those of the environment file, whose values are all secrets.
    """
    settings = workspace.config.schedule
    given = variables or {}
    # The address of a channel holds its password, whatever its variable is called.
    names = (*settings.secrets, *workspace.config.alerts.channels)
    values = {*secret_values(os.environ, names), *secret_values(given, given)}
    return RunLog(
        workspace.reports / "logs",
        secrets=Secrets(sorted(values)),
        largest=settings.log_kilobytes * 1000,
        files=settings.log_files,
        now=now,
    )


def without_configuration(folder: Path) -> Workspace | None:
    """Return a workspace whose configuration can't be read, with the default one instead.

    For what must be put on record where nobody sees what a timer's run says: an attempt on it opens
    the workspace anew, fails with the reason, and leaves log and health file in their usual places.
    None where the folder is no workspace at all.
    """
    root = folder.expanduser().resolve()
    workspace = Workspace(root, Config())
    return workspace if workspace.reports.is_dir() or workspace.config_path.is_file() else None


def attempt(scheduled: Scheduled, slot: datetime, clock: Clock) -> Attempt:
    """Do the run of ``slot``; whatever happens to its steps is in the answer.

    The configuration is read anew, so that a loop heeds a change of it. That a run began is on
    record before its first step; the health file and the record tell how it ended.
    """
    workspace, before = _reopened(scheduled.workspace)
    variables, refused = _variables(scheduled.env_file)
    before += refused
    log = open_log(workspace, clock.now, variables)
    started = clock.now()
    memory = Memory(slot, tries_so_far(read_memory(workspace), slot) + 1, started)
    _keep(log, lambda: write_memory(workspace, memory))
    log.write("begin", slot=slot.isoformat(), tries=memory.tries)
    day = slot.astimezone(scheduled.daily.zone).date()
    environment = {**os.environ, **variables}
    steps: list[Step] = []
    if not any(done.deciding for done in before):
        try:
            steps = scheduled.steps(workspace, scheduled.fetch, day)
        except (ForecastError, OSError) as error:
            before.append(Done("schedule", 1, 0.0, str(error), deciding=True))
    done = [_told(log, one) for one in before]

    def work(those: list[Step]) -> None:
        for step in those:
            if clock.stops():
                return
            ended = perform(
                step,
                environment=environment,
                folder=workspace.root,
                longest=workspace.config.schedule.step_minutes * 60.0,
                command=scheduled.command,
                hurried=lambda: clock.stops() > 1,
            )
            done.append(_told(log, ended))

    def record(cut: bool) -> Attempt:
        code, reason = _outcome(done, cut)
        ended = clock.now()
        made = Attempt(
            slot, memory.tries, started, ended, scheduled.daily.next(max(ended, slot)), code, reason,
            _latest(workspace) if code in _GOOD else "", tuple(done),
        )  # fmt: skip
        _keep(log, lambda: write_health(workspace, made.to_dict(), good=made.good))
        _keep(log, lambda: write_memory(workspace, replace(memory, ended=ended, exit_code=code)))
        return made

    first = [step for step in steps if not step.afterwards]
    later = [step for step in steps if step.afterwards]
    work(first)
    cut = _is_cut(first, done, clock)
    made = record(cut)
    if later and not clock.stops():
        work(later)
        made = record(cut)
    log.write(
        "end", level="info" if made.exit_code == 0 else "warning" if made.good else "error",
        exit_code=made.exit_code, seconds=made.to_dict()["seconds"], run=made.run_id or None,
        reason=made.reason or None, next_due=made.next_due.isoformat(),
    )  # fmt: skip
    return made


def _is_cut(first: list[Step], done: list[Done], clock: Clock) -> bool:
    """Return whether the run was told to stop before the step that decides had done its work."""
    if not clock.stops():
        return False
    return any(s.deciding for s in first) and not any(d.deciding and _went_well(d) for d in done)


def _outcome(done: list[Done], cut: bool) -> tuple[int, str]:
    """Return the exit code of it all, and the sentence that explains it."""
    failed = [one for one in done if one.exit_code != 0]
    reasons = [f"{one.name}: {one.said or f'exit code {one.exit_code}'}" for one in failed]
    if cut:
        return STOPPED, "It was told to stop."
    for one, reason in zip(failed, reasons, strict=True):
        if one.deciding and not _went_well(one):
            return one.exit_code, reason
    if not any(one.deciding for one in done):
        return 1, reasons[0] if reasons else "No step of it made a run."
    return (4, reasons[0]) if failed else (0, "")


def _went_well(one: Done) -> bool:
    return one.exit_code in _GOOD


def _told(log: RunLog, one: Done) -> Done:
    """Write one line on a step; return the step with a sentence that shows no secret."""
    shown = replace(one, said=" ".join(log.without_secrets(one.said).split()))
    log.write(
        "step", level="info" if one.exit_code == 0 else "warning" if _went_well(one) else "error",
        stage=one.name, exit_code=one.exit_code, seconds=one.seconds, said=shown.said or None,
        counts=dict(one.counts) or None,
    )  # fmt: skip
    return shown


def _reopened(workspace: Workspace) -> tuple[Workspace, list[Done]]:
    try:
        return Workspace.open(workspace.root), []
    except ForecastError as error:
        return workspace, [Done("configuration", error.exit_code, 0.0, str(error), deciding=True)]


def _variables(path: Path | None) -> tuple[dict[str, str], list[Done]]:
    """Return the variables of the environment file; a file that is refused gives none."""
    if path is None:
        return {}, []
    try:
        return read_env_file(path), []
    except ForecastError as error:
        return {}, [Done("env-file", error.exit_code, 0.0, str(error))]


def _latest(workspace: Workspace) -> str:
    try:
        return (workspace.reports / "latest").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _keep(log: RunLog, write: Callable[[], None]) -> None:
    """Put something on record; a full disk must not end a run that else works."""
    try:
        write()
    except ForecastError as error:
        log.write("unrecorded", level="error", said=str(error))
        sys.stderr.write(f"forecast: {error}\n")
