"""Open-Meteo: daily weather of a point, from the reanalysis archive and from the forecast.

Addresses and names of variables: open-meteo.com/en/docs and /en/docs/historical-weather-api.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pandas as pd

from forecast.errors import InputError
from forecast.fetch.client import Client
from forecast.fetch.source import (
    Argument,
    Download,
    Request,
    Source,
    Unusable,
    file_name,
    json_of,
    years,
)
from forecast.workspace import Workspace

__all__ = ["ARCHIVE", "FORECAST", "WeatherForecast", "read_weather_forecast", "weather_forecasts"]

#: Daily variables → the unit that is asked for.
_VARIABLES = {
    "temperature_2m_mean": "°C",
    "temperature_2m_max": "°C",
    "temperature_2m_min": "°C",
    "dew_point_2m_mean": "°C",
    "relative_humidity_2m_mean": "%",
    "surface_pressure_mean": "hPa",
    "pressure_msl_mean": "hPa",
    "precipitation_sum": "mm",
    "wind_speed_10m_mean": "m/s",
    "wind_gusts_10m_max": "m/s",
    "wind_direction_10m_dominant": "°",
    "shortwave_radiation_sum": "MJ/m²",
    "cloud_cover_mean": "%",
}

#: After so many days the final reanalysis has replaced the preliminary one (ERA5: two to three
#: months behind, ERA5T five days).
_SETTLED_DAYS = 120

#: The forecast reaches so far [day].
_LONGEST = 16

#: A year has some tens of kB [byte].
_LARGEST = 1 << 24

#: Of the file around a forecast.
_FORMAT = 1

_TERMS = (
    "CC BY 4.0, name Open-Meteo.com; the free service is for non-commercial use, below 10,000 calls "
    "a day; a server of one's own takes its place with the base URL"
)

_POINT = (
    Argument("place", "--place", True, "地点名称", "name of the place"),
    Argument("latitude", "--lat", True, "纬度", "latitude [°]"),
    Argument("longitude", "--lon", True, "经度", "longitude [°]"),
)
_FROM = Argument("start", "--from", True, "起始日", "first day")
_TO = Argument("end", "--to", False, "截止日(默认昨天)", "last day (yesterday)")


def _scope(request: Request) -> str:
    return f"{request.place} {request.latitude:.8g} {request.longitude:.8g}"


def _asked(request: Request, path: str, **period: str | int) -> str:
    fields = {
        "latitude": f"{request.latitude:.8g}",
        "longitude": f"{request.longitude:.8g}",
        **period,
        "daily": ",".join(_VARIABLES),
        "wind_speed_unit": "ms",
        "timezone": request.timezone,
    }
    return f"{request.base_url}{path}?{urlencode(fields, safe=',/')}"


def _archive(client: Client, request: Request) -> list[Download]:
    """One file a calendar year."""
    found = []
    for start, end in years(*request.period):
        url = _asked(request, "/v1/archive", start_date=str(start), end_date=str(end))
        folder = f"{request.latitude:.8g}_{request.longitude:.8g}/{start.year}"
        found.append(
            Download(
                name=f"{folder}/{file_name(request.place)}.json",
                url=url,
                check=_checks(request, start, end),
                final=request.settled(end, _SETTLED_DAYS),
                scope=_scope(request),
                start=start,
                end=end,
                region=request.place if file_name(request.place) != request.place else "",
                collect=_getter(url),
                essence=_essence,
            )
        )
    return found


def _forecast(client: Client, request: Request) -> list[Download]:
    """One file an issue: the answer, with the place and the moment of asking around it."""
    url = _asked(request, "/v1/forecast", forecast_days=request.days or _LONGEST)
    check = _checks(request)

    def collect(client: Client) -> bytes:
        answer = client.get(url)
        try:
            check(answer)
        except Unusable as error:
            raise Unusable(str(error), answer) from error
        told = {
            "format": _FORMAT,
            "place": request.place,
            "issued": request.now.isoformat(timespec="seconds"),
            "url": url,
            "response": json_of(answer),
        }
        return json.dumps(told, ensure_ascii=False).encode()

    return [
        Download(
            name=f"{request.latitude:.8g}_{request.longitude:.8g}/{file_name(request.place)}.forecast",
            url=url,
            check=_is_forecast,
            scope=_scope(request),
            start=request.today,
            end=request.today,
            collect=collect,
            essence=lambda data: _essence(json.dumps(json.loads(data)["response"]).encode()),
        )
    ]


def _is_forecast(data: bytes) -> None:
    if "response" not in json_of(data):
        raise Unusable("not a forecast")


def _getter(url: str) -> Callable[[Client], bytes]:
    return lambda client: client.get(url)


def _essence(data: bytes) -> bytes:
    """Leave out how long the server worked: it differs from answer to answer."""
    told = json.loads(data)
    told.pop("generationtime_ms", None)
    return json.dumps(told, sort_keys=True).encode()


def _checks(
    request: Request, start: date | None = None, end: date | None = None
) -> Callable[[bytes], None]:
    def check(data: bytes) -> None:
        told = json_of(data)
        if not isinstance(told, dict) or not isinstance(told.get("daily"), dict):
            raise Unusable("no object with daily values")
        daily, units = told["daily"], told.get("daily_units")
        if not isinstance(units, dict):
            raise Unusable("no units")
        days = daily.get("time")
        if not isinstance(days, list) or not days:
            raise Unusable("no days in it")
        for name, unit in _VARIABLES.items():
            values = daily.get(name)
            if not isinstance(values, list) or len(values) != len(days):
                raise Unusable(f"{name} has not one value a day")
            if units.get(name) != unit:
                raise Unusable(f"{name} is in {units.get(name)} where {unit} was asked for")
        if told.get("timezone") != request.timezone:
            raise Unusable(f"days of {told.get('timezone')} where {request.timezone} was asked for")
        if start and end and (days[0], days[-1]) != (str(start), str(end)):
            raise Unusable(f"days {days[0]} to {days[-1]} where {start} to {end} were asked for")

    return check


@dataclass(frozen=True)
class WeatherForecast:
    """One weather forecast as it was issued.

    Attributes:
        place: of the workspace.
        issued: when it was fetched, in the workspace's zone.
        latitude, longitude: of the model's cell [°].
        daily: one row a day (index), one column a variable; units in ``units``.
        units: variable → unit.
    """

    place: str
    issued: datetime
    latitude: float
    longitude: float
    daily: pd.DataFrame
    units: dict[str, str]


def weather_forecasts(ws: Workspace, place: str) -> list[WeatherForecast]:
    """Return all weather forecasts of a place that were fetched, by the moment of their issue."""
    folder = ws.raw / FORECAST.folder
    found = [read_weather_forecast(path) for path in sorted(folder.rglob("*.forecast"))]
    return sorted((one for one in found if one.place == place), key=lambda one: one.issued)


def read_weather_forecast(path: Path) -> WeatherForecast:
    """Return one weather forecast.

    Raises:
        InputError: it can't be read.
    """
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        response = told["response"]
        daily = pd.DataFrame(response["daily"])
        daily.index = pd.DatetimeIndex(pd.to_datetime(daily.pop("time"), format="%Y-%m-%d"))
        return WeatherForecast(
            told["place"],
            datetime.fromisoformat(told["issued"]),
            float(response["latitude"]),
            float(response["longitude"]),
            daily.rename_axis("date").astype("float64"),
            {name: str(response["daily_units"][name]) for name in daily.columns},
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(
            f"{path} is not a readable weather forecast.",
            "Remove it; the next fetch brings another.",
        ) from error


ARCHIVE = Source(
    name="open-meteo",
    title=("逐日气象再分析(Open-Meteo)", "daily weather of a point, reanalysis (Open-Meteo)"),
    layouts=("open_meteo",),
    arguments=(*_POINT, _FROM, _TO),
    base_url="https://archive-api.open-meteo.com",
    plan=_archive,
    scope=_scope,
    largest=_LARGEST,
    terms=_TERMS,
)

FORECAST = Source(
    name="open-meteo-forecast",
    title=("逐日天气预报(Open-Meteo)", "daily weather forecast of a point (Open-Meteo)"),
    layouts=(),
    arguments=(
        *_POINT,
        Argument("days", "--days", False, "预报天数(1–16)", "days ahead (1 to 16)"),
    ),
    base_url="https://api.open-meteo.com",
    plan=_forecast,
    scope=_scope,
    largest=_LARGEST,
    terms=_TERMS,
)
