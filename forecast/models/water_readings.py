"""One item of water over sections and months: its readings, and a model of it on some rung.

y(t) = A(t)·θ + own season + level + year effect + what outlasts a month + what does not. θ holds
the mean, the season and the effects of hydrology. A rung of the ladder has some of the parts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forecast.models.water_figures import ItemFigures
from forecast.models.water_process import Sizes, covariance, season_of

__all__ = [
    "LEVELS",
    "SHORT",
    "Fitted",
    "Readings",
    "Rung",
    "batches",
    "design",
    "latent_covariance",
    "reading_noise",
    "sizes_of",
]

#: Values below which a series is short.
SHORT = 24
#: Part of the usual drift that is left in the years of a section that chose to have no level.
_STILL = 0.7
#: Standard deviation of a straight trend, as part of the scatter, a year.
_SLOPE = 0.25
#: Numbers of a batch of covariance matrices.
_BATCH = 3_000_000


@dataclass(frozen=True)
class Rung:
    """What a rung of the ladder has: a drifting level, effects, a straight trend."""

    level: bool
    effects: str = ""
    slope: bool = False


#: The rungs by name; ``effects`` names the regressors.
LEVELS: dict[str, Rung] = {
    "0": Rung(level=False),
    "1": Rung(level=True, effects="proxy"),
    "1+trend": Rung(level=True, effects="proxy", slope=True),
    "2": Rung(level=True, effects="flow"),
    "2+trend": Rung(level=True, effects="flow", slope=True),
}


@dataclass(frozen=True)
class Readings:
    """Series of one item, on the scale of the model.

    Attributes:
        months: of the rows, without gaps, shape (month,).
        values: shape (series, month), 0 where not seen; half the limit where below it.
        seen: whether there is a reading.
        limits: limit of detection where the reading is below it, NaN elsewhere.
        spans: number of the span between declared breaks, or None.
        effects: regressors (series, month, effect), 0 where not known.
        known: whether the regressors are known, shape (series, month).
    """

    months: NDArray[np.datetime64]
    values: NDArray[np.float64]
    seen: NDArray[np.bool_]
    limits: NDArray[np.float64]
    spans: NDArray[np.int64] | None
    effects: NDArray[np.float64]
    known: NDArray[np.bool_]

    def part(self, rows: slice | NDArray[np.int64]) -> Readings:
        """Some of the series."""
        return replace(
            self,
            values=self.values[rows],
            seen=self.seen[rows],
            limits=self.limits[rows],
            spans=None if self.spans is None else self.spans[rows],
            effects=self.effects[rows],
            known=self.known[rows],
        )


@dataclass(frozen=True)
class Fitted:
    """One rung fitted to the series of one item.

    Attributes:
        readings: what it was fitted to.
        rung: which one.
        sizes: of the parts, already with the scatter of each section.
        white: variance of what lasts a month alone, shape (series,).
        values, noise: readings or sites, and the variances they count with, (series, month).
        mean, variance: of θ before the series' own values, (series, term), (series, term, term).
        own_effect: standard deviations of a section's own effects of hydrology, (series, effect).
        lower, z: factors and L⁻¹ of the departures; empty before the last round.
        innovations: departures of months from what the months before said, in standard
            deviations, NaN where not seen.
        scale: scatter of the section over that of the item, (series,).
        degrees: of freedom of the scatter, (series,).
    """

    readings: Readings
    rung: Rung
    sizes: Sizes
    white: NDArray[np.float64]
    values: NDArray[np.float64]
    noise: NDArray[np.float64]
    mean: NDArray[np.float64]
    variance: NDArray[np.float64]
    own_effect: NDArray[np.float64]
    lower: NDArray[np.float64]
    z: NDArray[np.float64]
    innovations: NDArray[np.float64]
    scale: NDArray[np.float64]
    degrees: NDArray[np.float64]


def sizes_of(
    figures: ItemFigures,
    rung: Rung,
    scale: NDArray[np.float64],
    counts: NDArray[np.int64],
    drift: NDArray[np.float64] | float = 1.0,
) -> tuple[Sizes, NDArray[np.float64]]:
    """Sizes of the parts and the variance of a month alone, for sections of scatter ``scale``."""
    one = np.ones_like(scale)
    year = figures.year_sd * one
    if not rung.level:
        # A level that is not followed may move all the same; less where a long record has chosen.
        moved = np.where(counts < SHORT, 1.0, _STILL) * figures.level_sd
        year = np.hypot(year, moved)
    spread = np.hypot(figures.fast_sd, figures.white_sd)
    sizes = Sizes(
        offset=figures.offset_sd * one,
        own_season=figures.own_season_sd * one,
        level=(figures.level_sd if rung.level else 0.0) * scale * drift,
        year=year * scale * drift,
        fast=figures.fast_sd * scale,
        fast_months=figures.fast_months * one,
        slope=(_SLOPE * spread if rung.slope else 0.0) * scale,
    )
    return sizes, np.maximum(figures.white_sd * scale, 0.1 * spread * scale) ** 2


def design(months: NDArray[np.datetime64], effects: NDArray[np.float64]) -> NDArray[np.float64]:
    """Terms of θ: mean, season, effects; shape (series, month, term)."""
    fixed = np.concatenate([np.ones((len(months), 1)), season_of(months)], axis=1)
    shape = (effects.shape[0], *fixed.shape)
    return np.concatenate([np.broadcast_to(fixed, shape), effects], axis=2)


def batches(n_series: int, n_months: int) -> list[slice]:
    step = max(1, _BATCH // n_months**2)
    return [slice(at, at + step) for at in range(0, n_series, step)]


def latent_covariance(
    fitted: Fitted, rows: slice, terms: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Covariance of the latent parts of some series, own effects of hydrology included."""
    readings = fitted.readings
    spans = None if readings.spans is None else readings.spans[rows]
    latent = covariance(readings.months, fitted.sizes.part(rows), spans)
    effects = terms[rows, :, 5:] * fitted.own_effect[rows, None]
    if effects.shape[2]:
        latent += effects @ effects.swapaxes(1, 2)
    return latent


def reading_noise(fitted: Fitted) -> NDArray[np.float64]:
    """Variance of each reading, more where the hydrology of its month is not known."""
    lost = (fitted.mean[:, 5:] ** 2).sum(axis=1)
    noise: NDArray[np.float64] = fitted.noise + lost[:, None] * ~fitted.readings.known
    return noise
