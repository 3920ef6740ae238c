"""Seasonal model of a region's surface water: all sections and items together, month by month.

ln C (DO and pH as they are) = level + season + residual. The season is that of the item over all
sections plus a shrunk part of the section's own; the level is local and goes back towards its
long-run value; residuals of a past month are drawn for all sections and items at once, so that a
flood or a drought reaches every river; each path has a year effect, in part common to all
sections. Observed months stay as observed: only months after the record are drawn.
"""

from __future__ import annotations

from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.features.calendar import harmonics
from forecast.models.gaps import fill_gaps
from forecast.models.past_dates import draw_positions
from forecast.models.paths import Paths
from forecast.models.pooled import WaterPooled, WaterPrior, shipped_water
from forecast.models.residuals import Dependence, filter_residuals, run_forward, two_part_filter
from forecast.models.slow_error import slow_growth

__all__ = ["MIN_MONTHS", "WaterSeasonal"]

#: A series with fewer months is not modelled.
MIN_MONTHS = 6

_HARMONICS = 2
#: Items on their own scale, with the values no draw may leave [mg/L; pH without unit].
_PLAIN = {"do": (0.05, 25.0), "ph": (3.0, 12.0), "water_temp": (-0.5, 40.0)}
#: No drawn concentration exceeds this multiple of the highest of its series.
_CAP = 5.0
#: Half-lives of the weights of past months [months]: local level, long-run level and season.
_LOCAL_HALF_LIFE = 4.0
_LONG_HALF_LIFE = 36.0
#: Part of the distance of the local from the long-run level that is left after a year.
_DAMPING = 0.8
_DEGREES = 6.0
_CHUNK = 200


