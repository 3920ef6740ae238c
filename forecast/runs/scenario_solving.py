"""Scenarios backward: how much of a package a target needs, and two levers against each other."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal

import numpy as np
import pandas as pd

from forecast.errors import ForecastError, UsageError
from forecast.projection.scenario_frontier import Frontier, frontier, frontier_rows
from forecast.projection.scenario_inverse import Solution, solve
from forecast.projection.scenario_outcome import DECIDED
from forecast.projection.scenario_package import PackageFactors
from forecast.projection.scenario_targets import askable, chance, target_hits
from forecast.projection.scenario_water import solve_water
from forecast.projection.scenario_words import solution_sentences
from forecast.projection.section_shares import SectionSet
from forecast.projection.streams import stream
from forecast.projection.summary import number
from forecast.region_names import normalise_region
from forecast.runs.scenario_answer import Answer, Learning, answer
from forecast.runs.scenario_corners import corner_findings, without_package
from forecast.runs.scenario_packages import AskedPackage, NamedScenario, asked_packages
from forecast.runs.scenario_setting import ScenarioSetting
from forecast.scenario.air_response import AirFactors
from forecast.scenario.limits import cut_findings, largest_valid_scale
from forecast.scenario.scenario_file import with_cuts
from forecast.scenario.scenario_model import Scenario
from forecast.scenario.water_limits import load_findings
from forecast.targets.model import Target

__all__ = ["LeverMap", "Solved", "solve_package", "two_levers"]

Progress = Callable[[str, int, int], None]

#: Largest multiple of a package that is tried unless more is asked for: beyond it a package is
#: another one.
MOST = 5.0
#: Largest cut of a lever on the map [%], the end of the trusted domain, and steps up to it.
LEVER_MOST = 60.0
LEVER_STEPS = 6


@dataclass(frozen=True)
class Solved:
    """The inverse answer on one package.

    Attributes:
        forward: the package as written, forward, with the solutions among what is told.
        solutions: one a target.
    """

    forward: Answer
    solutions: tuple[Solution, ...] = field(repr=False)

    @property
    def told(self) -> dict[str, Any]:
        """The JSON-ready object."""
        return self.forward.told

    @property
    def table(self) -> pd.DataFrame:
        """One row a target: probability asked, scale with its interval, what is reached."""
        keep = ("target", "label_zh", "asked", "scale", "low", "high", "reached", "error", "most",
                "most_at", "largest", "decided")  # fmt: skip
        return pd.DataFrame([{k: s[k] for k in keep} for s in self.told["solutions"]])


def solve_package(
    setting: ScenarioSetting,
    package: AskedPackage,
    *,
    probability: float = 0.8,
    targets: Sequence[str] = (),
    most: float | None = None,
    progress: Progress | None = None,
) -> Solved:
    """Find the scale of ``package`` at which targets are met with ``probability``.

    Args:
        setting: the region's year.
        package: its direction; every measure is multiplied by the scale.
        probability: what is asked, inside (0, 1).
        targets: ids or indicators; none: every one that can be asked but for stretch goals and
            what is decided without any cut.
        most: largest scale tried; None: the end of the trusted domain, at most ``MOST``. Beyond that
            domain an answer is called extrapolated.
        progress: called with the stage, targets done and in all.

    Raises:
        UsageError: no such target, or the question can't be asked; ``most`` cuts more than there is.
        ForecastError: nothing of the package can be quantified.
    """
    if not package.of_air and not (package.water_measures and package.responses):
        said = "; ".join(en for _, _, en in package.missing[:3])
        raise ForecastError(
            f"Nothing of the package {package.name} can be worked out: {said or 'it cuts nothing'}.",
            "Give what is missing, or a cut in percent such as --cut 'NOx=20%'.",
        )
    asked = _asked_targets(setting, package, targets)
    learning = Learning(setting)
    forward = answer(setting, [package], learning=learning, progress=progress)
    trusted = package.largest()
    largest = min(trusted, MOST) if most is None else most
    _refuse_beyond_all(package, largest)
    learned = learning.of(package) if package.of_air else None
    solutions: list[Solution] = []
    for at, target in enumerate(asked):
        if progress:
            progress("solve", at, len(asked))
        rng = stream(setting.settings.seed, "scenario solve", target.id)
        tonnes = package.tonnes
        if target.domain == "water":
            found = solve_water(
                setting.water_year, package.water, target, rng=rng, probability=probability,
                sets=setting.section_sets or (SectionSet("all"),), largest=largest,
                tonnes=tonnes, jobs=setting.jobs,
            )  # fmt: skip
        elif learned is None:
            continue
        else:
            found = solve(
                setting.air_year, package.source(learned), target, rng=rng,
                probability=probability, largest=largest, tonnes=tonnes, group=learned.index,
                jobs=setting.jobs,
            )  # fmt: skip
        solutions.append(found)
        forward.told["solutions"].append(_told(found, package, trusted))
        _add_found(forward.told["findings"], found, package)
    if progress:
        progress("solve", len(asked), len(asked))
    return Solved(forward, tuple(solutions))


def _asked_targets(
    setting: ScenarioSetting, package: AskedPackage, names: Sequence[str]
) -> list[Target]:
    """The targets that are asked: those named, or every firm one that can be."""
    air: list[Target] = []
    open_ids: set[str] = set()
    if setting.air is not None and package.of_air:
        year = setting.air_year.baseline
        air = list(askable(setting.air_targets, year).targets)
        open_ids = {t.id for t in air if chance(target_hits(t, year)) <= 1.0 - DECIDED}
    water = [
        t
        for t in setting.targets
        if t.domain == "water" and t.computable and t.value is not None and package.responses
        and (t.indicator == "section_class" or t.indicator.startswith("share_")
             or t.indicator.endswith("_mean"))
    ]  # fmt: skip
    known = [*air, *water]
    if not names:
        firm = [t for t in known if t.level != "stretch" and (t in water or t.id in open_ids)]
        if not firm and known:
            raise ForecastError(
                f"Every target of {setting.region} for {setting.settings.year} is met without any cut "
                "on more than 99 % of the paths.",
                "Name one with --target to have it all the same.",
            )
        if not firm:
            raise ForecastError(
                f"{setting.region} has no target for {setting.settings.year} that the package could "
                "change.",
                "Enter one: forecast target set, or name another year with --year.",
            )
        return firm
    out = []
    for name in names:
        own = [t for t in known if name in (t.id, t.indicator)]
        if not own:
            raise UsageError(
                f"There is no target {name} of {setting.region} for {setting.settings.year} that this "
                "package could change.",
                f"There are: {', '.join(t.id for t in known) or 'none'}.",
            )
        out += [t for t in own if t not in out]
    return out


def _refuse_beyond_all(package: AskedPackage, largest: float) -> None:
    """Refuse a scale at which more than everything would be cut."""
    ends = [largest_valid_scale(package.whole, trusted=False)]
    if package.responses:
        cuts = [m for m in package.scenario.measures if m.cut and m.amount.unit == "%"]
        ends += [100.0 / m.amount.value for m in cuts if m.amount.value > 0.0]
    end = min(ends)
    if largest > end * (1.0 + 1e-6):
        raise UsageError(
            f"{largest:g} times {package.name} can't be tried: nothing is left to cut (or growth passes "
            f"50 %) at {end:.2f} times.",
            f"Give a largest scale (--most) of at most {math.floor(100 * end) / 100:g}.",
        )


def _add_found(told: list[dict[str, Any]], found: Solution, package: AskedPackage) -> None:
    """Add what limits the package at the scale that was found, where it does not as written."""
    if found.scale is None or found.scale == 0.0:
        return
    at_scale = cut_findings(package.cuts(found.scale)) if package.of_air else []
    at_scale += load_findings(package.load_multipliers(found.scale))
    known = {f["rule"] for f in told if f["package"] in ("", package.name)}
    told += [
        {
            "package": package.name, "rule": one.rule, "kind": one.kind,
            "zh": f"{found.scale:.2f} 倍（{found.target.label_zh}的解）处——{one.zh}",
            "en": f"At {found.scale:.2f} times, the answer for {found.target.label_en}: {one.en}",
        }
        for one in at_scale
        if one.rule == "extrapolation" and one.rule not in known
    ]  # fmt: skip


def _told(found: Solution, package: AskedPackage, trusted: float) -> dict[str, Any]:
    low, high = found.interval or (math.nan, math.nan)
    return {
        "package": package.name, "target": found.target.id,
        "indicator": found.target.indicator, "comparator": found.target.comparator,
        "value": found.target.value,
        "label_zh": found.target.label_zh, "label_en": found.target.label_en,
        "asked": found.asked, "scale": number(found.scale), "low": number(low),
        "high": number(high), "reached": number(found.reached), "error": number(found.error),
        "most": number(found.most[0]), "most_at": number(found.most[1]),
        "largest": number(found.largest), "trusted": number(trusted),
        "scales": [number(s) for s in found.scales.tolist()],
        "chances": [number(c) for c in found.chances.tolist()],
        "decided": found.decided,
        "falls": None if found.falls is None else [number(x) for x in found.falls],
        "falls_to": number(found.least_after),
        "regimes": {
            name: {"scale": number(scale), "most": number(top)}
            for name, (scale, top) in found.regimes.items()
        },
        "tonnes": [dict(row) for row in found.tonnes],
        "sentences": [
            {"zh": zh, "en": en}
            for zh, en in solution_sentences(
                found, f"“{package.name}”", package.name_en or f"“{package.name}”",
                trusted=trusted,
            )
        ],
    }  # fmt: skip


@dataclass(frozen=True)
class LeverMap:
    """Two levers against each other.

    Attributes:
        levers: as written on the command line, such as ``NOx`` and ``industry:VOC``.
        found: P over both, PM2.5 and ozone beside it.
        told: JSON-ready: the year, the levers, one row a pair of cuts.
    """

    levers: tuple[str, str]
    found: Frontier = field(repr=False)
    told: dict[str, Any] = field(repr=False)

    @property
    def table(self) -> pd.DataFrame:
        """One row a pair of cuts [fraction]: probability, its error, changes of PM2.5 and O3."""
        return pd.DataFrame(self.told["map"]["rows"])


def two_levers(
    setting: ScenarioSetting,
    levers: tuple[str, str],
    *,
    base: NamedScenario | None = None,
    target: str = "",
    probability: float = 0.8,
    most: float = LEVER_MOST,
    steps: int = LEVER_STEPS,
    start: date | None = None,
    scope: Literal["city", "region"] = "city",
    progress: Progress | None = None,
) -> LeverMap:
    """Take the chance of a target over a grid of cuts of two levers.

    Args:
        setting: the region's year, of which the air is drawn.
        levers: what is cut, as for ``--cut`` without the amount.
        base: a scenario whose measures act besides; None: none.
        target: id or indicator; empty: the good-day ratio, else the first that can be asked.
        probability: what the frontier is drawn for.
        most: largest cut of either lever [%].
        steps: steps from no cut to the largest.
        start: first day of the cuts; None: the first drawn day.
        scope: whether the surroundings cut as well.
        progress: called with the stage, pairs done and in all.

    Raises:
        UsageError: levers or target can't be asked.
        InputError: a lever needs an inventory that is missing, or the like.
    """
    if levers[0] == levers[1]:
        raise UsageError("Both levers are the same.", "Name two, such as NOx,VOC.")
    if not 0.0 < most <= 100.0 or not 1 <= steps <= 20:
        raise UsageError(
            f"Cuts up to {most:g} % in {steps} steps can't be drawn.",
            "Give up to 100 % in 1 to 20 steps.",
        )
    asked = _map_target(setting, target)
    first = start or setting.first_day
    own = base.scenario if base else Scenario(name=",".join(levers), region=setting.region)
    learning = Learning(setting)
    # Plain decimals, so that a cut reads 10 % and not 9.999….
    grid = np.round(np.linspace(0.0, most / 100.0, steps + 1), 6)
    done = 0

    def package(a: float, b: float) -> AskedPackage:
        cuts = [f"{n}={100 * c:g}%" for n, c in zip(levers, (a, b), strict=True) if c]
        made = with_cuts(own, cuts, start=first, scope=scope) if cuts else own
        named = replace(base, scenario=made) if base else NamedScenario(made)
        return asked_packages(setting, [named])[0]

    whole = package(float(grid[-1]), float(grid[-1]))
    if whole.missing and not base:
        raise ForecastError(whole.missing[0][2], whole.missing[0][1])
    learned = learning.of(whole)

    def source(a: float, b: float) -> AirFactors:
        nonlocal done
        one = package(a, b)
        made = PackageFactors(one.cuts, learned.draws, setting.days, one.pm25_model)()
        done += 1
        if progress:
            progress("map", done, (steps + 1) ** 2)
        return made

    found = frontier(
        setting.air_year, source, asked, first=grid.tolist(), second=grid.tolist(),
        jobs=setting.jobs,
    )  # fmt: skip
    told = without_package(answer(setting, [whole], learning=learning).told, whole.name)
    told["findings"] += corner_findings(setting, levers, most / 100.0, package, learned)
    least = found.least_second(probability)
    told["map"] = {
        "levers": list(levers), "target": asked.id, "label_zh": asked.label_zh,
        "label_en": asked.label_en, "asked": probability, "first": grid.tolist(),
        "second": grid.tolist(),
        "rows": [{k: number(v) for k, v in row.items()} for row in frontier_rows(found)],
        "frontier": [
            {"first": float(a), "second": number(b)}
            for a, b in zip(grid.tolist(), least.tolist(), strict=True)
        ],
        "start": first.isoformat(), "scope": scope,
    }  # fmt: skip
    return LeverMap(levers, found, told)


def _map_target(setting: ScenarioSetting, name: str) -> Target:
    known = askable(setting.air_targets, setting.air_year.baseline).targets
    own = [t for t in known if name in (t.id, t.indicator)] if name else list(known)
    if not own:
        raise UsageError(
            f"There is no target {name or 'on the air'} of {normalise_region(setting.region)} for "
            f"{setting.settings.year} that cuts could change.",
            f"There are: {', '.join(t.id for t in known) or 'none'}.",
        )
    ratio = [t for t in own if t.indicator in ("good_day_ratio", "good_days")]
    firm = [t for t in (ratio or own) if t.level == "firm"]
    return (firm or ratio or own)[0]
