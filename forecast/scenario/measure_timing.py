"""When a measure acts: how it comes into effect, and in which part of the year."""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray

from forecast.scenario.scenario_model import Measure

__all__ = ["acted_by", "months_of", "ramp", "season_mask"]

#: First and last day of central heating as month and day (north of the Qinling and the Huaihe, by custom).
_HEATING = ((11, 15), (3, 15))


def ramp(measure: Measure, days: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Return how much of the full effect is in place on each day, whatever the season [1].

    0 before ``start``. ``step``: 1 from start. ``linear``: rises in equal steps, from the first on
    the day of start to 1 on the day of the full effect. ``s_curve``: 3x² − 2x³ of the linear one.

    >>> from datetime import date
    >>> m = Measure(name="a", cut="10%", start=date(2025, 1, 1), full=date(2025, 1, 4), shape="linear")
    >>> ramp(m, np.arange("2024-12-31", "2025-01-06", dtype="datetime64[D]")).tolist()
    [0.0, 0.25, 0.5, 0.75, 1.0, 1.0]
    """
    start = np.datetime64(measure.start, "D")
    if measure.shape == "step" or measure.full is None:
        return (days >= start).astype(np.float64)
    length = int((np.datetime64(measure.full, "D") - start).astype(np.int64)) + 1
    gone = (days - start).astype(np.int64) + 1
    x: NDArray[np.float64] = np.clip(gone / length, 0.0, 1.0)
    return x if measure.shape == "linear" else x * x * (3.0 - 2.0 * x)


def acted_by(measure: Measure, day: date | None) -> float:
    """Return how far a measure had come when it last acted, by the end of ``day`` [1]; None: never.

    A measure of a season that has not come round since its start is not in any reading.

    >>> from datetime import date
    >>> m = Measure(name="a", cut="10%", start=date(2025, 5, 1), season="heating")
    >>> acted_by(m, date(2025, 6, 30)), acted_by(m, date(2025, 11, 15))
    (0.0, 1.0)
    """
    if day is None:
        return 0.0
    last = np.datetime64(day, "D")
    year = np.arange(last - 365, last + 1)
    acted = year[season_mask(measure, year)]
    return float(ramp(measure, acted[-1:])[0]) if acted.size else 0.0


def season_mask(measure: Measure, days: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    """Return on which days a measure acts at all.

    ``heating``: 15 November to 15 March; ``warm``: April to September; ``cold``: October to March.

    >>> from datetime import date
    >>> m = Measure(name="a", cut="10%", start=date(2025, 1, 1), season="heating")
    >>> season_mask(m, np.array(["2025-03-15", "2025-03-16"], dtype="datetime64[D]")).tolist()
    [True, False]
    """
    months = months_of(days) + 1
    if measure.season == "all":
        return np.ones(len(days), dtype=np.bool_)
    if measure.season == "heating":
        day = (days - days.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64) + 1
        number = months * 100 + day
        (m1, d1), (m2, d2) = _HEATING
        return np.asarray((number >= 100 * m1 + d1) | (number <= 100 * m2 + d2))
    if measure.season in ("warm", "cold"):
        warm = (months >= 4) & (months <= 9)
        return np.asarray(warm if measure.season == "warm" else ~warm)
    return np.asarray(np.isin(months, np.array(measure.season)))


def months_of(days: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Month of each day, January = 0."""
    months: NDArray[np.int64] = days.astype("datetime64[M]").astype(np.int64) % 12
    return months
