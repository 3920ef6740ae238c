"""Air of the next seven days: departures carried on by regression, with past errors drawn whole.

ln C of a day is its mean (level, season, weekend, holidays: :mod:`forecast.models.air_mean`) plus
a scale times a departure. The departure at each lead is regressed on the last departures of all
items and on the item's own past month, by ridge towards figures pooled over many cities. What the
regression missed after past origins of the same season and of a like state, seven days and all items at
once, is added: so items, days and the length of an episode stay together.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.features.calendar import harmonics
from forecast.models.air_mean import Mean, fit_means, future_design, scale_of
from forecast.models.circumstances import Circumstances
from forecast.models.daily_record import DailyRecord, daily_record
from forecast.models.gaps import fill_gaps
from forecast.models.pooled import AirPooled, shipped_air
from forecast.models.residuals import dependence
from forecast.models.short_range_design import LEADS, origin_terms, targets_of
from forecast.models.short_range_pooled import ShortRangePooled, shipped_short_range
from forecast.models.short_range_weather import (
    SKILL,
    AheadEffect,
    no_effect,
    weather_ahead_effect,
)

__all__ = ["ShortRange", "ShortRangePaths", "departures_of"]

#: Origins count by their nearness in the season: standard deviation [days].
_SEASON_DAYS = 45.0
#: … and by the likeness of what was forecast: standard deviation [standard deviations].
_STATE = 0.7
#: Old errors count less: half after so many years.
_HALF_LIFE_YEARS = 5.0
#: The pooled errors count as so many past origins.
_POOLED_ORIGINS = 30.0
#: Beyond so many standard deviations a state is no more unlike.
_FARTHEST_STATE = 2.0
#: Smaller errors count as of this size on the log scale [standard deviations of a departure].
_LEAST_ERROR = 0.05
#: Variance of ln|z| of a normal z, and what is expected of the steepness.
_SIZE_VARIANCE, _STEEPNESS_SD = 1.2, 0.2
_YEAR = 365.25


@dataclass(frozen=True)
class ShortRangePaths:
    """Drawn days.

    Attributes:
        values: float32 (path, lead, item) [µg/m³, CO mg/m³].
        days: the seven days after the last reading.
        items: code of each column.
        weather: whether forecast weather was used, for each lead.
    """

    values: NDArray[np.float32]
    days: NDArray[np.datetime64]
    items: tuple[str, ...]
    weather: tuple[bool, ...]


@dataclass
class ShortRange:
    """Short-range model of one place.

    Args:
        pooled: figures of a panel of cities for the mean; those of the package by default.
        short: pooled figures of the regressions and their errors; those of the package by default.
        circumstances: spans that count less and breaks of the record.
        weather_skill: correlation of forecast and observed weather at each lead.

    Attributes:
        items: the items that had enough readings, after :meth:`fit`.
        last_day: the last day with a reading, after :meth:`fit`.
    """

    pooled: AirPooled = field(default_factory=shipped_air)
    short: ShortRangePooled = field(default_factory=shipped_short_range)
    circumstances: Circumstances = field(default_factory=Circumstances)
    weather_skill: tuple[float, ...] = SKILL

    name = "short_range"

    items: tuple[str, ...] = field(default=(), init=False)
    last_day: np.datetime64 | None = field(default=None, init=False)

    def fit(self, history: pd.DataFrame, weather: pd.DataFrame | None = None) -> Self:
        """Fit to daily readings of one place.

        Args:
            history: index of days (any order, gaps allowed), one column an item code [µg/m³, CO
                mg/m³], NaN where missing. An item with fewer than 60 readings is left out.
            weather: index of days, columns codes of weather items, of the past and of days ahead;
                those after the last reading are taken as forecast. None: no weather.

        Raises:
            ValueError: a day occurs twice.
        """
        record = daily_record(history)
        self.items, self.last_day = record.items, record.last_day
        if self.last_day is None or not self.items:
            return self
        self._means, departures = departures_of(record, self.pooled, self.circumstances)
        season = harmonics(record.days, 1)
        terms = origin_terms(departures, season)
        targets = targets_of(departures)
        weights = 0.5 ** ((record.days[-1] - record.days).astype(float) / _YEAR / _HALF_LIFE_YEARS)
        weights *= self.circumstances.weights(record.days, "pm25")
        beta = self.short.fit(self.items, terms, targets, weights)
        expected = (terms @ beta.transpose(1, 2, 0)).transpose(1, 2, 0)
        self._expected = expected[-1]
        errors = targets - expected
        self._effect: AheadEffect = no_effect(len(record.days), len(self.items))
        if weather is not None and len(weather):
            self._effect = weather_ahead_effect(
                record.days, terms, errors, weather, weights, skill=self.weather_skill
            )
            errors = errors - self._effect.taken
            self._expected = self._expected + self._effect.ahead
        # The state of an origin is what is expected of each day to come, with its weather.
        told = expected + self._effect.taken
        # Pooled errors are those of forecasts without weather.
        left = errors + self._effect.unknown(np.arange(len(errors))).reshape(errors.shape)
        self._narrowed = _size(left) / _size(targets - expected)
        steepness = _steepness(told, errors, weights)
        self._errors = errors * np.exp(-steepness * _bounded(told))
        self._spread = np.exp(steepness * _bounded(self._expected))
        self._days, self._weights = record.days, weights
        self._states = expected
        return self

    def sample(self, n_paths: int, rng: np.random.Generator) -> ShortRangePaths:
        """Draw the seven days after the last reading.

        Args:
            n_paths: number of paths.
            rng: random generator; the same state gives the same paths.
        """
        if self.last_day is None or not self.items:
            empty = np.zeros((n_paths, 0, 0), dtype=np.float32)
            return ShortRangePaths(empty, np.zeros(0, dtype="datetime64[D]"), (), ())
        ahead = np.arange(1, LEADS + 1)
        days = self.last_day + ahead
        errors = self._drawn_errors(n_paths, rng)
        design, season = future_design(days, ahead), harmonics(days, 1)
        logs = np.empty(errors.shape)
        for i, mean in enumerate(self._means):
            centre = design @ mean.coefficients + mean.centre
            unit = scale_of(mean.scale, season)
            logs[:, :, i] = centre + unit * (self._expected[:, i] + errors[:, :, i])
            logs[:, :, i] = np.clip(logs[:, :, i], np.log(mean.floor), np.log(mean.cap))
        values = np.exp(logs).astype(np.float32)
        return ShortRangePaths(values, days, self.items, self._effect.known)

    def _drawn_errors(self, n_paths: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Errors (path, lead, item): of past origins, and some of the pooled distribution."""
        whole = np.isfinite(self._errors).mean(axis=(1, 2)) > 0.8
        at = np.flatnonzero(whole)
        if len(at) < LEADS:
            return self.short.errors(self.items, n_paths, rng) * self._narrowed
        weights = self._likeness(at)
        effective = float(weights.sum() ** 2 / (weights**2).sum())
        share = _POOLED_ORIGINS / (_POOLED_ORIGINS + effective)
        table = self._errors[at].reshape(len(at), -1).astype(np.float32)
        filled = _filled(table, rng, at).astype(np.float64) + self._effect.unknown(at)
        # Evenly spaced draws: every origin comes as often as its weight says.
        steps = (rng.random() + np.arange(n_paths)) / n_paths
        drawn = np.searchsorted(np.cumsum(weights) / weights.sum(), steps).clip(max=len(at) - 1)
        shape = n_paths, LEADS, len(self.items)
        own: NDArray[np.float64] = filled[drawn].reshape(shape) * self._spread
        mixed = np.flatnonzero(rng.random(n_paths) < share)
        own[mixed] = self.short.errors(self.items, len(mixed), rng) * self._narrowed
        return own

    def _likeness(self, at: NDArray[np.int64]) -> NDArray[np.float64]:
        """Weight of each past origin: season, likeness of the state, age."""
        assert self.last_day is not None
        apart = (self.last_day - self._days[at]).astype(np.float64) % _YEAR
        apart = np.minimum(apart, _YEAR - apart)
        weights = np.exp(-0.5 * (apart / _SEASON_DAYS) ** 2) * self._weights[at]
        for item in ("pm25", "o3_8h"):
            if item in self.items:
                own = self._states[:, 0, self.items.index(item)]
                weights *= np.exp(-0.5 * ((own[at] - own[-1]) / _STATE) ** 2)
        least: NDArray[np.float64] = np.maximum(weights, 1e-9)
        return least


