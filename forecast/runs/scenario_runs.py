"""The scenario section of a run: the workspace's scenario files on the paths that the run has drawn."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from forecast.errors import ForecastError
from forecast.messages import in_chinese
from forecast.projection.panel import Panel, PanelProjection
from forecast.projection.settings import Settings
from forecast.region_names import normalise_region
from forecast.runs.scenario_answer import Answer, answer
from forecast.runs.scenario_packages import (
    AskedPackage,
    NamedScenario,
    asked_packages,
    check_package,
)
from forecast.runs.scenario_setting import ScenarioSetting, setting_of
from forecast.workspace import Workspace

__all__ = ["regions_of", "run_scenarios", "scenarios_sha256"]

Progress = Callable[[str, int, int], None]
#: A remark in Chinese and English.
Words = tuple[str, str]


def scenarios_sha256(files: Sequence[NamedScenario]) -> str:
    """Return what stands for the scenario files in the name of a run."""
    digest = hashlib.sha256()
    for one in files:
        response = one.scenario.response
        runs = response.model_runs
        # The table's content counts, not where it stands.
        plain = one.scenario.model_copy(
            update={"response": response.model_copy(update={"model_runs": ""})}
        )
        digest.update(f"{one.file}\x1f{plain.model_dump_json()}".encode())
        if runs:
            digest.update(((one.folder or Path()) / runs).read_bytes())
    return digest.hexdigest()


def regions_of(files: Sequence[NamedScenario]) -> set[str]:
    """Return the regions of scenario files, normalised."""
    return {normalise_region(one.scenario.region) for one in files}


def run_scenarios(
    workspace: Workspace,
    panel: Panel,
    settings: Settings,
    projection: PanelProjection,
    files: Sequence[NamedScenario],
    run_id: str,
    progress: Progress | None = None,
) -> tuple[list[dict[str, Any]], list[Words]]:
    """Try the scenario files of each region that the run has projected.

    Nothing is drawn or fitted again. What is wrong with one file leaves the others alone.

    Returns:
        One JSON-ready object a region (see ``answer``), and what could not be answered (zh, en).
    """
    if settings.year_over:
        return [], []
    told: list[dict[str, Any]] = []
    said: list[Words] = []
    there: set[str] = set()
    keys = {normalise_region(a.region) for a in projection.air}
    keys |= {normalise_region(w.region) for w in projection.water}
    for key in sorted(keys & regions_of(files)):
        there.add(key)
        setting = _setting(workspace, panel, settings, projection, key)
        packages = _usable(
            setting, [f for f in files if normalise_region(f.scenario.region) == key], said
        )
        made = _answered(setting, packages, run_id, said, progress) if packages else None
        if made is not None:
            told.append(made.told)
    if panel.only is None:
        for one in files:
            if normalise_region(one.scenario.region) not in there:
                where = one.scenario.region
                said.append(
                    (
                        f"情景文件{one.file}未采用:没有{where}的监测值",
                        f"scenario file {one.file} left out: there are no readings of {where}",
                    )
                )
    return told, said


def _setting(
    workspace: Workspace, panel: Panel, settings: Settings, projection: PanelProjection, key: str
) -> ScenarioSetting:
    cities = [a for a in projection.air if normalise_region(a.region) == key]
    city = next((a for a in cities if normalise_region(a.place) == key), None)
    city = city or (cities[0] if cities else None)
    sections = [w for w in projection.water if normalise_region(w.region) == key]
    region = city.region if city else sections[0].region
    return setting_of(
        workspace, panel, settings, region, city.place if city else region,
        city.paths if city else None, [r for w in sections for r in w.results],
    )  # fmt: skip


def _usable(
    setting: ScenarioSetting, files: Sequence[NamedScenario], said: list[Words]
) -> list[AskedPackage]:
    """The packages inside the limits; what is wrong with the others is said."""
    good: list[NamedScenario] = []
    for one in files:
        try:
            for package in asked_packages(setting, [*good, one])[len(good) :]:
                check_package(package)
        except ForecastError as error:
            said.append((f"情景文件未采用:{in_chinese(error)}", f"scenario file left out: {error}"))
        else:
            good.append(one)
    return asked_packages(setting, good)


def _answered(
    setting: ScenarioSetting,
    packages: Sequence[AskedPackage],
    run_id: str,
    said: list[Words],
    progress: Progress | None,
) -> Answer | None:
    """The answer; a package that can't be answered is named and left out, the others go on."""
    try:
        return answer(setting, packages, run_id=run_id, progress=progress)
    except ForecastError:
        good: list[AskedPackage] = []
        for package in packages:
            try:
                answer(setting, [package])
            except ForecastError as error:
                said.append(
                    (
                        f"情景文件{package.file}未采用:{in_chinese(error)}",
                        f"scenario file {package.file} left out: {error}",
                    )
                )
            else:
                good.append(package)
        return answer(setting, good, run_id=run_id, progress=progress) if good else None
