"""Daily weather of a region as regressors of its air."""

from __future__ import annotations

import pandas as pd

__all__ = ["LONG_ENOUGH", "daily_weather"]

#: Part of the days of the fullest station that another one needs to count.
LONG_ENOUGH = 0.8


def daily_weather(rows: pd.DataFrame) -> pd.DataFrame:
    """Return days × weather items of one region, the mean of its weather stations.

    A city's air is judged by the mean of its points, so is its weather. A station that joins or
    ends moves such a mean by itself: of each item the stations count that have at least
    :data:`LONG_ENOUGH` of the days of the fullest one. A direction in degrees has no mean and is
    left out.

    Args:
        rows: ``place, date, item, value`` of the table ``met_daily``, one value a place, day and
            item.

    Returns:
        Index of days in order, one column an item in its unit; NaN where no station has a value.
    """
    own = rows[(rows["item"] != "wind_dir") & rows["value"].notna()]
    days = own.groupby(["item", "place"])["date"].transform("count")
    most = days.groupby(own["item"]).transform("max")
    own = own[days >= LONG_ENOUGH * most]
    table = own.pivot_table(index="date", columns="item", values="value", aggfunc="mean")
    table.columns = pd.Index([str(column) for column in table.columns])
    table.index = pd.DatetimeIndex(table.index)
    return table.sort_index()
