"""The main job: tables in, a folder with the answer out.

The folder is built aside and renamed when complete, so that a run is there as a whole or not at
all; ``reports/latest`` names the newest and moves last.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from forecast import __version__
from forecast.disk import write_file
from forecast.errors import ForecastError
from forecast.models.registry import air_model
from forecast.projection.flow_trends import FlowTrend
from forecast.projection.panel import Panel, PanelProjection, project_panel
from forecast.projection.settings import Settings
from forecast.report.figures import draw_figures
from forecast.report.page import PageContext, write_page
from forecast.runs.flagged import flag_counts, flag_remarks, flags_behind
from forecast.runs.inputs import load_panel
from forecast.runs.lock import alone
from forecast.runs.manifest import MANIFEST_VERSION, file_sha256, run_id, to_json, versions
from forecast.runs.publishing import publish
from forecast.runs.scenario_files import scenario_files
from forecast.runs.scenario_runs import regions_of, run_scenarios, scenarios_sha256
from forecast.runs.water_inputs import region_flow_trends, unmatched_sections, water_rows
from forecast.workspace import Workspace

__all__ = ["Outcome", "Request", "execute", "latest_run"]

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Request:
    """What is asked of a run; None takes the workspace's value.

    Attributes:
        as_of: last day whose readings may be used; None: the last day with a reading.
        year: calendar year judged; None: the year of ``as_of``.
        plan: only the targets of this plan.
        region: only this region (with or without 市 and the like).
        standard: token of a standard version instead of those in force by date.
        model: name of the model that draws.
        paths, seed, jobs: number of paths, root seed, processes.
    """

    as_of: date | None = None
    year: int | None = None
    plan: str | None = None
    region: str | None = None
    standard: str | None = None
    model: str | None = None
    paths: int | None = None
    seed: int | None = None
    jobs: int | None = None


@dataclass(frozen=True)
class Outcome:
    """A finished run: its name, folder, page and result; ``new`` is False if it stood already.

    ``remarks`` are on the readings as they stand now, in Chinese and English.
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

    ``newest``: whether ``reports/latest`` names this run from now on, also where another stands.

    Raises:
        ForecastError: no readings, an unknown region, plan or standard, a full disk.
    """
    started = time.perf_counter()
    with alone(workspace):
        config = workspace.config
        panel, as_of = load_panel(
            workspace, request.as_of, year=request.year, region=request.region, plan=request.plan
        )
        settings = Settings(
            as_of=as_of,
            year=as_of.year if request.year is None else request.year,
            standard=request.standard or config.standards.aqi or config.standards.limits or None,
            n_paths=request.paths or config.run.paths,
            seed=config.run.seed if request.seed is None else request.seed,
            denominator=config.standards.denominator,
            likely=config.thresholds.likely,
            unlikely=config.thresholds.unlikely,
            model=request.model or config.run.model,
            outlook=config.run.outlook,
            month_rule=config.water.stable,
            month_share=config.water.stable_share,
        )
        _check(settings)
        asked = {
            "as_of": as_of.isoformat(),
            "year": settings.year,
            "plan": request.plan,
            "region": request.region,
            "standard": settings.standard,
            "model": settings.model,
            "paths": settings.n_paths,
            "seed": settings.seed,
        }
        if _sees_later(panel, as_of):
            asked["corrections"] = "later than as_of"
        config_sha = file_sha256(workspace.config_path)
        files, wrong = scenario_files(workspace)
        if files:
            asked["scenarios"] = scenarios_sha256(files)
        plans_sha = hashlib.sha256(
            "".join(p.model_dump_json() for p in panel.entered.plans).encode("utf-8")
        ).hexdigest()
        name = run_id(
            as_of.isoformat(), {**asked, "plans": plans_sha}, workspace.store.fingerprint(),
            config_sha,
        )  # fmt: skip
        folder = workspace.reports / name
        flags = flags_behind(workspace, panel, as_of)
        remarks = tuple(flag_remarks(flags))
        stood = _finished(folder)
        if stood is not None:
            _point(workspace, name, newest)
            return Outcome(name, folder, stood, new=False, remarks=remarks)
        jobs = request.jobs or config.run.jobs or _automatic_jobs(panel)
        projection = project_panel(
            panel, settings, jobs=jobs, progress=progress, keep=regions_of(files)
        )
        flow, said = region_flow_trends(workspace, panel, as_of, settings.seed)
        projection.warnings.extend([*said, *unmatched_sections(config, panel.water)])
        scenarios, unanswered = run_scenarios(
            workspace, panel, settings, projection, files, name, progress
        )
        projection.warnings.extend([*wrong, *unanswered])
        created = clock()
        result = {
            "run": {
                "id": name,
                "as_of": as_of.isoformat(),
                "year": settings.year,
                "created": created.isoformat(timespec="seconds"),
                "seed": settings.seed,
                "version": __version__,
                "standard": settings.standard or "by date",
                "inputs": _inputs(workspace, panel),
                "config_sha256": config_sha,
                "sample": config.workspace.sample,
                "seconds": round(time.perf_counter() - started, 3),
            },
            "projections": projection.entries,
            "groups": projection.groups,
            "water": water_rows(projection.water, flow),
            "reference": projection.reference,
            "scenarios": scenarios,
            "warnings": [{"zh": zh, "en": en} for zh, en in projection.warnings],
        }
        publish(
            folder,
            lambda aside: _write(
                workspace, aside, result, asked, projection, flow, progress, started, flags, panel
            ),
        )  # fmt: skip
        _point(workspace, name, newest)
        return Outcome(name, folder, result, new=True, remarks=remarks)


def latest_run(workspace: Workspace) -> Path | None:
    """Return the folder of the newest run, None where there is none."""
    try:
        name = (workspace.reports / "latest").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    folder = workspace.reports / name
    return folder if name and folder.is_dir() else None


def _finished(folder: Path) -> dict[str, Any] | None:
    """Return the result of a run that stands whole, None where a part is missing or damaged."""
    if not (folder / "index.html").is_file():
        return None
    try:
        result: dict[str, Any] = json.loads((folder / "projection.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return result


def _sees_later(panel: Panel, as_of: date) -> bool:
    """Return whether a value is used that became known only after ``as_of``.

    That is so without ``--as-of``, where a correction came later than the last reading; such a run
    is another one than that of the same day with ``--as-of``.
    """
    day_after = pd.Timestamp(as_of) + pd.Timedelta(days=1)
    return any(bool((t["known_from"] >= day_after).any()) for t in (panel.air, panel.water))


def _check(settings: Settings) -> None:
    air_model(settings.model)
    if settings.standard:
        from forecast.standards.versions import resolve

        resolve(settings.standard)
    if settings.year < settings.as_of.year - 30 or settings.year > settings.as_of.year + 10:
        raise ForecastError(
            f"The year {settings.year} is out of reach of readings up to {settings.as_of}.",
            "Ask for a year at most ten years ahead or thirty back.",
        )


#: Below so many cities a second process costs more than it saves (it loads everything anew).
_CITIES_PER_PROCESS = 8


def _automatic_jobs(panel: Panel) -> int:
    """Processes for a run: one for a small workspace, up to the number of cores for a large one."""
    cities = panel.air[["region", "place"]].drop_duplicates().shape[0]
    return max(1, min(os.cpu_count() or 1, 1 + cities // _CITIES_PER_PROCESS))


def _inputs(workspace: Workspace, panel: Panel) -> list[dict[str, str]]:
    used = set(panel.air["file_id"]) | set(panel.water["file_id"])
    files = workspace.store.files()
    kept = files[files["file_id"].isin(used)].sort_values(["path", "sha256"])
    return [
        {"path": str(p), "sha256": str(s)}
        for p, s in kept[["path", "sha256"]].drop_duplicates().itertuples(index=False)
    ]


def _write(
    workspace: Workspace,
    aside: Path,
    result: dict[str, Any],
    asked: dict[str, Any],
    projection: PanelProjection,
    flow: dict[str, list[FlowTrend]],
    progress: Progress | None,
    started: float,
    flags: pd.DataFrame,
    panel: Panel,
) -> None:
    (aside / "projection.json").write_text(to_json(result), encoding="utf-8", newline="\n")
    notices = _notices(workspace)
    charts, names = draw_figures(
        projection, result, aside / "charts", progress, tuple(notices), flow=flow, panel=panel
    )
    config = workspace.config
    context = PageContext(
        workspace=config.workspace.name or workspace.root.name,
        result=result,
        charts=tuple(charts),
        notices=tuple(notices),
        warnings=(*projection.warnings, *flag_remarks(flags)),
        reference=tuple(result["reference"]),
    )
    write_page(context, aside / "index.html")
    outputs = sorted(p for p in aside.rglob("*") if p.is_file())
    manifest = {
        "manifest_version": MANIFEST_VERSION,
        "run": result["run"],
        "request": asked,
        "versions": versions(),
        "tables_sha256": workspace.store.fingerprint(),
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
