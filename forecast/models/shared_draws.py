"""What the paths of several places have in common, so that they can be judged together.

Path number j of every place of a group takes the same past dates, and its slow error has parts
common to the group and to the nation. A probability of one place does not notice; that all
counties of a city attain is a statement about one and the same future. What the record leaves open
in level and season is mostly weather too, so the parameters have the same share in common.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.models.air_mean import COLUMNS
from forecast.models.past_dates import Dates, draw_dates
from forecast.models.pooled import AirPooled
from forecast.standards.items import AIR_ITEMS

__all__ = ["NationDraws", "SharedDraws", "nation_draws", "share_draws"]

#: Anchors of the slow error that may be asked for.
MOST_ANCHORS = 8


#: Nation's part of ``slow`` and of ``parameters``, see :class:`SharedDraws`.
NationDraws = tuple[NDArray[np.float64], NDArray[np.float32]]


@dataclass(frozen=True)
class SharedDraws:
    """Draws that the places of one group have in common.

    Attributes:
        first: first day of the past that dates are drawn from.
        start: first drawn day.
        dates: the past dates, from ``start`` on.
        slow: standard normal draws, shape (path, anchor, item of ``AIR_ITEMS``), with variance
            :attr:`common_share`.
        parameters: the same for the parameters of the mean, shape (item, column, path).
        tail: factor of each path that makes its slow error heavy-tailed, shape (path,).
        common_share: variance of ``slow`` and ``parameters``; the rest is a place's own.
    """

    first: np.datetime64
    start: np.datetime64
    dates: Dates
    slow: NDArray[np.float64]
    parameters: NDArray[np.float32]
    tail: NDArray[np.float64]
    common_share: float


def nation_draws(nation: np.random.Generator, n_paths: int, pooled: AirPooled) -> NationDraws:
    """Draw what all groups have in common; the same for each, so drawn once for many of them."""
    return _normal(nation, n_paths, pooled.nation_share)


def _normal(rng: np.random.Generator, n_paths: int, variance: float) -> NationDraws:
    """Normal draws of that variance for the slow error and for the parameters."""
    weight = np.sqrt(variance)
    slow = rng.standard_normal((n_paths, MOST_ANCHORS, len(AIR_ITEMS)))
    # Single precision: there are many of them, and they only spread the paths.
    parameters = rng.standard_normal((len(AIR_ITEMS), COLUMNS, n_paths), dtype=np.float32)
    return weight * slow, np.float32(weight) * parameters


def share_draws(
    nation: NationDraws,
    group: np.random.Generator,
    *,
    first: np.datetime64,
    start: np.datetime64,
    end: np.datetime64,
    n_paths: int,
    pooled: AirPooled,
) -> SharedDraws:
    """Draw what the places of a group have in common.

    Args:
        nation: what all groups have in common, of as many paths.
        group: generator of this group.
        first: first day with a reading of any place of the group.
        start, end: first and last day to draw for any place.
        n_paths: number of paths.
        pooled: the shares of the slow error that are common, and its tails.
    """
    own = _normal(group, n_paths, pooled.group_share)
    slow, parameters = nation[0] + own[0], nation[1] + own[1]
    tail = np.sqrt((pooled.degrees - 2.0) / group.chisquare(pooled.degrees, size=n_paths))
    n_past, n_future = int((start - first).astype(int)), int((end - start).astype(int)) + 1
    dates = draw_dates(n_past, n_future, n_paths, len(AIR_ITEMS), group)
    common = pooled.nation_share + pooled.group_share
    return SharedDraws(first, start, dates, slow, parameters, tail, common)
