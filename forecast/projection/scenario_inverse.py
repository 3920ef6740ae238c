"""How much of a package is needed: the scale at which a target is met with the probability asked.

P(λ) is the chance of the target when every cut of the package is multiplied by λ, on the same paths
and draws for every λ. It is taken on an even grid from 0 to the largest λ inside the valid domain and
narrowed by bisection where it first reaches what is asked. Each draw has a critical λ* of its own; a
draw that is met, missed and met again (nitrogen oxides cut alone) gets the one that its grid points
contradict least, which is its isotonic fit at one half.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.errors import UsageError
from forecast.projection.scenario_outcome import DECIDED, grouped_error
from forecast.projection.scenario_source import REGIMES, FactorSource, in_turn
from forecast.projection.scenario_targets import (
    chance,
    chance_error,
    needed_indicators,
    rests_on_ozone,
    target_hits,
)
from forecast.projection.scenario_years import ScenarioYear
from forecast.targets.model import Target

__all__ = ["LEVELS", "Solution", "critical_scales", "first_reached", "solve", "solve_hits"]

#: Points of the grid of λ, both ends included.
LEVELS = 41
#: Halvings of the grid's step where P first reaches what is asked.
_HALVINGS = 6
#: Resamples of the draws for the interval of λ.
_RESAMPLES = 500
#: A fall of P between two λ counts from so many standard errors of the paired difference on.
_FALL = 3.0


@dataclass(frozen=True)
class Solution:
    """The answer of :func:`solve` for one target.

    Attributes:
        target: what is asked.
        asked: probability that is asked.
        scales, chances: every λ that was tried, ascending, and P there, shape (level,).
        scale: smallest λ found with P at least as asked; None: not within the domain.
        reached: P at ``scale``, from the paths themselves.
        interval: bootstrap interval of ``scale`` over the draws; ``inf`` is beyond the domain.
        most: largest P within the domain and its λ.
        largest: end of the domain.
        critical: λ* of each path, shape (path,); ``inf`` where it is never met.
        falls: λ from which P falls with more cut, and how far; None where it never does.
        least_after: λ of the bottom of that fall; None where P never falls.
        error: standard error of P where it is as asked (or at its largest).
        decided: ``met`` or ``missed`` where P is above 99 % or below 1 % for every λ.
        regimes: regime of ozone → scale (None: not within the domain) and largest P; empty where
            ozone does not enter.
        tonnes: what ``scale`` means by sector, as given by the caller; empty without a scale.
        n_paths: number of paths.
    """

    target: Target
    asked: float
    scales: NDArray[np.float64]
    chances: NDArray[np.float64]
    scale: float | None
    reached: float | None
    interval: tuple[float, float] | None
    most: tuple[float, float]
    largest: float
    critical: NDArray[np.float64]
    falls: tuple[float, float] | None
    least_after: float | None
    error: float
    decided: str
    n_paths: int
    regimes: dict[str, tuple[float | None, float]] = field(default_factory=dict)
    tonnes: tuple[Mapping[str, Any], ...] = ()

    def at(self, scale: float) -> float:
        """P at one of ``scales``."""
        return float(self.chances[int(np.argmin(np.abs(self.scales - scale)))])


def solve(
    year: ScenarioYear,
    source: FactorSource,
    target: Target,
    *,
    rng: np.random.Generator,
    probability: float = 0.8,
    largest: float = 1.0,
    levels: int = LEVELS,
    interval: float = 0.9,
    regimes: Sequence[str] = REGIMES,
    tonnes: Callable[[float], Sequence[Mapping[str, Any]]] | None = None,
    group: NDArray[np.int64] | None = None,
    jobs: int = 1,
) -> Solution:
    """Find the scale of a package at which ``target`` is met with ``probability``.

    Args:
        year: the paths.
        source: factors of the package at any scale.
        target: a target with a number, on an indicator of the air.
        rng: for the resamples of the interval.
        probability: what is asked, inside (0, 1).
        largest: largest λ inside the valid domain of the responses.
        levels: points of the grid.
        interval: probability that the interval of λ holds.
        regimes: regimes of ozone to solve for besides, on every other point of the grid, where
            the target rests on ozone.
        tonnes: rows by sector of what a scale means in t/yr, handed on as they are.
        group: (path,) which set of parameters each path has, where some share theirs: error and
            interval count what these have in common. None: all differ.
        jobs: threads; the answer does not depend on it.

    Raises:
        UsageError: the probability, the domain or the grid can't be asked.
    """
    names = needed_indicators(target)

    def at(scale: float, regime: str | None = None) -> NDArray[np.bool_]:
        factors = source(scale=scale, regime=regime)
        return target_hits(target, year.assess(factors, names))

    found = solve_hits(
        at, target, rng=rng, probability=probability, largest=largest, levels=levels,
        interval=interval, tonnes=tonnes, group=group, jobs=jobs,
    )  # fmt: skip
    if not regimes or not rests_on_ozone(target):
        return found
    coarse = np.linspace(0.0, largest, levels)[:: 2 if levels > 3 else 1]
    by_regime = {}
    for regime in regimes:
        own = np.stack(in_turn([partial(at, s, regime) for s in coarse.tolist()], jobs)).mean(
            axis=1
        )
        scale = float(_crossing(coarse, own[None], probability)[0])
        by_regime[regime] = (scale if np.isfinite(scale) else None, float(own.max()))
    return replace(found, regimes=by_regime)


def solve_hits(
    at: Callable[[float], NDArray[np.bool_]],
    target: Target,
    *,
    rng: np.random.Generator,
    probability: float = 0.8,
    largest: float = 1.0,
    levels: int = LEVELS,
    interval: float = 0.9,
    tonnes: Callable[[float], Sequence[Mapping[str, Any]]] | None = None,
    group: NDArray[np.int64] | None = None,
    jobs: int = 1,
) -> Solution:
    """Find the scale from whether ``target`` is met on each path at any scale.

    Args:
        at: λ → bool (path,), on the same paths and draws for every λ.
        target: what is asked; it is handed on.
        rng, probability, largest, levels, interval, tonnes, group, jobs: as for :func:`solve`.

    Raises:
        UsageError: the probability, the domain or the grid can't be asked.
    """
    _check(probability, largest, levels)
    grid = np.linspace(0.0, largest, levels)
    coarse = np.stack(in_turn([partial(at, s) for s in grid.tolist()], jobs))
    scales, hits = _narrowed(grid, coarse, probability, at)
    shares = hits.mean(axis=1)
    first = first_reached(shares, probability)
    scale = None if first is None else float(scales[first])
    reached = None if first is None else float(shares[first])
    span = None
    if first is not None:
        boots = _resampled(scales, hits, probability, rng, group)
        edges = np.quantile(boots, [(1 - interval) / 2, (1 + interval) / 2], method="inverted_cdf")
        span = (float(edges[0]), float(edges[1]))
    best = int(np.argmax(shares))
    chances = np.array([chance(h) for h in hits])
    decided = ""
    if chances.max() < DECIDED:
        decided = "missed"
    elif chances.min() > 1.0 - DECIDED:
        decided = "met"
    fall = _fall(scales, hits)
    at_scale = hits[best if first is None else first]
    return Solution(
        target=target, asked=probability, scales=scales, chances=chances, scale=scale,
        reached=reached, interval=span, most=(float(chances[best]), float(scales[best])),
        largest=float(largest), critical=critical_scales(grid, coarse), falls=None if fall is None else fall[:2],
        least_after=None if fall is None else fall[2],
        error=max(
            chance_error(chance(at_scale), len(at_scale)), grouped_error(at_scale, group)
        ),
        decided=decided, n_paths=hits.shape[1],
        tonnes=() if tonnes is None or scale is None else tuple(tonnes(scale)),
    )  # fmt: skip


def _check(probability: float, largest: float, levels: int) -> None:
    if not 0.0 < probability < 1.0:
        raise UsageError(
            f"A probability of {probability:g} can't be asked: it must lie between 0 and 1.",
            "Ask for 0.8, for example; no cut makes a target certain.",
        )
    if not (np.isfinite(largest) and largest > 0):
        raise UsageError(
            f"The largest scale of the package is {largest:g}; it must be above 0.",
            "Give the largest multiple of the package that may be tried, such as 1.5.",
        )
    if levels < 3:
        raise UsageError(
            f"A grid of {levels} scales is too coarse.", f"Take 3 or more; {LEVELS} is usual."
        )


def first_reached(shares: NDArray[np.float64], asked: float) -> int | None:
    """Position of the first of ``shares`` (level,) that is at least ``asked``; None without one.

    >>> first_reached(np.array([0.2, 0.5, 0.9]), 0.5)
    1
    """
    enough = np.flatnonzero(shares >= asked - 1e-12)
    return int(enough[0]) if enough.size else None


def _narrowed(
    grid: NDArray[np.float64],
    hits: NDArray[np.bool_],
    asked: float,
    at: Callable[[float], NDArray[np.bool_]],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Grid and hits with the points of a bisection between the last λ below and the first at P."""
    first = first_reached(hits.mean(axis=1), asked)
    if first is None or first == 0:
        return grid, hits
    low, high = float(grid[first - 1]), float(grid[first])
    scales, rows = list(grid), list(hits)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        row = at(middle)
        scales.append(middle)
        rows.append(row)
        if row.mean() >= asked - 1e-12:
            high = middle
        else:
            low = middle
    order = np.argsort(scales)
    return np.asarray(scales)[order], np.stack(rows)[order]


