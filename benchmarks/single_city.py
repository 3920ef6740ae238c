"""Models of a city that knows of no other city, to set beside those that do."""

from __future__ import annotations

from dataclasses import replace

from forecast.models.air_seasonal import AirSeasonal
from forecast.models.paths import Model
from forecast.models.pooled import AirPooled, ItemPrior, shipped_air
from forecast.models.registry import AirModel, air_model


def vague(prior: ItemPrior) -> ItemPrior:
    """What one city knows before its own readings: nothing of trend, season and holidays."""
    return replace(
        prior, trend=(0.0, 0.3), weekend=(0.0, 0.3),
        season=tuple((fill,) * len(prior.season[0]) for fill in (0.0, 1.0)),
        holidays=tuple((fill,) * len(prior.holidays[0]) for fill in (0.0, 0.3)),
    )  # fmt: skip


def seasonal_alone(place: str, pooled: AirPooled | None = None, *, dispersed: bool = True) -> Model:
    """The default model of a city that knows of no other: vague priors, no pooled slow error."""
    base = shipped_air() if pooled is None else pooled
    own = {item: vague(prior) for item, prior in base.priors.items()}
    bare = replace(base, priors=own, slow_sd=dict.fromkeys(own, ()), slow_short={})
    return AirSeasonal(place, pooled=bare)


ALONE = (
    AirModel("seasonal_alone", "", "", seasonal_alone),
    replace(air_model("panel"), name="panel_alone", make_panel=None),
)
