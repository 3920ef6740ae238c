"""The main job: tables in, a folder with the answer out.

The folder is built aside and renamed when complete, so that a run is there as a whole or not at
all; ``reports/latest`` names the newest and moves last.
"""

from __future__ import annotations

import gc
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from forecast.disk import write_file
from forecast.errors import ForecastError
from forecast.report.change_words import change_fragment
from forecast.report.chart_choice import charted_regions
from forecast.report.figures import draw_figures
from forecast.report.page import PageContext
from forecast.report.run_pages import write_run_pages
from forecast.report.short_range_table import write_outlook
from forecast.runs.changes import changes_since
from forecast.runs.cluster import check_address
from forecast.runs.flagged import flag_counts, flag_remarks, flags_behind
from forecast.runs.lock import alone
from forecast.runs.manifest import (
    MANIFEST_VERSION,
    file_sha256,
    run_id,
    to_json,
    versions,
    write_result,
)
from forecast.runs.projecting import Answered, Question, answered, processes, question_of
from forecast.runs.publishing import publish
from forecast.runs.register import append_run
from forecast.runs.register_again import unregistered
from forecast.runs.register_words import set_back_words, unregistered_words
from forecast.runs.request import Request
from forecast.runs.steady_tables import steady
from forecast.runs.stored_run import StoredRun, read_run
from forecast.workspace import Workspace

__all__ = ["Outcome", "execute", "finished_result", "latest_run"]

Progress = Callable[[str, int, int], None]

#: New objects after which cycles are looked for; Python's own figure is 700.
_OBJECTS = 50_000


@dataclass(frozen=True)
class Outcome:
    """A finished run: its name, folder, page and result; ``new`` is False if it stood already.

    ``remarks`` are on the readings and the register as they stand now, in Chinese and English.
    """

    run_id: str
    folder: Path
    result: dict[str, Any]
    new: bool
    remarks: tuple[tuple[str, str], ...] = ()

    @property
    def page(self) -> Path:
        """The page a person opens."""
        return self.folder / "index.html"


