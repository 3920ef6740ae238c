"""The share over the sections common to the lists of a set: the only series that a change leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np

from forecast.projection.result import IndicatorResult
from forecast.projection.section_shares import SHARE_INDICATORS, WATER_STANDARD, SetMembers
from forecast.projection.settings import Settings
from forecast.projection.summary import number, summarise
from forecast.standards.rounding import ratio_percent, round_half_even

__all__ = ["with_common_sections"]


def with_common_sections(
    result: IndicatorResult, of: SetMembers, settings: Settings
) -> IndicatorResult:
    """Add the like-for-like share of ``result`` to its alternatives, where a list changed.

    The common sections are those of today's list that are on every other list of its name whose
    days reach into an assessed year, and that have a class this year and in each of those years.
    Without lists they are those with a class in every assessed year. Nothing is added where no
    section is common, or where the list never changed and no section is missing.
    """
    rule = next((r for r in SHARE_INDICATORS if r.indicator == result.indicator), None)
    if rule is None or rule.count or rule.own:
        return result
    usable = {r.place: r for r in of.members if r.sufficient and _has_class(r, settings)}
    years = sorted({y for r in usable.values() for y in r.history})
    if not years:
        return result
    lists = [of.list_on(date(y, 12, 31)) for y in years] if of.group.sections else []
    on_all = [s for s in usable if all(li is None or s in li.sections for li in lists)]
    common = [s for s in on_all if all(y in usable[s].history for y in years)]
    if not common or (len(common) == len(of.listed) and set(result.history) == set(years)):
        return result
    places = 1

    def share(values: np.ndarray[Any, np.dtype[np.float64]]) -> Any:
        there = np.isfinite(values)
        hits = ((values >= rule.best) & (values <= rule.worst)).sum(axis=0)
        return ratio_percent(hits, there.sum(axis=0))

    past = {
        str(y): number(float(round_half_even(float(share(
            np.array([usable[s].history[y] for s in common]))), places)))
        for y in years
    }  # fmt: skip
    seen = np.array([v if (v := usable[s].observed.value) is not None else np.nan for s in common])
    value = float(share(seen))
    drawn = [usable[s].samples for s in common]
    table = [d for d in drawn if d is not None]
    samples = share(np.stack(table)) if len(table) == len(common) else None
    entry = {
        "kind": "common_sections",
        "standard": WATER_STANDARD,
        "observed": {
            "value": number(value),
            "value_official": number(float(round_half_even(value, places)))
            if np.isfinite(value)
            else None,
        },
        "forecast": summarise(np.asarray(samples), result.model, classes=False)
        if samples is not None and not settings.year_over
        else None,
        "sections": common,
        "years": past,
        "note": f"可比口径：仅计{len(common)}个各年均在清单且有类别的断面",
        "note_en": f"like for like: only the {len(common)} sections on every list with a class in "
        "every year",
    }
    return replace(result, alternatives=[*result.alternatives, entry])


def _has_class(result: IndicatorResult, settings: Settings) -> bool:
    return result.observed.value is not None or result.samples is not None
