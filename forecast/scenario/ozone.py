"""Ozone: a mixture of regimes, with rises and falls.

The daily maximum of 8 hours is a background O_b and a photochemical part O_p. The relative change
of O_p for cut fractions n of NOx and v of VOC is::

    R = A·(a1 v + a2 v² + b1 n + b2 n² + d·n·v)          at least -1; R < 0 is a fall

- NOx-saturated: b1 > 0, b2 = -b1/(2 n*), so that O3 rises up to the turning point n* and is back
  where it was at about 2 n*; a1 < 0.
- transitional: b1 about 0, b2 < 0, a1 < 0.
- NOx-limited: b1 < 0, b2 < 0, a1 nearly 0.

a2 is 0: nothing that was found tells it from the rest. For growth only the linear terms act (the
tangent at 0). The amplitude A and the probabilities of the regimes are those of the region and half-year,
``tables/ozone_regimes.csv``; even removing whole sectors moves the season's O3 by 10 to 20 % only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from forecast.errors import UsageError
from forecast.scenario.pollutants import POLLUTANTS
from forecast.scenario.priors import FloatArray, Prior, draw, prior, read_table, with_overrides
from forecast.scenario.regions import Region

__all__ = [
    "REGIMES",
    "OzoneDraws",
    "Regime",
    "draw_ozone",
    "ozone_factor",
    "ozone_priors",
    "regime_probabilities",
]

Regime = Literal["saturated", "transitional", "limited"]
REGIMES: tuple[Regime, ...] = ("saturated", "transitional", "limited")
_SEASONS = ("warm", "cold")
_NOX, _VOC = POLLUTANTS.index("NOx"), POLLUTANTS.index("VOC")
_DRAWN = (
    "o3_saturated_nox", "o3_saturated_turn", "o3_saturated_turn_cold", "o3_saturated_voc",
    "o3_cold_voc", "o3_transitional_nox", "o3_transitional_square", "o3_transitional_voc",
    "o3_limited_nox", "o3_limited_square", "o3_limited_voc", "o3_cross", "o3_amplitude",
    "o3_background_warm", "o3_background_cold", "o3_local", "o3_uptake",
)  # fmt: skip

#: Ratio of HCHO to NO2 columns: below VOC-limited, above NOx-limited. Two published pairs that
#: disagree (doi:10.5194/acp-21-7253-2021 and doi:10.5194/acp-21-15631-2021).
_HCHO_NO2 = ((2.3, 4.2), (1.0, 1.9))
#: NO2 of the Pearl River Delta [µg/m³]: below NOx-limited, above saturated.
_NO2 = (35.0, 45.0)
#: What one piece of evidence for a regime, its neighbour and the far one weighs; judgement.
_VOTES = {
    "saturated": (0.65, 0.25, 0.10),
    "transitional": (0.25, 0.50, 0.25),
    "limited": (0.10, 0.25, 0.65),
}


@dataclass(frozen=True)
class OzoneDraws:
    """Draws of the ozone response; season 0 is April to September, 1 October to March.

    Attributes:
        nox, nox_square, voc: ``(season, regime, draw)`` b1, b2 and a1 in the order of ``REGIMES``.
        cross: ``(draw,)`` d.
        amplitude: ``(season, draw)`` A.
        background: ``(season, draw)`` O_b [µg/m³].
        local: ``(draw,)`` part of R that the city alone controls.
        uptake: ``(draw,)`` rise of O_p for a full fall of PM2.5 (radical uptake), 0 unless asked for.
        regime: ``(season, draw)`` place in ``REGIMES``.
    """

    nox: FloatArray
    nox_square: FloatArray
    voc: FloatArray
    cross: FloatArray
    amplitude: FloatArray
    background: FloatArray
    local: FloatArray
    uptake: FloatArray
    regime: NDArray[np.int64]

    @property
    def n(self) -> int:
        """Number of draws."""
        return len(self.cross)

    def take(self, index: np.ndarray) -> OzoneDraws:
        """Return the draws at ``index`` (an index may stand more than once)."""
        return OzoneDraws(**{f.name: getattr(self, f.name)[..., index] for f in fields(self)})

    def with_regime(self, regime: Regime) -> OzoneDraws:
        """Return the same draws as if every one of them were in ``regime``, both half-years."""
        return replace(self, regime=np.full_like(self.regime, regime_place(regime)))


def regime_place(regime: str) -> int:
    """Place of a regime in ``REGIMES``.

    Raises:
        UsageError: no such regime.
    """
    if regime not in REGIMES:
        raise UsageError(
            f"The ozone regime «{regime}» is not known.", f"Give one of {', '.join(REGIMES)}."
        )
    return REGIMES.index(regime)


def _season_row(region: Region, season: str) -> dict[str, str]:
    return next(
        row
        for row in read_table("ozone_regimes")
        if row["region"] == region.ozone and row["season"] == season
    )


def regime_probabilities(
    region: Region,
    season: str,
    *,
    hcho_no2: float | None = None,
    no2: float | None = None,
    suburban: bool = False,
) -> FloatArray:
    """Probabilities of the three regimes, ``(3,)``.

    Args:
        region: whose table row is the prior.
        season: ``warm`` or ``cold``.
        hcho_no2: ratio of satellite columns of the season, if known. Two published pairs of
            thresholds disagree; the answer is the mean of what follows from each, so that their
            disagreement widens it.
        no2: mean NO2 of the season [µg/m³], for the rule of the Pearl River Delta.
        suburban: a suburb or a small town: summer prior moved towards NOx-limited.

    Raises:
        UsageError: an unknown season or a ratio that is not above 0.
    """
    if season not in _SEASONS:
        raise UsageError(f"The season «{season}» is not known.", "Give warm or cold.")
    row = _season_row(region, season)
    base = np.array([float(row[name]) for name in REGIMES])
    if suburban and season == "warm":
        # Ratio of the two published-order priors: urban 0.35/0.40/0.25, suburban 0.15/0.35/0.50.
        base = base * np.array([0.15 / 0.35, 0.35 / 0.40, 0.50 / 0.25])
    votes: list[FloatArray] = []
    for value, pairs, high_is_limited in (
        (hcho_no2, _HCHO_NO2, True),
        (no2, (_NO2,), False),
    ):
        if value is None:
            continue
        if not value > 0:
            raise UsageError(f"The value {value} of NO2 or HCHO/NO2 is not above 0.", "Check it.")
        for low, high in pairs:
            side = 0 if value < low else 2 if value > high else 1
            name = REGIMES[side] if high_is_limited else REGIMES[2 - side]
            votes.append(base * np.array(_VOTES[name]))
    parts = [v / v.sum() for v in votes] or [base / base.sum()]
    result: FloatArray = np.mean(parts, axis=0)
    return result


def ozone_priors(
    region: Region, overrides: Mapping[str, float | tuple[float, float]] | None = None
) -> dict[str, Prior]:
    """Priors of the ozone response for a region, the user's own numbers in their place."""
    priors = {name: prior(name) for name in _DRAWN}
    turn = priors["o3_saturated_turn"]
    low = float(_season_row(region, "warm")["turn_low"])
    priors["o3_saturated_turn"] = replace(turn, first=low)
    return with_overrides(priors, overrides)


