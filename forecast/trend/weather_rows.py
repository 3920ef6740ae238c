"""Days of one item with the weather beside them: what a weather model is fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import InputError

__all__ = ["FEWEST_DAYS", "WeatherRows", "circular_gap", "weather_rows"]

Table = TypeVar("Table", pd.Series, pd.DataFrame)

#: Days with a value and all of the weather below which nothing is fitted: with less than two years
#: (a few gaps allowed) a season cannot be told from the weather of a single one.
FEWEST_DAYS = 600


@dataclass(frozen=True)
class WeatherRows:
    """Complete days in order of time, and what was left out.

    Attributes:
        days: days with a value and all weather items.
        y: the item, (day,) [unit].
        x: the weather, (day, item) [units of the table].
        items: names of the weather items.
        calendar: every day from the first to the last of the record.
        observed: the item on every day of the calendar, NaN where missing [unit].
        no_value: days of the calendar without a value; ``no_weather`` those with a value of which
            a weather item is missing. Neither is filled.
    """

    days: pd.DatetimeIndex
    y: NDArray[np.float64]
    x: NDArray[np.float64]
    items: tuple[str, ...]
    calendar: pd.DatetimeIndex
    observed: NDArray[np.float64]
    no_value: int
    no_weather: int

    def part(self, chosen: NDArray[np.bool_]) -> WeatherRows:
        """The rows of a mask, (day,); calendar and counts stay those of the whole record."""
        return replace(self, days=self.days[chosen], y=self.y[chosen], x=self.x[chosen])


def weather_rows(
    daily: pd.Series, weather: pd.DataFrame, items: Sequence[str] | None = None
) -> WeatherRows:
    """Put the values of an item and the weather of the same days side by side.

    Args:
        daily: one value a day [unit], DatetimeIndex in any order; NaN is missing.
        weather: days × weather items, numbers; NaN is missing.
        items: weather items to use; None takes all columns.

    Raises:
        InputError: an index that is no day, a day twice, an unknown or empty weather item, values
            that are no numbers, or too short a record.
    """
    values = _by_day(daily, "daily values").astype(np.float64)
    table = _by_day(weather, "weather")
    names = tuple(str(c) for c in (table.columns if items is None else items))
    table = table.set_axis([str(c) for c in table.columns], axis=1)
    unknown = [name for name in names if name not in table.columns]
    if unknown or not names:
        raise InputError(
            f"The weather has no item {', '.join(unknown) or 'at all'}.",
            f"Items that are there: {', '.join(table.columns) or 'none'}.",
        )
    known = values.dropna()
    if known.empty:
        raise InputError("There is no daily value to normalise.", "Check the place and the item.")
    calendar = pd.date_range(known.index[0], known.index[-1], freq="D")
    try:
        beside = table[list(names)].astype(np.float64).reindex(calendar)
    except (TypeError, ValueError) as error:
        raise InputError(
            "A weather item has values that are no numbers.", "Give numbers, blank where missing."
        ) from error
    bare = [name for name in names if beside[name].isna().all()]
    if bare:
        raise InputError(
            f"The weather item {bare[0]} has no value from {calendar[0]:%Y-%m-%d} to "
            f"{calendar[-1]:%Y-%m-%d}.",
            "Leave the item out, or give the weather of these days.",
        )
    observed = values.reindex(calendar).to_numpy(dtype=np.float64)
    x = beside.to_numpy(dtype=np.float64)
    # Infinite is as little a reading as missing is.
    has_value, has_weather = np.isfinite(observed), np.isfinite(x).all(axis=1)
    kept = has_value & has_weather
    rows = WeatherRows(
        days=calendar[kept], y=observed[kept], x=x[kept], items=names, calendar=calendar,
        observed=np.where(has_value, observed, np.nan), no_value=int((~has_value).sum()),
        no_weather=int((has_value & ~has_weather).sum()),
    )  # fmt: skip
    _long_enough(rows)
    return rows


def circular_gap(a: NDArray[np.int64], b: NDArray[np.int64] | int) -> NDArray[np.int64]:
    """Days of the year between two of them, the short way round.

    >>> circular_gap(np.array([1, 100]), 360).tolist()
    [7, 106]
    """
    apart = np.abs(a - b)
    gap: NDArray[np.int64] = np.minimum(apart, 366 - apart)
    return gap


def _by_day(given: Table, what: str) -> Table:
    if not isinstance(given.index, pd.DatetimeIndex):
        raise InputError(
            f"The {what} need one row a day, got an index of {given.index.dtype}.",
            "Give a DatetimeIndex.",
        )
    ordered = given.set_axis(given.index.normalize()).sort_index()
    if ordered.index.has_duplicates:
        twice = ordered.index[ordered.index.duplicated()][0]
        raise InputError(
            f"The day {twice:%Y-%m-%d} occurs more than once in the {what}.",
            "Keep one row a day.",
        )
    return ordered


def _long_enough(rows: WeatherRows) -> None:
    months = sorted(set(range(1, 13)) - set(rows.days.month))
    if len(rows.days) < FEWEST_DAYS:
        raise InputError(
            f"Weather normalisation needs {FEWEST_DAYS} days with a value and all of the weather, "
            f"and there are {len(rows.days)} from {rows.calendar[0]:%Y-%m-%d} to "
            f"{rows.calendar[-1]:%Y-%m-%d} ({rows.no_value} without a value, {rows.no_weather} "
            "without weather).",
            "Give two years or more, or leave out a weather item that is often missing.",
        )
    if months:
        raise InputError(
            f"No {pd.Timestamp(2000, months[0], 1):%B} has a day with a value and all of the "
            "weather, so what is normal then is not known.",
            "Give a longer record, or leave out a weather item that is missing then.",
        )
