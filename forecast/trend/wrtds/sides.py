"""One surface, or two with a wall between them: the samples of either side know nothing of the other."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from forecast.errors import InputError, UsageError
from forecast.trend.wrtds.records import Samples
from forecast.trend.wrtds.settings import Settings
from forecast.trend.wrtds.surface import Grid, LazySurface

__all__ = ["Sides", "checked", "settings_for_change", "split_at"]

Floats = NDArray[np.float64]
Days = NDArray[np.datetime64]

#: A comparison of years asks for at most this share of the samples of either side at each point.
_LARGEST_SHARE = 0.75

#: Samples that a side of a wall needs more than.
_FEWEST_OF_SIDE = 50

_FEW = (
    "50 samples serve for averages and more than 100 are better for trends; with fewer lower "
    "min_observations (and min_uncensored), or use forecast.trend.theil_sen on monthly means."
)


class Sides:
    """The surfaces on the sides of the wall (one where there is none)."""

    def __init__(self, samples: Samples, grid: Grid, settings: Settings) -> None:
        self.wall = settings.wall
        parts = split_at(samples, self.wall)
        self.surfaces = tuple(LazySurface(part, grid, settings) for part in parts)

    def of(self, day: np.datetime64) -> LazySurface:
        """The surface that a day lies on."""
        return self.surfaces[0 if self.wall is None or day <= self.wall else -1]

    def at(self, days: Days, log_q: Floats, t: Floats) -> Floats:
        """y_hat, se and conc of days, (3, day)."""
        found = np.empty((3, len(days)))
        for surface, here in self.split(days):
            found[:, here] = surface.at(log_q[here], t[here])
        return found

    def split(self, days: Days) -> list[tuple[LazySurface, NDArray[np.bool_]]]:
        """Each surface with the days that lie on it; surfaces without any are left out."""
        if self.wall is None:
            return [(self.surfaces[0], np.ones(len(days), dtype=bool))]
        before = days <= self.wall
        both = [(self.surfaces[0], before), (self.surfaces[1], ~before)]
        return [(surface, here) for surface, here in both if here.any()]


def split_at(samples: Samples, wall: np.datetime64 | None) -> list[Samples]:
    """The samples on the sides of the wall.

    Raises:
        UsageError: the wall has samples on one side only.
    """
    if wall is None:
        return [samples]
    before = samples.day <= wall
    if before.all() or not before.any():
        raise UsageError(
            f"The wall {wall} has samples on one side only ({samples.day[0]} to {samples.day[-1]}).",
            "Give the last day of the old relation, or no wall.",
        )
    return [samples.take(before), samples.take(~before)]


def settings_for_change(samples: Samples, settings: Settings) -> Settings:
    """The least numbers for a comparison of two years: not above three quarters of a side.

    EGRET's rule: min(min_observations, 0.75 n), rounded up, and half of that uncensored at most.
    """
    fewest = min(len(part) for part in split_at(samples, settings.wall))
    least = math.ceil(min(settings.min_observations, _LARGEST_SHARE * fewest))
    clear = math.ceil(min(0.5 * least, settings.min_uncensored))
    return replace(settings, min_observations=max(least, 6), min_uncensored=max(clear, 1))


def checked(samples: Samples, settings: Settings) -> Settings:
    """The settings that the record allows; with a wall the least numbers are those of a comparison.

    Raises:
        InputError: the samples are too few: how many there are, how many it takes, what else to do.
    """
    least, clear = settings.min_observations, settings.min_uncensored
    if settings.wall is not None:
        least, clear = min(least, _FEWEST_OF_SIDE), min(clear, _FEWEST_OF_SIDE // 2)
    side = "" if settings.wall is None else " on one side of the wall"
    for part in split_at(samples, settings.wall):
        measured = int(part.uncensored.sum())
        if len(part) <= least:
            raise InputError(
                f"{len(part)} samples lie within the flow record{side}; it takes more than "
                f"{least} (min_observations).",
                _FEW,
            )
        if measured <= clear:
            raise InputError(
                f"{measured} of {len(part)} samples{side} are measured values and no limits; it "
                f"takes more than {clear} (min_uncensored).",
                "Lower min_uncensored, knowing that with few measured values season and flow are "
                "guesses, or report the share of values below the limit instead.",
            )
    return settings if settings.wall is None else settings_for_change(samples, settings)
