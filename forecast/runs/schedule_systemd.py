"""A timer of the user's own systemd: one service, one timer, enabled."""

from __future__ import annotations

import configparser
import os
import shutil
from datetime import datetime
from pathlib import Path

from forecast.disk import drop, write_file
from forecast.errors import UsageError, WorkspaceError
from forecast.runs.schedule_job import Installed, Job, Plan, call, local_times, refuse_odd

__all__ = ["available", "install", "listed", "plan", "remove", "service_text", "timer_text"]

_KIND = "systemd"

#: Minutes that a run has to end its step when the machine goes down.
_STOP_MINUTES = 10


def available() -> bool:
    """Return whether the user has a systemd of their own that answers."""
    if shutil.which("systemctl") is None:
        return False
    return call(("systemctl", "--user", "show-environment")).code == 0


def folder() -> Path:
    """Return where the user's units lie."""
    base = os.environ.get("XDG_CONFIG_HOME", "").strip()
    home = Path(base) if base.startswith("/") else Path.home() / ".config"
    return home / "systemd" / "user"


def _quoted(word: str) -> str:
    """Return a word of a command as systemd reads it back: nothing in it is expanded.

    >>> _quoted('a "b" 95%')
    '"a \\\\"b\\\\" 95%%"'
    """
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("%", "%%"), ("$", "$$")):
        word = word.replace(plain, escaped)
    return f'"{word}"'


def _value(text: str) -> str:
    """Return a text as the value of a setting that systemd expands."""
    return text.replace("\\", "\\\\").replace("%", "%%")


def service_text(job: Job) -> str:
    """Return the service that a timer starts.

    Raises:
        UsageError: a path in it can't be written in a unit.
    """
    refuse_odd((*job.command, str(job.root)))
    if "$" in job.command[0]:
        raise UsageError(
            f"systemd can't start {job.command[0]}: its path holds a dollar sign.",
            "Move the Python environment to another folder.",
        )
    words = " ".join(_quoted(word) for word in job.command)
    return f"""\
# Made by: forecast schedule install. Change it with that command.
[Unit]
Description=forecast: morning run of {_value(str(job.root))}

[Service]
Type=oneshot
ExecStart={words}
# A run that was done in part has done its work.
SuccessExitStatus=4
KillMode=mixed
TimeoutStopSec={_STOP_MINUTES}min

[X-Forecast]
Workspace={_value(str(job.root))}
"""


def timer_text(job: Job, calendars: list[str]) -> str:
    """Return the timer: ``calendars`` as ``OnCalendar`` has them."""
    refuse_odd((str(job.root),))
    lines = "\n".join(f"OnCalendar={calendar}" for calendar in calendars)
    return f"""\
# Made by: forecast schedule install. Change it with that command.
[Unit]
Description=forecast: {job.at} {job.zone} for {_value(str(job.root))}

[Timer]
{lines}
# What was missed while the machine was off is caught up once.
Persistent=true
AccuracySec=1min
Unit={job.name}.service

[Install]
WantedBy=timers.target

[X-Forecast]
Workspace={_value(str(job.root))}
At={job.at}
Zone={job.zone}
"""


def _calendars(job: Job, now: datetime) -> tuple[list[str], list[tuple[str, str]]]:
    """Return when the timer comes, in the schedule's zone where this systemd knows zones."""
    own = f"*-*-* {job.at}:00 {job.zone}"
    if shutil.which("systemd-analyze") is None or (
        call(("systemd-analyze", "calendar", own)).code == 0
    ):
        return [own], []
    times = local_times(job.daily, now)
    shown = ", ".join(f"{hour:02d}:{minute:02d}" for hour, minute in times)
    return [f"*-*-* {hour:02d}:{minute:02d}:00" for hour, minute in times], [
        (
            f"本机 systemd 不识别时区 {job.zone},已换算为本机时间 {shown}。",
            f"This systemd does not know the zone {job.zone}; on the machine's clock it is {shown}.",
        )
    ]


def plan(job: Job, now: datetime) -> Plan:
    """Return what an installation writes and calls.

    Raises:
        UsageError: a path in it can't be written in a unit.
    """
    calendars, remarks = _calendars(job, now)
    where = folder()
    return Plan(
        _KIND,
        {
            str(where / f"{job.name}.service"): service_text(job),
            str(where / f"{job.name}.timer"): timer_text(job, calendars),
        },
        (
            ("systemctl", "--user", "daemon-reload"),
            ("systemctl", "--user", "enable", "--now", f"{job.name}.timer"),
        ),
        (*remarks, *_linger()),
    )


def _linger() -> list[tuple[str, str]]:
    """Say what the timer needs to come while nobody is logged in."""
    if shutil.which("loginctl") is None:
        known = ""
    else:
        asked = call(("loginctl", "show-user", str(os.getuid()), "--property=Linger"))
        known = asked.out.strip() if asked.code == 0 else ""
    if known == "Linger=yes":
        return []
    return [
        (
            "定时器只在该用户登录期间工作;要在无人登录时也工作,请(一次)执行:loginctl enable-linger",
            "The timer works while you are logged in; for it to work always, run once: "
            "loginctl enable-linger",
        )
    ]


def install(job: Job, now: datetime) -> Plan:
    """Write the units and enable the timer; a timer of that name is replaced.

    Raises:
        WorkspaceError: they can't be written, or systemd refuses them; nothing new is left then.
    """
    made = plan(job, now)
    before = {path: _bytes(Path(path)) for path in made.files}
    try:
        for path, text in made.files.items():
            write_file(Path(path), text.encode())
        for command in made.commands:
            done = call(command)
            if done.code != 0:
                raise WorkspaceError(
                    f"systemd refused the timer {job.name} ({done.said or f'exit {done.code}'}).",
                    "See `systemctl --user status`, or use cron: --with cron.",
                )
    except WorkspaceError:
        for path, data in before.items():
            if data is None:
                drop(Path(path))
            else:
                write_file(Path(path), data)
        call(("systemctl", "--user", "daemon-reload"))
        raise
    return made


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def listed() -> list[Installed]:
    """Return the timers that were made here; those of others are passed over."""
    found = []
    for path in sorted(folder().glob("*.timer")):
        told = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            told.read_string(path.read_text(encoding="utf-8"))
            own = told["X-Forecast"]
        except (OSError, UnicodeDecodeError, configparser.Error, KeyError):
            continue
        root = own.get("Workspace", "").replace("%%", "%").replace("\\\\", "\\")
        asked = ("systemctl", "--user", "is-enabled", path.name)
        enabled = shutil.which("systemctl") is not None and call(asked).code == 0
        found.append(
            Installed(
                path.stem, _KIND, root, own.get("At", ""), own.get("Zone", ""), enabled, str(path)
            )
        )
    return found


def remove(name: str) -> None:
    """Disable a timer and remove its units.

    Raises:
        WorkspaceError: they can't be removed.
    """
    there = shutil.which("systemctl") is not None
    if there:
        # A timer that systemd has lost already need not be disabled.
        call(("systemctl", "--user", "disable", "--now", f"{name}.timer"))
    for ending in ("timer", "service"):
        path = folder() / f"{name}.{ending}"
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise WorkspaceError(
                f"{path} can't be removed ({error.strerror or error}).", "Remove it by hand."
            ) from error
    if there:
        call(("systemctl", "--user", "daemon-reload"))