def critical_scales(scales: NDArray[np.float64], hits: NDArray[np.bool_]) -> NDArray[np.float64]:
    """λ* of each path: from there on it is met, as nearly as its grid points allow.

    Args:
        scales: (level,), ascending.
        hits: bool (level, path).

    Returns:
        float64 (path,), one of ``scales``, or ``inf`` for a path that is met nowhere.

    >>> critical_scales(np.array([0.0, 0.5, 1.0]), np.array([[0, 0, 1], [0, 1, 0], [0, 1, 1]], bool))
    array([inf, 0.5, 0. ])
    """
    met = hits.astype(np.int32)
    none = np.zeros((1, met.shape[1]), dtype=np.int32)
    # Against a step at k stand the hits before it and the misses from it on.
    before = np.concatenate([none, np.cumsum(met, axis=0)])
    after = np.concatenate([np.cumsum((1 - met)[::-1], axis=0)[::-1], none])
    step = np.argmin(before + after, axis=0)
    return np.asarray(np.append(scales, np.inf)[step], dtype=np.float64)


def _crossing(
    scales: NDArray[np.float64], shares: NDArray[np.float64], asked: float
) -> NDArray[np.float64]:
    """λ at which each row of ``shares`` (row, level) first reaches ``asked``; ``inf`` where never."""
    enough = shares >= asked - 1e-12
    reached = enough.any(axis=1)
    at = np.argmax(enough, axis=1)
    before = np.maximum(at - 1, 0)
    rows = np.arange(len(shares))
    low, high = shares[rows, before], shares[rows, at]
    rise = np.where(high > low, high - low, 1.0)
    part = np.where(at > 0, np.clip((asked - low) / rise, 0.0, 1.0), 1.0)
    found = scales[before] + part * (scales[at] - scales[before])
    return np.where(reached, found, np.inf)


