"""The commands ``forecast scenario …``: emission cuts in, chances of the targets out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forecast.cli_options import Folder, Json, Lang, Quiet, RegionName, StandardToken, YearOf
from forecast.errors import UsageError
from forecast.terminal import Console, progress_bar

if TYPE_CHECKING:
    from forecast.api import Workspace
    from forecast.runs.scenario_answer import Answer
    from forecast.runs.scenario_solving import LeverMap, Solved

__all__ = ["scenario_app"]

scenario_app = typer.Typer(
    help="减排情景:达标概率会怎样。 Emission cuts and the chances of the targets.",
    no_args_is_help=True,
)

#: Exit code of a command that was done in part.
_IN_PART = 4

AsOf = Annotated[
    str | None, typer.Option("--as-of", help="起报日(含当天) last day used", metavar="DATE")
]
Plan = Annotated[str | None, typer.Option("--plan", help="只评这个规划 one plan")]
Model = Annotated[str | None, typer.Option("--model", help="模型 model")]
Paths = Annotated[
    int | None, typer.Option("--paths", help="样本路径数 number of paths", min=50, max=1_000_000)
]
Seed = Annotated[int | None, typer.Option("--seed", help="随机种子 root seed", min=0)]
Jobs = Annotated[int | None, typer.Option("--jobs", help="线程数 threads", min=1)]
Cuts = Annotated[
    list[str] | None,
    typer.Option(
        "--cut",
        help="如 'SO2=20%'、'NOx=4000t'、'industry:VOC=30%',可多次 may repeat",
        metavar="CUT",
    ),
]
Start = Annotated[
    str | None,
    typer.Option(
        "--start", help="--cut 从哪天起,默认起报日次日 first day of the cuts", metavar="DATE"
    ),
]
Scope = Annotated[
    str,
    typer.Option(
        "--scope", help="--cut 只在本市或区域同步 city only or the region", metavar="city|region"
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out", help="写到哪个文件夹,默认 reports/scenarios folder to write to", metavar="DIR"
    ),
]
Save = Annotated[
    bool, typer.Option("--save/--no-save", help="写出图、表和网页 write chart, tables, page")
]


@scenario_app.command()
def new(
    region: RegionName = None,
    year: YearOf = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="文件,默认 scenarios/<地区>.toml the file", metavar="FILE"),
    ] = None,
    plan: Annotated[
        bool,
        typer.Option(
            "--plan/--no-plan", help="写入本地规划自身的措施 with the plan's own measures"
        ),
    ] = True,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="替换已有文件 replace a file that is there")
    ] = False,
    workspace: Folder = Path(),
    as_json: Json = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """新建带注释的情景文件。 Write a commented scenario file for a region."""
    path = _open(workspace).new_scenario(
        region=region, year=year, out=out, plan=plan, overwrite=overwrite
    )
    if as_json:
        _say_json({"file": str(path)})
        return
    say = Console(lang, quiet=quiet)
    say.say(f"情景文件:{path}", f"scenario file: {path}", always=True)
    say.say(
        "用文本编辑器修改后运行:forecast scenario run FILE",
        "edit it in a text editor, then: forecast scenario run FILE",
    )


@scenario_app.command()
def run(
    file: Annotated[
        str | None, typer.Argument(metavar="[FILE]", help="情景文件或名称 a scenario file or name")
    ] = None,
    cut: Cuts = None,
    start: Start = None,
    scope: Scope = "city",
    region: RegionName = None,
    year: YearOf = None,
    as_of: AsOf = None,
    plan: Plan = None,
    standard: StandardToken = None,
    model: Model = None,
    paths: Paths = None,
    seed: Seed = None,
    jobs: Jobs = None,
    out: Out = None,
    save: Save = True,
    workspace: Folder = Path(),
    as_json: Json = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """一个情景下各目标的达标概率。 One scenario: the chance of each target with and without it."""
    opened = _open(workspace)
    with progress_bar(lang, quiet=quiet or as_json) as progress:
        made = opened.scenario(
            *([file] if file else []), cuts=cut or (), start=start, scope=scope, region=region,
            year=year, as_of=as_of, plan=plan, standard=standard, model=model, paths=paths,
            seed=seed, jobs=jobs, progress=progress,
        )  # fmt: skip
    _tell(opened, made, out, save, as_json, quiet, lang)
    if not made.answered:
        raise typer.Exit(_IN_PART)


@scenario_app.command()
def compare(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="情景文件或名称 scenario files or names")
    ],
    cut: Cuts = None,
    start: Start = None,
    scope: Scope = "city",
    region: RegionName = None,
    year: YearOf = None,
    as_of: AsOf = None,
    plan: Plan = None,
    standard: StandardToken = None,
    model: Model = None,
    paths: Paths = None,
    seed: Seed = None,
    jobs: Jobs = None,
    out: Out = None,
    save: Save = True,
    workspace: Folder = Path(),
    as_json: Json = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """多个情景并列比较。 Scenarios side by side, on the same paths and draws."""
    if len(files) < 2:
        raise UsageError(
            "One scenario can't be compared.", "Name two or more, or use forecast scenario run."
        )
    opened = _open(workspace)
    with progress_bar(lang, quiet=quiet or as_json) as progress:
        made = opened.scenario(
            *files, cuts=cut or (), start=start, scope=scope, region=region, year=year,
            as_of=as_of, plan=plan, standard=standard, model=model, paths=paths, seed=seed,
            jobs=jobs, progress=progress,
        )  # fmt: skip
    _tell(opened, made, out, save, as_json, quiet, lang)
    if not made.answered:
        raise typer.Exit(_IN_PART)


@scenario_app.command()
def solve(
    file: Annotated[
        str | None, typer.Argument(metavar="[FILE]", help="情景文件或名称 a scenario file or name")
    ] = None,
    probability: Annotated[
        float, typer.Option("--probability", help="要达到的概率 what is asked", metavar="P")
    ] = 0.8,
    target: Annotated[
        list[str] | None,
        typer.Option("--target", help="目标编号或指标,可多次 target id or indicator", metavar="ID"),
    ] = None,
    most: Annotated[
        float | None,
        typer.Option(
            "--most",
            help="最大倍数,--map时为最大削减% largest scale, or cut in % with --map",
            metavar="X",
            min=0.01,
        ),
    ] = None,
    levers: Annotated[
        str | None,
        typer.Option(
            "--map", help="两项削减的概率图,如 NOx,VOC a map of two levers", metavar="A,B"
        ),
    ] = None,
    cut: Cuts = None,
    start: Start = None,
    scope: Scope = "city",
    region: RegionName = None,
    year: YearOf = None,
    as_of: AsOf = None,
    plan: Plan = None,
    standard: StandardToken = None,
    model: Model = None,
    paths: Paths = None,
    seed: Seed = None,
    jobs: Jobs = None,
    out: Out = None,
    save: Save = True,
    workspace: Folder = Path(),
    as_json: Json = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """要减多少才能以给定概率达标。 How much of a package a target needs."""
    opened = _open(workspace)
    question: dict[str, Any] = {
        "region": region, "year": year, "as_of": as_of, "plan": plan, "standard": standard,
        "model": model, "paths": paths, "seed": seed, "jobs": jobs,
    }  # fmt: skip
    made: Solved | LeverMap
    with progress_bar(lang, quiet=quiet or as_json) as progress:
        if levers is not None:
            pair = [part.strip() for part in levers.split(",")]
            if len(pair) != 2 or not all(pair) or cut or (target and len(target) > 1):
                raise UsageError(
                    f"--map {levers} can't be drawn.",
                    "Name two levers, such as NOx,VOC, one target at most, and no --cut.",
                )
            made = opened.lever_map(
                pair[0], pair[1], file=file, target=(target or [""])[0], probability=probability,
                most=60.0 if most is None else most, start=start, scope=scope, progress=progress,
                **question,
            )  # fmt: skip
        else:
            made = opened.solve_scenario(
                file, probability=probability, targets=target or (), most=most, cuts=cut or (),
                start=start, scope=scope, progress=progress, **question,
            )  # fmt: skip
    _tell(opened, made, out, save, as_json, quiet, lang)


def _open(folder: Path) -> Workspace:
    from forecast.api import Workspace

    return Workspace(folder)


def _say_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n")


def _tell(
    opened: Workspace,
    made: Answer | Solved | LeverMap,
    out: Path | None,
    save: bool,
    as_json: bool,
    quiet: bool,
    lang: str,
) -> None:
    """Print an answer, and say where its files are."""
    from forecast.report.scenario_terminal import scenario_lines

    saved = opened.save_scenario(made, out) if save else None
    if as_json:
        _say_json({**made.told, **({} if saved is None else {"folder": str(saved.folder)})})
        return
    say = Console(lang, quiet=quiet)
    zh, en = scenario_lines(made.told, "zh"), scenario_lines(made.told, "en")
    for line in zh if lang == "zh" else en:
        say.say(line, line, always=True)
    if saved is not None:
        say.say(f"网页:{saved.page}", f"page: {saved.page}", always=True)
