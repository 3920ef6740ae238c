"""Timers of the system: systemd where there is one, else cron, else the Windows Task Scheduler."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import ModuleType

from forecast.configuration_schedule import known_zone, time_of_day
from forecast.errors import UsageError, WorkspaceError
from forecast.runs import schedule_cron, schedule_systemd, schedule_windows
from forecast.runs.schedule_attempt import Scheduled
from forecast.runs.schedule_job import Installed, Job, Plan, clean_start, default_name, known_name
from forecast.runs.schedule_secrets import read_env_file
from forecast.runs.schedule_slots import Daily
from forecast.runs.schedule_steps import command_of, known_fetch
from forecast.workspace import Workspace

__all__ = ["KINDS", "Wanted", "install", "installed", "remove", "scheduled"]

#: Kinds of timers by their names, in the order in which they are tried.
KINDS: dict[str, ModuleType] = {
    "systemd": schedule_systemd,
    "cron": schedule_cron,
    "windows": schedule_windows,
}


@dataclass(frozen=True)
class Wanted:
    """What is asked of a schedule; None takes ``[schedule]`` of the configuration.

    Attributes:
        at: time of the day, such as ``06:30``.
        timezone: its zone.
        env_file: the owner-only file with the secrets.
        fetch: sources pulled first, as the words after ``forecast fetch``; empty: none but those
            of the configuration.
    """

    at: str | None = None
    timezone: str | None = None
    env_file: Path | None = None
    fetch: tuple[str, ...] = ()


def scheduled(workspace: Workspace, wanted: Wanted) -> Scheduled:
    """Return a schedule, checked.

    Raises:
        UsageError: no such time, zone or source.
    """
    settings = workspace.config.schedule
    at, zone = wanted.at or settings.at, wanted.timezone or settings.timezone
    zone = zone or workspace.config.workspace.timezone
    try:
        time = time_of_day(at)
    except ValueError as error:
        raise UsageError(f"--at {at!r} is {error}.", "An example: --at 06:30.") from error
    try:
        known = known_zone(zone)
    except ValueError as error:
        raise UsageError(f"--timezone {zone!r} is {error}.", "Look at the spelling.") from error
    fetch = wanted.fetch or tuple(settings.fetch)
    for line in fetch:
        known_fetch(line)
    given = wanted.env_file
    if given is None and settings.env_file:
        given = workspace.root / Path(settings.env_file).expanduser()
    env_file = None if given is None else Path(os.path.abspath(given.expanduser()))  # noqa: PTH100
    return Scheduled(workspace, Daily(time, known), env_file, fetch)


def _command(made: Scheduled, wanted: Wanted, lang: str) -> tuple[str, ...]:
    """Return the one command that the timer starts; every path in it begins at the root."""
    interpreter, *rest = command_of()
    if not interpreter or not Path(interpreter).is_absolute():
        raise UsageError(
            "It is not known which Python runs this, so no timer can start it.",
            "Use the loop: forecast schedule run.",
        )
    words = [interpreter, *rest, "schedule", "run", "--once", "--quiet", "--lang", lang,
             "--workspace", str(made.workspace.root),
             "--at", f"{made.daily.at:%H:%M}", "--timezone", str(made.daily.zone)]  # fmt: skip
    if made.env_file is not None:
        words += ["--env-file", str(made.env_file)]
    # Sources of the configuration are read there, so that a change of it needs no new timer.
    for line in wanted.fetch:
        words += ["--fetch", line]
    return tuple(words)


def install(
    workspace: Workspace,
    wanted: Wanted,
    *,
    now: datetime,
    name: str | None = None,
    kind: str = "auto",
    lang: str = "zh",
    dry_run: bool = False,
) -> tuple[Job, Plan]:
    """Write and enable the timer of a workspace; one of that name is replaced.

    Args:
        workspace: the workspace.
        wanted: when, and with what.
        now: the moment.
        name: of the timer; None: made from the folder.
        kind: one of ``KINDS``, or ``auto``: the first that works here.
        lang: language of what the runs say.
        dry_run: write and call nothing.

    Raises:
        UsageError: something asked for makes no sense, or can't be carried by a timer.
        WorkspaceError: there is no timer here, or it refuses.
    """
    made = scheduled(workspace, wanted)
    if made.env_file is not None:
        read_env_file(made.env_file)
    job = Job(
        default_name(workspace.root) if name is None else known_name(name),
        workspace.root,
        made.daily,
        _command(made, wanted, lang),
    )
    timer = _timer(kind)
    if dry_run:
        return job, _with_remarks(timer.plan(job, now), made)
    clean_start(job.command)
    return job, _with_remarks(timer.install(job, now), made)


def _timer(kind: str) -> ModuleType:
    """Return the kind of timer asked for, or the first that works here."""
    if kind != "auto":
        if kind not in KINDS:
            raise UsageError(f"There is no timer called {kind}.", f"Use auto, {', '.join(KINDS)}.")
        return KINDS[kind]
    for timer in _possible():
        if timer.available():
            return timer
    raise WorkspaceError(
        "There is no timer here: neither systemd of the user, nor cron, nor the Task Scheduler.",
        "Use the loop: forecast schedule run.",
    )


def _possible() -> Sequence[ModuleType]:
    if os.name == "nt" or sys.platform == "cygwin":
        return (schedule_windows,)
    return (schedule_systemd, schedule_cron)


def _with_remarks(plan: Plan, made: Scheduled) -> Plan:
    """Return a plan that also says what a person should know of the files."""
    path = made.env_file
    remarks = list(plan.remarks)
    if path is not None and path.is_relative_to(made.workspace.root):
        remarks.append(
            (
                f"{path} 在工作区内:复制或备份工作区时会带上其中的密钥,最好放到别处。",
                f"{path} lies in the workspace: a copy of the workspace carries the secrets along; "
                "better keep it elsewhere.",
            )
        )
    if path is not None and os.name == "nt":
        remarks.append(
            (
                f"Windows 上不检查 {path} 的权限,请自行确认只有本人可读。",
                f"On Windows the permissions of {path} are not checked; see to it that only you "
                "can read it.",
            )
        )
    return Plan(plan.kind, plan.files, plan.commands, tuple(remarks))


def installed(workspace: Workspace | None = None) -> list[Installed]:
    """Return the timers made here, of all workspaces or of one."""
    found: list[Installed] = []
    for timer in (schedule_systemd, *(t for t in _possible() if t is not schedule_systemd)):
        if timer is schedule_systemd or timer.available():
            found += timer.listed()
    if workspace is None:
        return found
    return [one for one in found if one.workspace == str(workspace.root)]


def remove(workspace: Workspace, *, name: str | None = None) -> list[Installed]:
    """Remove the timers of a workspace, or the one of that name; return those that were there.

    Raises:
        UsageError: there is none.
        WorkspaceError: one can't be removed.
    """
    own = [one for one in installed(workspace) if name is None or one.name == name]
    if not own:
        what = f"no timer {name}" if name else "no timer"
        raise UsageError(
            f"There is {what} for {workspace.root}.", "See which there are: forecast schedule list."
        )
    for one in own:
        KINDS[one.kind].remove(one.name)
    return own
