"""The drawn days of one city's year, as a scenario takes them up: observed part, drawn part, dust."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.features.holidays import HOLIDAY_TERMS, holiday_terms
from forecast.models.circumstances import Circumstances
from forecast.projection.air_drawing import LATE_DAYS, drawn_year
from forecast.projection.days import calendar_days, dust_matrix, matrix
from forecast.projection.settings import Settings
from forecast.projection.sharing import Sharing
from forecast.standards.items import AIR_ITEMS

__all__ = ["YearPaths", "untouched_days", "year_paths"]

#: A drawn day counts as one of dust where PM10 is above the daily limit of class II and PM2.5 is at
#: most this part of it (judgement; the rule for hourly readings has a half).
_DUST_PM10 = 150.0
_DUST_SHARE = 0.3


@dataclass(frozen=True)
class YearPaths:
    """The year of one city, observed days first, as the projection judged it.

    Attributes:
        values: float32 (path, day, item) in the order of ``AIR_ITEMS``.
        days: datetime64[D] (day,), all of one year.
        first: position of the first drawn day.
        dust: bool (day, item), values taken out of the means as dust.
        history: days × items of the record up to the as-of date.
        apart: why days can't be judged by their AQI (zh, en); empty where they can.
    """

    values: NDArray[np.float32]
    days: NDArray[np.datetime64]
    first: int
    dust: NDArray[np.bool_]
    history: pd.DataFrame
    apart: tuple[str, str] = ("", "")


def year_paths(
    region: str,
    place: str,
    history: pd.DataFrame,
    settings: Settings,
    *,
    dust: pd.DataFrame | None = None,
    sharing: Sharing | None = None,
    circumstances: Circumstances | None = None,
    weather: pd.DataFrame | None = None,
    apart: tuple[str, str] = ("", ""),
) -> YearPaths | None:
    """Draw the year of one city as :func:`forecast.projection.air.project_air` does, to the bit.

    Args:
        history: days × items up to the as-of date.
        settings: the question.
        dust, sharing, circumstances, weather: as for ``project_air``.
        apart: handed on.

    Returns:
        None where nothing can be drawn: the year is over, or the record is too short or too old.
    """
    measured = history.dropna(how="all")
    if measured.empty or settings.year_over:
        return None
    if (settings.as_of - measured.index.max().date()).days > LATE_DAYS:
        return None
    days = calendar_days(settings.first_day, settings.last_day)
    observed = matrix(history, days)
    drawn = drawn_year(
        history, observed, days, settings, region, place, sharing, circumstances, weather
    )
    if drawn.joined is None:
        return None
    joined = np.ascontiguousarray(drawn.joined)
    return YearPaths(joined, days, drawn.first, dust_matrix(dust, days), history, apart)


def untouched_days(values: NDArray[np.float32], days: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    """Days that no cut of emissions changes: fireworks of Spring Festival, and days of dust.

    Days on which biomass burns can't be told from readings; they are not among them.

    Args:
        values: (path, day, item) in the order of ``AIR_ITEMS``.
        days: (day,).

    Returns:
        bool (path, day).

    >>> days = np.array(["2025-01-28", "2025-03-28"], dtype="datetime64[D]")
    >>> calm, dust = [10.0, 30.0, 90.0, 60.0, 0.8, 90.0], [10.0, 30.0, 400.0, 60.0, 0.8, 90.0]
    >>> untouched_days(np.array([[calm, dust]], dtype=np.float32), days).tolist()
    [[True, True]]
    """
    night = holiday_terms(days)[:, HOLIDAY_TERMS.index("fireworks")] > 0.0
    coarse, fine = values[:, :, AIR_ITEMS.index("pm10")], values[:, :, AIR_ITEMS.index("pm25")]
    with np.errstate(invalid="ignore"):
        dusty = (coarse > _DUST_PM10) & (fine <= _DUST_SHARE * coarse)
    result: NDArray[np.bool_] = dusty | night[None, :]
    return result
