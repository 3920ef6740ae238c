"""Rows of the short-range benchmark: what was said of each day from each origin, and what came."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from air_weather import read_provinces, weather_of

from forecast.projection.short_range_city import city_outlook
from forecast.standards.aqi import daily_aqi
from forecast.standards.items import AIR_ITEMS
from forecast.verification.scores import crps_ensemble

STANDARD = "HJ 633-2012"
LEADS = 7
OVER = {"light": 100, "moderate": 150, "heavy": 200}
_COMPASS = (
    "N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW",
)  # fmt: skip
_WINDS = {name: 22.5 * k for k, name in enumerate(_COMPASS)}


def said_and_came(
    cities: Mapping[str, pd.DataFrame],
    first: str,
    end: str,
    stride: int,
    *,
    n_paths: int = 500,
    weather: Mapping[str, pd.DataFrame] | None = None,
    skill: tuple[float, ...] = (1.0,) * LEADS,
    degraded: bool = False,
    last_days: int | None = None,
) -> pd.DataFrame:
    """One row a city, origin and lead.

    Args:
        cities: days × items.
        first, end: of the origins; every ``stride``-th day counts, cities begin on different ones.
        n_paths: paths.
        weather: city → its observed weather, which stands in for a forecast.
        skill: what the model is told of it.
        degraded: mix the weather to come with that of another year, so that its correlation with
            what came is ``skill``.
        last_days: only so many days before the origin are known.
    """
    rows = []
    for number_, (city, frame) in enumerate(sorted(cities.items())):
        if weather is not None and city not in weather:
            continue
        days = np.arange(
            frame.index[0].to_datetime64().astype("datetime64[D]"),
            frame.index[-1].to_datetime64().astype("datetime64[D]") + 1,
        )
        full = frame.reindex(pd.DatetimeIndex(days), columns=list(AIR_ITEMS))
        items = [i for i in AIR_ITEMS if full[i].notna().any()]
        absent = tuple(i for i in AIR_ITEMS if i not in items)
        truth = daily_aqi(
            full[items].to_numpy(float), None, tuple(items), STANDARD, not_monitored=absent
        )
        aqi = np.where(truth.complete & (truth.aqi >= 0), truth.aqi, np.nan)
        for origin in np.arange(np.datetime64(first) + number_, np.datetime64(end), stride):
            at = int((origin - days[0]).astype(int))
            if at < 365 or at + LEADS >= len(days) or not np.isfinite(aqi[at]):
                continue
            start = 0 if last_days is None else at + 1 - last_days
            history = full.iloc[start : at + 1]
            told = None
            if weather is not None:
                told = _told(weather[city], origin, skill if degraded else None)
                if told is None:
                    continue
            found = city_outlook(
                history, n_paths, np.random.default_rng([number_, at]), standard=STANDARD,
                weather=told, weather_skill=skill,
            )  # fmt: skip
            if found is None:
                continue
            drawn = found.judged.aqi.astype(np.float64)
            low, high = np.quantile(drawn, [0.1, 0.9], axis=0)
            crps = crps_ensemble(drawn.T, aqi[at + 1 : at + 1 + LEADS])
            primary = found.judged.primary
            lead_share = primary / np.maximum(primary.sum(axis=2, keepdims=True), 1)
            lead_share = lead_share.mean(axis=0)
            for k in range(LEADS):
                day = at + 1 + k
                if not np.isfinite(aqi[day]):
                    continue
                came = truth.primary[day]
                best = int(np.argmax(lead_share[k]))
                row = {
                    "city": city, "origin": origin, "month": str(days[day])[:7], "lead": k + 1,
                    "aqi": aqi[day], "before": aqi[at], "level": int(truth.level[day]),
                    "level_before": int(truth.level[at]),
                    "level_said": 1 + int(np.argmax(found.levels[k])),
                    "low": low[k], "high": high[k], "crps": float(crps[k]),
                    "led": bool(came.any()),
                    "leader_right": bool(came[best]) if came.any() else np.nan,
                    "leader_before": bool((came & truth.primary[at]).any()) if came.any() else np.nan,
                }  # fmt: skip
                for j, name in enumerate(OVER):
                    row[f"said_{name}"] = found.exceed[k, j]
                    for rule, odds in found.references.items():
                        row[f"{rule}_{name}"] = odds[k, j]
                rows.append(row)
    return pd.DataFrame(rows)


def _told(
    weather: pd.DataFrame, origin: np.datetime64, skill: tuple[float, ...] | None
) -> pd.DataFrame | None:
    """Past weather, and that of the seven days to come, as it was or degraded."""
    end = pd.Timestamp(origin) + pd.Timedelta(days=LEADS)
    known = weather[weather.index <= end]
    ahead = known[known.index > pd.Timestamp(origin)]
    if len(ahead) < LEADS or ahead.isna().any().any():
        return None
    if skill is None:
        return known
    # The same days of the year before or after: as good a climate, and nothing of this week.
    for years in (1, -1, 2):
        days = ahead.index - pd.DateOffset(years=years)
        other = weather.reindex(days)
        if other.notna().all().all() and not days.duplicated().any():
            break
    else:
        return None
    part = np.array(skill)[:, None]
    apart = (weather.index.day_of_year.to_numpy() - ahead.index[3].day_of_year + 183) % 366 - 183
    mean = weather[np.abs(apart) <= 20].mean().to_numpy()
    mixed = (
        mean + part * (ahead.to_numpy() - mean) + np.sqrt(1.0 - part**2) * (other.to_numpy() - mean)
    )
    out = known.copy()
    out.loc[ahead.index] = mixed
    for name in out.columns:
        if name in ("precip", "wind_speed", "rh"):
            out[name] = out[name].clip(lower=0.0)
    return out


def city_weather(data: Path, cities: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Weather of the province of each city, reanalysis."""
    provinces, _ = read_provinces(data)
    return weather_of(cities, provinces)


