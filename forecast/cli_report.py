"""The command ``forecast report``: the annual review as documents to hand in."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from forecast.cli_options import Folder, Json, Lang, Quiet, RegionName, YearOf
from forecast.terminal import Console, complain, progress_bar

__all__ = ["add_report"]


def add_report(app: typer.Typer) -> None:
    """Put the command under ``app``."""
    app.command(name="report")(report)


def report(
    run: Annotated[
        str | None,
        typer.Option("--run", help="运行编号,默认最近一次 a run, default the newest", metavar="ID"),
    ] = None,
    year: YearOf = None,
    region: RegionName = None,
    kind: Annotated[
        str,
        typer.Option(
            "--kind",
            help="年度、规划中期或终期评估 review of a year or of a plan",
            metavar="annual|midterm|final",
        ),
    ] = "annual",
    plan: Annotated[
        str | None, typer.Option("--plan", help="评估哪个规划 the plan reviewed")
    ] = None,
    formats: Annotated[
        str,
        typer.Option("--format", help="html、docx、xlsx、pdf,逗号分隔 with commas", metavar="LIST"),
    ] = "html,docx,xlsx,pdf",
    chapters: Annotated[
        str | None,
        typer.Option("--chapters", help="章节及顺序 chapters in order", metavar="LIST"),
    ] = None,
    template: Annotated[
        Path | None,
        typer.Option("--template", help="自备Word模板 a Word file to set it in", metavar="FILE"),
    ] = None,
    written: Annotated[
        str | None,
        typer.Option("--date", help="报告日期,默认今天 the day printed on it", metavar="DATE"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="写到哪个文件夹,默认该运行的review folder to write to", metavar="DIR"
        ),
    ] = None,
    jobs: Annotated[int | None, typer.Option("--jobs", help="进程数 processes", min=1)] = None,
    workspace: Folder = Path(),
    as_json: Json = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """年度评价报告:网页、Word、工作簿、PDF。 The annual review, ready to hand in."""
    from forecast.api import Workspace

    opened = Workspace(workspace)
    with progress_bar(lang, quiet=quiet or as_json) as progress:
        made = opened.report(
            run=run, year=year, region=region, kind=kind, plan=plan, formats=formats,
            chapters=chapters, template=template, written=written, out=out, lang=lang, jobs=jobs,
            progress=progress,
        )  # fmt: skip
    if as_json:
        told = {
            "run": made.run_id,
            "files": {name: [str(p) for p in paths] for name, paths in made.files.items()},
            "remarks": [{"zh": zh, "en": en} for zh, en in made.remarks],
            "failed": made.failed,
        }
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
        _end(made.failed, lang)
        return
    say = Console(lang, quiet=quiet)
    for zh, en in made.remarks:
        say.say(f"注意:{zh}", f"note: {en}", always=True)
    for name, paths in made.files.items():
        say.say(f"{name}:", f"{name}:")
        for path in paths:
            say.say(f"  {path}", f"  {path}", always=True)
    _end(made.failed, lang)


#: Exit code of a command that was done in part.
_IN_PART = 4


def _end(failed: dict[str, str], lang: str) -> None:
    """Name the regions that could not be reviewed and end with the code of work done in part."""
    for name, reason in failed.items():
        complain(f"{name}: {reason}", lang)
    if failed:
        raise typer.Exit(_IN_PART)
