"""Daily weather of a region as regressors of its air."""

from __future__ import annotations

import pandas as pd

__all__ = ["daily_weather"]


def daily_weather(rows: pd.DataFrame) -> pd.DataFrame:
    """Return days × weather items of one region, the mean of its weather stations.

    A city's air is judged by the mean of its points, so is its weather. A direction in degrees has
    no such mean and is left out.

    Args:
        rows: ``place, date, item, value`` of the table ``met_daily``, one value a place, day and
            item.

    Returns:
        Index of days in order, one column an item in its unit; NaN where no station has a value.
    """
    own = rows[rows["item"] != "wind_dir"]
    table = own.pivot_table(index="date", columns="item", values="value", aggfunc="mean")
    table.columns = pd.Index([str(column) for column in table.columns])
    table.index = pd.DatetimeIndex(table.index)
    return table.sort_index()
