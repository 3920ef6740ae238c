"""What the configuration says of sections, in the terms of the projection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from forecast.configuration import Config, Section
from forecast.models.water_walls import Wall
from forecast.projection.flow_trends import FlowTrend, flow_trends
from forecast.projection.panel import Panel
from forecast.projection.water import WaterProjection
from forecast.projection.water_cards import beside_words, card_row
from forecast.projection.water_facts import Declared
from forecast.projection.water_months import SectionWall, WaterSurroundings
from forecast.projection.water_names import same_section, section_names
from forecast.region_names import normalise_region
from forecast.standards.indicators import class_number
from forecast.standards.items import WATER_ITEMS
from forecast.store import Store
from forecast.workspace import Workspace

__all__ = [
    "declared_places",
    "region_flow_trends",
    "surroundings",
    "water_rows",
    "with_declared_kinds",
]


def declared_places(config: Config) -> dict[str, Declared]:
    """Normalised region → what is declared of its sections, sources and groundwater points."""
    by_region: dict[str, list[Section]] = {}
    for section in config.sections:
        by_region.setdefault(normalise_region(section.region), []).append(section)
    return {
        region: Declared(
            dry={s.name: _dry_months(s) for s in own if s.dry},
            moved={s.name: s.moved for s in own if s.moved is not None},
            own_class={s.name: class_number(s.own_class) or 0 for s in own if s.own_class},
            background={s.name: tuple(s.background) for s in own if s.background},
            aliases={other: s.name for s in own for other in s.other_names},
        )
        for region, own in by_region.items()
    }


def _dry_months(section: Section) -> tuple[date, ...]:
    """First days of the months that lie in a dry spell for more than half of their days."""
    count: dict[date, int] = {}
    for spell in section.dry:
        day = spell.first
        while day <= spell.last:
            count[day.replace(day=1)] = count.get(day.replace(day=1), 0) + 1
            day += timedelta(days=1)
    return tuple(sorted(m for m, n in count.items() if 2 * n > pd.Period(m, "M").days_in_month))


def with_declared_kinds(samples: pd.DataFrame, config: Config) -> pd.DataFrame:
    """Samples with the kind and the water type that the configuration gives their places."""
    given = [s for s in config.sections if s.kind or s.water_type]
    if samples.empty or not given:
        return samples
    samples = samples.copy()
    for region, place in samples[["region", "place"]].drop_duplicates().itertuples(index=False):
        for section in given:
            names = (section.name, *section.other_names)
            if normalise_region(section.region) != normalise_region(region) or not any(
                same_section(name, place) for name in names
            ):
                continue
            rows = (samples["region"] == region) & (samples["place"] == place)
            if section.kind:
                samples.loc[rows, "place_kind"] = section.kind
            if section.water_type:
                samples.loc[rows, "water_type"] = section.water_type
    return samples


def surroundings(store: Store, config: Config, as_of: date) -> WaterSurroundings:
    """Flow, rain, gauges and declared breaks around the sections, known at ``as_of``."""
    flow, met = store.flow_daily(as_of), store.met_daily(as_of)
    return WaterSurroundings(
        flow=_daily(flow, "flow", as_of),
        rain=_daily(met, "precip", as_of),
        gauges=_gauges(config),
        walls=(
            *(
                SectionWall(
                    np.datetime64(b.day, "D"), normalise_region(b.region), b.section,
                    tuple(i for i in b.items if i in WATER_ITEMS),
                )
                for b in config.breaks
                if b.section or set(b.items) & set(WATER_ITEMS)
            ),
            # A section that moved is another water.
            *(
                SectionWall(np.datetime64(s.moved, "D"), normalise_region(s.region), s.name)
                for s in config.sections
                if s.moved is not None
            ),
        ),
    )  # fmt: skip


def _daily(rows: pd.DataFrame, item: str, as_of: date) -> pd.DataFrame:
    own = rows[(rows["item"] == item) & (rows["date"] <= pd.Timestamp(as_of))]
    return own[["region", "place", "date", "value"]].reset_index(drop=True)


def unmatched_sections(config: Config, samples: pd.DataFrame) -> list[tuple[str, str]]:
    """Remarks (zh, en) on configured sections that no sample is of: mistyped, or not yet there."""
    there: dict[str, set[str]] = {}
    for region, place in samples[["region", "place"]].drop_duplicates().itertuples(index=False):
        there.setdefault(normalise_region(region), set()).add(place)
    named = [("[[sections]]", s.region, s.name) for s in config.sections]
    named += [("[[breaks]]", b.region, b.section) for b in config.breaks if b.section]
    return [
        (
            f"{region}:forecast.toml 的 {table} 中的断面「{name}」没有任何监测值,该项设置未起作用;请核对名称",
            f"{region}: no sample is of the section {name} of {table} in forecast.toml, so that "
            "entry does nothing; check the name",
        )
        for table, region, name in named
        if not any(same_section(name, place) for place in there.get(normalise_region(region), ()))
    ]


def region_flow_trends(
    workspace: Workspace, panel: Panel, as_of: date, seed: int
) -> tuple[dict[str, list[FlowTrend]], list[tuple[str, str]]]:
    """Flow-normalised trends of the regions to answer for, and remarks (zh, en).

    A section's gauge is the one that the configuration names, else one of the same name. Results
    are kept in ``models/wrtds``, as they change once a year.
    """
    flow = panel.around.flow
    found: dict[str, list[FlowTrend]] = {}
    remarks: list[tuple[str, str]] = []
    if flow.empty or panel.water.empty:
        return found, remarks
    names = section_names(panel.water, {r: d.aliases for r, d in panel.declared.items()})
    samples = names.rename(panel.water)
    for region in sorted(samples["region"].unique()):
        if not panel.wants(region):
            continue
        own = samples[samples["region"] == region]
        places = [str(place) for place in own["place"].unique()]
        declared = panel.around.gauges.get(normalise_region(region), {})
        gauges = {
            place: gauge
            for section, gauge in declared.items()
            for place in places
            if same_section(section, place)
        }
        walls = [
            Wall(
                w.day,
                tuple(p for p in places if not w.section or same_section(w.section, p)),
                w.items,
            )
            for w in panel.around.walls
            if w.region == normalise_region(region)
        ]
        trends, said = flow_trends(
            own, flow, gauges, as_of,
            walls=[w for w in walls if w.places], seed=seed, cache=workspace.models / "wrtds",
        )  # fmt: skip
        remarks.extend(said)
        if trends:
            found[region] = trends
    return found, remarks


def water_rows(
    water: Sequence[WaterProjection], flow: Mapping[str, list[FlowTrend]]
) -> list[dict[str, Any]]:
    """What a run says of each region's sections beside the indicators: JSON-ready, one row each."""
    rows = []
    for one in water:
        zh, en = beside_words(list(one.cards))
        rows.append(
            {
                "region": one.region,
                "text": zh,
                "text_en": en,
                "sections": [card_row(card) for card in one.cards],
                "models": [dict(row) for row in one.models],
                "flow_trends": [_flow_row(trend) for trend in flow.get(one.region, [])],
            }
        )
    return rows


def _flow_row(trend: FlowTrend) -> dict[str, Any]:
    """A trend without numbers that are none."""
    return {
        key: None if isinstance(value, float) and not np.isfinite(value) else value
        for key, value in asdict(trend).items()
    }


def _gauges(config: Config) -> dict[str, dict[str, str]]:
    """Normalised region → section → the gauge whose flow belongs to it."""
    found: dict[str, dict[str, str]] = {}
    for section in config.sections:
        if section.gauge:
            found.setdefault(normalise_region(section.region), {})[section.name] = section.gauge
    return found
