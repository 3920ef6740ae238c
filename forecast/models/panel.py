"""The plain panel model: harmonics, shrunk trend, AR(1) and a slow error, all places at once.

The equations are in :mod:`forecast.models.panel_fit`. A path adds to the mean

- an AR(1) residual that starts from the present state and is driven by innovations of past dates
  within 45 days of the season, one date for all items of the place, and
- one slow error for the whole path, t-distributed and correlated over items. Its variance is the
  mean square of the model's own past year-ahead errors less what AR(1) explains of them, over
  all places and up to three yearly origins, with pooled figures counting as 20 such errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.models.daily_record import check_ahead
from forecast.models.gaps import fill_gaps
from forecast.models.panel_batch import PanelBatch, fit_batch
from forecast.models.panel_figures import PanelFigures
from forecast.models.panel_fit import panel_design, scale_of
from forecast.models.paths import Paths
from forecast.models.pooled import AirPooled, shipped_air
from forecast.models.slow_error import correlation_factor, slow_growth, slow_units

__all__ = ["PanelModel", "fit_panel", "season_positions"]

#: Past dates lie within so many days of the season.
_WINDOW = 45
#: Middles of the first and the second year ahead [days], where the slow error is known.
_FIRST_YEAR, _SECOND_YEAR = 183.0, 548.0
_YEAR = 365.25
_CHUNK = 250


@dataclass(frozen=True)
class _Fitted:
    """One place's part of a batch; arrays over items last."""

    end: np.datetime64
    coefficients: NDArray[np.float64]
    scale: NDArray[np.float64]
    phi: NDArray[np.float64]
    state: NDArray[np.float64]
    innovations: NDArray[np.float32]
    tau: NDArray[np.float64]
    limits: NDArray[np.float64]


