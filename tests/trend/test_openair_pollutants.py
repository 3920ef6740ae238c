"""All pollutants of openair's example against its recipe, written down again with other tools."""

from __future__ import annotations

from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.seasonal import STL

from forecast.trend import theil_sen

#: First month of an odd number of months up to the last value of each column.
POLLUTANTS = ("nox", "no2", "o3", "pm10", "so2", "co", "pm25")


@cache
def _mydata(folder: Path) -> pd.DataFrame:
    path = folder / "reference" / "mydata.csv.gz"
    return pd.read_csv(path, parse_dates=["date"], index_col="date", encoding="utf-8")


def _odd_months(readings: pd.Series) -> pd.Series:
    """Means of calendar months from first to last that has one, the first left out if even."""
    means = readings.groupby(readings.index.to_period("M")).mean()
    means = means.reindex(pd.period_range(means.index[0], means.index[-1], freq="M"))
    means = means.loc[means.first_valid_index() : means.last_valid_index()]
    while len(means) % 2 == 0 or np.isnan(means.iloc[0]):
        means = means.iloc[1:]
    return means


def _recipe(means: pd.Series) -> float:
    """Fill by a line per calendar month, robust STL, median pair slope on days, times 365."""
    number, y = np.arange(1.0, len(means) + 1), means.to_numpy().copy()
    month = means.index.month.to_numpy()
    for at in np.flatnonzero(np.isnan(means.to_numpy())):
        own = (month == month[at]) & means.notna().to_numpy()
        y[at] = np.polyval(np.polyfit(number[own], means[own], 1), number[at])
    parts = STL(y, period=12, seasonal=11, trend=21, low_pass=13, robust=True, seasonal_jump=2,
                trend_jump=3, low_pass_jump=2).fit(inner_iter=1, outer_iter=15)  # fmt: skip
    return _slope(means.index, parts.trend + parts.resid)


def _slope(index: pd.PeriodIndex, y: np.ndarray) -> float:
    days = (index.to_timestamp() - pd.Timestamp("1970-01-01")).days.to_numpy()
    known = [(d, v) for d, v in zip(days, y, strict=True) if np.isfinite(v)]
    return 365 * float(np.median([(w - v) / (e - d) for (d, v), (e, w) in combinations(known, 2)]))


@pytest.mark.parametrize("item", POLLUTANTS)
def test_the_recipe_holds_for_every_pollutant(real_data: Path, item: str) -> None:
    """Hourly readings and their monthly means give the slope of the recipe, gaps and all."""
    readings = _mydata(real_data)[item]
    means = _odd_months(readings)
    monthly = means.set_axis(means.index.to_timestamp())
    expected = _recipe(means)
    found = theil_sen(monthly, deseason=True)
    assert len(means) % 2 == 1
    assert found.slope == pytest.approx(expected, abs=1e-9)
    assert found.filled == tuple(monthly.index[monthly.isna()])
    assert theil_sen(readings.loc[monthly.index[0] :]).slope == pytest.approx(expected, abs=1e-9)
    raw = theil_sen(monthly, deseason=False).slope
    assert raw == pytest.approx(_slope(means.index, means.to_numpy()), abs=1e-9)
    low, high = found.interval
    assert low <= found.slope <= high
    assert found.gap_rule == ("line_per_calendar_month" if found.filled else "none")
