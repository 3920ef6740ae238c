"""The Python interface: the commands as methods, answers as pandas objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from forecast import workspace as _workspace
from forecast.api_alert import AlertCalls
from forecast.api_backup import BackupCalls
from forecast.api_options import as_date, known_year
from forecast.api_outlook import OutlookCalls
from forecast.api_scenario import ScenarioCalls
from forecast.api_schedule import ScheduleCalls
from forecast.api_targets import TargetCalls
from forecast.api_verify import VerifyCalls
from forecast.configuration import Config
from forecast.errors import InputError, UsageError

if TYPE_CHECKING:
    from forecast.charts import Chart
    from forecast.fetch import FetchReport
    from forecast.ingest.own_layouts import Proposed
    from forecast.ingest.quality_log import Quality
    from forecast.ingest.report import IngestReport
    from forecast.projection.observed import Assessment
    from forecast.runs.execute import Outcome
    from forecast.runs.repeat import Repeated
    from forecast.runs.review_documents import ReviewOutcome
    from forecast.runs.trends import TrendAnswer
    from forecast.verification.backtest import BacktestOutcome

__all__ = ["Workspace"]

Progress = Callable[[str, int, int], None]


def _by_file(
    progress: Progress | None, stage: str = "ingest"
) -> Callable[[int, int, Path], None] | None:
    """Return a progress of files that tells ``progress`` the stage."""
    if progress is None:
        return None
    return lambda done, total, _: progress(stage, done, total)


class Workspace(
    TargetCalls, ScenarioCalls, ScheduleCalls, OutlookCalls, VerifyCalls, AlertCalls, BackupCalls
):
    """A workspace: a folder with ``forecast.toml``, readings, tables and reports.

    Args:
        folder: an existing workspace; ``Workspace.create`` makes one.

    Raises:
        WorkspaceError: the folder is not a workspace, or its configuration is wrong.
    """

    def __init__(self, folder: str | Path = ".") -> None:
        self._inner = _workspace.Workspace.open(Path(folder))

    @classmethod
    def create(cls, folder: str | Path, *, demo: bool = False) -> Workspace:
        """Make a workspace; with ``demo`` the generated sample city 衡水 is in it, with a made-up scenario.

        Raises:
            WorkspaceError: the folder is a workspace already, or can't be written.
        """
        made = _workspace.Workspace.create(
            Path(folder), name="示例 衡水 (sample)" if demo else "", sample=demo
        )
        if demo:
            from forecast.ingest.run import ingest_paths
            from forecast.runs.scenario_files import write_new_scenario
            from forecast.runs.scenario_packages import SCENARIOS
            from forecast.sample import write_sample, write_sample_scenario

            write_sample(made.raw / "sample")
            ingest_paths(made, [made.raw / "sample"])
            write_sample_scenario(made.root / SCENARIOS)
            write_new_scenario(made)
        return cls(made.root)

    @property
    def root(self) -> Path:
        """The folder."""
        return self._inner.root

    @property
    def config(self) -> Config:
        """The validated configuration."""
        return self._inner.config

    @property
    def reports(self) -> Path:
        """The folder of the runs."""
        return self._inner.reports

    def ingest(
        self,
        paths: Iterable[str | Path],
        *,
        source: str | None = None,
        region: str | None = None,
        mapping: str | Path | None = None,
        retry_quarantine: bool = False,
        estimate_from_index: bool = False,
        dry_run: bool = False,
        progress: Progress | None = None,
    ) -> IngestReport:
        """Take files or folders into the tables; the report says what became of each.

        Args:
            paths: files and folders; none where ``mapping`` names a database.
            source: name of the layout, where it should not be detected.
            region: region of files that have no column for it.
            mapping: a file that maps a layout of one's own; it is kept in the workspace, so that
                the next file of this layout needs no mention of it.
            retry_quarantine: read again what was set aside or refused.
            estimate_from_index: also estimate concentrations from index points, flagged as such.
            dry_run: read and check only, write nothing.
            progress: called with the stage, files done and files in all.
        """
        from forecast.ingest.own_layouts import ingest_mapped
        from forecast.ingest.run import ingest_paths

        given = [Path(p) for p in paths]
        if not given and mapping is None and not retry_quarantine:
            raise UsageError("No file or folder is given.", "Give one: forecast ingest <folder>.")
        if mapping is not None and source is not None:
            raise UsageError("--map and --source exclude each other.", "Leave one of them out.")
        options: dict[str, Any] = {
            "region": region,
            "estimate_from_index": estimate_from_index,
            "retry_quarantine": retry_quarantine,
            "dry_run": dry_run,
            "progress": _by_file(progress),
        }
        if mapping is not None:
            return ingest_mapped(self._inner, given, Path(mapping), **options)
        return ingest_paths(self._inner, given, source=source, **options)

    def map_file(
        self,
        file: str | Path,
        *,
        sheet: str | None = None,
        name: str | None = None,
        out: str | Path | None = None,
        overwrite: bool = False,
    ) -> Proposed:
        """Propose a mapping for the layout of ``file`` and write it; see ``own_layouts.map_file``."""
        from forecast.ingest.own_layouts import map_file

        return map_file(
            self._inner, Path(file), sheet=sheet, name=name,
            out=None if out is None else Path(out), overwrite=overwrite,
        )  # fmt: skip

    def fetch(
        self,
        source: str,
        *,
        ingest: bool = True,
        progress: Progress | None = None,
        **arguments: Any,
    ) -> tuple[FetchReport, IngestReport | None]:
        """Pull from a public source into ``data/raw``, then take it into the tables.

        Args:
            source: a name of ``forecast.fetch.FETCHERS``.
            ingest: False where the files are only to be fetched.
            progress: called with the stage, files done and files in all.
            **arguments: what the source takes; see ``forecast.fetch.fetch``.
        """
        from forecast.fetch import fetch
        from forecast.ingest.report import IngestReport
        from forecast.ingest.run import ingest_paths

        fetched = fetch(self._inner, source, progress=_by_file(progress, "fetch"), **arguments)
        if not ingest or not fetched.to_ingest:
            return fetched, None
        report = IngestReport()
        by_region: dict[str, list[Path]] = {}
        for path, region in fetched.to_ingest:
            by_region.setdefault(region, []).append(path)
        for region, paths in by_region.items():
            report.join(
                ingest_paths(self._inner, paths, region=region or None, progress=_by_file(progress))
            )
        return fetched, report

    def decide(
        self, decision: str, flags: Iterable[str], *, reason: str = "", by: str = ""
    ) -> pd.DataFrame:
        """Accept or reject flagged readings, on record; return the flags decided."""
        from forecast.ingest.decisions import decide

        return decide(self._inner, decision, flags, reason=reason, by=by)

    def quality(self, *, region: str | None = None, every: bool = False) -> Quality:
        """Return the quality flags, what was set aside, and real-time beside audited values."""
        from forecast.ingest.quality_log import quality

        return quality(self._inner, region, every=every)

    def coverage(self, *, region: str | None = None) -> pd.DataFrame:
        """Return what is there: region, place, item, first and last day, values per year."""
        from forecast.ingest.coverage import coverage, regions_named

        table = coverage(self._inner)
        if region is None:
            return table
        return table[table["region"].isin(regions_named(self._inner, region))]

    def latest_run(self) -> Path | None:
        """Return the folder of the newest run, None where there is none."""
        from forecast.runs.execute import latest_run

        return latest_run(self._inner)

    def assess(
        self,
        *,
        year: int | None = None,
        standard: str | None = None,
        region: str | None = None,
    ) -> Assessment:
        """Return the indicators of a year (None: of every year) from what was observed."""
        from forecast.projection.observed import assess
        from forecast.runs.inputs import load_panel

        # All that is known today counts: a correction received after the year corrects the year.
        panel, last = load_panel(self._inner, None, year=known_year(year), region=region)
        found = assess(
            panel,
            last,
            year,
            standard=standard or self.config.standards.aqi or self.config.standards.limits or None,
            denominator=self.config.standards.denominator,
        )
        if found.table.empty:
            raise InputError(
                f"There are no readings of {year or 'any year'} or earlier.",
                "See with `forecast status` which years there are.",
            )
        return found

    def chart(self, name: str, **options: Any) -> list[Chart]:
        """Draw one chart of the annual review, such as ``chart("level_shares", region="衡水")``.

        ``options`` are those of ``forecast.runs.review.ChartOptions``; the names of the charts are
        the keys of ``forecast.report.review_figures.REVIEW_CHARTS``.
        """
        from forecast.runs.review import ChartOptions, draw_chart

        known_year(options.get("year"))
        return draw_chart(self._inner, name, ChartOptions(**options))

    def trend(self, name: str | None = None, **options: Any) -> TrendAnswer:
        """Find one trend, such as ``trend("pm25", region="衡水")``; without a name all six items.

        ``options`` are those of ``forecast.runs.trends.TrendOptions``.
        """
        from forecast.runs.trends import TrendOptions, find_trend

        return find_trend(self._inner, name, TrendOptions(**options))

    def report(
        self,
        *,
        run: str | None = None,
        year: int | None = None,
        region: str | None = None,
        kind: str = "annual",
        plan: str | None = None,
        formats: str = "html,docx,xlsx,pdf",
        chapters: str | None = None,
        template: str | Path | None = None,
        written: str | date | None = None,
        out: str | Path | None = None,
        lang: str = "zh",
        jobs: int | None = None,
        progress: Progress | None = None,
    ) -> ReviewOutcome:
        """Write the annual review of a run; see ``forecast.runs.review_options.ReviewOptions``.

        Without ``run`` it rests on the newest run, or on one of ``year``, made now if it does not
        stand. Lists are with commas.
        """
        from forecast.runs.review_documents import write_reviews
        from forecast.runs.review_options import ReviewOptions, known_formats, known_kind

        if lang not in ("zh", "en"):
            raise UsageError(f"The language {lang} is not known.", "Use zh or en.")
        names = tuple(c.strip() for c in (chapters or "").split(",") if c.strip())
        if chapters is not None and not names:
            raise UsageError("--chapters names no chapter.", "Leave it out to have all.")
        options = ReviewOptions(
            run=run, year=known_year(year), region=region, kind=known_kind(kind), plan=plan,
            formats=known_formats(formats), lang="zh" if lang == "zh" else "en",
            out=None if out is None else Path(out),
            template=None if template is None else Path(template),
            chapters=names, written=as_date(written, "--date"), jobs=jobs,
        )  # fmt: skip
        return write_reviews(self._inner, options, progress=progress)

    def run(
        self,
        *,
        as_of: str | date | None = None,
        year: int | None = None,
        plan: str | None = None,
        region: str | None = None,
        standard: str | None = None,
        model: str | None = None,
        paths: int | None = None,
        seed: int | None = None,
        jobs: int | None = None,
        cluster: str | None = None,
        progress: Progress | None = None,
    ) -> Outcome:
        """Do the main job: every target judged, written to ``reports/<run>/``.

        ``cluster`` is the address of a Dask scheduler to work on, such as ``tcp://10.0.0.5:8786``;
        empty: this machine, whatever the configuration says.
        """
        from forecast.runs.execute import execute
        from forecast.runs.request import Request

        return execute(
            self._inner,
            Request(
                as_of=as_date(as_of), year=known_year(year), plan=plan, region=region, standard=standard,
                model=model, paths=paths, seed=seed, jobs=jobs, cluster=cluster,
            ),
            progress=progress,
        )  # fmt: skip

    def repeat(
        self, run_id: str, *, jobs: int | None = None, progress: Progress | None = None
    ) -> Repeated:
        """Make a past run again from its manifest and compare it with what stands, to the byte."""
        from forecast.runs.repeat import repeat

        return repeat(self._inner, run_id, jobs=jobs, progress=progress)

    def backtest(
        self,
        *,
        origins: str | None = None,
        months: str | None = None,
        models: str | None = None,
        indicators: str | None = None,
        region: str | None = None,
        paths: int | None = None,
        seed: int | None = None,
        jobs: int | None = None,
        out: str | Path | None = None,
        progress: Progress | None = None,
    ) -> BacktestOutcome:
        """Forecast past years again from what was known, and score it; lists are with commas."""
        from forecast.verification.backtest import BacktestRequest, backtest

        request = BacktestRequest(
            origins, months, models, indicators, region, paths, seed, jobs,
            None if out is None else Path(out), self.config.workspace.lang,
        )  # fmt: skip
        return backtest(self._inner, request, progress=progress)

    def projections(self, result: dict[str, Any]) -> pd.DataFrame:
        """Return the targets of a result as one row each."""
        rows = [
            {
                "region": e["region"], "place": e["place"], "indicator": e["indicator"],
                "period": e["period"], "observed": e["observed"]["value_official"],
                "median": (e["forecast"] or {}).get("quantiles", {}).get("0.5"),
                "target": t["value"], "comparator": t["comparator"], "level": t["level"],
                "probability": t["probability"], "verdict": t["verdict"], "reason": t["reason"],
            }
            for e in result["projections"]
            for t in e["targets"]
        ]  # fmt: skip
        return pd.DataFrame(rows)
