"""One place's daily readings on an unbroken grid of days: what a model of the air is fitted to."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import UsageError
from forecast.models.paths import Paths

__all__ = ["MIN_DAYS", "DailyRecord", "check_ahead", "daily_record", "library"]

#: An item with fewer valid days is not modelled.
MIN_DAYS = 60

#: Readings below this part of the median are set to it: a log of 0 would rule the fit.
_FLOOR = 0.02
#: No drawn value exceeds this multiple of the highest reading.
_CAP = 3.0
_YEAR = 365.25


@dataclass(frozen=True)
class DailyRecord:
    """Readings of one place from the first to the last day with any.

    Attributes:
        days: each day of the span, shape (day,).
        values: readings, shape (day, item) [µg/m³, CO mg/m³], NaN where missing.
        items: item code of each column; none where no item has enough readings.
    """

    days: NDArray[np.datetime64]
    values: NDArray[np.float64]
    items: tuple[str, ...]

    @cached_property
    def floors(self) -> NDArray[np.float64]:
        """What stands for lower readings on the log scale, shape (item,)."""
        above = np.where(self.values > 0.0, self.values, np.nan)
        return np.asarray(_FLOOR * np.nanmedian(above, axis=0) if self.items else np.zeros(0))

    @cached_property
    def caps(self) -> NDArray[np.float64]:
        """Highest value that may be drawn, shape (item,)."""
        return np.asarray(_CAP * np.nanmax(self.values, axis=0) if self.items else np.zeros(0))

    @property
    def last_day(self) -> np.datetime64 | None:
        """The last day with a reading of any item, also of one that is not modelled."""
        return self.days[-1] if len(self.days) else None

    @property
    def logs(self) -> NDArray[np.float64]:
        """Logs of the readings, not below the log of the floor; shape (day, item)."""
        logs: NDArray[np.float64] = np.log(np.maximum(self.values, self.floors))
        return logs

    @property
    def years(self) -> NDArray[np.float64]:
        """Years of readings of each item, shape (item,)."""
        years: NDArray[np.float64] = np.isfinite(self.values).sum(axis=0) / _YEAR
        return years

    def paths(
        self, logs: NDArray[np.floating], times: NDArray[np.datetime64], place: str, model: str
    ) -> Paths:
        """Paths from logs (path, day, item), held between the floor and the cap of each item."""
        low, high = np.log(self.floors), np.log(self.caps)
        values = np.exp(np.clip(logs, low, high)).astype(np.float32)
        return Paths(values, times, self.items, (place,) * len(self.items), model)


def daily_record(history: pd.DataFrame) -> DailyRecord:
    """Put a history on a grid of days.

    Args:
        history: index of days (any order, gaps allowed), one column an item code, NaN where
            missing; negative values count as missing. An item with fewer than :data:`MIN_DAYS`
            readings, or none above zero, is left out.

    Raises:
        ValueError: a day occurs twice.
    """
    days = history.index.to_numpy().astype("datetime64[D]")
    in_order = bool((days[1:] > days[:-1]).all())
    if not in_order and len(np.unique(days)) != len(days):
        raise ValueError("history has a day twice; one row a day is expected")
    table = history.to_numpy(dtype=np.float64, na_value=np.nan)
    table = np.where(np.isfinite(table) & (table >= 0.0), table, np.nan)
    seen = np.isfinite(table).any(axis=1)
    enough = np.isfinite(table).sum(axis=0) >= MIN_DAYS
    enough &= np.nan_to_num(table).max(axis=0, initial=0.0) > 0.0
    items = tuple(str(c) for c, ok in zip(history.columns, enough, strict=True) if ok)
    span = np.arange(days[seen].min(), days[seen].max() + 1) if seen.any() else days[:0]
    values = np.full((len(span), len(items)), np.nan)
    if len(span):
        values[(days[seen] - span[0]).astype(np.int64)] = table[seen][:, enough]
    return DailyRecord(span, values, items)


def check_ahead(
    days: NDArray[np.datetime64], last_day: np.datetime64 | None
) -> tuple[NDArray[np.datetime64], NDArray[np.int64]]:
    """Days to draw, and their leads: days after ``last_day``, from 1.

    Raises:
        ValueError: a day is not after the last reading.
    """
    times = days.astype("datetime64[D]")
    if last_day is None or not len(times):
        return times, np.zeros(len(times), dtype=np.int64)
    leads = (times - last_day).astype(np.int64)
    if leads.min() < 1:
        raise ValueError(f"days must lie after the last reading, {last_day}")
    return times, leads


def library(name: str, model: str) -> ModuleType:
    """Import a library that only some models need.

    Args:
        name: module to import, such as ``statsmodels.tsa.statespace.sarimax``.
        model: name of the model that needs it, for the message.

    Raises:
        UsageError: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        top = name.split(".")[0]
        package = {"sklearn": "scikit-learn"}.get(top, top)
        raise UsageError(
            f"The model {model} needs {package}, which is not installed.",
            f"Install it: pip install {package}.",
        ) from error
