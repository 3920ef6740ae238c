"""How a workspace stands, in terms that do not depend on when and in which order it was written."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from forecast.runs.execute import finished_result, latest_run
from forecast.runs.register import check_register, read_register
from forecast.workspace import Workspace

__all__ = [
    "State",
    "days_of",
    "grow_old",
    "left_over",
    "result_of",
    "runs_of",
    "tables_of",
    "tree_of",
]

_HEADER = "日期,AQI,质量等级,PM2.5,PM10,SO2,CO,NO2,O3_8h"
_RUN = re.compile(r"\d{8}-[0-9a-f]{12}")


def days_of(path: Path, days: int, *, eleventh: int = 35) -> Path:
    """Write made values of a city from 2021-01-01 on; ``eleventh`` is the PM2.5 of 2021-01-11."""
    lines = [_HEADER]
    for k, day in enumerate(pd.date_range("2021-01-01", periods=days)):
        pm25 = eleventh if k == 10 else 30 + k % 11
        lines.append(
            f"{day.date()},60,良,{pm25},{pm25 + 30},8,{0.5 + k % 7 / 10:.1f},25,{60 + k % 60}"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def tables_of(root: Path) -> str:
    """Read every table to its end; return the hash of the readings."""
    store = Workspace.open(root).store
    for table in store.manifest():
        store.read(table)
    return store.fingerprint()


@dataclass(frozen=True)
class State:
    """The runs of a workspace: names of the whole ones, the one ``latest`` names, the register's."""

    whole: tuple[str, ...]
    latest: str
    registered: tuple[str, ...]


def runs_of(root: Path) -> State:
    """Look at every run: what a folder has is what its manifest says; the register has no fault."""
    workspace = Workspace.open(root)
    whole = []
    for folder in sorted(workspace.reports.iterdir()):
        if folder.is_dir() and _RUN.fullmatch(folder.name):
            assert finished_result(folder) is not None, folder
            manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            for one in manifest["outputs"]:
                data = (folder / one["path"]).read_bytes()
                assert hashlib.sha256(data).hexdigest() == one["sha256"], one["path"]
            whole.append(folder.name)
    check = check_register(workspace)
    assert check.faults == ()
    said = read_register(workspace)
    registered = tuple(dict.fromkeys(said["run"])) if len(said) else ()
    latest = latest_run(workspace)
    return State(tuple(whole), "" if latest is None else latest.name, registered)


def result_of(root: Path, run: str) -> dict[str, Any]:
    """What a run says, but for the moment at which it was made and how long that took."""
    told: dict[str, Any] = json.loads(
        (root / "reports" / run / "projection.json").read_text(encoding="utf-8")
    )
    for name in ("created", "seconds"):
        told["run"].pop(name)
    return told


def left_over(root: Path) -> list[str]:
    """Names of what no finished command leaves."""
    return sorted(
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.name.endswith((".tmp", ".part", ".pid"))
        or path.name.startswith((".building-", ".replaced-", ".reading-"))
    )


def grow_old(root: Path) -> None:
    """Let ten minutes pass for what a writer that was killed left unfinished."""
    for path in root.rglob("*.tmp"):
        os.utime(path, (1, 1))


def once_each(give: Callable[[Path], None]) -> Callable[[Path], Path]:
    """Return what gives a command again in a folder; in folders that are alike it is given once.

    The folder in which it was given is returned.
    """
    done: dict[str, Path] = {}

    def again(place: Path) -> Path:
        stand = tree_of(place)
        if stand not in done:
            grow_old(place)
            give(place)
            done[stand] = place
        return done[stand]

    return again


def tree_of(root: Path) -> str:
    """Hash of all that a folder holds, random parts of names and times of making left out."""
    digest = hashlib.sha256()
    told = []
    for path in root.rglob("*"):
        if path.name.endswith((".lock", ".pid")):
            continue
        name = re.sub(r"\.[0-9a-f]{12}\.tmp$", ".tmp", path.relative_to(root).as_posix())
        name = re.sub(r"\.building-[a-z0-9_]{8}|\.reading-[0-9a-f]{12}", ".aside", name)
        data = path.read_bytes() if path.is_file() else b""
        data = re.sub(rb'"(created|seconds|since|read_at)": *("[^"]*"|[0-9.]+)', b"", data)
        told.append((name, hashlib.sha256(data).hexdigest()))
    digest.update(repr(sorted(told)).encode())
    return digest.hexdigest()
