"""What a value and a column can be: ranges, contradictions with the header, lone spikes.

The ranges are wide on purpose: they catch slips of the pen and dead instruments, never a sand storm
or a black river. They are judgement, set beyond the extremes of public records of the national
network (PM10 above 6,000 in the sand storms of spring 2021, CO up to 19, SO2 above 800).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forecast.errors import ContradictionError
from forecast.ingest.readers.units import plain_unit, split_header
from forecast.ingest.readers.weather_ranges import HOUR_WEATHER
from forecast.standards.items import ITEMS

__all__ = [
    "RANGES",
    "check_air_columns",
    "check_co_beside",
    "check_pm_order",
    "check_ranges_hold",
    "outside",
    "outside_indicator",
    "spikes",
]

#: Lowest and highest value that is believed, in the unit of the item; of weather, of one hour.
RANGES: dict[str, tuple[float, float]] = {
    "so2": (0, 3000),
    "no2": (0, 1000),
    "pm10": (0, 10000),
    "pm25": (0, 3000),
    "co": (0, 60),
    "o3_8h": (0, 800),
    "o3_1h": (0, 1000),
    "o3_24h": (0, 600),
    # Points of the US index go on above 500 in the source's own reckoning.
    "pm25_us_index": (0, 999),
    "pm10_us_index": (0, 999),
    "o3_us_index": (0, 999),
    "no2_us_index": (0, 999),
    "so2_us_index": (0, 999),
    "co_us_index": (0, 999),
    "aqi_published": (1, 500),
    "aqi_hourly_mean": (1, 500),
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
    **HOUR_WEATHER,
}

#: Lowest value above 0 that an instrument of the networks shows [µg/m³; CO mg/m³]: below it lies
#: another unit. A value of 0 may be a true one.
_LEAST = {
    "so2": 0.05, "no2": 0.05, "o3_8h": 0.1, "o3_1h": 0.1, "pm10": 0.1, "pm25": 0.1, "co": 0.005,
}  # fmt: skip

#: Fewer values than this say nothing about a column.
_ENOUGH = 30

#: Values of one place and quarter that are needed to judge that quarter by itself.
_ENOUGH_A_QUARTER = 60

#: Lowest and highest median that a column can have in its unit; of the gases, of its values above
#: 0. Background stations have about 1 µg/m³ of SO2 and NO2 and 0.1 mg/m³ of CO; the dirtiest winter
#: and the longest sand storm stay far below the upper ends. CODMn is 0.5 to 20, NH3-N up to 30, TP
#: up to 5, DO 1 to 20 mg/L. A thousandth or the thousandfold is another unit.
_MEDIANS: dict[str, tuple[float, float]] = {
    "so2": (0.2, 500.0),
    "no2": (0.2, 400.0),
    "o3_8h": (0.5, 500.0),
    "o3_1h": (0.5, 500.0),
    "o3_24h": (0.5, 500.0),
    # 30 winter days of the dirtiest city have 6, 30 hours of a station 9 mg/m³.
    "co": (0.02, 15.0),
    "pm25": (1.0, 1000.0),
    "pm10": (1.0, 2500.0),
    "do": (0.05, np.inf),
    "codmn": (0.02, 100.0),
    # Below the resolution of the methods: no section of the national network has such a median.
    "nh3n": (0.0015, 50.0),
    "tp": (0.0015, 10.0),
    "tn": (0.03, 200.0),
    "conductivity": (3.0, 60_000.0),
    # Water of 3.5 °C and more in degrees Fahrenheit.
    "water_temp": (-np.inf, 38.0),
}

#: Zeros of these say nothing about the unit: some sources round, some write 0 for "no value" or
#: for what is below detection.
_POSITIVE = ("so2", "no2", "o3_8h", "o3_1h", "o3_24h", "co", "nh3n", "tp", "tn")

#: Items that are given with decimals in mg/L: whole numbers throughout are µg/L.
_NEVER_WHOLE = ("nh3n", "tp")

#: So many values tell another unit where all of them are beyond the median's ends, or their median
#: so many times.
_FEW, _FAR = 5, 5.0

#: What an indicator's name has behind its item.
_ENDING = re.compile(r"_(?:annual_mean|mean|p[0-9]{2})$")

#: Pairs of PM10 and PM2.5 that tell whether they are exchanged, and the ratio that humidity gives.
_FEW_PAIRS, _HUMID = 8, 0.9

_SHIFTED = "The header is probably shifted by one column: compare it with the source's own page."


def outside(item: str, values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return where ``values`` [unit of the item] can't be true; NaN never is."""
    low, high = RANGES.get(item, (-np.inf, np.inf))
    trace = (values > 0) & (values < _LEAST.get(item, 0.0))
    return np.asarray((values < low) | (values > high) | trace, dtype=bool)


