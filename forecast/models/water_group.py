"""Groups of series that are fitted and chosen for together: one item of one basin each.

Groups borrow nothing from each other, so they may be fitted in any order and in any process; those
of one call only share the steps of the filter, and each gets the same bits alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forecast.models.water_adaptation import FEWEST_ADAPT, adapted, taking_part
from forecast.models.water_choice import FEWEST_FLOW, FEWEST_LEVEL, choose, past_scores
from forecast.models.water_figures import ItemFigures
from forecast.models.water_fit import alike, fit_rung
from forecast.models.water_future import Present, present_of
from forecast.models.water_hydrology import effects_of
from forecast.models.water_process import season_of
from forecast.models.water_readings import LEVELS, Fitted, Members, Readings

__all__ = ["Group", "GroupFit", "bundles", "fit_groups"]

#: Series that are handed to one call, at least, where there are as many.
_BUNDLE = 1500


@dataclass(frozen=True)
class Group:
    """Series of one item that are pooled.

    Attributes:
        readings: the series, without effects of hydrology.
        figures: what a panel says of the item.
        hydrology: departures by kind (``flow``, ``proxy``), (month, series, quantity).
        with_flow: whether a series has its own flow, (series,).
        rungs: rungs that may be chosen.
    """

    readings: Readings
    figures: ItemFigures
    hydrology: dict[str, NDArray[np.float64]]
    with_flow: NDArray[np.bool_]
    rungs: tuple[str, ...]

    def tried(self) -> list[str]:
        """Rungs that the series have enough values for."""
        counts = self.readings.seen.sum(axis=1)
        names = ["0", "1"]
        if (counts >= FEWEST_LEVEL).any():
            names.append("1+trend")
        if (self.with_flow & (counts >= FEWEST_FLOW)).any():
            names += ["2", "2+trend"]
        return [n for n in names if n in self.rungs] or list(self.rungs[:1])

    def with_effects(self, kind: str) -> Readings:
        """The readings beside the effects of one kind of hydrology, none for ``""``."""
        if not kind:
            return self.readings
        season = season_of(self.readings.months)
        effects = effects_of(self.hydrology[kind], season, kind).swapaxes(0, 1)
        known = np.all(np.isfinite(effects), axis=2)
        return replace(
            self.readings, effects=np.where(known[:, :, None], effects, 0.0), known=known
        )


@dataclass(frozen=True)
class GroupFit:
    """What was chosen for the series of one group.

    Attributes:
        parts: rung, rows that stand on it, and where they stand at the end of the record.
        gain: shrunk score of the rung of each series over that of rung 1, less one, (series,).
    """

    parts: tuple[tuple[str, NDArray[np.int64], Present], ...]
    gain: NDArray[np.float64]


def bundles(sizes: Sequence[int]) -> list[list[int]]:
    """Groups, by their numbers of series, as bundles worth a call of :func:`fit_groups` each."""
    out: list[list[int]] = []
    held = _BUNDLE
    for at, size in enumerate(sizes):
        if held >= _BUNDLE:
            out.append([])
            held = 0
        out[-1].append(at)
        held += size
    return out


def fit_groups(groups: Sequence[Group]) -> list[GroupFit]:
    """Fit the rungs of some groups that have the same months, and choose for every series."""
    out: dict[int, GroupFit] = {}
    # A group without breaks is fitted without the parts that only breaks need.
    for walled in (False, True):
        at = [k for k, g in enumerate(groups) if (g.readings.spans is not None) == walled]
        if at:
            out.update(zip(at, _fit_alike([groups[k] for k in at]), strict=True))
    return [out[k] for k in range(len(groups))]


def _fit_alike(groups: Sequence[Group]) -> list[GroupFit]:
    figures = _adapted(groups)
    fits: list[dict[str, tuple[Fitted, NDArray[np.int64]]]] = [{} for _ in groups]
    for name, rung in LEVELS.items():
        at = [k for k, g in enumerate(groups) if name in g.tried()]
        if not at:
            continue
        readings, members = _joined([groups[k].with_effects(rung.effects) for k in at])
        fitted = fit_rung(readings, [figures[k] for k in at], members, rung)
        for k, rows in zip(at, members, strict=True):
            fits[k][name] = fitted, rows
    # Past forecasts are scored where there is a choice.
    scores: list[dict[str, NDArray[np.float64]]] = [{} for _ in groups]
    for name in LEVELS:
        at = [k for k in range(len(groups)) if name in fits[k] and len(fits[k]) > 1]
        if at:
            found = past_scores(fits[at[0]][name][0])
            for k in at:
                scores[k][name] = found[fits[k][name][1]]
    return [_chosen(g, f, s) for g, f, s in zip(groups, fits, scores, strict=True)]


def _chosen(
    group: Group,
    fits: dict[str, tuple[Fitted, NDArray[np.int64]]],
    scores: dict[str, NDArray[np.float64]],
) -> GroupFit:
    counts = group.readings.seen.sum(axis=1)
    if len(fits) == 1:
        best, gain = list(fits) * len(counts), np.zeros(len(counts))
    else:
        ordered = {name: scores[name] for name in group.tried()}
        best, gain = choose(ordered, counts, group.with_flow)
    parts = []
    for name, (fitted, rows) in fits.items():
        own = np.flatnonzero(np.array(best) == name)
        if len(own):
            parts.append((name, own, present_of(fitted, rows[own])))
    return GroupFit(tuple(parts), gain)


def _adapted(groups: Sequence[Group]) -> list[ItemFigures]:
    """Figures with sizes adapted to the longer series of each group."""
    figures = [g.figures for g in groups]
    long = [
        taking_part(np.flatnonzero(g.readings.seen.sum(axis=1) >= FEWEST_ADAPT)) for g in groups
    ]
    at = [k for k, rows in enumerate(long) if len(rows)]
    if not at:
        return figures
    kind = LEVELS["1"].effects
    readings, members = _joined([groups[k].with_effects(kind).part(long[k]) for k in at])
    own = [figures[k] for k in at]
    first = fit_rung(readings, own, members, LEVELS["1"])
    for k, found in zip(at, adapted(own, first, members, alike(first, members)), strict=True):
        figures[k] = found
    return figures


def _joined(parts: Sequence[Readings]) -> tuple[Readings, Members]:
    """Series of several groups as one table, and the rows of each group."""
    first = parts[0]

    def together(name: str) -> NDArray[np.float64]:
        return np.concatenate([getattr(p, name) for p in parts])

    ends = np.cumsum([len(p.seen) for p in parts])
    members = [np.arange(end - len(p.seen), end) for end, p in zip(ends, parts, strict=True)]
    joined = Readings(
        first.months, together("values"), together("seen").astype(np.bool_), together("limits"),
        None if first.spans is None else together("spans").astype(np.int64),
        together("effects"), together("known").astype(np.bool_),
    )  # fmt: skip
    return joined, members
