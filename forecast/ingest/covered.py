"""Which readings a decision covers: those that it was made on, and no others.

A decision stands for the readings between the first and the last of its flag as they were at its
moment. A reading that came later, or that was corrected later, is not covered: where its rule finds
it, that is a flag of its own, which waits for a decision.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from forecast.ingest.late_rows import Places
from forecast.quality.findings import flag_id
from forecast.revisions import counting
from forecast.store import Store
from forecast.tables import HOUR_ITEMS, TABLES
from forecast.workspace import Workspace

__all__ = ["DECIDED", "SERIES", "covered_times", "left_open", "places_now", "said_since"]

#: States of a flag that a person decided on.
DECIDED = ("accepted", "rejected")

#: What tells the series of readings that a flag is on.
SERIES = ("table", "source", "region", "place", "item")

_NAMES = [*SERIES, "rule", "first"]


def places_now(ws: Workspace, files: pd.DataFrame | None = None) -> Places:
    """Return when the file of each stored row was received, as things stand."""
    return Places(ws, ws.store.files() if files is None else files)


def said_since(rows: pd.DataFrame, table: str, item: str, places: Places) -> pd.Series[Any]:
    """Return time → since when each reading of a series has said what it says.

    Args:
        rows: all versions of the readings of one source and place (and item, of a long table).
        table: their table.
        item: of the flag; empty for all items.
        places: when the files were received.
    """
    spec = TABLES[table]
    long = spec.values == ("value",)
    key = [spec.year_of, *(["item"] if long else [])]
    values = ["value"] if long else [item] if item else list(HOUR_ITEMS)
    rows = counting(rows).sort_values([*key, "known_from"], kind="stable")
    first = ~rows.duplicated(key).to_numpy(bool)
    now = rows[values].to_numpy(np.float64)
    before = np.vstack([np.full((1, len(values)), np.nan), now[:-1]])
    same = ((now == before) | (np.isnan(now) & np.isnan(before))).all(axis=1)
    moment = rows["known_from"].to_numpy("datetime64[s]").copy()
    # History counts as known at its own time; what came in when is said by its file.
    moment[first] = [place[0].to_datetime64() for place in places.of(rows[first])]
    said = rows.assign(said=moment)[first | ~same]
    last: pd.Series[Any] = said.groupby(spec.year_of)["said"].max()
    return last


def covered_times(flag: Mapping[Hashable, Any], since: pd.Series[Any]) -> pd.DatetimeIndex:
    """Return the times of the readings that the decision on ``flag`` covers."""
    times = pd.DatetimeIndex(since.index)
    inside = (times >= flag["first"]) & (times <= flag["last"])
    return pd.DatetimeIndex(times[inside & (since <= flag["decided"]).to_numpy(bool)])


def left_open(ws: Workspace, found: pd.DataFrame, stored: pd.DataFrame) -> pd.DataFrame:
    """Return findings without what was decided before, each stretch that is left with its name.

    Args:
        ws: the workspace; its tables have the readings.
        found: findings with ``flag_id``.
        stored: the quality flags as they stand.
    """
    decided = stored[stored["status"].isin(DECIDED) & stored["first"].notna()]
    decided = decided[decided["table"].isin([name for name in TABLES if TABLES[name].readings])]
    names = [*SERIES, "rule"]
    if decided.empty or found.empty:
        return found
    pairs = found.reset_index().merge(
        decided[[*names, "first", "last", "decided"]], on=names, suffixes=("", "_decided")
    )
    pairs = pairs[
        (pairs["first"] <= pairs["last_decided"]) & (pairs["last"] >= pairs["first_decided"])
    ]
    if pairs.empty:
        return found
    places = places_now(ws)
    taken = set(decided["flag_id"])
    parts = [found[~found.index.isin(pairs["index"])]]
    for at, mine in pairs.groupby("index"):
        parts += _stretches(ws.store, found.loc[[at]].iloc[0], mine, places, taken)
    whole: pd.DataFrame = pd.concat(parts, ignore_index=True)
    return whole


def _stretches(
    store: Store, one: pd.Series[Any], decided: pd.DataFrame, places: Places, taken: set[str]
) -> list[pd.DataFrame]:
    since = said_since(_readings(store, one), str(one["table"]), str(one["item"]), places)
    since = since[(since.index >= one["first"]) & (since.index <= one["last"])]
    covered = np.zeros(len(since), dtype=bool)
    for flag in decided.to_dict("records"):
        span: dict[Hashable, Any] = {
            "first": flag["first_decided"], "last": flag["last_decided"],
            "decided": flag["decided"],
        }  # fmt: skip
        covered |= since.index.isin(covered_times(span, since))
    parts = []
    starts = np.flatnonzero(~covered & np.r_[True, covered[:-1]])
    for start in starts:
        ends = np.flatnonzero(covered[start:])
        stop = start + ends[0] if len(ends) else len(covered)
        stretch = since.iloc[start:stop]
        n = max(1, round(int(one["n"]) * len(stretch) / len(since)))
        piece = one.to_dict() | {"first": stretch.index[0], "last": stretch.index[-1], "n": n}
        piece["flag_id"] = flag_id(*(piece[name] for name in _NAMES))
        if piece["flag_id"] in taken:
            # The first reading of a decided flag was corrected: what it says now is another fault.
            rule = f"{one['rule']} {stretch.max():%Y%m%d%H%M%S}"
            other = piece | {"rule": rule}
            piece["flag_id"] = flag_id(*(other[name] for name in _NAMES))
        parts.append(
            pd.DataFrame([piece]).astype({"first": "datetime64[s]", "last": "datetime64[s]"})
        )
    return parts


def _readings(store: Store, one: pd.Series[Any]) -> pd.DataFrame:
    """Return all versions of the readings under a flag; of a long table of its item."""
    table = str(one["table"])
    spec = TABLES[table]
    edge = pd.Timedelta(seconds=1 if spec.end_stamped else 0)
    form = "%Y-%m" if spec.by_month else "%Y"
    low, high = ((one[c] - edge).strftime(form) for c in ("first", "last"))
    wanted = [part for part in store.manifest().get(table, {}) if low <= part <= high]
    rows = store.read(table, regions=[str(one["region"])], partitions=wanted)
    mine = (rows["source"] == one["source"]) & (rows["place"] == one["place"])
    if spec.values == ("value",) and one["item"]:
        mine &= rows["item"] == one["item"]
    mine &= (rows[spec.year_of] >= one["first"]) & (rows[spec.year_of] <= one["last"])
    return pd.DataFrame(rows[mine])
