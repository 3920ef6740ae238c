"""Old results make room: all of the last days stay, of older ones the last of each month.

What the register says of a run stays for good (:mod:`forecast.runs.register`); what goes is its
folder. Never removed: the run that ``reports/latest`` names, a folder with a review or with anything
else that the run itself did not write, one that holds a file ``keep``, and one that can't be read.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from forecast.configuration_retention import RetentionSettings
from forecast.disk import sync_folder
from forecast.runs.lock import alone
from forecast.workspace import Workspace

__all__ = ["Retention", "Retired", "plan_retention", "retire"]

Words = tuple[str, str]

#: When a result was made, its folder, and what tells why it is kept.
_Found = tuple[datetime, Path, Callable[[], Words | None]]

#: Ages count from the result in this place from the newest, at the latest: a clock that jumped
#: ahead for a day or two must not make all that stands old.
_PRUDENCE = 3

_RUN = re.compile(r"\d{8}-[0-9a-f]{12}")
_SCENARIOS = "scenarios"

#: A file of this name keeps a folder, whatever its age.
_KEEP = "keep"

#: What an answer on a scenario writes.
_ANSWER = {".json", ".csv", ".svg", ".png", ".html"}

#: Folders of this beginning are removed by whoever publishes next, should a removal be killed.
_GOING = ".building-retired-"


@dataclass(frozen=True)
class Retired:
    """One folder that is to go: when it was made, its size [bytes], and why, in words (zh, en)."""

    folder: Path
    made: datetime
    size: int
    zh: str
    en: str


@dataclass(frozen=True)
class Retention:
    """What goes and what is kept.

    Attributes:
        going: the folders that go, the oldest first.
        kept: folders older than the days asked for that stay, with the reason (zh, en); those that
            are the last of their month are not among them.
        said: what could not be removed (zh, en); empty before it was tried.
    """

    going: tuple[Retired, ...]
    kept: tuple[tuple[Path, Words], ...] = ()
    said: tuple[Words, ...] = ()

    @property
    def size(self) -> int:
        """Room that is made [bytes]."""
        return sum(one.size for one in self.going)

    @property
    def words(self) -> Words:
        """All of it in one sentence."""
        if not self.going:
            return "没有到期的结果", "no result is due to be removed"
        n, megabytes = len(self.going), self.size / 1e6
        first, last = self.going[0].made, self.going[-1].made
        return (
            f"{n}个到期的结果({first:%Y-%m-%d}至{last:%Y-%m-%d}),共{megabytes:.1f} MB",
            f"{n} results made from {first:%Y-%m-%d} to {last:%Y-%m-%d}, {megabytes:.1f} MB",
        )


def plan_retention(
    workspace: Workspace,
    settings: RetentionSettings,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Retention:
    """Say what would go, and change nothing.

    Args:
        workspace: whose reports.
        settings: for how many days all is kept.
        clock: gives the present; the age of a result counts from when it was made.
    """
    now = clock().astimezone(workspace.timezone)
    going: list[Retired] = []
    kept: list[tuple[Path, Words]] = []
    newest = _latest(workspace)
    for days, found, kind in (
        (settings.runs, _runs(workspace), ("运行", "run")),
        (settings.scenarios, _answers(workspace), ("情景结果", "answer on scenarios")),
    ):
        ordered = sorted(found, key=lambda one: (one[0], one[1].name))
        if days and len(ordered) >= _PRUDENCE:
            present = min(now, ordered[-_PRUDENCE][0].astimezone(now.tzinfo))
            _sort_out(ordered, present - timedelta(days=days), newest, kind, going, kept)
    going.sort(key=lambda one: (one.made, one.folder.name))
    return Retention(tuple(going), tuple(kept))


def retire(
    workspace: Workspace,
    settings: RetentionSettings,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Retention:
    """Remove what is due; call it after a run, not while it holds the lock of the runs.

    A folder vanishes in one step and is emptied after that: killed at any moment, each is there
    whole or not at all. What can't be removed stays and is said; that is no reason for a run to
    fail.

    Raises:
        WorkspaceError: another run holds the workspace for too long.
    """
    if not plan_retention(workspace, settings, clock=clock).going:
        return Retention(())
    with alone(workspace):
        # Looked at once more: a run may have been made, and reviewed, meanwhile.
        plan = plan_retention(workspace, settings, clock=clock)
        gone: list[Retired] = []
        said: list[Words] = []
        for one in plan.going:
            aside = one.folder.with_name(f"{_GOING}{one.folder.name}")
            try:
                one.folder.rename(aside)
                sync_folder(aside.parent)
            except OSError as error:
                why = error.strerror or error
                said.append(
                    (
                        f"{one.folder.name}未能删除:{why}",
                        f"{one.folder.name} can't be removed: {why}",
                    )
                )
                continue
            shutil.rmtree(aside, ignore_errors=True)
            gone.append(one)
    return Retention(tuple(gone), plan.kept, tuple(said))


def _sort_out(
    ordered: Sequence[_Found],
    since: datetime,
    newest: str,
    kind: Words,
    going: list[Retired],
    kept: list[tuple[Path, Words]],
) -> None:
    """Part folders, the oldest first, into those that go and those kept for a reason of their own."""
    months = [made.astimezone(since.tzinfo).strftime("%Y-%m") for made, _, _ in ordered]
    last = {month: at for at, month in enumerate(months)}
    for at, (made, folder, why_kept) in enumerate(ordered):
        local = made.astimezone(since.tzinfo)
        if local >= since or at == last[months[at]]:
            continue
        reason = ("最新的运行", "the newest run") if folder.name == newest else why_kept()
        if reason is not None:
            kept.append((folder, reason))
            continue
        zh, en = kind
        going.append(
            Retired(
                folder, local, _size(folder),
                f"{zh}{folder.name}({local:%Y-%m-%d})早于{since:%Y-%m-%d},且不是当月最后一次",
                f"{en} {folder.name} of {local:%Y-%m-%d} is from before {since:%Y-%m-%d} and not "
                "the last of its month",
            )
        )  # fmt: skip


def _runs(workspace: Workspace) -> list[_Found]:
    """The runs that stand whole."""
    found: list[_Found] = []
    for folder in _folders(workspace.reports):
        if not _RUN.fullmatch(folder.name):
            continue
        told = _told(folder / "manifest.json")
        made = _moment(told.get("run"))
        if made is None or told["run"].get("id") != folder.name:
            continue
        found.append((made, folder, partial(_kept, folder, told)))
    return found


def _kept(folder: Path, manifest: dict[str, Any]) -> Words | None:
    """What keeps a run, None where nothing does."""
    if (folder / "review").exists():
        return "有报告", "it has a review"
    try:
        written = {str(one["path"]) for one in manifest["outputs"]} | {"manifest.json"}
        there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir()}
    except (KeyError, TypeError, OSError):
        return "清单不全", "its manifest does not list its files"
    return _foreign(there - written)


def _foreign(others: set[str]) -> Words | None:
    if _KEEP in others:
        return "有名为 keep 的文件", "it holds a file named keep"
    if others:
        name = sorted(others)[0]
        return f"另有文件{name}", f"it holds another file, {name}"
    return None


def _answers(workspace: Workspace) -> list[_Found]:
    found: list[_Found] = []
    for folder in _folders(workspace.reports / _SCENARIOS):
        try:
            stamp = (folder / "scenario.json").stat().st_mtime
        except OSError:
            continue
        found.append((datetime.fromtimestamp(stamp, UTC), folder, partial(_added, folder)))
    return found


def _added(folder: Path) -> Words | None:
    """What keeps an answer, None where nothing does."""
    try:
        there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir()}
    except OSError:
        return "读取失败", "it can't be read"
    return _foreign({name for name in there if "/" in name or Path(name).suffix not in _ANSWER})


def _folders(parent: Path) -> list[Path]:
    """Folders, no links to such and nothing that is being built."""
    try:
        return sorted(
            p for p in parent.iterdir()
            if not p.name.startswith(".") and p.is_dir() and not p.is_symlink()
        )  # fmt: skip
    except OSError:
        return []


def _told(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) and isinstance(told.get("run"), dict) else {}


def _moment(run: Any) -> datetime | None:
    try:
        made = datetime.fromisoformat(str(run["created"]))
    except (TypeError, KeyError, ValueError):
        return None
    return made if made.tzinfo else made.replace(tzinfo=UTC)


def _latest(workspace: Workspace) -> str:
    try:
        return (workspace.reports / "latest").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _size(folder: Path) -> int:
    size = 0
    for path in folder.rglob("*"):
        try:
            size += path.lstat().st_size
        except OSError:
            continue
    return size
