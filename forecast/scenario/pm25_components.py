"""PM2.5 by components: bounded, with season, nitrate inflexion, ammonia curve and local share.

Shares of the mean: P primary, S sulfate–nitrate–ammonium, O secondary organic, B background, with
P + S + O + B = 1. For cut fractions c of the precursors (1: nothing is left)::

    R     = P·c_PM + R_S + O·c_VOC                         at most 1 - B
    R_S   = S·(1 - Π_k (1 - r_k/S)),  k in SO2, NOx, NH3   sub-additive
    r_SO2 = e_S·c,   r_NH3 = a·c + b·c²
    r_NOx = e_N·c in April to September, -(nitrate share)·N(c) in October to March
    C'/C  = B + (1 - B)·((1 - R - B)/(1 - B))^δ

N(c), the change of nitrate, rises with slope s1 up to the inflexion c*, and falls beyond it. A cut
in the city alone reaches the part L of R; what the region cuts as well reaches the rest of it, so
R = L·R(both) + (1 - L)·R(region). Sources and grades: ``tables/pm25_priors.csv``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Literal

import numpy as np

from forecast.scenario.pollutants import POLLUTANTS
from forecast.scenario.priors import FloatArray, Prior, draw, prior, read_table, with_overrides
from forecast.scenario.regions import Region

__all__ = [
    "Era",
    "Pm25Draws",
    "annual_ratio",
    "bounded",
    "component_priors",
    "component_ratio",
    "draw_components",
    "nh3_response",
    "nitrate_response",
]

#: Emissions to which the elasticity of SO2 belongs: there was more sulfate to lose in 2013.
Era = Literal["2013", "2020"]

_DRAWN = (
    "P", "S", "O", "e_so2", "e_nox_warm", "nitrate_cold", "nitrate_rise", "nitrate_turn",
    "nitrate_fall", "nh3_linear", "nh3_square", "L", "delta", "cold_weight",
)  # fmt: skip
_AT = {name: place for place, name in enumerate(POLLUTANTS)}


@dataclass(frozen=True)
class Pm25Draws:
    """Draws of the component model, each ``(draw,)`` [1].

    Attributes:
        primary, inorganic, organic, background: shares P, S, O, B of the mean, which add to 1.
        so2: e_S, part of PM2.5 for a full cut of SO2.
        nox_warm: e_N, April to September.
        nitrate_cold: share of nitrate, October to March.
        nitrate_rise, nitrate_turn, nitrate_fall: s1, c* and s2 of the nitrate curve.
        nh3_linear, nh3_square: a and b of the ammonia curve.
        local: L, part of the response that the city alone controls.
        discrepancy: δ.
        cold_weight: part of the annual mean that October to March make.
    """

    primary: FloatArray
    inorganic: FloatArray
    organic: FloatArray
    background: FloatArray
    so2: FloatArray
    nox_warm: FloatArray
    nitrate_cold: FloatArray
    nitrate_rise: FloatArray
    nitrate_turn: FloatArray
    nitrate_fall: FloatArray
    nh3_linear: FloatArray
    nh3_square: FloatArray
    local: FloatArray
    discrepancy: FloatArray
    cold_weight: FloatArray

    @property
    def n(self) -> int:
        """Number of draws."""
        return len(self.primary)

    def take(self, index: np.ndarray) -> Pm25Draws:
        """Return the draws at ``index`` (an index may stand more than once)."""
        return Pm25Draws(**{f.name: getattr(self, f.name)[index] for f in fields(self)})


def component_priors(
    region: Region,
    era: Era = "2020",
    overrides: Mapping[str, float | tuple[float, float]] | None = None,
) -> dict[str, Prior]:
    """Priors of the component model for a region, the user's own numbers in their place."""
    centre = next(r for r in read_table("region_centres") if r["region"] == region.components)
    priors = {name: prior(name) for name in _DRAWN}
    centres = {"P": float(centre["p"]), "e_so2": float(centre["e_so2"]), "L": float(centre["l"])}
    if era == "2013":
        # A region keeps its place against the national centre.
        older = prior("e_so2_2013")
        centres["e_so2"] *= older.first / priors["e_so2"].first
        priors["e_so2"] = replace(older, name="e_so2")
    for name, first in centres.items():
        priors[name] = replace(priors[name], first=first)
        if region.components != "national":
            # What is measured elsewhere is no measurement here.
            source = f"{centre['en']}: {centre['source']}"
            priors[name] = replace(priors[name], grade=centre["grade"], source=source)
    return with_overrides(priors, overrides)


def draw_components(
    region: Region,
    n: int,
    rng: np.random.Generator,
    *,
    era: Era = "2020",
    overrides: Mapping[str, float | tuple[float, float]] | None = None,
) -> Pm25Draws:
    """Draw the parameters of the component model.

    Args:
        region: whose centres apply.
        n: number of draws.
        rng: source of randomness; the same state gives the same draws in every region.
        era: emissions that the cuts are relative to; ``2013`` for hindcasts of the Action Plan.
        overrides: parameter → value, or → the two numbers of its distribution.

    Raises:
        UsageError: a parameter that is not known.
    """
    priors = component_priors(region, era, overrides)
    uniform = rng.random((len(_DRAWN), n))
    d = {name: draw(priors[name], uniform[i]) for i, name in enumerate(_DRAWN)}
    # Where the three shares leave less than the least background, they give way in proportion.
    room = 1.0 - prior("B").first
    shrink = np.minimum(1.0, room / (d["P"] + d["S"] + d["O"]))
    primary, inorganic, organic = d["P"] * shrink, d["S"] * shrink, d["O"] * shrink
    return Pm25Draws(
        primary,
        inorganic,
        organic,
        1.0 - primary - inorganic - organic,
        d["e_so2"],
        d["e_nox_warm"],
        d["nitrate_cold"],
        d["nitrate_rise"],
        d["nitrate_turn"],
        d["nitrate_fall"],
        d["nh3_linear"],
        d["nh3_square"],
        d["L"],
        d["delta"],
        d["cold_weight"],
    )


