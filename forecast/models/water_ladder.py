"""The ladder of item models of water: all sections and items of a region, month by month.

Each section and item stands on the rung that its past bears out: the season of its region with an
offset; season, damped level and a hydrology proxy; the same with flow and season × flow. All rungs
are one Gaussian process with parts left out, so short series borrow from their neighbours and
none is dropped. Observed months stay as observed: only months after the record are drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.models.kept_fits import KeptFits
from forecast.models.paths import Paths
from forecast.models.water_adaptation import FEWEST_ADAPT, adapted
from forecast.models.water_choice import FEWEST_FLOW, FEWEST_LEVEL, choose, past_scores
from forecast.models.water_drawing import Drivers, blended
from forecast.models.water_figures import ItemFigures, WaterFigures, shipped_figures
from forecast.models.water_fit import alike, fit_rung
from forecast.models.water_future import future_moments
from forecast.models.water_hydrology import effects_of, hydrology_of
from forecast.models.water_process import Sizes, season_of
from forecast.models.water_readings import LEVELS, Fitted, Readings, Rung
from forecast.models.water_scale import PLAIN, ItemScale
from forecast.models.water_walls import Wall, spans_of
from forecast.models.water_words import Series, report_table

__all__ = ["WaterLadder"]

#: Sections of a basin that are fitted by themselves; smaller basins are taken together.
_OWN_BASIN = 4
_CHUNK = 200


#: Rungs with the rows of a group that stand on them, and the gain of each row.
_Choice = tuple[list[tuple[str, NDArray[np.int64], Fitted]], NDArray[np.float64]]


@dataclass(frozen=True)
class _Part:
    """Series that stand on one rung: one item of one basin.

    ``columns`` are their places in the table, ``rows`` their places in ``fitted``.
    """

    rung: str
    columns: NDArray[np.int64]
    rows: NDArray[np.int64]
    fitted: Fitted


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
        for name, basin, own in self._groups(basins):
            readings = _readings(self._months, y[:, own], limits[:, own], spans[own])
            figures = self._figures_of(name)
            chosen, gain = self._chosen(readings, figures, own, name, basin)
            for rung, rows, fitted in chosen:
                self._parts.append(_Part(rung, own[rows], rows, fitted))
                self._innovations[:, own[rows]] = fitted.innovations[rows].T
                for row in rows:
                    rungs[own[row]], gains[own[row]] = rung, gain[row]
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

    def _chosen(
        self,
        readings: Readings,
        figures: ItemFigures,
        own: NDArray[np.int64],
        name: str,
        basin: str,
    ) -> _Choice:
        """The choice of one group, taken from where fits are kept if it was made before."""
        if self.fits is None:
            return self._choose(readings, figures, own)
        water = self._hydrology
        hydrology = water.flow[:, own], water.departures("proxy")[:, own]
        found: _Choice = self.fits.get(
            (self.name, name, basin), (readings, figures, hydrology, self.rungs),
            lambda: self._choose(readings, figures, own), (Fitted, Readings, Rung, Sizes),
        )  # fmt: skip
        return found

    def _choose(self, readings: Readings, figures: ItemFigures, own: NDArray[np.int64]) -> _Choice:
        """Rungs with the rows that stand on them, and the gain of each row."""
        counts = readings.seen.sum(axis=1)
        with_flow = self._hydrology.with_flow[own]
        tried = ["0", "1"]
        if (counts >= FEWEST_LEVEL).any():
            tried.append("1+trend")
        if (with_flow & (counts >= FEWEST_FLOW)).any():
            tried += ["2", "2+trend"]
        tried = [n for n in tried if n in self.rungs] or list(self.rungs[:1])
        figures = self._adapted(readings, figures, counts)
        fits = {}
        for name in tried:
            kind = LEVELS[name].effects
            departures = self._hydrology.departures(kind)[:, own]
            effects = effects_of(departures, season_of(self._months), kind).swapaxes(0, 1)
            known = np.all(np.isfinite(effects), axis=2)
            made = _with_effects(readings, np.where(known[:, :, None], effects, 0.0), known)
            fits[name] = fit_rung(made, figures, LEVELS[name])
        if len(tried) == 1:
            best, gain = tried * len(counts), np.zeros(len(counts))
        else:
            scores = {name: past_scores(fitted) for name, fitted in fits.items()}
            best, gain = choose(scores, counts, with_flow)
        out = []
        for name in tried:
            rows = np.flatnonzero(np.array(best) == name)
            if len(rows):
                # The factors have served to choose; they are the most of a fit by far.
                small = replace(fits[name], lower=np.zeros((0, 0, 0)), z=np.zeros((0, 0)))
                out.append((name, rows, small))
        return out, gain

    def _adapted(
        self, readings: Readings, figures: ItemFigures, counts: NDArray[np.int64]
    ) -> ItemFigures:
        """Figures with sizes adapted to the longer series of a group."""
        long = counts >= FEWEST_ADAPT
        if not long.any():
            return figures
        first = fit_rung(readings.part(np.flatnonzero(long)), figures, LEVELS["1"])
        return adapted(figures, first, alike(first))

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
        wanted = months.astype("datetime64[M]")
        values = np.empty((n_paths, len(wanted), len(self.columns)), dtype=np.float32)
        if self.last_month is not None and self.columns and len(wanted):
            leads = (wanted - self.last_month).astype(np.int64)
            if leads.min() < 1:
                raise ValueError(f"months must lie after the last month, {self.last_month}")
            self._fill(values, leads, rng)
        return Paths(
            values,
            wanted.astype("datetime64[D]"),
            tuple(item for _, item in self.columns),
            tuple(place for place, _ in self.columns),
            self.name,
        )

    def _fill(
        self, values: NDArray[np.float32], leads: NDArray[np.int64], rng: np.random.Generator
    ) -> None:
        """Write the paths into ``values``, in chunks so that memory stays small."""
        assert self.last_month is not None
        n_paths, _, n_series = values.shape
        ahead = self.last_month + np.arange(1, int(leads.max()) + 1)
        mean = np.empty((len(ahead), n_series))
        root = np.empty((n_series, len(ahead), len(ahead)), dtype=np.float32)
        degrees = np.empty(n_series)
        effects: list[tuple[_Part, NDArray[np.float64], NDArray[np.float64]]] = []
        spans = spans_of(self._walls, self.columns, ahead)
        for part in self._parts:
            whole = np.zeros((len(part.fitted.scale), len(ahead)), dtype=np.int64)
            whole[part.rows] = spans[part.columns]
            centre, factor, effect, unsure = future_moments(part.fitted, ahead, whole)
            mean[:, part.columns] = centre[part.rows].T
            root[part.columns] = factor[part.rows]
            degrees[part.columns] = part.fitted.degrees[part.rows]
            if effect.shape[1]:
                vectors = np.linalg.eigh(unsure[part.rows])
                half = vectors[1] * np.sqrt(np.maximum(vectors[0], 0.0))[:, None, :]
                effects.append((part, effect[part.rows], half))
        drivers = Drivers(self._innovations, len(ahead), n_paths, rng)
        kinds = {LEVELS[part.rung].effects for part, _, _ in effects}
        water = {
            kind: blended(self._hydrology.departures(kind), drivers.positions, rng)
            for kind in sorted(kinds)
        }
        season = season_of(ahead)
        for start in range(0, n_paths, _CHUNK):
            stop = min(start + _CHUNK, n_paths)
            driven = drivers.draw(start, stop)
            # The scatter of a section is known as well as its record is long.
            driven *= np.sqrt(degrees / rng.chisquare(degrees, (stop - start, 1, n_series)))
            drawn = np.einsum("sht,pts->phs", root, driven, optimize=True)
            drawn += mean.astype(np.float32)
            for part, effect, half in effects:
                kind = LEVELS[part.rung].effects
                own = water[kind][start:stop][:, :, part.columns]
                x = effects_of(own.astype(np.float64), season, kind)
                unit = rng.standard_normal((stop - start, *effect.shape))
                slopes = effect + np.einsum("sij,psj->psi", half, unit)
                drawn[:, :, part.columns] += np.einsum("phsk,psk->phs", x, slopes)
            back = self._scale.back(np.ascontiguousarray(drawn))
            under = back < self._below
            back = np.where(under, np.float32(0.5) * self._below, back)
            values[start:stop] = back[:, leads - 1]


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


def _with_effects(
    readings: Readings, effects: NDArray[np.float64], known: NDArray[np.bool_]
) -> Readings:
    return replace(readings, effects=effects, known=known)


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
