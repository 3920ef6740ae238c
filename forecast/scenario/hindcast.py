"""The hindcast: past change of emissions in, predicted against observed change of PM2.5 out.

A response that cannot tell the past has no say in the future. The past change of each pollutant's
emission (an inventory's two years) goes through the same response as a scenario, for every draw;
what comes out is compared with the observed change of the mean after the weather has been taken
off. The interval holds the error of the parameters, of the inventory's change and of the
observation, so an 80 % interval should hold four of five such observations.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from forecast.errors import InputError
from forecast.scenario.air_response import AirDraws
from forecast.scenario.learning import Evidence
from forecast.scenario.pm25_components import component_ratio
from forecast.scenario.pollutants import POLLUTANTS
from forecast.scenario.priors import FloatArray

__all__ = ["Hindcast", "PastChange", "coverage", "hindcast", "hindcast_evidence"]

#: Standard error of an inventory's change between two years, fraction of the first year's emission.
CHANGE_SD = 0.05
#: What the form of the response misses beside its parameters [log ratio], for learning.
FORM_SD = 0.05


@dataclass(frozen=True)
class PastChange:
    """A past change of emissions and of the mean PM2.5.

    Attributes:
        name: place, for the report.
        first_year, last_year: the years compared.
        emissions: pollutant → relative change of its emission (-0.59: 59 % less); not named: 0.
        observed: mean of the last year by that of the first [1].
        observed_sd: standard error of its logarithm: weather left over, readings.
        weather_adjusted: whether the weather has been taken off ``observed``.
        change_sd: pollutant → standard error of the change; not named: 0.05.
        source: where emissions and readings are from.
    """

    name: str
    first_year: int
    last_year: int
    emissions: Mapping[str, float]
    observed: float
    observed_sd: float
    weather_adjusted: bool
    change_sd: Mapping[str, float] = field(default_factory=dict)
    source: str = ""

    def __post_init__(self) -> None:
        where = f"The hindcast of {self.name} {self.first_year} to {self.last_year}"
        if self.last_year <= self.first_year:
            raise InputError(f"{where} goes back in time.", "Give the earlier year first.")
        for pollutant, change in self.emissions.items():
            if pollutant not in POLLUTANTS or not -1.0 <= change <= 1.0:
                raise InputError(
                    f"{where} has a change of {pollutant} of {change}.",
                    f"Give fractions from -1 to 1 of {', '.join(POLLUTANTS)}.",
                )
        if not self.emissions:
            raise InputError(
                f"{where} has no change of emissions.", "Give an inventory's two years."
            )
        if not (self.observed > 0 and self.observed_sd > 0):
            raise InputError(
                f"{where} has an observed ratio of {self.observed} ± {self.observed_sd}.",
                "Give the mean of the last year by that of the first and the error of its log.",
            )


@dataclass(frozen=True)
class Hindcast:
    """Predicted beside observed.

    Attributes:
        past: what went in.
        predicted: ``(draw,)`` C_last/C_first as it would be observed [1].
        quantiles: probability → quantile of ``predicted``.
        rank: part of ``predicted`` below the observed value [1].
        city_alone: median of the same had the emissions changed in the city only, and nothing
            around it [1].
    """

    past: PastChange
    predicted: FloatArray
    quantiles: dict[float, float]
    rank: float
    city_alone: float

    def inside(self, level: float = 0.8) -> bool:
        """Whether the observed change lies in the central interval of this probability."""
        return abs(self.rank - 0.5) <= level / 2.0

    @property
    def log_error(self) -> float:
        """Logarithm of the predicted median by the observed ratio; above 0 too little fall."""
        return float(np.log(self.quantiles[0.5] / self.past.observed))

    @property
    def words_en(self) -> str:
        """The result in one sentence."""
        low, middle, high = (100 * (self.quantiles[q] - 1) for q in (0.1, 0.5, 0.9))
        weather = "weather taken off" if self.past.weather_adjusted else "weather not taken off"
        where = "inside" if self.inside() else "outside"
        return (
            f"{self.past.name} {self.past.first_year} to {self.past.last_year}: PM2.5 predicted "
            f"{middle:+.0f} % (80 % interval {low:+.0f} to {high:+.0f} %), observed "
            f"{100 * (self.past.observed - 1):+.0f} % ({weather}), {where} the interval"
        )

    @property
    def words_zh(self) -> str:
        """The result in one Chinese sentence."""
        low, middle, high = (100 * (self.quantiles[q] - 1) for q in (0.1, 0.5, 0.9))
        weather = "已扣除气象" if self.past.weather_adjusted else "未扣除气象"
        where = "在区间内" if self.inside() else "在区间外"
        return (
            f"{self.past.name} {self.past.first_year}—{self.past.last_year} 年回溯：PM2.5 推算 {middle:+.0f}%"
            f"（80% 区间 {low:+.0f}% 至 {high:+.0f}%），实测 {100 * (self.past.observed - 1):+.0f}%"
            f"（{weather}），{where}"
        )


def _responses(
    past: PastChange, draws: AirDraws, rng: np.random.Generator, *, city_alone: bool = False
) -> FloatArray:
    """C_last/C_first of each draw, without the error of the observation."""
    cuts = np.zeros((draws.n, 1, len(POLLUTANTS)))
    noise = rng.standard_normal((draws.n, len(POLLUTANTS)))
    for place, pollutant in enumerate(POLLUTANTS):
        if pollutant in past.emissions:
            sd = past.change_sd.get(pollutant, CHANGE_SD)
            cuts[:, 0, place] = -past.emissions[pollutant] + sd * noise[:, place]
    cuts = np.minimum(cuts, 1.0)
    around = np.zeros((1, 1, len(POLLUTANTS))) if city_alone else None
    warm, cold = (
        component_ratio(cuts, draws.pm25, cold=c, region_cuts=around)[:, 0] for c in (False, True)
    )
    result: FloatArray = warm + draws.pm25.cold_weight * (cold - warm)
    return result


def hindcast(past: PastChange, draws: AirDraws, rng: np.random.Generator) -> Hindcast:
    """Predict a past change and compare.

    Args:
        past: emissions and readings; the emissions are taken to have changed in the whole region.
            ``city_alone`` of the result tells what it would be had they not.
        draws: parameters, of the era of the first year (``draw_air(…, era="2013")`` up to 2016).
        rng: source of the errors of emissions and observation.
    """
    state = copy.deepcopy(rng)
    plain = _responses(past, draws, rng)
    alone = float(np.median(_responses(past, draws, state, city_alone=True)))
    predicted = plain * np.exp(past.observed_sd * rng.standard_normal(draws.n))
    levels = (0.025, 0.1, 0.5, 0.9, 0.975)
    found = np.quantile(predicted, levels)
    rank = float((predicted < past.observed).mean())
    quantiles = dict(zip(levels, map(float, found), strict=True))
    return Hindcast(past, predicted, quantiles, rank, alone)


def hindcast_evidence(past: PastChange, draws: AirDraws, rng: np.random.Generator) -> Evidence:
    """The same comparison as evidence on the parameters (log ratio), for importance weights."""
    sd = float(np.hypot(past.observed_sd, FORM_SD))
    predicted = np.log(_responses(past, draws, rng))
    name = f"{past.name} {past.first_year}-{past.last_year}"
    return Evidence(name, predicted, float(np.log(past.observed)), sd)


def coverage(hindcasts: Sequence[Hindcast], level: float = 0.8) -> float:
    """Part of the hindcasts whose observed change lies in the central interval [1].

    Raises:
        InputError: no hindcast.
    """
    if not hindcasts:
        raise InputError("There is no hindcast to judge.", "Give one at least.")
    return float(np.mean([h.inside(level) for h in hindcasts]))
