"""Sizes of the parts for the region at hand: its own record, with a panel's sizes as a prior.

The sizes maximise the likelihood of all sections of an item together, times a normal prior for
their logarithms around those of a panel (empirical Bayes). A region of one section with two years
stays with the panel's; forty sections with ten years speak for themselves.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.models.water_figures import ItemFigures
from forecast.models.water_process import DAMPING, season_of, solve_lower
from forecast.models.water_readings import Fitted, design

__all__ = ["FEWEST_ADAPT", "adapted"]

#: Values a series needs to take part.
FEWEST_ADAPT = 12
#: Sizes that are adapted, in this order, and the standard deviation of ln of each over regions.
#: Slow parts differ most; a few years can't tell what outlasts a month from a level. A judgement.
_NAMES = ("own_season_sd", "level_sd", "year_sd", "fast_sd", "white_sd", "fast_months")
_PRIOR_SD = np.array([0.5, 0.5, 0.5, 0.25, 0.25, 0.25])
#: What a value says beside one of a normal series, as kurtosis is about 5.
_PER_VALUE = 0.5
#: Series and months that take part at most; beyond them nothing is learnt that matters.
_MOST_SERIES, _MOST_MONTHS = 60, 180
_STEPS = 15
#: No size leaves the panel's by more than this factor.
_WITHIN = 6.0


def adapted(figures: ItemFigures, fitted: Fitted, alike: float) -> ItemFigures:
    """Figures with sizes adapted to the series of ``fitted``.

    Args:
        figures: those of a panel.
        fitted: rung with a level, fitted with ``figures``.
        alike: mean correlation of two sections: together they count as fewer independent ones.
    """
    from scipy.optimize import minimize

    start = np.log([getattr(figures, name) for name in _NAMES])
    # A part that the panel did not find may be found here.
    floor = np.log(0.15 * np.hypot(figures.fast_sd, figures.white_sd))
    start[:5] = np.maximum(start[:5], floor)
    record = _Record(fitted, alike)

    def cost(moved: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        value, slope = record.cost(start + moved)
        return value + 0.5 * float((moved**2 / _PRIOR_SD**2).sum()), slope + moved / _PRIOR_SD**2

    bounds = [(-np.log(_WITHIN), np.log(_WITHIN))] * len(_NAMES)
    best = minimize(
        cost, np.zeros(len(_NAMES)), jac=True, method="L-BFGS-B", bounds=bounds,
        options={"maxiter": _STEPS},
    )  # fmt: skip
    found = zip(_NAMES, np.exp(start + best.x), strict=True)
    return ItemFigures.from_quantities({**figures.quantities(), **{n: float(v) for n, v in found}})


class _Record:
    """The likelihood of sizes on a fitted record, and its slope."""

    def __init__(self, fitted: Fitted, alike: float) -> None:
        readings = fitted.readings
        n_series = len(fitted.scale)
        rows = np.unique(np.linspace(0, n_series - 1, min(n_series, _MOST_SERIES)).astype(np.int64))
        cut = slice(max(0, len(readings.months) - _MOST_MONTHS), None)
        months = readings.months[cut]
        number = months.astype("datetime64[M]").astype(np.int64)
        self.apart = np.abs(number[:, None] - number[None, :]).astype(np.float64)
        season = season_of(months)
        same_year = ((number // 12)[:, None] == (number // 12)[None, :]).astype(np.float64)
        self.season = season @ season.T
        self.level = np.exp(np.log(DAMPING) / 12.0 * self.apart)
        self.year = same_year
        self.seen = readings.seen[rows, cut]
        spans = None if readings.spans is None else readings.spans[rows, cut]
        pairs = self.seen[:, :, None] & self.seen[:, None, :]
        self.pairs = pairs.astype(np.float64)
        self.held = self.pairs.copy()
        if spans is not None:
            self.held *= spans[:, :, None] == spans[:, None, :]
        self.scale = fitted.scale[rows, None, None] ** 2
        terms = design(months, readings.effects[rows, cut])
        known = terms @ fitted.variance[rows] @ terms.swapaxes(1, 2)
        own = terms[:, :, 5:] * fitted.own_effect[rows, None]
        self.fixed = (known + own @ own.swapaxes(1, 2)) * self.pairs
        self.fixed += fitted.sizes.offset[rows, None, None] ** 2 * self.held
        lost = (fitted.mean[rows, 5:] ** 2).sum(axis=1)[:, None] * ~readings.known[rows, cut]
        below = np.isfinite(readings.limits[rows, cut])
        white = np.where(below, 0.0, fitted.white[rows, None])
        self.extra = np.maximum(fitted.noise[rows, cut] - white, 0.0) + lost
        self.whitened = ~below & self.seen
        centre = np.einsum("smi,si->sm", terms, fitted.mean[rows])
        self.departures = np.where(self.seen, fitted.values[rows, cut] - centre, 0.0)
        self.counted = _PER_VALUE / (1.0 + (len(rows) - 1) * alike)

    def cost(self, logs: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Negative log likelihood and its slope, both as they count."""
        own, level, year, fast, white, months = np.exp(logs)
        fading = np.exp(-self.apart / months)
        parts = [
            own**2 * self.season * self.pairs,
            level**2 * self.scale * self.level * self.held,
            year**2 * self.scale * self.year * self.held,
            fast**2 * self.scale * fading * self.pairs,
        ]
        total = self.fixed + sum(parts)
        alone = white**2 * self.scale[:, :, 0] * self.whitened
        at = np.arange(total.shape[1])
        total[:, at, at] += np.where(self.seen, alone + self.extra, 1.0)
        lower = np.linalg.cholesky(total)
        right = np.concatenate(
            [
                np.broadcast_to(np.eye(len(at)), total.shape),
                self.departures[:, :, None],
            ],
            axis=2,
        )
        solved = solve_lower(lower, right)
        inverse = solved[:, :, :-1].swapaxes(1, 2) @ solved[:, :, :-1]
        weights = np.einsum("sji,sj->si", solved[:, :, :-1], solved[:, :, -1])
        value = 0.5 * float((solved[:, :, -1] ** 2).sum())
        value += float(np.log(np.einsum("smm->sm", lower)).sum())
        pull = 0.5 * (inverse - weights[:, :, None] * weights[:, None, :])
        slope = [2.0 * float((pull * part).sum()) for part in parts]
        slope.append(2.0 * float((np.einsum("smm->sm", pull) * alone).sum()))
        slope.append(float((pull * parts[3] * self.apart).sum()) / float(months))
        return self.counted * value, self.counted * np.array(slope)
