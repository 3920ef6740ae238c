"""The calls of a workspace on emission cuts: a new file, forward, side by side, inverse, two levers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from forecast import workspace as _workspace
from forecast.api_options import as_date, known_year
from forecast.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

    from forecast.runs.scenario_answer import Answer
    from forecast.runs.scenario_packages import NamedScenario
    from forecast.runs.scenario_saving import Saved
    from forecast.runs.scenario_setting import ScenarioSetting
    from forecast.runs.scenario_solving import LeverMap, Solved

__all__ = ["ScenarioCalls"]

Progress = Callable[[str, int, int], None]
Scope = Literal["city", "region"]


class ScenarioCalls:
    """What ``Workspace`` offers on scenarios.

    The calls that answer take the options of a question: ``region``, ``year``, ``as_of``, ``plan``,
    ``standard``, ``model``, ``paths``, ``seed`` and ``jobs``, as for ``run``.
    """

    _inner: _workspace.Workspace

    def new_scenario(
        self,
        *,
        region: str | None = None,
        year: int | None = None,
        out: str | Path | None = None,
        plan: bool = True,
        overwrite: bool = False,
    ) -> Path:
        """Write a commented scenario file for a region and return its path.

        Args:
            region: None: the only one of the readings.
            year: the year its examples start in.
            out: the file; None: ``scenarios/<region>.toml`` in the workspace.
            plan: fill in the measures of the region's plan where they come with the package.
            overwrite: replace a file that is there.
        """
        from forecast.runs.scenario_files import write_new_scenario

        return write_new_scenario(
            self._inner, region=region, year=known_year(year),
            out=None if out is None else Path(out), plan=plan, overwrite=overwrite,
        )  # fmt: skip

    def scenario(
        self,
        *files: str | Path,
        cuts: Sequence[str] = (),
        start: str | date | None = None,
        scope: str = "city",
        progress: Progress | None = None,
        **question: Any,
    ) -> Answer:
        """Try packages of measures: the chance of each target, paired with no package.

        Args:
            files: scenario files, names of files in ``scenarios``, or names of shipped ones.
            cuts: cuts such as ``SO2=20%``, added to each file, or a package of their own.
            start: first day of the cuts; None: the day after the last reading.
            scope: ``city``, or ``region`` where the surroundings cut as well.
            progress: called with the stage, packages done and in all.
            **question: see the class.

        Raises:
            InputError: a file is wrong, or a package outside what the responses cover.
        """
        from forecast.runs.scenario_answer import answer
        from forecast.runs.scenario_packages import asked_packages

        setting, scenarios = self._asked(files, cuts, start, scope, question)
        return answer(setting, asked_packages(setting, scenarios), progress=progress)

    def solve_scenario(
        self,
        file: str | Path | None = None,
        *,
        probability: float = 0.8,
        targets: Sequence[str] = (),
        most: float | None = None,
        cuts: Sequence[str] = (),
        start: str | date | None = None,
        scope: str = "city",
        progress: Progress | None = None,
        **question: Any,
    ) -> Solved:
        """Find how much of a package each target needs to be met with ``probability``.

        Args:
            file, cuts, start, scope: the package, as for :meth:`scenario`.
            probability: what is asked, inside (0, 1).
            targets: ids or indicators; none: all but stretch goals and what is decided anyway.
            most: largest scale tried; None: the end of the trusted domain, at most 5. Beyond that
                domain the answer is said to be extrapolated; beyond 100 % it is refused.
            progress: called with the stage, targets done and in all.
            **question: see the class.
        """
        from forecast.runs.scenario_packages import asked_packages
        from forecast.runs.scenario_solving import solve_package

        files = () if file is None else (file,)
        setting, scenarios = self._asked(files, cuts, start, scope, question)
        package = asked_packages(setting, scenarios)[0]
        return solve_package(
            setting, package, probability=probability, targets=targets, most=most,
            progress=progress,
        )  # fmt: skip

    def lever_map(
        self,
        first: str,
        second: str,
        *,
        file: str | Path | None = None,
        target: str = "",
        probability: float = 0.8,
        most: float = 60.0,
        steps: int = 6,
        start: str | date | None = None,
        scope: str = "city",
        progress: Progress | None = None,
        **question: Any,
    ) -> LeverMap:
        """Take the chance of a target over cuts of two levers, such as ``NOx`` and ``VOC``.

        Args:
            first, second: pollutants, sectors, or ``sector:pollutant``.
            file: a scenario whose measures act besides.
            target: id or indicator; empty: the good-day ratio.
            probability: what the frontier is drawn for.
            most: largest cut of either [%].
            steps: steps from no cut to the largest.
            start, scope, progress: as for :meth:`scenario`.
            **question: see the class.
        """
        from forecast.runs.scenario_solving import two_levers

        files = () if file is None else (file,)
        setting, scenarios = self._asked(files, (), start, scope, question, need=False)
        return two_levers(
            setting, (first, second), base=scenarios[0] if scenarios else None, target=target,
            probability=probability, most=most, steps=steps, start=as_date(start, "--start"),
            scope=_known_scope(scope), progress=progress,
        )  # fmt: skip

    def save_scenario(
        self, made: Answer | Solved | LeverMap, out: str | Path | None = None
    ) -> Saved:
        """Write an answer with its tables, chart 9 and a page; to ``reports/scenarios`` by default."""
        from forecast.runs.scenario_answer import Answer
        from forecast.runs.scenario_saving import save_scenario
        from forecast.runs.scenario_solving import Solved

        folder = None if out is None else Path(out)
        tables: dict[str, pd.DataFrame]
        if isinstance(made, Answer):
            kind = "run" if len(made.packages) == 1 else "compare"
            tables = {"targets": made.targets, "indicators": made.indicators, "tonnes": made.tonnes}
        elif isinstance(made, Solved):
            kind, own = "solve", made.forward
            tables = {"solutions": made.table, "targets": own.targets,
                      "indicators": own.indicators, "tonnes": own.tonnes}  # fmt: skip
        else:
            kind, tables = "map", {"map": made.table}
        return save_scenario(self._inner, made.told, tables, kind=kind, out=folder)

    def _asked(
        self,
        files: Sequence[str | Path],
        cuts: Sequence[str],
        start: str | date | None,
        scope: str,
        question: dict[str, Any],
        *,
        need: bool = True,
    ) -> tuple[ScenarioSetting, list[NamedScenario]]:
        """The setting that is asked for, and the scenarios with the cuts of the command line."""
        from forecast.runs.request import Request
        from forecast.runs.scenario_packages import NamedScenario, named_scenario
        from forecast.runs.scenario_setting import open_setting
        from forecast.scenario.scenario_file import scenario_of_cuts, with_cuts

        if need and not files and not cuts:
            raise UsageError(
                "No scenario is given.",
                "Name a file (forecast scenario new writes one) or a cut: --cut 'NOx=20%'.",
            )
        own_scope = _known_scope(scope)
        scenarios = [named_scenario(self._inner, str(f)) for f in files]
        options = dict(question)
        options["as_of"] = as_date(options.get("as_of"))
        options["year"] = known_year(options.get("year"))
        if options.get("region") is None and scenarios:
            options["region"] = scenarios[0].scenario.region
        setting = open_setting(self._inner, Request(**options))
        first = as_date(start, "--start") or setting.first_day
        if cuts and scenarios:
            scenarios = [
                replace(s, scenario=with_cuts(s.scenario, cuts, start=first, scope=own_scope))
                for s in scenarios
            ]
        elif cuts:
            made = scenario_of_cuts(cuts, region=setting.region, start=first, scope=own_scope)
            scenarios = [NamedScenario(made)]
        return setting, scenarios


def _known_scope(scope: str) -> Scope:
    if scope == "city":
        return "city"
    if scope == "region":
        return "region"
    raise UsageError(f"The scope {scope} is not known.", "Use city or region.")
