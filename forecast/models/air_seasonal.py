"""Seasonal model of one city's daily air quality: all items together, as sample paths.

ln C = level + trend + season + weekend + scale(season) · residual, fitted by ridge regression
towards figures pooled over many cities; residuals are carried on from the present state and
driven by past days drawn whole (:mod:`forecast.models.residuals`); parameters are drawn anew
for each path; the slow error of a year (:mod:`forecast.models.slow_error`) comes on top.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.features.calendar import harmonics, is_weekend
from forecast.models.paths import Paths
from forecast.models.pooled import HARMONICS, AirPooled, ItemPrior, shipped_air
from forecast.models.residuals import (
    Dependence,
    dependence,
    draw_positions,
    fill_gaps,
    filter_residuals,
    run_forward,
    run_shifts,
)
from forecast.models.slow_error import (
    correlation_factor,
    slow_growth,
    slow_links,
    slow_units,
)

__all__ = ["MIN_DAYS", "AirSeasonal"]

#: An item with fewer valid days is not modelled.
MIN_DAYS = 60

_YEAR = 365.25
#: Readings below this part of the median are set to it: a log of 0 would rule the fit.
_FLOOR = 0.02
#: No drawn value exceeds this multiple of the highest reading.
_CAP = 3.0
#: The trend of a year is this part of the trend of the year before, beyond the origin.
_DAMPING = 0.8
#: The trend is that of the last years; before, the drifting level takes the changes up [years].
_TREND_YEARS = 3.0
#: Length of a piece of the drifting level [years].
_KNOT_YEARS = 0.5
#: Weight of old years in everything: half after so many years.
_HALF_LIFE_YEARS = 5.0
#: On 2018-09-01 gases went over from 0 °C to 25 °C as reference state, and particles to actual
#: conditions (announcement 29 of 2018 of the environment ministry; from memory).
_BASIS_DAY = np.datetime64("2018-09-01", "D")
_BASIS_SIDE_DAYS = 90
_GASES = ("so2", "no2", "co", "o3_8h")
_BASIS_STEP = {True: (float(np.log(273.15 / 298.15)), 0.03), False: (0.0, 0.05)}
#: Days of the first lockdown say little of other years.
_LOCKDOWN = (np.datetime64("2020-01-24", "D"), np.datetime64("2020-04-30", "D"))
_LOCKDOWN_WEIGHT = 0.1
_CHUNK = 250


@dataclass(frozen=True)
class _Mean:
    """Fitted mean of ln C of one item: future coefficients are trend, level, season, weekend."""

    centre: float
    coefficients: NDArray[np.float64]
    root: NDArray[np.float64]
    scale: NDArray[np.float64]
    cap: float
    floor: float


class AirSeasonal:
    """Seasonal model of one place.

    Args:
        place: name of the place, kept in the paths.
        pooled: figures of a panel of cities; those of the package by default.

    Attributes:
        name: ``"seasonal"``.
        items: the items that had enough readings, after :meth:`fit`.
        last_day: the last day with a reading, after :meth:`fit`.
    """

    name = "seasonal"

    def __init__(self, place: str = "", *, pooled: AirPooled | None = None) -> None:
        self.place = place
        self.pooled = pooled if pooled is not None else shipped_air()
        self.items: tuple[str, ...] = ()
        self.last_day: np.datetime64 | None = None

    def fit(self, history: pd.DataFrame) -> Self:
        """Fit to daily readings of one place.

        Args:
            history: index of days (any order, gaps allowed), one column an item code [µg/m³, CO
                mg/m³], NaN where missing; negative values count as missing. An item with fewer
                than ``MIN_DAYS`` readings is left out.

        Raises:
            ValueError: a day occurs twice.
        """
        days = history.index.to_numpy().astype("datetime64[D]")
        if len(np.unique(days)) != len(days):
            raise ValueError("history has a day twice; one row a day is expected")
        table = history.to_numpy(dtype=np.float64, na_value=np.nan)
        table = np.where(np.isfinite(table) & (table >= 0.0), table, np.nan)
        seen = np.isfinite(table).any(axis=1)
        enough = np.isfinite(table).sum(axis=0) >= MIN_DAYS
        enough &= np.nan_to_num(table).max(axis=0, initial=0.0) > 0.0
        self.items = tuple(str(c) for c, ok in zip(history.columns, enough, strict=True) if ok)
        self.last_day = days[seen].max() if seen.any() else None
        if self.last_day is None or not self.items:
            return self
        first = days[seen].min()
        span = np.arange(first, self.last_day + 1)
        values = np.full((len(span), len(self.items)), np.nan)
        values[(days[seen] - first).astype(np.int64)] = table[seen][:, enough]

        kept = self.pooled.trend_kept(self.last_day)
        priors = [
            replace(p, trend=(kept * p.trend[0], p.trend[1]))
            for p in map(self.pooled.prior, self.items)
        ]
        self._dependence: Dependence = dependence(priors)
        self._means: list[_Mean] = []
        residuals = np.full(values.shape, np.nan)
        for i, item in enumerate(self.items):
            mean, residuals[:, i] = _fit_item(
                span, values[:, i], item, priors[i], float(self._dependence.inflation[i])
            )
            self._means.append(mean)
        self._years = np.isfinite(values).sum(axis=0) / _YEAR
        innovations, self._state = filter_residuals(residuals, self._dependence)
        self._innovations = innovations.astype(np.float32)
        self._parameter_factor = _correlation_root(residuals)
        return self

    def sample(self, days: NDArray[np.datetime64], n_paths: int, rng: np.random.Generator) -> Paths:
        """Draw futures of all fitted items for days after the last reading.

        Args:
            days: days, any order, each after :attr:`last_day`.
            n_paths: number of paths.
            rng: random generator; the same state gives the same paths.

        Returns:
            Paths with columns :attr:`items`, in the units of the readings; with no fitted item,
            no columns.

        Raises:
            ValueError: a day is not after the last reading.
        """
        times = days.astype("datetime64[D]")
        shape = (n_paths, len(times), len(self.items))
        values = np.empty(shape, dtype=np.float32)
        if self.last_day is not None and self.items and len(times):
            leads = (times - self.last_day).astype(np.int64)
            if leads.min() < 1:
                raise ValueError(f"days must lie after the last reading, {self.last_day}")
            self._fill(values, leads, rng)
        return Paths(values, times, self.items, (self.place,) * len(self.items), self.name)

    def _fill(
        self, values: NDArray[np.float32], leads: NDArray[np.int64], rng: np.random.Generator
    ) -> None:
        """Write the paths into ``values``, in chunks so that memory stays small."""
        assert self.last_day is not None
        n_paths = values.shape[0]
        ahead = np.arange(1, int(leads.max()) + 1)
        future = self.last_day + ahead
        n_past, n_items = self._innovations.shape
        positions = draw_positions(n_past, len(ahead), n_paths, rng)
        filled = fill_gaps(self._innovations, rng)
        shifts = run_shifts(positions, filled, rng)
        parameters = rng.standard_normal((n_paths, self._means[0].root.shape[1], n_items))
        parameters = parameters @ self._parameter_factor.T
        points = [
            self.pooled.slow_points(item, years)
            for item, years in zip(self.items, self._years, strict=True)
        ]
        anchors = sorted({lead for own in points for lead, _ in own}) or [1.0]
        links = slow_links(anchors, ahead)
        slow = slow_units(
            correlation_factor(self.pooled, self.items),
            n_paths,
            self.pooled.degrees,
            rng,
            n_anchors=len(anchors),
        )
        design = _future_design(future, ahead)
        season = harmonics(future, 1)
        centre = np.stack([design @ m.coefficients + m.centre for m in self._means], axis=1)
        spread = np.stack([design @ m.root for m in self._means], axis=2)
        growth = np.stack([slow_growth(own, ahead) for own in points], axis=1)
        scale = np.stack([_scale(m.scale, season) for m in self._means], axis=1)
        growth32 = growth.astype(np.float32)
        low = np.log([m.floor for m in self._means])
        high = np.log([m.cap for m in self._means])
        for start in range(0, n_paths, _CHUNK):
            part = slice(start, min(start + _CHUNK, n_paths))
            driven = filled[positions[part]] + shifts[part]
            drawn = run_forward(driven, self._state, self._dependence)
            drawn *= scale.astype(np.float32)
            drawn += centre.astype(np.float32)
            drawn += np.einsum("dki,pki->pdi", spread, parameters[part]).astype(np.float32)
            drawn += np.einsum("dk,pki->pdi", links, slow[part]).astype(np.float32) * growth32
            np.clip(drawn, low, high, out=drawn)
            values[part] = np.exp(drawn[:, leads - 1])


def _past_design(
    days: NDArray[np.datetime64], item: str, prior: ItemPrior, use_step: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Columns of the mean over past days, with prior means and standard deviations."""
    years = (days - days[-1]).astype(np.float64) / _YEAR
    columns = [np.maximum(years, -_TREND_YEARS), np.ones(len(days))]
    means = [prior.trend[0], 0.0]
    sds = [prior.trend[1], 10.0]
    columns.extend(harmonics(days, HARMONICS).T)
    means.extend(prior.season[0])
    sds.extend(prior.season[1])
    columns.append(is_weekend(days).astype(np.float64))
    means.append(prior.weekend[0])
    sds.append(prior.weekend[1])
    if use_step:
        step = _BASIS_STEP[item in _GASES]
        # Zero after the change: the level is that of the present basis.
        columns.append(np.where(days < _BASIS_DAY, -1.0, 0.0))
        means.append(step[0])
        sds.append(step[1])
    for knot in np.arange(0.0, -years[0], _KNOT_YEARS):
        columns.append(-np.clip((-years - knot) / _KNOT_YEARS, 0.0, 1.0))
        means.append(0.0)
        sds.append(prior.level_sd * np.sqrt(_KNOT_YEARS))
    return np.stack(columns, axis=1), np.array(means), np.array(sds)


