"""The drawn next seven days of one city, judged, with the plain rules beside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.models.circumstances import Circumstances
from forecast.models.short_range import ShortRange, ShortRangePaths
from forecast.models.short_range_weather import SKILL
from forecast.projection.short_range_references import references
from forecast.standards.aqi import LEVELS, AqiResult, daily_aqi
from forecast.standards.items import AIR_ITEMS
from forecast.standards.versions import aqi_standard_on, resolve

__all__ = ["THRESHOLDS", "CityOutlook", "city_outlook", "daily_standard", "level_odds"]

#: Pollution of at least this kind: AQI above.
THRESHOLDS: dict[str, int] = {"light": 100, "moderate": 150, "heavy": 200}
#: Half of a path that isn't there, spread over the levels: no probability is 0 or 1.
_NEVER_NONE = 0.25


@dataclass(frozen=True)
class CityOutlook:
    """Seven days after the last reading.

    Attributes:
        paths: drawn days.
        judged: their AQI, (path, day).
        standards: token of the daily rule of each day.
        absent: items that are not judged, since there are too few readings.
        levels: probability of level I to VI, (day, 6).
        references: plain rule → odds of light, moderate, heavy pollution, (day, 3).
    """

    paths: ShortRangePaths
    judged: AqiResult
    standards: list[str]
    absent: tuple[str, ...]
    levels: NDArray[np.float64]
    references: dict[str, NDArray[np.float64]]

    @property
    def exceed(self) -> NDArray[np.float64]:
        """Probability of light, moderate, heavy pollution or worse, (day, 3)."""
        above = [[lv.highest > over for lv in LEVELS] for over in THRESHOLDS.values()]
        found: NDArray[np.float64] = self.levels @ np.array(above, dtype=np.float64).T
        return found

    @property
    def leading(self) -> NDArray[np.float64]:
        """Share of the paths that each item leads, and last of those without a leading item.

        Items that tie share a path; shape (day, item + 1), rows sum to 1.
        """
        top = self.judged.primary
        count = top.sum(axis=2)
        share = (top / np.maximum(count, 1)[..., None]).mean(axis=0)
        found: NDArray[np.float64] = np.column_stack([share, (count == 0).mean(axis=0)])
        return found


def daily_standard(standard: str | None, day: np.datetime64) -> str:
    """Token of the HJ 633 version by which a day is judged."""
    if standard:
        return resolve(standard).aqi or ""
    return str(aqi_standard_on(pd.Timestamp(day).date()))


def level_odds(judged: AqiResult) -> NDArray[np.float64]:
    """Probability of level I to VI on each day, (day, 6), none of them 0."""
    count = np.stack([(judged.level == k).sum(axis=0) for k in range(1, 7)], axis=1) + _NEVER_NONE
    odds: NDArray[np.float64] = count / count.sum(axis=1, keepdims=True)
    return odds


def city_outlook(
    history: pd.DataFrame,
    n_paths: int,
    rng: np.random.Generator,
    *,
    standard: str | None = None,
    circumstances: Circumstances | None = None,
    weather: pd.DataFrame | None = None,
    weather_skill: tuple[float, ...] = SKILL,
) -> CityOutlook | None:
    """Draw and judge the seven days after the last reading.

    Args:
        history: days × items in the order of ``AIR_ITEMS`` up to the last reading.
        n_paths: number of paths.
        rng: random generator.
        standard: token of a standard version; None: by date.
        circumstances, weather, weather_skill: as for :class:`forecast.models.short_range.ShortRange`.

    Returns:
        None where no item has enough readings.
    """
    model = ShortRange(
        circumstances=circumstances or Circumstances(), weather_skill=weather_skill
    ).fit(history, weather)
    if not model.items:
        return None
    paths = model.sample(n_paths, rng)
    absent = tuple(i for i in AIR_ITEMS if i not in model.items)
    standards = [daily_standard(standard, day) for day in paths.days]
    # An item without enough readings is left out of account, else 2026 would withhold the day.
    judged = daily_aqi(paths.values, None, paths.items, standards, not_monitored=absent)
    beside = references(history, paths.days, standards, absent)
    return CityOutlook(paths, judged, standards, absent, level_odds(judged), beside)
