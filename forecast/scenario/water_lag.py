"""How long water takes to follow a cut: a first-order approach, month by month.

de/dt = (c(t) − e)/τ: e is the cut that has arrived, c the cut that has been made. Soils, ground
water and sediments give back for years what they stored, so a cut on farmland shows slowly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["arrived_cuts", "month_years"]

#: Shorter lags than this (an eighth of a day) are none [yr].
_LEAST = 1.0 / (8.0 * 365.25)


def month_years(months: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Lengths of months [yr of 365.25 d], shape (month,)."""
    first = months.astype("datetime64[M]")
    days = (first + 1).astype("datetime64[D]") - first.astype("datetime64[D]")
    return np.asarray(days.astype(np.float64) / 365.25)


def arrived_cuts(
    made: NDArray[np.float64], years: NDArray[np.float64], lag: ArrayLike
) -> NDArray[np.float64]:
    """Mean over each month of the cut that has arrived.

    The cut made is constant within a month; nothing was cut before the first month. While nothing
    is cut the result is exactly 0.

    Args:
        made: cut fraction, shape (…, month), consecutive months.
        years: length of the months [yr], shape (month,), as :func:`month_years`.
        lag: τ [yr], broadcast against the leading axes of ``made``; 0 for none.

    A step of 30 % with τ = 1 yr has arrived by half after 0.69 yr:

    >>> e = arrived_cuts(np.full((1, 1000), 0.3), np.full(1000, 0.001), 1.0)
    >>> round(float(e[0, 693]), 2)
    0.15
    """
    tau = np.asarray(lag, dtype=np.float64)
    shape = np.broadcast_shapes(made.shape[:-1], tau.shape)
    out = np.empty((*shape, made.shape[-1]))
    none = tau < _LEAST
    safe = np.where(none, 1.0, tau)
    e = np.zeros(shape)
    for m, length in enumerate(years):
        c = made[..., m]
        left = np.where(none, 0.0, np.exp(-length / safe))
        # Mean of exp(−t/τ) over the month.
        mean = np.where(none, 0.0, (1.0 - left) * safe / length)
        out[..., m] = c + (e - c) * mean
        e = c + (e - c) * left
    return out
