"""Entered figures beside the plans: what counts on a day, and where it goes."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from forecast.region_names import normalise_region
from forecast.targets.entries import empty_entries, own_target, typed
from forecast.targets.model import Plan, Target

__all__ = ["Applied", "apply_entries", "current_entries"]


@dataclass(frozen=True)
class Applied:
    """The plans with the entered numbers in them, and what else was entered.

    Attributes:
        plans: assigned numbers stand in their targets; a user's own targets are the plan ``user``.
        ledger: target id → sum [unit of target] and number of lines.
        done: target id → whether the works are done.
        peers: target id → name → value.
        yearly: (normalised region, indicator) → year → value.
        sources: target id → source and date of what was entered for it.
    """

    plans: tuple[Plan, ...]
    ledger: Mapping[str, tuple[float, int]] = field(default_factory=dict)
    done: Mapping[str, bool] = field(default_factory=dict)
    peers: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    yearly: Mapping[tuple[str, str], Mapping[int, float]] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)


def apply_entries(
    plans: Sequence[Plan],
    entries: pd.DataFrame,
    *,
    as_of: dt.date | None = None,
    year: int | None = None,
) -> Applied:
    """Put what people entered beside the plans.

    Of several entries for the same thing the latest by date counts, of one date the last recorded.

    Args:
        as_of: only entries dated to the end of this day count; None = all.
        year: the year whose peers' values are wanted; None = the latest entered.

    Raises:
        TargetError: an own target in the table can't be read.
    """
    rows = current_entries(entries, as_of)
    records: list[dict[str, Any]] = [
        dict(zip(rows.columns, r, strict=True)) for r in rows.itertuples(index=False)
    ]
    assigned = {r["target_id"]: r for r in records if r["kind"] == "assigned"}
    sources: dict[str, str] = {}
    out: list[Plan] = []
    for plan in plans:
        changed = tuple(_assign(t, assigned.get(t.id)) for t in plan.target)
        out.append(plan.model_copy(update={"target": changed}))
    sources.update({k: _cite(r) for k, r in assigned.items() if math.isfinite(r["value"])})
    out.extend(_user_plans(records))
    lines: dict[str, list[float]] = {}
    done: dict[str, bool] = {}
    peers: dict[str, dict[int, dict[str, float]]] = {}
    yearly: dict[tuple[str, str], dict[int, float]] = {}
    for r in records:
        target_id, figure, of_year = r["target_id"], float(r["value"]), int(r["year"])
        if r["kind"] == "milestone":
            done[target_id] = r["text"] == "done"
        elif not math.isfinite(figure):
            continue  # withdrawn
        elif r["kind"] == "ledger":
            lines.setdefault(target_id, []).append(figure)
        elif r["kind"] == "peer":
            peers.setdefault(target_id, {}).setdefault(of_year, {})[r["place"]] = figure
        elif r["kind"] == "yearly":
            key = (normalise_region(r["region"]), r["indicator"])
            yearly.setdefault(key, {})[of_year] = figure
        if r["kind"] in ("ledger", "milestone", "peer"):
            sources[target_id] = _cite(r)
    wanted = {
        target_id: by_year.get(max(by_year) if year is None else year, {})
        for target_id, by_year in peers.items()
    }
    return Applied(
        plans=tuple(out),
        ledger={k: (round(math.fsum(v), 9), len(v)) for k, v in lines.items()},
        done=done,
        peers={k: v for k, v in wanted.items() if v},
        yearly=yearly,
        sources=sources,
    )


def current_entries(entries: pd.DataFrame, as_of: dt.date | None) -> pd.DataFrame:
    """The entries that count on ``as_of``: the latest of each thing, in a fixed order."""
    if entries.empty:
        return empty_entries()
    rows = typed(entries)
    if as_of is not None:
        rows = rows[rows["date"] < pd.Timestamp(as_of) + pd.Timedelta(days=1)]
    rows = rows.sort_values(["date", "recorded"], kind="stable")
    # An assigned number, works and own targets have one state; lines, peers and values one a year.
    single = rows["kind"].isin(["assigned", "milestone", "target"])
    key = rows["target_id"].where(
        single,
        rows["target_id"] + "|" + rows["region"].map(normalise_region) + "|" + rows["indicator"]
        + "|" + rows["place"] + "|" + rows["year"].astype("str"),
    )  # fmt: skip
    latest = ~(rows["kind"] + "|" + key).duplicated(keep="last")
    return rows[latest].sort_values(["kind", "target_id", "place", "year"], kind="stable")


def _assign(target: Target, entry: dict[str, Any] | None) -> Target:
    if entry is None or not math.isfinite(entry["value"]):
        return target
    said = f"Number assigned by {_cite(entry)}."
    return target.model_copy(
        update={"value": float(entry["value"]), "notes": f"{target.notes} {said}".strip()}
    )


def _cite(entry: dict[str, Any]) -> str:
    return f"{entry['origin']}, {pd.Timestamp(entry['date']):%Y-%m-%d}"


def _user_plans(records: list[dict[str, Any]]) -> list[Plan]:
    """A user's own targets: one plan a region, since a plan belongs to one region."""
    by_region: dict[str, list[Target]] = {}
    for r in records:
        if r["kind"] == "target":
            target = own_target(r["text"], pd.Timestamp(r["date"]).date())
            by_region.setdefault(normalise_region(target.region), []).append(target)
    out = []
    for i, key in enumerate(sorted(by_region)):
        targets = by_region[key]
        name = "user" if i == 0 else f"user-{i + 1}"
        plan = Plan(id=name, title="自定目标", title_en="Own targets", region=targets[0].region)
        own = tuple(t.model_copy(update={"plan": name}) for t in targets)
        out.append(plan.model_copy(update={"target": own}))
    return out
