"""The surface: ln C, its standard deviation and C on a grid of flow and time, and between its points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.trend.wrtds.records import Flow, Samples
from forecast.trend.wrtds.regression import estimate
from forecast.trend.wrtds.settings import Settings
from forecast.trend.wrtds.windows import edges, slice_weights

__all__ = ["Grid", "LazySurface", "Surface"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Levels of ln flow, slices in a year, and how far the levels reach beyond the daily flows.
_LEVELS, _SLICES, _MARGIN = 14, 16, 0.05


@dataclass(frozen=True)
class Grid:
    """Where regressions are made: levels of ln flow (level,), decimal years (slice,)."""

    log_q: Floats
    year: Floats

    @classmethod
    def of(cls, flow: Flow) -> Grid:
        """14 levels over the range of the daily flows, 16 slices in each of their calendar years."""
        bottom, top = float(flow.log_q.min()) - _MARGIN, float(flow.log_q.max()) + _MARGIN
        step = (top - bottom) / (_LEVELS - 1)
        first, last = int(np.floor(flow.t.min())), int(np.ceil(flow.t.max()))
        years: Floats = first + np.arange((last - first) * _SLICES + 1, dtype=np.float64) / _SLICES
        levels: Floats = bottom + step * np.arange(_LEVELS, dtype=np.float64)
        return cls(levels, years)

    def level(self, log_q: Floats) -> tuple[Ints, Floats]:
        """The level below each flow and the share of the way to the next."""
        step = (self.log_q[-1] - self.log_q[0]) / (_LEVELS - 1)
        at = (log_q - self.log_q[0]) / step
        low = np.clip(np.floor(at).astype(np.int64), 0, _LEVELS - 2)
        return low, at - low

    def slice(self, t: Floats) -> tuple[Ints, Floats]:
        """The slice before each time and the share of the way to the next."""
        at = (t - self.year[0]) * _SLICES
        low = np.clip(np.floor(at).astype(np.int64), 0, len(self.year) - 2)
        return low, at - low


@dataclass(frozen=True)
class Surface:
    """The estimates on the grid, arrays of shape (level, slice).

    Attributes:
        log_q: ln flow of the levels [m³/s], (level,). year: decimal years of the slices, (slice,).
        y_hat: expected ln C. se: its standard deviation. conc: C = exp(y_hat + se²/2) [mg/L].
    """

    log_q: Floats
    year: Floats
    y_hat: Floats
    se: Floats
    conc: Floats

    def to_frame(self) -> pd.DataFrame:
        """One row a point: log_q, decimal_year, y_hat, se, conc, flow running faster than time."""
        return pd.DataFrame(
            {
                "log_q": np.tile(self.log_q, len(self.year)),
                "decimal_year": np.repeat(self.year, len(self.log_q)),
                "y_hat": self.y_hat.T.ravel(), "se": self.se.T.ravel(), "conc": self.conc.T.ravel(),
            }
        )  # fmt: skip


class LazySurface:
    """A surface whose time slices are fitted when they are first asked for, each once."""

    def __init__(self, samples: Samples, grid: Grid, settings: Settings) -> None:
        self.samples, self.grid, self.settings = samples, grid, settings
        self._record = edges(samples)
        shape = (3, len(grid.log_q), len(grid.year))
        self._values = np.full(shape, np.nan)
        self._known = np.zeros(len(grid.year), dtype=bool)

    def values(self, slices: Ints) -> Floats:
        """y_hat, se and conc, (3, level, slice) of the whole grid; fitted at least in ``slices``."""
        wanted = np.zeros(len(self._known), dtype=bool)
        wanted[slices] = True
        for at in np.flatnonzero(wanted & ~self._known):
            t = float(self.grid.year[at])
            weights = slice_weights(self.samples, t, self.grid.log_q, self.settings, self._record)
            y_hat, se = estimate(self.samples, t, self.grid.log_q, weights)
            self._values[:, :, at] = y_hat, se, np.exp(y_hat + 0.5 * se * se)
            self._known[at] = True
        return self._values

    def whole(self) -> Surface:
        """All slices."""
        y_hat, se, conc = self.values(np.arange(len(self.grid.year))).copy()
        return Surface(self.grid.log_q, self.grid.year, y_hat, se, conc)

    def at(self, log_q: Floats, t: Floats) -> Floats:
        """Bilinear interpolation of y_hat, se and conc at days, (3, day)."""
        level, up = self.grid.level(log_q)
        before, on = self.grid.slice(t)
        values = self.values(np.union1d(before, before + 1))
        early = values[:, level, before] * (1.0 - up) + values[:, level + 1, before] * up
        late = values[:, level, before + 1] * (1.0 - up) + values[:, level + 1, before + 1] * up
        return np.asarray(early * (1.0 - on) + late * on)

    def undetermined(self) -> int:
        """Points among the fitted ones whose likelihood has no maximum."""
        return int(np.isnan(self._values[0][:, self._known]).sum())
