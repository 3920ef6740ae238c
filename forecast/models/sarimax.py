"""statsmodels SARIMAX(1,0,1) with Fourier terms, weekend and a linear trend, on the log scale."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from forecast.models.daily_record import library
from forecast.models.item_by_item import ItemByItem, Regressors
from forecast.models.state_space import ItemStates, item_states, simulate_items

__all__ = ["Sarimax"]

_MODULE = "statsmodels.tsa.statespace.sarimax"


class Sarimax(ItemByItem):
    """ARMA(1,1) errors about three harmonics, a weekend step and a linear trend of ln C.

    The engine fits item by item and skips gaps by itself; the days to come are drawn for all
    items together (:mod:`forecast.models.state_space`). The constant is a regressor, which takes
    a sixth of the time of ``trend="c"`` for the same likelihood. Parameters are taken as known,
    and the trend goes on for ever: both are the engine's, not corrected here.
    """

    name = "sarimax"

    def _load(self) -> None:
        library(_MODULE, self.name)

    def _fit_logs(self, days: NDArray[np.datetime64], logs: NDArray[np.float64]) -> None:
        engine = library(_MODULE, self.name).SARIMAX
        self._regressors = Regressors(days)
        columns = self._regressors.columns(days)
        self._states: list[ItemStates] = []
        for series in logs.T:
            with warnings.catch_warnings():
                # A fit that stops early is still a fit; the hindcasts say what it is worth.
                warnings.simplefilter("ignore")
                model = engine(series, exog=columns, order=(1, 0, 1))
                start = starting_values(series, columns)
                result = model.fit(start, disp=0, maxiter=100, cov_type="none")
            self._states.append(item_states(result, columns.shape[1]))

    def _draw_logs(
        self, ahead: NDArray[np.datetime64], n_paths: int, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        columns = self._regressors.columns(ahead)
        return simulate_items(self._states, [columns] * len(self._states), n_paths, rng)


def starting_values(
    series: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Least-squares coefficients, then AR 0.6, MA 0 and the variance that follows."""
    seen = np.isfinite(series)
    # A record without a weekend, or with a single one, leaves columns that can't be told apart.
    gram = columns[seen].T @ columns[seen] + 1e-6 * np.eye(columns.shape[1])
    beta = np.linalg.solve(gram, columns[seen].T @ series[seen])
    rest = series[seen] - columns[seen] @ beta
    return np.concatenate([beta, [0.6, 0.0, max(0.6 * float(rest.var()), 1e-8)]])
