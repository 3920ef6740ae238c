"""A place that a plan names and that is not one section: a lake of several points, a reach, an alias.

What is meant is found by attribute, in this order: the section of that name; the declared set of
sections of that name; the sections whose water carries the name. Several points of a lake are
averaged before the lake is graded; of several river sections the worst is the answer, because each
of them has to hold the class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.projection.result import IndicatorResult, Observed
from forecast.projection.section_shares import SectionSet, earlier_years
from forecast.projection.settings import Settings
from forecast.projection.water_classes import section_results
from forecast.projection.water_index import lake_index
from forecast.projection.water_names import plain_name, same_section
from forecast.projection.water_record import SectionRecord, lake_record
from forecast.standards.indicators import WATER_CLASSES
from forecast.standards.water_assessment import (
    FEW_SECTIONS,
    STATUSES,
    river_status,
    section_shares,
)
from forecast.targets.evidence import MonthlyValues

__all__ = ["Reach", "find_reach", "reach_results"]


@dataclass(frozen=True)
class Reach:
    """The sections that a plan means by ``place``, and how they were found (zh, en)."""

    place: str
    sections: tuple[str, ...]
    how: tuple[str, str]


def find_reach(
    place: str,
    sections: Sequence[str],
    waters: Mapping[str, str],
    sets: Sequence[SectionSet],
) -> Reach | None:
    """The sections meant by ``place``; None where it is a section itself or nothing is known of it.

    Args:
        waters: section → name of the water it lies on.
        sets: sets of sections in force.
    """
    if any(same_section(place, s) for s in sections):
        return None
    for group in sets:
        if plain_name(group.name) == plain_name(place):
            own = tuple(s for s in group.sections if s in sections)
            if own:
                return Reach(place, own, ("断面集合", "the declared set"))
    own = tuple(s for s in sections if waters.get(s) and plain_name(waters[s]) == plain_name(place))
    return Reach(place, own, ("所在水体", "the water they lie on")) if own else None


def reach_results(
    region: str,
    reach: Reach,
    records: Mapping[str, SectionRecord],
    classes: Mapping[str, IndicatorResult],
    settings: Settings,
    model: str,
) -> list[IndicatorResult]:
    """The class of a reach, and for a lake its means and TLI as well."""
    own = [records[s] for s in reach.sections]
    names = "、".join(reach.sections)
    names_en = ", ".join(reach.sections)
    if all(r.facts.water_type == "lake" for r in own):
        merged = lake_record(reach.place, own)
        found = section_results(region, merged, settings, model, "section_set")
        out = [found.section_class, *found.means.values()]
        index = lake_index(merged, found.means, settings, "section_set")
        out.extend([index] if index else [])
        told = (
            f"由{reach.how[0]}对应{names}，湖库各点先平均再评价。",
            f" By {reach.how[1]} this is {names_en}; the points of a lake are averaged first.",
        )
        return [_told(r, reach, told) for r in out]
    told = (
        f"由{reach.how[0]}对应{names}。",
        f" By {reach.how[1]} this is {names_en}.",
    )
    members = [classes[s] for s in reach.sections]
    state = _told(_state(own, members, settings, region, model), reach, told)
    told = (
        f"由{reach.how[0]}对应{names}" + ("，取其中最差者。" if len(own) > 1 else "。"),
        f" By {reach.how[1]} this is {names_en}" + ("; the worst counts." if len(own) > 1 else "."),
    )
    return [_told(_worst(members, settings), reach, told), state]


def _told(result: IndicatorResult, reach: Reach, told: tuple[str, str]) -> IndicatorResult:
    remarks = result.remarks[0] + told[0], result.remarks[1] + told[1]
    return replace(
        result, place=reach.place, place_kind="section_set", point_set=reach.place, remarks=remarks
    )


def _state(
    records: list[SectionRecord],
    members: list[IndicatorResult],
    settings: Settings,
    region: str,
    model: str,
) -> IndicatorResult:
    """State of a river, 1 (excellent) to 5: five sections or more by their shares, fewer by the
    class of their mean concentrations (环办〔2011〕22号)."""
    first = members[0]
    few = len(records) < FEW_SECTIONS
    if few:
        merged = section_results(region, lake_record("", records), settings, model)
        first = merged.section_class
        value = _rank_of_class(first.observed.value)
        drawn = None if first.samples is None else _rank_of_class(first.samples)
        past = {y: float(_rank_of_class(v)) for y, v in first.history.items()}
        enough, reason = first.sufficient, first.reason
    else:
        usable = [m for m in members if m.sufficient]
        seen = np.array([m.observed.value or 0 for m in members])
        value = _rank_of_shares(seen[:, None])[0] if seen.any() else None
        tables = [m.samples for m in usable if m.samples is not None]
        drawn = _rank_of_shares(np.nan_to_num(np.stack(tables))) if tables else None
        years = set.intersection(*(set(m.history) for m in members))
        past = {
            y: float(_rank_of_shares(np.array([[m.history[y]] for m in members]))[0]) for y in years
        }
        enough = bool(usable)
        reason = ("", "") if enough else first.reason
    number = None if value is None else float(value)
    label = None if number is None else STATUSES[int(number) - 1].zh
    how = (
        (
            f"{len(records)}个断面，少于5个，按平均浓度评价",
            f"{len(records)} sections, fewer than 5: by mean concentrations",
        )
        if few
        else (
            f"{len(records)}个断面，按类别比例评价",
            f"{len(records)} sections, by the shares of classes",
        )
    )
    return replace(
        first, indicator="water_state", unit="state",
        observed=replace(first.observed, value=number, value_official=label),
        samples=drawn, judged=drawn, observed_judged=number, sufficient=enough, reason=reason,
        bounds=None, monthly=None, record=None, detail=how, remarks=("", ""),
        **earlier_years(past, settings),
    )  # fmt: skip


def _rank_of_class(classes: Any) -> Any:
    """Rank of the state of a class 1 to 6: I and II are excellent; NaN and None pass."""
    return None if classes is None else np.maximum(np.asarray(classes, dtype=np.float64) - 1, 1)


def _rank_of_shares(classes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rank of the state of a river from classes (section, path), 0 where there is none."""
    shares = section_shares(classes.T)
    pairs = zip(shares.share_class_iii, shares.share_inferior_v, strict=True)
    return np.array([np.nan if np.isnan(g) else float(river_status(g, b).rank) for g, b in pairs])


