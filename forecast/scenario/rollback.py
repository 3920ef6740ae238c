"""PM10, NO2, SO2 and CO: what is above the background follows the emission in proportion.

    C' = C_b + (C - C_b)·(1 - L·c)

C_b is the item's own background and L the part that the controlled area makes; what the region
around cuts as well reaches the rest. PM10 is dust (which no measure reaches), the PM2.5 in it
(which changes as PM2.5 does) and other coarse particles (which follow the primary PM10)::

    PM10'/PM10 = 1 - w·(1 - PM2.5'/PM2.5) - (1 - w - dust)·L·c_coarse

with w the share of PM2.5 and c_coarse the cut of primary PM10. Numbers and grades:
``tables/pm25_priors.csv``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

from forecast.scenario.pollutants import POLLUTANTS
from forecast.scenario.priors import FloatArray, Prior, draw, prior, with_overrides

__all__ = [
    "RollbackDraws",
    "draw_rollback",
    "pm10_factor",
    "rollback_factor",
    "rollback_priors",
]

#: Gas of the air and the pollutant of emissions that makes it.
GASES: dict[str, str] = {"so2": "SO2", "no2": "NOx", "co": "CO"}
_PM10 = POLLUTANTS.index("PM10")
_DRAWN = (
    "so2_local", "no2_local", "co_local", "so2_background", "no2_background", "co_background",
    "pm10_local", "pm10_dust", "pm10_fine",
)  # fmt: skip


@dataclass(frozen=True)
class RollbackDraws:
    """Draws of the proportional items, each ``(draw,)``.

    Attributes:
        so2_local, no2_local, co_local, pm10_local: L [1].
        so2_background, no2_background: C_b [µg/m³].
        co_background: C_b [mg/m³].
        pm10_dust, pm10_fine: parts of PM10 that are dust and PM2.5 [1].
    """

    so2_local: FloatArray
    no2_local: FloatArray
    co_local: FloatArray
    so2_background: FloatArray
    no2_background: FloatArray
    co_background: FloatArray
    pm10_local: FloatArray
    pm10_dust: FloatArray
    pm10_fine: FloatArray

    @property
    def n(self) -> int:
        """Number of draws."""
        return len(self.so2_local)

    def take(self, index: np.ndarray) -> RollbackDraws:
        """Return the draws at ``index`` (an index may stand more than once)."""
        return RollbackDraws(**{f.name: getattr(self, f.name)[index] for f in fields(self)})


def rollback_priors(
    overrides: Mapping[str, float | tuple[float, float]] | None = None,
) -> dict[str, Prior]:
    """Priors of the proportional items, the user's own numbers in their place."""
    return with_overrides({name: prior(name) for name in _DRAWN}, overrides)


def draw_rollback(
    n: int,
    rng: np.random.Generator,
    *,
    overrides: Mapping[str, float | tuple[float, float]] | None = None,
) -> RollbackDraws:
    """Draw the parameters of the proportional items; dust and PM2.5 make at most all of PM10."""
    priors = rollback_priors(overrides)
    uniform = rng.random((len(_DRAWN), n))
    d = {name: draw(priors[name], uniform[i]) for i, name in enumerate(_DRAWN)}
    d["pm10_fine"] = np.minimum(d["pm10_fine"], 1.0 - d["pm10_dust"])
    return RollbackDraws(**d)


def _effective(
    cuts: FloatArray, region_cuts: FloatArray | None, local: FloatArray, column: int
) -> FloatArray:
    inside = cuts[:, :, column]
    if region_cuts is None:
        return np.broadcast_to(inside, (len(local), inside.shape[1]))
    outside = region_cuts[:, :, column]
    result: FloatArray = outside + local[:, None] * (inside - outside)
    return result


def rollback_factor(
    item: str, cuts: FloatArray, draws: RollbackDraws, *, region_cuts: FloatArray | None = None
) -> FloatArray:
    """F of a gas above its background, ``(draw, set)``, 0 or more; exactly 1 without a cut.

    Args:
        item: ``so2``, ``no2`` or ``co``.
        cuts: ``(draw or 1, set, pollutant)`` cut fractions in the controlled area.
        draws: parameters.
        region_cuts: same shape: cuts in the region around; None: as ``cuts``.
    """
    local: FloatArray = getattr(draws, f"{item}_local")
    result: FloatArray = 1.0 - _effective(cuts, region_cuts, local, POLLUTANTS.index(GASES[item]))
    return np.maximum(result, 0.0)


def pm10_factor(
    cuts: FloatArray,
    pm25_ratio: FloatArray,
    draws: RollbackDraws,
    *,
    region_cuts: FloatArray | None = None,
) -> FloatArray:
    """PM10'/PM10, ``(draw, set)``, at least its share of dust; exactly 1 without a cut.

    Args:
        cuts: ``(draw or 1, set, pollutant)`` cut fractions in the controlled area.
        pm25_ratio: ``(draw, set)`` C'/C of PM2.5.
        draws: parameters.
        region_cuts: same shape: cuts in the region around; None: as ``cuts``.
    """
    cut = _effective(cuts, region_cuts, draws.pm10_local, _PM10)
    coarse = np.maximum(1.0 - draws.pm10_fine - draws.pm10_dust, 0.0)
    result: FloatArray = 1.0 - (
        draws.pm10_fine[:, None] * (1.0 - pm25_ratio) + coarse[:, None] * cut
    )
    return result