def draw_ozone(
    region: Region,
    n: int,
    rng: np.random.Generator,
    *,
    probabilities: Mapping[str, FloatArray] | None = None,
    regime: Regime | None = None,
    uptake: bool = False,
    overrides: Mapping[str, float | tuple[float, float]] | None = None,
) -> OzoneDraws:
    """Draw the parameters of the ozone response.

    Args:
        region: whose regimes and amplitude apply.
        n: number of draws.
        rng: source of randomness; the same state gives paired draws whatever the regime.
        probabilities: season → probabilities of the regimes, in place of the table's.
        regime: take this one in every draw.
        uptake: let O3 answer the fall of PM2.5 (radical uptake; hardly known).
        overrides: parameter → value, or → the two numbers of its distribution.
    """
    priors = ozone_priors(region, overrides)
    uniform = rng.random((len(_DRAWN) + 1, n))
    d = {name: draw(priors[name], uniform[i]) for i, name in enumerate(_DRAWN)}
    b1 = np.stack([d["o3_saturated_nox"], d["o3_transitional_nox"], -d["o3_limited_nox"]])
    curves, vocs = [], []
    for turn, weight in (("o3_saturated_turn", 1.0), ("o3_saturated_turn_cold", d["o3_cold_voc"])):
        curves.append(
            np.stack(
                [
                    -d["o3_saturated_nox"] / (2.0 * d[turn]),
                    -d["o3_transitional_square"],
                    -d["o3_limited_square"],
                ]
            )
        )
        vocs.append(
            np.stack(
                [
                    -d["o3_saturated_voc"] * weight,
                    -d["o3_transitional_voc"],
                    -d["o3_limited_voc"],
                ]
            )
        )
    index = np.empty((2, n), dtype=np.int64)
    amplitude = np.empty((2, n))
    for place, season in enumerate(_SEASONS):
        chances = (probabilities or {}).get(season)
        if chances is None:
            chances = regime_probabilities(region, season)
        index[place] = np.searchsorted(np.cumsum(chances)[:2], uniform[-1], side="right")
        amplitude[place] = float(_season_row(region, season)["amplitude"]) * d["o3_amplitude"]
    drawn = OzoneDraws(
        np.stack([b1, b1]),
        np.stack(curves),
        np.stack(vocs),
        d["o3_cross"],
        amplitude,
        np.stack([d["o3_background_warm"], d["o3_background_cold"]]),
        d["o3_local"],
        d["o3_uptake"] if uptake else np.zeros(n),
        index,
    )
    return drawn if regime is None else drawn.with_regime(regime)


