"""scikit-learn gradient boosting: the log of each day to come directly, for all places at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.features.calendar import harmonics, is_weekend, year_fraction
from forecast.models.daily_record import DailyRecord, check_ahead, daily_record, library
from forecast.models.paths import Paths

__all__ = ["Boosting", "fit_boosting"]

Floats = NDArray[np.float64]

_YEAR = 365.25
#: A reading of some days is needed for a level, and so many days before the first origin.
_FEWEST = 30
#: Training origins lie so far apart [days]; with many places further, for ``_MOST_ROWS`` rows.
_STEP = 15
_MOST_ROWS = 300_000
#: Leads of each training origin: one in each of so many parts of the first and the second year.
_FIRST_YEAR_LEADS, _SECOND_YEAR_LEADS = 24, 6
#: The same season of a past year is the mean of so many days to each side.
_SEASON_SIDE = 15
#: Past error trajectories start so many days from the season of the origin.
_SHIFTS = (-20, -10, 0, 10, 20)
_ITEM_COLUMN = 0


class Boosting:
    """Direct forecasts of ln C by histogram gradient boosting, with past error trajectories.

    One regression tree ensemble answers for all items, leads and (with :func:`fit_boosting`)
    places. It is asked for ln C of the day less the level of the last year, and knows: item,
    place in the year, weekend, lead, levels of the last 30 and 90 days, and the same season of
    the last two years that are known, each less the level of the last year.

    A path is the forecast plus what it was wrong by from one past origin of the same season, day
    by day and for all items together. Those errors are of years the trees have seen: they are
    a little too small and too short-lived, and their mean over a year is far too small until the
    slow error is added.

    Args:
        place: name of the place, kept in the paths.

    Attributes:
        name: ``"hgb"``.
        items: the items that had enough readings, after :meth:`fit`.
        last_day: the last day with a reading, after :meth:`fit`.
    """

    name = "hgb"

    def __init__(self, place: str = "") -> None:
        self.place = place
        self.items: tuple[str, ...] = ()
        self.last_day: np.datetime64 | None = None

    def fit(self, history: pd.DataFrame) -> Self:
        """Fit to one place alone; see :func:`forecast.models.daily_record.daily_record`.

        Raises:
            UsageError: scikit-learn is not installed.
            ValueError: a day occurs twice.
        """
        record = daily_record(history)
        return self.adopt(record, *_train([record], self.name))

    def adopt(self, record: DailyRecord, trees: _Trees | None, codes: Mapping[str, int]) -> Self:
        """Take over trees that were trained on this record and others."""
        self._table = _Table(record, codes)
        self._record, self._trees = record, trees
        self.items, self.last_day = record.items, record.last_day
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
        if self.items and len(times):
            ahead = np.arange(1, int(leads.max()) + 1)
            last = len(self._record.days) - 1
            mean = self._predict(np.array([last]), ahead)[0]
            errors = self._errors(ahead, rng)
            # Each past trajectory equally often, up to rounding.
            taken = rng.permutation(np.resize(np.arange(len(errors)), n_paths))
            logs[:] = (mean + errors[taken])[:, leads - 1]
        return self._record.paths(logs, times, self.place, self.name)

    def _predict(self, origins: NDArray[np.int64], leads: NDArray[np.int64]) -> Floats:
        """Expected ln C, shape (origin, lead, item)."""
        columns, base = self._table.features(origins, leads)
        assert self._trees is not None
        found = self._trees.predict(columns.reshape(-1, columns.shape[-1]))
        predicted: Floats = found.reshape(base.shape) + base
        return predicted

    def _errors(self, leads: NDArray[np.int64], rng: np.random.Generator) -> Floats:
        """Past error trajectories without gaps, shape (trajectory, lead, item)."""
        origins = _past_origins(len(self._record.days))
        rows = origins[:, None] + leads
        inside = rows < len(self._record.days)
        truth = self._table.logs[np.minimum(rows, len(self._record.days) - 1)]
        errors = np.where(inside[:, :, None], truth - self._predict(origins, leads), np.nan)
        present = np.isfinite(errors).sum(axis=0)
        other = np.floor(rng.random(errors.shape) * present).astype(np.int64)
        # Sorted, what is present comes first and can be drawn by number.
        same_lead = np.take_along_axis(np.sort(errors, axis=0), other, axis=0)
        any_lead = np.zeros_like(errors)
        for i in range(errors.shape[2]):
            known = errors[:, :, i][np.isfinite(errors[:, :, i])]
            if len(known):
                any_lead[:, :, i] = rng.choice(known, size=errors.shape[:2])
        filled = np.where(np.isfinite(errors), errors, same_lead)
        return np.where(np.isfinite(filled), filled, any_lead)


def fit_boosting(histories: Mapping[str, pd.DataFrame]) -> dict[str, Boosting]:
    """Train one ensemble of trees on all places.

    Args:
        histories: place to daily readings, as for :meth:`Boosting.fit`.

    Raises:
        UsageError: scikit-learn is not installed.
    """
    records = {place: daily_record(history) for place, history in histories.items()}
    trees, codes = _train(list(records.values()), Boosting.name)
    return {place: Boosting(place).adopt(record, trees, codes) for place, record in records.items()}


@dataclass(frozen=True)
class _Trees:
    """Trained trees and which columns they take."""

    engine: Any
    used: NDArray[np.bool_]

    def predict(self, columns: Floats) -> Floats:
        predicted: Floats = self.engine.predict(columns[:, self.used])
        return predicted


class _Table:
    """What is known at any origin of one record, from running sums of its logs."""

    def __init__(self, record: DailyRecord, codes: Mapping[str, int]) -> None:
        self.logs = record.logs
        self._days = record.days
        self._codes = np.array([codes[item] for item in record.items], dtype=np.float64)
        seen = np.isfinite(self.logs)
        start = np.zeros((1, len(record.items)))
        self._sum = np.vstack([start, np.where(seen, self.logs, 0.0).cumsum(axis=0)])
        self._count = np.vstack([start, seen.cumsum(axis=0)])

    def features(
        self, origins: NDArray[np.int64], leads: NDArray[np.int64]
    ) -> tuple[Floats, Floats]:
        """Columns of the trees, shape (origin, lead, item, column), and the level they are less."""
        n = (len(origins), leads.shape[-1], len(self._codes))
        ahead = np.broadcast_to(leads, n[:2])
        last_year = self._level(origins, 365)
        # A young record has no level of a year: all of it, however short.
        base = np.where(
            np.isfinite(last_year), last_year, self._mean(np.zeros_like(origins), origins)
        )
        base = base[:, None, :]
        target = origins[:, None] + ahead
        dates = (self._days[0] + target).ravel()
        calendar = np.column_stack(
            [year_fraction(dates), harmonics(dates, 1), is_weekend(dates)]
        ).reshape(*n[:2], 1, 4)
        years = np.ceil((ahead + _SEASON_SIDE) / _YEAR)
        seasons = []
        for back in (years, years + 1):
            middle = target - np.rint(back * _YEAR).astype(np.int64)
            seasons.append(self._mean(middle - _SEASON_SIDE, middle + _SEASON_SIDE) - base)
        levels = [self._level(origins, days)[:, None, :] - base for days in (30, 90)]
        columns = [
            np.broadcast_to(self._codes, n),
            *(np.broadcast_to(calendar[..., k], n) for k in range(4)),
            np.broadcast_to(np.minimum(ahead, 730)[:, :, None], n),
            *(np.broadcast_to(level, n) for level in levels),
            *seasons,
        ]
        return np.stack(columns, axis=-1), np.broadcast_to(base, n)

    def _level(self, origins: NDArray[np.int64], days: int) -> Floats:
        return self._mean(origins - days + 1, origins, fewest=max(days // 3, 10))

    def _mean(
        self, first: NDArray[np.int64], last: NDArray[np.int64], *, fewest: int = 10
    ) -> Floats:
        """Mean log of rows ``first`` to ``last``, both included; NaN with too few readings."""
        low = np.clip(first, 0, len(self.logs))
        high = np.clip(last + 1, 0, len(self.logs))
        count = self._count[high] - self._count[low]
        total = self._sum[high] - self._sum[low]
        return np.where(count >= fewest, total / np.maximum(count, 1.0), np.nan)


def _past_origins(n_days: int) -> NDArray[np.int64]:
    """Origins whose errors are taken: the season of the last day in past years, or any."""
    last = n_days - 1
    years = np.arange(1, max(int(last / _YEAR), 0) + 1)
    seasons = last - np.rint(years * _YEAR).astype(np.int64)
    origins: NDArray[np.int64] = (seasons[:, None] + np.array(_SHIFTS)).ravel()
    origins = origins[origins >= _FEWEST]
    if not len(origins):
        origins = np.arange(min(_FEWEST, last - 1), last, _STEP)
    return origins


def _train(records: Sequence[DailyRecord], name: str) -> tuple[_Trees | None, dict[str, int]]:
    """Trees trained on all records, and the code of each item."""
    engine = library("sklearn.ensemble", name).HistGradientBoostingRegressor
    limits = library("threadpoolctl", name).threadpool_limits
    codes = {item: k for k, item in enumerate(dict.fromkeys(i for r in records for i in r.items))}
    if not codes:
        return None, codes
    n_leads = _FIRST_YEAR_LEADS + _SECOND_YEAR_LEADS
    expected = sum(len(r.days) * len(r.items) * n_leads / _STEP for r in records)
    step = _STEP * max(1, int(np.ceil(expected / _MOST_ROWS)))
    columns: list[Floats] = []
    targets: list[Floats] = []
    for record in records:
        if len(record.days) < _FEWEST + 2 or not record.items:
            continue
        origins = np.arange(_FEWEST, len(record.days) - 1, step)
        leads = _training_leads(len(origins))
        known = _Table(record, codes)
        found, base = known.features(origins, leads)
        rows = origins[:, None] + leads
        inside = rows < len(record.days)
        truth = known.logs[np.minimum(rows, len(record.days) - 1)]
        wanted = np.where(inside[:, :, None], truth - base, np.nan)
        usable = np.isfinite(wanted)
        columns.append(found[usable])
        targets.append(wanted[usable])
    trees = engine(
        learning_rate=0.05, max_iter=200, max_leaf_nodes=15, min_samples_leaf=40,
        l2_regularization=1.0, early_stopping=False, random_state=0,
        categorical_features=[_ITEM_COLUMN],
    )  # fmt: skip
    # Sums over several threads differ in their last digits: one thread gives the same trees.
    table = np.concatenate(columns)
    used = np.array([_varies(column) for column in table.T])
    used[_ITEM_COLUMN] = True
    with limits(1):
        trees.fit(table[:, used], np.concatenate(targets))
    return _Trees(trees, used), codes


def _varies(column: Floats) -> bool:
    """Whether a column says anything: the engine stops at one that is missing altogether."""
    known = column[np.isfinite(column)]
    return len(known) > 0 and bool(known.min() < known.max())


def _training_leads(n_origins: int) -> NDArray[np.int64]:
    """Leads of each training origin, shape (origin, lead): one in each part, moving on."""
    # Multiples of the golden ratio fill the unit interval evenly.
    moved = (np.arange(n_origins) * 0.6180339887) % 1.0
    parts = []
    for n, first in ((_FIRST_YEAR_LEADS, 1), (_SECOND_YEAR_LEADS, 366)):
        parts.append(first + np.floor((np.arange(n) + moved[:, None]) * 365 / n))
    return np.concatenate(parts, axis=1).astype(np.int64)
