"""Outlook for the next seven days: AQI level, leading item, odds of light, moderate, heavy pollution.

Drawn days of all items together (:mod:`forecast.models.short_range`) are judged by the daily rule in
force on each day; beside stand two plain rules (:mod:`forecast.projection.short_range_references`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.features.weather_ahead import WeatherAhead
from forecast.models.circumstances import Circumstances
from forecast.models.short_range import ShortRange
from forecast.models.short_range_design import LEADS
from forecast.projection.air_drawing import undrawable, without
from forecast.projection.days import wide
from forecast.projection.panel import Panel
from forecast.projection.settings import Settings
from forecast.projection.short_range_city import THRESHOLDS, CityOutlook, city_outlook
from forecast.projection.short_range_water import water_short_range
from forecast.projection.short_range_weather import joined_weather
from forecast.projection.streams import stream
from forecast.projection.summary import QUANTILES, number
from forecast.region_names import normalise_region

__all__ = [
    "LEVEL_TOKENS", "THRESHOLDS", "city_short_range", "short_range", "water_short_range",
]  # fmt: skip

#: Level I to VI of HJ 633.
LEVEL_TOKENS = ("I", "II", "III", "IV", "V", "VI")
#: Highest AQI of each level but the last. The level told is that of the median, as printed beside.
_LEVEL_ENDS = (50.0, 100.0, 150.0, 200.0, 300.0)
_ITEM_QUANTILES = ("0.1", "0.5", "0.9")


def short_range(
    panel: Panel,
    settings: Settings,
    forecasts: Mapping[str, WeatherAhead] = {},
) -> list[dict[str, Any]]:
    """Outlook of every city that is asked for, JSON-ready.

    Args:
        panel: what is known at the as-of date.
        settings: the question; the year is of no matter.
        forecasts: normalised region → its forecast weather, issued by the next morning.

    Returns:
        One entry a city; ``days`` is empty, with a ``reason``, where nothing can be said.
    """
    return [
        city_short_range(
            region, place, wide(readings), settings,
            panel.circumstances.get(key), panel.weather.get(key), forecasts.get(key),
        )
        for region, place, readings in panel.cities()
        for key in (normalise_region(region),)
    ]  # fmt: skip


def city_short_range(
    region: str,
    place: str,
    history: pd.DataFrame,
    settings: Settings,
    circumstances: Circumstances | None,
    past_weather: pd.DataFrame | None,
    ahead: WeatherAhead | None,
) -> dict[str, Any]:
    """Outlook of one city; ``history`` is :func:`forecast.projection.days.wide` of its readings."""
    entry: dict[str, Any] = {"region": region, "place": place, "place_kind": "city"}
    history = history[history.index <= pd.Timestamp(settings.as_of)]
    reasons = undrawable(history, settings, LEADS)
    usable, end = without(history, reasons)
    if end is None:
        return entry | {"days": [], "reason": {
            "zh": "截至起报日没有可用的监测值", "en": "no usable reading up to the as-of date",
        }}  # fmt: skip
    last = end.date()
    silent = (settings.as_of - last).days
    if silent >= LEADS:
        return entry | {"issued": last.isoformat(), "days": [], "reason": {
            "zh": f"最后一次监测值为{last},距起报日{silent}天,从该日起{LEADS}天内的预报已经过去",
            "en": f"the last reading is of {last}, {silent} days before the as-of date; the {LEADS} "
            "days that can be said from there are over",
        }}  # fmt: skip
    weather, forecast_leads = joined_weather(past_weather, ahead, np.datetime64(last, "D"))
    rng = stream(settings.seed, "short_range", region, place)
    found = city_outlook(
        usable[usable.index <= pd.Timestamp(last)], settings.n_paths, rng,
        standard=settings.standard, circumstances=circumstances, weather=weather,
    )  # fmt: skip
    if found is None:
        return entry | {"issued": last.isoformat(), "days": [], "reason": {
            "zh": "监测日太少(每项至少需60天)",
            "en": "too few days with readings (60 of an item are needed)",
        }}  # fmt: skip
    days = found.paths.days
    kept = np.flatnonzero(days > np.datetime64(settings.as_of, "D"))
    used = [bool(w and f) for w, f in zip(found.paths.weather, forecast_leads, strict=True)]
    return entry | {
        "issued": last.isoformat(),
        "standard": "+".join(dict.fromkeys(found.standards[k] for k in kept)),
        "model": ShortRange.name,
        "n_paths": settings.n_paths,
        "weather": "forecast" if any(used) else "none",
        "items_missing": list(found.absent),
        "days": _days(found, kept, used),
    }


def _days(
    found: CityOutlook, kept: NDArray[np.int64], forecast: list[bool]
) -> list[dict[str, Any]]:
    """Entries of the days at the positions ``kept``."""
    items, values = found.paths.items, found.paths.values.astype(np.float64)
    aqi = found.judged.aqi.astype(np.float64)
    leading, exceed = found.leading, found.exceed
    aqi_at = np.quantile(aqi, [float(q) for q in QUANTILES], axis=0)
    middle = np.median(aqi, axis=0)
    items_at = np.quantile(values, [float(q) for q in _ITEM_QUANTILES], axis=0)
    item_means = values.mean(axis=0)
    return [
        {
            "date": str(found.paths.days[k]),
            "lead": k + 1,
            "aqi": {
                "mean": number(float(aqi[:, k].mean())),
                "quantiles": _named(QUANTILES, aqi_at[:, k]),
            },
            "levels": _named(LEVEL_TOKENS, found.levels[k]),
            "level": LEVEL_TOKENS[int(np.searchsorted(_LEVEL_ENDS, middle[k]))],
            "leading": _named((*items, "none"), leading[k]),
            "exceed": _named(tuple(THRESHOLDS), exceed[k]),
            "items": {
                item: {
                    "mean": number(float(item_means[k, i])),
                    "quantiles": _named(_ITEM_QUANTILES, items_at[:, k, i]),
                }
                for i, item in enumerate(items)
            },
            "references": {
                rule: _named(tuple(THRESHOLDS), odds[k]) for rule, odds in found.references.items()
            },
            "weather": "forecast" if forecast[k] else "none",
        }
        for k in kept.tolist()
    ]


def _named(names: tuple[str, ...], values: NDArray[np.float64]) -> dict[str, float | None]:
    return {name: number(float(v)) for name, v in zip(names, values, strict=True)}
