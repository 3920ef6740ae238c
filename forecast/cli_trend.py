"""The command ``forecast trend``: one trend in words, numbers and charts."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from forecast.cli_options import Folder, Json, Lang, Quiet, RegionName, StandardToken
from forecast.errors import UsageError
from forecast.terminal import Console

__all__ = ["add_trend"]

_FORMATS = ("png", "svg", "pdf")


def add_trend(app: typer.Typer) -> None:
    """Put the command under ``app``."""
    app.command(name="trend")(trend)


def _parts(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(p.strip().lower() for p in text.split(",") if p.strip()))


def trend(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[ITEM|INDICATOR]", help="pm25、good_day_ratio、codmn 等;缺省为六项 what"
        ),
    ] = None,
    region: RegionName = None,
    place: Annotated[
        str | None, typer.Option("--place", help="水质断面 a water section", metavar="NAME")
    ] = None,
    first: Annotated[
        str | None, typer.Option("--from", help="起始年、月或日 first year, month or day")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", help="截止年、月或日 last year, month or day")
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            "--method",
            metavar="LIST",
            help="theil_sen,seasonal_mann_kendall,mann_kendall,daniel,smooth,breaks,attainment,"
            "weather;缺省为常用各项 with commas",
        ),
    ] = "",
    deseason: Annotated[
        bool, typer.Option("--deseason/--no-deseason", help="去季节 take the season off")
    ] = True,
    by: Annotated[
        str, typer.Option("--by", help="分 station、season、month told apart", metavar="WHAT")
    ] = "",
    model: Annotated[
        str,
        typer.Option("--model", help="气象模型 forest 或 boosting the weather model", metavar="M"),
    ] = "forest",
    horizon: Annotated[
        int | None, typer.Option("--horizon", help="达标年份看到哪一年 last year of attainment")
    ] = None,
    standard: StandardToken = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="写JSON、CSV和图到文件夹 folder to write to", metavar="DIR"),
    ] = None,
    formats: Annotated[
        str, typer.Option("--format", help="图的格式 png、svg、pdf with commas", metavar="LIST")
    ] = "png,svg",
    workspace: Folder = Path(),
    as_json: Json = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """趋势:斜率与区间、检验、突变点、达标年份。 A trend: slope, tests, breaks, attainment."""
    chosen = _parts(formats)
    unknown = [f for f in chosen if f not in _FORMATS]
    if unknown or not chosen:
        raise UsageError(
            f"--format {formats} is not known.", "Use one or more of png, svg and pdf, with commas."
        )
    from forecast.api import Workspace

    opened = Workspace(workspace)
    found = opened.trend(
        name, region=region, place=place, first=first, last=last, methods=_parts(method),
        deseason=deseason, by=by, model=model, horizon=horizon, standard=standard,
    )  # fmt: skip
    files: list[Path] = []
    if out is not None:
        from forecast.runs.trends import save_trend

        files = save_trend(found, out, chosen)
    if as_json:
        told = {**found.as_json(), "files": [str(f) for f in files]}
        sys.stdout.write(json.dumps(told, ensure_ascii=False, allow_nan=False) + "\n")
        return
    say = Console(lang, quiet=quiet)
    zh, en = found.words("zh"), found.words("en")
    say.say(zh[0], en[0], always=True)
    for one, other in zip(zh[1:], en[1:], strict=True):
        say.say(f"· {one}", f"· {other}", always=True)
    for file in files:
        say.say(f"  {file}", f"  {file}", always=True)
