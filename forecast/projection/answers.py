"""What a panel says, region by region: projected, judged, and without the paths behind it.

Air and water of a region are answered apart, so that either can be worked out wherever there is a
free processor; :func:`joined` puts the parts together. No answer depends on which other regions
were answered beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from forecast.features.weather_ahead import WeatherAhead
from forecast.models.kept_fits import KeptFits
from forecast.projection.air import AirProjection, project_air
from forecast.projection.days import wide
from forecast.projection.joint import joint_entries
from forecast.projection.judging import entries_of
from forecast.projection.panel import Panel, PanelProjection, Progress
from forecast.projection.result import IndicatorResult
from forecast.projection.settings import Settings
from forecast.projection.short_range import city_short_range, water_short_range
from forecast.projection.unmeasured import UNMEASURED_KINDS
from forecast.projection.water import WaterProjection
from forecast.projection.water_regions import WaterRegion, water_regions
from forecast.region_names import normalise_region
from forecast.targets.applying import applying_targets
from forecast.targets.model import GRADE_INDICATOR, Target

__all__ = [
    "Domain", "DomainAnswer", "air_answers", "home_names", "joined", "project_panel",
    "water_answers",
]  # fmt: skip

Domain = Literal["air", "water"]


@dataclass(frozen=True)
class DomainAnswer:
    """Air or water of one region, answered.

    Attributes:
        key: normalised region.
        domain: which of the two.
        entries: one a result, its targets judged, JSON-ready.
        unanswered: entries of targets of the domain that no result answers.
        air, water: what charts draw; results without their samples, except where they are kept.
        members: results that are asked jointly of a group, with their judged samples alone.
        short_range: outlook of the next days, JSON-ready, in the order of the places.
    """

    key: str
    domain: Domain
    entries: list[dict[str, Any]]
    unanswered: list[dict[str, Any]]
    air: tuple[AirProjection, ...] = ()
    water: tuple[WaterProjection, ...] = ()
    members: tuple[IndicatorResult, ...] = ()
    short_range: list[dict[str, Any]] = field(default_factory=list)

    @property
    def answered(self) -> bool:
        """Whether there is a result at all."""
        return any(a.results for a in self.air) or any(w.results for w in self.water)


def home_names(panel: Panel, cities: Iterable[str], waters: Iterable[str]) -> dict[str, str]:
    """Normalised region → the name under which its targets are judged: that of its air first.

    Args:
        panel: which regions are asked for.
        cities, waters: names of regions as the readings of air and of water have them.
    """
    names: dict[str, str] = {}
    for name in (*sorted(set(cities)), *sorted(set(waters))):
        if panel.wants(name):
            names.setdefault(normalise_region(name), name)
    return names


def air_answers(
    panel: Panel,
    settings: Settings,
    homes: Mapping[str, str],
    *,
    keep: Collection[str] = (),
    fits: KeptFits | None = None,
    forecasts: Mapping[str, WeatherAhead] | None = None,
    progress: Progress | None = None,
) -> Iterator[DomainAnswer]:
    """Project and judge the cities of ``panel``, one region after the other.

    Args:
        homes: of :func:`home_names`.
        keep: normalised regions whose paths and samples are handed on, for scenarios.
        fits: where fitted models are kept.
        forecasts: normalised region → its forecast weather; None asks for no short range.
        progress: called with the stage, cities done and in all.
    """
    cities: dict[str, list[tuple[str, str, pd.DataFrame]]] = {}
    for city in panel.cities():
        cities.setdefault(normalise_region(city[0]), []).append(city)
    total, done = sum(map(len, cities.values())), 0
    sharing = panel.sharing(settings)
    grouped = {normalise_region(m) for g in panel.groups for m in g.members}
    for key, own in cities.items():
        made, ahead = [], []
        for region, place, readings in own:
            history = wide(readings)
            made.append(
                project_air(
                    region, place, readings, settings, dust=panel.dust_of(region),
                    sharing=sharing.get(region), circumstances=panel.circumstances.get(key),
                    weather=panel.weather.get(key), later=panel.later_years(region, settings),
                    keep=key in keep, fits=fits, history=history,
                )
            )  # fmt: skip
            if forecasts is not None:
                ahead.append(
                    city_short_range(
                        region, place, history, settings, panel.circumstances.get(key),
                        panel.weather.get(key), forecasts.get(key),
                    )
                )  # fmt: skip
            done += 1
            if progress:
                progress("air", done, total)
        results = [r for city in made for r in city.results]
        applying, entries, unanswered = _judged(panel, settings, homes[key], "air", results)
        yield DomainAnswer(
            key, "air", entries, unanswered,
            air=tuple(a if key in keep else replace(a, results=_bare(a.results)) for a in made),
            members=_members(results, applying) if key in grouped else (),
            short_range=ahead,
        )  # fmt: skip


def water_answers(
    panel: Panel,
    settings: Settings,
    homes: Mapping[str, str],
    fitted: Iterable[WaterRegion],
    *,
    keep: Collection[str] = (),
    ahead: bool = False,
    progress: Progress | None = None,
) -> Iterator[DomainAnswer]:
    """Project and judge the sections of ``fitted``, one region after the other.

    Arguments as for :func:`air_answers`. ``ahead`` asks for the outlook of the next days or of the
    next sampling as well, for which ``panel`` holds the samples.
    """
    by_key: dict[str, list[WaterRegion]] = {}
    for one in fitted:
        by_key.setdefault(normalise_region(one.region), []).append(one)
    rows = panel.water.groupby("region").indices if ahead else {}
    total, done = sum(map(len, by_key.values())), 0
    for key, regions in by_key.items():
        own = []
        for one in regions:
            own.append(one.project())
            done += 1
            if progress:
                progress("water", done, total)
        results = [r for found in own for r in found.results]
        _, entries, unanswered = _judged(panel, settings, homes[key], "water", results)
        soon: list[dict[str, Any]] = []
        if ahead:
            at = np.concatenate([rows[one.region] for one in regions])
            soon = water_short_range(replace(panel, water=panel.water.iloc[at]), settings, own)
        yield DomainAnswer(
            key, "water", entries, unanswered,
            water=tuple(w if key in keep else replace(w, results=_bare(w.results)) for w in own),
            short_range=soon,
        )  # fmt: skip


def _judged(
    panel: Panel, settings: Settings, home: str, domain: Domain, results: list[IndicatorResult]
) -> tuple[list[Target], list[dict[str, Any]], list[dict[str, Any]]]:
    """The targets that apply to the region; entries of its results; those that none answers."""
    if not results:
        return [], [], []
    applying, other = _targets(panel, settings, home)
    asked = [t for t in applying if t.domain == domain]
    told = entries_of(results, asked, settings, panel.entered, other, region=home)
    entries = [e for e in told if e["place_kind"] not in UNMEASURED_KINDS]
    return applying, entries, [e for e in told if e["place_kind"] in UNMEASURED_KINDS]


def _targets(panel: Panel, settings: Settings, home: str) -> tuple[list[Target], list[Target]]:
    return applying_targets(
        panel.entered.plans, home, settings.year, plan=panel.plan, aliases=panel.aliases
    )


def _bare(results: Iterable[IndicatorResult]) -> list[IndicatorResult]:
    """What charts need of results: where they stand and what earlier years were."""
    return [
        replace(
            r, samples=None, judged=None, later=None, monthly=None, independent=None, record=None,
            counts={}, baselines={}, alternatives=[], explain=None, rest=None,
        )
        for r in results
    ]  # fmt: skip


def _members(
    results: Iterable[IndicatorResult], applying: Iterable[Target]
) -> tuple[IndicatorResult, ...]:
    """The results that a group may be asked jointly, with no more than their judged samples."""
    wanted = {GRADE_INDICATOR, *(t.indicator for t in applying if t.domain == "air")}
    own = [r for r in results if r.indicator in wanted]
    return tuple(replace(b, judged=r.judged) for b, r in zip(_bare(own), own, strict=True))


def joined(
    panel: Panel,
    settings: Settings,
    homes: Mapping[str, str],
    answers: Iterable[DomainAnswer],
) -> PanelProjection:
    """Put the answers together, in whatever order they come; the panel's readings are not looked at."""
    parts: dict[str, dict[Domain, DomainAnswer]] = {}
    for one in answers:
        parts.setdefault(one.key, {})[one.domain] = one
    entries: list[dict[str, Any]] = []
    reference: list[dict[str, Any]] = []
    members: dict[str, Sequence[IndicatorResult]] = {}
    asked: dict[str, list[Target]] = {}
    for key in sorted(parts):
        own = [a for d in ("air", "water") if (a := parts[key].get(d)) and a.answered]
        if not own:
            continue
        applying, other = _targets(panel, settings, homes[key])
        told = {a.domain for a in own}
        rest = [t for t in applying if t.domain not in told]
        silent = [e for a in own for e in a.unanswered]
        silent += entries_of([], rest, settings, panel.entered, region=homes[key])
        order = {(t.plan, t.id): at for at, t in enumerate(applying)}
        silent.sort(key=lambda e: order[e["targets"][0]["plan"], e["targets"][0]["id"]])
        entries += [e for a in own for e in a.entries] + silent
        reference += [_reference(t, homes[key]) for t in other]
        asked[key] = applying
        members[key] = [r for a in own for r in a.members]
    every = [a for own in parts.values() for a in own.values()]
    air = sorted((x for a in every for x in a.air), key=lambda x: x.region)
    water = sorted((x for a in every for x in a.water), key=lambda x: x.region)
    return PanelProjection(
        entries, air, water, reference,
        warnings=[w for a in air for w in a.warnings] + [w for x in water for w in x.warnings],
        groups=joint_entries(panel.groups, members, asked),
        short_range={
            d: sorted(
                (row for a in every if a.domain == d for row in a.short_range),
                key=lambda row: str(row["region"]),
            )
            for d in ("air", "water")
        },
    )  # fmt: skip


def project_panel(
    panel: Panel,
    settings: Settings,
    *,
    progress: Progress | None = None,
    keep: Collection[str] = (),
    fits: KeptFits | None = None,
    forecasts: Mapping[str, WeatherAhead] | None = None,
) -> PanelProjection:
    """Project every place of ``panel`` and judge every target that applies, in this process.

    Arguments as for :func:`air_answers`. The answer does not depend on ``keep`` and ``fits``.
    """
    homes = home_names(panel, panel.air["region"].unique(), panel.water["region"].unique())
    answers = [
        *air_answers(
            panel, settings, homes, keep=keep, fits=fits, forecasts=forecasts, progress=progress
        ),
        *water_answers(
            panel, settings, homes, water_regions(panel, settings, draw=True, fits=fits),
            keep=keep, ahead=forecasts is not None, progress=progress,
        ),
    ]  # fmt: skip
    return joined(panel, settings, homes, answers)


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
