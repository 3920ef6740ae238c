"""What a timer is to start, and what came of writing one: the same for every kind of timer."""

from __future__ import annotations

import hashlib
import locale
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from forecast.errors import UsageError, WorkspaceError
from forecast.runs.schedule_slots import Daily

__all__ = [
    "Installed",
    "Job",
    "Plan",
    "Program",
    "call",
    "clean_start",
    "default_name",
    "known_name",
    "local_times",
    "refuse_odd",
]

#: Programs of the system answer within seconds; one that does not is broken [s].
_LONGEST = 60.0

#: A schedule's times on the machine's own clock are looked at for so many days ahead.
_YEAR = 366

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")


@dataclass(frozen=True)
class Job:
    """What a timer is to start.

    Attributes:
        name: of the timer: ASCII letters, digits, hyphens and underscores.
        root: folder of the workspace.
        daily: when.
        command: the program with its arguments.
    """

    name: str
    root: Path
    daily: Daily
    command: tuple[str, ...]

    @property
    def at(self) -> str:
        """The time of the day as text."""
        return f"{self.daily.at:%H:%M}"

    @property
    def zone(self) -> str:
        """The name of the time zone."""
        return str(self.daily.zone)


@dataclass(frozen=True)
class Plan:
    """What an installation writes and calls, shown by ``--dry-run``.

    Attributes:
        kind: ``systemd``, ``cron`` or ``windows``.
        files: path → text; a crontab is the path ``crontab``.
        commands: programs that are called, in order.
        remarks: what a person should know, in Chinese and English.
    """

    kind: str
    files: dict[str, str]
    commands: tuple[tuple[str, ...], ...]
    remarks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Installed:
    """A timer that is there.

    Attributes:
        name, kind: its name and its kind.
        workspace: folder of the workspace it is for; empty where it does not say.
        at, zone: when.
        enabled: whether it is at work.
        where: the file or the task.
    """

    name: str
    kind: str
    workspace: str
    at: str
    zone: str
    enabled: bool
    where: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True)
class Program:
    """What a program of the system answered."""

    code: int
    out: str
    complaint: str
    raw: bytes = field(default=b"", repr=False)

    @property
    def said(self) -> str:
        """Its complaint, or else its answer, on one line."""
        return " ".join((self.complaint or self.out).split())[:300]


def call(arguments: Sequence[str], *, given: bytes | None = None) -> Program:
    """Call a program of the system.

    Raises:
        WorkspaceError: it is not there, or does not answer.
    """
    environment = {**os.environ, "LC_ALL": "C", "LANG": "C"}
    try:
        done = subprocess.run(
            list(arguments), input=b"" if given is None else given, capture_output=True,
            timeout=_LONGEST, env=environment, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise WorkspaceError(
            f"{arguments[0]} did not answer within a minute.", "Look what is wrong with it."
        ) from error
    except OSError as error:
        raise WorkspaceError(
            f"{arguments[0]} can't be started ({error.strerror or error}).",
            "Install it, or use the loop: forecast schedule run.",
        ) from error
    return Program(done.returncode, _text(done.stdout), _text(done.stderr), done.stdout)


def _text(data: bytes) -> str:
    """Return an answer as text: programs of Windows give it in the machine's code page."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode(locale.getencoding(), errors="replace")


def default_name(root: Path) -> str:
    """Return the name of the timer of a workspace: another one for each folder.

    >>> default_name(Path("/srv/data/hengshui"))
    'forecast-hengshui-a963017f'
    """
    plain = re.sub(r"[^A-Za-z0-9]+", "-", root.name).strip("-").lower()[:24].strip("-")
    digest = hashlib.sha256(root.as_posix().encode("utf-8", errors="surrogateescape")).hexdigest()
    return f"forecast-{plain or 'workspace'}-{digest[:8]}"


def known_name(name: str) -> str:
    """Return ``name`` if a timer may be called so.

    Raises:
        UsageError: it may not.
    """
    if _NAME.fullmatch(name) is None:
        raise UsageError(
            f"A timer can't be called {name!r}.",
            "Use up to 63 letters a to z, digits, hyphens and underscores.",
        )
    return name


def refuse_odd(words: Sequence[str]) -> None:
    """Refuse what no timer can carry: control characters, and names that are not UTF-8.

    Raises:
        UsageError: there is one.
    """
    for word in words:
        if any(ord(one) < 32 or ord(one) == 127 for one in word):
            raise UsageError(
                f"A timer can't carry {word!r}: it holds a control character.",
                "Rename the folder, or use the loop: forecast schedule run.",
            )
        try:
            word.encode("utf-8")
        except UnicodeEncodeError as error:
            raise UsageError(
                f"A timer can't carry {word!r}: it is not UTF-8.",
                "Rename the folder, or use the loop: forecast schedule run.",
            ) from error


def local_times(
    daily: Daily, now: datetime, local: Callable[[float], datetime] = datetime.fromtimestamp
) -> list[tuple[int, int]]:
    """Return the hours and minutes at which the schedule comes on the machine's own clock.

    More than one where one of the two zones puts its clocks forward and the other does not.

    Args:
        daily: the schedule.
        now: a moment; the year after it is looked at.
        local: from a Unix time to the machine's clock.
    """
    found: dict[tuple[int, int], int] = {}
    moment = daily.last(now)
    for _ in range(_YEAR):
        own = local(moment.timestamp())
        found[own.hour, own.minute] = found.get((own.hour, own.minute), 0) + 1
        moment = daily.next(moment + timedelta(seconds=1))
    # A single day is one on which a clock jumps over the time; the timer comes on it all the same.
    usual = [time for time, days in found.items() if days > 1]
    return sorted(usual or found)


def clean_start(command: Sequence[str]) -> None:
    """Check that the interpreter finds the package when a timer starts it.

    Raises:
        UsageError: it does not; a timer has none of the variables of this shell.
    """
    environment = {n: v for n, v in os.environ.items() if not n.startswith("PYTHON")}
    try:
        done = subprocess.run(
            [command[0], "-P", "-c", "import forecast"], capture_output=True, env=environment,
            cwd=Path(sys.prefix), timeout=_LONGEST, check=False,
        )  # fmt: skip
        code = done.returncode
    except (OSError, subprocess.TimeoutExpired):
        code = 1
    if code != 0:
        raise UsageError(
            f"A timer would not find the package: {command[0]} finds it in this shell only.",
            "Install it for good (pip install forecast), then run this again.",
        )
