"""Shares of sections at a class or better, over named and dated sets, from joint paths."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from forecast.models.paths import Paths
from forecast.projection.baselines import climatology_numbers
from forecast.projection.result import IndicatorResult, Observed
from forecast.projection.settings import Settings
from forecast.projection.summary import number
from forecast.standards.rounding import round_half_even

__all__ = ["WATER_STANDARD", "SectionSet", "earlier_years", "section_shares"]

#: Token of the classes of surface water.
WATER_STANDARD = "GB 3838-2002"


@dataclass(frozen=True)
class SectionSet:
    """A named list of sections between two dates; no sections means all that have readings."""

    name: str
    sections: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None

    def covers(self, day: date) -> bool:
        """Whether the list is in force on ``day``."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day <= self.valid_to
        )


def earlier_years(years: dict[int, float], settings: Settings) -> dict[str, Any]:
    """The record of earlier years and the plain rules: last year, mean of up to three years."""
    known = {y: v for y, v in years.items() if np.isfinite(v)}
    return {
        "history": known,
        "baselines": {
            "persistence": number(known.get(settings.year - 1)),
            **climatology_numbers(np.array(list(known.values()))),
        },
    }


def section_shares(
    region: str,
    group: SectionSet,
    classes: dict[str, IndicatorResult],
    settings: Settings,
    drawn: Paths | None,
) -> list[IndicatorResult]:
    """Share at class III or better, and worse than V, of one set; silent sections leave it."""
    members = [
        r for s, r in classes.items() if (not group.sections or s in group.sections)
    ]  # fmt: skip
    wanted = len(group.sections) or len(members)
    usable = [r for r in members if r.sufficient]
    out = []
    for name, best, worst in (("share_class_iii", 1, 3), ("share_inferior_v", 6, 6)):
        seen = np.array([r.observed.value for r in members if r.observed.value is not None])
        value = 100.0 * float(np.mean((seen >= best) & (seen <= worst))) if seen.size else None
        samples = None
        ahead = [r.samples for r in usable if r.samples is not None]
        if ahead and not settings.year_over:
            table = np.stack(ahead)
            n = np.isfinite(table).sum(axis=0)
            hits = ((table >= best) & (table <= worst)).sum(axis=0)
            samples = np.where(n > 0, 100.0 * hits / np.maximum(n, 1), np.nan)
        shown = float(round_half_even(value, 1)) if value is not None else None
        past = {}
        for year in range(settings.year - 3, settings.year):
            known = np.array([r.history[year] for r in members if year in r.history])
            if known.size:
                past[year] = 100.0 * float(np.mean((known >= best) & (known <= worst)))
        last = max((r.observed.last_day for r in members if r.observed.last_day), default=None)
        out.append(
            IndicatorResult(
                region=region, place=group.name, place_kind="section_set", point_set=group.name,
                domain="water", indicator=name, unit="%", period=str(settings.year),
                standard=WATER_STANDARD, dust=None, basis=None,
                observed=Observed(number(value), shown, int(seen.size), wanted, last),
                samples=samples,
                judged=round_half_even(samples, 1) if samples is not None else None,
                observed_judged=shown,
                sufficient=bool(usable),
                reason=("", "") if usable else (
                    "没有一个断面满足年度评价要求", "no section has enough samples for a year",
                ),
                model=drawn.model if samples is not None and drawn is not None else "",
                counts={"n_sections": float(len(usable)), "n_valid": float(seen.size)},
                **earlier_years(past, settings),
            )
        )  # fmt: skip
    return out