def _size(errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Root mean square over what is known, (lead, item); never 0."""
    known = np.isfinite(errors)
    total = np.where(known, errors, 0.0)
    found: NDArray[np.float64] = np.sqrt(
        ((total**2).sum(axis=0) + 1e-6) / np.maximum(known.sum(axis=0), 1)
    )
    return found


def _bounded(state: NDArray[np.float64]) -> NDArray[np.float64]:
    bounded: NDArray[np.float64] = np.clip(state, -_FARTHEST_STATE, _FARTHEST_STATE)
    return bounded


def _steepness(
    state: NDArray[np.float64], errors: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How the log of the size of an error changes with what was expected, shape (item,).

    Errors of departures are smaller on days expected to be foul than on clean ones: still air is
    surer to stay foul than wind to clean it.
    """
    known = np.isfinite(errors)
    w = np.where(known, weights[:, None, None], 0.0)
    size = np.log(np.maximum(np.abs(np.where(known, errors, 1.0)), _LEAST_ERROR))
    x = _bounded(state)
    total = np.maximum(w.sum(axis=0), 1e-9)
    x = x - (w * x).sum(axis=0) / total
    size = size - (w * size).sum(axis=0) / total
    both, own = (w * x * size).sum(axis=(0, 1)), (w * x * x).sum(axis=(0, 1))
    # Neighbouring rows and leads are alike: about one in ten is new.
    found: NDArray[np.float64] = both / (own + 10.0 * _SIZE_VARIANCE / _STEEPNESS_SD**2)
    return found


def departures_of(
    record: DailyRecord, pooled: AirPooled, circumstances: Circumstances
) -> tuple[list[Mean], NDArray[np.float64]]:
    """Mean of each item and standardised departures from it, (day, item)."""
    priors = tuple(map(pooled.prior, record.items))
    return fit_means(
        record.days, record.values, record.items, priors, dependence(priors).inflation,
        circumstances,
    )  # fmt: skip


def _filled(
    table: NDArray[np.float32], rng: np.random.Generator, days: NDArray[np.int64]
) -> NDArray[np.float32]:
    return table if np.isfinite(table).all() else fill_gaps(table, rng, steps=days)
