"""Whether a day is good or heavily polluted, without its AQI: concentrations against edges.

Whether a day is good needs no index, only whether a concentration lies above the last one whose
index is at most 100. That edge is found once, by bisection on the very look-up that makes the AQI,
so counts of days are those of :func:`forecast.standards.aqi.daily_aqi`, bit for bit, for one
comparison a value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.standards.aqi import GOOD_AQI, HEAVY_AQI, daily_aqi
from forecast.standards.iaqi import NO_IAQI, iaqi
from forecast.standards.items import AIR_ITEMS
from forecast.standards.versions import AQI_2012, AQI_2026, CHANGE_2026, resolve

__all__ = ["day_masks", "edges_by_day", "judged_days", "masks_of"]

#: Far above any node of any series (a class of its own in the look-up) [µg/m³, CO mg/m³].
_ABOVE_ALL = 1e6
#: Paths worked on at once: few enough for the processor's cache.
_ROWS = 128


def day_masks(
    values: NDArray[Any],
    days: NDArray[np.datetime64],
    standard: str | None,
    exempt: NDArray[np.bool_] | None = None,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]] | None:
    """Days that count, good and heavily polluted days, each bool (path, day).

    A day counts with an AQI and all six items. None where a concentration lies below 0, which the
    look-up has to speak of.

    Args:
        values: float32 or float64 (path, day, item) in the order of ``AIR_ITEMS``, NaN missing
            [µg/m³, CO mg/m³].
        days: (day,) datetime64[D].
        standard: token of a standard version; None: by date.
        exempt: bool (day, item): not held against a day where it is missing; never all items.
    """
    columns = [values[:, :, k] for k in range(len(AIR_ITEMS))]
    return masks_of(columns, days, standard, exempt)


def judged_days(
    values: NDArray[Any], days: NDArray[np.datetime64], standard: str | None
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """The masks of :func:`day_masks`, by the look-up itself where a concentration is below 0.

    Raises:
        ValueError: a concentration rounds to less than 0.
    """
    found = day_masks(values, days, standard)
    if found is not None:
        return found
    judged = daily_aqi(values, days, AIR_ITEMS, standard)
    counted = judged.complete & (judged.aqi >= 0)
    return counted, counted & (judged.aqi <= GOOD_AQI), counted & (judged.aqi > HEAVY_AQI)


def masks_of(
    columns: Sequence[NDArray[Any]],
    days: NDArray[np.datetime64],
    standard: str | None,
    exempt: NDArray[np.bool_] | None = None,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]] | None:
    """Likewise of (path, day) values of each item; fastest where the days lie side by side."""
    good, heavy, top = edges_by_day(days, standard, columns[0].dtype == np.float32)
    ends = [k for k in range(len(AIR_ITEMS)) if np.isfinite(top[:, k]).any()]
    counted = np.ones(columns[0].shape, dtype=np.bool_)
    above = np.zeros(columns[0].shape, dtype=np.bool_)
    far = np.zeros(columns[0].shape, dtype=np.bool_)
    for start in range(0, len(counted) if counted.size else 0, _ROWS):
        rows = slice(start, start + _ROWS)
        for k in range(len(AIR_ITEMS)):
            column: NDArray[Any] = np.ascontiguousarray(columns[k][rows])
            # The lowest is NaN where one is missing.
            if not column.min() >= 0.0:
                there = column >= 0.0
                if (column < 0).any():
                    return None
                counted[rows] &= there if exempt is None else there | exempt[:, k]
            over = column > good[:, k]
            if not over.any():
                continue
            worse = column > heavy[:, k]
            if k in ends:
                inside = column <= top[:, k]
                over &= inside
                worse &= inside
            above[rows] |= over
            far[rows] |= worse
    return counted, counted & ~above, counted & far


def edges_by_day(
    days: NDArray[np.datetime64], standard: str | None, narrow: bool = True
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Largest concentration of a good day, of one that is not heavy, and with an index (day, item).

    Args:
        days: (day,) datetime64[D].
        standard: token of a standard version; None: by date.
        narrow: for float32 values, which stand for the decimals of a reading; else for float64.

    Returns:
        Three arrays of the type that they are compared with.
    """
    if standard is not None:
        table = np.repeat(_edges(resolve(standard).aqi or "", narrow)[None], len(days), axis=0)
    else:
        new = days >= CHANGE_2026
        table = np.where(new[:, None, None], _edges(AQI_2026, narrow), _edges(AQI_2012, narrow))
    return table[:, :, 0], table[:, :, 1], table[:, :, 2]


@cache
def _edges(token: str, narrow: bool) -> NDArray[Any]:
    """(item, 3) edges of one version."""
    found = np.array(
        [_item_edges(item, token, narrow) for item in AIR_ITEMS],
        dtype=np.float32 if narrow else np.float64,
    )
    found.setflags(write=False)
    return found


def _item_edges(item: str, token: str, narrow: bool) -> tuple[float, float, float]:
    series = "o3_8h" if item == "o3_8h" else f"{item}_24h"
    top = float("inf")
    if int(iaqi(np.array([_ABOVE_ALL]), series, token)[0]) == NO_IAQI:
        top = _last(series, token, narrow, lambda index: index != NO_IAQI)
    return (
        _last(series, token, narrow, lambda index: NO_IAQI < index <= GOOD_AQI),
        _last(series, token, narrow, lambda index: NO_IAQI < index <= HEAVY_AQI),
        top,
    )


def _last(series: str, token: str, narrow: bool, holds: Callable[[int], bool]) -> float:
    """Largest number whose index ``holds``: bisection over the bit patterns, which keep the order."""
    real, whole = np.dtype("f4" if narrow else "f8"), np.dtype("i4" if narrow else "i8")
    low, high = 0, int(np.array([_ABOVE_ALL], dtype=real).view(whole)[0])
    while high - low > 1:
        middle = (low + high) // 2
        value = np.array([middle], dtype=whole).view(real)
        if holds(int(iaqi(value, series, token)[0])):
            low = middle
        else:
            high = middle
    return float(np.array([low], dtype=whole).view(real)[0])
