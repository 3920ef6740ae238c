"""What is there: places, items, period and counts by year."""

from __future__ import annotations

import pandas as pd

from forecast.workspace import Workspace

__all__ = ["coverage"]

_TABLES = {"air": ("air_daily", "date"), "water": ("water_samples", "time")}


def coverage(ws: Workspace) -> pd.DataFrame:
    """Return what the tables hold, one row a place and item, across sources.

    Returns:
        Columns ``domain, region, place, item, first, last, n`` and one column of counts for each
        year (named by the year as text); empty with the first seven where there is nothing.
    """
    parts = []
    for domain, (table, time) in _TABLES.items():
        columns = ["region", "place", time, "item"]
        rows = ws.store.read(table, columns=columns).drop_duplicates()
        if rows.empty:
            continue
        rows = rows.rename(columns={time: "when"})
        key = ["region", "place", "item"]
        summary = rows.groupby(key)["when"].agg(first="min", last="max", n="size")
        years = rows["when"].dt.year.astype(str).rename("year")
        counts = rows.assign(year=years).pivot_table(
            index=key, columns="year", values="when", aggfunc="size", fill_value=0
        )
        parts.append(summary.join(counts).reset_index().assign(domain=domain))
    names = ["domain", "region", "place", "item", "first", "last", "n"]
    if not parts:
        return pd.DataFrame(columns=names)
    whole = pd.concat(parts, ignore_index=True)
    years_there = sorted(set(whole.columns) - set(names))
    whole[years_there] = whole[years_there].fillna(0).astype(int)
    ordered: pd.DataFrame = whole[[*names, *years_there]]
    return ordered
