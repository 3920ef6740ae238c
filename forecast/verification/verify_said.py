"""What the register holds of what a verification asks for, or why it holds nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from forecast.errors import ForecastError
from forecast.region_names import normalise_region
from forecast.runs.register import Check, read_said, registered_regions
from forecast.runs.register_again import Beside
from forecast.workspace import Workspace

__all__ = ["said_of"]


def said_of(
    workspace: Workspace, check: Check, beside: Beside, region: str | None,
    indicator: str | None, since: date | None, until: date | None,
) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """Read what runs said of what is asked for, and the targets on it.

    Args:
        workspace: whose register.
        check, beside: its state, and the stored runs that it lacks.
        region, indicator: only these.
        since, until: only as-of dates between (both included).

    Raises:
        ForecastError: the register is empty or lost, or holds nothing of what is asked for.
        WorkspaceError: it can't be read.
    """
    if not check.blocks and check.faults:
        found = "; ".join(f.en for f in check.faults[:3])
        raise ForecastError(
            f"The register of {workspace.root} holds no whole line any more: {found}.",
            f"Put the folder reports/register back from a backup{_or_again(beside)}.",
        )
    if not check.blocks and beside.missing:
        raise ForecastError(
            f"The register of {workspace.root} is empty, though finished runs stand under reports "
            f"({len(beside.missing)}): it was deleted or lost.",
            f"Put the folder reports/register back from a backup{_or_again(beside)}.",
        )
    if not check.blocks:
        raise ForecastError(
            f"The register of {workspace.root} is empty: no run has been recorded in it yet.",
            "Make one with `forecast run`; a forecast is scored once its year is over.",
        )
    first, last = (d.isoformat() if d else "" for d in (since, until))

    def wanted(run: Mapping[str, Any]) -> bool:
        day = str(run.get("as_of"))
        return day >= first and (not last or day <= last)

    said, targets = read_said(workspace, region, indicator=indicator, chosen=wanted)
    said = said[said["mean"].notna()] if len(said) else said
    if said.empty:
        if region is not None:
            _check_region(workspace, region)
        named = [w for w in (region, indicator) if w]
        named += [f"from {since}"] if since else []
        named += [f"to {until}"] if until else []
        raise ForecastError(
            "The register holds no forecast"
            + (f" of what is asked for ({', '.join(named)})." if named else "."),
            f"It has {check.blocks} runs with as-of dates from {check.first} to {check.last}.",
        )
    return said, targets


def _check_region(workspace: Workspace, region: str) -> None:
    """Refuse a region that no run has said anything of, and name those there are."""
    regions = registered_regions(workspace)
    wanted = normalise_region(workspace.config.regions.aliases.get(region, region))
    if wanted not in map(normalise_region, regions):
        shown = ", ".join(regions[:20]) + (" …" if len(regions) > 20 else "")
        raise ForecastError(
            f"The register has no forecast of the region {region}.", f"Regions it has: {shown}."
        )


def _or_again(beside: Beside) -> str:
    """What is left to do where there is no backup."""
    if not beside.missing:
        return ""
    return ", or take the stored runs in again: forecast verify --register-again"
