"""What of a workspace belongs into a backup."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from forecast.errors import WorkspaceError
from forecast.runs.backup_archive import fits
from forecast.workspace import CONFIG_NAME, Workspace

__all__ = ["Contents", "Entry", "backup_contents", "saved_folders"]

Words = tuple[str, str]

#: Folders of a workspace beside those of the data, the plans and the reports.
_MORE = ("mappings", "scenarios", "models")

#: What stands only while a command works; it says nothing afterwards.
_PASSING = (".lock", ".tmp", ".pid", ".part")

_REGISTER = "register"


@dataclass(frozen=True)
class Entry:
    """A file that goes into a backup: its name there, relative to the workspace, and where it is."""

    name: str
    file: Path


@dataclass(frozen=True)
class Contents:
    """The files of a backup.

    Attributes:
        changing: files that commands replace, to be copied while none may; in their order.
        raw: files under ``data/raw`` that came in and never change, in their order.
        tables: names of the live parts of the tables; they are among ``changing``.
        left_out: what is not taken, in words (zh, en).
    """

    changing: tuple[Entry, ...]
    raw: tuple[Entry, ...]
    tables: frozenset[str]
    left_out: tuple[Words, ...]


def backup_contents(workspace: Workspace, *, runs: bool) -> Contents:
    """List what belongs into a backup; call it while the tables and the runs are locked.

    Dead parts of tables, locks, unfinished files and the file with the secrets are left out.

    Args:
        workspace: whose files.
        runs: also the folders of runs, answers on scenarios and whatever else is under ``reports``.

    Raises:
        WorkspaceError: a folder can't be read, or a name can't be kept on every system.
    """
    ws, said = workspace, []
    secrets = _secrets(ws)
    found = {CONFIG_NAME: ws.config_path}
    live = {
        f"data/processed/{part['path']}"
        for parts in ws.store.manifest().values()
        for part in parts.values()
    }
    for folder in (*_MORE, *_named_folders(ws)):
        found |= {e.name: e.file for e in _files(ws.root / folder, folder)}
    template = _template(ws)
    if template is not None:
        found[template] = ws.root / template
    for entry in _files(ws.processed, "data/processed"):
        if entry.file.suffix != ".parquet" or entry.name in live:
            found[entry.name] = entry.file
    reports = ws.reports if runs else ws.reports / _REGISTER
    found |= {e.name: e.file for e in _files(reports, f"reports/{'' if runs else _REGISTER}")}
    raw = {e.name: e.file for e in _files(ws.raw, "data/raw")}
    # Lists that commands replace lie beside the raw files, in the folder itself.
    lists = {name for name in raw if name.count("/") == 2 and name.endswith(".csv")}
    found |= {name: raw[name] for name in lists}
    both = found | raw
    for name, file in both.items():
        if file.resolve() in secrets:
            said.append(
                (
                    f"未备份密钥文件{name}",
                    f"{name} holds secrets and is not in the backup",
                )
            )
    names = [n for n, file in both.items() if file.resolve() not in secrets]
    _check_names(names)
    kept = set(names)
    return Contents(
        tuple(Entry(n, found[n]) for n in sorted(found, key=_turn) if n in kept),
        tuple(Entry(n, raw[n]) for n in sorted(raw) if n in kept and n not in found),
        frozenset(live),
        (*said, *([] if runs else _runs_left(ws))),
    )


def saved_folders(workspace: Workspace) -> list[Path]:
    """Return the folders whose files go into backups, so that no backup is written among them."""
    named = [workspace.root / name for name in (*_MORE, *_named_folders(workspace))]
    return [workspace.root / "data", workspace.raw, workspace.processed, workspace.reports, *named]


def _turn(name: str) -> tuple[int, str]:
    # What the head of the register names must stand in the files that are copied after it.
    return (0 if name == f"reports/{_REGISTER}/head.json" else 1), name


def _named_folders(ws: Workspace) -> list[str]:
    """The folder of own plans, where it lies in the workspace."""
    folder = (ws.root / ws.config.plans.folder).resolve()
    root = ws.root.resolve()
    inside = folder.is_relative_to(root) and folder != root
    return [folder.relative_to(root).as_posix()] if inside else []


def _template(ws: Workspace) -> str | None:
    """The Word file in whose styles reports are set, where it lies in the workspace."""
    named = ws.config.report.template
    if not named:
        return None
    path, root = (ws.root / named).resolve(), ws.root.resolve()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) and path.is_file() else None  # fmt: skip


def _secrets(ws: Workspace) -> set[Path]:
    named = ws.config.schedule.env_file
    return {(ws.root / Path(named).expanduser()).resolve()} if named else set()


def _runs_left(ws: Workspace) -> list[Words]:
    n = sum(1 for _ in ws.reports.glob("*/manifest.json"))
    if not n:
        return []
    return [
        (
            f"{n}次运行的结果未备份(加 --runs 一并备份);登记簿已备份",
            f"the folders of {n} runs are not in it (--runs takes them too); the register is",
        )
    ]


def _files(folder: Path, name: str) -> Iterator[Entry]:
    """Yield the files under a folder, links followed; none where there is no folder."""
    seen: set[tuple[int, int]] = set()

    def walk(here: Path, prefix: str) -> Iterator[Entry]:
        try:
            told = here.stat()
            inside = sorted(os.scandir(here), key=lambda item: item.name)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise WorkspaceError(
                f"{here} can't be read ({error.strerror or error}).",
                "Check its permissions; there is no backup without it.",
            ) from error
        if told.st_ino and (told.st_dev, told.st_ino) in seen:
            return  # a link that leads back to a folder above it
        seen.add((told.st_dev, told.st_ino))
        for item in inside:
            if _passes(item.name):
                continue
            path = Path(item.path)
            if item.is_dir():
                yield from walk(path, f"{prefix}/{item.name}")
            elif item.is_file() and stat.S_ISREG(path.stat().st_mode):
                yield Entry(f"{prefix}/{item.name}", path)

    yield from walk(folder, name.rstrip("/"))


def _passes(name: str) -> bool:
    return name.startswith(".") and (
        name.endswith(_PASSING) or name.startswith((".building-", ".replaced-"))
    )


def _check_names(names: list[str]) -> None:
    for name in names:
        try:
            name.encode()
        except UnicodeEncodeError:
            shown = name.encode("utf-8", "backslashreplace").decode()
        else:
            if fits(name, windows=False):
                continue
            shown = repr(name)
        raise WorkspaceError(
            f"The name of the file {shown} can't be kept in a backup.",
            "Rename it: letters of any script, no backslash and no control character.",
        )
