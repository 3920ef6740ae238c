"""Breaks of a section's record that a user declares: a relocation, a new method, a new plant.

Values before a break say nothing of the level after it; they are kept for the season. They are
never dropped and never a trend.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Wall", "spans_of"]


@dataclass(frozen=True)
class Wall:
    """A day from which on the level of a section is another one.

    Attributes:
        day: the first day of the new footing.
        places: sections it holds for; empty for all.
        items: item codes it holds for; empty for all.
    """

    day: np.datetime64
    places: tuple[str, ...] = ()
    items: tuple[str, ...] = ()

    def holds_for(self, place: str, item: str) -> bool:
        """Whether it is a break of ``item`` at ``place``."""
        return (not self.places or place in self.places) and (not self.items or item in self.items)

    @property
    def month(self) -> np.datetime64:
        """First month of the new footing: that of :attr:`day`, or the next after the 15th."""
        day = self.day.astype("datetime64[D]")
        month = day.astype("datetime64[M]")
        late = (day - month.astype("datetime64[D]")) >= np.timedelta64(15, "D")
        return np.datetime64(month + 1 if late else month, "M")


def spans_of(
    walls: Sequence[Wall], columns: Sequence[tuple[str, str]], months: NDArray[np.datetime64]
) -> NDArray[np.int64]:
    """Number of breaks before each month, shape (column, month).

    >>> wall = Wall(np.datetime64("2020-03-20"), places=("A",))
    >>> months = np.arange("2020-02", "2020-06", dtype="datetime64[M]")
    >>> spans_of([wall], [("A", "tp"), ("B", "tp")], months).tolist()
    [[0, 0, 1, 1], [0, 0, 0, 0]]
    """
    wanted = months.astype("datetime64[M]")
    spans = np.zeros((len(columns), len(wanted)), dtype=np.int64)
    for i, (place, item) in enumerate(columns):
        for wall in walls:
            if wall.holds_for(place, item):
                spans[i] += wanted >= wall.month
    return spans
