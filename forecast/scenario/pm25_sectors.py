"""PM2.5 by sectors: for an inventory or a question that knows sectors only.

Share s of each sector in the annual mean, from the removal of that sector alone in a published
model. A part g of it is secondary. Parts that are primary add up; secondary parts share the same
nitrate, sulfate and ammonium, so that two removals together take less than their sum; and a little
of the ammonia or the NOx takes less than in proportion (curvature q)::

    h(c) = (1 - q)·c + q·c²,  for growth the tangent at 0
    R    = Σ (1 - g) s c + f·(1 - Π (1 - g s h(c)/f))         at most 1 - B
    C'/C = B + (1 - B)·((1 - R - B)/(1 - B))^δ

f is the secondary part of all sectors. Spread of a share: half the distance of the two published
versions of the same model (RES, IND), an own error, a common one, and one for a place inside its
region. Numbers, sources and grades: ``tables/sector_shares.csv``, ``tables/sector_nonlinearity.csv``,
``tables/pm25_priors.csv``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from forecast.errors import UsageError
from forecast.scenario.pm25_components import bounded
from forecast.scenario.pollutants import SECTORS
from forecast.scenario.priors import FloatArray, draw, prior, read_table
from forecast.scenario.regions import Region, find_region

__all__ = ["SHARE_SECTORS", "SectorDraws", "draw_sectors", "pm25_ratio", "sector_ratio"]

#: Sectors with a share, in the order of every array here.
SHARE_SECTORS: tuple[str, ...] = ("residential", "industry", "transport", "agriculture", "power")

#: The versions differ by -32 % (RES) and -15 % (IND); the three sectors that the final version does
#: not report get half of the smaller step, as their centre lies between the two versions as well.
_LATER = 0.92
_LOWEST, _HIGHEST = 0.0, 1.5


@dataclass(frozen=True)
class SectorDraws:
    """Draws of the sector model.

    Attributes:
        shares: ``(draw, sector)`` part of the annual mean that the removal of one sector takes [1].
        secondary: ``(sector,)`` secondary part g of it [1].
        curvature: ``(draw, sector)`` q [1].
        pool: ``(draw,)`` f, secondary part of all sectors [1].
        background: ``(draw,)`` B, at least 0.05 [1].
        discrepancy: ``(draw,)`` δ [1].
    """

    shares: FloatArray
    secondary: FloatArray
    curvature: FloatArray
    pool: FloatArray
    background: FloatArray
    discrepancy: FloatArray

    @property
    def n(self) -> int:
        """Number of draws."""
        return len(self.shares)

    def take(self, index: np.ndarray) -> SectorDraws:
        """Return the draws at ``index`` (an index may stand more than once)."""
        return SectorDraws(
            self.shares[index],
            self.secondary,
            self.curvature[index],
            self.pool[index],
            self.background[index],
            self.discrepancy[index],
        )


def _centres(region: Region) -> tuple[FloatArray, FloatArray]:
    """Centre of each share, and the log error that the versions of the model show."""
    rows = {row["region"]: row for row in read_table("sector_shares")}
    centre, versions = np.zeros(5), np.zeros(5)
    for code, weight in region.sectors:
        row = rows[code]
        for i, short in enumerate(("res", "ind")):
            early, final = (float(row[f"{short}_{v}"]) / 100.0 for v in ("early", "final"))
            centre[i] += weight * (early + final) / 2.0
            versions[i] += weight * np.log(early / final) / 2.0
        for i, short in enumerate(("tra", "agr", "ene"), start=2):
            centre[i] += weight * _LATER * float(row[f"{short}_early"]) / 100.0
            versions[i] += weight * (1.0 - _LATER)
    return region.controlled * centre, versions


def draw_sectors(region: Region, n: int, rng: np.random.Generator) -> SectorDraws:
    """Draw shares, curvatures and background for a region.

    Args:
        region: as :func:`forecast.scenario.regions.find_region` gives it.
        n: number of draws.
        rng: source of randomness; the same state gives the same draws in every region.
    """
    shape = {row["sector"]: row for row in read_table("sector_nonlinearity")}
    own = np.array([float(shape[s]["share_sd"]) for s in SHARE_SECTORS])
    secondary = np.array([float(shape[s]["secondary_part"]) for s in SHARE_SECTORS])
    bend = np.array([float(shape[s]["curvature"]) for s in SHARE_SECTORS])
    bend_sd = np.array([float(shape[s]["curvature_sd"]) for s in SHARE_SECTORS])
    centre, versions = _centres(region)
    uniform = rng.random((4, n))
    normal = rng.standard_normal((2, n, len(SHARE_SECTORS)))
    sd = np.hypot(own, versions)
    if region.level in ("province", "city"):
        place = prior("sector_place").second * (1.0 if region.level == "province" else 1.25)
        sd = np.hypot(sd, place)
    shares = centre * np.exp(sd * np.clip(normal[0], -3.0, 3.0) - sd**2 / 2.0)
    shares *= draw(prior("sector_scale"), uniform[0])[:, None]
    background = draw(prior("sector_background"), uniform[1])
    pool = draw(prior("sector_secondary"), uniform[2])
    curvature = np.clip(bend + bend_sd * normal[1], -0.3, 0.8)
    # No sector alone takes more than all that is controlled, nor more than all that is secondary.
    shares = np.minimum(shares, 0.9 * (1.0 - background)[:, None])
    pool = np.maximum(pool, 1.02 * (secondary * shares).max(axis=1))
    delta = draw(prior("sector_delta"), uniform[3])
    return SectorDraws(shares, secondary, curvature, pool, background, delta)


def sector_ratio(
    cuts: FloatArray,
    draws: SectorDraws,
    *,
    region_cuts: FloatArray | None = None,
    local: FloatArray | None = None,
) -> FloatArray:
    """C'/C of the annual mean.

    Args:
        cuts: ``(draw or 1, set, sector)`` cut fraction of each of ``SHARE_SECTORS`` in the
            controlled area (1 - multiplier; below 0 growth).
        draws: parameters.
        region_cuts: same shape: cuts in the region around; None: as ``cuts``.
        local: ``(draw,)`` L; needed with ``region_cuts``.

    Returns:
        ``(draw, set)``, at least B, exactly 1 where nothing is cut.
    """
    lost = _lost(cuts, draws)
    if region_cuts is not None and local is not None:
        outside = _lost(region_cuts, draws)
        lost = outside + local[:, None] * (lost - outside)
    return bounded(lost, draws.background[:, None], draws.discrepancy[:, None])


def _lost(cuts: FloatArray, d: SectorDraws) -> FloatArray:
    g = d.secondary
    primary = np.einsum(
        "dsk,dk->ds", np.broadcast_to(cuts, (d.n, *cuts.shape[1:])), d.shares * (1 - g)
    )
    q = d.curvature[:, None, :]
    bent = (1.0 - q) * cuts + q * np.maximum(cuts, 0.0) ** 2
    parts = (g * d.shares)[:, None, :] * bent / d.pool[:, None, None]
    left = np.prod(1.0 - np.minimum(parts, 1.0), axis=2)
    result: FloatArray = primary + d.pool[:, None] * (1.0 - left)
    return result


def pm25_ratio(
    region: str, multipliers: Mapping[str, float], n: int, rng: np.random.Generator
) -> FloatArray:
    """Draws of C'/C of the annual PM2.5 mean for region-wide emissions of the sectors.

    Args:
        region: a region of the tables in Chinese or English, a province, or a city in Chinese
            (its shares are then those of its region, with a wider error).
        multipliers: sector → emission as a multiple of that of about 2015, 0 to 1.5; sectors not
            named stay at 1. Sectors: residential, industry, transport, agriculture, power.
        n: number of draws.
        rng: source of randomness. The same state gives paired draws for all regions and multipliers.

    Returns:
        ``(n,)`` float64, C the mean with the emissions of about 2015.

    Raises:
        UsageError: an unknown region or sector, a multiplier outside 0 to 1.5, n below 1.

    >>> rng = np.random.default_rng(1)
    >>> set(pm25_ratio("衡水", {}, 10, rng).tolist())
    {1.0}
    >>> half = pm25_ratio("China", {"industry": 0.5}, 2000, np.random.default_rng(1))
    >>> bool(0.82 < np.median(half) < 0.88)
    True
    """
    if n < 1:
        raise UsageError(f"{n} draws were asked for.", "Ask for one at least.")
    known = find_region(region)
    cuts = np.zeros((1, 1, len(SHARE_SECTORS)))
    for sector, multiplier in multipliers.items():
        if sector not in SHARE_SECTORS:
            reason = "has no share of its own here" if sector in SECTORS else "is not known"
            raise UsageError(
                f"The sector «{sector}» {reason}.",
                f"Give multipliers of {', '.join(SHARE_SECTORS)}.",
            )
        if not _LOWEST <= multiplier <= _HIGHEST:
            raise UsageError(
                f"The multiplier {multiplier} of {sector} lies outside 0 to 1.5.",
                "The models behind the response were run from 0 to 1.5 times the emission; stay inside.",
            )
        cuts[0, 0, SHARE_SECTORS.index(sector)] = 1.0 - multiplier
    draws = draw_sectors(known, n, rng)
    return sector_ratio(cuts, draws)[:, 0]
