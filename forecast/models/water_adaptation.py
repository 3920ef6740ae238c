"""Sizes of the parts for the region at hand: its own record, with a panel's sizes as a prior.

The sizes maximise the likelihood of all sections of an item together, times a normal prior for
their logarithms around those of a panel (empirical Bayes). A region of one section with two years
stays with the panel's; forty sections with ten years speak for themselves. The maximum is found by
scoring: steps from the slope and the expected curvature, which both follow from how the forecasts
of the months move with each size. All groups take their steps together.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forecast.models.water_figures import ItemFigures
from forecast.models.water_filter import StateSpace, chunks
from forecast.models.water_process import Sizes
from forecast.models.water_readings import Fitted, Members

__all__ = ["FEWEST_ADAPT", "adapted", "taking_part"]

#: Values a series needs to take part.
FEWEST_ADAPT = 12
#: Sizes that are adapted, in this order, and the standard deviation of ln of each over regions.
#: Slow parts differ most; a few years can't tell what outlasts a month from a level. A judgement.
_NAMES = ("own_season_sd", "level_sd", "year_sd", "fast_sd", "white_sd", "fast_months")
_PRIOR_SD = np.array([0.5, 0.5, 0.5, 0.25, 0.25, 0.25])
#: What a value says beside one of a normal series, as kurtosis is about 5.
_PER_VALUE = 0.5
#: Series and months of a group that take part at most; beyond them nothing is learnt that matters.
_MOST_SERIES, _MOST_MONTHS = 60, 180
#: Steps at most, the step with which nothing is left to gain, and the longest.
_STEPS, _SMALL, _LONGEST = 20, 3e-3, 1.0
#: Move of a logarithm with which slopes are taken.
_MOVE = 1e-5
#: No size leaves the panel's by more than this factor.
_WITHIN = np.log(6.0)


def taking_part(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Some of ``rows``, spread evenly, where there are more than are needed."""
    n = len(rows)
    return rows[np.unique(np.linspace(0, n - 1, min(n, _MOST_SERIES)).astype(np.int64))]


def adapted(
    figures: Sequence[ItemFigures],
    fitted: Fitted,
    members: Members,
    alike: NDArray[np.float64],
) -> list[ItemFigures]:
    """Figures of each group with sizes adapted to its series.

    Args:
        figures: those of a panel.
        fitted: rung with a level, fitted with ``figures``.
        members: series of each group, those of :func:`taking_part`.
        alike: mean correlation of two sections of each group: together they count as fewer
            independent ones.
    """
    start = np.log([[getattr(f, name) for name in _NAMES] for f in figures])
    # A part that the panel did not find may be found here.
    floor = np.log([0.15 * np.hypot(f.fast_sd, f.white_sd) for f in figures])
    start[:, :5] = np.maximum(start[:, :5], floor[:, None])
    counted = [
        _PER_VALUE / (1.0 + (len(rows) - 1) * r) for rows, r in zip(members, alike, strict=True)
    ]
    moved = np.zeros_like(start)
    best = np.full(len(figures), np.inf)
    step = np.zeros_like(start)
    going = np.arange(len(figures))
    for _ in range(_STEPS):
        tried = np.clip(moved[going] + step[going], -_WITHIN, _WITHIN)
        found = _costs(fitted, [members[int(g)] for g in going], start[going] + tried)
        left = []
        for g, new, (cost, slope, curve) in zip(going, tried, found, strict=True):
            value = counted[g] * cost + 0.5 * float((new**2 / _PRIOR_SD**2).sum())
            if value > best[g]:
                # Too far: half of the step from where it was better.
                step[g] *= 0.5
            else:
                best[g], moved[g] = value, new
                slope = counted[g] * slope + new / _PRIOR_SD**2
                step[g] = _newton(counted[g] * curve + np.diag(1.0 / _PRIOR_SD**2), slope, new)
            if np.abs(step[g]).max() > _SMALL:
                left.append(g)
        going = np.array(left, dtype=np.int64)
        if not len(going):
            break
    out = []
    for own, logs in zip(figures, np.exp(start + moved), strict=True):
        sizes = dict(zip(_NAMES, map(float, logs), strict=True))
        out.append(ItemFigures.from_quantities({**own.quantities(), **sizes}))
    return out


