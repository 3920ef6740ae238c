"""Past weather and a forecast of it as one table, with the forecast set right where it is known off."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast.features.weather_ahead import WeatherAhead
from forecast.models.short_range_design import LEADS

__all__ = ["joined_weather"]

#: Earlier forecasts that are needed before their mean error is taken off.
_FEWEST_EARLIER = 10
#: A forecast further beyond the range of the past than this part of it isn't taken.
_BEYOND = 0.5
#: Quantities that can't be below 0 are set right by a factor.
_FACTOR = frozenset({"wind_speed", "wind_gust", "precip", "radiation", "blh", "sunshine"})


def joined_weather(
    past: pd.DataFrame | None, ahead: WeatherAhead | None, last: np.datetime64
) -> tuple[pd.DataFrame | None, tuple[bool, ...]]:
    """Weather of past days and of the seven after ``last``; and which of those are forecast.

    Only quantities that both have count: a forecast of what was never observed can't be weighed.

    Args:
        past: days × weather items, as observed.
        ahead: forecast.
        last: last day with a reading of the air.

    Returns:
        None and no forecast where one of the two is missing.
    """
    none = (None, (False,) * LEADS)
    if past is None or ahead is None or past.empty or ahead.daily.empty:
        return none
    names = [c for c in past.columns if c in ahead.daily.columns]
    if not names:
        return none
    known = past[names].dropna(how="all")
    daily = ahead.daily[names]
    told = _set_right(daily[~daily.index.duplicated()], ahead.earlier, known)
    days = pd.DatetimeIndex(last + np.arange(1, LEADS + 1))
    # A value far outside of all that was observed is of another unit or a slip.
    low, high = known.min(), known.max()
    reach = _BEYOND * (high - low)
    told = told.where((told >= low - reach) & (told <= high + reach))
    new = told[told.index.isin(days) & ~told.index.isin(known.index)].dropna()
    if new.empty:
        return none
    table = pd.concat([known, new]).sort_index()
    return table, tuple(bool(d) for d in days.isin(new.index))


def _set_right(told: pd.DataFrame, earlier: pd.DataFrame, past: pd.DataFrame) -> pd.DataFrame:
    """Take the mean error of earlier forecasts off."""
    out = told.astype("float64").copy()
    for name in out.columns:
        if name not in earlier.columns:
            continue
        both = pd.DataFrame({"told": earlier[name], "came": past[name].reindex(earlier.index)})
        both = both.dropna()
        if len(both) < _FEWEST_EARLIER:
            continue
        if name in _FACTOR:
            out[name] *= float(
                np.clip(both["came"].sum() / max(both["told"].sum(), 1e-9), 0.5, 2.0)
            )
        else:
            out[name] += float((both["came"] - both["told"]).mean())
    return out