def _change(cuts: FloatArray, d: OzoneDraws, cold: bool) -> FloatArray:
    """R, ``(draw, set)``, not yet bounded."""
    season = int(cold)
    at = np.arange(d.n)
    b1, b2, a1 = (
        values[season, d.regime[season], at][:, None] for values in (d.nox, d.nox_square, d.voc)
    )
    nox, voc = cuts[:, :, _NOX], cuts[:, :, _VOC]
    both = np.maximum(nox, 0.0), np.maximum(voc, 0.0)
    result: FloatArray = d.amplitude[season][:, None] * (
        a1 * voc + b1 * nox + b2 * both[0] ** 2 + d.cross[:, None] * both[0] * both[1]
    )
    return result


def ozone_factor(
    cuts: FloatArray,
    draws: OzoneDraws,
    *,
    cold: bool,
    region_cuts: FloatArray | None = None,
    pm25_ratio: FloatArray | None = None,
) -> FloatArray:
    """F of the photochemical part of O3: O3' = O_b + (O3 - O_b)·F.

    Args:
        cuts: ``(draw or 1, set, pollutant)`` cut fractions in the controlled area.
        draws: parameters.
        cold: October to March; else April to September.
        region_cuts: same shape: cuts in the region around; None: as ``cuts``.
        pm25_ratio: ``(draw, set)`` C'/C of PM2.5, for radical uptake.

    Returns:
        ``(draw, set)``, at least 0; above 1 O3 rises; exactly 1 where nothing is cut.
    """
    change = _change(cuts, draws, cold)
    if region_cuts is not None:
        outside = _change(region_cuts, draws, cold)
        change = outside + draws.local[:, None] * (change - outside)
    if pm25_ratio is not None and draws.uptake.any():
        change = change + draws.uptake[:, None] * (1.0 - pm25_ratio)
    result: FloatArray = np.maximum(1.0 + change, 0.0)
    return result
