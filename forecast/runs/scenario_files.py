"""Scenario files of a workspace: a new one for a region, and those that every run takes up."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from forecast.disk import write_file
from forecast.errors import ForecastError, UsageError, WorkspaceError
from forecast.messages import in_chinese
from forecast.region_names import normalise_region, of_region
from forecast.runs.scenario_packages import SCENARIOS, NamedScenario
from forecast.scenario.inventory import Inventory
from forecast.scenario.packages import package_for
from forecast.scenario.scenario_file import load_scenario
from forecast.scenario.scenario_template import new_scenario
from forecast.workspace import Workspace

__all__ = ["scenario_files", "write_new_scenario"]


def write_new_scenario(
    workspace: Workspace,
    *,
    region: str | None = None,
    year: int | None = None,
    out: Path | None = None,
    plan: bool = True,
    overwrite: bool = False,
) -> Path:
    """Write a commented scenario file for a region; it loads as it is.

    Args:
        workspace: its inventory is listed in the file.
        region: None: the only one of the readings.
        year: the year its examples start in; None: the year of the last reading.
        out: the file; None: ``scenarios/<region>.toml`` in the workspace.
        plan: fill in the measures of the region's plan where they come with the package.
        overwrite: replace a file that is there.

    Raises:
        UsageError: several regions and none is named, or the file is there.
        WorkspaceError: the file can't be written.
    """
    name, last = _region(workspace, region)
    if year is None:
        year = last or datetime.now(workspace.timezone).year
    table = workspace.store.read("emissions")
    inventory = None if table.empty else Inventory.from_table(table, name)
    text = new_scenario(
        name, year, inventory=inventory, package=package_for(name) if plan else None
    )
    path = out or workspace.root / SCENARIOS / f"{name}.toml"
    if path.exists() and not overwrite:
        raise UsageError(
            f"{path} is there already; it is left as it is.",
            "Choose another file with --out, or replace it with --overwrite.",
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, text.encode("utf-8"))
    except OSError as error:
        raise WorkspaceError(
            f"{path} can't be written ({error.strerror or error}).", "Choose another with --out."
        ) from error
    return path


def _region(workspace: Workspace, asked: str | None) -> tuple[str, int | None]:
    """The region as the readings name it, and the year of its last reading."""
    sites = workspace.store.read("sites")
    regions = sorted({str(r) for r in sites["region"]})
    if asked is not None:
        own = [r for r in regions if normalise_region(r) == normalise_region(asked)]
        name = own[0] if own else asked.strip()
        if not name or any(c in name for c in '/\\:*?"<>|'):
            raise UsageError(
                f"--region {asked!r} is no name of a region.", "Give one such as 衡水."
            )
    elif len({normalise_region(r) for r in regions}) == 1:
        name = regions[0]
    elif not regions:
        raise ForecastError(
            "The workspace has no readings, so the region is not known.",
            "Name it: forecast scenario new --region 衡水; or take files in first.",
        )
    else:
        raise UsageError(
            f"The workspace has {len(regions)} regions.",
            f"Name one with --region: {', '.join(regions[:20])}{' …' if len(regions) > 20 else ''}.",
        )
    air = workspace.store.air_daily(None)
    own_rows = air[of_region(air["region"], name)]
    return name, None if own_rows.empty else int(own_rows["date"].max().year)


def scenario_files(
    workspace: Workspace,
) -> tuple[list[NamedScenario], list[tuple[str, str]]]:
    """Read the scenario files of the workspace's folder ``scenarios``, in the order of their names.

    Returns:
        The scenarios, and what is wrong with files that can't be read (zh, en): a wrong file must
        not stop the morning's forecast.
    """
    found: list[NamedScenario] = []
    wrong: list[tuple[str, str]] = []
    for path in sorted((workspace.root / SCENARIOS).glob("*.toml")):
        try:
            scenario = load_scenario(path, workspace.config.paths.outside)
            found.append(NamedScenario(scenario, f"{SCENARIOS}/{path.name}", path.parent))
        except ForecastError as error:
            wrong.append(
                (f"情景文件未采用:{in_chinese(error)}", f"scenario file left out: {error}")
            )
    return found, wrong
