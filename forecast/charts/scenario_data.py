"""From the scenario engine's answers to what its charts draw."""

from __future__ import annotations

import math
from collections.abc import Sequence

from forecast.charts.scenario_panels import Bar, Panel, ResponseCurve
from forecast.projection.scenario_inverse import Solution
from forecast.projection.scenario_outcome import PackageOutcome, ScenarioOutcome
from forecast.standards.indicators import indicator
from forecast.targets.model import Target

__all__ = ["SHOWN", "curve_of", "panels_of"]

#: Indicators that the chart shows: PM2.5 and ozone always, and the good days.
SHOWN: tuple[str, ...] = ("pm25_annual_mean", "o3_8h_p90", "good_day_ratio")


def panels_of(
    outcome: ScenarioOutcome,
    *,
    indicators: Sequence[str] = SHOWN,
    targets: Sequence[Target] = (),
) -> tuple[Panel, ...]:
    """Panels of ``outcome``, the baseline's bar first.

    Args:
        outcome: packages side by side.
        indicators: what is shown, in order.
        targets: the target of each indicator whose chance is drawn; by default the first that the
            outcome has of it, a firm one before others.
    """
    return tuple(_panel(outcome, name, targets) for name in indicators)


def _panel(outcome: ScenarioOutcome, name: str, targets: Sequence[Target]) -> Panel:
    about = indicator(name)
    known = [o.target for o in outcome.baseline.targets if o.target.indicator == name]
    named = [t for t in targets if t.indicator == name]
    firm = [t for t in known if t.level == "firm"]
    target = next(iter([*named, *firm, *known]), None)
    every = (outcome.baseline, *outcome.packages)
    bars: tuple[Bar, ...] = ()
    if all(name in p.indicators for p in every):
        bars = tuple(_bar(p, name, target) for p in every)
    value = math.nan if target is None or target.value is None else target.value
    days = about.unit == "days"
    return Panel(
        name, about.zh, about.en, "天" if days else about.unit, about.better, bars, value,
        "" if target is None else target.comparator,
        0 if days else 2 if name == "composite_index" else 1, "days" if days else "",
    )  # fmt: skip


def _bar(package: PackageOutcome, name: str, target: Target | None) -> Bar:
    found = package.indicators[name]
    chance = next(
        (o for o in package.targets if target is not None and o.target.id == target.id), None
    )
    change = found.change
    return Bar(
        found.mean, found.quantiles["0.05"], found.quantiles["0.95"],
        math.nan if change is None else change.mean,
        math.nan if change is None else change.low,
        math.nan if change is None else change.high,
        math.nan if chance is None else chance.probability,
        math.nan if chance is None else chance.error,
    )  # fmt: skip


def curve_of(
    solution: Solution, label_zh: str, label_en: str, *, percent: float = 100.0
) -> ResponseCurve:
    """The response curve of an inverse answer.

    Args:
        solution: the answer.
        label_zh, label_en: what is cut, and for which target.
        percent: cut [%] that scale 1 of the package stands for.
    """
    low, high = solution.interval or (math.nan, math.nan)
    return ResponseCurve(
        label_zh, label_en, tuple((percent * solution.scales).tolist()),
        tuple(solution.chances.tolist()), solution.asked,
        None if solution.scale is None else percent * solution.scale, percent * low, percent * high,
    )  # fmt: skip
