"""Pulls from public sources: polite, resumable, and with an answer when a source is silent."""

from forecast.fetch.answers import AccessRefused, NotThere, SourceUnavailable
from forecast.fetch.open_meteo import WeatherForecast, read_weather_forecast, weather_forecasts
from forecast.fetch.registry import FETCHERS, fetcher_named
from forecast.fetch.report import FetchReport, FileOutcome
from forecast.fetch.run import fetch
from forecast.fetch.source import Argument, Source

__all__ = [
    "FETCHERS",
    "AccessRefused",
    "Argument",
    "FetchReport",
    "FileOutcome",
    "NotThere",
    "Source",
    "SourceUnavailable",
    "WeatherForecast",
    "fetch",
    "fetcher_named",
    "read_weather_forecast",
    "weather_forecasts",
]
