"""Which targets a scenario can answer, and on which paths they are met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.projection.air_counts import items_over
from forecast.standards.air_assessment import AIR_INDICATORS, AirYear
from forecast.standards.judgement import judged_value
from forecast.targets.comparators import clip_probability, meets
from forecast.targets.model import GRADE_INDICATOR, Target

__all__ = [
    "Askable",
    "askable",
    "chance",
    "chance_error",
    "needed_indicators",
    "rests_on_ozone",
    "target_hits",
]

#: Kinds that compare the year's own value with a number.
_NUMBER_KINDS = frozenset({"threshold", "eliminate", "grade", "keep", "range"})


@dataclass(frozen=True)
class Askable:
    """Targets that a scenario answers, and those it leaves out with the reason (id, zh, en)."""

    targets: tuple[Target, ...]
    left_out: tuple[tuple[str, str, str], ...]


def askable(targets: Sequence[Target], year: AirYear) -> Askable:
    """Part ``targets`` into those that the paths of a year of air answer and the rest.

    Args:
        targets: targets of the year, of any domain.
        year: the year without a package.
    """
    kept: list[Target] = []
    out: list[tuple[str, str, str]] = []
    for target in targets:
        reason = _reason(target, year)
        if reason is None:
            kept.append(target)
        else:
            out.append((target.id, *reason))
    return Askable(tuple(kept), tuple(out))


def _reason(target: Target, year: AirYear) -> tuple[str, str] | None:
    if not target.computable or target.domain != "air":
        return ("不由空气监测值判定", "it is not judged on readings of the air")
    if target.value is None or not target.comparator:
        return ("没有数值", "it has no number")
    if target.kind not in _NUMBER_KINDS:
        return (
            "按与其他年份的比较判定，情景只给出本年的值",
            "it compares years, and a scenario gives the value of one year",
        )
    names = AIR_INDICATORS if target.indicator == GRADE_INDICATOR else (target.indicator,)
    if any(n not in year.values for n in names):
        return ("不是空气年评价指标", "it is no annual indicator of the air")
    if any(not np.mean(year.valid[n]) >= 0.5 for n in names):
        return ("全年有效天数不足", "the year can't reach enough valid days")
    return None


def target_hits(target: Target, year: AirYear) -> NDArray[np.bool_]:
    """On which paths the target is met, bool (path,): rounded as the rule rounds, then compared.

    Raises:
        ValueError: the target has no number.
    """
    if target.value is None:
        raise ValueError(f"target {target.id} has no number")
    if target.indicator == GRADE_INDICATOR:
        over = items_over(year, year.limits)
        judged = np.sum(list(over.values()), axis=0).astype(np.float64)
    else:
        judged = judged_value(target.indicator, year.values[target.indicator])
    return meets(judged, target.comparator, target.value, target.tolerance or 0.0)


def needed_indicators(target: Target) -> tuple[str, ...]:
    """Indicators that an answer on ``target`` rests on."""
    if target.indicator == GRADE_INDICATOR:
        return AIR_INDICATORS
    return (target.indicator,)


def rests_on_ozone(target: Target) -> bool:
    """Whether days or percentiles of ozone can change the answer."""
    names = {"o3_8h_p90", "good_day_ratio", "good_days", "heavy_days", "composite_index"}
    return bool(names & set(needed_indicators(target)))


def chance(hits: NDArray[np.bool_]) -> float:
    """Share of paths on which a target is met, held within 1/(2n) and 1 - 1/(2n)."""
    return clip_probability(float(np.count_nonzero(hits)) / len(hits), len(hits))


def chance_error(p: float, n: int) -> float:
    """Monte-Carlo standard error of a probability from ``n`` paths, √(p(1 - p)/n).

    >>> round(chance_error(0.8, 2000), 5)
    0.00894
    """
    return float(np.sqrt(p * (1.0 - p) / n))
