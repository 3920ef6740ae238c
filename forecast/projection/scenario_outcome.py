"""What packages of measures would change: indicators, probabilities, differences, what they rest on.

Every package meets the same paths and the same draws as the baseline, so a difference is taken path
by path. PM2.5 and ozone always stand together, also where ozone rises. The answers are conditional
estimates: they hold if the inventory, the compliance and the responses are as assumed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.projection.scenario_source import (
    COMPONENTS,
    REGIMES,
    FactorArrays,
    FactorSource,
    in_turn,
)
from forecast.projection.scenario_targets import (
    askable,
    chance,
    chance_error,
    needed_indicators,
    target_hits,
)
from forecast.projection.scenario_variance import exchanged, partners, variance_shares
from forecast.projection.scenario_years import ScenarioYear
from forecast.projection.summary import QUANTILES, number
from forecast.scenario.apply import Factors
from forecast.standards.air_assessment import AirYear
from forecast.standards.indicators import indicator
from forecast.targets.model import Target

__all__ = [
    "DECIDED",
    "REPORTED",
    "Change",
    "IndicatorOutcome",
    "PackageOutcome",
    "ScenarioOutcome",
    "TargetOutcome",
    "compare_packages",
    "decided_sentence",
    "grouped_error",
    "outcome_rows",
]

#: Indicators in the order of a table: PM2.5 and ozone first, and never one without the other.
REPORTED: tuple[str, ...] = (
    "pm25_annual_mean", "o3_8h_p90", "good_day_ratio", "good_days", "heavy_days",
    "pm10_annual_mean", "no2_annual_mean", "so2_annual_mean", "co_p95", "composite_index",
)  # fmt: skip

#: Below this probability, or above one less it, a target counts as decided.
DECIDED = 0.01

#: The indicators whose variance is split.
_SPLIT = ("pm25_annual_mean", "o3_8h_p90", "good_day_ratio")


@dataclass(frozen=True)
class Change:
    """Package less baseline, path by path [unit of the indicator].

    Attributes:
        mean, error: mean over paths and its Monte-Carlo standard error.
        low, high: interval of the differences over paths and draws.
        share_worse: share of paths on which the indicator is worse than without the package.
        share_changed: share of paths on which it changes at all.
    """

    mean: float
    error: float
    low: float
    high: float
    share_worse: float
    share_changed: float = 1.0


@dataclass(frozen=True)
class IndicatorOutcome:
    """One indicator under one package: unrounded mean and quantiles over paths.

    Attributes:
        shares: component → first-order share of the variance, with ``interaction``, the rest to 1;
            empty where it was not split or nothing varies.
    """

    indicator: str
    unit: str
    mean: float
    quantiles: dict[str, float]
    change: Change | None = None
    shares: dict[str, float] | None = None


@dataclass(frozen=True)
class TargetOutcome:
    """The chance of one target under one package.

    Attributes:
        probability, error: share of paths that meet it, and its Monte-Carlo standard error.
        change, change_error: package less baseline, paired; None for the baseline.
        without_parameters: probability with every parameter at its centre; None where not asked.
        regimes: regime of ozone → probability if every draw were of it.
    """

    target: Target
    probability: float
    error: float
    change: float | None = None
    change_error: float | None = None
    without_parameters: float | None = None
    regimes: dict[str, float] | None = None


@dataclass(frozen=True)
class PackageOutcome:
    """One package, or the baseline (``name`` is then empty)."""

    name: str
    indicators: dict[str, IndicatorOutcome]
    targets: tuple[TargetOutcome, ...]


@dataclass(frozen=True)
class ScenarioOutcome:
    """Packages side by side on the same paths.

    Attributes:
        baseline: the year without a package.
        packages: in the order given.
        decided: target id → ``met`` or ``missed`` where no package, nor none, changes the answer.
        left_out: targets that paths of air don't answer (id, zh, en).
        n_paths, interval: paths, and the probability that an interval holds.
    """

    baseline: PackageOutcome
    packages: tuple[PackageOutcome, ...]
    decided: dict[str, str]
    left_out: tuple[tuple[str, str, str], ...]
    n_paths: int
    interval: float


def compare_packages(
    year: ScenarioYear,
    packages: Mapping[str, FactorSource],
    targets: Sequence[Target],
    *,
    interval: float = 0.9,
    regimes: Sequence[str] = REGIMES,
    explain: bool = True,
    groups: Mapping[str, NDArray[np.int64]] | None = None,
    jobs: int = 1,
) -> ScenarioOutcome:
    """Compare packages with the year as drawn.

    Args:
        year: the paths.
        packages: name → source of its factors.
        targets: targets of the year; those of other domains are left out with a reason.
        interval: probability that intervals of differences hold.
        regimes: regimes of ozone under which probabilities stand besides; empty for none.
        explain: also split the variance, and take the probability without parameter uncertainty.
        groups: name → (path,) which set of parameters each path has. Where learning has left few
            sets, paths share them, and errors count what they have in common. None: all differ.
        jobs: threads; the answer does not depend on it.

    The variance of an indicator is split by pairing (:mod:`forecast.projection.scenario_variance`):
    first-order shares of weather, sensitivity, inventory and discrepancy, each within 0 and 1, and
    ``interaction``, the rest to 1: what works only together.
    """
    asked = askable(targets, year.baseline)
    base_hits = {t.id: target_hits(t, year.baseline) for t in asked.targets}
    base = PackageOutcome(
        "",
        _indicators(year.baseline, None, interval),
        tuple(
            TargetOutcome(t, chance(base_hits[t.id]), _error(base_hits[t.id]))
            for t in asked.targets
        ),
    )
    made = tuple(
        _package(
            year, name, source, asked.targets, base_hits, interval, regimes, explain,
            (groups or {}).get(name), jobs,
        )
        for name, source in packages.items()
    )  # fmt: skip
    return ScenarioOutcome(
        base, made, _decided((base, *made)), asked.left_out, year.n_paths, interval
    )


def _error(hits: NDArray[np.bool_], group: NDArray[np.int64] | None = None) -> float:
    return max(chance_error(chance(hits), len(hits)), grouped_error(hits, group))


def grouped_error(values: NDArray[Any], group: NDArray[np.int64] | None) -> float:
    """Standard error of a mean over paths of which some share their parameters.

    Args:
        values: (path,).
        group: (path,) paths of one number go together; None: each is by itself.

    >>> grouped_error(np.array([1.0, 1.0, 0.0, 0.0]), None)
    0.25
    >>> round(grouped_error(np.array([1.0, 1.0, 0.0, 0.0]), np.array([7, 7, 3, 3])), 4)
    0.3536
    """
    off = np.asarray(values, dtype=np.float64) - np.mean(values)
    if group is not None:
        off = np.bincount(np.unique(group, return_inverse=True)[1], weights=off)
    return float(np.sqrt((off**2).sum()) / len(values))


def _package(
    year: ScenarioYear,
    name: str,
    source: FactorSource,
    targets: tuple[Target, ...],
    base_hits: Mapping[str, NDArray[np.bool_]],
    interval: float,
    regimes: Sequence[str],
    explain: bool,
    group: NDArray[np.int64] | None,
    jobs: int,
) -> PackageOutcome:
    questions: dict[str, dict[str, Any]] = {"": {}}
    questions |= {f"regime {r}": {"regime": r} for r in regimes}
    if explain:
        questions["certain"] = {"frozen": frozenset(COMPONENTS)}
    of_targets = {name for t in targets for name in needed_indicators(t)}

    def assessed(question: dict[str, Any]) -> AirYear:
        names = {*of_targets, *(_SPLIT if question else REPORTED)}
        return year.assess(source(**question), names)

    partner = partners(year.n_paths)

    def paired(component: str) -> AirYear:
        if component == "weather":
            return year.assess(_with_draws(source(), np.argsort(partner)), _SPLIT)
        return year.assess(exchanged(source, component, partner)(), _SPLIT)

    tasks = {key: partial(assessed, question) for key, question in questions.items()}
    if explain:
        tasks |= {c: partial(paired, c) for c in ("weather", *COMPONENTS)}
    found = dict(zip(tasks, in_turn(tasks.values(), jobs), strict=True))
    whole = found[""]
    shares = _shares(found, partner) if explain else {}
    outcomes = []
    for target in targets:
        hits = target_hits(target, whole)
        gained = hits.astype(np.float64) - base_hits[target.id]
        outcomes.append(
            TargetOutcome(
                target, chance(hits), _error(hits, group), float(gained.mean()),
                grouped_error(gained, group),
                chance(target_hits(target, found["certain"])) if explain else None,
                {r: chance(target_hits(target, found[f"regime {r}"])) for r in regimes},
            )
        )  # fmt: skip
    return PackageOutcome(
        name, _indicators(whole, year.baseline, interval, shares, group), tuple(outcomes)
    )


def _indicators(
    year: AirYear,
    baseline: AirYear | None,
    interval: float,
    shares: Mapping[str, dict[str, float]] | None = None,
    group: NDArray[np.int64] | None = None,
) -> dict[str, IndicatorOutcome]:
    """Every reported indicator that the year has."""
    levels = np.array([float(q) for q in QUANTILES])
    out = {}
    for name in REPORTED:
        values = year.values[name]
        if not np.isfinite(values).all():
            continue
        change = None
        if baseline is not None:
            moved = values - baseline.values[name]
            worse = moved > 0 if indicator(name).better == "lower" else moved < 0
            low, high = np.quantile(moved, [(1 - interval) / 2, (1 + interval) / 2])
            change = Change(
                float(moved.mean()), grouped_error(moved, group), float(low), float(high),
                float(worse.mean()), float((moved != 0).mean()),
            )  # fmt: skip
        out[name] = IndicatorOutcome(
            name, indicator(name).unit, float(values.mean()),
            dict(zip(QUANTILES, np.quantile(values, levels).tolist(), strict=True)),
            change, (shares or {}).get(name),
        )  # fmt: skip
    return out


def _with_draws(factors: Factors, index: NDArray[np.int64]) -> FactorArrays:
    """The factors of draw ``index[i]`` on path i."""

    def of(array: NDArray[np.float32]) -> NDArray[np.float32]:
        return array[index] if len(array) > 1 else array

    return FactorArrays(of(factors.values), of(factors.background))


def _shares(
    found: Mapping[str, AirYear], partner: NDArray[np.int64]
) -> dict[str, dict[str, float]]:
    """Indicator → component → share of the variance."""
    out = {}
    for name in _SPLIT:
        values = found[""].values[name]
        # Path i met the draws of the path whose partner it is: seen from there, another weather.
        by = {"weather": found["weather"].values[name][partner]}
        by |= {c: found[c].values[name] for c in COMPONENTS}
        shares = variance_shares(values, by, partner)
        if shares:
            out[name] = shares
    return out


def _decided(every: Sequence[PackageOutcome]) -> dict[str, str]:
    out = {}
    for outcomes in zip(*(p.targets for p in every), strict=True):
        chances = [o.probability for o in outcomes]
        if max(chances) < DECIDED:
            out[outcomes[0].target.id] = "missed"
        elif min(chances) > 1.0 - DECIDED:
            out[outcomes[0].target.id] = "met"
    return out


def decided_sentence(target: Target, verdict: str) -> tuple[str, str]:
    """Say that a target is decided whatever is cut (zh, en); ``verdict`` is met or missed."""
    zh, en = ("高于 99 %", "above 99 %") if verdict == "met" else ("低于 1 %", "below 1 %")
    return (
        f"{target.label_zh}：有无减排，条件估计的达标概率均{zh}，所列减排不改变结论。",
        f"{target.label_en}: with or without these cuts the conditional estimate of the probability "
        f"is {en}; they don't change the answer.",
    )


def outcome_rows(outcome: ScenarioOutcome) -> list[dict[str, Any]]:
    """One JSON-ready row a package and indicator or target; an empty package is the baseline."""
    rows: list[dict[str, Any]] = []
    for package in (outcome.baseline, *outcome.packages):
        for found in package.indicators.values():
            row: dict[str, Any] = {
                "package": package.name, "kind": "indicator", "indicator": found.indicator,
                "unit": found.unit, "mean": number(found.mean),
                "quantiles": {q: number(v) for q, v in found.quantiles.items()},
            }  # fmt: skip
            if found.change is not None:
                row["change"] = {k: number(v) for k, v in vars(found.change).items()}
            if found.shares:
                row["variance_shares"] = {k: number(v) for k, v in found.shares.items()}
            rows.append(row)
        rows.extend(
            {
                "package": package.name, "kind": "target", "id": asked.target.id,
                "label_zh": asked.target.label_zh, "label_en": asked.target.label_en,
                "level": asked.target.level, "unit": asked.target.unit, "plan": asked.target.plan,
                "indicator": asked.target.indicator, "comparator": asked.target.comparator,
                "value": asked.target.value, "probability": number(asked.probability),
                "error": number(asked.error), "change": number(asked.change),
                "change_error": number(asked.change_error),
                "without_parameters": number(asked.without_parameters),
                "regimes": {k: number(v) for k, v in (asked.regimes or {}).items()},
                "decided": outcome.decided.get(asked.target.id, ""),
            }
            for asked in package.targets
        )  # fmt: skip
    return rows
