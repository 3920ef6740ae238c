"""Joint simulation of several items, each with a fitted linear state space of its own.

An item is y_t = Z a_t + regression, a_{t+1} = T a_t + R n_t with n_t normal (Durbin & Koopman
2012, Time Series Analysis by State Space Methods, 2nd ed., ch. 3 and 4). The engines fit and draw
one item at a time, which loses a quarter of a year of good days; here the disturbances of all
items of a day are drawn with the correlation that their one-day-ahead errors had.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ItemStates", "error_correlation_root", "item_states", "simulate_items"]

#: Fewest days with both items for a correlation of their errors.
_FEWEST = 60


@dataclass(frozen=True)
class ItemStates:
    """State space of one item at the end of its record.

    Attributes:
        design: Z, shape (state,).
        transition: T, shape (state, state).
        shock: R times a root of the covariance of n, shape (state, shock).
        mean: expected state of the day after the record, shape (state,).
        root: root of that state's covariance, shape (state, state).
        coefficients: regression coefficients of the observation, shape (column,).
        errors: standardised one-day-ahead errors of the record, shape (day,), NaN where missing.
    """

    design: NDArray[np.float64]
    transition: NDArray[np.float64]
    shock: NDArray[np.float64]
    mean: NDArray[np.float64]
    root: NDArray[np.float64]
    coefficients: NDArray[np.float64]
    errors: NDArray[np.float64]


def item_states(result: Any, n_columns: int) -> ItemStates:
    """Take the state space out of a fitted statsmodels result (``MLEResults`` of one series).

    Args:
        result: result of ``SARIMAX`` or ``UnobservedComponents`` with ``n_columns`` regressors
            whose coefficients are estimated by maximum likelihood.
        n_columns: number of regressors.
    """
    space = result.model.ssm
    names = list(result.model.param_names)
    exog = list(result.model.exog_names)[:n_columns] if n_columns else []
    at = [next(k for k, p in enumerate(names) if p in (e, f"beta.{e}")) for e in exog]
    errors = np.array(result.standardized_forecasts_error[0], dtype=np.float64)
    # The engine reports an error of 0 where there is no reading.
    errors[~np.isfinite(np.asarray(result.model.endog, dtype=np.float64)[:, 0])] = np.nan
    shocks = np.asarray(space["selection"], dtype=np.float64) @ _root(space["state_cov"])
    return ItemStates(
        design=np.asarray(space["design"], dtype=np.float64)[0],
        transition=np.asarray(space["transition"], dtype=np.float64),
        shock=shocks,
        mean=np.asarray(result.predicted_state[:, -1], dtype=np.float64),
        root=_root(result.predicted_state_cov[:, :, -1]),
        coefficients=np.asarray(result.params, dtype=np.float64)[at],
        errors=errors,
    )


def error_correlation_root(items: Sequence[ItemStates]) -> NDArray[np.float64]:
    """Root L (item, item) of the correlation of one-day-ahead errors over days with both items.

    Pairs with fewer than 60 common days are taken to be independent.
    """
    errors = np.stack([item.errors for item in items], axis=1)
    present = np.isfinite(errors)
    filled = np.where(present, errors, 0.0)
    both = present.T.astype(np.float64) @ present.astype(np.float64)
    square = (filled**2).T @ present
    correlation = (filled.T @ filled) / np.sqrt(np.maximum(square * square.T, 1e-12))
    correlation = np.where(both >= _FEWEST, correlation, 0.0)
    np.fill_diagonal(correlation, 1.0)
    values, vectors = np.linalg.eigh(correlation)
    # Correlations over different days may miss being positive definite by a little.
    root = vectors * np.sqrt(np.maximum(values, 1e-6))
    scaled: NDArray[np.float64] = root / np.sqrt((root**2).sum(axis=1, keepdims=True))
    return scaled


def simulate_items(
    items: Sequence[ItemStates],
    regressors: Sequence[NDArray[np.float64]],
    n_paths: int,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Draw the days after the record of all items together.

    Args:
        items: state spaces.
        regressors: columns of each item over the days to draw, shape (day, column).
        n_paths: number of paths.
        rng: random generator.

    Returns:
        Shape (path, day, item).
    """
    n_days, n_items = len(regressors[0]), len(items)
    root = error_correlation_root(items).T.astype(np.float32)
    states, out = [], np.empty((n_paths, n_days, n_items), dtype=np.float32)
    most = max(len(item.mean) for item in items)
    first = rng.standard_normal((n_paths, most, n_items)) @ root
    for i, item in enumerate(items):
        states.append(item.mean + first[:, : len(item.mean), i] @ item.root.T)
    n_shocks = max(item.shock.shape[1] for item in items)
    means = [columns @ item.coefficients for item, columns in zip(items, regressors, strict=True)]
    for day in range(n_days):
        drawn = rng.standard_normal((n_paths, n_shocks, n_items), dtype=np.float32) @ root
        for i, item in enumerate(items):
            out[:, day, i] = states[i] @ item.design + means[i][day]
            shock = drawn[:, : item.shock.shape[1], i] @ item.shock.T
            states[i] = states[i] @ item.transition.T + shock
    return out


def _root(covariance: Any) -> NDArray[np.float64]:
    """Symmetric root of a covariance that may be singular."""
    matrix = np.asarray(covariance, dtype=np.float64)
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2.0)
    root: NDArray[np.float64] = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    return root
