"""The command ``forecast outlook``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from forecast.cli_options import Folder, Json, Lang, Quiet, RegionName
from forecast.terminal import Console

__all__ = ["add_outlook"]


def add_outlook(app: typer.Typer) -> None:
    """Put the command under ``app``."""
    app.command(name="outlook")(outlook)


def outlook(
    region: RegionName = None,
    days: Annotated[
        int, typer.Option("--days", help="未来几天 how many days", min=1, max=7, metavar="1..7")
    ] = 7,
    run: Annotated[
        str | None, typer.Option("--run", help="运行名,默认最新 a run", metavar="ID")
    ] = None,
    workspace: Folder = Path(),
    as_json: Json = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """未来七天:AQI级别、首要污染物、污染概率。 The next seven days: level, leading item, odds."""
    from forecast.runs.outlook import outlook_of
    from forecast.workspace import Workspace

    told = outlook_of(Workspace.open(workspace), region=region, days=days, run=run)
    if as_json:
        sys.stdout.write(json.dumps(told, ensure_ascii=False, allow_nan=False) + "\n")
        return
    out = Console(lang, quiet=quiet)
    out.say(
        f"运行 {told['run']},起报日 {told['as_of']}", f"run {told['run']}, as of {told['as_of']}"
    )
    if not told["air"] and not told["water"]:
        out.say(
            "没有可以给出逐日展望的城市或断面。", "There is no city or section to look ahead for.",
            always=True,
        )  # fmt: skip
        return
    from rich.console import Console as Rich

    from forecast.report.short_range_terminal import render_outlook

    rich = Rich(
        file=sys.stdout, highlight=False, markup=False, emoji=False,
        width=None if sys.stdout.isatty() else 120, legacy_windows=False,
    )  # fmt: skip
    render_outlook(told, "zh" if lang == "zh" else "en", rich, days=days)
