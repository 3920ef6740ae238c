"""The command ``forecast``: parse, call one function, print."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from io import TextIOWrapper
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from forecast.cli_alert import add_changes, alert_app
from forecast.cli_backtest import add_backtest
from forecast.cli_backup import add_backup
from forecast.cli_chart import add_chart
from forecast.cli_data import add_commands
from forecast.cli_options import Folder, Json, Lang, Quiet, RegionName, StandardToken, YearOf
from forecast.cli_outlook import add_outlook
from forecast.cli_report import add_report
from forecast.cli_scenario import scenario_app
from forecast.cli_schedule import schedule_app
from forecast.cli_standard import standard_app
from forecast.cli_target import target_app
from forecast.cli_trend import add_trend
from forecast.cli_verify import add_verify
from forecast.errors import ForecastError, UsageError
from forecast.shell_words import as_word
from forecast.terminal import Console, complain, progress_bar

if TYPE_CHECKING:
    from forecast.api import Workspace

__all__ = ["app", "main"]

app = typer.Typer(
    name="forecast",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="目标能否完成、可能性多大、还剩多少余量。 "
    "Will each environmental target be met, how likely, and what is left of the budget.",
)
add_commands(app)
add_backtest(app)
add_chart(app)
add_trend(app)
add_report(app)
add_verify(app)
add_outlook(app)
add_backup(app)
add_changes(app)
app.add_typer(alert_app, name="alert")
app.add_typer(scenario_app, name="scenario")
app.add_typer(schedule_app, name="schedule")
app.add_typer(standard_app, name="standard")
app.add_typer(target_app, name="target")


def _open(folder: Path) -> Workspace:
    from forecast.api import Workspace

    return Workspace(folder)


def _say_json(data: Any) -> None:
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, default=str)
    sys.stdout.write(text + "\n")


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="新工作区 the new workspace")],
    demo: Annotated[
        bool, typer.Option("--demo", help="带示例城市衡水(生成数据) with the generated sample city")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """新建工作区。 Make a workspace."""
    from forecast.api import Workspace

    made = Workspace.create(folder, demo=demo)
    out = Console(lang, quiet=quiet)
    if as_json:
        _say_json({"workspace": str(made.root), "sample": demo})
        return
    out.say(f"工作区已建立:{made.root}", f"workspace made: {made.root}")
    if demo:
        out.say(
            "示例数据按衡水市规划公布的年度数字生成,不是监测数据。",
            "The sample is generated from the published annual figures; it is not measured.",
        )
    out.say(
        f"下一步:forecast {'run' if demo else 'ingest <文件夹>'} --workspace {as_word(folder)}",
        f"next: forecast {'run' if demo else 'ingest <folder>'} --workspace {as_word(folder)}",
    )


@app.command()
def assess(
    year: YearOf = None,
    standard: StandardToken = None,
    region: RegionName = None,
    workspace: Folder = Path(),
    as_json: Json = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """按规范评价已有监测数据。 Indicators of a year from what was observed."""
    found = _open(workspace).assess(year=year, standard=standard, region=region)
    if as_json:
        _say_json(
            {
                "indicators": json.loads(found.table.to_json(orient="records")),
                "aqi_check": [asdict(c) for c in found.checks],
            }
        )
        return
    Console(lang, quiet=quiet).assessment(found)


@app.command()
def run(
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="起报日(含当天) last day used", metavar="DATE")
    ] = None,
    year: YearOf = None,
    plan: Annotated[str | None, typer.Option("--plan", help="只评这个规划 one plan")] = None,
    region: RegionName = None,
    standard: StandardToken = None,
    model: Annotated[str | None, typer.Option("--model", help="模型 model")] = None,
    paths: Annotated[
        int | None,
        typer.Option("--paths", help="样本路径数 number of paths", min=50, max=1_000_000),
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="随机种子 root seed", min=0)] = None,
    jobs: Annotated[int | None, typer.Option("--jobs", help="进程数 processes", min=1)] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            "--cluster",
            help="Dask 调度器地址 address of a Dask scheduler",
            metavar="tcp://HOST:PORT",
        ),
    ] = None,
    repeat: Annotated[
        str | None,
        typer.Option(
            "--repeat", help="按清单重做某次运行并逐字节比较 make a past run again", metavar="ID"
        ),
    ] = None,
    workspace: Folder = Path(),
    as_json: Json = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """主任务:每个目标的达标概率、余量和报告页。 The main job: every target judged, with a page."""
    opened = _open(workspace)
    if repeat is not None:
        given = (as_of, year, plan, region, standard, model, paths, seed, cluster)
        if any(value is not None for value in given):
            raise UsageError(
                "--repeat goes with no other question: the manifest of the run has it.",
                "Leave the other options out.",
            )
        _repeat(opened, repeat, jobs, as_json, quiet, lang)
        return
    with progress_bar(lang, quiet=quiet or as_json) as progress:
        outcome = opened.run(
            as_of=as_of, year=year, plan=plan, region=region, standard=standard, model=model,
            paths=paths, seed=seed, jobs=jobs, cluster=cluster, progress=progress,
        )  # fmt: skip
    if as_json:
        sys.stdout.write((outcome.folder / "projection.json").read_text(encoding="utf-8"))
        return
    Console(lang, quiet=quiet).run(outcome, sample=opened.config.workspace.sample)


def _repeat(
    opened: Workspace, run_id: str, jobs: int | None, as_json: bool, quiet: bool, lang: str
) -> None:
    """Make a run again; another answer ends with exit code 1."""
    with progress_bar(lang, quiet=quiet or as_json) as progress:
        made = opened.repeat(run_id, jobs=jobs, progress=progress)
    if as_json:
        _say_json(made.told())
    else:
        say = Console(lang, quiet=quiet)
        if made.same:
            say.say(
                f"运行 {run_id} 重做后逐字节相同(时间除外)。",
                f"The run {run_id} gives the same bytes again, times apart.",
                always=True,
            )
        else:
            say.say(
                f"运行 {run_id} 重做后不同,首处为 {made.places[0] if made.places else '—'}。",
                f"The run {run_id} gives another answer, first at "
                f"{made.places[0] if made.places else '–'}.",
                always=True,
            )
        for zh, en in made.reasons:
            say.say(f"· {zh}", f"· {en}", always=True)
    if not made.same:
        raise typer.Exit(1)


def _utf8_streams() -> None:
    """Text leaves as UTF-8 when it goes to a program; a terminal's own code page never stops it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            if stream.isatty():
                stream.reconfigure(errors="replace")
            else:
                stream.reconfigure(encoding="utf-8")


