"""What a package of measures takes away, day by day: the interface between measures and responses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from forecast.errors import InputError
from forecast.scenario.pollutants import POLLUTANTS, SECTORS

__all__ = ["PollutantCuts", "Scope", "unchanged"]

#: Where the measures act: in the controlled area only, or in the whole region around it.
Scope = Literal["city", "region"]


@dataclass(frozen=True)
class PollutantCuts:
    """Cuts of emissions on each day, for each draw of the uncertain inventory and compliance.

    Attributes:
        days: ``(day,)`` datetime64[D], ascending, each once.
        values: ``(draw, day, pollutant)`` float64 in the order of ``POLLUTANTS``: fraction of the
            total projected emission of that pollutant in the controlled area that is cut [1];
            0 unchanged (exactly 0.0), 1 nothing left, below 0 growth.
        scope: ``city``: only the controlled area cuts; ``region``: the area around it as well.
        sectors: sector → ``(draw, day)`` cut fraction of that sector where all its pollutants fall
            alike, for responses that know sectors only; empty otherwise.
        sectors_only: True where there is no inventory: ``values`` then come from the cuts of sectors
            and the sectors' national shares of each pollutant, which are rough.
    """

    days: NDArray[np.datetime64]
    values: NDArray[np.float64]
    scope: Scope
    sectors: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    sectors_only: bool = False

    def __post_init__(self) -> None:
        if self.values.ndim != 3 or self.values.shape[1:] != (len(self.days), len(POLLUTANTS)):
            raise InputError(
                f"The cuts have shape {self.values.shape}, expected (draw, {len(self.days)}, "
                f"{len(POLLUTANTS)}).",
                "Give one value for each draw, day and pollutant.",
            )
        if len(self.days) > 1 and not (np.diff(self.days) > np.timedelta64(0, "D")).all():
            raise InputError("The days of the cuts are not in order.", "Sort them, each day once.")
        largest = float(self.values.max(initial=0.0))
        if not (
            np.isfinite(largest) and largest <= 1.0 and np.isfinite(self.values.min(initial=0.0))
        ):
            raise InputError(
                "A cut is not a number, or above 100 % of the emission.",
                "Cuts are fractions of the emission, at most 1.",
            )
        for sector, cut in self.sectors.items():
            if sector not in SECTORS or cut.shape != self.values.shape[:2]:
                raise InputError(
                    f"The cut of sector {sector} has shape {cut.shape} or is of no known sector.",
                    f"Sectors are {', '.join(SECTORS)}; the shape is (draw, day).",
                )

    @property
    def n(self) -> int:
        """Number of draws."""
        return int(self.values.shape[0])

    def of(self, pollutant: str) -> NDArray[np.float64]:
        """Return the cut fraction of one pollutant, ``(draw, day)`` [1]."""
        return self.values[:, :, POLLUTANTS.index(pollutant)]

    @property
    def first_day(self) -> np.datetime64 | None:
        """First day on which any draw is changed; None where nothing is."""
        moved = (self.values != 0.0).any(axis=(0, 2))
        for cut in self.sectors.values():
            moved |= (cut != 0.0).any(axis=0)
        changed = np.flatnonzero(moved)
        return None if changed.size == 0 else self.days[changed[0]]


def unchanged(days: NDArray[np.datetime64], n: int, scope: Scope = "city") -> PollutantCuts:
    """Return ``n`` draws of no cut at all.

    >>> days = np.arange("2025-01-01", "2025-01-04", dtype="datetime64[D]")
    >>> unchanged(days, 2).first_day is None
    True
    """
    return PollutantCuts(days, np.zeros((n, len(days), len(POLLUTANTS))), scope)
