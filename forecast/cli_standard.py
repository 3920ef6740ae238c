"""The commands ``forecast standard``: a calculator over a table, CSV in and CSV out."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecast.cli_options import Json, Lang, Quiet, StandardToken
from forecast.errors import InputError, UsageError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["standard_app"]

standard_app = typer.Typer(
    no_args_is_help=True,
    help="标准计算器:读CSV,写CSV。 A calculator over a table: CSV in, CSV out.",
)

File = Annotated[
    str, typer.Argument(metavar="FILE.csv|-", help="表,- 为标准输入 a table, or stdin")
]
Hourly = Annotated[bool, typer.Option("--hourly", help="小时值 1-hour values")]
Platform = Annotated[bool, typer.Option("--platform", help="按国家平台 as the platform publishes")]
VersionsOf = Annotated[
    Path | None,
    typer.Option("--workspace", "-w", help="取其标准设置 whose versions to take", metavar="DIR"),
]

#: The only version of the classes of surface water.
_WATER = "GB 3838-2002"


def _calculate(file: str, as_json: bool, compute: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Read a table of text cells, compute, write it to stdout."""
    from forecast.ingest.files.sheet import text_table

    name = "standard input" if file == "-" else file
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise InputError(
            f"{name} can't be read ({error.strerror or error}).", "Check the path of the file."
        ) from error
    text = compute(text_table(name, data)).to_csv(index=False, lineterminator="\n")
    if as_json:
        import csv
        import io

        rows = list(csv.DictReader(io.StringIO(text)))
        text = json.dumps(rows, ensure_ascii=False) + "\n"
    sys.stdout.write(text)


def _version(standard: str | None, workspace: Path | None) -> str | None:
    """The version asked for, else the one that the workspace sets, else None (by date)."""
    if standard is not None or workspace is None:
        return standard
    from forecast.workspace import Workspace

    config = Workspace.open(workspace).config.standards
    return config.aqi or config.limits or None


@standard_app.command("aqi")
def standard_aqi(
    file: File,
    standard: StandardToken = None,
    hourly: Hourly = False,
    platform: Platform = False,
    workspace: VersionsOf = None,
    as_json: Json = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """AQI、级别、首要污染物。 AQI, level and primary pollutant of each row."""
    from forecast.standards.calculator import aqi_table

    version = _version(standard, workspace)
    _calculate(
        file, as_json,
        lambda t: aqi_table(t, standard=version, hourly=hourly, platform=platform),
    )  # fmt: skip


@standard_app.command("air")
def standard_air(
    file: File,
    standard: StandardToken = None,
    workspace: VersionsOf = None,
    as_json: Json = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """一地日均值的年度评价。 Annual indicators of the daily table of one place."""
    from forecast.standards.calculator import air_table

    version = _version(standard, workspace)
    _calculate(file, as_json, lambda t: air_table(t, standard=version))


@standard_app.command("water")
def standard_water(
    file: File,
    standard: StandardToken = None,
    platform: Platform = False,
    as_json: Json = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """水质类别和定类项目。 Class and deciding items of each row."""
    from forecast.standards.calculator import water_table

    if standard is not None and "".join(standard.split()).upper() != _WATER.replace(" ", ""):
        raise UsageError(
            f"{standard!r} is not a version of the classes of surface water.", f"Use {_WATER}."
        )
    _calculate(file, as_json, lambda t: water_table(t, platform=platform))
