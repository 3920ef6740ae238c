"""The models of air that can be asked for by name, in one table.

All of them draw paths behind the same protocol and, unless asked otherwise, carry a slow error of
the year: their own (seasonal, panel) or that of the seasonal model (the others). The point rules
(``forecast.models.baselines``) are no models: they draw nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import pandas as pd

from forecast.errors import UsageError
from forecast.models.air_seasonal import AirSeasonal
from forecast.models.air_weather import AirWeather
from forecast.models.boosting import Boosting, fit_boosting
from forecast.models.dispersed import Dispersed
from forecast.models.panel import PanelModel, fit_panel
from forecast.models.past_years import PastYears
from forecast.models.paths import Model
from forecast.models.pooled import AirPooled, shipped_air
from forecast.models.prophet_model import ProphetPaths
from forecast.models.sarimax import Sarimax
from forecast.models.ucm import UnobservedComponents

__all__ = ["AIR_MODELS", "AirModel", "Make", "MakePanel", "air_model", "weather_model"]


class Make(Protocol):
    """Make a model of one place, not yet fitted."""

    def __call__(
        self, place: str, pooled: AirPooled | None = None, *, dispersed: bool = True
    ) -> Model:
        """Model of ``place``; without ``dispersed`` its paths lack the slow error of a year."""
        ...


class MakePanel(Protocol):
    """Fit a model to many places at once."""

    def __call__(
        self,
        histories: Mapping[str, pd.DataFrame],
        pooled: AirPooled | None = None,
        *,
        dispersed: bool = True,
    ) -> Mapping[str, Model]:
        """Fitted model of each place; without ``dispersed`` paths lack the slow error of a year."""
        ...


@dataclass(frozen=True)
class AirModel:
    """A model of the air, by name.

    Attributes:
        name: what a user asks for.
        zh, en: what reports call it.
        make: makes a model of one place.
        extra: name of the optional part of the installation that it needs; none if empty.
        make_panel: fits it to many places at once, where it learns from all of them.
        data: hash of what the model knows beside the readings; empty if nothing.
    """

    name: str
    zh: str
    en: str
    make: Make
    extra: str = ""
    make_panel: MakePanel | None = None
    data: str = ""


def air_model(name: str) -> AirModel:
    """The model called ``name``.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in _MODELS:
        raise UsageError(
            f"There is no air model called {name!r}.", f"Known models: {', '.join(AIR_MODELS)}."
        )
    return _MODELS[name]


def _seasonal(place: str, pooled: AirPooled | None = None, *, dispersed: bool = True) -> Model:
    return AirSeasonal(place, pooled=_pooled(pooled, dispersed))


def _pooled(pooled: AirPooled | None, dispersed: bool) -> AirPooled:
    pooled = pooled if pooled is not None else shipped_air()
    if dispersed:
        return pooled
    return replace(pooled, slow_sd=dict.fromkeys(pooled.priors, ()), slow_short={})


@dataclass(frozen=True)
class _MakeWeather:
    """A class, not a closure: models are sent to other processes."""

    weather: Mapping[str, pd.DataFrame]
    items: tuple[str, ...] | None

    def __call__(
        self, place: str, pooled: AirPooled | None = None, *, dispersed: bool = True
    ) -> Model:
        none = pd.DataFrame(index=pd.DatetimeIndex([]))
        return AirWeather(
            place, weather=self.weather.get(place, none), items=self.items,
            pooled=_pooled(pooled, dispersed),
        )  # fmt: skip


def weather_model(
    weather: Mapping[str, pd.DataFrame], items: Collection[str] | None = None
) -> AirModel:
    """The seasonal model with the weather of past days, ``seasonal_weather``.

    It is not among :data:`AIR_MODELS`: it can't be made from readings alone.

    Args:
        weather: place to its daily weather, as :class:`~forecast.models.air_weather.AirWeather`
            takes it; a place that is not there is forecast without.
        items: the items it is used for; None for all.
    """
    own = None if items is None else tuple(sorted(items))
    told = hashlib.sha256(repr(own).encode())
    for place in sorted(weather):
        table = weather[place].sort_index()
        told.update("\x1f".join([place, *map(str, table.columns)]).encode())
        told.update(table.index.to_numpy().astype("datetime64[D]").tobytes())
        told.update(np.ascontiguousarray(table.to_numpy(dtype=np.float64)).tobytes())
    return AirModel(
        AirWeather.name, "季节模型（含气象）", "seasonal with weather", _MakeWeather(dict(weather), own),
        data=told.hexdigest(),
    )  # fmt: skip


def _panel(place: str, pooled: AirPooled | None = None, *, dispersed: bool = True) -> Model:
    return PanelModel(place, pooled=pooled, slow=dispersed)


def _panel_of_many(
    histories: Mapping[str, pd.DataFrame],
    pooled: AirPooled | None = None,
    *,
    dispersed: bool = True,
) -> Mapping[str, Model]:
    return fit_panel(histories, pooled=pooled, slow=dispersed)


def _challenger(bare: Callable[[str], Model]) -> Make:
    def make(place: str, pooled: AirPooled | None = None, *, dispersed: bool = True) -> Model:
        return Dispersed(bare(place), pooled=pooled) if dispersed else bare(place)

    return make


def _boosting_of_many(
    histories: Mapping[str, pd.DataFrame],
    pooled: AirPooled | None = None,
    *,
    dispersed: bool = True,
) -> Mapping[str, Model]:
    models = fit_boosting(histories)
    if not dispersed:
        return models
    return {
        place: Dispersed(model, pooled=pooled).adopt(histories[place])
        for place, model in models.items()
    }


_EXTRA = "challengers"
_MODELS: Mapping[str, AirModel] = {
    model.name: model
    for model in (
        AirModel("seasonal", "季节模型", "seasonal", _seasonal),
        AirModel("panel", "面板模型（基本形式）", "plain panel", _panel, make_panel=_panel_of_many),
        AirModel("past_years", "历年同期集合", "past years", _challenger(PastYears)),
        AirModel("prophet", "Prophet", "Prophet", _challenger(ProphetPaths), _EXTRA),
        AirModel("ucm", "不可观测成分模型", "UCM", _challenger(UnobservedComponents), _EXTRA),
        AirModel("sarimax", "SARIMAX", "SARIMAX", _challenger(Sarimax), _EXTRA),
        AirModel(
            "hgb",
            "梯度提升树",
            "gradient boosting",
            _challenger(Boosting),
            _EXTRA,
            _boosting_of_many,
        ),
    )
}

#: Names of all models, the default one first.
AIR_MODELS: tuple[str, ...] = tuple(_MODELS)
