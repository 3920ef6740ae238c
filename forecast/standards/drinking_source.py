"""Drinking-water sources: items and limits, and whether a source complies.

A surface source is held to class III of GB 3838-2002 table 1 (23 items: COD is not among them; TN,
water temperature and fecal coliform are reported apart) and to the single limits of tables 2 and 3
(verified). The limits of tables 2 and 3 that are shipped are those of the five additional items and
of the ten metals; the organic items of table 3 are not.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecast.standards.items import CLASS_ITEMS
from forecast.standards.published_tables import table_rows
from forecast.standards.water_class import item_classes
from forecast.standards.water_period import round_statistics

__all__ = ["SOURCE_CLASS", "SOURCE_ITEMS", "source_exceedances", "source_limit"]

#: Class of table 1 that a source has to meet.
SOURCE_CLASS = 3


@cache
def _single_limits() -> dict[str, float]:
    return {row["item"]: float(row["limit"]) for row in table_rows("source_limits")}


@cache
def source_limit(item: str) -> float | None:
    """Single limit of ``item`` in GB 3838-2002 table 2 or 3 [mg/L]; None where it has none.

    >>> source_limit("nickel"), source_limit("codmn")
    (0.02, None)
    """
    return _single_limits().get(item)


#: Items that decide whether a surface source complies: table 1 without COD, then tables 2 and 3.
SOURCE_ITEMS: tuple[str, ...] = (
    *(i for i in CLASS_ITEMS if i != "cod"), *(row["item"] for row in table_rows("source_limits")),
)  # fmt: skip


def source_exceedances(
    values: ArrayLike, items: tuple[str, ...], water_type: str = "river"
) -> NDArray[np.bool_]:
    """Which items of (..., item) monthly or annual means exceed what a source may have.

    Values are rounded to the decimals of assessment data first; a missing one exceeds nothing, and
    so does an item that does not count.

    >>> items = ("codmn", "cod", "nickel", "mn")
    >>> source_exceedances([6.0, 45.0, 0.0228, 0.1], items).tolist()
    [False, False, True, False]
    """
    rounded = round_statistics(values, items)
    over = item_classes(rounded, items, water_type) > SOURCE_CLASS
    for column, item in enumerate(items):
        limit = source_limit(item)
        if item == "cod":
            over[..., column] = False
        elif limit is not None:
            over[..., column] = rounded[..., column] > limit
    return over
