"""What the spread of a scenario is made of: first-order shares of its variance, by pairing.

Each answer Y = f(weather, sensitivity, inventory, discrepancy) is paired with one Y' that shares a
single component with it, the others being those of another path. What the two have in common is the
share of that component: S = Cov(Y, Y')/Var(Y), the first-order index of Sobol. The rest to 1 is what
acts jointly only.

In practice one component is exchanged among the paths instead, Z = f(…, component of the partner),
which makes Z the answer that shares with the partner that component alone. What Z shares with its
own path is taken off as a control, Cov(Y_partner, Z - c·Y) with c = Cov(Z, Y)/Var(Y): a component
that changes nothing then has a share of exactly 0, and small shares have small errors (Saltelli et al. 2010,
doi:10.1016/j.cpc.2009.09.018, for c = 1). Components that learning has tied together count as if each
was drawn by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from forecast.projection.scenario_package import PackageFactors
from forecast.projection.scenario_source import FactorSource
from forecast.scenario.air_response import AirDraws
from forecast.scenario.cuts import PollutantCuts

__all__ = ["INTERACTION", "Exchanging", "exchanged", "first_order", "partners", "variance_shares"]

#: Key of what acts jointly only: the rest of the shares to 1.
INTERACTION = "interaction"
#: The pairing is part of the method: the same for every package, so that packages compare.
_SEED = 20_250_101


@runtime_checkable
class Exchanging(Protocol):
    """A source of factors that can exchange a component among its draws by itself."""

    def exchanged(self, component: str, index: NDArray[np.int64]) -> FactorSource:
        """Return the source with ``component`` of draw ``index[i]`` in draw i."""
        ...


def partners(n: int) -> NDArray[np.int64]:
    """Return another path for each path, each once, ``(n,)``; a single path is its own.

    >>> index = partners(5)
    >>> sorted(index.tolist()), bool((index == np.arange(5)).any())
    ([0, 1, 2, 3, 4], False)
    """
    order = np.random.default_rng(_SEED).permutation(n).astype(np.int64)
    out = np.empty(n, dtype=np.int64)
    out[order] = np.roll(order, n // 2)
    return out


def exchanged(source: FactorSource, component: str, index: NDArray[np.int64]) -> FactorSource:
    """Return the source with one component of draw ``index[i]`` in draw i, all others as they were.

    Args:
        source: factors of a package, or one that is :class:`Exchanging`.
        component: ``sensitivity``, ``inventory`` or ``discrepancy``.
        index: ``(draw,)``.

    Raises:
        TypeError: the source cannot exchange anything.
    """
    if isinstance(source, Exchanging):
        return source.exchanged(component, index)
    if not isinstance(source, PackageFactors):
        raise TypeError(f"{type(source).__name__} has no component to exchange")
    if component == "inventory":
        return replace(source, cuts=_exchanged_cuts(source.cuts, index))
    return replace(source, draws=_exchanged_draws(source.draws, component, index))


def _exchanged_cuts(
    cuts: Callable[[float], Sequence[PollutantCuts]], index: NDArray[np.int64]
) -> Callable[[float], Sequence[PollutantCuts]]:
    def at(scale: float) -> Sequence[PollutantCuts]:
        return [
            one
            if one.n == 1
            else replace(
                one, values=one.values[index], sectors={s: v[index] for s, v in one.sectors.items()}
            )
            for one in cuts(scale)
        ]

    return at


def _exchanged_draws(draws: AirDraws, component: str, index: NDArray[np.int64]) -> AirDraws:
    """Draws with δ, or everything but δ, taken at ``index``."""
    other = draws.take(index)
    own, new = (other, draws) if component == "sensitivity" else (draws, other)
    return replace(
        own,
        pm25=replace(own.pm25, discrepancy=new.pm25.discrepancy),
        sectors=replace(own.sectors, discrepancy=new.sectors.discrepancy),
    )


def first_order(
    values: NDArray[np.float64], exchanged_values: NDArray[np.float64], index: NDArray[np.int64]
) -> float:
    """First-order share of the component that was exchanged, within 0 and 1.

    Args:
        values: (path,), Y; of some variance.
        exchanged_values: (path,), Z: the component of path ``index[i]`` in path i.
        index: (path,).
    """
    y, z = values - values.mean(), exchanged_values - exchanged_values.mean()
    whole = float(np.mean(y * y))
    control = min(max(float(np.mean(y * z)) / whole, 0.0), 1.0)
    return min(max(float(np.mean(y[index] * (z - control * y))) / whole, 0.0), 1.0)


def variance_shares(
    values: NDArray[np.float64],
    by_component: dict[str, NDArray[np.float64]],
    index: NDArray[np.int64],
) -> dict[str, float]:
    """Component → share of the variance, and ``interaction``, the rest to 1; empty without variance.

    Args:
        values: (path,), Y.
        by_component: component → (path,), Y with that component exchanged. ``weather`` is the answer
            with the parameters exchanged all together, drawn back to the weather of the partner.
        index: (path,), whose component each path got.
    """
    whole = float(np.var(values))
    if not np.isfinite(whole) or whole == 0.0:
        return {}
    out = {name: first_order(values, z, index) for name, z in by_component.items()}
    out[INTERACTION] = max(1.0 - sum(out.values()), 0.0)
    return out