def beijing_stations(data: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Mean of eight stations of Beijing: daily values of the six items, and weather."""
    folder = data / "air" / "beijing_station_hourly_met"
    tables = [
        pd.read_csv(path, encoding="utf-8", parse_dates=["datetime"])
        for path in sorted(folder.glob("*.csv.gz"))
    ]
    hours = pd.concat(tables)
    wind = np.deg2rad(hours["wd"].map(_WINDS))
    hours["wind_u"] = -hours["WSPM"] * np.sin(wind)
    hours["wind_v"] = -hours["WSPM"] * np.cos(wind)
    names = [
        "PM2.5",
        "PM10",
        "SO2",
        "NO2",
        "CO",
        "O3",
        "TEMP",
        "PRES",
        "DEWP",
        "RAIN",
        "WSPM",
        "wind_u",
        "wind_v",
    ]
    mean = hours.groupby("datetime")[names].mean().asfreq("h")
    day = mean.index.normalize()
    enough = mean.groupby(day).count() >= 20
    daily = mean.groupby(day).mean().where(enough)
    eight = mean["O3"].rolling(8, min_periods=6).mean()
    eight = eight[eight.index.hour >= 7]
    air = pd.DataFrame(
        {
            "so2": daily["SO2"], "no2": daily["NO2"], "pm10": daily["PM10"], "pm25": daily["PM2.5"],
            "co": daily["CO"] / 1000.0, "o3_8h": eight.groupby(eight.index.normalize()).max(),
        }
    )  # fmt: skip
    met = pd.DataFrame(
        {
            "temp_mean": daily["TEMP"], "pressure": daily["PRES"], "dew_point": daily["DEWP"],
            "precip": mean.groupby(day)["RAIN"].sum().where(enough["RAIN"]),
            "wind_speed": daily["WSPM"], "wind_u": daily["wind_u"], "wind_v": daily["wind_v"],
        }
    )  # fmt: skip
    return air, met


def long_three_items(data: Path) -> dict[str, pd.DataFrame]:
    """Cities of the long record: PM2.5, SO2 and NO2 only, 2014 to 2020."""
    path = data / "air" / "city_daily_long_2013_2020.csv.gz"
    table = pd.read_csv(path, encoding="utf-8", parse_dates=["date"])
    out = {}
    for city, own in table.groupby("city"):
        frame = own.set_index("date").reindex(columns=list(AIR_ITEMS))
        frame[["pm10", "co", "o3_8h"]] = np.nan
        out[str(city)] = frame
    return out
