"""The command ``forecast verify``."""

from __future__ import annotations

import json
import math
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from forecast.cli_options import Folder, Json, Lang, Quiet, RegionName
from forecast.errors import UsageError
from forecast.terminal import Console, complain

if TYPE_CHECKING:
    from forecast.verification.verify import Made, Verification
    from forecast.workspace import Workspace

__all__ = ["add_verify"]


def add_verify(app: typer.Typer) -> None:
    """Put the command under ``app``."""
    app.command(name="verify")(verify)


def verify(
    region: RegionName = None,
    indicator: Annotated[
        str | None, typer.Option("--indicator", help="指标 one indicator", metavar="NAME")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="起报日不早于 as-of dates from", metavar="DATE")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="起报日不晚于 as-of dates to", metavar="DATE")
    ] = None,
    made: Annotated[
        str,
        typer.Option(
            "--made",
            help="当时发布的、事后补做的或全部 made in time, afterwards, or all",
            metavar="auto|in_time|afterwards|all",
        ),
    ] = "auto",
    out: Annotated[
        Path | None,
        typer.Option("--out", help="写到哪个文件夹 folder to write to", metavar="DIR"),
    ] = None,
    again: Annotated[
        bool,
        typer.Option(
            "--register-again",
            help="先把登记簿缺少的运行按已存结果补登 first put in runs that the register lacks",
        ),
    ] = False,
    workspace: Folder = Path(),
    as_json: Json = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """以往预测与实际结果对照评分。 What past runs said, scored by what came."""
    from forecast.api_options import as_date
    from forecast.verification.verify import verify as score
    from forecast.verification.verify_files import write_verification
    from forecast.workspace import Workspace

    opened = Workspace.open(workspace)
    if again:
        _register_again(opened, Console(lang, quiet=quiet or as_json))
    found = score(
        opened, region=region, indicator=indicator, since=as_date(since, "--since"),
        until=as_date(until, "--until"), made=_made(made),
    )  # fmt: skip
    folder = write_verification(opened, found, out)
    if as_json:
        told = found.to_dict() | {"folder": str(folder)}
        sys.stdout.write(json.dumps(told, ensure_ascii=False, allow_nan=False) + "\n")
    else:
        _print(found, folder, lang, quiet)
    # What is said of a register with a fault in it rests on what is left of it.
    raise typer.Exit(0 if found.whole else 4)


def _register_again(opened: Workspace, out: Console) -> None:
    from forecast.runs.register_again import register_again

    done = register_again(opened, datetime.now(UTC))
    for name, error in done.refused.items():
        complain(f"{name}: {error}", out.lang)
    out.say(f"补登{len(done.runs)}次运行", f"runs registered again: {len(done.runs)}")


def _made(text: str) -> Made:
    from forecast.verification.verify import Made

    for kind in get_args(Made):
        if text == kind:
            found: Made = kind
            return found
    raise UsageError(f"--made {text} is not known.", f"Use one of {', '.join(get_args(Made))}.")


def _print(found: Verification, folder: Path, lang: str, quiet: bool) -> None:
    out = Console(lang, quiet=quiet)
    if not quiet and len(found.scores):
        _tables(found, lang)
    if not quiet and len(found.outlooks.scores):
        _outlooks(found, lang)
    for zh, en in found.complaints:
        complain(zh if lang == "zh" else en)
    for zh, en in found.sentences[len(found.complaints) :]:
        out.say(zh, en)
    if found.check.torn:
        out.say(
            f"登记簿中有{found.check.torn}行写入中断的残行,没有丢失任何预测",
            f"the register has {found.check.torn} lines whose writing was cut off; no forecast was lost",
        )
    out.say(f"结果:{folder}", f"written to: {folder}")


