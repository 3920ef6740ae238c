"""Items of water over sections and months: their readings, and a model of them on some rung.

y(t) = A(t)·θ + own season + level + year effect + what outlasts a month + what does not. θ holds
the mean, the season and the effects of hydrology. A rung of the ladder has some of the parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from forecast.models.water_figures import ItemFigures
from forecast.models.water_filter import StateSpace
from forecast.models.water_process import Sizes

__all__ = [
    "LEVELS",
    "SHORT",
    "Fitted",
    "Members",
    "Readings",
    "Rung",
    "SeriesFigures",
    "reading_noise",
    "sizes_of",
    "space_of",
]

#: Values below which a series is short.
SHORT = 24
#: Part of the usual drift that is left in the years of a section that chose to have no level.
_STILL = 0.7
#: Standard deviation of a straight trend, as part of the scatter, a year.
_SLOPE = 0.25


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


#: Rows of the series of each group.
Members = Sequence[NDArray[np.int64]]


@dataclass(frozen=True)
class Readings:
    """Series, on the scale of the model.

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
    """One rung fitted to some series.

    Attributes:
        readings: what it was fitted to.
        rung: which one.
        sizes: of the parts, already with the scatter of each section.
        white: variance of what lasts a month alone, shape (series,).
        values, noise: readings or sites, and the variances they count with, (series, month).
        mean, variance: of θ before the series' own values, (series, term), (series, term, term).
        own_effect: standard deviations of a section's own effects of hydrology, (series, effect).
        state, covariance: of :class:`~forecast.models.water_filter.StateSpace` after the last
            month, (series, state), (series, state, state); empty before the first pass.
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
    state: NDArray[np.float64]
    covariance: NDArray[np.float64]
    innovations: NDArray[np.float64]
    scale: NDArray[np.float64]
    degrees: NDArray[np.float64]


@dataclass(frozen=True)
class SeriesFigures:
    """Figures of the item of each series, named as in :class:`ItemFigures`: (series, 4), (series,)."""

    season: NDArray[np.float64]
    season_sd: NDArray[np.float64]
    own_season_sd: NDArray[np.float64]
    offset_sd: NDArray[np.float64]
    level_sd: NDArray[np.float64]
    year_sd: NDArray[np.float64]
    fast_sd: NDArray[np.float64]
    fast_months: NDArray[np.float64]
    white_sd: NDArray[np.float64]
    scale_degrees: NDArray[np.float64]

    @classmethod
    def of(cls, figures: Sequence[ItemFigures], members: Members, n_series: int) -> SeriesFigures:
        """Figures of groups as figures of their series."""
        group = np.zeros(n_series, dtype=np.int64)
        for k, rows in enumerate(members):
            group[rows] = k
        names = [f.name for f in fields(ItemFigures)]
        return cls(**{n: np.array([getattr(f, n) for f in figures])[group] for n in names})


def sizes_of(
    figures: SeriesFigures,
    rung: Rung,
    scale: NDArray[np.float64],
    counts: NDArray[np.int64],
    drift: NDArray[np.float64] | float = 1.0,
) -> tuple[Sizes, NDArray[np.float64]]:
    """Sizes of the parts and the variance of a month alone, for sections of scatter ``scale``."""
    year = figures.year_sd
    if not rung.level:
        # A level that is not followed may move all the same; less where a long record has chosen.
        moved = np.where(counts < SHORT, 1.0, _STILL) * figures.level_sd
        year = np.hypot(year, moved)
    spread = np.hypot(figures.fast_sd, figures.white_sd)
    sizes = Sizes(
        offset=figures.offset_sd,
        own_season=figures.own_season_sd,
        level=(figures.level_sd if rung.level else 0.0) * scale * drift,
        year=year * scale * drift,
        fast=figures.fast_sd * scale,
        fast_months=figures.fast_months,
        slope=(_SLOPE * spread if rung.slope else 0.0) * scale,
    )
    return sizes, np.maximum(figures.white_sd * scale, 0.1 * spread * scale) ** 2


def space_of(
    fitted: Fitted,
    rows: NDArray[np.int64],
    mean: NDArray[np.float64] | None = None,
    variance: NDArray[np.float64] | None = None,
) -> StateSpace:
    """State-space form of some series, with their prior of θ or another one."""
    readings = fitted.readings
    return StateSpace(
        readings.months, fitted.sizes.part(rows), readings.effects[rows], fitted.own_effect[rows],
        fitted.mean[rows] if mean is None else mean,
        fitted.variance[rows] if variance is None else variance,
        None if readings.spans is None else readings.spans[rows],
    )  # fmt: skip


def reading_noise(fitted: Fitted) -> NDArray[np.float64]:
    """Variance of each reading, more where the hydrology of its month is not known."""
    lost = (fitted.mean[:, 5:] ** 2).sum(axis=1)
    noise: NDArray[np.float64] = fitted.noise + lost[:, None] * ~fitted.readings.known
    return noise
