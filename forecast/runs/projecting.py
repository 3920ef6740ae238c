"""What a run works out, without a file written: the question as asked, the answer as an object."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pandas as pd

from forecast import __version__
from forecast.configuration import Config
from forecast.errors import ForecastError
from forecast.features.weather_ahead import WeatherAhead
from forecast.models.kept_fits import KeptFits
from forecast.models.registry import air_model
from forecast.projection.flow_trends import FlowTrend
from forecast.projection.panel import Panel, PanelProjection, project_panel
from forecast.projection.settings import Settings
from forecast.projection.short_range import short_range, water_short_range
from forecast.runs.inputs import load_panel
from forecast.runs.manifest import file_sha256
from forecast.runs.request import Request, settings_of
from forecast.runs.scenario_files import scenario_files
from forecast.runs.scenario_packages import NamedScenario
from forecast.runs.scenario_runs import regions_of, run_scenarios, scenarios_sha256
from forecast.runs.short_range_weather import forecasts_sha256, load_forecasts
from forecast.runs.water_inputs import region_flow_trends, unmatched_sections, water_rows
from forecast.workspace import Workspace

__all__ = ["Answered", "Question", "answered", "processes", "question_of"]

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Question:
    """A request on the readings known to a workspace.

    Attributes:
        panel, settings: what is projected and how.
        asked: JSON-ready, every default filled in; it names the run.
        config_sha256, plans_sha256: of the configuration's bytes and of the plans in use.
        scenarios: the scenario files.
        forecasts: normalised region → the weather forecast for the next days.
        wrong: what is wrong with files beside the readings that could not be read (zh, en).
    """

    panel: Panel
    settings: Settings
    asked: dict[str, Any]
    config_sha256: str
    plans_sha256: str
    scenarios: Sequence[NamedScenario] = ()
    forecasts: Mapping[str, WeatherAhead] = field(default_factory=dict)
    wrong: Sequence[tuple[str, str]] = ()

    @property
    def as_of(self) -> date:
        """Last day whose readings are used."""
        return self.settings.as_of


@dataclass(frozen=True)
class Answered:
    """The answer: the object of ``projection.json`` but for times, and what is drawn from.

    ``result["run"]`` lacks ``created`` and ``seconds``.
    """

    result: dict[str, Any]
    projection: PanelProjection = field(repr=False)
    flow: dict[str, list[FlowTrend]] = field(repr=False)


def question_of(workspace: Workspace, request: Request) -> Question:
    """Read what a request needs.

    Raises:
        ForecastError: no readings, an unknown region, plan, model or standard, a year out of reach.
    """
    panel, as_of = load_panel(
        workspace, request.as_of, year=request.year, region=request.region, plan=request.plan
    )
    settings = settings_of(workspace.config, request, as_of, outlook=workspace.config.run.outlook)
    _check(settings)
    asked: dict[str, Any] = {
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
    files, wrong = scenario_files(workspace)
    if files:
        asked["scenarios"] = scenarios_sha256(files)
    forecasts, unread = load_forecasts(workspace, as_of, set(panel.air["region"]))
    if forecasts:
        asked["weather_forecasts"] = forecasts_sha256(forecasts)
    if wrong or unread:
        # What is said of files that can't be read belongs to the answer.
        said = "\n".join(en for _, en in (*wrong, *unread))
        asked["left_out"] = hashlib.sha256(said.encode("utf-8")).hexdigest()
    plans = "".join(p.model_dump_json() for p in panel.entered.plans)
    return Question(
        panel, settings, asked, file_sha256(workspace.config_path),
        hashlib.sha256(plans.encode("utf-8")).hexdigest(), files, forecasts, (*wrong, *unread),
    )  # fmt: skip


def answered(
    workspace: Workspace,
    question: Question,
    name: str,
    *,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Answered:
    """Work out the answer; it does not depend on ``jobs``.

    Args:
        workspace, question: as read by :func:`question_of`.
        name: of the run.
        jobs: processes; None: the configuration's, else by the number of cities.
        progress: called with the stage, places done and in all.
    """
    config, panel, settings = workspace.config, question.panel, question.settings
    projection = project_panel(
        panel, settings, jobs=processes(config, panel, jobs),
        progress=progress, keep=regions_of(question.scenarios),
        fits=KeptFits(workspace.models / "fits"),
    )  # fmt: skip
    flow, said = region_flow_trends(workspace, panel, settings.as_of, settings.seed)
    projection.warnings.extend([*said, *unmatched_sections(config, panel.water)])
    scenarios, unanswered = run_scenarios(
        workspace, panel, settings, projection, question.scenarios, name, progress
    )
    projection.warnings.extend([*question.wrong, *unanswered])
    result: dict[str, Any] = {
        "run": {
            "id": name,
            "as_of": settings.as_of.isoformat(),
            "year": settings.year,
            "seed": settings.seed,
            "version": __version__,
            "standard": settings.standard or "by date",
            "inputs": _inputs(workspace, panel),
            "config_sha256": question.config_sha256,
            "sample": config.workspace.sample,
        },
        "projections": projection.entries,
        "groups": projection.groups,
        "water": water_rows(projection.water, flow),
        "reference": projection.reference,
        "scenarios": scenarios,
        "short_range": {
            "air": short_range(panel, settings, question.forecasts),
            "water": water_short_range(panel, settings, projection.water),
        },
        "expected_days": [
            {"region": a.region, "place": a.place, **a.ahead}
            for a in projection.air
            if a.ahead is not None
        ],
        "warnings": [{"zh": zh, "en": en} for zh, en in projection.warnings],
    }
    return Answered(result, projection, flow)


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


def processes(config: Config, panel: Panel, asked: int | None) -> int:
    """Processes for a run: as asked, as configured, else by the number of cities.

    One for a small workspace, up to the number of cores for a large one.
    """
    if asked or config.run.jobs:
        return asked or config.run.jobs
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
