"""The best division of a series into stretches of lines or levels, by dynamic programming."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["Stretches", "best_stretches", "line_costs", "projection"]


@dataclass(frozen=True)
class Stretches:
    """A division: the first position of each stretch, and the squares left over."""

    starts: tuple[int, ...]
    squares: float


def line_costs(
    x: NDArray[np.float64], y: NDArray[np.float64], coefficients: int
) -> NDArray[np.float64]:
    """Sum of squares about the line (2 coefficients) or level (1) of y[i:j], shape (n + 1, n + 1).

    All stretches at once from running sums; x and y are centred first so that they stay exact.
    """
    x, y = x - x.mean(), y - y.mean()
    sums = [np.concatenate([[0.0], np.cumsum(v)]) for v in (x, y, x * x, x * y, y * y)]
    n = np.arange(len(x) + 1.0)
    count = np.maximum(n[None, :] - n[:, None], 1.0)
    sx, sy, sxx, sxy, syy = (v[None, :] - v[:, None] for v in sums)
    cost = syy - sy * sy / count
    if coefficients == 2:
        spread, joint = sxx - sx * sx / count, sxy - sx * sy / count
        with np.errstate(divide="ignore", invalid="ignore"):
            cost = cost - np.where(spread > 1e-12, joint * joint / spread, 0.0)
    return np.asarray(np.maximum(cost, 0.0))


def best_stretches(costs: NDArray[np.float64], shortest: int, most: int) -> list[Stretches]:
    """Best divisions with 0, 1, … ``most`` breaks, stretches of ``shortest`` values or more.

    Args:
        costs: cost of the stretch from i up to, not including, j; shape (n + 1, n + 1).
        shortest: values of a stretch at least.
        most: most breaks, at most n / shortest - 1.

    >>> y = np.array([1.0, 1.0, 1.0, 5.0, 5.0, 5.0])
    >>> best_stretches(line_costs(np.arange(6.0), y, 1), 2, 1)[1].starts
    (0, 3)
    """
    n = len(costs) - 1
    gap = np.arange(n + 1)[None, :] - np.arange(n + 1)[:, None]
    allowed = np.where(gap >= shortest, costs, np.inf)
    best = allowed[0].copy()
    backs: list[NDArray[np.intp]] = []
    found = [Stretches((0,), float(costs[0, n]))]
    for _ in range(most):
        total = best[:, None] + allowed
        back = np.argmin(total, axis=0)
        best = total[back, np.arange(n + 1)]
        backs.append(back)
        starts, end = [], n
        for step in reversed(backs):
            end = int(step[end])
            starts.append(end)
        found.append(Stretches((0, *reversed(starts)), float(best[n])))
    return found


def projection(
    x: NDArray[np.float64], starts: Sequence[int], coefficients: int
) -> NDArray[np.float64]:
    """Matrix that takes values to their fitted lines (or levels), shape (n, n)."""
    n = len(x)
    out = np.zeros((n, n))
    edges = (*starts, n)
    for first, last in pairwise(edges):
        design = np.vander(x[first:last] - x[first], coefficients)
        out[first:last, first:last] = design @ np.linalg.pinv(design)
    return out
