"""Two levers at once: the chance of a target over a grid of cuts, with PM2.5 and ozone beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from forecast.errors import UsageError
from forecast.projection.scenario_source import in_turn
from forecast.projection.scenario_targets import (
    chance,
    chance_error,
    needed_indicators,
    target_hits,
)
from forecast.projection.scenario_years import ScenarioYear
from forecast.scenario.apply import Factors
from forecast.targets.model import Target

__all__ = ["Frontier", "frontier", "frontier_rows"]


@dataclass(frozen=True)
class Frontier:
    """P over two levers.

    Attributes:
        target: what is asked.
        first, second: cut of each lever [fraction of its emission], shapes (a,) and (b,).
        chances, errors: probability and its Monte-Carlo standard error, (a, b).
        pm25_change, o3_change: mean change of the annual mean of PM2.5 and of the 90th percentile of
            ozone against no cut, (a, b) [µg/m³]; above 0 is a rise.
    """

    target: Target
    first: NDArray[np.float64]
    second: NDArray[np.float64]
    chances: NDArray[np.float64]
    errors: NDArray[np.float64]
    pm25_change: NDArray[np.float64]
    o3_change: NDArray[np.float64]

    def least_second(self, asked: float) -> NDArray[np.float64]:
        """Smallest cut of the second lever for each cut of the first that reaches ``asked``, (a,).

        ``inf`` where none of the grid does. A grid point is taken, never a cut between two.
        """
        enough = self.chances >= asked - 1e-12
        found = self.second[np.argmax(enough, axis=1)]
        return np.where(enough.any(axis=1), found, np.inf)


def frontier(
    year: ScenarioYear,
    source: Callable[[float, float], Factors],
    target: Target,
    *,
    first: Sequence[float],
    second: Sequence[float],
    jobs: int = 1,
) -> Frontier:
    """Take the chance of ``target`` at every pair of cuts.

    No optimum is named: that would need what each cut costs.

    Args:
        year: the paths.
        source: factors for a cut of the first and of the second lever [fraction]; the same draws
            for every pair.
        target: a target with a number, on an indicator of the air.
        first, second: cuts in ascending order.
        jobs: threads; the answer does not depend on it.

    Raises:
        UsageError: a lever has no cut, or its cuts are not in ascending order.
    """
    cuts = tuple(np.asarray(c, dtype=np.float64) for c in (first, second))
    for name, values in zip(("first", "second"), cuts, strict=True):
        if values.size < 2 or not (np.diff(values) > 0).all():
            raise UsageError(
                f"The {name} lever of the frontier needs two cuts or more in ascending order.",
                "Give such as 0, 0.1, 0.2, 0.3, 0.4.",
            )
    base = year.baseline.values
    shown = ("pm25_annual_mean", "o3_8h_p90")
    names = {*shown, *needed_indicators(target)}

    def at(a: float, b: float) -> tuple[float, float, float]:
        found = year.assess(None if a == 0.0 and b == 0.0 else source(a, b), names)
        moved = [float(np.mean(found.values[name] - base[name])) for name in shown]
        return chance(target_hits(target, found)), moved[0], moved[1]

    tasks = [partial(at, a, b) for a in cuts[0].tolist() for b in cuts[1].tolist()]
    table = np.array(in_turn(tasks, jobs)).reshape(cuts[0].size, cuts[1].size, 3)
    errors = np.array([[chance_error(p, year.n_paths) for p in row] for row in table[:, :, 0]])
    return Frontier(
        target, cuts[0], cuts[1], table[:, :, 0], errors, table[:, :, 1], table[:, :, 2]
    )


def frontier_rows(found: Frontier) -> list[dict[str, float]]:
    """One row a pair of cuts, for tables and CSV."""
    return [
        {
            "first": float(a), "second": float(b), "probability": float(found.chances[i, j]),
            "error": float(found.errors[i, j]), "pm25_change": float(found.pm25_change[i, j]),
            "o3_change": float(found.o3_change[i, j]),
        }
        for i, a in enumerate(found.first)
        for j, b in enumerate(found.second)
    ]  # fmt: skip