def check_ranges_hold(path: Path, column: str, item: str, values: NDArray[np.float64]) -> None:
    """Stop where most of a column lies outside the range of its item.

    Raises:
        ContradictionError: more than half of at least 30 values can't be true.
    """
    there = values[~np.isnan(values)]
    if len(there) < _ENOUGH:
        _check_unit(path, column, item, there)
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
    if item in _POSITIVE:
        values = values[values > 0]
    if item not in _MEDIANS or len(values) < _FEW:
        return
    if item in _NEVER_WHOLE and bool((values % 1 == 0).all()):
        raise ContradictionError(
            f"{path}: column {column} holds only whole numbers, but {ITEMS[item].en} in "
            f"{ITEMS[item].unit} has decimals.",
            "The values are probably in µg/L: convert the column by 1000 to mg/L.",
        )
    low, high = _MEDIANS[item]
    most = (len(values) - 1) // 2
    if len(values) >= _ENOUGH and max((values < low).sum(), (values > high).sum()) < most:
        # Both values in the middle are between; no need to find them.
        return
    typical = float(np.median(values))
    if len(values) < _ENOUGH:
        # Few values may be odd for a while; it is the unit where none fits, or by far not.
        beyond = bool((values > high).all() or (values < low).all())
        beyond |= not low / _FAR <= typical <= high * _FAR
    else:
        beyond = not low <= typical <= high
    if not beyond:
        return
    large = typical > high
    other = {
        "µg/m³": "ng/m³" if large else "mg/m³",
        "mg/m³": "µg/m³" if large else "g/m³",
        "mg/L": "µg/L" if large else "g/L",
        "µS/cm": "another unit" if large else "mS/cm",
    }
    unit = ITEMS[item].unit
    said = plain_unit(split_header(column)[1])
    if said and said != plain_unit(unit):
        raise ContradictionError(
            f"{path}: column {column} says {said}, in which its values would have a median of "
            f"{typical:g} {unit}; that is impossible for {ITEMS[item].en}.",
            f"The unit in the header is probably wrong: if the values are in {unit}, write that.",
        )
    raise ContradictionError(
        f"{path}: column {column} has a median of {typical:g}, which is impossible for "
        f"{ITEMS[item].en} in {unit}.",
        f"The values are probably in {other[unit]}: convert the column by 1000 to {unit}."
        if unit in other
        else f"The values are probably in another unit, such as °F: convert the column to {unit}.",
    )


#: Indicators that are days of a year; others in % lie within 0 to 100.
_DAYS_OF_YEAR = ("good_days", "heavy_days")


def outside_indicator(name: str, unit: str, values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return where ``values`` [unit] of the indicator ``name`` can't be true; NaN never is.

    >>> outside_indicator("pm25_annual_mean", "µg/m³", np.array([35.0, 35_000.0, 0.035])).tolist()
    [False, True, True]
    >>> outside_indicator("good_days", "days", np.array([366.0, 367.0, 12.5])).tolist()
    [False, True, True]
    """
    if name in _DAYS_OF_YEAR:
        part = (values % 1 != 0) & ~np.isnan(values)
        return np.asarray((values < 0) | (values > 366) | part, dtype=bool)
    if unit == "%":
        return np.asarray((values < 0) | (values > 100), dtype=bool)
    if unit == "-":
        # Quotients of means and limits, and the state of a lake, 0 to 100 and a little beyond.
        return np.asarray((values < 0) | (values > 1000), dtype=bool)
    item = _ENDING.sub("", name)
    if unit == "class":
        item = "class_published"
    return outside(item, values)


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
            nearly always, or CO above SO2, NO2 or dust.
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
        check_pm_order(path, values["pm10"], values["pm25"], names["pm10"], names["pm25"])
    check_co_beside(path, values, names)
    for item, column in values.items():
        check_ranges_hold(path, names[item], item, column)


def check_pm_order(
    path: Path,
    pm10: NDArray[np.float64],
    pm25: NDArray[np.float64],
    pm10_name: str,
    pm25_name: str,
) -> None:
    """Stop where PM10 is below PM2.5 nearly always; arrays of one shape, NaN where missing.

    Pairs of equal values tell nothing. Fewer than 30 others do where all are in the wrong order and
    apart by more than the instruments' difference in a humid night.

    Raises:
        ContradictionError: more than 80 % of at least 30 pairs are in the wrong order.
    """
    apart = ~np.isnan(pm10) & ~np.isnan(pm25) & (pm10 != pm25)
    coarse, fine = pm10[apart], pm25[apart]
    if len(fine) < _FEW_PAIRS:
        return
    share = (coarse < fine).mean()
    if len(fine) < _ENOUGH:
        wrong = bool(share == 1) and float(np.median(coarse / fine)) < _HUMID
    else:
        wrong = bool(share > 0.8)
    if wrong:
        raise ContradictionError(
            f"{path}: {pm10_name} is below {pm25_name} in {share:.0%} of the readings, but PM2.5 "
            "is a part of PM10.",
            f"The two columns are probably exchanged or shifted. {_SHIFTED}",
        )


def check_co_beside(
    path: Path, values: Mapping[str, NDArray[np.float64]], names: Mapping[str, str]
) -> None:
    """Stop where CO is exchanged with another pollutant; NaN where missing.

    What burns gives a hundred times as much CO as SO2 or NO2: the number of mg/m³ of CO is about a
    tenth of the numbers of µg/m³ of the others, and never above them where CO is high.

    Args:
        path: the file, for the message.
        values: item → values of one shape [µg/m³; CO mg/m³].
        names: item → the column's own name.

    Raises:
        ContradictionError: the median of at least 8 values of CO is 2 or more, and above that of
            SO2, NO2, PM10 or PM2.5 in the same rows by a half.
    """
    for item in ("so2", "no2", "pm10", "pm25"):
        if item not in values or "co" not in values:
            continue
        both = (values["co"] > 0) & (values[item] > 0)
        if both.sum() < _FEW_PAIRS:
            continue
        co, other = float(np.median(values["co"][both])), float(np.median(values[item][both]))
        if co >= 2 and co > 1.5 * other:
            raise ContradictionError(
                f"{path}: {names['co']} has a median of {co:g} mg/m³ and {names[item]} of "
                f"{other:g} µg/m³, which no air has.",
                f"The two columns are probably exchanged or shifted. {_SHIFTED}",
            )


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
    whole: bool = bool(odd[there].all())
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
