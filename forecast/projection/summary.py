"""A sample of an indicator as numbers: mean, quantiles, class probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.standards.indicators import WATER_CLASSES

__all__ = ["QUANTILES", "linear_quantiles", "number", "summarise"]

QUANTILES: tuple[str, ...] = ("0.025", "0.05", "0.1", "0.25", "0.5", "0.75", "0.9", "0.95", "0.975")


def number(value: float | None) -> float | None:
    """Return ``value`` with ten significant digits, None for a missing one.

    Ten digits are far beyond any meaning and short of the last bits, in which two machines' sums
    may differ.
    """
    if value is None or not np.isfinite(value):
        return None
    return float(f"{value:.10g}")


def summarise(samples: NDArray[np.float64], model: str, *, classes: bool) -> dict[str, Any]:
    """Describe ``samples`` of shape (path,), unrounded; NaN paths are left out.

    For a class indicator (numbers 1 to 6) the probability of every class stands beside.
    """
    kept = samples[np.isfinite(samples)]
    levels = np.array([float(q) for q in QUANTILES])
    # A class is one of the classes, never between two.
    values = (
        np.quantile(kept, levels, method="inverted_cdf")
        if classes
        else linear_quantiles(kept, levels)
    )
    out: dict[str, Any] = {
        "mean": number(float(kept.mean())),
        "quantiles": {q: number(float(v)) for q, v in zip(QUANTILES, values, strict=True)},
    }
    if classes:
        out["classes"] = {
            label: number(float(np.mean(kept == k)))
            for k, label in enumerate(WATER_CLASSES, start=1)
        }
    out["n_paths"] = int(kept.size)
    out["model"] = model
    return out


def linear_quantiles(
    values: NDArray[np.floating], levels: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the default quantiles of ``numpy.quantile``, which chooses where sorting takes less.

    Args:
        values: (…, n), n at least 1; a row with a NaN has no quantiles.
        levels: (level,) from 0 to 1.

    Returns:
        Shape (…, level).

    >>> linear_quantiles(np.array([[4.0, 1.0, 3.0], [1.0, np.nan, 2.0]]), np.array([0.25, 1.0])).tolist()
    [[2.0, 4.0], [nan, nan]]
    """
    ordered = np.sort(values, axis=-1)
    most = ordered.shape[-1] - 1
    at = levels * most
    low = np.floor(at).astype(np.intp)
    below, above = ordered[..., low], ordered[..., np.minimum(low + 1, most)]
    part = at - low
    # From the nearer end, as there.
    found = np.where(
        part < 0.5, below + (above - below) * part, above - (above - below) * (1 - part)
    )
    return np.where(np.isnan(ordered[..., -1:]), np.nan, found)
