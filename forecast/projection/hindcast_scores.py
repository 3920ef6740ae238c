"""Scores of one forecast against what came: CRPS and PIT, for paths and for plain numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["crps_ensemble", "crps_point", "pit"]


def crps_ensemble(paths: ArrayLike, truth: ArrayLike) -> NDArray[np.float64]:
    """Continuous ranked probability score of an ensemble, in the unit of its values.

    E|X - y| - E|X - X'| / 2 with X, X' independent draws from the members (the score of the
    step function that they make), through the sorted form, O(n log n): with x_(1) ≤ … ≤ x_(n),
    E|X - X'| / 2 = Σ (2i - n - 1) x_(i) / n². Gneiting and Raftery 2007, doi
    10.1198/016214506000001437; Jordan, Krüger and Lerch 2019, doi 10.18637/jss.v090.i12.

    Args:
        paths: members along the last axis, shape (…, path). A NaN among them gives NaN.
        truth: what came, shape (…).

    >>> crps_ensemble([1.0, 3.0], 2.0).item()
    0.5
    """
    members = np.sort(np.asarray(paths, dtype=np.float64), axis=-1)
    came = np.asarray(truth, dtype=np.float64)
    n = members.shape[-1]
    if n == 0:
        return np.full(members.shape[:-1], np.nan)
    weights = (2.0 * np.arange(1, n + 1) - n - 1.0) / n**2
    far = np.abs(members - came[..., None]).mean(axis=-1)
    return np.asarray(far - (members * weights).sum(axis=-1))


def crps_point(value: ArrayLike, truth: ArrayLike) -> NDArray[np.float64]:
    """CRPS of a single number: its absolute error.

    >>> crps_point(30.0, 33.5).item()
    3.5
    """
    return np.abs(np.asarray(value, dtype=np.float64) - np.asarray(truth, dtype=np.float64))


def pit(
    paths: ArrayLike, truth: ArrayLike, uniform: ArrayLike, *, tolerance: float = 1e-9
) -> NDArray[np.float64]:
    """Probability integral transform of the truth: uniform where truth and paths are alike.

    (number of members below + u (1 + number of equal members)) / (n + 1): exactly uniform for a
    truth drawn as the members are, for counts with many ties as well (Czado, Gneiting and Held
    2009, doi 10.1111/j.1541-0420.2009.01191.x, for an ensemble).

    Args:
        paths: members along the last axis, shape (…, path).
        truth: what came, shape (…).
        uniform: numbers in [0, 1) that settle ties, shape (…).
        tolerance: members this close to the truth are equal to it.

    >>> pit([1.0, 2.0, 3.0], 2.5, 0.5).item()
    0.625
    """
    members = np.asarray(paths, dtype=np.float64)
    came = np.asarray(truth, dtype=np.float64)[..., None]
    below = (members < came - tolerance).sum(axis=-1)
    equal = (np.abs(members - came) <= tolerance).sum(axis=-1)
    n = members.shape[-1]
    share = (below + np.asarray(uniform, dtype=np.float64) * (1.0 + equal)) / (n + 1.0)
    return np.asarray(np.where(np.isfinite(came[..., 0]), share, np.nan))
