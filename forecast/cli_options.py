"""The options that commands have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from forecast.table_lock import set_waiting
from forecast.terminal import known_language

__all__ = ["Folder", "Json", "Lang", "Quiet", "RegionName", "StandardToken", "YearOf"]

Folder = Annotated[
    Path, typer.Option("--workspace", "-w", help="工作区文件夹 the workspace", metavar="DIR")
]
Json = Annotated[bool, typer.Option("--json", help="只输出JSON machine output on stdout")]


def _quiet(value: bool) -> bool:
    """With ``--quiet`` nothing is said of waiting for another process either."""
    set_waiting(quiet=value)
    return value


Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="不打印过程 print no more than needed", callback=_quiet),
]
Lang = Annotated[
    str,
    typer.Option("--lang", help="zh 或 en zh or en", metavar="zh|en", callback=known_language),
]
RegionName = Annotated[str | None, typer.Option("--region", help="地区 region", metavar="NAME")]
YearOf = Annotated[int | None, typer.Option("--year", help="评价年份 the year judged")]
StandardToken = Annotated[
    str | None, typer.Option("--standard", help="标准版本,如 HJ 633-2012 a version", metavar="V")
]
