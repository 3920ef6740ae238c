"""From hours of weather to days: which hours make a day, and how.

The rule is that of the means of air (GB 3095-2012, table 3: at least 20 hours a day), used here for
means and extremes; a sum needs all 24 hours, because a missing hour of rain is not a dry one. The
wind's direction is that of the mean of the vectors, never a mean of angles.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["LEAST_HOURS", "DayRule", "days_of_hours", "direction"]

#: Hours that a daily mean or extreme needs.
LEAST_HOURS = 20

_DAY = 86400


@dataclass(frozen=True)
class DayRule:
    """How the hours of a column become the value of a day.

    Attributes:
        column: of the hours.
        how: mean, max, min or sum.
        ends: True where an hour's value is for the hour before its stamp, so that 00:00 belongs to
            the day before; False where it is for the moment of the stamp.
    """

    column: str
    how: Literal["mean", "max", "min", "sum"]
    ends: bool = False


def days_of_hours(
    place: NDArray[np.int64],
    time: NDArray[np.datetime64],
    values: Mapping[str, NDArray[np.float64]],
    rules: Mapping[str, DayRule],
) -> pd.DataFrame:
    """Return daily values of hours.

    Args:
        place: number of the place, shape ``(hour,)``.
        time: local time on the hour, shape ``(hour,)``; a place has each hour once.
        values: column → hourly values, shape ``(hour,)``, NaN where missing.
        rules: item → how its day is made.

    Returns:
        ``place, date`` and one column an item, NaN where too few hours are there; only days with a
        value.
    """
    parts = []
    for item, rule in rules.items():
        seconds = time.astype("datetime64[s]").astype(np.int64) - (1 if rule.ends else 0)
        frame = pd.DataFrame(
            {"place": place, "day": seconds // _DAY, item: values[rule.column]}
        ).dropna()
        groups = frame.groupby(["place", "day"])[item]
        found = groups.agg(rule.how)
        least = 24 if rule.how == "sum" else LEAST_HOURS
        parts.append(found[groups.size() >= least])
    days = pd.concat(parts, axis=1).sort_index().reset_index()
    days.insert(1, "date", days["day"].to_numpy().astype("datetime64[D]").astype("datetime64[s]"))
    return days.drop(columns="day")


def direction(east: NDArray[np.float64], north: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return whence a wind blows [°, 0 to 360]; NaN where it is calm.

    >>> direction(np.array([2.0, 0.0]), np.array([0.0, 0.0])).tolist()
    [270.0, nan]
    """
    angle = np.rad2deg(np.arctan2(-east, -north)) % 360
    return np.where(np.hypot(east, north) < 1e-9, np.nan, np.round(angle, 6))
