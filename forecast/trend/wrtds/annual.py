"""Means over periods of analysis."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.trend.wrtds.periods import period

__all__ = ["annual_means"]


def annual_means(
    days: NDArray[np.datetime64],
    values: Mapping[str, NDArray[np.float64]],
    start_month: int,
    months: int,
) -> pd.DataFrame:
    """One row for each period whose months all have days: year and the mean of each value.

    Args:
        days: without gaps (day,). values: name → one value a day; a missing one makes the mean
            of its year missing.
    """
    month = days.astype("datetime64[M]")
    rows = []
    for year in range(int(str(days[0])[:4]), int(str(days[-1])[:4]) + 2):
        span = period(year, start_month, months)
        if span.first < month[0] or span.last.astype("datetime64[M]") > month[-1]:
            continue
        inside = slice(*np.searchsorted(days, [span.first, span.last + np.timedelta64(1, "D")]))
        rows.append({"year": year} | {n: float(v[inside].mean()) for n, v in values.items()})
    return pd.DataFrame(rows, columns=["year", *values])
