"""Class of groundwater by GB/T 14848-2017: the worst of its items, I to V (verified, key items).

Groundwater has no class worse than V. The items shipped are those whose limits were seen; a point
is graded by those of them that it has.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecast.standards.published_tables import table_rows
from forecast.standards.water_period import round_statistics

__all__ = ["GROUNDWATER_ITEMS", "GROUNDWATER_WORST", "groundwater_class", "groundwater_limits"]

#: Number of class V, the worst.
GROUNDWATER_WORST = 5


@cache
def groundwater_limits(item: str) -> tuple[float, ...] | None:
    """Limits of classes I to IV [mg/L], beyond the last one it is V; None for pH and others.

    >>> groundwater_limits("nh3n")
    (0.02, 0.1, 0.5, 1.5)
    """
    for row in table_rows("groundwater_limits"):
        if row["item"] == item:
            return tuple(float(row[label]) for label in ("I", "II", "III", "IV"))
    return None


#: Items that decide the class of groundwater here.
GROUNDWATER_ITEMS: tuple[str, ...] = (
    "ph", *(row["item"] for row in table_rows("groundwater_limits")),
)  # fmt: skip


def groundwater_class(
    values: ArrayLike, items: tuple[str, ...], *, without: Collection[str] = ()
) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """Class of (..., item) mean concentrations and the items that decide it.

    Args:
        without: items left out, such as those whose exceedance is of natural background.

    Returns:
        int8 (...,), 1 to 5, 0 where no item has a value; bool (..., item). pH: 6.5 to 8.5 is I,
        5.5 to 6.5 and 8.5 to 9 is IV, beyond is V.

    >>> items = ("hardness", "fe", "nh3n")
    >>> int(groundwater_class([500.0, 2.5, 0.1], items)[0])
    5
    >>> int(groundwater_class([500.0, 2.5, 0.1], items, without=("fe",))[0])
    4
    """
    array = np.atleast_1d(np.asarray(values, dtype=np.float64))
    rounded = round_statistics(array, tuple(i for i in items))
    classes = np.zeros(array.shape, dtype=np.int8)
    for column, item in enumerate(items):
        if item in without:
            continue
        raw = array[..., column]
        if item == "ph":
            found = np.where((raw >= 6.5) & (raw <= 8.5), 1, 4)
            found = np.where((raw < 5.5) | (raw > 9.0), GROUNDWATER_WORST, found)
        else:
            limits = groundwater_limits(item)
            if limits is None:
                continue
            found = 1 + (rounded[..., column, None] > np.asarray(limits)).sum(axis=-1)
        classes[..., column] = np.where(np.isnan(raw), 0, found)
    worst = classes.max(axis=-1, initial=0)
    return worst, (classes == worst[..., None]) & (classes > 0)
