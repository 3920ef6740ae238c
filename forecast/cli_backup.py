"""The commands ``forecast backup``, ``forecast restore`` and ``forecast retention``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forecast.cli_options import Folder, Json, Lang, Quiet
from forecast.errors import UsageError
from forecast.shell_words import as_word
from forecast.terminal import Console, complain

if TYPE_CHECKING:
    from forecast.runs.backup import Saved
    from forecast.runs.retention import Retention

__all__ = ["add_backup"]


def add_backup(app: typer.Typer) -> None:
    """Put the commands under ``app``."""
    app.command(name="backup")(backup)
    app.command(name="restore")(restore)
    app.command(name="retention")(retention)


def backup(
    target: Annotated[
        Path | None,
        typer.Argument(metavar="FILE|DIR", help="新文件.zip或已有文件夹 a new .zip, or a folder"),
    ] = None,
    runs: Annotated[
        bool, typer.Option("--runs", help="连同各次运行的结果 the folders of runs too")
    ] = False,
    verify: Annotated[
        Path | None,
        typer.Option("--verify", help="只核对一个备份 check a backup, no more", metavar="FILE"),
    ] = None,
    workspace: Folder = Path(),
    as_json: Json = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """备份工作区到一个文件,并核对。 The workspace into one file, read back and verified."""
    from forecast.runs.backup import back_up, check_backup
    from forecast.workspace import Workspace

    out = Console(lang, quiet=quiet or as_json)
    if verify is not None:
        if target is not None or runs:
            raise UsageError("--verify goes alone.", "Leave the other out.")
        found = check_backup(verify)
    elif target is None:
        raise UsageError(
            "No file is given for the backup.", "Give one: forecast backup /mnt/backup/name.zip."
        )
    else:
        found = back_up(Workspace.open(workspace), target, runs=runs)
    if as_json:
        _say_json(_told(found))
    listing = found.listing
    n, unpacked = len(listing.members), listing.size / 1e6
    out.say(
        f"{'核对无误' if verify else '已备份并核对'}:{found.file}({n}个文件,{unpacked:.1f} MB,"
        f"压缩后{found.size / 1e6:.1f} MB,{listing.created})",
        f"{'verified' if verify else 'saved and verified'}: {found.file} ({n} files, "
        f"{unpacked:.1f} MB, packed {found.size / 1e6:.1f} MB, {listing.created})",
    )
    out.say(f"SHA-256 {found.sha256}", f"SHA-256 {found.sha256}")
    for zh, en in found.remarks:
        out.say(f"注意:{zh}", f"Note: {en}")
    if not found.whole:
        raise typer.Exit(4)


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="备份文件 the backup")],
    to: Annotated[
        Path, typer.Option("--to", help="空的或新的文件夹 an empty or new folder", metavar="DIR")
    ],
    as_json: Json = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """从备份恢复到空文件夹,并核对。 A backup into an empty folder, verified."""
    from forecast.runs.restore import restore as unpack

    made = unpack(file, to)
    if as_json:
        _say_json(
            {
                "workspace": str(made.root), "created": made.listing.created,
                "files": len(made.listing.members), "rows": made.rows,
                "tables_sha256": made.listing.tables_sha256, "runs": made.listing.runs,
            }
        )  # fmt: skip
        return
    out = Console(lang, quiet=quiet)
    n, rows = len(made.listing.members), sum(made.rows.values())
    out.say(
        f"已恢复{made.listing.created}的备份到{made.root}:{n}个文件,{rows}行数据,哈希全部一致",
        f"the backup of {made.listing.created} is in {made.root}: {n} files, {rows} rows, every "
        "hash as it was",
    )
    out.say(
        f"下一步:forecast status --workspace {as_word(made.root)};定时运行需重新建立:forecast schedule install",
        f"next: forecast status --workspace {as_word(made.root)}; a timer is to be made anew: forecast "
        "schedule install",
    )


def retention(
    apply: Annotated[
        bool, typer.Option("--apply", help="真正删除 remove them; without it they are only listed")
    ] = False,
    workspace: Folder = Path(),
    as_json: Json = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """列出到期的旧结果,--apply 才删除。 Old results that are due to go; removed with --apply."""
    from forecast.runs.retention import plan_retention, retire
    from forecast.workspace import Workspace

    opened = Workspace.open(workspace)
    found = (retire if apply else plan_retention)(opened, opened.config.retention)
    if as_json:
        _say_json(_listed(found, removed=apply))
    out = Console(lang, quiet=quiet or as_json)
    for one in found.going:
        out.say(one.zh, one.en)
    for folder, (zh, en) in found.kept:
        out.say(f"保留 {folder.name}:{zh}", f"{folder.name} stays: {en}")
    zh, en = found.words
    if found.going:
        zh = f"已删除{zh}" if apply else f"将删除{zh};真正删除用 --apply"
        en = f"removed: {en}" if apply else f"to be removed: {en}; do it with --apply"
    out.say(zh, en)
    for zh, en in found.said:
        complain(zh if lang == "zh" else en)
    if found.said:
        raise typer.Exit(4)


def _say_json(data: Any) -> None:
    sys.stdout.write(json.dumps(data, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _told(found: Saved) -> dict[str, Any]:
    listing = found.listing
    return {
        "file": str(found.file), "sha256": found.sha256, "size": found.size,
        "created": listing.created, "files": len(listing.members), "unpacked": listing.size,
        "runs": listing.runs, "tables_sha256": listing.tables_sha256,
        "remarks": [{"zh": zh, "en": en} for zh, en in found.remarks], "whole": found.whole,
    }  # fmt: skip


def _listed(found: Retention, *, removed: bool) -> dict[str, Any]:
    return {
        "removed": removed, "bytes": found.size,
        "results": [
            {"folder": str(one.folder), "made": one.made.isoformat(), "bytes": one.size,
             "zh": one.zh, "en": one.en}
            for one in found.going
        ],
        "kept": [{"folder": str(f), "zh": zh, "en": en} for f, (zh, en) in found.kept],
        "failed": [{"zh": zh, "en": en} for zh, en in found.said],
    }  # fmt: skip