def _resampled(
    scales: NDArray[np.float64],
    hits: NDArray[np.bool_],
    asked: float,
    rng: np.random.Generator,
    group: NDArray[np.int64] | None = None,
) -> NDArray[np.float64]:
    """λ of each of ``_RESAMPLES`` bootstrap samples of the draws (of the groups), shape (resample,)."""
    n = hits.shape[1]
    place = np.arange(n) if group is None else np.unique(group, return_inverse=True)[1]
    k = int(place.max()) + 1
    weights = rng.multinomial(k, np.full(k, 1.0 / k), size=_RESAMPLES)[:, place].astype(np.float64)
    weights /= weights.sum(axis=1, keepdims=True)
    return _crossing(scales, weights @ hits.T.astype(np.float64), asked)


def _fall(
    scales: NDArray[np.float64], hits: NDArray[np.bool_]
) -> tuple[float, float, float] | None:
    """The largest fall of P with more cut: from which λ, how far, to which λ; None without a real one."""
    shares = hits.mean(axis=1)
    peak = np.maximum.accumulate(shares)
    end = int(np.argmax(peak - shares))
    drop = float(peak[end] - shares[end])
    if drop <= 0.0:
        return None
    start = int(np.argmax(shares[: end + 1]))
    paired = hits[start].astype(np.float64) - hits[end]
    if drop < _FALL * float(paired.std() / np.sqrt(len(paired))):
        return None
    return float(scales[start]), drop, float(scales[end])
