"""What a projection reads and what it gives; the sections of every region projected."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import pandas as pd

from forecast.models.circumstances import Circumstances
from forecast.models.kept_fits import KeptFits
from forecast.projection.air import LATE_DAYS, AirProjection
from forecast.projection.outlook import outlook_years
from forecast.projection.section_shares import SectionSet
from forecast.projection.settings import Settings
from forecast.projection.sharing import Group, Sharing, sharing_of
from forecast.projection.water import WaterProjection
from forecast.projection.water_facts import Declared
from forecast.projection.water_months import WaterSurroundings
from forecast.projection.water_regions import water_regions
from forecast.region_names import normalise_region
from forecast.targets.applied import Applied
from forecast.targets.applying import plans_of_region
from forecast.targets.model import Target

__all__ = ["Panel", "PanelProjection", "Progress", "city_spans", "water_results"]

Progress = Callable[[str, int, int], None]


def _no_dust() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "region": pd.Series(dtype="str"),
            "date": pd.Series(dtype="datetime64[s]"),
            "item": pd.Series(dtype="str"),
        }
    )


@dataclass(frozen=True)
class Panel:
    """All that a projection reads.

    Attributes:
        air: daily readings known at the as-of date, one a region, place, date and item.
        water: samples known at the as-of date, one a region, place, time and item.
        entered: the plans whose targets may apply, and the figures that people entered.
        sections: region → sections that the workspace knows, also those without a sample.
        section_sets: normalised region → dated sets with their sections.
        plan: only the targets of this plan, or None for all.
        only: normalised name of the one region to answer for, or None for all; sections of the
            others still take part in the fit, so an answer is the same alone and among all.
        aliases: another name of a region → the name its plan or its readings carry.
        dust_days: ``region, date, item`` of the days whose PM10 or PM2.5 is taken out of the
            means as dust.
        groups: regions whose futures are drawn together.
        circumstances: normalised region → spans that count less and breaks of its record.
        weather: normalised region → its daily weather known at the as-of date.
        declared: normalised region → what people declared of its places of water.
        around: flow, rain, gauges and declared breaks around the sections.
        spans: region → first and last day with a reading up to the as-of date, of all cities that
            there are; None: those of ``air``. Needed where ``air`` holds a part of the cities.
    """

    air: pd.DataFrame
    water: pd.DataFrame
    entered: Applied
    sections: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    section_sets: Mapping[str, tuple[SectionSet, ...]] = field(default_factory=dict)
    plan: str | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)
    only: str | None = None
    dust_days: pd.DataFrame = field(default_factory=_no_dust)
    groups: tuple[Group, ...] = ()
    circumstances: Mapping[str, Circumstances] = field(default_factory=dict)
    weather: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    declared: Mapping[str, Declared] = field(default_factory=dict)
    around: WaterSurroundings = field(default_factory=WaterSurroundings)
    spans: Mapping[str, tuple[pd.Timestamp, pd.Timestamp]] | None = None

    def cities(self) -> Iterator[tuple[str, str, pd.DataFrame]]:
        """Region, place and readings of every city to answer for; stations are not projected."""
        for (region, place, kind), readings in self.air.groupby(
            ["region", "place", "place_kind"], sort=True
        ):
            if kind == "city" and self.wants(str(region)):
                yield str(region), str(place), readings

    def dust_of(self, region: str) -> pd.DataFrame:
        """``date, item`` of the dust days of one region, under whichever form of its name."""
        if self.dust_days.empty:
            return self.dust_days
        own = self.dust_days["region"].map(normalise_region) == normalise_region(region)
        return self.dust_days[own]

    def sharing(self, settings: Settings) -> dict[str, Sharing]:
        """Region → what its draws have in common with others, of all cities that are not gone."""
        spans = city_spans(self.air, settings.as_of) if self.spans is None else self.spans
        late = pd.Timestamp(settings.as_of) - pd.Timedelta(days=LATE_DAYS)
        return sharing_of({r: s for r, s in spans.items() if s[1] >= late}, self.groups, settings)

    def later_years(self, region: str, settings: Settings) -> tuple[int, ...]:
        """The years after that of ``settings`` to look at for ``region``."""
        if not settings.outlook:
            return ()
        return outlook_years(
            self.entered.plans, region, settings, plan=self.plan, aliases=self.aliases
        )

    def water_targets(self, region: str, year: int) -> list[Target]:
        """The targets of the plans of ``region`` that name a place of water."""
        return [
            t
            for p in plans_of_region(self.entered.plans, region, self.aliases)
            for t in p.target
            if t.domain == "water" and t.computable and t.place and t.covers(year)
        ]

    def declared_of(self, region: str, year: int) -> Declared:
        """What was declared of the places of ``region``; a class target on a place is its class."""
        own = self.declared.get(normalise_region(region), Declared())
        asked = {
            t.place: int(t.value)
            for t in self.water_targets(region, year)
            if t.indicator == "section_class" and t.value is not None
        }
        return replace(own, own_class={**asked, **own.own_class})

    def regions(self) -> set[str]:
        """The regions to answer for, as their readings name them."""
        names = {str(r) for f in (self.air, self.water) for r in f["region"].unique()}
        return {name for name in names if self.wants(name)}

    def wants(self, region: str) -> bool:
        """Whether ``region`` is one to answer for."""
        return self.only is None or normalise_region(region) == self.only


def city_spans(air: pd.DataFrame, as_of: date) -> dict[str, tuple[pd.Timestamp, pd.Timestamp]]:
    """Region → first and last day with a reading of a city up to ``as_of``."""
    known = air[(air["place_kind"] == "city") & (air["date"] <= pd.Timestamp(as_of))]
    spans = known.groupby("region")["date"].agg(["min", "max"])
    return {str(region): (first, last) for region, first, last in spans.itertuples()}


@dataclass(frozen=True)
class PanelProjection:
    """The answer: JSON-ready entries, what the charts draw, targets of other years, warnings.

    ``groups`` holds what is said of several regions at once, ``short_range`` what is said of the
    next days, by domain. Results in ``air`` and ``water`` hold no samples, except where asked for.
    """

    entries: list[dict[str, Any]]
    air: list[AirProjection]
    water: list[WaterProjection]
    reference: list[dict[str, Any]]
    warnings: list[tuple[str, str]]
    groups: list[dict[str, Any]] = field(default_factory=list)
    short_range: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


def water_results(
    panel: Panel,
    settings: Settings,
    *,
    draw: bool = False,
    progress: Progress | None = None,
    fits: KeptFits | None = None,
) -> list[WaterProjection]:
    """Return the projection of every region's sections; without ``draw`` nothing is drawn.

    Samples are in it: of many regions, take them one by one from
    :func:`~forecast.projection.water_regions.water_regions`.
    """
    regions = water_regions(panel, settings, draw=draw, fits=fits)
    out = []
    for at, region in enumerate(regions, start=1):
        out.append(region.project())
        if progress:
            progress("water", at, len(regions))
    return out