def _newton(
    curve: NDArray[np.float64], slope: NDArray[np.float64], at: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Step to where the slope is 0; sizes at a bound that pull outwards stay there."""
    free = ~((np.abs(at) >= _WITHIN) & (np.sign(at) == -np.sign(slope)))
    step = np.zeros_like(slope)
    if free.any():
        step[free] = -np.linalg.solve(curve[np.ix_(free, free)], slope[free])
    longest = float(np.abs(step).max())
    return step * min(1.0, _LONGEST / max(longest, _SMALL))


def _costs(
    fitted: Fitted, chosen: Sequence[NDArray[np.int64]], logs: NDArray[np.float64]
) -> list[tuple[float, NDArray[np.float64], NDArray[np.float64]]]:
    """Negative log likelihood of each group, its slope and expected curvature."""
    rows = np.concatenate(chosen)
    group = np.repeat(np.arange(len(chosen)), [len(own) for own in chosen])
    n_sizes = len(_NAMES)
    cost, slope = np.zeros(len(rows)), np.zeros((len(rows), n_sizes))
    curve = np.zeros((len(rows), n_sizes, n_sizes))
    for at in chunks(np.arange(len(rows)), n_sizes + 1):
        error, variance, seen = _forecasts(fitted, rows[at], logs[group[at]])
        inverse = 1.0 / variance[0]
        pull = error[0] * inverse
        apart = (error[1:] - error[0]) / _MOVE
        wider = (variance[1:] - variance[0]) / _MOVE * inverse
        value = 0.5 * (np.log(variance[0]) + error[0] * pull)
        towards = pull * apart + 0.5 * wider * (1.0 - error[0] * pull)
        told = 0.5 * wider[:, None] * wider + apart[:, None] * apart * inverse
        cost[at] = _over_months(value * seen)
        slope[at] = _over_months(towards * seen).T
        curve[at] = _over_months(told * seen).transpose(2, 0, 1)
    own = [group == g for g in range(len(chosen))]
    return [
        (float(cost[some].sum()), slope[some].sum(axis=0), curve[some].sum(axis=0)) for some in own
    ]


def _over_months(parts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum over the last axis, in the order that months lie: the same bits alone as among others."""
    return np.asarray(np.ascontiguousarray(parts).sum(axis=-1))


def _forecasts(
    fitted: Fitted, rows: NDArray[np.int64], logs: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Errors and variances of the forecasts of every month with the sizes, and with each moved.

    Args:
        logs: logarithms of the sizes of each series, (series, size).

    Returns:
        Errors and variances (move, series, month), and whether there is a reading.
    """
    n_moves = len(_NAMES) + 1
    readings = fitted.readings
    cut = slice(max(0, len(readings.months) - _MOST_MONTHS), None)
    seen, known = readings.seen[rows, cut], readings.known[rows, cut]
    moves = np.concatenate([np.zeros((1, len(_NAMES))), _MOVE * np.eye(len(_NAMES))])
    own = np.exp(logs[None] + moves[:, None]).reshape(-1, len(_NAMES)).T
    scale = np.tile(fitted.scale[rows], n_moves)
    sizes = Sizes(
        offset=np.tile(fitted.sizes.offset[rows], n_moves), own_season=own[0],
        level=own[1] * scale, year=own[2] * scale, fast=own[3] * scale, fast_months=own[5],
        slope=0.0 * scale,
    )  # fmt: skip
    # A value below its limit is a site, whose variance holds what lasts a month already.
    below = np.isfinite(readings.limits[rows, cut])
    white = np.where(below, 0.0, fitted.white[rows, None])
    lost = (fitted.mean[rows, 5:] ** 2).sum(axis=1)[:, None] * ~known
    extra = np.maximum(fitted.noise[rows, cut] - white, 0.0) + lost
    alone = (own[4] * scale).reshape(n_moves, -1, 1) ** 2 * (~below & seen)
    many = np.tile(rows, n_moves)
    space = StateSpace(
        readings.months[cut], sizes, readings.effects[many, cut], fitted.own_effect[many],
        fitted.mean[many], fitted.variance[many],
        None if readings.spans is None else readings.spans[many, cut],
    )  # fmt: skip
    shape = (n_moves, *seen.shape)
    made = space.run(
        np.tile(fitted.values[rows, cut], (n_moves, 1)),
        (alone + extra).reshape(-1, seen.shape[1]), np.tile(seen, (n_moves, 1)),
    )  # fmt: skip
    return made.error.T.reshape(shape), made.variance.T.reshape(shape), seen
