"""Runs of lines whose values stand in a neighbour's column, or in another unit than the lines around.

A table that was put together by hand, or a page that changed, goes wrong from one line to another.
Where that fills a file or a quarter of a place, the column contradicts its header and the file is
refused; a few weeks of it would enter as values that each can be true. What gives them away is that
they do so line after line. Figures are judgement: in the real records of this project (FORMATS)
no other line forms such a run.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from forecast.standards.aqi import daily_aqi

__all__ = ["odd_days", "odd_runs"]

#: So many odd lines of one place, one after the other, are no chance; so many lines between two of
#: them may be silent (a value of 1 tells nothing), and so much of the run must be odd.
_RUN, _BETWEEN, _SHARE = 5, 2, 0.6

#: Of what a line may have by chance (one day in ten has a whole CO, an AQI may be anyone's slip) so
#: many, without a break.
_LONG_RUN = 10

#: A published AQI may be below that of an item of its day by so much: sources of 2014 left NO2 out.
_AQI_GAP, _AQI_SHARE = 35.0, 0.3

#: No value that could be true is larger.
_MOST = 20_000.0

_SHIFTED = "the values of this and of the lines around it stand in the wrong columns"
_WHOLE = "CO is a whole number in this and in the lines around it, elsewhere it has decimals"
_BELOW = "PM below 1 µg/m³ in this and in the lines around it: another unit, such as mg/m³"
_EXCHANGED = "PM2.5 is above PM10 in this and in the lines around it: the two may be exchanged"
_LOW_AQI = "the published AQI is below that of a single item, in this and in the lines around it"


def odd_days(
    place: NDArray[np.int64],
    day: NDArray[np.datetime64],
    values: Mapping[str, NDArray[np.float64]],
) -> NDArray[np.object_]:
    """Return why each day is part of a run of odd ones; empty where it isn't.

    Args:
        place: number of the place, shape ``(row,)``.
        day: shape ``(row,)``.
        values: item → values [unit of the item], shape ``(row,)``, NaN where missing.
    """
    # Slips of the pen as large as a double can be; what can't be true goes alone elsewhere.
    values = {item: np.clip(column, -_MOST, _MOST) for item, column in values.items()}
    tells: list[tuple[str, NDArray[np.bool_], int]] = [
        (_SHIFTED, _misplaced(values), _RUN),
        (_BELOW, _below(values), _RUN),
    ]
    if {"pm10", "pm25"} <= values.keys():
        exchanged = values["pm25"] > 1.1 * values["pm10"] + 5
        tells.append((_EXCHANGED, exchanged, _LONG_RUN))
    if "aqi_published" in values:
        tells.append((_LOW_AQI, _low_aqi(values), _LONG_RUN))
    if "co" in values:
        tells.append((_WHOLE, _whole(place, values["co"]), _LONG_RUN))
    order = np.lexsort((day, place))
    missing = _missing(values)
    why = np.full(len(place), "", dtype=object)
    for reason, odd, least in tells:
        # A line whose fault is known doesn't make its neighbours suspect of another.
        odd = odd & (why == "")
        if odd.sum() < least:
            continue
        share = _SHARE if least == _RUN else 1.0
        found = odd_runs(place[order], odd[order], missing[order], least=least, share=share)
        at = order[found]
        why[at] = np.where(why[at] == "", reason, why[at])
    return why


def odd_runs(
    place: NDArray[np.int64],
    odd: NDArray[np.bool_],
    missing: NDArray[np.int64],
    *,
    least: int = _RUN,
    share: float = _SHARE,
) -> NDArray[np.bool_]:
    """Return which lines lie in a run of odd lines of one place.

    Lines beside a run that lack the same items as all lines of it belong to it.

    Args:
        place, odd, missing: of the lines in the order of place and time, shape ``(row,)``;
            ``missing`` is a number for the items that a line lacks, 0 for none.
        least: odd lines that make a run.
        share: of the lines of a run so many must be odd.

    >>> odd = np.array([0, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1], dtype=bool)
    >>> odd_runs(np.zeros(11, int), odd, np.zeros(11, int)).astype(int).tolist()
    [0, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0]
    """
    result = np.zeros(len(odd), dtype=bool)
    at = np.flatnonzero(odd)
    if len(at) < least:
        return result
    between = _BETWEEN if share < 1 else 0
    breaks = (np.diff(at) > between + 1) | (np.diff(place[at]) != 0)
    starts = np.concatenate([[0], np.flatnonzero(breaks) + 1])
    ends = np.concatenate([np.flatnonzero(breaks), [len(at) - 1]])
    for start, end in zip(starts, ends, strict=True):
        first, last = int(at[start]), int(at[end])
        if end - start + 1 < least or (end - start + 1) < share * (last - first + 1):
            continue
        lacking = set(missing[at[start : end + 1]].tolist())
        if len(lacking) == 1 and 0 not in lacking:
            (same,) = lacking
            while first and place[first - 1] == place[first] and missing[first - 1] == same:
                first -= 1
            while (
                last + 1 < len(odd) and place[last + 1] == place[last] and missing[last + 1] == same
            ):
                last += 1
        result[first : last + 1] = True
    return result


def _misplaced(values: Mapping[str, NDArray[np.float64]]) -> NDArray[np.bool_]:
    """Return where CO can't be CO beside SO2 or NO2.

    What burns gives some hundred times as much CO as SO2 or NO2, so the number of mg/m³ is about a
    tenth of theirs in µg/m³. One column to the right CO holds the whole numbers of SO2 and NO2 the
    tenths of CO; one to the left CO holds NO2, and SO2 the tenths of CO.
    """
    length = len(next(iter(values.values())))
    odd = np.zeros(length, dtype=bool)
    if "co" not in values:
        return odd
    co = values["co"]
    whole = co == np.round(co)
    for item in ("so2", "no2"):
        if item not in values:
            continue
        other = values[item]
        there = (co > 0) & (other > 0)
        tenths = other != np.round(other)
        odd |= there & whole & tenths & (co >= 1) & (other < 5) & (co > 1.2 * other)
        odd |= there & (co >= 2) & (co > 2 * other)
    return odd


def _below(values: Mapping[str, NDArray[np.float64]]) -> NDArray[np.bool_]:
    """Return where PM10 or PM2.5 is above 0 and below 1 µg/m³, which no day of a city has."""
    odd = np.zeros(len(next(iter(values.values()))), dtype=bool)
    for item in ("pm10", "pm25"):
        if item in values:
            odd |= (values[item] > 0) & (values[item] < 1)
    return odd


def _low_aqi(values: Mapping[str, NDArray[np.float64]]) -> NDArray[np.bool_]:
    """Return where the published AQI is far below that of the items of the day without ozone.

    Ozone is left out: not every source says which ozone it has. Of the rules of the time the older
    has the higher limits of PM, so it never blames a day wrongly.
    """
    items = tuple(i for i in ("so2", "no2", "pm10", "pm25", "co") if i in values)
    printed = values["aqi_published"]
    odd = np.zeros(len(printed), dtype=bool)
    if not items:
        return odd
    table = np.column_stack([values[i] for i in items])
    at = np.flatnonzero((printed > 0) & (table > 0).any(axis=1))
    if not len(at):
        return odd
    table = np.where(table > 0, table, np.nan)
    absent = tuple(i for i in ("so2", "no2", "pm10", "pm25", "co", "o3_8h") if i not in items)
    least = daily_aqi(table[at], None, items, "HJ 633-2012", not_monitored=absent).aqi
    least = least.astype(np.float64)
    gap = least - printed[at]
    # Some sources end their AQI at 300, all at 500.
    odd[at] = (gap > _AQI_GAP) & (gap > _AQI_SHARE * least) & (printed[at] < 300)
    return odd


def _whole(place: NDArray[np.int64], co: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return where CO is a whole number of 2 or more, at places that give it with decimals."""
    there = ~np.isnan(co)
    if not there.any():
        return np.zeros(len(co), dtype=bool)
    count = np.bincount(place[there], minlength=int(place.max()) + 1)
    decimals = (co != np.round(co))[there]
    share = np.bincount(place[there], weights=decimals, minlength=len(count)) / np.maximum(count, 1)
    return np.asarray((co == np.round(co)) & (co >= 2) & (share[place] > 0.2), dtype=bool)


def _missing(values: Mapping[str, NDArray[np.float64]]) -> NDArray[np.int64]:
    """Return a number for the items that each line lacks."""
    columns = [np.isnan(column).astype(np.int64) << at for at, column in enumerate(values.values())]
    return np.asarray(np.sum(columns, axis=0), dtype=np.int64)
