"""A task of the Windows Task Scheduler, from a task definition in XML."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from forecast.errors import UsageError, WorkspaceError
from forecast.runs.schedule_job import Installed, Job, Plan, Program, call, local_times, refuse_odd

__all__ = ["available", "install", "listed", "plan", "remove", "task_text"]

_KIND = "windows"

#: Folder of the tasks in the Task Scheduler.
_FOLDER = "\\forecast\\"

_SPACE = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"


def available() -> bool:
    """Return whether there is a Windows Task Scheduler."""
    return shutil.which("schtasks") is not None


def _starts(job: Job, now: datetime, local: Callable[[float], datetime]) -> list[str]:
    """Return when the task first comes, one for each time of the day.

    A start with an offset is a moment wherever the machine's clock is; in a zone whose offset
    changes, the machine's own clock must do.
    """
    first = job.daily.last(now)
    offsets = set()
    moment = first
    for _ in range(366):
        offsets.add(moment.astimezone(job.daily.zone).utcoffset())
        moment = job.daily.next(moment + timedelta(seconds=1))
    if len(offsets) == 1:
        return [first.astimezone(job.daily.zone).isoformat(timespec="seconds")]
    day = local(first.timestamp()).date()
    return [
        f"{day.isoformat()}T{hour:02d}:{minute:02d}:00"
        for hour, minute in local_times(job.daily, now, local)
    ]


def _user() -> str:
    domain, name = os.environ.get("USERDOMAIN", ""), os.environ.get("USERNAME", "")
    return f"{domain}\\{name}" if domain and name else name


def task_text(
    job: Job, now: datetime, local: Callable[[float], datetime] = datetime.fromtimestamp
) -> str:
    """Return the definition of a task.

    Raises:
        UsageError: a path can't be written in one.
    """
    refuse_odd((*job.command, str(job.root)))
    arguments = subprocess.list2cmdline(job.command[1:])
    if re.search(r"%[A-Za-z_][A-Za-z0-9_()]*%", f"{job.command[0]} {arguments}"):
        raise UsageError(
            f"The Task Scheduler would take what stands between two percent signs for a variable: "
            f"{arguments}.",
            "Rename the folder, or use the loop: forecast schedule run.",
        )
    triggers = "".join(
        f"""    <CalendarTrigger>
      <StartBoundary>{start}</StartBoundary>
      <Enabled>true</Enabled>
      <ScheduleByDay><DaysInterval>1</DaysInterval></ScheduleByDay>
    </CalendarTrigger>
"""
        for start in _starts(job, now, local)
    )
    user = _user()
    who = f"<UserId>{escape(user)}</UserId>" if user else ""
    return f"""\
<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="{_SPACE[1:-1]}">
  <RegistrationInfo>
    <Author>forecast schedule install</Author>
    <Description>{escape(f"at={job.at} zone={job.zone} workspace={job.root}")}</Description>
  </RegistrationInfo>
  <Triggers>
{triggers}  </Triggers>
  <Principals>
    <Principal id="Author">
      {who}<LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <ExecutionTimeLimit>P3D</ExecutionTimeLimit>
    <Enabled>true</Enabled>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{escape(job.command[0])}</Command>
      <Arguments>{escape(arguments)}</Arguments>
    </Exec>
  </Actions>
</Task>
"""


def plan(
    job: Job, now: datetime, local: Callable[[float], datetime] = datetime.fromtimestamp
) -> Plan:
    """Return what an installation writes and calls.

    Raises:
        UsageError: a path can't be written in a task.
    """
    return Plan(
        _KIND,
        {f"{job.name}.xml": task_text(job, now, local)},
        (("schtasks", "/Create", "/TN", f"{_FOLDER}{job.name}", "/XML", f"{job.name}.xml", "/F"),),
        (
            (
                "任务只在该用户登录期间运行;要始终运行,请在任务计划程序中改为“不管用户是否登录都要运行”。",
                "The task works while you are logged on; for it to work always, set “Run whether "
                "user is logged on or not” in the Task Scheduler.",
            ),
        ),
    )


def install(
    job: Job, now: datetime, local: Callable[[float], datetime] = datetime.fromtimestamp
) -> Plan:
    """Make the task; one of that name is replaced.

    Raises:
        WorkspaceError: the Task Scheduler refuses it.
    """
    made = plan(job, now, local)
    (name, text), command = next(iter(made.files.items())), made.commands[0]
    with tempfile.TemporaryDirectory() as aside:
        path = Path(aside) / name
        # With the byte order mark that the Task Scheduler looks for.
        path.write_bytes(text.replace("\n", "\r\n").encode("utf-16"))
        done = call([str(path) if word == name else word for word in command])
    _refuse(done, job.name)
    return made


def _refuse(done: Program, name: str) -> None:
    if done.code != 0:
        raise WorkspaceError(
            f"The Task Scheduler refused {name} ({done.said or f'exit {done.code}'}).",
            "Ask whoever runs the machine, or use the loop: forecast schedule run.",
        )


def listed() -> list[Installed]:
    """Return the tasks that were made here."""
    done = call(("schtasks", "/Query", "/FO", "CSV", "/NH"))
    if done.code != 0:
        return []
    names = {
        row[0] for row in csv.reader(io.StringIO(done.out)) if row and row[0].startswith(_FOLDER)
    }
    return [
        _found(name, call(("schtasks", "/Query", "/TN", name, "/XML"))) for name in sorted(names)
    ]


def _found(task: str, done: Program) -> Installed:
    name = task.removeprefix(_FOLDER)
    try:
        # The text names an encoding that it is no longer in.
        root = ET.fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", done.out.lstrip("\ufeff")))
    except ET.ParseError:
        return Installed(name, _KIND, "", "", "", True, task)
    said = root.findtext(f"{_SPACE}RegistrationInfo/{_SPACE}Description") or ""
    parts = re.match(r"at=(\S+) zone=(\S+) workspace=(.*)", said)
    at, zone, folder = parts.groups() if parts else ("", "", "")
    enabled = root.findtext(f"{_SPACE}Settings/{_SPACE}Enabled") != "false"
    return Installed(name, _KIND, folder, at, zone, enabled, task)


def remove(name: str) -> None:
    """Remove the task.

    Raises:
        WorkspaceError: the Task Scheduler refuses.
    """
    _refuse(call(("schtasks", "/Delete", "/TN", f"{_FOLDER}{name}", "/F")), name)
