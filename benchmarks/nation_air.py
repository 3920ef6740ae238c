"""Days of the six air items of a made nation: places of provinces that share their weather.

Of each item the logarithm is the sum of the level of the place, a straight trend, two harmonics of
the year, an effect of the calendar year and departures from day to day. The departures of the six
items come from weather that dispersed or kept what was emitted: half of its variance is of the
province, half of the place, and both last for days. Nothing is measured; the figures are round ones
of the order that Chinese cities had from 2018 to 2025.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from forecast.standards.items import AIR_ITEMS

__all__ = ["PROVINCES", "draw_air", "place_name", "province_of"]

Floats = NDArray[np.float32]
Days = NDArray[np.datetime64]

PROVINCES = 31

#: Part of a day's departure that is left on the next day.
_MEMORY = 0.6
#: Part of the variance of the weather that all places of a province have in common.
_SHARED = 0.5
#: Before this day gases were given at 273.15 K, from it on at 298.15 K.
_STEP = np.datetime64("2018-09-01")
_RATIO = np.float32(298.15 / 273.15)
#: Dust of spring: chance of a day from March to May, and its greatest factor on PM10.
_DUST = 0.03, 2.6
#: Gaps: chance that one value is missing; chance that an outage of all items begins; its longest
#: length [day]. Longer ones would leave many a month, and so its year, without a valid mean.
_SINGLE, _OUTAGE, _LONGEST = 0.012, 0.003, 3


@dataclass(frozen=True)
class _Kind:
    """One item.

    Attributes:
        level: median over places of the mean of the first year [µg/m³; CO mg/m³].
        between: standard deviation of its logarithm between places.
        trend: change of the logarithm a year.
        season: half the distance of winter and summer in the logarithm; below 0 is high in summer.
        spread: standard deviation of the logarithm of a day in winter and in summer.
        load: correlation with the stagnation of the air in winter and in summer.
        step: values are rounded to this.
    """

    level: float
    between: float
    trend: float
    season: float
    spread: tuple[float, float]
    load: tuple[float, float]
    step: float = 1.0


_KINDS = {
    "so2": _Kind(13.0, 0.35, -0.07, 0.28, (0.36, 0.28), (0.75, 0.50)),
    "no2": _Kind(29.0, 0.30, -0.035, 0.33, (0.34, 0.28), (0.86, 0.55)),
    "pm10": _Kind(68.0, 0.28, -0.035, 0.35, (0.48, 0.34), (0.90, 0.60)),
    "pm25": _Kind(36.0, 0.28, -0.045, 0.45, (0.56, 0.38), (0.92, 0.60)),
    "co": _Kind(0.75, 0.20, -0.04, 0.22, (0.32, 0.22), (0.85, 0.50), 0.1),
    "o3_8h": _Kind(88.0, 0.12, 0.004, -0.40, (0.40, 0.28), (-0.50, 0.45)),
}
_GASES = [AIR_ITEMS.index(item) for item in ("so2", "no2", "co", "o3_8h")]


def province_of(place: int) -> int:
    """Return the province, from 0, of a place; neighbouring numbers lie in different provinces."""
    return place % PROVINCES


def place_name(place: int) -> str:
    """Return the name of a place, which is that of its region.

    >>> place_name(0), place_name(1699)
    ('省01市001', '省26市055')
    """
    return f"省{province_of(place) + 1:02d}市{place // PROVINCES + 1:03d}"


def _kept(shocks: Floats) -> Floats:
    """Return departures of unit variance with the memory of the weather, along the first axis."""
    fresh = np.sqrt(1.0 - _MEMORY**2)
    start = _MEMORY * shocks[:1].astype(np.float64)
    state, _ = lfilter([fresh], [1.0, -_MEMORY], shocks, axis=0, zi=start)
    return np.asarray(state, dtype=np.float32)


def _weather(seed: int, province: int, n_days: int) -> tuple[Floats, Floats]:
    """Stagnation of a province (day,) and the factor of dust on its PM10 (day,), not yet in spring."""
    rng = np.random.default_rng([seed, 1, province])
    common = _kept(rng.standard_normal((n_days, 1), dtype=np.float32))[:, 0]
    chance, most = _DUST
    factor = np.where(rng.random(n_days) < chance, rng.uniform(1.4, most, n_days), 1.0)
    return common, factor.astype(np.float32)


def draw_air(seed: int, places: range, days: Days) -> Floats:
    """Draw the days of some places; each is the same whatever others are drawn.

    Args:
        seed: seed of the nation.
        places: numbers of the places.
        days: consecutive days from a 1 January, datetime64[D], shape (day,).

    Returns:
        Rounded values, NaN where missing, shape (place, day, item), items as ``AIR_ITEMS``
        [µg/m³; CO mg/m³].
    """
    year = days.astype("datetime64[Y]").astype(np.int64)
    of_year = (days - days.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.float64)
    phase = 2.0 * np.pi * (of_year - 15.0) / 365.25
    winter = (0.5 + 0.5 * np.cos(phase)).astype(np.float32)[:, None]
    month = days.astype("datetime64[M]").astype(np.int64) % 12 + 1
    spring = (month >= 3) & (month <= 5)
    kinds = [_KINDS[item] for item in AIR_ITEMS]

    def between(name: str) -> Floats:
        cold, warm = np.array([getattr(kind, name) for kind in kinds], dtype=np.float32).T
        return winter * cold + (1.0 - winter) * warm

    spread, load = between("spread"), between("load")
    own = np.sqrt(1.0 - load**2)
    trend = np.array([kind.trend for kind in kinds])
    season = np.array([kind.season for kind in kinds])
    steps = np.array([kind.step for kind in kinds], dtype=np.float32)
    provinces = {p: _weather(seed, p, len(days)) for p in {province_of(k) for k in places}}
    drawn = np.empty((len(places), len(days), len(AIR_ITEMS)), dtype=np.float32)
    for at, place in enumerate(places):
        rng = np.random.default_rng([seed, 2, place])
        common, dust = provinces[province_of(place)]
        shocks = _kept(rng.standard_normal((len(days), 1 + len(AIR_ITEMS)), dtype=np.float32))
        air = np.sqrt(_SHARED) * common + np.sqrt(1.0 - _SHARED) * shocks[:, 0]
        # A dirtier place is dirtier in most items.
        dirt = rng.standard_normal()
        level = np.log([kind.level for kind in kinds]) + np.array(
            [kind.between * (0.7 * dirt + 0.7 * rng.standard_normal()) for kind in kinds]
        )
        years = year - year[0]
        slope = trend + 0.012 * rng.standard_normal(len(kinds))
        effect = 0.05 * rng.standard_normal((years[-1] + 1, len(kinds)))
        first = season * np.exp(0.15 * rng.standard_normal(len(kinds)))
        second = 0.06 * rng.standard_normal(len(kinds))
        late = 0.15 * rng.standard_normal()
        regular = (
            level
            + slope * (np.arange(len(days)) / 365.25)[:, None]
            + effect[years]
            + first * np.cos(phase - late)[:, None]
            + second * np.cos(2.0 * phase)[:, None]
        )
        values = np.exp(
            regular - spread**2 / 2 + spread * (load * air[:, None] + own * shocks[:, 1:])
        )
        values[spring, AIR_ITEMS.index("pm10")] *= dust[spring]
        values[spring, AIR_ITEMS.index("pm25")] *= np.sqrt(dust[spring])
        values[np.ix_(days < _STEP, _GASES)] *= _RATIO
        values = np.maximum(np.round(values / steps), 1.0) * steps
        pm10, pm25 = AIR_ITEMS.index("pm10"), AIR_ITEMS.index("pm25")
        values[:, pm10] = np.maximum(values[:, pm10], values[:, pm25])
        values[_missing(rng, len(days))] = np.nan
        drawn[at] = values
    return drawn


def _missing(rng: np.random.Generator, n_days: int) -> NDArray[np.bool_]:
    """Which values (day, item) are missing: single ones, and outages of all items for days."""
    gone = rng.random((n_days, len(AIR_ITEMS))) < _SINGLE
    for first in np.flatnonzero(rng.random(n_days) < _OUTAGE):
        gone[first : first + int(rng.integers(1, _LONGEST + 1))] = True
    return gone
