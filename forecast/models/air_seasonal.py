"""Seasonal model of one city's daily air quality: all items together, as sample paths.

ln C = level + trend + season + weekend + holidays + scale(season) · residual, fitted by ridge
regression towards figures pooled over many cities (:mod:`forecast.models.air_mean`); residuals are
carried on from the present state (:mod:`forecast.models.residuals`) and driven by past days drawn
whole (:mod:`forecast.models.past_dates`); parameters are drawn anew for each path; the slow error of a
year (:mod:`forecast.models.slow_error`) comes on top.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.features.calendar import harmonics
from forecast.models.air_mean import (
    COLUMNS,
    PARTS,
    Mean,
    fit_means,
    future_design,
    scale_of,
)
from forecast.models.circumstances import Circumstances
from forecast.models.daily_record import MIN_DAYS, check_ahead, daily_record
from forecast.models.gaps import fill_gaps
from forecast.models.kept_fits import KeptFits
from forecast.models.long_gaps import from_other_years
from forecast.models.past_dates import Dates, draw_dates, run_shifts
from forecast.models.paths import Paths
from forecast.models.pooled import AirPooled, shipped_air
from forecast.models.residuals import Dependence, dependence, filter_residuals, forward_blocks
from forecast.models.shared_draws import SharedDraws
from forecast.models.slow_error import (
    correlation_factor,
    slow_growth,
    slow_links,
    slow_units,
)
from forecast.standards.items import AIR_ITEMS

__all__ = ["MIN_DAYS", "AirSeasonal"]

#: Paths worked on at a time, so that memory stays small and close.
_CHUNK = 1000
#: Days worked on at a time, for the same reason.
_DAYS_AT_ONCE = 16


class AirSeasonal:
    """Seasonal model of one place.

    Args:
        place: name of the place, kept in the paths.
        pooled: figures of a panel of cities; those of the package by default.
        circumstances: spans that count less and breaks of the record; those that everybody
            shares by default.
        shared: what the paths have in common with those of other places; nothing by default.

    Attributes:
        name: ``"seasonal"``.
        items: the items that had enough readings, after :meth:`fit`.
        last_day: the last day with a reading, after :meth:`fit`.
    """

    name = "seasonal"
    #: What a fit consists of.
    _FITTED: tuple[str, ...] = (
        "items", "last_day", "_dependence", "_means", "_years", "_innovations", "_state",
        "_parameter_factor",
    )  # fmt: skip

    def __init__(
        self,
        place: str = "",
        *,
        pooled: AirPooled | None = None,
        circumstances: Circumstances | None = None,
        shared: SharedDraws | None = None,
    ) -> None:
        self.place = place
        self.pooled = pooled if pooled is not None else shipped_air()
        self.circumstances = circumstances if circumstances is not None else Circumstances()
        self.shared = shared
        self.items: tuple[str, ...] = ()
        self.last_day: np.datetime64 | None = None

    def fit(self, history: pd.DataFrame) -> Self:
        """Fit to daily readings of one place.

        Args:
            history: index of days (any order, gaps allowed), one column an item code [µg/m³, CO
                mg/m³], NaN where missing; negative values count as missing. An item with fewer
                than ``MIN_DAYS`` readings is left out.

        Raises:
            ValueError: a day occurs twice.
        """
        record = daily_record(history)
        self.items, self.last_day = record.items, record.last_day
        if self.last_day is None or not self.items:
            return self
        span, values = record.days, record.values
        kept = self.pooled.trend_kept(self.last_day)
        priors = tuple(
            replace(p, trend=(kept * p.trend[0], p.trend[1]))
            for p in map(self.pooled.prior, self.items)
        )
        self._dependence: Dependence = dependence(priors)
        self._means, residuals = fit_means(
            span, values, self.items, priors, self._dependence.inflation, self.circumstances
        )
        self._years = record.years
        innovations, self._state = filter_residuals(residuals, self._dependence)
        drawn = self.circumstances.lessened(innovations, span, self.items)
        self._innovations = drawn.astype(np.float32)
        self._parameter_factor = _correlation_root(residuals)
        return self

    def fit_or_take(self, history: pd.DataFrame, fits: KeptFits, region: str) -> Self:
        """Fit, or take the fit to the very same history that is kept; the answer is the same.

        Args:
            history: as for :meth:`fit`.
            fits: where fits are kept.
            region: together with the place it names the fit.
        """
        own = fits.get(
            (self.name, region, self.place), self._inputs(history),
            lambda: {n: v for n, v in vars(self.fit(history)).items() if n in self._FITTED},
            (Dependence, Mean),
        )  # fmt: skip
        vars(self).update(own)
        return self

    def _inputs(self, history: pd.DataFrame) -> tuple[object, ...]:
        """All that a fit depends on."""
        return (history, self.circumstances, self.pooled)

    def sample(self, days: NDArray[np.datetime64], n_paths: int, rng: np.random.Generator) -> Paths:
        """Draw futures of all fitted items for days after the last reading.

        Args:
            days: days, any order, each after :attr:`last_day`.
            n_paths: number of paths.
            rng: random generator; the same state gives the same paths.

        Returns:
            Paths with columns :attr:`items`, in the units of the readings; with no fitted item,
            no columns.

        Raises:
            ValueError: a day is not after the last reading, or there are draws in common for
                another number of paths or other days.
        """
        times, leads = check_ahead(days, self.last_day)
        values = np.empty((n_paths, len(times), len(self.items)), dtype=np.float32)
        if self.last_day is not None and self.items and len(times):
            values = self._drawn(leads, n_paths, rng)
        return Paths(values, times, self.items, (self.place,) * len(self.items), self.name)

    def explain(self, days: NDArray[np.datetime64]) -> dict[str, dict[str, float]]:
        """Return what the expected ln C of ``days`` is made of, on average over them.

        Args:
            days: days after the last reading, at least one.

        Returns:
            Item → ``level`` (ln of the present level [unit of the item]), ``trend``, ``season``,
            ``calendar`` (weekends and holidays) and ``state`` (what is left of the present
            departure from all that). They add up to the mean of the expected ln C, without
            drawn noise and slow error.

        Raises:
            ValueError: no days, or a day is not after the last reading.
        """
        if self.last_day is None or not self.items:
            return {}
        times = days.astype("datetime64[D]")
        if not len(times) or times.min() <= self.last_day:
            raise ValueError(f"days must lie after the last reading, {self.last_day}")
        leads = (times - self.last_day).astype(np.int64)
        design = future_design(times, leads).mean(axis=0)
        left = self._dependence.phi[:, :, None] ** (leads - 1)
        carried = (self._state[:, :, None] * left).sum(axis=0)
        season = harmonics(times, 1)
        found = {}
        for i, (item, mean) in enumerate(zip(self.items, self._means, strict=True)):
            own = {k: float(design[s] @ mean.coefficients[s]) for k, s in PARTS.items()}
            own["level"] += mean.centre
            own["state"] = float((scale_of(mean.scale, season) * carried[i]).mean())
            found[item] = own
        return found

    def _drawn(
        self, leads: NDArray[np.int64], n_paths: int, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        """The paths of the days ``leads``, shape (path, day, item)."""
        assert self.last_day is not None
        ahead = np.arange(1, int(leads.max()) + 1)
        future = self.last_day + ahead
        table, dates = self._past(n_paths, len(ahead), rng)
        whole, own_days = from_other_years(table)
        filled = fill_gaps(whole, rng)
        shifts = run_shifts(dates.units, filled, own_days)
        beside = self._beside(dates, rng)
        points = [
            self.pooled.slow_points(item, years)
            for item, years in zip(self.items, self._years, strict=True)
        ]
        anchors = sorted({lead for own in points for lead, _ in own}) or [1.0]
        parameters = self._parameters(n_paths, rng)
        slow = self._slow(n_paths, len(anchors), rng).transpose(2, 1, 0)
        design = future_design(future, ahead)
        links = slow_links(anchors, ahead)
        season = harmonics(future, 1)
        # Parameters, slow error and the mean enter alike: days by draws, one product an item.
        loads = np.stack(
            [
                np.column_stack([
                    design @ mean.root, links * slow_growth(own, ahead)[:, None],
                    design @ mean.coefficients + mean.centre,
                ])
                for mean, own in zip(self._means, points, strict=True)
            ]
        )  # fmt: skip
        scale = np.stack([scale_of(m.scale, season) for m in self._means])
        steps = forward_blocks(self._dependence, loads, scale, _DAYS_AT_ONCE)
        low, high = (
            np.log([getattr(m, end) for m in self._means]).astype(np.float32)[:, None, None]
            for end in ("floor", "cap")
        )
        # Days first, paths last: a step over all paths works on memory that lies together.
        drawn = np.empty((len(ahead), len(self.items), n_paths), dtype=np.float32)
        driving = list(
            zip(np.ascontiguousarray(filled.T), np.ascontiguousarray(shifts.T), strict=True)
        )
        for start in range(0, n_paths, _CHUNK):
            part = slice(start, min(start + _CHUNK, n_paths))
            n_draws, n = loads.shape[2], part.stop - part.start
            # Rows: draws and a one for the mean, the state, the days of the block.
            given = np.empty((len(self.items), n_draws + 2 + _DAYS_AT_ONCE, n), dtype=np.float32)
            given[:, : parameters.shape[1]] = parameters[:, :, part]
            given[:, parameters.shape[1] : n_draws - 1] = slow[:, :, part]
            given[:, n_draws - 1] = 1.0
            given[:, n_draws : n_draws + 2] = self._state.T[:, :, None]
            for first, step in zip(range(0, len(ahead), _DAYS_AT_ONCE), steps, strict=True):
                some = slice(first, min(first + _DAYS_AT_ONCE, len(ahead)))
                days = some.stop - some.start
                run = dates.run[part, some].T.astype(np.intp)
                at = np.take(dates.offset, run)
                at += (dates.first + np.arange(some.start, some.stop))[:, None]
                entering = given[:, : n_draws + 2 + days]
                for row, own in zip(entering[:, n_draws + 2 :], driving, strict=True):
                    _taken(own, at, run, row)
                block = step @ entering
                given[:, n_draws : n_draws + 2] = block[:, days:]
                block = block[:, :days]
                for row, own in zip(block, beside, strict=False):
                    row += _taken(own, at, run, np.empty_like(row))
                # A third of the time of clip().
                np.maximum(block, low, out=block)
                np.minimum(block, high, out=block)
                np.exp(block.swapaxes(0, 1), out=drawn[some, :, part])
        values = drawn.transpose(2, 0, 1)
        every = len(leads) == len(ahead) and bool((leads == ahead).all())
        return values if every else values[:, leads - 1]

    def _past(
        self, n_paths: int, n_days: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.float32], Dates]:
        """Innovations of the record and the past dates drawn from it, own or in common."""
        assert self.last_day is not None
        if self.shared is None:
            n_past, n_items = self._innovations.shape
            return self._innovations, draw_dates(n_past, n_days, n_paths, n_items, rng)
        shared = self.shared
        skip = int((self.last_day + 1 - shared.start).astype(int))
        own = [AIR_ITEMS.index(item) for item in self.items]
        dates = shared.dates.part(max(skip, 0), n_days, own)
        if skip < 0 or dates.run.shape != (n_paths, n_days):
            raise ValueError(
                f"the draws in common are {shared.dates.run.shape[0]} paths from "
                f"{shared.start}, asked for are {n_paths} paths of {n_days} days from "
                f"{self.last_day + 1}"
            )
        return self._on_drawn_days(self._innovations), dates

    def _on_drawn_days(self, own: NDArray[np.float32]) -> NDArray[np.float32]:
        """A table (day, item) of the record on the days that dates are drawn from, else NaN."""
        if self.shared is None:
            return own
        assert self.last_day is not None
        shared = self.shared
        first = self.last_day + 1 - len(own)
        table = np.full((int((shared.start - shared.first).astype(int)), len(self.items)), np.nan)
        at = int((first - shared.first).astype(int))
        table[max(at, 0) :] = own[max(-at, 0) : len(table) - at]
        return table.astype(np.float32)

    def _beside(
        self, dates: Dates, rng: np.random.Generator
    ) -> Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """What a drawn past date brings to ln C beside its innovation; here nothing.

        For each item: by position in the record, shape (past day,), and by run, shape (run,).
        """
        return ()

    def _parameters(self, n_paths: int, rng: np.random.Generator) -> NDArray[np.float32]:
        """Draws of the parameters of the mean, linked over items, shape (item, column, path)."""
        n_items = len(self.items)
        normal = rng.standard_normal((n_items, COLUMNS, n_paths), dtype=np.float32)
        if self.shared is not None:
            own = [AIR_ITEMS.index(item) for item in self.items]
            normal *= np.float32(np.sqrt(1.0 - self.shared.common_share))
            normal += self.shared.parameters[own]
        linked = self._parameter_factor.astype(np.float32) @ normal.reshape(n_items, -1)
        return np.asarray(linked.reshape(normal.shape))

    def _slow(self, n_paths: int, n_anchors: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Unit draws of the slow error, shape (path, anchor, item)."""
        degrees = self.pooled.degrees
        if self.shared is None:
            factor = correlation_factor(self.pooled, self.items)
            return slow_units(factor, n_paths, degrees, rng, n_anchors=n_anchors)
        # What places have in common means the same at each of them, whichever items it has.
        own = [AIR_ITEMS.index(item) for item in self.items]
        factor = correlation_factor(self.pooled, AIR_ITEMS)[own]
        return slow_units(
            factor, n_paths, degrees, rng, n_anchors=n_anchors,
            common=self.shared.slow[:, :n_anchors],
            common_share=self.shared.common_share, tail=self.shared.tail,
        )  # fmt: skip


def _taken(
    pair: tuple[NDArray[np.float32], NDArray[np.float32]],
    at: NDArray[np.intp],
    run: NDArray[np.intp],
    out: NDArray[np.float32],
) -> NDArray[np.float32]:
    """What past days ``at`` and the shifts of the runs bring, in ``out``."""
    record, shift = pair
    # Modes other than "raise" write straight into ``out``.
    np.take(record, at, out=out, mode="clip")
    out += np.take(shift, run, mode="clip")
    return out


def _correlation_root(residuals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Factor of the correlation of residuals over items, from days on which all are present."""
    n_items = residuals.shape[1]
    whole = residuals[np.isfinite(residuals).all(axis=1)]
    if len(whole) < 30 or n_items == 1:
        return np.eye(n_items)
    covariance = np.cov(whole, rowvar=False) + 1e-6 * np.eye(n_items)
    sd = np.sqrt(np.diag(covariance))
    correlation = 0.95 * covariance / np.outer(sd, sd) + 0.05 * np.eye(n_items)
    root: NDArray[np.float64] = np.linalg.cholesky(correlation)
    return root
