"""The commands ``forecast target``: the list of targets, and the figures people enter for them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from forecast.cli_options import Folder, Json, Lang, Quiet
from forecast.errors import UsageError
from forecast.terminal import Console

__all__ = ["target_app"]

target_app = typer.Typer(
    no_args_is_help=True,
    help="目标与下达数字。 Targets and assigned numbers, with source and date.",
)


@target_app.command("list")
def target_list(
    region: Annotated[str | None, typer.Option("--region", help="地区 region")] = None,
    year: Annotated[int | None, typer.Option("--year", help="年份 year")] = None,
    plan: Annotated[str | None, typer.Option("--plan", help="规划 plan")] = None,
    workspace: Folder = Path(),
    as_json: Json = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """列出目标。 List the targets and what has been entered for them."""
    from forecast.api import Workspace

    out = Console(lang, quiet=quiet)
    table = Workspace(workspace).targets(region=region, year=year, plan=plan)
    if as_json:
        sys.stdout.write(table.to_json(orient="records", force_ascii=False) + "\n")
        return
    out.targets(table)


@target_app.command("set")
def target_set(
    target_id: Annotated[str, typer.Argument(metavar="TARGET", help="目标编号 id of the target")],
    source: Annotated[str, typer.Option("--source", help="来源(文件或单位) where it is from")],
    on: Annotated[str, typer.Option("--date", help="日期 day it is from", metavar="DATE")],
    value: Annotated[str | None, typer.Option("--value", help="数值或类别 number or class")] = None,
    line: Annotated[str | None, typer.Option("--line", help="台账项目名 ledger line")] = None,
    peer: Annotated[str | None, typer.Option("--peer", help="同级地区名 name of a peer")] = None,
    done: Annotated[
        bool | None, typer.Option("--done/--not-done", help="任务完成与否 works done or not")
    ] = None,
    year: Annotated[int | None, typer.Option("--year", help="年份 year of the figure")] = None,
    note: Annotated[str, typer.Option("--note", help="备注 remark")] = "",
    workspace: Folder = Path(),
    as_json: Json = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """录入下达数字、台账、任务或同级数值。 Enter an assigned number, ledger line, works or peer."""
    from forecast.api import Workspace

    out = Console(lang, quiet=quiet)
    kinds = [
        k
        for k, given in (("ledger", line), ("peer", peer), ("milestone", done))
        if given is not None
    ]
    if len(kinds) > 1:
        raise UsageError(
            "Only one of --line, --peer and --done/--not-done makes sense.", "Leave the others out."
        )
    kind = kinds[0] if kinds else "assigned"
    if kind != "milestone" and value is None:
        raise UsageError("The entry has no value.", "Give it with --value.")
    if year is not None and kind in ("assigned", "milestone"):
        raise UsageError(
            "--year has no meaning here: the year of a target stands in its plan.", "Leave it out."
        )
    row = Workspace(workspace).set_target(
        kind, source=source, on=on, target_id=target_id, value=value,
        text="" if done is None else ("done" if done else "not_done"),
        name=line or peer or "", year=year, note=note,
    )  # fmt: skip
    if as_json:
        sys.stdout.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")
        return
    out.say(f"已录入:{target_id}({source},{on})", f"entered: {target_id} ({source}, {on})")


@target_app.command("export")
def target_export(
    file: Annotated[Path, typer.Argument(metavar="FILE.xlsx|FILE.csv", help="工作簿 the workbook")],
    workspace: Folder = Path(),
    as_json: Json = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """导出填报表。 Write the sheets to fill in."""
    from forecast.api import Workspace

    out = Console(lang, quiet=quiet)
    written = [str(p) for p in Workspace(workspace).export_targets(file)]
    if as_json:
        sys.stdout.write(json.dumps({"files": written}, ensure_ascii=False) + "\n")
        return
    for path in written:
        out.say(f"已写出:{path}", f"written: {path}")


@target_app.command("import")
def target_import(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="填好的表 the filled workbook")],
    workspace: Folder = Path(),
    as_json: Json = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """读入填好的表。 Read a filled workbook or sheet."""
    from forecast.api import Workspace

    out = Console(lang, quiet=quiet)
    n = Workspace(workspace).import_targets(file)
    if as_json:
        sys.stdout.write(json.dumps({"new": n}) + "\n")
        return
    out.say(f"新录入{n}条。", f"{n} new entries.")
