"""Rounding of GB/T 8170 (half to even), decided on the decimal number that is meant.

A binary float can't hold 4.15; what reaches us is 4.1500000000000004 or a mean that is off in the
sixteenth digit. A number within one part in 1e9 of a tie is therefore taken for the tie itself
(float32: one part in 8e6, its own precision) and goes to the even neighbour; everything else is
rounded to the nearest. One step only, never chained. Grade: verified (3,151 exact ties on the
national water platform are all half-even).
"""

from __future__ import annotations

from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["ratio_percent", "round_half_even", "round_keep_significant"]

#: Relative width of a tie; 1e-9 is far above the error of a mean of 366 floats (1e-14) and far
#: below the distance of a true mean of decimal readings from a tie (1e-4).
_TIE = 1e-9
_TIE_FLOAT32 = 1.2e-7
#: A tie is never wider than this part of the last digit kept, whatever the size of the number.
_TIE_MOST = 1e-3


@overload
def round_half_even(x: float, decimals: int = 0) -> float: ...
@overload
def round_half_even(x: ArrayLike, decimals: int = 0) -> NDArray[np.float64]: ...
def round_half_even(x: ArrayLike, decimals: int = 0) -> float | NDArray[np.float64]:
    """Round to ``decimals`` places, ties to the even digit.

    Args:
        x: number or array of any shape; NaN stays NaN.
        decimals: places kept, 0 or more.

    Returns:
        float64 of the same shape (a float for a number).

    >>> round_half_even(4.15, 1), round_half_even(0.25, 1), round_half_even(7.995, 2)
    (4.2, 0.2, 8.0)
    """
    values = np.asarray(x)
    narrow = values.dtype == np.float32
    factor = 10.0**decimals
    scaled = values.astype(np.float64) * factor
    whole = round_scaled(scaled, narrow=narrow)
    # Adding 0.0 turns -0.0 into 0.0.
    result = whole / factor + 0.0
    return float(result) if result.ndim == 0 else result


def round_scaled(scaled: NDArray[np.float64], *, narrow: bool = False) -> NDArray[np.float64]:
    """Round float64 ``scaled`` to whole numbers, near-ties to even; NaN passes.

    ``narrow`` widens the tie to the precision of float32, for numbers that came in as such.
    """
    whole = np.rint(scaled)
    distance = np.abs(scaled - whole)
    # First a cheap sieve with the widest tie there is, then the exact test on what it leaves.
    near = distance > 0.5 - _TIE_MOST
    if near.any():
        close = np.atleast_1d(scaled)[np.atleast_1d(near)]
        width = np.minimum(np.abs(close) * (_TIE_FLOAT32 if narrow else _TIE), _TIE_MOST)
        below = np.floor(close)
        tie = np.abs(close - below - 0.5) <= width
        even = below + np.mod(below, 2.0)
        fixed = np.where(tie, even, np.rint(close))
        if whole.ndim == 0:
            return np.asarray(fixed[0])
        whole[near] = fixed
    return np.asarray(whole)


@overload
def round_keep_significant(x: float, decimals: int) -> float: ...
@overload
def round_keep_significant(x: ArrayLike, decimals: int) -> NDArray[np.float64]: ...
def round_keep_significant(x: ArrayLike, decimals: int) -> float | NDArray[np.float64]:
    """Round as water data are: a non-zero value that would become 0 keeps one significant digit.

    Grade: verified (secondary), 环办监测函〔2020〕82号 as cited by two open implementations.

    >>> round_keep_significant(0.00005, 3), round_keep_significant(0.2006, 3)
    (5e-05, 0.201)
    """
    values = np.atleast_1d(np.asarray(x, dtype=np.float64))
    result = np.atleast_1d(round_half_even(np.atleast_1d(np.asarray(x)), decimals))
    lost = (result == 0) & (values != 0) & np.isfinite(values)
    if lost.any():
        small = values[lost]
        places = -np.floor(np.log10(np.abs(small))).astype(np.int64)
        kept = np.empty_like(small)
        for place in np.unique(places):
            chosen = places == place
            kept[chosen] = round_half_even(small[chosen], int(place))
        result[lost] = kept
    return float(result[0]) if np.ndim(x) == 0 else result.reshape(np.shape(x))


def ratio_percent(numerator: ArrayLike, denominator: ArrayLike) -> Any:
    """100 numerator / denominator [%] for whole numbers, unrounded; NaN where nothing is counted.

    The product is formed before the only division, so the result is the float nearest to the
    exact ratio and a tie of it is seen as a tie by :func:`round_half_even`.

    >>> round_half_even(ratio_percent(359, 366), 1)
    98.1
    """
    top = 100.0 * np.asarray(numerator, dtype=np.float64)
    bottom = np.asarray(denominator, dtype=np.float64)
    shape = np.broadcast_shapes(top.shape, bottom.shape)
    result = np.full(shape, np.nan)
    np.divide(top, bottom, out=result, where=np.broadcast_to(bottom > 0, shape))
    return float(result) if result.ndim == 0 else result
