"""Hourly readings of many places as one dense array."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.tables import HOUR_ITEMS

__all__ = ["HourGrid", "hour_grid"]


@dataclass(frozen=True)
class HourGrid:
    """Hourly readings, dense in time.

    Attributes:
        region, place: names, (place,).
        hours: ends of consecutive hours, datetime64[s] (hour,), local time.
        values: (place, hour, item) in the order of ``HOUR_ITEMS`` [µg/m³, CO mg/m³], NaN missing.
    """

    region: NDArray[np.object_]
    place: NDArray[np.object_]
    hours: NDArray[np.datetime64]
    values: NDArray[np.float64]

    def __post_init__(self) -> None:
        shape = (len(self.place), len(self.hours), len(HOUR_ITEMS))
        if self.values.shape != shape or len(self.region) != shape[0]:
            raise ValueError(f"values must have shape {shape}, got {self.values.shape}")

    @cached_property
    def by_item(self) -> dict[str, NDArray[np.float64]]:
        """Values of each item, (place, hour); not to be changed. Copied once where they lie apart."""
        apart = np.ascontiguousarray(np.moveaxis(self.values, -1, 0))
        return dict(zip(HOUR_ITEMS, apart, strict=True))


def hour_grid(rows: pd.DataFrame) -> HourGrid:
    """Return rows of ``air_hourly`` as a grid from their first to their last hour.

    Of several rows of one place and hour the last speaks. A time off the full hour belongs to the
    hour it lies in.
    """
    times = rows["time"].to_numpy("datetime64[s]")
    number = -((-times.astype(np.int64)) // 3600)
    key = rows["region"].astype(object) + "\x1f" + rows["place"].astype(object)
    codes, names = pd.factorize(key.to_numpy(dtype=object), sort=True)
    start = int(number.min()) if len(number) else 0
    length = int(number.max()) - start + 1 if len(number) else 0
    values = np.full((len(names), length, len(HOUR_ITEMS)), np.nan)
    at = number - start
    for column, item in enumerate(HOUR_ITEMS):
        values[codes, at, column] = rows[item].to_numpy(np.float64)
    parts = [str(name).split("\x1f") for name in names]
    hours = ((start + np.arange(length)) * 3600).astype("datetime64[s]")
    return HourGrid(
        np.array([p[0] for p in parts], dtype=object),
        np.array([p[1] for p in parts], dtype=object),
        hours,
        values,
    )
