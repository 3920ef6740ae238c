"""Months ahead of fitted sections: all that is needed to draw them, for any part of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forecast.models.paths import Paths
from forecast.models.water_drawing import (
    Shared,
    blended,
    driven,
    own_stream,
    shared_draws,
    whole_table,
)
from forecast.models.water_hydrology import effects_of
from forecast.models.water_process import season_of
from forecast.models.water_scale import ItemScale

__all__ = ["Effects", "WaterAhead"]

#: Series of a block that is drawn at once, at least.
_BLOCK = 60


@dataclass(frozen=True)
class Effects:
    """Effects of one kind of hydrology on some series.

    Attributes:
        kind: ``flow`` or ``proxy``.
        columns: the series.
        mean, half: of the effects, and a root of their variance, (series, effect),
            (series, effect, effect).
        departures: of the record, (month, series, quantity).
    """

    kind: str
    columns: NDArray[np.int64]
    mean: NDArray[np.float64]
    half: NDArray[np.float64]
    departures: NDArray[np.float64]


@dataclass(frozen=True)
class WaterAhead:
    """Months ahead of some series, not yet drawn; a part of them draws the same paths.

    Attributes:
        columns: (place, item) of the series.
        last: last month of the record.
        leads: months after it that are wanted.
        mean, root: of all months up to the last lead, (series, month), (series, month, month).
        degrees: of freedom of the scatter, (series,).
        innovations: of the record, (month, series).
        effects: of hydrology, for the series that have any.
        scale: back to the readings.
        below: limit of detection in force, 0 without one, (series,).
        root_seed: of all random streams.
        n_paths: paths to draw.
        model: name of the model.
    """

    columns: tuple[tuple[str, str], ...]
    last: np.datetime64
    leads: NDArray[np.int64]
    mean: NDArray[np.float32]
    root: NDArray[np.float32]
    degrees: NDArray[np.float64]
    innovations: NDArray[np.float64]
    effects: tuple[Effects, ...]
    scale: ItemScale
    below: NDArray[np.float32]
    root_seed: int
    n_paths: int
    model: str

    @property
    def times(self) -> NDArray[np.datetime64]:
        """First days of the months that are drawn."""
        return (self.last + self.leads).astype("datetime64[D]")

    def of(self, places: Collection[str]) -> WaterAhead:
        """The series of some places."""
        wanted = set(places)
        return self._part(np.array([p in wanted for p, _ in self.columns], dtype=bool))

    def _part(self, some: NDArray[np.bool_]) -> WaterAhead:
        at = np.flatnonzero(some)
        place = np.cumsum(some) - 1
        effects = []
        for e in self.effects:
            own = some[e.columns]
            if own.any():
                effects.append(
                    Effects(
                        e.kind, place[e.columns[own]], e.mean[own], e.half[own],
                        e.departures[:, own],
                    )
                )  # fmt: skip
        return replace(
            self, columns=tuple(self.columns[i] for i in at), mean=self.mean[at],
            root=self.root[at], degrees=self.degrees[at], innovations=self.innovations[:, at],
            effects=tuple(effects), scale=self.scale.part(at), below=self.below[at],
        )  # fmt: skip

    def draw(self) -> Paths:
        """Draw the paths; what is drawn of a series does not depend on the others."""
        n_series = len(self.columns)
        values = np.empty((n_series, len(self.leads), self.n_paths), dtype=np.float32)
        if n_series and len(self.leads):
            shared = shared_draws(
                self.root_seed, len(self.innovations), self.root.shape[1], self.n_paths
            )
            for block in self._blocks():
                some = np.zeros(n_series, dtype=bool)
                some[block] = True
                values[block] = self._part(some)._drawn(shared)
        return Paths(
            values.transpose(2, 1, 0), self.times, tuple(item for _, item in self.columns),
            tuple(place for place, _ in self.columns), self.model,
        )  # fmt: skip

    def _blocks(self) -> Iterator[NDArray[np.int64]]:
        """Series of whole places, a block's worth at a time."""
        by_place: dict[str, list[int]] = {}
        for at, (place, _) in enumerate(self.columns):
            by_place.setdefault(place, []).append(at)
        block: list[int] = []
        for own in by_place.values():
            block += own
            if len(block) >= _BLOCK:
                yield np.array(sorted(block))
                block = []
        if block:
            yield np.array(sorted(block))

    def _drawn(self, shared: Shared) -> NDArray[np.float32]:
        """Values of the months wanted, (series, month, path)."""
        n_series, n_ahead = self.mean.shape
        shape = (n_ahead, self.n_paths)
        own = np.empty((n_series, *shape), dtype=np.float32)
        spread = np.empty((n_series, self.n_paths), dtype=np.float32)
        units = {}
        with_effects = {int(c): e.mean.shape[1] for e in self.effects for c in e.columns}
        table = np.empty(self.innovations.shape, dtype=np.float32)
        for place in dict.fromkeys(place for place, _ in self.columns):
            at = [i for i, (name, _) in enumerate(self.columns) if name == place]
            table[:, at] = whole_table(
                self.innovations[:, at], own_stream(self.root_seed, "gaps", place)
            )
        for k, (place, item) in enumerate(self.columns):
            rng = own_stream(self.root_seed, "series", place, item)
            rng.standard_normal(dtype=np.float32, out=own[k])
            degrees = self.degrees[k]
            # The scatter of a section is known as well as its record is long.
            squares = 2.0 * rng.standard_gamma(degrees / 2.0, self.n_paths, dtype=np.float32)
            spread[k] = np.sqrt(degrees / squares)
            if k in with_effects:
                units[k] = rng.standard_normal((self.n_paths, with_effects[k]))
        driving = driven(shared, table, own)
        driving *= spread[:, None]
        # A product for each series, which has the same bits whatever others are drawn.
        drawn = np.matmul(self.root, driving)
        drawn += self.mean[:, :, None]
        for e in self.effects:
            self._add_effects(drawn, e, shared, units)
        back = self.scale.back(drawn[:, self.leads - 1].transpose(2, 1, 0))
        under = back < self.below
        found: NDArray[np.float32] = np.where(under, np.float32(0.5) * self.below, back)
        return found.transpose(2, 1, 0)

    def _add_effects(
        self,
        drawn: NDArray[np.float32],
        effects: Effects,
        shared: Shared,
        units: dict[int, NDArray[np.float64]],
    ) -> None:
        """Add the effects of drawn hydrology to ``drawn`` (series, month, path)."""
        season = season_of(self.last + np.arange(1, drawn.shape[1] + 1))
        quantities = [
            blended(effects.departures[:, :, q], shared.positions, self.root_seed)
            for q in range(effects.departures.shape[2])
        ]
        for row, column in enumerate(effects.columns):
            own = np.stack([q[row].T for q in quantities], axis=-1).astype(np.float64)
            x = effects_of(own[:, :, None], season, effects.kind)[:, :, 0]
            slopes = effects.mean[row] + units[int(column)] @ effects.half[row].T
            drawn[column] += (x * slopes[:, None]).sum(axis=2).T