def nh3_response(cut: FloatArray, linear: FloatArray, square: FloatArray) -> FloatArray:
    """Part of PM2.5 lost for a cut of ammonia: a·c + b·c²; growth follows the tangent at 0.

    >>> a, b = np.array(0.133), np.array(0.222)
    >>> [round(float(nh3_response(np.array(c), a, b)), 4) for c in (0.2, 0.5, 1.0)]
    [0.0355, 0.122, 0.355]
    """
    result: FloatArray = linear * cut + square * np.maximum(cut, 0.0) ** 2
    return result


def nitrate_response(
    cut: FloatArray, rise: FloatArray, turn: FloatArray, fall: FloatArray
) -> FloatArray:
    """Relative change of cold-season nitrate N(c) for a cut of NOx; above 0 nitrate rises.

    >>> one = np.array(1.0)
    >>> [round(float(nitrate_response(one * c, one * 0.46, one * 0.4, one * -0.91)), 3)
    ...  for c in (0.1, 0.4, 0.7)]
    [0.046, 0.184, -0.089]
    """
    result: FloatArray = rise * np.minimum(cut, turn) + fall * np.maximum(cut - turn, 0.0)
    return result


def _lost(cuts: FloatArray, d: Pm25Draws, cold: bool) -> FloatArray:
    """R without the local share: part of PM2.5 lost, ``(draw, set)``, not yet bounded."""

    def col(values: FloatArray) -> FloatArray:
        return values[:, None]

    def of(pollutant: str) -> FloatArray:
        found: FloatArray = cuts[:, :, _AT[pollutant]]
        return found

    if cold:
        r_nox = -col(d.nitrate_cold) * nitrate_response(
            of("NOx"), col(d.nitrate_rise), col(d.nitrate_turn), col(d.nitrate_fall)
        )
    else:
        r_nox = col(d.nox_warm) * of("NOx")
    whole = col(d.inorganic)
    left = np.ones(cuts.shape[:2])
    for r in (
        col(d.so2) * of("SO2"),
        r_nox,
        nh3_response(of("NH3"), col(d.nh3_linear), col(d.nh3_square)),
    ):
        # No precursor takes away more than all of it.
        left *= 1.0 - np.minimum(r / whole, 1.0)
    result: FloatArray = (
        col(d.primary) * of("PM25") + whole * (1.0 - left) + col(d.organic) * of("VOC")
    )
    return result


def component_ratio(
    cuts: FloatArray,
    draws: Pm25Draws,
    *,
    cold: bool,
    region_cuts: FloatArray | None = None,
) -> FloatArray:
    """C'/C of PM2.5 in one season.

    Args:
        cuts: ``(draw or 1, set, pollutant)`` cut fractions in the controlled area, whatever causes
            them (city and region-wide measures together).
        draws: parameters.
        cold: October to March; else April to September.
        region_cuts: same shape (or one set for all): cuts in the region around; None: as ``cuts``,
            and L does not bind.

    Returns:
        ``(draw, set)``, at least B, exactly 1 where nothing is cut.
    """
    shape = (draws.n, *cuts.shape[1:])
    inside = _lost(np.broadcast_to(cuts, shape), draws, cold)
    lost = inside
    if region_cuts is not None:
        wide = (draws.n, *region_cuts.shape[1:])
        outside = _lost(np.broadcast_to(region_cuts, wide), draws, cold)
        lost = outside + draws.local[:, None] * (inside - outside)
    return bounded(lost, draws.background[:, None], draws.discrepancy[:, None])


def bounded(lost: FloatArray, background: FloatArray, discrepancy: FloatArray) -> FloatArray:
    """C'/C = B + (1 - B)·((1 - R - B)/(1 - B))^δ with R at most 1 - B.

    Written so that R = 0 gives exactly 1.

    >>> float(bounded(np.array(0.0), np.array(0.07), np.array(1.3)))
    1.0
    >>> round(float(bounded(np.array(2.0), np.array(0.07), np.array(1.3))), 9)
    0.07
    """
    room = 1.0 - background
    kept = np.maximum(1.0 - lost / room, 0.0) ** discrepancy
    result: FloatArray = 1.0 - room * (1.0 - kept)
    return result


def annual_ratio(
    cuts: Mapping[str, float], draws: Pm25Draws, *, scope: str = "region"
) -> FloatArray:
    """C'/C of the annual mean for the same cuts all year, ``(draw,)``.

    Args:
        cuts: pollutant → cut fraction; those not named are unchanged.
        draws: parameters.
        scope: ``region``: everybody around cuts as well; ``city``: the city alone.
    """
    row = np.zeros((1, 1, len(POLLUTANTS)))
    for pollutant, cut in cuts.items():
        row[0, 0, _AT[pollutant]] = cut
    outside = np.zeros_like(row) if scope == "city" else None
    cold = component_ratio(row, draws, cold=True, region_cuts=outside)[:, 0]
    warm = component_ratio(row, draws, cold=False, region_cuts=outside)[:, 0]
    result: FloatArray = warm + draws.cold_weight * (cold - warm)
    return result
