"""From a table with one column an item and one row a day to tidy weather."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ContradictionError
from forecast.ingest.files.cells import numbers
from forecast.ingest.parsed import Notes
from forecast.ingest.readers.repeats import keep_first
from forecast.ingest.readers.units import SAME, Conversion
from forecast.ingest.readers.weather_ranges import DAY_WEATHER
from forecast.standards.items import ITEMS

__all__ = [
    "END_OF_DAY",
    "END_OF_UTC_DAY",
    "UTC_DAY",
    "MetColumn",
    "check_weather",
    "read_met_days",
    "weather_rows",
]

#: Flag of a day that runs from 08:00 to 08:00 of local time.
UTC_DAY = "utc_day"

END_OF_DAY = np.timedelta64(86399, "s")

#: A day of UTC is over at 08:00 of the next day in China.
END_OF_UTC_DAY = END_OF_DAY + np.timedelta64(8 * 3600, "s")

#: Fewer values than this say nothing about a column.
_ENOUGH = 30

#: So many days tell another unit where all of them contradict each other.
_FEW = 5

#: What is never below what; a day's mean of few hours may leave its extremes by a little [°C].
_ABOVE = (
    ("temp_max", "temp_min"), ("temp_max", "temp_mean"), ("temp_mean", "temp_min"),
    ("temp_mean", "dew_point"),
)  # fmt: skip
_ROUNDED = 1.0

#: Medians that no place has: of daily mean temperature, Turpan in July having 33 [°C]; and of wind,
#: the calmest basins having 0.5 [m/s].
_HOTTEST, _CALMEST = 40.0, 0.1

#: A median of the range of a day that no place has; deserts have 20 [°C].
_WIDEST = 30.0


@dataclass(frozen=True)
class MetColumn:
    """One column of weather.

    Attributes:
        column: its name in the file.
        item: what it holds.
        convert: from the file's unit to that of the item.
        missing: further numbers that mean "no value", in the file's unit.
    """

    column: str
    item: str
    convert: Conversion = SAME
    missing: tuple[float, ...] = ()


def read_met_days(
    path: Path,
    body: pd.DataFrame,
    notes: Notes,
    *,
    region: pd.Series[str],
    place: pd.Series[str],
    place_kind: str,
    date: NDArray[np.datetime64],
    columns: Sequence[MetColumn],
    flag: str = "",
    known_after: np.timedelta64 = END_OF_DAY,
) -> pd.DataFrame:
    """Read daily weather.

    A row with a number that can't be read, and a second row of a place's day with other values, go
    to quarantine whole; a value that can't be true goes alone.

    Args:
        path: the file, for messages.
        body: its usable data lines as text; the index is the line.
        notes: where findings go.
        region, place: of each line.
        place_kind: ``city``, ``station``, ``cell`` or ``province``.
        date: the day of each line, shape ``(row,)``, none missing.
        columns: what to read.
        flag: put on every value.
        known_after: from the start of the day to the moment the value is known.

    Returns:
        Rows of ``met_daily``.

    Raises:
        ContradictionError: a column can't be what its header says.
    """
    usable = np.ones(len(body), bool)
    values: dict[str, NDArray[np.float64]] = {}
    for one in columns:
        read = numbers(body[one.column])
        bad = read.bad | read.censored
        notes.problem(
            list(body.index[bad]), one.column, list(body[one.column][bad]),
            "not a number; row set aside",
        )  # fmt: skip
        usable &= ~bad
        found = np.where(np.isin(read.values, one.missing), np.nan, read.values)
        values[one.item] = one.convert(found)
    names = {one.item: one.column for one in columns}
    frame = pd.DataFrame(values, index=body.index)
    frame.insert(0, "region", region)
    frame.insert(1, "place", place)
    frame.insert(2, "date", date.astype("datetime64[s]"))
    frame = frame[usable]
    frame, contradicted = keep_first(
        frame, ["region", "place", "date"], list(values), notes, column="", shown="%Y-%m-%d",
        what="day",
    )  # fmt: skip
    return weather_rows(
        path, frame, notes, names,
        place_kind=place_kind,
        flag=np.where(contradicted, f"{flag} conflicting".strip(), flag),
        known_after=known_after,
    )  # fmt: skip


def weather_rows(
    path: Path,
    frame: pd.DataFrame,
    notes: Notes,
    names: dict[str, str],
    *,
    place_kind: str,
    flag: NDArray[np.str_] | dict[str, str],
    known_after: np.timedelta64,
) -> pd.DataFrame:
    """Turn checked days into rows of ``met_daily``.

    Args:
        path: the file, for messages.
        frame: ``region, place, date`` and one column an item [unit of the item]; the index is the
            line of the file.
        notes: where findings go.
        names: item → the file's own name of the column.
        place_kind: kind of all places.
        flag: of each row of ``frame``, shape ``(row,)``, or of each item.
        known_after: from the start of the day to the moment the value is known.

    Raises:
        ContradictionError: a column can't be what its header says.
    """
    check_weather(path, {item: frame[item].to_numpy(np.float64) for item in names}, names)
    parts = []
    for item, column in names.items():
        found = frame[item].to_numpy(np.float64)
        low, high = DAY_WEATHER[item]
        wrong = (found < low) | (found > high)
        notes.problem(
            list(frame.index[wrong]), column, [f"{v:g}" for v in found[wrong]],
            f"outside what {item} can be; the rest of the row is kept",
        )  # fmt: skip
        there = ~wrong & ~np.isnan(found)
        notes.missing += int(np.isnan(found).sum())
        date = frame["date"].to_numpy("datetime64[s]")[there]
        parts.append(
            pd.DataFrame(
                {
                    "region": frame["region"].to_numpy()[there],
                    "place": frame["place"].to_numpy()[there],
                    "place_kind": place_kind,
                    "date": date,
                    "item": item,
                    "value": found[there],
                    "version": "unknown",
                    "flag": flag[item] if isinstance(flag, dict) else flag[there],
                    "known_from": date + known_after,
                    "row": frame.index.to_numpy(np.int32)[there],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def check_weather(
    path: Path, values: dict[str, NDArray[np.float64]], names: dict[str, str]
) -> None:
    """Stop where a column of weather can't be what its header says.

    Args:
        path: the file, for the message.
        values: item → daily values [unit of the item], NaN where missing.
        names: item → the column's own name.

    Raises:
        ContradictionError: over half of 30 values can't be true; a percentage never above 1;
            rain of a year below a third of a millimetre a day; a median that no place has; the
            day's maximum far above its minimum, below it or below the mean; the mean below the
            minimum or the dew point.
    """
    for item, found in values.items():
        there = found[~np.isnan(found)]
        if len(there) < _ENOUGH:
            continue
        low, high = DAY_WEATHER[item]
        share = ((there < low) | (there > high)).mean()
        if share > 0.5:
            raise _contradiction(
                path, item, names, f"holds {share:.0%} values outside {low:g} to {high:g}"
            )
        if item in ("rh", "cloud") and 0 < there.max() <= 1:
            raise _contradiction(path, item, names, "never exceeds 1")
        # Even Turpan, with 16 mm in a year, has days above 1 mm; metres never reach 0.3.
        if item == "precip" and len(there) >= 365 and 0 < there.max() < 0.3:
            raise _contradiction(path, item, names, f"never exceeds {there.max():g} in a year")
        if item == "temp_mean" and np.median(there) > _HOTTEST:
            raise _contradiction(path, item, names, f"has a median of {np.median(there):g}")
        moving = there[there > 0]
        if item == "wind_speed" and len(moving) and np.median(moving) < _CALMEST:
            raise _contradiction(path, item, names, f"has a median of {np.median(moving):g}")
    if {"temp_max", "temp_min"} <= set(values):
        apart = values["temp_max"] - values["temp_min"]
        apart = apart[~np.isnan(apart)]
        if len(apart) >= _FEW and np.median(apart) > _WIDEST:
            raise ContradictionError(
                f"{path}: {names['temp_max']} is {np.median(apart):g} °C above "
                f"{names['temp_min']} on a usual day.",
                "The columns are in different units: compare the header with the source.",
            )
    for upper, lower in _ABOVE:
        if {upper, lower} <= set(values):
            apart = values[upper] - values[lower]
            below = apart[~np.isnan(apart)] < -_ROUNDED
            most = below.mean() > 0.5 if len(below) >= _ENOUGH else below.all()
            if len(below) >= _FEW and most:
                raise ContradictionError(
                    f"{path}: {names[upper]} is below {names[lower]} on most days.",
                    "The columns are exchanged or in different units: compare the header with the "
                    "source.",
                )


def _contradiction(path: Path, item: str, names: dict[str, str], what: str) -> ContradictionError:
    known = ITEMS[item]
    return ContradictionError(
        f"{path}: column {names[item]} {what}, so it can't be {known.en} in {known.unit}.",
        f"Check the unit (expected {known.unit}) and whether the header fits the values.",
    )
