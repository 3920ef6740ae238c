"""The command ``forecast backtest``."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecast.cli_options import Folder, Json, Lang, Quiet, RegionName
from forecast.terminal import Console, complain, progress_bar

if TYPE_CHECKING:
    from forecast.verification.backtest import BacktestOutcome

__all__ = ["add_backtest"]


def add_backtest(app: typer.Typer) -> None:
    """Put the command under ``app``."""
    app.command(name="backtest")(backtest)


def backtest(
    origins: Annotated[
        str | None,
        typer.Option(
            "--origins",
            help="被预测的年份(2015..2019)或起报日(2019-06-30) years forecast, or last days used",
            metavar="YEARS|DATES",
        ),
    ] = None,
    months: Annotated[
        str | None,
        typer.Option("--months", help="起报月份,默认1,4,7,10 start months", metavar="LIST"),
    ] = None,
    models: Annotated[
        str | None,
        typer.Option("--models", help="模型,逗号分隔 models, with commas", metavar="LIST"),
    ] = None,
    indicator: Annotated[
        str | None,
        typer.Option("--indicator", help="指标,逗号分隔 indicators, with commas", metavar="LIST"),
    ] = None,
    region: RegionName = None,
    paths: Annotated[
        int | None,
        typer.Option("--paths", help="样本路径数,默认1000 number of paths", min=50, max=1_000_000),
    ] = None,
    jobs: Annotated[int | None, typer.Option("--jobs", help="进程数 processes", min=1)] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="随机种子 root seed", min=0)] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="写到哪个文件夹 folder to write to", metavar="DIR"),
    ] = None,
    workspace: Folder = Path(),
    as_json: Json = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """用当时已知的数据重做历史预测并评分。 Past years forecast again from what was known, and scored."""
    from forecast.verification.backtest import BacktestRequest
    from forecast.verification.backtest import backtest as make
    from forecast.workspace import Workspace

    request = BacktestRequest(
        origins, months, models, indicator, region, paths, seed, jobs, out, lang
    )
    with progress_bar(lang, quiet=quiet or as_json) as progress:
        outcome = make(Workspace.open(workspace), request, progress=progress)
    for zh, en in outcome.unserved:
        complain(zh if lang == "zh" else en)
    if as_json:
        sys.stdout.write(json.dumps(outcome.to_dict(), ensure_ascii=False, allow_nan=False) + "\n")
    else:
        _print(outcome, lang, quiet)
    raise typer.Exit(outcome.exit_code)


def _print(outcome: BacktestOutcome, lang: str, quiet: bool) -> None:
    from rich.console import Console as Rich
    from rich.table import Table

    out = Console(lang, quiet=quiet)
    if not quiet:
        shown = Table(show_edge=False, pad_edge=False)
        for zh, en in (
            ("指标、模型", "indicator, model"), ("次数", "n"), ("CRPS", "CRPS"),
            ("去年值", "last"), ("折算", "scaled"), ("加余下", "+rest"), ("历年", "past"),
            ("偏差", "bias"), ("90 %内", "90 %"),
        ):  # fmt: skip
            # The first column holds names, which are not to be cut.
            shown.add_column(
                zh if lang == "zh" else en, min_width=18 if en == "indicator, model" else None
            )
        rows = outcome.scores[outcome.scores["group"] == "all"]
        figures = ("crps", "persistence", "ytd_ratio", "ytd_plus_rest", "climatology", "bias")
        for name, own in rows.groupby("indicator", sort=False):
            shown.add_row(str(name))
            for r in own.to_dict("records"):
                shown.add_row(
                    f"  {r['model']}", str(r["n"]), *(_three(r[f]) for f in figures),
                    f"{100 * r['cover90']:.0f}",
                )  # fmt: skip
        Rich().print(shown)
        for r in outcome.skipped.to_dict("records"):
            out.say(f"{r['zh']}:{r['times']}次", f"{r['en']}: {r['times']}")
        for zh, en in outcome.effects.sentences:
            out.say(zh, en)
    out.say(f"报告:{outcome.folder / 'index.html'}", f"page: {outcome.folder / 'index.html'}")


def _three(value: float) -> str:
    """Three digits that count, a dash for a missing value."""
    return f"{value:.3g}" if math.isfinite(value) else "—"
