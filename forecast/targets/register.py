"""The list of targets as a table: what each asks, and what has been entered for it."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from forecast.region_names import normalise_region
from forecast.standards.indicators import WATER_CLASSES
from forecast.targets.applied import apply_entries
from forecast.targets.loader import find_plan
from forecast.targets.model import Plan

__all__ = ["TARGET_COLUMNS", "target_table"]

TARGET_COLUMNS = [
    "id", "plan", "region", "domain", "indicator", "label_zh", "label_en", "kind", "level",
    "comparator", "value", "unit", "year", "period", "place", "binding", "entered", "quote",
]  # fmt: skip


def target_table(
    plans: Sequence[Plan],
    entries: pd.DataFrame,
    *,
    region: str | None = None,
    year: int | None = None,
    plan: str | None = None,
) -> pd.DataFrame:
    """Return one row a target, columns ``TARGET_COLUMNS``; ``value`` is a number or a token.

    Args:
        region: only plans of this region (either form of its name).
        year: only targets that ask something of this year.
        plan: only this plan.

    Raises:
        TargetError: there is no such plan.
    """
    applied = apply_entries(plans, entries)
    chosen = [find_plan(applied.plans, plan)] if plan is not None else list(applied.plans)
    rows = []
    for p in chosen:
        if region is not None and normalise_region(region) not in {
            normalise_region(name) for name in (p.region, *p.aliases)
        }:
            continue
        for t in p.target:
            if year is not None and not t.covers(year):
                continue
            value: float | str = t.token if t.value is None else t.value
            if t.value is not None and t.unit == "class":
                value = WATER_CLASSES[int(t.value) - 1]
            said = applied.sources.get(t.id, "")
            if t.id in applied.ledger:
                total, lines = applied.ledger[t.id]
                said = f"{total:g} {t.unit} ({lines}); {said}"
            if t.id in applied.done:
                said = f"{'done' if applied.done[t.id] else 'not done'}; {said}"
            rows.append(
                [
                    t.id, p.id, t.region, t.domain, t.indicator, t.label_zh, t.label_en, t.kind,
                    t.level, t.comparator, value, t.unit, t.year, t.period, t.place or t.scope,
                    t.binding, said, t.quote,
                ]
            )  # fmt: skip
    return pd.DataFrame(rows, columns=TARGET_COLUMNS).astype({"year": "Int64"})
