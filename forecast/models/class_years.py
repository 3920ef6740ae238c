"""How the class of a year follows from the classes of its months.

The class of a year is that of mean concentrations, not of mean classes: a section whose months lie
just within class III has a year of class III, one with a bad month among good ones may not. Where
only monthly classes can be drawn, the record tells how often each class came of a mean class.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.models.class_history import N_CLASSES, ClassHistory

__all__ = ["YearOfMonths"]

#: Step of the grid of mean classes, and the width within which means count as alike.
_STEP = 0.05
_ALIKE = 0.12
#: Cases that the class nearest to the mean counts for.
_NEAREST_CASES = 2.0
#: Months of a year whose mean tells how a year's class follows from its months.
_FEWEST_MONTHS = 6
#: Months that "no shift" counts for in a section's shift.
_SHIFT_CASES = 4.0


@dataclass(frozen=True)
class YearOfMonths:
    """P(class of a year) from the mean class of its months.

    Attributes:
        table: (mean on a grid from 1 to 6, class), rows sum to 1.
        shift: what is added to a section's mean before it is looked up, (place,): a section whose
            months lie near a limit has years better or worse than others of the same mean.
        now: the same from the last year of the record alone, so far.
        last_year: that year; None without a record.
    """

    table: NDArray[np.float64]
    shift: NDArray[np.float64]
    now: NDArray[np.float64]
    last_year: int | None

    @classmethod
    def of(cls, history: ClassHistory) -> Self:
        """Learn it from months and the classes of the years so far they make."""
        grid = np.arange(1.0, N_CLASSES + _STEP / 2, _STEP)
        nearest = np.floor(grid + 0.5).astype(np.int64).clip(1, N_CLASSES)
        table = _NEAREST_CASES * np.eye(N_CLASSES)[nearest - 1]
        nothing = np.zeros(len(history.places))
        if not len(history.months):
            return cls(table / _NEAREST_CASES, nothing, nothing, None)
        year = history.months.astype("datetime64[Y]").astype(np.int64) + 1970
        total = pd.DataFrame(history.monthly.astype(np.float64)).groupby(year).cumsum().to_numpy()
        mean = total / np.maximum(history.n_running, 1)
        some = (history.n_running >= _FEWEST_MONTHS) & (history.running > 0)
        came = history.running[some].astype(np.int64)
        weight = np.exp(-0.5 * (np.subtract.outer(grid, mean[some]) / _ALIKE) ** 2)
        table += weight @ np.eye(N_CLASSES)[came - 1]
        table /= table.sum(axis=1, keepdims=True)
        usual = np.interp(mean, grid, table @ np.arange(1.0, N_CLASSES + 1.0))
        off = np.where(history.running > 0, history.running - usual, 0.0)
        shift = np.where(some, off, 0.0).sum(axis=0) / (some.sum(axis=0) + _SHIFT_CASES)
        return cls(table, shift, off[-1], int(year[-1]))

    def draw(
        self,
        mean: NDArray[np.float64],
        year: int,
        months_over: NDArray[np.float64],
        rng: np.random.Generator,
    ) -> NDArray[np.int8]:
        """Draw classes of ``year`` from mean classes (path, place), int8 (path, place).

        ``months_over`` (place,) of its twelve months are observed; they tell best how the class of
        this very year follows from them.
        """
        part = months_over / 12.0 if year == self.last_year else np.zeros(len(self.shift))
        shifted = mean + (1.0 - part) * self.shift + part * self.now
        at = np.rint((np.clip(shifted, 1.0, N_CLASSES) - 1.0) / _STEP).astype(np.int64)
        bounds = np.cumsum(self.table, axis=1)[at][..., :-1]
        drawn = 1 + (rng.random(mean.shape)[..., None] > bounds).sum(axis=-1)
        return np.asarray(drawn, dtype=np.int8)
