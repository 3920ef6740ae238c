"""The command ``forecast chart``: one chart of the annual review, drawn from the tables."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from forecast.cli_options import Folder, Json, Quiet, RegionName, StandardToken
from forecast.errors import UsageError
from forecast.terminal import Console

__all__ = ["add_chart"]

_FORMATS = ("png", "svg", "pdf")
_LANGS = ("zh", "en", "both")


def add_chart(app: typer.Typer) -> None:
    """Put the command under ``app``."""
    app.command(name="chart")(chart)


def _language(lang: str) -> str:
    if lang not in _LANGS:
        raise UsageError(f"--lang {lang} is not known.", "Use zh, en or both.")
    return lang


def _formats(text: str) -> tuple[str, ...]:
    given = tuple(dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip()))
    unknown = [f for f in given if f not in _FORMATS]
    if unknown or not given:
        raise UsageError(
            f"--format {text} is not known.", "Use one or more of png, svg and pdf, with commas."
        )
    return given


def chart(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="图名,见 --list name of the chart")
    ] = None,
    region: RegionName = None,
    year: Annotated[int | None, typer.Option("--year", help="年份,默认最后一年 the year")] = None,
    standard: StandardToken = None,
    target: Annotated[
        float | None,
        typer.Option(
            "--target", help="污染天预算所用优良率 good-day ratio of the budget", metavar="PERCENT"
        ),
    ] = None,
    item: Annotated[
        str, typer.Option("--item", help="气象归一化图的项目 item of weather_normalised")
    ] = "pm25",
    formats: Annotated[
        str, typer.Option("--format", help="png、svg、pdf,逗号分隔 with commas", metavar="LIST")
    ] = "png,svg",
    lang: Annotated[
        str,
        typer.Option("--lang", help="图中文字 language", metavar="zh|en|both", callback=_language),
    ] = "both",
    out: Annotated[
        Path | None,
        typer.Option("--out", help="写到哪个文件夹,默认 charts folder to write to", metavar="DIR"),
    ] = None,
    ahead: Annotated[
        bool,
        typer.Option(
            "--forecast/--no-forecast",
            help="画出对当年余下时段的预测 show what is projected of the rest of the year",
        ),
    ] = True,
    listed: Annotated[bool, typer.Option("--list", help="列出图名 list the charts")] = False,
    workspace: Folder = Path(),
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """年度评价的一张图,数据表随图保存。 One chart of the annual review, its table beside it."""
    from forecast.report.review_figures import REVIEW_CHARTS

    say = Console("en" if lang == "en" else "zh", quiet=quiet)
    if listed:
        if as_json:
            names = [{"name": c.name, "zh": c.zh, "en": c.en} for c in REVIEW_CHARTS.values()]
            sys.stdout.write(json.dumps(names, ensure_ascii=False) + "\n")
            return
        for c in REVIEW_CHARTS.values():
            say.say(f"{c.name:<16} {c.zh}", f"{c.name:<16} {c.en}", always=True)
        return
    if name is None:
        raise UsageError("No chart is named.", f"Charts: {', '.join(REVIEW_CHARTS)}.")
    wanted = _formats(formats)
    from forecast.api import Workspace
    from forecast.charts.chart import save

    opened = Workspace(workspace)
    drawn = opened.chart(
        name, region=region, year=year, standard=standard, target=target, lang=lang,
        forecast=ahead, item=item,
    )  # fmt: skip
    folder = out if out is not None else opened.root / "charts"
    told = []
    for one in drawn:
        files = save(one, folder, wanted)
        told.append(
            {"name": one.name, "title_zh": one.title_zh, "title_en": one.title_en,
             "files": [str(f) for f in files]}
        )  # fmt: skip
        if not as_json:
            say.say(one.title_zh, one.title_en)
            for file in files:
                say.say(f"  {file}", f"  {file}", always=True)
    if as_json:
        sys.stdout.write(json.dumps({"charts": told}, ensure_ascii=False) + "\n")
