"""Monthly classes of sections to come: all that is needed to draw them, for any part of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forecast.models.water_drawing import own_stream

__all__ = ["ClassAhead"]


@dataclass(frozen=True)
class ClassAhead:
    """Monthly classes of some sections, not yet drawn; a part of them draws the same paths.

    Attributes:
        places: sections.
        months: to draw, in order.
        stated: P(class = k), (place, month, class).
        common, lasting, serial: correlations of :class:`~forecast.models.water_ordinal.WaterOrdinal`.
        root_seed: of all random streams.
        n_paths: paths to draw.
    """

    places: tuple[str, ...]
    months: NDArray[np.datetime64]
    stated: NDArray[np.float64]
    common: float
    lasting: float
    serial: float
    root_seed: int
    n_paths: int

    def of(self, places: Collection[str]) -> ClassAhead:
        """The sections among ``places``."""
        at = [k for k, name in enumerate(self.places) if name in set(places)]
        return replace(self, places=tuple(self.places[k] for k in at), stated=self.stated[at])

    def draw(self) -> NDArray[np.int8]:
        """Classes 1 to 6, int8 (path, month, place): what all sections share is drawn once."""
        from scipy.special import ndtr

        shape = (self.n_paths, len(self.months))
        out = np.empty((*shape, len(self.places)), dtype=np.int8)
        shared = np.sqrt(self.common) * self._scores(own_stream(self.root_seed, "shared classes"))
        bounds = np.cumsum(self.stated, axis=2)[:, :, :-1]
        for k, place in enumerate(self.places):
            own = self._scores(own_stream(self.root_seed, "classes", place))
            u = ndtr(shared + np.sqrt(1.0 - self.common) * own)
            out[:, :, k] = 1 + (u[:, :, None] > bounds[k]).sum(axis=2)
        return out

    def _scores(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """Normal scores (path, month) with what lasts and what fades from month to month."""
        stays = rng.standard_normal(self.n_paths)
        moves = np.zeros(self.n_paths)
        out = np.empty((self.n_paths, len(self.months)))
        for m, month in enumerate(self.months):
            gap = int((month - self.months[m - 1]).astype(np.int64)) if m else 0
            phi = self.serial**gap if m else 0.0
            moves = phi * moves + np.sqrt(1.0 - phi**2) * rng.standard_normal(self.n_paths)
            out[:, m] = np.sqrt(self.lasting) * stays + np.sqrt(1.0 - self.lasting) * moves
        return out
