"""From cuts of emissions to factors on the six daily items of the air.

A package of measures comes as cut fractions a day (:class:`forecast.scenario.cuts.PollutantCuts`);
what goes out is applied to each path, with the draw of the path::

    concentration' = background + (concentration - background)·F

F is exactly 1 where nothing is cut. Days with the same cuts in the same half-year share a factor, so
a package of steps costs next to nothing. Draw i of the parameters belongs to path i.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from forecast.errors import UsageError
from forecast.scenario.cuts import PollutantCuts
from forecast.scenario.ozone import OzoneDraws, Regime, draw_ozone, ozone_factor
from forecast.scenario.pm25_components import Era, Pm25Draws, component_ratio, draw_components
from forecast.scenario.pm25_sectors import SHARE_SECTORS, SectorDraws, draw_sectors, sector_ratio
from forecast.scenario.pollutants import POLLUTANTS
from forecast.scenario.priors import FloatArray, read_table
from forecast.scenario.regions import Region, find_region
from forecast.scenario.rollback import (
    RollbackDraws,
    draw_rollback,
    pm10_factor,
    rollback_factor,
)
from forecast.standards.items import AIR_ITEMS

__all__ = [
    "AirDraws",
    "AirFactors",
    "air_factors",
    "draw_air",
    "is_cold",
    "pollutants_of_sectors",
]

Pm25Model = Literal["components", "sectors"]
#: Parts of the uncertainty that can be held at their centre.
Part = Literal["sensitivity", "discrepancy"]
_DISCREPANCY = ("discrepancy",)
#: Parts of a whole: their means still add to 1, their medians do not.
_SHARES = ("primary", "inorganic", "organic", "background")
_Draws = TypeVar("_Draws", Pm25Draws, SectorDraws, OzoneDraws, RollbackDraws)


@dataclass(frozen=True)
class AirDraws:
    """Draws of every parameter of the air response; draw i belongs to path i.

    Attributes:
        region: whose defaults were drawn.
        pm25, sectors, ozone, rollback: the parts of the response.
    """

    region: Region
    pm25: Pm25Draws
    sectors: SectorDraws
    ozone: OzoneDraws
    rollback: RollbackDraws

    @property
    def n(self) -> int:
        """Number of draws."""
        return self.pm25.n

    def take(self, index: NDArray[np.int64]) -> AirDraws:
        """Return the draws at ``index``, ``(new draw,)``; an index may stand more than once."""
        return AirDraws(
            self.region,
            self.pm25.take(index),
            self.sectors.take(index),
            self.ozone.take(index),
            self.rollback.take(index),
        )

    def with_regime(self, regime: Regime) -> AirDraws:
        """Return the same draws as if O3 were in ``regime`` everywhere and always."""
        return replace(self, ozone=self.ozone.with_regime(regime))

    def held(self, parts: Collection[Part] = ("sensitivity", "discrepancy")) -> AirDraws:
        """Return the draws with some parts of the uncertainty taken away.

        Args:
            parts: ``sensitivity``: every parameter but δ at its median (shares at their mean, the
                ozone regime at its most frequent one); ``discrepancy``: δ at its median.
        """
        hold = set(parts)

        def kept(name: str) -> bool:
            return ("discrepancy" if name in _DISCREPANCY else "sensitivity") not in hold

        return replace(
            self,
            pm25=_centred(self.pm25, kept),
            sectors=_centred(self.sectors, kept),
            ozone=_centred(self.ozone, kept),
            rollback=_centred(self.rollback, kept),
        )


def _centred(draws: _Draws, kept: Callable[[str], bool]) -> _Draws:
    changed: dict[str, Any] = {}
    for one in fields(draws):
        values = getattr(draws, one.name)
        if kept(one.name) or one.name == "secondary":
            continue
        axis = 0 if isinstance(draws, SectorDraws) else -1
        if one.name == "regime":
            counts = np.stack([(values == k).sum(axis=-1) for k in range(3)])
            centre = counts.argmax(axis=0)[..., None]
        elif one.name in _SHARES and isinstance(draws, Pm25Draws):
            centre = values.mean(axis=axis, keepdims=True)
        else:
            centre = np.median(values, axis=axis, keepdims=True)
        changed[one.name] = np.broadcast_to(centre, values.shape).copy()
    return replace(draws, **changed)


def draw_air(
    region: str,
    n: int,
    rng: np.random.Generator,
    *,
    era: Era = "2020",
    regime: Regime | None = None,
    regime_chances: Mapping[str, FloatArray] | None = None,
    uptake: bool = False,
    overrides: Mapping[str, float | tuple[float, float]] | None = None,
) -> AirDraws:
    """Draw the parameters of the air response of a place.

    Args:
        region: region, province or city, as :func:`forecast.scenario.regions.find_region` takes it.
        n: number of draws: that of the paths.
        rng: source of randomness. The same state gives paired draws for other regions, regimes and
            overrides.
        era: emissions that the cuts are relative to; ``2013`` in hindcasts from 2013.
        regime: O3 in this regime in every draw; None: a mixture.
        regime_chances: season (``warm``, ``cold``) → probabilities of the three regimes.
        uptake: let O3 answer the fall of PM2.5 (hardly known, off by default).
        overrides: parameter → value, or → the two numbers of its distribution, in place of the
            shipped ones (``tables/pm25_priors.csv``, ``tables/ozone_priors.csv``).

    Raises:
        UsageError: an unknown place, regime or parameter, n below 1.
    """
    if n < 1:
        raise UsageError(f"{n} draws were asked for.", "Ask for one at least.")
    place = find_region(region)
    own = dict(overrides or {})
    ozone = {k: own.pop(k) for k in list(own) if k.startswith("o3_")}
    gases = {k: own.pop(k) for k in list(own) if k.startswith(("so2_", "no2_", "co_", "pm10_"))}
    streams = rng.spawn(4)
    return AirDraws(
        place,
        draw_components(place, n, streams[0], era=era, overrides=own),
        draw_sectors(place, n, streams[1]),
        draw_ozone(
            place,
            n,
            streams[2],
            probabilities=regime_chances,
            regime=regime,
            uptake=uptake,
            overrides=ozone,
        ),
        draw_rollback(n, streams[3], overrides=gases),
    )


@dataclass(frozen=True)
class AirFactors:
    """What a package does to the six items of the air.

    Attributes:
        days: ``(day,)`` datetime64[D].
        values: F, float32 ``(draw, day, item)`` in the order of ``AIR_ITEMS``; exactly 1 where
            nothing is cut.
        background: float32 ``(draw, day, item)`` [µg/m³, CO mg/m³]; 0 for PM2.5 and PM10, whose
            background is a part of each day's value and is in F. Values at or below it stay.
    """

    days: NDArray[np.datetime64]
    values: NDArray[np.float32]
    background: NDArray[np.float32]


def is_cold(days: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    """Return which days lie in October to March, ``(day,)``.

    >>> is_cold(np.array(["2025-03-31", "2025-04-01", "2025-10-01"], dtype="datetime64[D]")).tolist()
    [True, False, True]
    """
    month = days.astype("datetime64[M]").astype(np.int64) % 12 + 1
    result: NDArray[np.bool_] = (month <= 3) | (month >= 10)
    return result


def pollutants_of_sectors(sectors: Mapping[str, FloatArray]) -> FloatArray:
    """Cut fractions of the pollutants for an inventory that knows sectors only.

    Args:
        sectors: sector → ``(draw, day)`` cut fraction of everything it emits.

    Returns:
        ``(draw, day, pollutant)``: weighted with the sectors' national parts of each pollutant,
        ``tables/sector_emissions.csv`` (from memory: rough).

    >>> cut = pollutants_of_sectors({"power": np.ones((1, 1))})
    >>> [float(cut[0, 0, POLLUTANTS.index(p)]) for p in ("SO2", "NOx", "VOC")]
    [0.24, 0.2, 0.0]
    """
    if not sectors:
        raise UsageError("No sector has a cut.", "Name one sector at least.")
    rows = {row["sector"]: row for row in read_table("sector_emissions")}
    parts = []
    for sector, cut in sectors.items():
        if sector not in rows:
            raise UsageError(f"The sector «{sector}» is not known.", f"Sectors: {', '.join(rows)}.")
        parts.append(cut[:, :, None] * np.array([float(rows[sector][p]) for p in POLLUTANTS]))
    result: FloatArray = np.sum(parts, axis=0)
    return result


def air_factors(
    cuts: Sequence[PollutantCuts],
    draws: AirDraws,
    days: NDArray[np.datetime64],
    *,
    pm25_model: Pm25Model = "components",
    untouched: NDArray[np.bool_] | None = None,
) -> AirFactors:
    """Factors on the six items of the air for a package.

    Packages of the same scope, and city-wide on top of region-wide ones, combine on what is left:
    1 - Π (1 - c). Days outside a package's own days are not cut.

    Args:
        cuts: one for each scope (or more); none: nothing is cut.
        draws: parameters; each package has as many draws, or a single one.
        days: ``(day,)`` datetime64[D], ascending.
        pm25_model: ``components``; or ``sectors``, which takes PM2.5 from the cuts by sector.
        untouched: ``(day,)`` or ``(draw, day)`` days of dust or fireworks, which no measure changes.

    Raises:
        UsageError: numbers of draws that differ; ``sectors`` without cuts by sector.

    >>> from forecast.scenario.cuts import unchanged
    >>> days = np.arange("2025-01-01", "2025-01-04", dtype="datetime64[D]")
    >>> draws = draw_air("衡水", 5, np.random.default_rng(1))
    >>> bool((air_factors([unchanged(days, 5)], draws, days).values == 1).all())
    True
    """
    n, cold = draws.n, is_cold(days)
    for one in cuts:
        if one.n not in (1, n):
            raise UsageError(
                f"The cuts have {one.n} draws, the parameters {n}.",
                "Draw both with the same number.",
            )
    inside, around = _combined(cuts, days, lambda c: c.values, len(POLLUTANTS))
    by_sector: tuple[FloatArray, FloatArray] | None = None
    if pm25_model == "sectors":
        if any(c.values.any() and not c.sectors for c in cuts):
            raise UsageError(
                "The sector model of PM2.5 needs cuts by sector, but a package has none.",
                "Give measures that cut all pollutants of a sector alike, or take the components.",
            )
        by_sector = _combined(cuts, days, _sectors_of, len(SHARE_SECTORS))
    arrays = [inside, around, *(by_sector or ())]
    starts = _run_starts(arrays, cold)
    changed = np.array([any(_at(a, i).any() for a in arrays) for i in starts], dtype=bool)
    table = np.ones((n, len(starts), len(AIR_ITEMS)), dtype=np.float32)
    for season in (False, True):
        runs = np.flatnonzero(changed & (cold[starts] == season))
        if runs.size:
            sets = [_columns(a, starts[runs]) for a in arrays]
            for item, factor in enumerate(_season_factors(sets, draws, season)):
                table[:, runs, item] = factor
    run_of_day = np.searchsorted(starts, np.arange(len(days)), side="right") - 1
    values = table if len(starts) == len(days) else np.take(table, run_of_day, axis=1)
    if untouched is not None:
        values[np.broadcast_to(untouched, (n, len(days)))] = 1.0
    return AirFactors(days, values, _background(draws, cold))


def _season_factors(sets: list[FloatArray], draws: AirDraws, cold: bool) -> list[FloatArray]:
    """F of each item, ``(draw, set)``, in the order of ``AIR_ITEMS``."""
    inside, around = sets[0], sets[1]
    # Without measures of the city alone both are the same and the local share does not bind.
    region = None if around is inside or np.array_equal(inside, around) else around
    if len(sets) == 4:
        pm25 = sector_ratio(sets[2], draws.sectors, region_cuts=sets[3], local=draws.pm25.local)
    else:
        pm25 = component_ratio(inside, draws.pm25, cold=cold, region_cuts=region)
    found = {
        "pm25": pm25,
        "pm10": pm10_factor(inside, pm25, draws.rollback, region_cuts=region),
        "o3_8h": ozone_factor(inside, draws.ozone, cold=cold, region_cuts=region, pm25_ratio=pm25),
    }
    for gas in ("so2", "no2", "co"):
        found[gas] = rollback_factor(gas, inside, draws.rollback, region_cuts=region)
    return [found[item] for item in AIR_ITEMS]


def _background(draws: AirDraws, cold: NDArray[np.bool_]) -> NDArray[np.float32]:
    seasons = np.zeros((draws.n, 2, len(AIR_ITEMS)), dtype=np.float32)
    for item in ("so2", "no2", "co"):
        gas: FloatArray = getattr(draws.rollback, f"{item}_background")
        seasons[:, :, AIR_ITEMS.index(item)] = gas[:, None]
    seasons[:, :, AIR_ITEMS.index("o3_8h")] = draws.ozone.background.T
    return np.take(seasons, cold.astype(np.int64), axis=1)


def _sectors_of(cuts: PollutantCuts) -> FloatArray:
    none = np.zeros(cuts.values.shape[:2])
    return np.stack([cuts.sectors.get(s, none) for s in SHARE_SECTORS], axis=2)


def _combined(
    cuts: Sequence[PollutantCuts],
    days: NDArray[np.datetime64],
    values_of: Callable[[PollutantCuts], FloatArray],
    width: int,
) -> tuple[FloatArray, FloatArray]:
    """Cuts inside the city and in the region around, ``(draw or 1, day or 1, column)`` each."""
    nothing = np.zeros((1, 1, width))
    inside, around = nothing, nothing
    for one in cuts:
        own = values_of(one)
        # The first draw mostly tells, without a look at all of them.
        if not (own[:1].any() or own.any()):
            continue
        values = _on_days(own, one.days, days)
        inside = values if inside is nothing else 1.0 - (1.0 - inside) * (1.0 - values)
        if one.scope == "region":
            around = values if around is nothing else 1.0 - (1.0 - around) * (1.0 - values)
    return inside, around


def _on_days(
    values: FloatArray, own: NDArray[np.datetime64], days: NDArray[np.datetime64]
) -> FloatArray:
    if np.array_equal(own, days):
        return values
    place = np.minimum(np.searchsorted(own, days), len(own) - 1)
    known = own[place] == days
    result: FloatArray = np.where(known[None, :, None], values[:, place], 0.0)
    return result


def _run_starts(arrays: Sequence[FloatArray], cold: NDArray[np.bool_]) -> NDArray[np.int64]:
    """First days of the runs of days that share their cuts and half-year."""
    new = np.ones(len(cold), dtype=bool)
    new[1:] = cold[1:] != cold[:-1]
    seen: list[int] = []
    for array in arrays:
        if array.shape[1] > 1 and id(array) not in seen:
            new[1:] |= (array[:1, 1:] != array[:1, :-1]).any(axis=(0, 2))
            # All draws are looked at only where the first one does not change.
            alike = np.flatnonzero(~new[1:])
            if alike.size and len(array) > 1:
                first, last = alike[0], alike[-1] + 1
                block = array[:, first : last + 1]
                new[first + 1 : last + 1] |= (block[:, 1:] != block[:, :-1]).any(axis=(0, 2))
            seen.append(id(array))
    return np.flatnonzero(new)


def _at(array: FloatArray, day: int) -> FloatArray:
    return array[:, day if array.shape[1] > 1 else 0]


def _columns(array: FloatArray, days: NDArray[np.int64]) -> FloatArray:
    return array[:, days] if array.shape[1] > 1 else array
