"""Sample paths: simulated futures of all items of one place, or of all sections of a region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["Model", "Paths"]


@dataclass(frozen=True)
class Paths:
    """Simulated values.

    Attributes:
        values: float32 of shape (path, time, column), on the scale of the readings [unit of item].
        times: datetime64[D] of shape (time,): days, or first days of months for water.
        items: item code of each column.
        places: place of each column, parallel to ``items``.
        model: name of the model that drew them.
    """

    values: NDArray[np.float32]
    times: NDArray[np.datetime64]
    items: tuple[str, ...]
    places: tuple[str, ...]
    model: str

    def __post_init__(self) -> None:
        expected = (len(self.times), len(self.items))
        if self.values.ndim != 3 or self.values.shape[1:] != expected:
            raise ValueError(
                f"values must have shape (path, {expected[0]}, {expected[1]}), got {self.values.shape}"
            )
        if len(self.places) != len(self.items):
            raise ValueError(f"{len(self.places)} places for {len(self.items)} items")


class Model(Protocol):
    """What every model of air offers: it is fitted once and draws paths from a passed generator.

    Attributes:
        name: its word in the configuration and in results.
        items: the items that had enough readings, after ``fit``.
        last_day: the last day with a reading, after ``fit``.
    """

    name: str
    items: tuple[str, ...]
    last_day: np.datetime64 | None

    def fit(self, history: pd.DataFrame) -> Self:
        """Fit to ``history``: index of days (or months), one column an item, NaN where missing."""
        ...

    def sample(self, days: NDArray[np.datetime64], n_paths: int, rng: np.random.Generator) -> Paths:
        """Draw ``n_paths`` futures for ``days``."""
        ...