def _tables(found: Verification, lang: str) -> None:
    from rich.console import Console as Rich
    from rich.table import Table

    zh = lang == "zh"
    shown = Table(show_edge=False, pad_edge=False)
    for head_zh, head_en in (
        ("指标", "indicator"), ("次数", "n"), ("个例", "cases"), ("CRPS", "CRPS"), ("去年值", "last"),
        ("折算", "scaled"), ("加余下", "+rest"), ("历年", "past"), ("偏差", "bias"),
        ("50 %内", "50 %"), ("90 %内", "90 %"),
    ):  # fmt: skip
        shown.add_column(head_zh if zh else head_en, no_wrap=True)
    rows = found.scores[found.scores["group"] == "all"]
    for r in rows.to_dict("records"):
        figures = ("crps", "persistence", "ytd_ratio", "ytd_plus_rest", "climatology", "bias")
        shown.add_row(
            str(r["indicator"]), str(r["n"]), str(r["cases"]), *(_three(r[f]) for f in figures),
            f"{100 * r['cover50']:.0f}", f"{100 * r['cover90']:.0f}",
        )  # fmt: skip
    console = Rich(width=None if sys.stdout.isatty() else 160, highlight=False)
    console.print(shown)
    if found.targets.empty:
        return
    judged = Table(show_edge=False, pad_edge=False)
    for head_zh, head_en in (
        ("目标(按指标)", "targets of"), ("次数", "n"), ("个例", "cases"), ("预测概率", "said"),
        ("实现比例", "came"), ("Brier", "Brier"), ("去年值", "last"), ("历年", "past"),
        ("已成定局", "decided"),
    ):  # fmt: skip
        judged.add_column(head_zh if zh else head_en, no_wrap=True)
    for r in found.targets[found.targets["group"] != "target"].to_dict("records"):
        name = ("全部" if zh else "all") if r["group"] == "all" else str(r["indicator"])
        judged.add_row(
            name, str(r["n"]), str(r["cases"]), _percent(r["stated"]), _percent(r["rate"]),
            _three(r["brier"]), _three(r["brier_persistence"]), _three(r["brier_climatology"]),
            str(r["decided"]),
        )  # fmt: skip
    console.print(judged)


def _outlooks(found: Verification, lang: str) -> None:
    """Warnings of polluted days by days ahead."""
    import pandas as pd
    from rich.console import Console as Rich
    from rich.table import Table

    zh = lang == "zh"
    shown = Table(show_edge=False, pad_edge=False)
    for head_zh, head_en in (
        ("逐日展望", "daily outlook"), ("第几天", "day"), ("次数", "n"), ("出现", "events"),
        ("命中", "hits"), ("漏报", "misses"), ("空报", "false"), ("命中率", "POD"), ("空报率", "FAR"),
        ("TS", "TS"), ("Brier", "Brier"), ("持续性", "persist."), ("气候", "climate"),
        ("比持续性", "skill"), ("比气候", "skill"),
    ):  # fmt: skip
        shown.add_column(head_zh if zh else head_en, no_wrap=True)
    names = {
        "light": ("轻度及以上", "light+"), "moderate": ("中度及以上", "moderate+"),
        "heavy": ("重度及以上", "heavy+"), "worse": ("断面劣于考核类别", "section worse than asked"),
        "inferior_v": ("断面劣Ⅴ", "section worse than V"),
    }  # fmt: skip
    rows = found.outlooks.scores
    rows = rows[
        (rows["group"] == "lead") | ((rows["group"] == "all") & (rows["domain"] == "water"))
    ]
    order = rows["kind"].map({name: k for k, name in enumerate(names)})
    for r in rows.assign(order=order).sort_values(["order", "lead"]).to_dict("records"):
        lead = r["lead"]
        figures = ("pod", "far", "threat_score", "brier", "brier_persistence", "brier_climatology")
        skills = ("skill_persistence", "skill_climatology")
        shown.add_row(
            names[str(r["kind"])][0 if zh else 1], "" if pd.isna(lead) else str(lead),
            *(str(r[c]) for c in ("n", "events", "hits", "misses", "false_alarms")),
            *(_three(r[f]) for f in figures),
            *(f"{100 * r[s]:+.0f} %" if math.isfinite(r[s]) else "—" for s in skills),
        )  # fmt: skip
    Rich(width=None if sys.stdout.isatty() else 160, highlight=False).print(shown)


def _three(value: float) -> str:
    """Three digits that count, as scores are printed: never as a power of ten, no dust of zero.

    >>> [_three(v) for v in (12.345, 0.01234, 1e-15, -0.2, 1500.4, float("nan"))]
    ['12.3', '0.0123', '0', '-0.200', '1500', '—']
    """
    if not math.isfinite(value):
        return "—"
    size = math.floor(math.log10(abs(value))) if value else 0
    text = f"{value:.{min(max(2 - size, 0), 4)}f}"
    return text if float(text) else "0"


def _percent(value: float) -> str:
    from forecast.charts.words import percent

    return percent(value if math.isfinite(value) else None)
