"""What the statsmodels challengers have in common: one likelihood fit an item, drawn together."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.models.daily_record import library
from forecast.models.item_by_item import ItemByItem, Regressors
from forecast.models.state_space import ItemStates, item_states, simulate_items

__all__ = ["LikelihoodFit"]


class LikelihoodFit(ItemByItem):
    """A state space of each item, fitted by the engine; days to come are drawn for all at once.

    Attributes:
        module: the module of statsmodels that has the engine.
    """

    module: str

    @abstractmethod
    def _regressors_of(self, days: NDArray[np.datetime64]) -> Regressors:
        """The columns of the mean."""

    @abstractmethod
    def _model(
        self, engine: ModuleType, series: NDArray[np.float64], columns: NDArray[np.float64]
    ) -> tuple[Any, NDArray[np.float64]]:
        """The engine's model of logs (day,), NaN where missing, and where its search begins."""

    def _load(self) -> None:
        library(self.module, self.name)

    def _fit_logs(self, days: NDArray[np.datetime64], logs: NDArray[np.float64]) -> None:
        engine = library(self.module, self.name)
        self._regressors = self._regressors_of(days)
        columns = self._regressors.columns(days)
        self._states: list[ItemStates] = []
        for series in logs.T:
            with warnings.catch_warnings():
                # A fit that stops early is still a fit; the hindcasts say what it is worth.
                warnings.simplefilter("ignore")
                model, start = self._model(engine, series, columns)
                result = model.fit(start, disp=0, maxiter=100, cov_type="none")
            self._states.append(item_states(result, columns.shape[1]))

    def _draw_logs(
        self, ahead: NDArray[np.datetime64], n_paths: int, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        columns = self._regressors.columns(ahead)
        return simulate_items(self._states, [columns] * len(self._states), n_paths, rng)
