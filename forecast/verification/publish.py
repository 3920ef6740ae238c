"""Write a backtest: its tables, its charts, and last its page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from forecast.charts.chart import save
from forecast.charts.style import Footer
from forecast.disk import write_file
from forecast.errors import WorkspaceError
from forecast.formula_guard import guarded
from forecast.projection.hindcast_cases import HindcastSettings
from forecast.projection.hindcasts import Hindcasts
from forecast.projection.streams import stream
from forecast.verification.effects import Effects
from forecast.verification.figures import Named, backtest_charts
from forecast.verification.page import BacktestPage, page_text
from forecast.verification.reliability import probability_bins
from forecast.verification.tables import event_rows, same_rows
from forecast.workspace import Workspace

__all__ = ["Report", "publish"]

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Report:
    """What is written: as in ``BacktestOutcome``, with the models and settings behind it."""

    backtest_id: str
    folder: Path
    made: Hindcasts
    scores: pd.DataFrame
    events: pd.DataFrame
    differences: pd.DataFrame
    effects: Effects
    skipped: pd.DataFrame
    models: Mapping[str, Named]
    origins: tuple[date, ...]
    settings: HindcastSettings
    lang: str


def publish(workspace: Workspace, report: Report, progress: Progress | None = None) -> None:
    """Write ``report`` to its folder; a folder that has a page is whole.

    A folder under ``reports`` carries the name of all that went in: one that stands stays as it is.

    Raises:
        WorkspaceError: the folder can't be written.
    """
    page_path = report.folder / "index.html"
    if report.folder == workspace.reports / report.backtest_id and page_path.is_file():
        return
    models, origins, settings = report.models, report.origins, report.settings
    rows, scores = report.made.rows, report.scores
    drawn = {m: n for m, n in models.items() if m in set(rows["model"])}
    notices: tuple[tuple[str, str], ...] = ()
    if workspace.config.workspace.sample:
        from forecast.sample import NOTICE

        notices = ((NOTICE["zh"], NOTICE["en"]),)
    shared = same_rows(rows)
    cases = len(shared) // max(1, len(drawn))
    period = f"{shared['origin'].min() + timedelta(days=1):%Y-%m-%d}/{shared['year'].max()}-12-31"
    footer = Footer(
        period=period, n_valid=len(shared), n_expected=len(rows),
        standard=settings.standard or "按日期 by date", run_id=report.backtest_id,
        dust_zh="沙尘日未扣除", dust_en="dust days kept", notices=notices, unit_zh="次预测",
        unit_en="forecasts",
    )  # fmt: skip
    by_month = scores[scores["group"] == "start_month"]
    rng = stream(settings.seed, "backtest", "bounds")
    charts = backtest_charts(rows, by_month, drawn, footer, rng)
    try:
        report.folder.mkdir(parents=True, exist_ok=True)
        page_path.unlink(missing_ok=True)
        for at, chart in enumerate(charts, start=1):
            save(chart, report.folder / "charts", ("svg", "png"))
            if progress:
                progress("charts", at, len(charts))
    except OSError as error:
        raise WorkspaceError(
            f"The backtest can't be written to {report.folder} ({error.strerror or error}).",
            "Make room or check the permissions, then run again; finished forecasts are kept.",
        ) from error
    for stem, table in (
        ("scores", scores), ("events", report.events), ("differences", report.differences),
        ("recalibration", report.effects.recalibration), ("stacking", report.effects.stacking),
        ("hindcasts", rows), ("skipped", report.made.skipped),
    ):  # fmt: skip
        text = guarded(table).to_csv(index=False, lineterminator="\n", date_format="%Y-%m-%d")
        write_file(report.folder / f"{stem}.csv", text.encode("utf-8-sig"))
    events = event_rows(shared)
    failed = report.made.skipped[report.made.skipped["reason"] == "failed"]
    page = BacktestPage(
        workspace=workspace.config.workspace.name or workspace.root.name,
        backtest_id=report.backtest_id,
        facts=(
            ("预测次数", "forecasts", f"{len(shared)}"),
            ("起报日", "origins", f"{origins[0]} … {origins[-1]} ({len(origins)})"),
            ("地点 × 起报日 × 指标", "places × origins × indicators", f"{cases}"),
            ("样本路径", "paths", f"{settings.n_paths}"),
            ("种子", "seed", f"{settings.seed}"),
            ("检验", "backtest", report.backtest_id),
        ),
        lang=report.lang,
        models=drawn,
        scores=scores[scores["group"] == "all"],
        by_year=scores[scores["group"] == "year"],
        events=report.events[report.events["group"] == "all"],
        differences=report.differences,
        effects=report.effects,
        bins={
            model: probability_bins(own["probability"], own["event"])
            for model in drawn
            if len(own := events[events["model"] == model])
        },
        charts=tuple((chart, f"charts/{chart.name}.csv") for chart in charts),
        skipped=tuple(
            (str(r["zh"]), str(r["en"]), int(r["times"]), int(r["places"]))
            for r in report.skipped.to_dict("records")
        ),
        failures=tuple(
            (str(r["place"]), f"{r['origin']:%Y-%m-%d}", str(r["model"]), str(r["detail"]))
            for r in failed.to_dict("records")
        ),
        notices=notices,
    )  # fmt: skip
    write_file(page_path, page_text(page).encode("utf-8"))
