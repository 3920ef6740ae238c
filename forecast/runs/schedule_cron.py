"""A block of the user's crontab between two marks; no other line is ever touched."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Callable
from datetime import datetime

from forecast.errors import UsageError, WorkspaceError
from forecast.runs.schedule_job import Installed, Job, Plan, call, local_times, refuse_odd

__all__ = ["available", "block_text", "install", "listed", "plan", "remove", "with_block"]

_KIND = "cron"

#: cron takes no command longer than this [byte].
_LONGEST = 990

_BEGIN = re.compile(r"^# >>> (?P<name>[A-Za-z0-9_-]+) >>> at=(?P<at>\S+) zone=(?P<zone>\S+)$")
_FOLDER = re.compile(r"^# workspace: (?P<root>.*)$")


def available() -> bool:
    """Return whether there is a crontab to write to."""
    return shutil.which("crontab") is not None


def command_text(job: Job) -> str:
    """Return the command as a line of a crontab has it: quoted for the shell, then for cron.

    Raises:
        UsageError: a crontab can't carry it.
    """
    refuse_odd((*job.command, str(job.root)))
    text = shlex.join(job.command)
    if re.search(r"\\[\\%]", text):
        raise UsageError(
            f"A crontab can't carry a backslash before a backslash or a percent sign: {text}.",
            "Rename the folder, or use the loop: forecast schedule run.",
        )
    # For cron a percent sign ends the command.
    text = text.replace("%", r"\%")
    if len(text.encode()) > _LONGEST:
        raise UsageError(
            f"The command is too long for a crontab ({len(text.encode())} bytes).",
            "Put its options in [schedule] of forecast.toml, or move the workspace up.",
        )
    return text


def block_text(job: Job, times: list[tuple[int, int]]) -> str:
    """Return the block of a schedule: a line for each time on the machine's clock, and one for
    its start, which catches up what was missed."""
    command = command_text(job)
    lines = [f"{minute} {hour} * * * {command}" for hour, minute in times]
    return "\n".join(
        [
            f"# >>> {job.name} >>> at={job.at} zone={job.zone}",
            "# made by: forecast schedule install",
            f"# workspace: {job.root}",
            *lines,
            f"@reboot {command}",
            f"# <<< {job.name} <<<",
            "",
        ]
    )


def _read() -> str:
    """Return the user's crontab; empty where there is none.

    Raises:
        WorkspaceError: it can't be read; what can't be read is not written either.
    """
    done = call(("crontab", "-l"))
    if done.code == 0:
        # Lines of others may be in any encoding; they come back as they were.
        return done.raw.decode("utf-8", errors="surrogateescape")
    if re.search(r"no crontab for|No such file", done.complaint + done.out):
        return ""
    raise WorkspaceError(
        f"The crontab can't be read ({done.said or f'exit {done.code}'}).",
        "Ask whoever runs the machine to let you use cron, or use the loop: forecast schedule run.",
    )


def _write(text: str) -> None:
    data = text.encode("utf-8", errors="surrogateescape")
    done = call(("crontab", "-"), given=data)
    if done.code != 0:
        raise WorkspaceError(
            f"The crontab can't be written ({done.said or f'exit {done.code}'}).",
            "It is as it was. Ask whoever runs the machine, or use the loop: forecast schedule run.",
        )
    # Some programs put lines of their own first, so that the whole need not be the same.
    if _blocks(_read()) != _blocks(text):
        raise WorkspaceError(
            "The crontab does not hold what was written.",
            "Look at it with: crontab -l.",
        )


def without_block(crontab: str, name: str) -> str:
    """Return a crontab without the block of that name; all other lines stay byte by byte.

    Raises:
        WorkspaceError: the end of the block is missing, so that nobody knows what belongs to it.
    """
    kept: list[str] = []
    inside = False
    for line in crontab.splitlines(keepends=True):
        bare = line.rstrip("\r\n")
        begun = _BEGIN.match(bare)
        if begun and begun["name"] == name and not inside:
            inside = True
        elif inside and bare == f"# <<< {name} <<<":
            inside = False
        elif not inside:
            kept.append(line)
    if inside:
        raise WorkspaceError(
            f"The block {name} of the crontab has lost its last line.",
            f"Put `# <<< {name} <<<` back where it ends (crontab -e), then run this again.",
        )
    return "".join(kept)


def with_block(crontab: str, name: str, block: str) -> str:
    """Return a crontab with a block in place of the former one of that name.

    It comes first: settings such as SHELL or CRON_TZ hold for the lines below them.
    """
    return block + without_block(crontab, name)


def plan(
    job: Job, now: datetime, local: Callable[[float], datetime] = datetime.fromtimestamp
) -> Plan:
    """Return what an installation writes.

    Raises:
        UsageError: a crontab can't carry the command.
    """
    times = local_times(job.daily, now, local)
    own = [f"{hour:02d}:{minute:02d}" for hour, minute in times]
    remarks = []
    if times != [(job.daily.at.hour, job.daily.at.minute)]:
        remarks.append(
            (
                f"cron 只用本机时间:{job.zone} {job.at} 在本机是 {'、'.join(own)}。本机时区改变后请重新安装。",
                f"cron knows the machine's clock alone, on which {job.at} {job.zone} is "
                f"{' and '.join(own)}. Install again if the machine's zone changes.",
            )
        )
    if len(times) > 1:
        remarks.append(
            (
                "因夏令时有几个时刻;每天只有一次会运行。",
                "There is more than one since clocks are put forward; only one a day does the run.",
            )
        )
    remarks.append(
        (
            "cron 不补关机期间错过的时刻;开机时的一行会补一次。",
            "cron does not catch up; the line for the machine's start does, once.",
        )
    )
    return Plan(_KIND, {"crontab": block_text(job, times)}, (("crontab", "-"),), tuple(remarks))


def install(
    job: Job, now: datetime, local: Callable[[float], datetime] = datetime.fromtimestamp
) -> Plan:
    """Put the block into the crontab; one of that name is replaced.

    Raises:
        WorkspaceError: the crontab can't be read or written; it is as it was then.
    """
    made = plan(job, now, local)
    _write(with_block(_read(), job.name, made.files["crontab"]))
    return made


def listed() -> list[Installed]:
    """Return the blocks that were made here."""
    return _blocks(_read())


def _blocks(crontab: str) -> list[Installed]:
    found = []
    lines = crontab.splitlines()
    for number, line in enumerate(lines):
        begun = _BEGIN.match(line)
        if begun is None:
            continue
        near = [_FOLDER.match(other) for other in lines[number : number + 3]]
        root = next((match["root"] for match in near if match), "")
        name = begun["name"]
        found.append(Installed(name, _KIND, root, begun["at"], begun["zone"], True, "crontab"))
    return found


def remove(name: str) -> None:
    """Take the block out of the crontab.

    Raises:
        WorkspaceError: the crontab can't be read or written; it is as it was then.
    """
    crontab = _read()
    rest = without_block(crontab, name)
    if rest != crontab:
        _write(rest)
