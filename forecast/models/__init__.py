"""Models: each is fitted to a history and draws sample paths."""

from forecast.models.air_seasonal import AirSeasonal
from forecast.models.paths import Model, Paths
from forecast.models.water_seasonal import WaterSeasonal

__all__ = ["MODELS", "AirSeasonal", "Model", "Paths", "WaterSeasonal"]

#: Names that a user can ask for; each stands for a model of air and one of water.
MODELS: tuple[str, ...] = ("seasonal",)
