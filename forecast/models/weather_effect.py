"""What the weather of past days did to ln C: ridge regression on departures from the season.

Weather is put in as the departure of a day from the smooth season of the weather itself, so that
an effect of 0 is a day of normal weather. Season, calendar and the drifting level of ln C are taken
out of both sides before the fit (Frisch and Waugh 1933): what is left to explain is the day-to-day
and week-to-week part, and neither a trend of emissions nor the winter is taken for weather.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.features.calendar import harmonics
from forecast.models.air_mean import calendar_columns
from forecast.models.circumstances import Circumstances
from forecast.models.daily_record import DailyRecord
from forecast.standards.items import ITEMS

__all__ = [
    "MIN_WEATHER_DAYS",
    "WeatherDays",
    "ridge_effect",
    "weather_days",
    "weather_effect",
    "without_season",
]

#: With fewer days that have both a reading and weather, no effect is fitted: half a year holds one
#: of the two seasons and about 60 independent spells of weather.
MIN_WEATHER_DAYS = 180
#: Harmonics of the season of the weather.
_SEASON = 2
#: Length of a piece of the drifting level of ln C [days].
_PIECE_DAYS = 182.625
#: A column of weather is used where it has at least this part of the days of the fullest one.
_FULL_ENOUGH = 0.8
#: A day with so much rain counts as wet (the trace of the weather services) [mm].
_WET_MM = 0.1
#: Strengths of the ridge that are tried, in units of the number of days.
_STRENGTHS = np.geomspace(1e-4, 10.0, 26)
#: Effects beyond this many standard deviations of the effect are weather outside what was fitted.
_FARTHEST = 4.0

#: A change of level [standard deviations of a day] that no weather makes, looked for every so many
#: days.
_JUMP, _JUMP_STEP = 0.75, 15

#: Skewed quantities go in as ln(1 + x).
_SKEWED = frozenset({"precip", "wind_speed", "wind_gust", "blh", "snow_depth", "evaporation"})
#: Not used: visibility is an effect of pollution, not a cause; a direction in degrees has no order.
_NOT_USED = frozenset({"visibility", "wind_dir"})
_MET = frozenset(code for code, item in ITEMS.items() if item.domain == "met")


@dataclass(frozen=True)
class WeatherDays:
    """Regressors of each day.

    Attributes:
        values: shape (day, regressor), 0 on average over the days that have weather; 0 where a
            day has none.
        known: whether a day has weather, shape (day,).
        stepped: weather items that were left out because their level jumps.
    """

    values: NDArray[np.float64]
    known: NDArray[np.bool_]
    stepped: tuple[str, ...] = ()


def weather_days(weather: pd.DataFrame, days: NDArray[np.datetime64]) -> WeatherDays:
    """Make regressors of the weather of ``days``.

    Each quantity: its departure from its season (in standard deviations), that of the day before,
    and the mean of the two days before that, since pollution gathers and is washed out over days.
    Wind components give the speed of the mean wind too; rain gives whether a day was wet. Terms of
    their own for winter and summer, and squares, explain more of the days but forecast the year no
    better (``benchmarks/air_weather.py``, tuning half).

    Args:
        weather: index of days, columns codes of weather items; later days than the last of
            ``days`` are not looked at, earlier ones help to know the season.
        days: every day of a span, in order.

    Raises:
        ValueError: a day occurs twice, or a column is no weather item.
    """
    none = WeatherDays(np.zeros((len(days), 0)), np.zeros(len(days), dtype=bool))
    strange = [str(c) for c in weather.columns if c not in _MET]
    if strange:
        raise ValueError(f"columns {strange} are no weather items; known are {sorted(_MET)}")
    dates = weather.index.to_numpy().astype("datetime64[D]")
    if len(np.unique(dates)) != len(dates):
        raise ValueError("weather has a day twice; one row a day is expected")
    if not len(days) or not (dates <= days[-1]).any():
        return none
    first = min(dates.min(), days[0])
    span = np.arange(first, days[-1] + 1)
    used = dates <= days[-1]
    names = sorted(str(c) for c in weather.columns if c not in _NOT_USED)
    raw = np.full((len(span), len(names)), np.nan)
    table = weather[names].to_numpy(dtype=np.float64, na_value=np.nan)
    raw[(dates[used] - first).astype(np.int64)] = table[used]
    sources, drivers = _drivers(names, raw)
    columns, stepped = [], set()
    enough = np.isfinite(drivers).sum(axis=0)
    for source, column, count in zip(sources, drivers.T, enough, strict=True):
        if count >= max(MIN_WEATHER_DAYS, _FULL_ENOUGH * enough.max()):
            departure = _departure(span, column)
            if departure is None:
                continue
            if _jumps(departure):
                stepped.add(source)
            else:
                columns.append(departure)
    if not columns:
        return replace(none, stepped=tuple(sorted(stepped)))
    plain = np.column_stack(columns)
    known = np.asarray(np.isfinite(plain).all(axis=1), dtype=np.bool_)
    values = _with_memory(np.where(known[:, None], plain, 0.0), known)
    at = int((days[0] - first).astype(np.int64))
    return WeatherDays(values[at:], known[at:], tuple(sorted(stepped)))


def _drivers(names: list[str], raw: NDArray[np.float64]) -> tuple[list[str], NDArray[np.float64]]:
    """Columns on the scale on which they act, each with the item it is made of."""
    sources, columns = list(names), []
    for name, column in zip(names, raw.T, strict=True):
        if name in _SKEWED:
            columns.append(np.log1p(np.maximum(column, 0.0)))
        else:
            columns.append(column)
    if "precip" in names:
        rain = raw[:, names.index("precip")]
        columns.append(np.where(np.isfinite(rain), rain >= _WET_MM, np.nan))
        sources.append("precip")
    if "wind_speed" not in names and {"wind_u", "wind_v"} <= set(names):
        u, v = raw[:, names.index("wind_u")], raw[:, names.index("wind_v")]
        columns.append(np.log1p(np.hypot(u, v)))
        sources.append("wind_u")
    return sources, np.column_stack(columns) if columns else np.zeros((len(raw), 0))


def _jumps(departure: NDArray[np.float64]) -> bool:
    """Whether the level of a column changes by more than weather does.

    A station that moved, another instrument or another unit: its effect would be taken out of the
    present and not be put back with the past. Means of up to a year are compared with those of up
    to two years before; weather itself moves them by about 0.2 standard deviations of a day.
    """
    known = np.isfinite(departure)
    count = np.concatenate([[0], np.cumsum(known)])
    total = np.concatenate([[0.0], np.cumsum(np.where(known, departure, 0.0))])
    at = np.arange(0, len(departure) + 1, _JUMP_STEP)
    before, after = np.maximum(at - 730, 0), np.minimum(at + 365, len(departure))
    n_before, n_after = count[at] - count[before], count[after] - count[at]
    some = (n_before >= MIN_WEATHER_DAYS) & (n_after >= MIN_WEATHER_DAYS)
    if not some.any():
        return False
    change = (total[after] - total[at])[some] / n_after[some]
    change -= (total[at] - total[before])[some] / n_before[some]
    return bool(np.abs(change).max() > _JUMP)


def _departure(
    days: NDArray[np.datetime64], values: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Values less their smooth season, over their standard deviation; None if they stand still."""
    rest = without_season(days, values, np.isfinite(values))
    spread = float(np.nanstd(rest))
    if spread <= 1e-6 * max(1.0, float(np.nanmax(np.abs(values)))):
        return None
    return rest / spread