def _worst(members: list[IndicatorResult], settings: Settings) -> IndicatorResult:
    """The worst class of ``members`` on each path, to date and in each year that all have."""
    if len(members) == 1:
        return members[0]
    seen = [r.observed.value for r in members if r.observed.value is not None]
    value = max(seen, default=None) if len(seen) == len(members) else None
    drawn = [r.samples for r in members if r.samples is not None]
    samples = np.max(np.stack(drawn), axis=0) if len(drawn) == len(members) else None
    short = [r for r in members if not r.sufficient]
    years = set.intersection(*(set(r.history) for r in members))
    months = [r.monthly for r in members if r.monthly is not None]
    monthly = None
    if len(months) == len(members):
        ahead = [m.drawn for m in months if m.drawn is not None]
        monthly = MonthlyValues(
            np.fmax.reduce([m.seen for m in months]),
            np.fmax.reduce(ahead) if len(ahead) == len(months) else None,
            max(m.left for m in months),
        )
    bounds = [r.bounds for r in members if r.bounds]
    first = members[0]
    return replace(
        first,
        observed=Observed(
            value, WATER_CLASSES[int(value) - 1] if value else None,
            min(r.observed.n_valid for r in members), first.observed.n_expected,
            max((r.observed.last_day for r in members if r.observed.last_day), default=None),
        ),
        samples=samples, judged=samples, observed_judged=value,
        sufficient=not short, reason=short[0].reason if short else ("", ""),
        bounds=(max(b[0] for b in bounds), 6.0) if bounds else None,
        monthly=monthly, record=None, detail=("", ""), remarks=("", ""),
        **earlier_years({y: max(r.history[y] for r in members) for y in years}, settings),
    )  # fmt: skip
