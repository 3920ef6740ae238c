"""The outlook of the next days as a finished run has it."""

from __future__ import annotations

from typing import Any

from forecast.errors import ForecastError, UsageError
from forecast.region_names import normalise_region
from forecast.runs.execute import latest_run
from forecast.runs.stored_run import read_run
from forecast.workspace import Workspace

__all__ = ["outlook_of"]


def outlook_of(
    workspace: Workspace, *, region: str | None = None, days: int = 7, run: str | None = None
) -> dict[str, Any]:
    """Return ``short_range`` of a run as ``projection.json`` has it, with ``run`` and ``as_of``.

    Args:
        workspace: whose runs.
        region: only this region, with or without 市 and the like.
        days: as many days, 1 to 7.
        run: name of the run; None: the newest.

    Raises:
        ForecastError: there is no run, it is damaged or altered, or it has no outlook, or none of
            the region.
        UsageError: a number of days other than 1 to 7, or an unknown run.
    """
    if not 1 <= days <= 7:
        raise UsageError(f"--days {days} is out of range.", "Give 1 to 7 days.")
    name, result = _result(workspace, run)
    told = result.get("short_range")
    if told is None:
        raise ForecastError(
            f"The run {name} was made by a version that had no daily outlook.",
            "Make a new one: forecast run.",
        )
    air, water = list(told.get("air") or ()), list(told.get("water") or ())
    if region is not None:
        wanted = normalise_region(workspace.config.regions.aliases.get(region, region))
        known = list(dict.fromkeys(str(e["region"]) for e in (*air, *water)))
        air, water = (
            [e for e in entries if normalise_region(str(e["region"])) == wanted]
            for entries in (air, water)
        )
        if not air and not water:
            raise ForecastError(
                f"The run {name} has no outlook of the region {region}.",
                f"Regions it has: {', '.join(known[:20])}{' …' if len(known) > 20 else ''}."
                if known
                else "Take readings of a city in first: forecast ingest <folder>.",
            )
    return {
        "run": name,
        "as_of": result["run"]["as_of"],
        "air": [{**entry, "days": entry["days"][:days]} for entry in air],
        "water": [
            {**e, "days": e["days"][:days] if e.get("kind") == "daily" else e["days"]}
            for e in water
        ],
    }


def _result(workspace: Workspace, run: str | None) -> tuple[str, dict[str, Any]]:
    """Name and result of a run, the newest where none is named."""
    reports = workspace.reports
    if run is not None:
        plain = run == run.strip(". ") and "/" not in run and "\\" not in run
        if not run or not plain or not (reports / run).is_dir():
            raise UsageError(f"There is no run {run}.", "The folders under reports are the runs.")
    folder = latest_run(workspace) if run is None else reports / run
    if folder is None:
        raise ForecastError("There is no run yet.", "Make one: forecast run.")
    return folder.name, read_run(folder).result