def _future_design(days: NDArray[np.datetime64], ahead: NDArray[np.int64]) -> NDArray[np.float64]:
    """Columns trend (damped), level, season, weekend of days ``ahead`` of the last reading."""
    years = ahead / _YEAR
    rate = -np.log(_DAMPING)
    damped = (1.0 - np.exp(-rate * years)) / rate
    return np.column_stack(
        [damped, np.ones(len(days)), harmonics(days, HARMONICS), is_weekend(days)]
    )


def _fit_item(
    days: NDArray[np.datetime64],
    values: NDArray[np.float64],
    item: str,
    prior: ItemPrior,
    inflation: float,
) -> tuple[_Mean, NDArray[np.float64]]:
    """Fit one item; returns its mean and its standardised residuals (NaN where missing)."""
    valid = np.isfinite(values)
    floor = _FLOOR * float(np.median(values[valid & (values > 0.0)]))
    logs = np.log(np.maximum(values, floor), where=valid, out=np.full(len(values), np.nan))
    centre = float(logs[valid].mean())
    before = int((valid & (days < _BASIS_DAY)).sum())
    after = int(valid.sum()) - before
    use_step = min(before, after) >= _BASIS_SIDE_DAYS
    design, means, sds = _past_design(days, item, prior, use_step)
    weights = 0.5 ** ((days[-1] - days).astype(np.float64) / _YEAR / _HALF_LIFE_YEARS)
    locked = (days >= _LOCKDOWN[0]) & (days <= _LOCKDOWN[1])
    weights[locked] *= _LOCKDOWN_WEIGHT
    x, y, w = design[valid], logs[valid] - centre, weights[valid]
    gram, moment = x.T @ (w[:, None] * x), x.T @ (w * y)
    precision = 1.0 / sds**2
    noise = prior.scale**2
    for _ in range(2):
        inverse = np.linalg.inv(gram / (noise * inflation) + np.diag(precision))
        beta = inverse @ (moment / (noise * inflation) + precision * means)
        error = y - x @ beta
        # A short record knows its scatter badly: the pooled scale counts as 20 days.
        noise = (float((w * error**2).sum()) + 20.0 * prior.scale**2) / (float(w.sum()) + 20.0)
        noise = max(noise, 1e-6)
    future = 2 + 2 * HARMONICS + 1
    covariance = inverse[:future, :future]
    eigen, vectors = np.linalg.eigh((covariance + covariance.T) / 2.0)
    scale = _fit_scale(harmonics(days, 1)[valid], error, w, prior)
    residuals = np.full(len(values), np.nan)
    residuals[valid] = error / _scale(scale, harmonics(days, 1)[valid])
    mean = _Mean(
        centre=centre,
        coefficients=beta[:future],
        root=vectors * np.sqrt(np.maximum(eigen, 0.0)),
        scale=scale,
        cap=_CAP * float(values[valid].max()),
        floor=floor,
    )
    return mean, residuals


