"""How many flagged readings stand behind a run: flagged values are used until they are rejected."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date

import pandas as pd

from forecast.ingest.points import with_cities
from forecast.workspace import Workspace

__all__ = ["flag_counts", "flag_remarks", "flags_behind"]

_STATES = ("open", "accepted", "rejected")


def flags_behind(workspace: Workspace, regions: Collection[str], as_of: date) -> pd.DataFrame:
    """Return the quality flags on readings up to ``as_of`` of ``regions``, as the readings name them.

    A point that is known by its code alone belongs to the city that the list of stations gives it.

    Returns:
        ``region, status, n``, one row a flag.
    """
    flags = workspace.store.read("quality_flags")
    day_after = pd.Timestamp(as_of) + pd.Timedelta(days=1)
    flags = flags[~(flags["first"] >= day_after)]
    flags = with_cities(flags, workspace.store.read("sites"))
    return flags.loc[flags["region"].isin(regions), ["region", "status", "n"]]


def flag_counts(flags: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Return state → number of flags and of values under them; of information the number alone."""
    counts = {
        state: {
            "flags": int((flags["status"] == state).sum()),
            "values": int(flags.loc[flags["status"] == state, "n"].sum()),
        }
        for state in _STATES
    }
    return {**counts, "information": {"flags": int((flags["status"] == "information").sum())}}


def flag_remarks(flags: pd.DataFrame) -> list[tuple[str, str]]:
    """Return one remark, in Chinese and English, for each region with flags that are not decided."""
    waiting = flags[flags["status"] == "open"]
    return [
        (
            f"{region}:有{len(mine)}条质控标记待定,涉及{int(mine['n'].sum())}个值,"
            "剔除之前照用(forecast status --quality)。",
            f"{region}: {len(mine)} quality flags on {int(mine['n'].sum())} values are not decided; "
            "the values are used until rejected (forecast status --quality).",
        )
        for region, mine in _by_region(waiting)
    ]


def _by_region(flags: pd.DataFrame) -> Iterable[tuple[str, pd.DataFrame]]:
    return [(str(region), mine) for region, mine in flags.groupby("region", sort=True)]
