"""Water of a workspace, region by region: what all sections share first, then each region alone.

Fits pool sections of a basin whatever region they lie in, so they are made once for all. What is
left (draws, classes, shares, cards) is a region's own: its part of what was fitted is small, can
be handed to any process, and gives the same answer there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from forecast.features.hydrology import monthly_means
from forecast.models.kept_fits import KeptFits
from forecast.models.water_ahead import WaterAhead
from forecast.projection.class_outlook import MonthOutlook, StatedMonths
from forecast.projection.section_shares import SectionSet
from forecast.projection.settings import Settings
from forecast.projection.water import WaterProjection, project_water
from forecast.projection.water_facts import (
    place_facts,
    sampled_often,
    waters_of,
    with_drawn_classes,
)
from forecast.projection.water_months import (
    PublishedAhead,
    fitted_items,
    published_ahead,
    published_history,
    section_key,
    stated_items,
    told_of_month_under_way,
    without_sampled_month,
)
from forecast.projection.water_names import section_names
from forecast.projection.water_record import Facts
from forecast.region_names import normalise_region

if TYPE_CHECKING:
    from forecast.projection.panel import Panel

__all__ = ["WaterRegion", "water_regions"]


@dataclass(frozen=True)
class WaterRegion:
    """Water of one region, ready to be projected in any process; sections are under their names.

    Attributes:
        region: as the readings name it.
        settings: the question.
        monthly: monthly means up to the as-of date, columns (place, item).
        facts: place → what is known beside its concentrations, drawn classes apart.
        often: sections whose months have many samples of items.
        ahead: draws the months ahead of items, under the names of
            :func:`~forecast.projection.water_months.section_key`; None where nothing is drawn.
        stated: what models of classes say of the sections with items, under the same names.
        published: the same of sections with classes alone, and what draws their months.
        report: what was modelled how, one row a series.
        sets, other_sets, known, asked, waters, warnings: of
            :func:`~forecast.projection.water.project_water`.
    """

    region: str
    settings: Settings
    monthly: pd.DataFrame
    facts: Mapping[str, Facts]
    often: frozenset[str]
    ahead: WaterAhead | None
    stated: StatedMonths | None
    published: PublishedAhead | None
    report: tuple[dict[str, Any], ...]
    sets: tuple[SectionSet, ...]
    other_sets: tuple[SectionSet, ...]
    known: tuple[str, ...]
    asked: tuple[str, ...]
    waters: Mapping[str, str]
    warnings: tuple[tuple[str, str], ...]

    def project(self) -> WaterProjection:
        """Draw the months ahead and project the places of the region."""
        prefix, settings = f"{self.region}\x1f", self.settings
        names = {place: prefix + place for place in self.facts}
        keyed = self.monthly.rename(columns=names, level="place")
        drawn = None
        outlooks: dict[str, tuple[MonthOutlook, ...]] = {}
        if self.ahead is not None:
            drawn = told_of_month_under_way(self.ahead.draw(), keyed, settings, self.often)
            if self.stated is not None:
                outlooks |= self.stated.outlooks(drawn)
        facts = self.facts
        if self.published is not None:
            paths = self.published.draw()
            facts = with_drawn_classes(facts, {p.removeprefix(prefix): v for p, v in paths.items()})
            if self.published.stated is not None:
                outlooks |= self.published.stated.outlooks()
        found = project_water(
            self.region, self.monthly, settings, drawn=drawn, key=names, facts=facts,
            sets=self.sets, other_sets=self.other_sets, known=self.known, asked=self.asked,
            waters=self.waters, warnings=self.warnings,
        )  # fmt: skip
        said = without_sampled_month(outlooks, keyed, settings)
        cards = tuple(replace(c, ahead=said.get(prefix + c.section, ())) for c in found.cards)
        return replace(found, cards=cards, models=self.report)


def water_regions(
    panel: Panel,
    settings: Settings,
    *,
    draw: bool,
    fits: KeptFits | None = None,
) -> list[WaterRegion]:
    """Everything that the sections of all regions have in common, and each region's part of it.

    Args:
        panel: what is known at the as-of date.
        settings: the question.
        draw: whether months ahead are fitted and drawn.
        fits: where fitted models are kept; None keeps none.

    Returns:
        One a region to answer for, in order of name.
    """
    samples = panel.water
    if samples.empty:
        return []
    samples = samples[samples["time"] < pd.Timestamp(settings.as_of) + pd.Timedelta(days=1)]
    names = section_names(samples, {r: d.aliases for r, d in panel.declared.items()})
    samples = names.rename(samples)
    samples = samples.assign(key=section_key(samples))
    values = samples[samples["item"] != "class_published"]
    monthly = monthly_means(values.assign(place=values["key"]))
    ahead = stated = published = None
    report = pd.DataFrame()
    often_items: frozenset[str] = frozenset()
    if draw and not settings.year_over:
        ahead, report = fitted_items(values, monthly, settings, panel.around, fits)
        if ahead is not None:
            often_items = sampled_often(values["key"], values["time"], settings)
            stated = stated_items(values, monthly, settings, fits)
        published = published_ahead(published_history(samples, settings), settings, fits)
    often = sampled_often(samples["key"], samples["time"], settings)
    rows = {str(r): at for r, at in samples.groupby("region").indices.items()}
    split = _by_region(monthly)
    told = _reports(report)
    out = []
    for region in sorted(r for r in rows if panel.wants(r)):
        prefix = f"{region}\x1f"
        mine = samples.iloc[rows[region]]
        own = split.get(region, monthly.iloc[:, :0])
        places = sorted(str(p) for p in mine["place"].unique())
        keys = [prefix + p for p in places]
        sets = panel.section_sets.get(normalise_region(region), ())
        in_force = tuple(s for s in sets if s.covers(settings.last_day))
        out.append(
            WaterRegion(
                region, settings, own,
                place_facts(
                    mine, settings, panel.declared_of(region, settings.year),
                    others={p: o for (r, p), o in names.others.items() if r == region},
                    often=[k.removeprefix(prefix) for k in keys if k in often],
                ),
                often_items & set(keys),
                None if ahead is None else ahead.of(keys),
                None if stated is None else stated.of(keys),
                None if published is None else published.of(keys),
                told.get(region, ()), in_force or (SectionSet("all"),),
                tuple(s for s in sets if s not in in_force), panel.sections.get(region, ()),
                tuple(t.place for t in panel.water_targets(region, settings.year)),
                waters_of(mine), tuple(names.warnings.get(region, ())),
            )
        )  # fmt: skip
    return out


def _by_region(monthly: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Region → its columns of a table by (key, item), under the plain names of the places."""
    at: dict[str, list[int]] = {}
    names = []
    for k, key in enumerate(monthly.columns.get_level_values("place")):
        region, _, place = str(key).partition("\x1f")
        at.setdefault(region, []).append(k)
        names.append(place)
    items = monthly.columns.get_level_values("item")
    out = {}
    for region, columns in at.items():
        own = monthly.iloc[:, columns].copy()
        own.columns = pd.MultiIndex.from_arrays(
            [[names[k] for k in columns], items[columns]], names=["place", "item"]
        )
        out[region] = own
    return out


def _reports(report: pd.DataFrame) -> dict[str, tuple[dict[str, Any], ...]]:
    """Region → what was modelled how, JSON-ready."""
    out: dict[str, list[dict[str, Any]]] = {}
    for row in report.to_dict("records"):
        region, _, section = str(row.pop("place")).partition("\x1f")
        named = {"section": section, **{str(k): v for k, v in row.items()}}
        out.setdefault(region, []).append(named)
    return {region: tuple(rows) for region, rows in out.items()}