def execute(
    workspace: Workspace,
    request: Request,
    *,
    progress: Progress | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    newest: bool = True,
) -> Outcome:
    """Run the main job; a run whose inputs are unchanged is not made again.

    ``newest``: whether ``reports/latest`` names this run from now on, also where another stands; a
    look back to a day before that of the newest run never does.

    Raises:
        ForecastError: no readings, an unknown region, plan or standard, a full disk.
    """
    started = time.perf_counter()
    cluster = workspace.config.run.cluster if request.cluster is None else request.cluster
    if cluster:
        check_address(cluster)
    with alone(workspace), steady(workspace) as workspace, _seldom_collected():
        question = question_of(workspace, request)
        name = run_id(
            question.as_of.isoformat(), {**question.asked, "plans": question.plans_sha256},
            workspace.store.fingerprint(), question.config_sha256,
        )  # fmt: skip
        folder = workspace.reports / name
        flags = flags_behind(workspace, question.regions, question.as_of)
        remarks = tuple(flag_remarks(flags))
        stood = _as_written(folder)
        if stood is not None:
            # A run that was ended between its folder and the register is registered now.
            append_run(workspace, stood.result, projection_sha256=stood.sha256, registered=clock())
            _point(workspace, name, newest and not _looks_back(workspace, request, name))
            remarks = (*unregistered_words(len(unregistered(workspace))), *remarks)
            return Outcome(name, folder, stood.result, new=False, remarks=remarks)
        read_at = clock()
        made = answered(
            workspace, question, name, jobs=request.jobs, progress=progress,
            cluster=cluster,
        )  # fmt: skip
        result = made.result
        result["run"] |= {
            "created": clock().isoformat(timespec="seconds"),
            "seconds": round(time.perf_counter() - started, 3),
        }
        publish(
            folder,
            lambda aside: _write(
                workspace, aside, made, question, flags, progress, started, read_at,
                processes(workspace.config, len(question.cities), request.jobs),
            ),
        )  # fmt: skip
        sha256 = file_sha256(folder / "projection.json")
        receipt = append_run(workspace, result, projection_sha256=sha256)
        _point(workspace, name, newest and not _looks_back(workspace, request, name))
        remarks = (
            *set_back_words(receipt.after, workspace.timezone),
            *unregistered_words(len(unregistered(workspace))), *remarks,
        )  # fmt: skip
        return Outcome(name, folder, result, new=True, remarks=remarks)


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """Look more seldom for objects that hold each other: a result is millions that don't.

    Otherwise every look goes through all of them: half of what reading the last run takes.
    """
    before = gc.get_threshold()
    gc.set_threshold(_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def latest_run(workspace: Workspace) -> Path | None:
    """Return the folder of the newest run, None where there is none."""
    try:
        name = (workspace.reports / "latest").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    folder = workspace.reports / name
    # A name of another place is none of ours.
    inside = bool(name) and Path(name).name == name and name not in (".", "..")
    return folder if inside and folder.is_dir() else None


def finished_result(folder: Path) -> dict[str, Any] | None:
    """Return the result of a run that stands whole, None where a part is missing or damaged."""
    if not (folder / "index.html").is_file():
        return None
    try:
        result: dict[str, Any] = json.loads((folder / "projection.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return result


def _as_written(folder: Path) -> StoredRun | None:
    """A run if it stands whole and as it was written; an altered one is made anew."""
    if not (folder / "index.html").is_file():
        return None
    try:
        return read_run(folder)
    except ForecastError:
        return None


def _looks_back(workspace: Workspace, request: Request, name: str) -> bool:
    """Whether a past day was asked for that lies before that of the newest run.

    Names begin with the as-of date. What one would have said then is not the newest forecast: alerts,
    outlook and health go by that one.
    """
    stands = latest_run(workspace)
    return request.as_of is not None and stands is not None and name[:8] < stands.name[:8]


def _write(
    workspace: Workspace,
    aside: Path,
    made: Answered,
    question: Question,
    flags: pd.DataFrame,
    progress: Progress | None,
    started: float,
    read_at: datetime,
    jobs: int,
) -> None:
    result, projection = made.result, made.projection
    write_result(result, aside / "projection.json")
    notices = _notices(workspace)
    config = workspace.config
    told = changes_since(workspace, result, request=question.asked)
    changed = None if told is None else told.to_dict()
    if changed is not None:
        (aside / "changes.json").write_text(to_json(changed), encoding="utf-8", newline="\n")
    charted = charted_regions(result, (changed or {}).get("rows", ()), config.report.charts)
    charts, names = draw_figures(
        projection, result, aside / "charts", progress, tuple(notices), jobs=jobs,
        flow=made.flow, panel=question.panel_of(charted), regions=charted,
    )  # fmt: skip
    write_outlook(result["short_range"], aside)
    context = PageContext(
        workspace=config.workspace.name or workspace.root.name,
        result=result,
        charts=tuple(charts),
        notices=tuple(notices),
        warnings=(*projection.warnings, *flag_remarks(flags)),
        reference=tuple(result["reference"]),
        changes="" if changed is None else change_fragment(changed),
    )
    write_run_pages(
        context, aside, air=projection.air, changed=changed, charted=charted, jobs=jobs,
        progress=progress,
    )  # fmt: skip
    outputs = sorted(p for p in aside.rglob("*") if p.is_file())
    manifest = {
        "manifest_version": MANIFEST_VERSION,
        "run": result["run"],
        "request": question.asked,
        "versions": versions(),
        "read_at": read_at.isoformat(timespec="seconds"),
        "tables_sha256": workspace.store.fingerprint(),
        "plans_sha256": question.plans_sha256,
        "configuration": workspace.config_path.read_bytes().decode("utf-8"),
        "warnings": result["warnings"],
        "quality": flag_counts(flags),
        "seconds": round(time.perf_counter() - started, 3),
        "charts": names,
        "outputs": [
            {"path": p.relative_to(aside).as_posix(), "sha256": file_sha256(p)} for p in outputs
        ],
    }
    (aside / "manifest.json").write_text(to_json(manifest), encoding="utf-8", newline="\n")


def _notices(workspace: Workspace) -> list[tuple[str, str]]:
    if not workspace.config.workspace.sample:
        return []
    from forecast.sample import NOTICE

    return [(NOTICE["zh"], NOTICE["en"])]


def _point(workspace: Workspace, name: str, newest: bool) -> None:
    """Make ``reports/latest`` name the run; the file is replaced in one step."""
    if not newest and latest_run(workspace) is not None:
        return
    write_file(workspace.reports / "latest", f"{name}\n".encode())
    os.utime(workspace.reports / "latest")
