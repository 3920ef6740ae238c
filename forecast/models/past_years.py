"""Past years as they were: the ensemble that every model has to beat.

A path is what followed the same date in one past year, all items together. Nothing is fitted:
no trend, no level, no present state. With K past years there are K different paths.
"""

from __future__ import annotations

from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.features.calendar import year_fraction
from forecast.models.daily_record import DailyRecord, check_ahead, daily_record
from forecast.models.paths import Paths

__all__ = ["PastYears"]


class PastYears:
    """Trajectories of past years, drawn jointly for all items.

    Each path follows one past year, every year equally often (up to rounding). A day k years
    back is the same calendar date, 28 February for a 29th. A path that reaches the end of the
    record, since more than a year is drawn, goes on a year earlier. A gap takes the reading of
    the same date of another past year, drawn at random; where no year has one, the reading of
    the item that is nearest in the season.

    Args:
        place: name of the place, kept in the paths.

    Attributes:
        name: ``"past_years"``.
        items: the items that had enough readings, after :meth:`fit`.
        last_day: the last day with a reading, after :meth:`fit`.
    """

    name = "past_years"

    def __init__(self, place: str = "") -> None:
        self.place = place
        self.items: tuple[str, ...] = ()
        self.last_day: np.datetime64 | None = None

    def fit(self, history: pd.DataFrame) -> Self:
        """Keep the readings of one place; see :func:`forecast.models.daily_record.daily_record`."""
        self._record: DailyRecord = daily_record(history)
        self.items, self.last_day = self._record.items, self._record.last_day
        return self

    def sample(self, days: NDArray[np.datetime64], n_paths: int, rng: np.random.Generator) -> Paths:
        """Draw paths for days after the last reading.

        Raises:
            ValueError: a day is not after the last reading.
        """
        times, leads = check_ahead(days, self.last_day)
        values = np.empty((n_paths, len(times), len(self.items)), dtype=np.float32)
        if self.last_day is not None and self.items and len(times):
            values[:] = self._follow(int(leads.max()), n_paths, rng)[:, leads - 1]
        return Paths(values, times, self.items, (self.place,) * len(self.items), self.name)

    def _follow(self, n_days: int, n_paths: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Readings that followed past years from the day after the last, (path, day, item)."""
        record, last = self._record, self._record.days[-1]
        ahead = last + np.arange(1, n_days + 1)
        years = 1
        while _earlier(ahead[:1], years + 1)[0] >= record.days[0]:
            years += 1
        members = np.stack([_member(record, ahead, k) for k in range(1, years + 1)])
        drawn = members[rng.permutation(np.resize(np.arange(years), n_paths))]
        present = np.isfinite(members).sum(axis=0)
        other = np.floor(rng.random(drawn.shape) * present).astype(np.int64)
        # Sorted, what is present comes first and can be drawn by number.
        instead = np.take_along_axis(np.sort(members, axis=0), other, axis=0)
        instead = np.where(present > 0, instead, _nearest_season(record, ahead))
        followed: NDArray[np.float64] = np.where(np.isfinite(drawn), drawn, instead)
        return followed


def _earlier(days: NDArray[np.datetime64], years: int) -> NDArray[np.datetime64]:
    """The same calendar dates ``years`` before; 28 February where there is no 29th."""
    months = days.astype("datetime64[M]")
    before = months - 12 * years
    moved = before.astype("datetime64[D]") + (days - months.astype("datetime64[D]"))
    end = (before + 1).astype("datetime64[D]") - 1
    earlier: NDArray[np.datetime64] = np.minimum(moved, end)
    return earlier


def _member(record: DailyRecord, ahead: NDArray[np.datetime64], years: int) -> NDArray[np.float64]:
    """Readings ``years`` before ``ahead``, or further back where that is not yet past."""
    first, last = record.days[0], record.days[-1]
    dates = _earlier(ahead, years)
    back = years
    while (dates > last).any():
        back += 1
        dates = np.where(dates > last, _earlier(ahead, back), dates)
    row = (dates - first).astype(np.int64)
    values = record.values[np.maximum(row, 0)]
    member: NDArray[np.float64] = np.where((row >= 0)[:, None], values, np.nan)
    return member


def _nearest_season(record: DailyRecord, ahead: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """The reading of each item nearest in the season to each day, shape (day, item)."""
    place = year_fraction(record.days)
    wanted = year_fraction(ahead)
    nearest = np.empty((len(ahead), len(record.items)))
    for i in range(len(record.items)):
        rows = np.flatnonzero(np.isfinite(record.values[:, i]))
        rows = rows[np.argsort(place[rows], kind="stable")]
        # The year is a circle: its first days lie beside its last ones.
        at = np.concatenate([place[rows[-1:]] - 1.0, place[rows], place[rows[:1]] + 1.0])
        ring = np.concatenate([rows[-1:], rows, rows[:1]])
        right = np.clip(np.searchsorted(at, wanted), 1, len(at) - 1)
        nearer = np.where(wanted - at[right - 1] <= at[right] - wanted, right - 1, right)
        nearest[:, i] = record.values[ring[nearer], i]
    return nearest