#: Ctrl+C, as typer reports it.
_STOPPED = 130


def _one_thread() -> None:
    """Keep linear algebra on one thread, unless the user asks for more.

    The matrices are small: more threads mostly wait for each other, at twice the processor time, and
    their number could change the last bit of a product. ``--jobs`` uses the other processors.
    """
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")


def _fold_help() -> None:
    """Let help go on in the next line where a column ends.

    Otherwise a word that is longer than its column is cut off there, and Chinese is one word up to the
    next blank. A version of typer that makes its text in another way is left as it is.
    """
    from typer import rich_utils

    made: Any = vars(rich_utils).get("_make_rich_text")
    if made is None:
        return

    def folding(**given: Any) -> Any:
        text = made(**given)
        if hasattr(text, "overflow"):
            text.overflow = "fold"
        return text

    vars(rich_utils)["_make_rich_text"] = folding


#: What typer raises where the words of a command make no sense to it.
_WrongUsage: Any = typer.BadParameter.__base__


def _wrong_usage(error: Any, lang: str) -> NoReturn:
    """Say what is wrong with the words of a command."""
    said, where = error.format_message().strip(), error.ctx
    if not said:
        # Without a word behind its name a group of commands has told of itself.
        sys.exit(error.exit_code)
    path = "forecast" if where is None else where.command_path
    sentence = said if said.endswith((".", "?")) else f"{said}."
    complain(UsageError(sentence, f"See: {path} --help"), lang)
    sys.exit(error.exit_code)


def _language(arguments: list[str]) -> str:
    """The language of what is complained of; also that an option is wrong is said in it."""
    given = [b for a, b in pairwise(arguments) if a == "--lang"]
    given += [word.removeprefix("--lang=") for word in arguments if word.startswith("--lang=")]
    return "en" if "en" in given else "zh"


def main(arguments: list[str] | None = None) -> None:
    """Run the command; every error a user can meet ends in one sentence and its exit code."""
    _utf8_streams()
    _one_thread()
    words = sys.argv[1:] if arguments is None else arguments
    lang = _language(words)
    if "--help" in words or words in ([], *([group.name] for group in app.registered_groups)):
        _fold_help()
    try:
        code = app(args=arguments, standalone_mode=False)
    except ForecastError as error:
        complain(error, lang)
        sys.exit(error.exit_code)
    except _WrongUsage as error:
        _wrong_usage(error, lang)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(0)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        complain(
            f"{where}{error.strerror or error}. Check that the file or folder is there and that you "
            "may use it; the tables and earlier runs are as they were.",
            lang,
        )
        sys.exit(1)
    except (KeyboardInterrupt, typer.Abort):
        code = _STOPPED
    if code == _STOPPED:
        complain("stopped; the tables and earlier runs are as they were.", lang)
    sys.exit(code)
