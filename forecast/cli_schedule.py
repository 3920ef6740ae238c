"""The commands ``forecast schedule``: the run of every morning, by a timer or in a loop."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forecast.cli_options import Folder, Json, Lang, Quiet
from forecast.errors import UsageError, WorkspaceError
from forecast.terminal import Console, complain

if TYPE_CHECKING:
    from forecast.runs.schedule_attempt import Attempt
    from forecast.runs.schedule_install import Wanted
    from forecast.runs.schedule_job import Plan

__all__ = ["schedule_app"]

schedule_app = typer.Typer(
    no_args_is_help=True,
    help="每天定时运行。 The run of every morning: a timer, or a loop in the foreground.",
)

At = Annotated[
    str | None, typer.Option("--at", help="时刻,如 06:30 time of the day", metavar="HH:MM")
]
Zone = Annotated[
    str | None, typer.Option("--timezone", help="时区 the time zone of --at", metavar="NAME")
]
EnvFile = Annotated[
    Path | None,
    typer.Option("--env-file", help="只有本人可读的密钥文件 owner-only file", metavar="FILE"),
]
Fetch = Annotated[
    list[str] | None,
    typer.Option(
        "--fetch", help="先下载,引号内为 forecast fetch 的参数 pulled first", metavar="'SOURCE …'"
    ),
]
Name = Annotated[
    str | None, typer.Option("--name", help="定时器名称 name of the timer", metavar="NAME")
]


def _wanted(at: str | None, zone: str | None, env: Path | None, fetch: list[str] | None) -> Wanted:
    from forecast.runs.schedule_install import Wanted

    return Wanted(at, zone, env, tuple(fetch or ()))


def _say_json(data: Any) -> None:
    sys.stdout.write(json.dumps(data, ensure_ascii=False) + "\n")
    sys.stdout.flush()


@schedule_app.command("install")
def schedule_install(
    at: At = None,
    timezone: Zone = None,
    env_file: EnvFile = None,
    fetch: Fetch = None,
    name: Name = None,
    kind: Annotated[
        str,
        typer.Option("--with", help="auto、systemd、cron、windows", metavar="KIND"),
    ] = "auto",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="只显示不写入 show it, write nothing")
    ] = False,
    workspace: Folder = Path(),
    as_json: Json = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """写入并启用定时器。 Write and enable a timer."""
    from forecast.runs.schedule_install import install
    from forecast.workspace import Workspace

    wanted = _wanted(at, timezone, env_file, fetch)
    job, plan = install(
        Workspace.open(workspace), wanted, now=datetime.now(UTC), name=name, kind=kind, lang=lang,
        dry_run=dry_run,
    )  # fmt: skip
    if as_json:
        _say_json(
            {
                "name": job.name,
                "kind": plan.kind,
                "dry_run": dry_run,
                "command": list(job.command),
                "files": plan.files,
                "commands": [list(command) for command in plan.commands],
                "remarks": [{"zh": zh, "en": en} for zh, en in plan.remarks],
            }
        )
        return
    out = Console(lang, quiet=quiet)
    if dry_run:
        _show(plan)
    else:
        out.say(
            f"已启用定时器 {job.name}({plan.kind}):每天 {job.at} {job.zone}",
            f"timer {job.name} ({plan.kind}) is at work: every day at {job.at} {job.zone}",
        )
    for zh, en in plan.remarks:
        out.say(f"注意:{zh}", f"Note: {en}")


def _show(plan: Plan) -> None:
    for path, text in plan.files.items():
        print(f"--- {path}\n{text}")
    joined = subprocess.list2cmdline if plan.kind == "windows" else shlex.join
    for command in plan.commands:
        print(f"$ {joined(command)}")


@schedule_app.command("list")
def schedule_list(
    every: Annotated[
        bool, typer.Option("--all", help="所有工作区的 those of all workspaces")
    ] = False,
    workspace: Folder = Path(),
    as_json: Json = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """列出定时器。 List the timers."""
    from forecast.runs.schedule_install import installed
    from forecast.workspace import Workspace

    found = installed(None if every else Workspace.open(workspace))
    if as_json:
        _say_json({"schedules": [one.to_dict() for one in found]})
        return
    out = Console(lang, quiet=quiet)
    if not found:
        out.say(
            "没有定时器。建立:forecast schedule install --at 06:30",
            "There is no timer. Make one: forecast schedule install --at 06:30",
        )
    for one in found:
        zh, en = ("启用", "at work") if one.enabled else ("停用", "disabled")
        out.say(
            f"{one.name}({one.kind},{zh}):{one.at} {one.zone} {one.workspace}",
            f"{one.name} ({one.kind}, {en}): {one.at} {one.zone} {one.workspace}",
            always=True,
        )


@schedule_app.command("remove")
def schedule_remove(
    name: Name = None,
    workspace: Folder = Path(),
    as_json: Json = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """删除定时器。 Remove the timer."""
    from forecast.runs.schedule_install import remove
    from forecast.workspace import Workspace

    gone = remove(Workspace.open(workspace), name=name)
    if as_json:
        _say_json({"removed": [one.to_dict() for one in gone]})
        return
    for one in gone:
        Console(lang, quiet=quiet).say(
            f"已删除定时器 {one.name}({one.kind})", f"timer {one.name} ({one.kind}) is removed"
        )


@schedule_app.command("run")
def schedule_run(
    once: Annotated[
        bool, typer.Option("--once", help="只运行一次,供定时器调用 one run, for timers")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="今天已运行也再运行 also if the day has had it")
    ] = False,
    at: At = None,
    timezone: Zone = None,
    env_file: EnvFile = None,
    fetch: Fetch = None,
    workspace: Folder = Path(),
    as_json: Json = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """定时运行:下载、读入、预测。 Fetch, ingest and run: once, or every day in a loop."""
    from forecast.runs.schedule_attempt import without_configuration
    from forecast.runs.schedule_install import scheduled
    from forecast.runs.schedule_lock import BusyError
    from forecast.runs.schedule_loop import real_clock, run_loop, run_once
    from forecast.workspace import Workspace

    if force and not once:
        raise UsageError("--force goes with --once alone.", "Add --once, or leave --force out.")
    broken: WorkspaceError | None = None
    try:
        opened = Workspace.open(workspace)
    except WorkspaceError as error:
        left = None if not once else without_configuration(workspace)
        if left is None:
            raise
        opened, broken = left, error
    made = scheduled(opened, _wanted(at, timezone, env_file, fetch))
    out = Console(lang, quiet=quiet or as_json)

    def ended(attempt: Attempt) -> None:
        if as_json:
            _say_json(attempt.to_dict())
        if attempt.reason:
            complain(attempt.reason, lang)

    with real_clock() as clock:
        if not once:
            raise typer.Exit(run_loop(made, clock, say=out.say, ended=ended))
        try:
            attempt = run_once(made, clock, force=force)
        except BusyError as error:
            # A timer that fires while a run is at work is no failure.
            complain(error, lang)
            attempt = None
        else:
            if attempt is None and broken is not None:
                raise broken
            if attempt is None:
                out.say(
                    "今天已经运行过;要再运行一次用 --force。",
                    "The run of this day has been; --force does it again.",
                )
    if attempt is None:
        if as_json:
            _say_json({"exit_code": 0, "done": False})
        return
    ended(attempt)
    if attempt.good:
        out.say(f"完成:{attempt.run_id}", f"done: {attempt.run_id}")
    raise typer.Exit(attempt.exit_code)
