"""What a value and a column can be: ranges, contradictions with the header, lone spikes.

The ranges are wide on purpose: they catch slips of the pen and dead instruments, never a sand storm
or a black river. They are judgement, set beyond the extremes of public records of the national
network (PM10 above 6,000 in the sand storms of spring 2021, CO up to 19, SO2 above 800).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forecast.errors import ContradictionError
from forecast.standards.items import ITEMS

__all__ = ["RANGES", "check_air_columns", "check_ranges_hold", "outside", "spikes"]

#: Lowest and highest value that is believed, in the unit of the item.
RANGES: dict[str, tuple[float, float]] = {
    "so2": (0, 3000),
    "no2": (0, 1000),
    "pm10": (0, 10000),
    "pm25": (0, 3000),
    "co": (0, 60),
    "o3_8h": (0, 800),
    "o3_1h": (0, 1000),
    "o3_24h": (0, 600),
    "aqi_published": (0, 500),
    "aqi_hourly_mean": (0, 500),
    "water_temp": (-5, 50),
    "ph": (1, 14),
    "do": (0, 50),
    "codmn": (0, 500),
    "cod": (0, 5000),
    "bod5": (0, 2000),
    "nh3n": (0, 200),
    "tp": (0, 50),
    "tn": (0, 500),
    "conductivity": (0, 100_000),
    "turbidity": (0, 50_000),
    "chla": (0, 10),
    "algae": (0, 1e11),
    "class_published": (1, 6),
}

#: Fewer values than this say nothing about a column.
_ENOUGH = 30

#: Values of one place and quarter that are needed to judge that quarter by itself.
_ENOUGH_A_QUARTER = 60

_SHIFTED = "The header is probably shifted by one column: compare it with the source's own page."


def outside(item: str, values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return where ``values`` [unit of the item] can't be true; NaN never is."""
    low, high = RANGES.get(item, (-np.inf, np.inf))
    return np.asarray((values < low) | (values > high), dtype=bool)


def check_ranges_hold(path: Path, column: str, item: str, values: NDArray[np.float64]) -> None:
    """Stop where most of a column lies outside the range of its item.

    Raises:
        ContradictionError: more than half of at least 30 values can't be true.
    """
    there = values[~np.isnan(values)]
    if len(there) < _ENOUGH:
        return
    share = outside(item, there).mean()
    if share > 0.5:
        low, high = RANGES[item]
        raise ContradictionError(
            f"{path}: {share:.0%} of column {column} lies outside {low:g} to {high:g} "
            f"{ITEMS[item].unit}, so it can't be {ITEMS[item].en}.",
            f"Check the unit (expected {ITEMS[item].unit}) and whether the header fits the values.",
        )
    _check_unit(path, column, item, there)


def _check_unit(path: Path, column: str, item: str, values: NDArray[np.float64]) -> None:
    """Stop where the typical value is a thousand times too large or too small for its unit."""
    median = float(np.median(values))
    # The clean and the dirty end of real medians: CO 0.3 to 5 mg/m³, PM 5 to 300 µg/m³,
    # CODMn 0.5 to 20, NH3-N up to 30, TP up to 5, DO 1 to 20 mg/L.
    low, high = {
        "co": (0.0, 50.0),
        "pm25": (1.0, np.inf),
        "pm10": (1.0, np.inf),
        "do": (0.05, np.inf),
        "codmn": (0.02, 100.0),
        "nh3n": (0.0, 50.0),
        "tp": (0.0, 10.0),
    }.get(item, (-np.inf, np.inf))
    if low <= median <= high:
        return
    other = {"µg/m³": "mg/m³", "mg/m³": "µg/m³", "mg/L": "µg/L" if median > high else "g/L"}
    unit = ITEMS[item].unit
    raise ContradictionError(
        f"{path}: column {column} has a median of {median:g}, which is impossible for "
        f"{ITEMS[item].en} in {unit}.",
        f"The values are probably in {other.get(unit, 'another unit')}: convert the column by "
        f"1000 to {unit}.",
    )


def check_air_columns(
    path: Path,
    values: dict[str, NDArray[np.float64]],
    names: dict[str, str],
    groups: NDArray[np.int64],
) -> None:
    """Stop where an air column can't be what its header says.

    Args:
        path: the file, for the message.
        values: item → daily values of shape ``(row,)`` [unit of the item], NaN where missing.
        names: item → the column's own name.
        groups: number of the place and quarter of each row, shape ``(row,)``.

    Raises:
        ContradictionError: CO in integers throughout, O3 below 5 for a quarter, or PM10 below PM2.5
            nearly always.
    """
    for item in ("o3_8h", "o3_1h"):
        if item in values:
            # The daily maximum of ozone never stays below 5 µg/m³ for two months anywhere.
            _every(path, names[item], "values below 5", values[item] < 5, values[item], groups)
    if "co" in values:
        # The source prints CO with one decimal or more; whole numbers are another item.
        whole = values["co"] == np.round(values["co"])
        _every(path, names["co"], "whole numbers", whole, values["co"], groups)
    if "pm10" in values and "pm25" in values:
        both = ~np.isnan(values["pm10"]) & ~np.isnan(values["pm25"])
        if both.sum() >= _ENOUGH:
            share = (values["pm10"][both] < values["pm25"][both]).mean()
            if share > 0.8:
                raise ContradictionError(
                    f"{path}: {names['pm10']} is below {names['pm25']} on {share:.0%} of days, "
                    "but PM2.5 is a part of PM10.",
                    f"The two columns are probably exchanged or shifted. {_SHIFTED}",
                )
    for item, column in values.items():
        check_ranges_hold(path, names[item], item, column)


def _every(
    path: Path,
    column: str,
    what: str,
    odd: NDArray[np.bool_],
    values: NDArray[np.float64],
    groups: NDArray[np.int64],
) -> None:
    """Stop where every value of the file, or of one place's quarter, is ``odd``."""
    there = ~np.isnan(values)
    if there.sum() < _ENOUGH:
        return
    whole = bool(odd[there].all())
    counts = np.bincount(groups[there])
    odds = np.bincount(groups[there], weights=odd[there])
    quarters = (counts >= _ENOUGH_A_QUARTER) & (odds == counts)
    if whole or quarters.any():
        where = "throughout" if whole else "for a whole quarter of one place"
        raise ContradictionError(f"{path}: column {column} holds only {what} {where}.", _SHIFTED)


def spikes(
    place: NDArray[np.int64], day: NDArray[np.int64], values: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return which daily values stand alone: over eight times the median of their neighbours.

    Neighbours are the values of the three days before and after, at least four of them. A spike is
    flagged, never removed: a sand storm looks the same.

    Args:
        place: number of the place, shape ``(row,)``.
        day: day number, shape ``(row,)``.
        values: positive daily values, shape ``(row,)``.
    """
    order = np.lexsort((day, place))
    p, d, v = place[order], day[order], values[order]
    around = np.full((6, len(v)), np.nan)
    for slot, shift in enumerate((-3, -2, -1, 1, 2, 3)):
        there = np.arange(len(v)) + shift
        inside = (there >= 0) & (there < len(v))
        other = np.where(inside, there, 0)
        near = inside & (p[other] == p) & (np.abs(d[other] - d) <= 3)
        around[slot] = np.where(near, v[other], np.nan)
    enough = np.flatnonzero((~np.isnan(around)).sum(axis=0) >= 4)
    result = np.zeros(len(v), bool)
    if len(enough):
        median = np.nanmedian(around[:, enough], axis=0)
        result[order[enough]] = v[enough] > 8 * median
    return result
