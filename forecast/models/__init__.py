"""Models: each is fitted to a history and draws sample paths."""

from forecast.models.air_seasonal import AirSeasonal
from forecast.models.paths import Model, Paths
from forecast.models.water_seasonal import WaterSeasonal

__all__ = ["AirSeasonal", "Model", "Paths", "WaterSeasonal"]
