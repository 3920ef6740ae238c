"""Prophet on the log scale, with its own predictive samples."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.models.daily_record import library
from forecast.models.item_by_item import ItemByItem

__all__ = ["ProphetPaths"]

_SEED = 20240101


class ProphetPaths(ItemByItem):
    """Prophet with yearly and weekly season of ln C; everything else is its default.

    Items are independent of each other, and so are the days of a path: Prophet's noise is drawn
    day by day, so its intervals of an annual mean are far too narrow before the slow error is
    added. Prophet draws from numpy's global generator; it is seeded from the passed one and put
    back as it was. Results can change with the version of Stan.
    """

    name = "prophet"

    def _load(self) -> None:
        with _quiet():
            library("prophet", self.name)

    def _fit_logs(self, days: NDArray[np.datetime64], logs: NDArray[np.float64]) -> None:
        with _quiet():
            engine = library("prophet", self.name).Prophet
            self._fitted: list[Any] = []
            for series in logs.T:
                table = pd.DataFrame({"ds": pd.DatetimeIndex(days), "y": series})
                model = engine(
                    yearly_seasonality=True, weekly_seasonality=True, daily_seasonality=False
                )
                model.fit(table.dropna(), seed=_SEED)
                self._fitted.append(model)

    def _draw_logs(
        self, ahead: NDArray[np.datetime64], n_paths: int, rng: np.random.Generator
    ) -> NDArray[np.float64]:
        table = pd.DataFrame({"ds": pd.DatetimeIndex(ahead)})
        drawn = np.empty((n_paths, len(ahead), len(self._fitted)))
        with _quiet():
            for i, model in enumerate(self._fitted):
                model.uncertainty_samples = n_paths
                with _global_seed(int(rng.integers(2**32))):
                    drawn[:, :, i] = model.predictive_samples(table)["yhat"].T
        return drawn


@contextmanager
def _global_seed(seed: int) -> Iterator[None]:
    """Numpy's global generator started from ``seed``, and put back afterwards."""
    before = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002


@contextmanager
def _quiet() -> Iterator[None]:
    """Prophet, its plots and its compiler keep silent; what they warn of is their own affair."""
    loggers = [logging.getLogger(name) for name in ("prophet", "prophet.plot", "cmdstanpy")]
    before = [logger.disabled for logger in loggers]
    for logger in loggers:
        # Not by their levels: cmdstanpy sets its own when it first speaks.
        logger.disabled = True
    try:
        with warnings.catch_warnings():
            # Deprecations of pandas inside Prophet.
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, disabled in zip(loggers, before, strict=True):
            logger.disabled = disabled
