"""The annual review as documents: from a run and the tables to HTML, Word, workbook and PDF."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from forecast.disk import sweep, write_file
from forecast.errors import ForecastError, UsageError, WorkspaceError
from forecast.region_names import normalise_region
from forecast.report.chapters.catalogue import chapter_names, review_document
from forecast.report.figure_parts import stem
from forecast.report.review_formats import write_format
from forecast.report.word_template import check_template
from forecast.runs.execute import execute, latest_run
from forecast.runs.flagged import flag_remarks, flags_behind
from forecast.runs.inputs import load_panel
from forecast.runs.manifest import file_sha256, to_json
from forecast.runs.request import Request
from forecast.runs.review_facts import ReviewJob, review_facts
from forecast.runs.review_options import ReviewOptions
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
    panel, last = load_panel(workspace, as_of, year=year, region=options.region)
    names = _regions(result, options.region)
    flagged = flag_remarks(flags_behind(workspace, panel.regions(), as_of))
    remarks = []
    if manifest.get("tables_sha256") not in (None, workspace.store.fingerprint()):
        remarks.append(
            (
                f"运行 {folder.name} 之后监测数据有变化：图表为现有数据，预测和概率仍为该运行的结果。",
                f"The readings changed after the run {folder.name}: charts show them as they are "
                "now, forecasts as they were.",
            )
        )
    written = options.written or datetime.now(workspace.timezone).date()
    job = ReviewJob(
        workspace.root, replace(options, chapters=chapters, template=template, written=written),
        panel, result, folder, last, settings.organisation, (*flagged, *remarks),
        workspace.config.standards.denominator,
    )  # fmt: skip
    out = options.out or folder / "review"
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WorkspaceError(
            f"{out} can't be written ({error.strerror or error}).", "Choose another with --out."
        ) from error
    sweep(out)
    files, failed = _all(job, names, out, progress)
    if not files:
        raise ForecastError(*next(iter(failed.values())))
    _record(out, job, files)
    said = {name: " ".join(words) for name, words in failed.items()}
    return ReviewOutcome(folder.name, out, files, tuple(remarks), said)


#: Into so many shares per process the regions are cut: enough to keep all of them busy to the end.
_SHARES = 6
#: Regions from which on a second process pays: it loads everything anew.
_REGIONS_PER_PROCESS = 2


def _all(
    job: ReviewJob, names: Sequence[str], out: Path, progress: Progress | None
) -> tuple[dict[str, list[Path]], dict[str, tuple[str, str]]]:
    """Write the review of every region; one that can't be written does not stop the others."""
    from joblib import Parallel, delayed

    jobs = job.options.jobs or max(1, min(os.cpu_count() or 1, len(names) // _REGIONS_PER_PROCESS))
    made: Iterable[list[list[Path] | tuple[str, str]]]
    if jobs == 1:
        made = ([_tried(job, name, out)] for name in names)
    else:
        # All readings go along with a share of the regions, not with every region.
        size = -(-len(names) // (jobs * _SHARES))
        made = Parallel(n_jobs=jobs, return_as="generator", pre_dispatch=jobs)(
            delayed(_share)(job, names[k : k + size], out) for k in range(0, len(names), size)
        )
    files: dict[str, list[Path]] = {}
    failed: dict[str, tuple[str, str]] = {}
    for name, found in zip(names, chain.from_iterable(made), strict=True):
        if isinstance(found, tuple):
            failed[name] = found
        else:
            files[name] = found
        if progress:
            progress("review", len(files) + len(failed), len(names))
    return files, failed


def _share(job: ReviewJob, regions: Sequence[str], out: Path) -> list[list[Path] | tuple[str, str]]:
    """The reviews of some regions; what they have in common is worked out once."""
    return [_tried(job, region, out) for region in regions]


def _tried(job: ReviewJob, region: str, out: Path) -> list[Path] | tuple[str, str]:
    """The files of one region, or the sentence and the cure where it can't be reviewed."""
    try:
        return _one(job, region, out)
    except ForecastError as error:
        if job.options.region is not None:
            raise
        return (error.message, error.cure)


def _one(job: ReviewJob, region: str, out: Path) -> list[Path]:
    """Write the review of one region in every format."""
    options = job.options
    facts = review_facts(job, region)
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
        "run": job.result["run"]["id"], "kind": options.kind, "lang": options.lang,
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
