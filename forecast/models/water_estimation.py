"""Figures of the ladder of water models from a panel of sections.

The sizes of the parts are those with which the forecasts of the past (every month an origin, all
sections of an item together) have the best normal log score, over single months and means of up
to a year: the windows that the model is asked for.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.models.water_figures import ItemFigures, WaterFigures, typical
from forecast.models.water_process import (
    Sizes,
    covariance,
    factor,
    season_of,
    solve_lower,
    window_moments,
)
from forecast.models.water_scale import PLAIN

__all__ = ["estimate_figures"]

_WINDOWS = ((1, 1), (3, 3), (6, 6), (12, 12), (1, 3), (1, 12))
_BURN_IN = 11
#: Months a section needs to take part.
_FEWEST, _FEWEST_SHORT = 24, 9
#: Squares of standardised errors count up to this: figures are those of the many, not of one spill.
_FAR = 12.0
#: Items of a short record and the item whose slow parts theirs are like.
_KIN = {"do_deficit": "do", "water_temp": "ph"}
_NAMES = ("own_season", "level", "year", "fast", "white", "fast_months")


def estimate_figures(panel: pd.DataFrame, short: pd.DataFrame | None = None) -> WaterFigures:
    """Figures of every item of ``panel``, and of ``other`` for items it does not hold.

    Args:
        panel: monthly means, index of months without gaps, columns (place, item); values below
            detection at half the limit. An item needs three sections with two years.
        short: the same of one year or so, for items that ``panel`` does not hold: what a year
            can't tell (drift, years) is to their scatter as it is for the other items.
    """
    items = list(dict.fromkeys(map(str, panel.columns.get_level_values(1))))
    found = {}
    for item in items:
        figures = _estimate(_of_item(panel, item), item)
        if figures is not None:
            found[item] = figures
    found["other"] = typical([f for item, f in found.items() if item not in PLAIN])
    if short is not None:
        for item in dict.fromkeys(map(str, short.columns.get_level_values(1))):
            if item not in found:
                kin = found.get(_KIN.get(item, ""), found["other"])
                figures = _estimate(_of_item(short, item), item, kin)
                if figures is not None:
                    found[item] = figures
    return WaterFigures(found)


def _of_item(panel: pd.DataFrame, item: str) -> pd.DataFrame:
    """Sections × months of one item."""
    return panel.loc[:, panel.columns.get_level_values(1) == item]


def _estimate(
    table: pd.DataFrame, item: str, like: ItemFigures | None = None
) -> ItemFigures | None:
    """Figures of one item; of a short record with the slow parts of ``like``."""
    from scipy.optimize import minimize

    months = table.index.to_numpy().astype("datetime64[M]")
    values = table.to_numpy(dtype=np.float64).T
    if item not in (*PLAIN, "do_deficit"):
        values = np.log(np.where(values > 0.0, values, np.nan))
    values = values[np.isfinite(values).sum(axis=1) >= (_FEWEST if like is None else _FEWEST_SHORT)]
    if len(values) < 3:
        return None
    seen = np.isfinite(values)
    sections = _Sections(months, np.where(seen, values, 0.0), seen)
    offset = sections.offset
    own = values - np.nanmean(values, axis=1, keepdims=True)
    sd = float(np.nanstd(own))
    start = np.log([0.3 * sd, 0.4 * sd, 0.2 * sd, 0.5 * sd, 0.5 * sd, 1.5])
    bounds = [(np.log(0.05 * sd), np.log(4.0 * sd))] * 5 + [(np.log(0.7), np.log(4.0))]
    if like is not None:
        for slow in (1, 2):
            bounds[slow] = (bounds[slow][0], bounds[slow][0])
            start[slow] = bounds[slow][0]
    options = {"maxiter": 25}
    first = minimize(sections.one_ahead, start, method="L-BFGS-B", bounds=bounds, options=options)
    sections.set_scale(first.x)
    best = minimize(
        sections.windows if like is None else sections.one_ahead,
        first.x,
        method="L-BFGS-B",
        bounds=bounds,
        options=options,
    )
    degrees = sections.set_scale(best.x)
    size = dict(zip(_NAMES, np.exp(best.x), strict=True))
    if like is not None:
        for name in ("level", "year"):
            size[name] = size["fast"] * getattr(like, f"{name}_sd") / like.fast_sd
        usual = size["fast"] * like.own_season_sd / like.fast_sd
        size["own_season"] = max(size["own_season"], usual)
    _, _, theta, spread = sections.factors(best.x)
    first_cos, first_sin, second_cos, second_sin = (float(t) for t in theta[1:])
    return ItemFigures(
        season=(first_cos, first_sin, second_cos, second_sin),
        # Another region may have another season than this panel: half its amplitude is in doubt.
        season_sd=float(max(np.sqrt(np.sum(theta[1:] ** 2)) / 2.0, spread, 0.05 * sd)),
        own_season_sd=float(size["own_season"]),
        offset_sd=offset,
        level_sd=float(size["level"]),
        year_sd=float(size["year"]),
        fast_sd=float(size["fast"]),
        fast_months=float(size["fast_months"]),
        white_sd=float(size["white"]),
        scale_degrees=degrees,
    )


class _Sections:
    """Series (series, month) of one item and the scores of figures on them."""

    def __init__(
        self,
        months: NDArray[np.datetime64],
        values: NDArray[np.float64],
        seen: NDArray[np.bool_],
    ) -> None:
        self.months, self.values, self.seen = months, values, seen
        self.scale = np.ones(len(values))
        # Levels of sections differ for good: a few years can't tell that from a slow drift.
        means = values.sum(axis=1) / seen.sum(axis=1)
        self.offset = float(np.std(means, ddof=1))
        self.terms = np.concatenate([np.ones((len(months), 1)), season_of(months)], axis=1)

    def factors(
        self, log_sizes: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], float]:
        """Factors, standardised departures, coefficients of the panel and their error."""
        own_season, level, year, fast, white, fast_months = np.exp(log_sizes)
        one = np.ones_like(self.scale)
        sizes = Sizes(
            self.offset * one, own_season * one, level * self.scale, year * self.scale,
            fast * self.scale, fast_months * one, 0.0 * one,
        )  # fmt: skip
        noise = np.broadcast_to(((white * self.scale) ** 2)[:, None], self.seen.shape)
        lower = factor(covariance(self.months, sizes), noise, self.seen)
        left = self.terms[None] * self.seen[:, :, None]
        right = np.concatenate([left, self.values[:, :, None]], axis=2)
        solved = solve_lower(lower, right)
        x, y = solved[:, :, :-1], solved[:, :, -1]
        weight = np.einsum("smi,smj->ij", x, x) + 1e-9 * np.eye(x.shape[2])
        theta = np.linalg.solve(weight, np.einsum("smi,sm->i", x, y))
        spread = float(np.sqrt(np.diag(np.linalg.inv(weight))[1:].mean()))
        return lower, y - x @ theta, theta, spread

    def one_ahead(self, log_sizes: NDArray[np.float64]) -> float:
        """Mean negative log score of the next month."""
        lower, z, _, _ = self.factors(log_sizes)
        diagonal = np.einsum("smm->sm", lower)
        score = np.log(diagonal) + 0.5 * np.minimum(z**2, _FAR)
        return float(score[self.seen].mean())

    def windows(self, log_sizes: NDArray[np.float64]) -> float:
        """Mean negative log score over the windows."""
        lower, z, theta, _ = self.factors(log_sizes)
        departures = np.where(self.seen, self.values - self.terms @ theta, 0.0)
        total = np.concatenate(
            [np.zeros((len(departures), 1)), np.cumsum(departures, axis=1)], axis=1
        )
        scores = []
        for first, last in _WINDOWS:
            if len(self.months) <= last + _BURN_IN:
                continue
            mean, variance, held = window_moments(lower, z, self.seen, first, last)
            origins = np.arange(len(self.months) - last)
            came = total[:, origins + last + 1] - total[:, origins + first]
            error = came / np.maximum(held, 1) - mean
            usable = (held >= 0.8 * (last - first + 1)) & (origins >= _BURN_IN)
            if usable.any():
                part, error = variance[usable], error[usable]
                score = np.log(part) + np.minimum(error**2 / part, _FAR)
                scores.append(0.5 * float(score.mean()))
        return float(np.mean(scores))

    def set_scale(self, log_sizes: NDArray[np.float64]) -> float:
        """Shrink the scatter of each section; returns the months that the panel weighs.

        The variance over sections of ln of their mean squares is that of their scatter and that
        of means of so many squares; 2/variance are the degrees of freedom of the scatter.
        """
        self.scale = np.ones(len(self.values))
        _, z, _, _ = self.factors(log_sizes)
        square = np.minimum(z**2, _FAR) * self.seen
        n = self.seen.sum(axis=1)
        mean = square.sum(axis=1) / n
        chance = float(np.minimum(z**4, _FAR**2)[self.seen].mean() / mean.mean() ** 2 - 1.0)
        between = max(float(np.var(np.log(mean))) - chance * float(np.mean(1.0 / n)), 0.02)
        degrees = float(np.clip(2.0 / between, 12.0, 100.0))
        self.scale = np.sqrt((degrees + n * mean) / (degrees + n))
        return degrees
