"""CWQI: the index by which cities are ranked on surface water.

城市地表水环境质量排名技术规定 (2017): per-item formulas secondary (open code), city weighting, the
halving below the detection limit and four decimals from memory.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecast.standards.items import CLASS_ITEMS
from forecast.standards.water_class import class_limits

__all__ = ["city_cwqi", "item_cwqi", "section_cwqi"]


def item_cwqi(values: ArrayLike, item: str, water_type: str = "river") -> NDArray[np.float64]:
    """Index of one item: C / Cs with Cs the class III limit; NaN where missing.

    DO: Cs / C; pH: (7 - pH) / 1 up to 7, (pH - 7) / 2 above.

    Raises:
        KeyError: the item is not one of the 21.
    """
    if item not in CLASS_ITEMS:
        raise KeyError(item)
    array = np.asarray(values, dtype=np.float64)
    if item == "ph":
        return np.where(array <= 7.0, 7.0 - array, (array - 7.0) / 2.0)
    limits = class_limits(item, water_type)
    assert limits is not None  # every class item but pH has a row in the table
    if item == "do":
        index = np.full(array.shape, np.nan)
        np.divide(limits[2], array, out=index, where=array > 0)
        # Water without oxygen has no finite index.
        return np.where(array <= 0, np.inf, index)
    return array / limits[2]


def section_cwqi(
    values: ArrayLike, items: tuple[str, ...], water_type: str = "river"
) -> NDArray[np.float64]:
    """CWQI of a section or of a water body: the sum over the items there are, unrounded.

    Args:
        values: (..., item) mean concentrations [mg/L]; NaN and items outside the 21 are skipped.

    Returns:
        (...,), NaN where no item has a value.
    """
    array = np.asarray(values, dtype=np.float64)
    total = np.zeros(array.shape[:-1])
    anything = np.zeros(array.shape[:-1], dtype=np.bool_)
    for column, item in enumerate(items):
        if item in CLASS_ITEMS:
            index = item_cwqi(array[..., column], item, water_type)
            anything |= ~np.isnan(index)
            total += np.where(np.isnan(index), 0.0, index)
    return np.where(anything, total, np.nan)


def city_cwqi(
    rivers: ArrayLike, lakes: ArrayLike, n_rivers: int, n_lakes: int
) -> NDArray[np.float64]:
    """CWQI of a city: (CWQI_river x M + CWQI_lake x N) / (M + N), unrounded (from memory).

    Args:
        rivers, lakes: (...,) index of the mean concentrations of all river sections, of all lake
            points; ignored where their number is 0.
        n_rivers, n_lakes: numbers M and N of sections and points.

    Raises:
        ValueError: no section at all.
    """
    if n_rivers < 0 or n_lakes < 0 or n_rivers + n_lakes == 0:
        raise ValueError(f"a city needs sections, got {n_rivers} of rivers and {n_lakes} of lakes")
    parts = [
        np.asarray(index, dtype=np.float64) * number
        for index, number in ((rivers, n_rivers), (lakes, n_lakes))
        if number
    ]
    return np.asarray(sum(parts[1:], parts[0]) / (n_rivers + n_lakes))
