"""The Python interface: the commands as methods, answers as pandas objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from forecast import workspace as _workspace
from forecast.errors import InputError, UsageError

if TYPE_CHECKING:
    from forecast.ingest.report import IngestReport
    from forecast.projection.observed import Assessment
    from forecast.runs.execute import Outcome
    from forecast.targets.model import Plan

__all__ = ["Workspace", "as_date"]

Progress = Callable[[str, int, int], None]


def as_date(value: str | date | None, option: str = "--as-of") -> date | None:
    """Return ``value`` as a date; ``YYYY-MM-DD`` is the only written form.

    Raises:
        UsageError: not a date.
    """
    if value is None or isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise UsageError(
            f"{option} {value} is not a date.", "Write it as year-month-day, such as 2025-06-30."
        ) from error


def _known_year(year: int | None) -> int | None:
    """Return ``year`` if it is one that a calendar of readings can have."""
    if year is not None and not 1980 <= year <= 2100:
        raise UsageError(f"--year {year} is not a year of readings.", "Give one such as 2025.")
    return year


class Workspace:
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
        """Make a workspace; with ``demo`` the generated sample city 衡水 is in it.

        Raises:
            WorkspaceError: the folder is a workspace already, or can't be written.
        """
        made = _workspace.Workspace.create(
            Path(folder), name="示例 衡水 (sample)" if demo else "", sample=demo
        )
        if demo:
            from forecast.ingest.run import ingest_paths
            from forecast.sample import write_sample

            write_sample(made.raw / "sample")
            ingest_paths(made, [made.raw / "sample"])
        return cls(made.root)

    @property
    def root(self) -> Path:
        """The folder."""
        return self._inner.root

    @property
    def config(self) -> _workspace.Config:
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
        dry_run: bool = False,
        progress: Progress | None = None,
    ) -> IngestReport:
        """Take files or folders into the tables; the report says what became of each."""
        from forecast.ingest.run import ingest_paths

        return ingest_paths(
            self._inner, [Path(p) for p in paths], source=source, region=region,
            dry_run=dry_run,
            progress=(lambda done, total, _: progress("ingest", done, total)) if progress else None,
        )  # fmt: skip

    def coverage(self) -> pd.DataFrame:
        """Return what is there: region, place, item, first and last day, values per year."""
        from forecast.ingest.coverage import coverage

        return coverage(self._inner)

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
        panel, last = load_panel(self._inner, None, year=_known_year(year), region=region)
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
        progress: Progress | None = None,
    ) -> Outcome:
        """Do the main job: every target judged, written to ``reports/<run>/``."""
        from forecast.runs.execute import Request, execute

        return execute(
            self._inner,
            Request(
                as_of=as_date(as_of), year=_known_year(year), plan=plan, region=region, standard=standard,
                model=model, paths=paths, seed=seed, jobs=jobs,
            ),
            progress=progress,
        )  # fmt: skip

    def targets(
        self, *, region: str | None = None, year: int | None = None, plan: str | None = None
    ) -> pd.DataFrame:
        """Return the targets, with what was entered for them, one row each."""
        from forecast.targets.register import target_table

        return target_table(self._plans(), self._entries(), region=region, year=year, plan=plan)

    def set_target(
        self, kind: str, *, source: str, on: str | date, **fields: Any
    ) -> dict[str, object]:
        """Enter one figure for a target; see ``forecast.targets.entries.entry_row``.

        Raises:
            TargetError: the entry makes no sense; the message says what is missing.
        """
        from forecast.runs.entered import add_entries
        from forecast.targets.entries import append_rows, empty_entries, entry_row

        day = as_date(on, "--date")
        if day is None:
            raise UsageError("The entry has no date.", "Give the day the figure is from: --date.")
        row = entry_row(
            self._plans(), kind=kind, source=source, date=day, recorded=self._now(), **fields
        )
        add_entries(self._inner, append_rows(empty_entries(), [row]))
        return row

    def export_targets(self, path: str | Path) -> list[Path]:
        """Write the entry sheets as a workbook (.xlsx) or as CSV files."""
        from forecast.targets.workbook import export_workbook

        return export_workbook(self._plans(), self._entries(), Path(path))

    def import_targets(self, path: str | Path) -> int:
        """Read a filled workbook or sheet; return how many entries were new."""
        from forecast.runs.entered import add_entries
        from forecast.targets.workbook import import_workbook

        fresh = import_workbook(
            Path(path), self._plans(), recorded=self._now(), existing=self._entries()
        )
        if not fresh.empty:
            add_entries(self._inner, fresh)
        return len(fresh)

    def _plans(self) -> tuple[Plan, ...]:
        from forecast.targets.loader import load_plans

        config = self.config.plans
        return load_plans(self.root / config.folder, names=config.names)

    def _entries(self) -> pd.DataFrame:
        from forecast.runs.entered import read_entries

        return read_entries(self._inner)

    def _now(self) -> datetime:
        return datetime.now(self._inner.timezone).replace(tzinfo=None, microsecond=0)

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
