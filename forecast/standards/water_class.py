"""Class of a surface-water section (GB 3838-2002 Table 1): the worst item decides.

Limits are inclusive, and where classes share a limit the best of them is given (verified: 16
equalities on the national platform; COD 15 is class I and can never be II). pH outside 6 to 9 is
worse than V. Water temperature, TN and fecal coliform never decide. Class I of DO is 7.5 mg/L; the
text also allows 90 % saturation, which the platform does not apply (93 of 93 cases).
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecast.standards.items import CLASS_ITEMS
from forecast.standards.published_tables import table_rows

__all__ = [
    "INFERIOR_V",
    "NO_CLASS",
    "PLATFORM_ITEMS",
    "SATURATION_CLASS_I",
    "class_limits",
    "item_classes",
    "section_class",
]

#: Class of a section that has none (withheld).
NO_CLASS = 0
#: Worse than class V.
INFERIOR_V = 6
#: Without one of these that a section monitors, the platform withholds the class (verified).
PLATFORM_ITEMS: tuple[str, ...] = ("ph", "do", "codmn", "nh3n", "tp")
#: DO saturation that stands for class I in the text of GB 3838 [%].
SATURATION_CLASS_I = 90.0

PH_LOWEST, PH_HIGHEST = 6.0, 9.0
_WATER_TYPES = ("river", "lake", "either")


@cache
def class_limits(item: str, water_type: str = "river") -> tuple[float, ...] | None:
    """Limits of classes I to V of ``item`` [mg/L]; None where Table 1 has none for the water.

    ``water_type`` is river, lake or either (river limits of TP). pH has no such row; see
    ``PH_LOWEST`` and ``PH_HIGHEST``.

    Raises:
        ValueError: an unknown water type.

    >>> class_limits("tp", "lake")
    (0.01, 0.025, 0.05, 0.1, 0.2)
    """
    if water_type not in _WATER_TYPES:
        raise ValueError(f"water_type must be one of {_WATER_TYPES}, got {water_type!r}")
    body = "lake" if water_type == "lake" else "river"
    for row in table_rows("water_limits"):
        if row["item"] == item and row["water_type"] in ("all", body) and row["sense"] != "range":
            return tuple(float(row[label]) for label in ("I", "II", "III", "IV", "V"))
    return None


def item_classes(
    values: ArrayLike,
    items: tuple[str, ...],
    water_type: str | NDArray[np.str_] = "river",
    *,
    do_saturation: ArrayLike | None = None,
) -> NDArray[np.int8]:
    """Class of each item, int8 (..., item): 1 to 6, NO_CLASS where missing or never deciding.

    Arguments as in :func:`section_class`.
    """
    array = _as_floats(values, items)
    classes = np.zeros(array.shape, dtype=np.int8)
    lake = _lake_mask(water_type, array.shape[:-1])
    for column, item in enumerate(items):
        if item not in CLASS_ITEMS:
            continue
        found = _one_item(array[..., column], item, lake)
        if item == "do" and do_saturation is not None:
            saturated = np.asarray(do_saturation, dtype=np.float64) >= SATURATION_CLASS_I
            found = np.where(saturated & (found > 0), np.int8(1), found)
        classes[..., column] = found
    return classes


def section_class(
    values: ArrayLike,
    items: tuple[str, ...],
    water_type: str | NDArray[np.str_] = "river",
    *,
    platform: bool = False,
    not_monitored: Collection[str] | NDArray[np.bool_] = (),
    required: Collection[str] = PLATFORM_ITEMS,
    do_saturation: ArrayLike | None = None,
) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """Class of sections from their values as they are, without rounding.

    Args:
        values: (..., item) [mg/L; pH without unit]; NaN is missing. Period statistics are rounded
            first: see ``water_period.assess_section_period``.
        items: code of each column; items that never decide may be among them.
        water_type: river, lake or either (river limits), one for all or an array (...,). It is the
            attribute of the section, not part of its name.
        platform: leave ``do_saturation`` out of account, as the national platform does.
        not_monitored: codes, or a mask (..., item): their absence does not withhold the class.
        required: items without which the class is withheld.
        do_saturation: (...,) DO saturation [%]; from 90 % on DO is class I. None: 7.5 mg/L only.

    Returns:
        Class, int8 (...,): 1 to 6, NO_CLASS where withheld; and the deciding items, bool
        (..., item): those whose class is the section's (pH is not listed at class I).

    >>> found, deciding = section_class([7.0, 8.0, 5.0, 0.3], ("ph", "do", "codmn", "nh3n"),
    ...                                 not_monitored=("tp",))
    >>> int(found), deciding.tolist()
    (3, [False, False, True, False])
    """
    array = _as_floats(values, items)
    saturation = None if platform else do_saturation
    classes = item_classes(array, items, water_type, do_saturation=saturation)
    worst = classes.max(axis=-1, initial=0)
    exempt, named = None, not_monitored
    if isinstance(not_monitored, np.ndarray):
        # With a mask, a column that is not there is one that nobody monitors.
        exempt = np.broadcast_to(not_monitored, array.shape)
        named = [item for item in required if item not in items]
    for item in required:
        if item in named:
            continue
        if item not in items:
            worst = np.zeros_like(worst)
            continue
        column = items.index(item)
        missing = np.isnan(array[..., column])
        if exempt is not None:
            missing &= ~exempt[..., column]
        worst = np.where(missing, np.int8(NO_CLASS), worst)
    deciding = (classes == worst[..., None]) & (classes > 0)
    if "ph" in items:
        deciding[..., items.index("ph")] &= worst > 1
    return worst, deciding


def _as_floats(values: ArrayLike, items: tuple[str, ...]) -> NDArray[np.float64]:
    array = np.asarray(values)
    if array.dtype != np.float32:
        array = array.astype(np.float64, copy=False)
    if array.ndim == 0 or array.shape[-1] != len(items):
        raise ValueError(f"values must have shape (..., {len(items)}), got {array.shape}")
    return array


def _lake_mask(
    water_type: str | NDArray[np.str_], shape: tuple[int, ...]
) -> bool | NDArray[np.bool_]:
    if isinstance(water_type, str) and water_type in _WATER_TYPES:
        return water_type == "lake"
    kinds = np.asarray(water_type)
    known = np.isin(kinds, _WATER_TYPES)
    if not known.all():
        wrong = np.atleast_1d(kinds)[~np.atleast_1d(known)][0]
        raise ValueError(f"water_type must be one of {_WATER_TYPES}, got {str(wrong)!r}")
    lake = kinds == "lake"
    return bool(lake) if kinds.ndim == 0 else np.broadcast_to(lake, shape)


def _one_item(
    values: NDArray[np.float64], item: str, lake: bool | NDArray[np.bool_]
) -> NDArray[np.int8]:
    """Class of each value of one item, 0 where missing."""
    missing = np.isnan(values)
    if item == "ph":
        inside = (values >= PH_LOWEST) & (values <= PH_HIGHEST)
        found = np.where(inside, np.int8(1), np.int8(INFERIOR_V))
    elif isinstance(lake, np.ndarray) and item == "tp":
        found = np.where(lake, _graded(values, item, "lake"), _graded(values, item, "river"))
    else:
        found = _graded(values, item, "lake" if lake is True else "river")
    return np.where(missing, np.int8(NO_CLASS), found)


def _graded(values: NDArray[np.float64], item: str, water_type: str) -> NDArray[np.int8]:
    limits = class_limits(item, water_type)
    assert limits is not None  # every class item has a row in the table
    # A limit is put on the precision of the values: 0.2 of float32 is above 0.2 of float64.
    edges = np.asarray(limits, dtype=values.dtype)
    found = np.ones(values.shape, dtype=np.int8)
    for edge in edges:
        found += values < edge if item == "do" else values > edge
    return found
