"""The models of air that can be asked for by name, in one table.

All of them draw paths behind the same protocol and, unless asked otherwise, carry a slow error of
the year: their own (seasonal, panel) or that of the seasonal model (the others). The point rules
(``forecast.models.baselines``) are no models: they draw nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import pandas as pd

from forecast.errors import UsageError
from forecast.models.air_seasonal import AirSeasonal
from forecast.models.boosting import Boosting, fit_boosting
from forecast.models.dispersed import Dispersed
from forecast.models.panel import PanelModel, fit_panel
from forecast.models.past_years import PastYears
from forecast.models.paths import Model
from forecast.models.pooled import AirPooled, shipped_air
from forecast.models.prophet_model import ProphetPaths
from forecast.models.sarimax import Sarimax
from forecast.models.ucm import UnobservedComponents

__all__ = ["AIR_MODELS", "AirModel", "Make", "MakePanel", "air_model"]


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
    """

    name: str
    zh: str
    en: str
    make: Make
    extra: str = ""
    make_panel: MakePanel | None = None


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
    pooled = pooled if pooled is not None else shipped_air()
    if not dispersed:
        pooled = replace(pooled, slow_sd=dict.fromkeys(pooled.priors, ()), slow_short={})
    return AirSeasonal(place, pooled=pooled)


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
