"""statsmodels SARIMAX(1,0,1) with Fourier terms, weekend and a linear trend, on the log scale."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.models.item_by_item import Regressors
from forecast.models.likelihood_fit import LikelihoodFit

__all__ = ["Sarimax"]


class Sarimax(LikelihoodFit):
    """ARMA(1,1) errors about three harmonics, a weekend step and a linear trend of ln C.

    The engine fits item by item and skips gaps by itself; the days to come are drawn for all
    items together (:mod:`forecast.models.state_space`). The constant is a regressor, which takes
    a sixth of the time of ``trend="c"`` for the same likelihood. Parameters are taken as known,
    and the trend goes on for ever: both are the engine's, not corrected here.
    """

    name = "sarimax"
    module = "statsmodels.tsa.statespace.sarimax"

    def _regressors_of(self, days: NDArray[np.datetime64]) -> Regressors:
        return Regressors(days)

    def _model(
        self, engine: ModuleType, series: NDArray[np.float64], columns: NDArray[np.float64]
    ) -> tuple[Any, NDArray[np.float64]]:
        model = engine.SARIMAX(series, exog=columns, order=(1, 0, 1))
        return model, starting_values(series, columns)


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