def _fit_scale(
    season: NDArray[np.float64],
    error: NDArray[np.float64],
    weights: NDArray[np.float64],
    prior: ItemPrior,
) -> NDArray[np.float64]:
    """Log scale of the residual: constant, cos, sin; the last two shrunk to the pooled season."""
    size = np.log(np.maximum(np.abs(error), 1e-3))
    design = np.column_stack([np.ones(len(size)), season])
    # Variance of ln|z| is about 1.2; serial dependence leaves about a fifth of the days.
    penalty = np.diag([0.0, 1.0 / 0.1**2, 1.0 / 0.1**2])
    target = np.array([0.0, *prior.scale_season]) * np.diag(penalty)
    w = weights * 0.2 / 1.2
    beta = np.linalg.solve(
        design.T @ (w[:, None] * design) + penalty, design.T @ (w * size) + target
    )
    unit = error / np.exp(season @ beta[1:])
    beta[0] = 0.5 * np.log(max(float(np.average(unit**2, weights=weights)), 1e-6))
    fitted: NDArray[np.float64] = beta
    return fitted


def _scale(beta: NDArray[np.float64], season: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard deviation of the residual of ln C at the given place in the year."""
    scale: NDArray[np.float64] = np.exp(beta[0] + np.clip(season @ beta[1:], -1.0, 1.0))
    return scale


def _correlation_root(residuals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Factor of the correlation of residuals over items, from days on which all are present."""
    n_items = residuals.shape[1]
    whole = residuals[np.isfinite(residuals).all(axis=1)]
    if len(whole) < 30 or n_items == 1:
        return np.eye(n_items)
    covariance = np.cov(whole, rowvar=False) + 1e-6 * np.eye(n_items)
    sd = np.sqrt(np.diag(covariance))
    correlation = 0.95 * covariance / np.outer(sd, sd) + 0.05 * np.eye(n_items)
    root: NDArray[np.float64] = np.linalg.cholesky(correlation)
    return root
