"""The whole workspace projected: every city and section, every target that applies."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from forecast.features.hydrology import monthly_means
from forecast.models.circumstances import Circumstances
from forecast.models.kept_fits import KeptFits
from forecast.projection.air import LATE_DAYS, AirProjection, project_air
from forecast.projection.joint import joint_entries
from forecast.projection.judging import entries_of
from forecast.projection.outlook import outlook_years
from forecast.projection.result import IndicatorResult
from forecast.projection.section_shares import SectionSet
from forecast.projection.settings import Settings
from forecast.projection.sharing import Group, Sharing, sharing_of
from forecast.projection.water import WaterProjection, project_water
from forecast.projection.water_facts import Declared, place_facts, waters_of
from forecast.projection.water_months import (
    WaterSurroundings,
    draw_classes,
    draw_items,
    outlooks,
    published_history,
    section_key,
)
from forecast.projection.water_names import section_names
from forecast.region_names import normalise_region
from forecast.targets.applied import Applied
from forecast.targets.applying import applying_targets, plans_of_region
from forecast.targets.model import Target

__all__ = ["Panel", "PanelProjection", "project_panel", "water_results"]

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
        cities = self.air[self.air["place_kind"] == "city"]
        known = cities[cities["date"] <= pd.Timestamp(settings.as_of)]
        spans = known.groupby("region")["date"].agg(["min", "max"])
        alive = spans["max"] >= pd.Timestamp(settings.as_of) - pd.Timedelta(days=LATE_DAYS)
        return sharing_of(
            {str(r): (f, last) for r, f, last in spans[alive].itertuples()}, self.groups, settings
        )

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

    def wants(self, region: str) -> bool:
        """Whether ``region`` is one to answer for."""
        return self.only is None or normalise_region(region) == self.only


@dataclass(frozen=True)
class PanelProjection:
    """The answer: JSON-ready entries, what the charts draw, targets of other years, warnings.

    ``groups`` holds what is said of several regions at once.
    """

    entries: list[dict[str, Any]]
    air: list[AirProjection]
    water: list[WaterProjection]
    reference: list[dict[str, Any]]
    warnings: list[tuple[str, str]]
    groups: list[dict[str, Any]] = field(default_factory=list)


def project_panel(
    panel: Panel,
    settings: Settings,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
    keep: Collection[str] = (),
    fits: KeptFits | None = None,
) -> PanelProjection:
    """Project every place of ``panel`` and judge every target that applies.

    ``keep`` names the regions (normalised) whose drawn days are handed on, for scenarios; ``fits``
    is where fitted models are kept. The answer depends neither on it nor on ``jobs``: each place has
    random streams of its own.
    """
    from joblib import Parallel, delayed

    groups = sorted(
        {normalise_region(r) for f in (panel.air, panel.water) for r in f["region"].unique()}
    )
    cities = list(panel.cities())
    sharing = panel.sharing(settings)
    air: list[AirProjection] = []
    work = Parallel(n_jobs=jobs, return_as="generator")(
        delayed(project_air)(
            r, p, f, settings, dust=panel.dust_of(r), sharing=sharing.get(r),
            circumstances=panel.circumstances.get(normalise_region(r)),
            weather=panel.weather.get(normalise_region(r)),
            later=panel.later_years(r, settings), keep=normalise_region(r) in keep,
            fits=fits,
        )
        for r, p, f in cities
    )  # fmt: skip
    for at, projection in enumerate(work, start=1):
        air.append(projection)
        if progress:
            progress("air", at, len(cities))
    water = water_results(panel, settings, draw=True, progress=progress, fits=fits)
    entries: list[dict[str, Any]] = []
    reference: list[dict[str, Any]] = []
    asked: dict[str, list[Target]] = {}
    for key in groups:
        results: list[IndicatorResult] = []
        for a in air:
            if normalise_region(a.region) == key:
                results.extend(a.results)
        for w in water:
            if normalise_region(w.region) == key:
                results.extend(w.results)
        if not results:
            continue
        applying, other = applying_targets(
            panel.entered.plans,
            results[0].region,
            settings.year,
            plan=panel.plan,
            aliases=panel.aliases,
        )
        asked[key] = list(applying)
        entries.extend(entries_of(results, applying, settings, panel.entered, other))
        reference.extend(_reference(t, results[0].region) for t in other)
    warnings = [w for a in air for w in a.warnings] + [w for x in water for w in x.warnings]
    of_air: dict[str, list[IndicatorResult]] = {}
    for a in air:
        of_air.setdefault(normalise_region(a.region), []).extend(a.results)
    joint = joint_entries(panel.groups, of_air, asked)
    return PanelProjection(entries, air, water, reference, warnings, joint)


def _reference(target: Target, region: str) -> dict[str, Any]:
    return {
        "region": region,
        "plan": target.plan,
        "id": target.id,
        "label_zh": target.label_zh,
        "label_en": target.label_en,
        "indicator": target.indicator,
        "level": target.level,
        "comparator": target.comparator,
        "value": target.value if target.value is not None else target.token,
        "unit": target.unit,
        "year": target.year,
        "period": target.period,
        "binding": target.binding,
        "quote": target.quote,
    }


def water_results(
    panel: Panel,
    settings: Settings,
    *,
    draw: bool = False,
    progress: Progress | None = None,
    fits: KeptFits | None = None,
) -> list[WaterProjection]:
    """Return the projection of every region's sections; without ``draw`` nothing is drawn."""
    if panel.water.empty:
        return []
    samples = panel.water
    samples = samples[samples["time"] < pd.Timestamp(settings.as_of) + pd.Timedelta(days=1)]
    names = section_names(samples, {r: d.aliases for r, d in panel.declared.items()})
    samples = names.rename(samples)
    values = samples[samples["item"] != "class_published"]
    monthly = monthly_means(values.assign(place=section_key(values)))
    drawn, report, class_paths, ahead = None, None, {}, {}
    if draw and not settings.year_over:
        drawn, report = draw_items(values, monthly, settings, panel.around, fits)
        published = published_history(samples, settings)
        class_paths = draw_classes(published, settings, fits)
        ahead = outlooks(values, monthly, drawn, published, settings, fits)
    regions = sorted(r for r in samples["region"].unique() if panel.wants(r))
    out = []
    for at, region in enumerate(regions, start=1):
        prefix = f"{region}\x1f"
        places = monthly.columns.get_level_values("place")
        own = monthly.loc[:, places.str.startswith(prefix)]
        key = {p.removeprefix(prefix): p for p in own.columns.get_level_values("place")}
        renamed = own.rename(columns={p: n for n, p in key.items()}, level="place")
        mine = samples[samples["region"] == region]
        declared = panel.declared_of(region, settings.year)
        sets = panel.section_sets.get(normalise_region(region), ())
        in_force = tuple(s for s in sets if s.covers(settings.last_day))
        found = project_water(
            region, renamed, settings,
            drawn=drawn,
            key=key,
            facts=place_facts(
                mine, settings, declared,
                others={p: o for (r, p), o in names.others.items() if r == region},
                class_paths={
                    k.removeprefix(prefix): v
                    for k, v in class_paths.items()
                    if k.startswith(prefix)
                },
            ),
            sets=in_force or (SectionSet("all"),),
            other_sets=tuple(s for s in sets if s not in in_force),
            known=panel.sections.get(region, ()),
            asked=[t.place for t in panel.water_targets(region, settings.year)],
            waters=waters_of(mine),
            warnings=names.warnings.get(region, ()),
        )  # fmt: skip
        cards = tuple(replace(c, ahead=ahead.get(prefix + c.section, ())) for c in found.cards)
        out.append(replace(found, cards=cards, models=_of_region(report, prefix)))
        if progress:
            progress("water", at, len(regions))
    return out


def _of_region(report: pd.DataFrame | None, prefix: str) -> tuple[dict[str, Any], ...]:
    """What was modelled how, of the sections of one region, JSON-ready."""
    if report is None or report.empty:
        return ()
    own = report[report["place"].str.startswith(prefix)]
    own = own.assign(place=own["place"].str.removeprefix(prefix)).rename(
        columns={"place": "section"}
    )
    return tuple({str(k): v for k, v in row.items()} for row in own.to_dict("records"))
