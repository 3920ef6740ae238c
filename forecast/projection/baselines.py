"""The plain rules printed beside every projection, computed by the same official rules."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.models.baselines import PlainRules
from forecast.projection.settings import Settings
from forecast.projection.summary import number
from forecast.standards.air_assessment import assess_year
from forecast.standards.items import AIR_ITEMS

__all__ = ["air_baselines", "climatology_numbers"]


class _Indicators:
    """All indicators of a year of readings; the same readings are not assessed again."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # Kept with the readings: the number of an object holds as long as the object lives.
        self._known: dict[int, tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]] = {}

    def __call__(self, name: str, rows: NDArray[np.float64], days: NDArray[np.datetime64]) -> float:
        if id(rows) not in self._known:
            found = assess_year(
                rows, days, AIR_ITEMS, int(str(days[0])[:4]),
                standard=self._settings.standard, denominator=self._settings.denominator,
                partial=True,
            )  # fmt: skip
            self._known[id(rows)] = rows, found.values
        return float(self._known[id(rows)][1][name][0])


def air_baselines(
    history: pd.DataFrame, names: list[str], settings: Settings
) -> dict[str, dict[str, Any]]:
    """Return for each indicator what four plain rules say of the year.

    ``persistence`` (last year), ``ytd_ratio`` (last year scaled by the year to date),
    ``ytd_plus_rest`` (the year to date, then last year's rest) and ``climatology`` (the year to
    date, then each past year's rest: its mean, lowest and highest). None where a rule has nothing
    to go by.

    Args:
        history: days × the six items, up to the as-of date.
    """
    values = history.to_numpy(dtype=np.float64)
    days = history.index.to_numpy().astype("datetime64[D]")
    start, end = np.datetime64(settings.first_day), np.datetime64(settings.last_day)
    origin = np.datetime64(settings.as_of)
    rules = PlainRules(values, days, start=start, end=end, origin=origin)
    known = _Indicators(settings)
    out: dict[str, dict[str, Any]] = {}
    for name in names:
        of = partial(known, name)
        out[name] = {
            "persistence": number(rules.persistence(of)),
            "ytd_ratio": number(rules.ytd_ratio(of)),
            "ytd_plus_rest": number(rules.ytd_plus_rest(of)),
            **climatology_numbers(rules.climatology(of)),
        }
    return out


def climatology_numbers(years: NDArray[np.float64]) -> dict[str, Any]:
    """Mean, lowest, highest and all of one value a past year."""
    if len(years) == 0:
        return {"climatology": None}
    return {
        "climatology": number(float(years.mean())),
        "climatology_lowest": number(float(years.min())),
        "climatology_highest": number(float(years.max())),
        "climatology_years": [number(float(v)) for v in years],
    }
