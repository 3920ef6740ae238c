"""A package of measures as a source of factors: its cuts at any scale through the response of the air."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from forecast.scenario.air_response import AirDraws, AirFactors, Pm25Model, air_factors
from forecast.scenario.cuts import PollutantCuts
from forecast.scenario.ozone import Regime

__all__ = ["PackageFactors", "at_centre"]


def at_centre(cuts: PollutantCuts) -> PollutantCuts:
    """Return the cuts with the mean of their draws in place of all: no error of the inventory.

    >>> days = np.array(["2025-01-01"], dtype="datetime64[D]")
    >>> two = PollutantCuts(days, np.array([[[0.1] * 7], [[0.3] * 7]]), "city")
    >>> at_centre(two).values[0, 0, 0].round(3).item()
    0.2
    """
    return replace(
        cuts,
        values=cuts.values.mean(axis=0, keepdims=True),
        sectors={s: v.mean(axis=0, keepdims=True) for s, v in cuts.sectors.items()},
    )


@dataclass(frozen=True)
class PackageFactors:
    """Factors of one package; a :class:`~forecast.projection.scenario_source.FactorSource`.

    Attributes:
        cuts: λ → cuts of the package times λ, the same draws for every λ.
        draws: parameters of the response, one for each path.
        days: datetime64[D] (day,), those of the paths.
        pm25_model: how PM2.5 answers, as for ``air_factors``.
    """

    cuts: Callable[[float], Sequence[PollutantCuts]]
    draws: AirDraws
    days: NDArray[np.datetime64]
    pm25_model: Pm25Model = "components"

    def __call__(
        self,
        *,
        scale: float = 1.0,
        frozen: frozenset[str] = frozenset(),
        regime: str | None = None,
    ) -> AirFactors:
        """Return the factors.

        Args:
            scale: λ; at 0 nothing is cut, but what grows grows.
            frozen: ``inventory`` takes the mean of the cuts' draws (with what of the measures is
                complied with), ``sensitivity`` and ``discrepancy`` hold those of the response.
            regime: ozone in this regime in every draw.
        """
        own = list(self.cuts(scale))
        if "inventory" in frozen:
            own = [at_centre(c) for c in own]
        held = [p for p in ("sensitivity", "discrepancy") if p in frozen]
        draws = self.draws.held(held) if held else self.draws
        if regime is not None:
            draws = draws.with_regime(cast("Regime", regime))
        return air_factors(own, draws, self.days, pm25_model=self.pm25_model)
