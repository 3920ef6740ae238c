"""What the charts of one city draw: the year so far, the years before, and the fan ahead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.projection.days import calendar_days, dust_matrix, matrix, other_versions
from forecast.projection.settings import Settings
from forecast.standards.aqi import daily_aqi
from forecast.standards.items import AIR_ITEMS

__all__ = ["AirTracks", "air_tracks"]


@dataclass(frozen=True)
class AirTracks:
    """What the charts of one city draw.

    Attributes:
        days: datetime64[D] of shape (day,): all days of the year.
        aqi: int16 (day,), -1 where there is none; observed days only.
        primary: bool (day, item): items that led the AQI of the day.
        cumulative: indicator → float (day,) to date, NaN after the last reading.
        valid: indicator → bool (day,): whether the day itself counts.
        earlier: indicator → year → float (day of that year,).
        fan: indicator → quantile → float (day,), NaN up to the last reading.
        level_counts: year → int (7,): days without an AQI, then days in each level, up to the same
            day of the year.
        other_standard: token of the version shown beside.
        other_aqi: AQI of the same days under that version.
    """

    days: NDArray[np.datetime64]
    aqi: NDArray[np.int16]
    primary: NDArray[np.bool_]
    cumulative: dict[str, NDArray[np.float64]]
    valid: dict[str, NDArray[np.bool_]]
    earlier: dict[str, dict[int, NDArray[np.float64]]]
    fan: dict[str, dict[str, NDArray[np.float64]]]
    level_counts: dict[int, NDArray[np.int64]]
    other_standard: str
    other_aqi: NDArray[np.int16]


_FAN = {"q025": 0.025, "q10": 0.1, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q90": 0.9, "q975": 0.975}


def _cumulative(
    values: NDArray[Any],
    days: NDArray[np.datetime64],
    settings: Settings,
    dust: NDArray[np.bool_],
) -> dict[str, NDArray[np.float64]]:
    """Cumulative good-day ratio [%] and PM2.5 mean [µg/m³] of (path, day, item) values.

    The mean leaves out the days of ``dust`` (day, item), the ratio keeps them.
    """
    found = daily_aqi(values, days, AIR_ITEMS, settings.standard)
    counted = (found.aqi >= 0) & found.complete
    n = np.cumsum(counted, axis=-1, dtype=np.int32)
    good = np.cumsum(counted & (found.aqi <= 100), axis=-1, dtype=np.int32)
    pm25 = values[..., AIR_ITEMS.index("pm25")]
    dusty = dust[:, AIR_ITEMS.index("pm25")]
    if dusty.any():
        pm25 = np.where(dusty, np.nan, pm25)
    m = np.cumsum(np.isfinite(pm25), axis=-1, dtype=np.int32)
    total = np.nancumsum(pm25, axis=-1, dtype=np.float64)
    return {
        "good_day_ratio": np.where(n > 0, 100.0 * good / np.maximum(n, 1), np.nan),
        "pm25_annual_mean": np.where(m > 0, total / np.maximum(m, 1), np.nan),
    }


def air_tracks(
    history: pd.DataFrame,
    joined: NDArray[np.float32] | None,
    observed: NDArray[np.float64],
    days: NDArray[np.datetime64],
    settings: Settings,
    drawn_from: int,
    dust: pd.DataFrame | None = None,
) -> AirTracks:
    """Return what the charts of one city draw.

    Args:
        history: days × items up to the as-of date.
        joined: (path, day, item) of the year, observed and drawn; None when nothing is drawn.
        observed: (day, item) of the year.
        days: the days of the year.
        drawn_from: position of the first drawn day.
        dust: ``date, item`` of the days taken out of the means as dust.
    """
    found = daily_aqi(observed, days, AIR_ITEMS, settings.standard)
    other = other_versions(settings)[0]
    seen = np.isfinite(observed).any(axis=1)
    last = int(np.flatnonzero(seen)[-1]) if seen.any() else -1
    cumulative = {}
    removed = dust_matrix(dust, days)
    for name, line in _cumulative(observed, days, settings, removed).items():
        cumulative[name] = np.where(np.arange(len(days)) <= last, line, np.nan)
    earlier: dict[str, dict[int, NDArray[np.float64]]] = {n: {} for n in cumulative}
    counts: dict[int, NDArray[np.int64]] = {}
    for year in range(settings.year - 5, settings.year + 1):
        of_year = calendar_days(date(year, 1, 1), date(year, 12, 31))
        values = matrix(history, of_year)
        aqi = daily_aqi(values, of_year, AIR_ITEMS, settings.standard)
        usable = np.where(aqi.complete, aqi.aqi, -1)[: last + 1]
        if (usable >= 0).any():
            level = np.searchsorted(np.array([-1, 50, 100, 150, 200, 300]), usable, side="left")
            counts[year] = np.bincount(level, minlength=7).astype(np.int64)
        if year < settings.year and np.isfinite(values).any():
            past = dust_matrix(dust, of_year)
            for name, line in _cumulative(values, of_year, settings, past).items():
                if np.isfinite(line).sum() > 300:
                    earlier[name][year] = line
    fan: dict[str, dict[str, NDArray[np.float64]]] = {}
    if joined is not None:
        for name, lines in _cumulative(joined, days, settings, removed).items():
            ahead = np.quantile(lines[:, drawn_from:], list(_FAN.values()), axis=0)
            fan[name] = {}
            for row, label in enumerate(_FAN):
                full = np.full(len(days), np.nan)
                full[drawn_from:] = ahead[row]
                fan[name][label] = full
    return AirTracks(
        days=days,
        aqi=np.where(found.complete, found.aqi, -1).astype(np.int16),
        primary=found.primary,
        cumulative=cumulative,
        valid={
            "good_day_ratio": found.complete & (found.aqi >= 0),
            "pm25_annual_mean": (np.isfinite(observed) & ~removed)[:, AIR_ITEMS.index("pm25")],
        },
        earlier=earlier,
        fan=fan,
        level_counts=counts,
        other_standard=other,
        other_aqi=daily_aqi(observed, days, AIR_ITEMS, other).aqi,
    )
