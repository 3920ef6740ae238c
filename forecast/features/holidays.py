"""Moving holidays and the heating season: what a day owes to people's calendar, not to the sun.

Spring Festival falls between 21 January and 20 February, so that annual harmonics can't hold it:
traffic and works stop for two weeks, and the nights of its eve and first day bring fireworks.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["HOLIDAY_TERMS", "holiday_terms", "spring_festival"]

#: The columns of :func:`holiday_terms`.
HOLIDAY_TERMS: tuple[str, ...] = (
    "spring_festival", "fireworks", "qingming", "national_day", "heating",
)  # fmt: skip

#: Days from Spring Festival at which the pause begins, is whole, is whole no more, and has ended.
_PAUSE = (-8.0, -2.0, 8.0, 17.0)
#: Central heating north of the Qinling and Huaihe runs from 15 November to 15 March (by custom of
#: most cities; from memory); it comes and goes within a week or so.
_HEATING_RAMP = 7.0


@lru_cache(maxsize=256)
def spring_festival(year: int) -> np.datetime64:
    """Return the first day of the lunar year that begins in ``year``, from 1950 on.

    >>> str(spring_festival(2024)), str(spring_festival(2025))
    ('2024-02-10', '2025-01-29')
    """
    from holidays import country_holidays

    named = country_holidays("CN", years=year, language="en_US").items()
    of_festival = [d for d, name in named if "Spring Festival" in name and "observed" not in name]
    return np.datetime64(min(of_festival), "D")


def _qingming(year: int) -> np.datetime64:
    """Return the day of Qingming, the sun at 15°: 4 or 5 April from 2001 to 2099 (usual rule)."""
    of_century = year % 100
    day = int(of_century * 0.2422 + 4.81) - of_century // 4
    return np.datetime64(date(year, 4, day), "D")


def _ramp(
    offset: NDArray[np.float64], corners: tuple[float, float, float, float]
) -> NDArray[np.float64]:
    """Trapezoid: 0 outside the outer corners, 1 between the inner ones."""
    shape: NDArray[np.float64] = np.interp(offset, corners, (0.0, 1.0, 1.0, 0.0))
    return shape


def holiday_terms(days: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Return the terms of :data:`HOLIDAY_TERMS` for each day, shape (day, 5), from 0 to 1.

    ``spring_festival``: the pause from a week before to two weeks after; ``fireworks``: its eve
    and first day; ``qingming``: that day and its neighbours; ``national_day``: 1 to 7 October;
    ``heating``: 15 November to 15 March with ramps of a week.

    >>> days = np.array(["2024-02-10", "2024-06-01", "2024-10-03"], dtype="datetime64[D]")
    >>> holiday_terms(days).tolist()
    [[1.0, 1.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0, 0.0]]
    """
    days = days.astype("datetime64[D]")
    terms = np.zeros((len(days), len(HOLIDAY_TERMS)))
    years = days.astype("datetime64[Y]").astype(np.int64) + 1970
    for year in np.unique(years):
        of = years == year
        own = days[of]
        lunar = (own - spring_festival(int(year))).astype(np.float64)
        terms[of, 0] = _ramp(lunar, _PAUSE)
        terms[of, 1] = (lunar == -1) | (lunar == 0)
        terms[of, 2] = np.abs((own - _qingming(int(year))).astype(np.float64)) <= 1
        october = (own - np.datetime64(f"{year}-10-01", "D")).astype(np.float64)
        terms[of, 3] = (october >= 0) & (october < 7)
        ends = (own - np.datetime64(f"{year}-03-15", "D")).astype(np.float64)
        begins = (own - np.datetime64(f"{year}-11-15", "D")).astype(np.float64)
        terms[of, 4] = np.clip(0.5 - ends / (2 * _HEATING_RAMP), 0.0, 1.0) + np.clip(
            0.5 + begins / (2 * _HEATING_RAMP), 0.0, 1.0
        )
    return terms
