"""The ladder of item models of water: all sections and items of a region, month by month.

Each section and item stands on the rung that its past bears out: the season of its region with an
offset; season, damped level and a hydrology proxy; the same with flow and season × flow. All rungs
are one Gaussian process with parts left out, so short series borrow from their neighbours and
none is dropped. Observed months stay as observed: only months after the record are drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.models.kept_fits import KeptFits
from forecast.models.paths import Paths
from forecast.models.water_ahead import Effects, WaterAhead
from forecast.models.water_figures import ItemFigures, WaterFigures, shipped_figures
from forecast.models.water_future import Present, future_moments
from forecast.models.water_group import Group, GroupFit, bundles, fit_groups
from forecast.models.water_hydrology import hydrology_of
from forecast.models.water_process import Sizes
from forecast.models.water_readings import LEVELS, Readings
from forecast.models.water_scale import PLAIN, ItemScale
from forecast.models.water_walls import Wall, spans_of
from forecast.models.water_words import Series, report_table

__all__ = ["WaterLadder"]

#: Sections of a basin that are fitted by themselves; smaller basins are taken together.
_OWN_BASIN = 4
#: Terms of every series: mean and season; those after them are effects of hydrology.
_FIXED_TERMS = 5


@dataclass(frozen=True)
class _Part:
    """Series that stand on one rung: one item of one basin, and their columns in the table."""

    rung: str
    columns: NDArray[np.int64]
    present: Present


class WaterLadder:
    """Models of the sections of one region, each series on a rung of its own.

    Args:
        pooled: figures of a panel of sections; those of the package by default.
        rungs: rungs that may be chosen, of :data:`forecast.models.water_readings.LEVELS`; a
            single one is not asked whether it has enough values.
        fits: where fits are kept; None keeps none.

    Attributes:
        name: ``"ladder"``.
        columns: (place, item) of every fitted series, after :meth:`fit`.
        last_month: the last month with a value, after :meth:`fit`.
        report: one row a series, after :meth:`fit`: see :func:`report_table`.
    """

    name = "ladder"

    def __init__(
        self,
        *,
        pooled: WaterFigures | None = None,
        rungs: Sequence[str] = tuple(LEVELS),
        fits: KeptFits | None = None,
    ) -> None:
        if not rungs or not set(rungs) <= set(LEVELS):
            raise ValueError(f"rungs must be some of {', '.join(LEVELS)}, got {list(rungs)}")
        self.rungs = tuple(rungs)
        self.fits = fits
        self.pooled = pooled if pooled is not None else shipped_figures()
        self.columns: tuple[tuple[str, str], ...] = ()
        self.last_month: np.datetime64 | None = None
        self.report = report_table([])

    def fit(
        self,
        history: pd.DataFrame,
        *,
        below: pd.DataFrame | None = None,
        hydrology: pd.DataFrame | None = None,
        breaks: Sequence[Wall] = (),
        basins: Mapping[str, str] | None = None,
    ) -> Self:
        """Fit to monthly means.

        Args:
            history: index of first days of months (any order, gaps allowed), columns a MultiIndex
                (place, item), values in mg/L (values below detection at half the limit), pH as
                pH, NaN where missing. Every series with a value is modelled.
            below: the same shape: limit of detection of the months whose value is below it
                [mg/L], NaN where it was measured.
            hydrology: months × (place, quantity): ``flow`` [m³/s] of a section, ``precip`` [mm] and
                ``level`` [m]; the place ``""`` holds for all sections.
            breaks: days from which on the level of a section is another one.
            basins: section → basin; coefficients are pooled within basins of four sections or more.

        Raises:
            ValueError: a month occurs twice.
        """
        months = history.index.to_numpy().astype("datetime64[M]")
        if len(np.unique(months)) != len(months):
            raise ValueError("history has a month twice; one row a month is expected")
        names = [(str(c[0]), str(c[1])) for c in history.columns]
        table = history.to_numpy(dtype=np.float64, na_value=np.nan)
        plain = np.array([item in PLAIN for _, item in names], dtype=bool)
        table = np.where(np.isfinite(table) & (plain | (table > 0.0)), table, np.nan)
        limits = np.full(table.shape, np.nan)
        if below is not None:
            limits = below.reindex(index=history.index, columns=history.columns).to_numpy(
                np.float64
            )
            limits = np.where((limits > 0.0) & np.isfinite(table) & ~plain, limits, np.nan)
        some = np.isfinite(table).any(axis=0)
        table, limits = table[:, some], limits[:, some]
        self.columns = tuple(n for n, ok in zip(names, some, strict=True) if ok)
        seen = np.isfinite(table).any(axis=1)
        self.last_month = months[seen].max() if seen.any() else None
        self.report = report_table([])
        if self.last_month is None:
            return self
        first = months[seen].min()
        self._months = np.arange(first, self.last_month + 1)
        at = (months[seen] - first).astype(np.int64)
        values = np.full((len(self._months), len(self.columns)), np.nan)
        under = values.copy()
        values[at], under[at] = table[seen], limits[seen]
        self._scale = ItemScale.of(self.columns, values)
        self._walls = tuple(breaks)
        places = [place for place, _ in self.columns]
        self._hydrology = hydrology_of(hydrology, self._months, places)
        self._fit_all(values, under, basins or {})
        return self

    def _fit_all(
        self, values: NDArray[np.float64], limits: NDArray[np.float64], basins: Mapping[str, str]
    ) -> None:
        """Fit every rung to every group of series and choose among them."""
        y = self._scale.forward(values, self._months)
        spans = spans_of(self._walls, self.columns, self._months)
        self._innovations = np.full(values.shape, np.nan)
        self._parts: list[_Part] = []
        self._below = _last_limits(limits, values)
        rungs = [""] * len(self.columns)
        gains = np.zeros(len(self.columns))
        named, groups = [], []
        with_flow = self._hydrology.with_flow
        flow, proxy = self._hydrology.departures("flow"), self._hydrology.departures("proxy")
        for name, basin, own in self._groups(basins):
            readings = _readings(self._months, y[:, own], limits[:, own], spans[own])
            named.append((name, basin, own))
            known = flow[:, own] if with_flow[own].any() else flow[:, own, :0]
            hydrology = {"flow": known, "proxy": proxy[:, own]}
            figures = self._figures_of(name)
            groups.append(Group(readings, figures, hydrology, with_flow[own], self.rungs))
        fits = self._fits(named, groups)
        for (_, _, own), fit in zip(named, fits, strict=True):
            for rung, rows, present in fit.parts:
                self._parts.append(_Part(rung, own[rows], present))
                self._innovations[:, own[rows]] = present.innovations.T
                for row in rows:
                    rungs[own[row]], gains[own[row]] = rung, fit.gain[row]
        self.report = report_table(
            [
                Series(
                    place, item, self._months, values[:, i], limits[:, i], rungs[i],
                    float(gains[i]), self._hydrology.last_flow[i],
                    int(np.isfinite(self._hydrology.flow[:, i]).sum()),
                    [w.day for w in self._walls if w.holds_for(place, item)],
                )
                for i, (place, item) in enumerate(self.columns)
            ]
        )  # fmt: skip

    def _figures_of(self, name: str) -> ItemFigures:
        """Figures of ``name``: of the panel, else those that ship, else of an unknown item."""
        shipped = shipped_figures()
        return (
            shipped.of(name)
            if name in shipped.items.keys() - self.pooled.items.keys()
            else (self.pooled.of(name))
        )

    def _groups(self, basins: Mapping[str, str]) -> list[tuple[str, str, NDArray[np.int64]]]:
        """Name of the figures, basin and columns of each group of series that are pooled."""
        names = self._scale.names(self.columns)
        groups: dict[tuple[str, str], list[int]] = {}
        for i, (place, _) in enumerate(self.columns):
            groups.setdefault((names[i], basins.get(place, "")), []).append(i)
        merged: dict[tuple[str, str], list[int]] = {}
        for (name, basin), own in groups.items():
            key = (name, basin if len(own) >= _OWN_BASIN else "")
            merged.setdefault(key, []).extend(own)
        return [(name, basin, np.array(sorted(own))) for (name, basin), own in merged.items()]

    def _fits(
        self, named: Sequence[tuple[str, str, NDArray[np.int64]]], groups: Sequence[Group]
    ) -> list[GroupFit]:
        """The fits of the groups, taken from where they are kept if they were made before."""

        def made(at: Sequence[int]) -> list[GroupFit]:
            tasks = bundles([len(groups[k].readings.seen) for k in at])
            return [fit for task in tasks for fit in fit_groups([groups[at[k]] for k in task])]

        if self.fits is None:
            return made(range(len(groups)))
        wanted = [
            ((self.name, name, basin), group)
            for (name, basin, _), group in zip(named, groups, strict=True)
        ]
        return self.fits.get_many(wanted, made, (GroupFit, Present, Sizes))

    def sample(
        self, months: NDArray[np.datetime64], n_paths: int, rng: np.random.Generator
    ) -> Paths:
        """Draw futures of all fitted series for months after the last one with a value.

        A drawn month below the last limit of detection of its series is half that limit, as the
        rule for statistics has it.

        Args:
            months: dates in the months wanted, any order, each after :attr:`last_month`.
            n_paths: number of paths.
            rng: random generator; the same state gives the same paths.

        Returns:
            Paths with one column a (place, item) of :attr:`columns`; times are first days of
            months.

        Raises:
            ValueError: a month is not after the record.
        """
        found = self.ahead(months, n_paths, rng)
        if found is not None:
            return found.draw()
        wanted = months.astype("datetime64[D]")
        return Paths(np.empty((n_paths, len(wanted), 0), np.float32), wanted, (), (), self.name)

    def ahead(
        self, months: NDArray[np.datetime64], n_paths: int, rng: np.random.Generator
    ) -> WaterAhead | None:
        """What is needed to draw futures, of all series or of a part: see :meth:`sample`.

        Returns:
            None where nothing was fitted or no month is wanted.

        Raises:
            ValueError: a month is not after the record.
        """
        wanted = months.astype("datetime64[M]")
        if self.last_month is None or not self.columns or not len(wanted):
            return None
        leads = (wanted - self.last_month).astype(np.int64)
        if leads.min() < 1:
            raise ValueError(f"months must lie after the last month, {self.last_month}")
        n_series, n_ahead = len(self.columns), int(leads.max())
        mean = np.empty((n_series, n_ahead), dtype=np.float32)
        root = np.empty((n_series, n_ahead, n_ahead), dtype=np.float32)
        degrees = np.empty(n_series)
        effects = []
        spans = spans_of(self._walls, self.columns, self.last_month + np.arange(n_ahead + 1))
        for part in self._parts:
            present, own = part.present, part.columns
            broken = spans[own] if present.walled else None
            mean[own], root[own] = future_moments(present, self.last_month, n_ahead, broken)
            degrees[own] = present.degrees
            if present.n_terms > _FIXED_TERMS:
                at = slice(_FIXED_TERMS, present.n_terms)
                values, vectors = np.linalg.eigh(present.covariance[:, at, at])
                half = vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :]
                kind = LEVELS[part.rung].effects
                departures = self._hydrology.departures(kind)[:, own]
                effects.append(Effects(kind, own, present.state[:, at], half, departures))
        return WaterAhead(
            self.columns, self.last_month, leads, mean, root, degrees, self._innovations,
            tuple(effects), self._scale, self._below, int(rng.integers(2**63)), n_paths, self.name,
        )  # fmt: skip


def _readings(
    months: NDArray[np.datetime64],
    y: NDArray[np.float64],
    limits: NDArray[np.float64],
    spans: NDArray[np.int64],
) -> Readings:
    """Series of one item from a table (month, series) on the scale of the model."""
    seen = np.isfinite(y).T
    with np.errstate(invalid="ignore"):
        below = np.log(limits).T
    n_series = y.shape[1]
    return Readings(
        months, np.where(seen, y.T, 0.0), seen, below, spans if spans.any() else None,
        np.zeros((n_series, len(months), 0)), np.ones(seen.shape, dtype=bool),
    )  # fmt: skip


def _last_limits(limits: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Limit of detection in force at the end of each series, 0 without one; shape (series,).

    A limit is past once a value below it was measured later, as by a finer method.
    """
    out = np.zeros(limits.shape[1], dtype=np.float32)
    for i in range(limits.shape[1]):
        held = np.flatnonzero(np.isfinite(limits[:, i]))
        if not len(held):
            continue
        last = limits[held[-1], i]
        later = values[held[-1] + 1 :, i]
        if not (later < last).any():
            out[i] = last
    return out
