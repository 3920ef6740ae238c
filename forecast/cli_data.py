"""The commands on readings: ingest, map, accept, reject, fetch, status."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forecast.cli_options import Folder, Json, Lang, Quiet, RegionName
from forecast.errors import UsageError
from forecast.terminal import complain, progress_bar
from forecast.terminal_data import DataConsole

if TYPE_CHECKING:
    from forecast.api import Workspace

__all__ = ["add_commands"]

Flags = Annotated[list[str], typer.Argument(metavar="FLAG…", help="标记编号 names of flags")]
Reason = Annotated[str, typer.Option("--reason", help="理由 why", metavar="TEXT")]
By = Annotated[str, typer.Option("--by", help="决定人 who decides", metavar="NAME")]


def _open(folder: Path) -> Workspace:
    from forecast.api import Workspace

    return Workspace(folder)


def _say_json(data: Any) -> None:
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, default=str)
    sys.stdout.write(text + "\n")


def add_commands(app: typer.Typer) -> None:
    """Put the commands of this module under ``app``."""
    for command in (ingest, map_, accept, reject, fetch, status):
        app.command(name=command.__name__.rstrip("_"))(command)


def ingest(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH…", help="文件或文件夹 files, folders", readable=False),
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="指定格式,不自动识别 the layout", metavar="NAME")
    ] = None,
    region: RegionName = None,
    mapping: Annotated[
        Path | None,
        typer.Option(
            "--map", help="自定义格式的对照文件;也可为数据库 a mapping.toml", metavar="FILE"
        ),
    ] = None,
    retry_quarantine: Annotated[
        bool,
        typer.Option("--retry-quarantine", help="重读被隔离或拒收的 read again what was set aside"),
    ] = False,
    estimate_from_index: Annotated[
        bool,
        typer.Option(
            "--estimate-from-index", help="由指数反推浓度(估算) concentrations from index points"
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="只看不存 read, store nothing")
    ] = False,
    workspace: Folder = Path(),
    as_json: Json = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """读入监测数据。 Take files or folders of readings into the tables."""
    with progress_bar(lang, quiet=quiet or as_json) as progress:
        report = _open(workspace).ingest(
            paths or [], source=source, region=region, mapping=mapping,
            retry_quarantine=retry_quarantine, estimate_from_index=estimate_from_index,
            dry_run=dry_run, progress=progress,
        )  # fmt: skip
    if as_json:
        _say_json(report.to_dict())
        if report.message:
            complain(report.message, lang)
    else:
        DataConsole(lang, quiet=quiet).ingest_report(report)
    raise typer.Exit(report.exit_code)


def map_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="未知格式的文件 a file")],
    sheet: Annotated[
        str | None, typer.Option("--sheet", help="工作表或压缩包内文件 the sheet", metavar="NAME")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="对照名,默认取文件名 its name", metavar="NAME")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="写到哪里,默认 mappings/ where to write", metavar="FILE"),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="覆盖已有的对照 replace a mapping that is there")
    ] = False,
    workspace: Folder = Path(),
    as_json: Json = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """为未知格式提出对照,并显示解析后的十行。 Propose a mapping for an unknown layout."""
    made = _open(workspace).map_file(file, sheet=sheet, name=name, out=out, overwrite=overwrite)
    if as_json:
        _say_json(made.to_dict())
        return
    DataConsole(lang, quiet=quiet).proposal(made)


def accept(
    flags: Flags,
    reason: Reason = "",
    by: By = "",
    workspace: Folder = Path(),
    as_json: Json = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """认可被标记的数据,记录在案。 Accept flagged readings, on record."""
    _decide("accept", flags, reason, by, workspace, as_json, quiet, lang)


def reject(
    flags: Flags,
    reason: Reason = "",
    by: By = "",
    workspace: Folder = Path(),
    as_json: Json = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """剔除被标记的数据,记录在案。 Reject flagged readings, on record."""
    _decide("reject", flags, reason, by, workspace, as_json, quiet, lang)


def _decide(
    decision: str,
    flags: list[str],
    reason: str,
    by: str,
    workspace: Path,
    as_json: bool,
    quiet: bool,
    lang: str,
) -> None:
    decided = _open(workspace).decide(decision, flags, reason=reason, by=by)
    if as_json:
        _say_json({"flags": json.loads(decided.to_json(orient="records", date_format="iso"))})
        return
    DataConsole(lang, quiet=quiet).decided(decided)


def fetch(
    source: Annotated[
        str | None,
        typer.Argument(metavar="SOURCE", help="数据源,不给则列出 the source; without it, a list"),
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="起始日 first day", metavar="DATE")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="截止日 last day", metavar="DATE")] = None,
    place: Annotated[
        str | None, typer.Option("--place", help="地点名称 the place's name", metavar="NAME")
    ] = None,
    latitude: Annotated[float | None, typer.Option("--lat", help="纬度 latitude")] = None,
    longitude: Annotated[float | None, typer.Option("--lon", help="经度 longitude")] = None,
    location: Annotated[
        int | None, typer.Option("--location", help="OpenAQ 点位号 a location's number")
    ] = None,
    station: Annotated[
        str | None, typer.Option("--station", help="NOAA 站号 a station's number", metavar="ID")
    ] = None,
    site: Annotated[
        str | None, typer.Option("--site", help="USGS 站号 a site's number", metavar="ID")
    ] = None,
    what: Annotated[
        str | None, typer.Option("--what", help="哪类文件 which kind of files", metavar="KIND")
    ] = None,
    days: Annotated[int | None, typer.Option("--days", help="预报天数 days ahead")] = None,
    checksums: Annotated[
        bool, typer.Option("--checksums", help="按.sha256核对 check against .sha256 files")
    ] = False,
    base_url: Annotated[
        str | None,
        typer.Option("--base-url", help="数据源地址 the source's address", metavar="URL"),
    ] = None,
    only_fetch: Annotated[
        bool, typer.Option("--no-ingest", help="只下载不读入 do not ingest")
    ] = False,
    workspace: Folder = Path(),
    as_json: Json = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """从公开数据源下载并读入。 Pull from a public source, then ingest."""
    from forecast.api_options import as_date

    if source is None:
        asked = (
            start,
            end,
            place,
            latitude,
            longitude,
            location,
            station,
            site,
            what,
            days,
            base_url,
        )
        if checksums or only_fetch or any(value is not None for value in asked):
            raise UsageError("No source is named.", "See the sources: forecast fetch.")
        _list_sources(as_json=as_json, lang=lang)
        return
    opened = _open(workspace)
    with progress_bar(lang, quiet=quiet or as_json) as progress:
        fetched, report = opened.fetch(
            source, start=as_date(start, "--from"), end=as_date(end, "--to"), place=place,
            latitude=latitude, longitude=longitude, location=location, station=station, site=site,
            what=what, days=days, checksums=checksums, base_url=base_url, ingest=not only_fetch,
            progress=progress,
        )  # fmt: skip
    if as_json:
        both = {**fetched.to_dict(), "ingest": None if report is None else report.to_dict()}
        _say_json(both)
    else:
        DataConsole(lang, quiet=quiet).fetched(fetched)
        if report is not None:
            DataConsole(lang, quiet=quiet).ingest_report(report)
    if fetched.message:
        complain(fetched.message, lang)
    raise typer.Exit(fetched.exit_code or (0 if report is None else report.exit_code))


def _list_sources(*, as_json: bool, lang: str) -> None:
    from forecast.fetch import FETCHERS

    if as_json:
        _say_json({"sources": [source.to_dict() for source in FETCHERS.values()]})
        return
    DataConsole(lang).sources(list(FETCHERS.values()))


def status(
    quality: Annotated[
        bool, typer.Option("--quality", help="质控标记与版本差异 quality flags")
    ] = False,
    every: Annotated[
        bool,
        typer.Option(
            "--all", help="包括已决定的标记、逐个更正 also what was decided, each correction"
        ),
    ] = False,
    health: Annotated[
        bool,
        typer.Option(
            "--health",
            help="上次成功运行是否太旧;太旧或失败时退出码非0 is the last good run recent",
        ),
    ] = False,
    max_age: Annotated[
        str | None,
        typer.Option("--max-age", help="最多多旧,如 26h how old it may be", metavar="AGE"),
    ] = None,
    region: RegionName = None,
    workspace: Folder = Path(),
    as_json: Json = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """工作区里有什么。 What is there: places, items, period, completeness, last run."""
    opened = _open(workspace)
    if health:
        state = opened.health(max_age)
        if as_json:
            _say_json(state.to_dict())
        else:
            DataConsole(lang, quiet=quiet).say(state.zh, state.en, always=True)
        raise typer.Exit(state.exit_code)
    if quality:
        found = opened.quality(region=region, every=every)
        if as_json:
            _say_json(
                {
                    "workspace": str(opened.root),
                    "flags": json.loads(found.flags.to_json(orient="records", date_format="iso")),
                    "versions": json.loads(found.versions.to_json(orient="records")),
                    "corrections": json.loads(
                        found.corrections.to_json(orient="records", date_format="iso")
                    ),
                    "corrected": json.loads(
                        found.corrected.to_json(orient="records", date_format="iso")
                    ),
                    "quarantine": json.loads(found.quarantine.to_json(orient="records")),
                    "refused": json.loads(found.refused.to_json(orient="records")),
                }
            )
            return
        DataConsole(lang, quiet=quiet).quality(found)
        return
    table = opened.coverage(region=region)
    run = opened.latest_run()
    if as_json:
        _say_json(
            {
                "workspace": str(opened.root),
                "coverage": json.loads(table.to_json(orient="records", date_format="iso")),
                "latest_run": run.name if run else None,
            }
        )
        return
    DataConsole(lang, quiet=quiet).coverage(opened.root, table, run)
