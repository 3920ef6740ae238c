"""What models that are fitted to one item at a time have in common: shape of days, and paths."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.features.calendar import harmonics, is_weekend
from forecast.models.daily_record import DailyRecord, check_ahead, daily_record
from forecast.models.paths import Paths
from forecast.models.pooled import HARMONICS

__all__ = ["ItemByItem", "Regressors"]

_YEAR = 365.25
#: With less than these years a trend, or a whole set of harmonics, can't be told from weather.
_TREND_FROM, _SEASON_FROM, _WAVE_FROM = 1.9, 0.95, 0.6
#: Logs that differ by less are one value: there is nothing to fit.
_CONSTANT = 1e-6


class Regressors:
    """Columns of the mean over days: 1, weekend, and trend and harmonics where the record allows.

    Under 1.9 years there is no trend, under 0.95 one harmonic instead of three, under 0.6 none.

    Args:
        days: days of the record, shape (day,).
        trend: whether a linear trend is wanted.
        constant: whether a column of ones is wanted.
    """

    def __init__(
        self, days: NDArray[np.datetime64], *, trend: bool = True, constant: bool = True
    ) -> None:
        years = len(days) / _YEAR
        self._last = days[-1]
        self._trend = trend and years >= _TREND_FROM
        self._constant = constant
        self._harmonics = HARMONICS if years >= _SEASON_FROM else int(years >= _WAVE_FROM)

    def columns(self, days: NDArray[np.datetime64]) -> NDArray[np.float64]:
        """The regressors of ``days``, shape (day, column); the trend counts years from the last."""
        parts = [is_weekend(days).astype(np.float64)[:, None], harmonics(days, self._harmonics)]
        if self._trend:
            parts.append(((days - self._last).astype(np.float64) / _YEAR)[:, None])
        if self._constant:
            parts.append(np.ones((len(days), 1)))
        return np.concatenate(parts, axis=1)


class ItemByItem(ABC):
    """A model on the log scale with one fit an item.

    An item that never changes is not given to the engine: its paths are that value.

    Args:
        place: name of the place, kept in the paths.

    Attributes:
        name: name of the model.
        items: the items that had enough readings, after :meth:`fit`.
        last_day: the last day with a reading, after :meth:`fit`.
    """

    name: str

    def __init__(self, place: str = "") -> None:
        self.place = place
        self.items: tuple[str, ...] = ()
        self.last_day: np.datetime64 | None = None

    def fit(self, history: pd.DataFrame) -> Self:
        """Fit each item to daily readings; see :func:`forecast.models.daily_record.daily_record`.

        Raises:
            UsageError: the library of the model is not installed.
            ValueError: a day occurs twice.
        """
        self._load()
        self._record: DailyRecord = daily_record(history)
        self.items, self.last_day = self._record.items, self._record.last_day
        logs = self._record.logs
        spread = np.array([np.nanmax(c) - np.nanmin(c) for c in logs.T])
        self._varying = np.flatnonzero(spread > _CONSTANT)
        self._level = np.array([np.nanmean(c) for c in logs.T])
        if len(self._varying):
            self._fit_logs(self._record.days, logs[:, self._varying])
        return self

    def sample(self, days: NDArray[np.datetime64], n_paths: int, rng: np.random.Generator) -> Paths:
        """Draw futures of all fitted items for days after the last reading.

        Args:
            days: days, any order, each after :attr:`last_day`.
            n_paths: number of paths.
            rng: random generator; the same state gives the same paths.

        Raises:
            ValueError: a day is not after the last reading.
        """
        times, leads = check_ahead(days, self.last_day)
        logs = np.empty((n_paths, len(times), len(self.items)))
        if self.last_day is not None and self.items and len(times):
            logs[:] = self._level
            if len(self._varying):
                ahead = self.last_day + np.arange(1, int(leads.max()) + 1)
                drawn = self._draw_logs(ahead, n_paths, rng)
                logs[:, :, self._varying] = drawn[:, leads - 1]
        return self._record.paths(logs, times, self.place, self.name)

    @abstractmethod
    def _load(self) -> None:
        """Import the library, so that its absence is said before any work."""

    @abstractmethod
    def _fit_logs(self, days: NDArray[np.datetime64], logs: NDArray[np.float64]) -> None:
        """Fit to logs (day, item), NaN where missing."""

    @abstractmethod
    def _draw_logs(
        self, ahead: NDArray[np.datetime64], n_paths: int, rng: np.random.Generator
    ) -> NDArray[np.floating]:
        """Logs (path, day, item) of all days after the record up to the last one wanted."""