class PanelModel:
    """Plain panel model of one place.

    Args:
        place: name of the place, kept in the paths.
        pooled: correlation and tails of the slow error, and how long the pooled trend is believed.
        figures: pooled trend, shrinkage and slow error; those of the package by default.
        slow: whether paths get their slow error; without it they are too narrow.

    Attributes:
        name: ``"panel"``.
        items: the items that had enough readings, after :meth:`fit`.
        last_day: the last day with a reading, after :meth:`fit`.
    """

    name = "panel"

    def __init__(
        self,
        place: str = "",
        *,
        pooled: AirPooled | None = None,
        figures: PanelFigures | None = None,
        slow: bool = True,
    ) -> None:
        self.place = place
        self.pooled = pooled if pooled is not None else shipped_air()
        self.figures = figures
        self.slow = slow
        self.items: tuple[str, ...] = ()
        self.last_day: np.datetime64 | None = None

    def fit(self, history: pd.DataFrame) -> Self:
        """Fit to one place alone; what one place can't tell comes from the pooled figures.

        Args:
            history: index of days (any order, gaps allowed), one column an item code [µg/m³, CO
                mg/m³], NaN where missing; see :func:`forecast.models.daily_record.daily_record`.

        Raises:
            ValueError: a day occurs twice.
        """
        batch = fit_batch({self.place: history}, pooled=self.pooled, figures=self.figures)
        return self.adopt(batch)

    def adopt(self, batch: PanelBatch) -> Self:
        """Take this place's part of a batch that was fitted to many."""
        place = batch.places[self.place]
        self.items, self.last_day = place.items, place.last_day
        if not self.items:
            return self
        columns = place.columns
        self._fitted = _Fitted(
            end=batch.end,
            coefficients=batch.coefficients[:, columns],
            scale=batch.scale[:, columns],
            phi=batch.phi[columns],
            state=place.state,
            innovations=place.innovations,
            tau=np.array([batch.tau[item] for item in self.items]),
            limits=place.limits,
        )
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
        values = np.empty((n_paths, len(times), len(self.items)), dtype=np.float32)
        if self.last_day is not None and self.items and len(times):
            self._fill(values, self.last_day, leads, rng)
        return Paths(values, times, self.items, (self.place,) * len(self.items), self.name)

    def _fill(
        self,
        values: NDArray[np.float32],
        last_day: np.datetime64,
        leads: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> None:
        """Write the paths into ``values``, in chunks so that memory stays small."""
        fitted, n_paths = self._fitted, len(values)
        ahead = np.arange(1, int(leads.max()) + 1)
        design = panel_design(last_day + ahead, fitted.end)
        mean = (design @ fitted.coefficients).astype(np.float32)
        scale = scale_of(fitted.scale, design).astype(np.float32)
        past = fill_gaps(fitted.innovations, rng, window=_WINDOW)
        # Every day draws a date of its own, the same for all items.
        positions = season_positions(len(past), len(ahead), n_paths, rng)
        # Drawn in any case, so that the other draws are the same with and without.
        factor = correlation_factor(self.pooled, self.items)
        units = slow_units(factor, n_paths, self.pooled.degrees, rng)[:, 0].astype(np.float32)
        points = [((_FIRST_YEAR, one), (_SECOND_YEAR, two)) for one, two in fitted.tau]
        growth = np.stack([slow_growth(own, ahead) for own in points], axis=1)
        growth = (growth * self.slow).astype(np.float32)
        low, high = fitted.limits.astype(np.float32)
        phi = fitted.phi.astype(np.float32)[:, None]
        state = fitted.state.astype(np.float32)[:, None]
        for start in range(0, n_paths, _CHUNK):
            part = slice(start, min(start + _CHUNK, n_paths))
            # Paths last: what differs by day and item is then one number for a whole row.
            chosen = positions[:, part]
            drawn = np.stack([np.take(own, chosen) for own in past.T], axis=1)
            unit = np.broadcast_to(state, drawn[0].shape)
            for residual in drawn:
                residual += phi * unit
                unit = residual
            drawn *= scale[:, :, None]
            drawn += mean[:, :, None]
            drawn += growth[:, :, None] * units[part].T
            np.clip(drawn, low[:, None], high[:, None], out=drawn)
            np.exp(drawn, out=drawn)
            values[part] = drawn[leads - 1].transpose(2, 0, 1)


def season_positions(
    n_past: int, n_future: int, n_paths: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Past days, each within 45 days of the season of a future day, each equally likely.

    Args:
        n_past: days of the record, the last being the day before the first to draw.
        n_future: days to draw.
        n_paths: number of paths.
        rng: random generator.

    Returns:
        Indices into the record, shape (day, path). Where the record has no such day any will do.
    """
    ahead = np.arange(n_past, n_past + n_future)
    apart = np.abs(np.remainder(ahead[:, None] - np.arange(n_past) + _YEAR / 2, _YEAR) - _YEAR / 2)
    near = apart <= _WINDOW
    near |= ~near.any(axis=1, keepdims=True)
    rows = np.nonzero(near)[1]
    count = near.sum(axis=1)
    first = np.cumsum(count) - count
    drawn = np.floor(rng.random((n_future, n_paths)) * count[:, None]).astype(np.int64)
    positions: NDArray[np.int64] = rows[first[:, None] + drawn]
    return positions


def fit_panel(
    histories: Mapping[str, pd.DataFrame],
    *,
    regions: Mapping[str, str] | None = None,
    pooled: AirPooled | None = None,
    figures: PanelFigures | None = None,
    slow: bool = True,
) -> dict[str, PanelModel]:
    """Fit all places in one batch of arrays: slopes and slow error come from the panel itself.

    Args:
        histories: place to daily readings, as for :meth:`PanelModel.fit`.
        regions: place to region; slopes are shrunk to the region's mean, and that to the mean of
            all. Without it all places are one region.
        pooled: correlation and tails of the slow error, and how long the pooled trend is believed.
        figures: pooled figures, which count as a few more places; the package's by default.
        slow: whether paths get their slow error.

    Returns:
        A fitted model of each place, in the order of ``histories``.
    """
    batch = fit_batch(histories, regions=regions, pooled=pooled, figures=figures)
    return {
        place: PanelModel(place, pooled=pooled, figures=figures, slow=slow).adopt(batch)
        for place in histories
    }
