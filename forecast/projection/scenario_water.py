"""Water under packages of measures: chances of classes and shares, and how much of a package is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.errors import UsageError
from forecast.projection.scenario_inverse import LEVELS, Solution, solve_hits
from forecast.projection.scenario_sections import SHARE_RULES, SectionFactors, WaterYear
from forecast.projection.scenario_targets import chance, chance_error
from forecast.projection.section_shares import SectionSet
from forecast.projection.summary import number
from forecast.projection.water_names import same_section
from forecast.standards.indicators import WATER_CLASSES, indicator
from forecast.standards.rounding import round_half_even
from forecast.targets.comparators import meets
from forecast.targets.model import Target

__all__ = [
    "WaterTargetOutcome",
    "compare_water",
    "section_rows",
    "solve_water",
    "water_rows",
]


@dataclass(frozen=True)
class WaterTargetOutcome:
    """The chance of one target of one place under one package (empty: without any).

    Attributes:
        place: section or name of the set.
        mean: mean over paths of the indicator, unrounded (of a class: of its number).
        classes: class → probability, for a class indicator.
        probability, error: share of paths that meet the target, its Monte-Carlo standard error.
        change, change_error: against no package, path by path; None for the baseline.
    """

    package: str
    target: Target
    place: str
    mean: float
    classes: dict[str, float]
    probability: float
    error: float
    change: float | None = None
    change_error: float | None = None


@dataclass(frozen=True)
class _Asked:
    """A target at one place: how its value is taken from the classes of the sections."""

    target: Target
    place: str
    group: SectionSet | None = None

    def values(
        self, year: WaterYear, samples: Mapping[str, NDArray[np.float64]],
        factors: Mapping[str, SectionFactors] | None,
    ) -> NDArray[np.float64]:  # fmt: skip
        """Unrounded value on each path, (path,)."""
        name = self.target.indicator
        if self.group is not None:
            return year.share(name, samples, self.group)
        if name == "section_class":
            return samples[self.place]
        found = year.mean(self.place, name.removesuffix("_mean"), factors)
        return np.full(year.n_paths, np.nan) if found is None else found

    def hits(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """On which paths the target is met; a withheld value meets nothing."""
        places = indicator(self.target.indicator).judged_decimals
        judged = values if places is None else round_half_even(values, places)
        value = self.target.value if self.target.value is not None else np.nan
        met = meets(judged, self.target.comparator, value, self.target.tolerance or 0.0)
        return met & np.isfinite(values)


def _asked(
    year: WaterYear, targets: Sequence[Target], sets: Sequence[SectionSet]
) -> tuple[list[_Asked], list[tuple[str, str, str]]]:
    """Targets with the places that they are asked of, and those left out (id, zh, en)."""
    out: list[_Asked] = []
    left: list[tuple[str, str, str]] = []
    groups = list(sets) or [SectionSet("all")]
    for target in targets:
        name = target.indicator
        if target.domain != "water" or target.value is None or not target.comparator:
            left.append(
                (target.id, "不是有数值的水质目标", "it is no target on water with a number")
            )
        elif name in SHARE_RULES:
            named = [g for g in groups if g.name == target.section_set] or groups
            out.extend(_Asked(target, g.name, g) for g in named)
        elif name == "section_class" or name.endswith("_mean"):
            places = [n for n in year.classes if not target.place or same_section(n, target.place)]
            item = name.removesuffix("_mean")
            if name != "section_class":
                places = [n for n in places if year.mean(n, item) is not None]
            out.extend(_Asked(target, n) for n in places)
            if not places:
                left.append((target.id, "该断面没有逐月模拟", "its section is not drawn by month"))
        else:
            left.append(
                (target.id, "情景不计算该指标", "a scenario does not work out its indicator")
            )
    return out, left


def compare_water(
    year: WaterYear,
    packages: Mapping[str, Mapping[str, SectionFactors]],
    targets: Sequence[Target],
    sets: Sequence[SectionSet] = (),
) -> tuple[list[WaterTargetOutcome], list[tuple[str, str, str]]]:
    """Compare packages with the year as drawn, on the same paths.

    Args:
        year: the sections.
        packages: name → section → factors.
        targets: targets of the year; others than those on classes, shares and means of water are
            left out.
        sets: lists of sections that shares are over; none means all sections.

    Returns:
        Outcomes, the baseline first, and the targets left out (id, zh, en).
    """
    asked, left = _asked(year, targets, sets)
    before: dict[int, NDArray[np.bool_]] = {}
    out = []
    for name, factors in {"": None, **packages}.items():
        samples = year.samples(factors)
        for k, one in enumerate(asked):
            values = one.values(year, samples, factors)
            hits = one.hits(values)
            if name == "":
                before[k] = hits
            moved = hits.astype(np.float64) - before[k]
            p = chance(hits)
            known = values[np.isfinite(values)]
            of_class = one.target.indicator == "section_class"
            out.append(
                WaterTargetOutcome(
                    name, one.target, one.place,
                    float(known.mean()) if known.size else float("nan"),
                    {
                        label: float(np.mean(known == c))
                        for c, label in enumerate(WATER_CLASSES, start=1)
                    }
                    if of_class and known.size
                    else {},
                    p, chance_error(p, len(hits)),
                    float(moved.mean()) if name else None,
                    float(moved.std() / np.sqrt(len(moved))) if name else None,
                )
            )  # fmt: skip
    return out, left


def solve_water(
    year: WaterYear,
    source: Callable[[float], Mapping[str, SectionFactors]],
    target: Target,
    *,
    rng: np.random.Generator,
    sets: Sequence[SectionSet] = (),
    probability: float = 0.8,
    largest: float = 1.0,
    levels: int = LEVELS,
    tonnes: Callable[[float], Sequence[Mapping[str, Any]]] | None = None,
    jobs: int = 1,
) -> Solution:
    """Find the scale of a package at which a target on water is met with ``probability``.

    Args:
        source: λ → section → factors, the same draws for every λ.
        target: a class or mean of one section, or a share; of several places the first is asked.
        year, sets: as for :func:`compare_water`.
        rng, probability, largest, levels, tonnes, jobs: as for
            :func:`forecast.projection.scenario_inverse.solve`.

    Raises:
        UsageError: the target is none that sections answer, or the question can't be asked.
    """
    asked, left = _asked(year, [target], sets)
    if not asked:
        raise UsageError(
            f"The target {target.id} can't be solved for: {left[0][2]}.",
            "Ask for a class, a mean or a share of sections that are drawn.",
        )
    one = asked[0]

    def at(scale: float) -> NDArray[np.bool_]:
        factors = source(scale) if scale else None
        return one.hits(one.values(year, year.samples(factors), factors))

    return solve_hits(
        at, target, rng=rng, probability=probability, largest=largest, levels=levels,
        tonnes=tonnes, jobs=jobs,
    )  # fmt: skip


def section_rows(
    year: WaterYear, packages: Mapping[str, Mapping[str, SectionFactors]]
) -> list[dict[str, Any]]:
    """Each section that a package changes, with and without it, one JSON-ready row each.

    Args:
        year: the sections.
        packages: name → section → factors.

    Returns:
        ``package`` (empty: without any), ``section``, ``classes`` (class → share of paths),
        ``means`` (item → mean over paths of the year's mean [unit of the item]).
    """
    changed = {
        n: tuple(dict.fromkeys(i for f in of_section for i in f.items))
        for n in year.classes
        if (
            of_section := [
                f for made in packages.values() for s, f in made.items() if same_section(s, n)
            ]
        )
    }
    out: list[dict[str, Any]] = []
    for package, factors in {"": None, **packages}.items():
        samples = year.samples(factors)
        for name, items in changed.items():
            known = samples[name][np.isfinite(samples[name])]
            means = {i: year.mean(name, i, factors) for i in items}
            out.append(
                {
                    "package": package, "section": name,
                    "classes": {
                        label: number(float(np.mean(known == c)) if known.size else None)
                        for c, label in enumerate(WATER_CLASSES, start=1)
                    },
                    "means": {
                        i: number(float(np.nanmean(v)))
                        for i, v in means.items()
                        if v is not None and np.isfinite(v).any()
                    },
                }
            )  # fmt: skip
    return out


def water_rows(outcomes: Sequence[WaterTargetOutcome]) -> list[dict[str, Any]]:
    """One JSON-ready row an outcome."""
    return [
        {
            "package": o.package, "id": o.target.id, "indicator": o.target.indicator,
            "label_zh": o.target.label_zh, "label_en": o.target.label_en,
            "level": o.target.level, "unit": o.target.unit, "plan": o.target.plan,
            "place": o.place, "comparator": o.target.comparator, "value": o.target.value,
            "mean": number(o.mean), "classes": {k: number(v) for k, v in o.classes.items()},
            "probability": number(o.probability), "error": number(o.error),
            "change": number(o.change), "change_error": number(o.change_error),
        }
        for o in outcomes
    ]  # fmt: skip
