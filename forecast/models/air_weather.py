"""Seasonal model that knows the weather of past days (the idea of ensemble streamflow prediction).

What the known weather did to ln C (:mod:`forecast.models.weather_effect`) is taken out of the
record, so that level, trend and season are those of normal weather and a windy year does not pass
for a clean one. Futures get weather back: each drawn day takes the effect of the very past date
whose innovation it takes, so past weather comes whole, all items together and in unbroken runs.
Weather after the last reading is never used.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.models.air_seasonal import AirSeasonal
from forecast.models.circumstances import Circumstances
from forecast.models.daily_record import daily_record
from forecast.models.gaps import fill_gaps
from forecast.models.long_gaps import from_other_years
from forecast.models.past_dates import Dates, run_shifts
from forecast.models.pooled import AirPooled
from forecast.models.shared_draws import SharedDraws
from forecast.models.weather_effect import weather_days, weather_effect, without_season

__all__ = ["AirWeather"]


class AirWeather(AirSeasonal):
    """Seasonal model of one place with the weather of its past days.

    Where the weather is not known for enough days, it is :class:`AirSeasonal` in every bit.

    Args:
        place: name of the place, kept in the paths.
        weather: index of days (any order, gaps allowed), columns weather items such as
            ``temp_mean`` [°C], ``rh`` [%], ``wind_u`` [m/s], ``precip`` [mm]; NaN where missing. Years
            before the first reading help to know what is normal.
        items: the items whose weather is taken out and put back; None for all.
        pooled, circumstances, shared: as for :class:`AirSeasonal`.

    Attributes:
        name: ``"seasonal_weather"``.
        effects: after :meth:`fit`, the effect of the weather on ln C of each day of the record;
            index days, columns items, NaN where the weather is not known; empty where none was
            fitted. exp(effect) − 1 is what the weather added to a day's concentration.
        stepped: weather items that were left out because their level jumps.
    """

    name = "seasonal_weather"
    _FITTED = (*AirSeasonal._FITTED, "effects", "stepped", "_put_back")

    def __init__(
        self,
        place: str = "",
        *,
        weather: pd.DataFrame,
        items: Collection[str] | None = None,
        pooled: AirPooled | None = None,
        circumstances: Circumstances | None = None,
        shared: SharedDraws | None = None,
    ) -> None:
        super().__init__(place, pooled=pooled, circumstances=circumstances, shared=shared)
        self.weather = weather
        self.with_weather = None if items is None else frozenset(items)
        self.effects = pd.DataFrame()
        self.stepped: tuple[str, ...] = ()
        self._put_back: NDArray[np.float32] | None = None

    def fit(self, history: pd.DataFrame) -> Self:
        """Fit to daily readings of one place, see :meth:`AirSeasonal.fit`.

        Raises:
            ValueError: a day occurs twice in ``history`` or in the weather, or a column of the
                weather is no weather item.
        """
        self.effects, self._put_back = pd.DataFrame(), None
        record = daily_record(history)
        weather = weather_days(self.weather, record.days)
        self.stepped = weather.stepped
        effects = weather_effect(record, weather, self.circumstances)
        if self.with_weather is not None:
            effects[:, [item not in self.with_weather for item in record.items]] = 0.0
        if not effects.any():
            super().fit(history)
            return self
        index = pd.DatetimeIndex(record.days)
        shown = np.where(weather.known[:, None], effects, np.nan)
        self.effects = pd.DataFrame(shown, index=index, columns=list(record.items))
        calm = history.copy()
        at = (history.index.to_numpy().astype("datetime64[D]") - record.days[0]).astype(np.int64)
        inside = (at >= 0) & (at < len(record.days))
        for i, item in enumerate(record.items):
            factor = np.ones(len(history))
            factor[inside] = np.exp(-effects[at[inside], i])
            calm[item] = history[item].to_numpy(dtype=np.float64, na_value=np.nan) * factor
        super().fit(calm)
        # What may be drawn is bounded by what was read, not by what normal weather makes of it.
        self._means = [
            replace(mean, floor=float(floor), cap=float(cap))
            for mean, floor, cap in zip(self._means, record.floors, record.caps, strict=True)
        ]
        # Futures have normal weather on average, also where the record's years had not.
        centred = without_season(record.days, effects, weather.known)
        centred[~weather.known] = 0.0
        # A day with neither reading nor weather says nothing; a reading has its weather in it.
        nothing = ~weather.known[:, None] & ~np.isfinite(record.values)
        centred[nothing] = np.nan
        self._put_back = centred.astype(np.float32)
        return self

    def _inputs(self, history: pd.DataFrame) -> tuple[object, ...]:
        """All that a fit depends on: of the weather, that of later days is not looked at."""
        last = history.dropna(how="all").index.max()
        weather = self.weather[self.weather.index <= last]
        items = None if self.with_weather is None else tuple(sorted(self.with_weather))
        return (*super()._inputs(history), weather, items)

    def _beside(
        self, dates: Dates, rng: np.random.Generator
    ) -> Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """Effects of the weather by past day, and what runs of another year could have had."""
        if self._put_back is None:
            return ()
        whole, own_days = from_other_years(self._on_drawn_days(self._put_back))
        filled = fill_gaps(whole, rng)
        # The units of the next run, with signs in turn, serve as units of their own: the sums over
        # a year of both shifts are uncorrelated, and places that share dates share them.
        units = np.roll(dates.units, -1, axis=0)
        units[1::2] *= -1.0
        shifts = run_shifts(units, filled, own_days) * np.sqrt(_persistence(filled))
        return list(
            zip(np.ascontiguousarray(filled.T), np.ascontiguousarray(shifts.T), strict=True)
        )


def _persistence(effects: NDArray[np.float32]) -> NDArray[np.float32]:
    """Long-run variance over variance of one day, (1 + r)/(1 − r), shape (item,)."""
    off = effects.astype(np.float64) - effects.mean(axis=0, dtype=np.float64)
    variance = np.maximum((off**2).mean(axis=0), 1e-12)
    r = np.clip((off[1:] * off[:-1]).mean(axis=0) / variance, 0.0, 0.9)
    found: NDArray[np.float32] = ((1.0 + r) / (1.0 - r)).astype(np.float32)
    return found
