"""The model that draws the air of one place, with what the place shares and what is known of it."""

from __future__ import annotations

from forecast.models.air_seasonal import AirSeasonal
from forecast.models.circumstances import Circumstances
from forecast.models.paths import Model
from forecast.models.registry import air_model
from forecast.projection.sharing import Sharing, shared_draws

__all__ = ["drawing_model"]


def drawing_model(
    name: str, place: str, sharing: Sharing | None, circumstances: Circumstances | None
) -> Model:
    """Return the model called ``name``, not fitted yet.

    Only the default model draws places together and knows of spans and breaks.

    Raises:
        UsageError: no such model, or a library that it needs is not installed.
    """
    if name == AirSeasonal.name:
        shared = None if sharing is None else shared_draws(sharing)
        return AirSeasonal(place, circumstances=circumstances, shared=shared)
    return air_model(name).make(place, None)
