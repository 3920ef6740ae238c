"""Water of one region: observed months and drawn months, through the official rules, to classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.models.paths import Paths
from forecast.projection.common_sections import with_common_sections
from forecast.projection.groundwater_points import groundwater_results
from forecast.projection.result import IndicatorResult
from forecast.projection.section_shares import (
    WATER_STANDARD,
    SectionSet,
    SetMembers,
    section_shares,
)
from forecast.projection.settings import Settings
from forecast.projection.summary import summarise
from forecast.projection.water_cards import SectionCard, beside_words, card_row, section_card
from forecast.projection.water_classes import (
    SectionResults,
    section_results,
    silent_section,
)
from forecast.projection.water_index import city_index, lake_index
from forecast.projection.water_names import plain_name, same_section
from forecast.projection.water_reach import find_reach, reach_results
from forecast.projection.water_record import Facts, SectionRecord, drawn_columns, section_record
from forecast.projection.water_sources import source_results

__all__ = ["WaterProjection", "WaterTiles", "project_water"]

#: From this share on a ratio is saturated: what it hides stands beside it [%].
_SATURATED = 99.95


@dataclass(frozen=True)
class WaterTiles:
    """What the section chart draws: classes 1 to 6, 0 where there is none.

    Attributes:
        sections: names, shape (section,).
        months: int (section, 12): class of each month of the year.
        to_date: int (section,): class of the mean to date.
        p_iii: float (section,): probability of class III or better at year end, NaN without.
        limiting: item that decides most often.
    """

    sections: tuple[str, ...]
    months: NDArray[np.int64]
    to_date: NDArray[np.int64]
    p_iii: NDArray[np.float64]
    limiting: tuple[str, ...]


@dataclass(frozen=True)
class WaterProjection:
    """All indicators of a region's sections, what the chart draws, and a card a section.

    ``models`` says of each series of a section how it was modelled, from how many values, and why.
    """

    region: str
    results: list[IndicatorResult]
    tiles: WaterTiles | None
    warnings: list[tuple[str, str]]
    cards: tuple[SectionCard, ...] = field(default=())
    models: tuple[dict[str, Any], ...] = field(default=())


def project_water(
    region: str,
    monthly: pd.DataFrame,
    settings: Settings,
    *,
    drawn: Paths | None,
    key: Mapping[str, str],
    facts: Mapping[str, Facts],
    sets: tuple[SectionSet, ...] = (SectionSet("all"),),
    other_sets: tuple[SectionSet, ...] = (),
    known: tuple[str, ...] = (),
    asked: Sequence[str] = (),
    waters: Mapping[str, str] | None = None,
    warnings: Sequence[tuple[str, str]] = (),
) -> WaterProjection:
    """Project the sections, drinking-water sources and groundwater points of one region.

    Args:
        monthly: months × (place, item) up to the as-of date, of this region.
        drawn: months ahead of all places of the workspace, None where nothing is drawn.
        key: place → its name among the places of ``drawn``.
        facts: place → what is known of it beside its concentrations; every place is in it.
        sets: the sets in force whose shares are asked.
        other_sets: lists of the same names that were in force before or come later.
        known: sections that are to be answered for even without a sample up to the as-of date.
        asked: places that targets name.
        waters: section → name of the water it lies on.
        warnings: what was found on the way here (zh, en).

    Paths are joint over the sections, so a share keeps their dependence.
    """
    columns = drawn_columns(drawn)
    model = drawn.model if drawn is not None else ""
    records = {
        name: section_record(
            name, monthly, drawn, columns.get(key.get(name, name), {}), own, settings
        )
        for name, own in facts.items()
    }
    sections = {n: r for n, r in records.items() if r.facts.kind == "section"}
    results: list[IndicatorResult] = []
    found: dict[str, SectionResults] = {}
    for name, record in sections.items():
        own = section_results(region, record, settings, model)
        found[name] = own
        results.extend([own.section_class, *own.means.values()])
        if record.facts.water_type == "lake":
            trophic = lake_index(record, own.means, settings)
            results.extend([trophic] if trophic else [])
    classes = {n: f.section_class for n, f in found.items()}
    silent = [n for n in known if not any(same_section(n, s) for s in classes)]
    results.extend(silent_section(region, n, settings) for n in silent)
    cards = {n: section_card(r, found[n], settings) for n, r in sections.items()}
    means = {n: f.means for n, f in found.items()}
    types = {n: r.facts.water_type for n, r in sections.items()}
    # A set that only says which sections a plan's place means is no list that shares are over.
    places = {plain_name(p) for p in asked}
    for group in [g for g in sets if plain_name(g.name) not in places] or [SectionSet("all")]:
        listed = _as_measured(group, tuple(classes))
        others = tuple(_as_measured(s, tuple(classes)) for s in other_sets if s.name == group.name)
        index = city_index(listed, means, types, settings)
        of = SetMembers(listed, classes, others, _own_classes(listed, sections))
        for share in section_shares(region, of, settings, model):
            share = with_common_sections(share, of, settings)
            results.append(_with_truth(share, listed, cards, index))
        results.extend([index] if index else [])
    for place in dict.fromkeys(asked):
        reach = find_reach(place, tuple(sections), waters or {}, (*sets, *other_sets))
        if reach is not None:
            results.extend(reach_results(region, reach, sections, classes, settings, model))
    by_kind = {
        kind: [r for r in records.values() if r.facts.kind == kind]
        for kind in ("source", "groundwater")
    }
    results.extend(source_results(region, by_kind["source"], settings, model))
    results.extend(groundwater_results(region, by_kind["groundwater"], settings, model))
    tiles = _tiles(list(sections.values()), found) if sections else None
    return WaterProjection(
        region, _each_once(results), tiles, list(warnings), tuple(cards.values())
    )


def _each_once(results: list[IndicatorResult]) -> list[IndicatorResult]:
    """One result a place, kind and indicator; the first is kept."""
    seen: dict[tuple[str, str, str], IndicatorResult] = {}
    for r in results:
        seen.setdefault((r.place, r.place_kind, r.indicator), r)
    return list(seen.values())


def _as_measured(group: SectionSet, names: tuple[str, ...]) -> SectionSet:
    """The list with its sections under the names that their readings carry."""

    def of(name: str) -> str:
        return next((n for n in names if same_section(n, name)), name)

    return replace(
        group,
        sections=tuple(dict.fromkeys(of(s) for s in group.sections)),
        own_class=tuple((of(s), c) for s, c in group.own_class),
    )


def _own_classes(group: SectionSet, sections: Mapping[str, SectionRecord]) -> dict[str, int]:
    """Class asked of single sections: of the list first, then of the section itself."""
    own = {n: r.facts.own_class for n, r in sections.items() if r.facts.own_class is not None}
    return {**own, **dict(group.own_class)}


def _with_truth(
    share: IndicatorResult,
    group: SectionSet,
    cards: Mapping[str, SectionCard],
    index: IndicatorResult | None,
) -> IndicatorResult:
    """Put the continuous truth beside a share that is, or is asked to be, as good as it can be."""
    if share.indicator != "share_class_iii":
        return share
    own = [c for n, c in cards.items() if not group.sections or n in group.sections]
    if not own:
        return share
    zh, en = beside_words(own)
    value = share.observed.value
    saturated = value is not None and value >= _SATURATED
    if index is not None and index.observed.value is not None:
        last = index.baselines.get("persistence")
        last_zh = f"（上年{last:.4f}）" if last is not None else ""
        last_en = f" (last year {last:.4f})" if last is not None else ""
        zh = f"水质指数CWQI为{index.observed.value:.4f}{last_zh}。{zh}"
        en = f" CWQI {index.observed.value:.4f}{last_en}.{en}"
    alternative: dict[str, Any] = {
        "kind": "continuous",
        "standard": WATER_STANDARD,
        "observed": {"value": value, "value_official": share.observed.value_official},
        "forecast": None,
        "index": None
        if index is None
        else {
            "indicator": "cwqi",
            "value": index.observed.value,
            "value_official": index.observed.value_official,
            "last_year": index.baselines.get("persistence"),
            "forecast": summarise(index.samples, index.model, classes=False)
            if index.samples is not None
            else None,
        },
        "worsening": [c.section for c in own if c.worsening],
        "comparable": sum(c.worsening is not None for c in own),
        "sections": [{k: v for k, v in card_row(c).items() if k != "ahead"} for c in own],
        "note": "比例背后的连续量：水质指数、变差的断面、最接近限值的项目",
        "note_en": "what a share hides: the index, sections that got worse, items near their limits",
    }
    remarks = share.remarks
    if saturated:
        remarks = (
            remarks[0] + f"比例已达上限，看连续量：{zh}",
            f"{remarks[1]} The share is as high as it can be, so:{en}",
        )
    return replace(share, alternatives=[*share.alternatives, alternative], remarks=remarks)


def _tiles(made: list[SectionRecord], found: Mapping[str, SectionResults]) -> WaterTiles:
    months = np.zeros((len(made), 12), dtype=np.int64)
    p_iii = np.full(len(made), np.nan)
    to_date = np.zeros(len(made), dtype=np.int64)
    for row, record in enumerate(made):
        result = found[record.name].section_class
        if result.monthly is not None:
            months[row] = np.nan_to_num(result.monthly.seen).astype(np.int64)
        if result.samples is not None:
            p_iii[row] = float(np.mean(result.samples[np.isfinite(result.samples)] <= 3))
        to_date[row] = int(result.observed.value or 0)
    return WaterTiles(
        tuple(r.name for r in made), months, to_date, p_iii,
        tuple(found[r.name].lead for r in made),
    )  # fmt: skip
