"""The annual review as documents: from a run and the tables to HTML, Word, workbook and PDF."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from forecast.disk import sweep, write_file
from forecast.errors import ForecastError, UsageError, WorkspaceError
from forecast.ingest.decisions import settle_left_over
from forecast.processes import spread
from forecast.projection.panel import Panel
from forecast.region_names import normalise_region
from forecast.report.chapters.catalogue import chapter_names, review_document
from forecast.report.figure_parts import stem
from forecast.report.region_results import by_region, standard_of, warnings_by_region
from forecast.report.review_formats import write_format
from forecast.report.word_template import check_template
from forecast.runs.execute import execute, latest_run
from forecast.runs.flagged import flag_remarks, flags_behind
from forecast.runs.manifest import file_sha256, to_json
from forecast.runs.request import Request
from forecast.runs.review_facts import ReviewJob, review_facts
from forecast.runs.review_options import ReviewOptions
from forecast.runs.review_readings import ReviewReadings, cities_in_short, readings_for
from forecast.runs.steady_tables import steady
from forecast.runs.stored_run import read_run
from forecast.targets.loader import find_plan, load_plans
from forecast.workspace import Workspace

__all__ = ["ReviewOptions", "ReviewOutcome", "write_reviews"]

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class ReviewOutcome:
    """What was written: the run behind it, the folder, the files by region, remarks (zh, en).

    ``failed`` holds the regions that could not be reviewed, with the reason.
    """

    run_id: str
    folder: Path
    files: dict[str, list[Path]]
    remarks: tuple[tuple[str, str], ...] = ()
    failed: dict[str, str] = field(default_factory=dict)


def write_reviews(
    workspace: Workspace, options: ReviewOptions, *, progress: Progress | None = None
) -> ReviewOutcome:
    """Write the review of every region asked for.

    Raises:
        UsageError: an option makes no sense (unknown run, chapter, format, template, plan).
        ForecastError: there is nothing to review.
    """
    settings = workspace.config.report
    chapters = options.chapters or tuple(settings.chapters)
    chapter_names(chapters, options.kind)
    template = _template(workspace, options)
    if template is not None and "docx" in options.formats:
        check_template(template)
    if options.plan is not None:
        folder_of_plans = workspace.root / workspace.config.plans.folder
        find_plan(load_plans(folder_of_plans, names=workspace.config.plans.names), options.plan)
    folder = _run_folder(workspace, options, progress)
    result, manifest = _stored(folder)
    year = int(result["run"]["year"])
    if options.year is not None and options.year != year:
        raise UsageError(
            f"The run {folder.name} is of {year}, not of {options.year}.",
            "Leave --run out, or name a run of that year.",
        )
    as_of = date.fromisoformat(str(result["run"]["as_of"]))
    written = options.written or datetime.now(workspace.timezone).date()
    options = replace(options, chapters=chapters, template=template, written=written)
    out = options.out or folder / "review"
    # A decision that is on record holds, also where its command was stopped before the tables.
    settle_left_over(workspace)
    with steady(workspace) as then:
        readings = readings_for(then, as_of, year=year, region=options.region)
        names = _regions(result, options.region)
        remarks = _later_readings(then, folder, manifest)
        job = _job(then, options, readings, result, folder, remarks)
        del result
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WorkspaceError(
                f"{out} can't be written ({error.strerror or error}).",
                "Choose another with --out.",
            ) from error
        sweep(out)
        files, failed = _all(job, names, out, progress)
    if not files:
        raise ForecastError(*next(iter(failed.values())))
    _record(out, job, files)
    said = {name: " ".join(words) for name, words in failed.items()}
    return ReviewOutcome(folder.name, out, files, tuple(remarks), said)


def _later_readings(
    workspace: Workspace, folder: Path, manifest: dict[str, Any]
) -> list[tuple[str, str]]:
    """The remark that readings changed after the run, where they did."""
    if manifest.get("tables_sha256") in (None, workspace.store.fingerprint()):
        return []
    return [
        (
            f"运行 {folder.name} 之后监测数据有变化：图表为现有数据，预测和概率仍为该运行的结果。",
            f"The readings changed after the run {folder.name}: charts show them as they are "
            "now, forecasts as they were.",
        )
    ]


def _job(
    workspace: Workspace,
    options: ReviewOptions,
    readings: ReviewReadings,
    result: dict[str, Any],
    folder: Path,
    remarks: Sequence[tuple[str, str]],
) -> ReviewJob:
    """What all reviews have in common; of the result, what is said of each region."""
    config, run = workspace.config, result["run"]
    parts = {part.key: part for part in by_region(result)}
    named = [part.name for part in parts.values()]
    own, of_all = warnings_by_region([(w["zh"], w["en"]) for w in result["warnings"]], named)
    flagged = flag_remarks(flags_behind(workspace, readings.regions, readings.as_of))
    now, now_of_all = warnings_by_region([*flagged, *remarks], named)
    # Remarks of the run on a region, those on all, then the same of the readings as they are now.
    said = {key: [*own.get(key, ()), *of_all, *now.get(key, ()), *now_of_all] for key in parts}
    denominator = config.standards.denominator
    jobs = _jobs(options, len(readings.cities))
    others = cities_in_short(readings, int(run["year"]), standard_of(run), denominator, jobs)
    return ReviewJob(
        options, readings, others, run, parts, said, folder,
        config.report.organisation, denominator,
    )  # fmt: skip


#: Into so many shares per process the regions are cut: enough to keep all of them busy to the end.
_SHARES = 6
#: Regions from which on a second process pays: it loads everything anew.
_REGIONS_PER_PROCESS = 2
#: Regions whose readings are held at once.
_REGIONS_HELD = 8


def _jobs(options: ReviewOptions, regions: int) -> int:
    return options.jobs or max(1, min(os.cpu_count() or 1, regions // _REGIONS_PER_PROCESS))


def _all(
    job: ReviewJob, names: Sequence[str], out: Path, progress: Progress | None
) -> tuple[dict[str, list[Path]], dict[str, tuple[str, str]]]:
    """Write the review of every region; one that can't be written does not stop the others."""
    jobs = _jobs(job.options, len(names))
    size = 1 if jobs == 1 else max(1, min(_REGIONS_HELD, -(-len(names) // (jobs * _SHARES))))
    shares = (
        (job.share(names[k : k + size]), names[k : k + size]) for k in range(0, len(names), size)
    )
    files: dict[str, list[Path]] = {}
    failed: dict[str, tuple[str, str]] = {}
    with closing(spread(partial(_share, out=out), shares, jobs)) as made:
        for name, found in zip(names, chain.from_iterable(made), strict=True):
            if isinstance(found, tuple):
                failed[name] = found
            else:
                files[name] = found
            if progress:
                progress("review", len(files) + len(failed), len(names))
    return files, failed


def _share(share: tuple[ReviewJob, Sequence[str]], out: Path) -> list[list[Path] | tuple[str, str]]:
    """The reviews of some regions, whose readings are read together."""
    job, regions = share
    readings = job.readings.panel_of(map(normalise_region, regions))
    return [_tried(job, region, readings, out) for region in regions]


def _tried(job: ReviewJob, region: str, readings: Panel, out: Path) -> list[Path] | tuple[str, str]:
    """The files of one region, or the sentence and the cure where it can't be reviewed."""
    try:
        return _one(job, region, readings, out)
    except ForecastError as error:
        if job.options.region is not None:
            raise
        return (error.message, error.cure)


def _one(job: ReviewJob, region: str, readings: Panel, out: Path) -> list[Path]:
    """Write the review of one region in every format."""
    options = job.options
    facts = review_facts(job, region, readings)
    if options.written is None:
        raise ValueError("the day of writing is set before the work is shared out")
    document = review_document(
        facts, written=options.written, organisation=job.organisation, chapters=options.chapters
    )
    words = {"annual": "review", "midterm": "midterm-review", "final": "final-review"}
    end = "" if options.lang == "zh" else f"-{options.lang}"
    name = stem(words[options.kind], region, str(facts.year)) + end
    return [
        write_format(
            document, out / f"{name}.{form}", form, options.lang, template=options.template
        )
        for form in options.formats
    ]


def _template(workspace: Workspace, options: ReviewOptions) -> Path | None:
    if options.template is not None:
        return options.template
    named = workspace.config.report.template
    return workspace.root / named if named else None


def _run_folder(workspace: Workspace, options: ReviewOptions, progress: Progress | None) -> Path:
    """The run that the review rests on; made now where none stands."""
    if options.run is not None:
        folder = workspace.reports / options.run
        if options.run in ("", ".", "..") or not (folder / "projection.json").is_file():
            runs = sorted(
                (p.parent.name for p in workspace.reports.glob("*/projection.json")), reverse=True
            )
            raise UsageError(
                f"There is no run {options.run} in {workspace.reports}.",
                f"Runs: {', '.join(runs[:10])}." if runs else "Make one first: forecast run.",
            )
        return folder
    if options.year is None:
        newest = latest_run(workspace)
        if newest is not None:
            return newest
    else:
        stands = _of_year(workspace, options.year, options.region)
        if stands is not None:
            return stands
    # The review of another year is no reason for the newest run to be forgotten.
    made = execute(
        workspace, Request(year=options.year, region=options.region), progress=progress,
        newest=False,
    )  # fmt: skip
    return made.folder


def _of_year(workspace: Workspace, year: int, region: str | None) -> Path | None:
    """The last run of ``year`` over the readings and settings as they are, None where none is."""
    fingerprint = workspace.store.fingerprint()
    config = file_sha256(workspace.config_path)
    found: list[tuple[str, Path]] = []
    for path in workspace.reports.glob("*/manifest.json"):
        try:
            result, manifest = _stored(path.parent)
        except ForecastError:
            continue
        asked, run = manifest.get("request", {}), result["run"]
        if (
            manifest.get("tables_sha256") == fingerprint
            and run.get("config_sha256") == config
            and asked.get("year") == year
            and asked.get("plan") is None
            and asked.get("region") in (None, region)
        ):
            found.append((str(run.get("created", "")), path.parent))
    return max(found)[1] if found else None


def _stored(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The result and the manifest of a run.

    Raises:
        ForecastError: one is missing, damaged, altered or not that of a run.
    """
    stored = read_run(folder)
    if not {"projections", "warnings", "water"} <= set(stored.result):
        raise ForecastError(
            f"The run {folder.name} can't be read (parts of it are missing).",
            "Make it anew: forecast run.",
        )
    return stored.result, stored.manifest


def _regions(result: dict[str, Any], region: str | None) -> list[str]:
    """Regions of a run in its order; 衡水 and 衡水市 are one, named as the air data name it."""
    named: dict[str, str] = {}
    for entry in sorted(result["projections"], key=lambda e: e["domain"] != "air"):
        named.setdefault(normalise_region(str(entry["region"])), str(entry["region"]))
    order = dict.fromkeys(normalise_region(str(e["region"])) for e in result["projections"])
    found = [named[key] for key in order]
    if region is None:
        if not found:
            raise ForecastError(
                f"The run {result['run']['id']} has no region.", "Take readings in, then run again."
            )
        return found
    wanted = normalise_region(region)
    own = [name for key, name in named.items() if key == wanted]
    if not own:
        raise UsageError(
            f"The run {result['run']['id']} has no region {region}.",
            f"Regions: {', '.join(found[:20])}.",
        )
    return own


def _record(out: Path, job: ReviewJob, files: dict[str, list[Path]]) -> None:
    """Write down what was made, and from what."""
    options = job.options
    listed = [
        {"region": region, "path": p.name, "sha256": hashlib.sha256(p.read_bytes()).hexdigest()}
        for region, paths in files.items()
        for p in paths
    ]
    # Reviews of other regions or languages in the same folder stay on record.
    names = {str(one["path"]) for one in listed}
    kept = [f for f in _recorded(out) if f["path"] not in names and (out / f["path"]).is_file()]
    record = {
        "run": job.run["id"], "kind": options.kind, "lang": options.lang,
        "written": str(options.written), "chapters": list(options.chapters),
        "template": options.template.name if options.template else "", "files": [*kept, *listed],
    }  # fmt: skip
    write_file(out / "review.json", to_json(record).encode("utf-8"))


def _recorded(out: Path) -> list[dict[str, str]]:
    """Files that the record of a folder lists already."""
    try:
        files = json.loads((out / "review.json").read_text(encoding="utf-8"))["files"]
        return [f for f in files if {"region", "path", "sha256"} <= set(f)]
    except (OSError, ValueError, KeyError, TypeError):
        return []
