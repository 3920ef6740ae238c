"""What a forecast expects of each of the next days, so that the next one can say what came instead."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.projection.summary import number
from forecast.standards.day_edges import judged_days
from forecast.standards.items import AIR_ITEMS

__all__ = ["EXPECTED_DAYS", "expected_days"]

#: So many days are described: as long as a source may be late before nothing is drawn over it.
EXPECTED_DAYS = 41

#: Paths whose days are judged by their AQI; a mean share needs no more.
_PATHS = 400


def expected_days(
    joined: NDArray[np.float32],
    days: NDArray[np.datetime64],
    first: int,
    *,
    standard: str | None = None,
) -> dict[str, Any] | None:
    """Describe the first drawn days of one city, JSON-ready.

    Args:
        joined: observed and drawn days, (path, day, item) in the order of ``AIR_ITEMS``
            [µg/m³; CO mg/m³].
        days: datetime64[D] (day,).
        first: position of the first drawn day.
        standard: token of a standard version; None: by date.

    Returns:
        ``first`` (the first of the days), ``mean`` (item → mean over the paths, one number a day,
        None where nothing was drawn), and ``good`` and ``heavy``: probability that a day with all
        six items is a good or a heavily polluted one, None where no path has all six. None where
        no day was drawn.
    """
    ahead = days[first : first + EXPECTED_DAYS]
    if not len(ahead):
        return None
    drawn = joined[:, first : first + len(ahead)]
    there = np.isfinite(drawn)
    total = np.where(there, drawn, 0.0).sum(axis=0, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / there.sum(axis=0)
    counted, good, heavy = judged_days(drawn[:_PATHS], ahead, standard)
    count = counted.sum(axis=0)

    def share(days_of: NDArray[np.bool_]) -> list[float | None]:
        return [
            None if n == 0 else number(float(k) / float(n))
            for k, n in zip(days_of.sum(axis=0), count, strict=True)
        ]

    return {
        "first": str(ahead[0]),
        "mean": {
            item: [number(round(float(v), 3)) for v in mean[:, column]]
            for column, item in enumerate(AIR_ITEMS)
            if np.isfinite(mean[:, column]).any()
        },
        "good": share(good),
        "heavy": share(heavy),
    }