def without_season(
    days: NDArray[np.datetime64], values: NDArray[np.float64], known: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Values (day, …) less a smooth season fitted on the days that are ``known``."""
    season = np.column_stack([np.ones(len(days)), harmonics(days, _SEASON)])
    own = season[known]
    # Least squares by the small normal equations; a part of a year leaves some of them open.
    found = np.linalg.lstsq(own.T @ own, own.T @ values[known], rcond=1e-8)[0]
    rest: NDArray[np.float64] = values - season @ found
    return rest


def _with_memory(plain: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Departures of the day, of the day before, and of the two days before that on average."""
    padded = np.vstack([np.zeros((3, plain.shape[1])), plain])
    parts = [plain, padded[2:-1], (padded[1:-2] + padded[:-3]) / 2.0]
    return np.where(known[:, None], np.hstack(parts), 0.0)


def weather_effect(
    record: DailyRecord, weather: WeatherDays, circumstances: Circumstances
) -> NDArray[np.float64]:
    """Effect of the weather on ln C of each day and item.

    Args:
        record: readings.
        weather: of the days of ``record``.
        circumstances: spans that count less count less here too.

    Returns:
        Shape (day, item); 0 where the weather of the day is not known, and throughout for an item
        that has fewer than :data:`MIN_WEATHER_DAYS` days with both.
    """
    effects = np.zeros(record.values.shape)
    if not record.items:
        return effects
    nuisance = _nuisance(record.days)
    logs = record.logs
    for i, item in enumerate(record.items):
        used = weather.known & np.isfinite(record.values[:, i])
        if used.sum() < MIN_WEATHER_DAYS:
            continue
        root = np.sqrt(circumstances.weights(record.days[used], item))[:, None]
        found = ridge_effect(
            root * weather.values[used], root[:, 0] * logs[used, i], root * nuisance[used]
        )
        effect = weather.values @ found
        far = _FARTHEST * float(effect[used].std())
        effects[:, i] = np.clip(effect, -far, far)
    return effects


def _nuisance(days: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Season, weekend, holidays and a level in straight pieces of half a year."""
    ahead = (days - days[0]).astype(np.float64) / _PIECE_DAYS
    knots = np.arange(0.0, np.ceil(ahead[-1]) + 1.0)
    level = np.maximum(1.0 - np.abs(ahead[:, None] - knots), 0.0)
    return np.hstack([level, calendar_columns(days)])


def ridge_effect(
    x: NDArray[np.float64], y: NDArray[np.float64], nuisance: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Coefficients of ``x`` by ridge regression beside ``nuisance``, which is not shrunk.

    The strength is that of the least generalised cross validation (Golub, Heath and Wahba 1979,
    doi:10.1080/00401706.1979.10489751), n·RSS/(n − p − c·tr H)², with c = (1 + r²)/(1 − r²) where
    ``y`` and the regressors have a correlation r from one row to the next: days are not
    independent, and the plain form (c = 1) shrinks too little.

    Args:
        x: shape (row, regressor).
        y: shape (row,).
        nuisance: shape (row, column).

    Returns:
        Shape (regressor,).
    """
    # Sums of squares and products are enough: small matrices, whatever the number of days.
    sizes, axes = np.linalg.eigh(nuisance.T @ nuisance)
    kept = sizes > 1e-9 * sizes[-1]
    basis = nuisance @ (axes[:, kept] / np.sqrt(sizes[kept]))
    rest_x, rest_y = x - basis @ (basis.T @ x), y - basis @ (basis.T @ y)
    spread = np.sqrt((rest_x**2).mean(axis=0))
    usable = spread > 1e-6 * max(float(spread.max(initial=0.0)), 1e-6)
    coefficients = np.zeros(x.shape[1])
    if not usable.any():
        return coefficients
    unit = rest_x[:, usable] / spread[usable]
    values, vectors = np.linalg.eigh(unit.T @ unit)
    sound = values > 1e-9 * values[-1]
    values, vectors = values[sound], vectors[:, sound]
    moment = vectors.T @ (unit.T @ rest_y)
    error = rest_y - unit @ (vectors @ (moment / values))
    rss = float(error @ error)
    # Of y, not of the errors: a fit that has taken too much leaves errors without memory.
    r = rest_y[1:] @ rest_y[:-1] / max(float(rest_y @ rest_y), 1e-300)
    r = float(np.clip(r, 0.0, 0.95))
    factor = (1.0 + r**2) / (1.0 - r**2)
    strengths = len(y) * _STRENGTHS[:, None]
    share = values / (values + strengths)
    lost = (((1.0 - share) * moment) ** 2 / values).sum(axis=1)
    free = len(y) - basis.shape[1] - factor * share.sum(axis=1)
    score = np.where(free > 0.0, (rss + lost) / np.maximum(free, 1.0) ** 2, np.inf)
    best = int(np.argmin(score))
    found = vectors @ (moment / (values + strengths[best]))
    coefficients[usable] = found / spread[usable]
    return coefficients
