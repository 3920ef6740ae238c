"""Answers on scenarios as files: the object, tables for a spreadsheet, chart 9, one page to open."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from forecast.charts.chart import save
from forecast.errors import UsageError
from forecast.formula_guard import guarded
from forecast.report.scenario_figure import scenario_charts
from forecast.report.scenario_page import write_scenario_page
from forecast.runs.lock import alone
from forecast.runs.manifest import to_json
from forecast.runs.publishing import publish
from forecast.workspace import Workspace

__all__ = ["FOLDER", "Saved", "save_scenario"]

#: Where answers stand, under ``reports``.
FOLDER = "scenarios"


@dataclass(frozen=True)
class Saved:
    """An answer on disk: its folder and the page a person opens."""

    folder: Path

    @property
    def page(self) -> Path:
        """The page."""
        return self.folder / "index.html"


def save_scenario(
    workspace: Workspace,
    told: dict[str, Any],
    tables: dict[str, pd.DataFrame],
    *,
    kind: str,
    out: Path | None = None,
) -> Saved:
    """Write an answer to ``reports/scenarios/<name>/``, or to ``out``.

    The name comes from the as-of date, the year, what was asked and the answer, so that the same
    question on the same data stands once.

    Args:
        workspace: where.
        told: the JSON-ready object.
        tables: name → table, written as CSV with a mark that spreadsheets know.
        kind: what was asked: ``run``, ``compare``, ``solve`` or ``map``.
        out: a folder instead; it is replaced.

    Raises:
        UsageError: ``out`` holds something else.
        WorkspaceError: it can't be written.
    """
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode("utf-8")).hexdigest()[:8]
    name = f"{told['as_of']}-{told['year']}-{kind}-{digest}"
    folder = workspace.reports / FOLDER / name if out is None else out
    if out is not None and out.exists() and not _ours(out):
        raise UsageError(
            f"{out} holds other things, and an answer replaces its folder.",
            "Give a new folder with --out.",
        )
    notices: tuple[tuple[str, str], ...] = ()
    if told["sample"]:
        from forecast.sample import NOTICE

        notices = ((NOTICE["zh"], NOTICE["en"]),)

    def write(aside: Path) -> None:
        (aside / "scenario.json").write_text(to_json(told), encoding="utf-8", newline="\n")
        charts = scenario_charts(told, "both", notices)
        for chart in charts:
            save(chart, aside, ("svg", "png"))
        for stem, table in tables.items():
            if not table.empty:
                guarded(table).to_csv(aside / f"{stem}.csv", index=False, encoding="utf-8-sig")
        write_scenario_page(told, charts, aside / "index.html")

    with alone(workspace):
        publish(folder, write, what="answer")
    return Saved(folder)


def _ours(folder: Path) -> bool:
    """Whether a folder is empty or holds an earlier answer."""
    return folder.is_dir() and (
        (folder / "scenario.json").is_file() or next(folder.iterdir(), None) is None
    )
