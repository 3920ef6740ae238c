"""The calls of a workspace on its targets: list, enter, export, import."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from forecast import workspace as _workspace
from forecast.api_options import as_date
from forecast.errors import UsageError

if TYPE_CHECKING:
    from forecast.targets.model import Plan

__all__ = ["TargetCalls"]


class TargetCalls:
    """What ``Workspace`` offers on targets."""

    _inner: _workspace.Workspace

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

        config = self._inner.config.plans
        return load_plans(self._inner.root / config.folder, names=config.names)

    def _entries(self) -> pd.DataFrame:
        from forecast.runs.entered import read_entries

        return read_entries(self._inner)

    def _now(self) -> datetime:
        return datetime.now(self._inner.timezone).replace(tzinfo=None, microsecond=0)