class WaterSeasonal:
    """Seasonal model of the sections of one region.

    Args:
        pooled: figures of a panel of sections; those of the package by default.

    Attributes:
        name: ``"seasonal"``.
        columns: (place, item) of every fitted series, after :meth:`fit`.
        last_month: the last month with a value, after :meth:`fit`.
    """

    name = "seasonal"

    def __init__(self, *, pooled: WaterPooled | None = None) -> None:
        self.pooled = pooled if pooled is not None else shipped_water()
        self.columns: tuple[tuple[str, str], ...] = ()
        self.last_month: np.datetime64 | None = None

    def fit(self, history: pd.DataFrame) -> Self:
        """Fit to monthly means.

        Args:
            history: index of first days of months (any order, gaps allowed), columns a MultiIndex
                (place, item), values in mg/L (values below detection at half the limit), pH as
                pH, NaN where missing. A series with fewer than ``MIN_MONTHS`` months is left out.

        Raises:
            ValueError: a month occurs twice.
        """
        months = history.index.to_numpy().astype("datetime64[M]")
        if len(np.unique(months)) != len(months):
            raise ValueError("history has a month twice; one row a month is expected")
        names = [(str(c[0]), str(c[1])) for c in history.columns]
        table = history.to_numpy(dtype=np.float64, na_value=np.nan)
        plain = np.array([item in _PLAIN for _, item in names], dtype=bool)
        table = np.where(np.isfinite(table) & (plain | (table > 0.0)), table, np.nan)
        enough = np.isfinite(table).sum(axis=0) >= MIN_MONTHS
        table = table[:, enough]
        seen = np.isfinite(table).any(axis=1)
        self.columns = tuple(n for n, ok in zip(names, enough, strict=True) if ok)
        self.last_month = months[seen].max() if seen.any() else None
        if self.last_month is None:
            return self
        first = months[seen].min()
        span = np.arange(first, self.last_month + 1)
        values = np.full((len(span), len(self.columns)), np.nan)
        values[(months[seen] - first).astype(np.int64)] = table[seen]
        self._fit_all(span, values)
        return self

    def _fit_all(self, span: NDArray[np.datetime64], values: NDArray[np.float64]) -> None:
        """Fit every series of ``values`` (month, series) over the gapless months ``span``."""
        items = [item for _, item in self.columns]
        n_series = values.shape[1]
        self._plain = np.array([item in _PLAIN for item in items], dtype=bool)
        highest = np.nanmax(values, axis=0)
        lowest = np.nanmin(values, axis=0)
        self._low = np.array([_PLAIN[i][0] if i in _PLAIN else np.nan for i in items])
        self._high = np.array([_PLAIN[i][1] if i in _PLAIN else np.nan for i in items])
        self._low = np.where(
            self._plain,
            self._low,
            np.log(lowest / _CAP, where=~self._plain, out=np.zeros(n_series)),
        )
        self._high = np.where(
            self._plain,
            self._high,
            np.log(highest * _CAP, where=~self._plain, out=np.zeros(n_series)),
        )
        y = np.where(self._plain, values, np.log(np.where(self._plain, 1.0, values)))
        season = harmonics(_middle(span), _HARMONICS)
        age = (span[-1] - span).astype(np.float64)
        self._season = np.zeros((2 * _HARMONICS, n_series))
        self._season_root = np.zeros((2 * _HARMONICS, 2 * _HARMONICS, n_series))
        self._local = np.zeros(n_series)
        self._long = np.zeros(n_series)
        self._level_sd = np.zeros(n_series)
        residuals = np.full(y.shape, np.nan)
        self._priors = [self.pooled.prior(item) for item in items]
        for item in dict.fromkeys(items):
            own = np.array([i for i, other in enumerate(items) if other == item])
            self._fit_item(y[:, own], own, season, age, residuals)
        self._dependence: Dependence = two_part_filter(
            np.array([[p.slow_share for p in self._priors], [p.fast_share for p in self._priors]]),
            np.array(
                [[p.slow_months for p in self._priors], [p.fast_months for p in self._priors]]
            ),
        )
        innovations, self._state = filter_residuals(residuals, self._dependence)
        self._innovations = innovations.astype(np.float32)

    def _fit_item(
        self,
        y: NDArray[np.float64],
        own: NDArray[np.int64],
        season: NDArray[np.float64],
        age: NDArray[np.float64],
        residuals: NDArray[np.float64],
    ) -> None:
        """Season, levels and residuals of the series ``own``, which are all of one item."""
        prior: WaterPrior = self._priors[own[0]]
        valid = np.isfinite(y)
        weight = valid * 0.5 ** (age / _LONG_HALF_LIFE)[:, None]
        total = weight.sum(axis=0)
        filled = np.where(valid, y, 0.0)
        # Each series is centred, so that what is left is season and scatter.
        mean_y = (weight * filled).sum(axis=0) / total
        mean_x = (weight.T @ season) / total[:, None]
        gram = np.einsum("ms,mi,mj->sij", weight, season, season)
        gram -= total[:, None, None] * mean_x[:, :, None] * mean_x[:, None, :]
        moment = np.einsum("ms,mi->si", weight * (filled - mean_y), season)
        noise = prior.scale**2
        identity = np.eye(season.shape[1])
        common_penalty = identity / prior.season_sd**2
        own_penalty = identity / prior.own_season_sd**2
        common = np.zeros(season.shape[1])
        for _ in range(2):
            # Marginal of each series: its own departures are noise to the common season.
            marginal = np.linalg.inv(
                np.linalg.inv(gram / noise + 1e-9 * identity) + np.linalg.inv(own_penalty)
            )
            informed = np.linalg.solve(gram / noise + 1e-9 * identity, (moment / noise)[:, :, None])
            common = np.linalg.solve(
                marginal.sum(axis=0) + common_penalty,
                np.einsum("sij,sj->i", marginal, informed[:, :, 0]),
            )
            posterior = np.linalg.inv(gram / noise + own_penalty)
            target = moment / noise + own_penalty @ common
            beta = np.einsum("sij,sj->si", posterior, target)
            error = np.where(valid, y - mean_y - (season @ beta.T - (mean_x * beta).sum(axis=1)), 0)
            noise = float((weight * error**2).sum() / max(total.sum(), 1.0))
            noise = max(noise, 1e-6)
        deseasoned = np.where(valid, y - season @ beta.T, 0.0)
        local_weight = valid * 0.5 ** (age / _LOCAL_HALF_LIFE)[:, None]
        long_run = (weight * deseasoned).sum(axis=0) / total
        local = (local_weight * deseasoned).sum(axis=0) / np.maximum(
            local_weight.sum(axis=0), 1e-12
        )
        # A series that ended long ago has next to no local weight: its level is the long-run one.
        trust = local_weight.sum(axis=0)
        trust = trust / (trust + 2.0)
        self._long[own] = long_run
        self._local[own] = long_run + trust * (local - long_run)
        effective = local_weight.sum(axis=0) ** 2 / np.maximum((local_weight**2).sum(axis=0), 1e-12)
        self._level_sd[own] = np.sqrt(noise * prior.inflation / np.maximum(effective, 1.0))
        self._season[:, own] = beta.T
        eigen, vectors = np.linalg.eigh(posterior)
        root = vectors * np.sqrt(np.maximum(eigen, 0.0))[:, None, :]
        self._season_root[:, :, own] = np.moveaxis(root, 0, 2)
        smooth = _smooth(deseasoned, valid, _LOCAL_HALF_LIFE)
        residuals[:, own] = np.where(valid, deseasoned - smooth, np.nan)

    def sample(
        self, months: NDArray[np.datetime64], n_paths: int, rng: np.random.Generator
    ) -> Paths:
        """Draw futures of all fitted series for months after the last one with a value.

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
        ahead = np.arange(1, int(leads.max()) + 1)
        season = harmonics(_middle(self.last_month + ahead), _HARMONICS)
        left = _DAMPING ** (ahead / 12.0)
        centre = season @ self._season + self._long + left[:, None] * (self._local - self._long)
        spread = np.einsum("mk,kjs->mjs", season, self._season_root).astype(np.float32)
        items = [item for _, item in self.columns]
        groups = {item: g for g, item in enumerate(dict.fromkeys(items))}
        group = np.array([groups[item] for item in items])
        share = np.array([p.common_share for p in self._priors])
        growth = np.stack([slow_growth(p.slow_sd, ahead) for p in self._priors], axis=1)
        positions = draw_positions(
            len(self._innovations), len(ahead), n_paths, rng, year=12.0, mean_run=12.0, window=1
        )
        filled = fill_gaps(self._innovations, rng, year=12.0, window=2)
        for start in range(0, n_paths, _CHUNK):
            stop = min(start + _CHUNK, n_paths)
            n = stop - start
            # (month, path, series) → (month, series, path) and, drawn, (path, month, series).
            driven = np.ascontiguousarray(filled[positions[start:stop].T].swapaxes(1, 2))
            drawn = run_forward(driven, self._state, self._dependence).transpose(2, 0, 1)
            drawn += centre.astype(np.float32)
            unit = rng.standard_normal((n, spread.shape[1], n_series), dtype=np.float32)
            drawn += np.einsum("mjs,pjs->pms", spread, unit)
            for size in (self._level_sd[None, :], growth):
                drawn += self._joint(n, group, share, rng)[:, None, :] * size.astype(np.float32)
            np.clip(drawn, self._low, self._high, out=drawn)
            wanted = drawn[:, leads - 1]
            values[start:stop] = np.where(
                self._plain, wanted, np.exp(np.where(self._plain, 0.0, wanted))
            )

    def _joint(
        self,
        n_paths: int,
        group: NDArray[np.int64],
        share: NDArray[np.float64],
        rng: np.random.Generator,
    ) -> NDArray[np.float32]:
        """Unit-variance t draws (path, series), in part common to all series of an item."""
        common = rng.standard_normal((n_paths, int(group.max()) + 1))[:, group]
        own = rng.standard_normal((n_paths, len(group)))
        tail = np.sqrt((_DEGREES - 2.0) / rng.chisquare(_DEGREES, size=(n_paths, 1)))
        drawn = (np.sqrt(share) * common + np.sqrt(1.0 - share) * own) * tail
        result: NDArray[np.float32] = np.clip(drawn, -4.0, 4.0).astype(np.float32)
        return result


def _middle(months: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    """The 15th of each month."""
    return months.astype("datetime64[M]").astype("datetime64[D]") + 14


def _smooth(
    values: NDArray[np.float64], valid: NDArray[np.bool_], half_life: float
) -> NDArray[np.float64]:
    """Two-sided exponentially weighted mean along months, over the valid values."""
    step = np.abs(np.subtract.outer(np.arange(len(values)), np.arange(len(values))))
    kernel = 0.5 ** (step / half_life)
    smoothed: NDArray[np.float64] = (kernel @ (values * valid)) / np.maximum(kernel @ valid, 1e-12)
    return smoothed
