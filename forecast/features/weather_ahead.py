"""Forecast weather of a region: what a weather service said, when it said it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import pandas as pd

__all__ = ["WeatherAhead"]


def _none() -> pd.DataFrame:
    return pd.DataFrame(index=pd.DatetimeIndex([]))


@dataclass(frozen=True)
class WeatherAhead:
    """One weather forecast of one region.

    Attributes:
        issued: when it was issued, in the workspace's zone.
        daily: index of days, columns codes of weather items in the units of
            :data:`forecast.standards.items.ITEMS`; NaN where missing.
        source: who said so.
        earlier: the shortest-lead values of forecasts issued before, days × weather items, to
            compare with the weather that came; empty where none is kept.
    """

    issued: datetime
    daily: pd.DataFrame
    source: str = ""
    earlier: pd.DataFrame = field(default_factory=_none)
