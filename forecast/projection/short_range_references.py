"""Two plain rules for the odds of a polluted day: what an outlook has to beat.

- ``climatology``: how often such days came in the same part of the year.
- ``persistence``: how often they came so many days after a day of the level of the last one, in the same
  part of the year. Calibrated by its making, it is stronger than to say that the level stays.

Both count the place's own record, judged by the rule in force on the day that is forecast.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.standards.aqi import daily_aqi
from forecast.standards.items import AIR_ITEMS

__all__ = ["references"]

_OVER = (100, 150, 200)
#: Days of the year on either side that count.
_CLIMATE_DAYS, _PERSISTENCE_DAYS = 15, 45
#: Cases that the climatology counts for in the persistence.
_PRIOR = 4.0


def references(
    history: pd.DataFrame,
    days: NDArray[np.datetime64],
    standards: list[str],
    absent: tuple[str, ...] = (),
) -> dict[str, NDArray[np.float64]]:
    """Odds of an AQI above 100, 150 and 200 on each of ``days``.

    Args:
        history: days × items up to the last reading.
        days: the days after it, in order.
        standards: token of the rule in force on each of them.
        absent: items that are not judged.

    Returns:
        ``persistence`` and ``climatology``, each (day, 3).
    """
    items = [i for i in AIR_ITEMS if i not in absent]
    known = history[items].dropna(how="all")
    span = np.arange(known.index.min().to_datetime64().astype("datetime64[D]"), days[0])
    values = known.reindex(pd.DatetimeIndex(span)).to_numpy(dtype=np.float64)
    values = np.where(values >= 0.0, values, np.nan)
    out = {name: np.empty((len(days), len(_OVER))) for name in ("persistence", "climatology")}
    judged = {}
    for token in dict.fromkeys(standards):
        found = daily_aqi(values, None, tuple(items), token, not_monitored=absent)
        judged[token] = np.where(found.aqi >= 0, found.aqi.astype(np.float64), np.nan)
    ordinal = span.astype(np.int64)
    for k, (day, token) in enumerate(zip(days, standards, strict=True)):
        aqi = judged[token]
        apart = np.abs((ordinal - int(day.astype(np.int64)) + 182.625) % 365.25 - 182.625)
        good = np.isfinite(aqi)
        over = aqi[:, None] > np.array(_OVER)
        base = over[good].mean(axis=0) if good.any() else np.zeros(len(_OVER))
        near = good & (apart <= _CLIMATE_DAYS)
        climate = (over[near].sum(axis=0) + base) / (near.sum() + 1.0)
        out["climatology"][k] = climate
        lead = k + 1
        before = np.concatenate([np.full(lead, np.nan), aqi[:-lead] if lead < len(aqi) else []])
        before = before[: len(aqi)]
        alike = good & (apart <= _PERSISTENCE_DAYS) & (_level(before) == _level(aqi[-1:]))
        alike &= np.isfinite(before)
        wide = good & (apart <= _PERSISTENCE_DAYS)
        season = (over[wide].sum(axis=0) + base) / (wide.sum() + 1.0)
        if not np.isfinite(aqi[-1]):
            out["persistence"][k] = climate
            continue
        out["persistence"][k] = (over[alike].sum(axis=0) + _PRIOR * season) / (alike.sum() + _PRIOR)
    return out


def _level(aqi: NDArray[np.float64]) -> NDArray[np.int64]:
    """Level of HJ 633, the two highest taken together."""
    return np.searchsorted([50.0, 100.0, 150.0, 200.0], aqi, side="left")
