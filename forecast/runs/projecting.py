"""What a run works out, without a file written: the question as asked, the answer as an object."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import pandas as pd

from forecast import __version__
from forecast.configuration import Config
from forecast.configuration_alerts import AlertSettings
from forecast.errors import ForecastError
from forecast.features.weather_ahead import WeatherAhead
from forecast.ingest.decisions import settle_left_over
from forecast.models.kept_fits import KeptFits
from forecast.models.registry import air_model
from forecast.projection.answers import DomainAnswer, home_names, joined, project_panel
from forecast.projection.flow_trends import FlowTrend
from forecast.projection.panel import Panel, PanelProjection, city_spans
from forecast.projection.settings import Settings
from forecast.projection.water_regions import WaterRegion
from forecast.region_names import normalise_region
from forecast.runs.batches import Batch, Share, Tables, first_batches, water_batches
from forecast.runs.inputs import load_panel, open_panel, with_readings
from forecast.runs.manifest import file_sha256
from forecast.runs.request import Request, settings_of
from forecast.runs.scenario_files import scenario_files
from forecast.runs.scenario_packages import NamedScenario
from forecast.runs.scenario_runs import regions_of, run_scenarios, scenarios_sha256
from forecast.runs.short_range_weather import forecasts_sha256, load_forecasts
from forecast.runs.survey import survey
from forecast.runs.water_inputs import region_flow_trends, unmatched_sections, water_rows
from forecast.runs.workers import worked_off
from forecast.store import Store
from forecast.workspace import Workspace

__all__ = ["Answered", "Question", "answered", "processes", "question_of"]

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Question:
    """A request on the readings known to a workspace.

    Attributes:
        panel: what is projected; its readings are there only where ``held``.
        settings: how it is projected.
        asked: JSON-ready, every default filled in; it names the run.
        config_sha256, plans_sha256: of the configuration's bytes and of the plans in use.
        cities, waters: places with readings of air and of water, as (region, place).
        store, config: of the workspace.
        known_at: only what was known at the end of this day; None: all that is known.
        held: whether the readings are few enough to be held all at once.
        scenarios: the scenario files.
        forecasts: normalised region → the weather forecast for the next days.
        wrong: what is wrong with files beside the readings that could not be read (zh, en).
    """

    panel: Panel = field(repr=False)
    settings: Settings
    asked: dict[str, Any]
    config_sha256: str
    plans_sha256: str
    cities: Sequence[tuple[str, str]] = field(repr=False)
    waters: Sequence[tuple[str, str]] = field(repr=False)
    store: Store
    config: Config = field(repr=False)
    known_at: date | None
    held: bool
    scenarios: Sequence[NamedScenario] = ()
    forecasts: Mapping[str, WeatherAhead] = field(default_factory=dict)
    wrong: Sequence[tuple[str, str]] = ()

    @property
    def as_of(self) -> date:
        """Last day whose readings are used."""
        return self.settings.as_of

    @property
    def regions(self) -> set[str]:
        """The regions asked for, as their readings name them."""
        return {r for r, _ in (*self.cities, *self.waters) if self.panel.wants(r)}

    def panel_of(self, keys: Collection[str]) -> Panel:
        """Return the panel with the readings of at least these regions (normalised)."""
        if self.held:
            return self.panel
        wanted = set(keys)
        cities, waters = (
            {r for r, _ in places if normalise_region(r) in wanted}
            for places in (self.cities, self.waters)
        )
        return with_readings(
            self.panel, self.store, self.config, self.known_at, self.as_of, cities=cities,
            waters=waters,
        )  # fmt: skip


@dataclass(frozen=True)
class Answered:
    """The answer: the object of ``projection.json`` but for times, and what is drawn from.

    ``result["run"]`` lacks ``created`` and ``seconds``.
    """

    result: dict[str, Any]
    projection: PanelProjection = field(repr=False)
    flow: dict[str, list[FlowTrend]] = field(repr=False)


#: Readings that are held all at once: some 30 cities of eight years, in 150 MB.
_HELD_ROWS = 500_000


def question_of(workspace: Workspace, request: Request) -> Question:
    """Read what a request needs.

    Raises:
        ForecastError: no readings, an unknown region, plan, model or standard, a year out of reach.
    """
    # A decision that is on record holds, also where its command was stopped before the tables.
    settle_left_over(workspace)
    store = workspace.store
    tables = store.manifest()
    rows = sum(
        int(p["rows"]) for t in ("air_daily", "water_samples") for p in tables.get(t, {}).values()
    )
    kept = KeptFits(workspace.models / "fits")
    known = survey(store, request.as_of, kept) if rows > _HELD_ROWS else None
    of = {"year": request.year, "region": request.region, "plan": request.plan}
    if known is not None and (known.air.regions or known.water.regions):
        panel, as_of = open_panel(workspace, known, **of)  # type: ignore[arg-type]
        cities, waters = known.air.until(as_of).places(), known.water.until(as_of).places()
        later = known.sees_later(store, as_of)
    else:
        known = None
        panel, as_of = load_panel(workspace, request.as_of, **of)  # type: ignore[arg-type]
        cities, waters = _places(panel.air), _places(panel.water)
        later = _sees_later(panel, as_of)
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
    if later:
        asked["corrections"] = "later than as_of"
    files, wrong = scenario_files(workspace)
    if files:
        asked["scenarios"] = scenarios_sha256(files)
    forecasts, unread = load_forecasts(workspace, as_of, {r for r, _ in cities})
    if forecasts:
        asked["weather_forecasts"] = forecasts_sha256(forecasts)
    if wrong or unread:
        # What is said of files that can't be read belongs to the answer.
        said = "\n".join(en for _, en in (*wrong, *unread))
        asked["left_out"] = hashlib.sha256(said.encode("utf-8")).hexdigest()
    plans = "".join(p.model_dump_json() for p in panel.entered.plans)
    return Question(
        panel, settings, asked, file_sha256(workspace.config_path),
        hashlib.sha256(plans.encode("utf-8")).hexdigest(), cities, waters, store,
        workspace.config, request.as_of, known is None, files, forecasts, (*wrong, *unread),
    )  # fmt: skip


def _places(readings: pd.DataFrame) -> list[tuple[str, str]]:
    pairs = readings[["region", "place"]].drop_duplicates()
    return sorted((str(r), str(p)) for r, p in pairs.itertuples(index=False))


def answered(
    workspace: Workspace,
    question: Question,
    name: str,
    *,
    jobs: int | None = None,
    cluster: str = "",
    progress: Progress | None = None,
) -> Answered:
    """Work out the answer; it depends neither on ``jobs`` nor on ``cluster``.

    Args:
        workspace, question: as read by :func:`question_of`.
        name: of the run.
        jobs: processes; None: the configuration's, else by the number of cities.
        cluster: address of a Dask scheduler; empty: this machine.
        progress: called with the stage, places done and in all.

    Raises:
        ForecastError: a worker can't do its part, or all of them are lost.
    """
    config, panel, settings = workspace.config, question.panel, question.settings
    projection, file_ids = _projected(workspace, question, jobs, cluster, progress)
    flow, said = _flow_trends(workspace, question)
    places = pd.DataFrame(question.waters, columns=["region", "place"])
    projection.warnings.extend([*said, *unmatched_sections(config, places)])
    asked = regions_of(question.scenarios)
    scenarios, unanswered = run_scenarios(
        workspace, question.panel_of(asked) if asked else panel, settings, projection,
        question.scenarios, name, progress,
    )  # fmt: skip
    projection.warnings.extend([*question.wrong, *unanswered])
    result: dict[str, Any] = {
        "run": {
            "id": name,
            "as_of": settings.as_of.isoformat(),
            "year": settings.year,
            "seed": settings.seed,
            "version": __version__,
            "standard": settings.standard or "by date",
            "inputs": _inputs(workspace, file_ids),
            "config_sha256": question.config_sha256,
            "sample": config.workspace.sample,
        },
        "projections": projection.entries,
        "groups": projection.groups,
        "water": water_rows(projection.water, flow),
        "reference": projection.reference,
        "scenarios": scenarios,
        "short_range": {**projection.short_range, "warning": _warning(config.alerts)},
        "expected_days": [
            {"region": a.region, "place": a.place, **a.ahead}
            for a in projection.air
            if a.ahead is not None
        ],
        "warnings": [{"zh": zh, "en": en} for zh, en in projection.warnings],
    }
    return Answered(result, projection, flow)


def _warning(settings: AlertSettings) -> dict[str, Any]:
    """The rule by which the days ahead are warned of, as it was when the outlook was made."""
    return {
        "level": settings.episode_level,
        "probability": settings.episode_probability,
        "days": settings.episode_days,
    }


def _projected(
    workspace: Workspace,
    question: Question,
    jobs: int | None,
    cluster: str,
    progress: Progress | None,
) -> tuple[PanelProjection, set[str]]:
    """The projection, and the files whose readings it used."""
    config, panel, settings = workspace.config, question.panel, question.settings
    keep, folder = regions_of(question.scenarios), workspace.models / "fits"
    workers = processes(config, len(question.cities), jobs)
    if question.held and workers == 1 and not cluster:
        projection = project_panel(
            panel, settings, keep=keep, fits=KeptFits(folder), forecasts=question.forecasts,
            progress=progress,
        )  # fmt: skip
        return projection, _files_used(panel)
    if panel.spans is None:
        panel = replace(panel, spans=city_spans(panel.air, settings.as_of))
    cities, waters = ({r for r, _ in p} for p in (question.cities, question.waters))
    homes = home_names(panel, cities, waters)
    whole = Share(
        (), Tables.of(question.store, config.run.cluster_tables if cluster else ""), config,
        replace(panel, air=panel.air[:0], water=panel.water[:0], dust_days=panel.dust_days[:0],
                weather={}),
        settings, homes, frozenset(keep), question.forecasts, str(folder), question.known_at,
    )  # fmt: skip
    total = {
        "air": sum(panel.wants(r) for r, _ in question.cities),
        "water": sum(panel.wants(r) for r in waters),
    }
    done = dict.fromkeys(total, 0)
    fitted: list[WaterRegion] = []
    file_ids: set[str] = set()

    def answers(batches: Sequence[Batch]) -> Iterator[DomainAnswer]:
        with closing(worked_off(batches, jobs=workers, cluster=cluster)) as work:
            for answer in work:
                fitted.extend(answer.fitted)
                file_ids.update(answer.file_ids)
                done[answer.domain] += answer.n_places
                if progress and answer.n_places:
                    progress(answer.domain, done[answer.domain], total[answer.domain])
                yield from answer.answers

    # How many workers a cluster has, and will have, is not known here.
    cut = max(workers, _CLUSTER_WORKERS) if cluster else workers
    told = [*answers(first_batches(whole, cities, waters, cut))]
    told += answers(water_batches(whole, fitted, cut))
    return joined(panel, settings, homes, told), file_ids


def _files_used(panel: Panel) -> set[str]:
    """The files of the readings that the regions asked for are projected from.

    Sections of all regions take part in the fit of one.
    """
    air = panel.air.loc[panel.air["region"].map(panel.wants).astype(bool), "file_id"]
    wet = any(panel.wants(str(r)) for r in panel.water["region"].unique())
    return {*map(str, air.unique()), *(map(str, panel.water["file_id"].unique()) if wet else ())}


def _flow_trends(
    workspace: Workspace, question: Question
) -> tuple[dict[str, list[FlowTrend]], list[tuple[str, str]]]:
    """Flow-normalised trends by region and remarks on them; one region's readings at a time."""
    settings = question.settings
    if question.held:
        return region_flow_trends(workspace, question.panel, settings.as_of, settings.seed)
    found: dict[str, list[FlowTrend]] = {}
    said: list[tuple[str, str]] = []
    if question.store.read("flow_daily", columns=["region"]).empty:
        return found, said
    for region in sorted({r for r, _ in question.waters if question.panel.wants(r)}):
        panel = question.panel_of([normalise_region(region)])
        own = replace(panel, water=panel.water[panel.water["region"] == region])
        trends, remarks = region_flow_trends(workspace, own, settings.as_of, settings.seed)
        found |= trends
        said += remarks
    return found, said


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
_CITIES_PER_PROCESS = 4
#: A run on a cluster is cut for at least so many workers.
_CLUSTER_WORKERS = 16


def processes(config: Config, n_cities: int, asked: int | None) -> int:
    """Processes for a run: as asked, as configured, else by the number of cities.

    One for a small workspace, up to the number of processors that this process may use for a large
    one.
    """
    from joblib import cpu_count

    if asked or config.run.jobs:
        return asked or config.run.jobs
    return max(1, min(int(cpu_count()), 1 + n_cities // _CITIES_PER_PROCESS))


def _inputs(workspace: Workspace, file_ids: set[str]) -> list[dict[str, str]]:
    files = workspace.store.files()
    kept = files[files["file_id"].isin(file_ids)].sort_values(["path", "sha256"])
    return [
        {"path": str(p), "sha256": str(s)}
        for p, s in kept[["path", "sha256"]].drop_duplicates().itertuples(index=False)
    ]
